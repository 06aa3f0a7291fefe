"""A finished figure: its message, its drawing in two widths, and the same facts as words and as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .canvas import Canvas

WIDE, NARROW = 720.0, 350.0  # pixels: a column of text, and a telephone


@dataclass(frozen=True)
class Figure:
    """`title` is the message, `words` what a reader who cannot see it is told, `table` its numbers (the head first).

    `wide` and `narrow` are the same drawing for a page and for a telephone; `note` says how to read it, `more` what the table
    is called.
    """

    key: str
    title: str
    words: str
    wide: str
    narrow: str
    table: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    more: str = "The numbers in this picture"


Draw = Callable[[Canvas], None]


def figure(
    key: str,
    title: str,
    words: str,
    draw: Draw,
    table: tuple[tuple[str, ...], ...] = (),
    note: str = "",
    more: str = "The numbers in this picture",
) -> Figure:
    """A figure from a function that draws on a canvas of either width and sets its height."""
    drawn = []
    for name, width in (("wide", WIDE), ("narrow", NARROW)):
        canvas = Canvas(width)
        draw(canvas)
        drawn.append(canvas.svg(f"{key}-{name}", title, words))
    return Figure(key, title, words, drawn[0], drawn[1], table, note, more)
