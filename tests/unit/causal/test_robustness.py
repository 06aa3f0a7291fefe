"""Omitted-variable bounds and E-values: published figures, and hidden causes of a known strength."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pyllm_causal.causal import instrument_sensitivity as iv
from pyllm_causal.causal.designs import Task
from pyllm_causal.causal.evalue import e_value, e_values, e_values_of_difference, explained, risk_ratio
from pyllm_causal.causal.instrument_case import Case, prepare
from pyllm_causal.causal.instrument_estimate import Answered, headline
from pyllm_causal.causal.robustness import (
    Benchmark,
    Strength,
    as_strong_as,
    bias_in_errors,
    critical_value,
    interval_value,
    robustness_value,
)
from pyllm_causal.data import Table
from pyllm_causal.query import Query

MOMENTS = Path(__file__).parent / "designs" / "instrument_moments.json"


def instrument(frame: pd.DataFrame, treatment: str = "d", outcome: str = "y", z: str = "z", **more: object) -> Case:
    design = {"kind": "instrument", "instruments": [z]}
    query = Query.model_validate({"treatment": treatment, "outcome": outcome, "design": design, **more})
    case = prepare(Task(query, Table.read(frame)))
    assert isinstance(case, Case)
    return case


def answered(case: Case) -> Answered:
    found = headline(case)
    assert isinstance(found, Answered)
    return found


def card() -> Case:
    """A table with the means and covariances of Card's: all that classical figures depend on."""
    told = json.loads(MOMENTS.read_text())["card"]
    n, k = told["n"], len(told["names"])
    values = np.random.default_rng(0).standard_normal((n, k))
    values -= values.mean(axis=0)
    values = values @ np.linalg.inv(np.linalg.cholesky(values.T @ values / n)).T
    values = values @ np.linalg.cholesky(np.array(told["covariance"])).T + told["mean"]
    frame = pd.DataFrame(values, columns=told["names"])
    covariates = [c for c in frame if c not in ("educ", "lwage", "nearc4")]
    return instrument(frame, "educ", "lwage", "nearc4", adjust_for=covariates)


def test_card_as_published() -> None:
    """Cinelli & Hazlett (2025), section 5, table 1 (Card's college proximity): robustness values of the interval 0.67 % (reduced form
    and Anderson–Rubin) and 3.02 % (first stage); black 0.22 % of the instrument, 7.5 % of the outcome, critical value 2.59; smsa
    0.639 %, 2.02 %, 2.57; set (−0.02, 0.40) in both."""
    case = card()
    stage, first = iv._stage(case, 0.0), iv._first_stage(case)
    assert stage is not None and first is not None
    assert interval_value(stage.t, stage.dof) == pytest.approx(0.00667, abs=0.00001)
    assert interval_value(first.t, first.dof) == pytest.approx(0.0302, abs=0.0001)
    published = {"black": (0.00221, 0.0750, 2.59, -0.0212, 0.402), "smsa": (0.00639, 0.0202, 2.57, -0.0192, 0.396)}
    for b in stage.benchmarks:
        if b.column not in published:
            continue
        there = as_strong_as(b)
        assert there is not None
        s = Strength(there.treatment, iv.widest(case, b))
        critical = critical_value(s, stage.dof)
        low, high = iv.robust_set(case.p, s, stage.dof).hull
        share, outcome, threshold, *ends = published[b.column]
        assert s.treatment == pytest.approx(share, abs=0.00001) and s.outcome == pytest.approx(outcome, abs=0.0001)
        assert critical == pytest.approx(threshold, abs=0.005)
        assert (low, high) == pytest.approx(tuple(ends), abs=0.01)  # the table's robust errors are near classical ones


def test_bounds_agree_with_the_bias_in_errors() -> None:
    b = Benchmark("x", 0.08, 0.2)
    for times in (0.5, 1.0, 3.0):
        s = as_strong_as(b, times)
        assert s is not None
        assert s.shift(500.0) == pytest.approx(bias_in_errors(times, b, 500.0))
    assert (
        as_strong_as(Benchmark("x", 0.6, 0.2)) is None
        and bias_in_errors(1.0, Benchmark("x", 0.6, 0.2), 500) == math.inf
    )


def test_critical_value_without_a_hidden_cause_is_the_usual_one() -> None:
    assert critical_value(Strength(0.0, 0.0), 100.0) == pytest.approx(
        float(stats.t.ppf(0.975, 99)) * math.sqrt(100 / 99)
    )
    # more of the outcome explained never lowers it
    values = [critical_value(Strength(0.1, r), 100.0) for r in (0.0, 0.2, 0.5, 0.9, 1.0)]
    assert values == sorted(values)


def test_interval_value_is_where_the_interval_touches_zero() -> None:
    """A hidden cause that explains just that share of both brings the t statistic to its critical value (for many rows, where the
    error is hardly changed)."""
    t, dof = 6.0, 100_000.0
    r = interval_value(t, dof)
    left = t - Strength(r, r).shift(dof)
    assert left == pytest.approx(1.96, abs=0.01)
    assert interval_value(1.9, 500.0) == 0.0 and interval_value(t, dof, wider=2.0) < r


def hidden(strength: float, seed: int, n: int = 4000) -> pd.DataFrame:
    """x and u each drive instrument and outcome: u exactly `strength` times as strongly as x, which alone is in the table."""
    rng = np.random.default_rng(seed)
    x, u, v = rng.standard_normal((3, n))
    root = math.sqrt(strength)
    z = 0.3 * x + 0.3 * root * u + rng.standard_normal(n)
    d = z + v + rng.standard_normal(n)
    y = 1.0 * d + 0.4 * x + 0.4 * root * u + v + rng.standard_normal(n)
    return pd.DataFrame({"z": z, "d": d, "y": y, "x": x, "u": u})


@pytest.mark.parametrize("seed", range(4))
def test_a_hidden_cause_as_strong_as_the_column_is_bracketed(seed: int) -> None:
    frame = hidden(1.0, seed)
    case = instrument(frame, adjust_for=["x"])
    check = iv.hidden_cause(case, answered(case))
    assert check is not None and check.figures["strongest"] == "x"
    with_u = answered(instrument(frame, adjust_for=["x", "u"])).effect.value
    low, high = float(check.figures["low"] or 0), float(check.figures["high"] or 0)
    assert answered(case).effect.value > 1.05  # biased upwards
    assert low < with_u < high
    assert check.family == "sensitivity" and "anything from" in check.observed


def test_verdicts_of_the_instrument() -> None:
    rng = np.random.default_rng(3)
    n = 3000

    def world(gain: float, path: float) -> str:
        x, v = rng.standard_normal((2, n))
        z = path * x + rng.standard_normal(n)
        d = z + v + rng.standard_normal(n)
        frame = pd.DataFrame({"z": z, "d": d, "y": gain * d + path * x + v + rng.standard_normal(n), "x": x})
        case = instrument(frame, adjust_for=["x"])
        check = iv.hidden_cause(case, answered(case))
        assert check is not None
        return check.verdict

    assert world(1.0, 0.1) == "passed"  # strong effect, weak measured cause
    assert world(0.15, 0.9) == "failed"  # such a cause alone would turn the sign
    assert world(0.0, 0.1) == "inconclusive"  # nothing to undo


def test_robustness_value_needs_just_that_much() -> None:
    """A hidden cause built to explain exactly that share of instrument and outcome takes the reduced form to zero."""
    t, dof = 5.0, 1000.0
    r = robustness_value(t, dof)
    assert Strength(r, r).shift(dof) == pytest.approx(t)


def test_e_values_as_published() -> None:
    """VanderWeele & Ding (2017): smoking and lung cancer RR 10.73 → 20.9; breastfeeding 3.9 (1.8, 8.7) → 7.2 and 3.0; leukaemia
    0.80 (0.71, 0.91) → 1.8 and 1.4."""
    assert e_value(10.73) == pytest.approx(20.95, abs=0.01)
    milk = e_values(3.9, 1.8, 8.7)
    assert (milk.value, milk.limit) == pytest.approx((7.26, 3.0), abs=0.01)
    blood = e_values(0.80, 0.71, 0.91)
    assert (blood.value, blood.limit) == pytest.approx((1.81, 1.43), abs=0.005)
    assert e_values(1.2, 0.9, 1.6).limit == 1.0 and e_values(1.2, None, None).limit is None
    assert e_values(3.0, 1.5, math.inf).limit == pytest.approx(e_value(1.5))
    assert e_values(0.3, 0.0, 0.5).limit == pytest.approx(e_value(2.0))
    with pytest.raises(ValueError):
        e_value(0.0)


def test_e_value_is_the_least_that_explains() -> None:
    """Ding & VanderWeele (2016): tied to both by its own E-value a hidden cause explains the ratio exactly; weaker, it cannot."""
    for ratio in (1.1, 2.0, 7.5):
        e = e_value(ratio)
        assert explained(e, e) == pytest.approx(ratio)
        assert explained(e, 0.99 * e) < ratio


def test_a_hidden_cause_by_counts() -> None:
    """A table in which treatment does nothing and a hidden yes/no cause does it all: its ties are at least the E-value."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        p_u = rng.uniform(0.05, 0.95, 2)  # share with the cause among treated and others
        risk = rng.uniform(0.02, 0.6, 2)
        rates = [p * risk[1] + (1 - p) * risk[0] for p in p_u]
        observed = rates[0] / rates[1]
        ups = [p_u[0] / p_u[1], (1 - p_u[0]) / (1 - p_u[1])]
        tie = max(ups) if observed >= 1 else 1 / min(ups)
        both, ratio = max(risk) / min(risk), max(observed, 1 / observed)
        assert explained(tie, both) >= ratio - 1e-9
        assert max(tie, both) >= e_value(observed) - 1e-9


def test_odds_and_hazards_of_common_events() -> None:
    assert risk_ratio(4.0, "odds", True) == 2.0 and risk_ratio(4.0, "odds") == 4.0
    assert risk_ratio(2.0, "hazard", True) == pytest.approx((1 - 0.5**2**0.5) / (1 - 0.5**0.5**0.5))
    # half of the untreated die under a hazard ratio of 2 with no shared time scale: between the square root and the ratio
    assert math.sqrt(2.0) * 0.95 < risk_ratio(2.0, "hazard", True) < 2.0
    assert risk_ratio(0.5, "hazard", True) == pytest.approx(1 / risk_ratio(2.0, "hazard", True))
    for kind in ("risk", "rate"):
        assert risk_ratio(3.0, kind, True) == 3.0  # type: ignore[arg-type]


def test_e_value_of_a_difference() -> None:
    found = e_values_of_difference(0.5, 0.1, 1.0)
    assert found.ratio == pytest.approx(math.exp(0.455)) and found.approximate
    assert found.limit == pytest.approx(e_value(math.exp(0.455 - 0.178)))
    assert e_values_of_difference(0.1, 0.1, 1.0).limit == 1.0
