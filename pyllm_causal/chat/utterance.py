"""What a line that somebody typed can be: a closed union of frozen records. Phrases stand as they were said, unresolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..query import Scale, Target

Op = Literal["add", "drop", "flip", "hidden"]
Topic = Literal["wrong", "why", "checks", "simpler", "arrow", "more"]
Passing = Literal["talk", "no", "early", "row", "file"]
Name = Literal["help", "columns", "picture", "checks", "compare", "undo", "report", "save", "quit"]


@dataclass(frozen=True)
class Change:
    """One change of the picture: by the number of a line shown, or from `cause` to each of `effects`.

    A `hidden` change names a cause that is not in the table. A `drop` without effects takes all arrows of the cause out.
    """

    op: Op
    line: int | None = None
    cause: str = ""
    effects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """A new question."""

    question: str


@dataclass(frozen=True)
class EditGraph:
    """Changes of the picture; none at all means that it looks right as it is."""

    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class WhatIf:
    """The latest question with something changed: rows (a phrase, or a filter in `where`), picture, scale or whom."""

    rows: str = ""
    where: str | None = None
    changes: tuple[Change, ...] = ()
    scale: Scale | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Explain:
    """A request to explain: what could be wrong, why, the checks, in simpler words, or one line of the picture."""

    topic: Topic
    line: int | None = None


@dataclass(frozen=True)
class Aside:
    """What is no step: a greeting, a bare no, a follow-up before there is an answer, a pasted row, the name of another file."""

    kind: Passing


@dataclass(frozen=True)
class Command:
    """One of the nine commands, with what stands behind it."""

    name: Name
    argument: str = ""


Utterance = Ask | EditGraph | WhatIf | Explain | Aside | Command
