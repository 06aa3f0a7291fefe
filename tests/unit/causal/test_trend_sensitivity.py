"""How far trends would have to part: the analytic bound, worlds with a known drift, and what is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.designs import Finding, Task
from pyllm_causal.causal.designs.differences import differences
from pyllm_causal.causal.pre_trends import EventStudy
from pyllm_causal.causal.trend_sensitivity import breakdown
from pyllm_causal.data import Table
from pyllm_causal.query import Query


def found(frame: pd.DataFrame, outcome: str = "y", **design: Any) -> Finding:
    query = {"treatment": "on", "outcome": outcome, "design": {"kind": "differences", "time": "t", **design}}
    answer = differences(Task(Query.model_validate(query), Table.read(frame)))
    assert isinstance(answer, Finding)
    return answer


def check(answer: Finding) -> Refutation:
    return next(r for r in answer.refutations if r.check == "trend_sensitivity")


def study(events: list[int], gaps: list[float], treated: list[float]) -> EventStudy:
    n = len(events)
    return EventStudy(np.array(events), np.array(gaps), 0.01 * np.eye(n), np.array(treated), np.full(n, 50), 50)


def test_the_bound_is_the_identified_set_of_rambachan_and_roth() -> None:
    """Relative magnitudes, M = 0.7: over all trends δ with |δ(t+1) − δ(t)| ≤ M·(largest step before), the largest average
    departure after the start by linear programming (their equation 8 and lemma 2.1) is step × reach × M."""
    gaps, weights = [0.5, 0.2, 0.4], np.array([3.0, 2.0, 1.0])
    s = study([-4, -3, -2, 0, 1, 2], [*gaps, 2.0, 2.5, 3.0], [3.0, 3.0, 3.0, *weights])
    value = float(np.average([2.0, 2.5, 3.0], weights=weights))  # against the last period before, as drift is counted
    bound = breakdown(s, value, 1.2, 3.4)
    assert bound is not None and bound.centre == pytest.approx(value)
    largest = max(abs(0.2 - 0.5), abs(0.4 - 0.2), abs(0.0 - 0.4))
    assert bound.step == pytest.approx(largest)
    m = 0.7
    differences_ = np.eye(3) - np.eye(3, k=-1)
    solved = linprog(
        -weights / weights.sum(),
        A_ub=np.vstack([differences_, -differences_]),
        b_ub=np.full(6, m * largest),
        bounds=(None, None),
    )
    assert -solved.fun == pytest.approx(m * bound.step * bound.reach)
    assert bound.times == pytest.approx(1.2 / (bound.step * bound.reach))
    assert bound.whole == pytest.approx(value / (bound.step * bound.reach))
    assert breakdown(s, value, -0.1, 4.7) is not None and breakdown(s, value, -0.1, 4.7).times is None  # type: ignore[union-attr]


def test_gaps_between_periods_are_steps_of_one_period_each() -> None:
    bound = breakdown(study([-5, -2, 0], [0.9, 0.3, 2.0], [1.0] * 3), 2.0, 1.0, 3.0)
    assert bound is not None and bound.step == pytest.approx(0.3)  # 0.6 in three periods, 0.3 in one


def world(drift: float, *, gain: float = 1.0, noise: float = 0.02, units: int = 200, seed: int = 0) -> pd.DataFrame:
    """Six periods, treated from period 3 on. The treated drift up by 0.2 and down by 0.2 before; after the start by `drift` a
    period."""
    rng = np.random.default_rng(seed)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(6), indexing="ij"))
    ever = i % 2
    on = ever * (t >= 3)
    path = np.array([0.0, 0.2, 0.0, drift, 2 * drift, 3 * drift])
    y = rng.standard_normal(units)[i] + 0.1 * t + gain * on + ever * path[t] + noise * rng.standard_normal(len(i))
    return pd.DataFrame({"unit": i, "t": t, "on": on, "y": y})


@pytest.mark.parametrize("drift", [-0.2, -0.1, 0.0, 0.15, 0.2])
def test_a_drift_no_larger_than_the_largest_before_is_bracketed(drift: float) -> None:
    told = check(found(world(drift), unit="unit"))
    low, high = (float(told.figures[k] or 0) for k in ("low", "high"))
    assert low - 0.02 <= 1.0 <= high + 0.02
    assert told.figures["largest_step"] == pytest.approx(0.2, abs=0.02)
    assert told.verdict == "passed" and told.family == "sensitivity"


def test_an_estimate_against_all_earlier_periods_is_moved_to_the_last_one() -> None:
    s = study([-3, -2, 0], [0.6, 0.3, 2.0], [1.0] * 3)
    # against the mean of the three earlier gaps, 0.3, the estimate is 1.7; its interval reaches 0.4 either way
    bound = breakdown(s, 1.7, 1.3, 2.1)
    assert bound is not None and bound.times == pytest.approx(1.6 / 0.3) and bound.whole == pytest.approx(2.0 / 0.3)


def test_that_many_times_the_largest_step_undoes_it() -> None:
    """Trends that part by exactly that much in every period take the gap from the last period before to zero."""
    frame = world(0.0)
    told = check(found(frame, unit="unit"))
    slope = float(told.figures["times_for_all"] or 0) * float(told.figures["largest_step"] or 0)
    treated = frame["unit"] % 2 == 1
    frame["y"] -= np.where(treated & (frame["t"] >= 3), slope * (frame["t"] - 2), 0.0)
    told = check(found(frame, unit="unit"))
    assert float(told.figures["low"] or 0) + float(told.figures["high"] or 0) == pytest.approx(0.0, abs=1e-9)


def test_a_small_effect_beside_large_steps_is_inconclusive() -> None:
    told = check(found(world(0.0, gain=0.15), unit="unit"))
    assert told.verdict == "inconclusive" and 0 < float(told.figures["times"] or 0) < 1
    nothing = check(found(world(0.0, gain=0.0, noise=1.0, seed=3), unit="unit"))
    assert nothing.verdict == "inconclusive" and "nothing to undo" in nothing.observed


def two_periods(gain: float = 2.0, n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    group, t = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = 10 + group - 1.5 * t + gain * group * t + rng.standard_normal(n)
    return pd.DataFrame({"on": group, "t": t, "weight": y})


def test_with_one_period_before_it_is_told_in_units() -> None:
    frame = two_periods()
    told = check(found(frame, "weight", group="on"))
    assert told.verdict == "inconclusive"
    assert told.figures["others_changed"] == pytest.approx(-1.5, abs=0.3)
    assert "would have to part by 2" in told.observed and "changed by 1.6" in told.observed
    late = (frame["on"] == 1) & (frame["t"] == 1)
    frame.loc[late, "weight"] -= float(told.figures["wipes_out"] or 0)
    assert found(frame, "weight", group="on").effect.value == pytest.approx(0.0, abs=1e-9)


def test_a_treatment_read_the_other_way_round_is_bracketed_too() -> None:
    frame = world(0.1)
    frame["on"] = 1 - frame["on"]
    query = {
        "treatment": "on", "outcome": "y", "treated": 1, "control": 0,
        "design": {"kind": "differences", "time": "t", "unit": "unit"},
    }  # fmt: skip
    answer = differences(Task(Query.model_validate(query), Table.read(frame)))
    assert isinstance(answer, Finding)
    told = check(answer)
    assert float(told.figures["low"] or 0) - 0.02 <= -1.0 <= float(told.figures["high"] or 0) + 0.02
