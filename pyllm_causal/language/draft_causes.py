"""A picture of what may affect an outcome, by the roles and the timing of the columns alone: for questions that name no treatment."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..graph import Edge, Graph
from ..query import Query
from ..years import baseline, known_suffixes
from . import match
from .alarm import BadControl, judge

if TYPE_CHECKING:
    from ..profile import Profile


def causes_by_rule(query: Query, profile: Profile) -> tuple[Graph, tuple[BadControl, ...]]:
    """Every usable column that may come before the outcome as a cause of it, and what was kept out with the reason.

    A column of which nothing says that it came first is drawn as unsure, unless the person sets it. Times, ids and the column that
    two groups are told apart by are no causes.
    """
    outcome = profile.column(query.outcome or "")
    suffixes = known_suffixes(profile.columns)
    start, end = baseline(outcome, outcome, suffixes)
    edges: list[Edge] = []
    bad: list[BadControl] = []
    named = {*query.changes, *query.costs}
    for column in match.usable(profile, longest=None):
        if (
            column.name in _taken(query)
            or column.kind in ("time", "text")
            or (column.time_like and column.kind != "category")
        ):
            continue
        if column.name in named:
            edges.append(Edge(cause=column.name, effect=outcome.name, reason="your question", source="you"))
            continue
        when, reason, alarm, fault = judge(column, outcome, outcome, suffixes, start, end)
        if alarm is not None:
            bad.append(BadControl(column=column.name, reason=fault, alarm=alarm))
            continue
        sure = "likely" if when == "before" else "unsure"
        edges.append(Edge(cause=column.name, effect=outcome.name, reason=reason, confidence=sure, source="data"))
    return Graph(edges=tuple(edges)), tuple(bad)


def _taken(query: Query) -> Collection[str | None]:
    compared = (query.compare or {}).get("column")
    return {
        query.outcome,
        query.event,
        query.cluster,
        query.weights,
        query.environment,
        None if compared is None else str(compared),
    }
