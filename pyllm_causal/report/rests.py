"""The block "What this rests on": rows used and left out, and what was held fixed on whose word."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis import Effect, Estimand, Refutation, SampleCount
from ..causal.refuters.leave_one_out import heaviest_of
from ..graph_formats.listing import review
from ..query import Query
from ..wording import columns_text, count, plain_figure, safe
from .text import Facts, item


def rests_on(
    f: Facts,
    estimand: Estimand,
    sample: SampleCount,
    reviewed_by: str | None,
    unadjusted: Effect | None,
    refutations: Sequence[Refutation] = (),
) -> list[str]:
    """The block; columns held fixed stand in the order of what leaving each out does to the answer, where a check knows."""
    lines, query = ["What this rests on"], f.query
    lost = sum(d.rows for d in sample.dropped)
    text = f"{count(sample.used)} of {count(sample.rows)} rows"
    if lost:
        parts = []
        for d in sample.dropped[:5]:
            arms = (
                "" if d.reason == "in another arm" else ", ".join(f"{count(v)} with {k}" for k, v in d.by_arm.items())
            )
            arms = "" if arms == f"{count(d.rows)} with {d.reason}" else arms  # no treatment: said already
            parts.append(f"{count(d.rows)} {_left_out(d.reason)}" + (f" ({arms})" if arms else ""))
        more = len(sample.dropped) - 5
        text += "; left out: " + "; ".join(parts) + (f"; and {more} more reasons" if more > 0 else "")
    lines.append(item(" ", text + "."))
    if f.imputed:
        lines.append(
            item(
                " ",
                f"In {count(f.imputed)} of them something held fixed was not recorded; those gaps were filled in many times"
                " over from rows alike in the rest, which is right if nothing but the columns used decides what is missing.",
            )
        )
    if f.own is not None and f.own.rests:
        lines += [item(" ", r) for r in f.own.rests]
    elif estimand.strategy == "randomised":
        fixed = f", comparing rows alike in {columns_text(estimand.adjust_for)}" if estimand.adjust_for else ""
        told = (
            ""
            if query.source("design") == "you"
            else ", as the question or the description has it; nobody has confirmed that"
        )
        lines.append(item(" ", f"The groups were formed at random{fixed}{told}."))
    elif estimand.adjust_for:
        lines.append(item(" ", _held(heaviest(estimand.adjust_for, refutations), bool(_known(refutations)))))
        if query.graph is None and query.adjust_for is not None:
            lines.append(item(" ", _on_your_word(query, estimand.adjust_for)))
    else:
        said = query.adjust_for == () and query.source("graph") == "you"
        why = ": you said that nothing drives both." if said and query.graph is None else "."
        lines.append(item(" ", f"Nothing was held fixed{why}"))
    own = f.own is not None and bool(f.own.rests)
    if unadjusted is not None and estimand.adjust_for and not own:
        lines.append(item(" ", f"A plain comparison, with nothing held fixed, gives {plain_figure(unadjusted)}."))
    who = query.source("graph")
    if query.graph is not None and query.graph.reviewed_by is not None:
        lines.append(item(" ", review(query.graph, dated=False)))
    elif estimand.strategy in ("adjustment", "mediation") and who != "you" and reviewed_by is None:
        what = "That list" if estimand.adjust_for else "That choice"
        lines.append(item(" ", f"{what} was drafted by the program; you have not checked it."))
    return lines


HELD = 5  # columns held fixed that are named


def heaviest(columns: Sequence[str], refutations: Sequence[Refutation]) -> list[str]:
    """The columns held fixed: first those whose leaving out moves the answer most, then the others as they are."""
    order = [name for name in _known(refutations) if name in columns]
    return [*order, *(c for c in columns if c not in order)]


def _known(refutations: Sequence[Refutation]) -> list[str]:
    return next((heaviest_of(r) for r in refutations if r.check == "leave_one_out"), [])


def _held(columns: Sequence[str], ordered: bool) -> str:
    if len(columns) <= HELD + 1:
        return f"Compared rows alike in {columns_text(columns)}."
    more = len(columns) - HELD
    named = ", ".join(safe(c) for c in columns[:HELD])
    why = "those named move the answer most; " if ordered else ""
    return f"Compared rows alike in {named} and {more} more ({why}--expert and the report name them all)."


def _on_your_word(query: Query, columns: tuple[str, ...]) -> str:
    """What a list of columns to hold fixed takes for granted; no table can show it."""
    what = safe(query.treatment)
    if len(columns) > 1:
        return (
            f"That list is yours. It takes for granted that each of them was there before {what}; one that {what} itself"
            " changed would hide part of the effect."
        )
    return (
        f"That choice is yours. It takes for granted that {safe(columns[0])} was there before {what}; had {what} changed it,"
        " part of the effect would be hidden."
    )


def _left_out(reason: str) -> str:
    if reason.startswith("no "):
        return f"with {reason}"
    if reason.startswith("not "):
        return f"outside {reason.removeprefix('not ')}"
    return reason if reason.startswith("in ") else f"where {reason}"
