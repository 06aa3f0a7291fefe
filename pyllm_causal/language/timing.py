"""When was a column measured? Rules over names, descriptions and year suffixes. Pure; no model is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from ..years import years_of
from . import lexicon

if TYPE_CHECKING:
    from ..profile import Column

When = Literal["before", "after", "unknown"]

BEFORE = re.compile(
    r"\b(?:before|baseline|prior|previous|previously|earlier|pre|past|initial|initially|first year"
    r"|at (?:admission|birth|entry|enrol\w*|start|baseline|intake)"
    r"|history|ever|lagged|lag)\b|\bat the (?:start|beginning|outset)\b|\bgrew up\b",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"\b(?:after|afterwards|follow ?ups?|followup|post|exit|later|final|endline|discharge|subsequent|subsequently"
    r"|eventual|eventually|outcome"
    r"|during (?:the )?(?:treatment|programme|program|therapy|trial|study|campaign|training)|following the"
    r"|on leaving|on exit|at the end"
    r"|side effects?|died|death|dead|deceased|days (?:to|until)|time (?:to|until)|until)\b",
    re.IGNORECASE,
)
BORN = re.compile(
    r"\b(?:age|sex|gender|female|male|race|ethnic\w*|black|white|hispanic|hispan|birth\w*|born|nationality|mother"
    r"|father|parents?|native)\b",
    re.IGNORECASE,
)


def told(column: Column) -> str:
    """Name and description as one text of plain words."""
    name = " ".join(re.findall(r"[^\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name)))
    return f"{name}. {column.description or ''}"[:600]


def when(
    column: Column, start: int | None, end: int | None, suffixes: frozenset[int], treatment: Column
) -> tuple[When, str]:
    """Before or after the treatment, with the reason in plain words."""
    own = years_of(column, suffixes)
    if own and start is not None:
        if max(own) > start:
            return "after", f"measured in {max(own)}, after {start}"
        return "before", f"measured in {max(own)}, not later than the treatment"
    if own and end is not None:
        if max(own) > end:
            return "after", f"measured in {max(own)}, after the outcome"
        if max(own) < end:
            return "before", f"measured in {max(own)}, before the outcome"
    text = told(column)
    before, after = BEFORE.search(text), AFTER.search(text)
    if before and not (after and after.start() < before.start()):
        return "before", f"its name or description says “{before[0].lower()}”"
    if after:
        return "after", f"its name or description says “{after[0].lower()}”"
    if BORN.search(text):
        return "before", "it is settled before most other things"
    return "unknown", "nothing says that it comes after"


def derived(column: Column, source: Column, is_outcome: bool) -> bool:
    """Is `column` a copy, a part or another form of `source`? Judged by the words of the two names."""
    if _bare(column.name) == _bare(source.name):
        return True
    own, other = stems(column.name), stems(source.name)
    if not other or not own:
        return False
    rest = own - other
    if other <= own:
        return not rest or rest <= _FORMS or (is_outcome and not rest & _RELATIVES)
    if is_outcome and own & other:
        # "days_to_recovery" beside "recovered", either way round: the same event told twice
        return (own & other) >= other - _FORMS or (own <= other and other - own <= _DURATIONS)
    return False


def _bare(name: str) -> str:
    """ "lwage", "ln_wage" and "wage_sq" are all "wage"."""
    folded = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    return re.sub(r"^(?:log|ln|l|z)_?(?=[a-z]{3})|_?(?:sq|squared|std|2)$", "", folded) or folded


def stems(name: str) -> frozenset[str]:
    """The words of a name, cut to their stems, without the empty ones."""
    return frozenset(lexicon.stem(w) for w in lexicon.split(name) if len(w) > 1 and w not in _EMPTY)


_EMPTY = frozenset("is has was of to in at for and".split())
_FORMS = frozenset(
    lexicon.stem(word)
    for word in """
    log ln square squared sq std z scaled standardised binary dummy cat category group level change diff delta total pct
    percent rate index score flag any raw rank centered
    """.split()
)
_DURATIONS = frozenset(lexicon.stem(word) for word in "day days week weeks month months year years time until".split())
_RELATIVES = frozenset(
    lexicon.stem(word)
    for word in """
    father mother parent parental spouse partner husband wife family household sibling brother sister teacher school
    area county region neighborhood peer class previous prior past earlier pre base baseline lag lagged initial before
    """.split()
)
