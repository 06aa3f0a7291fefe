"""What happened over time: two groups before and after, the gap between them, a unit beside its mix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...wording import number, safe
from .axis import spanning
from .canvas import SMALL, Canvas, width_of
from .figure import Figure, figure
from .frame import end_labels, frame, key

Series = tuple[str, Sequence[float | None], str]  # name, values, class
MARGIN = 1.96  # standard errors on either side


def paths(
    name: str,
    title: str,
    periods: Sequence[Any],
    series: Sequence[Series],
    start: Any | None,
    y_name: str,
    words: str,
    others: Sequence[Sequence[float]] = (),
    note: str = "",
) -> Figure:
    """Lines over time, named at their ends; a line across marks where the treatment starts. `others` are drawn faint."""
    table = (
        ("period", *(safe(s[0]) for s in series)),
        *(
            (safe(p), *("—" if s[1][i] is None else number(float(s[1][i] or 0.0), 4) for s in series))
            for i, p in enumerate(periods)
        ),
    )
    x = _places(periods)
    begins = None if start is None else _before(x, periods, start)
    return figure(name, title, words, lambda c: _paths(c, x, periods, series, begins, y_name, others), table, note)


def _places(periods: Sequence[Any]) -> list[float]:
    """Numbers as they are (years), anything else in its order."""
    try:
        numbers = [float(p) for p in periods]
    except (TypeError, ValueError):
        numbers = []
    rising = all(a < b for a, b in itertools.pairwise(numbers))
    usable = numbers and rising and all(map(math.isfinite, numbers))
    return numbers if usable else [float(i) for i in range(len(periods))]


def _before(x: Sequence[float], periods: Sequence[Any], start: Any) -> float | None:
    """Half-way between the last period before the start and the first after."""
    at = next((i for i, p in enumerate(periods) if str(p) == str(start)), None)
    if at is None:
        return None
    return (x[at - 1] + x[at]) / 2 if at else x[0]


def _paths(
    c: Canvas,
    x: Sequence[float],
    periods: Sequence[Any],
    series: Sequence[Series],
    begins: float | None,
    y_name: str,
    others: Sequence[Sequence[float]],
) -> None:
    values = [v for _, line, _ in series for v in line if v is not None]
    faint = [v for line in others for v in line]
    beside = 6.0 if c.narrow else min(max(width_of(s[0]) for s in series) + 14, 150.0)
    head = key(c, 32, [("line", f"curve {k}", n) for n, _, k in series]) + 10 if c.narrow else 6.0
    f = frame(
        c, x, [*values, *_within(faint, values)], ("", y_name), beside=beside, head=head, named=_named(x, periods)
    )
    for other in others:
        c.polyline([(f.x.at(a), f.y.at(v)) for a, v in zip(x, other, strict=True)], "faint")
    if begins is not None:
        at = f.x.at(begins)
        c.line(at, f.top, at, f.bottom, "start")
        left = at > (f.left + f.right) / 2
        c.text(at - 5 if left else at + 5, f.top + 11, "starts here", "soft", "end" if left else "start", SMALL)
    for _, line, kind in series:
        known = [(f.x.at(a), f.y.at(v)) for a, v in zip(x, line, strict=True) if v is not None]
        c.polyline(known, f"curve {kind}")
        if len(known) <= 12:
            for px, py in known:
                c.mark(px, py, "circle" if "control" in kind else "square", f"dot {kind}", 3.5)
    if not c.narrow:
        ends = [
            (f.y.at(next(v for v in reversed(line) if v is not None)), n, f"in-{k}")
            for n, line, k in series
            if any(v is not None for v in line)
        ]
        end_labels(c, ends, f.right + 8, beside - 10, f.top - 6, f.bottom + 6)


def _within(faint: Sequence[float], values: Sequence[float]) -> list[float]:
    """Faint lines may widen the axis a little, not swamp what the figure is about."""
    if not values or not faint:
        return []
    low, high = min(values), max(values)
    room = (high - low) or abs(high) or 1.0
    return [min(max(v, low - room), high + room) for v in faint]


def _named(x: Sequence[float], periods: Sequence[Any]) -> list[tuple[float, str]]:
    """Ticks: the periods by name; of many that are numbers (years), the round ones."""
    if list(x) != [float(i) for i in range(len(x))] and len(x) > 8:
        return [(t, f"{t:g}") for t in spanning(x, 0, 1).ticks(7) if t == int(t) and min(x) <= t <= max(x)]
    return [(a, safe(p, 24)) for a, p in zip(x, periods, strict=True)]


def event_study(
    events: Sequence[int],
    gaps: Sequence[float],
    errors: Sequence[float | None],
    base: int,
    title: str,
    y_name: str,
    note: str,
) -> Figure:
    """The gap between the groups around the start, with its margin: before it should be none."""
    points = [
        (e, g, MARGIN * float(s)) if s is not None and math.isfinite(float(s)) else (e, g, None)
        for e, g, s in zip(events, gaps, errors, strict=True)
    ]
    table = (
        ("periods since the start", "gap", "margin"),
        *(
            (str(e), number(g), "—" if m is None else f"{number(g - m)} to {number(g + m)}")
            for e, g, m in sorted(points)
        ),
    )
    before = [(e, g) for e, g, _ in points if e < 0 and e != base]
    words = (
        f"The gap between the groups in {y_name}, by periods since the start; the period {number(base)} is set to zero."
        f" Before: {', '.join(f'{number(g)} at {number(e)}' for e, g in before) or 'nothing to see'}."
        f" After: {', '.join(f'{number(g)} at {e}' for e, g, _ in points if e >= 0)}."
    )
    return figure("event-study", title, words, lambda c: _events(c, points, base, y_name), table, note)


def _events(c: Canvas, points: Sequence[tuple[int, float, float | None]], base: int, y_name: str) -> None:
    xs = [float(e) for e, _, _ in points]
    ys = [0.0, *(v for _, g, m in points for v in (g - (m or 0.0), g + (m or 0.0)))]
    f = frame(c, [min(xs) - 0.5, max(xs) + 0.5], ys, ("periods since the start", f"gap in {y_name}"))
    c.line(f.left, f.y.at(0), f.right, f.y.at(0), "zero")
    at = f.x.at(-0.5)
    c.line(at, f.top, at, f.bottom, "start")
    c.text(at - 6, f.top + 10, "before", "soft", "end", SMALL)
    c.text(at + 6, f.top + 10, "after", "soft", "start", SMALL)
    for e, g, m in points:
        kind = "control" if e < 0 else "main"
        x, y = f.x.at(e), f.y.at(g)
        if m is not None and e != base:
            c.line(x, f.y.at(g - m), x, f.y.at(g + m), f"whisker {kind}")
        c.mark(x, y, "circle" if e < 0 else "square", f"{'hollow' if e == base else 'dot'} {kind}", 4.5)


def synthetic(figures: Mapping[str, Any], y_name: str, more: str = "") -> Figure:
    """A unit beside its mix of others. `figures`: those of the diagnosis `synthetic_paths`; `more` is added to the note."""
    unit = safe(figures["unit"], 40)
    periods, start = list(figures["periods"]), figures["start"]
    at = next((i for i, p in enumerate(periods) if str(p) == str(start)), 0)
    gap = [a - b for a, b in zip(figures["actual"], figures["synthetic"], strict=True)]
    after = gap[at:]
    lies = f"{number(abs(sum(after) / max(len(after), 1)))} {'below' if sum(after) < 0 else 'above'}"
    title = f"From {safe(start)} on, {unit} lies {lies} its mix, on average"
    words = (
        f"{y_name} of {unit} and of its mix of other units over time. The mix is made to follow {unit} before {safe(start)}."
        f" From then on {unit} lies {lies} it on average."
    )
    mix = ", ".join(f"{number(100 * float(w))}% {safe(n, 40)}" for n, w in list(figures["weights"].items())[:8])
    series: list[Series] = [
        (unit, figures["actual"], "main"),
        (f"mix that stands in for {unit}", figures["synthetic"], "control"),
    ]
    return paths("synthetic", title, periods, series, start, y_name, words, note=f"The mix: {mix}.{more}")


def placebos(figures: Mapping[str, Any], title: str, y_name: str) -> Figure:
    """The gap of the unit among the gaps of all the others, each treated as if it had been the one."""
    unit = safe(figures["unit"], 40)
    others = [list(map(float, g)) for g in figures["placebo_gaps"].values()]
    words = (
        f"The gap between {unit} and its mix over time, among the gaps of {len(others)} other units treated in the same way."
        " If the others' gaps are as large, the gap may be chance."
    )
    series: list[Series] = [(unit, list(map(float, figures["gap"])), "main")]
    note = "Each faint line is another unit, treated as if it had been the one. Lines that leave the picture are cut."
    return paths(
        "placebos", title, list(figures["periods"]), series, figures["start"], f"gap in {y_name}", words, others, note
    )
