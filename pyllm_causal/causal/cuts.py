"""Where a few cuts in the covariates decide who is treated: a small classification tree and its pure leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

DEPTH = 4
LEAST = 5  # rows in a leaf: smaller ones are pure by chance
REGION = 40  # rows of one arm alone that make a region without counterparts: a chance under 7.5 % with 95 % confidence


def deciding_cuts(x: Floats, treated: Bools) -> list[int] | None:
    """Columns of x (n, k) in which at most four cuts in a row separate the arms completely, or None.

    Greedy by Gini impurity (Breiman et al. 1984). With ten rows or more in each arm a pure tree does not come about by
    chance: even one cut through noise leaves both sides mixed.
    """
    if min(int(treated.sum()), int((~treated).sum())) < 2 * LEAST:
        return None
    used: set[int] = set()
    return sorted(used) if _pure(x, treated, DEPTH, used) else None


def _pure(x: Floats, treated: Bools, depth: int, used: set[int]) -> bool:
    share = treated.mean()
    if share in (0.0, 1.0):
        return True
    if depth == 0 or len(treated) < 2 * LEAST:
        return False
    cut = _best(x, treated, LEAST)
    if cut is None:
        return False
    column, value = cut
    left = x[:, column] <= value
    used.add(column)
    return _pure(x[left], treated[left], depth - 1, used) and _pure(x[~left], treated[~left], depth - 1, used)


def lonely_regions(x: Floats, treated: Bools) -> tuple[Bools, Bools]:
    """Two masks (n,): rows in a region where all are treated, and rows in one where none is.

    Regions are leaves of a tree with at most four cuts in a row and 40 rows each ("everyone over 65 gets it"), that
    chance alone would make so once in a billion times if treatment were as frequent there as elsewhere (thousands of cuts
    are looked at).
    """
    import numpy as np

    overall = float(treated.mean())

    all_treated, none_treated = np.zeros(len(treated), dtype=bool), np.zeros(len(treated), dtype=bool)
    todo = [(np.arange(len(treated)), DEPTH)]
    while todo:
        rows, depth = todo.pop()
        share = treated[rows].mean() if len(rows) else 0.5
        if share in (0.0, 1.0):
            if (overall if share else 1.0 - overall) ** len(rows) < 1e-9:
                (all_treated if share else none_treated)[rows] = True
            continue
        cut = _best(x[rows], treated[rows], REGION) if depth and len(rows) >= 2 * REGION else None
        if cut is not None:
            left = x[rows, cut[0]] <= cut[1]
            todo += [(rows[left], depth - 1), (rows[~left], depth - 1)]
    return all_treated, none_treated


def _best(x: Floats, treated: Bools, least: int) -> tuple[int, float] | None:
    """The cut that leaves the two sides purest."""
    import numpy as np

    n = len(treated)
    best: tuple[float, int, float] | None = None
    below = np.arange(1, n)
    for column in range(x.shape[1]):
        order = np.argsort(x[:, column], kind="stable")
        v, hits = x[order, column], np.cumsum(treated[order])
        allowed = (v[1:] > v[:-1]) & (below >= least) & (n - below >= least)
        if not allowed.any():
            continue
        left, right = hits[:-1], hits[-1] - hits[:-1]
        impurity = left * (1 - left / below) + right * (1 - right / (n - below))
        impurity = np.where(allowed, impurity, np.inf)
        at = int(np.argmin(impurity))
        if best is None or impurity[at] < best[0] - 1e-12:
            best = (float(impurity[at]), column, float((v[at] + v[at + 1]) / 2))
    return None if best is None else best[1:]
