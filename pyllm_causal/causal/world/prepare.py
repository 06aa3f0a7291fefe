"""From a query to a fitted model, or to a refusal: which picture, which rows, which mechanisms, and whether they fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...analysis import Diagnosis, Estimand, NotIdentified, Refutation
from ...data import Table
from ...errors import QueryError
from ...graph import Graph, Unmeasured
from ...query import Observational, Query
from ...wording import count, join, safe
from .. import separation as sep
from ..dag import Dag
from ..identify import believed, chosen_by, distorted
from ..refuters.graph_check import verify
from .columns import Drawn, drawn, usable_columns
from .fitness import fitness, told
from .model import Fitted, Model, model_of
from .picture import Picture, picture_of, touched_by

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

_SEARCH = ("environment", "columns", "knowledge", "time_limit")  # of a question of kind discovery
FEWEST = 30
A_CAUSE = 8  # rows a cause of a mechanism
MOST_CHECKED = 2  # causes for which the picture is held against the table


@dataclass(frozen=True)
class Prepared:
    """A model that fits well enough to be asked."""

    picture: Picture
    drawn: Drawn
    model: Model
    fitted: Fitted
    diagnoses: tuple[Diagnosis, ...]


def graph_of(query: Query, table: Table) -> Graph | NotIdentified:
    """The picture that the query brings, or the one that `adjust_for` amounts to; hidden causes that only a model suspects are left
    out. Raises `GraphError`, `QueryError`."""
    outcome = str(query.outcome)
    graph = query.graph
    if query.adjust_for is not None and (graph is not None or not query.treatment):
        raise QueryError(
            f"`adjust_for` has no use in a question of kind {query.kind} with a graph, or without a treatment.",
            "Leave it out; the graph says what affects what.",
        )
    if graph is None and query.adjust_for is not None and query.treatment:
        pairs = [(c, end) for c in query.adjust_for for end in (query.treatment, outcome)]
        graph = Graph.of(*pairs, (query.treatment, outcome))
    if graph is None:
        return NotIdentified(
            code="needs_review",
            status="needs_review",
            reason="A question like this is put to a picture of what causes what, and there is none yet.",
            would_help=(
                f"draft one with `pyllm-causal graph draft` and look at it: what affects {safe(outcome)}, and what affects that",
                "then ask again with --graph FILE (in a query: `graph`)",
            ),
        )
    graph.check(table.names, query.selected_on)
    if outcome not in graph.nodes():
        return NotIdentified(
            code="needs_review",
            status="needs_review",
            reason=f"The picture says nothing about {safe(outcome)}.",
            would_help=(f"arrows from the causes of {safe(outcome)} to it",),
        )
    return believed(graph)


def refuse_unused(query: Query, fields: Collection[str]) -> None:
    """Raise `QueryError` for fields that a question of this kind has no use for: they would be ignored in silence."""
    for field in fields:
        if getattr(query, field) not in (None, (), {}):
            own = "" if field not in _SEARCH else ", or ask with kind discovery (what causes what), where it has one"
            raise QueryError(f"`{field}` has no use in a question of kind {query.kind}.", f"Leave it out{own}.")
    if query.scale != "difference" or query.missing != "drop" or query.target != "everyone":
        raise QueryError(
            f"A question of kind {query.kind} is answered as a difference, for everyone, from complete rows.",
            "Leave out `scale`, `target` and `missing`.",
        )
    if query.design.kind not in ("observational", "randomised"):
        raise QueryError(
            f"A question of kind {query.kind} is put to a picture; the design {query.design.kind} answers questions about"
            " an effect.",
            "Leave out `design`, or ask with `kind` effect.",
        )


def pictured(query: Query, table: Table, graph: Graph) -> Picture:
    """The part of the graph that the question is about; columns that cannot be used count as hidden."""
    return picture_of(graph, str(query.outcome), usable_columns(query, table))


def selection(query: Query, table: Table, graph: Graph, reached: Collection[str]) -> NotIdentified | None:
    """A refusal where the rows were chosen by something that a modelled column affects."""
    chosen = [c for c in chosen_by(query, table) if c in touched_by(graph, reached)]
    return distorted(query, chosen, sorted(set(reached) & {str(query.outcome)}) or sorted(reached)) if chosen else None


def prepared(
    query: Query,
    table: Table,
    picture: Picture,
    mechanisms: Mapping[str, tuple[str, ...]],
    seed: int,
    *,
    also: Collection[str] = (),
    keep: int | None = None,
    one_row: bool = False,
    only: Mask | None = None,
) -> Prepared | NotIdentified:
    """The model of these mechanisms on the rows that hold all their columns (and those of `also`), row `keep` among them; with `only`
    (rows of the table), on those."""
    names = sorted({str(query.outcome), *mechanisms, *(c for cs in mechanisms.values() for c in cs), *also})
    rows = drawn(query, table, names, seed, keep, only)
    widest = max((len(c) for c in mechanisms.values()), default=1)
    if rows.n < max(FEWEST, A_CAUSE * widest):
        return NotIdentified(
            code="too_few_rows",
            reason=f"Only {count(rows.n)} rows hold all of {join(names[:8])}: too few to fit the picture to.",
            would_help=("more rows", "or a picture with fewer columns"),
        )
    flat = [n for n in names if float(rows.values[n].std()) == 0]
    if flat:
        return NotIdentified(
            code="constant",
            reason=f"{join(flat)} {'is' if len(flat) == 1 else 'are'} the same in every row that can be used.",
            would_help=(f"rows in which {join(flat)} differ{'s' * (len(flat) == 1)}",),
        )
    model = model_of(rows, str(query.outcome), mechanisms)
    fitted = model.fitted(rows.values)
    found = fitness(fitted, rows, seed)
    diagnoses = told(found, one_row)
    stop = next((d for d in diagnoses if d.status == "stop"), None)
    if stop is not None:
        return NotIdentified(
            code="poor_fit",
            reason=f"The model that your picture leads to does not fit the table: {stop.finding}. Its answers would not be"
            " worth having.",
            would_help=(
                "the arrows or columns that are missing from the picture",
                "or a column in another form (a threshold as a yes/no column, a size as its logarithm)",
            ),
        )
    return Prepared(picture, rows, model, fitted, diagnoses)


def held_against(
    query: Query, table: Table, graph: Graph, model: Prepared, causes: Collection[str], seed: int
) -> tuple[Refutation, ...]:
    """Whether the table fits the picture, as far as what the model holds fixed for `causes` rests on it; the worst verdict."""
    outcome = str(query.outcome)
    together = [n for n in model.picture.roots if n in table.names]
    if len(together) > 1:  # the model lets columns without a cause go together, so nothing rests on their being apart
        shared = Unmeasured(name="what the columns without a cause share", affects=tuple(together))
        graph = graph.model_copy(update={"unmeasured": (*graph.unmeasured, shared)})
    dag = Dag.of(graph.children())
    found = []
    for cause in list(causes)[:MOST_CHECKED]:
        reached = {cause, *model.picture.affected([cause])}
        forms = [model.model.forms[n] for n in reached if n in model.model.forms]
        adjust: list[str] | None = sorted({t.name for f in forms for t in f.basis.terms} - reached)
        if not sep.valid_adjustment(dag, cause, outcome, adjust or []):
            adjust = sep.minimal_adjustment(dag, cause, outcome, dag.at.keys() & set(table.names))
        if adjust is None:
            continue
        asked = Query(
            treatment=cause, outcome=outcome, graph=graph, where=query.where, outcome_event=query.outcome_event,
            categorical=query.categorical, cluster=query.cluster, selected_on=query.selected_on,
            sources={"graph": query.source("graph")}, design=Observational(),
        )  # fmt: skip
        check = verify(asked, table, Estimand(strategy="adjustment", adjust_for=tuple(adjust)), seed)
        if check is not None:
            found.append(check)
    order = {"failed": 0, "passed": 1, "inconclusive": 2}
    return tuple(sorted(found, key=lambda r: order[r.verdict])[:1])


def with_doubt(found: Prepared, doubt: str) -> Prepared:
    """The same with one more thing to doubt, where there is one."""
    if not doubt:
        return found
    more = Diagnosis(name="support", status="warning", finding=doubt)
    return replace(found, diagnoses=(*found.diagnoses, more))
