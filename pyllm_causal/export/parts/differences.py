"""Difference-in-differences: who is treated from when on, and the average effect on them."""

from __future__ import annotations

import math
from typing import Any

from ...causal.att import Att
from ...causal.did_models import Treated, imputation, regression, two_way
from ...causal.group_time import Data, average, group_time
from .interval import Effect, around, back
from .table import Rows


def treated_of(rows: Rows, q: dict[str, Any]) -> Treated:
    """The rows with their periods, first treated periods and groups as numbers."""
    import numpy as np

    time = rows.places(q["time"], q["periods"])
    never, start = len(q["periods"]), np.full(rows.n, len(q["periods"]))
    for first in q["starts"]:  # groups of rows by when they are first treated
        start[rows.term(first["of"]) == 1] = first["period"]
    codes = rows.codes(q["group"], ordered=False)
    if q["switch"] is not None:  # a unit is treated from the first period on in which its treatment is on
        on = rows.term(q["switch"]["of"]) == q["switch"]["on"]
        first_on = np.full(int(codes.max()) + 1, never)
        np.minimum.at(first_on, codes[on], time[on])
        start = first_on[codes]
    if q["moved"]:
        for unit, period in q["moved"]:
            start[rows.equals(q["group"], unit)[rows.keep]] = period
    on = time >= start if not q["back"] else rows.term(q["switch"]["of"]) == q["switch"]["on"]
    if int(on.sum()) != q["treated_rows"]:
        raise SystemExit(f"{int(on.sum())} rows count as treated; the answer had {q['treated_rows']}.")
    cluster = None
    if q["cluster"] is not None:
        cluster = rows.codes(q["cluster"]) if q["cluster"] != q["group"] else codes
    return Treated(
        rows.term(q["y"]), time, start, on, codes, rows.terms(q["x"]), rows.weights(q["weights"]), q["units"], cluster,
        never,
    )  # fmt: skip


def _effect(att: Att, q: dict[str, Any]) -> Effect:
    """The effect on the scale asked for; few clusters bring their own interval."""
    import numpy as np

    if q["sign"] < 0:
        att = att.times(-1)
    matrix, base = att.covariance(), att.mean - att.value
    if q["scale"] == "difference":
        point, gradient = att.value, np.array([1.0, 0.0])
    else:
        point, gradient = math.log(att.mean / base), np.array([1 / base, 1 / att.mean - 1 / base])
    error = math.sqrt(max(float(gradient @ matrix @ gradient), 0.0))
    most = max(1.0, abs(point)) if q["chances"] and q["scale"] == "difference" else math.inf
    found = around(point, error, att.dof, q["scale"], q["level"], most)
    own = att.interval
    if own is not None and q["scale"] == "difference":
        found |= {"low": max(own.low, -most), "high": min(own.high, most)}
    elif own is not None:  # the same widening on the log scale, side by side
        from scipy import stats

        times = float(stats.t.ppf(0.5 + q["level"] / 2, att.dof))
        usual = times * math.sqrt(float(matrix[0, 0]))
        low = point - times * error * (att.value - own.low) / usual
        high = point + times * error * (own.high - att.value) / usual
        found |= {"low": back(low, q["scale"]), "high": back(high, q["scale"])}
    return found


def _rng(q: dict[str, Any]) -> Any:
    """The generator of the wild bootstrap: its draws are those of the answer."""
    import zlib

    import numpy as np

    return np.random.default_rng([q["seed"], zlib.crc32(b"wild_bootstrap")])


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """One start date."""
    return _effect(regression(treated_of(Rows(path, recipe), recipe), _rng(recipe)), recipe)


def with_two_way(path: str, recipe: dict[str, Any]) -> Effect:
    """One slope on being treated."""
    return _effect(two_way(treated_of(Rows(path, recipe), recipe), _rng(recipe)), recipe)


def with_imputation(path: str, recipe: dict[str, Any]) -> Effect:
    """What the treated would have had."""
    return _effect(imputation(treated_of(Rows(path, recipe), recipe)), recipe)


def with_group_time(path: str, recipe: dict[str, Any]) -> Effect:
    """Every start date against those never (or not yet) treated."""
    q = recipe
    data = treated_of(Rows(path, q), q)
    unit = data.group if q["panel"] else None
    found = group_time(Data(data.y, data.time, data.start, data.weights, data.x, unit, data.periods), q["comparison"])
    return _effect(average(found, data.cluster), q)
