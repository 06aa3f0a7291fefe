"""Curves: who is still free of an event as time goes on, and the outcome along a dose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...wording import number, safe
from .axis import spanning
from .canvas import Canvas, width_of
from .figure import Figure, figure
from .frame import end_labels, frame, key

KINDS = ("treated", "control")
POINTS = 12  # of a curve, in its table


def survival(groups: Mapping[str, Any], title: str, x_name: str, free_of: str) -> Figure:
    """Steps down over time. `groups`: the figures of the diagnosis `kaplan_meier`, the treated first."""
    curves = {
        safe(n): [(float(t), 100 * float(v)) for t, v in zip(g["time"], g["free"], strict=True)]
        for n, g in groups.items()
    }
    last = min(c[-1][0] for c in curves.values())
    said = "; ".join(f"{n}: {number(_at(c, last))} of 100 at {number(last, 3)}" for n, c in curves.items())
    words = f"Of 100 rows, how many are still free of {free_of} as {x_name} goes on. {said}."
    times = [t for t in spanning([0.0, last], 0, 1).ticks(8) if 0 <= t <= last]
    table = (
        (x_name, *(f"{n}: free, of 100" for n in curves)),
        *((number(t, 3), *(number(_at(c, t)) for c in curves.values())) for t in times),
    )
    note = "Each step down is an event. Nothing is held fixed in this picture; the answer's figure may hold more fixed."
    return figure("survival", title, words, lambda c: _steps(c, curves, x_name, free_of), table, note)


def _at(curve: Sequence[tuple[float, float]], time: float) -> float:
    return [v for t, v in curve if t <= time + 1e-12][-1]


def _steps(c: Canvas, curves: Mapping[str, Sequence[tuple[float, float]]], x_name: str, free_of: str) -> None:
    beside = 6.0 if c.narrow else min(max(width_of(n) for n in curves) + 14, 160.0)
    pairs = list(zip(curves.items(), KINDS, strict=False))
    head = key(c, 34, [("line", f"curve {k}", n) for (n, _), k in pairs]) + 12 if c.narrow else 4.0
    lowest = min(v for line in curves.values() for _, v in line)
    ys = [100.0, 0.0 if lowest < 60 else lowest]
    f = frame(
        c,
        [t for line in curves.values() for t, _ in line],
        ys,
        (x_name, f"free of {free_of}, of 100"),
        beside=beside,
        head=head,
        room=0.02,
    )
    for (_, line), kind in pairs:
        shape: list[tuple[float, float]] = []
        for t, v in line:
            if shape:
                shape.append((f.x.at(t), shape[-1][1]))
            shape.append((f.x.at(t), f.y.at(v)))
        c.polyline(shape, f"curve {kind}")
    if not c.narrow:
        ends = [(f.y.at(line[-1][1]), n, f"in-{k}") for (n, line), k in pairs]
        end_labels(c, ends, f.right + 8, beside - 10, f.top, f.bottom)


def dose(figures: Mapping[str, Any], title: str, x_name: str, y_name: str, factor: float) -> Figure:
    """The mean outcome at each dose with its margin. `figures`: those of the diagnosis `dose_curve`."""
    points = [
        (float(d), factor * float(m), _times(factor, low), _times(factor, high))
        for d, m, low, high in zip(figures["doses"], figures["means"], figures["low"], figures["high"], strict=True)
    ]
    table = (
        (x_name, y_name, "margin"),
        *(
            (
                number(d, 3),
                number(m, 3),
                "—" if low is None or high is None else f"{number(low, 3)} to {number(high, 3)}",
            )
            for d, m, low, high in points
        ),
    )
    first, final = points[0], points[-1]
    words = (
        f"{y_name} if everybody had each dose: {number(first[1], 3)} at {x_name} {number(first[0], 3)},"
        f" {number(final[1], 3)} at {number(final[0], 3)}; the band is the margin of each dose by itself."
    )
    return figure(
        "dose",
        title,
        words,
        lambda c: _dose(c, points, x_name, y_name),
        table,
        "The band is the margin at each dose by itself.",
    )


def _dose(c: Canvas, points: Sequence[tuple[Any, ...]], x_name: str, y_name: str) -> None:
    ends = [v for _, m, low, high in points for v in (m, low, high) if v is not None]
    f = frame(c, [p[0] for p in points], ends, (x_name, y_name))
    known = [(d, low, high) for d, _, low, high in points if low is not None and high is not None]
    band = [(f.x.at(d), f.y.at(high)) for d, _, high in known] + [
        (f.x.at(d), f.y.at(low)) for d, low, _ in reversed(known)
    ]
    if len(band) > 3:
        c.polygon(band, "band main")
    c.polyline([(f.x.at(d), f.y.at(m)) for d, m, _, _ in points], "curve main")
    if len(points) <= 20:
        for d, m, _, _ in points:
            c.mark(f.x.at(d), f.y.at(m), "square", "dot main", 3.0)


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * float(value)
