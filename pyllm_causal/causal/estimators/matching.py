"""Matching: compare every person with the most similar people of the other group."""

from __future__ import annotations

from collections.abc import Iterator
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
MOST_ROWS = 8_000  # two seconds


def _fits(sample: Sample) -> bool:
    if sample.kind != "arms" or sample.k == 0 or sample.cluster is not None or sample.weighted:
        return False
    sizes = [int((sample.arm == a).sum()) for a in (0, 1)]
    return min(sizes) > max(MATCHES + 1, 2 * sample.k) and sample.n <= MOST_ROWS


@estimator("matching", "matching with the most similar people", _fits, refits=20, resamples=False)
def matching(sample: Sample) -> Fit:
    """Nearest neighbours on scaled covariates, four each with replacement and with all ties, bias-corrected by regression
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
        model = glm.fit(design[own], sample.y[own], np.ones(len(own)), "linear", ridge=1e-6)
        predicted = model.mean(design)
        gap = sample.y[own] - predicted[own]
        total = np.zeros(len(seekers))
        for i, j, share in _shares(z[own], z[seekers], MATCHES):
            total += np.bincount(i, weights=share * gap[j], minlength=len(seekers))
            used[own] += np.bincount(j, weights=share, minlength=len(own))
            squares[own] += np.bincount(j, weights=share**2, minlength=len(own))
        imputed[seekers, column] = predicted[seekers] + total
    effects = imputed[wanted, 0] - imputed[wanted, 1]
    mean1, mean0 = float(imputed[wanted, 0].mean()), float(imputed[wanted, 1].mean())
    noise = np.zeros(sample.n)
    for arm in np.unique(sample.arm):
        own = np.flatnonzero(sample.arm == arm)
        if len(own) < 3:
            continue
        mean, neighbours = np.zeros(len(own)), np.zeros(len(own))
        for i, j, share in _shares(z[own], z[own], 2, alone=True):
            mean += np.bincount(i, weights=share * sample.y[own][j], minlength=len(own))
            neighbours += np.bincount(i, minlength=len(own))
        noise[own] = neighbours / (neighbours + 1) * (sample.y[own] - mean) ** 2
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


def _shares(pool: Floats, seekers: Floats, count: int, alone: bool = False) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Blocks of (seeker, row of the pool, share): the nearest `count` rows of the pool share each seeker equally.

    Rows at the same distance as the last of them all count, so that the order of the table cannot matter. `alone`: pool
    and seekers are the same rows, and no row is its own neighbour.
    """
    import numpy as np

    norms = (pool**2).sum(axis=1)
    tolerance = 1e-9 * (1.0 + float(norms.max()))
    for start in range(0, len(seekers), 512):
        block = seekers[start : start + 512]
        distance = norms[None, :] - 2 * block @ pool.T
        if alone:
            position = np.arange(len(block))
            distance[position, start + position] = np.inf
        last = np.partition(distance, count - 1, axis=1)[:, count - 1]
        i, j = np.nonzero(distance <= last[:, None] + tolerance)
        yield start + i, j, 1.0 / np.bincount(i)[i]
