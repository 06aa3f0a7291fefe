"""Bars with their number beside them: shares of a change, how often an arrow was found, chances of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .axis import spanning
from .canvas import SIZE, Canvas, width_of, wrapped
from .figure import Figure, figure


@dataclass(frozen=True)
class Bar:
    """One bar from zero to `value`, its margin as a line, and `text` beside it."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    kind: str = "main"


def bars(key: str, title: str, rows: Sequence[Bar], head: tuple[str, str], note: str = "") -> Figure:
    """The bars under each other; `head` names what the rows are and what is measured."""
    words = f"{head[1]}: " + "; ".join(f"{r.label}: {r.text}" for r in rows) + "."
    table = (head, *((r.label, r.text) for r in rows))
    return figure(key, title, words, lambda c: _draw(c, rows), table, note)


def _draw(c: Canvas, rows: Sequence[Bar]) -> None:
    numbers = max(width_of(r.text) for r in rows) + 10
    labels = 0.0 if c.narrow else min(max(width_of(r.label) for r in rows) + 16, 270.0)
    ends = [v for r in rows for v in (r.value, r.low, r.high) if v is not None]
    axis = spanning([0.0, *ends], labels + 6, c.width - numbers - 8, room=0.01)
    zero, y = axis.at(0), 4.0
    for r in rows:
        lines = wrapped(r.label, (c.width if c.narrow else labels) - 14, SIZE, 2)
        tall = 17.0 * len(lines) + (26 if c.narrow else 11)
        middle = y + tall - 13 if c.narrow else y + tall / 2
        for i, line in enumerate(lines):
            start = y + 15 if c.narrow else middle + 4.5 - 8.5 * (len(lines) - 1)
            c.text(2, start + 17 * i, line)
        end = axis.at(r.value)
        c.rect(min(zero, end), middle - 7, max(abs(end - zero), 1), 14, f"bar {r.kind}", 2)
        if r.low is not None and r.high is not None:
            c.line(axis.at(r.low), middle, axis.at(r.high), middle, "whisker ink")
        c.text(c.width - 2, middle + 4.5, r.text, "", "end")
        y += tall
    c.line(zero, 2, zero, y, "edge")
    c.height = y + 6
