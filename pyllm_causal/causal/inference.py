"""From two potential-outcome means and their covariance to an effect with an interval, on any scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import Effect
from ..query import Scale
from .sample import Sample
from .score_interval import score_upper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """What an estimator returns: mean outcome under treatment and under control for the people asked about.

    influence: (n, 2), mean zero, so that covariance = influence' influence / n² (by clusters where there are any);
    or `covariance` (2, 2) directly, where the influence function is not smooth (matching).
    """

    treated: float
    control: float
    influence: Floats | None = None
    covariance: Floats | None = None
    dof: float = math.inf
    notes: tuple[str, ...] = ()


def covariance(fit: Fit, sample: Sample) -> tuple[Floats, float]:
    """Covariance (2, 2) of the two means, and degrees of freedom.

    Clustered: sums of influence by cluster, factor G/(G−1), t with G−1 (Liang & Zeger 1986; Cameron & Miller 2015).
    """
    import numpy as np

    if fit.covariance is not None:
        return fit.covariance, fit.dof
    assert fit.influence is not None
    if sample.cluster is None:
        matrix = fit.influence.T @ fit.influence / sample.n**2
        return _floored(matrix, sample), fit.dof
    groups = int(sample.cluster.max()) + 1
    sums = np.column_stack([np.bincount(sample.cluster, weights=fit.influence[:, j], minlength=groups) for j in (0, 1)])
    matrix = sums.T @ sums / sample.n**2 * groups / max(groups - 1, 1)
    return matrix, float(min(fit.dof, groups - 1))


def _floored(matrix: Floats, sample: Sample) -> Floats:
    """With under five events (or non-events) in an arm the sample variance is too small, or zero.

    The floor is Agresti & Caffo's (2000): the variance after adding one event and one non-event.
    """
    import numpy as np

    if sample.outcome_kind != "yes_no" or sample.kind != "arms" or sample.weighted:
        return matrix
    matrix = matrix.copy()
    for j, arm in ((0, 1), (1, 0)):
        y = sample.y[sample.arm == arm]
        events = float(y.sum())
        if len(y) and min(events, len(y) - events) < 5:
            p = (events + 1) / (len(y) + 2)
            matrix[j, j] = max(matrix[j, j], p * (1 - p) / (len(y) + 2))
    return np.asarray(matrix)


def effect_of(fit: Fit, sample: Sample, scale: Scale, unit: str = "", level: float = 0.95) -> Effect | None:
    """The effect on `scale` by the delta method; None where the scale is undefined (a mean of zero under a ratio).

    No event among the treated, in an experiment compared as it is, has a ratio: 0, with the upper limit of a score interval.

    `std_error` is on the log scale for ratio, rate ratio, percent and odds ratio.
    """
    import numpy as np
    from scipy import stats

    if scale != "difference" and eventless(sample, scale):
        return _from_nothing(sample, scale, level)
    matrix, dof = covariance(fit, sample)
    m1, m0 = fit.treated, fit.control
    if scale == "difference":
        estimate, gradient = m1 - m0, np.array([1.0, -1.0])
    elif scale == "odds_ratio":
        if not (0 < m1 < 1 and 0 < m0 < 1):
            return None
        estimate = math.log(m1 / (1 - m1)) - math.log(m0 / (1 - m0))
        gradient = np.array([1 / (m1 * (1 - m1)), -1 / (m0 * (1 - m0))])
    else:
        if m1 <= 0 or m0 <= 0:
            return None
        estimate, gradient = math.log(m1 / m0), np.array([1 / m1, -1 / m0])
    error = math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    if dof < 1 or not math.isfinite(error) or error == 0:
        value = _back(estimate, scale)
        return Effect(
            value=value, low=None, high=None, level=level, scale=scale, unit=unit, unbounded=True,
            reason=(
                "every row of a group has the same outcome, so chance cannot be judged"
                if error == 0
                else "too few rows to say how far chance could have moved it"
            ),
        )  # fmt: skip
    spread = stats.t if math.isfinite(dof) else stats.norm
    arguments = (dof,) if math.isfinite(dof) else ()
    most = 1.0 if scale == "difference" and sample.outcome_kind == "yes_no" and sample.kind == "arms" else math.inf
    half = float(spread.ppf(0.5 + level / 2, *arguments)) * error
    return Effect(
        value=_back(estimate, scale),
        low=max(_back(estimate - half, scale), -most),
        high=min(_back(estimate + half, scale), most),
        level=level,
        scale=scale,
        unit=unit,
        std_error=error,
        p_value=float(2 * spread.sf(abs(estimate) / error, *arguments)),
    )


def _from_nothing(sample: Sample, scale: Scale, level: float) -> Effect | None:
    """The ratio 0 where the treated had no event: without covariates, weights or clusters, and where the others had some."""
    treated, control = (sample.y[sample.arm == a] for a in (1, 0))
    plain = (
        sample.k == 0 and sample.randomised and not sample.weighted and sample.cluster is None and sample.strata is None
    )
    count0, rows0 = int(control.sum()), len(control)
    if not plain or sample.outcome_kind != "yes_no" or treated.any() or not 0 < count0 < rows0:
        return None
    high = score_upper((0, count0), (len(treated), rows0), odds=scale == "odds_ratio", level=level)
    low, high = (-100.0, 100 * (high - 1)) if scale == "percent" else (0.0, high)
    return Effect(value=low, low=low, high=high, level=level, scale=scale, unit="%" if scale == "percent" else "")


def one_sided(sample: Sample) -> bool:
    """Whether a group had no event, or events only: no model of a chance can be fitted to it."""
    if sample.kind != "arms" or sample.outcome_kind != "yes_no":
        return False
    return any(len(set(sample.y[sample.arm == a].tolist())) == 1 for a in (1, 0))


def eventless(sample: Sample, scale: Scale) -> bool:
    """Whether a group has no event at all (for odds: or events only): a model then gives a tiny mean, and a ratio of
    millions that the data do not hold."""
    import numpy as np

    if sample.kind != "arms":
        return False
    groups = [sample.y[sample.arm == a] for a in (1, 0)]
    return any(not np.any(y) or (scale == "odds_ratio" and bool(np.all(y == 1))) for y in groups)


def _back(estimate: float, scale: Scale) -> float:
    if scale == "difference":
        return estimate
    ratio = math.exp(min(estimate, 700.0))
    return 100 * (ratio - 1) if scale == "percent" else ratio


def on_line(fit: Fit, scale: Scale) -> float:
    """The estimate on the scale where sampling is symmetric: the difference itself, or the log ratio. NaN if undefined."""
    m1, m0 = fit.treated, fit.control
    if scale == "difference":
        return m1 - m0
    if scale == "odds_ratio":
        return math.log(m1 / (1 - m1) / (m0 / (1 - m0))) if 0 < m1 < 1 and 0 < m0 < 1 else math.nan
    return math.log(m1 / m0) if m1 > 0 and m0 > 0 else math.nan
