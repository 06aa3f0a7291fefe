"""Where no adjustment identifies the effect, the graph may still hold another way: a front door, or instruments."""

from __future__ import annotations

from ..analysis import Estimand, NotIdentified
from ..data import Table
from ..graph import Graph
from ..query import FrontDoor, Instrument, Mediation, Query
from .exclusion import conditioning_set, instruments_of
from .front_door_criterion import believed as shown
from .front_door_criterion import covariates_for, mediators_of
from .identify import believed, easy


def implied_design(query: Query, table: Table, found: Estimand | NotIdentified) -> Query | None:
    """The query with the design that its own graph makes possible where adjustment fails or compliers are asked for, or None.

    A front door is preferred: it answers for everyone, an instrument only for those whom it moves. Instruments are all the
    direct causes of the treatment that serve together, or the best one. The claim is that of whoever drew the graph.
    """
    hopeless = isinstance(found, NotIdentified) and found.code == "hidden_cause"
    if query.graph is None or query.adjust_for is not None or not (hopeless or query.target == "compliers"):
        return None
    graph, treatment, outcome = believed(query.graph), str(query.treatment), str(query.outcome)
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "constant") and easy(c)}
    sources = {**query.sources, "design": query.source("graph")}
    if query.target != "compliers":
        mediators = mediators_of(graph, treatment, outcome, usable)
        if mediators is not None:
            design = FrontDoor(kind="front_door", mediators=mediators)
            return query.model_copy(update={"design": design, "sources": sources})
    known = [name for name, _ in instruments_of(graph, treatment, outcome, usable, query.selected_on)]
    if not known:
        return None
    children = graph.children()
    direct = [z for z in known if treatment in children[z]]
    jointly = conditioning_set(children, direct, treatment, outcome, usable, query.selected_on) if direct else None
    chosen = direct if jointly is not None else known[:1]
    instrument = Instrument(kind="instrument", instruments=tuple(chosen))
    return query.model_copy(update={"design": instrument, "sources": sources})


def held_fixed(query: Query, table: Table) -> Estimand:
    """What is held fixed in a design that reads its graph: instrument, front door or mediation."""
    graph, treatment, outcome = query.graph or Graph(), str(query.treatment), str(query.outcome)
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "constant") and easy(c)}
    design = query.design
    if isinstance(design, Instrument):
        children = believed(graph).children()
        held = conditioning_set(children, list(design.instruments), treatment, outcome, usable, query.selected_on)
        return Estimand(strategy="instrument", adjust_for=tuple(held or ()))
    assert isinstance(design, FrontDoor | Mediation)
    front_door = isinstance(design, FrontDoor)
    covariates = covariates_for(shown(graph), treatment, outcome, design.mediators, usable, front_door)
    return Estimand(strategy=design.kind, adjust_for=covariates or ())
