"""Which single change does most for the outcome, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..analysis import NotIdentified
from ..causal.repeats import Effort
from ..causal.world.interventions import Lever, levers
from ..causal.world.picture import regressors
from ..causal.world.prepare import Prepared
from ..language.timing import BORN, told
from ..report import model_words as say
from ..wording import join, number, safe
from .asked import ASSUMED, LINES, Asked, Found, fitted_for
from .redrawn import changed_answer, doubted, others, wider

if TYPE_CHECKING:
    from ..analysis import Level


@dataclass(frozen=True)
class _Ranked:
    """The levers, strongest first, and why other causes are none."""

    found: Prepared
    levers: list[Lever]
    reasons: dict[str, str]


def _ranked(a: Asked, effort: Effort, candidates: Sequence[str], reasons: Mapping[str, str]) -> _Ranked | NotIdentified:
    reasons = dict(reasons)
    mechanisms: dict[str, dict[str, tuple[str, ...]]] = {}
    for name in candidates:
        needed = regressors(a.picture, [name])
        if isinstance(needed, NotIdentified):
            reasons[name] = needed.reason
        else:
            mechanisms[name] = needed
    if not mechanisms:
        why = "; ".join(reasons.values()) or "the picture has no cause that could be changed"
        return NotIdentified(
            code="no_lever",
            reason=f"There is nothing to choose from: {why}.",
            would_help=("a picture with a cause that can be changed",),
        )
    union = {n: c for needed in mechanisms.values() for n, c in needed.items()}
    whole = {n: union[n] for n in a.picture.order if n in union}
    found = fitted_for(a, whole, also=list(mechanisms))
    if isinstance(found, NotIdentified):
        return found
    models = {
        name: replace(found.model, forms={n: found.model.forms[n] for n in needed})
        for name, needed in mechanisms.items()
    }
    return _Ranked(found, levers(models, found.drawn, dict(a.query.costs), effort, a.seed, a.unit), reasons)


def _held_together(plain: list[Lever], again: Sequence[Sequence[Lever]]) -> list[Lever]:
    """With margins that hold the effects in the other pictures, and told apart from the first only where all of them say so."""
    out = []
    for lever in plain:
        same = [m for o in again for m in o if (m.name, m.level) == (lever.name, lever.level)]
        per = lever.per_cost and wider(lever.per_cost, [m.per_cost for m in same if m.per_cost is not None])
        apart = lever.apart if lever.apart is None else lever.apart and all(m.apart is not False for m in same)
        out.append(replace(lever, effect=wider(lever.effect, [m.effect for m in same]), per_cost=per, apart=apart))
    return out


def _changes(plain: list[Lever], again: Sequence[Sequence[Lever]], unit: str) -> str:
    """What else the other pictures say: another first, or no clear effect of it, in words; empty where they say the same."""
    mine = plain[0]
    close = {mine.name, *(x.name for x in plain if x.apart is False)}
    for other in again:
        if other[0].name not in close:
            return f"{safe(other[0].name)} would come first, not {safe(mine.name)}"
        now = next((m.effect for m in other if (m.name, m.level) == (mine.name, mine.level)), None)
        if now is not None and (told := changed_answer(mine.effect, [now], unit)):
            return f"for {safe(mine.name)} {told}"
    return ""


def best_change(a: Asked) -> Found | NotIdentified:
    """Every cause that can be changed, alone: ranked, with what cannot be told apart from the first."""
    query = a.query
    costs = dict(query.costs)
    causes = [n for n in a.picture.order if n != a.outcome]
    fixed = [n for n in causes if not costs and BORN.search(told(a.table.profile.column(n)))]
    candidates = [n for n in causes if n not in fixed and (not costs or n in costs)]
    idle = sorted(set(costs) - set(causes))
    no_way = {n: f"the picture draws no way from {safe(n)} to {safe(a.outcome)}" for n in idle}

    def work(of: Asked, effort: Effort) -> _Ranked | NotIdentified:
        return _ranked(of, effort, candidates, no_way)

    plain = work(a, a.clock.effort)
    if isinstance(plain, NotIdentified):
        return plain
    again = others(a, plain.found, work)
    ranks = [o.levers for o in again.answers]
    found, doubts = doubted(plain.found, again, _changes(plain.levers, ranks, a.unit))
    ranked, reasons = _held_together(plain.levers, ranks), plain.reasons
    first = ranked[0]
    arms = tuple(_lever(found, lever) for lever in ranked)
    arms += tuple({"treatment": n, "effect": None, "why_not": why} for n, why in reasons.items())
    unit_words = "" if a.unit == "probability" else a.unit
    lines = [_lever_line(found, lever, unit_words) for lever in ranked[:LINES]]
    level_with = [x.name for x in ranked[1:] if x.apart is False]
    told_apart = "" if not level_with else (
        f"{safe(first.name)} comes first, but {join(list(dict.fromkeys(level_with))[:5])} cannot be told apart from it."
    )  # fmt: skip
    what = (
        f"the chance of {say.outcome_of(query)}"
        if a.unit == "probability"
        else f"the average of {say.outcome_of(query)}"
    )
    per = " for what it costs" if costs else ""

    def headline(level: Level, _: float) -> str:
        clear = (
            first.effect.low is not None and first.effect.high is not None and first.effect.low * first.effect.high > 0
        )
        if level == "very_low" or not clear:
            return f"We can't tell which single change would move {what} most{per}."
        ways = "raise" if first.effect.value > 0 else "lower"
        if level_with:
            return f"{safe(first.name)} may be the single change that moves {what} most{per}, but others come close."
        return f"Of single changes, {step_words(found, first)} {say.hedged(level, 'may', 'would probably')} {ways} {what} most{per}."

    sentences = [told_apart] if told_apart else []
    sentences += ["A change of the opposite kind does the opposite." if any(x.level is None for x in ranked) else ""]
    sentences += [f"Left out, because nobody can change that: {join(fixed)}."] if fixed else []
    sentences += [f"Left out: {why}." for why in list(reasons.values())[:3]]
    return Found(
        found, first.effect, headline, (*(s for s in sentences if s), *doubts, say.MODEL),
        f"What each cause of {safe(a.outcome)}, changed alone, does to its average.", ASSUMED, (first.name,),
        tuple(lines), (("arms", arms),),
    )  # fmt: skip


def step_words(found: Prepared, lever: Lever) -> str:
    """What is done, in words: `3.2 kg more of feed`, `promo = 1 rather than 0`."""
    node = found.drawn.nodes[lever.name]
    if lever.level is not None and lever.from_level is not None:
        return f"{safe(lever.name)} = {node.shown(lever.level)} rather than {node.shown(lever.from_level)}"
    size = number(lever.step)
    return f"{size}{f' {node.unit}' if node.unit else ''} more of {safe(lever.name)}"


def _lever_line(found: Prepared, lever: Lever, unit_words: str) -> str:
    main, span = say.amount(lever.effect, unit_words)
    text = f"{step_words(found, lever)}: {main}{span}"
    if lever.cost is not None and lever.per_cost is not None:
        each, each_span = say.amount(lever.per_cost, unit_words)
        text += f"; per unit of cost {each}{each_span}"
    return text


def _lever(found: Prepared, lever: Lever) -> dict[str, Any]:
    node = found.drawn.nodes[lever.name]
    return {
        "treatment": lever.name,
        "treated": None if lever.level is None else node.plain(lever.level),
        "control": None if lever.from_level is None else node.plain(lever.from_level),
        "step": lever.step,
        "effect": lever.effect.model_dump(mode="json"),
        "cost": lever.cost,
        "effect_per_cost": None if lever.per_cost is None else lever.per_cost.model_dump(mode="json"),
        "told_apart_from_first": lever.apart,
    }
