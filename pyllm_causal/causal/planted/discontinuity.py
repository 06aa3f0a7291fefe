"""Made-up outcomes around a cut-off: curves on both sides that meet at it, and a jump of known size."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Effect, NotIdentified
from ..cutoff import Cut, prepare
from ..cutoff_estimate import headline
from . import Made, jump_of, least_of, side_of
from .ground import signs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..designs import Finding, Task

    Floats = NDArray[np.float64]

# the reach that is best for the estimate leaves some bias in a curve: robust intervals are published to cover 91 % and more
CURVED = 0.05
# of the curves, as in the published simulation designs (Calonico, Cattaneo & Titiunik 2014, section 6)
MOST_ORDER = 5
ROWS_A_COEFFICIENT = 8


def made(task: Task, finding: Finding) -> Made | None:
    """Polynomials of their own on both sides, of the order with the smallest BIC, joined at the cut-off; residuals with random signs
    (by cluster). Fuzzy: treatment and outcome drawn together, with the residuals of a row turned by one sign.

    How far to look is chosen anew in every repeat. That nothing else jumps is taken over.
    """
    import numpy as np

    cut = prepare(task.query, task.table)
    if isinstance(cut, NotIdentified):
        return None
    columns = _columns(cut)
    over = np.asarray(cut.right == cut.upward, dtype="float64")
    scale, factor = task.query.scale, cut.factor
    slope = finding.effect.value / factor if cut.fuzzy else 0.0
    if cut.fuzzy and (cut.t is None or scale != "difference"):
        return None
    target = cut.y - slope * cut.t if cut.fuzzy and cut.t is not None else cut.y
    smooth, _, u = _joined(columns, cut, target)
    if cut.fuzzy:  # the jump of the outcome passes through the treatment
        assert cut.t is not None
        smooth_t, step, v = _joined(columns, cut, cut.t)
        base = 0.0
    else:
        near = np.abs(cut.x) <= np.quantile(np.abs(cut.x), 0.1)
        base = float(np.average(smooth[near], weights=cut.weights[near]))

    def run(effect: float, rng: np.random.Generator) -> Effect | None:
        turn = _turned(cut, rng)
        if cut.fuzzy:
            t = smooth_t + step * cut.right + turn * v
            drawn = replace(cut, t=t, y=smooth + effect / factor * t + turn * u)
        else:
            drawn = replace(cut, y=smooth + jump_of(effect, base, scale) * over + turn * u)
        found = headline(drawn)
        return None if isinstance(found, NotIdentified) else found.effect

    effect = finding.effect
    return Made(
        run=run,
        error=effect.std_error or math.nan,
        seconds=(1.6e-3 if finding.method in ("polynomial", "local_linear_uniform") else 5e-3)
        + (4e-6 if cut.fuzzy else 2e-6) * len(cut.x),
        scale=scale,
        unit=effect.unit,
        up=side_of(effect),
        least=least_of(task, finding),
        slack=CURVED,
        per=" for one unit more" if finding.per_unit else "",
    )


def _turned(cut: Cut, rng: np.random.Generator) -> Floats:
    import numpy as np

    if cut.cluster is None:
        return signs(len(cut.x), None, rng)
    codes = np.unique(cut.cluster, return_inverse=True)[1].ravel()
    return signs(len(cut.x), codes, rng)


def _columns(cut: Cut) -> list[Floats]:
    """Designs (n, q) of rising order: the jump in column 0, then the constant, covariates, and powers on both sides."""
    import numpy as np

    x = cut.x / float(np.abs(cut.x).max())
    values = min(len(np.unique(cut.x[side])) for side in (cut.right, ~cut.right))
    right = cut.right.astype("float64")
    found, powers = [], []
    most = min(MOST_ORDER, values - 2, (len(x) // ROWS_A_COEFFICIENT - 2) // 2)
    for order in range(1, max(most, 1) + 1):
        powers += [x**order, right * x**order]
        found.append(np.column_stack([right, np.ones(len(x)), cut.z - cut.z.mean(axis=0), *powers]))
    return found


def _joined(designs: list[Floats], cut: Cut, y: Floats) -> tuple[Floats, float, Floats]:
    """(the curves without the jump (n,), the jump of the upper side, residuals (n,) stretched for what was fitted)."""
    import numpy as np

    root, n = np.sqrt(cut.weights), len(y)
    best: tuple[float, Floats, float, Floats] | None = None
    for design in designs:
        beta = np.linalg.lstsq(design * root[:, None], y * root, rcond=1e-10)[0]
        residual = y - design @ beta
        left = max(float(cut.weights @ residual**2), 1e-300)
        bic = n * math.log(left / n) + design.shape[1] * math.log(n)
        if best is None or bic < best[0]:
            stretch = math.sqrt(n / max(n - design.shape[1], 1))
            best = bic, design[:, 1:] @ beta[1:], float(beta[0]), residual * stretch
    assert best is not None
    return best[1], best[2], best[3]
