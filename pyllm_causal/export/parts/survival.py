"""Time to an event: ratios of rates, and shares still free of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...causal.hazards import cox
from ...causal.kaplan_meier import log_rank, shares
from ...causal.propensity import CLIP, propensity, tilt
from ...causal.sample import Sample
from .common import sample_of
from .interval import Effect, around
from .table import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


def followed(path: str, q: dict[str, Any]) -> tuple[Sample, Mask]:
    """The rows with their times as outcome, and whether the event happened then."""
    import numpy as np

    rows = Rows(path, q)
    event = np.ones(rows.n) if q["event"] is None else rows.term(q["event"])
    return sample_of(rows, q), event == 1


def with_rates(path: str, recipe: dict[str, Any]) -> Effect:
    """The hazard ratio: Cox (with Efron's ties), weighted Cox, or the one-step log-rank estimate."""
    import numpy as np

    q = recipe
    sample, event = followed(path, q)
    if q["method"] == "log_rank":
        found = log_rank(sample.y, event, sample.arm == 1, sample.weights)
        beta = (found.observed - found.expected) / found.variance
        return around(beta, 1 / math.sqrt(found.variance), math.inf, "ratio", 0.95)
    step = sample.treated - sample.control if sample.kind == "dose" else 1.0
    treatment = sample.dose if sample.kind == "dose" else (sample.arm == 1).astype("float64")
    x, weights = np.column_stack([treatment, sample.x]), sample.weights
    if q["method"] == "cox_weighted":
        e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in propensity(sample))
        h, _ = tilt(sample, e1, e0)
        chance = np.where(sample.arm == 1, e1, e0)
        share = np.where(sample.arm == 1, (sample.arm == 1).mean(), (sample.arm == 0).mean())
        weights, x = weights * share * h / chance, x[:, :1]
    fit = cox(x, sample.y, event, weights, sample.cluster)
    plain = sample.cluster is None and not sample.weighted and q["method"] == "cox"
    error = abs(step) * math.sqrt(float((fit.naive if plain else fit.robust)[0, 0]))
    dof = math.inf if sample.cluster is None else float(sample.cluster.max())
    return around(step * float(fit.beta[0]), error, dof, "ratio", 0.95)


def pseudo_values(path: str, q: dict[str, Any]) -> Sample:
    """The rows with a pseudo-value each as the outcome: their mean is the share free of the event (or the mean time free)."""
    import numpy as np

    sample, event = followed(path, q)
    groups = np.zeros(sample.n, dtype="int64") if sample.kind == "dose" else sample.arm
    y = np.zeros(sample.n)
    for g in np.unique(groups):
        rows = groups == g
        y[rows] = shares(sample.y[rows], event[rows], sample.weights[rows], q["when"], q["mean_time"])
    return replace(sample, y=1.0 - y if q["risk"] else y, outcome_kind="number")
