"""Tables from several environments between which some mechanisms change, with the arrows they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks import random_graph

Change = Literal["some", "everything", "nothing", "bent"]


@dataclass(frozen=True)
class Places:
    """(n, p) values, (n,) environment numbers, (p, p) arrows [cause, effect]."""

    values: NDArray[np.float64]
    environment: NDArray[np.int64]
    arrows: NDArray[np.bool_]

    @property
    def blocks(self) -> list[NDArray[np.float64]]:
        return [self.values[:, [j]] for j in range(self.values.shape[1])]


def places(
    rng: np.random.Generator, nodes: int, environments: int, share: float, rows: int = 300, change: Change = "some"
) -> Places:
    """Random arrows (2.5 links a node) with weights ±U(0.5, 1.2). In every environment but the first each mechanism changes with
    chance `share`: its average by ±U(0.5, 2), its spread by a factor of U(0.3, 0.6) or U(1.7, 3), or each of its weights times −1, 0 or 2.

    everything: every average differs by N(0, 0.5²) and every spread and weight by 30% instead. bent: some, and causes act through
    tanh(1.2 x) + 0.3 x².
    """
    arrows = random_graph(nodes, rng, 2.5)
    order = _order(arrows)
    weights = arrows * rng.choice([-1, 1], (nodes, nodes)) * rng.uniform(0.5, 1.2, (nodes, nodes))
    spread = rng.uniform(0.7, 1.3, nodes)
    tables = []
    for e in range(environments):
        w, s, mean = weights.copy(), spread.copy(), np.zeros(nodes)
        if change == "everything":
            mean = rng.normal(0, 0.5, nodes)
            s, w = s * np.exp(rng.normal(0, 0.3, nodes)), w * np.exp(rng.normal(0, 0.3, w.shape))
        elif change != "nothing" and e:
            for j in np.flatnonzero(rng.random(nodes) < share):
                what = rng.choice(["average", "spread", "weights"])
                if what == "spread":
                    s[j] *= rng.choice([rng.uniform(0.3, 0.6), rng.uniform(1.7, 3)])
                elif what == "weights" and arrows[:, j].any():
                    w[:, j] = weights[:, j] * rng.choice([-1.0, 0.0, 2.0], nodes)
                else:
                    mean[j] = rng.choice([-1, 1]) * rng.uniform(0.5, 2)
        x = np.zeros((rows, nodes))
        for j in order:
            passed = np.tanh(1.2 * x) + 0.3 * x * x if change == "bent" else x
            x[:, j] = mean[j] + passed @ w[:, j] + s[j] * rng.normal(size=rows)
        tables.append(x)
    return Places(np.vstack(tables), np.repeat(np.arange(environments), rows), arrows)


def _order(arrows: NDArray[np.bool_]) -> list[int]:
    left, order = list(range(len(arrows))), []
    while left:
        first = next(j for j in left if not arrows[left, j].any())
        order.append(first)
        left.remove(first)
    return order
