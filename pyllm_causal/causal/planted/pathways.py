"""Made-up mediators and outcomes, for what passes through a mediator: front door and mediation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...analysis import Effect
from ...query import Scale
from .. import glm
from ..estimators.regression import FAMILY
from ..inference import Fit, effect_of, on_line
from ..nested import Means, Pair, Setting, contrast_of, regression_means, robust_means
from ..pathway import Pathway, walk
from ..pathway_identify import covariates_of
from ..propensity import standardised
from ..slopes import product_of_slopes
from . import Made, headline_of, least_of, reachable, side_of
from .ground import signs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..designs import Finding, Task

    Floats = NDArray[np.float64]

CHANCES = (0.02, 0.98)  # between which a chance may lie
CLEAR = 25.0  # the largest step of a linear predictor that is tried


@dataclass(frozen=True)
class Steps:
    """first: (n, q) or chance of a yes/no mediator at the row's own treatment is made from `start` (n, q) without the treatment plus
    `along` (n, a) @ `reach` (a, q); the outcome from `rest` (n,) without the mediators and the treatment, plus along @ `past` (a,),
    plus m @ pull (q,). residual: of mediators (n, q) and outcome (n,)."""

    p: Pathway
    family: glm.Family
    flips: bool
    start: Floats
    reach: Floats
    rest: Floats
    past: Floats
    pull: Floats
    m_residual: Floats
    y_residual: Floats

    def along(self, setting: Setting) -> Floats:
        """(n, a) the treatment: the dose, or indicators of the arms other than the control."""
        import numpy as np

        p = self.p
        if p.sample.kind == "dose":
            return (p.sample.dose if setting is None else np.full(p.n, setting))[:, None]
        levels = np.arange(1, int(p.level.max()) + 1)
        own = p.level if setting is None else np.full(p.n, int(setting))
        return np.asarray(own[:, None] == levels, dtype="float64")

    def mediators(self, setting: Setting, reach: Floats) -> Floats:
        """(n, q) means of the mediators."""
        import numpy as np

        line = self.start + self.along(setting) @ reach
        if not self.flips:
            return line
        # along a dose the chance is a straight line, as in the method's own first step
        return glm.mean_of("logistic", line) if self.p.sample.kind == "arms" else np.clip(line, *CHANCES)

    def outcome(self, setting: Setting, m: Floats, pull: Floats) -> Floats:
        return glm.mean_of(self.family, self.rest + self.along(setting) @ self.past + m @ pull)

    def nested(self, own: Setting, mediated: float, reach: Floats, pull: Floats) -> float:
        """Mean outcome with the treatment at `own` and the mediators as they are under `mediated`."""
        import numpy as np

        s = self.p.sample
        weights = s.weights * s.wanted()
        centre = self.mediators(mediated, reach)
        if self.flips:
            here = [centre[:, 0] * self.outcome(own, np.ones_like(centre), pull)]
            here.append((1 - centre[:, 0]) * self.outcome(own, np.zeros_like(centre), pull))
            kappa = here[0] + here[1]
        else:  # what is left of a row comes with either sign
            sides = [self.outcome(own, centre + side * self.m_residual, pull) for side in (1.0, -1.0)]
            kappa = (sides[0] + sides[1]) / 2
        return float(np.average(kappa, weights=weights))


def made(task: Task, finding: Finding) -> Made | None:
    """Mediators drawn around straight lines (a yes/no one by coin flips) in treatment and covariates, the outcome around a model in
    treatment, mediators and covariates of the outcome's own kind; the planted size is put into the clearer of the two steps' other one.
    What ties treatment and outcome past the mediators stays; that nothing else does what the design rules out is taken over.

    None for categories or several yes/no mediators, whose joint distribution would have to be made up.
    """
    query = task.query
    front = getattr(query.design, "kind", "") == "front_door"
    names = tuple(dict.fromkeys(query.design.mediators))  # type: ignore[union-attr]
    covariates = covariates_of(query, task.table, names, front_door=front)
    if not isinstance(covariates, tuple):
        return None
    stroll = walk(query, task.table, names, covariates, others=front)
    p = getattr(stroll, "pathway", None)
    if p is None:
        return None
    steps = _steps(p)
    effect, scale = headline_of(finding), query.scale
    if steps is None:
        return None
    clearer = _clearer_first(steps)
    for through_outcome in (clearer, not clearer):

        def run(size: float, rng: np.random.Generator, last: bool = through_outcome) -> Effect | None:
            sized = _sized(steps, size, scale, front, last)
            return None if sized is None else _answer(_drawn(steps, *sized, rng), finding.method, scale, front)

        def possible(size: float, last: bool = through_outcome) -> bool:
            return _sized(steps, size, scale, front, last) is not None

        made_up = Made(
            run=run, error=effect.std_error or math.nan, seconds=_seconds(p, finding.method), scale=scale,
            unit=effect.unit, up=side_of(effect), least=least_of(task, finding),
            nouns="effects" if front else "effects through the mediator",
            per=" for one unit more" if finding.per_unit else "",
        )  # fmt: skip
        found = reachable(made_up, possible)
        if found is not None:
            return found
    return None


def _steps(p: Pathway) -> Steps | None:
    import numpy as np

    s, q = p.sample, p.m.shape[1]
    levels = [len(np.unique(column)) for column in p.m.T]
    flips = q == 1 and levels[0] == 2 and set(np.unique(p.m)) == {0.0, 1.0}
    if not flips and (min(levels) <= 2 or len(set(p.m_groups)) < q):
        return None
    family: glm.Family = "linear" if s.kind == "dose" and s.per_unit else FAMILY[s.outcome_kind]
    x = standardised(s.x)
    empty = np.zeros((p.n, 1))
    blank = Steps(p, family, flips, empty, empty, empty[:, 0], empty[0], np.ones(q), empty, empty[:, 0])
    t = blank.along(None)
    design = np.column_stack([np.ones(p.n), t, x])
    a = t.shape[1]
    start, reach, left = np.zeros((p.n, q)), np.zeros((a, q)), np.zeros((p.n, q))
    for j in range(q):
        model = glm.fit(design, p.m[:, j], s.weights, "logistic" if flips and s.kind == "arms" else "linear")
        reach[:, j] = model.beta[1 : 1 + a]
        start[:, j] = design @ model.beta - t @ reach[:, j]
        left[:, j] = (p.m[:, j] - model.mean(design)) * math.sqrt(p.n / max(p.n - design.shape[1], 1))
    last = np.column_stack([design, p.m])
    model = glm.fit(last, s.y, s.weights, family)
    past, pull = model.beta[1 : 1 + a], model.beta[-q:]
    rest = last @ model.beta - t @ past - p.m @ pull
    y_left = (s.y - model.mean(last)) * math.sqrt(p.n / max(p.n - last.shape[1], 1))
    return Steps(p, family, flips, start, reach, rest, past, pull, left, y_left)


def _step(s: Steps) -> Floats:
    """(a,) by how much the contrast moves the treatment's columns."""
    import numpy as np

    sample = s.p.sample
    one, zero = s.along(sample.treated), s.along(sample.control)
    return np.asarray(one[0] - zero[0])


def _clearer_first(s: Steps) -> bool:
    """Whether the treatment's step to the mediators is clearer than theirs to the outcome: the size is then put into the latter."""
    import numpy as np

    p = s.p
    moved = _step(s) @ s.reach
    t = s.along(None) @ _step(s)
    spread = s.m_residual.std(axis=0) if not s.flips else np.full(1, 2.0)
    spread = np.maximum(spread, 1e-300)
    first = float(np.linalg.norm(moved / spread)) * float(t.std())
    noise = {"linear": float(s.y_residual.std()), "logistic": 2.0, "poisson": 1.0}[s.family]
    m_spread = p.m.std(axis=0) if s.flips else spread
    second = float(np.linalg.norm(s.pull * m_spread)) / max(noise, 1e-300)
    return first >= second


def _sized(s: Steps, size: float, scale: Scale, front: bool, through_outcome: bool) -> tuple[Floats, Floats] | None:
    """(reach, pull) with which what passes through the mediators is `size` on the line scale; None where it cannot be."""
    import numpy as np
    from scipy.optimize import brentq

    step = _step(s)
    moved = step @ s.reach
    spread = np.maximum(s.m_residual.std(axis=0), 1e-300) if not s.flips else np.ones(1)
    if through_outcome:
        towards = moved / spread**2
    else:
        towards = s.pull * spread**2
    length = float(np.linalg.norm(towards))
    if length == 0:
        return None
    towards = towards / length

    def at(k: float) -> tuple[Floats, Floats]:
        if through_outcome:
            return s.reach, k * towards
        flat = s.reach - np.outer(step, moved) / float(step @ step)  # nothing of the contrast left
        return flat + np.outer(step, k * towards) / float(step @ step), s.pull

    def gap(k: float) -> float:
        return _contrast(s, *at(k), scale, front) - size

    if size == 0.0:
        return at(0.0)
    if s.family == "linear" and scale == "difference" and not (s.flips and not through_outcome):
        slope = gap(1.0) + size
        return None if slope == 0 else at(size / slope)
    most = CLEAR if s.family != "linear" or s.flips else 1e3 * float(np.abs(s.p.sample.y).max() + 1)
    most /= float(np.abs(spread).max())
    ends = (-most, most)
    sides = [gap(k) for k in ends]
    if not all(math.isfinite(v) for v in sides) or sides[0] * sides[1] > 0:
        return None
    return at(float(brentq(gap, *ends, xtol=1e-8)))


def _contrast(s: Steps, reach: Floats, pull: Floats, scale: Scale, front: bool) -> float:
    import numpy as np

    sample = s.p.sample
    means = np.array([s.nested(own, mediated, reach, pull) for own, mediated in _pairs(s.p, front)])
    found = contrast_of(Means(means, np.zeros((1, len(means)))), *_compared(front), scale)
    return math.nan if found is None else on_line(replace(found, influence=None), scale) if sample.n else math.nan


def _pairs(p: Pathway, front: bool) -> list[Pair]:
    one, zero = p.sample.treated, p.sample.control
    return [(None, one), (None, zero)] if front else [(one, one), (one, zero), (zero, one), (zero, zero)]


def _compared(front: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which of the nested means are averaged and compared: the total through the front door, the indirect effect of a mediation."""
    return ((0,), (1,)) if front else ((0, 2), (1, 3))


def _drawn(s: Steps, reach: Floats, pull: Floats, rng: np.random.Generator) -> Pathway:
    import numpy as np

    p, cluster = s.p, s.p.sample.cluster
    mean = s.mediators(None, reach)
    if s.flips:
        m = np.asarray(rng.random(mean.shape) < mean, dtype="float64")
    else:
        m = mean + s.m_residual * signs(p.n, cluster, rng)[:, None]
    expected = s.outcome(None, m, pull)
    if s.family == "logistic":
        y = np.asarray(rng.random(p.n) < expected, dtype="float64")
    elif s.family == "poisson":
        y = np.asarray(rng.poisson(np.clip(expected, 0, 1e6)), dtype="float64")
    else:
        y = expected + s.y_residual * signs(p.n, cluster, rng)
    return replace(p, m=m, sample=replace(p.sample, y=y))


def _answer(p: Pathway, method: str, scale: Scale, front: bool) -> Effect | None:
    """The headline's method on a made-up pathway."""
    import numpy as np

    sample = p.sample if front else replace(p.sample, kind="dose")
    if method.endswith("product"):
        values, influence = product_of_slopes(p)
        column = np.column_stack([influence[:, 0], np.zeros(p.n)])
        fit: Fit | None = Fit(float(values[0]), 0.0, column, dof=max(float(p.n - 4), 1.0))
        sample = replace(p.sample, kind="dose")
    else:
        solve = robust_means if method.endswith("robust") else regression_means
        fit = contrast_of(solve(p, _pairs(p, front)), *_compared(front), scale)
    return None if fit is None else effect_of(fit, sample, scale)


def _seconds(p: Pathway, method: str) -> float:
    s = p.sample
    k = float(s.k + p.m.shape[1] + 2)
    if method.endswith("product"):
        return 1e-3 + 6e-8 * p.n * k
    if method.endswith("robust"):
        return 3e-2 + 1.2e-5 * p.n * k
    straight = s.outcome_kind == "number" or (s.kind == "dose" and s.per_unit)
    once = (2e-3 if straight else 5e-3) + (1.5e-7 if straight else 3e-7) * p.n * k
    return once if s.kind == "arms" else 2 * once
