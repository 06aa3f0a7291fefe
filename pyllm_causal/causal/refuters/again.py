"""The headline once more on changed rows or columns: by its own method, or moved as a straight-line model moves."""

from __future__ import annotations

import math
from dataclasses import replace

from ..estimators.means import difference_in_means
from ..estimators.regression import regression
from ..gap import gradient
from ..inference import Fit, covariance, on_line
from ..sample import Sample
from . import Trial

QUICK = ("difference_in_means", "post_stratified", "regression", "weighting")  # milliseconds on a thousand rows


def first(trial: Trial) -> Fit:
    """The headline's fit of this very sample."""
    return trial.estimates.single or trial.estimates.fit


def quick(trial: Trial) -> bool:
    """Whether the headline's own method can be repeated once a column without anybody waiting."""
    return trial.estimates.estimator.name in QUICK


def again(trial: Trial, sample: Sample) -> tuple[float, float]:
    """(estimate, standard error) on the line scale for another sample; NaN where they cannot be had.

    A flexible method or matching is not run again: the headline is moved by as much as regression on straight lines moves.
    """
    if quick(trial):
        return _run(trial, sample)
    (before, _), (after, error) = _straight(trial, trial.sample), _straight(trial, sample)
    return trial.value + after - before, max(error, trial.error)


def _run(trial: Trial, sample: Sample) -> tuple[float, float]:
    import numpy as np

    method = trial.estimates.estimator
    if not method.fits(sample) and sample.k == 0:
        return _straight(trial, sample)
    try:
        return _told(trial, method.function(sample), sample)
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return math.nan, math.nan


def _straight(trial: Trial, sample: Sample) -> tuple[float, float]:
    import numpy as np

    method = difference_in_means if sample.kind == "arms" and sample.k == 0 else regression
    try:
        return _told(trial, method(sample), sample)
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return math.nan, math.nan


def _told(trial: Trial, fit: Fit, sample: Sample) -> tuple[float, float]:
    slope = gradient(fit, trial.scale)
    matrix, _ = covariance(fit, sample)
    return on_line(fit, trial.scale), math.sqrt(max(float(slope @ matrix @ slope), 0.0))


def without(sample: Sample, groups: tuple[str, ...] | set[str]) -> Sample:
    """The sample without the columns that come from these columns of the table."""
    import numpy as np

    keep = np.array([g not in groups for g in sample.x_groups], dtype=bool)
    return replace(
        sample,
        x=sample.x[:, keep],
        x_names=tuple(n for n, k in zip(sample.x_names, keep, strict=True) if k),
        x_groups=tuple(g for g, k in zip(sample.x_groups, keep, strict=True) if k),
    )
