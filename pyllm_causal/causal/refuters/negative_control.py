"""Negative controls: comparisons in which no effect can exist."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...analysis import Refutation
from ...query import Query
from ...wording import alike, join
from ..chance import Deck
from ..draws import Permuted
from ..estimate import estimate
from ..repeats import Drawing, enough, repeat, verdict_on
from ..sample import Sample
from . import Trial, refuter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def dealt(sample: Sample, rng: np.random.Generator) -> Drawing:
    """The treatment dealt out anew: among all rows (`rng` shuffles the deck), within strata, or by whole clusters."""
    import numpy as np

    if sample.cluster is not None:
        return _dealt_by_cluster(sample)
    strata = sample.strata
    parts = [] if strata is None else [np.flatnonzero(strata == level) for level in np.unique(strata)]
    deck = Deck(sample.n if strata is None else 0, rng)

    def deal(s: Sample, rng: np.random.Generator) -> Permuted:
        if not parts:
            return Permuted(deck.deal(rng))
        order = np.arange(s.n)
        for rows in parts:
            order[rows] = rng.permutation(rows)
        return Permuted(order)

    return deal


def _dealt_by_cluster(sample: Sample) -> Drawing:
    """Every cluster gets the treatments of another one (of the same strata, where each lies in one), its rows in random
    order: what clusters have in common stays in common. A larger cluster repeats rows of the smaller one."""
    import numpy as np

    cluster = sample.cluster
    assert cluster is not None
    size = np.bincount(cluster)
    order = np.argsort(cluster, kind="stable")
    start = np.cumsum(size) - size
    place = np.empty(sample.n, dtype=np.int64)  # of each row within its cluster
    place[order] = np.arange(sample.n) - np.repeat(start, size)
    level = np.zeros(len(size), dtype=np.int64)
    if sample.strata is not None:
        first = sample.strata[order[start]]
        if np.array_equal(first[cluster], sample.strata):
            level = first
    blocks = [np.flatnonzero(level == v) for v in np.unique(level)]
    whole = np.array_equal(sample.dose, sample.dose[order[start]][cluster]) and np.array_equal(
        sample.arm, sample.arm[order[start]][cluster]
    )

    def deal(s: Sample, rng: np.random.Generator) -> Permuted:
        giver = np.arange(len(size))
        for block in blocks:
            giver[block] = rng.permutation(block)
        mixed = order if whole else np.lexsort((rng.random(s.n), cluster))  # rows of a cluster in random order
        theirs = giver[cluster]
        return Permuted(mixed[start[theirs] + place % size[theirs]])

    return deal


def shuffled(sample: Sample, rng: np.random.Generator) -> Sample:
    """The sample with its treatment dealt out anew, as `dealt` does it."""
    return dealt(sample, rng)(sample, rng).apply(sample)


@refuter("placebo_treatment", "deal the treatment out at random and see whether the effect vanishes", rounds=1)
def placebo_treatment(trial: Trial) -> Refutation | None:
    """Passes when the mean of the shuffled estimates is within a quarter of a standard error of zero or within its
    Monte-Carlo error (99.95 %); inconclusive where that error is too large to tell (`verdict_on`). Says nothing
    about hidden causes, so it never counts upwards."""
    found = enough(repeat(trial, "placebo_treatment", dealt(trial.sample, trial.rng("deck"))))
    if found is None:
        return None
    mean = float(found.mean())
    shown = alike([mean, trial.value])
    return Refutation(
        check="placebo_treatment",
        family="negative_control",
        short="an effect remains when the treatment is shuffled",
        question="If the treatment is dealt out at random, does the effect vanish?",
        expected="about 0",
        observed=f"{shown[0]} on average in {len(found)} shuffles (the real estimate is {shown[1]})",
        verdict=verdict_on(found, 0.0, trial.error),
        meaning="If this fails, the method finds effects where there are none.",
        figures={"mean": mean, "spread": float(found.std(ddof=1)), "repeats": len(found)},
    )


@refuter("negative_outcome", "look for an effect on a column that the treatment cannot affect")
def negative_outcome(trial: Trial) -> Refutation | None:
    """Passes when no interval for a named negative-control outcome excludes zero (99 % over all of them, Bonferroni);
    inconclusive when the intervals are too wide to see an effect of half the size found."""
    names = [n for n in trial.query.negative_outcomes if n in trial.sample.extra]
    return _controls(trial, names, "negative_outcome", "outcome")


@refuter("negative_exposure", "look for an effect of a column that cannot affect the outcome")
def negative_exposure(trial: Trial) -> Refutation | None:
    """As `negative_outcome`, with the treatment replaced by a named column that cannot affect the outcome."""
    names = [n for n in trial.query.negative_exposures if n in trial.sample.extra]
    return _controls(trial, names, "negative_exposure", "exposure")


def _controls(trial: Trial, names: list[str], check: str, role: str) -> Refutation | None:
    import numpy as np

    def look(name: str) -> Look | None:
        values = trial.sample.extra[name]
        rows = np.isfinite(values)
        values = values[rows]
        if rows.sum() < 20 or np.ptp(values) == 0:
            return None
        sample = _replaced(trial.sample.take(rows), values, role)
        result = estimate(sample, "difference", "", others=False)
        effect = None if result is None else result.headline.effect
        if effect is None or not effect.std_error:
            return None
        return Look(effect.value / effect.std_error, effect.std_error * _step(sample) / (float(sample.y.std()) or 1.0))

    size = abs(_standard_effect(trial.sample, trial))
    return controls(trial.query, names, trial.sample.x_groups, look, size, check=check)


@dataclass(frozen=True)
class Look:
    """At one negative control: z-score of the effect on it, and that effect's error in standard deviations of the column."""

    z: float
    error: float


def controls(
    query: Query,
    names: Sequence[str],
    held: Collection[str],
    look: Callable[[str], Look | None],
    size: float,
    *,
    check: str = "negative_outcome",
    bad: str = "a difference in",
    held_as: str = "held fixed",
    meaning: str = "If this fails, something other than the treatment makes the groups differ.",
) -> Refutation | None:
    """One rule for negative controls of every design: fails where one of at most ten goes with the treatment (99 % over all,
    Bonferroni); inconclusive where half the effect found (`size`, in standard deviations of the outcome) could not be seen.

    `held`: columns of the answer itself, which show no difference by construction. `look` may raise `LinAlgError`. What a
    model suggested is marked as its own and never counts in the grade.
    """
    import math

    from numpy.linalg import LinAlgError

    by_model = query.source("negative_controls") == "model"
    kept = [n for n in names if n in held]
    tested = [n for n in names if n not in kept][:10]
    if not tested and (by_model or not kept):
        return None
    found, seen, strong = [], [], True
    for name in tested:
        try:
            seen_there = look(name)
        except LinAlgError:
            continue
        if seen_there is None:
            continue
        seen.append(name)
        strong = strong and 2 * seen_there.error <= 0.5 * size
        if abs(seen_there.z) > 2.576 + 0.3 * math.log(len(tested)):
            found.append(name)
    if not seen and not kept:
        return None
    if seen:
        observed = f"{bad} {join(found)}" if found else f"none in {join(seen)}"
    else:
        observed = f"it could not be tested: {join(kept)} cannot be {held_as} and be a control as well"
    says = "that the model thinks" if by_model else "that"
    what = f"{says} the treatment cannot affect" if check == "negative_outcome" else f"{says} cannot affect the outcome"
    return Refutation(
        check=check,
        family="negative_control",
        short="a column that cannot be affected seems to be"
        if check == "negative_outcome"
        else "a column that cannot have an effect seems to have one",
        question=f"Is there no effect where none can be, in columns {what}?",
        expected="no difference",
        observed=observed,
        verdict="failed" if found else "passed" if strong and seen else "inconclusive",
        meaning=meaning,
        figures={"tested": len(seen), "found": len(found)},
        suggested_by="model" if by_model else "you",
    )


def _replaced(sample: Sample, values: NDArray[np.float64], role: str) -> Sample:
    import numpy as np

    sample = replace(sample, form=None)
    binary = set(np.unique(values)) <= {0.0, 1.0}
    if role == "outcome":
        return replace(sample, y=values, outcome_kind="yes_no" if binary else "number", extra={})
    middle = float(np.median(values))
    if binary:
        return replace(sample, arm=values.astype("int64"), dose=values, kind="arms", treated=1.0, control=0.0, extra={})
    return replace(
        sample, arm=np.full(sample.n, -1), dose=values, kind="dose", treated=middle + 1, control=middle, per_unit=True, extra={}
    )  # fmt: skip


def _standard_effect(sample: Sample, trial: Trial) -> float:
    spread = float(sample.y.std()) or 1.0
    fit = trial.estimates.fit
    return (fit.treated - fit.control) / spread * _step(sample)


def _step(sample: Sample) -> float:
    """From the contrast to one step of the treatment, whatever its unit: one arm to the other, or a standard deviation."""
    if sample.kind == "arms":
        return 1.0
    return float(sample.dose.std()) / (abs(sample.treated - sample.control) or 1.0)
