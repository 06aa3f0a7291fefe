"""Is the claim that a column is an instrument in line with the graph, and what must be held fixed for it?"""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis import NotIdentified
from ..data import Table
from ..errors import GraphError, QueryError, UnknownColumn
from ..query import Instrument, Query
from ..wording import join, safe
from . import separation as sep
from .contrast import check_usable
from .exclusion import Breach, breach, conditioning_set, valid_instrument
from .identify import backwards, believed, chosen_by, distorted, with_selection


@dataclass(frozen=True)
class Claim:
    """The instruments and the columns to hold fixed. from_graph: the graph chose them; unseen: instruments that the graph
    says nothing about, or all where there is no graph; graphed: treatment and outcome are in a graph."""

    instruments: tuple[str, ...]
    covariates: tuple[str, ...]
    from_graph: bool
    unseen: tuple[str, ...]
    graphed: bool = False


def claim_of(query: Query, table: Table) -> Claim | NotIdentified:
    """The claim, checked against the graph where there is one.

    Raises `QueryError` and `GraphError` where the request contradicts itself, or where other covariates would do.
    """
    instruments = _named(query, table)
    treatment, outcome = str(query.treatment), str(query.outcome)
    given = None if query.adjust_for is None else tuple(dict.fromkeys(query.adjust_for))
    for name in given or ():
        if name in (treatment, outcome, *instruments):
            role = "treatment" if name == treatment else "outcome" if name == outcome else "instrument"
            raise QueryError(f"{name!r} is the {role}; it cannot be held fixed.", "Take it out of `adjust_for`.")
    chosen = chosen_by(query, table)
    if outcome in chosen:
        return distorted(query, [outcome], [treatment])
    if query.graph is None:
        return Claim(instruments, given or (), False, instruments)
    query.graph.check(table.names, query.selected_on)
    graph = believed(query.graph)
    nodes = set(graph.nodes())
    unseen = tuple(z for z in instruments if z not in nodes)
    if not {treatment, outcome} <= nodes:
        return Claim(instruments, given or (), False, instruments)
    if treatment in graph.descendants(outcome):
        return backwards(treatment, outcome)
    graph, selection = with_selection(graph, chosen, table)
    children, selected = graph.children(), list(selection)
    known = [z for z in instruments if z in nodes]
    usable = {c.name for c in table.profile.columns if c.kind not in ("empty", "text")} & nodes
    checked = _Checked(query, children, known, usable, selected)
    if selected and any(checked.breach(z, given or usable) and not _alone(checked, z, given) for z in known):
        affected = [c for c in (treatment, outcome) if set(selected) & sep.reach([c], children)] or [treatment]
        return distorted(query, list(selection.values()), affected)
    if given is not None:
        refusal = _held_up(checked, given)
        return refusal or Claim(instruments, given, False, unseen, True)
    if not known:
        return Claim(instruments, (), False, instruments, True)
    found = conditioning_set(children, known, treatment, outcome, usable, selected)
    if found is not None:
        return Claim(instruments, found, True, unseen, True)
    for z in known:
        if checked.alternative(z) is None:
            return _broken(query, z, checked.explained(z, usable))
    raise GraphError(
        f"By your graph {join(known)} need different columns held fixed, so they cannot be used together.",
        "Name one of them in `instruments`.",
    )


def _named(query: Query, table: Table) -> tuple[str, ...]:
    assert isinstance(query.design, Instrument)
    instruments = tuple(dict.fromkeys(query.design.instruments))
    for name in instruments:
        if name not in table.names:
            raise UnknownColumn(name, table.names, "instrument")
        if name in (query.treatment, query.outcome):
            role = "treatment" if name == query.treatment else "outcome"
            raise QueryError(
                f"{name!r} is the {role}; it cannot be its own instrument.", "Name another column in `instruments`."
            )
        check_usable(table.profile.column(name), "instrument")
    return instruments


@dataclass(frozen=True)
class _Checked:
    query: Query
    children: sep.Children
    known: list[str]
    usable: set[str]
    selected: list[str]

    def breach(self, instrument: str, held: set[str] | tuple[str, ...]) -> Breach | None:
        late = sep.reach([str(self.query.treatment), str(self.query.outcome)], self.children)
        return breach(
            self.children,
            instrument,
            str(self.query.treatment),
            str(self.query.outcome),
            set(held) - late - {instrument},
            selected=self.selected,
        )

    def explained(self, instrument: str, held: set[str] | tuple[str, ...]) -> Breach:
        """The clearest reason why the instrument does not hold, with as much as possible held fixed."""
        why = self.breach(instrument, held)
        if why is None or why.kind == "other":  # holding fixed what the instrument itself changes can hide the arrow
            why = self.breach(instrument, set(held) - sep.reach([instrument], self.children)) or why
        return why or Breach("other", (instrument,))

    def alternative(self, instrument: str, selected: bool = True) -> tuple[str, ...] | None:
        return conditioning_set(
            self.children,
            [instrument],
            str(self.query.treatment),
            str(self.query.outcome),
            self.usable,
            self.selected if selected else (),
        )


def _alone(checked: _Checked, instrument: str, given: tuple[str, ...] | None) -> bool:
    """Whether the choice of rows is not to blame: the instrument has a set despite it, or has none without it either."""
    pair = str(checked.query.treatment), str(checked.query.outcome)
    if checked.alternative(instrument) is not None:
        return True
    if given is not None and valid_instrument(checked.children, instrument, *pair, given):
        return False
    return checked.alternative(instrument, selected=False) is None


def _held_up(checked: _Checked, given: tuple[str, ...]) -> NotIdentified | None:
    """Do the given covariates make every instrument valid? A refusal where nothing would; `GraphError` where others would."""
    treatment, outcome = str(checked.query.treatment), str(checked.query.outcome)
    late = [c for c in given if c in sep.reach([treatment], checked.children)]
    if late:
        raise GraphError(
            f"By your graph {join(late)} {'comes' if len(late) == 1 else 'come'} after {safe(treatment)}; holding"
            f" {'it' if len(late) == 1 else 'them'} fixed would distort the effect.",
            "Take it out of `adjust_for`, or correct the arrow.",
        )
    late = [c for c in given if c in sep.reach([outcome], checked.children)]
    if late:
        raise GraphError(
            f"By your graph {join(late)} {'is a consequence' if len(late) == 1 else 'are consequences'} of"
            f" {safe(outcome)}; holding that fixed would distort the effect.",
            "Take it out of `adjust_for`, or correct the arrow.",
        )
    for z in checked.known:
        if valid_instrument(checked.children, z, treatment, outcome, given, checked.selected):
            continue
        other = checked.alternative(z)
        if other is None:
            return _broken(checked.query, z, checked.explained(z, given))
        missing = [c for c in other if c not in given]
        extra = [c for c in given if c not in other]
        if missing:
            raise GraphError(
                f"By your graph {safe(z)} is an instrument only with {join(missing)} held fixed as well.",
                f"Add {join(missing)} to `adjust_for`, or leave `adjust_for` out.",
            )
        raise GraphError(
            f"By your graph holding {join(extra)} fixed spoils {safe(z)} as an instrument.",
            f"Take {join(extra, 'or')} out of `adjust_for`, or leave `adjust_for` out.",
        )
    return None


def _broken(query: Query, instrument: str, why: Breach) -> NotIdentified:
    z, t, y = safe(instrument), safe(query.treatment), safe(query.outcome)
    another = f"another column that changes {t} but touches {y} in no other way"
    fix = "or a corrected arrow"
    if why.kind == "untouched":
        return NotIdentified(
            code="weak_instrument",
            reason=f"By your graph {z} has nothing to do with {t}, so it says nothing about what {t} does.",
            would_help=(another, fix),
        )
    if why.kind == "late":
        reason = f"By your graph {z} comes after {t} or {y}, so it cannot have been what moved {t}."
    elif why.kind == "direct":
        end = safe(why.nodes[1])
        route = f"an arrow from {z} to {end}" + ("" if end == y else f", which leads on to {y}")
        reason = (
            f"Your graph draws {route} without passing through {t}. Then {z} changes {y} in a way of its own, and what"
            f" {t} does cannot be told apart from that."
        )
    elif why.kind == "shared":
        causes = join(list(why.nodes[:4]))
        verb = "drives" if len(why.nodes) == 1 else "drive"
        reason = f"Your graph says that {causes} {verb} both {z} and {y}, and no choice of columns to hold fixed removes that."
        fix = f"or a column for {join(list(why.nodes[:4]), 'or')} that can be held fixed"
    else:
        reason = (
            f"By your graph {z} and {y} are joined by a path that does not pass through {t}, and nothing blocks it."
        )
    return NotIdentified(
        code="exclusion_broken",
        reason=reason,
        would_help=(another, fix, f"or an experiment that deals out {t} (or an offer of it) at random"),
    )
