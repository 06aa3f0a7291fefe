"""The ways in which a picture lets an effect be told: by experiment, adjustment, an instrument or a front door. No table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..graph import Graph
from ..wording import columns_text, join, safe
from . import separation as sep
from .exclusion import instruments_of
from .front_door_criterion import covariates_for, mediators_of

Kind = Literal["experiment", "adjustment", "instrument", "front_door"]


class Way(BaseModel):
    """One way, the columns that it needs beside treatment and outcome, and what has to be true for it to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    needs: tuple[str, ...] = ()
    adjust_for: tuple[str, ...] = ()
    text: str


def ways(graph: Graph, treatment: str, outcome: str, measurable: Collection[str]) -> tuple[Way, ...]:
    """Every way that `graph` opens when the columns `measurable` are collected, the most trustworthy first.

    Adjustment: the back-door criterion (Pearl 2009, definition 3.3.1). Instrument: Pearl 2009, definition 7.4.1, given
    what is held fixed. Front door: Pearl 1995. Hidden causes count whoever names them: a plan is made before it is known
    whether they exist. Dealing the treatment out at random always does.
    """
    graph = graph.model_copy(
        update={"unmeasured": tuple(u.model_copy(update={"source": "you"}) for u in graph.unmeasured)}
    )
    children = {node: sorted(kids) for node, kids in sorted(graph.children().items())}
    usable = set(measurable) - {treatment, outcome}
    t, o = safe(treatment, 60), safe(outcome, 60)
    found = [
        Way(kind="experiment", text=f"Deal {t} out at random, by lot: then nothing else can drive both it and {o}.")
    ]
    if treatment not in children or outcome not in sep.reach([treatment], children):
        return tuple(found)
    adjust = sep.minimal_adjustment(children, treatment, outcome, usable)
    if adjust is not None:
        compare = f"Compare people alike in {columns_text(adjust)}" if adjust else "Compare people as they are"
        found.append(
            Way(
                kind="adjustment",
                needs=tuple(adjust),
                adjust_for=tuple(adjust),
                text=f"{compare}. It holds only if nothing outside the picture drives both {t} and {o}.",
            )
        )
    for name, held in instruments_of(graph, treatment, outcome, usable)[:3]:
        if treatment not in children[name]:
            continue
        alike = f", among people alike in {columns_text(held)}" if held else ""
        found.append(
            Way(
                kind="instrument",
                needs=(name, *held),
                adjust_for=held,
                text=f"Use {safe(name)} as a nudge{alike}: it holds if {safe(name)} moves {t} and touches {o} in no other way,"
                f" and it answers for those whom it moves.",
            )
        )
    through = mediators_of(graph, treatment, outcome, usable)
    if through is not None:
        held = covariates_for(children, treatment, outcome, through, usable, True) or ()
        found.append(
            Way(
                kind="front_door",
                needs=(*through, *held),
                adjust_for=held,
                text=f"Measure {join(through)}, through which the whole effect passes in this picture: it holds if nothing"
                f" hidden drives {'it' if len(through) == 1 else 'them'} as well.",
            )
        )
    return tuple(found)
