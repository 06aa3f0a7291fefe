"""Choose the methods by rule, run them, and put their results on the scale that was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..analysis import Effect, Estimate
from ..errors import QueryError
from ..query import Scale
from ..wording import safe
from .estimators import REGISTRY, Estimator
from .estimators.doubly_robust import SEED, Nuisance, fit_with_form, nuisance
from .estimators.doubly_robust import form as outcome_form
from .estimators.regression import unadjusted
from .impute import pooled
from .inference import Fit, effect_of
from .learners import folds, out_of_fold
from .propensity import standardised
from .sample import Sample

FORM_Z = 3.0  # a flexible outcome model must beat the straight one this clearly to take over


@dataclass(frozen=True)
class Estimates:
    """The headline first, then second opinions; `form` is the z-score by which a flexible outcome model is better."""

    headline: Estimate
    others: tuple[Estimate, ...]
    unadjusted: Effect | None
    form: float
    fit: Fit
    estimator: Estimator
    single: Fit | None = None  # of one completion where gaps were filled in: what checks refit; None: `fit` itself
    fits: dict[str, Fit] = field(default_factory=dict)  # every method's on that completion
    models: Nuisance | None = None  # of the treatment there, where they were fitted


def estimate(
    sample: Sample,
    scale: Scale,
    unit: str,
    method: str | None = None,
    copies: tuple[Sample, ...] = (),
    others: bool = True,
    models: Nuisance | None = None,
) -> Estimates | None:
    """All estimates, or None when the scale is undefined in these data (a mean of zero under a ratio).

    Rule: random assignment without covariates, the plain difference, within strata where there are any; otherwise
    regression standardisation, unless a flexible outcome model predicts clearly better out of sample: then the
    cross-fitted doubly robust estimate (between two named doses, regression on bent covariates). `method` overrules it.
    `copies` are further completions of a sample with gaps; every method runs on each and is pooled. Without `others` only the
    headline is estimated. `models`: those of the treatment on these rows, where they have been fitted already.
    Raises `QueryError` for a method that does not fit.
    """
    from numpy.linalg import LinAlgError

    samples = (sample, *copies)
    fits: dict[str, Fit] = {}
    failed: set[str] = set()
    form = 0.0
    if REGISTRY["doubly_robust"].fits(sample):
        try:
            if others:
                models = models or nuisance(sample)
                fits["doubly_robust"], form = fit_with_form(sample, models)
            else:
                form = outcome_form(sample)
        except LinAlgError:
            failed.add("doubly_robust")
    first, why = _chosen(sample, form) if method is None else _asked(sample, scale, method)
    more = REGISTRY.items() if others else ()
    names = [first, *(n for n, e in more if n != first and e.fits(sample) and _sensible(e, sample, scale))]
    results: list[Estimate] = []
    singles: dict[str, Fit] = {}
    for name in names:
        if name in failed and name != first:
            continue
        try:
            one = fits.get(name) or REGISTRY[name].function(sample)
            singles[name] = one
            fit = pooled([one, *(REGISTRY[name].function(c) for c in copies)], samples)
        except LinAlgError:
            if name == first:
                raise
            continue  # a second opinion that cannot be had is left out
        fits[name] = fit
        effect = effect_of(fit, sample, scale, unit)
        if effect is None:
            if name == first:
                return None
            continue
        results.append(
            Estimate(
                method=name,
                label=REGISTRY[name].label,
                effect=effect,
                n=sample.n,
                notes=fit.notes,
                means=(fit.treated, fit.control),
                why=why if name == first else "",
            )
        )
    plain = effect_of(unadjusted(sample), sample, scale, unit) if sample.k else None
    return Estimates(
        results[0],
        tuple(results[1:]),
        plain,
        form,
        fits[first],
        REGISTRY[first],
        singles.get(first),
        singles,
        models,
    )


def _chosen(sample: Sample, form: float) -> tuple[str, str]:
    """(method, why in plain words), by rule."""
    if REGISTRY["difference_in_means"].fits(sample):
        return "difference_in_means", "the groups were formed at random, so they can be compared as they are"
    if REGISTRY["post_stratified"].fits(sample):
        return "post_stratified", "the groups were formed at random within strata, so they are compared within them"
    if form >= FORM_Z and not sample.randomised:
        if sample.kind == "dose" and not sample.per_unit and REGISTRY["flexible_regression"].fits(sample):
            return "flexible_regression", "straight lines predict the outcome clearly worse than bent ones"
        return "doubly_robust", "straight lines predict the outcome clearly worse than a flexible model"
    if sample.randomised:
        return "regression", "random groups; holding other columns fixed takes chance out of the comparison"
    return "regression", "a flexible model predicts the outcome no better, and this one is the most precise"


def _asked(sample: Sample, scale: Scale, method: str) -> tuple[str, str]:
    fit = [n for n, e in REGISTRY.items() if e.fits(sample) and _sensible(e, sample, scale)]
    if method not in fit:
        known = "does not fit this question" if method in REGISTRY else "is not known for this question"
        raise QueryError(f"The method {method!r} {known}.", f"Methods that do: {', '.join(fit)}.")
    return method, "you asked for it"


def settled(sample: Sample) -> Sample:
    """The sample with a whole-number outcome read as a count only where a log-linear model predicts it better than a
    straight one out of sample: scores, ages and money are whole numbers too."""
    import numpy as np

    if sample.outcome_kind != "count" or sample.n < 20:
        return sample if sample.outcome_kind != "count" else replace(sample, outcome_kind="number")
    t = sample.dose if sample.kind == "dose" else (sample.arm == 1).astype("float64")
    x = standardised(np.column_stack([t, sample.x]))
    fold = folds(sample.n, sample.arm, SEED, cluster=sample.cluster)
    rows = np.ones(sample.n, dtype=bool) if sample.kind == "dose" else sample.arm >= 0
    line, _ = out_of_fold(x, None, sample.y, sample.weights, rows, fold, "linear")
    curve, _ = out_of_fold(x, None, sample.y, sample.weights, rows, fold, "poisson")
    losses = [float(np.average((sample.y - p)[rows] ** 2, weights=sample.weights[rows])) for p in (line, curve)]
    return sample if losses[1] < 0.97 * losses[0] else replace(sample, outcome_kind="number")


def _sensible(estimator: Estimator, sample: Sample, scale: Scale) -> bool:
    if estimator.name == "matching":
        return scale == "difference"
    if sample.kind == "dose" and not sample.per_unit:
        # weighting and the partially linear model are straight lines in the dose
        return (
            estimator.name in ("regression", "flexible_regression", "doubly_robust") or sample.outcome_kind == "number"
        )
    return True


def unit_of(outcome_unit: str | None, sample: Sample, scale: Scale) -> str:
    """The unit of the effect: of the outcome, or percentage points as a fraction, or none for ratios."""
    if scale == "percent":
        return "%"
    if scale != "difference":
        return ""
    if sample.outcome_kind == "yes_no":
        return "probability"
    return safe(outcome_unit) if outcome_unit else ""
