"""What else would have to jump at a cut-off: worlds in which the other jump is known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.designs import Finding, Task
from pyllm_causal.causal.designs.discontinuity import discontinuity
from pyllm_causal.data import Table
from pyllm_causal.query import Query


def found(frame: pd.DataFrame, treatment: str = "treated", **query: Any) -> Finding:
    plan = {"kind": "discontinuity", "running": "score", "cutoff": 0.0, **query.pop("design", {})}
    asked = {"treatment": treatment, "outcome": "y", "design": plan, **query}
    answer = discontinuity(Task(Query.model_validate(asked), Table.read(frame)))
    assert isinstance(answer, Finding)
    return answer


def check(answer: Finding) -> Refutation:
    return next(r for r in answer.refutations if r.check == "hidden_cause")


def world(
    gain: float, x_jump: float, u_jump: float, *, n: int = 4000, seed: int = 0, noise: float = 0.3
) -> pd.DataFrame:
    """x and u move the outcome by 1 each and jump at the cut-off; u is not in the table."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(-1, 1, n)
    t = (score >= 0).astype(int)
    x = x_jump * t + rng.standard_normal(n) * 0.3
    u = u_jump * t + rng.standard_normal(n) * 0.3
    y = gain * t + 0.5 * score + x + u + noise * rng.standard_normal(n)
    return pd.DataFrame({"score": score, "treated": t, "y": y, "x": x})


@pytest.mark.parametrize(("u_jump", "seed"), [(0.4, 0), (-0.4, 1), (0.3, 2), (0.0, 3)])
def test_a_hidden_cause_that_jumps_no_more_than_the_measured_one_is_bracketed(u_jump: float, seed: int) -> None:
    answer = found(world(2.0, 0.5, u_jump, seed=seed), adjust_for=["x"])
    told = check(answer)
    assert answer.effect.value == pytest.approx(2.0 + u_jump, abs=0.15)
    assert told.figures["strongest"] == "x" and told.figures["worth"] == pytest.approx(0.5, abs=0.12)
    low, high = (float(told.figures[k] or 0) for k in ("low", "high"))
    assert low <= 2.0 <= high
    assert told.verdict == "passed" and told.family == "sensitivity"


def test_verdicts() -> None:
    assert check(found(world(0.4, 0.8, 0.0), adjust_for=["x"])).verdict == "failed"  # x's jump alone is larger
    assert check(found(world(2.0, 0.5, 0.0))).verdict == "inconclusive"  # nothing to compare with
    nothing = check(found(world(0.0, 0.0, 0.0, seed=4), adjust_for=["x"]))
    assert nothing.verdict == "inconclusive" and "nothing to undo" in nothing.observed


def test_a_jump_of_just_that_much_undoes_it() -> None:
    frame = world(1.0, 0.0, 0.0)
    told = check(found(frame))
    frame["y"] -= float(told.figures["wipes_out"] or 0) * frame["treated"]
    assert found(frame).effect.value == pytest.approx(0.0, abs=1e-9)


def test_fuzzy_in_units_of_the_outcome_not_of_the_effect() -> None:
    """Half the rows follow the cut-off: an effect of 2 is a jump of 1, and that is what has to be explained."""
    rng = np.random.default_rng(5)
    n = 6000
    score, push = rng.uniform(-1, 1, n), rng.uniform(size=n)
    took = (push < 0.25 + 0.5 * (score >= 0)).astype(int)
    frame = pd.DataFrame({"score": score, "took": took, "y": 2.0 * took + score + 0.3 * rng.standard_normal(n)})
    answer = found(frame, "took", design={"fuzzy": True})
    told = check(answer)
    assert told.figures["wipes_out"] == pytest.approx(1.0, abs=0.2)
    assert 0 < float(told.figures["reaches_zero"] or 0) < float(told.figures["wipes_out"] or 0)
    frame["y"] -= float(told.figures["wipes_out"] or 0) * (frame["score"] >= 0)
    assert abs(found(frame, "took", design={"fuzzy": True}).effect.value) < 0.05


def test_a_yes_no_outcome_in_100_and_a_category_as_one_column() -> None:
    rng = np.random.default_rng(6)
    n = 4000
    score = rng.uniform(-1, 1, n)
    t = (score >= 0).astype(int)
    town = rng.choice(["a", "b", "c"], n)
    y = (rng.uniform(size=n) < 0.3 + 0.3 * t + 0.1 * (town == "a")).astype(int)
    told = check(found(pd.DataFrame({"score": score, "treated": t, "y": y, "town": town}), adjust_for=["town"]))
    assert " in 100 to explain the whole" in told.observed.replace(",", "") and told.figures["strongest"] == "town"
