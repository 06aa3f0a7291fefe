"""The average effect on the treated as every estimator of a difference-in-differences returns it, and its intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Effect
from ..query import Scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """An interval that does not come from the standard error: that of the wild bootstrap."""

    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Att:
    """value: effect on the treated, in outcome units; mean: what the treated had on average while treated.

    influence: (m, 2) of value and mean, so that covariance = factor · Σ (sums by cluster)² / m². m are rows or units.
    extra: variance of the value that the influence function misses (a cohort of one or two units).
    """

    value: float
    mean: float
    influence: Floats
    cluster: Ints | None
    factor: float
    dof: float
    extra: float = 0.0
    interval: Interval | None = None
    notes: tuple[str, ...] = ()

    def covariance(self) -> Floats:
        """(2, 2) of value and mean."""
        import numpy as np

        m = len(self.influence)
        sums = self.influence
        if self.cluster is not None:
            codes = np.unique(self.cluster, return_inverse=True)[1].ravel()
            sums = np.column_stack([np.bincount(codes, weights=c) for c in self.influence.T])
        matrix = self.factor * sums.T @ sums / m**2
        matrix[0, 0] += self.extra
        return np.asarray(matrix)

    @property
    def error(self) -> float:
        return math.sqrt(max(float(self.covariance()[0, 0]), 0.0))

    def times(self, sign: int) -> Att:
        """The effect of the opposite change, for sign −1: from what the treated had to what they would have had."""
        import numpy as np

        if sign > 0:
            return self
        turned = np.column_stack([-self.influence[:, 0], self.influence[:, 1] - self.influence[:, 0]])
        mine = self.interval
        if mine is not None:
            mine = replace(mine, low=-mine.high, high=-mine.low)
        return replace(self, value=-self.value, mean=self.mean - self.value, influence=turned, interval=mine)

    @property
    def means(self) -> tuple[float, float]:
        """The average of the treated with the treatment, and what it would have been without."""
        return self.mean, self.mean - self.value


def effect_on(att: Att, scale: Scale, unit: str, level: float = 0.95) -> Effect | None:
    """The effect on a scale; None where a ratio is undefined (an average of zero or less)."""
    import numpy as np
    from scipy import stats

    matrix = att.covariance()
    base = att.mean - att.value
    if scale == "difference":
        point, gradient = att.value, np.array([1.0, 0.0])
    else:
        if att.mean <= 0 or base <= 0:
            return None
        point = math.log(att.mean / base)
        gradient = np.array([1 / base, 1 / att.mean - 1 / base])
    error = math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    if att.dof < 1 or not math.isfinite(error) or error <= 1e-12 * (abs(att.value) or 1.0):
        return Effect(
            value=_back(point, scale), low=None, high=None, level=level, scale=scale, unit=unit, unbounded=True,
            reason="too few rows to say how far chance could have moved it" if att.dof < 1 else
            "the rows of a group are all alike, so chance cannot be judged",
        )  # fmt: skip
    half = float(stats.t.ppf(0.5 + level / 2, att.dof)) * error
    p_value = float(2 * stats.t.sf(abs(point) / error, att.dof))
    low, high = point - half, point + half
    own = att.interval
    if own is not None:
        p_value = own.p_value
        if scale == "difference":
            low, high = own.low, own.high
        else:  # the same widening on the log scale, side by side
            usual = float(stats.t.ppf(0.5 + level / 2, att.dof)) * math.sqrt(float(matrix[0, 0]))
            low, high = point - half * (att.value - own.low) / usual, point + half * (own.high - att.value) / usual
    # a chance cannot change by more than one; an estimate outside is kept inside its interval all the same
    bound = max(1.0, abs(point)) if scale == "difference" and unit == "probability" else math.inf
    return Effect(
        value=_back(point, scale),
        low=max(_back(low, scale), -bound),
        high=min(_back(high, scale), bound),
        level=level,
        scale=scale,
        unit=unit,
        std_error=error,
        p_value=p_value,
    )


def _back(point: float, scale: Scale) -> float:
    if scale == "difference":
        return point
    ratio = math.exp(max(min(point, 700.0), -700.0))
    return 100 * (ratio - 1) if scale == "percent" else ratio
