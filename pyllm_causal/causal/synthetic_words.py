"""The sentences on one unit against a mix of others, for readers without statistics."""

from __future__ import annotations

from ..analysis import Effect, Level
from ..wording import alike, as_subject, columns_text, count, excludes_null, join, number, safe
from .certainty import relevant_matters
from .headline import headlines
from .synthetic_case import Case, design_of, factor_of, members_of, moment, spread_of, start_of
from .synthetic_checks import PLACEBO


def favours(case: Case) -> tuple[str, ...]:
    out = []
    donors = len(case.placebo.effects)
    if case.placebo.rank == 1:
        out.append(f"none of the {count(donors)} other units moves away from its own mix as clearly")
    elif case.placebo.p_ratio <= PLACEBO:
        out.append(
            f"{case.data.units[0]} ranks {case.placebo.rank} of {count(donors + 1)} by how clearly it leaves its mix"
        )
    if case.mix.misfit <= 0.1 * spread_of(case.data):
        out.append(f"before {start_of(case.task)} the mix followed {case.data.units[0]} closely")
    return tuple(out)


def rests(case: Case) -> tuple[str, ...]:
    data = case.data
    before, after = data.before, len(data.periods) - data.before
    out = [
        f"{data.units[0]} in {before} periods before {start_of(case.task)} and {after} from then on, against a mix of"
        f" {len(data.units) - 1} others."
    ]
    if data.predictor_names and case.method == "synthetic_control":
        out.append(
            f"The mix is alike in {columns_text(data.predictor_names)} and in {safe(case.task.query.outcome)} before."
        )
    if data.gaps:
        out.append(f"Left out because something is missing in some period: {columns_text(data.gaps)}.")
    if data.also:
        out.append(f"Left out because they were treated too: {columns_text(data.also)}.")
    if data.lost_predictors:
        out.append(
            f"{columns_text(data.lost_predictors)} could not be used: hardly recorded before, or the same for all."
        )
    if data.lost_periods:
        out.append(f"{data.lost_periods} periods were left out in which too little was recorded.")
    if data.several:
        out.append("Where a unit has several rows in a period, their average counts.")
    return tuple(out)


def sentences(case: Case) -> tuple[str, ...]:
    members = members_of(case)
    named = [f"{round(100 * w)}% {u}" for u, w in members[:5]]
    rest = len(members) - 5
    mix = ", ".join([*named, f"and {rest} smaller part{'s' if rest > 1 else ''}"] if rest > 0 else named)
    out = [f"The mix is {mix}." if rest > 0 or len(named) < 2 else f"The mix is {join(named)}."]
    gap = case.mix.gap[case.data.before :]
    if len(gap) > 2:
        first, last = (_signed(case, float(v)) for v in (gap[0], gap[-1]))
        column = design_of(case.task).time
        begin, end = (moment(case.data.periods[i], column) for i in (case.data.before, -1))
        out.append(f"In {begin} it was {first}, in {end} {last}.")
    level = case.placebo.level
    if level < 0.95:
        out.append(
            f"The margin comes from the {len(case.placebo.effects)} other units; with so few it holds in"
            f" {number(100 * level, 3 if level > 0.9 else 2)}% of such cases, not in the usual 95%."
        )
    return tuple(out)


def size(case: Case, effect: Effect, plain: Effect) -> tuple[str, ...]:
    """How large, in the outcome's units, against what would have been."""
    task, outcome = case.task, safe(case.task.query.words.get("outcome") or case.task.query.outcome)
    factor, unit = factor_of(case)
    shown = [abs(factor * v) for v in (plain.value, plain.low or 0.0, plain.high or 0.0)]
    size, first, second = alike(shown)
    span = ""
    if plain.low is not None and plain.high is not None:
        if plain.low >= 0:
            span = f" (somewhere between {first} and {second}{unit} higher)"
        elif plain.high <= 0:
            span = f" (somewhere between {second} and {first}{unit} lower)"
        else:
            span = f" (somewhere between {first}{unit} lower and {second}{unit} higher)"
    direction = "higher" if plain.value >= 0 else "lower"
    actual, mix = alike([factor * case.actual, factor * (case.actual - case.mix.effect)], 3)
    out = [
        f"From {start_of(task)} on, {outcome} in {case.data.units[0]} was on average {size}{unit} {direction} than in the mix of"
        f" others that resembled it before{span}: {actual}{unit} against {mix}{unit}."
    ]
    if effect.scale == "percent":
        low, high = effect.low, effect.high
        between = f" (between {number(low)}% and {number(high)}%)" if low is not None and high is not None else ""
        out.append(f"That is a change of {number(effect.value)}%{between}.")
    elif effect.scale != "difference":
        ends = [effect.value, effect.low or 0.0, effect.high or 0.0]
        texts = alike(ends)
        between = f" (somewhere between {texts[1]} and {texts[2]} times)" if effect.low is not None else ""
        out.append(f"That is {texts[0]} times as high{between}.")
    return tuple(out)


def title(case: Case, effect: Effect, plain: Effect) -> dict[Level, str]:
    query = case.task.query
    outcome = safe(query.words.get("outcome") or query.outcome, 60)
    share = case.data.outcome_kind == "yes_no"
    matters, convention = relevant_matters(query.matters, float(case.data.outcomes.std()), share)
    little = plain.low is not None and plain.high is not None and -matters < plain.low and plain.high < matters
    little = little and not (convention and excludes_null(effect))
    if share:
        ways = (f"the chance of {outcome}", f"a higher chance of {outcome}", f"a lower chance of {outcome}")
    else:
        ways = (outcome, f"higher {outcome}", f"lower {outcome}")
    return headlines(cause(case), *ways, effect, little)


def _signed(case: Case, gap: float) -> str:
    factor, unit = factor_of(case)
    return f"{number(abs(factor * gap))}{unit} {'higher' if gap >= 0 else 'lower'}"


def cause(case: Case) -> str:
    query, unit, start = case.task.query, case.data.units[0], start_of(case.task)
    words = query.words.get("treatment")
    if words:
        return f"{as_subject(safe(words, 60))} (in {unit} from {start} on)"
    if query.treatment == design_of(case.task).unit:
        at = f"from {start} on" if "=" in start else f"in {start}"
        return f"what changed in {unit} {at}"
    return f"{safe(query.treatment, 60)} (on in {unit} from {start} on)"
