"""The registry of checks: plain functions `Trial -> Refutation | None`, each with its own pass rule, in order of definition.

All compare on the scale where sampling is symmetric (the difference, or the log ratio) and in units of the headline's
standard error, so that the rules mean the same for every outcome.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ...analysis import Refutation
from ...query import Query, Scale
from ..draws import Draw
from ..estimate import Estimates
from ..estimators.regression import bent, form_of
from ..inference import effect_of, on_line
from ..repeats import SIMULATIONS, Effort, refitted
from ..sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..moments import Moments

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What a check works on: the sample, the headline estimate, a seed, and how much may be spent."""

    sample: Sample
    estimates: Estimates
    query: Query
    scale: Scale
    seed: int
    effort: Effort = field(default_factory=Effort)

    def rng(self, name: str) -> np.random.Generator:
        """A generator of this check's own: results do not depend on which other checks run."""
        import numpy as np

        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    @property
    def error(self) -> float:
        """Standard error of the headline, on the line scale."""
        return self.estimates.headline.effect.std_error or float("nan")

    @property
    def value(self) -> float:
        """The headline, on the line scale."""
        return on_line(self.estimates.single or self.estimates.fit, self.scale)

    @cached_property
    def moments(self) -> Moments | None:
        """Many changes of the sample at once; None where the method has to be refitted for each."""
        from ..moments import moments

        return moments(self.estimates.estimator.name, self.sample) if self.scale == "difference" else None

    def refits(self) -> int:
        """How many times to repeat: as often as asked for, a flexible method at most 20 times; where nobody asked, fewer where
        the refits of a large table would take long. Always the same for the same table."""
        asked, method = self.effort.simulations, self.estimates.estimator
        most = (asked or SIMULATIONS) if method.refits is None else min(asked or SIMULATIONS, method.refits)
        if asked is not None or self.moments is not None:
            return most
        cost = method.cost * self.sample.n * (self.sample.k + 2) ** 2
        return int(max(min(20, most // 2), min(most, WORK / max(cost, 1.0))))

    def refit(self, sample: Sample) -> float:
        """The headline method on another sample, on the line scale; NaN where it cannot be computed."""
        return refitted(self.estimates.estimator.function, sample, self.scale)

    def under(self, draws: Sequence[Draw]) -> Floats:
        """(len(draws),) the headline method under each change of the sample, on the line scale."""
        import numpy as np

        if self.moments is not None:
            return self.moments.values(draws)
        return np.array([self.refit(d.apply(self.sample)) for d in draws])


WORK = 4e8  # multiplications that the refits of one check may cost where nobody said how many, roughly a second
Check = Callable[[Trial], Refutation | None]


@dataclass(frozen=True)
class Refuter:
    """A registered check; `about` is one plain line for people and models to choose from, `rounds` how many times
    `Trial.refits` simulations it takes."""

    name: str
    about: str
    function: Check
    rounds: float = 0.0


REGISTRY: dict[str, Refuter] = {}
# What a model may single out: checks that ask something about this table. The rest always run and have nothing to choose.
OFFERED = (
    "placebo_treatment", "negative_outcome", "negative_exposure", "random_common_cause", "data_subset", "bootstrap",
    "dummy_outcome", "hidden_cause", "other_methods",
)  # fmt: skip


def menu() -> dict[str, str]:
    """Name and plain line of every check that a model may single out."""
    return {name: REGISTRY[name].about for name in OFFERED if name in REGISTRY}


def refuter(name: str, about: str, rounds: float = 0.0) -> Callable[[Check], Check]:
    """Register a check. A duplicate name raises."""

    def register(function: Check) -> Check:
        if name in REGISTRY:
            raise ValueError(f"refuter {name!r} is already registered")
        REGISTRY[name] = Refuter(name, about, function, rounds)
        return function

    return register


def as_difference(trial: Trial) -> Trial:
    """A ratio that has no error of its own (no event among the treated) is checked as the difference that it comes from."""
    found, sample = trial.estimates, trial.sample
    effect = effect_of(found.fit, sample, "difference", "probability" if sample.outcome_kind == "yes_no" else "")
    if trial.scale == "difference" or effect is None or not effect.std_error:
        return trial
    headline = found.headline.model_copy(update={"effect": effect})
    return replace(trial, scale="difference", estimates=replace(found, headline=headline, others=()))


ALWAYS = "other_methods"  # compares what has been computed anyway


def settled(trial: Trial) -> Trial:
    """With the form of the headline's model decided: it is part of the analysis that is checked."""
    sample = trial.sample
    flexible = trial.estimates.estimator.name == "flexible_regression"
    return replace(trial, sample=replace(sample, form=form_of(bent(sample) if flexible else sample)))


def refute(trial: Trial) -> tuple[Refutation, ...]:
    """Every registered check that applies, in order of definition. After Ctrl-C those that were done; without checks
    (`Effort.checks`) only the comparison of the methods."""
    if not trial.error > 0:
        trial = as_difference(trial)
    if not trial.error > 0:
        return ()
    trial = settled(trial)
    watch = trial.effort.watch
    if trial.effort.checks:
        watch.repeats = trial.refits()
        watch.begin(sum(r.rounds for r in REGISTRY.values()) * watch.repeats)

    def asked(place: int, check: Refuter) -> Refutation | None:
        name = check.name.replace("_", " ")
        watch.check(f"Check {place} of {len(REGISTRY)} ({name})", check.rounds * (watch.repeats or 0))
        return check.function(trial)

    found = (
        watch.run(partial(asked, place, check), always=check.name == ALWAYS)
        for place, check in enumerate(REGISTRY.values(), 1)
        if trial.effort.checks or check.name == ALWAYS
    )
    return tuple(r for r in found if r is not None)


def one_by_one(effort: Effort, *checks: Callable[[], Refutation | None]) -> tuple[Refutation, ...]:
    """Checks that need more than the trial, in turn, under the same rules: none where none were asked for, and after Ctrl-C
    those that were done."""
    found = (effort.watch.run(check) for check in (checks if effort.checks else ()))
    return tuple(r for r in found if r is not None)


from . import negative_control, stability, dummy_outcome, planted_effect, sensitivity  # noqa: E402, F401, I001
from . import leave_one_out, e_value, functional_form, influence, trimming, leakage, agreement  # noqa: E402, F401
