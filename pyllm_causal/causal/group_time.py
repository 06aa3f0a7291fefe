"""Group-time average effects for staggered adoption (Callaway & Sant'Anna 2021) and their averages.

ATT(g, t): the effect in period t on those first treated in period g. Each is a two-by-two comparison with the last period
before treatment, against those never (or not yet) treated: their equation 2.4 with the doubly robust form of Sant'Anna & Zhao
(2020, equations 2.6 for units that are followed and 2.8 for repeated cross-sections). Covariates are taken as they were before
treatment. Every average of them comes with its influence function, from which errors clustered in any way follow.

Assumptions: parallel trends given the covariates; no effect before treatment; treatment does not stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .att import Att
from .glm import fit as glm_fit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

Comparison = Literal["never", "not_yet"]
MOST_ODDS = 0.995  # chance of treatment above which weighting is left out of a cell
DECIDED = "where the columns held fixed all but decide who is treated, the outcome model alone is used"
SMALL_COHORT = 5  # units up to which a cohort's own spread is no guide to its error


@dataclass(frozen=True)
class Data:
    """n rows: y, time (0 … T−1), start (T for never), weights, covariates x (n, k).

    unit: (n,) codes of units followed over time with one row a period; None for repeated cross-sections.
    """

    y: Floats
    time: Ints
    start: Ints
    weights: Floats
    x: Floats
    unit: Ints | None
    periods: int


@dataclass(frozen=True)
class Cell:
    """ATT(g, t) against period `base`; influence (m,) of it, treated (m,) weights of the treated, outcome (m,) theirs at t."""

    g: int
    t: int
    base: int
    att: float
    influence: Floats
    treated: Floats
    outcome: Floats
    regression_only: bool = False

    @property
    def event(self) -> int:
        """Periods since treatment began: 0 is the first treated one."""
        return self.t - self.g

    @property
    def weight(self) -> float:
        return float(self.treated.sum())


@dataclass(frozen=True)
class GroupTime:
    """All cells, and of how many rows or units (m) the influence functions are. skipped: treated rows without a cell."""

    cells: tuple[Cell, ...]
    m: int
    member: Ints  # (m,) a row number of the data that stands for each member
    start: Ints  # (m,)
    comparison: Comparison
    skipped: int


def group_time(data: Data, comparison: Comparison = "never", before: bool = False, placebo: bool = False) -> GroupTime:
    """The cells after treatment; with `before` also those of earlier periods against the last one before treatment (a
    universal base); with `placebo` only the last period before treatment against the one before it."""
    import numpy as np

    starts = [int(g) for g in np.unique(data.start) if 0 < g < data.periods]
    store = _Units(data) if data.unit is not None else _Sections(data)
    cells: list[Cell] = []
    skipped = 0
    for g in starts:
        pairs = [(t, g - 1) for t in range(g, data.periods)]
        if before:
            pairs += [(t, g - 1) for t in range(g - 1)]
        if placebo:
            pairs = [(g - 1, g - 2)] if g >= 2 else []
        for t, base in pairs:
            cell = store.cell(g, t, base, comparison)
            if cell is None:
                skipped += int(((data.start == g) & (data.time == t)).sum()) if t >= g else 0
            else:
                cells.append(cell)
    return GroupTime(tuple(cells), store.m, store.member, store.start, comparison, skipped)


def combine(found: GroupTime, cells: tuple[Cell, ...]) -> tuple[float, float, Floats]:
    """(average weighted by the treated in each cell, their mean outcome, (m, 2) influence of both).

    The shares are estimated too, which the influence function takes into account (their equation C.3)."""
    import numpy as np

    total = sum(c.weight for c in cells)
    value = sum(c.weight * c.att for c in cells) / total
    mean = sum(float(c.treated @ c.outcome) for c in cells) / total
    share = total / found.m
    influence = np.zeros((found.m, 2))
    for c in cells:
        influence[:, 0] += c.weight / total * c.influence + (c.att - value) * c.treated / share
        influence[:, 1] += c.treated * (c.outcome - mean) / share
    return value, mean, influence


def average(found: GroupTime, cluster: Ints | None, cells: tuple[Cell, ...] | None = None) -> Att:
    """The average over treated unit-periods, with the error clustered by `cluster` (n,) row codes or by member.

    Raises numpy's `LinAlgError` where there is no cell."""
    import numpy as np

    chosen = tuple(c for c in found.cells if c.t >= c.g) if cells is None else cells
    if not chosen:
        raise np.linalg.LinAlgError("no group-time effect can be computed")
    value, mean, influence = combine(found, chosen)
    codes = None if cluster is None else cluster[found.member]
    groups = found.m if codes is None else len(np.unique(codes))
    notes = (DECIDED,) if any(c.regression_only for c in chosen) else ()
    return Att(
        value,
        mean,
        influence,
        codes,
        groups / max(groups - 1, 1),
        float(groups - 1),
        hidden_variance(found, chosen),
        None,
        notes,
    )


def hidden_variance(found: GroupTime, cells: tuple[Cell, ...]) -> float:
    """The variance that small cohorts hide: the spread among few units (none, for one) is no guide, so that of the untreated
    units over the same periods takes its place where it is larger."""
    import numpy as np

    total = sum(c.weight for c in cells)
    extra = 0.0
    for g in {c.g for c in cells}:
        own = [c for c in cells if c.g == g]
        size = int((own[0].treated > 0).sum())
        if size > SMALL_COHORT:
            continue
        path = sum((c.weight / total * c.influence for c in own), np.zeros(found.m))
        members = np.maximum.reduce([c.treated for c in own]) > 0
        # the untreated: influence is −m/Σw · w(deviation), so dividing by that leaves the deviation of each
        everywhere = np.logical_and.reduce([(c.influence != 0) for c in own]) & ~members
        count = int(everywhere.sum())
        if count < 3:
            continue
        spread = float((path[everywhere] ** 2).sum()) / found.m**2 * count  # variance of one unit's average gap
        hidden = spread / size - float((path[members] ** 2).sum()) / found.m**2
        extra += max(hidden, 0.0)
    return extra


class _Units:
    """Two-by-two cells of units that are followed: differences of the same unit."""

    def __init__(self, data: Data) -> None:
        import numpy as np

        assert data.unit is not None
        units, codes = np.unique(data.unit, return_inverse=True)
        codes = codes.ravel()
        self.m = len(units)
        shape = (self.m, data.periods)
        self.y = np.full(shape, np.nan)
        self.y[codes, data.time] = data.y
        self.row = np.full(shape, -1)
        self.row[codes, data.time] = np.arange(len(codes))
        self.member = np.zeros(self.m, dtype="int64")
        self.member[codes[::-1]] = np.arange(len(codes))[::-1]
        self.start = data.start[self.member]
        self.weights = np.bincount(codes, weights=data.weights) / np.bincount(codes)
        self.x, self.periods = data.x, data.periods

    def cell(self, g: int, t: int, base: int, comparison: Comparison) -> Cell | None:
        import numpy as np

        late = max(t, base)
        free = self.start >= self.periods if comparison == "never" else self.start > late
        change = self.y[:, t] - self.y[:, base]
        seen = np.isfinite(change) & ((self.start == g) | (free & (self.start != g)))
        index = np.flatnonzero(seen)
        d = (self.start[index] == g).astype("float64")
        if not 0 < d.sum() < len(d):
            return None
        w = self.weights[index]
        x = self.x[self.row[index, base]]
        part = _contrast([np.arange(len(index))], [1.0], change[index], d, x, w)
        if part is None:
            return None
        influence, treated, outcome = (np.zeros(self.m) for _ in range(3))
        influence[index] = part.influence * self.m / len(index)
        treated[index] = d * w
        outcome[index] = self.y[index, t]
        return Cell(g, t, base, part.value, influence, treated, outcome, part.regression_only)


class _Sections:
    """Two-by-two cells of repeated cross-sections: other rows before than after."""

    def __init__(self, data: Data) -> None:
        import numpy as np

        self.data, self.m = data, len(data.y)
        self.member = np.arange(self.m)
        self.start = data.start

    def cell(self, g: int, t: int, base: int, comparison: Comparison) -> Cell | None:
        import numpy as np

        data = self.data
        free = data.start >= data.periods if comparison == "never" else data.start > max(t, base)
        now, then = data.time == t, data.time == base
        index = np.flatnonzero((now | then) & ((data.start == g) | (free & (data.start != g))))
        d, post = (data.start[index] == g).astype("float64"), now[index]
        if any(not ((d == a) & (post == s)).any() for a in (0, 1) for s in (True, False)):
            return None
        w = data.weights[index]
        parts = [np.flatnonzero(post), np.flatnonzero(~post)]
        part = _contrast(parts, [1.0, -1.0], data.y[index], d, data.x[index], w)
        if part is None:
            return None
        influence, treated, outcome = (np.zeros(self.m) for _ in range(3))
        influence[index] = part.influence * self.m / len(index)
        treated[index] = d * w * post
        outcome[index] = np.where(post, data.y[index], 0.0)
        return Cell(g, t, base, part.value, influence, treated, outcome, part.regression_only)


@dataclass(frozen=True)
class _Part:
    value: float
    influence: Floats
    regression_only: bool


def _contrast(parts: list[Ints], signs: list[float], y: Floats, d: Floats, x: Floats, w: Floats) -> _Part | None:
    """Σ signs · (treated mean − weighted mean of the untreated) of what an outcome model of the untreated leaves over.

    parts: rows of each period (one part, for differences). Untreated rows weigh by the odds of treatment given x; without
    covariates all is plain means. Influence (n,) with the nuisance models' own error; None where a part has too few rows.
    """
    import numpy as np

    n = len(y)
    w = w * n / w.sum()
    x = x[:, np.ptp(x, axis=0) > 0]
    if x.shape[1]:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    design = np.column_stack([np.ones(n), x])
    p = design.shape[1]
    fewest = min(int((d[part] == 0).sum()) for part in parts)
    if p > 1 and fewest < p + 2:
        return None
    influence = np.zeros(n)
    odds, gamma, regression_only = np.ones(n), np.zeros((n, p)), False
    if p > 1:
        model = glm_fit(design, d, w, "logistic")
        chance = model.mean(design)
        regression_only = bool(chance.max() > MOST_ODDS) or not model.converged
        odds = chance / (1 - np.minimum(chance, MOST_ODDS))
        gamma = (w * (d - chance))[:, None] * design @ model.gram_inverse * n
    value = 0.0
    for part, sign in zip(parts, signs, strict=True):
        yes, no = part[d[part] == 1], part[d[part] == 0]
        slope, left, spread = np.zeros(p), y.copy(), np.zeros((n, p))
        if p > 1:
            gram = (design[no] * w[no, None]).T @ design[no]
            inverse = np.linalg.pinv(gram, rcond=1e-11, hermitian=True)
            slope = inverse @ (design[no].T @ (w[no] * y[no]))
            left = y - design @ slope
            spread[no] = n * (w[no] * left[no])[:, None] * design[no] @ inverse
        one, eta1, pull1 = _mean(yes, left, design, w, n)
        influence += sign * one
        value += sign * eta1
        if regression_only:
            influence -= sign * spread @ pull1
            continue
        zero, eta0, pull0 = _mean(no, left, design, w * odds, n)
        value -= sign * eta0
        influence -= sign * zero
        if p > 1:
            influence += sign * spread @ (pull0 - pull1)
            tilt = (w[no] * odds[no] * (left[no] - eta0)) @ design[no] / (w[no] * odds[no]).sum()
            influence -= sign * gamma @ tilt
    return _Part(value, influence, regression_only)


def _mean(rows: Ints, values: Floats, design: Floats, w: Floats, n: int) -> tuple[Floats, float, Floats]:
    """(influence (n,), weighted mean, mean of the design) over some rows, with the n/(n − 1) of a variance of few rows."""
    import numpy as np

    total = float(w[rows].sum())
    mean = float(w[rows] @ values[rows]) / total
    influence = np.zeros(n)
    size = len(rows)
    influence[rows] = n / total * w[rows] * (values[rows] - mean) * np.sqrt(size / max(size - 1, 1))
    return influence, mean, w[rows] @ design[rows] / total
