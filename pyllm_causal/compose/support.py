"""What a question may ask for: fields that have no use in it are refused before anything is computed."""

from __future__ import annotations

from ..causal.designs import strategy_of
from ..errors import QueryError
from ..query import Query

COMPARED = ("effect", "effect_by_group", "mediation", "association")  # kinds about one treatment and one outcome

# Fields that only some questions have a use for; elsewhere they would be ignored in silence.
ONLY_FOR = {"event": "survival", "horizon": "survival", "by": "effect_by_group", "by_levels": "effect_by_group"}

TARGETS = "Ask for everyone, the treated or the untreated."


def supported(query: Query) -> None:
    """Raise `QueryError` for what this version does not answer, before anything is computed."""
    if query.kind not in COMPARED:
        return
    for field in ("environment", "row", "compare", "columns", "knowledge", "time_limit", "changes", "costs"):
        if field == "environment" and query.graph is not None and query.kind != "association":
            continue  # the picture is held against the differences between environments
        if getattr(query, field):
            raise QueryError(f"`{field}` has no use in a question of kind {query.kind}.", "Leave it out.")
    if query.kind == "association":
        for field in ("weights", "cluster", "event", "horizon", "by", "by_levels", "method"):
            if getattr(query, field) is not None:
                raise QueryError(f"`{field}` is not supported for kind association.", "Leave it out.")
        return
    strategy = strategy_of(query)
    within = strategy_of(query.model_copy(update={"kind": "effect"}))  # what a question by group asks in each group
    for field, needed in ONLY_FOR.items():
        if getattr(query, field) is not None and needed not in (strategy, within):
            raise QueryError(f"`{field}` has no use in this question.", _where(field))
    if query.missing == "impute" and strategy is not None:
        raise QueryError(
            "`missing: impute` is for observational and randomised tables only.",
            "Leave it out: complete rows are used and counted.",
        )
    local = strategy in ("instrument", "discontinuity") or (strategy is None and query.graph is not None)
    if query.target == "compliers" and not local:
        raise QueryError("The effect on compliers needs an instrument.", TARGETS)


def _where(field: str) -> str:
    if field == "horizon":
        return "It needs `event`, the column that says whether it happened by then."
    if field == "event":
        return (
            "Time to event is answered for the designs observational and randomised, kinds effect and effect_by_group."
        )
    return "Ask with `kind` effect_by_group."
