"""Which of two codes means yes, and which end of a scale means more, where the description of a column says so.

Surveys write "1 = yes, 2 = no", schools "1 is best, 6 is worst": whoever takes the larger number for more turns the answer round.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .profile import Column, Value

_WORDS = r"[^\W\d_][^,;=()/|\d]{0,40}"
_CODE_FIRST = re.compile(
    rf"(?<![\w.])(?P<code>-?\d+|[A-Za-z])\s*(?:=|:|–|—|\bmeans\b|\bis\b)\s*[\"'“‘]?(?P<words>{_WORDS})", re.IGNORECASE
)
_WORDS_FIRST = re.compile(rf"(?P<words>{_WORDS}?)\s*(?:=|:)\s*(?P<code>-?\d+)(?![\w.])")
_NO = re.compile(
    r"(?:no|not|none|non|never|nobody|without|false|absent|neither|control|controls|placebo|untreated|unexposed|nein|kein\w*|nicht|non|sans|sin)\b"
    r"|(?:did|does|do|has|have|was|were|is|are)(?: not|n['’]t)\b",
    re.IGNORECASE,
)
_YES = re.compile(r"(?:yes|true|ja|oui|sí|si|sim)\b", re.IGNORECASE)
_MOST = (
    r"(?:the )?(?:very |most |completely |fully |extremely |strongly )?"
    r"(?:best|highest|most|top|excellent|very good|good|satisfied|happy|agree\w*|always|likely|healthy|often)"
)
_LEAST = (
    r"(?:the )?(?:very |least |completely |extremely |strongly )?"
    r"(?:worst|lowest|least|bottom|poor|very bad|bad|insufficient|dissatisfied|unsatisfied|unhappy|disagree\w*|never|unlikely|ill|rarely)"
)
_END = r"(?<![\w.])(?P<{0}>-?\d+)\s*(?:=|:|\(|is(?: the)?|means|being|for)\s*[\"'“‘]?(?:{1})\b"
_HIGH_END, _LOW_END = (re.compile(_END.format("n", words), re.IGNORECASE) for words in (_MOST, _LEAST))
_LOWER = re.compile(
    r"\b(?:lower|smaller|low(?:er)? (?:numbers?|values?|scores?)|smaller (?:numbers?|values?)) (?:is|are|means?) (?:better|more|higher|good|best)\b",
    re.IGNORECASE,
)


def told(column: Column) -> dict[str, str]:
    """The words behind the codes of a column with two values, by the code as text; {} where not both are told."""
    text, codes = column.description or "", {str(lv.value): lv.value for lv in column.levels}
    if column.distinct != 2 or len(codes) != 2 or not text:
        return {}
    for pattern in (_CODE_FIRST, _WORDS_FIRST):
        found: dict[str, str] = {}
        for match in pattern.finditer(text):
            key = next((c for c in codes if c.casefold() == match["code"].casefold()), None)
            if key is not None:
                found.setdefault(key, " ".join(match["words"].split()))
        if len(found) == 2:
            return found
    return {}


def no_and_yes(column: Column) -> tuple[Value, Value] | None:
    """(no, yes) of a column with two values, where its description says which is which; None elsewhere."""
    words = told(column)
    denied = [code for code, said in words.items() if _NO.match(said) and not _YES.match(said)]
    if len(denied) != 1:
        return None
    no, yes = ((lv.value) for lv in sorted(column.levels, key=lambda lv: str(lv.value) != denied[0]))
    return no, yes


def falls(column: Column) -> bool:
    """Does a lower number of this column mean more, or better, as its description has it ("1 = very satisfied … 5 = …")?"""
    text = column.description or ""
    if column.kind not in ("number", "count"):
        return False
    if _LOWER.search(text):
        return True
    high, low = _HIGH_END.search(text), _LOW_END.search(text)
    if high is None:
        return False
    if low is None:  # "rank, 1 is best"
        return column.minimum is not None and float(high["n"]) <= column.minimum and column.distinct > 2
    return float(high["n"]) < float(low["n"])
