"""Does the number of rows jump at the cut-off? People who can choose their side leave a step in the density.

Cattaneo, Jansson & Ma (2020, JASA 115:1449): a local polynomial through the empirical distribution function on either
side; its slope at the cut-off is the density. No binning, own code from the paper (rddensity is GPL-3: a reference only).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .bandwidth import PILOT, REPEATED, mse_optimal
from .local_polynomial import clustered, corrected, equivalent, jump, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

LEAST_ROWS = 20  # a side
LEAST_POINTS = 8  # of a grid, a side
MOST_EMPTY = 3  # grid points for every value that occurs
ORDER = 2  # of the estimate; the test uses one more, so that its bias is negligible


@dataclass(frozen=True)
class Step:
    """Density just below and just above the cut-off, their bias-corrected difference and its standard error.

    Unit: share of rows per unit of the running variable; rows per value where values lie on a grid (`kind` grid).
    rows: used on either side; bandwidth: how far from the cut-off. nearest: rows below and above among the nearest, with the
    chance of so uneven a split if either side were as likely (smooth only).
    """

    below: float
    above: float
    difference: float
    error: float
    bandwidth: float
    rows: tuple[int, int]
    kind: Literal["smooth", "grid"]
    nearest: tuple[int, int] = (0, 0)
    chance: float = 1.0

    @property
    def z(self) -> float:
        return self.difference / self.error if self.error > 0 else math.nan


def step(
    x: Floats, right: Mask, weights: Floats, cluster: Ints | None = None, bandwidth: float | None = None
) -> Step | None:
    """The step in the density of `x` (cut-off at zero); None with too few rows or values to judge.

    Repeated values (a fifth of the rows or more): on a grid the rows at each point are counted, and the jump of the counts
    is estimated as that of any outcome, so that heaping at round values widens the error; off a grid, rows of equal value
    count as a cluster.
    """
    import numpy as np

    if min(right.sum(), (~right).sum()) < LEAST_ROWS:
        return None
    order = np.argsort(x, kind="stable")
    x, right, w = x[order], right[order], weights[order] / weights.mean()
    values, code = np.unique(x, return_inverse=True)
    try:
        if 1 - len(values) / len(x) >= REPEATED and bandwidth is None:
            gap = grid(values)
            if gap is not None:
                return _counted(x, right, w, gap)
            cluster = code if cluster is None else cluster[order]
        elif cluster is not None:
            cluster = cluster[order]
        reach = _bandwidth(x, right, w) if bandwidth is None else bandwidth
        slope, scores = _slopes(x, right, w, reach, ORDER + 1)
    except np.linalg.LinAlgError:
        return None
    difference = (scores[:, 1] - scores[:, 0])[:, None]
    square = (difference**2).sum() if cluster is None else clustered(difference, cluster)[0, 0]
    near = np.abs(x) <= reach
    rows = int((near & ~right).sum()), int((near & right).sum())
    split_, chance = _nearest(x, right) if cluster is None else ((0, 0), 1.0)
    error = math.sqrt(float(square))
    return Step(slope[0], slope[1], slope[1] - slope[0], error, reach, rows, "smooth", split_, chance)


def _nearest(x: Floats, right: Mask) -> tuple[tuple[int, int], float]:
    """Sides of the nearest rows, and the binomial chance of so uneven a split (Cattaneo, Frandsen & Titiunik 2015).

    Sees what an extrapolated density cannot: a side from which everybody near has gone.
    """
    import numpy as np
    from scipy import stats

    rows = int(min(max(LEAST_ROWS, 0.02 * len(x)), 100))
    close = np.argsort(np.abs(x), kind="stable")[:rows]
    above = int(right[close].sum())
    return (rows - above, above), float(stats.binomtest(above, rows).pvalue)


def grid(values: Floats) -> float | None:
    """The distance between neighbouring points where sorted, different `values` lie on an even grid; else None."""
    import numpy as np

    if len(values) < 3:
        return None
    gap = float(np.diff(values).min())
    places = (values - values[0]) / gap
    even = np.abs(places - np.round(places)).max() < 0.02
    return gap if even and places[-1] <= MOST_EMPTY * len(values) else None


def _counted(x: Floats, right: Mask, w: Floats, gap: float) -> Step | None:
    """The jump in the number of rows per grid point, empty points included."""
    import numpy as np

    place = np.round((x - x[0]) / gap).astype("int64")
    counts = np.bincount(place, weights=w)
    points = x[0] + gap * np.arange(len(counts))
    above = points > gap / 2
    at = np.flatnonzero(np.abs(points) <= gap / 2)
    if len(at):  # the point at the cut-off goes with most of its rows
        above[at] = right[place == at[0]].mean() >= 0.5 if (place == at[0]).any() else True
    left, side = split(points, counts[:, None].astype("float64"), np.ones(len(points)), above)
    if min(left.n, side.n) < LEAST_POINTS:
        return None
    best = mse_optimal(left, side)
    far = max(best.h, LEAST_POINTS * gap)
    found = jump(left, side, far, max(best.b, far))
    near = np.abs(x) <= far
    rows = int((near & ~right).sum()), int((near & right).sum())
    # counts scatter at least as much as Poisson ones do, which few points may not show
    chance = 0.0
    for part in (left.within(found.b), side.within(found.b)):
        weight = corrected(part.x, part.weights, 1, far, found.b, "triangular")[1]
        chance += float(weight**2 @ part.v[:, 0]) * float((w**2).mean())
    error = max(found.robust, math.sqrt(chance))
    return Step(found.limits[0], found.limits[1], found.centre, error, far, rows, "grid")


def _slopes(
    x: Floats, right: Mask, w: Floats, bandwidth: float, order: int, derivative: int = 1
) -> tuple[tuple[float, float], Floats]:
    """(coefficients below and above, (n, 2) scores whose squares add up to their variance).

    The distribution function is common, so a row anywhere counts for both sides; its score is the projection of the
    U-statistic on that row, which is the jackknife of the paper (section 3).
    """
    import numpy as np

    total = w.sum()
    below = np.cumsum(w) / total
    last = np.searchsorted(x, x, side="right") - 1  # rows of equal value share one height
    height = below[last] - 0.5 * w / total
    found, scores = [], []
    for side in (~right, right):
        keep = side & (np.abs(x) <= bandwidth)
        weight = np.zeros(len(x))
        weight[keep] = equivalent(x[keep], w[keep], order, bandwidth, "triangular")[derivative]
        beta = equivalent(x[keep], w[keep], order, bandwidth, "triangular") @ height[keep]
        found.append(float(beta[derivative]))
        tail = np.cumsum(weight[::-1])[::-1]  # Σ of weights of rows at or above each row
        first = np.searchsorted(x, x, side="left")
        reached = w * tail[first] / total
        rest = np.zeros(len(x))
        rest[keep] = weight[keep] * (height[keep] - np.vander(x[keep], order + 1, increasing=True) @ beta)
        score = reached + rest
        scores.append(score - w * score.sum() / total)
    return (found[0], found[1]), np.column_stack(scores)


def _bandwidth(x: Floats, right: Mask, w: Floats) -> float:
    """Least expected squared error of the difference of densities, by plug-in from a rule of thumb."""
    import numpy as np

    n = len(x)
    quartiles = np.quantile(x, [0.25, 0.75])
    spread = min(float(x.std(ddof=1)), float(quartiles[1] - quartiles[0]) / 1.349) or float(x.std(ddof=1))
    ends = float(-x[0]), float(x[-1])
    most = max(ends)
    pilot = min(PILOT["triangular"] * spread * n ** (-1 / 7), most)
    rank = np.sort(np.abs(x[~right])), np.sort(np.abs(x[right]))
    floor = max(float(r[min(30, len(r)) - 1]) for r in rank)
    pilot = max(pilot, floor)
    curve, noise = _slopes(x, right, w, pilot, ORDER + 1, ORDER + 1)
    constants = []
    for side in (~right, right):
        keep = side & (np.abs(x) <= pilot)
        weight = equivalent(x[keep], w[keep], ORDER, pilot, "triangular")[1]
        constants.append(float(weight @ x[keep] ** (ORDER + 1)) / pilot**ORDER)
    _, scores = _slopes(x, right, w, pilot, ORDER, 1)
    variance = float(((scores[:, 1] - scores[:, 0]) ** 2).sum()) * pilot
    bias = (constants[1] * curve[1] - constants[0] * curve[0]) ** 2
    bias += 3 * sum(constants[j] ** 2 * float((noise[:, j] ** 2).sum()) for j in (0, 1))
    return float(min(max((variance / (2 * ORDER * bias)) ** (1 / (2 * ORDER + 1)), floor), most))
