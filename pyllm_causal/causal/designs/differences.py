"""Difference-in-differences: how the treated changed from before to after, less how the others changed over the same time.

Estimand: the average effect on the treated while they were treated. It rests on parallel trends (without the treatment both
would have changed alike, on average, given the covariates), on no effect before the start, and on none spilling over.

By rule: one start date, regression with group and period effects (the textbook interaction where there are two periods);
several, group-time averages (Callaway & Sant'Anna 2021) over treated unit-periods; a treatment that is switched off again,
two-way fixed effects, said so. The others that fit are second opinions.
"""

from __future__ import annotations

from ...analysis import Effect, Estimand, Estimate, NotIdentified, Refutation
from ...query import Scale
from ...wording import columns_text, count, join, safe
from .. import did_models as models
from .. import differences_checks as checks
from ..agreement import agreement
from ..att import Att, effect_on
from ..differences_case import METHODS, Case, choose, estimate, fitting, read_case
from ..panel_request import unit_text, units_text
from ..pathway_words import size_text
from ..whom import those
from . import Finding, Task, design

BACKWARDS = (
    "with several start dates this average counts some comparisons backwards, so it is shown for comparison only"
)


@design("differences", "difference-in-differences", tuple(METHODS))
def differences(task: Task) -> Finding | NotIdentified:
    """The finding, or why it cannot be told."""
    from numpy.linalg import LinAlgError

    case = read_case(task)
    if isinstance(case, NotIdentified):
        return case
    method = choose(case)
    found = _headline(case, method)
    if isinstance(found, NotIdentified):
        return found
    att, effect = found
    plain = effect_on(att, "difference", _unit(case, "difference"))
    assert plain is not None
    others = []
    for name in fitting(case):
        if name == method:
            continue
        try:
            other = estimate(case, name, exact=False)
        except LinAlgError:
            continue
        theirs = effect_on(other, task.query.scale, _unit(case, task.query.scale))
        if theirs is None or _same(theirs, effect):
            continue
        notes = (BACKWARDS,) if name == "two_way" and case.adoption.staggered else ()
        others.append(Estimate(
            method=name, label=METHODS[name], effect=theirs, n=case.data.n, notes=notes, means=other.means
        ))  # fmt: skip
    study = checks.study_of(case)
    agrees = agreement(effect, [o.effect for o in others if BACKWARDS not in o.notes])
    refutations = checks.refutations(case, method, att, study) if att.error > 0 else ()
    if agrees is not None:
        refutations = (*refutations, agrees)
    own = {r.check: r for r in refutations}
    doubts, favours = _judged(case, method, own)
    who = _who(case)
    return Finding(
        estimand=_estimand(case, who),
        method=method,
        label=METHODS[method],
        effect=effect,
        plain=plain,
        sample=case.rows.count(who, _by_arm(case)),
        population=who,
        spread=float(case.data.y.std()),
        standing="design",
        treated=case.adoption.treated,
        control=case.adoption.control,
        outcome_kind=case.kind,
        means=att.means,
        others=tuple(others),
        unadjusted=None if case.adoption.back else _unadjusted(case),
        refutations=refutations,
        diagnoses=checks.diagnoses(case, method, att, study),
        doubts=doubts,
        favours=favours,
        rests=_rests(case, method, att),
        sentences=_sentences(case, method),
        cause_words=_cause_words(case),
        size=_size(case, plain, effect),
    )


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    case = read_case(task)
    if isinstance(case, NotIdentified):
        return case
    found = _headline(case, choose(case))
    return found if isinstance(found, NotIdentified) else found[1]


def _headline(case: Case, method: str) -> tuple[Att, Effect] | NotIdentified:
    from numpy.linalg import LinAlgError

    query = case.query
    try:
        att = estimate(case, method)
    except LinAlgError:
        if case.adoption.back:
            return NotIdentified(
                code="no_within_variation",
                reason=f"{safe(query.treatment)} changes for everybody at the same time, so there is no one to compare with.",
                would_help=(f"units in which {safe(query.treatment)} does not change, or changes at another time",),
            )
        return NotIdentified(
            code="no_comparison",
            reason=(
                "No period has treated and untreated rows that can be compared with the period before the start"
                + (" once the other columns are held fixed." if case.covariates else ".")
            ),
            would_help=("rows of both groups from before and after the start", "or fewer columns held fixed"),
        )
    effect = effect_on(att, query.scale, _unit(case, query.scale))
    if effect is None:
        return NotIdentified(
            code="scale_undefined",
            reason=(
                f"A {query.scale.replace('_', ' ')} cannot be formed: without the treatment the average of"
                f" {safe(query.outcome)} would be zero or less."
            ),
            would_help=("ask for a difference instead",),
        )
    return att, effect


def _same(one: Effect, other: Effect) -> bool:
    return abs(one.value - other.value) <= 1e-9 * max(abs(other.value), 1e-9)


def _unit(case: Case, scale: Scale) -> str:
    if scale == "percent":
        return "%"
    if scale != "difference":
        return ""
    if case.kind == "yes_no":
        return "probability"
    return safe(case.task.table.profile.column(str(case.query.outcome)).unit or "")


def _unadjusted(case: Case) -> Effect | None:
    try:
        return effect_on(
            models.unadjusted(case.data).times(case.adoption.sign), case.query.scale, _unit(case, case.query.scale)
        )
    except ZeroDivisionError:
        return None


def _who(case: Case) -> str:
    adoption, query = case.adoption, case.query
    design = query.design
    treatment = safe(query.treatment)
    if query.treatment in (getattr(design, "first_treated", None), getattr(design, "unit", None)):
        text = "those treated, while they were treated"
    elif adoption.back:
        text = f"those whose {treatment} changed over time"
    else:
        level = adoption.treated if adoption.sign > 0 else adoption.control
        text = f"those with {treatment} = {safe(level)}, once treated"
    return those(query, case.rows.count(), text)


def _cause_words(case: Case) -> str | None:
    design = case.query.design
    if case.query.treatment in (getattr(design, "first_treated", None), getattr(design, "unit", None)):
        return f"being treated ({safe(case.query.treatment)})"
    if _elsewhere(case):
        name = safe(case.query.treatment)
        return f"having {name} = {safe(case.adoption.treated)} rather than another {name}"
    return None


def _elsewhere(case: Case) -> bool:
    """Whether one named group is compared with all the others."""
    return case.adoption.control == "others" and case.query.treatment == getattr(case.query.design, "group", None)


def _size(case: Case, plain: Effect, effect: Effect) -> tuple[str, ...] | None:
    """In place of the usual "than with state = others"."""
    if not _elsewhere(case) or effect.scale != "difference" or plain.low is None:
        return None
    outcome = safe(case.query.words.get("outcome") or case.query.outcome)
    pair = f"{safe(case.query.treatment)} = {safe(case.adoption.treated)}"
    among = f", among those with {safe(case.query.where)}" if case.query.where else ""
    true = "true of " if case.kind == "yes_no" else ""
    return (
        f"The best single figure: {outcome} is {true}{size_text(plain)} with {pair} than elsewhere, once treated{among}.",
    )


def _by_arm(case: Case) -> dict[str, int]:
    on = int(case.data.on.sum())
    return {"treated at the time": on, "not treated at the time": case.data.n - on}


def _estimand(case: Case, who: str) -> Estimand:
    query, adoption = case.query, case.adoption
    treatment, outcome = safe(query.treatment), safe(query.outcome)
    given = f" and alike in {columns_text(case.covariates)}" if case.covariates else ""
    scale = {"difference": "average change", "percent": "average percentage change"}.get(
        query.scale, query.scale.replace("_", " ")
    )
    if adoption.back:
        compared = (
            f"comparing each {unit_text(case.unit)} with itself at other times, beside the others at the same time"
        )
    else:
        compared = "compared with how those not treated (yet) changed over the same time"
    assumptions = [
        f"without {treatment} both groups would have changed alike in {outcome}, on average"
        + (f", among those alike in {columns_text(case.covariates)}" if case.covariates else ""),
        "nothing else that touches the outcome set in for one group only at the same time",
        "the treatment had no effect before it began, and none on those not treated",
    ]
    if adoption.back:
        assumptions.append("the effect is the same for all, at once and only while the treatment is on")
    elif not case.adoption.panel:
        assumptions.append("the same kinds of rows are in each group before and after")
    return Estimand(
        strategy="differences",
        adjust_for=case.covariates,
        population=who,
        statement=f"The {scale} in {outcome} due to {treatment} for {who}, {compared}{given}.",
        assumptions=tuple(assumptions),
    )


def _judged(case: Case, method: str, own: dict[str, Refutation]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(doubts, favours)."""
    doubts: list[str] = []
    favours: list[str] = []
    verdicts = {name: r.verdict for name, r in own.items()}
    if case.adoption.back:
        doubts.append(
            f"{safe(case.query.treatment)} is switched off again for some, so a model of one constant effect had to be used"
        )
    elif method == "two_way" and case.adoption.staggered:
        doubts.append(
            "plain two-way fixed effects, as asked for, count some comparisons backwards when start dates differ"
        )
    if not case.adoption.back and not any(n in verdicts for n in ("pre_trends", "placebo_period")):
        if verdicts.get("negative_outcome") == "passed":
            favours.append("a column that cannot be affected changed alike in both groups")
        else:
            doubts.append("the table cannot show whether both groups moved alike before the treatment")
    if verdicts.get("pre_trends") == "passed":
        favours.append("both groups moved alike before the treatment")
    if verdicts.get("trend_sensitivity") == "passed":
        favours.append("a drift as large as any seen before would not undo it")
    return tuple(doubts), tuple(favours)


def _rests(case: Case, method: str, att: Att) -> tuple[str, ...]:
    import numpy as np

    out = []
    adoption = case.adoption
    what = units_text(case.unit) if adoption.panel and case.clustered else "rows"
    if not adoption.back:
        members = case.data.group if adoption.panel else np.arange(case.data.n)
        never = len(np.unique(members[case.data.start >= case.data.periods]))
        time = safe(getattr(case.query.design, "time", ""))
        parts = [
            f"{count(len(np.unique(members[case.data.start == g])))} from {time} = {adoption.periods[g]} on"
            for g in adoption.starts[:6]
        ]
        if len(adoption.starts) > 6:
            parts.append(f"{len(adoption.starts) - 6} more start dates")
        out.append(f"Treated {what}: {join(parts)}. Never treated in these periods: {count(never)}.")
        if adoption.staggered and method == "group_time":
            against = "never" if case.comparison == "never" else "not yet"
            out.append(
                f"Every start date is compared only with those {against} treated, and the effects are averaged over the"
                f" treated {'units and periods' if adoption.panel else 'rows'}."
            )
        out.append(
            "Hidden causes that do not change over time cannot disturb this; one that sets in with the treatment can."
        )
    out += [f"{n[:1].upper()}{n[1:]}." for n in adoption.notes]
    if case.covariates:
        out.append(f"Held fixed: {columns_text(case.covariates)}.")
    if case.data.cluster is None:
        out.append(
            "The margin treats rows as independent. A shock to a whole group at the time of the treatment would not show in"
            " it; name `cluster` if rows belong together."
        )
    else:
        out.append(f"The margin lets rows of the same {safe(case.clustered)} move together.")
    if "whole_clusters" in att.notes:
        out.append(f"With so few, it compares whole {checks.groups_text(case)} with each other.")
    out += [n[:1].upper() + n[1:] + "." for n in att.notes if n != "whole_clusters"]
    return tuple(out)


def _sentences(case: Case, method: str) -> tuple[str, ...]:
    out = []
    if case.adoption.back:
        out.append(
            f"{safe(case.query.treatment)} is switched on and off again, so this is the average from two-way fixed effects:"
            " it takes the effect to be the same for all and at all times."
        )
    elif case.query.target != "treated":
        out.append(
            "This is about those who were treated: how the others would have fared with the treatment cannot be seen from a"
            " comparison of before and after."
        )
    if method == "two_way" and case.adoption.staggered:
        out.append(f"You asked for plain two-way fixed effects: {BACKWARDS}.")
    return tuple(out)
