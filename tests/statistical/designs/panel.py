"""Worlds of fixed effects: the unit's own level drives the treatment in every one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world
from tests.statistical.designs.differences import wandering

Rng = np.random.Generator
Drawn = tuple[pd.DataFrame, dict[str, Any]]


def asked(frame: pd.DataFrame, time: str | None = "t", **more: Any) -> Drawn:
    design = {"kind": "panel", "unit": "i", "time": time}
    return frame, {"treatment": "d", "outcome": "y", "design": design, **more}


def grid(units: int, periods: int) -> Any:
    return (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))


def drawn(rng: Rng, units: int, periods: int, slope: Any, noise: Any, shocks: float = 1.0, yes_no: bool = False) -> Any:
    """Level and common shocks drive both the treatment and the outcome."""
    i, t = grid(units, periods)
    level, common = rng.standard_normal(units), shocks * rng.standard_normal(periods)
    d = level[i] + common[t] + rng.standard_normal(len(i))
    if yes_no:
        d = (d > 0.3).astype("float64")
    y = slope[i] * d + 2 * level[i] - 1.5 * common[t] + noise.ravel()
    return pd.DataFrame({"i": i, "t": t, "d": d, "y": y})


@design_world("two_way", "50 units, 6 periods, an amount", "easy")
def amounts(rng: Rng, effect: float) -> Drawn:
    return asked(drawn(rng, 50, 6, np.full(50, effect), rng.standard_normal((50, 6))))


@design_world("two_way", "units answer unequally, spread grows with the treatment", "heterogeneous")
def unequal(rng: Rng, effect: float) -> Drawn:
    frame = drawn(rng, 100, 6, effect * (1 + 0.5 * rng.standard_normal(100)), np.zeros((100, 6)))
    frame["y"] += rng.standard_normal(600) * (0.5 + 0.5 * frame["d"].abs())
    return asked(frame)


@design_world("two_way", "on or off, long memory, gaps, weights, a covariate", "hard")
def memory(rng: Rng, effect: float) -> Drawn:
    frame = drawn(rng, 80, 8, np.full(80, effect), wandering(rng, 80, 8, 0.7), yes_no=True)
    frame["x"] = rng.standard_normal(len(frame)) + 0.8 * frame["d"]
    frame["y"] += frame["x"]
    frame["w"] = rng.uniform(0.5, 2, len(frame))
    frame = frame[rng.random(len(frame)) < 0.8].reset_index(drop=True)
    return asked(frame, adjust_for=["x"], weights="w")


@design_world("two_way", "few clusters: 60 schools in 12 towns", "hard", goal=(0.90, 0.99))
def towns(rng: Rng, effect: float) -> Drawn:
    frame = drawn(rng, 60, 5, np.full(60, effect), rng.standard_normal((60, 5)))
    frame["town"] = frame["i"] % 12
    pull, shock = rng.standard_normal((12, 5)), rng.standard_normal((12, 5))
    frame["d"] += pull[frame["town"], frame["t"]]
    frame["y"] += effect * pull[frame["town"], frame["t"]] + shock[frame["town"], frame["t"]]
    return asked(frame, cluster="town")


@design_world("two_way_clustered", "40 units, 40 periods", "easy")
def square(rng: Rng, effect: float) -> Drawn:
    return asked(drawn(rng, 40, 40, np.full(40, effect), rng.standard_normal((40, 40))))


def with_waves(rng: Rng, units: int, periods: int, slope: Any) -> pd.DataFrame:
    """Shocks of a period that hit units by a share of their own, in the treatment and in the outcome."""
    frame = drawn(rng, units, periods, slope, wandering(rng, units, periods, 0.4))
    share, first, second = rng.standard_normal(units), rng.standard_normal(periods), rng.standard_normal(periods)
    i, t = frame["i"].to_numpy(), frame["t"].to_numpy()
    pull = share[i] * first[t]
    frame["d"] += pull
    frame["y"] += slope[i] * pull + share[i] * second[t]
    return frame


@design_world("two_way_clustered", "shocks of a period hit units unequally", "heterogeneous", goal=(0.91, 0.98))
def waves(rng: Rng, effect: float) -> Drawn:
    return asked(with_waves(rng, 50, 40, effect * (1 + 0.3 * rng.standard_normal(50))))


@design_world("two_way_clustered", "25 units, 25 periods, shocks of a period", "hard", goal=(0.89, 0.98))
def small_square(rng: Rng, effect: float) -> Drawn:
    return asked(with_waves(rng, 25, 25, np.full(25, effect)))


@design_world("one_way", "60 pairs", "easy")
def pairs(rng: Rng, effect: float) -> Drawn:
    return asked(drawn(rng, 60, 2, np.full(60, effect), rng.standard_normal((60, 2)), shocks=0.0), time=None)


@design_world("one_way", "families of unequal size, unequal answers", "heterogeneous")
def families(rng: Rng, effect: float) -> Drawn:
    frame = drawn(rng, 120, 5, effect * (1 + 0.5 * rng.standard_normal(120)), rng.standard_normal((120, 5)), shocks=0.0)
    kept = frame["t"] <= frame["i"] % 5
    return asked(frame[kept].reset_index(drop=True), time=None)


@design_world("one_way", "on or off, yes/no outcome", "hard", truth=0.2)
def chances(rng: Rng, effect: float) -> Drawn:
    i, _ = grid(150, 4)
    level = rng.random(150)
    d = (rng.random(600) < 0.2 + 0.6 * level[i]).astype(int)
    y = (rng.random(600) < 0.1 + 0.5 * level[i] + 0.2 * effect * d).astype(int)
    return asked(pd.DataFrame({"i": i, "d": d, "y": y}), time=None)


@design_world("first_differences", "50 units, 6 periods", "easy")
def changes(rng: Rng, effect: float) -> Drawn:
    return asked(drawn(rng, 50, 6, np.full(50, effect), rng.standard_normal((50, 6))))


@design_world("first_differences", "units answer unequally", "heterogeneous")
def unequal_changes(rng: Rng, effect: float) -> Drawn:
    slope = effect * (1 + 0.5 * rng.standard_normal(100))
    return asked(drawn(rng, 100, 6, slope, rng.standard_normal((100, 6))))


@design_world("first_differences", "errors that never forget, gaps", "hard")
def walks(rng: Rng, effect: float) -> Drawn:
    frame = drawn(rng, 60, 8, np.full(60, effect), np.cumsum(rng.standard_normal((60, 8)), axis=1))
    return asked(frame[rng.random(len(frame)) < 0.9].reset_index(drop=True))
