"""Pictures that are wrong in one of ten ways, with tables that could show it, and right ones: what `contest` makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pyllm_causal.analysis import Contested
from pyllm_causal.causal import separation as sep
from pyllm_causal.causal.contest import contest
from pyllm_causal.causal.independence import Columns, coded
from pyllm_causal.data import Table
from pyllm_causal.pipeline import parse_query
from tests.unit.causal.graph_worlds import KINDS, Children, pairs, random_graph, simulated

ROWS = 4_000
SPARE = 8_000  # further rows, which the contest never sees, that say whether a fault could be seen
NODES = 7
SEEN = 0.12  # link of a false claim in the spare rows
Pair = tuple[str, str]

WRONG = {
    "a cause of the treatment left out": ("drop", "t"),
    "a cause of the outcome left out": ("drop", "y"),
    "a link between two other columns left out": ("drop", ""),
    "a hidden cause of two columns left out": ("hide", ""),
    "a consequence of the treatment drawn as its cause": ("step", "t"),
    "cause and consequence of the outcome confused": ("flip", "y"),
    "an arrow between two other columns turned round": ("flip", ""),
    "an arrow that is not there": ("extra", ""),
    "two columns mistaken for each other": ("swap", ""),
    "an arrow turned round that only its shape tells": ("shape", ""),
}


@dataclass(frozen=True)
class Case:
    """A picture and its table: the arrows in which it differs from the truth (none: it is right), and what was said of it."""

    kind: str
    wrong: frozenset[frozenset[str]]
    records: tuple[Contested, ...]

    @property
    def named(self) -> bool:
        return any(frozenset((r.cause, r.effect)) in self.wrong for r in self.records)

    @property
    def first(self) -> bool:
        return bool(self.records) and frozenset((self.records[0].cause, self.records[0].effect)) in self.wrong


def wrong(kind: str, wanted: int, stream: int = 0) -> Iterator[Case]:
    """`wanted` wrong pictures of a kind, each with a table that could show the fault."""
    found = draw = 0
    while found < wanted and draw < 400 * wanted:
        draw += 1
        case = _case(kind, np.random.default_rng([stream, list(WRONG).index(kind), draw]))
        if case is not None:
            found += 1
            yield case


def right(wanted: int, stream: int = 0) -> Iterator[Case]:
    """`wanted` right pictures of the same worlds; every tenth is a straight-line world with skewed disturbances."""
    for draw in range(wanted):
        rng = np.random.default_rng([stream, 77, draw])
        if draw % 10 == 9:
            graph, frame = _straight(rng, ROWS)
        else:
            graph = random_graph(rng, NODES, 0.45)
            frame = simulated(graph, ROWS, rng, _kinds(rng, graph))
        yield Case("right", frozenset(), _contested(graph, frame))


def _case(kind: str, rng: np.random.Generator) -> Case | None:
    how, at = WRONG[kind]
    if how == "shape":
        graph, frame = _straight(rng, ROWS)
        drawn = _turned(graph, rng, "")
        if drawn is None or _false_claims(drawn[0], graph):
            return None
        return Case(kind, drawn[1], _contested(drawn[0], frame))
    graph = random_graph(rng, NODES, 0.45)
    made = _spoilt(graph, rng, how, at)
    if made is None:
        return None
    drawn, different, truth = made
    whole = simulated(truth, ROWS + SPARE, rng, _kinds(rng, truth)).drop(columns=["hidden"], errors="ignore")
    if how == "extra":
        pair = next(iter(different))
        effect = next(e for _, e in [p for p in pairs(drawn) if frozenset(p) == pair])
        given = [a for a, b in pairs(graph) if b == effect]
        if _link(whole.iloc[ROWS:], *sorted(pair), given) > 0.02:
            return None
    elif max((_link(whole.iloc[ROWS:], *c) for c in _false_claims(drawn, truth)), default=0.0) < SEEN:
        return None
    return Case(kind, different, _contested(drawn, whole.iloc[:ROWS]))


def _spoilt(
    graph: Children, rng: np.random.Generator, how: str, at: str
) -> tuple[Children, frozenset[frozenset[str]], Children] | None:
    """(the picture drawn, the arrows in which it is wrong, the graph that makes the table)."""
    links = [p for p in pairs(graph) if p != ("t", "y")]
    if how == "drop":
        some = [p for p in links if (p[1] == at if at else not {"t", "y"} & set(p))]
        if not some:
            return None
        one = some[rng.integers(len(some))]
        return _graph(graph, [p for p in pairs(graph) if p != one]), frozenset({frozenset(one)}), graph
    if how == "hide":
        names = list(graph)
        apart = [
            (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if b not in graph[a] and (a, b) != ("t", "y")
        ]
        if not apart:
            return None
        one = apart[rng.integers(len(apart))]
        return graph, frozenset({frozenset(one)}), {"hidden": list(one), **graph}
    if how == "step":
        drawn = _turned(graph, rng, "t", out=True)
    elif how == "flip":
        drawn = _turned(graph, rng, at)
    elif how == "extra":
        names = list(graph)
        apart = [
            (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if b not in graph[a] and (a, b) != ("t", "y")
        ]
        if not apart:
            return None
        one = apart[rng.integers(len(apart))]
        return _graph(graph, [*pairs(graph), one]), frozenset({frozenset(one)}), graph
    else:
        others = [n for n in graph if n not in ("t", "y")]
        a, b = rng.choice(others, 2, replace=False)
        new = {a: b, b: a}
        swapped = [(new.get(x, x), new.get(y, y)) for x, y in pairs(graph)]
        different = {frozenset(p) for p in set(swapped) ^ set(pairs(graph))}
        drawn = (_graph(graph, swapped), frozenset(different)) if different else None
    return None if drawn is None else (*drawn, graph)


def _turned(
    graph: Children, rng: np.random.Generator, at: str, out: bool = False
) -> tuple[Children, frozenset[frozenset[str]]] | None:
    """The graph with one arrow turned round: one at `at` (an arrow out of it), or one that touches neither t nor y."""
    links = [p for p in pairs(graph) if p != ("t", "y")]
    some = [p for p in links if (p[0] == at if out else at in p if at else not {"t", "y"} & set(p))]
    if not some:
        return None
    one = some[rng.integers(len(some))]
    rest = [p for p in pairs(graph) if p != one]
    if one[1] in sep.reach([one[0]], _graph(graph, rest)):
        return None
    return _graph(graph, [*rest, (one[1], one[0])]), frozenset({frozenset(one)})


def _graph(like: Children, arrows: list[Pair]) -> Children:
    return {n: [b for a, b in arrows if a == n] for n in like}


def _false_claims(drawn: Children, truth: Children) -> list[tuple[str, str, tuple[str, ...]]]:
    """What the picture says has nothing to do with each other, and in truth does."""
    claims = sep.implied_independences(drawn, sorted(drawn))
    return [(x, y, g) for x, y, g in claims if {x, y} != {"t", "y"} and not sep.separated(truth, x, y, g)]


def _link(frame: pd.DataFrame, x: str, y: str, given: Any) -> float:
    table = Table.read(frame)
    query = parse_query({"treatment": "t", "outcome": "y"})
    blocks = {n: coded(table, n, query, np.arange(len(frame))) for n in (x, y, *given)}
    if any(b is None for b in blocks.values()):
        return 0.0
    result = Columns({n: b for n, b in blocks.items() if b is not None}).test(x, y, tuple(given))
    return 0.0 if result is None or result.p_value > 1e-6 else result.size


def _kinds(rng: np.random.Generator, graph: Children) -> dict[str, str]:
    return {name: str(rng.choice(KINDS)) for name in graph} | {"t": "yes_no", "y": "number"}


def _straight(rng: np.random.Generator, n: int) -> tuple[Children, pd.DataFrame]:
    """A linear world with skewed or heavy-tailed disturbances."""
    graph = random_graph(rng, NODES, 0.45)
    table: dict[str, Any] = {}
    for name in graph:
        noise = [rng.exponential(size=n) - 1, rng.laplace(size=n), rng.uniform(-1.7, 1.7, size=n)][rng.integers(3)]
        parents = [p for p, kids in graph.items() if name in kids]
        table[name] = noise + sum(rng.choice([-1, 1]) * rng.uniform(0.4, 0.9) * table[p] for p in parents)
    return graph, pd.DataFrame(table)


def _contested(graph: Children, frame: pd.DataFrame) -> tuple[Contested, ...]:
    query = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": pairs(graph)}})
    return contest(query, Table.read(frame.reset_index(drop=True)))
