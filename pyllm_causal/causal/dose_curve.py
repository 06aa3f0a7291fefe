"""The mean outcome along the range of a dose, with intervals: a picture, not the headline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from . import glm
from .estimators.regression import FAMILY, _averaged, _scores
from .inference import Fit, effect_of
from .propensity import standardised
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DOSES = 20
# Quantiles of the dose at the knots of a cubic spline, by the least number of rows.
KNOTS = ((2000, (0.1, 0.3, 0.5, 0.7, 0.9)), (500, (0.2, 0.5, 0.8)), (0, (0.5,)))


def curve(sample: Sample) -> Diagnosis | None:
    """Mean outcome if everybody had each of about twenty doses between the 2.5 % and 97.5 % points of those seen.

    By regression on a cubic spline of the dose (Hastie, Tibshirani & Friedman 2009, section 5.2; with few levels: one mean a
    level), covariates and their products with the dose, standardised over the rows (Hernán & Robins 2020, chapter 13).

    figures: `doses`, `means`, `low`, `high`, and `change`, `change_low`, `change_high` against the median dose. 95 % intervals
    for each dose by itself. None for arms, and for under 30 rows. Assumes what the headline assumes.
    """
    import numpy as np

    if sample.kind != "dose" or sample.n < 30 or np.ptp(sample.dose) == 0:
        return None
    levels = np.unique(sample.dose)
    stepwise = len(levels) <= 6
    if stepwise:
        doses = levels
    else:
        low, high = np.quantile(sample.dose, [0.025, 0.975])
        inside = levels[(levels >= low) & (levels <= high)]
        doses = inside if len(inside) <= DOSES else np.linspace(low, high, DOSES)
    middle = float(np.median(sample.dose))
    if stepwise:
        middle = float(levels[np.argmin(np.abs(levels - middle))])
    family = FAMILY[sample.outcome_kind]
    x = standardised(sample.x)
    crossed = 0 < sample.k <= sample.n // 40

    def design_at(dose: Floats) -> Floats:
        basis = _steps(dose, levels) if stepwise else _spline(dose, sample.dose)
        blocks = [np.ones(sample.n), basis, x]
        if crossed:
            blocks.append(x * ((dose - sample.dose.mean()) / sample.dose.std())[:, None])
        return np.column_stack(blocks)

    design = design_at(sample.dose)
    if design.shape[1] > sample.n // 5:
        return None
    model = glm.fit(design, sample.y, sample.weights, family)
    scores = _scores(model, design, sample.y, sample.weights)
    everyone = np.ones(sample.n, dtype=bool)

    def at(dose: float) -> tuple[float, Floats]:
        return _averaged(sample, model, design_at(np.full(sample.n, dose)), everyone, 1.0, scores)

    base, base_part = at(middle)
    dof = float(sample.n - design.shape[1])
    figures: dict[str, list[float | None]] = {
        name: [] for name in ("doses", "means", "low", "high", "change", "change_low", "change_high")
    }
    for dose in doses:
        mean, part = at(float(dose))
        level = effect_of(Fit(mean, 0.0, np.column_stack([part, np.zeros(sample.n)]), dof=dof), sample, "difference")
        change = effect_of(Fit(mean, base, np.column_stack([part, base_part]), dof=dof), sample, "difference")
        assert level is not None and change is not None
        figures["doses"].append(float(dose))
        for name, value in (("means", mean), ("low", level.low), ("high", level.high)):
            figures[name].append(value)
        ends = (0.0, 0.0, 0.0) if change.unbounded else (change.value, change.low, change.high)
        for name, value in zip(("change", "change_low", "change_high"), ends, strict=True):
            figures[name].append(value)
    straight = _straight(figures)
    finding = (
        "a straight line runs inside the margins at every dose"
        if straight
        else "the outcome does not follow the dose along a straight line; the curve shows where"
    )
    return Diagnosis(
        name="dose_curve", status="ok", finding=finding, figures={**figures, "against": middle, "level": 0.95}
    )


def _steps(dose: Floats, levels: Floats) -> Floats:
    import numpy as np

    return np.column_stack([(dose == v).astype("float64") for v in levels[1:]])


def _spline(dose: Floats, seen: Floats) -> Floats:
    """(n, 3 + knots) cubic spline of the dose in truncated powers, with knots at quantiles of those seen."""
    import numpy as np

    quantiles = next(chosen for least, chosen in KNOTS if len(seen) >= least)
    middle, spread = float(seen.mean()), float(seen.std())
    v = (dose - middle) / spread
    knots = (np.unique(np.quantile(seen, quantiles)) - middle) / spread
    return np.column_stack([v, v**2, v**3, *(np.maximum(v - knot, 0.0) ** 3 for knot in knots)])


def _straight(figures: dict[str, list[float | None]]) -> bool:
    """Whether some straight line through the change at the reference dose stays inside the margin at nearly every dose."""
    import numpy as np

    doses, change, low, high = (
        np.array([np.nan if v is None else v for v in figures[name]], dtype="float64")
        for name in ("doses", "change", "change_low", "change_high")
    )
    if len(doses) < 3:
        return True
    width = np.maximum(high - low, 1e-300)
    weights = np.where(np.isfinite(width) & (width > 1e-200), 1 / width, 0.0)
    design = np.column_stack([np.ones(len(doses)), doses])
    line = design @ np.linalg.lstsq(design * weights[:, None], change * weights, rcond=None)[0]
    outside = (line < low) | (line > high)
    return int((outside & (weights > 0)).sum()) <= len(doses) // 10
