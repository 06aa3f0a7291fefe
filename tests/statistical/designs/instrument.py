"""Worlds of the instrument design. `u` is the hidden cause that makes a plain comparison wrong in every one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.statistical.design_worlds import design_world
from tests.unit.causal.worlds import expit

Rng = np.random.Generator
Drawn = tuple[pd.DataFrame, dict[str, Any]]


def asked(frame: dict[str, Any], instruments: list[str], covariates: list[str] | None = None, **more: Any) -> Drawn:
    design = {"kind": "instrument", "instruments": instruments}
    query = {"treatment": "d", "outcome": "y", "target": "compliers", "design": design, "adjust_for": covariates or []}
    return pd.DataFrame(frame), {**query, **more}


@design_world("2sls", "a yes/no offer that some take up", "easy")
def offer(rng: Rng, effect: float) -> Drawn:
    n = 600
    z, u = rng.integers(0, 2, n), rng.standard_normal(n)
    d = (0.9 * u + 1.6 * z - 0.8 + rng.standard_normal(n) > 0).astype(int)
    y = effect * d + u + rng.standard_normal(n)
    return asked({"z": z, "d": d, "y": y}, ["z"])


@design_world("2sls", "compliers gain, always-takers gain three times as much", "heterogeneous")
def takers(rng: Rng, effect: float) -> Drawn:
    n = 800
    kind = rng.choice(["always", "complier", "never"], n, p=[0.25, 0.5, 0.25])
    z = rng.integers(0, 2, n)
    d = np.where(kind == "always", 1, np.where(kind == "never", 0, z))
    gain = np.where(kind == "always", 3.0, effect * (1 + 0.5 * rng.standard_normal(n)))
    y = gain * d + 1.5 * (kind == "always") - 1.0 * (kind == "never") + rng.standard_normal(n)
    return asked({"z": z, "d": d, "y": y}, ["z"])


@design_world("2sls", "a modest push to a dose, uneven noise in clusters", "hard")
def push(rng: Rng, effect: float) -> Drawn:
    groups, size = 60, 15
    n = groups * size
    g = np.repeat(np.arange(groups), size)
    x, u = rng.standard_normal(n), rng.standard_normal(n)
    shared = rng.standard_normal(groups)[g]
    z = rng.standard_normal(groups)[g] * 0.7 + 0.7 * rng.standard_normal(n) + 0.5 * x
    d = 0.42 * z + 0.5 * x + u + 0.3 * shared + rng.standard_normal(n)
    y = effect * d + 0.8 * u + 0.5 * x + 0.7 * shared + (0.5 + 0.5 * np.abs(z)) * rng.standard_normal(n)
    return asked({"z": z, "x": x, "d": d, "y": y, "g": g}, ["z"], ["x"], cluster="g")


@design_world("liml", "three instruments", "easy")
def three(rng: Rng, effect: float) -> Drawn:
    n = 500
    z, u = rng.standard_normal((n, 3)), rng.standard_normal(n)
    d = z @ [0.5, 0.4, 0.3] + u + rng.standard_normal(n)
    y = effect * d + u + rng.standard_normal(n)
    return asked({"a": z[:, 0], "b": z[:, 1], "c": z[:, 2], "d": d, "y": y}, ["a", "b", "c"])


@design_world("liml", "effects that differ from row to row", "heterogeneous")
def uneven(rng: Rng, effect: float) -> Drawn:
    n = 800
    z, u, x = rng.standard_normal((n, 3)), rng.standard_normal(n), rng.integers(0, 2, n)
    d = z @ [0.4, 0.4, 0.3] + u + 0.5 * x + rng.standard_normal(n)
    own = effect + 0.6 * rng.standard_normal(n)
    y = own * d + u + x + rng.standard_normal(n)
    return asked({"a": z[:, 0], "b": z[:, 1], "c": z[:, 2], "x": x, "d": d, "y": y}, ["a", "b", "c"], ["x"])


@design_world("liml", "eight weak instruments and strong hidden causes", "hard")
def eight(rng: Rng, effect: float) -> Drawn:
    n = 1000
    z, u = rng.standard_normal((n, 8)), rng.standard_normal(n)
    d = 0.15 * z.sum(axis=1) + u + 0.6 * rng.standard_normal(n)
    y = effect * d + 1.5 * u + rng.standard_normal(n)
    names = [f"z{j}" for j in range(8)]
    return asked({**{name: z[:, j] for j, name in enumerate(names)}, "d": d, "y": y}, names)


@design_world("weighted_wald", "an offer made more often to some", "easy")
def favoured(rng: Rng, effect: float) -> Drawn:
    n = 900
    x, u = rng.standard_normal(n), rng.standard_normal(n)
    z = (rng.random(n) < expit(0.6 * x)).astype(int)
    d = (0.8 * u + 1.7 * z - 0.8 + rng.standard_normal(n) > 0).astype(int)
    y = effect * d + u + x + rng.standard_normal(n)
    return asked({"z": z, "x": x, "d": d, "y": y}, ["z"], ["x"])


@design_world("weighted_wald", "effect and take-up both grow with a covariate", "heterogeneous", truth=1.0)
def growing(rng: Rng, effect: float) -> Drawn:
    n = 1500
    x = rng.integers(0, 2, n)
    z = (rng.random(n) < np.where(x == 1, 0.7, 0.4)).astype(int)
    kind = np.where(rng.random(n) < np.where(x == 1, 0.75, 0.25), "complier", rng.choice(["always", "never"], n))
    d = np.where(kind == "always", 1, np.where(kind == "never", 0, z))
    # compliers: three quarters have x = 1; effects 1.2 and 0.4 average to 1.0
    gain = effect * np.where(x == 1, 1.2, 0.4)
    y = gain * d + 0.8 * x + 1.0 * (kind == "always") + rng.standard_normal(n)
    return asked({"z": z, "x": x, "d": d, "y": y}, ["z"], ["x"])


@design_world("weighted_wald", "a bent outcome that no straight line follows", "hard")
def bent(rng: Rng, effect: float) -> Drawn:
    n = 1500
    x, u = rng.standard_normal(n), rng.standard_normal(n)
    z = (rng.random(n) < expit(0.8 * x)).astype(int)
    d = (0.8 * u + 1.6 * z - 0.8 + rng.standard_normal(n) > 0).astype(int)
    y = effect * d + u + np.exp(0.5 * x) + 0.5 * x**2 + rng.standard_normal(n)
    return asked({"z": z, "x": x, "d": d, "y": y}, ["z"], ["x"])
