"""Planted effects on the common path: the headline's method must find an effect put into made-up outcomes of the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect, Refutation
from ..estimate import FORM_Z, unit_of
from ..estimators import Function
from ..estimators.doubly_robust import fit_with_form, nuisance
from ..inference import effect_of
from ..learners import expanded
from ..planted import LEAST, SECONDS, Made, planted, reachable, side_of
from ..planted.ground import Ground, ground
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np

MOST_ROWS = 100_000  # of a table whose flexible features are counted
FEW_CLUSTERS = 10  # below which margins are known to be rough: said elsewhere, and no failure here
EVENTS_A_COLUMN = 5  # for every coefficient of a yes/no outcome or count (Vittinghoff & McCulloch 2007)


@refuter(
    "planted_effect",
    "plant known effects, and none, in made-up outcomes on the same rows, and see whether they are found",
    rounds=1.0,
)
def planted_effect(trial: Trial) -> Refutation | None:
    """Outcomes simulated from the fitted outcome model (flexible where that predicts clearly better out of sample), 50 with an
    effect of 3.3 standard errors (or what matters, if more) and 50 without; the headline's method and interval on each. Fails as
    `planted.verdict_of` says. The number depends on rows, columns and method only; none within about 1.5 s: no check."""
    made = made_of(trial)
    return None if made is None else planted(made, trial.seed, trial.effort.watch)


def made_of(trial: Trial) -> Made | None:
    """How to make outcomes for the trial's sample, and what the headline's method says about them."""
    sample, scale, method = trial.sample, trial.scale, trial.estimates.estimator
    seconds = seconds_of(sample, method.name)
    if 2 * LEAST * seconds > SECONDS:
        return None
    function = _method(trial)
    base = ground(sample, trial.estimates.form >= FORM_Z, within=method.name == "post_stratified")
    headline = trial.estimates.headline.effect
    made = Made(
        run=lambda effect, rng: _run(trial, function, base, effect, rng),
        error=trial.error,
        seconds=seconds,
        scale=scale,
        unit=headline.unit or unit_of(None, sample, scale),
        up=side_of(headline),
        least=(trial.query.matters or 0.0) if scale == "difference" else 0.0,
        rough=rough(sample),
        allowed=SECONDS,
        per=" for one unit more" if sample.kind == "dose" and sample.per_unit else "",
    )
    return reachable(made, lambda size: base.mean(size, scale) is not None)


def rough(sample: Sample) -> bool:
    """Few clusters, or few events for the columns held fixed: margins are then known to be rough."""
    import numpy as np

    if sample.cluster is not None and int(sample.cluster.max()) + 1 < FEW_CLUSTERS:
        return True
    if sample.outcome_kind == "number" or not sample.k:
        return False
    happened = int(np.count_nonzero(sample.y))
    events = min(happened, sample.n - happened) if sample.outcome_kind == "yes_no" else happened
    return events < EVENTS_A_COLUMN * (sample.k + 2)


def _method(trial: Trial) -> Function:
    """The headline's estimator; of the doubly robust one the models of the treatment are fitted once."""
    if trial.estimates.estimator.name != "doubly_robust":
        return trial.estimates.estimator.function
    known = trial.estimates.models or nuisance(trial.sample)
    return lambda sample: fit_with_form(sample, known)[0]


def _run(trial: Trial, method: Function, base: Ground, effect: float, rng: np.random.Generator) -> Effect | None:
    mean = base.mean(effect, trial.scale)
    if mean is None:
        return None
    drawn = replace(trial.sample, y=base.noisy(mean, rng))
    return effect_of(method(drawn), drawn, trial.scale)


def seconds_of(sample: Sample, name: str) -> float:
    """What one fit takes, by a rule that was fitted to measured times of every method."""
    n, k, number = sample.n, sample.k + 2, sample.outcome_kind == "number"
    if name in ("difference_in_means", "post_stratified"):
        return 2e-4 + 7e-8 * n
    if name in ("regression", "weighting"):
        once = 5e-4 + 3e-8 * n * k + 1.5e-9 * n * k**2
        return once * (1.0 if number else 1.8) * (3.0 if sample.kind == "dose" else 1.0)
    if name == "matching":
        return 1e-3 + 2.5e-9 * n**2 * k
    p = expanded(sample.x).shape[1] if n <= MOST_ROWS else 160
    if name == "flexible_regression":
        return 4e-3 + (4e-9 if number else 8e-9) * n * p**2
    if sample.kind == "dose":
        return 2e-3 + 1.3e-9 * n * p**2
    return 1.2e-3 + 1.2e-7 * n * p if number else 4e-3 + 8e-7 * n * p
