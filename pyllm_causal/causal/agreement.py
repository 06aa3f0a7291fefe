"""Do second opinions agree with the answer? One rule for every design, on the scale where sampling is symmetric."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analysis import Effect, Refutation, Verdict
from ..wording import alike, null_of, number


def line_of(effect: Effect) -> float:
    """The effect where sampling is symmetric: the difference itself, or the log ratio. NaN where there is none."""
    if effect.scale == "difference":
        return effect.value
    ratio = 1 + effect.value / 100 if effect.scale == "percent" else effect.value
    return math.log(ratio) if ratio > 0 else math.nan


def agreement(
    main: Effect,
    others: Sequence[Effect],
    *,
    ways: str = "methods",
    question: str = "Do other methods give the same answer?",
    meaning: str = "If this fails, the answer hangs on which model is believed.",
    gave: str = "gave",
    after: str = "",
    limit: float = 2.0,
) -> Refutation | None:
    """Passes when every second opinion is within one standard error (of the two, the larger) of the answer; fails when one is
    more than `limit` away, or gives the opposite sign with an interval clear of no effect; otherwise inconclusive.

    `others` are on the scale of `main`; those without an error are left out, and None comes back where none is left. `after`
    follows the figures where they are no chances.
    """
    others = [e for e in others if e.std_error and math.isfinite(line_of(e))]
    if not others or not main.std_error:
        return None
    gap = max(abs(line_of(e) - line_of(main)) / max(main.std_error, e.std_error or 0.0) for e in others)
    null = null_of(main)
    opposite = any(
        e.low is not None
        and e.high is not None
        and not e.low <= null <= e.high
        and (e.value - null) * (main.value - null) < 0
        for e in others
    )
    verdict: Verdict = "failed" if opposite or gap > limit else "passed" if gap <= 1 else "inconclusive"
    values = sorted([main.value, *(e.value for e in others)])
    chances = main.scale == "difference" and main.unit == "probability"
    ends = [100 * v if chances else v for v in (values[0], values[-1])]
    low, high = alike(ends)
    if number(ends[0]) == number(ends[1]):
        low = high = number(ends[0])
    span = f"between {low} and {high}" if low != high else f"about {low}"
    span += " in 100" if chances else after or (f" {main.unit}" if main.scale == "difference" and main.unit else "")
    return Refutation(
        check="other_methods",
        question=question,
        expected="within one margin of each other",
        observed=f"{len(others) + 1} {ways} {gave} {span}",
        verdict=verdict,
        meaning=meaning,
        figures={"largest_gap_in_errors": gap, "methods": len(others) + 1, "low": values[0], "high": values[-1]},
    )
