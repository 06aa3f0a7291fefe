"""Did the treatment start for everybody at once? Then time and treatment are one, and no comparison is left.

Before and after without anybody who went without at the same time: a trend, a season or whatever else began then is part
of the difference (Campbell & Stanley 1963, the one-group pretest-posttest design). That cannot be mended by adjusting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import safe

if TYPE_CHECKING:
    from ..data import Table
    from ..query import Query
    from .sample import Drawn

NAME = "before_after"
FEWEST = 8  # rows; with fewer, groups lie apart in time by chance


def before_after(drawn: Drawn, query: Query, table: Table) -> Diagnosis | None:
    """A warning where a column of dates, years or periods splits the two groups without any overlap; None elsewhere."""
    import numpy as np

    sample = drawn.sample
    if sample.kind != "arms" or sample.randomised or sample.rows is None or sample.n < FEWEST:
        return None
    one, zero = sample.rows[sample.arm == 1], sample.rows[sample.arm == 0]
    played = {query.treatment, query.outcome, *query.selected_on}
    for column in table.profile.columns:
        if column.name in played or not (column.kind == "time" or column.time_like):
            continue
        when = table.column(column.name)
        if when.dtype.kind not in "ifM" or when.iloc[sample.rows].isna().any():
            continue
        values = when.to_numpy().astype("datetime64[s]").astype(np.int64) if when.dtype.kind == "M" else when.to_numpy()
        later = values[one].min() > values[zero].max()
        if not later and not values[one].max() < values[zero].min():
            continue
        edge = when.iloc[one if later else zero].min()
        from_on = safe(edge.date().isoformat() if when.dtype.kind == "M" else f"{float(edge):g}")
        treatment, name = safe(query.treatment), safe(column.name)
        levels = (safe(drawn.contrast.control), safe(drawn.contrast.treated))
        first, then = levels if later else levels[::-1]
        finding = (
            f"every row before {name} = {from_on} has {treatment} = {first} and every later one {then}: whatever else changed over"
            " time is part of the difference, and nobody was without it at the same time to compare with"
        )
        return Diagnosis(name=NAME, status="warning", finding=finding, figures={"column": column.name, "from": from_on})
    return None
