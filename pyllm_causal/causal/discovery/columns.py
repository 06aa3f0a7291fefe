"""Which columns of a table a search can use, as one matrix, and why the others are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from ...analysis import Dropped, SampleCount
from ...data import Table
from ...errors import QueryError
from ...filter import parse_filter
from ...profile import Column
from ...query import Query
from ...wording import count, safe
from ..contrast import is_categorical
from ..independence import coded, normal_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_ROWS = 100_000  # of more, so many are drawn
FEWEST_ROWS = 50
MOST_LEVELS = 20
MOST_MISSING = 0.5  # of the rows; a column with more is set aside rather than the rows
HEAVY = 20.0  # kurtosis above which a number is ranked: a handful of rows must not decide
COPY = 0.999  # correlation from which two columns are taken for one
ALONE = 1 - COPY**2  # the share of a column's spread that nothing else in the table tells, at least

IDENTIFIER = "it is an identifier"

Kind = Literal["number", "yes_no", "category"]


@dataclass(frozen=True)
class Matrix:
    """The columns of a search. values: (n, m) numbers without gaps, centred on nothing; blocks[i]: which of the m are column i."""

    names: tuple[str, ...]
    values: Floats
    blocks: tuple[tuple[int, ...], ...]
    kinds: tuple[Kind, ...]

    def block(self, column: int) -> Floats:
        """(n, k) numbers of one column."""
        return self.values[:, list(self.blocks[column])]

    def codes(self) -> Ints:
        """(n, p) whole numbers from 0 for columns that are all categories or yes/no."""
        import numpy as np

        out = [np.unique(self.block(i), axis=0, return_inverse=True)[1].ravel() for i in range(len(self.names))]
        return np.column_stack(out).astype("int64")


@dataclass(frozen=True)
class Ready:
    """A table made ready for a search: its matrix, (n,) row numbers in the table, `aside` with a reason a column, and what to say."""

    matrix: Matrix
    rows: Ints
    aside: tuple[tuple[str, str], ...]
    sample: SampleCount
    notes: tuple[str, ...]


def ready(query: Query, table: Table, seed: int) -> Ready:
    """The usable columns and the rows in which all of them are recorded. Raises `QueryError` for a filter that nothing meets."""
    import numpy as np

    total = table.profile.rows
    keep = np.ones(total, dtype=bool)
    dropped: list[Dropped] = []
    if query.where:
        keep = table.where(parse_filter(query.where, table.names))
        if not keep.any():
            raise QueryError(f"No row fits the filter {safe(query.where)!r}.", "Loosen `where`.")
        if not keep.all():
            dropped.append(Dropped(reason=f"not {safe(query.where)}", rows=int((~keep).sum())))
    aside: list[tuple[str, str]] = []
    blocks: dict[str, Floats] = {}
    rows = np.flatnonzero(keep)
    for name in query.columns or table.names:
        if name in blocks or name == query.environment:
            continue
        reason = _unfit(table.profile.column(name), query)
        block = None if reason else coded(table, name, query, rows)
        if block is None:
            aside.append((name, reason or "it has one value only, or only rare ones, in these rows"))
        else:
            blocks[name] = block
    aside += _empty(blocks, query)
    present = {name: np.isfinite(block).all(axis=1) for name, block in blocks.items()}
    complete = np.logical_and.reduce(list(present.values())) if present else np.zeros(len(rows), dtype=bool)
    if not complete.all() and present:
        worst = max(present, key=lambda name: int((~present[name]).sum()))
        dropped.append(
            Dropped(reason=f"a gap in one of the columns, most often in {safe(worst)}", rows=int((~complete).sum()))
        )
    at = np.flatnonzero(complete)
    notes = _losses(len(rows), len(at)) + _same_unit(aside, table, rows[at])
    if len(at) > MOST_ROWS:
        drawn = np.sort(np.random.default_rng([seed, 1]).choice(at, MOST_ROWS, replace=False))
        dropped.append(Dropped(reason="not drawn, because so many rows tell no more", rows=len(at) - MOST_ROWS))
        notes.append(f"{count(MOST_ROWS)} of {count(len(at))} rows were drawn at random.")
        at = drawn
    kinds = {name: _kind(table.profile.column(name), block[at], query) for name, block in blocks.items()}
    blocks = {name: _tame(block[at]) if kinds[name] == "number" else block[at] for name, block in blocks.items()}
    if len(at) >= FEWEST_ROWS:
        aside += _repeated(blocks, query)
    sample = SampleCount(rows=total, used=len(at), dropped=tuple(dropped))
    names = tuple(name for name in table.names if name in blocks)
    return Ready(_matrix(names, blocks, kinds), rows[at], tuple(aside), sample, tuple(notes))


def _unfit(column: Column, query: Query) -> str:
    """Why a column cannot be a cause or an effect here; empty where it can. One that a person names need not look like a measure."""
    named = column.name in query.columns or column.name == query.outcome
    if column.kind == "empty":
        return "it is empty"
    if column.kind == "constant":
        return "it has one value only"
    if column.infinite:
        return "it holds infinite values"
    if column.kind == "text":
        return "it is free text"
    if column.kind == "time" or (column.time_like and not named):
        return "it is a date or a time"
    if column.name_like and not named:
        return "it holds names or notes"
    if column.id_like and not named:
        return IDENTIFIER
    if is_categorical(column, query) and column.distinct > MOST_LEVELS:
        return f"it is a category with {count(column.distinct)} different values"
    return ""


def _empty(blocks: dict[str, Floats], query: Query) -> list[tuple[str, str]]:
    """Take out columns with gaps in most rows, then those that cost most, while too few rows are complete; the outcome stays."""
    import numpy as np

    gaps = {name: np.asarray(~np.isfinite(block).all(axis=1)) for name, block in blocks.items()}
    out = [name for name, gap in gaps.items() if gap.mean() > MOST_MISSING and name != query.outcome]
    while True:
        left = [name for name in gaps if name not in out]
        lost = np.asarray(np.any([gaps[name] for name in left], axis=0)) if left else np.zeros(1, dtype=np.bool_)
        costly = [name for name in left if gaps[name].any() and name != query.outcome and name not in query.columns]
        if not costly or int((~lost).sum()) >= max(FEWEST_ROWS, lost.size / 3):
            break
        out.append(max(costly, key=lambda name: int(gaps[name].sum())))
    for name in out:
        del blocks[name]
    return [(name, f"it is empty in {count(int(gaps[name].sum()))} of {count(len(gaps[name]))} rows") for name in out]


def _losses(rows: int, complete: int) -> list[str]:
    if complete >= 0.8 * rows:
        return []
    return [
        f"Only {count(complete)} of {count(rows)} rows have no gap, and only those are looked at; "
        "if the others differ, the links may differ too."
    ]


def _same_unit(aside: Sequence[tuple[str, str]], table: Table, rows: Ints) -> list[str]:
    """A warning where an identifier stands in several rows: these share more than their columns say."""
    for name, reason in aside:
        if reason == IDENTIFIER and len(rows) and table.column(name).iloc[rows].nunique() < 0.9 * len(rows):
            return [
                f"Several rows have the same {safe(name, 40)}. They are no independent cases, so links may look firmer than they are."
            ]
    return []


def _repeated(blocks: dict[str, Floats], query: Query) -> list[tuple[str, str]]:
    """Take out columns that are copies of others, or can be worked out from them: the ones that come later, never the outcome."""
    import numpy as np

    names = sorted(blocks, key=lambda name: name != query.outcome)
    scaled = {}
    for name in names:
        centred = blocks[name] - blocks[name].mean(axis=0)
        spread = centred.std(axis=0)
        scaled[name] = centred[:, spread > 0] / spread[spread > 0]
    out: list[tuple[str, str]] = []
    kept: list[str] = []
    basis = np.zeros((len(next(iter(blocks.values()), np.zeros((0, 0)))), 0))
    for name in names:
        block = scaled[name]
        if not block.shape[1]:
            out.append((name, "it has one value only in these rows"))
            continue
        left = block - basis @ (basis.T @ block) if basis.shape[1] else block
        left = left - basis @ (basis.T @ left) if basis.shape[1] else left
        own = np.linalg.eigvalsh(block.T @ block / len(block)).min()
        rest = np.linalg.eigvalsh(left.T @ left / len(left)).min()
        if rest < ALONE * max(own, 1e-12):
            out.append((name, _told_by(name, kept, scaled)))
            continue
        kept.append(name)
        if basis.shape[1] < len(block) - block.shape[1]:
            basis = np.hstack([basis, np.linalg.qr(left)[0]])
    for name, _ in out:
        del blocks[name]
    return out


def _told_by(name: str, kept: Sequence[str], scaled: dict[str, Floats]) -> str:
    import numpy as np

    for other in kept:
        one, two = scaled[name], scaled[other]
        if one.shape[1] == two.shape[1] == 1 and abs(float(np.mean(one * two))) > COPY:
            return f"it says the same as {safe(other)}"
    return "it can be worked out from other columns"


def _kind(column: Column, block: Floats, query: Query) -> Kind:
    import numpy as np

    if is_categorical(column, query):
        return "category"
    return "yes_no" if len(np.unique(block[:1000])) <= 2 and len(np.unique(block)) <= 2 else "number"


def _matrix(names: tuple[str, ...], blocks: dict[str, Floats], kinds: dict[str, Kind]) -> Matrix:
    import numpy as np

    ends = np.cumsum([0, *(blocks[name].shape[1] for name in names)]).tolist()
    places = tuple(tuple(range(start, end)) for start, end in pairwise(ends))
    values = np.hstack([blocks[name] for name in names]) if names else np.zeros((0, 0))
    return Matrix(names, values, places, tuple(kinds[name] for name in names))


def _tame(block: Floats) -> Floats:
    """The numbers, as normal scores where a few rows lie so far out that they alone would decide."""
    import numpy as np

    column = block[:, 0]
    spread = float(column.std()) if len(column) else 0.0
    if spread > 0 and float(np.mean(((column - column.mean()) / spread) ** 4)) > HEAVY:
        return normal_scores(column)[:, None]
    return block
