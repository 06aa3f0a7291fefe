"""Which model answers, how patiently we wait, and how secrets are kept out of sight.

Arguments win over the environment (`PYLLM_CAUSAL_MODEL`, …), the environment over one file in the user's own config
folder, never one in the working directory: a folder of data must not decide where questions go. Keys are read from the
environment at the moment of a call and are never part of a record, a file, a dump or a message.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SettingsError
from .whole_file import write_whole

NAME = "pyllm-causal"
PREFIX = "PYLLM_CAUSAL_"
KEY_VARIABLE = PREFIX + "API_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FILE = "local:"
Share = Literal["names", "profile", "levels"]

# Servers that people run themselves, by the provider's name and the address they listen at unless told otherwise.
SERVERS = {
    "ollama": "http://127.0.0.1:11434/v1",
    "ollama_chat": "http://127.0.0.1:11434/v1",
    "llamacpp": "http://127.0.0.1:8080/v1",
    "llamafile": "http://127.0.0.1:8080/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "hosted_vllm": "http://127.0.0.1:8000/v1",
    "lm_studio": "http://127.0.0.1:1234/v1",
}

SECRET_NAME = re.compile(
    r"^(?!(?:OLD)?PWD$).*?(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?|JWT|(^|_)PAT)(_(ID|JSON|BASE64|V\d))?$",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"""(?x)
    (?i:\bbearer\s+|\bauthorization\b["']?\s*[:=]\s*["']?basic\s+)[\w.~+/=-]{8,}
    | (?i:\b(?:x-)?api[-_]?key\b["']?\s*[:=]\s*["']?)[\w.~+/-]{8,}
    | \b(?:sk|pk|rk|xai|key)-[\w-]{12,}
    # With an underscore it may be a column's name, so only an unbroken run with a digit or a capital counts.
    | \b(?:sk|pk|key|gsk|hf|r8|gh[opsu]|sk_live|sk_test)_(?=[a-z]*[A-Z\d])[A-Za-z\d]{16,}
    | \b(?:github_pat_|glpat-|pplx-|nvapi-|dapi)[\w-]{20,}
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bAIza[\w-]{30,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*
    """
)
_HIDDEN = "[secret removed]"
_LARGEST = 65_536


class Settings(BaseModel):
    """How to reach a language model, and how much of it to use.

    `timeout` is in seconds and covers one whole reply; `retries` counts further attempts after a passing fault;
    `max_tokens` bounds a reply. `budget` is in US dollars and `budget_tokens` in tokens, for all calls of one run.
    `threads` and `context` (tokens) are for a model file in this process. `model` None or "none" means: no model.
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
    budget: Annotated[float, Field(gt=0, le=1e6)] | None = None
    budget_tokens: Annotated[int, Field(gt=0, le=10**9)] | None = None
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    context: Annotated[int, Field(ge=512, le=131_072)] = 4096

    @property
    def offline(self) -> bool:
        """True when no language model is to be asked."""
        return self.model is None or self.model.strip().lower() == "none"

    @property
    def in_process(self) -> bool:
        """True when the model is a file that is run inside this process."""
        return (self.model or "").startswith(FILE)

    @property
    def provider(self) -> str:
        """What stands before the first slash of the model's name, or ""."""
        return head if (head := (self.model or "").partition("/")[0]) != self.model else ""

    @property
    def address(self) -> str | None:
        """Where an OpenAI-compatible server is: `api_base`, or the usual place of one that people run themselves."""
        if self.in_process:
            return None
        if self.api_base is None:
            return SERVERS.get(self.provider)
        parts = urlsplit(self.api_base)
        # Ollama's own interface has no path; the one that everybody shares is under /v1.
        bare = self.provider in ("ollama", "ollama_chat") and parts.path in ("", "/")
        return f"{parts.scheme}://{parts.netloc}/v1" if bare else self.api_base

    @property
    def local(self) -> bool:
        """True when the model runs on this machine."""
        return self.in_process or (self.address is not None and (urlsplit(self.address).hostname or "") in LOOPBACK)


def load(
    model: str | None = None,
    api_base: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    **given: Any,
) -> Settings:
    """Settings from arguments (any field of `Settings`), then the environment, then the config file, then defaults.

    With an explicit `environment` the user's file is not read. Raises `SettingsError`.
    """
    env = os.environ if environment is None else environment
    if config is None:
        config = read_config() if environment is None else {}
    given = {"model": model, "api_base": api_base, **given}
    kept: dict[str, Any] = {}
    said: dict[str, str] = {}
    for name in dict.fromkeys((*Settings.model_fields, *given)):
        variable = PREFIX + name.upper()
        places = (
            (given.get(name), f"Give it as an argument or in {variable}."),
            (env.get(variable) or None, f"Correct {variable} in the environment."),
            (config.get(name), f"Correct it with `{NAME} config set {name} VALUE`."),
        )
        for value, hint in places:
            if value is not None:
                kept[name], said[name] = value, hint
                break
    settings = _valid(kept, said)
    _check_model(settings.model)
    _check_base(settings.api_base)
    return settings


def _valid(values: Mapping[str, Any], hints: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "setting"
        raise SettingsError(
            f"The setting `{name}` makes no sense: {first['msg'].lower()}.", hints.get(name, "")
        ) from None


def _check_model(model: str | None) -> None:
    if model is not None and (not model.strip() or len(model) > 1000 or not model.isprintable()):
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


def config_path() -> Path | None:
    """The one config file, in the user's own config folder; None where the system names no absolute folder."""
    import platformdirs

    try:
        path = Path(platformdirs.user_config_dir(NAME, appauthor=False)) / "config.toml"
    except RuntimeError:  # there is no home
        return None
    return path if path.is_absolute() else None


def read_config(path: Path | None = None) -> dict[str, Any]:
    """The entries of the config file; empty when there is none. Raises `SettingsError` that names the fault."""
    path = path or config_path()
    if path is None or not path.exists():
        return {}
    hint = f"Mend or delete {path}."
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            raise SettingsError("The config file is no file of ours.", hint)
        if hasattr(os, "getuid") and (state.st_mode & 0o022 or state.st_uid not in (0, os.getuid())):
            # Whoever can write it could send questions, and the key for --api-base, to a server of theirs.
            raise SettingsError("Others may change the config file, so it is not used.", f"Run: chmod 600 {path}")
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The config file cannot be read ({error.strerror or 'file error'}).", hint) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise SettingsError("The config file is not valid TOML.", hint) from None
    for name, value in entries.items():
        _check_entry(name, value, f"Remove it from {path}.")
    return entries


def write_config(name: str, value: str | None, path: Path | None = None) -> Any:
    """Keep one setting in the config file, or take it out (None); returns it as it is kept. Raises `SettingsError`."""
    path = path or config_path()
    if path is None:
        raise SettingsError("There is no config folder for this user.", "Use the environment instead.")
    kept: Any = None
    if value is not None:
        _check_entry(name, value, f"`{NAME} config show` lists every setting.")
        given: dict[str, Any] = {name: value}
        kept = getattr(load(environment={}, **given), name)
    elif name not in Settings.model_fields:
        raise SettingsError(f"There is no setting {name[:40]!r}.", f"`{NAME} config show` lists every setting.")
    entries = {**read_config(path), name: kept}
    lines = [f"{key} = {_toml(entry)}\n" for key, entry in entries.items() if entry is not None]
    write_private(path, "".join(lines))
    return kept


def _check_entry(name: str, value: Any, hint: str) -> None:
    if name not in Settings.model_fields:
        if SECRET_NAME.search(name):
            raise SettingsError(
                "A key is never kept in a file.",
                f"Put it in the environment: the provider's own variable, or {KEY_VARIABLE} for --api-base.",
            )
        raise SettingsError(f"There is no setting {name[:40]!r}.", hint)
    if isinstance(value, str) and scrub(value) != value:
        raise SettingsError(
            f"What is given for `{name}` looks like a key, and a key is never kept in a file.",
            f"Put keys in the environment: the provider's own variable, or {KEY_VARIABLE} for --api-base.",
        )


def _toml(value: Any) -> str:
    import json

    # Printable text has the same escapes in JSON and in TOML.
    return json.dumps(value, ensure_ascii=False)


def write_private(path: Path, text: str) -> None:
    """Write a file of this user's own, in one go, readable by nobody else. Raises `SettingsError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, text, mode=0o600)
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or "file error"
        raise SettingsError(f"{path.name} cannot be written ({reason}).", f"Check the folder {path.parent}.") from None


def api_key(environment: Mapping[str, str] | None = None) -> str:
    """The key for `--api-base`, or "none": local servers want something, and no other key may go there."""
    env = os.environ if environment is None else environment
    return env.get(KEY_VARIABLE) or "none"


def scrub(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without anything that is, or looks like, a key. For all that comes back from a server."""
    env = os.environ if environment is None else environment
    values = {value for name, value in env.items() if SECRET_NAME.search(name) and _telling(value)}
    for value in sorted(values, key=lambda v: (-len(v), v)):
        text = text.replace(value, _HIDDEN)
    return _SECRET_TEXT.sub(_HIDDEN, text)


def _telling(value: str) -> bool:
    """Whether a value can only be a secret: a plain word or number would be struck out of honest sentences too."""
    plain = (value.isalpha() and (value.islower() or value.istitle() or value.isupper())) or value.isdigit()
    return len(value) >= (16 if plain else 6)
