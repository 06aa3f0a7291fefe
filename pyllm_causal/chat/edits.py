"""Changes of the picture, as they were said, made on the graph; always echoed, with what they cost in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import QueryError
from ..graph import Graph
from ..query import Query
from ..wording import columns_text, count, safe
from .names import Named, label, resolve
from .picture import Row
from .utterance import Change

if TYPE_CHECKING:
    from ..profile import Profile
    from ..study.rows import Cost


@dataclass(frozen=True)
class Edited:
    """The graph after the changes, and what was done, in words."""

    graph: Graph
    done: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """A phrase that names no column for sure. `cause`: it stands where a cause stands, so it may be one not in the file."""

    phrase: str
    near: tuple[str, ...]
    cause: bool


class _InDoubt(Exception):
    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.phrase)
        self.doubt = doubt


def applied(
    changes: Sequence[Change], graph: Graph, rows: Sequence[Row], profile: Profile, query: Query
) -> Edited | Doubt:
    """The graph with all the changes, or the first phrase in doubt. Raises `QueryError` and `GraphError`: nothing is changed."""
    hand = _Hand(graph, rows, profile, query)
    try:
        for change in changes:
            hand.make(change)
    except _InDoubt as stop:
        return stop.doubt
    hand.graph.check(profile.names(), query.selected_on)
    return Edited(hand.graph, tuple(hand.done))


def settled(changes: Sequence[Change], phrase: str, name: str, hidden: bool = False) -> tuple[Change, ...]:
    """The changes with `name` for `phrase`; as a cause that is not in the file where `hidden`."""
    out = []
    for c in changes:
        effects = tuple(name if e == phrase else e for e in c.effects)
        if c.cause == phrase:
            out.append(replace(c, op="hidden" if hidden else c.op, cause=name, effects=effects))
        else:
            out.append(replace(c, effects=effects))
    return tuple(out)


class _Hand:
    """The graph while it is being changed."""

    def __init__(self, graph: Graph, rows: Sequence[Row], profile: Profile, query: Query) -> None:
        self.graph, self.rows, self.profile, self.query = graph, rows, profile, query
        self.asked = (query.treatment, query.outcome)
        self.done: list[str] = []

    def make(self, change: Change) -> None:
        if change.line is not None:
            row = next((r for r in self.rows if r.number == change.line), None)
            if row is None:
                raise QueryError(f"There is no line {change.line} in the picture.", "Say /picture to see it.")
            self._some(change.op, row.arrows())
        elif change.op == "hidden":
            self._hidden(change)
        elif change.op == "drop" and not change.effects:
            self._all_of(change.cause)
        elif change.op == "add":
            self._add(self._one(change.cause, cause=True), [n for e in change.effects for n in self._named(e)])
        else:
            cause = self._one(change.cause)
            self._some(change.op, [(cause, n) for e in change.effects for n in self._named(e)])

    def _named(self, phrase: str, cause: bool = False) -> tuple[str, ...]:
        found: Named = resolve(phrase, self.profile, self.query, self.graph)
        if not found.names:
            raise _InDoubt(Doubt(phrase, found.near, cause))
        return found.names

    def _one(self, phrase: str, cause: bool = False) -> str:
        names = self._named(phrase, cause)
        if len(names) > 1:
            raise QueryError(f"“{safe(phrase, 40)}” are two things; say one at a time.", "")
        return names[0]

    def _some(self, op: str, arrows: Sequence[tuple[str, str]]) -> None:
        if self.asked in arrows:
            raise QueryError(
                "That arrow is your question; it stays.",
                "To ask the other way round, ask it as a new question."
                if op == "flip"
                else "Whether it is there is what the answer says.",
            )
        drawn = set(self.graph.pairs())
        for cause, effect in arrows:
            if (cause, effect) not in drawn:
                raise QueryError(
                    f"There is no arrow from {label(cause, self.query)} to {label(effect, self.query)}.",
                    "Say /picture to see what there is.",
                )
            if cause in self.graph.hidden():
                self._less(cause, effect, op)
            elif op == "flip":
                self.graph = self.graph.flipped(cause, effect)
            else:
                self.graph = self.graph.without(cause, effect)
        shown = [self._arrow(c, e) for c, e in arrows]
        if op == "flip":
            self.done.append("Turned round, now: " + _listed([self._arrow(e, c) for c, e in arrows]) + ".")
        else:
            self.done.append("Took out: " + _listed(shown) + ".")

    def _less(self, name: str, effect: str, op: str) -> None:
        """One arrow of a hidden cause fewer."""
        if op == "flip":
            raise QueryError("Nothing in the file can be said to affect what is not in it.", "Say drop instead.")
        rest = [n for u in self.graph.unmeasured if u.name == name for n in u.affects if n != effect]
        self.graph = self.graph.without_hidden(name)
        if rest:
            self.graph = self.graph.with_hidden(name, *rest)

    def _all_of(self, phrase: str) -> None:
        name = self._one(phrase)
        if name in self.graph.hidden():
            self.graph = self.graph.without_hidden(name)
            self.done.append(f"Took out the cause that is not in the file: {safe(name, 60)}.")
            return
        arrows = [
            (e.cause, e.effect) for e in self.graph.edges if e.cause == name and (e.cause, e.effect) != self.asked
        ]
        if not arrows:
            raise QueryError(f"No arrow goes out from {label(name, self.query)}.", "Say /picture to see what there is.")
        self._some("drop", arrows)

    def _add(self, cause: str, effects: Sequence[str]) -> None:
        if cause in self.graph.hidden():
            self._shown_hidden(cause, effects)
            return
        drawn = {(e.cause, e.effect) for e in self.graph.edges}
        added, already = [], []
        for effect in effects:
            if effect in self.graph.hidden():
                raise QueryError("Nothing in the file can be said to affect what is not in it.", "")
            if cause == effect:
                raise QueryError(f"{label(cause, self.query)} cannot cause itself.", "")
            if (effect, cause) in drawn:
                raise QueryError(
                    f"The picture has that arrow the other way round: {self._arrow(effect, cause)}.",
                    f"Say “flip {safe(effect, 40)} -> {safe(cause, 40)}” to turn it.",
                )
            if (cause, effect) in drawn:
                already.append(self._arrow(cause, effect))
                continue
            self.graph = self.graph.with_edge(cause, effect)
            added.append(self._arrow(cause, effect))
        if added:
            self.done.append("Added: " + _listed(added) + ".")
        if already:
            self.done.append("In the picture already: " + _listed(already) + ".")

    def _hidden(self, change: Change) -> None:
        name = safe(change.cause, 60)
        if not name:
            raise QueryError("The hidden cause has no name.", "Say: hidden cause: stress affects …")
        both = [n for n in self.asked if n is not None]
        effects = [n for e in change.effects for n in self._named(e)] or both
        if name in self.profile.names():
            self._add(name, effects)
        else:
            self._shown_hidden(name, effects)

    def _shown_hidden(self, name: str, effects: Sequence[str]) -> None:
        self.graph = self.graph.with_hidden(name, *effects)
        shown = _listed([self._arrow(name, e) for e in effects])
        self.done.append(f"Added a cause that is not in the file: {shown}.")

    def _arrow(self, cause: str, effect: str) -> str:
        return f"{label(cause, self.query)} → {label(effect, self.query)}"


def _listed(arrows: Sequence[str]) -> str:
    return ", ".join(arrows) if len(arrows) <= 6 else f"{', '.join(arrows[:5])} and {len(arrows) - 5} more"


def priced(before: Cost, after: Cost) -> list[str]:
    """What a change does to the comparison: rows lost or won, or that it can no longer be made."""
    if after.blocked:
        if before.blocked == after.blocked:
            return ["It still cannot be worked out from the file."]
        return [f"! With this it cannot be worked out from the file: {after.blocked}"]
    out = ["Now it can be worked out."] if before.blocked else []
    new = [n for n in after.held if n not in before.held]
    gone = [n for n in before.held if n not in after.held]
    lacking = [n for n in new if after.missing.get(n)]
    for name in lacking[:3]:
        out.append(
            f"{count(after.missing[name])} rows have no {safe(name, 40)} recorded; I leave them out of the comparison and say so."
        )
    if after.used != before.used and not before.blocked:
        way = "falls from" if after.used < before.used else "grows from"
        out.append(f"The comparison {way} {count(before.used)} to {count(after.used)} rows.")
    if gone:
        out.append(f"No longer held fixed: {columns_text(gone, 6)}.")
    if new and not lacking:
        out.append(f"Now held fixed as well: {columns_text(new, 6)}; no row is lost by it.")
    if not new and not gone:
        out.append("What is held fixed stays the same.")
    return out
