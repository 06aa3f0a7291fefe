"""Formats with structure of their own: Parquet, Stata, SPSS, Excel, JSON and SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .delimited import MAX_BYTES, MAX_COLUMNS, decode, too_large, too_many_columns
from .errors import DataError

if TYPE_CHECKING:
    import pandas as pd


class Raw(NamedTuple):
    """A table as its source gives it: columns by position, names beside them.

    `typed` says that the source has real types, so that text in it is meant to be text.
    """

    frame: pd.DataFrame
    names: list[str]
    name: str
    notes: list[str]
    descriptions: dict[int, str]
    typed: bool
    is_file: bool


def as_name(label: object) -> str:
    if isinstance(label, tuple):
        return " ".join(str(part) for part in label if str(part))
    if label is None or label != label:  # None and NaN
        return ""
    return str(label)


def _parquet(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(path)
    if len(file.schema_arrow.names) > MAX_COLUMNS:
        raise too_many_columns(len(file.schema_arrow.names))
    return _arrow(file.read(), path)


def _feather(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pyarrow.feather as feather

    return _arrow(feather.read_table(path), path)


def _arrow(data: Any, path: Path) -> Raw:
    names = list(data.column_names)
    if len(names) > MAX_COLUMNS:
        raise too_many_columns(len(names))
    # by position first: pandas cannot convert a table that has two columns of one name
    frame = data.rename_columns([str(i) for i in range(len(names))]).replace_schema_metadata(None).to_pandas()
    frame.columns = range(len(names))
    names = ["" if n.startswith("__index_level_") else n for n in names]
    return Raw(frame, names, path.name, [], {}, typed=True, is_file=True)


def _stata(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pandas as pd

    notes: list[str] = []
    with pd.read_stata(path, iterator=True) as reader:
        labels = reader.variable_labels()
    try:
        frame = pd.read_stata(path)
    except ValueError as error:
        if "label" not in str(error):
            raise
        notes.append(f"{path.name} has value labels that repeat; the numbers behind them are used.")
        frame = pd.read_stata(path, convert_categoricals=False)
    return _labelled(frame, labels, path, notes)


def _spss(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pyreadstat

    read = pyreadstat.read_por if path.suffix.casefold() == ".por" else pyreadstat.read_sav
    frame, meta = read(str(path), apply_value_formats=True, formats_as_category=False)
    return _labelled(frame, meta.column_names_to_labels, path, [])


def _sas(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pyreadstat

    frame, meta = pyreadstat.read_sas7bdat(str(path))
    return _labelled(frame, meta.column_names_to_labels, path, [])


def _labelled(frame: pd.DataFrame, labels: dict[str, Any], path: Path, notes: list[str]) -> Raw:
    import pandas as pd

    names = [str(c) for c in frame.columns]
    if len(names) > MAX_COLUMNS:
        raise too_many_columns(len(names))
    descriptions = {i: str(labels[n]) for i, n in enumerate(names) if labels.get(n)}
    frame = frame.reset_index(drop=True)
    frame.columns = pd.RangeIndex(len(names))
    return Raw(frame, names, path.name, notes, descriptions, typed=True, is_file=True)


def _excel(path: Path, sheet: str | None, table: str | None) -> Raw:
    import zipfile

    import openpyxl

    notes: list[str] = []
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise too_large(path.name)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheets = book.worksheets
        if sheet is not None:
            sheets = [s for s in sheets if s.title == sheet]
            if not sheets:
                raise DataError(
                    f"{path.name} has no sheet {sheet[:60]!r}.",
                    "Its sheets are " + ", ".join(repr(s.title) for s in book.worksheets[:12]) + ".",
                )
        else:
            full = [(s, _sheet(s)) for s in sheets[:1]]
            if full and not full[0][1] and len(sheets) > 1:  # an empty cover sheet
                sheets = [s for s in sheets if _sheet(s)] or sheets
        if not sheets:
            raise DataError(f"{path.name} has no sheets.", "Save the table as CSV.")
        grid = _sheet(sheets[0])
        if sheet is None and len(book.worksheets) > 1:
            others = ", ".join(repr(s.title) for s in book.worksheets if s.title != sheets[0].title)[:200]
            notes.append(f"The sheet {sheets[0].title!r} is read; {path.name} also has {others}.")
    finally:
        book.close()
    return _grid(grid, path.name, notes)


_CELL_ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"))


def _sheet(sheet: Any) -> list[list[Any]]:
    sheet.reset_dimensions()  # files by other programs state wrong sizes
    rows = []
    for row in sheet.iter_rows(values_only=True):
        if len(row) > 16 * MAX_COLUMNS:
            raise too_many_columns(len(row))
        rows.append([None if isinstance(v, str) and (v in _CELL_ERRORS or not v.strip()) else v for v in row])
    while rows and all(v is None for v in rows[-1]):
        rows.pop()
    return rows


def _grid(rows: list[list[Any]], label: str, notes: list[str]) -> Raw:
    """A raw table from the cells of a sheet; titles above the header are left out."""
    import pandas as pd

    widths = [sum(v is not None for v in row) for row in rows]
    if not rows or max(widths) == 0:
        raise DataError(f"{label} is empty.", "It needs a header line and rows.")
    start = next(i for i, w in enumerate(widths) if w)
    if widths[start] == 1 and max(widths) > 2:  # a title above the table
        start = next(i for i, w in enumerate(widths) if w >= 0.5 * max(widths))
    if start:
        notes.append(f"{start} row{'s' * (start > 1)} above the header {'were' if start > 1 else 'was'} left out.")
    width = max((i + 1 for row in rows[start:] for i, v in enumerate(row) if v is not None), default=0)
    if width > MAX_COLUMNS:
        raise too_many_columns(width)
    body = [(row + [None] * width)[:width] for row in rows[start:]]
    names = [as_name(v) if not isinstance(v, float) or not v.is_integer() else str(int(v)) for v in body[0]]
    frame = pd.DataFrame(body[1:], columns=range(width), dtype=object)
    return Raw(frame, names, label, notes, {}, typed=False, is_file=True)


def _json_file(path: Path, sheet: str | None, table: str | None) -> Raw:
    return read_json(path.read_bytes(), path.name)


_JSON_HINT = "Write a list of objects, or one object a line."


def read_json(raw: bytes, label: str) -> Raw:
    import pandas as pd

    raw, notes = decode(raw, label)
    text = raw.decode("utf-8")
    if not text.strip():
        raise DataError(f"{label} is empty.", "It needs one JSON object a row.")
    records: Any
    try:
        records = json.loads(text)
    except (ValueError, RecursionError):
        records = _json_lines(text, label)
    if isinstance(records, dict):
        if isinstance(records.get("columns"), list) and isinstance(records.get("data"), list):  # pandas' "split"
            try:
                records = {"data": [dict(zip(records["columns"], row, strict=True)) for row in records["data"]]}
            except (TypeError, ValueError):
                raise DataError(f"{label} is JSON, but its rows and columns do not match.", _JSON_HINT) from None
        inner = [v for v in records.values() if isinstance(v, list) and v and all(isinstance(r, dict) for r in v)]
        columns = list(records.values())
        if len(inner) == 1:
            records = inner[0]
        elif columns and all(isinstance(c, (list, dict)) for c in columns) and len({len(c) for c in columns}) == 1:
            lists = {k: list(c.values()) if isinstance(c, dict) else c for k, c in records.items()}
            records = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        else:
            records = [records]
    if not (isinstance(records, list) and records and all(isinstance(r, dict) for r in records)):
        raise DataError(f"{label} is JSON, but not a table.", _JSON_HINT)
    names = list(dict.fromkeys(str(k) for r in records for k in r))
    if len(names) > MAX_COLUMNS:
        raise too_many_columns(len(names))
    frame = pd.DataFrame({i: pd.Series([r.get(n) for r in records], dtype=object) for i, n in enumerate(names)})
    return Raw(frame, names, label, notes, {}, typed=True, is_file=True)


def _json_lines(text: str, label: str) -> list[Any]:
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                out.append(json.loads(line))
            except (ValueError, RecursionError):
                raise DataError(f"Line {number} of {label} is not JSON.", "Write one JSON object a line.") from None
    return out


def _sqlite(path: Path, sheet: str | None, table: str | None) -> Raw:
    import pandas as pd

    connection = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = lambda b: b.decode("utf-8", "replace")
        found = connection.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        ).fetchall()
        usual = [n for n, kind in found if kind == "table" and not n.startswith("sqlite_")]
        if table is not None:
            if table not in [n for n, _ in found]:
                shown = ", ".join(repr(n) for n in usual[:12])
                raise DataError(f"{path.name} has no table {table[:60]!r}.", f"Its tables are {shown}.")
        elif len(usual) == 1:
            table = usual[0]
        elif not usual:
            raise DataError(f"{path.name} has no tables.", "Give a database with a table in it.")
        else:
            raise DataError(
                f"{path.name} has {len(usual)} tables: {', '.join(usual[:12])}.",
                f"Name one, as in {path.name}::{usual[0]}.",
            )
        cursor = connection.execute('SELECT * FROM "' + table.replace('"', '""') + '"')
        names = [d[0] for d in cursor.description]
        if len(names) > MAX_COLUMNS:
            raise too_many_columns(len(names))
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise DataError(f"{path.name} is damaged, or not a SQLite file.", f"SQLite says: {str(error)[:160]}") from None
    finally:
        connection.close()
    frame = pd.DataFrame(rows, columns=range(len(names)), dtype=object)
    return Raw(frame, names, path.name, [], {}, typed=True, is_file=True)


READERS: dict[str, Callable[[Path, str | None, str | None], Raw]] = {
    "parquet": _parquet,
    "feather": _feather,
    "stata": _stata,
    "spss": _spss,
    "sas": _sas,
    "xlsx": _excel,
    "sqlite": _sqlite,
    "json": _json_file,
}
