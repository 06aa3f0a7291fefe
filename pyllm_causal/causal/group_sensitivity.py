"""What a hidden cause that works differently in two groups would have to be to explain the difference between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis import Effect, Refutation, Verdict
from ..wording import alike, excludes_null, number, safe
from .grouped import Group
from .refuters.sensitivity import partial as strengths
from .robustness import Benchmark, bias_in_errors, robustness_value, tipping

FAR = 100.0  # times the strongest column: beyond, no comparison


@dataclass(frozen=True)
class Side:
    """One of the two groups: classical error of its straight-line effect, degrees of freedom, and its strongest measured cause."""

    name: str
    error: float
    dof: float
    strongest: Benchmark | None

    def bias(self) -> float:
        """What a hidden cause as strong as the strongest measured one could do here, in outcome units."""
        return 0.0 if self.strongest is None else self.error * bias_in_errors(1.0, self.strongest, self.dof)


def side(group: Group, name: str) -> Side | None:
    """From the rows of a group; None where a straight line cannot be drawn."""
    slope, t, dof, found = strengths(group.sample)
    if dof < 2 or not math.isfinite(t) or not t:
        return None
    sample = group.sample
    step = sample.treated - sample.control if sample.kind == "dose" else 1.0
    strongest = max(found, key=lambda b: (bias_in_errors(1.0, b, dof), b.column), default=None)
    return Side(name, abs(step * slope / t), dof, strongest)


def hidden_cause(gap: Effect | None, second: Side | None, first: Side | None, unit: str) -> Refutation | None:
    """How strong a hidden cause of treatment and outcome would have to be in one group alone to explain the difference between the
    two, by straight lines within each (Cinelli & Hazlett 2020). Passes where causes as strong as the strongest measured one, pulling
    in opposite directions in the two, leave the difference clear of zero; fails where one of them in one group would turn it round.
    None on ratio scales and without an interval."""
    if (
        gap is None
        or gap.scale != "difference"
        or gap.low is None
        or gap.high is None
        or second is None
        or first is None
    ):
        return None
    clear, size = excludes_null(gap), abs(gap.value)
    near = min(abs(gap.low), abs(gap.high)) if clear else 0.0
    # where it takes least
    weak = min((second, first), key=lambda s: (robustness_value(size / s.error, s.dof), s.name))
    value = robustness_value(size / weak.error, weak.dof)
    figures: dict[str, float | int | str | None] = {"robustness_value": value, "group": weak.name}
    observed = "the margin of the difference includes none already; there is nothing to undo"
    verdict: Verdict = "inconclusive"
    if clear:
        observed = (
            f"it would have to explain {number(100 * value)}% of what is left unexplained in both among {safe(weak.name)}, and nothing"
            " in the other group"
        )
    measured = [s for s in (second, first) if s.strongest is not None and math.isfinite(s.bias())]
    if clear and measured:
        strongest = max(measured, key=lambda s: (s.bias(), s.name))
        both, one = sum(s.bias() for s in measured), strongest.bias()
        verdict = "passed" if both < near else "failed" if one >= size else "inconclusive"
        assert strongest.strongest is not None
        column = strongest.strongest.column
        factor = tipping(size / strongest.error, strongest.strongest, strongest.dof)
        ends = [gap.value - both, gap.value + both]
        figures |= {"strongest": column, "bias": one, "tipping": factor, "low": ends[0], "high": ends[1]}
        shown = alike([100 * v for v in ends] if unit == "probability" else ends)
        after = " in 100" if unit == "probability" else f" {safe(unit)}" if unit else ""
        if factor is not None and factor <= FAR:
            observed = (
                f"it would have to matter about {number(factor, 1 if factor >= 2 else 2)} times as much as {safe(column)} among"
                f" {safe(strongest.name)}, and not at all in the other group; one as strong as {safe(column)} in both, pulling in opposite"
                f" directions, could make the difference anything from {shown[0]} to {shown[1]}{after}"
            )
    return Refutation(
        check="hidden_cause",
        family="sensitivity",
        short="a hidden cause no stronger than a measured one could make the groups differ",
        question="How strong would a hidden cause that works in one of the groups only have to be to explain the difference?",
        expected="stronger than any that was measured",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, the groups may differ in what is hidden and not in the effect.",
        figures=figures,
    )
