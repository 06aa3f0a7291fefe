"""The synthetic control: a weighted mix of units that follows the treated one before the change, and placebos to judge it by.

All arrays hold periods in rows and units in columns; the treated unit is column 0, the others are donors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 14.0  # predictors may differ in importance by a factor of e^14
MOST = 99  # donors that take a turn as placebo
TRIED, DESCENTS = 30, 1  # sets of importances looked at, and improved besides the plain ones
FLOOR = 0.25  # of the median misfit before: a smaller one is luck, not a measure of what a mix can do


@dataclass(frozen=True)
class Problem:
    """outcomes: (T, U); before: the first `before` periods come before the change; predictors: (k, U), perhaps none.

    demeaned: the mix has to follow the ups and downs only, not the level (Ferman & Pinto 2021, section 4).
    """

    outcomes: Floats
    before: int
    predictors: Floats
    demeaned: bool = False

    @property
    def donors(self) -> int:
        return int(self.outcomes.shape[1]) - 1

    def without(self, unit: int) -> Problem:
        """The same problem with one column fewer."""
        import numpy as np

        return replace(
            self, outcomes=np.delete(self.outcomes, unit, axis=1), predictors=np.delete(self.predictors, unit, axis=1)
        )

    def about(self, unit: int) -> Problem:
        """The placebo problem: `unit` in the place of the treated one, which is left out."""
        import numpy as np

        order = [unit, *(j for j in range(1, self.outcomes.shape[1]) if j != unit)]
        return replace(
            self, outcomes=np.asarray(self.outcomes[:, order]), predictors=np.asarray(self.predictors[:, order])
        )


@dataclass(frozen=True)
class Mix:
    """weights: (U − 1,), of the donors; importance: (k + 3,) of the predictors and three outcomes before (empty without
    predictors); gap: (T,) treated minus mix; misfit: root mean square gap before; effect: mean gap after."""

    weights: Floats
    importance: Floats
    gap: Floats
    misfit: float
    effect: float


@dataclass(frozen=True)
class Placebo:
    """What the same procedure says about units to which nothing happened.

    donors: (J,) the columns that took a turn, all up to 99; effects, misfits: (J,) their mean gap after and misfit before;
    gaps: (T, J); scale: (J + 1,) misfits by which gaps
    are measured, treated first; p: chance of so large a gap if units are exchangeable; p_ratio: the same by the ratio of
    root mean square gaps after and before (Abadie, Diamond & Hainmueller 2010, section 3.4); half: half the width of the interval;
    level: its level; error: root mean square placebo effect at the treated unit's scale.
    """

    donors: NDArray[np.int64]
    effects: Floats
    misfits: Floats
    gaps: Floats
    scale: Floats
    p: float
    p_ratio: float
    rank: int
    half: float
    level: float
    error: float


def simplex(a: Floats, b: Floats) -> Floats:
    """Weights w ≥ 0 with sum 1 that minimise ‖a w − b‖; a: (m, J), b: (m,).

    With sum 1 the aim is the shortest vector among mixes of the columns of a − b1ᵀ. Non-negative least squares of
    [a − b1ᵀ; 1ᵀ]u = (0, …, 0, 1) finds it exactly (Lawson & Hanson 1974, chapter 23): u = w/(1 + ‖·‖²). Deterministic.
    """
    import numpy as np
    from scipy.optimize import nnls

    gaps = a - b[:, None]
    size = float(np.sqrt((gaps**2).mean())) or 1.0
    target = np.zeros(len(b) + 1)
    target[-1] = 1.0
    u, _ = nnls(np.vstack([gaps / size, np.ones((1, a.shape[1]))]), target, maxiter=100 * a.shape[1])
    return np.asarray(u / u.sum())


def _of_members(a: Floats, b: Floats, members: NDArray[np.int64]) -> Floats | None:
    """The weights of `simplex` if just these columns have any; None where that is not so (Karush–Kuhn–Tucker conditions)."""
    import numpy as np

    m = len(members)
    if not 0 < m <= len(b) + 1:
        return None
    part = a[:, members]
    kkt = np.zeros((m + 1, m + 1))
    kkt[:m, :m] = part.T @ part
    kkt[:m, m] = kkt[m, :m] = 1.0
    try:
        found = np.linalg.solve(kkt, np.append(part.T @ b, 1.0))
    except np.linalg.LinAlgError:
        return None
    slack = a.T @ (part @ found[:m] - b) + found[m]
    near = 1e-9 * float((a * a).sum(axis=0).max())
    if found[:m].min() <= 0 or slack.min() < -near or np.abs(slack[members]).max() > near:
        return None
    w = np.zeros(a.shape[1])
    w[members] = found[:m]
    return w


def fit(problem: Problem) -> Mix:
    """The mix for column 0.

    Without predictors: weights that follow all outcomes before. With predictors (Abadie, Diamond & Hainmueller 2010, section
    2.3): weights closest in the predictors and in the outcome at the first, the middle and the last period before (their
    three lagged values), where the importance of each is chosen so that all outcomes before are followed best.
    """
    import numpy as np

    y = problem.outcomes
    level = y[: problem.before].mean(axis=0) if problem.demeaned else np.zeros(y.shape[1])
    y = y - level
    before, own = y[: problem.before, 1:], y[: problem.before, 0]
    importance = np.zeros(0)
    if len(problem.predictors) and not problem.demeaned:
        features = _features(problem)
        weights, importance = _nested(features[:, 1:], features[:, 0], before, own)
    else:
        weights = simplex(before, own)
    gap = y[:, 0] - y[:, 1:] @ weights
    misfit = float(np.sqrt((gap[: problem.before] ** 2).mean()))
    return Mix(weights, importance, gap, misfit, float(gap[problem.before :].mean()))


def _features(problem: Problem) -> Floats:
    """(k + 3, U) predictors, and the outcome at the first, middle and last period before; each with spread one over units."""
    import numpy as np

    lags = problem.outcomes[[0, problem.before // 2, problem.before - 1]]
    rows = np.vstack([problem.predictors, lags])
    spread = rows.std(axis=1, ddof=1)
    rows = rows[spread > 1e-12 * np.abs(rows).max(axis=1)]
    return np.asarray(rows / rows.std(axis=1, ddof=1)[:, None])


def _nested(x: Floats, own_x: Floats, z: Floats, own_z: Floats) -> tuple[Floats, Floats]:
    """(weights, importance): the importance v (sum 1) for which the weights closest in √v-scaled features follow the outcomes
    best. Descent on log v with exact derivatives (of the solution on its active set) from fixed starts: always the same."""
    import numpy as np
    from scipy.optimize import minimize

    k, spread = len(own_x), float(((z - own_z[:, None]) ** 2).mean()) or 1.0

    members = np.zeros(0, dtype="int64")  # of the last mix: near by, the same ones mostly make the best mix again

    def weights_at(theta: Floats) -> Floats:
        nonlocal members
        root = np.exp(theta / 2)
        a, b = x * root[:, None], own_x * root
        w = _of_members(a, b, members)
        if w is None:
            w = simplex(a, b)
            members = np.flatnonzero(w > 1e-10)
        return w

    def loss(theta: Floats) -> tuple[float, Floats]:
        v, w = np.exp(theta), weights_at(theta)
        active = np.flatnonzero(w > 1e-10)
        part, m = x[:, active], len(active)
        miss = own_z - z @ w
        slope = -2.0 * (z[:, active].T @ miss) / len(own_z) / spread
        kkt = np.zeros((m + 1, m + 1))
        kkt[:m, :m] = (part * v[:, None]).T @ part
        kkt[:m, m] = kkt[m, :m] = 1.0
        kkt[np.arange(m), np.arange(m)] += 1e-12 * float(np.trace(kkt)) / max(m, 1)
        adjoint = np.linalg.solve(kkt, np.append(slope, 0.0))[:m]
        gradient = -(part @ adjoint) * (part @ w[active] - own_x) * v
        return float(miss @ miss) / len(own_z) / spread, gradient

    drawn = np.log(
        np.random.default_rng(0).exponential(size=(TRIED, k)) + 1e-6
    )  # even over the simplex; the same every time
    drawn = np.clip(drawn - drawn.max(axis=1, keepdims=True), -LEAST, 0.0)
    likely = drawn[np.argsort([loss(t)[0] for t in drawn], kind="stable")[:DESCENTS]]
    alone = np.where(np.eye(k) > 0, 0.0, -4.0)
    lags = np.where(np.arange(k) < k - 3, -6.0, 0.0)
    starts = np.vstack([np.zeros((1, k)), alone, lags[None], likely])
    best, found = np.inf, starts[0]
    for start in starts:
        result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-LEAST, 0.0)] * k, options={"maxiter": 25})
        if result.fun < best - 1e-12:
            best, found = float(result.fun), result.x
    # the loss has kinks where a donor enters or leaves the mix; a search without derivatives goes on from there
    corners = np.vstack([found, found + 2.0 * np.eye(k)])
    settings = {"maxfev": 25 * k, "xatol": 1e-2, "fatol": 1e-6, "initial_simplex": corners - corners.max()}

    def misfit(theta: Floats) -> float:
        miss = own_z - z @ weights_at(np.clip(theta, -LEAST, 20.0))
        return float(miss @ miss) / len(own_z) / spread

    polished = minimize(misfit, found, method="Nelder-Mead", options=settings)
    if polished.fun < best:
        found = np.clip(polished.x, -LEAST, 20.0)
    importance = np.exp(found)
    return weights_at(found), np.asarray(importance / importance.sum())


def placebo(problem: Problem, own: Mix, most: float = 0.95) -> Placebo:
    """Placebos in space, and the interval by inverting their permutation test.

    Every donor takes the place of the treated unit; the treated unit is in no placebo's mix. With gaps measured in units of
    their own misfit before, the treated unit's gap, less a supposed constant effect, ranks among the J placebos by chance
    alone if units are exchangeable; an effect is in the interval unless its rank is in the top α(J + 1) (Abadie, Diamond &
    Hainmueller 2010, section 3.4; Firpo & Possebom 2018, section 4). With fewer than 19 donors 95 % cannot be had: the level is
    then 1 − 1/(J + 1).
    """
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found,import-untyped,unused-ignore]

    donors = np.unique(np.linspace(1, problem.donors, min(problem.donors, MOST)).round().astype(int))
    with threadpool_limits(1):  # thousands of tiny problems: threads only get in each other's way
        mixes = [fit(problem.about(int(j))) for j in donors]
    effects = np.array([m.effect for m in mixes])
    misfits = np.array([own.misfit, *(m.misfit for m in mixes)])
    floor = FLOOR * float(np.median(misfits))
    scale = np.maximum(misfits, floor) if floor > 0 else np.ones(len(misfits))
    gaps = np.column_stack([m.gap for m in mixes])
    after = np.sqrt((np.column_stack([own.gap, gaps])[problem.before :] ** 2).mean(axis=0))
    ratio = after / scale
    sizes = np.abs(effects) / scale[1:]
    own_size = abs(own.effect) / scale[0]
    units = len(mixes) + 1
    top = int((1 - most) * units + 1e-9)
    level = most if top >= 1 else 1 - 1 / units
    return Placebo(
        donors=donors,
        effects=effects,
        misfits=misfits[1:],
        gaps=gaps,
        scale=scale,
        p=float(1 + (sizes >= own_size).sum()) / units,
        p_ratio=float((ratio >= ratio[0]).sum()) / units,
        rank=int((ratio >= ratio[0]).sum()),
        half=float(np.sort(sizes)[-max(top, 1)] * scale[0]),
        level=level,
        error=float(np.sqrt((sizes**2).mean()) * scale[0]),
    )


def earlier(problem: Problem, start: int) -> Problem:
    """The problem in time: only periods before the change, with a made-up change before period `start`.

    Predictors stay what they are: averages over the whole time before the change.
    """
    return replace(problem, outcomes=problem.outcomes[: problem.before], before=start)
