"""Sensitivity to a hidden cause: published figures, and worlds where a cause of known strength is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from pyllm_causal.causal.refuters.sensitivity import _strengths, partial
from pyllm_causal.causal.robustness import Benchmark, bias_in_errors, robustness_value, tipping
from tests.unit.causal.samples import confounded, sample


def test_the_darfur_study_of_the_paper() -> None:
    """Cinelli & Hazlett (2020), table 1: exposure to violence 0.097 (0.023) with 783 degrees of freedom."""
    t, dof = 4.184, 783.0
    assert robustness_value(t, dof) == pytest.approx(0.139, abs=0.0005)
    assert t**2 / (t**2 + dof) == pytest.approx(0.022, abs=0.0005)
    estimate, error = 0.0973, 0.0973 / t
    # partial R² of "female" with treatment and outcome; estimates left by causes once to three times as strong
    female = Benchmark("female", 0.00908, 0.1092)
    for strength, adjusted in ((1, 0.0752), (2, 0.0529), (3, 0.0304)):
        bias = bias_in_errors(strength, female, dof) * error
        assert estimate - bias == pytest.approx(adjusted, abs=0.0007)


def test_the_robustness_value_is_the_strength_that_leaves_nothing() -> None:
    for t, dof in ((1.0, 50.0), (4.0, 800.0), (12.0, 300.0)):
        r = robustness_value(t, dof)
        assert math.sqrt(r * r / (1 - r) * dof) == pytest.approx(t, rel=1e-9)
        assert robustness_value(t, dof, q=0.5) < r < 1


@pytest.mark.parametrize("seed", range(5))
def test_the_bias_of_leaving_a_cause_out_is_reproduced(seed: int) -> None:
    """The formula is exact in the sample: bias = √(R²y R²d / (1 − R²d)) · error · √dof of the model without it."""
    rng = np.random.default_rng(seed)
    n = 400
    x, u = rng.standard_normal((2, n))
    d = 0.5 * x + 0.7 * u + rng.standard_normal(n)
    y = d + x + 0.9 * u + rng.standard_normal(n)
    short = sm.OLS(y, sm.add_constant(np.column_stack([d, x]))).fit()
    full = sm.OLS(y, sm.add_constant(np.column_stack([d, x, u]))).fit()
    with_d = sm.OLS(d, sm.add_constant(np.column_stack([x, u]))).fit()
    r2d = with_d.tvalues[2] ** 2 / (with_d.tvalues[2] ** 2 + with_d.df_resid)
    r2y = full.tvalues[3] ** 2 / (full.tvalues[3] ** 2 + full.df_resid)
    bias = short.params[1] - full.params[1]
    formula = math.sqrt(r2y * r2d / (1 - r2d)) * short.bse[1] * math.sqrt(short.df_resid)
    assert formula == pytest.approx(abs(bias), rel=1e-6)


def test_a_hidden_twin_of_a_measured_cause_does_what_its_benchmark_says() -> None:
    """u is as strong as x and independent of it: the benchmark on x, from data without u, foretells the bias."""
    rng = np.random.default_rng(1)
    n = 200_000
    x, u = rng.standard_normal((2, n))
    d = 0.3 * x + 0.3 * u + rng.standard_normal(n)
    y = d + 0.4 * x + 0.4 * u + rng.standard_normal(n)
    s = sample(y, d, x, dose=(1.0, 0.0))
    _, t, dof, (benchmark,) = partial(s)
    error = 1 / math.sqrt(n)
    short = sm.OLS(y, sm.add_constant(np.column_stack([d, x]))).fit()
    full = sm.OLS(y, sm.add_constant(np.column_stack([d, x, u]))).fit()
    assert t == pytest.approx(short.tvalues[1], rel=1e-6) and dof == short.df_resid
    foretold = bias_in_errors(1.0, benchmark, dof) * short.bse[1]
    assert foretold == pytest.approx(short.params[1] - full.params[1], rel=0.15) and error < foretold


@pytest.mark.parametrize("weighted", [False, True])
def test_strengths_are_partial_r_squared(weighted: bool) -> None:
    s = confounded(300)
    rng = np.random.default_rng(2)
    root = np.sqrt(rng.uniform(0.5, 2, s.n)) if weighted else np.ones(s.n)
    design = sm.add_constant(np.column_stack([s.x, s.x[:, 0] ** 2])) * root[:, None]
    y = s.y * root
    full = sm.OLS(y, design).fit()
    found = _strengths(design, y, ("a", "b", "a"))
    for name, columns in (("a", [1, 3]), ("b", [2])):
        without = sm.OLS(y, np.delete(design, columns, axis=1)).fit()
        assert found[name] == pytest.approx(1 - full.ssr / without.ssr, rel=1e-8)


def test_a_repeated_column_has_no_strength_of_its_own() -> None:
    s = confounded(300)
    design = sm.add_constant(np.column_stack([s.x, s.x[:, 0]]))
    found = _strengths(design, s.y, ("a", "b", "copy of a"))
    assert found["a"] == pytest.approx(0, abs=1e-9) and found["copy of a"] == pytest.approx(0, abs=1e-9)
    assert found["b"] > 0.01


def test_the_tipping_point_is_where_the_bias_reaches_the_estimate() -> None:
    b = Benchmark("x", 0.02, 0.05)
    factor = tipping(5.0, b, 500.0)
    assert factor is not None and bias_in_errors(factor, b, 500.0) == pytest.approx(5.0, rel=1e-6)
    assert tipping(50.0, Benchmark("x", 1e-6, 1e-6), 500.0) is None
    assert bias_in_errors(100.0, Benchmark("x", 0.5, 0.5), 500.0) == math.inf
