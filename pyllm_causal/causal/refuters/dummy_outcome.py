"""Dummy outcomes: the outcome is replaced by one whose effect is known, and the method must find it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import alike
from .. import glm
from ..chance import coins
from ..draws import Outcome
from ..estimators.regression import FAMILY
from ..inference import Fit, on_line
from ..propensity import standardised
from ..repeats import FEWEST, enough, repeat, verdict_on
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLANTED = 2.0  # standard errors
# Weights leave the covariates of these very rows a little uneven, and its standard error counts that: the same unevenness is in
# every made-up outcome, and averages out in none.
UNEVEN = 2.0  # standard errors


@refuter("dummy_outcome", "replace the outcome by a simulated one with no effect, and with a known effect", rounds=1.5)
def dummy_outcome(trial: Trial) -> Refutation | None:
    """Outcomes simulated from the covariates: for numbers the fitted model without the treatment's part, plus its residuals
    with random signs (one sign a cluster), so that unequal spread and what clusters have in common stay; a coin for yes/no,
    Poisson for counts. Half as many again hold a planted effect of two standard errors. Fails where the mean estimate is
    further from the truth than a quarter of a standard error and than chance allows (`verdict_on`); undecided with few events for
    the columns held fixed."""
    from .planted_effect import rough  # not above: checks are registered in the order of their import

    made = _made(trial)
    zero = enough(repeat(trial, "dummy_outcome", made))
    if zero is None:
        return None
    name, arms = trial.estimates.estimator.name, trial.sample.kind == "arms"
    within = UNEVEN if name == "weighting" and arms else 0.25
    verdicts = [verdict_on(zero, 0.0, trial.error, within)]
    observed = (
        f"{alike([float(zero.mean()), trial.value])[0]} on average in {len(zero)} made-up outcomes without an effect"
    )
    expected = "0"
    figures: dict[str, float | int | str | None] = {"mean_without": float(zero.mean()), "repeats": len(zero)}
    planted = made.planted(PLANTED * trial.error, trial)
    found = (
        None
        if planted is None
        else enough(repeat(trial, "dummy_outcome", planted[0], max(FEWEST, trial.refits() // 2)))
    )
    if planted is not None and found is not None:
        truth = planted[1]
        verdicts.append(verdict_on(found, truth, trial.error, within))
        shown = alike([truth, float(found.mean())])
        expected = f"0 without an effect, {shown[0]} with one of {shown[0]}"
        observed += f", and {shown[1]} in {len(found)} with one of {shown[0]}"
        figures |= {"planted": truth, "mean_planted": float(found.mean())}
    verdict: Verdict = "failed" if "failed" in verdicts else "inconclusive" if "inconclusive" in verdicts else "passed"
    if verdict == "failed" and rough(
        trial.sample
    ):  # made-up outcomes without an event drop out, and bend the mean of the rest
        verdict = "inconclusive"
    return Refutation(
        check="dummy_outcome",
        family="dummy_outcome",
        short="effects in made-up outcomes come out wrong",
        question="Does the method find a known effect in a made-up outcome, and none where there is none?",
        expected=expected,
        observed=observed,
        verdict=verdict,
        meaning="If this fails, the method is biased on tables like this one.",
        figures=figures,
    )


@dataclass(frozen=True)
class Made:
    """Draws outcomes with the given means. residual: (n,) for numbers, else None."""

    family: glm.Family
    mean: Floats
    residual: Floats | None
    line: Floats  # (n,) the mean on the scale of its model
    straight: bool  # a planted effect shifts the mean itself, not its log or log odds

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Outcome:
        import numpy as np

        if self.family == "logistic":
            return Outcome((rng.random(sample.n) < self.mean).astype("float64"))
        if self.family == "poisson":
            return Outcome(rng.poisson(np.minimum(self.mean, 1e6)).astype("float64"))
        assert self.residual is not None
        groups = sample.n if sample.cluster is None else int(sample.cluster.max()) + 1
        heads = coins(groups, rng)
        low, gap = self._sides
        y = gap * (heads if sample.cluster is None else heads[sample.cluster])
        y += low
        return Outcome(y)

    @cached_property
    def _sides(self) -> tuple[Floats, Floats]:
        """Every row's outcome with tails, and by how much heads is more: (n,) each."""
        assert self.residual is not None
        return self.mean - self.residual, 2 * self.residual

    def planted(self, effect: float, trial: Trial) -> tuple[Made, float] | None:
        """The same with an effect of about that size, and its true size, both on the line scale; None where it has no place:
        a chance or rate that would have to leave its range.

        A shift on the scale of the model: of the mean for numbers and for slopes, of log odds or of log rates.
        """
        import numpy as np

        sample = trial.sample
        step = sample.treated - sample.control
        dose = sample.kind == "dose"
        per_row = sample.dose / step if dose else (sample.arm == 1).astype("float64")
        centre = float(np.average(per_row, weights=sample.weights)) if dose else 0.0
        if self.straight and trial.scale == "difference":
            mean = self.mean + effect * (per_row - centre)
            if self.family != "linear" and np.mean(mean != np.clip(mean, *_range(self.family))) > 0.01:
                return None
            return replace(self, mean=np.clip(mean, *_range(self.family))), effect
        ends = [v / step - centre if dose else float(v == 1.0) for v in (sample.treated, sample.control)]

        def true(shift: float) -> float:
            wanted = sample.wanted()
            weights = sample.weights[wanted]
            means = [
                np.average(glm.mean_of(self.family, self.line[wanted] + shift * end), weights=weights) for end in ends
            ]
            return on_line(Fit(float(means[0]), float(means[1])), trial.scale)

        little = 0.1 if self.family != "linear" else 1e-3 * (abs(float(np.mean(self.line))) or 1.0)
        slope = true(little) / little
        if not np.isfinite(slope) or slope <= 0:
            return None
        shift = effect / slope
        truth = true(shift)
        if not np.isfinite(truth) or not 0.5 * effect <= truth <= 2 * effect:
            return None
        return replace(self, mean=glm.mean_of(self.family, self.line + shift * (per_row - centre))), truth


def _made(trial: Trial) -> Made:
    """From the outcome's own model of treatment and covariates, with the treatment's part taken out of the mean; for the slope of
    a dose a straight one, as the answer has it."""
    import numpy as np

    sample = trial.sample
    family = FAMILY[sample.outcome_kind]
    straight = family == "linear" or (sample.kind == "dose" and sample.per_unit)
    treatment = sample.dose[:, None]
    if sample.kind == "arms":
        arms = [a for a in (1, -1) if (sample.arm == a).any()]
        treatment = np.column_stack([sample.arm == a for a in arms]).astype("float64")
    treatment = standardised(treatment)
    design = np.column_stack([glm.with_intercept(treatment), standardised(sample.x)])
    model = glm.fit(design, sample.y, sample.weights, "linear" if straight else family)
    line = design @ model.beta
    base = line - treatment @ model.beta[1 : 1 + treatment.shape[1]]
    if family == "linear":
        return Made(family, base, sample.y - line, base, True)
    mean = np.clip(base, *_range(family)) if straight else glm.mean_of(family, base)
    return Made(family, mean, None, base, straight)


def _range(family: glm.Family) -> tuple[float, float]:
    """Where a mean may lie."""
    return {"linear": (-math.inf, math.inf), "logistic": (0.0, 1.0), "poisson": (0.0, math.inf)}[family]
