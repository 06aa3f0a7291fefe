"""Mediation: how much of an effect passes through a column (or several together), and how much goes past it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...analysis import Diagnosis, Effect, Estimand, Estimate, MediationEffect, NotIdentified, Refutation
from ...errors import QueryError
from ...query import Mediation, Query, Scale
from ...wording import alike, columns_text, excludes_null, join, number, safe
from .. import pathway_checks as checks
from ..agreement import line_of
from ..certainty import relevant_matters
from ..estimate import FORM_Z, unit_of
from ..estimators.regression import unadjusted
from ..front_door_criterion import believed
from ..inference import Fit, covariance, effect_of, on_line
from ..nested import Means, Pair, contrast_of, regression_means, robust_means
from ..pathway import Pathway, Walk, check_mediators, check_scale, scale_refusal, unit_in, walk
from ..pathway_identify import covariates_of
from ..pathway_words import (
    cause_text,
    held_text,
    outcome_text,
    population_text,
    size_text,
    through_headlines,
    value_text,
)
from ..sample import Sample
from ..separation import causal_nodes
from ..slopes import crossing, product_of_slopes, unexplained_correlation
from . import Finding, Task, design

METHODS = ("mediation_regression", "mediation_robust", "mediation_product")
LABELS = {
    "mediation_regression": "regression, treatment and mediator set to different values",
    "mediation_robust": "multiply robust, flexible models",
    "mediation_product": "product of two slopes of straight lines",
}
# of the four nested means θ(1,1), θ(1,0), θ(0,1), θ(0,0): which are averaged and compared
INDIRECT, DIRECT, TOTAL = ((0, 2), (1, 3)), ((0, 1), (2, 3)), ((0,), (3,))
LEAST_ROBUST = 40  # rows in the smaller arm


@dataclass(frozen=True)
class Result:
    """One method's answer, with what inference on the parts needs."""

    method: str
    effect: MediationEffect
    indirect: Fit | None = None
    means: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    uneven: float = 0.0  # z-score of the difference between the indirect effect under treatment and under control


@design("mediation", "what passes through a mediator", METHODS)
def mediation(task: Task) -> Finding | NotIdentified:
    """Natural direct and indirect effects (Pearl 2001; Imai, Keele & Tingley 2010), the indirect one averaged over both settings
    of the treatment, so that direct and indirect add up to the total.

    Assumes that, given the covariates, nothing unmeasured drives two of treatment, mediators and outcome, and that the
    treatment changes nothing that drives both mediators and outcome. Raises `QueryError` where mediators are missing.
    """
    found = _walked(task.query, task)
    if isinstance(found, NotIdentified):
        return found
    stroll, mediators, covariates = found
    results = estimates(stroll.pathway, task.query, unit_in(task.query, task.table, stroll.pathway.sample))
    if results is None:
        return scale_refusal(task.query)
    return _told(task, stroll, mediators, covariates, results)


def quick(task: Task) -> Effect | NotIdentified:
    """The headline effect without checks and words."""
    found = _walked(task.query, task)
    if isinstance(found, NotIdentified):
        return found
    results = estimates(found[0].pathway, task.query, "")
    return results[0].effect if results is not None else scale_refusal(task.query)


def _walked(query: Query, task: Task) -> tuple[Walk, tuple[str, ...], tuple[str, ...]] | NotIdentified:
    mediators = _mediators(query)
    covariates = tuple(query.adjust_for or ())
    check_mediators(query, task.table, mediators, covariates)
    needed = covariates_of(query, task.table, mediators, front_door=False)
    if isinstance(needed, NotIdentified):
        return needed
    stroll = walk(query, task.table, mediators, needed, others=False)
    if isinstance(stroll, NotIdentified):
        return stroll
    check_scale(query, stroll.pathway.sample)
    return stroll, mediators, needed


def _mediators(query: Query) -> tuple[str, ...]:
    if isinstance(query.design, Mediation):
        return tuple(dict.fromkeys(query.design.mediators))
    hint = 'Give them as `design`: {"kind": "mediation", "mediators": ["…"]}.'
    if query.graph is not None:
        between = sorted(
            causal_nodes(believed(query.graph), str(query.treatment), str(query.outcome)) - {query.outcome}
        )
        between = [n for n in between if n not in query.graph.hidden()]
        if between:
            hint += f" Your graph puts {join(between[:6])} between the two."
    raise QueryError("The question is about what passes through a mediator, but no mediator is named.", hint)


def estimates(p: Pathway, query: Query, unit: str) -> list[Result] | None:
    """Every method that fits, the headline first; None where the scale is undefined.

    Rule: regression, unless flexible models predict the outcome clearly better out of sample: then the multiply robust
    estimate. `query.method` overrides. Raises `QueryError` for a method that does not fit.
    """
    import numpy as np

    s = p.sample
    one, zero = s.treated, s.control
    pairs: list[Pair] = [(one, one), (one, zero), (zero, one), (zero, zero)]
    found: dict[str, Result] = {}
    gain = 0.0
    regression = _from_means("mediation_regression", p, regression_means(p, pairs), query.scale, unit)
    if regression is None:
        return None
    found["mediation_regression"] = regression
    if s.kind == "arms" and min(int((p.level == v).sum()) for v in (0, 1)) >= LEAST_ROBUST:
        try:
            means = robust_means(p, pairs)
        except np.linalg.LinAlgError:
            means = None
        robust = None if means is None else _from_means("mediation_robust", p, means, query.scale, unit)
        if means is not None and robust is not None:
            found["mediation_robust"], gain = robust, means.gain
    straight = query.scale == "difference" and gain < FORM_Z and crossing(p) < FORM_Z
    if query.scale == "difference" and (straight or query.method == "mediation_product"):
        found["mediation_product"] = _from_slopes(p, unit)
    first = "mediation_robust" if gain >= FORM_Z else "mediation_regression"
    if query.method is not None:
        if query.method not in found:
            raise QueryError(
                f"The method {safe(query.method)!r} does not fit this question.", f"Those that fit: {', '.join(found)}."
            )
        first = query.method
    return [found[first], *(r for name, r in found.items() if name != first)]


def _from_means(method: str, p: Pathway, means: Means, scale: Scale, unit: str) -> Result | None:
    fits = [contrast_of(means, over, under, scale) for over, under in (INDIRECT, DIRECT, TOTAL)]
    cross = contrast_of(means, (0, 3), (1, 2), "difference")
    effect = _effect(p, fits, scale, unit)
    if effect is None or cross is None:
        return None
    uneven = effect_of(cross, _free(p.sample), "difference")
    z = abs(uneven.value) / uneven.std_error if uneven is not None and uneven.std_error else 0.0
    return Result(method, effect, fits[0], (float(means.means[0]), float(means.means[3])), means.notes, z)


def _from_slopes(p: Pathway, unit: str) -> Result:
    import numpy as np

    values, influence = product_of_slopes(p)
    fits = []
    for weights in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        part = influence @ np.array(weights)
        fits.append(Fit(float(values @ weights), 0.0, np.column_stack([part, np.zeros(p.n)]), dof=float(p.n - 4)))
    effect = _effect(p, fits, "difference", unit)
    assert effect is not None
    return Result("mediation_product", effect, fits[0])


def _free(sample: Sample) -> Sample:
    """The sample as inference on parts must see it: their means are no means of arms, so no floor or limit of chances applies."""
    return replace(sample, kind="dose")


def _effect(p: Pathway, fits: Sequence[Fit | None], scale: Scale, unit: str) -> MediationEffect | None:
    parts = [None if fit is None else effect_of(fit, _free(p.sample), scale, unit) for fit in fits]
    indirect, direct, total = parts
    if indirect is None or direct is None or total is None:
        return None
    proportion = None
    if scale == "difference" and fits[0] is not None and fits[2] is not None and excludes_null(total):
        proportion = _proportion(p, fits[0], fits[2])
    fields = total.model_dump() | {"direct": direct, "indirect": indirect, "total": total, "proportion": proportion}
    return MediationEffect(**fields)


def _proportion(p: Pathway, indirect: Fit, total: Fit) -> Effect:
    """Indirect over total with Fieller's interval (1954), which is bounded where the total is clearly not zero."""
    import numpy as np
    from scipy import stats

    assert indirect.influence is not None and total.influence is not None
    top, bottom = indirect.treated - indirect.control, total.treated - total.control
    both = Fit(
        top,
        bottom,
        influence=np.column_stack([f.influence @ np.array([1.0, -1.0]) for f in (indirect, total)]),
        dof=total.dof,
    )
    matrix, dof = covariance(both, _free(p.sample))
    c = float(stats.t.ppf(0.975, dof)) if math.isfinite(dof) else 1.959964
    a = bottom**2 - c**2 * matrix[1, 1]
    b = top * bottom - c**2 * matrix[0, 1]
    root = math.sqrt(max(b**2 - a * (top**2 - c**2 * matrix[0, 0]), 0.0))
    share = top / bottom
    slope = np.array([1 / bottom, -share / bottom])
    return Effect(
        value=share,
        low=(b - root) / a,
        high=(b + root) / a,
        std_error=math.sqrt(max(float(slope @ matrix @ slope), 0.0)),
        unit="",
    )


def _told(
    task: Task, stroll: Walk, mediators: tuple[str, ...], covariates: tuple[str, ...], results: list[Result]
) -> Finding | NotIdentified:
    query, p, drawn = task.query, stroll.pathway, stroll.drawn
    s, main = p.sample, results[0]
    effect = main.effect
    plain = effect.indirect
    if query.scale != "difference":
        again = estimates(p, query.model_copy(update={"scale": "difference", "method": main.method}), "")
        assert again is not None
        plain = again[0].effect.indirect.model_copy(
            update={"unit": unit_of(task.table.profile.column(str(query.outcome)).unit, s, "difference")}
        )
    kind, names, outcome = s.outcome_kind, join(list(mediators)), outcome_text(query, s.outcome_kind)
    population = population_text(query, drawn, stroll.trimmed)
    among = "" if population == "everyone in the table" else f" among {population}"
    labels = (value_text(drawn.contrast.treated), value_text(drawn.contrast.control))
    cause = cause_text(query, s.kind, s.per_unit, *labels)
    matters, convention = relevant_matters(query.matters, float(s.y.std()), kind == "yes_no")
    if s.kind == "dose" and s.per_unit and convention:
        matters /= float(s.dose.std()) or 1.0
    small = plain.low is not None and plain.high is not None and -matters < plain.low and plain.high < matters
    change = (
        cause if s.kind == "dose" and s.per_unit else f"{safe(query.treatment)} going from {labels[1]} to {labels[0]}"
    )
    doubts: tuple[str, ...] = ()
    if query.graph is None and query.adjust_for is None:
        doubts = (f"nobody said what else drives {names} and {safe(query.outcome)}: nothing was held fixed",)
    estimand = Estimand(
        strategy="mediation",
        adjust_for=covariates,
        statement=(
            f"The average change in {safe(query.outcome)} that {change} brings about through {names}, past it, and"
            f" in all, for {population}"
            + (f", comparing rows alike in {columns_text(covariates)}." if covariates else ".")
        ),
        assumptions=(
            f"nothing unlisted drives both {safe(query.treatment)} and {names} or {safe(query.outcome)}",
            f"nothing unlisted drives both {names} and {safe(query.outcome)}",
            f"{safe(query.treatment)} changes nothing that drives both {names} and {safe(query.outcome)}",
            "one row's treatment does not change another row's outcome",
        ),
    )
    plain_total = effect_of(unadjusted(s), s, query.scale, unit_in(task.query, task.table, s))
    return Finding(
        estimand=estimand,
        method=main.method,
        label=LABELS[main.method],
        effect=effect,
        plain=plain,
        sample=drawn.count,
        population=population,
        spread=float(s.y.std()),
        standing="observational",
        kind=s.kind,
        treated=drawn.contrast.treated,
        control=drawn.contrast.control,
        per_unit=s.per_unit,
        outcome_kind=kind,
        means=main.means,
        others=tuple(_estimate(r, p.n) for r in results[1:]),
        unadjusted=plain_total,
        refutations=_refutations(task, p, mediators, results),
        diagnoses=(*stroll.diagnoses, _first_step(p, query, mediators), *_sensitivity(p, query, mediators)),
        doubts=doubts,
        rests=(
            held_text(query, covariates),
            f"It takes for granted that nothing outside the table drives two of {safe(query.treatment)}, {names} and"
            f" {safe(query.outcome)}.",
        ),
        headlines=through_headlines(mediators, cause, outcome, kind, effect.indirect, small, among),
        size=_size(names, outcome, effect, among),
        sentences=_differs(main, names),
    )


def _estimate(result: Result, n: int) -> Estimate:
    note = f"through the mediator: {size_text(result.effect.indirect)}"
    return Estimate(
        method=result.method,
        label=LABELS[result.method],
        effect=result.effect,
        n=n,
        notes=(note, *result.notes),
        means=result.means,
    )


def _size(names: str, outcome: str, effect: MediationEffect, among: str) -> tuple[str, ...]:
    out = [
        f"What passes through {names}{among}: {outcome} {size_text(effect.indirect)}.",
        f"What goes past {names}: {size_text(effect.direct)}. Both together: {size_text(effect.total)}.",
    ]
    share, apart = effect.proportion, effect.direct.value * effect.indirect.value < 0
    if effect.scale == "difference" and apart and excludes_null(effect.indirect):
        sure = "" if excludes_null(effect.direct) else "seem to "
        out.append(f"The two {sure}pull in opposite directions, so no share of the whole effect is given.")
    elif (
        share is not None and share.low is not None and share.high is not None and not 0 <= share.low <= share.high <= 1
    ):
        out.append(f"What share of the whole effect passes through {names} cannot be told: the margin is too wide.")
    elif share is not None and share.low is not None and share.high is not None and excludes_null(effect.indirect):
        shown = alike([100 * share.value, 100 * share.low, 100 * share.high])
        out.append(
            f"So about {shown[0]}% of the whole effect passes through {names} (somewhere between {shown[1]}% and"
            f" {shown[2]}%)."
        )
    elif share is None and effect.scale == "difference":
        out.append("The whole effect is not clearly different from zero, so no share of it is given.")
    return tuple(out)


def _differs(main: Result, names: str) -> tuple[str, ...]:
    if main.uneven < 1.96:
        return ()
    return (
        f"What passes through {names} differs between the two settings of the treatment; the figure is the average of both.",
    )


def _refutations(task: Task, p: Pathway, mediators: tuple[str, ...], results: list[Result]) -> tuple[Refutation, ...]:
    query, main = task.query, results[0]
    scale = query.scale
    one, zero = p.sample.treated, p.sample.control
    pairs: list[Pair] = [(one, one), (one, zero), (zero, one), (zero, zero)]

    def fit(q: Pathway) -> Fit | None:
        if main.method == "mediation_product":
            values, influence = product_of_slopes(q)
            return Fit(float(values[0]), 0.0, influence * [1.0, 0.0])
        solve = robust_means if main.method == "mediation_robust" else regression_means
        return contrast_of(solve(q, pairs), *INDIRECT, scale)

    def refit(q: Pathway) -> float:
        found = fit(q)
        return math.nan if found is None else on_line(found, scale)

    def other_outcome(q: Pathway) -> tuple[float, float]:
        found = contrast_of(regression_means(q, pairs), *TOTAL, "difference")
        effect = None if found is None else effect_of(found, _free(q.sample), "difference")
        return (0.0, 0.0) if effect is None else (effect.value, effect.std_error or 0.0)

    error = main.effect.indirect.std_error
    if not error:
        return ()
    run = checks.Run(
        p, refit, line_of(main.effect.indirect), error, task.rng,
        chances=scale == "difference" and p.sample.outcome_kind == "yes_no",
        slow=main.method == "mediation_robust",
    )  # fmt: skip
    return checks.every(
        run, query, mediators, [r.effect.indirect for r in results[1:]], results[0].effect.indirect, other_outcome
    )


def _first_step(p: Pathway, query: Query, mediators: tuple[str, ...]) -> Diagnosis:
    """Whether the treatment moves the mediators at all, in straight-line models."""
    import numpy as np

    from .. import glm
    from ..estimators.regression import _scores
    from ..propensity import standardised

    s = p.sample
    design = np.column_stack([np.ones(s.n), s.dose, standardised(s.x)])
    rows, moved = [], []
    for j, name in enumerate(p.m_groups):
        model = glm.fit(design, p.m[:, j], s.weights, "linear")
        lever = _scores(model, design, p.m[:, j], s.weights) @ model.gram_inverse[:, 1]
        sums = lever if s.cluster is None else np.bincount(s.cluster, weights=lever)
        slope, error = float(model.beta[1]), math.sqrt(float((sums**2).sum()))
        rows.append({"column": name, "slope": slope, "std_error": error})
        if error > 0 and abs(slope) / error > 1.96:
            moved.append(name)
    moved = list(dict.fromkeys(moved))
    finding = (
        f"{safe(query.treatment)} moves {join(moved)}"
        if moved
        else f"no sign that {safe(query.treatment)} moves {join(list(mediators))}"
    )
    return Diagnosis(name="first_step", status="ok", finding=finding, figures={"slopes": rows})


def _sensitivity(p: Pathway, query: Query, mediators: tuple[str, ...]) -> tuple[Diagnosis, ...]:
    """The indirect effect under hidden causes of mediator and outcome of every strength, in straight-line models (Imai, Keele &
    Yamamoto 2010, theorem 4). One mediator, difference scale."""
    import numpy as np

    if p.m.shape[1] != 1:
        return ()
    tilde, _ = unexplained_correlation(p)
    if not 0 < abs(tilde) < 1:
        return ()
    value = float(product_of_slopes(p)[0][0])
    grid = np.linspace(-0.9, 0.9, 37)
    # β₂σ₁/σ₂ follows from the estimate at ρ = 0
    curve = value / tilde * (tilde - grid * np.sqrt((1 - tilde**2) / (1 - grid**2)))
    return (
        Diagnosis(
            name="sensitivity",
            status="ok",
            finding=(
                f"hidden causes that explain {number(100 * abs(tilde))}% of what is left unexplained in both"
                f" {join(list(mediators))} and {safe(query.outcome)} would make the path through it vanish"
            ),
            figures={"rho_at_zero": tilde, "curve": [[float(r), float(v)] for r, v in zip(grid, curve, strict=True)]},
        ),
    )
