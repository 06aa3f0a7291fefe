"""Effect by group: for everyone, in every group of a column, and the difference between two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ...analysis import (
    Diagnosis,
    Dropped,
    Effect,
    Estimand,
    Estimate,
    GroupedEffect,
    GroupEffect,
    NotIdentified,
    Refutation,
    SampleCount,
)
from ...data import Table
from ...errors import GraphError, QueryError
from ...query import Query, Scale
from ...wording import columns_text, join, safe
from .. import separation as sep
from ..contrast import contrasts
from ..diagnose import examine
from ..estimate import Estimates, estimate, settled, unit_of
from ..estimators import REGISTRY as ESTIMATORS
from ..front_door_criterion import believed
from ..group_checks import same_elsewhere, shuffled_groups
from ..group_words import SEVERAL, Words, told
from ..grouped import (
    FEW,
    ROUGH,
    Group,
    difference,
    effect_in,
    fits_by_group,
    joint_test,
    part_of,
    shared_scores,
    smallest_arm,
)
from ..groups import Groups, groups_of
from ..heterogeneity import best_linear_projection, grow, ranking
from ..identify import identify
from ..inference import Fit, effect_of
from ..pathway import check_scale, scale_refusal
from ..pathway_words import cause_text, held_text, outcome_text, population_text, value_text
from ..refuters import Trial, refute
from ..sample import Drawn, Sample, draw
from . import Finding, Task, design, strategy_of
from .rerun import rerun

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

METHODS = (
    "regression",
    "difference_in_means",
    "doubly_robust",
)  # by rule; any other of the common way may be asked for
LIGHT = 2e6  # rows times squared columns up to which the groups are shuffled


@dataclass(frozen=True)
class Drawing:
    """The rows of a question by group, examined."""

    drawn: Drawn
    sample: Sample
    codes: Ints
    diagnoses: tuple[Diagnosis, ...]
    trimmed: float
    estimand: Estimand


@dataclass(frozen=True)
class Compared:
    """Groups with their effects, and the two that are compared."""

    groups: tuple[Group, ...]
    effects: tuple[GroupEffect, ...]
    difference: Effect | None
    p_value: float | None  # that the effect is the same in all groups
    separate: bool


@design("effect_by_group", "effect in groups, and whether it differs between them", METHODS)
def by_group(task: Task) -> Finding | NotIdentified:
    """Average effects within groups of a column recorded before the treatment, by the estimator that the whole table calls for,
    and the second group's less the first's. Clusters that span groups count in the difference.

    Observational and randomised tables here; for any other design its own function runs within each group. Raises `QueryError`
    for a column that cannot form groups.
    """
    groups = groups_of(task.query, task.table)
    if groups.pair is None:
        return _one_group(task.query)
    late = _late(task.query)
    if late is not None:
        return late
    base = task.query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    if strategy_of(base) is not None:
        return rerun(task, replace(task, query=base), groups)
    drawing = _drawing(task, base, groups)
    if isinstance(drawing, NotIdentified):
        return drawing
    return _answered(task, base, groups, drawing)


def quick(task: Task) -> Effect | NotIdentified:
    """The effects without checks and words."""
    groups = groups_of(task.query, task.table)
    base = task.query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    drawing = _drawing(task, base, groups)
    if isinstance(drawing, NotIdentified):
        return drawing
    method = base.method
    if method is None:
        found = estimate(drawing.sample, base.scale, "")
        if found is None:
            return scale_refusal(base)
        method = found.headline.method
    everyone = effect_of(ESTIMATORS[method].function(drawing.sample), drawing.sample, base.scale)
    if everyone is None:
        return scale_refusal(base)
    return _grouped(everyone, _compared(drawing, groups, base.scale, "", method))


def _one_group(query: Query) -> NotIdentified:
    return NotIdentified(
        code="one_group",
        reason=f"{safe(query.by)} has the same value in every row, so there are no groups to compare.",
        would_help=(f"rows in which {safe(query.by)} differs",),
    )


def _late(query: Query) -> NotIdentified | None:
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


def _drawing(task: Task, base: Query, groups: Groups) -> Drawing | NotIdentified:
    import numpy as np

    table = task.table
    estimand = _identified(base, table, str(task.query.by))
    if isinstance(estimand, NotIdentified):
        return estimand
    estimand_or_refusal = _within(base, table, estimand, str(task.query.by))
    if isinstance(estimand_or_refusal, NotIdentified):
        return estimand_or_refusal
    estimand = estimand_or_refusal
    asked = contrasts(base, table.profile)
    treatment = safe(base.treatment)
    if not asked:
        return NotIdentified(
            code="constant_treatment",
            reason=f"There is nothing to compare: {treatment} has the same value in every row.",
            would_help=(f"rows in which {treatment} differs",),
        )
    if len(asked) > 1:
        raise QueryError(
            f"{base.treatment!r} has several values; which two are compared in each group?",
            "Give `treated` and `control`.",
        )
    drawn = _recorded(draw(base, table, estimand, asked[0]), groups, safe(task.query.by))
    examined = examine(drawn, base)
    if isinstance(examined, NotIdentified):
        return examined
    sample = settled(examined.drawn.sample)
    check_scale(base, sample)
    assert sample.rows is not None
    codes = groups.codes[sample.rows]
    if len(np.unique(codes)) < 2:
        return _one_group(task.query)
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


def _compared(drawing: Drawing, groups: Groups, scale: Scale, unit: str, method: str) -> Compared:
    fits, separate = fits_by_group(drawing.sample, drawing.codes, method)
    return _paired(drawing.sample, fits, groups, scale, unit, separate)


def _paired(
    sample: Sample, fits: tuple[Group, ...], groups: Groups, scale: Scale, unit: str, separate: bool
) -> Compared:
    effects, kept = [], []
    for group in fits:
        found = effect_in(group, scale, unit)
        if found is None:
            continue
        fields = found.model_dump() | {"group": groups.labels[group.code], "rows": group.rows}
        effects.append(GroupEffect(**fields))
        kept.append(group)
    assert groups.pair is not None
    by_code = {g.code: g for g in kept if g.few is None}
    first, second = (by_code.get(code) for code in groups.pair)
    gap = None if first is None or second is None else difference(sample, second, first, scale, unit)
    return Compared(tuple(kept), tuple(effects), gap, joint_test(sample, kept, scale), separate)


def _grouped(everyone: Effect, compared: Compared) -> GroupedEffect:
    fields = everyone.model_dump()
    return GroupedEffect(**fields, groups=compared.effects, difference_between_groups=compared.difference)


def _answered(task: Task, base: Query, groups: Groups, drawing: Drawing) -> Finding | NotIdentified:
    sample, scale = drawing.sample, base.scale
    column = task.table.profile.column(str(base.outcome))
    unit = unit_of(column.unit, sample, scale)
    forest = grow(sample) if base.method == "causal_forest" else None
    found = estimate(sample, scale, unit, "doubly_robust" if forest is not None else base.method)
    if found is None:
        return scale_refusal(base)
    method, label, everyone, fit = found.headline.method, found.headline.label, found.headline.effect, found.fit
    extra: list[Diagnosis] = []
    scores = None
    if forest is not None:
        method, label, scores = "causal_forest", "doubly robust scores from a causal forest", forest.scores
        compared, fit = _forested(drawing, groups, scale, unit, scores)
        whole = effect_of(fit, sample, scale, unit)
        if whole is None:
            return scale_refusal(base)
        everyone = whole
        extra.append(ranking(sample, forest))
    else:
        compared = _compared(drawing, groups, scale, unit, method)
    plain = effect_of(fit, sample, "difference", unit_of(column.unit, sample, "difference"))
    assert plain is not None
    projected = best_linear_projection(sample, scores)
    extra += [] if projected is None else [projected]
    checks = refute(Trial(sample, found, base, scale, task.seed)) if forest is None else ()
    others = _others(drawing, groups, scale, unit, found, compared)
    own = [same_elsewhere(compared.difference, others)]
    light = sample.n * (sample.k + 2) ** 2 <= LIGHT and method in ("regression", "difference_in_means", "weighting")
    if light and sample.cluster is None:  # shuffling single rows would break the clusters' own structure

        def again(codes: Ints) -> Effect | None:
            return _compared(replace(drawing, codes=codes), groups, scale, "", method).difference

        own.append(shuffled_groups(compared.difference, drawing.codes, again, task.rng("placebo_groups")))
    gap = compared.difference
    doubts: tuple[str, ...] = ()
    if gap is None or gap.low is None:
        doubts = ("the two groups cannot be compared",)
    elif scale == "difference":
        plain = gap  # how sure: of the difference, not of the effect on everyone
    # these two speak of the effect on everyone
    checks = tuple(c for c in checks if c.check not in ("other_methods", "hidden_cause"))
    population = population_text(base, drawing.drawn, drawing.trimmed)
    words = _words(base, drawing, groups, compared, everyone)
    return Finding(
        estimand=_estimand(task.query, drawing, population, groups),
        method=method,
        label=label,
        effect=_grouped(everyone, compared),
        plain=plain,
        sample=drawing.drawn.count,
        population=population,
        spread=float(sample.y.std()),
        standing="randomised" if sample.randomised else "observational",
        kind=sample.kind,
        treated=drawing.drawn.contrast.treated,
        control=drawing.drawn.contrast.control,
        per_unit=sample.per_unit,
        outcome_kind=sample.outcome_kind,
        means=(fit.treated, fit.control),
        others=others,
        unadjusted=found.unadjusted,
        refutations=(*checks, *(c for c in own if c is not None)),
        diagnoses=(*drawing.diagnoses, _groups_diagnosis(task.query, groups, compared), *extra),
        doubts=doubts,
        favours=_favours(own),
        rests=_rests(task.query, drawing, groups, compared),
        headlines=words.headlines,
        size=words.size,
    )


def _favours(own: Sequence[Refutation | None]) -> tuple[str, ...]:
    if any(c is not None and c.check == "placebo_groups" and c.verdict == "passed" for c in own):
        return ("dealing the groups out at random makes the difference between them vanish, as it should",)
    return ()


def _forested(drawing: Drawing, groups: Groups, scale: Scale, unit: str, scores: Floats) -> tuple[Compared, Fit]:
    import numpy as np

    sample, codes = drawing.sample, drawing.codes
    present = [int(g) for g in np.unique(codes) if min(int((sample.arm[codes == g] == a).sum()) for a in (0, 1)) >= 2]
    fits = shared_scores(sample, codes, present, scores)
    out = []
    for g in present:
        rows = codes == g
        fit = fits[g]
        assert fit.influence is not None
        smallest = min(int((sample.arm[rows] == a).sum()) for a in (0, 1))
        own = replace(fit, influence=fit.influence[rows] * int(rows.sum()) / sample.n)
        out.append(
            Group(g, int(rows.sum()), own, part_of(sample, rows), fit.influence, smallest if smallest < FEW else None)
        )
    whole = shared_scores(sample, np.zeros(sample.n, dtype="int64"), [0], scores)[0]
    return _paired(sample, tuple(out), groups, scale, unit, False), whole


def _others(
    drawing: Drawing, groups: Groups, scale: Scale, unit: str, found: Estimates, compared: Compared
) -> tuple[Estimate, ...]:
    """The second opinions, by group as well where that takes no time."""
    from numpy.linalg import LinAlgError

    out = []
    for other in found.others:
        effect: Effect = other.effect
        if other.method in ("regression", "weighting", "doubly_robust", "difference_in_means"):
            try:
                again = _compared(drawing, groups, scale, unit, other.method)
                effect = _grouped(other.effect, again)
            except LinAlgError:
                effect = other.effect  # by group it cannot be had
        out.append(other.model_copy(update={"effect": effect}))
    return tuple(out)


def _groups_diagnosis(query: Query, groups: Groups, compared: Compared) -> Diagnosis:
    few = [groups.texts[g.code] for g in compared.groups if g.few is not None]
    tested = sum(1 for g in compared.groups if g.few is None)
    parts = [f"{tested} group{'s' if tested != 1 else ''} of {safe(query.by)} with rows enough"]
    if few:
        parts.append(f"too few rows in {join(few[:6])}")
    rough = [groups.texts[g.code] for g in compared.groups if g.few is None and smallest_arm(g.sample) < ROUGH]
    if rough:
        parts.append(f"rough with so few rows in {join(rough[:6])}")
    if compared.p_value is not None and tested >= SEVERAL:
        parts.append(
            "taken together they differ by more than chance would give"
            if compared.p_value < 0.05
            else "taken together they differ no more than chance would give"
        )
    margins = {str(e.group): [e.low, e.high] for e in _simultaneous(compared)}
    figures = {"p_value_all_equal": compared.p_value, "groups": tested, "simultaneous": margins}
    status: Literal["ok", "warning"] = "warning" if rough else "ok"
    return Diagnosis(name="groups", status=status, finding="; ".join(parts), figures=figures)


def _simultaneous(compared: Compared) -> list[GroupEffect]:
    """The effects by group with intervals that hold for all of them together (Bonferroni)."""
    from scipy import stats

    with_error = [e for e in compared.effects if e.std_error and e.scale == "difference"]
    if not with_error:
        return []
    z = float(stats.norm.ppf(1 - 0.025 / len(with_error)))
    return [
        e.model_copy(update={"low": e.value - z * (e.std_error or 0.0), "high": e.value + z * (e.std_error or 0.0)})
        for e in with_error
    ]


def _estimand(query: Query, drawing: Drawing, population: str, groups: Groups) -> Estimand:
    base, labels = drawing.estimand, drawing.drawn.contrast
    fixed = f", comparing rows alike in {columns_text(base.adjust_for)}" if base.adjust_for else ""
    change = "were one unit higher" if drawing.sample.per_unit else (
        f"went from {value_text(labels.control)} to {value_text(labels.treated)}"
    )  # fmt: skip
    return base.model_copy(
        update={
            "statement": f"The average change in {safe(query.outcome)} if {safe(query.treatment)} {change}, in each group of"
            f" {safe(query.by)}, for {population}{fixed}.",
            "assumptions": (*base.assumptions, f"{safe(query.by)} is not itself changed by {safe(query.treatment)}"),
        }
    )


def _rests(query: Query, drawing: Drawing, groups: Groups, compared: Compared) -> tuple[str, ...]:
    adjusted = drawing.estimand.adjust_for
    out = []
    if drawing.sample.randomised:
        fixed = f", comparing rows alike in {columns_text(adjusted)}" if adjusted else ""
        out.append(f"The groups compared were formed at random{fixed}.")
    else:
        out.append(held_text(query, adjusted))
    if groups.cut:
        out.append(f"{safe(query.by)} has many values, so the rows were cut into thirds by it.")
    if not compared.separate:
        out.append(
            "Some groups are small: what goes along with the outcome was assumed to do so alike in all groups."
            if compared.groups and any(g.fit.notes for g in compared.groups)
            else "One model of all rows was averaged within each group."
        )
    if query.graph is None or query.by not in query.graph.nodes():
        out.append(f"It takes for granted that {safe(query.treatment)} does not change {safe(query.by)}.")
    return tuple(out)


def _words(query: Query, drawing: Drawing, groups: Groups, compared: Compared, everyone: Effect) -> Words:
    sample, contrast = drawing.sample, drawing.drawn.contrast
    cause = cause_text(query, sample.kind, sample.per_unit, value_text(contrast.treated), value_text(contrast.control))
    listed = {e.group for e in compared.effects}
    silent = [text for label, text in zip(groups.labels, groups.texts, strict=True) if label not in listed]
    return told(
        cause, outcome_text(query, sample.outcome_kind), groups, compared.effects, compared.difference, everyone,
        compared.p_value, silent,
    )  # fmt: skip
