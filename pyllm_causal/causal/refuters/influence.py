"""Do a few rows carry the answer? (Broderick, Giordano & Meager 2020)"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import count, number
from .. import glm
from ..estimators.regression import regression
from ..gap import along
from ..learners import expanded
from ..propensity import standardised
from ..sample import Sample
from . import Trial, refuter
from .again import QUICK, again, first
from .told import told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLEAR = 1.96
FEW = 0.002  # of the rows
FEW_ROWS = 2
LITTLE = 1 / 3  # of the estimate, left when the outer outcomes are pulled in
OUTER = 0.01  # the most extreme outcomes
MANY = 0.2  # of the rows: the approximation is one for few


@refuter("influence", "count how many rows would have to go for the answer to turn")
def influence(trial: Trial) -> Refutation | None:
    """The fewest rows whose leaving out turns the sign, or lets the interval include no effect, by the approximation of Broderick,
    Giordano & Meager (2020, section 2.2: the largest sums of influences), and the estimate with the outer 1 % of outcomes (given
    treatment and covariates) pulled in.

    Fails where the interval excludes no effect, leaving out at most 0.2 % of the rows (two of a small table) undoes that, and
    two thirds of the estimate go when the outer outcomes are pulled in. Either alone happens in sound tables: the first wherever
    the margin only just excludes no effect, the second where effects are largest in a long tail. Only for outcomes that are
    numbers without a value that half the rows share: a rare event is no outlier. Inconclusive where under 1 % of the rows turn
    the sign, where pulling in does, or where the interval includes no effect already.
    """
    import numpy as np

    sample = trial.sample
    part = _influences(trial)
    if part is None or not trial.value:
        return None
    pull = np.sort(math.copysign(1.0, trial.value) * part)[::-1] / sample.n
    total = np.cumsum(pull)
    clear = abs(trial.value) > CLEAR * trial.error
    turn = _fewest(total, abs(trial.value))
    lose = _fewest(total, abs(trial.value) - CLEAR * trial.error) if clear else None
    pulled = _pulled_in(trial)
    verdict: Verdict = "inconclusive"
    if not clear:
        observed = "the margin includes no effect already; there is nothing for single rows to turn"
    else:
        kept = 1.0 if pulled is None else pulled / trial.value
        few = lose is not None and lose <= max(FEW_ROWS, FEW * sample.n)
        if few and kept < LITTLE and lose is not None and _undone(trial, part, lose):
            verdict = "failed"
        elif (turn is None or turn > 0.01 * sample.n) and kept > 0:
            verdict = "passed"
        observed = _observed(trial, turn, lose, pulled)
    return Refutation(
        check="influence",
        family="stability",
        short="a handful of rows carries the whole answer",
        question="How many rows would have to go for the answer to turn?",
        expected="more than a handful",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, the answer is that of a handful of rows: look whether they are recorded rightly.",
        figures={
            "rows_to_turn": turn,
            "share_to_turn": None if turn is None else turn / sample.n,
            "rows_to_lose": lose,
            "pulled_in": pulled,
        },
    )


def _observed(trial: Trial, turn: int | None, lose: int | None, pulled: float | None) -> str:
    n = trial.sample.n
    if turn is None or turn > MANY * n:
        text = "it would take a large part of the rows, picked for that, to turn the answer round"
    else:
        rows = "1 row" if turn == 1 else f"{count(turn)} of {count(n)} rows ({number(100 * turn / n)}%)"
        text = f"leaving out {rows}, picked for that, would turn the answer round"
        if lose is not None and lose < turn:
            text += f"; leaving out {count(lose)} would leave open whether there is any effect"
    if pulled is not None:
        (inside, now), after = told([pulled, trial.value], trial.scale, trial.estimates.headline.effect.unit)
        text += f"; with the most unexpected 1% of outcomes pulled in, the answer is {inside}{after} instead of {now}"
    return text


def _influences(trial: Trial) -> Floats | None:
    """(n,) of every row on the estimate, on the line scale; by regression where the method has none (matching)."""
    part = along(first(trial), trial.scale)
    if part is not None:
        return part
    try:
        return along(trial.estimates.fits.get("regression") or regression(trial.sample), trial.scale)
    except ValueError:
        return None


def _fewest(total: Floats, needed: float) -> int | None:
    """How many of the largest it takes to reach what is needed; None where all together do not."""
    import numpy as np

    reached = np.flatnonzero(total > needed)
    return int(reached[0]) + 1 if len(reached) else None


def _undone(trial: Trial, part: Floats, rows: int) -> bool:
    """Whether leaving out those rows (or up to half as many again: the approximation is not exact) does undo the answer."""
    import numpy as np

    order = np.argsort(-math.copysign(1.0, trial.value) * part, kind="stable")
    for many in (rows, math.ceil(1.5 * rows)):
        value, error = again(trial, _rows(trial.sample, np.sort(order[many:])))
        if math.isfinite(value) and (value * trial.value < 0 or abs(value) <= CLEAR * error):
            return True
    return False


def _rows(sample: Sample, rows: NDArray[np.int64]) -> Sample:
    import numpy as np

    left = sample.take(rows)
    if left.cluster is not None:
        left = replace(left, cluster=np.unique(left.cluster, return_inverse=True)[1])
    return left


def _pulled_in(trial: Trial) -> float | None:
    """The estimate with the 1 % of outcomes farthest from a linear model of them (of bent covariates where the headline has those)
    moved to where the other 99 % end; None for what is no number and where half the rows share a value."""
    import numpy as np

    sample = trial.sample
    if sample.outcome_kind != "number" or sample.n < 50:
        return None
    bent = sample.k > 0 and sample.n >= 200 and trial.estimates.estimator.name not in QUICK
    x = expanded(sample.x) if bent else standardised(sample.x)
    arms = [sample.arm == a for a in np.unique(sample.arm)[1:]] if sample.kind == "arms" else [sample.dose]
    design = glm.with_intercept(np.column_stack([standardised(np.column_stack(arms).astype("float64")), x]))
    expected = glm.fit(design, sample.y, sample.weights, "linear", ridge=1e-6).mean(design)
    away = sample.y - expected
    edge = float(np.quantile(np.abs(away), 1 - OUTER))
    _, times = np.unique(sample.y, return_counts=True)
    if edge == 0 or times.max() > 0.5 * sample.n:
        return None
    value, _ = again(trial, replace(sample, y=expected + np.clip(away, -edge, edge)))
    return value if math.isfinite(value) else None
