"""Coverage of 95 % intervals and false effects, 1,000 replications in every fixed world of every estimator.

A goal is missed when the 99 % Monte-Carlo interval of the rate lies wholly outside 92–98 % coverage, or wholly above
6 % false effects. Estimators run on samples directly: a thousand replications through `analyse` would take hours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.inference import effect_of
from tests.statistical.progress import interval, load, rng_of, save
from tests.statistical.worlds import WORLDS, World

REPLICATIONS = 1000
COVERAGE = (0.92, 0.98)
FALSE = 0.06


def replicate(w: World, i: int, counts: dict[str, Any]) -> None:
    """One sample with the effect and one without, counted."""
    estimator = REGISTRY[w.method]
    s = w.draw(rng_of(w.title, i), 1.0)
    assert estimator.fits(s)
    found = effect_of(estimator.function(s), s, w.scale)
    truth = w.truth()
    assert found is not None and found.low is not None and found.high is not None and found.std_error is not None
    counts["covered"] += int(found.low <= truth <= found.high)
    gap = found.value - truth if w.scale == "difference" else np.log(found.value / truth)
    counts["sum"] += float(gap)
    counts["squares"] += float(gap) ** 2
    counts["errors"] += found.std_error
    s = w.draw(rng_of(f"{w.title}, no effect", i), 0.0)
    found = effect_of(estimator.function(s), s, w.scale)
    null = 0.0 if w.scale == "difference" else 1.0
    assert found is not None and found.low is not None and found.high is not None
    counts["false"] += int(not found.low <= null <= found.high)


@pytest.mark.statistical
@pytest.mark.parametrize("w", WORLDS, ids=[w.title for w in WORLDS])
def test_intervals_keep_their_promise(w: World) -> None:
    counts = {"covered": 0, "false": 0, "sum": 0.0, "squares": 0.0, "errors": 0.0} | load(w.title)
    counts |= {"method": w.method, "world": w.name, "kind": w.kind, "scale": w.scale}
    for i in range(counts["done"], REPLICATIONS):
        replicate(w, i, counts)
        counts["done"] = i + 1
        if counts["done"] % 50 == 0:
            save(counts)
    n = counts["done"]
    covered, wrong = interval(counts["covered"], n), interval(counts["false"], n)
    met = covered[1] >= COVERAGE[0] and covered[0] <= COVERAGE[1] and wrong[0] <= FALSE
    bias = counts["sum"] / n
    spread = float(np.sqrt(counts["squares"] / n - bias**2))
    counts |= {
        "coverage": counts["covered"] / n,
        "false_effects": counts["false"] / n,
        "bias_in_errors": bias / spread,
        "error_over_spread": counts["errors"] / n / spread,
        "met": met,
    }
    save(counts)
    assert met, f"coverage {counts['coverage']:.3f} {covered}, false effects {counts['false_effects']:.3f} {wrong}"


def test_every_estimator_has_its_three_worlds() -> None:
    """Quick, so part of the gate: an estimator added to the registry without worlds is noticed."""
    for method in REGISTRY:
        assert {w.kind for w in WORLDS if w.method == method} == {"easy", "heterogeneous", "hard"}
    assert len({w.title for w in WORLDS}) == len(WORLDS)
