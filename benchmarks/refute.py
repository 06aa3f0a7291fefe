"""Six checks × 100 simulations of a linear analysis, side by side with plain DoWhy in one process.

Prints a Markdown table of processor time and ratios, the means and spreads of both, the peak memory of each, and one line
of JSON; exits with 1 when a goal is missed. `--quick`: tables of 1,000 and 10,000 rows only.

Both get the same table and a finished linear regression of a number on a number and 5 or 20 confounders; what is timed is
from there to the six results. Ours run through the checks that users get. DoWhy's are its refuters with their cheapest
options: placebo by permutation, random common cause, 80 % subset, bootstrap without added noise, dummy outcome of pure noise,
and 100 simulated hidden causes (`direct-simulation`, a grid of 10 × 10 strengths); for the last, ours has a closed form, which
is checked to give what DoWhy simulates. Of larger tables DoWhy's hundred are scaled from five.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

for _library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")  # for both: processor time then counts work, not threads that wait

import numpy as np  # noqa: E402

SIMULATIONS = 100
FEW = 5  # DoWhy's simulations of tables that would take it minutes
SIZES = (
    (1_000, 5),
    (1_000, 20),
    (10_000, 5),
    (10_000, 20),
    (100_000, 5),
    (100_000, 20),
    (1_000_000, 5),
    (1_000_000, 20),
)
GOAL = {1_000: 200.0, 10_000: 200.0, 100_000: 50.0, 1_000_000: 50.0}
LARGEST = SIZES[-1]
MEMORY_GOAL = 1 / 3
SURE = 0.9999  # of the intervals in which the differences of means and spreads must lie
CHECKS = ("placebo treatment", "random common cause", "data subset", "bootstrap", "dummy outcome", "hidden cause")
OURS = ("placebo_treatment", "random_common_cause", "data_subset", "bootstrap", "dummy_outcome", "hidden_cause")

HEAD = """# Checks side by side with DoWhy

Made by `make bench-refute`; do not edit by hand. Six checks × 100 simulations of a linear regression of a number on a number
and its confounders, by pyllm_causal and by plain DoWhy 0.14 in one process, each with one thread. Times are processor time from
the finished estimate to the six results; ours, which are short, are medians of up to 20 runs.
DoWhy's options are its cheapest: placebo by permutation, random common cause, 80 %
subset, bootstrap without added noise, dummy outcome of pure noise, and hidden causes by `direct-simulation` on a grid of
10 × 10 strengths, for which pyllm_causal has a closed form; its result is checked against what DoWhy simulates. Means and
spreads are called equal when they differ by no more than chance does in 99.99 of 100 cases, given how many simulations there
are (here 1,000 for up to 10,000 rows, else 100), the hidden causes when none is off by eight standard errors.
"""


@dataclass(frozen=True)
class Data:
    """t depends on five confounders, y on all of them and, by 2, on t."""

    x: Any
    t: Any
    y: Any

    @property
    def names(self) -> list[str]:
        return [f"x{j}" for j in range(self.x.shape[1])]


def drawn(n: int, k: int) -> Data:
    rng = np.random.default_rng([n, k])
    x = rng.standard_normal((n, k))
    t = 0.3 * x[:, :5].sum(axis=1) + rng.standard_normal(n)
    return Data(x, t, 2 * t + x @ np.linspace(0.2, 1, k) + rng.standard_normal(n))


class Ours:
    """The checks on a sample whose analysis is done."""

    def __init__(self, data: Data) -> None:
        from pyllm_causal.analysis import Estimate
        from pyllm_causal.causal.estimate import Estimates
        from pyllm_causal.causal.estimators import REGISTRY
        from pyllm_causal.causal.inference import effect_of
        from pyllm_causal.causal.sample import Sample
        from pyllm_causal.pipeline import parse_query

        n, middle = len(data.y), float(np.median(data.t))
        self.sample = Sample(
            y=data.y, arm=np.full(n, -1), dose=data.t, x=data.x, weights=np.ones(n), kind="dose", treated=middle + 1,
            control=middle, outcome_kind="number", target="everyone", per_unit=True, x_names=tuple(data.names),
            x_groups=tuple(data.names), form=(1, False),
        )  # fmt: skip
        method = REGISTRY["regression"]
        fit = method.function(self.sample)
        effect = effect_of(fit, self.sample, "difference")
        assert effect is not None
        headline = Estimate(
            method=method.name, label=method.label, effect=effect, n=n, means=(fit.treated, fit.control)
        )
        self.estimates = Estimates(headline, (), None, 0.0, fit, method)
        self.value = effect.value
        self.query = parse_query({"treatment": "t", "outcome": "y", "adjust_for": data.names})

    def trial(self, seed: int) -> Any:
        from pyllm_causal.causal.refuters import Trial
        from pyllm_causal.causal.repeats import Effort

        return Trial(self.sample, self.estimates, self.query, "difference", seed, Effort(simulations=SIMULATIONS))

    def checks(self, trial: Any) -> dict[str, float]:
        """Seconds of each check. The first one also prepares the sums that the others share."""
        from pyllm_causal.causal.refuters import REGISTRY

        seconds = {}
        for label, name in zip(CHECKS, OURS, strict=True):
            began = time.process_time()
            assert REGISTRY[name].function(trial) is not None
            seconds[label] = time.process_time() - began
        return seconds

    def values(self, count: int) -> dict[str, Any]:
        """Estimates under `count` simulations of what DoWhy simulates."""
        from pyllm_causal.causal.chance import noise
        from pyllm_causal.causal.draws import Added, Outcome
        from pyllm_causal.causal.refuters.negative_control import dealt
        from pyllm_causal.causal.refuters.stability import part, redrawn
        from pyllm_causal.causal.repeats import repeat

        trial = self.trial(1)
        draws: dict[str, Any] = {
            "placebo treatment": dealt(self.sample, trial.rng("deck")),
            "random common cause": lambda s, rng: Added(noise(s.n, rng)),
            "data subset": part(self.sample),
            "bootstrap": redrawn(self.sample),
            "dummy outcome": lambda s, rng: Outcome(rng.standard_normal(s.n)),
        }
        return {name: repeat(trial, name, draw, count) for name, draw in draws.items()}

    def left(self) -> float:
        """Variance of the treatment that the confounders leave."""
        from pyllm_causal.causal.gram import Columns, Standard

        held = Columns(self.sample, Standard(self.sample).x, self.sample.k)
        slopes = np.array([float(self.sample.dose @ held.at(slice(0, self.sample.n))[0][j]) for j in range(1, held.p)])
        return float(self.sample.dose.var()) - float((slopes**2).sum()) / self.sample.n**2


class DoWhy:
    """DoWhy's refuters on a table whose analysis is done; `found` holds the estimates that each simulated."""

    def __init__(self, data: Data) -> None:
        import pandas as pd
        from dowhy import CausalModel

        table = pd.DataFrame(data.x, columns=data.names)
        table["t"], table["y"] = data.t, data.y
        self.model = CausalModel(table, treatment="t", outcome="y", common_causes=data.names)
        self.estimand = self.model.identify_effect(proceed_when_unidentifiable=True, method_name="maximal-adjustment")
        self.estimate = self.model.estimate_effect(self.estimand, method_name="backdoor.linear_regression")
        self.value = float(self.estimate.value)
        self.found: dict[str, Any] = {}

    def checks(self, count: int) -> dict[str, float]:
        """Seconds of each check, for `count` simulations."""
        side = round(math.sqrt(count)) if count >= 10 else 0
        strong = np.linspace(0.1, 1, side or count)
        on_outcome = strong if side else np.array([0.5])
        options: list[tuple[str, dict[str, Any]]] = [
            ("placebo_treatment_refuter", {"placebo_type": "permute"}),
            ("random_common_cause", {}),
            ("data_subset_refuter", {"subset_fraction": 0.8}),
            ("bootstrap_refuter", {"required_variables": False}),
            ("dummy_outcome_refuter", {}),
            (
                "add_unobserved_common_cause",
                {
                    "simulation_method": "direct-simulation",
                    "confounders_effect_on_treatment": "linear",
                    "confounders_effect_on_outcome": "linear",
                    "effect_strength_on_treatment": strong,
                    "effect_strength_on_outcome": on_outcome,
                    "plotmethod": None,
                },
            ),
        ]
        seconds = {}
        for label, (method, more) in zip(CHECKS, options, strict=True):
            if method != "add_unobserved_common_cause":
                more = {**more, "num_simulations": count, "random_seed": 1}
            with self._recorded(label):
                began = time.process_time()
                result = self.model.refute_estimate(self.estimand, self.estimate, method_name=method, **more)
                seconds[label] = time.process_time() - began
            if label == "hidden cause":
                self.found[label] = np.ravel(result.new_effect_array)
                self.strengths = np.array([(a, b) for a in strong for b in on_outcome])
        return seconds

    @contextmanager
    def _recorded(self, label: str) -> Iterator[None]:
        """Keeps the simulated estimates, which DoWhy hands to its test of significance and forgets."""
        from dowhy.causal_refuters import (
            bootstrap_refuter,
            data_subset_refuter,
            dummy_outcome_refuter,
            placebo_treatment_refuter,
            random_common_cause,
        )

        modules: tuple[Any, ...] = (
            bootstrap_refuter, data_subset_refuter, dummy_outcome_refuter, placebo_treatment_refuter, random_common_cause,
        )  # fmt: skip
        real = modules[0].test_significance

        def recorder(estimate: Any, simulations: Any, *more: Any, **named: Any) -> Any:
            self.found[label] = np.array(simulations, dtype=float).ravel()
            return real(estimate, simulations, *more, **named)

        for module in modules:
            module.test_significance = recorder
        try:
            yield
        finally:
            for module in modules:
                module.test_significance = real


def alike(ours: Any, theirs: Any) -> tuple[bool, bool]:
    """Whether mean and spread differ by no more than chance (both within 99.99 %), from unequally many simulations."""
    from scipy import stats

    few = min(len(ours), len(theirs)) - 1
    wide = float(stats.t.ppf(0.5 + SURE / 2, few))
    error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    ratio = float(theirs.var(ddof=1) / ours.var(ddof=1))
    low, high = (float(stats.f.ppf(0.5 + s * SURE / 2, len(theirs) - 1, len(ours) - 1)) for s in (-1, 1))
    return bool(abs(ours.mean() - theirs.mean()) <= wide * error), low <= ratio <= high


@dataclass(frozen=True)
class Row:
    n: int
    k: int
    ours: dict[str, float]
    theirs: dict[str, float]
    scaled: int  # DoWhy's simulations
    means: dict[str, tuple[float, float]]
    spreads: dict[str, tuple[float, float]]
    same: bool

    @property
    def ratio(self) -> float:
        return sum(self.theirs.values()) / sum(self.ours.values())


def measured(n: int, k: int) -> Row:
    data = drawn(n, k)
    ours, theirs = Ours(data), DoWhy(data)
    count = SIMULATIONS if n <= 10_000 else FEW
    slow = {c: s * SIMULATIONS / count for c, s in theirs.checks(count).items()}
    repeats = max(1, min(20, 200_000 // n))
    gc.collect()  # what DoWhy left behind would be cleared away on our time
    runs = [ours.checks(ours.trial(seed)) for seed in range(repeats)]
    fast = {c: statistics.median(r[c] for r in runs) for c in CHECKS}
    values = ours.values(1000 if n <= 10_000 else SIMULATIONS)
    same = abs(ours.value - theirs.value) < 1e-9 * abs(theirs.value)
    means, spreads = {}, {}
    for check, mine in values.items():
        other = theirs.found[check]
        means[check] = float(mine.mean()), float(other.mean())
        spreads[check] = float(mine.std(ddof=1)), float(other.std(ddof=1))
        verdicts = alike(mine, other)
        if not all(verdicts):
            print(f"n={n} k={k} {check}: mean alike {verdicts[0]}, spread alike {verdicts[1]}", file=sys.stderr)
        same = same and all(verdicts)
    # A cause u that adds a u to the treatment and −b u to the outcome makes the slope (slope V − a b)/(V + a²), with V the
    # variance of the treatment that the confounders leave (omitted variables). DoWhy adds each to a table that keeps those before.
    left, (a, b) = ours.left(), theirs.strengths.T
    foretold = (ours.value * left - np.cumsum(a * b)) / (left + np.cumsum(a * a))
    gap = theirs.found["hidden cause"] - foretold
    means["hidden cause"] = float(foretold.mean()), float(theirs.found["hidden cause"].mean())
    spreads["hidden cause"] = float(foretold.std(ddof=1)), float(theirs.found["hidden cause"].std(ddof=1))
    error = ours.estimates.headline.effect.std_error or math.nan
    if np.abs(gap).max() > 8 * error:
        print(f"n={n} k={k} hidden cause: off by {np.abs(gap).max() / error:.1f} standard errors", file=sys.stderr)
        same = False
    return Row(n, k, fast, slow, count, means, spreads, same)


def memory(whose: str) -> None:
    """Peak memory of this process in megabytes, with the six checks of the largest table, printed alone on a line."""
    data = drawn(*LARGEST)
    if whose == "ours":
        analysis = Ours(data)
        analysis.checks(analysis.trial(0))
    else:
        DoWhy(data).checks(2)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak(whose: str) -> float:
    command = [sys.executable, __file__, "--memory", whose]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ.copy())
    return float(out.stdout.split()[-1])


def table(rows: list[Row]) -> Iterator[str]:
    yield "| Rows | Confounders | DoWhy | Here | Ratio | Goal | Means and spreads |"
    yield "|---:|---:|---:|---:|---:|---:|:---|"
    for r in rows:
        star = "" if r.scaled == SIMULATIONS else f" (from {r.scaled} simulations)"
        yield (
            f"| {r.n:,} | {r.k} | {sum(r.theirs.values()):.1f} s{star} | {sum(r.ours.values()):.3f} s | **{r.ratio:.0f}×** "
            f"| {GOAL[r.n]:.0f}× | {'equal' if r.same else 'DIFFERENT'} |"
        )
    yield ""
    yield "| Rows | Confounders | Check | DoWhy | Here | Ratio | Mean: DoWhy | Mean: here | Spread: DoWhy | Spread: here |"
    yield "|---:|---:|:---|---:|---:|---:|---:|---:|---:|---:|"
    for r in rows:
        for c in CHECKS:
            yield (
                f"| {r.n:,} | {r.k} | {c} | {r.theirs[c]:.2f} s | {1000 * r.ours[c]:.1f} ms "
                f"| {r.theirs[c] / max(r.ours[c], 1e-9):.0f}× | {r.means[c][1]:.5f} | {r.means[c][0]:.5f} "
                f"| {r.spreads[c][1]:.5f} | {r.spreads[c][0]:.5f} |"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tables of 1,000 and 10,000 rows only, without memory")
    parser.add_argument("--memory", choices=("ours", "dowhy"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    os.environ["TQDM_DISABLE"] = "1"
    if asked.memory:
        memory(asked.memory)
        return 0
    # first, for a process starts with the peak of the one that started it
    peaks = {} if asked.quick else {whose: peak(whose) for whose in ("ours", "dowhy")}
    measured(200, 5)  # loads what both need
    rows = [measured(n, k) for n, k in SIZES if not asked.quick or n <= 10_000]
    print(HEAD)
    print("\n".join(table(rows)))
    missed = [f"{r.n}x{r.k}" for r in rows if r.ratio < GOAL[r.n] or not r.same]
    result: dict[str, Any] = {f"{r.n}x{r.k}": round(r.ratio, 1) for r in rows}
    if peaks:
        mine, other = peaks["ours"], peaks["dowhy"]
        print(f"\nPeak memory at {LARGEST[0]:,} × {LARGEST[1]}: {mine:.0f} MB here, {other:.0f} MB with DoWhy.")
        result |= {"memory_mb": round(mine), "memory_dowhy_mb": round(other)}
        missed += ["memory"] if mine > MEMORY_GOAL * other else []
    print()
    print(json.dumps(result | {"missed": missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
