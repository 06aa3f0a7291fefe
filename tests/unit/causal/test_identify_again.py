"""Other pictures are identified without DoWhy where its set can be read off the graph: the set must be the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Estimand
from pyllm_causal.causal import identify as module
from pyllm_causal.causal.identify import identify
from pyllm_causal.data import Table
from pyllm_causal.graph import Graph
from pyllm_causal.query import Query


def test_the_short_way_gives_dowhys_set(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    names = [f"v{i}" for i in range(9)]
    table = Table.read(pd.DataFrame(rng.normal(size=(30, 9)), columns=names))
    asked = spared = 0
    real = module._dowhy_identifier

    def counted() -> object:
        nonlocal asked
        asked += 1
        return real()

    monkeypatch.setattr(module, "_dowhy_identifier", counted)
    for _ in range(120):
        order = rng.permutation(9)
        pairs = [(names[order[i]], names[order[j]]) for i in range(9) for j in range(i + 1, 9) if rng.random() < 0.3]
        query = (
            Query(treatment="v0", outcome="v1", graph=Graph.of(*pairs, ("v0", "v1")))
            if ("v1", "v0") not in pairs
            else None
        )
        if query is None:
            continue
        try:
            full = identify(query, table)
        except Exception:  # noqa: BLE001 - a cycle
            continue
        before = asked
        short = identify(query, table, second=False)
        spared += asked == before
        assert type(short) is type(full)
        if isinstance(full, Estimand) and isinstance(short, Estimand):
            assert set(short.adjust_for) == set(full.adjust_for), pairs
    assert spared >= 40
