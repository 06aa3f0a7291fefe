"""Does the answer stay among the rows whose like are found in both groups?"""

from __future__ import annotations

import math
from dataclasses import replace

from ...analysis import Refutation, Verdict
from ...wording import number
from ..propensity import propensity
from . import Trial, refuter
from .again import again
from .told import told

EDGE = 0.1  # Crump, Hotz, Imbens & Mitnik (2009): a rule of thumb close to the optimum for most tables
CLEAR = 1.96


@refuter("trimming", "look only at rows with a fair chance of either treatment")
def trimming(trial: Trial) -> Refutation | None:
    """Rows with a chance of treatment between 0.1 and 0.9. Passes within one standard error of the headline, or within chance
    (two errors of the rows left) on the same side of no effect; fails only where the sign is reversed and both answers are clear of
    no effect, for effects may truly differ among other people; otherwise inconclusive."""
    import numpy as np

    sample = trial.sample
    if sample.randomised or sample.kind != "arms" or sample.k == 0:
        return None
    one, zero = propensity(sample)
    inside = (one >= EDGE) & (one <= 1 - EDGE) & (zero >= EDGE) & (zero <= 1 - EDGE)
    share = float(np.average(inside[sample.wanted()], weights=sample.weights[sample.wanted()]))
    left = min(int((inside & (sample.arm == a)).sum()) for a in (0, 1))
    verdict: Verdict
    value = error = math.nan
    if share > 0.995:
        verdict, observed = "passed", "nearly every row has a fair chance of either treatment"
    elif left < max(10, sample.k + 3):
        verdict, observed = "inconclusive", f"too few rows ({left} in one group) have a fair chance of either treatment"
    else:
        chosen = sample.take(np.asarray(inside))
        chosen = replace(chosen, weights=chosen.weights * (chosen.n / chosen.weights.sum()))
        if chosen.cluster is not None:
            chosen = replace(chosen, cluster=np.unique(chosen.cluster, return_inverse=True)[1])
        value, error = again(trial, chosen)
        if not math.isfinite(value) or not error > 0:
            return None
        apart, same = abs(value - trial.value), value * trial.value > 0
        both = abs(trial.value) > CLEAR * trial.error and abs(value) > CLEAR * error
        verdict = "inconclusive"
        if apart <= trial.error or (same and apart <= 2 * error):
            verdict = "passed"
        elif not same and both and apart > 3.3 * math.hypot(error, trial.error):
            verdict = "failed"
        (then, now), after = told([value, trial.value], trial.scale, trial.estimates.headline.effect.unit)
        observed = (
            f"{then}{after} among the {number(100 * share)}% with a fair chance of either treatment ({now} among all)"
        )
    return Refutation(
        check="trimming",
        family="stability",
        short="rows that could hardly have had the other treatment turn the answer round",
        question="Does the answer stay among rows that could well have had either treatment?",
        expected="about the same",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, the answer rests on rows that have hardly any like them in the other group.",
        figures={
            "share": share,
            "value": value if math.isfinite(value) else None,
            "std_error": error if math.isfinite(error) else None,
        },
    )
