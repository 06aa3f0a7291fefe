"""How wrong an instrument may be: an effect of its own on the outcome, or a hidden cause that it shares with the outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import Refutation, Verdict
from ..wording import alike, excludes_null, join, number, safe
from .instrument_case import Case
from .instrument_estimate import Answered
from .kclass import Partialled, orthonormal, reduced
from .refuters.sensitivity import partial as strengths
from .robustness import (
    Benchmark,
    Strength,
    as_strong_as,
    bias_in_errors,
    critical_value,
    interval_value,
    robustness_value,
    tipping,
)
from .sample import Sample
from .weak_instrument import ConfidenceSet, anderson_rubin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WORK = 2e8  # rows times squared columns up to which the measured columns are weighed
FAR = 100.0  # times as strong as a column: beyond, no comparison


@dataclass(frozen=True)
class Stage:
    """Instrument (or the part of the treatment that several move) with one target: classical t, degrees of freedom, and the strength
    of every measured column with instrument and target."""

    t: float
    dof: float
    benchmarks: list[Benchmark]


def direct_effect(case: Case, found: Answered) -> Refutation | None:
    """How large an effect of the instrument on the outcome that bypasses the treatment would undo the answer (Conley, Hansen &
    Rossi 2012, section 3.1, the union of intervals over γ in ±δ): |reduced form| takes the whole estimate away, |reduced form| less
    its own margin brings no effect into the interval. Never fails: a measure, not a fault."""
    if case.p.m != 1:
        return None
    through = reduced(case.p)[0]
    z, y = join(list(case.claim.instruments)), safe(case.rows.query.outcome)
    words, step = _step(case, z)
    whole = abs(through.value) * step
    enough = max(whole - 1.96 * through.error * step, 0.0)
    shown, unit = _shown(case, [whole, enough])
    observed = "the margin includes no effect already; there is nothing to undo"
    if excludes_null(found.plain):
        observed = (
            f"{words} would have to change {y} by {shown[0]}{unit} on its own to explain the whole answer; {shown[1]}{unit}"
            " would already leave open whether there is any effect"
        )
    return Refutation(
        check="direct_effect",
        family="sensitivity",
        short="an effect of the instrument past the treatment could undo the answer",
        question=f"How much would {z} have to change {y} past the treatment to undo the answer?",
        expected="more than anybody would believe",
        observed=observed,
        verdict="inconclusive",
        meaning="No table can show that there is no such path; this says how wide it would have to be.",
        figures={"wipes_out": whole, "reaches_zero": enough, "step": step},
    )


def hidden_cause(case: Case, found: Answered) -> Refutation | None:
    """How strong a hidden cause of instrument and outcome would have to be (Cinelli & Hazlett 2025: no effect leaves the
    Anderson–Rubin set where the reduced form does, section 4). Several instruments count as the part of the treatment that they
    move. Passes where one as strong as the strongest measured column leaves the set clear of no effect; fails where that one
    would turn the sign; inconclusive in between, without a column to compare with, or where the set holds no effect already."""
    stage = _stage(case, 0.0)
    if stage is None or stage.dof < 3 or not math.isfinite(stage.t) or not stage.t:
        return None
    z, y = join(list(case.claim.instruments)), safe(case.rows.query.outcome)
    first = _first_stage(case)
    line = reduced(_single(case))[0]
    # bias is in classical errors, the interval in robust ones, with the t that few clusters call for
    wider = line.error / abs(line.value / stage.t) * _critical(case.p.critical_dof(1)) / _critical(stage.dof)
    clear = excludes_null(found.plain)
    value, interval = robustness_value(stage.t, stage.dof), interval_value(stage.t, stage.dof, wider=wider)
    figures: dict[str, float | int | str | None] = {
        "robustness_value": value, "robustness_value_interval": interval, "t": stage.t, "dof": stage.dof,
    }  # fmt: skip
    if first is not None and math.isfinite(first.t):
        figures |= {
            "first_stage": robustness_value(first.t, first.dof),
            "first_stage_interval": interval_value(first.t, first.dof),
        }
    share = f"{number(100 * value)}% of what is left unexplained in both"
    observed = f"a hidden cause of {z} and {y} would have to explain {share}"
    if interval > 0:
        observed += f" ({number(100 * interval)}% would already leave open whether there is any effect)"
    verdict: Verdict = "inconclusive"
    if not clear:
        observed = "the margin includes no effect already; there is nothing to undo"
    elif stage.benchmarks:
        strongest = max(stage.benchmarks, key=lambda b: (bias_in_errors(1.0, b, stage.dof), b.column))
        verdict, more, text = _against(case, found, stage, strongest, wider)
        figures |= more
        factor = tipping(stage.t, strongest, stage.dof)
        name = safe(strongest.column)
        if factor is not None and factor <= FAR:
            much = number(factor, 1 if factor >= 2 else 2)
            observed = f"it would have to matter about {much} times as much as {name}, the strongest measured cause of {z} and {y}"
            observed += text
            figures["tipping"] = factor
        else:
            observed += "; no measured column goes with both enough to compare with"
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short=f"a hidden cause of {z} and {y} no stronger than a measured one could undo the answer",
        question=f"How strong would a hidden cause of both {z} and {y} have to be to wipe the answer out?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning=f"If this fails, a hidden cause no stronger than one that was measured could make {z} and {y} go together by itself.",
        figures=figures,
    )


def _critical(dof: float) -> float:
    from scipy import stats

    return float(stats.t.ppf(0.975, dof))


def _against(
    case: Case, found: Answered, stage: Stage, strongest: Benchmark, wider: float
) -> tuple[Verdict, dict[str, float | int | str | None], str]:
    """(verdict, figures, what the estimate could then be) for a hidden cause as strong as the strongest measured column."""
    figures: dict[str, float | int | str | None] = {"strongest": strongest.column}
    at_zero = as_strong_as(strongest)
    if at_zero is None:
        return "failed", figures, ""
    shift = at_zero.shift(stage.dof)
    figures["bias_in_errors"] = shift
    verdict: Verdict = "inconclusive"
    if abs(stage.t) <= shift:
        verdict = "failed"
    elif abs(stage.t) / wider > critical_value(at_zero, stage.dof, wider=wider):
        verdict = "passed"
    if verdict == "failed":
        return verdict, figures, ""
    reach = could_be(_single(case), Strength(at_zero.treatment, widest(case, strongest)), stage.dof)
    if reach is None:
        return verdict, figures, ""
    low, high = reach
    figures |= {"low": low, "high": high}
    shown, unit = _shown(case, [low, high])
    name = safe(strongest.column)
    return (
        verdict,
        figures,
        f"; one as strong as {name} could make the figure anything from {shown[0]} to {shown[1]}{unit}, chance left aside",
    )


def could_be(p: Partialled, s: Strength, dof: float) -> tuple[float, float] | None:
    """What a hidden cause of this strength could make of the estimate, chance left aside: every effect at which outcome less effect
    times treatment goes with the instrument no more than such a cause could bring about, (g − βh)² ≤ c²(S_yy − 2βS_yd + β²S_dd).
    None where that set has no end."""
    inner = _bounded(p, s.shift(dof) ** 2 / dof)
    return None if inner is None or inner.empty or not inner.bounded else inner.hull


def _bounded(p: Partialled, cut: float) -> ConfidenceSet | None:
    """The set {β: partial correlation odds f² of z with y − βd at most `cut`}, one instrument."""
    z = p.z[:, 0]
    g, h = float(z @ p.y), float(z @ p.d)
    y, d = p.y - z * g, p.d - z * h
    a = h * h - cut * float(d @ d)
    b = -2 * (g * h - cut * float(y @ d))
    c = g * g - cut * float(y @ y)
    inside = b * b - 4 * a * c
    if a <= 0 or inside < 0:
        return None
    root = math.sqrt(inside)
    return ConfidenceSet((((-b - root) / (2 * a), (-b + root) / (2 * a)),))


def robust_set(p: Partialled, s: Strength, dof: float) -> ConfidenceSet:
    """The Anderson–Rubin set that allows for a hidden cause of this strength (Cinelli & Hazlett 2025, section 4.2), with the p's own
    errors (classical where they are)."""
    return anderson_rubin(p, cut=critical_value(s, dof) ** 2)


def widest(case: Case, b: Benchmark) -> float:
    """The largest share that a hidden cause as strong as a measured column could have in outcome less effect times treatment, over
    every effect: the sharper of two quadratic forms in it (their largest generalised eigenvalue)."""
    import numpy as np
    from scipy import linalg

    own = np.array([g == b.column for g in case.x_groups])
    root = case.held.root[:, None]
    pair = np.column_stack([case.y, case.d]) * root
    z, one = _instrument(case)[:, None], np.ones((case.rows.n, 1))

    def left(columns: Floats) -> Floats:
        basis = orthonormal(columns * root)[0]
        rest = pair - basis @ (basis.T @ pair)
        return np.asarray(rest.T @ rest)

    whole, rest = left(np.hstack([one, z, case.x[:, ~own]])), left(np.hstack([one, z, case.x]))
    try:
        share = float(linalg.eigh(whole - rest, whole, eigvals_only=True)[-1])
    except (linalg.LinAlgError, ValueError):
        share = b.outcome
    there = as_strong_as(Benchmark(b.column, b.treatment, min(max(share, b.outcome), 1 - 1e-9)))
    return 1.0 if there is None else there.outcome


def _single(case: Case) -> Partialled:
    """The same rows with one instrument: the part of the treatment that several of them move."""
    if case.p.m == 1:
        return case.p
    p = case.p
    index = p.z @ (p.z.T @ p.d)
    size = math.sqrt(float(index @ index))
    import numpy as np

    return Partialled(p.y, p.d, (index / size)[:, None], np.array([[size]]), p.held)


def _instrument(case: Case) -> Floats:
    """(n,) the instrument as given, or the fitted mix of several."""
    import numpy as np

    if case.z.shape[1] == 1:
        return np.asarray(case.z[:, 0])
    return np.asarray(case.z @ np.linalg.lstsq(case.p.mixing, case.p.z.T @ case.p.d, rcond=None)[0])


def _stage(case: Case, effect: float) -> Stage | None:
    """The instrument with the outcome less `effect` times the treatment."""
    return _seen(case, case.y - effect * case.d)


def _first_stage(case: Case) -> Stage | None:
    return _seen(case, case.d)


def _seen(case: Case, target: Floats) -> Stage | None:
    if case.held.effects is not None or case.rows.n * (case.x.shape[1] + 2) ** 2 > WORK:
        return None
    base = case.sample("dose")
    sample = Sample(
        y=target, arm=base.arm, dose=_instrument(case), x=base.x, weights=base.weights, kind="dose", treated=1.0,
        control=0.0, outcome_kind="number", target="everyone", x_groups=case.x_groups,
    )  # fmt: skip
    return Stage(*strengths(sample)[1:])


def _step(case: Case, name: str) -> tuple[str, float]:
    """A change of the instrument in words, and in its own units: one value to the other, or a standard deviation."""
    import numpy as np

    values = np.unique(case.z[:, 0])
    if len(values) == 2:
        return f"{name} going from one value to the other", float(values[1] - values[0])
    size = float(case.z[:, 0].std())
    return f"{number(size)} more of {name}", size


def _shown(case: Case, values: list[float]) -> tuple[list[str], str]:
    """Figures in the outcome's unit, or in 100 for a yes/no outcome."""
    if case.outcome_kind == "yes_no":
        return alike([100 * v for v in values]), " in 100"
    unit = case.task.table.profile.column(str(case.rows.query.outcome)).unit
    return alike(values), f" {safe(unit)}" if unit else ""
