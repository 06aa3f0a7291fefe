"""Checks of a difference between groups, each with its own pass rule in units of its standard error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..analysis import Effect, Estimate, GroupedEffect, Refutation
from ..wording import alike
from .agreement import agreement, line_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SHUFFLES = 40


def same_elsewhere(main: Effect | None, others: tuple[Estimate, ...]) -> Refutation | None:
    """Passes when other methods put the difference between the groups within one standard error (the larger of the two), fails
    beyond two."""
    rivals = [
        e.effect.difference_between_groups
        for e in others
        if isinstance(e.effect, GroupedEffect) and e.effect.difference_between_groups is not None
    ]
    if main is None:
        return None
    return agreement(
        main, rivals, gave="gave a difference", question="Do other methods find the same difference between the groups?",
        meaning="If this fails, whether the groups differ hangs on which model is believed.",
    )  # fmt: skip


def shuffled_groups(
    main: Effect | None, codes: Ints, again: Callable[[Ints], Effect | None], rng: np.random.Generator
) -> Refutation | None:
    """Deal the groups out anew among the rows: the difference must vanish (mean within a quarter of a standard error, or within
    three Monte-Carlo errors)."""
    import numpy as np

    if main is None or not main.std_error:
        return None
    values = []
    for _ in range(SHUFFLES):
        try:
            found = again(rng.permutation(codes))
        except np.linalg.LinAlgError:
            continue
        if found is not None and math.isfinite(line_of(found)):
            values.append(line_of(found))
    if len(values) < 10:
        return None
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    ok = abs(mean) <= max(0.25 * main.std_error, 3 * spread / math.sqrt(len(values)))
    shown = alike([mean, line_of(main)])
    return Refutation(
        check="placebo_groups",
        question="If the groups are dealt out at random, does the difference between them vanish?",
        expected="about 0",
        observed=f"{shown[0]} on average in {len(values)} shuffles (the real one is {shown[1]})",
        verdict="passed" if ok else "failed",
        meaning="If this fails, the method finds differences where there are none.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )
