"""How large the bias of leaving a cause out can be, in units of the outcome, for any estimator that is linear in the outcome.

Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis (2022), "Long story short: omitted variable bias in causal machine learning",
theorem 2: |bias| ≤ S · C_Y · C_D with S² = E[(Y − g)²] E[α²], where g is the outcome model and α the Riesz representer (what the
outcomes are weighted by), C_Y² the partial R² of the hidden cause with the outcome, and C_D² = R²/(1 − R²) of the share of the
representer that it adds. For least squares S is √n classical standard errors, and this is Cinelli & Hazlett (2020).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import glm
from .estimators.regression import FAMILY, form_of
from .propensity import CLIP, propensity, standardised, tilt
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def reach(sample: Sample, method: str) -> float:
    """S for the difference of the two means by this method, in units of the outcome; NaN where it cannot be had.

    Regression and doses: the weights that least squares gives to the outcomes. Other methods for arms: inverse chances of treatment.
    """
    if sample.kind == "dose":
        alpha, rest, used = _dose(sample)
    elif method in ("regression", "flexible_regression"):
        alpha, rest, used = _least_squares(sample)
    else:
        alpha, rest, used = _inverse_chances(sample)
    w = sample.weights
    free = max(sample.n - used, 1)
    seen = alpha != 0 if sample.kind == "arms" else w > 0
    noise = float(w[seen] @ rest[seen] ** 2) / float(w[seen].sum()) * sample.n / free
    return math.sqrt(max(noise * float(w @ alpha**2) / sample.n, 0.0))


def _least_squares(sample: Sample) -> tuple[Floats, Floats, int]:
    """(α (n,), residual (n,), coefficients): a model an arm, or shared slopes with few rows, as in `regression`."""
    import numpy as np

    wanted = sample.weights * sample.wanted()
    design = glm.with_intercept(standardised(sample.x))
    alpha, rest = np.zeros(sample.n), np.zeros(sample.n)
    family = FAMILY[sample.outcome_kind]
    if not form_of(sample)[1]:
        both = sample.arm >= 0
        inner = np.column_stack([design, sample.arm == 1])
        model = glm.fit(inner[both], sample.y[both], sample.weights[both], "linear")
        step = np.zeros(inner.shape[1])
        step[-1] = 1.0
        alpha[both] = sample.n * inner[both] @ model.gram_inverse @ step
        rest[both] = sample.y[both] - model.mean(inner[both])
        return alpha, rest, inner.shape[1]
    centre = wanted @ design / wanted.sum()
    for arm, sign in ((1, 1.0), (0, -1.0)):
        rows = sample.arm == arm
        gram = glm.fit(design[rows], sample.y[rows], sample.weights[rows], "linear").gram_inverse
        alpha[rows] = sign * sample.n * design[rows] @ gram @ centre
        rest[rows] = sample.y[rows] - glm.fit(design[rows], sample.y[rows], sample.weights[rows], family).mean(
            design[rows]
        )
    return alpha, rest, 2 * design.shape[1]


def _inverse_chances(sample: Sample) -> tuple[Floats, Floats, int]:
    """As `_least_squares`, with the outcomes weighted by inverse chances (for the treated or untreated: by their odds)."""
    import numpy as np

    _, rest, used = _least_squares(sample)
    if sample.k:
        e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in propensity(sample))
    else:
        shares = [float(sample.weights @ (sample.arm == a)) / sample.n for a in (1, 0)]
        e1, e0 = (np.full(sample.n, max(v, CLIP)) for v in shares)
    h, wanted = tilt(sample, e1, e0)
    share = float(sample.weights @ wanted) / sample.n
    alpha = h / share * ((sample.arm == 1) / e1 - (sample.arm == 0) / e0)
    return np.asarray(alpha), rest, used


def _dose(sample: Sample) -> tuple[Floats, Floats, int]:
    """As `_least_squares`, for the model of a dose with its powers and products."""
    import numpy as np

    powers, interact = form_of(sample)
    x = standardised(sample.x)
    middle, spread = float(sample.dose.mean()), float(sample.dose.std()) or 1.0

    def at(dose: Floats, x: Floats) -> Floats:
        t = (dose - middle) / spread
        blocks = [np.ones(len(t)), *(t**p for p in range(1, powers + 1)), x]
        if interact:
            blocks.append(x * t[:, None])
        return np.column_stack(blocks)

    design, means = at(sample.dose, x), (sample.weights @ x / sample.weights.sum())[None]
    model = glm.fit(design, sample.y, sample.weights, "linear")
    ends = [at(np.array([v]), means)[0] for v in (sample.treated, sample.control)]
    alpha = sample.n * design @ (model.gram_inverse @ (ends[0] - ends[1]))
    return np.asarray(alpha), np.asarray(sample.y - model.mean(design)), design.shape[1]
