"""The checks of fixed effects: does tomorrow's treatment move today's outcome, does one unit carry the answer, did those treated
later move like the others before?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..analysis import Diagnosis, Effect, Estimate, Refutation, Verdict
from ..wording import alike, count, join, safe
from . import did_models as models
from . import fixed_effects as fe
from .att import effect_on
from .differences_case import METHODS as DIFFERENCES
from .differences_case import NEVER_ENOUGH, cell_data
from .group_time import average, group_time
from .panel_case import Case, Slope, Slopes, estimate
from .panel_request import clusters_text, unit_text, units_text
from .panel_sensitivity import hidden_cause
from .pre_trends import event_study
from .refuters.negative_control import Look, controls
from .sample import control_values
from .trend_sensitivity import breakdown, shown_in, told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_LEFT_OUT = 60
CLEAR = 2.576  # 99 %
FEW_SWITCHERS = 20


def _pair(values: list[float], case: Case) -> list[str]:
    shown = alike([100 * v for v in values] if case.kind == "yes_no" else values)
    return [f"{s} in 100" for s in shown] if case.kind == "yes_no" else shown


def refutations(case: Case, method: str, slope: Slope) -> tuple[Refutation, ...]:
    """Every check that applies."""
    if not slope.error > 0:
        return ()
    found = (
        future_treatment(case, slope),
        leave_one_out(case, method, slope),
        negative_outcome(case, method, slope),
        hidden_cause(case, slope),
        drift(case),
    )
    return tuple(r for r in found if r is not None)


def future_treatment(case: Case, slope: Slope) -> Refutation | None:
    """Adds the treatment of the next period (Wooldridge 2010, section 10.7.1). Fails when it is seen to move today's outcome
    (99 %): the treatment then answers to the outcome, or was felt before it came."""
    import numpy as np

    data = case.data
    if data.time is None or not case.periods:
        return None
    order = np.lexsort((data.time, data.unit))
    now, then = order[:-1], order[1:]
    next_to = (data.unit[now] == data.unit[then]) & (data.time[then] == data.time[now] + 1)
    now, then = now[next_to], then[next_to]
    if len(now) < 20:
        return None
    part = data.take(now)
    assert part.time is not None
    columns = np.hstack([data.d[then, :1], part.d, part.x])
    try:
        fitted = fe.fit(part.y, columns, (part.unit, part.time), part.weights)
    except np.linalg.LinAlgError:
        return None
    if fitted.kept[:1] != (0,) or fitted.dof < 2:
        return None
    value = data.step * float(fitted.beta[0])
    error = abs(data.step) * math.sqrt(max(float(fitted.covariance(part.cluster)[0, 0]), 0.0))
    if not error > 0:
        return None
    if abs(value) / error > CLEAR:
        verdict: Verdict = "failed"
    else:
        verdict = "passed" if 2 * error <= abs(slope.value) else "inconclusive"
    shown = _pair([value, slope.value], case)
    return Refutation(
        check="future_treatment",
        question=f"Does the {safe(case.query.treatment)} of the next period seem to change the outcome of this one?",
        expected="about 0: the future cannot change the past",
        observed=f"{shown[0]} (the real estimate is {shown[1]})",
        verdict=verdict,
        meaning="If this fails, the treatment answers to the outcome or to something that moves both.",
        figures={"value": value, "std_error": error},
    )


def leave_one_out(case: Case, method: str, slope: Slope) -> Refutation | None:
    """Leaves out every cluster in turn, where there are not too many. Fails when one of at least ten moves the estimate by more
    than one and a half standard errors."""
    import numpy as np

    data = case.data
    codes = np.unique(data.cluster, return_inverse=True)[1].ravel()
    groups = int(codes.max()) + 1
    if groups > MOST_LEFT_OUT or groups < 3:
        return None
    moves = []
    for g in range(groups):
        try:
            other = estimate(case, method, data.take(codes != g), exact=False)
        except np.linalg.LinAlgError:
            continue
        moves.append((abs(other.value - slope.value) / slope.error, other.value))
    if len(moves) < 3:
        return None
    largest, value = max(moves)
    flips = value * slope.value < 0 and abs(slope.value) > 2 * slope.error
    verdict: Verdict = "passed" if largest <= 1 and not flips else "inconclusive"
    if (largest > 1.5 or flips) and groups >= 10:
        verdict = "failed"
    shown = _pair([value, slope.value], case)
    own = case.clustered == case.design.unit
    what = unit_text(case.clustered) if own else f"group of {safe(case.clustered)}"
    return Refutation(
        check="leave_one_out",
        question=f"Does the answer hang on a single {what}?",
        expected=f"about {shown[1]} whichever is left out",
        observed=f"the one that matters most moves it to {shown[0]}",
        verdict=verdict,
        meaning=f"If this fails, one {what} carries the answer.",
        figures={"largest_move_in_errors": largest, "value": value, "left_out": len(moves)},
    )


def negative_outcome(case: Case, method: str, slope: Slope) -> Refutation | None:
    """The same on columns that the treatment cannot affect (`refuters/negative_control.py`)."""
    import numpy as np

    data = case.data

    def look(name: str) -> Look | None:
        values = control_values(case.task.table, name, case.query, case.rows.index)
        if values is None:
            return None
        whole = np.isfinite(values)
        part = replace(data, y=np.where(whole, values, 0.0)).take(whole)
        fake = estimate(case, method, part, exact=False)
        return Look(fake.value / fake.error, fake.error / (float(part.y.std()) or 1.0)) if fake.error > 0 else None

    size = abs(slope.value) / (float(data.y.std()) or 1.0)
    meaning = "If this fails, something other than the treatment moves with it."
    return controls(case.query, case.query.negative_outcomes, case.covariates, look, size, meaning=meaning)


def switched_on(case: Case) -> tuple[models.Treated, int] | None:
    """(the rows as a difference-in-differences, +1), where an on/off treatment is only ever switched on; −1 where it is only ever
    switched off. Units that have it from their first period on are left out."""
    import numpy as np

    data = case.data
    if data.time is None or case.contrast.kind != "arms" or data.d.shape[1] > 1 or not case.periods:
        return None
    pairs = data.unit * (int(data.time.max()) + 1) + data.time
    if len(np.unique(pairs)) < data.n:
        return None
    for sign, on in ((1, data.d[:, 0] == 1), (-1, data.d[:, 0] == 0)):
        periods = int(data.time.max()) + 1
        start, first = np.full(int(data.unit.max()) + 1, periods), np.full(int(data.unit.max()) + 1, periods)
        np.minimum.at(start, data.unit[on], data.time[on])
        np.minimum.at(first, data.unit, data.time)
        if not (on == (data.time >= start[data.unit])).all():
            continue
        keep = (start > first)[data.unit]
        made = models.Treated(
            data.y, data.time, start[data.unit], on, data.unit, data.x, data.weights, True, data.cluster, periods
        ).take(keep)
        return (made, sign) if made.on.any() and not (made.start == made.start[0]).all() else None
    return None


def drift(case: Case) -> Refutation | None:
    """How far units that are switched on (or off) for good would have to drift away from the others by themselves, against the
    largest step before, for the average of their changes (`trend_sensitivity`). Information, never a fault; None where nobody
    is seen in two periods before."""
    import numpy as np

    found = switched_on(case)
    if found is None:
        return None
    made, sign = found
    comparison = comparison_of(made)
    try:
        study = event_study(group_time(cell_data(made, True), comparison, before=True), made.cluster)
        att = average(group_time(cell_data(made, True), comparison), made.cluster)
    except np.linalg.LinAlgError:
        return None
    effect = effect_on(att, "difference", "")
    if study is None or effect is None or effect.low is None or effect.high is None:
        return None
    bound = breakdown(study, att.value, effect.low, effect.high)
    unit = safe(case.task.table.profile.column(str(case.query.outcome)).unit or "")
    return None if bound is None else told(bound, sign, shown_in(case.kind == "yes_no", unit))


def comparison_of(made: models.Treated) -> Any:
    """Those never treated where there are enough, else those not treated yet."""
    members = made.group[made.start >= made.periods]
    return "never" if fe.count_of(members) >= NEVER_ENOUGH else "not_yet"


def staggered(case: Case, unit: str) -> tuple[tuple[Estimate, ...], Diagnosis | None]:
    """Second opinions that do not count comparisons backwards, and what is to be said, where start dates differ (Goodman-Bacon
    2021; de Chaisemartin & D'Haultfœuille 2020)."""
    import numpy as np

    found = switched_on(case)
    if found is None:
        return (), None
    made, sign = found
    starts = np.unique(made.start[made.start < made.periods])
    comparison = comparison_of(made)
    out = []
    for name in ("group_time", "imputation"):
        try:
            att = (
                average(group_time(cell_data(made, True), comparison), made.cluster)
                if name == "group_time"
                else models.imputation(made)
            )
        except np.linalg.LinAlgError:
            continue
        effect: Effect | None = effect_on(att.times(sign), "difference", unit)
        if effect is not None:
            note = "for those who were treated while they were, by differences from before to after"
            out.append(Estimate(method=name, label=DIFFERENCES[name], effect=effect, n=made.n, notes=(note,)))
    if len(starts) < 2:
        return tuple(out), None
    text = (
        f"{safe(case.query.treatment)} is switched on at {count(len(starts))} different times and never off: the plain fixed"
        " effects then count some comparisons backwards"
    )
    if out:
        text += "; averages that do not are shown beside it"
    return tuple(out), Diagnosis(
        name="staggered", status="ok", finding=text, figures={"starts": [case.periods[int(g)] for g in starts]}
    )


def diagnoses(case: Case, method: str, slope: Slope) -> tuple[Diagnosis, ...]:
    """What the table can carry; a warning costs a level."""
    found = (_clusters(case, method, slope), _switchers(case), _collinear(case, slope), _missing(case))
    return tuple(d for d in found if d is not None)


def _clusters(case: Case, method: str, slope: Slope) -> Diagnosis:
    total = fe.count_of(case.data.cluster)
    name = clusters_text(case.clustered, case.design.unit)
    if method == "two_way_clustered" and case.data.time is not None and fe.count_of(case.data.time) < total:
        total, name = fe.count_of(case.data.time), f"periods ({safe(case.design.time)})"
    if total >= models.FEW_CLUSTERS:
        return Diagnosis(name="clusters", status="ok", finding=f"{count(total)} {name}", figures={"clusters": total})
    how = ""
    if slope.interval is not None:
        how = "; the margin comes from a bootstrap of whole ones (wild cluster bootstrap), which is made for few"
    return Diagnosis(
        name="clusters",
        status="warning",
        finding=f"only {count(total)} {name}: the margin is itself uncertain{how}",
        figures={"clusters": total},
    )


def _switchers(case: Case) -> Diagnosis | None:
    """How many units the answer comes from."""
    import numpy as np

    data = case.data
    low, high = np.full(int(data.unit.max()) + 1, np.inf), np.full(int(data.unit.max()) + 1, -np.inf)
    np.minimum.at(low, data.unit, data.d[:, 0])
    np.maximum.at(high, data.unit, data.d[:, 0])
    moving, total = int((high > low).sum()), len(low)
    few = moving < FEW_SWITCHERS and moving < 0.5 * total
    return Diagnosis(
        name="few_rows" if few else "within_variation",
        status="warning" if few else "ok",
        finding=f"{safe(case.query.treatment)} changes over time in {count(moving)} of {count(total)} {units_text(case.design.unit)}",
        figures={"changing": moving, "units": total},
    )


def _collinear(case: Case, slope: Slope) -> Diagnosis | None:
    first = case.data.d.shape[1]
    gone = [g for j, g in enumerate(case.groups) if first + j not in slope.fitted.kept]
    names = list(dict.fromkeys(gone))
    if not names:
        return None
    verb = "does" if len(names) == 1 else "do"
    return Diagnosis(
        name="collinear",
        status="ok",
        finding=f"{join(names)} {verb} not change beside units, periods and the other covariates, so it is left out",
        figures={"columns": names},
    )


def _missing(case: Case) -> Diagnosis | None:
    counted = case.rows.count()
    lost = sum(d.rows for d in counted.dropped if d.reason.startswith("no "))
    if not lost:
        return None
    base = counted.used + lost
    return Diagnosis(
        name="missing",
        status="warning" if lost / base > 0.2 else "ok",
        finding=f"{count(lost)} of {count(base)} rows were left out because something was not recorded",
        figures={"share": lost / base},
    )


def plain_slope(data: Slopes) -> Slope:
    """The slope over all rows, with neither effects nor covariates."""
    fitted = fe.fit(data.y, data.d, (), data.weights)
    variance = float(fitted.covariance(data.cluster)[0, 0])
    dof = float(fe.count_of(data.cluster) - 1)
    return Slope(data.step * float(fitted.beta[0]), abs(data.step) * math.sqrt(max(variance, 0.0)), dof, fitted)
