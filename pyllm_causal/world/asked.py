"""A question put to a fitted picture, what it gave, and the steps that every such question shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import Effect, NotIdentified
from ..causal.world.columns import node_of
from ..causal.world.picture import Picture, regressors
from ..causal.world.prepare import Prepared, prepared, selection
from ..causal.world.support import always_together
from ..errors import QueryError
from ..graph import Graph
from ..wording import join, safe

if TYPE_CHECKING:
    from ..analysis import Level
    from ..data import Table
    from ..pipeline import Clock
    from ..query import Query


@dataclass(frozen=True)
class Asked:
    """A question with its table and picture."""

    query: Query
    table: Table
    graph: Graph
    picture: Picture
    seed: int
    clock: Clock

    @property
    def outcome(self) -> str:
        return str(self.query.outcome)

    @property
    def unit(self) -> str:
        node = node_of(self.query, self.table.profile.column(self.outcome))
        return "probability" if node.kind == "yes_no" else node.unit


@dataclass(frozen=True)
class Found:
    """What one question gave, ready to be graded and told."""

    model: Prepared
    effect: Effect
    headline: Callable[[Level, float], str]
    sentences: tuple[str, ...]
    statement: str
    assumptions: tuple[str, ...]
    checked: tuple[str, ...]  # causes for which the picture is held against the table
    lines: tuple[str, ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()  # counterfactual, attribution, arms
    notes: tuple[str, ...] = ()
    one_row: bool = False
    means: tuple[float, float] | None = None  # of the outcome: otherwise (later), as it is (earlier)


REST = "not explained by the picture"
LINES = 8  # of a list in the text
ASSUMED = (
    "the picture is complete: nothing unlisted moves two of its columns",
    "every column follows its causes in the same way in every row, apart from chance",
    "one row does not change another",
)


def reached_by(
    a: Asked, moved: Sequence[str], keep: int | None = None, one_row: bool = False
) -> Prepared | NotIdentified:
    """The mechanisms that a change of `moved` reaches."""
    nodes = a.graph.nodes()
    unknown = [n for n in moved if n not in nodes]
    if unknown:
        return NotIdentified(
            code="needs_review",
            status="needs_review",
            reason=f"The picture says nothing about {join(unknown)}.",
            would_help=(f"arrows from {join(unknown)} to what it affects, and to it from what affects it",),
        )
    idle = [n for n in moved if n not in a.picture.order]
    if idle:
        return NotIdentified(
            code="no_path",
            reason=f"The picture draws no usable way from {join(idle)} to {safe(a.outcome)}, so by the picture nothing would change."
            " That is what you drew, not what the table shows.",
            would_help=(
                f"an arrow, if {join(idle)} may affect {safe(a.outcome)}",
                "or ask for the effect (kind effect)",
            ),
        )
    needed = regressors(a.picture, moved)
    if isinstance(needed, NotIdentified):
        return needed
    return fitted_for(a, needed, also=moved, keep=keep, one_row=one_row, divided=False)


def fitted_for(
    a: Asked,
    mechanisms: dict[str, tuple[str, ...]],
    also: Sequence[str],
    keep: int | None = None,
    one_row: bool = False,
    only: Any = None,
    divided: bool = True,
) -> Prepared | NotIdentified:
    """The fitted mechanisms, or a refusal where the rows were chosen by what they make, are too few, or the fit is poor; with
    `divided`, also where causes that something is divided among always go together."""
    refused = selection(a.query, a.table, a.graph, list(mechanisms))
    if refused is not None:
        return refused
    found = prepared(a.query, a.table, a.picture, mechanisms, a.seed, also=also, keep=keep, one_row=one_row, only=only)
    if divided and not isinstance(found, NotIdentified):
        return always_together(found.fitted, found.drawn) or found
    return found


def through(found: Prepared, own: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The changed rows with what the change makes of the columns in between."""
    import numpy as np

    noise = found.fitted.noises(own, np.random.default_rng(0))
    fixed = {n: v for n, v in new.items() if n not in found.model.forms}
    return found.fitted.run(own, noise, fixed, expected=False)


def row_lacking(a: Asked, found: Prepared, row: int) -> NotIdentified:
    """The refusal for a row that lacks a value. Raises `QueryError` where it is outside `where`."""
    if a.query.where:
        raise QueryError(
            f"Row {row} does not fit `where`, or lacks a value.", "Leave out `where`, or ask about another row."
        )
    lacks = [n for n in found.drawn.nodes if a.table.column(n).isna().iloc[row]]
    return NotIdentified(
        code="row_incomplete",
        reason=f"Row {row} has no value of {join(lacks)}, so what made it come out as it did cannot be worked out.",
        would_help=(f"the value of {join(lacks)} in that row",),
    )


def no_interval() -> NotIdentified:
    """The refusal where no margin can be given."""
    return NotIdentified(
        code="no_interval",
        reason="The model could not be fitted on rows drawn anew, so nobody knows how far chance could have moved the figure.",
        would_help=("more rows", "or a picture with fewer columns"),
    )
