"""A column drawn before the treatment that behaves like one after it, against missing links between true causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.analysis import Refutation
from pyllm_causal.causal.identify import identify
from pyllm_causal.causal.refuters.graph_check import verify
from pyllm_causal.data import Table
from pyllm_causal.query import Query

Rng = np.random.Generator


def checked(frame: pd.DataFrame, *arrows: tuple[str, str]) -> Refutation:
    asked: dict[str, Any] = {"treatment": "t", "outcome": "y", "graph": {"edges": [list(a) for a in arrows]}}
    query, table = Query.model_validate(asked), Table.read(frame)
    found = verify(query, table, identify(query, table))  # type: ignore[arg-type]
    assert found is not None
    return found


DRAWN = (("a", "t"), ("m", "t"), ("m", "y"), ("t", "y"))


@pytest.mark.parametrize("seed", range(4))
def test_a_step_on_the_way_drawn_as_a_cause_is_found(seed: int) -> None:
    rng = np.random.default_rng([1, seed])
    a = rng.standard_normal(1500)
    t = (rng.random(1500) < 1 / (1 + np.exp(-1.3 * a))).astype(int)
    m = t + rng.standard_normal(1500)
    y = 0.5 * t + 0.8 * m + rng.standard_normal(1500)
    found = checked(pd.DataFrame({"a": a, "m": m, "t": t, "y": y}), *DRAWN)
    assert found.verdict == "failed"
    assert found.short == "by the table m comes after t, not before it"
    assert "puts m before t" in found.observed


@pytest.mark.parametrize("link", [0.0, 0.3, -0.6])
@pytest.mark.parametrize("seed", range(3))
def test_two_causes_that_go_together_stay_causes(seed: int, link: float) -> None:
    """Linked or not, both act on the treatment: the missing arrow between them changes nothing."""
    rng = np.random.default_rng([2, seed])
    a, m, noise, e = rng.standard_normal((4, 1500))
    m = m + link * a
    t = 0.8 * a + 0.8 * m + noise
    y = 0.5 * t + 0.8 * m + e
    assert checked(pd.DataFrame({"a": a, "m": m, "t": t, "y": y}), *DRAWN).verdict != "failed"


def test_a_silent_cause_speaks_for_the_drawn_arrow() -> None:
    """One link of two cancels by chance what the treatment as a collider makes; the other cause is not linked at all."""
    rng = np.random.default_rng(3)
    n = 3000
    a, b, m, noise, e = rng.standard_normal((5, n))
    m = (m + 0.45 * a) / np.sqrt(1 + 0.45**2)
    t = 0.9 * a + 0.9 * b + 0.9 * m + noise
    y = 0.5 * t + 0.8 * m + e
    residual = [np.asarray(v - np.polyval(np.polyfit(t, v, 1), t)) for v in (a, m)]
    assert abs(np.corrcoef(*residual)[0, 1]) < abs(np.corrcoef(a, m)[0, 1]) / 2, "the world is as hard as it says"
    frame = pd.DataFrame({"a": a, "b": b, "m": m, "t": t, "y": y})
    assert checked(frame, ("b", "t"), *DRAWN).verdict != "failed"
