"""Worlds of difference-in-differences. The groups differ in level in every one of them, and would have moved alike untreated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

Rng = np.random.Generator
Drawn = tuple[pd.DataFrame, dict[str, Any]]


def asked(frame: pd.DataFrame, treatment: str = "on", **design: Any) -> Drawn:
    more = {k: design.pop(k) for k in ("adjust_for", "cluster", "weights", "where") if k in design}
    design = {"kind": "differences", "time": "t", **design}
    return frame, {"treatment": treatment, "outcome": "y", "target": "treated", "design": design, **more}


def wandering(rng: Rng, units: int, periods: int, memory: float) -> Any:
    """(units, periods) errors, each leaning on the one before."""
    out = np.zeros((units, periods))
    out[:, 0] = rng.standard_normal(units) / np.sqrt(1 - memory**2)
    for t in range(1, periods):
        out[:, t] = memory * out[:, t - 1] + rng.standard_normal(units)
    return out


def panel(rng: Rng, start: Any, periods: int, gain: Any, memory: float = 0.0, x: Any = None, keep: float = 1.0) -> Any:
    """Units with a level of their own, common shocks, first treated at `start` (≥ periods: never), gaining gain(i, t)."""
    units = len(start)
    y = wandering(rng, units, periods, memory) + 2 * rng.standard_normal((units, 1)) + rng.standard_normal(periods)
    i, t = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))
    on = t >= start[i]
    if x is not None:
        y = y + 0.4 * x[:, None] * np.arange(periods)
    frame = pd.DataFrame({"unit": i, "t": t, "on": on.astype(int), "y": y.ravel() + np.where(on, gain(i, t), 0.0)})
    frame["first"] = np.where(start[i] < periods, start[i], -1)
    frame["first"] = frame["first"].where(frame["first"] >= 0)
    if x is not None:
        frame["x"] = x[i]
    return frame[rng.random(len(frame)) < keep].reset_index(drop=True)


# ---- one start date --------------------------------------------------------------------------------------------------


@design_world("regression", "two groups, two periods, 400 fresh rows", "easy")
def two_by_two(rng: Rng, effect: float) -> Drawn:
    g, t = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    y = 3 * g + t + effect * g * t + 2 * rng.standard_normal(400)
    return asked(pd.DataFrame({"g": g, "t": t, "y": y}), "g", group="g")


@design_world("regression", "other kinds of rows come later, covariates, unequal spread", "heterogeneous")
def composition(rng: Rng, effect: float) -> Drawn:
    n = 600
    g, t = rng.integers(0, 2, n), rng.integers(0, 2, n)
    x = rng.standard_normal(n) + 0.8 * g * t + 0.3 * g
    y = 3 * g + t + 1.5 * x + g * t * effect * (1 + rng.standard_normal(n)) + rng.standard_normal(n) * (1 + g)
    return asked(pd.DataFrame({"g": g, "t": t, "y": y, "x": x}), "g", group="g", adjust_for=["x"])


@design_world("regression", "60 units, 8 periods, a growing effect, long memory, gaps", "hard")
def growing(rng: Rng, effect: float) -> Drawn:
    start = np.where(rng.permutation(60) < 24, 4, 99)
    frame = panel(rng, start, 8, lambda i, t: effect * (0.4 + 0.4 * (t - 4)), 0.6, keep=0.85)
    return asked(frame, unit="unit")


@design_world("regression", "yes/no outcome, sampling weights", "hard", truth=0.15)
def events(rng: Rng, effect: float) -> Drawn:
    n = 2000
    g, t, x = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.random(n)
    kept = rng.random(n) < 0.2 + 0.6 * x
    y = rng.random(n) < 0.2 + 0.2 * g + 0.1 * t + 0.3 * g * t * effect * x
    frame = pd.DataFrame({"g": g, "t": t, "y": y.astype(int), "w": 1 / (0.2 + 0.6 * x)})[kept].reset_index(drop=True)
    return asked(frame, "g", group="g", weights="w")


@design_world("regression", "few clusters: 12 states, 5 treated, wild bootstrap", "hard", goal=(0.90, 0.99))
def few_states(rng: Rng, effect: float) -> Drawn:
    state, t = np.repeat(np.arange(12), 60), np.tile(np.arange(4), 180)
    g = (state < 5).astype(int)
    shock = wandering(rng, 12, 4, 0.5)
    y = shock[state, t] + g * (t >= 2) * effect * (0.5 + (t == 3)) + rng.standard_normal(720)
    frame = pd.DataFrame({"g": g, "t": t, "state": state, "y": y})
    return asked(frame, "g", group="g", start=2, cluster="state")


@design_world("regression", "one treated state among 20: whole states compared", "hard", goal=(0.92, 0.98))
def one_state(rng: Rng, effect: float) -> Drawn:
    start = np.where(np.arange(20) == 0, 5, 99)
    frame = panel(rng, start, 8, lambda i, t: effect + 0.0 * t, 0.5)
    frame["state"] = frame["unit"].map(lambda i: f"S{i}")
    return asked(frame, "state", group="state", treated_group="S0", start=5)


# ---- staggered -------------------------------------------------------------------------------------------------------


def cohorts(rng: Rng, units: int, starts: tuple[int, ...]) -> Any:
    """Units dealt evenly to start dates; 99 is never."""
    return rng.permutation(np.resize(np.array(starts), units))


def by_cohort(effect: float) -> Any:
    """The early start gains 1.25, the late one 0.5: one on average over 4 and 2 treated periods."""
    return lambda i, t, start: effect * np.where(start[i] == 2, 1.25, 0.5)


@design_world("group_time", "two start dates and never, 90 units", "easy")
def staggered(rng: Rng, effect: float) -> Drawn:
    start = cohorts(rng, 90, (2, 4, 99))
    return asked(panel(rng, start, 6, lambda i, t: effect + 0.0 * t), unit="unit", first_treated="first")


@design_world("group_time", "early starters gain more, trends differ by a covariate", "heterogeneous")
def trending(rng: Rng, effect: float) -> Drawn:
    x = rng.standard_normal(240)
    score = np.stack([0.5 * x, 0.5 * x, np.zeros(240)])
    start = np.array([2, 4, 99])[np.argmax(score + rng.gumbel(size=(3, 240)), axis=0)]
    gain = by_cohort(effect)
    return asked(panel(rng, start, 6, lambda i, t: gain(i, t, start), x=x), unit="unit", adjust_for=["x"])


@design_world("group_time", "50 states, cohorts of 1 to 9, long memory, growing effect", "hard")
def states(rng: Rng, effect: float) -> Drawn:
    start = rng.permutation(np.repeat([3, 4, 5, 6, 99], [1, 9, 3, 2, 35]))
    # 5, 4, 3 and 2 treated periods: 5 + 36 + 9 + 4 unit-periods
    mean = (1 * 15 + 9 * 10 + 3 * 6 + 2 * 3) / (5 + 36 + 9 + 4)
    gain = lambda i, t: effect * (t - start[i] + 1) / mean  # noqa: E731
    return asked(panel(rng, start, 8, gain, 0.6), unit="unit")


@design_world("group_time", "fresh rows in 60 towns that start at three times, no one never", "hard")
def towns(rng: Rng, effect: float) -> Drawn:
    start = cohorts(rng, 60, (2, 3, 5))
    town, t = rng.integers(0, 60, 3000), rng.integers(0, 6, 3000)
    shock = 0.4 * rng.standard_normal((60, 6)) + rng.standard_normal((60, 1))
    on = (t >= start[town]).astype(int)
    y = shock[town, t] + 0.3 * t + effect * on + rng.standard_normal(3000)
    return asked(pd.DataFrame({"town": town, "t": t, "on": on, "y": y}), unit="town")


@design_world("group_time", "few clusters: 16 states", "hard", goal=(0.88, 0.99))
def sixteen(rng: Rng, effect: float) -> Drawn:
    start = cohorts(rng, 16, (3, 5, 99, 99))
    return asked(panel(rng, start, 8, lambda i, t: effect + 0.0 * t, 0.5), unit="unit")


@design_world("imputation", "two start dates and never, 90 units", "easy")
def imputed(rng: Rng, effect: float) -> Drawn:
    return staggered(rng, effect)


@design_world("imputation", "early starters gain more, gaps", "heterogeneous")
def uneven(rng: Rng, effect: float) -> Drawn:
    start = cohorts(rng, 120, (2, 4, 99))
    gain = by_cohort(effect)
    return asked(panel(rng, start, 6, lambda i, t: gain(i, t, start), keep=0.9), unit="unit")


@design_world("imputation", "50 states, cohorts of 1 to 9, long memory, growing effect", "hard")
def imputed_states(rng: Rng, effect: float) -> Drawn:
    return states(rng, effect)


# ---- plain two-way fixed effects: right where the effect is one and the same ------------------------------------------


@design_world("two_way", "one start date, 60 units", "easy")
def plain(rng: Rng, effect: float) -> Drawn:
    start = cohorts(rng, 60, (3, 99))
    return asked(panel(rng, start, 6, lambda i, t: effect + 0.0 * t), unit="unit")


@design_world("two_way", "units gain unequally, by chance", "heterogeneous")
def scattered(rng: Rng, effect: float) -> Drawn:
    start, own = cohorts(rng, 80, (3, 99)), rng.standard_normal(80)
    return asked(panel(rng, start, 6, lambda i, t: effect * (1 + own[i]), 0.3), unit="unit")


@design_world("two_way", "switched on and off again, 100 units, gaps", "hard")
def on_and_off(rng: Rng, effect: float) -> Drawn:
    frame = panel(rng, np.full(100, 99), 8, lambda i, t: 0.0, 0.5, keep=0.85)
    frame["on"] = ((frame["t"] + 3 * frame["unit"]) % 8 < 1 + frame["unit"] % 4).astype(int)
    frame["y"] += effect * frame["on"]
    return asked(frame, unit="unit")
