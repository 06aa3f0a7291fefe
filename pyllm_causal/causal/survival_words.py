"""The sentences on the time to an event, for readers without statistics."""

from __future__ import annotations

from ..analysis import Effect, Level
from ..query import Query
from ..wording import alike, as_subject, excludes_null, number, safe
from .certainty import relevant_matters
from .follow_up import FollowUp
from .headline import headlines
from .survival_checks import Change
from .survival_estimate import told
from .whom import everyone


def title(
    f: FollowUp, effect: Effect, plain: Effect, what: str, higher: str, lower: str, spread: float
) -> dict[Level, str]:
    """The headline by level of certainty."""
    matters, convention = relevant_matters(f.query.matters, spread, plain.unit == "probability")
    low, high = plain.low, plain.high
    little = low is not None and high is not None and -matters < low and high < matters
    if effect.scale != "difference" and effect.scale != "percent" and convention:
        little = little and effect.low is not None and effect.low > 0.8 and (effect.high or 9.0) < 1.25
    if little and convention and excludes_null(effect):
        little = False
    among = f" among {population(f)}" if f.query.where or f.trimmed else ""
    return headlines(_subject(f.query, f), what, higher, lower, effect, little, among)


def _subject(query: Query, f: FollowUp) -> str:
    contrast, name = f.drawn.contrast, safe(query.treatment, 60)
    if contrast.per_unit:
        return f"each further unit of {name}"
    pair = f"{name} = {_shown(contrast.treated)} rather than {_shown(contrast.control)}"
    words = query.words.get("treatment")
    return f"{as_subject(safe(words, 60))} ({pair})" if words else f"having {pair}"


def _shown(value: object) -> str:
    return safe(int(value)) if isinstance(value, float) and value.is_integer() else safe(value)


def population(f: FollowUp) -> str:
    """Whom the answer is about, in words that follow "for"."""
    who = {"treated": f"those with {f.drawn.labels[1]}", "untreated": f"those with {f.drawn.labels[0]}"}
    text = "everyone in the table"
    if f.query.scale != "hazard_ratio" and f.sample.kind == "arms":
        text = who.get(f.query.target, text)
    return everyone(f.query, f.drawn.count, text, bool(f.trimmed))


def _pair(f: FollowUp) -> tuple[str, str]:
    name, contrast = safe(f.query.treatment), f.drawn.contrast
    return f"{name} = {_shown(contrast.treated)}", f"{name} = {_shown(contrast.control)}"


def late(f: FollowUp) -> str:
    """The time at which shares are told, behind "free of it"."""
    return f"{'after' if f.unit else 'at'} {f.until}"


def _by(f: FollowUp) -> str:
    return f"After {f.until}" if f.unit else f"By {f.until},"


def _over(f: FollowUp, top: bool = False) -> str:
    text = f"over the first {f.when(f.last)}" if f.unit else f"up to {f.when(f.last)}"
    return text[:1].upper() + text[1:] if top else text


def rate_sentences(f: FollowUp, e: Effect, change: Change | None) -> tuple[str, ...]:
    """The ratio of rates, and how many of 100 in each group are still free of the event; the second first where the ratio changes."""
    free = told(f)
    one, zero = _pair(f)
    alike_in = ", among rows alike in what is held fixed" if f.sample.k else ""
    span = (
        f" (somewhere between {number(e.low)} and {number(e.high)} times)"
        if e.low is not None and e.high is not None
        else ""
    )
    ratio = f"With {one} the rate of {f.named} is about {number(e.value)} times that with {zero}{alike_in}{span}."
    if f.drawn.contrast.per_unit:
        ratio = f"With each further unit of {safe(f.query.treatment)} the rate of {f.named} is {number(e.value)} times what it was{alike_in}{span}."
    out = [ratio]
    if free is not None and f.sample.kind == "arms":
        fit, _, difference = free
        share = alike([100 * min(max(v, 0.0), 1.0) for v in (fit.treated, fit.control)])
        text = (
            f"{_by(f)} about {share[0]} of 100 with {one} were still free of it, against {share[1]} of 100 with {zero}"
        )
        made = ", rows made alike" if f.sample.k else ""
        out.append(f"{text}{made}.")
        if change is not None and change.clear:
            ends = alike([100 * abs(v or 0.0) for v in (difference.value, difference.low, difference.high)])
            up = "more" if difference.value > 0 else "fewer"
            clear = "" if excludes_null(difference) else "; the margin includes no difference"
            out = [
                out[1],
                f"That is {ends[0]} in 100 {up}{clear}.",
                f"One ratio of rates does not describe it: it changes over time. {ratio}",
            ]
    if change is not None and change.clear and change.early is not None and change.late is not None:
        early, late = alike([change.early.value, change.late.value])
        out.append(f"Up to {f.when(change.split)} the rate was {early} times as high, after that {late} times.")
    return tuple(out)


def share_sentences(
    f: FollowUp, e: Effect, plain: Effect, means: tuple[float, float] | None, mean_time: bool, risk: bool
) -> tuple[str, ...]:
    """Shares of 100, or time, in each group, and the difference."""
    one, zero = _pair(f)
    factor, unit = (1.0, f" {f.unit}" if f.unit else "") if mean_time else (100.0, " in 100")
    size, low, high = alike([abs(factor * v) for v in (plain.value, plain.low or 0.0, plain.high or 0.0)])
    up, down = ("longer", "shorter") if mean_time else ("more", "fewer")
    word = up if plain.value >= 0 else down
    if plain.low is None or plain.high is None:
        span = ""
    elif plain.low >= 0:
        span = f" (somewhere between {low} and {high}{unit} {up})"
    elif plain.high <= 0:
        span = f" (somewhere between {high} and {low}{unit} {down})"
    else:
        span = f" (somewhere between {low}{unit} {down} and {high}{unit} {up})"
    out = []
    if means is not None and f.sample.kind == "arms":
        if mean_time:
            pair = alike(list(means), 3)
            out.append(
                f"{_over(f, True)}, the time free of {f.named} is on average {size}{unit} {word} with {one} than with"
                f" {zero}{span}: {pair[0]}{unit} against {pair[1]}{unit}."
            )
        else:
            pair = alike([100 * min(max(m, 0.0), 1.0) for m in means])
            state = f"have had {f.named}" if risk else f"are still free of {f.named}"
            out.append(f"{_by(f)} about {pair[0]} of 100 with {one} {state}, against {pair[1]} of 100 with {zero}.")
            out.append(f"That is {size}{unit} {word}{span}.")
    else:
        per = (
            f"each further unit of {safe(f.query.treatment)}"
            if f.drawn.contrast.per_unit
            else f"{one} rather than {zero}"
        )
        what = f"the time free of {f.named} {_over(f)}" if mean_time else (
            f"the number with {f.named} by {f.until}" if risk else f"the number still free of {f.named} {late(f)}"
        )  # fmt: skip
        out.append(f"With {per}, {what} is {size}{unit} {word}{span}.")
    if risk:
        if e.scale == "percent":
            between = (
                f" (between {number(e.low)}% and {number(e.high)}%)" if e.low is not None and e.high is not None else ""
            )
            out.append(f"That is a change in the risk of {number(e.value)}%{between}.")
        else:
            shown = alike([e.value, e.low or 0.0, e.high or 0.0])
            name = "odds are" if e.scale == "odds_ratio" else "risk is"
            between = f" (somewhere between {shown[1]} and {shown[2]} times)" if e.low is not None else ""
            out.append(f"The {name} {shown[0]} times as high{between}.")
    return tuple(out)
