"""A directed acyclic graph as bitsets: one whole number for the parents and one for the children of every node.

Sets of nodes are whole numbers too (bit i: the i-th name in order of the alphabet), so a step from a set to all its
neighbours costs one `or` a node, whatever the number of arrows, and results never depend on the order of a hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import GraphError

Children = Mapping[str, Collection[str]]


def bits(nodes: int) -> Iterator[int]:
    """The positions of the ones, in ascending order."""
    while nodes:
        low = nodes & -nodes
        yield low.bit_length() - 1
        nodes ^= low


def _gathered(table: Sequence[int], nodes: int) -> int:
    """The union of the table's entries over the nodes."""
    out = 0
    while nodes:
        low = nodes & -nodes
        out |= table[low.bit_length() - 1]
        nodes ^= low
    return out


def _closure(table: Sequence[int], nodes: int) -> int:
    seen = todo = nodes
    while todo:
        todo = _gathered(table, todo) & ~seen
        seen |= todo
    return seen


@dataclass(frozen=True)
class Dag:
    """names: sorted; at: name -> position; children, parents: a set for every position."""

    names: tuple[str, ...]
    at: dict[str, int]
    children: tuple[int, ...]
    parents: tuple[int, ...]

    @classmethod
    def of(cls, children: Children | Dag) -> Dag:
        """From node -> children; a name that is only somebody's child is a node as well."""
        if isinstance(children, Dag):
            return children
        names = tuple(sorted(set(children).union(*children.values())))
        at = {name: i for i, name in enumerate(names)}
        one = [1 << i for i in range(len(names))]
        down, up = [0] * len(names), [0] * len(names)
        for name, kids in children.items():
            node, out = at[name], 0
            for kid in kids:
                out |= one[at[kid]]
                up[at[kid]] |= one[node]
            down[node] = out
        return cls(names, at, tuple(down), tuple(up))

    def listed(self) -> dict[str, list[str]]:
        """Node -> children, sorted."""
        return {name: self.named(kids) for name, kids in zip(self.names, self.children, strict=True)}

    @property
    def size(self) -> int:
        """Nodes and arrows."""
        return len(self.names) + sum(kids.bit_count() for kids in self.children)

    def mask(self, names: Iterable[str]) -> int:
        """The set of those names that are nodes."""
        out = 0
        for name in names:
            if name in self.at:
                out |= 1 << self.at[name]
        return out

    def named(self, nodes: int) -> list[str]:
        """The names of a set, sorted."""
        return [self.names[i] for i in bits(nodes)]

    def below(self, nodes: int) -> int:
        """The nodes and everything that they affect."""
        return _closure(self.children, nodes)

    def above(self, nodes: int) -> int:
        """The nodes and everything that affects them."""
        return _closure(self.parents, nodes)

    def children_of(self, nodes: int) -> int:
        """Direct effects of any of the nodes."""
        return _gathered(self.children, nodes)

    def parents_of(self, nodes: int) -> int:
        """Direct causes of any of the nodes."""
        return _gathered(self.parents, nodes)

    def between(self, start: int, end: int) -> int:
        """Nodes on directed paths from `start` to `end`, the end included, without the start; none where no path is."""
        return self.below(start) & self.above(end) & ~start if self.below(start) & end else 0

    def without(self, start: int, end: int) -> Dag:
        """The graph without the arrows from `start` into `end`; -1 stands for every node."""
        down, up = list(self.children), list(self.parents)
        for i in bits(start if start >= 0 else self.parents_of(end)):
            down[i] &= ~end
        for i in bits(end if end >= 0 else self.children_of(start)):
            up[i] &= ~start
        return Dag(self.names, self.at, tuple(down), tuple(up))

    def with_arrow(self, cause: int, effect: int) -> Dag:
        """The graph with an arrow from one node to another, each a set of one."""
        down, up = list(self.children), list(self.parents)
        down[cause.bit_length() - 1] |= effect
        up[effect.bit_length() - 1] |= cause
        return Dag(self.names, self.at, tuple(down), tuple(up))

    def with_hidden(self, affects: int) -> Dag:
        """The graph with one more node, the last and without a name, that affects the nodes."""
        up, behind = list(self.parents), 1 << len(self.names)
        for i in bits(affects):
            up[i] |= behind
        return Dag((*self.names, ""), self.at, (*self.children, affects), (*up, 0))

    def connected(self, start: int, given: int) -> int:
        """Nodes d-connected to any of `start` given `given` (the Bayes ball of Shachter 1998), all at once by levels."""
        opens = self.above(given)  # a collider is open when it or a descendant is held fixed
        rising = falling = 0  # seen by the ball on its way up (from a child) and down (from a parent)
        up, down = start, 0
        while up or down:
            rising |= up
            falling |= down
            free = up & ~given
            above = _gathered(self.parents, free | (down & opens))
            below = _gathered(self.children, free | (down & ~given))
            up, down = above & ~rising, below & ~falling
        return (rising | falling) & ~given

    def neighbours(self, nodes: int, within: int) -> int:
        """Parents, children and the other parents of a child: neighbours in the moral graph of `within`."""
        families = (_gathered(self.children, nodes) | nodes) & within
        return _gathered(self.parents, families) | families

    def met(self, start: int, stops: int, within: int) -> int:
        """Everything met on walks from `start` that cross none of `stops`, in the moral graph of `within`.

        `within` holds the parents of all its nodes. Parents, children and the other parents of a child are neighbours
        there (Lauritzen et al. 1990); each family is opened once, so the graph is never built.
        """
        seen = todo = start
        opened = 0
        while todo:
            families = (_gathered(self.children, todo) | todo) & within & ~opened
            opened |= families
            found = (_gathered(self.parents, families) | families) & ~seen
            seen |= found
            todo = found & ~stops
        return seen

    def separator(self, a: int, b: int, allowed: int, held: int = 0) -> int | None:
        """A minimal set of `allowed` that together with `held` d-separates `a` from `b`; of these the one nearest to `b`.

        None where no set of `allowed` does. Van der Zander & Liśkiewicz 2020 (minimal Z with I ⊆ Z ⊆ R): if any set
        separates, so do all allowed ancestors; of those, what `b` meets first is enough, and of that, what `a` meets first.
        Linear in nodes and arrows.
        """
        within = self.above(a | b | held)
        stops = (allowed & within & ~(a | b)) | held
        reached = self.met(b, stops, within)
        if reached & a:
            return None
        stops &= reached | held
        return stops & self.met(a, stops, within) & ~held

    def order(self) -> list[int]:
        """Positions with every cause before its effects; among equals by name. Raises `GraphError` on a circle."""
        import heapq

        waiting = [p.bit_count() for p in self.parents]
        ready = [i for i, n in enumerate(waiting) if not n]
        out = []
        while ready:
            node = heapq.heappop(ready)
            out.append(node)
            for kid in bits(self.children[node]):
                waiting[kid] -= 1
                if not waiting[kid]:
                    heapq.heappush(ready, kid)
        if len(out) < len(self.names):
            raise GraphError("The graph goes round in a circle.", "Remove one of its arrows.")
        return out
