"""Worlds of the front door: a hidden cause drives treatment and outcome, and the whole effect passes through mediators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

Query = dict[str, Any]


def _query(method: str, mediators: list[str], **more: Any) -> Query:
    return {
        "treatment": "t",
        "outcome": "y",
        "design": {"kind": "front_door", "mediators": mediators},
        "method": method,
        **more,
    }


def _expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


@design_world("front_door_regression", "yes/no mediator", "easy", truth=1.0)
def yes_no_mediator(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    u = rng.standard_normal(n)
    t = (u + rng.standard_normal(n) > 0).astype(int)
    m = (rng.random(n) < 0.25 + 0.5 * t).astype(int)
    y = 2.0 * effect * m + 1.5 * u + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_regression", ["m"])


@design_world("front_door_regression", "the mediator does more for the treated", "heterogeneous", truth=1.0)
def more_for_the_treated(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = (u + rng.standard_normal(n) > 0).astype(int)
    m = t + 0.7 * x + rng.standard_normal(n)
    y = effect * (0.5 + t) * m + u + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("front_door_regression", ["m"], adjust_for=["x"])


# E[Y(t)] = Σ_m P(m|t) E[expit(a + b m + u)]: the truth below is that integral, by quadrature
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _chance(shift: float) -> float:
    return float(_WEIGHTS @ _expit(-0.5 + shift + _NODES))


_RARE = 0.4 * (_chance(1.5) - _chance(0.0))


@design_world("front_door_regression", "yes/no outcome, 500 rows", "hard", truth=_RARE)
def yes_no_outcome(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    u = rng.standard_normal(n)
    t = (rng.random(n) < _expit(u)).astype(int)
    m = (rng.random(n) < 0.3 + 0.4 * t).astype(int)
    y = (rng.random(n) < _expit(-0.5 + 1.5 * effect * m + u)).astype(int)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_regression", ["m"])


@design_world("front_door_robust", "two mediators", "easy", truth=1.0)
def two_mediators(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = (u + 0.5 * x + rng.standard_normal(n) > 0).astype(int)
    m1 = (rng.random(n) < 0.3 + 0.4 * t).astype(int)
    m2 = 0.4 * t + 0.5 * m1 + 0.3 * x + rng.standard_normal(n)
    y = effect * (1.0 * m1 + 1.0 * m2) + u + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m1": m1, "m2": m2, "x": x, "y": y}), _query(
        "front_door_robust", ["m1", "m2"], adjust_for=["x"]
    )


@design_world("front_door_robust", "both steps differ between rows", "heterogeneous", truth=1.25)
def steps_differ(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1500
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = (u + 0.5 * x + 1.2 * rng.standard_normal(n) > 0).astype(int)
    m = t * (1 + 0.5 * x) + 0.5 * x + rng.standard_normal(n)
    y = effect * (1 + 0.5 * x) * m + u + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("front_door_robust", ["m"], adjust_for=["x"])


@design_world("front_door_robust", "a bent step", "hard", truth=1.0)
def bent_step(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1500
    u = rng.standard_normal(n)
    t = (u + rng.standard_normal(n) > 0).astype(int)
    m = 0.8 * t + rng.standard_normal(n)
    y = effect * (m**2 / 0.64) + u + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_robust", ["m"])


@design_world("front_door_product", "straight lines", "easy", truth=1.0)
def straight_lines(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    u = rng.standard_normal(n)
    t = u + rng.standard_normal(n)
    m = t + rng.standard_normal(n)
    y = effect * m + 2 * u + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_product", ["m"])


@design_world("front_door_product", "spread grows with the dose", "heterogeneous", truth=2.0)
def uneven_spread(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 800
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = u + x + rng.standard_normal(n)
    m = t + 0.5 * x + rng.standard_normal(n) * (0.5 + 0.3 * np.abs(t))
    y = effect * m + u + x + rng.standard_normal(n) * (0.5 + 0.3 * np.abs(m))
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query(
        "front_door_product", ["m"], adjust_for=["x"], treated=2, control=0
    )


@design_world("front_door_product", "heavy tails, 200 rows", "hard", truth=1.0)
def heavy_tails(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 200
    u = rng.standard_normal(n)
    t = u + rng.standard_normal(n)
    m = t + rng.standard_t(5, n)
    y = effect * m + u + rng.standard_t(5, n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_product", ["m"])


@design_world("front_door_regression", "a dose: no covariates", "easy", truth=1.0)
def dose(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 800
    u = rng.standard_normal(n)
    t = u + rng.standard_normal(n)
    m = 0.8 * t + rng.standard_normal(n)
    y = 1.25 * effect * m + 2 * u + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_regression", ["m"])


@design_world("front_door_regression", "a dose: first step differs between rows", "heterogeneous", truth=1.0)
def dose_differs(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = u + x + rng.standard_normal(n)
    m = t * (1 + 0.5 * x) + x + rng.standard_normal(n)
    y = effect * m + u + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("front_door_regression", ["m"], adjust_for=["x"])


@design_world("front_door_regression", "a dose: two doses, yes/no mediator", "hard", truth=1.0)
def two_doses(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    u = rng.standard_normal(n)
    t = np.clip(np.round(3 + u + rng.standard_normal(n)), 0, 6)
    m = (rng.random(n) < 0.1 + 0.125 * t).astype(int)
    y = 4.0 * effect * m + u + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("front_door_regression", ["m"], treated=4, control=2)
