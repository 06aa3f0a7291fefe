"""Sensitivity of the other designs: worlds in which the fault is known exactly, and the statement must bracket it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from pyllm_causal.analysis import GroupedEffect, Refutation
from pyllm_causal.causal.designs import Finding, Task, named
from pyllm_causal.causal.evalue import e_value
from pyllm_causal.data import Table
from pyllm_causal.query import Query


def found(strategy: str, frame: pd.DataFrame, **query: Any) -> Finding:
    answer = named(strategy).function(Task(Query.model_validate(query), Table.read(frame)))
    assert isinstance(answer, Finding)
    return answer


def check(answer: Finding, name: str) -> Refutation:
    told = next(r for r in answer.refutations if r.check == name)
    assert told.family == "sensitivity" and told.short and told.meaning
    return told


def figure(told: Refutation, name: str) -> float:
    value = told.figures[name]
    assert isinstance(value, float)
    return value


# --- survival: a rare event, a treatment that does nothing, and a yes/no cause of both that is not in the table

HAZARD = {
    "treatment": "drug", "outcome": "days", "event": "died", "scale": "hazard_ratio", "adjust_for": ["age"],
}  # fmt: skip


def deaths(
    with_cause: tuple[float, float], times: float, age_ratio: float, drug: float = 1.0, n: int = 20_000, seed: int = 0
) -> pd.DataFrame:
    """`with_cause`: share with the hidden cause among treated and others; it multiplies the rate by `times`, a year of age (in
    standard deviations) by `age_ratio`, the drug by `drug`."""
    rng = np.random.default_rng(seed)
    age = rng.standard_normal(n)
    t = (rng.random(n) < expit(0.5 * age)).astype(int)
    u = rng.random(n) < np.where(t == 1, *with_cause)
    rate = 0.01 * times**u * age_ratio**age * drug**t
    days = rng.exponential(1 / rate)
    return pd.DataFrame({"drug": t, "age": age, "days": np.minimum(days, 2.0), "died": (days < 2.0).astype(int)})


def test_a_hidden_cause_that_does_it_all_is_tied_at_least_as_strongly_as_the_e_value_says() -> None:
    told = check(found("survival", deaths((0.6, 0.2), 6.0, 1.3), **HAZARD), "e_value")
    assert figure(told, "hazard_ratio") == pytest.approx(
        (1 + 0.6 * 5) / (1 + 0.2 * 5), rel=0.12
    )  # all of it the hidden cause's
    strongest_tie = max(0.6 / 0.2, 6.0)
    assert 1 < figure(told, "e_value_limit") < figure(told, "e_value") <= strongest_tie * 1.1
    assert "times as likely" in told.observed and told.figures["strongest"] == "age"


def test_e_value_verdicts() -> None:
    clear = check(found("survival", deaths((0.0, 0.0), 1.0, 1.3, drug=3.0), **HAZARD), "e_value")
    assert clear.verdict == "passed" and figure(clear, "e_value") == pytest.approx(e_value(3.0), rel=0.2)
    small = check(found("survival", deaths((0.0, 0.0), 1.0, 4.0, drug=1.25), **HAZARD), "e_value")
    assert small.verdict == "inconclusive"  # age alone moves the ratio further than that
    none = check(found("survival", deaths((0.0, 0.0), 1.0, 1.3, n=4000, seed=1), **HAZARD), "e_value")
    assert none.verdict == "inconclusive" and "nothing to explain away" in none.observed
    told = found("survival", deaths((0.0, 0.0), 1.0, 1.3, drug=3.0), **HAZARD, design={"kind": "randomised"})
    assert all(r.check != "e_value" for r in told.refutations)


# --- groups: a hidden cause in one of them only

BY = {"kind": "effect_by_group", "by": "g", "treatment": "t", "outcome": "y", "adjust_for": ["x"]}


def groups(strength: float, gap: float = 2.0, path: float = 0.5, n: int = 4000, seed: int = 0) -> pd.DataFrame:
    """x drives both in both groups; u drives both in group b only, `strength` times as strongly."""
    rng = np.random.default_rng(seed)
    b = rng.integers(0, 2, n)
    x, u = rng.standard_normal((2, n))
    pull = path * x + path * np.sqrt(strength) * b * u
    t = (rng.random(n) < expit(1.5 * pull)).astype(int)
    y = t * (1 + gap * b) + pull + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": np.where(b == 1, "b", "a"), "x": x, "y": y})


@pytest.mark.parametrize("seed", range(3))
def test_a_hidden_cause_in_one_group_is_bracketed(seed: int) -> None:
    answer = found("effect_by_group", groups(0.8, seed=seed), **BY)
    told = check(answer, "hidden_cause")
    assert isinstance(answer.effect, GroupedEffect) and answer.effect.difference_between_groups is not None
    assert answer.effect.difference_between_groups.value > 2.15
    assert figure(told, "low") < 2.0 < figure(told, "high")
    assert told.verdict == "passed" and "difference" in told.observed


def test_verdicts_between_groups() -> None:
    assert check(found("effect_by_group", groups(0.0, gap=0.45, path=1.2), **BY), "hidden_cause").verdict == "failed"
    none = check(found("effect_by_group", groups(0.0, gap=0.0, n=1000, seed=2), **BY), "hidden_cause")
    assert none.verdict == "inconclusive" and "nothing to undo" in none.observed
    dealt = found("effect_by_group", groups(0.0), **BY, design={"kind": "randomised"})
    assert all(r.check != "hidden_cause" for r in dealt.refutations)


# --- synthetic control: a shock to the treated unit alone


def states(effect: float, wobble: float = 0.1, seed: int = 1) -> pd.DataFrame:
    """A is 0.6 B + 0.4 C up to `wobble`; `effect` is added to A from 2015 on."""
    rng = np.random.default_rng(seed)
    years, units = np.arange(2000, 2022), 25
    shared = np.column_stack([np.arange(22), np.sin(np.arange(22) / 2.0), rng.normal(size=22)])
    exposure = rng.uniform(0.5, 1.5, (units, 3)) * [1.0, 3.0, 1.0]
    exposure[0] = 0.6 * exposure[1] + 0.4 * exposure[2]
    y = 20 + shared @ exposure.T + rng.normal(scale=wobble, size=(22, units))
    y[years >= 2015, 0] += effect
    names = [chr(65 + j) for j in range(units)]
    return pd.DataFrame({"state": np.tile(names, 22), "year": np.repeat(years, units), "sales": y.ravel()})


MIX = {
    "treatment": "state", "outcome": "sales", "adjust_for": [],
    "design": {"kind": "synthetic_control", "unit": "state", "time": "year", "treated_unit": "A", "start": 2015},
}  # fmt: skip


def test_a_shock_of_just_that_size_explains_the_gap() -> None:
    frame = states(-4.0)
    told = check(found("synthetic_control", frame, **MIX), "hidden_cause")
    assert told.verdict == "passed" and figure(told, "times") > 5 and "strayed from its mix" in told.observed
    frame.loc[(frame["state"] == "A") & (frame["year"] >= 2015), "sales"] += figure(told, "wipes_out")
    assert found("synthetic_control", frame, **MIX).effect.value == pytest.approx(0.0, abs=1e-9)


def test_shock_verdicts() -> None:
    unclear = check(found("synthetic_control", states(0.0), **MIX), "hidden_cause")
    assert unclear.verdict == "inconclusive"
    frame = states(-1.5, wobble=0.02)
    frame.loc[(frame["state"] == "A") & (frame["year"] == 2003), "sales"] += 9.0  # strayed far once before, by itself
    strayed = check(found("synthetic_control", frame, **MIX), "hidden_cause")
    assert strayed.verdict != "passed" and figure(strayed, "largest_before") > 1.5


# --- front door: an effect past the mediator


def test_an_effect_past_the_mediator_is_missed_by_just_its_size() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    u = rng.standard_normal(n)
    t = (rng.random(n) < expit(u)).astype(int)
    m = 0.8 * t + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "y": 1.5 * m + u + rng.standard_normal(n)})
    query = {
        "treatment": "t", "outcome": "y", "adjust_for": [], "design": {"kind": "front_door", "mediators": ["m"]},
    }  # fmt: skip
    answer = found("front_door", frame, **query)
    told = check(answer, "direct_effect")
    assert told.verdict == "inconclusive" and figure(told, "wipes_out") == pytest.approx(-answer.effect.value)
    assert abs(figure(told, "reaches_zero")) < abs(figure(told, "wipes_out"))
    # a direct effect of that size makes the whole effect zero, and the answer does not move
    frame["y"] += figure(told, "wipes_out") * frame["t"]
    assert found("front_door", frame, **query).effect.value == pytest.approx(answer.effect.value, abs=1e-9)
