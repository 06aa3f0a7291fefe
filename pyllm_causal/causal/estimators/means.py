"""The plain difference between the arms: right when the arms were assigned at random."""

from __future__ import annotations

from ..inference import Fit
from ..sample import Sample
from . import estimator


@estimator("difference_in_means", "plain comparison of the groups", lambda s: s.kind == "arms" and s.k == 0)
def difference_in_means(sample: Sample) -> Fit:
    """Difference of weighted arm means, unequal variances (Neyman 1923; HC2, Samii & Aronow 2012, equation 3).

    Estimand: E[Y(1)] − E[Y(0)] under random assignment. Welch–Satterthwaite degrees of freedom.
    """
    import numpy as np

    means, influence, parts = [], np.zeros((sample.n, 2)), []
    for column, arm in ((0, 1), (1, 0)):
        rows = sample.arm == arm
        w = sample.weights[rows]
        mean = float(np.average(sample.y[rows], weights=w))
        m = int(rows.sum())
        scaled = w * (sample.y[rows] - mean) * sample.n / w.sum() * np.sqrt(m / max(m - 1, 1))
        influence[rows, column] = scaled
        means.append(mean)
        parts.append((float(scaled @ scaled), m))
    total = sum(v for v, _ in parts)
    smallest = min(m for _, m in parts)
    if total > 0 and smallest > 1:
        dof = total**2 / sum(v**2 / (m - 1) for v, m in parts)
    else:
        dof = float(smallest - 1)
    return Fit(means[0], means[1], influence=influence, dof=dof)


def _within_strata(sample: Sample) -> bool:
    """Random within strata, both arms in each (two rows an arm in most), and nothing else to adjust for."""
    import numpy as np

    if sample.kind != "arms" or not sample.randomised or sample.strata is None or (sample.arm < 0).any():
        return False
    size = int(sample.strata.max()) + 1
    held = np.bincount(sample.strata, minlength=size) > 0
    fewest = [np.bincount(sample.strata[sample.arm == a], minlength=size)[held].min() for a in (0, 1)]
    first = np.array([np.flatnonzero(sample.strata == s)[0] if held[s] else 0 for s in range(size)])
    pairs = [np.bincount(sample.strata[sample.arm == a], minlength=size)[held] >= 2 for a in (0, 1)]
    enough = min(fewest) >= 1 and float(np.mean(pairs[0] & pairs[1])) >= 0.5
    return bool(enough and np.array_equal(sample.x, sample.x[first][sample.strata]))


@estimator("post_stratified", "comparison within strata, averaged over them", _within_strata)
def post_stratified(sample: Sample) -> Fit:
    """Differences within strata, averaged by their share of the rows (Miratrix, Sekhon & Yu 2013, equation 4).

    Estimand: E[Y(1)] − E[Y(0)] over all strata, also where shares treated and effects differ between them.
    """
    import numpy as np

    assert sample.strata is not None
    size = int(sample.strata.max()) + 1
    total = np.bincount(sample.strata, weights=sample.weights, minlength=size)
    for arm in (0, 1):  # in a resample a stratum can lose an arm: it then has nothing to compare
        total = np.where(np.bincount(sample.strata[sample.arm == arm], minlength=size) > 0, total, 0.0)
    means, influence = [], np.zeros((sample.n, 2))
    for column, arm in ((0, 1), (1, 0)):
        rows = sample.arm == arm
        s = sample.strata[rows]
        weight = np.bincount(s, weights=sample.weights[rows], minlength=size)
        rows_in = np.bincount(s, minlength=size)
        safe_weight = np.where(weight > 0, weight, 1.0)
        inside = np.bincount(s, weights=(sample.weights * sample.y)[rows], minlength=size) / safe_weight
        mean = float(total @ inside / total.sum())
        influence[:, column] = sample.weights * (inside[sample.strata] - mean)
        scale = np.sqrt(rows_in / np.maximum(rows_in - 1, 1)) * total / safe_weight
        residual = sample.y[rows] - inside[s]
        # a row alone in its stratum has no spread of its own: it gets that of the others
        alone = rows_in[s] == 1
        pooled = float(np.sqrt(np.sum(residual[~alone] ** 2) / max(np.sum(np.maximum(rows_in - 1, 0)), 1)))
        influence[rows, column] += sample.weights[rows] * np.where(alone, pooled, residual) * scale[s]
        means.append(mean)
    return Fit(means[0], means[1], influence=influence, dof=float(sample.n - 2 * int((total > 0).sum())))
