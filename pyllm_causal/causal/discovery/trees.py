"""The best causes of a column from any set of columns before it: grow-shrink trees (Andrews et al. 2023, section 3).

Causes are taken as long as one more describes the column better, then given up as long as one less does. Every path of one column
is a branch of its tree and is computed once, however many orders of columns ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

GAIN = 1e-6  # a step must gain more than rounding


class Score(Protocol):
    """What a search needs to know of a score; see `score.GramScore`."""

    columns: int

    def of(self, column: int, given: Sequence[int]) -> float: ...

    def with_each(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats: ...


class _Node:
    """A step in growing the causes of a column: what has been taken, what may still be, and the score so far."""

    __slots__ = ("branches", "causes", "given", "open", "score", "value")

    def __init__(self, given: tuple[int, ...], open_: list[int], score: float) -> None:
        self.given, self.open, self.score = given, open_, score
        self.branches: list[tuple[int, _Node]] | None = None
        self.causes: tuple[int, ...] | None = None  # after shrinking
        self.value = score


class Tree:
    """Grow-shrink tree of one column: the causes chosen from any set of columns before it, every path computed once."""

    def __init__(self, column: int, score: Score, allowed: Bools, required: Bools) -> None:
        self._column, self._score = column, score
        self._kept = tuple(i for i in range(score.columns) if required[i])
        open_ = [i for i in range(score.columns) if allowed[i] and not required[i] and i != column]
        self._root = _Node(self._kept, open_, score.of(column, self._kept))
        self._known: dict[int, _Node] = {}

    def score(self, prefix: int) -> float:
        """The score of the best causes from the columns in `prefix`, a set as bits."""
        known = self._known.get(prefix)
        if known is None:
            known = self._known[prefix] = self._leaf(prefix)
        return known.value

    def causes(self, prefix: int) -> tuple[int, ...]:
        """The best causes from the columns in `prefix`."""
        return self._leaf(prefix).causes or ()

    def _leaf(self, prefix: int) -> _Node:
        node = self._root
        while True:
            branches = node.branches
            if branches is None:
                branches = self._grow(node)
            for bit, child in branches:
                if prefix & bit:
                    node = child
                    break
            else:
                if node.causes is None:
                    self._shrink(node)
                return node

    def _grow(self, node: _Node) -> list[tuple[int, _Node]]:
        import numpy as np

        node.branches = []
        if not node.open:
            return node.branches
        scores = self._score.with_each(self._column, node.given, node.open)
        better = np.flatnonzero(scores > node.score + GAIN)
        taken = better[np.argsort(-scores[better], kind="stable")].tolist()
        left = list(node.open)
        for k in taken:
            add = node.open[k]
            left.remove(add)
            node.branches.append((1 << add, _Node((*node.given, add), list(left), float(scores[k]))))
        return node.branches

    def _shrink(self, node: _Node) -> None:
        causes, value = list(node.given), node.score
        while True:
            tried = [
                (self._score.of(self._column, [c for c in causes if c != out]), out)
                for out in causes
                if out not in self._kept
            ]
            best = max(tried, default=(value, -1))
            if best[0] <= value + GAIN:
                break
            value, out = best
            causes.remove(out)
        node.causes, node.value = tuple(causes), value
