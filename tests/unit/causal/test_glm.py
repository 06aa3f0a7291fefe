"""Our small GLM against statsmodels, and where statsmodels gives up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from pyllm_causal.causal import glm

FAMILIES = {"linear": sm.families.Gaussian(), "logistic": sm.families.Binomial(), "poisson": sm.families.Poisson()}


def data(family: str, n: int = 300, k: int = 4, seed: int = 0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    design = glm.with_intercept(rng.standard_normal((n, k)) * [1.0, 2.0, 0.5, 1.0][:k])
    eta = design @ np.linspace(-0.5, 0.5, k + 1)
    if family == "linear":
        y = eta + rng.standard_normal(n)
    elif family == "logistic":
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype("float64")
    else:
        y = rng.poisson(np.exp(eta)).astype("float64")
    return design, y, rng.uniform(0.3, 3.0, n)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_coefficients_and_covariance_are_those_of_statsmodels(family: Any, weighted: bool) -> None:
    design, y, w = data(family)
    w = w if weighted else np.ones(len(y))
    ours = glm.fit(design, y, w, family)
    theirs = sm.GLM(y, design, family=FAMILIES[family], freq_weights=w).fit(tol=1e-12)
    np.testing.assert_allclose(ours.beta, theirs.params, rtol=1e-6, atol=1e-8)
    scale = theirs.scale if family == "linear" else 1.0
    np.testing.assert_allclose(ours.gram_inverse * scale, theirs.cov_params(), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(ours.mean(design), theirs.fittedvalues, rtol=1e-6)
    assert ours.converged


def test_columns_of_any_size_give_the_same_fit() -> None:
    """Linear models only: the guard against separation is a small ridge, so for the others callers standardise."""
    design, y, w = data("linear")
    factors = np.array([1.0, 1e6, 1e-6, 1e3, 1.0])
    plain, scaled = glm.fit(design, y, w), glm.fit(design * factors, y, w)
    np.testing.assert_allclose(scaled.mean(design * factors), plain.mean(design), rtol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_repeated_columns_share_one_fit(family: Any) -> None:
    design, y, w = data(family)
    double = np.column_stack([design, design[:, 1], design[:, 1] + design[:, 2]])
    once, twice = glm.fit(design, y, w, family).mean(design), glm.fit(double, y, w, family).mean(double)
    np.testing.assert_allclose(twice, once, rtol=1e-5)


def test_a_constant_zero_column_is_ignored() -> None:
    design, y, w = data("linear")
    padded = np.column_stack([design, np.zeros(len(y))])
    np.testing.assert_allclose(glm.fit(padded, y, w).beta[:-1], glm.fit(design, y, w).beta, rtol=1e-10)
    assert glm.fit(padded, y, w).beta[-1] == 0


def test_separation_stays_finite_and_predicts_perfectly() -> None:
    x = np.linspace(-1, 1, 40)
    design, y = glm.with_intercept(x[:, None]), (x > 0).astype("float64")
    model = glm.fit(design, y, np.ones(40), "logistic")
    assert np.isfinite(model.beta).all() and np.isfinite(model.gram_inverse).all()
    assert np.abs(model.mean(design) - y).max() < 1e-2


@pytest.mark.parametrize(("family", "y"), [("logistic", 0.0), ("logistic", 1.0), ("poisson", 0.0)])
def test_no_events_stay_finite(family: Any, y: float) -> None:
    design, _, w = data("linear")
    model = glm.fit(design, np.full(len(w), y), w, family)
    assert np.isfinite(model.beta).all() and np.abs(model.mean(design) - y).max() < 1e-3


def test_ridge_is_the_closed_form_and_spares_the_intercept() -> None:
    design, y, w = data("linear")
    penalty = np.diag([0.0, *[7.0] * 4])
    expected = np.linalg.solve((design * w[:, None]).T @ design + penalty, design.T @ (w * y))
    np.testing.assert_allclose(glm.fit(design, y, w, ridge=7.0).beta, expected, rtol=1e-9)


def test_large_counts_converge() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal(200)
    y = rng.poisson(np.exp(11 + 0.2 * x)).astype("float64")
    design = glm.with_intercept(x[:, None])
    ours = glm.fit(design, y, np.ones(200), "poisson")
    theirs = sm.GLM(y, design, family=sm.families.Poisson()).fit(tol=1e-12)
    np.testing.assert_allclose(ours.beta, theirs.params, rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_slope_is_the_derivative_of_the_mean(family: Any) -> None:
    design, y, w = data(family)
    model = glm.fit(design, y, w, family)
    h = 1e-6
    step = (glm.mean_of(family, design @ model.beta + h) - glm.mean_of(family, design @ model.beta - h)) / (2 * h)
    np.testing.assert_allclose(model.slope(design), step, rtol=1e-6)
