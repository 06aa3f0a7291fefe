"""Worlds with a cut-off. The effect at the cut-off is 1 (or 0 when switched off); elsewhere it may differ.

The curves are those of the two studies that the literature simulates from (Lee 2008, Ludwig & Miller 2007), as fitted and
printed by Calonico, Cattaneo & Titiunik (2014, Econometrica 82, section 6), with the jump set to 1 in units of the noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

LEE = ((0.50, 1.27, 7.18, 20.21, 21.54, 7.33), (0.50, 0.84, -3.00, 7.99, -9.01, 3.56))
LUDWIG_MILLER = ((3.71, 2.30, 3.28, 1.45, 0.23, 0.03), (3.71, 18.49, -54.81, 74.30, -45.02, 9.83))
NOISE = 0.1295  # of the two studies


def curve(x: np.ndarray, sides: tuple[tuple[float, ...], tuple[float, ...]]) -> np.ndarray:
    """The two polynomials, meeting at zero, in units of the noise."""
    below, above = (np.polynomial.polynomial.polyval(x, c) for c in sides)
    return np.where(x < 0, below, above) / NOISE


def question(treatment: str = "treated", **design: Any) -> dict[str, Any]:
    plan = {"kind": "discontinuity", "running": "score", "cutoff": 0.0, **design}
    return {"treatment": treatment, "outcome": "y", "design": plan}


def table(x: np.ndarray, y: np.ndarray, t: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"score": x, "treated": t.astype(int), "y": y})


@design_world("local_linear", "straight lines", "easy")
def straight(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.uniform(-1, 1, 1000)
    t = x >= 0
    return table(x, effect * t + 2 * x + rng.normal(size=1000), t), question()


# The bandwidth that is best for the estimate leaves some bias in this curve: rdrobust, whose numbers these are to 1e-6, covers
# 91.5 % here as well.
@design_world("local_linear", "the Senate elections of Lee", "hard", goal=(0.90, 0.98))
def lee(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = 2 * rng.beta(2, 4, 1000) - 1
    t = x >= 0
    return table(x, effect * t + curve(x, LEE) + rng.normal(size=1000), t), question()


@design_world("local_linear", "Head Start of Ludwig and Miller", "hard")
def head_start(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = 2 * rng.beta(2, 4, 1000) - 1
    t = x >= 0
    return table(x, effect * t + curve(x, LUDWIG_MILLER) + rng.normal(size=1000), t), question()


@design_world("local_linear", "treated below, noise that grows, an effect that fades", "hard")
def uneven_noise(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.normal(0.3, 1, 1000)
    t = x < 0
    noise = rng.normal(size=1000) * np.exp(x / 2) * np.where(t, 1.5, 0.7)
    return table(x, effect * t * (1 + 0.5 * x) + np.sin(2 * x) + noise, t), question(treated_side="below")


@design_world("local_linear", "scores in whole points", "hard")
def whole_points(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = np.round(rng.normal(2, 20, 2000))
    t = x >= 0
    return table(x, effect * t + x / 20 + (x / 40) ** 2 + rng.normal(size=2000), t), question()


@design_world("local_linear", "a yes/no outcome", "heterogeneous", truth=0.3)
def yes_no(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.uniform(-1, 1, 2000)
    t = x >= 0
    chance = 0.35 + 0.3 * effect * t + 0.25 * x * (1 - 0.5 * t) * (1 - 0.3 * x)
    return table(x, (rng.uniform(size=2000) < chance).astype(int), t), question()


@design_world("local_linear", "fuzzy, a strong jump", "heterogeneous")
def fuzzy(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 2000
    x, u = rng.uniform(-1, 1, n), rng.normal(size=n)
    want = 0.8 * u + rng.normal(size=n)  # what draws people in also raises the outcome
    t = want > np.where(x >= 0, -1.0, 1.2) - 0.3 * x
    own = effect * (1 + 0.5 * rng.normal(size=n))
    return table(x, own * t + u + np.sin(2 * x) + rng.normal(size=n), t), question(fuzzy=True)


@design_world("local_linear", "fuzzy, one way only, a modest jump", "hard")
def fuzzy_modest(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    n = 2000
    x, u = rng.normal(size=n), rng.normal(size=n)
    t = (x >= 0) & (u + rng.normal(size=n) > -0.2)
    return table(x, effect * t + u + x - 0.3 * x**2 + rng.normal(size=n), t), question(fuzzy=True)


@design_world("local_quadratic", "straight lines", "easy")
def straight_quadratic(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    return straight(rng, effect)


@design_world("local_quadratic", "the Senate elections of Lee", "heterogeneous")
def lee_quadratic(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = 2 * rng.beta(2, 4, 1000) - 1
    t = x >= 0
    return table(x, effect * t + curve(x, LEE) + rng.normal(size=1000), t), question()


@design_world("local_quadratic", "Head Start of Ludwig and Miller", "hard")
def head_start_quadratic(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = 2 * rng.beta(2, 4, 1000) - 1
    t = x >= 0
    return table(x, effect * t + curve(x, LUDWIG_MILLER) + rng.normal(size=1000), t), question()


@design_world("local_linear_uniform", "a window that was given", "easy")
def window(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.uniform(-1, 1, 1000)
    t = x >= 0
    return table(x, effect * t + 2 * x + rng.normal(size=1000), t), question(bandwidth=0.5)


@design_world("local_linear_uniform", "a window in which the lines bend", "heterogeneous")
def bent_window(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.uniform(-1, 1, 1000)
    t = x >= 0
    return table(x, effect * t * (1 + x) + np.sin(3 * x) + rng.normal(size=1000), t), question(bandwidth=0.5)


@design_world("local_linear_uniform", "forty-eight monthly averages", "hard")
def months(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = (np.arange(48) - 23.5) / 12
    t = x >= 0
    y = effect * t + 0.4 * x + 0.2 * x**2 + 0.6 * rng.normal(size=48)
    return table(x, y, t), question(bandwidth=2.0)


@design_world("polynomial", "six grades a side", "easy")
def grades(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.integers(-6, 6, 1000).astype(float)
    t = x >= 0
    return table(x, effect * t + 0.2 * x + rng.normal(size=1000), t), question()


@design_world("polynomial", "six grades a side, bent", "heterogeneous")
def bent_grades(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = rng.integers(-6, 6, 1000).astype(float)
    t = x >= 0
    return table(x, effect * t * (1 + 0.1 * x) + 0.3 * x + 0.05 * x**2 + rng.normal(size=1000), t), question()


@design_world("polynomial", "eight yearly averages a side", "hard")
def years(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    x = np.arange(-8.0, 8.0)
    t = x >= 0
    return table(x, effect * t + 0.2 * x + 0.4 * rng.normal(size=16), t), question()
