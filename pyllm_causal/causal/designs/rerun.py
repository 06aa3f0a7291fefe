"""A design of its own, run once in every group of rows."""

from __future__ import annotations

from dataclasses import replace

from ...analysis import Diagnosis, Effect, GroupedEffect, GroupEffect, NotIdentified
from ...errors import QueryError
from ...wording import safe
from ..agreement import line_of
from ..group_words import told
from ..grouped import apart
from ..groups import Groups, rows_of, spanning
from ..pathway_words import cause_text, outcome_text, value_text
from . import Finding, Task, named, strategy_of


def rerun(task: Task, whole: Task, groups: Groups) -> Finding | NotIdentified:
    """A design of its own: run it on everybody, then within every group. Errors of different groups are taken as independent,
    and that is said where units or clusters span them."""
    import numpy as np

    name = strategy_of(whole.query)
    assert name is not None
    known = groups.codes >= 0
    main = named(name).function(replace(whole, table=rows_of(task.table, np.flatnonzero(known))))
    if isinstance(main, NotIdentified):
        return main
    found: dict[int, Effect] = {}
    refused: list[str] = []
    effects = []
    for code, label in enumerate(groups.labels):
        rows = np.flatnonzero(groups.codes == code)
        if not len(rows):
            continue
        try:
            part = named(name).function(replace(whole, table=rows_of(task.table, rows)))
        except QueryError:
            refused.append(groups.texts[code])
            continue
        if isinstance(part, NotIdentified):
            refused.append(groups.texts[code])
            continue
        plain = {k: v for k, v in part.effect.model_dump().items() if k in Effect.model_fields}
        found[code] = Effect(**plain)
        effects.append(GroupEffect(**plain, group=label, rows=part.sample.used))
    assert groups.pair is not None
    gap = apart(found.get(groups.pair[1]), found.get(groups.pair[0]))
    shared = spanning(task.query, task.table, groups)
    fields = {k: v for k, v in main.effect.model_dump().items() if k in Effect.model_fields}
    cause = main.cause_words or cause_text(
        whole.query, main.kind, main.per_unit, value_text(main.treated), value_text(main.control)
    )
    outcome = main.outcome_words or outcome_text(whole.query, main.outcome_kind)
    words = told(cause, outcome, groups, effects, gap, Effect(**fields), _alike(effects), refused)
    note = Diagnosis(
        name="groups",
        status="warning" if shared else "ok",
        finding=(
            f"{shared} span groups of {safe(task.query.by)}, so the margin of the difference is rough"
            if shared
            else f"{len(effects)} groups of {safe(task.query.by)}, each analysed by itself"
        ),
        figures={"groups": len(effects)},
    )
    doubts, difference = main.doubts, main.plain
    if gap is None:
        doubts = (*doubts, "the two groups cannot be compared")
    elif gap.scale == "difference":
        difference = gap  # how sure: of the difference, not of the effect on everyone
    return replace(
        main,
        plain=difference,
        doubts=doubts,
        refutations=tuple(r for r in main.refutations if r.check not in ("other_methods", "hidden_cause")),
        effect=GroupedEffect(**fields, groups=tuple(effects), difference_between_groups=gap),
        diagnoses=(*main.diagnoses, note),
        headlines=words.headlines,
        size=words.size,
    )


def _alike(effects: list[GroupEffect]) -> float | None:
    """p-value that independent groups have the same effect (Cochran 1954); None for fewer than two with an error."""
    import numpy as np
    from scipy import stats

    kept = [(line_of(e), e.std_error) for e in effects if e.std_error]
    if len(kept) < 2:
        return None
    values, errors = np.array([v for v, _ in kept]), np.array([e for _, e in kept])
    centre = np.average(values, weights=errors**-2)
    return float(stats.chi2.sf(float((((values - centre) / errors) ** 2).sum()), len(kept) - 1))
