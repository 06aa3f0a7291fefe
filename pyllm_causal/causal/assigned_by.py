"""Was the treatment given to whole groups? Then chance works by group, and rows of one group are worth less than as many others.

Villages get the nets, classes the teacher, shops the app: the rows of a village share what happened there, so that a margin that
counts rows one by one is too narrow (Moulton 1990, Rev Econ Stat 72:334; Abadie, Athey, Imbens & Wooldridge 2023, QJE 138:1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import count, safe

if TYPE_CHECKING:
    from ..data import Table
    from ..profile import Column
    from ..query import Query

NAME = "assigned_by"
FEWEST_GROUPS, FEWEST_ROWS = 8, 2.5  # groups; rows a group on average
FIRST = 20_000  # rows
_UNIT = re.compile(
    r"\b(?:village|class(?:room)?|school|clinic|hospital|ward|practice|site|cent(?:re|er)|household|family|shop|store|branch|factory|plant"
    r"|farm|firm|company|team|city|town|county|district|municipality|state|province|country|region|parish|neighbou?rhood|block|cluster"
    r"|group|house|building|street|route|herd|pen|litter|person|patient|pupil|student|subject|participant|user|customer|worker|driver"
    r"|judge|teacher|doctor|physician|nurse|device|machine|market|area|section|unit|pair|id)s?\b",
    re.IGNORECASE,
)


def assigned_by(query: Query, table: Table) -> str | None:
    """The column of units all of whose rows have one value of the treatment, while they have several rows; None where there is none.

    Of several the one with the fewest units. Not asked where the query names clusters or a design over time already.
    """
    if query.cluster is not None or query.treatment is None or query.design.kind not in ("observational", "randomised"):
        return None
    treatment = table.column(str(query.treatment))
    known = treatment.notna().to_numpy()
    played = {query.treatment, query.outcome, query.event, query.weights, query.by}
    found: list[tuple[int, str]] = []
    for column in table.profile.columns:
        if column.name in played or not _unit(column):
            continue
        units = table.column(column.name)[known]
        if int(treatment[known].iloc[:FIRST].groupby(units.iloc[:FIRST].to_numpy()).nunique().max()) > 1:
            continue  # seen in the first rows, so that large tables need no second look
        groups = units.nunique()
        if groups < FEWEST_GROUPS or len(units.dropna()) < FEWEST_ROWS * groups:
            continue
        values = treatment[known].groupby(units.to_numpy()).nunique()
        if int(values.max()) == 1:
            found.append((groups, column.name))
    return min(found)[1] if found else None


def _unit(column: Column) -> bool:
    if column.kind in ("empty", "constant", "yes_no", "time", "number") or column.time_like:
        return False
    words = " ".join(re.findall(r"[^\W\d_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name)))
    named = bool(_UNIT.search(words)) and not re.search(
        r"\b(?:size|age|number of|count|income|type|kind)\b", words, re.IGNORECASE
    )
    return column.id_like or named


def warned(query: Query, table: Table) -> Diagnosis | None:
    """A warning where whole groups were treated and chance is counted by rows all the same."""
    name = assigned_by(query, table)
    if name is None:
        return None
    groups = table.column(name).nunique()
    finding = (
        f"all rows of one {safe(name)} have the same {safe(query.treatment)}, so that there are {count(groups)} independent cases rather"
        f" than {count(table.profile.rows)}, and the margin is too narrow (count it by them with `cluster` {safe(name)})"
    )
    return Diagnosis(name=NAME, status="warning", finding=finding, figures={"column": name, "groups": groups})
