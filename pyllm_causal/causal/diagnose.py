"""Before anything is believed: is there variation, overlap, balance; who is missing? A `stop` becomes a refusal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis import Diagnosis, Dropped, NotIdentified
from ..query import Query
from ..wording import count, join, number, safe
from .contrast import nothing_to_compare
from .estimators.doubly_robust import Nuisance, nuisance
from .overlap import decided_by, dose_overlap, overlap
from .propensity import standardised, tilt
from .sample import Drawn, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

FEW = 20  # rows in the smaller group; below, an interval leans on the shape of the outcome
ALIKE = 0.1  # standardised mean difference that counts as alike (Austin 2009)


@dataclass(frozen=True)
class Examined:
    """The sample that may be used (trimmed where it must be), what was found, and who is left."""

    drawn: Drawn
    diagnoses: tuple[Diagnosis, ...]
    trimmed: float = 0.0
    models: Nuisance | None = None  # of the treatment, on the very rows of `drawn`


def examine(drawn: Drawn, query: Query) -> Examined | NotIdentified:
    """Run every diagnosis that applies. A refusal comes back as `NotIdentified`."""
    sample = drawn.sample
    refusal = _variation(drawn, query)
    if refusal is not None:
        return refusal
    found: list[Diagnosis] = []
    trimmed, models = 0.0, None
    if sample.weighted:
        effective = _effective(sample)
        if isinstance(effective, NotIdentified):
            return effective
        found.append(effective)
    if sample.randomised and sample.k and sample.kind == "arms":
        refusal = _not_random(sample, query)
        if refusal is not None:
            return refusal
    if not sample.randomised and sample.k:
        models = nuisance(sample)
        support = (overlap if sample.kind == "arms" else dose_overlap)(drawn, query, models)
        if isinstance(support, NotIdentified):
            return support
        diagnosis, inside = support
        found.append(diagnosis)
        if inside is not None:
            models = None
            trimmed = 1.0 - float(inside.mean())
            drawn = _trim(drawn, inside, "no counterpart in the other group")
            sample = drawn.sample
            refusal = _variation(drawn, query)
            if refusal is not None:
                return refusal
    if sample.strata is not None and sample.kind == "arms":
        paired = _paired_strata(sample)
        if not paired.all():
            drawn = _trim(drawn, paired, "in a stratum with one group only")
            sample = drawn.sample
            refusal = _variation(drawn, query)
            if refusal is not None:
                return refusal
    if sample.k and sample.kind == "arms":
        found.append(_balance(sample))
    elif sample.k and sample.randomised:
        found.append(_alike_at_start(sample, {}))
    if sample.kind == "arms":
        smallest = min(int((sample.arm == a).sum()) for a in (0, 1))
        if smallest < FEW:
            text = f"one of the groups has only {smallest} rows"
            found.append(Diagnosis(name="few_rows", status="warning", finding=text, figures={"smallest": smallest}))
    found += _missing(drawn, query)
    if sample.cluster is not None:
        found.append(_clusters(sample, query))
    if sample.outcome_kind == "yes_no" and sample.kind == "arms":
        found += _events(sample)
    drawn_nodes = set(query.graph.nodes()) if query.graph is not None else set[str]()
    unexplained = [c for c in query.selected_on if c not in drawn_nodes]
    if unexplained:
        found.append(
            Diagnosis(
                name="selection",
                status="warning",
                finding=f"the rows were chosen by {join(unexplained)}; without it in a graph nobody can say what that does",
            )
        )
    return Examined(drawn, tuple(found), trimmed, models)


def _variation(drawn: Drawn, query: Query) -> NotIdentified | None:
    import numpy as np

    sample = drawn.sample
    treatment, outcome = safe(query.treatment), safe(query.outcome)
    if sample.n < 4:
        return NotIdentified(
            code="too_few_rows",
            reason=f"Only {sample.n} row{'' if sample.n == 1 else 's'} can be used; too few to compare anything.",
            would_help=("more rows with treatment, outcome and all columns held fixed recorded",),
        )
    if sample.kind == "arms":
        sizes = {arm: int((sample.arm == arm).sum()) for arm in (1, 0)}
        for arm, value in ((1, drawn.contrast.treated), (0, drawn.contrast.control)):
            if sizes[arm] < 2:
                many = "no usable row has" if sizes[arm] == 0 else "only one usable row has"
                return NotIdentified(
                    code="constant_treatment",
                    reason=f"There is nothing to compare: {many} {treatment} = {safe(value)}.",
                    would_help=(f"rows with {treatment} = {safe(value)}",),
                )
    elif np.ptp(sample.dose) == 0:
        return nothing_to_compare(treatment, usable=True)
    if np.ptp(sample.y) == 0:
        return NotIdentified(
            code="constant_outcome",
            reason=f"{outcome} is the same in all {count(sample.n)} usable rows, so nothing can be seen to change it.",
            would_help=(f"rows in which {outcome} differs", "or a finer measure of it"),
        )
    if sample.cluster is not None and int(sample.cluster.max()) < 1:
        return NotIdentified(
            code="one_cluster",
            reason=f"All rows belong to one group of {safe(query.cluster)}, so chance cannot be told from that group's own ways.",
            would_help=(f"rows from several groups of {safe(query.cluster)}",),
        )
    alone = _one_cluster_arm(sample)
    if alone is not None:
        value = safe(drawn.contrast.treated if alone == 1 else drawn.contrast.control)
        return NotIdentified(
            code="one_cluster",
            reason=(
                f"All rows with {treatment} = {value} belong to one group of {safe(query.cluster)}, so the effect cannot be told"
                " from that group's own ways."
            ),
            would_help=(f"several groups of {safe(query.cluster)} with {treatment} = {value}",),
        )
    if sample.n < sample.k + 4:
        return NotIdentified(
            code="too_few_rows",
            reason=f"{count(sample.n)} usable rows cannot carry holding {sample.k} columns fixed.",
            would_help=("more rows", "or fewer covariates, if your graph allows it"),
        )
    return None


def _one_cluster_arm(sample: Sample) -> int | None:
    """The arm, if any, that is one whole cluster and nothing else."""
    import numpy as np

    if sample.cluster is None or sample.kind != "arms":
        return None
    for arm, other in ((1, 0), (0, 1)):
        own = np.unique(sample.cluster[sample.arm == arm])
        if len(own) == 1 and not (sample.cluster[sample.arm == other] == own[0]).any():
            return arm
    return None


def _effective(sample: Sample) -> Diagnosis | NotIdentified:
    """How many equally weighted rows the weights are worth (Kish 1965, section 11.7)."""
    n = float(sample.weights.sum() ** 2 / (sample.weights**2).sum())
    if n < 4:
        return NotIdentified(
            code="too_few_rows",
            reason=f"The weights let so few rows decide that the table is worth about {number(n)} rows.",
            would_help=("weights without such extremes",),
        )
    few = n < max(30.0, 0.1 * sample.n)
    return Diagnosis(
        name="weights",
        status="warning" if few else "ok",
        finding=f"with these weights {count(sample.n)} rows are worth about {count(round(n))}",
        figures={"effective_rows": n},
    )


def _not_random(sample: Sample, query: Query) -> NotIdentified | None:
    """A refusal when columns of the table decide an assignment that is said to be random."""
    if min(int((sample.arm == a).sum()) for a in (0, 1)) < 10:
        return None
    decided = decided_by(sample)
    if decided is None:
        return None
    return NotIdentified(
        code="not_random",
        reason=(
            f"{join(decided[:4])} {'decides' if len(decided) == 1 else 'decide'} who got which {safe(query.treatment)},"
            " so it cannot have been dealt out at random, and nobody comparable is there to compare with."
        ),
        would_help=("the column that says who was drawn", "or an analysis of the cut-off as a discontinuity"),
    )


def _paired_strata(sample: Sample) -> Mask:
    """Rows whose stratum holds both arms: elsewhere nothing was randomised against anything."""
    import numpy as np

    assert sample.strata is not None
    size = int(sample.strata.max()) + 1
    treated, control = (np.bincount(sample.strata[sample.arm == a], minlength=size) for a in (1, 0))
    return np.asarray(((treated > 0) & (control > 0))[sample.strata])


def _trim(drawn: Drawn, inside: Mask, reason: str) -> Drawn:
    sample = drawn.sample.take(inside)
    sample = replace(sample, weights=sample.weights * (sample.n / sample.weights.sum()))
    dropped = Dropped(
        reason=reason,
        rows=int((~inside).sum()),
        by_arm=drawn.by_arm(drawn.sample.arm[~inside]),
    )
    counted = drawn.count.model_copy(
        update={"used": sample.n, "dropped": (*drawn.count.dropped, dropped), "by_arm": drawn.by_arm(sample.arm)}
    )
    return replace(drawn, sample=sample, count=counted)


def _balance(sample: Sample) -> Diagnosis:
    """Standardised mean differences before and after weighting by the chance of treatment (Austin 2009)."""
    import numpy as np

    from .propensity import CLIP, propensity

    e1, e0 = (np.clip(e, CLIP, 1 - CLIP) for e in propensity(sample))
    h, _ = tilt(sample, e1, e0)
    one, zero = sample.arm == 1, sample.arm == 0
    rows = []
    for name in dict.fromkeys(sample.x_groups):
        columns = [j for j, g in enumerate(sample.x_groups) if g == name]
        before = after = 0.0
        for j in columns:
            v = sample.x[:, j]
            spread = float(np.sqrt((v[one].var() + v[zero].var()) / 2)) or 1.0
            w1, w0 = sample.weights[one], sample.weights[zero]
            gap = float(np.average(v[one], weights=w1) - np.average(v[zero], weights=w0)) / spread
            gap_after = float(
                np.average(v[one], weights=w1 * (h / e1)[one]) - np.average(v[zero], weights=w0 * (h / e0)[zero])
            ) / spread  # fmt: skip
            before, after = max(before, gap, -gap), max(after, gap_after, -gap_after)
        rows.append({"column": name, "before": before, "after": after})
    worst = max(r["after"] for r in rows if isinstance(r["after"], float))
    figures: dict[str, object] = {"covariates": rows, "worst_after": worst}
    if sample.randomised:
        return _alike_at_start(sample, figures)
    alike = sum(1 for r in rows if isinstance(r["after"], float) and r["after"] <= ALIKE)
    ok = alike == len(rows)
    every = {1: "the one column", 2: "both columns"}.get(len(rows), f"all {len(rows)} columns")
    which = every if ok else f"{alike} of {len(rows)} columns"
    finding = f"after evening out, the groups are alike in {which} held fixed"
    if not ok and worst <= 0.25:
        far = next(r["column"] for r in rows if r["after"] == worst)
        finding = (
            f"after evening out, the groups differ little: most in {safe(far)}, by {number(worst)} of its usual spread"
        )
    return Diagnosis(
        name="balance", status="ok" if ok or worst <= 0.25 else "warning", finding=finding, figures=figures
    )


def _alike_at_start(sample: Sample, figures: dict[str, object]) -> Diagnosis:
    p = _joint_test(sample)
    if p is None:
        finding = "whether the groups were alike at the start cannot be tested with these rows"
        return Diagnosis(name="start", status="ok", finding=finding, figures=figures)
    bad = p < 0.001
    finding = (
        "the groups differ at the start by more than chance would give: was it really at random?"
        if bad
        else "the groups were alike at the start, as chance would have it"
    )
    figures = {**figures, "p_value": p}
    return Diagnosis(name="balance", status="warning" if bad else "ok", finding=finding, figures=figures)


def _joint_test(sample: Sample) -> float | None:
    """p-value that covariates and their squares together do not predict the treatment (within strata, where there are any;
    on the means of clusters, where there are any). None where there is nothing to test or too little to test it with."""
    import numpy as np
    from scipy import stats

    x = standardised(sample.x)
    x = np.column_stack([x, *(x[:, j] ** 2 for j in range(x.shape[1]) if len(np.unique(x[:, j])) > 2)])
    t = (sample.arm == 1).astype("float64") if sample.kind == "arms" else sample.dose
    if sample.cluster is not None:
        sizes = np.bincount(sample.cluster)
        x = np.column_stack([np.bincount(sample.cluster, weights=c) / sizes for c in x.T])
        t = np.bincount(sample.cluster, weights=t) / sizes
    base = np.ones((len(t), 1))
    if sample.strata is not None and sample.cluster is None:
        levels = int(sample.strata.max()) + 1
        base = np.eye(levels)[sample.strata]
    residual_x = x - base @ np.linalg.lstsq(base, x, rcond=None)[0]
    residual_t = t - base @ np.linalg.lstsq(base, t, rcond=None)[0]
    keep = residual_x.std(axis=0) > 1e-8
    if not keep.any():
        return None
    beta = np.linalg.lstsq(residual_x[:, keep], residual_t, rcond=None)[0]
    fitted = residual_x[:, keep] @ beta
    rest = residual_t - fitted
    p = int(np.linalg.matrix_rank(residual_x[:, keep], tol=1e-6 * len(t) ** 0.5))
    dof = len(t) - base.shape[1] - p
    if dof < 5:
        return None
    f = float(fitted @ fitted) / p / max(float(rest @ rest) / dof, 1e-12)
    return float(stats.f.sf(f, p, dof))


def _missing(drawn: Drawn, query: Query) -> list[Diagnosis]:
    """Rows lost for missing values, and whether the arms lost them unequally."""
    out: list[Diagnosis] = []
    lost = [d for d in drawn.count.dropped if d.reason.startswith("no ") and not d.reason.startswith("no counterpart")]
    base = drawn.count.used + sum(d.rows for d in lost)
    if lost and base:
        rows = sum(d.rows for d in lost)
        share = rows / base
        out.append(
            Diagnosis(
                name="missing",
                status="warning" if share > 0.2 else "ok",
                finding=f"{count(rows)} of {count(base)} rows were left out because something was not recorded",
                figures={"share": share},
            )
        )
    if drawn.sample.kind == "arms":
        tested = [_lost_by_arm(drawn, d) for d in drawn.count.dropped if _at_stake(drawn, query, d)]
        out += sorted(tested, key=lambda d: (d.status == "ok", d.figures["p_value"]))[:1]
    return out


def _at_stake(drawn: Drawn, query: Query, dropped: Dropped) -> bool:
    """Losses that could differ because of the treatment: a missing outcome always; in an experiment any other, filters too."""
    if dropped.reason == f"no {safe(query.outcome)}":
        return True
    return (
        drawn.sample.randomised
        and dropped.reason.startswith(("no ", "not "))
        and not dropped.reason.startswith("no counter")
    )


def _lost_by_arm(drawn: Drawn, dropped: Dropped) -> Diagnosis:
    """Fisher's exact test that both arms lost the same share for this reason."""
    from scipy import stats

    arms = [drawn.labels[1], drawn.labels[0]]
    gone = [dropped.by_arm.get(a, 0) for a in arms]
    stayed = [drawn.count.by_arm.get(a, 0) for a in arms]
    total = [g + s for g, s in zip(gone, stayed, strict=True)]
    rates = [g / t if t else 0.0 for g, t in zip(gone, total, strict=True)]
    p = float(stats.fisher_exact([gone, stayed])[1])
    differs = p < 0.01 and abs(rates[0] - rates[1]) >= 0.02
    what = (
        f"{dropped.reason[3:]} is missing"
        if dropped.reason.startswith("no ")
        else f"rows are left out as {dropped.reason}"
    )
    return Diagnosis(
        name="attrition",
        status="warning" if differs else "ok",
        finding=f"{what} for {number(100 * rates[0])}% where {arms[0]} and {number(100 * rates[1])}% where {arms[1]}",
        figures={"rate_first": rates[0], "rate_second": rates[1], "p_value": p},
    )


def _clusters(sample: Sample, query: Query) -> Diagnosis:
    assert sample.cluster is not None
    groups = int(sample.cluster.max()) + 1
    few = groups < 30
    return Diagnosis(
        name="clusters",
        status="warning" if few else "ok",
        finding=f"{count(groups)} groups of {safe(query.cluster)}"
        + ("; with so few the margin of error is rough" if few else ""),
        figures={"clusters": groups},
    )


def _events(sample: Sample) -> list[Diagnosis]:
    fewest = min(
        min(float(sample.y[sample.arm == a].sum()), float((1 - sample.y[sample.arm == a]).sum())) for a in (0, 1)
    )
    if fewest >= 5:
        return []
    return [
        Diagnosis(
            name="rare_event",
            status="warning",
            finding=f"one group has only {int(fewest)} cases of one kind, so the figures are rough",
            figures={"fewest": int(fewest)},
        )
    ]
