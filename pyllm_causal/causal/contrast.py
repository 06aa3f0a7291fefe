"""Which two values of the treatment are compared, and which level of the outcome counts: from words to levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..analysis import NotIdentified
from ..errors import QueryError
from ..polarity import no_and_yes
from ..profile import Column, Profile, as_yes_no
from ..query import Query, Value
from ..wording import join, safe

LARGEST = 1e100  # squares and products of larger numbers overflow
YES = ("yes", "y", "true", "t", "on", "1", "1.0", "ja", "oui", "si", "sí", "sì", "sim")
NO = ("no", "n", "false", "f", "off", "0", "0.0", "nein", "nee", "non", "não", "nao")
# Levels that say that nobody knows: never compared unless asked for by name, and no proof that an event did not happen.
UNKNOWN = (
    "unknown", "unk", "not known", "don't know", "dont know", "do not know", "dk", "no answer", "no response", "not asked",
    "not stated", "not recorded", "not reported", "not available", "refused", "missing", "prefer not to say", "unsure",
    "unbekannt", "keine angabe", "weiß nicht", "weiss nicht", "inconnu", "desconocido",
)  # fmt: skip


@dataclass(frozen=True)
class Contrast:
    """`arms`: two levels of the treatment column; `dose`: two numbers on its scale.

    `per_unit` is True when nobody named the two numbers: the question is then "per unit", on average over the range.
    """

    kind: Literal["arms", "dose"]
    treated: Value
    control: Value
    per_unit: bool = False
    note: str = ""


def as_number(value: object) -> float | None:
    """The value as a finite number, or None. Booleans count as 0 and 1."""
    import math

    try:
        number = float(value) if isinstance(value, (bool, int, float)) else float(str(value).strip())
    except (ValueError, OverflowError):  # a whole number of hundreds of digits is too large for a float
        return None
    return number if math.isfinite(number) else None


def same(a: object, b: object) -> bool:
    """Whether two spellings mean the same level: numbers by value, text without case and outer blanks."""
    left, right = as_number(a), as_number(b)
    if left is not None and right is not None:
        return left == right
    return str(a).strip().casefold() == str(b).strip().casefold()


def find_level(column: Column, value: Value, role: str) -> Value:
    """The column's own spelling of `value`, or `QueryError` that lists the levels."""
    exact = [
        lv.value for lv in column.levels if lv.value == value and isinstance(lv.value, bool) == isinstance(value, bool)
    ]
    loose = exact or [lv.value for lv in column.levels if same(lv.value, value)]
    if not loose and column.kind == "yes_no":  # "yes" for a 0/1 column, 1 for a yes/no column
        positive = str(value).strip().casefold() in YES
        negative = str(value).strip().casefold() in NO
        if positive or negative:
            loose = [lv.value for lv in column.levels if (str(lv.value).strip().casefold() in YES) == positive]
    if not loose:
        raise QueryError(f"{value!r} is not a value of {role} {column.name!r}.", f"Its values are {_levels(column)}.")
    return loose[0]


def _levels(column: Column) -> str:
    shown = [lv.value for lv in column.levels[:12]]
    return join([repr(v) for v in shown]) + (" and others" if len(column.levels) > 12 else "")


def positive_level(column: Column) -> tuple[Value, Value]:
    """(no, yes) of a recognised yes/no column, as its description has it where that says which is which."""
    if (pair := no_and_yes(column)) is not None:
        return pair
    yes = [lv.value for lv in column.levels if str(lv.value).strip().casefold() in YES]
    no = [lv.value for lv in column.levels if lv.value not in yes]
    if len(yes) != 1 or len(no) != 1:
        raise QueryError(f"{column.name!r} is not a yes/no column.", f"Its values are {_levels(column)}.")
    return no[0], yes[0]


def unknown(value: object) -> bool:
    """Whether a level says that nobody knows."""
    return isinstance(value, str) and value.strip().casefold().rstrip(".") in UNKNOWN


def known_pair(column: Column) -> tuple[Value, Value] | None:
    """(no, yes) where these are all the levels of a text column beside those for not knowing."""
    known = [lv.value for lv in column.levels if not unknown(lv.value)]
    if column.kind != "category" or len(known) != 2 or column.distinct != len(column.levels):
        return None
    told = {as_yes_no(value): value for value in known}
    return (told[False], told[True]) if set(told) == {False, True} else None


def check_usable(column: Column, role: str) -> None:
    """Raise `QueryError` when the column cannot play the role at all."""
    check_filled(column, role)
    if column.kind in ("text", "time"):
        what = "free text" if column.kind == "text" else "dates"
        plainly = " Write numbers plainly: 12345.67, not 12,345.67." if column.kind == "text" else ""
        raise QueryError(
            f"The {role} column {column.name!r} holds {what}.", f"Turn it into numbers or categories first.{plainly}"
        )


def check_filled(column: Column, role: str) -> None:
    """Raise `QueryError` when the column has no values, or infinite ones."""
    if column.kind == "empty":
        raise QueryError(f"The {role} column {column.name!r} is empty.", "Choose a column with values.")
    if column.infinite:
        raise QueryError(
            f"The {role} column {column.name!r} holds {column.infinite} infinite values.",
            "Replace them with numbers or leave those cells empty.",
        )
    ends = [abs(v) for v in (column.minimum, column.maximum) if v is not None]
    if ends and (max(ends) > LARGEST or 0 < max(ends) < 1 / LARGEST):
        raise QueryError(
            f"The numbers in the {role} column {column.name!r} are too {'large' if max(ends) > 1 else 'small'} to compute"
            " with.",
            "Give them in another unit.",
        )


def is_categorical(column: Column, query: Query) -> bool:
    return column.kind == "category" or column.name in query.categorical


def contrasts(query: Query, profile: Profile) -> list[Contrast]:
    """The comparisons that the query asks for: one, or all arms against `control`."""
    column = profile.column(str(query.treatment))
    check_usable(column, "treatment")
    if column.kind == "constant":
        return []
    treated, control = query.treated, query.control
    if column.kind == "yes_no" and not is_categorical(column, query):
        no, yes = positive_level(column)
        pair = (
            yes if treated is None else find_level(column, treated, "treatment"),
            no if control is None else find_level(column, control, "treatment"),
        )
        if pair[0] == pair[1]:
            if treated is not None and control is not None:
                raise _both_same(column, pair[0])
            other = {no: yes, yes: no}[pair[0]]
            pair = (pair[0], other) if treated is not None else (other, pair[1])
        return [Contrast("arms", *pair)]
    pair_known = known_pair(column) or no_and_yes(column)
    if pair_known is not None and treated is None and control is None:
        return [Contrast("arms", pair_known[1], pair_known[0])]
    if is_categorical(column, query) or column.distinct == 2:
        return _by_level(column, treated, control)
    dose = _dose(column, query)
    if query.design.kind == "randomised" and not dose.per_unit:
        return [as_arms(dose, column) or dose]  # with both groups at hand no curve has to be assumed
    return [dose]


def nothing_to_compare(treatment: object, usable: bool = False) -> NotIdentified:
    """The refusal for a treatment that is the same everywhere (`usable`: in every row that could be used)."""
    rows = "usable row" if usable else "row"
    return NotIdentified(
        code="constant_treatment",
        reason=f"There is nothing to compare: {safe(treatment)} has the same value in every {rows}.",
        would_help=(f"rows in which {safe(treatment)} differs",),
    )


def one_contrast(query: Query, profile: Profile) -> Contrast | NotIdentified:
    """The comparison of a design that makes one; a refusal where the treatment never varies. Raises `QueryError` for several."""
    asked = contrasts(query, profile)
    if not asked:
        return nothing_to_compare(query.treatment)
    if len(asked) > 1:
        raise QueryError(
            f"{query.treatment!r} has several values; which two are compared?",
            "Give both `treated` and `control`.",
        )
    return asked[0]


MOST_ARMS = 12
ROWS_AN_ARM = 30


def as_arms(dose: Contrast, column: Column) -> Contrast | None:
    """The same two numbers as groups of rows, where the column has few values and enough rows at both."""
    rows = {as_number(lv.value): lv for lv in column.levels}
    pair = rows.get(as_number(dose.treated)), rows.get(as_number(dose.control))
    if (
        column.distinct > MOST_ARMS
        or pair[0] is None
        or pair[1] is None
        or min(p.rows for p in pair if p) < ROWS_AN_ARM
    ):
        return None
    return Contrast("arms", pair[0].value, pair[1].value)


def _both_same(column: Column, level: Value) -> QueryError:
    return QueryError(
        f"`treated` and `control` both mean {level!r} of {column.name!r}; there is nothing to compare.",
        f"Its values are {_levels(column)}.",
    )


def _by_level(column: Column, treated: Value | None, control: Value | None) -> list[Contrast]:
    levels = [lv.value for lv in column.levels]
    if column.distinct > len(levels):
        raise QueryError(
            f"The treatment column {column.name!r} has {column.distinct} different values, too many to compare.",
            "Group them into a few categories first.",
        )
    if not any(unknown(v) for v in (treated, control)):
        levels = [v for v in levels if not unknown(v)] or levels
    two = len(levels) == 2
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in levels)
    if treated is not None and control is not None:
        arms = find_level(column, treated, "treatment"), find_level(column, control, "treatment")
        if arms[0] == arms[1]:
            raise _both_same(column, arms[0])
        return [Contrast("arms", *arms)]
    if treated is not None:
        arm = find_level(column, treated, "treatment")
        if not two:
            raise QueryError(
                f"{column.name!r} has {len(levels)} values; {treated!r} must be compared with one of them.",
                f"Give `control`: one of {_levels(column)}.",
            )
        return [Contrast("arms", arm, next(v for v in levels if v != arm))]
    if control is not None:
        base = find_level(column, control, "treatment")
        return [Contrast("arms", v, base) for v in levels if v != base]
    if two and numeric:
        return [Contrast("arms", levels[1], levels[0], note=f"compared {levels[1]} with {levels[0]}")]
    raise QueryError(
        f"Which value of {column.name!r} counts as treated? Its values are {_levels(column)}.",
        "Give `treated` and `control` (or `control` alone for all the others against it).",
    )


def _dose(column: Column, query: Query) -> Contrast:
    import math

    def given(value: Value, role: str) -> float:
        number = as_number(value)
        if number is None or isinstance(value, bool):
            raise QueryError(
                f"`{role}` is {value!r}, but {column.name!r} holds numbers.",
                f"Give a number, for example {column.low} (or list {column.name!r} under `categorical`).",
            )
        return number

    treated = None if query.treated is None else given(query.treated, "treated")
    control = None if query.control is None else given(query.control, "control")
    if treated is not None and control is not None:
        if treated == control:
            raise QueryError("`treated` and `control` are the same number.", "Give two different numbers.")
        return Contrast("dose", treated, control)
    if treated is not None:
        return Contrast("dose", treated, treated - 1)
    if control is not None:
        return Contrast("dose", control + 1, control)
    return Contrast("dose", math.nan, math.nan, per_unit=True)  # the median is filled in from the rows used
