"""5 · What is assumed: one sentence each, and on whose word."""

from __future__ import annotations

from ...wording import safe
from ..page import Block, Grid, Paragraph, Section
from .telling import Telling

WHO: dict[str, str] = {
    "you": "you",
    "model": "a language model; nobody has confirmed it",
    "data": "the program, by rule, from the table",
}
METHOD = "the method takes it for granted"
SEEN = "the data, as far as they can show it"
# What no person claims: it comes with every method of its kind.
GENERAL = ("one row's treatment does not change", "the same kinds of rows", "who left observation")
SUPPORT = "either treatment was possible"
FROM_GRAPH = ("adjustment", "front_door", "mediation")


def chapter(t: Telling) -> Section | None:
    """The section, or None where nothing is claimed about causes."""
    answer = t.answer
    rows: list[tuple[str, str]] = []
    if answer.estimand is not None:
        rows += [(t.sentence(a), _who(t, a)) for a in answer.estimand.assumptions]
    if answer.graph is not None:
        for u in answer.graph.unmeasured:
            names = ", ".join(safe(a, 40) for a in u.affects)
            rows.append((t.sentence(f"{safe(u.name)}, which is not in the table, may drive {names}"), WHO[u.source]))
    if not rows:
        return None
    blocks: list[Block] = [Grid("What the answer takes for granted", (("assumption", "on whose word"), *rows))]
    rests = t.blocks.one("rests")
    if rests:
        blocks.append(Paragraph(rests))
    return Section("assumed", "What is assumed, and who said so", tuple(blocks))


def _who(t: Telling, assumption: str) -> str:
    if assumption.startswith(GENERAL):
        return METHOD
    if SUPPORT in assumption:
        found = t.diagnosis("overlap")
        return SEEN if found is not None else METHOD
    part = "graph" if t.strategy in FROM_GRAPH and t.answer.graph is not None else "design"
    if t.strategy == "adjustment" and t.answer.graph is None:
        part = "graph"  # a list of columns given by hand stands in for one
    who = t.source(part)
    signed = t.answer.reviewed_by
    if who == "you" and signed:
        return f"{safe(signed, 60)}, who reviewed the picture"
    return WHO[who]
