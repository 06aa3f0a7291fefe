"""The table: tidy columns under safe names, their profile and their fingerprint."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError, QueryError, UnknownColumn
from .filter import Condition, Filter
from .profile import Profile, as_yes_no, describe, level_order, profile_column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

    from .formats import Raw

MAX_NAME = 300


class Table:
    """A table that has been read and described. Treat it as immutable.

    `names` are the original column names, `frame` holds the same columns as c0 … cN (bool, int64, float64,
    datetime64 or object of text; missing is NaN/NaT) with the rows numbered from 0, `fingerprint` is a SHA-256 over
    names, dtypes and values, and `notes` say in plain words what reading did to the table.
    """

    __slots__ = ("_at", "fingerprint", "frame", "names", "notes", "profile")

    names: tuple[str, ...]
    frame: pd.DataFrame
    profile: Profile
    fingerprint: str
    notes: tuple[str, ...]

    def __init__(
        self,
        names: tuple[str, ...],
        frame: pd.DataFrame,
        profile: Profile,
        fingerprint: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.names, self.frame, self.profile = names, frame, profile
        self.fingerprint, self.notes = fingerprint, notes
        self._at = {name: f"c{i}" for i, name in enumerate(names)}

    @classmethod
    def read(
        cls,
        source: str | Path | pd.DataFrame | pl.DataFrame | Table,
        *,
        describe: str | Mapping[str, Any] | None = None,
        name: str | None = None,
        sheet: str | None = None,
        table: str | None = None,
    ) -> Table:
        """Read a file or a DataFrame.

        `describe` is a data dictionary (see `profile.describe`), `name` what the table is called, `sheet` and `table`
        pick a part of a workbook or database. Raises `DataError` for anything that is not a usable table.
        """
        from .reading import read_file, read_frame

        if isinstance(source, Table):
            return source if describe is None and name is None else source._again(describe, name)
        raw = read_file(source, sheet, table) if isinstance(source, (str, Path)) else read_frame(source)
        return _build(raw, describe, name)

    def _again(self, described: str | Mapping[str, Any] | None, name: str | None) -> Table:
        """The same rows with other descriptions or another name."""
        old = self.profile
        texts = {c.name: c.description for c in old.columns if c.description}
        texts |= describe(described, self.names) if described else {}
        frame, notes = _gaps_as_told(self.frame, self.names, texts)
        columns = tuple(
            profile_column(c.name, frame[f"c{i}"], c.dtype, texts.get(c.name)) for i, c in enumerate(old.columns)
        )
        profile = Profile(name=name or old.name, rows=old.rows, columns=columns)
        return Table(self.names, frame, profile, self.fingerprint, tuple(dict.fromkeys((*self.notes, *notes))))

    def __repr__(self) -> str:
        return f"Table({self.profile.name!r}, {len(self)} rows, {len(self.names)} columns)"

    def __len__(self) -> int:
        return len(self.frame)

    def code(self, name: str) -> str:
        """The safe name ("c3") of a column; raises `UnknownColumn`."""
        try:
            return self._at[name]
        except KeyError:
            raise UnknownColumn(name, self.names) from None

    def column(self, name: str) -> pd.Series:
        """The values of a column, by its original name; raises `UnknownColumn`."""
        return self.frame[self.code(name)]

    def digest(self, name: str) -> str:
        """A short SHA-256 over the values of one column: another one where a cell has changed; raises `UnknownColumn`."""
        import hashlib

        digest = hashlib.sha256()
        _feed(self.column(name), digest.update)
        return digest.hexdigest()[:12]

    def where(self, filter: Filter) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows meet all the conditions. A missing value meets none, `!=` included.

        Raises `QueryError` where a value cannot be compared with the column, or occurs nowhere in it.
        """
        import numpy as np

        keep = np.ones(len(self), dtype=bool)
        for condition in filter.conditions:
            keep &= self._meets(condition)
        return keep

    def _meets(self, condition: Condition) -> np.ndarray[Any, np.dtype[np.bool_]]:
        series = self.column(condition.column)
        present = series.notna().to_numpy(dtype=bool)
        op, value = condition.op, condition.value
        if op in ("<", "<=", ">", ">="):
            assert not isinstance(value, tuple)
            return present & self._ordered(condition.column, series, op, value)
        values = value if isinstance(value, tuple) else (value,)
        found = present & False
        for one in values:
            equal = present & self._equal(condition.column, series, one)
            if not equal.any():
                raise self._nowhere(condition.column, one)
            found |= equal
        return present & ~found if op == "!=" else found

    def _ordered(self, name: str, series: pd.Series, op: str, value: object) -> np.ndarray[Any, np.dtype[np.bool_]]:
        import operator

        import numpy as np
        import pandas as pd

        compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[op]
        kind = series.dtype.kind
        if kind in "if":
            number = _as_number(value)
            if number is None or isinstance(value, bool):
                raise QueryError(f"{name!r} holds numbers and cannot be {op} {value!r}.", "Compare it with a number.")
            with np.errstate(invalid="ignore"):
                return np.asarray(compare(series.to_numpy(), number), dtype=bool)
        if kind == "M":
            moment = _as_moment(value)
            if moment is None:
                raise QueryError(f"{name!r} holds dates and cannot be {op} {value!r}.", "Write a date as '2020-01-31'.")
            return np.asarray(compare(series, pd.Timestamp(moment)), dtype=bool)
        if series.notna().any():
            what = "yes/no" if kind == "b" else "text"
            raise QueryError(
                f"{name!r} holds {what}, and cannot be {op} {str(value)[:40]!r}.",
                f"Use == or in with its values{self._shown(name)}.",
            )
        raise self._nowhere(name, value)

    def _equal(self, name: str, series: pd.Series, value: object) -> np.ndarray[Any, np.dtype[np.bool_]]:
        import numpy as np

        kind, wanted = series.dtype.kind, as_yes_no(value)
        profile = self.profile.column(name)
        if kind in "if":
            number = _as_number(value)
            if number is None and isinstance(value, str) and not (profile.kind == "yes_no" and wanted is not None):
                raise QueryError(f"{name!r} holds numbers, not the text {value!r}.", "Compare it with a number.")
            if number is None:
                number = int(bool(wanted))
            return np.asarray(series.to_numpy() == number, dtype=bool)
        if kind == "M":
            moment = _as_moment(value)
            if moment is None:
                raise QueryError(f"{name!r} holds dates, not {value!r}.", "Write a date as '2020-01-31'.")
            return np.asarray(series == moment, dtype=bool)
        if isinstance(value, str):
            exact = np.asarray(series == value, dtype=bool)
            if exact.any():
                return exact
        if wanted is not None and (kind == "b" or profile.kind == "yes_no" or _only_bools(profile.levels)):
            return np.array([cell == cell and as_yes_no(cell) is wanted for cell in series.tolist()], dtype=bool)
        if isinstance(value, str):
            return np.zeros(len(series), dtype=bool)
        spelled = np.asarray(series == str(value), dtype=bool)
        if spelled.any() or not series.notna().any():
            return spelled
        raise QueryError(
            f"{name!r} holds text and cannot be compared with {str(value)[:40]}.",
            f"Compare it with one of its values{self._shown(name)}.",
        )

    def _nowhere(self, name: str, value: object) -> QueryError:
        from difflib import get_close_matches

        column = self.profile.column(name)
        message = f"No row has {str(value)[:60]!r} in {name!r}."
        if isinstance(value, str):
            texts = {str(level.value).casefold(): str(level.value) for level in column.levels}
            near = get_close_matches(value.casefold(), list(texts), n=1, cutoff=0.6)
            if near:
                return QueryError(message, f"Did you mean {texts[near[0]]!r}? Text must be spelled as in the table.")
        if column.levels:
            return QueryError(message, f"Its values are{self._shown(name, '')}.")
        if column.minimum is not None and column.low is not None:
            return QueryError(message, f"Its values lie mostly between {column.low:g} and {column.high:g}.")
        return QueryError(message, "Look at the column's values in the table.")

    def _shown(self, name: str, lead: str = ", for example") -> str:
        """The levels of a column for a message, as far as they may be shown."""
        column = self.profile.column(name)
        if column.id_like or column.name_like or not column.levels:
            return ""
        levels = sorted(column.levels, key=lambda level: level_order(level.value))
        return (
            f"{lead} " + ", ".join(repr(level.value)[:40] for level in levels[:12]) + (" …" if len(levels) > 12 else "")
        )


def _only_bools(levels: tuple[Any, ...]) -> bool:
    return bool(levels) and all(isinstance(level.value, bool) for level in levels)


def _as_number(value: object) -> int | float | None:
    if isinstance(value, (int, float)):
        number = value
    elif isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?", value.strip()):
        number = float(value)
    else:
        return None
    return float(number) if abs(number) > 2**62 else number


def _as_moment(value: object) -> pd.Timestamp | None:
    import pandas as pd

    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        value = str(value) if 1000 <= value <= 9999 else ""
    if not isinstance(value, str) or not re.match(r"[0-9]{4}(?:-[0-9]{2}){0,2}(?:[ T].{1,30})?$", value):
        return None
    try:
        moment = pd.Timestamp(value)
    except ValueError:
        return None
    return moment.tz_convert("UTC").tz_localize(None) if moment.tz is not None else moment


def _build(raw: Raw, described: str | Mapping[str, Any] | None, name: str | None) -> Table:
    """A checked table out of a raw one."""
    import pandas as pd

    from .cells import tidy

    label = raw.name if raw.is_file else "The table"
    notes = list(raw.notes)
    names = _named(raw.names)
    frame = raw.frame
    if not names:
        raise DataError(f"{label} has no columns.", "It needs a header line with the names of the columns.")
    if not len(frame):
        raise DataError(f"{label} has a header but no rows.", "Check that the data were saved along with the header.")
    frame, names, labels = _without_blanks(raw, frame, names, notes)
    _check_names(names, label, notes)
    if len(frame) < 2:
        raise DataError(f"{label} has only {len(frame)} row{'s' * (len(frame) != 1)}.", "At least two rows are needed.")
    columns: dict[str, pd.Series] = {}
    dtypes: list[str] = []
    for i, column_name in enumerate(names):
        series = frame.iloc[:, i]
        dtypes.append(str(series.dtype))
        try:
            tidied, said = tidy(series, column_name, raw.typed)
        except Exception as error:  # noqa: BLE001 - cells of a DataFrame can be any object, with any behaviour
            raise DataError(
                f"The column {column_name!r} holds cells that cannot be read ({type(error).__name__}).",
                "Turn them into numbers, text or dates first, or leave the column out.",
            ) from None
        notes += said
        columns[f"c{i}"] = tidied
    texts = {n: labels[i] for i, n in enumerate(names) if i in labels}
    texts = {n: " ".join("".join(c if c.isprintable() else " " for c in t).split())[:300] for n, t in texts.items()}
    texts |= describe(described, names) if described else {}
    as_read = pd.DataFrame(columns).reset_index(drop=True)
    tidied_frame, gaps = _gaps_as_told(as_read, names, texts)
    notes += gaps
    profile = Profile(
        name=name or (raw.name if raw.is_file else "table"),
        rows=len(tidied_frame),
        columns=tuple(profile_column(n, tidied_frame[f"c{i}"], dtypes[i], texts.get(n)) for i, n in enumerate(names)),
    )
    return Table(tuple(names), tidied_frame, profile, _fingerprint(names, as_read), tuple(dict.fromkeys(notes)))


def _gaps_as_told(
    frame: pd.DataFrame, names: Sequence[str], texts: Mapping[str, str]
) -> tuple[pd.DataFrame, list[str]]:
    """The frame with the codes that a description declares to stand for a gap as gaps, and what is said of them."""
    from .missing_codes import said, told, without_codes

    gone: list[tuple[str, str, int]] = []
    for i, name in enumerate(names):
        if told(texts.get(name) or ""):
            column, codes, rows = without_codes(frame[f"c{i}"], texts[name])
            if rows:
                frame = frame.assign(**{f"c{i}": column})
                gone.append((name, codes, rows))
    return frame, [said(gone)] if gone else []


def _named(raw: list[str]) -> list[str]:
    """Names on one line, composed, without control characters; a column without a name is called "Unnamed: i"."""
    out = []
    for i, name in enumerate(raw):
        kept = "".join(
            c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or c in "\u200c\u200d" else " "
            for c in name[: 10 * MAX_NAME]
        )
        kept = " ".join(unicodedata.normalize("NFC", kept).split())
        out.append(kept or f"Unnamed: {i}")
    return out


def _without_blanks(
    raw: Raw, frame: pd.DataFrame, names: list[str], notes: list[str]
) -> tuple[pd.DataFrame, list[str], dict[int, str]]:
    """Leave out blank rows and blank unnamed columns of a file; a DataFrame keeps its rows as they are."""
    import numpy as np

    labels = raw.descriptions
    if not raw.is_file:
        return frame, names, labels
    unnamed = [i for i, n in enumerate(names) if re.fullmatch(r"Unnamed: [0-9]+", n) and frame.iloc[:, i].isna().all()]
    if unnamed and len(unnamed) < len(names):
        kept = [i for i in range(len(names)) if i not in set(unnamed)]
        frame, names = frame.iloc[:, kept], [names[i] for i in kept]
        labels = {new: labels[old] for new, old in enumerate(kept) if old in labels}
        many = len(unnamed) > 1
        notes.append(f"{len(unnamed)} empty column{'s' * many} without a name {'were' if many else 'was'} left out.")
    blank = np.ones(len(frame), dtype=bool)
    for i in range(frame.shape[1]):
        blank &= frame.iloc[:, i].isna().to_numpy(dtype=bool)
        if not blank.any():
            break
    count = int(blank.sum())
    if count and count == len(frame):
        raise DataError(f"{raw.name} holds no values.", "Check that the cells were saved along with the header.")
    if count:
        tail = len(blank) - 1 - int(np.flatnonzero(~blank)[-1])
        where = " at the end" if tail == count else ""
        notes.append(f"{count:,} blank row{'s' * (count > 1)}{where} {'were' if count > 1 else 'was'} left out.")
        frame = frame[~blank].reset_index(drop=True)
    return frame, names, labels


def _check_names(names: list[str], label: str, notes: list[str]) -> None:
    long = next((n for n in names if len(n) > MAX_NAME), None)
    if long is not None:
        raise DataError(
            f"{label} has a column name of more than {MAX_NAME} characters ({long[:30]!r} …).",
            "Check that the first line is a header, and shorten the names.",
        )
    numbers = sum(1 for n in names if re.fullmatch(r"[+-]?[0-9]*\.?[0-9]+", n))
    seen: set[str] = set()
    twice = sorted({n for n in names if n in seen or seen.add(n)})  # type: ignore[func-returns-value]
    if twice:
        shown = ", ".join(repr(n[:60]) for n in twice[:5])
        hint = (
            "The first line looks like data: add a header line."
            if 2 * numbers > len(names)
            else "Give every column a name of its own."
        )
        raise DataError(f"{label} has more than one column named {shown}.", hint)
    if numbers == len(names) > 1 and names != [str(i) for i in range(len(names))]:
        notes.append(
            "The first line, which is taken as the header, holds only numbers; check that the table has a header."
        )


def _fingerprint(names: list[str], frame: pd.DataFrame) -> str:
    """SHA-256 over names, dtypes and values: the same for equal tables in every process."""
    import hashlib

    digest = hashlib.sha256(b"pyllm-causal table 1")

    def add(data: bytes) -> None:
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)

    add(str(len(frame)).encode())
    for i, name in enumerate(names):
        series = frame[f"c{i}"]
        add(name.encode("utf-8", "surrogatepass"))
        _feed(series, add)
    return digest.hexdigest()


def _feed(series: pd.Series, add: Callable[[bytes], None]) -> None:
    """The bytes of a tidy column: the same for equal values in every process."""
    import numpy as np
    import pandas as pd

    add(str(series.dtype).encode())
    kind = series.dtype.kind
    if kind == "f":
        # one spelling of zero and of missing
        values = series.to_numpy() + 0.0
        add(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    elif kind in "iM":
        add(series.to_numpy().astype("<i8").tobytes())
    elif kind == "b":
        add(series.to_numpy().astype("u1").tobytes())
    else:
        codes, uniques = pd.factorize(series)
        add(codes.astype("<i8").tobytes())
        for value in uniques:
            add(f"{type(value).__name__}:{value}".encode("utf-8", "surrogatepass"))
