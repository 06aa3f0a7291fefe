"""Regression forms of difference-in-differences: one start date, imputation for many, and plain two-way fixed effects."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import fixed_effects as fe
from .att import Att, Interval
from .wild_bootstrap import wild_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

FEW_CLUSTERS = 30
FEW_TREATED = 3  # treated (or other) clusters up to which whole clusters are compared
DENSE_EFFECTS = 200


@dataclass(frozen=True)
class Treated:
    """n rows: outcome, period (0 … T−1), first treated period (T for never), treated now, group for the fixed effects,
    covariates (n, k), weights; `units`: the groups are units that are followed; cluster (n,) or None for robust errors."""

    y: Floats
    time: Ints
    start: Ints
    on: Mask
    group: Ints
    x: Floats
    weights: Floats
    units: bool
    cluster: Ints | None
    periods: int

    @property
    def n(self) -> int:
        return len(self.y)

    def take(self, rows: Mask | Ints) -> Treated:
        """The same on other rows."""
        return replace(
            self, y=self.y[rows], time=self.time[rows], start=self.start[rows], on=self.on[rows], group=self.group[rows],
            x=self.x[rows], weights=self.weights[rows], cluster=None if self.cluster is None else self.cluster[rows],
        )  # fmt: skip

    def covariates(self) -> Floats:
        """(n, m) columns for the covariates. One that never changes within a unit would do nothing beside unit effects, so it
        may have its own path over time: an effect in every period, or a straight line where that would cost too much."""
        import numpy as np

        if not self.units or not self.x.shape[1]:
            return self.x
        spread = fe.Absorber((self.group,), self.weights).residual(self.x)
        fixed = np.abs(spread).max(axis=0) <= 1e-9 * np.maximum(np.abs(self.x).max(axis=0), 1e-300)
        blocks = [self.x[:, ~fixed]]
        path = np.eye(self.periods)[self.time][:, 1:]
        for j in np.flatnonzero(fixed):
            column = (self.x[:, j] - self.x[:, j].mean())[:, None]
            rich = int(fixed.sum()) * (self.periods - 1) <= fe.count_of(self.group) / 5
            blocks.append(column * path if rich else column * self.time[:, None])
        return np.hstack(blocks)


def regression(data: Treated, rng: np.random.Generator | None = None) -> Att:
    """One start date: least squares with group and period effects and an effect for each treated period, averaged over the
    treated rows (Wooldridge 2021, equation 5.3; with two periods the usual interaction, with a balanced panel two-way fixed
    effects).

    Errors as in `fixed_effects`. With few clusters the interval is that of the wild bootstrap (given `rng`); with three or
    fewer treated or untreated ones whole clusters are compared instead.
    """
    import numpy as np

    d = data.on.astype("float64")
    late = [t for t in range(data.periods) if data.on[data.time == t].any()]
    share = {t: float(data.weights[data.on & (data.time == t)].sum()) for t in late}
    total = sum(share.values())
    # centred at their shares, so that the slope on d itself is the average over treated rows
    rest = [d * ((data.time == t) - share[t] / total) for t in late[1:]]
    columns = np.column_stack([d, *rest, data.covariates()])
    fitted = fe.fit(data.y, columns, (data.group, data.time), data.weights)
    att = _att(data, fitted)
    if data.cluster is None:
        return att
    return _few(data, att, columns, fitted, rng)


def two_way(data: Treated, rng: np.random.Generator | None = None) -> Att:
    """One slope on being treated, with group and period effects. With several start dates, or effects that grow or fade, it is
    an average of comparisons some of which count backwards (Goodman-Bacon 2021)."""
    import numpy as np

    columns = np.column_stack([data.on.astype("float64"), data.covariates()])
    fitted = fe.fit(data.y, columns, (data.group, data.time), data.weights)
    att = _att(data, fitted)
    if data.cluster is None:
        return att
    starts = data.start[data.start < data.periods]
    if (starts == starts[0]).all() and (data.on == (data.time >= data.start)).all():
        return _few(data, att, columns, fitted, rng)
    return att if rng is None or fe.count_of(data.cluster) >= FEW_CLUSTERS else _wild(data, att, columns, rng)


def _att(data: Treated, fitted: fe.Fitted) -> Att:
    import numpy as np

    if fitted.kept[:1] != (0,):
        raise np.linalg.LinAlgError("the effects determine who is treated when")
    w = data.weights * data.on
    mean = float(w @ data.y) / float(w.sum())
    influence = np.column_stack([fitted.influence(0), data.n * w * (data.y - mean) / w.sum()])
    dof = float(fitted.dof if data.cluster is None else fe.count_of(data.cluster) - 1)
    if fitted.dof < 1 or float(np.abs(fitted.residual).max()) < 1e-12 * float(np.abs(data.y).max() or 1.0):
        dof = 0.0
    return Att(float(fitted.beta[0]), mean, influence, data.cluster, fitted.factor(data.cluster), dof)


def arms_by_cluster(data: Treated) -> tuple[int, int, bool]:
    """(clusters that are treated at some time, others, whether any holds both ever-treated and never-treated groups)."""
    import numpy as np

    assert data.cluster is not None
    codes = np.unique(data.cluster, return_inverse=True)[1].ravel()
    ever = (data.start < data.periods) & (data.start > 0)
    treated = np.bincount(codes, weights=ever) > 0
    other = np.bincount(codes, weights=~ever) > 0
    return int(treated.sum()), int((other & ~treated).sum()), bool((treated & other).any())


def _few(data: Treated, att: Att, columns: Floats, fitted: fe.Fitted, rng: np.random.Generator | None) -> Att:
    assert data.cluster is not None
    if fe.count_of(data.cluster) >= FEW_CLUSTERS and min(arms_by_cluster(data)[:2]) > FEW_TREATED:
        return att
    treated, other, mixed = arms_by_cluster(data)
    if not mixed and min(treated, other) <= FEW_TREATED:
        return _whole_clusters(data, att, columns, fitted)
    if rng is None or fe.count_of(data.cluster) >= FEW_CLUSTERS:
        return att
    return _wild(data, att, columns, rng)


def _wild(data: Treated, att: Att, columns: Floats, rng: np.random.Generator) -> Att:
    """With the interval of the wild bootstrap; unbounded where no value can be rejected on a side."""
    import numpy as np

    assert data.cluster is not None
    dense = [columns[:, 1:], np.eye(data.periods)[data.time]]
    y, x = data.y, columns[:, 0]
    if fe.nested(data.group, data.cluster):
        inner = fe.Absorber((data.group,), data.weights).residual(np.column_stack([y, x, *dense]))
    else:
        if fe.count_of(data.group) > DENSE_EFFECTS:
            return att
        codes = np.unique(data.group, return_inverse=True)[1].ravel()
        inner = np.column_stack([y, x, *dense, np.eye(int(codes.max()) + 1)[codes]])
    found = wild_interval(inner[:, 0], inner[:, 1], inner[:, 2:], data.weights, data.cluster, rng)
    if found.low is None or found.high is None:
        return replace(att, dof=0.0)
    return replace(att, interval=Interval(found.low, found.high, found.p_value))


def _whole_clusters(data: Treated, att: Att, columns: Floats, fitted: fe.Fitted) -> Att:
    """The error from the change of every whole cluster, as two groups of clusters with one spread (Donald & Lang 2007): exact
    for shocks that are normal and alike in size, and valid for a single treated cluster, where clustered errors are not."""
    import numpy as np

    assert data.cluster is not None
    codes = np.unique(data.cluster, return_inverse=True)[1].ravel()
    slopes = np.zeros(columns.shape[1])
    slopes[list(fitted.kept)] = fitted.beta
    extra = columns.shape[1] - data.covariates().shape[1]
    slopes[:extra] = 0.0
    left = data.y - columns @ slopes
    never = data.start >= data.periods
    for t in range(data.periods):  # the usual path of the untreated
        now = data.time == t
        if (now & never).any():
            left[now] -= float(np.average(left[now & never], weights=data.weights[now & never]))
    after = data.time >= int(data.start.min())
    groups = int(codes.max()) + 1
    sums = [
        (np.bincount(codes[m], weights=(data.weights * left)[m], minlength=groups),
         np.bincount(codes[m], weights=data.weights[m], minlength=groups))
        for m in (after, ~after)
    ]  # fmt: skip
    both = (sums[0][1] > 0) & (sums[1][1] > 0)
    change = sums[0][0][both] / sums[0][1][both] - sums[1][0][both] / sums[1][1][both]
    treated = (np.bincount(codes, weights=~never, minlength=groups) > 0)[both]
    parts = [change[treated], change[~treated]]
    dof = sum(max(len(p) - 1, 0) for p in parts)
    if dof < 1 or min(len(p) for p in parts) < 1:
        return replace(att, dof=0.0)
    pooled = sum(float(((p - p.mean()) ** 2).sum()) for p in parts) / dof
    variance = pooled * sum(1 / len(p) for p in parts)
    own = float(att.covariance()[0, 0]) - att.extra
    return replace(att, extra=variance - own, dof=float(dof), notes=(*att.notes, "whole_clusters"))


def imputation(data: Treated) -> Att:
    """What the treated would have had is imputed from group and period effects of the untreated rows alone (Borusyak, Jaravel &
    Spiess 2024, theorem 1); the error is their theorem 3, with the effect of the treated centred by cohort and period.

    Treated rows whose group or period has no untreated row cannot be imputed and are left out.
    """
    import numpy as np

    can = np.bincount(data.group[~data.on], minlength=int(data.group.max()) + 1) > 0
    may = np.bincount(data.time[~data.on], minlength=data.periods) > 0
    data = data.take(np.asarray(~data.on | (can[data.group] & may[data.time])))
    if not data.on.any():
        raise np.linalg.LinAlgError("no treated row can be imputed")
    group = np.unique(data.group, return_inverse=True)[1].ravel()
    groups, off, on, w = int(group.max()) + 1, ~data.on, data.on, data.weights
    x = data.covariates()
    x = x - x.mean(axis=0) if x.shape[1] else x
    z = np.column_stack([np.eye(data.periods)[data.time], x])
    total = np.bincount(group[off], weights=w[off], minlength=groups)
    safe_total = np.where(total > 0, total, 1.0)

    def means(columns: Floats) -> Floats:
        sums = [np.bincount(group[off], weights=w[off] * c[off], minlength=groups) for c in columns.T]
        return np.column_stack(sums) / safe_total[:, None]

    z_mean = means(z)
    inner = (z - z_mean[group])[off]
    schur = (inner * w[off, None]).T @ inner
    inverse = np.linalg.pinv(schur, rcond=1e-10, hermitian=True)
    y_mean = means(data.y[:, None])[:, 0]
    slopes = inverse @ (inner.T @ (w[off] * (data.y - y_mean[group])[off]))
    fitted = (y_mean - z_mean @ slopes)[group] + z @ slopes
    tau = data.y - fitted
    share = w[on] / w[on].sum()
    value, mean = float(share @ tau[on]), float(share @ data.y[on])
    # weights v of every row in the estimate: those of the untreated solve X0'v0 = −X1'w1
    need_group = np.bincount(group[on], weights=share, minlength=groups)
    need = share @ z[on] - need_group @ z_mean
    a = inverse @ need
    a_group = need_group / safe_total - z_mean @ a
    v = np.where(on, 0.0, -w * (a_group[group] + z @ a))
    v[on] = share
    left = tau.copy()
    centre, stretch = _centres(data, tau)
    left[on] = ((tau - centre) * stretch)[on]
    influence = np.column_stack([data.n * v * left, np.where(on, data.n * w / w[on].sum() * (data.y - mean), 0.0)])
    clusters = data.n if data.cluster is None else fe.count_of(data.cluster)
    dof = float(clusters - 1 if data.cluster is not None else data.n - groups - z.shape[1])
    return Att(value, mean, influence, data.cluster, clusters / max(clusters - 1, 1), dof)


def _centres(data: Treated, tau: Floats) -> tuple[Floats, Floats]:
    """(average effect, √(m/(m − 1))) of the m treated rows of the same cohort and period; of the same time since treatment, or of
    all, where the cohort has fewer than three rows then (their section 4.3: cells too small would hide the spread)."""
    import numpy as np

    on, w = data.on, data.weights
    rows = int(on.sum())
    out = np.full(data.n, float(np.average(tau[on], weights=w[on])))
    stretch = np.full(data.n, np.sqrt(rows / max(rows - 1, 1)))
    event = data.time - data.start
    for codes in (event + data.periods, data.start * (data.periods + 1) + data.time):
        codes = np.where(on, codes, 0)
        size = np.bincount(codes[on], minlength=int(codes.max()) + 1)
        sums = np.bincount(codes[on], weights=(w * tau)[on], minlength=len(size))
        totals = np.bincount(codes[on], weights=w[on], minlength=len(size))
        centre = np.divide(sums, totals, out=np.zeros(len(size)), where=totals > 0)
        enough = on & (size[codes] >= 3)
        out[enough] = centre[codes][enough]
        stretch[enough] = np.sqrt(size / np.maximum(size - 1, 1))[codes][enough]
    return out, stretch


def unadjusted(data: Treated) -> Att:
    """The plain gap between treated and untreated groups after the first start, with no regard to the time before."""
    import numpy as np

    after = data.take(data.time >= int(data.start.min()))
    arm = np.where(after.on, 1, 0)
    w = after.weights
    means = [float(np.average(after.y[arm == a], weights=w[arm == a])) for a in (0, 1)]
    influence = np.zeros((after.n, 2))
    for a, sign in ((1, 1.0), (0, -1.0)):
        rows = arm == a
        influence[rows, 0] = sign * after.n * w[rows] * (after.y[rows] - means[a]) / w[rows].sum()
        influence[rows, 1] = influence[rows, 0] if a else 0.0
    groups = after.n if after.cluster is None else fe.count_of(after.cluster)
    return Att(
        means[1] - means[0],
        means[1],
        influence,
        after.cluster,
        groups / max(groups - 1, 1),
        float(math.floor(groups - 1)),
    )
