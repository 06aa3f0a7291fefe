"""Flexible models on large tables: as good from the rows that they need as from all of them."""

from __future__ import annotations

import numpy as np
import pytest

from pyllm_causal.causal import learners
from pyllm_causal.causal.learners import expanded, folds, out_of_fold


def test_a_wide_model_of_a_large_table_predicts_as_well_from_some_of_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = 60_000
    x = rng.normal(size=(n, 8))
    true = 1 / (1 + np.exp(-(0.6 * x[:, 0] * x[:, 1] + 0.4 * x[:, 2] ** 2 - 0.4)))
    y = (rng.random(n) < true).astype("float64")
    rich, ones = expanded(x), np.ones(n)
    assert rich.shape[1] >= learners.WIDE
    fold = folds(n, y.astype("int64"), 1)

    def error() -> float:
        found, edge = out_of_fold(x, rich, y, ones, ones > 0, fold, "logistic")
        assert edge > 5  # the flexible model is the one that predicts
        return float(np.mean((found - true) ** 2))

    all_rows = error()
    monkeypatch.setattr(learners, "MANY_ROWS", 20_000)
    assert error() < max(4 * all_rows, 5e-4)


def test_of_a_rare_outcome_every_row_is_kept() -> None:
    train = np.arange(200_000)
    rare, common = np.zeros(200_000), np.zeros(200_000)
    rare[::1000], common[::3] = 1.0, 1.0
    assert len(learners._enough(train, rare, 100)) == 200_000
    some = learners._enough(train, common, 100)
    assert len(some) == 40_000 and len(np.unique(some)) == 40_000
    assert (learners._enough(train, common, 100) == some).all()
    assert common[some].mean() == pytest.approx(1 / 3, abs=0.01)  # at random, not every so many rows
    assert len(learners._enough(train, common, 20)) == 200_000  # a narrow model costs little
