"""The estimate with an instrument: method by rule, interval by strength, second opinions, refusal of a hopeless instrument."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis import Effect, Estimate, NotIdentified
from ..errors import QueryError
from ..query import Scale
from ..wording import alike, columns_text, count, join, number, safe
from .complier import means, weighted_wald
from .estimate import unit_of
from .inference import Fit, effect_of
from .instrument_case import Case, does
from .kclass import Line, Partialled, liml, ordinary, orthonormal, spread, two_stage
from .weak_instrument import WEAK, ConfidenceSet, anderson_rubin, strength

METHODS = ("2sls", "liml", "weighted_wald")
LABELS = {
    "2sls": "two-stage least squares",
    "liml": "limited-information maximum likelihood",
    "weighted_wald": "weighting by the chance of the instrument",
    "ols": "least squares without the instrument (not an answer to the question)",
}


@dataclass(frozen=True)
class Answered:
    """The headline: `effect` on the scale asked for, `plain` as a difference, and what the interval rests on."""

    method: str
    effect: Effect
    plain: Effect
    line: Line | None
    confidence: ConfidenceSet
    means: tuple[float, float] | None


def chosen_method(case: Case) -> str:
    """By rule: two-stage least squares; LIML where several instruments are not strong enough for it. Raises `QueryError`."""
    fit = ["2sls", "liml"] + (["weighted_wald"] if _weighable(case) else [])
    asked = case.rows.query.method
    if asked is not None:
        if asked not in fit:
            known = "does not fit this question" if asked in METHODS else "is not known for this question"
            raise QueryError(f"The method {asked!r} {known}.", f"Methods that do: {', '.join(fit)}.")
        return asked
    return "liml" if case.p.m > 1 and case.strength.effective < case.strength.critical else "2sls"


def _weighable(case: Case) -> bool:
    return case.simple and case.held.effects is None


def another(case: Case, method: str) -> bool:
    """Whether `method` can give another figure than two-stage least squares here."""
    if method == "liml":
        return case.p.m > 1
    return method != "weighted_wald" or (_weighable(case) and case.x.shape[1] > 0)


def headline(case: Case) -> Answered | NotIdentified:
    """The estimate with its interval, or the refusal of a hopeless instrument. Raises `QueryError` for a scale or method
    that does not fit."""
    query = case.rows.query
    _check_scale(case)
    method = chosen_method(case)
    weak = case.strength.effective < WEAK
    confidence = anderson_rubin(case.p)
    quarrel = confidence.empty and case.p.m > 1  # with one instrument: an outcome without any noise
    if weak and (quarrel or not confidence.bounded):
        return _hopeless(case, confidence)
    if weak and query.scale != "difference":
        return NotIdentified(
            code="weak_instrument",
            reason=(
                f"{names_of(case)} {does(case.claim, 'moves', 'move')} {safe(query.treatment)} too little to say how a"
                f" {query.scale.replace('_', ' ')} could come out (strength {number(case.strength.effective)}, where 10 is wanted)."
            ),
            would_help=("ask for a difference instead", "or more rows"),
        )
    line, fit = fitted(case, method)
    if fit is None:
        return NotIdentified(
            code="no_overlap",
            reason=f"For some rows {columns_text(case.claim.covariates)} all but decide {names_of(case)}, so weighting by its chance breaks down.",
            would_help=("leave `method` out: the usual method needs no such weights",),
        )
    plain = on_scale(case, fit, "difference")
    assert plain is not None
    if weak and not confidence.empty:
        plain = _by_set(plain, confidence)
    effect = plain if query.scale == "difference" else on_scale(case, fit, query.scale)
    if effect is None:
        return NotIdentified(
            code="scale_undefined",
            reason=(
                f"A {query.scale.replace('_', ' ')} cannot be formed: with or without {safe(query.treatment)} the average of"
                f" {safe(query.outcome)} comes out at zero or out of range."
            ),
            would_help=("ask for a difference instead", "or more rows"),
        )
    pair = (fit.treated, fit.control) if case.kind == "arms" and case.simple else None
    if pair is not None and case.outcome_kind == "yes_no" and not all(0 <= m <= 1 for m in pair):
        pair = None
    return Answered(method, effect, plain, line, confidence, pair)


def fitted(case: Case, method: str) -> tuple[Line | None, Fit | None]:
    """(the line, where the method is one; means or (effect, 0) with their covariance)."""
    import numpy as np

    if method == "weighted_wald":
        found = weighted_wald(case.y, case.d, case.z01, case.x, case.weights, case.kind == "arms")
        return None, found
    line = {"2sls": two_stage, "liml": liml, "ols": ordinary}[method](case.p)
    if case.kind == "arms" and case.simple and method != "ols":
        return line, means(case.y, case.d, case.z, case.held)
    matrix = np.array([[line.error**2, 0.0], [0.0, 0.0]])
    return line, Fit(line.value, 0.0, covariance=matrix, dof=case.p.critical_dof(1))


def on_scale(case: Case, fit: Fit, scale: Scale) -> Effect | None:
    """The effect from its two means. Chances differ by at most one; where the estimate itself breaks that, nothing is cut."""
    beyond = scale == "difference" and abs(fit.treated - fit.control) > 1
    sample = case.sample("dose" if beyond else None)
    unit = unit_of(case.task.table.profile.column(str(case.rows.query.outcome)).unit, sample, scale)
    return effect_of(fit, sample, scale, unit)


def _by_set(plain: Effect, confidence: ConfidenceSet) -> Effect:
    """The Anderson–Rubin set in place of the usual interval; widened to the estimate where that lies outside."""
    low, high = confidence.hull
    most = 1.0 if plain.unit == "probability" and abs(plain.value) <= 1 else math.inf
    low, high = min(max(low, -most), plain.value), max(min(high, most), plain.value)
    return plain.model_copy(update={"low": low, "high": high, "p_value": None})


def _check_scale(case: Case) -> None:
    query, y = case.rows.query, case.y
    if query.scale == "difference":
        return
    asked = "percentage change" if query.scale == "percent" else query.scale.replace("_", " ")
    if case.kind != "arms" or not case.simple:
        raise QueryError(
            f"With an instrument a {asked} can be had only where treatment and instrument are both yes/no.",
            "Ask for a difference.",
        )
    if query.scale == "odds_ratio" and case.outcome_kind != "yes_no":
        raise QueryError(
            "An odds ratio needs a yes/no outcome.", "Ask for a difference or ratio, or name `outcome_event`."
        )
    if float(y.min()) < 0:
        raise QueryError(
            f"A {asked} makes no sense for {safe(query.outcome)}, which has negative values.", "Ask for a difference."
        )


def names_of(case: Case) -> str:
    return join(list(case.claim.instruments))


def _hopeless(case: Case, confidence: ConfidenceSet) -> NotIdentified:
    query, n, f = case.rows.query, case.rows.n, case.strength.effective
    z, t, y = names_of(case), safe(query.treatment), safe(query.outcome)
    if confidence.empty:
        return NotIdentified(
            code="exclusion_broken",
            reason=(
                f"No effect of {t} fits what all of {z} show, and each of them moves {t} only a little: at least one of"
                f" them touches {y} in another way."
            ),
            would_help=(f"the instruments one at a time, each with a reason why it touches {y} through {t} alone",),
        )
    share = number(100 * case.strength.share)
    hints = [f"a column that moves {t} more"]
    if f > 1.5:  # the expected F is one plus something that grows with the rows
        hints.append(f"or about {count(math.ceil(n * (WEAK - 1) / (f - 1) / 100) * 100)} rows in place of {count(n)}")
    hints.append(f"or an experiment that deals out {t} (or an offer of it) at random")
    return NotIdentified(
        code="weak_instrument",
        reason=(
            f"{z} {does(case.claim, 'moves', 'move')} {t} too little: {does(case.claim, 'it explains', 'they explain')}"
            f" {share}% of its differences (strength {number(f)}, where 10 is wanted). With so little to go on"
            f" {_allowed(confidence, y, case)}."
        ),
        would_help=tuple(hints),
    )


def _allowed(confidence: ConfidenceSet, outcome: str, case: Case) -> str:
    """What an unbounded set leaves possible, in words."""
    low, high = confidence.hull
    if len(confidence.pieces) == 1 and math.isinf(low) and math.isinf(high):
        return f"any effect on {outcome} fits the table, in either direction"
    factor, unit = (100.0, " in 100") if case.outcome_kind == "yes_no" else (1.0, "")
    if len(confidence.pieces) == 1:
        end, side = (high, "below") if math.isinf(low) else (low, "above")
        return f"any effect on {outcome} {side} {number(factor * end)}{unit} fits the table, however large"
    out = alike([factor * confidence.pieces[0][1], factor * confidence.pieces[1][0]])
    return f"any effect on {outcome} fits the table except between {out[0]} and {out[1]}{unit}"


def opinions(case: Case, found: Answered) -> tuple[Estimate, ...]:
    """Other methods on the same rows, each instrument alone, and what comes out without the instrument."""
    query = case.rows.query
    out: list[Estimate] = []
    names = [m for m in METHODS if m != found.method]
    for name in names:
        if not another(case, name):
            continue
        _add(out, case, name, fitted(case, name)[1], query.scale)
    groups = list(dict.fromkeys(case.z_groups))
    for group in groups if len(groups) > 1 else ():
        p = subset(case, [group])
        if p.m == 0 or strength(p).effective < WEAK:
            continue
        line = two_stage(p)
        effect = effect_of(_as_fit(line, p), case.sample("dose"), "difference", found.plain.unit)
        if effect is not None:
            label = f"two-stage least squares with {safe(group)} alone"
            out.append(Estimate(method="2sls", label=label, effect=effect, n=case.rows.n))
    _add(out, case, "ols", fitted(case, "ols")[1], "difference")
    return tuple(out)


def _add(out: list[Estimate], case: Case, method: str, fit: Fit | None, scale: Scale) -> None:
    effect = None if fit is None else on_scale(case, fit, scale)
    if effect is not None:
        out.append(Estimate(method=method, label=LABELS[method], effect=effect, n=case.rows.n))


def _as_fit(line: Line, p: Partialled) -> Fit:
    import numpy as np

    return Fit(line.value, 0.0, covariance=np.array([[line.error**2, 0.0], [0.0, 0.0]]), dof=p.critical_dof(1))


def subset(case: Case, groups: list[str]) -> Partialled:
    """The same rows with some of the instruments only."""
    chosen = [j for j, g in enumerate(case.z_groups) if g in groups]
    left = case.p.z @ case.p.mixing[:, chosen]
    z, mixing = orthonormal(left, spread(case.z[:, chosen], case.held.root))
    return Partialled(case.p.y, case.p.d, z, mixing, case.held)
