"""Agreement: do other methods, resting on other models, give the same answer?"""

from __future__ import annotations

import math

from ...analysis import Refutation, Verdict
from ...wording import alike, null_of
from . import Trial, refuter


@refuter("other_methods", "answer the question with other methods and compare")
def other_methods(trial: Trial) -> Refutation | None:
    """Passes when every second opinion is within one standard error (of the two, the larger) of the headline; fails when one is
    more than two away or gives the opposite sign with an interval clear of no effect; otherwise inconclusive."""
    effects = [e.effect for e in trial.estimates.others if e.effect.std_error]
    if not effects:
        return None
    main = trial.estimates.headline.effect
    logs = main.scale not in ("difference",)

    def line(value: float) -> float:
        if not logs:
            return value
        ratio = 1 + value / 100 if main.scale == "percent" else value
        return math.log(ratio) if ratio > 0 else math.nan

    gaps = [abs(line(e.value) - line(main.value)) / max(trial.error, e.std_error or 0.0) for e in effects]
    null = null_of(main)
    opposite = any(
        e.low is not None
        and e.high is not None
        and not e.low <= null <= e.high
        and (e.value - null) * (main.value - null) < 0
        for e in effects
    )
    verdict: Verdict = "failed" if opposite or max(gaps) > 2 else "passed" if max(gaps) <= 1 else "inconclusive"
    values = sorted([main.value, *(e.value for e in effects)])
    chances = main.scale == "difference" and trial.sample.outcome_kind == "yes_no"
    ends = [values[0], values[-1]]
    shown = alike([100 * v for v in ends] if chances else ends)
    span = f"between {shown[0]} and {shown[-1]}" if shown[0] != shown[-1] else f"about {shown[0]}"
    return Refutation(
        check="other_methods",
        question="Do other methods give the same answer?",
        expected="within one margin of each other",
        observed=f"{len(effects) + 1} methods gave {span}{' in 100' if chances else ''}",
        verdict=verdict,
        meaning="If this fails, the answer hangs on which model is believed.",
        figures={"largest_gap_in_errors": max(gaps), "methods": len(effects) + 1, "low": values[0], "high": values[-1]},
    )
