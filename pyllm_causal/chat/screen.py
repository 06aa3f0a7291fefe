"""What goes to the screen: plain lines with a tone, never more than the terminal can show and never without words."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from textwrap import wrap
from typing import Literal, TextIO

from ..report.refit import refitted

Tone = Literal["plain", "strong", "good", "warn", "quiet"]
_STYLES = {"plain": "", "strong": "bold", "good": "green", "warn": "yellow", "quiet": "dim"}
WIDEST = 88
NARROWEST = 30


class Screen:
    """Standard output for a person. `plain`: no colour and no drawn characters, as for a screen reader or a log.

    Colour comes from rich, which honours `NO_COLOR` and writes none where it is no terminal.
    """

    def __init__(self, stream: TextIO | None = None, plain: bool = False) -> None:
        self._stream = sys.stdout if stream is None else stream
        self.plain = plain or not self._stream.isatty()
        self._console = None
        if not self.plain:
            from rich.console import Console

            self._console = Console(file=self._stream, highlight=False, markup=False, emoji=False)

    @property
    def width(self) -> int:
        """Columns that a line may take."""
        return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns - 1))

    @property
    def arrow(self) -> str:
        """How an arrow is drawn."""
        return "->" if self.plain else "───▶"

    def say(self, text: str, tone: Tone = "plain") -> None:
        """A paragraph, indented and wrapped."""
        for line in text.split("\n"):
            start = " " * (len(line) - len(line.lstrip()))
            self.lines(
                wrap(
                    line.strip(), self.width, initial_indent="  " + start, subsequent_indent="  " + start,
                    break_long_words=False, break_on_hyphens=False,
                ) or [""],
                tone,
            )  # fmt: skip

    def block(self, text: str, tone: Tone = "plain") -> None:
        """A block of an answer's text, wrapped anew for this width; its items keep their signs and indents."""
        for start, then, words in refitted(text):
            self.lines(
                wrap(
                    words, self.width, initial_indent="  " + start, subsequent_indent="  " + then,
                    break_long_words=False, break_on_hyphens=False,
                ) or [""],
                tone,
            )  # fmt: skip
            tone = "plain" if tone == "strong" and start else tone

    def lines(self, lines: Iterable[str], tone: Tone = "plain") -> None:
        """Lines as they are."""
        for line in lines:
            if self._console is None:
                self._stream.write(line + "\n")
            else:
                from rich.text import Text

                self._console.print(Text(line, style=_STYLES[tone]), soft_wrap=True)
        self._stream.flush()
