"""What causes what: the answer to a question about the whole structure (query kind `discovery`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import QueryError

if TYPE_CHECKING:
    from .analysis import Answer
    from .data import Table
    from .pipeline import Clock
    from .query import Query


def discovered(query: Query, table: Table, seed: int, clock: Clock) -> Answer:
    """The links that the table supports."""
    raise QueryError("Questions of kind 'discovery' are not answered yet.", "Ask about one cause and one outcome.")
