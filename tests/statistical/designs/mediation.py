"""Worlds of mediation: what passes through the mediator is known, and so is what goes past it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

Query = dict[str, Any]


def _query(method: str, mediators: list[str], covariates: list[str], **more: Any) -> Query:
    return {
        "kind": "mediation",
        "treatment": "t",
        "outcome": "y",
        "design": {"kind": "mediation", "mediators": mediators},
        "adjust_for": covariates,
        "method": method,
        **more,
    }


def _expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


@design_world("mediation_regression", "straight lines", "easy", truth=0.5, part="indirect")
def straight_lines(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    x = rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.7 * x)).astype(int)
    m = 0.5 * t + 0.5 * x + rng.standard_normal(n)
    y = effect * m + 0.8 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("mediation_regression", ["m"], ["x"])


@design_world(
    "mediation_regression", "the mediator does more for the treated", "heterogeneous", truth=1.0, part="indirect"
)
def crossed(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 800
    x = rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.7 * x - 0.5)).astype(int)
    m = 1.0 * t * (1 + 0.4 * x) + 0.5 * x + rng.standard_normal(n)
    y = effect * (0.5 + t) * m + 0.5 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("mediation_regression", ["m"], ["x"])


def _through(t: int) -> float:
    """Σ_m [P(m|1) − P(m|0)] E(Y|t,m) of the world below."""
    return 0.4 * float(_expit(-1 + 1.2 + 0.5 * t + 0.6 * t) - _expit(-1 + 0.5 * t))


@design_world("mediation_regression", "yes/no mediator and outcome", "hard", truth=(_through(0) + _through(1)) / 2, part="indirect")  # fmt: skip
def yes_no(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    t = rng.integers(0, 2, n)
    m = (rng.random(n) < 0.3 + 0.4 * t).astype(int)
    y = (rng.random(n) < _expit(-1 + 0.5 * t + effect * (1.2 + 0.6 * t) * m)).astype(int)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_regression", ["m"], [])


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def _theta(t: int, through: int) -> float:
    return float(_WEIGHTS @ _expit(-0.5 + 0.4 * t + 0.8 * (0.7 * through + _NODES)))


_BENT = (_theta(1, 1) - _theta(1, 0) + _theta(0, 1) - _theta(0, 0)) / 2


@design_world("mediation_regression", "a number behind a yes/no outcome", "hard", truth=_BENT, part="indirect")
def number_behind_yes_no(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    t = rng.integers(0, 2, n)
    m = 0.7 * t + rng.standard_normal(n)
    y = (rng.random(n) < _expit(-0.5 + 0.4 * t + 0.8 * effect * m)).astype(int)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_regression", ["m"], [])


@design_world("mediation_robust", "two mediators", "easy", truth=1.0, part="indirect")
def two_mediators(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    x = rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.6 * x)).astype(int)
    m1 = (rng.random(n) < 0.3 + 0.4 * t).astype(int)
    m2 = 0.4 * t + 0.5 * m1 + 0.3 * x + rng.standard_normal(n)
    y = effect * (m1 + m2) + 0.5 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m1": m1, "m2": m2, "x": x, "y": y}), _query("mediation_robust", ["m1", "m2"], ["x"])


@design_world("mediation_robust", "both steps differ between rows", "heterogeneous", truth=1.25, part="indirect")
def steps_differ(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1500
    x = rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.6 * x)).astype(int)
    m = t * (1 + 0.5 * x) + 0.5 * x + rng.standard_normal(n)
    y = effect * (1 + 0.5 * x) * m + 0.5 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("mediation_robust", ["m"], ["x"])


@design_world("mediation_robust", "a bent step", "hard", truth=1.0, part="indirect")
def bent_step(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1500
    x = rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.5 * x)).astype(int)
    m = 0.8 * t + 0.5 * x + rng.standard_normal(n)
    y = effect * m**2 / 0.64 + 0.5 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("mediation_robust", ["m"], ["x"])


@design_world("mediation_product", "straight lines", "easy", truth=0.5, part="indirect")
def product(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 400
    t = rng.integers(0, 2, n)
    m = 0.5 * t + rng.standard_normal(n)
    y = effect * m + 0.8 * t + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_product", ["m"], [])


@design_world("mediation_product", "uneven spread", "heterogeneous", truth=1.0, part="indirect")
def product_uneven(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 600
    x = rng.standard_normal(n)
    t = x + rng.standard_normal(n)
    m = t + x + rng.standard_normal(n) * (0.5 + 0.4 * np.abs(t))
    y = effect * m + t + x + rng.standard_normal(n) * (0.5 + 0.4 * np.abs(m))
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query("mediation_product", ["m"], ["x"])


@design_world("mediation_product", "heavy tails, 200 rows", "hard", truth=0.8, part="indirect")
def product_tails(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 200
    t = rng.integers(0, 2, n)
    m = 0.8 * t + rng.standard_t(5, n)
    y = effect * m + 0.5 * t + rng.standard_t(5, n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_product", ["m"], [])


@design_world("mediation_regression", "a dose: no covariates", "easy", truth=0.8, part="indirect")
def dose(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 600
    t = rng.standard_normal(n)
    m = 0.8 * t + rng.standard_normal(n)
    y = effect * m + t + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_regression", ["m"], [])


# from 0 to 2 the mediator rises by 2; its slope is 1 at dose 0 and 2 at dose 2: 2 · (1 + 2) / 2 = 3
@design_world("mediation_regression", "a dose: the mediator does more at high doses", "heterogeneous", truth=3.0, part="indirect")  # fmt: skip
def dose_crossed(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    x = rng.standard_normal(n)
    t = 1 + 0.5 * x + rng.standard_normal(n)
    m = t + 0.5 * x + rng.standard_normal(n)
    y = effect * (1 + 0.5 * t) * m + t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y}), _query(
        "mediation_regression", ["m"], ["x"], treated=2, control=0
    )


@design_world("mediation_regression", "a dose: yes/no mediator", "hard", truth=1.0, part="indirect")
def dose_yes_no(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 800
    t = np.round(rng.uniform(0, 10, n), 2)
    m = (rng.random(n) < 0.1 + 0.08 * t).astype(int)
    y = 12.5 * effect * m / 5 + 0.3 * t + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "y": y}), _query("mediation_regression", ["m"], [], treated=7.5, control=2.5)
