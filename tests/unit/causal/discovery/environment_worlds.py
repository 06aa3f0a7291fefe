"""Tables from several environments between which some mechanisms change, with the arrows they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks import random_graph
from pyllm_causal.causal.discovery.dags import ordered

Change = Literal["some", "every", "averages", "everything", "nothing", "bent"]


@dataclass(frozen=True)
class Places:
    """(n, p) values, (n,) environment numbers, (p, p) arrows [cause, effect], (E, p) which mechanisms are not as they mostly are."""

    values: NDArray[np.float64]
    environment: NDArray[np.int64]
    arrows: NDArray[np.bool_]
    changed: NDArray[np.bool_]

    @property
    def blocks(self) -> list[NDArray[np.float64]]:
        return [self.values[:, [j]] for j in range(self.values.shape[1])]


def places(
    rng: np.random.Generator,
    nodes: int,
    environments: int,
    share: float,
    rows: int = 300,
    change: Change = "some",
    size: float = 1.0,
) -> Places:
    """Random arrows (2.5 links a node) with weights ±U(0.5, 1.2) and noise of standard deviation U(0.7, 1.3). In every environment
    but the first each mechanism changes with chance `share`, in one of three ways: its average by ±size × U(0.5, 2), its spread by a
    factor of exp(±size × U(0.5, 1.1)), or each of its weights by ±size × U(0.5, 1.5).

    every: the same, and each mechanism changes in one environment at least. averages: every average differs by N(0, size²) everywhere,
    and nothing else. everything: every average by N(0, 0.5²) and every spread and weight by 30%. bent: some, and causes act through
    tanh(1.2 x) + 0.3 x².
    """
    arrows = random_graph(nodes, rng, 2.5)
    order = ordered(arrows)
    weights = arrows * rng.choice([-1, 1], (nodes, nodes)) * rng.uniform(0.5, 1.2, (nodes, nodes))
    spread = rng.uniform(0.7, 1.3, nodes)
    changed = _changed(rng, nodes, environments, share, change)
    tables = []
    for e in range(environments):
        w, s, mean = weights.copy(), spread.copy(), np.zeros(nodes)
        if change == "everything":
            mean = rng.normal(0, 0.5, nodes)
            s, w = s * np.exp(rng.normal(0, 0.3, nodes)), w * np.exp(rng.normal(0, 0.3, w.shape))
        elif change == "averages":
            mean = rng.normal(0, size, nodes)
        else:
            for j in np.flatnonzero(changed[e]):
                what = rng.choice(["average", "spread", "weights"] if arrows[:, j].any() else ["average", "spread"])
                if what == "average":
                    mean[j] = size * rng.choice([-1, 1]) * rng.uniform(0.5, 2)
                elif what == "spread":
                    s[j] *= np.exp(size * rng.choice([-1, 1]) * rng.uniform(0.5, 1.1))
                else:
                    w[:, j] += arrows[:, j] * size * rng.choice([-1, 1], nodes) * rng.uniform(0.5, 1.5, nodes)
        x = np.zeros((rows, nodes))
        for j in order:
            passed = np.tanh(1.2 * x) + 0.3 * x * x if change == "bent" else x
            x[:, j] = mean[j] + passed @ w[:, j] + s[j] * rng.normal(size=rows)
        tables.append(x)
    return Places(np.vstack(tables), np.repeat(np.arange(environments), rows), arrows, changed)


def _changed(
    rng: np.random.Generator, nodes: int, environments: int, share: float, change: Change
) -> NDArray[np.bool_]:
    if change in ("everything", "averages"):
        return np.ones((environments, nodes), dtype=bool)
    changed = (rng.random((environments, nodes)) < share) & (change != "nothing")
    changed[0] = False
    if change == "every":
        nowhere = np.flatnonzero(~changed.any(axis=0))
        changed[rng.integers(1, environments, len(nowhere)), nowhere] = True
    return changed
