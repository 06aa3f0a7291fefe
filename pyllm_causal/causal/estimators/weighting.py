"""Weighting: give rows weights that make the groups alike, then compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import glm
from ..inference import Fit
from ..propensity import CLIP, propensity, standardised, tilt
from ..sample import Sample
from . import estimator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@estimator("weighting", "weighting, so that the groups become alike", lambda s: s.k > 0)
def weighting(sample: Sample) -> Fit:
    """Arms: normalised inverse-probability weights (Hájek; Hirano, Imbens & Ridder 2003). Standard errors account for
    the fitted probabilities by projecting on their scores (Lunceford & Davidian 2004, equation 18).

    Dose: entropy balancing (Tübbicke 2022; Vegetabile et al. 2021): the weights closest to equal that make the dose
    uncorrelated with every covariate; then a weighted line. Assumes no unmeasured shared cause and a right treatment model.
    """
    import numpy as np

    if sample.kind == "dose":
        return _dose(sample)
    e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in propensity(sample))
    h, _ = tilt(sample, e1, e0)
    design = glm.with_intercept(standardised(sample.x))
    treated, control = (sample.arm == 1).astype("float64"), (sample.arm == 0).astype("float64")
    scores = design * (sample.weights * (treated - e1))[:, None]
    if (sample.arm < 0).any():
        scores = np.column_stack([scores, design * (sample.weights * (control - e0))[:, None]])
    means, columns = [], []
    for indicator, e in ((treated, e1), (control, e0)):
        w = sample.weights * indicator * h / e
        mean = float(w @ sample.y / w.sum())
        raw = w * (sample.y - mean) * sample.n / w.sum()
        coefficient = np.linalg.lstsq(scores, raw, rcond=1e-10)[0]
        columns.append(raw - scores @ coefficient)
        means.append(mean)
    dof = sample.n - scores.shape[1] - 2
    factor = np.sqrt(sample.n / max(dof, 1))
    return Fit(means[0], means[1], influence=np.column_stack(columns) * factor, dof=float(dof))


def _dose(sample: Sample) -> Fit:
    import numpy as np

    w, exact = entropy_weights(sample.dose, sample.x, sample.weights)
    t = standardised(sample.dose[:, None])[:, 0]
    middle, spread = float(sample.dose.mean()), float(sample.dose.std()) or 1.0
    design = np.column_stack([np.ones(sample.n), t, standardised(sample.x)])
    model = glm.fit(design, sample.y, w, "linear")
    residual = sample.y - design @ model.beta
    factor = np.sqrt(sample.n / max(sample.n - design.shape[1], 1))
    influence = sample.n * (design * (w * residual * factor)[:, None]) @ model.gram_inverse[:, 1]
    centre = float(np.average(sample.y, weights=sample.weights))
    level = np.asarray(sample.weights * (sample.y - centre))
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
