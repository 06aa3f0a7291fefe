"""Where the boxes of a small graph of causes go: layers from causes to effects, few crossings, boxes of the height of their words.

Layers by longest path, order by barycentres, in the manner of Sugiyama, Tagawa & Toda (1981), IEEE Trans. SMC 11(2).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[str, str]
Point = tuple[float, float]
SWEEPS = 12
BEND = 8.0  # height of the place where an arrow passes a layer


@dataclass(frozen=True)
class Placed:
    """Middle of every box, its layer, and the points that every arrow goes through."""

    middle: dict[str, Point]
    layer: dict[str, int]
    routes: dict[Pair, tuple[Point, ...]]
    height: float


def layers(nodes: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """The layer of each node: after all its causes, and a node without causes just before its first effect.

    `pairs` must have no circle; a pair that closes one is left out of account.
    """
    parents: dict[str, list[str]] = {n: [] for n in nodes}
    children: dict[str, list[str]] = {n: [] for n in nodes}
    for cause, effect in pairs:
        parents[effect].append(cause)
        children[cause].append(effect)
    layer: dict[str, int] = {}
    todo = list(nodes)
    while todo:
        ready = [n for n in todo if all(p in layer for p in parents[n])] or todo[:1]
        for n in ready:
            layer[n] = 1 + max((layer[p] for p in parents[n] if p in layer), default=-1)
        todo = [n for n in todo if n not in layer]
    for n in nodes:
        if not parents[n] and children[n]:
            layer[n] = max(min(layer[child] for child in children[n]) - 1, 0)
    return layer


def place(
    nodes: Sequence[str],
    pairs: Sequence[Pair],
    heights: Mapping[str, float],
    columns: Sequence[float],
    gap: float,
    level: Pair | None = None,
) -> Placed:
    """Layers in `columns` (the x of each), boxes of `heights` above each other with `gap` between them.

    The two boxes of `level` are kept at one height where others leave room for it.
    """
    layer = layers(nodes, pairs)
    chains: dict[Pair, list[str]] = {}
    tall = dict(heights)
    at = dict(layer)
    rows: dict[int, list[str]] = {}
    for n in nodes:
        rows.setdefault(layer[n], []).append(n)
    for cause, effect in pairs:
        through = []
        for step in range(layer[cause] + 1, layer[effect]):
            bend = f"\0{cause}\0{effect}\0{step}"
            tall[bend], at[bend] = BEND, step
            rows.setdefault(step, []).append(bend)
            through.append(bend)
        chains[cause, effect] = [cause, *through, effect]
    before: dict[str, list[str]] = {n: [] for n in tall}
    after: dict[str, list[str]] = {n: [] for n in tall}
    for chain in chains.values():
        for a, b in itertools.pairwise(chain):
            after[a].append(b)
            before[b].append(a)
    _order(rows, before, after)
    y = _heights(rows, before, after, tall, gap, level)
    lowest = min((y[n] - tall[n] / 2 for n in tall), default=0.0)
    middle = {n: (columns[at[n]], y[n] - lowest) for n in tall}
    routes = {pair: tuple(middle[n] for n in chain) for pair, chain in chains.items()}
    height = max((middle[n][1] + tall[n] / 2 for n in tall), default=0.0)
    return Placed({n: middle[n] for n in nodes}, layer, routes, height)


def _order(rows: dict[int, list[str]], before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> None:
    """Sort every layer by the mean place of its neighbours, down and up, keeping the order with fewest crossings."""
    best, fewest = {k: list(v) for k, v in rows.items()}, _crossings(rows, after)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for k in sorted(rows, reverse=not down):
            near = before if down else after
            place = {n: i for row in rows.values() for i, n in enumerate(row)}
            rows[k].sort(key=lambda n: _mean([place[m] for m in near[n]], place[n]))
        now = _crossings(rows, after)
        if now < fewest:
            best, fewest = {k: list(v) for k, v in rows.items()}, now
    rows.update(best)


def _crossings(rows: Mapping[int, list[str]], after: Mapping[str, list[str]]) -> int:
    total = 0
    for k, row in rows.items():
        following = {n: i for i, n in enumerate(rows.get(k + 1, ()))}
        ends = [(i, following[m]) for i, n in enumerate(row) for m in after[n] if m in following]
        total += sum(1 for i, (a, b) in enumerate(ends) for c, d in ends[i + 1 :] if (a - c) * (b - d) < 0)
    return total


def _heights(
    rows: Mapping[int, list[str]],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
    tall: Mapping[str, float],
    gap: float,
    level: Pair | None = None,
) -> dict[str, float]:
    """The y of every box: near the mean of its neighbours, never closer than `gap` to the next one."""
    y: dict[str, float] = {}
    for row in rows.values():
        edge = 0.0
        for n in row:
            y[n] = edge + tall[n] / 2
            edge += tall[n] + gap
        shift = edge / 2
        for n in row:
            y[n] -= shift
    partner = {} if level is None else {level[0]: level[1], level[1]: level[0]}
    for sweep in range(SWEEPS):
        for k in sorted(rows, reverse=bool(sweep % 2)):
            wanted = [_wanted(n, y, (*before[n], *after[n]), partner) for n in rows[k]]
            y.update(zip(rows[k], _apart(wanted, [tall[n] for n in rows[k]], gap), strict=True))
    for n in level or ():  # last, so that nothing pulls the two apart again
        k = next(k for k, row in rows.items() if n in row)
        wanted = [y[level[0]] if level and m == n else y[m] for m in rows[k]]
        y.update(zip(rows[k], _apart(wanted, [tall[m] for m in rows[k]], gap), strict=True))
    return y


def _wanted(n: str, y: Mapping[str, float], near: Sequence[str], partner: Mapping[str, str]) -> float:
    return y[partner[n]] if n in partner else _mean([y[m] for m in near], y[n])


def _apart(wanted: Sequence[float], tall: Sequence[float], gap: float) -> list[float]:
    """As near to `wanted` as boxes of these heights may lie in this order: neighbours in each other's way move as one."""
    blocks: list[tuple[list[int], float]] = []  # places in a block, and where its first box wants to be
    offset = [0.0]
    for a, b in itertools.pairwise(tall):
        offset.append(offset[-1] + (a + b) / 2 + gap)
    for i, w in enumerate(wanted):
        blocks.append(([i], w - offset[i]))
        while len(blocks) > 1 and blocks[-2][1] > blocks[-1][1]:
            (first, x), (second, z) = blocks[-2:]
            blocks[-2:] = [(first + second, (x * len(first) + z * len(second)) / (len(first) + len(second)))]
    return [start + offset[i] for block, start in blocks for i in block]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
