"""Interval for a ratio of two chances where one group has no event at all: by inverting the score test, no logarithm needed."""

from __future__ import annotations

import math


def score_upper(events: tuple[int, int], rows: tuple[int, int], odds: bool = False, level: float = 0.95) -> float:
    """Upper limit of the ratio of chances (Koopman 1984, section 2; `odds`: of the odds, Cornfield 1956 without correction),
    first group over second: the largest ratio that the score test does not reject at `level`.

    `events` and `rows` (treated, control), at least one event in the control group, below all for odds. Unitless.
    """
    from scipy import optimize, stats

    z = float(stats.norm.ppf(0.5 + level / 2))
    statistic = _odds_z if odds else _ratio_z
    low = max(events[0] / rows[0], 1e-9) / (events[1] / rows[1])
    high = max(2 * low, 1e-3)
    while statistic(high, events, rows) < z:
        high *= 2
    return float(optimize.brentq(lambda r: statistic(r, events, rows) - z, low, high, xtol=1e-12))


def _ratio_z(ratio: float, events: tuple[int, int], rows: tuple[int, int]) -> float:
    (x1, x0), (n1, n0) = events, rows
    a, b, c = ratio * (n1 + n0), -(ratio * (n1 + x0) + x1 + n0), float(x1 + x0)
    p0 = (-b - math.sqrt(b * b - 4 * a * c)) / (2 * a)
    p1 = ratio * p0
    variance = p1 * (1 - p1) / n1 + ratio**2 * p0 * (1 - p0) / n0
    return (ratio * x0 / n0 - x1 / n1) / math.sqrt(variance)


def _odds_z(ratio: float, events: tuple[int, int], rows: tuple[int, int]) -> float:
    (x1, x0), (n1, n0) = events, rows
    total = x1 + x0
    if abs(ratio - 1) < 1e-9:
        p0 = total / (n1 + n0)
    else:
        a, b, c = n0 * (ratio - 1), n1 * ratio + n0 - total * (ratio - 1), -float(total)
        p0 = (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)
    p1 = ratio * p0 / (1 + p0 * (ratio - 1))
    return (n1 * p1 - x1) * math.sqrt(1 / (n1 * p1 * (1 - p1)) + 1 / (n0 * p0 * (1 - p0)))
