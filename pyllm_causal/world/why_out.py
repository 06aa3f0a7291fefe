"""Why one row is so far from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Effect, NotIdentified
from ..causal.repeats import Effort
from ..causal.world import outlier
from ..causal.world.columns import row_number
from ..causal.world.picture import all_mechanisms
from ..causal.world.prepare import Prepared
from ..causal.world.variation import Part
from ..errors import QueryError
from ..report import model_words as say
from ..wording import alike, number, safe
from .asked import ASSUMED, LINES, REST, Asked, Found, fitted_for, no_interval, row_lacking
from .redrawn import doubted, others, wider_parts

if TYPE_CHECKING:
    from ..analysis import Level


def _fitted(a: Asked, row: int) -> Prepared | NotIdentified:
    mechanisms = all_mechanisms(a.picture)
    if isinstance(mechanisms, NotIdentified):
        return mechanisms
    return fitted_for(a, mechanisms, also=a.picture.roots, keep=row, one_row=True)


def _lead(parts: list[Part], off: float) -> Part:
    """What brought most of the distance."""
    return max(parts, key=lambda p: p.value * (1 if off > 0 else -1))


def _changes(plain: list[Part], again: tuple[list[Part], ...], off: float, unit: str) -> str:
    """What else the other pictures say: another lead, in words; empty where they say the same."""
    mine = _lead(plain, off)
    for other in again:
        lead = _lead(other, off)
        if lead.cause != mine.cause:
            now = next(p for p in other if p.cause == mine.cause)
            before, after, ahead = alike([mine.value, now.value, lead.value])
            return (
                f"{safe(mine.cause or REST)} would bring {after}{unit} instead of {before}{unit}, and"
                f" {safe(lead.cause or REST)} most: {ahead}{unit}"
            )
    return ""


def why_out(a: Asked) -> Found | NotIdentified:
    """The distance of the row `query.row` from the average, divided among the columns; a refusal where it is not far out."""
    query = a.query
    row = row_number(query, a.table)
    if a.unit == "probability":
        raise QueryError(
            f"{a.outcome!r} is yes or no, so no row of it can be far out.",
            "Ask what would have happened otherwise (kind counterfactual), or what drives it (without `row`).",
        )
    found = _fitted(a, row)
    if isinstance(found, NotIdentified):
        return found
    if row not in found.drawn.index:
        return row_lacking(a, found, row)
    at = int((found.drawn.index == row).nonzero()[0][0])
    y = found.drawn.values[a.outcome]
    far, node = outlier.farness(y, at), found.drawn.nodes[a.outcome]
    if not far.out:
        in_100 = number(100 * far.share)
        return NotIdentified(
            code="not_an_outlier",
            reason=f"That row is not unusual: {safe(a.outcome)} is {node.shown(float(y[at]))} there, the middle of the table is"
            f" {node.shown(far.middle)}, and {in_100} of 100 rows are at least as far from it. There is nothing special to explain.",
            would_help=("a row that stands out", "or ask what drives it in general (without `row`)"),
        )

    def work(of: Asked, effort: Effort) -> list[Part] | NotIdentified:
        model = found if of is a else _fitted(of, row)
        if isinstance(model, NotIdentified):
            return model
        places = (model.drawn.index == row).nonzero()[0]
        if not len(places):
            return row_lacking(of, model, row)
        blamed = outlier.blame(model.model, model.drawn, of.picture.order, int(places[0]), effort, of.seed)
        return no_interval() if blamed is None else blamed

    plain = work(a, a.clock.effort)
    if isinstance(plain, NotIdentified):
        return plain
    again = others(a, found, work)
    off = float(y[at] - y.mean())
    unit_words = f" {a.unit}" if a.unit else ""
    found, doubts = doubted(found, again, _changes(plain, again.answers, off, unit_words))
    result = wider_parts(plain, again.answers)
    error = float(y.std() / len(y) ** 0.5)
    effect = Effect(value=off, low=off - 1.96 * error, high=off + 1.96 * error, unit=a.unit, std_error=error)
    ranked = [*sorted((p for p in result if p.cause), key=lambda p: -abs(p.value)), result[-1]]
    document = [{"cause": p.cause or REST, "share": p.value, "low": p.low, "high": p.high} for p in ranked]
    figures = say.listed([(p.value, p.low, p.high) for p in ranked])
    lines = [f"{safe(p.cause or REST)}: {figure}{unit_words}" for p, figure in zip(ranked, figures, strict=True)]
    lead = _lead(result, off)
    main, _ = say.amount(effect, a.unit)

    def headline(level: Level, _: float) -> str:
        start = f"{say.cap(say.outcome_of(query))} of row {row} is {main} than the average"
        if level == "very_low":
            return f"{start}; we can't tell why."
        who = f"{safe(lead.cause)}" if lead.cause else "something that is not in the picture"
        return f"{start}, and the largest part may be due to {who}."

    sentences = [
        f"The list divides the distance from the average ({main}) among the columns: what is unusual about each, beyond what its"
        " own causes make of it. The parts add up to the distance.",
        *doubts,
        say.STRONG,
    ]
    return Found(
        found, effect, headline, tuple(sentences), f"What brought {safe(a.outcome)} of row {row} away from the average.",
        (*ASSUMED, "the row's own luck is what its mechanisms leave over"), (str(lead.cause),) if lead.cause else (),
        tuple(lines[: LINES + 2]), (("attribution", tuple(document)),), one_row=True,
    )  # fmt: skip
