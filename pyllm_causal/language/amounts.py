"""Values that a question names: what is compared with what, on which scale, from when a difference matters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import polarity
from . import lexicon, match, subset, timing

if TYPE_CHECKING:
    from ..profile import Column, Profile

_FROM_TO = re.compile(
    r"\bfrom\s+(?P<a>-?\d+(?:[.,]\d+)?)\s*(?:[%$€£]|\w+)?\s+to\s+(?P<b>-?\d+(?:[.,]\d+)?)", re.IGNORECASE
)
_SCALES = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bhazards?\b|\bhazard[- ]ratio", "hazard_ratio"),
        (r"\b(?:incidence[- ])?rate ratio\b|\bratio of (?:the )?rates\b|\braten?verhältnis", "rate_ratio"),
        (r"\bodds\b|\bchancenverhältnis|\brapport de cotes|\brazón de momios|\brazón de probabilidades", "odds_ratio"),
        (
            r"\b(?:by (?:what|which|how (?:large|big) a) (?:factor|multiple)|(?:what|which) factor (?:does|do|did|is|was|would)"
            r"|(?:twice|double|half|three times) as (?:likely|often|many|much|high)"
            r"|risk ratio|relative risk|how many times|times (?:as|more|less) (?:likely|often|many|high))\b|\brelative[sn]? risiko"
            r"|\brisque relatif|\briesgo relativo",
            "ratio",
        ),
        (
            r"\bpercentage (?:change|increase|decrease|effect)\b|\b(?:by|of) (?:what|how many) per ?cent(?:age)?\b(?! points?)"
            r"|\bby what percentage\b(?! points?)|\bin per ?cent(?:age terms)?\b(?! points?)"
            r"|\bwhat per ?cent(?:age)? (?:more|less|higher|lower|fewer)\b|\bhow many per ?cent\b(?! points?)"
            r"|\bum wie ?viel prozent\b(?!punkt)|\bde combien de pour ?cent\b|\ben qué porcentaje\b",
            "percent",
        ),
    )
)
_CONTROL_WORDS = frozenset(
    "none no not control placebo untreated never off baseline standard usual without kein keine ohne aucun sans ninguno sin".split()
)
_ALL_ARMS = re.compile(
    r"\b(?:all|each|every|both|any) (?:of )?(?:the |its |these |our )?\w+\b.*\b(?:against|compare[ds]?|with|to|versus)\b"
    r"|\bcompar\w+ (?:all|the|each|every)\b|\bwhich \w+ (?:works?|is|does|helps?|was) (?:the )?best\b"
    r"|\bagainst (?:the )?(?:control|placebo|none|no \w+|baseline)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:compared? (?:with|to|against)|in comparison (?:with|to)|relative to|rather than|instead of|in place of|as opposed to|versus|vs\.?"
    r"|against|than|over|unlike|from|as)\s+(?:(?!and\b|or\b|to\b|does\b|do\b|did\b)[\w'’-]+\s+){0,4}[\"'“‘(]?$",
    re.IGNORECASE,
)
_MATTERS = re.compile(
    r"\b(?:by|of) (?:at least|more than|over|no less than|a minimum of|not less than)\s+(?P<a>\d+(?:[.,]\d+)?)\s*"
    r"(?P<ua>percentage points?|points?"
    r"|[%$€£]|[^\W\d]+)?"
    r"|\b(?:an? )?(?:difference|change|effect|gain|loss|improvement) of (?P<b>\d+(?:[.,]\d+)?)\s*(?P<ub>percentage points?|[%$€£]|[^\W\d]+)?"
    r"\s*(?:or more )?"
    r"(?:would|is|does|will|are)\b[^.?]*\b(?:matter|worth|relevant|enough|important|interest\w*)"
    r"|\b(?:worth|matters?|relevant|important|care)\b[^.?]*?\b(?:if|only|from|at least|above|more than)\b[^.?\d]*(?P<c>\d+(?:[.,]\d+)?)\s*"
    r"(?P<uc>percentage points?|points?|[%$€£]|[^\W\d]+)?"
    r"|\b(?P<d>\d+(?:[.,]\d+)?)\s*(?P<ud>percentage points?|[%$€£]|[^\W\d]+)?\s+(?:or more|is|would be) (?:what matters|worth it|enough to matter)"
    r"|\b(?:um mindestens|d['’]au moins|en al menos|por lo menos)\s+(?P<e>\d+(?:[.,]\d+)?)\s*(?P<ue>[%$€£]|[^\W\d]+)?",
    re.IGNORECASE,
)
# how units are spelled, with the unit of the profile and the factor to it
_SPELLED: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms", "kilogramme", "kilogrammes"), ("kg", 1.0)),
    **dict.fromkeys(("g", "gram", "grams", "gramm", "grammes"), ("g", 1.0)),
    **dict.fromkeys(("mg", "milligram", "milligrams"), ("mg", 1.0)),
    **dict.fromkeys(("lb", "lbs"), ("lb", 1.0)),
    **dict.fromkeys(("cm", "centimetres", "centimeters"), ("cm", 1.0)),
    **dict.fromkeys(("mm", "millimetres", "millimeters"), ("mm", 1.0)),
    **dict.fromkeys(("m", "metres", "meters", "metre", "meter"), ("m", 1.0)),
    **dict.fromkeys(("km", "kilometres", "kilometers"), ("km", 1.0)),
    **dict.fromkeys(("year", "years", "jahre", "ans", "années", "años"), ("years", 1.0)),
    **dict.fromkeys(("month", "months", "monate", "mois", "meses"), ("months", 1.0)),
    **dict.fromkeys(("week", "weeks", "wochen"), ("weeks", 1.0)),
    **dict.fromkeys(("day", "days", "tage", "jours", "días"), ("days", 1.0)),
    **dict.fromkeys(("hour", "hours", "stunden", "heures", "horas"), ("hours", 1.0)),
    **dict.fromkeys(("minute", "minutes", "minuten", "minutos"), ("minutes", 1.0)),
    **dict.fromkeys(("second", "seconds"), ("seconds", 1.0)),
    **dict.fromkeys(("dollar", "dollars", "usd", "$"), ("$", 1.0)),
    **dict.fromkeys(("euro", "euros", "eur", "€"), ("€", 1.0)),
    **dict.fromkeys(("gbp", "£"), ("£", 1.0)),
    **dict.fromkeys(("percent", "percentage", "%", "prozent"), ("%", 1.0)),
    "mmhg": ("mmHg", 1.0),
}
_FACTORS = {
    ("g", "kg"): 1e-3, ("kg", "g"): 1e3, ("mg", "g"): 1e-3, ("g", "mg"): 1e3, ("lb", "kg"): 0.45359237, ("kg", "lb"): 1 / 0.45359237,
    ("cm", "m"): 1e-2, ("m", "cm"): 1e2, ("mm", "cm"): 0.1, ("cm", "mm"): 10.0, ("km", "m"): 1e3, ("m", "km"): 1e-3,
    ("hours", "minutes"): 60.0, ("minutes", "hours"): 1 / 60, ("days", "hours"): 24.0, ("hours", "days"): 1 / 24,
    ("weeks", "days"): 7.0, ("days", "weeks"): 1 / 7, ("years", "months"): 12.0, ("months", "years"): 1 / 12,
    ("minutes", "seconds"): 60.0, ("seconds", "minutes"): 1 / 60,
}  # fmt: skip


def scale(question: str) -> dict[str, Any]:
    """The scale that the question asks for in so many words."""
    return next(({"scale": name} for pattern, name in _SCALES if pattern.search(question)), {})


def matters(question: str, outcome: Column) -> float | None:
    """The smallest difference that matters to the asker, in outcome units; None where none is said or its unit differs."""
    found = _MATTERS.search(question)
    if not found:
        return None
    key = next(k for k in "abcde" if found[k])
    value = float(found[key].replace(",", "."))
    said = (found[f"u{key}"] or "").casefold()
    if value <= 0 or not math.isfinite(value):
        return None
    if outcome.kind == "yes_no":
        points = said.startswith(("percentage point", "point")) or re.search(
            r"prozentpunkt|in 100\b", question.casefold()
        )
        return value / 100 if points and value < 100 else None
    if outcome.kind not in ("number", "count"):
        return None
    unit = _SPELLED.get(said)
    if unit is None or outcome.unit is None or unit[0] == outcome.unit:
        return value
    factor = _FACTORS.get((unit[0], outcome.unit))
    return value * factor if factor else None


def nameless_codes(column: Column) -> str:
    """The two codes of a column of 1 and 2 of which nothing says what they mean, in words; "" for any other column.

    Some surveys write 1 = yes and 2 = no, others 1 = no and 2 = yes.
    """
    codes = sorted(str(lv.value) for lv in column.levels)
    return (
        "1 and 2"
        if column.distinct == 2 and codes == ["1", "2"] and not polarity.told(column) and not column.unit
        else ""
    )


def arms(question: str, column: Column) -> dict[str, Any]:
    """All the arms against one: `control` alone, where the question compares them all and one level is plainly nothing."""
    if column.kind != "category" or column.distinct < 3 or not _ALL_ARMS.search(question):
        return {}
    control = [lv.value for lv in column.levels if _CONTROL_WORDS & set(lexicon.split(str(lv.value)))]
    return {"control": control[0]} if len(control) == 1 else {}


def contrast(question: str, column: Column) -> dict[str, Any]:
    """The two values to compare, where the question names them; a lone named level is `treated`."""
    if column.kind in ("number", "count"):
        return _from_to(question, column)
    if column.kind != "category":
        return {}
    texts = {str(level.value): level.value for level in column.levels}
    hits = sorted((place, t) for t in texts if (place := _place(question, t)) >= 0)
    hits = [(p, t) for p, t in hits if not any(t != o and t.casefold() in o.casefold() for _, o in hits)]
    values = [texts[t] for _, t in hits]
    against = [_stands_against(question[:place]) for place, _ in hits]
    if len(values) == 2:
        first, second = values
        if against[0] and not against[1]:
            first, second = second, first
        return {"treated": first, "control": second}
    if len(values) > 2:
        return {}
    if len(texts) == 2:
        pair = list(texts.values())
        if values:
            named, other = values[0], next(v for v in pair if v != values[0])
            return {"treated": other, "control": named} if against[0] else {"treated": named, "control": other}
        control = [v for v in pair if _CONTROL_WORDS & set(lexicon.split(str(v)))]
        if len(control) == 1:
            return {"treated": next(v for v in pair if v != control[0]), "control": control[0]}
        return {}
    control = [v for v in texts.values() if _CONTROL_WORDS & set(lexicon.split(str(v)))]
    if values and against[0]:
        return {"control": values[0]}
    if values:
        return {"treated": values[0], "control": control[0] if len(control) == 1 and control[0] != values[0] else None}
    return {}


def _stands_against(before: str) -> bool:
    """Do the words before a level make it what something else is compared with ("rather than A", "compared with A")?"""
    return bool(_AGAINST.search(before))


def _place(question: str, level: str) -> int:
    if len(level) == 1 and level.isalpha():  # "drug A" is a level, "a drug" is not
        alone = (
            re.search(rf"(?<=\w )(?<![\w-]){re.escape(level.upper())}(?!\w)", question)
            if level.upper() != "I"
            else None
        )
        return alone.start() if alone else -1
    key = lexicon.pattern_of(level.casefold())
    found = re.search(rf"(?<![\w-]){key}(?![\w])", question.casefold()) if key else None
    return found.start() if found else -1


def _from_to(question: str, column: Column) -> dict[str, Any]:
    found = _FROM_TO.search(question)
    if not found or column.minimum is None or column.maximum is None:
        return {}
    values = [subset.number(found[k]) for k in ("a", "b")]
    inside = all(column.minimum <= v <= column.maximum for v in values)
    if not inside or values[0] == values[1]:
        return {}
    return {"control": values[0], "treated": values[1]}


def event(question: str, outcome: Column) -> str | None:
    """The level of a text outcome that counts as the event: spelled as a yes ("1_yes"), or the only one in the question."""
    if outcome.kind != "category":
        return None
    levels = [str(lv.value) for lv in outcome.levels if isinstance(lv.value, str)]
    said = {level: set(lexicon.split(level)) for level in levels}
    yes = [level for level, words in said.items() if "yes" in words]
    if len(levels) == 2 and len(yes) == 1 and any("no" in words for words in said.values()):
        return yes[0]
    asked = set(lexicon.split(question))
    named = [level for level, words in said.items() if words and words <= asked]
    return named[0] if len(named) == 1 else None


_DURATION = re.compile(
    r"\b(?:surviv\w*|lifetimes?|(?:time|days?|weeks?|months?|years?|hours?) (?:to|until|till|from|survived|lived|alive|in (?:study|trial)|of follow)"
    r"|follow-?up (?:time|period)|(?:survival|event|failure) time|time)\b",
    re.IGNORECASE,
)
_OVER_TIME = re.compile(
    r"\bhazards?\b|\bsurviv\w*|\bliv(?:e|es|ed|ing) longer\b|\bdie[ds]? (?:sooner|later|earlier)\b|\btime (?:to|until)\b"
    r"|\bhow long (?:until|before|till)\b|\bsooner\b|\blänger leben|\büberleb\w+|\bvivre plus longtemps|\bsurvie\b|\bvivir más|\bsuperviv",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r"\b(?:died|dies|death|dead|deceased|event|relapse\w*|failed|failure|happened|censor\w*|left|quit|churn\w*|status|cancel\w*|recover\w*)\b",
    re.IGNORECASE,
)


def over_time(question: str, outcome: Column, columns: Sequence[Column]) -> dict[str, Any] | None:
    """Time to event: {outcome, event} where the question is about it and the table has both columns; {} where it is not
    about it; None where it is and one of them cannot be told."""
    hazard = bool(re.search(r"\bhazards?\b", question, re.IGNORECASE))
    if not _OVER_TIME.search(question):
        return {}
    lasting = [
        c for c in columns if c.kind in ("number", "count") and _DURATION.search(timing.told(c)) and not c.time_like
    ]
    if outcome in lasting:
        time: Column | None = outcome
    elif outcome.kind == "yes_no" and _EVENT.search(timing.told(outcome)):
        time = lasting[0] if len(lasting) == 1 else None
    else:
        return None if hazard else {}
    flags = [
        c
        for c in columns
        if c.kind == "yes_no" and _EVENT.search(timing.told(c)) and c.name != (time.name if time else "")
    ]
    if outcome in flags:
        event: Column | None = outcome
    else:
        ranked = match.rank(f"{question} {timing.told(outcome)}", flags)
        event = next((c for c in flags if ranked and c.name == ranked[0].name), None) if len(flags) >= 1 else None
        if len(flags) > 1 and ranked[0].score < 1.2 * ranked[1].score:
            event = None
    if time is None or event is None:
        return None if hazard else {}
    return {"outcome": time.name, "event": event.name}


_CODES = re.compile(r"\b\d+\s*[=:]\s*[^\W\d]")
_CODED = re.compile(r"\bcoded\b|\bcodes?\b(?! of conduct)", re.IGNORECASE)
MOST_CODES = 20


def coded(profile: Profile, fields: Mapping[str, Any]) -> list[str]:
    """Number columns whose description lists codes (1 = …, 2 = …, 3 = …): categories, to be held fixed as such."""
    out = []
    for column in profile.columns:
        if column.name in (fields.get("treatment"), fields.get("outcome")) or column.kind not in ("number", "count"):
            continue
        text = column.description or ""
        if 3 <= column.distinct <= MOST_CODES and (len(_CODES.findall(text)) >= 3 or _CODED.search(text)):
            out.append(column.name)
    return out
