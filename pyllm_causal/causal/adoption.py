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
from .contrast import nothing_to_compare
from .panel_request import unit_text, units_text
from .periods import Clock, clock_of
from .rows import Rows
from .start_dates import StartDates, by_cohort, by_group, by_switching, goes_back, switch

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
        return nothing_to_compare(treatment)
    on_mask, sign, pair = (None, 1, (1, 0)) if given else switch(query, table, rows)
    if design.first_treated:
        draft = by_cohort(design, table, rows, clock)
    elif design.group is not None:
        found = by_group(query, design, table, rows, clock, seen)
        if isinstance(found, NotIdentified):
            return found
        draft, sign, pair = found if given else (found[0], sign, pair)
    else:
        if on_mask is None:
            raise QueryError(
                "`unit` alone needs a treatment column that switches on over time.",
                "Name that column as `treatment`, or give `first_treated` or `group`.",
            )
        draft, on_mask, sign = by_switching(design, rows, clock, on_mask, sign)
    back = design.group is None and not design.first_treated and on_mask is not None and goes_back(
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


def _agreement(
    query: Query, rows: Rows, clock: Clock, draft: StartDates, on: Mask, sign: int
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
    draft: StartDates,
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
        rows.drop(bad, f"everyone is treated in {join(late[:3])}" + (" and later" if len(late) > 3 else ""))
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
