"""The curve along a dose against known truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyllm_causal.causal.dose_curve import curve
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import confounded, sample

Floats = Any


def bent(n: int = 3000, seed: int = 0, shape: Any = np.sin) -> Sample:
    """The outcome follows `shape` of the dose; x drives both."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    dose = 2 + x + rng.standard_normal(n)
    y = shape(dose) + 1.5 * x + 0.5 * rng.standard_normal(n)
    return sample(y, dose, x, dose=(3.0, 2.0))


def figures(s: Sample) -> dict[str, Floats]:
    found = curve(s)
    assert found is not None and found.status == "ok"
    return {k: np.array(v, dtype="float64") for k, v in found.figures.items()}


def test_the_curve_follows_the_truth_inside_its_margins() -> None:
    s = bent()
    f = figures(s)
    assert len(f["doses"]) == 20
    low, high = np.quantile(s.dose, [0.025, 0.975])
    assert f["doses"][0] == pytest.approx(low) and f["doses"][-1] == pytest.approx(high)
    truth = np.sin(f["doses"]) - np.sin(f["against"])
    assert np.abs(f["change"] - truth).max() < 0.12
    assert np.mean((f["change_low"] <= truth) & (truth <= f["change_high"])) >= 0.8
    assert f["low"].shape == f["means"].shape and (f["low"] < f["means"]).all() and (f["means"] < f["high"]).all()


def test_margins_hold_the_truth_as_often_as_they_say() -> None:
    """A parabola, 60 tables: 95 % of the intervals against the median dose hold it, up to chance."""
    inside, n = 0, 0
    for seed in range(60):
        f = figures(bent(400, seed, lambda d: 0.5 * d))
        truth = 0.5 * (f["doses"] - f["against"])
        held = (f["change_low"] <= truth) & (truth <= f["change_high"])
        inside, n = inside + int(held.sum()), n + len(held)
    assert 0.90 < inside / n < 0.99


def test_it_says_whether_a_straight_line_would_do() -> None:
    straight, curved = curve(bent(shape=lambda d: d)), curve(bent())
    assert straight is not None and "straight line runs inside" in straight.finding
    assert curved is not None and "does not follow" in curved.finding


def test_few_levels_get_a_mean_each() -> None:
    rng = np.random.default_rng(1)
    dose = rng.integers(0, 4, 2000).astype(float)
    y = np.array([0.0, 3.0, 1.0, 2.0])[dose.astype(int)] + rng.standard_normal(2000)
    f = figures(sample(y, dose, dose=(1.0, 0.0)))
    for level in range(4):
        assert f["means"][level] == pytest.approx(y[dose == level].mean(), abs=1e-6)


def test_yes_no_outcomes_stay_chances() -> None:
    rng = np.random.default_rng(2)
    dose = rng.uniform(0, 10, 3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(-(dose - 5)))).astype(float)
    f = figures(sample(y, dose, dose=(1.0, 0.0), outcome="yes_no"))
    assert (f["means"] > 0).all() and (f["means"] < 1).all()
    assert np.abs(f["means"] - 1 / (1 + np.exp(-(f["doses"] - 5)))).max() < 0.06


def test_none_where_there_is_nothing_to_draw() -> None:
    assert curve(confounded()) is None  # two groups
    assert curve(bent(20)) is None
    assert curve(sample(np.arange(50.0), np.ones(50), dose=(2.0, 1.0))) is None
