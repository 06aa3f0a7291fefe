"""Columns of a table as a standalone script can make them again: by position, as numbers, text, yes/no or dates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..causal.contrast import is_categorical, positive_level
from ..causal.sample import encode, outcome_of
from ..errors import QueryError
from ..filter import parse_filter
from .parts import table as again

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..data import Table
    from ..query import Query, Value

    Ints = NDArray[np.int64]

Term = dict[str, Any]
MOST_VALUES = 200  # of a column, listed in a filter


class NotExported(QueryError):
    """The answer cannot be written as a standalone script; the message says why."""

    code = "not_exported"


class Writer:
    """Takes note of every column that is used, and says how it is used as a plain, printable term."""

    def __init__(self, query: Query, table: Table) -> None:
        self.query, self.table = query, table
        self.columns: dict[str, dict[str, Any]] = {}
        self.needed: list[str] = []

    def use(self, name: str) -> str:
        """The name, with its place in the file noted."""
        if name not in self.columns:
            self.columns[name] = {"at": self.table.names.index(name), "as": self._kind(name)}
        return name

    def need(self, *names: str | None) -> None:
        """Rows in which one of these is not recorded are left out."""
        self.needed += [self.use(n) for n in names if n and n not in self.needed]

    def _kind(self, name: str) -> str:
        series = self.table.column(name)
        kind = series.dtype.kind
        if kind == "O":
            return "bool" if any(isinstance(v, bool) for v in series.tolist()) else "text"
        return {"b": "bool", "M": "date"}.get(kind, "number")

    def value(self, name: str, value: Any) -> Any:
        """A cell as the script holds it."""
        kind = self._kind(name)
        if kind in ("number", "bool"):
            return float(value)
        return str(value) if kind == "text" else value.isoformat()

    def level(self, name: str, value: Value) -> Term:
        """1 where the column has this level, else 0."""
        return {"column": self.use(name), "level": self.value(name, value)}

    def number(self, name: str) -> Term:
        """The column as numbers, as `rows.Rows.numbers` has them."""
        column = self.table.profile.column(name)
        if column.kind == "time":
            return {"column": self.use(name), "days": True}
        if column.kind == "yes_no":
            return self.level(name, positive_level(column)[1])
        return {"column": self.use(name)}

    def outcome(self) -> Term:
        """The outcome; its event as 1."""
        name = str(self.query.outcome)
        event = outcome_of(self.table.profile.column(name), self.query)[1]
        return {"column": self.use(name)} if event is None else self.level(name, event)

    def encoded(self, name: str, as_category: bool = False) -> dict[str, Term]:
        """The columns that `sample.encode` makes of a covariate by their names, one for every level."""
        query = self.query
        if as_category:
            query = query.model_copy(update={"categorical": (*query.categorical, name)})
        column = self.table.profile.column(name)
        if column.kind == "constant":
            return {}
        if column.kind == "time":
            return {name: {"column": self.use(name), "days": True}}
        if not is_categorical(column, query):
            return {name: self.number(name)}
        values = self.table.column(name).dropna().unique().tolist()
        return {f"{name} = {value}": self.level(name, value) for value in values}

    def informative(self, names: tuple[str, ...], rows: Ints) -> list[Term]:
        """The covariates as `rows.Rows.covariates` has them: columns that vary."""
        import numpy as np

        out: list[Term] = []
        for name in names:
            block, labels = encode(self.table, name, self.query, rows)
            terms = self.encoded(name)
            varies = np.ptp(block, axis=0) > 0 if len(block) else np.zeros(block.shape[1], dtype=bool)
            out += [terms[label] for label, ok in zip(labels, varies, strict=True) if ok]
        return out

    def where(self) -> list[dict[str, Any]]:
        """The conditions of the filter with plain values."""
        import pandas as pd

        if not self.query.where:
            return []
        out: list[dict[str, Any]] = []
        for condition in parse_filter(self.query.where, self.table.names).conditions:
            name, series = self.use(condition.column), self.table.column(condition.column)
            meets = self.table._meets(condition)
            values = pd.unique(series[meets].dropna()).tolist()
            kind = self.columns[name]["as"]
            if condition.op in ("<", "<=", ">", ">=") and kind in ("number", "date"):
                value = condition.value
                out.append({
                    "column": name, "op": condition.op,
                    "value": float(value) if kind == "number" else pd.Timestamp(value).isoformat(),  # type: ignore[arg-type]
                })  # fmt: skip
            elif len(values) <= MOST_VALUES:
                out.append({"column": name, "is": [self.value(name, v) for v in values]})
            else:
                raise NotExported(
                    f"The filter on {name!r} lets too many different values through to be listed.",
                    "Make a column of yes and no first, and filter by that.",
                )
        return out


def check_reading(table: Table, columns: dict[str, dict[str, Any]], path: Path, file: dict[str, Any]) -> None:
    """Raise `NotExported` where plain pandas does not read the columns as this package does."""
    import numpy as np
    import pandas as pd

    frame = again.read(str(path), file)
    for name, told in columns.items():
        ours, theirs = table.column(name), None
        if len(frame) == len(ours) and told["at"] < frame.shape[1]:
            theirs = again.column(frame.iloc[:, told["at"]], told["as"])
        if theirs is not None and told["as"] in ("number", "bool"):
            pair = [pd.to_numeric(s, errors="coerce").astype("float64").to_numpy() for s in (ours, theirs)]
            if np.array_equal(pair[0], pair[1], equal_nan=True):
                continue
        elif theirs is not None and bool(((ours == theirs) | (ours.isna() & theirs.isna())).all()):
            continue
        raise NotExported(
            f"The column {name!r} needs more reading than a short script can do.",
            "Save the table as plain CSV (UTF-8, a header line, one kind of value a column) and analyse that.",
        )


def file_of(path: Path, names: int) -> dict[str, Any]:
    """How plain pandas reads the file. Raises `NotExported` for a kind that it is not asked to."""
    from ..delimited import layout_of

    kinds = {".parquet": "parquet", ".feather": "feather", ".dta": "stata", ".xlsx": "excel"}
    kind = kinds.get(path.suffix.lower())
    if kind is not None:
        return {"name": path.name, "kind": kind}
    raw = path.read_bytes()
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotExported(f"{path.name} is not plain UTF-8 text.", "Save it as CSV in UTF-8.") from None
    layout = layout_of(raw, path.name, "\t" if path.suffix.lower() in (".tsv", ".tab") else None)
    return {
        "name": path.name, "kind": "csv", "sep": r"\s+" if layout.delimiter == " " else layout.delimiter,
        "skip": layout.skip, "width": names, "decimal": layout.decimal, "thousands": layout.thousands,
    }  # fmt: skip
