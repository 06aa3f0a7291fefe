"""Repeated checks on sound analyses: over 200 tables of every world, none may fail more often than chance allows for 0.5 %."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pyllm_causal.causal.refuters import REGISTRY
from tests.statistical.progress import interval, seed_of
from tests.unit.causal.sound_worlds import CHECKS, WORLDS, World

REPLICATIONS, MOST = 200, 0.005


@pytest.mark.statistical
@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
def test_no_sound_analysis_fails(world: World) -> None:
    failed, run = Counter[str](), 0
    for i in range(REPLICATIONS):
        trial = world.trial(np.random.default_rng([seed_of(world.name), i]), seed=i)
        if trial is None:
            continue
        run += 1
        for name in CHECKS:
            found = REGISTRY[name].function(trial)
            failed[name] += found is not None and found.verdict == "failed"
    assert run >= 0.9 * REPLICATIONS
    assert all(interval(failed[name], run)[0] <= MOST for name in CHECKS), (dict(failed), run)
