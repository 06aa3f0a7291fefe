"""Straight-line models of the path through mediators: product of slopes, and what a hidden cause would have to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .nested import fitted
from .pathway import Pathway
from .propensity import standardised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def product_of_slopes(p: Pathway) -> tuple[Floats, Floats]:
    """((indirect, direct) for the contrast, influence (n, 2)) from straight lines without products of treatment and mediator.

    Slopes of every mediator on the treatment times slopes of the outcome on the mediators (Baron & Kenny 1986; Bellemare,
    Bloem & Wexler 2024 for the front door). Rows of the two arms only.
    """
    import numpy as np

    s = p.sample
    rows = np.ones(s.n, dtype=bool) if s.kind == "dose" else p.level <= 1
    x, q = standardised(s.x), p.m.shape[1]
    first = np.column_stack([np.ones(s.n), s.dose, x])
    last = np.column_stack([first, p.m])
    outcome = fitted(last, s.y, s.weights, "linear", rows)
    step = s.treated - s.control if s.kind == "dose" else 1.0
    slopes = outcome.model.beta[-q:]
    total, part = 0.0, np.zeros(s.n)
    for j in range(q):
        stage = fitted(first, p.m[:, j], s.weights, "linear", rows)
        total += float(stage.model.beta[1] * slopes[j])
        part += slopes[j] * (stage.scores @ stage.model.gram_inverse[:, 1])
        part += stage.model.beta[1] * (outcome.scores @ outcome.model.gram_inverse[:, last.shape[1] - q + j])
    direct = outcome.scores @ outcome.model.gram_inverse[:, 1]
    value = np.array([total, float(outcome.model.beta[1])]) * step
    return value, s.n * step * np.column_stack([part, direct])


def crossing(p: Pathway) -> float:
    """z-score of the clearest difference in what a mediator does between the arms (or along the dose), in a straight-line model."""
    import numpy as np

    s, q = p.sample, p.m.shape[1]
    t = s.dose - s.dose.mean()
    m = standardised(p.m)
    design = np.column_stack([np.ones(s.n), t, m, standardised(s.x), m * t[:, None]])
    stage = fitted(design, s.y, s.weights, "linear", np.ones(s.n, dtype=bool))
    levers = stage.scores @ stage.model.gram_inverse[:, -q:]
    if s.cluster is not None:
        levers = np.column_stack([np.bincount(s.cluster, weights=c) for c in levers.T])
    errors = np.sqrt((levers**2).sum(axis=0))
    return float(np.max(np.abs(stage.model.beta[-q:]) / np.maximum(errors, 1e-300)))


def unexplained_correlation(p: Pathway) -> tuple[float, list[tuple[str, float]]]:
    """(ρ, benchmarks): the correlation between what treatment and covariates leave unexplained in mediator and outcome, at
    which the indirect effect vanishes in straight-line models (Imai, Keele & Yamamoto 2010, theorem 4), and for every covariate
    the like correlation that it alone makes (root of the product of its partial R² with both).

    With several mediators: that of the weighted sum of them that predicts the outcome.
    """
    import numpy as np

    s = p.sample
    root = np.sqrt(s.weights)
    arms = np.eye(int(p.level.max()) + 1)[p.level][:, 1:] if s.kind == "arms" else s.dose[:, None]
    base = np.column_stack([np.ones(s.n), arms, standardised(s.x)]) * root[:, None]
    m, y = p.m * root[:, None], s.y * root

    def rest(target: Floats, on: Floats) -> Floats:
        return np.asarray(target - on @ np.linalg.lstsq(on, target, rcond=1e-10)[0])

    m_rest, y_rest = rest(m, base), rest(y, base)
    slopes = np.linalg.lstsq(m_rest, y_rest, rcond=1e-10)[0]
    index = m @ slopes if p.m.shape[1] > 1 else m[:, 0]
    index_rest = rest(index, base)
    scale = float(np.sqrt((index_rest @ index_rest) * (y_rest @ y_rest)))
    if scale <= 0:
        return 0.0, []
    rho = float(index_rest @ y_rest) / scale
    found = []
    for name in dict.fromkeys(s.x_groups):
        kept = [j for j, g in enumerate(s.x_groups) if g != name]
        fewer = np.column_stack([np.ones(s.n), arms, standardised(s.x)[:, kept]]) * root[:, None]
        shares = []
        for target, full in ((index, index_rest), (y, y_rest)):
            less = rest(target, fewer)
            shares.append(max(1.0 - float(full @ full) / max(float(less @ less), 1e-300), 0.0))
        found.append((name, math.sqrt(shares[0] * shares[1])))
    return rho, found
