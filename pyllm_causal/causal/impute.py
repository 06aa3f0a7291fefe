"""Multiple imputation of missing covariates: chained equations with predictive mean matching, pooled by Rubin's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import count
from .glm import with_intercept
from .inference import Fit, covariance
from .propensity import standardised
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

COPIES = 20  # White, Royston & Wood 2011, section 7: about one for every per cent of rows with a gap
ROUNDS = 10
DONORS = 5
MANY = 0.4  # of the rows with a gap, above which certainty falls


def incomplete_rows(sample: Sample) -> int:
    """How many rows have a gap in some covariate."""
    import numpy as np

    return int(np.isnan(sample.x).any(axis=1).sum())


def filled_in(sample: Sample, gaps: int) -> Diagnosis:
    """How much of the answer rests on filled-in cells."""
    share = gaps / max(sample.n, 1)
    return Diagnosis(
        name="imputed",
        status="warning" if share > MANY else "ok",
        finding=f"in {count(gaps)} of {count(sample.n)} rows something that is held fixed was filled in, not recorded",
        figures={"rows": gaps, "share": share, "copies": COPIES},
    )


def matched(copy: Sample, sample: Sample) -> Sample:
    """Another completion with the rows and the reading of the outcome that were settled on the first."""
    import numpy as np

    assert copy.rows is not None and sample.rows is not None
    kept = np.isin(copy.rows, sample.rows)
    return replace(sample, x=copy.x[kept])


def completed(sample: Sample, seed: int, copies: int = COPIES) -> tuple[Sample, ...]:
    """`copies` samples with every missing covariate cell drawn from its distribution given all else (treatment and outcome too).

    Chained equations (van Buuren & Groothuis-Oudshoorn 2011) with predictive mean matching of type 1 (Little 1988): only
    values that occur are filled in. The columns of one category are filled in together, from one donor. Assumes that what is
    missing depends on nothing but what is recorded. x is (n, k) with NaN.
    """
    import numpy as np

    arms = (
        [(sample.arm == a).astype("float64") for a in np.unique(sample.arm)[1:]]
        if sample.kind == "arms"
        else [sample.dose]
    )
    outside = np.column_stack([sample.y, *arms, np.log(sample.weights + 1e-12)])
    if sample.outcome_kind == "count":
        outside = np.column_stack([outside, np.log1p(np.maximum(sample.y, 0))])
    blocks = [np.flatnonzero(np.asarray(sample.x_groups) == g) for g in dict.fromkeys(sample.x_groups)]
    gaps = np.isnan(sample.x)
    filled = []
    for copy in range(copies):
        rng = np.random.default_rng([seed, 0x1A9, copy])
        filled.append(replace(sample, x=_chain(sample.x, gaps, blocks, outside, rng)))
    return tuple(filled)


def _chain(x: Floats, gaps: Mask, blocks: list[NDArray[np.int64]], outside: Floats, rng: np.random.Generator) -> Floats:
    import numpy as np

    x = x.copy()
    holes = [(b, np.asarray(gaps[:, b].any(axis=1))) for b in blocks if gaps[:, b].any()]
    holes.sort(key=lambda h: int(h[1].sum()))
    for block, missing in holes:  # a start from the column's own values
        seen = np.flatnonzero(~missing)
        x[np.ix_(missing, block)] = x[np.ix_(rng.choice(seen, int(missing.sum())), block)]
    for _ in range(ROUNDS if len(holes) > 1 else 1):
        for block, missing in holes:
            others = np.delete(x, block, axis=1)
            design = with_intercept(standardised(np.column_stack([others, outside])))
            x[np.ix_(missing, block)] = x[np.ix_(_donors(design, x[:, block], ~missing, rng), block)]
    return x


def _donors(design: Floats, target: Floats, seen: Mask, rng: np.random.Generator) -> NDArray[np.int64]:
    """For every row with a gap, a row without whose prediction is among the `DONORS` nearest."""
    import numpy as np
    from scipy.spatial import cKDTree

    a, y = design[seen], target[seen]
    spread = y.std(axis=0)
    y = y / np.where(spread > 0, spread, 1.0)
    gram = a.T @ a
    gram += np.diag(1e-6 * np.diag(gram) + 1e-10)
    inverse = np.linalg.inv(gram)
    beta = inverse @ (a.T @ y)
    rest = y - a @ beta
    dof = max(len(a) - a.shape[1], 1)
    scale = np.sqrt((rest**2).sum(axis=0) / rng.chisquare(dof, y.shape[1]))
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    drawn = beta + root @ rng.standard_normal(beta.shape) * scale
    pool = np.flatnonzero(seen)
    k = min(DONORS, len(pool))
    _, near = cKDTree(a @ beta).query(design[~seen] @ drawn, k=k)
    near = near.reshape(-1, k)
    return np.asarray(pool[near[np.arange(len(near)), rng.integers(0, k, len(near))]])


def pooled(fits: list[Fit], samples: tuple[Sample, ...]) -> Fit:
    """One fit from one a copy (Rubin 1987, section 3.1): the spread between copies is added to that within.

    Degrees of freedom for the difference of the two means, after Barnard & Rubin (1999, equation 3) where the fits have some.
    """
    import numpy as np

    if len(fits) == 1:
        return fits[0]
    m = len(fits)
    parts = [covariance(f, s) for f, s in zip(fits, samples, strict=True)]
    within = np.mean([p[0] for p in parts], axis=0)
    means = np.array([[f.treated, f.control] for f in fits])
    between = (1 + 1 / m) * np.cov(means.T)
    total = within + between
    contrast = np.array([1.0, -1.0])
    extra, whole = float(contrast @ between @ contrast), float(contrast @ total @ contrast)
    share = extra / whole if whole > 0 else 0.0
    dof = min(p[1] for p in parts)
    if share > 0:
        old = (m - 1) / share**2
        seen = (dof + 1) / (dof + 3) * dof * (1 - share) if np.isfinite(dof) else np.inf
        dof = 1 / (1 / old + 1 / seen) if np.isfinite(seen) else old
    notes = tuple(dict.fromkeys(note for f in fits for note in f.notes))
    return Fit(
        float(means[:, 0].mean()), float(means[:, 1].mean()), covariance=np.asarray(total), dof=float(dof), notes=notes
    )
