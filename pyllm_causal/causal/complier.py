"""Compliers: those whose treatment the instrument changed. Who they are, their two average outcomes, and what would show
that the instrument does more than change the treatment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import glm
from .inference import Fit
from .kclass import Fixed, Partialled, partial, reduced
from .propensity import standardised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

APART = 0.02  # chance of either value of the instrument under which weighting leans on a few rows
BINS = 5


@dataclass(frozen=True)
class Shares:
    """Of 1: those whom the instrument moves, those treated either way, those treated neither way (Angrist, Imbens & Rubin
    1996). The first is the first-stage difference given what is held fixed."""

    compliers: float
    always: float
    never: float


def shares(p: Partialled, d: Floats, z: Floats, weights: Floats) -> Shares:
    """For d (n,) 0/1 and one instrument z (n,) with two values."""
    import numpy as np

    moved = reduced(p)[1].value * float(np.ptp(z))
    high = z == z.max()
    less, more = (high, ~high) if moved < 0 else (~high, high)
    always = float(np.average(d[less], weights=weights[less]))
    never = 1.0 - float(np.average(d[more], weights=weights[more]))
    return Shares(abs(moved), always, never)


def means(y: Floats, d: Floats, z: Floats, held: Fixed) -> Fit:
    """The compliers' average outcome with and without the treatment (Abadie 2003, theorem 3.1, equations for κ1 and κ0).

    d (n,) 0/1, z (n, 1) with two values. By linear covariates: the mean under treatment is the two-stage slope of y·d on d,
    that without it the slope of y·(1−d) on 1−d. Their difference is the two-stage estimate itself.
    """
    import numpy as np

    one, zero = partial(y * d, d, z, held), partial(y * (1 - d), 1 - d, z, held)
    fits, scores = [], []
    for p in (one, zero):
        lead = p.z[:, 0]
        moment = float(lead @ p.d)
        value = float(lead @ p.y) / moment
        fits.append(value)
        scores.append(lead * (p.y - value * p.d) / moment)
    covariance = one.meat(np.column_stack(scores), 1)
    return Fit(fits[0], fits[1], covariance=covariance, dof=one.critical_dof(1))


def weighted_wald(y: Floats, d: Floats, z: Floats, x: Floats, weights: Floats, binary: bool) -> Fit | None:
    """The effect on compliers by weighting with the chance of the instrument given covariates (Tan 2006, section 3; Frölich
    2007): difference of weighted means of y over that of d. No straight line is assumed for the outcome.

    d (n,), z (n,) 0/1, x (n, k). With d 0/1 (`binary`) the two means are the compliers' own, else (effect, 0). The influence
    accounts for the chance being estimated (its scores are projected out). None where some chance is nearly 0 or 1, or the
    instrument moves nothing.
    """
    import numpy as np

    design = glm.with_intercept(standardised(x))
    chance = glm.fit(design, z, weights, "logistic").mean(design)
    if min(float(chance.min()), 1 - float(chance.max())) < APART:
        return None
    up, down = weights * z / chance, weights * (1 - z) / (1 - chance)
    up, down = up / up.mean(), down / down.mean()

    def gap(v: Floats) -> tuple[float, Floats]:
        first, second = float((up * v).mean()), float((down * v).mean())
        return first - second, np.asarray(up * (v - first) - down * (v - second))

    moved, _ = gap(d)
    if abs(moved) < 1e-8:
        return None
    pairs = ((y * d, d), (y * (1 - d), 1 - d)) if binary else ((y, d),)
    values, columns = [], []
    for target, on in pairs:
        size = gap(on)[0]
        value = gap(target)[0] / size
        values.append(value)
        columns.append(gap(target - value * on)[1] / size)
    influence = np.column_stack([*columns, *([] if binary else [np.zeros(len(y))])])
    score = design * (weights * (z - chance))[:, None]
    influence = influence - score @ np.linalg.lstsq(score, influence, rcond=1e-10)[0]
    return Fit(values[0], values[1] if binary else 0.0, influence=influence)


@dataclass(frozen=True)
class Signs:
    """Smallest of several statistics that a valid instrument makes positive (up to chance), and how many there are."""

    smallest: float
    tested: int


def signs(y: Floats, d: Floats, z: Floats, held: Fixed) -> Signs:
    """What a valid instrument that nobody defies implies for the table (Kitagawa 2015, proposition 1.1; Huber & Mellace
    2015): in every range of the outcome the instrument brings more treated rows in and takes untreated rows out.

    d (n,) 0/1, z (n, 1) 0/1. Every range (each value, or fifths of the outcome) gives two t statistics.
    """
    import numpy as np

    values = np.unique(y)
    if len(values) <= BINS:
        bins = [y == v for v in values]
    else:
        cuts = np.unique(np.quantile(y, np.linspace(0, 1, BINS + 1)[1:-1]))
        bin_of = np.searchsorted(cuts, y, side="right")
        bins = [bin_of == b for b in range(len(cuts) + 1)]
    turn = math.copysign(1.0, reduced(partial(y, d, z, held))[1].value)
    found = []
    for inside in bins:
        for own, side in ((d, 1.0), (1 - d, -1.0)):
            cell = inside * own
            if np.ptp(cell) == 0:
                continue
            line = reduced(partial(cell, d, z, held))[0]
            if line.error > 0:
                found.append(turn * side * line.value / line.error)
    return Signs(min(found, default=0.0), len(found))
