"""Is a drawn graph better than chance? Its claims against those of the same arrows between shuffled columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import separation as sep
from .graph_claims import Children, Claim
from .independence import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SHUFFLES = 100
MOST_ROWS = 2_000
FEWEST = 3  # columns


@dataclass(frozen=True)
class Shuffled:
    """Of `shuffles` graphs, `as_good` break no larger share of their claims than the drawn one, and `alike` claim nothing that
    the drawn one denies (so that no table could tell the two apart)."""

    shuffles: int
    as_good: int
    alike: int

    @property
    def informative(self) -> bool:
        """Whether fitting the table says anything: hardly any shuffle would fit just as well by its shape (5 in 100)."""
        return self.alike <= 0.05 * self.shuffles


def shuffled(
    claims: Sequence[Claim],
    columns: Columns,
    children: Children,
    rng: np.random.Generator,
    selected: Sequence[str] = (),
) -> Shuffled | None:
    """Compare with node-permuted graphs (Eulig, Mastakouri, Blöbaum, Hardt & Janzing 2023, section 4), by a straight-line test.

    None with too few columns or rows to compare on.
    """

    names = [n for n in sorted(children) if n in columns]
    if len(names) < FEWEST or not claims:
        return None
    table = _Correlations.of(columns, names)
    if table is None:
        return None
    at = {n: i for i, n in enumerate(names)}
    drawn = [(at[c.x], at[c.y], tuple(at[g] for g in c.given)) for c in claims]
    own = sum(table.linked(*claim) for claim in drawn)
    as_good = alike = 0
    known: dict[tuple[int, int, tuple[int, ...]], bool] = {}
    for _ in range(SHUFFLES):
        new = rng.permutation(len(names))
        moved = [(int(new[x]), int(new[y]), tuple(sorted(int(new[g]) for g in given))) for x, y, given in drawn]
        broken = 0
        for claim in moved:
            if claim not in known:
                known[claim] = table.linked(*claim)
            broken += known[claim]
            if broken > own:
                break
        as_good += broken <= own
        alike += all(
            sep.separated(children, names[x], names[y], {*(names[g] for g in given), *selected})
            for x, y, given in moved
        )
    return Shuffled(SHUFFLES, as_good, alike)


@dataclass(frozen=True)
class _Correlations:
    """r: (K, K) correlations of all columns of all blocks; block i is the columns `places[i]`; on n rows."""

    r: Floats
    places: tuple[tuple[int, ...], ...]
    n: int

    @classmethod
    def of(cls, columns: Columns, names: Sequence[str]) -> _Correlations | None:
        import numpy as np

        blocks = columns.blocks(names, MOST_ROWS)
        n = len(blocks[0])
        if n < 50:
            return None
        places, start = [], 0
        for block in blocks:
            places.append(tuple(range(start, start + block.shape[1])))
            start += block.shape[1]
        if not start or 4 * start > n:
            return None
        whole = np.hstack(blocks)
        return cls(whole.T @ whole / n, tuple(places), n)

    def linked(self, x: int, y: int, given: tuple[int, ...]) -> bool:
        """Whether x and y are related given the others: the trace of squared partial correlations against χ² at 5 %."""
        import numpy as np
        from scipy.special import chdtri

        a, b = list(self.places[x]), list(self.places[y])
        z = [i for g in given for i in self.places[g]]
        if not a or not b:
            return False
        both = a + b
        s = self.r[np.ix_(both, both)].copy()
        if z:
            across = self.r[np.ix_(z, both)]
            s -= across.T @ np.linalg.lstsq(self.r[np.ix_(z, z)] + 1e-9 * np.eye(len(z)), across, rcond=None)[0]
        p = len(a)
        xx, yy, xy = s[:p, :p], s[p:, p:], s[:p, p:]
        if np.diag(s).min() < 1e-6:
            return False  # known from the columns held fixed
        ridge = 1e-9
        share = np.trace(
            np.linalg.solve(xx + ridge * np.eye(p), xy) @ np.linalg.solve(yy + ridge * np.eye(len(b)), xy.T)
        )
        return bool((self.n - len(z)) * share > chdtri(p * len(b), 0.05))
