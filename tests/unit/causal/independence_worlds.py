"""Tables in which x and y are unrelated given z, or linked by `b`: bent, uneven, rare, heavy-tailed, counted, categorical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Rng = np.random.Generator
World = Callable[[Rng, int, float], tuple[Floats, Floats, list[Floats]]]


def column(values: Any) -> Floats:
    return np.asarray(values, dtype="float64").reshape(len(values), -1)


def _chance(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def _drawn(rng: Rng, scores: Any) -> Any:
    return (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)


def _indicators(codes: Any, levels: int) -> Floats:
    return np.eye(levels)[codes][:, 1:]


def _causes(rng: Rng, n: int, k: int) -> Any:
    z = rng.normal(size=(n, k))
    z[:, 1] = (z[:, 0] + z[:, 1]) / 1.4
    return z


def _split(x: Any, y: Any, z: Any) -> tuple[Floats, Floats, list[Floats]]:
    return column(x), column(y), [column(c) for c in z.T]


def straight(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = _causes(rng, n, 3), rng.normal(size=n)
    return _split(z @ [0.7, 0.4, -0.5] + e, z @ [0.5, 0.5, 0.5] + rng.normal(size=n) + b * e, z)


def bent(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = _causes(rng, n, 2), rng.normal(size=n)
    f, g = z[:, 0] ** 2 + np.sin(2 * z[:, 1]), np.exp(z[:, 0] / 2) + z[:, 1] ** 2
    return _split(f + e, g + rng.normal(size=n) + b * e, z)


def product(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = _causes(rng, n, 2), rng.normal(size=n)
    f = z[:, 0] * z[:, 1] + z[:, 0]
    return _split(f + e, f + rng.normal(size=n) + b * e, z)


def uneven(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = _causes(rng, n, 2), rng.normal(size=n)
    s = np.exp(0.6 * z[:, 0])
    return _split(z[:, 0] + s * e, z[:, 0] - z[:, 1] + s * (rng.normal(size=n) + b * e), z)


def yes_no(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z = _causes(rng, n, 3)
    x = rng.random(n) < _chance(z @ [1, 0.8, -0.6])
    return _split(x, rng.random(n) < _chance(z @ [0.8, 0.8, 0.5] - 0.5 + 3 * b * x), z)


def rare(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z = _causes(rng, n, 2)
    x = rng.random(n) < _chance(z @ [0.8, 0.5] - 3.5)
    return _split(x, rng.random(n) < _chance(z @ [0.8, 0.5] - 3.5 + 4 * b * x), z)


def heavy(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = rng.standard_t(2.5, size=(n, 2)), rng.standard_t(2.5, size=n)
    return _split(z.sum(axis=1) + e, z[:, 0] + rng.standard_t(2.5, size=n) + b * e, z)


def lopsided(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, e = rng.normal(size=(n, 2)), rng.normal(size=n)
    return _split(z.sum(axis=1) + e, np.exp(z[:, 0] + 0.7 * rng.normal(size=n) + b * e), np.exp(z))


def counts(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z = _causes(rng, n, 2)
    x = rng.poisson(np.exp(z @ [0.5, 0.3]))
    return _split(x, rng.poisson(np.exp(z @ [0.4, -0.3] + 0.2 * b * x)), z)


def category(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z = _causes(rng, n, 2)
    x = _drawn(rng, np.outer(z[:, 0], [0, 0.7, -0.7, 1]) + np.outer(z[:, 1], [0, 1, 0, -0.5]))
    y = z[:, 0] ** 2 / 2 + z[:, 1] + rng.normal(size=n) + 1.5 * b * (x == 1)
    return _indicators(x, 4), column(y), [column(c) for c in z.T]


def two_categories(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z, g = rng.integers(0, 4, n), rng.integers(0, 3, n)
    x = _drawn(rng, rng.normal(size=(4, 4))[z])
    tilt = rng.normal(size=(4, 3))[z]
    tilt[:, 1] += 3 * b * (x == 2)
    return _indicators(x, 4), _indicators(_drawn(rng, tilt), 3), [_indicators(z, 4), _indicators(g, 3)]


def nine_columns(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    z = _causes(rng, n, 9)
    z[:, 6:] = z[:, 6:] > 0
    x = rng.random(n) < _chance(z @ [0.5, 0.3, -0.4, 0.3, 0.2, 0.2, 0.5, -0.5, 0.4])
    y = z @ np.full(9, 0.4) + z[:, 0] ** 2 + rng.normal(size=n) * (1 + 0.5 * z[:, 6]) + 2 * b * x
    return _split(x, y, z)


def nothing_held(rng: Rng, n: int, b: float) -> tuple[Floats, Floats, list[Floats]]:
    e = rng.normal(size=n)
    return column(e), column(rng.exponential(size=n) + b * e), []


WORLDS: dict[str, World] = {
    f.__name__.replace("_", " "): f
    for f in (
        straight, bent, product, uneven, yes_no, rare, heavy, lopsided, counts, category, two_categories, nine_columns, nothing_held,
    )
}  # fmt: skip
