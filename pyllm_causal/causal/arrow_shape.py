"""Which of two numbers is the cause? Told by the shape of what is left over, where it is not normal and lines are straight.

In a linear model with independent, non-normal disturbances, the part of a cause that its own causes do not explain is independent
of what is left of the effect; the other way round it is only uncorrelated (Shimizu et al. 2006; Hyvärinen & Smith 2013). An arrow
is doubted only where all of that tests well: no bend in either direction, the drawn direction clearly dependent, the turned one
not. Otherwise nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .independence import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_ROWS = 300
MOST_ROWS = 5_000
FEWEST_VALUES = 20
REFUTED = 1e-6  # chance of so much dependence in the drawn direction, were it right
ACCEPTED = 0.05  # … in the turned direction
FLAT = 0.001  # chance of so much bend, were the lines straight


def turned_by_shape(
    columns: Columns, cause: str, effect: str, causes_of_cause: Sequence[str], causes_of_effect: Sequence[str]
) -> float | None:
    """The strength of the link (absolute partial correlation) where the shape says that `effect` is the cause; None otherwise.

    causes_of_cause: those drawn; causes_of_effect: those drawn, without `cause`.
    """
    names = list(dict.fromkeys([cause, effect, *causes_of_cause, *causes_of_effect]))
    blocks = columns.raw(names, MOST_ROWS)
    if blocks is None or len(blocks[cause]) < FEWEST_ROWS or not all(_many(blocks[n]) for n in (cause, effect)):
        return None
    drawn = _fit(blocks, cause, effect, causes_of_cause)
    turned = _fit(blocks, effect, cause, causes_of_effect)
    if drawn[0] > REFUTED or turned[0] < ACCEPTED or turned[1] < FLAT:
        return None
    return turned[2]


def _many(block: Floats) -> bool:
    import numpy as np

    return block.shape[1] == 1 and len(np.unique(block[:1000, 0])) >= FEWEST_VALUES


def _fit(blocks: dict[str, Floats], cause: str, effect: str, given: Sequence[str]) -> tuple[float, float, float]:
    """(chance of so much dependence between cause and what is left of the effect, of so much bend, |partial correlation|)."""
    import numpy as np

    n = len(blocks[cause])
    base = np.hstack([np.ones((n, 1)), *(blocks[g] for g in given)])
    x = _left(base, blocks[cause])[:, 0]
    y = _left(base, blocks[effect])[:, 0]
    spread = float(np.sqrt((x @ x) * (y @ y)))
    r = abs(float(x @ y)) / spread if spread > 0 else 0.0
    if not 0.05 < r < 0.999:
        return 1.0, 0.0, r
    rest = _left(x[:, None], y[:, None])[:, 0]
    return _dependence(x, rest), _bend(base, blocks[cause], blocks[effect]), r


def _left(base: Floats, block: Floats) -> Floats:
    import numpy as np

    out = block - base @ np.linalg.lstsq(base, block, rcond=None)[0]
    return np.asarray(out)


def _dependence(x: Floats, rest: Floats) -> float:
    """The chance of what is seen, were x and the rest independent: bounded curves of both must not move together (each curve
    without its straight part, which the fit has already taken away)."""
    import numpy as np
    from scipy.stats import chi2

    n = len(x)
    one, two = _shapes(x), _shapes(rest)
    r = one.T @ two / n
    return float(chi2.sf(n * float(np.square(r).sum()), r.size))


def _shapes(values: Floats) -> Floats:
    """(n, 3) bounded curves of the values, centred, uncorrelated with the values and each other, of unit spread."""
    import numpy as np

    z = (values - values.mean()) / values.std()
    curves = np.column_stack([np.tanh(2 * z), np.minimum(np.abs(z), 3.0), np.sin(2 * np.clip(z, -4, 4))])
    base = np.column_stack([np.ones_like(z), z])
    for i in range(curves.shape[1]):
        column = _left(base, curves[:, [i]])
        base = np.hstack([base, column])
        curves[:, i] = column[:, 0] / max(float(column.std()), 1e-12)
    return curves


def _bend(base: Floats, x: Floats, y: Floats) -> float:
    """The chance of so much bend of y over x, were it straight (F-test of the square and the S-curve of x)."""
    import numpy as np
    from scipy.stats import f as f_distribution

    z = (x - x.mean()) / x.std()
    straight = np.hstack([base, z])
    bent = np.hstack([straight, np.clip(z, -3, 3) ** 2, np.tanh(z)])
    before, after = (float(np.square(_left(b, y)).sum()) for b in (straight, bent))
    free = len(y) - bent.shape[1]
    return float(f_distribution.sf(max(before - after, 0.0) / 2 / max(after / free, 1e-300), 2, free))
