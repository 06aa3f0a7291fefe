"""What an answer means for a decision: per 100 treated, how likely it is to be worth it, and up to which cost it pays.

Chances are those of the estimate alone: the share of a flat-prior posterior, which for a normal (or t) estimate is its sampling
distribution turned round (Gelman et al. 2013, section 2.5 and 3.2). They hold only if what the design assumes holds, say
nothing of hidden causes, and are given for no answer that is graded very low.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis import Effect, GroupEffect, Level
from ..wording import alike, count, join, number, safe

MONEY = ("$", "€", "£", "¥", "usd", "eur", "gbp", "chf", "dollar", "euro", "pound", "franc")
MOST_GROUPS = 4  # named in a sentence
NEVER = 1e-9  # no chance is told to be smaller, nor its opposite larger
CHANCE = "the chance of "
LIKELY = {1: "raises", -1: "lowers"}


@dataclass(frozen=True)
class Belief:
    """Where the effect lies, as far as the estimate says: a t (normal for infinite dof) around `middle`, or two half-normals that
    meet at it where the interval is lopsided. `most` is the largest chance that may be told for either side of zero, `edge`
    the largest for anything else."""

    middle: float
    below: float
    above: float
    dof: float
    most: float
    edge: float

    def over(self, x: float) -> float:
        """Chance that the effect lies above x, never nearer to 0 or 1 than the interval allows."""
        from scipy import special

        spread = self.above if x >= self.middle else self.below
        z = (x - self.middle) / spread
        chance = float(special.stdtr(self.dof, -z) if math.isfinite(self.dof) else special.ndtr(-z))
        # no claim about a part of one side may be surer than the claim about that side
        top = self.most if x >= 0 else self.edge
        bottom = 1 - (self.most if x <= 0 else self.edge)
        return min(max(chance, bottom, NEVER), top, 1 - NEVER)


def belief(effect: Effect) -> Belief | None:
    """From an effect as a difference with a bounded interval; None where chance cannot be judged.

    The usual interval tells its own t: half its width over the standard error. An interval of another kind (no p-value, or a width
    that no t gives) is taken for its 2.5 % and 97.5 % points and never read beyond them.
    """
    from scipy import optimize, special

    low, high, error = effect.low, effect.high, effect.std_error
    if effect.unbounded or low is None or high is None or not low < high or not all(map(math.isfinite, (low, high))):
        return None
    tail = (1 - effect.level) / 2
    normal = -float(special.ndtri(tail))
    half, middle = (high - low) / 2, (high + low) / 2
    width = half / error if error else 0.0
    if effect.p_value is not None and error and 0.98 * normal <= width <= -0.98 * float(special.stdtrit(1, tail)):
        dof = math.inf
        if width > normal * (1 + 1e-4):
            dof = float(optimize.brentq(lambda d: -float(special.stdtrit(d, tail)) - width, 1.0, 1e6))
        most = 1 - min(max(effect.p_value, 0.0), 1.0) / 2
        return Belief(middle, half / max(width, normal), half / max(width, normal), dof, max(most, 0.5), 1.0)
    least = 1e-9 * half
    below, above = max(effect.value - low, least) / normal, max(high - effect.value, least) / normal
    return Belief(effect.value, below, above, math.inf, 1 - tail, 1 - tail)


def decision(
    effect: Effect,
    means: tuple[float, float] | None,
    outcome_kind: str,
    matters: float,
    threshold: float | None,
    unit: str,
    kind: str,
    groups: Sequence[GroupEffect] | None = None,
    *,
    convention: bool = False,
    certainty: Level | None = None,
    population: str = "",
    one_unit: bool = False,
) -> dict[str, Any] | None:
    """The decision view of an answer; None where the effect is no difference.

    effect: on the difference scale, for the whole population of the answer; means: outcome with and without the treatment;
    matters: smallest difference that matters (> 0; `convention`: ours, not the asker's), threshold: what treating one row has to bring to pay,
    both in the effect's unit (chances from 0 to 1; a threshold below zero asks for a fall of at least that much). kind: arms, or dose for
    an effect per unit or between two doses. one_unit: the answer is about a single unit, of which there are no hundred.

    {per_100: {treated?, control?, change, low, high}, number_needed?: {value, low, high, more}, chance?: {above_zero, below_zero,
    above_matters, below_minus_matters, pays?}, break_even: {value, low, high, unit, per}, matters, convention, threshold, unit,
    for_whom, groups?}. Low and high are None where the interval has no end. No chances at certainty very_low.
    """
    if effect.scale != "difference" or not math.isfinite(effect.value):
        return None
    chance = outcome_kind == "yes_no" and effect.unit == "probability"
    low, high = (None, None) if effect.unbounded else (effect.low, effect.high)
    out: dict[str, Any] = {
        "matters": matters,
        "convention": convention,
        "unit": "probability" if chance else unit,
        "for_whom": population,
    }
    if not one_unit:
        out["per_100"] = _per_100(effect, means if kind == "arms" else None, chance, low, high)
    counted = chance and kind == "arms" and not one_unit
    if counted and low is not None and high is not None and (low > 0 or high < 0):
        near, far = sorted((abs(low), abs(high)))
        out["number_needed"] = {
            "value": 1 / abs(effect.value),
            "low": 1 / far,
            "high": 1 / near,
            "more": effect.value > 0,
        }
    out["break_even"] = {
        "value": effect.value,
        "low": low,
        "high": high,
        "unit": out["unit"],
        "per": "treated row" if kind == "arms" else "step of the treatment",
    }
    if threshold is not None:
        out["threshold"] = threshold
    told = certainty != "very_low"
    found = belief(effect) if told else None
    if found is not None:
        out["chance"] = _chances(found, matters)
        if threshold is not None:
            out["chance"]["pays"] = pays(found, threshold)
    if groups and told:
        shown = [_group(g, matters, threshold) for g in groups if g.scale == "difference"]
        # most worth treating first: by the chance that the effect matters in the direction of the whole
        sign = "above_matters" if effect.value >= 0 else "below_minus_matters"
        out["groups"] = sorted(
            shown, key=lambda g: (g["chance"] is None, -(g["chance"] or {}).get(sign, 0.0), str(g["group"]))
        )
    return out


def _per_100(
    effect: Effect, means: tuple[float, float] | None, chance: bool, low: float | None, high: float | None
) -> dict[str, float | None]:
    """Events (or outcome units) among 100 treated, against the same 100 untreated."""
    out: dict[str, float | None] = {}
    slack = max(1e-9, 0.5 * (effect.std_error or 0.0))
    # means of another scale or direction than the effect are worse than none
    if chance and means is not None and abs((means[0] - means[1]) - effect.value) <= slack:
        out["treated"], out["control"] = (100 * min(max(m, 0.0), 1.0) for m in means)
    out["change"] = 100 * effect.value
    out["low"] = None if low is None else 100 * low
    out["high"] = None if high is None else 100 * high
    return out


def _chances(found: Belief, matters: float) -> dict[str, float]:
    above = found.over(0.0)
    return {
        "above_zero": above,
        "below_zero": 1 - above,
        "above_matters": found.over(matters),
        "below_minus_matters": 1 - found.over(-matters),
    }


def pays(found: Belief, threshold: float) -> float:
    """Chance that the effect is beyond the threshold: above it, or for a threshold below zero, below it."""
    return found.over(threshold) if threshold >= 0 else 1 - found.over(threshold)


def _group(group: GroupEffect, matters: float, threshold: float | None) -> dict[str, Any]:
    found = belief(group)
    chances = None if found is None else _chances(found, matters)
    if found is not None and chances is not None and threshold is not None:
        chances["pays"] = pays(found, threshold)
    return {
        "group": group.group,
        "rows": group.rows,
        "value": group.value,
        "low": None if group.unbounded else group.low,
        "high": None if group.unbounded else group.high,
        "chance": chances,
    }


def in_100(chance: float, capped: bool = False) -> str:
    """A chance in words, never certain: "about 98 in 100", "over 99 in 100", "under 1 in 100"."""
    percent = 100 * chance
    if percent > 99.4:
        return "over 99 in 100"
    if percent < 0.6:
        return "under 1 in 100"
    if capped and percent >= 50:
        return f"over {math.floor(percent + 1e-9)} in 100"
    if capped:
        return f"under {math.ceil(percent - 1e-9)} in 100"
    return f"about {round(percent)} in 100"


def decision_sentences(found: dict[str, Any] | None, outcome: str, certainty: Level) -> list[str]:
    """At most two sentences for the reader of an answer: how likely it is to matter, and whether it pays.

    outcome: the outcome in words, that of a yes/no one as "the chance of death". Nothing is said at certainty very_low, where there
    is no chance to tell, and where the asker named neither what matters nor a threshold and the interval includes no effect: a
    chance of "at all" would then say more than the answer does.
    """
    if found is None or certainty == "very_low" or "chance" not in found:
        return []
    if found["convention"] and not _clear(found["break_even"]):
        return [] if found.get("threshold") is None else _pays_sentence(found, outcome, conditional=True)
    doubt = " (which is in doubt here)" if certainty == "low" else ""
    start = f"If what is assumed holds{doubt},"
    value = float(found["break_even"]["value"])
    sign = 1 if value >= 0 else -1
    if found.get("groups"):
        first = _groups_sentence(found, start, outcome, sign)
        if first is not None:
            return [first, *_pays_sentence(found, outcome, groups=_told(found))][:2]
    chance = found["chance"]
    if found["convention"]:
        key, size = ("above_zero" if sign > 0 else "below_zero"), " at all"
    else:
        key = "above_matters" if sign > 0 else "below_minus_matters"
        size = f" by more than {_amount(found['matters'], found['unit'])}"
    first = f"{start} the chance is {in_100(chance[key])} that it {LIKELY[sign]} {outcome}{size}."
    return [first, *_pays_sentence(found, outcome)][:2]


def _told(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [g for g in found["groups"] if g["chance"] is not None]


def _groups_sentence(found: dict[str, Any], start: str, outcome: str, sign: int) -> str | None:
    told = _told(found)
    if len(told) < 2 or len(told) > MOST_GROUPS or found["convention"]:
        return None
    key = "above_matters" if sign > 0 else "below_minus_matters"
    parts = _by_group(told, key)
    size = f"by more than {_amount(found['matters'], found['unit'])}"
    return f"{start} the chance that it {LIKELY[sign]} {outcome} {size} is {join(parts)}."


def _by_group(groups: Sequence[dict[str, Any]], key: str) -> list[str]:
    return [f"{in_100(g['chance'][key])} for {safe(g['group'], 40)}" for g in groups]


def _clear(even: dict[str, Any]) -> bool:
    """Whether the interval excludes no effect."""
    low, high = even["low"], even["high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def _pays_sentence(
    found: dict[str, Any], outcome: str, conditional: bool = False, groups: Sequence[dict[str, Any]] = ()
) -> list[str]:
    """Whether it pays: against the asker's threshold, in every group where those are told; for money, the cost at which it breaks
    even; for events, how many have to be treated for one."""
    unit, chance, even = found["unit"], found["chance"], found["break_even"]
    per = "row treated" if even["per"] == "treated row" else "step of the treatment"
    threshold = found.get("threshold")
    if threshold is not None:
        # whether a rise or a fall is a gain only the asker knows: "saves" of days free of disease would be a harm
        size = f"{LIKELY[1 if threshold >= 0 else -1]} {outcome}"
        size += f" by at least {_amount(abs(threshold), unit)}" if threshold else " at all"
        size += "" if even["per"] == "treated row" else " for a step of the treatment"
        start = "If what is assumed holds, the chance" if conditional else "The chance"
        how = join(_by_group(groups, "pays")) if groups else in_100(chance["pays"])
        return [f"{start} that it {size}, as you ask, is {how}."]
    if groups:
        return []  # one figure for all would hide that the groups differ
    if _money(unit):
        return [_break_even_sentence(even, per)]
    needed = found.get("number_needed")
    if needed is None or needed["value"] < 1.5 or not outcome.startswith(CHANCE):
        return []  # of a rate nobody is counted
    shown = [
        count(max(1, round(v))) if v < 100 else number(v) for v in (needed["value"], needed["low"], needed["high"])
    ]
    span = f" (somewhere between {shown[1]} and {shown[2]})" if shown[1] != shown[2] else ""
    what = "more" if needed["more"] else "fewer"
    return [f"About {shown[0]} have to be treated{span} for one {what} with {outcome.removeprefix(CHANCE)}."]


def _break_even_sentence(even: dict[str, Any], per: str) -> str:
    value, low, high, unit = (even[k] for k in ("value", "low", "high", "unit"))
    shown = alike([abs(value), abs(low or 0.0), abs(high or 0.0)])
    money = f" {safe(unit)}"
    if value <= 0:
        span = ""
        if low is not None and high is not None:
            span = f" (somewhere between {shown[2]} and {shown[1]}{money})"
            if high > 0:
                span = f" (anything from a loss of {shown[1]} to a gain of {shown[2]}{money})"
        return f"Where more of it is a gain, this costs about {shown[0]}{money} a {per}{span}, before it is paid for."
    span = ""
    if low is not None and high is not None:
        span = f" (somewhere between {shown[1]} and {shown[2]}{money})"
        if low < 0:
            span = f" (anything from a loss of {shown[1]} to a gain of {shown[2]}{money})"
    return f"Where more of it is a gain, it breaks even at a cost of about {shown[0]}{money} a {per}{span}."


def _money(unit: str) -> bool:
    words = unit.casefold().replace(",", " ").split()
    return any(m in unit for m in MONEY[:4]) or any(w.rstrip("s.") in MONEY for w in words)


def _amount(value: float, unit: str) -> str:
    if unit == "probability":
        return f"{_asked(100 * value)} in 100"
    return f"{_asked(value)} {safe(unit)}" if unit else _asked(value)


def _asked(value: float) -> str:
    """A figure of the asker's own, as short as it was given: 1, 0.8, 1,500."""
    figure, power, exponent = number(value, 3).partition("e")
    return (figure.rstrip("0").rstrip(".") if "." in figure else figure) + power + exponent
