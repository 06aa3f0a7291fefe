"""What a graph means for a question about a table: can the effect be worked out, by holding what fixed, and does the table fit?"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from ..analysis import Estimand, NotIdentified, Refutation
from ..data import Table
from ..graph import Graph
from ..query import FrontDoor, Instrument, Query
from ..wording import columns_text, join, safe
from .exclusion import conditioning_set
from .front_door_criterion import believed as shown
from .front_door_criterion import covariates_for
from .identify import believed, check_columns, easy, identify
from .implied import implied_design
from .refuters.graph_check import verify


class Verdict(BaseModel):
    """`adjust_for` is held fixed, or in each of `alternatives`; `reason` and `would_help` where the effect cannot be told.

    `fit` holds the graph's claims against the table; None where nothing of the sort applies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    identified: bool
    strategy: str = "none"
    adjust_for: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    sentence: str = ""
    would_help: tuple[str, ...] = ()
    fit: Refutation | None = None


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
    found = identify(query, table)
    other = implied_design(query, table, found)
    if other is not None:
        query, found = other, _designed(other, table)
    if isinstance(found, NotIdentified):
        return Verdict(identified=False, sentence=found.reason, would_help=found.would_help)
    return Verdict(
        identified=True,
        strategy=found.strategy,
        adjust_for=found.adjust_for,
        alternatives=found.alternatives,
        sentence=_sentence(query, found),
        fit=verify(query, table, found, seed),
    )


def _designed(query: Query, table: Table) -> Estimand:
    """What is held fixed along the other way that the graph opens."""
    graph, treatment, outcome = query.graph or Graph(), str(query.treatment), str(query.outcome)
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "constant") and easy(c)}
    if isinstance(query.design, Instrument):
        children = believed(graph).children()
        held = conditioning_set(children, list(query.design.instruments), treatment, outcome, usable, query.selected_on)
        return Estimand(strategy="instrument", adjust_for=tuple(held or ()))
    assert isinstance(query.design, FrontDoor)
    covariates = covariates_for(shown(graph), treatment, outcome, query.design.mediators, usable, True)
    return Estimand(strategy="front_door", adjust_for=covariates or ())


def _sentence(query: Query, found: Estimand) -> str:
    pair = f"the effect of {safe(query.treatment)} on {safe(query.outcome)} can be worked out"
    alike = f"among rows alike in {columns_text(found.adjust_for, 20)}"
    if isinstance(query.design, Instrument):
        through = f"through {join(query.design.instruments)}, which moves it and touches the outcome in no other way"
        return f"{pair} {through}" + (f", {alike}" if found.adjust_for else "")
    if isinstance(query.design, FrontDoor):
        return f"{pair} through {join(query.design.mediators)}, which passes it on whole" + (
            f", {alike}" if found.adjust_for else ""
        )
    return f"{pair}: {f'compare rows alike in {columns_text(found.adjust_for, 20)}' if found.adjust_for else 'nothing need be held fixed'}"
