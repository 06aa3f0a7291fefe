"""Checks of a synthetic control: the same procedure on other units, at another time, without each member, in other ways."""

from __future__ import annotations

from dataclasses import replace

from ..analysis import Effect, Estimate, Refutation, Verdict
from ..wording import alike
from .agreement import agreement
from .synthetic import Mix, Placebo, Problem, earlier, fit, placebo
from .synthetic_case import moment
from .synthetic_sensitivity import hidden_cause
from .unit_periods import UnitPeriods

PLACEBO = 0.1  # share of units that may stand out as clearly


def checks(
    problem: Problem,
    mix: Mix,
    placebos: Placebo,
    data: UnitPeriods,
    others: tuple[Estimate, ...],
    effect: Effect,
    plain: Effect,
    unit: str,
    time: str,
) -> tuple[Refutation, ...]:
    """All checks that can be made with these periods and units."""
    factor = 100.0 if unit == "probability" else 1.0
    found = (
        _space(placebos, data),
        _time(problem, mix, data, factor, time),
        _without_each(problem, mix, placebos, data, factor),
        hidden_cause(mix, problem.before, data.units[0], plain, unit, moment(data.periods[problem.before], time)),
        agreement(
            effect,
            [o.effect for o in others],
            question="Do other ways of mixing give the same answer?",
            meaning="If this fails, the answer hangs on how the mix is made.",
        ),
    )
    return tuple(r for r in found if r is not None)


def _space(placebos: Placebo, data: UnitPeriods) -> Refutation:
    """Passes when at most one unit in ten stands out as clearly; says nothing against a result of "no effect", so never fails."""
    units = len(placebos.effects) + 1
    return Refutation(
        check="placebo_units",
        question="If each of the other units is treated as if the change had come there, does it show as much?",
        expected="hardly any does",
        observed=f"{data.units[0]} ranks {placebos.rank} of {units} by how far it leaves its mix, for how well the mix fitted before",
        verdict="passed" if placebos.p_ratio <= PLACEBO else "inconclusive",
        meaning="If others show as much, chance alone could have made the gap.",
        figures={"rank": placebos.rank, "units": units, "p_ratio": placebos.p_ratio, "p_gap": placebos.p},
    )


def _time(problem: Problem, mix: Mix, data: UnitPeriods, factor: float, time: str) -> Refutation | None:
    """A made-up change after two thirds of the periods before. Fails when the gap is beyond two of its placebo errors and over
    half of the real one; inconclusive when its error is too large to see a gap of that size."""
    start = (2 * problem.before) // 3
    if start < 3 or problem.before - start < 2:
        return None
    shorter = earlier(replace(problem, predictors=problem.predictors[:0]), start)
    own = fit(shorter)
    error = placebo(shorter, own).error
    large = abs(own.effect) > 2 * error and abs(own.effect) > 0.5 * abs(mix.effect)
    blind = 2 * error > abs(mix.effect)
    verdict: Verdict = "failed" if large else "inconclusive" if blind else "passed"
    shown = alike([factor * own.effect, factor * mix.effect])
    first, last = (moment(data.periods[i], time) for i in (start, problem.before - 1))
    return Refutation(
        check="placebo_time",
        question="If the change is said to have come earlier, does a gap appear before the real one?",
        expected="about 0",
        observed=f"{shown[0]} from {first} to {last} (the real gap is {shown[1]})",
        verdict=verdict,
        meaning="If this fails, unit and mix were parting already before the change.",
        figures={"gap": own.effect, "error": error, "start": data.periods[start]},
    )


def _without_each(problem: Problem, mix: Mix, placebos: Placebo, data: UnitPeriods, factor: float) -> Refutation | None:
    """The mix without each of its members in turn. Passes when no gap moves by more than one error; fails when one moves by more
    than two or turns round."""
    members = [j for j, w in enumerate(mix.weights.tolist(), start=1) if w >= 0.01]
    if problem.donors < 4 or not placebos.error > 0:
        return None
    gaps = {data.units[j]: fit(problem.without(j)).effect for j in members}
    name = max(gaps, key=lambda u: (abs(gaps[u] - mix.effect), u))
    moved = abs(gaps[name] - mix.effect) / placebos.error
    turned = abs(mix.effect) > placebos.error and any(g * mix.effect < 0 for g in gaps.values())
    verdict: Verdict = "failed" if moved > 2 or turned else "passed" if moved <= 1 else "inconclusive"
    shown = alike([factor * v for v in (min(gaps.values()), max(gaps.values()), mix.effect)])
    return Refutation(
        check="leave_one_out",
        question="Does the answer stay when each member of the mix is left out in turn?",
        expected=f"about {shown[2]}",
        observed=f"between {shown[0]} and {shown[1]}; leaving out {name} changes it most",
        verdict=verdict,
        meaning="If this fails, one other unit carries the answer.",
        figures={"low": min(gaps.values()), "high": max(gaps.values()), "most": name, "moved_in_errors": moved},
    )
