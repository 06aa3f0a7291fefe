"""The table's columns as the model sees them: numbers, yes/no as 1 and 0, categories as codes; and values that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...analysis import SampleCount
from ...data import Table
from ...errors import QueryError
from ...filter import parse_filter
from ...profile import Column, level_order
from ...query import Query, Value
from ...wording import number, safe
from ..contrast import as_number, check_filled, find_level, is_categorical, positive_level
from ..identify import easy
from ..rows import Rows
from ..sample import outcome_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]
    Values = dict[str, Floats]

NodeKind = Literal["number", "count", "yes_no", "category"]
MOST_ROWS = 20_000  # a random part of a larger table is used: hundreds of refits follow


@dataclass(frozen=True)
class Node:
    """One column. levels: of a category (codes 0, 1, … in this order) or of a yes/no column (no, yes)."""

    name: str
    kind: NodeKind
    levels: tuple[Value, ...] = ()
    unit: str = ""

    def shown(self, value: float) -> str:
        """A value as a person reads it."""
        if self.kind in ("yes_no", "category"):
            return safe(self.levels[round(value)], 40)
        text = number(value, 4)
        text = (
            text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
        )  # 18 and not 18.00: it is a value, not an estimate
        return f"{text} {self.unit}" if self.unit else text

    def plain(self, value: float) -> Value:
        """A value as it goes into the answer document."""
        return self.levels[round(value)] if self.kind in ("yes_no", "category") else float(value)


@dataclass(frozen=True)
class Drawn:
    """Complete rows. values: (n,) a column; index: (n,) row numbers in the table; cluster: (n,) or None."""

    nodes: dict[str, Node]
    values: Values
    index: Ints
    cluster: Ints | None
    count: SampleCount

    @property
    def n(self) -> int:
        return len(self.index)


def usable_columns(query: Query, table: Table) -> set[str]:
    """Columns that can be part of a model; anything else in a picture counts as hidden."""
    return {c.name for c in table.profile.columns if c.name == query.outcome or _usable(query, c)}


def _usable(query: Query, column: Column) -> bool:
    if is_categorical(column, query) and not 2 <= len(column.levels) == column.distinct:
        return False
    return easy(column) and column.kind not in ("empty", "constant") and not column.infinite and not column.id_like


def node_of(query: Query, column: Column) -> Node:
    """How a column is read. Raises `QueryError` where it cannot be, or where a person must say which level counts."""
    unit = safe(column.unit or "", 20)
    if column.name == query.outcome:
        kind, event = outcome_of(column, query)
        if kind == "yes_no":
            assert event is not None
            others = [lv.value for lv in column.levels if lv.value != event]
            return Node(column.name, "yes_no", (others[0] if len(others) == 1 else f"not {event}", event))
        return Node(column.name, "count" if kind == "count" else "number", (), unit)
    check_filled(column, "column")
    if is_categorical(column, query):
        values = sorted((lv.value for lv in column.levels), key=level_order)
        return Node(column.name, "category", tuple(values))
    if column.kind == "yes_no":
        return Node(column.name, "yes_no", positive_level(column))
    return Node(column.name, "count" if column.kind == "count" else "number", (), unit)


def drawn(
    query: Query, table: Table, names: list[str], seed: int, keep: int | None = None, only: Mask | None = None
) -> Drawn:
    """The rows that hold a value of every one of `names` (the outcome included), as arrays; at most 20,000 of them, and the row
    `keep` among them where it is complete. Raises `QueryError`."""
    import numpy as np

    rows = Rows(query, table)
    if only is not None:
        rows.drop(~only, "in none of the two groups")
    rows.need(*[n for n in names if n != query.outcome])
    if rows.n > MOST_ROWS:
        rng = np.random.default_rng([seed, 77])
        chosen = rng.choice(rows.index, MOST_ROWS, replace=False)
        out = np.ones(len(rows.keep), dtype=bool)
        out[chosen] = False
        if keep is not None:
            out[keep] = False
        rows.drop(out, "not among 20,000 drawn at random, which are enough")
    nodes = {n: node_of(query, table.profile.column(n)) for n in names}
    values = {n: _values(rows, query, node) for n, node in nodes.items()}
    return Drawn(nodes, values, rows.index, rows.cluster(), rows.count())


def _values(rows: Rows, query: Query, node: Node) -> Floats:
    import numpy as np

    if node.name == query.outcome:
        return rows.outcome()[0]
    if node.kind != "category":
        return rows.numbers(node.name)
    series = rows.table.column(node.name)[rows.keep]
    codes = {str(v): float(i) for i, v in enumerate(node.levels)}
    return np.asarray(series.map(lambda v: codes[str(_bare(v))]).to_numpy(dtype="float64"))


def _bare(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def asked(node: Node, column: Column, value: Value) -> float:
    """A value that is asked for, in the model's coding. Raises `QueryError` where the column has no such value."""
    if node.kind in ("yes_no", "category"):
        found = find_level(column, value, "column")
        return float(next(i for i, lv in enumerate(node.levels) if str(lv) == str(found)))
    found_number = as_number(value)
    if found_number is None or isinstance(value, bool):
        such = "" if column.low is None else f", such as {number(column.low, 3)}"
        raise QueryError(f"{value!r} is no number, but {node.name!r} holds numbers.", f"Give a number{such}.")
    return found_number


def row_number(query: Query, table: Table) -> int:
    """The one row that is asked about, counted from 0. Raises `QueryError` where none or several fit."""
    import numpy as np

    rows = table.profile.rows
    if isinstance(query.row, int):
        if not 0 <= query.row < rows:
            raise QueryError(
                f"There is no row {query.row}: the table has {rows:,} rows.",
                f"Rows are counted from 0 to {rows - 1:,}; a filter such as 'id == 12' names one by its value.",
            )
        return query.row
    fitting = np.flatnonzero(table.where(parse_filter(str(query.row), table.names)))
    if len(fitting) != 1:
        what = f"{len(fitting):,} rows fit" if len(fitting) else "No row fits"
        raise QueryError(f"{what} {safe(query.row)!r}, but one row is asked about.", "Narrow the filter to one row.")
    return int(fitting[0])
