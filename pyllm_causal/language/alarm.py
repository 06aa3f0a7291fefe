"""The bad-control alarm: columns that would distort a comparison if they were held fixed, and why, in plain words.

Rules over names, descriptions and timing decide. A model's word counts only where it has passed the exam and no rule says
that the column came first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from ..wording import columns_text, join, safe
from ..years import years_of
from . import lexicon, timing

if TYPE_CHECKING:
    from ..profile import Column
    from ..query import Query

Alarm = Literal["after", "between", "collider", "leak", "proxy", "copy", "unusable", "suspect"]


class BadControl(BaseModel):
    """A column that should not be held fixed, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    column: str
    reason: str
    alarm: Alarm = "unusable"


MOSTLY_MISSING = 0.2  # holding such a column fixed would cost more rows than certainty can bear
MOST_VALUES = 50
MOST_LINES = 8

# Who ended up in the table, or stayed in it: often decided by treatment and outcome together.
_CHOSEN = re.compile(
    r"\b(?:selected (?:for|into|in)|in (?:the |this |final )?sample|(?:non ?)?respon(?:ded|dent|se status)|drop(?:ped)? ?out"
    r"|dropout|attrition|attrited|lost to|still (?:enrolled|in the study)|completed (?:the )?(?:study|trial|survey|programme"
    r"|program)|completer|retained|censored)\b",
    re.IGNORECASE,
)
# "date of cancellation", "reason for leaving": known only where the outcome has happened.
_TOLD_AFTER = re.compile(
    r"\b(?P<what>reasons?|dates?|day|cause|type|amount|size|code|number of (?:days|weeks|months))\s+(?:of|for|to|until|when"
    r"|at|since)\s+(?:the\s+|an?\s+)?(?P<rest>[^.;,]{3,60})",
    re.IGNORECASE,
)
# How long a row was watched: it ends with the outcome, or is what the outcome is counted over.
_WATCHED_NAME = re.compile(
    r"(?:(?:n|num(?:ber)?|no)_?(?:of_?)?)?(?:days|weeks|months|hours|time|duration|fu_?time|follow_?up(?:_?(?:time|days|weeks|months|years))?"
    r"|surv(?:ival)?_?(?:time|days|weeks|months|years)|time_?to_?\w+|(?:days|weeks|months|years|hours)_?(?:to|until|till)_?\w+)",
    re.IGNORECASE,
)
_WATCHED_TOLD = re.compile(
    r"\b(?:survival time|follow-?\s?up time|length of follow-?\s?up|time (?:to|until|till)|(?:days|weeks|months|years|hours) (?:to|until"
    r"|till|of follow-?\s?up|under observation|observed|followed))\b",
    re.IGNORECASE,
)


def judge(
    column: Column, treatment: Column, outcome: Column, suffixes: frozenset[int], start: int | None, end: int | None
) -> tuple[timing.When, str, Alarm | None, str]:
    """(when, why so, alarm, fault): when `column` was measured, and what speaks against holding it fixed, if anything."""
    when, reason = timing.when(column, start, end, suffixes, treatment)
    if fault := _unusable(column):
        return when, reason, "unusable", fault
    if when == "after":
        return when, reason, "after", f"it may come after the treatment: {reason}"
    if when != "before":
        if timing.derived(column, outcome, True):
            return when, reason, "proxy", "it looks like a part or another form of the outcome"
        if _leaks(column, outcome) or _watched(column, outcome):
            return when, reason, "leak", "it seems to be known only once the outcome has happened"
        if column.kind in ("yes_no", "category") and (found := _CHOSEN.search(timing.told(column))):
            said = f"its name or description says “{found[0].lower()}”"
            return when, reason, "collider", f"treatment and outcome may both decide it: {said}"
    if timing.derived(column, treatment, False) and not (when == "before" and years_of(column, suffixes)):
        return when, reason, "copy", "it looks like another form of the treatment"
    return when, reason, None, ""


def _unusable(column: Column) -> str:
    if column.missing > MOSTLY_MISSING * max(1, column.rows):
        return f"{100 * column.missing / column.rows:.0f}% of its values are missing"
    size = max(abs(column.minimum or 0), abs(column.maximum or 0))
    if column.infinite or size > 1e100 or 0 < size < 1e-100:
        return "it holds numbers that cannot be computed with"
    if column.kind == "category" and column.distinct > MOST_VALUES:
        return f"its {column.distinct} different values are too many to hold fixed"
    return ""


def _leaks(column: Column, outcome: Column) -> bool:
    stems = timing.stems(outcome.name) | {lexicon.stem(w) for w in lexicon.words(outcome.description or "")[:3]}
    for found in _TOLD_AFTER.finditer(timing.told(column)):
        told = {lexicon.stem(w) for w in lexicon.split(found["rest"])[:3]}
        if any(len(s) >= 4 and s in told for s in stems):
            return True
    return False


def _watched(column: Column, outcome: Column) -> bool:
    """Whether the column is how long a row was watched for a yes/no outcome, by its description or, without one, by its name."""
    if outcome.kind != "yes_no" or column.kind not in ("number", "count"):
        return False
    return bool(
        _WATCHED_TOLD.search(column.description) if column.description else _WATCHED_NAME.fullmatch(column.name)
    )


def lines(bad: Sequence[BadControl], query: Query) -> list[str]:
    """The alarms in plain words, one line a kind; nothing for columns that are merely unusable. No model's own words."""
    treatment, outcome = safe(query.treatment, 60), safe(query.outcome, 60)
    held = set(query.adjust_for or ())
    out: list[str] = []
    for kind, text in _SAYS.items():
        chosen = [b for b in bad if b.alarm == kind]
        mine = [b.column for b in chosen if b.column in held]
        others = [b.column for b in chosen if b.column not in held]
        told = text.format(treatment=treatment, outcome=outcome)
        if others and kind == "suspect":
            out.append(f"{columns_text(others, 6)} {told}")
        elif others:
            out.append(
                f"{columns_text(others, 6)} {told}, so {'it was' if len(others) == 1 else 'they were'} left out."
            )
        if mine:
            why = "" if kind == "suspect" else ", which can distort the answer"
            out.append(f"{join(mine)} {told.rstrip('.')}{why}; you asked to hold it fixed all the same.")
    return out[:MOST_LINES]


# Every text reads on after one column or several.
_SAYS: dict[Alarm, str] = {
    "after": "may come after {treatment}: holding it fixed could hide part of the effect",
    "between": "may be how {treatment} works on {outcome}: holding it fixed would hide part of the effect",
    "collider": "may depend on both {treatment} and {outcome}: comparing alike in that can make a link where there is none",
    "leak": "may be known only once {outcome} has happened: holding it fixed would explain {outcome} by itself",
    "proxy": "may be another form of {outcome}: holding it fixed would hide the effect",
    "copy": "may be another form of {treatment}: holding it fixed would leave nothing to compare",
    "suspect": "may come too late, as the language model suspects; no rule says so, so it was still held fixed.",
}
