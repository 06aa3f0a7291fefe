"""Every estimator against an independent computation: a library, a formula written out, or a large bootstrap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from pyllm_causal.causal import glm
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.estimators.doubly_robust import SEED
from pyllm_causal.causal.estimators.regression import form_of
from pyllm_causal.causal.estimators.weighting import entropy_weights
from pyllm_causal.causal.inference import Fit, covariance, effect_of
from pyllm_causal.causal.learners import expanded, folds, out_of_fold
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import confounded, sample


def effect(method: str, s: Sample, scale: Any = "difference") -> tuple[float, float]:
    """(value on the line where it is symmetric, standard error)."""
    found = effect_of(REGISTRY[method].function(s), s, scale)
    assert found is not None and found.std_error is not None
    value = found.value
    if scale != "difference":
        value = float(np.log(1 + value / 100 if scale == "percent" else value))
    return value, found.std_error


def bootstrap(method: str, s: Sample, draws: int = 400, scale: Any = "difference") -> float:
    rng = np.random.default_rng(1)
    if s.cluster is None:
        rows = [rng.integers(0, s.n, s.n) for _ in range(draws)]
    else:
        groups = int(s.cluster.max()) + 1
        members = [np.flatnonzero(s.cluster == g) for g in range(groups)]
        rows = [np.concatenate([members[g] for g in rng.integers(0, groups, groups)]) for _ in range(draws)]
    values = [effect(method, s.take(r), scale)[0] for r in rows]
    return float(np.std(values, ddof=1))


# ---- plain difference ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "share"), [(12, 0.5), (12, 0.25), (200, 0.3), (2000, 0.5)])
def test_difference_in_means_is_welch_and_hc2(n: int, share: float) -> None:
    rng = np.random.default_rng(n)
    t = (np.arange(n) < n * share).astype("int64")
    y = rng.standard_normal(n) * (1 + 2 * t) + t
    s = sample(y, t)
    found = effect_of(REGISTRY["difference_in_means"].function(s), s, "difference")
    assert found is not None
    welch = stats.ttest_ind(y[t == 1], y[t == 0], equal_var=False)
    interval = welch.confidence_interval()
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    ols = sm.OLS(y, sm.add_constant(t.astype("float64"))).fit(cov_type="HC2")
    assert (found.value, found.std_error) == pytest.approx((ols.params[1], ols.bse[1]), rel=1e-9)


def test_weighted_difference_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    t, w = rng.integers(0, 2, n), rng.uniform(0.2, 5, n)
    y = t + rng.standard_normal(n) * (1 + t)
    ols = sm.WLS(y, sm.add_constant(t.astype("float64")), weights=w).fit(cov_type="HC0")
    found = effect("difference_in_means", sample(y, t, weights=w))
    assert found == pytest.approx((ols.params[1], ols.bse[1]), rel=1e-3)


def test_clustered_difference_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 12)
    t = (np.arange(40) % 2)[cluster]
    y = t + rng.standard_normal(40)[cluster] + rng.standard_normal(480)
    s = sample(y, t, cluster=cluster)
    ols = sm.OLS(y, sm.add_constant(t.astype("float64"))).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    value, error = effect("difference_in_means", s)
    assert value == pytest.approx(ols.params[1], rel=1e-9)
    assert error == pytest.approx(ols.bse[1], rel=5e-3)
    assert covariance(REGISTRY["difference_in_means"].function(s), s)[1] <= 39
    assert error > 2 * effect("difference_in_means", replace(s, cluster=None))[1]


# ---- regression ------------------------------------------------------------------------------------------------------


def test_linear_standardisation_is_the_interacted_regression() -> None:
    """Lin (2013): the coefficient of the treatment with centred covariates and their products."""
    s = confounded(800)
    x = s.x - s.x.mean(axis=0)
    t = (s.arm == 1).astype("float64")
    ols = sm.OLS(s.y, np.column_stack([np.ones(s.n), t, x, x * t[:, None]])).fit(cov_type="HC2")
    value, error = effect("regression", s)
    assert value == pytest.approx(ols.params[1], rel=1e-9)
    # + the spread of individual effects over the population that the rows were drawn from
    tau = ols.params[1] + x @ ols.params[4:]
    assert error == pytest.approx(np.sqrt(ols.bse[1] ** 2 + tau.var() / s.n), rel=0.01)


@pytest.mark.parametrize("target", ["treated", "untreated"])
def test_regression_for_one_group_predicts_the_other_outcome(target: Any) -> None:
    s = confounded(600, target=target)
    own, other = (1, 0) if target == "treated" else (0, 1)
    design = sm.add_constant(s.x)
    fit = sm.OLS(s.y[s.arm == other], design[s.arm == other]).fit()
    missing = float(fit.predict(design[s.arm == own]).mean())
    seen = float(s.y[s.arm == own].mean())
    assert effect("regression", s)[0] == pytest.approx(seen - missing if own == 1 else missing - seen, rel=1e-9)


@pytest.mark.parametrize("target", ["everyone", "treated", "untreated"])
@pytest.mark.parametrize(
    ("outcome", "scale"),
    [
        ("number", "difference"),
        ("number", "ratio"),
        ("yes_no", "difference"),
        ("yes_no", "odds_ratio"),
        ("yes_no", "percent"),
        ("count", "rate_ratio"),
    ],
)
@pytest.mark.parametrize("method", ["regression", "weighting"])
def test_standard_errors_are_those_of_a_bootstrap(method: str, outcome: str, scale: str, target: Any) -> None:
    s = confounded(400, seed=4, effect=0.6 if outcome == "count" else 1.0, outcome=outcome, target=target)
    # 400 draws know a standard deviation to 3.5 %; weights have long tails
    assert effect(method, s, scale)[1] == pytest.approx(bootstrap(method, s, scale=scale), rel=0.15)


def test_regression_standardisation_delta_by_hand() -> None:
    s = confounded(500, outcome="yes_no", effect=1.0)
    design = sm.add_constant(s.x)
    means, parts = [], []
    for arm in (1, 0):
        rows = s.arm == arm
        fit = sm.GLM(s.y[rows], design[rows], family=sm.families.Binomial()).fit(tol=1e-12)
        p = fit.predict(design)
        gradient = (p * (1 - p)) @ design / s.n
        scores = (
            design[rows] * (s.y[rows] - fit.predict(design[rows]))[:, None] * np.sqrt(rows.sum() / (rows.sum() - 3))
        )
        part = p - p.mean()
        part[rows] += s.n * scores @ fit.cov_params() @ gradient
        means.append(p.mean())
        parts.append(part)
    value, error = effect("regression", s)
    assert value == pytest.approx(means[0] - means[1], rel=1e-6)
    assert error == pytest.approx(float(np.sqrt(((parts[0] - parts[1]) ** 2).sum())) / s.n, rel=1e-5)
    log_part = parts[0] / means[0] - parts[1] / means[1]
    ratio = effect("regression", s, "ratio")
    assert ratio == pytest.approx((np.log(means[0] / means[1]), np.sqrt((log_part**2).sum()) / s.n), rel=1e-5)


def test_few_rows_share_slopes_as_plain_least_squares_does() -> None:
    s = confounded(24)
    ols = sm.OLS(s.y, sm.add_constant(np.column_stack([s.arm == 1, s.x]).astype("float64"))).fit(cov_type="HC2")
    fit = REGISTRY["regression"].function(s)
    assert effect("regression", s) == pytest.approx((ols.params[1], ols.bse[1]), rel=1e-8)
    assert fit.notes and fit.dof == 24 - 4


@pytest.mark.parametrize("method", ["regression", "weighting"])
@pytest.mark.parametrize("level", ["group", "row"])
def test_clusters_are_drawn_whole(method: str, level: str) -> None:
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(50), 8)
    x = rng.standard_normal((400, 1)) + 0.5 * rng.standard_normal(50)[cluster][:, None]
    t = (rng.random(50) < 0.5).astype("int64")[cluster] if level == "group" else (rng.random(400) < 0.5).astype("int64")
    y = (
        x[:, 0]
        + t * (1 + rng.standard_normal(50)[cluster])
        + rng.standard_normal(50)[cluster]
        + rng.standard_normal(400)
    )
    s = sample(y, t, x, cluster=cluster)
    assert effect(method, s)[1] == pytest.approx(bootstrap(method, s), rel=0.15)


@pytest.mark.parametrize("method", ["regression", "weighting", "difference_in_means"])
def test_whole_numbers_as_weights_are_repeated_rows(method: str) -> None:
    rng = np.random.default_rng(6)
    s = confounded(300)
    if method == "difference_in_means":
        s = replace(s, x=s.x[:, :0])
    w = rng.integers(1, 4, s.n)
    repeated = s.take(np.repeat(np.arange(s.n), w))
    weighted = replace(s, weights=w * s.n / w.sum(), weighted=True)
    assert effect(method, weighted)[0] == pytest.approx(effect(method, repeated)[0], rel=1e-6)


# ---- weighting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["everyone", "treated", "untreated"])
def test_weighting_is_the_hajek_estimator(target: Any) -> None:
    s = confounded(600, target=target)
    t = (s.arm == 1).astype("float64")
    e = sm.Logit(t, sm.add_constant(s.x)).fit(disp=0, tol=1e-12).predict()
    assert (e > 0.01).all() and (e < 0.99).all()
    h = {"everyone": np.ones(s.n), "treated": e, "untreated": 1 - e}[target]
    one = np.average(s.y, weights=h * t / e)
    zero = np.average(s.y, weights=h * (1 - t) / (1 - e))
    assert effect("weighting", s)[0] == pytest.approx(one - zero, rel=1e-6)


def test_weighting_for_everyone_agrees_with_the_projection_formula() -> None:
    """Lunceford & Davidian (2004): under a right model the fitted probabilities project on their scores."""
    s = confounded(5000)
    design = sm.add_constant(s.x)
    t = (s.arm == 1).astype("float64")
    e = sm.Logit(t, design).fit(disp=0).predict()
    one, zero = np.average(s.y, weights=t / e), np.average(s.y, weights=(1 - t) / (1 - e))
    raw = t / e * (s.y - one) - (1 - t) / (1 - e) * (s.y - zero)
    scores = design * (t - e)[:, None]
    left = raw - scores @ np.linalg.lstsq(scores, raw, rcond=None)[0]
    assert effect("weighting", s)[1] == pytest.approx(np.sqrt(left @ left) / s.n, rel=0.03)


def test_entropy_weights_balance_what_they_promise() -> None:
    rng = np.random.default_rng(7)
    x = rng.standard_normal((500, 3))
    dose = x[:, 0] + rng.standard_normal(500) * np.exp(0.3 * x[:, 1])
    base = rng.uniform(0.5, 2, 500)
    base *= 500 / base.sum()
    w, _, exact = entropy_weights(dose, x, base)
    assert exact and w.sum() == pytest.approx(500) and (w > 0).all()
    for column in x.T:
        middle = np.average(column, weights=base)
        assert np.average(column, weights=w) == pytest.approx(middle, abs=1e-6)
        t = dose - np.average(dose, weights=base)
        assert np.average((column - middle) * t, weights=w) == pytest.approx(0, abs=1e-6)
        assert np.average((column - middle) * t**2, weights=w) == pytest.approx(0, abs=1e-5)


# ---- doubly robust ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
@pytest.mark.parametrize("target", ["everyone", "treated", "untreated"])
def test_doubly_robust_is_the_textbook_score_on_its_nuisances(target: Any, outcome: str) -> None:
    s = confounded(500, effect=0.8, outcome=outcome, target=target)
    x = (s.x - s.x.mean(axis=0)) / s.x.std(axis=0)
    rich = expanded(s.x)
    fold = folds(s.n, s.arm, SEED)
    all_rows, w = np.ones(s.n, dtype=bool), s.weights
    family: Any = {"number": "linear", "yes_no": "logistic", "count": "poisson"}[outcome]
    t = (s.arm == 1).astype("float64")
    e = np.clip(out_of_fold(x, rich, t, w, all_rows, fold, "logistic")[0], 0.01, 0.99)
    m1, m0 = (out_of_fold(x, rich, s.y, w, s.arm == a, fold, family)[0] for a in (1, 0))
    if target == "everyone":
        score = m1 - m0 + t * (s.y - m1) / e - (1 - t) * (s.y - m0) / (1 - e)
        value, spread = score.mean(), score.std()
    else:
        own = t if target == "treated" else 1 - t
        if target == "treated":  # Chernozhukov et al. (2018), equation 5.4
            score = t * (s.y - m0) - (1 - t) * e / (1 - e) * (s.y - m0)
        else:
            score = t * (1 - e) / e * (s.y - m1) - (1 - t) * (s.y - m1)
        value = score.mean() / own.mean()
        spread = (score - own * value).std() / own.mean()
    assert effect("doubly_robust", s) == pytest.approx((value, spread / np.sqrt(s.n)), rel=1e-6)


def test_folds_keep_clusters_whole_and_arms_balanced() -> None:
    arm = np.repeat([0, 1], [90, 10])
    fold = folds(100, arm, 1)
    assert all(((fold == f) & (arm == 1)).sum() == 2 for f in range(5))
    cluster = np.repeat(np.arange(20), 5)
    by_cluster = folds(100, arm, 1, cluster=cluster)
    assert all(len(set(by_cluster[cluster == c])) == 1 for c in range(20)) and len(set(by_cluster)) == 5


def test_predictions_come_from_other_folds() -> None:
    """An outcome that is pure noise cannot be predicted; in-sample predictions would correlate with it."""
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((200, 30)), rng.standard_normal(200)
    fold = folds(200, np.zeros(200, dtype="int64"), 2)
    predicted, gain = out_of_fold(x, None, y, np.ones(200), np.ones(200, dtype=bool), fold, "linear")
    assert np.corrcoef(predicted, y)[0, 1] < 0.15 and gain == 0.0


def test_a_bent_outcome_is_seen_and_a_straight_one_is_not() -> None:
    rng = np.random.default_rng(9)
    x = rng.standard_normal((800, 2))
    fold = folds(800, np.zeros(800, dtype="int64"), 3)
    rows, ones = np.ones(800, dtype=bool), np.ones(800)
    straight = x[:, 0] + rng.standard_normal(800)
    bent = x[:, 0] ** 2 + rng.standard_normal(800)
    assert out_of_fold(x, expanded(x), straight, ones, rows, fold, "linear")[1] < 3
    assert out_of_fold(x, expanded(x), bent, ones, rows, fold, "linear")[1] > 5


# ---- dose ------------------------------------------------------------------------------------------------------------


def dosed(n: int = 600, seed: int = 0, varies: float = 0.0, **more: Any) -> Sample:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    t = 4 + x[:, 0] + rng.standard_normal(n) * np.exp(0.3 * x[:, 1])
    y = 3 + (2 + varies * x[:, 1]) * t + x.sum(axis=1) + rng.standard_normal(n)
    return sample(y, t, x, dose=(5.0, 4.0), **({"per_unit": True} | more))


def test_a_dose_without_interaction_is_least_squares() -> None:
    s = dosed(seed=3)
    ols = sm.OLS(s.y, sm.add_constant(np.column_stack([s.dose, s.x]))).fit(cov_type="HC2")
    assert effect("regression", s) == pytest.approx((ols.params[1], ols.bse[1]), rel=1e-6)


def test_a_clustered_dose_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(60), 10)
    s = dosed(600, seed=3)
    s = replace(s, y=s.y + 2 * rng.standard_normal(60)[cluster], cluster=cluster)
    ols = sm.OLS(s.y, sm.add_constant(np.column_stack([s.dose, s.x]))).fit(
        cov_type="cluster", cov_kwds={"groups": cluster}
    )
    assert effect("regression", s) == pytest.approx((ols.params[1], ols.bse[1]), rel=0.02)


@pytest.mark.parametrize("method", ["regression", "weighting", "doubly_robust"])
def test_the_average_slope_is_found_where_slope_and_spread_vary_together(method: str) -> None:
    """A straight line without products averages slopes by the spread of the dose: 2.3 instead of 2."""
    found = [effect(method, dosed(2000, seed, varies=0.5)) for seed in range(4)]
    value, error = np.mean(found, axis=0)
    assert abs(value - 2) < 4 * error / 2
    s = dosed(2000, 0, varies=0.5)
    plain = sm.OLS(s.y, sm.add_constant(np.column_stack([s.dose, s.x]))).fit()
    assert plain.params[1] > 2.2


def test_slopes_are_not_averaged_over_rows_whose_like_never_differ_in_the_dose() -> None:
    """A dose that only rows with x near 0 take (months in prison, by quarters in work): products would carry the slope seen
    there to rows that hold nothing on it, sixteen margins wide or with the wrong sign."""
    rng = np.random.default_rng(21)
    x = rng.integers(0, 5, 3000).astype("float64")
    t = np.where((x <= 1) & (rng.random(3000) < 0.2), rng.integers(1, 12, 3000) * np.where(x == 0, 1.0, 0.1), 0.0)
    y = -0.05 * t * (1 + 2 * (x == 1)) + 0.1 * x + 0.5 * rng.standard_normal(3000)
    s = sample(y, t, x[:, None], dose=(1.0, 0.0), per_unit=True)
    assert form_of(s) == (1, False)
    plain = sm.OLS(s.y, sm.add_constant(np.column_stack([s.dose, s.x]))).fit(cov_type="HC2")
    assert effect("regression", s) == pytest.approx((plain.params[1], plain.bse[1]), rel=1e-6)
    products = effect("regression", replace(s, form=(1, True)))
    assert products[1] > 2 * plain.bse[1]


@pytest.mark.parametrize("method", ["regression", "weighting", "doubly_robust"])
def test_a_dose_scales_with_the_contrast_and_turns_with_it(method: str) -> None:
    s = dosed(per_unit=False)
    one, error = effect(method, s)
    assert effect(method, replace(s, treated=4.0, control=5.0)) == pytest.approx((-one, error), rel=1e-9)
    assert effect(method, replace(s, treated=6.0, control=4.0)) == pytest.approx((2 * one, 2 * error), rel=1e-6)


@pytest.mark.parametrize(("outcome", "scale"), [("yes_no", "difference"), ("yes_no", "odds_ratio"), ("count", "ratio")])
def test_a_dose_between_two_numbers_for_yes_no_and_counts(outcome: str, scale: str) -> None:
    rng = np.random.default_rng(11)
    x = rng.standard_normal((700, 1))
    t = 1 + 0.5 * x[:, 0] + rng.standard_normal(700)
    line = -0.5 + 0.4 * t + 0.5 * x[:, 0]
    y = rng.random(700) < 1 / (1 + np.exp(-line)) if outcome == "yes_no" else rng.poisson(np.exp(line))
    s = sample(y, t, x, dose=(2.0, 0.0), outcome=outcome)
    value, error = effect("regression", s, scale)

    def truth(dose: float) -> float:
        eta = -0.5 + 0.4 * dose + 0.5 * np.linspace(-5, 5, 20001)
        mean = 1 / (1 + np.exp(-eta)) if outcome == "yes_no" else np.exp(eta)
        return float(np.average(mean, weights=stats.norm.pdf(np.linspace(-5, 5, 20001))))

    one, zero = truth(2.0), truth(0.0)
    known = one - zero
    if scale != "difference":
        known = np.log(one / zero if scale == "ratio" else one / (1 - one) / (zero / (1 - zero)))
    assert abs(value - known) < 4 * error
    assert error == pytest.approx(bootstrap("regression", s, 200, scale), rel=0.3)


def test_a_curve_is_fitted_where_the_line_is_clearly_wrong() -> None:
    rng = np.random.default_rng(12)
    x = rng.standard_normal((600, 1))
    t = 1 + 0.5 * x[:, 0] + rng.standard_normal(600)
    s = sample(t**2 + x[:, 0] + rng.standard_normal(600), t, x, dose=(2.0, 0.0))
    value, error = effect("regression", s)
    assert abs(value - 4) < 4 * error and REGISTRY["regression"].function(s).notes
    far = REGISTRY["regression"].function(replace(s, treated=40.0))
    assert any("outside the range" in note for note in far.notes)


def test_few_levels_are_bent_no_further_than_a_parabola() -> None:
    rng = np.random.default_rng(14)
    t = rng.integers(0, 5, 500).astype("float64")
    s = sample(t**2 + rng.standard_normal(500), t, dose=(4.0, 0.0))
    assert form_of(s) == (2, False)
    assert form_of(sample(s.y, t + 0.01 * rng.standard_normal(500), dose=(3.0, 0.5))) == (3, False)
    assert form_of(replace(s, per_unit=True)) == (1, False)
    assert form_of(replace(s, treated=9.0)) == (1, False), "no curve beyond the range seen"
    assert form_of(replace(s, form=(1, True))) == (1, True), "decided once"


# ---- matching --------------------------------------------------------------------------------------------------------


def brute_force_matching(s: Sample) -> tuple[float, Any]:
    """Abadie & Imbens (2011), four matches with ties, row by row."""
    z = (s.x - s.x.mean(axis=0)) / s.x.std(axis=0)
    imputed = np.zeros((s.n, 2))
    carried = np.zeros(s.n)
    for column, arm in ((0, 1), (1, 0)):
        own = np.flatnonzero(s.arm == arm)
        fit = sm.OLS(s.y[own], sm.add_constant(z[own])).fit()
        predicted = fit.predict(sm.add_constant(z))
        for i in range(s.n):
            if s.arm[i] == arm:
                imputed[i, column] = s.y[i]
                continue
            distance = ((z[own] - z[i]) ** 2).sum(axis=1)
            near = own[distance <= np.sort(distance)[3] + 1e-9]
            imputed[i, column] = np.mean(s.y[near] + predicted[i] - predicted[near])
            if s.wanted()[i]:
                carried[near] += 1 / len(near)
    wanted = s.wanted()
    return float((imputed[wanted, 0] - imputed[wanted, 1]).mean()), carried


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("target", ["everyone", "treated", "untreated"])
def test_matching_is_the_brute_force_one(target: Any, discrete: bool) -> None:
    s = confounded(150, target=target)
    if discrete:
        s = replace(s, x=np.clip(np.round(s.x), -1, 1))
    assert effect("matching", s)[0] == pytest.approx(brute_force_matching(s)[0], abs=1e-5)


@pytest.mark.parametrize("target", ["everyone", "treated"])
def test_ties_do_not_depend_on_the_order_of_rows(target: Any) -> None:
    """With only yes/no covariates every match is a tie; taking the first rows would favour the top of the table."""
    s = confounded(300, target=target)
    s = replace(s, x=(s.x > 0).astype("float64"))
    by_outcome = s.take(np.argsort(s.y))
    assert effect("matching", by_outcome) == pytest.approx(effect("matching", s), rel=1e-9)
    cells = [(s.x == c).all(axis=1) for c in ([0, 0], [0, 1], [1, 0], [1, 1])]
    gaps = np.array([s.y[c & (s.arm == 1)].mean() - s.y[c & (s.arm == 0)].mean() for c in cells])
    shares = [(c & s.wanted()).mean() for c in cells]
    assert effect("matching", s)[0] == pytest.approx(np.average(gaps, weights=shares), abs=1e-5)


@pytest.mark.parametrize("target", ["everyone", "treated", "untreated"])
def test_matching_errors_are_those_of_repeated_sampling(target: Any) -> None:
    found = np.array([effect("matching", confounded(200, seed, target=target)) for seed in range(150)])
    # the spread of 150 draws is known to 6 %
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(ddof=1), rel=0.2)
    assert abs(np.diff(effect("regression", confounded(4000, 1, target=target)))[0]) > 0


def test_matching_is_not_offered_where_its_errors_are_unknown() -> None:
    s = confounded(100)
    fits = REGISTRY["matching"].fits
    assert fits(s)
    assert not fits(replace(s, cluster=np.arange(100) % 10))
    assert not fits(replace(s, weighted=True))
    assert not REGISTRY["matching"].resamples


# ---- several arms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["regression", "weighting", "doubly_robust", "matching"])
def test_everyone_includes_people_of_other_arms(method: str) -> None:
    """The third arm has other people; leaving them out would give 2.3 instead of 2."""
    rng = np.random.default_rng(13)
    n = 6000
    x = rng.standard_normal((n, 1))
    p = np.exp(np.column_stack([np.zeros(n), 0.3 * x[:, 0], -1.2 * x[:, 0]]))
    arm = (rng.random(n)[:, None] > (p / p.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    y = x[:, 0] + (arm == 1) * (2 + x[:, 0]) + 5 * (arm == 2) + rng.standard_normal(n)
    s = sample(y, np.where(arm == 2, -1, arm), x)
    value, error = effect(method, s)
    assert abs(value - (2 + x.mean())) < 4 * error
    pair = s.take(s.arm >= 0)
    assert abs(effect(method, pair)[0] - (2 + pair.x.mean())) < 4 * error and pair.x.mean() > 0.15


# ---- scales ----------------------------------------------------------------------------------------------------------


def test_scales_by_hand() -> None:
    rng = np.random.default_rng(0)
    s = sample(rng.integers(0, 2, 100), np.arange(100) % 2, outcome="yes_no")
    s = replace(s, weighted=True)  # no floor under the variance
    m1, m0, v1, v0 = 0.4, 0.2, 0.0016, 0.0009
    fit = Fit(m1, m0, covariance=np.diag([v1, v0]))
    ratio = effect_of(fit, s, "ratio")
    percent = effect_of(fit, s, "percent")
    odds = effect_of(fit, s, "odds_ratio")
    plain = effect_of(fit, s, "difference")
    assert ratio is not None and percent is not None and odds is not None and plain is not None
    assert plain.std_error == pytest.approx(np.sqrt(v1 + v0))
    error = np.sqrt(v1 / m1**2 + v0 / m0**2)
    assert (ratio.value, ratio.std_error) == pytest.approx((2.0, error))
    assert ratio.low is not None and ratio.high is not None
    assert (ratio.low, ratio.high) == pytest.approx((2 * np.exp(-1.959964 * error), 2 * np.exp(1.959964 * error)))
    assert (percent.value, percent.low) == pytest.approx((100.0, 100 * (ratio.low - 1)))
    assert odds.value == pytest.approx(0.4 / 0.6 / (0.2 / 0.8))
    assert odds.std_error == pytest.approx(np.sqrt(v1 / (0.4 * 0.6) ** 2 + v0 / (0.2 * 0.8) ** 2))


@pytest.mark.parametrize("outcome", ["yes_no", "count"])
@pytest.mark.parametrize("method", ["difference_in_means", "regression", "weighting", "doubly_robust"])
def test_no_ratio_to_a_group_without_events(method: str, outcome: str) -> None:
    """A model gives such a group a mean of a billionth: a ratio of millions, with a narrow interval."""
    s = confounded(300, effect=0.5, outcome=outcome)
    s = replace(s, y=np.where(s.arm == 1, s.y, 0.0))
    if method == "difference_in_means":
        s = replace(s, x=s.x[:, :0])
    fit = REGISTRY[method].function(s)
    assert effect_of(fit, s, "ratio") is None and effect_of(fit, s, "percent") is None
    assert effect_of(fit, s, "difference") is not None
    if outcome == "yes_no":
        assert effect_of(fit, s, "odds_ratio") is None
        full = replace(s, y=np.where(s.arm == 1, 1.0, s.y))
        assert effect_of(REGISTRY[method].function(full), full, "odds_ratio") is None


def test_rare_events_do_not_look_certain() -> None:
    """No event among 20: the plain variance is zero, the rule of three says up to 14 %."""
    y = np.concatenate([np.zeros(20), np.repeat([0, 1], [12, 8])])
    s = sample(y, np.repeat([0, 1], 20), outcome="yes_no")
    found = effect_of(REGISTRY["difference_in_means"].function(s), s, "difference")
    assert found is not None and found.high is not None and found.low is not None
    assert found.high - found.low > 0.4
    matrix, _ = covariance(REGISTRY["difference_in_means"].function(s), s)
    assert matrix[1, 1] == pytest.approx(1 / 22 * (21 / 22) / 22)


def test_too_few_rows_for_an_interval_is_said() -> None:
    s = sample([1.0, 1.0, 2.0, 2.0], [1, 1, 0, 0])
    found = effect_of(REGISTRY["difference_in_means"].function(s), s, "difference")
    assert found is not None and found.unbounded and found.low is None and found.reason


def test_a_fit_with_penalties_is_not_the_headline() -> None:
    """The penalty that survives separation is too small to be seen in a sound sample."""
    s = confounded(500, outcome="yes_no", effect=1.0)
    design = glm.with_intercept(s.x)
    rows = s.arm == 1
    assert glm.fit(design[rows], s.y[rows], s.weights[rows], "logistic").beta == pytest.approx(
        sm.Logit(s.y[rows], design[rows]).fit(disp=0, tol=1e-12).params, rel=1e-6
    )
