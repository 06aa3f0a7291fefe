"""What a graph means for a question about a table: can the effect be worked out, by holding what fixed, and does the table fit?"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from ..analysis import Contested, Estimand, NotIdentified, Refutation
from ..data import Table
from ..graph import Graph
from ..query import FrontDoor, Instrument, Query
from ..wording import columns_text, join, safe
from .contest import MOST_RECORDS, contest
from .identify import check_columns, identify
from .implied import held_fixed, implied_design
from .refuters.graph_check import verify

NAMED = 10  # columns held fixed that are named in the sentence


class Verdict(BaseModel):
    """`adjust_for` is held fixed, or in each of `alternatives`; `reason` and `would_help` where the effect cannot be told.

    `fit` holds the graph's claims against the table; None where nothing of the sort applies. `contested`: where the table speaks
    against single arrows, drawn or missing, the first twelve; `contested_more` are beyond those.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    identified: bool
    strategy: str = "none"
    adjust_for: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    sentence: str = ""
    would_help: tuple[str, ...] = ()
    fit: Refutation | None = None
    contested: tuple[Contested, ...] = ()
    contested_more: int = 0


def verdict(
    graph: Graph, table: Table, treatment: str, outcome: str, selected_on: Sequence[str] = (), seed: int = 0
) -> Verdict:
    """Raises `GraphError` (a circle, an unknown node, nothing said about treatment or outcome) and `UnknownColumn`."""
    query = Query(
        treatment=treatment,
        outcome=outcome,
        graph=graph,
        selected_on=tuple(selected_on),
        sources={"graph": graph.drawn_by()},
    )
    check_columns(query, table)
    graph.check(table.names, query.selected_on)
    graph.require(treatment, outcome)
    every = contest(query, table, most=None)
    contested, more = every[:MOST_RECORDS], max(0, len(every) - MOST_RECORDS)
    found = identify(query, table)
    other = implied_design(query, table, found)
    if other is not None:
        query, found = other, held_fixed(other, table)
    if isinstance(found, NotIdentified):
        return Verdict(
            identified=False,
            sentence=found.reason,
            would_help=found.would_help,
            contested=contested,
            contested_more=more,
        )
    return Verdict(
        identified=True,
        strategy=found.strategy,
        adjust_for=found.adjust_for,
        alternatives=found.alternatives,
        sentence=_sentence(query, found),
        fit=verify(query, table, found, seed),
        contested=contested,
        contested_more=more,
    )


def _sentence(query: Query, found: Estimand) -> str:
    pair = f"the effect of {safe(query.treatment)} on {safe(query.outcome)} can be worked out"
    alike = f"among rows alike in {columns_text(found.adjust_for, NAMED)}"
    if isinstance(query.design, Instrument):
        through = f"through {join(query.design.instruments)}, which moves it and touches the outcome in no other way"
        return f"{pair} {through}" + (f", {alike}" if found.adjust_for else "")
    if isinstance(query.design, FrontDoor):
        return f"{pair} through {join(query.design.mediators)}, which passes it on whole" + (
            f", {alike}" if found.adjust_for else ""
        )
    return f"{pair}: {f'compare rows alike in {columns_text(found.adjust_for, NAMED)}' if found.adjust_for else 'nothing need be held fixed'}"
