"""How large a hidden cause of a given strength makes the bias of an estimate, and what its interval must then stay clear of.

Strength is told in partial R²: the share of what is left unexplained that the hidden cause explains, of the treatment (or
instrument) and of the outcome (Cinelli & Hazlett 2020; for an instrument and the Anderson–Rubin set, Cinelli & Hazlett 2025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """Partial R² of a measured column with treatment and with outcome (given the rest)."""

    column: str
    treatment: float
    outcome: float


@dataclass(frozen=True)
class Strength:
    """Partial R² of a hidden cause with treatment and with outcome (given treatment and covariates)."""

    treatment: float
    outcome: float

    def shift(self, dof: float) -> float:
        """The largest bias, in classical standard errors of the estimate: √dof √(R²_Y R²_D / (1 − R²_D))."""
        return math.sqrt(self.outcome * self.treatment / (1 - self.treatment) * dof)


def as_strong_as(b: Benchmark, times: float = 1.0) -> Strength | None:
    """A hidden cause `times` as strong as a measured column with both (Cinelli & Hazlett 2020, section 4.4). None where it would
    leave nothing of the treatment to explain."""
    r2d = times * b.treatment / (1 - b.treatment)
    if r2d >= 1 or times * b.treatment >= 1:
        return None
    shared = times * b.treatment**2 / ((1 - times * b.treatment) * (1 - b.treatment))
    if shared >= 1:
        return None
    eta = (math.sqrt(times) + math.sqrt(shared)) / math.sqrt(1 - shared)
    return Strength(r2d, min(eta**2 * b.outcome / (1 - b.outcome), 1.0))


def robustness_value(t: float, dof: float, q: float = 1.0) -> float:
    """Share of the remaining variation in both that a hidden cause must explain to remove q of the estimate (equation 5 of
    the paper's section 4.2): ½(√(f⁴ + 4f²) − f²) with f = q|t|/√dof."""
    f = q * abs(t) / math.sqrt(dof)
    return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)


def bias_in_errors(times: float, b: Benchmark, dof: float) -> float:
    """Bias, in standard errors, from a hidden cause `times` as strong as the benchmark; infinite where it would explain everything."""
    strength = as_strong_as(b, times)
    return math.inf if strength is None else strength.shift(dof)


def tipping(t: float, b: Benchmark, dof: float) -> float | None:
    """How many times the benchmark's strength brings the estimate to zero; None above 1,000."""
    low, high = 0.0, 1.0
    while bias_in_errors(high, b, dof) < abs(t):
        low, high = high, high * 2
        if high > 1000:
            return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if bias_in_errors(middle, b, dof) < abs(t) else (low, middle)
    return high


def critical_value(s: Strength, dof: float, level: float = 0.95, wider: float = 1.0) -> float:
    """What a t statistic must exceed to stay clear of no effect whatever a hidden cause up to this strength does (Cinelli & Hazlett
    2025, section 3.3): SF·√(dof/(dof − 1))·t* + BF·√dof with SF = √((1 − R²_Y)/(1 − R²_D)), the largest over weaker ones.

    wider: how many classical errors go into one error of the t statistic (robust or clustered ones are mostly wider)."""
    from scipy import stats

    usual = math.sqrt(dof / (dof - 1)) * float(stats.t.ppf(0.5 + level / 2, dof - 1)) / math.sqrt(1 - s.treatment)
    bias = math.sqrt(s.treatment / (1 - s.treatment) * dof) / wider
    # √(1 − r) usual + √r bias rises in r up to bias² / (usual² + bias²)
    r = min(s.outcome, bias**2 / (usual**2 + bias**2))
    return math.sqrt(1 - r) * usual + math.sqrt(r) * bias


def interval_value(t: float, dof: float, level: float = 0.95, wider: float = 1.0) -> float:
    """The robustness value of the interval: the share of both that a hidden cause must explain to bring no effect into it (Cinelli &
    Hazlett 2020, section 4.2, with q = 1): the robustness value for f = |t|/√dof − t*/√(dof − 1). 0 where it is in already.

    t is classical; wider: how many classical errors the error of the interval is worth."""
    from scipy import stats

    chance = wider * float(stats.t.ppf(0.5 + level / 2, dof - 1))
    left = abs(t) / math.sqrt(dof) - chance / math.sqrt(dof - 1)
    return robustness_value(left * math.sqrt(dof), dof) if left > 0 else 0.0
