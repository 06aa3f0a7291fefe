"""Local polynomials on both sides of a cut-off: the jump, its bias correction and its robust standard error.

Own code from the papers (Calonico, Cattaneo & Titiunik 2014, Econometrica 82:2295; Calonico, Cattaneo, Farrell & Titiunik
2017, Stata Journal 17:372, and 2019, Review of Economics and Statistics 101:442). rdrobust, their software, is GPL-3: a
test reference only (benchmarks/discontinuity_reference.py), neither imported nor read.

Every estimate here is a weighted sum of outcomes ("equivalent kernel"), so one vector of weights serves the estimate, its
bias, its variance with or without clusters, and several columns at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

Kernel = Literal["triangular", "uniform"]
NEIGHBOURS = 3


@dataclass(frozen=True)
class Side:
    """The rows on one side of the cut-off, sorted by `x`.

    x: (n,) running variable minus cut-off. v: (n, m) outcome, then treatment (fuzzy), then covariates.
    weights: (n,) sampling weights. cluster: (n,) numbers shared by both sides, or None.
    """

    x: Floats
    v: Floats
    weights: Floats
    cluster: Ints | None = None

    @property
    def n(self) -> int:
        return len(self.x)

    def take(self, keep: Mask | Ints) -> Side:
        """The same side with fewer rows."""
        cluster = None if self.cluster is None else self.cluster[keep]
        return Side(self.x[keep], self.v[keep], self.weights[keep], cluster)

    def within(self, reach: float, kernel: Kernel = "uniform") -> Side:
        """Rows to which a kernel of bandwidth `reach` gives weight: those at its very end only if it is uniform."""
        return self.take(abs(self.x) < reach if kernel == "triangular" else abs(self.x) <= reach)


def split(x: Floats, v: Floats, weights: Floats, right: Mask, cluster: Ints | None = None) -> tuple[Side, Side]:
    """(left, right) from all rows; `right` says which rows lie on the upper side (the cut-off itself may be on either)."""
    import numpy as np

    order = np.argsort(x, kind="stable")
    whole = Side(x, v, weights, cluster).take(order)
    mask = right[order]
    return whole.take(~mask), whole.take(mask)


def kernel_of(x: Floats, bandwidth: float, kernel: Kernel) -> Floats:
    """(n,) kernel weights at the cut-off, up to a factor, which cancels."""
    import numpy as np

    u = np.abs(x) / bandwidth
    inside = u <= 1
    return np.asarray(np.where(inside, 1 - u, 0.0) if kernel == "triangular" else inside.astype("float64"))


def equivalent(x: Floats, weights: Floats, order: int, bandwidth: float, kernel: Kernel) -> Floats:
    """(order + 1, n): row ν gives the coefficient of x^ν of the local polynomial at the cut-off as a weighted sum.

    Raises `numpy.linalg.LinAlgError` with too few different values of `x` inside the bandwidth.
    """
    import numpy as np

    w = kernel_of(x, bandwidth, kernel) * weights
    powers = np.vander(x / bandwidth, order + 1, increasing=True)  # scaled, or the matrix is ill-conditioned
    root = np.sqrt(w)
    q, r = np.linalg.qr(powers * root[:, None])
    if not len(r) or np.abs(np.diag(r)).min() <= 1e-11 * np.abs(np.diag(r)).max() or len(r) <= order:
        raise np.linalg.LinAlgError("too few values within the bandwidth")
    solved = np.linalg.solve(r, q.T) * root
    return np.asarray(solved / bandwidth ** np.arange(order + 1)[:, None])


def neighbour_residuals(x: Floats, v: Floats, matches: int = NEIGHBOURS) -> Floats:
    """(n, m) residuals against the mean of the nearest rows, scaled so that their squares estimate the variance.

    ε_i = √(J/(J+1)) · (v_i − mean of the J nearest), J at least `matches`, rows at equal distance all included
    (Abadie & Imbens 2006; Calonico, Cattaneo & Titiunik 2014, section 5). `x` is sorted.
    """
    import numpy as np

    n = len(x)
    matches = min(matches, n - 1)
    if matches < 1:
        return np.zeros_like(v)
    start = np.flatnonzero(np.r_[True, np.diff(x) != 0])
    values = x[start]
    size = np.diff(np.r_[start, n])
    group = np.repeat(np.arange(len(start)), size)
    total = np.vstack([np.zeros((1, v.shape[1])), np.cumsum(v - v.mean(axis=0), axis=0)])
    last = len(start) - 1
    left, right = np.arange(len(start)), np.arange(len(start))  # the block of equal values that counts as near so far
    for _ in range(matches):
        short = (np.r_[start, n][right + 1] - start[left] - 1) < matches
        if not short.any():
            break
        below = np.where(left > 0, values - values[np.maximum(left - 1, 0)], np.inf)
        above = np.where(right < last, values[np.minimum(right + 1, last)] - values, np.inf)
        tie = np.isclose(below, above, rtol=1e-12, atol=0) & np.isfinite(below)
        go_left = short & ((below < above) | tie)
        go_right = short & ((above < below) | tie)
        left, right = left - go_left, right + go_right
    low, high = start[left], np.r_[start, n][right + 1]
    j = (high - low - 1)[group].astype("float64")
    centred = v - v.mean(axis=0)
    others = (total[high] - total[low])[group] - centred
    return np.asarray((centred - others / j[:, None]) * np.sqrt(j / (j + 1))[:, None])


def scored(
    side: Side, values: Floats, weight: Floats, order: int, bandwidth: float, kernel: Kernel, own: bool = False
) -> Floats:
    """(n, m) scores `weight` · residual of `values` (n, m), whose squares add up to the variance of Σ weight · values.

    Nearest-neighbour residuals. With clusters, which neighbours would tear apart, those of the polynomial itself, times
    √(G/(G−1) · (n−1)/(n−order−1)) with G clusters (Cameron & Miller 2015); with `own` those divided by √(1 − leverage), which
    is unbiased with few rows of even noise (HC2, MacKinnon & White 1985).
    """
    import numpy as np

    if side.cluster is None and not own:
        return np.asarray(weight[:, None] * neighbour_residuals(side.x, values))
    powers = np.vander(side.x, order + 1, increasing=True)
    hat = equivalent(side.x, side.weights, order, bandwidth, kernel)
    rest = values - powers @ (hat @ values)
    if side.cluster is None:
        leverage = np.einsum("ij,ji->i", powers, hat)
        return np.asarray(weight[:, None] * rest / np.sqrt(np.maximum(1 - leverage, 1e-6))[:, None])
    groups = len(np.unique(side.cluster))
    factor = groups / max(groups - 1, 1) * (side.n - 1) / max(side.n - order - 1, 1)
    return np.asarray(weight[:, None] * rest * math.sqrt(factor))


def clustered(scores: Floats, cluster: Ints) -> Floats:
    """(m, m) sum over clusters of the outer products of summed scores (n, m)."""
    import numpy as np

    _, code = np.unique(cluster, return_inverse=True)
    sums = np.column_stack([np.bincount(code, weights=s) for s in scores.T])
    return np.asarray(sums.T @ sums)


@dataclass(frozen=True)
class Jump:
    """The jump of the outcome at the cut-off (upper side minus lower), or its ratio to that of the treatment (fuzzy).

    value, error: conventional local polynomial of order p within `h`, and its standard error.
    centre, robust: bias-corrected estimate and the standard error that counts the correction's own noise.
    limits: outcome at the cut-off from below and from above (order p); `covariance` (2, 2) of their bias-corrected forms,
    `centres` these forms. first, first_error, first_robust: jump of the treatment, its two standard errors.
    reduced: bias-corrected jumps of outcome and treatment with `reduced_covariance` (2, 2), for an Anderson–Rubin set.
    rows: within `h` on either side; distinct: different values of the running variable there.
    dof: clusters minus one, infinite without clusters.
    """

    value: float
    error: float
    centre: float
    robust: float
    limits: tuple[float, float]
    centres: tuple[float, float]
    covariance: Floats
    h: float
    b: float
    rows: tuple[int, int]
    distinct: tuple[int, int]
    dof: float = math.inf
    first: float = math.nan
    first_error: float = math.nan
    reduced: tuple[float, float] = (math.nan, math.nan)
    reduced_covariance: Floats | None = None


def slopes(sides: tuple[Side, ...], order: int, bandwidth: float, kernel: Kernel, outcomes: int) -> Floats:
    """(k, outcomes) coefficients of the covariates, common to `sides`, each with a polynomial of its own.

    Covariates are the columns of `v` from `outcomes` on (Calonico, Cattaneo, Farrell & Titiunik 2019, section 2).
    """
    import numpy as np

    k = sides[0].v.shape[1] - outcomes
    inner, outer = np.zeros((k, k)), np.zeros((k, outcomes))
    for side in sides:
        root = np.sqrt(kernel_of(side.x, bandwidth, kernel) * side.weights)
        q, _ = np.linalg.qr(np.vander(side.x / bandwidth, order + 1, increasing=True) * root[:, None])
        v = side.v * root[:, None]
        v = v - q @ (q.T @ v)
        inner += v[:, outcomes:].T @ v[:, outcomes:]
        outer += v[:, outcomes:].T @ v[:, :outcomes]
    return np.asarray(np.linalg.pinv(inner, rcond=1e-10, hermitian=True) @ outer)


def corrected(x: Floats, weights: Floats, p: int, h: float, b: float, kernel: Kernel) -> tuple[Floats, Floats]:
    """((n,), (n,)) equivalent kernels of the value at the cut-off: conventional (order p, h) and bias-corrected.

    The correction takes off the leading bias, with the (p+1)-th coefficient from order p+1 within `b`
    (Calonico, Cattaneo & Titiunik 2014, section 3, theorem 1).
    """
    plain = equivalent(x, weights, p, h, kernel)[0]
    curve = equivalent(x, weights, p + 1, b, kernel)[p + 1]
    return plain, plain - float(plain @ x ** (p + 1)) * curve


def jump(
    left: Side,
    right: Side,
    h: float,
    b: float,
    kernel: Kernel = "triangular",
    p: int = 1,
    fuzzy: bool = False,
    own: bool = False,
    correct: bool = True,
) -> Jump:
    """The jump at zero with bandwidths `h` (estimate) and `b` (bias); `own` residuals as in `scored`.

    `correct` False leaves the bias correction out: "robust" figures are then the conventional ones.

    Raises `numpy.linalg.LinAlgError` where a side has too few different values within a bandwidth.
    """
    import numpy as np

    outcomes = 2 if fuzzy else 1
    reach = max(h, b)
    near = left.within(reach, kernel), right.within(reach, kernel)
    mix = np.eye(near[0].v.shape[1], outcomes)
    if mix.shape[0] > outcomes:
        mix[outcomes:] = -slopes(near, p, h, kernel, outcomes)
    values, centres, plain_scores, robust_scores, weights = [], [], [], [], []
    for side in near:
        if correct:
            plain, robust = corrected(side.x, side.weights, p, h, b, kernel)
        else:
            plain = robust = equivalent(side.x, side.weights, p, h, kernel)[0]
        v = side.v @ mix
        weights.append((plain, robust))
        values.append(plain @ v)
        centres.append(robust @ v)
        plain_scores.append(scored(side, v, plain, p, h, kernel, own))
        order, width = (p + 1, b) if correct else (p, h)
        robust_scores.append(scored(side, v, robust, order, width, kernel, own))
    clusters = None
    if near[0].cluster is not None and near[1].cluster is not None:
        clusters = np.concatenate([near[0].cluster, near[1].cluster])
    plain_matrix, robust_matrix = (_covariance(s, clusters) for s in (plain_scores, robust_scores))
    if own and clusters is None and not fuzzy:
        order, width = (p + 1, b) if correct else (p, h)
        plain_matrix = _even(near, mix, [w for w, _ in weights], p, h, kernel, plain_matrix)
        robust_matrix = _even(near, mix, [w for _, w in weights], order, width, kernel, robust_matrix)
    # columns: outcome below, (treatment below), outcome above, (treatment above)
    flat = np.hstack([-np.eye(outcomes), np.eye(outcomes)])
    tau, centre = values[1] - values[0], centres[1] - centres[0]
    plain_jump, robust_jump = (flat @ m @ flat.T for m in (plain_matrix, robust_matrix))
    gradient = np.array([1.0]) if not fuzzy else np.array([1 / tau[1], -tau[0] / tau[1] ** 2])
    value = float(tau[0]) if not fuzzy else float(tau[0] / tau[1])
    inside = [np.abs(s.x) <= h for s in near]
    picks = [0, outcomes]
    return Jump(
        value=value,
        error=math.sqrt(max(float(gradient @ plain_jump @ gradient), 0.0)),
        centre=value - float(gradient @ (tau - centre)),
        robust=math.sqrt(max(float(gradient @ robust_jump @ gradient), 0.0)),
        limits=(float(values[0][0]), float(values[1][0])),
        centres=(float(centres[0][0]), float(centres[1][0])),
        covariance=robust_matrix[np.ix_(picks, picks)],
        h=h,
        b=b,
        rows=(int(inside[0].sum()), int(inside[1].sum())),
        distinct=(len(np.unique(near[0].x[inside[0]])), len(np.unique(near[1].x[inside[1]]))),
        dof=math.inf if clusters is None else float(len(np.unique(clusters)) - 1),
        first=float(tau[1]) if fuzzy else math.nan,
        first_error=math.sqrt(float(plain_jump[1, 1])) if fuzzy else math.nan,
        reduced=(float(centre[0]), float(centre[1])) if fuzzy else (float(centre[0]), math.nan),
        reduced_covariance=robust_jump if fuzzy else None,
    )


def _even(
    near: tuple[Side, Side],
    mix: Floats,
    weights: list[Floats],
    order: int,
    width: float,
    kernel: Kernel,
    matrix: Floats,
) -> Floats:
    """`matrix` (2, 2), or that of noise alike in all rows where it is larger: few rows hide noise from their own residuals."""
    import numpy as np

    left_over, dof = 0.0, -2 * (order + 1)
    for side in near:
        inside = side.within(width)
        v = (inside.v @ mix)[:, 0]
        hat = equivalent(inside.x, inside.weights, order, width, kernel)
        left_over += float(inside.weights @ (v - np.vander(inside.x, order + 1, increasing=True) @ (hat @ v)) ** 2)
        dof += inside.n
    if dof < 1:
        return matrix
    even = left_over / dof * np.diag([float(w**2 @ (1 / s.weights)) for w, s in zip(weights, near, strict=True)])
    return even if np.trace(even) > np.trace(matrix) else matrix


def _covariance(scores: list[Floats], clusters: Ints | None) -> Floats:
    """(2m, 2m) covariance of the columns below, then above the cut-off, from their scores by side."""
    import numpy as np

    (n_left, m), (n_right, _) = scores[0].shape, scores[1].shape
    wide = np.zeros((n_left + n_right, 2 * m))
    wide[:n_left, :m], wide[n_left:, m:] = scores
    return np.asarray(wide.T @ wide) if clusters is None else clustered(wide, clusters)


@dataclass(frozen=True)
class Spec:
    """One way to estimate the jump. hole: rows nearer than this to the cut-off are left out."""

    h: float
    b: float
    kernel: Kernel = "triangular"
    p: int = 1
    hole: float = 0.0


def moved(left: Side, right: Side, first: Spec, second: Spec, fuzzy: bool = False) -> tuple[float, float]:
    """(second minus first, its standard error) of the bias-corrected jumps, both from the same rows.

    Both are weighted sums over the rows, so the error of the change follows from the difference of the weights.
    Raises `numpy.linalg.LinAlgError` where either cannot be had.
    """
    import numpy as np

    outcomes = 2 if fuzzy else 1
    reach = max(first.h, first.b, second.h, second.b)
    near = left.within(reach), right.within(reach)
    centres, scores = [], []
    for spec in (first, second):
        used = [s.take(np.abs(s.x) >= spec.hole) if spec.hole > 0 else s for s in near]
        mix = np.eye(near[0].v.shape[1], outcomes)
        if mix.shape[0] > outcomes:
            mix[outcomes:] = -slopes((used[0], used[1]), spec.p, spec.h, spec.kernel, outcomes)
        pairs = [corrected(s.x, s.weights, spec.p, spec.h, spec.b, spec.kernel) for s in used]
        tau = pairs[1][0] @ used[1].v @ mix - pairs[0][0] @ used[0].v @ mix
        centre = pairs[1][1] @ used[1].v @ mix - pairs[0][1] @ used[0].v @ mix
        gradient = np.array([1 / tau[1], -tau[0] / tau[1] ** 2]) if fuzzy else np.array([1.0])
        value = tau[0] / tau[1] if fuzzy else tau[0]
        centres.append(float(value - gradient @ (tau - centre)))
        rows = []
        for sign, side, (_, weight) in zip((-1, 1), near, pairs, strict=True):
            full = np.zeros(side.n)
            full[np.abs(side.x) >= spec.hole] = weight
            rows.append(sign * full * (neighbour_residuals(side.x, side.v) @ mix @ gradient))
        scores.append(np.concatenate(rows))
    change = (scores[1] - scores[0])[:, None]
    if near[0].cluster is not None and near[1].cluster is not None:
        square = float(clustered(change, np.concatenate([near[0].cluster, near[1].cluster]))[0, 0])
    else:
        square = float((change**2).sum())
    return centres[1] - centres[0], math.sqrt(square)
