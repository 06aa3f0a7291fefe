"""How columns are written for a model: one line each, names and descriptions as JSON strings, never a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_KINDS = {"yes_no": "yes/no", "time": "date or time"}


def lines(shared: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """One line for each of `names`, from `Profile.shared(...)`."""
    wanted = set(names)
    return [_line(column) for column in shared["columns"] if column["name"] in wanted]


def _line(column: Mapping[str, Any]) -> str:
    facts: list[str] = []
    if kind := column.get("kind"):
        facts.append(_KINDS.get(kind, kind))
    if "low" in column and "high" in column:
        facts.append(f"{column['low']:g} to {column['high']:g}")
    if unit := column.get("unit"):
        facts.append(str(unit)[:20])
    if levels := column.get("levels"):
        values = [level["value"] for level in levels]
        if column.get("kind") == "category":
            facts.append(", ".join(json.dumps(v, ensure_ascii=False) for v in values))
    said = f": {json.dumps(column['description'][:200], ensure_ascii=False)}" if column.get("description") else ""
    told = f" ({'; '.join(facts)})" if facts else ""
    return json.dumps(column["name"], ensure_ascii=False) + told + said
