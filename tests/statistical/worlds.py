"""The fixed worlds: each draws a sample of which the effect in the population is known.

A world is a function `(rng, effect) -> Sample` with the effect switched on (1.0) or off (0.0: none on average), and the
true effect when it is on. Truths without a closed form are means over two million draws of the covariates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import sample

Draw = Callable[[np.random.Generator, float], Sample]


@dataclass(frozen=True)
class World:
    """`kind`: easy, heterogeneous, or hard within the stated assumptions of the method."""

    method: str
    name: str
    kind: str
    draw: Draw
    truth: Callable[[], float]
    scale: Any = "difference"

    @property
    def title(self) -> str:
        return f"{self.method}: {self.name}"


WORLDS: list[World] = []


def world(
    methods: str, name: str, kind: str, truth: float | Callable[[], float] = 1.0, scale: str = "difference"
) -> Any:
    """Register a world for one or more methods."""

    def register(draw: Draw) -> Draw:
        known = truth if callable(truth) else lambda: float(truth)
        WORLDS.extend(World(m, name, kind, draw, known, scale) for m in methods.split())
        return draw

    return register


def expit(v: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-v))


@cache
def normal(k: int = 2) -> Any:
    return np.random.default_rng(20240601).standard_normal((2_000_000, k))


def coin(rng: np.random.Generator, p: Any) -> Any:
    return (rng.random(len(p)) < p).astype("int64")


def average(values: Any, weights: Any = None) -> float:
    return float(np.average(values, weights=weights))


def odds(p: float) -> float:
    return p / (1 - p)


# ---- random assignment -----------------------------------------------------------------------------------------------


@world("difference_in_means", "200 rows, equal groups", "easy")
def _(rng: np.random.Generator, effect: float) -> Sample:
    t = rng.permutation(np.arange(200) % 2)
    return sample(effect * t + rng.standard_normal(200), t, randomised=True)


@world("difference_in_means", "60 rows, one in three treated, three times the spread", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    t = rng.permutation((np.arange(60) % 3 == 0).astype("int64"))
    return sample(effect * t + rng.standard_normal(60) * (1 + 2 * t), t, randomised=True)


@world("difference_in_means", "12 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    t = rng.permutation(np.arange(12) % 2)
    return sample(effect * t + rng.standard_normal(12), t, randomised=True)


@world("difference_in_means", "40 clusters of 10, treated whole", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    cluster = np.repeat(np.arange(40), 10)
    t = rng.permutation(np.arange(40) % 2)[cluster]
    y = effect * t + rng.standard_normal(40)[cluster] + rng.standard_normal(400)
    return sample(y, t, cluster=cluster, randomised=True)


@world("difference_in_means", "yes/no, 3 % against 6 %, 800 rows", "hard", 0.03)
def _(rng: np.random.Generator, effect: float) -> Sample:
    t = rng.permutation(np.arange(800) % 2)
    return sample(coin(rng, 0.03 + 0.03 * effect * t), t, outcome="yes_no", randomised=True)


@world("difference_in_means", "counts, ratio, 300 rows", "heterogeneous", 1.5, "ratio")
def _(rng: np.random.Generator, effect: float) -> Sample:
    t = rng.permutation(np.arange(300) % 2)
    return sample(rng.negative_binomial(2, 2 / (2 + 2 * 1.5 ** (effect * t))), t, outcome="count", randomised=True)


@world("difference_in_means", "unequal sampling weights, 500 rows", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal(1000)
    kept = rng.random(1000) < expit(x)
    x = x[kept]
    t = rng.integers(0, 2, len(x))
    y = x + t * (effect + x) + rng.standard_normal(len(x))
    return sample(y, t, weights=1 / expit(x), randomised=True)


# ---- random within strata --------------------------------------------------------------------------------------------


def _strata(rng: np.random.Generator, size: int, shares: Any, effects: Any, noise: Any) -> Sample:
    """Strata of one size with their own share treated, effect and noise; every stratum keeps both arms."""
    s = np.repeat(np.arange(len(shares)), size)
    t = np.concatenate([rng.permutation(np.arange(size) < max(1, round(size * share))) for share in shares]).astype(
        "int64"
    )
    y = 0.3 * s + t * np.asarray(effects)[s] + rng.standard_normal(len(s)) * np.asarray(noise)[s]
    return sample(y, t, np.eye(len(shares))[s][:, 1:], strata=s, randomised=True)


@world("post_stratified", "10 strata of 40, half treated", "easy")
def _(rng: np.random.Generator, effect: float) -> Sample:
    return _strata(rng, 40, [0.5] * 10, [effect] * 10, [1.0] * 10)


@world("post_stratified", "20 strata of 30, shares and effects unequal", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    return _strata(rng, 30, [0.5] * 10 + [0.2] * 10, [effect - 1] * 10 + [effect + 1] * 10, [1.0] * 10 + [2.0] * 10)


@world("post_stratified", "30 strata of 10, a third of them with one treated row", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    return _strata(rng, 10, [0.1] * 10 + [0.4] * 20, [effect] * 30, [1.0] * 30)


# ---- two arms, confounded --------------------------------------------------------------------------------------------

ARMS = "regression weighting doubly_robust matching"


@world(ARMS, "two confounders, one effect, 300 rows", "easy")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((300, 2))
    t = coin(rng, expit(0.5 * x[:, 0] - 0.3 * x[:, 1]))
    return sample(effect * t + x.sum(axis=1) + rng.standard_normal(300), t, x)


def _varied(rng: np.random.Generator, effect: float, n: int, target: Any) -> Sample:
    x = rng.standard_normal((n, 2))
    t = coin(rng, expit(0.7 * x[:, 0] - 0.4 * x[:, 1] - 0.3))
    shift = {"everyone": 0.0, "treated": _varied_mean("treated"), "untreated": _varied_mean("untreated")}[target]
    y = (
        5
        + x.sum(axis=1)
        + t * (effect + x[:, 0] - shift)
        + rng.standard_normal(n) * (1 + 0.5 * t) * np.exp(0.2 * x[:, 1])
    )
    return sample(y, t, x, target=target)


@cache
def _varied_mean(target: str) -> float:
    e = expit(0.7 * normal()[:, 0] - 0.4 * normal()[:, 1] - 0.3)
    return average(normal()[:, 0], e if target == "treated" else 1 - e)


for _target in ("everyone", "treated", "untreated"):
    world(ARMS, f"effect and noise vary, 400 rows, {_target}", "heterogeneous")(
        lambda rng, effect, target=_target: _varied(rng, effect, 400, target)
    )


@world(
    "regression weighting doubly_robust",
    "yes/no, odds ratio, six confounders, 500 rows",
    "hard",
    lambda: _six(),
    "odds_ratio",
)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 6))
    t = coin(rng, expit(0.5 * x @ SIX))
    return sample(coin(rng, expit(-0.5 + 0.8 * effect * t + x @ SIX)), t, x, outcome="yes_no")


SIX = np.array([0.6, -0.5, 0.4, 0.3, 0.0, 0.0])


@cache
def _six() -> float:
    line = normal()[:, 0] * float(np.sqrt(SIX @ SIX))
    return odds(average(expit(0.3 + line))) / odds(average(expit(-0.5 + line)))


@world(
    "regression weighting doubly_robust",
    "overdispersed counts, rate ratio, treated, 400 rows",
    "heterogeneous",
    lambda: float(np.exp(0.4)),
    "rate_ratio",
)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((400, 2))
    t = coin(rng, expit(0.5 * x[:, 0]))
    mean = np.exp(0.3 + 0.4 * x[:, 0] + 0.2 * x[:, 1] + 0.4 * effect * t)
    return sample(rng.negative_binomial(3, 3 / (3 + mean)), t, x, outcome="count", target="treated")


@world("weighting", "bent outcome, straight treatment model, 800 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((800, 2))
    t = coin(rng, expit(0.6 * x[:, 0] + 0.4 * x[:, 1]))
    return sample(effect * t + x[:, 0] ** 2 + np.abs(x[:, 1]) + rng.standard_normal(800), t, x)


@world("doubly_robust", "bent outcome and bent treatment model, 800 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((800, 3))
    t = coin(rng, expit(0.7 * (x[:, 0] ** 2 - 1) + 0.5 * x[:, 1]))
    y = x[:, 0] ** 2 + x[:, 1] * x[:, 2] + t * (effect + 0.5 * x[:, 1]) + rng.standard_normal(800)
    return sample(y, t, x)


@world("matching", "ties: yes/no and three levels, 400 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    a, g = rng.integers(0, 2, 400), rng.integers(0, 3, 400)
    t = coin(rng, expit(0.9 * a - 0.5 * g))
    x = np.column_stack([a, g == 1, g == 2])
    y = a * g + t * (effect + a - 0.5) + rng.standard_normal(400) * (1 + a)
    return sample(y, t, x)


@world("matching", "bent outcome, one confounder, 400 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((400, 1))
    t = coin(rng, expit(0.8 * x[:, 0]))
    return sample(effect * t + np.sin(2 * x[:, 0]) + rng.standard_normal(400), t, x)


@world("regression", "24 rows, three covariates, randomised", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((24, 3))
    t = rng.permutation(np.arange(24) % 2)
    return sample(effect * t + x.sum(axis=1) + rng.standard_normal(24), t, x, randomised=True)


@world("regression weighting", "40 clusters of 10, treated whole, one covariate", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    cluster = np.repeat(np.arange(40), 10)
    t = rng.permutation(np.arange(40) % 2)[cluster]
    x = rng.standard_normal(400) + 0.5 * rng.standard_normal(40)[cluster]
    y = effect * t + x + rng.standard_normal(40)[cluster] + rng.standard_normal(400)
    return sample(y, t, x, cluster=cluster)


@world("regression weighting doubly_robust", "unequal sampling weights, 500 rows", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((1000, 2))
    t = coin(rng, expit(0.5 * x[:, 0]))
    y = x.sum(axis=1) + t * (effect + x[:, 1]) + rng.standard_normal(1000)
    kept = rng.random(1000) < expit(x[:, 1])
    return sample(y[kept], t[kept], x[kept], weights=1 / expit(x[kept, 1]))


# ---- several arms ----------------------------------------------------------------------------------------------------


@world(ARMS, "three arms, everyone, 500 rows", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    p = np.exp(np.column_stack([np.zeros(500), 0.5 * x[:, 0], -0.5 * x[:, 1]]))
    arm = (rng.random(500)[:, None] > (p / p.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    y = x.sum(axis=1) + (arm == 1) * (effect + 0.5 * x[:, 0]) + 3 * (arm == 2) + rng.standard_normal(500)
    return sample(y, np.where(arm == 2, -1, arm), x)


# ---- a dose ----------------------------------------------------------------------------------------------------------

DOSES = "regression weighting doubly_robust"


@world(DOSES, "dose per unit, straight, 300 rows", "easy")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((300, 2))
    t = 5 + 0.5 * x[:, 0] + rng.standard_normal(300)
    y = effect * t + x.sum(axis=1) + rng.standard_normal(300)
    return sample(y, t, x, dose=(6.0, 5.0), per_unit=True)


@world(DOSES, "dose per unit, slope and spread vary together, 500 rows", "heterogeneous")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 5 + 0.5 * x[:, 0] + rng.standard_normal(500) * np.exp(0.3 * x[:, 1])
    y = (effect + 0.4 * x[:, 1]) * t + x.sum(axis=1) + rng.standard_normal(500)
    return sample(y, t, x, dose=(6.0, 5.0), per_unit=True)


@world("weighting", "dose per unit, six confounders, 500 rows", "hard")
@world("doubly_robust", "dose per unit, six confounders, 500 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 6))
    t = 2 + x @ (0.8 * SIX) + rng.standard_normal(500)
    y = effect * t + x @ SIX + rng.standard_normal(500) * np.exp(0.2 * x[:, 0])
    return sample(y, t, x, dose=(3.0, 2.0), per_unit=True)


@world("regression", "dose 0 to 2, yes/no, odds ratio, 500 rows", "hard", lambda: _dose_odds(), "odds_ratio")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 1 + 0.5 * x[:, 0] + rng.standard_normal(500)
    y = coin(rng, expit(-0.5 + 0.4 * effect * t + 0.7 * x[:, 0]))
    return sample(y, t, x, dose=(2.0, 0.0), outcome="yes_no")


@cache
def _dose_odds() -> float:
    line = -0.5 + 0.7 * normal()[:, 0]
    return odds(average(expit(line + 0.8))) / odds(average(expit(line)))


@world(
    "regression", "dose 0 to 2, counts, rate ratio, 400 rows", "heterogeneous", lambda: float(np.exp(0.5)), "rate_ratio"
)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((400, 2))
    t = rng.binomial(4, expit(0.5 * x[:, 0])).astype("float64")
    y = rng.poisson(np.exp(0.2 + 0.25 * effect * t + 0.3 * x[:, 0]))
    return sample(y, t, x, dose=(2.0, 0.0), outcome="count")


@world("regression", "dose 0 to 3, clearly bent, 500 rows", "hard", 3.0)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 1.5 + 0.5 * x[:, 0] + rng.standard_normal(500)
    # 0 to 3: a parabola that ends where it began (no effect), or three units higher
    y = effect * t + 0.5 * (t - 1.5) ** 2 + x[:, 0] + rng.standard_normal(500)
    return sample(y, t, x, dose=(3.0, 0.0))


@world("regression", "dose 0 to 3, hardly bent, 500 rows", "hard", 3.0)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 1.5 + 0.5 * x[:, 0] + rng.standard_normal(500)
    y = effect * t + 0.08 * (t - 1.5) ** 2 + x[:, 0] + rng.standard_normal(500)
    return sample(y, t, x, dose=(3.0, 0.0))


@world("regression", "dose per unit, slope and spread vary together a little, 500 rows", "hard")
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 5 + 0.5 * x[:, 0] + rng.standard_normal(500) * np.exp(0.3 * x[:, 1])
    y = (effect + 0.1 * x[:, 1]) * t + x.sum(axis=1) + rng.standard_normal(500)
    return sample(y, t, x, dose=(6.0, 5.0), per_unit=True)


@world("flexible_regression", "dose 0 to 2, straight, 500 rows", "easy", 2.0)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((500, 2))
    t = 1 + 0.5 * x[:, 0] + rng.standard_normal(500)
    return sample(effect * t + x.sum(axis=1) + rng.standard_normal(500), t, x, dose=(2.0, 0.0))


@world("flexible_regression", "dose 0 to 2, bent confounding, noise varies, 800 rows", "heterogeneous", 2.0)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((800, 2))
    t = x[:, 0] ** 2 + rng.standard_normal(800)
    y = effect * t + 3 * x[:, 0] ** 2 + x[:, 1] + rng.standard_normal(800) * np.exp(0.3 * x[:, 1])
    return sample(y, t, x, dose=(2.0, 0.0))


@world("flexible_regression", "dose 0 to 2, bent and joint confounding, 800 rows", "hard", 2.0)
def _(rng: np.random.Generator, effect: float) -> Sample:
    x = rng.standard_normal((800, 3))
    t = 1 + 0.5 * x[:, 0] ** 2 + 0.5 * x[:, 1] * x[:, 2] + rng.standard_normal(800)
    y = effect * t + x[:, 0] ** 2 + x[:, 1] * x[:, 2] + rng.standard_normal(800)
    return sample(y, t, x, dose=(2.0, 0.0))
