"""The rows that a design uses, as arrays, with every row left out counted by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Dropped, SampleCount
from ..data import Table
from ..errors import QueryError
from ..filter import parse_filter
from ..query import Query, Value
from ..wording import safe
from .contrast import check_usable, find_level, positive_level
from .sample import OutcomeKind, encode, level_mask, not_known, outcome_of, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


class Rows:
    """Rows still in, and why the others are out. First `need` every column, then take arrays: all have the same n rows.

    `query.where` is applied at once, then a missing outcome, weight or cluster counts as a reason to leave a row out.
    """

    def __init__(self, query: Query, table: Table) -> None:
        import numpy as np

        self.query, self.table = query, table
        self.keep: Mask = np.ones(table.profile.rows, dtype=bool)
        self._dropped: list[Dropped] = []
        if query.where:
            self.drop(~table.where(parse_filter(query.where, table.names)), f"not {safe(query.where)}")
            if not self.keep.any():
                raise QueryError(f"No row fits the filter {safe(query.where)!r}.", "Loosen `where`.")
        self.drop(not_known(table, str(query.outcome), query.outcome_event), f"no {safe(query.outcome)}")
        for name in (query.weights, query.cluster):
            if name:
                self.need(name)
        if query.weights:
            self.drop(values_of(table, query.weights).to_numpy() == 0, f"{safe(query.weights)} is 0")

    def drop(self, bad: Mask, reason: str) -> None:
        """Leave out the rows where `bad` (length of the whole table) is true."""
        gone = int((self.keep & bad).sum())
        if gone:
            self._dropped.append(Dropped(reason=reason, rows=gone))
            self.keep = self.keep & ~bad

    def need(self, *names: str) -> None:
        """Leave out the rows in which one of these columns is not recorded."""
        for name in names:
            self.drop(self.table.column(name).isna().to_numpy(), f"no {safe(name)}")

    @property
    def index(self) -> Ints:
        """(n,) row numbers in the table."""
        import numpy as np

        return np.flatnonzero(self.keep)

    @property
    def n(self) -> int:
        return int(self.keep.sum())

    def numbers(self, name: str) -> Floats:
        """(n,) a column as numbers: yes/no as 1/0, dates as days since the first. Raises `QueryError` for text."""
        column = self.table.profile.column(name)
        if column.kind == "time":
            return encode(self.table, name, self.query, self.index)[0][:, 0]
        check_usable(column, "column")
        if column.kind == "yes_no":
            return level_mask(self.table, name, positive_level(column)[1]).astype("float64")[self.keep]
        if column.kind == "category":
            raise QueryError(f"{name!r} holds categories where numbers are needed.", "Name a column of numbers.")
        return values_of(self.table, name).to_numpy(dtype="float64")[self.keep]

    def level(self, name: str, value: Value, role: str) -> Mask:
        """(n,) where the column has this level, in any usual spelling. Raises `QueryError` that lists the levels."""
        column = self.table.profile.column(name)
        return level_mask(self.table, name, find_level(column, value, role))[self.keep]

    def codes(self, name: str) -> Ints:
        """(n,) 0, 1, … for the different values of a column, in sorted order of the values."""
        import pandas as pd

        series = self.table.column(name)[self.keep]
        try:
            codes, _ = pd.factorize(series, sort=True)
        except TypeError:  # values of several types have no order
            codes, _ = pd.factorize(series.map(str), sort=True)
        return codes.astype("int64")

    def outcome(self) -> tuple[Floats, OutcomeKind]:
        """((n,) the outcome as numbers, how it is read); the event of a yes/no outcome is 1."""
        name = str(self.query.outcome)
        kind, event = outcome_of(self.table.profile.column(name), self.query)
        if event is not None:
            return level_mask(self.table, name, event).astype("float64")[self.keep], kind
        return values_of(self.table, name).to_numpy(dtype="float64")[self.keep], kind

    def covariates(self, names: tuple[str, ...]) -> tuple[Floats, tuple[str, ...]]:
        """((n, k) numbers and indicators, (k,) the table's column behind each). `need` the names first.

        Columns without variation are left out.
        """
        import numpy as np

        blocks, groups = [np.zeros((self.n, 0))], list[str]()
        for name in names:
            block, _ = encode(self.table, name, self.query, self.index)
            informative = np.ptp(block, axis=0) > 0 if len(block) else np.zeros(block.shape[1], dtype=bool)
            blocks.append(block[:, informative])
            groups += [name] * int(informative.sum())
        return np.hstack(blocks), tuple(groups)

    def weights(self) -> Floats:
        """(n,) sampling weights with mean one. Raises `QueryError` where they are negative or infinite."""
        import numpy as np

        if not self.query.weights:
            return np.ones(self.n)
        w = values_of(self.table, self.query.weights).to_numpy(dtype="float64")[self.keep]
        if (w < 0).any() or np.isinf(w).any() or not w.any():
            raise QueryError(
                f"The weights column {self.query.weights!r} has no usable weights.", "Weights must be positive numbers."
            )
        return np.asarray(w * (len(w) / w.sum()))

    def cluster(self) -> Ints | None:
        """(n,) cluster numbers, or None where no cluster is named."""
        return self.codes(self.query.cluster) if self.query.cluster else None

    def count(self, population: str = "", by_arm: dict[str, int] | None = None) -> SampleCount:
        """The account for the answer document."""
        return SampleCount(
            rows=self.table.profile.rows,
            used=self.n,
            dropped=tuple(self._dropped),
            by_arm=by_arm or {},
            population=population,
        )
