"""Same question, same seed: same answer, in any process and with any number of workers; and quick."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from pyllm_causal.graph import Graph
from tests.unit.causal.world.tables import SHOP, answer, shop, sigmoid

QUERIES: dict[str, dict[str, Any]] = {
    "row": {"kind": "counterfactual", "row": 4, "changes": {"price": 25}},
    "everybody": {"kind": "counterfactual", "changes": {"price": 25}},
    "best": {"kind": "counterfactual"},
    "drivers": {"kind": "attribution"},
    "change": {"kind": "attribution", "compare": {"column": "promo", "from": 0, "to": 1}},
}


@pytest.mark.parametrize("name", QUERIES)
def test_the_same_again(name: str) -> None:
    frame, _ = shop(400, 1)
    frame["sales"] = frame["sales"].round(3)
    before = np.random.get_state()[1].copy()  # type: ignore[index,union-attr]  # noqa: NPY002
    first = answer(frame, outcome="sales", seed=3, **QUERIES[name])
    again = answer(frame, outcome="sales", seed=3, workers=2, **QUERIES[name])
    other = answer(frame, outcome="sales", seed=4, **QUERIES[name])
    assert first.model_dump(exclude={"provenance"}) == again.model_dump(exclude={"provenance"})
    assert first.effect is not None and other.effect is not None and first.effect != other.effect
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]  # noqa: NPY002


_SCRIPT = """
import json, sys
from tests.unit.causal.world.tables import answer, shop
frame, _ = shop(300, 2)
found = answer(frame, kind="attribution", outcome="sales")
print(json.dumps([found.model_dump(mode="json", exclude={"provenance"})]))
"""


def test_the_order_of_hashes_changes_nothing() -> None:
    got = []
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", _SCRIPT], env=env, capture_output=True, text=True, check=True)
        got.append(json.loads(done.stdout))
    assert got[0] == got[1]


def test_eight_columns_and_two_thousand_rows_in_seconds() -> None:
    rng = np.random.default_rng(3)
    frame, _ = shop(2000, 3)
    frame["visits"] = rng.poisson(np.exp(0.02 * frame["ads"]))
    frame["area"] = rng.choice(["north", "south", "west"], 2000)
    frame["loyal"] = (rng.random(2000) < sigmoid(0.1 * frame["sales"] - 8 + 0.2 * frame["visits"])).astype(int)
    edges = [*SHOP["edges"], ["ads", "visits"], ["area", "sales"], ["sales", "loyal"], ["visits", "loyal"]]
    began = time.process_time()
    found = answer(frame, {"edges": edges}, kind="attribution", outcome="loyal", simulations=None, checks=True)
    assert found.status == "answered" and len(found.attribution or ()) == 8
    assert time.process_time() - began < 20  # about 5 s


@pytest.mark.parametrize("name", ["everybody", "row"])
def test_only_a_signed_picture_is_more_than_low(name: str) -> None:
    frame, _ = shop(1500, 5)
    signed = Graph.model_validate(SHOP).sign("Ada", "2026-01-02T03:04:05")
    levels = []
    for graph, source in ((SHOP, "you"), (SHOP, "model"), (signed, "you")):
        query = {**QUERIES[name], "sources": {"graph": source}}
        certainty = answer(frame, graph, outcome="sales", checks=True, **query).certainty
        assert certainty is not None
        levels.append(certainty.level)
    assert levels == ["low", "low", "moderate" if name == "everybody" else "low"]
