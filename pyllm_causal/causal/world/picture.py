"""What of a picture bears on an outcome, and which of its mechanisms the table can tell in spite of hidden causes.

A mechanism is what makes a column out of its direct causes and chance. Where a hidden cause moves a column and something that
is changed, no regression is the mechanism. The rule is the criterion of Tian & Pearl (2002, "A general identification
condition for causal effects"), kept to the simple case: among the ancestors of the outcome, no column that the change reaches
may be joined by hidden causes to a changed column or to another one that the change reaches. Columns that it does not reach
and that share a hidden cause with one that it does are held fixed there as well, with their direct causes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ...analysis import NotIdentified
from ...graph import Graph
from ...wording import join, safe
from ..separation import parents_of, reach


@dataclass(frozen=True)
class Picture:
    """The outcome and what affects it. order: causes first, the outcome last; parents: direct causes, sorted;
    hidden: pairs (sorted) that share a hidden cause -> what that is called."""

    outcome: str
    order: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    hidden: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def roots(self) -> tuple[str, ...]:
        """Columns without a cause in the picture."""
        return tuple(n for n in self.order if not self.parents[n])

    def affected(self, moved: Collection[str]) -> list[str]:
        """What a change of `moved` reaches, without them, in causal order. Arrows into what is set count no longer."""
        seen: set[str] = set(moved)
        out = []
        for node in self.order:
            if node not in moved and seen & set(self.parents[node]):
                seen.add(node)
                out.append(node)
        return out

    def joined(self, node: str) -> set[str]:
        """What hidden causes join to `node`, directly or by way of others, without it."""
        steps: dict[str, list[str]] = {}
        for a, b in self.hidden:
            steps.setdefault(a, []).append(b)
            steps.setdefault(b, []).append(a)
        return reach([node], steps) - {node}

    def hidden_names(self, nodes: Collection[str]) -> list[str]:
        """The hidden causes of pairs among `nodes`."""
        names = [n for (a, b), found in sorted(self.hidden.items()) if {a, b} <= set(nodes) for n in found]
        return list(dict.fromkeys(names))


def picture_of(graph: Graph, outcome: str, usable: Collection[str]) -> Picture:
    """The part of `graph` that affects `outcome`. What is not `usable` (hidden causes, free text) is projected out: its causes
    become causes of its effects, and its effects share a hidden cause (latent projection, Verma & Pearl 1990)."""
    children: dict[str, set[str]] = {n: set(c) for n, c in graph.children().items()}
    children.setdefault(outcome, set())
    bows: dict[frozenset[str], set[str]] = {}
    for node in sorted(set(children) - set(usable) - {outcome}):
        below = children.pop(node)
        above = [n for n, c in children.items() if node in c]
        for cause in above:
            children[cause].discard(node)
            children[cause] |= below
        touched = [b for b in bows if node in b]
        partners = {next(iter(b - {node})): bows.pop(b) for b in touched}
        for first in sorted(below):
            for second in sorted(below):
                if first < second:
                    bows.setdefault(frozenset((first, second)), set()).add(node)
            for other, names in partners.items():
                if other != first:
                    bows.setdefault(frozenset((first, other)), set()).update(names | {node})
    parents = parents_of({n: sorted(c) for n, c in children.items()})
    alive = reach([outcome], parents)
    kept = {n: tuple(p for p in parents.get(n, ()) if p in alive) for n in alive}
    pairs = {tuple(sorted(b)): tuple(sorted(n)) for b, n in bows.items() if b <= alive}
    return Picture(outcome, _ordered(kept), kept, {(k[0], k[1]): v for k, v in sorted(pairs.items())})


def _ordered(parents: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Causes first; of those that could be next the first in the alphabet."""
    out: list[str] = []
    left = sorted(parents)
    while left:
        node = next(n for n in left if set(parents[n]) <= set(out))
        out.append(node)
        left.remove(node)
    return tuple(out)


def regressors(picture: Picture, moved: Collection[str]) -> dict[str, tuple[str, ...]] | NotIdentified:
    """For every column that a change of `moved` reaches, in causal order: what its mechanism is fitted on; or why the table cannot
    tell the mechanisms."""
    reached = picture.affected(moved)
    out: dict[str, tuple[str, ...]] = {}
    for node in reached:
        partners = picture.joined(node)
        clash = sorted(partners & {*moved, *reached})
        if clash:
            return _hopeless(picture, node, clash)
        more = partners.union(*(picture.parents[p] for p in partners)) - {node}
        out[node] = tuple(dict.fromkeys((*picture.parents[node], *sorted(more))))
    return out


def all_mechanisms(picture: Picture) -> dict[str, tuple[str, ...]] | NotIdentified:
    """The same for every column that has a cause in the picture. Columns without one may share hidden causes."""
    out: dict[str, tuple[str, ...]] = {}
    for node in picture.order:
        if picture.parents[node]:
            clash = sorted(picture.joined(node))
            if clash:
                return _hopeless(picture, node, clash)
            out[node] = picture.parents[node]
    return out


def _hopeless(picture: Picture, node: str, clash: list[str]) -> NotIdentified:
    named = picture.hidden_names({node, *picture.joined(node)})
    blamed = join([f"“{safe(n, 60)}”" for n in named[:3]]) or "a hidden cause"
    ideas = [f"a column for {blamed}" if named else "a column for the hidden cause"]
    if picture.outcome == node and len(clash) == 1:
        ideas.append(
            f"or ask for the effect of {safe(clash[0])} on {safe(node)}: an instrument or a front door in your picture may"
            " tell it on average"
        )
    return NotIdentified(
        code="hidden_cause",
        reason=(
            f"Your picture says that {blamed} moves both {join(clash[:3])} and {safe(node)}, and the table has no usable"
            f" column for it. So the table cannot tell how {safe(node)} itself responds."
        ),
        would_help=tuple(ideas),
    )


def touched_by(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """The nodes and everything after them in the whole graph."""
    found = set(nodes)
    for node in list(found):
        found |= graph.descendants(node)
    return found
