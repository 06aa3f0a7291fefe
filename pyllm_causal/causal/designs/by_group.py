"""Effect by group: for everyone, in every group of a column, and the difference between two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ...analysis import (
    Diagnosis,
    Effect,
    Estimand,
    Estimate,
    GroupedEffect,
    GroupEffect,
    NotIdentified,
    Refutation,
)
from ...query import Query, Scale
from ...wording import columns_text, join, safe
from ..estimate import Estimates, estimate, unit_of
from ..estimators import REGISTRY as ESTIMATORS
from ..group_checks import same_elsewhere, shuffled_groups
from ..group_drawing import Drawing, drawing_of, formed_late, one_group
from ..group_sensitivity import hidden_cause, side
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
from ..inference import Fit, effect_of
from ..pathway import scale_refusal
from ..pathway_words import cause_text, held_text, outcome_text, population_text, value_text
from ..refuters import Trial, refute
from ..sample import Sample
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
        return one_group(task.query)
    late = formed_late(task.query)
    if late is not None:
        return late
    base = task.query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    if strategy_of(base) is not None:
        return rerun(task, replace(task, query=base), groups)
    drawing = drawing_of(task, base, groups)
    if isinstance(drawing, NotIdentified):
        return drawing
    return _answered(task, base, groups, drawing)


def quick(task: Task) -> Effect | NotIdentified:
    """The effects without checks and words."""
    groups = groups_of(task.query, task.table)
    base = task.query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    drawing = drawing_of(task, base, groups)
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
    checks = refute(Trial(sample, found, base, scale, task.seed, task.effort)) if forest is None else ()
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
    # these speak of the effect on everyone
    checks = tuple(c for c in checks if c.check not in ("other_methods", "hidden_cause", "e_value"))
    if not sample.randomised:
        own.append(_hidden_cause(compared, groups, plain.unit))
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


def _hidden_cause(compared: Compared, groups: Groups, unit: str) -> Refutation | None:
    assert groups.pair is not None
    by_code = {g.code: g for g in compared.groups if g.few is None}
    pair = [by_code.get(code) for code in reversed(groups.pair)]
    sides = [None if g is None else side(g, groups.texts[g.code]) for g in pair]
    return hidden_cause(compared.difference, sides[0], sides[1], unit)


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
