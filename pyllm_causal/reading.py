"""File formats: from a path to a raw frame, its names, notes and the labels that the file carries."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .delimited import MAX_BYTES, MAX_COLUMNS, binary, read_delimited, too_large, too_many_columns
from .errors import CausalError, DataError
from .formats import READERS, Raw, as_name, read_json

if TYPE_CHECKING:
    import pandas as pd

_PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma", ".zst": "zstd", ".zip": "zip"}
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"ARROW1", "feather"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"<stata_dta>", "stata"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    *(
        (start, "foreign")
        for start in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"MZ\x90")
    ),
)


def read_file(source: str | Path, sheet: str | None = None, table: str | None = None) -> Raw:
    """The raw table in a file.

    `sheet` picks a sheet of a workbook, `table` a table of a database (also `FILE.sqlite::table`).
    Raises `DataError` for everything that cannot be read.
    """
    text = str(source)
    if "::" in text and not _exists(text):
        text, _, inner = text.rpartition("::")
        sheet, table = sheet or inner, table or inner
    path = _checked(text)
    label = path.name
    try:
        with path.open("rb") as stream:
            magic = stream.read(16)
    except OSError as error:
        raise DataError(f"{label} cannot be opened: {error.strerror}.", "Check the permissions of the file.") from None
    if not magic:
        raise DataError(f"{label} is empty.", "Check that the table was saved; it needs a header line and rows.")
    kind = _kind(path, magic)
    reader = READERS.get(kind)
    try:
        if reader is not None:
            return reader(path, sheet, table)
        return _text_or_packed(path, path.read_bytes(), kind, sheet)
    except CausalError:
        raise
    except ImportError as error:
        raise _extra(label, str(error.name or "a package")) from None
    except MemoryError:
        raise DataError(f"{label} does not fit into memory.", "Keep the columns and rows that are needed.") from None
    except Exception as error:  # noqa: BLE001 - readers of binary formats raise whatever they like on a damaged file
        detail = " ".join(str(error).split())[:160]
        raise DataError(
            f"{label} is damaged, or no {_NAMES.get(kind, kind)} file.", f"Save it again. The reader says: {detail}"
        ) from None


_NAMES = {"parquet": "Parquet", "xlsx": "Excel", "sqlite": "SQLite", "stata": "Stata", "spss": "SPSS", "json": "JSON"}


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _checked(text: str) -> Path:
    shown = repr(text if len(text) <= 120 else text[:117] + "…")
    if text.casefold().startswith(("http://", "https://", "s3://", "ftp://")):
        raise DataError(f"{shown} is an address on the network.", "Download the file first, and give its path.")
    try:
        path = Path(text).expanduser()
        if path.is_dir():
            tables = sorted(p.name for p in path.iterdir() if p.suffix.casefold() in _SUFFIXES)[:5]
            hint = "Name one of its files" + (f", for example {', '.join(tables)}." if tables else ".")
            raise DataError(f"{shown} is a folder, not a file.", hint)
        if not path.exists():
            raise DataError(f"There is no file {shown}.", _near(path))
        if not path.is_file():
            raise DataError(f"{shown} is not a regular file.", "Give the path of a table that is saved on disk.")
        return path
    except (OSError, ValueError, RuntimeError):
        raise DataError(f"There is no file {shown}.", "Check the spelling of the path.") from None


def _near(path: Path) -> str:
    from difflib import get_close_matches
    from itertools import islice

    if not path.parent.is_dir():
        return f"The folder {str(path.parent)[-100:]!r} does not exist either; check the spelling of the path."
    found = [p.name for p in islice(path.parent.iterdir(), 5_000) if p.is_file()]
    folded = {name.casefold(): name for name in sorted(found)}
    near = [folded[m] for m in get_close_matches(path.name.casefold(), list(folded), n=3, cutoff=0.6)]
    if near:
        return "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    return "Check the spelling, or give the whole path."


def _kind(path: Path, magic: bytes) -> str:
    suffix = path.suffix.casefold()
    by_magic = next((kind for start, kind in _MAGIC if magic.startswith(start)), None)
    if by_magic == "zip" and suffix in (".xlsx", ".xlsm"):
        return "xlsx"
    return by_magic or _SUFFIXES.get(suffix, "text")


_SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt", ".dat", ".psv"), "text"),
    **dict.fromkeys(_PACKED, "packed"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    **dict.fromkeys((".xlsx", ".xlsm"), "xlsx"),
    **dict.fromkeys((".xls", ".xlsb", ".ods"), "xls"),
    ".dta": "stata",
    **dict.fromkeys((".sav", ".zsav", ".por"), "spss"),
    ".sas7bdat": "sas",
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sqlite"),
}


def _extra(label: str, package: str) -> DataError:
    return DataError(
        f"Reading {label} needs the package {package}, which is not installed.",
        "Install it with: pip install 'pyllm-causal[files]'",
    )


def _text_or_packed(path: Path, raw: bytes, kind: str, sheet: str | None) -> Raw:
    label, inner = path.name, path
    if kind in ("packed", *_PACKED.values()):
        raw, inner_name = _unpack(raw, path, kind, sheet)
        inner = Path(inner_name)
        if not raw:
            raise DataError(f"{label} holds an empty file.", "Check that the table was saved before it was compressed.")
        found = _kind(inner, raw[:16])
        if found not in ("text", "json"):
            raise DataError(
                f"{label} holds a file of another kind ({inner.name[:80]}).",
                "Unpack it first, then give the table itself.",
            )
        kind = found
    if kind == "foreign":
        raise binary(label)
    if kind == "xls":
        raise DataError(
            f"{label} is a workbook of an old, protected or other kind.",
            "Open it and save it as .xlsx without a password, or as CSV.",
        )
    if kind == "json":
        return read_json(raw, label)
    if (
        kind == "text"
        and raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
        and inner.suffix.casefold() in ("", ".txt")
    ):
        return read_json(raw, label)
    delimiter = "\t" if inner.suffix.casefold() in (".tsv", ".tab") else None
    frame, names, notes = read_delimited(raw, label, delimiter)
    return Raw(frame, names, label, notes, {}, typed=False, is_file=True)


def _unpack(raw: bytes, path: Path, kind: str, member: str | None) -> tuple[bytes, str]:
    """The bytes inside a compressed file and the name of what was inside."""
    import bz2
    import gzip
    import io
    import lzma
    import zipfile

    if kind == "packed":  # the name says compressed, the first bytes do not: an uncompressed file with such a name
        raise DataError(f"{path.name} is damaged: it is not compressed as its name says.", "Download or pack it again.")
    label = path.name
    try:
        if kind == "zip":
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                members = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
                names = [i.filename for i in members]
                if any(n in ("[Content_Types].xml", "mimetype") for n in names):
                    raise binary(label)
                if member is not None and member in names:
                    members = [i for i in members if i.filename == member]
                if len(members) != 1:
                    shown = ", ".join(n[:60] for n in names[:8]) or "nothing"
                    raise DataError(
                        f"{label} holds {len(members)} files ({shown}).",
                        f"Name one, as in {label}::{names[0][:60]}." if names else "It must hold one table.",
                    )
                if members[0].flag_bits & 1:
                    raise DataError(f"{label} is protected by a password.", "Unpack it first.")
                with archive.open(members[0]) as stream:
                    return _bounded(stream.read, label), members[0].filename
        if kind == "zstd":
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True) as zstream:
                data = _bounded(zstream.read, label)
            _whole_frames(raw, label)  # the stream ends in silence where a file was cut short
            return data, path.stem
        opened: Any = {"gzip": gzip.GzipFile, "bz2": bz2.BZ2File, "lzma": lzma.LZMAFile}[kind]
        with opened(io.BytesIO(raw)) if kind != "gzip" else opened(fileobj=io.BytesIO(raw)) as stream:
            return _bounded(stream.read, label), path.stem
    except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(
            f"{label} is damaged and cannot be unpacked.", f"Download or pack it again. ({error})"
        ) from None


def _whole_frames(raw: bytes, label: str) -> None:
    import zstandard

    while raw:
        frame = zstandard.ZstdDecompressor().decompressobj()
        for at in range(0, len(raw), 1024**2):
            frame.decompress(raw[at : at + 1024**2])
            if frame.eof:
                raw = frame.unused_data + raw[at + 1024**2 :]
                break
        else:
            raise DataError(f"{label} is damaged: it ends too early.", "Download or pack it again.")


def _bounded(read: Callable[[int], bytes], label: str) -> bytes:
    pieces, size = [], 0
    while piece := read(16 * 1024**2):
        size += len(piece)
        if size > MAX_BYTES:
            raise too_large(label)
        pieces.append(piece)
    return b"".join(pieces)


def _positional(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Columns by position; index levels that carry something become columns."""
    import pandas as pd

    if frame.shape[1] > MAX_COLUMNS:
        raise too_many_columns(frame.shape[1])
    names = [as_name(c) for c in frame.columns]
    index = frame.index
    lead: list[Any] = []
    if any(n is not None for n in index.names) or index.nlevels > 1 or index.inferred_type not in ("integer", "empty"):
        lead = [index.get_level_values(i) for i in range(index.nlevels)]
        titles = [as_name(n) if n is not None else ("index" if "index" not in names else "") for n in index.names]
        # an index that repeats a column under its own name adds nothing
        keep = [i for i, t in enumerate(titles) if t not in names]
        lead, titles = [lead[i] for i in keep], [titles[i] for i in keep]
        names = titles + names
    out = frame.reset_index(drop=True)
    out.columns = pd.RangeIndex(out.shape[1])
    if lead:
        extra = {i: pd.Series(level.array if hasattr(level, "array") else level) for i, level in enumerate(lead)}
        out = pd.concat([pd.DataFrame(extra), out], axis=1)
        out.columns = pd.RangeIndex(out.shape[1])
    return out, names


def read_frame(source: Any) -> Raw:
    """The raw table in a pandas or polars DataFrame (recognised without importing polars). Nothing is changed in it."""
    import pandas as pd

    notes: list[str] = []
    if type(source).__module__.split(".")[0] == "polars":
        if hasattr(source, "collect"):
            source = source.collect()
        if not hasattr(source, "get_columns"):
            raise DataError("A polars object that is no DataFrame was given.", "Give a DataFrame.")
        if source.width > MAX_COLUMNS:
            raise too_many_columns(source.width)
        columns = {i: _from_polars(c) for i, c in enumerate(source.get_columns())}
        frame = pd.DataFrame(columns, index=pd.RangeIndex(source.height))
        return Raw(frame, [str(c) for c in source.columns], "table", notes, {}, typed=True, is_file=False)
    if isinstance(source, pd.Series):
        source = source.to_frame()
    if not isinstance(source, pd.DataFrame):
        raise DataError(
            f"A table cannot be read from a {type(source).__name__}.",
            "Give the path of a file, or a pandas or polars DataFrame.",
        )
    frame, names = _positional(source)
    return Raw(frame, names, "table", notes, {}, typed=True, is_file=False)


def _from_polars(column: Any) -> pd.Series:
    import pandas as pd

    kind = str(column.dtype)
    if not column.null_count() and kind.startswith(("Int", "UInt", "Float", "Boolean")):
        return pd.Series(column.to_numpy())
    if kind.startswith(("Int", "UInt")) and kind not in ("Int128", "UInt128"):
        return pd.Series(column.to_list(), dtype=kind)
    if kind.startswith("Float"):
        return pd.Series(column.to_list(), dtype="float64")
    return pd.Series(column.to_list(), dtype=object)
