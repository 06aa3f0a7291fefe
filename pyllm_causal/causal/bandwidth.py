"""The bandwidth that makes the expected squared error of the jump least, by plug-in (`mserd` in the literature).

Calonico, Cattaneo & Titiunik (2014, Econometrica, section 4.1 and supplement S.2.6), with covariates by Calonico, Cattaneo,
Farrell & Titiunik (2019). Three stages: a pilot by a rule of thumb; from it `d` for the derivative that the bias of
the next one depends on, `b` for the curvature that the bias of the jump depends on, and `h` for the jump itself. At every
stage with order p and derivative ν the bandwidth is ((1+2ν) V / (2 (p+1−ν) (B² + R)))^(1/(2p+3)): V the variance and B the leading bias on the
scale of a bandwidth of one, R three times the variance of the estimated bias, so that a curvature near zero does not give
an endless bandwidth (Imbens & Kalyanaraman 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .local_polynomial import Kernel, Side, clustered, equivalent, scored, slopes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PILOT = {"triangular": 2.576, "uniform": 1.843}  # of the rule of thumb (supplement S.2.6)
LEAST_DISTINCT = 10  # different values a side in the pilot, where values repeat
REPEATED = 0.2  # share of rows that repeat another's value, from which values count as repeated


@dataclass(frozen=True)
class Bandwidths:
    """h for the estimate, b for its bias; both in units of the running variable."""

    h: float
    b: float


@dataclass(frozen=True)
class _Terms:
    """Of one side at one stage, for a bandwidth of one: variance, leading bias, and three times the variance of that bias."""

    variance: float
    bias: float
    penalty: float


def mse_optimal(left: Side, right: Side, kernel: Kernel = "triangular", p: int = 1, fuzzy: bool = False) -> Bandwidths:
    """One bandwidth for both sides, for a jump estimated with order p and corrected with order p+1.

    A fuzzy design linearises the ratio of outcome to treatment on either side; where the treatment does not vary near the
    cut-off on one of them the bandwidth is that of the outcome. Repeated values: the pilot counts different values instead of
    rows, and where a fifth of the rows repeat another's value it holds at least ten different values a side.
    Raises `numpy.linalg.LinAlgError` with too few different values on a side.
    """
    import numpy as np

    x = np.concatenate([left.x, right.x])
    values = [np.sort(np.abs(np.unique(s.x))) for s in (left, right)]
    total = sum(len(v) for v in values)
    quartiles = np.quantile(x, [0.25, 0.75], method="averaged_inverted_cdf")
    spread = float(x.std(ddof=1))
    if quartiles[1] > quartiles[0]:
        spread = min(spread, float(quartiles[1] - quartiles[0]) / 1.349)
    most = float(np.abs(x).max())
    pilot, floor = min(PILOT[kernel] * spread * total**-0.2, most), 0.0
    if 1 - total / len(x) >= REPEATED:
        floor = max(float(v[min(LEAST_DISTINCT, len(v)) - 1]) for v in values) * (1 + 1e-8)
    pilot = max(pilot, floor)
    outcomes = 1
    if fuzzy and all(len(np.unique(s.within(pilot).v[:, 1])) > 1 for s in (left, right)):
        outcomes = 2
    elif fuzzy:
        left, right = (Side(s.x, np.delete(s.v, 1, axis=1), s.weights, s.cluster) for s in (left, right))
    sides, q = (left, right), p + 1

    def stage(order: int, derivative: int, reach: tuple[float, float], penalised: bool = True) -> float:
        terms = [
            _terms(s, order, derivative, pilot, far, kernel, outcomes, penalised)
            for s, far in zip(sides, reach, strict=True)
        ]
        return min(_balance(terms, order, derivative), most)

    ends = float(np.abs(left.x).max()) * (1 + 1e-8), float(np.abs(right.x).max()) * (1 + 1e-8)
    d = max(stage(q + 1, q + 1, ends, penalised=False), floor)
    b = stage(q, p + 1, (d, d))
    h = stage(p, 0, (b, b))
    return Bandwidths(h, b)


def _terms(
    side: Side, order: int, derivative: int, near: float, far: float, kernel: Kernel, outcomes: int, penalised: bool
) -> _Terms:
    """Variance at bandwidth `near`; bias from the next coefficient, estimated with one order more within `far`."""
    import numpy as np

    inner, outer = side.within(near, kernel), side.within(far, kernel)
    weight = equivalent(inner.x, inner.weights, order, near, kernel)[derivative]
    mix = np.eye(side.v.shape[1], outcomes)
    if len(mix) > outcomes:
        mix[outcomes:] = -slopes((inner,), order, near, kernel, outcomes)
    if outcomes == 2:
        level = weight @ inner.v @ mix
        mix = mix @ np.array([[1 / level[1]], [-level[0] / level[1] ** 2]])
    one = mix[:, 0]
    constant = float(weight @ inner.x ** (order + 1))
    curve = equivalent(outer.x, outer.weights, order + 1, far, kernel)[order + 1]
    spread = _variance(inner, scored(inner, (inner.v @ one)[:, None], weight, order, near, kernel))
    penalty = 0.0
    if penalised:
        scores = scored(outer, (outer.v @ one)[:, None], curve, order + 1, far, kernel)
        penalty = 3 * constant**2 * _variance(outer, scores)
    rise = order + 1 - derivative
    bias = constant * float(curve @ (outer.v @ one)) / near**rise
    return _Terms(spread * near ** (1 + 2 * derivative), bias, penalty / near ** (2 * rise))


def _variance(side: Side, scores: Floats) -> float:
    return float((scores**2).sum()) if side.cluster is None else float(clustered(scores, side.cluster)[0, 0])


def _balance(terms: list[_Terms], order: int, derivative: int) -> float:
    import numpy as np

    variance = sum(t.variance for t in terms)
    bias = (terms[1].bias - terms[0].bias) ** 2 + sum(t.penalty for t in terms)
    if not variance > 0:
        raise np.linalg.LinAlgError("the outcome does not vary")
    if not bias > 0:
        return math.inf  # a straight line: as wide as the data
    fraction = (1 + 2 * derivative) * variance / (2 * (order + 1 - derivative) * bias)
    return float(fraction ** (1 / (2 * order + 3)))
