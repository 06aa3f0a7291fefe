"""Which columns a graph makes instruments, given what is held fixed; and the arrow that spoils one that is none.

Graphs are mappings node -> children, hidden causes included, as in `separation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..graph import Graph
from . import separation as sep

Children = sep.Children
MOST = 40  # candidates looked at, nearest to the treatment first: milliseconds even with hundreds of nodes


def valid_instrument(
    children: Children,
    instrument: str,
    treatment: str,
    outcome: str,
    given: Collection[str] = (),
    selected: Collection[str] = (),
) -> bool:
    """Whether `instrument` identifies the effect of the treatment once `given` is held fixed, in rows that `selected` chose.

    The graphical criterion of Brito & Pearl (2002, definition 1), for total effects: nothing held fixed comes after the
    treatment, the instrument touches the treatment, and with the first arrows of the causal paths out of the treatment
    taken away it is separated from the outcome. Linear in nodes and arrows.
    """
    return _lawful(children, treatment, outcome, {instrument, *given}, selected) and not open_between(
        children, instrument, treatment, outcome, given, selected
    ) and touches(children, instrument, treatment, given, selected)  # fmt: skip


def _lawful(children: Children, treatment: str, outcome: str, held: set[str], selected: Collection[str]) -> bool:
    late = sep.reach([treatment], children) | sep.reach([outcome], children)
    path = sep.causal_nodes(children, treatment, outcome) | {outcome}
    return not held & late and not set(selected) & sep.reach(path, children)


def open_between(
    children: Children, instrument: str, treatment: str, outcome: str, given: Collection[str], selected: Collection[str] = ()
) -> bool:  # fmt: skip
    """Whether a path joins instrument and outcome that does not pass through the effect asked about."""
    cut = sep.backdoor_graph(children, treatment, outcome)
    return not sep.separated(cut, instrument, outcome, {*given, *selected})


def touches(
    children: Children, instrument: str, treatment: str, given: Collection[str], selected: Collection[str] = ()
) -> bool:
    """Whether instrument and treatment are connected once `given` is held fixed."""
    return not sep.separated(children, instrument, treatment, {*given, *selected})


def conditioning_set(
    children: Children,
    instruments: Collection[str],
    treatment: str,
    outcome: str,
    usable: Collection[str],
    selected: Collection[str] = (),
) -> tuple[str, ...] | None:
    """Columns that make every one of `instruments` valid when held fixed, sorted; None where no set does.

    Tried in turn: the usable columns next to the outcome in the moral graph of its and the instruments' ancestors (the
    nearest separator of van der Zander, Textor & Liśkiewicz 2015, which exists if any ancestral set works; those next to
    the outcome also buy precision, Henckel, Buttenschoen & Maathuis 2024), and the part of it that the instruments can reach.
    """
    cut = sep.backdoor_graph(children, treatment, outcome)
    allowed = set(usable) - sep.reach([treatment, outcome], children) - set(instruments)
    moral = _moral(cut, {*instruments, outcome, *selected})
    near = _boundary(moral, [outcome], allowed, set(selected))
    needed = _boundary(moral, list(instruments), near, set(selected))
    for found in (near, needed):
        if all(valid_instrument(children, z, treatment, outcome, found, selected) for z in instruments):
            return tuple(sorted(found))
    return None


def _moral(children: Children, of: set[str]) -> dict[str, set[str]]:
    """Neighbours in the moral graph of the ancestors of `of` (Lauritzen et al. 1990)."""
    parents = sep.parents_of(children)
    alive = sep.reach(of & set(children), parents)
    joined: dict[str, set[str]] = {node: set() for node in alive}
    for node in alive:
        family = [*parents.get(node, ()), node]
        for member in family:
            joined[member].update(family)
    return joined


def _boundary(moral: dict[str, set[str]], start: list[str], stops: set[str], held: set[str]) -> set[str]:
    """The first of `stops` met on every walk from `start` that does not cross `held`."""
    seen, met = set(start), set[str]()
    todo = list(start)
    while todo:
        for node in moral.get(todo.pop(), ()):
            if node in seen or node in held:
                continue
            seen.add(node)
            if node in stops:
                met.add(node)
            else:
                todo.append(node)
    return met


def instruments_of(
    graph: Graph, treatment: str, outcome: str, usable: set[str], selected: Collection[str] = ()
) -> list[tuple[str, tuple[str, ...]]]:
    """Every usable column that the graph makes an instrument, with what must be held fixed; best first.

    Those that act on the treatment directly come first, then those that act through others, then those that merely share a
    cause with it; among equals the ones that need less held fixed, then by name. Conditional instruments are found as well
    (Card 1995: nearness to a college, given region), which DoWhy 0.14 does not list. Columns that touch the treatment only
    once a shared consequence is held fixed are not looked for: as instruments they would be very weak.
    """
    children = graph.children()
    if treatment not in children or outcome not in children or outcome not in sep.reach([treatment], children):
        return []
    up = sep.reach([treatment], sep.parents_of(children))
    late = sep.reach([treatment, outcome], children)

    def nearness(node: str) -> int:
        return 0 if treatment in children[node] else 1 if node in up else 2

    # an instrument shares an ancestor with the treatment, or is one; the nearest are looked at first, and not all of hundreds
    candidates = sorted((sep.reach(up, children) & usable) - late, key=lambda n: (nearness(n), n))
    found = []
    for node in candidates[:MOST]:
        held = conditioning_set(children, [node], treatment, outcome, usable, selected)
        if held is not None:
            found.append((nearness(node), len(held), node, held))
    return [(node, held) for _, _, node, held in sorted(found)]


@dataclass(frozen=True)
class Breach:
    """Why a column is no instrument: `kind` direct (an arrow past the treatment), shared (something drives both it and the
    outcome), late (it comes after the treatment or the outcome), untouched (it does not move the treatment), other.

    nodes: the arrow's two ends, or the shared causes.
    """

    kind: str
    nodes: tuple[str, ...] = ()


def breach(
    children: Children,
    instrument: str,
    treatment: str,
    outcome: str,
    given: Iterable[str],
    blockable: Iterable[str] = (),
    selected: Collection[str] = (),
) -> Breach | None:
    """What spoils `instrument` given `given`; None where nothing does. `blockable` are columns that could have been held fixed."""
    held = set(given)
    if instrument in sep.reach([treatment, outcome], children):
        return Breach("late", (instrument,))
    if not open_between(children, instrument, treatment, outcome, held, selected):
        return None if touches(children, instrument, treatment, held, selected) else Breach("untouched", (instrument,))
    past = {n: [c for c in kids if n != treatment] for n, kids in children.items()}  # the treatment passes nothing on
    parents = sep.parents_of(past)
    down = sep.reach([instrument], past)
    if outcome in down - held:
        onward = sep.reach([outcome], parents)
        steps = sorted(c for c in past[instrument] if c in onward and c not in held)
        if steps:
            return Breach("direct", (instrument, outcome if outcome in steps else steps[0]))
    above = sep.reach([instrument], sep.parents_of(children)) - {instrument}
    causes = sorted(c for c in above - held - set(blockable) if outcome in sep.reach([c], past))
    nearest = [c for c in causes if not any(k in causes for k in children[c])]
    if causes:
        return Breach("shared", tuple(nearest or causes))
    return Breach("other", (instrument,))
