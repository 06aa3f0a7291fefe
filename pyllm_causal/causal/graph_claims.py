"""What a drawn graph claims about the table, which of that the answer rests on, and whether the table agrees.

A graph claims that two columns without an arrow between them are unrelated among rows alike in certain others. A claim that the
table contradicts *touches the answer* when some single repair of it (an arrow one way, an arrow the other way, or a hidden cause
of both) would make the analysis that was run invalid. Covariates that go together although no arrow joins them are the usual
fault of a drawn graph and touch nothing, as long as what they open stays blocked by what is held fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from . import separation as sep
from .dag import Dag
from .independence import Columns, Independence

Children = dict[str, list[str]]
Valid = Callable[[sep.Picture], bool]
Outcome = Literal["holds", "broken", "explained", "untested"]

LEVEL = 0.003  # chance of any false contradiction, over all claims of a kind (Holm 1979)
CLEAR = 0.01  # what a broken claim must stay below however else the two are compared
MATTERS = 0.05  # a weaker link (a quarter of a percent of each other's variation) is too small to spoil an answer
MOST_CLAIMS = 60
MOST_PAIRS = 4_000
MOST_WORK = 200_000  # pairs × (nodes + arrows) that are repaired in thought
MOST_NEAR = 4  # other broken claims that may explain one
MOST_DOUBTED = 12  # broken claims, the clearest, that are looked at again


@dataclass(frozen=True)
class Claim:
    """x and y are unrelated among rows alike in `given`, and among rows alike in `least`, a smallest set.

    spoils: the repairs that would make the analysis invalid, (cause, effect) for an arrow and () for a hidden cause of both; empty
    where the claim does not touch the answer.
    """

    x: str
    y: str
    given: tuple[str, ...]
    least: tuple[str, ...] = ()
    spoils: tuple[tuple[str, ...], ...] = ()
    outcome: Outcome = "untested"
    result: Independence | None = None

    @property
    def touches(self) -> bool:
        return bool(self.spoils)

    @property
    def size(self) -> float:
        return 0.0 if self.result is None else self.result.size


def claims_of(
    children: Children,
    observed: Collection[str],
    treatment: str,
    outcome: str,
    valid: Valid,
    selected: Collection[str] = (),
    most_given: int = 10**9,
) -> list[Claim]:
    """The claims of a graph about its observed nodes, those that touch the answer first, at most `MOST_CLAIMS`.

    One for every pair that some observed columns separate, given all observed causes of the two (if any set separates them, this
    one does), which keeps other faults of the graph out of the test; or given no more than needed where those are more than
    `most_given`. The pair of treatment and outcome is left out: the estimate itself tests that one.
    """
    near = {treatment: 0, outcome: 1}
    implied = [
        (x, y, least)
        for x, y, least in sep.implied_independences(children, observed, selected, MOST_PAIRS)
        if {x, y} != {treatment, outcome}
    ]
    implied.sort(key=lambda p: min(near.get(p[0], 2), near.get(p[1], 2)))
    size = len(children) + sum(len(kids) for kids in children.values())
    parents, dag = sep.parents_of(children), Dag.of(children)
    found = []
    for x, y, least in implied[: max(MOST_CLAIMS, MOST_WORK // max(size, 1))]:
        given = causes_of(parents, x, y, observed, selected)
        given = given if len(given) <= most_given else least
        if len(given) <= most_given:
            found.append(Claim(x, y, given, least, spoiling(dag, valid, x, y)))
    found.sort(key=lambda c: not c.touches)
    return found[:MOST_CLAIMS]


def causes_of(
    parents: dict[str, list[str]], x: str, y: str, observed: Iterable[str], selected: Collection[str] = ()
) -> tuple[str, ...]:
    """Observed ancestors of the two, and of what chose the rows, sorted."""
    above = sep.reach([x, y, *selected], parents)
    return tuple(sorted(n for n in observed if n in above and n not in (x, y)))


def spoiling(picture: sep.Picture, valid: Valid, x: str, y: str) -> tuple[tuple[str, ...], ...]:
    """The single repairs of a missing link that make the analysis invalid: (x, y), (y, x), or () for a hidden cause of both."""
    dag = Dag.of(picture)
    found: list[tuple[str, ...]] = []
    for cause, effect in ((x, y), (y, x)):
        start, end = dag.mask([cause]), dag.mask([effect])
        if not dag.below(end) & start and not valid(dag.with_arrow(start, end)):
            found.append((cause, effect))
    if not valid(dag.with_hidden(dag.mask([x, y]))):
        found.append(())
    return tuple(found)


def with_arrow(children: Children, cause: str, effect: str) -> Children:
    return {**children, cause: sorted([*children[cause], effect])}


def with_hidden(children: Children, pairs: Iterable[tuple[str, str]]) -> Children:
    """The graph with a hidden cause of every pair."""
    out = dict(children)
    for x, y in pairs:
        name = f"behind {x} and {y}"
        while name in out:
            name += "′"
        out[name] = sorted([x, y])
    return out


def contested(
    claims: Sequence[Claim],
    columns: Columns,
    children: Children,
    treatment: str,
    held: Collection[str] = (),
    selected: Collection[str] = (),
) -> list[Claim]:
    """The claims with what the table says of each: holds, broken (Holm at `LEVEL` and a link of at least `MATTERS`), untested.

    A broken claim that touches the answer must be broken however the two are compared: given other columns that separate them if
    the claim is true, or that do once the harmless broken claims are repaired, and given the other ends of broken claims.
    Otherwise no link of the two is missing (two columns are joined only if no set separates them: Spirtes, Glymour & Scheines
    2000, section 5.4.2) and it counts as "explained": by what the answer holds fixed (`held`) or what comes after the treatment,
    so that no back door is open; or by another broken claim that touches the answer.
    """
    out: list[Claim] = []
    tested = [replace(c, result=columns.test(c.x, c.y, c.given)) for c in claims]
    for touching in (True, False):
        some = [c for c in tested if c.touches == touching]
        out += [replace(c, outcome=_outcome(c, rejected)) for c, rejected in zip(some, holm(some), strict=True)]
    harmless = [c for c in out if c.outcome == "broken" and not c.touches]
    calm = {*held, *sep.reach([treatment], children)}
    failed = sorted((c for c in out if c.outcome == "broken" and c.touches), key=lambda c: c.size)
    for claim in failed[-MOST_DOUBTED:]:
        broken = [c for c in out if c.outcome == "broken" and c != claim]
        mended = _repaired(claim, children, harmless)
        others = _other_sets(claim, children, mended, calm, selected, columns)
        others += _near(claim, broken, children, calm, columns)
        results = (columns.test(claim.x, claim.y, given) for given in others)
        if any(r is not None and (r.p_value > CLEAR or r.size < MATTERS / 2) for r in results):
            out[out.index(claim)] = replace(claim, outcome="explained")
    return out


def _outcome(claim: Claim, rejected: bool) -> Outcome:
    if claim.result is None:
        return "untested"
    return "broken" if rejected and claim.size >= MATTERS else "holds"


def holm(claims: Sequence[Claim]) -> list[bool]:
    """Which claims are rejected at `LEVEL` over all of them (Holm 1979)."""
    order = sorted((c.result.p_value, i) for i, c in enumerate(claims) if c.result is not None)
    rejected = [False] * len(claims)
    for rank, (p, i) in enumerate(order):
        if p > LEVEL / (len(order) - rank):
            break
        rejected[i] = True
    return rejected


def _repaired(claim: Claim, children: Children, harmless: Sequence[Claim]) -> list[Children]:
    """The graph with the harmless missing links put in, all together and one by one where they are links of x or y."""
    near = [c for c in sorted(harmless, key=lambda c: -c.size) if {c.x, c.y} & {claim.x, claim.y}]
    return [
        graph
        for some in (harmless, *([c] for c in near[:MOST_NEAR]))
        for how in HOW
        for graph in _mended(children, some, how)
    ]


HOW = ("onward", "back", "hidden")


def _mended(children: Children, broken: Sequence[Claim], how: str) -> list[Children]:
    """The graph with the missing links put in: as arrows in the order of the graph, the other way, or as hidden causes. Empty where
    there is none to put in, or where arrows would make a circle."""
    if not broken:
        return []
    if how == "hidden":
        return [with_hidden(children, [(c.x, c.y) for c in broken])]
    place = {n: i for i, n in enumerate(in_order(children))}
    graph = children
    for c in broken:
        cause, effect = (c.x, c.y) if (place[c.x] < place[c.y]) == (how == "onward") else (c.y, c.x)
        if cause in sep.reach([effect], graph):
            return []
        graph = with_arrow(graph, cause, effect)
    return [graph]


def in_order(children: Children) -> list[str]:
    """Causes before effects; among equals by name."""
    waiting = dict.fromkeys(children, 0)
    for kids in children.values():
        for kid in kids:
            waiting[kid] += 1
    ready, out = sorted((n for n, w in waiting.items() if not w), reverse=True), []
    while ready:
        node = ready.pop()
        out.append(node)
        for kid in sorted(children[node], reverse=True):
            waiting[kid] -= 1
            if not waiting[kid]:
                ready.append(kid)
    return out


def _other_sets(
    claim: Claim,
    children: Children,
    mended: Sequence[Children],
    calm: Collection[str],
    selected: Collection[str],
    columns: Columns,
) -> list[tuple[str, ...]]:
    """Further sets of columns that separate the pair, in the graph or a mended one, out of those that explain a link away."""
    allowed = {n for n in (*calm, *claim.given) if n in columns} - {claim.x, claim.y}
    sets = [(children, claim.least), (children, tuple(sorted(allowed - sep.reach([claim.x, claim.y], children))))]
    for graph in mended:
        sets.append((graph, causes_of(sep.parents_of(graph), claim.x, claim.y, allowed, selected)))
    kept = [
        given
        for graph, given in sets
        if set(given) != set(claim.given) and sep.separated(graph, claim.x, claim.y, {*given, *selected})
    ]
    return list(dict.fromkeys(kept))


def _near(
    claim: Claim, broken: Sequence[Claim], children: Children, calm: Collection[str], columns: Columns
) -> list[tuple[str, ...]]:
    """What is held fixed, and the other end of a broken claim of x or y, unless it comes after one of them."""
    late = sep.reach([claim.x, claim.y], children)
    ends: dict[str, None] = {}
    for other in sorted(broken, key=lambda c: -c.size):
        shared = {claim.x, claim.y} & {other.x, other.y}
        for end in {other.x, other.y} - shared if shared else ():
            if (other.touches or end in calm) and end not in late and end not in claim.given and end in columns:
                ends[end] = None
    return [(*claim.given, end) for end in list(ends)[:MOST_NEAR]]
