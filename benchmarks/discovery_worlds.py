"""Tables simulated from a graph, for the benchmark of discovery. The recipe of each kind of data is in `RECIPES`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.networks import RANDOM, STANDARD, random_graph, standard
from pyllm_causal.causal.discovery.dags import ordered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

ROWS = 2_000
SEEDS = 10
NETWORKS = (*STANDARD, *RANDOM)
KINDS = ("linear-Gaussian", "non-Gaussian", "binary", "mixed")
RECIPES = {
    "linear-Gaussian": "each node is the sum of its causes times ±U(0.3, 0.9), plus normal noise of spread U(0.5, 1.5); every column is "
    "then brought to spread 1, so that the spread gives no order away",
    "non-Gaussian": "the same with noise that is, node by node, Laplace, uniform, exponential or t with 5 degrees of freedom",
    "binary": "the log-odds of a node are U(−0.5, 0.5), plus ±U(0.8, 1.8) for every cause (coded −½, ½), plus a normal part of spread "
    "0.3 for every combination of its causes",
    "mixed": "half of the nodes (drawn) are yes/no with log-odds as for binary, the others numbers as for linear-Gaussian; causes enter "
    "with spread 1, and weigh 0.7 times as much in the log-odds",
}


@dataclass(frozen=True)
class World:
    """One simulated table: (n, p) `values`, the (p, p) `arrows` [cause, effect] it came from, and which columns are yes/no."""

    network: str
    kind: str
    seed: int
    values: Floats
    arrows: Bools
    yes_no: tuple[bool, ...]

    @property
    def fingerprint(self) -> str:
        """Changes with the table, so that a kept result of another recipe is never taken for this one."""
        return hashlib.sha256(self.values.tobytes()).hexdigest()[:16]


def world(network: str, kind: str, seed: int, rows: int = ROWS) -> World:
    """The table of one cell and seed."""
    import numpy as np

    rng = np.random.default_rng([seed, NETWORKS.index(network), KINDS.index(kind)])
    arrows = standard(network) if network in STANDARD else random_graph(RANDOM[network], rng)
    nodes = len(arrows)
    yes_no = {"binary": np.ones(nodes, dtype=bool), "mixed": rng.permutation(nodes) < nodes // 2}.get(
        kind, np.zeros(nodes, dtype=bool)
    )
    values = np.zeros((rows, nodes))
    told = np.zeros((rows, nodes))  # what a node passes on
    for j in ordered(arrows):
        causes = np.flatnonzero(arrows[:, j])
        sign = rng.choice([-1.0, 1.0], len(causes))
        if yes_no[j]:
            odds = rng.uniform(-0.5, 0.5) + told[:, causes] @ (
                sign * rng.uniform(0.8, 1.8, len(causes)) * (1.0 if kind == "binary" else 0.7)
            )
            if kind == "binary":
                _, cell = np.unique(told[:, causes], axis=0, return_inverse=True)
                odds = odds + rng.normal(0, 0.3, cell.max() + 1)[cell.ravel()]
            values[:, j] = rng.random(rows) < 1 / (1 + np.exp(-odds))
            told[:, j] = values[:, j] - 0.5 if kind == "binary" else _standard(values[:, j])
        else:
            noise = rng.uniform(0.5, 1.5) * _noise(
                "normal" if kind != "non-Gaussian" else str(rng.choice(SHAPES)), rows, rng
            )
            total = told[:, causes] @ (sign * rng.uniform(0.3, 0.9, len(causes))) + noise
            told[:, j] = _standard(total) if kind == "mixed" else total
            values[:, j] = total
    values[:, ~yes_no] = np.apply_along_axis(_standard, 0, values[:, ~yes_no]) if (~yes_no).any() else 0
    return World(network, kind, seed, values, arrows, tuple(bool(b) for b in yes_no))


def linear(arrows: Bools, rows: int, rng: np.random.Generator) -> Floats:
    """(rows, p) numbers by the recipe of linear-Gaussian."""
    import numpy as np

    values = np.zeros((rows, len(arrows)))
    for j in ordered(arrows):
        causes = np.flatnonzero(arrows[:, j])
        weights = rng.choice([-1.0, 1.0], len(causes)) * rng.uniform(0.3, 0.9, len(causes))
        values[:, j] = values[:, causes] @ weights + rng.uniform(0.5, 1.5) * rng.normal(size=rows)
    return np.asarray(np.apply_along_axis(_standard, 0, values))


SHAPES = ("laplace", "uniform", "exponential", "t")


def _noise(shape: str, rows: int, rng: np.random.Generator) -> Floats:
    """Noise of mean 0 and spread 1."""
    import numpy as np

    if shape == "laplace":
        return rng.laplace(0, 0.5**0.5, rows)
    if shape == "uniform":
        return rng.uniform(-(3**0.5), 3**0.5, rows)
    if shape == "exponential":
        return rng.exponential(1, rows) - 1
    if shape == "t":
        return np.asarray(rng.standard_t(5, rows) * (3 / 5) ** 0.5)
    return rng.normal(0, 1, rows)


def _standard(v: Floats) -> Floats:
    return (v - v.mean()) / (v.std() or 1.0)
