"""Other pictures are identified without DoWhy: the set must be the one that it gives, hidden causes and unusable columns or not."""

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


def test_without_dowhy_the_set_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    names = [f"v{i}" for i in range(10)]
    frame = pd.DataFrame(rng.normal(size=(60, 10)), columns=names)
    frame.loc[:20, "v9"] = np.nan  # recorded too seldom to be held fixed where something else will do
    table = Table.read(frame)
    asked, real = 0, module._dowhy_identifier

    def counted() -> object:
        nonlocal asked
        asked += 1
        return real()

    monkeypatch.setattr(module, "_dowhy_identifier", counted)
    compared = several = 0
    for _ in range(400):
        order = rng.permutation(10)
        dense = rng.uniform(0.15, 0.5)
        pairs = [
            (names[order[i]], names[order[j]]) for i in range(10) for j in range(i + 1, 10) if rng.random() < dense
        ]
        if list(order).index(0) > list(order).index(1):
            continue
        hidden = {"u": tuple(rng.choice(names[2:], 2, replace=False))} if rng.random() < 0.4 else None
        query = Query(treatment="v0", outcome="v1", graph=Graph.of(*pairs, ("v0", "v1"), unmeasured=hidden))
        before = asked
        short = identify(query, table, second=False)
        assert asked == before
        full = identify(query, table)
        assert type(short) is type(full)
        if isinstance(full, Estimand) and isinstance(short, Estimand) and asked > before:
            assert short.adjust_for == full.adjust_for, pairs
            compared += 1
            several += len(full.alternatives) > 0
    assert compared > 120 and several > 40
