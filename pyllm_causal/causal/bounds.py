"""What the data allow when the effect is not identified: bounds without and with one assumption, or a sensitivity interval."""

from __future__ import annotations

from ..analysis import Bounds
from ..wording import safe
from .sample import Sample


def no_assumption(sample: Sample) -> Bounds | None:
    """Bounds on E[Y(1)] − E[Y(0)] for everyone when nothing is assumed beyond the range of the outcome (Manski 1990,
    equations 3 and 4).

    Each missing potential outcome may be anything from the smallest to the largest value. None for a dose, and for rows
    in other arms. They always contain zero.
    """
    import numpy as np

    if sample.kind != "arms" or (sample.arm < 0).any() or sample.n == 0:
        return None
    yes_no = sample.outcome_kind == "yes_no"
    least, most = (0.0, 1.0) if yes_no else (float(sample.y.min()), float(sample.y.max()))
    treated = sample.arm == 1
    p1 = float(np.average(treated, weights=sample.weights))
    part1 = float((sample.weights * treated) @ sample.y / sample.weights.sum())
    part0 = float((sample.weights * ~treated) @ sample.y / sample.weights.sum())
    p0 = 1 - p1
    low = (part1 + p0 * least) - (part0 + p1 * most)
    high = (part1 + p0 * most) - (part0 + p1 * least)
    assumed = (
        "nothing is assumed" if yes_no else "nothing is assumed except that no outcome lies outside the range seen"
    )
    return Bounds(low=low, high=high, assumptions=(assumed,), narrower=_monotone(low, high))


def _monotone(low: float, high: float) -> tuple[Bounds, ...]:
    """With a treatment that never moves an outcome down (Manski 1997, section 2) E[Y(1)] is at least, and E[Y(0)] at most, the
    mean seen, so the lower bound becomes zero and the upper stays; the other way round for one that never moves it up."""
    return (
        Bounds(low=0.0, high=max(high, 0.0), assumptions=("if it never lowers the outcome for anybody",)),
        Bounds(low=min(low, 0.0), high=0.0, assumptions=("if it never raises the outcome for anybody",)),
    )


def as_strong_as_measured(sample: Sample) -> Bounds | None:
    """The range of the effect when a hidden cause is as strong as the strongest measured one (Cinelli & Hazlett 2020,
    section 4.4), chance included; None without a measured cause to compare with. On a straight-line model."""
    import math

    from .refuters.sensitivity import partial
    from .robustness import bias_in_errors

    slope, t, dof, benchmarks = partial(sample)
    if dof < 2 or not math.isfinite(t) or not benchmarks or t == 0:
        return None
    strongest = max(benchmarks, key=lambda b: (bias_in_errors(1.0, b, dof), b.column))
    reach = (bias_in_errors(1.0, strongest, dof) + 1.96) * abs(slope / t)
    if not math.isfinite(reach):
        return None
    assumed = (
        f"if what is hidden matters no more than {safe(strongest.column)}, the strongest shared cause in the table"
    )
    return Bounds(low=slope - reach, high=slope + reach, assumptions=(assumed,))
