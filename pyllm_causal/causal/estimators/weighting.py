"""Weighting: give rows weights that make the groups alike, then compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import glm
from ..inference import Fit
from ..propensity import CLIP, models, standardised, tilt
from ..sample import Sample
from . import estimator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@estimator("weighting", "weighting, so that the groups become alike", lambda s: s.k > 0)
def weighting(sample: Sample) -> Fit:
    """Arms: normalised inverse-probability weights (Hájek; Hirano, Imbens & Ridder 2003). Standard errors are those of the
    stacked estimating equations of probabilities and means (Lunceford & Davidian 2004, section 2; for the treated the
    target itself depends on the probabilities, so their projection formula does not hold).

    Dose: entropy balancing (Tübbicke 2022; Vegetabile et al. 2021): the weights closest to equal that make the dose
    uncorrelated with every covariate; then a weighted line. Assumes no unmeasured shared cause and a right treatment model.
    """
    import numpy as np

    if sample.kind == "dose":
        return _dose(sample)
    design = glm.with_intercept(standardised(sample.x))
    fitted = models(sample, design)
    raw = [model.mean(design) for model in fitted]
    both = raw if len(raw) > 1 else [raw[0], 1.0 - raw[0]]
    e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in both)
    h, _ = tilt(sample, e1, e0)
    means, columns = [], []
    for j, (arm, e) in enumerate(((1, e1), (0, e0))):
        own = (sample.arm == arm).astype("float64")
        w = sample.weights * own * h / e
        mean = float(w @ sample.y / w.sum())
        gap = (sample.y - mean) * sample.n / w.sum()
        model = j if len(fitted) > 1 else 0
        target = (sample.arm == (1, 0)[model]).astype("float64")
        slope = _slope(sample, arm, e, e1, len(fitted) > 1)
        slope[raw[model] != np.clip(raw[model], CLIP, 1 - CLIP)] = 0.0  # a clipped weight does not move
        gradient = design.T @ (sample.weights * own * slope * gap) / sample.n
        score = design * (sample.weights * (target - raw[model]))[:, None]
        columns.append(w * gap + sample.n * score @ (fitted[model].gram_inverse @ gradient))
        means.append(mean)
    dof = sample.n - len(fitted) * design.shape[1] - 2
    factor = np.sqrt(sample.n / max(dof, 1))
    return Fit(means[0], means[1], influence=np.column_stack(columns) * factor, dof=float(dof))


def _slope(sample: Sample, arm: int, e: Floats, e1: Floats, several: bool) -> Floats:
    """(n,) derivative of the weight h/e of an arm with respect to the linear predictor of its probability model.

    With two arms both depend on the one model of the treated arm; with several, each on its own.
    """
    import numpy as np

    odds = e1 / (1.0 - e1)
    if sample.target == "treated":
        return np.zeros(sample.n) if arm == 1 else odds
    if sample.target == "untreated":
        return -1.0 / odds if arm == 1 else np.zeros(sample.n)
    return np.asarray(odds if arm == 0 and not several else -(1.0 - e) / e)


def _dose(sample: Sample) -> Fit:
    import numpy as np

    w, exact = entropy_weights(sample.dose, sample.x, sample.weights)
    t = standardised(sample.dose[:, None])[:, 0]
    middle, spread = float(np.average(sample.dose, weights=sample.weights)), float(sample.dose.std()) or 1.0
    design = np.column_stack([np.ones(sample.n), t, standardised(sample.x)])
    model = glm.fit(design, sample.y, w, "linear")
    residual = sample.y - design @ model.beta
    factor = np.sqrt(sample.n / max(sample.n - design.shape[1], 1))
    influence = sample.n * (design * (w * residual * factor)[:, None]) @ model.gram_inverse[:, 1]
    centre = float(np.average(sample.y, weights=sample.weights))
    # the line goes through the means of outcome and dose, and both vary from sample to sample
    level = np.asarray(sample.weights * (sample.y - centre - float(model.beta[1]) * (sample.dose - middle) / spread))
    parts = [(value - middle) / spread for value in (sample.treated, sample.control)]
    notes = () if exact else ("perfect balance was out of reach; the nearest weights were used",)
    return Fit(
        centre + parts[0] * float(model.beta[1]),
        centre + parts[1] * float(model.beta[1]),
        influence=np.column_stack([level + parts[0] * influence, level + parts[1] * influence]),
        dof=float(sample.n - design.shape[1]),
        notes=notes,
    )


def entropy_weights(dose: Floats, x: Floats, base: Floats) -> tuple[Floats, bool]:
    """(n,) weights with sum n: dose and covariates keep their means and become uncorrelated. Second value: converged."""
    import numpy as np

    t, z = standardised(dose[:, None]), standardised(x)
    constraints = np.column_stack([t, z, z * t])
    lam = np.zeros(constraints.shape[1])

    def weights_at(values: Floats) -> tuple[Floats, float]:
        eta = -constraints @ values
        top = float(eta.max())
        raw = base * np.exp(eta - top)
        return raw / raw.sum(), float(np.log(raw.sum()) + top)

    w, value = weights_at(lam)
    for _ in range(60):
        gradient = constraints.T @ w
        if np.abs(gradient).max() < 1e-8:
            return w * len(dose), True
        hessian = (constraints * w[:, None]).T @ constraints - np.outer(gradient, gradient)
        step = np.linalg.lstsq(hessian + 1e-8 * np.eye(len(lam)), gradient, rcond=None)[0]
        size = 1.0
        while size > 1e-6:
            trial, trial_value = weights_at(lam + size * step)
            if trial_value < value:
                break
            size /= 2
        else:
            break
        lam, w, value = lam + size * step, trial, trial_value
        if w.max() > 0.2:  # one row would speak for a fifth of the table
            break
    return w * len(dose), bool(np.abs(constraints.T @ w).max() < 1e-4)
