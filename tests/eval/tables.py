"""A table for every table of a question file: the columns are described there, the rows are made up by arithmetic.

The rows carry no meaning; they give every column a kind, levels and a range, so that the real profile is used. No
random numbers: the same file gives the same table everywhere, and recordings stay valid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from pyllm_causal.data import Table

ROWS = 240

_ID = re.compile(r"\bid$|_id$|_(?:no|nr)$|\bnumber$|^nummer\b", re.IGNORECASE)
_YES_NO = re.compile(
    r"\(\s*1\s*=|\b1 if\b|^0 \w+, 1 \w+|^(?:was|is|has|had|got|took|received|died|lives|grew|owns|did)\b", re.IGNORECASE
)
_NUMBER = re.compile(
    r"\b(?:number|count|years?|months|days?|hours|minutes|score|points?|level|weight|age|rate|price|earnings|wages?"
    r"|spend|money|tickets|cost|average|percent|share|amount|income|exercise|activity|severity|speed|stays|earlier"
    r"|staff|visits|\w+s per|kilomet\w+|(?:in )?(?:cm|km|kg|mmhg|euros?|dollars?|pounds)|stunden|punkte|alter"
    r"|einkommen|\d+ (?:to|bis) \d+)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r":\s*(?P<a>[\w -]+(?:,\s*[\w -]+)+)$")


def table(name: str, spec: Mapping[str, Any]) -> Table:
    """The table `name` of a question file as a real table."""
    columns: Mapping[str, str] = spec["cols"]
    frame = pd.DataFrame({c: _values(i, c, text, spec) for i, (c, text) in enumerate(columns.items())})
    return Table.read(frame, describe=dict(columns), name=f"{name}.csv")


def _values(index: int, name: str, text: str, spec: Mapping[str, Any]) -> list[Any]:
    levels = spec.get("levels", {}).get(name)
    if low_high := spec.get("range", {}).get(name):
        low, high = low_high
        return [low + i % (high - low + 1) for i in range(ROWS)]
    if levels:
        return [levels[_turn(i, index, len(levels))] for i in range(ROWS)]
    if _ID.search(name) or _ID.search(text):
        return [i + 1 for i in range(ROWS)]
    if re.match(r"date\b", text, re.IGNORECASE):
        return [f"2025-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(ROWS)]
    if _YES_NO.search(text):
        return [_turn(i, index, 2) for i in range(ROWS)]
    if found := _LISTED.search(text):
        parts = [p.strip() for p in found["a"].split(",")]
        return [parts[_turn(i, index, len(parts))] for i in range(ROWS)]
    if re.search(r"\bsex\b|\bgender\b", text, re.IGNORECASE):
        return [("female", "male")[_turn(i, index, 2)] for i in range(ROWS)]
    if _NUMBER.search(text):
        step = 7 + 2 * index
        return [round(1 + (i * step) % 97 + 0.5 * ((i * 11) % 3), 1) for i in range(ROWS)]
    return ["ABCD"[_turn(i, index, 4)] for i in range(ROWS)]


def _turn(row: int, index: int, levels: int) -> int:
    return (row * (index + 3) + row // 7 + index) % levels
