"""Made-up outcomes of two groups or doses: a model of the real outcome in the covariates, an effect of any size, fresh noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...query import Scale
from .. import glm
from ..estimators.regression import FAMILY, ROWS_A_SLOPE, vary_alike
from ..inference import Fit, on_line
from ..learners import expanded
from ..propensity import standardised
from ..sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

PENALTY: dict[glm.Family, float] = {"linear": 0.003, "logistic": 0.004, "poisson": 0.01}  # of a flexible model
FLEXIBLE_ROWS = 100  # in the smaller group
MOST_SPREAD = 20.0  # of counts beyond Poisson
OUTSIDE = 0.01  # of the rows may have a chance beyond 0 or 1 that is cut


@dataclass(frozen=True)
class Ground:
    """What made-up outcomes of a sample are made from.

    base: (n,) linear predictor without the treatment; lift: (n,) how far the effect of a treated row differs from the average;
    residual: (n,) what the model leaves (numbers); spread: of counts beyond Poisson (variance m + spread · m²).
    """

    sample: Sample
    family: glm.Family
    base: Floats
    lift: Floats
    residual: Floats
    spread: float

    @property
    def straight(self) -> bool:
        """Whether the effect is a slope of the mean itself: a dose per unit, whatever the outcome."""
        return self.sample.kind == "dose" and self.sample.per_unit

    def mean(self, effect: float, scale: Scale) -> Floats | None:
        """(n,) mean outcome of every row under its own treatment, with an effect on the line scale planted; None where the outcome
        cannot have it (chances beyond 1)."""
        import numpy as np

        s = self.sample
        if self.straight:
            slope = effect / (s.treated - s.control)
            mean = glm.mean_of(self.family, self.base) + slope * (s.dose - s.dose.mean())
            return self._possible(mean)
        if s.kind == "dose":
            own, one, zero = (v - s.dose.mean() for v in (s.dose, s.treated, s.control))
        else:
            own, one, zero = (s.arm == 1).astype("float64"), 1.0, 0.0
        size = self._size(effect, scale, one, zero)
        if size is None:
            return None
        lift = self.lift if s.kind == "arms" else np.zeros(s.n)
        return self._possible(glm.mean_of(self.family, self.base + own * (size + lift)))

    def _size(self, effect: float, scale: Scale, one: float, zero: float) -> float | None:
        """The coefficient with which the means of those asked about differ by `effect`."""
        import numpy as np
        from scipy.optimize import brentq

        s = self.sample
        weights = s.weights * s.wanted()

        def gap(size: float) -> float:
            means = [
                float(np.average(glm.mean_of(self.family, self.base + t * (size + self.lift)), weights=weights))
                for t in (one, zero)
            ]
            return on_line(Fit(means[0], means[1]), scale)

        if self.family == "linear":
            middle, lift = (float(np.average(v, weights=weights)) for v in (self.base, self.lift))
            if scale == "difference":
                return (effect - lift) / (one - zero)
            ratio = math.exp(effect)  # (middle + one · size + lift) / (middle + zero · size)
            return ((ratio - 1) * middle - lift) / (one - ratio * zero) if middle > 0 else None
        far = 25.0 + float(np.abs(self.lift).max(initial=0.0))  # an arm without events lies far off
        ends = (-far / abs(one - zero), far / abs(one - zero))
        sides = [gap(v) - effect for v in ends]
        if not all(math.isfinite(v) for v in sides) or sides[0] * sides[1] > 0:
            return None
        return float(brentq(lambda v: gap(v) - effect, *ends, xtol=1e-10))

    def _possible(self, mean: Floats) -> Floats | None:
        import numpy as np

        low, high = (
            (-math.inf, math.inf) if self.family == "linear" else (0.0, 1.0 if self.family == "logistic" else 1e6)
        )
        beyond = (mean < low) | (mean > high)
        return None if float(beyond.mean()) > OUTSIDE else np.clip(mean, low, high)

    def noisy(self, mean: Floats, rng: np.random.Generator) -> Floats:
        """(n,) an outcome around its means: residuals with a random sign each, alike within a cluster (numbers; so that spread that
        varies and rows that belong together stay as they are), coin flips, or counts."""
        import numpy as np

        if self.family == "logistic":
            return np.asarray(rng.random(len(mean)) < mean, dtype="float64")
        if self.family == "poisson":
            if self.spread > 1e-6:
                mean = mean * rng.gamma(1 / self.spread, self.spread, len(mean))
            return np.asarray(rng.poisson(mean), dtype="float64")
        return mean + self.residual * signs(self.sample.n, self.sample.cluster, rng)


def signs(n: int, cluster: NDArray[np.int64] | None, rng: np.random.Generator) -> Floats:
    """(n,) −1 or 1 at random, the same within a cluster."""
    import numpy as np

    size = n if cluster is None else int(cluster.max()) + 1
    drawn = np.asarray(rng.integers(0, 2, size) * 2.0 - 1.0)
    return drawn if cluster is None else drawn[cluster]


def ground(sample: Sample, flexible: bool, within: bool = False) -> Ground:
    """The outcome model of a sample: straight in the covariates, or with splines and products where `flexible`; one model an arm
    where rows allow it (not with `within`: pairs and small strata leave no residual then)."""
    import numpy as np

    family = FAMILY[sample.outcome_kind]
    flexible = flexible and sample.k > 0 and _smallest(sample) >= FLEXIBLE_ROWS
    x = expanded(sample.x) if flexible else standardised(sample.x)
    penalty = 0.0
    if flexible:
        unit = {
            "linear": 1.0,
            "logistic": 0.25,
            "poisson": max(float(np.average(sample.y, weights=sample.weights)), 1e-12),
        }
        penalty = PENALTY[family] * unit[family]
    base, lift, mean, reach = np.zeros(sample.n), np.zeros(sample.n), np.zeros(sample.n), np.zeros(sample.n)
    apart = sample.kind == "arms" and not within and (flexible or _smallest(sample) >= ROWS_A_SLOPE * (x.shape[1] + 1))
    apart = apart and vary_alike(sample)
    if apart:
        design = glm.with_intercept(x)
        lines = {}
        for arm in (1, 0):
            rows = sample.arm == arm
            model = _fitted(design, sample, family, penalty, rows)
            lines[arm] = design @ model.beta
            mean[rows], reach[rows] = model.mean(design)[rows], _leverage(model, design, sample)[rows]
        base, lift = lines[0], lines[1] - lines[0]
    else:
        t = _centred(sample.dose) if sample.kind == "dose" else (sample.arm == 1).astype("float64")
        design = np.column_stack([np.ones(sample.n), t, x])
        rows = np.ones(sample.n, dtype=bool) if sample.kind == "dose" else sample.arm >= 0
        model = _fitted(design, sample, family, penalty, rows)
        mean, reach = model.mean(design), _leverage(model, design, sample)
        base = design @ model.beta - t * model.beta[1]
    gap = np.where(sample.arm >= 0, sample.y - mean, 0.0) if sample.kind == "arms" else sample.y - mean
    residual = gap / np.sqrt(np.clip(1.0 - reach, 0.1, 1.0)) if family == "linear" else gap
    spread = 0.0
    if family == "poisson":
        spread = min(max(float(((gap**2 - mean).sum()) / max(float((mean**2).sum()), 1e-300)), 0.0), MOST_SPREAD)
    return Ground(sample, family, base, lift, residual, spread)


def _fitted(design: Floats, sample: Sample, family: glm.Family, penalty: float, rows: Mask) -> glm.Glm:
    """The model on some rows. A logistic or Poisson model of few rows promises more than it would keep, so its slopes are shrunk by
    the share of the likelihood ratio that chance does not explain (van Houwelingen & Le Cessie 1990, equation 7)."""
    x, y, w = design[rows], sample.y[rows], sample.weights[rows]
    model = glm.fit(x, y, w, family, penalty * float(rows.sum()), 1e-8)
    slopes = design.shape[1] - 1
    if family == "linear" or penalty > 0 or slopes == 0:
        return model
    flat = glm.fit(x[:, :1], y, w, family)
    ratio = 2 * (_likelihood(family, x @ model.beta, y, w) - _likelihood(family, x[:, :1] @ flat.beta, y, w))
    share = max(0.0, 1.0 - slopes / ratio) if ratio > 0 else 0.0
    beta = model.beta * share
    for _ in range(25):  # the level that keeps the mean, by Newton's method
        mean = glm.mean_of(family, x[:, 1:] @ beta[1:] + beta[0])
        slope = float(w @ (mean * (1 - mean) if family == "logistic" else mean))
        step = float(w @ (y - mean)) / max(slope, 1e-12)
        beta[0] += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-8:
            break
    return replace(model, beta=beta)


def _likelihood(family: glm.Family, line: Floats, y: Floats, w: Floats) -> float:
    import numpy as np

    line = np.clip(line, -glm.LIMIT, glm.LIMIT)
    return float(w @ (y * line - (np.logaddexp(0.0, line) if family == "logistic" else np.exp(line))))


def _leverage(model: glm.Glm, design: Floats, sample: Sample) -> Floats:
    import numpy as np

    return np.asarray(((design @ model.gram_inverse) * design).sum(axis=1) * sample.weights)


def _centred(dose: Floats) -> Floats:
    import numpy as np

    return np.asarray((dose - dose.mean()) / (dose.std() or 1.0))


def _smallest(sample: Sample) -> int:
    return sample.n if sample.kind == "dose" else min(int((sample.arm == a).sum()) for a in (0, 1))
