"""The recipes of the designs: each from the record that the design itself works on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..analysis import Answer, NotIdentified
from ..causal.designs import Task
from ..wording import safe
from .writer import NotExported, Term, Writer

Written = tuple[tuple[str, str], dict[str, Any]]


def _told(found: Any) -> Any:
    """The record, or `NotExported` where the question cannot be told from this table."""
    if isinstance(found, NotIdentified):
        raise NotExported("Run again, this answer cannot be told.", "Is it the same table?")
    return found


def instrument(task: Task, writer: Writer, answer: Answer) -> Written:
    """Two-stage least squares, LIML, and weighting by the chance of the instrument."""
    from ..causal import instrument_case
    from ..causal.weak_instrument import WEAK, anderson_rubin

    case = _told(instrument_case.prepare(task))
    query, index = task.query, case.rows.index
    treatment = str(query.treatment)
    wide = tuple(c for c in case.claim.covariates if instrument_case.is_wide(task, c))
    plain = tuple(c for c in case.claim.covariates if c not in wide)
    writer.need(
        str(query.outcome), treatment, *case.claim.instruments, *case.claim.covariates, query.weights, query.cluster
    )
    arms = case.kind == "arms"
    return ("instrument", "estimate"), {
        "index": index, "method": answer.method, "arms": arms, "y": writer.outcome(),
        "d": writer.level(treatment, case.treated) if arms else writer.number(treatment),
        "step": None if arms else {"treated": float(case.treated), "control": float(case.control)},
        "z": writer.informative(case.claim.instruments, index), "x": writer.informative(plain, index),
        "effects": [writer.use(c) for c in wide], "weights": query.weights, "cluster": query.cluster,
        "outcome_kind": case.outcome_kind,
        "weak": case.strength.effective < WEAK and not anderson_rubin(case.p).empty,
    }  # fmt: skip


def _periods(writer: Writer, name: str, codes: Any, index: Any) -> list[list[Any]]:
    """The values of a time column in order of their codes (n,); several values may mean the same period."""
    import pandas as pd

    series = writer.table.column(name).iloc[index].reset_index(drop=True)
    out = []
    for code in range(int(codes.max()) + 1):
        out.append([writer.value(name, v) for v in pd.unique(series[codes == code]).tolist()])
    return out


def _on(values: Any, wanted: Any) -> float:
    """Whether the term's 1 or its 0 stands for the rows that are treated."""
    return 1.0 if float(((values == 1) == wanted).mean()) >= 0.5 else 0.0


def differences(task: Task, writer: Writer, answer: Answer) -> Written:
    """Every method of a difference-in-differences."""
    import numpy as np

    from ..causal.differences_case import read_case

    case = _told(read_case(task))
    query, adoption, index = task.query, case.adoption, case.rows.index
    design: Any = query.design
    treatment, never = str(query.treatment), adoption.last
    group = design.unit or design.group
    own = treatment in (design.group, design.first_treated, design.unit)
    writer.need(
        str(query.outcome),
        design.time,
        group,
        None if own else treatment,
        *case.covariates,
        query.weights,
        query.cluster,
    )
    starts: list[dict[str, Any]] = []
    switch, moved = None, []
    by = design.first_treated or design.group
    if by:
        series = task.table.column(by).iloc[index]
        for value in series.dropna().unique().tolist():
            begins = int(adoption.start[(series == value).to_numpy()].min())
            if begins < never:
                starts.append({"of": writer.level(by, value), "period": begins})
    else:
        from ..causal.contrast import one_contrast

        contrast = _told(one_contrast(query, task.table.profile))
        term = writer.level(treatment, contrast.treated)
        values = (task.table.column(treatment).iloc[index] == contrast.treated).to_numpy().astype(float)
        on = _on(values, adoption.on)
        switch = {"of": term, "on": on}
        first = np.full(int(adoption.group.max()) + 1, never)
        rows = values == on
        np.minimum.at(first, adoption.group[rows], adoption.time[rows])
        units = task.table.column(group).iloc[index]
        differs = np.flatnonzero(first[adoption.group] != adoption.start)
        seen = {} if adoption.back else {int(adoption.group[i]): i for i in differs}
        moved = [[writer.value(group, units.iloc[i]), int(adoption.start[i])] for i in seen.values()]
    cluster = query.cluster or (group if case.data.cluster is not None else None)
    return ("differences", f"with_{answer.method}"), {
        "index": index, "y": writer.outcome(), "time": design.time,
        "periods": _periods(writer, design.time, adoption.time, index), "group": writer.use(group), "starts": starts,
        "switch": switch, "moved": moved, "back": adoption.back, "treated_rows": int(adoption.on.sum()),
        "units": adoption.unit, "panel": adoption.panel, "x": writer.informative(case.covariates, index),
        "weights": query.weights, "cluster": cluster, "comparison": case.comparison, "sign": adoption.sign,
        "chances": case.kind == "yes_no", "seed": task.seed,
    }  # fmt: skip


def panel(task: Task, writer: Writer, answer: Answer) -> Written:
    """Every method of the fixed effects."""
    from ..causal.panel_case import estimate, read_case

    case = _told(read_case(task))
    query, data, index = task.query, case.data, case.rows.index
    treatment, design = str(query.treatment), case.design
    writer.need(str(query.outcome), treatment, design.unit, design.time, *case.covariates, query.weights, query.cluster)
    d = [writer.number(treatment)]
    if case.contrast.kind == "arms":
        d = [writer.level(treatment, v) for v in _levels(task, case)]
    return ("panel", "estimate"), {
        "index": index, "method": answer.method, "y": writer.outcome(), "d": d,
        "x": writer.informative(case.covariates, index), "unit": design.unit, "time": design.time,
        "periods": [] if data.time is None else _periods(writer, str(design.time), data.time, index),
        "weights": query.weights, "cluster": case.clustered, "step": data.step,
        "wild": estimate(case, str(answer.method)).interval is not None, "seed": task.seed,
    }  # fmt: skip


def _levels(task: Task, case: Any) -> list[Any]:
    """The level asked about, then every other but the control."""
    from ..causal.contrast import is_categorical, same

    column = task.table.profile.column(str(task.query.treatment))
    out = [case.contrast.treated]
    if column.distinct > 2 or is_categorical(column, task.query):
        series = task.table.column(column.name).iloc[case.rows.index]
        others = [lv.value for lv in column.levels]
        out += [
            v for v in others
            if not same(v, case.contrast.treated) and not same(v, case.contrast.control) and bool((series == v).any())
        ]  # fmt: skip
    return out


def discontinuity(task: Task, writer: Writer, answer: Answer) -> Written:
    """Local polynomials at a cut-off."""
    from ..causal.cutoff import prepare
    from ..causal.cutoff_estimate import headline

    cut = _told(prepare(task.query, task.table))
    found = _told(headline(cut))
    query, local, index = task.query, found.local, cut.rows.index
    treatment = str(query.treatment)
    own = cut.t is None
    writer.need(
        str(query.outcome),
        cut.design.running,
        None if own else treatment,
        *cut.covariates,
        query.weights,
        query.cluster,
    )
    at = cut.right[cut.x == 0]
    t: Term | None = None
    if not own:
        t = writer.level(treatment, cut.treated) if cut.kind == "arms" else writer.number(treatment)
    fixed = local.given or local.method == "polynomial"
    return ("cutoff", "estimate"), {
        "index": index, "y": writer.outcome(), "running": writer.number(cut.design.running), "cutoff": cut.design.cutoff,
        "t": t, "z": writer.informative(cut.covariates, index), "weights": query.weights, "cluster": query.cluster,
        "fuzzy": cut.fuzzy, "upward": bool(cut.upward), "factor": cut.factor,
        "at": "above" if at.all() else "treatment" if at.any() else "below",
        "h": local.jump.h if fixed else None, "b": local.jump.b if fixed else None, "kernel": local.kernel, "p": local.p,
        "own": local.own, "straight": local.straight, "dof": local.dof if math.isfinite(local.dof) else None,
        "weak": found.weak, "chances": cut.outcome_kind == "yes_no" and (not cut.fuzzy or cut.kind == "arms"),
    }  # fmt: skip


def _through(task: Task, writer: Writer, answer: Answer, front_door: bool) -> Written:
    """Mediation and the front door."""
    import pandas as pd

    from ..causal.nested import form_of
    from ..causal.pathway import walk
    from ..causal.pathway_identify import covariates_of
    from .recipe import sampled

    query = task.query
    design: Any = query.design
    mediators = tuple(dict.fromkeys(design.mediators))
    covariates = _told(covariates_of(query, task.table, mediators, front_door=front_door))
    stroll = _told(walk(query, task.table, mediators, covariates, others=front_door))
    p, contrast = stroll.pathway, stroll.drawn.contrast
    form = form_of(p)
    values = sampled(writer, p.sample, contrast, covariates, also=mediators)
    values["m"] = [t for name in mediators for t in _kept(writer, name, p.sample.rows)]
    others: list[Any] = []
    if p.sample.kind == "arms" and (p.sample.arm < 0).any():
        series = task.table.column(str(query.treatment)).iloc[p.sample.rows[p.sample.arm < 0]]
        others = sorted(pd.unique(series).tolist(), key=str)
    values |= {
        "front_door": front_door, "other_arms": [writer.level(str(query.treatment), v) for v in others],
        "models": {"shared": form.shared, "crossed": form.crossed, "powers": form.powers, "bent": list(form.bent), "varied": form.varied},
    }  # fmt: skip
    return ("pathway", f"with_{str(answer.method).rpartition('_')[2]}"), values


def _kept(writer: Writer, name: str, rows: Any) -> list[Term]:
    return writer.informative((name,), rows)


def mediation(task: Task, writer: Writer, answer: Answer) -> Written:
    """What passes through a mediator."""
    return _through(task, writer, answer, False)


def front_door(task: Task, writer: Writer, answer: Answer) -> Written:
    """An effect worked out from what passes through a mediator."""
    return _through(task, writer, answer, True)


def survival(task: Task, writer: Writer, answer: Answer) -> Written:
    """Time to an event."""
    from ..causal.contrast import find_level, positive_level
    from ..causal.follow_up import follow_up
    from ..causal.survival_estimate import standardised
    from .recipe import sampled

    query = task.query
    f = _told(follow_up(query, task.table))
    column = task.table.profile.column(str(query.event))
    writer.need(str(query.event))
    if query.outcome_event is not None and column.levels:
        event: Term | None = writer.level(column.name, find_level(column, query.outcome_event, "event"))
    elif column.kind == "yes_no":
        event = writer.level(column.name, positive_level(column)[1])
    else:
        event = None
    rates = query.scale == "hazard_ratio"
    base = answer.method
    if rates:
        f, sample = f.two_arms(), f.two_arms().sample
    else:
        found, sample = standardised(f, query.scale)
        base = found.estimator.name if found is not None else None
    values = sampled(writer, sample, f.drawn.contrast, f.estimand.adjust_for, forms="" if rates else str(base))
    values["y"] = {"column": writer.use(str(query.outcome))}
    mean_time = query.scale == "difference" and f.horizon is None
    values |= {
        "event": event, "method": answer.method, "when": float(f.last if mean_time else f.landmark), "mean_time": mean_time,
        "risk": query.scale != "difference", "chances": query.scale == "difference" and not mean_time,
    }  # fmt: skip
    return (("survival", "with_rates") if rates else ("shares", f"with_{base}")), values


def synthetic_control(task: Task, writer: Writer, answer: Answer) -> Written:
    """One unit against a mix of the others."""
    import numpy as np

    from ..causal.designs.synthetic_control import prepare
    from ..causal.periods import clock_of
    from ..causal.unit_periods import label_of

    case = _told(prepare(task))
    query, table, data = task.query, task.table, case.data
    design: Any = query.design
    writer.need(str(query.outcome), design.unit, design.time, query.weights)
    clock = clock_of(table, design.time)
    names = np.array([safe(label_of(v), 40) for v in table.column(design.unit).tolist()], dtype=object)
    moments = [clock.name(float(v)) for v in np.unique(clock.at[np.isfinite(clock.at)])]
    place = {name: i for i, name in enumerate(data.periods)}
    at = np.array([place.get(clock.name(float(v)), -1) if np.isfinite(v) else -1 for v in clock.at])
    of = np.array([next((j for j, u in enumerate(data.units) if u == n), -1) for n in names])
    assert len(moments) >= len(data.periods)
    chosen = np.flatnonzero((at >= 0) & (of >= 0) & ~table.column(str(query.outcome)).isna().to_numpy())
    units = _periods(writer, design.unit, of[chosen], chosen)
    return ("synthetic", "estimate"), {
        "index": chosen, "method": answer.method, "y": writer.outcome(), "time": design.time, "unit": design.unit,
        "periods": _periods(writer, design.time, at[chosen], chosen), "units": units, "before": data.before,
        "predictors": [
            *(_predictors(task, writer, data, at[chosen], of[chosen], chosen) if len(case.problem.predictors) else [])
        ],
        "weights": query.weights, "chances": data.outcome_kind == "yes_no",
    }  # fmt: skip


def _predictors(task: Task, writer: Writer, data: Any, at: Any, of: Any, rows: Any) -> list[Term]:
    """The predictors that were of use, in order."""
    import numpy as np

    from ..causal.sample import encode

    out: list[Term] = []
    for name in dict.fromkeys(task.query.adjust_for or ()):
        block, labels = encode(task.table, name, task.query, rows)
        terms = writer.encoded(name)
        for column, label in zip(block.T, labels, strict=True):
            seen = np.isfinite(column) & (at < data.before)
            many = np.bincount(of[seen], minlength=len(data.units))
            with np.errstate(invalid="ignore", divide="ignore"):
                means = np.bincount(of[seen], weights=column[seen], minlength=len(data.units)) / many
            if len(out) < len(data.predictors) and np.allclose(
                means, data.predictors[len(out)], rtol=1e-10, equal_nan=True
            ):
                out.append(terms[label])
    return out


WRITERS: dict[str, Callable[[Task, Writer, Answer], Written]] = {
    "instrument": instrument, "differences": differences, "panel": panel, "discontinuity": discontinuity,
    "mediation": mediation, "front_door": front_door, "survival": survival, "synthetic_control": synthetic_control,
}  # fmt: skip
