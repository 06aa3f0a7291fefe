"""How far chance could have moved a figure: the whole model is fitted anew on rows drawn with replacement.

Every refit has a seed of its own, so what one finds does not depend on how many there are. Percentile intervals.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..chance import Streams
from ..repeats import Effort
from .columns import Drawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

REFITS = 200
FEWEST = 20  # refits below which no interval is given
LEVEL = 0.95


def refits(
    drawn: Drawn,
    effort: Effort,
    seed: int,
    name: str,
    figure: Callable[[Ints, np.random.Generator], Floats],
    groups: Ints | None = None,
) -> Floats:
    """(refits, k) figures, each from other rows; rows of NaN where a model could not be fitted. Whole clusters are drawn
    together; with `groups` (n,) the size of every group stays as it is. Ctrl-C ends them early where enough are done."""
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found,import-untyped,unused-ignore]

    count = effort.simulations or REFITS
    streams = Streams(seed, zlib.crc32(name.encode()))
    found: list[Floats] = []
    with threadpool_limits(1):
        try:
            for i in range(count):
                rng = streams.at(i)
                try:
                    found.append(figure(_rows(drawn, rng, groups), rng))
                except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
                    found.append(np.array([math.nan]))
        except KeyboardInterrupt:
            if len(found) < FEWEST or effort.watch.stopped:
                raise
            effort.watch.stop()
    width = max(len(f) for f in found)
    return np.vstack([f if len(f) == width else np.full(width, math.nan) for f in found])


def _rows(drawn: Drawn, rng: np.random.Generator, groups: Ints | None) -> Ints:
    import numpy as np

    if drawn.cluster is not None:
        members = np.split(np.argsort(drawn.cluster, kind="stable"), np.cumsum(np.bincount(drawn.cluster))[:-1])
        return np.concatenate([members[c] for c in rng.integers(len(members), size=len(members))])
    if groups is None:
        return rng.integers(drawn.n, size=drawn.n)
    return np.concatenate(
        [rng.choice(np.flatnonzero(groups == g), int((groups == g).sum())) for g in np.unique(groups)]
    )


def interval(values: Floats) -> tuple[float, float] | None:
    """The middle 95 % of what the refits gave; None where too few could be computed."""
    import numpy as np

    kept = values[np.isfinite(values)]
    if len(kept) < max(FEWEST, len(values) // 2):
        return None
    # the places among one refit more than there are: of few refits the plain places would lie too far inside
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="weibull")
    return float(low), float(high)


def spread(values: Floats) -> float | None:
    """The standard deviation of what the refits gave."""
    import numpy as np

    kept = values[np.isfinite(values)]
    return float(kept.std(ddof=1)) if len(kept) >= FEWEST else None
