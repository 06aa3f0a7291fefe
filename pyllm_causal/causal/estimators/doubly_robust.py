"""Cross-fitted doubly robust estimation: right when either the outcome model or the treatment model is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..inference import Fit
from ..learners import expanded, folds, out_of_fold
from ..propensity import CLIP, standardised, tilt
from ..sample import Sample
from . import estimator
from .regression import FAMILY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED = 20240601  # splitting into folds is part of the method, not of the user's seed


@estimator("doubly_robust", "doubly robust, flexible models", lambda s: s.k > 0 and s.n >= 40, refits=20)
def doubly_robust(sample: Sample) -> Fit:
    """Arms: augmented inverse-probability weighting with five-fold cross-fitting (Robins, Rotnitzky & Zhao 1994;
    Chernozhukov et al. 2018, equation 5.3; for the treated equation 5.4). Dose: partially linear model, residual on residual (ibid., equation 4.4).

    Nuisance models are straight lines or penalised splines with products, chosen by out-of-fold loss.
    Assumes no unmeasured shared cause and overlap; for a dose, an effect that is the same for everyone.
    """
    return fit_with_form(sample)[0]


def fit_with_form(sample: Sample) -> tuple[Fit, float]:
    """The fit, and how clearly (z-score) a flexible outcome model beats the straight one: the form check."""
    import numpy as np

    x = standardised(sample.x)
    smallest = sample.n if sample.kind == "dose" else min(int((sample.arm == a).sum()) for a in (0, 1))
    rich = expanded(sample.x) if smallest >= 100 else None
    fold = folds(sample.n, sample.arm, SEED, cluster=sample.cluster)
    everyone = np.ones(sample.n, dtype=bool)
    if sample.kind == "dose":
        outcome, gain = out_of_fold(x, rich, sample.y, sample.weights, everyone, fold, "linear")
        dose, _ = out_of_fold(x, rich, sample.dose, sample.weights, everyone, fold, "linear")
        t, y = sample.dose - dose, sample.y - outcome
        w = sample.weights
        moment = float(w @ t**2)
        if moment <= 1e-10 * float(w @ (sample.dose - sample.dose.mean()) ** 2):
            raise np.linalg.LinAlgError("the covariates decide the dose")
        slope = float(w @ (t * y)) / moment
        part = sample.n * w * t * (y - slope * t) / moment
        centre = float(np.average(sample.y, weights=w))
        level = w * (sample.y - centre)
        steps = [value - float(sample.dose.mean()) for value in (sample.treated, sample.control)]
        return Fit(
            centre + steps[0] * slope,
            centre + steps[1] * slope,
            influence=np.column_stack([level + steps[0] * part, level + steps[1] * part]),
            dof=float(sample.n - sample.k - 2),
        ), gain
    family = FAMILY[sample.outcome_kind]
    e: list[NDArray[np.float64]] = []
    for a in (1, 0):
        if a == 0 and (sample.arm >= 0).all():
            e.append(1.0 - e[0])
            continue
        indicator = (sample.arm == a).astype("float64")
        e.append(out_of_fold(x, rich, indicator, sample.weights, everyone, fold, "logistic")[0])
    e1, e0 = (np.clip(v, CLIP, 1 - CLIP) for v in e)
    h, wanted = tilt(sample, e1, e0)
    share = float((sample.weights * wanted).sum()) / sample.n
    means, columns, gains = [], [], []
    for a, ea in ((1, e1), (0, e0)):
        rows = sample.arm == a
        predicted, gain = out_of_fold(x, rich, sample.y, sample.weights, rows, fold, family)
        gains.append(gain)
        gap = np.where(rows, sample.y - predicted, 0.0)
        part = sample.weights * (wanted * predicted + h / ea * gap)
        mean = float(part.sum()) / (sample.n * share)
        columns.append((part - sample.weights * wanted * mean) / share)
        means.append(mean)
    dof = float(sample.n - 2 * (sample.k + 1))
    return Fit(means[0], means[1], influence=np.column_stack(columns), dof=max(dof, 1.0)), max(gains)
