"""Sentences about effects through mediators, in plain words."""

from __future__ import annotations

from ..analysis import Effect, Level
from ..query import Query
from ..wording import LITTLE, VERBS, alike, columns_text, excludes_null, join, null_of, safe
from .sample import Drawn
from .whom import everyone

LEVELS: tuple[Level, ...] = ("high", "moderate", "low", "very_low")


def outcome_text(query: Query, kind: str) -> str:
    """The outcome as it is named in sentences: the person's own words, and the event of a yes/no outcome."""
    words = query.words.get("outcome")
    if words:
        return safe(words, 60)
    name = safe(query.outcome, 60)
    return f"{name} = {safe(query.outcome_event, 40)}" if kind == "yes_no" and query.outcome_event is not None else name


def cause_text(query: Query, kind: str, per_unit: bool, treated: str, control: str) -> str:
    """The treatment as the subject of a sentence."""
    name = safe(query.treatment, 60)
    if kind == "dose":
        return f"each further unit of {name}" if per_unit else f"having {name} at {treated} rather than {control}"
    return f"having {name} = {treated} rather than {control}"


def size_text(effect: Effect) -> str:
    """`3.3 kg higher (somewhere between 2.4 and 4.3 kg higher)`; chances in 100; ratios as times."""
    if effect.scale not in ("difference", "percent"):
        shown = alike([effect.value, effect.low or 0.0, effect.high or 0.0])
        span = f" (somewhere between {shown[1]} and {shown[2]})" if effect.low is not None else ""
        return f"{shown[0]} times as high{span}"
    factor, unit, up, down = 1.0, f" {effect.unit}" if effect.unit else "", "higher", "lower"
    after = ""
    if effect.unit == "probability":
        factor, unit, up, down, after = 100.0, "", "more", "fewer", " in 100"
    if effect.unit == "%":
        unit = "%"
    value, low, high = (factor * v for v in (effect.value, effect.low or 0.0, effect.high or 0.0))
    size, first, second = alike([abs(value), abs(low), abs(high)])
    main = f"{size}{unit} {up if value >= 0 else down}{after}"
    if effect.low is None:
        return main
    if low >= 0:
        return f"{main} (somewhere between {first} and {second}{unit} {up})"
    if high <= 0:
        return f"{main} (somewhere between {second} and {first}{unit} {down})"
    return f"{main} (somewhere between {first}{unit} {down} and {second}{unit} {up})"


def through_headlines(
    mediators: tuple[str, ...], cause: str, outcome: str, kind: str, effect: Effect, small: bool, among: str
) -> dict[Level, str]:
    """One sentence a level of certainty on what passes through the mediators."""
    names = join(list(mediators))
    what = f"the chance of {outcome}" if kind == "yes_no" else outcome
    direction = "higher" if effect.value > null_of(effect) else "lower"
    more = f"a {direction} chance of {outcome}" if kind == "yes_no" else f"{direction} {outcome}"
    out: dict[Level, str] = {}
    for level in LEVELS:
        if level == "very_low":
            out[level] = f"We can't tell whether {cause} changes {what} through {names}{among}."
        elif excludes_null(effect):
            out[level] = f"Through {names}, {cause} {VERBS[level]} {more}{among}."
        elif small:
            out[level] = f"Through {names}, {cause} {LITTLE[level]} {what}{among}."
        else:
            out[level] = (
                f"We can't tell from this table whether {cause} changes {what} through {names}{among}: the margin includes"
                " no effect."
            )
    return out


def value_text(value: object) -> str:
    """A level or dose as a person reads it."""
    if not isinstance(value, float):
        return safe(value)
    return safe(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}".replace("-", "−")


def population_text(query: Query, drawn: Drawn, trimmed: float) -> str:
    """Whom the answer is about, in words that follow "for"."""
    who = {"treated": f"those with {drawn.labels[1]}", "untreated": f"those with {drawn.labels[0]}"}.get(query.target)
    text = who if who and drawn.sample.kind == "arms" else "everyone in the table"
    return everyone(query, drawn.count, text, bool(trimmed))


def held_text(query: Query, covariates: tuple[str, ...]) -> str:
    """What was held fixed, and on whose word."""
    if covariates:
        return f"Compared rows alike in {columns_text(covariates, 20)}."
    said = query.adjust_for == () and query.source("graph") == "you" and query.graph is None
    return "Nothing else was held fixed" + (": you said that nothing needs to be." if said else ".")
