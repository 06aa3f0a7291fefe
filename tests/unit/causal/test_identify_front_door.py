"""Front-door sets found in a graph: against brute force of the criterion over all sets of mediators and covariates."""

from __future__ import annotations

import time
from itertools import chain, combinations
from random import Random

import networkx as nx
import pytest

from pyllm_causal.causal.front_door_criterion import covariates_for, leak_of, mediators_of
from pyllm_causal.graph import Graph

Arrows = list[tuple[str, str]]


def subsets(items: list[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(items, size) for size in range(len(items) + 1)))


def meets(graph: nx.DiGraph, t: str, y: str, mediators: tuple[str, ...], held: tuple[str, ...]) -> bool:
    """Pearl 2009, definition 3.3.3, given covariates (Fulcher et al. 2020), by networkx."""
    if not mediators or set(mediators) & (nx.ancestors(graph, t) | nx.descendants(graph, y)):
        return False
    around = graph.copy()
    around.remove_nodes_from(mediators)
    no_treatment = graph.copy()
    no_treatment.remove_edges_from(list(graph.out_edges(t)))
    no_mediators = graph.copy()
    no_mediators.remove_edges_from(list(graph.out_edges(list(mediators))))
    return (
        not nx.has_path(around, t, y)
        and nx.is_d_separator(no_treatment, {t}, set(mediators), set(held))
        and nx.is_d_separator(no_mediators, set(mediators), {y}, {*held, t})
    )


def a_graph(rng: Random) -> tuple[Graph, str, str, list[str]]:
    """A graph with hidden causes, one of them of treatment and outcome, few direct arrows, and the columns measured."""
    names = [f"v{i}" for i in range(rng.randint(3, 6))]
    rng.shuffle(names)
    first, last = sorted(rng.sample(range(len(names)), 2))
    t, y = names[first], names[last]
    chance = rng.uniform(0.25, 0.6)
    pairs = [(a, b) for a, b in combinations(names, 2) if rng.random() < chance and (a, b) != (t, y)]
    pairs += [(t, names[first + 1]), (names[last - 1], y)] if last - first > 1 else []
    hidden = {f"u{i}": rng.sample(names, 2) for i in range(rng.randint(0, 2))} | {"luck": [t, y]}
    graph = Graph.of(*pairs, unmeasured=hidden)
    return graph, t, y, sorted(n for n in names if n in graph.nodes() and n not in (t, y) and rng.random() < 0.9)


@pytest.mark.parametrize("seed", range(4))
def test_a_front_door_is_found_exactly_where_one_exists_and_none_can_be_left_out(seed: int) -> None:
    rng = Random(seed)
    yes = no = several = covered = 0
    for _ in range(150):
        graph, t, y, usable = a_graph(rng)
        whole = nx.DiGraph(graph.pairs())
        late = nx.descendants(whole, t)
        early = [n for n in usable if n not in late]

        def works(mediators: tuple[str, ...]) -> bool:
            held = [n for n in early if n not in mediators]  # noqa: B023  (used within the same round)
            return any(meets(whole, t, y, mediators, given) for given in subsets(held))  # noqa: B023

        found = mediators_of(graph, t, y, usable)
        if y not in late:  # no path to pass through
            assert found is None
            continue
        assert (found is not None) == any(works(s) for s in subsets(usable)), (graph.pairs(), t, y, usable)
        if found is None:
            no += 1
            continue
        held = covariates_for(graph.children(), t, y, found, usable, front_door=True)
        assert held is not None and meets(whole, t, y, found, held)
        assert not any(works(s) for s in subsets(list(found)) if len(s) < len(found))
        assert not any(meets(whole, t, y, found, s) for s in subsets(list(held)) if len(s) < len(held))
        yes, several, covered = yes + 1, several + (len(found) > 1), covered + bool(held)
    assert yes > 8 and no > 8 and several and covered


def test_the_smallest_of_several_mediators() -> None:
    """Both branches carry the effect; of each, one column is enough."""
    two = Graph.of(
        ("t", "a"), ("a", "b"), ("b", "y"), ("t", "c"), ("c", "y"), unmeasured={"u": ["t", "y"]}
    )  # fmt: skip
    found = mediators_of(two, "t", "y", {"a", "b", "c"})
    assert found is not None and len(found) == 2 and "c" in found
    behind = Graph.of(("t", "a"), ("a", "m"), ("t", "m"), ("m", "y"), ("a", "y"), unmeasured={"u": ["t", "y"]})
    assert mediators_of(behind, "t", "y", {"a", "m"}) == ("a", "m")  # a drives both m and y: m alone will not do
    assert mediators_of(behind, "t", "y", {"m"}) is None


@pytest.mark.parametrize("front_door", [True, False])
def test_covariates_are_minimal_and_hold(front_door: bool) -> None:
    """For given mediators, of a front door and of natural effects, in larger graphs."""
    rng = Random(9)
    found = 0
    for _ in range(80):
        names = [f"v{i}" for i in range(12)]
        pairs = [(a, b) for a, b in combinations(names, 2) if rng.random() < 0.25]
        t, m, y = names[4], names[6], names[9]
        children = Graph.of(*pairs, (t, m), (m, y)).children()
        usable = [n for n in names if rng.random() < 0.9]
        held = covariates_for(children, t, y, [m], usable, front_door)
        if held is None:
            continue
        found += bool(held)
        assert leak_of(children, t, y, [m], held, front_door) is None
        for column in held:
            fewer = [c for c in held if c != column]
            assert leak_of(children, t, y, [m], fewer, front_door) is not None
    assert found > (0 if front_door else 5)


def test_a_thousand_nodes_take_milliseconds() -> None:
    rng = Random(2)
    names = [f"v{i}" for i in range(1000)]
    pairs = [(names[rng.randrange(max(0, j - 40), j)], names[j]) for j in range(1, 1000) for _ in range(3)]
    graph = Graph.of(*pairs, unmeasured={"u": ["v300", "v900"]})
    times = []
    for _ in range(3):
        start = time.process_time()
        found = mediators_of(graph, "v300", "v900", set(names))
        times.append(time.process_time() - start)
    assert found is not None and len(found) > 1
    assert min(times) < 1.0, f"{min(times):.3f} s"
