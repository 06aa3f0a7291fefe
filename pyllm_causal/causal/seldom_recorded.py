"""Columns that a drafted picture leaves out because they are seldom recorded: does holding one of them fixed change the answer?

A draft holds fixed what is recorded in most rows, or the comparison would lose too many. A shared cause among the others goes on
working, and with complete columns it would have been held fixed; so each is tried among the rows where it is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Diagnosis, Estimand
from ..data import Table
from ..wording import count, join, safe
from .contrast import Contrast
from .gap import gap
from .inference import on_line
from .refuters.adjustment_sets import fitted, limit_of, on_the_rows, only
from .refuters.told import told
from .sample import MOST_LEVELS
from .timing_order import late_columns

if TYPE_CHECKING:
    from ..profile import Column
    from .refuters import Trial

NAME = "seldom_recorded"
OFTEN, SELDOM = 0.8, 0.25  # share of rows with a value: held fixed from the one, not even tried under the other
MOST = 12  # columns that are tried, those with most values first
FEWEST = 20  # rows in each group


def seldom_recorded(trial: Trial, table: Table, estimand: Estimand, contrast: Contrast) -> Diagnosis | None:
    """A warning where holding such a column fixed moves the answer by more than its standard error and more than chance can
    (distance of two estimates on the same rows over its own error: Hausman 1978; Bonferroni over the columns).

    Asked only of pictures that no person drew, and of columns that nothing says were recorded after the treatment.
    """
    query = trial.query
    if (
        estimand.strategy != "adjustment"
        or query.graph is None
        or query.source("graph") == "you"
        or query.adjust_for is not None
    ):
        return None
    tried = _columns(trial, table, estimand)
    moved = []
    for name in tried:
        wider = estimand.model_copy(update={"adjust_for": (*estimand.adjust_for, name)})
        whole = on_the_rows(trial, table, wider, contrast, SELDOM)
        if whole is None or min(int((whole.arm == a).sum()) for a in (1, 0)) < FEWEST * (whole.kind == "arms"):
            continue
        without, held = fitted(trial, only(whole, estimand.adjust_for)), fitted(trial, whole)
        if without is None or held is None:
            continue
        try:
            found = gap(without, held, whole, trial.scale)
        except ValueError:
            continue
        if abs(found.value) > trial.error and found.z > limit_of(len(tried)):
            moved.append((abs(found.value), name, whole.n, on_line(without, trial.scale), on_line(held, trial.scale)))
    if not moved:
        return None
    _, name, rows, before, after = max(moved, key=lambda m: m[:2])
    (plain, other), unit = told([before, after], trial.scale, trial.estimates.headline.effect.unit)
    column, treatment = safe(name), safe(query.treatment)
    share = 100 * (1 - table.profile.column(name).missing / table.profile.rows)
    others = [m[1] for m in moved if m[1] != name]
    also = f" ({join(others)}: the same)" if others else ""
    return Diagnosis(
        name=NAME,
        status="warning",
        finding=(
            f"{column} is recorded in {share:.0f} of 100 rows only, so it was not held fixed{also}; among these {count(rows)} rows the"
            f" answer is {plain}{unit} without it and {other}{unit} with it held fixed. If it was there before {treatment}, it has to be"
            f" held fixed: ask again with it in the picture"
        ),
        figures={"column": name, "rows": rows, "without": before, "with": after},
    )


def _columns(trial: Trial, table: Table, estimand: Estimand) -> list[str]:
    """Columns recorded in some rows that could be shared causes and that the picture does not name."""
    query = trial.query
    assert query.graph is not None
    named = {
        *query.graph.nodes(),
        *estimand.adjust_for,
        query.treatment,
        query.outcome,
        query.event,
        query.cluster,
        query.weights,
    }
    named |= {query.by, query.environment, *query.negative_outcomes, *query.negative_exposures, *query.selected_on}
    some = [c for c in table.profile.columns if c.name not in named and _tried(c)]
    dated = late_columns(table.profile, str(query.treatment), str(query.outcome), [c.name for c in some])
    after = {one.column for one in dated}
    return [c.name for c in sorted(some, key=lambda c: c.missing) if c.name not in after][:MOST]


def _tried(column: Column) -> bool:
    share = 1 - column.missing / max(column.rows, 1)
    plain = column.kind in ("yes_no", "number", "count") or (
        column.kind == "category" and column.distinct <= MOST_LEVELS
    )
    return (
        SELDOM <= share < OFTEN
        and plain
        and not (column.id_like or column.name_like or column.time_like or column.infinite)
    )
