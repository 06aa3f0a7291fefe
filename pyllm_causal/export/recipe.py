"""What an answer was worked out from, as plain values: which rows and columns, which method with which settings.

A recipe holds nothing but names, numbers and lists, so a script can carry it as a literal. What a rule decided on the way (who
has no counterpart, the form of a model, how a count is read) is in it as a value, so that the script need not decide again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Effect, GroupedEffect, MediationEffect, NotIdentified
from ..answer_file import query_of, seed_of
from ..causal.contrast import contrasts
from ..causal.designs import Task, strategy_of
from ..causal.identify import identify
from ..causal.implied import implied_design
from ..filter import parse_filter
from ..query import Query
from ..wording import safe
from . import designs
from .excerpt import PACKAGE, Ref
from .writer import NotExported, Writer

if TYPE_CHECKING:
    from ..causal.sample import Sample
    from ..data import Table

PARTS = f"{PACKAGE}.export.parts"
# Methods of the comparisons that hold covariates fixed, each with its function in parts/common.py.
COMMON = (
    "difference_in_means", "post_stratified", "regression", "flexible_regression", "weighting", "doubly_robust", "matching",
)  # fmt: skip
# What a well-known library does as well, where nothing special was asked for; it is used where it gives the same figures.
PLAIN: dict[tuple[str, ...], str] = {
    ("common", "with_difference_in_means"): "with_difference_in_means",
    ("common", "with_regression"): "with_regression",
    ("instrument", "estimate", "2sls"): "with_two_stage",
    ("instrument", "estimate", "liml"): "with_two_stage",
    ("survival", "with_rates"): "with_cox",
    ("differences", "with_regression"): "with_differences",
}
# Methods that no script is written for, each with the reason.
WITHOUT: dict[str, str] = {
    "causal_forest": "a forest of thousands of trees cannot be written out to be read, and another version grows another forest",
}


@dataclass(frozen=True)
class Recipe:
    """The functions that can repeat the answer, the simplest first, and the values that they take."""

    functions: tuple[Ref, ...]
    values: dict[str, Any]


def recipe(answer: Answer, table: Table) -> Recipe:
    """The recipe of an answered question. Raises `NotExported` where no script can repeat it, with the reason."""
    effect = answer.effect
    if answer.status == "not_causal":
        return _described(answer, table)
    if (kind := query_of(answer).kind) in ("counterfactual", "attribution", "discovery"):
        raise NotExported(
            f"Answers to questions of kind {kind} have no script of their own.",
            "`pyllm-causal rerun` repeats any answer.",
        )
    if answer.status != "answered" or effect is None or answer.method is None:
        raise NotExported(
            f"The answer holds no effect (it is {answer.status.replace('_', ' ')}), so there is nothing to repeat.",
            "`pyllm-causal rerun` repeats any answer.",
        )
    if effect.low is None or effect.high is None:
        raise NotExported(
            f"The answer has no interval ({effect.reason or 'unbounded'}).", "`pyllm-causal rerun` repeats any answer."
        )
    if answer.method in WITHOUT:
        raise NotExported(f"No script repeats {answer.method}: {WITHOUT[answer.method]}.", "Ask with another `method`.")
    query, seed = query_of(answer), seed_of(answer)
    query = _first_arm(query, answer)
    base = (
        query
        if query.kind != "effect_by_group"
        else query.model_copy(update={"kind": "effect", "by": None, "by_levels": None})
    )
    strategy = strategy_of(base)
    if strategy is None and query.kind != "effect_by_group":
        other = implied_design(query, table, identify(query, table))
        if other is not None:
            query = base = other
            strategy = other.design.kind
    writer = Writer(base, table)
    task = Task(base, table, seed)
    if strategy is None:
        function, values = _common(query, base, writer, seed, answer.method)
    else:
        if query.kind == "effect_by_group":
            raise NotExported(
                "A design of its own, run in every group, is not written as one script.",
                "Ask for the effect in one group (`where`), and export that.",
            )
        function, values = designs.WRITERS[strategy](task, writer, answer)
    values |= {"scale": effect.scale, "level": effect.level, "answer": _figures(effect)}
    _rows_of(writer, values)
    own = Ref(f"{PARTS}.{function[0]}", function[1])
    simple = PLAIN.get(function if function[0] != "instrument" else (*function, values["method"]))
    return Recipe((own,) if simple is None else (Ref(f"{PARTS}.plain", simple), own), values)


def _rows_of(writer: Writer, values: dict[str, Any]) -> None:
    """Add which rows are used, and where the columns stand; `index` of the values gives way to them."""
    rows = values.pop("index")
    where = writer.where()
    values |= {
        "where": where, "columns": writer.columns, "needed": writer.needed, "rows": len(writer.table), "n": len(rows),
        "left_out": _left_out(writer, where, rows),
    }  # fmt: skip


def _described(answer: Answer, table: Table) -> Recipe:
    """A description with an interval: the difference of the means of two groups, which is no effect."""
    import numpy as np

    told = answer.association or {}
    pair, low = told.get("compared"), told.get("low")
    if told.get("kind") != "means" or not isinstance(pair, list) or len(pair) != 2 or not isinstance(low, float):
        raise NotExported("The answer describes the table without a margin to repeat.", "`rerun` repeats any answer.")
    writer = Writer(query_of(answer), table)
    by = str(writer.query.treatment)
    writer.need(by, str(writer.query.outcome))
    series = table.column(by)
    keep = ((series == pair[0]) | (series == pair[1])).fillna(False).to_numpy(dtype=bool)
    keep &= table.column(str(writer.query.outcome)).notna().to_numpy()
    if writer.query.where:
        keep &= table.where(parse_filter(writer.query.where, table.names))
    values: dict[str, Any] = {
        "index": np.flatnonzero(keep), "y": writer.outcome(), "scale": "difference", "level": told.get("level", 0.95),
        "arms": {"treated": writer.level(by, pair[0]), "control": writer.level(by, pair[1])},
        "answer": {k: told.get(k) for k in ("value", "low", "high")},
    }  # fmt: skip
    _rows_of(writer, values)
    return Recipe((Ref(f"{PARTS}.plain", "with_difference_in_means"),), values)


def _figures(effect: Effect) -> dict[str, Any]:
    """What the script has to come to: the effect, and the parts that it repeats too."""
    out: dict[str, Any] = {"value": effect.value, "low": effect.low, "high": effect.high}
    if isinstance(effect, MediationEffect):
        out |= {"direct": _figures(effect.direct), "indirect": _figures(effect.indirect)}
    if isinstance(effect, GroupedEffect):
        told = [g for g in effect.groups if g.low is not None]
        out |= {f"{safe(g.group)}": _figures(Effect(**_plain(g))) for g in told}
        gap = effect.difference_between_groups
        if gap is not None and gap.low is not None:
            out["difference"] = _figures(gap)
    return out


def _plain(effect: Effect) -> dict[str, Any]:
    return {k: v for k, v in effect.model_dump().items() if k in Effect.model_fields}


def _first_arm(query: Query, answer: Answer) -> Query:
    """Of several comparisons the first that could be made is the headline."""
    first = next((a for a in answer.arms or () if a.get("effect") is not None), None)
    if first is None:
        return query
    pair = [first.get(k) if isinstance(first.get(k), (bool, int, float, str)) else None for k in ("treated", "control")]
    return query.model_copy(update={"treated": pair[0], "control": pair[1]})


def _left_out(writer: Writer, where: list[dict[str, Any]], rows: Any) -> list[int]:
    """Rows that filter and gaps let through and a rule left out, by number."""
    import numpy as np

    table = writer.table
    keep = np.ones(len(table), dtype=bool)
    if writer.query.where:
        keep &= table.where(parse_filter(writer.query.where, table.names))
    for name in writer.needed:
        keep &= ~table.column(name).isna().to_numpy()
    chosen = np.zeros(len(table), dtype=bool)
    chosen[rows] = True
    if (chosen & ~keep).any():
        raise NotExported("The answer uses rows with gaps.", "Export answers made with `missing` drop.")
    return [int(i) for i in np.flatnonzero(keep & ~chosen)]


def _common(
    query: Query, base: Query, writer: Writer, seed: int, method: str
) -> tuple[tuple[str, str], dict[str, Any]]:
    """Two groups or doses with covariates held fixed, for everyone or by group."""
    sample, contrast, covariates = _sample(query, base, writer, seed)
    values = sampled(writer, sample, contrast, covariates, forms=method)
    if query.kind != "effect_by_group":
        return ("common", f"with_{method}"), values
    values |= _groups(query, writer, sample)
    return ("by_group", f"with_{method}"), values


def _groups(query: Query, writer: Writer, sample: Sample) -> dict[str, Any]:
    """The groups as levels of their column, or as thirds of a number by their limits; the two that are compared."""
    import numpy as np

    from ..causal.groups import groups_of

    groups = groups_of(query, writer.table)
    assert sample.rows is not None and groups.pair is not None
    name, codes = str(query.by), groups.codes[sample.rows]
    series = writer.table.column(name).iloc[sample.rows]
    writer.need(name)
    told: list[dict[str, Any]] = []
    for code, label in enumerate(groups.labels):
        own = series[codes == code]
        limits = {"column": name, "from": float(own.min()), "to": float(own.max())} if groups.cut and len(own) else None
        levels = [] if groups.cut else [writer.level(name, v) for v in own.unique().tolist()]
        told.append({"name": safe(label), "between": limits, "levels": levels})
    assert np.all(codes >= 0)
    return {"groups": told, "pair": list(groups.pair)}


def _sample(query: Query, base: Query, writer: Writer, seed: int) -> tuple[Sample, Any, tuple[str, ...]]:
    from ..lines import ready

    table = writer.table
    if query.kind == "effect_by_group":
        from ..causal.group_drawing import drawing_of
        from ..causal.groups import groups_of

        drawing = drawing_of(Task(query, table, seed), base, groups_of(query, table))
        if isinstance(drawing, NotIdentified):
            raise NotExported("Run again, this answer cannot be told.", "Is it the same table?")
        return drawing.sample, drawing.drawn.contrast, drawing.estimand.adjust_for
    estimand = identify(query, table)
    asked = contrasts(query, table.profile)
    prepared = estimand if isinstance(estimand, NotIdentified) else ready(query, table, seed, estimand, asked[0])
    if isinstance(prepared, NotIdentified):
        raise NotExported("Run again, this answer cannot be told.", "Is it the same table?")
    if prepared.gaps:
        raise NotExported(
            "The answer rests on gaps that were filled in many times over, which one short script does not repeat.",
            "Export an answer made with `missing` drop.",
        )
    return prepared.sample, prepared.examined.drawn.contrast, prepared.estimand.adjust_for


def sampled(
    writer: Writer,
    sample: Sample,
    contrast: Any,
    covariates: tuple[str, ...],
    forms: str = "",
    also: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The values behind a `Sample`: outcome, treatment, covariates `covariates` (mediators `also`), weights, clusters."""
    from ..causal.estimators.regression import bent, form_of

    query, rows = writer.query, sample.rows
    assert rows is not None
    design = query.design
    strata = design.strata if design.kind == "randomised" else ()
    treatment = str(query.treatment)
    writer.need(str(query.outcome), treatment, *covariates, *also, query.weights, query.cluster)
    terms: dict[str, Any] = {}
    for name in (*also, *covariates):
        terms |= writer.encoded(name, as_category=name in strata)
    form = None
    if forms in ("regression", "flexible_regression"):
        form = form_of(bent(sample) if forms == "flexible_regression" else sample)
    arms = contrast.kind == "arms"
    return {
        "index": rows, "kind": sample.kind, "y": writer.outcome(),
        "arms": {k: writer.level(treatment, getattr(contrast, k)) for k in ("treated", "control")} if arms else None,
        "dose": None if arms else {"column": writer.use(treatment)},
        "treated": sample.treated, "control": sample.control, "per_unit": sample.per_unit,
        "x": [terms[name] for name in sample.x_names], "outcome_kind": sample.outcome_kind, "target": sample.target,
        "randomised": sample.randomised, "weights": query.weights, "cluster": query.cluster,
        "strata": [writer.use(s) for s in strata] if sample.strata is not None else [],
        "form": None if form is None else list(form),
    }  # fmt: skip


def finite(value: float) -> float | None:
    """None for an infinite number, which no literal can hold."""
    return value if math.isfinite(value) else None
