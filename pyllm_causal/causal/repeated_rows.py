"""Was a table written out twice? Rows that repeat others in every cell make the margin of error too narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import count, safe

if TYPE_CHECKING:
    from ..data import Table
    from ..query import Query

NAME = "repeated_rows"
SHARE = 0.02  # of the rows; less hardly moves a margin
NEARLY_ALL = 0.9  # of the different rows that one column tells apart: equal rows are then no coincidence
FEWEST = 20


def repeated_rows(query: Query, table: Table) -> Diagnosis | None:
    """A warning where rows repeat others in every cell although one column tells the different rows apart.

    None where rows are equal because the columns are coarse (yes/no, few levels), and where rows are counted by clusters of
    that column, which sets the margin right.
    """
    rows = table.profile.rows
    keys = [c for c in table.profile.columns if FEWEST <= c.distinct <= (1 - SHARE) * rows]
    if not keys:
        return None
    if not _some(table, max(keys, key=lambda c: c.distinct).name):
        return None
    again = int(table.frame.duplicated().sum())
    if again < SHARE * rows:
        return None
    telling = [c for c in keys if c.distinct >= NEARLY_ALL * (rows - again)]
    if not telling or query.cluster in {c.name for c in telling}:
        return None
    key = max(
        telling, key=lambda c: (c.distinct == rows - again, c.id_like, c.kind in ("category", "text"), c.distinct)
    )
    finding = (
        f"{count(again)} of {count(rows)} rows repeat another in every cell; if they were merely written out twice, the margin is"
        f" too narrow (leave the repeats out, or count them as one with `cluster` {safe(key.name)})"
    )
    return Diagnosis(name=NAME, status="warning", finding=finding, figures={"repeats": again, "key": key.name})


def _some(table: Table, key: str) -> bool:
    """Do rows that share a value of `key` repeat each other, in the first such values? Large tables need no second look."""
    series = table.column(key)
    repeated = series[series.duplicated(keep=False)].iloc[:LOOKED_AT].unique()
    some = table.frame[series.isin(repeated)]
    return bool(some.duplicated().any())


LOOKED_AT = 5_000  # rows
