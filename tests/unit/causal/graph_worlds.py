"""Tables simulated from random graphs over columns of every kind, for tests of what a graph claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from pyllm_causal.analysis import Estimand, Refutation
from pyllm_causal.causal import separation as sep
from pyllm_causal.causal.graph_claims import spoiling
from pyllm_causal.causal.identify import identify
from pyllm_causal.causal.refuters.graph_check import verify
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from pyllm_causal.query import Query

Children = dict[str, list[str]]
KINDS = ("number", "yes_no", "count", "category", "heavy", "number")


def random_graph(rng: np.random.Generator, nodes: int, density: float = 0.4) -> Children:
    """Nodes c0 … with arrows from earlier to later ones; t and y are two of them, t before y, with an arrow between them."""
    names = [f"c{i}" for i in range(nodes - 2)]
    at = sorted(rng.choice(nodes, 2, replace=False))
    names.insert(int(at[0]), "t")
    names.insert(int(at[1]), "y")
    graph: Children = {n: [] for n in names}
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if rng.random() < density or (a, b) == ("t", "y"):
                graph[a].append(b)
    return graph


def simulated(
    graph: Children, n: int, rng: np.random.Generator, kinds: dict[str, str] | None = None, strength: float = 1.0
) -> pd.DataFrame:
    """n rows of a table in which every node follows its parents, bent, through chances, rates or averages."""
    chosen = {name: str(rng.choice(KINDS)) for name in graph} | {"t": "yes_no"} | (kinds or {})
    told: dict[str, Any] = {}
    table: dict[str, Any] = {}
    for name in graph:
        parents = [p for p, kids in graph.items() if name in kids]
        signal = np.zeros(n)
        for p in parents:
            amount = strength * rng.choice([-1, 1]) * rng.uniform(0.5, 0.9)
            bend = rng.choice(["line", "line", "curve", "flat"])
            v = told[p]
            signal += amount * (v if bend == "line" else np.tanh(1.5 * v) if bend == "flat" else v + 0.3 * (v * v - 1))
        signal = signal / max(1.0, len(parents) ** 0.5 / 1.3)
        table[name], told[name] = _values(chosen[name], signal, rng)
    return pd.DataFrame(table)


def _values(kind: str, signal: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """(the column, what it passes on: about a mean of zero and a spread of one)."""
    n = len(signal)
    if kind == "yes_no":
        v = (rng.random(n) < 1 / (1 + np.exp(-1.7 * signal + rng.uniform(-0.7, 0.7)))).astype(int)
        return v, _standard(v)
    if kind == "count":
        v = rng.poisson(np.exp(np.clip(0.7 + 0.6 * signal, -3, 4)))
        return v, np.clip(_standard(v), -3, 3)
    if kind == "category":
        tilt = np.column_stack([np.zeros(n), 1.3 * signal, -0.8 * signal]) + rng.gumbel(size=(n, 3))
        v = tilt.argmax(axis=1)
        return np.array(["low", "mid", "top"])[v], _standard(np.array([0.0, 1.0, -1.0])[v])
    if kind == "heavy":
        v = 100 * np.exp(0.7 * (signal + rng.normal(size=n)))
        return v, np.clip(_standard(np.log(v)), -3, 3)
    v = signal + rng.normal(size=n) * np.exp(0.3 * np.tanh(signal))
    return v, _standard(v)


def _standard(v: Any) -> Any:
    return (v - v.mean()) / (v.std() or 1.0)


def pairs(graph: Children) -> list[tuple[str, str]]:
    return [(a, b) for a, kids in graph.items() for b in kids]


def matters(query: Query, estimand: Estimand, dropped: tuple[str, str]) -> bool:
    """Whether the dropped arrow leaves a testable claim whose repair spoils the set, among the causes of treatment and outcome."""
    assert query.graph is not None
    children = query.graph.children()
    alive = sep.reach(["t", "y"], sep.parents_of(children))
    children = {n: [k for k in kids if k in alive] for n, kids in children.items() if n in alive}
    if not set(dropped) <= alive:
        return False

    def valid(g: Children) -> bool:
        return sep.valid_adjustment(g, "t", "y", estimand.adjust_for)

    testable = {frozenset((x, y)) for x, y, _ in sep.implied_independences(children, sorted(alive))}
    return frozenset(dropped) in testable and bool(spoiling(children, valid, *dropped))


def doubted(
    draws: int, stream: int, nodes: int, rows: int, kinds: Callable[[np.random.Generator, Children], dict[str, str]]
) -> Iterator[tuple[Refutation, set[str]]]:
    """Random pictures with one arrow left out that matters to the answer: what the check says, and the two ends of the arrow."""
    for i in range(draws):
        rng = np.random.default_rng([i, stream])
        graph = random_graph(rng, nodes, 0.45)
        links = [e for e in pairs(graph) if e != ("t", "y")]
        if not links:
            continue
        dropped = links[rng.integers(len(links))]
        chosen = kinds(rng, graph)
        query = parse_query(
            {"treatment": "t", "outcome": "y", "graph": {"edges": [e for e in pairs(graph) if e != dropped]}}
        )
        table = Table.read(simulated(graph, rows, rng, chosen))
        estimand = identify(query, table)
        if not isinstance(estimand, Estimand) or not matters(query, estimand, dropped):
            continue
        result = verify(query, table, estimand)
        assert result is not None
        yield result, set(dropped)


def ends(result: Refutation) -> set[Any]:
    """The two columns that a failed check names."""
    return {result.figures.get("x"), result.figures.get("y")}
