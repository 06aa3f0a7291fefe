"""What a graph, `adjust_for` and the request say about a comparison over time: covariates, or why it cannot be done.

Fixed effects and differences remove hidden causes that do not change over time, so a hidden shared cause in the graph is no
refusal here; what the graph can still rule out is a covariate that comes after the treatment, an outcome that comes before
it, and rows that were chosen by the outcome.
"""

from __future__ import annotations

from ..analysis import NotIdentified
from ..data import Table
from ..errors import GraphError, QueryError
from ..filter import parse_filter
from ..query import Query
from ..wording import join, safe
from . import separation as sep


def unit_text(name: object) -> str:
    """One of the rows that share a value of a column, as a noun: the name of a column is seldom one."""
    text = safe(name)
    return "unit" if text.casefold() in ("unit", "units") else f"unit ({text})"


def units_text(name: object) -> str:
    """Several of them."""
    return unit_text(name).replace("unit", "units", 1)


def clusters_text(name: object, unit: object, many: int = 2) -> str:
    """What the margin counts as one (`many` of them): the units themselves, or groups by another column."""
    if name == unit:
        return unit_text(name) if many == 1 else units_text(name)
    return f"group{'' if many == 1 else 's'} of {safe(name)}"


def covariates_of(query: Query, table: Table, fixed: tuple[str, ...]) -> tuple[str, ...] | NotIdentified:
    """The columns to hold fixed beside those of the design (`fixed`). Raises `GraphError` or `QueryError` by name."""
    treatment, outcome = str(query.treatment), str(query.outcome)
    if query.target == "compliers":
        raise QueryError("The effect on compliers needs an instrument.", "Ask for the treated.")
    given = None if query.adjust_for is None else tuple(dict.fromkeys(query.adjust_for))
    for name in given or ():
        if name in (treatment, outcome):
            role = "treatment" if name == treatment else "outcome"
            raise QueryError(f"{name!r} is the {role}; it cannot be adjusted for.", "Take it out of `adjust_for`.")
    graph = query.graph
    chosen = list(query.selected_on)
    if query.where:
        chosen += [c.column for c in parse_filter(query.where, table.names).conditions]
    if outcome in chosen:
        return _distorted(query, [outcome])
    if graph is None:
        return tuple(n for n in given or () if n not in fixed)
    graph.check(table.names, query.selected_on)
    if not {treatment, outcome} <= set(graph.nodes()):
        return tuple(n for n in given or () if n not in fixed)
    below = graph.descendants(treatment)
    if treatment in graph.descendants(outcome):
        return NotIdentified(
            code="reversed",
            reason=(
                f"Your graph says that {safe(outcome)} comes before {safe(treatment)}, so {safe(treatment)} cannot have"
                " changed it."
            ),
            would_help=(f"a column for {safe(outcome)} measured after {safe(treatment)}", "or a corrected arrow"),
        )
    late = [n for n in given or () if n in below]
    if late:
        raise GraphError(
            f"By your graph {join(late)} {'comes' if len(late) == 1 else 'come'} after {safe(treatment)}; adjusting for it"
            " would distort the effect.",
            "Take it out of `adjust_for`, or correct the arrow.",
        )
    bad = [n for n in dict.fromkeys(chosen) if n in graph.descendants(outcome)]
    if bad:
        return _distorted(query, bad)
    if given is not None:
        return tuple(n for n in given if n not in fixed)
    hidden = set(graph.hidden())
    children = {n: [c for c in kids if c not in hidden] for n, kids in graph.children().items() if n not in hidden}
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "text", "constant")} & set(children)
    found = sep.minimal_adjustment(children, treatment, outcome, usable) or []
    return tuple(n for n in found if n not in fixed)


def _distorted(query: Query, chosen: list[str]) -> NotIdentified:
    by = join(chosen)
    how = "" if str(query.outcome) in chosen else f", which by your graph {safe(query.outcome)} affects"
    return NotIdentified(
        code="selected_on_collider",
        reason=(
            f"The table holds only rows chosen by {by}{how}. Among rows chosen that way the comparison is distorted, and"
            " nothing in the table undoes it."
        ),
        would_help=(
            "the rows that were left out",
            f"or rows chosen by something that {safe(query.outcome)} does not affect",
        ),
    )
