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
WIDE, MANY_ROWS = 40, 40_000  # columns of a model, and rows, from which it need not see every row


def expanded(x: Floats) -> Floats:
    """(n, p) features of covariates (n, k): the columns, squares and restricted cubic splines of the numeric ones (Harrell
    2015, equation 2.25; the square because a restricted spline is straight in its tails), and products of pairs;
    every column standardised. At most 160 columns."""
    import numpy as np

    from .propensity import standardised

    z = standardised(x)
    blocks = [z]
    splines = []
    for j in range(z.shape[1]):
        if len(np.unique(z[:, j])) > 6:
            splines += [z[:, j] ** 2, _spline(z[:, j])]
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
    _, first = np.unique(by, return_index=True)
    for group in by[np.sort(first)]:  # in order of appearance: turning the comparison round changes no fold
        rows = np.flatnonzero(by == group)
        out[rng.permutation(rows)] = np.arange(len(rows)) % count
    return out


# light penalties (on the plain columns) and those on the rich ones, in units of one standardised row's information
PLAIN: dict[glm.Family, tuple[float, ...]] = {
    "linear": (1e-6, 0.05, 0.5),
    "logistic": (1e-6, 0.05),
    "poisson": (1e-6, 0.05),
}
RIDGES: dict[glm.Family, tuple[float, ...]] = {
    "linear": (0.003, 0.05, 0.5),
    "logistic": (0.004, 0.05),
    "poisson": (0.01,),
}


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

    Plain models on `x` (with and without a light penalty) and penalised ones on `rich` are fitted; the one with the
    smallest out-of-fold loss gives the predictions. Second value: z-score of the rich model's advantage (0 when there is no rich model).
    """
    import numpy as np

    predictions = _predict(glm.with_intercept(x), y, weights, fit_on, fold, family, PLAIN[family])
    plain = len(predictions)
    if rich is not None:
        predictions += _predict(glm.with_intercept(rich), y, weights, fit_on, fold, family, RIDGES[family])
    # no prediction beyond what was seen: a flexible model far from its rows would otherwise decide the answer
    seen = float(y[fit_on].min()), float(y[fit_on].max())
    predictions = [np.clip(p, *seen) for p in predictions]
    losses = [_losses(family, y[fit_on], out[fit_on]) for out in predictions]
    means = [float(np.average(v, weights=weights[fit_on])) for v in losses]
    best = int(np.argmin(means))
    if best < plain:
        return predictions[best], 0.0
    edge = losses[int(np.argmin(means[:plain]))] - losses[best]
    return predictions[best], float(edge.mean() / (edge.std() / np.sqrt(len(edge)) + 1e-300))


def _predict(
    design: Floats,
    y: Floats,
    weights: Floats,
    fit_on: NDArray[np.bool_],
    fold: Ints,
    family: glm.Family,
    ridges: tuple[float, ...],
) -> list[Floats]:
    """One cross-fitted prediction (n,) a ridge. The penalty is in units of one standardised row's information.

    Linear models share one Gram matrix a fold: what is fitted without a fold is the total less that fold.
    """
    import numpy as np

    out = [np.zeros(len(y)) for _ in ridges]
    numbers = [int(f) for f in np.unique(fold)]
    if family == "linear":
        sums = {}
        for f in numbers:
            rows = fit_on & (fold == f)
            weighted = design[rows] * weights[rows][:, None]
            sums[f] = (weighted.T @ design[rows], weighted.T @ y[rows])
        gram, moment = sum(s[0] for s in sums.values()), sum(s[1] for s in sums.values())
        for f in numbers:
            test = fold == f
            for j, ridge in enumerate(ridges):
                beta = glm.solve(gram - sums[f][0], moment - sums[f][1], ridge * float(fit_on.sum()))
                out[j][test] = design[test] @ beta
        return out
    unit = 0.25 if family == "logistic" else max(float(np.average(y[fit_on], weights=weights[fit_on])), 1e-12)
    for f in numbers:
        train, test = np.flatnonzero(fit_on & (fold != f)), fold == f
        if not len(train):
            continue
        some = _enough(train, y, design.shape[1])
        size = float(fit_on.sum()) * len(some) / len(train)
        part, held = design[some], design[test]
        for j, ridge in enumerate(ridges):
            model = glm.fit(part, y[some], weights[some], family, ridge * unit * size, 1e-7)
            out[j][test] = model.mean(held)
    return out


def _enough(train: Ints, y: Floats, columns: int) -> Ints:
    """The rows to fit a wide iterated model on: all, or of a large table as many as its columns can use, drawn at random.

    300 rows a column, and 30 a column of the rarer outcome, leave the fit an error far below what the other rows could still
    take away: the predictions serve all rows, and only the time would grow.
    """
    import numpy as np

    share = float((y[train] > 0).mean())
    rarer = min(share, 1 - share) if y[train].max() <= 1 else share
    wanted = columns * max(300.0, 30.0 / max(rarer, 1e-12))
    if columns < WIDE or len(train) <= max(wanted, MANY_ROWS):
        return train
    drawn = np.random.default_rng(len(train)).permutation(len(train))[: round(max(wanted, MANY_ROWS))]
    return np.asarray(train[np.sort(drawn)])


def _losses(family: glm.Family, y: Floats, mean: Floats) -> Floats:
    import numpy as np

    if family == "logistic":
        p = np.clip(mean, 1e-4, 1 - 1e-4)
        return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
    if family == "poisson":
        m = np.maximum(mean, 1e-6)
        return np.asarray(m - y * np.log(m))
    return np.asarray((y - mean) ** 2)
