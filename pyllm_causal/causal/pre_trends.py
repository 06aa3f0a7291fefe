"""Did the groups move alike before? The event study and a joint test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .group_time import GroupTime, combine, hidden_variance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FEWEST = 0.25  # share of the treated that must be seen so early: a few early or late starters alone say little about the rest
MOST_TESTED = 8  # earlier periods in the joint test: the latest; many far ones would drown them


@dataclass(frozen=True)
class EventStudy:
    """Gap between treated and untreated by time since treatment, against the last period before it (event −1, gap 0).

    event (q,), gap (q,), covariance (q, q), treated (q,) weight and members (q,) number of the treated behind each; `groups` are
    the members, or clusters, of all.
    """

    event: Ints
    gap: Floats
    covariance: Floats
    treated: Floats
    members: Ints
    groups: int

    @property
    def error(self) -> Floats:
        import numpy as np

        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0.0)))


def event_study(found: GroupTime, cluster: Ints | None) -> EventStudy | None:
    """Averages of the cells by time since treatment (Callaway & Sant'Anna 2021, equation 3.4); `found` made with `before`."""
    import numpy as np

    events = sorted({c.event for c in found.cells})
    if not events:
        return None
    gaps, influence, treated, members = [], [], [], []
    for e in events:
        cells = tuple(c for c in found.cells if c.event == e)
        value, _, psi = combine(found, cells)
        gaps.append(value)
        influence.append(psi[:, 0])
        treated.append(sum(c.weight for c in cells))
        members.append(sum(int((c.treated > 0).sum()) for c in cells))
    matrix = np.column_stack(influence)
    groups = found.m
    if cluster is not None:
        codes = np.unique(cluster[found.member], return_inverse=True)[1].ravel()
        groups = int(codes.max()) + 1
        matrix = np.column_stack([np.bincount(codes, weights=c) for c in matrix.T])
    covariance = groups / max(groups - 1, 1) * matrix.T @ matrix / found.m**2
    hidden = [hidden_variance(found, tuple(c for c in found.cells if c.event == e)) for e in events]
    covariance = covariance + np.diag(hidden)
    return EventStudy(np.array(events), np.array(gaps), covariance, np.array(treated), np.array(members), groups)


@dataclass(frozen=True)
class PreTest:
    """The joint test that all earlier gaps are zero: p_value, periods tested, the largest gap with its error, and the gap that
    the straight line through the earlier periods would have reached after treatment on average, with its error."""

    p_value: float
    periods: int
    largest: float
    largest_error: float
    drift: float
    drift_error: float


def pre_test(study: EventStudy) -> PreTest | None:
    """Hotelling's T² with the few clusters taken into account; None where there is no earlier period to test."""
    import numpy as np
    from scipy import stats

    before = np.flatnonzero(study.event < -1)
    usable = before[(study.error[before] > 0) & (study.members[before] >= FEWEST * study.members.max())]
    room = max(1, (study.groups - 1) // 3)
    usable = usable[-min(MOST_TESTED, room) :]
    if not len(usable) or study.groups < 4:
        return None
    gap, v = study.gap[usable], study.covariance[np.ix_(usable, usable)]
    values, vectors = np.linalg.eigh(v / np.outer(study.error[usable], study.error[usable]))
    good = values > 1e-8
    scaled = (vectors[:, good].T @ (gap / study.error[usable])) / np.sqrt(values[good])
    q, g = int(good.sum()), study.groups
    if g - q < 1:
        return None
    f = float(scaled @ scaled) * (g - q) / (q * (g - 1))
    worst = usable[int(np.argmax(np.abs(gap) / study.error[usable]))]
    drift, drift_error = _drift(study, usable)
    return PreTest(
        float(stats.f.sf(f, q, g - q)), q, float(study.gap[worst]), float(study.error[worst]), drift, drift_error
    )


def _drift(study: EventStudy, usable: Ints) -> tuple[float, float]:
    """The line through (−1, 0) and the earlier gaps, carried on to the average treated period."""
    import numpy as np

    steps = (study.event[usable] + 1).astype("float64")
    weights = 1 / study.error[usable] ** 2
    pull = weights * steps / float((weights * steps**2).sum())
    after = study.event >= 0
    reach = float(np.average(study.event[after] + 1, weights=study.treated[after])) if after.any() else 1.0
    slope = float(pull @ study.gap[usable])
    error = math.sqrt(max(float(pull @ study.covariance[np.ix_(usable, usable)] @ pull), 0.0))
    return slope * reach, error * reach
