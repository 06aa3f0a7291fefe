"""The figures that an answer holds: what each is, and the sizes in which it may be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ..analysis import Answer, Effect

NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[−–-](?=[\d.]))?(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?![\w]|[.,]\d)"
)
# A number of the text that counts things is no percentage.
_COUNTED = re.compile(r"\s+(?:rows?|columns?|places?|checks?|methods?|resamples|links?|people|values|more\s+of)\b")
RATIOS = ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio")

Role = Literal["value", "end", "mean", "count", "other", "plain", "method"]


@dataclass(frozen=True)
class Figure:
    """One number of the answer in the sizes in which it may be written, and what it is."""

    size: float
    role: Role
    signed: float | None = None
    percent: bool | None = None  # may it carry a percent sign: True must, False must not, None may


def figures_of(answer: Answer) -> Iterator[Figure]:
    for effect, role in effects_of(answer):
        yield from _written(effect, role)
    if answer.estimates and answer.estimates[0].means is not None:
        for mean in answer.estimates[0].means:
            yield Figure(abs(mean), "mean")
            if abs(mean) <= 1:
                yield Figure(100 * abs(mean), "mean")
    divided = [{k: v for k, v in p.items() if k != "moves"} for p in answer.attribution or ()]
    for value in _walk([p.get("moves") for p in answer.attribution or ()], 0):
        yield Figure(abs(value), "other", percent=False)
    for part in (answer.association, divided, answer.counterfactual, _decided(answer), answer.experiment):
        for value in _walk(part, 0):
            yield Figure(abs(value), "other")
            if abs(value) <= 1:
                yield Figure(100 * abs(value), "other")
    if answer.bounds is not None:
        for value in (answer.bounds.low, answer.bounds.high):
            yield Figure(abs(value), "other")
            yield Figure(100 * abs(value), "other", percent=False)
    if answer.sample is not None:
        yield Figure(answer.sample.rows, "count")
        yield Figure(answer.sample.used, "count")
        for n in (*answer.sample.by_arm.values(), *(d.rows for d in answer.sample.dropped)):
            yield Figure(n, "count")
    query = answer.provenance.get("query")
    for value in _walk({k: v for k, v in query.items() if k != "graph"} if isinstance(query, dict) else None, 0):
        yield Figure(abs(value), "other")
    settled = {round(f.size, 12) for e, r in effects_of(answer) for f in _written(e, r)}
    for token in NUMBER.finditer(answer.text):
        shown, places = parse(token["n"])
        # numbers of the text that are no figure of the effect: counts, strengths, shares
        if not any(near(size, shown, places) for size in settled):
            counted = _COUNTED.match(answer.text, token.end()) is not None
            yield Figure(shown, "other", percent=False if counted else None)


def _decided(answer: Answer) -> list[Any]:
    """What a decision adds to the effect: shares in both groups, the number needed, what counts as small."""
    decision = answer.decision or {}
    shares, needed = (
        part if isinstance(part, dict) else {} for part in (decision.get("per_100"), decision.get("number_needed"))
    )
    return [shares.get("treated"), shares.get("control"), needed.get("value"), decision.get("matters")]


def effects_of(answer: Answer) -> Iterator[tuple[Effect, Role]]:
    effect = answer.effect
    if effect is not None:
        yield effect, "value"
        for name in ("direct", "indirect", "total", "proportion", "difference_between_groups"):
            part = getattr(effect, name, None)
            if part is not None:
                yield (_in_100(part) if name == "proportion" else part), "value"
        for group in getattr(effect, "groups", ()):
            yield group, "value"
    if answer.difference is not None:
        yield answer.difference, "value"
    for arm in answer.arms or ():
        for key in ("effect", "difference"):
            found = _effect(arm.get(key))
            if found is not None:
                yield found, "value"
    if answer.unadjusted is not None:
        yield answer.unadjusted, "plain"
    for estimate in answer.estimates[1:]:
        yield estimate.effect, "method"


def _in_100(share: Effect) -> Effect:
    """A share as percent."""
    ends = {k: None if v is None else 100 * v for k, v in (("low", share.low), ("high", share.high))}
    return share.model_copy(update={"value": 100 * share.value, **ends, "scale": "percent"})


def _effect(part: Any) -> Effect | None:
    """An effect within a list of them; None where a file holds something else there."""
    from pydantic import ValidationError

    if not isinstance(part, dict) or part.get("value") is None:
        return None
    try:
        return Effect(**{k: v for k, v in part.items() if k in Effect.model_fields})
    except ValidationError:
        return None


def _written(effect: Effect, role: Role) -> Iterator[Figure]:
    """The sizes in which an effect may be written: chances as such or in 100, ratios as such or as percent more or less."""
    for value, own in ((effect.value, role), (effect.low, "end"), (effect.high, "end")):
        if value is None:
            continue
        kind: Role = role if own == role else "end" if role == "value" else role
        if effect.scale in RATIOS:
            yield Figure(abs(value), kind, value)
            yield Figure(100 * abs(value - 1), kind, value - 1, percent=True)
        elif effect.scale == "percent":
            yield Figure(abs(value), kind, value, percent=True)
        elif effect.unit == "probability":
            yield Figure(abs(value), kind, value, percent=False)
            yield Figure(100 * abs(value), kind, value, percent=False)
        else:
            yield Figure(abs(value), kind, value, percent=False)
            if abs(value) <= 1:
                yield Figure(100 * abs(value), kind, value, percent=False)


def ends_of(effect: Effect) -> list[tuple[float, float]]:
    if effect.low is None or effect.high is None:
        return []
    out = [(effect.low, effect.high)]
    if effect.unit == "probability":
        out.append((100 * effect.low, 100 * effect.high))
    if effect.scale in RATIOS:
        out.append((100 * (effect.low - 1), 100 * (effect.high - 1)))
    return out


def _walk(part: Any, depth: int) -> Iterator[float]:
    if depth > 6:
        return
    if isinstance(part, bool):
        return
    if isinstance(part, (int, float)):
        yield float(part)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _walk(value, depth + 1)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from _walk(value, depth + 1)


def near(size: float, shown: float, places: int) -> bool:
    """Whether `size` rounds to what is shown: at its last digit, or, with zeros at the end, at two digits or more."""
    if abs(size - shown) <= 0.5 * 10.0**-places * (1 + 1e-9):
        return True
    if places > 0 or shown < 10:
        return False
    text = str(int(shown))
    zeros = min(len(text) - len(text.rstrip("0")), len(text) - 2)
    return zeros > 0 and abs(size - shown) <= 0.5 * 10.0**zeros


def parse(text: str) -> tuple[float, int]:
    plain = text.replace(",", "").lstrip("−-$")
    return float(plain), len(plain.partition(".")[2])
