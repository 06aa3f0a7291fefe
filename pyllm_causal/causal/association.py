"""Descriptive answers: what the table shows, without any claim about causes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..data import Table
from ..errors import QueryError
from ..filter import parse_filter
from ..profile import Column
from ..query import Query
from ..wording import alike, count, number, safe
from .contrast import as_number, is_categorical, positive_level
from .sample import event_values, level_mask, outcome_of, values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

LEVEL = 0.95


def associate(query: Query, table: Table) -> tuple[dict[str, Any], str]:
    """(the `association` of the answer, one plain sentence). Means, shares, differences or a correlation, with 95 % intervals."""
    import numpy as np

    keep = np.ones(table.profile.rows, dtype=bool)
    if query.where:
        keep &= table.where(parse_filter(query.where, table.names))
        if not keep.any():
            raise QueryError(f"No row fits the filter {safe(query.where)!r}.", "Loosen `where`.")
    names = [n for n in (query.treatment, query.outcome) if n]
    if not names:
        rows = int(keep.sum())
        numeric = [c for c in table.profile.columns if c.kind in ("number", "count")][:12]
        averages = {c.name: float(values_of(table, c.name)[keep].mean()) for c in numeric}
        text = f"The table has {count(rows)} rows and {count(len(table.names))} columns."
        return {"kind": "table", "rows": rows, "columns": len(table.names), "means": averages}, text
    target = table.profile.column(query.outcome or names[0])
    if len(names) == 1 or query.treatment == query.outcome:
        return _alone(query, table, target, keep)
    other = table.profile.column(str(query.treatment))
    if _numeric(target, query) or target.kind == "yes_no" or query.outcome_event is not None:
        if _numeric(other, query) and other.distinct > 2:
            return _correlation(query, table, other, target, keep)
        return _groups(query, table, other, target, keep)
    return _table(table, other, target, keep)


def _numeric(column: Column, query: Query) -> bool:
    return column.kind in ("number", "count") and not is_categorical(column, query)


def _values(query: Query, table: Table, column: Column) -> Floats:
    if _numeric(column, query):
        return values_of(table, column.name).to_numpy(dtype="float64")
    _, event = outcome_of(column, query)
    if event is None:
        return values_of(table, column.name).to_numpy(dtype="float64")
    return event_values(table, column.name, event)


def _mean(values: Floats) -> tuple[float, float | None, float | None, int]:
    import numpy as np
    from scipy import stats

    v = values[np.isfinite(values)]
    n = len(v)
    if n == 0:
        return math.nan, None, None, 0
    mean = float(v.mean())
    if n < 2:
        return mean, None, None, n
    half = float(stats.t.ppf(0.5 + LEVEL / 2, n - 1)) * float(v.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half, n


def _alone(query: Query, table: Table, column: Column, keep: Mask) -> tuple[dict[str, Any], str]:
    if not _numeric(column, query) and column.kind != "yes_no":
        shares = table.column(column.name)[keep].value_counts(normalize=True).head(20)
        found = {str(k): float(v) for k, v in sorted(shares.items(), key=lambda kv: (-kv[1], str(kv[0])))}
        top = next(iter(found), "")
        text = f"The most common {safe(column.name)} is {safe(top)} ({number(100 * found.get(top, 0.0))}%)."
        return {"kind": "shares", "column": column.name, "shares": found}, text
    mean, low, high, n = _mean(_values(query, table, column)[keep])
    if n == 0:
        raise QueryError(f"No row has a value of {column.name!r} here.", "Loosen `where` or choose another column.")
    what = {"kind": "mean", "column": column.name, "value": mean, "low": low, "high": high, "level": LEVEL, "rows": n}
    shown = number(mean, 3) if _numeric(column, query) else f"{number(100 * mean)} of 100"
    return what, f"{_subject(query, column)} {shown} ({count(n)} rows)."


def _subject(query: Query, column: Column) -> str:
    if _numeric(column, query):
        return f"The average {safe(column.name)} is"
    event = "" if query.outcome_event is None else f" = {safe(query.outcome_event)}"
    return f"{safe(column.name)}{event} is true of"


def _groups(query: Query, table: Table, by: Column, target: Column, keep: Mask) -> tuple[dict[str, Any], str]:
    import numpy as np
    from scipy import stats

    values = _values(query, table, target)
    if by.distinct > 50 or not by.levels:
        raise QueryError(f"{by.name!r} has {by.distinct} different values, too many to list.", "Group them first.")
    groups: list[dict[str, Any]] = []
    for lv in by.levels:
        mean, low, high, n = _mean(values[keep & level_mask(table, by.name, lv.value)])
        if n:
            groups.append({"level": lv.value, "value": mean, "low": low, "high": high, "rows": n})
    if not groups:
        raise QueryError(
            f"No row has both {by.name!r} and {target.name!r}.", "Choose columns that are recorded together."
        )
    what: dict[str, Any] = {"kind": "means", "by": by.name, "column": target.name, "level": LEVEL, "groups": groups}
    share = not _numeric(target, query)
    shown = [f"{v} of 100" for v in alike([100 * g["value"] for g in groups])] if share else []
    shown = shown or alike([g["value"] for g in groups], 3)
    parts = [f"{s} where {safe(by.name)} is {safe(g['level'])}" for s, g in zip(shown, groups, strict=True)]
    listed = ", ".join(parts[:6]) if len(parts) > 6 else " and ".join([", ".join(parts[:-1]), parts[-1]][-len(parts) :])
    text = f"{_subject(query, target)} {listed}{' and so on' if len(parts) > 6 else ''}."
    if len(groups) == 2:
        pair = _order(query, by, [g["level"] for g in groups])
        one, zero = (values[keep & level_mask(table, by.name, v)] for v in pair)
        one, zero = one[np.isfinite(one)], zero[np.isfinite(zero)]
        if len(one) > 1 and len(zero) > 1:
            variances = one.var(ddof=1) / len(one), zero.var(ddof=1) / len(zero)
            error = math.sqrt(sum(variances))
            parts_dof = variances[0] ** 2 / (len(one) - 1) + variances[1] ** 2 / (len(zero) - 1)
            dof = sum(variances) ** 2 / parts_dof if parts_dof > 0 else len(one) + len(zero) - 2
            half = float(stats.t.ppf(0.5 + LEVEL / 2, dof)) * error
            gap = float(one.mean() - zero.mean())
            what |= {"value": gap, "low": gap - half, "high": gap + half, "compared": [pair[0], pair[1]]}
    return what, text


def _order(query: Query, by: Column, levels: list[Any]) -> tuple[Any, Any]:
    if by.kind == "yes_no":
        no, yes = positive_level(by)
        return yes, no
    if query.treated is not None:
        first = next((v for v in levels if str(v) == str(query.treated)), levels[1])
        return first, next(v for v in levels if v != first)
    return levels[1], levels[0]


def _correlation(query: Query, table: Table, a: Column, b: Column, keep: Mask) -> tuple[dict[str, Any], str]:
    import numpy as np

    x, y = values_of(table, a.name).to_numpy(dtype="float64"), _values(query, table, b)
    rows = keep & np.isfinite(x) & np.isfinite(y)
    n = int(rows.sum())
    if n < 4 or np.ptp(x[rows]) == 0 or np.ptp(y[rows]) == 0:
        raise QueryError(f"Too few different rows to relate {a.name!r} and {b.name!r}.", "Choose other columns.")
    r = float(np.corrcoef(x[rows], y[rows])[0, 1])
    half = 1.959964 / math.sqrt(n - 3)
    z = math.atanh(max(-0.9999999, min(0.9999999, r)))
    low, high = math.tanh(z - half), math.tanh(z + half)
    what = {
        "kind": "correlation",
        "columns": [a.name, b.name],
        "value": r,
        "low": low,
        "high": high,
        "level": LEVEL,
        "rows": n,
    }
    how = "rise together" if r > 0 else "move in opposite directions"
    clear = low > 0 or high < 0
    text = (
        f"{safe(a.name)} and {safe(b.name)} {how} (correlation {number(r)})."
        if clear
        else f"{safe(a.name)} and {safe(b.name)} show no clear relation (correlation {number(r)})."
    )
    return what, text


def _listed(a: Column, b: Column, groups: list[dict[str, Any]]) -> str:
    """The shares in words, for the commonest values: at most four groups and four values; more stay in the document."""
    overall: dict[str, float] = {}
    for g in groups:
        for value, share in g["shares"].items():
            overall[value] = overall.get(value, 0.0) + share * g["rows"]
    top = set(sorted(overall, key=lambda v: (-overall[v], v))[:4])
    shown = sorted(groups, key=lambda g: -int(g["rows"]))[:4]
    sentences = []
    for g in (g for g in groups if g in shown):
        kept = {v: share for v, share in g["shares"].items() if v in top}
        numbers = alike([100 * share for share in kept.values()])
        parts = [f"{safe(v)} {n}" for v, n in zip(kept, numbers, strict=True)]
        sentences.append(f" Of 100 with {safe(a.name)} = {safe(g['level'])}: {', '.join(parts)}.")
    more = len(groups) > len(shown) or len(overall) > len(top)
    return "".join(sentences) + (" Only the commonest are listed." if more else "")


def _table(table: Table, a: Column, b: Column, keep: Mask) -> tuple[dict[str, Any], str]:
    groups = []
    for lv in a.levels[:20]:
        rows = keep & level_mask(table, a.name, lv.value)
        if rows.any():
            shares = table.column(b.name)[rows].value_counts(normalize=True).head(20)
            ordered = sorted(
                shares.items(), key=lambda kv: (as_number(kv[0]) is None, as_number(kv[0]) or 0.0, str(kv[0]))
            )
            groups.append(
                {"level": lv.value, "rows": int(rows.sum()), "shares": {str(k): float(v) for k, v in ordered}}
            )
    if not groups:
        raise QueryError(f"{a.name!r} has too many different values to list.", "Group them first.")
    from scipy import stats

    values = table.column(b.name)
    counts = [
        [
            int((keep & level_mask(table, a.name, x.value) & level_mask(table, b.name, y.value)).sum())
            for y in b.levels[:20]
        ]
        for x in a.levels[:20]
    ]
    filled = [[n for n, total in zip(row, map(sum, zip(*counts, strict=True)), strict=True) if total] for row in counts]
    filled = [row for row in filled if sum(row)]
    p = float(stats.chi2_contingency(filled)[1]) if len(filled) > 1 and len(filled[0]) > 1 and len(values) else 1.0
    what = {"kind": "shares", "by": a.name, "column": b.name, "groups": groups, "p_value": p}
    if p < 0.05:
        return what, f"How {safe(b.name)} is spread differs by {safe(a.name)}.{_listed(a, b, groups)}"
    return what, f"{safe(b.name)} is spread much the same whatever {safe(a.name)} is: no clear difference."
