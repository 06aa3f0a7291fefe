"""What a drawn graph claims, held against many tables: right graphs seldom fail, wrong ones nearly always, by the right name."""

from __future__ import annotations

import numpy as np
import pytest

from pyllm_causal.analysis import Estimand
from pyllm_causal.causal.identify import identify
from pyllm_causal.causal.refuters.graph_check import verify
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.graph_worlds import KINDS, matters, pairs, random_graph, simulated

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
    asked = flagged = named = 0
    for i in range(600):
        rng = np.random.default_rng([i, 8])
        graph = random_graph(rng, 7, 0.45)
        links = [e for e in pairs(graph) if e != ("t", "y")]
        if not links:
            continue
        dropped = links[rng.integers(len(links))]
        wrong = [e for e in pairs(graph) if e != dropped]
        kinds = {name: str(rng.choice(KINDS)) for name in graph}
        query = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": wrong}})
        table = Table.read(simulated(graph, 4000, rng, {**kinds, "t": "yes_no", "y": "number"}))
        estimand = identify(query, table)
        if not isinstance(estimand, Estimand) or not matters(query, estimand, dropped):
            continue
        asked += 1
        result = verify(query, table, estimand)
        assert result is not None
        flagged += result.verdict == "failed"
        named += {result.figures.get("x"), result.figures.get("y")} == set(dropped)
    assert asked >= 50
    assert flagged >= 0.9 * asked and named >= 0.9 * asked, (asked, flagged, named)
