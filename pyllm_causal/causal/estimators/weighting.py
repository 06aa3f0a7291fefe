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

    w, constraints, exact = entropy_weights(sample.dose, sample.x, sample.weights)
    middle = float(np.average(sample.dose, weights=sample.weights))
    design = np.column_stack([np.ones(sample.n), sample.dose - middle, _centred(sample.x, sample.weights)])
    model = glm.fit(design, sample.y, w, "linear")
    slope = float(model.beta[1])
    # HC3, with the leverage of outcome and weight equations together: a few rows may weigh a lot
    together = np.column_stack([np.ones(sample.n), constraints])
    within = np.linalg.pinv((together * w[:, None]).T @ together, rcond=1e-10, hermitian=True)
    leverage = ((together @ within) * together).sum(axis=1) * w
    residual = (sample.y - design @ model.beta) / np.clip(1.0 - leverage, 0.05, 1.0)
    scores = design * (w * residual)[:, None]
    # the weights are estimated too: stacked equations, with targets that are themselves means
    balance = constraints * w[:, None]
    targets = constraints[:, : 1 + sample.k] * sample.weights[:, None]
    balance[:, : 1 + sample.k] -= targets
    excess = float(w @ constraints[:, 0] ** 2) / sample.n - 1.0
    balance[:, 1 + 2 * sample.k :] -= excess * targets[:, 1:]
    cross = scores.T @ constraints
    hessian = (constraints * w[:, None]).T @ constraints
    scores = scores - balance @ np.linalg.pinv(hessian, rcond=1e-10, hermitian=True) @ cross.T
    effective = sample.n**2 / float(w @ w)  # rows of equal weight that would say as much
    dof = max(effective - together.shape[1], 1.0)
    part = scores @ (sample.n * model.gram_inverse[:, 1])
    centre = float(np.average(sample.y, weights=sample.weights))
    level = sample.weights * (sample.y - centre - slope * (sample.dose - middle))
    steps = [value - middle for value in (sample.treated, sample.control)]
    notes = () if exact else ("perfect balance was out of reach; the nearest weights were used",)
    return Fit(
        centre + steps[0] * slope,
        centre + steps[1] * slope,
        influence=np.column_stack([level + steps[0] * part, level + steps[1] * part]),
        dof=float(dof),
        notes=notes,
    )


def _centred(x: Floats, weights: Floats) -> Floats:
    """Columns with weighted mean 0 and weighted spread 1; constant columns become 0."""
    import numpy as np

    if not x.shape[1]:
        return x
    middle = np.average(x, axis=0, weights=weights)
    spread = np.sqrt(np.average((x - middle) ** 2, axis=0, weights=weights))
    spread[spread == 0] = 1.0
    return np.asarray((x - middle) / spread)


def entropy_weights(dose: Floats, x: Floats, base: Floats) -> tuple[Floats, Floats, bool]:
    """(n,) weights with sum n under which dose and covariates keep their means, and dose and its square are uncorrelated
    with the covariates (so the slope is the average one also where it and the spread of the dose vary with them); the
    (n, 1 + 3k) constraints; whether balance was reached."""
    import numpy as np

    t, z = _centred(dose[:, None], base), _centred(x, base)
    constraints = np.column_stack([t, z, z * t, z * (t**2 - 1.0)])
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
            return w * len(dose), constraints, True
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
    return w * len(dose), constraints, bool(np.abs(constraints.T @ w).max() < 1e-4)
