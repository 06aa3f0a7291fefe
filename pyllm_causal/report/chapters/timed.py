"""Pictures of what happened over time: before and after, a unit beside its mix, who is still free of an event."""

from __future__ import annotations

from collections.abc import Iterator

from ...wording import number, safe
from ..figures.curves import survival
from ..figures.figure import Figure
from ..figures.over_time import Series, event_study, paths, placebos, synthetic
from .telling import Telling


def event_study_of(t: Telling) -> Iterator[Figure]:
    """The gap between the groups around the start."""
    found = t.diagnosis("event_study")
    if found is None or len(found.figures.get("event", ())) < 2:
        return
    f = found.figures
    events, gaps, errors, base = list(f["event"]), list(f["gap"]), list(f["std_error"]), int(f["base"])
    if base not in events:
        events, gaps, errors = [base, *events], [0.0, *gaps], [None, *errors]
    k = t.factor
    note = f"Bars are margins. Period {number(base)}, the last before the start, is the one that the others are held against."
    trend = t.check("pre_trends") or t.check("parallel_trends")
    title = t.said(trend.observed if trend is not None and trend.observed else found.finding)
    yield event_study(
        events, [k * g for g in gaps], [None if s is None else k * s for s in errors], base, title, t.outcome_axis, note
    )


def averages(t: Telling) -> Iterator[Figure]:
    """The average of each group in each period."""
    found = t.diagnosis("event_study")
    if found is None:
        return
    f = found.figures
    k = t.factor
    lines: list[Series] = [
        (name, [None if v is None else k * v for v in f["paths"][name]], kind)
        for name, kind in (("treated", "treated"), ("untreated", "control"))
        if any(v is not None for v in f["paths"].get(name, ()))
    ]
    starts = list(f.get("starts", ()))
    start = starts[0] if len(starts) == 1 else None
    words = f"The average of {t.outcome_axis} in each period, for those treated at some time and those never treated."
    ends = [
        f"{n} {number(next(v for v in s if v is not None), 3)} to {number(next(v for v in reversed(s) if v is not None), 3)}"
        for n, s, _ in lines
    ]
    yield paths(
        "averages",
        f"From the first period to the last: {'; '.join(ends)}",
        list(f["periods"]),
        lines,
        start,
        t.outcome_axis,
        words,
    )


def synthetic_of(t: Telling) -> Iterator[Figure]:
    """A unit beside its mix, and its gap among those of the others."""
    found = t.diagnosis("synthetic_paths")
    if found is None:
        return
    f = found.figures
    fit = t.diagnosis("pre_fit")
    note = "" if fit is None else f" {t.sentence(fit.finding)}"
    yield synthetic(f, t.outcome_axis, note)
    if f.get("placebo_gaps"):
        check = t.check("placebo_units")
        title = (
            check.observed
            if check is not None
            else f"{safe(f['unit'], 40)} beside the others, each treated in the same way"
        )
        yield placebos(f, title, t.outcome_axis)


def survival_of(t: Telling) -> Iterator[Figure]:
    """Who is still free of the event, by group."""
    found = t.diagnosis("kaplan_meier")
    if found is None or not found.figures:
        return
    free_of = found.finding.removeprefix("share still free of ").removesuffix(" over time, by group")
    last = min(g["time"][-1] for g in found.figures.values())
    ends = [
        f"{number(100 * [v for s, v in zip(g['time'], g['free'], strict=True) if s <= last][-1])} of 100 with {safe(n)}"
        for n, g in found.figures.items()
    ]
    title = f"At the end, {' and '.join(ends)} are still free of {free_of}"
    yield survival(found.figures, title, t.outcome, free_of)
