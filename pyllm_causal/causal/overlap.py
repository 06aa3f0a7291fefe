"""Who has a counterpart: the chance of either arm, columns that decide the treatment, and what is left of a dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Diagnosis, NotIdentified
from ..query import Query
from ..wording import join, number, safe
from . import glm
from .cuts import deciding_cuts, lonely_regions
from .estimators.doubly_robust import Nuisance
from .propensity import standardised
from .sample import Drawn, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

DECIDED = 1e-3  # of the variation in a dose left over: what remains is noise of measurement
SUPPORT = 0.01  # a chance of treatment below this (or above 1 − this) means: no counterpart
WARN_FROM = 0.05
BINS = 25  # of the picture of chances
TRIM_FROM = 0.10  # up to this share without counterparts nothing is cut
REFUSE_FROM = 0.50


def overlap(drawn: Drawn, query: Query, models: Nuisance) -> tuple[Diagnosis, Mask | None] | NotIdentified:
    """Rows with a real chance of either arm, judged by the cross-fitted probabilities of `models` and by levels seen in one arm only."""
    import numpy as np

    sample = drawn.sample
    assert models.chances is not None
    e1, e0 = models.chances
    outside = np.zeros(sample.n, dtype=bool)
    needs1 = sample.target in ("everyone", "untreated", "compliers")
    needs0 = sample.target in ("everyone", "treated", "compliers")
    wanted = sample.wanted()
    lonely: list[str] = []
    for j, name in enumerate(sample.x_names):
        column = sample.x[:, j]
        for level in (0.0, 1.0) if set(np.unique(column)) <= {0.0, 1.0} else ():
            group = column == level
            if group.sum() < 20:
                continue
            for needed, arm in ((needs1, 1), (needs0, 0)):
                if needed and not (sample.arm[group] == arm).any() and (wanted & group).any():
                    outside |= group
                    lonely.append(f"{safe(name)}{'' if level else ' = no'}")
    if (sample.arm >= 0).all() and not sample.weighted:
        all_treated, none_treated = lonely_regions(sample.x, sample.arm == 1)
        outside |= (all_treated & needs0) | (none_treated & needs1)
    decided = decided_by(sample)
    extreme = np.zeros(sample.n, dtype=bool)
    if needs1:
        extreme |= e1 < SUPPORT
    if needs0:
        extreme |= e0 < SUPPORT
    outside |= extreme
    if decided is not None:
        outside[:] = True
    share = float(sample.weights[wanted & outside].sum() / sample.weights[wanted].sum())
    figures: dict[str, object] = {
        "share_without_counterpart": share,
        "chance_low": float(np.quantile(e1, 0.01)),
        "chance_high": float(np.quantile(e1, 0.99)),
        **_spread(drawn, e1),
    }
    if share >= REFUSE_FROM:
        who = (
            f"{join([safe(c) for c in decided])} decide{'s' if len(decided) == 1 else ''}"
            if decided is not None
            else f"{join(sorted(set(sample.x_groups))[:6])} all but decide{'s' * (len(set(sample.x_groups)) == 1)}"
        )
        return NotIdentified(
            code="no_overlap",
            reason=(
                f"{who} who gets which {safe(query.treatment)}: {number(100 * share)}% of the rows have no counterpart in the"
                " other group, so nobody comparable is there to compare with."
            ),
            instead=None if decided is not None else _treated_only(drawn, outside, share),
            would_help=(
                "rows in which similar people got different treatments",
                "an experiment",
                "or a cut-off in that column, asked as a discontinuity",
            ),
        )
    if share >= TRIM_FROM:
        return (
            Diagnosis(
                name="overlap",
                status="warning",
                finding=f"{number(100 * share)}% of the rows have no counterpart in the other group and were left out"
                + (f" (among them all with {join(lonely[:3])})" if lonely else ""),
                figures=figures,
            ),
            ~outside,
        )
    status = "warning" if share > WARN_FROM else "ok"
    finding = (
        f"{number(100 * share)}% of the rows have hardly any counterpart in the other group"
        if share > WARN_FROM
        else "both groups contain similar people"
    )
    return Diagnosis(
        name="overlap", status="warning" if status == "warning" else "ok", finding=finding, figures=figures
    ), None


def _spread(drawn: Drawn, chance: Floats) -> dict[str, object]:
    """How the chance of treatment is spread in each arm, for a picture: `edges` of equal bins from 0 to 1, `shares` by arm."""
    import numpy as np

    sample = drawn.sample
    edges = np.linspace(0.0, 1.0, BINS + 1)
    shares: dict[str, list[float]] = {}
    for arm in (1, 0):
        rows = sample.arm == arm
        counted, _ = np.histogram(np.clip(chance[rows], 0.0, 1.0), edges, weights=sample.weights[rows])
        shares[drawn.labels[arm]] = (counted / counted.sum()).tolist() if counted.sum() > 0 else counted.tolist()
    return {"edges": edges.tolist(), "shares": shares}


def _treated_only(drawn: Drawn, outside: NDArray[np.bool_], share: float) -> Diagnosis | None:
    """The narrower question that the table does answer, where nearly all who were treated have a counterpart."""
    sample = drawn.sample
    treated = sample.arm == 1
    if sample.target != "everyone" or not treated.any():
        return None
    alone = float(sample.weights[treated & outside].sum() / sample.weights[treated].sum())
    if alone >= TRIM_FROM:
        return None
    return Diagnosis(
        name="overlap",
        status="warning",
        finding=f"{number(100 * share)}% of the rows have no counterpart in the other group, so the answer is only about those"
        f" with {drawn.labels[1]}, {number(100 * (1 - alone))}% of whom have one",
        figures={"share_without_counterpart": share, "share_of_treated": alone},
    )


def decided_by(sample: Sample) -> list[str] | None:
    """Columns of the table of which one cut, a few, or a weighted sum separate the arms completely."""
    import numpy as np

    pair = sample.arm >= 0
    x, treated = sample.x[pair], sample.arm[pair] == 1
    for j, name in enumerate(sample.x_groups):
        a, b = x[treated, j], x[~treated, j]
        if a.min() > b.max() or a.max() < b.min():
            return [name]
    cuts = deciding_cuts(x, np.asarray(treated))
    if cuts is not None:
        return list(dict.fromkeys(sample.x_groups[j] for j in cuts))
    # with fewer rows a column, noise is separable too (Cover 1965)
    if min(int(treated.sum()), int((~treated).sum())) >= 3 * (sample.k + 1):
        design = glm.with_intercept(standardised(x))
        chance = glm.fit(design, treated.astype("float64"), np.ones(len(x)), "logistic").mean(design)
        if bool(((chance > 0.5) == treated).all()):
            return list(dict.fromkeys(sample.x_groups))
    return None


def dose_overlap(drawn: Drawn, query: Query, models: Nuisance) -> tuple[Diagnosis, None] | NotIdentified:
    """How much of the dose the covariates leave unexplained (cross-fitted)."""
    import numpy as np

    sample = drawn.sample
    residual = models.dose
    assert residual is not None
    left = float(residual @ residual) / float(((sample.dose - sample.dose.mean()) ** 2).sum())
    if left < DECIDED or _folded(sample):
        return NotIdentified(
            code="no_overlap",
            reason=(
                f"{join(sorted(set(sample.x_groups))[:6])} decide {safe(query.treatment)} completely: once they are held fixed,"
                " nothing is left to compare."
            ),
            would_help=(f"rows in which {safe(query.treatment)} differs between otherwise similar cases",),
        )
    ok = left > 0.05
    return Diagnosis(
        name="overlap",
        status="ok" if ok else "warning",
        finding=f"{number(100 * min(left, 1.0))}% of the variation in {safe(query.treatment)} is left after adjusting",
        figures={"variation_left": float(np.minimum(left, 1.0))},
    ), None


def _folded(sample: Sample) -> bool:
    """Whether one covariate alone decides the dose, along any curve: rows next to each other in it have the same dose."""
    import numpy as np

    total = float(((sample.dose - sample.dose.mean()) ** 2).mean())
    for j in range(sample.k):
        if len(np.unique(sample.x[:, j])) < 0.5 * sample.n or sample.n < 100:
            continue
        steps = np.diff(sample.dose[np.argsort(sample.x[:, j], kind="stable")])
        if 0.5 * float((steps**2).mean()) < DECIDED * total:
            return True
    return False
