"""How strong would a hidden shared cause have to be? (Cinelli & Hazlett 2020)"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import number, safe
from ..propensity import standardised
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Benchmark:
    """Partial R² of a measured column with treatment and with outcome (given the rest)."""

    column: str
    treatment: float
    outcome: float


def robustness_value(t: float, dof: float, q: float = 1.0) -> float:
    """Share of the remaining variation in both that a hidden cause must explain to remove q of the estimate (equation 5 of
    the paper's section 4.2): ½(√(f⁴ + 4f²) − f²) with f = q|t|/√dof."""
    f = q * abs(t) / math.sqrt(dof)
    return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)


def bias_in_errors(strength: float, b: Benchmark, dof: float) -> float:
    """Bias, in standard errors, from a hidden cause `strength` times as strong as the benchmark (section 4.4, equations
    for R² bounds). Infinite where such a cause would explain everything."""
    r2d = strength * b.treatment / (1 - b.treatment)
    if r2d >= 1 or strength * b.treatment >= 1:
        return math.inf
    shared = strength * b.treatment**2 / ((1 - strength * b.treatment) * (1 - b.treatment))
    if shared >= 1:
        return math.inf
    eta = (math.sqrt(strength) + math.sqrt(shared)) / math.sqrt(1 - shared)
    r2y = eta**2 * b.outcome / (1 - b.outcome)
    if r2y >= 1:
        r2y = 1.0
    return math.sqrt(r2y * r2d / (1 - r2d)) * math.sqrt(dof)


@refuter("hidden_cause", "work out how strong a hidden shared cause would have to be to undo the answer")
def hidden_cause(trial: Trial) -> Refutation | None:
    """Passes when a hidden cause as strong as the strongest measured one leaves sign and interval clear of zero; fails when
    it would reverse the estimate; inconclusive in between, without a covariate to compare with, or where the interval
    already spans zero. Worked out on a straight-line model of the headline comparison."""
    sample = trial.sample
    if sample.randomised:
        return None
    _, t, dof, benchmarks = partial(sample)
    if dof < 2 or not math.isfinite(t):
        return None
    clear = abs(trial.value) > 1.96 * trial.error
    value = robustness_value(t, dof)
    figures: dict[str, float | int | str | None] = {"robustness_value": value, "t": t, "dof": dof}
    base = f"a hidden cause would have to explain {number(100 * value)}% of what is left unexplained in both"
    verdict: Verdict = "inconclusive"
    observed = base if clear else "the interval spans no effect already; there is nothing to undo"
    if clear and benchmarks:
        strongest = max(benchmarks, key=lambda b: (bias_in_errors(1.0, b, dof), b.column))
        bias = bias_in_errors(1.0, strongest, dof)
        factor = tipping(t, strongest, dof)
        figures |= {
            "strongest": strongest.column,
            "bias_in_errors": bias if math.isfinite(bias) else None,
            "tipping": factor,
        }
        if abs(t) - bias > 1.96:
            verdict = "passed"
        elif abs(t) - bias < 0:
            verdict = "failed"
        if factor is None or factor > 100:
            observed = f"{base}; no measured column drives both enough to compare with"
        else:
            times = number(factor, 1 if factor >= 2 else 2)
            observed = f"it would have to matter about {times} times as much as {safe(strongest.column)}"
            observed += f", the strongest shared cause in the table ({base})"
    return Refutation(
        check="hidden_cause",
        question="How strong would a shared cause that is not in the table have to be to wipe the answer out?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a hidden cause no stronger than one that was measured could explain the whole answer.",
        figures=figures,
    )


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


def partial(sample: Sample) -> tuple[float, float, float, list[Benchmark]]:
    """Slope of the treatment in a straight-line model, its t statistic and degrees of freedom, and partial R² of every column."""
    import numpy as np

    if sample.kind == "arms":
        sample = sample.take(sample.arm >= 0)
    root = np.sqrt(sample.weights)
    x = standardised(sample.x)
    inner = np.column_stack([np.ones(sample.n), x]) * root[:, None]
    d, y = sample.dose * root, sample.y * root
    dof = float(sample.n - inner.shape[1] - 1)

    def left(target: Floats, on: Floats) -> Floats:
        return np.asarray(target - on @ np.linalg.lstsq(on, target, rcond=1e-10)[0])

    d_left, y_left = left(d, inner), left(y, inner)
    moment = float(d_left @ d_left)
    if moment <= 1e-12 * float(d @ d) or dof < 2:
        return math.nan, math.nan, dof, []
    slope = float(d_left @ y_left) / moment
    rest = y_left - slope * d_left
    variance = float(rest @ rest) / dof / moment
    if variance <= 0:
        return math.nan, math.nan, dof, []
    treatment = _strengths(inner, d, sample.x_groups)
    outcome = _strengths(np.column_stack([inner, d]), y, sample.x_groups)
    benchmarks = [Benchmark(g, treatment[g], outcome[g]) for g in dict.fromkeys(sample.x_groups)]
    return slope, slope / math.sqrt(variance), dof, benchmarks


def _strengths(design: Floats, target: Floats, groups: tuple[str, ...]) -> dict[str, float]:
    """Partial R² of every group of columns (after the first) with the target, given the other columns.

    From one fit: Wald statistic over itself plus degrees of freedom. Columns that repeat others have none.
    """
    import numpy as np

    rank = int(np.linalg.matrix_rank(design))
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-11, hermitian=True)
    beta = inverse @ (design.T @ target)
    rest = target - design @ beta
    noise = float(rest @ rest)
    out = {}
    for group in dict.fromkeys(groups):
        block = [1 + j for j, g in enumerate(groups) if g == group]
        explained = float(beta[block] @ np.linalg.pinv(inverse[np.ix_(block, block)], hermitian=True) @ beta[block])
        if rank < design.shape[1]:  # a projection: what is lost when the group is left out
            others = np.delete(design, block, axis=1)
            without = target - others @ np.linalg.lstsq(others, target, rcond=1e-10)[0]
            explained = float(without @ without) - noise
        share = explained / (explained + noise) if explained + noise > 0 else 0.0
        out[group] = min(max(share, 0.0), 1 - 1e-9)
    return out
