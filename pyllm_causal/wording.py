"""Numbers and names as a person reads them. Pure functions; nothing here computes an effect."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from .analysis import Effect, Level

VERBS: dict[Level, str] = {
    "high": "leads to",
    "moderate": "probably leads to",
    "low": "may lead to",
    "very_low": "may lead to",
}
LITTLE: dict[Level, str] = {
    "high": "makes little or no difference to",
    "moderate": "probably makes little or no difference to",
    "low": "may make little or no difference to",
    "very_low": "may make little or no difference to",
}
DOTS: dict[Level, str] = {"high": "●●●●", "moderate": "●●●○", "low": "●●○○", "very_low": "●○○○"}
LEVEL_WORDS: dict[Level, str] = {"high": "High", "moderate": "Moderate", "low": "Low", "very_low": "Very low"}


def safe(text: object, limit: int = 80) -> str:
    """Untrusted text for a terminal: no control or direction characters, no line breaks, bounded length."""
    cleaned = "".join(
        " " if ch in "\n\r\t" else ch for ch in str(text) if ch in "\n\r\t" or unicodedata.category(ch)[0] != "C"
    )
    cleaned = re.sub(r"\s+", " ", cleaned).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def gist(description: str | None) -> str | None:
    """The first phrase of a column's description, as a person would say it; None where there is none to speak of."""
    head = re.split(r"[(;:,\[]|\.\s", description or "", maxsplit=1)[0].strip(" .-")
    return safe(head, 60) if 3 <= len(head) <= 60 else None


def join(items: Sequence[object], word: str = "and") -> str:
    """`a, b and c`, each item made safe."""
    parts = [safe(i) for i in items]
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def as_subject(words: str) -> str:
    """A person's words for a treatment in front of a verb in the singular: `having adverts`, `quitting smoking`."""
    first, _, _ = words.casefold().partition(" ")
    plural = (
        words.casefold().endswith("s")
        and not words.casefold().endswith(("ss", "us", "is"))
        and not first.endswith("ing")
    )
    return f"having {words}" if plural and first != "having" else words


def columns_text(items: Sequence[object], most: int = 12) -> str:
    """A list of columns, shortened when long."""
    if not items:
        return "nothing"
    if len(items) <= most:
        return join(items)
    return f"{', '.join(safe(i) for i in items[: most - 1])} and {len(items) - most + 1} others"


def number(value: float, digits: int = 2) -> str:
    """Two significant digits, plain notation, thousands separated; whole numbers stay whole from 100 on."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "unknown"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    decimals = digits - 1 - magnitude
    rounded = round(value, decimals)
    if rounded != 0 and math.floor(math.log10(abs(rounded))) > magnitude:
        decimals -= 1
    if magnitude < -6 or magnitude > 14:
        text = f"{value:.{digits - 1}e}"
    else:
        text = f"{rounded:,.{max(decimals, 0)}f}"
    return text.replace("-", "−")


def alike(values: Sequence[float], digits: int = 2) -> list[str]:
    """Several numbers rounded at the same place, two significant digits for the largest, so that they can be compared.

    Different numbers that would look the same get up to two digits more.
    """
    finite = [abs(v) for v in values if math.isfinite(v) and v != 0]
    if not finite:
        return [number(v) for v in values]
    decimals = digits - 1 - math.floor(math.log10(max(finite)))
    if decimals > 6 or decimals < -14:
        return [number(v, digits) for v in values]
    texts = []
    for v in values:
        shown = round(v, decimals) if math.isfinite(v) else v
        if not math.isfinite(v) or (shown == 0 and v != 0):
            texts.append(number(v, 1))
        else:
            texts.append(f"{shown + 0.0:,.{max(decimals, 0)}f}".replace("-", "−"))
    if digits < 4 and len(set(texts)) < len({round(v, 12) for v in values}):
        return alike(values, digits + 1)
    return texts


def count(n: int) -> str:
    """A whole number with thousands separated."""
    return f"{n:,}"


def null_of(effect: Effect) -> float:
    """The value that means "no effect" on the effect's scale."""
    return 0.0 if effect.scale in ("difference", "percent") else 1.0


def excludes_null(effect: Effect) -> bool:
    """Whether the interval excludes "no effect"."""
    if effect.low is None or effect.high is None:
        return False
    return not effect.low <= null_of(effect) <= effect.high


def sized(
    effect: Effect, up: str, down: str, *, factor: float = 1.0, unit: str = "", after: str = ""
) -> tuple[str, str]:
    """("3.3 kg higher", " (somewhere between 2.4 and 4.3 kg higher)"): words say the direction, never a minus sign."""
    bounded = effect.low is not None and effect.high is not None
    low, high = factor * (effect.low or 0.0), factor * (effect.high or 0.0)
    value = factor * effect.value
    size, first, second = alike([abs(value), abs(low), abs(high)])
    main = f"{size}{unit} {up if value >= 0 else down}{after}"
    if not bounded:
        return main, ""
    if low >= 0:
        span = f"{first} and {second}{unit} {up}"
    elif high <= 0:
        span = f"{second} and {first}{unit} {down}"
    else:
        span = f"{first}{unit} {down} and {second}{unit} {up}"
    return main, f" (somewhere between {span})"


def plain_figure(effect: Effect) -> str:
    """An effect in a few words, without its interval: `1.6 lower`, `14 fewer in 100`, `1.3 times as high`."""
    return plain_figures([effect])[0]


def plain_figures(effects: Sequence[Effect]) -> list[str]:
    """Effects on one scale in a few words each, rounded alike, so that they can be compared."""
    if not effects:
        return []
    first = effects[0]
    if first.scale not in ("difference", "percent"):
        what = {"odds_ratio": "odds ", "rate_ratio": "a rate ", "hazard_ratio": "a rate "}.get(first.scale, "")
        return [f"{what}{shown} times as high" for shown in alike([e.value for e in effects])]
    chance = first.scale == "difference" and first.unit == "probability"
    factor, up, down, after = (100, "more", "fewer", " in 100") if chance else (1, "higher", "lower", "")
    unit = "%" if first.scale == "percent" else "" if chance or not first.unit else f" {first.unit}"
    sizes = alike([factor * abs(e.value) for e in effects])
    return [f"{size}{unit} {up if e.value >= 0 else down}{after}" for size, e in zip(sizes, effects, strict=True)]
