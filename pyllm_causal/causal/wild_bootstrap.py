"""The wild cluster bootstrap with the null imposed, for a slope and few clusters.

Cameron, Gelbach & Miller (2008); the interval holds every value that its own test does not reject (MacKinnon 2013). The
statistic is clustered as in `fixed_effects`. Weights of a cluster: ±1, or Webb's
(2014) six points below 12 clusters. It needs at least two treated and two other clusters, and is better with more: with very
few treated ones it rejects too seldom, and the interval comes out wide or endless (MacKinnon & Webb 2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DRAWS = 1999
WEBB_BELOW = 12


@dataclass(frozen=True)
class Wild:
    """The interval (None where the test rejects nothing on that side) and the p-value of "no effect"."""

    low: float | None
    high: float | None
    p_value: float
    clusters: int
    draws: int


def wild_interval(
    y: Floats,
    x: Floats,
    nuisance: Floats,
    weights: Floats,
    cluster: Ints,
    rng: np.random.Generator,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Wild:
    """Interval for the slope on x (n,), with y (n,) and nuisance (n, k) columns (effects as columns, or taken out before
    where they are nested in the clusters).

    All quantities are linear in the hypothesised slope b, so one pass over the rows serves every b that is tried.
    """
    import numpy as np

    codes = np.unique(cluster, return_inverse=True)[1].ravel()
    groups = int(codes.max()) + 1
    root = np.sqrt(weights)
    y, x, z = y * root, x * root, nuisance * root[:, None]
    q = _basis(z)
    x_in, y_in = x - q @ (q.T @ x), y - q @ (q.T @ y)
    size = float(x_in @ x_in)

    def sums(columns: Floats) -> Floats:
        out = np.zeros((groups, columns.shape[1]))
        np.add.at(out, codes, columns)
        return out

    share = sums((x_in * x_in)[:, None])[:, 0]  # Σ x̃² by cluster
    score_y = sums((x_in * y_in)[:, None])[:, 0]
    across = sums(q * x_in[:, None])  # (G, k): x̃_g'Q_g
    # x̃_g'Q_g Q_h'ũ_h for both parts of the restricted residual ũ = ỹ − b x̃
    cross_y, cross_x = across @ sums(q * y_in[:, None]).T, across @ sums(q * x_in[:, None]).T
    v = _multipliers(groups, draws, rng)
    slope = float(score_y.sum() / size)

    start_scores = score_y - slope * share - (cross_y - slope * cross_x).sum(axis=1)
    error = float(np.sqrt((start_scores**2).sum()) / size)
    if error <= 1e-10 * max(abs(slope), 1e-300):  # every cluster tells the same: nothing to draw from
        return Wild(None, None, 0.0 if slope else 1.0, groups, len(v))

    def p_value(b: float) -> float:
        s = score_y - b * share
        cross = cross_y - b * cross_x
        moved = (v @ s) / size
        scores = v * s - moved[:, None] * share - v @ cross.T
        spread = np.sqrt((scores**2).sum(axis=1)) / size
        # the sample's own statistic is the draw in which every multiplier is 1
        own_scores = s - (slope - b) * share - cross.sum(axis=1)
        own = abs(slope - b) / max(float(np.sqrt((own_scores**2).sum())) / size, 1e-300)
        t = np.abs(moved) / np.maximum(spread, 1e-300)
        return float(np.mean(t >= own * (1 - 1e-9)))

    alpha = 1 - level
    low, high = (_edge(p_value, slope, side * error, alpha) for side in (-1, 1))
    return Wild(low, high, p_value(0.0), groups, len(v))


def _edge(p_value: Callable[[float], float], slope: float, step: float, alpha: float) -> float | None:
    """The first value on one side of the estimate that the test rejects."""
    inside, outside = slope, slope + 2 * step
    for _ in range(12):
        if p_value(outside) <= alpha:
            break
        inside, outside = outside, slope + 2 * (outside - slope)
    else:
        return None
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_value(middle) > alpha else (inside, middle)
        if abs(outside - inside) < 1e-4 * abs(step):
            break
    return outside


def _multipliers(groups: int, draws: int, rng: np.random.Generator) -> Floats:
    import numpy as np

    if groups < WEBB_BELOW:
        points = np.sqrt(np.array([0.5, 1.0, 1.5]))
        return rng.choice(np.concatenate([-points, points]), size=(draws, groups))
    return rng.choice(np.array([-1.0, 1.0]), size=(draws, groups))


def _basis(z: Floats) -> Floats:
    """An orthonormal basis of the columns of z."""
    import numpy as np

    if not z.shape[1]:
        return z
    u, s, _ = np.linalg.svd(z / np.maximum(np.sqrt((z**2).sum(axis=0)), 1e-300), full_matrices=False)
    return np.asarray(u[:, s > s[0] * 1e-10])
