"""Do the data hold what is asked for? Values nobody has, and rows like nothing in the table, are not answered about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import NotIdentified
from ...wording import count, join, number, safe
from .columns import Drawn, Node
from .mechanism import Basis, Form, Mechanism
from .model import Fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

HARDLY = 0.01  # chance of a level below which a row of that kind is not in the table
SINGULAR = 1e-10
FEWEST = 5  # rows with a level, or a combination of levels
BEYOND = 1.05  # times the largest leverage of a row in the table
SOME, MOST = 0.1, 0.5  # shares of rows that would be like nothing in the table


@dataclass(frozen=True)
class Support:
    """share: of the rows asked about that would be like nothing in the table."""

    share: float
    doubt: str = ""


def held(drawn: Drawn, set_to: Mapping[str, float]) -> NotIdentified | None:
    """A refusal where a value, or the values together, lie outside what the table holds."""
    import numpy as np

    for name, value in set_to.items():
        node, column = drawn.nodes[name], drawn.values[name]
        if node.kind in ("yes_no", "category"):
            have = int((column == value).sum())
            if have < FEWEST:
                return _outside(
                    f"only {count(have)} row{'s have' if have != 1 else ' has'} {safe(name)} = {node.shown(value)}",
                    f"rows with {safe(name)} = {node.shown(value)}",
                )
        elif not float(column.min()) <= value <= float(column.max()):
            return _outside(
                f"{safe(name)} lies between {node.shown(float(column.min()))} and {node.shown(float(column.max()))} in the"
                f" table, and {node.shown(value)} was asked for",
                f"a value of {safe(name)} in that range",
            )
    if len(set_to) < 2:
        return None
    near = np.ones(drawn.n, dtype=bool)
    for name, value in set_to.items():
        if drawn.nodes[name].kind in ("yes_no", "category"):
            near &= drawn.values[name] == value
    numeric = [n for n in set_to if drawn.nodes[n].kind not in ("yes_no", "category")]
    if int(near.sum()) < FEWEST or _far(drawn, near, numeric, set_to):
        return _outside(
            "no row, or hardly any, comes near to "
            + join([f"{n} = {drawn.nodes[n].shown(v)}" for n, v in set_to.items()])
            + " together",
            "rows in which these values occur together",
        )
    return None


def _far(drawn: Drawn, near: NDArray[np.bool_], numeric: list[str], set_to: Mapping[str, float]) -> bool:
    """Whether the numbers asked for are farther from the middle of such rows than any of them (Mahalanobis distance)."""
    import numpy as np

    if not numeric:
        return False
    points = np.column_stack([drawn.values[n][near] for n in numeric])
    center = points.mean(axis=0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(points.T)))
    off = points - center
    largest = float(np.einsum("ij,jk,ik->i", off, inverse, off).max())
    asked = np.array([set_to[n] for n in numeric]) - center
    return float(asked @ inverse @ asked) > largest


def _outside(reason: str, wanted: str) -> NotIdentified:
    return NotIdentified(
        code="outside_the_data",
        reason=f"The table does not hold what is asked about: {reason}. Anything said about it would be made up.",
        would_help=(wanted, "or ask about values that the table holds"),
    )


def support(
    fitted: Fitted, drawn: Drawn, rows: Mapping[str, Floats], set_to: Mapping[str, float]
) -> Support | NotIdentified:
    """How many of the changed `rows` (columns of n values) are like nothing in the table: farther out, for one of the mechanisms, than
    every row that it was fitted on (leverage), or of a kind that hardly ever has a level that is set (`set_to`)."""
    import numpy as np

    n = len(next(iter(rows.values())))
    strange = np.zeros(n, dtype=bool)
    for mechanism in fitted.mechanisms.values():
        basis = mechanism.form.basis
        design = basis.design(drawn.values, drawn.n)
        sizes, directions = np.linalg.eigh(design.T @ design)
        # what the table never shows in any row (two columns that always go together) is infinitely far out
        scaled = directions / np.sqrt(np.maximum(sizes, SINGULAR * sizes.max()))
        largest = float(((design @ scaled) ** 2).sum(axis=1).max())
        new = basis.design(rows, n)
        strange |= ((new @ scaled) ** 2).sum(axis=1) > BEYOND * largest
        for name, value in set_to.items():
            if drawn.nodes[name].kind in ("yes_no", "category"):
                strange |= _hardly_ever(name, value, mechanism, drawn, rows, n)
    share = float(strange.mean())
    if share > MOST or (n == 1 and share > 0):
        who = "that row would then be" if n == 1 else f"{number(100 * share)}% of the rows would then be"
        return NotIdentified(
            code="outside_the_data",
            reason=f"With what is asked for, {who} like nothing in the table, so the model would have to guess.",
            would_help=("rows of that kind", "or a smaller change"),
        )
    if share > SOME:
        return Support(share, f"{number(100 * share)}% of the rows would be like nothing in the table")
    return Support(share)


def _hardly_ever(
    name: str, value: float, mechanism: Mechanism, drawn: Drawn, rows: Mapping[str, Floats], n: int
) -> Mask:
    """(n,) whether rows like these, as for what else the mechanism is fitted on, hardly ever have that level."""
    import numpy as np

    terms = tuple(t for t in mechanism.form.basis.terms if t.name != name)
    if len(terms) == len(mechanism.form.basis.terms) or not terms:
        return np.zeros(n, dtype=bool)
    has = "the level that is set"
    form = Form(Node(has, "yes_no", (0, 1)), "logistic", Basis(terms))
    found = form.fitted({**drawn.values, has: (drawn.values[name] == value).astype("float64")})
    return np.asarray(found.mean(rows, n) < HARDLY)


def always_together(fitted: Fitted, drawn: Drawn) -> NotIdentified | None:
    """A refusal where the causes of a column cannot be told apart: one of them follows from the others in every row."""
    import numpy as np

    for mechanism in fitted.mechanisms.values():
        terms = mechanism.form.basis.terms
        blocks = [t.base(drawn.values[t.name]) for t in terms]
        for i, term in enumerate(terms):
            others = np.column_stack([np.ones(drawn.n), *(b for j, b in enumerate(blocks) if j != i)])
            beta, *_ = np.linalg.lstsq(others, blocks[i], rcond=None)
            left = ((blocks[i] - others @ beta) ** 2).sum()
            whole = ((blocks[i] - blocks[i].mean(axis=0)) ** 2).sum()
            if left <= 1e-9 * whole:
                rest = [t.name for t in terms if t is not term]
                return NotIdentified(
                    code="always_together",
                    reason=f"{safe(term.name)} follows from {join(rest[:4])} in every row, so nobody can tell from this table"
                    " what is due to which.",
                    would_help=(f"a picture without {safe(term.name)}, if it says the same as another column",),
                )
    return None
