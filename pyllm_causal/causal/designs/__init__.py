"""The registry of designs: plain functions `Task -> Finding | NotIdentified`, one file a design.

Observational and randomised comparisons of two groups or doses go the common way (`draw`, `examine`, `estimate`, `refute`).
Every other design brings its own data, its own estimate and its own checks, and says them in the words it needs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from ...analysis import Diagnosis, Effect, Estimand, Estimate, Level, NotIdentified, Refutation, SampleCount
from ...data import Table
from ...query import Query, Value
from ..repeats import Effort

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Task:
    """One question for a design: the query, the table, the seed of everything random, and how much checks may cost."""

    query: Query
    table: Table
    seed: int = 0
    effort: Effort = field(default_factory=Effort)

    def rng(self, name: str) -> np.random.Generator:
        """A generator of this step's own: results do not depend on what else runs."""
        import numpy as np

        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


@dataclass(frozen=True)
class Finding:
    """What a design found, before it is graded and put into words.

    effect: on the scale asked for; plain: as a difference in outcome units (the same record where the scale is one).
    standing: how sure a person may be at the start. `randomised` high, `design` moderate (natural experiments),
    `observational` low; one level less where the design was not claimed by a person.
    A `warning` among the diagnoses, a failed check and every doubt cost one level each.
    """

    estimand: (
        Estimand  # strategy, adjust_for and assumptions; statement and population are filled in where they are empty
    )
    method: str
    label: str
    effect: Effect
    plain: Effect
    sample: SampleCount
    population: str  # whom the answer is about, in words that follow "for"
    spread: float  # standard deviation of the outcome, for the smallest difference that matters by convention
    standing: Literal["randomised", "design", "observational"] = "design"
    kind: Literal["arms", "dose"] = "arms"
    treated: Value = 1
    control: Value = 0
    per_unit: bool = False
    outcome_kind: Literal["number", "yes_no", "count"] = "number"
    means: tuple[float, float] | None = None
    others: tuple[Estimate, ...] = ()  # second opinions
    unadjusted: Effect | None = None
    refutations: tuple[Refutation, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    doubts: tuple[str, ...] = ()
    favours: tuple[str, ...] = ()  # what speaks for the answer, shown with a plus
    rests: tuple[str, ...] = ()  # sentences for "What this rests on", after the count of rows
    sentences: tuple[str, ...] = ()  # after the size, for example whom the number is about and why
    size: tuple[str, ...] | None = None  # in place of the usual sentences on the size
    outcome_words: str | None = None  # in place of the outcome in the headline: "the rate of death"
    cause_words: str | None = None  # in place of the treatment in the headline
    headlines: dict[Level, str] | None = None  # whole sentences by level of certainty, in place of the usual headline


Design = Callable[[Task], Finding | NotIdentified]


@dataclass(frozen=True)
class Registered:
    """A design by name; `methods` are the estimators a person may ask for with `method`, the first being the rule's own."""

    name: str
    label: str
    function: Design
    methods: tuple[str, ...] = ()


REGISTRY: dict[str, Registered] = {}


def design(name: str, label: str, methods: tuple[str, ...] = ()) -> Callable[[Design], Design]:
    """Register a design under the kind of its query. A duplicate name raises."""

    def register(function: Design) -> Design:
        if name in REGISTRY:
            raise ValueError(f"design {name!r} is already registered")
        REGISTRY[name] = Registered(name, label, function, methods)
        return function

    return register


def strategy_of(query: Query) -> str | None:
    """The registered design that answers `query`; None for the common way of observational and randomised tables."""
    if query.kind == "effect_by_group":
        return "effect_by_group"
    if query.kind == "mediation" or query.design.kind == "mediation":
        return "mediation"
    if query.event is not None or query.scale == "hazard_ratio":
        return "survival"
    kind = query.design.kind
    return None if kind in ("observational", "randomised") else kind


# Which module of this folder answers which strategy; one is imported when it is asked for.
MODULES = {
    name: name
    for name in (
        "instrument", "discontinuity", "differences", "panel", "synthetic_control", "front_door", "mediation", "survival",
    )
} | {"effect_by_group": "by_group"}  # fmt: skip


def named(strategy: str) -> Registered:
    """The design that answers a strategy."""
    import_module(f"{__name__}.{MODULES[strategy]}")
    return REGISTRY[strategy]


def every() -> tuple[Registered, ...]:
    """All designs."""
    return tuple(named(strategy) for strategy in MODULES)
