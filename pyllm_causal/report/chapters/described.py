"""Pictures of what was found rather than asked: a description, the links of a structure, shares of a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...wording import number, safe
from ..amounts import Amount
from ..figures.bars import Bar, bars
from ..figures.figure import Figure
from ..figures.forest import Row, Scale, forest
from .telling import Telling


def association(t: Telling) -> Iterator[Figure]:
    """What the table shows, without a claim about causes."""
    shown = t.answer.association
    if not shown:
        return
    if shown.get("kind") == "means":
        share = (
            all(0 <= g["value"] <= 1 and 0 <= (g.get("low") or 0) <= 1 for g in shown["groups"])
            and "of 100" in t.answer.text
        )
        k = 100.0 if share else 1.0
        by, column = safe(shown["by"], 40), safe(shown["column"], 40)
        rows = [
            Row(
                f"{by} = {safe(g['level'], 40)} ({g['rows']:,} rows)",
                Amount(k * g["value"], _times(k, g.get("low")), _times(k, g.get("high"))),
                "group",
            )
            for g in shown["groups"][:20]
        ]
        mean = sum(r.amount.value or 0.0 for r in rows) / len(rows)
        scale = Scale(mean, f"{column}, of 100" if share else f"average {column}", lower="", higher="")
        yield forest(
            "association",
            f"{column} by {by}, as the table has it",
            rows,
            scale,
            "The line down the middle is the average of the groups. This describes; it says nothing about causes.",
            "Averages by group",
        )
    elif shown.get("kind") == "correlation":
        a, b = (safe(n, 40) for n in shown["columns"])
        row = Row(f"{a} and {b}", Amount(shown["value"], shown["low"], shown["high"]), "group")
        yield forest(
            "association",
            f"{a} and {b} in the table",
            [row],
            Scale(0.0, "correlation, from −1 to 1", lower="opposite", higher="together"),
            "This describes; it says nothing about causes.",
            "A correlation",
        )
    elif shown.get("kind") == "shares":
        by, column = safe(shown["by"], 40), safe(shown["column"], 40)
        bars_ = [
            Bar(f"{by} = {safe(g['level'], 30)}: {safe(v, 30)}", 100 * share, f"{number(100 * share)} of 100")
            for g in shown["groups"][:5]
            for v, share in list(g["shares"].items())[:5]
        ]
        yield bars("association", f"How {column} is spread by {by}", bars_, ("group", "share"), "The commonest only.")


def links(t: Telling) -> Iterator[Figure]:
    """How often each link of a structure was found."""
    edges = [e for e in t.answer.edges or () if isinstance(e.get("frequency"), int | float)]
    if not edges:
        return
    rows = [
        Bar(_link(e), 100 * e["frequency"], f"{number(100 * e['frequency'])}%")
        for e in sorted(edges, key=lambda e: -e["frequency"])[:30]
    ]
    yield bars("links", "How often each link was found when rows were drawn anew", rows, ("link", "how often"))


def shares(t: Telling) -> Iterator[Figure]:
    """What a change is due to."""
    rows = t.answer.attribution
    if not rows:
        return
    shown = [
        Bar(
            safe(r["cause"], 60),
            100 * r["share"],
            Amount(100 * r["share"], _times(100, r.get("low")), _times(100, r.get("high"))).text + "%",
            _times(100, r.get("low")),
            _times(100, r.get("high")),
        )
        for r in rows[:20]
        if isinstance(r.get("share"), int | float)
    ]
    if shown:
        first = max(shown, key=lambda b: abs(b.value))
        yield bars("shares", f"{first.label} accounts for the largest part: {first.text}", shown, ("cause", "share"))


def _times(k: float, value: float | None) -> float | None:
    return None if value is None else k * value


def _link(edge: dict[str, Any]) -> str:
    a = edge.get("cause") or edge.get("from") or edge.get("a")
    b = edge.get("effect") or edge.get("to") or edge.get("b")
    return f"{safe(a, 40)} → {safe(b, 40)}"
