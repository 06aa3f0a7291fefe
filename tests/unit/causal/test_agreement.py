"""One rule for second opinions, one for negative controls: what a model suggests never counts, whatever the design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal.analysis import Effect
from pyllm_causal.causal.agreement import agreement
from pyllm_causal.errors import QueryError


def effect(value: float, error: float, scale: Any = "difference", unit: str = "") -> Effect:
    back = (
        (lambda v: v) if scale == "difference" else (lambda v: 100 * (np.exp(v) - 1)) if scale == "percent" else np.exp
    )
    low, high = float(back(value - 1.96 * error)), float(back(value + 1.96 * error))
    return Effect(value=float(back(value)), low=low, high=high, std_error=error, scale=scale, unit=unit)


@pytest.mark.parametrize("scale", ["difference", "ratio", "percent", "hazard_ratio"])
@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([(0.55, 0.1)], "passed"),
        ([(0.65, 0.1)], "inconclusive"),
        ([(0.75, 0.1)], "failed"),
        ([(0.75, 0.3)], "passed"),  # within its own margin
        ([(-1.0, 0.45)], "failed"),  # clearly the other way round
    ],
)
def test_the_rule_is_the_same_on_every_scale(others: list[tuple[float, float]], expected: str, scale: Any) -> None:
    found = agreement(effect(0.5, 0.1, scale), [effect(*o, scale) for o in others])
    assert found is not None and found.verdict == expected


def test_chances_are_told_in_100_once() -> None:
    found = agreement(effect(0.16, 0.02, unit="probability"), [effect(0.18, 0.02, unit="probability")])
    assert found is not None and found.observed == "2 methods gave between 16 and 18 in 100"


def test_nothing_is_said_without_a_second_opinion() -> None:
    assert agreement(effect(1, 0.1), []) is None
    assert agreement(effect(1, 0.1), [Effect(value=1, low=None, high=None, unbounded=True)]) is None


def worlds() -> dict[str, tuple[pd.DataFrame, dict[str, Any]]]:
    """Sound tables of several designs, each with a column `fake` that goes with the treatment."""
    rng = np.random.default_rng(0)
    n = 1200
    u, z, r = rng.standard_normal(n), rng.integers(0, 2, n), rng.uniform(-1, 1, n)
    t = rng.integers(0, 2, n)
    m = t + rng.standard_normal(n)
    unit, year = np.repeat(np.arange(n // 6), 6), np.tile(np.arange(6), n // 6)
    started = (unit % 2 == 0) & (year >= 3)
    d = z + u + rng.standard_normal(n)
    right = (r >= 0).astype(int)
    trend = unit % 7 + year + rng.standard_normal(n)
    return {
        "mediation": (
            pd.DataFrame({"t": t, "m": m, "y": m + t + rng.standard_normal(n), "fake": 2 * t + rng.standard_normal(n)}),
            {"kind": "mediation", "design": {"kind": "mediation", "mediators": ["m"]}, "adjust_for": []},
        ),
        "front_door": (
            pd.DataFrame({"t": t, "m": m, "y": m + rng.standard_normal(n), "fake": 2 * m + rng.standard_normal(n)}),
            {"design": {"kind": "front_door", "mediators": ["m"]}},
        ),
        "instrument": (
            pd.DataFrame({"z": z, "t": d, "y": d + u + rng.standard_normal(n), "fake": 2 * z + rng.standard_normal(n)}),
            {"design": {"kind": "instrument", "instruments": ["z"]}},
        ),
        "discontinuity": (
            pd.DataFrame({"r": r, "t": right, "y": right + r + rng.standard_normal(n), "fake": 3 * right + rng.standard_normal(n)}),
            {"design": {"kind": "discontinuity", "running": "r", "cutoff": 0}},
        ),
        "differences": (
            pd.DataFrame({"unit": unit, "year": year, "t": started.astype(int), "y": trend + started, "fake": 3 * started + trend}),
            {"design": {"kind": "differences", "unit": "unit", "time": "year"}},
        ),
        "panel": (
            pd.DataFrame({"unit": unit, "year": year, "t": started.astype(int), "y": trend + started, "fake": 3 * started + trend}),
            {"design": {"kind": "panel", "unit": "unit", "time": "year"}},
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", worlds())
def test_a_negative_control_of_a_model_never_counts(name: str) -> None:
    data, asked = worlds()[name]
    query = {"treatment": "t", "outcome": "y", **asked}
    without = pc.analyse(query, data)
    hinted = query | {"negative_outcomes": ["fake"]}
    mine, drafted = pc.analyse(hinted, data), pc.analyse(hinted | {"sources": {"negative_controls": "model"}}, data)
    for answer, by in ((mine, "you"), (drafted, "model")):
        failed = [r for r in answer.refutations if r.check in ("negative_outcome", "covariates_continuous")]
        assert [r.verdict for r in failed][-1] == "failed"
        assert failed[-1].suggested_by in (by, "rule" if by == "you" else by)
    assert mine.certainty is not None and drafted.certainty is not None and without.certainty is not None
    assert drafted.certainty.level == without.certainty.level
    assert any("a check failed" in reason for reason in mine.certainty.down)
    assert drafted.certainty.down == without.certainty.down


def test_one_of_several_arms_is_never_taken_in_silence() -> None:
    """By group, a design that compares two has to be told which two."""
    rng = np.random.default_rng(1)
    n = 600
    data = pd.DataFrame(
        {
            "arm": rng.choice(list("abc"), n), "sex": rng.integers(0, 2, n), "days": rng.exponential(10, n),
            "died": rng.integers(0, 2, n),
        }
    )  # fmt: skip
    asked = {
        "kind": "effect_by_group", "by": "sex", "treatment": "arm", "control": "a", "outcome": "days", "event": "died",
        "scale": "hazard_ratio", "design": {"kind": "randomised"},
    }  # fmt: skip
    with pytest.raises(QueryError, match="which two"):
        pc.analyse(asked, data)
