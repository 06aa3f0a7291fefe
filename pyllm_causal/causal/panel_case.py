"""One question with fixed effects, read from query and table, and its estimate by any of the methods that fit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Effect, NotIdentified
from ..errors import QueryError
from ..profile import Column
from ..query import Panel, Query
from ..wording import safe
from . import fixed_effects as fe
from .contrast import Contrast, is_categorical, nothing_to_compare, one_contrast, same
from .did_models import DENSE_EFFECTS, FEW_CLUSTERS
from .panel_request import clusters_text, covariates_of, unit_text, units_text
from .periods import clock_of
from .rows import Rows
from .sample import OutcomeKind, level_mask
from .wild_bootstrap import wild_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .designs import Task

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

METHODS = {
    "two_way": "fixed effects for units and periods",
    "two_way_clustered": "fixed effects for units and periods, margin clustered both ways",
    "one_way": "fixed effects for units",
    "first_differences": "changes from one period to the next",
}


@dataclass(frozen=True)
class Slopes:
    """n rows: outcome, the treatment's columns d (n, j) of which the first is asked about, covariates, unit, period (or None),
    weights, clusters. `step`: by how much the treatment changes in the contrast."""

    y: Floats
    d: Floats
    x: Floats
    unit: Ints
    time: Ints | None
    weights: Floats
    cluster: Ints
    step: float

    @property
    def n(self) -> int:
        return len(self.y)

    def take(self, rows: Mask | Ints) -> Slopes:
        """The same on other rows."""
        return replace(
            self, y=self.y[rows], d=self.d[rows], x=self.x[rows], unit=self.unit[rows],
            time=None if self.time is None else self.time[rows], weights=self.weights[rows], cluster=self.cluster[rows],
        )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What every step works on. `single`: units seen once. `clustered`: the column behind the margin."""

    task: Task
    rows: Rows
    data: Slopes
    contrast: Contrast
    kind: OutcomeKind
    covariates: tuple[str, ...]
    groups: tuple[str, ...]  # the table's column behind each covariate column
    clustered: str
    single: int
    periods: tuple[str, ...]

    @property
    def query(self) -> Query:
        return self.task.query

    @property
    def design(self) -> Panel:
        assert isinstance(self.task.query.design, Panel)
        return self.task.query.design


@dataclass(frozen=True)
class Slope:
    """The effect of the contrast with its error; `fitted` the regression behind it; an interval of its own, if it has one."""

    value: float
    error: float
    dof: float
    fitted: fe.Fitted
    interval: tuple[float, float, float] | None = None  # low, high, p-value


def read_case(task: Task) -> Case | NotIdentified:
    """The case, or a refusal. Raises `QueryError` where the request contradicts itself or the table."""
    import numpy as np

    query, table = task.query, task.table
    design = query.design
    assert isinstance(design, Panel)
    fixed = tuple(n for n in (design.unit, design.time) if n)
    for name in fixed:
        table.code(name)
        if name in (query.treatment, query.outcome):
            raise QueryError(
                f"{name!r} cannot be unit or time and treatment or outcome as well.", "Name another column."
            )
    if query.scale != "difference":
        raise QueryError(
            f"Fixed effects give no {query.scale.replace('_', ' ')} here.",
            "Ask for a difference (for a percentage change, take the logarithm of the outcome first).",
        )
    names = covariates_of(query, table, (*fixed, str(query.treatment)))
    if isinstance(names, NotIdentified):
        return names
    contrast = one_contrast(query, table.profile)
    if isinstance(contrast, NotIdentified):
        return contrast
    rows = Rows(query, table)
    rows.need(str(query.treatment), *fixed, *names)
    if rows.n:
        alone = np.bincount(rows.codes(design.unit))[rows.codes(design.unit)] < 2
        bad = np.zeros(len(rows.keep), dtype=bool)
        bad[rows.index[alone]] = True
        single = int(alone.sum())
        rows.drop(bad, f"the {unit_text(design.unit)} is seen only once")
    else:
        single = 0
    if rows.n < 4:
        return _too_few(rows.n, design)
    y, kind = rows.outcome()
    if np.ptp(y) == 0:
        return NotIdentified(
            code="constant_outcome",
            reason=f"{safe(query.outcome)} is the same in all usable rows, so nothing can be seen to change it.",
            would_help=(f"rows in which {safe(query.outcome)} differs", "or a finer measure of it"),
        )
    d, step, contrast = _treatment(query, rows, table.profile.column(str(query.treatment)), contrast)
    x, groups = rows.covariates(names)
    unit = rows.codes(design.unit)
    time, periods = _order(rows, design.time)
    refusal = _within(query, design, d, unit, time, rows.weights())
    if refusal is not None:
        return refusal
    cluster, clustered = rows.cluster(), query.cluster
    if cluster is None:
        cluster, clustered = unit, design.unit
    if fe.count_of(cluster) < 2:
        return NotIdentified(
            code="one_cluster",
            reason=f"All rows have the same {safe(clustered)}, so chance cannot be told from that one's own ways.",
            would_help=(f"rows from several {clusters_text(clustered, design.unit)}",),
        )
    data = Slopes(y, d, x, unit, time, rows.weights(), cluster, step)
    return Case(task, rows, data, contrast, kind, names, groups, str(clustered), single, periods)


def _too_few(n: int, design: Panel) -> NotIdentified:
    return NotIdentified(
        code="too_few_rows",
        reason=f"Only {n} row{'' if n == 1 else 's'} of a {unit_text(design.unit)} seen more than once can be used.",
        would_help=(f"more rows of the same {units_text(design.unit)} at other times",),
    )


def _order(rows: Rows, name: str | None) -> tuple[Ints | None, tuple[str, ...]]:
    """Periods in order where that can be read; otherwise in the order of their names, which fixed effects do not mind."""
    import numpy as np

    if name is None:
        return None, ()
    try:
        clock = clock_of(rows.table, name, rows.keep)
    except QueryError:
        codes = rows.codes(name)
        return codes, ()
    seen, codes = np.unique(clock.at[rows.keep], return_inverse=True)
    return codes.ravel().astype("int64"), tuple(clock.name(float(s)) for s in seen)


def _treatment(query: Query, rows: Rows, column: Column, contrast: Contrast) -> tuple[Floats, float, Contrast]:
    """(columns of the treatment, the first of which is asked about; the step of the contrast; the contrast filled in).

    Other levels than the two keep rows of their own, so that nobody is left out.
    """
    import numpy as np

    name = str(query.treatment)
    if contrast.kind == "dose":
        values = rows.numbers(name)
        if contrast.per_unit:
            middle = float(np.median(values))
            return values[:, None], 1.0, Contrast("dose", middle + 1, middle, per_unit=True)
        return values[:, None], float(contrast.treated) - float(contrast.control), contrast
    columns = [level_mask(rows.table, name, contrast.treated)[rows.keep].astype("float64")]
    if column.distinct > 2 or is_categorical(column, query):
        for level in column.levels:
            if not same(level.value, contrast.treated) and not same(level.value, contrast.control):
                mask = level_mask(rows.table, name, level.value)[rows.keep]
                if mask.any():
                    columns.append(mask.astype("float64"))
    return np.column_stack(columns), 1.0, contrast


def _within(
    query: Query, design: Panel, d: Floats, unit: Ints, time: Ints | None, weights: Floats
) -> NotIdentified | None:  # fmt: skip
    import numpy as np

    treatment, what = safe(query.treatment), unit_text(design.unit)
    if np.ptp(d[:, 0]) == 0:
        return nothing_to_compare(treatment, usable=True)
    absorber = fe.Absorber((unit,), weights)
    if not fe.independent(absorber.residual(d[:, :1]), d[:, :1], weights):
        return NotIdentified(
            code="no_within_variation",
            reason=(
                f"{treatment} never changes within any {what}, so comparing each with itself at other times says nothing"
                " about it."
            ),
            would_help=(f"rows of the same {what} with another {treatment}", "or another design"),
        )
    if time is not None:
        both = fe.Absorber((unit, time), weights)
        if not fe.independent(both.residual(d[:, :1]), d[:, :1], weights):
            return NotIdentified(
                code="no_within_variation",
                reason=f"{treatment} changes for every {what} at the same time, so it cannot be told from everything else then.",
                would_help=(
                    f"{units_text(design.unit)} in which {treatment} stays as it is, or changes at another time",
                ),
            )
    return None


def fitting(case: Case) -> tuple[str, ...]:
    """The methods that fit, the rule's own first."""
    if case.data.time is None:
        return ("one_way",)
    return ("two_way", "two_way_clustered", "one_way", "first_differences")


def choose(case: Case) -> str:
    """The method of the headline: by rule, or the one asked for. Raises `QueryError` for one that does not fit."""
    fit, wanted = fitting(case), case.query.method
    if wanted is None:
        return fit[0]
    if wanted not in fit:
        why = "It needs `time`." if wanted in METHODS else "It is no method of this design."
        raise QueryError(f"{wanted!r} does not fit here. {why}", f"Methods that fit: {', '.join(fit)}.")
    return wanted


def estimate(case: Case, method: str, data: Slopes | None = None, exact: bool = True) -> Slope:
    """The effect of the contrast by a method; `exact` adds the wild bootstrap where clusters are few.

    Raises numpy's `LinAlgError` where it cannot be computed."""
    import numpy as np

    data = case.data if data is None else data
    if method == "first_differences":
        return _differences(data)
    effects = (data.unit,) if method == "one_way" or data.time is None else (data.unit, data.time)
    fitted = fe.fit(data.y, np.hstack([data.d, data.x]), effects, data.weights)
    clusters: tuple[Ints, ...] = (data.cluster,)
    if method == "two_way_clustered":
        assert data.time is not None
        clusters = (data.cluster, data.time)
    found = _slope(fitted, data.step, clusters)
    if not exact or len(clusters) > 1 or fe.count_of(data.cluster) >= FEW_CLUSTERS or found.dof < 1:
        return found
    return _with_wild(case, data, found, effects)


def _slope(fitted: fe.Fitted, step: float, clusters: tuple[Ints, ...]) -> Slope:
    import numpy as np

    if fitted.kept[:1] != (0,):
        raise np.linalg.LinAlgError("the treatment does not vary")
    dof = float(min(fe.count_of(c) for c in clusters) - 1)
    if fitted.dof < 1:
        dof = 0.0
    variance = float(fitted.covariance(*clusters)[0, 0])
    return Slope(step * float(fitted.beta[0]), abs(step) * math.sqrt(max(variance, 0.0)), dof, fitted)


def _differences(data: Slopes) -> Slope:
    """Changes between periods that follow each other in the row's own unit, with effects of the period (Wooldridge 2010, section
    10.6)."""
    import numpy as np

    assert data.time is not None
    order = np.lexsort((data.time, data.unit))
    late, early = order[1:], order[:-1]
    next_to = (data.unit[late] == data.unit[early]) & (data.time[late] == data.time[early] + 1)
    late, early = late[next_to], early[next_to]
    if len(late) < 4:
        raise np.linalg.LinAlgError("no periods follow each other")
    columns = np.hstack([data.d, data.x])
    fitted = fe.fit(
        data.y[late] - data.y[early], columns[late] - columns[early], (data.time[late],), data.weights[late]
    )
    return _slope(fitted, data.step, (data.cluster[late],))


def _with_wild(case: Case, data: Slopes, found: Slope, effects: tuple[Ints, ...]) -> Slope:
    """The interval of the wild cluster bootstrap, where unit effects are nested in the clusters or few."""
    import numpy as np

    dense = [np.hstack([data.d[:, 1:], data.x])]
    if len(effects) > 1:
        codes = np.unique(effects[1], return_inverse=True)[1].ravel()
        if int(codes.max()) >= DENSE_EFFECTS:
            return found
        dense.append(np.eye(int(codes.max()) + 1)[codes])
    y, x = data.y, data.d[:, 0]
    if fe.nested(data.unit, data.cluster):
        inner = fe.Absorber((data.unit,), data.weights).residual(np.column_stack([y, x, *dense]))
    elif fe.count_of(data.unit) <= DENSE_EFFECTS:
        codes = np.unique(data.unit, return_inverse=True)[1].ravel()
        inner = np.column_stack([y, x, *dense, np.eye(int(codes.max()) + 1)[codes]])
    else:
        return found
    wild = wild_interval(
        inner[:, 0], inner[:, 1], inner[:, 2:], data.weights, data.cluster, case.task.rng("wild_bootstrap")
    )
    if wild.low is None or wild.high is None:  # no value can be rejected: with so few, chance has no bounds
        return replace(found, dof=0.0)
    low, high = sorted((data.step * wild.low, data.step * wild.high))
    return replace(found, interval=(low, high, wild.p_value))


def effect_of(slope: Slope, unit: str, level: float = 0.95) -> Effect:
    """The effect with its interval."""
    from scipy import stats

    if slope.dof < 1 or slope.error <= 1e-12 * (abs(slope.value) or 1.0):
        reason = "too few rows to say how far chance could have moved it"
        return Effect(value=slope.value, low=None, high=None, level=level, unit=unit, unbounded=True, reason=reason)
    half = float(stats.t.ppf(0.5 + level / 2, slope.dof)) * slope.error
    p_value = float(2 * stats.t.sf(abs(slope.value) / slope.error, slope.dof))
    low, high = slope.value - half, slope.value + half
    if slope.interval is not None:
        low, high, p_value = slope.interval
    return Effect(
        value=slope.value, low=low, high=high, level=level, unit=unit, std_error=slope.error, p_value=p_value
    )  # fmt: skip
