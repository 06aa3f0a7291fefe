"""A cut-off: local polynomials on either side, with the robust bias-corrected interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...causal.cutoff_fit import widths
from ...causal.local_polynomial import Jump, jump, split
from .interval import Effect, back
from .table import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...causal.local_polynomial import Side

    Floats = NDArray[np.float64]


def estimate(path: str, recipe: dict[str, Any]) -> Effect:
    """The jump of the outcome at the cut-off (over that of the treatment, where it is fuzzy)."""
    import numpy as np

    q = recipe
    rows = Rows(path, q)
    running = rows.term(q["running"])
    x = running - q["cutoff"]
    size = max(abs(q["cutoff"]), float(np.abs(running).max()))
    x[np.abs(x) <= 1e-12 * size] = 0.0  # 0.1 + 0.2 is on a cut-off of 0.3
    columns = [rows.term(q["y"])[:, None]]
    treatment = None if q["t"] is None else rows.term(q["t"])
    right = x > 0
    right[x == 0] = True if q["at"] != "treatment" or treatment is None else (treatment[x == 0] == 1) == q["upward"]
    if q["at"] == "below":
        right[x == 0] = False
    if q["fuzzy"]:
        assert treatment is not None
        columns.append(treatment[:, None])
    columns.append(rows.terms(q["z"]))
    cluster = None if q["cluster"] is None else rows.codes(q["cluster"])
    left, above = split(x, np.hstack(columns), rows.weights(q["weights"]), right, cluster)
    found = _jump(left, above, q)
    return _effect(found, q, columns[0][:, 0])


def _jump(left: Side, right: Side, q: dict[str, Any]) -> Jump:
    """Within the asker's bandwidth or through all rows as it is; else with the bandwidth of the least squared error."""
    h, b = (q["h"], q["b"]) if q["h"] is not None else widths(left, right, q["kernel"], q["p"], q["fuzzy"])
    return jump(left, right, h, b, q["kernel"], q["p"], q["fuzzy"], own=q["own"], correct=not q["straight"])


def _effect(found: Jump, q: dict[str, Any], y: Floats) -> Effect:
    import numpy as np
    from scipy import stats

    tail = 0.5 + q["level"] / 2
    dof = math.inf if q["dof"] is None else q["dof"]
    critical = float(stats.t.ppf(tail, dof) if math.isfinite(dof) else stats.norm.ppf(tail))
    sign = q["factor"] if q["fuzzy"] else (1 if q["upward"] else -1)
    if q["scale"] != "difference":
        return _scaled(found, q, critical)
    value, centre, error = sign * found.value, sign * found.centre, abs(sign) * found.robust
    low, high = min(centre - critical * error, value), max(centre + critical * error, value)
    if q[
        "weak"
    ]:  # all effects at which outcome − effect · treatment does not jump clearly (Feir, Lemieux & Marmer 2016)
        assert found.reduced_covariance is not None
        (v_yy, v_yt), (_, v_tt) = found.reduced_covariance
        c_y, c_t = found.reduced
        z2 = critical**2
        roots = np.roots([c_t**2 - z2 * v_tt, -2 * (c_y * c_t - z2 * v_yt), c_y**2 - z2 * v_yy])
        ends = sorted(sign * float(r) for r in roots.real)
        return {"value": value, "low": min(ends[0], value), "high": max(ends[1], value)}
    if q["chances"]:
        low, high = max(low, min(-1.0, value)), min(high, max(1.0, value))
    return {"value": value, "low": low, "high": high}


def _scaled(found: Jump, q: dict[str, Any], critical: float) -> Effect:
    """Ratios of the two limits, on the log scale; the interval is stretched to reach the conventional estimate."""
    import numpy as np

    order = [1, 0] if q["upward"] else [0, 1]
    m, c = (np.array([pair[i] for i in order]) for pair in (found.limits, found.centres))
    matrix = found.covariance[np.ix_(order, order)]
    odds = q["scale"] == "odds_ratio"
    line = np.log(m / (1 - m)) if odds else np.log(m)
    slope = 1 / (m * (1 - m)) if odds else 1 / m
    gradient = np.array([slope[0], -slope[1]])
    value = float(line[0] - line[1])
    centre = value - float(gradient @ (m - c))
    half = critical * math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    low, high = min(centre - half, value), max(centre + half, value)
    return {"value": back(value, q["scale"]), "low": back(low, q["scale"]), "high": back(high, q["scale"])}
