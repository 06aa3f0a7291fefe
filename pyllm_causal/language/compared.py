"""Which two values does a "why did it change" question compare? Two times, or two levels of one column, that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..query import Value
from ..years import month_of
from . import lexicon

if TYPE_CHECKING:
    from ..profile import Column, Profile

_PAIR = re.compile(
    r"\b(?:between|from|since)\s+(?:the\s+)?(?P<a>.{1,60}?)\s+(?:and|to|until|till)\s+(?:the\s+)?(?P<b>.{1,60}?)(?=\s*[?.,;!]|\s*$)",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"^\W*(?:why|what (?:made|explains why|caused))\b.*\b(?:fall|fell|fallen|drop(?:ped)?|declin\w+|decreas\w+|ris(?:e|en|ing)|rose|increas\w+"
    r"|grow[ns]?|grew|growth|shr[iau]nk\w*|chang\w+|go(?:ne|es)? (?:up|down)|went (?:up|down)|differ\w*|improv\w+|worsen\w*|collaps\w+|jump\w*"
    r"|soar\w*|plunge\w*|slump\w*|plummet\w*)\b",
    re.IGNORECASE,
)
MOST_CHOICES = 6


@dataclass(frozen=True)
class Compared:
    """The two values and the words of the question that name them."""

    column: str
    first: Value
    second: Value
    start: int
    end: int

    def field(self) -> dict[str, Any]:
        """As the field `compare` of a query."""
        return {"column": self.column, "from": self.first, "to": self.second}


def compared(question: str, profile: Profile) -> Compared | None:
    """The comparison, where exactly one column can be meant; None where the question names none, or it could be several."""
    found = _years(question, profile)
    if found is not None:
        return found
    pair = _PAIR.search(question)
    if pair is None:
        return None
    hits = []
    for column in profile.columns:
        first, second = _level(pair["a"], column), _level(pair["b"], column)
        if first is not None and second is not None and first != second:
            hits.append(Compared(column.name, first, second, pair.start(), pair.end()))
    return hits[0] if len(hits) == 1 else None


def changed(question: str) -> bool:
    """Does the question ask why something changed, so that two times or groups have to be compared?"""
    return bool(_CHANGED.search(question))


def choices(profile: Profile) -> list[str]:
    """Columns that could tell the two times or groups apart, times first."""
    times = [c.name for c in profile.columns if c.time_like or c.kind == "time"]
    groups = [
        c.name
        for c in profile.columns
        if c.name not in times and c.kind in ("category", "yes_no") and 2 <= c.distinct <= 12 and not c.name_like
    ]
    return [*times, *groups][:MOST_CHOICES]


def _years(question: str, profile: Profile) -> Compared | None:
    found = list(re.finditer(r"(?<![\d.,-])(?:19|20)\d\d(?![\d-])", question))
    years = list(dict.fromkeys(int(m[0]) for m in found))
    clocks = [c for c in profile.columns if c.time_like and c.minimum is not None]
    fitting = [c for c in clocks if all((c.minimum or 0) <= y <= (c.maximum or 0) for y in years)]
    if len(years) != 2 or len(fitting) != 1:
        return None
    return Compared(fitting[0].name, years[0], years[1], found[0].start(), found[-1].end())


def _level(text: str, column: Column) -> Value | None:
    """The one level of a column that the words mean; a month by its name or number."""
    if column.id_like or column.name_like:
        return None
    said = text.strip(" \"'“”‘’").casefold()
    bare = re.sub(rf"^(?:{'|'.join(lexicon.words(column.name)) or 'column'})\s+", "", said)
    exact = [lv.value for lv in column.levels if str(lv.value).casefold() in (said, bare)]
    if exact:
        return exact[0] if len(exact) == 1 else None
    month = month_of(said)
    if not month:
        return None
    told = column.time_like or "month" in lexicon.words(column.name)
    same = [lv.value for lv in column.levels if told and _is_month(str(lv.value), month)]
    return same[0] if len(same) == 1 else None


def _is_month(level: str, month: int) -> bool:
    folded = level.casefold()
    if re.fullmatch(r"\d{1,2}", folded):
        return int(folded) == month
    if re.fullmatch(r"\d{4}-\d{2}", folded):
        return int(folded[5:]) == month
    return month_of(folded) == month
