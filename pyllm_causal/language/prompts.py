"""Prompt files: one Markdown file a step, split into turns at `# system`, `# user` and `# assistant`.

A file is split before it is filled in, so that a column name can never open a new turn.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..errors import InternalError
from .client import Message

_TURN = re.compile(r"^# (system|user|assistant)[ \t]*$", re.MULTILINE)


def folder() -> Path:
    """Where the prompt files are: inside the installed package, or in the repository beside it."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "prompts"
    return installed if installed.is_dir() else package.parent / "prompts"


@lru_cache(maxsize=32)
def source(name: str) -> str:
    """The text of a prompt file. Raises `InternalError` when it is not shipped."""
    if not re.fullmatch(r"[a-z_]+", name):
        raise InternalError(f"{name!r} is not the name of a prompt.")
    try:
        return (folder() / f"{name}.md").read_text(encoding="utf-8")
    except OSError:
        raise InternalError(f"The prompt {name}.md is missing.", "Install pyllm-causal again.") from None


def digest(name: str) -> str:
    """SHA-256 of a prompt file, for fingerprints."""
    return sha256(source(name).encode()).hexdigest()


def render(name: str, **values: Any) -> tuple[Message, ...]:
    """The turns of prompt `name` with every placeholder filled. A placeholder without a value is our fault."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    pieces = _TURN.split(source(name))
    turns: list[Message] = []
    for role, body in zip(pieces[1::2], pieces[2::2], strict=True):
        try:
            text = environment.from_string(body).render(**values)
        except TemplateError as error:
            raise InternalError(f"The prompt {name}.md cannot be filled in: {error}.") from None
        turns.append(Message.model_validate({"role": role, "content": text.strip()}))
    if not turns or turns[-1].role != "user":
        raise InternalError(f"The prompt {name}.md does not end with a user turn.")
    return tuple(turns)
