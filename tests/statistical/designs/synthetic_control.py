"""Worlds of the synthetic control: units driven by shared factors, to which each is exposed to its own degree.

Placebo inference has its own goal. Its interval holds the truth in 1 − ⌊0.05(J + 1)⌋/(J + 1) of all tables if the treated unit is
exchangeable with the J others, and is too wide where the others stray further from their mixes than it does: so coverage may
exceed 98 %, and must not fall below 92 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

GOAL = (0.92, 1.0)
FEW_GOAL = (0.87, 1.0)  # nine others: a level of 90 %, which the answer states
PERIODS, START = 30, 20


def _panel(rng: np.random.Generator, units: int, effect: Any, trend: float, noise: float) -> pd.DataFrame:
    """Two factors (a trend and a slow wave), exposures drawn alike for all units; the treated one is drawn among them."""
    t = np.arange(PERIODS)
    shared = np.column_stack([trend * t, np.sin(t / 4.0 + rng.uniform(0, 6)), rng.normal(size=PERIODS).cumsum() * 0.3])
    exposure = np.column_stack([rng.uniform(0.5, 1.5, units), rng.uniform(-1, 1, units), rng.uniform(-1, 1, units)])
    level = rng.uniform(-2, 2, units)
    y = level[None, :] + shared @ exposure.T + rng.normal(scale=noise, size=(PERIODS, units))
    y[START:, 0] += effect
    wealth = exposure[:, 0] + rng.normal(scale=0.1, size=units)
    return pd.DataFrame(
        {
            "unit": np.tile([f"u{j:02d}" for j in range(units)], PERIODS),
            "year": np.repeat(2000 + t, units),
            "y": y.ravel(),
            "wealth": np.tile(wealth, PERIODS),
        }
    )


def _query(*predictors: str) -> dict[str, Any]:
    return {
        "treatment": "unit",
        "outcome": "y",
        "adjust_for": list(predictors),
        "design": {
            "kind": "synthetic_control",
            "unit": "unit",
            "time": "year",
            "treated_unit": "u00",
            "start": 2000 + START,
        },
    }


@design_world("synthetic_control", "synthetic control: shared trend", "easy", goal=GOAL)
def _easy(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    return _panel(rng, 25, effect, trend=0.1, noise=0.3), _query()


@design_world("synthetic_control", "synthetic control: growing effect, a predictor", "heterogeneous", goal=FEW_GOAL)
def _growing(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    after = PERIODS - START
    growing = effect * np.linspace(0.5, 1.5, after)
    return _panel(rng, 10, growing, trend=0.2, noise=0.3), _query("wealth")


@design_world("synthetic_control", "synthetic control: 16 others, noisy", "hard", goal=GOAL)
def _hard(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    return _panel(rng, 17, effect, trend=0.3, noise=0.6), _query()


@design_world("synthetic_demeaned", "synthetic control: a level of its own", "hard", goal=GOAL)
def _apart(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = _panel(rng, 25, effect, trend=0.1, noise=0.3)
    frame.loc[frame["unit"] == "u00", "y"] += 5.0
    return frame, _query()


@design_world("synthetic_outcomes", "synthetic control: outcomes only", "easy", goal=GOAL)
def _outcomes(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    return _panel(rng, 25, effect, trend=0.1, noise=0.3), _query("wealth")


@design_world("synthetic_outcomes", "synthetic control: outcomes only, growing effect", "heterogeneous", goal=GOAL)
def _outcomes_growing(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    growing = effect * np.linspace(0.5, 1.5, PERIODS - START)
    return _panel(rng, 25, growing, trend=0.2, noise=0.3), _query("wealth")


@design_world("synthetic_outcomes", "synthetic control: outcomes only, 16 others, noisy", "hard", goal=GOAL)
def _outcomes_noisy(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    return _panel(rng, 17, effect, trend=0.3, noise=0.6), _query("wealth")


@design_world("synthetic_demeaned", "synthetic control: a level of its own, calm", "easy", goal=GOAL)
def _apart_calm(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = _panel(rng, 25, effect, trend=0.1, noise=0.15)
    frame.loc[frame["unit"] == "u00", "y"] -= 5.0
    return frame, _query()


@design_world("synthetic_demeaned", "synthetic control: a level of its own, growing effect", "heterogeneous", goal=GOAL)
def _apart_growing(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = _panel(rng, 25, effect * np.linspace(0.5, 1.5, PERIODS - START), trend=0.1, noise=0.3)
    frame.loc[frame["unit"] == "u00", "y"] += 5.0
    return frame, _query()
