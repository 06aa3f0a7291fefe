"""Stability: small changes to the data must make small changes to the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Refutation
from ...wording import alike, number
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@refuter("random_common_cause", "add a made-up shared cause and see whether the effect stays")
def random_common_cause(trial: Trial) -> Refutation | None:
    """Passes when adding an independent random covariate moves the estimate by at most half a standard error on average."""
    import numpy as np

    sample = trial.sample
    rng = trial.rng("random_common_cause")
    if sample.k == 0:
        return None
    values = []
    for _ in range(trial.refits()):
        noise = rng.standard_normal((sample.n, 1))
        values.append(
            trial.refit(
                replace(
                    sample,
                    x=np.hstack([sample.x, noise]),
                    x_names=(*sample.x_names, "noise"),
                    x_groups=(*sample.x_groups, "noise"),
                )
            )
        )
    found = np.array([v for v in values if np.isfinite(v)])
    if len(found) < 5:
        return None
    mean = float(found.mean())
    shown = alike([mean, trial.value])
    return Refutation(
        check="random_common_cause",
        question="Does the answer stay when a made-up shared cause is added?",
        expected=f"about {shown[1]}",
        observed=shown[0],
        verdict="passed" if abs(mean - trial.value) <= 0.5 * trial.error else "failed",
        meaning="If this fails, the method is unstable: it reacts to a column that means nothing.",
        figures={"mean": mean, "spread": float(found.std(ddof=1)), "repeats": len(found)},
    )


@refuter("data_subset", "repeat the analysis on random parts of the table")
def data_subset(trial: Trial) -> Refutation | None:
    """Random 80 % of the rows (of the clusters). Passes when the mean moves by at most half a standard error and the
    spread is at most twice what sampling alone gives (√(1/0.8 − 1) standard errors)."""
    import numpy as np

    sample = trial.sample
    rng = trial.rng("data_subset")
    values = []
    for _ in range(trial.refits()):
        if sample.cluster is not None:
            groups = int(sample.cluster.max()) + 1
            chosen = rng.permutation(groups)[: max(2, round(0.8 * groups))]
            rows = np.flatnonzero(np.isin(sample.cluster, chosen))
        else:
            rows = np.sort(rng.permutation(sample.n)[: round(0.8 * sample.n)])
        values.append(trial.refit(_relabelled(trial, rows)))
    found = np.array([v for v in values if np.isfinite(v)])
    if len(found) < 5:
        return None
    mean, spread = float(found.mean()), float(found.std(ddof=1))
    ok = abs(mean - trial.value) <= 0.5 * trial.error and spread <= 2 * 0.5 * trial.error * 1.25
    low, high = np.quantile(found, [0.05, 0.95])
    shown = alike([float(low), float(high), trial.value])
    return Refutation(
        check="data_subset",
        question="Does the answer stay on random parts of the table?",
        expected=f"about {shown[2]}",
        observed=f"mostly between {shown[0]} and {shown[1]} on parts with 80% of the rows",
        verdict="passed" if ok else "failed",
        meaning="If this fails, a few rows carry the answer.",
        figures={"mean": mean, "spread": spread, "repeats": len(found)},
    )


@refuter("bootstrap", "draw the rows anew many times and compare the spread with the margin of error")
def bootstrap(trial: Trial) -> Refutation | None:
    """Rows (clusters) drawn with replacement. Passes when the spread is 0.67–1.5 times the standard error."""
    import numpy as np

    sample = trial.sample
    if not trial.estimates.estimator.resamples:
        return None
    rng = trial.rng("bootstrap")
    values = []
    for _ in range(trial.refits()):
        if sample.cluster is not None:
            groups = int(sample.cluster.max()) + 1
            members = [np.flatnonzero(sample.cluster == g) for g in range(groups)]
            drawn = rng.integers(0, groups, groups)
            rows = np.concatenate([members[g] for g in drawn])
        elif sample.strata is not None:
            parts = [np.flatnonzero(sample.strata == s) for s in np.unique(sample.strata)]
            rows = np.concatenate([p[rng.integers(0, len(p), len(p))] for p in parts])
        else:
            rows = rng.integers(0, sample.n, sample.n)
        values.append(trial.refit(_relabelled(trial, rows)))
    found = np.array([v for v in values if np.isfinite(v)])
    if len(found) < 10:
        return None
    spread = float(found.std(ddof=1))
    ratio = spread / trial.error
    slack = 3 / np.sqrt(2 * len(found))  # a standard deviation from few draws is itself uncertain
    ok = 0.67 - slack <= ratio <= 1.5 + slack
    return Refutation(
        check="bootstrap",
        question="Is the margin of error right when the rows are drawn anew?",
        expected="about 1 times the margin given",
        observed=f"{number(ratio)} times the margin given, from {len(found)} draws",
        verdict="passed" if ok else "failed",
        meaning="If this fails, the interval is too narrow or too wide.",
        figures={"ratio": ratio, "repeats": len(found)},
    )


def _relabelled(trial: Trial, rows: NDArray[np.int64]) -> Sample:
    import numpy as np

    sample = trial.sample.take(rows)
    if sample.cluster is not None:
        sample = replace(sample, cluster=np.unique(sample.cluster, return_inverse=True)[1])
    return sample
