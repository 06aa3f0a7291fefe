"""Generalised linear models with canonical links by Newton's method, small and fast enough for hundreds of refits.

statsmodels gives the same coefficients (tests hold them together to 1e-8); this one costs no import, takes an
optional ridge penalty, and survives separation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Family = Literal["linear", "logistic", "poisson"]
LIMIT = 30.0
WELL_POSED = 1e9  # condition number up to which a plain inverse is taken
CERTAIN = 15.0  # a linear predictor beyond this is a chance of less than one in three million
GUARD = 1e-8  # penalty a row on the slopes of a model that has no finite maximum without


@dataclass(frozen=True)
class Glm:
    """A fitted model. `gram_inverse` is the inverse of the (penalised) information matrix, (p, p)."""

    family: Family
    beta: Floats
    gram_inverse: Floats
    converged: bool

    def mean(self, design: Floats) -> Floats:
        """Predicted mean, (n,)."""
        return mean_of(self.family, design @ self.beta)

    def slope(self, design: Floats) -> Floats:
        """Derivative of the mean with respect to the linear predictor, (n,)."""
        import numpy as np

        mean = self.mean(design)
        if self.family == "linear":
            return np.ones(len(mean))
        return mean * (1 - mean) if self.family == "logistic" else mean


def mean_of(family: Family, eta: Floats) -> Floats:
    """Inverse link, with the linear predictor bounded so that nothing overflows."""
    import numpy as np

    if family == "linear":
        return eta
    eta = np.clip(eta, -LIMIT, LIMIT)
    if family == "poisson":
        return np.asarray(np.exp(eta))
    return np.asarray(1.0 / (1.0 + np.exp(-eta)))


def with_intercept(x: Floats) -> Floats:
    """(n, 1 + k): a column of ones in front."""
    import numpy as np

    return np.column_stack([np.ones(len(x)), x])


def fit(
    design: Floats,
    y: Floats,
    weights: Floats,
    family: Family = "linear",
    ridge: float = 0.0,
    tolerance: float = 1e-11,
) -> Glm:
    """Weighted (penalised) maximum likelihood; the first column (intercept) is never penalised.

    design (n, p), y (n,), weights (n,) ≥ 0. `ridge` is in units of the information of one standardised column.
    Only where the likelihood has no finite maximum (a logistic or Poisson model that separates) is a tiny penalty put on the
    slopes, so a finite fit always comes back; directions without information get zero.
    """
    import numpy as np

    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    if family == "linear":
        gram = (design * weights[:, None]).T @ design + np.diag(penalty)
        inverse = _inverse(gram)
        beta = inverse @ (design.T @ (weights * y))
        # one step of iterative refinement keeps the digits that the normal equations lose
        beta = beta + inverse @ (design.T @ (weights * (y - design @ beta)) - penalty * beta)
        return Glm(family, beta, inverse, True)
    guard = GUARD * len(y)
    found = _newton(design, y, weights, family, penalty, tolerance, guarded=ridge >= guard)
    if found is None:  # the likelihood alone has no maximum, or nearly none
        penalty[1:] = guard
        found = _newton(design, y, weights, family, penalty, tolerance, guarded=True)
    assert found is not None
    return found


def _newton(
    design: Floats, y: Floats, weights: Floats, family: Family, penalty: Floats, tolerance: float, guarded: bool
) -> Glm | None:
    """The maximum of the penalised likelihood by Newton's method with step halving.

    None, unless `guarded`, where it does not converge or some row is all but certain, as happens under separation.
    """
    import numpy as np

    beta = np.zeros(design.shape[1])
    average = float(np.average(y, weights=weights))
    if family == "logistic":
        average = min(max(average, 1e-6), 1 - 1e-6)
        beta[0] = np.log(average / (1 - average))
    else:
        beta[0] = np.log(max(average, 1e-8))
    best = _objective(design, y, weights, family, beta, penalty)
    converged = False
    for _ in range(50):
        eta = design @ beta
        if not guarded and _certain(eta, family, average):
            return None
        mean = mean_of(family, eta)
        step = _inverse(_information(design, weights, family, mean, penalty)) @ (
            design.T @ (weights * (y - mean)) - penalty * beta
        )
        size = 1.0
        while size > 1e-4:
            trial = beta + size * step
            value = _objective(design, y, weights, family, trial, penalty)
            if value <= best + 1e-12 * abs(best):
                break
            size /= 2
        else:
            break
        beta, change, best = trial, best - value, value
        if change <= tolerance * (abs(best) + 1e-8):
            converged = True
            break
    if not converged and not guarded:
        return None
    at_last = _information(design, weights, family, mean_of(family, design @ beta), penalty)
    return Glm(family, beta, _inverse(at_last), converged)


def _information(design: Floats, weights: Floats, family: Family, mean: Floats, penalty: Floats) -> Floats:
    """Penalised information matrix (p, p) where the means are `mean`."""
    import numpy as np

    curvature = np.maximum(mean * (1 - mean) if family == "logistic" else mean, 1e-12) * weights
    return np.asarray((design * curvature[:, None]).T @ design + np.diag(penalty))


def _certain(eta: Floats, family: Family, average: float) -> bool:
    """Whether the model holds the event, or its absence, to be certain in some row: as separation makes it."""
    import numpy as np

    if family == "logistic":
        return bool(np.abs(eta).max() > CERTAIN)
    return bool(eta.min() < np.log(max(average, 1e-8)) - CERTAIN)


def solve(gram: Floats, moment: Floats, ridge: float) -> Floats:
    """Coefficients (p,) of a linear model from its Gram matrix (p, p) and moments (p,); the intercept is not penalised."""
    import numpy as np

    penalty = np.full(len(moment), ridge)
    penalty[0] = 0.0
    return np.asarray(_inverse(gram + np.diag(penalty)) @ moment)


def _objective(design: Floats, y: Floats, weights: Floats, family: Family, beta: Floats, penalty: Floats) -> float:
    import numpy as np

    eta = np.clip(design @ beta, -LIMIT, LIMIT)
    if family == "logistic":
        loss = np.logaddexp(0.0, eta) - y * eta
    else:
        loss = np.exp(eta) - y * eta
    return float(weights @ loss + 0.5 * (penalty @ beta**2))


def _inverse(gram: Floats) -> Floats:
    """Inverse of a symmetric matrix; directions without information get zero, as in a minimum-norm fit."""
    import numpy as np

    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled = gram / np.outer(scale, scale)
    try:  # forty times as fast as the eigenvalues, and enough where the problem is well-posed
        direct = np.linalg.inv(scaled)
        if np.linalg.norm(scaled) * np.linalg.norm(direct) < WELL_POSED:
            return np.asarray((direct + direct.T) / 2 / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(scaled)
    good = values > values[-1] * 1e-11
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T
    return np.asarray(inverse / np.outer(scale, scale))
