"""The data dictionary: what a person says the columns mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_DESCRIPTION = 300


def describe(source: str | Mapping[str, Any], columns: Iterable[str]) -> dict[str, str]:
    """Column descriptions out of a data dictionary; names that are not among `columns` are ignored.

    `source` is a mapping, JSON (an object, or a list of objects with `name` and `description`), or text with one
    column a line: `name: text`, `name,text`, `name<TAB>text`, Markdown lists and tables.
    """
    known = {c.casefold(): c for c in reversed(list(columns))} | {c: c for c in columns}
    out: dict[str, str] = {}

    def put(name: object, text: object) -> bool:
        key = str(name).strip(" \t\"'`*")
        column = known.get(key) or known.get(key.casefold())
        if isinstance(text, Mapping):
            text = next((text[k] for k in ("description", "label", "title") if text.get(k)), None)
        if column is None or text is None:
            return False
        clean = _printable(str(text)).strip(" \"'|`")
        if clean and column not in out:
            out[column] = clean[:MAX_DESCRIPTION]
        return True

    document: Any = source
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(source)
        except (ValueError, RecursionError):
            document = source
    if isinstance(document, Mapping):
        inner = next(
            (document[k] for k in ("columns", "fields", "variables") if isinstance(document.get(k), list)), None
        )
        if inner is None:
            for name, text in document.items():
                put(name, text)
            return out
        document = inner
    if isinstance(document, list):
        for item in document:
            if isinstance(item, Mapping):
                put(next((item[k] for k in ("name", "column", "variable") if k in item), ""), item)
        return out
    for line in str(document).splitlines()[:100_000]:
        for piece in _pieces(line[:10_000], known):
            _describe_line(piece[:2_000], put)
    return out


def _pieces(line: str, known: Mapping[str, str]) -> list[str]:
    """The line in one piece for each column: several may be told of in one line, "age in years; sex: 1 = female".

    Parted at semicolons, else at full stops or commas, but only where columns follow; what names none belongs to the one before.
    """
    for mark, form in ((";", _BARE), (r"(?<=[^\s.])\.(?=\s)", _MARKED), (",", _MARKED)):
        starts = [0, *(m.end() for m in re.finditer(mark, line))]
        named = [at for at in starts[:500] if _begins(line[at:], known, form)]
        marked = any(_begins(line[at:], known, _MARKED) for at in named)
        if len(named) > 1 and marked and named[0] == 0:
            ends = [*named[1:], len(line)]
            return [_told(line[at:end].strip(" ;,"), known) for at, end in zip(named, ends, strict=True)]
    return [line]


_MARKED = re.compile(r"[\"'`*]*\s*(?:\([^()]{0,80}\)\s*)?(?::|=|\t|[—–]|-{1,2}\s)")
_BARE = re.compile(r"[\"'`*]*\s*(?::|=|\t|[—–]|-{1,2}\s|[,/]\s*\w|\s\(|\s\w|;|$)")
LONGEST_NAME = 200


def _begins(text: str, known: Mapping[str, str], form: re.Pattern[str]) -> int:
    """Where the name of a column ends with which `text` begins, if it goes on in this form; else 0."""
    start = len(text) - len(text.lstrip(" \t\"'`*"))
    ends = (m.start() for m in re.finditer(r"(?<=\S)(?!\w)|(?<=\W)(?=\w)", text[start : start + LONGEST_NAME]))
    named = (start + end for end in ends if text[start : start + end].casefold() in known)
    return next((end for end in named if form.match(text, end)), 0)


def _told(piece: str, known: Mapping[str, str]) -> str:
    """A piece with a colon after the name of its column, where it merely goes on ("age in years")."""
    end = _begins(piece, known, re.compile(r"[\"'`*]*\s+(?:\(|\w)"))
    return piece if not end or _begins(piece, known, _MARKED) else f"{piece[:end]}: {piece[end:]}"


def _describe_line(line: str, put: Any) -> None:
    line = re.sub(r"^\s*(?:[-*•|]|[0-9]{1,4}[.)])\s*", "", line).rstrip(" |")
    marks = list(re.finditer(r"\*{0,2}[:=|,;\t—–]\*{0,2}|\s-{1,2}\s", line))
    heads = [(line[: m.start()], line[m.end() :]) for m in marks[:12]]
    colon = line.find(":")
    if colon > 0 and re.search(r"[,/]", line[:colon]):
        names = re.split(r"[,/]", line[:colon])
        described = [put(n, line[colon + 1 :]) for n in names]
        if all(described):
            return
    for head, text in reversed(heads):
        if put(head, text):
            return
    for gap in re.finditer(r"\s{2,}", line):
        if put(line[: gap.start()], line[gap.end() :]):
            return


def _printable(text: str) -> str:
    """`text` on one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
