"""One schema-bound call to see what works with a model: reached, schema honoured, speed, cost."""

from __future__ import annotations

import time
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from ..settings import LOOPBACK
from . import prompts
from .ask_model import Rubbish, object_of, parse
from .client import LiveClient, Request

Form = Literal["honoured", "ignored", "refused"]
_MARK = "seen"


class Check(BaseModel):
    """What one call showed. `cost` None is unknown; `encrypted` is False for a server elsewhere without TLS."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    where: str
    form: Form
    wrote_json: bool
    right: bool
    seconds: float
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    encrypted: bool

    def lines(self) -> list[str]:
        """What works, one plain sentence a line."""
        where = self.where.capitalize() if " " in self.where else self.where
        out = [f"{where} was reached and answered in {self.seconds:.1f} seconds{self._speed()}."]
        if self.form == "honoured":
            out.append("It keeps to the form of reply that it is given (JSON schema).")
        else:
            how = "refuses" if self.form == "refused" else "ignores"
            then = (
                "it wrote JSON all the same, so it can be used; expect a second try now and then"
                if self.wrote_json
                else "it wrote no JSON either, so reading a question will mostly fail and you will be asked to choose"
            )
            out.append(f"It {how} the form of reply that it is given (JSON schema): {then}.")
        if not self.right:
            out.append("It got a very simple sum wrong: use it with care.")
        out.append(f"Cost of a call: {self._money()}.")
        if not self.encrypted:
            out.append("The address begins with http:// and is not on this machine: others on the way can read along.")
        return out

    def _speed(self) -> str:
        if not self.tokens_out or self.seconds <= 0:
            return ""
        return f" ({self.tokens_out} tokens, {self.tokens_out / self.seconds:.0f} a second with the time to read)"

    def _money(self) -> str:
        from .budget import money

        if self.cost is None:
            return "unknown, so --budget in dollars cannot be kept (--budget-tokens can)"
        return "nothing, it runs in this process" if self.cost == 0 else f"known, {money(self.cost)} for this one"


def check(client: LiveClient) -> Check:
    """Make the call. Raises `ModelError` when the model cannot be reached or used."""
    from .wire import host

    # The schema asks for a word that the prompt does not: only a server that binds the reply to the schema gives it.
    fields = {"left": {"type": "integer"}, "mark": {"type": "string", "enum": [_MARK]}}
    request = Request(
        step="check",
        messages=prompts.render("check"),
        response_schema=object_of(fields),
        prompt=prompts.digest("check"),
        max_tokens=200,
    )
    start = time.monotonic()
    reply = client.complete(request)
    seconds = time.monotonic() - start
    try:
        said = parse(reply)
    except Rubbish:
        said = None
    refused = "json_schema" in client.refused
    honoured = said is not None and said.get("mark") == _MARK and not refused
    settings = client.settings
    parts = urlsplit(settings.address or "")
    return Check(
        model=settings.model or "",
        where=host(settings),
        form="refused" if refused else "honoured" if honoured else "ignored",
        wrote_json=said is not None,
        right=said is not None and said.get("left") == 7,
        seconds=round(seconds, 2),
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost=reply.cost,
        encrypted=parts.scheme != "http" or (parts.hostname or "") in LOOPBACK,
    )
