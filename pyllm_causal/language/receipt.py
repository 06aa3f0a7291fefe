"""The receipt: one sentence that says back what a query means. Always derived from the query, never by a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..query import Query
from ..wording import safe

if TYPE_CHECKING:
    from ..profile import Profile


def receipt(query: Query, profile: Profile | None = None) -> str:
    """`query` as one sentence in plain words."""
    treatment, outcome = _name(query.treatment), _name(query.outcome)
    rows = f" (only rows where {safe(query.where, 200)})" if query.where else ""
    if query.kind == "association":
        if query.treatment and query.outcome:
            return (
                f"Do {treatment} and {outcome} go together{rows}? This describes the table; it says nothing of causes."
            )
        return f"A question about the table itself{rows}; it is not about causes."
    if query.kind == "discovery":
        return f"Which columns may be causes of which{rows}?"
    if query.kind == "attribution":
        return f"What drives {outcome}{rows}?"
    change = _change(query, profile)
    if query.kind == "effect_by_group":
        return f"If {treatment} {change}, how does {outcome} change, and does that differ by {_name(query.by)}{rows}?"
    if query.kind == "mediation":
        mediators = getattr(query.design, "mediators", ())
        through = " and ".join(_name(m) for m in mediators) or "something in between"
        return f"If {treatment} {change}, how does {outcome} change, and how much of that goes through {through}{rows}?"
    if query.kind == "counterfactual":
        one = f" (row {safe(query.row, 100)})" if query.row is not None else ""
        return f"For one row{one}: what would {outcome} have been if {treatment} had been otherwise{rows}?"
    return (
        f"If {treatment} {change}, how does {outcome} change{_scale(query)}, for {_whom(query)}{rows}?{_design(query)}"
    )


def _name(name: str | None) -> str:
    return f"“{safe(name)}”" if name else "something"


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


def _truth(value: object) -> int:
    return int(value in (True, 1) or str(value).strip().casefold() in ("yes", "y", "true", "t", "on", "1"))


def _value(value: object) -> str:
    return safe(value, 60)


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
    if query.target == "compliers":
        return "those who were moved to it"
    return "everyone"


def _design(query: Query) -> str:
    who = {"you": "you say", "model": "the model takes it", "data": "the description says"}[query.source("design")]
    if query.design.kind == "randomised":
        return f" As {who}, it was assigned at random."
    if query.design.kind == "instrument":
        names = " and ".join(_name(n) for n in query.design.instruments)
        return f" As {who}, {names} moves it and touches the outcome in no other way."
    return ""
