"""What a picture costs in rows: what would be held fixed, and how many rows have all of it recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import NotIdentified
from ..query import Query

if TYPE_CHECKING:
    from ..data import Table


@dataclass(frozen=True)
class Cost:
    """`held`: the columns held fixed; `used`: rows with all of them recorded; `missing`: rows without each.

    `blocked` says why the question cannot be answered under this picture; empty where it can.
    """

    held: tuple[str, ...]
    used: int
    missing: dict[str, int]
    blocked: str = ""


def cost(query: Query, table: Table) -> Cost:
    """The cost of the picture of `query`. Raises `GraphError`, `QueryError` where it contradicts itself."""
    import numpy as np

    from ..causal.identify import check_columns, identify
    from ..causal.implied import implied_design
    from ..filter import parse_filter

    check_columns(query, table)
    found = identify(query, table)
    blocked = ""
    if isinstance(found, NotIdentified):
        blocked = "" if implied_design(query, table, found) is not None else found.reason
        held: tuple[str, ...] = ()
    else:
        held = found.adjust_for
    keep = table.where(parse_filter(query.where, table.names)) if query.where else np.ones(len(table), dtype=bool)
    lacking = {
        name: table.column(name).isna().to_numpy()
        for name in dict.fromkeys((query.treatment, query.outcome, *held))
        if name is not None
    }
    missing = {name: int((gone & keep).sum()) for name, gone in lacking.items()}
    for gone in lacking.values():
        keep = keep & ~gone
    return Cost(held=held, used=int(keep.sum()), missing=missing, blocked=blocked)
