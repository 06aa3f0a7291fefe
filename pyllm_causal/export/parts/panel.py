"""Fixed effects: each unit compared with itself at other times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...causal import fixed_effects as fe
from ...causal.wild_bootstrap import wild_interval
from .interval import Effect, around
from .table import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def estimate(path: str, recipe: dict[str, Any]) -> Effect:
    """The slope on the treatment with effects of units (and periods), errors clustered."""
    import numpy as np

    q = recipe
    rows = Rows(path, q)
    y, d, x, weights = rows.term(q["y"]), rows.terms(q["d"]), rows.terms(q["x"]), rows.weights(q["weights"])
    unit, cluster = rows.codes(q["unit"]), rows.codes(q["cluster"])
    time = np.zeros(rows.n, dtype="int64") if q["time"] is None else rows.places(q["time"], q["periods"])
    columns = np.hstack([d, x])
    clusters: tuple[Ints, ...] = (cluster,)
    if q["method"] == "first_differences":
        order = np.lexsort((time, unit))
        late, early = order[1:], order[:-1]
        next_to = (unit[late] == unit[early]) & (time[late] == time[early] + 1)
        late, early = late[next_to], early[next_to]
        fitted = fe.fit(y[late] - y[early], columns[late] - columns[early], (time[late],), weights[late])
        clusters = (cluster[late],)
    else:
        effects = (unit,) if q["method"] == "one_way" else (unit, time)
        fitted = fe.fit(y, columns, effects, weights)
        if q["method"] == "two_way_clustered":
            clusters = (cluster, time)
    step = q["step"]
    dof = float(min(fe.count_of(c) for c in clusters) - 1)
    error = abs(step) * math.sqrt(max(float(fitted.covariance(*clusters)[0, 0]), 0.0))
    found = around(step * float(fitted.beta[0]), error, dof, "difference", q["level"])
    if q["wild"]:
        low, high = _wild(q, (y, d, x, weights, unit, cluster), time)
        found |= {"low": low, "high": high}
    return found


def _wild(q: dict[str, Any], data: tuple[Any, ...], time: Ints) -> tuple[float, float]:
    """The interval of the wild cluster bootstrap, for few clusters; the draws are those of the answer."""
    import zlib

    import numpy as np

    y, d, x, weights, unit, cluster = data
    dense = [np.hstack([d[:, 1:], x])]
    if q["method"] != "one_way":
        dense.append(np.eye(int(time.max()) + 1)[time])
    if fe.nested(unit, cluster):
        inner = fe.Absorber((unit,), weights).residual(np.column_stack([y, d[:, 0], *dense]))
    else:
        inner = np.column_stack([y, d[:, 0], *dense, np.eye(int(unit.max()) + 1)[unit]])
    rng = np.random.default_rng([q["seed"], zlib.crc32(b"wild_bootstrap")])
    wild = wild_interval(inner[:, 0], inner[:, 1], inner[:, 2:], weights, cluster, rng)
    assert wild.low is not None and wild.high is not None
    low, high = sorted((q["step"] * wild.low, q["step"] * wild.high))
    return low, high
