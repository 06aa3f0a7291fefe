"""Planted effects in every design: found in sound worlds in the user's units, and not where the method is wrong."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Estimand, NotIdentified, Refutation, SampleCount
from pyllm_causal.causal import planted as module
from pyllm_causal.causal.designs import MODULES, Finding, Task, named, strategy_of
from pyllm_causal.causal.planted import DESIGNS, planted_effect
from pyllm_causal.causal.refuters import one_by_one
from pyllm_causal.causal.repeats import Effort, Watch
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.worlds import expit

Asked = tuple[pd.DataFrame, dict[str, Any]]


def found(frame: pd.DataFrame, query: dict[str, Any], method: str) -> tuple[str, Task, Finding]:
    """The headline of a design as a finding, without its second opinions and checks."""
    parsed = parse_query(query)
    strategy = strategy_of(parsed)
    assert strategy is not None
    task = Task(parsed, Table.read(frame), 0)
    effect = import_module(named(strategy).function.__module__).quick(task)
    assert not isinstance(effect, NotIdentified)
    finding = Finding(
        estimand=Estimand(strategy="none"), method=method, label="", effect=effect, plain=effect,
        sample=SampleCount(rows=len(frame), used=len(frame)), population="all", spread=1.0,
    )  # fmt: skip
    return strategy, task, finding


def checked(frame: pd.DataFrame, query: dict[str, Any], method: str) -> Refutation:
    result = planted_effect(*found(frame, query, method))
    assert result is not None
    return result


# ---- sound worlds -----------------------------------------------------------------------------------------------------


def instrument(rng: np.random.Generator, n: int = 500) -> Asked:
    z, u = rng.integers(0, 2, n), rng.standard_normal(n)
    d = (0.9 * u + 1.6 * z - 0.8 + rng.standard_normal(n) > 0).astype(int)
    frame = pd.DataFrame({"z": z, "d": d, "y": d + u + rng.standard_normal(n)})
    return frame, {"treatment": "d", "outcome": "y", "design": {"kind": "instrument", "instruments": ["z"]}}


def weighed(rng: np.random.Generator) -> Asked:
    frame, query = instrument(rng, 700)
    return frame, {**query, "method": "weighted_wald"}


def cutoff(rng: np.random.Generator, bend: float = 0.0, n: int = 800, **design: Any) -> Asked:
    x = rng.uniform(-1, 1, n)
    y = 1.0 * (x >= 0) + 2 * x + bend * np.sin(6 * x) + rng.standard_normal(n)
    plan = {"kind": "discontinuity", "running": "x", "cutoff": 0.0, **design}
    frame = pd.DataFrame({"x": x, "t": (x >= 0).astype(int), "y": y})
    return frame, {"treatment": "t", "outcome": "y", "design": plan}


def fuzzy(rng: np.random.Generator) -> Asked:
    n = 1500
    x, u = rng.uniform(-1, 1, n), rng.standard_normal(n)
    t = (0.8 * u + rng.standard_normal(n) > np.where(x >= 0, -1.0, 1.2)).astype(int)
    plan = {"kind": "discontinuity", "running": "x", "cutoff": 0.0, "fuzzy": True}
    frame = pd.DataFrame({"x": x, "t": t, "y": t + u + np.sin(2 * x) + rng.standard_normal(n)})
    return frame, {"treatment": "t", "outcome": "y", "design": plan}


def panel_of(rng: np.random.Generator, units: int = 50, periods: int = 6) -> pd.DataFrame:
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))
    level, common = rng.standard_normal(units), rng.standard_normal(periods)
    noise = np.cumsum(rng.standard_normal((units, periods)), axis=1) * 0.5
    return pd.DataFrame({"i": i, "t": t, "y": 2 * level[i] + common[t] + noise.ravel(), "level": level[i]})


def differences(rng: np.random.Generator) -> Asked:
    frame = panel_of(rng)
    frame["on"] = ((frame["i"] < 25) & (frame["t"] >= 3)).astype(int)
    frame["y"] += frame["on"]
    design = {"kind": "differences", "time": "t", "unit": "i"}
    return frame.drop(columns="level"), {"treatment": "on", "outcome": "y", "design": design}


def staggered(rng: np.random.Generator) -> Asked:
    frame = panel_of(rng, 90)
    start = np.select([frame["i"] < 30, frame["i"] < 60], [2, 4], 99)
    frame["on"] = (frame["t"] >= start).astype(int)
    frame["y"] += frame["on"]
    design = {"kind": "differences", "time": "t", "unit": "i"}
    return frame.drop(columns="level"), {"treatment": "on", "outcome": "y", "design": design}


def ratio_of_changes(rng: np.random.Generator) -> Asked:
    frame, query = differences(rng)
    frame["y"] += 30
    return frame, {**query, "scale": "percent"}


def panel(rng: np.random.Generator) -> Asked:
    frame = panel_of(rng)
    frame["d"] = frame["level"] + rng.standard_normal(len(frame))
    frame["y"] += frame["d"]
    design = {"kind": "panel", "unit": "i", "time": "t"}
    return frame.drop(columns="level"), {"treatment": "d", "outcome": "y", "design": design}


def mix(rng: np.random.Generator) -> Asked:
    units, periods, start = 25, 24, 16
    factor, load = np.cumsum(rng.standard_normal(periods)), rng.uniform(0, 2, units)
    load[0] = 1.0
    y = 10 + factor[:, None] * load + rng.standard_normal((periods, units)) * 0.5
    y[start:, 0] += 3.0
    long = pd.DataFrame(y).reset_index().melt("index", var_name="unit", value_name="y")
    frame = pd.DataFrame({"t": long["index"] + 2000, "unit": "u" + long["unit"].astype(str), "y": long["y"]})
    frame["law"] = ((frame["unit"] == "u0") & (frame["t"] >= 2000 + start)).astype(int)
    design = {"kind": "synthetic_control", "unit": "unit", "time": "t", "treated_unit": "u0", "start": 2000 + start}
    return frame, {"treatment": "law", "outcome": "y", "design": design}


def steps(rng: np.random.Generator, kind: str, yes_no: bool = False, mediator: str = "number", n: int = 600) -> Asked:
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    hidden = u if kind == "front_door" else x
    t = (hidden + rng.standard_normal(n) > 0).astype(int)
    m = 0.8 * t + 0.3 * x + rng.standard_normal(n)
    if mediator == "yes_no":
        m = (m > 0.4).astype(int)
    line = m + 0.4 * t * (kind == "mediation") + hidden + 0.3 * x
    y = (rng.random(n) < expit(line - 1)).astype(int) if yes_no else line + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "x": x, "y": y})
    asked = {"treatment": "t", "outcome": "y", "adjust_for": ["x"], "design": {"kind": kind, "mediators": ["m"]}}
    return frame, {**asked, "kind": "mediation"} if kind == "mediation" else asked


def follow(rng: np.random.Generator, n: int = 500, **more: Any) -> Asked:
    x = rng.standard_normal(n)
    t = (rng.random(n) < expit(0.7 * x)).astype(int)
    happens = rng.exponential(1 / np.exp(-0.6 * t + 0.5 * x)) * 10
    leaves = rng.uniform(2, 25, n)
    frame = pd.DataFrame(
        {"t": t, "x": x, "months": np.minimum(happens, leaves), "died": (happens <= leaves).astype(int)}
    )
    return frame, {"treatment": "t", "outcome": "months", "event": "died", "adjust_for": ["x"], **more}


def grouped(rng: np.random.Generator, yes_no: bool = False) -> Asked:
    n = 900
    g, x = np.where(rng.random(n) < 0.4, "north", "south"), rng.standard_normal(n)
    t = (rng.random(n) < expit(0.7 * x)).astype(int)
    line = t * (0.5 + (g == "south")) + x
    y = (rng.random(n) < expit(line - 0.5)).astype(int) if yes_no else line + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "g": g, "x": x, "y": y})
    return frame, {"kind": "effect_by_group", "by": "g", "treatment": "t", "outcome": "y", "adjust_for": ["x"]}


SOUND = {
    "instrument": (instrument, "instrument", "2sls"),
    "instrument, weighted": (weighed, "instrument", "weighted_wald"),
    "discontinuity": (cutoff, "discontinuity", "local_linear"),
    "discontinuity, fuzzy": (fuzzy, "discontinuity", "local_linear"),
    "differences": (differences, "differences", "regression"),
    "differences, staggered": (staggered, "differences", "group_time"),
    "differences, percent": (ratio_of_changes, "differences", "regression"),
    "panel": (panel, "panel", "two_way"),
    "synthetic control": (mix, "synthetic_control", "synthetic_control"),
    "front door": (lambda rng: steps(rng, "front_door"), "front_door", "front_door_regression"),
    "front door, yes/no mediator": (
        lambda rng: steps(rng, "front_door", mediator="yes_no"),
        "front_door",
        "front_door_regression",
    ),
    "mediation": (lambda rng: steps(rng, "mediation"), "mediation", "mediation_regression"),
    "mediation, yes/no outcome": (
        lambda rng: steps(rng, "mediation", yes_no=True),
        "mediation",
        "mediation_regression",
    ),
    "survival, ratio of rates": (lambda rng: follow(rng, scale="hazard_ratio"), "survival", "cox"),
    "survival, shares": (lambda rng: follow(rng, scale="difference", horizon=8), "survival", "standardised"),
    "survival, mean time": (lambda rng: follow(rng, scale="difference"), "survival", "standardised"),
    "survival, ratio of risks": (lambda rng: follow(rng, scale="ratio", horizon=8), "survival", "standardised"),
    "by group": (grouped, "effect_by_group", "regression"),
    "by group, yes/no": (lambda rng: grouped(rng, True), "effect_by_group", "regression"),
}


@pytest.mark.parametrize("world", list(SOUND))
def test_sound_worlds_pass(world: str) -> None:
    """The intervals of every design hold what was planted about as often as they claim, which also checks that the planted size is
    what the made-up tables truly hold."""
    make, strategy, method = SOUND[world]
    frame, query = make(np.random.default_rng(5))
    first, task, finding = found(frame, query, method)
    assert first == strategy
    result = planted_effect(first, task, finding)
    assert result is not None and result.check == "planted_effect" and result.family == "dummy_outcome"
    assert result.verdict == "passed", result.observed
    n = int(result.figures["repeats"] or 0)
    assert n >= 20 and min(int(result.figures[k] or 0) for k in ("recovered", "quiet")) >= 0.8 * n
    assert int(result.figures["clear"] or 0) >= 0.5 * n
    assert f"of {n} planted" in result.observed


def test_every_design_has_a_simulator() -> None:
    assert set(DESIGNS) == set(MODULES)
    assert {strategy for _, strategy, _ in SOUND.values()} == set(DESIGNS)


def test_the_same_table_gives_the_same_figures() -> None:
    one, two = (checked(*differences(np.random.default_rng(3)), "regression") for _ in range(2))
    assert one == two


def test_words_are_in_the_units_of_the_answer() -> None:
    percent = checked(*ratio_of_changes(np.random.default_rng(5)), "regression")
    assert "%" in percent.observed
    rates = checked(*follow(np.random.default_rng(5), scale="hazard_ratio"), "cox")
    assert "times the rate" in rates.observed
    groups = checked(*grouped(np.random.default_rng(5)), "regression")
    assert "planted differences between the groups of" in groups.observed
    through = checked(*steps(np.random.default_rng(5), "mediation"), "mediation_product")
    assert "effects through the mediator" in through.observed


def test_what_matters_is_planted() -> None:
    frame, query = instrument(np.random.default_rng(5))
    assert checked(frame, {**query, "matters": 5.0}, "2sls").figures["planted"] == 5.0


# ---- methods that are wrong -------------------------------------------------------------------------------------------


def test_a_window_far_too_wide_for_the_curve_fails() -> None:
    wide = cutoff(np.random.default_rng(1), bend=2.5, n=1500, bandwidth=1.0)
    assert checked(wide[0], {**wide[1], "method": "local_linear_uniform"}, "local_linear_uniform").verdict == "failed"
    chosen = cutoff(np.random.default_rng(1), bend=2.5, n=1500)
    assert checked(*chosen, "local_linear").verdict == "passed"


def test_many_weak_instruments_fail_with_two_stages_and_not_by_rule() -> None:
    rng = np.random.default_rng(2)
    n, many = 400, 30
    z, u = rng.standard_normal((n, many)), rng.standard_normal(n)
    d = 0.16 * z.sum(axis=1) + u + 0.3 * rng.standard_normal(n)
    frame = pd.DataFrame(z, columns=[f"z{j}" for j in range(many)]).assign(d=d, y=2 * u + 0.3 * rng.standard_normal(n))
    design = {"kind": "instrument", "instruments": [f"z{j}" for j in range(many)]}
    query = {"treatment": "d", "outcome": "y", "design": design}
    assert checked(frame, {**query, "method": "2sls"}, "2sls").verdict == "failed"
    assert checked(frame, query, "liml").verdict != "failed"


def test_bent_confounding_in_groups_fails_with_straight_models() -> None:
    rng = np.random.default_rng(4)
    n = 800
    x, g = rng.standard_normal(n), rng.integers(0, 2, n)
    t = (rng.random(n) < expit((x**2 - 1) * np.where(g == 1, 1.2, -1.2))).astype(int)
    frame = pd.DataFrame({"t": t, "g": g, "x": x, "y": t + 1.5 * x**2 + rng.standard_normal(n)})
    query = {"kind": "effect_by_group", "by": "g", "treatment": "t", "outcome": "y", "adjust_for": ["x"]}
    assert checked(frame, {**query, "method": "regression"}, "regression").verdict == "failed"


# ---- where it does not apply ------------------------------------------------------------------------------------------


def test_no_check_where_none_was_asked_for_or_it_was_stopped() -> None:
    strategy, task, finding = found(*instrument(np.random.default_rng(5)), "2sls")

    def asked(effort: Effort) -> tuple[Refutation, ...]:
        return one_by_one(effort, lambda: planted_effect(strategy, replace(task, effort=effort), finding))

    assert len(asked(Effort())) == 1 and asked(Effort(checks=False)) == ()
    watch = Watch()
    watch.stop()
    assert asked(Effort(watch=watch)) == () and watch.left_out == 1


def test_ctrl_c_stops_and_keeps_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy, task, finding = found(*instrument(np.random.default_rng(5)), "2sls")

    def pressed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "count", pressed)
    watch = Watch()
    assert one_by_one(Effort(watch=watch), lambda: planted_effect(strategy, task, finding)) == ()
    assert watch.stopped and watch.left_out == 1


def test_errors_never_reach_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy, task, finding = found(*instrument(np.random.default_rng(5)), "2sls")

    def broken(*_: Any) -> None:
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(module, "planted", broken)
    assert planted_effect(strategy, task, finding) is None


def test_not_for_a_ratio_of_weighted_rates_or_categories_between() -> None:
    strategy, task, finding = found(
        *follow(np.random.default_rng(5), scale="hazard_ratio", method="cox_weighted"), "cox_weighted"
    )
    assert planted_effect(strategy, task, finding) is None
    frame, query = steps(np.random.default_rng(5), "mediation")
    frame["m"] = pd.cut(frame["m"], [-np.inf, 0, 1, np.inf], labels=["low", "mid", "high"]).astype(str)
    assert planted_effect(*found(frame, query, "mediation_regression")) is None
