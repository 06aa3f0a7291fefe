"""Which columns do these words mean? Plain rules over names and descriptions; offers a ranking, never a certainty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..years import DATES
from .lexicon import CUES, FOLK, MEASURES, alike, split, stem, words

if TYPE_CHECKING:
    from ..profile import Column, Profile


@dataclass(frozen=True)
class Fit:
    """How well a column answers to some words: `explained` is the part of the words that it accounts for, `covered`
    the part of its own words that are spoken, `score` both together, 0 to about 1.

    `doubtful`: it is about another time or a line that the words do not speak of. `kin`: about another person.
    """

    name: str
    score: float
    explained: float
    covered: float
    doubtful: bool = False
    kin: bool = False


class Ranked(list[Fit]):
    """Columns, best first."""

    def leader(self, least: float = 0.66, lead: float = 1.3, core: float = 0.6) -> str | None:
        """The column that accounts for nearly all of the words and is well ahead of the second, else None."""
        if not self or self[0].explained < least or self[0].covered < core or self[0].doubtful:
            return None
        second = self[1].score if len(self) > 1 else 0.0
        return self[0].name if self[0].score >= lead * second else None


# A column about another time ("previous cancellations") is meant only where that is said. One about another person
# ("father's schooling") is not, where a column without that word fits as well.
_EARLIER = frozenset("previous prior earlier former baseline lagged initial vorjahr".split())
_KIN = frozenset(
    "father mother parent parents parental spouse partner husband wife sibling brother sister peer".split()
)


def rank(text: str, columns: Sequence[Column], most: int = 60) -> Ranked:
    """Every column with its fit to the words of `text`; ties keep the table's order."""
    asked = words(text)[:most]
    spelled = split(text)
    names = {stem(n) for c in columns for n in split(c.name)}
    weights = {w: 0.15 if _slight(w) and stem(w) not in names else 1.0 for w in asked}
    dates = [d for d in set(DATES.findall(text)) if any(_dated(d, c) for c in columns)]
    total = sum(weights.values()) + len(dates)
    if total and all(weights[w] < 1 for w in asked) and not dates:
        total = max(total, 0.5)
    found = [_fit(c, asked, spelled, weights, dates, total, text) for c in columns]
    plain = max((f.explained for f in found if not f.kin), default=0.0)
    found = [
        replace(f, score=round(f.score / 0.65, 4)) if f.kin and not f.doubtful and plain < 0.75 * f.explained else f
        for f in found
    ]
    order = {c.name: i for i, c in enumerate(columns)}
    return Ranked(sorted(found, key=lambda fit: (-fit.score, order[fit.name])))


def _slight(word: str) -> bool:
    return word in FOLK or word in MEASURES or stem(word) in CUES


def _dated(date: str, column: Column) -> bool:
    told = f"{column.name} {column.description or ''}"
    return date in told or bool(re.search(rf"(?<!\d){date[2:]}(?!\d)", column.name))


def _fit(
    column: Column,
    asked: Sequence[str],
    spelled: Sequence[str],
    weights: dict[str, float],
    dates: Sequence[str],
    total: float,
    text: str,
) -> Fit:
    terms = _terms(column)
    gained = sum(weights[w] * max((alike(w, t) * weight for t, weight in terms), default=0.0) for w in asked)
    explained = (gained + sum(_dated(d, column) for d in dates)) / total if total else 0.0
    name = split(column.name)
    if len(name) > 1 and set(name) <= set(spelled):  # spelled out, its little words too
        explained = max(explained, 0.85)
    covered = _covered(asked, column)
    unsaid = {t for t in split(_told(column))[:12] if not any(alike(w, t) >= 0.8 for w in asked)}
    earlier = bool(unsaid & _EARLIER) or ("before" in split(column.name) and "before" not in spelled)
    cut = column.kind == "yes_no" and bool(_CUT.search(_told(column).replace("_", " "))) and not _CUT.search(text)
    less = 0.65 if earlier or cut or unsaid & _KIN else 1.0
    score = explained * (0.5 + 0.5 * covered) * less * _shape(text, column)
    return Fit(
        column.name, round(score, 4), round(explained, 4), round(covered, 4), earlier or cut, bool(unsaid & _KIN)
    )


def _told(column: Column) -> str:
    return f"{column.name} {column.description or ''}"


# A yes/no column that only says on which side of a line a measure lies ("low weight"): meant where the line is spoken of.
_CUT = re.compile(r"\b(?:low|high|under|over|above|below|at least|more than|less than|long|short)\b", re.IGNORECASE)
_EVENTS = re.compile(
    r"\b(?:chances?|risk|probability|likelihood|odds|likely|whether|(?:more|less) often)\b", re.IGNORECASE
)
_GAINED = re.compile(
    r"\b(?:change|changes|gain|gains|gained|gaining|lose|loses|losing|lost|put on|growth)\b", re.IGNORECASE
)
CHANGE = re.compile(r"\b(?:change|changes|difference|gain|gained|growth|delta|diff)\b", re.IGNORECASE)
_COUNTED = re.compile(r"\b(?:number of|how many|amount of)\b", re.IGNORECASE)


def _shape(text: str, column: Column) -> float:
    """ "The chance of …" speaks of a yes/no column, "the number of …" of numbers, "gain" of a change."""
    if _GAINED.search(text) and CHANGE.search(_told(column).replace("_", " ")):
        return 1.4
    if _EVENTS.search(text):
        return 1.1 if column.kind == "yes_no" else 0.9
    if _COUNTED.search(text):
        return 0.9 if column.kind in ("yes_no", "category") else 1.1
    return 1.0


def _covered(asked: Sequence[str], column: Column) -> float:
    """The part of a column's own words that are spoken: "got the vaccine" before "weight before the vaccine"."""
    gist = gist_of(column)
    first = split(column.name)[:1]  # "days_to_recovery" is about days, "stay_days" about a stay
    texts = (
        (column.name, _FORMS if _UNITS.intersection(first) else _FORMS | _UNITS),
        (gist, MEASURES | _FORMS),
        (_WHEN.split(gist, maxsplit=1)[0], MEASURES | _FORMS),
    )
    parts = [_core(text, empty) for text, empty in texts]
    if column.kind == "category" and any(_said(str(lv.value), asked) for lv in column.levels[:30]):
        return 1.0
    spoken = [(sum(any(alike(a, t) >= 0.5 for a in asked) for t in part), len(part)) for part in parts if part]
    shares = [0.6 if hits >= 2 and 0.5 <= hits / size < 0.6 else hits / size for hits, size in spoken]
    heads = [part[-1] for part in (parts[0], _core(_OF.split(texts[2][0], maxsplit=1)[0], texts[2][1])) if part]
    if any(alike(a, h) >= 0.5 for a in asked for h in heads):  # the noun that the rest only describes
        shares.append(0.6)
    return max(shares, default=0.0)


_OF = re.compile(r"\b(?:of|for|to|per)\b", re.IGNORECASE)
# From here on a description says when and where, not what.
_WHEN = re.compile(r"\b(?:after|within|before|during|in|at|from|between|when|where|while|by|until)\b", re.IGNORECASE)


def _said(level: str, asked: Sequence[str]) -> bool:
    told = words(level)
    return bool(told) and all(any(alike(a, t) >= 0.8 for a in asked) for t in told)


# Words in a name that only say how it is measured.
_FORMS = frozenset(
    """score index flag status level levels number count total avg mean rate pct percent share is has num eur usd gbp kg cm
    km mm min mins hrs""".split()
)
# In a name they are units ("stay_days"); in a description they may be what it is about ("cigarettes a day").
_UNITS = frozenset("hr hour hours day days week weeks month months minute minutes second seconds sec secs m2".split())


def _core(text: str, empty: frozenset[str]) -> list[str]:
    found = words(text)[:6]
    return [w for w in found if w not in empty] or found


def gist_of(column: Column) -> str:
    """The first phrase of the description, without what stands behind a comma or in brackets."""
    return re.split(r"[(;:,\[]|\.\s", column.description or "", maxsplit=1)[0]


def _terms(column: Column) -> list[tuple[str, float]]:
    gist = gist_of(column)
    rest = (column.description or "")[len(gist) :]
    named = [(w, 1.0) for w in words(column.name)]
    told = [(w, 0.95) for w in words(gist)[:16]] + [(w, 0.6) for w in words(rest)[:16]]
    levels = column.levels if column.kind == "category" else ()
    spoken = [(w, 0.7) for level in levels[:30] for w in words(str(level.value))]
    return named + told + spoken


def accounts(word: str, column: Column) -> float:
    """How far one word is explained by a column."""
    return max((alike(word, term) * weight for term, weight in _terms(column)), default=0.0)


def mentioned(text: str, column: Column) -> float:
    """How well the best word of `text` matches this one column, 0 to 1."""
    asked = words(text)
    return max((alike(w, t) * weight for w in asked for t, weight in _terms(column)), default=0.0)


def spoken(text: str, column: Column) -> float:
    """How well any word of `text`, folk words too, matches the name of this column, 0 to 1."""
    said = split(text)
    return max((alike(w, t) for w in said for t in split(column.name) if len(t) > 2), default=0.0)


def usable(profile: Profile, longest: int | None = 120) -> list[Column]:
    """Columns that a question can be about: no ids, constants, empty columns, names or free text.

    A name of more than `longest` characters is not offered to a model.
    """
    return [
        c
        for c in profile.columns
        if not c.id_like
        and not c.name_like
        and c.kind not in ("constant", "empty", "text")
        and 0 < len(c.name) <= (longest or len(c.name))
    ]
