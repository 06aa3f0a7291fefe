"""Cross-fitted doubly robust estimation: right when either the outcome model or the treatment model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..inference import Fit, covariance
from ..learners import expanded, folds, out_of_fold
from ..propensity import CLIP, standardised, tilt
from ..sample import Sample
from . import estimator
from .regression import DEAR_PRODUCTS, FAMILY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 20240601  # splitting into folds is part of the method, not of the user's seed


@estimator("doubly_robust", "doubly robust, flexible models", lambda s: s.k > 0 and s.n >= 40, refits=20, cost=25)
def doubly_robust(sample: Sample) -> Fit:
    """Arms: augmented inverse-probability weighting with five-fold cross-fitting (Robins, Rotnitzky & Zhao 1994;
    Chernozhukov et al. 2018, equation 5.3; for the treated equation 5.4). Dose: partially linear model, residual on residual (ibid., equation 4.4).

    Nuisance models are straight lines or penalised splines with products, chosen by out-of-fold loss.
    Assumes no unmeasured shared cause and overlap; for a dose, a straight effect that varies linearly with the covariates.
    """
    return fit_with_form(sample)[0]


@dataclass(frozen=True)
class Nuisance:
    """What does not depend on the outcome: covariates (n, k), flexible features (n, p) or None, folds (n,), and the cross-fitted
    chances of the treated and the control arm (n,) each, as they come; or for a dose what the covariates leave of it (n,)."""

    x: Floats
    rich: Floats | None
    fold: NDArray[np.int64]
    chances: tuple[Floats, Floats] | None
    dose: Floats | None


def nuisance(sample: Sample) -> Nuisance:
    """Cross-fitted models of the treatment: the same for every outcome of these rows."""
    import numpy as np

    x, rich, fold = _features(sample)
    everyone = np.ones(sample.n, dtype=bool)
    if sample.kind == "dose":
        dose, _ = out_of_fold(x, rich, sample.dose, sample.weights, everyone, fold, "linear")
        return Nuisance(x, rich, fold, None, sample.dose - dose)
    e: list[Floats] = []
    for a in (1, 0):
        if a == 0 and (sample.arm >= 0).all():
            e.append(1.0 - e[0])
            continue
        indicator = (sample.arm == a).astype("float64")
        e.append(out_of_fold(x, rich, indicator, sample.weights, everyone, fold, "logistic")[0])
    return Nuisance(x, rich, fold, (e[0], e[1]), None)


def _features(sample: Sample) -> tuple[Floats, Floats | None, NDArray[np.int64]]:
    """Covariates (n, k), flexible features (n, p) where there are rows enough for them, and folds (n,)."""
    smallest = sample.n if sample.kind == "dose" else min(int((sample.arm == a).sum()) for a in (0, 1))
    rich = expanded(sample.x) if smallest >= 100 else None
    return standardised(sample.x), rich, folds(sample.n, sample.arm, SEED, cluster=sample.cluster)


def form(sample: Sample) -> float:
    """The second value of `fit_with_form` alone: no model of the treatment is needed for it."""
    import numpy as np

    x, rich, fold = _features(sample)
    dose = sample.kind == "dose"
    family = "linear" if dose else FAMILY[sample.outcome_kind]
    groups = [np.ones(sample.n, dtype=bool)] if dose else [sample.arm == a for a in (1, 0)]
    return max(out_of_fold(x, rich, sample.y, sample.weights, rows, fold, family)[1] for rows in groups)


def fit_with_form(sample: Sample, known: Nuisance | None = None) -> tuple[Fit, float]:
    """The fit, and how clearly (z-score) a flexible outcome model beats the straight one: the form check. `known`: the models of
    the treatment, where these rows have been fitted before with another outcome."""
    import numpy as np

    m = nuisance(sample) if known is None else known
    if m.chances is None:
        assert m.dose is not None
        everyone = np.ones(sample.n, dtype=bool)
        outcome, gain = out_of_fold(m.x, m.rich, sample.y, sample.weights, everyone, m.fold, "linear")
        return _dose(sample, m.dose, sample.y - outcome), gain
    family = FAMILY[sample.outcome_kind]
    e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in m.chances)
    h, wanted = tilt(sample, e1, e0)
    share = float((sample.weights * wanted).sum()) / sample.n
    means, columns, gains = [], [], []
    for a, ea in ((1, e1), (0, e0)):
        rows = sample.arm == a
        predicted, gain = out_of_fold(m.x, m.rich, sample.y, sample.weights, rows, m.fold, family)
        gains.append(gain)
        gap = np.where(rows, sample.y - predicted, 0.0)
        part = sample.weights * (wanted * predicted + h / ea * gap)
        mean = float(part.sum()) / (sample.n * share)
        columns.append((part - sample.weights * wanted * mean) / share)
        means.append(mean)
    dof = float(sample.n - 2 * (sample.k + 1))
    return Fit(means[0], means[1], influence=np.column_stack(columns), dof=max(dof, 1.0)), max(gains)


def _dose(sample: Sample, t: NDArray[np.float64], y: NDArray[np.float64]) -> Fit:
    """Residual on residual; with 20 rows a covariate or more the slope may differ with every covariate, and is averaged,
    unless that widens the margin by more than half (`regression.DEAR_PRODUCTS`)."""
    import numpy as np

    w = sample.weights
    if float(w @ t**2) <= 1e-10 * float(w @ (sample.dose - sample.dose.mean()) ** 2):
        raise np.linalg.LinAlgError("the covariates decide the dose")
    z = standardised(sample.x)
    z = z - np.average(z, axis=0, weights=w)
    plain = _line(sample, t, y, z[:, :0])
    if sample.k > sample.n // 20:
        return plain
    varied, step = _line(sample, t, y, z), np.array([1.0, -1.0])
    wide, narrow = (float(step @ covariance(fit, sample)[0] @ step) for fit in (varied, plain))
    return plain if wide > DEAR_PRODUCTS**2 * narrow else varied


def _line(sample: Sample, t: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> Fit:
    """The slope of y in t (both residuals), allowed to differ with the columns of z (centred), at their mean."""
    import numpy as np

    w = sample.weights
    design = np.column_stack([t, z * t[:, None]])
    scale = np.sqrt(w @ t**2)
    inverse = np.linalg.pinv((design * w[:, None]).T @ design / scale**2, rcond=1e-10, hermitian=True) / scale**2
    beta = inverse @ (design.T @ (w * y))
    slope = float(beta[0])
    residual = w * (y - design @ beta)
    part = w * (z @ beta[1:]) + sample.n * (design * residual[:, None]) @ inverse[:, 0]
    centre, middle = (float(np.average(v, weights=w)) for v in (sample.y, sample.dose))
    level = w * (sample.y - centre - slope * (sample.dose - middle))
    steps = [value - middle for value in (sample.treated, sample.control)]
    return Fit(
        centre + steps[0] * slope,
        centre + steps[1] * slope,
        influence=np.column_stack([level + steps[0] * part, level + steps[1] * part]),
        dof=max(float(sample.n - sample.k - design.shape[1] - 1), 1.0),
    )
