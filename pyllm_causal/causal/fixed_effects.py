"""Least squares with one or two sets of fixed effects, exact for unbalanced tables, and its standard errors.

Small-sample conventions (those of pyfixest 0.60 and fixest by default; `tests/unit/causal/designs/fixed_effects.json` holds
them together to 1e-6). N rows, p slopes, F independent fixed-effect levels (with the intercept), G clusters:

* robust: HC1, factor N / (N − p − F).
* clustered: factor G/(G−1) · (N−1)/(N−K), where K counts the slopes and the effects that are not nested in the clusters
  (Cameron & Miller 2015, section III.B); t with G − 1 degrees of freedom.
* two-way clustered: V(first) + V(second) − V(both) (Cameron, Gelbach & Miller 2011), every part with the smaller G.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DENSE = 1500  # levels of the smaller set of effects up to which its equations are solved directly
FLAT = 1e-9  # share of a column's own size that must be left after the effects are taken out


class Absorber:
    """The weighted projection off one or two sets of indicators: `residual(z)` is what the effects leave of z.

    For two sets the larger is swept out by its means, and the effects of the smaller solve the remaining equations
    (D'W M D) λ = D'W M z exactly, so nothing is iterated and unbalanced tables are no trouble.
    """

    def __init__(self, effects: tuple[Ints, ...], weights: Floats) -> None:
        import numpy as np

        codes = [np.unique(e, return_inverse=True)[1].ravel() for e in effects]
        codes.sort(key=lambda c: -int(c.max()))
        self.weights, self.codes = weights, codes
        self.levels = [int(c.max()) + 1 for c in codes]
        self.totals = [np.bincount(c, weights=weights) for c in codes]
        self.rank = self.levels[0] if codes else 1
        self._inverse: Floats | None = None
        if len(codes) == 2:
            from scipy import sparse
            from scipy.sparse.csgraph import connected_components

            big, small = codes
            self._table = sparse.csr_matrix((weights, (big, small)), shape=tuple(self.levels))
            links = sparse.bmat([[None, self._table], [self._table.T, None]])
            self.rank = sum(self.levels) - int(connected_components(links, directed=False)[0])
            scaled = sparse.diags(1 / self.totals[0]) @ self._table
            self._schur = sparse.diags(self.totals[1]) - self._table.T @ scaled
            if self.levels[1] <= DENSE:
                self._inverse = np.linalg.pinv(self._schur.toarray(), rcond=1e-11, hermitian=True)

    def residual(self, z: Floats) -> Floats:
        """(n, k) or (n,) → the same shape, without the effects (without the mean, where there are none)."""
        import numpy as np

        flat = z.ndim == 1
        z = z[:, None] if flat else z
        if not self.codes:
            out = z - np.average(z, axis=0, weights=self.weights)
        else:
            out = z - self._means(z, 0)[self.codes[0]]
            if len(self.codes) == 2:
                out = self._second(out)
        return out[:, 0] if flat else out

    def _means(self, z: Floats, which: int) -> Floats:
        return self._sums(z, which) / self.totals[which][:, None]

    def _sums(self, z: Floats, which: int) -> Floats:
        import numpy as np

        size, code = self.levels[which], self.codes[which]
        return np.column_stack([np.bincount(code, weights=self.weights * column, minlength=size) for column in z.T])

    def _second(self, z: Floats) -> Floats:
        import numpy as np

        moments = self._sums(z, 1)
        if self._inverse is not None:
            effects = self._inverse @ moments
        else:
            from scipy.sparse.linalg import cg

            effects = np.column_stack([cg(self._schur, m, rtol=1e-13, maxiter=20_000)[0] for m in moments.T])
        z = z - effects[self.codes[1]]
        return np.asarray(z - self._means(z, 0)[self.codes[0]])


@dataclass(frozen=True)
class Fitted:
    """A fit: `beta` (p,) for the columns in `kept`, with the demeaned columns x (n, p), residuals e (n,) and bread (p, p).

    Residuals and columns are unweighted; `weights` (n,) enter scores and bread.
    """

    beta: Floats
    kept: tuple[int, ...]
    x: Floats
    residual: Floats
    bread: Floats
    weights: Floats
    effects: tuple[Ints, ...]
    effects_rank: int

    @property
    def n(self) -> int:
        return len(self.residual)

    @property
    def dof(self) -> int:
        """Rows left after slopes and effects."""
        return self.n - len(self.beta) - self.effects_rank

    def influence(self, which: int = 0) -> Floats:
        """(n,) influence of every row on one slope, times n."""
        import numpy as np

        return np.asarray(self.n * (self.x @ self.bread[:, which]) * self.weights * self.residual)

    def factor(self, cluster: Ints | None) -> float:
        """Small-sample factor of the variance (see the module)."""
        if cluster is None:
            return self.n / max(self.dof, 1)
        groups = count_of(cluster)
        return groups / max(groups - 1, 1) * (self.n - 1) / max(self.n - self._counted(cluster), 1)

    def _counted(self, cluster: Ints) -> int:
        """Slopes, and effects outside the clusters (of two sets, less the one level that both share); the intercept always."""
        loose = [e for e in self.effects if not nested(e, cluster)]
        if len(loose) == len(self.effects):
            return len(self.beta) + self.effects_rank
        return len(self.beta) + max(sum(count_of(e) for e in loose), 1)

    def covariance(self, *clusters: Ints) -> Floats:
        """(p, p): robust without clusters, clustered with one, two-way clustered with two."""
        import numpy as np

        scores = self.x * (self.weights * self.residual)[:, None]
        if not clusters:
            return np.asarray(self.factor(None) * self.bread @ (scores.T @ scores) @ self.bread)
        if len(clusters) == 1:
            return np.asarray(self.factor(clusters[0]) * self.bread @ _meat(scores, clusters[0]) @ self.bread)
        both = clusters[0] * (clusters[1].max() + 1) + clusters[1]
        groups = min(count_of(c) for c in clusters)
        total = np.zeros_like(self.bread)
        for sign, codes in ((1, clusters[0]), (1, clusters[1]), (-1, both)):
            rows = (self.n - 1) / max(self.n - self._two_way_counted(clusters), 1)
            total += sign * groups / max(groups - 1, 1) * rows * _meat(scores, codes)
        matrix = np.asarray(self.bread @ total @ self.bread)
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        return matrix if values.min() >= 0 else np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)

    def _two_way_counted(self, clusters: tuple[Ints, ...]) -> int:
        loose = [e for e in self.effects if not any(nested(e, c) for c in clusters)]
        if len(loose) == len(self.effects):
            return len(self.beta) + self.effects_rank
        return len(self.beta) + max(sum(count_of(e) for e in loose), 1)


def fit(y: Floats, columns: Floats, effects: tuple[Ints, ...], weights: Floats | None = None) -> Fitted:
    """Weighted least squares of y (n,) on columns (n, p) with the effects taken out (an intercept, where there are none).

    A column that the effects, or the columns before it, already determine is left out of `kept`; the first column, the one that
    is asked about, comes last in this: it is left out where all the others together determine it.
    Raises numpy's `LinAlgError` where no column is left.
    """
    import numpy as np

    w = np.ones(len(y)) if weights is None else weights
    absorber = Absorber(effects, w)
    inner = absorber.residual(np.column_stack([y, columns]))
    y_in, x = inner[:, 0], inner[:, 1:]
    order = [*range(1, columns.shape[1]), 0]
    kept = sorted(order[j] for j in independent(x[:, order], columns[:, order], w))
    if not kept:
        raise np.linalg.LinAlgError("no column is left after the fixed effects")
    x = x[:, kept]
    root = np.sqrt(w)
    scale = np.sqrt((w[:, None] * x**2).sum(axis=0))
    q, r = np.linalg.qr(x / scale * root[:, None])
    inverse = np.linalg.inv(r) / scale[:, None]
    beta = inverse @ (q.T @ (root * y_in))
    return Fitted(beta, tuple(kept), x, y_in - x @ beta, inverse @ inverse.T, w, effects, absorber.rank)


def independent(inner: Floats, raw: Floats, weights: Floats) -> list[int]:
    """Columns that hold something of their own, in order; `inner` is `raw` without the effects."""
    import numpy as np

    root = np.sqrt(weights)
    kept: list[int] = []
    basis = np.zeros((len(inner), 0))
    for j in range(inner.shape[1]):
        own = root * (raw[:, j] - np.average(raw[:, j], weights=weights))
        size = float(np.sqrt(own @ own))
        left = root * inner[:, j]
        for _ in range(2):  # twice: once loses digits
            left = left - basis @ (basis.T @ left)
        remaining = float(np.sqrt(left @ left))
        if size > 0 and remaining > max(FLAT * size, 1e-7 * FLAT * float(np.abs(root * raw[:, j]).max()) * len(inner)):
            kept.append(j)
            basis = np.column_stack([basis, left / remaining])
    return kept


def nested(effect: Ints, cluster: Ints) -> bool:
    """Whether every level of the effect lies inside one cluster."""
    import numpy as np

    codes = np.unique(effect, return_inverse=True)[1].ravel()
    first = np.full(int(codes.max()) + 1, -1)
    first[codes] = cluster
    return bool((first[codes] == cluster).all())


def count_of(codes: Ints) -> int:
    """How many different codes there are."""
    import numpy as np

    return len(np.unique(codes))


def _meat(scores: Floats, cluster: Ints) -> Floats:
    import numpy as np

    codes = np.unique(cluster, return_inverse=True)[1].ravel()
    sums = np.column_stack([np.bincount(codes, weights=column) for column in scores.T])
    return np.asarray(sums.T @ sums)
