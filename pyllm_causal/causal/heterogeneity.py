"""For whom the effect is larger: best linear projection, and a causal forest's ranking judged on rows that it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import Diagnosis
from ..errors import QueryError
from ..wording import alike, join, number
from . import glm
from .grouped import pseudo_outcomes
from .learners import expanded, folds, out_of_fold
from .propensity import CLIP, standardised
from .sample import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEAST = 200  # rows below which a search for differences finds mostly chance
SEED = 20240601


def best_linear_projection(sample: Sample, scores: Floats | None = None) -> Diagnosis | None:
    """How the effect varies along straight lines in the covariates: doubly robust scores of the effect regressed on them
    (Semenova & Chernozhukov 2021, section 2), with a robust test for each column, held to account for how many columns were
    looked at (Holm 1979).

    scores: (n, 2) pseudo-outcomes; by default `pseudo_outcomes`. None for doses, without covariates or with under 200 rows.
    """
    import numpy as np
    from scipy import stats

    if sample.kind != "arms" or not sample.k or sample.n < LEAST or sample.target != "everyone":
        return None
    if min(int((sample.arm == a).sum()) for a in (0, 1)) < 40:
        return None
    both = pseudo_outcomes(sample) if scores is None else scores
    gamma = both[:, 0] - both[:, 1]
    slopes, matrix = _projection(gamma, standardised(sample.x), sample)
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(sample.x_groups):
        own = [1 + j for j, g in enumerate(sample.x_groups) if g == name]
        block = matrix[np.ix_(own, own)]
        wald = float(slopes[own] @ np.linalg.pinv(block, hermitian=True) @ slopes[own])
        one = len(own) == 1
        rows.append(
            {
                "column": name,
                "per_sd": float(slopes[own[0]]) if one else None,
                "std_error": math.sqrt(max(float(block[0, 0]), 0.0)) if one else None,
                "p_value": float(stats.chi2.sf(wald, len(own))),
            }
        )
    clear = _holm({str(r["column"]): float(r["p_value"]) for r in rows})
    wald = float(slopes[1:] @ np.linalg.pinv(matrix[1:, 1:], hermitian=True) @ slopes[1:])
    overall = float(stats.chi2.sf(wald, len(slopes) - 1))
    looked = f"{len(rows)} column{'s were' if len(rows) > 1 else ' was'} looked at"
    if clear:
        finding = (
            f"the effect seems to differ with {join(clear)} ({looked}): a hint to be tested on new rows, not a finding"
        )
    else:
        finding = f"no sign that the effect differs with any column held fixed ({looked})"
    return Diagnosis(
        name="differences_between_rows", status="ok", finding=finding, figures={"columns": rows, "p_value": overall}
    )


def _projection(gamma: Floats, x: Floats, sample: Sample) -> tuple[Floats, Floats]:
    """Weighted least squares of gamma (n,) on x (n, p) with intercept: slopes (1 + p,) and their robust covariance."""
    import numpy as np

    design = glm.with_intercept(x)
    model = glm.fit(design, gamma, sample.weights, "linear")
    scores = design * (sample.weights * (gamma - design @ model.beta))[:, None]
    if sample.cluster is not None:
        scores = np.column_stack([np.bincount(sample.cluster, weights=c) for c in scores.T])
    factor = sample.n / max(sample.n - design.shape[1], 1)
    return model.beta, factor * model.gram_inverse @ (scores.T @ scores) @ model.gram_inverse


def _holm(values: dict[str, float], level: float = 0.05) -> list[str]:
    """Names that stand out when all are looked at together, the clearest first."""
    out: list[str] = []
    for rank, (name, p) in enumerate(sorted(values.items(), key=lambda kv: (kv[1], kv[0]))):
        if p > level / (len(values) - rank):
            break
        out.append(name)
    return out


@dataclass(frozen=True)
class Forest:
    """predicted: (n,) effects predicted by forests that have not seen the row; scores: (n, 2) pseudo-outcomes built with them;
    importance: share of the splits by column of the table."""

    predicted: Floats
    scores: Floats
    importance: dict[str, float]


def grow(sample: Sample) -> Forest:
    """A causal forest (Athey, Tibshirani & Wager 2019; `econml`), cross-fitted in two halves, and the augmented scores of
    Athey & Wager 2019, equation 5. Arms only. Raises `QueryError` where the extra is missing or the rows do not fit."""
    import numpy as np

    if sample.kind != "arms" or (sample.arm < 0).any() or sample.target != "everyone":
        raise QueryError(
            "A causal forest compares two groups and answers for everyone.",
            "Leave out `method`, or ask for two groups.",
        )
    if not sample.k or sample.n < LEAST or min(int((sample.arm == a).sum()) for a in (0, 1)) < 50:
        raise QueryError(
            "A causal forest needs columns held fixed and at least 200 rows, 50 in each group.", "Leave out `method`."
        )
    try:
        from econml.grf import CausalForest
    except ImportError:
        raise QueryError(
            "The method 'causal_forest' needs the package econml, which is not installed.",
            "Install the extra: pip install 'pyllm-causal[forest]'. Or leave out `method`.",
        ) from None
    x, rich = standardised(sample.x), expanded(sample.x)
    fold = folds(sample.n, sample.arm, SEED, cluster=sample.cluster)
    everyone = np.ones(sample.n, dtype=bool)
    w = (sample.arm == 1).astype("float64")
    chance = np.clip(out_of_fold(x, rich, w, sample.weights, everyone, fold, "logistic")[0], CLIP, 1 - CLIP)
    middle = out_of_fold(x, rich, sample.y, sample.weights, everyone, fold, "linear")[0]
    halves = folds(sample.n, sample.arm, SEED + 1, count=2, cluster=sample.cluster)
    predicted = np.zeros(sample.n)
    splits = np.zeros(sample.k)
    for half in (0, 1):
        train, test = halves != half, halves == half
        forest = CausalForest(n_estimators=200, min_samples_leaf=10, honest=True, random_state=SEED, n_jobs=1)
        forest.fit(
            sample.x[train],
            (w - chance)[train][:, None],
            (sample.y - middle)[train],
            sample_weight=sample.weights[train] if sample.weighted else None,
        )
        predicted[test] = forest.predict(sample.x[test]).ravel()
        splits += forest.feature_importances() / 2
    means = [middle + (1 - chance) * predicted, middle - chance * predicted]
    scores = np.column_stack(
        [
            means[0] + w / chance * (sample.y - means[0]),
            means[1] + (1 - w) / (1 - chance) * (sample.y - means[1]),
        ]
    )
    importance = {
        name: float(sum(splits[j] for j, g in enumerate(sample.x_groups) if g == name))
        for name in dict.fromkeys(sample.x_groups)
    }
    return Forest(predicted, scores, importance)


def ranking(sample: Sample, forest: Forest) -> Diagnosis:
    """Whether the forest's ranking holds on rows that it has not seen: the effect in the third predicted to gain most less that
    in the third predicted to gain least, the calibration slope (Chernozhukov et al. 2018, generic machine learning), and the
    area under the targeting curve (Yadlowsky et al. 2025, AUTOC).

    The two halves are ranked separately, for their forests are different ones. Standard errors take the ranking as given.
    """
    import numpy as np

    gamma = forest.scores[:, 0] - forest.scores[:, 1]
    halves = folds(sample.n, sample.arm, SEED + 1, count=2, cluster=sample.cluster)
    rank = np.zeros(sample.n)
    for half in (0, 1):
        rows = np.flatnonzero(halves == half)
        rank[rows[np.argsort(-forest.predicted[rows], kind="stable")]] = (np.arange(len(rows)) + 1) / len(rows)
    top, bottom = rank <= 1 / 3, rank > 2 / 3
    third = np.column_stack([top.astype("float64"), (~top & ~bottom).astype("float64")])
    slopes, matrix = _projection(gamma, third, sample)
    gap, error = float(slopes[1]), math.sqrt(float(matrix[1, 1]))
    centred = forest.predicted - np.average(forest.predicted, weights=sample.weights)
    tilt, tilt_matrix = _projection(gamma, centred[:, None], sample) if centred.std() > 0 else (np.zeros(2), np.eye(2))
    # the mean over q of (mean effect in the top q) − (mean effect) weighs a row at rank r by about −log r − 1
    weight = -np.log(rank) - 1.0
    ate = float(np.average(gamma, weights=sample.weights))
    parts = sample.weights * weight * (gamma - ate)
    autoc = float(parts.mean())
    sums = parts - autoc if sample.cluster is None else np.bincount(sample.cluster, weights=parts - autoc)
    autoc_error = math.sqrt(float((sums**2).sum())) / sample.n
    shown = alike([abs(gap), abs(gap - 1.96 * error), abs(gap + 1.96 * error)])
    clear = gap - 1.96 * error > 0
    leading = [n for n, _ in sorted(forest.importance.items(), key=lambda kv: (-kv[1], kv[0]))][:3]
    if clear:
        finding = (
            f"on rows that the forest had not seen, the third predicted to gain most gained {shown[0]} more than the third"
            f" predicted to gain least (somewhere between {shown[1]} and {shown[2]}); it mostly looked at {join(leading)}"
        )
    else:
        finding = (
            "the forest's ranking does not hold on rows that it had not seen: nobody can be picked out who gains more"
            f" (difference between top and bottom third {number(gap)})"
        )
    return Diagnosis(
        name="causal_forest",
        status="ok",
        finding=finding,
        figures={
            "top_minus_bottom": gap,
            "std_error": error,
            "calibration": float(tilt[1]),
            "calibration_std_error": math.sqrt(float(tilt_matrix[1, 1])),
            "autoc": autoc,
            "autoc_std_error": autoc_error,
            "importance": forest.importance,
        },
    )
