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
