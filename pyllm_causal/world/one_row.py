"""What one row would have been with something changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..analysis import Effect, NotIdentified
from ..causal.repeats import Effort
from ..causal.world import unit
from ..causal.world.columns import asked, node_of, row_number
from ..causal.world.interventions import moved_to
from ..causal.world.support import held, support
from ..errors import QueryError
from ..report import model_words as say
from ..wording import alike, join, number, safe
from .asked import ASSUMED, Asked, Found, no_interval, reached_by, row_lacking, through
from .redrawn import changed_answer, doubted, others

if TYPE_CHECKING:
    from ..analysis import Level


def one_row(a: Asked) -> Found | NotIdentified:
    """The outcome of the row `query.row` with `changes` (or the treatment) as asked."""
    query, table = a.query, a.table
    row = row_number(query, table)
    given = dict(query.changes)
    if query.treatment and query.treatment not in given:
        given[query.treatment] = _other_value(a, row) if query.treated is None else query.treated
    set_to = {n: asked(node_of(query, table.profile.column(n)), table.profile.column(n), v) for n, v in given.items()}
    found = reached_by(a, list(set_to), keep=row, one_row=True)
    if isinstance(found, NotIdentified):
        return found
    if row not in found.drawn.index:
        return row_lacking(a, found, row)
    at = int((found.drawn.index == row).nonzero()[0][0])
    nodes, values = found.drawn.nodes, found.drawn.values
    was = {n: float(values[n][at]) for n in set_to}
    if was == set_to:
        return NotIdentified(
            code="already_so",
            status="needs_review",
            reason=f"That row already has {say.settings({n: found.drawn.nodes[n].shown(v) for n, v in was.items()})}: nothing"
            " would be different.",
            would_help=("another value, in `changes` or `treated`", "or another row"),
        )
    own = {n: v[at : at + 1] for n, v in values.items()}
    new = moved_to(own, set_to, list(own))
    refused = held(found.drawn, set_to) or support(found.fitted, found.drawn, through(found, own, new), set_to)
    if isinstance(refused, NotIdentified):
        return refused

    def work(of: Asked, effort: Effort) -> unit.Otherwise | NotIdentified:
        model = found if of is a else reached_by(of, list(set_to), keep=row, one_row=True)
        if isinstance(model, NotIdentified):
            return model
        places = (model.drawn.index == row).nonzero()[0]
        if not len(places):
            return row_lacking(of, model, row)
        other = unit.otherwise(model.model, model.drawn, int(places[0]), set_to, effort, of.seed)
        return no_interval() if other is None else other

    plain = work(a, a.clock.effort)
    if isinstance(plain, NotIdentified):
        return plain
    again = others(a, found, work)
    result = replace(
        plain,
        low=min([plain.low, *(o.low for o in again.answers)]),
        high=max([plain.high, *(o.high for o in again.answers)]),
    )
    effects = [
        Effect(value=o.value - o.was, low=o.low - o.was, high=o.high - o.was, unit=a.unit)
        for o in (plain, *again.answers)
    ]
    found, doubts = doubted(found, again, changed_answer(effects[0], effects[1:], a.unit))
    node = nodes[a.outcome]
    changed = {n: nodes[n].shown(v) for n, v in set_to.items()}
    before = {n: nodes[n].shown(v) for n, v in was.items()}
    yes_no = node.kind == "yes_no"
    effect = Effect(
        value=result.value - result.was, low=result.low - result.was, high=result.high - result.was, unit=a.unit
    )
    who = f"row {row} (counted from 0)" if isinstance(query.row, int) else f"the row with {safe(query.row, 60)}"
    document = {
        "row": row,
        "outcome_as_it_was": node.plain(result.was),
        "outcome_otherwise": None if yes_no else result.value,
        "probability": result.value if yes_no else None,
        "low": max(0.0, result.low) if yes_no else result.low,
        "high": min(1.0, result.high) if yes_no else result.high,
        "changed": {n: {"from": nodes[n].plain(was[n]), "to": nodes[n].plain(v)} for n, v in set_to.items()},
    }
    if result.chance is not None:
        document |= {"chance_as_it_was": result.chance[0], "chance_otherwise": result.chance[1]}
    words = _row_words(a, result, who, say.settings(changed), say.settings(before), node.shown(result.was), yes_no)
    bounded = [*found.model.chancy, *([a.outcome] if yes_no else [])]
    assumes = ["the row's own luck (all that is not in the picture) would have been the same with the change"]
    if bounded:
        assumes.append(
            f"how the luck in {join(bounded)} carries over is not known: every way that agrees with the table is allowed for"
        )
    return Found(
        found, effect, words[0], (*words[1], *doubts), f"What {safe(a.outcome)} of {who} would have been with {say.settings(changed)}.",
        (*ASSUMED, *assumes), tuple(set_to), fields=(("counterfactual", document),), one_row=True,
    )  # fmt: skip


def _row_words(
    a: Asked, result: unit.Otherwise, who: str, changed: str, before: str, was: str, yes_no: bool
) -> tuple[Callable[[Level, float], str], tuple[str, ...]]:
    outcome, gap = say.outcome_of(a.query), f" {a.unit}" if a.unit and not yes_no else ""
    if not yes_no:
        size, low, high = alike([result.value, result.low, result.high])

        def headline(level: Level, _: float) -> str:
            if level == "very_low":
                return f"We can't tell what {outcome} of {who} would have been with {changed}."
            return (
                f"With {changed}, {outcome} of {who} might have been about {size}{gap} instead of {was}, by the model."
            )

        best = (
            f"The model's figure is {size}{gap}, somewhere between {low} and {high}{gap}; it was {was} with {before}."
        )
        kept = "That takes it that the row's own luck, all that is not in the picture, would have stayed the same."
        return headline, (best, kept, say.STRONG)
    least, most = (round(100 * max(0.0, result.low)), round(100 * min(1.0, result.high)))
    span = f"between {least} and {most} in 100"
    if least == 100 or most == 0:  # never more certain than that
        span = "over 99 in 100" if least == 100 else "under 1 in 100"

    def chance_headline(level: Level, _: float) -> str:
        if level == "very_low" or most - least > 60:
            return (
                f"We can't tell whether {outcome} would have been true of {who} with {changed}: the chance is {span}."
            )
        likely = "would rather" if least >= 50 else "would rather not" if most <= 50 else "may or may not"
        chance = f"a chance of {span}"
        return f"With {changed}, {outcome} {likely} have been true of {who}, by the model: {chance}."

    assert result.chance is not None
    pair = alike([100 * c for c in result.chance])
    told = f"It came out as {outcome} = {was} with {before}."
    rows = f"Of 100 such rows the model expects {outcome} to be true of {pair[0]} as they are, and of {pair[1]} with {changed}."
    same = (
        f"What this very row would have done is only bounded by that. If the change pushes nobody the other way, the chance is"
        f" about {number(100 * result.value)} in 100; without that assumption it is {span}."
    )
    return chance_headline, (told, rows, same, say.STRONG)


def _other_value(a: Asked, row: int) -> Any:
    column = a.table.profile.column(str(a.query.treatment))
    if column.kind != "yes_no":
        raise QueryError(f"What would {column.name!r} have been instead?", "Give `treated`, or name it in `changes`.")
    node = node_of(a.query, column)
    here = a.table.column(column.name).iloc[row]
    return next(lv for lv in node.levels if str(lv) != str(here))
