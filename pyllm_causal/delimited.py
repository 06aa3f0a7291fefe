"""Text tables: which encoding, which delimiter, where the header is; then pandas' fast reader."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .cells import MARKERS, missing_note
from .errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAX_COLUMNS = 5_000
MAX_BYTES = 4 * 1024**3  # what a compressed file may grow to
_SAMPLE = 256 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


class Layout(NamedTuple):
    """How a text table is laid out."""

    delimiter: str
    skip: int  # lines before the header
    decimal: str
    thousands: str | None


def too_many_columns(count: int) -> DataError:
    """The error for a table that is too wide."""
    return DataError(
        f"The table has {count:,} columns; at most {MAX_COLUMNS:,} are supported.",
        "Keep the columns that the question is about, and save them as a smaller table.",
    )


def too_large(label: str) -> DataError:
    """The error for a file that unpacks to more than memory is likely to hold."""
    return DataError(f"{label} unpacks to more than {MAX_BYTES // 1024**3} GiB.", "Keep the columns and rows needed.")


def decode(raw: bytes, label: str) -> tuple[bytes, list[str]]:
    """`raw` as UTF-8 without a byte-order mark, and a note where that took a guess. Raises `DataError` on binary."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            if encoding == "utf-8-sig":
                raw = raw[len(bom) :]
                break
            return _reencode(raw, encoding, label), [f"{label} is read as {encoding.upper()}."]
    head = raw[:4096]
    if b"\x00" in head:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if len(zeros) and zeros.count(0) > 0.7 * len(zeros):
                return _reencode(raw, encoding, label), [f"{label} is read as UTF-16."]
    if b"\x00" in raw:
        raise binary(label)
    if sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\x0c\x1a\x1b") > 0.02 * len(head):
        raise binary(label)
    try:
        raw.decode("utf-8")
        return raw, []
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252").encode("utf-8"), [f"{label} is not UTF-8; it is read as Windows-1252."]
    except UnicodeDecodeError:
        return raw.decode("latin-1").encode("utf-8"), [f"{label} is not UTF-8; it is read as Latin-1."]


def binary(label: str) -> DataError:
    """The error for bytes that are no table that we know."""
    return DataError(
        f"{label} is not a table in a format that is known here.",
        "Save it as CSV. Readable are CSV, TSV, Excel (.xlsx), Parquet, Stata, SPSS, JSON and SQLite.",
    )


def _reencode(raw: bytes, encoding: str, label: str) -> bytes:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise binary(label) from None
    if "\x00" in text:
        raise binary(label)
    return text.lstrip("\ufeff").encode("utf-8")


def read_delimited(raw: bytes, label: str, delimiter: str | None = None) -> tuple[pd.DataFrame, list[str], list[str]]:
    """A frame with columns 0 … k-1, the header's names, and notes.

    `raw` are the bytes of the file; `label` is its name for messages; `delimiter` is a preference (tabs for .tsv).
    """
    raw, notes = decode(raw, label)
    if not raw.strip():
        raise DataError(f"{label} is empty.", "Check that the table was saved; it needs a header line and rows.")
    if b"\n" not in raw and b"\r" in raw:  # lines as old Macs end them
        raw = raw.replace(b"\r", b"\n")
    sample = _head(raw)
    _refuse_documents(sample, label)
    layout = _layout(sample, delimiter, label)
    if layout.skip:
        some = layout.skip > 1
        notes.append(f"{layout.skip} line{'s' * some} before the header {'were' if some else 'was'} left out.")
    if layout.decimal == ",":
        notes.append("Numbers are read with a decimal comma.")
    frame, names = _parse(raw, layout, label)
    notes += _lost_words(raw, frame, names, layout)
    return frame, names, notes


def layout_of(raw: bytes, label: str, delimiter: str | None = None) -> Layout:
    """How a text table is laid out; `delimiter` is a preference."""
    return _layout(_head(raw), delimiter, label)


def _head(raw: bytes) -> str:
    """The first whole lines, enough to see the layout."""
    piece = raw[:_SAMPLE]
    if len(raw) > len(piece):
        cut = piece.rfind(b"\n")
        if cut < 0:  # one endless line: read on to its end, within reason
            cut = raw.find(b"\n", 0, 64 * _SAMPLE)
            piece = raw[: cut if cut > 0 else 64 * _SAMPLE]
        else:
            piece = piece[:cut]
    return piece.decode("utf-8", "ignore")


def _refuse_documents(sample: str, label: str) -> None:
    start = sample.lstrip()[:300].casefold()
    if start.startswith(("<!doctype html", "<html", "<head")):
        raise DataError(
            f"{label} is a web page, not a table.", "Download the data file itself, or save the table as CSV."
        )
    if start.startswith(("<?xml", "{\\rtf", "%pdf", "version https://git-lfs")):
        what = "a Git LFS pointer to" if start.startswith("version https") else "a document, not"
        raise DataError(f"{label} is {what} a table.", "Fetch or export the table itself, for example as CSV.")


def _rows(sample: str, delimiter: str, limit: int = 200) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample), delimiter=delimiter, skipinitialspace=delimiter == " ")
    out: list[list[str]] = []
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                out.append(row)
            if len(out) == limit:
                break
    except csv.Error:
        pass
    return out


def _layout(sample: str, preferred: str | None, label: str) -> Layout:
    skip, declared = 0, None
    lines = sample.splitlines()
    if lines and re.fullmatch(r"sep=.", lines[0].rstrip("\r\n ")):
        declared, skip, lines = lines[0][4], 1, lines[1:]
    comments = 0
    while comments < len(lines) and lines[comments].lstrip().startswith("#"):
        comments += 1
    if comments == 1 and len(lines) > 1 and _is_header(lines[0], lines[1]):
        comments = 0
    if 0 < comments < len(lines):
        skip, lines = skip + comments, lines[comments:]
    body = "\n".join(lines)
    ranked: list[tuple[float, int, str, int]] = []
    for delimiter in [declared] if declared else _DELIMITERS:
        rows = _rows(body, delimiter)
        widths = [len(r) for r in rows]
        if not widths or max(widths) < 2:
            continue
        modal = max(set(widths), key=lambda w: (widths.count(w), w))
        head = next(i for i, w in enumerate(widths) if w >= 2 and (w >= modal - 1 or i == len(widths) - 1))
        agreement = sum(1 for w in widths[head:] if w == widths[head] or w == widths[head] + 1) / len(widths)
        if widths[head] < 2:
            continue
        ranked.append((agreement + 0.5 * (delimiter == preferred), min(widths[head], 1_000_000), delimiter, head))
    if ranked:
        best = max(ranked, key=lambda r: (round(r[0], 2), r[1]))
        delimiter, head = best[2], best[3]
    else:
        delimiter, head = declared or preferred or ",", 0
        spaced = [line.split() for line in lines[:50] if line.strip()]
        widths = [len(s) for s in spaced]
        if (
            len(widths) > 1
            and widths[0] > 1
            and len(set(widths)) == 1
            and any(re.fullmatch(r"[-+.\d]+", c) for c in spaced[1])
        ):
            delimiter = " "
    rows = _rows(body, delimiter) if delimiter != " " else []
    if head and rows:
        first = rows[head]
        skip += next(
            (i for i, line in enumerate(lines) if next(csv.reader([line], delimiter=delimiter), []) == first), 0
        )
    decimal, thousands = _decimal(rows[head + 1 :]) if delimiter != "," and rows else (".", None)
    return Layout(delimiter, skip, decimal, thousands)


def _is_header(line: str, below: str) -> bool:
    """Whether a line that starts with # is the header ("#id,age") and no remark."""
    for mark in _DELIMITERS:
        has_number = any(re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", cell.strip()) for cell in below.split(mark))
        if has_number and line.count(mark) == below.count(mark) > 0:
            return True
    return False


def _decimal(rows: list[list[str]]) -> tuple[str, str | None]:
    cells = [cell.strip() for row in rows for cell in row]
    comma = sum(1 for c in cells if re.fullmatch(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?", c))
    dot = sum(1 for c in cells if re.fullmatch(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?", c))
    grouped = sum(1 for c in cells if re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+", c))
    threes = sum(1 for c in cells if re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+", c))
    if comma + grouped == 0 or dot > threes:
        return ".", None
    return ",", "." if grouped else None


def _options(layout: Layout) -> dict[str, Any]:
    space = layout.delimiter == " "
    options: dict[str, Any] = {
        "sep": r"\s+" if space else layout.delimiter,
        "encoding": "utf-8",
        "encoding_errors": "replace",
        "keep_default_na": False,
        "na_values": list(MARKERS),
        "decimal": layout.decimal,
        "thousands": layout.thousands,
        "skip_blank_lines": True,
        "low_memory": False,
    }
    return options


def _parse(raw: bytes, layout: Layout, label: str) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    options = _options(layout)
    body = io.BytesIO(raw)
    for _ in range(layout.skip):
        body.readline()
    start = body.tell()
    try:
        head = pd.read_csv(body, header=None, nrows=1, dtype=str, **{**options, "na_values": [], "na_filter": False})
        names = [str(v) for v in head.iloc[0]]
        if len(names) > MAX_COLUMNS:
            raise too_many_columns(len(names))
        body.seek(start)
        frame = pd.read_csv(body, header=0, names=list(range(len(names))), index_col=None, **options)
    except pd.errors.EmptyDataError:
        raise DataError(f"{label} is empty.", "It needs a header line and rows.") from None
    except pd.errors.ParserError as error:
        raise _ragged(error, label) from None
    except (ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{label} cannot be read as a table.", f"The reader says: {str(error)[:200]}") from None
    return _with_row_names(frame, names)


def _with_row_names(frame: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Rows with more cells than the header: row names without a title (as R writes them), or a trailing delimiter."""
    import pandas as pd

    if isinstance(frame.index, pd.RangeIndex):
        return frame, names
    lead = frame.index.nlevels
    if frame.iloc[:, -lead:].isna().all().all():
        shifted = frame.reset_index()
        shifted = shifted.iloc[:, : len(names)]
        shifted.columns = pd.RangeIndex(len(names))
        return shifted, names
    frame = frame.reset_index()
    frame.columns = pd.RangeIndex(frame.shape[1])
    return frame, [""] * lead + names


def _ragged(error: Exception, label: str) -> DataError:
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if found:
        message = f"Line {found[2]} of {label} has {found[3]} cells where the header has {found[1]}."
        return DataError(message, "Put cells that contain the delimiter in double quotes, or mend that line.")
    if "EOF inside string" in str(error):
        return DataError(
            f"A double quote in {label} is never closed.", "Close it, or write it twice inside a quoted cell."
        )
    return DataError(f"{label} cannot be read as a table.", f"The reader says: {str(error)[:200]}")


def _lost_words(raw: bytes, frame: pd.DataFrame, names: list[str], layout: Layout) -> list[str]:
    """Notes on text columns where a word such as "None" was taken for a gap; it may have been an answer."""
    import pandas as pd

    words = [m for m in MARKERS if m.isalpha() and len(m) > 1]
    at = [i for i in range(frame.shape[1]) if frame[i].dtype == object and frame[i].isna().any()]
    if not at or frame.shape[1] != len(names) or not any(w.encode() in raw for w in words):
        return []
    body = io.BytesIO(raw)
    for _ in range(layout.skip):
        body.readline()
    options = {**_options(layout), "na_values": [], "na_filter": False}
    text = pd.read_csv(body, header=0, names=list(range(len(names))), usecols=at, index_col=False, dtype=str, **options)
    notes = []
    for i in at:
        found = text[i][text[i].isin(words)]
        if len(found):
            notes.append(missing_note(" ".join(names[i].split()), sorted(set(found)), len(found)))
    return notes
