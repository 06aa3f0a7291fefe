"""From a query and its graph to an estimand, or to an explicit refusal.

DoWhy proposes the adjustment set behind `_dowhy_set` where it is quick; `separation` verifies it, and finds it alone in larger
graphs. Columns enter DoWhy under their codes, never under their names (names reach sympy there).
"""

from __future__ import annotations

from typing import Any

from ..analysis import Estimand, NotIdentified
from ..data import Table
from ..errors import GraphError, QueryError, UnknownColumn
from ..filter import parse_filter
from ..graph import Graph
from ..profile import Column
from ..query import Query, Randomised
from ..wording import columns_text, join, safe
from . import separation as sep
from .contrast import check_filled
from .dag import Dag, bits
from .sample import MOST_LEVELS

Selected = dict[str, str]
DOWHY_SIZE = 400  # nodes and arrows up to which DoWhy is asked: about 5 ms there, 100 ms at a thousand nodes


def identify(query: Query, table: Table, second: bool = True) -> Estimand | NotIdentified:
    """The estimand of an effect query. Without `second`, DoWhy is not asked for its set, which would be the same one.

    Raises `GraphError` or `QueryError` where the request contradicts itself.
    """
    treatment, outcome = str(query.treatment), str(query.outcome)
    graph = query.graph
    if graph is not None:
        graph.check(table.names, query.selected_on)
        graph = believed(graph)
    adjust = None if query.adjust_for is None else list(dict.fromkeys(query.adjust_for))
    strata = query.design.strata if isinstance(query.design, Randomised) else ()
    for field, names in (("adjust_for", adjust or []), ("strata", strata)):
        for name in names:
            if name in (treatment, outcome):
                role = "treatment" if name == treatment else "outcome"
                raise QueryError(f"{name!r} is the {role}; it cannot be adjusted for.", f"Take it out of `{field}`.")
    chosen = chosen_by(query, table)
    if outcome in chosen:
        return distorted(query, [outcome], [treatment])
    selected: Selected = {}
    if graph is not None:
        graph, selected = with_selection(graph, chosen, table)
    if isinstance(query.design, Randomised):
        return _randomised(query, graph, adjust or [], selected)
    if graph is None or not {treatment, outcome} <= set(graph.nodes()):
        return _claimed(query, adjust)  # a graph without the two says nothing about them
    return _from_graph(query, table, graph, adjust, selected, second)


def chosen_by(query: Query, table: Table) -> list[str]:
    """What decided which rows are looked at: `selected_on`, and the columns of the filter."""
    filtered = [c.column for c in parse_filter(query.where, table.names).conditions] if query.where else []
    return list(dict.fromkeys((*query.selected_on, *filtered)))


def with_selection(graph: Graph, chosen: list[str], table: Table) -> tuple[Graph, Selected]:
    """The graph with a node for every choice of rows, which is what is held fixed; node -> what it is called.

    Choosing rows by a column (age over 50) is not holding the column fixed: it opens paths as a consequence of the column
    would, and blocks none. A node that is no column, or has one value throughout, is held fixed itself.
    """
    selected: Selected = {}
    nodes = graph.nodes()
    for name in chosen:
        if name not in nodes:
            continue
        node = name
        if name in table.names and table.profile.column(name).kind != "constant":
            node = f"rows chosen by {name}"
            while node in nodes:
                node += "′"
            graph = graph.with_edge(name, node)
        selected[node] = name
    return graph, selected


def believed(graph: Graph) -> Graph:
    """The graph without hidden causes that only a model suspects. They are named as a doubt (`certainty`), but cannot
    refuse an answer: a model that always finds one more would otherwise refuse them all."""
    kept = tuple(u for u in graph.unmeasured if u.source != "model")
    return graph.model_copy(update={"unmeasured": kept})


def _randomised(query: Query, graph: Graph | None, adjust: list[str], selected: Selected) -> Estimand | NotIdentified:
    treatment, outcome = str(query.treatment), str(query.outcome)
    design = query.design
    assert isinstance(design, Randomised)
    if graph is not None:
        below = graph.descendants(treatment)
        late = [c for c in (*adjust, *design.strata) if c in below]
        if late:
            raise GraphError(
                f"{join(late)} {_verb(late, 'comes')} after the treatment in your graph; adjusting for it would bias the"
                " comparison.",
                "Take it out of `adjust_for`, or correct the arrow.",
            )
        if treatment in graph.descendants(outcome):
            return backwards(treatment, outcome)
        blocked = _selection_on_collider(graph, query, selected)
        if blocked is not None:
            return blocked
    needed: list[str] = []
    if graph is not None and selected:
        dag = _pruned(Dag.of(graph.children()), [treatment, outcome, *selected])
        measured = dag.at.keys() - set(graph.hidden())
        needed = sep.minimal_adjustment(dag, treatment, outcome, measured, selected) or []
        needed = [c for c in needed if c in sep.connected(dag, treatment, selected)]
    covariates = tuple(dict.fromkeys((*design.strata, *adjust, *needed)))
    assumptions = [
        f"{safe(treatment)} was assigned at random" + (f" within {join(list(design.strata))}" if design.strata else "")
    ]
    assumptions += ["one row's treatment does not change another row's outcome"]
    return Estimand(strategy="randomised", adjust_for=covariates, assumptions=tuple(assumptions))


def _claimed(query: Query, adjust: list[str] | None) -> Estimand | NotIdentified:
    if adjust is None:
        return NotIdentified(
            code="needs_review",
            status="needs_review",
            reason=(
                "Nothing says what else drives both, so only the plain association can be shown; that is not an effect."
            ),
            would_help=(
                "a list of shared causes (`adjust_for`; [] claims that there are none)",
                "or a causal graph (`graph`)",
                "or the design, if the treatment was assigned at random",
            ),
        )
    claim = (
        f"nothing outside {columns_text(adjust)} drives both {safe(query.treatment)} and {safe(query.outcome)}"
        if adjust
        else f"nothing at all drives both {safe(query.treatment)} and {safe(query.outcome)}: your claim, nothing was adjusted for"
    )
    return Estimand(strategy="adjustment", adjust_for=tuple(adjust), assumptions=(claim, *_STANDARD))


_STANDARD = (
    "for every kind of row, either treatment was possible",
    "one row's treatment does not change another row's outcome",
)


def _from_graph(
    query: Query, table: Table, graph: Graph, adjust: list[str] | None, selection: Selected, second: bool
) -> Estimand | NotIdentified:
    treatment, outcome = str(query.treatment), str(query.outcome)
    whole = Dag.of(graph.children())
    if whole.below(whole.mask([outcome])) & whole.mask([treatment]):
        return backwards(treatment, outcome)
    blocked = _selection_on_collider(graph, query, selection)
    if blocked is not None:
        return blocked
    selected = list(selection)
    dag = _pruned(whole, [treatment, outcome, *selected, *(adjust or [])])
    usable = {c.name for c in table.profile.columns if c.kind != "empty"} & dag.at.keys()
    # columns that are text, or hardly recorded, are held fixed only where nothing else will do
    cheap = usable & {c.name for c in table.profile.columns if easy(c)}
    sets = sep.adjustment_sets(dag, treatment, outcome, cheap, selected)
    if sets:
        usable, found = cheap, list(sets[0])
    else:
        other = sep.minimal_adjustment(dag, treatment, outcome, usable, selected)
        if other is None:
            return _hopeless(query, graph, dag, usable, selected)
        found = other
    proposed = _dowhy_set(dag, treatment, outcome, usable, table) if second and not selected else None
    if proposed is not None and sep.valid_adjustment(dag, treatment, outcome, proposed, selected):
        found = proposed  # DoWhy's set is used only after the independent check agrees
    if adjust is not None:
        _check_given(query, dag, adjust, found, selected)
        found = adjust
    hidden = [f"nothing unlisted drives both {safe(treatment)} and {safe(outcome)}: the graph is complete"]
    notes = []
    if not whole.below(whole.mask([treatment])) & whole.mask([outcome]):
        notes = [f"your graph draws no arrow from {safe(treatment)} to {safe(outcome)}; the estimate tests that"]
    return Estimand(
        strategy="adjustment",
        adjust_for=tuple(found),
        assumptions=(*hidden, *notes, *_STANDARD),
        alternatives=_others(sets, found, table),
    )


def _others(sets: list[tuple[str, ...]], found: list[str], table: Table) -> tuple[tuple[str, ...], ...]:
    """The valid sets that differ from the one used in more than columns with one value throughout."""
    same = {c.name for c in table.profile.columns if c.kind == "constant"}
    seen, kept = [set(found) - same], []
    for columns in sets:
        if set(columns) - same not in seen:
            seen.append(set(columns) - same)
            kept.append(columns)
    return tuple(kept)


def measured_causes(query: Query, table: Table) -> tuple[str, ...]:
    """Columns that the graph puts before treatment or outcome and not after the treatment: what could be held fixed."""
    graph, treatment, outcome = query.graph, str(query.treatment), str(query.outcome)
    if graph is None or not {treatment, outcome} <= set(graph.nodes()):
        return tuple(query.adjust_for or ())
    dag = Dag.of(graph.children())
    before = set(dag.named(dag.above(dag.mask([treatment, outcome])) & ~dag.below(dag.mask([treatment]))))
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "constant") and easy(c)}
    return tuple(sorted((before & usable) - {treatment, outcome}))


def easy(column: Column) -> bool:
    """Whether holding the column fixed costs few rows and few coefficients."""
    wide = column.kind == "category" and column.distinct > max(MOST_LEVELS, column.rows // 20)
    return column.kind != "text" and not wide and column.missing <= 0.2 * column.rows


def _pruned(dag: Dag, keep: list[str]) -> Dag:
    """Ancestors of `keep` only: nothing else can open or close a path between them."""
    alive = dag.above(dag.mask(keep))
    return Dag.of({name: [] for name in keep} | {dag.names[i]: dag.named(dag.children[i] & alive) for i in bits(alive)})


def _dowhy_set(dag: Dag, treatment: str, outcome: str, usable: set[str], table: Table) -> list[str] | None:
    """DoWhy's minimal generalised adjustment set, names restored; None where DoWhy finds none, or would take long.

    DoWhy prefers columns near the treatment, which cost precision; it is shown those of the usable columns that are met
    first from the outcome, among which there is a valid set if there is any. Of these it keeps what the treatment meets first, as
    `Frame.minimal` does, so that each holds the other to account.
    """
    if dag.size > DOWHY_SIZE:
        return None
    frame = sep.Frame.of(dag, treatment, outcome)
    if not dag.below(frame.treatment) & frame.outcome:
        return None  # DoWhy answers "zero" without a path, which would be an assumption sold as a finding
    near = frame.nearest(dag.mask(usable))
    import networkx as nx

    identify_generalized_adjustment_set = _dowhy_identifier()
    known = set(table.names)
    codes = [table.code(n) if n in known else f"u{i}" for i, n in enumerate(dag.names)]
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(codes)
    graph.add_edges_from((codes[i], codes[k]) for i, kids in enumerate(dag.children) for k in bits(kids))
    observed = sorted(codes[i] for i in bits(near))
    found = identify_generalized_adjustment_set(graph, [codes[dag.at[treatment]]], [codes[dag.at[outcome]]], observed)
    if not found:
        return None
    back = dict(zip(codes, dag.names, strict=True))
    return sorted(back[code] for code in found[0].get_adjustment_variables())


def _dowhy_identifier() -> Any:
    """DoWhy's function, without the change that importing DoWhy makes to how Python and notebooks print lists."""
    import sympy

    printing, sympy.init_printing = sympy.init_printing, lambda *_, **__: None
    try:
        from dowhy.causal_identifier.auto_identifier import identify_generalized_adjustment_set
    finally:
        sympy.init_printing = printing
    return identify_generalized_adjustment_set


def _check_given(query: Query, dag: Dag, adjust: list[str], other: list[str], selected: list[str]) -> None:
    """Raise `GraphError` naming the column that makes the given set invalid; `other` is a set that would do."""
    treatment, outcome = str(query.treatment), str(query.outcome)
    if sep.valid_adjustment(dag, treatment, outcome, adjust, selected):
        return
    instead = (
        f"Your graph supports adjusting for {columns_text(other)}." if other else "Your graph needs no adjustment."
    )
    below = dag.named(dag.below(dag.mask([treatment])))
    pair = f"between {safe(treatment)} and {safe(outcome)}"
    late = [c for c in adjust if c in below]
    if late:
        raise GraphError(
            f"By your graph {join(late)} {_verb(late, 'comes')} after {safe(treatment)}; adjusting for it would distort the"
            " effect.",
            instead,
        )
    for column in adjust:
        fewer = [c for c in adjust if c != column]
        if sep.valid_adjustment(dag, treatment, outcome, fewer, selected):
            raise GraphError(
                f"By your graph adjusting for {safe(column)} opens a path {pair} that carries no effect"
                " (it is a collider).",
                f"Take {safe(column)} out of `adjust_for`. {instead}",
            )
    missing = [c for c in other if c not in adjust]
    raise GraphError(
        f"By your graph these columns leave a path open {pair}: {join(missing)} {_verb(missing, 'is')} not adjusted for.",
        instead,
    )


def _verb(names: list[str], one: str) -> str:
    return one if len(names) == 1 else {"is": "are"}.get(one, one.removesuffix("s"))


def backwards(treatment: str, outcome: str) -> NotIdentified:
    treatment, outcome = safe(treatment), safe(outcome)
    return NotIdentified(
        code="reversed",
        reason=f"Your graph says that {outcome} comes before {treatment}, so {treatment} cannot have changed it.",
        would_help=(f"a column for {outcome} measured after {treatment}", "or a corrected arrow"),
    )


def _selection_on_collider(graph: Graph, query: Query, selection: Selected) -> NotIdentified | None:
    """A refusal when the rows were chosen by something that no adjustment can undo."""
    treatment, outcome = str(query.treatment), str(query.outcome)
    selected = list(selection)
    if not selected:
        return None
    dag = _pruned(Dag.of(graph.children()), [treatment, outcome, *selected])
    measured = dag.at.keys() - set(graph.hidden())
    if sep.minimal_adjustment(dag, treatment, outcome, measured, selected) is not None:
        return None
    if sep.minimal_adjustment(dag, treatment, outcome, measured) is None:
        return None  # not identified with or without the selection: the caller says why
    choice = dag.mask(selected)
    affected = [c for c in (treatment, outcome) if choice & dag.below(dag.mask([c]))] or [treatment]
    return distorted(query, [selection[node] for node in selected], affected)


def distorted(query: Query, chosen: list[str], affected: list[str]) -> NotIdentified:
    by, what = join([safe(c) for c in chosen]), join([safe(c) for c in affected])
    how = f", and by your graph {what} {_verb(affected, 'affects')} that" if query.graph is not None else ""
    return NotIdentified(
        code="selected_on_collider",
        reason=(
            f"The table holds only rows chosen by {by}{how}."
            " Among rows chosen that way the comparison is distorted, and nothing in the table undoes it."
        ),
        would_help=("the rows that were left out", f"or rows chosen by something that {what} does not affect"),
    )


def _hopeless(query: Query, graph: Graph, dag: Dag, usable: set[str], selected: list[str]) -> NotIdentified:
    treatment, outcome = str(query.treatment), str(query.outcome)
    unusable = sorted(dag.at.keys() - usable - {treatment, outcome, *selected})
    frame = sep.Frame.of(dag, treatment, outcome, selected)
    columns = dag.mask(usable)
    culprits = [
        dag.names[node]
        for node in bits(frame.open_walk(columns) & dag.mask(unusable))
        if frame.minimal(columns | 1 << node) is not None
    ]
    blamed = culprits or [u for u in graph.hidden() if u in dag.at] or unusable
    cause, result = safe(treatment), safe(outcome)
    if culprits:
        how = f"a column for {join(culprits, 'or')}"
    elif blamed:
        how = f"columns for {join(blamed)}"
    else:
        how = "a column that blocks the remaining path"
    if blamed:
        reason = (
            f"Your graph says that {join(blamed)} {_verb(blamed, 'drives')} both {cause} and {result}, and the table has"
            " no usable column for it. No choice of columns removes that."
        )
    else:
        reason = f"No choice of columns separates the effect of {cause} on {result} from other paths in your graph."
    ideas = [how, f"or a column that changes {cause} but touches {result} in no other way (an instrument)"]
    apart = dag.without(-1, frame.treatment).connected(frame.outcome, 0)
    instruments = dag.named(dag.parents_of(frame.treatment) & columns & ~apart)
    if instruments:
        ideas.insert(1, f"your graph makes {join(instruments)} an instrument: ask with `design` kind `instrument`")
    return NotIdentified(code="hidden_cause", reason=reason, would_help=tuple(ideas))


def check_columns(query: Query, table: Table) -> None:
    """Raise `UnknownColumn` for any name in the query that is not in the table, before anything is computed."""
    roles: list[tuple[str, str | None]] = [("treatment", query.treatment), ("outcome", query.outcome)]
    roles += [("by", query.by), ("event", query.event), ("cluster", query.cluster), ("weights", query.weights)]
    roles += [("environment", query.environment)]
    roles += [("adjust_for", c) for c in query.adjust_for or ()]
    roles += [("categorical", c) for c in query.categorical]
    roles += [("negative_outcomes", c) for c in query.negative_outcomes]
    roles += [("negative_exposures", c) for c in query.negative_exposures]
    for field, given in query.design.model_dump().items():
        if field in ("strata", "instruments", "mediators"):
            roles += [(field.removesuffix("s"), c) for c in given]
        elif field in ("running", "time", "unit", "first_treated", "group"):
            roles.append((field, given))
    known = set(table.names)
    for name in (query.treatment, query.outcome):
        if name in known:
            check_filled(table.profile.column(str(name)), "treatment" if name == query.treatment else "outcome")
    for role, name in roles:
        if name is not None and name not in known:
            raise UnknownColumn(name, table.names, f"{role} column" if role not in ("treatment", "outcome") else role)
    in_graph = set() if query.graph is None else set(query.graph.nodes())
    for name in query.selected_on:
        if name not in known and name not in in_graph:
            raise UnknownColumn(name, table.names, "selected_on column")
