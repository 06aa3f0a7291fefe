"""The seam to a language model: one request, one reply.

LiveClient   the openai SDK for `openai/…`, for servers that people run themselves and for any --api-base; llama.cpp in
             this process for `local:PATH.gguf`; litellm for every other provider
Scripted     replies from a list or a function, for tests
(recording.py adds Recorder and Replayer)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from ..errors import ModelError
from ..settings import Settings, scrub

FROZEN = ConfigDict(frozen=True, extra="forbid")

LONGEST_REPLY = 200_000
LONGEST_WAIT = 30.0


class Message(BaseModel):
    """One turn of the conversation."""

    model_config = FROZEN
    role: Literal["system", "user", "assistant"]
    content: str


class Request(BaseModel):
    """What one step asks. Unset `model`, `temperature`, `max_tokens` and `seed` are filled in by the client.

    `response_schema` is a JSON Schema for the reply; `prompt` is the hash of the prompt file behind `messages`.
    """

    model_config = FROZEN
    step: str
    messages: tuple[Message, ...]
    response_schema: dict[str, Any] | None = None
    prompt: str = ""
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def filled(self, settings: Settings) -> Request:
        """The request with every gap filled from `settings`."""
        return self.model_copy(
            update={
                "model": self.model or settings.model,
                "temperature": settings.temperature if self.temperature is None else self.temperature,
                "max_tokens": settings.max_tokens if self.max_tokens is None else self.max_tokens,
                "seed": settings.seed if self.seed is None else self.seed,
            }
        )


class Reply(BaseModel):
    """What came back. `cost` is in US dollars; None means unknown, never free."""

    model_config = FROZEN
    text: str
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    finish_reason: str | None = None


class Call(BaseModel):
    """One call for the account of a run: what answered, and what it took."""

    model_config = FROZEN
    step: str
    model: str = ""
    file: str | None = None
    origin: str = "live"
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    @classmethod
    def of(cls, step: str, reply: Reply, *, file: str | None = None, origin: str = "live") -> Call:
        """The account of one reply."""
        taken = reply.model_dump(include={"model", "tokens_in", "tokens_out", "cost"})
        return cls(step=step, file=file, origin=origin, **taken)


def usage(client: object) -> dict[str, Any]:
    """The account of every call that `client` answered: model, origin, tokens, cost (None: unknown), recordings."""
    calls: list[Call] = getattr(client, "calls", [])
    if not calls:
        return {"model": None, "calls": 0, "cost": None, "recordings": []}
    costs = [c.cost for c in calls]
    return {
        "model": ", ".join(dict.fromkeys(c.model for c in calls if c.model)) or None,
        "origin": ", ".join(sorted({c.origin for c in calls})),
        "calls": len(calls),
        "tokens_in": sum(c.tokens_in or 0 for c in calls),
        "tokens_out": sum(c.tokens_out or 0 for c in calls),
        "cost": None if None in costs else round(sum(c for c in costs if c is not None), 6),
        "recordings": [c.file for c in calls if c.file],
    }


@runtime_checkable
class Client(Protocol):
    """Anything that answers a request, synchronously. Raises `ModelError`."""

    def complete(self, request: Request) -> Reply:
        """One reply to one request."""
        ...


class Scripted:
    """A client for tests and examples: replies in order, or from a function of the request.

    A reply may be text, a `Reply`, or an exception to raise. A list that runs out raises `ModelError`.
    """

    def __init__(
        self,
        replies: Iterable[str | Reply | Exception] | Callable[[Request], str | Reply | Exception],
        model: str = "scripted",
    ) -> None:
        self.settings = Settings(model=model)
        self.requests: list[Request] = []
        self.calls: list[Call] = []
        self._answer = replies if callable(replies) else None
        self._list: Iterator[str | Reply | Exception] = iter(()) if callable(replies) else iter(replies)

    def complete(self, request: Request) -> Reply:
        """The next scripted reply."""
        self.requests.append(request)
        if self._answer is not None:
            reply = self._answer(request)
        else:
            following = next(self._list, None)
            if following is None:
                raise ModelError("The script has no further reply.", "Add one reply for every request.")
            reply = following
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            reply = Reply(text=reply, model=self.settings.model or "", finish_reason="stop")
        self.calls.append(Call.of(request.step, reply, origin="scripted"))
        return reply


class LiveClient:
    """A real model, reached with bounded patience and within a budget.

    At most `settings.retries` further attempts, only after faults that may pass (rate limit, server fault, timeout,
    no connection), honouring `retry-after` up to 30 seconds. A server that refuses a JSON schema or a sampling option
    is asked again without it. A call that could exceed the budget is not sent. Every failure is a `ModelError` in plain
    words without keys or server text. `tell` hears the running cost after every reply.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        from .budget import Budget

        if settings.offline:
            raise ModelError("No language model is set.", "Give --model NAME, or use --model none without one.")
        self.settings = settings
        if settings.in_process:
            from .local import named

            # Recordings and answers name the file, never the folders it lies in.
            self.settings = settings.model_copy(update={"model": named(settings.model or "")})
        self.calls: list[Call] = []
        self.budget = Budget(self.settings)
        self._given, self._sleep, self._tell = settings, sleep, tell
        self._left_out: set[str] = set()

    @property
    def refused(self) -> frozenset[str]:
        """Options that the server has refused so far; `json_schema` among them means: no schema-bound replies."""
        return frozenset(self._left_out)

    def complete(self, request: Request) -> Reply:
        """One reply. Raises `ModelError`."""
        from .faults import Fault

        request = _without_keys(request.filled(self.settings))
        send = self._way()
        attempt = 0
        while True:
            self.budget.allow(request)
            try:
                reply = send(request, self._given, self.refused)
            except Fault as fault:
                if fault.refused and fault.refused not in self._left_out:
                    self._left_out.add(fault.refused)
                    continue
                if fault.charged:
                    self.budget.lost(request)
                if not fault.passing or attempt >= self.settings.retries or (fault.wait or 0) > LONGEST_WAIT:
                    raise ModelError(scrub(fault.message), scrub(fault.hint)) from None
                self._sleep(min(LONGEST_WAIT, fault.wait if fault.wait is not None else 0.5 * 2**attempt))
                attempt += 1
                continue
            reply = reply.model_copy(update={"text": scrub(reply.text[:LONGEST_REPLY]), "model": request.model or ""})
            self.budget.spent(request, reply)
            self.calls.append(Call.of(request.step, reply))
            if self._tell is not None:
                self._tell(str(self.budget))
            return reply

    def _way(self) -> Callable[[Request, Settings, frozenset[str]], Reply]:
        from .wire import through_file, through_litellm, through_openai

        if self._given.in_process:
            return through_file
        ours = self._given.address is not None or self._given.provider == "openai"
        return through_openai if ours else through_litellm


def _without_keys(request: Request) -> Request:
    """The request without anything that looks like a key: one pasted into a question is not sent on."""
    turns = tuple(m.model_copy(update={"content": scrub(m.content)}) for m in request.messages)
    return request.model_copy(update={"messages": turns})
