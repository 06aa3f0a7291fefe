"""Where does the table speak against a drawn picture? Asked before anything is estimated; a person decides what to change.

Five kinds of evidence, each silent where it cannot tell:

- links: the picture draws nothing between two columns, and they go together among rows alike in their causes (Holm at 0.3 % over
  all that the picture claims, and a link of at least 0.05). Which change mends that best is found by score (`edge_repairs`): an
  arrow put in, or a drawn one turned round.
- links: the picture draws an arrow, and nothing is left of it among rows alike in the other causes, although a link of 0.05
  would have been seen.
- time: names and descriptions say that the cause was recorded after its effect, or that the effect is settled at birth.
- places: with `environment`, the wrong direction makes both ends of an arrow change from one environment to the next
  (`arrow_places`); and an environment outside the picture that goes with treatment and outcome may drive both.
- shape: in straight lines with skewed or heavy-tailed disturbances, the wrong direction leaves a trace (`arrow_shape`).

The cost is bounded: at most 150 columns, 60 missing arrows, 60 drawn ones and 30,000 rows, drawn at random where there are more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ..analysis import Contested, Estimand, NotIdentified
from ..data import Table
from ..filter import parse_filter
from ..graph import Graph
from ..query import Query
from ..wording import columns_text, count, join, number, safe
from . import separation as sep
from .arrow_places import turned_by_places
from .arrow_shape import turned_by_shape
from .dag import Dag
from .edge_repairs import Pair, Repair, Scores, repairs
from .graph_claims import CLEAR, LEVEL, MATTERS, Children, Claim, Valid, claims_of, holm, spoiling, with_arrow
from .identify import believed, chosen_by, identify, with_selection
from .implied import held_fixed, implied_design
from .independence import Columns, thinned
from .picture_tests import MOST_GIVEN, columns_of, pruned, rows_for, usable, validity
from .timing_order import recorded_after, settled_at_birth

Evidence = Literal["places", "shape"]
MOST_NODES = 150
MOST_ARROWS = 60
MOST_RECORDS = 12
SILENT = 0.05  # chance under which an arrow without a link is not called one


@dataclass(frozen=True)
class _Picture:
    """What is tested: the graph with treatment → outcome in it, its observed columns as arrays, its claims with their tests."""

    query: Query
    table: Table
    children: Children
    selected: Sequence[str]
    valid: Valid
    columns: Columns
    claims: Sequence[Claim]

    @property
    def treatment(self) -> str:
        return str(self.query.treatment)

    @property
    def outcome(self) -> str:
        return str(self.query.outcome)


def contest(query: Query, table: Table, most: int | None = MOST_RECORDS) -> tuple[Contested, ...]:
    """Where the table speaks against the graph of a query: what the answer rests on first, then the strongest; at most `most`.

    Empty where nothing does, no graph was drawn, it says nothing about treatment and outcome, or the design does not read it
    (random assignment, cut-offs, panels). Raises `GraphError` for a graph that cannot be used with the table.
    """
    picture = _picture(query, table)
    if picture is None:
        return ()
    broken = _broken(picture.claims)
    found = [*_by_time(picture), *_by_links(picture, broken), *_without_link(picture)]
    found += [*_by_places(picture), *_by_shape(picture)]
    once: dict[frozenset[str], Contested] = {}
    for record in found:
        once.setdefault(frozenset((record.cause, record.effect)), record)
    order = sorted(once.values(), key=lambda r: (not r.matters, r.evidence != "time", -(r.strength or 0.0)))
    return tuple(order[:most])


def applied(graph: Graph, record: Contested, choice: str) -> Graph:
    """The graph with a person's choice made; `accept` leaves it as it is, all others take a signature off."""
    if choice == "flip":
        return graph.flipped(record.cause, record.effect)
    if choice == "drop":
        return graph.without(record.cause, record.effect)
    return graph.with_edge(record.cause, record.effect) if choice == "add" else graph


def _picture(query: Query, table: Table) -> _Picture | None:
    import numpy as np

    treatment, outcome = str(query.treatment), str(query.outcome)
    if query.graph is None or not {treatment, outcome} <= set(query.graph.nodes()):
        return None
    graph, selection = with_selection(believed(query.graph), chosen_by(query, table), table)
    selected = sorted(selection)
    children: Children = {n: sorted(kids) for n, kids in graph.children().items()}
    if len(children) > MOST_NODES:
        children = pruned(children, [treatment, outcome, *selected])
    valid = _validity(query, table, children, selected)
    if valid is None or len(children) > MOST_NODES:
        return None
    if outcome not in sep.reach([treatment], children) and treatment not in sep.reach([outcome], children):
        children = with_arrow(children, treatment, outcome)
    rows = np.arange(len(table))
    if query.where:
        rows = np.flatnonzero(table.where(parse_filter(query.where, table.names)))
    observed = [n for n in sorted(set(children) & set(table.names)) if usable(query, table, n)]
    claims = claims_of(children, observed, treatment, outcome, valid, selected, min(len(rows) // 12, MOST_GIVEN))
    parents = sep.parents_of(children)
    arrows = [Claim(a, b, tuple(n for n in parents[b] if n != a)) for a in children for b in children[a]]
    work = [*claims, *claims, *arrows[:MOST_ARROWS]]  # what is found is looked at once more
    place = [query.environment] if query.environment and query.environment not in observed else []
    columns = columns_of(query, table, [*observed, *place], thinned(rows, rows_for(work)))
    known = set(columns.names)
    claims = [replace(c, result=columns.test(c.x, c.y, c.given)) for c in claims if {c.x, c.y, *c.given} <= known]
    return _Picture(query, table, children, selected, valid, columns, claims)


def _validity(query: Query, table: Table, children: Children, selected: Sequence[str]) -> Valid | None:
    """Whether the analysis that the picture suggests is valid under another; where it suggests none, whether that one has none
    either. None where the design reads no picture."""
    treatment, outcome = str(query.treatment), str(query.outcome)
    if query.design.kind == "observational":
        found = identify(query, table)
        other = implied_design(query, table, found)
        query = query if other is None else other
        if other is None and isinstance(found, NotIdentified):
            return lambda g: sep.minimal_adjustment(g, treatment, outcome, table.names, selected) is None
    if query.design.kind == "observational":
        assert isinstance(found, Estimand)
        estimand = found
    elif query.design.kind in ("instrument", "front_door", "mediation"):
        estimand = held_fixed(query, table)
    else:
        return None
    return validity(query, estimand, selected)[0]


def _broken(claims: Sequence[Claim]) -> list[Claim]:
    return [c for c, rejected in zip(claims, holm(claims), strict=True) if rejected and c.size >= MATTERS]


def _by_links(p: _Picture, broken: Sequence[Claim]) -> list[Contested]:
    if not broken:
        return []
    scores = None if p.selected else Scores(p.columns, p.columns.names)
    found: list[Contested] = []
    left = list(broken)
    if scores is not None and scores.usable:
        for repair in repairs(
            p.children, p.columns.names, scores, broken, lambda pair: _possible(p, pair), partial(_explained, p)
        ):
            told = [_mended(p, r) for r in (repair, *repair.tied)]
            resting = [c for c in repair.repaired if c.touches]
            if resting and not any(r.matters for r in told):  # the harmless reading must not hide the other one
                told.insert(0, _linked(p, resting[0], (resting[0].x, resting[0].y)))
            found += told
            left = [c for c in left if c not in repair.repaired]
    return found + [_linked(p, c, (c.x, c.y)) for c in left if _holds_up(p, c)]


def _possible(p: _Picture, pair: Pair) -> bool:
    """Whether the arrow may be drawn: not against time, and never from the outcome to the treatment that the question is about."""
    cause, effect = pair
    if pair == (p.outcome, p.treatment):
        return False
    profile = p.table.profile
    if settled_at_birth(profile.column(effect)) and not settled_at_birth(profile.column(cause)):
        return False
    return not recorded_after(profile, cause, effect, p.treatment, p.outcome)


def _explained(p: _Picture, graph: Children, claim: Claim) -> bool:
    """Whether a link that a graph no longer denies is gone where that graph does deny one: a path may join two columns and still
    carry far less than what is seen."""
    if claim.y in graph[claim.x] or claim.x in graph[claim.y]:
        return True
    dag = Dag.of(graph)
    given = dag.separator(dag.mask([claim.x]), dag.mask([claim.y]), dag.mask(p.columns.names))
    if given is None or given.bit_count() > MOST_GIVEN:
        return True
    sets = [
        set(dag.named(given)),
        {*dag.named(given), *claim.given},
    ]  # with the old ones: leaving them out can hide a link
    results = [p.columns.test(claim.x, claim.y, sorted(z)) for z in sets if sep.separated(dag, claim.x, claim.y, z)]
    return all(r is None or r.p_value > CLEAR or r.size < claim.size / 3 for r in results)


def _holds_up(p: _Picture, claim: Claim) -> bool:
    """Whether the two go together given another separating set as well."""
    if set(claim.least) == set(claim.given):
        return True
    result = p.columns.test(claim.x, claim.y, claim.least)
    return result is None or (result.p_value < CLEAR and result.size >= MATTERS / 2)


def _mended(p: _Picture, repair: Repair) -> Contested:
    clearest = max(repair.repaired, key=lambda c: c.size)
    if repair.kind == "add":
        own = [c for c in repair.repaired if {c.x, c.y} == {repair.cause, repair.effect}]
        return _linked(p, own[0] if own else clearest, (repair.cause, repair.effect))
    turned = with_arrow(_without(p.children, (repair.cause, repair.effect)), repair.effect, repair.cause)
    pair = f"{safe(repair.cause)} causes {safe(repair.effect)}"
    return Contested(
        cause=repair.cause,
        effect=repair.effect,
        about="direction",
        sentence=(
            f"The picture says that {pair}; the table fits better the other way round, or with a link put in between"
            f" {join([clearest.x, clearest.y])}: as drawn, these two would have nothing to do with each other{_alike(clearest)}, but"
            f" they go together ({_size(clearest.size)})."
        ),
        choices=("accept", "flip", "drop"),
        evidence="links",
        matters=not p.valid(turned),
        strength=clearest.size,
    )


def _linked(p: _Picture, claim: Claim, pair: Pair) -> Contested:
    return Contested(
        cause=pair[0],
        effect=pair[1],
        about="missing arrow",
        sentence=(
            f"The picture draws no link between {join(pair)}, but they go together{_alike(claim)} ({_size(claim.size)}):"
            " an arrow between them, or a shared cause, is missing."
        ),
        choices=("accept", "add"),
        evidence="links",
        matters=bool(claim.spoils if {claim.x, claim.y} == set(pair) else spoiling(p.children, p.valid, *pair)),
        strength=claim.size,
    )


def _without_link(p: _Picture) -> list[Contested]:
    """Drawn arrows of which nothing is left among rows alike in the other causes."""
    found = []
    parents = sep.parents_of(p.children)
    for cause, effect in _arrows(p)[:MOST_ARROWS]:
        bare = _without(p.children, (cause, effect))
        given = tuple(c for c in parents[effect] if c != cause and c in p.columns)
        if (cause, effect) == (p.treatment, p.outcome) or len(given) > MOST_GIVEN:
            continue
        if not sep.separated(bare, cause, effect, {*given, *p.selected}):
            continue
        result = p.columns.test(cause, effect, given)
        if result is None or result.p_value < SILENT or result.size + 2 * result.error >= MATTERS:
            continue
        alike = f" among rows alike in {columns_text(given, 5)}" if given else ""
        found.append(
            Contested(
                cause=cause,
                effect=effect,
                about="arrow",
                sentence=(
                    f"The picture says that {safe(cause)} affects {safe(effect)} directly, but nothing is seen of that{alike}:"
                    f" a link of {number(MATTERS)} would have shown, where 0 is not at all and 1 completely."
                ),
                choices=("accept", "drop"),
                evidence="links",
                matters=not p.valid(bare),
                strength=result.size,
            )
        )
    return found


def _by_time(p: _Picture) -> list[Contested]:
    found, profile = [], p.table.profile
    for cause, effect in _arrows(p):
        how = recorded_after(profile, cause, effect, p.treatment, p.outcome)
        if not how and settled_at_birth(profile.column(effect)) and not settled_at_birth(profile.column(cause)):
            how = f"cannot change {safe(effect)}, which is settled at birth"
        if not how:
            continue
        turned = _without(p.children, (cause, effect))
        turned = with_arrow(turned, effect, cause) if cause not in sep.reach([effect], turned) else turned
        found.append(
            Contested(
                cause=cause,
                effect=effect,
                about="direction",
                sentence=f"The picture says that {safe(cause)} causes {safe(effect)}, but {safe(cause)} {how}.",
                choices=("accept", "flip", "drop"),
                evidence="time",
                matters=not p.valid(turned),
            )
        )
    return found


def _by_places(p: _Picture) -> list[Contested]:
    place = p.query.environment
    if place is None or place not in p.columns or p.selected:
        return []
    found = _outside(p, place) if place not in p.children else []
    asked = list(_turnable(p))
    for cause, effect, own, turned in asked:
        places = turned_by_places(p.columns, place, cause, effect, own[cause], own[effect], len(asked))
        if places is not None:
            why = (
                f"from one {safe(place)} to the next ({count(places)} of them) what changes stays in one place if"
                f" {safe(effect)} causes {safe(cause)}, and not as drawn"
            )
            found.append(_other_way(p, cause, effect, why, "places", turned, None))
    return found


def _outside(p: _Picture, place: str) -> list[Contested]:
    """An environment that is not in the picture and goes with treatment and outcome among rows alike in their causes."""
    parents = sep.parents_of(p.children)
    results = {}
    for end in (p.treatment, p.outcome):
        given = [c for c in parents[end] if c in p.columns]
        results[end] = p.columns.test(place, end, given) if len(given) <= MOST_GIVEN else None
    if any(r is None or r.p_value > LEVEL / 2 or r.size < MATTERS for r in results.values()):
        return []
    return [
        Contested(
            cause=place,
            effect=end,
            about="missing arrow",
            sentence=(
                f"{safe(place)} is not in the picture, but goes with {safe(end)} among rows alike in what is drawn as its causes"
                f" ({_size(r.size)}), as it does with {safe(other)}: it may drive both."
            ),
            choices=("accept", "add"),
            evidence="places",
            strength=r.size,
        )
        for (end, r), other in zip(results.items(), reversed(results), strict=True)
        if r is not None
    ]


def _by_shape(p: _Picture) -> list[Contested]:
    if p.selected or p.query.weights or p.query.cluster:
        return []
    found = []
    for cause, effect, own, turned in _turnable(p):
        strength = turned_by_shape(p.columns, cause, effect, own[cause], own[effect])
        if strength is not None:
            why = (
                f"by the shape of their values, what {safe(effect)} leaves unexplained of {safe(cause)} has nothing to do with it,"
                " but not vice versa"
            )
            found.append(_other_way(p, cause, effect, why, "shape", turned, strength))
    return found


def _turnable(p: _Picture) -> Iterator[tuple[str, str, dict[str, list[str]], Children]]:
    """(cause, effect, the other causes of each, the graph with the arrow turned) for arrows of which all causes are known."""
    parents = sep.parents_of(p.children)
    hidden = set(p.children) - set(p.table.names)
    for cause, effect in _arrows(p)[:MOST_ARROWS]:
        bare = _without(p.children, (cause, effect))
        own = {n: [c for c in parents[n] if c != cause] for n in (cause, effect)}
        unseen = any(c in hidden or c not in p.columns for causes in own.values() for c in causes)
        if not unseen and effect not in sep.reach([cause], bare) and _possible(p, (effect, cause)):
            yield cause, effect, own, with_arrow(bare, effect, cause)


def _other_way(
    p: _Picture, cause: str, effect: str, why: str, evidence: Evidence, turned: Children, strength: float | None
) -> Contested:
    return Contested(
        cause=cause,
        effect=effect,
        about="direction",
        sentence=f"The picture says that {safe(cause)} causes {safe(effect)}; the table speaks for the other way round: {why}.",
        choices=("accept", "flip", "drop"),
        evidence=evidence,
        matters=not p.valid(turned),
        strength=strength,
    )


def _arrows(p: _Picture) -> list[Pair]:
    return [(a, b) for a in sorted(p.children) for b in p.children[a] if a in p.columns and b in p.columns]


def _without(children: Children, arrow: Pair) -> Children:
    return {**children, arrow[0]: [k for k in children[arrow[0]] if k != arrow[1]]}


def _alike(claim: Claim) -> str:
    return f" among rows alike in {columns_text(claim.given, 5)}" if claim.given else ""


def _size(size: float) -> str:
    return f"{number(size)}, where 0 is not at all and 1 completely"
