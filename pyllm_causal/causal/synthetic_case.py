"""One treated unit with one way of mixing the others: the problem, its answer, and how it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import Effect
from ..errors import QueryError
from ..query import Scale, SyntheticControl
from ..wording import number, safe
from .synthetic import Mix, Placebo, Problem, fit, placebo
from .unit_periods import UnitPeriods

if TYPE_CHECKING:
    from .designs import Task

METHODS = ("synthetic_control", "synthetic_outcomes", "synthetic_demeaned")
LABELS = {
    "synthetic_control": "a mix of the other units that is alike in predictors and earlier outcomes",
    "synthetic_outcomes": "a mix of the other units that follows all earlier outcomes",
    "synthetic_demeaned": "a mix of the other units that follows the ups and downs, not the level",
}


@dataclass(frozen=True)
class Case:
    """One method's problem, its mix and its placebos."""

    task: Task
    data: UnitPeriods
    method: str
    problem: Problem
    mix: Mix
    placebo: Placebo

    @property
    def actual(self) -> float:
        """The treated unit's mean outcome from the start on."""
        return float(self.problem.outcomes[self.problem.before :, 0].mean())


def run(task: Task, data: UnitPeriods, method: str) -> Case:
    predictors = data.predictors if method == "synthetic_control" else data.predictors[:0]
    problem = Problem(data.outcomes, data.before, predictors, demeaned=method == "synthetic_demeaned")
    mix = fit(problem)
    return Case(task, data, method, problem, mix, placebo(problem, mix))


def spread_of(data: UnitPeriods) -> float:
    """Root mean square distance of the donors from their average, before the change."""
    import numpy as np

    donors = data.outcomes[: data.before, 1:]
    return float(np.sqrt(((donors - donors.mean(axis=1, keepdims=True)) ** 2).mean()))


def effect_on(case: Case, scale: Scale) -> Effect:
    """The mean gap with its placebo interval; ratios are of the mean outcome to the mix's, with the ends carried over."""
    value, half, error = case.mix.effect, case.placebo.half, case.placebo.error
    low, high = value - half, value + half
    unit, p = unit_of(case), case.placebo.p
    bounded = half > 0
    if scale == "difference":
        if case.data.outcome_kind == "yes_no":
            low, high = max(low, -1.0), min(high, 1.0)
        ends = (low, high)
        size, deviation = value, error
    else:
        actual, mix = case.actual, case.actual - value

        def form(gap: float) -> float:
            ratio = actual / (actual - gap) if actual > gap else math.inf
            return 100 * (ratio - 1) if scale == "percent" else ratio

        if mix <= 0 or actual <= 0:
            raise QueryError(
                "A ratio cannot be formed: the mean of the unit or of its mix is zero.", "Ask for a difference."
            )
        size, ends, deviation = form(value), (form(low), form(high)), error / mix
        bounded = bounded and math.isfinite(ends[1])
        unit = "%" if scale == "percent" else ""
    return Effect(
        value=size,
        low=ends[0] if bounded else None,
        high=ends[1] if bounded else None,
        level=case.placebo.level,
        scale=scale,
        unit=unit,
        std_error=deviation,
        p_value=p,
        unbounded=not bounded,
        reason=None if bounded else "the other units say nothing about how far such a mix strays",
    )


def members_of(case: Case, least: float = 0.01) -> list[tuple[str, float]]:
    """The units in the mix with their shares, the largest first."""
    pairs = zip(case.data.units[1:], case.mix.weights.tolist(), strict=True)
    return sorted(((u, float(w)) for u, w in pairs if w >= least), key=lambda p: (-p[1], p[0]))


def factor_of(case: Case) -> tuple[float, str]:
    if case.data.outcome_kind == "yes_no":
        return 100.0, " in 100"
    unit = unit_of(case)
    return 1.0, f" {unit}" if unit else ""


def amount_of(task: Task, value: float) -> str:
    column = task.table.profile.column(str(task.query.outcome))
    if column.kind == "yes_no" or task.query.outcome_event is not None:
        return f"{number(100 * value)} in 100"
    return number(value) + (f" {safe(column.unit)}" if column.unit else "")


def unit_of(case: Case) -> str:
    if case.data.outcome_kind == "yes_no":
        return "probability"
    unit = case.task.table.profile.column(str(case.task.query.outcome)).unit
    return safe(unit) if unit else ""


def design_of(task: Task) -> SyntheticControl:
    assert isinstance(task.query.design, SyntheticControl)
    return task.query.design


def start_of(task: Task) -> str:
    start = design_of(task).start
    if isinstance(start, float) and start.is_integer():
        start = int(start)
    return moment(start, design_of(task).time)


def moment(period: object, column: str) -> str:
    """A period as a person reads it. A bare number that is no year says nothing without its column: `quarter = 4`."""
    text = safe(period, 30)
    bare = text.removeprefix("−").removeprefix("-").replace(".", "", 1).isdigit()
    year = text.isdigit() and 1000 <= int(text) <= 2999
    return f"{safe(column, 40)} = {text}" if bare and not year else text
