"""Partial R² from sums over blocks of rows equals that of two models, one without the columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from pyllm_causal.causal.partial_r2 import shares
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import sample


def made(n: int = 300, weighted: bool = False, scale: float = 1.0, offset: float = 0.0, noise: float = 1.0) -> Sample:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, 3))
    d = (x[:, 0] + 0.5 * x[:, 1] + rng.standard_normal(n)) * scale + offset
    y = d / scale + x[:, 1] + 0.2 * x[:, 2] + noise * rng.standard_normal(n)
    s = sample(y, d, x, dose=(offset + scale, offset), weights=np.exp(rng.standard_normal(n)) if weighted else None)
    return replace(s, x_groups=("a", "b", "a"))


def standardised(v: np.ndarray) -> np.ndarray:
    return np.asarray((v - v.mean(axis=0)) / v.std(axis=0))


def reference(s: Sample, target: np.ndarray, columns: np.ndarray, left_out: list[int]) -> float:
    kept = [j for j in range(columns.shape[1]) if j not in left_out]
    full, short = (sm.WLS(target, sm.add_constant(c), weights=s.weights).fit().ssr for c in (columns, columns[:, kept]))
    return float(1 - full / short)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (100.0, 1e4), (1e-6, 1.0)])
def test_against_two_models(weighted: bool, scale: float, offset: float) -> None:
    s = made(weighted=weighted, scale=scale, offset=offset)
    found = shares(s)
    assert found is not None
    x, d = standardised(s.x), standardised(s.dose[:, None])
    both = np.column_stack([x, d])
    for group, columns in (("a", [0, 2]), ("b", [1])):
        assert found.treatment[group] == pytest.approx(reference(s, d[:, 0], x, columns), rel=1e-8)
        assert found.outcome[group] == pytest.approx(reference(s, s.y, both, columns), rel=1e-8)
    model = sm.WLS(s.y, sm.add_constant(np.column_stack([d, x])), weights=s.weights).fit()
    assert found.t == pytest.approx(model.tvalues[1], rel=1e-8) and found.dof == model.df_resid
    assert found.slope == pytest.approx(model.params[1] / s.dose.std(), rel=1e-8)


def test_where_next_to_nothing_is_left_of_the_outcome() -> None:
    s = made(noise=1e-6)
    found = shares(s)
    assert found is not None
    x = np.column_stack([s.x, s.dose])
    assert found.t == pytest.approx(sm.OLS(s.y, sm.add_constant(x)).fit().tvalues[4], rel=1e-6)


def test_columns_that_repeat_others_have_none() -> None:
    s = made()
    twice = replace(
        s, x=np.column_stack([s.x, 2 * s.x[:, 1] + 1]), x_groups=("a", "b", "a", "copy of b"), x_names=("",) * 4
    )
    found, once = shares(twice), shares(s)
    assert found is not None and once is not None
    for group in ("b", "copy of b"):
        assert found.treatment[group] == pytest.approx(0, abs=1e-12)
        assert found.outcome[group] == pytest.approx(0, abs=1e-12)
    assert found.outcome["a"] == pytest.approx(once.outcome["a"], rel=1e-8)
    assert found.treatment["a"] == pytest.approx(once.treatment["a"], rel=1e-8)


def test_a_treatment_made_of_covariates_has_none() -> None:
    s = made()
    assert shares(replace(s, dose=s.x[:, 0] - s.x[:, 1])) is None
