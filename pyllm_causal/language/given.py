"""Fields of the query that a person gives by hand. They win over every reading, and are checked in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import QueryError, UnknownColumn
from ..query import Query
from ..wording import safe
from . import claimed

if TYPE_CHECKING:
    from ..profile import Column, Profile

COLUMN_FIELDS = ("treatment", "outcome", "by", "event", "cluster", "weights", "environment")
LISTS = ("adjust_for", "categorical", "negative_outcomes", "negative_exposures", "columns")

_HINT = "`pyllm-causal schema query` prints every field."
_EXPECTED = {
    **dict.fromkeys((*COLUMN_FIELDS, "question", "where", "method"), "text"),
    **dict.fromkeys((*LISTS, "selected_on"), "a list of column names"),
    **dict.fromkeys(("treated", "control", "outcome_event"), "one value: a number, text, true or false"),
    **dict.fromkeys(("horizon", "threshold"), "a finite number"),
    "matters": "a number above zero",
    "by_levels": "two values",
    "row": "a row number or a filter",
    "changes": "an object of columns and the values that they are set to",
    "costs": "an object of columns with a number above zero for each: what one unit more of it, or one switch, costs",
    "compare": "an object with `column`, `from` and `to`",
    "sources": "an object that says who said what: you, model or data",
    "words": "an object of short texts",
    "design": "an object with a `kind` and the columns that this design needs",
    "graph": "an object with `edges`",
    "kind": "one of effect, effect_by_group, mediation, counterfactual, attribution, discovery, association",
    "target": "one of everyone, treated, untreated, compliers",
    "scale": "one of difference, ratio, odds_ratio, percent, rate_ratio, hazard_ratio",
    "missing": "drop or impute",
    "columns": "a list of column names",
    "knowledge": "an object with `tiers`, `required` and `forbidden`",
    "time_limit": "a number above zero",
}
# What each design needs, in the words of the error that names what is lacking.
_NEEDS = {
    "instrument": ("instruments",),
    "discontinuity": ("running", "cutoff"),
    "differences": ("time",),
    "panel": ("unit",),
    "front_door": ("mediators",),
    "mediation": ("mediators",),
    "synthetic_control": ("unit", "time", "treated_unit", "start"),
    "observational": (),
    "randomised": (),
}


def checked(overrides: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """The overrides, each of the right form and about columns of the table. Raises `QueryError`, `UnknownColumn`."""
    given = {name: value for name, value in overrides.items() if value is not None}
    for name, value in given.items():
        if name not in Query.model_fields:
            raise QueryError(f"{safe(name)!r} is not a field of a query.", _HINT)
        if name == "design":
            _design(value)
        _form(name, value)
    for name in COLUMN_FIELDS:
        if name in given:
            _known(given[name], profile, name)
    for name in LISTS:
        for column in given.get(name, ()):
            _known(column, profile, name)
    for name, role in (("changes", "column to change"), ("costs", "column with a cost")):
        for column in given.get(name, ()):
            _known(column, profile, role)
    if isinstance(given.get("compare"), Mapping) and "column" in given["compare"]:
        _known(given["compare"]["column"], profile, "compare")
    if isinstance(given.get("design"), Mapping):
        given["design"] = _design_values(dict(given["design"]), profile)
    for role, column in (("treated", "treatment"), ("control", "treatment"), ("outcome_event", "outcome")):
        if role in given and column in given:
            given[role] = level(given[role], profile.column(given[column]))
    return given


def level(value: Any, column: Column) -> Any:
    """The level of `column` that is spelled like `value` ("1" for 1); `value` itself where there is none."""
    if any(type(lv.value) is type(value) and lv.value == value for lv in column.levels):
        return value
    same = [lv.value for lv in column.levels if str(lv.value).casefold() == str(value).strip().casefold()]
    return same[0] if len(same) == 1 else value


def _design(value: Any) -> None:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    if kind is None:
        raise QueryError(f"`design` must be {_EXPECTED['design']}.", f"Kinds: {', '.join(_NEEDS)}.")
    if kind not in _NEEDS:
        raise QueryError(f"There is no design {safe(kind)!r}.", f"Kinds: {', '.join(_NEEDS)}.")
    if isinstance(value, Mapping):
        lacking = [part for part in _NEEDS[kind] if value.get(part) in (None, (), [])]
        if lacking:
            raise QueryError(
                f"The design {kind!r} lacks {' and '.join(f'`{part}`' for part in lacking)}.",
                "Name the column (or the value) for each of them.",
            )


def _form(name: str, value: Any) -> None:
    field = Query.model_fields[name]
    from typing import Annotated

    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    if name in (*LISTS, "selected_on") and isinstance(value, str):
        raise QueryError(f"`{name}` must be {_EXPECTED[name]}.", f'Write it as a list, such as ["{safe(value, 40)}"].')
    config = None if name in ("design", "graph") else ConfigDict(allow_inf_nan=False)
    try:
        TypeAdapter(annotation, config=config).validate_python(value)
    except (ValidationError, RecursionError) as error:
        faults = error.errors(include_url=False, include_input=False) if isinstance(error, ValidationError) else []
        kind = value.get("kind") if isinstance(value, Mapping) else None
        places = [".".join(map(str, f["loc"])) for f in faults]
        own = [
            p for p in places if kind is None or p.startswith(f"{kind}.") or p.split(".")[0].casefold() == _model(kind)
        ]
        place = (own or places or [""])[0].split(".")[-1]
        inside = f" (at fault: `{safe(place, 80)}`)" if name in ("design", "graph") and place else ""
        raise QueryError(f"`{name}` must be {_EXPECTED.get(name, 'of another form')}{inside}.", _HINT) from None


def _model(kind: str) -> str:
    """The record behind a design, as it stands in a fault."""
    return kind.replace("_", "").casefold()


def _known(name: Any, profile: Profile, role: str) -> None:
    if name not in profile.names():
        raise UnknownColumn(str(name), profile.names(), role)


def _design_values(design: dict[str, Any], profile: Profile) -> dict[str, Any]:
    for part in claimed.PARTS:
        if design.get(part) is not None:
            _known(design[part], profile, part)
    for part in claimed.LIST_PARTS:
        for name in design.get(part) or ():
            _known(name, profile, part)
    for part, column in (("treated_unit", "unit"), ("treated_group", "group"), ("start", "time")):
        if design.get(part) is not None and design.get(column) is not None:
            design[part] = level(design[part], profile.column(design[column]))
    return design
