"""The registry of checks: plain functions `Trial -> Refutation | None`, each with its own pass rule, in order of definition.

All compare on the scale where sampling is symmetric (the difference, or the log ratio) and in units of the headline's
standard error, so that the rules mean the same for every outcome.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...analysis import Refutation
from ...query import Query, Scale
from ..estimate import Estimates
from ..estimators.regression import form_of
from ..inference import on_line
from ..sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What a check works on: the sample, the headline estimate and a seed of its own."""

    sample: Sample
    estimates: Estimates
    query: Query
    scale: Scale
    seed: int

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

    def refits(self) -> int:
        """How many times to repeat: fewer for slow methods and large tables, always the same for the same table."""
        method = self.estimates.estimator
        cost = method.cost * self.sample.n * (self.sample.k + 2) ** 2
        return int(max(min(20, method.refits // 2), min(method.refits, WORK / max(cost, 1.0))))

    def refit(self, sample: Sample) -> float:
        """The headline method on another sample, on the line scale; NaN where it cannot be computed."""
        import numpy as np

        try:
            return on_line(self.estimates.estimator.function(sample), self.scale)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
            return float("nan")


WORK = 4e8  # multiplications that the repeats of one check may cost, roughly a second
Check = Callable[[Trial], Refutation | None]


@dataclass(frozen=True)
class Refuter:
    """A registered check; `about` is one plain line for people and models to choose from."""

    name: str
    about: str
    function: Check


REGISTRY: dict[str, Refuter] = {}


def refuter(name: str, about: str) -> Callable[[Check], Check]:
    """Register a check. A duplicate name raises."""

    def register(function: Check) -> Check:
        if name in REGISTRY:
            raise ValueError(f"refuter {name!r} is already registered")
        REGISTRY[name] = Refuter(name, about, function)
        return function

    return register


def refute(trial: Trial) -> tuple[Refutation, ...]:
    """Every registered check that applies, in order of definition."""
    if not trial.error > 0:
        return ()
    if trial.sample.kind == "dose":  # the form of the model is part of the analysis that is checked
        trial = replace(trial, sample=replace(trial.sample, form=form_of(trial.sample)))
    found = (r.function(trial) for r in REGISTRY.values())
    return tuple(r for r in found if r is not None)


from . import negative_control, stability, dummy_outcome, sensitivity, agreement  # noqa: E402, F401, I001
