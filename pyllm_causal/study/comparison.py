"""The answers of a study side by side: a small table in words and as a DataFrame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Effect
from ..graph import Graph
from ..wording import LEVEL_WORDS, count, safe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Row:
    """One answer: what sets it apart, its effect (None: it cannot be told), rows used and how sure."""

    label: str
    effect: Effect | None
    rows: int | None
    sure: str
    changed: bool = False


@dataclass(frozen=True)
class Comparison:
    """`print` it, or take `text`, `rows` or `frame()`."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """One line an answer: its interval, rows and how sure; figures rounded alike so that they can be compared."""
        if not self.rows:
            return "There is no answer yet."
        cells = [["", "effect", "between", "rows", "how sure"]]
        for number, row in enumerate(self.rows, 1):
            figure, span = _figures(row, self.rows)
            mark = " *" if row.changed else ""
            cells.append(
                [f"{number}  {row.label}", figure, span, "" if row.rows is None else count(row.rows), row.sure + mark]
            )
        wide = [max(len(line[i]) for line in cells) for i in range(5)]
        lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(line, wide, strict=True)).rstrip() for line in cells]
        if any(row.changed for row in self.rows):
            lines.append("* its picture of causes was changed after an answer had been seen")
        return "\n".join(lines)

    def frame(self) -> pd.DataFrame:
        """One row an answer, figures at full precision."""
        import pandas as pd

        return pd.DataFrame([_cells(row) for row in self.rows])


def compare(answers: Sequence[Answer], main: Sequence[int] = ()) -> Comparison:
    """The answers as rows; those without an effect are kept, as what cannot be told.

    A row says what sets it apart from the latest of `main` (places in `answers`) before it, or from the one before.
    """
    queries = [_query(a) for a in answers]
    rows = []
    for i, answer in enumerate(answers):
        base = max((m for m in main if m < i), default=i - 1)
        before = queries[base] if i else None
        rows.append(
            Row(
                label=_label(queries[i], before),
                effect=_effect(answer, queries[i]),
                rows=answer.sample.used if answer.sample else None,
                sure=LEVEL_WORDS[answer.certainty.level] if answer.certainty else _UNTOLD.get(answer.status, ""),
                changed=bool(answer.provenance.get("ledger", {}).get("changed_after_result")),
            )
        )
    return Comparison(tuple(rows))


_UNTOLD = {"not_identified": "cannot be told", "needs_review": "needs a picture", "not_causal": "a description only"}


def _query(answer: Answer) -> dict[str, Any]:
    query = answer.provenance.get("query")
    return query if isinstance(query, dict) else {}


# Another question, where one of these differs; the rest of a query varies the same one.
_QUESTION = ("kind", "treatment", "outcome", "changes", "costs", "row", "compare", "columns", "environment", "by")


def _asked(query: dict[str, Any]) -> str:
    """What a query asks, in a few words."""
    words, kind = query.get("words") or {}, query.get("kind")
    treatment, outcome = (safe(words.get(role) or query.get(role) or "?", 40) for role in ("treatment", "outcome"))
    row = f"the row with {safe(query['row'], 30)}" if isinstance(query.get("row"), str) else f"row {query.get('row')}"
    given = query.get("changes") or {}
    changed = ", ".join(f"{safe(n, 25)} = {safe(v, 25)}" for n, v in list(given.items())[:3])
    if query.get("treatment") and query["treatment"] not in given:
        changed = treatment if query.get("treated") is None else f"{treatment} = {safe(query['treated'], 25)}"
    if kind == "discovery":
        return f"what causes {outcome if query.get('outcome') else 'what'}"
    if kind == "attribution" and query.get("compare"):
        column, first, second = (safe(query["compare"].get(k), 25) for k in ("column", "from", "to"))
        return f"why {outcome} differs between {column} = {first} and {second}"
    if kind == "attribution":
        return f"what drives {outcome}" if query.get("row") is None else f"why {outcome} of {row} is far out"
    if kind == "counterfactual" and query.get("row") is not None:
        return f"{outcome} of {row} with {changed}"
    if kind == "counterfactual":
        return f"{outcome} if everybody had {changed}" if changed else f"the best single change for {outcome}"
    by = f" by {safe(query['by'], 40)}" if query.get("by") else ""
    whole = ", all ways together" if kind == "mediation" else ""
    return f"{treatment} → {outcome}{by}{whole}"


def _effect(answer: Answer, query: dict[str, Any]) -> Effect | None:
    """The figure of an answer; shares of a variation are several, and none of them is the answer."""
    shares = query.get("kind") == "attribution" and not query.get("compare") and query.get("row") is None
    return None if shares else answer.effect


def _label(query: dict[str, Any], before: dict[str, Any] | None) -> str:
    """What sets an answer apart from the one before: its question, or what was changed in it."""
    if before is None or any(before.get(part) != query.get(part) for part in _QUESTION):
        return _asked(query) + (f", only {safe(query['where'], 40)}" if query.get("where") else "")
    said = []
    if query.get("where") != before.get("where"):
        said.append(f"only {safe(query['where'], 40)}" if query.get("where") else "all rows")
    if query.get("target") != before.get("target"):
        said.append(f"for {'the ' * (query.get('target') is not None)}{query.get('target') or 'everyone'}")
    if query.get("scale") != before.get("scale"):
        said.append(f"as a {(query.get('scale') or 'difference').replace('_', ' ')}")
    said += _redrawn(query.get("graph"), before.get("graph"))
    if query.get("adjust_for") != before.get("adjust_for"):
        said.append("another list held fixed")
    return "; ".join(said) or "the same again"


def _redrawn(graph: Any, before: Any) -> list[str]:
    new, old = ({tuple(p) for p in Graph.model_validate(g or {}).pairs()} for g in (graph, before))
    said = [f"with {safe(c, 25)} → {safe(e, 25)}" for c, e in sorted(new - old)]
    said += [f"without {safe(c, 25)} → {safe(e, 25)}" for c, e in sorted(old - new)]
    return said if len(said) <= 2 else [f"{len(said)} arrows changed"]


def _figures(row: Row, rows: Sequence[Row]) -> tuple[str, str]:
    """The effect and its interval, in the unit of the answer, rounded at the same place as the others of its kind."""
    effect = row.effect
    if effect is None:
        return "", ""
    factor, unit = (100, " in 100") if effect.unit == "probability" else (1, f" {safe(effect.unit, 20)}".rstrip())
    unit = {"difference": unit, "percent": "%"}.get(effect.scale, " times")
    kin = [
        r.effect
        for r in rows
        if r.effect is not None and (r.effect.scale, r.effect.unit) == (effect.scale, effect.unit)
    ]
    largest = max((abs(factor * v) for e in kin for v in (e.value, e.low, e.high) if v is not None), default=0.0)
    decimals = max(0, 1 - math.floor(math.log10(largest))) if 0 < largest < math.inf else 0

    def shown(value: float) -> str:
        return f"{round(factor * value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")

    if effect.low is None or effect.high is None:
        return shown(effect.value) + unit, "not bounded"
    return shown(effect.value) + unit, f"{shown(effect.low)} and {shown(effect.high)}"


def _cells(row: Row) -> dict[str, Any]:
    effect = row.effect
    figures = {name: getattr(effect, name, None) for name in ("value", "low", "high", "scale", "unit")}
    return {"answer": row.label, **figures, "rows": row.rows, "sure": row.sure, "changed": row.changed}
