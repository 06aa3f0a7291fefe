"""Other plausible pictures of causes: the drawn one with one thing changed that is open.

Open is where the table speaks against the picture (`contest`), an arrow that somebody marked as unsure or that nobody has vouched
for, arrows that can be turned round together without any table noticing (members of the Markov equivalence class: Verma & Pearl
1990, walked by covered arrows: Chickering 1995), and a hidden cause put behind two columns that an arrow already joins, which no
table excludes. Not plausible is what runs against time, from the outcome to the treatment, or against an arrow of which somebody
is sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..analysis import Contested
from ..data import Table
from ..graph import Edge, Graph, Unmeasured
from ..query import Query
from ..wording import join, safe
from .contest import applied
from .identify import believed
from .timing_order import recorded_after, settled_at_birth

Kind = Literal["contested", "unsure", "equivalent", "dropped", "added", "hidden"]
Pair = tuple[str, str]

MOST_MEMBERS = 40  # of the equivalence class
MOST_OPEN = 200  # open arrows that are flipped and dropped in thought


@dataclass(frozen=True)
class Change:
    """Another picture: what differs, in words that follow "the picture in which", and what kind of doubt makes it plausible."""

    graph: Graph
    words: str
    kind: Kind
    edge: Pair | None = None
    open: bool = False  # an arrow that nobody has reviewed
    vouched: bool = False  # it goes against an arrow that a person drew or signed
    equivalent: bool = False


def changes(query: Query, table: Table, contested: Sequence[Contested] = ()) -> list[Change]:
    """Other plausible pictures, each once, those with the best reason first."""
    assert query.graph is not None
    graph, found = query.graph, list[Change]()
    signed = graph.signed_by is not None
    for record in contested:
        for choice in record.choices:
            if choice != "accept":
                found += _made(query, table, record.cause, record.effect, choice, "contested")
        if record.about == "missing arrow":
            found += _made(query, table, record.effect, record.cause, "add", "contested")
    for edge in graph.edges[:MOST_OPEN]:
        if (
            edge.doubted
            or edge.confidence == "likely"
            or (edge.source != "you" and not signed and edge.confidence != "sure")
        ):
            for choice in ("flip", "drop"):
                kind: Kind = "unsure" if choice == "flip" or edge.doubted else "dropped"
                found += _made(query, table, edge.cause, edge.effect, choice, kind, edge)
    found += _members(query, table)
    for tool in getattr(query.design, "instruments", ()):  # nothing in a table excludes that it acts in another way too
        found += _made(query, table, tool, str(query.outcome), "add", "added")
    found += _hidden(query, table)
    once: dict[frozenset[Pair], Change] = {}
    for change in found:
        key = frozenset(change.graph.pairs()) | {(u, "") for u in change.graph.hidden()}
        known = once.setdefault(key, change)
        once[key] = replace(known, equivalent=known.equivalent or change.equivalent)
    return list(once.values())


def _made(
    query: Query, table: Table, cause: str, effect: str, choice: str, kind: Kind, edge: Edge | None = None
) -> list[Change]:
    """The one change, where it makes no circle and does not run against time."""
    graph = query.graph
    assert graph is not None
    if {cause, effect} == {query.treatment, query.outcome}:
        return []  # the question itself
    drawn = next((e for e in graph.edges if (e.cause, e.effect) == (cause, effect)), None) if edge is None else edge
    record = Contested(cause=cause, effect=effect, about="arrow", sentence="", choices=("accept",), evidence="links")
    made = applied(graph, record, choice)
    new = (effect, cause) if choice == "flip" else (cause, effect) if choice == "add" else None
    if made.cycle() is not None or (new is not None and not possible(query, table, *new)):
        return []
    if query.treatment in made.descendants(str(query.outcome)):
        return []
    one, other = safe(cause), safe(effect)
    words = {
        "flip": f"{one} is caused by {other}, not the other way round",
        "drop": f"{one} does not affect {other} directly",
        "add": f"{one} affects {other}" + (" directly" if kind == "added" else ""),
    }[choice]
    is_open = drawn is not None and (drawn.doubted or (drawn.source != "you" and graph.signed_by is None))
    return [Change(made, words, kind, (cause, effect), is_open, drawn is not None and _vouched(graph, drawn))]


def possible(query: Query, table: Table, cause: str, effect: str) -> bool:
    """Whether an arrow between two columns runs against nothing that names and descriptions say of time."""
    names = set(table.names)
    if not {cause, effect} <= names:
        return cause not in names  # a hidden cause has no causes in the table
    profile = table.profile
    if settled_at_birth(profile.column(effect)) and not settled_at_birth(profile.column(cause)):
        return False
    return not recorded_after(profile, cause, effect, str(query.treatment), str(query.outcome))


def _vouched(graph: Graph, edge: Edge) -> bool:
    return (edge.source == "you" or graph.signed_by is not None) and not edge.doubted


def _members(query: Query, table: Table) -> list[Change]:
    """Graphs that no table could tell from the drawn one, the fewest turned arrows first."""
    graph = query.graph
    assert graph is not None
    start = frozenset(graph.pairs())
    edges = {(e.cause, e.effect): e for e in graph.edges}
    fixed = {(c, e) for (c, e), edge in edges.items() if edge.confidence == "sure" and not edge.doubted}
    seen, waiting, out = {start}, [start], list[Change]()
    while waiting and len(seen) <= MOST_MEMBERS:
        arrows = waiting.pop(0)
        for cause, effect in _covered(arrows):
            new = (arrows - {(cause, effect)}) | {(effect, cause)}
            if new in seen or {cause, effect} == {query.treatment, query.outcome} or (cause, effect) in fixed:
                continue
            if not possible(query, table, effect, cause):
                continue
            seen.add(new)
            waiting.append(new)
            turned = sorted(p for p in start - new if p in edges)
            drawn = graph
            for one in turned:
                drawn = drawn.flipped(*one)
            if query.treatment in drawn.descendants(str(query.outcome)):
                continue
            words = " and ".join(f"{safe(c)} is caused by {safe(e)}, not the other way round" for c, e in turned[:2])
            words += f" (and {len(turned) - 2} more arrows are turned round)" if len(turned) > 2 else ""
            single = turned[0] if len(turned) == 1 else None
            is_open = single is not None and edges[single].source != "you" and graph.signed_by is None
            vouched = any(_vouched(graph, edges[p]) for p in turned)
            out.append(Change(drawn, words, "equivalent", single, is_open, vouched, True))
    return sorted(out, key=lambda c: c.edge is None)


def _covered(arrows: frozenset[Pair]) -> list[Pair]:
    """Arrows whose two ends have the same other causes: turning one round changes nothing that a table could show."""
    causes: dict[str, set[str]] = {}
    for cause, effect in arrows:
        causes.setdefault(effect, set()).add(cause)
    return sorted((c, e) for c, e in arrows if causes.get(c, set()) == causes[e] - {c})


def _hidden(query: Query, table: Table) -> list[Change]:
    """A hidden cause behind two columns that an arrow joins already, and behind treatment and outcome."""
    graph = query.graph
    assert graph is not None
    treatment, outcome = str(query.treatment), str(query.outcome)
    suspected = [u for u in graph.unmeasured if u.source == "model" and {treatment, outcome} <= set(u.affects)]
    name = suspected[0].name if suspected and suspected[0].name.replace(" ", "").isalpha() else ""
    out = []
    drawn = {frozenset(u.affects[i : j + 1 : j - i]) for u in believed(graph).unmeasured for i in range(len(u.affects))
             for j in range(i + 1, len(u.affects))}  # fmt: skip
    near = {treatment, outcome, *_touching(query)}
    ends = [(treatment, outcome), *((z, outcome) for z in getattr(query.design, "instruments", ()))]
    ends += [(e.cause, e.effect) for e in graph.edges if {e.cause, e.effect} <= near]
    for pair in dict.fromkeys(ends):
        if frozenset(pair) in drawn or not set(pair) <= set(table.names):
            continue
        called = name if name and set(pair) == {treatment, outcome} else "something that is not in the table"
        cause = Unmeasured(name=f"behind {pair[0]} and {pair[1]}", affects=pair)
        made = graph.unsigned().model_copy(update={"unmeasured": (*graph.unmeasured, cause)})
        out.append(Change(made, f"{safe(called, 40)} drives both {join(pair)}", "hidden", pair))
    return out


def _touching(query: Query) -> set[str]:
    """Columns that a design of its own names: instruments and mediators."""
    design = query.design
    return {*getattr(design, "instruments", ()), *getattr(design, "mediators", ())}
