"""Which years a column speaks of, by its name and its description. Pure rules; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .profile import Column

DATES = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PRICES = re.compile(
    r"(?:US)?[$€£]\s*(?:of|in)\s+\d{4}|\b(?:dollars?|euros?|pounds?|prices)\s+(?:of|in)\s+\d{4}", re.IGNORECASE
)
_SUFFIX = re.compile(r"(?<![a-z\d])([a-z]*[a-z]|)_?([4-9]\d)(?:_([4-9]\d))?(?!\d)", re.IGNORECASE)

_MONTHS = "january february march april may june july august september october november december".split()


def month_of(word: str) -> int | None:
    """1 to 12 for the English name of a month, or its first letters (three at least, a full stop behind them or not); else None."""
    said = word.strip().casefold().removesuffix(".")
    return next((i for i, name in enumerate(_MONTHS, 1) if len(said) >= 3 and name.startswith(said)), None)


def years_of(column: Column, suffixes: frozenset[int]) -> set[int]:
    """Years that the name or the description speaks of; two-digit suffixes only where `suffixes` knows them."""
    found = {int(y) for y in DATES.findall(column.name.replace("_", " "))}
    found |= {int(y) for y in DATES.findall(_PRICES.sub("", column.description or ""))}
    for part in _SUFFIX.finditer(column.name):
        found |= {1900 + int(d) for d in part.groups()[1:] if d and 1900 + int(d) in suffixes}
    return found


def known_suffixes(columns: Sequence[Column]) -> frozenset[int]:
    """Two-digit suffixes that are years: the same stem with several of them (wt71, wt82), or told in a description.

    Many of one stem (item41 … item60) are a numbering and not years.
    """
    by_stem: dict[str, set[int]] = {}
    for column in columns:
        for part in _SUFFIX.finditer(column.name):
            by_stem.setdefault(part[1].casefold(), set()).update(int(d) for d in part.groups()[1:] if d)
    out = {1900 + d for digits in by_stem.values() if 2 <= len(digits) <= 8 for d in digits}
    spoken = {int(y) for c in columns for y in DATES.findall(c.description or "")}
    return frozenset(out | {1900 + d for digits in by_stem.values() for d in digits if 1900 + d in spoken})


def baseline(treatment: Column, outcome: Column, suffixes: frozenset[int]) -> tuple[int | None, int | None]:
    """The year of the treatment (its start) and of the outcome (its end), where they can be told."""
    of_treatment, of_outcome = years_of(treatment, suffixes), years_of(outcome, suffixes)
    start = min(of_treatment) if of_treatment else None
    if start is None and len(of_outcome) > 1:
        start = min(of_outcome)  # an outcome "from 1971 to 1982" starts where the treatment does
    return start, max(of_outcome) if of_outcome else None
