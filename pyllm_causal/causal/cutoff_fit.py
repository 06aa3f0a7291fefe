"""How the lines are drawn: which method by rule, how far out, and with how many bends."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import QueryError
from .bandwidth import LEAST_DISTINCT, mse_optimal
from .cutoff import Cut
from .local_polynomial import Jump, Kernel, Side, equivalent, jump

METHODS = ("local_linear", "local_quadratic", "local_linear_uniform", "polynomial")
LABELS = {
    "local_linear": "straight lines near the cut-off, nearer rows counting for more",
    "local_quadratic": "bent lines near the cut-off, nearer rows counting for more",
    "local_linear_uniform": "straight lines near the cut-off, every row counting alike",
    "polynomial": "lines through all the rows on either side",
}
MOST_ORDER = 3  # of a polynomial through all rows (Gelman & Imbens 2019 warn of higher ones)
FEWEST_NEAR = 3  # different values within the bandwidth a side, for a line that chance does not fix


@dataclass(frozen=True)
class Local:
    """One fit. given: the bandwidth is the asker's; straight: too few values for a bias correction; dof of the interval."""

    method: str
    jump: Jump
    p: int
    kernel: Kernel
    given: bool = False
    straight: bool = False
    own: bool = False
    dof: float = math.inf


def by_rule(cut: Cut) -> str:
    """The method without a wish: the asker's window as it is; few different values, all rows; else local linear."""
    import numpy as np

    if cut.query.method is not None:
        if cut.query.method not in METHODS:
            raise QueryError(
                f"The method {cut.query.method!r} is not known for a cut-off.",
                f"Methods that are: {', '.join(METHODS)}.",
            )
        return cut.query.method
    if cut.design.bandwidth is not None:
        return "local_linear_uniform"
    values = [len(np.unique(cut.x[side])) for side in (cut.right, ~cut.right)]
    return "polynomial" if min(values) < LEAST_DISTINCT else "local_linear"


def fit(cut: Cut, method: str, fuzzy: bool | None = None, covariates: bool = True, given: bool = True) -> Local:
    """The jump by `method`. Raises `numpy.linalg.LinAlgError` with too few values. `given` False: own bandwidth throughout."""
    fuzzy = cut.fuzzy if fuzzy is None else fuzzy
    left, right = cut.sides(fuzzy, covariates)
    if method == "polynomial":
        return _polynomial(cut, left, right, fuzzy)
    p = 2 if method == "local_quadratic" else 1
    kernel: Kernel = "uniform" if method == "local_linear_uniform" else "triangular"
    width = cut.design.bandwidth if given else None
    if width is not None:
        return _within(left, right, width, p, "uniform" if method == "local_quadratic" else kernel, fuzzy, method)
    h, b = widths(left, right, kernel, p, fuzzy)
    found = jump(left, right, h, b, kernel, p, fuzzy)
    return Local(method, found, p, kernel, dof=found.dof)


def widths(left: Side, right: Side, kernel: Kernel, p: int, fuzzy: bool) -> tuple[float, float]:
    """(bandwidth of the estimate, of its bias): those of the least squared error, out to the fewest values that carry lines."""
    best = mse_optimal(left, right, kernel, p, fuzzy)
    h, b = best.h, best.b
    least = max(_reach(s, FEWEST_NEAR + p - 1) for s in (left, right))
    if h < least:
        h, b = least, max(b, least)
    return h, max(b, max(_reach(s, FEWEST_NEAR + p) for s in (left, right)))


def _reach(side: Side, values: int) -> float:
    """How far out the nearest `values` different values lie, and a little more."""
    import numpy as np

    distances = np.unique(np.abs(side.x))
    return float(distances[min(values, len(distances)) - 1]) * (1 + 1e-6)


def _within(left: Side, right: Side, width: float, p: int, kernel: Kernel, fuzzy: bool, method: str) -> Local:
    """All within the asker's bandwidth, the correction as well. Few rows get a t interval on residuals of the lines."""
    import numpy as np

    near = left.within(width), right.within(width)
    values = min(len(np.unique(s.x)) for s in near)
    straight = values < p + 2
    rows = sum(s.n for s in near)
    own = straight or min(s.n for s in near) < p + 5
    found = jump(left, right, width, width, kernel, p, fuzzy, own=own, correct=not straight)
    dof = min(found.dof, _dof(rows, p, straight)) if own else found.dof
    return Local(method, found, p, kernel, True, straight, own, dof)


def _dof(rows: int, p: int, straight: bool) -> float:
    return float(max(rows - 2 * (p + (1 if straight else 2)), 0))


def _polynomial(cut: Cut, left: Side, right: Side, fuzzy: bool) -> Local:
    """Few different values: a polynomial through all rows on either side, of the lowest order that the next one does not
    improve on clearly (nested F test at 5 %); the interval is that of one order more, where the values allow it."""
    import numpy as np
    from scipy import stats

    width = cut.design.bandwidth or float(np.abs(cut.x).max()) * (1 + 1e-6)
    near = left.within(width), right.within(width)
    values = min(len(np.unique(s.x)) for s in near)
    rows = sum(s.n for s in near)
    p = 1
    while p < min(MOST_ORDER, values - 2):
        simple, curved = (math.fsum(_unexplained(s, order, width) for s in near) for order in (p, p + 1))
        dof = rows - 2 * (p + 2)
        if dof < 3 or curved <= 0 or stats.f.sf((simple - curved) / 2 / (curved / dof), 2, dof) > 0.05:
            break
        p += 1
    straight = values < p + 2
    found = jump(left, right, width, width, "uniform", p, fuzzy, own=True, correct=not straight)
    left_over = min(found.dof, _dof(rows, p, straight))
    return Local("polynomial", found, p, "uniform", cut.design.bandwidth is not None, straight, True, left_over)


def _unexplained(side: Side, order: int, width: float) -> float:
    import numpy as np

    fitted = np.vander(side.x, order + 1, increasing=True) @ (
        equivalent(side.x, side.weights, order, width, "uniform") @ side.v[:, 0]
    )
    return float(side.weights @ (side.v[:, 0] - fitted) ** 2)


def own_jump(sides: tuple[Side, Side]) -> tuple[float, tuple[float, float]]:
    """(z-score of the robust jump of one column, limits below and above) with a bandwidth of its own; a constant column does not
    jump. Raises `numpy.linalg.LinAlgError` with too few different values."""
    import numpy as np

    left, right = sides
    everything = np.concatenate([left.v[:, 0], right.v[:, 0]])
    if np.ptp(everything) == 0:
        return 0.0, (float(everything[0]), float(everything[0]))
    if min(len(np.unique(s.x)) for s in sides) < LEAST_DISTINCT:
        width = max(float(np.abs(s.x).max()) for s in sides) * (1 + 1e-6)
        found = jump(left, right, width, width, "uniform", own=True)
    else:
        best = mse_optimal(left, right)
        found = jump(left, right, best.h, best.b)
    return (found.centre / found.robust if found.robust > 0 else 0.0), found.limits
