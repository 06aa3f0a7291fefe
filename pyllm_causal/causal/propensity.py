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
    return (x - x.mean(axis=0)) / spread  # type: ignore[no-any-return]


def propensity(sample: Sample, ridge: float = 0.0) -> tuple[Floats, Floats]:
    """(e1, e0), each (n,): logistic probability of the treated and the control arm, unclipped.

    With only two arms e0 = 1 − e1; with more, one model an arm against the rest.
    """
    design = glm.with_intercept(standardised(sample.x))
    chances = [model.mean(design) for model in models(sample, design, ridge)]
    return chances[0], chances[1] if len(chances) > 1 else 1.0 - chances[0]


def models(sample: Sample, design: Floats, ridge: float = 0.0) -> list[glm.Glm]:
    """The logistic models behind `propensity`: of the treated arm, and of the control arm where there are other arms."""
    arms = (1,) if (sample.arm >= 0).all() else (1, 0)
    return [glm.fit(design, (sample.arm == a).astype("float64"), sample.weights, "logistic", ridge) for a in arms]


def tilt(sample: Sample, e1: Floats, e0: Floats) -> tuple[Floats, Floats]:
    """(h, d): weight function and indicator of the target (Li, Morgan & Zaslavsky 2018, table 1): h = E[d | x]."""
    import numpy as np

    if sample.target == "treated":
        return e1, (sample.arm == 1).astype("float64")
    if sample.target == "untreated":
        return e0, (sample.arm == 0).astype("float64")
    ones = np.ones(sample.n)
    return ones, ones
