"""A handful of rows that carry an answer are found; long tails are not taken for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.estimators import REGISTRY
from pyllm_causal.causal.refuters.influence import influence
from pyllm_causal.causal.sample import Sample
from tests.unit.causal.samples import confounded, sample
from tests.unit.causal.trials import tried


def check(s: Sample, **more: Any) -> Refutation:
    found = influence(tried(s, **more))
    assert found is not None and found.check == "influence" and found.question.endswith("?")
    return found


@pytest.mark.parametrize(("rows", "bad", "size"), [(5000, 8, 60), (5000, 8, 200), (1000, 6, 50)])
def test_an_answer_made_by_a_few_mistyped_rows_fails(rows: int, bad: int, size: float) -> None:
    rng = np.random.default_rng(0)
    t = rng.permutation(np.arange(rows) % 2)
    y = rng.standard_normal(rows)
    assert check(sample(y, t, randomised=True)).verdict == "inconclusive"  # nothing there
    y[np.flatnonzero(t == 1)[:bad]] += size * (1 + 0.1 * rng.random(bad))
    found = check(sample(y, t, randomised=True))
    assert found.verdict == "failed" and "pulled in" in found.observed


@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
def test_a_sound_answer_passes(outcome: str) -> None:
    assert check(confounded(600, effect=1.0, outcome=outcome)).verdict == "passed"


def test_long_tails_do_not_fail() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        t = rng.permutation(np.arange(1000) % 2)
        noise = rng.standard_t(2.2, 1000) if seed % 2 else np.exp(1.5 * rng.standard_normal(1000))
        assert check(sample(0.4 * t + noise, t, randomised=True)).verdict != "failed"


def test_a_rare_event_is_no_outlier() -> None:
    y = np.zeros(20_000)
    t = np.arange(20_000) % 2
    y[t == 1] = np.arange(10_000) < 20
    y[t == 0] = np.arange(10_000) < 4
    assert check(sample(y, t, outcome="yes_no", randomised=True)).verdict == "inconclusive"
    assert check(sample(100 * y, t, randomised=True)).verdict == "inconclusive"  # money paid to a few


def test_that_many_rows_do_turn_the_sign() -> None:
    """The approximation against refitting: without the rows it names the sign has turned; without half of them it has not."""
    s = confounded(400, effect=0.4)
    t = tried(s)
    found = influence(t)
    assert found is not None and isinstance(found.figures["rows_to_turn"], int)
    fit = REGISTRY["regression"].function(s)
    assert fit.influence is not None
    order = np.argsort(-np.sign(t.value) * (fit.influence @ [1, -1]))
    for share, turned in ((1.1, True), (0.5, False)):
        left = s.take(np.sort(order[round(share * found.figures["rows_to_turn"]) :]))
        again = REGISTRY["regression"].function(left)
        assert ((again.treated - again.control) * t.value < 0) == turned


def test_matching_is_looked_at_through_regression() -> None:
    assert check(confounded(400, effect=0.5), method="matching").figures["rows_to_turn"]
