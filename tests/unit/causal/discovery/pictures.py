"""Simulated tables with known pictures, for the tests of discovery."""

from __future__ import annotations

import itertools

import numpy as np

from pyllm_causal.causal.discovery.columns import Matrix
from pyllm_causal.causal.discovery.knowledge import Known, known
from pyllm_causal.query import Knowledge


def random_dag(size: int, each: float, rng: np.random.Generator) -> np.ndarray:
    """(size, size) arrows [cause, effect] with `each` causes a column on average, columns in any order."""
    order = rng.permutation(size)
    dag = np.zeros((size, size), dtype=bool)
    for j in range(1, size):
        for i in range(j):
            if rng.random() < 2 * each / (size - 1):
                dag[order[i], order[j]] = True
    return dag


def linear(dag: np.ndarray, rows: int, rng: np.random.Generator, noise: str = "normal") -> np.ndarray:
    """(rows, p) numbers: each column the sum of its causes times ±U(0.4, 0.9) plus noise, then brought to spread 1."""
    size = len(dag)
    out = np.zeros((rows, size))
    left = list(range(size))
    while left:
        j = next(v for v in left if not dag[left, v].any())
        left.remove(j)
        e = rng.normal(size=rows) if noise == "normal" else rng.laplace(size=rows) * 0.7
        causes = np.flatnonzero(dag[:, j])
        weights = rng.uniform(0.4, 0.9, len(causes)) * rng.choice([-1, 1], len(causes))
        out[:, j] = out[:, causes] @ weights + e
    return (out - out.mean(axis=0)) / out.std(axis=0)


def matrix(values: np.ndarray, kinds: str = "") -> Matrix:
    """A matrix of single numbers; `kinds`: one letter a column, n(umber), y(es/no) or c(ategory, as its number)."""
    size = values.shape[1]
    word = {"n": "number", "y": "yes_no", "c": "category"}
    return Matrix(
        tuple(f"c{i}" for i in range(size)),
        np.asarray(values, dtype="float64"),
        tuple((i,) for i in range(size)),
        tuple(word[k] for k in kinds or "n" * size),  # type: ignore[misc]
    )


def free(size: int, given: Knowledge | None = None) -> Known:
    """No knowledge about columns c0 …, or the given."""
    return known(given, [f"c{i}" for i in range(size)], {})


def all_dags(size: int) -> list[np.ndarray]:
    """Every graph without cycles on so many columns."""
    pairs = list(itertools.combinations(range(size), 2))
    found = []
    for choice in itertools.product((0, 1, 2), repeat=len(pairs)):
        dag = np.zeros((size, size), dtype=bool)
        for (i, j), which in zip(pairs, choice, strict=True):
            if which:
                dag[(i, j) if which == 1 else (j, i)] = True
        if not np.linalg.matrix_power(dag.astype(int) + np.eye(size, dtype=int), size).trace() > size:
            found.append(dag)
    return found
