"""The same estimator in every group of rows, with what is needed to compare the groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Effect
from ..query import Scale
from . import glm
from .agreement import line_of
from .estimators import REGISTRY
from .estimators.doubly_robust import doubly_robust
from .estimators.regression import FAMILY, ROWS_A_SLOPE, _averaged, _scores
from .inference import Fit, covariance, effect_of
from .propensity import standardised
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FEW = 5  # rows in an arm of a group: below, nothing is said about it
ROUGH = 20  # below, what is said is rough
STRATIFIED = ("difference_in_means", "post_stratified", "matching")  # no model that could be shared


@dataclass(frozen=True)
class Group:
    """One group: the fit on its own rows, and that fit's influence (n, 2) among all n rows (None where it has none).

    few: rows in its smaller arm (its rows for a dose), where they are under `FEW`.
    """

    code: int
    rows: int
    fit: Fit
    sample: Sample
    influence: Floats | None
    few: int | None = None


def fits_by_group(
    sample: Sample, codes: Ints, method: str, function: Callable[[Sample], Fit] | None = None
) -> tuple[tuple[Group, ...], bool]:
    """(groups in order of their codes, whether models were fitted in each group separately).

    codes: (n,) group of each row. Each group has a model of its own where every arm of every group that anything is said about
    has ten rows a coefficient;
    otherwise regression and the doubly robust method share slopes between groups (each group keeps its own level in each arm).
    Groups with under two rows in an arm are left out. `function`: the estimator, if it is not that of the registry.
    """
    import numpy as np

    present = [int(g) for g in np.unique(codes) if _smallest(sample, codes == g) >= 2]
    parts = {g: part_of(sample, codes == g) for g in present}
    told = [g for g in present if _smallest(sample, codes == g) >= FEW]  # nothing hangs on the others
    alone = method in STRATIFIED or all(_smallest(sample, codes == g) >= ROWS_A_SLOPE * (parts[g].k + 1) for g in told)
    shared = None
    if not alone and sample.kind == "arms" and sample.target == "everyone":
        if method == "doubly_robust":
            shared = shared_scores(sample, codes, present)
        elif method == "regression":
            shared = _shared_regression(sample, codes, present)
    out = []
    for g in present:
        rows = np.flatnonzero(codes == g)
        smallest = _smallest(sample, codes == g)
        few = smallest if smallest < FEW else None
        if shared is not None:
            fit = shared[g]
            assert fit.influence is not None
            # the model rests on all rows: the fit of the group carries the covariance of the whole
            matrix, dof = covariance(fit, _free(sample))
            own = Fit(fit.treated, fit.control, covariance=matrix, dof=dof, notes=fit.notes)
            out.append(Group(g, len(rows), own, parts[g], fit.influence, few))
            continue
        part = parts[g]
        try:
            fit = (function or REGISTRY[method].function)(part)
        except np.linalg.LinAlgError:
            continue
        influence = None
        if fit.influence is not None:
            influence = np.zeros((sample.n, 2))
            influence[rows] = fit.influence * sample.n / len(rows)
        out.append(Group(g, len(rows), fit, part, influence, few))
    return tuple(out), shared is None


def _smallest(sample: Sample, rows: NDArray[np.bool_]) -> int:
    return smallest_arm(sample.take(rows))


def smallest_arm(sample: Sample) -> int:
    """Rows in the smaller arm; for a dose all rows, or none where it does not vary."""
    import numpy as np

    if sample.kind == "dose":
        return sample.n if sample.n and np.ptp(sample.dose) > 0 else 0
    return min(int((sample.arm == a).sum()) for a in (0, 1))


def part_of(sample: Sample, rows: NDArray[np.bool_]) -> Sample:
    """The sample among some rows: covariates that do not vary there left out, clusters and strata numbered anew."""
    import numpy as np

    part = sample.take(rows)
    if not part.n:
        return part
    varies = np.ptp(part.x, axis=0) > 0 if part.k else np.zeros(0, dtype=bool)
    return replace(
        part,
        x=part.x[:, varies],
        x_names=tuple(v for v, ok in zip(part.x_names, varies, strict=True) if ok),
        x_groups=tuple(v for v, ok in zip(part.x_groups, varies, strict=True) if ok),
        weights=part.weights * (part.n / part.weights.sum()),
        cluster=None if part.cluster is None else np.unique(part.cluster, return_inverse=True)[1],
        strata=None if part.strata is None else np.unique(part.strata, return_inverse=True)[1],
        form=None,
    )


def shared_scores(sample: Sample, codes: Ints, present: Sequence[int], scores: Floats | None = None) -> dict[int, Fit]:
    """Averages of doubly robust scores within groups, all models fitted on all rows (Semenova & Chernozhukov 2021, section 2).

    scores: (n, 2) pseudo-outcomes under treatment and control; by default those of the doubly robust estimator.
    """
    import numpy as np

    if scores is None:
        scores = pseudo_outcomes(sample)
    w, out = sample.weights, {}
    for g in present:
        here = codes == g
        total = float(w[here].sum())
        means = (w[here][:, None] * scores[here]).sum(axis=0) / total
        influence = np.where(here[:, None], (scores - means) * w[:, None], 0.0) * sample.n / total
        out[g] = Fit(float(means[0]), float(means[1]), influence=influence, dof=max(float(here.sum() - 2), 1.0))
    return out


def pseudo_outcomes(sample: Sample) -> Floats:
    """(n, 2) cross-fitted doubly robust scores: their mean over any rows estimates the two mean outcomes there. Arms,
    everyone."""
    import numpy as np

    fit = doubly_robust(replace(sample, target="everyone"))
    assert fit.influence is not None
    weights = np.maximum(sample.weights, 1e-300)[:, None]
    return np.asarray(fit.influence / weights + np.array([fit.treated, fit.control]))


def _shared_regression(sample: Sample, codes: Ints, present: Sequence[int]) -> dict[int, Fit]:
    """One model an arm (or one for both, where rows are few) with a level of its own for every group and shared slopes."""
    import numpy as np

    family = FAMILY[sample.outcome_kind]
    indicators = np.column_stack([(codes == g).astype("float64") for g in present[1:]]) if len(present) > 1 else None
    levels = np.zeros((sample.n, 0)) if indicators is None else indicators
    rest = standardised(sample.x)
    rest = rest[:, _beyond(rest, levels)]
    both = sample.arm >= 0
    smallest = min(int((sample.arm == a).sum()) for a in (0, 1))
    treated = (sample.arm == 1).astype("float64")
    split = smallest >= ROWS_A_SLOPE * (levels.shape[1] + rest.shape[1] + 1)

    def design_at(value: Floats) -> Floats:
        if split:
            return np.column_stack([np.ones(sample.n), levels, rest])
        return np.column_stack([np.ones(sample.n), value, levels, levels * value[:, None], rest])

    fits: dict[int, list[tuple[float, Floats]]] = {g: [] for g in present}
    for arm in (1, 0):
        rows = sample.arm == arm if split else both
        design = design_at(treated)
        model = glm.fit(design[rows], sample.y[rows], sample.weights[rows], family)
        scores = np.zeros_like(design)
        scores[rows] = _scores(model, design[rows], sample.y[rows], sample.weights[rows])
        at = design_at(np.full(sample.n, float(arm)))
        for g in present:
            here = codes == g
            share = float(sample.weights[here].sum()) / sample.n
            fits[g].append(_averaged(sample, model, at, here, share, scores))
    dof = max(float(both.sum() - 2 * (levels.shape[1] + rest.shape[1] + 1)), 1.0)
    notes = ("few rows in some groups: the same slopes were assumed in all of them",)
    return {
        g: Fit(a[0], b[0], influence=np.column_stack([a[1], b[1]]), dof=dof, notes=notes) for g, (a, b) in fits.items()
    }


def _beyond(x: Floats, levels: Floats) -> NDArray[np.bool_]:
    """Columns of x (n, k) that the group indicators do not already hold."""
    import numpy as np

    design = np.column_stack([np.ones(len(x)), levels])
    rest = x - design @ np.linalg.lstsq(design, x, rcond=1e-10)[0]
    return np.asarray(rest.std(axis=0) > 1e-6) if x.shape[1] else np.zeros(0, dtype=bool)


def _free(sample: Sample) -> Sample:
    return replace(sample, kind="dose")


def effect_in(group: Group, scale: Scale, unit: str) -> Effect | None:
    """The effect in one group; without an interval where it has too few rows; None where the scale is undefined."""
    found = effect_of(group.fit, group.sample, scale, unit)
    if found is None or group.few is None:
        return found
    why = f"only {group.few} rows in one of its arms" if group.sample.kind == "arms" else f"only {group.few} rows"
    return found.model_copy(
        update={"low": None, "high": None, "std_error": None, "p_value": None, "unbounded": True, "reason": why}
    )


def difference(sample: Sample, second: Group, first: Group, scale: Scale, unit: str) -> Effect | None:
    """The effect in the second group minus that in the first; for ratios the ratio of the two. Clusters that span the groups
    count: the influence of both lies on the same n rows."""
    import numpy as np

    upper, lower = _line(second, scale), _line(first, scale)
    if upper is None or lower is None:
        return None
    (b, b_part, b_var), (a, a_part, a_var) = upper, lower
    parts = [second.fit.dof, first.fit.dof]
    dof = math.inf
    if all(math.isfinite(d) for d in parts) and a_var + b_var > 0:
        dof = (a_var + b_var) ** 2 / (b_var**2 / parts[0] + a_var**2 / parts[1])
    ratio = scale != "difference"
    values = [math.exp(min(v, 700.0)) if ratio else v for v in (b, a)]
    scaled = values if ratio else [1.0, 1.0]
    if b_part is not None and a_part is not None:
        columns = np.column_stack([b_part * scaled[0], a_part * scaled[1]])
        fit = Fit(values[0], values[1], influence=columns, dof=dof)
    else:
        fit = Fit(values[0], values[1], covariance=np.diag([b_var * scaled[0] ** 2, a_var * scaled[1] ** 2]), dof=dof)
    found = effect_of(fit, _free(sample), "ratio" if scale in ("odds_ratio", "rate_ratio") else scale, unit)
    return None if found is None else found.model_copy(update={"scale": scale})


def _line(group: Group, scale: Scale) -> tuple[float, Floats | None, float] | None:
    """(effect where sampling is symmetric, its influence (n,), its variance)."""
    import numpy as np

    m1, m0 = group.fit.treated, group.fit.control
    if scale == "difference":
        value, gradient = m1 - m0, np.array([1.0, -1.0])
    elif m1 <= 0 or m0 <= 0 or (scale == "odds_ratio" and max(m1, m0) >= 1):
        return None
    elif scale == "odds_ratio":
        value = math.log(m1 / (1 - m1)) - math.log(m0 / (1 - m0))
        gradient = np.array([1 / (m1 * (1 - m1)), -1 / (m0 * (1 - m0))])
    else:
        value, gradient = math.log(m1 / m0), np.array([1 / m1, -1 / m0])
    matrix, _ = covariance(group.fit, group.sample)
    part = None if group.influence is None else group.influence @ gradient
    return value, part, float(gradient @ matrix @ gradient)


def joint_test(sample: Sample, groups: Sequence[Group], scale: Scale) -> float | None:
    """p-value that the effect is the same in all groups (Wald, with clusters); None where it cannot be tested."""
    import numpy as np
    from scipy import stats

    lines = [_line(g, scale) for g in groups if g.few is None]
    kept = [v for v in lines if v is not None]
    if len(kept) < 2:
        return None
    values = np.array([v[0] for v in kept])
    if all(v[1] is not None for v in kept):
        columns = np.column_stack([v[1] for v in kept if v[1] is not None])
        if sample.cluster is not None:
            columns = np.column_stack([np.bincount(sample.cluster, weights=c) for c in columns.T])
        matrix = columns.T @ columns / sample.n**2
    else:
        matrix = np.diag([v[2] for v in kept])
    steps = np.eye(len(kept))[1:] - np.eye(len(kept))[0]
    gap, spread = steps @ values, steps @ matrix @ steps.T
    try:
        wald = float(gap @ np.linalg.solve(spread, gap))
    except np.linalg.LinAlgError:
        return None
    return float(stats.chi2.sf(wald, len(kept) - 1))


def apart(second: Effect | None, first: Effect | None) -> Effect | None:
    """As `difference` for groups that share no rows: second less first (the ratio of the two on ratio scales), from independent rows."""
    from scipy import stats

    if second is None or first is None or not second.std_error or not first.std_error:
        return None
    value, error = line_of(second) - line_of(first), math.hypot(second.std_error, first.std_error)
    if not math.isfinite(value):
        return None

    def back(v: float) -> float:
        if second.scale == "difference":
            return v
        ratio = math.exp(min(v, 700.0))
        return 100 * (ratio - 1) if second.scale == "percent" else ratio

    return Effect(
        value=back(value),
        low=back(value - 1.959964 * error),
        high=back(value + 1.959964 * error),
        scale=second.scale,
        unit=second.unit,
        std_error=error,
        p_value=float(2 * stats.norm.sf(abs(value) / error)),
    )
