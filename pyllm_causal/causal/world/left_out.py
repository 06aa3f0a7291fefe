"""Common causes that the picture misses although the table has them.

A column outside the picture that goes with an effect among rows alike in its drawn causes, and with one of those causes among
rows alike in the others, is what a missed common cause looks like (the local Markov condition, Pearl 2009, theorem 1.2.7,
broken at that place). A consequence of the effect alone looks the same at first, but has nothing more to do with the other causes
once the effect is known; such columns are passed over. A column in between, or a consequence of several, cannot be told from a common
cause, so this is no proof: the question is answered with the column drawn in as well, and the margin holds both answers
(`world/redrawn.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...data import Table
from ...query import Query
from ..independence import Columns, Independence, coded, thinned
from ..separation import reach
from .columns import Drawn, Node
from .model import Fitted
from .picture import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEVEL = 0.05  # of each of the two tests: a column that has nothing to do with either passes both one time in 400
PLAINLY = 0.1  # over all columns tested: a consequence is taken for more one time in ten
MOST_TESTED = 40  # columns, those first that go most with what the mechanisms leave over
MOST_ROWS = 8_000
SAME = 0.9  # correlation from which two columns say the same
MOST = 3  # columns that are drawn in


@dataclass(frozen=True)
class Missed:
    """A column that may be a missed common cause. cause, effect: what it goes with most; into: the columns that it would move."""

    name: str
    cause: str
    effect: str
    into: tuple[str, ...]
    size: float


def missed(
    query: Query, table: Table, picture: Picture, fitted: Fitted, drawn: Drawn, left: Sequence[str], apart: str | None
) -> list[Missed]:
    """Which of the columns `left` out look like common causes of a modelled column and one of its causes, strongest first, at
    most three. `apart`: a column whose groups are compared; only rows of the same group are then held against each other."""
    import numpy as np

    rows = thinned(np.arange(drawn.n), MOST_ROWS)
    blocks = {name: _block(drawn.nodes[name], v[rows]) for name, v in drawn.values.items()}
    known = {name: block for name in left if (block := coded(table, name, query, drawn.index[rows])) is not None}
    held: list[str] = []
    if apart is not None and (groups := coded(table, apart, query, drawn.index[rows])) is not None:
        known[apart], held = groups, [apart]
    cluster = None if drawn.cluster is None else np.unique(drawn.cluster[rows], return_inverse=True)[1]
    columns = Columns(blocks | known, cluster)
    causes = {n: [t.name for t in f.basis.terms] for n, f in fitted.model.forms.items()}
    names = [n for n in _ranked(fitted, drawn, rows, {n: b for n, b in known.items() if n != apart}) if n not in blocks]
    found = []
    for name in names[:MOST_TESTED]:
        moved = {n: t for n, own in causes.items() if (t := _linked(columns.test(name, n, [*own, *held])))}
        last = [
            n for n in moved if moved.keys() - {n} <= _before(picture, n)
        ]  # a consequence of it goes with what it follows from too
        if any(_consequence(columns, name, n, picture, held) for n in last):
            continue
        best: tuple[float, str, str] | None = None
        into = set(moved)
        for effect, link in moved.items():
            for cause in causes[effect]:
                others = [c for c in causes[effect] if c != cause]
                with_cause = _linked(columns.test(name, cause, [*others, *held]))
                if with_cause is None:
                    continue
                if cause not in causes and not picture.joined(cause):
                    into.add(cause)
                size = link.size * with_cause.size
                if best is None or size > best[0]:
                    best = size, cause, effect
        if best is not None:
            found.append(Missed(name, best[1], best[2], tuple(n for n in picture.order if n in into), best[0]))
    chosen: list[Missed] = []
    for one in sorted(found, key=lambda m: -m.size):  # of columns that say the same, the strongest stands for all
        if len(chosen) < MOST and all(_alike(known[one.name], known[m.name]) < SAME for m in chosen):
            chosen.append(one)
    return chosen


def _alike(first: Floats, second: Floats) -> float:
    """The largest correlation between the columns of two blocks, over the rows that hold both."""
    import numpy as np

    rows = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if rows.sum() < 3:
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.abs(np.corrcoef(first[rows].T, second[rows].T))[: first.shape[1], first.shape[1] :]
    return float(np.nan_to_num(found).max())


def _consequence(columns: Columns, name: str, of: str, picture: Picture, held: list[str]) -> bool:
    """Whether a column looks like a consequence of `of` and of nothing else: it has nothing to do with what may come before once
    that is known. A common cause would go on to do so, with the other causes of its effect above all."""
    before = [n for n in picture.order if n != of and n in columns and of not in _before(picture, n)]
    for other in before:
        result = columns.test(name, other, [of, *held])
        if result is None or result.p_value * len(before) < PLAINLY:
            return False
    return bool(before)


def _before(picture: Picture, node: str) -> set[str]:
    """What comes before a column in the picture."""
    return reach(picture.parents.get(node, ()), picture.parents)


def _linked(result: Independence | None) -> Independence | None:
    return result if result is not None and result.p_value < LEVEL else None


def _block(node: Node, values: Floats) -> Floats:
    """(n, m): the column, or the indicators of a category's levels after the first."""
    import numpy as np

    if node.kind != "category":
        return values[:, None]
    return np.asarray((values[:, None] == np.arange(1, len(node.levels))[None, :]).astype("float64"))


def _ranked(fitted: Fitted, drawn: Drawn, rows: Ints, known: dict[str, Floats]) -> list[str]:
    """The names, those first that go most with what a mechanism leaves over (the largest plain correlation)."""
    import numpy as np

    if len(known) <= MOST_TESTED:
        return list(known)
    noise = fitted.noises(drawn.values, np.random.default_rng(0))
    left = np.column_stack([v[rows] for v in noise.values()])
    left = (left - left.mean(axis=0)) / np.maximum(left.std(axis=0), 1e-12)

    def most(block: Floats) -> float:
        filled = np.where(np.isfinite(block), block, np.nanmean(block, axis=0))
        spread = filled.std(axis=0)
        ready = (filled - filled.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return float(np.abs(ready.T @ left).max()) / len(left)

    return sorted(known, key=lambda n: (-most(known[n]), n))
