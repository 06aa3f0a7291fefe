"""Is the outcome model of the right form? The headline against a flexible model of the same rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ..dose_curve import _spline, _steps
from ..estimators.regression import FAMILY, between, form_of
from ..gap import Gap, gap
from ..inference import Fit, on_line
from ..learners import expanded
from ..propensity import standardised
from ..sample import Sample
from . import Trial, refuter
from .again import first
from .told import told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLEXIBLE = ("doubly_robust", "flexible_regression")
CLEAR = 1.96
SURE = 4.0  # one in fifteen thousand by chance; weights of rows with few like them have longer tails
ROWS = 100  # for a curve of the dose


@refuter("functional_form", "compare the answer with that of models that may bend")
def functional_form(trial: Trial) -> Refutation | None:
    """The distance to the flexible doubly robust estimate (for a dose also to regression on bent covariates), and between two
    named doses to a cubic spline of the dose, with the error of the distance itself. Fails where one is more than one standard error
    of the headline and more than four of its own; passes where all are within one standard error of the headline and that could
    be seen; otherwise inconclusive. Random groups need no outcome model: there only the curve of a dose is looked at."""
    sample, mine = trial.sample, first(trial)
    name = trial.estimates.estimator.name
    other: list[Fit] = []
    if sample.k and not sample.randomised:
        # the partially linear model is straight in the dose, whose curve between two doses is the question
        names: tuple[str, ...] = ("flexible_regression",)
        if sample.kind == "arms" or sample.per_unit:
            names = () if sample.kind == "arms" and name in FLEXIBLE else FLEXIBLE
        other += [trial.estimates.fits[n] for n in names if n != name and n in trial.estimates.fits]
    if sample.kind == "dose" and not sample.per_unit and sample.n >= ROWS:
        bent = _bent(sample, expanded(sample.x) if name == "flexible_regression" else standardised(sample.x))
        other += [] if bent is None else [bent]
    gaps = [gap(mine, fit, sample, trial.scale) for fit in other if math.isfinite(on_line(fit, trial.scale))]
    if not gaps:
        if not sample.k or sample.randomised or name not in FLEXIBLE:
            return None
        verdict: Verdict = "passed"
        observed = "the answer itself comes from models that may bend"
        worst = Gap(0.0, 0.0, 1.0)
    else:
        wrong = [g for g in gaps if abs(g.value) > trial.error and g.z > SURE]
        worst = max(wrong or gaps, key=lambda g: g.z)
        near = all(abs(g.value) <= trial.error and g.error <= trial.error for g in gaps)
        verdict = "failed" if wrong else "passed" if near else "inconclusive"
        values = [trial.value, trial.value + worst.value]
        (now, bends), after = told(values, trial.scale, trial.estimates.headline.effect.unit)
        observed = f"{bends}{after} with models that may bend, {now} in the answer"
        if verdict == "inconclusive" and trial.scale == "difference":
            give, after = told([CLEAR * worst.error], trial.scale, trial.estimates.headline.effect.unit)
            observed += f" (their distance is known only to within {give[0]}{after})"
    return Refutation(
        check="functional_form",
        family="methods",
        short="the model of the outcome has the wrong shape",
        question="Is the answer the same with a model that may bend where this one is straight?",
        expected="the same within one margin",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, the answer comes from the shape of the model that was assumed.",
        figures={"gap": worst.value, "gap_error": worst.error, "form": trial.estimates.form},
    )


def _bent(sample: Sample, x: Floats) -> Fit | None:
    """The two means by a cubic spline of the dose (with few levels a mean each) and covariates x (n, m) as the headline has them;
    None where one of the doses lies in the outer 2.5 % of those seen, where a spline says little."""
    import numpy as np

    low, high = np.quantile(sample.dose, [0.025, 0.975])
    ends = sorted((sample.treated, sample.control))
    levels = np.unique(sample.dose)
    stepwise = len(levels) <= 6
    if ends[0] < low or ends[1] > high or (stepwise and not set(ends) <= set(levels)):
        return None
    if len(levels) < 4:
        return None  # the headline's own form has a mean for each
    _, interact = form_of(sample)

    def design_at(dose: Floats) -> Floats:
        basis = _steps(dose, levels) if stepwise else _spline(dose, sample.dose)
        blocks = [np.ones(sample.n), basis, x]
        if interact:
            blocks.append(x * ((dose - sample.dose.mean()) / sample.dose.std())[:, None])
        return np.column_stack(blocks)

    if design_at(sample.dose).shape[1] > sample.n // 10:
        return None
    return between(sample, design_at, FAMILY[sample.outcome_kind])
