"""An instrument: a column that moves the treatment and touches the outcome through it alone.

Estimand: the effect on those whose treatment the instrument changes (compliers; Imbens & Angrist 1994), weighted by how far
it changes it where treatment or instrument have many values. Under 10 in the first-stage F the interval is the
Anderson–Rubin set, and without a bounded one there is no answer.
"""

from __future__ import annotations

import math

from ...analysis import Diagnosis, Effect, Estimand, Estimate, NotIdentified, Refutation
from ...query import Instrument
from ...wording import columns_text, count, join, number, safe
from ..agreement import agreement
from ..complier import Shares, shares
from ..inference import Fit
from ..instrument_case import Case, does, prepare
from ..instrument_checks import checks
from ..instrument_estimate import LABELS, METHODS, Answered, headline, names_of, on_scale, opinions
from ..kclass import ordinary, partial, reduced
from ..weak_instrument import WEAK, ConfidenceSet
from ..whom import those
from . import Finding, Task, design

FEW_CLUSTERS = 30
FEW_ROWS = 20
MUCH_MISSING = 0.2


def quick(task: Task) -> Effect | NotIdentified:
    """The headline alone, without second opinions and checks."""
    case = prepare(task)
    if isinstance(case, NotIdentified):
        return case
    found = headline(case)
    return found if isinstance(found, NotIdentified) else found.effect


@design("instrument", "a column that moves the treatment and touches the outcome through it alone", METHODS)
def instrument(task: Task) -> Finding | NotIdentified:
    """The effect on those whom the instrument moved, with second opinions and checks."""
    case = prepare(task)
    if isinstance(case, NotIdentified):
        return case
    found = headline(case)
    if isinstance(found, NotIdentified):
        return found
    others, refutations = opinions(case, found), checks(case, found)
    rivals = [o.effect for o in others if o.label == LABELS[o.method] and o.method in METHODS]
    agrees = agreement(found.effect, rivals) if refutations else None
    return _told(case, found, others, refutations if agrees is None else (*refutations, agrees))


def _told(case: Case, found: Answered, others: tuple[Estimate, ...], refutations: tuple[Refutation, ...]) -> Finding:
    query = case.rows.query
    who = _population(case)
    split = shares(case.p, case.d, case.z[:, 0], case.weights) if case.kind == "arms" and case.simple else None
    stage = first_stage(case, found.confidence)
    if split is not None:
        parts = {"compliers": split.compliers, "always_takers": split.always, "never_takers": split.never}
        stage = stage.model_copy(update={"figures": {**stage.figures, **parts}})
    return Finding(
        estimand=Estimand(
            strategy="instrument", adjust_for=case.claim.covariates, population=who, assumptions=_assumptions(case)
        ),
        method=found.method,
        label=LABELS[found.method],
        effect=found.effect,
        plain=found.plain,
        sample=case.rows.count(who, _by_arm(case)),
        population=who,
        spread=float(case.y.std()),
        kind=case.kind,
        treated=case.treated,
        control=case.control,
        per_unit=case.per_unit and query.scale == "difference",
        outcome_kind=case.outcome_kind,
        means=found.means,
        others=others,
        unadjusted=_plain_difference(case),
        refutations=refutations,
        diagnoses=(stage, *_diagnoses(case)),
        favours=(stage.finding,) if stage.status == "ok" else (),
        rests=_rests(case, others),
        sentences=_sentences(case, found, split),
    )


def _population(case: Case) -> str:
    query = case.rows.query
    return those(query, case.rows.count(), f"those whose {safe(query.treatment)} was changed by {names_of(case)}")


def _assumptions(case: Case) -> tuple[str, ...]:
    query = case.rows.query
    z, t, y = names_of(case), safe(query.treatment), safe(query.outcome)
    given = (
        f", once {columns_text(case.claim.covariates)} {'is' if len(case.claim.covariates) == 1 else 'are'} held fixed"
    )
    given = given if case.claim.covariates else ""
    return (
        f"{z} {does(case.claim, 'touches', 'touch')} {y} only by changing {t}",
        f"nothing unlisted drives both {z} and {y}{given}",
        f"{z} {does(case.claim, 'moves', 'move')} {t} the same way for everyone whom {does(case.claim, 'it moves', 'they move')}",
        "one row's treatment does not change another row's outcome",
    )


def _by_arm(case: Case) -> dict[str, int]:
    if case.kind != "arms":
        return {}
    t, treated = safe(case.rows.query.treatment), int(case.d.sum())
    return {f"{t} = {safe(case.treated)}": treated, f"{t} = {safe(case.control)}": case.rows.n - treated}


def _plain_difference(case: Case) -> Effect | None:
    """What comes out with nothing held fixed and no instrument."""
    import numpy as np

    from ..kclass import fixed

    held = fixed(np.zeros((case.rows.n, 0)), case.weights, case.held.cluster)
    p = partial(case.y, case.d, case.z, held)
    line = ordinary(p)
    matrix = np.array([[line.error**2, 0.0], [0.0, 0.0]])
    return on_scale(case, Fit(line.value, 0.0, covariance=matrix, dof=p.critical_dof(1)), "difference")


def first_stage(case: Case, confidence: ConfidenceSet) -> Diagnosis:
    """How far the instruments move the treatment, with the figures behind it."""
    s, query = case.strength, case.rows.query
    weak = s.effective < WEAK
    shown = "without limit" if math.isinf(s.effective) else number(s.effective)
    finding = f"{names_of(case)} {does(case.claim, 'moves', 'move')} {safe(query.treatment)} " + (
        f"only weakly (strength {shown}, where 10 is wanted), so the wider margin that allows for this is given"
        if weak
        else f"clearly enough (strength {shown}, where 10 is wanted)"
    )
    finite = math.isfinite(s.effective)
    figures: dict[str, object] = {
        "f": s.f if finite else None,
        "effective_f": s.effective if finite else None,
        "critical": s.critical,
        "partial_r2": s.share,
        "instruments": case.p.m,
        "anderson_rubin": [[e if math.isfinite(e) else None for e in piece] for piece in confidence.pieces],
    }
    if case.p.m == 1:
        through, moved = reduced(case.p)
        figures |= {
            "first_stage": moved.value,
            "first_stage_error": moved.error,
            "reduced_form": through.value,
            "reduced_form_error": through.error,
        }
    return Diagnosis(name="first_stage", status="warning" if weak else "ok", finding=finding, figures=figures)


def _diagnoses(case: Case) -> tuple[Diagnosis, ...]:
    """Balance of the instrument, clusters, weights, rows lost and impossible figures."""
    query, found = case.rows.query, list[Diagnosis]()
    if case.x.shape[1]:
        found.append(_balance(case))
    if case.held.cluster is not None:
        groups = int(case.held.cluster.max()) + 1
        few = groups < FEW_CLUSTERS
        text = f"{count(groups)} groups of {safe(query.cluster)}"
        text += "; with so few the margin of error is rough" if few else ""
        found.append(
            Diagnosis(name="clusters", status="warning" if few else "ok", finding=text, figures={"clusters": groups})
        )
    if query.weights is not None:
        worth = float(case.weights.sum() ** 2 / (case.weights**2).sum())
        found.append(
            Diagnosis(
                name="weights",
                status="warning" if worth < max(30.0, 0.1 * case.rows.n) else "ok",
                finding=f"with these weights {count(case.rows.n)} rows are worth about {count(round(worth))}",
                figures={"effective_rows": worth},
            )
        )
    lost = sum(d.rows for d in case.rows.count().dropped if d.reason.startswith("no "))
    if lost:
        share = lost / (lost + case.rows.n)
        found.append(
            Diagnosis(
                name="missing",
                status="warning" if share > MUCH_MISSING else "ok",
                finding=f"{count(lost)} of {count(lost + case.rows.n)} rows were left out because something was not recorded",
                figures={"share": share},
            )
        )
    drawn = set(query.graph.nodes()) if query.graph is not None else set[str]()
    unexplained = [c for c in query.selected_on if c not in drawn]
    if unexplained:
        why = "without it in a graph nobody can say what that does"
        found.append(
            Diagnosis(name="selection", status="warning", finding=f"the rows were chosen by {join(unexplained)}; {why}")
        )
    smallest = min(int(case.z01.sum()), int((1 - case.z01).sum())) if case.simple else case.rows.n // 2
    if smallest < FEW_ROWS:
        text = (
            f"only {smallest} rows have one of the values of {names_of(case)}"
            if case.simple
            else f"there are only {case.rows.n} rows"
        )
        found.append(Diagnosis(name="few_rows", status="warning", finding=text, figures={"smallest": smallest}))
    return tuple(found)


def _balance(case: Case) -> Diagnosis:
    """How far each covariate goes with the instruments: the largest correlation of any of its columns with any of theirs.

    What is held fixed may go with the instrument, so this is shown and judges nothing.
    """
    import numpy as np

    root = case.held.root

    def centred(block: object) -> object:
        v = np.asarray(block) - np.average(np.asarray(block), axis=0, weights=root**2)
        v = v * root[:, None]
        return v / np.sqrt(np.maximum((v**2).sum(axis=0), 1e-300))

    table = np.abs(np.asarray(centred(case.x)).T @ np.asarray(centred(case.z))).max(axis=1)
    by_column = {
        g: max(float(table[j]) for j, h in enumerate(case.x_groups) if h == g) for g in dict.fromkeys(case.x_groups)
    }
    tied = sorted((c for c, v in by_column.items() if v > 0.1), key=lambda c: -by_column[c])
    finding = f"{names_of(case)} {does(case.claim, 'goes', 'go')} with " + (
        f"{columns_text(tied, 6)}, which {'is' if len(tied) == 1 else 'are'} held fixed"
        if tied
        else "none of the columns held fixed"
    )
    return Diagnosis(name="instrument_balance", status="ok", finding=finding, figures={"correlations": by_column})


def _rests(case: Case, others: tuple[Estimate, ...]) -> tuple[str, ...]:
    query = case.rows.query
    assert isinstance(query.design, Instrument)
    z, t, y = names_of(case), safe(query.treatment), safe(query.outcome)
    lines = [
        f"Only the part of {t} that {z} moved was used, on the claim that {z}"
        f" {does(case.claim, 'touches', 'touch')} {y} through {t} alone. No table can prove that."
    ]
    yours = query.source("graph") == "you"
    whose, by = ("Your graph", "By your graph") if yours else ("The drafted picture", "By the drafted picture")
    if case.claim.unseen and query.graph is not None:
        lines.append(f"{whose} does not show {join(list(case.claim.unseen))}; nothing there could be checked.")
    if case.claim.covariates:
        how = f"{by} rows alike in" if case.claim.from_graph else "Compared rows alike in"
        tail = " had to be compared." if case.claim.from_graph else "."
        lines.append(f"{how} {columns_text(case.claim.covariates, 20)}{tail}")
    bare = next((e for e in others if e.method == "ols"), None)
    if bare is not None:
        same = ", holding the same columns fixed," if case.claim.covariates else ""
        lines.append(f"Without the instrument{same} the figure would have been {_figure(case, bare.effect.value)}.")
    return tuple(lines)


def _figure(case: Case, value: float) -> str:
    if case.outcome_kind == "yes_no":
        return f"{number(abs(100 * value))} {'more' if value >= 0 else 'fewer'} in 100"
    unit = case.task.table.profile.column(str(case.rows.query.outcome)).unit
    return f"{number(abs(value))}{f' {safe(unit)}' if unit else ''} {'higher' if value >= 0 else 'lower'}"


def _sentences(case: Case, found: Answered, split: Shares | None) -> tuple[str, ...]:
    query = case.rows.query
    z, t = names_of(case), safe(query.treatment)
    lines = []
    if split is not None and 0 < split.compliers <= 1:
        lines.append(
            f"They are about {number(100 * split.compliers)} of 100: {t} would be {safe(case.treated)} for them with {_pushing(case)}"
            f" and {safe(case.control)} without."
        )
        if query.target == "treated" and split.always == 0:
            lines.append(f"Nobody had {t} = {safe(case.treated)} without {z}, so they stand for all who had it.")
    lines.append(f"For everyone else, whom {z} did not move, the effect can be another.")
    if case.strength.effective < WEAK:
        lines.append(f"{z} {does(case.claim, 'moves', 'move')} {t} only weakly; the margin allows for that.")
    return tuple(lines)


def _pushing(case: Case) -> str:
    """The value of a two-valued instrument that moves people towards the treatment, in the table's own spelling."""
    import numpy as np

    name = case.claim.instruments[0]
    toward = case.z01 if reduced(case.p)[1].value * float(np.ptp(case.z)) > 0 else 1 - case.z01
    row = case.rows.index[int(np.flatnonzero(toward == 1)[0])]
    value = case.task.table.column(name).iloc[row]
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return f"{safe(name)} = {safe(value)}"
