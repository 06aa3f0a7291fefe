"""Time to an event: how much sooner or later it comes.

Estimand by scale. hazard_ratio: how many times the rate of the event is multiplied, among rows alike in the covariates (Cox
1972). difference: of the share free of the event at `horizon`; without one, of the mean time free of it up to the last time at
which both groups are observed. ratio, percent, odds_ratio: of the risk by the horizon. Assumes that who leaves observation tells
nothing about the event beyond group and covariates, and, for an effect, what the design assumes.

One contrast a call: the first of `contrasts`. With `control` alone, call once an arm with `treated` filled in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ...analysis import Diagnosis, Effect, Estimate, NotIdentified, Refutation
from ...errors import QueryError
from ...wording import columns_text, join, safe
from ..estimate import Estimates
from ..follow_up import FollowUp, follow_up
from ..inference import effect_of
from ..kaplan_meier import log_rank
from ..refuters import Trial, refute
from ..sample import Sample
from ..survival_checks import checks, observation, over_time, proportional
from ..survival_estimate import LABELS, Ratio, hazard_ratio, modelled, standardised, told
from ..survival_words import late, population, rate_sentences, share_sentences, title
from . import Finding, Task, design

RATIOS, SHARES = ("cox", "cox_weighted", "log_rank"), ("kaplan_meier", "standardised")
POINTS = 200  # of a curve kept for the picture


@dataclass(frozen=True)
class Answered:
    """The headline with what it was made of: a ratio of rates, or estimates of shares."""

    f: FollowUp
    effect: Effect
    method: str
    ratio: Ratio | None = None
    shares: tuple[Estimates, Sample] | None = None


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    found = prepare(task)
    return found if isinstance(found, NotIdentified) else found.effect


def prepare(task: Task) -> Answered | NotIdentified:
    """From the task to the headline; a refusal where the table holds no information on it."""
    query = task.query
    f = follow_up(query, task.table)
    if isinstance(f, NotIdentified):
        return f
    method = _method(f)
    if query.scale != "hazard_ratio":
        found, sample = standardised(f, query.scale)
        if found is None:
            return NotIdentified(
                code="scale_undefined",
                reason=f"A {query.scale.replace('_', ' ')} cannot be formed: in one group {f.named} never or always happened by {f.until}.",
                would_help=("ask for a difference instead", "or a longer follow-up"),
            )
        return Answered(f, found.headline.effect, found.headline.method, shares=(found, sample))
    f = f.two_arms()
    refusal = _eventless(f)
    if refusal is not None:
        return refusal
    ratio = hazard_ratio(f, method)
    if ratio.fit is not None and (not ratio.fit.finite or not ratio.effect.std_error):
        return _endless(f)
    return Answered(f, ratio.effect, method, ratio)


def _method(f: FollowUp) -> str:
    """The method by rule, or the one asked for where it fits."""
    sample, asked = f.sample, f.query.method
    fit = ["cox"] if f.query.scale == "hazard_ratio" else []
    if f.query.scale == "hazard_ratio" and sample.kind == "arms":
        fit.append("cox_weighted" if sample.k else "log_rank")
    if f.query.scale != "hazard_ratio":
        fit.append("kaplan_meier" if not sample.k and sample.kind == "arms" else "standardised")
    if asked is not None and asked not in fit:
        raise QueryError(f"The method {safe(asked)!r} does not fit this question.", f"Here fit: {join(fit)}.")
    return asked or fit[0]


def _eventless(f: FollowUp) -> NotIdentified | None:
    if f.sample.kind == "dose":
        return None
    for arm, value in ((1, f.drawn.contrast.treated), (0, f.drawn.contrast.control)):
        if not f.event[f.sample.arm == arm].any():
            return NotIdentified(
                code="no_events",
                reason=f"Where {safe(f.query.treatment)} = {safe(value)}, {f.named} never happened, so no ratio of rates can be formed.",
                would_help=("ask for a difference instead of a ratio", "or a longer follow-up"),
            )
    return None


def _endless(f: FollowUp) -> NotIdentified:
    return NotIdentified(
        code="scale_undefined",
        reason=(
            f"With these columns held fixed {safe(f.query.treatment)} tells exactly who had {f.named}, so the ratio of rates has no finite"
            " value."
        ),
        would_help=(
            "ask for a difference instead of a ratio",
            "or more rows with the event",
            "or fewer columns held fixed",
        ),
    )


@design("survival", "time to an event", (*RATIOS, *SHARES))
def survival(task: Task) -> Finding | NotIdentified:
    """The headline with second opinions, the change of the ratio over time, and checks."""
    found = prepare(task)
    if isinstance(found, NotIdentified):
        return found
    return _of_rates(task, found) if found.ratio is not None else _of_shares(task, found)


def _of_rates(task: Task, a: Answered) -> Finding:
    f, ratio = a.f, a.ratio
    assert ratio is not None
    sample, query = f.sample, f.query
    names = [m for m in RATIOS if m != a.method and _applies(m, sample)]
    others = tuple(r for r in (hazard_ratio(f, m) for m in names) if r.fit is None or r.fit.finite)
    main = ratio if ratio.fit is not None else others[0]
    in_time = query.matters is not None
    plain = modelled(f, main, f.last if in_time else f.landmark, in_time)
    free = told(f)
    change = over_time(f, main)
    diagnoses = [*f.diagnoses, _picture(f), *observation(f)]
    doubts = []
    if change is not None:
        diagnoses.append(proportional(change, f))
    if sample.kind == "dose" and _bent(f):
        doubts.append(f"the rate does not change by the same factor with every unit of {safe(query.treatment)}")
    base = replace(f, drawn=replace(f.drawn, sample=replace(sample, x=sample.x[:, :0], x_names=(), x_groups=())))
    unadjusted = hazard_ratio(base).effect if sample.k else None
    outcome = f"the time free of {f.named}" if in_time else f"the rate of {f.named}"
    return _finding(
        a,
        task,
        plain=plain,
        others=tuple(o.listed(sample.n) for o in others),
        unadjusted=unadjusted,
        refutations=checks(f, ratio, others, free, task.seed),
        diagnoses=tuple(diagnoses),
        doubts=tuple(doubts),
        outcome_words=outcome,
        outcome_kind="number" if in_time else "yes_no",
        size=rate_sentences(f, a.effect, change),
        means=None if free is None or in_time else (1 - free[0].treated, 1 - free[0].control),
        label=LABELS[a.method],
        ways=(f"a higher rate of {f.named}", f"a lower rate of {f.named}"),
    )


def _applies(method: str, sample: Sample) -> bool:
    if method == "cox":
        return True
    return sample.kind == "arms" and (sample.k > 0) == (method == "cox_weighted")


def _of_shares(task: Task, a: Answered) -> Finding:
    f, query = a.f, a.f.query
    assert a.shares is not None
    found, sample = a.shares
    trial = Trial(sample, found, query, query.scale, task.seed, task.effort)
    mean_time = query.scale == "difference" and query.horizon is None
    plain = a.effect
    if query.scale != "difference":
        difference = effect_of(found.fit, sample, "difference", "probability")
        assert difference is not None
        plain = difference
    two = f.two_arms()
    diagnoses = [*f.diagnoses, _picture(f), *observation(two)]
    if not mean_time and sample.kind == "arms" and sample.weights.std() == 0:
        test = log_rank(two.sample.y, two.event, two.sample.arm == 1, two.sample.weights)
        text = "events by group against those expected if both had one rate"
        figures = {"observed": test.observed, "expected": test.expected, "z": test.z}
        diagnoses.append(Diagnosis(name="log_rank", status="ok", finding=text, figures=figures))
    risk = query.scale != "difference"
    ways = (f"more time free of {f.named}", f"less time free of {f.named}")
    if not mean_time:
        event = f"{f.named} by {f.until}" if risk else f"being free of {f.named} {late(f)}"
        ways = (f"a higher chance of {event}", f"a lower chance of {event}")
    words = f"the mean time free of {f.named}" if mean_time else f"the chance of being free of {f.named} {late(f)}"
    if risk:
        words = f"the chance of {f.named} by {f.until}"
    return _finding(
        a,
        task,
        plain=plain,
        others=found.others,
        unadjusted=found.unadjusted,
        refutations=refute(trial),
        diagnoses=tuple(diagnoses),
        doubts=(),
        outcome_words=words,
        outcome_kind="number" if mean_time else "yes_no",
        size=share_sentences(f, a.effect, plain, found.headline.means, mean_time, risk),
        means=None if mean_time or found.headline.means is None else found.headline.means,
        label=found.headline.label,
        ways=ways,
    )


def _finding(
    a: Answered,
    task: Task,
    *,
    plain: Effect,
    others: tuple[Estimate, ...],
    unadjusted: Effect | None,
    refutations: tuple[Refutation, ...],
    diagnoses: tuple[Diagnosis, ...],
    doubts: tuple[str, ...],
    outcome_words: str,
    outcome_kind: str,
    size: tuple[str, ...],
    means: tuple[float, float] | None,
    label: str,
    ways: tuple[str, str],
) -> Finding:
    f, query = a.f, a.f.query
    contrast, sample = f.drawn.contrast, f.sample
    who = population(f)
    change = f"went from {safe(contrast.control)} to {safe(contrast.treated)}"
    if contrast.per_unit:
        change = "were one unit higher"
    what = {
        "hazard_ratio": f"How many times the rate of {f.named} is multiplied",
        "difference": f"The average change in {outcome_words.removeprefix('the ')}",
    }.get(query.scale, f"The {query.scale.replace('_', ' ')} of {outcome_words.removeprefix('the ')}")
    fixed = f", comparing rows alike in {columns_text(f.estimand.adjust_for)}" if f.estimand.adjust_for else ""
    estimand = f.estimand.model_copy(
        update={
            "population": who,
            "statement": f"{what} if {safe(query.treatment)} {change}, for {who}{fixed}.",
            "assumptions": (
                *f.estimand.assumptions,
                f"who left observation before {f.named} was, in the same group and alike in what is held fixed, no more and no"
                " less prone to it than who stayed",
            ),
        }
    )
    spread = float(sample.y.std()) if outcome_kind == "number" else 0.0
    events = int(f.event[sample.arm >= 0].sum()) if sample.kind == "arms" else int(f.event.sum())
    return Finding(
        estimand=estimand,
        method=a.method,
        label=label,
        effect=a.effect,
        plain=plain,
        sample=f.drawn.count,
        population=who,
        spread=spread,
        standing="randomised" if sample.randomised else "observational",
        kind=sample.kind,
        treated=contrast.treated,
        control=contrast.control,
        per_unit=contrast.per_unit,
        outcome_kind="yes_no" if outcome_kind == "yes_no" else "number",
        means=means,
        others=others,
        unadjusted=unadjusted,
        refutations=refutations,
        diagnoses=diagnoses,
        doubts=doubts,
        rests=_rests(f, events),
        size=size,
        outcome_words=outcome_words,
        headlines=title(f, a.effect, plain, outcome_words, *ways, spread),
    )


def _rests(f: FollowUp, events: int) -> tuple[str, ...]:
    out = [f"In {events:,} of these rows {f.named} happened; for the others observation ended first."]
    fixed = columns_text(f.estimand.adjust_for, 20)
    if f.sample.randomised:
        inside = f", comparing rows alike in {fixed}" if f.estimand.adjust_for else ""
        told = (
            ""
            if f.query.source("design") == "you"
            else ", as the question or the description has it; nobody has confirmed that"
        )
        out.append(f"The groups were formed at random{inside}{told}.")
    elif f.estimand.adjust_for:
        out.append(f"Compared rows alike in {fixed}.")
    else:
        out.append("Nothing was held fixed.")
    return tuple(out)


def _bent(f: FollowUp) -> bool:
    """Whether the square of the dose adds clearly to a straight line in the log rate."""
    import numpy as np

    from ..hazards import cox

    dose = f.sample.dose - f.sample.dose.mean()
    if len(np.unique(dose)) < 3:
        return False
    fit = cox(np.column_stack([dose**2, dose, f.sample.x]), f.sample.y, f.event, f.sample.weights, f.sample.cluster)
    return fit.finite and abs(float(fit.beta[0])) > 3.29 * math.sqrt(float(fit.robust[0, 0]))


def _picture(f: FollowUp) -> Diagnosis:
    """Kaplan–Meier curves of the groups (of the lower and upper half of a dose), unadjusted."""
    import numpy as np

    from ..kaplan_meier import curve

    sample = f.sample
    if sample.kind == "arms":
        groups = {safe(f.drawn.labels[a]): sample.arm == a for a in (1, 0)}
    else:
        middle = float(np.median(sample.dose))
        name = safe(f.query.treatment)
        groups = {
            f"{name} over {middle:.4g}": sample.dose > middle,
            f"{name} up to {middle:.4g}": sample.dose <= middle,
        }
    figures = {}
    for label, rows in groups.items():
        if not rows.any():
            continue
        c = curve(sample.y[rows], f.event[rows], sample.weights[rows])
        most = max(len(c.times) - 1, 0)
        kept = sorted({round(i * most / POINTS) for i in range(POINTS + 1)}) if len(c.times) else []
        figures[label] = {
            "time": [0.0, *c.times[kept].tolist(), c.last],
            "free": [1.0, *c.free[kept].tolist(), float(c.free[-1]) if len(c.free) else 1.0],
            "at_risk": [float(sample.weights[rows].sum()), *c.at_risk[kept].tolist()],
        }
    return Diagnosis(
        name="kaplan_meier", status="ok", finding=f"share still free of {f.named} over time, by group", figures=figures
    )
