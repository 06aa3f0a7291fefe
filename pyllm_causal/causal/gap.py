"""How far two estimates of the same rows lie apart, with the error of that distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..query import Scale
from .inference import Fit, covariance, on_line
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """Second estimate minus first where sampling is symmetric (the difference, or the log ratio), and its standard error."""

    value: float
    error: float
    dof: float

    @property
    def z(self) -> float:
        """The gap in errors, as the normal deviate with the same tail; infinite for a gap without any error."""
        from scipy import stats

        if self.error <= 0:
            return math.inf if self.value else 0.0
        t = abs(self.value) / self.error
        if not math.isfinite(self.dof):
            return t
        return float(-stats.norm.ppf(max(stats.t.sf(t, max(self.dof, 1.0)), 1e-300)))


def gradient(fit: Fit, scale: Scale) -> Floats:
    """(2,) derivative of the effect on the line scale in the two means. Raises `ValueError` where the scale is undefined."""
    import numpy as np

    one, zero = fit.treated, fit.control
    if scale == "difference":
        return np.array([1.0, -1.0])
    if not math.isfinite(on_line(fit, scale)):
        raise ValueError("the scale is undefined here")
    if scale == "odds_ratio":
        return np.array([1 / (one * (1 - one)), -1 / (zero * (1 - zero))])
    return np.array([1 / one, -1 / zero])


def along(fit: Fit, scale: Scale) -> Floats | None:
    """(n,) influence of every row on the effect, on the line scale; None where the method has none (matching)."""
    return None if fit.influence is None else fit.influence @ gradient(fit, scale)


def gap(one: Fit, other: Fit, sample: Sample, scale: Scale) -> Gap:
    """The distance between two estimates of the same rows: its error is that of the difference of their influence functions,
    not of two independent figures (Hausman 1978; for influence functions White 1982, theorem 5.1). Where a method has none, the
    two errors are taken as if independent, which is too large. Raises `ValueError` where the scale is undefined."""
    import numpy as np

    value = on_line(other, scale) - on_line(one, scale)
    parts = along(one, scale), along(other, scale)
    if parts[0] is None or parts[1] is None:
        variance, dof = 0.0, math.inf
        for fit in (one, other):
            matrix, own = covariance(fit, sample)
            slope = gradient(fit, scale)
            variance, dof = variance + float(slope @ matrix @ slope), min(dof, own)
        return Gap(value, math.sqrt(max(variance, 0.0)), dof)
    apart, dof, factor = parts[1] - parts[0], min(one.dof, other.dof), 1.0
    if sample.cluster is not None:
        apart = np.asarray(np.bincount(sample.cluster, weights=apart), dtype="float64")
        dof, factor = min(dof, len(apart) - 1.0), len(apart) / max(len(apart) - 1, 1)
    return Gap(value, math.sqrt(factor * float(apart @ apart)) / sample.n, dof)
