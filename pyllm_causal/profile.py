"""What is known about each column, and which part of it a language model may see."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from .dictionary import describe
from .errors import UnknownColumn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Level", "Profile", "as_yes_no", "describe", "level_order", "profile_column", "significant"]

FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

Value = StrictBool | StrictInt | StrictFloat | StrictStr
ColumnKind = Literal["number", "count", "yes_no", "category", "time", "text", "constant", "empty"]
Share = Literal["names", "profile", "levels"]

MAX_LEVELS = 50
SHARED_LEVELS = 12  # a model sees levels only where there are at most so many …
SHARED_ROWS = 10  # … and each has at least so many rows
SMALL_INTEGERS = 20
MAX_SHARED_TEXT = 60

YES_NO = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"), ("0", "1"),
    ("nein", "ja"), ("nee", "ja"), ("non", "oui"), ("no", "si"), ("no", "sí"), ("no", "sì"), ("não", "sim"), ("nao", "sim"),
)  # fmt: skip

_ID_WORD = re.compile(r"ids?|[gu]?uid|seqn|pid|caseid|rowid|recordid|ssn|mrn")
_ID_NAME = re.compile(
    r"(?:school|person|patient|subject|student|pupil|household|family|village|county|state|firm|company|user|customer"
    r"|client|case|resp|respondent|unit|teacher|class|clinic|hospital|site|region|city|country|child|mother|father"
    r"|worker|employee|participant|member|record|row|obs|sample|order|account|product|item|store|session|visitor"
    r"|device)id$|^(?:index|identifier|rownames?|serial|serialnumber)$"
)
_PERSON_WORD = re.compile(
    r"names?|(?:first|last|full|nick|user)name|forename|surname|e?mail|(?:tele)?phone|tel|mobile|fax|address|street"
    r"|comments?|notes?|remarks?|freetext|url|ip"
)
_PHONE_WORD = re.compile(r"(?:tele)?phone|tel|mobile|fax|ssn")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]")
_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{7,}[0-9]")
_PERSON = re.compile(r"[^\W\d_][\w'’-]+,? (?:[^\W\d_]\.? )?[^\W\d_][\w'’-]+")
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[ T].*)?")

# how a unit is spelled in names and descriptions → how it is written in answers
_UNITS: dict[str, str] = {
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("g", "gram", "grams"), "g"),
    **dict.fromkeys(("mg", "milligram", "milligrams"), "mg"),
    **dict.fromkeys(("lb", "lbs", "pounds"), "lb"),
    **dict.fromkeys(("oz", "ounce", "ounces"), "oz"),
    **dict.fromkeys(("cm", "centimeters", "centimetres"), "cm"),
    **dict.fromkeys(("mm", "millimeters", "millimetres"), "mm"),
    **dict.fromkeys(("km", "kilometers", "kilometres"), "km"),
    **dict.fromkeys(("miles",), "miles"),
    **dict.fromkeys(("meters", "metres"), "m"),
    **dict.fromkeys(("inches",), "inches"),
    **dict.fromkeys(("mmhg",), "mmHg"),
    **dict.fromkeys(("year", "years", "yrs"), "years"),
    **dict.fromkeys(("months", "mths"), "months"),
    **dict.fromkeys(("weeks",), "weeks"),
    **dict.fromkeys(("days",), "days"),
    **dict.fromkeys(("hours", "hrs"), "hours"),
    **dict.fromkeys(("minutes", "mins"), "minutes"),
    **dict.fromkeys(("seconds", "secs"), "seconds"),
    **dict.fromkeys(("usd", "dollar", "dollars", "$"), "$"),
    **dict.fromkeys(("eur", "euro", "euros", "€"), "€"),
    **dict.fromkeys(("gbp", "£"), "£"),
    **dict.fromkeys(("cents",), "cents"),
    **dict.fromkeys(("pct", "percent", "percentage", "%"), "%"),
}
_UNIT_WORD = "|".join(sorted((re.escape(u) for u in _UNITS), key=len, reverse=True))
_UNIT_IN_TEXT = re.compile(
    rf"(?:\bin|\bper|\bof|[(\[,;])\s*(?:(?:[12][0-9]{{3}}|us|u\.s\.|constant|current)\s+)*({_UNIT_WORD})(?![\w$%])",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"t|time|period|day|week|month|age|date|step|rank")
_YEAR_NAME = re.compile(r"(?<![a-z])(?:year|yr)(?!s)|(?:year|yr)$|^year|date|cohort")
SAMPLE = 2_000


class Level(BaseModel):
    """One value of a column and how many rows have it."""

    model_config = FROZEN
    value: Value
    rows: int


class Column(BaseModel):
    """What is known about one column.

    `low`/`high` are the 5% and 95% points rounded to two significant digits (calendar years to whole years), safe to
    share; `minimum`/`maximum` are exact and never shared. `levels` are the (at most 50 commonest) values of yes/no,
    category, constant and small whole-number columns, sorted. `infinite` counts infinite cells, which the other
    figures leave out.
    """

    model_config = FROZEN
    name: str
    kind: ColumnKind
    dtype: str
    rows: int
    missing: int
    distinct: int
    infinite: int = 0
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[Level, ...] = ()
    id_like: bool = False
    time_like: bool = False
    name_like: bool = False
    description: str | None = None

    def shared_levels(self, more: bool = False) -> tuple[Level, ...]:
        """The levels that a model may see: few, common, short, and never of ids, names, e-mails or free text.

        `more` (a person's consent) shows the common ones among up to 50 levels too; rare ones stay hidden.
        """
        if self.id_like or self.name_like or self.kind in ("text", "time", "empty"):
            return ()
        if self.kind == "number" and self.distinct > 2 and any(isinstance(lv.value, float) for lv in self.levels):
            return ()  # measured values, however few, are not shown: the range is
        common = tuple(v for v in self.levels if v.rows >= SHARED_ROWS and len(str(v.value)) <= MAX_SHARED_TEXT)
        if more:
            return common
        return common if len(common) == self.distinct <= SHARED_LEVELS else ()


class Profile(BaseModel):
    """The columns of a table, without its rows. `name` is the file's name without its folder."""

    model_config = FROZEN
    name: str
    rows: int
    columns: tuple[Column, ...]

    def names(self) -> list[str]:
        """All column names, in the order of the table."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column called `name`; raises `UnknownColumn`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownColumn(name, self.names())

    def shared(self, share: Share = "profile") -> dict[str, Any]:
        """Exactly what a model may see: `names` only; the `profile`; or, with a person's consent, more `levels`.

        Never a row, an exact extreme or a rare value.
        """
        if share == "names":
            return {"name": self.name, "columns": [{"name": c.name} for c in self.columns]}
        return {"name": self.name, "rows": self.rows, "columns": [_shared(c, share == "levels") for c in self.columns]}


def _shared(column: Column, more: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": column.name,
        "kind": column.kind,
        "dtype": column.dtype,
        "missing": column.missing,
        "distinct": column.distinct,
    }
    if column.low is not None and column.high is not None and not (column.id_like or column.name_like):
        out["low"], out["high"] = column.low, column.high
    for part in ("unit", "description"):
        if getattr(column, part):
            out[part] = getattr(column, part)
    for flag in ("id_like", "time_like", "name_like"):
        if getattr(column, flag):
            out[flag] = True
    levels = column.shared_levels(more)
    if levels:
        out["levels"] = [{"value": level.value, "rows": level.rows} for level in levels]
    return out


def as_yes_no(value: object) -> bool | None:
    """True/False for a value of a recognised yes/no pair (bool, 0/1, yes/no, …, any case); None for others."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return bool(value) if value in (0, 1) else None
    if isinstance(value, str):
        folded = value.strip().casefold()
        return next((folded == pair[1] for pair in YES_NO if folded in pair), None)
    return None


class _Facts(NamedTuple):
    """What the rules about kinds look at: one column, summed up."""

    numeric: bool
    whole: bool  # numbers only: every finite value is a whole number
    rows: int
    seen: int
    distinct: int
    low: float
    high: float
    values: list[Any]  # distinct values in order of appearance; of numbers at most the first SAMPLE
    counts: list[int]

    @property
    def texts(self) -> list[str]:
        return [v for v in self.values if isinstance(v, str)]


def profile_column(name: str, series: pd.Series, dtype: str, description: str | None = None) -> Column:
    """The profile of one column in its tidy form (see cells.py): bool, int64, float64, datetime64 or object."""
    import numpy as np
    import pandas as pd

    rows = len(series)
    seen = series.dropna()
    missing, infinite, unending = rows - len(seen), 0, 0
    if series.dtype == np.float64:
        finite = np.isfinite(seen.to_numpy())
        infinite = int(len(finite) - finite.sum())
        unending = seen[~finite].nunique() if infinite else 0
        seen = seen[finite] if infinite else seen
    codes, uniques = pd.factorize(seen)
    distinct, numeric = len(uniques), series.dtype.kind in "if"
    array = seen.to_numpy(dtype=float) if numeric else np.array([])
    facts = _Facts(
        numeric=numeric,
        whole=bool(numeric and distinct and (array % 1 == 0).all()),
        rows=rows,
        seen=len(seen),
        distinct=distinct,
        low=float(array.min()) if len(array) else 0.0,
        high=float(array.max()) if len(array) else 0.0,
        values=[_plain(v) for v in (uniques[:SAMPLE] if numeric else uniques).tolist()],
        counts=np.bincount(codes, minlength=distinct).tolist(),
    )
    kind = _kind(series.dtype.kind, facts)
    if infinite and kind in ("empty", "constant", "yes_no"):
        kind = "number"  # an infinite value is a value too
    words = _words(name)
    time_like = kind == "time" or _time_like(name, words, kind, facts)
    name_like = _name_like(words, kind, facts)
    id_like = not time_like and _id_like(name, words, kind, facts)
    fields: dict[str, Any] = {}
    if len(array):
        fields.update(minimum=facts.low, maximum=facts.high)
        if kind in ("number", "count"):
            low, high = (float(q) for q in np.quantile(array, [0.05, 0.95]))
            calendar = time_like and 1000 <= low <= 3000
            fields["low"] = float(round(low)) if calendar else significant(low)
            fields["high"] = float(round(high)) if calendar else significant(high)
    listed = kind in ("yes_no", "category", "constant") or (numeric and distinct == 2)
    few = distinct <= SMALL_INTEGERS and (facts.whole or (numeric and 2 * distinct < rows))
    if (listed and series.dtype.kind != "M") or few:
        fields["levels"] = _levels(facts)
    measured = kind in ("number", "count") and not (time_like or id_like or name_like)
    return Column(
        name=name,
        kind=kind,
        dtype=dtype,
        rows=rows,
        missing=missing,
        distinct=distinct + unending,
        infinite=infinite,
        unit=_unit(name, words, description, facts) if measured else None,
        id_like=id_like,
        time_like=time_like,
        name_like=name_like,
        description=description,
        **fields,
    )


def significant(value: float, digits: int = 2) -> float:
    """`value` rounded to so many significant digits."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(f"{value:.{digits - 1}e}")


def _plain(value: Any) -> Any:
    # whole floats become ints: 1.0 from a column with gaps is the same level as 1
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _kind(letter: str, facts: _Facts) -> ColumnKind:
    """The kind of a column; `letter` is numpy's kind of its dtype."""
    if facts.distinct == 0:
        return "empty"
    if facts.distinct == 1:
        return "constant"
    if letter == "M":
        return "time"
    if facts.distinct == 2 and _is_pair(facts.values):
        return "yes_no"
    if facts.numeric:
        return "count" if facts.whole and facts.distinct > 2 and facts.low >= 0 else "number"
    length = sum(len(str(v)) * n for v, n in zip(facts.values, facts.counts, strict=True)) / max(facts.seen, 1)
    wordy = sum(str(v).count(" ") for v in facts.values) / facts.distinct >= 5 and facts.distinct > 20
    few = facts.distinct <= 20 or facts.distinct <= 0.5 * facts.seen
    return "category" if few and length <= 60 and not wordy else "text"


def _is_pair(values: Sequence[Any]) -> bool:
    if all(isinstance(v, bool) for v in values):
        return True
    if all(isinstance(v, (int, float)) for v in values):
        return set(values) == {0, 1}
    if not all(isinstance(v, str) for v in values):
        return False
    return {v.casefold() for v in values} in [set(pair) for pair in YES_NO]


def _words(name: str) -> list[str]:
    """The words of a name: `patientId`, `patient_id` and `Patient ID` all give patient, id."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [w for w in re.split(r"[^\w$€£%]+|_", spaced.casefold()) if w]


def _any(pattern: re.Pattern[str], words: list[str]) -> bool:
    return any(pattern.fullmatch(word) for word in words)


def _id_like(name: str, words: list[str], kind: str, facts: _Facts) -> bool:
    if kind in ("constant", "empty", "yes_no", "time"):
        return False
    if name == "Unnamed: 0":  # what pandas calls the row numbers that it writes
        return True
    named = _any(_ID_WORD, words) or bool(_ID_NAME.search("".join(words)))
    unique = facts.distinct == facts.seen and facts.seen > 2
    if not facts.numeric:
        return (unique and facts.seen >= 10) or (named and facts.distinct > SHARED_LEVELS)
    if not facts.whole:
        return False  # a measure is often unique, and is no id
    if named:
        return unique or facts.distinct > SHARED_LEVELS
    numbered = unique and facts.rows >= 20 and facts.low in (0, 1) and facts.high - facts.low == facts.rows - 1
    in_order = numbered and all(v == facts.low + i for i, v in enumerate(facts.values))
    return in_order and not _any(_COUNTER, words)


def _time_like(name: str, words: list[str], kind: str, facts: _Facts) -> bool:
    if kind in ("empty", "yes_no"):
        return False
    if facts.texts:
        return all(_DATE.fullmatch(v) for v in facts.texts[:200])
    if not facts.whole:
        return False
    low, high, distinct, flat = facts.low, facts.high, facts.distinct, "".join(words)
    if _YEAR_NAME.search(name.casefold()):
        if low >= 1800 and high <= 2100:
            return True
        if "date" in flat and low >= 18000101 and high <= 21001231:
            return True
    if len(words) == 1 and distinct > 2:
        if flat in ("year", "yr"):
            return low >= 0 and high < 100
        if flat in ("month", "quarter", "week", "wave", "period", "round", "t"):
            return True
        if flat == "time":  # a clock when it repeats; a duration when it hardly does
            return distinct <= 0.2 * facts.rows
    # an unbroken run of repeated recent years is a calendar whatever it is called
    dense = distinct >= 3 and distinct >= 0.6 * (high - low + 1) and facts.rows >= 3 * distinct
    return low >= 1900 and high <= 2035 and dense


def _name_like(words: list[str], kind: str, facts: _Facts) -> bool:
    if kind in ("empty", "yes_no", "time"):
        return False
    texts = facts.texts
    if not texts:
        return _any(_PHONE_WORD, words)
    if any("@" in t and _EMAIL.search(t[:200]) for t in texts):
        return True
    if kind == "text" and sum(t.count(" ") for t in texts) >= 4 * len(texts):
        return True
    if 2 * sum(1 for t in texts if _PHONE.fullmatch(t) and not _DATE.fullmatch(t)) > len(texts):
        return True
    if _any(_PERSON_WORD, words) and len(texts) > 2:
        return True
    mostly_unique = len(texts) >= 10 and len(texts) > 0.5 * facts.rows
    return mostly_unique and sum(1 for t in texts if _PERSON.fullmatch(t) and t.istitle()) > 0.6 * len(texts)


def _levels(facts: _Facts) -> tuple[Level, ...]:
    pairs = list(zip(facts.values, facts.counts, strict=True))
    if len(pairs) > MAX_LEVELS:
        pairs = sorted(pairs, key=lambda p: (-p[1], level_order(p[0])))[:MAX_LEVELS]
    return tuple(Level(value=v, rows=n) for v, n in sorted(pairs, key=lambda p: level_order(p[0])))


def level_order(value: object) -> tuple[Any, ...]:
    """Sort key of levels: numbers by size, texts with the numbers in them by size (`9` before `10-19`)."""
    if isinstance(value, (bool, int, float)):
        return (0, float(value))
    text = str(value)
    if re.fullmatch(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?", text):
        return (1, ((0, float(text), ""),), text)
    pieces = re.findall(r"[0-9]{1,30}|[^0-9]+", text)
    return (1, tuple((0, float(p), "") if p.isdecimal() else (1, 0.0, p.casefold()) for p in pieces), text)


def _unit(name: str, words: list[str], description: str | None, facts: _Facts) -> str | None:
    if "log" in words or re.match(r"log|l(?=wage|price|pop|emp)", name.casefold()):
        return None
    for text in (description or "", name):
        if re.search(r"\blog(?:arithm)?\b|\bln\b|\bsquared?\b", text, re.IGNORECASE):
            return None
        found = _UNIT_IN_TEXT.search(text)
        if found:
            return _UNITS[found[1].casefold()]
    last = words[-1] if len(words) > 1 else ""
    if last in _UNITS and last != "year":
        return _UNITS[last]
    if "%" in name or "$" in name:
        return "%" if "%" in name else "$"
    return "years" if words == ["age"] and facts.low >= 0 and 12 < facts.high <= 120 else None
