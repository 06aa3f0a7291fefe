"""Many changes of a sample at once give what the method gives on each changed sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyllm_causal.causal.draws import Added, Counted, Deal, Draw, Lots, Outcome, Permuted, Without
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.estimators.regression import form_of
from pyllm_causal.causal.gram import Basis
from pyllm_causal.causal.inference import covariance
from pyllm_causal.causal.moments import Moments, moments
from pyllm_causal.causal.refuters.stability import redrawn
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import confounded, sample

TOLERANCE = 1e-8  # of the method's standard error
FLAWS = ("none", "none", "one column twice", "near", "offset", "scales", "groups", "heavy")


def covariates(rng: np.random.Generator, n: int, k: int, flaw: str) -> Any:
    x = rng.standard_normal((n, k))
    if k < 2:
        return x
    if flaw == "one column twice":
        x[:, 1] = 1.8 * x[:, 0] + 32
    elif flaw == "near":
        x[:, 1] = x[:, 0] + 1e-3 * x[:, 1]
    elif flaw == "offset":
        x[:, 0] += 1e8
    elif flaw == "scales":
        x *= 10.0 ** rng.integers(-12, 9, k)
    elif flaw == "groups":
        level = rng.integers(0, 4, n)
        x[:, 0], x[:, 1] = level == 1, level == 2
    elif flaw == "heavy":
        x = np.exp(2 * x)
    return x


def case(seed: int) -> tuple[str, Sample]:
    """A method and a sample: two or three arms or a dose, any target, with and without weights, of any scale."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.choice([40, 80, 200, 500])), int(rng.choice([0, 1, 2, 5, 12]))
    flaw = str(rng.choice(FLAWS))
    x = covariates(rng, n, k, flaw)
    spread = x[:, :2].std(axis=0) if k else np.ones(0)
    line = ((x[:, :2] - x[:, :2].mean(axis=0)) / np.where(spread > 0, spread, 1)).sum(axis=1)
    weights = np.exp(rng.standard_normal(n)) if rng.random() < 0.4 else None
    scale, offset = 10.0 ** rng.integers(-8, 9), rng.choice([0.0, 1e4])
    kind = rng.choice(["arms", "three arms", "strata", "dose", "two doses"])
    if kind in ("dose", "two doses"):
        dose = 0.5 * line + rng.standard_normal(n)
        y = line + dose + (0.3 * dose**2 if kind == "two doses" else 0) + rng.standard_normal(n)
        dose = (dose + rng.choice([0, 100])) * 10.0 ** rng.integers(-3, 4)
        ends = tuple(np.quantile(dose, [0.8, 0.3]))
        s = sample((y + offset) * scale, dose, x, dose=ends, weights=weights, per_unit=kind == "dose")  # type: ignore[arg-type]
        if rng.random() < 0.6:
            s = replace(s, form=(int(rng.integers(1, 4)), bool(rng.random() < 0.6) and k > 0))
        return "regression", replace(s, form=form_of(s))
    arm = (rng.random(n) < 1 / (1 + np.exp(-0.5 * np.clip(line, -3, 3)))).astype("int64")
    y = (line + arm + rng.standard_normal(n) * (1 + arm) + offset) * scale
    if kind == "strata":
        strata = np.unique(rng.integers(0, 6, n), return_inverse=True)[1]
        return "post_stratified", sample(y, arm, x, weights=weights, strata=strata)
    if kind == "three arms":
        arm = np.where(rng.random(n) < 0.2, -1, arm)
    s = sample(y, arm, x, weights=weights, target=str(rng.choice(["everyone", "treated", "untreated"])))
    if k == 0 or rng.random() < 0.2:
        return "difference_in_means", s
    if rng.random() < 0.4:
        s = replace(s, form=(1, bool(rng.random() < 0.5)))
    return "regression", replace(s, form=form_of(s))


def draws(s: Sample, rng: np.random.Generator) -> Iterator[Draw]:
    n = s.n
    part = np.zeros(n, dtype=bool)
    part[rng.permutation(n)[: int(0.8 * n)]] = True
    yield Permuted(rng.permutation(n))
    yield Permuted(rng.integers(0, n, n).astype("int32"))
    yield Counted(np.bincount(rng.integers(0, n, n), minlength=n).astype("uint8"))
    yield Counted(part)
    yield Added(rng.standard_normal(n) * 10.0 ** rng.integers(-6, 7) + rng.choice([0, 1e3]))
    yield Outcome(s.y + s.y.std() * rng.standard_normal(n))
    yield from (Without(g) for g in ("no such column", *s.x_groups[:2]))


def error_of(method: str, s: Sample) -> float:
    matrix = covariance(REGISTRY[method].function(s), s)[0]
    return float(np.sqrt(np.array([1.0, -1.0]) @ matrix @ np.array([1.0, -1.0])))


def literal(method: str, s: Sample) -> float:
    """By the method itself, on an outcome without its mean: large numbers cost the method digits, not the moments."""
    with np.errstate(all="ignore"):
        fit = REGISTRY[method].function(replace(s, y=s.y - s.y.mean()))
    return fit.treated - fit.control


@pytest.mark.parametrize("part", range(4))
def test_each_draw_equals_a_refit(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    refitted: list[Draw] = []
    real = Moments._refitted

    def recorded(self: Moments, draw: Draw) -> float:
        refitted.append(draw)
        return real(self, draw)

    monkeypatch.setattr(Moments, "_refitted", recorded)
    compared = 0
    for seed in range(70 * part, 70 * part + 70):
        method, s = case(seed)
        engine = moments(method, s)
        assert engine is not None, seed
        error, changes = error_of(method, s), list(draws(s, np.random.default_rng(seed + 10_000)))
        for change, found in zip(changes, engine.values(changes), strict=True):
            if not any(change is d for d in refitted):
                wanted = literal(method, change.apply(s))
                assert abs(found - wanted) <= TOLERANCE * error, (seed, method, change, found, wanted, error)
                compared += 1
    assert compared > 400 and len(refitted) < 0.02 * compared


@pytest.mark.parametrize("outcome", ["yes_no", "count"])
def test_other_outcomes_where_the_method_is_linear_in_them(outcome: str) -> None:
    s = confounded(200, 1, 0.5, outcome)
    changes = list(draws(s, np.random.default_rng(0)))
    engine = moments("difference_in_means", s)
    assert engine is not None
    wanted = [literal("difference_in_means", c.apply(s)) for c in changes]
    assert engine.values(changes) == pytest.approx(wanted, abs=1e-12)
    assert moments("regression", s) is None
    per_unit = replace(s, kind="dose", dose=s.x[:, 0], x=s.x[:, 1:], x_groups=("b",), x_names=("b",), per_unit=True)
    assert moments("regression", per_unit) is not None
    assert moments("regression", replace(per_unit, per_unit=False)) is None


@pytest.mark.parametrize("method", ["doubly_robust", "matching", "ipw", "flexible_regression", "broken"])
def test_other_methods_are_left_to_refits(method: str) -> None:
    assert moments(method, confounded()) is None


def test_columns_that_are_neither_one_nor_two_are_left_to_refits() -> None:
    s = confounded(200)
    near = np.column_stack([s.x, s.x[:, 0] + 1e-5 * np.random.default_rng(0).standard_normal(s.n)])
    assert moments("regression", replace(s, x=near, x_names=("a", "b", "c"), x_groups=("a", "b", "c"))) is None


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("target", ["everyone", "treated"])
def test_a_draw_that_leaves_a_level_empty_needs_no_refit(
    own: bool, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rare levels, of three rows and of two, are missing from a draw one at a time, together, or not at all."""
    s = confounded(100, 3)
    rare, rarer = np.zeros(s.n), np.zeros(s.n)
    rare[:3] = rarer[40:42] = 1
    s = replace(
        s, x=np.column_stack([s.x, rare, rarer]), x_names=tuple("abcde"), x_groups=tuple("abcde"), target=target
    )
    arm = s.arm.copy()
    arm[[0, 40]] = 1 - arm[[1, 41]]  # each level in both arms
    s = replace(s, form=(1, own), arm=arm)
    rng = np.random.default_rng(5)
    drawn = []
    for gone in ([0, 1, 2], [40, 41], [0, 1, 2, 40, 41], []):
        counts = rng.integers(1, 3, s.n)
        counts[gone] = 0
        drawn.append(Counted(counts))
    engine = moments("regression", s)
    assert engine is not None
    wanted = [literal("regression", d.apply(s)) for d in drawn]
    monkeypatch.setattr(Moments, "_refitted", lambda *_: np.nan)
    assert engine.values(drawn) == pytest.approx(wanted, abs=1e-10)


def test_a_column_that_only_looks_constant_is_refitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One value ten million spreads away; without its row the column varies as before, and counts."""
    s = confounded(100, 2)
    far = s.y + np.random.default_rng(1).standard_normal(s.n)
    far[0] = 1e7
    s = replace(s, x=np.column_stack([s.x, far]), x_names=tuple("abc"), x_groups=tuple("abc"), form=(1, False))
    draw = Counted(np.where(np.arange(s.n) == 0, 0, 1))
    engine = moments("regression", s)
    assert engine is not None
    wanted = literal("regression", draw.apply(s))
    assert engine.values([draw])[0] == pytest.approx(wanted, abs=1e-6)
    monkeypatch.setattr(Moments, "_refitted", lambda *_: np.nan)
    assert np.isnan(engine.values([draw])[0])


def test_a_stratum_that_loses_an_arm_has_nothing_to_compare() -> None:
    """Two strata with effects 1 and 3, outcomes near 100: without treated rows in the second, what is left is 1."""
    strata = np.repeat([0, 1], 8)
    arm = np.tile([0, 1], 8)
    s = sample(100 + 50 * strata + arm * (1 + 2 * strata), arm, strata[:, None], strata=strata)
    counts = np.where((strata == 1) & (arm == 1), 0, 1)
    engine = moments("post_stratified", s)
    assert engine is not None
    everyone, some = engine.values([Counted(np.ones(16, dtype="int64")), Counted(counts)])
    assert everyone == pytest.approx(2) and some == pytest.approx(1)
    assert literal("post_stratified", Counted(counts).apply(s)) == pytest.approx(1)


def test_what_cannot_be_computed_is_not_a_number() -> None:
    s = confounded(60)
    s = replace(s, form=form_of(s))
    engine = moments("regression", s)
    assert engine is not None
    found = engine.values([Counted((s.arm == 1).astype("uint8")), Counted(np.ones(s.n, dtype="uint8"))])
    assert np.isnan(found[0]) and np.isfinite(found[1])


def test_the_form_stays_in_every_draw() -> None:
    """Half the rows are too few for a model in each arm; the check must not switch to another model."""
    s = confounded(100, 3)
    assert form_of(s) == (1, True)
    half = Counted((np.arange(s.n) % 2).astype("uint8"))
    assert form_of(half.apply(s)) == (1, False)
    engine = moments("regression", s)
    assert engine is not None
    kept = literal("regression", half.apply(replace(s, form=(1, True))))
    assert engine.values([half])[0] == pytest.approx(kept, abs=1e-10)
    assert abs(kept - literal("regression", half.apply(s))) > 1e-3


@pytest.mark.parametrize("kind", [Permuted, Counted, Added, Outcome])
def test_mean_and_spread_of_a_check_equal_those_of_refits(kind: type) -> None:
    """Other seeds, so other draws: equal in distribution, to four Monte-Carlo errors."""
    s = confounded(150, 5)
    s = replace(s, form=form_of(s))
    engine = moments("regression", s)
    assert engine is not None
    few, many = (
        [[d for d in draws(s, rng) if isinstance(d, kind)][-1] for _ in range(count)]
        for rng, count in ((np.random.default_rng(1), 150), (np.random.default_rng(2), 2000))
    )
    refits = np.array([literal("regression", d.apply(s)) for d in few])
    values = engine.values(many)
    assert abs(refits.mean() - values.mean()) < 4 * values.std() * np.sqrt(1 / 150 + 1 / 2000)
    assert abs(np.log(refits.std() / values.std())) < 4 * np.sqrt(1 / 300 + 1 / 4000)


@pytest.mark.parametrize("seed", range(8))
def test_blocks_of_rows_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    method, s = case(seed)
    changes = list(draws(s, np.random.default_rng(0)))
    whole = moments(method, s)
    assert whole is not None
    before = whole.values(changes)
    for name, value in (("CELLS", 0), ("CACHED", 0)):
        monkeypatch.setattr(f"pyllm_causal.causal.gram.{name}", value)
    monkeypatch.setattr("pyllm_causal.causal.gram.FEWEST_ROWS", 7)
    pieces = moments(method, s)
    assert pieces is not None and s.n > 7
    assert pieces.values(changes) == pytest.approx(before, abs=1e-9 * error_of(method, s))


def test_how_many_draws_are_held_together() -> None:
    """Bootstraps share the products of columns, so there are many at a time; other outcomes need nothing from each other; and
    a table of any size leaves room for at least one."""
    for n, bootstraps, shuffles, outcomes in ((1_000, 1048, 262, 131), (10**6, 100, 25, 1), (10**9, 1, 1, 1)):
        rows = np.broadcast_to(np.uint8(1), n)  # takes no memory
        engine = moments("difference_in_means", confounded(50))
        assert engine is not None
        assert engine.together(Counted(rows)) == bootstraps
        assert engine.together(Permuted(np.broadcast_to(np.int32(1), n))) == shuffles
        assert engine.together(Outcome(np.broadcast_to(1.0, n))) == outcomes


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_a_basis_is_orthogonal_and_turns_back(offset: float) -> None:
    rng = np.random.default_rng(0)
    raw, w = rng.standard_normal((4, 300)) * np.array([[1], [1e6], [10], [1]]) + offset, rng.random(300)
    raw[3] = raw[0] * 2 + 1
    basis = Basis.of(lambda: iter([(raw[:, :100], w[:100]), (raw[:, 100:], w[100:])]), 4)
    d = basis.columns(raw)
    assert d.shape == (4, 300)  # a one and three columns: the last repeats the first
    assert (d * w) @ d.T / w.sum() == pytest.approx(np.eye(4), abs=1e-6)
    rebuilt = basis.centre[:, None] + basis.back @ d[1:]
    assert rebuilt == pytest.approx(raw, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("n", [997, 1000, 1003])
@pytest.mark.parametrize("powers", [(1, False), (2, False), (1, True)])
def test_lots_of_rows_are_what_repeating_those_rows_gives(n: int, powers: tuple[int, bool]) -> None:
    rng = np.random.default_rng([n, *powers])
    x, weights = rng.standard_normal((n, 3)), np.exp(0.3 * rng.standard_normal(n))
    dose = x[:, 0] + rng.standard_normal(n)
    s = sample(x[:, 1] + dose + rng.standard_normal(n), dose, x, dose=(1.0, 0.0), weights=weights)
    s = replace(s, form=powers)
    deal = Deal(rng.permutation(n).astype(np.int32), 50)
    draws = [Lots(np.bincount(rng.integers(0, 50, 50), minlength=50), deal) for _ in range(5)]
    assert all(len(d.apply(s).y) == int(deal.rows(d.counts).sum()) for d in draws)
    engine = moments("regression", s)
    assert engine is not None
    for draw, value in zip(draws, engine.values(draws), strict=True):
        fit = REGISTRY["regression"].function(draw.apply(s))
        assert value == pytest.approx(fit.treated - fit.control, rel=1e-9)


def test_lots_spread_as_single_rows_do() -> None:
    """The table is sorted, and a thousand lots of twenty rows give the spread of a bootstrap of rows, within chance."""
    rng = np.random.default_rng(5)
    n = 20_000
    dose = np.sort(rng.standard_normal(n))
    y = dose + np.repeat(rng.standard_normal(n // 20), 20) + rng.standard_normal(n) * (1 + np.abs(dose))
    s = replace(sample(y, dose, dose=(1.0, 0.0)), form=(1, False))
    engine = moments("regression", s)
    assert engine is not None
    lots, rows = redrawn(s), [Counted(np.bincount(rng.integers(0, n, n), minlength=n)) for _ in range(400)]
    drawn = [lots(s, np.random.default_rng(i)) for i in range(400)]
    assert isinstance(drawn[0], Lots)
    by_lots, by_rows = engine.values(drawn), engine.values(rows)
    assert by_lots.std() / by_rows.std() == pytest.approx(1.0, abs=4 * np.sqrt(1 / 400 + 1 / 2000))
    assert abs(by_lots.mean() - by_rows.mean()) < 4 * by_rows.std() * np.sqrt(2 / 400)
