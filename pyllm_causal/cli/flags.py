"""Flags that say the query by hand: `--treatment`, `--outcome`, `--design` and its parts. They need no language model.

One table of flags; `ask` and `read` take them all, and `overrides` turns them into fields of the query.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import typer

from . import console
from .completion import column_names
from .known import KNOWN, gathered

Command = Callable[..., None]


@dataclass(frozen=True)
class Flag:
    """One flag: its name in code, what it takes and what it says in `--help`. `part` marks the parts of a design."""

    name: str
    help: str
    metavar: str = "COLUMN"
    type: Any = str
    part: bool = False

    @property
    def option(self) -> Any:
        """The annotation that typer reads."""
        spelled = "--" + self.name.replace("_", "-")
        offered = column_names if self.metavar == "COLUMN" else None
        return Annotated[
            self.type | None, typer.Option(spelled, help=self.help, metavar=self.metavar, autocompletion=offered)
        ]


_MANY = list[str]

FLAGS = (
    Flag("treatment", "The column whose effect is asked for."),
    Flag("outcome", "The column that may be affected."),
    Flag("treated", "The value of the treatment that is compared …", "VALUE"),
    Flag("control", "… with this value.", "VALUE"),
    Flag("kind", "Kind of question: effect, effect_by_group, mediation, counterfactual, attribution, …", "KIND"),
    Flag("where", "Only these rows, e.g. 'age >= 40 and sex == 1'.", "FILTER"),
    Flag("by", "Does the effect differ by this column?"),
    Flag("target", "For whom: everyone, treated, untreated or compliers.", "WHOM"),
    Flag("scale", "difference, ratio, odds_ratio, percent, rate_ratio or hazard_ratio.", "SCALE"),
    Flag("adjust_for", "A column to hold fixed; repeat for more.", type=_MANY),
    Flag("outcome_event", "The level of the outcome that counts as the event.", "VALUE"),
    Flag("event", "For time to event: the yes/no column of the event (the outcome is then the time)."),
    Flag("horizon", "For time to event: the time at which survival is compared.", "NUMBER"),
    Flag("row", "For one case: the row's number or a filter.", "ROW"),
    Flag("compare", "Why did it change? The column and its two values.", "COLUMN:FROM:TO"),
    Flag("change", "What if this column had this value? Repeat for more.", "COLUMN=VALUE", type=_MANY),
    Flag("cost", "The best single change: what one unit, or one switch, costs; repeat for more.", "COLUMN=NUMBER", type=_MANY),
    Flag("matters", "The smallest difference that matters, in the outcome's unit.", "NUMBER"),
    Flag("cluster", "The column whose groups share what is unmeasured."),
    Flag("weights", "The column of sampling weights."),
    Flag("categorical", "A number column that is a list of codes; repeat for more.", type=_MANY),
    Flag("selected_on", "What decided which rows are in the table; repeat for more.", type=_MANY),
    Flag("missing", "drop or impute.", "HOW"),
    Flag("columns", "What causes what: look at this column; repeat for more. Without, at all.", type=_MANY),
    Flag("knowledge", "What causes what: a JSON file with what is known: tiers, required, forbidden.", "FILE"),
    Flag("tier", "What causes what: columns of one point in time, the earliest first; repeat for later ones.", "A,B", _MANY),
    Flag("require", "What causes what: A is known to affect B; repeat for more.", "A:B", _MANY),
    Flag("forbid", "What causes what: A is known not to affect B; repeat for more.", "A:B", _MANY),
    Flag("environment", "What causes what: the column of sites, periods or countries, whose differences tell directions."),
    Flag("time_limit", "What causes what: seconds that the search may take.", "NUMBER"),
    Flag("method", "The estimator behind the headline, by its registered name.", "NAME"),
    Flag("graph", "A graph file, best one that somebody signed; it takes the place of a drafted picture.", "FILE"),
    Flag(
        "design",
        "How the data came about: randomised, instrument, discontinuity, differences, panel, front_door, mediation, "
        "synthetic_control.",
        "DESIGN",
    ),
    Flag("strata", "Randomised: a column within whose values chance was drawn; repeat for more.", type=_MANY, part=True),
    Flag("instrument", "Instrument: a column that moves the treatment only; repeat for more.", type=_MANY, part=True),
    Flag("mediator", "Mediation, front door: a column in between; repeat for more.", type=_MANY, part=True),
    Flag("running", "Cut-off: the column that is compared with it.", part=True),
    Flag("cutoff", "Cut-off: where it lies.", "NUMBER", part=True),
    Flag("treated_side", "Cut-off: above or below.", "SIDE", part=True),
    Flag("bandwidth", "Cut-off: use only rows within this distance.", "NUMBER", part=True),
    Flag("fuzzy", "Cut-off: it only makes the treatment more likely.", "", bool, part=True),
    Flag("time", "Before and after, panel, synthetic control: the column of the time.", part=True),
    Flag("unit", "Before and after, panel, synthetic control: the column of the units.", part=True),
    Flag("group", "Before and after: the column of the groups.", part=True),
    Flag("treated_group", "Before and after: the group that was treated.", "VALUE", part=True),
    Flag("first_treated", "Before and after: the column of the first treated period.", part=True),
    Flag("treated_unit", "Synthetic control: the unit that was treated.", "VALUE", part=True),
    Flag("start", "Before and after, synthetic control: the first treated period.", "VALUE", part=True),
)  # fmt: skip

# flag → part of a design, where they are called differently
_PART = {"instrument": "instruments", "mediator": "mediators"}
_PARTS = {
    "observational": (),
    "randomised": ("strata",),
    "instrument": ("instrument",),
    "discontinuity": ("running", "cutoff", "treated_side", "bandwidth", "fuzzy"),
    "differences": ("time", "group", "treated_group", "start", "unit", "first_treated"),
    "panel": ("unit", "time"),
    "front_door": ("mediator",),
    "mediation": ("mediator",),
    "synthetic_control": ("unit", "time", "treated_unit", "start"),
}
# a part that belongs to one design only names it; a mediator alone asks how much passes through it
_TELLS = {
    "strata": "randomised", "instrument": "instrument", "running": "discontinuity", "cutoff": "discontinuity",
    "treated_unit": "synthetic_control", "first_treated": "differences", "group": "differences", "mediator": "mediation",
}  # fmt: skip
_NUMBERS = ("horizon", "matters", "cutoff", "bandwidth", "time_limit")
_VALUES = ("treated", "control", "outcome_event", "treated_group", "treated_unit", "start")


def taking(command: Command) -> Command:
    """`command` with every flag added to it; it gets them as one mapping, `flags`."""
    hints = get_type_hints(command, include_extras=True)

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        flags = {flag.name: given.pop(flag.name, None) for flag in FLAGS}
        command(**given, flags=flags)

    signature = inspect.signature(command)
    own = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values() if p.name != "flags"]
    added = [
        inspect.Parameter(f.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=f.option)
        for f in FLAGS
    ]
    parameters = [*own, *added]
    wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    del wrapper.__wrapped__
    return wrapper


def overrides(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the query from the flags that were given. Raises `QueryError`."""
    given = {name: value for name, value in flags.items() if value not in (None, [], False)}
    for name in _VALUES:
        if name in given:
            given[name] = _value(given[name])
    if "row" in given and isinstance(row := _value(given["row"]), int):
        given["row"] = row
    given |= _modelled(given)
    for name in _NUMBERS:
        if name in given:
            given[name] = _number(name, given[name])
    for name in ("change", "cost"):
        given.pop(name, None)
    parts = {flag.name: given.pop(flag.name) for flag in FLAGS if flag.part and flag.name in given}
    for name in ("adjust_for", "categorical", "selected_on", "columns"):
        if name in given:
            given[name] = tuple(given[name])
    known = {name: given.pop(name) for name in ("knowledge", *KNOWN) if name in given}
    if known:
        given["knowledge"] = gathered(**known)
    if "graph" in given:
        given = with_graph(given, given["graph"])
    kind = given.pop("design", None)
    if kind is not None or parts:
        given["design"] = _design(kind, parts)
    return given


def _modelled(given: Mapping[str, Any]) -> dict[str, Any]:
    """`compare`, `changes` and `costs` from their spellings on the command line. Raises `QueryError`."""
    from ..errors import QueryError

    out: dict[str, Any] = {}
    if "compare" in given:
        parts = given["compare"].rsplit(":", 2)
        if len(parts) < 3 or not all(p.strip() for p in parts):
            raise QueryError(
                f"--compare {given['compare']!r} does not name a column and two of its values.",
                "Write COLUMN:FROM:TO, such as month:March:April.",
            )
        out["compare"] = {"column": parts[0], "from": _value(parts[1]), "to": _value(parts[2])}
    for flag, field in (("change", "changes"), ("cost", "costs")):
        for text in given.get(flag, ()):
            name, sign, value = text.partition("=")
            if not sign or not name.strip() or not value.strip():
                raise QueryError(f"--{flag} {text!r} is not of the form COLUMN=VALUE.", _SPELLED[flag])
            if name.strip() in out.get(field, {}):
                raise QueryError(f"--{flag} names {name.strip()!r} twice.", "Say one value for it.")
            out.setdefault(field, {})[name.strip()] = _value(value) if flag == "change" else _cost(text, value)
    return out


_SPELLED = {
    "change": "Write the column and the value that it is set to, such as price=20.",
    "cost": "Write the column and a number above zero, such as price=2.5: what one unit more of it, or one switch, costs.",
}


def _cost(text: str, value: str) -> float:
    from ..errors import QueryError

    number = _value(value)
    if isinstance(number, (bool, str)) or not number > 0:
        raise QueryError(
            f"--cost {text!r} gives no cost: a cost is a number above zero, what one unit more of the column (or one switch"
            " of it) costs. Any unit will do that is the same for all columns.",
            "Write it as price=2.5, without currency; leave a column out that cannot be changed.",
        )
    return float(number)


def with_graph(fields: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The fields of a query with the graph of a file in place of their own; what is to be said about it is told.

    Raises `GraphError`, also where the fields name a treatment or outcome of which the graph says nothing.
    """
    from ..graph_formats import reused

    found, remarks = reused(path)
    for remark in remarks:
        console.tell(remark)
    found["graph"].require(fields.get("treatment"), fields.get("outcome"))
    chosen = tuple(dict.fromkeys((*fields.get("selected_on", ()), *found.pop("selected_on", ()))))
    sources = {**fields.get("sources", {}), **found["sources"]}
    return {**fields, **found, "sources": sources, **({"selected_on": chosen} if chosen else {})}


def _design(kind: str | None, parts: Mapping[str, Any]) -> dict[str, Any]:
    from ..errors import QueryError

    told = {_TELLS[name] for name in parts if name in _TELLS}
    if kind is None:
        if len(told) != 1:
            spelled = " and ".join(f"--{name.replace('_', '-')}" for name in parts)
            raise QueryError(f"{spelled}: which design is that?", f"Add --design: {', '.join(_PARTS)}.")
        kind = told.pop()
    foreign = [name for name in parts if kind in _PARTS and name not in _PARTS[kind]]
    if foreign:
        flag = f"--{foreign[0].replace('_', '-')}"
        own = ", ".join(f"--{name.replace('_', '-')}" for name in _PARTS[kind]) or "no further flag"
        raise QueryError(f"{flag} is no part of the design {kind!r}.", f"It takes {own}.")
    return {
        "kind": kind,
        **{_PART.get(name, name): tuple(v) if isinstance(v, list) else v for name, v in parts.items()},
    }


def _number(name: str, text: str) -> float:
    from ..errors import QueryError

    value = _value(text)
    if isinstance(value, (bool, str)):
        raise QueryError(f"--{name} {text!r} is not a number.", "Write it with a point, such as 2.5.")
    return float(value)


def _value(text: str) -> Any:
    """A value as it is meant: a number or true/false where it is spelled like one, else text."""
    folded = text.strip().casefold()
    if folded in ("true", "false"):
        return folded == "true"
    try:
        number = float(folded)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and "." not in folded and "e" not in folded else number
