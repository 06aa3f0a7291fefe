"""From columns as a file or a person gives them to the few tidy forms that everything else works on.

A tidy column is bool, int64, float64, datetime64 or object, and an object column holds only text (or, where a
yes/no column has gaps, True and False) and NaN.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MARKERS = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "<NA>", "#N/A", "#NA", "NaT")
# missing only where everything else is a number; among words "none" is an answer (no drug, no deposit)
NUMERIC_MARKERS = (".", "?", "-", "--", "*", "None", "none")
MAX_CELL = 10_000
MOST_SPELLED = 50  # levels; a column of more is names or free text, where capitals are left as they are
MEASURED_FROM = 13  # different cells with one unit from which they are measurements and no levels ("10 mg", "20 mg")
_UNIT = re.compile(
    r"(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?)\s?(?P<unit>kg|g|mg|µg|lbs?|t|km|m|cm|mm|m2|m²|ha|l|ml|kWh|MWh|mmHg|km/h|mph|°C|°F|h|hrs?|hours?|min|mins"
    r"|minutes?|s|sec|seconds?|days?|weeks?|months?|years?|yrs?|points?|pts?|EUR|euros?|USD|dollars?|GBP|CHF|percent)\.?"
)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]+)?")
_PLAINLY_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|,[0-9]{3}\.[0-9]+)")
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATE = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")


def tidy(series: pd.Series, name: str, typed: bool) -> tuple[pd.Series, list[str]]:
    """The tidy form of a column, and what a person should know about it.

    `typed` says that the source has real types (a DataFrame, Parquet, …): numbers that it holds as text are then
    left as text unless they are plainly a measurement.
    """
    import numpy as np
    import pandas as pd

    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        plain = dtype.categories.dtype if dtype.categories.dtype.kind in "fM" else object
        return tidy(series.astype(plain), name, typed)
    if isinstance(dtype, pd.SparseDtype):
        return tidy(pd.Series(series.to_numpy(), index=series.index), name, typed)
    if isinstance(dtype, pd.PeriodDtype):
        return tidy(series.dt.to_timestamp(), name, typed)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return tidy(series.dt.tz_convert("UTC").dt.tz_localize(None), name, typed)
    if dtype.kind == "M":
        try:
            return series.astype("datetime64[ns]"), []
        except (ValueError, OverflowError):
            return series.astype("datetime64[us]"), []
    if dtype.kind == "m":
        return series.dt.total_seconds() / 86_400, [f"The durations in {name!r} are read as days."]
    if dtype.kind == "b":
        if not series.isna().any():
            return series.astype(bool), []
        return series.astype(object).where(series.notna(), np.nan), []
    if dtype.kind in "iuf":
        return _number(series), []
    return _object(series, name, typed)


def _number(series: pd.Series) -> pd.Series:
    import numpy as np

    if series.dtype.kind == "f":
        return series.astype(np.float64) if not series.isna().any() else _to_float(series)
    if not series.isna().any():
        if series.dtype.kind == "u" and len(series) and int(series.max()) > np.iinfo(np.int64).max:
            return series.astype(np.float64)
        return series.astype(np.int64)
    return _to_float(series)


def _to_float(series: pd.Series) -> pd.Series:
    import numpy as np
    import pandas as pd

    return pd.Series(series.to_numpy(dtype=np.float64, na_value=np.nan), index=series.index)


def _object(series: pd.Series, name: str, typed: bool) -> tuple[pd.Series, list[str]]:
    import numpy as np
    import pandas as pd

    series = series.astype(object)
    series = series.where(series.notna(), np.nan)
    seen = series.dropna()
    if not len(seen):
        return series.astype(np.float64), []
    inferred = pd.api.types.infer_dtype(seen, skipna=True)
    if inferred == "boolean":
        return (series.astype(bool) if len(seen) == len(series) else series), []
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
        try:
            number = pd.to_numeric(series.map(float, na_action="ignore") if inferred == "decimal" else series)
            if number.dtype.kind in "iuf":
                return _number(number), []
        except (ValueError, TypeError, OverflowError):
            pass
    if inferred in ("datetime", "datetime64", "date"):
        try:
            return tidy(pd.to_datetime(series, utc=True), name, typed)
        except (ValueError, TypeError, OverflowError):
            pass
    if inferred in ("timedelta", "timedelta64"):
        days = series.map(lambda v: v / timedelta(days=1), na_action="ignore")
        return days.astype(np.float64), [f"The durations in {name!r} are read as days."]
    if inferred != "string":
        series = series.map(_as_text, na_action="ignore")
    return _text(series, name, typed)


def _in_order(value: Any) -> Any:
    # the order of a set changes from process to process
    return sorted(map(str, value)) if isinstance(value, (set, frozenset)) else str(value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (set, frozenset)):
        value = _in_order(value)
    if isinstance(value, (list, tuple, dict)):
        try:
            return json.dumps(value, ensure_ascii=False, default=_in_order, sort_keys=True)
        except (TypeError, ValueError, RecursionError):
            pass
    if hasattr(value, "tolist"):
        return str(value.tolist())
    return str(value)


def _text(series: pd.Series, name: str, typed: bool) -> tuple[pd.Series, list[str]]:
    """Text that may turn out to be numbers or dates. Works on the distinct values only, for speed."""
    import numpy as np
    import pandas as pd

    notes: list[str] = []
    codes, uniques = pd.factorize(series)
    texts = [str(u).strip()[:MAX_CELL] for u in uniques]
    if len(set(texts)) < len(texts):
        notes.append(f"Spaces around the values of {name!r} were taken off, so that equal values count as one.")
    marked = sorted({t for t in texts if t in MARKERS and t})
    if marked:
        rows = int(np.isin(codes, [i for i, t in enumerate(texts) if t in marked]).sum())
        notes.append(missing_note(name, marked, rows))
    cells: list[Any] = [np.nan if t in MARKERS else t for t in texts]

    def spread(values: list[Any], dtype: Any) -> pd.Series:
        # code -1 (missing) takes the NaN at the end
        array = np.array([*values, np.nan], dtype=dtype)
        return pd.Series(array[codes], index=series.index)

    found = _numbers(cells, name, typed)
    if found is not None:
        numbers, said = found
        # the note on gaps is of use for text only: in numbers "NA" is plainly a gap
        column = spread(numbers, np.float64)
        whole = column.notna().all() and bool((column % 1 == 0).all()) and bool((column.abs() < 2**53).all())
        spelled_whole = whole and not any("." in t for t in texts)
        return (column.astype(np.int64) if spelled_whole else column), said
    dates, said = _dates(cells, name)
    if dates is not None:
        array = np.append(dates, np.datetime64("NaT"))
        return pd.Series(array[codes], index=series.index), said
    cells, merged = _one_spelling(cells, np.bincount(codes[codes >= 0], minlength=len(cells)).tolist(), name)
    notes += merged
    return spread(cells, object), [*notes, *said, *_note_on_grouped(cells, name)]


def _one_spelling(cells: list[Any], counts: list[int], name: str) -> tuple[list[Any], list[str]]:
    """Levels that differ in capital letters alone ("Yes", "YES") as one, in the spelling of most rows; single letters are left, where
    they may be codes, except y and n."""
    spelled: dict[str, list[int]] = {}
    for i, cell in enumerate(cells):
        if isinstance(cell, str):
            spelled.setdefault(cell.casefold(), []).append(i)
    several = {key: at for key, at in spelled.items() if len(at) > 1 and (len(key) > 1 or set(spelled) <= {"y", "n"})}
    if not several or len(spelled) > MOST_SPELLED:
        return cells, []
    out = list(cells)
    for at in several.values():
        most = max(at, key=lambda i: (counts[i], str(cells[i])))
        for i in at:
            out[i] = cells[most]
    told = " and ".join(repr(str(out[at[0]])) for at in list(several.values())[:3])
    return out, [f"Values of {name!r} that differ in capital letters alone are read as one ({told})."]


def missing_note(name: str, markers: list[str], rows: int) -> str:
    """What is said when words in a text column were taken for gaps."""
    words = " and ".join(repr(m) for m in markers)
    return f"{words} in {name!r} {'was' if len(markers) == 1 else 'were'} read as missing ({rows:,} rows)."


def _numbers(cells: list[Any], name: str, typed: bool) -> tuple[list[float], list[str]] | None:
    import math

    texts = [c for c in cells if isinstance(c, str)]
    soft = sorted({t for t in texts if t in NUMERIC_MARKERS})
    hard = [t for t in texts if t not in NUMERIC_MARKERS]
    if not hard:
        return None
    strip, said = "", []
    plain = all(_NUMBER.fullmatch(t) for t in hard)
    if plain:
        # codes such as 00123 or very long numbers would change; a typed source means what it says about few levels
        coded = any(re.fullmatch(r"0[0-9]+", t) for t in hard) or any(len(t) > 25 or _long(t) for t in hard)
        if coded or (typed and len(hard) <= 12):
            return None
        if typed:
            said.append(f"{name!r} holds numbers written as text; they are read as numbers.")
    else:
        measured = [_UNIT.fullmatch(t) for t in hard]
        units = {m["unit"] for m in measured if m}
        if len(units) == 1 and all(measured) and len(hard) >= MEASURED_FROM:
            said = [f"{name!r} is read as numbers, without the unit {units.pop()}."]
            return [
                float(m["number"]) if isinstance(t, str) and (m := _UNIT.fullmatch(t)) else math.nan for t in cells
            ], said
        sign = next((s for s in "%$€£" if all(s in t for t in hard)), "")
        bare = [t.replace(sign, "", 1).strip() if sign else t for t in hard]
        if all(_NUMBER.fullmatch(t) for t in bare):
            strip = sign
        elif all(_GROUPED.fullmatch(t) for t in bare) and (
            any(_PLAINLY_GROUPED.fullmatch(t) for t in bare) or (sign in "$£" and sign) or _thousands(bare)
        ):
            strip = sign + ","
        else:
            return None
        what = " and ".join(
            (["the sign " + sign] if sign else []) + (["commas between thousands"] if "," in strip else [])
        )
        said.append(f"{name!r} is read as numbers, without {what}.")
    if soft:
        said.append(
            f"{' and '.join(repr(s) for s in soft)} in {name!r} {'was' if len(soft) == 1 else 'were'} read as missing."
        )

    def number(cell: Any) -> float:
        if not isinstance(cell, str) or cell in NUMERIC_MARKERS:
            return math.nan
        for sign in strip:
            cell = cell.replace(sign, "")
        return float(cell.strip())

    return [number(c) for c in cells], said


def _thousands(texts: list[str]) -> bool:
    """Are these whole numbers of which the larger ones have commas between thousands ("850", "12,400")?

    Commas for decimals would leave some numbers with other than three digits behind them, and none without a comma beside ones
    that end in a written-out zero.
    """
    commas = [t for t in texts if "," in t]
    plain = [t for t in texts if "," not in t and "." not in t]
    return (
        len(commas) >= 10
        and bool(plain)
        and all(re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", t) for t in commas)
        and any(t.endswith("0") for t in commas)
    )


def _long(text: str) -> bool:
    # more than 15 digits do not survive as a float: a card or record number, not a measurement
    return bool(re.fullmatch(r"[+-]?[0-9]{16,}", text))


def _note_on_grouped(cells: list[Any], name: str) -> list[str]:
    texts = [c for c in cells if isinstance(c, str) and c not in NUMERIC_MARKERS]
    if (
        texts
        and all(re.fullmatch(r"[+-]?[$€£]?[0-9.,' ]*[0-9]%?", t) for t in texts)
        and any(c in t for t in texts for c in ",' ")
    ):
        return [
            f"{name!r} looks like numbers with separators, but it is not certain what they mean: it is kept as text. "
            "Write plain numbers with a decimal point to have it read as a number."
        ]
    return []


def _dates(cells: list[Any], name: str) -> tuple[Any, list[str]]:
    import pandas as pd

    texts = [c for c in cells if isinstance(c, str)]
    if not texts:
        return None, []
    said: list[str] = []
    if all(_ISO.fullmatch(t) for t in texts):
        form: dict[str, Any] = {"format": "ISO8601", "utc": True}
    else:
        parts = [m for t in texts if (m := _DATE.fullmatch(t))]
        if len(parts) < len(texts):
            return None, []
        first, second = max(int(m[1]) for m in parts), max(int(m[3]) for m in parts)
        mark = parts[0][2]
        if len({m[2] for m in parts}) > 1:
            return None, []
        if mark == "." or (first > 12 >= second):
            form = {"format": f"%d{mark}%m{mark}%Y"}
        elif second > 12 >= first:
            form = {"format": f"%m{mark}%d{mark}%Y"}
        else:
            return None, [
                f"The dates in {name!r} can be day-month or month-day: they are kept as text. Write YYYY-MM-DD."
            ]
    try:
        found = pd.to_datetime(pd.Series(cells, dtype=object), **form)
        if found.dt.tz is not None:
            found = found.dt.tz_localize(None)
        return found.astype("datetime64[ns]").to_numpy(), said
    except (ValueError, OverflowError, pd.errors.OutOfBoundsDatetime):
        return None, []
