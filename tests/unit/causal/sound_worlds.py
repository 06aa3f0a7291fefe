"""Sound analyses of every estimator of the common path: on none of them may a repeated check fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyllm_causal.analysis import Estimate
from pyllm_causal.causal.estimate import Estimates
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.inference import effect_of
from pyllm_causal.causal.refuters import Trial, settled
from pyllm_causal.causal.repeats import Effort
from pyllm_causal.causal.sample import Sample
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.samples import sample

QUERY = parse_query({"treatment": "t", "outcome": "y", "adjust_for": ["x"]})
CHECKS = ("placebo_treatment", "random_common_cause", "data_subset", "bootstrap", "dummy_outcome")


@dataclass(frozen=True)
class World:
    """n rows and k covariates for a method. `dealt`: the treatment is random, by row or by whole cluster; `dose`: the two doses
    compared, or "unit" for a slope."""

    name: str
    method: str
    n: int
    k: int
    outcome: str = "number"
    scale: Any = "difference"
    noise: str = "normal"
    dealt: str = ""
    dose: Any = None
    clusters: int = 0
    strata: int = 0
    weights: bool = False
    target: str = "everyone"
    share: float = 0.5

    def sample(self, rng: np.random.Generator) -> Sample:
        n, rows = self.n, np.arange(self.n)
        x = rng.standard_normal((n, self.k))
        line = x.sum(axis=1) / np.sqrt(max(self.k, 1))
        cluster = rng.permutation(rows % self.clusters) if self.clusters else None
        shared = rng.standard_normal(self.clusters)[cluster] if self.clusters else np.zeros(n)
        strata = rng.permutation(rows % self.strata) if self.strata else None
        if strata is not None:
            x = (strata[:, None] == np.arange(1, self.strata)).astype("float64")
            line = rng.standard_normal(self.strata)[strata]
        t = self._treatment(rng, 0.0 * line if self.dealt else 0.7 * line, cluster, strata)
        y = self._outcome(rng, line, t, shared)
        more: dict[str, Any] = {"dose": (1.0, 0.0) if self.dose == "unit" else self.dose} if self.dose else {}
        return sample(
            y, t, x, outcome="yes_no" if self.outcome == "rare" else self.outcome, cluster=cluster, strata=strata,
            weights=rng.uniform(0.5, 2, n) if self.weights else None, target=self.target,
            randomised=bool(self.dealt or self.strata), per_unit=self.dose == "unit", **more,
        )  # fmt: skip

    def _treatment(self, rng: np.random.Generator, line: Any, cluster: Any, strata: Any) -> Any:
        if self.dose:
            return line + rng.standard_normal(self.n)
        if strata is not None:
            t = np.zeros(self.n, dtype="int64")
            for level in range(self.strata):
                rows = rng.permutation(np.flatnonzero(strata == level))
                t[rows[: max(2, int(self.share * len(rows)))]] = 1
            return t
        if self.dealt == "cluster":
            return rng.permutation(np.arange(self.clusters) < self.share * self.clusters)[cluster].astype("int64")
        odds = np.log(self.share / (1 - self.share))
        return (rng.random(self.n) < 1 / (1 + np.exp(-odds - line))).astype("int64")

    def _outcome(self, rng: np.random.Generator, line: Any, t: Any, shared: Any) -> Any:
        if self.outcome == "count":
            return rng.poisson(np.exp(0.4 * line + 0.3 * t + 0.3 * shared)).astype("float64")
        if self.outcome != "number":
            low, slope = (-3.0, 0.5) if self.outcome == "rare" else (-0.3, 0.7)
            return (rng.random(self.n) < 1 / (1 + np.exp(-low - slope * (line + t) - 0.5 * shared))).astype("float64")
        noise = {
            "normal": lambda: rng.standard_normal(self.n),
            "heavy": lambda: rng.standard_t(3, self.n),
            "skewed": lambda: np.exp(rng.standard_normal(self.n)) - np.exp(0.5),
            "uneven": lambda: rng.standard_normal(self.n) * np.exp(0.5 * line),
        }[self.noise]()
        return 5 + line + t * 0.5 * (1 + 0.3 * line) + noise + shared

    def trial(self, rng: np.random.Generator, simulations: int | None = None, seed: int = 0) -> Trial | None:
        """The analysis by this method; None where it does not fit the rows drawn."""
        s, method = self.sample(rng), REGISTRY[self.method]
        if not method.fits(s):
            return None
        fit = method.function(s)
        effect = effect_of(fit, s, self.scale)
        if effect is None or not effect.std_error:
            return None
        headline = Estimate(method=self.method, label="", effect=effect, n=s.n, means=(fit.treated, fit.control))
        found = Estimates(headline, (), None, 0.0, fit, method)
        return settled(Trial(s, found, QUERY, self.scale, seed, Effort(simulations, workers=1)))


MEANS, STRATA, REGRESSION = "difference_in_means", "post_stratified", "regression"
WORLDS = (
    World("means, 60 rows", MEANS, 60, 0, dealt="row"),
    World("means, heavy tails", MEANS, 1000, 0, dealt="row", noise="heavy"),
    World("means, skewed, a fifth treated", MEANS, 200, 0, dealt="row", noise="skewed", share=0.2),
    World("means, yes/no", MEANS, 200, 0, "yes_no", dealt="row"),
    World("means, rare event", MEANS, 300, 0, "rare", dealt="row"),
    World("means, clusters dealt", MEANS, 300, 0, dealt="cluster", clusters=30),
    World("means, eight clusters", MEANS, 400, 0, dealt="cluster", clusters=8),
    World("means, dealt within clusters", MEANS, 300, 0, dealt="row", clusters=30),
    World("strata of twenty", STRATA, 120, 0, strata=6),
    World("strata of ten", STRATA, 400, 0, strata=40),
    World("strata, yes/no, a third treated", STRATA, 600, 0, "yes_no", strata=10, share=0.3),
    World("regression, 60 rows", REGRESSION, 60, 3),
    World("regression, 60 rows and 15 covariates", REGRESSION, 60, 15),
    World("regression, 15 covariates", REGRESSION, 400, 15),
    World("regression, heavy tails", REGRESSION, 300, 2, noise="heavy"),
    World("regression, skewed", REGRESSION, 300, 2, noise="skewed"),
    World("regression, uneven spread", REGRESSION, 300, 2, noise="uneven"),
    World("regression, weights", REGRESSION, 300, 2, weights=True),
    World("regression, the treated", REGRESSION, 300, 2, target="treated", share=0.2),
    World("regression, clusters", REGRESSION, 300, 2, clusters=30),
    World("regression, clusters dealt", REGRESSION, 300, 2, dealt="cluster", clusters=30),
    World("regression, 5,000 rows", REGRESSION, 5000, 5),
    World("logistic", REGRESSION, 300, 2, "yes_no"),
    World("logistic, 100 rows", REGRESSION, 100, 5, "yes_no"),
    World("logistic, odds ratio", REGRESSION, 300, 2, "yes_no", "odds_ratio"),
    World("logistic, rare event, ratio", REGRESSION, 400, 2, "rare", "ratio"),
    World("counts, ratio", REGRESSION, 300, 2, "count", "ratio"),
    World("counts, clusters, ratio", REGRESSION, 300, 2, "count", "ratio", clusters=30),
    World("slope, 60 rows", REGRESSION, 60, 2, dose="unit"),
    World("slope, heavy tails", REGRESSION, 300, 5, dose="unit", noise="heavy"),
    World("slope, clusters", REGRESSION, 300, 2, dose="unit", clusters=30),
    World("slope, yes/no", REGRESSION, 300, 2, "yes_no", dose="unit"),
    World("two doses", REGRESSION, 300, 2, dose=(1.0, 0.0)),
    World("two doses, yes/no", REGRESSION, 300, 2, "yes_no", dose=(1.0, 0.0)),
    World("two doses, counts, ratio", REGRESSION, 300, 2, "count", "ratio", dose=(1.0, 0.0)),
    World("two doses, bent covariates", "flexible_regression", 400, 2, dose=(1.0, 0.0)),
    World("weighting", "weighting", 300, 2),
    World("weighting, yes/no, the treated", "weighting", 300, 2, "yes_no", target="treated"),
    World("weighting, slope", "weighting", 300, 2, dose="unit"),
    World("matching", "matching", 200, 2),
    World("doubly robust", "doubly_robust", 200, 2),
    World("doubly robust, yes/no", "doubly_robust", 400, 3, "yes_no"),
    World("doubly robust, slope", "doubly_robust", 300, 2, dose="unit"),
)
