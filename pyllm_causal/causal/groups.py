"""The groups of rows that a question by group compares: the values of a column, or thirds of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data import Table
from ..errors import QueryError
from ..profile import Column
from ..query import Query, Value
from ..wording import join, safe
from .contrast import as_number, check_usable, find_level, is_categorical
from .sample import level_mask, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_VALUES = 12  # of a number; with more it is cut into thirds
MOST_GROUPS = 30
THIRDS = ("lowest", "middle", "highest")


@dataclass(frozen=True)
class Groups:
    """codes: (rows of the table,) group of every row, −1 where the column is not recorded; labels as in the answer document;
    texts as in a sentence; pair: the codes of the two compared, first and second; cut: whether a number was cut into thirds."""

    codes: Ints
    labels: tuple[Value, ...]
    texts: tuple[str, ...]
    pair: tuple[int, int] | None
    cut: bool = False


def groups_of(query: Query, table: Table) -> Groups:
    """The groups by `query.by`. Raises `QueryError` for a column that cannot form groups, or levels that do not occur."""
    import numpy as np

    name = str(query.by)
    column = table.profile.column(name)
    check_usable(column, "by")
    numeric = column.kind in ("number", "count") and not is_categorical(column, query)
    if numeric and (column.distinct > MOST_VALUES or column.distinct > len(column.levels)):
        return _thirds(query, table, name)
    levels = [level.value for level in column.levels]
    if column.distinct > len(levels) or len(levels) > MOST_GROUPS:
        raise QueryError(
            f"The column {name!r} has {column.distinct} different values, too many to compare.",
            "Group them into a few categories first.",
        )
    levels = _ordered(levels)
    codes = np.full(table.profile.rows, -1)
    for i, level in enumerate(levels):
        codes[level_mask(table, name, level)] = i
    pair = _pair(query, column, levels)
    texts = tuple(f"{safe(name)} = {safe(level)}" for level in levels)
    return Groups(codes, tuple(levels), texts, pair)


def _ordered(levels: Sequence[Value]) -> list[Value]:
    """Numbers by size, other values as text; no before yes."""
    return sorted(levels, key=lambda v: (as_number(v) is None, as_number(v) or 0.0, str(v)))


def _pair(query: Query, column: Column, levels: list[Value]) -> tuple[int, int] | None:
    if query.by_levels is not None:
        first, second = (levels.index(find_level(column, v, "by")) for v in query.by_levels)
        if first == second:
            raise QueryError("`by_levels` names the same group twice.", "Name two different ones.")
        return first, second
    return (0, 1) if len(levels) > 1 else None


def _thirds(query: Query, table: Table, name: str) -> Groups:
    import numpy as np

    values = values_of(table, name).to_numpy(dtype="float64")
    known = np.isfinite(values)
    low, high = np.quantile(values[known], [1 / 3, 2 / 3])
    codes = np.where(known, (values > low).astype("int64") + (values > high), -1)
    kept = [i for i in range(3) if (codes == i).any()]
    ends = {0: f"up to {_short(low)}", 1: f"over {_short(low)} up to {_short(high)}", 2: f"over {_short(high)}"}
    texts = tuple(f"{safe(name)} {ends[i]}" for i in kept)
    labels: tuple[Value, ...] = tuple(THIRDS[i] for i in kept)
    pair: tuple[int, int] | None = (0, len(kept) - 1) if len(kept) > 1 else None
    if query.by_levels is not None:
        asked = [str(v).strip().casefold() for v in query.by_levels]
        if asked[0] == asked[1] or not set(asked) <= set(labels):
            raise QueryError(
                f"{name!r} has many values, so it is cut into thirds; `by_levels` names others.",
                f"Choose two of {join(labels)}, or leave `by_levels` out.",
            )
        pair = (labels.index(asked[0]), labels.index(asked[1]))
    renumbered = np.full(len(codes), -1)
    for new, old in enumerate(kept):
        renumbered[codes == old] = new
    return Groups(renumbered, labels, texts, pair, cut=True)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def spanning(query: Query, table: Table, groups: Groups) -> str:
    """The column whose values occur in more than one group, where rows with the same value hang together."""
    import pandas as pd

    design = query.design
    name = query.cluster or getattr(design, "unit", None)
    if name is None:
        return ""
    frame = pd.DataFrame({"unit": table.column(name), "group": groups.codes})
    frame = frame[frame["group"] >= 0].dropna()
    return safe(name) if int(frame.groupby("unit")["group"].nunique().max() or 0) > 1 else ""


def rows_of(table: Table, rows: Ints) -> Table:
    """A table of some rows, with every column read as in the whole."""
    frame = table.frame.iloc[rows].reset_index(drop=True)
    profile = table.profile.model_copy(update={"rows": len(frame)})
    return Table(table.names, frame, profile, table.fingerprint, table.notes)
