"""Links between columns and the marks at their ends; the one place that knows how causal-learn writes them down.

A mark at an end says what is known there: `tail` (this one is a cause), `arrow` (this one is an effect) or `circle` (either).
So `→` is tail and arrow, `—` tail and tail (either may cause the other), `↔` two arrows (something hidden causes both),
`o→` circle and arrow, `o–o` two circles. Columns are numbers, their places in the table that was searched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

Mark = Literal["tail", "arrow", "circle"]
_SIGNS: dict[tuple[Mark, Mark], str] = {
    ("tail", "arrow"): "→", ("arrow", "tail"): "←", ("tail", "tail"): "—", ("arrow", "arrow"): "↔",
    ("circle", "arrow"): "o→", ("arrow", "circle"): "←o", ("circle", "circle"): "o–o",
    ("circle", "tail"): "o–", ("tail", "circle"): "–o",
}  # fmt: skip


@dataclass(frozen=True)
class Link:
    """A link between columns `a` < `b`, with the mark at either end. Make one with `link`."""

    a: int
    b: int
    at_a: Mark
    at_b: Mark

    def __post_init__(self) -> None:
        if self.a >= self.b:
            raise ValueError("a link joins two columns, the lower number first")

    @property
    def pair(self) -> tuple[int, int]:
        """The two columns, lower number first."""
        return self.a, self.b

    @property
    def arrow(self) -> tuple[int, int] | None:
        """(cause, effect) where the link has a direction, else None."""
        if (self.at_a, self.at_b) == ("tail", "arrow"):
            return self.a, self.b
        if (self.at_a, self.at_b) == ("arrow", "tail"):
            return self.b, self.a
        return None

    @property
    def sign(self) -> str:
        """The link as written between a and b: → ← — ↔ o→ ←o o–o o– –o."""
        return _SIGNS[self.at_a, self.at_b]

    def mark_at(self, column: int) -> Mark:
        """The mark at one of the two ends."""
        return {self.a: self.at_a, self.b: self.at_b}[column]


def link(a: int, b: int, at_a: Mark, at_b: Mark) -> Link:
    """The link between two columns given in any order."""
    return Link(a, b, at_a, at_b) if a < b else Link(b, a, at_b, at_a)


def arrow(cause: int, effect: int) -> Link:
    """cause → effect."""
    return link(cause, effect, "tail", "arrow")


def line(a: int, b: int) -> Link:
    """a — b: one of them causes the other, and it is not known which."""
    return link(a, b, "tail", "tail")


Links = tuple[Link, ...]


def sorted_links(links: Iterable[Link]) -> Links:
    """Links in the order of their columns, which is the same whatever found them."""
    return tuple(sorted(links, key=lambda one: one.pair))


# causal-learn's Endpoint values.
_ENDS: dict[int, Mark] = {-1: "tail", 1: "arrow", 2: "circle"}


def from_general(graph: Any) -> Links:
    """Links of the (p, p) matrix of a causal-learn `GeneralGraph`: entry [j, i] is the mark at j of the link between i and j.

    i → j has [j, i] = 1 and [i, j] = −1. Raises `ValueError` for marks that no graph without cycles over time has.
    """
    found = []
    for i in range(len(graph)):
        for j in range(i + 1, len(graph)):
            at_i, at_j = int(graph[i][j]), int(graph[j][i])
            if at_i == at_j == 0:
                continue
            if at_i not in _ENDS or at_j not in _ENDS:
                raise ValueError(f"marks {at_i} and {at_j} between columns {i} and {j}")
            found.append(Link(i, j, _ENDS[at_i], _ENDS[at_j]))
    return tuple(found)


def from_lingam(weights: Any, least: float = 0.0) -> Links:
    """Links of the (p, p) matrix of a LiNGAM model, whose entry [child, parent] is the effect of parent on child.

    Effects of at most `least` are none; where LiNGAM could not order a pair (NaN) the link stays without direction.
    """
    import numpy as np

    matrix = np.asarray(weights, dtype="float64")
    there = np.isnan(matrix) | (np.abs(matrix) > least)
    return from_arrows(there.T)


def from_exact(graph: Any) -> Links:
    """Links of the (p, p) matrix of causal-learn's exact search, whose entry [parent, child] is not 0 where there is an arrow."""
    import numpy as np

    return from_arrows(np.asarray(graph) != 0)


def from_arrows(arrows: Bools) -> Links:
    """Links of a (p, p) matrix whose entry [cause, effect] is true; true both ways means a link without a direction."""
    found = []
    for i in range(len(arrows)):
        for j in range(i + 1, len(arrows)):
            if arrows[i, j] or arrows[j, i]:
                found.append(
                    line(i, j) if arrows[i, j] and arrows[j, i] else arrow(*((i, j) if arrows[i, j] else (j, i)))
                )
    return tuple(found)


def to_arrows(links: Iterable[Link], size: int) -> Bools:
    """The (size, size) matrix that `from_arrows` reads. Links with a circle, or with arrows at both ends, raise `ValueError`."""
    import numpy as np

    out = np.zeros((size, size), dtype=bool)
    for one in links:
        if "circle" in (one.at_a, one.at_b) or one.sign == "↔":
            raise ValueError(f"a link {one.sign} is no arrow and no line")
        out[one.a, one.b] = one.at_b == "arrow" or one.sign == "—"
        out[one.b, one.a] = one.at_a == "arrow" or one.sign == "—"
    return out


def equivalence_class(dag: Bools, known: Bools | None = None) -> Links:
    """The links that all graphs without cycles have which data cannot tell from `dag` ((p, p), [cause, effect]): a CPDAG.

    Colliders with unlinked parents keep their arrows, and so does what follows from them (Meek 1995, rules 1 to 3);
    everything else loses its direction. known: (p, p) arrows of `dag` whose direction is known from elsewhere; they stay as well,
    with what follows from them (rule 4 too).
    """
    import numpy as np

    dag = np.asarray(dag, dtype=bool)
    near = dag | dag.T
    fixed = np.zeros_like(dag)
    for effect in range(len(dag)):
        parents = np.flatnonzero(dag[:, effect])
        apart = ~near[np.ix_(parents, parents)]
        np.fill_diagonal(apart, False)
        fixed[parents[apart.any(axis=1)], effect] = True
    if known is not None:
        fixed |= known & dag
    return from_arrows(oriented(fixed, near))


def oriented(fixed: Bools, near: Bools) -> Bools:
    """(p, p) arrows, lines both ways: `fixed` arrows and what follows from them on the links `near` (Meek 1995, rules 1 to 4).

    Rule 4 changes nothing unless arrows are fixed from outside, by what is known. What follows is never turned against an
    arrow that is fixed already.
    """
    import numpy as np

    fixed, near = fixed.copy(), np.asarray(near, dtype=bool)
    apart = ~near
    np.fill_diagonal(apart, False)
    while True:
        open_ = near & ~fixed & ~fixed.T
        implied = _implied(fixed, near, apart, open_)
        if not implied.any():
            return np.asarray(fixed | open_)
        clash = implied & implied.T  # only where what is fixed contradicts itself: the first one stands
        fixed |= implied & ~np.tril(clash)


def _implied(fixed: Bools, near: Bools, apart: Bools, open_: Bools) -> Bools:
    """The arrows i → j that a rule asks for on links still open."""
    import numpy as np

    a, f = apart.astype("float32"), fixed.astype("float32")
    # 1: k → i — j, k and j apart. 2: i → k → j, i — j.
    out = open_ & (((f.T @ a) > 0) | ((f @ f) > 0))
    if out.any():
        return np.asarray(out)
    for i, j in zip(*np.nonzero(open_), strict=True):
        between = np.flatnonzero(open_[i] & fixed[:, j])  # 3: i — k → j and i — l → j, k and l apart
        out[i, j] = len(between) > 1 and bool(apart[np.ix_(between, between)].any())
        if not out[i, j]:  # 4: i — k → l → j, i near l, k and j apart
            first, second = open_[i] & apart[:, j], near[i] & fixed[:, j]
            out[i, j] = bool(fixed[np.ix_(np.flatnonzero(first), np.flatnonzero(second))].any())
    return np.asarray(out)
