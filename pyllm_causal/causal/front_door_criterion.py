"""Graph checks for effects that run through mediators: the front-door criterion and what natural effects need.

All are d-separation queries on graphs of node -> children (`separation`), so they are bounded by nodes times edges.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..graph import Graph
from . import separation as sep

Children = dict[str, list[str]]
MOST_CANDIDATES = 30  # sets of mediators that are tried


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
    """The smallest set of usable columns found that meets the front-door criterion (Pearl 1995; with covariates, Fulcher et al.
    2020), sorted; None where none of the bounded candidates does: single nodes, the first, the last and all nodes on the way.
    """
    children = believed(graph)
    if treatment not in children or outcome not in children:
        return None
    on_path = sep.causal_nodes(children, treatment, outcome) - {treatment, outcome}
    allowed = sorted(on_path & set(usable))
    if not allowed or outcome in children[treatment]:
        return None
    parents = sep.parents_of(children)
    several = [
        [n for n in allowed if n in children[treatment]],
        [n for n in allowed if n in parents.get(outcome, ())],
        allowed,
    ]
    candidates = [[n] for n in allowed[:MOST_CANDIDATES]] + [s for s in several if len(s) > 1]
    for chosen in candidates:
        covariates = covariates_for(children, treatment, outcome, chosen, usable, front_door=True)
        if covariates is not None:
            return tuple(chosen)
    return None


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
    below = sep.reach([treatment], children)
    allowed = set(usable) - below - {outcome, *mediators}
    parents = sep.parents_of(children)
    for anchors in ([], [treatment, *mediators], [treatment, outcome, *mediators]):
        chosen = sorted(allowed & sep.reach(anchors, parents))
        if leak_of(children, treatment, outcome, mediators, chosen, front_door) is not None:
            continue
        for node in list(chosen):
            fewer = [n for n in chosen if n != node]
            if leak_of(children, treatment, outcome, mediators, fewer, front_door) is None:
                chosen = fewer
        return tuple(chosen)
    return None


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
    out = []
    for node in children:
        if node in given or node in (a, b):
            continue
        to_a, to_b = _way(children, node, a, {b, *given}), _way(children, node, b, {a, *given})
        if to_a is not None and to_b is not None:
            out.append((len(to_a) + len(to_b), node))
    if not out and _way(children, b, a, set(given)) is not None:
        return (b, a)
    least = min((length for length, _ in out), default=0)
    return tuple(node for length, node in sorted(out) if length == least)
