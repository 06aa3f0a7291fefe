"""Which model answers, how patiently we wait, and how secrets are kept out of sight.

Arguments win over the environment (`PYLLM_CAUSAL_MODEL`, `PYLLM_CAUSAL_API_BASE`, …). Keys are read from the
environment at the moment of a call and are never part of a record, a dump or a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SettingsError

PREFIX = "PYLLM_CAUSAL_"
KEY_VARIABLE = PREFIX + "API_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Share = Literal["names", "profile", "levels"]

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i)\b(bearer\s+[\w.~+/=-]{8,}|(?:sk|pk|gsk|hf|xai|key)[-_][\w-]{12,})")
_HIDDEN = "[secret removed]"


class Settings(BaseModel):
    """How to reach a language model.

    `timeout` is in seconds and covers one whole reply; `retries` counts further attempts after a passing fault;
    `max_tokens` bounds a reply. `model` None or "none" means: no language model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str | None = None
    api_base: str | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    max_tokens: Annotated[int, Field(ge=16, le=32_000)] = 800
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: int = 0
    share: Share = "profile"

    @property
    def offline(self) -> bool:
        """True when no language model is to be asked."""
        return self.model is None or self.model.strip().lower() == "none"

    @property
    def local(self) -> bool:
        """True when `api_base` is on this machine."""
        return self.api_base is not None and (urlsplit(self.api_base).hostname or "") in LOOPBACK


def load(
    model: str | None = None,
    api_base: str | None = None,
    *,
    timeout: float | None = None,
    retries: int | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    share: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from arguments, then the environment, then defaults. Raises `SettingsError`."""
    env = os.environ if environment is None else environment
    given = {
        "model": model,
        "api_base": api_base,
        "timeout": timeout,
        "retries": retries,
        "max_tokens": max_tokens,
        "seed": seed,
        "share": share,
    }
    values = {name: env.get(PREFIX + name.upper()) or None if value is None else value for name, value in given.items()}
    kept = {name: value for name, value in values.items() if value is not None}
    try:
        settings = Settings.model_validate(kept)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "setting"
        raise SettingsError(
            f"The setting `{name}` makes no sense: {first['msg'].lower()}.",
            f"Give it as an argument or in {PREFIX}{name.upper()}.",
        ) from None
    _check_model(settings.model)
    _check_base(settings.api_base)
    return settings


def _check_model(model: str | None) -> None:
    if model is not None and (not model.strip() or len(model) > 200 or not model.isprintable()):
        raise SettingsError(
            "The model name is empty or unreadable.", "Give a name such as openai/gpt-4o-mini, or none."
        )


def _check_base(base: str | None) -> None:
    if base is None:
        return
    hint = "Give it as in http://127.0.0.1:8080/v1."
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingsError("The address of the model server cannot be read.", hint) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", base):
        raise SettingsError("The address of the model server must begin with http:// or https://.", hint)
    if parts.username or parts.password or parts.query or parts.fragment:
        # A password in an address would end up in logs and recordings.
        raise SettingsError(
            "The address of the model server must not hold a name, password or query.",
            f"Put the key in the environment variable {KEY_VARIABLE}.",
        )


def api_key(environment: Mapping[str, str] | None = None) -> str:
    """The key for `--api-base`, or "none": local servers want something, and no other key may go there."""
    env = os.environ if environment is None else environment
    return env.get(KEY_VARIABLE) or "none"


def scrub(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without anything that is, or looks like, a key. For all that comes back from a server."""
    env = os.environ if environment is None else environment
    values = {value for name, value in env.items() if len(value) >= 6 and _SECRET_NAME.search(name)}
    for value in sorted(values, key=lambda v: (-len(v), v)):
        text = text.replace(value, _HIDDEN)
    return _SECRET_TEXT.sub(_HIDDEN, text)
