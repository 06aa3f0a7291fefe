"""The same shares as dowhy.gcm (Janzing et al. 2024; Budhathoki et al. 2021), which fits and divides in its own way."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from tests.unit.causal.world.tables import answer

PAIRS = [("x", "z"), ("x", "y"), ("z", "y")]
GRAPH = {"edges": [list(p) for p in PAIRS]}


@pytest.fixture(autouse=True)
def _global_chance() -> Iterator[None]:
    """dowhy.gcm draws from numpy's global state; it is put back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


def a_table(n: int, seed: int, shift: float = 0.0, slope: float = 0.8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) + shift
    z = slope * x + rng.normal(size=n)
    return pd.DataFrame({"x": x, "z": z, "y": z + 0.5 * x + 0.7 * rng.normal(size=n)})


def _mechanisms(model: object) -> None:
    from dowhy import gcm

    gcm.config.disable_progress_bars()
    gcm.config.set_default_n_jobs(1)
    model.set_causal_mechanism("x", gcm.EmpiricalDistribution())  # type: ignore[attr-defined]
    for node in ("z", "y"):
        mechanism = gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor())
        model.set_causal_mechanism(node, mechanism)  # type: ignore[attr-defined]


def test_shares_of_the_variation() -> None:
    from dowhy import gcm

    frame = a_table(2000, 2)
    found = answer(frame, GRAPH, kind="attribution", outcome="y")
    model = gcm.StructuralCausalModel(nx.DiGraph(PAIRS))
    _mechanisms(model)
    gcm.fit(model, frame)
    theirs = gcm.intrinsic_causal_influence(
        model, "y", prediction_model=gcm.ml.create_linear_regressor(), num_samples_randomization=500,
        num_samples_baseline=100,
    )  # fmt: skip
    whole = sum(theirs.values())
    for part, node in zip(sorted(found.attribution or (), key=lambda p: p["cause"]), ("y", "x", "z"), strict=True):
        assert part["share"] == pytest.approx(theirs[node] / whole, abs=0.07)


def test_shares_of_a_change() -> None:
    from dowhy import gcm

    old, new = a_table(1500, 3), a_table(1500, 4, shift=1.0, slope=0.2)
    both = pd.concat([old.assign(when="old"), new.assign(when="new")], ignore_index=True)
    compare = {"column": "when", "from": "old", "to": "new"}
    found = answer(both, GRAPH, kind="attribution", outcome="y", compare=compare)
    models = []
    for table in (old, new):
        model = gcm.ProbabilisticCausalModel(nx.DiGraph(PAIRS))
        _mechanisms(model)
        gcm.fit(model, table)
        models.append(model)
    theirs = gcm.distribution_change_of_graphs(
        *models, "y", num_samples=20_000, difference_estimation_func=lambda a, b: np.mean(b) - np.mean(a)
    )
    ours = {p["cause"] if p["part"] != "rest" else "y": p["share"] for p in found.attribution or ()}
    for node in ("x", "z", "y"):
        assert ours[node] == pytest.approx(theirs[node], abs=0.08)
