"""The words of "can't tell": why, what would help, what the data allow meanwhile, and the experiment that would settle it."""

from __future__ import annotations

from ..analysis import Bounds, NotIdentified
from ..query import Query
from ..wording import alike
from .text import cap, fill, item, outcome_words, treatment_words


def refusal_text(
    refusal: NotIdentified, query: Query, association: str, review: bool, yes_no: bool = False, experiment: str = ""
) -> tuple[str, str]:
    """(headline, text) of "can't tell". With `yes_no` the bounds are differences of chances; `experiment` would settle it."""
    subject, outcome = treatment_words(query), outcome_words(query)
    first = f"We can't tell from this table whether {subject} changes {outcome}."
    blocks = [fill(first), fill(refusal.reason)]
    if refusal.would_help:
        head = "What is needed from you:" if review else "What would help:"
        blocks.append("\n".join([head, *(item("·", h) for h in refusal.would_help)]))
    if experiment:
        blocks.append(fill("The experiment that would settle it: " + experiment))
    if refusal.bounds is not None:
        blocks.append(fill(" ".join(_bounds_sentences(refusal.bounds, yes_no))))
    if association:
        blocks.append(fill("What the table shows, without any claim about causes: " + association))
    return first, "\n\n".join(blocks)


def _bounds_sentences(bounds: Bounds, yes_no: bool) -> list[str]:
    why = f" ({bounds.assumptions[0]})" if bounds.assumptions else ""
    out = [f"Until then: the data allow anything from {_from_to(bounds, yes_no)}{why}."]
    for narrower in bounds.narrower:
        out.append(f"{cap(narrower.assumptions[0])}: from {_from_to(narrower, yes_no)}.")
    return out


def _from_to(bounds: Bounds, yes_no: bool) -> str:
    factor, up, down = (100, "more in 100", "fewer in 100") if yes_no else (1, "higher", "lower")
    shown = alike([factor * abs(v) for v in (bounds.low, bounds.high)])
    ends = [
        "no difference" if value == 0 else f"{text} {up if value > 0 else down}"
        for text, value in zip(shown, (bounds.low, bounds.high), strict=True)
    ]
    return " to ".join(ends)
