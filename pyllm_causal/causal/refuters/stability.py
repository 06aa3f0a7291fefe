"""Stability: small changes to the data must make small changes to the answer."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ...analysis import Refutation, Verdict
from ...wording import alike, number
from ..chance import noise
from ..draws import Added, Counted, Deal, Lots
from ..estimators import REGISTRY as ESTIMATORS
from ..repeats import Drawing, enough, repeat
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LOTS_FROM, LOTS = 8192, 1000  # rows from which whole lots of rows are drawn in place of single ones, and how many
PART = 0.8  # of the rows, in a part of the table
SMALL = 0.5  # standard errors that a change without meaning may move the answer
NARROW, WIDE = 0.67, 1.5  # times the margin that a bootstrap may come out
FEW_ROWS = 50  # of one arm in one stratum
FEW_EVENTS = 5  # of either kind in an arm, below which `inference.covariance` widens the margin
FEW_CLUSTERS = 20  # with fewer, their bootstrap says little about the margin (Cameron, Gelbach & Miller 2008)


@refuter("random_common_cause", "add a made-up shared cause and see whether the effect stays", rounds=1)
def random_common_cause(trial: Trial) -> Refutation | None:
    """Passes when adding an independent random covariate moves the estimate by at most half a standard error on average.

    Methods that hold nothing fixed by a model (differences of means) are asked through regression on the made-up column,
    against the same regression without it.
    """
    value = trial.value
    if trial.estimates.estimator.name in ("difference_in_means", "post_stratified"):
        stand_in = ESTIMATORS["regression"]
        trial = replace(trial, estimates=replace(trial.estimates, estimator=stand_in))
        if trial.sample.k:
            value = trial.refit(trial.sample)
    found = enough(repeat(trial, "random_common_cause", _noise))
    if found is None:
        return None
    mean = float(found.mean())
    shown = alike([mean, value])
    return Refutation(
        check="random_common_cause",
        family="stability",
        short="a made-up cause moves the answer",
        question="Does the answer stay when a made-up shared cause is added?",
        expected=f"about {shown[1]}",
        observed=f"{shown[0]} on average over {len(found)} made-up causes",
        verdict="passed" if abs(mean - value) <= SMALL * trial.error else "failed",
        meaning="If this fails, the method is unstable: it reacts to a column that means nothing.",
        figures={"mean": mean, "spread": float(found.std(ddof=1)), "repeats": len(found)},
    )


def _noise(sample: Sample, rng: np.random.Generator) -> Added:
    return Added(noise(sample.n, rng))


@refuter("data_subset", "repeat the analysis on random parts of the table", rounds=1)
def data_subset(trial: Trial) -> Refutation | None:
    """Random 80 % of the rows (of every arm within strata; of the clusters). Passes when the mean moves by at most half a
    standard error and the spread is at most two and a half times what sampling alone gives (√(1/0.8 − 1) standard errors);
    inconclusive otherwise with fewer than 20 clusters, of which one or two make the margin."""
    import numpy as np

    found = enough(repeat(trial, "data_subset", part(trial.sample)))
    if found is None:
        return None
    mean = float(found.mean() if trial.scale == "difference" else np.median(found))
    spread = _spread(found, trial)
    ok = abs(mean - trial.value) <= SMALL * trial.error and spread <= 2.5 * np.sqrt(1 / PART - 1) * trial.error
    low, high = np.quantile(found, [0.05, 0.95])
    shown = alike([float(low), float(high), trial.value])
    return Refutation(
        check="data_subset",
        family="stability",
        short="parts of the table give other answers",
        question="Does the answer stay on random parts of the table?",
        expected=f"about {shown[2]}",
        observed=f"mostly between {shown[0]} and {shown[1]} on {len(found)} parts with 80% of the rows",
        verdict="passed" if ok else "inconclusive" if _few_clusters(trial.sample) else "failed",
        meaning="If this fails, a few rows carry the answer.",
        figures={"mean": mean, "spread": spread, "repeats": len(found)},
    )


@refuter("bootstrap", "draw the rows anew many times and compare the spread with the margin of error", rounds=1)
def bootstrap(trial: Trial) -> Refutation | None:
    """Rows (clusters, or rows within strata) drawn with replacement. Passes when the spread is 0.67–1.5 times the standard
    error, fails when it is outside that beyond chance (three Monte-Carlo errors); inconclusive in between, with fewer
    than 20 clusters, and where an arm has hardly an event or hardly a row without. Not for matching, where it is invalid (Abadie & Imbens 2008)."""
    import numpy as np

    if not trial.estimates.estimator.resamples:
        return None
    found = enough(repeat(trial, "bootstrap", redrawn(trial.sample)))
    if found is None:
        return None
    ratio = _spread(found, trial) / trial.error
    slack = 3 / np.sqrt(2 * len(found))  # a standard deviation from few draws is itself uncertain
    verdict: Verdict = "inconclusive"
    if NARROW <= ratio <= WIDE:
        verdict = "passed"
    elif (
        not NARROW * (1 - slack) <= ratio <= WIDE * (1 + slack)
        and not _few_clusters(trial.sample)
        and not _one_sided(trial.sample)
    ):
        verdict = "failed"
    return Refutation(
        check="bootstrap",
        family="stability",
        short="the margin of error comes out differently when rows are drawn anew",
        question="Is the margin of error right when the rows are drawn anew?",
        expected="about the margin given",
        observed=f"{number(ratio)} times the margin given, from {len(found)} draws",
        verdict=verdict,
        meaning="If this fails, the margin that is given is too narrow or too wide.",
        figures={"ratio": ratio, "repeats": len(found)},
    )


def _few_clusters(sample: Sample) -> bool:
    return sample.cluster is not None and int(sample.cluster.max()) + 1 < FEW_CLUSTERS


def _one_sided(sample: Sample) -> bool:
    """Whether an arm has fewer than 5 events, or fewer than 5 without: redrawn it hardly varies, though the truth may lie elsewhere."""
    if sample.outcome_kind != "yes_no" or sample.kind != "arms":
        return False
    counts = [(int((sample.y[sample.arm == a] > 0).sum()), int((sample.arm == a).sum())) for a in (0, 1)]
    return any(min(events, rows - events) < FEW_EVENTS for events, rows in counts)


def _spread(values: Floats, trial: Trial) -> float:
    """Standard deviation; of a ratio, half the middle 68 %: a few draws with hardly an event lie far out."""
    import numpy as np

    if trial.scale == "difference":
        return float(values.std(ddof=1))
    low, high = np.quantile(values, [0.159, 0.841])
    return float(high - low) / 2


def part(sample: Sample) -> Drawing:
    """80 % of the rows: of whole clusters where there are any, else of every arm within strata, else of all."""
    import numpy as np

    if sample.cluster is not None:
        cluster = sample.cluster
        groups = int(cluster.max()) + 1
        out_of = groups - max(2, round(PART * groups))

        def clusters(_: Sample, rng: np.random.Generator) -> Counted:
            kept = np.ones(groups, dtype=np.uint8)
            kept[rng.choice(groups, out_of, replace=False, shuffle=False)] = 0
            return Counted(kept[cluster])

        return clusters
    cells = _cells(sample)
    if len(cells) == 1 and sample.n >= LOTS_FROM:
        deal = _deal(sample.n)

        def lots(_: Sample, rng: np.random.Generator) -> Lots:
            kept = np.ones(LOTS, dtype=np.uint8)
            kept[rng.choice(LOTS, LOTS - round(PART * LOTS), replace=False, shuffle=False)] = 0
            return Lots(kept, deal)

        return lots

    def rows(s: Sample, rng: np.random.Generator) -> Counted:
        kept = np.ones(s.n, dtype=np.uint8)
        for cell in cells:
            gone = len(cell) - max(1, round(PART * len(cell)))
            kept[cell[rng.choice(len(cell), gone, replace=False, shuffle=False)]] = 0
        return Counted(kept)

    return rows


def redrawn(sample: Sample) -> Drawing:
    """Rows drawn with replacement: whole clusters where there are any, else every arm within strata, else all together.

    Of a few rows within a stratum one fewer is drawn, or their spread would come out too small (Rao & Wu 1988, section 2.2).
    """
    import numpy as np

    if sample.cluster is not None:
        cluster = sample.cluster
        blocks = _blocks(sample, int(cluster.max()) + 1)

        def clusters(_: Sample, rng: np.random.Generator) -> Counted:
            counts = np.zeros(int(cluster.max()) + 1, dtype=np.int32)
            for block in blocks:
                counts[block] = np.bincount(rng.integers(0, len(block), len(block)), minlength=len(block))
            return Counted(counts[cluster])

        return clusters
    cells = _cells(sample)
    if len(cells) == 1 and sample.n >= LOTS_FROM:
        deal = _deal(sample.n)

        def lots(_: Sample, rng: np.random.Generator) -> Lots:
            return Lots(np.bincount(rng.integers(0, LOTS, LOTS), minlength=LOTS), deal)

        return lots

    def rows(s: Sample, rng: np.random.Generator) -> Counted:
        if len(cells) == 1:
            return Counted(np.bincount(rng.integers(0, s.n, s.n, dtype=np.int32), minlength=s.n).astype(np.uint8))
        counts = np.zeros(s.n, dtype=np.uint8)
        for cell in cells:
            size = len(cell) - 1 if 1 < len(cell) <= FEW_ROWS else len(cell)
            counts[cell] = np.bincount(rng.integers(0, len(cell), size), minlength=len(cell))
        return Counted(counts)

    return rows


@lru_cache(maxsize=2)
def _deal(n: int) -> Deal:
    """The rows of a large table in lots, the same for every check: whatever order the table has is gone."""
    import numpy as np

    return Deal(np.random.default_rng([n, LOTS]).permutation(n).astype(np.int32), LOTS)


def _cells(sample: Sample) -> list[Ints]:
    """Rows that are drawn among each other: each arm within each stratum, so that none is lost; all where there are none."""
    import numpy as np

    if sample.strata is None:
        return [np.arange(sample.n)]
    code = sample.strata * 3 + (sample.arm + 1)
    order = np.argsort(code, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _blocks(sample: Sample, groups: int) -> list[Ints]:
    """Clusters that are drawn among each other: those that are treated as a whole, those that are not, and mixed ones, so
    that few clusters do not lose an arm; every cluster where one kind has fewer than two."""
    import numpy as np

    cluster = sample.cluster
    assert cluster is not None
    size = np.bincount(cluster, minlength=groups)
    kind = np.zeros(groups, dtype=np.int64)
    if sample.kind == "arms":
        share = np.bincount(cluster, weights=(sample.arm == 1), minlength=groups) / size
        kind = np.where(share == 1, 2, np.where(share == 0, 1, 0))
    blocks = [np.flatnonzero(kind == k) for k in np.unique(kind)]
    if len(blocks) > 1 and min(len(b) for b in blocks) < 2:
        return [np.arange(groups)]
    return blocks
