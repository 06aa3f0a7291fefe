"""Worlds of effects by group: the second group gains one more than the first, or as much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world

Query = dict[str, Any]
PART = "difference_between_groups"


def _query(method: str, covariates: list[str], **more: Any) -> Query:
    return {
        "kind": "effect_by_group",
        "by": "g",
        "treatment": "t",
        "outcome": "y",
        "adjust_for": covariates,
        "method": method,
        **more,
    }


def _expit(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


@design_world("regression", "by group: a model in each group", "easy", part=PART)
def separate(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 800
    g, x = rng.integers(0, 2, n), rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.7 * x)).astype(int)
    y = t * (1 + effect * g) + x * (1 + 0.5 * g) + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": g, "x": x, "y": y}), _query("regression", ["x"])


@design_world("regression", "by group: effects that also differ within groups", "heterogeneous", part=PART)
def within(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    x = rng.standard_normal(n)
    g = np.where(rng.random(n) < 0.4, "north", "south")
    t = (rng.random(n) < _expit(0.7 * x - 0.4)).astype(int)
    y = t * (1 + effect * (g == "south") + 0.5 * x) + x + rng.standard_normal(n) * (1 + t)
    return pd.DataFrame({"t": t, "g": g, "x": x, "y": y}), _query("regression", ["x"])


@design_world("regression", "by group: a small group, shared slopes", "hard", part=PART)
def small(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 500
    x = rng.standard_normal((n, 5))
    g = (rng.random(n) < 0.2).astype(int)
    t = (rng.random(n) < _expit(0.5 * x[:, 0] + 0.3 * x[:, 1])).astype(int)
    y = t * (1 + effect * g) + x.sum(axis=1) + 0.5 * g + rng.standard_normal(n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(5)]).assign(t=t, g=g, y=y)
    return frame, _query("regression", [f"x{j}" for j in range(5)])


@design_world("difference_in_means", "by group: an experiment", "easy", part=PART)
def experiment(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 300
    g, t = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y = t * (1 + effect * g) + g + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": g, "y": y}), _query("difference_in_means", [], design={"kind": "randomised"})


@design_world("difference_in_means", "by group: clusters that span the groups", "heterogeneous", part=PART)
def clusters(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n, many = 1200, 60
    school = rng.integers(0, many, n)
    g, t = rng.integers(0, 2, n), (school % 2).astype(int)
    common = rng.standard_normal(many)[school]
    own = rng.standard_normal((many, 2))[school, g]
    y = t * (1 + effect * g) + common + 0.5 * own + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": g, "y": y, "school": school}), _query(
        "difference_in_means", [], design={"kind": "randomised"}, cluster="school"
    )


@design_world("difference_in_means", "by group: unequal groups and spread", "hard", part=PART)
def unequal(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 600
    g, t = (rng.random(n) < 0.15).astype(int), (rng.random(n) < 0.5).astype(int)
    y = t * (1 + effect * g) + rng.standard_normal(n) * (1 + 2 * g * t)
    return pd.DataFrame({"t": t, "g": g, "y": y}), _query("difference_in_means", [], design={"kind": "randomised"})


@design_world("doubly_robust", "by group: straight lines", "easy", part=PART)
def robust(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    g, x = rng.integers(0, 2, n), rng.standard_normal(n)
    t = (rng.random(n) < _expit(0.7 * x)).astype(int)
    y = t * (1 + effect * g) + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": g, "x": x, "y": y}), _query("doubly_robust", ["x"])


@design_world("doubly_robust", "by group: bent outcome, effects differ", "heterogeneous", part=PART)
def robust_bent(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1500
    g, x = rng.integers(0, 2, n), rng.standard_normal((n, 2))
    t = (rng.random(n) < _expit(0.7 * x[:, 0])).astype(int)
    y = t * (1 + effect * g + 0.5 * x[:, 1]) + x[:, 0] ** 2 + x[:, 1] + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "g": g, "x0": x[:, 0], "x1": x[:, 1], "y": y}), _query("doubly_robust", ["x0", "x1"])


@design_world("doubly_robust", "by group: small groups, scores of all rows", "hard", part=PART)
def robust_small(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, Query]:
    n = 1000
    x = rng.standard_normal((n, 6))
    g = (rng.random(n) < 0.12).astype(int)
    t = (rng.random(n) < _expit(0.5 * x[:, 0])).astype(int)
    y = t * (1 + effect * g) + x[:, 0] + x[:, 1] + 0.5 * g + rng.standard_normal(n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(6)]).assign(t=t, g=g, y=y)
    return frame, _query("doubly_robust", [f"x{j}" for j in range(6)] + ["g"])
