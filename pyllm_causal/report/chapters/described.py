"""Pictures of what was found rather than asked: a description, the links of a structure, shares of a change."""

from __future__ import annotations

from collections.abc import Iterator

from ...wording import number, safe
from ..amounts import Amount
from ..figures.bars import Bar, bars
from ..figures.figure import Figure
from ..figures.forest import Row, Scale, forest
from ..figures.network import Tie, network
from ..model_words import listed
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
    """The structure that was searched for, with how often each link was seen."""
    ties = [
        Tie(
            str(e["cause"]), str(e["effect"]), str(e.get("mark", "→")), e.get("frequency"), int(e.get("resamples") or 0)
        )
        for e in t.answer.edges or ()
        if e.get("support") != "seldom"
    ]
    if not ties:
        return
    tried = {tie.resamples for tie in ties if tie.frequency is not None}
    of = f"of {tried.pop()} resamples" if len(tried) == 1 else "of 100 resamples"
    note = f"Numbers say in how many {of} (searches in a part of the rows) a link was seen again. Bold: in at least four of five."
    if not any(tie.frequency is not None for tie in ties):
        note = "How often a link is seen again in parts of the rows was not tried often enough to say."
    if any(tie.mark != "→" for tie in ties):
        note += " A dashed line is a link whose direction the data do not tell, or one that a hidden cause may make."
    yield network(ties, "A draft of what may cause what, to be criticised, not an effect", note)


def shares(t: Telling) -> Iterator[Figure]:
    """What an outcome is due to: parts of its variation, or (of a change, of one row) amounts in its own unit."""
    rows, query = [r for r in t.answer.attribution or () if isinstance(r.get("share"), int | float)], t.query
    if not rows or query is None:
        return
    amounts = bool(query.compare) or query.row is not None
    chance = t.answer.effect is not None and t.answer.effect.unit == "probability"
    k = 100.0 if not amounts or chance else 1.0
    unit = (" in 100" if chance else f" {t.unit}" if t.unit else "") if amounts else " of 100"
    rows = [r for r in rows if isinstance(r.get("low"), int | float) and isinstance(r.get("high"), int | float)][:20]
    texts = listed([(r["share"], r["low"], r["high"]) for r in rows], k)
    shown = [
        Bar(safe(r["cause"], 80), k * r["share"], text + unit, k * r["low"], k * r["high"])
        for r, text in zip(rows, texts, strict=True)
    ]
    what = f"what is due to it{unit}" if amounts else f"part of the variation of {t.outcome}, of 100"
    yield bars("shares", f"What {t.outcome} is due to, as far as the picture tells", shown, ("cause", what))


def _times(k: float, value: float | None) -> float | None:
    return None if value is None else k * value
