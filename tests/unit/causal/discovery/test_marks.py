"""Links and marks: causal-learn's three ways of writing a graph against simulated truth, and equivalence classes against all graphs."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

from pyllm_causal.causal.discovery.marks import (
    Link,
    arrow,
    equivalence_class,
    from_arrows,
    from_exact,
    from_general,
    from_lingam,
    line,
    link,
    oriented,
    to_arrows,
)  # fmt: skip
from tests.unit.causal.discovery.pictures import all_dags

COLLIDER = {(0, 2), (1, 2), (2, 3)}  # 0 → 2 ← 1, 2 → 3: every arrow is told by independences alone


def collider_rows(n: int = 4_000, noise: str = "normal") -> np.ndarray:
    """Rows of the structure above, its columns in an order of their own so that no convention is right by accident."""
    rng = np.random.default_rng(5)
    e = rng.normal(size=(n, 4)) if noise == "normal" else rng.uniform(-1.7, 1.7, size=(n, 4))
    a, b = e[:, 0], e[:, 1]
    c = a + b + e[:, 2]
    return np.column_stack([a, b, c, c + e[:, 3]])


def test_the_general_graph_of_pc_reads_as_the_simulated_arrows() -> None:
    from causallearn.search.ConstraintBased.PC import pc

    found = pc(collider_rows(), 0.01, show_progress=False).G.graph
    assert {one.arrow for one in from_general(found)} == COLLIDER


def test_the_circles_of_fci_are_kept() -> None:
    from causallearn.search.ConstraintBased.FCI import fci

    graph, _ = fci(collider_rows(), alpha=0.01, verbose=False, show_progress=False)
    found = {one.pair: one.sign for one in from_general(graph.graph)}
    assert found == {(0, 2): "o→", (1, 2): "o→", (2, 3): "→"}


def test_a_hidden_cause_shows_as_two_arrows_in_fci() -> None:
    from causallearn.search.ConstraintBased.FCI import fci

    rng = np.random.default_rng(3)
    e = rng.normal(size=(5_000, 5))
    hidden = e[:, 4]
    b, c = hidden + e[:, 1] + e[:, 0], hidden + e[:, 2] + e[:, 3]
    graph, _ = fci(np.column_stack([e[:, 0], b, c, e[:, 3]]), alpha=0.01, verbose=False, show_progress=False)
    assert {one.pair: one.sign for one in from_general(graph.graph)}[1, 2] == "↔"


def test_lingam_writes_the_child_first() -> None:
    from causallearn.search.FCMBased import lingam

    model = lingam.DirectLiNGAM()
    model.fit(collider_rows(noise="uniform"))
    assert {one.arrow for one in from_lingam(model.adjacency_matrix_, 0.1)} == COLLIDER


def test_a_pair_that_lingam_could_not_order_is_a_line() -> None:
    weights = np.array([[0.0, np.nan, 0.0], [np.nan, 0.0, 0.0], [0.5, 0.0, 0.0]])
    assert from_lingam(weights) == (line(0, 1), arrow(0, 2))


def test_exact_search_writes_the_parent_first() -> None:
    from causallearn.search.ScoreBased.ExactSearch import bic_exact_search

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, _ = bic_exact_search(collider_rows(), search_method="astar")
    assert equivalence_class(to_arrows(from_exact(found), 4)) == from_arrows(
        to_arrows([arrow(*p) for p in COLLIDER], 4)
    )


def test_marks_stay_at_their_ends_whatever_the_order() -> None:
    assert link(3, 1, "circle", "arrow") == Link(1, 3, "arrow", "circle")
    assert link(3, 1, "circle", "arrow").sign == "←o"
    assert arrow(3, 1).arrow == (3, 1)
    assert arrow(3, 1).mark_at(1) == "arrow"
    assert line(1, 0).arrow is None


@pytest.mark.parametrize("pair", [(1, 1), (2, 1)])
def test_a_link_joins_two_columns_lower_first(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        Link(*pair, "tail", "arrow")


def test_marks_of_graphs_over_time_are_refused() -> None:
    with pytest.raises(ValueError):
        from_general(np.array([[0, 4], [5, 0]]))


def test_circles_are_never_made_into_arrows() -> None:
    with pytest.raises(ValueError):
        to_arrows([link(0, 1, "circle", "arrow")], 2)
    with pytest.raises(ValueError):
        to_arrows([link(0, 1, "arrow", "arrow")], 2)


def colliders(dag: np.ndarray) -> frozenset[tuple[int, int, int]]:
    near = dag | dag.T
    return frozenset(
        (i, k, j)
        for k in range(len(dag))
        for i, j in itertools.combinations(np.flatnonzero(dag[:, k]).tolist(), 2)
        if not near[i, j]
    )


def test_equivalence_classes_are_what_all_equivalent_graphs_share() -> None:
    """Verma & Pearl 1990: equivalent graphs have the same links and the same colliders; all 543 graphs of four columns."""
    groups: dict[tuple[bytes, frozenset[tuple[int, int, int]]], list[np.ndarray]] = {}
    for dag in all_dags(4):
        groups.setdefault(((dag | dag.T).tobytes(), colliders(dag)), []).append(dag)
    assert sum(map(len, groups.values())) == 543
    for members in groups.values():
        shared = from_arrows(np.logical_or.reduce(members))
        assert all(equivalence_class(dag) == shared for dag in members)


def test_known_arrows_carry_as_far_as_the_equivalent_graphs_agree() -> None:
    """Meek 1995, with rule 4: arrows fixed from outside on any class of four columns."""
    rng = np.random.default_rng(8)
    dags = all_dags(4)
    for dag in [dags[i] for i in rng.choice(len(dags), 250, replace=False)]:
        near, kinds = dag | dag.T, colliders(dag)
        known = dag & (rng.random(dag.shape) < 0.4)
        members = [d for d in dags if ((d | d.T) == near).all() and colliders(d) == kinds and not (known & ~d).any()]
        start = to_arrows(equivalence_class(dag), 4)
        fixed = (start & ~start.T) | known
        assert (oriented(fixed, near) == np.logical_or.reduce(members)).all()
