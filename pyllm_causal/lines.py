"""One contrast from the query to its facts: the common way of two groups or doses, or a design of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .analysis import Contested, Diagnosis, Effect, Estimand, Estimate, NotIdentified, Refutation, SampleCount
from .causal.assigned_by import warned as unclustered
from .causal.before_after import before_after
from .causal.certainty import Standing, counted, grade, relevant_matters
from .causal.contrast import Contrast, as_arms
from .causal.designs import Task, named, strategy_of
from .causal.diagnose import Examined, examine
from .causal.dose_curve import curve
from .causal.estimate import Estimates, estimate, settled, unit_of
from .causal.estimators.regression import UNEVEN, misfit
from .causal.impute import completed, filled_in, incomplete_rows, matched
from .causal.inference import effect_of, one_sided
from .causal.pictures import Verdict, robustness
from .causal.planted import planted_effect
from .causal.refuters import Trial, one_by_one, refute
from .causal.refuters.adjustment_sets import adjustment_sets, fitted, on_the_rows
from .causal.refuters.again import without
from .causal.refuters.graph_check import verify
from .causal.repeated_rows import repeated_rows
from .causal.repeats import Effort
from .causal.sample import Drawn, Sample, draw, values_of, without_covariates
from .causal.seldom_recorded import seldom_recorded
from .causal.stand_ins import stand_ins
from .causal.timing_order import early_outcome, late
from .causal.whom import everyone
from .data import Table
from .errors import QueryError
from .polarity import falls
from .query import Query, Value
from .report import text as say
from .wording import columns_text, gist, number, safe

if TYPE_CHECKING:
    from .pipeline import Clock


@dataclass(frozen=True)
class Line:
    """Everything that one contrast produced; the headline estimate is the first of `estimates`."""

    treated: Value
    control: Value
    estimand: Estimand
    sample: SampleCount
    estimates: tuple[Estimate, ...]
    unadjusted: Effect | None
    facts: say.Facts
    diagnoses: tuple[Diagnosis, ...]
    refutations: tuple[Refutation, ...]
    redrawn: Verdict  # the answer under other pictures


@dataclass(frozen=True)
class Ready:
    """Two groups or doses, ready to be estimated: the rows as the estimators get them, and what was decided on the way.

    copies: further completions of a sample whose `gaps` were filled in. narrowed: why it is about the treated alone.
    """

    query: Query
    estimand: Estimand
    examined: Examined
    sample: Sample
    copies: tuple[Sample, ...]
    gaps: int
    narrowed: Diagnosis | None = None


def ready(
    query: Query,
    table: Table,
    seed: int,
    estimand: Estimand,
    contrast: Contrast,
    narrowed: Diagnosis | None = None,
) -> Ready | NotIdentified:
    """The rows of one contrast of an observational or randomised table, or why they cannot tell."""
    drawn = draw(query, table, estimand, contrast)
    gaps = incomplete_rows(drawn.sample)
    copies = completed(drawn.sample, seed) if gaps else (drawn.sample,)
    examined = examine(replace(drawn, sample=copies[0]), query)
    if isinstance(examined, NotIdentified):
        if examined.instead is None:
            return examined
        treated = query.model_copy(update={"target": "treated"})
        instead = ready(treated, table, seed, estimand, contrast, examined.instead)
        return examined if isinstance(instead, NotIdentified) else instead
    sample = settled(examined.drawn.sample)
    if contrast.kind == "dose" and not sample.per_unit and misfit(sample) > MISFIT:
        groups = as_arms(contrast, table.profile.column(str(query.treatment)))
        if groups is not None:  # no curve fits: the two groups are compared as they are
            return ready(query, table, seed, estimand, groups, narrowed)
    _check_scale(query, sample)
    others = tuple(matched(c, sample) for c in copies[1:])
    if sample.randomised and sample.k and sample.strata is None and query.method is None and one_sided(sample):
        sample, estimand = without_covariates(sample), estimand.model_copy(update={"adjust_for": ()})
    return Ready(query, estimand, examined, sample, others, gaps, narrowed)


def common_line(
    query: Query,
    table: Table,
    seed: int,
    clock: Clock,
    estimand: Estimand,
    contrast: Contrast,
    contested: tuple[Contested, ...] | None = None,
) -> Line | NotIdentified:
    """Two groups or doses of an observational or randomised table. `contested`: where the table speaks against the picture (None:
    other pictures are not tried)."""
    prepared = ready(query, table, seed, estimand, contrast)
    if isinstance(prepared, NotIdentified):
        return prepared
    query, estimand, sample, others = prepared.query, prepared.estimand, prepared.sample, prepared.copies
    examined, gaps, narrowed = prepared.examined, prepared.gaps, prepared.narrowed
    drawn = examined.drawn
    unit = unit_of(table.profile.column(str(query.outcome)).unit, sample, query.scale)
    clock.doing("Estimating")
    found = estimate(sample, query.scale, unit, query.method, others, models=examined.models)
    if found is None:
        return NotIdentified(
            code="scale_undefined",
            reason=f"A {query.scale.replace('_', ' ')} cannot be formed: in one group the average of {safe(query.outcome)} is zero or out of range.",
            would_help=("ask for a difference instead", "or more rows with the event"),
        )
    clock.done(f"{1 + len(found.others)} method{'s' if found.others else ''}")
    trial = Trial(sample, found, query, query.scale, seed, clock.effort)
    refutations = (
        *refute(trial),
        *one_by_one(
            clock.effort,
            lambda: adjustment_sets(trial, table, estimand, drawn.contrast),
            lambda: verify(query, table, estimand, seed),
        ),
    )
    clock.done(_checks(refutations))
    plain = effect_of(
        found.fit, sample, "difference", unit_of(table.profile.column(str(query.outcome)).unit, sample, "difference")
    )
    assert plain is not None
    _check_matters(query, plain.unit == "probability")
    matters, convention = relevant_matters(query.matters, float(sample.y.std()), sample.outcome_kind == "yes_no")
    effective = (
        matters / (float(sample.dose.std()) or 1.0)
        if sample.kind == "dose" and sample.per_unit and convention
        else matters
    )
    redrawn = _redrawn(trial, table, estimand, drawn.contrast, contested)
    notes = (*_form_notes(sample, found), *clock.effort.shortfall(), *_told(redrawn.doubt))
    shape = curve(sample)
    dated = late(query, table.profile, estimand.adjust_for)
    used = (str(query.outcome), str(query.treatment), *estimand.adjust_for)
    seen = (
        early_outcome(query, table.profile),
        before_after(drawn, query, table),
        repeated_rows(query, table),
        stand_ins(table, used),
        unclustered(query, table),
        seldom_recorded(trial, table, estimand, drawn.contrast) if clock.effort.checks else None,
    )
    more = (filled_in(sample, gaps) if gaps else None, shape, dated, *seen, clock.effort.fewer())
    overlap = {} if narrowed is None else {"overlap": narrowed}
    diagnoses = (*(overlap.get(d.name, d) for d in examined.diagnoses), *(d for d in more if d is not None))
    standing: Standing = "randomised" if sample.randomised else "observational"
    certainty = grade(query, standing, diagnoses, refutations, found.headline.effect, plain, effective, notes)
    facts = say.Facts(
        query=query,
        kind=sample.kind,
        treated=value_text(drawn.contrast.treated),
        control=value_text(drawn.contrast.control),
        per_unit=sample.per_unit,
        outcome_kind=sample.outcome_kind,
        unit=plain.unit,
        effect=found.headline.effect,
        plain=plain,
        means=found.headline.means,
        certainty=certainty,
        matters=effective,
        convention=convention,
        population=_population(query, drawn, examined.trimmed),
        uneven=UNEVEN in found.headline.notes,
        imputed=gaps,
        meanings=_meanings(query, table),
    )
    return Line(
        treated=drawn.contrast.treated,
        control=drawn.contrast.control,
        estimand=_worded(estimand, facts, query),
        sample=drawn.count.model_copy(update={"population": facts.population}),
        estimates=(found.headline, *found.others),
        unadjusted=found.unadjusted,
        facts=facts,
        diagnoses=diagnoses,
        refutations=refutations,
        redrawn=redrawn,
    )


def _redrawn(
    trial: Trial, table: Table, estimand: Estimand, contrast: Contrast, contested: tuple[Contested, ...] | None
) -> Verdict:
    """The answer under other plausible pictures, on the same rows by the same method."""
    if contested is None or estimand.strategy != "adjustment":
        return Verdict()
    effect = trial.estimates.headline.effect

    def again(_: Query, other: Estimand) -> Effect | None:
        more = set(estimand.adjust_for) - set(other.adjust_for)
        if set(other.adjust_for) < set(estimand.adjust_for):
            sample: Sample | None = without(trial.sample, more)
        else:
            sample = on_the_rows(trial, table, other, contrast)
        fit = None if sample is None else fitted(trial, sample)
        return None if sample is None or fit is None else effect_of(fit, sample, trial.scale, effect.unit)

    return _unless_stopped(trial.effort, lambda: robustness(trial.query, table, estimand, effect, again, contested))


def _unless_stopped(effort: Effort, work: Callable[[], Verdict]) -> Verdict:
    """What the work finds; nothing where none was asked for, or Ctrl-C stopped the checks."""
    if not effort.checks or effort.watch.stopped:
        return Verdict()
    try:
        return work()
    except KeyboardInterrupt:
        effort.watch.stop()
        return Verdict()


def _told(doubt: str) -> tuple[str, ...]:
    return (doubt,) if doubt else ()


def design_line(
    query: Query,
    table: Table,
    seed: int,
    clock: Clock,
    strategy: str,
    contested: tuple[Contested, ...] | None = None,
) -> Line | NotIdentified:
    """One contrast of a design that brings its own estimate and checks."""
    clock.doing("Estimating and checking")
    task = Task(query, table, seed, clock.effort)
    found = named(strategy).function(task)
    if isinstance(found, NotIdentified):
        return found
    added = one_by_one(
        clock.effort,
        lambda: planted_effect(strategy, task, found),
        lambda: verify(query, table, found.estimand, seed),
    )
    replaced = {r.check for r in added}
    refutations = (*(r for r in found.refutations if r.check not in replaced), *added)
    clock.done(f"{1 + len(found.others)} method{'s' if found.others else ''}")
    clock.done(_checks(refutations))
    per_unit = found.kind == "dose" and found.per_unit
    _check_matters(query, found.plain.unit == "probability")
    matters, convention = relevant_matters(query.matters, found.spread, found.outcome_kind == "yes_no")
    if per_unit and convention:
        matters /= float(values_of(table, str(query.treatment)).std()) or 1.0
    after = late(query, table.profile, found.estimand.adjust_for)
    used = (str(query.outcome), str(query.treatment), *found.estimand.adjust_for)
    seen = (after, early_outcome(query, table.profile), repeated_rows(query, table), stand_ins(table, used))
    diagnoses = (*found.diagnoses, *(d for d in seen if d is not None))
    redrawn = Verdict()
    if contested is not None and strategy in ("instrument", "front_door"):
        redrawn = _unless_stopped(
            clock.effort,
            lambda: robustness(query, table, found.estimand, found.effect, partial(_found, task), contested),
        )
    certainty = grade(
        query, found.standing, diagnoses, refutations, found.effect, found.plain, matters,
        (*found.doubts, *clock.effort.shortfall(bool(found.refutations)), *_told(redrawn.doubt)), found.favours,
    )  # fmt: skip
    facts = say.Facts(
        query=query,
        kind=found.kind,
        treated=value_text(found.treated),
        control=value_text(found.control),
        per_unit=per_unit,
        outcome_kind=found.outcome_kind,
        unit=found.plain.unit,
        effect=found.effect,
        plain=found.plain,
        means=found.means,
        certainty=certainty,
        matters=matters,
        convention=convention,
        population=found.population,
        meanings=_meanings(query, table),
        own=say.Own(found.rests, found.sentences, found.size, found.outcome_words, found.cause_words, found.headlines),
    )
    headline = Estimate(
        method=found.method, label=found.label, effect=found.effect, n=found.sample.used, means=found.means
    )
    return Line(
        treated=found.treated,
        control=found.control,
        estimand=_worded(found.estimand, facts, query),
        sample=found.sample.model_copy(update={"population": found.population}),
        estimates=(headline, *found.others),
        unadjusted=found.unadjusted,
        facts=facts,
        diagnoses=diagnoses,
        refutations=refutations,
        redrawn=redrawn,
    )


def _found(task: Task, query: Query, _: Estimand) -> Effect | None:
    """The effect that a design finds for another query, without checks beyond its own."""
    strategy = strategy_of(query)
    assert strategy is not None
    found = named(strategy).function(replace(task, query=query, effort=Effort(checks=False)))
    return None if isinstance(found, NotIdentified) else found.effect


def _checks(refutations: tuple[Refutation, ...]) -> str:
    done = len(counted(refutations))
    return f"{done} check{'' if done == 1 else 's'}"


def _meanings(query: Query, table: Table) -> dict[str, str]:
    roles = {"treatment": str(query.treatment), "outcome": str(query.outcome)}
    told = {role: gist(table.profile.column(name).description) for role, name in roles.items()}
    codes = re.compile(r"-?\d+\s*[=:]")  # a list of codes says no meaning
    told = {role: words for role, words in told.items() if words and not codes.match(words)}
    if falls(table.profile.column(roles["outcome"])):
        told["outcome"] = f"{told.get('outcome', roles['outcome'])}; here a lower number means better or more"
    return {role: words for role, words in told.items() if words and words.casefold() != roles[role].casefold()}


MISFIT = 0.25  # of the effect between two doses that the fitted form gets wrong


def _form_notes(sample: Sample, found: Estimates) -> tuple[str, ...]:
    """What the fitted form of a dose leaves in doubt; each costs a level of certainty."""
    if sample.kind != "dose":
        return ()
    notes = [n for n in found.headline.notes if "outside" in n]
    if not sample.per_unit and found.headline.method == "regression" and misfit(sample) > MISFIT:
        notes.append("the outcome does not follow the dose along the curve that was fitted")
    return tuple(notes)


def _check_matters(query: Query, chance: bool) -> None:
    if chance and query.matters is not None and query.matters > 1:
        raise QueryError(
            f"`matters` is {number(query.matters)}, but this answer is a difference of chances, which is at most 1.",
            "0.05 stands for 5 in 100.",
        )


def value_text(value: Any) -> str:
    if not isinstance(value, float):
        return safe(value)
    return safe(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}".replace("-", "−")


def _check_scale(query: Query, sample: Sample) -> None:
    values = sorted({float(v) for v in sample.y[:1000]} | {float(sample.y.min()), float(sample.y.max())})
    if query.scale != "difference" and sample.outcome_kind != "yes_no" and len(values) == 2:
        raise QueryError(
            f"{safe(query.outcome)} has only the two values {number(values[0])} and {number(values[1])}; which one counts?",
            "Give `outcome_event`.",
        )
    if query.scale == "odds_ratio" and sample.outcome_kind != "yes_no":
        raise QueryError(
            "An odds ratio needs a yes/no outcome.", "Ask for a difference or ratio, or name `outcome_event`."
        )
    if query.scale in ("ratio", "percent", "rate_ratio") and values[0] < 0:
        asked = "percentage change" if query.scale == "percent" else query.scale.replace("_", " ")
        raise QueryError(
            f"A {asked} makes no sense for {safe(query.outcome)}, which has negative values.", "Ask for a difference."
        )


def _population(query: Query, drawn: Drawn, trimmed: float) -> str:
    who = {
        "treated": f"those with {drawn.labels[1]}",
        "untreated": f"those with {drawn.labels[0]}",
    }.get(query.target, "all")
    if drawn.sample.kind == "dose" and query.target != "everyone":
        who = "all"  # a dose has no treated group; the answer is about everyone
    return everyone(query, drawn.count, "everyone in the table" if who == "all" else who, bool(trimmed))


def _worded(estimand: Estimand, facts: say.Facts, query: Query) -> Estimand:
    """The estimand with its population and the one sentence that a person can veto, where the design has not said them."""
    estimand = estimand.model_copy(update={"population": estimand.population or facts.population})
    if estimand.statement:
        return estimand
    if facts.per_unit:
        change = f"were one unit higher (on average over its range; written as {facts.control} to {facts.treated})"
    else:
        change = f"went from {facts.control} to {facts.treated}"
    fixed = f", comparing rows alike in {columns_text(estimand.adjust_for)}" if estimand.adjust_for else ""
    scale = {"difference": "average change", "percent": "average percentage change"}.get(
        query.scale, query.scale.replace("_", " ")
    )
    statement = (
        f"The {scale} in {safe(query.outcome)} if {safe(query.treatment)} {change}, for {facts.population}{fixed}."
    )
    return estimand.model_copy(update={"statement": statement})
