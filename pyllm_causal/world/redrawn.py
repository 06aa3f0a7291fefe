"""The same question to the picture with a left-out column drawn in as a common cause, and what that makes of the answer.

Nobody can tell from a table whether such a column comes first, lies in between or follows; so the margin holds the answers of
all these pictures, and where they are not one answer the certainty says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from ..analysis import Diagnosis, Effect, NotIdentified
from ..causal.repeats import Effort
from ..causal.world.columns import usable_columns
from ..causal.world.left_out import Missed, missed
from ..causal.world.prepare import Prepared, pictured
from ..causal.world.variation import CURVED_REFITS, Part
from ..graph import Edge
from ..language.alarm import judge
from ..wording import alike, excludes_null, join, safe
from ..years import baseline, known_suffixes
from .asked import Asked

if TYPE_CHECKING:
    from ..data import Table
    from ..graph import Graph
    from ..query import Query

T = TypeVar("T")


@dataclass(frozen=True)
class Others(Generic[T]):
    """missed: the columns that may be common causes; answers: of the pictures that have them; failed: pictures without an answer."""

    missed: tuple[Missed, ...] = ()
    answers: tuple[T, ...] = ()
    failed: int = 0


def left_out(query: Query, table: Table, graph: Graph) -> list[str]:
    """Columns of which the picture says nothing and that could be in it; those that two groups are told apart by are none."""
    nodes, compared = graph.nodes(), (query.compare or {}).get("column")
    return [
        c.name for c in table.profile.columns
        if c.name not in nodes and c.kind not in ("text", "empty", "constant") and not c.id_like
        and c.name not in (compared, query.cluster, *query.selected_on)
    ]  # fmt: skip


def others(
    a: Asked, found: Prepared, work: Callable[[Asked, Effort], T | NotIdentified], apart: str | None = None
) -> Others[T]:
    """What `work` gives for the pictures with the missed columns of the table: with all of them, and with each alone."""
    usable = usable_columns(a.query, a.table)
    first = [n for n in left_out(a.query, a.table, a.graph) if n in usable and not _follows(a, n)]
    marks = tuple(missed(a.query, a.table, a.picture, found.fitted, found.drawn, first, apart))
    sets: list[tuple[Missed, ...]] = [marks] if marks else []
    if len(marks) > 1:
        sets += [(m,) for m in marks]
    effort = a.clock.effort
    less = Effort(effort.simulations or CURVED_REFITS, effort.workers, effort.checks, effort.watch)
    answers: list[T] = []
    for chosen in sets:
        result = work(_with(a, chosen), less)
        if not isinstance(result, NotIdentified):
            answers.append(result)
    return Others(marks, tuple(answers), len(sets) - len(answers))


def _follows(a: Asked, name: str) -> bool:
    """Whether name or description of a column say that it is the outcome in another form, or comes after it."""
    columns = a.table.profile.columns
    column, outcome = a.table.profile.column(name), a.table.profile.column(a.outcome)
    suffixes = known_suffixes(columns)
    alarm = judge(column, outcome, outcome, suffixes, *baseline(outcome, outcome, suffixes))[2]
    return alarm not in (None, "unusable")


def _with(a: Asked, chosen: Sequence[Missed]) -> Asked:
    arrows = tuple(Edge(cause=m.name, effect=node, source="data") for m in chosen for node in m.into)
    graph = a.graph.model_copy(update={"edges": (*a.graph.edges, *arrows)})
    return replace(a, graph=graph, picture=pictured(a.query, a.table, graph))


def wider(effect: Effect, again: Sequence[Effect]) -> Effect:
    """The effect with a margin that holds the others' as well; without one where one of them has none."""
    low, high = [], []
    for one in (effect, *again):
        if one.low is None or one.high is None:
            none = {"low": None, "high": None, "std_error": None, "unbounded": True, "reason": one.reason}
            return effect.model_copy(update=none)
        low.append(one.low)
        high.append(one.high)
    return effect.model_copy(update={"low": min(low), "high": max(high)})


def changed_answer(effect: Effect, again: Sequence[Effect], unit: str) -> str:
    """What else the other pictures say about an effect, in words; empty where its direction stays."""
    if not excludes_null(effect):
        return ""
    for other in again:
        if other.low is None or other.high is None:
            return "nobody knows how large the difference is"
        if not excludes_null(other) or (other.value > 0) != (effect.value > 0):
            factor, words = (100.0, " in 100") if unit == "probability" else (1.0, f" {unit}" if unit else "")
            after, low, high = alike([factor * v for v in (other.value, other.low, other.high)])
            return f"the difference would be {after}{words}, somewhere between {low} and {high}{words}"
    return ""


def wider_parts(parts: Sequence[Part], again: Sequence[Sequence[Part]]) -> list[Part]:
    """The same for parts; a part that another picture does not have is left as it is."""
    out = []
    for part in parts:
        same = [p for other in again for p in other if p.cause == part.cause]
        low, high = min([part.low, *(p.low for p in same)]), max([part.high, *(p.high for p in same)])
        out.append(replace(part, low=low, high=high))
    return out


def doubted(found: Prepared, again: Others[T], changes: str) -> tuple[Prepared, tuple[str, ...]]:
    """(the same with what the left-out columns do to the answer, sentences about that). changes: what becomes of the answer, in
    words; empty where it stays."""
    if not again.missed:
        return found, ()
    names = join([m.name for m in again.missed])
    one = len(again.missed) == 1
    ends = list(dict.fromkeys(n for m in again.missed for n in (m.cause, m.effect)))
    told = f"{names}, which the picture leaves out, seem{'s' * one} to go with {join(ends)} beyond what the picture explains"
    if changes:
        told += f": as {'a common cause' if one else 'common causes'}, {changes}"
    elif again.failed:
        told += ", and nobody knows the answer with that drawn in: it could not be worked out"
    else:
        told += ", and the answer stays with that drawn in"
    more = Diagnosis(
        name="left_out", status="warning" if changes or again.failed else "ok", finding=told,
        figures={safe(m.name): {"cause": safe(m.cause), "effect": safe(m.effect), "changes_the_answer": bool(changes)} for m in again.missed},
    )  # fmt: skip
    wide = "" if not again.answers else f" The margins hold the answers with and without {names}."
    draw = (
        f"If {names} come{'s' * one} first, draw the arrows from {'it' if one else 'them'} to {join(ends)};"
        f" if {'it follows' if one else 'they follow'}, draw those to {'it' if one else 'them'}. Then ask again.{wide}"
    )
    return replace(found, diagnoses=(*found.diagnoses, more)), (f"{told[0].upper()}{told[1:]}.", draw)
