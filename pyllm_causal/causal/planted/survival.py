"""Made-up times to an event: the fitted rates with a known ratio or difference, and observation that ends as it really did."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect
from ...query import Scale
from ..follow_up import FollowUp
from ..hazards import cox
from ..inference import Fit, effect_of, on_line
from ..kaplan_meier import Curve, curve
from ..sample import Sample
from ..survival_estimate import design_of, hazard_ratio, pseudo, step_of
from . import Made, least_of, reachable, side_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..designs import Finding, Task

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def made(task: Task, finding: Finding) -> Made | None:
    """Times drawn from a proportional-hazards model of the real ones (Bender, Augustin & Blettner 2005, with the stepwise baseline of
    the table), the treatment's coefficient set to the planted size; rows that left observation leave when they did, the others when
    rows of their group do (reverse Kaplan–Meier, given that they stayed so long). That leaving tells nothing is taken over.

    None for `cox_weighted` (its ratio is of everyone's rates, that of the model of rows alike) and for shares by a dose.
    """
    import numpy as np

    from ..designs.survival import Answered, prepare

    found = prepare(task)
    if not isinstance(found, Answered):
        return None
    f, scale = found.f, task.query.scale
    if found.shares is None and finding.method == "cox_weighted":
        return None
    if found.shares is not None and (f.sample.kind == "dose" or finding.method not in ("kaplan_meier", "standardised")):
        return None
    if (f.sample.arm < 0).any() and f.sample.kind == "arms":
        return None
    sample = f.sample
    fit = cox(design_of(sample), sample.y, f.event, sample.weights)
    if not fit.finite:
        return None
    line = sample.x @ fit.beta[1:] if sample.k else np.zeros(sample.n)
    own = design_of(sample)[:, 0]
    middle = float(np.average(own, weights=sample.weights))
    leaving = Leaving(f)

    def simulated(size: float, rng: np.random.Generator) -> FollowUp:
        """`size`: log hazard ratio of one unit of the treatment's column."""
        risk = np.exp(np.clip(line + size * own + (float(fit.beta[0]) - size) * middle, -50, 50))
        place = np.searchsorted(fit.cumulative, rng.exponential(size=sample.n) / risk, side="left")
        times = np.append(fit.times, np.inf)[place]
        ends = leaving.drawn(rng)
        y = np.minimum(times, ends)
        return replace(f, drawn=replace(f.drawn, sample=replace(sample, y=y)), event=np.asarray(times <= ends))

    effect = finding.effect
    per = " for one unit more" if finding.per_unit else ""
    made_up = Made(
        run=lambda size, rng: hazard_ratio(simulated(size / step_of(sample), rng), finding.method).effect,
        error=effect.std_error or math.nan,
        seconds=1e-3 + 2.5e-6 * sample.n + 1e-6 * sample.n * sample.k,
        scale=scale,
        unit=effect.unit,
        up=side_of(effect),
        per=per,
    )
    if found.shares is None:
        return made_up
    estimator, mean_time = found.shares[0].estimator, scale == "difference" and f.horizon is None
    when = f.last if mean_time else f.landmark

    def ratio_for(size: float) -> float | None:
        level = line + float(fit.beta[0]) * middle
        return _ratio_for(size, fit.times, fit.cumulative, level, middle, sample, scale, when, mean_time)

    def shared(size: float, rng: np.random.Generator) -> Effect | None:
        ratio = ratio_for(size)
        if ratio is None:
            return None
        drawn = pseudo(simulated(ratio, rng), when, mean_time, risk=scale != "difference")
        return effect_of(estimator.function(drawn), drawn, scale)

    from ..refuters.planted_effect import seconds_of

    slow = seconds_of(found.shares[1], estimator.name) * (4 if estimator.name == "doubly_robust" else 1)
    made_up = replace(made_up, run=shared, seconds=2e-3 + 2e-6 * sample.n + slow, least=least_of(task, finding))
    return reachable(made_up, lambda size: ratio_for(size) is not None)


def _ratio_for(
    size: float,
    times: Floats,
    cumulative: Floats,
    line: Floats,
    middle: float,
    sample: Sample,
    scale: Scale,
    when: float,
    mean_time: bool,
) -> float | None:
    """The log hazard ratio at which the two groups differ by `size` in the share free of the event (the mean time, the risk)."""
    import numpy as np
    from scipy.optimize import brentq

    weights = sample.weights * sample.wanted()
    grid = times[times <= when]
    top = cumulative[: len(grid)]
    # a few hundred quantiles stand for all the rows
    kept = np.argsort(line, kind="stable")[np.linspace(0, sample.n - 1, min(sample.n, 300)).astype(int)]
    risk, w = np.exp(np.clip(line[kept], -50, 50)), weights[kept] if weights[kept].sum() > 0 else np.ones(len(kept))

    def mean(log_rate: float) -> float:
        rate = risk * math.exp(log_rate)
        if not mean_time:
            free = float(np.average(np.exp(-(top[-1] if len(top) else 0.0) * rate), weights=w))
            return free if scale == "difference" else 1.0 - free
        width = np.diff(np.concatenate([[0.0], grid, [when]]))
        free_at = np.exp(-np.outer(rate, np.concatenate([[0.0], top])))
        return float(np.average(free_at @ width, weights=w))

    def gap(b: float) -> float:
        return on_line(Fit(mean(b - b * middle), mean(-b * middle)), scale) - size

    if size == 0.0:
        return 0.0
    ends = (-6.0, 6.0)
    sides = [gap(b) for b in ends]
    if not all(math.isfinite(v) for v in sides) or sides[0] * sides[1] > 0:
        return None
    return float(brentq(gap, *ends, xtol=1e-9))


class Leaving:
    """When rows leave observation: those that did, at their time; the others later than their event, as their group does."""

    def __init__(self, f: FollowUp) -> None:
        import numpy as np

        sample = f.sample
        self.time, self.event = sample.y, np.asarray(f.event)
        groups = sample.arm if sample.kind == "arms" else np.zeros(sample.n, dtype="int64")
        self.parts: list[tuple[NDArray[np.int64], Curve | None, float]] = []
        for g in np.unique(groups):
            rows = np.flatnonzero((groups == g) & self.event)
            inside = groups == g
            if not (inside & ~self.event).any():
                self.parts.append((rows, None, float(sample.y[inside].max())))
                continue
            c = curve(sample.y[inside], ~self.event[inside], sample.weights[inside])
            self.parts.append((rows, c, float(sample.y[inside].max())))

    def drawn(self, rng: np.random.Generator) -> Floats:
        """(n,) a time of leaving for every row."""
        import numpy as np

        out = self.time.copy()
        for rows, c, end in self.parts:
            if c is None:
                out[rows] = end
                continue
            stayed = np.concatenate([[1.0], c.free])[np.searchsorted(c.times, self.time[rows], side="right")]
            place = np.searchsorted(-c.free, -(rng.random(len(rows)) * stayed), side="left")
            out[rows] = np.append(c.times, end)[place]
        return out
