"""How strongly a hidden cause would have to be tied to treatment and event to explain a hazard ratio (VanderWeele & Ding 2017)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..analysis import Effect, Refutation, Verdict
from ..wording import number, safe
from .evalue import COMMON, e_values, risk_ratio
from .follow_up import FollowUp
from .hazards import cox
from .survival_estimate import Ratio, design_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WORK = 2e7  # rows times squared columns times covariates up to which each is left out in turn


def hidden(f: FollowUp, effect: Effect, ratio: Ratio | None = None) -> Refutation | None:
    """The E-value of a hazard ratio and of its interval. Passes where the end of the interval could stand a cause that moves the
    ratio as much as leaving out the strongest measured one does; inconclusive otherwise, and where the interval includes no effect
    already. It never fails: information, not a fault. None for an experiment, for a dose, and without an interval."""
    low, high = effect.low, effect.high
    if f.sample.randomised or f.sample.kind == "dose" or low is None or high is None:
        return None
    common = float(f.event.mean()) >= COMMON
    value = e_values(effect.value, low, high, "hazard", common)
    clear = value.limit is not None and value.limit > 1
    strongest, moved = strongest_left_out(f, ratio) if clear and ratio is not None else ("", 0.0)
    verdict: Verdict = "inconclusive"
    observed = "the margin includes no effect already; there is nothing to explain away"
    if clear and value.limit is not None:
        observed = (
            f"it would have to make both the treatment and {f.named} at least {number(value.value)} times as likely"
            f" ({number(value.limit)} times would already leave open whether there is any effect)"
        )
        near = low if effect.value > 1 else 1 / high
        if strongest:
            verdict = "passed" if risk_ratio(near, "hazard", common) > risk_ratio(moved, "hazard", common) else verdict
            observed += (
                f"; leaving out {safe(strongest)}, which matters most here, changes the ratio {number(moved, 3)}-fold"
            )
    return Refutation(
        check="e_value",
        family="sensitivity",
        short="a weak hidden cause could explain the ratio",
        question=f"How strongly would a hidden cause have to go with both the treatment and {f.named} to explain the answer?",
        expected="more strongly than any measured one",
        observed=observed,
        verdict=verdict,
        meaning="If a hidden cause that strong is likely, the answer may be its work.",
        figures={
            "hazard_ratio": effect.value,
            "e_value": value.value,
            "e_value_limit": value.limit,
            "strongest": strongest or None,
            "moved_by_strongest": moved if strongest else None,
        },
    )


def strongest_left_out(f: FollowUp, ratio: Ratio) -> tuple[str, float]:
    """(the measured cause whose leaving out moves the hazard ratio most, by which factor ≥ 1); ("", 1) without one."""
    import numpy as np

    sample = f.sample
    groups = list(dict.fromkeys(sample.x_groups))
    if not groups or sample.n * (sample.k + 2) ** 2 * len(groups) > WORK:
        return "", 1.0
    design = design_of(sample)

    def log_ratio(columns: Floats) -> float:
        try:
            fit = cox(columns, sample.y, f.event, sample.weights, errors=False)
        except np.linalg.LinAlgError:
            return math.nan
        return ratio.step * float(fit.beta[0]) if fit.finite else math.nan

    whole = log_ratio(design)
    best, far = "", 0.0
    for group in groups:
        kept = [0, *(1 + j for j, g in enumerate(sample.x_groups) if g != group)]
        gap = abs(log_ratio(design[:, kept]) - whole)
        if gap >= far:
            best, far = group, gap
    return best, math.exp(far)
