"""One treated unit against a weighted mix of the others, which followed it before the change.

Estimand: the mean, over the periods from `start` on, of the treated unit's outcome minus what it would have been. Assumes that
the mix would have gone on following the unit, that the change touched no other unit, and that nothing else struck the unit
(Abadie, Diamond & Hainmueller 2010, section 2).
"""

from __future__ import annotations

from ...analysis import Diagnosis, Effect, Estimand, Estimate, NotIdentified
from ...errors import QueryError
from ...query import Scale
from ...wording import join, number, safe
from ..synthetic_case import (
    LABELS,
    METHODS,
    Case,
    amount_of,
    design_of,
    effect_on,
    members_of,
    run,
    spread_of,
    start_of,
    unit_of,
)
from ..synthetic_checks import checks
from ..synthetic_words import cause, favours, rests, sentences, size, title
from ..unit_periods import UnitPeriods, unit_periods
from . import Finding, Task, design

SCALES = ("difference", "ratio", "percent", "rate_ratio")
FEWEST_BEFORE = 3  # periods before; with fewer nobody can see whether the mix follows the unit
FEWEST_DONORS = 3
HOPELESS = 2.0  # misfit, as a share of how far the donors lie from their own average: above, no answer
FEW_BEFORE, FEW_DONORS = 6, 8  # below, a warning
POOR = 0.25  # misfit, as a share of how far the donors lie from their own average: above, a warning


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    case = prepare(task)
    return case if isinstance(case, NotIdentified) else effect_on(case, task.query.scale)


def prepare(task: Task) -> Case | NotIdentified:
    """From the task to the headline's mix; a refusal where the table cannot carry it."""
    query = task.query
    if query.scale not in SCALES:
        raise QueryError(
            f"A synthetic control gives no {query.scale.replace('_', ' ')}.",
            "Ask for a difference, a ratio or percent.",
        )
    if query.method is not None and query.method not in METHODS:
        raise QueryError(f"{safe(query.method)!r} is not a method of this design.", f"Its methods are {join(METHODS)}.")
    refusal = _reversed(task)
    if refusal is not None:
        return refusal
    data = unit_periods(query, task.table)
    refusal = _unusable(task, data)
    if refusal is not None:
        return refusal
    method = query.method or "synthetic_control"
    case = run(task, data, method)
    if query.scale != "difference" and float(data.outcomes.min()) < 0:
        raise QueryError(
            f"A {query.scale.replace('_', ' ')} makes no sense for {safe(query.outcome)}, which has negative values.",
            "Ask for a difference.",
        )
    spread = spread_of(data)
    if method != "synthetic_demeaned" and case.mix.misfit > HOPELESS * spread:
        unit = data.units[0]
        return NotIdentified(
            code="no_comparison",
            reason=(
                f"No mix of the other units looks like {unit} before {start_of(task)}: the best one is off by"
                f" {amount_of(task, case.mix.misfit)} on average, further than the others lie from each other."
            ),
            would_help=(
                f"other units on both sides of {unit}",
                "or the method `synthetic_demeaned`, which follows the ups and downs only",
            ),
        )
    return case


def _reversed(task: Task) -> NotIdentified | None:
    graph, treatment, outcome = task.query.graph, str(task.query.treatment), str(task.query.outcome)
    if graph is None:
        return None
    graph.check(task.table.names, task.query.selected_on)
    if treatment not in graph.descendants(outcome):
        return None
    return NotIdentified(
        code="reversed",
        reason=f"Your graph says that {safe(outcome)} comes before {safe(treatment)}, so {safe(treatment)} cannot have changed it.",
        would_help=(f"a column for {safe(outcome)} measured after {safe(treatment)}", "or a corrected arrow"),
    )


def _unusable(task: Task, data: UnitPeriods) -> NotIdentified | None:
    import numpy as np

    unit, start, donors = data.units[0], start_of(task), len(data.units) - 1
    after = len(data.periods) - data.before
    time = safe(design_of(task).time)
    if data.before < FEWEST_BEFORE:
        seen = "no period" if data.before == 0 else f"only {data.before} period{'s' if data.before > 1 else ''}"
        return NotIdentified(
            code="no_pre_period",
            reason=f"The table has {seen} before {start} in which {unit} was recorded, so nobody can see which others are like it.",
            would_help=(f"rows with {time} before {start}, at least {FEWEST_BEFORE} periods and better ten",),
        )
    if after == 0:
        return NotIdentified(
            code="no_post_period",
            reason=f"The table has no period from {start} on in which {unit} was recorded, so there is no change to see.",
            would_help=(f"rows with {time} from {start} on",),
        )
    if donors == 0:
        why = " after those with gaps or treated too were left out" if data.gaps or data.also else ""
        return NotIdentified(
            code="no_comparison",
            reason=f"There is no other unit to compare {unit} with{why}.",
            would_help=(f"other units of {safe(design_of(task).unit)}, recorded in the same periods and not treated",),
        )
    if donors < FEWEST_DONORS:
        return NotIdentified(
            code="too_few",
            reason=(
                f"Only {donors} other unit{'s' if donors > 1 else ''} can be compared with {unit}; with so few nobody can"
                " tell how far such a mix strays by chance."
            ),
            would_help=("more units that were not treated", "or complete records of those that have gaps"),
        )
    if np.ptp(data.outcomes) == 0:
        return NotIdentified(
            code="constant_outcome",
            reason=f"{safe(task.query.outcome)} is the same everywhere, so nothing can be seen to change it.",
            would_help=(f"periods or units in which {safe(task.query.outcome)} differs",),
        )
    return None


@design("synthetic_control", "one unit against a mix of the others", METHODS)
def synthetic_control(task: Task) -> Finding | NotIdentified:
    """The gap from the start on, with placebos in space and time, the mix without each of its members, and other mixes."""
    case = prepare(task)
    if isinstance(case, NotIdentified):
        return case
    query, data = task.query, case.data
    effect = effect_on(case, query.scale)
    plain = effect if query.scale == "difference" else effect_on(case, "difference")
    others = tuple(_second(case, m, query.scale) for m in METHODS if _differs(case, m))
    unit, start, outcome = data.units[0], start_of(task), safe(query.outcome)
    return Finding(
        estimand=Estimand(
            strategy="synthetic_control",
            adjust_for=tuple(query.adjust_for or ()),
            statement=(
                f"The average change in {outcome} in {unit} from {start} on, against what it would have been without the"
                " change, judged by a mix of other units."
            ),
            assumptions=(
                f"without the change, {unit} would have gone on like its mix",
                "the change did not touch the units in the mix",
                f"nothing else struck {unit} alone from {start} on",
                f"nobody changed course before {start} because the change was coming",
            ),
        ),
        method=case.method,
        label=LABELS[case.method],
        effect=effect,
        plain=plain,
        sample=data.count,
        population=f"{unit} from {start} on",
        spread=float(data.outcomes.std()),
        standing="design",
        treated=unit,
        control="its mix",
        outcome_kind="yes_no" if data.outcome_kind == "yes_no" else "number",
        means=(case.actual, case.actual - case.mix.effect),
        others=others,
        unadjusted=_unadjusted(case, query.scale),
        refutations=checks(
            case.problem, case.mix, case.placebo, data, others, effect, plain, unit_of(case), design_of(task).time
        ),
        diagnoses=_diagnoses(case),
        favours=favours(case),
        rests=rests(case),
        sentences=sentences(case),
        size=size(case, effect, plain),
        cause_words=cause(case),
        headlines=title(case, effect, plain),
    )


def _differs(case: Case, method: str) -> bool:
    if method == "synthetic_outcomes" and not len(case.data.predictors):
        return False  # without predictors it is the headline itself
    return method != case.method


def _second(case: Case, method: str, scale: Scale) -> Estimate:
    other = run(case.task, case.data, method)
    return Estimate(
        method=method,
        label=LABELS[method],
        effect=effect_on(other, scale),
        n=case.data.count.used,
        means=(other.actual, other.actual - other.mix.effect),
    )


def _unadjusted(case: Case, scale: Scale) -> Effect | None:
    """The unit against the plain average of the others."""
    rest = float(case.problem.outcomes[case.problem.before :, 1:].mean())
    if scale == "difference":
        return Effect(value=case.actual - rest, low=None, high=None, scale=scale, unit=unit_of(case))
    if rest <= 0:
        return None
    ratio = case.actual / rest
    value = 100 * (ratio - 1) if scale == "percent" else ratio
    return Effect(value=value, low=None, high=None, scale=scale, unit="%" if scale == "percent" else "")


def _diagnoses(case: Case) -> tuple[Diagnosis, ...]:
    import numpy as np

    data, problem, mix = case.data, case.problem, case.mix
    unit, start, before = data.units[0], start_of(case.task), data.before
    y = problem.outcomes
    share = mix.misfit / (spread_of(data) or 1.0)
    far = share > POOR
    paths = {
        "periods": list(data.periods),
        "start": data.periods[before],
        "unit": unit,
        "actual": y[:, 0].tolist(),
        "synthetic": (y[:, 0] - mix.gap).tolist(),
        "gap": mix.gap.tolist(),
        "weights": dict(members_of(case, 0.0005)),
        "predictor_weights": mix.importance.tolist(),
        "placebo_gaps": {
            data.units[int(j)]: case.placebo.gaps[:, i].tolist() for i, j in enumerate(case.placebo.donors)
        },
    }
    finding = f"before {start} the mix was off by {amount_of(case.task, mix.misfit)} on average"
    out = [
        Diagnosis(name="synthetic_paths", status="ok", finding=f"{unit} and its mix, period by period", figures=paths),
        Diagnosis(
            name="pre_fit",
            status="warning" if far else "ok",
            finding=finding + (f", so it never looked much like {unit}" if far else ""),
            figures={"misfit": mix.misfit, "share_of_spread": share},
        ),
    ]
    own, rest = y[:before, 0], y[:before, 1:]
    outside = float(((own > rest.max(axis=1)) | (own < rest.min(axis=1))).mean())
    if outside > 0.5:
        text = f"{unit} lies beyond all the others in {number(100 * outside)}% of the periods before {start}, where no mix can reach"
        status = "ok" if problem.demeaned else "warning"
        out.append(Diagnosis(name="hull", status=status, finding=text, figures={"share_outside": outside}))
    donors = len(data.units) - 1
    if donors < FEW_DONORS:
        text = f"only {donors} other units to judge chance by"
        out.append(Diagnosis(name="few_donors", status="warning", finding=text, figures={"donors": donors}))
    if before < FEW_BEFORE:
        text = f"only {before} periods before {start}: a mix can follow so few by luck"
        out.append(Diagnosis(name="few_periods", status="warning", finding=text, figures={"before": before}))
    if data.gaps:
        many = len(data.gaps) > 0.5 * (donors + len(data.gaps))
        text = f"{len(data.gaps)} other units were left out because something was not recorded in every period"
        out.append(
            Diagnosis(
                name="gaps", status="warning" if many else "ok", finding=text, figures={"left_out": list(data.gaps)}
            )
        )
    if np.sum(mix.weights > 0.8) == 1 and donors > 1:
        name, weight = members_of(case)[0]
        text = f"the mix is {number(100 * weight)}% {name}: what happens there alone counts as what would have happened"
        out.append(Diagnosis(name="one_donor", status="ok", finding=text, figures={"weight": weight}))
    return tuple(out)
