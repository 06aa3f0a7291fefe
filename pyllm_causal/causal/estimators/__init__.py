"""The registry of estimators: plain functions `Sample -> Fit`, in order of definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..inference import Fit
from ..sample import Sample

Function = Callable[[Sample], Fit]


@dataclass(frozen=True)
class Estimator:
    """`fits` says whether the method applies to a sample; `refits` bounds how often checks repeat a slow, flexible one."""

    name: str
    label: str
    function: Function
    fits: Callable[[Sample], bool]
    refits: int | None = None
    resamples: bool = True  # whether the bootstrap is valid for it
    cost: float = 1.0  # of one fit, relative to least squares on the same rows


REGISTRY: dict[str, Estimator] = {}


def estimator(
    name: str,
    label: str,
    fits: Callable[[Sample], bool],
    refits: int | None = None,
    resamples: bool = True,
    cost: float = 1.0,
) -> Callable[[Function], Function]:
    """Register a function under `name`; `label` is what a person reads. A duplicate name raises."""

    def register(function: Function) -> Function:
        if name in REGISTRY:
            raise ValueError(f"estimator {name!r} is already registered")
        REGISTRY[name] = Estimator(name, label, function, fits, refits, resamples, cost)
        return function

    return register


from . import means, regression, weighting, doubly_robust, matching  # noqa: E402, F401, I001  (definition order)
