"""d-separation and adjustment sets against networkx, brute force over all sets, and DoWhy."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import chain, combinations
from random import Random

import networkx as nx
import pytest

from pyllm_causal.causal import separation as sep

Graph = dict[str, list[str]]


def random_graph(rng: Random, nodes: int, density: float) -> Graph:
    names = [f"n{i}" for i in range(nodes)]
    rng.shuffle(names)
    return {a: [b for b in names[i + 1 :] if rng.random() < density] for i, a in enumerate(names)}


def as_networkx(children: Graph) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(children)
    graph.add_edges_from((a, b) for a, kids in children.items() for b in kids)
    return graph


def subsets(items: list[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(items, size) for size in range(len(items) + 1)))


@pytest.mark.parametrize("seed", range(10))
def test_fifty_graphs_a_seed_as_networkx_says(seed: int) -> None:
    rng = Random(seed)
    for _ in range(50):
        children = random_graph(rng, rng.randint(3, 12), rng.uniform(0.1, 0.6))
        graph, names = as_networkx(children), sorted(children)
        for _ in range(6):
            a, b, *rest = rng.sample(names, len(names))
            given = set(rest[: rng.randint(0, len(rest))])
            assert sep.separated(children, a, b, given) == nx.is_d_separator(graph, {a}, {b}, given)


def truly_valid(children: Graph, treatment: str, outcome: str, adjust: tuple[str, ...]) -> bool:
    """Back-door criterion (Pearl 2009, definition 3.3.1) by networkx."""
    graph = as_networkx(children)
    if set(adjust) & nx.descendants(graph, treatment):
        return False
    graph.remove_edges_from([(treatment, child) for child in children[treatment]])
    return nx.is_d_separator(graph, {treatment}, {outcome}, set(adjust))


@pytest.mark.parametrize("seed", range(6))
def test_minimal_sets_as_brute_force_says(seed: int) -> None:
    rng = Random(100 + seed)
    none = some = 0
    for _ in range(25):
        children = random_graph(rng, rng.randint(3, 7), rng.uniform(0.2, 0.7))
        names = sorted(children)
        treatment, outcome, *others = rng.sample(names, len(names))
        if treatment in nx.descendants(as_networkx(children), outcome):
            treatment, outcome = outcome, treatment
        allowed = sorted(n for n in others if rng.random() < 0.7)
        valid = [set(s) for s in subsets(allowed) if truly_valid(children, treatment, outcome, s)]
        found = sep.minimal_adjustment(children, treatment, outcome, allowed)
        if not valid:
            assert found is None
            none += 1
            continue
        some += 1
        assert found is not None and set(found) in valid and found == sorted(found)
        assert not any(smaller < set(found) for smaller in valid), "a proper subset would do"
        for candidate in subsets(allowed):
            assert sep.valid_adjustment(children, treatment, outcome, candidate) == (set(candidate) in valid)
    assert none and some


@pytest.mark.parametrize("seed", range(3))
def test_selected_rows_as_brute_force_says(seed: int) -> None:
    """In rows chosen by S: S is held fixed, lies on no causal path and below none, and the rest is d-separated."""
    rng = Random(200 + seed)
    for _ in range(40):
        children = random_graph(rng, 6, rng.uniform(0.2, 0.6))
        treatment, outcome, chosen, *others = rng.sample(sorted(children), 6)
        graph = as_networkx(children)
        if treatment in nx.descendants(graph, outcome):
            continue
        path = (nx.descendants(graph, treatment) & (nx.ancestors(graph, outcome) | {outcome})) | {outcome}
        below = set().union(*({n} | nx.descendants(graph, n) for n in path))
        bare = graph.copy()
        bare.remove_edges_from([(treatment, c) for c in children[treatment] if c in path])
        for adjust in subsets(others):
            expected = (
                chosen not in below
                and not set(adjust) & nx.descendants(graph, treatment)
                and nx.is_d_separator(bare, {treatment}, {outcome}, {*adjust, chosen})
            )
            assert sep.valid_adjustment(children, treatment, outcome, adjust, [chosen]) == expected


def test_sets_that_dowhy_proposes_are_valid_and_exist_when_ours_do() -> None:
    from dowhy.causal_identifier.auto_identifier import identify_generalized_adjustment_set

    rng = Random(7)
    compared = 0
    for _ in range(40):
        children = random_graph(rng, 7, 0.4)
        names = sorted(children)
        treatment, outcome, *others = rng.sample(names, len(names))
        below = sep.reach([treatment], children)
        if outcome not in below:
            continue
        allowed = [n for n in others if n not in below and rng.random() < 0.8]
        ours = sep.minimal_adjustment(children, treatment, outcome, allowed)
        theirs = identify_generalized_adjustment_set(as_networkx(children), [treatment], [outcome], sorted(allowed))
        assert bool(theirs) == (ours is not None)
        for found in theirs[:1]:
            assert sep.valid_adjustment(children, treatment, outcome, set(found.get_adjustment_variables()))
            compared += 1
    assert compared > 5


def test_four_hundred_nodes_take_no_time() -> None:
    rng = Random(1)
    children = random_graph(rng, 400, 0.03)
    order = list(children)
    import time

    start = time.process_time()
    sep.minimal_adjustment(children, order[150], order[390], set(order))
    assert time.process_time() - start < 5


@pytest.mark.parametrize("hash_seed", ["1", "2", "random"])
def test_the_same_set_under_every_hash_seed(hash_seed: str) -> None:
    code = (
        "from random import Random\n"
        "from tests.unit.causal.test_separation import random_graph, sep\n"
        "rng = Random(3); out = []\n"
        "for _ in range(30):\n"
        "    g = random_graph(rng, 9, 0.4); a, b = sorted(g)[:2]\n"
        "    out.append(sep.minimal_adjustment(g, a, b, set(g)))\n"
        "print(out)"
    )
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    rng, here = Random(3), []
    for _ in range(30):
        graph = random_graph(rng, 9, 0.4)
        a, b = sorted(graph)[:2]
        here.append(sep.minimal_adjustment(graph, a, b, set(graph)))
    assert said.strip() == str(here)
