"""The two groups of rows of a "why did it change" question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...data import Table
from ...errors import QueryError, UnknownColumn
from ...filter import Condition, Filter
from ...profile import Column
from ...query import Query, Value
from ...wording import safe
from ...years import month_of
from ..contrast import as_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?")

_TIMES = re.compile(
    r"(?<![a-z])(?:year|month|quarter|week|day|date|period|wave|season|time|when|phase)s?(?![a-z])", re.IGNORECASE
)
_FIRST, _THEN = ("before", "pre", "old", "earlier", "baseline"), ("after", "post", "new", "later", "follow-up")


def in_time(column: Column, first: Value | None, second: Value | None) -> bool:
    """Whether the two values are two times, the first of them earlier: only then is a difference a rise or a fall."""
    one, two = str(first).strip().casefold(), str(second).strip().casefold()
    if one in _FIRST and two in _THEN:
        return True
    months = month_of(one), month_of(two)
    if months[0] is not None and months[1] is not None:
        return months[0] < months[1]
    if column.kind != "time" and not column.time_like and not _TIMES.search(column.name):
        return False
    numbers = as_number(first), as_number(second)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] < numbers[1]
    return bool(re.match(r"\D{0,2}\d", one) and re.match(r"\D{0,2}\d", two) and len(one) == len(two) and one < two)


def lacking(query: Query, table: Table) -> list[str]:
    """The values that could be compared, where the query does not say which two; empty where it does."""
    asked = query.compare or {}
    if asked.get("column") is not None and asked.get("from") is not None and asked.get("to") is not None:
        return []
    name = asked.get("column")
    if name is None or name not in table.names:
        return []
    return [safe(lv.value, 40) for lv in table.profile.column(str(name)).levels[:20]]


def groups(query: Query, table: Table) -> tuple[str, Mask, Mask]:
    """(the column, rows of the first group, rows of the second), over the whole table. Raises `QueryError`."""
    asked = dict(query.compare or {})
    name = asked.get("column")
    if name not in table.names:
        raise UnknownColumn(str(name), table.names, "compare column")
    first, second = asked.get("from"), asked.get("to")
    if first is None or second is None:
        raise QueryError("`compare` needs two values.", "Give `column`, `from` and `to`.")
    if first == second and type(first) is type(second):
        raise QueryError("`compare` has the same value twice.", "Give two different values.")
    pair = _rows(table, str(name), first), _rows(table, str(name), second)
    if (pair[0] & pair[1]).any():
        raise QueryError("The two groups of `compare` share rows.", "Give two values that exclude each other.")
    return str(name), *pair


def _rows(table: Table, name: str, value: Value) -> Mask:
    """Rows with the value; of a date column, rows of a whole year (2024) or month ("2024-03")."""
    import pandas as pd

    series = table.column(name)
    period = _PERIOD.fullmatch(str(value).strip())
    if series.dtype.kind == "M" and period is not None:
        try:
            whole = pd.Period(str(value).strip(), freq="M" if period[2] else "Y")
        except ValueError:
            raise QueryError(f"{safe(value)!r} is no date.", "Write a year, or a month as '2024-03'.") from None
        found = ((series >= whole.start_time) & (series <= whole.end_time)).fillna(False).to_numpy(dtype=bool)
        if not found.any():
            raise QueryError(f"No row of {name!r} lies in {safe(value)}.", "Name a period that the table covers.")
        return found
    return table.where(Filter(conditions=(Condition(column=name, op="==", value=value),)))
