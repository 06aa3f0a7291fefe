"""Questions to a (p, p) matrix of arrows, [cause, effect], without a way round in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


def pairs(dag: Bools) -> list[tuple[int, int]]:
    """(cause, effect) of every arrow."""
    import numpy as np

    return [(int(a), int(b)) for a, b in np.argwhere(dag)]


def causes(dag: Bools, column: int) -> list[int]:
    """The direct causes of a column."""
    import numpy as np

    return [int(c) for c in np.flatnonzero(dag[:, column])]


def plus(dag: Bools, cause: int, effect: int) -> Bools:
    """With one more arrow."""
    more = dag.copy()
    more[cause, effect] = True
    return more


def lawful(order: Sequence[int], dag: Bools) -> list[int]:
    """The order, changed as little as it must so that every cause stands before its effects."""
    left, out = list(order), list[int]()
    while left:
        first = next(v for v in left if not dag[left, v].any())
        out.append(first)
        left.remove(first)
    return out


def ordered(dag: Bools) -> list[int]:
    """All columns, causes before effects."""
    return lawful(range(len(dag)), dag)


def leads(dag: Bools, start: int, end: int) -> bool:
    """Whether a way along arrows leads from `start` to `end`; it does from a column to itself."""
    import numpy as np

    seen, todo = {start}, [start]
    while todo:
        for child in np.flatnonzero(dag[todo.pop()]).tolist():
            if child == end:
                return True
            if child not in seen:
                seen.add(child)
                todo.append(child)
    return start == end
