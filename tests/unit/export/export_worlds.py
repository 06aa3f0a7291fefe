"""Small simulated tables with a known effect for every method, and the query that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Frame = pd.DataFrame
# A column called like code must stay a name.
EVIL = '__import__("os").system("touch hacked"); x = \'"""'


@dataclass(frozen=True)
class World:
    """A table, a query about it, and the effect that was built in."""

    name: str
    make: Callable[[], Frame]
    query: dict[str, Any]
    truth: float
    method: str


def adjusted() -> Frame:
    """Two groups with shared causes: a number, a category, an odd name; the effect is 2."""
    rng = np.random.default_rng(1)
    n = 400
    age, group = rng.normal(50, 10, n), rng.choice(["a", "b, c", "d"], n)
    evil = rng.normal(size=n)
    chance = 1 / (1 + np.exp(-((age - 50) / 15 + (group == "d") - 0.3)))
    quit_ = rng.random(n) < chance
    y = 2.0 * quit_ + 0.1 * age + (group == "d") + 0.5 * evil + rng.normal(size=n)
    frame = pd.DataFrame(
        {"id": np.arange(n), "quit": np.where(quit_, "yes", "no"), "age": age.round(2), "kind of": group, EVIL: evil}
    )
    frame["y"] = y
    frame["died"] = (rng.random(n) < 1 / (1 + np.exp(1.5 - 0.8 * quit_ - (age - 50) / 20))).astype(int)
    frame["village"] = rng.integers(0, 40, n)
    frame["w"] = rng.uniform(0.5, 2, n).round(3)
    frame["visits"] = rng.poisson(np.exp(0.5 + 0.4 * quit_))
    frame["site"] = rng.choice(["n", "s"], n)
    frame.loc[rng.choice(n, 30, replace=False), "age"] = np.nan
    frame["when"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    return frame


def dosed() -> Frame:
    """A dose with a slope of 0.5."""
    rng = np.random.default_rng(2)
    n = 400
    age = rng.normal(size=n)
    dose = (3 + age + rng.normal(size=n)).round(3)
    return pd.DataFrame({"dose": dose, "age": age, "y": 0.5 * dose + age + rng.normal(size=n)})


def dealt() -> Frame:
    """Dealt out at random within sites; the effect is 1."""
    rng = np.random.default_rng(3)
    n = 300
    site = rng.choice(["x", "y", "z"], n)
    t = (rng.random(n) < np.where(site == "x", 0.3, 0.6)).astype(int)
    return pd.DataFrame({"t": t, "site": site, "y": t + (site == "z") + rng.normal(size=n)})


def moved() -> Frame:
    """An instrument; the effect is 1.5."""
    rng = np.random.default_rng(4)
    n = 800
    hidden, x, z = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 2, n)
    z2 = rng.normal(size=n)
    d = (0.8 * z + 0.5 * z2 + 0.5 * hidden + 0.3 * x + rng.normal(size=n) > 0.5).astype(int)
    y = 1.5 * d + hidden + x + rng.normal(size=n)
    return pd.DataFrame({"z": z, "z2": z2, "d": d, "x": x, "y": y, "c": rng.integers(0, 50, n)})


def cut() -> Frame:
    """A jump of 2 at 10; `took` follows the cut-off for most."""
    rng = np.random.default_rng(5)
    n = 900
    run = rng.uniform(0, 20, n).round(3)
    over = run >= 10
    took = np.where(rng.random(n) < 0.85, over, ~over).astype(int)
    steps = rng.integers(4, 16, n)
    frame = pd.DataFrame({"run": run, "over": over.astype(int), "took": took, "steps": steps, "x": rng.normal(size=n)})
    frame["y"] = 2.0 * over + 0.1 * run + 0.3 * frame["x"] + rng.normal(size=n)
    frame["fuzzy_y"] = 2.0 * took + 0.1 * run + rng.normal(size=n)
    frame["step_y"] = 2.0 * (steps >= 10) + 0.1 * steps + rng.normal(size=n)
    return frame


def rolled() -> Frame:
    """Units over years, treated from 2003, 2005 or never; the effect is 1."""
    rng = np.random.default_rng(6)
    units = np.repeat(np.arange(60), 8)
    year = np.tile(np.arange(2000, 2008), 60)
    first = np.repeat(rng.choice([2003, 2005, 0], 60), 8)
    on = ((first > 0) & (year >= first)).astype(int)
    one = ((first == 2003) & (year >= 2003)).astype(int)
    base = np.repeat(rng.normal(size=60), 8) + 0.2 * (year - 2000)
    frame = pd.DataFrame(
        {"unit": units, "year": year, "first": first, "on": on, "early": (first == 2003).astype(int), "one": one}
    )
    frame["x"] = rng.normal(size=len(frame))
    frame["dose"] = (rng.normal(size=len(frame)) + base).round(4)
    frame["y"] = base + on + rng.normal(scale=0.7, size=len(frame))
    frame["y1"] = base + one + rng.normal(scale=0.7, size=len(frame))
    frame["yd"] = base + 0.5 * frame["dose"] + frame["x"] + rng.normal(scale=0.7, size=len(frame))
    level = np.repeat(rng.normal(size=60), 8)
    frame["level_dose"] = (rng.normal(size=len(frame)) + level).round(4)
    frame["yl"] = level + 0.5 * frame["level_dose"] + rng.normal(scale=0.7, size=len(frame))
    frame["after"] = np.where(year >= 2003, "after", "before")
    frame["region"] = units % 12
    return frame


def passed_on() -> Frame:
    """A mediator: 1 through it, 0.5 past it (`y`), and nothing past it with a hidden cause (`y_door`)."""
    rng = np.random.default_rng(7)
    n = 320
    x, hidden = rng.normal(size=n), rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-0.5 * x))).astype(int)
    own = (rng.random(n) < 1 / (1 + np.exp(-hidden))).astype(int)
    m, m2 = t + 0.5 * x + rng.normal(size=n), own + rng.normal(size=n)
    return pd.DataFrame({
        "t": t, "x": x, "m": m, "y": m + 0.5 * t + x + rng.normal(size=n), "own": own, "m2": m2,
        "y_door": m2 + hidden + rng.normal(size=n),
    })  # fmt: skip


def awaited() -> Frame:
    """Times to an event; the rate is halved."""
    rng = np.random.default_rng(8)
    n = 500
    x = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-0.4 * x))).astype(int)
    time = rng.exponential(1 / (0.1 * np.exp(np.log(0.5) * t + 0.4 * x)))
    end = rng.uniform(5, 25, n)
    return pd.DataFrame(
        {
            "t": t,
            "dealt": rng.integers(0, 2, n),
            "x": x,
            "time": np.minimum(time, end).round(2),
            "event": (time <= end).astype(int),
        }
    )


def followed() -> Frame:
    """One unit of seven changes by 4 in 2010."""
    rng = np.random.default_rng(9)
    names = [f"land {c}" for c in "abcdefg"]
    rows = []
    factor = rng.normal(size=16).cumsum()
    for i, name in enumerate(names):
        load, level = 0.5 + 0.1 * i, 10.0 + i % 3
        for k, year in enumerate(range(1999, 2015)):
            y = level + load * factor[k] + rng.normal(scale=0.3) + (4.0 if i == 4 and year >= 2010 else 0.0)
            rows.append((name, year, y, level + rng.normal(scale=0.1)))
    return pd.DataFrame(rows, columns=["land", "year", "y", "p"])


_ADJUST = {"treatment": "quit", "outcome": "y", "adjust_for": ["age", "kind of", EVIL, "when"]}
_DOSE = {"treatment": "dose", "outcome": "y", "adjust_for": ["age"]}
_RANDOM = {"kind": "randomised"}
_IV: dict[str, Any] = {"treatment": "d", "outcome": "y", "adjust_for": ["x"]}
_COHORT = {"kind": "differences", "time": "year", "unit": "unit", "first_treated": "first"}
_ONE = {"kind": "differences", "time": "year", "group": "early", "treated_group": 1, "start": 2003, "unit": "unit"}
_PANEL = {"kind": "panel", "unit": "unit", "time": "year"}
_MEDIATION = {
    "treatment": "t",
    "outcome": "y",
    "adjust_for": ["x"],
    "kind": "mediation",
    "design": {"kind": "mediation", "mediators": ["m"]},
}
_DOOR = {"treatment": "own", "outcome": "y_door", "design": {"kind": "front_door", "mediators": ["m2"]}}
_TIME: dict[str, Any] = {"treatment": "t", "outcome": "time", "event": "event"}
_CONTROL = {"kind": "synthetic_control", "unit": "land", "time": "year", "treated_unit": "land e", "start": 2010}
_UNIT = {"treatment": "land", "outcome": "y", "adjust_for": ["p"], "design": _CONTROL}
_CUT: dict[str, Any] = {"kind": "discontinuity", "running": "run", "cutoff": 10}
_SWITCH = {"kind": "differences", "time": "year", "unit": "unit"}
_HALVES = {"kind": "differences", "time": "after", "group": "early"}
_PANELLED: dict[str, Any] = {"treatment": "dose", "outcome": "yd", "adjust_for": ["x"], "design": _PANEL}

WORLDS = [
    World("regression", adjusted, _ADJUST, 2.0, "regression"),
    World("regression_treated", adjusted, {**_ADJUST, "target": "treated"}, 2.0, "regression"),
    World("regression_clustered", adjusted, {**_ADJUST, "cluster": "village", "weights": "w"}, 2.0, "regression"),
    World("regression_where", adjusted, {**_ADJUST, "where": "age >= 45 and site in ('n')"}, 2.0, "regression"),
    World("regression_odds", adjusted, {**_ADJUST, "outcome": "died", "scale": "odds_ratio"}, 2.0, "regression"),
    World("regression_count", adjusted, {**_ADJUST, "outcome": "visits", "scale": "percent"}, 49.0, "regression"),
    World("regression_backwards", adjusted, {**_ADJUST, "treated": "no", "control": "yes"}, -2.0, "regression"),
    World("weighting", adjusted, _ADJUST, 2.0, "weighting"),
    World("doubly_robust", adjusted, _ADJUST, 2.0, "doubly_robust"),
    World("doubly_robust_clustered", adjusted, {**_ADJUST, "cluster": "village"}, 2.0, "doubly_robust"),
    World("matching", adjusted, _ADJUST, 2.0, "matching"),
    World("by_group", adjusted, {**_ADJUST, "kind": "effect_by_group", "by": "site"}, 2.0, "regression"),
    World("by_thirds", adjusted, {**_ADJUST, "kind": "effect_by_group", "by": "w", "cluster": "village"}, 2.0, "weighting"),
    World("by_level", adjusted, {**_ADJUST, "kind": "effect_by_group", "by": "kind of"}, 2.0, "doubly_robust"),
    World("dose", dosed, _DOSE, 0.5, "regression"),
    World("dose_between", dosed, {**_DOSE, "treated": 5, "control": 3}, 1.0, "regression"),
    World("dose_weighting", dosed, _DOSE, 0.5, "weighting"),
    World("dose_robust", dosed, _DOSE, 0.5, "doubly_robust"),
    World("dose_flexible", dosed, {**_DOSE, "treated": 5, "control": 3}, 1.0, "flexible_regression"),
    World("means", dealt, {"treatment": "t", "outcome": "y", "design": _RANDOM}, 1.0, "difference_in_means"),
    World("strata", dealt, {"treatment": "t", "outcome": "y", "design": {"kind": "randomised", "strata": ["site"]}}, 1.0, "post_stratified"),
    World("2sls", moved, {**_IV, "design": {"kind": "instrument", "instruments": ["z", "z2"]}}, 1.5, "2sls"),
    World("2sls_means", moved, {**_IV, "design": {"kind": "instrument", "instruments": ["z"]}, "cluster": "c"}, 1.5, "2sls"),
    World("liml", moved, {**_IV, "design": {"kind": "instrument", "instruments": ["z", "z2"]}}, 1.5, "liml"),
    World("weighted_wald", moved, {**_IV, "design": {"kind": "instrument", "instruments": ["z"]}}, 1.5, "weighted_wald"),
    World("jump", cut, {"treatment": "over", "outcome": "y", "adjust_for": ["x"], "design": _CUT}, 2.0, "local_linear"),
    World("jump_bent", cut, {"treatment": "over", "outcome": "y", "design": _CUT}, 2.0, "local_quadratic"),
    World("jump_window", cut, {"treatment": "over", "outcome": "y", "design": _CUT | {"bandwidth": 4}}, 2.0, "local_linear_uniform"),
    World("jump_fuzzy", cut, {"treatment": "took", "outcome": "fuzzy_y", "design": _CUT | {"fuzzy": True}}, 2.0, "local_linear"),
    World("jump_steps", cut, {"treatment": "steps", "outcome": "step_y", "design": _CUT | {"running": "steps"}}, 2.0, "polynomial"),
    World("did_group", rolled, {"treatment": "early", "outcome": "y1", "design": _ONE | {"unit": None}, "cluster": "unit"}, 1.0, "regression"),
    World("did_switch", rolled, {"treatment": "on", "outcome": "y", "design": _SWITCH}, 1.0, "group_time"),
    World("did_cohort", rolled, {"treatment": "first", "outcome": "y", "adjust_for": ["x"], "design": _COHORT}, 1.0, "group_time"),
    World("did_imputation", rolled, {"treatment": "first", "outcome": "y", "design": _COHORT}, 1.0, "imputation"),
    World("did_two_way", rolled, {"treatment": "one", "outcome": "y1", "design": _SWITCH, "cluster": "region"}, 1.0, "two_way"),
    World("did_halves", rolled, {"treatment": "early", "outcome": "y1", "design": _HALVES}, 1.0, "regression"),
    World("panel", rolled, _PANELLED, 0.5, "two_way"),
    World("panel_both", rolled, _PANELLED, 0.5, "two_way_clustered"),
    World("panel_one", rolled, _PANELLED | {"treatment": "level_dose", "outcome": "yl", "cluster": "region"}, 0.5, "one_way"),
    World("panel_changes", rolled, _PANELLED, 0.5, "first_differences"),
    World("mediation", passed_on, _MEDIATION, 1.5, "mediation_regression"),
    World("mediation_robust", passed_on, _MEDIATION, 1.5, "mediation_robust"),
    World("mediation_product", passed_on, _MEDIATION, 1.5, "mediation_product"),
    World("door", passed_on, _DOOR, 1.0, "front_door_regression"),
    World("door_robust", passed_on, _DOOR, 1.0, "front_door_robust"),
    World("door_product", passed_on, _DOOR, 1.0, "front_door_product"),
    World("cox", awaited, {**_TIME, "adjust_for": ["x"], "scale": "hazard_ratio"}, 0.5, "cox"),
    World("cox_weighted", awaited, {**_TIME, "adjust_for": ["x"], "scale": "hazard_ratio"}, 0.5, "cox_weighted"),
    World("log_rank", awaited, {**_TIME, "treatment": "dealt", "design": _RANDOM, "scale": "hazard_ratio"}, 1.0, "log_rank"),
    World("free", awaited, {**_TIME, "treatment": "dealt", "design": _RANDOM, "horizon": 5}, 0.0, "kaplan_meier"),
    World("free_adjusted", awaited, {**_TIME, "adjust_for": ["x"], "horizon": 5}, 0.15, "standardised"),
    World("synthetic", followed, _UNIT, 4.0, "synthetic_control"),
    World("synthetic_outcomes", followed, _UNIT, 4.0, "synthetic_outcomes"),
    World("synthetic_demeaned", followed, _UNIT, 4.0, "synthetic_demeaned"),
]  # fmt: skip
