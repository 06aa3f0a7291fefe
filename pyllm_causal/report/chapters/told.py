"""Every picture that an answer holds the data for, beside the forest plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..figures.figure import Figure
from ..page import Block, Drawn, Paragraph
from .deciding import hundred_of, pays
from .described import association, links, shares
from .shaped import chain_of, cutoff_of, dose_of
from .telling import Telling
from .timed import averages, event_study_of, survival_of, synthetic_of

# A saved answer may come from anywhere: figures in it that are not as we write them cost a picture, not the report.
UNFIT = (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, OverflowError, StopIteration)
PICTURES = (
    event_study_of,
    averages,
    synthetic_of,
    cutoff_of,
    survival_of,
    dose_of,
    chain_of,
    association,
    links,
    shares,
    hundred_of,
    pays,
)


def told_of(t: Telling) -> list[Block]:
    """All of them, in one order."""
    return [block for draw in PICTURES for block in drawn(draw, t)]


def drawn(draw: Callable[[Telling], Iterator[Figure]], t: Telling) -> list[Block]:
    """The figures of one kind, or a word where the answer's figures cannot be drawn."""
    try:
        return [Drawn(f) for f in draw(t)]
    except UNFIT:
        return [
            Paragraph("A picture that belongs here cannot be drawn: its figures in the answer are not as expected.")
        ]
