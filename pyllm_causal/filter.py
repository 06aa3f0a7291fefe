"""The small, safe grammar for rows: `column op value [and …]`. Parsed by hand, never evaluated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from .errors import QueryError, UnknownColumn

Value = StrictBool | StrictInt | StrictFloat | StrictStr
Op = Literal["==", "!=", "<", "<=", ">", ">=", "in"]

MAX_LENGTH = 10_000
MAX_CONDITIONS = 50
MAX_ITEMS = 1_000

_OPS: tuple[tuple[str, Op], ...] = (
    ("==", "=="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("<", "<"),
    (">", ">"),
    ("=", "=="),
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_AND = re.compile(r"\s+and(?=\s)", re.IGNORECASE)
_WORD_OP = re.compile(r"in(?=[\s(\[])", re.IGNORECASE)
_FOREIGN = re.compile(
    r"[()\[\]{}`\"'=<>!;,\\|≤≥≠\x00-\x08\x0a-\x1f\x7f]|__|\b(?:or|not|and|lambda|import)\b", re.IGNORECASE
)
_GRAMMAR = (
    "Write conditions such as `age >= 30 and sex == 1`: a column, then one of == != < <= > >= in, then a number, "
    "true/false or text; a list as `in (1, 2)`; put odd names and texts in quotes; join conditions with `and` only."
)


class Condition(BaseModel):
    """One comparison of a column (by its original name) with a value, or with a tuple of values for `in`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    column: str
    op: Op
    value: Value | tuple[Value, ...]


class Filter(BaseModel):
    """Conditions that must all hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    conditions: tuple[Condition, ...] = ()


def parse_filter(text: str, columns: Sequence[str]) -> Filter:
    """The filter that `text` spells, over the known `columns` (original names).

    A bare column is the longest known name that fits, so names with spaces work; `…`, "…" and '…' quote (a quote
    inside is doubled). Raises `UnknownColumn` for a name that is not known and `QueryError` for everything else
    that is not in the grammar. Nothing is ever evaluated.
    """
    if not isinstance(text, str) or not text.strip():
        raise QueryError("The filter is empty.", _GRAMMAR)
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The filter is {len(text):,} characters long; at most {MAX_LENGTH:,} are allowed.", _GRAMMAR)
    known = sorted({c for c in columns if c}, key=lambda name: (-len(name), name))
    conditions: list[Condition] = []
    at = _skip(text, 0)
    while True:
        condition, at = _condition(text, at, known, columns)
        conditions.append(condition)
        if _skip(text, at) == len(text):
            return Filter(conditions=tuple(conditions))
        joined = _AND.match(text, at)
        if joined is None:
            raise _fault(text, _skip(text, at))
        if len(conditions) == MAX_CONDITIONS:
            raise QueryError(f"The filter has more than {MAX_CONDITIONS} conditions.", _GRAMMAR)
        at = _skip(text, joined.end())


def _condition(text: str, at: int, known: list[str], columns: Sequence[str]) -> tuple[Condition, int]:
    column, at = _column(text, at, known, columns)
    found = _operator(text, at)
    if found is None:
        raise _fault(text, at)
    op, at = found
    at = _skip(text, at)
    if op == "in":
        values, at = _items(text, at)
        return Condition(column=column, op=op, value=values), at
    value, at = _value(text, at, stop=_AND)
    if isinstance(value, bool) and op not in ("==", "!="):
        raise QueryError(f"true and false have no order, so {column!r} cannot be {op} one of them.", _GRAMMAR)
    return Condition(column=column, op=op, value=value), at


def _column(text: str, at: int, known: list[str], columns: Sequence[str]) -> tuple[str, int]:
    for name in known:
        if text.startswith(name, at) and _operator(text, at + len(name)) is not None:
            return name, at + len(name)
    if at < len(text) and text[at] in "`\"'":
        name, after = _quoted(text, at)
        if _operator(text, after) is None:
            raise _fault(text, _skip(text, after))
        if name not in known:
            raise UnknownColumn(name, columns, "filter column")
        return name, after
    ends = [m.start() for m in (re.search(r"[=<>!≤≥≠]", text[at:]), re.search(r"\s+in\s*[(\[]", text[at:])) if m]
    name = text[at : at + min(ends)].strip() if ends else ""
    if not name or _FOREIGN.search(name):
        raise _fault(text, at)
    raise UnknownColumn(name, columns, "filter column")


def _operator(text: str, at: int) -> tuple[Op, int] | None:
    start = _skip(text, at)
    for spelling, op in _OPS:
        if text.startswith(spelling, start):
            return op, start + len(spelling)
    word = _WORD_OP.match(text, start)
    # `in` needs a gap before it, or "margin (1)" would read as "marg in (1)"
    if word and (start > at or (start and text[start - 1] in "`\"'")):
        return "in", word.end()
    return None


def _items(text: str, at: int) -> tuple[tuple[Value, ...], int]:
    close = {"(": ")", "[": "]"}.get(text[at : at + 1])
    if close is None:
        raise _fault(text, at)
    stop = re.compile(r"\s*[," + re.escape(close) + "]")
    values: list[Value] = []
    while True:
        value, at = _value(text, _skip(text, at + 1), stop)
        values.append(value)
        at = _skip(text, at)
        if text[at : at + 1] == close:
            return tuple(dict.fromkeys(values)) if _same_types(values) else tuple(values), at + 1
        if text[at : at + 1] != ",":
            raise _fault(text, at)
        if len(values) == MAX_ITEMS:
            raise QueryError(f"A list in the filter has more than {MAX_ITEMS:,} values.", _GRAMMAR)


def _same_types(values: list[Value]) -> bool:
    # True == 1 in Python: mixed lists are kept as they are, so that none is lost
    return len({type(v) for v in values}) == 1


def _value(text: str, at: int, stop: re.Pattern[str]) -> tuple[Value, int]:
    """One value from `at` on; bare text ends where `stop` matches, or at the end of `text`."""
    if text[at : at + 1] in ("'", '"'):
        return _quoted(text, at)
    match = stop.search(text, at)
    end = match.start() if match else len(text)
    bare = text[at:end].strip()
    if not bare or _FOREIGN.search(bare):
        raise _fault(text, at)
    if bare.casefold() in ("true", "false"):
        return bare.casefold() == "true", end
    if _NUMBER.fullmatch(bare):
        if re.fullmatch(r"[+-]?[0-9]+", bare):
            return int(bare), end
        number = float(bare)
        if number in (float("inf"), float("-inf")):
            raise QueryError(f"The number {bare} in the filter is too large.", _GRAMMAR)
        return number, end
    return bare, end


def _quoted(text: str, at: int) -> tuple[str, int]:
    quote, at, out = text[at], at + 1, []
    while True:
        end = text.find(quote, at)
        if end < 0:
            raise QueryError(f"A quote {quote} in the filter is never closed.", _GRAMMAR)
        out.append(text[at:end])
        if text[end + 1 : end + 2] != quote:
            return "".join(out), end + 1
        out.append(quote)
        at = end + 2


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _fault(text: str, at: int) -> QueryError:
    rest = " ".join(text[at : at + 60].split())
    where = f"at {rest!r}" if rest else "at its end"
    return QueryError(f"The filter cannot be read {where}.", _GRAMMAR)
