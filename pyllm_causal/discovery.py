"""What causes what: the answer to a question about the whole structure (query kind `discovery`).

Columns are made ready, a search is chosen by rule and run under a time limit, its links are looked for again in halves of the rows,
and what is known is checked against the result. The answer is a draft of a picture, never an effect.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .compose.discovery import Result, composed, listed, refused, with_environments
from .errors import QueryError, UnknownColumn
from .wording import count, number, safe

if TYPE_CHECKING:
    from .analysis import Answer
    from .causal.discovery.columns import Ready
    from .causal.discovery.stability import Frequencies
    from .data import Table
    from .pipeline import Clock
    from .query import Query

UNUSED = (
    "treatment", "by", "event", "cluster", "weights", "row", "compare", "horizon", "threshold", "matters", "outcome_event",
    "changes", "costs", "adjust_for", "by_levels",
)  # fmt: skip


def discovered(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """The links that the table supports, with how often each is seen again. Raises `QueryError` and `UnknownColumn`."""
    import numpy as np

    from .causal.discovery.columns import FEWEST_ROWS, ready
    from .causal.discovery.edges import seen, with_hidden
    from .causal.discovery.engines import hidden
    from .causal.discovery.knowledge import breaches, known
    from .causal.discovery.marks import to_arrows
    from .causal.discovery.rule import chosen, limit_of
    from .causal.discovery.search import search
    from .causal.discovery.sites import compared, divided, told_apart
    from .causal.discovery.stability import frequencies

    _fits(query, table)
    began = time.monotonic()
    clock.doing("Looking which columns can be used")
    made = ready(query, table, seed)
    clock.done("Columns sorted")
    refusal, sites, helps = _too_little(query, made), None, _HELPS
    if query.environment is not None and not refusal:
        before = len(made.rows)
        made, sites = divided(made, table, query.environment)
        if len(made.rows) < FEWEST_ROWS:
            refusal = (
                f"Only {count(len(made.rows))} of {count(before)} rows belong to a value of {safe(query.environment)} that has enough"
                " rows to be compared with others."
            )
            helps = (
                "a coarser column of places or times, such as regions for towns or years for days",
                f"more rows of each {safe(query.environment, 60)}",
                "or ask without `environment`",
            )
        else:
            refusal = _too_little(query, made)
    if refusal:
        return refused(query, table, seed, clock.seconds, made, refusal, helps)
    matrix, aside = made.matrix if sites is None else sites.within(made.matrix), dict(made.aside)
    rules = known(query.knowledge, matrix.names, aside)
    plan = chosen(matrix, query.method)
    limit = query.time_limit or limit_of(len(matrix.names))
    until = began + limit
    clock.doing(f"Searching {count(len(matrix.names))} columns, about {number(min(plan.seconds, limit), 1)} s")
    watch = clock.effort.watch
    found = search(matrix, rules, plan.engine, plan.tries, np.random.default_rng([seed, 2]), began + 0.6 * limit)
    if not found.finished and time.monotonic() < began + 0.6 * limit:
        watch.stop()
    clock.done("Links searched")
    arrows, settlement = found.arrows, None
    if sites is not None and found.finished:
        clock.doing(f"Comparing {count(len(sites.names))} values of {safe(sites.column, 40)}")
        settlement = compared(sites, made.matrix, found.arrows, rules, seed, began + 0.8 * limit)
        arrows = found.arrows if settlement is None else to_arrows(settlement.links, len(matrix.names))
        clock.done("Environments compared")
    asked = plan.resamples if clock.effort.checks else 0
    often = frequencies(
        matrix, rules, plan.engine, plan.again, clock.effort.simulations or asked if asked else 0, seed, clock.effort, until,
        lambda done: clock.doing(f"Looking for the links again, {done} of {asked} resamples"),
    )  # fmt: skip
    clock.done("Links looked for again")
    links = seen(arrows, often, rules)
    if links and clock.effort.checks and not watch.stopped:
        clock.doing("Looking for hidden causes")
        try:
            links = with_hidden(links, hidden(matrix, until), rules)
        except KeyboardInterrupt:
            watch.stop()
        clock.done("Hidden causes looked for")
    if settlement is not None:
        links = told_apart(links, settlement)
    broken = (*rules.broken, *breaches(query.knowledge, [s.link for s in links], matrix.names, rules.broken))
    cut = _cut(found.finished, often, watch.stopped, limit)
    edges = listed(links, matrix, arrows, until)
    if settlement is not None and sites is not None:
        edges = with_environments(edges, matrix, settlement, sites)
    return composed(
        query,
        table,
        seed,
        clock.seconds,
        Result(made, plan, often, links, edges, broken, cut, limit, sites, settlement),
    )


def _fits(query: Query, table: Table) -> None:
    """Raise for what a question of this kind has no use for, and for columns that the table does not have."""
    for field in UNUSED:
        if getattr(query, field):
            raise QueryError(f"`{field}` has no use in a question of kind discovery.", "Leave it out.")
    if query.design.kind != "observational":
        raise QueryError("A design has no use in a question of kind discovery.", "Leave it out.")
    if query.scale != "difference" or query.target != "everyone":
        raise QueryError("`scale` and `target` have no use in a question of kind discovery.", "Leave them out.")
    if query.missing == "impute":
        raise QueryError("`missing: impute` is not for a search.", "Leave it out: complete rows are used and counted.")
    given = query.knowledge
    names = list(query.columns)
    if given is not None:
        names += [c for tier in given.tiers for c in tier] + [
            c for pair in (*given.required, *given.forbidden) for c in pair
        ]
    for name in names:
        if name not in table.names:
            raise UnknownColumn(name, table.names, "column")
    if query.graph is not None:
        query.graph.check(table.names)
    if query.environment is not None and query.environment in (query.outcome, *query.columns):
        raise QueryError(
            f"{safe(query.environment)!r} is what environments are told apart by, so it cannot be looked at as well.",
            "Name a column of places or times in `environment` that is no part of the question.",
        )
    if query.outcome is not None and query.columns and query.outcome not in query.columns:
        raise QueryError(f"{safe(query.outcome)!r} is not among `columns`.", "Add it there, or leave `columns` out.")


_HELPS = (
    "more rows in which every column is filled in",
    "columns that hold numbers, yes/no or a few categories",
    "`columns`, to look at fewer of them",
)


def _too_little(query: Query, made: Ready) -> str:
    """Why nothing can be told; empty where something can."""
    from .causal.discovery.columns import FEWEST_ROWS

    rows = len(made.rows)
    if len(made.matrix.names) < 2:
        return f"Only {count(len(made.matrix.names))} of the columns can be used, and a link needs two."
    if rows < FEWEST_ROWS:
        return f"Only {count(rows)} rows have no gap in the columns looked at; with fewer than {FEWEST_ROWS} any link may be chance."
    if query.outcome is not None and query.outcome not in made.matrix.names:
        reason = dict(made.aside).get(query.outcome, "it cannot be used")
        return f"{safe(query.outcome)} cannot be looked at: {reason}."
    return ""


def _cut(finished: bool, often: Frequencies, stopped: bool, limit: float) -> str:
    why = "you stopped me" if stopped else f"the time limit of {limit:g} s was reached"
    if finished and often.done >= often.asked:
        return f"{why} before hidden causes were looked for" if stopped else ""
    if not finished:
        return f"{why} before the search came to its end, so this is the best picture so far"
    return f"{why} after {often.done} of {often.asked} resamples"
