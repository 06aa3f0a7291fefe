"""Follow-up that does not begin with the treatment: the time before it is counted on the wrong side.

Whoever is treated "at some time during follow-up" had to live until then, so that the treated outlive the others even where
the treatment does nothing (immortal time; Suissa 2008, Am J Epidemiol 167:492). Rows that come under observation only later
than zero are seen only if nothing happened before (late entry, or left truncation).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import safe

if TYPE_CHECKING:
    from ..data import Table
    from ..query import Query
    from .sample import Sample

IMMORTAL, ENTRY = "immortal_time", "late_entry"
_ENTRY = re.compile(
    r"\b(?:entry|entered|enter(?:ing)?|enrol(?:l?ed|l?ment|ling)?|inclusion|included|recruit\w*|came under observation"
    r"|start(?:ed)? of (?:observation|follow-?\s?up)|left[- ]truncat\w*)\b",
    re.IGNORECASE,
)


def late_start(sample: Sample, query: Query, table: Table) -> tuple[Diagnosis, ...]:
    """Warnings where a column tells that treatment, or observation, began within the time that is counted."""
    import numpy as np

    if sample.kind != "arms" or sample.rows is None:
        return ()
    time = table.column(str(query.outcome)).to_numpy(dtype="float64")[sample.rows]
    treated, out = sample.arm == 1, []
    played = {query.treatment, query.outcome, query.event}
    for column in table.profile.columns:
        series = table.column(column.name)
        if column.name in played or series.dtype.kind not in "if" or column.id_like or column.time_like:
            continue
        when = series.to_numpy(dtype="float64")[sample.rows]
        known = np.isfinite(when)
        inside = bool(known.any()) and bool((when[known] >= 0).all()) and bool((when[known] <= time[known]).all())
        if not inside or not bool((when[known] > 0).mean() > 0.5):
            continue
        words = " ".join(re.findall(r"[^\W_]+", column.name))
        told = f"{words}. {column.description or ''}"
        if known[treated].mean() > 0.95 and known[~treated].mean() < 0.05:
            finding = (
                f"{safe(column.name)} lies within the time counted in {safe(query.outcome)}: those with {safe(query.treatment)} had to"
                " stay free of it until then, which makes them look better even where nothing works"
            )
            out.append(Diagnosis(name=IMMORTAL, status="warning", finding=finding, figures={"column": column.name}))
        elif known.mean() > 0.95 and _ENTRY.search(told):
            finding = (
                f"rows come under observation only at {safe(column.name)}, and whoever had it earlier is not in the table; the time"
                " before is counted as if it had been watched"
            )
            out.append(Diagnosis(name=ENTRY, status="warning", finding=finding, figures={"column": column.name}))
    return tuple(out)
