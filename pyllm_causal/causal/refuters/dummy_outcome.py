"""Dummy outcomes: the outcome is replaced by one whose effect is known, and the method must find it."""

from __future__ import annotations

from dataclasses import replace

from ...analysis import Refutation
from ...wording import alike
from .. import glm
from ..estimators.regression import FAMILY
from ..propensity import standardised
from . import Trial, refuter


@refuter("dummy_outcome", "replace the outcome by a simulated one with no effect, and with a known effect")
def dummy_outcome(trial: Trial) -> Refutation | None:
    """An outcome simulated from the covariates (fitted model plus shuffled residuals; a coin for yes/no, Poisson for counts)
    with zero effect, and for numbers with a planted effect of two standard errors. Passes when the mean estimates are within
    a quarter of a standard error, or three Monte-Carlo errors, of the truth."""
    import numpy as np

    sample = trial.sample
    rng = trial.rng("dummy_outcome")
    if trial.scale != "difference" or sample.cluster is not None:
        return None
    family = FAMILY[sample.outcome_kind]
    design = glm.with_intercept(standardised(sample.x))
    mean = glm.fit(design, sample.y, sample.weights, family).mean(design)
    residual = sample.y - mean
    planted = 2 * trial.error
    step = sample.treated - sample.control
    zero, known = [], []
    for i in range(trial.refits()):
        if family == "logistic":
            y = (rng.random(sample.n) < mean).astype("float64")
        elif family == "poisson":
            y = rng.poisson(np.clip(mean, 0, 1e6)).astype("float64")
        else:
            y = mean + rng.permutation(residual)
        zero.append(trial.refit(replace(sample, y=y)))
        if family == "linear" and i % 2 == 0:
            shift = sample.dose / step if sample.kind == "dose" else (sample.arm == 1).astype("float64")
            known.append(trial.refit(replace(sample, y=y + planted * shift)))
    values = np.array([v for v in zero if np.isfinite(v)])
    if len(values) < 5:
        return None
    ok = _near(values, 0.0, trial.error)
    observed = alike([float(values.mean()), trial.value])[0]
    expected, figures = "0", {"mean_without": float(values.mean()), "repeats": len(values)}
    found = np.array([v for v in known if np.isfinite(v)])
    if len(found) >= 5:
        ok = ok and _near(found, planted, trial.error)
        shown = alike([planted, float(found.mean())])
        expected, observed = f"0, and {shown[0]} where that was planted", f"{observed}, and {shown[1]}"
        figures |= {"planted": planted, "mean_planted": float(found.mean())}
    return Refutation(
        check="dummy_outcome",
        question="Does the method find a known effect in a made-up outcome, and none where there is none?",
        expected=expected,
        observed=observed,
        verdict="passed" if ok else "failed",
        meaning="If this fails, the method is biased on tables like this one.",
        figures=figures,
    )


def _near(values: object, truth: float, error: float) -> bool:
    import numpy as np

    v = np.asarray(values)
    return bool(abs(v.mean() - truth) <= max(0.25 * error, 3 * v.std(ddof=1) / np.sqrt(len(v))))
