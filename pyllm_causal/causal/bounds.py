"""What the data allow when the effect is not identified: no-assumption bounds (Manski 1990, equations 3 and 4)."""

from __future__ import annotations

from ..analysis import Bounds
from .sample import Sample


def no_assumption(sample: Sample) -> Bounds | None:
    """Bounds on E[Y(1)] − E[Y(0)] for everyone when nothing is assumed beyond the range of the outcome.

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
    return Bounds(low=low, high=high, assumptions=(assumed,))
