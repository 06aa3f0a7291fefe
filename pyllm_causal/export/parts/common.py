"""Two groups, or two values of a dose: any method of the comparisons that hold covariates fixed."""

from __future__ import annotations

from typing import Any

from ...causal.estimators.doubly_robust import doubly_robust
from ...causal.estimators.matching import matching
from ...causal.estimators.means import difference_in_means, post_stratified
from ...causal.estimators.regression import flexible_regression, regression
from ...causal.estimators.weighting import weighting
from ...causal.sample import Sample
from .interval import Effect, from_fit
from .table import Rows


def sample_of(rows: Rows, recipe: dict[str, Any]) -> Sample:
    """Outcome, treatment, covariates, weights and clusters as arrays."""
    import numpy as np

    q = recipe
    if q["kind"] == "arms":
        one, zero = (rows.term(q["arms"][a]) for a in ("treated", "control"))
        arm = np.where(one == 1, 1, np.where(zero == 1, 0, -1))
        dose = one
    else:
        dose = rows.term(q["dose"])
        arm = np.full(rows.n, -1)
    x = rows.terms(q["x"])
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    strata = None
    if q["strata"]:
        codes = np.column_stack([rows.codes(name, ordered=False) for name in q["strata"]])
        strata = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    return Sample(
        y=rows.term(q["y"]), arm=arm, dose=dose, x=x, weights=rows.weights(q["weights"]), kind=q["kind"],
        treated=q["treated"], control=q["control"], outcome_kind=q["outcome_kind"], target=q["target"],
        per_unit=q["per_unit"], randomised=q["randomised"],
        cluster=None if q["cluster"] is None else rows.codes(q["cluster"], ordered=False), strata=strata, x_names=names,
        x_groups=names,
        weighted=q["weights"] is not None, form=None if q["form"] is None else tuple(q["form"]),
    )  # fmt: skip


def with_difference_in_means(path: str, recipe: dict[str, Any]) -> Effect:
    """The plain difference of the groups."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(difference_in_means(sample), sample, recipe)


def with_post_stratified(path: str, recipe: dict[str, Any]) -> Effect:
    """Differences within strata, averaged."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(post_stratified(sample), sample, recipe)


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Regression, standardised."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(regression(sample), sample, recipe)


def with_flexible_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Regression with bent covariates."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(flexible_regression(sample), sample, recipe)


def with_weighting(path: str, recipe: dict[str, Any]) -> Effect:
    """Weighting."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(weighting(sample), sample, recipe)


def with_doubly_robust(path: str, recipe: dict[str, Any]) -> Effect:
    """Cross-fitted doubly robust estimation; the folds are drawn from a fixed seed."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(doubly_robust(sample), sample, recipe)


def with_matching(path: str, recipe: dict[str, Any]) -> Effect:
    """Nearest neighbours."""
    sample = sample_of(Rows(path, recipe), recipe)
    return from_fit(matching(sample), sample, recipe)
