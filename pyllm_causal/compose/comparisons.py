"""One line for every contrast, and the answer from them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Answer, Contested, Estimand, NotIdentified
from ..causal.contest import contest
from ..causal.contrast import Contrast, contrasts, nothing_to_compare
from ..data import Table
from ..errors import QueryError
from ..lines import Line, common_line, design_line
from ..query import Query
from .document import assembled
from .refusal import refused, with_bounds
from .support import TARGETS

if TYPE_CHECKING:
    from ..pipeline import Clock


SEVERAL_ARMS = ("survival", "front_door")  # `control` alone means every arm against it


def answered(query: Query, table: Table, seed: int, clock: Clock, estimand: Estimand) -> Answer:
    """Observational and randomised tables: one line for every contrast."""
    if query.target == "compliers":
        raise QueryError("No column in your graph is an instrument, so there are no compliers.", TARGETS)
    asked = contrasts(query, table.profile)
    if not asked:
        return refused(query, table, seed, clock.seconds, nothing_to_compare(query.treatment))
    lines: list[Line] = []
    refusals: list[tuple[Contrast, NotIdentified]] = []
    contested = _contested(query, table, clock)
    for contrast in asked:
        line = common_line(query, table, seed, clock, estimand, contrast, None if lines else contested)
        if isinstance(line, NotIdentified):
            refusals.append((contrast, with_bounds(line, query, table, estimand, contrast)))
        else:
            lines.append(line)
    return assembled(query, table, seed, clock, lines, refusals, contested)


def designed(query: Query, table: Table, seed: int, clock: Clock, strategy: str) -> Answer:
    """Every other design: its own function, once for every arm where all are asked for and the design compares arms."""
    lines: list[Line] = []
    refusals: list[tuple[Contrast, NotIdentified]] = []
    asked = contrasts(query, table.profile) if strategy in SEVERAL_ARMS and query.treated is None else []
    contested = _contested(query, table, clock)
    if len(asked) < 2:
        line = design_line(query, table, seed, clock, strategy, contested)
        if isinstance(line, NotIdentified):
            return refused(query, table, seed, clock.seconds, line, contested)
        return assembled(query, table, seed, clock, [line], [], contested)
    for contrast in asked:
        pair = query.model_copy(update={"treated": contrast.treated, "control": contrast.control})
        line = design_line(pair, table, seed, clock, strategy, None if lines else contested)
        if isinstance(line, NotIdentified):
            refusals.append((contrast, line))
        else:
            lines.append(line)
    return assembled(query, table, seed, clock, lines, refusals, contested)


def _contested(query: Query, table: Table, clock: Clock) -> tuple[Contested, ...]:
    """Where the table speaks against the picture, before anything is estimated."""
    if query.graph is None or not clock.effort.checks:
        return ()
    clock.doing("Holding the picture against the table")
    return contest(query, table)
