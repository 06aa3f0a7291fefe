"""Which way a link runs, told by the shape of the noise where nothing else tells it.

In a straight-line relation whose noise is not normal, what is left of the effect has nothing to do with the cause, while what is left
of the cause still depends on the effect (Shimizu, Hoyer, Hyvärinen & Kerminen 2006). Both ways are tested: a direction is told only
where it passes and the other one clearly fails, so curved relations, hidden causes and normal noise leave the link as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .columns import Matrix
from .marks import oriented

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

PASSES, FAILS = 0.02, 1e-4  # chance, if the direction is right, of dependence so strong
FEWEST_ROWS = 200


def by_noise(matrix: Matrix, arrows: Bools, allowed: Bools) -> Bools:
    """(p, p) arrows with lines both ways, some of the lines turned into arrows. allowed: (p, p) [cause, effect] by knowledge."""
    import numpy as np

    found: list[tuple[float, int, int]] = []
    open_ = arrows & arrows.T
    if len(matrix.values) < FEWEST_ROWS:
        return arrows
    for a, b in np.argwhere(np.triu(open_)).tolist():
        if matrix.kinds[a] != "number" or matrix.kinds[b] != "number" or (open_[a] & open_[b]).any():
            continue  # a third column on open links with both could be behind both
        causes = np.flatnonzero((arrows[:, a] & ~arrows[a]) | (arrows[:, b] & ~arrows[b]))
        x, y = _left(matrix, causes.tolist(), (a, b))
        forward, backward = dependence(x, y), dependence(y, x)
        if forward > PASSES and backward < FAILS:
            found.append((backward, a, b))
        elif backward > PASSES and forward < FAILS:
            found.append((forward, b, a))
    near = arrows | arrows.T
    for _, cause, effect in sorted(found):
        fixed = arrows & ~arrows.T
        if fixed[effect, cause] or not allowed[cause, effect]:
            continue
        fixed[cause, effect] = True
        arrows = oriented(fixed, near)
    return arrows


def dependence(cause: Floats, effect: Floats) -> float:
    """Chance, if the effect is the cause times a number plus noise of its own, of so much dependence of (n,) what is left on (n,) the cause.

    A Wald test that squares and cubes of either are unrelated to the other; the slope being estimated is allowed for.
    """
    import numpy as np
    from scipy.stats import chi2

    x = _standard(cause)
    r = _standard(effect - x * float(np.mean(x * effect)))
    square, cube = _tame(x) ** 2, _tame(x) ** 3
    line = np.column_stack([np.ones_like(x), x])
    bends = np.column_stack([square, cube])
    bends -= line @ np.linalg.lstsq(line, bends, rcond=None)[0]
    tame = _tame(r)
    spread, third = tame**2 - np.mean(tame**2), tame**3 - 3 * np.mean(tame**2) * tame
    products = np.column_stack([bends * r[:, None], x * spread, x * (third - third.mean())])
    total = products.sum(axis=0)
    form = float(total @ np.linalg.pinv(products.T @ products, hermitian=True) @ total)
    return float(chi2.sf(form, products.shape[1]))


def _tame(values: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.clip(values, -4.0, 4.0))


def _standard(values: Floats) -> Floats:
    import numpy as np

    centred = values - values.mean()
    return np.asarray(centred / (float(centred.std()) or 1.0))


def _left(matrix: Matrix, causes: list[int], columns: tuple[int, int]) -> tuple[Floats, Floats]:
    """What is left of two columns, (n,) each, once straight lines in the causes are taken away."""
    import numpy as np

    two = np.column_stack([matrix.block(c)[:, 0] for c in columns])
    base = np.column_stack([np.ones(len(two)), *(matrix.block(c) for c in causes)])
    left = two - base @ np.linalg.lstsq(base, two, rcond=None)[0]
    return left[:, 0], left[:, 1]
