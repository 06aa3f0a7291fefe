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
        _describe_line(line[:2_000], put)
    return out


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
