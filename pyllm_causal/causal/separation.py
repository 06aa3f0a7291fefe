"""d-separation and the adjustment criterion, independent of any library: the referee of what DoWhy returns.

Graphs are mappings node -> children, or a `Dag` where many questions are asked of one. Everything here is polynomial:
linear in nodes and arrows unless said otherwise, and the same under any hash seed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from .dag import Children as Children
from .dag import Dag, bits

Picture = Children | Dag
Independence = tuple[str, str, tuple[str, ...]]


def parents_of(children: Children) -> dict[str, list[str]]:
    """Node -> parents, sorted."""
    parents: dict[str, list[str]] = {node: [] for node in children}
    for node in sorted(children):
        for child in children[node]:
            parents.setdefault(child, []).append(node)
    return parents


def reach(start: Iterable[str], step: Children) -> set[str]:
    """Everything reachable from `start` along `step`, `start` included."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for node in step.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def connected(children: Picture, source: str, given: Collection[str]) -> set[str]:
    """Nodes d-connected to `source` given `given`."""
    dag = Dag.of(children)
    if source not in dag.at:
        return {source} - set(given)
    return set(dag.named(dag.connected(dag.mask([source]), dag.mask(given))))


def separated(children: Picture, a: str, b: str, given: Collection[str]) -> bool:
    """Whether `a` and `b` are d-separated given `given`."""
    dag = Dag.of(children)
    return a != b and not dag.connected(dag.mask([a]), dag.mask(given)) & dag.mask([b])


def causal_nodes(children: Picture, treatment: str, outcome: str) -> set[str]:
    """Nodes on directed paths from treatment to outcome, without the treatment."""
    dag = Dag.of(children)
    return set(dag.named(dag.between(dag.mask([treatment]), dag.mask([outcome]))))


@dataclass(frozen=True)
class Frame:
    """A question put to a graph, as bitsets. path: the causal paths and the outcome; late: what may not be held fixed.

    cut: the graph without the first arrow of every causal path (van der Zander et al. 2014, section 4.1).
    """

    dag: Dag
    cut: Dag
    treatment: int
    outcome: int
    path: int
    late: int
    selected: int

    @classmethod
    def of(cls, children: Picture, treatment: str, outcome: str, selected: Collection[str] = ()) -> Frame:
        dag = Dag.of(children)
        t, y = dag.mask([treatment]), dag.mask([outcome])
        path = dag.between(t, y)
        return cls(dag, dag.without(t, path), t, y, path | y, dag.below(t) | y, dag.mask(selected))

    @cached_property
    def distorted(self) -> bool:
        """Whether the rows were chosen by something that the effect itself moves: nothing undoes that."""
        return bool(self.selected & self.dag.below(self.path))

    def valid(self, adjust: int) -> bool:
        """Whether the set identifies the effect."""
        if adjust & self.late or self.distorted:
            return False
        return not self.cut.connected(self.treatment, adjust | self.selected) & self.outcome

    def minimal(self, allowed: int, near_treatment: bool = False) -> int | None:
        """A minimal valid set out of `allowed`, the one nearest to the outcome or to the treatment; None where none is valid."""
        if self.distorted:
            return None
        ends = (self.outcome, self.treatment) if near_treatment else (self.treatment, self.outcome)
        return self.cut.separator(*ends, allowed & ~(self.late | self.selected), self.selected)

    def nearest(self, allowed: int) -> int:
        """The allowed columns that are met first from the outcome. They are a valid set if any are."""
        usable = allowed & ~(self.late | self.selected)
        within = self.cut.above(self.treatment | self.outcome | self.selected)
        return usable & self.cut.met(self.outcome, (usable & within) | self.selected, within)

    def open_walk(self, allowed: int) -> int:
        """A shortest walk from outcome to treatment that no allowed column can block, as a set of nodes; empty where none is.

        Whatever would make the effect identifiable, were it in the table, lies on every such walk.
        """
        stops = (allowed & ~self.late) | self.selected
        within = self.cut.above(self.treatment | self.outcome | self.selected)
        levels = [self.outcome]
        seen = self.outcome
        while levels[-1] and not seen & self.treatment:
            step = self.cut.neighbours(levels[-1] & ~stops | (levels[-1] & self.outcome), within) & ~seen
            seen |= step
            levels.append(step)
        if not seen & self.treatment:
            return 0
        walk = here = self.treatment
        for level in reversed(levels[:-1]):
            back = self.cut.neighbours(here, within) & level & (~stops | self.outcome)
            here = back & -back
            walk |= here
        return walk

    def optimal(self) -> int:
        """The O-set: the parents of the causal nodes that are none themselves (Henckel, Perković & Maathuis 2022).

        Of all valid sets it gives the smallest asymptotic variance. It may hold hidden causes.
        """
        return self.dag.parents_of(self.path) & ~(self.late | self.path)

    def without_instruments(self, adjust: int) -> int:
        """A valid set of ancestors without what touches the outcome only through the treatment, given the rest: still valid."""
        held = adjust | self.selected
        within = self.cut.above(self.treatment | self.outcome | held)
        return adjust & self.cut.met(self.outcome, held, within)


def valid_adjustment(
    children: Picture, treatment: str, outcome: str, adjust: Collection[str], selected: Collection[str] = ()
) -> bool:
    """Whether `adjust` identifies the effect, in rows that `selected` decided on.

    No descendant of the treatment may be in `adjust` (back-door criterion, Pearl 2009, definition 3.3.1), none of `selected`
    may descend from a node on a causal path, and treatment and outcome are d-separated in the back-door graph.
    """
    if {treatment, outcome} & set(adjust):
        return False
    frame = Frame.of(children, treatment, outcome, selected)
    return frame.valid(frame.dag.mask(adjust))


def minimal_adjustment(
    children: Picture, treatment: str, outcome: str, allowed: Collection[str], selected: Collection[str] = ()
) -> list[str] | None:
    """A minimal valid set out of `allowed`, sorted, or None when no set is valid.

    Of the minimal sets it is the one nearest to the outcome: columns there buy precision (Smucler, Sapienza & Rotnitzky 2022).
    A minimal set never holds an instrument: what has no path to the outcome but through the treatment, given the rest, can be
    left out of any set.
    """
    frame = Frame.of(children, treatment, outcome, selected)
    found = frame.minimal(frame.dag.mask(allowed))
    return None if found is None else frame.dag.named(found)


def adjustment_sets(
    children: Picture, treatment: str, outcome: str, allowed: Collection[str], selected: Collection[str] = ()
) -> list[tuple[str, ...]]:
    """Valid sets out of `allowed` that are worth comparing, each different and sorted; empty when no set is valid.

    In this order: the minimal set nearest to the outcome, the O-set (or what is allowed of it, where that is valid), the
    minimal set nearest to the treatment, and the treatment's parents, without those that are mere instruments.
    """
    frame = Frame.of(children, treatment, outcome, selected)
    usable = frame.dag.mask(allowed) & ~(frame.late | frame.selected)
    first = frame.minimal(usable)
    if first is None:
        return []
    found = [first]
    outcomes = frame.optimal() & usable
    parents = frame.dag.parents_of(frame.treatment) & usable
    last = frame.minimal(usable, near_treatment=True)
    assert last is not None
    found += [s for s in (outcomes, last) if frame.valid(s)]
    if frame.valid(parents):
        found.append(frame.without_instruments(parents))
    return [tuple(frame.dag.named(s)) for s in dict.fromkeys(found)]


def implied_independences(
    children: Picture,
    observed: Collection[str],
    selected: Collection[str] = (),
    most: int = 1000,
    largest: int = 20,
) -> list[Independence]:
    """What the graph says has nothing to do with each other: (x, y, given) for pairs of observed columns, x before y.

    For every pair that some set of observed columns d-separates: a minimal such set, the one nearest to the later of the
    two. Without hidden causes these are part of its parents, and the list is a basis: for linear models it implies every
    other independence (Pearl & Meshkat 1999). With hidden causes it holds the pairs that can be tested at all.
    Pairs close to each other in the graph come first; at most `most` are given, out of the first ten times as many pairs,
    and none that needs more than `largest` columns held fixed. In rows that `selected` decided on, all of it is held fixed
    as well. Pairs times (nodes + arrows).
    """
    dag = Dag.of(children)
    held = dag.mask(selected)
    seen = dag.mask(observed) & ~held
    order = dag.order()
    place = {node: i for i, node in enumerate(order)}
    found: list[Independence] = []
    for first, second in islice(_pairs(dag, seen), 10 * most):
        x, y = (first, second) if place[first] < place[second] else (second, first)
        given = dag.separator(1 << x, 1 << y, seen, held)
        if given is not None and given.bit_count() <= largest:
            found.append((dag.names[x], dag.names[y], tuple(dag.named(given))))
            if len(found) == most:
                break
    return found


def _pairs(dag: Dag, among: int) -> Iterator[tuple[int, int]]:
    """Pairs without an arrow between them, by their distance in the graph and then by name; those that nothing joins last."""
    nodes = list(bits(among))
    joined = [up | down for up, down in zip(dag.parents, dag.children, strict=True)]
    reached = {node: 1 << node | joined[node] for node in nodes}
    edge = {node: joined[node] for node in nodes}
    while any(edge.values()):
        for node in nodes:
            step = 0
            for other in bits(edge[node]):
                step |= joined[other]
            edge[node] = step & ~reached[node]
            reached[node] |= step
            for other in bits(edge[node] & among & ~((2 << node) - 1)):
                yield node, other
    for node in nodes:
        for other in bits(among & ~reached[node] & ~((2 << node) - 1)):
            yield node, other
