"""Filled-in covariates: known truth where complete rows are biased, pooling against published rules, and what a person is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pyllm_causal as pc
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.impute import completed, pooled
from pyllm_causal.causal.inference import Fit, effect_of
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import sample


def gappy(seed: int, n: int = 400, category: bool = False) -> pd.DataFrame:
    """A shared cause that is missing more often where the outcome is high: complete rows give too small an effect of 2."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    t = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    y = 2 * t + 1.5 * x + rng.standard_normal(n)
    data = pd.DataFrame({"x": x, "t": t, "y": y})
    if category:
        data["x"] = pd.cut(x, [-9, -0.7, 0.7, 9], labels=["low", "middle", "high"]).astype(object)
    data.loc[rng.random(n) < 0.85 / (1 + np.exp(-2 * (y - 1.2))), "x"] = None
    return data


ASKED: dict[str, Any] = {"treatment": "t", "outcome": "y", "adjust_for": ["x"]}


def test_the_known_effect_is_found_where_complete_rows_miss_it() -> None:
    regression = REGISTRY["regression"].function
    filled, complete, covered = [], [], 0
    for seed in range(40):
        data = gappy(seed)
        x = data["x"].to_numpy(dtype="float64")[:, None]
        copies = completed(with_gaps(data, x, ("x",)), seed)
        effect = effect_of(pooled([regression(c) for c in copies], copies), copies[0], "difference")
        assert effect is not None and effect.low is not None and effect.high is not None
        filled.append(effect.value)
        covered += effect.low <= 2 <= effect.high
        kept = data.dropna()
        complete.append(regression(sample(kept["y"], kept["t"], kept["x"])))
    assert abs(np.mean(filled) - 2) < 0.08
    assert np.mean([f.treated - f.control for f in complete]) < 1.85  # or the test would show nothing
    assert covered >= 34  # 95 %, and chance below one in a thousand


def test_every_row_is_used_and_said() -> None:
    data = gappy(1)
    answer = pc.analyse({**ASKED, "missing": "impute"}, data)
    assert answer.sample is not None and answer.sample.used == len(data)
    gaps = int(data["x"].isna().sum())
    text = " ".join(answer.text.split())
    assert f"In {gaps} of them something held fixed was not recorded" in text
    (told,) = [d for d in answer.diagnostics if d.name == "imputed"]
    assert told.figures["rows"] == gaps and told.status == "ok"


def test_many_gaps_cost_certainty() -> None:
    rng = np.random.default_rng(3)
    data = gappy(2)
    data.loc[rng.random(len(data)) < 0.5, "x"] = None
    answer = pc.analyse({**ASKED, "missing": "impute"}, data)
    assert answer.certainty is not None
    assert any("filled in, not recorded" in reason for reason in answer.certainty.down)


def test_categories_are_filled_in_whole() -> None:
    data = gappy(4, category=True)
    answer = pc.analyse({**ASKED, "missing": "impute"}, data)
    assert answer.status == "answered" and answer.sample is not None and answer.sample.used == len(data)
    codes = pd.get_dummies(data["x"]).to_numpy(dtype="float64")[:, 1:]
    codes[data["x"].isna().to_numpy()] = np.nan
    s = with_gaps(data, codes, ("x", "x"))
    for copy in completed(s, 0, 3):
        assert set(map(tuple, copy.x)) <= {(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)}


def with_gaps(data: pd.DataFrame, x: Any, groups: tuple[str, ...]) -> Sample:
    made = sample(data["y"], data["t"], np.zeros((len(data), x.shape[1])))
    return replace(made, x=x, x_groups=groups, x_names=groups, rows=np.arange(len(data)))


def test_only_values_that_occur_are_filled_in_and_recorded_ones_stay() -> None:
    data = gappy(5)
    x = data["x"].to_numpy(dtype="float64")[:, None]
    seen = ~np.isnan(x[:, 0])
    first, second = completed(with_gaps(data, x, ("x",)), 7, 2)
    assert np.array_equal(first.x[seen], x[seen])
    assert np.isin(first.x[~seen, 0], x[seen, 0]).all()
    assert not np.array_equal(first.x, second.x)
    again = completed(with_gaps(data, x, ("x",)), 7, 1)[0]
    assert np.array_equal(first.x, again.x)


def test_pooling_is_rubins() -> None:
    rng = np.random.default_rng(6)
    values, variances = rng.normal(2, 0.3, 5), rng.uniform(0.04, 0.06, 5)
    s = sample(rng.standard_normal(50), np.arange(50) % 2)
    fits = [Fit(v, 0.0, covariance=np.diag([w, 0.0])) for v, w in zip(values, variances, strict=True)]
    effect = effect_of(pooled(fits, (s,) * 5), s, "difference")
    within, between = variances.mean(), values.var(ddof=1)
    assert effect is not None and effect.std_error is not None
    assert effect.value == pytest.approx(values.mean())
    assert effect.std_error**2 == pytest.approx(within + 1.2 * between)  # Rubin 1987, equation 3.1.5
    share = 1.2 * between / (within + 1.2 * between)
    assert effect.high is not None
    half = stats.t.ppf(0.975, 4 / share**2) * effect.std_error
    assert effect.high == pytest.approx(effect.value + half)


def test_without_gaps_nothing_changes() -> None:
    data = gappy(8).dropna().reset_index(drop=True)
    plain, filled = pc.analyse(ASKED, data).effect, pc.analyse({**ASKED, "missing": "impute"}, data).effect
    assert plain == filled


def test_a_missing_outcome_is_still_left_out() -> None:
    data = gappy(9)
    data.loc[:9, "y"] = np.nan
    answer = pc.analyse({**ASKED, "missing": "impute"}, data)
    assert answer.sample is not None and answer.sample.used == len(data) - 10
