"""Other sets of columns that the graph calls as good: do they give the same answer?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis import Estimand, Refutation, Verdict
from ...data import Table
from ...errors import CausalError
from ...wording import columns_text
from ..contrast import Contrast
from ..estimators import REGISTRY
from ..estimators.means import difference_in_means
from ..estimators.regression import form_of, regression
from ..gap import Gap, gap
from ..impute import completed, incomplete_rows
from ..inference import Fit
from ..sample import Sample, draw
from . import Trial
from .again import quick, without
from .told import told

if TYPE_CHECKING:
    from collections.abc import Sequence

SURE = 4.0  # for one set; more sets share its chance
MOST = 6  # sets that are compared


def adjustment_sets(trial: Trial, table: Table, estimand: Estimand, contrast: Contrast) -> Refutation | None:
    """Every other valid set (`Estimand.alternatives`, at most six, the smallest first) on the same rows, by the same method.

    If the graph is right all agree; the distance of two is held against its own error, from both influence functions (Hausman 1978).
    Fails where one is more than four of its errors (Bonferroni over the sets) and more than one standard error of the headline away, and
    a flexible model says so too; passes where all are within one standard error and that could be seen. Not in the
    registry: it needs the table.
    """
    sets = sorted(dict.fromkeys(s for s in estimand.alternatives if set(s) != set(estimand.adjust_for)), key=len)[:MOST]
    if not sets:
        return None
    names = tuple(dict.fromkeys([*estimand.adjust_for, *(c for s in sets for c in s)]))
    whole = on_the_rows(trial, table, estimand.model_copy(update={"adjust_for": names}), contrast)
    if whole is None:
        return None
    mine = fitted(trial, only(whole, estimand.adjust_for), flexible=False)
    found: list[tuple[tuple[str, ...], Gap]] = []
    for chosen in sets:
        one = fitted(trial, only(whole, chosen), flexible=False)
        if mine is None or one is None:
            continue
        try:
            found.append((chosen, gap(mine, one, whole, trial.scale)))
        except ValueError:
            continue
    if not found:
        return None
    limit = limit_of(len(found))
    far = [f for f in found if abs(f[1].value) > trial.error and f[1].z > limit]
    failed = [f for f in far if _confirmed(trial, whole, estimand.adjust_for, f[0])]
    seen = all(abs(g.value) <= trial.error and g.error <= trial.error for _, g in found)
    verdict: Verdict = "failed" if failed else "passed" if seen else "inconclusive"
    worst = max(failed or found, key=lambda f: abs(f[1].value))
    values = [trial.value, trial.value + worst[1].value]
    (now, other), after = told(values, trial.scale, trial.estimates.headline.effect.unit)
    which = f"holding {columns_text(worst[0], 4)} fixed instead" if worst[0] else "holding nothing fixed"
    many = f"{len(found)} other sets were tried; farthest off: " if len(found) > 1 else ""
    return Refutation(
        check="adjustment_sets",
        family="graph",
        short="sets of columns that your graph calls equally good give different answers",
        question="Do other sets of columns that the graph calls as good give the same answer?",
        expected=f"about {now}{after}",
        observed=f"{many}{other}{after} {which} ({now} in the answer)",
        verdict=verdict,
        meaning="If this fails, the graph is wrong somewhere: by its own logic these answers are the same.",
        figures={
            "sets": len(found),
            "failed": len(failed),
            "gap": worst[1].value,
            "gap_error": worst[1].error,
            "set": columns_text(worst[0]),
        },
    )


def on_the_rows(
    trial: Trial, table: Table, estimand: Estimand, contrast: Contrast, least: float = 0.5
) -> Sample | None:
    """The rows of the trial with all columns of all sets; None where a column cannot be used or too few rows are left (`least`: as a
    share of the trial's)."""
    import numpy as np

    try:
        sample = draw(trial.query, table, estimand, contrast).sample
    except CausalError:
        return None
    if incomplete_rows(sample):
        sample = completed(sample, trial.seed, 1)[0]
    assert sample.rows is not None and trial.sample.rows is not None
    kept = np.isin(sample.rows, trial.sample.rows)
    if kept.sum() < max(least * trial.sample.n, 3 * (sample.k + 4)):
        return None
    sample = sample.take(kept)
    if sample.cluster is not None:
        sample = replace(sample, cluster=np.unique(sample.cluster, return_inverse=True)[1])
    return replace(
        sample,
        outcome_kind=trial.sample.outcome_kind,
        weights=sample.weights * (sample.n / sample.weights.sum()),
        treated=trial.sample.treated,
        control=trial.sample.control,
        form=form_of(trial.sample) if trial.sample.kind == "dose" else None,
    )


def only(sample: Sample, names: Sequence[str]) -> Sample:
    return without(sample, {g for g in sample.x_groups if g not in names})


def fitted(trial: Trial, sample: Sample, flexible: bool = False) -> Fit | None:
    """The headline's method on a sample (regression where it would take long), or one whose models may bend; None where it fails."""
    import numpy as np

    method = trial.estimates.estimator.function if quick(trial) else regression
    if flexible and REGISTRY["doubly_robust"].fits(sample):
        method = REGISTRY["doubly_robust"].function
    elif not sample.k:
        method = difference_in_means if sample.kind == "arms" else regression
    elif trial.estimates.estimator.name in ("difference_in_means", "post_stratified"):
        method = regression
    try:
        return method(sample)
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return None


def _confirmed(trial: Trial, whole: Sample, own: Sequence[str], chosen: Sequence[str]) -> bool:
    """Whether models that may bend keep the two apart: straight lines alone can differ between two right sets."""
    one, other = (fitted(trial, only(whole, names), flexible=True) for names in (own, chosen))
    if one is None or other is None:
        return True
    found = gap(one, other, whole, trial.scale)
    return abs(found.value) > trial.error and found.z > 3.0


def limit_of(sets: int) -> float:
    """z beyond which one of so many sets differs with the chance that a single one has at four errors."""
    from scipy import stats

    return float(stats.norm.isf(stats.norm.sf(SURE) / max(sets, 1))) if sets > 1 else SURE
