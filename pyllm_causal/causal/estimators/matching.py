"""Matching: compare every person with the most similar people of the other group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import glm
from ..inference import Fit
from ..propensity import standardised
from ..sample import Sample
from . import estimator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MATCHES = 4
MOST_ROWS = 12_000


def _fits(sample: Sample) -> bool:
    if sample.kind != "arms" or sample.k == 0 or sample.cluster is not None or sample.weighted:
        return False
    sizes = [int((sample.arm == a).sum()) for a in (0, 1)]
    return min(sizes) > max(MATCHES + 1, 2 * sample.k) and sample.n <= MOST_ROWS


@estimator("matching", "matching with the most similar people", _fits, refits=20, resamples=False)
def matching(sample: Sample) -> Fit:
    """Nearest neighbours on scaled covariates, four each with replacement, bias-corrected by regression
    (Abadie & Imbens 2011, equation 4), with their standard errors (Abadie & Imbens 2006, theorems 6 and 7).

    The naive bootstrap is invalid here (Abadie & Imbens 2008) and not offered. Assumes no unmeasured shared cause and overlap.
    """
    import numpy as np

    z = standardised(sample.x)
    design = glm.with_intercept(z)
    wanted = sample.wanted()
    count = int(wanted.sum())
    imputed = np.zeros((sample.n, 2))
    used = np.zeros(sample.n)  # how much weight each row carries as somebody's match
    squares = np.zeros(sample.n)
    for column, arm in ((0, 1), (1, 0)):
        own = np.flatnonzero(sample.arm == arm)
        imputed[own, column] = sample.y[own]
        seekers = np.flatnonzero(wanted & (sample.arm != arm))
        if not len(seekers):
            continue
        near = own[_nearest(z[own], z[seekers], MATCHES)]
        model = glm.fit(design[own], sample.y[own], np.ones(len(own)), "linear", ridge=1e-6)
        predicted = model.mean(design)
        imputed[seekers, column] = (sample.y[near] + predicted[seekers][:, None] - predicted[near]).mean(axis=1)
        np.add.at(used, near.ravel(), 1.0 / MATCHES)
        np.add.at(squares, near.ravel(), 1.0 / MATCHES**2)
    effects = imputed[wanted, 0] - imputed[wanted, 1]
    mean1, mean0 = float(imputed[wanted, 0].mean()), float(imputed[wanted, 1].mean())
    noise = np.zeros(sample.n)
    for arm in np.unique(sample.arm):
        own = np.flatnonzero(sample.arm == arm)
        if len(own) < 3:
            continue
        near = own[_nearest(z[own], z[own], 3)]
        near = np.where(near[:, :1] == own[:, None], near[:, 1:3], near[:, :2])
        noise[own] = (2 / 3) * (sample.y[own] - sample.y[near].mean(axis=1)) ** 2
    factor = (wanted & (sample.arm >= 0)).astype("float64") + used
    if sample.target == "everyone":
        variance = float(((effects - effects.mean()) ** 2).sum()) + float(
            (noise * (used**2 + 2 * used - squares)).sum()
        )
    else:
        variance = float(((effects - effects.mean()) ** 2).sum()) + float((noise * (used**2 - squares)).sum())
    variance = max(variance, float((noise * factor**2).sum())) / count**2
    # the two means share matches; only their difference has a known variance, so it is put on the diagonal in halves
    covariance = np.diag([variance / 2, variance / 2])
    return Fit(mean1, mean0, covariance=covariance, dof=float(sample.n - 2 * (sample.k + 1)))


def _nearest(pool: Floats, seekers: Floats, count: int) -> Ints:
    """(m, count) positions in `pool` of the nearest rows; ties by position, so results repeat."""
    import numpy as np

    out = np.zeros((len(seekers), count), dtype="int64")
    norms = (pool**2).sum(axis=1)
    for start in range(0, len(seekers), 512):
        block = seekers[start : start + 512]
        distance = norms[None, :] - 2 * block @ pool.T
        if count < pool.shape[0]:
            part = np.argpartition(distance, count - 1, axis=1)[:, :count]
        else:
            part = np.tile(np.arange(pool.shape[0]), (len(block), 1))[:, :count]
        part.sort(axis=1)
        order = np.argsort(np.take_along_axis(distance, part, axis=1), axis=1, kind="stable")
        out[start : start + 512] = np.take_along_axis(part, order, axis=1)
    return out
