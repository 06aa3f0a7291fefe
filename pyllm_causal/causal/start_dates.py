"""When each row's unit becomes treated: by group and date, by a cohort column, or by the treatment column itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import NotIdentified
from ..data import Table
from ..errors import QueryError
from ..query import Differences, Query, Value
from ..wording import count, safe
from .contrast import as_number, check_usable, contrasts, find_level, positive_level
from .panel_request import units_text
from .periods import Clock, never
from .rows import Rows
from .sample import level_mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class StartDates:
    """Positions on the clock for every row of the table: infinity for never."""

    start: Floats
    group: str
    unit: bool
    notes: tuple[str, ...] = ()


def switch(query: Query, table: Table, rows: Rows) -> tuple[Mask, int, tuple[Value, Value]]:
    """((rows,) where the treatment column is on, +1 or −1, (treated, control)); rows at other levels are left out."""
    name = str(query.treatment)
    column = table.profile.column(name)
    check_usable(column, "treatment")
    asked = contrasts(query, table.profile)
    first = asked[0]
    if len(asked) > 1:
        raise QueryError(
            f"{name!r} has several values; a difference-in-differences compares two.", "Give `treated` and `control`."
        )
    if first.kind == "dose":
        levels = {as_number(lv.value): lv.value for lv in column.levels}
        ends = [levels.get(as_number(v)) for v in (first.treated, first.control)]
        if first.per_unit or None in ends:
            raise QueryError(
                f"{name!r} holds amounts; a difference-in-differences needs a treatment that is on or off.",
                "Give the two values to compare as `treated` and `control`, or use the design `panel` for amounts.",
            )
        pair = (ends[0], ends[1])
    else:
        pair = (first.treated, first.control)
    treated, control = pair[0], pair[1]
    assert treated is not None and control is not None
    one, zero = level_mask(table, name, treated), level_mask(table, name, control)
    rows.drop(~(one | zero), f"{safe(name)} is neither {safe(treated)} nor {safe(control)}")
    if column.kind == "yes_no" and treated == positive_level(column)[0]:
        return zero, -1, (treated, control)
    return one, 1, (treated, control)


def by_group(
    query: Query, design: Differences, table: Table, rows: Rows, clock: Clock, seen: Floats
) -> tuple[StartDates, int, tuple[Value, Value]] | NotIdentified:
    import numpy as np

    name = str(design.group)
    column = table.profile.column(name)
    own = name == query.treatment
    sign = 1
    if column.kind == "constant":
        return NotIdentified(
            code="no_comparison",
            reason=f"All rows have the same {safe(name)}, so there is no group to compare with.",
            would_help=(f"rows with another {safe(name)}",),
        )
    level: Value | None = design.treated_group
    other: Value | None = None
    if level is None and column.kind == "yes_no":
        other, level = positive_level(column)
        asked = None if query.treated is None else find_level(column, query.treated, "treatment") if own else None
        against = None if query.control is None else find_level(column, query.control, "treatment") if own else None
        sign = -1 if other == asked or level == against else 1
    elif level is None and own and query.treated is not None:
        level = query.treated
    if level is None:
        raise QueryError(
            f"Which value of {name!r} is the treated group?",
            "Give `treated_group` (and `start`, the first treated period), or a 0/1 column as `group`.",
        )
    level = find_level(column, level, "the group") if column.levels else level
    mask = level_mask(table, name, level)
    if not mask.any():
        raise QueryError(f"No row has {level!r} in {name!r}.", "Give `treated_group` as it is spelled in the table.")
    if own and design.treated_group is not None and query.treated is not None and column.levels:
        asked = find_level(column, query.treated, "treatment")
        if asked != level:
            sign = -1
            other = asked
    if own and sign > 0 and query.control is not None and column.levels:
        other = find_level(column, query.control, "treatment")
    if other is not None and column.distinct > 2:
        rows.drop(~(mask | level_mask(table, name, other)), f"{safe(name)} is neither {safe(level)} nor {safe(other)}")
    start = _start(design, clock, seen)
    if isinstance(start, NotIdentified):
        return start
    spare = next((lv.value for lv in column.levels if lv.value != level), "others")
    rest: Value = other if other is not None else spare if column.distinct == 2 else "others"
    pair = (level, rest) if sign > 0 else (rest, level)
    return StartDates(np.where(mask, start, math.inf), design.unit or name, bool(design.unit)), sign, pair


def _start(design: Differences, clock: Clock, seen: Floats) -> float | NotIdentified:
    if design.start is None:
        if len(seen) > 2:
            raise QueryError(
                f"{design.time!r} has {len(seen)} different values; from which on is the group treated?",
                f"Give `start`, the first treated period (they run from {clock.first} to {clock.last}).",
            )
        return float(seen[-1])
    start = clock.position(design.start)
    if start > seen[-1]:
        return NotIdentified(
            code="no_post_period",
            reason=f"The treatment starts at {clock.name(start)}, and the usable rows end at {clock.name(seen[-1])}.",
            would_help=("rows from after the start",),
        )
    if start <= seen[0]:
        return NotIdentified(
            code="no_pre_period",
            reason=f"The treatment starts at {clock.name(start)}, and no usable row is from before that.",
            would_help=("rows from before the start, for both groups",),
        )
    return start


def by_cohort(design: Differences, table: Table, rows: Rows, clock: Clock) -> StartDates:
    import numpy as np
    import pandas as pd

    name = str(design.first_treated)
    if not design.unit:
        raise QueryError("`first_treated` needs `unit`.", "Name the column that says which rows belong together.")
    series = table.column(name)
    at = np.full(len(series), math.inf)
    places: dict[object, float] = {}
    for i, value in enumerate(series.tolist()):
        if never(value) or value is pd.NaT:
            continue
        key = str(value)
        if key not in places:
            places[key] = clock.position(str(value.date()) if hasattr(value, "date") else value)
        at[i] = places[key]
    units = table.column(design.unit)[rows.keep]
    spread = pd.Series(at[rows.keep]).groupby(pd.factorize(units)[0]).nunique()
    if (spread > 1).any():
        raise QueryError(
            f"{name!r} is not the same in all rows of {int((spread > 1).sum())} {units_text(design.unit)}.",
            "It must hold the first treated period of the unit, in every row of the unit (0 or empty for never).",
        )
    return StartDates(at, design.unit, True)


def by_switching(
    design: Differences, rows: Rows, clock: Clock, on: Mask, sign: int
) -> tuple[StartDates, Mask, int]:  # fmt: skip
    """The first period in which the treatment is on, by unit. A column that mostly switches off is read the other way round,
    and the sign of the answer with it."""
    import numpy as np
    import pandas as pd

    assert design.unit is not None
    codes, _ = pd.factorize(rows.table.column(design.unit), sort=False)
    kept = rows.index
    order = kept[np.lexsort((clock.at[kept], codes[kept]))]
    same = codes[order][1:] == codes[order][:-1]
    later, earlier = on[order][1:][same], on[order][:-1][same]
    if int((earlier & ~later).sum()) > int((later & ~earlier).sum()) and not (later & ~earlier).any():
        on, sign = ~on, -sign
    first = np.full(int(codes.max()) + 1, math.inf)
    treated = kept[on[kept]]
    np.minimum.at(first, codes[treated], clock.at[treated])
    before = np.full(len(first), -math.inf)
    early = kept[clock.at[kept] < first[codes[kept]]]
    np.maximum.at(before, codes[early], clock.at[early])
    first, moved = _across_gaps(first, before, np.unique(clock.at[kept]))
    notes = (
        f"{count(moved)} {units_text(design.unit)} not seen when the treatment began: start date taken from the others",
    )
    start = np.where(codes >= 0, first[codes], math.inf)
    return StartDates(start, design.unit, True, notes if moved else ()), on, sign


def _across_gaps(first: Floats, before: Floats, seen: Floats) -> tuple[Floats, int]:
    """A unit that is not seen in the period when it switches on began somewhere between its last row without and its first
    with: at the commonest start date of the others that lies there, if any does. (first (units,), how many were moved)."""
    import numpy as np

    treated = np.isfinite(first) & np.isfinite(before)
    at = np.searchsorted(seen, np.where(treated, first, seen[0]))
    clean = treated & (seen[np.maximum(at - 1, 0)] == before)
    dates, counts = np.unique(first[clean], return_counts=True)
    out, moved = first.copy(), 0
    for u in np.flatnonzero(treated & ~clean):
        there = (dates > before[u]) & (dates <= first[u])
        if there.any():
            out[u] = dates[there][int(np.argmax(counts[there]))]
            moved += int(out[u] != first[u])
    return out, moved


def goes_back(rows: Rows, clock: Clock, draft: StartDates, on: Mask) -> bool:
    kept = rows.keep
    return bool((kept & ~on & (clock.at >= draft.start)).any())
