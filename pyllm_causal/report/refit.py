"""Text that `report.text.fill` wrapped, wrapped anew for a narrower screen."""

from __future__ import annotations

import re
from textwrap import wrap

from .text import WIDTH

_ITEM = re.compile(r"(\s*)([+−!✗✓?·]\s)?")


def refitted(block: str) -> list[tuple[str, str, str]]:
    """The paragraphs and items of a block that `report.text.fill` wrapped: (first indent with its sign, later indent, words).

    A line goes on the one before where its first word would not have fitted there.
    """
    out: list[tuple[str, str, str]] = []
    before = ""
    for line in block.split("\n"):
        found = _ITEM.match(line)
        indent, sign = (found[1], found[2] or "") if found else ("", "")
        words = line[len(indent) + len(sign) :].strip()
        full = len(before) + 1 + len(words.split(" ", 1)[0]) > WIDTH
        if out and not sign and indent == out[-1][1] and full:
            out[-1] = (out[-1][0], out[-1][1], f"{out[-1][2]} {words}")
        else:
            out.append((indent + sign, indent + " " * len(sign), words))
        before = line
    return out


def fitted(text: str, width: int) -> str:
    """The text with no line wider than `width`, where words allow it; as it was where all of it fits."""
    if width >= WIDTH or max(map(len, text.split("\n"))) <= width:
        return text
    out: list[str] = []
    for start, then, words in refitted(text):
        out += wrap(
            words, width, initial_indent=start, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(out)
