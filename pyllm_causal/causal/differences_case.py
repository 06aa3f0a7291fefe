"""One difference-in-differences, read from query and table: the arrays, the errors, and the estimate by any of its methods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import NotIdentified
from ..errors import QueryError
from ..query import Differences, Query
from ..wording import safe
from . import did_models as models
from . import fixed_effects as fe
from .adoption import Adoption, read_adoption
from .att import Att
from .group_time import Comparison, Data, GroupTime, average, group_time
from .panel_request import clusters_text, covariates_of
from .rows import Rows
from .sample import OutcomeKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .designs import Task

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

METHODS = {
    "regression": "regression with group and period effects",
    "group_time": "group-time averages (Callaway and Sant’Anna)",
    "imputation": "imputing what the treated would have had",
    "two_way": "plain two-way fixed effects",
}
NEVER_ENOUGH = 10  # never-treated members from which on they alone are the comparison


@dataclass(frozen=True)
class Case:
    """What every step of the design works on. `clustered`: the column that errors are clustered by, or None for robust."""

    task: Task
    rows: Rows
    adoption: Adoption
    data: models.Treated
    kind: OutcomeKind
    covariates: tuple[str, ...]
    clustered: str | None
    comparison: Comparison

    @property
    def query(self) -> Query:
        return self.task.query

    @property
    def unit(self) -> str | None:
        """The column of the units that are followed, or else of the groups."""
        design = self.task.query.design
        return getattr(design, "unit", None) or getattr(design, "group", None)

    def cells(self, before: bool = False, placebo: bool = False) -> GroupTime:
        """The group-time effects; see `group_time`."""
        return group_time(cell_data(self.data, self.adoption.panel), self.comparison, before, placebo)


def cell_data(data: models.Treated, panel: bool) -> Data:
    """The rows as group-time effects want them."""
    unit = data.group if panel else None
    return Data(data.y, data.time, data.start, data.weights, data.x, unit, data.periods)


def read_case(task: Task) -> Case | NotIdentified:
    """The case, or a refusal. Raises `QueryError` where the request contradicts itself or the table."""
    import numpy as np

    query, table = task.query, task.table
    design = query.design
    assert isinstance(design, Differences)
    fixed = tuple(n for n in (design.time, design.group, design.unit, design.first_treated) if n)
    for name in fixed:
        table.code(name)
    names = covariates_of(query, table, (*fixed, str(query.treatment)))
    if isinstance(names, NotIdentified):
        return names
    _check_scale(query)
    rows = Rows(query, table)
    rows.need(*names)
    if rows.n < 4:
        return _too_few(rows.n)
    adoption = read_adoption(query, table, rows)
    if isinstance(adoption, NotIdentified):
        return adoption
    y, kind = rows.outcome()
    if rows.n < 4:
        return _too_few(rows.n)
    if np.ptp(y) == 0:
        return NotIdentified(
            code="constant_outcome",
            reason=f"{safe(query.outcome)} is the same in all usable rows, so nothing can be seen to change it.",
            would_help=(f"rows in which {safe(query.outcome)} differs", "or a finer measure of it"),
        )
    _check_ratio(query, float(y.min()))
    x, _ = rows.covariates(names)
    cluster, clustered = rows.cluster(), query.cluster
    if cluster is None and adoption.unit:
        cluster, clustered = adoption.group, design.unit or design.group
    data = models.Treated(
        y,
        adoption.time,
        adoption.start,
        adoption.on,
        adoption.group,
        x,
        rows.weights(),
        adoption.unit,
        cluster,
        adoption.last,
    )
    if rows.n < x.shape[1] + 4:
        return _too_few(rows.n)
    refusal = _one_cluster(data, clustered, design.unit or design.group)
    if refusal is not None:
        return refusal
    members = adoption.group if adoption.panel else np.arange(rows.n)
    never = len(np.unique(members[adoption.start >= adoption.last]))
    comparison: Comparison = "never" if never >= NEVER_ENOUGH or not adoption.staggered else "not_yet"
    return Case(task, rows, adoption, data, kind, names, clustered, comparison)


def _too_few(n: int) -> NotIdentified:
    return NotIdentified(
        code="too_few_rows",
        reason=f"Only {n} row{'' if n == 1 else 's'} can be used; too few for two groups, before and after.",
        would_help=("more rows with treatment, outcome, time and all columns held fixed recorded",),
    )


def _check_scale(query: Query) -> None:
    if query.scale in ("odds_ratio", "hazard_ratio"):
        raise QueryError(
            f"A difference-in-differences gives no {query.scale.replace('_', ' ')}.",
            "Ask for a difference, a ratio or percent.",
        )


def _check_ratio(query: Query, least: float) -> None:
    if query.scale != "difference" and least < 0:
        asked = "percentage change" if query.scale == "percent" else query.scale.replace("_", " ")
        raise QueryError(
            f"A {asked} makes no sense for {safe(query.outcome)}, which has negative values.", "Ask for a difference."
        )


def _one_cluster(data: models.Treated, clustered: str | None, unit: str | None) -> NotIdentified | None:
    """A refusal where too few whole clusters leave nothing to judge chance by."""
    if data.cluster is None:
        return None
    name = clusters_text(clustered, unit)
    total = fe.count_of(data.cluster)
    treated, other, mixed = models.arms_by_cluster(data)
    if total >= 2 and (mixed or (treated + other >= 4 and min(treated, other) >= 1)):
        return None
    if total < 2:
        text = f"All rows have the same {safe(clustered)}, so chance cannot be told from that one's own ways."
    else:
        text = (
            f"{treated} treated and {other} other {name} are too few: what else happened to them cannot be told from the"
            " effect."
        )
    return NotIdentified(
        code="one_cluster",
        reason=text,
        would_help=(
            f"rows from more {name}, treated and not",
            "or, for one treated unit among many, a synthetic control",
        ),
    )


def fitting(case: Case) -> tuple[str, ...]:
    """The methods that fit the case, the rule's own first."""
    if case.adoption.back:
        return ("two_way",)
    if case.adoption.staggered:
        return ("group_time", "imputation", "two_way")
    return ("regression", "group_time", "imputation", "two_way")


def choose(case: Case) -> str:
    """The method of the headline: by rule, or the one that the person asks for. Raises `QueryError` for one that does not fit."""
    fit = fitting(case)
    wanted = case.query.method
    if wanted is None:
        return fit[0]
    if wanted not in fit:
        why = "switches off again for some" if case.adoption.back else "starts at different times"
        known = f"The treatment {why}." if wanted in METHODS else "It is no method of this design."
        raise QueryError(f"{wanted!r} does not fit here. {known}", f"Methods that fit: {', '.join(fit)}.")
    return wanted


def estimate(case: Case, method: str, data: models.Treated | None = None, exact: bool = True) -> Att:
    """The effect on the treated by a method, on other rows if given; `exact` adds the wild bootstrap where it is due.

    Raises numpy's `LinAlgError` where it cannot be computed."""
    data = case.data if data is None else data
    rng = case.task.rng("wild_bootstrap") if exact else None
    if method == "regression":
        found = models.regression(data, rng)
    elif method == "two_way":
        found = models.two_way(data, rng)
    elif method == "imputation":
        found = models.imputation(data)
    else:
        cells = group_time(cell_data(data, case.adoption.panel), case.comparison)
        found = average(cells, data.cluster)
    return found.times(case.adoption.sign)


def with_outcome(data: models.Treated, y: Floats) -> models.Treated:
    """The same rows with another outcome; rows where it is missing are left out."""
    import numpy as np

    seen = np.isfinite(y)
    return replace(data, y=np.where(seen, y, 0.0)).take(seen)
