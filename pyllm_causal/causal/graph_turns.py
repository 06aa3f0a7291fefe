"""Does a column that the graph puts before the treatment behave like one that comes after it?

Two columns that both point at the treatment, and that the graph calls unrelated, are linked only among rows alike in it: the
treatment is where their arrows collide. A step on the way, or a consequence, drawn as a cause shows the opposite: linked in the
table, and no longer among rows alike in the treatment, because one acts on the other through it (the collider rule of Spirtes,
Glymour & Scheines 2000, section 5.4.2, read backwards). An arrow that is missing between two causes looks different: they stay
linked among rows alike in the treatment. Where there is only one other cause, its link may cancel by chance just what the treatment as
a collider makes, and no table tells that from a step on the way: about one picture in two hundred with strong links that are missing
is then turned wrongly. With two other causes both would have to cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from . import separation as sep
from .graph_claims import Children, Claim
from .independence import Columns

GONE = 0.05  # chance above which a link counts as gone
STRONG = 0.12  # weaker links can cancel by chance what the treatment as a collider makes


@dataclass(frozen=True)
class Turn:
    """column comes after the treatment by the table: it goes with `sign` (`size`), and not among rows alike in the treatment."""

    column: str
    sign: str
    size: float


def turned(
    claims: Sequence[Claim],
    columns: Columns,
    children: Children,
    treatment: str,
    valid: Callable[[Children], bool],
    selected: Collection[str] = (),
) -> list[Turn]:
    """The arrows into the treatment that the table turns round, where the turned graph would make the analysis invalid, the
    clearest first. `claims` with what the table says of them.

    Every broken claim of the column has to vanish among rows alike in the treatment, and no other cause of the treatment may be
    silent about it: of several links between causes, one may cancel by chance what the treatment as a collider makes, all of them
    hardly."""
    if treatment not in columns:
        return []
    above = sep.reach([treatment], sep.parents_of(children))
    broken = [c for c in claims if c.outcome == "broken" and treatment not in c.given]
    found = []
    for column in sorted(n for n in children if treatment in children[n]):
        graph = {n: [k for k in kids if (n, k) != (column, treatment)] for n, kids in children.items()}
        if treatment in sep.reach([column], graph):
            continue
        graph[treatment] = sorted([*graph[treatment], column])
        own = [c for c in broken if column in (c.x, c.y) and above >= {c.x, c.y}]
        if not own or valid(graph) or not all(_vanishes(c, columns, graph, treatment, selected) for c in own):
            continue
        clearest = max(own, key=lambda c: c.size)
        silent = [c for c in claims if c.outcome == "holds" and column in (c.x, c.y) and above >= {c.x, c.y}]
        if clearest.size >= STRONG and not any(_heard(c, columns, column, treatment) for c in silent):
            found.append(Turn(column, clearest.y if clearest.x == column else clearest.x, clearest.size))
    return sorted(found, key=lambda t: (-t.size, t.column, t.sign))


def _vanishes(claim: Claim, columns: Columns, graph: Children, treatment: str, selected: Collection[str]) -> bool:
    """Whether the two are linked no longer among rows alike in the treatment, as the turned graph has it."""
    given = (*claim.given, treatment)
    if not sep.separated(graph, claim.x, claim.y, {*given, *selected}):
        return False
    alike = columns.test(claim.x, claim.y, given)
    return alike is not None and alike.p_value > GONE and max(4 * alike.size, 3 * alike.error) < claim.size


def _heard(claim: Claim, columns: Columns, column: str, treatment: str) -> bool:
    """Whether the other cause would have been linked with the column if it acted on it through the treatment: by the product of
    the two links (Wright 1921), where that is clearly more than was found."""
    other = claim.y if claim.x == column else claim.x
    given = [n for n in claim.given if n != treatment]
    links = [columns.test(n, treatment, given) for n in (column, other)]
    if claim.result is None or any(link is None for link in links):
        return False
    through = math.prod(link.size for link in links if link is not None)
    return through > claim.size + 2 * claim.result.error
