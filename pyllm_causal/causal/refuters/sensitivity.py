"""How strong would a hidden shared cause have to be, in the user's units? (Cinelli & Hazlett 2020; for any estimator `omitted`)"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import number, safe
from ..inference import covariance
from ..omitted import reach
from ..partial_r2 import shares
from ..propensity import standardised
from ..robustness import Benchmark, bias_in_errors, robustness_value, tipping
from ..sample import Sample
from . import Trial, refuter
from .told import told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..gram import Columns

    Floats = NDArray[np.float64]

SHOWN = 3  # benchmarks in the figures
STRONG = 100  # times a measured cause: no measured cause matters enough to compare with


@dataclass(frozen=True)
class Room:
    """What a hidden cause could do: the estimate, its standard error, how many of those make half the interval, and S of `omitted`,
    all in the same unit; `dof` of the straight-line model that the benchmarks come from."""

    value: float
    error: float
    wide: float
    reach: float
    dof: float

    @property
    def left(self) -> float:
        """What lies between no effect and the near end of the interval; 0 where the interval includes no effect."""
        return max(abs(self.value) - self.wide * self.error, 0.0)

    def share(self, amount: float) -> float:
        """What a hidden cause must explain of the variation left in both to move the estimate by so much."""
        return robustness_value(amount / self.reach, 1.0)

    def bias(self, strength: float, b: Benchmark) -> float:
        """Bias from a hidden cause so many times as strong as the benchmark."""
        return self.reach * bias_in_errors(strength, b, 1.0)

    def range(self, b: Benchmark) -> tuple[float, float]:
        """All that the truth could be (95 %) under a hidden cause as strong as the benchmark. Its strength is itself measured with
        error: f = √(R²/(1 − R²)) is a t statistic over √dof and so has the error √((1 + f²/2)/dof), which the bias passes on."""
        bias, f = self.bias(1.0, b), [math.sqrt(r / (1 - r)) for r in (b.treatment, b.outcome)]
        errors = [self.error]
        for j in (0, 1):
            moved = list(f)
            moved[j] += math.sqrt((1 + f[j] ** 2 / 2) / self.dof)
            errors.append(self.bias(1.0, Benchmark(b.column, *(v**2 / (1 + v**2) for v in moved))) - bias)
        away = bias + self.wide * math.hypot(*errors) if math.isfinite(bias) else math.inf
        return self.value - away, self.value + away


@refuter("hidden_cause", "work out how strong a hidden shared cause would have to be to undo the answer")
def hidden_cause(trial: Trial) -> Refutation | None:
    """Passes when a hidden cause as strong as the strongest measured one leaves sign and interval clear of zero; fails when
    it would reverse the estimate; inconclusive in between, without a covariate to compare with, or where the interval
    already spans zero. On the difference of the two means, whatever the scale asked for, with the headline's own weights on the
    outcomes (`omitted.reach`); strengths of measured columns by straight lines."""
    sample = trial.sample
    if sample.randomised:
        return None
    moments = trial.moments
    _, _, dof, benchmarks = partial(sample, None if moments is None else moments.straight)
    room = _room(trial, dof)
    if room is None:
        return None
    clear = room.left > 0
    figures: dict[str, float | int | str | None] = {
        "robustness_value": room.share(abs(room.value)),
        "robustness_value_interval": room.share(room.left),
        "value": room.value,
        "t": room.value / room.reach * math.sqrt(dof),
        "dof": dof,
    }
    ranked = sorted(benchmarks, key=lambda b: (-room.bias(1.0, b), b.column))
    for place, b in enumerate(ranked[:SHOWN], 1):
        low, high = room.range(b)
        figures |= {
            f"benchmark_{place}": b.column,
            f"benchmark_{place}_treatment": b.treatment,
            f"benchmark_{place}_outcome": b.outcome,
            f"benchmark_{place}_bias": _finite(room.bias(1.0, b)),
            f"benchmark_{place}_low": _finite(low),
            f"benchmark_{place}_high": _finite(high),
        }
    verdict: Verdict = "inconclusive"
    base = f"a hidden cause would have to explain {number(100 * room.share(abs(room.value)))}% of what is left unexplained in both"
    observed = f"it {base.removeprefix('a hidden cause ')}" if clear else _spanned(room, ranked, _unit(trial))
    if clear and ranked:
        strongest = ranked[0]
        bias, (low, high) = room.bias(1.0, strongest), room.range(strongest)
        factor = tipping(abs(room.value) / room.reach, strongest, 1.0)
        figures |= {
            "strongest": strongest.column,
            "tipping": factor,
            "tipping_interval": tipping(room.left / room.reach, strongest, 1.0),
        }
        if low > 0 or high < 0:
            verdict = "passed"
        elif abs(room.value) < bias:
            verdict = "failed"
        observed = _observed(room, strongest, factor, base, _unit(trial))
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short="a hidden cause no stronger than a measured one could undo the answer",
        question="How strong would a shared cause that is not in the table have to be to wipe the answer out?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a hidden cause no stronger than one that was measured could explain the whole answer.",
        figures=figures,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _room(trial: Trial, free: float) -> Room | None:
    """The headline as a difference; None where its error or S cannot be had."""
    import numpy as np
    from scipy import stats

    fit, sample = trial.estimates.fit, trial.sample
    try:
        size = reach(sample, trial.estimates.estimator.name)
    except np.linalg.LinAlgError:
        return None
    matrix, dof = covariance(fit, sample)
    step = np.array([1.0, -1.0])
    error = math.sqrt(max(float(step @ matrix @ step), 0.0))
    if free < 2 or not size > 0 or not error > 0 or dof < 1:
        return None
    wide = float(stats.t.ppf(0.975, dof) if math.isfinite(dof) else stats.norm.ppf(0.975))
    return Room(fit.treated - fit.control, error, wide, size, free)


def _unit(trial: Trial) -> str:
    if trial.sample.outcome_kind == "yes_no" and not (trial.sample.kind == "dose" and trial.scale != "difference"):
        return "probability"
    return trial.estimates.headline.effect.unit if trial.scale == "difference" else ""


def _observed(room: Room, strongest: Benchmark, factor: float | None, base: str, unit: str) -> str:
    """What follows "To wipe the answer out": how many times the strongest measured cause, and what one just as strong could do."""
    column = safe(strongest.column)
    if factor is None or factor > STRONG:
        return f"{base}; no measured column drives both enough to compare with"
    times = number(factor, 1 if factor >= 2 else 2)
    text = f"it would have to matter about {times} times as much as {column}, the strongest shared cause in the table"
    return text + _could(room, strongest, unit)


def _could(room: Room, b: Benchmark, unit: str, what: str = "one") -> str:
    low, high = room.range(b)
    if not math.isfinite(high - low):
        return ""
    if unit == "probability":  # no hidden cause moves a chance by more than all of it
        low, high = max(low, -1.0), min(high, 1.0)
    (from_, to), after = told([low, high], "difference", unit)
    return f"; {what} as strong as {safe(b.column)} could make it anything from {from_} to {to}{after}, chance included"


def _spanned(room: Room, ranked: list[Benchmark], unit: str) -> str:
    text = "the margin includes no effect already; there is nothing to undo"
    return text + _could(room, ranked[0], unit, "a hidden cause") if ranked else text


def partial(sample: Sample, columns: Columns | None = None) -> tuple[float, float, float, list[Benchmark]]:
    """Slope of the treatment in a straight-line model, its t statistic and degrees of freedom, and partial R² of every column.
    columns: as `shares` takes them."""
    import numpy as np

    if sample.kind == "arms" and (sample.arm < 0).any():
        sample = sample.take(sample.arm >= 0)
    try:
        found = shares(sample, columns)
    except np.linalg.LinAlgError:
        return _near_collinear(sample)
    if found is None:
        return math.nan, math.nan, float(sample.n - sample.k - 2), []
    benchmarks = [Benchmark(g, found.treatment[g], found.outcome[g]) for g in found.treatment]
    return found.slope, found.t, found.dof, benchmarks


def _near_collinear(sample: Sample) -> tuple[float, float, float, list[Benchmark]]:
    """`partial` where columns are close to collinear: by singular values, with tiny ones left out."""
    import numpy as np

    root = np.sqrt(sample.weights)
    x = standardised(sample.x)
    inner = np.column_stack([np.ones(sample.n), x]) * root[:, None]
    size = float(sample.dose.std()) or 1.0
    d, y = (sample.dose - sample.dose.mean()) / size * root, sample.y * root
    dof = float(sample.n - inner.shape[1] - 1)

    def left(target: Floats, on: Floats) -> Floats:
        return np.asarray(target - on @ np.linalg.lstsq(on, target, rcond=1e-10)[0])

    d_left, y_left = left(d, inner), left(y, inner)
    moment = float(d_left @ d_left)
    if moment <= 1e-12 * float(d @ d) or dof < 2:
        return math.nan, math.nan, dof, []
    slope = float(d_left @ y_left) / moment  # a standard deviation of the treatment
    rest = y_left - slope * d_left
    variance = float(rest @ rest) / dof / moment
    if variance <= 0:
        return math.nan, math.nan, dof, []
    treatment = _strengths(inner, d, sample.x_groups)
    outcome = _strengths(np.column_stack([inner, d]), y, sample.x_groups)
    benchmarks = [Benchmark(g, treatment[g], outcome[g]) for g in dict.fromkeys(sample.x_groups)]
    return slope / size, slope / math.sqrt(variance), dof, benchmarks


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
