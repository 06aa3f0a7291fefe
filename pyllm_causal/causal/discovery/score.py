"""How well a column is described by its causes: the Bayesian information criterion, from one matrix of covariances.

A column is one or several numbers a row: itself, the indicators of a category, or itself and its curves. All are taken as jointly
normal, which is exact for linear relations of numbers and works for categories and mixtures (the degenerate Gaussian score: Andrews,
Ramsey & Cooper 2019, section 3). One pass over the rows; afterwards a score costs microseconds whatever their number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RIDGE = 1e-9  # of a column's variance of 1: indicators that repeat each other do no harm


class GramScore:
    """Scores of columns given sets of columns: higher is better, and what two graphs that no data tell apart share is equal.

    values: (n, m) numbers. blocks: which of the m belong to which column. strictness: the penalty of one more number in the model
    is `strictness × log n`; ½ is the plain criterion. Columns are centred and scaled here.
    """

    def __init__(self, values: Floats, blocks: Sequence[Sequence[int]], strictness: float) -> None:
        import numpy as np

        centred = values - values.mean(axis=0)
        spread = centred.std(axis=0)
        centred /= np.where(spread > 0, spread, 1.0)
        self.rows = len(values)
        self.columns = len(blocks)
        self.penalty = strictness * math.log(max(self.rows, 2))
        gram = centred.T @ centred / self.rows
        gram[np.diag_indices_from(gram)] += RIDGE
        self._gram = gram
        self._blocks = [list(b) for b in blocks]
        self._sizes = np.array([len(b) for b in blocks])
        self._plain = bool((self._sizes == 1).all())
        if self._plain:
            order = [b[0] for b in self._blocks]
            self._gram = np.ascontiguousarray(gram[np.ix_(order, order)])
            self._diagonal = self._gram.diagonal().copy()

    def of(self, column: int, given: Sequence[int]) -> float:
        """The score of a column with the causes `given`."""
        import numpy as np

        if self._plain:
            return self._of_one(column, list(given))
        mine, theirs = self._blocks[column], [m for g in given for m in self._blocks[g]]
        both = mine + theirs
        told = _logdet(self._gram[np.ix_(both, both)]) - _logdet(self._gram[np.ix_(theirs, theirs)])
        told = max(told, len(mine) * math.log(RIDGE))  # a column that follows from its causes
        return -0.5 * self.rows * told - self.penalty * len(mine) * len(theirs)

    def _of_one(self, column: int, given: list[int]) -> float:
        """As `of`, for columns of one number each."""
        import numpy as np

        rest = float(self._diagonal[column])
        if given:
            rows = self._gram[given]
            along = rows[:, column]
            rest -= float(along @ np.linalg.solve(rows[:, given], along))
        return -0.5 * self.rows * math.log(max(rest, RIDGE)) - self.penalty * len(given)

    def with_each(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats:
        """(len(more),) scores of a column with the causes `given` and one of `more` besides."""
        import numpy as np

        if not self._plain:
            return self._blockwise(column, given, more)
        at = np.array(more)
        if given:
            rows = self._gram[list(given)]  # (k, p)
            weights = np.linalg.solve(rows[:, list(given)], rows)  # (k, p)
            left = self._gram[column, at] - rows[:, column] @ weights[:, at]
            own = self._diagonal[column] - float(rows[:, column] @ weights[:, column])
            spread = self._diagonal[at] - (rows[:, at] * weights[:, at]).sum(axis=0)
        else:
            left, own, spread = self._gram[column, at], float(self._diagonal[column]), self._diagonal[at]
        rest = np.maximum(own - left * left / np.maximum(spread, RIDGE), RIDGE)
        return np.asarray(-0.5 * self.rows * np.log(rest) - self.penalty * (len(given) + 1))

    def _blockwise(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats:
        """As `with_each`, for columns of several numbers: what is left of all after `given`, then one determinant a candidate."""
        import numpy as np

        mine, theirs = self._blocks[column], [m for g in given for m in self._blocks[g]]
        left = self._gram
        if theirs:
            rows = self._gram[theirs]
            left = self._gram - rows.T @ np.linalg.solve(rows[:, theirs], rows)
        own = left[np.ix_(mine, mine)]
        most = int(self._sizes[list(more)].max())
        # padded to one size, so that all candidates are one batch: what is added is an identity that touches nothing
        between = np.zeros((len(more), len(mine), most))
        within = np.broadcast_to(np.eye(most), (len(more), most, most)).copy()
        for k, one in enumerate(more):
            block = self._blocks[one]
            between[k, :, : len(block)] = left[np.ix_(mine, block)]
            within[k, : len(block), : len(block)] = left[np.ix_(block, block)]
        rest = own - between @ np.linalg.solve(within, between.transpose(0, 2, 1))
        told = np.maximum(np.linalg.slogdet(rest)[1], len(mine) * math.log(RIDGE))
        numbers = (len(theirs) + self._sizes[list(more)]) * len(mine)
        return np.asarray(-0.5 * self.rows * told - self.penalty * numbers)


def _logdet(matrix: Floats) -> float:
    import numpy as np

    return float(np.linalg.slogdet(matrix)[1]) if len(matrix) else 0.0
