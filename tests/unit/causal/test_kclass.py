"""k-class estimates, first stage and Anderson–Rubin set against linearmodels, published tables and brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from linearmodels.iv import IV2SLS, IVLIML
from scipy import stats

from pyllm_causal.causal.complier import means, shares, signs, weighted_wald
from pyllm_causal.causal.kclass import (
    Partialled,
    fixed,
    liml,
    ordinary,
    overidentified,
    partial,
    reduced,
    sargan,
    two_stage,
)
from pyllm_causal.causal.weak_instrument import anderson_rubin, critical_value, strength

Floats = np.ndarray[Any, np.dtype[np.float64]]


def data(seed: int, m: int, push: float = 0.4, n: int = 400) -> tuple[Floats, Floats, Floats, Floats, Floats, Any]:
    rng = np.random.default_rng(seed)
    x, z, u = rng.standard_normal((n, 3)), rng.standard_normal((n, m)), rng.standard_normal(n)
    g = rng.integers(0, 40, n)
    z = z + 0.4 * x[:, :1] + 0.3 * rng.standard_normal(40)[g][:, None]
    d = push * z.sum(axis=1) + x @ [0.5, -0.2, 0.1] + u + rng.standard_normal(n)
    y = 0.7 * d + x @ [1.0, 0.3, 0.0] + u + (0.5 + np.abs(z[:, 0])) * rng.standard_normal(n)
    return y, d, z, x, rng.uniform(0.4, 2.0, n), g


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_same_as_linearmodels(m: int, weighted: bool, clustered: bool) -> None:
    """Estimates and errors to 1e-6, relative: two codes for one formula."""
    y, d, z, x, w, g = data(m, m)
    weights = w if weighted else np.ones(len(y))
    p = partial(y, d, z, fixed(x, weights, g if clustered else None))
    extra = {"cov_type": "clustered", "clusters": g} if clustered else {"cov_type": "robust"}
    for own, model in ((two_stage, IV2SLS), (liml, IVLIML)):
        reference = model(y, np.column_stack([np.ones(len(y)), x]), d, z, weights=w if weighted else None)
        fit = reference.fit(debiased=True, **extra)
        line = own(p)
        assert line.value == pytest.approx(fit.params.iloc[-1], rel=1e-6)
        assert line.error == pytest.approx(fit.std_errors.iloc[-1], rel=1e-6)
        if m == 1:
            assert line.value == pytest.approx(two_stage(p).value, rel=1e-9)


def test_over_identification_is_that_of_linearmodels() -> None:
    y, d, z, x, _, _ = data(5, 3)
    p = partial(y, d, z, fixed(x, np.ones(len(y))))
    fit = IV2SLS(y, np.column_stack([np.ones(len(y)), x]), d, z).fit(cov_type="robust")
    robust, even = overidentified(p, two_stage(p)), sargan(p, two_stage(p))
    assert robust is not None and even is not None
    assert robust.statistic == pytest.approx(fit.wooldridge_overid.stat, rel=1e-6)
    assert robust.p_value == pytest.approx(fit.wooldridge_overid.pval, rel=1e-6)
    assert even.statistic == pytest.approx(fit.sargan.stat, rel=1e-6)
    single = partial(y, d, z[:, :1], fixed(x, np.ones(len(y))))
    assert overidentified(single, two_stage(single)) is None


def test_over_identification_by_clusters_keeps_its_size() -> None:
    """Instruments and noise shared within clusters: the clustered test rejects about 5 %, the other one far more."""
    rng = np.random.default_rng(0)
    hits = {True: 0, False: 0}
    for _ in range(200):
        g = np.repeat(np.arange(50), 10)
        z = rng.standard_normal((50, 2))[g]
        shared, n = rng.standard_normal(50)[g], len(g)
        d = z.sum(axis=1) + shared + rng.standard_normal(n)
        y = d + shared + rng.standard_normal(n)
        for by in (True, False):
            p = partial(y, d, z, fixed(np.zeros((n, 0)), np.ones(n), g if by else None))
            found = overidentified(p, two_stage(p))
            assert found is not None
            hits[by] += found.p_value < 0.05
    assert hits[True] <= 22  # 10 expected; 22 is 4 standard deviations more
    assert hits[False] > 40


@pytest.mark.parametrize("effects", [1, 2])
def test_absorbed_effects_are_indicators(effects: int) -> None:
    """Taking means out gives what indicator columns give: estimate, robust error and clustered error."""
    y, d, z, x, w, g = data(9, 2, n=300)
    codes = (g, np.random.default_rng(1).integers(0, 12, len(y)))[:effects]
    dummies = np.hstack([np.eye(int(c.max()) + 1)[c][:, 1:] for c in codes])
    absorbed = two_stage(partial(y, d, z, fixed(x, w, None, codes)))
    whole = two_stage(partial(y, d, z, fixed(np.hstack([x, dummies]), w)))
    assert absorbed.value == pytest.approx(whole.value, rel=1e-8)
    assert absorbed.error == pytest.approx(whole.error, rel=1e-8)
    other = np.random.default_rng(2).integers(0, 25, len(y))
    absorbed = two_stage(partial(y, d, z, fixed(x, w, other, codes)))
    whole = two_stage(partial(y, d, z, fixed(np.hstack([x, dummies]), w, other)))
    assert absorbed.error == pytest.approx(whole.error, rel=1e-8)


def test_columns_that_repeat_others_change_nothing() -> None:
    y, d, z, x, w, _ = data(3, 2)
    once = two_stage(partial(y, d, z, fixed(x, w)))
    twice = partial(
        y,
        d,
        np.column_stack([z, z.sum(axis=1), x[:, 0]]),
        fixed(np.column_stack([x, x @ [1, 2, 3], np.ones(len(y))]), w),
    )
    assert twice.m == 2
    assert two_stage(twice).value == pytest.approx(once.value, rel=1e-9)
    assert two_stage(twice).error == pytest.approx(once.error, rel=1e-9)
    assert partial(y, d, x[:, :1], fixed(x, w)).m == 0


def test_first_stage_is_the_robust_wald_test() -> None:
    """F against statsmodels' HC1 and clustered Wald tests; with one instrument the effective F is the same number."""
    import statsmodels.api as sm

    y, d, z, x, _, g = data(4, 3)
    design = np.column_stack([np.ones(len(y)), x, z])
    for cluster in (None, g):
        extra: dict[str, Any] = {"cov_type": "HC1"}
        if cluster is not None:
            extra = {"cov_type": "cluster", "cov_kwds": {"groups": cluster}}
        wald = sm.OLS(d, design).fit(**extra).wald_test(np.eye(7)[4:], use_f=True, scalar=True)
        assert strength(partial(y, d, z, fixed(x, np.ones(len(y)), cluster))).f == pytest.approx(
            wald.statistic, rel=1e-6
        )
    one = strength(partial(y, d, z[:, :1], fixed(x, np.ones(len(y)))))
    assert one.effective == pytest.approx(one.f, rel=1e-9)


@pytest.mark.parametrize(("tau", "published"), [(0.05, 37.42), (0.10, 23.11), (0.20, 15.06), (0.30, 12.05)])
def test_critical_values_of_the_effective_f(tau: float, published: float) -> None:
    """Montiel Olea & Pflueger (2013), one instrument at 5 %: the figures that weakivtest prints."""
    assert critical_value(1.0, 1 / tau) == pytest.approx(published, abs=0.006)


def statistic(p: Partialled, b: float) -> float:
    g = p.z.T @ (p.y - b * p.d)
    e = p.y - b * p.d
    s = p.meat(p.z * (e - p.z @ (p.z.T @ e))[:, None], p.m)
    return float(g @ np.linalg.solve(s, g))


@pytest.mark.parametrize("m", [1, 2, 4])
@pytest.mark.parametrize("push", [0.0, 0.05, 0.15, 0.5])
@pytest.mark.parametrize("clustered", [False, True])
def test_anderson_rubin_set_is_exact(m: int, push: float, clustered: bool) -> None:
    """Against brute force on a grid, bounded or not."""
    for seed in range(4):
        y, d, z, x, w, g = data(100 * m + seed, m, push)
        p = partial(y, d, z, fixed(x, w, g if clustered else None))
        found = anderson_rubin(p)
        cut = m * stats.f.ppf(0.95, m, p.critical_dof(m))
        for b in np.concatenate([np.linspace(-6, 6, 241), [-1e4, -100, 100, 1e4]]):
            gap = statistic(p, b) - cut
            if abs(gap) > 1e-6:
                assert found.holds(b) == (gap < 0), (b, found)
        for low, high in found.pieces:
            for end in (low, high):
                if np.isfinite(end) and abs(end) < 1e4:
                    assert statistic(p, end) == pytest.approx(cut, rel=1e-5)


def test_anderson_rubin_sets_come_in_every_shape() -> None:
    rng = np.random.default_rng(8)
    n = 300

    def of(d: Floats, y: Floats, z: Floats) -> Any:
        return anderson_rubin(partial(y, d, z, fixed(np.zeros((n, 0)), np.ones(n))))

    z, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    strong = of(z[:, 0] + u, z[:, 0] + 2 * u, z[:, :1])
    assert strong.bounded and len(strong.pieces) == 1
    nothing = [of(u, u + rng.standard_normal(n), rng.standard_normal((n, 1))) for _ in range(20)]
    z, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    assert any(s.pieces == ((-np.inf, np.inf),) for s in nothing) and sum(s.bounded for s in nothing) < 5
    rays = of(u + 0.02 * z[:, 0], u + 2 * z[:, 0] + rng.standard_normal(n), z[:, :1])
    assert len(rays.pieces) == 2 and not rays.bounded and not rays.holds(0.0)
    quarrel = of(z.sum(axis=1) + u, z @ [1.0, -1.0] + u, z)
    assert quarrel.empty and quarrel.bounded


def test_two_means_of_compliers() -> None:
    """Known compliers: both means are theirs, not those of always- or never-takers; their shares are found."""
    rng = np.random.default_rng(0)
    n = 40_000
    kind = rng.choice(["always", "complier", "never"], n, p=[0.2, 0.5, 0.3])
    z = rng.integers(0, 2, n).astype(float)
    d = np.where(kind == "always", 1.0, np.where(kind == "never", 0.0, z))
    base = np.select([kind == "always", kind == "complier"], [9.0, 2.0], -4.0)
    y = base + np.where(kind == "complier", 1.5, 6.0) * d + rng.standard_normal(n)
    held = fixed(np.zeros((n, 0)), np.ones(n))
    p = partial(y, d, z[:, None], held)
    fit = means(y, d, z[:, None], held)
    assert fit.treated == pytest.approx(3.5, abs=0.25) and fit.control == pytest.approx(2.0, abs=0.25)
    assert fit.treated - fit.control == pytest.approx(two_stage(p).value, rel=1e-9)
    assert fit.covariance is not None
    contrast = np.array([1.0, -1.0])
    assert np.sqrt(contrast @ fit.covariance @ contrast) == pytest.approx(two_stage(p).error, rel=1e-9)
    found = shares(p, d, z, np.ones(n))
    assert (found.compliers, found.always, found.never) == pytest.approx((0.5, 0.2, 0.3), abs=0.02)
    turned = shares(partial(y, d, 1 - z[:, None], held), d, 1 - z, np.ones(n))
    assert turned.compliers == pytest.approx(found.compliers) and turned.always == pytest.approx(found.always)
    plain = weighted_wald(y, d, z, np.zeros((n, 0)), np.ones(n), True)
    assert plain is not None
    assert (plain.treated, plain.control) == pytest.approx((fit.treated, fit.control), rel=1e-9)


def test_signs_notice_a_broken_instrument() -> None:
    rng = np.random.default_rng(1)
    n = 4000
    z = rng.integers(0, 2, n).astype(float)
    d = (rng.random(n) < 0.3 + 0.2 * z).astype(float)
    held = fixed(np.zeros((n, 0)), np.ones(n))
    noise = rng.standard_normal(n)
    assert signs(d + noise, d, z[:, None], held).smallest > -3
    assert signs(d + noise, d, 1 - z[:, None], held).smallest > -3
    assert signs(d + 3 * z + noise, d, z[:, None], held).smallest < -5


def test_reduced_form_over_first_stage_is_the_estimate() -> None:
    y, d, z, x, w, _ = data(2, 1)
    p = partial(y, d, 3 * z, fixed(x, w))
    through, moved = reduced(p)
    assert through.value / moved.value == pytest.approx(two_stage(p).value, rel=1e-9)
    assert (moved.value / moved.error) ** 2 == pytest.approx(strength(p).f, rel=1e-9)
    assert ordinary(p).value > two_stage(p).value  # the hidden cause pushes both up
