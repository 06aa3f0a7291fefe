"""Have two columns anything to do with each other among rows alike in others? One test for columns of every kind.

The generalised covariance measure (Shah & Peters 2020, Annals of Statistics 48, sections 3.1 and 3.2): what the other columns
say about x and about y is taken away, and what is left of the two must not move together. It holds its level whatever the
shape of the two distributions, as long as both averages given the other columns are caught well enough; here by splines, their
products and curves in the fitted index. It sees links that raise or lower y on average as x rises, not those that cancel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data import Table
from ..query import Query
from .sample import encode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_ROWS = 30_000  # of more, so many are drawn at random: the error of a size is then below 0.006
FEWEST_ROWS = 40
ROWS_A_TERM = 10  # rows for every term that describes the columns held fixed
MOST_TERMS = 100
MOST_CROSSED = 12  # columns whose products are formed
RARE = 10  # rows below which a level joins the others
MOST_POOLED = 0.05  # of the rows; more in rare levels and the column would no longer be held fixed
HEAVY = 8.0  # kurtosis above which x and y are ranked first: one row must not decide
FEW_VALUES = 6  # numbers with so few values are described value by value
KNOTS = (-2.0, -0.97, -0.3, 0.3, 0.97, 2.0)  # of the splines, in normal scores


@dataclass(frozen=True)
class Independence:
    """The result of one test of x ⟂ y | z on `rows` rows.

    p_value: chance of so much where there is no link. size: what is left of the link, in [0, 1]: the absolute partial
    correlation for two numbers, the root of the mean squared canonical correlation for categories, less what chance alone gives.
    error: the size that chance alone gives about one time in three.
    """

    p_value: float
    size: float
    rows: int
    error: float


def independent(
    x: Floats, y: Floats, z: Sequence[Floats] = (), cluster: Ints | None = None, weights: Floats | None = None
) -> Independence | None:
    """Test x ⟂ y | z. Every variable is (n, m): one column, or the indicators of a category; rows with a NaN are left out.

    cluster: (n,) numbers of groups of rows that are not independent of each other. weights: (n,) sampling weights.
    None where it cannot be tested: too few rows or groups, or nothing of x or y is left once z is known.
    """
    columns = {"x": x, "y": y} | {str(i): one for i, one in enumerate(z)}
    return Columns(columns, cluster, weights).test("x", "y", [str(i) for i in range(len(z))])


class Columns:
    """The columns of one table made ready for many tests: (n, m) arrays by name. What one column needs is computed once."""

    def __init__(
        self, columns: Mapping[str, Floats], cluster: Ints | None = None, weights: Floats | None = None
    ) -> None:
        import numpy as np

        n = max((len(c) for c in columns.values()), default=0)
        keep = thinned(np.arange(n), MOST_ROWS)
        self._columns = {name: np.asarray(c, dtype="float64")[keep] for name, c in columns.items()}
        self._present = {name: np.isfinite(c).all(axis=1) for name, c in self._columns.items()}
        self._cluster = None if cluster is None else cluster[keep]
        self._weights = None if weights is None else weights[keep]
        self._tested: dict[str, Floats] = {}
        self._results: dict[tuple[str, str, tuple[str, ...]], Independence | None] = {}
        self._terms: dict[str, tuple[Floats, Floats]] = {}
        self.rows = len(keep)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def test(self, x: str, y: str, given: Sequence[str] = ()) -> Independence | None:
        """x ⟂ y | given, among the rows where all of them are recorded; None as for `independent`. The same again costs nothing."""
        key = x, y, tuple(given)
        if key not in self._results:
            self._results[key] = self._test(x, y, given)
        return self._results[key]

    def _test(self, x: str, y: str, given: Sequence[str]) -> Independence | None:
        import numpy as np

        rows = np.logical_and.reduce([self._present[name] for name in (x, y, *given)])
        n = int(rows.sum())
        groups = None
        if self._cluster is not None:
            groups = np.unique(self._cluster[rows], return_inverse=True)[1]
        independent_rows = n if groups is None else int(groups.max(initial=-1)) + 1
        if n < FEWEST_ROWS or independent_rows < 10:
            return None
        one, two = _varying(self._told(x)[rows]), _varying(self._told(y)[rows])
        if not one.shape[1] or not two.shape[1] or one.shape[1] * two.shape[1] > independent_rows / 5:
            return None
        root = np.ones(n) if self._weights is None else np.sqrt(self._weights[rows] / self._weights[rows].mean())
        base = self._described(given, rows, one, two, int(n / ROWS_A_TERM))
        if base is None:
            return None
        left, leverage, used = _left(base, np.hstack([one, two]), root)
        if (np.square(left).sum(axis=0) < 1e-6 * n).any():
            return None  # x or y is known from the columns held fixed: nothing can be told
        split = one.shape[1]
        return _moved_together(left[:, :split], left[:, split:], leverage, used, groups)

    def blocks(self, names: Sequence[str], most: int) -> list[Floats]:
        """One (n, m) block a name with columns centred and scaled, heavy tails as normal scores, on at most so many complete rows."""
        import numpy as np

        rows = self._complete(names, most)
        return [_varying(self._told(name)[rows]) if len(rows) else np.zeros((0, 1)) for name in names]

    def embedded(self, names: Sequence[str], most: int, bends: int) -> list[Floats]:
        """One (n, m) block a name: the column straight (heavy tails as normal scores) and at most so many bent terms, centred and
        scaled, on at most `most` rows where all are recorded."""
        import numpy as np

        rows = self._complete(names, most)
        if not len(rows):
            return [np.zeros((0, 1)) for _ in names]
        parts = [(self._told(name), self._parts(name)[1][:, :bends]) for name in names]
        return [_varying(np.hstack([straight[rows], bent[rows]])) for straight, bent in parts]

    def raw(self, names: Sequence[str], most: int) -> dict[str, Floats] | None:
        """The columns as they are, on at most so many rows where all are recorded; None where one is not here."""
        if not set(names) <= set(self._columns):
            return None
        rows = self._complete(names, most)
        return {name: self._columns[name][rows] for name in names}

    def _complete(self, names: Sequence[str], most: int) -> Ints:
        import numpy as np

        return thinned(np.flatnonzero(np.logical_and.reduce([self._present[name] for name in names])), most)

    def _told(self, name: str) -> Floats:
        """The column as x or y: numbers with heavy tails as normal scores."""
        import numpy as np

        if name not in self._tested:
            values = self._columns[name]
            present = self._present[name]
            column = values[present, 0] if values.shape[1] == 1 else np.zeros(0)
            spread = float(column.std()) if len(column) else 0.0
            if spread > 0 and float(np.mean(((column - column.mean()) / spread) ** 4)) > HEAVY and not _few(column, 2):
                out = np.full_like(values, np.nan)
                out[present, 0] = normal_scores(column)
                values = out
            self._tested[name] = values
        return self._tested[name]

    def _parts(self, name: str) -> tuple[Floats, Floats]:
        """(straight terms, bent terms) of a column that is held fixed, over all rows."""
        import numpy as np

        if name not in self._terms:
            values, present = self._columns[name], self._present[name]
            if values.shape[1] != 1:
                straight, bent = values, np.zeros((len(values), 0))
            else:
                inner = _curves(values[present, 0])
                full = np.full((len(values), inner.shape[1]), np.nan)
                full[present] = inner
                straight, bent = full[:, :1], full[:, 1:]
            self._terms[name] = straight, bent
        return self._terms[name]

    def _described(
        self, given: Sequence[str], rows: NDArray[np.bool_], x: Floats, y: Floats, budget: int
    ) -> Floats | None:
        """(n, k) terms for what the given columns say about x and y, as many as the rows carry; None where too few rows."""
        import numpy as np

        n = int(rows.sum())
        budget = min(budget, MOST_TERMS)
        parts = [self._parts(name) for name in given]
        straight = [_varying(s[rows]) for s, _ in parts]
        base = np.hstack([np.ones((n, 1)), *straight])
        if base.shape[1] > 2 * budget:
            return None
        bends = [b[rows] for _, b in parts if b.shape[1]]
        depth = (
            0
            if not bends
            else min(max(b.shape[1] for b in bends), max(1, (budget - base.shape[1]) // (2 * len(bends))))
        )
        if budget > base.shape[1] and depth:
            base = np.hstack([base, *(b[:, :depth] for b in bends)])
        room = budget - base.shape[1]
        if room > 0 and len(given) > 1:
            base = np.hstack([base, _products(straight, x, y, room)])
        room = budget + 4 - base.shape[1]  # a fitted index or two always find room
        if given and room > 0:
            base = np.hstack([base, _index_curves(base, x, y, room)])
        return base


def _moved_together(x: Floats, y: Floats, leverage: Floats, used: int, groups: Ints | None) -> Independence:
    """The test on what is left of x (n, p) and y (n, q): Hotelling's T² of their products (section 3.2 there, with χ² for the
    maximum), once with the products' own spread and once with that of unrelated residuals, and the more cautious of the two.

    The first is right whatever the residuals' spread depends on, the second where a level is rare and hardly ever seen together
    with another.
    """
    import numpy as np
    from scipy.stats import f as f_distribution

    n, d = len(x), x.shape[1] * y.shape[1]
    products = (x[:, :, None] * y[:, None, :]).reshape(n, d)
    total = products.sum(axis=0)
    spread = products / np.sqrt(1 - leverage)[:, None]
    if groups is not None:
        spread = np.column_stack([np.bincount(groups, weights=c) for c in spread.T])
    count, free = len(spread), len(spread) - (used if groups is None else 0)
    own = spread.T @ spread
    xx, yy = x.T @ x, y.T @ y
    plain = np.kron(xx, yy) / (n - used)
    own_form = float(total @ np.linalg.pinv(own, hermitian=True, rcond=1e-10) @ total)  # in [0, count)
    share = min(own_form / count, 1 - 1e-12)
    own_p = float(f_distribution.sf(share / (1 - share) * max(free - d, 1) / d, d, max(free - d, 1)))
    plain_form = float(total @ np.linalg.pinv(plain, hermitian=True, rcond=1e-10) @ total)
    plain_share = min(plain_form / (n - used), 1 - 1e-12)
    after = max(n - used - d, 1)
    plain_p = float(f_distribution.sf(plain_share / (1 - plain_share) * after / d, d, after))
    smaller = min(x.shape[1], y.shape[1])
    inflation = max(float(np.trace(own)) / max(float(np.trace(plain)), 1e-300), 1.0)
    by_chance = d / (n - used) / smaller * inflation
    size = math.sqrt(min(max(plain_share / smaller - by_chance, 0.0), 1.0))
    return Independence(max(own_p, plain_p), size, n, math.sqrt(min(by_chance, 1.0)))


def _left(base: Floats, columns: Floats, root: Floats) -> tuple[Floats, Floats, int]:
    """(residuals (n, m) of the columns on the base, leverage (n,), terms used), all rows multiplied by `root`."""
    import numpy as np

    b, c = base * root[:, None], columns * root[:, None]
    scale = np.sqrt(np.square(b).sum(axis=0))
    b = b[:, scale > 0] / scale[scale > 0]
    gram = b.T @ b
    gram[np.diag_indices_from(gram)] += 1e-9  # columns of length one: terms that repeat each other do no harm
    inverse = np.linalg.inv(gram)
    left = c - b @ (inverse @ (b.T @ c))
    k = b.shape[1]
    if k < 0.002 * len(b):
        leverage = np.full(len(b), k / len(b))
    else:
        leverage = np.einsum("ij,ij->i", b @ inverse, b)
    return left, np.clip(leverage, 0.0, 0.9), k


def _varying(block: Floats) -> Floats:
    """Columns with more than one value, centred, with a spread of one."""
    import numpy as np

    block = block - block.mean(axis=0)
    spread = block.std(axis=0)
    kept = spread > 1e-12
    return np.asarray(block[:, kept] / spread[kept])


def normal_scores(values: Floats) -> Floats:
    """Normal scores of the ranks, ties at their middle."""
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(values) - 0.5) / len(values)))


def _few(values: Floats, most: int) -> bool:
    import numpy as np

    return len(np.unique(values[:200])) <= most and len(np.unique(values)) <= most


def _curves(values: Floats) -> Floats:
    """(n, m) a straight term, then bent ones by importance: natural cubic spline in normal scores, which no tail can stretch.

    A yes/no column has no bends; one with few values gets powers that reach every value.
    """
    import numpy as np

    spread = float(values.std()) if len(values) else 0.0
    if not spread > 0:
        return np.zeros((len(values), 1))
    line = (values - values.mean()) / spread
    if _few(values, FEW_VALUES):
        levels = np.unique(values)
        powers = [line]
        ranks = np.searchsorted(levels, values) / max(len(levels) - 1, 1) * 2 - 1
        powers += [ranks**k for k in range(2, len(levels))]
        return np.column_stack(powers)
    return np.column_stack([line, *_bends(normal_scores(values))])


def _bends(scores: Floats) -> list[Floats]:
    """The scores, and the bent terms of their natural cubic spline (Hastie, Tibshirani & Friedman 2009, equation 5.4), reordered
    so that the first few already make a parabola and an S."""
    import numpy as np

    last, before = KNOTS[-1], KNOTS[-2]

    def hinge(knot: float) -> Floats:
        cubes = np.maximum(scores - knot, 0.0) ** 3 - np.maximum(scores - last, 0.0) ** 3
        return np.asarray(cubes / (last - knot))

    terms = [hinge(knot) - hinge(before) for knot in KNOTS[:-2]]
    return [np.clip(scores, -3, 3) ** 2, scores, *terms[::2], *terms[1::2]]


def _products(straight: list[Floats], x: Floats, y: Floats, room: int) -> Floats:
    """(n, ≤ room) products of two columns held fixed, of those that say most about x or y."""
    import numpy as np

    owners = [i for i, s in enumerate(straight) for _ in range(s.shape[1])]
    terms = np.hstack(straight)
    told = np.hstack([x[:, :3], y[:, :3]])
    strength = np.abs(terms.T @ told).max(axis=1) if terms.shape[1] else np.zeros(0)
    order = np.argsort(-strength, kind="stable")[:MOST_CROSSED]
    pairs = [(i, j) for a, i in enumerate(order) for j in order[a + 1 :] if owners[i] != owners[j]]
    pairs.sort(key=lambda p: -float(strength[p[0]] + strength[p[1]]))
    chosen = pairs[:room]
    tame = np.clip(terms, -3, 3)
    return np.column_stack([tame[:, i] * tame[:, j] for i, j in chosen]) if chosen else np.zeros((len(x), 0))


def _index_curves(base: Floats, x: Floats, y: Floats, room: int) -> Floats:
    """(n, ≤ room) bends in what the base says about x and y: chances and counts follow a curve in one index."""
    import numpy as np

    told = np.hstack([x[:, :3], y[:, :3]])
    index = told - _left(base, told, np.ones(len(base)))[0]
    found: list[Floats] = []
    depth = max(1, min(4, room // told.shape[1]))
    for j in range(index.shape[1]):
        if index[:, j].std() > 1e-6:
            scores = np.round(index[:, j] / index[:, j].std(), 9)  # equal rows stay equal when they are ranked
            found += [np.clip(scores, -3, 3) ** k for k in (2, 3)][:depth] + _bends(normal_scores(scores))[
                1 : max(depth - 1, 1)
            ]
    return np.column_stack(found[:room]) if found else np.zeros((len(base), 0))


def thinned(rows: Ints, most: int) -> Ints:
    """At most so many of the rows, drawn at random but always the same, in their order."""
    import numpy as np

    if len(rows) <= most:
        return rows
    return np.asarray(np.sort(np.random.default_rng(len(rows)).choice(rows, most, replace=False)))


def coded(table: Table, name: str, query: Query, rows: Ints) -> Floats | None:
    """(len(rows), m) a column of the table for these tests: numbers, 0/1, days, or indicators of a category's common levels.

    None for a column that cannot be told apart in these rows: one value, or a category whose levels are too many or too rare.
    """
    import numpy as np

    from ..errors import CausalError

    try:
        block, _ = encode(table, name, query, rows)
    except CausalError:
        return None
    if block.shape[1] > 1:
        rows_a_level = np.append(np.nansum(1 - block.sum(axis=1)), np.nansum(block, axis=0))
        common = rows_a_level >= RARE
        if rows_a_level[~common].sum() > MOST_POOLED * len(rows):
            return None
        reference = int(np.argmax(common))  # a rare first level joins the first common one
        block = block[:, [j - 1 for j in range(1, len(common)) if common[j] and j != reference]]
    finite = np.where(np.isfinite(block), block, np.nan)
    if not block.shape[1] or not np.nanmax(finite, initial=-np.inf) > np.nanmin(finite, initial=np.inf):
        return None
    return np.asarray(finite)
