"""The order of periods: from the cells of a time column (numbers, dates, yes/no, text) to positions on a line.

Text is put in order only where its meaning is plain (`2004Q2`, `March 2010`, `wave 3`, `before`/`after`); anything else is a
question back to the person, because a guessed order could turn an effect round.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data import Table
from ..errors import QueryError
from ..wording import join, number, safe
from .contrast import as_number, check_filled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDS = {
    **dict.fromkeys(("before", "pre", "baseline", "earlier", "old", "prior", "no", "n", "false", "f", "off"), 0.0),
    **dict.fromkeys(
        ("after", "post", "endline", "follow-up", "followup", "later", "new", "yes", "y", "true", "t", "on"), 1.0
    ),
}
_QUARTER = re.compile(r"(?:([12][0-9]{3})[ -]?q([1-4])|q([1-4])[ -]?([12][0-9]{3}))")
_MONTH = re.compile(r"(?:([a-z]{3,9})\.?[ -]?([12][0-9]{3})|([12][0-9]{3})[ -]?([a-z]{3,9}))")
_DATE = re.compile(r"[12][0-9]{3}-[0-9]{1,2}(?:-[0-9]{1,2})?(?:[ t][0-9:.]+z?)?")
_NUMBERED = re.compile(r"([^0-9]*)([0-9]{1,9})([^0-9]*)")


@dataclass(frozen=True)
class Clock:
    """A time column on a line.

    at: (rows,) position of every row of the table, NaN where it is not recorded.
    names: position -> what a person reads.
    """

    column: str
    at: Floats
    names: dict[float, str]
    text: bool
    dated: bool

    def position(self, value: object) -> float:
        """Where a value that a person gives (`start`) lies. Raises `QueryError` where it fits no period of this column."""
        found = _moment(value) if self.dated else _spot(value)[1] if self.text else as_number(value)
        if found is None and isinstance(value, str) and not self.dated:
            found = next((at for at, name in self.names.items() if name.casefold() == value.strip().casefold()), None)
        if found is None or (self.text and _spot(value)[0] != self._family()):
            raise QueryError(
                f"{value!r} cannot be placed among the periods of {self.column!r}.",
                f"They run from {self.first} to {self.last}; give one of them.",
            )
        return found

    def _family(self) -> str:
        return _spot(next(iter(self.names.values())))[0]

    def name(self, at: float) -> str:
        """What a person reads for a position."""
        return self.names.get(at) or number(at, 4)

    @property
    def first(self) -> str:
        return self.names[min(self.names)]

    @property
    def last(self) -> str:
        return self.names[max(self.names)]


def clock_of(table: Table, name: str, mask: NDArray[np.bool_] | None = None) -> Clock:
    """Read a time column (`mask`: the rows that matter). Raises `QueryError` for a text whose order nobody can know."""
    import numpy as np
    import pandas as pd

    column = table.profile.column(name)
    check_filled(column, "time")
    series = table.column(name)
    if mask is not None:
        series = series.where(pd.Series(mask, index=series.index))
    kind = series.dtype.kind
    present = series.notna().to_numpy(dtype=bool)
    at = np.full(len(series), np.nan)
    if kind == "M":
        stamps = series[present]
        at[present] = stamps.astype("datetime64[s]").astype("int64").to_numpy() / 86400.0
        names = {float(p): str(pd.Timestamp(v).date()) for p, v in zip(at[present], stamps, strict=True)}
        return Clock(name, at, names, text=False, dated=True)
    if kind in "biuf":
        at[present] = series[present].astype("float64").to_numpy()
        return Clock(name, at, {float(v): _plain(v) for v in np.unique(at[present])}, text=False, dated=False)
    cells = series[present].tolist()
    if all(isinstance(v, (bool, int, float)) for v in cells):
        at[present] = np.array(cells, dtype="float64")
        return Clock(name, at, {float(v): _plain(v) for v in np.unique(at[present])}, text=False, dated=False)
    spots = {str(v): _spot(v) for v in dict.fromkeys(cells)}
    families = {family for family, _ in spots.values()}
    if len(families) > 1 or "?" in families:
        shown = join([repr(v) for v in list(spots)[:6]])
        raise QueryError(
            f"Which comes first in {name!r}? Its values ({shown}) have no order that can be read off.",
            "Number the periods (1, 2, …), or write them as dates.",
        )
    at[present] = [spots[str(v)][1] or 0.0 for v in cells]
    return Clock(name, at, {spot or 0.0: safe(text, 30) for text, (_, spot) in spots.items()}, text=True, dated=False)


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _moment(value: object) -> float | None:
    """Days since 1970 of a date, or of a year's first day."""
    import pandas as pd

    if isinstance(value, bool):
        return None
    text = str(int(value)) if isinstance(value, (int, float)) and float(value).is_integer() else str(value)
    if not re.match(r"[12][0-9]{3}(?:-|$)", text.strip()):
        return None
    try:
        stamp = pd.Timestamp(text.strip())
    except ValueError:
        return None
    stamp = stamp.tz_convert("UTC").tz_localize(None) if stamp.tz is not None else stamp
    return float((stamp - pd.Timestamp(1970, 1, 1)).total_seconds() / 86400.0)


def _spot(value: object) -> tuple[str, float | None]:
    """(family, position) of a text; positions compare within a family only. ("?", None) where no order can be read."""
    plain = as_number(value)
    if plain is not None:
        return "number", plain
    text = str(value).strip().casefold()
    if text in _WORDS:
        return "word", _WORDS[text]
    quarter = _QUARTER.fullmatch(text)
    if quarter:
        year, part = int(quarter[1] or quarter[4]), int(quarter[2] or quarter[3])
        return "quarter", 4.0 * year + part - 1
    month = _MONTH.fullmatch(text)
    if month:
        word, year = (month[1] or month[4])[:3], int(month[2] or month[3])
        if word in _MONTHS:
            return "month", 12.0 * year + _MONTHS.index(word)
    if _DATE.fullmatch(text):
        moment = _moment(text.upper())
        if moment is not None:
            return "date", moment
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        return f"{numbered[1].strip()}#{numbered[3].strip()}", float(numbered[2])
    return "?", None


def never(value: Any) -> bool:
    """Whether a cell of a cohort column means "never treated": empty, 0, infinite, or the word."""
    if value is None or value != value:
        return True
    if isinstance(value, str):
        text = value.strip().casefold()
        if text in ("", "never", "none", "no", "na", "nan", "control", "untreated", "inf"):
            return True
    plain = as_number(value)
    return plain == 0 or (isinstance(value, float) and math.isinf(value))
