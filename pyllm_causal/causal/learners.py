"""Flexible regression for nuisance models: straight lines or ridge on splines and products, whichever predicts better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import glm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

KNOTS = (0.1, 0.35, 0.65, 0.9)
MOST_FEATURES = 160


def expanded(x: Floats) -> Floats:
    """(n, p) features of covariates (n, k): the columns, restricted cubic splines of the numeric ones (Harrell 2015,
    equation 2.25), and products of pairs; every column standardised. At most 160 columns."""
    import numpy as np

    from .propensity import standardised

    z = standardised(x)
    blocks = [z]
    splines = []
    for j in range(z.shape[1]):
        if len(np.unique(z[:, j])) > 6:
            splines.append(_spline(z[:, j]))
    if splines:
        blocks.append(np.column_stack(splines))
    used = sum(b.shape[1] for b in blocks)
    k = z.shape[1]
    if k > 1 and used + k * (k - 1) // 2 <= MOST_FEATURES:
        pairs = [(z[:, i] * z[:, j]) for i in range(k) for j in range(i + 1, k)]
        blocks.append(np.column_stack(pairs))
    out = standardised(np.column_stack(blocks))
    return np.asarray(out[:, out.std(axis=0) > 0])


def _spline(v: Floats) -> Floats:
    import numpy as np

    knots = np.unique(np.quantile(v, KNOTS))
    if len(knots) < 3:
        return np.asarray(v[:, None] ** 2)
    last, before = knots[-1], knots[-2]

    def cube(u: Floats) -> Floats:
        return np.asarray(np.maximum(u, 0.0) ** 3)

    scale = (last - knots[0]) ** 2
    terms = [
        (
            cube(v - knot)
            - cube(v - before) * (last - knot) / (last - before)
            + cube(v - last) * (before - knot) / (last - before)
        )
        / scale
        for knot in knots[:-2]
    ]
    return np.column_stack(terms)


def folds(n: int, by: Ints, seed: int, count: int = 5, cluster: Ints | None = None) -> Ints:
    """(n,) fold numbers: balanced within the groups `by`, whole clusters together."""
    import numpy as np

    rng = np.random.default_rng(seed)
    out = np.zeros(n, dtype="int64")
    if cluster is not None:
        groups = int(cluster.max()) + 1
        return np.asarray((rng.permutation(groups) % min(count, max(groups, 2)))[cluster])
    for group in np.unique(by):
        rows = np.flatnonzero(by == group)
        out[rng.permutation(rows)] = np.arange(len(rows)) % count
    return out


def out_of_fold(
    x: Floats,
    rich: Floats | None,
    y: Floats,
    weights: Floats,
    fit_on: NDArray[np.bool_],
    fold: Ints,
    family: glm.Family,
) -> tuple[Floats, float]:
    """Cross-fitted predictions (n,) for all rows from models fitted on `fit_on` rows of the other folds.

    Both the plain model on `x` and the penalised one on `rich` are fitted; the one with the smaller out-of-fold loss
    gives the predictions. Second value: z-score of the rich model's advantage (0 when there is no rich model).
    """
    import numpy as np

    candidates = [(glm.with_intercept(x), 1e-6)]
    if rich is not None:
        n_fit = max(int(fit_on.sum()), 1)
        candidates += [(glm.with_intercept(rich), ridge * n_fit) for ridge in (0.003, 0.05)]
    predictions, losses = [], []
    for design, ridge in candidates:
        out = np.zeros(len(y))
        for f in np.unique(fold):
            train, test = fit_on & (fold != f), fold == f
            spread = max(float(np.var(y[train])), 1e-12) if train.any() else 1.0
            penalty = ridge if family == "linear" else ridge * (0.25 if family == "logistic" else spread)
            if not train.any():
                continue
            out[test] = glm.fit(design[train], y[train], weights[train], family, penalty).mean(design[test])
        predictions.append(out)
        losses.append(_losses(family, y[fit_on], out[fit_on]))
    means = [float(np.average(v, weights=weights[fit_on])) for v in losses]
    best = int(np.argmin(means))
    gain = 0.0
    if rich is not None and best > 0:
        edge = losses[0] - losses[best]
        gain = float(edge.mean() / (edge.std() / np.sqrt(len(edge)) + 1e-300))
    return predictions[best], gain


def _losses(family: glm.Family, y: Floats, mean: Floats) -> Floats:
    import numpy as np

    if family == "logistic":
        p = np.clip(mean, 1e-4, 1 - 1e-4)
        return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
    if family == "poisson":
        m = np.maximum(mean, 1e-6)
        return np.asarray(m - y * np.log(m))
    return np.asarray((y - mean) ** 2)
