"""Sensitivity in the user's units: the range that is stated holds the truth where the hidden cause is as strong as stated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from pyllm_causal.analysis import Estimate, Refutation
from pyllm_causal.causal.estimate import Estimates
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.inference import effect_of
from pyllm_causal.causal.omitted import reach
from pyllm_causal.causal.refuters import Trial
from pyllm_causal.causal.refuters.sensitivity import Room, _could, hidden_cause, partial
from pyllm_causal.causal.robustness import Benchmark, bias_in_errors
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.samples import confounded, sample
from tests.unit.causal.trials import coin, expit, tried

QUERY = parse_query({"treatment": "t", "outcome": "y", "adjust_for": ["x0"]})


def check(t: Trial) -> Refutation:
    found = hidden_cause(t)
    assert found is not None
    return found


def figure(found: Refutation, name: str) -> float:
    value = found.figures[name]
    assert isinstance(value, float)
    return value


# ---- S, the size of what an omitted cause can do ---------------------------------------------------------------------


def test_for_least_squares_it_is_the_classical_error_times_the_root_of_n() -> None:
    """With one slope for everybody S is √n classical standard errors (their section 4): against statsmodels."""
    rng = np.random.default_rng(0)
    n = 400
    x = rng.standard_normal((n, 2))
    d = 0.5 * x[:, 0] + rng.standard_normal(n)
    y = d + x[:, 0] + rng.standard_normal(n)
    fit = sm.OLS(y, sm.add_constant(np.column_stack([d, x]))).fit()
    s = sample(y, d, x, dose=(1.0, 0.0), form=(1, False))
    assert reach(s, "regression") == pytest.approx(fit.bse[1] * math.sqrt(n), rel=1e-6)
    assert reach(sample(y, d, x, dose=(4.0, 1.0), form=(1, False)), "regression") == pytest.approx(
        3 * fit.bse[1] * math.sqrt(n), rel=1e-6
    )
    few = sample(y[:30], d[:30] > 0, x[:30])  # few rows share their slopes
    small = sm.OLS(y[:30], sm.add_constant(np.column_stack([d[:30] > 0, x[:30]]).astype(float))).fit()
    assert reach(few, "regression") == pytest.approx(small.bse[1] * math.sqrt(30), rel=1e-6)


@pytest.mark.parametrize("method", ["regression", "weighting", "doubly_robust"])
@pytest.mark.parametrize("target", ["everyone", "treated"])
def test_it_is_the_efficiency_bound_where_effects_do_not_vary(method: str, target: Any) -> None:
    """Then S/√n is the smallest standard error there is (Hahn 1998): √(σ² E[α²]/n) with the true chances."""
    rng = np.random.default_rng(1)
    n = 10_000
    x = rng.standard_normal((n, 1))
    e = expit(0.7 * x[:, 0])
    t = coin(rng, e)
    y = t + x[:, 0] + 2 * rng.standard_normal(n)
    h = np.ones(n) if target == "everyone" else e
    truth = 2 * math.sqrt(float((h**2 * (1 / e + 1 / (1 - e))).mean())) / float(h.mean())
    # least squares weights are the smallest that balance x alone
    least = 0.9 if method == "regression" else 0.96
    assert least * truth < reach(sample(y, t, x, target=target), method) < 1.04 * truth


# ---- the range holds the truth ---------------------------------------------------------------------------------------


def hidden(kind: str, strength: float, seed: int, n: int, agrees: bool = True) -> tuple[Any, float]:
    """A sample without its cause u, which explains `strength` times as much of treatment and outcome as x0 does; effect 1."""
    rng = np.random.default_rng([seed, round(10 * strength)])
    x, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    root = math.sqrt(strength) * (1 if agrees else -1)
    pull = 0.4 * x[:, 0] + 0.2 * x[:, 1] + 0.4 * math.sqrt(strength) * u
    push = 0.5 * x[:, 0] + 0.3 * x[:, 1] + 0.5 * root * u
    if kind == "dose":
        d = pull + rng.standard_normal(n)
        return sample(d + push + rng.standard_normal(n), d, x, dose=(1.0, 0.0), per_unit=True), 1.0
    t = coin(rng, expit(pull))
    if kind == "arms":
        return sample(t + push + rng.standard_normal(n), t, x), 1.0
    means = [expit(-0.3 + 0.8 * v + push) for v in (1, 0)]
    y = coin(rng, np.where(t == 1, *means))
    return sample(y, t, x, outcome="yes_no"), float((means[0] - means[1]).mean())


CASES = [(k, m, v) for k in ("arms", "dose", "chances") for m in ("regression", "weighting") for v in (1.0, 2.0)]


@pytest.mark.parametrize(("kind", "method", "strength"), [*CASES, ("arms", "doubly_robust", 1.0)])
def test_the_bias_is_what_a_cause_as_strong_as_said_can_do(kind: str, method: str, strength: float) -> None:
    """Up to chance no more, and most of it: an allowance that were far too wide would say nothing."""
    s, truth = hidden(kind, strength, 0, 20_000 if method != "doubly_robust" else 4_000)
    fit = REGISTRY[method].function(s)
    effect = effect_of(fit, s, "difference")
    assert effect is not None and effect.std_error is not None
    benchmark = next(b for b in partial(s)[3] if b.column == "x0")
    bias = reach(s, method) * bias_in_errors(strength, benchmark, 1.0)
    away = abs(effect.value - truth)
    assert 0.4 * bias <= away <= bias + 3 * effect.std_error
    assert away > 4 * effect.std_error  # without the allowance the truth lies far outside


@pytest.mark.parametrize("kind", ["arms", "dose"])
@pytest.mark.parametrize("agrees", [True, False])
def test_the_stated_range_holds_the_truth_in_repeated_samples(kind: str, agrees: bool) -> None:
    """The hidden twin of the strongest column, in either direction: in at least 93 of 100 tables of 500 rows (95 are meant)."""
    hits = 0
    for seed in range(100):
        s, truth = hidden(kind, 1.0, seed, 500, agrees)
        fit = REGISTRY["regression"].function(s)
        headline = effect_of(fit, s, "difference")
        assert headline is not None
        made = Estimate(method="regression", label="", effect=headline, n=s.n)
        t = Trial(s, Estimates(made, (), None, 0.0, fit, REGISTRY["regression"]), QUERY, "difference", 0)
        found = check(t)
        place = next(i for i in (1, 2) if found.figures[f"benchmark_{i}"] == "x0")
        hits += figure(found, f"benchmark_{place}_low") <= truth <= figure(found, f"benchmark_{place}_high")
    assert hits >= 93


# ---- what is said ----------------------------------------------------------------------------------------------------


def test_it_speaks_in_the_unit_of_the_outcome() -> None:
    found = check(tried(confounded(600), unit="kg"))
    assert "times as much as x0, the strongest shared cause in the table" in found.observed
    assert "one as strong as x0 could make it anything from" in found.observed and " kg" in found.observed
    low, high = figure(found, "benchmark_1_low"), figure(found, "benchmark_1_high")
    value, bias = figure(found, "value"), figure(found, "benchmark_1_bias")
    assert low < value - bias < value < value + bias < high and value - low == pytest.approx(high - value)
    chances = check(tried(confounded(600, outcome="yes_no"), unit="probability"))
    assert " in 100" in chances.observed


def test_a_chance_moves_by_no_more_than_all_of_it() -> None:
    """With few rows the arithmetic goes beyond: "from −50 to 190 in 100" is no chance."""
    strong = Benchmark("x", 0.25, 0.25)
    room = Room(0.7, 0.15, 1.96, 1.5, 18.0)
    assert room.range(strong)[1] > 1
    assert _could(room, strong, "probability").endswith("to 100 in 100, chance included")
    assert "to 100" not in _could(room, strong, "kg")


def test_value_and_interval_have_their_own_robustness() -> None:
    t = tried(confounded(600))
    found = check(t)
    point, interval = figure(found, "robustness_value"), figure(found, "robustness_value_interval")
    assert 0 < interval < point < 1
    value, size = figure(found, "value"), reach(t.sample, "regression")
    # a cause that explains just that much of both takes the whole estimate, or the whole of what the margin leaves
    for share, left in ((point, value), (interval, value - 1.965 * t.error)):
        assert size * math.sqrt(share * share / (1 - share)) == pytest.approx(left, rel=2e-3)


def test_the_darfur_study_of_the_paper_value_and_interval() -> None:
    """Cinelli & Hazlett (2020), table 1: robustness values 13.9% (estimate) and 7.6% (interval) of 0.097 (0.023), 783 left."""
    error = 0.0973 / 4.184
    room = Room(0.0973, error, 1.963, error * math.sqrt(783), 783.0)
    assert room.share(abs(room.value)) == pytest.approx(0.139, abs=0.0005)
    assert room.share(room.left) == pytest.approx(0.076, abs=0.0005)


def test_a_range_is_stated_also_where_the_margin_includes_no_effect() -> None:
    found = check(tried(confounded(300, effect=0.0), unit="kg"))
    assert found.verdict == "inconclusive" and "nothing to undo" in found.observed and "kg" in found.observed


def test_clusters_widen_the_margin_and_not_the_reach_of_a_hidden_cause() -> None:
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(60), 10)
    x = rng.standard_normal((600, 2))
    t = coin(rng, expit(x[:, 0]))[cluster * 10]
    y = t + x[:, 0] + rng.standard_normal(60)[cluster] + rng.standard_normal(600)
    plain, grouped = check(tried(sample(y, t, x))), check(tried(sample(y, t, x, cluster=cluster)))
    assert figure(plain, "robustness_value") == pytest.approx(figure(grouped, "robustness_value"))
    assert figure(grouped, "robustness_value_interval") < figure(plain, "robustness_value_interval")


def test_one_that_explains_everything_has_no_range() -> None:
    room = Room(2.0, 0.25, 1.96, 10.0, 200.0)
    assert room.bias(1.0, Benchmark("x", 0.6, 0.5)) == math.inf
    assert room.bias(0.0, Benchmark("x", 0.1, 0.5)) == 0.0
