"""A line that no rule knows, put to the language model; what comes back is checked and made an utterance, or is None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.ask_model import plain
from ..language.hear import LONGEST_NAME, Heard, Stage, hear
from ..language.subset import literal, quoted
from .utterance import Ask, Change, Command, EditGraph, Explain, Utterance, WhatIf

if TYPE_CHECKING:
    from ..language.client import Client
    from ..profile import Profile
    from ..query import Query
    from ..settings import Share


def listen(
    line: str, profile: Profile, query: Query | None, stage: Stage, client: Client, share: Share
) -> Utterance | None:
    """The utterance that the model takes `line` for. Raises `ModelError`, `RecordingError`."""
    heard, _ = hear(line, profile, query, stage, client, share=share)
    return None if heard is None else utterance(heard, stage)


def utterance(heard: Heard, stage: Stage) -> Utterance | None:
    """A checked reply as an utterance; None where it has no place at this stage."""
    changes = tuple(Change(c.op, cause=c.cause, effects=(c.effect,)) for c in heard.changes)
    if heard.kind == "ask":
        return Ask(plain(heard.question, 2_000))
    if heard.kind == "command":
        return Command(heard.name)  # type: ignore[arg-type]
    if stage == "start":
        return None
    if heard.kind == "edit":
        return EditGraph(changes)
    if heard.kind == "hidden":
        return EditGraph((Change("hidden", cause=plain(heard.name, LONGEST_NAME), effects=heard.affects),))
    if heard.kind == "yes":
        return EditGraph() if stage == "review" else None
    if stage != "answered":
        return None
    if heard.kind == "what_if":
        return WhatIf(changes=changes)
    if heard.kind == "only":
        return WhatIf(where=" and ".join(f"{quoted(c.column)} {c.op} {literal(c.value)}" for c in heard.only))
    if heard.kind == "scale":
        return WhatIf(scale=heard.scale)
    return Explain(heard.topic) if heard.topic else None
