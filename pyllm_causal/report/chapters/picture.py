"""1 · The picture: how things hang together, whose picture it is, and the question said exactly."""

from __future__ import annotations

from ...graph import Edge, Graph, Unmeasured
from ...graph_formats.listing import review
from ...query import Query
from ...wording import columns_text, safe
from ..figures.picture import Drawing, picture
from ..page import Block, Drawn, Paragraph, Points, Section, Sign
from .telling import Telling, capital

OTHER = "everything else that nobody measured"


def chapter(t: Telling) -> Section | None:
    """The section, or None for an answer that knows neither a graph nor columns."""
    query, graph = t.query, t.answer.graph
    blocks: list[Block] = []
    estimand = t.answer.estimand
    if estimand is not None and estimand.statement:
        blocks.append(Paragraph(f"The question, said exactly: {t.sentence(estimand.statement)}"))
    if query is not None and query.treatment and query.outcome and query.kind != "association":
        drawing = _drawing(t, query, graph)
        blocks.append(Drawn(picture(drawing, _title(t, query, drawing))))
    if graph is not None and graph.edges:
        blocks.append(Paragraph(review(graph) if graph.reviewed_by else _drawn_by(graph)))
    if t.answer.contested:
        doubts: list[tuple[Sign, str]] = [
            ("!", t.sentence(c.sentence) + ("" if c.matters else " The answer does not rest on it."))
            for c in t.answer.contested[:8]
        ]
        blocks.append(Points(tuple(doubts), "Where the table speaks against the picture:"))
    if t.answer.next_question is not None:
        blocks.append(Paragraph(f"Worth asking somebody who knows: {t.sentence(t.answer.next_question.sentence)}"))
    alarms = t.blocks.named.get("alarms", ())
    if alarms:
        blocks.append(
            Points(
                tuple(("!", t.sentence(a)) for a in alarms),
                "Left out on purpose, because holding it fixed would mislead:",
            )
        )
    receipt = t.blocks.one("receipt")
    if receipt:
        blocks.append(Paragraph(f"How the words of the question were read: {t.sentence(receipt)}"))
    return Section("picture", "The picture", tuple(blocks)) if blocks else None


def _drawn_by(graph: Graph) -> str:
    who = {e.source for e in graph.edges}
    if who == {"you"}:
        return "You gave this picture; nobody has signed it."
    if "you" in who:
        return "This picture was drafted and then changed by you; nobody has signed it."
    by = "a language model" if "model" in who else "the program, by rule"
    return f"This picture was drafted by {by}. Nobody has reviewed it, so the answer is graded with that in mind."


def _drawing(t: Telling, query: Query, graph: Graph | None) -> Drawing:
    fixed = t.answer.estimand.adjust_for if t.answer.estimand is not None else ()
    cause, effect = str(query.treatment), str(query.outcome)
    if graph is not None and graph.edges:
        return Drawing(graph, cause, effect, fixed)
    sketched, held = sketch(query, fixed)
    return Drawing(sketched, cause, effect, held, sketch=True)


def sketch(query: Query, fixed: tuple[str, ...]) -> tuple[Graph, tuple[str, ...]]:
    """The picture that a design takes for granted, and what it holds fixed, where no graph was given."""
    cause, effect, design = str(query.treatment), str(query.outcome), query.design
    edges: list[tuple[str, str]] = [(cause, effect)]
    held: list[str] = [f for f in fixed if f not in (cause, effect)]
    hidden: list[str] = []
    kind = design.kind
    if design.kind == "randomised":
        edges.append(("the draw", cause))
        edges += [(f, effect) for f in held]
    elif design.kind == "instrument":
        edges += [(z, cause) for z in design.instruments]
        edges += [(f, node) for f in held for node in (cause, effect)]
        hidden.append(OTHER)
    elif design.kind == "discontinuity":
        edges += [(design.running, node) for node in (cause, effect) if design.running not in (cause, effect)]
        held = [*held, design.running] if design.running not in (cause, effect) else held
    elif design.kind in ("front_door", "mediation"):
        edges = [e for m in design.mediators for e in ((cause, m), (m, effect))]
        edges += [(cause, effect)] if design.kind == "mediation" else []
        edges += [(f, node) for f in held for node in (cause, effect)]
        hidden += [OTHER] if design.kind == "front_door" else []
    elif kind in ("differences", "panel", "synthetic_control"):
        lasting, common = "what does not change over time", "what changes for all alike"
        edges += [(n, node) for n in (lasting, common, *held) for node in (cause, effect)]
        held += [lasting, common]
    else:
        edges += [(f, node) for f in held for node in (cause, effect)]
    arrows = tuple(Edge(cause=a, effect=b) for a, b in edges if a != b)
    unseen = tuple(Unmeasured(name=h, affects=(cause, effect)) for h in hidden)
    return Graph(edges=arrows, unmeasured=unseen), tuple(held)


def _title(t: Telling, query: Query, drawing: Drawing) -> str:
    """The message of the picture: what makes the comparison fair, or why it cannot be."""
    cause, design = t.treatment, query.design
    if t.answer.status in ("not_identified", "needs_review"):
        hidden = drawing.graph.hidden()
        if hidden:
            return f"{capital(columns_text(hidden, 4))} may drive what is asked about, and the table does not hold it"
        return "The picture that the question was put to"
    if design.kind == "randomised":
        return f"What is claimed: {cause} was dealt out at random, so nothing else decided who got it"
    if design.kind == "instrument":
        return f"What is claimed: {columns_text(design.instruments, 4)} moves {cause}, and touches {t.outcome} through it alone"
    if design.kind == "discontinuity":
        return f"What is claimed: just below and just above the cut-off in {safe(design.running)}, nothing else differs"
    if design.kind in ("differences", "panel"):
        return "Each is compared with itself over time, so what never changes cannot mix in"
    if design.kind == "synthetic_control":
        return "A mix of others stands in for what would have happened"
    if design.kind == "front_door":
        return f"What is claimed: all of the effect passes through {columns_text(design.mediators, 4)}, which can be followed"
    if design.kind == "mediation":
        return f"How much passes through {columns_text(design.mediators, 4)}, and how much goes past"
    fixed = list(drawing.fixed)
    if fixed:
        return f"Compared are rows alike in {columns_text(fixed, 5)}"
    return f"Nothing is held fixed: the groups of {cause} are compared as they are"
