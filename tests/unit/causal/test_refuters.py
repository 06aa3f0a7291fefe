"""Every check passes on a sound analysis, and fails when what it looks for is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Effect, Estimate, Refutation
from pyllm_causal.causal.estimate import Estimates, estimate
from pyllm_causal.causal.estimators import REGISTRY, Estimator
from pyllm_causal.causal.inference import Fit, effect_of
from pyllm_causal.causal.refuters import REGISTRY as CHECKS
from pyllm_causal.causal.refuters import Trial, refute
from pyllm_causal.causal.repeats import Effort
from pyllm_causal.causal.sample import Sample
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.samples import confounded, sample
from tests.unit.causal.sound_worlds import CHECKS as REPEATED
from tests.unit.causal.sound_worlds import WORLDS, World


def trial(s: Sample, scale: Any = "difference", method: Any = None, error: float | None = None, **more: Any) -> Trial:
    """`method` replaces the headline's estimator, `error` its standard error: the broken ones."""
    found = estimate(s, scale, "")
    assert found is not None
    if method is not None:
        broken = Estimator("broken", "broken", method, lambda s: True)
        fit = method(s)
        effect = effect_of(fit, s, scale)
        assert effect is not None
        headline = Estimate(method="broken", label="broken", effect=effect, n=s.n, means=(fit.treated, fit.control))
        found = Estimates(headline, found.others, found.unadjusted, found.form, fit, broken)
    if error is not None:
        effect = found.headline.effect.model_copy(update={"std_error": error})
        found = replace(found, headline=found.headline.model_copy(update={"effect": effect}))
    query = parse_query({"treatment": "t", "outcome": "y", "adjust_for": ["x"]} | more)
    return Trial(s, found, query, scale, 0, Effort(40))


def verdict(name: str, t: Trial) -> str:
    result = CHECKS[name].function(t)
    assert isinstance(result, Refutation) and result.check == name
    assert result.question.endswith("?") and result.expected and result.observed and result.meaning
    return result.verdict


def regression(s: Sample) -> Fit:
    return REGISTRY["regression"].function(s)


def shifted(amount: float) -> Any:
    """An estimator that is off by so many standard errors, whatever the data."""

    def method(s: Sample) -> Fit:
        fit = regression(s)
        effect = effect_of(fit, s, "difference")
        assert effect is not None and effect.std_error is not None
        return replace(fit, treated=fit.treated + amount * effect.std_error)

    return method


# ---- soundness -------------------------------------------------------------------------------------------------------

ALWAYS = ("placebo_treatment", "random_common_cause", "data_subset", "bootstrap", "other_methods")


@pytest.mark.parametrize("target", ["everyone", "treated"])
@pytest.mark.parametrize(
    ("outcome", "scale"),
    [("number", "difference"), ("yes_no", "difference"), ("yes_no", "odds_ratio"), ("count", "ratio")],
)
def test_sound_analyses_pass(outcome: str, scale: str, target: Any) -> None:
    for seed in range(3):
        t = trial(confounded(600, seed, 0.7, outcome, target=target), scale)
        found = {r.check: r.verdict for r in refute(t)}
        assert [found[c] for c in ALWAYS].count("passed") >= 4 and "failed" not in [found[c] for c in ALWAYS], found
        if scale == "difference":
            assert found["dummy_outcome"] == "passed"


def test_a_sound_dose_passes() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 2))
    d = x[:, 0] * 0.5 + rng.standard_normal(600)
    t = trial(sample(d + x[:, 0] + rng.standard_normal(600), d, x, dose=(1.0, 0.0), per_unit=True))
    found = {r.check: r.verdict for r in refute(t)}
    assert [found[c] for c in (*ALWAYS, "dummy_outcome")] == ["passed"] * 6


def test_a_sound_experiment_passes() -> None:
    rng = np.random.default_rng(0)
    arm = rng.integers(0, 2, 400)
    t = trial(sample(arm + rng.standard_normal(400), arm, randomised=True))
    found = {r.check: r.verdict for r in refute(t)}
    assert found["placebo_treatment"] == found["bootstrap"] == found["data_subset"] == "passed"
    assert found["random_common_cause"] == "passed" and "hidden_cause" not in found


def test_checks_repeat_and_do_not_touch_the_global_generator() -> None:
    t = trial(confounded(200))
    np.random.seed(3)  # noqa: NPY002  (the global state is the point)
    before = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    one, two = refute(t), refute(t)
    assert one == two and np.random.get_state()[1].tolist() == before  # type: ignore[index]  # noqa: NPY002
    assert refute(replace(t, seed=1)) != one


# ---- each can fail ---------------------------------------------------------------------------------------------------


def test_placebo_fails_for_a_method_that_always_finds_something() -> None:
    s = confounded(300)
    assert verdict("placebo_treatment", trial(s)) == "passed"
    assert verdict("placebo_treatment", trial(s, method=shifted(3.0))) == "failed"


def test_random_cause_fails_for_a_method_that_reacts_to_noise() -> None:
    def reacts(s: Sample) -> Fit:
        fit = regression(s)
        return replace(fit, treated=fit.treated + 0.3 * (s.k - 2))

    s = confounded(300)
    assert verdict("random_common_cause", trial(s)) == "passed"
    assert verdict("random_common_cause", trial(s, method=reacts)) == "failed"


def test_subset_fails_where_one_row_carries_the_answer() -> None:
    s = confounded(300)
    assert verdict("data_subset", trial(s)) == "passed"
    assert verdict("data_subset", trial(s, error=trial(s).error / 3)) == "failed"

    def depends_on_size(s: Sample) -> Fit:
        fit = regression(s)
        return replace(fit, treated=fit.treated + (300 - s.n) / 60)

    assert verdict("data_subset", trial(s, method=depends_on_size)) == "failed"


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_bootstrap_fails_for_a_wrong_margin(factor: float) -> None:
    s = confounded(300)
    assert verdict("bootstrap", trial(s)) == "passed"
    assert verdict("bootstrap", trial(s, error=trial(s).error * factor)) == "failed"


def test_placebo_fails_in_clusters_dealt_as_a_whole() -> None:
    """Rows of a cluster share luck; a method that sees effects where there are none is found out there too."""
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(60), 10)
    arm = (np.arange(60) % 2)[cluster]
    y = arm + 2 * rng.standard_normal(60)[cluster] + rng.standard_normal(600)
    s = sample(y, arm, rng.standard_normal(600), cluster=cluster)
    assert verdict("placebo_treatment", trial(s)) == "passed"
    assert verdict("placebo_treatment", trial(s, method=shifted(3.0))) == "failed"
    assert verdict("dummy_outcome", trial(s)) == "passed"


def test_bootstrap_fails_where_clusters_are_ignored() -> None:
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(60), 10)
    arm = (np.arange(60) % 2)[cluster]
    y = arm + 2 * rng.standard_normal(60)[cluster] + rng.standard_normal(600)
    s = sample(y, arm, cluster=cluster, randomised=True)
    assert verdict("bootstrap", trial(s)) == "passed"
    naive = trial(replace(s, cluster=None)).error
    assert verdict("bootstrap", trial(s, error=naive)) == "failed"


def test_redrawn_rows_do_not_choose_another_model() -> None:
    """Rows drawn twice make every test reject too often: left to choose anew, some of these would look unstable."""
    failed = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((250, 2))
        dose = x[:, 0] + rng.standard_normal(250)
        t = trial(sample(0.3 * dose + x[:, 0] + rng.standard_normal(250), dose, x, dose=(1.0, 0.0)))
        failed += sum(r.verdict == "failed" for r in refute(t) if r.check in ("bootstrap", "data_subset"))
    assert failed == 0


def test_bootstrap_cannot_tell_where_an_arm_hardly_varies() -> None:
    """All treated and none of the others have the event: rows drawn anew say the same, and the margin given is rightly wider."""
    arm = np.arange(300) % 2
    s = sample(arm.astype("float64"), arm, outcome="yes_no", randomised=True)
    found = estimate(s, "difference", "probability")
    assert found is not None
    asked = parse_query({"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}})
    result = CHECKS["bootstrap"].function(Trial(s, found, asked, "difference", 0))
    assert result is not None and result.figures["ratio"] == 0 and result.verdict == "inconclusive"


def test_made_up_outcomes_with_hardly_an_event_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine rows of 300 without the event and two columns held fixed: made-up outcomes that have no odds ratio drop out, which bends
    the mean of the rest in a sound table."""
    from pyllm_causal.causal.refuters import dummy_outcome

    monkeypatch.setattr(dummy_outcome, "verdict_on", lambda *_: "failed")
    rng = np.random.default_rng(4)
    x, arm = rng.normal(size=(300, 2)), np.arange(300) % 2
    for without, verdict in ((9, "inconclusive"), (100, "failed")):
        y = np.ones(300)
        y[rng.permutation(300)[:without]] = 0.0
        s = sample(y, arm, x, outcome="yes_no", randomised=True)
        found = estimate(s, "difference", "probability")
        assert found is not None
        asked = parse_query({"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}})
        result = CHECKS["dummy_outcome"].function(Trial(s, found, asked, "difference", 0))
        assert result is not None and result.verdict == verdict


def test_parts_of_a_handful_of_clusters_cannot_tell() -> None:
    """One of six clusters carries the answer: with so few that is said of the margin, and is no fault of the method."""
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(6), 20)
    arm = np.arange(120) % 2
    y = rng.normal(size=120) + 40.0 * (arm & (cluster == 0))
    for few, verdict in ((True, "inconclusive"), (False, "failed")):
        clusters = cluster if few else np.repeat(np.arange(24), 5)
        s = sample(y, arm, randomised=True, cluster=clusters)
        found = estimate(s, "difference", "")
        assert found is not None
        asked = parse_query({"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}})
        # a margin far too narrow for how much the parts differ
        effect = found.headline.effect.model_copy(update={"std_error": 0.05})
        found = replace(found, headline=found.headline.model_copy(update={"effect": effect}))
        result = CHECKS["data_subset"].function(Trial(s, found, asked, "difference", 0))
        assert result is not None and result.verdict == verdict


def test_bootstrap_is_not_run_where_it_is_invalid() -> None:
    t = trial(confounded(300), method=REGISTRY["matching"].function)
    t = replace(t, estimates=replace(t.estimates, estimator=REGISTRY["matching"]))
    assert CHECKS["bootstrap"].function(t) is None


def test_dummy_outcome_fails_for_a_method_that_does_not_adjust() -> None:
    def crude(s: Sample) -> Fit:
        return REGISTRY["difference_in_means"].function(s)

    s = confounded(400)
    assert verdict("dummy_outcome", trial(s)) == "passed"
    assert verdict("dummy_outcome", trial(s, method=crude)) == "failed"


def test_dummy_outcome_fails_for_a_method_that_shrinks() -> None:
    """No bias where there is no effect; half of the planted one is lost."""

    def shrinks(s: Sample) -> Fit:
        fit = regression(s)
        middle = (fit.treated + fit.control) / 2
        return replace(fit, treated=(fit.treated + middle) / 2, control=(fit.control + middle) / 2)

    assert verdict("dummy_outcome", trial(confounded(400), method=shrinks)) == "failed"


@pytest.mark.parametrize(("outcome", "scale"), [("yes_no", "odds_ratio"), ("yes_no", "difference"), ("count", "ratio")])
def test_dummy_outcome_plants_on_every_scale(outcome: str, scale: str) -> None:
    t = trial(confounded(500, outcome=outcome, effect=0.6), scale)
    found = CHECKS["dummy_outcome"].function(t)
    assert found is not None and found.verdict == "passed"
    assert 1.0 < float(found.figures["planted"] or 0) / t.error < 4.0

    def halved(s: Sample) -> Fit:
        """Nothing is found where there is nothing; half of what is planted is lost."""
        fit = regression(s)
        middle = (fit.treated + fit.control) / 2
        return replace(fit, treated=(fit.treated + middle) / 2, control=(fit.control + middle) / 2)

    assert (
        verdict(
            "dummy_outcome", trial(confounded(500, outcome=outcome, effect=0.6), scale, method=halved, error=t.error)
        )
        == "failed"
    )


def test_random_cause_is_asked_of_experiments_too() -> None:
    rng = np.random.default_rng(0)
    arm, strata = rng.integers(0, 2, 300), np.arange(300) % 5
    y = arm * (1 + strata) + strata + rng.standard_normal(300)
    plain = trial(sample(y, arm, randomised=True))
    assert plain.estimates.estimator.name == "difference_in_means"
    assert verdict("random_common_cause", plain) == "passed"
    x = (strata[:, None] == np.arange(1, 5)).astype("float64")
    within = trial(sample(y, arm, x, strata=strata, randomised=True))
    assert within.estimates.estimator.name == "post_stratified"
    assert verdict("random_common_cause", within) == "passed"


@pytest.mark.parametrize("world", [w for w in WORLDS if w.name != "doubly robust, yes/no"], ids=lambda w: w.name)
def test_every_check_on_every_method(world: World) -> None:
    """One sound table of every world; `make statistical` draws 200."""
    found = world.trial(np.random.default_rng(1), 24)
    assert found is not None
    results = {name: CHECKS[name].function(found) for name in REPEATED}
    assert [n for n, r in results.items() if r is None] == (["bootstrap"] if world.method == "matching" else [])
    assert "failed" not in [r.verdict for r in results.values() if r is not None]
    assert all(
        r.family != "stability" or r.check in ("random_common_cause", "data_subset", "bootstrap")
        for r in results.values()
        if r
    )
    assert all(r.short for r in results.values() if r is not None)


@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
def test_controls_are_estimated_by_the_headlines_rule(outcome: str) -> None:
    """Without the second opinions, which they have no use for: the same method and the same figure."""
    s = confounded(400, 1, 0.7, outcome)
    bent = replace(s, y=s.y + 3 * s.x[:, 0] ** 2) if outcome == "number" else s
    for one in (s, bent):
        every, alone = estimate(one, "difference", ""), estimate(one, "difference", "", others=False)
        assert every is not None and alone is not None and alone.headline == every.headline and not alone.others
        assert every.others


def hidden(strength: float, effect: float, seed: int = 0) -> Trial:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1000, 1))
    arm = (rng.random(1000) < 1 / (1 + np.exp(-strength * x[:, 0]))).astype("int64")
    return trial(sample(effect * arm + strength * x[:, 0] + rng.standard_normal(1000), arm, x))


def test_hidden_cause_in_its_three_verdicts() -> None:
    assert verdict("hidden_cause", hidden(0.2, 2.0)) == "passed"  # weak causes, large effect
    assert verdict("hidden_cause", hidden(1.5, 0.3)) == "failed"  # the measured cause would undo it
    assert verdict("hidden_cause", hidden(0.5, 0.0)) == "inconclusive"  # nothing to undo


def test_negative_outcome_in_its_three_verdicts() -> None:
    rng = np.random.default_rng(2)
    n = 1000
    x, u = rng.standard_normal((2, n))
    arm = (rng.random(n) < 1 / (1 + np.exp(-x - 1.2 * u))).astype("int64")
    y = 2 * arm + x + u + rng.standard_normal(n)
    columns = {"before": u + rng.standard_normal(n), "weather": rng.standard_normal(n)}
    s = sample(y, arm, x, extra=columns)
    assert verdict("negative_outcome", trial(s, negative_outcomes=["before"])) == "failed"  # the hidden cause shows
    assert verdict("negative_outcome", trial(s, negative_outcomes=["weather"])) == "passed"
    few = replace(s.take(np.arange(60)), y=(y - 1.9 * arm)[:60])
    assert verdict("negative_outcome", trial(few, negative_outcomes=["weather"])) == "inconclusive"
    assert CHECKS["negative_outcome"].function(trial(s)) is None


def test_negative_exposure_can_fail() -> None:
    rng = np.random.default_rng(3)
    n = 1000
    x, u = rng.standard_normal((2, n))
    arm = (rng.random(n) < 1 / (1 + np.exp(-x - u))).astype("int64")
    y = 2 * arm + x + 1.5 * u + rng.standard_normal(n)
    columns = {"later": u + rng.standard_normal(n), "weather": rng.standard_normal(n) * 1e6}
    s = sample(y, arm, x, extra=columns)
    assert verdict("negative_exposure", trial(s, negative_exposures=["later"])) == "failed"
    assert verdict("negative_exposure", trial(s, negative_exposures=["weather"])) == "passed"


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_negative_exposure_does_not_matter(factor: float) -> None:
    """Its slope for one unit is tiny or huge; what counts is a standard deviation of it."""
    rng = np.random.default_rng(4)
    n = 60
    x = rng.standard_normal(n)
    arm = rng.integers(0, 2, n)
    s = sample(0.2 * arm + x + rng.standard_normal(n), arm, x, extra={"w": factor * rng.standard_normal(n)})
    assert verdict("negative_exposure", trial(s, negative_exposures=["w"])) == "inconclusive"


def effect(value: float, error: float, scale: Any = "difference") -> Effect:
    if scale == "difference":
        return Effect(value=value, low=value - 2 * error, high=value + 2 * error, std_error=error)
    ratio = float(np.exp(value))
    low, high = float(np.exp(value - 2 * error)), float(np.exp(value + 2 * error))
    return Effect(value=ratio, low=low, high=high, std_error=error, scale=scale)


@pytest.mark.parametrize("scale", ["difference", "ratio"])
@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([(1.05, 0.1)], "passed"),
        ([(1.15, 0.1)], "inconclusive"),
        ([(1.05, 0.1), (1.4, 0.1)], "failed"),
        ([(-1.0, 0.3)], "failed"),
    ],
)
def test_other_methods(others: list[tuple[float, float]], expected: str, scale: Any) -> None:
    t = trial(confounded(300, effect=0.6, outcome="count" if scale == "ratio" else "number"), scale)
    made = [Estimate(method=f"m{i}", label="", effect=effect(*o, scale), n=300) for i, o in enumerate(others)]
    main = t.estimates.headline.model_copy(update={"effect": effect(1.0, 0.1, scale)})
    t = replace(t, estimates=replace(t.estimates, headline=main, others=tuple(made)))
    assert verdict("other_methods", t) == expected
