"""Which single changes of a drawn graph would make it fit the table? Found by score, asked only where a test has failed.

The score of a graph is the sum over its columns of how well each is predicted by its direct causes, less a price for every term
(BIC: Schwarz 1978). Numbers enter as a line and a bend, categories as indicators, and all of it is treated as jointly normal (the
degenerate Gaussian score of Andrews, Ramsey & Cooper 2019): two graphs that no table can tell apart get the same score. One
change at a time is taken, the best first, as in the greedy searches of Chickering 2002, but starting from the graph that was
drawn and only around claims that the table contradicts: the score says *where* a picture is wrong, never *whether*.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import separation as sep
from .graph_claims import Children, Claim
from .independence import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Pair = tuple[str, str]
MOST_ROWS = 6_000
FEWEST_ROWS = 100
BENDS = 1  # bent terms of a number, beside the straight one
MOST_STEPS = 8
TIED = 3.0  # gains that differ by less cannot be told apart
WORTH = 2.0  # least gain of a change


@dataclass(frozen=True)
class Repair:
    """One change: an arrow `cause` → `effect` added, or the drawn one turned round. `gain`: in units of log-likelihood.

    `repaired`: the claims that no longer follow once it is made. `tied`: other changes that do the same nearly as well.
    """

    kind: Literal["add", "flip"]
    cause: str
    effect: str
    gain: float
    repaired: tuple[Claim, ...]
    tied: tuple[Repair, ...] = ()


class Scores:
    """The scores of columns given their causes, each computed once, on rows where all columns are recorded."""

    def __init__(self, columns: Columns, names: Sequence[str]) -> None:
        import numpy as np

        blocks = columns.embedded(names, MOST_ROWS, BENDS)
        self.n = len(blocks[0]) if blocks else 0
        self._at: dict[str, Ints] = {}
        start = 0
        for name, block in zip(names, blocks, strict=True):
            self._at[name] = np.arange(start, start + block.shape[1])
            start += block.shape[1]
        whole = np.hstack(blocks) if self.n else np.zeros((1, 0))
        self._moments = whole.T @ whole / max(self.n, 1)
        self._known: dict[tuple[str, frozenset[str]], float] = {}

    @property
    def usable(self) -> bool:
        return self.n >= FEWEST_ROWS

    def of(self, name: str, causes: Collection[str]) -> float:
        """Log-likelihood of a column given its direct causes, less half log n for every coefficient."""
        key = name, frozenset(causes)
        if key not in self._known:
            self._known[key] = self._computed(name, sorted(c for c in causes if c in self._at))
        return self._known[key]

    def _computed(self, name: str, causes: Sequence[str]) -> float:
        import numpy as np

        own = self._at[name]
        if not len(own):
            return 0.0
        left = self._moments[np.ix_(own, own)].copy()
        used = 0
        if causes:
            at = np.concatenate([self._at[c] for c in causes])
            used = len(at)
            across = self._moments[np.ix_(at, own)]
            inner = self._moments[np.ix_(at, at)] + 1e-8 * np.eye(used)
            left -= across.T @ np.linalg.solve(inner, across)
        left += 1e-6 * np.eye(len(own))
        size = np.linalg.slogdet(left)[1]
        return float(-0.5 * self.n * size - 0.5 * np.log(self.n) * used * len(own))


def repairs(
    children: Children,
    observed: Collection[str],
    scores: Scores,
    broken: Sequence[Claim],
    allowed: Callable[[Pair], bool],
    explained: Callable[[Children, Claim], bool],
) -> list[Repair]:
    """The changes that undo what the table contradicts, one after the other, the best first. `allowed`: whether an arrow may be
    drawn at all; `explained`: whether the table agrees with what a graph that no longer makes a claim says of its two columns.
    Arrows of hidden causes stay as they are."""
    graph, joined = _over(children, observed)
    open_claims, found = list(broken), list[Repair]()
    while open_claims and len(found) < MOST_STEPS:
        parents = sep.parents_of(graph)
        tried = []
        for pair, kind in _changes(graph, joined, open_claims, allowed):
            made = _made(graph, pair, kind)
            if made is None:
                continue
            after = sep.parents_of(made)
            moved = [n for n in pair if set(after[n]) != set(parents[n])]
            gain = sum(scores.of(n, after[n]) - scores.of(n, parents[n]) for n in moved)
            if gain > WORTH:
                tried.append((gain, kind, pair, made))
        tried.sort(key=lambda t: (-t[0], t[1], t[2]))
        best: list[tuple[Repair, Children]] = []
        for gain, kind, pair, made in tried:
            if best and gain < best[0][0].gain - TIED:
                break
            undone = tuple(c for c in open_claims if not _implied(made, c) and explained(made, c))
            if undone and frozenset(pair) not in {frozenset((r.cause, r.effect)) for r, _ in best}:
                cause, effect = pair if kind == "add" else (pair[1], pair[0])
                best.append((Repair(kind, cause, effect, gain, undone), made))
        if not best:
            break
        best.sort(
            key=lambda b: b[0].kind
        )  # of changes that do as well, a link put in claims less than an arrow turned round
        (first, graph), others = best[0], tuple(r for r, _ in best[1:3])
        found.append(Repair(first.kind, first.cause, first.effect, first.gain, first.repaired, others))
        open_claims = [c for c in open_claims if c not in first.repaired]
    return found


def _over(children: Children, observed: Collection[str]) -> tuple[Children, set[frozenset[str]]]:
    """The graph over observed nodes; the pairs that a hidden cause joins, as arrows in the order of the graph."""
    from .graph_claims import in_order

    place = {n: i for i, n in enumerate(in_order(children))}
    graph = {n: [k for k in children[n] if k in observed] for n in children if n in observed}
    joined = set[frozenset[str]]()
    for hidden in sorted(set(children) - set(observed)):
        kids = sorted((k for k in children[hidden] if k in graph), key=lambda k: place[k])
        for i, first in enumerate(kids):
            for second in kids[i + 1 :]:
                if second not in graph[first]:
                    graph[first] = sorted([*graph[first], second])
                joined.add(frozenset((first, second)))
    return graph, joined


def _changes(
    graph: Children, joined: set[frozenset[str]], claims: Sequence[Claim], allowed: Callable[[Pair], bool]
) -> list[tuple[Pair, Literal["add", "flip"]]]:
    """The changes that could undo one of the claims: an arrow between its two columns, or a turned arrow near it."""
    out: dict[tuple[Pair, Literal["add", "flip"]], None] = {}
    near = set[str]()
    for claim in claims:
        near |= {claim.x, claim.y, *claim.given}
        for pair in ((claim.x, claim.y), (claim.y, claim.x)):
            if allowed(pair):
                out[pair, "add"] = None
    for cause in sorted(graph):
        for effect in graph[cause]:
            if {cause, effect} & near and frozenset((cause, effect)) not in joined and allowed((effect, cause)):
                out[(effect, cause), "flip"] = None
    return list(out)


def _made(graph: Children, pair: Pair, kind: str) -> Children | None:
    """The graph with the arrow of `pair`, in place of the opposite one where it is turned; None where that makes a circle."""
    cause, effect = pair
    made = {n: list(kids) for n, kids in graph.items()}
    if kind == "flip":
        made[effect].remove(cause)
    if effect in made[cause] or cause in sep.reach([effect], made):
        return None
    made[cause] = sorted([*made[cause], effect])
    return made


def _implied(graph: Children, claim: Claim) -> bool:
    return sep.separated(graph, claim.x, claim.y, claim.given)
