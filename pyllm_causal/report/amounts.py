"""An effect as a reader of a report sees it: factor, unit and interval, two digits, chances in 100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..analysis import Effect
from ..wording import alike, number, safe

RATIOS = ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio")
_SCALES = {
    "ratio": "times as high",
    "odds_ratio": "times the odds",
    "rate_ratio": "times the rate",
    "hazard_ratio": "times the rate",
    "percent": "%",
}


@dataclass(frozen=True)
class Amount:
    """A value and its interval as shown; the ends are None where there are none, the value for bounds."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """`3.3 (2.4 to 4.3)`: all three rounded at one place."""
        if self.value is None:
            return " to ".join(alike([v for v in (self.low, self.high) if v is not None]))
        if self.low is None or self.high is None:
            return number(self.value)
        value, low, high = alike([self.value, self.low, self.high])
        return f"{value} ({low} to {high})"


def factor(effect: Effect) -> float:
    """Chances are shown in 100."""
    return 100.0 if effect.scale == "difference" and effect.unit == "probability" else 1.0


def shown(effect: Effect) -> Amount:
    """The effect in the unit that is shown; an interval without an end has none."""
    f = factor(effect)
    open_ended = effect.unbounded or effect.low is None or effect.high is None
    low, high = (None, None) if open_ended else (f * float(effect.low or 0.0), f * float(effect.high or 0.0))
    return Amount(f * effect.value, low, high)


def unit_words(effect: Effect) -> str:
    """`kg`, `in 100`, `%`, `times as high`, or nothing."""
    if effect.scale in _SCALES:
        return _SCALES[effect.scale]
    return "in 100" if effect.unit == "probability" else safe(effect.unit, 30)


def logarithmic(effect: Effect) -> bool:
    """Whether the effect is a factor, drawn where twice and half lie equally far from one."""
    return effect.scale in RATIOS and effect.value > 0


def with_unit(effect: Effect) -> str:
    """`3.3 kg (2.4 to 4.3)`."""
    amount, unit = shown(effect).text, unit_words(effect)
    return f"{amount}{'' if unit in ('', '%') else ' '}{unit}"


def arm_words(arm: dict[str, Any]) -> str:
    """One of several contrasts: `call against none`, `promo: yes against no`, or `20.3 more of ads`."""
    name = arm.get("treatment")
    if name is not None and arm.get("treated") is None:
        step = arm.get("step")
        return f"{number(step)} more of {safe(name, 60)}" if isinstance(step, int | float) else safe(name, 60)
    pair = f"{safe(arm.get('treated'), 40)} against {safe(arm.get('control'), 40)}"
    return pair if name is None else f"{safe(name, 60)}: {pair}"
