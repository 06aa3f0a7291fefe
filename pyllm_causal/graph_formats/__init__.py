"""Graph files: JSON, DOT, GML, dagitty and Mermaid in and out, and a list for reading. Every name is untrusted text.

A new format is one module with `parse(text) -> GraphFile` and `render(file) -> text`, and one line in `FORMATS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import GraphError
from ..whole_file import write_whole
from ..wording import join, safe
from . import dagitty, dot, gml, graph_file, listing, mermaid
from .graph_file import MOST_CHARACTERS, GraphFile

__all__ = ["DRAWN", "FORMATS", "GraphFile", "load", "noted", "parse", "render", "reused", "save"]


@dataclass(frozen=True)
class Format:
    """How one format is read and written, the endings of its files and how its text begins."""

    parse: Callable[[str], GraphFile]
    render: Callable[[GraphFile], str]
    endings: tuple[str, ...]
    begins: re.Pattern[str]


FORMATS: dict[str, Format] = {
    "json": Format(graph_file.parse, graph_file.render, (".json",), re.compile(r"\{|\[")),
    "dagitty": Format(
        dagitty.parse,
        dagitty.render,
        (".dagitty", ".dag"),
        re.compile(r"(?:p?dag|mag|pag)\b[^{\n]*\s*\{", re.IGNORECASE),
    ),
    "mermaid": Format(
        mermaid.parse,
        mermaid.render,
        (".mmd", ".mermaid", ".md"),
        re.compile(
            r"(?:```+\s*mermaid|---\s*\n|flowchart\b|graph[ \t]+(?:TB|TD|BT|RL|LR)\b(?!\s*\{)|graph[ \t]*[\n;](?!\s*[{\[]))"
        ),
    ),
    "dot": Format(
        dot.parse, dot.render, (".dot", ".gv"), re.compile(r"(?:strict\s+)?(?:di)?graph\b[^{\[\n]*\s*\{", re.IGNORECASE)
    ),
    "gml": Format(
        gml.parse,
        gml.render,
        (".gml",),
        re.compile(r"(?:(?:creator|version|comment)\b[^\n]*\s*)*graph\s*\[", re.IGNORECASE),
    ),
}
DRAWN = ("text", *FORMATS)
_COMMENTS = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|%%[^\n]*|#[^\n]*)+", re.DOTALL)


def load(path: str | Path, format: str | None = None) -> GraphFile:
    """The graph in a file, its format told by how it begins. Raises `GraphError` with the line at fault."""
    path = Path(path)
    hint = "Give a graph file: JSON, DOT, GML, dagitty or Mermaid."
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        near = _near(path)
        more = f" Did you mean {near!r}?" if near else ""
        reason = getattr(error, "strerror", None) or "no usable name"
        raise GraphError(f"The graph file {safe(path)!r} cannot be read ({reason}).", f"{hint}{more}") from None
    if len(raw) > MOST_CHARACTERS:
        raise GraphError(f"The graph file {safe(path.name)!r} is larger than {MOST_CHARACTERS:,} bytes.", hint)
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise GraphError(f"The graph file {safe(path.name)!r} is not text in UTF-8.", hint) from None
    try:
        return parse(text.replace("\r\n", "\n"), format, path.suffix)
    except GraphError as error:
        apart = ", " if error.message.startswith("Line ") else ": "
        whole = f"{safe(path.name)}{apart}{error.message[:1].lower()}{error.message[1:]}"
        raise GraphError(whole, error.hint) from None


def parse(text: str, format: str | None = None, ending: str = "") -> GraphFile:
    """The graph in a text; `format` is one of `FORMATS`, told by the text where it is None. Raises `GraphError`."""
    if format is not None:
        return _known(format).parse(text)
    lead = _COMMENTS.match(text)
    start = lead.end() if lead else 0
    for one in FORMATS.values():
        if one.begins.match(text, start):
            return one.parse(text)
    for one in FORMATS.values():
        if ending.casefold() in one.endings:
            return one.parse(text)  # which says what is wrong, and where
    first = next((line for line in text.split("\n") if line.strip()), "")
    raise GraphError(
        f"This is no graph in a format that is known: it begins with {safe(first, 60)!r}." if first else "It is empty.",
        "JSON begins with {, dagitty with dag {, DOT with digraph {, Mermaid with flowchart LR, GML with graph [.",
    )


def render(file: GraphFile, format: str = "json") -> str:
    """The graph as a text of that format, or as a list for reading (`text`). Raises `GraphError` for an unknown format."""
    return listing.render(file) if format == "text" else _known(format).render(file)


def save(file: GraphFile, path: str | Path, format: str | None = None) -> None:
    """Write the graph, in one go; without `format` the ending of the path tells it (JSON where it does not). Raises `GraphError`."""
    path = Path(path)
    told = next((name for name, one in FORMATS.items() if path.suffix.casefold() in one.endings), "json")
    text = render(file, format or told)
    try:
        write_whole(path, text)
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or "a name holds letters that no file can hold"
        raise GraphError(f"{safe(path)!r} cannot be written ({reason}).", "Choose another place.") from None


def reused(path: str | Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(fields of a query, remarks for the person): the graph of a file for another question.

    A graph that a person signed counts as the person's. One that was changed afterwards does not: its signature is taken
    off, and a remark says so. Raises `GraphError`.
    """
    file = load(path)
    graph = file.graph
    remarks: list[str] = []
    if file.void:
        remarks.append(f"{listing.review(graph)} The picture counts as not reviewed.")
        graph = graph.unsigned()
    elif graph.signed_by is None and graph.drawn_by() != "you":
        remarks.append("Nobody has reviewed this picture yet: pyllm-causal graph sign FILE --by NAME.")
    fields: dict[str, Any] = {"graph": graph, "sources": {"graph": graph.drawn_by()}}
    if file.role("selected"):
        fields["selected_on"] = file.role("selected")
    return fields, tuple(remarks)


def noted(file: GraphFile, notes: list[str]) -> GraphFile:
    """The file with reviewer notes, each written `a -> b: text`. Raises `GraphError` for an arrow that is not there."""
    edges = list(file.graph.edges)
    written = {f"{e.cause} -> {e.effect}": i for i, e in enumerate(edges)}
    for note in notes:
        clean = note.strip().replace("→", "->")
        found = [key for key in written if clean.startswith(f"{key}:")]
        if not found:
            head = clean.split(":", 1)[0]
            near = get_close_matches(head, list(written), n=2, cutoff=0.5)
            raise GraphError(
                f"There is no arrow for the note {safe(note, 80)!r}.",
                f"Did you mean {join([repr(n) for n in near], 'or')}?"
                if near
                else 'Write it as "cause -> effect: text".',
            )
        key = max(found, key=len)
        text = clean[len(key) + 1 :].strip()
        edges[written[key]] = edges[written[key]].model_copy(update={"note": text or None})
    return file.model_copy(update={"graph": file.graph.model_copy(update={"edges": tuple(edges)})})


def _known(format: str) -> Format:
    if format not in FORMATS:
        near = get_close_matches(format, FORMATS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Say {join(list(FORMATS), 'or')}."
        raise GraphError(f"There is no graph format {safe(format, 40)!r}.", hint)
    return FORMATS[format]


def _near(path: Path) -> str | None:
    try:
        names = [p.name for p in path.parent.iterdir() if p.is_file()][:1000]
    except (OSError, ValueError):
        return None
    near = get_close_matches(path.name, names, n=1)
    return near[0] if near else None
