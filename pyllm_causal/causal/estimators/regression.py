"""Regression standardisation: model the outcome, predict it for everyone under both treatments, average.

Linear for numbers, logistic for yes/no, Poisson for counts. Arms get a model each (so effects may differ between
people: Lin 2013; Hernán & Robins 2020, chapter 13); few rows share slopes. Standard errors are those of the stacked
estimating equations (Stefanski & Boos 2002), robust to unequal variances (HC2 residuals in the linear case).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import glm
from ..inference import Fit, covariance
from ..learners import expanded
from ..sample import Sample, without_covariates
from . import estimator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FAMILY: dict[str, glm.Family] = {"number": "linear", "yes_no": "logistic", "count": "poisson"}
ROWS_A_SLOPE = 10  # rows in the smaller arm for every coefficient of its own; with fewer, slopes are shared (Harrell 2015, section 4.4)
# One slope for everyone is given up early, for products cost next to no precision: at 1 % intervals cover 75 % instead of
# 95 % where slope and spread of the dose vary together. A curve doubles the margin, so it needs clear evidence.
CURVE_LEVEL = 0.01
VARIED_LEVEL = 0.5
# Products that cost a margin half as wide again average slopes over rows whose like have next to no spread in the dose: the
# figure then rests on the form of the model alone. Least squares counts rows by that spread (Angrist & Krueger 1999, eq. 34).
DEAR_PRODUCTS = 1.5
UNEVEN = "the effect is not the same at every dose; this is its average over the range seen"


def _fits(sample: Sample) -> bool:
    return sample.kind == "dose" or sample.k > 0


@estimator("regression", "regression, standardised to the people asked about", _fits)
def regression(sample: Sample) -> Fit:
    """Estimand: mean outcome under each treatment, over the target population. Assumes no unmeasured shared cause and
    an outcome model of the right form. Arms with fewer than ten rows a coefficient share slopes."""
    import numpy as np

    if sample.kind == "dose":
        return _dose(sample)
    family = FAMILY[sample.outcome_kind]
    x = _centred(sample.x)
    per_arm = [int((sample.arm == a).sum()) for a in (1, 0)]
    if min(per_arm) == 0:
        raise np.linalg.LinAlgError("a group has no rows")
    if not form_of(sample)[1]:
        treated = (sample.arm == 1).astype("float64")
        both = sample.arm >= 0
        return _standardise(sample, family, np.column_stack([treated, x]), x, both)
    wanted = sample.wanted()
    share = float((sample.weights * wanted).sum()) / sample.n
    design = glm.with_intercept(x)
    means, influence = [], np.zeros((sample.n, 2))
    for column, arm in ((0, 1), (1, 0)):
        rows = sample.arm == arm
        model = glm.fit(design[rows], sample.y[rows], sample.weights[rows], family)
        predicted = model.mean(design)
        mean = float(np.average(predicted[wanted], weights=sample.weights[wanted]))
        gradient = np.where(wanted, sample.weights * model.slope(design), 0.0) @ design / (share * sample.n)
        influence[:, column] = np.where(wanted, sample.weights * (predicted - mean) / share, 0.0)
        scores = _scores(model, design[rows], sample.y[rows], sample.weights[rows])
        influence[rows, column] += scores @ (model.gram_inverse @ gradient * sample.n)
        means.append(mean)
    return Fit(means[0], means[1], influence=influence, dof=float(sum(per_arm) - 2 * (sample.k + 1)))


def _bends(sample: Sample) -> bool:
    """Covariates that can be bent, and rows enough for it."""
    import numpy as np

    if sample.kind != "dose" or sample.k == 0 or sample.n < 200:
        return False
    bent = any(len(np.unique(sample.x[:, j])) > 6 for j in range(sample.k))
    return bent and expanded(sample.x).shape[1] <= sample.n // 20


@estimator("flexible_regression", "regression with bent covariates", _bends, refits=20)
def flexible_regression(sample: Sample) -> Fit:
    """`regression` for a dose with squares, splines and products of the covariates (`learners.expanded`) in place of straight
    lines. Assumes no unmeasured shared cause and an outcome model within that class."""
    return regression(bent(sample))


def bent(sample: Sample) -> Sample:
    """The sample with its covariates bent (`learners.expanded`)."""
    rich = expanded(sample.x)
    names = tuple(f"b{j}" for j in range(rich.shape[1]))
    return replace(sample, x=rich, x_names=names, x_groups=names)


def _centred(x: Floats) -> Floats:
    import numpy as np

    if not x.shape[1]:
        return x
    spread = x.std(axis=0)
    spread[spread == 0] = 1.0
    return np.asarray((x - x.mean(axis=0)) / spread)


def _scores(model: glm.Glm, design: Floats, y: Floats, weights: Floats) -> Floats:
    """(m, p) score contributions with residuals scaled by leverage (HC2) or by m/(m − p)."""
    import numpy as np

    residual = y - model.mean(design)
    m, p = design.shape
    if model.family == "linear":
        leverage = ((design @ model.gram_inverse) * design).sum(axis=1) * weights
        residual = residual / np.sqrt(np.clip(1.0 - leverage, 1e-3, 1.0))
    else:
        residual = residual * np.sqrt(m / max(m - p, 1))
    return np.asarray(design * (weights * residual)[:, None])


def _standardise(sample: Sample, family: glm.Family, inner: Floats, x: Floats, rows: NDArray[np.bool_]) -> Fit:
    """One model with shared slopes; `inner` is [treatment, x]."""
    import numpy as np

    design = glm.with_intercept(inner)
    model = glm.fit(design[rows], sample.y[rows], sample.weights[rows], family)
    wanted = sample.wanted()
    share = float((sample.weights * wanted).sum()) / sample.n
    means, influence = [], np.zeros((sample.n, 2))
    scores = np.zeros((sample.n, design.shape[1]))
    scores[rows] = _scores(model, design[rows], sample.y[rows], sample.weights[rows])
    for column, value in ((0, 1.0), (1, 0.0)):
        at = glm.with_intercept(np.column_stack([np.full(sample.n, value), x]))
        mean, part = _averaged(sample, model, at, wanted, share, scores)
        means.append(mean)
        influence[:, column] = part
    notes = ("the same slopes were assumed in both groups: the rows cannot carry a model for each",)
    return Fit(means[0], means[1], influence=influence, dof=float(rows.sum() - design.shape[1]), notes=notes)


def _averaged(
    sample: Sample, model: glm.Glm, at: Floats, wanted: NDArray[np.bool_], share: float, scores: Floats
) -> tuple[float, Floats]:
    """Mean prediction over the wanted rows when the design is `at`, and its influence (n,)."""
    import numpy as np

    predicted = model.mean(at)
    mean = float(np.average(predicted[wanted], weights=sample.weights[wanted]))
    gradient = np.where(wanted, sample.weights * model.slope(at), 0.0) @ at / (share * sample.n)
    own = np.where(wanted, sample.weights * (predicted - mean) / share, 0.0)
    return mean, own + scores @ (model.gram_inverse @ gradient * sample.n)


def _dose(sample: Sample) -> Fit:
    """Per unit: the average slope of a straight line, whatever the outcome (best linear approximation).

    Between two named numbers: the model of the outcome's own kind, bent (a parabola, or a cubic for ten levels and more)
    where the straight line is rejected at 1 % and both numbers lie inside the range seen.
    """
    family = FAMILY[sample.outcome_kind] if not sample.per_unit else "linear"
    x = _centred(sample.x)
    middle, spread = float(sample.dose.mean()), float(sample.dose.std()) or 1.0
    inside = _inside(sample)
    powers, interact = form_of(sample)
    notes: tuple[str, ...] = ()
    if powers > 1:
        notes = ("the effect is not the same at every dose: a curve was fitted",)
    elif sample.per_unit and sample.n >= 50 and curved(sample) < CURVE_LEVEL:
        notes = (UNEVEN,)
    if not inside:
        notes += ("one of the two values lies outside the range seen: the straight line was extended",)

    def design_at(dose: Floats) -> Floats:
        import numpy as np

        t = (dose - middle) / spread
        columns = [np.ones(sample.n), *(t**p for p in range(1, powers + 1)), x]
        if interact:
            columns.append(x * t[:, None])
        return np.column_stack(columns)

    return between(sample, design_at, family, notes)


def between(
    sample: Sample, design_at: Callable[[Floats], Floats], family: glm.Family, notes: tuple[str, ...] = ()
) -> Fit:
    """The two means of a model in a dose: `design_at` gives its columns (n, p) where row i has the dose d[i]."""
    import numpy as np

    design = design_at(sample.dose)
    model = glm.fit(design, sample.y, sample.weights, family)
    scores = _scores(model, design, sample.y, sample.weights)
    everyone = np.ones(sample.n, dtype=bool)
    parts = [
        _averaged(sample, model, design_at(np.full(sample.n, value)), everyone, 1.0, scores)
        for value in (sample.treated, sample.control)
    ]
    return Fit(
        parts[0][0],
        parts[1][0],
        influence=np.column_stack([parts[0][1], parts[1][1]]),
        dof=float(sample.n - design.shape[1]),
        notes=notes,
    )


def form_of(sample: Sample) -> tuple[int, bool]:
    """(highest power of the treatment, whether its slope differs with the covariates: for arms, whether each has a model of its
    own), decided once: a check that refits the method on other rows keeps the form, or it would measure how often tests reject.
    """
    if sample.form is not None:
        return sample.form
    if sample.kind == "arms":
        enough = min(int((sample.arm == a).sum()) for a in (1, 0)) >= ROWS_A_SLOPE * (sample.k + 1)
        return 1, enough and vary_alike(sample)
    bent = not sample.per_unit and _inside(sample) and sample.n >= 50 and curved(sample) < CURVE_LEVEL
    powers = _bend(sample.dose) if bent else 1
    interact = 0 < sample.k <= sample.n // 20 and varied(sample) < VARIED_LEVEL
    return powers, interact and not _dear(sample, powers)


def vary_alike(sample: Sample) -> bool:
    """Whether the covariates vary in as many directions within each arm as in both together. Where one is constant in an arm
    (a rare trait that no control has), a model of that arm alone cannot tell it from the intercept, and would extrapolate."""
    import numpy as np

    if not sample.k:
        return True
    pair = sample.arm >= 0
    x, arm = _centred(sample.x)[pair], sample.arm[pair]

    def directions(rows: Floats) -> int:
        rows = rows - rows.mean(axis=0)
        return int(np.linalg.matrix_rank(rows.T @ rows, hermitian=True, tol=1e-9 * len(x)))

    whole = directions(x)
    return all(directions(x[arm == a]) == whole for a in (1, 0))


def _dear(sample: Sample, powers: int) -> bool:
    """Whether products of dose and covariates widen the margin of the contrast by more than half."""
    import numpy as np

    step = np.array([1.0, -1.0])
    wide, plain = (
        float(step @ covariance(_dose(replace(sample, form=(powers, interact))), sample)[0] @ step)
        for interact in (True, False)
    )
    return wide > DEAR_PRODUCTS**2 * plain


def misfit(sample: Sample) -> float:
    """How far, in parts of the fitted effect, rows near the two named doses lie from what the form says: the difference of
    their mean residuals over the effect. 0.0 where chance explains it (p ≥ 0.01) or fewer than 30 rows are near either.

    Near is within a quarter of the distance between the two doses. Assumes one dose is not the other.
    """
    import numpy as np
    from scipy import stats

    power, interact = form_of(sample)
    family = FAMILY[sample.outcome_kind]
    t = _centred(sample.dose[:, None])
    x = _centred(sample.x)
    blocks = [t**p for p in range(1, power + 1)] + [x] + ([x * t] if interact else [])
    design = glm.with_intercept(np.column_stack(blocks))
    residual = sample.y - glm.fit(design, sample.y, sample.weights, family).mean(design)
    window = abs(sample.treated - sample.control) / 4
    near = [residual[np.abs(sample.dose - value) <= window] for value in (sample.treated, sample.control)]
    if min(len(r) for r in near) < 30:
        return 0.0
    gap = float(near[0].mean() - near[1].mean())
    error = float(np.sqrt(sum(r.var(ddof=1) / len(r) for r in near)))
    if error == 0 or 2 * stats.norm.sf(abs(gap) / error) >= CURVE_LEVEL:
        return 0.0
    fitted = regression(sample)
    return abs(gap) / max(abs(fitted.treated - fitted.control), 1e-12)


def _inside(sample: Sample) -> bool:
    """Whether both doses lie inside the range seen."""
    low, high = sorted((sample.treated, sample.control))
    return bool(sample.dose.min() <= low and high <= sample.dose.max())


def curved(sample: Sample) -> float:
    """p-value of a robust Wald test that square (and cube) of the dose add nothing to the outcome model."""
    import numpy as np

    if len(np.unique(sample.dose)) < 4:
        return 1.0
    t = _centred(sample.dose[:, None])[:, 0]
    added = np.column_stack([t**p for p in range(2, _bend(sample.dose) + 1)])
    return _wald(sample, added, FAMILY[sample.outcome_kind])


def _bend(dose: Floats) -> int:
    """Highest power of the dose: through a few levels a cubic swings wildly."""
    import numpy as np

    return 3 if len(np.unique(dose)) >= 10 else 2


def varied(sample: Sample) -> float:
    """p-value of a robust Wald test that the effect of the dose is the same at every value of the covariates."""
    t = _centred(sample.dose[:, None])
    family = FAMILY[sample.outcome_kind] if not sample.per_unit else "linear"
    return _wald(sample, _centred(sample.x) * t, family)


def _wald(sample: Sample, added: Floats, family: glm.Family) -> float:
    import numpy as np
    from scipy import stats

    t = _centred(sample.dose[:, None])
    design = glm.with_intercept(np.column_stack([added, t, _centred(sample.x)]))
    model = glm.fit(design, sample.y, sample.weights, family)
    scores = _scores(model, design, sample.y, sample.weights)
    if sample.cluster is not None:
        scores = np.column_stack([np.bincount(sample.cluster, weights=c) for c in scores.T])
    cov = model.gram_inverse @ (scores.T @ scores) @ model.gram_inverse
    block = slice(1, 1 + added.shape[1])
    try:
        wald = float(model.beta[block] @ np.linalg.solve(cov[block, block], model.beta[block]))
    except np.linalg.LinAlgError:
        return 1.0
    return float(stats.chi2.sf(wald, added.shape[1]))


def unadjusted(sample: Sample) -> Fit:
    """The same comparison without covariates, for contrast with the adjusted one."""
    from .means import difference_in_means

    bare = without_covariates(sample)
    return difference_in_means(bare) if bare.kind == "arms" else regression(bare)
