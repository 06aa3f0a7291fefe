"""Why the average outcome changed between two periods or groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..analysis import NotIdentified
from ..causal.world.change import changed
from ..causal.world.compare import groups
from ..causal.world.picture import all_mechanisms
from ..causal.world.prepare import pictured
from ..errors import QueryError
from ..report import model_words as say
from ..wording import alike, join, safe
from .asked import ASSUMED, LINES, Asked, Found, fitted_for, no_interval

if TYPE_CHECKING:
    from ..analysis import Level


def why_changed(a: Asked) -> Found | NotIdentified:
    """The change of the average between the two groups of `compare`, divided among the columns of the picture."""
    import numpy as np

    query = a.query
    name, first, second = groups(query, a.table)
    if name == a.outcome:
        raise QueryError(
            "`compare` must name another column than the outcome.", "Name the column of the periods or groups."
        )
    graph = a.graph.model_copy(
        update={
            "edges": tuple(e for e in a.graph.edges if name not in (e.cause, e.effect)),
            "unmeasured": tuple(u.model_copy(update={"affects": tuple(x for x in u.affects if x != name)}) for u in a.graph.unmeasured),
        }
    )  # fmt: skip
    picture = pictured(query, a.table, graph)
    if not picture.parents[a.outcome]:
        return NotIdentified(
            code="needs_review",
            status="needs_review",
            reason=f"Without {safe(name)} the picture has no cause of {safe(a.outcome)}.",
            would_help=(f"arrows from other causes of {safe(a.outcome)}",),
        )
    mechanisms = all_mechanisms(picture)
    if isinstance(mechanisms, NotIdentified):
        return mechanisms
    late = [n for n in (*mechanisms, *picture.roots) if name in a.graph.descendants(n)]
    if any(n in mechanisms for n in late):
        return NotIdentified(
            code="selected_on_collider",
            reason=f"By your picture {safe(name)} comes after {join(late)}, so its groups are a consequence of what is to be explained.",
            would_help=(f"groups that {join(late)} did not make, such as periods",),
        )
    inner = replace(a, graph=graph, picture=picture)
    keep = first | second
    found = fitted_for(inner, mechanisms, also=picture.roots, only=keep)
    if isinstance(found, NotIdentified):
        return found
    later = second[found.drawn.index]
    widest = max(len(c) for c in mechanisms.values())
    fewest = int(min(later.sum(), (~later).sum()))
    if fewest < max(30, 8 * widest):
        return NotIdentified(
            code="too_few_rows",
            reason=f"One of the two groups has only {fewest} usable rows, too few to fit the picture to.",
            would_help=("more rows of that group", "or a picture with fewer columns"),
        )
    result = changed(found.model, found.drawn, picture.order, later, a.clock.effort, a.seed, a.unit)
    if result is None or result.effect.low is None or result.effect.high is None:
        return no_interval()
    asked_for = query.compare or {}
    pair = safe(asked_for.get("from"), 40), safe(asked_for.get("to"), 40)
    factor = 100.0 if a.unit == "probability" else 1.0
    unit_words = " in 100" if a.unit == "probability" else f" {a.unit}" if a.unit else ""
    clear = result.effect.low * result.effect.high > 0
    ranked = sorted((p for p in result.parts if p.cause), key=lambda p: -abs(p.value))
    document, lines = [], []
    everything = (*ranked, result.parts[-1])
    figures = say.listed([(p.value, p.low, p.high) for p in everything], factor)
    for part, figure in zip(everything, figures, strict=True):
        kind = "rest" if part.cause is None else "mix" if part.cause in picture.roots else "mechanism"
        label = part.cause or f"the way {a.outcome} follows from its causes, or something outside the picture"
        entry = {"cause": label, "part": kind, "share": part.value, "low": part.low, "high": part.high}
        text = f"{safe(label, 100)}: {figure}{unit_words}"
        if clear:
            fraction = part.value / result.effect.value
            entry["fraction"] = fraction
            text += f", {say.percent(fraction)}{' ' if abs(fraction) > 1 else ' of '}the change"
        document.append(entry)
        lines.append(text)
    main, span = say.amount(result.effect, "" if a.unit == "probability" else a.unit)
    sizes = alike([factor * result.before, factor * result.after])
    moved = f"from {sizes[0]} to {sizes[1]}{' of 100' if a.unit == 'probability' else unit_words}"
    sentences = [
        f"The average of {say.outcome_of(query)} went {moved} between {safe(name)} = {pair[0]} and {safe(name)} = {pair[1]}: "
        f"{main}{span}.",
        "The list divides that among the columns of the picture: for a column without causes there, that other values of it"
        " became common; for one with causes, that it came to follow them differently. The parts add up to the change.",
    ]
    lead = max(result.parts, key=lambda p: p.value * np.sign(result.effect.value))
    contested = lead.low <= 0 <= lead.high

    def headline(level: Level, _: float) -> str:
        if not clear:
            return f"We can't tell that {say.outcome_of(query)} changed at all between {pair[0]} and {pair[1]}: the margin includes no change."
        if level == "very_low" or contested:
            return f"We can't tell what changed {say.outcome_of(query)} between {pair[0]} and {pair[1]}."
        who = (
            safe(lead.cause)
            if lead.cause
            else "none of its causes in the picture: to something else, or to how it follows them"
        )
        due = say.hedged(level, "may be due", "is probably due")
        down = "fell" if result.effect.value < 0 else "rose"
        return f"{say.cap(say.outcome_of(query))} {down} between {pair[0]} and {pair[1]}, and the largest part {due} to {who}."

    return Found(
        found, result.effect, headline, (*sentences, say.MODEL),
        f"What the change of the average of {safe(a.outcome)} from {pair[0]} to {pair[1]} is due to.",
        (*ASSUMED, "within each group the picture holds", "what several changes do together is divided evenly among them"),
        (str(lead.cause),) if lead.cause else (), tuple(lines[: LINES + 2]), (("attribution", tuple(document)),), means=(result.after, result.before),
    )  # fmt: skip
