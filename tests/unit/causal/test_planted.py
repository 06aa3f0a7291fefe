"""Planted effects on the common path: counts against the binomial law, truths against plain averages, and methods that are wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Effect, Refutation
from pyllm_causal.causal.estimate import FORM_Z, estimate
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.inference import effect_of
from pyllm_causal.causal.planted import (
    LEAST,
    MANY,
    Count,
    Made,
    count,
    fewest,
    jump_of,
    on_scale,
    planted,
    repeats_of,
    told,
    verdict_of,
)
from pyllm_causal.causal.planted.ground import ground, signs
from pyllm_causal.causal.refuters import Trial
from pyllm_causal.causal.refuters.planted_effect import made_of, planted_effect, seconds_of
from pyllm_causal.causal.sample import Sample
from pyllm_causal.query import Query
from tests.unit.causal.samples import confounded, sample
from tests.unit.causal.worlds import expit
from tests.unit.causal.worlds import on_scale as scaled

SCALES = {
    "number": ["difference", "ratio"],
    "yes_no": ["difference", "odds_ratio"],
    "count": ["difference", "rate_ratio"],
}


def trial(s: Sample, method: str | None = None, scale: Any = "difference", unit: str = "kg", **asked: Any) -> Trial:
    found = estimate(s, scale, unit, method)
    assert found is not None
    return Trial(s, found, Query(treatment="t", outcome="y", **asked), scale, 0)


def checked(s: Sample, method: str | None = None, scale: Any = "difference", **asked: Any) -> Refutation:
    found = planted_effect(trial(s, method, scale, **asked))
    assert found is not None
    return found


def bent(n: int, outcome: str = "number", seed: int = 3) -> Sample:
    """Confounding by a square that no straight line follows."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    t = (rng.random(n) < expit(0.8 * (x[:, 0] ** 2 - 1))).astype(int)
    line = x[:, 0] ** 2 + x[:, 1]
    if outcome == "number":
        return sample(t + line + rng.standard_normal(n), t, x)
    return sample((rng.random(n) < expit(0.5 * t + line - 1)).astype("float64"), t, x, outcome=outcome)


# ---- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repeats", "rate"), [(50, 0.92), (20, 0.92), (100, 0.92), (50, 0.95), (40, 0.82)])
def test_the_fewest_that_pass_by_the_binomial_law(repeats: int, rate: float) -> None:
    def at_most(k: int) -> float:
        return sum(math.comb(repeats, i) * rate**i * (1 - rate) ** (repeats - i) for i in range(k + 1))

    least = fewest(repeats, rate, 0.001)
    assert at_most(least - 1) <= 0.001 < at_most(least)


@pytest.mark.parametrize(
    ("recovered", "quiet", "verdict"),
    [(48, 47, "passed"), (50, 40, "passed"), (38, 50, "failed"), (50, 38, "failed"), (41, 41, "failed"), (43, 44, "inconclusive")],
)  # fmt: skip
def test_verdicts(recovered: int, quiet: int, verdict: str) -> None:
    assert verdict_of(Count(1.0, 50, recovered, quiet, 45)) == verdict


def test_outcomes_that_serve_twice_count_once() -> None:
    counted = Count(1.0, 50, 42, 42, 45)
    assert verdict_of(counted) == "inconclusive"  # 84 of 100 different outcomes
    assert verdict_of(counted, paired=True) == "inconclusive"
    assert verdict_of(replace(counted, recovered=43, quiet=43), paired=True) == "passed"
    assert verdict_of(replace(counted, recovered=38, quiet=38), paired=True) == "failed"


def test_a_sound_interval_hardly_ever_fails_and_a_narrow_one_does() -> None:
    """One that covers 95 % fails less than once in 1,000 checks, one that covers 75 % nearly always."""
    rng = np.random.default_rng(1)
    share = {}
    for rate in (0.95, 0.75):
        drawn = rng.binomial(50, rate, (4000, 2))
        share[rate] = np.mean([verdict_of(Count(1.0, 50, int(a), int(b), 50)) == "failed" for a, b in drawn])
    assert share[0.95] <= 0.001
    assert share[0.75] >= 0.9


def test_words() -> None:
    made = Made(run=lambda size, rng: None, error=0.64, seconds=0.0, unit="kg")
    found = told(made, Count(2.1, 50, 48, 47, 45))
    assert found.observed == "recovered 48 of 50 planted effects of 2.1 kg, and found nothing in 47 of 50 without one"
    assert found.family == "dummy_outcome" and found.verdict == "passed"
    chance = told(replace(made, unit="probability"), Count(-0.12, 20, 19, 20, 18))
    assert "planted effects of 12 in 100" in chance.observed
    rates = told(replace(made, scale="hazard_ratio", unit=""), Count(1.5, 50, 48, 47, 45))
    assert "1.5 times the rate" in rates.observed
    assert "have none" in told(made, Count(2.1, 50, 48, 30, 45)).short
    assert "does not find" in told(made, Count(2.1, 50, 30, 30, 45)).short
    assert told(replace(made, rough=True), Count(2.1, 50, 30, 30, 45)).verdict == "inconclusive"


@pytest.mark.parametrize("scale", ["difference", "ratio", "rate_ratio", "percent", "odds_ratio"])
def test_a_jump_is_the_effect_on_its_scale(scale: Any) -> None:
    base = 0.3
    assert scaled(base + jump_of(0.2, base, scale), base, scale) == pytest.approx(on_scale(0.2, scale))


def test_how_often_depends_on_the_table_alone() -> None:
    made = Made(run=lambda size, rng: None, error=1.0, seconds=0.001, allowed=1.5)
    assert repeats_of(made) == MANY
    assert repeats_of(replace(made, seconds=0.03)) == LEAST
    assert repeats_of(replace(made, seconds=0.05)) == 0
    assert planted(replace(made, seconds=0.05), 0) is None
    big = sample(np.zeros(10), np.arange(10) % 2, np.zeros((10, 1)))
    costs = [seconds_of(big, name) for name in REGISTRY]
    assert all(0 < c < 0.05 for c in costs)


def test_too_many_without_an_interval_is_no_check() -> None:
    calls = []

    def run(size: float, rng: np.random.Generator) -> Effect | None:
        calls.append(size)
        return Effect(value=0.0, low=-1.0, high=1.0) if len(calls) % 3 == 0 else None

    assert count(Made(run=run, error=0.1, seconds=0.0), 0, 50) is None
    assert len(calls) < 50  # and it does not go on in vain


def test_errors_inside_are_no_crash() -> None:
    def run(size: float, rng: np.random.Generator) -> Effect | None:
        raise np.linalg.LinAlgError("singular")

    assert planted(Made(run=run, error=0.1, seconds=0.0), 0) is None


# ---- the outcomes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", list(SCALES))
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("effect", [0.0, 0.35])
def test_what_was_planted_is_there(outcome: str, which: int, effect: float) -> None:
    """With the treatment dealt out by a coin, plain averages of a made-up outcome of 400,000 rows differ by what was planted."""
    scale: Any = SCALES[outcome][which]
    rng = np.random.default_rng([7, which])
    n = 4000
    x = rng.standard_normal((n, 2))
    t = rng.integers(0, 2, n)
    line = 0.6 * x[:, 0] - 0.3 * x[:, 1] + 0.5 * t * x[:, 0]
    y = {
        "number": 10 + line + rng.standard_normal(n) * (1 + 0.5 * t),
        "yes_no": (rng.random(n) < expit(line - 0.3)).astype("float64"),
        "count": rng.negative_binomial(2, 2 / (2 + np.exp(0.5 * line + 0.5))).astype("float64"),
    }[outcome]
    size = effect * (0.3 if scale == "difference" and outcome == "yes_no" else 0.3 if scale == "ratio" else 1.0)
    base = ground(sample(y, t, x, outcome=outcome), flexible=False)
    mean = base.mean(size, scale)
    assert mean is not None
    drawn = np.array([base.noisy(mean, rng) for _ in range(100)])
    arms = [drawn[:, t == a].mean() for a in (1, 0)]
    # the covariates differ a little between the arms by chance: that part is known exactly
    tilt = [float(base.mean(0.0, scale)[t == a].mean()) for a in (1, 0)]  # type: ignore[index]
    lined = {"difference": lambda v: v, "odds_ratio": lambda v: math.log(v / (1 - v))}.get(scale, math.log)
    seen = lined(arms[0]) - lined(arms[1]) - (lined(tilt[0]) - lined(tilt[1]))
    assert seen == pytest.approx(size, abs=0.02 if outcome == "count" else 0.015)
    if effect == 0.0:
        assert drawn.std(axis=1).mean() == pytest.approx(y.std(), rel=0.1)  # as uneven as the real one
    if outcome == "yes_no":
        assert set(np.unique(drawn)) == {0.0, 1.0}


def test_uneven_spread_and_clusters_stay() -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(50), 20)
    t = (cluster % 2).astype(int)
    y = rng.standard_normal(50)[cluster] * 2 + rng.standard_normal(1000) * (1 + 2 * t)
    base = ground(sample(y, t, cluster=cluster), flexible=False)
    drawn = np.array([base.noisy(base.mean(0.0, "difference"), rng) for _ in range(200)])  # type: ignore[arg-type]
    inner = [np.mean([d[(cluster == c)].std() for d in drawn]) for c in (0, 1)]
    assert inner[1] > 2 * inner[0]
    means = drawn.reshape(200, 50, 20).mean(axis=2)
    assert means.std(axis=0).mean() > 1.2  # of a cluster's mean: 0.3 if rows were independent
    turned = signs(1000, cluster, rng)
    assert all(len(set(turned[cluster == c])) == 1 for c in range(50))


def test_a_chance_beyond_one_is_not_planted() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(200) % 2
    base = ground(sample((rng.random(200) < 0.9).astype("float64"), t, outcome="yes_no"), flexible=False)
    assert base.mean(0.3, "difference") is None
    assert base.mean(-0.3, "difference") is not None
    few = sample((np.arange(30) % 10 > 0).astype("float64"), t[:30], outcome="yes_no", randomised=True)
    made = made_of(trial(few, unit="probability"))
    assert made is not None and made.error > 0


# ---- methods ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "method", "scale"),
    [
        ("number", None, "difference"), ("yes_no", None, "difference"), ("yes_no", None, "odds_ratio"),
        ("count", None, "rate_ratio"), ("number", "weighting", "difference"), ("number", "matching", "difference"),
    ],
)  # fmt: skip
def test_sound_methods_find_what_was_planted(kind: str, method: str | None, scale: Any) -> None:
    effect = {"number": 1.0, "yes_no": 0.5, "count": 0.3}[kind]
    found = checked(confounded(400, 5, effect, kind), method, scale)
    assert found.verdict == "passed"
    assert float(found.figures["recovered"] or 0) >= 44 and float(found.figures["quiet"] or 0) >= 44
    assert float(found.figures["clear"] or 0) >= 40  # 3.3 standard errors: seen 90 times in 100


@pytest.mark.parametrize("outcome", ["number", "yes_no"])
def test_a_straight_model_of_a_bent_world_fails_and_the_rule_does_not(outcome: str) -> None:
    s = bent(500, outcome)
    wrong = checked(s, "regression")
    assert wrong.verdict == "failed"
    assert float(wrong.figures["quiet"] or 0) < 30 and "made-up outcomes" in wrong.short
    if outcome == "yes_no":
        return
    right = trial(s)
    assert right.estimates.form >= FORM_Z and right.estimates.estimator.name == "doubly_robust"
    found = planted_effect(right)
    assert found is not None and found.verdict == "passed"


def test_a_dose_with_bent_confounding() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((500, 2))
    d = 0.5 * x[:, 0] ** 2 + rng.standard_normal(500)
    s = sample(d + x[:, 0] ** 2 + x[:, 1] + rng.standard_normal(500), d, x, dose=(1.0, 0.0), per_unit=True)
    assert checked(s, "regression").verdict == "failed"
    found = checked(s)
    assert found.verdict == "passed" and "kg for one unit more" in found.observed


def test_weighting_without_overlap_fails() -> None:
    """On most of such tables: how far the few rows with a counterpart lead it astray differs."""
    verdicts = []
    for seed in range(4):
        rng = np.random.default_rng([7, seed])
        x = rng.standard_normal((800, 2))
        t = (rng.random(800) < expit(3.5 * x[:, 0])).astype(int)
        s = sample(t + x[:, 0] + 0.3 * x[:, 0] ** 2 + rng.standard_normal(800), t, x)
        verdicts.append(checked(s, "weighting").verdict)
    assert verdicts.count("failed") >= 3


def test_a_margin_that_takes_clustered_rows_as_independent_fails() -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(40), 15)
    t = (cluster % 2).astype(int)
    y = t + 1.5 * rng.standard_normal(40)[cluster] + rng.standard_normal(600)
    s = sample(y, t, cluster=cluster, randomised=True)
    sound = trial(s)
    assert checked(s).verdict == "passed"
    base = ground(s, flexible=False)

    def blind(size: float, rng: np.random.Generator) -> Effect | None:
        mean = base.mean(size, "difference")
        assert mean is not None
        drawn = replace(s, y=base.noisy(mean, rng), cluster=None)
        return effect_of(sound.estimates.estimator.function(drawn), drawn, "difference")

    found = planted(Made(run=blind, error=sound.error, seconds=0.0), 0)
    assert found is not None and found.verdict == "failed"


def test_what_matters_is_planted_where_it_is_more() -> None:
    s = confounded(300, 1)
    usual, asked = checked(s), checked(s, matters=3.0)
    assert usual.figures["planted"] == pytest.approx(3.3 * trial(s).error)
    assert asked.figures["planted"] == 3.0 and asked.verdict == "passed"


def test_the_same_table_gives_the_same_figures() -> None:
    s = confounded(300, 2)
    one, two = trial(s), trial(s)
    assert planted_effect(one) == planted_effect(two)
    assert planted_effect(replace(one, seed=1)) != planted_effect(one)


def test_few_clusters_are_not_blamed() -> None:
    rng = np.random.default_rng(9)
    cluster = np.repeat(np.arange(6), 20)
    t = (cluster < 2).astype(int)
    s = sample(t + rng.standard_normal(6)[cluster] + rng.standard_normal(120), t, cluster=cluster, randomised=True)
    made = made_of(trial(s))
    assert made is not None and made.rough


def test_pairs_keep_their_residuals() -> None:
    """One treated row in every pair: a model an arm would leave nothing over, and nothing to be found."""
    rng = np.random.default_rng(12)
    pair = np.repeat(np.arange(40), 2)
    t = np.tile([0, 1], 40)
    y = t + rng.standard_normal(40)[pair] + rng.standard_normal(80)
    s = sample(y, t, np.eye(40)[pair][:, 1:], strata=pair, randomised=True)
    base = ground(s, flexible=False, within=True)
    assert base.residual.std() == pytest.approx(1.0, abs=0.3)
