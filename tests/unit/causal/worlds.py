"""Simulated worlds whose effects are known exactly, in the sample at hand and for every target, scale and outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]


def expit(v: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-v))


def mean_of(outcome: str, dose: Any, x: Floats, g: Any) -> Floats:
    """Expected outcome of people with covariates x and g when the dose (0 to 1) is set."""
    line = 0.6 * x + 0.4 * (g == "b") - 0.3 * (g == "c")
    if outcome == "number":
        return np.asarray(10 + 1.5 * dose * (1 + 0.3 * x) + line)
    if outcome == "yes_no":
        return np.asarray(expit(-0.4 + 0.9 * dose + line))
    return np.asarray(np.exp(0.6 + 0.5 * dose + 0.5 * line))


def noise_of(outcome: str, mean: Floats) -> Floats:
    """Variance of the outcome around its mean."""
    if outcome == "number":
        return np.ones_like(mean)
    return mean * (1 - mean) if outcome == "yes_no" else mean


@dataclass(frozen=True)
class World:
    """`arm` indexes `doses` (each between 0 and 1); `chance` (n, arms) is the true chance of every arm."""

    x: Floats
    g: Any
    arm: Any
    chance: Floats
    doses: tuple[float, ...]
    outcome: str
    y: Floats

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"x": self.x, "g": self.g, "y": self.y})

    def means(self, dose: float) -> Floats:
        return mean_of(self.outcome, dose, self.x, self.g)

    def truth(self, one: int, zero: int, target: str, scale: str) -> float:
        """Average effect of arm `one` against arm `zero` in the rows of this table that `target` names."""
        who = self._who(one, zero, target)
        return on_scale(
            float(self.means(self.doses[one])[who].mean()), float(self.means(self.doses[zero])[who].mean()), scale
        )

    def _who(self, one: int, zero: int, target: str) -> Any:
        if target == "everyone":
            return np.ones(len(self.x), dtype=bool)
        return self.arm == (one if target == "treated" else zero)

    def error(self, one: int, zero: int, target: str, scale: str) -> float:
        """The smallest standard error that any regular estimator of arms can have (Hahn 1998, theorem 1)."""
        n = len(self.x)
        mu = [self.means(self.doses[a]) for a in (one, zero)]
        e = [self.chance[:, a] for a in (one, zero)]
        h = np.ones(n) if target == "everyone" else e[0] if target == "treated" else e[1]
        share = h.mean()
        m = [float((h * v).mean() / share) for v in mu]
        between = np.cov(np.stack([v - c for v, c in zip(mu, m, strict=True)]), aweights=h) / share
        noise = np.diag(
            [float((h**2 * noise_of(self.outcome, v) / p).mean()) / share**2 for v, p in zip(mu, e, strict=True)]
        )
        gradient = slope_on(m[0], m[1], scale)
        return float(np.sqrt(gradient @ (between + noise) @ gradient / n))

    def plain_error(self, one: int, zero: int, scale: str) -> float:
        """The standard error of the plain comparison of two randomised arms."""
        mu = [self.means(self.doses[a]) for a in (one, zero)]
        rows = [float((self.arm == a).sum()) for a in (one, zero)]
        variances = [float(v.var() + noise_of(self.outcome, v).mean()) / r for v, r in zip(mu, rows, strict=True)]
        gradient = slope_on(float(mu[0].mean()), float(mu[1].mean()), scale)
        return float(np.sqrt(gradient**2 @ np.array(variances)))


def on_scale(one: float, zero: float, scale: str) -> float:
    """Two means on the scale of an effect."""
    if scale == "difference":
        return one - zero
    if scale == "odds_ratio":
        return one / (1 - one) / (zero / (1 - zero))
    return 100 * (one / zero - 1) if scale == "percent" else one / zero


def slope_on(one: float, zero: float, scale: str) -> Floats:
    """Gradient of the difference, or of the log ratio, in the two means."""
    if scale == "difference":
        return np.array([1.0, -1.0])
    if scale == "odds_ratio":
        return np.array([1 / (one * (1 - one)), -1 / (zero * (1 - zero))])
    return np.array([1 / one, -1 / zero])


def line(value: float, scale: str) -> float:
    """An effect where its standard error lives: itself, or the log ratio."""
    if scale == "difference":
        return value
    return float(np.log(1 + value / 100 if scale == "percent" else value))


def world(
    outcome: str, doses: tuple[float, ...] = (0.0, 1.0), randomised: bool = False, n: int = 1200, seed: int = 0
) -> World:
    """Two covariates (a number and a three-level category) that drive both treatment and outcome."""
    rng = np.random.default_rng([seed, len(doses), int(randomised), ["number", "yes_no", "count"].index(outcome)])
    x = rng.standard_normal(n)
    g = rng.choice(np.array(["a", "b", "c"]), n)
    pull = np.zeros((n, len(doses)))
    if not randomised:
        for a in range(1, len(doses)):
            pull[:, a] = a * (0.5 * x + 0.4 * (g == "b")) / (len(doses) - 1)
    chance = np.exp(pull)
    chance /= chance.sum(axis=1, keepdims=True)
    arm = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(max=len(doses) - 1)
    mean = mean_of(outcome, np.array(doses)[arm], x, g)
    if outcome == "number":
        y = mean + rng.standard_normal(n)
    elif outcome == "yes_no":
        y = (rng.random(n) < mean).astype("float64")
    else:
        y = rng.poisson(mean).astype("float64")
    return World(x, g, arm, chance, doses, outcome, y)
