"""Which covariates an effect through mediators needs, or why no covariates will do: the graph's say before any number."""

from __future__ import annotations

from ..analysis import NotIdentified
from ..data import Table
from ..errors import GraphError, QueryError
from ..filter import parse_filter
from ..query import Query
from ..wording import columns_text, join, safe
from . import separation as sep
from .front_door_criterion import Children, Leak, believed, covariates_for, leak_of


def covariates_of(
    query: Query, table: Table, mediators: tuple[str, ...], front_door: bool
) -> tuple[str, ...] | NotIdentified:
    """The covariates to hold fixed: those given, else the few that the graph needs, else none.

    Raises `GraphError` where the given ones are at odds with the graph but others would do.
    """
    treatment, outcome = str(query.treatment), str(query.outcome)
    given = None if query.adjust_for is None else tuple(dict.fromkeys(query.adjust_for))
    for name in given or ():
        if name in (treatment, outcome):
            role = "treatment" if name == treatment else "outcome"
            raise QueryError(f"{name!r} is the {role}; it cannot be adjusted for.", "Take it out of `adjust_for`.")
    graph = query.graph
    children: Children = {}
    if graph is not None:
        graph.check(table.names, query.selected_on)
        children = believed(graph)
    distorted = _selected(query, table, children, (outcome, *mediators))
    if distorted is not None:
        return distorted
    if treatment not in children or outcome not in children:
        return given or ()
    if treatment in sep.reach([outcome], children):
        return NotIdentified(
            code="reversed",
            reason=f"Your graph says that {safe(outcome)} comes before {safe(treatment)}, so {safe(treatment)} cannot have"
            " changed it.",
            would_help=(f"a column for {safe(outcome)} measured after {safe(treatment)}", "or a corrected arrow"),
        )
    children = children | {m: [] for m in mediators if m not in children}
    usable = {c.name for c in table.profile.columns if c.kind != "empty"} & set(children)
    found = covariates_for(children, treatment, outcome, mediators, usable, front_door)
    if given is not None:
        late = [c for c in given if c in sep.reach([treatment], children)]
        if late:
            raise GraphError(
                f"By your graph {join(late)} {'comes' if len(late) == 1 else 'come'} after {safe(treatment)}; holding it fixed"
                " would distort the effect.",
                "Take it out of `adjust_for`, or name it among the mediators.",
            )
        leak = leak_of(children, treatment, outcome, mediators, given, front_door)
        if leak is None:
            return given
        if found is not None:
            raise GraphError(
                f"By your graph these columns leave a path open between {safe(leak.between[0])} and {safe(leak.between[1])}"
                f" (through {join(list(leak.nodes)) or 'a column that both affect'}).",
                f"Your graph supports adjusting for {columns_text(found)}."
                if found
                else "Your graph needs no adjustment.",
            )
    if found is not None:
        return found
    attempt = sorted(usable - sep.reach([treatment], children) - {outcome, *mediators})
    leak = leak_of(children, treatment, outcome, mediators, attempt, front_door)
    leak = leak or leak_of(children, treatment, outcome, mediators, (), front_door)
    assert leak is not None
    return _refusal(leak, query, mediators, front_door, set(table.names))


def _selected(query: Query, table: Table, children: Children, after: tuple[str, ...]) -> NotIdentified | None:
    """A refusal where the rows were chosen by the outcome, a mediator, or anything else that comes after the treatment."""
    filtered = [c.column for c in parse_filter(query.where, table.names).conditions] if query.where else []
    chosen = list(dict.fromkeys((*query.selected_on, *filtered)))
    below = sep.reach([str(query.treatment)], children) - {str(query.treatment)} if children else set[str]()
    bad = [c for c in chosen if c in below or c in after]
    if not bad:
        return None
    return NotIdentified(
        code="selected_on_collider",
        reason=f"The rows were chosen by {join(bad)}, which comes after {safe(query.treatment)}: among rows chosen so, the"
        " comparison is distorted, and no adjustment undoes that.",
        would_help=(f"the rows that were left out by {join(bad)}",),
    )


def _refusal(
    leak: Leak, query: Query, mediators: tuple[str, ...], front_door: bool, columns: set[str]
) -> NotIdentified:
    treatment, outcome, names = safe(query.treatment), safe(query.outcome), join(list(mediators))
    a, b = (safe(v) for v in leak.between)
    code = "front_door_broken" if front_door else "hidden_cause" if leak.kind == "before" else "mediator_confounded"
    measured = [n for n in leak.nodes if n in columns]
    if leak.kind == "order":
        first, second = (safe(v) for v in leak.nodes)
        return NotIdentified(
            code=code,
            reason=f"In your graph {first} comes before {second}, so {names} cannot carry what {treatment} does to {outcome}.",
            would_help=("a mediator that is measured between the two", "or a corrected arrow"),
        )
    if leak.kind == "around":
        way = " → ".join(safe(n) for n in leak.nodes)
        direct = len(leak.nodes) == 2
        between = [n for n in leak.nodes[1:-1] if n in columns]
        helps = ["a column for what carries that other part", "or an experiment"]
        if between:
            helps.insert(0, f"name {join(between)} among the mediators too")
        if direct:
            helps.insert(0, f"if what you ask is how much passes through {names}: ask with `design` kind `mediation`")
        what = f"an arrow straight from {treatment} to {outcome}" if direct else "another way"
        return NotIdentified(
            code=code,
            reason=f"Your graph draws {what} that does not pass through {names} ({way}). The front door sees only what passes"
            " through the mediator.",
            would_help=tuple(helps),
        )
    blamed = join(list(leak.nodes)) or "something"
    drives = "drives" if len(leak.nodes) == 1 else "drive"
    if leak.kind == "late":
        joint = list(dict.fromkeys((*mediators, *measured)))
        helps = ["a controlled direct effect, or an experiment that sets the mediator"]
        if measured:
            helps.insert(0, f"ask for what passes through {join(joint)} together (`mediators`: all of them)")
        else:
            helps.insert(0, f"a column for {blamed}, named among the mediators")
        return NotIdentified(
            code="treatment_induced_confounder",
            reason=f"By your graph {blamed} {drives} both {a} and {b}, and is itself changed by {treatment}. What passes through"
            f" {names} alone cannot then be told from what passes through {blamed}, even with everything measured.",
            would_help=tuple(helps),
        )
    arrows = join([f"{n} → {leak.between[1]}" for n in leak.nodes]) if leak.nodes else f"{a} and {b}"
    where = "not in the table" if not measured else "not among the columns held fixed"
    how = f"{blamed} {drives} both {a} and {b}" if leak.nodes else f"something connects {a} and {b}"
    why = (
        f"the front door needs a mediator that shares no hidden cause with {treatment} or {outcome}"
        if front_door
        else f"what passes through {names} cannot be told from that"
    )
    return NotIdentified(
        code=code,
        reason=f"By your graph {how} (the arrow {arrows}), and {'it is' if len(leak.nodes) < 2 else 'they are'} {where}:"
        f" {why}.",
        would_help=(f"a column for {blamed}", "or a mediator without that shared cause"),
    )
