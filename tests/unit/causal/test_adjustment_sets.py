"""Sets of columns that a graph calls equally good: they agree where the graph is right, and tell where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Estimand, Refutation
from pyllm_causal.causal.contrast import Contrast
from pyllm_causal.causal.estimate import estimate
from pyllm_causal.causal.refuters import Trial
from pyllm_causal.causal.refuters.adjustment_sets import adjustment_sets
from pyllm_causal.causal.sample import draw
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.trials import coin, expit


def compared(
    frame: pd.DataFrame,
    own: tuple[str, ...],
    *others: tuple[str, ...],
    method: str | None = None,
    contrast: Contrast = Contrast("arms", 1, 0),  # noqa: B008  (frozen)
    **query: Any,
) -> Refutation | None:
    table = Table.read(frame)
    asked = parse_query({"treatment": "t", "outcome": "y", "adjust_for": list(own)} | query)
    estimand = Estimand(strategy="adjustment", adjust_for=own, alternatives=others)
    sample = draw(asked, table, estimand, contrast).sample
    found = estimate(sample, asked.scale, "", method)
    assert found is not None
    return adjustment_sets(Trial(sample, found, asked, asked.scale, 0), table, estimand, contrast)


def chain(seed: int = 0, n: int = 800, hidden: float = 0.0, bent: bool = False) -> pd.DataFrame:
    """a → t and a → b → y: {a} and {b} are both enough, unless u drives t and b (then a alone is not)."""
    rng = np.random.default_rng(seed)
    a, u = rng.standard_normal((2, n))
    b = a + hidden * u + rng.standard_normal(n)
    t = coin(rng, expit(0.8 * a + hidden * u))
    y = t + (b**2 if bent else 1.5 * b) + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "y": y, "a": a, "b": b})


def test_valid_sets_agree() -> None:
    found = compared(chain(), ("a",), ("b",), ("a", "b"))
    assert found is not None and found.verdict == "passed" and found.figures["sets"] == 2


def test_a_wrong_graph_shows() -> None:
    found = compared(chain(hidden=1.5, n=2000), ("a",), ("b",))
    assert found is not None and found.verdict == "failed" and found.family == "graph"
    assert "b" in str(found.figures["set"]) and "in the answer" in found.observed and found.short


def test_false_alarms_are_rare() -> None:
    """None of 50 sound tables of 60 or 400 rows; the gap is far smaller than the headline's own error would let one think."""
    for seed in range(50):
        found = compared(chain(seed, 60 if seed % 3 else 400), ("a",), ("b",), ("a", "b"))
        assert found is not None and found.verdict != "failed"


def test_two_straight_lines_of_which_one_does_not_fit_are_asked_again_with_models_that_bend() -> None:
    for seed in range(5):
        found = compared(chain(seed, 1500, bent=True), ("a",), ("b",), method="regression")
        assert found is not None and found.verdict != "failed"


@pytest.mark.parametrize("missing", ["drop", "impute"])
def test_rows_with_gaps_are_the_same_for_every_set(missing: str) -> None:
    frame = chain(n=900)
    frame.loc[::7, "b"] = np.nan
    found = compared(frame, ("a",), ("b",), missing=missing)
    assert found is not None and found.verdict == "passed"


def test_chances_ratios_clusters_and_categories() -> None:
    frame = chain(n=1200)
    frame["y"] = (frame["y"] > 1).astype(int)
    frame["g"] = np.where(frame["b"] > 1, "high", np.where(frame["b"] < -1, "low", "middle"))
    frame["c"] = np.arange(len(frame)) // 6
    for query in ({}, {"scale": "odds_ratio"}, {"scale": "ratio", "cluster": "c"}):
        found = compared(frame, ("a",), ("a", "g"), **query)
        assert found is not None and found.verdict in ("passed", "inconclusive"), query


@pytest.mark.parametrize("contrast", [Contrast("dose", 1, 0, per_unit=True), Contrast("dose", 3, 1)])
@pytest.mark.parametrize("hidden", [0.0, 1.5])
def test_doses(contrast: Contrast, hidden: float) -> None:
    rng = np.random.default_rng(0)
    a, u = rng.standard_normal((2, 1500))
    b = a + hidden * u + rng.standard_normal(1500)
    t = 2 + 0.8 * a + hidden * u + rng.standard_normal(1500)
    frame = pd.DataFrame({"t": t, "y": t + 1.5 * b + rng.standard_normal(1500), "a": a, "b": b})
    found = compared(frame, ("a",), ("b",), contrast=contrast)
    assert found is not None and found.verdict == ("failed" if hidden else "passed")


def test_nothing_to_compare() -> None:
    assert compared(chain(), ("a",)) is None
    assert compared(chain(), ("a",), ("a",)) is None
    frame = chain()
    frame["name"] = [f"person {i}" for i in range(len(frame))]  # a column that cannot be held fixed
    assert compared(frame, ("a",), ("name",)) is None


def test_an_empty_set_is_one_too() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"t": rng.integers(0, 2, 500), "a": rng.standard_normal(500)})
    frame["y"] = frame["t"] + frame["a"] + rng.standard_normal(500)
    found = compared(frame, ("a",), ())
    assert found is not None and found.verdict != "failed" and "nothing fixed" in found.observed
