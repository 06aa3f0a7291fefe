"""Partial R² of every covariate with the treatment and with the outcome, from sums over blocks of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .gram import MOST_ROWS, Basis, Columns, Standard, blocks, height_of, one_thread
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .gram import Floats, Rows


CLEAR = 1e-4  # of the spread of the outcome: so much is left that it need not be summed row by row


@dataclass(frozen=True)
class Shares:
    """Of a straight-line model of the outcome in treatment and covariates: the treatment's slope and its t statistic, degrees of
    freedom, and for each of the table's columns its partial R² with treatment (given the others) and outcome (given all)."""

    slope: float
    t: float
    dof: float
    treatment: dict[str, float]
    outcome: dict[str, float]


def shares(sample: Sample, columns: Columns | None = None) -> Shares | None:
    """None where the treatment is a combination of covariates, or the outcome of both. All rows of the sample count. columns: the
    covariates and the dose, in this order, where somebody has made them already.

    Raises `LinAlgError` where columns are so close to collinear that blocks of rows cannot tell.
    """
    import numpy as np

    standard, dof = Standard(sample), float(sample.n - sample.k - 2)

    def both(rows: Rows) -> Floats:
        return np.vstack([standard.x(rows), standard.dose(rows)])

    with one_thread():
        outcome = Columns(sample, both, sample.k + 1) if columns is None else columns
        basis, total = outcome.basis, float(sample.weights.sum())
        beta_y, rest_y = _fitted(outcome, sample.y)
        if basis.nested:  # the last column is what the covariates leave of the treatment
            held = replace(basis, turn=basis.turn[:-1, :-1], back=basis.back[:-1, :-1])
            beta_d, rest_d = basis.back[-1, :-1], total * float(basis.back[-1, -1]) ** 2
        else:
            treatment = Columns(replace(sample, y=standard.t(sample.dose)), standard.x, sample.k)
            held = treatment.basis
            beta, rest_d = _fitted(treatment, standard.t(sample.dose))
            beta_d = beta[1:]
        if rest_d <= 1e-12 * total or rest_y <= 0 or dof < 2:
            return None
        slope = float((basis.turn @ beta_y[1:])[-1]) / standard.width
        error = math.sqrt(rest_y / dof / rest_d) / standard.width
        return Shares(
            slope,
            slope / error,
            dof,
            _by_group(held, total, beta_d, rest_d, sample),
            _by_group(basis, total, beta_y[1:], rest_y, sample),
        )


def _fitted(columns: Columns, target: Floats) -> tuple[Floats, float]:
    """(coefficients (p,), weighted sum of squared residuals) of least squares on the columns."""
    import numpy as np

    every = slice(0, columns.n)
    gram, product = columns.whole(every)
    beta = np.linalg.solve(gram[0], product[0])
    spread = rest = 0.0
    for block in blocks(every, MOST_ROWS):
        spread += float(columns.weights[block] @ (target[block] - columns.middle) ** 2)
    if spread - float(product[0] @ beta) > CLEAR * spread:
        return beta, spread - float(product[0] @ beta)
    for block in blocks(every, height_of(4 * columns.p)):  # next to nothing is left: it would drown in rounding
        residual = target[block] - columns.middle - beta @ columns.at(block)[0]
        rest += float(columns.weights[block] @ residual**2)
    return beta, rest


def _by_group(basis: Basis, total: float, beta: Floats, rest: float, sample: Sample) -> dict[str, float]:
    """What leaving each group of columns out would add to the residuals, of all that is then left.

    beta: (r,) coefficients of the basis; total: sum of the weights; rest: sum of squared residuals.
    """
    import numpy as np

    raw, inverse = basis.turn @ beta, basis.turn @ basis.turn.T
    out = {}
    for group in dict.fromkeys(sample.x_groups):
        inside: NDArray[np.bool_] = np.zeros(basis.turn.shape[0], dtype=bool)
        inside[: sample.k] = [g == group for g in sample.x_groups]
        if basis.turn.shape[0] == basis.turn.shape[1]:
            explained = float(raw[inside] @ np.linalg.solve(inverse[np.ix_(inside, inside)], raw[inside]))
        else:
            others = basis.part(np.flatnonzero(~inside))
            explained = float(np.sum((beta - (beta @ others.T) @ others) ** 2))
        share = total * explained / (total * explained + rest)
        out[group] = min(max(share, 0.0), 1 - 1e-9)
    return out
