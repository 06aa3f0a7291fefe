"""The best graph of all, for a few columns: every set of causes of every column is scored.

Dynamic programming over sets of columns (Silander & Myllymäki 2006): the best graph on a set ends in some column, whose causes are the
best subset of the others. With sums of probabilities in place of the best, orders are drawn from back to front, each as often as it is
probable (Koivisto & Sood 2004). Written anew because causal-learn's exact search knows neither this score nor what is forbidden a priori.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .boss import Found
from .trees import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

MOST_COLUMNS = 9

Table = list[tuple[float, int]]  # by set of columns, as bits: (score, causes) of the best causes from that set


def exact(
    score: Score, allowed: Bools, required: Bools, rng: np.random.Generator | None = None, draws: int = 0
) -> Found:
    """The graph with the highest score, and the best graphs of `draws` orders, drawn with `rng` by their probabilities.

    allowed, required: (p, p), [cause, effect]; required arrows form no cycle. Time grows as p·2^p: a twentieth of a second at
    8 columns, twice that with every other one.
    """
    size = score.columns
    tables = [_best_causes(score, v, allowed[:, v], required[:, v]) for v in range(size)]
    best, total = [0.0], [0.0]  # by set: the score of its best order; the logarithm of the sum over all orders
    for members in range(1, 1 << size):
        ends = _ends(members, size)
        best.append(max(best[before] + tables[v][before][0] for v, before in ends))
        sums = [total[before] + tables[v][before][0] for v, before in ends]
        most = max(sums)
        total.append(most + math.log(sum(math.exp(s - most) for s in sums)) if most > -math.inf else most)
    others = tuple(_graph(total, tables, rng) for _ in range(draws)) if rng is not None else ()
    return Found(_graph(best, tables), best[-1], True, others)


def _ends(members: int, size: int) -> list[tuple[int, int]]:
    """Which columns of a set may come last, and the set before each."""
    return [(v, members & ~(1 << v)) for v in range(size) if members & (1 << v)]


def _graph(values: list[float], tables: list[Table], rng: np.random.Generator | None = None) -> Bools:
    """The graph read off from back to front: the last column of a set is the best one or, with `rng`, drawn by its probability."""
    import numpy as np

    size = len(tables)
    dag = np.zeros((size, size), dtype=bool)
    members = (1 << size) - 1
    while members:
        ends = _ends(members, size)
        reached = np.array([values[before] + tables[v][before][0] for v, before in ends])
        if rng is None:
            at = int(reached.argmax())
        else:
            chances = np.exp(reached - reached.max())
            at = int(rng.choice(len(ends), p=chances / chances.sum()))
        v, members = ends[at]
        causes = tables[v][members][1]
        dag[[c for c in range(size) if causes & (1 << c)], v] = True
    return dag


def _best_causes(score: Score, column: int, allowed: Bools, required: Bools) -> Table:
    """For every set of columns (as bits): (score, causes) of the best causes from that set; −∞ where a required one is missing."""
    size = score.columns
    needed = sum(1 << c for c in range(size) if required[c])
    barred = sum(1 << c for c in range(size) if not allowed[c] and not required[c])
    out: Table = []
    for members in range(1 << size):
        if members & (1 << column):
            out.append((-math.inf, 0))
            continue
        best = (-math.inf, 0)
        if not members & barred and members & needed == needed:
            best = (score.of(column, [c for c in range(size) if members & (1 << c)]), members)
        for c in range(size):
            if members & (1 << c) and out[members & ~(1 << c)][0] >= best[0]:
                best = out[members & ~(1 << c)]
        out.append(best)
    return out
