"""Which mechanisms the table can tell in spite of hidden causes: held against the algebra of linear worlds, without any sampling."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from pyllm_causal.analysis import NotIdentified
from pyllm_causal.causal.world.picture import all_mechanisms, picture_of, regressors
from pyllm_causal.graph import Graph


def a_graph(rng: Random) -> tuple[Graph, list[str]]:
    names = [f"v{i}" for i in range(rng.randint(4, 6))]
    pairs = [p for p in combinations(names, 2) if rng.random() < 0.5]
    hidden = {f"u{i}": rng.sample(names, rng.choice([2, 2, 3])) for i in range(rng.randint(0, 3))}
    return Graph.of(*pairs, unmeasured=hidden), names


def linear_world(graph: Graph, rng: Random) -> tuple[list[str], np.ndarray, np.ndarray]:
    """(nodes, total effects of every node on every node, covariance) of a linear world with random coefficients."""
    nodes = graph.nodes()
    weight = np.zeros((len(nodes), len(nodes)))
    for cause, effect in graph.pairs():
        weight[nodes.index(effect), nodes.index(cause)] = rng.choice([-1, 1]) * rng.uniform(0.5, 1.5)
    total = np.linalg.inv(np.eye(len(nodes)) - weight)
    return nodes, total, total @ np.diag([rng.uniform(0.5, 2) for _ in nodes]) @ total.T


def by_model(
    mechanisms: dict[str, tuple[str, ...]], nodes: list[str], covariance: np.ndarray, moved: str, outcome: str
) -> float:
    """The effect of one unit of `moved`, from regressions on what the rule says, one after the other."""
    change = dict.fromkeys(nodes, 0.0) | {moved: 1.0}
    for node, given in mechanisms.items():
        at = [nodes.index(g) for g in given]
        beta = np.linalg.solve(covariance[np.ix_(at, at)], covariance[at, nodes.index(node)])
        change[node] = float(sum(b * change[g] for b, g in zip(beta, given, strict=True)))
    return change[outcome]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_refused_is_right(seed: int) -> None:
    rng = Random(seed)
    right = refused = 0
    while right < 120:
        graph, names = a_graph(rng)
        outcome, moved = names[-1], rng.choice(names[:-1])
        if moved not in graph.nodes() or outcome not in graph.descendants(moved):
            continue
        picture = picture_of(graph, outcome, set(graph.nodes()) - set(graph.hidden()))
        found = regressors(picture, [moved])
        if isinstance(found, NotIdentified):
            refused += 1
            continue
        nodes, total, covariance = linear_world(graph, rng)
        truth = total[nodes.index(outcome), nodes.index(moved)]
        assert by_model(found, nodes, covariance, moved, outcome) == pytest.approx(truth, abs=1e-8)
        right += 1
    assert refused > 20  # and it does refuse


def test_without_hidden_causes_nothing_is_refused() -> None:
    rng = Random(5)
    for _ in range(50):
        graph, names = a_graph(rng)
        graph = graph.model_copy(update={"unmeasured": ()})
        if names[-1] in graph.nodes():
            picture = picture_of(graph, names[-1], set(names))
            assert not isinstance(all_mechanisms(picture), NotIdentified)
            for moved in picture.order[:-1]:
                assert not isinstance(regressors(picture, [moved]), NotIdentified)


def test_a_hidden_cause_of_cause_and_outcome_is_refused_by_name() -> None:
    graph = Graph.of(
        ("drug", "pulse"), ("pulse", "death"), ("drug", "death"), unmeasured={"frailty": ["drug", "death"]}
    )
    found = regressors(picture_of(graph, "death", {"drug", "pulse", "death"}), ["drug"])
    assert isinstance(found, NotIdentified) and found.code == "hidden_cause"
    assert "frailty" in found.reason and any("frailty" in h for h in found.would_help)


def test_a_hidden_cause_beside_the_change_is_held_fixed() -> None:
    """z shares a hidden cause with y and drives x: y must be fitted on z as well, which is no cause of it."""
    graph = Graph.of(("z", "x"), ("x", "y"), unmeasured={"u": ["z", "y"]})
    found = regressors(picture_of(graph, "y", {"x", "y", "z"}), ["x"])
    assert found == {"y": ("x", "z")}


def test_a_column_that_cannot_be_used_is_projected_out() -> None:
    graph = Graph.of(("a", "note"), ("note", "x"), ("note", "y"), ("x", "y"))
    picture = picture_of(graph, "y", {"a", "x", "y"})
    assert picture.parents == {"a": (), "x": ("a",), "y": ("a", "x")}
    assert picture.hidden == {("x", "y"): ("note",)}
    assert isinstance(regressors(picture, ["x"]), NotIdentified)


def test_only_what_affects_the_outcome_counts() -> None:
    graph = Graph.of(("x", "y"), ("y", "z"), ("w", "v"))
    picture = picture_of(graph, "y", {"x", "y", "z", "w", "v"})
    assert picture.order == ("x", "y") and picture.roots == ("x",)
