"""An instrument: two-stage least squares and its relatives, with what is held fixed taken out first."""

from __future__ import annotations

from typing import Any

from ...causal.complier import means, weighted_wald
from ...causal.inference import Fit
from ...causal.kclass import Partialled, fixed, liml, partial, two_stage
from ...causal.sample import Sample
from ...causal.weak_instrument import anderson_rubin
from .interval import Effect, from_fit
from .table import Rows


def estimate(path: str, recipe: dict[str, Any]) -> Effect:
    """The effect of one unit (or one step) of the treatment on those whom the instrument moves."""
    import numpy as np

    q = recipe
    rows = Rows(path, q)
    y, z, x, weights = rows.term(q["y"]), rows.terms(q["z"]), rows.terms(q["x"]), rows.weights(q["weights"])
    d = rows.term(q["d"])
    if q["step"] is not None:
        d = (d - q["step"]["control"]) / (q["step"]["treated"] - q["step"]["control"])
    cluster = None if q["cluster"] is None else rows.codes(q["cluster"])
    held = fixed(x, weights, cluster, tuple(rows.codes(name) for name in q["effects"]))
    p = partial(y, d, z, held)
    fit = _fit(q, p, y, d, z, x, weights)
    beyond = q["scale"] == "difference" and abs(fit.treated - fit.control) > 1
    arms = q["arms"] and not beyond
    sample = Sample(
        y=y, arm=d.astype("int64") if arms else np.full(rows.n, -1), dose=d, x=x, weights=weights,
        kind="arms" if arms else "dose", treated=1.0, control=0.0, outcome_kind=q["outcome_kind"], target="compliers",
        cluster=cluster, weighted=q["weights"] is not None,
    )  # fmt: skip
    found = from_fit(fit, sample, q)
    if q["weak"]:  # the Anderson–Rubin set in place of the usual interval; widened to the estimate
        low, high = anderson_rubin(p).hull
        most = 1.0 if q["outcome_kind"] == "yes_no" and abs(found["value"]) <= 1 else np.inf
        found["low"] = max(min(low, found["value"]), -most)
        found["high"] = min(max(high, found["value"]), most)
    return found


def _fit(q: dict[str, Any], p: Partialled, y: Any, d: Any, z: Any, x: Any, weights: Any) -> Fit:
    import numpy as np

    if q["method"] == "weighted_wald":
        z01 = np.asarray(z[:, 0] == z[:, 0].max(), dtype="float64")
        found = weighted_wald(y, d, z01, x, weights, q["arms"])
        assert found is not None
        return found
    line = two_stage(p) if q["method"] == "2sls" else liml(p)
    if q["arms"] and z.shape[1] == 1 and len(np.unique(z)) == 2:
        return means(y, d, z, p.held)  # the same slope as the difference of two means
    return Fit(line.value, 0.0, covariance=np.array([[line.error**2, 0.0], [0.0, 0.0]]), dof=p.critical_dof(1))
