"""The rows of a question by group: who is in which group, what is held fixed, and whether it can be asked at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import (
    Diagnosis,
    Dropped,
    Estimand,
    NotIdentified,
    SampleCount,
)
from ..data import Table
from ..errors import GraphError
from ..query import Query
from ..wording import safe
from . import separation as sep
from .contrast import one_contrast
from .designs import Task
from .diagnose import examine
from .estimate import settled
from .front_door_criterion import believed
from .groups import Groups
from .identify import identify
from .pathway import check_scale
from .sample import Drawn, Sample, draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Drawing:
    """The rows of a question by group, examined."""

    drawn: Drawn
    sample: Sample
    codes: Ints
    diagnoses: tuple[Diagnosis, ...]
    trimmed: float
    estimand: Estimand


def one_group(query: Query) -> NotIdentified:
    return NotIdentified(
        code="one_group",
        reason=f"{safe(query.by)} has the same value in every row, so there are no groups to compare.",
        would_help=(f"rows in which {safe(query.by)} differs",),
    )


def formed_late(query: Query) -> NotIdentified | None:
    """A refusal where the groups are themselves a result of the treatment."""
    if query.graph is None or query.by not in query.graph.descendants(str(query.treatment)):
        return None
    by, treatment = safe(query.by), safe(query.treatment)
    return NotIdentified(
        code="group_after_treatment",
        reason=f"By your graph {by} is itself changed by {treatment}: who is in which group then depends on the treatment, so"
        " comparing the groups says nothing about for whom it works.",
        would_help=(
            f"a column like {by} recorded before {treatment}",
            f"if what you ask is how much passes through {by}: ask with `design` kind `mediation`",
        ),
    )


def _identified(base: Query, table: Table, by: str) -> Estimand | NotIdentified:
    """The estimand; the column of the groups need not be listed, as every group has one value of it."""
    try:
        return identify(base, table)
    except GraphError:
        if base.adjust_for is None or by in base.adjust_for:
            raise
        try:
            return identify(base.model_copy(update={"adjust_for": (*base.adjust_for, by)}), table)
        except GraphError:
            pass
        raise


def drawing_of(task: Task, base: Query, groups: Groups) -> Drawing | NotIdentified:
    import numpy as np

    table = task.table
    estimand = _identified(base, table, str(task.query.by))
    if isinstance(estimand, NotIdentified):
        return estimand
    estimand_or_refusal = _within(base, table, estimand, str(task.query.by))
    if isinstance(estimand_or_refusal, NotIdentified):
        return estimand_or_refusal
    estimand = estimand_or_refusal
    contrast = one_contrast(base, table.profile)
    if isinstance(contrast, NotIdentified):
        return contrast
    drawn = _recorded(draw(base, table, estimand, contrast), groups, safe(task.query.by))
    examined = examine(drawn, base)
    if isinstance(examined, NotIdentified):
        return examined
    sample = settled(examined.drawn.sample)
    check_scale(base, sample)
    assert sample.rows is not None
    codes = groups.codes[sample.rows]
    if len(np.unique(codes)) < 2:
        return one_group(task.query)
    return Drawing(examined.drawn, sample, codes, examined.diagnoses, examined.trimmed, estimand)


def _recorded(drawn: Drawn, groups: Groups, by: str) -> Drawn:
    """Without the rows whose group is not recorded, counted."""
    import numpy as np

    assert drawn.sample.rows is not None
    known = groups.codes[drawn.sample.rows] >= 0
    if known.all():
        return drawn
    sample = drawn.sample.take(known)
    if sample.n:
        varies = np.ptp(sample.x, axis=0) > 0 if sample.k else np.zeros(0, dtype=bool)
        sample = replace(
            sample,
            x=sample.x[:, varies],
            x_names=tuple(v for v, ok in zip(sample.x_names, varies, strict=True) if ok),
            x_groups=tuple(v for v, ok in zip(sample.x_groups, varies, strict=True) if ok),
            weights=sample.weights * (sample.n / sample.weights.sum()),
            cluster=None if sample.cluster is None else np.unique(sample.cluster, return_inverse=True)[1],
        )
    gone = Dropped(reason=f"no {by}", rows=int((~known).sum()), by_arm=drawn.by_arm(drawn.sample.arm[~known]))
    counted = SampleCount(
        rows=drawn.count.rows, used=sample.n, dropped=(*drawn.count.dropped, gone), by_arm=drawn.by_arm(sample.arm)
    )
    return replace(drawn, sample=sample, count=counted)


def _within(query: Query, table: Table, estimand: Estimand, by: str) -> Estimand | NotIdentified:
    """The covariates must do within groups as well: looking within groups holds `by` fixed, which can open a path."""
    graph, treatment, outcome = query.graph, str(query.treatment), str(query.outcome)
    if graph is None or by not in graph.nodes() or not {treatment, outcome} <= set(graph.nodes()):
        return estimand
    children = believed(graph)
    others = [c for c in estimand.adjust_for if c != by and c in children]
    if estimand.strategy == "randomised" or sep.valid_adjustment(children, treatment, outcome, {*others, by}):
        return estimand
    usable = {c.name for c in table.profile.columns if c.kind != "empty"} & set(children)
    found = sep.minimal_adjustment(children, treatment, outcome, usable - {by}, [by])
    if found is not None and sep.valid_adjustment(children, treatment, outcome, found):
        return estimand.model_copy(update={"adjust_for": tuple(found)})
    return NotIdentified(
        code="group_is_collider",
        reason=f"By your graph {safe(by)} is a consequence of causes of both {safe(treatment)} and {safe(outcome)}: among rows"
        " with the same value of it the two are tied together without any effect, and no column undoes that.",
        would_help=(f"groups by a column that comes before {safe(treatment)} and is driven by nothing that drives"
                    f" {safe(outcome)}",),
    )  # fmt: skip
