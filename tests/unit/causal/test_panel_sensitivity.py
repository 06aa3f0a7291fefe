"""Fixed effects under a hidden cause that changes over time, of a known strength."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.designs import Finding, Task
from pyllm_causal.causal.designs.panel import panel
from pyllm_causal.data import Table
from pyllm_causal.query import Query


def found(frame: pd.DataFrame, **query: Any) -> Finding:
    asked = {"treatment": "d", "outcome": "y", "design": {"kind": "panel", "unit": "unit", "time": "t"}, **query}
    answer = panel(Task(Query.model_validate(asked), Table.read(frame)))
    assert isinstance(answer, Finding)
    return answer


def check(answer: Finding, name: str = "hidden_cause") -> Refutation | None:
    return next((r for r in answer.refutations if r.check == name), None)


def world(strength: float, seed: int, gain: float = 1.0, path: float = 0.4, units: int = 300) -> pd.DataFrame:
    """x and u change over time and drive both; u is `strength` times as strong as x (as a share of what is left)."""
    rng = np.random.default_rng(seed)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(6), indexing="ij"))
    x, u = rng.standard_normal((2, len(i)))
    root = np.sqrt(strength)
    own = rng.standard_normal(units)[i]
    d = own + path * x + path * root * u + rng.standard_normal(len(i))
    y = gain * d + 2 * own + 0.2 * t + path * x + path * root * u + rng.standard_normal(len(i))
    return pd.DataFrame({"unit": i, "t": t, "d": d, "y": y, "x": x, "u": u})


@pytest.mark.parametrize("seed", range(3))
def test_a_hidden_cause_nearly_as_strong_as_the_column_is_bracketed(seed: int) -> None:
    frame = world(0.8, seed)  # at 1.0 the bound is reached, and chance decides on which side
    answer = found(frame, adjust_for=["x"])
    told = check(answer)
    assert told is not None and told.verdict == "passed" and told.family == "sensitivity"
    assert told.figures["strongest"] == "x"
    whole = found(frame, adjust_for=["x", "u"]).effect.value
    assert answer.effect.value > whole + 0.08
    assert float(told.figures["low"] or 0) < whole < float(told.figures["high"] or 0)
    assert 0 < float(told.figures["robustness_value_interval"] or 0) < float(told.figures["robustness_value"] or 0)


def test_verdicts() -> None:
    weak = check(found(world(0.0, 1, gain=0.05, path=0.8), adjust_for=["x"]))
    assert weak is not None and weak.verdict in ("failed", "inconclusive")
    gone = check(found(world(0.0, 2, gain=0.0), adjust_for=["x"]))
    assert gone is not None and gone.verdict == "inconclusive"
    alone = check(found(world(0.0, 3), adjust_for=[]))
    assert alone is not None and alone.verdict == "inconclusive" and "% of what is left" in alone.observed


def test_units_switched_on_for_good_are_asked_how_far_they_would_have_to_drift() -> None:
    rng = np.random.default_rng(4)
    units = 240
    start = np.resize(np.array([3, 4, 99]), units)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(7), indexing="ij"))
    d = (t >= start[i]).astype(int)
    frame = pd.DataFrame(
        {"unit": i, "t": t, "d": d, "y": 2.0 * d + rng.standard_normal(units)[i] + 0.1 * rng.standard_normal(len(i))}
    )
    told = check(found(frame), "trend_sensitivity")
    assert told is not None and told.verdict == "passed"
    assert float(told.figures["low"] or 0) < 2.0 < float(told.figures["high"] or 0)
    assert check(found(world(0.0, 5)), "trend_sensitivity") is None  # a dose is not switched on
