"""One treated unit among others over time: from rows to a table of periods by units, with everything left out counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import SampleCount
from ..data import Table
from ..errors import QueryError, UnknownColumn
from ..query import Query, SyntheticControl
from ..wording import join, safe
from .contrast import as_number, check_usable, find_level, positive_level, same
from .periods import Clock, clock_of
from .rows import Rows
from .sample import OutcomeKind, encode, level_mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SHARE = 2 / 3  # of the donors that must have a predictor, or the predictor is left out rather than they


@dataclass(frozen=True)
class UnitPeriods:
    """outcomes: (T, U), the treated unit in column 0; predictors: (k, U) averages before the change.

    units: (U,) and periods: (T,) as a person reads them; before: number of periods before the change.
    gaps: donors left out because a period or a predictor is missing; also: units left out because they were treated too.
    """

    outcomes: Floats
    predictors: Floats
    predictor_names: tuple[str, ...]
    units: tuple[str, ...]
    periods: tuple[str, ...]
    before: int
    outcome_kind: OutcomeKind
    count: SampleCount
    gaps: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    lost_predictors: tuple[str, ...] = ()
    lost_periods: int = 0
    several: bool = False  # more than one row of a unit in a period: averaged


def unit_periods(query: Query, table: Table) -> UnitPeriods:
    """Read the design's unit, time, treated unit and start. Raises `QueryError` where they do not fit the table."""
    import numpy as np

    design = query.design
    assert isinstance(design, SyntheticControl)
    for name, role in ((design.unit, "unit column"), (design.time, "time column")):
        if name not in table.names:
            raise UnknownColumn(name, table.names, role)
    _check_request(query, design)
    rows = Rows(query, table)
    rows.need(design.unit, design.time)
    clock = clock_of(table, design.time, rows.keep)
    start = clock.position(design.start)
    label = _treated_label(table, design, rows)
    unit = np.array([label_of(v) for v in table.column(design.unit).tolist()], dtype=object)
    own = unit == label
    also = _treated_too(query, table, rows, unit, label, clock, start)
    if also:
        rows.drop(np.isin(unit, also), "in another treated unit")
    y, kind = rows.outcome()
    at, names = clock.at[rows.keep], unit[rows.keep]
    w = rows.weights()
    periods = np.unique(at)
    units = [label, *sorted({*names.tolist()} - {label}, key=_order)]
    spot = {u: j for j, u in enumerate(units)}
    i, j = np.searchsorted(periods, at), np.array([spot[u] for u in names], dtype="int64")
    grid, several = _grid(y, w, i, j, len(periods), len(units))
    full = np.isfinite(grid)
    # periods in which the treated unit, or most of the others, were not seen say nothing about its gap
    kept = full[:, 0] & (full[:, 1:].mean(axis=1) >= 0.5 if len(units) > 1 else True)
    lost_periods = int((~kept).sum())
    rows.drop(
        ~np.isin(clock.at, periods[kept]), "in a period in which the treated unit or most others were not recorded"
    )
    predictors, used, lost = _predictors(query, table, rows, clock.at < start, clock.at, unit, units)
    complete: Mask = np.asarray(full[kept].all(axis=0) & np.isfinite(predictors).all(axis=0))
    complete[0] = True
    rows.drop(np.isin(unit, [u for u, ok in zip(units, complete, strict=True) if not ok]), "in a unit with gaps")
    mine = own[rows.keep]
    return UnitPeriods(
        outcomes=grid[np.ix_(kept, complete)],
        predictors=predictors[:, complete],
        predictor_names=used,
        units=tuple(safe(u, 40) for u, ok in zip(units, complete, strict=True) if ok),
        periods=tuple(clock.name(float(p)) for p in periods[kept]),
        before=int((periods[kept] < start).sum()),
        outcome_kind=kind,
        count=rows.count(by_arm={safe(label, 40): int(mine.sum()), "the others": int((~mine).sum())}),
        gaps=tuple(safe(u, 40) for u, ok in zip(units, complete, strict=True) if not ok),
        also=tuple(safe(u, 40) for u in also),
        lost_predictors=lost,
        lost_periods=lost_periods,
        several=several,
    )


def _check_request(query: Query, design: SyntheticControl) -> None:
    treatment, outcome = str(query.treatment), str(query.outcome)
    if query.target == "compliers":
        raise QueryError(
            "A synthetic control has no compliers.", "Leave `target` out: the answer is about the treated unit."
        )
    if treatment == design.unit:
        if query.treated is not None and not same(query.treated, design.treated_unit):
            raise QueryError(
                f"`treated` is {query.treated!r}, but the design's treated unit is {design.treated_unit!r}.",
                "Leave `treated` out, or name the same unit in both.",
            )
        if query.control is not None:
            raise QueryError(
                "A synthetic control is compared with a mix of all the other units.",
                "Leave `control` out; `where` can leave units out.",
            )
    for name in query.adjust_for or ():
        if name in (outcome, design.unit, design.time, treatment):
            raise QueryError(f"{name!r} cannot be a predictor here.", "Take it out of `adjust_for`.")
    if query.cluster is not None and query.cluster != design.unit:
        raise QueryError(
            "With one treated unit the margin of error comes from the other units, not from `cluster`.",
            "Leave `cluster` out.",
        )


def label_of(value: object) -> Any:
    """A unit's label: numbers without their .0, everything else as text."""
    number = as_number(value) if isinstance(value, float) else None
    return str(int(number)) if number is not None and number.is_integer() else str(value)


def _order(label: str) -> tuple[bool, float, str]:
    number = as_number(label)
    return number is None, number or 0.0, label


def _treated_label(table: Table, design: SyntheticControl, rows: Rows) -> str:
    values = table.column(design.unit)[rows.keep].unique().tolist()
    exact = [
        v for v in values if v == design.treated_unit and isinstance(v, bool) == isinstance(design.treated_unit, bool)
    ]
    found = exact or [v for v in values if same(v, design.treated_unit)]
    if not found:
        shown = join([repr(label_of(v)) for v in values[:12]]) + (" and others" if len(values) > 12 else "")
        raise QueryError(f"{design.treated_unit!r} is not among the units in {design.unit!r}.", f"They are {shown}.")
    return str(label_of(found[0]))


def _treated_too(
    query: Query, table: Table, rows: Rows, unit: NDArray[Any], label: str, clock: Clock, start: float
) -> list[str]:
    """Other units that an on/off treatment column shows as treated. Raises `QueryError` where it contradicts the design."""
    import numpy as np

    design, treatment = query.design, str(query.treatment)
    assert isinstance(design, SyntheticControl)
    if treatment == design.unit:
        return []
    column = table.profile.column(treatment)
    if column.kind == "constant":
        return []
    check_usable(column, "treatment")
    if query.treated is not None and column.levels:
        on = level_mask(table, treatment, find_level(column, query.treated, "treatment"))
    elif column.kind == "yes_no":
        on = level_mask(table, treatment, positive_level(column)[1])
    else:
        raise QueryError(
            f"{treatment!r} is neither the column of the units nor an on/off column.",
            f"Give {design.unit!r} as the treatment, or a 0/1 column that says when the treatment was on.",
        )
    on = on & rows.keep
    own = unit == label
    if not (on & own).any():
        raise QueryError(
            f"{treatment!r} is never on for {label!r}, the treated unit of the design.", "Correct one of the two."
        )
    if not (~own & rows.keep & ~on).any():  # on in every row of the others: a marker of something else
        raise QueryError(f"{treatment!r} is on for every unit.", "Name a column that is on for the treated unit.")
    early = on & own & (clock.at < start)
    marks_unit = bool(on[own & rows.keep].all())  # a 0/1 column that marks the unit itself, at all times
    if early.any() and not marks_unit:
        first = clock.name(float(clock.at[early].min()))
        raise QueryError(
            f"{treatment!r} is already on for {label!r} in {first}, before the start given.",
            f"Give {first} as `start`, or correct the column.",
        )
    return sorted(set(unit[on & ~own].tolist()), key=_order) if not np.all(on[~own & rows.keep]) else []


def _grid(y: Floats, w: Floats, i: Ints, j: Ints, t: int, u: int) -> tuple[Floats, bool]:
    """((t, u) weighted means of the cells, NaN where empty; whether any cell holds several rows)."""
    import numpy as np

    cell = i * u + j
    total = np.bincount(cell, weights=w, minlength=t * u)
    many = bool((np.bincount(cell, minlength=t * u) > 1).any())
    with np.errstate(invalid="ignore", divide="ignore"):
        grid = np.bincount(cell, weights=w * y, minlength=t * u) / total
    return grid.reshape(t, u), many


def _predictors(
    query: Query, table: Table, rows: Rows, early: Mask, when: Floats, unit: NDArray[Any], units: list[str]
) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """((k, U) averages of every predictor before the change over the periods in which it is recorded, the predictors used,
    those left out because the treated unit or over a third of the others never have them, or all have the same)."""
    import numpy as np

    found: list[Floats] = []
    used: list[str] = []
    lost: list[str] = []
    at = np.flatnonzero(rows.keep & early)
    at = at[np.argsort(when[at], kind="stable")]  # sums in the same order whatever the order of the rows
    spot = {u: k for k, u in enumerate(units)}
    place = np.array([spot[u] for u in unit[at]], dtype="int64")
    for name in dict.fromkeys(query.adjust_for or ()):
        block, _ = encode(table, name, query, at)
        kept = 0
        for column in block.T:
            seen = np.isfinite(column)
            many = np.bincount(place[seen], minlength=len(units))
            with np.errstate(invalid="ignore", divide="ignore"):
                means = np.bincount(place[seen], weights=column[seen], minlength=len(units)) / many
            have = np.isfinite(means)
            if have[0] and have[1:].mean() >= SHARE and np.ptp(means[have]) > 0:
                found.append(means)
                kept += 1
        (used if kept else lost).append(safe(name))
    return np.array(found).reshape(len(found), len(units)), tuple(used), tuple(lost)
