"""What a report says, apart from how it looks: one record that the HTML page and its Markdown twin are both made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .figures.figure import Figure

Sign = Literal["+", "−", "✓", "✗", "?", "!", "·"]


@dataclass(frozen=True)
class Paragraph:
    """Plain words; `strong` stands out."""

    text: str
    strong: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True)
class Points:
    """A list, each point with its sign and the sign's meaning in words."""

    items: tuple[tuple[Sign, str], ...]
    head: str = ""
    kind: str = "points"


@dataclass(frozen=True)
class Grid:
    """A table; the first row is its head."""

    caption: str
    rows: tuple[tuple[str, ...], ...]
    kind: str = "grid"


@dataclass(frozen=True)
class Code:
    """Text to copy. `language` for the fence of Markdown."""

    caption: str
    text: str
    language: str = ""
    kind: str = "code"


@dataclass(frozen=True)
class Drawn:
    """A figure in its place."""

    figure: Figure
    kind: str = "figure"


Block = Paragraph | Points | Grid | Code | Drawn


@dataclass(frozen=True)
class Section:
    """One numbered part of a report; `folded` is shown on request."""

    key: str
    heading: str
    blocks: tuple[Block, ...]
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """A whole report. `messages` are at most three; `dots` and `sure` say how certain the answer is, where it is graded."""

    title: str
    about: str
    messages: tuple[str, ...]
    sections: tuple[Section, ...]
    dots: str = ""
    sure: str = ""
    footer: str = ""


SPOKEN: dict[str, str] = {
    "+": "for it: ",
    "−": "against it: ",
    "✓": "fine: ",
    "✗": "failed: ",
    "?": "could not tell: ",
    "!": "mind: ",
    "·": "",
}
