"""From two means and their covariance to the effect with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...causal.inference import Fit, covariance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...causal.sample import Sample

    Floats = NDArray[np.float64]

Effect = dict[str, Any]


def from_fit(fit: Fit, sample: Sample, recipe: dict[str, Any]) -> Effect:
    """The effect of a fit on the scale asked for; a difference of chances is at most one."""
    matrix, dof = covariance(fit, sample)
    chances = sample.outcome_kind == "yes_no" and sample.kind == "arms"
    return from_means(fit.treated, fit.control, matrix, dof, recipe["scale"], recipe["level"], chances)


def from_means(
    treated: float, control: float, matrix: Floats, dof: float, scale: str, level: float, chances: bool = False
) -> Effect:
    """The delta method (Wasserman 2004, theorem 9.28): differences as they are, ratios on the log scale."""
    import numpy as np

    if scale == "difference":
        estimate, gradient = treated - control, np.array([1.0, -1.0])
    elif scale == "odds_ratio":
        estimate = math.log(treated / (1 - treated)) - math.log(control / (1 - control))
        gradient = np.array([1 / (treated * (1 - treated)), -1 / (control * (1 - control))])
    else:
        estimate, gradient = math.log(treated / control), np.array([1 / treated, -1 / control])
    error = math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    most = 1.0 if chances and scale == "difference" else math.inf
    return around(estimate, error, dof, scale, level, most)


def around(estimate: float, error: float, dof: float, scale: str, level: float, most: float = math.inf) -> Effect:
    """A t interval (normal without degrees of freedom) around an estimate, put back on its scale."""
    from scipy import stats

    tail = 0.5 + level / 2
    half = float(stats.t.ppf(tail, dof) if math.isfinite(dof) else stats.norm.ppf(tail)) * error
    return {
        "value": back(estimate, scale),
        "low": max(back(estimate - half, scale), -most),
        "high": min(back(estimate + half, scale), most),
    }


def back(estimate: float, scale: str) -> float:
    """From the log scale to the ratio, or to a percentage change."""
    if scale == "difference":
        return estimate
    ratio = math.exp(max(min(estimate, 700.0), -700.0))
    return 100 * (ratio - 1) if scale == "percent" else ratio
