"""Who is treated from when on: the four ways of giving a difference-in-differences, read into one record."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import NotIdentified
from ..data import Table
from ..errors import QueryError
from ..query import Differences, Query, Value
from ..wording import count, join, safe
from .contrast import as_number, check_usable, contrasts, find_level, positive_level
from .panel_request import unit_text, units_text
from .periods import Clock, clock_of, never
from .rows import Rows
from .sample import level_mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Adoption:
    """n rows in use.

    time: (n,) 0 … T−1; start: (n,) the first treated period of the row's group, T for never; on: (n,) treated now.
    group: (n,) the groups that fixed effects are for: units, or the groups named. `unit` says that these are units whose rows
    are followed over time (`panel`: at most one row a period), not fresh rows of a treated and an untreated group.
    sign: −1 where the question asks for the opposite change. back: a unit switches off again.
    """

    time: Ints
    start: Ints
    on: Mask
    group: Ints
    unit: bool
    panel: bool
    periods: tuple[str, ...]
    sign: int
    back: bool
    treated: Value
    control: Value
    notes: tuple[str, ...]
    conflicts: int

    @property
    def last(self) -> int:
        """How many periods there are, which is also the code of "never"."""
        return len(self.periods)

    @property
    def starts(self) -> list[int]:
        """The different first treated periods."""
        return sorted({int(s) for s in self.start[self.start < self.last]})

    @property
    def staggered(self) -> bool:
        return len(self.starts) > 1


@dataclass(frozen=True)
class _Draft:
    """Positions on the clock for every row of the table: infinity for never."""

    start: Floats
    group: str
    unit: bool
    notes: tuple[str, ...] = ()


def read_adoption(query: Query, table: Table, rows: Rows) -> Adoption | NotIdentified:
    """Fill `rows` with what the design needs and read who is treated from when. Raises `QueryError` for a request that
    contradicts itself or the table."""
    import numpy as np

    design = query.design
    assert isinstance(design, Differences)
    treatment = str(query.treatment)
    rows.need(design.time)
    for name in (design.unit, design.group):
        if name:
            rows.need(name)
    given = treatment in (design.group, design.first_treated, design.unit)
    if not given:
        rows.need(treatment)
    clock = clock_of(table, design.time, rows.keep)
    seen = np.unique(clock.at[rows.keep])
    if len(seen) < 2:
        return _one_period(query, design, clock)
    if not given and table.profile.column(treatment).kind == "constant":
        return NotIdentified(
            code="constant_treatment",
            reason=f"There is nothing to compare: {safe(treatment)} has the same value in every row.",
            would_help=(f"rows in which {safe(treatment)} differs",),
        )
    on_mask, sign, pair = (None, 1, (1, 0)) if given else _switch(query, table, rows)
    if design.first_treated:
        draft = _by_cohort(design, table, rows, clock)
    elif design.group is not None:
        found = _by_group(query, design, table, rows, clock, seen)
        if isinstance(found, NotIdentified):
            return found
        draft, sign, pair = found if given else (found[0], sign, pair)
    else:
        if on_mask is None:
            raise QueryError(
                "`unit` alone needs a treatment column that switches on over time.",
                "Name that column as `treatment`, or give `first_treated` or `group`.",
            )
        draft, on_mask, sign = _by_switching(design, rows, clock, on_mask, sign)
    back = design.group is None and not design.first_treated and on_mask is not None and _goes_back(
        rows, clock, draft, on_mask
    )  # fmt: skip
    conflicts = 0
    if on_mask is not None and not back and (design.group is not None or design.first_treated):
        sign, conflicts = _agreement(query, rows, clock, draft, on_mask, sign)
    return _coded(query, table, rows, clock, draft, on_mask, sign, pair, back, conflicts)


def _one_period(query: Query, design: Differences, clock: Clock) -> NotIdentified:
    when = f" ({safe(design.time)} = {clock.first})" if clock.names else ""
    return NotIdentified(
        code="no_pre_period",
        reason=(
            f"All usable rows are from one period{when}, so nobody can see how {safe(query.outcome)} changed from before"
            " to after."
        ),
        would_help=(f"rows from before {safe(query.treatment)} began, for both groups",),
    )


def _switch(query: Query, table: Table, rows: Rows) -> tuple[Mask, int, tuple[Value, Value]]:
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


def _by_group(
    query: Query, design: Differences, table: Table, rows: Rows, clock: Clock, seen: Floats
) -> tuple[_Draft, int, tuple[Value, Value]] | NotIdentified:
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
    return _Draft(np.where(mask, start, math.inf), design.unit or name, bool(design.unit)), sign, pair


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


def _by_cohort(design: Differences, table: Table, rows: Rows, clock: Clock) -> _Draft:
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
    return _Draft(at, design.unit, True)


def _by_switching(
    design: Differences, rows: Rows, clock: Clock, on: Mask, sign: int
) -> tuple[_Draft, Mask, int]:  # fmt: skip
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
    return _Draft(start, design.unit, True, notes if moved else ()), on, sign


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


def _goes_back(rows: Rows, clock: Clock, draft: _Draft, on: Mask) -> bool:
    kept = rows.keep
    return bool((kept & ~on & (clock.at >= draft.start)).any())


def _agreement(
    query: Query, rows: Rows, clock: Clock, draft: _Draft, on: Mask, sign: int
) -> tuple[int, int]:  # fmt: skip
    """(sign, rows in which the treatment column says otherwise than the design): it may say who is treated now, or ever."""
    import numpy as np

    kept = rows.keep
    now, ever = clock.at[kept] >= draft.start[kept], np.isfinite(draft.start[kept])
    said = on[kept]
    wrong = {(s, i): int(((said if s > 0 else ~said) != d).sum()) for s in (1, -1) for i, d in enumerate((now, ever))}
    (turn, _), conflicts = min(wrong.items(), key=lambda item: (item[1], -item[0][0]))
    if conflicts > 0.2 * int(kept.sum()):
        raise QueryError(
            f"{query.treatment!r} does not say who is treated in this design: it disagrees in {count(conflicts)} rows.",
            "Name the column that switches on with the treatment, or the group column itself, as `treatment`.",
        )
    return sign * turn, conflicts


def _coded(
    query: Query,
    table: Table,
    rows: Rows,
    clock: Clock,
    draft: _Draft,
    on_mask: Mask | None,
    sign: int,
    pair: tuple[Value, Value],
    back: bool,
    conflicts: int,
) -> Adoption | NotIdentified:
    import numpy as np
    import pandas as pd

    notes = list(draft.notes)
    codes, _ = pd.factorize(table.column(draft.group), sort=False)
    kept = rows.index
    bounds = np.full((2, int(codes.max()) + 1), math.inf)
    np.minimum.at(bounds[0], codes[kept], draft.start[kept])
    np.minimum.at(bounds[1], codes[kept], np.where(np.isfinite(draft.start[kept]), -draft.start[kept], -1e300))
    movers = (codes >= 0) & (bounds[0][codes] != -bounds[1][codes]) & (np.isfinite(bounds[0][codes]))
    if (movers & rows.keep).any():
        rows.drop(movers, f"the {unit_text(draft.group)} is in the treated group in some rows only")
        kept = rows.index
    if not back and rows.n:
        earliest = np.full(int(codes.max()) + 1, math.inf)
        np.minimum.at(earliest, codes[kept], clock.at[kept])
        always = np.isfinite(draft.start) & (earliest[codes] >= draft.start)
        always &= codes >= 0
        units = len(np.unique(codes[rows.keep & always]))
        if units:
            what = f"{count(units)} {units_text(draft.group)} were " if draft.unit else ""
            rows.drop(always, f"{what}treated from the first period on")
    if not rows.n:
        return _no_before(query)
    at, start, group = clock.at[rows.keep], draft.start[rows.keep], codes[rows.keep]
    seen, time = np.unique(at, return_inverse=True)
    first = np.searchsorted(seen, start, side="left").astype("int64")  # beyond the last period: never, as far as seen
    time = time.ravel().astype("int64")
    group = np.unique(group, return_inverse=True)[1].ravel().astype("int64")
    on = time >= first if not back else np.asarray(on_mask)[rows.keep]
    pairs = group * len(seen) + time
    alone = len(np.unique(pairs)) == len(pairs)
    # groups with one row a period are followed over time like units
    panel = alone and (draft.unit or len(np.unique(group)) > 2)
    made = Adoption(
        time=time, start=first, on=on, group=group, unit=draft.unit or panel, panel=panel,
        periods=tuple(clock.name(float(s)) for s in seen), sign=sign, back=back, treated=pair[0], control=pair[1],
        notes=tuple(notes), conflicts=conflicts,
    )  # fmt: skip
    return made if back else _checked(query, rows, made)


def _no_before(query: Query) -> NotIdentified:
    return NotIdentified(
        code="no_pre_period",
        reason=f"Nobody with {safe(query.treatment)} is seen both before and after it began.",
        would_help=("rows of the treated from before they were treated",),
    )


def _checked(query: Query, rows: Rows, made: Adoption) -> Adoption | NotIdentified:
    """Refuse where no estimand is left; leave out periods in which there is no one to compare with."""
    import numpy as np

    if not made.on.any():
        if len(made.periods) < 2 or not (made.start < made.last).any():
            return _no_before(query)
        return NotIdentified(
            code="no_post_period",
            reason="No usable row is from after the treatment began.",
            would_help=("rows from after the start",),
        )
    comparison = NotIdentified(
        code="no_comparison",
        reason=(
            f"There is no one to compare with: everybody in the usable rows has {safe(query.treatment)} from the same"
            " period on."
        ),
        would_help=("rows of a group that is not treated, or treated later",),
    )
    if (made.start == made.start[0]).all():
        return comparison
    if not (~made.on & (made.time < made.start.clip(max=made.last))).any() or not (made.on | (made.start > 0)).any():
        return comparison
    free = np.bincount(made.time[~made.on], minlength=made.last) > 0
    if not free.all():
        late = [p for p, ok in zip(made.periods, free, strict=True) if not ok]
        bad = np.zeros(len(rows.keep), dtype=bool)
        bad[rows.index[~free[made.time]]] = True
        rows.drop(bad, f"no one is untreated in {join(late[:3])}" + (" and later" if len(late) > 3 else ""))
        made = _without(made, free)
    if not made.on.any() or (made.start == made.start[0]).all():
        return comparison
    # the comparison must be seen before and after
    for first in made.starts:
        others = made.start > first
        if (others & (made.time < first)).any() and (others & ~made.on & (made.time >= first)).any():
            return made
    return NotIdentified(
        code="no_comparison",
        reason="No untreated row is seen both before and after the treatment began, so the usual change over time is unknown.",
        would_help=("rows of the untreated from before and after",),
    )


def _without(made: Adoption, free: Mask) -> Adoption:
    """The same without the periods that are not `free`."""
    import numpy as np

    keep = free[made.time]
    new = np.cumsum(free) - 1
    before = np.concatenate([[0], np.cumsum(free)])  # code of the first period kept at or after each
    start = before[made.start[keep]]
    return replace(
        made,
        time=new[made.time[keep]],
        start=start,
        on=made.on[keep],
        group=np.unique(made.group[keep], return_inverse=True)[1].ravel(),
        periods=tuple(p for p, ok in zip(made.periods, free, strict=True) if ok),
    )
