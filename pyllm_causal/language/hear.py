"""What a line in the chat means, where no rule can tell: one schema-bound step. Nothing in the reply is evaluated.

A reply names columns of the table and words out of fixed lists; it holds no number but those of a condition on rows, which
the person sees echoed. Whatever is not of that form is no reply, and the person is asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictStr

from ..analysis import Step
from . import prompts
from .ask_model import complete_as, object_of, plain
from .client import Client, Request
from .columns import lines
from .read import clean, shown
from .reading_form import LOOSE, MOST_CONDITIONS, Conditions, Name, Op

if TYPE_CHECKING:
    from ..profile import Profile
    from ..query import Query
    from ..settings import Share

VERIFIER = "schema, real columns, bounded lists"
MOST_CHANGES = 8
LONGEST_NAME = 40
Stage = Literal["start", "review", "answered"]
Command = Literal["help", "columns", "picture", "checks", "compare", "undo", "report", "save", "quit"]
Topic = Literal["wrong", "why", "checks", "simpler", "more"]
Shown = Literal["difference", "percent", "ratio", "odds_ratio"]


class Arrow(BaseModel):
    """One arrow to add, drop or turn round."""

    model_config = LOOSE
    op: Literal["add", "drop", "flip"]
    cause: Name
    effect: Name


class Heard(BaseModel):
    """One line as understood; the fields that its kind needs are filled."""

    model_config = LOOSE
    kind: Literal[
        "ask", "edit", "hidden", "what_if", "only", "scale", "explain", "command", "yes", "unclear"
    ]  # fmt: skip
    question: Annotated[StrictStr, Field(max_length=2_000)] = ""
    changes: Annotated[tuple[Arrow, ...], Field(max_length=MOST_CHANGES)] = ()
    name: Annotated[StrictStr, Field(max_length=200)] = ""
    affects: Annotated[tuple[Name, ...], Field(max_length=MOST_CHANGES)] = ()
    only: Conditions = ()
    scale: Shown | None = None
    topic: Topic | None = None


class HeardReply(BaseModel):
    """The whole reply."""

    model_config = LOOSE
    heard: Heard


def hear(
    line: str, profile: Profile, query: Query | None, stage: Stage, client: Client, *, share: Share = "profile"
) -> tuple[Heard | None, Step]:
    """What `line` means; None where the reply cannot be used. Raises `ModelError` and `RecordingError`."""
    line = clean(line)
    names = [c.name for c in shown(line, profile)]
    known = set(names)

    def check(reply: HeardReply) -> str | None:
        return fault(reply.heard, known)

    reply, step = complete_as(
        client, request_for(line, profile, names, query, stage, share), HeardReply, check, VERIFIER
    )
    if reply is None or reply.heard.kind == "unclear":
        return None, step
    return reply.heard, step


def fault(heard: Heard, known: set[str]) -> str | None:
    """What is wrong with a reply, or None."""
    spoken = [n for c in heard.changes for n in (c.cause, c.effect)] + [*heard.affects, *(c.column for c in heard.only)]
    for name in spoken:
        if name not in known:
            return f"{plain(name, 60)!r} is not a column of the table."
    needs: dict[str, Any] = {
        "ask": heard.question.strip(), "edit": heard.changes, "what_if": heard.changes, "only": heard.only,
        "hidden": plain(heard.name, LONGEST_NAME) and heard.affects, "scale": heard.scale, "explain": heard.topic,
        "command": heard.name in Command.__args__,  # type: ignore[attr-defined]
    }  # fmt: skip
    if heard.kind in needs and not needs[heard.kind]:
        return f"a reply of kind {heard.kind} lacks what it is about."
    if any(c.cause == c.effect for c in heard.changes):
        return "nothing causes itself."
    return None


def request_for(
    line: str, profile: Profile, names: list[str], query: Query | None, stage: Stage, share: Share
) -> Request:
    """Exactly what is sent: the line, the columns as `share` allows, and the question so far."""
    shared = profile.shared(share)
    quoted = {role: _quoted(getattr(query, role, None)) for role in ("treatment", "outcome")}
    turns = prompts.render(
        "utterance",
        table=_quoted(str(shared.get("name", "table"))),
        columns=lines(shared, names),
        stage=stage,
        line=line,
        **quoted,
    )
    return Request(step="utterance", messages=turns, response_schema=schema(names), prompt=prompts.digest("utterance"))


def _quoted(name: str | None) -> str:
    return json.dumps(plain(name, 80), ensure_ascii=False) if name else ""


def schema(columns: list[str]) -> dict[str, Any]:
    """JSON Schema of the reply in which every column is one of `columns`; strict mode: all keys required."""
    column = {"$ref": "#/$defs/column"}

    def branch(kind: str, **fields: Any) -> dict[str, Any]:
        return object_of({"kind": {"type": "string", "enum": [kind]}, **fields})

    def one_of(*values: str) -> dict[str, Any]:
        return {"type": "string", "enum": list(values)}

    def many(of: dict[str, Any], most: int) -> dict[str, Any]:
        return {"type": "array", "items": of, "maxItems": most}

    arrow = object_of({"op": one_of("add", "drop", "flip"), "cause": column, "effect": column})
    only = object_of(
        {
            "column": column,
            "op": one_of(*Op.__args__),  # type: ignore[attr-defined]
            "value": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        }
    )
    branches = [
        branch("ask", question={"type": "string"}),
        branch("edit", changes=many(arrow, MOST_CHANGES)),
        branch("hidden", name={"type": "string"}, affects=many(column, MOST_CHANGES)),
        branch("what_if", changes=many(arrow, MOST_CHANGES)),
        branch("only", only=many(only, MOST_CONDITIONS)),
        branch("scale", scale=one_of(*Shown.__args__)),  # type: ignore[attr-defined]
        branch("explain", topic=one_of(*Topic.__args__)),  # type: ignore[attr-defined]
        branch("command", name=one_of(*Command.__args__)),  # type: ignore[attr-defined]
        branch("yes"),
        branch("unclear"),
    ]
    return {
        **object_of({"heard": {"anyOf": branches}}),
        "$defs": {"column": {"type": "string", "enum": columns}},
    }
