"""What a drawn graph claims, held against many tables: right graphs seldom fail, wrong ones nearly always, by the right name."""

from __future__ import annotations

import numpy as np
import pytest

from pyllm_causal.analysis import Estimand
from pyllm_causal.causal.identify import identify
from pyllm_causal.causal.refuters.graph_check import verify
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.graph_worlds import KINDS, Children, doubted, ends, pairs, random_graph, simulated

pytestmark = pytest.mark.statistical


def test_right_graphs_fail_in_at_most_one_of_a_hundred() -> None:
    failed = 0
    for i in range(300):
        rows, nodes = [(300, 6), (1000, 7), (3000, 9)][i % 3]
        rng = np.random.default_rng([i, rows, nodes])
        graph = random_graph(rng, nodes)
        table = Table.read(simulated(graph, rows, rng, {"y": "number" if rng.random() < 0.6 else "yes_no"}))
        query = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": pairs(graph)}})
        estimand = identify(query, table)
        assert isinstance(estimand, Estimand)
        result = verify(query, table, estimand)
        failed += result is not None and result.verdict == "failed"
    assert failed <= 3


def test_wrong_graphs_fail_in_nine_of_ten_by_the_right_name() -> None:
    def mixed(rng: np.random.Generator, graph: Children) -> dict[str, str]:
        return {name: str(rng.choice(KINDS)) for name in graph} | {"t": "yes_no", "y": "number"}

    seen = [(r.verdict == "failed", ends(r) == dropped) for r, dropped in doubted(600, 8, 7, 4000, mixed)]
    asked, flagged, named = len(seen), sum(f for f, _ in seen), sum(n for _, n in seen)
    assert asked >= 50
    assert flagged >= 0.9 * asked and named >= 0.9 * asked, (asked, flagged, named)
