"""The document of a question that is not about causes."""

from __future__ import annotations

from typing import Any

from ..analysis import Answer
from ..data import Table
from ..query import Query
from ..wording import safe
from .provenance import provenance, reviewer


def described(
    query: Query, table: Table, seed: int, seconds: dict[str, float], found: tuple[dict[str, Any], str]
) -> Answer:
    """The answer to a question that is not about causes."""
    shown, sentence = found
    if query.where:
        sentence = f"Among the rows with {safe(query.where, 200)}: {sentence}"
    note = "This describes the table; it does not say that one thing changes another."
    return Answer(
        status="not_causal",
        headline=sentence,
        text=f"{sentence}\n\n{note}",
        association=shown,
        reviewed_by=reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )
