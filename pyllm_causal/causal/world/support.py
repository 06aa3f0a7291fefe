"""Do the data hold what is asked for? Values nobody has, and rows like nothing in the table, are not answered about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import NotIdentified
from ...wording import count, join, number, safe
from .columns import Drawn
from .model import Fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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


def support(fitted: Fitted, drawn: Drawn, rows: Mapping[str, Floats]) -> Support | NotIdentified:
    """How many of the changed `rows` (columns of n values) are like nothing in the table: farther out, for one of the mechanisms, than
    every row that it was fitted on (leverage)."""
    import numpy as np

    n = len(next(iter(rows.values())))
    strange = np.zeros(n, dtype=bool)
    for mechanism in fitted.mechanisms.values():
        basis = mechanism.form.basis
        design = basis.design(drawn.values, drawn.n)
        inverse = np.linalg.pinv(design.T @ design, hermitian=True)
        largest = float(np.einsum("ij,jk,ik->i", design, inverse, design).max())
        new = basis.design(rows, n)
        strange |= np.einsum("ij,jk,ik->i", new, inverse, new) > BEYOND * largest
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
