"""Two-stage least squares, LIML and ordinary least squares for one treatment, after what is held fixed has been taken out.

Everything works on residuals (Frisch–Waugh–Lovell): covariates by an orthonormal basis, fixed effects by group means. The
same residuals serve the estimate, the first stage, the weak-instrument set and the checks. linearmodels gives the same
estimates and errors (tests hold them together to 1e-6); it absorbs no fixed effects and has no weak-instrument set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .fixed_effects import Absorber, count_of, nested

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

RANK = 1e-9  # share of a column that must be left once the others are taken out of it


@dataclass(frozen=True)
class Fixed:
    """What is held fixed, ready to be taken out of any column of n rows.

    basis: (n, k) orthonormal, weighted; root: (n,) square roots of the weights; effects: what takes the fixed effects out.
    rank counts the constant, the covariates and the levels of the effects; loose is the rank that clustered errors count,
    without effects that lie inside clusters.
    """

    root: Floats
    basis: Floats
    effects: Absorber | None
    cluster: Ints | None
    rank: int
    loose: int

    @property
    def n(self) -> int:
        return len(self.root)

    def out_of(self, columns: Floats) -> Floats:
        """(n,) or (n, m) columns, weighted, without what is held fixed."""
        import numpy as np

        flat = columns.reshape(len(columns), -1).astype("float64")
        left = (flat if self.effects is None else self.effects.residual(flat)) * self.root[:, None]
        left = left - self.basis @ (self.basis.T @ left)
        left = left - self.basis @ (self.basis.T @ left)  # twice: the first pass leaves rounding behind
        return np.asarray(left.reshape(columns.shape))


def fixed(x: Floats, weights: Floats, cluster: Ints | None = None, effects: tuple[Ints, ...] = ()) -> Fixed:
    """Prepare covariates x (n, k) without a constant (one is added), weights (n,) > 0, and at most two fixed effects."""
    import numpy as np

    root = np.sqrt(weights)
    if not effects:
        basis = orthonormal(np.column_stack([np.ones(len(x)), x]) * root[:, None])[0]
        return Fixed(root, basis, None, cluster, basis.shape[1], basis.shape[1])
    absorber = Absorber(effects, weights)
    left = absorber.residual(x) if x.shape[1] else x
    basis = orthonormal(left * root[:, None], spread(x, root))[0]
    outside = [e for e in effects if cluster is None or not nested(e, cluster)]
    levels = absorber.rank if len(outside) == len(effects) else max(sum(count_of(e) for e in outside), 1)
    k = basis.shape[1]
    return Fixed(root, basis, absorber, cluster, k + absorber.rank, k + levels)


def spread(columns: Floats, root: Floats) -> Floats:
    """(m,) weighted lengths of columns (n, m) around their means."""
    import numpy as np

    middle = np.average(columns, axis=0, weights=root**2) if columns.shape[1] else np.zeros(0)
    return np.asarray(np.sqrt((((columns - middle) * root[:, None]) ** 2).sum(axis=0)))


def orthonormal(block: Floats, sizes: Floats | None = None) -> tuple[Floats, Floats]:
    """((n, r) an orthonormal basis of the columns, (r, m) so that block = basis @ map), columns that repeat others left out.

    `sizes` (m,) are the lengths by which a remainder is judged to be nothing but rounding; by default the columns' own.
    """
    import numpy as np
    from scipy import linalg

    if block.shape[1] == 0:
        return block, np.zeros((0, 0))
    lengths = np.sqrt((block**2).sum(axis=0)) if sizes is None else sizes
    scaled = block / np.where(lengths > 0, lengths, 1.0)
    q, r, _ = linalg.qr(scaled, mode="economic", pivoting=True)
    good = np.abs(np.diag(r)) > RANK
    q = q[:, good]
    return np.asarray(q), np.asarray(q.T @ block)


@dataclass(frozen=True)
class Partialled:
    """Outcome, treatment and instruments without what is held fixed; everything weighted by root weights.

    y, d: (n,); z: (n, m) orthonormal; mixing: (m, columns given) with residual instruments = z @ mixing.
    """

    y: Floats
    d: Floats
    z: Floats
    mixing: Floats
    held: Fixed

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def m(self) -> int:
        return int(self.z.shape[1])

    def dof(self, more: int) -> float:
        """Degrees of freedom of the noise with `more` coefficients beside what is held fixed."""
        return float(self.n - self.held.rank - more)

    def critical_dof(self, more: int) -> float:
        """Degrees of freedom of t and F: clusters less one, or rows less coefficients."""
        return self.dof(more) if self.held.cluster is None else float(self.held.cluster.max())

    def meat(self, scores: Floats, more: int) -> Floats:
        """(q, q) covariance of the sum of scores (n, q): by rows (HC1), or by clusters as Stata and pyfixest have it
        (MacKinnon & White 1985; Cameron & Miller 2015, equation 12), with `more` coefficients beside what is held fixed."""
        import numpy as np

        cluster = self.held.cluster
        if cluster is None:
            return np.asarray(scores.T @ scores * (self.n / self.dof(more)))
        groups = int(cluster.max()) + 1
        sums = np.column_stack([np.bincount(cluster, weights=s, minlength=groups) for s in scores.T])
        factor = groups / (groups - 1) * (self.n - 1) / (self.n - self.held.loose - more)
        return np.asarray(sums.T @ sums * factor)


def partial(y: Floats, d: Floats, z: Floats, held: Fixed) -> Partialled:
    """y, d (n,), z (n, m): taken apart. Instruments that nothing is left of are dropped; m may be 0."""
    left, mixing = orthonormal(held.out_of(z), spread(z, held.root))
    return Partialled(held.out_of(y), held.out_of(d), left, mixing, held)


@dataclass(frozen=True)
class Line:
    """An estimate: the slope, its error, and scores (n,) so that slope − truth ≈ sum(scores) (weighted rows)."""

    value: float
    error: float
    scores: Floats
    residuals: Floats
    kappa: float = 1.0


def _line(p: Partialled, direction: Floats, moment: float, value: float, kappa: float = 1.0) -> Line:
    rest = p.y - value * p.d
    scores = direction * rest / moment
    return Line(value, math.sqrt(float(p.meat(scores[:, None], 1)[0, 0])), scores, rest, kappa)


def two_stage(p: Partialled) -> Line:
    """Two-stage least squares (Wooldridge 2010, section 5.2), robust error (n/(n−k), equation 5.34)."""
    fitted = p.z @ (p.z.T @ p.d)
    moment = float(fitted @ p.d)
    return _line(p, fitted, moment, float(fitted @ p.y) / moment)


def liml(p: Partialled) -> Line:
    """Limited-information maximum likelihood as a k-class estimator (Davidson & MacKinnon 1993, section 18.5).

    κ is the smallest root of det(W'W − κ W'M_z W) with W = [y, d]; errors as for two-stage least squares.
    """
    import numpy as np

    pair = np.column_stack([p.y, p.d])
    within = p.z.T @ pair
    whole = pair.T @ pair
    rest = whole - within.T @ within
    kappa = float(np.min(np.linalg.eigvals(np.linalg.solve(rest, whole)).real))
    moment = (1 - kappa) * whole[1, 1] + kappa * float(within[:, 1] @ within[:, 1])
    value = ((1 - kappa) * whole[1, 0] + kappa * float(within[:, 1] @ within[:, 0])) / moment
    return _line(p, p.z @ within[:, 1], float(moment), float(value), kappa)


def ordinary(p: Partialled) -> Line:
    """Ordinary least squares of the outcome on the treatment, as if it were not in need of an instrument."""
    moment = float(p.d @ p.d)
    return _line(p, p.d, moment, float(p.d @ p.y) / moment)


def reduced(p: Partialled) -> tuple[Line, Line]:
    """With one instrument: its effect on the outcome and on the treatment, per unit of the instrument as given."""
    size = float(p.mixing[0, 0])
    z = p.z[:, 0]
    out = []
    for target in (p.y, p.d):
        value = float(z @ target)
        rest = target - z * value
        scores = z * rest / size
        error = math.sqrt(float(p.meat(scores[:, None], 1)[0, 0]))
        out.append(Line(value / size, error, scores, rest))
    return out[0], out[1]


@dataclass(frozen=True)
class Tested:
    """A statistic with its chi-square degrees of freedom and p-value."""

    statistic: float
    dof: int
    p_value: float


def overidentified(p: Partialled, fit: Line) -> Tested | None:
    """Do several instruments tell the same story? The robust score test (Wooldridge 1995; 2010, section 6.3.1), by clusters
    where there are any. None with a single instrument, where nothing can disagree."""
    import numpy as np
    from scipy import linalg, stats

    if p.m < 2:
        return None
    fitted = p.z.T @ p.d
    # directions of the instruments that play no part in the fitted treatment
    spare = p.z @ linalg.null_space(fitted[None, :])
    scores = spare * fit.residuals[:, None]
    cluster = p.held.cluster
    if cluster is not None:
        groups = int(cluster.max()) + 1
        scores = np.column_stack([np.bincount(cluster, weights=s, minlength=groups) for s in scores.T])
    total = scores.sum(axis=0)
    statistic = float(total @ np.linalg.pinv(scores.T @ scores, hermitian=True) @ total)
    return Tested(statistic, p.m - 1, float(stats.chi2.sf(statistic, p.m - 1)))


def sargan(p: Partialled, fit: Line) -> Tested | None:
    """Sargan's (1958) test, right where the noise is even: n times the share of the residuals that instruments explain."""
    from scipy import stats

    if p.m < 2:
        return None
    inside = p.z.T @ fit.residuals
    statistic = p.n * float(inside @ inside) / float(fit.residuals @ fit.residuals)
    return Tested(statistic, p.m - 1, float(stats.chi2.sf(statistic, p.m - 1)))


def apart(p: Partialled, one: Line, other: Line) -> float:
    """Standard error of the difference between two estimates on the same rows, from their scores."""
    return math.sqrt(float(p.meat((one.scores - other.scores)[:, None], 1)[0, 0]))
