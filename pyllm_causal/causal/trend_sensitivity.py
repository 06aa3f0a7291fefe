"""How far two groups would have to drift apart by themselves to explain a difference-in-differences (Rambachan & Roth 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..analysis import Effect, Refutation, Verdict
from ..wording import alike, number, safe
from .att import Att, effect_on
from .differences_case import Case
from .pre_trends import FEWEST, EventStudy

Show = Callable[[Sequence[float]], list[str]]  # figures as a person reads them, rounded alike, with their unit


@dataclass(frozen=True)
class Breakdown:
    """How many times the largest step before treatment the steps of a broken trend may be, in every period after it, before the
    estimate is all drift (`whole`), and before the interval takes in "no effect" (`times`; None where it does already); that
    largest step, over how many steps the treated are looked at on average, and the estimate against the last period before."""

    whole: float
    times: float | None
    step: float
    reach: float
    centre: float


def breakdown(study: EventStudy, value: float, low: float, high: float) -> Breakdown | None:
    """After Rambachan & Roth (2023, section 2.4.1, relative magnitudes): from one period to the next the trends may part by at
    most M times the largest step seen before treatment, which moves the gap e periods after the start by at most (e + 1)·M
    steps. A simple version: the largest step is taken as seen, which chance makes too large rather than too small, and the
    interval is shifted by the bound. An estimate that compares with the average of all earlier periods is first moved to what it
    would be against the last one, from which drift is counted. None with fewer than two earlier periods."""
    import numpy as np

    before = (study.event <= -1) & (study.members >= FEWEST * study.members.max())
    events = np.append(study.event[before], -1)
    gaps = np.append(study.gap[before], 0.0)
    order = np.argsort(events)
    events, gaps = events[order], gaps[order]
    near = np.diff(events) > 0
    steps = np.abs(np.diff(gaps)[near] / np.diff(events)[near])
    if not len(steps) or float(steps.max()) <= 0:
        return None
    after = study.event >= 0
    if not after.any():
        return None
    weights = study.treated[after]
    reach = float(np.average(study.event[after] + 1, weights=weights))
    centre = float(np.average(study.gap[after], weights=weights))
    drift = float(steps.max()) * reach
    clear = low > 0 if value > 0 else high < 0
    # the near end of the interval around the moved estimate; already beyond zero, there is no room at all
    room = max(centre + (low - value), 0.0) if value > 0 else max(-(centre + (high - value)), 0.0)
    whole = max(centre if value > 0 else -centre, 0.0)
    return Breakdown(whole / drift, room / drift if clear else None, float(steps.max()), reach, centre)


def trend_sensitivity(case: Case, att: Att, study: EventStudy | None) -> Refutation | None:
    """Information, never a fault: passes when trends that part by as much as they ever did before, in every period after, leave the
    interval clear of no effect. Without earlier periods, how far they would have to part at all, in the outcome's units: then
    there is nothing to compare with, and the verdict is inconclusive. None where the treatment is switched off again."""
    effect = effect_on(att, "difference", "")
    if case.adoption.back or effect is None or effect.low is None or effect.high is None:
        return None
    sign = case.adoption.sign
    low, high = sorted((sign * effect.low, sign * effect.high))
    found = None if study is None else breakdown(study, sign * att.value, low, high)
    show = shown_in(case.kind == "yes_no", safe(case.task.table.profile.column(str(case.query.outcome)).unit or ""))
    if found is not None:
        return told(found, sign, show)
    return _unseen(effect, _others_changed(case), show)


def told(found: Breakdown, sign: int, show: Show) -> Refutation:
    """The check for a known largest step; sign −1 where the effect asked for is that of the opposite change."""
    drift = found.step * found.reach
    ends = (sign * found.centre - drift, sign * found.centre + drift)
    shown = show([found.step, *ends])
    observed = "the margin includes no effect already; there is nothing to undo"
    verdict: Verdict = "inconclusive"
    if found.times is not None:
        verdict = "passed" if found.times >= 1 else "inconclusive"
        before = f"as they ever did from one period to the next before ({shown[0]})"
        could = f"could make the figure anything from {shown[1]} to {shown[2]}, chance left aside"
        observed = (
            f"in every period after the start the trends would have to part about {number(found.times)} times as much {before} to"
            f" leave open whether there is any effect; parting once as much {could}"
        )
        if not found.times:
            observed = (
                "against the last period before the start alone, the margin includes no effect without any drift; parting as much"
                f" {before} {could}"
            )
    return _check(
        observed,
        verdict,
        "further than they ever did before the treatment",
        {
            "times": found.times, "times_for_all": found.whole, "largest_step": found.step, "periods_after": found.reach,
            "low": ends[0], "high": ends[1],
        },
    )  # fmt: skip


def _unseen(effect: Effect, others: float | None, show: Show) -> Refutation:
    """No earlier period: in units, beside how far those not treated moved over the same time."""
    assert effect.low is not None and effect.high is not None
    clear = effect.low > 0 or effect.high < 0
    whole, enough = abs(effect.value), min(abs(effect.low), abs(effect.high))
    shown = show([whole, enough, abs(others or 0.0)])
    observed = "the margin includes no effect already; there is nothing to undo"
    if clear:
        observed = (
            f"by themselves the two groups would have to part by {shown[0]} over the same time to explain the whole answer;"
            f" {shown[1]} would already leave open whether there is any effect"
        )
        if others is not None:
            observed += f" (those not treated changed by {shown[2]} meanwhile)"
    figures: dict[str, float | int | str | None] = {
        "wipes_out": whole, "reaches_zero": enough if clear else 0.0, "others_changed": others,
    }  # fmt: skip
    return _check(observed, "inconclusive", "further than anybody would believe", figures)


def _check(observed: str, verdict: Verdict, expected: str, figures: dict[str, float | int | str | None]) -> Refutation:
    return Refutation(
        check="trend_sensitivity",
        family="sensitivity",
        short="a drift no larger than one already seen could explain the answer",
        question="How far would the two groups have to drift apart by themselves to wipe the answer out?",
        expected=expected,
        observed=observed,
        verdict=verdict,
        meaning="Under once, a drift no larger than one already seen could explain the whole answer.",
        figures=figures,
    )


def _others_changed(case: Case) -> float | None:
    """How far the average of those never treated moved from before the first start to after it."""
    import numpy as np

    data = case.data
    never = data.start >= data.periods
    late = data.time >= int(data.start.min())
    if not (never & late).any() or not (never & ~late).any():
        return None
    after, before = (float(np.average(data.y[m], weights=data.weights[m])) for m in (never & late, never & ~late))
    return after - before


def shown_in(chances: bool, unit: str) -> Show:
    """How figures are shown: in 100 for a yes/no outcome, with the unit otherwise."""

    def show(values: Sequence[float]) -> list[str]:
        if chances:
            return [f"{v} in 100" for v in alike([100 * v for v in values])]
        return [f"{v} {unit}" if unit else v for v in alike(values)]

    return show
