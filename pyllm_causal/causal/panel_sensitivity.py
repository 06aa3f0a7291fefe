"""How strong a hidden cause that changes over time would have to be to undo fixed effects (Cinelli & Hazlett 2020)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..analysis import Refutation, Verdict
from ..wording import excludes_null, number, safe
from . import fixed_effects as fe
from .panel_case import Case, Slope, effect_of
from .robustness import Benchmark, bias_in_errors, interval_value, robustness_value, tipping
from .trend_sensitivity import shown_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NORMAL = 1.96
FAR = 100.0  # times as strong as a column: beyond, said so


def hidden_cause(case: Case, slope: Slope) -> Refutation | None:
    """What units and periods leave over: how strong a cause that changes over time would have to be, and what one as strong as the
    strongest measured column could make of the figure. Passes when that one leaves the interval clear of zero, fails when it would
    turn the sign; inconclusive otherwise."""
    fitted = slope.fitted
    dof = float(fitted.dof)
    rest = float(fitted.weights @ fitted.residual**2)
    if dof < 2 or rest <= 0:
        return None
    t = float(fitted.beta[0]) / math.sqrt(rest / dof * float(fitted.bread[0, 0]))
    if not math.isfinite(t) or not t:
        return None
    classical = abs(slope.value / t)
    effect = effect_of(slope, "")
    if effect.low is None or effect.high is None:
        return None
    clear = excludes_null(effect)
    # the margin that counts is the answer's own: clustered, with the t or the bootstrap that few clusters call for
    half = effect.high - effect.value if effect.value < 0 else effect.value - effect.low
    wider = half / NORMAL / classical
    value, interval = robustness_value(t, dof), interval_value(t, dof, wider=wider)
    figures: dict[str, float | int | str | None] = {
        "robustness_value": value, "robustness_value_interval": interval, "t": t, "dof": dof,
    }  # fmt: skip
    base = f"a hidden cause would have to explain {number(100 * value)}% of what is left unexplained in both"
    observed = base if clear else "the margin includes no effect already; there is nothing to undo"
    verdict: Verdict = "inconclusive"
    strengths = benchmarks(case, fitted) if clear else []
    if strengths:
        strongest = max(strengths, key=lambda b: (bias_in_errors(1.0, b, dof), b.column))
        bias = bias_in_errors(1.0, strongest, dof)
        figures |= {"strongest": strongest.column, "bias_in_errors": bias if math.isfinite(bias) else None}
        verdict = "passed" if abs(t) - bias > NORMAL * wider else "failed" if abs(t) < bias else "inconclusive"
        factor = tipping(t, strongest, dof)
        figures["tipping"] = factor
        far = factor is None or factor > FAR
        much = "over 100" if far else f"about {number(factor or 0.0, 1 if (factor or 0.0) >= 2 else 2)}"
        name = safe(strongest.column)
        observed = f"it would have to matter {much} times as much as {name}, the strongest measured cause that changes over time ({base})"
        if verdict != "failed" and math.isfinite(bias):
            ends = [slope.value - bias * classical, slope.value + bias * classical]
            figures |= {"low": ends[0], "high": ends[1]}
            unit = safe(case.task.table.profile.column(str(case.query.outcome)).unit or "")
            shown = shown_in(case.kind == "yes_no", unit)(ends)
            observed += f"; one as strong as {name} could make the figure anything from {shown[0]} to {shown[1]}"
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short="a hidden cause no stronger than a measured one could undo the answer",
        question="How strong would a cause that changes over time and is not in the table have to be to wipe the answer out?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, a hidden cause no stronger than one that was measured could explain the whole answer.",
        figures=figures,
    )


def benchmarks(case: Case, fitted: fe.Fitted) -> list[Benchmark]:
    """Partial R² of every covariate with treatment and with outcome, given the rest and the effects."""
    import numpy as np

    first = case.data.d.shape[1]
    place = {j: i for i, j in enumerate(fitted.kept)}
    y = fitted.x @ fitted.beta + fitted.residual
    out = []
    for name in dict.fromkeys(case.groups):
        own = [place[first + j] for j, g in enumerate(case.groups) if g == name and first + j in place]
        others = [i for i in range(len(fitted.kept)) if i and i not in own]
        if not own:
            continue
        with_d = _share(y, fitted.x, own, [0, *others], fitted.weights)
        alone = _share(fitted.x[:, 0], fitted.x, own, others, fitted.weights)
        out.append(Benchmark(name, float(np.clip(alone, 0, 1 - 1e-9)), float(np.clip(with_d, 0, 1 - 1e-9))))
    return out


def _share(target: Floats, x: Floats, own: list[int], others: list[int], weights: Floats) -> float:
    import numpy as np

    root = np.sqrt(weights)

    def left(columns: list[int]) -> float:
        if not columns:
            return float((root * target) @ (root * target))
        design = x[:, columns] * root[:, None]
        gone = root * target - design @ np.linalg.lstsq(design, root * target, rcond=1e-10)[0]
        return float(gone @ gone)

    without = left(others)
    return 1 - left([*others, *own]) / without if without > 0 else 0.0
