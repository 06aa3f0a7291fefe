"""Descriptions against scipy, and bounds that assume nothing against worlds where the truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pyllm_causal as pc
from pyllm_causal.causal.bounds import no_assumption
from tests.unit.causal.samples import sample

RNG = np.random.default_rng(0)
N = 400
TABLE = pd.DataFrame({"x": RNG.standard_normal(N), "g": RNG.choice(["a", "b"], N), "place": RNG.choice(list("pqr"), N)})
TABLE["y"] = 0.5 * TABLE.x + (TABLE.g == "b") + RNG.standard_normal(N)
TABLE["ill"] = (RNG.random(N) < 0.3).astype("int64")
TABLE.loc[::17, "y"] = np.nan


def shown(**query: Any) -> dict[str, Any]:
    answer = pc.analyse({"kind": "association"} | query, TABLE)
    assert answer.status == "not_causal" and answer.exit_code == 0 and answer.effect is None
    assert answer.association is not None
    return answer.association


def test_a_difference_is_welchs() -> None:
    found = shown(treatment="g", outcome="y")
    one, zero = (TABLE.y[TABLE.g == v].dropna() for v in ("b", "a"))
    interval = stats.ttest_ind(one, zero, equal_var=False).confidence_interval()
    assert found["value"] == pytest.approx(one.mean() - zero.mean(), rel=1e-9)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert [g["rows"] for g in found["groups"]] == [len(zero), len(one)]


def test_a_correlation_is_pearsons() -> None:
    found = shown(treatment="x", outcome="y")
    rows = TABLE.dropna()
    expected = stats.pearsonr(rows.x, rows.y)
    interval = expected.confidence_interval()
    assert found["value"] == pytest.approx(expected.statistic, rel=1e-9)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), rel=1e-5)


def test_a_mean_is_students() -> None:
    found = shown(outcome="y")
    y = TABLE.y.dropna()
    low, high = stats.t.interval(0.95, len(y) - 1, y.mean(), stats.sem(y))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((y.mean(), low, high), rel=1e-9)


def test_a_filter_counts() -> None:
    found = shown(treatment="g", outcome="ill", where="x > 0")
    part = TABLE[TABLE.x > 0]
    assert {g["level"]: g["value"] for g in found["groups"]} == pytest.approx(
        part.groupby("g")["ill"].mean().to_dict(), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(5))
def test_bounds_hold_the_truth_whatever_is_hidden(seed: int) -> None:
    """A strong hidden cause, a yes/no outcome: the plain difference is off, the bounds are not, and are one wide."""
    rng = np.random.default_rng(seed)
    u = rng.random(4000)
    t = (rng.random(4000) < 0.1 + 0.8 * u).astype("int64")
    chance = np.stack([np.full(4000, 0.2) * u, 0.1 + 0.8 * u])
    y = (rng.random(4000) < chance[t, np.arange(4000)]).astype("float64")
    found = no_assumption(sample(y, t, outcome="yes_no"))
    assert found is not None
    assert found.low <= (chance[1] - chance[0]).mean() <= found.high
    assert found.high - found.low == pytest.approx(1.0, abs=1e-9) and found.low <= 0 <= found.high


def test_bounds_by_hand() -> None:
    """Manski (1990): two of four treated, both ill; of the others one."""
    found = no_assumption(sample([1, 1, 1, 0], [1, 1, 0, 0], outcome="yes_no"))
    assert found is not None and (found.low, found.high) == pytest.approx((0.5 - 0.75, 1.0 - 0.25))


def test_no_bounds_for_a_dose() -> None:
    assert no_assumption(sample([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], dose=(1.0, 0.0))) is None


def test_shares_of_two_text_columns_are_said_in_the_sentence() -> None:
    data = pd.DataFrame({"party": ["red"] * 100 + ["blue"] * 50, "stance": ["yes"] * 80 + ["no"] * 20 + ["maybe"] * 50})
    answer = pc.analyse({"kind": "association", "treatment": "party", "outcome": "stance"}, data)
    assert answer.text is not None
    assert "Of 100 with party = red: no 20, yes 80." in answer.text
    assert "Of 100 with party = blue: maybe 100." in answer.text and "commonest" not in answer.text
