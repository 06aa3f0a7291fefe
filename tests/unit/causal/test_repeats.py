"""Repeats: the same simulations whatever runs them, told about while they run, and stopped cleanly."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.draws import Outcome
from pyllm_causal.causal.refuters import REGISTRY, Trial, one_by_one, refute
from pyllm_causal.causal.refuters.dummy_outcome import _made
from pyllm_causal.causal.refuters.negative_control import dealt
from pyllm_causal.causal.refuters.stability import _noise, part, redrawn
from pyllm_causal.causal.repeats import Effort, Watch, repeat, verdict_on
from pyllm_causal.causal.sample import Sample
from pyllm_causal.errors import QueryError
from tests.unit.causal.samples import sample
from tests.unit.causal.sound_worlds import CHECKS, WORLDS, World

LOGISTIC = next(w for w in WORLDS if w.name == "logistic")
MEANS = next(w for w in WORLDS if w.name == "regression, 60 rows")


def made(world: World, simulations: int | None = 24, **more: Any) -> Trial:
    trial = world.trial(np.random.default_rng(0))
    assert trial is not None
    return replace(trial, effort=Effort(simulations, **more))


# ---- the same whatever runs them -------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [MEANS, LOGISTIC], ids=lambda w: w.name)
def test_a_simulation_is_its_own_seed(world: World) -> None:
    """Neither how many there are nor what ran before changes one of them; another check's name or seed does."""
    t = made(world)
    draw = redrawn(t.sample)
    few, many = repeat(t, "bootstrap", draw, 20), repeat(t, "bootstrap", draw, 45)
    assert np.array_equal(few, many[:20]) and len(set(many)) == 45
    assert not np.isclose(few, repeat(t, "another", draw, 20)).any()
    assert not np.isclose(few, repeat(replace(t, seed=1), "bootstrap", draw, 20)).any()


def refuted(**more: Any) -> tuple[Refutation, ...]:
    t = made(LOGISTIC, **more)
    return tuple(r for r in (REGISTRY[name].function(t) for name in CHECKS) if r is not None)


@pytest.fixture(scope="module")
def serial() -> tuple[Refutation, ...]:
    found = refuted(workers=1)
    assert len(found) == len(CHECKS)
    return found


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_the_backend_changes_nothing(backend: str, serial: tuple[Refutation, ...]) -> None:
    with joblib.parallel_config(backend, n_jobs=2):
        assert refuted() == serial
        assert refuted(workers=2) == serial


def test_two_workers_change_nothing(serial: tuple[Refutation, ...]) -> None:
    assert refuted(workers=2) == serial


def test_a_dask_cluster_changes_nothing(serial: tuple[Refutation, ...]) -> None:
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    with cluster, distributed.Client(cluster), joblib.parallel_config("dask"):
        assert refuted() == serial


def test_a_backend_of_ones_own_is_used(serial: tuple[Refutation, ...]) -> None:
    from joblib._parallel_backends import ThreadingBackend

    used = []

    class Own(ThreadingBackend):  # type: ignore[misc]
        def configure(self, *arguments: Any, **more: Any) -> Any:
            used.append(arguments)
            return super().configure(*arguments, **more)

    joblib.register_parallel_backend("own", Own)
    with joblib.parallel_config("own", n_jobs=2):
        assert refuted() == serial
    assert used


@pytest.mark.parametrize("world", [w for w in WORLDS if w.scale == "difference" and w.n <= 600], ids=lambda w: w.name)
def test_all_at_once_is_what_refits_give(world: World) -> None:
    t = made(world, 20)
    if t.moments is None:
        assert t.estimates.estimator.name != "difference_in_means"
        return
    literal = replace(t)
    literal.__dict__["moments"] = None
    draws = {
        "deal": dealt(t.sample, t.rng("deck")),
        "noise": _noise,
        "part": part(t.sample),
        "again": redrawn(t.sample),
        "y": _made(t),
    }
    for name, draw in draws.items():
        one, other = repeat(t, name, draw, 6), repeat(literal, name, draw, 6)
        assert one == pytest.approx(other, abs=1e-8 * t.error), name


# ---- how often -------------------------------------------------------------------------------------------------------


def test_how_often() -> None:
    def times(name: str, asked: int | None) -> int:
        return made(next(w for w in WORLDS if w.name == name), asked).refits()

    assert [times("regression, 60 rows", n) for n in (None, 20, 5000)] == [100, 20, 5000]
    assert [times("logistic", n) for n in (None, 700)] == [100, 700]
    assert [times("doubly robust", n) for n in (None, 20, 200)] == [20, 20, 20]
    assert [times("matching", n) for n in (None, 200)] == [20, 20]
    t = made(LOGISTIC, None)
    large = replace(t, sample=replace(t.sample.take(np.arange(3 * 10**5) % t.sample.n)))
    assert large.refits() < 100 and replace(large, effort=Effort(300)).refits() == 300


@pytest.mark.parametrize("wrong", [19, 10_001, 0, -5, 100.0, True, "100"])
def test_how_often_must_make_sense(wrong: Any) -> None:
    with pytest.raises(QueryError, match="simulations"):
        Effort(wrong)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
def test_workers_must_make_sense(wrong: Any) -> None:
    with pytest.raises(QueryError, match="workers"):
        Effort(workers=wrong)


def test_verdicts_on_simulations() -> None:
    spread = np.tile([-1.0, 1.0], 50)
    assert verdict_on(spread, 0.0, 1.0) == "passed"
    assert verdict_on(spread + 0.3, 0.0, 1.0) == "passed"  # within what chance does to a hundred
    assert verdict_on(spread + 0.4, 0.0, 1.0) == "failed"
    assert verdict_on(0.1 * spread + 0.2, 0.0, 1.0) == "passed"  # clear, and too small to matter
    assert verdict_on(spread[:20], 0.0, 0.5) == "inconclusive"  # a bias of the whole margin could hide


# ---- the draws -------------------------------------------------------------------------------------------------------


def clustered(arm: Any, cluster: Any, **more: Any) -> Sample:
    return sample(np.arange(len(arm)), arm, np.zeros((len(arm), 1)), cluster=np.asarray(cluster), **more)


def test_whole_clusters_are_dealt_as_whole_clusters() -> None:
    sizes = [1, 2, 3, 4, 5, 6, 7, 8]
    cluster = np.repeat(np.arange(8), sizes)
    s = clustered(np.repeat([1, 0, 1, 0, 1, 0, 1, 0], sizes), cluster)
    draw, seen = dealt(s, np.random.default_rng(9)), np.zeros(8)
    for seed in range(200):
        arm = draw(s, np.random.default_rng(seed)).apply(s).arm
        shares = np.bincount(cluster, weights=arm) / sizes
        assert set(shares) == {0.0, 1.0} and shares.sum() == 4
        seen += shares
    assert np.all(np.abs(seen / 200 - 0.5) < 4 * 0.5 / np.sqrt(200))  # every cluster as often as any other


def test_what_varies_within_clusters_keeps_its_pattern() -> None:
    cluster = np.repeat(np.arange(6), 4)
    s = clustered(np.tile([1, 0, 0, 0], 6), cluster)
    draw, first = dealt(s, np.random.default_rng(9)), np.zeros(4)
    for seed in range(200):
        arm = draw(s, np.random.default_rng(seed)).apply(s).arm
        assert np.bincount(cluster, weights=arm).tolist() == [1] * 6
        first += arm[:4]
    assert np.all(np.abs(first / 200 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200))


def test_strata_stay_strata() -> None:
    strata = np.repeat(np.arange(3), 8)
    s = sample(np.arange(24.0), np.tile([1, 1, 0, 0, 0, 0, 0, 0], 3), np.zeros((24, 1)), strata=strata)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert np.bincount(strata, weights=dealt(s, rng)(s, rng).apply(s).arm).tolist() == [2, 2, 2]
        for draw in (part(s), redrawn(s)):
            taken = draw(s, rng).apply(s)
            assert set(zip(taken.strata, taken.arm, strict=True)) == {(a, b) for a in range(3) for b in (0, 1)}
    within = Sample.take(s, np.argsort(strata, kind="stable"))
    assert len(part(within)(within, np.random.default_rng(0)).apply(within).y) == 3 * (2 + 5)


def test_clusters_are_redrawn_whole_and_no_arm_is_lost() -> None:
    cluster = np.repeat(np.arange(6), 5)
    s = clustered(np.repeat([1, 1, 0, 0, 0, 0], 5), cluster)
    for seed in range(50):
        for draw, clusters in ((redrawn(s), 6), (part(s), 5)):
            counts = draw(s, np.random.default_rng(seed)).counts  # type: ignore[attr-defined]
            by_cluster = counts.reshape(6, 5)
            assert np.all(by_cluster == by_cluster[:, :1]) and by_cluster[:, 0].sum() == clusters
        assert redrawn(s)(s, np.random.default_rng(seed)).counts[:10].sum() == 10  # type: ignore[attr-defined]


def test_few_rows_of_a_stratum_keep_their_spread() -> None:
    """Means of cells of four: what is drawn varies as the sample variance over four says, not three quarters of it."""
    rng = np.random.default_rng(0)
    strata, arm = np.repeat(np.arange(50), 8), np.tile([1, 1, 1, 1, 0, 0, 0, 0], 50)
    s = sample(rng.standard_normal(400), arm, np.zeros((400, 1)), strata=strata)
    draw, cells = redrawn(s), s.y.reshape(50, 2, 4)
    means = []
    for seed in range(600):
        w = draw(s, np.random.default_rng(seed)).counts.reshape(50, 2, 4)  # type: ignore[attr-defined]
        means.append((w * cells).sum(axis=2) / w.sum(axis=2))
    found = np.var(means, axis=0).mean()
    assert found == pytest.approx(cells.var(axis=2, ddof=1).mean() / 4, rel=0.06)


def test_made_up_outcomes_keep_uneven_spread_and_clusters() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(600)
    cluster = np.repeat(np.arange(60), 10)
    y = x + rng.standard_normal(600) * np.exp(x) + 3 * rng.standard_normal(60)[cluster]
    t = made(MEANS)
    s = sample(y, rng.integers(0, 2, 600), x)
    values = np.array([_made(replace(t, sample=s))(s, np.random.default_rng(i)).y for i in range(400)])
    residual = values - values.mean(axis=0)
    wide, narrow = x > 1, x < -1
    assert residual[:, wide].var() == pytest.approx(np.mean((y - values.mean(axis=0))[wide] ** 2), rel=0.1)
    assert residual[:, wide].var() > 1.5 * residual[:, narrow].var()
    within = replace(s, cluster=cluster)
    values = np.array([_made(replace(t, sample=within))(within, np.random.default_rng(i)).y for i in range(400)])
    one, other = (values - values.mean(axis=0))[:, [0, 1]].T
    assert abs(np.corrcoef(one, other)[0, 1]) > 0.95  # two rows of one cluster
    assert abs(np.corrcoef(one, (values - values.mean(axis=0))[:, 10])[0, 1]) < 0.2


# ---- told, and stopped -----------------------------------------------------------------------------------------------


def test_whoever_waits_hears_how_long_it_will_take() -> None:
    now, told = [0.0], list[str]()
    watch = Watch(told.append, now=lambda: now[0])
    watch.begin(300)
    watch.check("Check 1", 100)
    now[0] = 0.9
    watch.tick(50, 100)
    assert told == []  # nothing in the first second
    now[0] = 10.0
    watch.tick(50, 100)
    assert told == ["Check 1, 50 of 100, about 50 s left"]
    now[0] = 10.1
    watch.tick(60, 100)
    assert len(told) == 1  # at most five a second
    now[0] = 20.0
    watch.check("Check 2", 200)
    now[0] = 40.0
    watch.tick(10, 200)
    assert told[-1] == "Check 2, 10 of 200, about 69 s left"
    now[0] = 2000.0
    watch.tick(20, 200)
    assert told[-1].endswith("about 50 min left")


def interrupted(at: int) -> Any:
    """A draw during which somebody presses Ctrl-C."""
    count = [0]

    def draw(s: Sample, rng: np.random.Generator) -> Outcome:
        count[0] += 1
        if count[0] == at:
            signal.raise_signal(signal.SIGINT)
        return Outcome(rng.standard_normal(s.n))

    return draw


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal: what is started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("world", [MEANS, LOGISTIC], ids=lambda w: w.name)
def test_what_is_done_stands(world: World) -> None:
    t = made(world, 40)
    whole = repeat(replace(t, effort=Effort(40)), "x", interrupted(0))
    found = repeat(t, "x", interrupted(31))
    assert t.effort.watch.stopped
    done = np.isfinite(found)
    assert np.array_equal(found[done], whole[done])
    assert done.sum() == (30 if world is LOGISTIC else 0)  # all at once is one step
    assert np.isnan(repeat(t, "x", interrupted(0))).all()  # nothing more is begun
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # the handler is the usual one again


def test_a_stop_leaves_the_checks_done_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    t = made(MEANS)
    complete = refute(t)
    said = list[str]()

    def pressed(trial: Trial) -> None:
        raise KeyboardInterrupt

    order = list(REGISTRY)
    monkeypatch.setitem(REGISTRY, order[3], replace(REGISTRY[order[3]], function=pressed))
    stopped = replace(t, effort=Effort(24, watch=Watch(say=said.append)))
    found = refute(stopped)
    before = [r for r in complete if r.check in order[:3] or r.check == "other_methods"]
    assert list(found) == before and len(said) == 1
    assert stopped.effort.watch.stopped and stopped.effort.watch.left_out == len(REGISTRY) - 4
    (text,) = stopped.effort.shortfall()
    done = len(found)  # as many as the answer shows
    assert f"stopped me after {done} of {done + len(REGISTRY) - 4}" in text
    assert one_by_one(stopped.effort, lambda: complete[0]) == ()  # nothing more is begun


def test_a_second_stop_ends_everything() -> None:
    fresh = Effort()

    def twice() -> Refutation | None:
        fresh.watch.stop()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_by_one(fresh, twice)


def test_without_checks_only_the_methods_are_compared() -> None:
    t = made(MEANS)
    t = replace(t, effort=Effort(checks=False))
    assert [r.check for r in refute(t)] in ([], ["other_methods"])
    assert "nothing was checked" in t.effort.shortfall()[0]
    assert "belong to the design" in t.effort.shortfall(own=True)[0]
    assert Effort().shortfall() == Effort().shortfall(own=True) == ()
