"""How strong the instruments are, and the interval that stays right when they are weak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .kclass import Partialled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEAK = 10.0  # first-stage F under which the usual interval is not trusted (Staiger & Stock 1997; the contract's rule)


@dataclass(frozen=True)
class Strength:
    """f: robust F that all instruments together do nothing to the treatment. effective: Montiel Olea & Pflueger's F, the
    same with one instrument. critical: what it must exceed so that the bias of two-stage least squares is under a tenth of
    the worst (5 % test). share: of the variation of the treatment that the instruments explain, given the rest."""

    f: float
    effective: float
    critical: float
    share: float


def strength(p: Partialled) -> Strength:
    """The first stage of `p` (at least one instrument). F is infinite where the instruments fix the treatment."""
    import numpy as np

    inside = p.z.T @ p.d
    rest = p.d - p.z @ inside
    explained = float(inside @ inside)
    whole = float(p.d @ p.d)
    if float(rest @ rest) <= 1e-20 * whole:
        return Strength(math.inf, math.inf, critical_value(1.0, 1.0), 1.0)
    noise = p.meat(p.z * rest[:, None], p.m)
    f = float(inside @ np.linalg.pinv(noise, hermitian=True) @ inside) / p.m
    trace = float(np.trace(noise))
    largest = float(np.linalg.eigvalsh(noise)[-1])
    # section 3 of the paper: effective degrees of freedom of the quadratic form, with the simplified bound x = 1/τ
    x = 10.0
    effective_dof = trace**2 * (1 + 2 * x) / (float((noise**2).sum()) + 2 * x * trace * largest)
    return Strength(f, explained / trace, critical_value(effective_dof, x), explained / whole)


def critical_value(effective_dof: float, x: float) -> float:
    """Critical value of the effective F (Montiel Olea & Pflueger 2013, section 3.2): the 95 % point of a non-central
    chi-square with K_eff degrees of freedom and non-centrality x·K_eff, divided by K_eff."""
    from scipy import stats

    return float(stats.ncx2.ppf(0.95, effective_dof, x * effective_dof)) / effective_dof


@dataclass(frozen=True)
class ConfidenceSet:
    """A union of closed intervals, in order; ends may be infinite. Empty: no value fits."""

    pieces: tuple[tuple[float, float], ...]

    @property
    def empty(self) -> bool:
        return not self.pieces

    @property
    def bounded(self) -> bool:
        return all(math.isfinite(end) for piece in self.pieces for end in piece)

    @property
    def hull(self) -> tuple[float, float]:
        return self.pieces[0][0], self.pieces[-1][1]

    def holds(self, value: float) -> bool:
        return any(low <= value <= high for low, high in self.pieces)


def anderson_rubin(p: Partialled, level: float = 0.95, cut: float | None = None) -> ConfidenceSet:
    """All effects b that an Anderson–Rubin test does not reject: those at which y − b d is unrelated to the instruments.

    Robust form (Chernozhukov & Hansen 2008; Andrews, Stock & Sun 2019, section 5): W(b) = g(b)'S(b)⁻¹g(b) with g(b) the
    reduced form less b times the first stage and S(b) its robust covariance, compared with m·F(m, n−k−m) (clusters less
    one for the latter with clusters). Inverted exactly: W(b) ≤ c where the matrix [[c, g'], [g, S]], a quadratic in b, is
    positive semi-definite, and its determinant can change sign only at the real roots of a quadratic eigenvalue problem.
    `cut` in place of c allows for more than chance.
    """
    import numpy as np
    from scipy import linalg, stats

    m = p.m
    g0, g1 = p.z.T @ p.y, -(p.z.T @ p.d)
    rest = [p.z * (v - p.z @ (p.z.T @ v))[:, None] for v in (p.y, p.d)]
    both = p.meat(np.hstack(rest), m)
    s0, s1, s2 = both[:m, :m], -(both[:m, m:] + both[m:, :m]), both[m:, m:]
    cut = m * float(stats.f.ppf(level, m, p.critical_dof(m))) if cut is None else cut
    # one unit of b for one unit of y over d: keeps the pencil well scaled
    unit = math.sqrt(float(p.y @ p.y) / max(float(p.d @ p.d), 1e-300)) or 1.0
    size = math.sqrt(float(np.trace(s0)) / m) or 1.0
    parts = [np.zeros((m + 1, m + 1)) for _ in range(3)]
    parts[0][0, 0] = cut
    for part, g, s, power in zip(parts, (g0, g1, None), (s0, s1, s2), range(3), strict=True):
        part[1:, 1:] = s * (unit**power / size**2)
        if g is not None:
            part[0, 1:] = part[1:, 0] = g * (unit**power / size)
    roots = _roots(parts)

    def inside(b: float) -> bool:
        matrix = parts[0] + b * parts[1] + b * b * parts[2]
        core, g = matrix[1:, 1:], matrix[0, 1:]
        try:
            return float(g @ linalg.solve(core, g, assume_a="sym")) <= cut
        except (linalg.LinAlgError, ValueError):
            return False

    edges = [-math.inf, *roots, math.inf]
    pieces: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        if not inside(_between(low, high)):
            continue
        if pieces and pieces[-1][1] == low:
            pieces[-1] = (pieces[-1][0], high)
        else:
            pieces.append((low, high))
    return ConfidenceSet(tuple((unit * low, unit * high) for low, high in pieces))


def _roots(parts: list[Floats]) -> list[float]:
    """Real b at which det(A + b B + b² C) = 0, sorted. One instrument gives a plain quadratic."""
    import numpy as np
    from scipy import linalg

    a, b, c = parts
    if len(a) == 2:
        cut = a[0, 0]
        found = np.roots([
            cut * c[1, 1] - b[0, 1] ** 2,
            cut * b[1, 1] - 2 * a[0, 1] * b[0, 1],
            cut * a[1, 1] - a[0, 1] ** 2,
        ])  # fmt: skip
        return sorted(float(v.real) for v in found if abs(v.imag) <= 1e-9 * max(1.0, abs(v)))
    size = len(a)
    zero, one = np.zeros((size, size)), np.eye(size)
    left = np.block([[zero, one], [-a, -b]])
    right = np.block([[one, zero], [zero, c]])
    found = linalg.eigvals(left, right, homogeneous_eigvals=True)
    alpha, beta = found
    finite = np.abs(beta) > 1e-11 * np.abs(alpha)
    values = alpha[finite] / beta[finite]
    return sorted(float(v.real) for v in values if abs(v.imag) <= 1e-6 * max(1.0, abs(v)))


def _between(low: float, high: float) -> float:
    """A point inside an interval that may be unbounded."""
    if math.isinf(low) and math.isinf(high):
        return 0.0
    if math.isinf(low):
        return high - max(1.0, abs(high))
    if math.isinf(high):
        return low + max(1.0, abs(low))
    return (low + high) / 2
