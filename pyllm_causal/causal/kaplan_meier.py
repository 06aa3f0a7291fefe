"""The share still free of an event over time (Kaplan & Meier 1958), what each row contributes to it, and the log-rank test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """times: (m,) event times; free: (m,) share free of the event from each on; at_risk: (m,) weight under observation just
    before; events: (m,) weight of the events; last: the last time that anyone was seen."""

    times: Floats
    free: Floats
    at_risk: Floats
    events: Floats
    last: float

    def at(self, when: float) -> float:
        """Share free of the event at `when`."""
        import numpy as np

        i = int(np.searchsorted(self.times, when, side="right"))
        return float(self.free[i - 1]) if i else 1.0

    def area(self, until: float) -> float:
        """Mean time free of the event up to `until` (restricted mean)."""
        return float(_areas(self, until)[0])


def curve(time: Floats, event: Mask, weights: Floats) -> Curve:
    """Kaplan–Meier; time, event, weights: (n,)."""
    import numpy as np

    times = np.unique(time[event])
    order = np.argsort(time, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    at_risk = below[-1] - below[np.searchsorted(time[order], times, side="left")]
    spot = np.searchsorted(times, time[event])
    deaths: Floats = np.bincount(spot, weights=weights[event], minlength=len(times)).astype("float64")
    factor = np.clip(1.0 - deaths / at_risk, 0.0, 1.0)
    factor[np.abs(factor) < 1e-12] = 0.0
    return Curve(times, np.cumprod(factor), at_risk, deaths, float(time.max()))


def _areas(c: Curve, until: float) -> Floats:
    """(m + 1,) area under the curve from 0, and from each event time, up to `until`."""
    import numpy as np

    ends = np.concatenate([[0.0], np.minimum(c.times, until), [until]])
    height = np.concatenate([[1.0], c.free])
    pieces = height * np.clip(np.diff(ends), 0.0, None)
    return np.asarray(np.cumsum(pieces[::-1])[::-1])


def shares(time: Floats, event: Mask, weights: Floats, until: float, mean_time: bool) -> Floats:
    """(n,) pseudo-values: their weighted mean is the share free of the event at `until` (or the mean time free up to it), and
    their spread its variance (Greenwood's, when rows weigh the same).

    Value plus n times the influence of each row, the infinitesimal form of the jackknife of Andersen, Klein & Rosthøj (2003,
    equation 2.2). Regression of them on covariates is regression of the share itself, where leaving observation does not
    depend on the covariates.
    """
    import numpy as np

    c = curve(time, event, weights)
    n = float(weights.sum())
    if mean_time:
        areas = _areas(c, until)
        value, left = float(areas[0]), areas[1:]
    else:
        value = c.at(until)
        left = np.full(len(c.times), value)
    inside = c.times <= until
    # a curve that reaches zero stays there: nothing is left to influence
    survivors = np.clip(c.at_risk - c.events, 1e-300, None)
    open_ = (c.free > 0) & inside
    own = np.where(open_, left / survivors, 0.0)
    drift = np.where(open_, left * c.events / survivors / c.at_risk, 0.0)
    through = np.concatenate([[0.0], np.cumsum(drift)])
    upto = np.searchsorted(c.times, time, side="right")
    out = through[upto]
    hit = np.searchsorted(c.times, time[event])
    out[event] -= own[hit]
    return np.asarray(value + n * out)


@dataclass(frozen=True)
class LogRank:
    """observed, expected: events in the first group; variance: of their difference."""

    observed: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        return float((self.observed - self.expected) / self.variance**0.5) if self.variance > 0 else 0.0


def log_rank(time: Floats, event: Mask, first: Mask, weights: Floats) -> LogRank:
    """Events of the first of two groups against those expected if both had one rate (Mantel 1966; Peto & Peto 1972)."""
    import numpy as np

    both = curve(time, event, weights)
    order = np.argsort(time[first], kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[first][order])])
    ours = below[-1] - below[np.searchsorted(time[first][order], both.times, side="left")]
    share = ours / both.at_risk
    ties = np.where(both.at_risk > 1, (both.at_risk - both.events) / np.maximum(both.at_risk - 1, 1e-12), 1.0)
    variance = float((both.events * share * (1 - share) * np.clip(ties, 0.0, 1.0)).sum())
    return LogRank(float(weights[first & event].sum()), float((both.events * share).sum()), variance)
