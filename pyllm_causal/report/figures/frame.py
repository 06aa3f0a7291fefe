"""The frame of a plot: two axes with their names, and direct labels at the end of lines instead of a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .axis import Axis, draw_below, draw_beside, room_beside, spanning
from .canvas import SIZE, SMALL, Canvas, width_of, wrapped

TALL, TALL_NARROW = 300.0, 250.0


@dataclass(frozen=True)
class Frame:
    """The axes of a plot and the pixels that it covers."""

    x: Axis
    y: Axis
    left: float
    right: float
    top: float
    bottom: float


def frame(
    c: Canvas,
    xs: Sequence[float],
    ys: Sequence[float],
    names: tuple[str, str],
    *,
    beside: float = 0.0,
    head: float = 0.0,
    room: float = 0.06,
    named: Sequence[tuple[float, str]] | None = None,
) -> Frame:
    """Draw axes that hold `xs` and `ys`; `names` are theirs, `beside` pixels are kept free at the right, `head` above.

    `named` are places on the x axis with their own words, in place of round numbers.
    """
    tall = TALL_NARROW if c.narrow else TALL
    said = wrapped(names[1], c.width - 8, SMALL, 2)
    top = 8.0 + 15.0 * len(said) + head
    bottom = top + tall
    y = spanning(ys, bottom, top, room=room)
    left = room_beside(y)
    right = c.width - 8 - beside
    x = spanning(xs, left, right, room=0.02)
    for i, line in enumerate(said):
        c.text(0, 12 + 15 * i, line, "soft", size=SMALL)
    draw_beside(c, y, left, right)
    if named is None:
        draw_below(c, x, bottom, bottom, 4 if c.narrow else 7)
    else:
        _named(c, x, named, bottom)
    c.line(left, bottom, right, bottom, "edge")
    below = wrapped(names[0], right - left, SMALL, 2) if names[0] else []
    for i, line in enumerate(below):
        c.text((left + right) / 2, bottom + 34 + 14 * i, line, "soft", "middle", SMALL)
    c.height = bottom + 28 + 14 * len(below)
    return Frame(x, y, left, right, top, bottom)


def _named(c: Canvas, axis: Axis, named: Sequence[tuple[float, str]], bottom: float) -> None:
    """Words under their places; those that would touch the one before are left out."""
    until = -1e9
    for place, words in named:
        x, half = axis.at(place), width_of(words, SMALL) / 2
        if x - half > until + 6:
            c.line(x, bottom, x, bottom + 4, "edge")
            c.text(min(max(x, half), c.width - half), bottom + 16, words, "soft", "middle", SMALL)
            until = x + half


def end_labels(
    c: Canvas, ends: Sequence[tuple[float, str, str]], x: float, room: float, top: float, bottom: float
) -> None:
    """Names at the right end of lines, (y, words, class) each, moved apart where they would touch."""
    blocks = [(y, wrapped(words, room, SIZE, 3), kind) for y, words, kind in sorted(ends)]
    placed: list[float] = []
    for y, lines, _ in blocks:
        half = 8.0 * len(lines)
        least = placed[-1] if placed else top
        placed.append(max(y - half, least) + 2 * half + 4)
    over = max(placed[-1] - bottom, 0.0) if placed else 0.0
    for (_, lines, kind), below in zip(blocks, placed, strict=True):
        start = below - 16.0 * len(lines) - 4 - over
        for i, line in enumerate(lines):
            c.text(x, start + 13 + 16 * i, line, kind)


def key(c: Canvas, y: float, items: Sequence[tuple[str, str, str]]) -> float:
    """A row of marks with their names (mark, class, words) from `y` down; the pixels that it took."""
    x, line = 0.0, y
    for shape, kind, words in items:
        shown = wrapped(words, c.width - 24, SIZE, 1)[0]
        wide = 24 + width_of(shown) + 14
        if x and x + wide - 14 > c.width:
            x, line = 0.0, line + 20
        if shape == "line":
            c.line(x, line - 4, x + 16, line - 4, kind)
        elif shape == "band":
            c.rect(x, line - 10, 16, 11, kind)
        else:
            c.mark(x + 8, line - 4.5, shape, kind)
        c.text(x + 22, line, shown)
        x += wide
    return line + 8 - y
