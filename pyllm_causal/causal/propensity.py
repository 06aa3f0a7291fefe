"""The probability of each arm given the covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import glm
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLIP = 0.01  # weights above 100 are cut: a person like that has no usable counterpart


def standardised(x: Floats) -> Floats:
    """Columns with mean 0 and spread 1; constant columns become 0."""
    if not x.shape[1]:
        return x
    spread = x.std(axis=0)
    spread[spread == 0] = 1.0
    return (x - x.mean(axis=0)) / spread


def propensity(sample: Sample, ridge: float = 0.0) -> tuple[Floats, Floats]:
    """(e1, e0), each (n,): logistic probability of the treated and the control arm, unclipped.

    With only two arms e0 = 1 − e1; with more, one model an arm against the rest.
    """
    design = glm.with_intercept(standardised(sample.x))
    treated = (sample.arm == 1).astype("float64")
    e1 = glm.fit(design, treated, sample.weights, "logistic", ridge).mean(design)
    if (sample.arm >= 0).all():
        return e1, 1.0 - e1
    control = (sample.arm == 0).astype("float64")
    return e1, glm.fit(design, control, sample.weights, "logistic", ridge).mean(design)


def tilt(sample: Sample, e1: Floats, e0: Floats) -> tuple[Floats, Floats]:
    """(h, d): weight function and indicator of the target (Li, Morgan & Zaslavsky 2018, table 1): h = E[d | x]."""
    import numpy as np

    if sample.target == "treated":
        return e1, (sample.arm == 1).astype("float64")
    if sample.target == "untreated":
        return e0, (sample.arm == 0).astype("float64")
    ones = np.ones(sample.n)
    return ones, ones
