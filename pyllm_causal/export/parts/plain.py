"""The same answers by the libraries that people know, for analyses without anything special."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .interval import Effect, around, from_means
from .table import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def with_difference_in_means(path: str, recipe: dict[str, Any]) -> Effect:
    """The difference of the two means with Welch's interval (scipy)."""
    from scipy import stats

    q = recipe
    rows = Rows(path, q)
    y = rows.term(q["y"])
    treated, control = (y[rows.term(q["arms"][arm]) == 1] for arm in ("treated", "control"))
    limits = stats.ttest_ind(treated, control, equal_var=False).confidence_interval(q["level"])
    return {"value": float(treated.mean() - control.mean()), "low": float(limits.low), "high": float(limits.high)}


def with_regression(path: str, recipe: dict[str, Any]) -> Effect:
    """Two groups: an outcome model in each (least squares by statsmodels for numbers; logistic for yes/no, Poisson for counts), or
    one with shared slopes; everybody asked about is predicted under both treatments, and the predictions are averaged.

    What each row adds to both means: its own prediction, and its pull on the model (residuals HC2, or times √(m/(m − p))).
    """
    import numpy as np
    import statsmodels.api as sm

    q = recipe
    rows = Rows(path, q)
    y, w, x = rows.term(q["y"]), rows.weights(q["weights"]), rows.terms(q["x"])
    treated, control = (rows.term(q["arms"][arm]) == 1 for arm in ("treated", "control"))
    wanted = {"treated": treated, "untreated": control}.get(q["target"], np.ones(rows.n, dtype=bool))
    x = (x - x.mean(axis=0)) / np.where(
        x.std(axis=0) > 0, x.std(axis=0), 1.0
    )  # changes no prediction; keeps the digits
    share = w * wanted / (w * wanted).sum()  # of everybody asked about
    linear = q["outcome_kind"] == "number"
    means, adds = [], np.zeros((rows.n, 2))
    own = bool(q["form"][1])
    for column, group in enumerate((treated, control) if own else (treated | control, treated | control)):
        design = at = np.column_stack([np.ones(rows.n), x])
        if not own:
            at = np.column_stack([design, np.full(rows.n, 1.0 - column)])
            design = np.column_stack([design, treated])
        if linear:
            model = sm.WLS(y[group], design[group], weights=w[group]).fit()
            inverse = model.normalized_cov_params
            predicted, slope = at @ model.params, np.ones(rows.n)
            leverage = w[group] * ((design[group] @ inverse) * design[group]).sum(axis=1)
            residual = (y - design @ model.params)[group] / np.sqrt(np.clip(1 - leverage, 1e-3, 1.0))
        else:
            beta, inverse = _likelihood(design[group], y[group], w[group], q["outcome_kind"])
            predicted = _mean(at @ beta, q["outcome_kind"])
            slope = predicted * (1 - predicted) if q["outcome_kind"] == "yes_no" else predicted
            size = int(group.sum())
            residual = (y - _mean(design @ beta, q["outcome_kind"]))[group] * np.sqrt(
                size / max(size - design.shape[1], 1)
            )
        means.append(float(share @ predicted))
        adds[:, column] = share * (predicted - means[column])
        pull = design[group] @ inverse @ ((share * slope) @ at)
        adds[group, column] += w[group] * residual * pull
    coefficients = 2 * (x.shape[1] + 1) if own else x.shape[1] + 2
    matrix, dof = _covariance(adds, rows, q, float((treated | control).sum() - coefficients))
    chances = q["outcome_kind"] == "yes_no"
    return from_means(means[0], means[1], matrix, dof, q["scale"], q["level"], chances)


def _likelihood(design: Floats, y: Floats, w: Floats, kind: str) -> tuple[Floats, Floats]:
    """(coefficients, inverse of the information) of a logistic or Poisson model by Newton's method.

    As sm.GLM(y, design, family=…, freq_weights=w). Where a category has events only, or none, the likelihood alone has no
    maximum, and statsmodels stops somewhere: there the slopes bear a penalty of 1e-8 a row.
    """
    import numpy as np

    average = float(np.average(y, weights=w))
    start = math.log(average / (1 - average)) if kind == "yes_no" else math.log(average)

    def fitted(penalty: Floats) -> tuple[Floats, Floats, bool]:
        def loss(at: Floats) -> float:
            line = np.clip(design @ at, -30.0, 30.0)
            each = (np.logaddexp(0.0, line) if kind == "yes_no" else np.exp(line)) - y * line
            return float(w @ each + 0.5 * penalty @ at**2)

        def inverse(mean: Floats) -> Floats:
            curvature = w * np.maximum(mean * (1 - mean) if kind == "yes_no" else mean, 1e-12)
            return np.asarray(np.linalg.inv((design * curvature[:, None]).T @ design + np.diag(penalty)))

        beta = np.append(start, np.zeros(design.shape[1] - 1))
        best, change = loss(beta), math.inf
        for _ in range(50):
            line = design @ beta
            certain = np.abs(line).max() > 15 if kind == "yes_no" else line.min() < math.log(average) - 15
            if change <= 1e-11 * abs(best) or (certain and not penalty.any()):
                break
            mean = _mean(line, kind)
            beta = beta + inverse(mean) @ (design.T @ (w * (y - mean)) - penalty * beta)
            change, best = best - loss(beta), loss(beta)
        found = bool(penalty.any() or change <= 1e-11 * abs(best))
        return beta, inverse(_mean(design @ beta, kind)) if found else np.zeros(0), found

    beta, inverse, found = fitted(np.zeros(design.shape[1]))
    if not found:
        beta, inverse, _ = fitted(np.append(0.0, np.full(design.shape[1] - 1, 1e-8 * len(y))))
    return beta, inverse


def _mean(line: Floats, kind: str) -> Floats:
    """The chance, or the count, from the linear predictor."""
    import numpy as np

    line = np.clip(line, -30.0, 30.0)
    return 1 / (1 + np.exp(-line)) if kind == "yes_no" else np.exp(line)


def _covariance(adds: Floats, rows: Rows, q: dict[str, Any], dof: float) -> tuple[Floats, float]:
    """(sums of squares and products of what each row, or each cluster, adds to both means; degrees of freedom)."""
    import numpy as np

    if q["cluster"] is None:
        return adds.T @ adds, dof
    codes = rows.codes(q["cluster"])
    sums = np.column_stack([np.bincount(codes, weights=column) for column in adds.T])
    groups = len(sums)
    return sums.T @ sums * groups / (groups - 1), min(dof, groups - 1.0)


def with_two_stage(path: str, recipe: dict[str, Any]) -> Effect:
    """Two-stage least squares, or LIML, with robust or clustered errors (linearmodels)."""
    import numpy as np
    from linearmodels.iv import IV2SLS, IVLIML

    q = recipe
    rows = Rows(path, q)
    d = rows.term(q["d"])
    if q["step"] is not None:
        d = (d - q["step"]["control"]) / (q["step"]["treated"] - q["step"]["control"])
    fixed = np.column_stack([np.ones(rows.n), rows.terms(q["x"])])
    kind = IV2SLS if q["method"] == "2sls" else IVLIML
    model = kind(rows.term(q["y"]), fixed, d, rows.terms(q["z"]), weights=rows.weights(q["weights"]))
    if q["cluster"] is None:
        fitted = model.fit(cov_type="robust", debiased=True)
        dof = float(rows.n - fixed.shape[1] - 1)
    else:
        clusters = rows.codes(q["cluster"])
        fitted = model.fit(cov_type="clustered", clusters=clusters, debiased=True)
        dof = float(clusters.max())
    value, error = float(fitted.params.iloc[-1]), float(fitted.std_errors.iloc[-1])
    most = 1.0 if q["outcome_kind"] == "yes_no" and q["arms"] and abs(value) <= 1 else math.inf
    return around(value, error, dof, "difference", q["level"], most)


def with_cox(path: str, recipe: dict[str, Any]) -> Effect:
    """Proportional hazards with Efron's ties (statsmodels)."""
    import numpy as np
    import statsmodels.api as sm

    q = recipe
    rows = Rows(path, q)
    treatment = rows.term(q["dose"]) if q["arms"] is None else rows.term(q["arms"]["treated"])
    step = 1.0 if q["arms"] is not None else q["treated"] - q["control"]
    columns = np.column_stack([treatment, rows.terms(q["x"])])
    model = sm.PHReg(rows.term(q["y"]), columns, status=rows.term(q["event"]), ties="efron").fit()
    return around(step * float(model.params[0]), abs(step) * float(model.bse[0]), math.inf, "ratio", q["level"])


def with_differences(path: str, recipe: dict[str, Any]) -> Effect:
    """One start date and no clusters: least squares with effects of groups and periods, and an effect for each treated period,
    averaged over the treated rows; HC1 errors (statsmodels). With two periods this is the textbook interaction."""
    import numpy as np
    import statsmodels.api as sm

    q = recipe
    rows = Rows(path, q)
    time, never = rows.places(q["time"], q["periods"]), len(q["periods"])
    start = np.full(rows.n, never)
    for first in q["starts"]:
        start[rows.term(first["of"]) == 1] = first["period"]
    on, w = time >= start, rows.weights(q["weights"])
    late = np.unique(time[on])
    shares = np.array([w[on & (time == t)].sum() for t in late]) / w[on].sum()
    # centred at their shares, so that the first slope is the average over the treated rows
    treated = [on.astype(float)] + [on * ((time == t) - s) for t, s in zip(late[1:], shares[1:], strict=True)]
    group = rows.codes(q["group"])
    dummies = [np.eye(int(codes.max()) + 1)[codes][:, 1:] for codes in (group, time)]
    design = np.column_stack([*treated, np.ones(rows.n), *dummies, rows.terms(q["x"])])
    fit = sm.WLS(rows.term(q["y"]), design, weights=w).fit(cov_type="HC1", use_t=True)
    limits = fit.conf_int(1 - q["level"])[0]
    found = {"value": float(fit.params[0]), "low": float(limits[0]), "high": float(limits[1])}
    if q["sign"] < 0:
        found = {"value": -found["value"], "low": -found["high"], "high": -found["low"]}
    return found
