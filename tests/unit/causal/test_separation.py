"""d-separation, adjustment sets and implied independences against networkx, brute force over all sets, and DoWhy."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import chain, combinations
from random import Random

import networkx as nx
import numpy as np
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
def test_two_thousand_questions_as_networkx_answers(seed: int) -> None:
    rng = Random(seed)
    answers = []
    for _ in range(50):
        nodes = rng.choice([4, 8, 12, 40])
        children = random_graph(rng, nodes, min(0.6, rng.uniform(0.5, 4) / nodes))
        graph, names, dag = as_networkx(children), sorted(children), sep.Dag.of(children)
        for _ in range(4):
            a, b, *rest = rng.sample(names, len(names))
            given = set(rest[: rng.randint(0, min(len(rest), 8))])
            answers.append(nx.is_d_separator(graph, {a}, {b}, given))
            assert sep.separated(dag, a, b, given) == answers[-1]
            assert (b in sep.connected(children, a, given)) == (not answers[-1])
    assert len(answers) == 200 and 40 < sum(answers) < 160


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


@pytest.mark.parametrize("seed", range(4))
def test_sets_in_larger_graphs_are_valid_minimal_and_without_instruments(seed: int) -> None:
    """By networkx, in the back-door graph: also the sets that are kept for comparison, and in chosen rows."""
    rng = Random(300 + seed)
    found = chosen = compared = 0
    for _ in range(40):
        nodes = rng.randint(8, 60)
        children = random_graph(rng, nodes, rng.uniform(1, 5) / nodes)
        names = list(children)
        first, last = sorted(rng.sample(range(nodes), 2))
        treatment, outcome = names[first], names[last]
        allowed = {n for n in names if rng.random() < 0.7} - {treatment, outcome}
        graph = as_networkx(children)
        below = nx.descendants(graph, treatment)
        path = below & (nx.ancestors(graph, outcome) | {outcome})
        selected = (
            {rng.choice(names)} - {treatment, outcome, *below, *nx.descendants(graph, outcome)}
            if rng.random() < 0.4
            else set()
        )
        bare = graph.copy()
        bare.remove_edges_from([(treatment, c) for c in children[treatment] if c in path])
        usable = allowed - below - selected
        everything = usable & nx.ancestors(
            nx.DiGraph([*graph.edges, *((n, 0) for n in (treatment, outcome, *selected))]), 0
        )
        exists = nx.is_d_separator(bare, {treatment}, {outcome}, everything | selected)
        minimal = sep.minimal_adjustment(children, treatment, outcome, allowed, selected)
        assert (minimal is not None) == exists
        sets = sep.adjustment_sets(children, treatment, outcome, allowed, selected)
        assert len(set(sets)) == len(sets) <= 4 and sets[:1] == ([] if minimal is None else [tuple(minimal)])
        if minimal is None:
            continue
        found, chosen, compared = found + 1, chosen + bool(selected), compared + (len(sets) > 1)
        ends: tuple[set[str], set[str]] = ({treatment}, {outcome})
        assert nx.is_minimal_d_separator(bare, *ends, {*minimal, *selected}, included=selected)
        for adjust in sets:
            assert set(adjust) <= usable and nx.is_d_separator(bare, *ends, {*adjust, *selected})
            for column in adjust:  # no column is a mere cause of the treatment
                assert not nx.is_d_separator(bare, {column}, {outcome}, {*adjust, *selected} - {column})
    assert found > 15 and chosen > 3 and compared > 5


def variance(children: Graph, treatment: str, outcome: str, adjust: tuple[str, ...], seed: int) -> float:
    """Asymptotic variance of the treatment's coefficient in a linear world with these arrows: of the outcome's residual over
    that of the treatment's."""
    rng = np.random.default_rng(seed)
    names = sorted(children)
    weights = np.array([[rng.uniform(0.4, 1.2) if b in children[a] else 0.0 for b in names] for a in names])
    spread = np.linalg.inv(np.eye(len(names)) - weights)
    sigma = spread.T @ spread

    def residual(node: str, given: list[str]) -> float:
        i, g = names.index(node), [names.index(n) for n in given]
        return float(sigma[i, i] - sigma[i, g] @ np.linalg.solve(sigma[np.ix_(g, g)], sigma[g, i]))

    return residual(outcome, [treatment, *adjust]) / residual(treatment, list(adjust))


def test_the_optimal_set_has_the_smallest_variance_and_the_nearest_minimal_set_that_of_minimal_sets() -> None:
    """Henckel, Perković & Maathuis 2022; Smucler, Sapienza & Rotnitzky 2022."""
    rng = Random(11)
    optimal = nearest = 0
    for seed in range(60):
        children = random_graph(rng, 7, rng.uniform(0.3, 0.6))
        names = list(children)
        treatment, outcome = names[rng.randint(1, 3)], names[rng.randint(4, 6)]
        if outcome not in sep.reach([treatment], children):
            continue
        others = sorted(set(names) - sep.reach([treatment], children))
        valid = [s for s in subsets(others) if truly_valid(children, treatment, outcome, s)]
        best = min(variance(children, treatment, outcome, s, seed) for s in valid)
        frame = sep.Frame.of(children, treatment, outcome)
        chosen = tuple(frame.dag.named(frame.optimal()))
        assert chosen in sep.adjustment_sets(children, treatment, outcome, others)
        assert variance(children, treatment, outcome, chosen, seed) == pytest.approx(best)
        optimal += len({variance(children, treatment, outcome, s, seed) for s in valid}) > 1
        minimal = [s for s in valid if not any(set(other) < set(s) for other in valid)]
        least = min(variance(children, treatment, outcome, s, seed) for s in minimal)
        ours = sep.minimal_adjustment(children, treatment, outcome, others)
        assert ours is not None and variance(children, treatment, outcome, tuple(ours), seed) == pytest.approx(least)
        nearest += len(minimal) > 1
    assert optimal > 20 and nearest > 2


def test_an_instrument_among_the_parents_is_left_out() -> None:
    children: Graph = {"z": ["t"], "a": ["t"], "b": ["a", "y"], "p": ["y"], "t": ["y"], "y": []}
    sets = sep.adjustment_sets(children, "t", "y", {"z", "a", "b", "p"})
    assert sets == [("b",), ("b", "p"), ("a",)]  # nearest to y, optimal, nearest to t and t's parents without z


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


# ---- what a graph says has nothing to do with each other -------------------------------------------------------------


@pytest.mark.parametrize("hidden", [0, 2])
def test_implied_independences_are_all_and_only_the_testable_ones(hidden: int) -> None:
    rng = Random(400 + hidden)
    listed = 0
    for _ in range(40):
        children = random_graph(rng, rng.randint(3, 7), rng.uniform(0.2, 0.6))
        graph, names = as_networkx(children), list(children)
        observed = sorted(rng.sample(names, len(names) - min(hidden, len(names) - 2)))
        found = sep.implied_independences(children, observed)
        for x, y, given in found:
            assert set(given) <= set(observed) and list(given) == sorted(given)
            assert nx.is_minimal_d_separator(graph, {x}, {y}, set(given)) and x not in nx.descendants(graph, y)
        expected = {
            frozenset(pair)
            for pair in combinations(observed, 2)
            if any(
                nx.is_d_separator(graph, {pair[0]}, {pair[1]}, set(s)) for s in subsets(sorted({*observed} - {*pair}))
            )
        }
        assert {frozenset((x, y)) for x, y, _ in found} == expected and len(found) == len(expected)
        listed += len(found)
    assert listed > 60


def test_implied_independences_are_a_basis_for_linear_models() -> None:
    """They constrain the covariances in as many directions as the graph has missing arrows, which is all that it does."""
    rng = Random(12)
    for seed in range(40):
        children = random_graph(rng, rng.randint(3, 6), rng.uniform(0.1, 0.7))
        names = sorted(children)
        k = len(names)
        draw = np.random.default_rng(seed)
        weights = np.array([[draw.uniform(0.5, 1.5) if b in children[a] else 0.0 for b in names] for a in names])
        spread = np.linalg.inv(np.eye(k) - weights)
        sigma = spread.T @ np.diag(draw.uniform(0.5, 2, k)) @ spread
        implied = sep.implied_independences(children, names)
        claims = [(names.index(x), names.index(y), [names.index(g) for g in given]) for x, y, given in implied]

        def partial(s: np.ndarray, claims: list[tuple[int, int, list[int]]] = claims) -> np.ndarray:
            return np.array([np.linalg.det(s[np.ix_([x, *g], [y, *g])]) for x, y, g in claims])

        assert np.abs(partial(sigma)).max(initial=0) < 1e-8
        slopes = []
        for i, j in combinations(range(k), 2):
            step = np.zeros((k, k))
            step[i, j] = step[j, i] = 1e-5
            slopes.append((partial(sigma + step) - partial(sigma - step)) / 2e-5)
        missing = k * (k - 1) // 2 - sum(len(kids) for kids in children.values())
        assert len(implied) == missing
        assert missing == 0 or np.linalg.matrix_rank(np.array(slopes), tol=1e-6) == missing


def test_implied_independences_are_bounded_and_the_close_ones_come_first() -> None:
    chain_of: Graph = {f"n{i}": [f"n{i + 1}"] for i in range(9)} | {"n9": []}
    found = sep.implied_independences(chain_of, chain_of, most=10)
    assert found[0] == ("n0", "n2", ("n1",)) and len(found) == 10
    assert {int(y[1]) - int(x[1]) for x, y, _ in found} == {2, 3}
    star: Graph = {f"x{i}": ["y"] for i in range(9)} | {"z": [f"x{i}" for i in range(9)], "y": []}
    assert not [i for i in sep.implied_independences(star, star, largest=8) if {i[0], i[1]} == {"z", "y"}]
    assert [i for i in sep.implied_independences(star, star, largest=9) if {i[0], i[1]} == {"z", "y"}]
    collider: Graph = {"a": ["s"], "b": ["s"], "s": []}
    assert sep.implied_independences(collider, ["a", "b"]) == [("a", "b", ())]
    assert sep.implied_independences(collider, ["a", "b"], selected=["s"]) == []


@pytest.mark.parametrize("hash_seed", ["0", "1", "2"])
def test_the_same_set_under_every_hash_seed(hash_seed: str) -> None:
    code = (
        "from random import Random\n"
        "from tests.unit.causal.test_separation import random_graph, sep\n"
        "rng = Random(3); out = []\n"
        "for _ in range(30):\n"
        "    g = random_graph(rng, 9, 0.4); a, b = sorted(g)[:2]\n"
        "    out.append((sep.adjustment_sets(g, a, b, set(g)), sep.implied_independences(g, set(g))))\n"
        "print(out)"
    )
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    rng, here = Random(3), []
    for _ in range(30):
        graph = random_graph(rng, 9, 0.4)
        a, b = sorted(graph)[:2]
        here.append((sep.adjustment_sets(graph, a, b, set(graph)), sep.implied_independences(graph, set(graph))))
    assert said.strip() == str(here)
