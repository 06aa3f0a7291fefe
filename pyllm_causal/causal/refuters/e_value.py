"""The E-value of the answer: how strongly must a hidden cause be tied to treatment and outcome, as ratios?"""

from __future__ import annotations

import math

from ...analysis import Refutation, Verdict
from ...wording import number, safe
from ..evalue import EValue, e_values
from ..gap import gradient
from ..inference import effect_of, on_line
from . import Trial, refuter
from .again import again, first, without


@refuter("e_value", "say how strongly a hidden cause must be tied to both, as ratios of chances")
def e_value(trial: Trial) -> Refutation | None:
    """For ratios, and for yes/no outcomes on any scale (through the ratio of the two chances; VanderWeele & Ding 2017). Passes
    where the end of the interval could stand a column that moves the ratio as much as the strongest measured one does;
    inconclusive otherwise; never fails, for it is information, not a fault."""
    sample = trial.sample
    if sample.randomised or (sample.outcome_kind != "yes_no" and trial.scale == "difference"):
        return None
    ratio = effect_of(trial.estimates.fit, sample, "ratio")
    if ratio is None or not ratio.std_error or ratio.low is None or ratio.high is None:
        return None
    value = e_values(ratio.value, ratio.low, ratio.high)
    clear = value.limit is not None and value.limit > 1
    strongest, moved = _strongest(trial)
    verdict: Verdict = "inconclusive"
    near = ratio.low if ratio.value > 1 else 1 / ratio.high if ratio.high > 0 else 0.0
    if clear and strongest and near > math.exp(moved):
        verdict = "passed"
    return Refutation(
        check="e_value",
        family="sensitivity",
        short="a weak hidden cause could explain the ratio",
        question="How strongly would a hidden cause have to go with both treatment and outcome to explain the ratio?",
        expected="more strongly than any measured one",
        observed=_observed(value, clear, strongest, moved, sample.outcome_kind == "yes_no"),
        verdict=verdict,
        meaning="If a hidden cause that strong is likely, the answer may be its work.",
        figures={
            "ratio": ratio.value,
            "e_value": value.value,
            "e_value_limit": value.limit,
            "strongest": strongest or None,
            "moved_by_strongest": math.exp(moved) if strongest else None,
        },
    )


def _observed(value: EValue, clear: bool, strongest: str, moved: float, chance: bool) -> str:
    if not clear:
        return "the margin includes no effect already; there is nothing to explain away"
    what = "likely" if chance else "large"
    text = f"it would have to make both {number(value.value)} times as {what}"
    if value.limit is not None:
        text += f" ({number(value.limit)} times would already leave open whether there is any effect)"
    if strongest:
        text += f"; leaving out {safe(strongest)} changes the ratio {number(math.exp(moved), 3)}-fold"
    return text


def _strongest(trial: Trial) -> tuple[str, float]:
    """The column whose leaving out moves the log ratio most, and by how much."""
    from dataclasses import replace

    told = replace(trial, scale="ratio")
    base = on_line(first(trial), "ratio")
    if not math.isfinite(base):
        return "", 0.0
    gradient(first(trial), "ratio")
    best, far = "", 0.0
    for group in dict.fromkeys(trial.sample.x_groups):
        value, _ = again(told, without(trial.sample, {group}))
        if math.isfinite(value) and abs(value - base) >= far:
            best, far = group, abs(value - base)
    return best, far
