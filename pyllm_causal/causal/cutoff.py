"""The rows of a discontinuity question as arrays: on which side of the cut-off, how treated, and whether that hangs together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..analysis import NotIdentified
from ..data import Table
from ..errors import GraphError, QueryError, UnknownColumn
from ..query import Discontinuity, Query, Value
from ..wording import join, safe
from .contrast import check_usable, one_contrast, positive_level
from .identify import backwards, believed, chosen_by, distorted
from .local_polynomial import Side, split
from .rows import Rows
from .sample import OutcomeKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

FEWEST_ROWS = 5  # a side
LEAST_JUMP = 0.02  # of the share treated, in a fuzzy design with two arms: less is no jump at all
ASTRAY = 0.05  # share of rows near the cut-off treated against the rule that a sharp design bears


@dataclass(frozen=True)
class Cut:
    """n rows around a cut-off.

    x: (n,) running variable minus cut-off. t: (n,) 1 in the arm asked about, 0 in the other; the dose itself for `dose`; None
    where the treatment is the side. z: (n, k) covariates. right: (n,) on the upper side. upward: treated above.
    factor: units of the dose asked about. astray_share is counted by `astray`.
    """

    rows: Rows
    design: Discontinuity
    x: Floats
    y: Floats
    t: Floats | None
    z: Floats
    weights: Floats
    cluster: Ints | None
    right: Mask
    upward: bool
    fuzzy: bool
    outcome_kind: OutcomeKind
    kind: Literal["arms", "dose"] = "arms"
    treated: Value = 1
    control: Value = 0
    per_unit: bool = False
    factor: float = 1.0
    covariates: tuple[str, ...] = ()

    @property
    def query(self) -> Query:
        return self.rows.query

    @property
    def sign(self) -> int:
        """Turns "above minus below" into "treated minus not"."""
        return 1 if self.upward else -1

    @property
    def at(self) -> str:
        """The cut-off as a person writes it."""
        return f"{self.design.cutoff:.10g}".replace("-", "−")

    @property
    def place(self) -> str:
        """The cut-off in words: `margin = 0`."""
        return f"{safe(self.design.running)} = {self.at}"

    def sides(self, fuzzy: bool | None = None, covariates: bool = True) -> tuple[Side, Side]:
        """(below, above) for the estimators: outcome, treatment where fuzzy, covariates."""
        import numpy as np

        columns = [self.y[:, None]]
        if self.fuzzy if fuzzy is None else fuzzy:
            assert self.t is not None
            columns.append(self.t[:, None])
        if covariates:
            columns.append(self.z)
        return split(self.x, np.hstack(columns), self.weights, self.right, self.cluster)

    def other(self, outcome: Floats, keep: Mask | None = None) -> tuple[Side, Side]:
        """(below, above) for another column (n,) in place of the outcome, without covariates."""
        import numpy as np

        mask = np.isfinite(outcome) if keep is None else keep & np.isfinite(outcome)
        cluster = None if self.cluster is None else self.cluster[mask]
        return split(self.x[mask], outcome[mask][:, None], self.weights[mask], self.right[mask], cluster)

    def astray(self, reach: float) -> float:
        """Share of the rows within `reach` whose treatment is not that of their side."""
        import numpy as np

        if self.t is None:
            return 0.0
        near = np.abs(self.x) <= reach
        wrong = (self.t == 1) != (self.right == self.upward)
        return float(np.average(wrong[near], weights=self.weights[near])) if near.any() else 0.0


def prepare(query: Query, table: Table) -> Cut | NotIdentified:
    """The checked rows. Raises `QueryError`, `UnknownColumn` or `GraphError` where the request cannot be carried out."""
    design = query.design
    assert isinstance(design, Discontinuity)
    covariates = _check_names(query, design, table)
    refusal = _against_graph(query, design, table, covariates)
    if refusal is not None:
        return refusal
    own = query.treatment == design.running
    if own and design.fuzzy:
        raise QueryError(
            f"A fuzzy cut-off needs a column that says who was treated; {design.running!r} only says who was eligible.",
            "Name that column as the treatment, or leave `fuzzy` out for the effect of being past the cut-off.",
        )
    contrast = None if own else one_contrast(query, table.profile)
    if isinstance(contrast, NotIdentified):
        return contrast
    rows = Rows(query, table)
    rows.need(design.running, *(() if own else (str(query.treatment),)), *covariates)
    if contrast is not None and contrast.kind == "arms":
        pair = [rows.table.column(str(query.treatment)) == v for v in (contrast.treated, contrast.control)]
        rows.drop(~(pair[0] | pair[1]).fillna(False).to_numpy(dtype=bool), "in another arm")
    cut = _arrays(query, rows, design, covariates)
    refusal = _one_sided(cut)
    if refusal is not None:
        return refusal
    if contrast is None:
        return _own_side(cut)
    if contrast.kind == "arms":
        t = rows.level(str(query.treatment), contrast.treated, "treatment").astype("float64")
        cut = replace(cut, t=t, treated=contrast.treated, control=contrast.control)
    else:
        t = rows.numbers(str(query.treatment))
        per_unit = contrast.per_unit
        factor = 1.0 if per_unit else float(contrast.treated) - float(contrast.control)
        pair_ = (1, 0) if per_unit else (contrast.treated, contrast.control)
        cut = replace(cut, t=t, kind="dose", treated=pair_[0], control=pair_[1], per_unit=per_unit, factor=factor)
        if not design.fuzzy:
            raise QueryError(
                f"{query.treatment!r} has many values, so it is not switched on or off at the cut-off.",
                "Set `fuzzy` to true for the effect of a unit of it, or name a yes/no column as the treatment.",
            )
    return _sided(cut)


def _check_names(query: Query, design: Discontinuity, table: Table) -> tuple[str, ...]:
    """The covariates to hold fixed; the running variable, which is held fixed anyway, may be listed."""
    name = design.running
    if name not in table.names:
        raise UnknownColumn(name, table.names, "running variable")
    if name == query.outcome:
        raise QueryError(f"{name!r} is the outcome; it cannot decide the treatment.", "Name another `running` column.")
    column = table.profile.column(name)
    if column.kind in ("category", "text", "time"):
        raise QueryError(
            f"The running variable {name!r} does not hold numbers.",
            "Turn it into numbers, such as days or points, written plainly (12345, not 12,345).",
        )
    check_usable(column, "running")
    for field, names in (("adjust_for", query.adjust_for or ()), ("negative_outcomes", query.negative_outcomes)):
        for other in names:
            if other in (query.treatment, query.outcome) and other != name:
                role = "treatment" if other == query.treatment else "outcome"
                raise QueryError(f"{other!r} is the {role}.", f"Take it out of `{field}`.")
    covariates = tuple(c for c in dict.fromkeys(query.adjust_for or ()) if c not in (name, query.treatment))
    if query.missing == "impute" and any(table.profile.column(c).missing for c in covariates):
        raise QueryError(
            "Gaps are not filled in for a cut-off.", "Leave `missing` out: rows with every value are used and counted."
        )
    return covariates


def _against_graph(
    query: Query, design: Discontinuity, table: Table, covariates: tuple[str, ...]
) -> NotIdentified | None:
    treatment, outcome, running = str(query.treatment), str(query.outcome), design.running
    chosen = chosen_by(query, table)
    if outcome in chosen:
        return distorted(query, [outcome], [treatment])
    if query.graph is None:
        return None
    query.graph.check(table.names, query.selected_on)
    graph = believed(query.graph)
    nodes = set(graph.nodes())
    after = graph.descendants(treatment) if treatment in nodes and treatment != running else set[str]()
    later = graph.descendants(outcome) if outcome in nodes else set[str]()
    if treatment in later:
        return backwards(treatment, outcome)
    if running in after | later:
        cause = treatment if running in after else outcome
        return NotIdentified(
            code="running_affected",
            reason=(
                f"Your graph says that {safe(cause)} changes {safe(running)}. Then the rows just above and just below the"
                " cut-off are not alike to begin with."
            ),
            would_help=(f"a column for {safe(running)} as it was before {safe(treatment)}", "or a corrected arrow"),
        )
    late = [c for c in covariates if c in after | later]
    if late:
        raise GraphError(
            f"By your graph {join(late)} {'comes' if len(late) == 1 else 'come'} after {safe(treatment)}; holding"
            " it fixed would distort the effect.",
            "Take it out of `adjust_for`, or correct the arrow.",
        )
    by = [c for c in chosen if c in after | later]
    if by:
        return distorted(query, by, [treatment])
    return None


def _arrays(query: Query, rows: Rows, design: Discontinuity, covariates: tuple[str, ...]) -> Cut:
    import numpy as np

    y, kind = rows.outcome()
    running = rows.numbers(design.running)
    x = running - design.cutoff
    # 0.1 + 0.2 is on a cut-off of 0.3
    size = max(abs(design.cutoff), float(np.abs(running).max()) if len(running) else 0.0)
    x[np.abs(x) <= 1e-12 * size] = 0.0
    z, _ = rows.covariates(covariates)
    return Cut(
        rows=rows, design=design, x=x, y=y, t=None, z=z, weights=rows.weights(), cluster=rows.cluster(),
        right=np.asarray(x >= 0), upward=design.treated_side == "above", fuzzy=design.fuzzy, outcome_kind=kind,
        covariates=covariates,
    )  # fmt: skip


def _one_sided(cut: Cut) -> NotIdentified | None:
    """A refusal where a side has no rows, or hardly any."""
    import numpy as np

    if not cut.rows.n:
        return _too_few(cut, 0)
    running = safe(cut.design.running)
    empty = next((s for s, rows in (("below", cut.x < 0), ("above", cut.x > 0)) if not rows.any()), None)
    if empty:
        ends = [f"{float(v) + cut.design.cutoff:.6g}".replace("-", "−") for v in (cut.x.min(), cut.x.max())]
        return NotIdentified(
            code="no_overlap",
            reason=(
                f"Every row lies on one side of the cut-off: {running} goes from {ends[0]} to {ends[1]}, and the cut-off is"
                f" {cut.at}. There is nobody {empty} it to compare with."
            ),
            would_help=(f"rows with {running} {empty} {cut.at}", "or another cut-off, if this one is mistaken"),
        )
    sides = [int(cut.right.sum()), int((~cut.right).sum())]
    if min(sides) < FEWEST_ROWS or min(len(np.unique(cut.x[cut.right])), len(np.unique(cut.x[~cut.right]))) < 2:
        return _too_few(cut, min(sides))
    if cut.cluster is not None and len(np.unique(cut.cluster)) < 2:
        return NotIdentified(
            code="one_cluster",
            reason=f"All rows belong to one {safe(cut.query.cluster)}, so chance cannot be judged.",
            would_help=("rows from more groups",),
        )
    return None


def _too_few(cut: Cut, fewest: int) -> NotIdentified:
    return NotIdentified(
        code="too_few_rows",
        reason=(
            f"Too few rows or different values lie on one side of {cut.place} ({fewest} rows) to draw a line up to the"
            " cut-off."
        ),
        would_help=(f"more rows near {cut.place}", "or finer values of " + safe(cut.design.running)),
    )


def _own_side(cut: Cut) -> Cut:
    """The treatment is the running variable: being on the treated side against not. Rows at the cut-off count as above."""
    words = {True: f"{cut.at} or more", False: f"under {cut.at}"}
    upward = cut.upward
    pair = cut.query.treated, cut.query.control
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in pair):
        over = [float(v) >= cut.design.cutoff for v in pair if isinstance(v, (int, float))]
        if over[0] != over[1]:  # two values on different sides say which way the comparison goes
            upward = over[0]
    return replace(cut, upward=upward, treated=words[upward], control=words[not upward])


def _sided(cut: Cut) -> Cut:
    """The treated side, as the treatment column has it, and on which side rows at the cut-off belong."""
    import numpy as np

    assert cut.t is not None
    off = cut.x != 0
    near = off & (np.abs(cut.x) <= np.median(np.abs(cut.x[off])))
    sides = [near & (cut.x < 0), near & (cut.x > 0)]
    if not all(s.any() for s in sides):
        sides = [off & (cut.x < 0), off & (cut.x > 0)]
    rate = [float(np.average(cut.t[s], weights=cut.weights[s])) for s in sides]
    right = cut.x > 0
    at = cut.x == 0
    if at.any():
        if cut.fuzzy:
            mean = float(np.average(cut.t[at], weights=cut.weights[at]))
            right[at] = abs(mean - rate[1]) <= abs(mean - rate[0])
        elif rate[0] != rate[1]:
            right[at] = (cut.t[at] == 1) == (rate[1] > rate[0])
        else:
            right[at] = True
    return _directed(replace(cut, right=np.asarray(right)), rate)


def _directed(cut: Cut, rate: list[float]) -> Cut:
    """The data say which side is treated; a side that a person named and the data contradict is an error, not a sign."""
    upward = rate[1] > rate[0] if rate[0] != rate[1] else cut.upward
    named = "treated_side" in cut.design.model_fields_set
    contradicted = named and not cut.fuzzy and upward != (cut.design.treated_side == "above")
    if contradicted and abs(rate[1] - rate[0]) > 0.5 and not turned_round(cut):
        other = {"above": "below", "below": "above"}[cut.design.treated_side]
        raise QueryError(
            f"`treated_side` is {cut.design.treated_side!r}, but in the table {safe(cut.query.treatment)} ="
            f" {safe(cut.treated)} is found {other} {cut.place}.",
            f"Set `treated_side` to {other!r}, or check the treatment column.",
        )
    return replace(cut, upward=upward)


def turned_round(cut: Cut) -> bool:
    """Whether the question is asked the other way round: the effect of not being treated."""
    column = cut.rows.table.profile.column(str(cut.query.treatment))
    if column.kind == "yes_no":
        return bool(cut.treated == positive_level(column)[0])
    numbers = [v for v in (cut.treated, cut.control) if isinstance(v, (int, float))]
    return cut.query.treated is not None and (len(numbers) < 2 or numbers[0] < numbers[1])
