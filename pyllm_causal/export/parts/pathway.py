"""An effect through mediators: mediation, and the front door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...causal.inference import Fit, covariance
from ...causal.nested import Means, contrast_of, regression_means, robust_means
from ...causal.pathway import Form, Pathway
from ...causal.slopes import product_of_slopes
from .common import sample_of
from .interval import Effect, from_fit, from_means
from .table import Rows


def pathway_of(path: str, q: dict[str, Any]) -> Pathway:
    """Treatment, mediators, outcome and covariates as arrays."""
    import numpy as np

    rows = Rows(path, q)
    sample = sample_of(rows, q)
    level = sample.arm.copy() if sample.kind == "arms" else np.zeros(rows.n, dtype="int64")
    others = level < 0
    for number, arm in enumerate(q["other_arms"]):
        level[others & (rows.term(arm) == 1)] = number + 2
    form = None if q["models"] is None else Form(**(q["models"] | {"bent": tuple(q["models"]["bent"])}))
    return Pathway(sample, rows.terms(q["m"]), (), level, form)


def _contrast(p: Pathway, means: Means, q: dict[str, Any]) -> Effect:
    """The two (groups of) nested means compared."""
    if q["front_door"]:
        return _stated(p, contrast_of(means, (0,), (1,), q["scale"]), q)
    # of the four means θ(1,1), θ(1,0), θ(0,1), θ(0,0): through the mediator, past it, and both
    indirect, direct, total = (
        _stated(p, contrast_of(means, over, under, q["scale"]), q)
        for over, under in (((0, 2), (1, 3)), ((0, 1), (2, 3)), ((0,), (3,)))
    )
    return {**total, "direct": direct, "indirect": indirect}


def _stated(p: Pathway, fit: Fit | None, q: dict[str, Any]) -> Effect:
    assert fit is not None
    if q["front_door"]:
        return from_fit(fit, p.sample, q)
    matrix, dof = covariance(fit, replace(p.sample, kind="dose"))
    return from_means(fit.treated, fit.control, matrix, dof, q["scale"], q["level"])


def _pairs(p: Pathway, q: dict[str, Any]) -> list[Any]:
    one, zero = p.sample.treated, p.sample.control
    if q["front_door"]:
        return [(None, one), (None, zero)]
    return [(one, one), (one, zero), (zero, one), (zero, zero)]


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Iterated regression."""
    p = pathway_of(path, recipe)
    return _contrast(p, regression_means(p, _pairs(p, recipe)), recipe)


def with_robust(path: str, recipe: dict[str, Any]) -> Effect:
    """Cross-fitted influence functions; the folds are drawn from a fixed seed."""
    p = pathway_of(path, recipe)
    return _contrast(p, robust_means(p, _pairs(p, recipe)), recipe)


def with_product(path: str, recipe: dict[str, Any]) -> Effect:
    """Product of two slopes."""
    import numpy as np

    p = pathway_of(path, recipe)
    values, influence = product_of_slopes(p)
    s = p.sample
    if recipe["front_door"]:
        centre = float(np.average(s.y, weights=s.weights))
        level = s.weights * (s.y - centre)
        columns = np.column_stack([level + influence[:, 0], level])
        return _stated(p, Fit(centre + float(values[0]), centre, columns, dof=max(float(p.n - 4), 1.0)), recipe)
    indirect, direct, total = (
        _stated(
            p, Fit(float(values @ w), 0.0, np.column_stack([influence @ w, np.zeros(p.n)]), dof=float(p.n - 4)), recipe
        )
        for w in (np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    )  # fmt: skip
    return {**total, "direct": direct, "indirect": indirect}
