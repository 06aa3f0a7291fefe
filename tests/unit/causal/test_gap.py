"""The distance of two estimates of the same rows, and its error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.gap import along, gap
from pyllm_causal.causal.inference import Fit, effect_of
from pyllm_causal.causal.refuters.again import without
from tests.unit.causal.samples import confounded, sample


def test_the_error_is_that_of_the_difference_over_samples() -> None:
    """Against the spread over 300 tables: two right methods on the same rows lie much nearer than their own errors say."""
    apart, errors, alone = [], [], []
    for seed in range(300):
        s = confounded(300, seed)
        one, other = REGISTRY["regression"].function(s), REGISTRY["weighting"].function(s)
        found = gap(one, other, s, "difference")
        apart.append(found.value)
        errors.append(found.error)
        effect = effect_of(one, s, "difference")
        assert effect is not None and effect.std_error is not None
        alone.append(effect.std_error)
    assert np.std(apart) == pytest.approx(np.mean(errors), rel=0.15)
    assert np.mean(errors) < 0.6 * np.mean(alone)


def test_clusters_count_as_one() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(50), 8)
    x = rng.standard_normal((400, 2))
    t = (np.arange(50) % 2)[cluster]
    y = t + x[:, 0] + rng.standard_normal(50)[cluster] * (1 + t) + rng.standard_normal(400)
    s = sample(y, t, x, cluster=cluster)
    fits = [REGISTRY["regression"].function(without(s, {g})) for g in ("x0", "x1")]
    found = gap(fits[0], fits[1], s, "difference")
    first, second = fits[0].influence, fits[1].influence
    assert first is not None and second is not None
    sums = np.array([((second - first) @ [1, -1])[cluster == c].sum() for c in range(50)])
    assert found.error == pytest.approx(math.sqrt(50 / 49 * float(sums @ sums)) / 400)
    assert found.dof == 49


def test_influence_is_on_the_scale_of_the_effect() -> None:
    s = confounded(400, effect=0.6, outcome="yes_no")
    fit = REGISTRY["regression"].function(s)
    for scale in ("difference", "ratio", "odds_ratio"):
        part, effect = along(fit, scale), effect_of(fit, s, scale)  # type: ignore[arg-type]
        assert part is not None and effect is not None
        assert math.sqrt(float(part @ part)) / s.n == pytest.approx(effect.std_error or 0, rel=1e-9)


def test_without_influence_the_errors_add_up() -> None:
    s = confounded(300)
    flat = Fit(2.0, 1.0, covariance=np.diag([0.02, 0.02]), dof=100.0)
    found = gap(flat, flat, s, "difference")
    assert found.value == 0 and found.error == pytest.approx(math.sqrt(0.08)) and found.z == 0


def test_a_few_degrees_of_freedom_make_a_gap_less_surprising() -> None:
    s = confounded(300)
    one = Fit(2.0, 1.0, covariance=np.diag([0.02, 0.02]), dof=5.0)
    other = Fit(3.0, 1.0, covariance=np.diag([0.02, 0.02]), dof=100.0)
    found = gap(one, other, s, "difference")
    assert found.z < abs(found.value) / found.error and found.dof == 5.0
    with pytest.raises(ValueError, match="undefined"):
        gap(one, Fit(-1.0, 1.0, covariance=np.eye(2)), s, "ratio")
