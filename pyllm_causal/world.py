"""Questions to the picture as a working model: one case's other course (`counterfactual`), what is due to what (`attribution`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import QueryError

if TYPE_CHECKING:
    from .analysis import Answer
    from .data import Table
    from .pipeline import Clock
    from .query import Query


def otherwise(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """What would have happened, or would happen, otherwise."""
    raise QueryError("Questions of kind 'counterfactual' are not answered yet.", "Ask about one cause and one outcome.")


def attributed(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """How much is due to what."""
    raise QueryError("Questions of kind 'attribution' are not answered yet.", "Ask about one cause and one outcome.")
