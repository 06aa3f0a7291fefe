"""The effect for everyone, in every group, and the difference between two of the groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...causal.estimators.doubly_robust import doubly_robust
from ...causal.estimators.matching import matching
from ...causal.estimators.means import difference_in_means, post_stratified
from ...causal.estimators.regression import flexible_regression, regression
from ...causal.estimators.weighting import weighting
from ...causal.grouped import Group, fits_by_group
from ...causal.inference import Fit, covariance
from ...causal.sample import Sample
from .common import sample_of
from .interval import Effect, around, from_fit
from .table import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def grouped(path: str, q: dict[str, Any], method: str, function: Callable[[Sample], Fit]) -> Effect:
    """The effect by one estimator: on everyone, then within groups."""
    rows = Rows(path, q)
    sample, codes = sample_of(rows, q), _codes(rows, q)
    found: Effect = from_fit(function(sample), sample, q)
    fits, _ = fits_by_group(sample, codes, method, function)
    told = {g.code: g for g in fits if g.few is None}
    for code, group in told.items():
        found[q["groups"][code]["name"]] = from_fit(group.fit, group.sample, q)
    first, second = (told.get(code) for code in q["pair"])
    if first is not None and second is not None:
        found["difference"] = _difference(sample, second, first, q)
    return found


def _codes(rows: Rows, q: dict[str, Any]) -> Ints:
    import numpy as np

    codes = np.full(rows.n, -1)
    for code, group in enumerate(q["groups"]):
        for level in group["levels"]:
            codes[rows.term(level) == 1] = code
        if group["between"] is not None:
            values = rows.term({"column": group["between"]["column"]})
            codes[(values >= group["between"]["from"]) & (values <= group["between"]["to"])] = code
    return codes


def _difference(sample: Sample, second: Group, first: Group, q: dict[str, Any]) -> Effect:
    """Second less first; for ratios the ratio of the two. Both lie on the same rows, so clusters that span them count."""
    import numpy as np

    points: list[float] = []
    parts: list[Any] = []
    variances: list[float] = []
    for group in (second, first):
        m1, m0 = group.fit.treated, group.fit.control
        if q["scale"] == "difference":
            point, gradient = m1 - m0, np.array([1.0, -1.0])
        elif q["scale"] == "odds_ratio":
            point = math.log(m1 / (1 - m1)) - math.log(m0 / (1 - m0))
            gradient = np.array([1 / (m1 * (1 - m1)), -1 / (m0 * (1 - m0))])
        else:
            point, gradient = math.log(m1 / m0), np.array([1 / m1, -1 / m0])
        points.append(point)
        variances.append(float(gradient @ covariance(group.fit, group.sample)[0] @ gradient))
        parts.append(None if group.influence is None else group.influence @ gradient)
    dofs = [second.fit.dof, first.fit.dof]
    dof, total = math.inf, sum(variances)
    if all(math.isfinite(d) for d in dofs) and total > 0:
        dof = total**2 / sum(v**2 / d for v, d in zip(variances, dofs, strict=True))
    matrix = np.diag(variances)
    if parts[0] is not None and parts[1] is not None:
        columns = np.column_stack(parts)
        if sample.cluster is None:
            matrix = columns.T @ columns / sample.n**2
        else:
            groups = int(sample.cluster.max()) + 1
            sums = np.column_stack([np.bincount(sample.cluster, weights=c, minlength=groups) for c in columns.T])
            matrix = sums.T @ sums / sample.n**2 * groups / max(groups - 1, 1)
            dof = min(dof, groups - 1)
    step = np.array([1.0, -1.0])
    error = math.sqrt(max(float(step @ matrix @ step), 0.0))
    return around(points[0] - points[1], error, dof, q["scale"], 0.95)


def with_difference_in_means(path: str, recipe: dict[str, Any]) -> Effect:
    """Plain differences."""
    return grouped(path, recipe, "difference_in_means", difference_in_means)


def with_post_stratified(path: str, recipe: dict[str, Any]) -> Effect:
    """Differences within strata, averaged."""
    return grouped(path, recipe, "post_stratified", post_stratified)


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Regression, standardised."""
    return grouped(path, recipe, "regression", regression)


def with_flexible_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Regression with bent covariates."""
    return grouped(path, recipe, "flexible_regression", flexible_regression)


def with_weighting(path: str, recipe: dict[str, Any]) -> Effect:
    """Weighting."""
    return grouped(path, recipe, "weighting", weighting)


def with_doubly_robust(path: str, recipe: dict[str, Any]) -> Effect:
    """Cross-fitted doubly robust estimation; the folds are drawn from a fixed seed."""
    return grouped(path, recipe, "doubly_robust", doubly_robust)


def with_matching(path: str, recipe: dict[str, Any]) -> Effect:
    """Nearest neighbours."""
    return grouped(path, recipe, "matching", matching)
