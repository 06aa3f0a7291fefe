"""The search against simulated pictures, against causal-learn's and against all pictures there are."""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import time
import warnings

import numpy as np
import pytest

from pyllm_causal.causal.discovery.alike import most_alike
from pyllm_causal.causal.discovery.boss import best_order
from pyllm_causal.causal.discovery.counts import CountScore
from pyllm_causal.causal.discovery.exact import exact
from pyllm_causal.causal.discovery.marks import equivalence_class, from_arrows, from_general, to_arrows
from pyllm_causal.causal.discovery.noise import by_noise, dependence
from pyllm_causal.causal.discovery.rule import chosen, limit_of, normal
from pyllm_causal.causal.discovery.score import GramScore
from pyllm_causal.causal.discovery.search import drawn
from tests.unit.causal.discovery.pictures import all_dags, free, linear, matrix, random_dag


def signs(arrows: np.ndarray) -> dict[tuple[int, int], str]:
    return {one.pair: one.sign for one in from_arrows(arrows)}


def away(found: np.ndarray, dag: np.ndarray) -> int:
    """Structural Hamming distance to the equivalence class of the truth."""
    one, two = signs(found), {link.pair: link.sign for link in equivalence_class(dag)}
    return sum(one.get(pair) != two.get(pair) for pair in set(one) | set(two))


def search(values: np.ndarray, kinds: str = "", seed: int = 0, tries: int = 20) -> np.ndarray:
    return drawn(matrix(values, kinds), free(values.shape[1]), tries, np.random.default_rng(seed)).pattern


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        ([(0, 1), (1, 2)], {(0, 1): "—", (1, 2): "—"}),  # a chain has no direction
        ([(1, 0), (1, 2)], {(0, 1): "—", (1, 2): "—"}),  # nor has a fork
        ([(0, 1), (2, 1)], {(0, 1): "→", (1, 2): "←"}),  # a collider has
    ],
)
def test_three_columns(arrows: list[tuple[int, int]], expected: dict[tuple[int, int], str]) -> None:
    dag = np.zeros((3, 3), dtype=bool)
    for pair in arrows:
        dag[pair] = True
    assert signs(search(linear(dag, 2_000, np.random.default_rng(4)))) == expected


def test_twenty_columns_are_found_nearly_without_a_fault() -> None:
    """The paper's own simulations have BOSS near the truth (Andrews et al. 2023, figure 4)."""
    wrong = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        dag = random_dag(20, 1.5, rng)
        wrong.append(away(search(linear(dag, 4_000, rng)), dag))
    assert np.mean(wrong) <= 2


def test_not_worse_than_the_published_code_under_the_same_score() -> None:
    """causal-learn's BOSS with the same penalty: ours must reach at least its score, on every table."""
    from causallearn.search.PermutationBased.BOSS import boss

    for seed in range(3):
        rng = np.random.default_rng(seed)
        values = linear(random_dag(10, 1.5, rng), 1_000, rng)
        score = GramScore(values, [[i] for i in range(10)], 1.0)
        random.seed(seed)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = boss(values, "local_score_BIC_from_cov", {"lambda_value": 1.0}, verbose=False).graph
        dag = _member(from_general(theirs), 10)
        total = sum(score.of(v, np.flatnonzero(dag[:, v]).tolist()) for v in range(10))
        ours = best_order(score, rng, ~np.eye(10, dtype=bool), np.zeros((10, 10), dtype=bool), np.inf, 20)
        assert ours.score >= total - 1e-6


def _member(links: tuple, size: int) -> np.ndarray:
    """Any graph without cycles of a class (Dor & Tarsi 1992), by causal-learn."""
    from causallearn.graph.GeneralGraph import GeneralGraph
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.PDAG2DAG import pdag2dag

    graph = GeneralGraph([GraphNode(str(i)) for i in range(size)])
    for one in links:
        graph.graph[one.a, one.b] = {"tail": -1, "arrow": 1}[one.at_a]
        graph.graph[one.b, one.a] = {"tail": -1, "arrow": 1}[one.at_b]
    matrix = pdag2dag(graph).graph
    return np.array([[matrix[j, i] == 1 and matrix[i, j] == -1 for j in range(size)] for i in range(size)])


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_exact_search_is_the_best_of_all_pictures(kind: str) -> None:
    rng = np.random.default_rng(11)
    values = linear(random_dag(4, 1.2, rng), 300, rng)
    gram = GramScore(values, [[i] for i in range(4)], 1.0)
    score = gram
    if kind == "categories":
        values = (values > 0).astype(float)
        gram = GramScore(values, [[i] for i in range(4)], 1.0)
        score = CountScore(gram, values.astype("int64"))
    best = max(sum(score.of(v, np.flatnonzero(d[:, v]).tolist()) for v in range(4)) for d in all_dags(4))
    every, none = ~np.eye(4, dtype=bool), np.zeros((4, 4), dtype=bool)
    assert exact(score, every, none).score == pytest.approx(best)
    assert best_order(score, rng, every, none, np.inf, 10).score == pytest.approx(best)


@pytest.mark.parametrize("way", ["every order", "best order"])
def test_graphs_are_drawn_as_often_as_they_are_probable(way: str) -> None:
    """Against the probabilities of all 24 orders of four columns, each with the best causes from those before it."""
    rng = np.random.default_rng(5)
    score = GramScore(linear(random_dag(4, 1.5, rng), 60, rng), [[i] for i in range(4)], 0.5)
    every, none = ~np.eye(4, dtype=bool), np.zeros((4, 4), dtype=bool)
    chances: dict[bytes, float] = {}
    for order in itertools.permutations(range(4)):
        dag, value = none.copy(), 0.0
        for place, v in enumerate(order):
            sets = [c for k in range(place + 1) for c in itertools.combinations(order[:place], k)]
            causes = max(sets, key=lambda given, v=v: score.of(v, given))  # type: ignore[misc]
            dag[list(causes), v] = True
            value += score.of(v, causes)
        chances[dag.tobytes()] = chances.get(dag.tobytes(), 0.0) + np.exp(value)
    total = sum(chances.values())
    draws = 3_000
    if way == "every order":
        others = exact(score, every, none, rng, draws).others
    else:
        others = best_order(score, rng, every, none, np.inf, 10, draws).others
    assert len(others) == draws and max(chances.values()) < 0.9 * total
    for key, chance in chances.items():
        often = sum(one.tobytes() == key for one in others) / draws
        assert often == pytest.approx(chance / total, abs=0.04)


def test_the_picture_most_like_all_is_taken() -> None:
    """The second differs from the others in one link each, they from one another in two."""
    one, two, three = np.zeros((3, 3, 3), dtype=bool)
    one[0, 1] = one[1, 2] = True
    two[0, 1] = two[1, 2] = two[2, 1] = True
    three[0, 1] = three[1, 0] = three[1, 2] = three[2, 1] = True
    assert most_alike([one, two, three], [1, 1, 1]) is two
    assert most_alike([one, two, three], [1, 1, 5]) is three


def test_fewer_faults_than_the_best_picture_where_several_are_about_as_good() -> None:
    """Dense pictures and few rows: the best one claims directions that the next best, a hair worse, draws otherwise."""
    best, typical = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        dag = random_dag(10, 2.0, rng)
        values = linear(dag, 300, rng)
        every, none = ~np.eye(10, dtype=bool), np.zeros((10, 10), dtype=bool)
        found = best_order(GramScore(values, [[i] for i in range(10)], 1.0), rng, every, none, np.inf, 8).dag
        best.append(away(to_arrows(equivalence_class(found), 10), dag))
        typical.append(away(search(values, seed=seed, tries=8), dag))
    assert np.mean(typical) <= np.mean(best) - 0.5


@pytest.mark.parametrize("blocks", [[[0], [1], [2], [3], [4]], [[0], [1, 2], [3], [4]]])
def test_a_score_is_a_difference_of_log_likelihoods(blocks: list[list[int]]) -> None:
    """Against the normal log likelihood of the rows, computed from the density."""
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(2)
    values = linear(random_dag(5, 2.0, rng), 400, rng)
    score = GramScore(values, blocks, 1.0)

    def likelihood(columns: list[int]) -> float:
        part = values[:, columns]
        return float(multivariate_normal(np.zeros(len(columns)), part.T @ part / 400).logpdf(part).sum())

    mine, theirs = blocks[1], blocks[0] + blocks[3]
    conditional = likelihood(mine + theirs) - likelihood(theirs)
    alone = likelihood(mine)
    penalty = np.log(400) * len(mine) * len(theirs)
    assert score.of(1, [0, 3]) - score.of(1, []) == pytest.approx(conditional - alone - penalty, abs=1e-3)
    assert score.with_each(1, [0], [2, 3])[1] == pytest.approx(score.of(1, [0, 3]), abs=1e-3)
    assert score.with_each(1, [], [0])[0] == pytest.approx(score.of(1, [0]), abs=1e-3)


def test_both_ways_of_a_link_score_the_same() -> None:
    values = linear(random_dag(3, 1.0, np.random.default_rng(1)), 200, np.random.default_rng(1))
    score = GramScore(values, [[0, 1], [2]], 1.0)
    assert score.of(0, [1]) + score.of(1, []) == pytest.approx(score.of(1, [0]) + score.of(0, []))


def test_counts_of_batches_are_those_of_single_sets() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, [2, 3, 2, 4], size=(500, 4))
    codes[:, 3] = (codes[:, 0] + codes[:, 1]) % 4
    indicators = [np.eye(k)[codes[:, j]][:, 1:] for j, k in enumerate((2, 3, 2, 4))]
    ends = np.cumsum([0, 1, 2, 1, 3])
    blocks = [list(range(ends[j], ends[j + 1])) for j in range(4)]
    score = CountScore(GramScore(np.hstack(indicators), blocks, 1.0), codes)
    together = score.with_each(3, [0], [1, 2])
    assert together == pytest.approx([score.of(3, [0, 1]), score.of(3, [0, 2])], abs=1e-3)


def test_causes_that_work_only_together_are_seen_in_categories() -> None:
    """Exclusive or: neither cause alone says anything."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 2, (2, 2_000))
    c = np.where(rng.random(2_000) < 0.1, 1 - (a ^ b), a ^ b)
    values = np.column_stack([a, b, c])
    gram = GramScore(values, [[0], [1], [2]], 1.0)
    assert not exact(gram, ~np.eye(3, dtype=bool), np.zeros((3, 3), dtype=bool)).dag.any()
    assert drawn(matrix(values, "yyy"), free(3), 1, rng, every=True).pattern.any()


def test_the_direction_is_told_by_noise_that_is_not_normal() -> None:
    right = wrong = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.exponential(size=1_500)
        y = 0.8 * x + rng.laplace(size=1_500)
        found = by_noise(matrix(np.column_stack([y, x])), ~np.eye(2, dtype=bool), ~np.eye(2, dtype=bool))
        right += bool(found[1, 0] and not found[0, 1])
        wrong += bool(found[0, 1] and not found[1, 0])
    assert right >= 27 and wrong == 0


@pytest.mark.parametrize("world", ["normal", "hidden", "curved"])
def test_no_direction_is_told_where_the_noise_cannot_tell_it(world: str) -> None:
    """Normal noise, a hidden cause of both, and a relation that is curved both ways."""
    claimed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        if world == "normal":
            x = rng.normal(size=1_500)
            y = 0.8 * x + rng.normal(size=1_500)
        elif world == "hidden":
            h = rng.laplace(size=1_500)
            x, y = h + 0.7 * rng.laplace(size=1_500), h + 0.7 * rng.laplace(size=1_500)
        else:
            x = rng.normal(size=1_500)
            y = x + 0.5 * x**2 + 0.5 * x * rng.normal(size=1_500)
        found = by_noise(matrix(np.column_stack([x, y])), ~np.eye(2, dtype=bool), ~np.eye(2, dtype=bool))
        claimed += bool(found[0, 1] != found[1, 0])
    assert claimed <= 2


def test_dependence_holds_its_level() -> None:
    """Where the direction is right the chance is even: about one in twenty below 0.05."""
    rng = np.random.default_rng(9)
    below = 0
    for _ in range(300):
        x = rng.uniform(-1, 1, 600)
        below += dependence(x, x + rng.exponential(size=600)) < 0.05
    assert 4 <= below <= 34


def test_time_up_gives_the_best_so_far() -> None:
    rng = np.random.default_rng(0)
    values = linear(random_dag(30, 2.0, rng), 500, rng)
    found = drawn(matrix(values), free(30), 50, rng, until=time.monotonic() - 1)
    assert not found.finished and found.pattern.any()


def test_ctrl_c_gives_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values = linear(random_dag(12, 2.0, rng), 500, rng)
    calls = 0

    def interrupted() -> float:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr("pyllm_causal.causal.discovery.boss.time.monotonic", interrupted)
    found = drawn(matrix(values), free(12), 50, rng, until=1.0)
    assert not found.finished and found.pattern.any()


def test_the_rule() -> None:
    rng = np.random.default_rng(0)
    few, many = chosen(matrix(rng.normal(size=(300, 5)))), chosen(matrix(rng.normal(size=(300, 30))))
    assert (few.engine, many.engine) == ("exact", "boss")
    assert few.seconds < many.seconds < chosen(matrix(rng.normal(size=(300, 100)))).seconds
    assert "every possible picture" in few.why and "shape of what is left" not in few.why
    assert "shape of what is left" in chosen(matrix(rng.exponential(size=(300, 5)))).why
    assert "categories" in chosen(matrix(rng.integers(0, 2, (300, 5)), "yyyyy")).why
    assert (limit_of(50), limit_of(100)) == (60.0, 180.0)
    assert normal(matrix(rng.normal(size=(5_000, 4)))) and not normal(matrix(rng.laplace(size=(5_000, 4))))
