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
    np.testing.assert_allclose(ours.beta, theirs.params, rtol=1e-9, atol=1e-10)
    scale = theirs.scale if family == "linear" else 1.0
    np.testing.assert_allclose(ours.gram_inverse * scale, theirs.cov_params(), rtol=1e-7, atol=1e-11)
    np.testing.assert_allclose(ours.mean(design), theirs.fittedvalues, rtol=1e-9)
    assert ours.converged


@pytest.mark.parametrize("rare", [0.0, -4.0])
def test_effects_on_chances_and_counts_are_those_of_statsmodels(rare: float) -> None:
    """Marginal effects by hand from statsmodels' fits, with columns as people measure them: tiny, huge, yes/no."""
    rng = np.random.default_rng(5)
    n = 4_000
    x = np.column_stack([1e-3 * rng.standard_normal(n), 5e4 + 1e4 * rng.standard_normal(n), rng.random(n) < 0.3])
    treated = (rng.random(n) < 0.4).astype("float64")
    standing = (x - x.mean(axis=0)) / x.std(axis=0)
    line = rare + 0.5 * treated + standing @ [0.4, -0.6, 0.3]
    for family, y in (("logistic", rng.random(n) < 1 / (1 + np.exp(-line))), ("poisson", rng.poisson(np.exp(line)))):
        design = glm.with_intercept(np.column_stack([treated, x]))
        outcome = np.asarray(y, dtype="float64")
        ours = glm.fit(glm.with_intercept(np.column_stack([treated, standing])), outcome, np.ones(n), family)  # type: ignore[arg-type]
        theirs = sm.GLM(outcome, sm.add_constant(np.column_stack([treated, standing])), family=FAMILIES[family]).fit(
            tol=1e-14
        )
        raw = glm.fit(design, outcome, np.ones(n), family)  # type: ignore[arg-type]
        found = []
        for model, columns in ((ours, standing), (raw, x)):
            one, none = (model.mean(glm.with_intercept(np.column_stack([np.full(n, t), columns]))) for t in (1.0, 0.0))
            found.append(float((one - none).mean()))
        one, none = (theirs.predict(glm.with_intercept(np.column_stack([np.full(n, t), standing]))) for t in (1.0, 0.0))
        expected = float((one - none).mean())
        assert found[0] == pytest.approx(expected, rel=1e-10)
        assert found[1] == pytest.approx(expected, rel=1e-8)
        assert float(ours.mean(glm.with_intercept(np.column_stack([treated, standing]))).mean()) == pytest.approx(
            float(outcome.mean()), rel=1e-12
        )  # nothing holds the intercept back, so the model keeps the mean


def test_a_category_without_events_leaves_the_others_as_they_are() -> None:
    """Separation in one category: its chance goes to nothing, the other rows are fitted as without them."""
    rng = np.random.default_rng(8)
    n = 2_000
    x, never = rng.standard_normal(n), rng.random(n) < 0.2
    y = np.where(never, 0.0, rng.random(n) < 1 / (1 + np.exp(0.5 - x))).astype("float64")
    for family in ("logistic", "poisson"):
        both = glm.fit(glm.with_intercept(np.column_stack([x, never])), y, np.ones(n), family)  # type: ignore[arg-type]
        rest = sm.GLM(y[~never], glm.with_intercept(x[~never, None]), family=FAMILIES[family]).fit(tol=1e-14)
        np.testing.assert_allclose(both.beta[:2], rest.params, rtol=1e-5)
        assert both.mean(glm.with_intercept(np.column_stack([x, never])))[never].max() < 1e-5
        assert both.converged and np.isfinite(both.gram_inverse).all()


def test_columns_of_any_size_give_the_same_fit() -> None:
    factors = np.array([1.0, 1e6, 1e-6, 1e3, 1.0])
    for family in FAMILIES:
        design, y, w = data(family)
        plain, scaled = glm.fit(design, y, w, family), glm.fit(design * factors, y, w, family)  # type: ignore[arg-type]
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
