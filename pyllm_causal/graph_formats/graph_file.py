"""A graph as a file: the arrows with everything said about them, the question and the table they were drawn for, who signed.

The JSON form of this record keeps all of it; the other formats keep the picture, and what they have room for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import GraphError
from ..graph import Graph
from ..wording import join, safe
from .place import line_of

FROZEN = ConfigDict(frozen=True, extra="forbid")

Role = Literal["exposure", "outcome", "adjusted", "selected"]
NAME: Literal["pyllm-causal graph"] = "pyllm-causal graph"
VERSION: Literal[1] = 1

MOST_CHARACTERS = 5_000_000
MOST_NAMES = 5_000
MOST_ARROWS = 200_000
LONGEST = 10_000  # characters of one name or remark


class Origin(BaseModel):
    """The table that a graph was drawn for."""

    model_config = FROZEN
    name: str
    rows: int
    fingerprint: str


class GraphFile(BaseModel):
    """A graph with its question, its table and the parts that columns play.

    `columns` are those of the table, or what a picture names beside its arrows; `left_out` are columns that the draft kept
    out, with the reason; `selected` are columns that decided which rows are there.
    """

    model_config = FROZEN
    format: Literal["pyllm-causal graph"] = NAME
    version: Literal[1] = VERSION
    question: str | None = None
    roles: dict[Role, tuple[str, ...]] = Field(default_factory=dict)
    data: Origin | None = None
    columns: tuple[str, ...] = ()
    left_out: dict[str, str] = Field(default_factory=dict)
    graph: Graph = Field(default_factory=Graph)

    def role(self, role: Role) -> tuple[str, ...]:
        """The columns that play `role`."""
        return self.roles.get(role, ())

    def only(self, role: Role) -> str | None:
        """The one column that plays `role`; None where none or several do."""
        names = self.role(role)
        return names[0] if len(names) == 1 else None

    @property
    def void(self) -> bool:
        """Whether somebody had signed, and the graph was changed afterwards."""
        return self.graph.reviewed_by is not None and self.graph.signed_by is None


def parse(text: str) -> GraphFile:
    """A graph file, a bare graph, or the graph inside a query, an answer or a reading. Raises `GraphError`."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise GraphError(
            f"Line {error.lineno}: this is no valid JSON ({error.msg}, column {error.colno}).", _HINT
        ) from None
    except (ValueError, RecursionError):
        raise GraphError("The JSON is nested too deeply, or holds a number with thousands of digits.", _HINT) from None
    if not isinstance(document, dict):
        raise GraphError("The graph must be one JSON object.", _HINT)
    if document.get("format") == NAME:
        version = document.get("version")
        if version != VERSION:
            raise GraphError(
                f"The graph file has version {safe(json.dumps(version), 20)}; this program reads version {VERSION}.",
                "Use the program that wrote it, or a newer one.",
            )
        return _validated(document, text, ())
    if isinstance(document.get("graph"), dict):
        return _validated(_inside(document), text, ())
    if "edges" in document or "unmeasured" in document:
        return _validated({"graph": document}, text, ("graph",))
    raise GraphError("There is no graph in this JSON document: it has neither `edges` nor `graph`.", _HINT)


def is_file(path: Path) -> bool:
    """Whether the file is a graph file of our own, which may be written over with its reviewed self."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == NAME


def render(file: GraphFile) -> str:
    """The JSON text: readable letters, but no invisible or direction characters."""
    text = json.dumps(file.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return "".join(ch if ch == "\n" or ch.isprintable() else json.dumps(ch)[1:-1] for ch in text) + "\n"


_HINT = '`pyllm-causal graph draft "QUESTION" --data FILE` makes such a file; the shortest is {"edges": [["a", "b"]]}.'


def _inside(document: dict[str, Any]) -> dict[str, Any]:
    """The graph of a query, an answer or a reading, with its question."""
    provenance = document.get("provenance")
    queries = (document, document.get("query"), provenance.get("query") if isinstance(provenance, dict) else None)
    out: dict[str, Any] = {"graph": document["graph"], "roles": {}}
    for query in queries:
        if (
            isinstance(query, dict)
            and isinstance(query.get("treatment"), str)
            and isinstance(query.get("outcome"), str)
        ):
            out["roles"] = {"exposure": [query["treatment"]], "outcome": [query["outcome"]]}
            out["question"] = query.get("question") if isinstance(query.get("question"), str) else None
    return out


def _validated(document: dict[str, Any], text: str, wrapped: tuple[str, ...]) -> GraphFile:
    """The record; `wrapped` is the part of a place that the text does not have. Raises `GraphError`."""
    try:
        file = GraphFile.model_validate(document)
    except (ValidationError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise GraphError("The JSON is nested too deeply.", _HINT) from None
        first = error.errors(include_url=False, include_input=False)[0]
        path = tuple(p for p in first["loc"] if isinstance(p, int) or p not in ("Edge", "function-before"))
        line = line_of(text, path[len(wrapped) :])
        what = str(first["msg"]).removeprefix("Value error, ")
        where = safe(".".join(str(p + 1) if isinstance(p, int) else p for p in path), 120)
        raise GraphError(
            f"Line {line}: `{where}` cannot be used: {safe(what[:1].lower() + what[1:], 200)}.",
            "An arrow has cause, effect, reason, confidence (sure, likely or unsure), source (you, model or data) and note.",
        ) from None

    def drawn_at(cause: str, effect: str) -> int:
        drawn = document["graph"].get("edges") or []
        pairs = [tuple(e) if isinstance(e, (list, tuple)) else (e.get("cause"), e.get("effect")) for e in drawn]
        at = (pairs.index((cause, effect)),) if (cause, effect) in pairs else ()
        return line_of(text, ("graph", "edges", *at)[len(wrapped) :])

    sound(file.graph, drawn_at)
    return file


def sound(graph: Graph, line: Callable[[str, str], int]) -> None:
    """Raise `GraphError` on a circle, an empty name or more than can be read; `line` tells where an arrow is drawn."""
    for cause, effect in graph.pairs():
        if not cause or not effect:
            raise GraphError(f"Line {line(cause, effect)}: a name is empty.", "Name a column, or a hidden cause.")
        if cause == effect:
            raise GraphError(
                f"Line {line(cause, effect)}: {safe(cause)} is drawn as a cause of itself.", "Remove that arrow."
            )
    names = graph.nodes()
    if len(names) > MOST_NAMES or len(graph.edges) > MOST_ARROWS or any(len(n) > LONGEST for n in names):
        raise GraphError(
            f"The graph is too large: at most {MOST_NAMES:,} names of {LONGEST:,} characters and {MOST_ARROWS:,} arrows.",
            "Draw only what bears on the question.",
        )
    circle = graph.cycle()
    if circle is not None:
        shown = circle if len(circle) <= 12 else [*circle[:11], "…"]
        raise GraphError(
            f"Line {max(line(c, e) for c, e in list(pairwise(circle))[:12])}: the arrows go round in a circle:"
            f" {' → '.join(safe(n, 60) for n in shown)}.",
            "Remove one of these arrows; a cause must come before its effect.",
        )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise GraphError(
            f"The file says {join([next(k for k in keys if keys.count(k) > 1)])} twice.", "Keep one of the two."
        )
    return found
