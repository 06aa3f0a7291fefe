"""Checks of an answer from an instrument. Each has its own pass rule, in units of standard errors.

None can prove that the instrument touches the outcome through the treatment alone; several can show that it does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..analysis import Refutation
from ..wording import alike, excludes_null, join, safe
from .complier import signs
from .instrument_case import Case
from .instrument_estimate import Answered, subset
from .instrument_sensitivity import direct_effect, hidden_cause
from .kclass import apart, fixed, overidentified, partial, sargan, two_stage
from .refuters.negative_control import Look, controls
from .sample import control_values
from .weak_instrument import WEAK, strength

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RARE = 0.01  # chance of a false alarm that is accepted for a whole check
FACTOR = 100.0  # a difference of chances is told in so many of 100


def checks(case: Case, found: Answered) -> tuple[Refutation, ...]:
    """Every check that applies, in a fixed order."""
    every: tuple[Callable[[Case, Answered], Refutation | None], ...] = (
        placebo_instrument, weak_proof, overidentification, leave_one_out, instrument_signs, negative_outcome, direct_effect, hidden_cause,
    )  # fmt: skip
    if not found.plain.std_error:
        return ()
    results = (check(case, found) for check in every)
    return tuple(r for r in results if r is not None)


def placebo_instrument(case: Case, found: Answered) -> Refutation | None:
    """The instruments dealt out anew to the rows (within nothing, so not where there are clusters or fixed effects).

    Passes when the mean of the resulting effects is within a quarter of a standard error of zero or within three Monte-Carlo
    errors. Says nothing about the instrument's own paths.
    """
    import numpy as np

    if case.held.cluster is not None or case.held.effects is not None:
        return None
    p, error = case.p, float(found.plain.std_error or math.nan)
    index = case.z @ np.linalg.lstsq(p.mixing, p.z.T @ p.d, rcond=None)[0]  # the instruments as they move the treatment
    rng = case.task.rng("placebo_instrument")
    values = []
    for _ in range(int(min(200, max(20, 2e6 // case.rows.n)))):
        shuffled = case.held.out_of(index[rng.permutation(case.rows.n)])
        values.append(float(shuffled @ p.y) / float(shuffled @ shuffled))
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    shown, unit = _shown(case, [mean, found.plain.value])
    return Refutation(
        check="placebo_instrument",
        question="If the instrument is dealt out at random, does the effect vanish?",
        expected="about 0",
        observed=f"{shown[0]}{unit} on average in {len(values)} shuffles (the real estimate is {shown[1]}{unit})",
        verdict="passed" if abs(mean) <= max(0.25 * error, 3 * spread / math.sqrt(len(values))) else "failed",
        meaning="If this fails, the method finds effects where there are none.",
        figures={"mean": mean, "spread": spread, "repeats": len(values)},
    )


def weak_proof(case: Case, found: Answered) -> Refutation | None:
    """The usual interval against one that stays right for weak instruments (Anderson & Rubin 1949). Fails where the usual
    one excludes no effect and the other does not, or is unbounded."""
    if case.strength.effective < WEAK or found.confidence.empty:
        return None  # the second interval is the answer's own, or the instruments contradict each other (see below)
    clear = excludes_null(found.plain)
    agrees = found.confidence.bounded and not (clear and found.confidence.holds(0.0))
    low, high = found.confidence.hull
    shown, unit = _shown(case, [low, high])
    return Refutation(
        check="weak_instrument",
        question="Does the answer stay with a margin that allows for weak instruments?",
        expected="the same conclusion",
        observed=f"that margin runs from {shown[0]} to {shown[1]}{unit}",
        verdict="passed" if agrees else "failed",
        meaning="If this fails, the instrument moves the treatment too little for the usual margin to be trusted.",
        figures={
            "low": low if math.isfinite(low) else None,
            "high": high if math.isfinite(high) else None,
            "effective_f": case.strength.effective if math.isfinite(case.strength.effective) else None,
        },
    )


def overidentification(case: Case, found: Answered) -> Refutation | None:
    """Several instruments must tell the same story (robust score test; Sargan's beside it). Fails under 1 in 100."""
    line = found.line or two_stage(case.p)
    tested, even = overidentified(case.p, line), sargan(case.p, line)
    if tested is None or even is None:
        return None
    failed = tested.p_value < RARE
    return Refutation(
        check="overidentification",
        question="Do the instruments tell the same story?",
        expected="no more disagreement than chance gives",
        observed=("more" if failed else "no more") + " disagreement than chance gives",
        verdict="failed" if failed else "passed",
        meaning=(
            "If this fails, at least one of them touches the outcome in another way, or they move people for whom the effect"
            " differs. Passing does not prove them right: they can all be wrong alike."
        ),
        figures={
            "statistic": tested.statistic,
            "dof": tested.dof,
            "p_value": tested.p_value,
            "sargan": even.statistic,
            "sargan_p_value": even.p_value,
        },
    )


def leave_one_out(case: Case, found: Answered) -> Refutation | None:
    """Each instrument left out in turn. Fails where an estimate moves by more than chance gives (errors of the difference
    from the rows themselves; 1 in 100 over all of them)."""
    import numpy as np

    groups = list(dict.fromkeys(case.z_groups))
    if len(groups) < 2:
        return None
    whole = two_stage(case.p)
    moved, values = {}, {}
    for group in groups:
        p = subset(case, [g for g in groups if g != group])
        if p.m == 0 or strength(p).effective < WEAK:
            continue
        rest = two_stage(p)
        error = apart(case.p, whole, rest)
        values[group] = rest.value
        moved[group] = abs(rest.value - whole.value) / error if error > 0 else 0.0
    if not moved:
        return None
    limit = 2.576 + 0.3 * float(np.log(len(moved)))
    bad = [g for g, t in moved.items() if t > limit]
    shown, unit = _shown(case, [min(values.values()), max(values.values())])
    return Refutation(
        check="leave_one_instrument_out",
        question="Does the answer stay when one of the instruments is left out?",
        expected="about the same",
        observed=f"between {shown[0]} and {shown[1]}{unit}" + (f"; it hangs on {join(bad)}" if bad else ""),
        verdict="failed" if bad else "passed",
        meaning="If this fails, one instrument carries the answer and the others contradict it.",
        figures={"tested": len(moved), "largest_gap_in_errors": max(moved.values())},
    )


def instrument_signs(case: Case, found: Answered) -> Refutation | None:
    """What a valid instrument that nobody defies implies for a yes/no treatment (Kitagawa 2015), where nothing has to be held
    fixed. Fails where some share has the wrong sign by more than chance gives (1 in 100 over all of them)."""
    from scipy import stats

    if case.kind != "arms" or not case.simple or case.x.shape[1] or case.held.effects is not None:
        return None
    seen = signs(case.y, case.d, case.z, case.held)
    if not seen.tested:
        return None
    failed = seen.smallest < float(stats.norm.ppf(RARE / seen.tested))
    return Refutation(
        check="instrument_signs",
        question="Does the instrument only move people one way, and the outcome only through them?",
        expected="no range of the outcome in which it takes treated people away",
        observed="there is such a range" if failed else "no such range",
        verdict="failed" if failed else "passed",
        meaning="If this fails, the instrument touches the outcome in another way, or some people do the opposite of what it suggests.",
        figures={"smallest": seen.smallest, "tested": seen.tested},
    )


def negative_outcome(case: Case, found: Answered) -> Refutation | None:
    """Named columns that the treatment cannot affect: the instrument must not go with them either, all instruments tested
    together (`refuters/negative_control.py`)."""
    import numpy as np
    from scipy import stats

    query = case.rows.query

    def look(name: str) -> Look | None:
        values = control_values(case.task.table, name, query, case.rows.index)
        if values is None or len(np.unique(values[np.isfinite(values)])) < 2:
            return None
        rows = np.isfinite(values)
        if rows.sum() < max(20, 2 * case.held.rank):
            return None
        cluster = None if case.held.cluster is None else np.unique(case.held.cluster[rows], return_inverse=True)[1]
        if cluster is not None and int(cluster.max()) < 1:
            return None
        effects = () if case.held.effects is None else tuple(c[rows] for c in case.held.effects.codes)
        p = partial(values[rows], case.d[rows], case.z[rows], fixed(case.x[rows], case.weights[rows], cluster, effects))
        if p.m == 0:
            return None
        through = p.z.T @ p.y
        noise = p.meat(p.z * (p.y - p.z @ through)[:, None], p.m)
        wald = float(through @ np.linalg.pinv(noise, hermitian=True) @ through) / p.m
        z = float(stats.norm.isf(stats.f.sf(wald, p.m, p.critical_dof(p.m)) / 2))
        return Look(z, two_stage(p).error / (float(values[rows].std()) or 1.0))

    return controls(
        query, query.negative_outcomes, (*case.claim.covariates, *case.claim.instruments), look,
        abs(found.plain.value) / (float(case.y.std()) or 1.0), bad="the instrument goes with",
        held_as="held fixed, or be the instrument,",
        meaning="If this fails, the instrument touches more than the treatment, or shares a cause with the outcome.",
    )  # fmt: skip


def _shown(case: Case, values: list[float]) -> tuple[list[str], str]:
    """Figures in the outcome's unit, or in 100 for a yes/no outcome."""
    if case.outcome_kind == "yes_no":
        return alike([FACTOR * v for v in values]), " in 100"
    unit = case.task.table.profile.column(str(case.rows.query.outcome)).unit
    return alike(values), f" {safe(unit)}" if unit else ""
