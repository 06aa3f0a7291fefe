"""The picture of causes as a numbered list: every arrow with its reason, how sure, and what the data object to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from ..graph import Edge, Graph, Unmeasured
from ..graph_formats.listing import grouped, review
from ..query import Query
from ..wording import count, join, safe
from .names import label

if TYPE_CHECKING:
    from ..analysis import Contested
    from ..language.alarm import BadControl

_BY = {"you": "you said so", "model": "the language model drew it", "data": "drawn by rule"}
_DRAWN = {
    "you": "You said so.",
    "model": "The language model drew it.",
    "data": "It was drawn by rule, from names, descriptions and times.",
}
_ARROW = "───▶"
MOST = 12  # objections that the contest of a picture brings at most


@dataclass(frozen=True)
class Row:
    """One numbered line: arrows of a kind from `causes` to `effects`, and one of them that speaks for all."""

    number: int
    causes: tuple[str, ...]
    effects: tuple[str, ...]
    edge: Edge

    def arrows(self) -> list[tuple[str, str]]:
        return [(c, e) for c in self.causes for e in self.effects]


def rows_of(graph: Graph, query: Query) -> list[Row]:
    """The lines of the picture; the arrow that is the question comes last, as it is not up for review."""
    asked = (query.treatment, query.outcome)
    rest = [e for e in graph.edges if (e.cause, e.effect) != asked]
    own = [e for e in graph.edges if (e.cause, e.effect) == asked]
    found = [*grouped(rest), *grouped(own)]
    return [Row(i, tuple(causes), tuple(effects), edge) for i, (causes, effects, edge) in enumerate(found, 1)]


def renumbered(before: Sequence[Row], after: Sequence[Row], query: Query) -> bool:
    """Whether an arrow that stands in both lists has another number now; that of the question does not count."""
    asked = (str(query.treatment), str(query.outcome))
    old = {pair: row.number for row in before for pair in row.arrows() if pair != asked}
    return any(old.get(pair, row.number) != row.number for row in after for pair in row.arrows())


def listed(
    graph: Graph,
    query: Query,
    rows: Sequence[Row],
    objections: Sequence[Contested],
    alarms: Sequence[BadControl] = (),
    width: int = 88,
    arrow: str = _ARROW,
    everything: bool = False,
) -> list[str]:
    """The picture in lines of at most `width`; `objections` are what the data say against it: those that the answer rests on
    stand beside their arrows, the others are counted, unless `everything` is to be shown."""
    out: list[str] = []
    asked = (query.treatment, query.outcome)
    told_of = [record for record in objections if record.matters or everything]
    for row in rows:
        names = join([label(c, query) for c in row.causes]), join([label(e, query) for e in row.effects])
        said = "your question" if row.arrows() == [asked] else _said(row.edge)
        out += _laid(f"{row.number:>4}", f"{names[0]} {arrow} {names[1]}", said, width)
        for record in told_of:
            if (record.cause, record.effect) in row.arrows():
                out += _objection(record, query, width, "      ")
    for cause in graph.unmeasured:
        effects = join([label(e, query) for e in cause.affects])
        out += _laid("   ?", f"not in the file: {safe(cause.name, 60)} {arrow} {effects}", _hidden(cause), width)
    if not graph.unmeasured:
        text = "nothing is drawn that is not in the file; I test how strong a hidden cause of both would have to be"
        out += _laid("   ?", text, "", width)
    drawn = {pair for row in rows for pair in row.arrows()}
    for record in told_of:
        if (record.cause, record.effect) not in drawn:
            out += _objection(record, query, width, "   ")
    if rest := len(objections) - len(told_of):
        what = (
            "one more place"
            if rest == 1
            else f"{count(rest)}{' or more' * (len(objections) >= MOST)} {'further ' * bool(told_of)}places"
        )
        text = f"· In {what} the data disagree without touching the answer (/picture all shows them)."
        out += wrap(text, width, initial_indent="   ", subsequent_indent="     ")
    out += _left_alone(alarms, width)
    if graph.reviewed_by is not None:
        out += wrap(review(graph), width, initial_indent="   ", subsequent_indent="   ")
    return out


def _objection(record: Contested, query: Query, width: int, indent: str) -> list[str]:
    """What the data say against one place, and what a person may do about it."""
    pair = f"{safe(record.cause, 40)} -> {safe(record.effect, 40)}"
    words = {"flip": f"“flip {pair}”", "drop": f"“drop {pair}”", "add": f"“{pair}”"}
    said = [words[choice] for choice in record.choices if choice in words]
    todo = f" Say {' or '.join(said)}, or leave it." if said else ""
    text = f"! the data disagree: {safe(record.sentence, 400)}{todo}"
    return wrap(text, width, initial_indent=indent, subsequent_indent=indent + "  ")


def told(row: Row, query: Query, objections: Sequence[Contested]) -> list[str]:
    """Why one line is there: reason, how sure, who said so, notes and what the data object to."""
    edge = row.edge
    if row.arrows() == [(query.treatment, query.outcome)]:
        return ["That arrow is your question: whether it is there, and how strong, is what the answer says."]
    names = join([label(c, query) for c in row.causes]), join([label(e, query) for e in row.effects])
    reason = f"Why: {safe(edge.reason, 200)}." if edge.reason else "Nobody has given a reason."
    sure = {
        "sure": "It is held to be sure.",
        "likely": "It is held to be likely.",
        "unsure": "It is held to be unsure.",
    }
    out = [f"{names[0]} → {names[1]}.", f"{reason} {sure.get(edge.confidence or '', '')}".strip()]
    out.append(_DRAWN[edge.source])
    if edge.note:
        out.append(f"Note: {safe(edge.note, 400)}")
    out += [f"! The data disagree: {safe(c.sentence, 400)}" for c in objections if (c.cause, c.effect) in row.arrows()]
    both = set(row.effects) == {query.treatment, query.outcome}
    if both:
        out.append("It drives both sides of your question, so rows are compared that are alike in it.")
    return out


def _said(edge: Edge) -> str:
    return ", ".join(p for p in (safe(edge.reason or "", 160), edge.confidence or "", _BY[edge.source]) if p)


def _hidden(cause: Unmeasured) -> str:
    by = {"you": "you said so", "model": "the language model suspects it; I test how much it would matter", "data": ""}
    return ", ".join(p for p in (safe(cause.reason or "", 160), by[cause.source]) if p)


def _laid(number: str, arrow: str, said: str, width: int) -> list[str]:
    """One line where it fits; else the arrow, wrapped, and what is said of it below."""
    start = f"{number}  "
    line = f"{start}{arrow:<36}   {said}".rstrip()
    if len(line) <= width:
        return [line]
    indent = " " * len(start)
    out = wrap(arrow, width, initial_indent=start, subsequent_indent=indent)
    return out + wrap(said, width, initial_indent=indent + "  ", subsequent_indent=indent + "  ")


_WHY = {"after": "may come after what you ask about", "unusable": "cannot be used", "suspect": "may come too late"}


def _left_alone(alarms: Sequence[BadControl], width: int) -> list[str]:
    """Columns that were left out of the picture on purpose, by reason."""
    out: list[str] = []
    for kind, why in _WHY.items():
        names = [a.column for a in alarms if a.alarm == kind]
        if not names:
            continue
        shown = (
            join(names[:5])
            if len(names) <= 6
            else f"{', '.join(safe(n) for n in names[:5])} and {len(names) - 5} others"
        )
        kept = ", as the language model suspects; still in the picture" if kind == "suspect" else ", so left out"
        out += wrap(f"! {shown} {why}{kept}.", width, initial_indent="   ", subsequent_indent="     ")
    return out
