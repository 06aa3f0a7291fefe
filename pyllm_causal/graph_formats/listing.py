"""A graph as a numbered list, for reading and for reviewing: every arrow with its reason and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from ..graph import Edge, Graph, Source, Unmeasured
from ..wording import count, join, safe
from .graph_file import GraphFile

WIDTH = 110
_BY: dict[Source, str] = {"you": "", "model": "drawn by the language model", "data": "drawn by rule"}


def render(file: GraphFile) -> str:
    """The list, with who reviewed it and what was left out."""
    lines = [f"  {safe(file.question, 200)}"] if file.question else []
    lines += numbered(file.graph)
    if file.left_out:
        lines.append("  Left out of the picture:")
        for name, why in file.left_out.items():
            lines += wrap(f"{safe(name)}: {safe(why, 200)}", WIDTH, initial_indent="     ", subsequent_indent="       ")
    return "\n".join([*lines, f"  {review(file.graph)}"]) + "\n"


def numbered(graph: Graph) -> list[str]:
    """One line for causes with the same effects, reason, confidence and source; `?` for what is not in the table."""
    if not graph.edges and not graph.unmeasured:
        return ["  There is no arrow."]
    groups = grouped(graph.edges)
    rows = [
        (str(i), _arrow(causes, effects), safe(e.reason or "", 200), _standing(e))
        for i, (causes, effects, e) in enumerate(groups, 1)
    ]
    notes = [_notes(graph, causes, effects) for causes, effects, _ in groups]
    for cause in graph.unmeasured:
        rows.append(
            (
                "?",
                _arrow(["not in the table: " + cause.name], cause.affects),
                safe(cause.reason or "", 200),
                _suspected(cause),
            )
        )
        notes.append([])
    wide = min(max(len(r[1]) for r in rows), 48)
    said = min(max(len(r[2]) for r in rows), 44)
    out = []
    for row, noted in zip(rows, notes, strict=True):
        out += _laid(row, wide, said)
        for note in noted:
            out += wrap(note, WIDTH, initial_indent="       note: ", subsequent_indent="             ")
    return out


def review(graph: Graph, dated: bool = True) -> str:
    """Who reviewed the graph, in one sentence."""
    on = f" on {safe(graph.reviewed_at[:10])}" if dated and graph.reviewed_at else ""
    if graph.signed_by is not None:
        return f"{safe(graph.signed_by)} reviewed the picture of causes{on}; nothing was changed since."
    if graph.reviewed_by is not None:
        return (
            f"{safe(graph.reviewed_by)} signed the picture of causes{on}, but it was changed afterwards:"
            " the signature no longer holds."
        )
    return "Nobody has reviewed the picture of causes."


def grouped(edges: Sequence[Edge]) -> list[tuple[list[str], list[str], Edge]]:
    """(causes, effects, an arrow that speaks for all): arrows of a cause alike in what is said, then causes alike in all."""
    effects: dict[tuple[str, object], list[Edge]] = {}
    for edge in edges:
        effects.setdefault((edge.cause, (edge.reason, edge.confidence, edge.source)), []).append(edge)
    causes: dict[tuple[object, ...], list[list[Edge]]] = {}
    for (_, said), own in effects.items():
        causes.setdefault((said, *(e.effect for e in own)), []).append(own)
    return [([own[0].cause for own in alike], [e.effect for e in alike[0]], alike[0][0]) for alike in causes.values()]


def _notes(graph: Graph, causes: Sequence[str], effects: Sequence[str]) -> list[str]:
    return [
        f"{safe(e.cause)} ──▶ {safe(e.effect)}: {safe(e.note, 400)}"
        for e in graph.edges
        if e.note and e.cause in causes and e.effect in effects
    ]


def _arrow(causes: Sequence[str], effects: Sequence[str]) -> str:
    return f"{', '.join(safe(c) for c in causes)} ──▶ {', '.join(safe(e) for e in effects)}"


def _standing(edge: Edge) -> str:
    return ", ".join(p for p in (edge.confidence or "", _BY[edge.source]) if p)


def _suspected(cause: Unmeasured) -> str:
    return "suspected by the language model" if cause.source == "model" else ""


def _laid(row: tuple[str, str, str, str], wide: int, said: int) -> list[str]:
    """A row in columns; what does not fit goes on below its own column."""
    number, arrow, reason, standing = row
    left, middle = wrap(arrow, wide) or [""], wrap(reason, max(said, 1)) or [""]
    out = []
    for i in range(max(len(left), len(middle))):
        first = left[i] if i < len(left) else ""
        second = middle[i] if i < len(middle) else ""
        last = standing if i == 0 else ""
        out.append(f"  {number if i == 0 else '':>2}  {first:<{wide}}  {second:<{said}}  {last}".rstrip())
    return out


def summary(file: GraphFile) -> str:
    """How much there is, in words."""
    arrows, hidden = len(file.graph.edges), len(file.graph.unmeasured)
    more = f" and {count(hidden)} hidden cause{'s' * (hidden != 1)}" if hidden else ""
    names = (
        f" ({join([file.only('exposure'), file.only('outcome')], 'to')})"
        if file.only("exposure") and file.only("outcome")
        else ""
    )
    return f"{count(arrows)} arrow{'s' * (arrows != 1)}{more}{names}"
