"""Why the average outcome changed between two periods or groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..analysis import NotIdentified
from ..causal.repeats import Effort
from ..causal.world.change import Changed, changed
from ..causal.world.compare import groups, in_time
from ..causal.world.picture import all_mechanisms
from ..causal.world.prepare import Prepared, pictured
from ..causal.world.variation import Part
from ..errors import QueryError
from ..report import model_words as say
from ..wording import alike, join, safe
from .asked import ASSUMED, LINES, Asked, Found, fitted_for, no_interval
from .redrawn import doubted, others, wider_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..analysis import Level

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class _Divided:
    """The change and its parts, by one picture."""

    found: Prepared
    result: Changed

    @property
    def lead(self) -> Part:
        """What brought most of the change."""
        sign = 1 if self.result.effect.value > 0 else -1
        return max(self.result.parts, key=lambda p: p.value * sign)


def _divided(a: Asked, effort: Effort, first: Mask, second: Mask) -> _Divided | NotIdentified:
    mechanisms = all_mechanisms(a.picture)
    if isinstance(mechanisms, NotIdentified):
        return mechanisms
    found = fitted_for(a, mechanisms, also=a.picture.roots, only=first | second)
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
    result = changed(found.model, found.drawn, a.picture.order, later, effort, a.seed, a.unit)
    if result is None or result.effect.low is None or result.effect.high is None:
        return no_interval()
    return _Divided(found, result)


def _label(part: Part, outcome: str) -> str:
    return part.cause or f"the way {outcome} follows from its causes, or something outside the picture"


def _changes(plain: _Divided, again: tuple[_Divided, ...], a: Asked) -> str:
    """What else the other pictures say: another lead, in words; empty where they say the same."""
    mine = plain.lead
    factor, unit = (100.0, " in 100") if a.unit == "probability" else (1.0, f" {a.unit}" if a.unit else "")
    for other in again:
        if other.lead.cause != mine.cause:
            now = next(p for p in other.result.parts if p.cause == mine.cause)
            before, after, ahead = alike([factor * v for v in (mine.value, now.value, other.lead.value)])
            return (
                f"{safe(_label(mine, a.outcome), 100)} would bring {after}{unit} of the change instead of {before}{unit}, and"
                f" {safe(_label(other.lead, a.outcome), 100)} most: {ahead}{unit}"
            )
    return ""


def why_changed(a: Asked) -> Found | NotIdentified:
    """The change of the average between the two groups of `compare`, divided among the columns of the picture."""
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
    late = [n for n in picture.order if picture.parents[n] and name in a.graph.descendants(n)]
    if late:
        return NotIdentified(
            code="selected_on_collider",
            reason=f"By your picture {safe(name)} comes after {join(late)}, so its groups are a consequence of what is to be explained.",
            would_help=(f"groups that {join(late)} did not make, such as periods",),
        )
    inner = replace(a, graph=graph, picture=picture)

    def work(of: Asked, effort: Effort) -> _Divided | NotIdentified:
        return _divided(of, effort, first, second)

    plain = work(inner, a.clock.effort)
    if isinstance(plain, NotIdentified):
        return plain
    again = others(inner, plain.found, work, apart=name)
    found, doubts = doubted(plain.found, again, _changes(plain, again.answers, a))
    result = plain.result
    parts = wider_parts(result.parts, [o.result.parts for o in again.answers])
    lead = next(p for p in parts if p.cause == plain.lead.cause)
    asked_for = query.compare or {}
    pair = safe(asked_for.get("from"), 40), safe(asked_for.get("to"), 40)
    factor = 100.0 if a.unit == "probability" else 1.0
    unit_words = " in 100" if a.unit == "probability" else f" {a.unit}" if a.unit else ""
    low, high = result.effect.low, result.effect.high
    clear = low is not None and high is not None and low * high > 0
    ranked = sorted((p for p in parts if p.cause), key=lambda p: -abs(p.value))
    document: list[dict[str, Any]] = []
    lines = []
    everything = (*ranked, parts[-1])
    figures = say.listed([(p.value, p.low, p.high) for p in everything], factor)
    for part, figure in zip(everything, figures, strict=True):
        kind = "rest" if part.cause is None else "mix" if part.cause in picture.roots else "mechanism"
        label = _label(part, a.outcome)
        entry: dict[str, Any] = {"cause": label, "part": kind, "share": part.value, "low": part.low, "high": part.high}
        text = f"{safe(label, 100)}: {figure}{unit_words}"
        if clear:
            fraction = part.value / result.effect.value
            entry["fraction"] = fraction
            if part.low * part.high > 0:  # what may be nothing gets no share
                held = f"{say.percent(fraction)}{' ' if fraction > 1 else ' of '}the change"
                text += f", {held if fraction > 0 else 'against the change'}"
        document.append(entry)
        lines.append(text)
    main, span = say.amount(result.effect, "" if a.unit == "probability" else a.unit)
    sizes = say.two_means(factor * result.before, factor * result.after, result.effect)
    of_100 = " of 100" if a.unit == "probability" else unit_words
    before, after = f"{safe(name)} = {pair[0]}", f"{safe(name)} = {pair[1]}"
    timed = in_time(a.table.profile.column(name), asked_for.get("from"), asked_for.get("to"))
    # March, 2024 or 2024-03 say what they are; "before" or "1" need their column
    times = pair if all(re.fullmatch(r"[A-Z]\w{2,}|\d{4}(?:-\d\d?)*", p) for p in pair) else (before, after)
    what = f"{'The share' if a.unit == 'probability' else 'The average'} of {say.outcome_of(query)}"
    went = (
        f"{what} went from {sizes[0]} to {sizes[1]}{of_100} between {before} and {after}"
        if timed
        else f"{what} is {sizes[1]}{of_100} with {after} and {sizes[0]}{of_100} with {before}"
    )
    sentences = [
        f"{went}: {main}{span}.",
        "The list divides that among the columns of the picture: for a column without causes there, that other values of it"
        " became common; for one with causes, that it came to follow them differently. The parts add up to the change.",
    ]
    contested = lead.low <= 0 <= lead.high

    def headline(level: Level, _: float) -> str:
        if not clear:
            differs = (
                f"changed at all between {pair[0]} and {pair[1]}"
                if timed
                else f"differs at all between {before} and {after}"
            )
            return f"We can't tell that {say.outcome_of(query)} {differs}: the margin includes none."
        if level == "very_low" or contested:
            if timed:
                return f"We can't tell what changed {say.outcome_of(query)} between {times[0]} and {times[1]}."
            return f"We can't tell why {say.outcome_of(query)} differs between {before} and {after}."
        who = (
            safe(lead.cause)
            if lead.cause
            else "none of its causes in the picture: to something else, or to how it follows them"
        )
        due = say.hedged(level, "may be due", "is probably due")
        fell = result.effect.value < 0
        if timed:
            went = f"{'fell' if fell else 'rose'} between {times[0]} and {times[1]}"
        else:
            went = f"is {'lower' if fell else 'higher'} with {after} than with {before}"
        return f"{say.cap(say.outcome_of(query))} {went}, and the largest part {due} to {who}."

    return Found(
        found, result.effect, headline, (*sentences, *doubts, say.MODEL),
        f"What the change of the average of {safe(a.outcome)} from {pair[0]} to {pair[1]} is due to.",
        (*ASSUMED, "within each group the picture holds", "what several changes do together is divided evenly among them"),
        (str(lead.cause),) if lead.cause else (), tuple(lines[: LINES + 2]), (("attribution", tuple(document)),), means=(result.after, result.before),
    )  # fmt: skip
