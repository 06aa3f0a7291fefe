"""The checks of a difference-in-differences: did the groups move alike before, and does the answer hang on one part of the rows?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..analysis import Diagnosis, Refutation, Verdict
from ..wording import alike, count, join, number, safe
from . import did_models as models
from . import fixed_effects as fe
from .att import Att
from .differences_case import Case, estimate, with_outcome
from .group_time import DECIDED, average
from .panel_request import clusters_text, unit_text
from .pre_trends import EventStudy, event_study, pre_test
from .refuters.negative_control import Look, controls
from .sample import control_values
from .trend_sensitivity import trend_sensitivity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_LEFT_OUT = 60
CLEAR = 2.576  # 99 %


def amount(value: float, case: Case) -> str:
    """A difference as a person reads it."""
    return f"{number(100 * value)} in 100" if case.kind == "yes_no" else number(value)


def _pair(values: list[float], case: Case) -> list[str]:
    shown = alike([100 * v for v in values] if case.kind == "yes_no" else values)
    return [f"{s} in 100" for s in shown] if case.kind == "yes_no" else shown


def groups_text(case: Case, many: int = 2) -> str:
    """What the margin counts as one."""
    return clusters_text(case.clustered, case.unit, many)


def study_of(case: Case) -> EventStudy | None:
    """The event study of the case, or None where there is one period before or the treatment goes back."""
    if case.adoption.back:
        return None
    return event_study(case.cells(before=True), case.data.cluster)


def refutations(case: Case, method: str, att: Att, study: EventStudy | None) -> tuple[Refutation, ...]:
    """Every check that applies, on the scale of the difference."""
    found = (
        pre_trends(case, att, study),
        placebo_period(case, att),
        trend_sensitivity(case, att, study),
        leave_one_out(case, method, att),
        negative_outcome(case, method, att),
    )
    return tuple(r for r in found if r is not None)


def pre_trends(case: Case, att: Att, study: EventStudy | None) -> Refutation | None:
    """Fails when the earlier gaps together are not zero (99 %). Passes when they are not (95 %) and the line through them would
    not reach half the effect; otherwise the earlier periods say too little."""
    test = None if study is None else pre_test(study)
    if test is None:
        return None
    verdict: Verdict = "inconclusive"
    if test.p_value < 0.01:
        verdict = "failed"
    elif test.p_value >= 0.05 and abs(test.drift) <= 0.5 * abs(att.value):
        verdict = "passed"
    largest = amount(abs(test.largest), case)
    periods = f"{test.periods} earlier period{'s' if test.periods > 1 else ''}"
    observed = {
        "failed": f"they parted by up to {largest} already before, more than chance would do ({periods})",
        "passed": f"they moved alike: the largest gap is {largest}, no more than chance would do ({periods})",
        "inconclusive": (
            f"the largest gap is {largest} ({periods}); too little to say that they moved alike, or that they did not"
        ),
    }[verdict]
    return Refutation(
        check="pre_trends",
        question="Did the two groups move alike before the treatment?",
        expected="no gap that grows or shrinks before",
        observed=observed,
        verdict=verdict,
        meaning="If this fails, they would probably not have moved alike afterwards either, and the answer is in doubt.",
        figures={
            "p_value": test.p_value, "periods": test.periods, "largest": test.largest,
            "largest_error": test.largest_error, "drift": test.drift, "drift_error": test.drift_error,
        },
    )  # fmt: skip


def placebo_period(case: Case, att: Att) -> Refutation | None:
    """Pretends that the treatment began one period too early and looks at that period alone. Fails when an effect is seen
    (99 %); passes when none is and one of half the size found would have been."""
    if case.adoption.back:
        return None
    found = case.cells(placebo=True)
    if not found.cells:
        return None
    fake = average(found, case.data.cluster, found.cells)
    if not fake.error > 0:
        return None
    z = abs(fake.value) / fake.error
    if z > CLEAR:
        verdict: Verdict = "failed"
    else:
        verdict = "passed" if 2 * fake.error <= abs(att.value) else "inconclusive"
    shown = _pair([fake.value, att.value / case.adoption.sign], case)
    return Refutation(
        check="placebo_period",
        question="If the treatment is said to start one period too early, does an effect show up?",
        expected="about 0",
        observed=f"{shown[0]} (the real estimate is {shown[1]})",
        verdict=verdict,
        meaning="If this fails, the groups parted before the treatment: it was expected, or something else was at work.",
        figures={"value": fake.value, "std_error": fake.error},
    )


def leave_one_out(case: Case, method: str, att: Att) -> Refutation | None:
    """Leaves out every cluster in turn (every start date, where there are too many). Fails when one of at least ten moves the
    estimate by more than one and a half standard errors; with fewer, moves that large are inconclusive."""
    import numpy as np

    data = case.data
    if data.cluster is None or not att.error > 0:
        return None
    codes = np.unique(data.cluster, return_inverse=True)[1].ravel()
    what = unit_text(case.clustered) if case.clustered == case.unit else f"group of {safe(case.clustered)}"
    names: list[str] = []
    if int(codes.max()) + 1 > MOST_LEFT_OUT:
        if not case.adoption.staggered:
            return None
        starts = case.adoption.starts
        codes = np.searchsorted(np.array(starts), data.start)
        codes = np.where(data.start < data.periods, codes, -1)
        what, names = "start date", [case.adoption.periods[g] for g in starts]
    groups = int(codes.max()) + 1
    moves = []
    for g in range(groups):
        try:
            other = estimate(case, method, data.take(codes != g), exact=False)
        except np.linalg.LinAlgError:
            continue
        moves.append((abs(other.value - att.value) / att.error, other.value, g))
    if len(moves) < 3:
        return None
    largest, value, g = max(moves)
    flips = value * att.value < 0 and abs(att.value) > 2 * att.error
    verdict: Verdict = "passed" if largest <= 1 and not flips else "inconclusive"
    if (largest > 1.5 or flips) and groups >= 10:
        verdict = "failed"
    shown = _pair([value, att.value], case)
    which = f" ({names[g]})" if names else ""
    return Refutation(
        check="leave_one_out",
        question=f"Does the answer hang on a single {what}?",
        expected=f"about {shown[1]} whichever is left out",
        observed=f"the one that matters most{which} moves it to {shown[0]}",
        verdict=verdict,
        meaning=f"If this fails, one {what} carries the answer.",
        figures={"largest_move_in_errors": largest, "value": value, "left_out": len(moves)},
    )


def negative_outcome(case: Case, method: str, att: Att) -> Refutation | None:
    """The same comparison on columns that the treatment cannot affect (`refuters/negative_control.py`)."""
    import numpy as np

    def look(name: str) -> Look | None:
        values = control_values(case.task.table, name, case.query, case.rows.index)
        other = None if values is None else with_outcome(case.data, values)
        if other is None or other.n < 8 or np.ptp(other.y) == 0:
            return None
        fake = estimate(case, method, other, exact=False)
        return Look(fake.value / fake.error, fake.error / (float(other.y.std()) or 1.0)) if fake.error > 0 else None

    size = abs(att.value) / (float(case.data.y.std()) or 1.0)
    meaning = "If this fails, something other than the treatment made the groups part."
    return controls(case.query, case.query.negative_outcomes, case.covariates, look, size, meaning=meaning)


def diagnoses(case: Case, method: str, att: Att, study: EventStudy | None) -> tuple[Diagnosis, ...]:
    """What the table can carry; a warning costs a level."""
    found = [
        _clusters(case, att),
        _groups_only(case),
        _few_treated(case),
        _overlap(case, method, att),
        _conflicts(case),
        _missing(case),
        _gaps(case),
        _story(case, study),
    ]
    if method in ("group_time", "regression") and not case.adoption.back:
        found.append(_group_time_table(case))
    return tuple(d for d in found if d is not None)


def _clusters(case: Case, att: Att) -> Diagnosis | None:
    if case.data.cluster is None:
        return None
    total = fe.count_of(case.data.cluster)
    treated, other, mixed = models.arms_by_cluster(case.data)
    fewest, name = min(treated, other), groups_text(case)
    figures: dict[str, Any] = {"clusters": total, "treated": treated, "other": other}
    if "whole_clusters" in att.notes:
        text = (
            f"only {fewest} {groups_text(case, fewest)} on one side ({treated} treated, {other} not): the margin compares whole ones"
            " and rests on their all being about equally unsteady"
        )
        return Diagnosis(name="clusters", status="warning", finding=text, figures=figures)
    if total >= models.FEW_CLUSTERS and (mixed or min(treated, other) > models.FEW_TREATED):
        return Diagnosis(name="clusters", status="ok", finding=f"{count(total)} {name}", figures=figures)
    how = ""
    if att.interval is not None:
        how = "; the margin comes from a bootstrap of whole ones (wild cluster bootstrap), which is made for few"
    few = (
        f"only {count(total)} {name}"
        if total < models.FEW_CLUSTERS
        else f"only {fewest} {groups_text(case, fewest)} on one side"
    )
    return Diagnosis(
        name="clusters", status="warning", finding=f"{few}: the margin is itself uncertain{how}", figures=figures
    )


def _groups_only(case: Case) -> Diagnosis | None:
    """Two groups without clusters: whatever else happened to one of them looks like an effect."""
    if case.data.cluster is not None:
        return None
    cells = fe.count_of(case.data.group) * fe.count_of(case.data.time)
    if case.data.n > 4 * cells:
        return None
    return Diagnosis(
        name="few_rows",
        status="warning",
        finding=f"{count(case.data.n)} rows in {count(cells)} groups and periods: too few to judge chance well",
        figures={"rows": case.data.n},
    )


def _few_treated(case: Case) -> Diagnosis | None:
    """Few treated members: the interval leans on their being like the others."""
    import numpy as np

    if case.adoption.back:
        return None
    treated = case.data.start < case.data.periods
    members = case.data.group if case.adoption.panel else np.arange(case.data.n)
    smallest = min(len(np.unique(members[treated])), len(np.unique(members[~treated])))
    if smallest >= 10 or (case.adoption.panel and smallest <= models.FEW_TREATED):
        return None
    what = groups_text(case, smallest) if case.adoption.panel and case.clustered else "rows"
    return Diagnosis(
        name="few_rows",
        status="warning",
        finding=f"one of the groups has only {smallest} {what}",
        figures={"smallest": smallest},
    )


def _overlap(case: Case, method: str, att: Att) -> Diagnosis | None:
    if method != "group_time" or not case.covariates or DECIDED not in att.notes:
        return None
    return Diagnosis(
        name="overlap",
        status="warning",
        finding=f"{join(case.covariates[:4])} all but decide who is treated, so for some nobody comparable is there",
    )


def _conflicts(case: Case) -> Diagnosis | None:
    if not case.adoption.conflicts:
        return None
    return Diagnosis(
        name="treatment_column",
        status="warning",
        finding=(
            f"{safe(case.query.treatment)} says otherwise than the design in {count(case.adoption.conflicts)} rows; the design"
            " was followed"
        ),
        figures={"rows": case.adoption.conflicts},
    )


def _missing(case: Case) -> Diagnosis | None:
    counted = case.rows.count()
    lost = sum(d.rows for d in counted.dropped if d.reason.startswith("no ") and not d.reason.startswith("no one"))
    base = counted.used + lost
    if not lost:
        return None
    share = lost / base
    return Diagnosis(
        name="missing",
        status="warning" if share > 0.2 else "ok",
        finding=f"{count(lost)} of {count(base)} rows were left out because something was not recorded",
        figures={"share": share},
    )


def _gaps(case: Case) -> Diagnosis | None:
    """Units not seen in every period, and whether the treated leave the table more often after treatment."""
    import numpy as np

    if not case.adoption.panel:
        return None
    data = case.data
    units, first = np.unique(data.group, return_index=True)
    whole = len(units) * data.periods
    share = 1 - data.n / whole
    if share <= 0:
        return None
    if case.adoption.back:
        return Diagnosis(
            name="gaps", status="ok", finding=f"{number(100 * share)}% of the table’s periods are not recorded"
        )
    start = data.start[first]
    rates = []
    for treated in (True, False):
        members = units[(start < data.periods) == treated]
        after = data.time >= int(data.start.min())
        seen = np.isin(data.group, members)
        width = data.periods - int(data.start.min())
        early = int(data.start.min())
        rates.append(
            1 - int((seen & after).sum()) / max(len(members) * width, 1)
            - (1 - int((seen & ~after).sum()) / max(len(members) * early, 1))
        )  # fmt: skip
    worse = abs(rates[0] - rates[1])
    text = f"not every {unit_text(case.unit)} is seen in every period ({number(100 * share)}% of them are missing)"
    if worse > 0.1:
        text += ", and the treated and the others went missing unequally"
    return Diagnosis(
        name="attrition" if worse > 0.1 else "gaps",
        status="warning" if worse > 0.1 else "ok",
        finding=text,
        figures={"share": share, "unequal": worse},
    )


def _story(case: Case, study: EventStudy | None) -> Diagnosis:
    """The averages over time and, where there are several periods, the event study: picture data."""
    import numpy as np

    data = case.data
    ever = data.start < data.periods if not case.adoption.back else data.on
    paths: dict[str, list[float | None]] = {}
    for label, rows in (("treated", ever), ("untreated", ~ever)):
        paths[label] = [
            float(np.average(data.y[m], weights=data.weights[m])) if (m := rows & (data.time == t)).any() else None
            for t in range(data.periods)
        ]
    figures: dict[str, Any] = {
        "periods": list(case.adoption.periods),
        "paths": paths,
        "starts": [case.adoption.periods[g] for g in case.adoption.starts] if not case.adoption.back else [],
    }
    if study is None:
        return Diagnosis(name="event_study", status="ok", finding="averages over time by group", figures=figures)
    figures |= {
        "event": [int(e) for e in study.event],
        "gap": [float(v) for v in study.gap],
        "std_error": [float(v) for v in study.error],
        "base": -1,
    }
    earlier = int((study.event < -1).sum())
    text = (
        f"the gap between the groups over time, with {earlier} period{'s' if earlier != 1 else ''} before to check"
        if earlier
        else "the table has one period before the treatment, so whether the groups moved alike before cannot be seen"
    )
    return Diagnosis(name="event_study", status="ok", finding=text, figures=figures)


def _group_time_table(case: Case) -> Diagnosis | None:
    """The effect by start date and period."""
    import numpy as np

    found = case.cells()
    if len(found.cells) < 2:
        return None
    cells = []
    for c in found.cells:
        one = average(found, case.data.cluster, (c,))
        cells.append({
            "start": case.adoption.periods[c.g], "period": case.adoption.periods[c.t],
            "effect": float(one.value), "std_error": float(one.error) if np.isfinite(one.error) else None,
        })  # fmt: skip
    return Diagnosis(
        name="group_time",
        status="ok",
        finding="the effect by start date and period" if case.adoption.staggered else "the effect by period",
        figures={"cells": cells},
    )
