"""The receipt: one sentence that says back what a query means. Always derived from the query, never by a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..query import (
    Differences,
    Discontinuity,
    FrontDoor,
    Instrument,
    Mediation,
    Panel,
    Query,
    Randomised,
    SyntheticControl,
)
from ..wording import gist, safe
from ..years import known_suffixes, years_of
from .lexicon import split

if TYPE_CHECKING:
    from ..profile import Column, Profile


def receipt(query: Query, profile: Profile | None = None) -> str:
    """`query` as one sentence in plain words: who, what change, which outcome, over what time, for whom."""
    treatment, outcome = _named(query, "treatment", profile), _named(query, "outcome", profile)
    rows = f" (only rows where {safe(query.where, 200)})" if query.where else ""
    if query.kind == "association":
        if query.treatment and query.outcome:
            return (
                f"Do {treatment} and {outcome} go together{rows}? This describes the table; it says nothing of causes."
            )
        return f"A question about the table itself{rows}; it is not about causes."
    if query.kind == "discovery":
        where = f", across the values of {_name(query.environment)}" if query.environment else ""
        return f"Which columns may be causes of which{where}{rows}?"
    if query.kind == "attribution":
        if query.compare:
            pair = {str(k): v for k, v in query.compare.items()}
            change = (
                f" changed from {_value(pair.get('from'))} to {_value(pair.get('to'))} of {_name(pair.get('column'))}"
            )
            return f"Why has {outcome}{change}{rows}?"
        if query.row is not None:
            return f"Why is {outcome} of one row (row {safe(query.row, 100)}) so unusual{rows}?"
        return f"What drives {outcome}{rows}?"
    if query.kind == "counterfactual" and not query.treatment:
        return _unnamed(query, outcome, rows)
    change, when = _change(query, profile), _time(query, profile)
    if query.kind == "counterfactual":
        one = f" (row {safe(query.row, 100)})" if query.row is not None else ""
        return f"For one row{one}: what would {outcome} have been{when} if {treatment} had been {_other(query)}{rows}?"
    told, years = outcome.partition("(")[2], re.findall(r"\d{4}", when)
    if when.strip(" ()") in told or (years and all(year in told for year in years)):
        when = ""  # the dictionary's words say it
    asked = f"how does {outcome} change{_scale(query)}{when}"
    if query.event:
        asked = (
            f"how much sooner or later does it come to {_name(query.event)}{_scale(query)}, counted in {outcome}{when}"
        )
    more = ""
    if query.kind == "effect_by_group":
        groups = ""
        if query.by_levels:
            groups = f" ({_value(query.by_levels[1])} against {_value(query.by_levels[0])})"
        more = f", and does that differ by {_name(query.by)}{groups}"
    if query.kind == "mediation":
        mediators = getattr(query.design, "mediators", ())
        through = " and ".join(_name(m) for m in mediators) or "something in between"
        more = f", and how much of that goes through {through}"
    whom = f", for {_whom(query)}" if query.kind == "effect" or query.target != "everyone" else ""
    return f"If {treatment} {change}, {asked}{more}{whom}{rows}?{_design(query)}{_counts(query)}"


def _unnamed(query: Query, outcome: str, rows: str) -> str:
    """A counterfactual without a treatment: what is changed, or that the best change is asked for."""
    changes = " and ".join(f"{_name(c)} were {_value(v)}" for c, v in query.changes.items())
    if not changes:
        paid = " for what it costs" if query.costs else ""
        return f"Which single change would move {outcome} most{paid}{rows}?"
    one = f"For one row (row {safe(query.row, 100)}): " if query.row is not None else ""
    return f"{one}{'what' if one else 'What'} would {outcome} be{'' if one else ' on average'} if {changes}{rows}?"


def _name(name: object) -> str:
    return f"“{safe(name)}”" if name else "something"


def _named(query: Query, role: str, profile: Profile | None = None) -> str:
    """The column, behind the asker's own words for it, else before those of the table's dictionary, where there are any."""
    column = getattr(query, role)
    words = safe(query.words.get(role) or "", 80)
    event = query.outcome_event if role == "outcome" else None
    name = _name(column) if event is None else f"{_name(column)} = {_value(event)}"
    if words and column and words != safe(column):
        return f"{words} ({name})"
    if profile is None or column not in profile.names():
        return name
    known = profile.column(column)
    told = gist(known.description)
    if told is None or set(split(told)) <= set(split(column)):
        return name
    unit = safe(known.unit or "", 20)
    return f"{name} ({told}{', ' * bool(unit)}{unit})"


def _change(query: Query, profile: Profile | None) -> str:
    if query.treated is not None and query.control is not None:
        return f"goes from {_value(query.control)} to {_value(query.treated)}"
    if query.treated is not None:
        return f"is {_value(query.treated)} instead of anything else"
    if query.control is not None:
        return f"is anything else instead of {_value(query.control)}"
    column = None
    if profile is not None and query.treatment in profile.names():
        column = profile.column(query.treatment or "")
    if column is not None and column.kind == "yes_no" and len(column.levels) == 2:
        low, high = sorted(column.levels, key=lambda level: _truth(level.value))
        return f"goes from {_value(low.value)} to {_value(high.value)}"
    if column is not None and column.kind in ("number", "count"):
        unit = f" ({safe(column.unit, 20)})" if column.unit else ""
        return f"goes up by one{unit}"
    return "is changed"


def _other(query: Query) -> str:
    return _value(query.treated) if query.treated is not None else "otherwise"


def _truth(value: object) -> int:
    return int(value in (True, 1) or str(value).strip().casefold() in ("yes", "y", "true", "t", "on", "1"))


def _value(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return safe(value, 60)


_SPELL = re.compile(
    r"\b(?P<how>after|within|over|during the|in the|for)\s+(?P<what>(?:the\s+)?(?:first|next|following|past)?\s*(?:\d{1,4}|an?|one|two"
    r"|three|four|five|six|seven|eight|nine|ten|twelve)?\s*(?:hours?|days?|weeks?|months?|years?))\b(?P<then>\s+(?:after|later"
    r"|before)\b)?",
    re.IGNORECASE,
)


def _time(query: Query, profile: Profile | None) -> str:
    """Over what time, where the query or the table's own words say so."""
    if query.horizon is not None:
        return f" by {_value(query.horizon)}"
    if profile is None or query.outcome not in profile.names():
        return ""
    outcome = profile.column(query.outcome or "")
    years = sorted(years_of(outcome, known_suffixes(profile.columns)))
    if len(years) > 1:
        return f" from {years[0]} to {years[-1]}"
    if years:
        return f" by {years[0]}"
    return _told_time(outcome)


def _told_time(outcome: Column) -> str:
    found = _SPELL.search(outcome.description or "")
    if found is None or (found["then"] or "").strip().casefold() == "before":
        return ""
    what = " ".join(f"{found['how']} {found['what']}{found['then'] or ''}".split()).casefold()
    return f" ({safe(what, 60)})"


def _scale(query: Query) -> str:
    return "" if query.scale == "difference" else f" (as {_SCALES[query.scale]})"


_SCALES = {
    "ratio": "a ratio",
    "odds_ratio": "an odds ratio",
    "percent": "a percentage",
    "rate_ratio": "a rate ratio",
    "hazard_ratio": "a hazard ratio",
}


def _whom(query: Query) -> str:
    if query.target == "treated":
        return "those who got it"
    if query.target == "untreated":
        return "those who did not get it"
    if query.target == "compliers" and isinstance(query.design, Instrument):
        return f"those whom {_names(query.design.instruments)} moved to it"
    if query.target == "compliers":
        return "those who were moved to it"
    return "everyone"


def _names(names: Sequence[object]) -> str:
    return " and ".join(_name(n) for n in names)


def _design(query: Query) -> str:
    """What the design claims, and who claims it."""
    who = {"you": "you say", "model": "I understand it", "data": "the description says"}[query.source("design")]
    design = query.design
    if isinstance(design, Randomised):
        within = f" within {_names(design.strata)}" if design.strata else ""
        return f" As {who}, it was assigned at random{within}."
    if isinstance(design, Instrument):
        verb = "moves it and touches" if len(design.instruments) == 1 else "move it and touch"
        return f" As {who}, {_names(design.instruments)} {verb} the outcome in no other way."
    if isinstance(design, Discontinuity):
        side = "from {c} up" if design.treated_side == "above" else "below {c}"
        how = "becomes more likely" if design.fuzzy else "sets in"
        place = side.format(c=_value(design.cutoff))
        return f" As {who}, it {how} where {_name(design.running)} is {place}; rows on both sides of that are compared."
    if isinstance(design, Differences):
        return f" As {who}, {_before_after(design)}; the change of the others says how it would have gone without."
    if isinstance(design, Panel):
        what = f"each {_name(design.unit)} is compared with itself"
        return f" As {who}, {what}" + (f" at other values of {_name(design.time)}." if design.time else ".")
    if isinstance(design, FrontDoor):
        return f" As {who}, it works through {_names(design.mediators)} alone, and nothing hidden drives that."
    if isinstance(design, Mediation):
        return f" As {who}, {_names(design.mediators)} {'lies' if len(design.mediators) == 1 else 'lie'} in between."
    if isinstance(design, SyntheticControl):
        mix = f"a mix of the other values of {_name(design.unit)} stands in for what would have happened"
        return f" As {who}, {_value(design.treated_unit)} was treated from {_value(design.start)} on; {mix}."
    return ""


def _before_after(design: Differences) -> str:
    if design.first_treated:
        return f"{_name(design.first_treated)} says since when each {_name(design.unit or design.group)} has had it"
    if design.group and design.start is not None:
        who = f" {_value(design.treated_group)}" if design.treated_group is not None else ""
        return f"group{who} of {_name(design.group)} has had it since {_value(design.start)} of {_name(design.time)}"
    if design.group:
        return f"{_name(design.group)} tells who got it and {_name(design.time)} before from after"
    return f"it sets in at different values of {_name(design.time)} for each {_name(design.unit)}"


def _counts(query: Query) -> str:
    """Choices that change what the answer is about, although they are no part of the question."""
    said: list[str] = []
    if query.selected_on:
        said.append(f"the rows were chosen by {_names(query.selected_on)}")
    if query.cluster:
        said.append(f"rows with the same {_name(query.cluster)} hang together")
    if query.weights:
        said.append(f"rows count as {_name(query.weights)} says")
    if query.matters is not None:
        said.append(f"a difference of {_value(query.matters)} or more matters to you")
    text = "; ".join(said)
    return f" {text[:1].upper()}{text[1:]}." if text else ""
