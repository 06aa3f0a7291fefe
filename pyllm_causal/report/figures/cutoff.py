"""The jump at a cut-off: averages of rows on both sides, and the lines that meet it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...wording import number, safe
from .canvas import SMALL, Canvas
from .figure import Figure, figure
from .frame import frame

SIDES = ("below", "above")


def cutoff(figures: Mapping[str, Any], title: str, unit: str) -> Figure:
    """`figures`: those of the diagnosis `discontinuity_plot`; `unit` that of the outcome as shown."""
    x, y = safe(figures["x"]), safe(figures["y"])
    at = float(figures["cutoff"])
    bins = {s: [(float(a), float(m), int(n)) for a, m, n in figures["bins"][s]] for s in SIDES}
    lines = {s: [(float(a), float(b)) for a, b in figures["lines"][s]] for s in SIDES}
    name = f"average {y}{f', {unit}' if unit else ''}"
    meets = {s: min(lines[s], key=lambda p: abs(p[0] - at))[1] for s in SIDES if lines[s]}
    words = f"Average {y} of rows grouped by {x}, on both sides of the cut-off {_plain(at)}." + "".join(
        f" Just {s} it the line is at {number(v, 3)}." for s, v in meets.items()
    )
    table = (
        (x, name, "rows"),
        *((number(a, 4), number(m, 4), f"{n:,}") for s in SIDES for a, m, n in bins[s]),
    )
    note = "Each point is the average of many rows, larger where there are more; the lines use only rows this near the cut-off."
    return figure("cutoff", title, words, lambda c: _draw(c, bins, lines, at, x, name), table, note)


def _draw(
    c: Canvas,
    bins: Mapping[str, Sequence[tuple[float, float, int]]],
    lines: Mapping[str, Sequence[tuple[float, float]]],
    at: float,
    x: str,
    name: str,
) -> None:
    points = [p for s in SIDES for p in bins[s]]
    fitted = [p for s in SIDES for p in lines[s]]
    f = frame(
        c,
        [at, *(p[0] for p in points), *(p[0] for p in fitted)],
        [*(p[1] for p in points), *(p[1] for p in fitted)],
        (x, name),
    )
    c.line(f.x.at(at), f.top, f.x.at(at), f.bottom, "start")
    c.text(f.x.at(at) + 5, f.top + 10, f"cut-off {_plain(at)}", "soft", size=SMALL)
    most = max((p[2] for p in points), default=1)
    for s, kind, shape in (("below", "control", "circle"), ("above", "treated", "square")):
        for a, m, n in bins[s]:
            c.mark(f.x.at(a), f.y.at(m), shape, f"dot {kind}", 2.5 + 2.5 * (n / most) ** 0.5)
        c.polyline([(f.x.at(a), f.y.at(b)) for a, b in lines[s]], f"curve {kind}")


def _plain(value: float) -> str:
    return f"{value:,g}".replace("-", "−")
