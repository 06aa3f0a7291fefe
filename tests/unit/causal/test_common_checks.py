"""Leaving out one column, other models, fewer rows, ratios: each check in its verdicts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.refuters import REGISTRY as CHECKS
from pyllm_causal.causal.refuters.again import without
from pyllm_causal.causal.refuters.leave_one_out import heaviest_of
from pyllm_causal.causal.refuters.told import told
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import confounded, sample
from tests.unit.causal.trials import coin, expit, tried


def check(name: str, s: Sample, **more: Any) -> Refutation:
    found = CHECKS[name].function(tried(s, **more))
    assert found is not None and found.check == name
    assert found.question.endswith("?") and found.expected and found.observed and found.meaning and found.short
    return found


# ---- leave one out ---------------------------------------------------------------------------------------------------


def turned(seed: int = 0, n: int = 1000, both: float = 1.0) -> Sample:
    """Without x0 the answer has the other sign."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    t = coin(rng, expit(1.0 * x[:, 0] + 0.3 * x[:, 1]))
    return sample(-0.6 * t + both * 1.5 * x[:, 0] + 0.3 * x[:, 1] + rng.standard_normal(n), t, x)


def test_the_column_that_the_answer_hangs_on_is_named_with_the_answer_without_it() -> None:
    s = turned()
    found = check("leave_one_out", s, unit="kg")
    assert found.verdict == "inconclusive" and found.figures["column"] == "x0"
    bare = REGISTRY["regression"].function(without(s, {"x0"}))
    assert found.figures["without"] == pytest.approx(bare.treated - bare.control)
    assert "without x0 it would be" in found.observed and "other side" in found.observed and "kg" in found.observed


def test_it_passes_where_no_single_column_turns_it() -> None:
    found = check("leave_one_out", confounded(600))
    assert found.verdict == "passed" and "between" in found.observed and found.figures["turning"] == 0


def test_the_columns_are_kept_in_the_order_of_their_weight() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4000, 8))
    weight = np.array([0.0, 0.2, 1.6, 0.0, 0.8, 0.0, 0.4, 0.0])  # how far each drives treatment and outcome
    t = coin(rng, expit(x @ weight))
    found = check("leave_one_out", sample(t + x @ weight + rng.standard_normal(4000), t, x))
    assert heaviest_of(found)[:4] == ["x2", "x4", "x6", "x1"]
    assert len(heaviest_of(found)) == 5 and found.figures["without x2"] == found.figures["without"]


def test_columns_of_one_category_are_left_out_together() -> None:
    s = turned()
    s = sample(s.y, s.arm, s.x, x_groups=("kind", "kind", "other"))
    found = check("leave_one_out", s)
    assert found.figures["column"] == "kind" and found.figures["tested"] == 2


@pytest.mark.parametrize("method", ["doubly_robust", "matching", "weighting"])
def test_every_method_is_asked(method: str) -> None:
    assert check("leave_one_out", turned(n=400), method=method).figures["column"] == "x0"


def test_it_never_fails_and_is_not_asked_of_experiments() -> None:
    for seed in range(10):
        assert check("leave_one_out", turned(seed, 200)).verdict != "failed"
    s = turned()
    assert CHECKS["leave_one_out"].function(tried(sample(s.y, s.arm, s.x, randomised=True))) is None


# ---- functional form -------------------------------------------------------------------------------------------------


def bent(n: int = 1000, seed: int = 0, size: float = 2.0) -> Sample:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    t = coin(rng, expit(x[:, 0] ** 2 - 1))
    return sample(t + size * x[:, 0] ** 2 + rng.standard_normal(n), t, x)


def dosed(shape: Any, ends: tuple[float, float], n: int = 1500, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    d = 1.5 + 0.5 * x[:, 0] + rng.standard_normal(n)
    return sample(shape(d) + x[:, 0] + rng.standard_normal(n), d, x, dose=ends)


def test_straight_lines_through_bent_confounding_fail() -> None:
    found = check("functional_form", bent(), method="regression", unit="kg")
    assert found.verdict == "failed" and "kg" in found.observed
    assert abs(float(found.figures["gap"] or 0)) > 1.5  # the regression is off by about 2
    assert check("functional_form", bent()).verdict == "passed"  # by rule a flexible model takes over
    assert check("functional_form", bent(size=0.0), method="regression").verdict == "passed"


def test_a_threshold_under_a_curve_fails_and_a_parabola_does_not() -> None:
    assert check("functional_form", dosed(lambda d: 3 * (d > 1.5), (1.8, 1.2), 3000)).verdict == "failed"
    assert check("functional_form", dosed(lambda d: 0.5 * d**2, (2.0, 1.0))).verdict != "failed"
    assert check("functional_form", dosed(lambda d: d, (2.0, 1.0))).verdict != "failed"


def test_random_groups_need_no_model() -> None:
    s = bent()
    assert CHECKS["functional_form"].function(tried(sample(s.y, s.arm, s.x, randomised=True))) is None


# ---- trimming --------------------------------------------------------------------------------------------------------


def edges(turn: bool, n: int = 2500, seed: int = 0) -> Sample:
    """People at the edges respond in the opposite way, strongly, if `turn`."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 1))
    t = coin(rng, np.clip(expit(3 * x[:, 0]), 0.03, 0.97))
    effect = np.where(np.abs(x[:, 0]) > 0.75, -8.0, 1.0) if turn else 1.0
    return sample(effect * t + x[:, 0] + rng.standard_normal(n), t, x)


def test_an_answer_made_by_rows_without_counterparts_fails() -> None:
    found = check("trimming", edges(True), method="weighting")
    assert found.verdict == "failed" and float(found.figures["share"] or 1) < 0.7
    assert check("trimming", edges(False)).verdict == "passed"


def test_an_effect_that_only_shrinks_is_no_fault() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2000, 1))
    t = coin(rng, expit(1.5 * x[:, 0]))
    s = sample(t * (0.3 + x[:, 0] ** 2) + x[:, 0] + rng.standard_normal(2000), t, x)
    assert check("trimming", s, method="doubly_robust").verdict != "failed"


def test_rows_that_all_have_a_fair_chance_pass() -> None:
    rng = np.random.default_rng(0)
    x = 0.1 * rng.standard_normal((300, 1))
    t = rng.integers(0, 2, 300)
    found = check("trimming", sample(t + x[:, 0] + rng.standard_normal(300), t, x))
    assert found.verdict == "passed" and found.figures["value"] is None


def test_too_few_left_is_inconclusive() -> None:
    s = edges(False, 60)
    assert check("trimming", s, method="regression").verdict in ("inconclusive", "passed")
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-3, 0.4, 30), rng.normal(3, 0.4, 30)])
    t = np.concatenate([np.arange(30) < 2, np.arange(30) >= 2]).astype("int64")
    assert (
        check("trimming", sample(t + x + rng.standard_normal(60), t, x), method="regression").verdict == "inconclusive"
    )


# ---- E-values --------------------------------------------------------------------------------------------------------


def test_the_e_value_is_that_of_the_ratio() -> None:
    """RR + √(RR(RR − 1)) (VanderWeele & Ding 2017): worked by hand from the ratio of the two means."""
    for scale in ("difference", "ratio", "odds_ratio"):
        t = tried(confounded(1500, effect=0.8, outcome="yes_no"), scale)
        found = CHECKS["e_value"].function(t)
        assert found is not None
        ratio = t.estimates.fit.treated / t.estimates.fit.control
        assert found.figures["ratio"] == pytest.approx(ratio)
        assert found.figures["e_value"] == pytest.approx(ratio + math.sqrt(ratio * (ratio - 1)))
        assert 1 < float(found.figures["e_value_limit"] or 0) < float(found.figures["e_value"] or 0)


def test_its_verdicts() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 1))
    t = coin(rng, expit(0.2 * x[:, 0]))
    strong = sample(coin(rng, expit(-1 + 1.5 * t + 0.2 * x[:, 0])), t, x, outcome="yes_no")
    assert check("e_value", strong).verdict == "passed"
    assert check("e_value", confounded(300, effect=0.0, outcome="yes_no")).verdict == "inconclusive"
    rng = np.random.default_rng(1)
    t = coin(rng, expit(1.5 * x[:, 0]))
    hangs = sample(coin(rng, expit(-1 + 0.6 * t + 1.5 * x[:, 0])), t, x, outcome="yes_no")
    assert check("e_value", hangs).verdict == "inconclusive"  # a cause like x0 could do as much
    assert CHECKS["e_value"].function(tried(confounded(300))) is None  # a difference of numbers has none


# ---- in the user's units ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "unit", "values", "expected"),
    [
        ("difference", "kg", [3.449, 2.1], ["3.4", "2.1", " kg"]),
        ("difference", "probability", [0.0312, -0.2], ["3", "−20", " in 100"]),
        ("difference", "", [0.0, 0.5], ["0.00", "0.50", ""]),
        ("ratio", "", [math.log(1.5), math.log(0.5)], ["1.5", "0.5", " times"]),
        ("percent", "%", [math.log(1.2), 0.0], ["20", "0", "%"]),
    ],
)
def test_figures_are_said_in_the_unit_of_the_answer(scale: Any, unit: str, values: Any, expected: Any) -> None:
    texts, after = told(values, scale, unit)
    assert [*texts, after] == expected


# ---- false alarms ----------------------------------------------------------------------------------------------------


def test_sound_tables_do_not_fail() -> None:
    """At most one in 200 is meant for each check (thousands of tables were tried once); here none of 40 fails any."""
    names = ("functional_form", "influence", "trimming", "leakage", "leave_one_out", "e_value")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((80, 6))
        d = x[:, 0] + rng.standard_normal(80)
        y = d + rng.standard_t(3, 80)
        for s in (
            confounded(60 + 20 * seed, seed, 0.5, ("number", "yes_no", "count")[seed % 3]),
            sample(y, d, x, dose=(1.0, 0.0), per_unit=seed % 2 == 0),
        ):
            t = tried(s)
            found = [CHECKS[n].function(t) for n in names]
            assert [r for r in found if r is not None and r.verdict == "failed"] == []
