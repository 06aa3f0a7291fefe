"""Whom an answer is about, in words that follow "for" or "among": filters, gaps and rows without a counterpart all said."""

from __future__ import annotations

from ..analysis import SampleCount
from ..query import Query
from ..wording import safe

FEW = 0.01  # of the rows that count; fewer with gaps leave "everyone in the table" about right, and are counted in the text


def everyone(query: Query, count: SampleCount, who: str = "everyone in the table", trimmed: bool = False) -> str:
    """All rows, or those of `who`. `trimmed`: rows without a counterpart in the other group are left out."""
    text = who + (f" with {safe(query.where)}" if query.where else "")
    if _gaps(count):
        text += " for whom all of this was recorded"
    return text + (f"{' and' if _gaps(count) else ''} who has a counterpart in the other group" if trimmed else "")


def those(query: Query, count: SampleCount, who: str) -> str:
    """The rows that a design is about, called `who`."""
    text = who + (f", with {safe(query.where)}" if query.where else "")
    return text + (", among rows where all of this was recorded" if _gaps(count) else "")


def _gaps(count: SampleCount) -> bool:
    gaps = sum(d.rows for d in count.dropped if d.reason.startswith("no "))
    return gaps > FEW * (count.used + gaps)
