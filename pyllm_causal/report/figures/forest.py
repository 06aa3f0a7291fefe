"""The forest plot: one row an estimate, its interval as a line, and "no effect" as the line to hold it against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..amounts import Amount
from .axis import Axis, draw_below, spanning
from .canvas import SIZE, SMALL, Canvas, width_of, wrapped
from .figure import Figure, figure

Kind = Literal["main", "other", "check", "plain", "group"]
SHAPES: dict[str, str] = {
    "main": "square",
    "other": "circle",
    "check": "triangle",
    "plain": "diamond",
    "group": "square",
}
STRONG = ("main", "group")
BOLDER = 0.87  # of the room is left by letters that are bolder
FAR = 1.0  # widths of the main interval: one that reaches farther out is cut, with an arrow


@dataclass(frozen=True)
class Row:
    """One estimate. `unit` is that of the value as shown."""

    label: str
    amount: Amount
    kind: Kind = "other"


@dataclass(frozen=True)
class Scale:
    """The axis: where "no effect" lies, what it is called, and the band of differences too small to matter."""

    null: float
    name: str
    log: bool = False
    lower: str = "lower"
    higher: str = "higher"
    small: float | None = None


def forest(key: str, title: str, rows: Sequence[Row], scale: Scale, note: str = "", words: str = "") -> Figure:
    """The rows under each other, in their order. A value without an interval is drawn as a point."""
    spoken = "; ".join(f"{r.label}: {r.amount.text}" for r in rows)
    told = f"{words or 'Estimates with their margins'}, in {scale.name}. {spoken}. No effect is {_null(scale)}."
    table = (("", f"value ({scale.name})", "margin"), *(_cells(r) for r in rows))
    return figure(key, title, told, lambda c: _draw(c, rows, scale), table, note)


def _null(scale: Scale) -> str:
    return f"{scale.null:g}"


def _cells(row: Row) -> tuple[str, str, str]:
    if row.amount.value is None:
        return (row.label, "—", row.amount.text)
    value, _, margin = row.amount.text.partition(" (")
    return (row.label, value, margin.rstrip(")") or "—")


def _draw(c: Canvas, rows: Sequence[Row], scale: Scale) -> None:
    numbers = max(width_of(r.amount.text) / (BOLDER if r.kind in STRONG else 1.0) for r in rows) + 8
    labels = (
        0.0
        if c.narrow
        else min(max(width_of(r.label) / (BOLDER if r.kind in STRONG else 1.0) for r in rows) + 18, 250.0)
    )
    left, right = (6.0, c.width - 6.0) if c.narrow else (labels, c.width - numbers - 6)
    axis = _axis(rows, scale, left + 8, right - 8)
    room = (c.width - numbers - 14) if c.narrow else labels - 14
    heads = [wrapped(r.label, room * (BOLDER if r.kind in STRONG else 1.0), SIZE, 3) for r in rows]
    heights = [17.0 * len(h) + (26.0 if c.narrow else 13.0) for h in heads]
    top = 24.0
    bottom = top + sum(heights) + 2
    if scale.small and not scale.log:
        a, b = axis.at(scale.null - scale.small), axis.at(scale.null + scale.small)
        c.rect(a, top, b - a, bottom - top, "band")
    draw_below(c, axis, top, bottom, 4 if c.narrow else 6)
    zero = axis.at(scale.null)
    c.line(zero, top - 4, zero, bottom, "zero")
    _sides(c, zero, top - 10, scale, left, right)
    y = top
    for row, head, height in zip(rows, heads, heights, strict=True):
        strong = "strong" if row.kind in STRONG else ""
        first = y + 18
        for i, line in enumerate(head):
            c.text(0 if c.narrow else 2, first + 17 * i, line, strong)
        c.text(c.width - 2, first + (0 if c.narrow else 8.5 * (len(head) - 1)), row.amount.text, strong, "end")
        at = first + 17 * (len(head) - 1) + 15 if c.narrow else first - 4.5 + 8.5 * (len(head) - 1)
        _interval(c, axis, row, at)
        y += height
    named = wrapped(
        scale.name + (" (log scale)" if scale.log else ""), min(left + right, 2 * c.width - left - right), SMALL, 2
    )
    for i, line in enumerate(named):
        c.text((left + right) / 2, bottom + 34 + 14 * i, line, "soft", "middle", SMALL)
    c.height = bottom + 28 + 14 * len(named)


def _sides(c: Canvas, zero: float, y: float, scale: Scale, left: float, right: float) -> None:
    """What lies on either side of "no effect", where there is room for the word."""
    for words, anchor, x, room in (
        (f"← {scale.lower}", "end", zero - 7, zero - left),
        (f"{scale.higher} →", "start", zero + 7, right - zero),
    ):
        if len(words) > 2 and width_of(words, SMALL) + 8 < room:
            c.text(x, y + 4, words, "soft", anchor, SMALL)


def _interval(c: Canvas, axis: Axis, row: Row, y: float) -> None:
    a = row.amount
    if a.low is not None and a.high is not None:
        c.line(axis.at(a.low), y, axis.at(a.high), y, f"whisker {row.kind}")
        for end, sign, beyond in ((a.low, -1, a.low < axis.low), (a.high, 1, a.high > axis.high)):
            x = axis.at(end)
            if beyond:
                c.polygon([(x + 7 * sign, y), (x, y - 4.5), (x, y + 4.5)], f"dot {row.kind}")
            else:
                c.line(x, y - 4, x, y + 4, f"whisker {row.kind}")
    if a.value is not None and axis.low <= a.value <= axis.high:
        hollow = "hollow" if row.kind in ("plain", "check") else "dot"
        c.mark(axis.at(a.value), y, SHAPES[row.kind], f"{hollow} {row.kind}", 5.5 if row.kind == "main" else 4.5)


def _axis(rows: Sequence[Row], scale: Scale, start: float, end: float) -> Axis:
    """Wide enough for every row, but not so wide that one very unsure row squeezes the others."""
    ends = [v for r in rows for v in (r.amount.low, r.amount.high, r.amount.value) if v is not None]
    whole = spanning([*ends, scale.null], start, end, scale.log)
    named = [r for r in rows if r.kind in ("main", "group")] or list(rows)
    core = [v for r in named for v in (r.amount.low, r.amount.high, r.amount.value) if v is not None]
    inner = spanning([*core, scale.null], start, end, scale.log)
    if scale.log:
        return whole if whole.high / whole.low < 400 * inner.high / inner.low else inner
    width = FAR * (inner.high - inner.low)
    low, high = max(whole.low, inner.low - width), min(whole.high, inner.high + width)
    return Axis(low, high, start, end)
