"""What else would have to jump at the cut-off: in outcome units, and beside the jumps of the measured columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis import Refutation, Verdict
from ..wording import alike, excludes_null, number, safe
from .cutoff import Cut
from .cutoff_estimate import Answered, critical
from .cutoff_fit import own_jump
from .local_polynomial import kernel_of

MOST_COLUMNS = 12  # looked at
FAR = 100.0  # times the strongest column: beyond, no comparison


@dataclass(frozen=True)
class Worth:
    """A measured column: how much of the outcome's jump its own jump at the cut-off accounts for (≥ 0, in outcome units)."""

    column: str
    worth: float


def worths(cut: Cut, found: Answered) -> list[Worth]:
    """Of every covariate held fixed: its jump times the outcome's slope on it, among the rows within the bandwidth and beside the
    lines on both sides and the other covariates. Categories count as one."""
    import numpy as np

    if not cut.covariates:
        return []
    z, groups = cut.rows.covariates(cut.covariates)
    local = found.local
    weight = kernel_of(cut.x, local.jump.h, local.kernel) * cut.weights
    near = weight > 0
    right = cut.right.astype("float64")
    lines = np.vander(cut.x / local.jump.h, local.p + 1, increasing=True)
    design = np.column_stack([lines, lines * right[:, None], z])[near]
    if near.sum() < design.shape[1] + 5:
        return []
    root = np.sqrt(weight[near])
    slopes = np.linalg.lstsq(design * root[:, None], cut.y[near] * root, rcond=1e-10)[0][2 * (local.p + 1) :]
    out: dict[str, float] = {}
    for j, name in enumerate(groups):
        if len(out) >= MOST_COLUMNS and name not in out:
            break
        try:
            below, above = own_jump(cut.other(z[:, j]))[1]
            out[name] = out.get(name, 0.0) + (above - below) * float(slopes[j])
        except np.linalg.LinAlgError:
            continue
    return [Worth(name, abs(value)) for name, value in out.items()]


def hidden_cause(cut: Cut, found: Answered) -> Refutation | None:
    """How far another cause would have to jump at the cut-off to undo the answer: it moves the outcome's jump by just as much as its
    own jump moves the outcome. Passes where one that jumps as the strongest measured column does leaves the interval clear of no
    effect; fails where that one would turn the sign; inconclusive in between, and without a column to compare with. None where
    there is no interval."""
    effect = found.effect
    if effect.unbounded or effect.low is None or found.plain.low is None or found.plain.high is None:
        return None
    place, y = cut.place, safe(cut.query.outcome)
    value, near, scale = _room(cut, found)
    measured = worths(cut, found)
    strongest = max(measured, key=lambda w: (w.worth, w.column), default=None)
    clear = excludes_null(effect) and excludes_null(found.plain)
    figures: dict[str, float | int | str | None] = {"wipes_out": value, "reaches_zero": near if clear else 0.0}
    verdict: Verdict = "inconclusive"
    observed = "the margin includes no effect already; there is nothing to undo"
    if clear:
        worth = 0.0 if strongest is None else strongest.worth
        ends = [found.plain.value - worth * scale, found.plain.value + worth * scale]
        shown, unit = _shown(cut, [value, near, worth, *ends])
        observed = (
            f"something else would have to jump at {place} too, by as much as moves {y} by {shown[0]}{unit}, to explain the whole"
            f" answer; {shown[1]}{unit} would already leave open whether there is any effect"
        )
        if strongest is not None:
            verdict = "passed" if worth < near else "failed" if worth >= value else "inconclusive"
            figures |= {"strongest": strongest.column, "worth": worth, "low": ends[0], "high": ends[1]}
            name = safe(strongest.column)
            observed += f" (of the measured columns {name} jumps most, worth {shown[2]}{unit}"
            times = value / worth if worth > 0 else math.inf
            if times <= FAR:
                figures["tipping"] = times
                observed += f", so about {number(times, 1 if times >= 2 else 2)} times as much as {name}"
            observed += ")"
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short="another cause that jumps no more at the cut-off than a measured one could undo the answer",
        question=f"How far would another cause of {y} have to jump at {place} to wipe the answer out?",
        expected="further than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a cause that is not in the table need not jump more than one that is to explain the whole answer.",
        figures=figures,
    )


def _room(cut: Cut, found: Answered) -> tuple[float, float, float]:
    """(jump of the outcome that is to be explained, less its margin, effect a unit of that jump)."""
    if not cut.fuzzy:
        low, high = found.plain.low or 0.0, found.plain.high or 0.0
        return abs(found.plain.value), min(abs(low), abs(high)), 1.0
    local = found.local
    assert local.jump.reduced_covariance is not None
    whole = abs(local.jump.value * local.jump.first)
    error = math.sqrt(max(float(local.jump.reduced_covariance[0, 0]), 0.0))
    near = max(abs(local.jump.reduced[0]) - critical(local) * error, 0.0)
    return whole, min(near, whole), abs(cut.factor / local.jump.first)


def _shown(cut: Cut, values: list[float]) -> tuple[list[str], str]:
    if cut.outcome_kind == "yes_no":
        return alike([100 * v for v in values]), " in 100"
    unit = cut.rows.table.profile.column(str(cut.query.outcome)).unit
    return alike(values), f" {safe(unit)}" if unit else ""
