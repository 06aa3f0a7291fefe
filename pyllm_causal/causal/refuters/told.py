"""Figures of the line scale in the user's units."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...query import Scale
from ...wording import alike, safe


def told(values: Sequence[float], scale: Scale, unit: str) -> tuple[list[str], str]:
    """(texts, what follows the last of them): differences in the outcome's unit, chances "in 100", ratios as "times".

    `values` are on the line scale; those that are not finite read as unknown. `unit` is that of the effect.
    """
    if scale == "difference":
        chance = unit == "probability"
        texts = alike([100 * v if chance else v for v in values])
        return texts, " in 100" if chance else f" {safe(unit)}" if unit else ""
    ratios = [math.exp(min(v, 700.0)) if math.isfinite(v) else v for v in values]
    if scale == "percent":
        return alike([100 * (r - 1) if math.isfinite(r) else r for r in ratios]), "%"
    return alike(ratios), " times"
