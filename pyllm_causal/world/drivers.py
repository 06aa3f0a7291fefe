"""What drives an outcome: how its variation divides among its causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..analysis import NotIdentified
from ..causal.repeats import Effort
from ..causal.world.interventions import Lever, levers
from ..causal.world.picture import all_mechanisms
from ..causal.world.prepare import Prepared
from ..causal.world.variation import Part, variation
from ..report import model_words as say
from ..wording import alike, join, safe
from .asked import ASSUMED, REST, Asked, Found, fitted_for, no_interval
from .best_change import step_words
from .redrawn import doubted, others, wider, wider_parts

if TYPE_CHECKING:
    from ..analysis import Level


@dataclass(frozen=True)
class _Divided:
    """The shares, causes in causal order and the rest last, and what a step of each cause does."""

    found: Prepared
    parts: list[Part]
    moves: list[Lever]

    @property
    def first(self) -> Part:
        return max((p for p in self.parts if p.cause), key=lambda p: p.value)


def _divided(a: Asked, effort: Effort) -> _Divided | NotIdentified:
    mechanisms = all_mechanisms(a.picture)
    found = mechanisms if isinstance(mechanisms, NotIdentified) else fitted_for(a, mechanisms, also=a.picture.roots)
    if isinstance(found, NotIdentified):
        return found
    parts = variation(found.model, found.drawn, a.picture.order, effort, a.seed)
    causes = [n for n in a.picture.order if n != a.outcome]
    reached = {n: a.picture.affected([n]) for n in causes}
    models = {n: replace(found.model, forms={k: found.model.forms[k] for k in reached[n]}) for n in causes}
    moves = levers(models, found.drawn, {}, effort, a.seed, a.unit)
    return _Divided(found, parts, moves) if parts is not None and moves else no_interval()


def _held_together(plain: _Divided, again: tuple[_Divided, ...]) -> _Divided:
    """With margins that hold the answers of the other pictures."""
    moves = []
    for move in plain.moves:
        same = [m.effect for o in again for m in o.moves if (m.name, m.level) == (move.name, move.level)]
        moves.append(replace(move, effect=wider(move.effect, same)))
    return _Divided(plain.found, wider_parts(plain.parts, [o.parts for o in again]), moves)


def _changes(plain: _Divided, again: tuple[_Divided, ...]) -> str:
    """What else the other pictures say: another cause that brings most, in words; empty where they say the same."""
    mine = plain.first
    level = {p.cause for p in plain.parts if p.cause and p.high > mine.low}
    for other in again:
        if other.first.cause not in level:
            now = next(p for p in other.parts if p.cause == mine.cause)
            before, after, ahead = alike([100 * mine.value, 100 * now.value, 100 * other.first.value])
            return (
                f"{safe(mine.cause)} would bring {after} of 100 instead of {before}, and {safe(other.first.cause)}"
                f" more: {ahead}"
            )
    return ""


def drivers(a: Asked) -> Found | NotIdentified:
    """Shares of the variation, with what a step of each cause does to the average, and what the picture does not explain."""
    plain = _divided(a, a.clock.effort)
    if isinstance(plain, NotIdentified):
        return plain
    again = others(a, plain.found, _divided)
    found, doubts = doubted(plain.found, again, _changes(plain, again.answers))
    wide = _held_together(plain, again.answers)
    parts, moves = wide.parts, wide.moves
    strongest = {m.name: m for m in reversed(moves)}
    ranked = [*sorted((p for p in parts if p.cause), key=lambda p: -p.value), *(p for p in parts if not p.cause)]
    unit_words = "" if a.unit == "probability" else a.unit
    lines, document = [], []
    figures = say.listed([(p.value, p.low, p.high) for p in ranked], 100)
    for part, figure in zip(ranked, figures, strict=True):
        label = part.cause or REST
        entry: dict[str, Any] = {"cause": label, "share": part.value, "low": part.low, "high": part.high}
        text = f"{safe(label)}: {figure} of 100"
        if part.cause and part.cause in strongest:
            lever = strongest[part.cause]
            entry["moves"] = {"step": lever.step, "effect": lever.effect.model_dump(mode="json")}
            main, span = say.amount(lever.effect, unit_words)
            text += f"; by this picture {step_words(found, lever)} makes it {main}{span}"
        document.append(entry)
        lines.append(text)
    first = next(p for p in ranked if p.cause)
    second = [p for p in ranked[1:] if p.cause and p.high > first.low]
    effect = strongest[str(first.cause)].effect if first.cause in strongest else moves[0].effect
    rest = ranked[-1]

    def headline(level: Level, _: float) -> str:
        if level == "very_low" or first.low <= 0:
            return f"We can't tell what drives {say.outcome_of(a.query)} most."
        drives = say.hedged(level, "may drive", "probably drives")
        lead = f"{safe(first.cause)} {drives} {say.outcome_of(a.query)} most"
        if second:
            lead = f"{safe(first.cause)} {drives} {say.outcome_of(a.query)}, and others may do as much"
        return f"{lead}; {say.percent(max(0.0, rest.value))} of its variation is not explained."

    sentences = [
        f"Of 100 parts of the variation of {say.outcome_of(a.query)}, each cause brings what is listed, on its own account:"
        " beyond what its own causes in the picture make of it."
    ]
    negative = [str(p.cause) for p in ranked if p.cause and p.high < 0]
    if negative:
        sentences.append(
            f"A figure below zero ({join(negative)}) means that it offsets another cause that it goes with."
        )
    if second:
        sentences.append(f"The order of {join([str(p.cause) for p in (first, *second)][:5])} is not certain.")
    return Found(
        found, effect, headline, (*sentences, *doubts, say.MODEL),
        f"How the variation of {safe(a.outcome)} divides among its causes in the picture.",
        (*ASSUMED, "what the causes do together is divided evenly among them"), (str(first.cause),), tuple(lines),
        (("attribution", tuple(document)),),
    )  # fmt: skip
