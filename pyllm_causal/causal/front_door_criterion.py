"""Graph checks for effects that run through mediators: the front-door criterion and what natural effects need.

All are d-separation queries on graphs (`separation`, `dag`), so they are bounded by nodes times arrows times nodes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..graph import Graph
from . import separation as sep
from .dag import Dag, bits

Children = dict[str, list[str]]


@dataclass(frozen=True)
class Leak:
    """Why a set of mediators does not do. `kind`: around (a path past them), before (treatment and mediator share a cause),
    behind (mediator and outcome share one), late (the shared cause is itself changed by the treatment), order.

    `nodes` are what is to blame, for a path in its order; `between` the two that it connects.
    """

    kind: str
    nodes: tuple[str, ...]
    between: tuple[str, str]


def mediators_of(graph: Graph, treatment: str, outcome: str, usable: Collection[str]) -> tuple[str, ...] | None:
    """Usable columns that meet the front-door criterion (Pearl 1995; with covariates, Fulcher et al. 2020), sorted; None where
    no columns do, whatever else is held fixed.

    The first single column by name that will do, else a set of which no member can be left out.
    """
    dag = Dag.of(believed(graph))
    if treatment not in dag.at or outcome not in dag.at:
        return None
    t, y = dag.mask([treatment]), dag.mask([outcome])
    columns = dag.mask(usable) & ~(t | y)
    door = _Door(dag, t, y, columns & dag.above(t | y) & ~dag.below(t))
    most = door.largest(columns & dag.between(t, y))
    if not most or not door.stopped(most):
        return None
    for node in bits(most & door.bottlenecks()):
        if not door.leaking(1 << node):
            return tuple(dag.named(1 << node))
    chosen = min(
        (door.smallest(start, most) for start in (door.first_met(most), door.last_met(most))), key=int.bit_count
    )
    return tuple(dag.named(chosen))


@dataclass(frozen=True)
class _Door:
    """The front door of one effect, with every usable cause of treatment or outcome held fixed that does not come after the
    treatment. If any covariates open a front door, these do: a path that one of them opens as a collider runs on from there
    to the treatment, a mediator or the outcome, and would have been open without it."""

    dag: Dag
    treatment: int
    outcome: int
    held: int

    def largest(self, among: int) -> int:
        """The largest set of mediators that nothing connects with the treatment or, given that, with the outcome but effects.

        Every other such set is part of it (Jeong, Tian & Bareinboim 2022; Wienöbst, van der Zander & Liśkiewicz 2024): a
        mediator with a path to the outcome keeps it when fewer mediators are named, so it can be left out for good.
        """
        loose = self.dag.without(self.treatment, -1)
        found = among & ~loose.connected(self.treatment, self.held)
        while leaks := self.leaking(found):
            found &= ~leaks
        return found

    def leaking(self, mediators: int) -> int:
        """Those of the mediators that something but their effect connects with the outcome."""
        loose = self.dag.without(mediators, -1)
        return mediators & loose.connected(self.outcome, self.held | self.treatment)

    def stopped(self, mediators: int) -> bool:
        """Whether every causal path meets a mediator."""
        return not self.dag.without(mediators, -1).below(self.treatment) & self.outcome

    def first_met(self, mediators: int) -> int:
        """The mediators that some causal path meets before any other."""
        return mediators & self.dag.without(mediators, -1).below(self.treatment)

    def last_met(self, mediators: int) -> int:
        """The mediators that some causal path meets after any other."""
        return mediators & self.dag.without(-1, mediators).above(self.outcome)

    def smallest(self, start: int, most: int) -> int:
        """Mediators that will do, out of `most`, grown from `start` and then left out one at a time."""
        chosen = start
        while self.leaking(chosen):  # what lies on an open path behind them is a mediator, too
            loose = self.dag.without(chosen, -1)
            chosen |= most & loose.connected(self.outcome, self.held | self.treatment)
        for node in list(bits(chosen)):
            fewer = chosen & ~(1 << node)
            if self.stopped(fewer) and not self.leaking(fewer):
                chosen = fewer
        return chosen

    def bottlenecks(self) -> int:
        """Nodes that every causal path passes: in causal order, no arrow between nodes of such paths jumps over them."""
        place = {node: i for i, node in enumerate(self.dag.order())}
        path = self.dag.between(self.treatment, self.outcome)
        found = 0
        farthest = max((place[k] for i in bits(self.treatment) for k in bits(self.dag.children[i] & path)), default=0)
        for node in sorted(bits(path & ~self.outcome), key=place.__getitem__):
            if farthest <= place[node]:
                found |= 1 << node
            farthest = max([farthest, *(place[k] for k in bits(self.dag.children[node] & path))])
        return found


def believed(graph: Graph) -> Children:
    """Node -> children without hidden causes that only a model suspects (as in `identify`), sorted."""
    kept = graph.model_copy(update={"unmeasured": tuple(u for u in graph.unmeasured if u.source != "model")})
    return {node: sorted(kids) for node, kids in sorted(kept.children().items())}


def covariates_for(
    children: Children,
    treatment: str,
    outcome: str,
    mediators: Collection[str],
    usable: Collection[str],
    front_door: bool,
) -> tuple[str, ...] | None:
    """Covariates under which the mediators do, as few as found, sorted; None where no candidate set does.

    No covariate may be affected by the treatment.
    """
    dag = Dag.of(children)
    t, y, through = dag.mask([treatment]), dag.mask([outcome]), dag.mask(mediators)
    if not set(mediators) <= dag.at.keys() or _misplaced(dag, t, y, through, front_door):
        return None
    allowed = dag.mask(usable) & ~(dag.below(t) | y | through)
    for anchors in (0, t | through, t | y | through):
        chosen = allowed & dag.above(anchors)
        if _open(dag, t, y, through, chosen, front_door):
            continue
        chosen = _bordering(dag, t, y, through, chosen, front_door)
        for node in list(bits(chosen)):
            fewer = chosen & ~(1 << node)
            if not _open(dag, t, y, through, fewer, front_door):
                chosen = fewer
        return tuple(dag.named(chosen))
    return None


def _misplaced(dag: Dag, treatment: int, outcome: int, mediators: int, front_door: bool) -> bool:
    """Whether a mediator comes before the treatment or after the outcome, or, for a front door, a causal path passes them by."""
    if dag.below(mediators) & treatment or dag.below(outcome) & mediators:
        return True
    return front_door and bool(dag.without(mediators, -1).below(treatment) & outcome)


def _open(dag: Dag, treatment: int, outcome: int, mediators: int, held: int, front_door: bool) -> bool:
    """Whether something but effects connects treatment and mediators, or mediators and outcome given the treatment, or, for
    natural effects, treatment and outcome."""
    ends = mediators if front_door else mediators | outcome
    if dag.without(treatment, -1).connected(treatment, held) & ends:
        return True
    return bool(dag.without(mediators, -1).connected(outcome, held | treatment) & mediators)


def _bordering(dag: Dag, treatment: int, outcome: int, mediators: int, held: int, front_door: bool) -> int:
    """The part of a set of covariates that does which still does: what is met first on walks from the mediators."""
    ends = mediators if front_door else mediators | outcome
    loose, behind = dag.without(treatment, -1), dag.without(mediators, -1)
    before = loose.met(ends, held, loose.above(treatment | ends | held))
    after = behind.met(mediators, held | treatment, behind.above(treatment | outcome | mediators | held))
    return held & (before | after)


def leak_of(
    children: Children,
    treatment: str,
    outcome: str,
    mediators: Collection[str],
    covariates: Collection[str],
    front_door: bool,
) -> Leak | None:
    """The first condition that fails, or None.

    Front door (Pearl 2009, definition 3.3.3, given covariates): every directed path meets a mediator; nothing but the treatment
    connects it with a mediator; given the treatment nothing but the mediators' own effect connects them with the outcome.
    Natural effects (Pearl 2001, theorem 2; Imai, Keele & Yamamoto 2010, assumption 1): the same without the first, and
    nothing but its effect connects the treatment with the outcome.
    """
    for m in sorted(mediators):
        after = sep.reach([m], children)
        if treatment in after:
            return Leak("order", (m, treatment), (m, treatment))
        if m in sep.reach([outcome], children):
            return Leak("order", (outcome, m), (outcome, m))
    if front_door:
        path = _way(children, treatment, outcome, mediators)
        if path is not None:
            return Leak("around", path, (treatment, outcome))
    given = set(covariates)
    without_treatment = {n: [] if n == treatment else kids for n, kids in children.items()}
    reached = sep.connected(without_treatment, treatment, given)
    for m in sorted(mediators):
        if m in reached:
            return Leak("before", _causes(children, treatment, m, given), (treatment, m))
    if not front_door and outcome in reached:
        return Leak("before", _causes(children, treatment, outcome, given), (treatment, outcome))
    without_mediators = {n: [] if n in mediators else kids for n, kids in children.items()}
    held = given | {treatment}
    for m in sorted(mediators):
        if outcome in sep.connected(without_mediators, m, held):
            blame = _causes(children, m, outcome, held)
            late = tuple(n for n in blame if n in sep.reach([treatment], children))
            return Leak("late" if late else "behind", late or blame, (m, outcome))
    return None


def _way(children: Children, start: str, end: str, blocked: Collection[str]) -> tuple[str, ...] | None:
    """A shortest directed path from start to end that avoids `blocked`."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen = {start, *blocked}
    while paths:
        longer = []
        for path in paths:
            for child in children.get(path[-1], ()):
                if child == end:
                    return (*path, end)
                if child not in seen:
                    seen.add(child)
                    longer.append((*path, child))
        paths = longer
    return None


def _causes(children: Children, a: str, b: str, given: Collection[str]) -> tuple[str, ...]:
    """Shared causes of a and b that are not held fixed, the nearest first: those that reach b without passing through a, and
    a without passing through b."""
    dag = Dag.of(children)
    to_a, to_b = _steps_to(dag, a, {b, *given}), _steps_to(dag, b, {a, *given})
    out = [(to_a[n] + to_b[n], n) for n in to_a if n in to_b and n not in given and n not in (a, b)]
    if not out and _way(children, b, a, set(given)) is not None:
        return (b, a)
    least = min((length for length, _ in out), default=0)
    return tuple(node for length, node in sorted(out) if length == least)


def _steps_to(dag: Dag, end: str, blocked: Collection[str]) -> dict[str, int]:
    """Node -> arrows on the shortest way to `end` that passes through none of `blocked`."""
    seen = level = dag.mask([end])
    stop, steps = dag.mask(blocked), dict[str, int]()
    length = 0
    while level:
        length += 1
        level = dag.parents_of(level) & ~seen
        seen |= level
        steps |= dict.fromkeys(dag.named(level), length)
        level &= ~stop
    return steps
