"""The environments of a table: which rows belong to which site, period or country, as its column says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...data import Table
from ...errors import QueryError
from ...wording import count, safe
from .columns import Ready
from .environments import Settlement, settled, within
from .marks import from_arrows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from .columns import Matrix
    from .edges import Seen
    from .knowledge import Known
    from .mechanisms import Floats, Ints

    Bools = NDArray[np.bool_]

MOST = 50
STRETCHES = 10  # that numbers or dates with more different values than `MOST` are cut into
FEWEST_ROWS = 40  # of an environment; fewer tell too little of their own


@dataclass(frozen=True)
class Sites:
    """The environments: `numbers` (n,) 0 … E−1 a row, what each is called, and what is to be said about how they were made."""

    column: str
    numbers: Ints
    names: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether there are two environments to compare."""
        return len(self.names) > 1

    def within(self, matrix: Matrix) -> Matrix:
        """Numbers less the average of their environment, so that what is particular to it links no two columns.

        A table of categories alone is searched as it is.
        """
        if not self.enough or "number" not in matrix.kinds:
            return matrix
        return replace(matrix, values=within(matrix.values, self.numbers))

    def blocks(self, matrix: Matrix) -> list[Floats]:
        """One (n, m) array a column, as `environments.settled` takes them."""
        return [matrix.block(i) for i in range(len(matrix.names))]


def divided(made: Ready, table: Table, column: str) -> tuple[Ready, Sites]:
    """The rows of a search whose environment can be used, and those environments. Raises `QueryError` for a column of one value.

    Environments of fewer than `FEWEST_ROWS` rows are joined to the next one where the column has an order, else left out.
    """
    import numpy as np
    import pandas as pd

    series = table.column(column).iloc[made.rows].reset_index(drop=True)
    if table.profile.column(column).kind == "time":
        series = pd.to_datetime(series, errors="coerce")
    ordered = pd.api.types.is_numeric_dtype(series) or pd.api.types.is_datetime64_any_dtype(series)
    if series.nunique() < 2:
        raise QueryError(
            f"{safe(column)!r} has one value only, so there are no environments to compare.",
            "Name a column of sites, periods or countries, or leave `environment` out.",
        )
    groups, remarks = (_in_order if ordered else _by_name)(series)
    numbers = np.full(len(series), -1, dtype="int64")
    for number, (_, at) in enumerate(groups):
        numbers[at] = number
    keep = numbers >= 0
    left_out = int((~keep).sum())
    if left_out:
        gaps = int(series.isna().sum())
        told = f"{count(left_out)} rows belong to no {safe(column, 40)} that can be used"
        remarks.append(told + (f", {count(gaps)} of them because it is not recorded." if gaps else "."))
    sample = made.sample
    if left_out:
        from ...analysis import Dropped

        dropped = (*sample.dropped, Dropped(reason=f"no usable {safe(column, 40)}", rows=left_out))
        sample = sample.model_copy(update={"used": sample.used - left_out, "dropped": dropped})
    kept = replace(
        made, matrix=replace(made.matrix, values=made.matrix.values[keep]), rows=made.rows[keep], sample=sample
    )
    return kept, Sites(column, numbers[keep], tuple(name for name, _ in groups), tuple(remarks))


Groups = list[tuple[str, "NDArray[np.int64]"]]


def _by_name(series: pd.Series) -> tuple[Groups, list[str]]:
    """The values with enough rows, the largest `MOST` of them, in the order of their names."""
    import numpy as np

    texts = series.map(str).where(series.notna())
    sizes = texts.value_counts()
    small = [str(v) for v in sizes.index[sizes < FEWEST_ROWS]]
    large = sorted(sizes[sizes >= FEWEST_ROWS].index[:MOST].map(str))
    remarks = []
    if small:
        few = f"{count(len(small))} with fewer than {FEWEST_ROWS} rows" if len(small) > 1 else safe(small[0], 40)
        remarks.append(f"Left out for too few rows: {few}.")
    if int((sizes >= FEWEST_ROWS).sum()) > MOST:
        remarks.append(f"Only the {MOST} with most rows are compared.")
    values = texts.to_numpy()
    return [(name, np.flatnonzero(values == name)) for name in large], remarks


def _in_order(series: pd.Series) -> tuple[Groups, list[str]]:
    """Values in their order, those with few rows joined to the next; more values than `MOST` are cut into stretches."""
    import numpy as np

    values = np.unique(series.dropna().to_numpy())
    remarks = []
    wanted = FEWEST_ROWS
    if len(values) > MOST:
        wanted = max(FEWEST_ROWS, -(-int(series.notna().sum()) // STRETCHES))
        remarks.append(f"{count(len(values))} different values were cut into stretches of about {count(wanted)} rows.")
    groups: list[list[object]] = []
    at: list[NDArray[np.int64]] = []
    open_: list[object] = []
    held = np.zeros(0, dtype="int64")
    joined = False
    cells = series.to_numpy()
    for value in values:
        open_.append(value)
        held = np.concatenate([held, np.flatnonzero(cells == value)])
        if len(held) >= wanted:
            joined |= len(open_) > 1
            groups.append(open_)
            at.append(held)
            open_, held = [], np.zeros(0, dtype="int64")
    if open_ and groups and len(held) < wanted:
        groups[-1] += open_
        at[-1] = np.concatenate([at[-1], held])
        joined = True
    if joined and len(values) <= MOST:
        remarks.append(f"Neighbouring values were joined so that each has at least {FEWEST_ROWS} rows.")
    names = [str(g[0]) if len(g) == 1 else f"{g[0]} to {g[-1]}" for g in groups]
    return list(zip(names, at, strict=True)), remarks


def compared(sites: Sites, matrix: Matrix, arrows: Bools, known: Known, seed: int, until: float) -> Settlement | None:
    """What the environments say of (p, p) `arrows` (lines both ways) found `within` them; None where there are no two to compare."""
    if not sites.enough:
        return None
    return settled(
        sites.blocks(matrix), sites.numbers, from_arrows(arrows),
        allowed=known.allowed, required=known.required, seed=seed, until=until,
    )  # fmt: skip


def told_apart(links: Sequence[Seen], settlement: Settlement) -> tuple[Seen, ...]:
    """Links with the directions that environments tell in place of those of the resamples; what may be hidden stays as it is."""
    ways = {one.pair: one for one in settlement.links if one.pair in settlement.told}
    return tuple(
        replace(one, link=ways[one.link.pair], turned=False)
        if one.link.pair in ways and one.hidden != "likely" and one.support != "known"
        else one
        for one in links
    )
