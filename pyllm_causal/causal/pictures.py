"""How far does the answer hang on the picture? Other plausible pictures are drawn, identified anew, and the answer is had again.

Plausible is what differs from the drawn picture in one place that is open: where the table speaks against it (`contest`), an arrow
that somebody marked as unsure or that nobody has vouched for, arrows that can be turned round together without any table
noticing (members of the Markov equivalence class: Verma & Pearl 1990, walked by covered arrows: Chickering 1995), and a hidden
cause put behind two columns that an arrow already joins, which no table excludes. Not plausible is what runs against time, from
the outcome to the treatment, or against an arrow of which somebody is sure.

Changes that come to the same comparison are answered once. Only the headline's method is run, on the headline's rows, without
checks; how many answers are had depends on the number of rows alone, so that the same table gives the same verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..analysis import Contested, Effect, Estimand, NextQuestion, NotIdentified, Pictures, Redrawn
from ..data import Table
from ..errors import CausalError
from ..graph import Edge, Graph, Unmeasured
from ..query import Query
from ..wording import count, excludes_null, join, null_of, plain_figures, safe
from .contest import applied
from .identify import believed, identify, with_selection
from .identify import chosen_by as choosing
from .implied import held_fixed, implied_design
from .picture_tests import validity
from .timing_order import recorded_after, settled_at_birth

Kind = Literal["contested", "unsure", "equivalent", "dropped", "added", "hidden"]
Pair = tuple[str, str]
Again = Callable[[Query, Estimand], Effect | None]

MOST_MEMBERS = 40  # of the equivalence class
MOST_OPEN = 200  # open arrows that are flipped and dropped in thought
ANSWERS = ((3_000, 60), (20_000, 24), (100_000, 8), (10**12, 3))  # (rows up to which, pictures that are answered)
MOVES = 0.25  # standard errors: an answer that moves by less has not moved


@dataclass(frozen=True)
class Change:
    """Another picture: what differs, in words that follow "the picture in which", and what kind of doubt makes it plausible."""

    graph: Graph
    words: str
    kind: Kind
    edge: Pair | None = None
    open: bool = False  # an arrow that nobody has reviewed
    vouched: bool = False  # it goes against an arrow that a person drew or signed
    equivalent: bool = False


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


def changes(query: Query, table: Table, contested: Sequence[Contested] = ()) -> list[Change]:
    """Other plausible pictures, each once, those with the best reason first."""
    assert query.graph is not None
    graph, found = query.graph, list[Change]()
    signed = graph.signed_by is not None
    for record in contested:
        for choice in record.choices:
            if choice != "accept":
                found += _made(query, table, record.cause, record.effect, choice, "contested")
        if record.about == "missing arrow":
            found += _made(query, table, record.effect, record.cause, "add", "contested")
    for edge in graph.edges[:MOST_OPEN]:
        if (
            edge.doubted
            or edge.confidence == "likely"
            or (edge.source != "you" and not signed and edge.confidence != "sure")
        ):
            for choice in ("flip", "drop"):
                kind: Kind = "unsure" if choice == "flip" or edge.doubted else "dropped"
                found += _made(query, table, edge.cause, edge.effect, choice, kind, edge)
    found += _members(query, table)
    for tool in getattr(query.design, "instruments", ()):  # nothing in a table excludes that it acts in another way too
        found += _made(query, table, tool, str(query.outcome), "add", "added")
    found += _hidden(query, table)
    once: dict[frozenset[Pair], Change] = {}
    for change in found:
        key = frozenset(change.graph.pairs()) | {(u, "") for u in change.graph.hidden()}
        known = once.setdefault(key, change)
        once[key] = replace(known, equivalent=known.equivalent or change.equivalent)
    return list(once.values())


def _made(
    query: Query, table: Table, cause: str, effect: str, choice: str, kind: Kind, edge: Edge | None = None
) -> list[Change]:
    """The one change, where it makes no circle and does not run against time."""
    graph = query.graph
    assert graph is not None
    if {cause, effect} == {query.treatment, query.outcome}:
        return []  # the question itself
    drawn = next((e for e in graph.edges if (e.cause, e.effect) == (cause, effect)), None) if edge is None else edge
    record = Contested(cause=cause, effect=effect, about="arrow", sentence="", choices=("accept",), evidence="links")
    made = applied(graph, record, choice)
    new = (effect, cause) if choice == "flip" else (cause, effect) if choice == "add" else None
    if made.cycle() is not None or (new is not None and not possible(query, table, *new)):
        return []
    if query.treatment in made.descendants(str(query.outcome)):
        return []
    one, other = safe(cause), safe(effect)
    words = {
        "flip": f"{one} is caused by {other}, not the other way round",
        "drop": f"{one} does not affect {other} directly",
        "add": f"{one} affects {other}" + (" directly" if kind == "added" else ""),
    }[choice]
    is_open = drawn is not None and (drawn.doubted or (drawn.source != "you" and graph.signed_by is None))
    return [Change(made, words, kind, (cause, effect), is_open, drawn is not None and _vouched(graph, drawn))]


def possible(query: Query, table: Table, cause: str, effect: str) -> bool:
    """Whether an arrow between two columns runs against nothing that names and descriptions say of time."""
    names = set(table.names)
    if not {cause, effect} <= names:
        return cause not in names  # a hidden cause has no causes in the table
    profile = table.profile
    if settled_at_birth(profile.column(effect)) and not settled_at_birth(profile.column(cause)):
        return False
    return not recorded_after(profile, cause, effect, str(query.treatment), str(query.outcome))


def _vouched(graph: Graph, edge: Edge) -> bool:
    return (edge.source == "you" or graph.signed_by is not None) and not edge.doubted


def _members(query: Query, table: Table) -> list[Change]:
    """Graphs that no table could tell from the drawn one, the fewest turned arrows first."""
    graph = query.graph
    assert graph is not None
    start = frozenset(graph.pairs())
    edges = {(e.cause, e.effect): e for e in graph.edges}
    fixed = {(c, e) for (c, e), edge in edges.items() if edge.confidence == "sure" and not edge.doubted}
    seen, waiting, out = {start}, [start], list[Change]()
    while waiting and len(seen) <= MOST_MEMBERS:
        arrows = waiting.pop(0)
        for cause, effect in _covered(arrows):
            new = (arrows - {(cause, effect)}) | {(effect, cause)}
            if new in seen or {cause, effect} == {query.treatment, query.outcome} or (cause, effect) in fixed:
                continue
            if not possible(query, table, effect, cause):
                continue
            seen.add(new)
            waiting.append(new)
            turned = sorted(p for p in start - new if p in edges)
            drawn = graph
            for one in turned:
                drawn = drawn.flipped(*one)
            if query.treatment in drawn.descendants(str(query.outcome)):
                continue
            words = " and ".join(f"{safe(c)} is caused by {safe(e)}, not the other way round" for c, e in turned[:2])
            words += f" (and {len(turned) - 2} more arrows are turned round)" if len(turned) > 2 else ""
            single = turned[0] if len(turned) == 1 else None
            is_open = single is not None and edges[single].source != "you" and graph.signed_by is None
            vouched = any(_vouched(graph, edges[p]) for p in turned)
            out.append(Change(drawn, words, "equivalent", single, is_open, vouched, True))
    return sorted(out, key=lambda c: c.edge is None)


def _covered(arrows: frozenset[Pair]) -> list[Pair]:
    """Arrows whose two ends have the same other causes: turning one round changes nothing that a table could show."""
    causes: dict[str, set[str]] = {}
    for cause, effect in arrows:
        causes.setdefault(effect, set()).add(cause)
    return sorted((c, e) for c, e in arrows if causes.get(c, set()) == causes[e] - {c})


def _hidden(query: Query, table: Table) -> list[Change]:
    """A hidden cause behind two columns that an arrow joins already, and behind treatment and outcome."""
    graph = query.graph
    assert graph is not None
    treatment, outcome = str(query.treatment), str(query.outcome)
    suspected = [u for u in graph.unmeasured if u.source == "model" and {treatment, outcome} <= set(u.affects)]
    name = suspected[0].name if suspected and suspected[0].name.replace(" ", "").isalpha() else ""
    out = []
    drawn = {frozenset(u.affects[i : j + 1 : j - i]) for u in believed(graph).unmeasured for i in range(len(u.affects))
             for j in range(i + 1, len(u.affects))}  # fmt: skip
    near = {treatment, outcome, *_touching(query)}
    ends = [(treatment, outcome), *((z, outcome) for z in getattr(query.design, "instruments", ()))]
    ends += [(e.cause, e.effect) for e in graph.edges if {e.cause, e.effect} <= near]
    for pair in dict.fromkeys(ends):
        if frozenset(pair) in drawn or not set(pair) <= set(table.names):
            continue
        called = name if name and set(pair) == {treatment, outcome} else "something that is not in the table"
        cause = Unmeasured(name=f"behind {pair[0]} and {pair[1]}", affects=pair)
        made = graph.unsigned().model_copy(update={"unmeasured": (*graph.unmeasured, cause)})
        out.append(Change(made, f"{safe(called, 40)} drives both {join(pair)}", "hidden", pair))
    return out


def _touching(query: Query) -> set[str]:
    """Columns that a design of its own names: instruments and mediators."""
    design = query.design
    return {*getattr(design, "instruments", ()), *getattr(design, "mediators", ())}


def _planned(query: Query, table: Table) -> Estimand | NotIdentified | None:
    """What would be held fixed under the query's graph; None where the graph cannot be used with the table at all."""
    try:
        if query.design.kind == "observational":
            found = identify(query.model_copy(update={"adjust_for": None}), table)
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
        return f"All {of} other plausible pictures of causes keep the direction of the answer ({spread}{more})."
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
