"""The E-value: how strongly a hidden cause must be tied to treatment and outcome to explain a ratio (VanderWeele & Ding 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Ratio = Literal["risk", "rate", "odds", "hazard"]
COMMON = 0.15  # from this share of rows with the event on, odds and hazards are far from risks (their Table 2)
CHANCES = (
    0.91,
    1.78,
)  # per standard deviation: the ratio of chances, and its interval by standard errors (their Table 2)


@dataclass(frozen=True)
class EValue:
    """`value` for the estimate, `limit` for the end of the interval nearest to "no effect" (1 where that lies inside).

    Both say: a hidden cause tied to the treatment and to the outcome by ratios of at least this much each, beyond all that is
    held fixed, could explain it; a weaker one could not. `ratio` is the risk ratio it was worked out on, `approximate` whether
    that was converted from another ratio.
    """

    value: float
    limit: float | None
    ratio: float
    approximate: bool = False


def e_value(ratio: float) -> float:
    """RR + √(RR(RR − 1)) for a risk ratio, its inverse where it is below one (their equation in Table 1). Raises `ValueError`
    unless ratio > 0."""
    if not ratio > 0:
        raise ValueError("a ratio must be above zero")
    up = max(ratio, 1 / ratio)
    return up + math.sqrt(up * (up - 1))


def risk_ratio(ratio: float, kind: Ratio = "risk", common: bool = False) -> float:
    """A ratio as a risk ratio. Where the event is rare they are nearly the same; where it is common (15% or more by the end)
    √odds ratio, and for a hazard ratio (1 − ½^√HR) / (1 − ½^√(1/HR)) (their Table 2; VanderWeele 2017)."""
    if not ratio > 0:
        raise ValueError("a ratio must be above zero")
    if not common or kind in ("risk", "rate"):
        return ratio
    if kind == "odds":
        return math.sqrt(ratio)
    return (1 - math.exp2(-math.sqrt(ratio))) / (1 - math.exp2(-math.sqrt(1 / ratio)))


def e_values(ratio: float, low: float | None, high: float | None, kind: Ratio = "risk", common: bool = False) -> EValue:
    """The E-value of an estimate and of its interval (None where there is no interval). An interval may start at zero or end
    nowhere on the far side. Raises `ValueError` unless ratio > 0."""
    moved = risk_ratio(ratio, kind, common)
    limit: float | None = None
    if low is not None and high is not None:
        near = low if ratio >= 1 else high
        inside = low <= 1 <= high
        limit = 1.0 if inside or near <= 0 or not math.isfinite(near) else e_value(risk_ratio(near, kind, common))
    return EValue(e_value(moved), limit, moved, common and kind in ("odds", "hazard"))


def e_values_of_difference(value: float, error: float, spread: float) -> EValue:
    """The E-value of a difference of averages with its standard error, through the ratio of chances that goes with it: exp(0.91 d)
    and exp(0.91 d ± 1.78 s) in standard deviations of the outcome (their Table 2; an approximation that takes the outcome to be
    near normal)."""
    if not spread > 0:
        raise ValueError("the outcome does not vary")
    d, s = value / spread, error / spread
    middle, edge = CHANCES[0] * d, CHANCES[1] * s
    return EValue(
        e_value(math.exp(middle)),
        1.0 if abs(middle) <= edge else e_value(math.exp(abs(middle) - edge)),
        math.exp(middle),
        True,
    )


def explained(with_treatment: float, with_outcome: float) -> float:
    """The largest ratio that a hidden cause can bring about alone, tied to treatment and outcome by these ratios (≥ 1): the bounding
    factor of Ding & VanderWeele (2016), RR₁RR₂ / (RR₁ + RR₂ − 1)."""
    one, two = max(with_treatment, 1.0), max(with_outcome, 1.0)
    return one * two / (one + two - 1)
