"""d-separation and the adjustment criterion, independent of any library: the referee of what DoWhy returns.

Graphs are mappings node -> children. All functions are linear in nodes and edges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Children = Mapping[str, Collection[str]]


def parents_of(children: Children) -> dict[str, list[str]]:
    """Node -> parents, sorted."""
    parents: dict[str, list[str]] = {node: [] for node in children}
    for node in sorted(children):
        for child in children[node]:
            parents.setdefault(child, []).append(node)
    return parents


def reach(start: Iterable[str], step: Children) -> set[str]:
    """Everything reachable from `start` along `step`, `start` included."""
    seen = set(start)
    todo = list(seen)
    while todo:
        for node in step.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def connected(children: Children, source: str, given: Collection[str]) -> set[str]:
    """Nodes d-connected to `source` given `given` (Bayes ball; Koller & Friedman 2009, algorithm 3.1)."""
    parents = parents_of(children)
    observed = set(given)
    opens = reach(observed, parents)  # a collider is open when it or a descendant is observed
    todo: list[tuple[str, bool]] = [(source, True)]  # (node, arrived from a child)
    visited: set[tuple[str, bool]] = set()
    found: set[str] = set()
    while todo:
        node, upward = todo.pop()
        if (node, upward) in visited:
            continue
        visited.add((node, upward))
        if node not in observed:
            found.add(node)
        if upward and node not in observed:
            todo += [(p, True) for p in parents.get(node, ())]
            todo += [(c, False) for c in children.get(node, ())]
        elif not upward:
            if node not in observed:
                todo += [(c, False) for c in children.get(node, ())]
            if node in opens:
                todo += [(p, True) for p in parents.get(node, ())]
    return found


def separated(children: Children, a: str, b: str, given: Collection[str]) -> bool:
    """Whether `a` and `b` are d-separated given `given`."""
    return b not in connected(children, a, given)


def causal_nodes(children: Children, treatment: str, outcome: str) -> set[str]:
    """Nodes on directed paths from treatment to outcome, without the treatment."""
    down = reach([treatment], children)
    up = reach([outcome], parents_of(children))
    return (down & up) - {treatment} if outcome in down else set()


def backdoor_graph(children: Children, treatment: str, outcome: str) -> dict[str, list[str]]:
    """The graph without the first arrow of every causal path (van der Zander et al. 2014, section 4.1)."""
    on_path = causal_nodes(children, treatment, outcome)
    return {node: [c for c in kids if not (node == treatment and c in on_path)] for node, kids in children.items()}


def valid_adjustment(
    children: Children, treatment: str, outcome: str, adjust: Collection[str], selected: Collection[str] = ()
) -> bool:
    """Whether `adjust` identifies the effect, in rows that `selected` decided on.

    No descendant of the treatment may be in `adjust` (back-door criterion, Pearl 2009, definition 3.3.1), none of `selected`
    may descend from a node on a causal path, and treatment and outcome are d-separated in the back-door graph.
    """
    if set(adjust) & (reach([treatment], children) | {outcome}):
        return False
    path = causal_nodes(children, treatment, outcome) | {outcome}
    if set(selected) & reach(path, children):
        return False
    return separated(backdoor_graph(children, treatment, outcome), treatment, outcome, {*adjust, *selected})


def minimal_adjustment(
    children: Children, treatment: str, outcome: str, allowed: Collection[str], selected: Collection[str] = ()
) -> list[str] | None:
    """A minimal valid set out of `allowed`, sorted, or None when no set is valid.

    If any set is valid, so are all allowed ancestors together (van der Zander et al. 2014, theorem 3); columns are
    then left out one at a time, so the result is minimal and the same on every run.
    """
    ancestors = reach([treatment, outcome, *selected], parents_of(children))
    forbidden = reach([treatment], children) | {outcome, *selected}
    chosen = sorted((ancestors & set(allowed)) - forbidden)
    if not valid_adjustment(children, treatment, outcome, chosen, selected):
        return None
    # drop first what lies far from the outcome: those next to it buy precision
    near = set(parents_of(children).get(outcome, ()))
    for node in sorted(chosen, key=lambda n: (n in near, n)):
        fewer = [n for n in chosen if n != node]
        if valid_adjustment(children, treatment, outcome, fewer, selected):
            chosen = fewer
    return chosen
