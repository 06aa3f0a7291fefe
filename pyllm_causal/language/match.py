"""Which columns do these words mean? Plain rules over names and descriptions; offers a ranking, never a certainty."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..profile import Column, Profile

_STOP = frozenset(
    """a an the of in on at to for from by with and or is are was were be been do does did has have had can could will
    would should may might if then than that this these those it its as not no how much many more most less what which
    who whose whom when where why there their them they he she his her our we us you your my i me so such some any all
    each every one per about into over under between among during before after other others people person
    yes value number name column data table variable group type code id
    get got gets getting make makes made making give given gives giving take takes taken took taking
    effect effects affect affects impact influence cause causes caused causal lead leads change changes changed
    increase increases decrease decreases raise reduce reduces improve due because difference different
    participant participants respondent respondents individual individuals actually really ever just""".split()
)

# Everyday words for the same thing. General English only; nothing here is taken from any one table.
_SAME = [
    "sex gender male female man men woman women boy girl boys girls",
    "race ethnicity ethnic black white hispanic asian",
    "wage pay paid salary earn earned earnings income payoff",
    "school schooling education educated educational educ",
    "die died death dead dying mortality deceased fatal",
    "survive survival survived alive",
    "quit stop stopped cease cessation discontinue",
    "smoke smoker smoking cigarette tobacco smk",
    "leave left leaving churn attrition depart",
    "drug medicine medication pill",
    "recover recovery recovered cured healed",
    "old older age aged elderly young younger",
    "job employment work employed unemployed occupation",
    "train training course programme program",
    "price cost expense",
    "spend spending spent expenditure",
    "discount rebate coupon",
    "buy purchase bought order",
    "sale sell sold revenue turnover",
    "child children kid kids baby infant",
    "parent mother father mom dad",
    "ill illness sick sickness disease",
    "exercise workout sport gym",
    "test exam score grade mark",
    "weight kg kilogram pound wt",
    "height tall ht",
    "call callback phone",
    "vote voting voted turnout ballot",
    "house home housing dwelling",
    "crime arrest arrested offence criminal",
    "married marriage marital spouse",
    "city urban metropolitan town",
    "distance far near proximity",
    "time duration long length day days",
    "happy happiness wellbeing satisfaction",
    "yield harvest crop output",
    "admit admission admitted accept accepted",
]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A crude common stem: enough to join "smoking" with "smoke" and "earnings" with "earn"."""
    word = word.casefold()
    for ending in (
        "ations",
        "ation",
        "ingly",
        "ings",
        "ing",
        "edly",
        "ness",
        "ment",
        "ies",
        "ied",
        "ers",
        "ed",
        "er",
        "ly",
        "es",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for index, line in enumerate(_SAME):
        for word in line.split():
            found.setdefault(stem(word), set()).add(index)
    return {word: frozenset(groups) for word, groups in found.items()}


def split(text: str) -> list[str]:
    """Lower-case words of a name or a sentence; `camelCase`, `snake_case` and digits are taken apart."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text[:2000])
    return re.findall(r"[^\W\d_]+", text.casefold())


def words(text: str) -> list[str]:
    """The words of `text` that carry meaning, in order, without repetition."""
    return list(dict.fromkeys(w for w in split(text) if w not in _STOP and (len(w) > 1 or not w.isascii())))


@lru_cache(maxsize=65536)
def alike(a: str, b: str) -> float:
    """How far two words mean the same: 1 same stem, 0.8 everyday synonyms, 0.5 abbreviation, else 0."""
    left, right = stem(a), stem(b)
    if left == right or a == b:
        return 1.0
    groups = _groups()
    if groups.get(left, frozenset()) & groups.get(right, frozenset()):
        return 0.8
    short, long = sorted((left, right), key=len)
    if len(short) >= 4 and long.startswith(short):
        return 0.8
    if len(short) >= 5 and _close(short, long):
        return 0.7
    if 2 <= len(short) <= 5 and len(long) >= len(short) + 2 and _abbreviates(short, long):
        return 0.5
    return 0.0


def _close(a: str, b: str) -> bool:
    from difflib import SequenceMatcher

    return abs(len(a) - len(b)) <= 2 and SequenceMatcher(None, a, b).ratio() >= 0.85


def _abbreviates(short: str, long: str) -> bool:
    """ "wt" for "weight", "educ" for "education": same first letter, letters in order, few vowels."""
    if short[0] != long[0]:
        return False
    if len(short) >= 3 and long.startswith(short):
        return True
    if sum(c in "aeiou" for c in short) > 0:
        return False
    rest = iter(long)
    return all(c in rest for c in short)


class Ranked(list[tuple[str, float]]):
    """Columns with scores, best first."""

    def names(self, most: int = 5) -> list[str]:
        """The best names that match at all."""
        return [name for name, score in self[:most] if score > 0]

    def leader(self) -> str | None:
        """The best column where it is well ahead of the second, else None."""
        if not self or self[0][1] < 0.5:
            return None
        second = self[1][1] if len(self) > 1 else 0.0
        return self[0][0] if self[0][1] >= 1.5 * second else None


def rank(text: str, columns: Sequence[Column]) -> Ranked:
    """Every column with its score against the words of `text`; ties keep the table's order."""
    asked = words(text)
    by_name = {c.name: c for c in columns}
    known = {c.name: _terms(c) for c in columns}
    frequency: dict[str, int] = {}
    for terms in known.values():
        for term in {stem(t) for t, _ in terms}:
            frequency[term] = frequency.get(term, 0) + 1
    total = max(1, len(columns))
    scored = []
    for name, terms in known.items():
        score = 0.0
        for word in asked:
            best = 0.0
            for term, weight in terms:
                like = alike(word, term)
                if like:
                    rarity = math.log(1 + total / frequency[stem(term)]) / math.log(1 + total)
                    best = max(best, like * weight * rarity)
            score += best
        scored.append((name, round(score * (0.6 + 0.4 * _covered(asked, by_name[name])), 4)))
    order = {name: i for i, name in enumerate(known)}
    return Ranked(sorted(scored, key=lambda item: (-item[1], order[item[0]])))


def _covered(asked: Sequence[str], column: Column) -> float:
    """The part of a column's own words that the question uses: "got the vaccine" before "weight before the vaccine"."""
    parts = [words(column.name)[:6], words(column.description or "")[:6]]
    shares = [sum(any(alike(a, t) >= 0.5 for a in asked) for t in part) / len(part) for part in parts if part]
    return max(shares, default=0.0)


def _terms(column: Column) -> list[tuple[str, float]]:
    named = [(w, 1.0) for w in words(column.name)]
    told = [(w, 0.8) for w in words(column.description or "")[:20]]
    return named + told


def mentioned(text: str, column: Column) -> float:
    """How well the best word of `text` matches this one column, 0 to 1."""
    asked = words(text)
    return max((alike(w, t) * weight for w in asked for t, weight in _terms(column)), default=0.0)


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
