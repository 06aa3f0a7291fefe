"""The best graph of all, for a few columns: every set of causes of every column is scored.

Dynamic programming over sets of columns (Silander & Myllymäki 2006): the best graph on a set ends in some column, whose causes are the
best subset of the others. Written anew because causal-learn's exact search knows neither this score nor what is forbidden a priori.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .boss import Found, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

MOST_COLUMNS = 9


def exact(score: Score, allowed: Bools, required: Bools) -> Found:
    """The graph with the highest score. allowed, required: (p, p), [cause, effect]; required arrows form no cycle.

    Time grows as p·2^p: a twentieth of a second at 8 columns, twice that with every other one.
    """
    import numpy as np

    size = score.columns
    everything = 1 << size
    tables = [_best_causes(score, v, allowed[:, v], required[:, v]) for v in range(size)]
    best = [-math.inf] * everything
    last = [-1] * everything
    best[0] = 0.0
    for members in range(1, everything):
        for v in range(size):
            if not members & (1 << v):
                continue
            before = members & ~(1 << v)
            value = best[before] + tables[v][before][0]
            if value > best[members]:
                best[members], last[members] = value, v
    dag = np.zeros((size, size), dtype=bool)
    members = everything - 1
    while members:
        v = last[members]
        members &= ~(1 << v)
        causes = tables[v][members][1]
        dag[[c for c in range(size) if causes & (1 << c)], v] = True
    return Found(dag, best[everything - 1], True)


def _best_causes(score: Score, column: int, allowed: Bools, required: Bools) -> list[tuple[float, int]]:
    """For every set of columns (as bits): (score, causes) of the best causes from that set; −∞ where a required one is missing."""
    size = score.columns
    needed = sum(1 << c for c in range(size) if required[c])
    barred = sum(1 << c for c in range(size) if not allowed[c] and not required[c])
    out: list[tuple[float, int]] = []
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
