"""Fixed effects: each unit compared with itself at other times, beside the others at the same time.

Estimand: the average change in the outcome with the treatment, over units whose treatment changes (for a yes/no outcome a
linear probability). It rests on nothing that changes over time, unit by unit, driving both treatment and outcome, and on the
treatment not answering to earlier outcomes (strict exogeneity; Wooldridge 2010, section 10.5). This is no experiment: the answer
starts as low as any observational one.

With an on/off treatment that comes at different times, plain two-way fixed effects weigh some comparisons backwards
(Goodman-Bacon 2021; de Chaisemartin & D'Haultfœuille 2020): said, and group-time averages and imputation shown beside it.
"""

from __future__ import annotations

from ...analysis import Diagnosis, Effect, Estimand, Estimate, NotIdentified, Refutation
from ...query import Value
from ...wording import columns_text, count, excludes_null, safe
from .. import panel_checks as checks
from ..agreement import agreement
from ..panel_case import METHODS, Case, Slope, choose, effect_of, estimate, fitting, read_case
from ..panel_request import unit_text, units_text
from ..whom import those
from . import Finding, Task, design

MOST_MISSING = 0.5  # of the rows; beyond it, gaps count against any answer


@design("panel", "fixed effects", tuple(METHODS))
def panel(task: Task) -> Finding | NotIdentified:
    """The finding, or why it cannot be told."""
    from numpy.linalg import LinAlgError

    case = read_case(task)
    if isinstance(case, NotIdentified):
        return case
    method = choose(case)
    slope = _headline(case, method)
    if isinstance(slope, NotIdentified):
        return slope
    unit = _unit(case)
    effect = effect_of(slope, unit)
    others = []
    for name in fitting(case):
        if name == method:
            continue
        try:
            other = effect_of(estimate(case, name, exact=False), unit)
        except LinAlgError:
            continue
        if abs(other.value - effect.value) <= 1e-9 * abs(effect.value):
            continue  # the same estimate is no second opinion
        others.append(Estimate(method=name, label=METHODS[name], effect=other, n=case.data.n))
    averages, staggered = checks.staggered(case, unit)
    rivals = averages or tuple(o for o in others if o.method == "first_differences")
    agrees = agreement(effect, [o.effect for o in rivals])
    refutations = checks.refutations(case, method, slope)
    if agrees is not None:
        refutations = (*refutations, agrees)
    diagnoses = checks.diagnoses(case, method, slope)
    if staggered is not None:
        diagnoses = (*diagnoses, staggered)
    diagnoses = _capped(diagnoses, effect, refutations)
    who = _who(case)
    plain = effect_of(checks.plain_slope(case.data), unit)
    return Finding(
        estimand=_estimand(case, method, who),
        method=method,
        label=METHODS[method],
        effect=effect,
        plain=effect,
        sample=case.rows.count(who),
        population=who,
        spread=float(case.data.y.std()),
        standing="observational",
        kind=case.contrast.kind,
        treated=_shown(case.contrast.treated),
        control=_shown(case.contrast.control),
        per_unit=case.contrast.per_unit,
        outcome_kind=case.kind,
        others=(*others, *averages),
        unadjusted=plain,
        refutations=refutations,
        diagnoses=diagnoses,
        rests=_rests(case, method),
        sentences=_sentences(case, staggered is not None),
    )


def _capped(
    diagnoses: tuple[Diagnosis, ...], effect: Effect, refutations: tuple[Refutation, ...]
) -> tuple[Diagnosis, ...]:
    """Unrecorded rows alone must not turn a clear interval into "we can't tell": fixed effects start low, one step above it."""
    alone = all(d.status == "ok" for d in diagnoses if d.name != "missing")
    alone = alone and all(r.verdict != "failed" for r in refutations)
    if not alone or effect.low is None or not excludes_null(effect):
        return diagnoses
    return tuple(
        d.model_copy(update={"status": "ok"}) if d.name == "missing" and d.figures["share"] <= MOST_MISSING else d
        for d in diagnoses
    )


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    case = read_case(task)
    if isinstance(case, NotIdentified):
        return case
    slope = _headline(case, choose(case))
    return slope if isinstance(slope, NotIdentified) else effect_of(slope, _unit(case))


def _headline(case: Case, method: str) -> Slope | NotIdentified:
    from numpy.linalg import LinAlgError

    try:
        return estimate(case, method)
    except LinAlgError:
        return NotIdentified(
            code="no_within_variation",
            reason=f"With the other columns held fixed nothing is left of the changes in {safe(case.query.treatment)}.",
            would_help=("fewer columns held fixed", f"or more changes in {safe(case.query.treatment)}"),
        )


def _unit(case: Case) -> str:
    if case.kind == "yes_no":
        return "probability"
    return safe(case.task.table.profile.column(str(case.query.outcome)).unit or "")


def _shown(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _who(case: Case) -> str:
    text = f"the {units_text(case.design.unit)} whose {safe(case.query.treatment)} changes over time"
    return those(case.query, case.rows.count(), text)


def _estimand(case: Case, method: str, who: str) -> Estimand:
    treatment, outcome = safe(case.query.treatment), safe(case.query.outcome)
    change = (
        "is one unit higher"
        if case.contrast.per_unit
        else f"goes from {safe(_shown(case.contrast.control))} to {safe(_shown(case.contrast.treated))}"
    )
    given = f", held fixed: {columns_text(case.covariates)}" if case.covariates else ""
    others = "" if case.data.time is None or method == "one_way" else ", beside the others at the same time"
    assumptions = [
        f"nothing that changes over time within a {unit_text(case.design.unit)}"
        + (f", beside {columns_text(case.covariates)}," if case.covariates else "")
        + f" drives both {treatment} and {outcome}",
        f"{treatment} does not answer to earlier {outcome}",
        "one row's treatment does not change another row's outcome",
    ]
    if case.contrast.kind == "dose":
        assumptions.append("every further unit of the treatment adds the same")
    return Estimand(
        strategy="panel",
        adjust_for=case.covariates,
        population=who,
        statement=(
            f"The average change in {outcome} when {treatment} {change}, for {who}, comparing each with itself at other"
            f" times{others}{given}."
        ),
        assumptions=tuple(assumptions),
    )


def _rests(case: Case, method: str) -> tuple[str, ...]:
    import numpy as np

    units = units_text(case.design.unit)
    out = [f"{count(len(np.unique(case.data.unit)))} {units}, each compared with itself."]
    if case.data.time is not None and method != "one_way":
        out.append(f"What changes for all at once is taken out by {safe(case.design.time)}.")
    out.append("Whatever stays the same about a unit cannot disturb this, measured or not; what changes over time can.")
    if case.covariates:
        out.append(f"Held fixed: {columns_text(case.covariates)}.")
    both = f" and of the same {safe(case.design.time)}" if method == "two_way_clustered" else ""
    out.append(f"The margin lets rows of the same {safe(case.clustered)}{both} move together.")
    if case.single:
        out.append(f"{count(case.single)} {units} seen only once say nothing and were left out.")
    return tuple(out)


def _sentences(case: Case, staggered: bool) -> tuple[str, ...]:
    out = []
    if case.query.target != "everyone" or case.contrast.kind == "arms":
        out.append(
            f"This is about the {units_text(case.design.unit)} whose {safe(case.query.treatment)} changed: the others cannot be compared with"
            " themselves."
        )
    if staggered:
        out.append(
            f"{safe(case.query.treatment)} set in at different times, for which this average counts some comparisons backwards;"
            " see the other methods, or ask with the design `differences`."
        )
    return tuple(out)
