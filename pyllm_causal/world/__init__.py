"""Questions to the picture as a working model: one case's other course (`counterfactual`), what is due to what (`attribution`).

The mechanisms of the picture are fitted to the table (`causal/world`), held against it, and then run with something changed.
One question a file; all of them share `asked` and are told by `told`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..analysis import Answer, NotIdentified
from ..causal.world.compare import lacking
from ..causal.world.prepare import graph_of, pictured, refuse_unused
from ..errors import QueryError, UnknownColumn
from ..wording import join, safe
from .asked import Asked, Found
from .best_change import best_change
from .drivers import drivers
from .everybody import everybody
from .one_row import one_row
from .told import refused, told
from .why_changed import why_changed
from .why_out import why_out

if TYPE_CHECKING:
    from ..data import Table
    from ..pipeline import Clock
    from ..query import Query

_NEVER = (
    "by",
    "by_levels",
    "event",
    "horizon",
    "environment",
    "columns",
    "knowledge",
    "time_limit",
    "weights",
    "method",
    "threshold",
)
LINES = 8  # of a list in the text


def otherwise(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """What would have happened, or would happen, otherwise."""
    refuse_unused(query, (*_NEVER, "compare"))
    if query.treated is not None and not query.treatment:
        raise QueryError("`treated` says a value, but of which column?", "Name it in `treatment`, or use `changes`.")
    for name in (*query.changes, *query.costs):
        if name not in table.names:
            raise UnknownColumn(name, table.names, "column to change")
        if name == query.outcome:
            raise QueryError(f"{name!r} is the outcome; it cannot be set.", "Change one of its causes.")
    if query.costs and (query.changes or query.treatment or query.row is not None):
        raise QueryError("`costs` are for the best single change, where nothing is set yet.", "Leave out one of them.")
    if query.row is not None and not query.changes and not query.treatment:
        raise QueryError(
            "What would be different in that row?", "Name it in `changes`, or in `treatment` and `treated`."
        )
    if query.row is not None:
        return _answer(query, table, seed, clock, one_row)
    return _answer(query, table, seed, clock, everybody if query.changes or query.treatment else best_change)


def attributed(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """How much is due to what."""
    refuse_unused(query, (*_NEVER, "treatment", "treated", "control", "changes", "costs"))
    if query.compare is not None and query.row is not None:
        raise QueryError("`compare` and `row` are two different questions.", "Give one of them.")
    if query.compare is not None:
        return _answer(query, table, seed, clock, why_changed)
    return _answer(query, table, seed, clock, drivers if query.row is None else why_out)


def _answer(
    query: Query, table: Table, seed: int, clock: Clock, ask: Callable[[Asked], Found | NotIdentified]
) -> Answer:
    if not query.outcome:
        raise QueryError("`outcome` is missing: which column is the question about?", "Name it in `outcome`.")
    clock.doing("Fitting the picture to the table")
    graph = graph_of(query, table)
    if isinstance(graph, NotIdentified):
        return refused(query, table, seed, clock, graph)
    if query.compare is not None and (values := lacking(query, table)):
        found: Found | NotIdentified = NotIdentified(
            code="needs_review",
            status="needs_review",
            reason=f"Between which two values of {safe(query.compare.get('column'))}?",
            would_help=(f"two of {join(values)}, as `from` and `to`",),
        )
    else:
        asked_of = Asked(query, table, graph, pictured(query, table, graph), seed, clock)
        if not asked_of.picture.parents[asked_of.outcome]:
            found = NotIdentified(
                code="needs_review",
                status="needs_review",
                reason=f"The picture draws no usable cause of {safe(query.outcome)}.",
                would_help=(f"arrows from the causes of {safe(query.outcome)} to it",),
            )
        else:
            found = ask(asked_of)
    if isinstance(found, NotIdentified):
        return refused(query, table, seed, clock, found)
    clock.done("Worked out with the fitted picture")
    return told(query, table, seed, clock, graph, found)
