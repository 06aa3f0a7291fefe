"""Front door: an effect worked out from what passes through a mediator, when treatment and outcome share a hidden cause."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ...analysis import Effect, Estimand, Estimate, NotIdentified, Refutation
from ...errors import QueryError
from ...query import FrontDoor, Query
from ...wording import columns_text, excludes_null, join, safe
from .. import pathway_checks as checks
from ..agreement import line_of
from ..estimate import FORM_Z, unit_of
from ..estimators.regression import unadjusted
from ..inference import Fit, effect_of, on_line
from ..nested import Pair, contrast_of, regression_means, robust_means
from ..pathway import Pathway, Walk, check_mediators, check_scale, scale_refusal, unit_in, walk
from ..pathway_identify import covariates_of
from ..pathway_words import held_text, population_text, size_text, value_text
from ..slopes import crossing, product_of_slopes
from . import Finding, Task, design

METHODS = ("front_door_regression", "front_door_robust", "front_door_product")
LABELS = {
    "front_door_regression": "front door by regression, averaged over the mediator",
    "front_door_robust": "front door, doubly robust with flexible models",
    "front_door_product": "product of two slopes of straight lines",
}
LEAST_ROBUST = 40  # rows in the smallest arm


@dataclass(frozen=True)
class Result:
    """One method's answer."""

    method: str
    effect: Effect
    fit: Fit
    notes: tuple[str, ...] = ()


@design("front_door", "effect through a mediator that nothing hidden disturbs", METHODS)
def front_door(task: Task) -> Finding | NotIdentified:
    """E[Y(a)] = E[ Σ_m P(m | a, X) E(Y | m, A, X) ] (Pearl 1995, theorem 2; with covariates, Fulcher et al. 2020), for the treated
    and the control value.

    Assumes that the mediators carry the whole effect, and that nothing hidden drives mediators and treatment, or mediators and
    outcome. A graph that says otherwise is a refusal. Raises `QueryError` where the request contradicts itself.
    """
    found = _walked(task)
    if isinstance(found, NotIdentified):
        return found
    stroll, mediators, covariates = found
    results = estimates(stroll.pathway, task.query, unit_in(task.query, task.table, stroll.pathway.sample))
    if results is None:
        return scale_refusal(task.query)
    return _told(task, stroll, mediators, covariates, results)


def quick(task: Task) -> Effect | NotIdentified:
    """The headline effect without checks and words."""
    found = _walked(task)
    if isinstance(found, NotIdentified):
        return found
    results = estimates(found[0].pathway, task.query, "")
    return results[0].effect if results is not None else scale_refusal(task.query)


def _walked(task: Task) -> tuple[Walk, tuple[str, ...], tuple[str, ...]] | NotIdentified:
    query = task.query
    assert isinstance(query.design, FrontDoor)
    mediators = tuple(dict.fromkeys(query.design.mediators))
    check_mediators(query, task.table, mediators, tuple(query.adjust_for or ()))
    covariates = covariates_of(query, task.table, mediators, front_door=True)
    if isinstance(covariates, NotIdentified):
        return covariates
    stroll = walk(query, task.table, mediators, covariates, others=True)
    if isinstance(stroll, NotIdentified):
        return stroll
    check_scale(query, stroll.pathway.sample)
    return stroll, mediators, covariates


def _pairs(p: Pathway) -> list[Pair]:
    return [(None, p.sample.treated), (None, p.sample.control)]


def estimates(p: Pathway, query: Query, unit: str) -> list[Result] | None:
    """Every method that fits, the headline first; None where the scale is undefined.

    Rule: regression, unless flexible models predict the outcome clearly better out of sample: then the doubly robust
    estimate. `query.method` overrides. Raises `QueryError` for a method that does not fit.
    """
    import numpy as np

    s, scale = p.sample, query.scale
    found: dict[str, Result] = {}
    gain = 0.0

    def add(method: str, fit: Fit | None, notes: tuple[str, ...] = ()) -> None:
        effect = None if fit is None else effect_of(fit, s, scale, unit)
        if fit is not None and effect is not None:
            found[method] = Result(method, effect, fit, notes)

    means = regression_means(p, _pairs(p))
    add("front_door_regression", contrast_of(means, (0,), (1,), scale), means.notes)
    if not found:
        return None
    sizes = np.bincount(p.level)
    if s.kind == "arms" and int(sizes[sizes > 0].min()) >= LEAST_ROBUST:
        try:
            robust = robust_means(p, _pairs(p))
            add("front_door_robust", contrast_of(robust, (0,), (1,), scale))
            gain = robust.gain if "front_door_robust" in found else 0.0
        except np.linalg.LinAlgError:
            gain = 0.0  # a second opinion that cannot be had is left out
    straight = gain < FORM_Z and crossing(p) < FORM_Z
    if scale == "difference" and (straight or query.method == "front_door_product"):
        add("front_door_product", _product(p))
    first = "front_door_robust" if gain >= FORM_Z else "front_door_regression"
    if query.method is not None:
        if query.method not in found:
            raise QueryError(
                f"The method {safe(query.method)!r} does not fit this question.", f"Those that fit: {', '.join(found)}."
            )
        first = query.method
    return [found[first], *(r for name, r in found.items() if name != first)]


def _product(p: Pathway) -> Fit:
    import numpy as np

    values, influence = product_of_slopes(p)
    s = p.sample
    centre = float(np.average(s.y, weights=s.weights))
    level = s.weights * (s.y - centre)
    return Fit(
        centre + float(values[0]),
        centre,
        np.column_stack([level + influence[:, 0], level]),
        dof=max(float(p.n - 4), 1.0),
    )


def _told(
    task: Task, stroll: Walk, mediators: tuple[str, ...], covariates: tuple[str, ...], results: list[Result]
) -> Finding:
    query, p, drawn = task.query, stroll.pathway, stroll.drawn
    s, main = p.sample, results[0]
    names, treatment, outcome = join(list(mediators)), safe(query.treatment), safe(query.outcome)
    plain = main.effect
    if query.scale != "difference":
        unit = unit_of(task.table.profile.column(str(query.outcome)).unit, s, "difference")
        other = effect_of(main.fit, s, "difference", unit)
        assert other is not None
        plain = other
    population = population_text(query, drawn, stroll.trimmed)
    labels = (value_text(drawn.contrast.treated), value_text(drawn.contrast.control))
    change = "were one unit higher" if s.per_unit else f"went from {labels[1]} to {labels[0]}"
    fixed = f", comparing rows alike in {columns_text(covariates)}" if covariates else ""
    estimand = Estimand(
        strategy="front_door",
        adjust_for=covariates,
        statement=(
            f"The average change in {outcome} if {treatment} {change}, worked out through {names}, for {population}{fixed}."
        ),
        assumptions=(
            f"all that {treatment} does to {outcome} passes through {names}",
            f"nothing unlisted drives both {treatment} and {names}",
            f"nothing unlisted drives both {names} and {outcome}",
            "one row's treatment does not change another row's outcome",
        ),
    )
    direct = _direct(query, names, plain)
    return Finding(
        estimand=estimand,
        method=main.method,
        label=LABELS[main.method],
        effect=main.effect,
        plain=plain,
        sample=drawn.count,
        population=population,
        spread=float(s.y.std()),
        standing="design",
        kind=s.kind,
        treated=drawn.contrast.treated,
        control=drawn.contrast.control,
        per_unit=s.per_unit,
        outcome_kind=s.outcome_kind,
        means=None if main.method == "front_door_product" else (main.fit.treated, main.fit.control),
        others=tuple(
            Estimate(method=r.method, label=LABELS[r.method], effect=r.effect, n=p.n, notes=r.notes)
            for r in results[1:]
        ),
        unadjusted=effect_of(unadjusted(s), s, query.scale, unit_in(task.query, task.table, s)),
        refutations=_refutations(task, p, mediators, results) + (() if direct is None else (direct,)),
        # groups that differ in what is not held fixed are what the front door is for: balance says nothing here
        diagnoses=tuple(d for d in stroll.diagnoses if d.name != "balance"),
        rests=(
            f"Worked out in two steps: what {treatment} does to {names}, and what {names} does to {outcome} among rows"
            f" with the same {treatment}.",
            held_text(query, covariates),
            f"It takes for granted that all of the effect passes through {names}, and that nothing hidden drives"
            f" {names} together with {treatment} or {outcome}.",
        ),
    )


def _direct(query: Query, names: str, plain: Effect) -> Refutation | None:
    """What the answer owes to the claim that nothing goes past the mediator: it would be off by just that much. Information, never a
    fault."""
    if plain.low is None or plain.high is None:
        return None
    clear = excludes_null(plain)
    treatment, outcome = safe(query.treatment), safe(query.outcome)
    near = (plain.low if plain.low > 0 else plain.high) if clear else 0.0

    def opposite(value: float) -> str:
        return size_text(plain.model_copy(update={"value": -value, "low": None, "high": None}))

    observed = "the margin includes no effect already; there is nothing to undo"
    if clear:
        observed = (
            f"if {treatment} also changes {outcome} past {names}, the answer is off by just that: {opposite(plain.value)} that way"
            f" would wipe it out, {opposite(near)} would bring no effect inside the margin"
        )
    return Refutation(
        check="direct_effect",
        family="sensitivity",
        short=f"an effect past {names} could undo the answer",
        question=f"How much would {treatment} have to change {outcome} past {names} to undo the answer?",
        expected="more than anybody would believe",
        observed=observed,
        verdict="inconclusive",
        meaning="No table can show that there is no such path; this says how wide it would have to be.",
        figures={"wipes_out": -plain.value, "reaches_zero": -near},
    )


def _refutations(task: Task, p: Pathway, mediators: tuple[str, ...], results: list[Result]) -> tuple[Refutation, ...]:
    query, main = task.query, results[0]
    scale, error = query.scale, main.effect.std_error
    if not error:
        return ()

    def fit(q: Pathway) -> Fit | None:
        if main.method == "front_door_product":
            return _product(q)
        solve = robust_means if main.method == "front_door_robust" else regression_means
        return contrast_of(solve(q, _pairs(q)), (0,), (1,), scale)

    def refit(q: Pathway) -> float:
        found = fit(q)
        return math.nan if found is None else on_line(found, scale)

    def other_outcome(q: Pathway) -> tuple[float, float]:
        found = contrast_of(regression_means(q, _pairs(q)), (0,), (1,), "difference")
        effect = None if found is None else effect_of(found, replace(q.sample, kind="dose"), "difference")
        return (0.0, 0.0) if effect is None else (effect.value, effect.std_error or 0.0)

    run = checks.Run(
        p, refit, line_of(main.effect), error, task.rng,
        chances=scale == "difference" and p.sample.outcome_kind == "yes_no",
        slow=main.method == "front_door_robust" or (p.sample.kind == "dose" and not p.sample.per_unit),
    )  # fmt: skip
    return checks.every(run, query, mediators, [r.effect for r in results[1:]], results[0].effect, other_outcome)
