"""Numbers that look like stand-ins for "not known": 999 among test scores, -9 among incomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import count, join, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..data import Table

NAME = "stand_ins"
ODD = re.compile(r"-?9{2,}|-?9{2,}[6-9]|-?8{2,}|-[1-9]", re.ASCII)
FEWEST = 3  # rows with such a number
MOST_NEGATIVE = 3  # different negative numbers in a column that otherwise has none
WIDE, ROUND = 5, 90  # how far the ordinary numbers reach where a negative one is odd; where nines begin to be


def stand_ins(table: Table, names: Sequence[str]) -> Diagnosis | None:
    """A warning where a column of `names` holds, several times, a number such as 999 or -9 that lies apart from all others.

    Apart: twice as far from its neighbour as all other values are from each other, or negative where no measurement is.
    """
    found = [(name, *told) for name in dict.fromkeys(names) if (told := _odd(table, name))]
    if not found:
        return None
    texts = [f"{v:g} in {safe(name)} ({count(rows)} rows)" for name, v, rows in found[:3]]
    one = len(texts) == 1
    finding = (
        f"{join(texts)} {'looks' if one else 'look'} like a code for “not known”, and {'is' if one else 'are'} counted as"
        f" {'a number' if one else 'numbers'}; if so, say it with --describe (“{safe(found[0][0], 40)}: …, "
        f"{found[0][1]:g} = missing”)"
    )
    return Diagnosis(name=NAME, status="warning", finding=finding, figures={"columns": [name for name, _, _ in found]})


def _odd(table: Table, name: str) -> tuple[float, int] | None:
    import numpy as np

    series = table.column(name)
    column = table.profile.column(name)
    if series.dtype.kind not in "if" or column.time_like or column.distinct < 4:
        return None
    if not any(_odd_number(v) for v in (column.minimum, column.maximum) if v is not None and np.isfinite(v)):
        return None
    values, counts = np.unique(series.dropna().to_numpy(dtype="float64"), return_counts=True)
    if len(values) < 4 or not np.isfinite(values).all():
        return None
    below = values[values < 0]
    if 0 < len(below) <= MOST_NEGATIVE and all(_odd_number(v) for v in below) and values[-1] >= WIDE:
        rows = int(counts[: len(below)].sum())
        return (float(below[0]), rows) if rows >= FEWEST else None
    top, inner = float(values[-1]), values[:-1]
    apart = top >= ROUND and top - inner[-1] > 2 * (inner[-1] - inner[0])
    return (top, int(counts[-1])) if apart and _odd_number(top) and counts[-1] >= FEWEST else None


def _odd_number(value: float) -> bool:
    return float(value).is_integer() and bool(ODD.fullmatch(f"{value:.0f}"))
