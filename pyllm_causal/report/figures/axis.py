"""From numbers to places: linear and logarithmic axes with round ticks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import SMALL, Canvas, width_of


@dataclass(frozen=True)
class Axis:
    """Numbers from `low` to `high` on pixels `start` to `end` (which may run backwards: up a page)."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of `value`; what lies outside is held at the end."""
        low, high, v = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, v = math.log(low), math.log(high), math.log(v)
        return self.start + (self.end - self.start) * (v - low) / ((high - low) or 1.0)

    def ticks(self, about: int = 5) -> list[float]:
        """Round numbers along the axis."""
        if self.log:
            return _log_ticks(self.low, self.high, about)
        step = _step((self.high - self.low) / max(about, 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]


def spanning(values: Sequence[float], start: float, end: float, log: bool = False, room: float = 0.06) -> Axis:
    """An axis that holds all finite `values` with a little room at both ends."""
    finite = [v for v in values if math.isfinite(v) and (v > 0 or not log)] or [1.0]
    low, high = min(finite), max(finite)
    if log:
        low, high = min(low, high / 1.5), max(high, low * 1.5)
        more = math.exp(room * math.log(high / low))
        return Axis(low / more, high * more, start, end, True)
    if high == low:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    more = room * (high - low)
    return Axis(low - more, high + more, start, end)


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """Ticks as a person writes them, all with the same decimals on a linear axis."""
    gaps = [abs(b - a) for a, b in itertools.pairwise(ticks) if b != a]
    step = min(gaps) if gaps else (abs(ticks[0]) if ticks else 1.0) or 1.0
    largest = max((abs(t) for t in ticks), default=1.0)
    if largest >= 1e7 or (0 < largest < 1e-4):
        return [_powers(t) for t in ticks]
    decimals = 0
    while decimals < 6 and abs(round(step, decimals) - step) > 1e-9 * step:
        decimals += 1
    even = len({round(g / step, 6) for g in gaps}) <= 1
    texts = [f"{t:,.{decimals}f}" if even else f"{t:,g}" for t in ticks]
    return [("0" if float(t.replace(",", "")) == 0 else t).replace("-", "−") for t in texts]


def _powers(value: float) -> str:
    if value == 0:
        return "0"
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{value / size:,g} {word}".replace("-", "−")
    return f"{value:.2g}".replace("-", "−")


def draw_below(canvas: Canvas, axis: Axis, top: float, bottom: float, about: int = 6) -> None:
    """A horizontal axis: thin lines from `top` to `bottom`, and the ticks under them, thinned where they would touch."""
    ticks = axis.ticks(about)
    texts = tick_texts(ticks)
    until = -1e9
    for tick, words in zip(ticks, texts, strict=True):
        x, half = axis.at(tick), width_of(words, SMALL) / 2
        canvas.line(x, top, x, bottom)
        if x - half > until + 6:
            canvas.text(x, bottom + 16, words, "soft", "middle", SMALL)
            until = x + half


def draw_beside(canvas: Canvas, axis: Axis, left: float, right: float, about: int = 5) -> None:
    """A vertical axis: thin lines from `left` to `right`, and the ticks before them."""
    ticks = axis.ticks(about)
    for tick, words in zip(ticks, tick_texts(ticks), strict=True):
        y = axis.at(tick)
        canvas.line(left, y, right, y)
        canvas.text(left - 6, y + 4, words, "soft", "end", SMALL)


def room_beside(axis: Axis, about: int = 5) -> float:
    """Pixels that the tick labels of a vertical axis need."""
    return max((width_of(t, SMALL) for t in tick_texts(axis.ticks(about))), default=0.0) + 10


def _step(rough: float) -> float:
    if not rough > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m for m in (1, 2, 5, 10) if m * power >= rough * 0.75) * power


def _log_ticks(low: float, high: float, about: int) -> list[float]:
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
        ticks = [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]
        if len(ticks) <= about + 2:
            break
    if len(ticks) < 2:
        middle = math.sqrt(low * high)
        ticks = [float(f"{v:.2g}") for v in (low, middle, high)]
    return [float(f"{t:.10g}") for t in ticks]
