"""How large a shock that struck the treated unit alone would explain the gap to its mix."""

from __future__ import annotations

import math

from ..analysis import Effect, Refutation, Verdict
from ..wording import alike, excludes_null, number
from .synthetic import Mix


def hidden_cause(mix: Mix, before: int, unit: str, effect: Effect, amount_unit: str, start: str) -> Refutation | None:
    """The shock, kept up from the start on, that would explain the gap, beside how far unit and mix ever parted before.

    effect: the mean gap as a difference with its placebo interval; before: periods before the start. Passes where a lasting shock as
    large as the largest gap of any period before leaves the interval clear of no effect; fails where one that large would explain
    the whole gap; inconclusive in between, and where the interval includes no effect already.
    """
    import numpy as np

    if effect.low is None or effect.high is None or before < 1:
        return None
    largest = float(np.abs(mix.gap[:before]).max())
    clear, size = excludes_null(effect), abs(effect.value)
    near = min(abs(effect.low), abs(effect.high)) if clear else 0.0
    factor, after = (
        (100.0, " in 100") if amount_unit == "probability" else (1.0, f" {amount_unit}" if amount_unit else "")
    )
    times = size / largest if largest > 0 else math.inf
    figures: dict[str, float | int | str | None] = {
        "wipes_out": size, "reaches_zero": near, "largest_before": largest, "misfit": mix.misfit,
        "times": times if math.isfinite(times) else None,
    }  # fmt: skip
    shown = alike([factor * v for v in (size, near, largest)])
    observed = "the margin includes no effect already; there is nothing to undo"
    verdict: Verdict = "inconclusive"
    if clear:
        verdict = "passed" if largest < near else "failed" if largest >= size else "inconclusive"
        much = f"about {number(times)} times" if times <= 100 else "over 100 times"
        observed = (
            f"something else would have to move {unit} alone by {shown[0]}{after} on average from {start} on, {much} as far as it ever"
            f" strayed from its mix before ({shown[2]}{after}); {shown[1]}{after} would already leave open whether there is any effect"
        )
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short=f"a shock to {unit} no larger than one before could explain the gap",
        question=f"How large a shock to {unit} alone would explain the gap?",
        expected="larger than any that was seen before",
        observed=observed,
        verdict=verdict,
        meaning=f"If this fails, {unit} strayed as far from its mix before without any treatment.",
        figures=figures,
    )
