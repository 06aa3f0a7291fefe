"""How far does the answer hang on the picture? Other plausible pictures are drawn, identified anew, and the answer is had again.

Which pictures are plausible: `picture_changes`. Changes that come to the same comparison are answered once. Only the headline's
method is run, on the headline's rows, without checks; how many answers are had depends on the number of rows alone, so that the
same table gives the same verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..analysis import Contested, Effect, Estimand, NextQuestion, NotIdentified, Pictures, Redrawn
from ..data import Table
from ..errors import CausalError
from ..query import Query
from ..wording import count, excludes_null, null_of, plain_figures, safe
from .identify import believed, identify, with_selection
from .identify import chosen_by as choosing
from .implied import held_fixed, implied_design
from .picture_changes import Change, changes
from .picture_tests import validity

Again = Callable[[Query, Estimand], Effect | None]

ANSWERS = ((3_000, 60), (20_000, 24), (100_000, 8), (10**12, 3))  # (rows up to which, pictures that are answered)
MOVES = 0.25  # standard errors: an answer that moves by less has not moved


@dataclass(frozen=True)
class Verdict:
    """pictures and next_question for the answer; doubt: a reason to be less sure, or empty."""

    pictures: Pictures | None = None
    next_question: NextQuestion | None = None
    doubt: str = ""


def robustness(
    query: Query, table: Table, estimand: Estimand, effect: Effect, again: Again, contested: Sequence[Contested] = ()
) -> Verdict:
    """The answer `effect` (of `query`, holding `estimand.adjust_for` fixed) under other plausible pictures.

    again: the effect for a query and an estimand on the same rows by the same method; None where it cannot be had.
    """
    if query.graph is None or not {query.treatment, query.outcome} <= set(query.graph.nodes()):
        return Verdict()
    own = _key(estimand)
    most = next(k for rows, k in ANSWERS if len(table) <= rows)
    groups: dict[tuple[object, ...], list[Change]] = {}
    planned: dict[tuple[object, ...], tuple[Query, Estimand | NotIdentified]] = {}
    for change in changes(query, table, contested):
        other = query.model_copy(update={"graph": change.graph})
        found = _planned(other, table)
        if found is None:
            continue
        key = _key(found) if isinstance(found, Estimand) else ("untold", change.kind == "hidden", found.code)
        groups.setdefault(key, []).append(change)
        planned.setdefault(key, (other, found))
    unchanged = sum(c.kind != "hidden" for c in groups.pop(own, ()))
    every: list[tuple[Change, Redrawn]] = []  # one a change, for the next question
    shown: list[Redrawn] = []  # one a comparison
    answers = untried = 0
    for key, group in groups.items():
        other, found = planned[key]
        value = None
        if isinstance(found, Estimand):
            if all(c.kind == "hidden" for c in group):
                continue
            if answers >= most:
                untried += 1
                continue
            answers += 1
            value = again(other, found)
            if value is None:
                continue
        redrawn = [_redrawn(change, value, effect, found) for change in group]
        every += zip(group, redrawn, strict=True)
        if value is None:
            shown += redrawn
        else:
            shown.append(redrawn[0].model_copy(update={"same": len(group) - 1}))
    return Verdict(_pictures(query, shown, effect, unchanged, untried), _next(every, effect), _doubt(every, effect))


def _planned(query: Query, table: Table) -> Estimand | NotIdentified | None:
    """What would be held fixed under the query's graph; None where the graph cannot be used with the table at all."""
    try:
        if query.design.kind == "observational":
            found = identify(query.model_copy(update={"adjust_for": None}), table, second=False)
            if isinstance(found, NotIdentified) and implied_design(query, table, found) is not None:
                return None  # another design opens: not the same question
            return found
        if query.design.kind not in ("instrument", "front_door"):
            return None
        estimand = held_fixed(query, table)
        assert query.graph is not None
        graph, selection = with_selection(believed(query.graph), choosing(query, table), table)
        valid, _ = validity(query, estimand, sorted(selection))
    except CausalError:
        return None
    if valid is not None and valid(graph.children()):
        return estimand
    tool = "instrument" if query.design.kind == "instrument" else "step in between"
    return NotIdentified(code="design_broken", reason=f"The {tool} would no longer do.")


def _key(estimand: Estimand) -> tuple[object, ...]:
    return ("told", estimand.strategy, frozenset(estimand.adjust_for))


def _redrawn(change: Change, value: Effect | None, effect: Effect, found: Estimand | NotIdentified) -> Redrawn:
    refused = found.reason if isinstance(found, NotIdentified) else None
    return Redrawn(
        change=change.words,
        kind=change.kind,
        edge=change.edge,
        effect=value,
        adjust_for=found.adjust_for if isinstance(found, Estimand) else (),
        cannot_be_told=refused,
        keeps=None if value is None else _side(value) == _side(effect),
        equivalent=change.equivalent,
    )


def _side(effect: Effect) -> bool:
    return effect.value >= null_of(effect)


def _pictures(query: Query, shown: list[Redrawn], effect: Effect, unchanged: int, untried: int) -> Pictures:
    told = [r for r in shown if r.effect is not None]
    untold = [r for r in shown if r.effect is None]
    return Pictures(
        verdict=_sentence(told, effect, unchanged, untried),
        beyond=_beyond(query, untold),
        kept=sum(bool(r.keeps) for r in told),
        of=len(told),
        untried=untried,
        unchanged=unchanged,
        untold=len(untold),
        alternatives=tuple(shown),
    )


def _sentence(told: list[Redrawn], effect: Effect, unchanged: int, untried: int) -> str:
    lost = [r for r in told if not r.keeps]
    of = count(len(told))
    if not told and unchanged:
        if unchanged == 1:
            return "One other plausible picture of causes compares the same things, so the answer stays as it is."
        return f"{count(unchanged)} other plausible pictures of causes compare the same things, so the answer stays as it is."
    if not told:
        return "Nothing in the picture of causes is open enough to try another one."
    spread = _range([effect, *(r.effect for r in told if r.effect is not None)])
    more = f"; {count(untried)} more were not tried" if untried else ""
    if not lost and len(told) == 1:
        return f"One other picture of causes is plausible, in which {told[0].change}: it keeps the direction of the answer ({spread}{more})."
    if not lost:
        every = "Both" if of == "2" else f"All {of}"
        return f"{every} other plausible pictures of causes keep the direction of the answer ({spread}{more})."
    named = "; another, that ".join(r.change for r in lost[:2])
    if len(told) == 1:
        return f"Another plausible picture of causes turns the answer round ({spread}{more}): it says that {named}."
    who = "the one that does not says" if len(lost) == 1 else f"of the {count(len(lost))} that do not, one says"
    verb = "keeps" if len(told) - len(lost) == 1 else "keep"
    return (
        f"{count(len(told) - len(lost))} of {of} other plausible pictures of causes {verb} the direction of the answer"
        f" ({spread}{more}); {who} that {named}."
    )


def _beyond(query: Query, untold: list[Redrawn]) -> str:
    if not untold:
        return ""
    untold = sorted(untold, key=lambda r: r.edge != (query.treatment, query.outcome))
    more = len(untold) - 2
    others = f", or with {count(more)} other change{'s' * (more != 1)}" if more > 0 else ""
    cases = ", or if ".join(r.change for r in untold[:2])
    return f"If {cases}{others}, the answer cannot be told from this table, and no table rules that out."


def _range(figures: Sequence[Effect]) -> str:
    """`from 3.2 to 3.3 kg higher`, `from 0.4 kg lower to 2.1 kg higher`."""
    low, high = (pick(figures, key=lambda f: f.value) for pick in (min, max))
    ends = [high, low] if high.value < 0 and low.scale == "difference" else [low, high]
    first, last = plain_figures(ends)
    if first == last:
        return f"{first} in each"
    same_side = low.scale == "difference" and (low.value >= 0) == (high.value >= 0)
    return f"from {first.split(' ', 1)[0] if same_side else first} to {last}"


def _next(told: list[tuple[Change, Redrawn]], effect: Effect) -> NextQuestion | None:
    """Of the arrows that nobody has reviewed, the one that moves the answer most when it is turned round or left out."""
    scale = effect.std_error or abs(effect.value) or 1.0
    best: tuple[float, Change, Redrawn] | None = None
    for change, redrawn in told:
        if not change.open or change.edge is None:
            continue
        moved = 1e9 if redrawn.effect is None else _line(redrawn.effect, effect) / scale
        if best is None or moved > best[0]:
            best = moved, change, redrawn
    if best is None:
        return None
    moved, change, redrawn = best
    assert change.edge is not None
    cause, end = safe(change.edge[0]), safe(change.edge[1])
    question = f"Is it right that {cause} affects {end}?"
    then, now = plain_figures([redrawn.effect or effect, effect])
    if redrawn.effect is None:
        sentence = f"{question} If {change.words}, the answer cannot be told from this table."
    elif moved < MOVES:
        sentence = (
            f"{question} Of the arrows that are open it moves the answer most, and still little: if {change.words}, the answer is"
            f" {then} instead of {now}."
        )
    else:
        sentence = f"{question} If {change.words}, the answer is {then} instead of {now}."
    return NextQuestion(edge=change.edge, sentence=sentence, moves_to=redrawn.effect)


def _line(one: Effect, other: Effect) -> float:
    """How far apart two effects are, on the scale of their standard errors."""
    if one.scale == "difference":
        return abs(one.value - other.value)
    values = [1 + e.value / 100 if e.scale == "percent" else e.value for e in (one, other)]
    return 0.0 if min(values) <= 0 else abs(math.log(values[0]) - math.log(values[1]))


def _doubt(told: list[tuple[Change, Redrawn]], effect: Effect) -> str:
    """A picture that the table fits at least as well, against which nobody vouches, and that turns the answer's direction."""
    if not excludes_null(effect):
        return ""
    for change, redrawn in told:
        backed = change.equivalent or change.kind == "contested"
        if backed and not change.vouched and redrawn.keeps is False:
            return (
                f"a picture of causes that the table fits as well turns the answer round: it says that {change.words}"
            )
    return ""
