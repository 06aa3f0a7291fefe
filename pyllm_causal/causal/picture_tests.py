"""A drawn picture made ready for its tests: when the analysis is valid under it, and the columns that it names as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis import Estimand
from ..data import Table
from ..query import Query
from . import separation as sep
from .dag import Dag
from .exclusion import valid_instrument
from .front_door_criterion import leak_of
from .graph_claims import Children, Claim, Valid
from .identify import easy
from .independence import MOST_TERMS, Columns, coded
from .sample import event_values, outcome_of, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SECONDS_A_UNIT = 1.5e-9  # one multiplication of a test, roughly
BUDGET = 1.2  # seconds for all tests
ROWS = (30_000, 15_000, 8_000, 4_000, 2_500)
MOST_GIVEN = 20  # columns held fixed in one test


def validity(query: Query, estimand: Estimand, selected: Sequence[str]) -> tuple[Valid | None, list[str]]:
    """(whether the analysis is valid under a graph, the nodes that it names); None where the design reads no graph."""
    treatment, outcome, held = str(query.treatment), str(query.outcome), list(estimand.adjust_for)
    design = query.design
    if estimand.strategy == "adjustment" and design.kind == "observational":
        return lambda g: sep.valid_adjustment(g, treatment, outcome, held, selected), held
    if estimand.strategy == "instrument" and design.kind == "instrument":
        tools = list(design.instruments)

        def serves(g: sep.Picture) -> bool:
            dag = Dag.of(g)
            return all(valid_instrument(dag, z, treatment, outcome, held, selected) for z in tools)

        return serves, [*held, *tools]
    if design.kind in ("front_door", "mediation") and estimand.strategy == design.kind:
        between = list(design.mediators)

        def passes(g: sep.Picture) -> bool:
            listed = Dag.of(g).listed()
            if not set(between) <= set(listed):
                return False
            given = [c for c in held if c in listed]
            return leak_of(listed, treatment, outcome, between, given, front_door=design.kind == "front_door") is None

        return passes, [*held, *between]
    return None, []


def pruned(children: dict[str, list[str]], keep: Sequence[str]) -> Children:
    """Ancestors of `keep` only: what else is drawn has no bearing on the answer."""
    alive = sep.reach([n for n in keep if n in children], sep.parents_of(children))
    return {n: sorted(c for c in children[n] if c in alive) for n in sorted(alive)}


def usable(query: Query, table: Table, name: str) -> bool:
    """Whether the column can be put to a test: no identifier, no free text, recorded in most rows, more than one value."""
    column = table.profile.column(name)
    if name == query.outcome:
        return query.event is None and not column.infinite  # a follow-up that ends early is no measurement
    return easy(column) and column.kind not in ("empty", "constant") and not column.id_like and not column.infinite


def columns_of(query: Query, table: Table, names: Sequence[str], rows: Ints) -> Columns:
    """The columns as arrays over the rows, each made ready once, with the clusters and weights of the query."""
    import numpy as np
    import pandas as pd

    found = {}
    for name in names:
        block = _event(query, table, rows) if name == query.outcome and query.outcome_event is not None else None
        block = coded(table, name, query, rows) if block is None else block
        if block is not None:
            found[name] = block
    cluster = weights = None
    if query.cluster:
        codes = pd.factorize(table.column(query.cluster).iloc[rows])[0]
        cluster = np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
    if query.weights:
        weights = values_of(table, query.weights).to_numpy(dtype="float64")[rows]
        weights = np.where(np.isfinite(weights) & (weights > 0), weights, 0.0)
    return Columns(found, cluster, weights)


def _event(query: Query, table: Table, rows: Ints) -> NDArray[np.float64]:

    name = str(query.outcome)
    event = outcome_of(table.profile.column(name), query)[1]
    assert event is not None
    return event_values(table, name, event)[rows][:, None]


def rows_for(claims: Sequence[Claim]) -> int:
    """How many rows the tests can use in about `BUDGET` seconds; always the same for the same graph."""

    def cost(n: int) -> float:
        total = 0.0
        for c in claims:
            k = len(c.given)
            terms = min(MOST_TERMS, n / 10, 8 + 6 * k + k * (k - 1) / 2)
            total += SECONDS_A_UNIT * n * terms**2
        return total

    return next((n for n in ROWS if cost(n) <= BUDGET), ROWS[-1])
