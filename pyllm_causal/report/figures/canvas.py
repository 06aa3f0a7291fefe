"""Shapes and words of a figure as SVG text. Everything written is escaped; looks live in `figure.css`, by class."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from ...wording import safe

SIZE = 13.0  # pixels; the letters of labels
SMALL = 11.5  # of ticks and remarks

_SLIM, _BROAD = set("iljtfrI.,:;'|!()[] "), set("mwMW@%—●")


def width_of(text: str, size: float = SIZE) -> float:
    """About how many pixels `text` takes in a usual sans-serif; rather too many than too few."""
    total = 0.0
    for ch in text:
        if unicodedata.combining(ch):
            continue
        if unicodedata.east_asian_width(ch) in "WF":
            total += 1.02
        elif ch in _SLIM:
            total += 0.36
        elif ch in _BROAD:
            total += 0.92
        else:
            total += 0.68 if ch.isupper() else 0.58
    return total * size


def wrapped(text: str, room: float, size: float = SIZE, most: int = 3) -> list[str]:
    """`text` in at most `most` lines of `room` pixels; long words are broken, what does not fit ends in an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in _pieces(safe(text, 400), room, size):
        trial = (line + word) if line else word.lstrip()
        if line and width_of(trial.rstrip(), size) > room:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line = trial
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) > most:
        last = lines[most - 1]
        while last and width_of(last + "…", size) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return lines or [""]


def _pieces(text: str, room: float, size: float) -> list[str]:
    """Where a line may break: before spaces, after `_`, `-` and `/`, and anywhere in what is longer than a line."""
    pieces: list[str] = []
    current = ""
    for ch in text:
        if ch == " " or width_of(current + ch, size) > room:
            if current:
                pieces.append(current)
            current = ch
        else:
            current += ch
            if ch in "_-/":
                pieces.append(current)
                current = ""
    return [*pieces, current] if current else pieces


class Canvas:
    """A drawing of a given width; set `height` before `svg`."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.height = 0.0
        self._parts: list[str] = []

    @property
    def narrow(self) -> bool:
        """Whether this is the drawing for a telephone."""
        return self.width < 500

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start", size: float = SIZE) -> None:
        """One line of words with its base line at `y`; `anchor` start, middle or end."""
        self._parts.append(
            f'<text class="{_classes("t", kind)}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}">'
            f"{escape(safe(words, 400))}</text>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str = "rule") -> None:
        """A straight line."""
        self._parts.append(f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str, corner: float = 0.0) -> None:
        """A rectangle."""
        rounded = f' rx="{_n(corner)}"' if corner else ""
        self._parts.append(
            f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0.0))}" height="{_n(max(height, 0.0))}"{rounded}/>'
        )

    def circle(self, x: float, y: float, radius: float, kind: str) -> None:
        """A circle."""
        self._parts.append(f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>')

    def polygon(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A closed shape through `points`."""
        corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._parts.append(f'<polygon class="{kind}" points="{corners}"/>')

    def polyline(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through `points`."""
        if len(points) > 1:
            self.path("M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in points), kind)

    def path(self, shape: str, kind: str) -> None:
        """A path in SVG's own commands; `shape` is made of numbers of ours only."""
        self._parts.append(f'<path class="{kind}" d="{shape}"/>')

    def mark(self, x: float, y: float, shape: str, kind: str, size: float = 5.0) -> None:
        """A point as a square, circle, diamond or triangle, so that colour is never the only difference."""
        if shape == "square":
            self.rect(x - size, y - size, 2 * size, 2 * size, kind)
        elif shape == "diamond":
            r = size * 1.35
            self.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], kind)
        elif shape == "triangle":
            r = size * 1.2
            self.polygon([(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)], kind)
        else:
            self.circle(x, y, size, kind)

    def svg(self, name: str, title: str, words: str) -> str:
        """The whole `<svg>` with its title and description for those who cannot see it. `name` is unique on the page."""
        labels = f"{quoteattr(name + '-t')[1:-1]} {quoteattr(name + '-d')[1:-1]}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" aria-labelledby="{labels}"'
            f' viewBox="0 0 {_n(self.width)} {_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}">'
        )
        told = (
            f'<title id="{labels.split()[0]}">{escape(safe(title, 400))}</title>'
            f'<desc id="{labels.split()[1]}">{escape(safe(words, 4000))}</desc>'
        )
        return head + told + "".join(self._parts) + "</svg>"


def _classes(*names: str) -> str:
    return " ".join(n for n in names if n)


def _n(value: float) -> str:
    """A coordinate with one decimal at most; the places after that are below what a screen shows."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")
