"""How well a category is described by the categories that cause it, each for itself or all together: the better of two scores.

Each for itself is the score of `GramScore`, which needs few rows but misses causes that work only together. All together is the
likelihood of the table of counts of every combination. Both are gains in log likelihood over no cause at all, with the same penalty
for what each cause does for itself and a smaller one, `TOGETHER`, for every number that tells how they work together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .score import GramScore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_CELLS = 512  # combinations of causes that are still told apart
TOGETHER = 0.3  # × log n, chosen on the simulated networks of `make bench-discovery`


class CountScore:
    """Scores of columns given sets of columns, higher is better. codes: (n, p) whole numbers from 0, one category a column;
    `gram`: the same columns as indicators."""

    def __init__(self, gram: GramScore, codes: Ints) -> None:
        import numpy as np

        self.rows, self.columns = codes.shape
        self._gram = gram
        self._codes = np.asfortranarray(codes, dtype="int64")
        self._sizes = [int(m) + 1 for m in codes.max(axis=0, initial=0)]
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)]).astype(int)
        self._indicators = np.zeros((self.rows, int(self._starts[-1])), dtype="float32")
        for j in range(self.columns):
            self._indicators[np.arange(self.rows), self._starts[j] + codes[:, j]] = 1.0
        self._interactions = TOGETHER * math.log(max(self.rows, 2))
        self._level = [self._together(v, ()) - gram.of(v, ()) for v in range(self.columns)]

    def of(self, column: int, given: Sequence[int]) -> float:
        """The score of a column with the causes `given`."""
        apart = self._gram.of(column, given) + self._level[column]
        return max(apart, self._together(column, given)) if len(given) > 1 else apart

    def with_each(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats:
        """(len(more),) scores of a column with the causes `given` and one of `more` besides."""
        import numpy as np

        apart = self._gram.with_each(column, given, more) + self._level[column]
        return np.maximum(apart, self._each_together(column, given, more)) if given else np.asarray(apart)

    def _together(self, column: int, given: Sequence[int]) -> float:
        import numpy as np

        cells, size = math.prod(self._sizes[g] for g in given), self._sizes[column]
        if cells > MOST_CELLS:
            return -math.inf
        table = np.bincount(self._combined(given) * size + self._codes[:, column], minlength=cells * size)
        return float(_likelihood(table.reshape(1, cells, size).astype("float64"))[0]) - self._price(column, given)

    def _each_together(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats:
        import numpy as np

        size, cells = self._sizes[column], math.prod(self._sizes[g] for g in given)
        out = np.full(len(more), -math.inf)
        if cells > MOST_CELLS:
            return out
        groups, place = np.unique(self._combined(given) * size + self._codes[:, column], return_inverse=True)
        member = np.zeros((len(groups), self.rows), dtype="float32")
        member[place.ravel(), np.arange(self.rows)] = 1.0
        found = member @ self._indicators  # (combinations that occur, levels of all columns): how many rows
        for levels in sorted({self._sizes[c] for c in more}):
            if cells * levels > MOST_CELLS:
                continue
            which = [k for k, c in enumerate(more) if self._sizes[c] == levels]
            columns = np.array([self._starts[more[k]] + level for k in which for level in range(levels)])
            table = np.zeros((len(which), cells, size, levels))
            part = found[:, columns].reshape(len(groups), len(which), levels)
            table[:, groups // size, groups % size, :] = part.transpose(1, 0, 2)
            flat = table.transpose(0, 1, 3, 2).reshape(len(which), cells * levels, size)
            price = self._price(column, (*given, more[which[0]]))  # the same for all with so many levels
            out[which] = _likelihood(flat) - price
        return out

    def _combined(self, given: Sequence[int]) -> Ints:
        import numpy as np

        out = np.zeros(self.rows, dtype="int64")
        for g in given:
            out = out * self._sizes[g] + self._codes[:, g]
        return out

    def _price(self, column: int, given: Sequence[int]) -> float:
        own, each = self._sizes[column] - 1, sum(self._sizes[g] - 1 for g in given)
        cells = math.prod(self._sizes[g] for g in given)
        return own * (self._gram.penalty * each + self._interactions * (cells - 1 - each))


def _likelihood(table: Floats) -> Floats:
    """(k,) log likelihoods of (k, cells, size) counts."""
    import numpy as np
    from scipy.special import xlogy

    rows = table.sum(axis=2)
    return np.asarray(xlogy(table, table).sum(axis=(1, 2)) - xlogy(rows, rows).sum(axis=1))
