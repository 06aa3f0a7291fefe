"""Graph Modelling Language (Himsolt 1997), in and out, as networkx and igraph read and write it.

Everything said about an arrow is kept, under keys of our own; `observed "no"` marks a hidden cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import name2codepoint
from typing import NoReturn

from ..wording import safe
from .drawn import DEEPEST, Drawn, about, fault, marks_of, remarks
from .graph_file import GraphFile

_TOKEN = re.compile(
    r"(?P<space>\s+|\#[^\n]*)|(?P<open>\[)|(?P<close>\])|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r'|(?P<text>"[^"]*")|(?P<key>[A-Za-z_]\w*)'
)
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([A-Za-z]\w{0,30}));")

Item = tuple[str, "str | Items", int]
Items = list[Item]


def parse(text: str) -> GraphFile:
    """The graph. Raises `GraphError`."""
    return _drawn(_Reader(text).items).file()


def render(file: GraphFile) -> str:
    """GML text in plain ASCII; other letters are written as numbers, as the format wants it."""
    marks = marks_of(file)
    ids = {name: i for i, name in enumerate(marks)}
    lines = ["graph [", "  directed 1", *(f"  {key} {_quoted(value)}" for key, value in about(file).items())]
    for name, told in marks.items():
        lines += ["  node [", f"    id {ids[name]}", f"    label {_quoted(name)}"]
        lines += [*(f"    {key} {_quoted(value)}" for key, value in told.items()), "  ]"]
    said = {(e.cause, e.effect): remarks(e) for e in file.graph.edges}
    for cause, effect in dict.fromkeys(file.graph.pairs()):
        lines += ["  edge [", f"    source {ids[cause]}", f"    target {ids[effect]}"]
        lines += [*(f"    {key} {_quoted(value)}" for key, value in said.get((cause, effect), {}).items()), "  ]"]
    return "\n".join([*lines, "]"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + "".join(c if " " <= c <= "~" and c not in '"&' else f"&#{ord(c)};" for c in text) + '"'


def _unquoted(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else name2codepoint.get(name, -1)
        return chr(code) if 0 <= code < 0x110000 else match.group()

    return _ENTITY.sub(plain, text)


class _Reader:
    """`key value` pairs, a value being a number, a text or a bracket of such pairs."""

    def __init__(self, text: str) -> None:
        self._tokens = self._scan(text)
        self._now = next(self._tokens)
        self.items = self._pairs(0)
        if self._now[0] != "end":
            self._wrong("a key")

    def _scan(self, text: str) -> Iterator[tuple[str, str, int]]:
        at, line = 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                what = "a quotation mark is not closed" if text[at] == '"' else f"{safe(text[at])!r} cannot stand here"
                raise fault(line, f"{what}.", 'GML is made of keys with a number, a "text" or [ … ] behind each.')
            kind, value = match.lastgroup or "", match.group()
            if kind != "space":
                yield kind, value, line
            line += value.count("\n")
            at = match.end()
        yield "end", "the end of the file", line

    def _wrong(self, what: str) -> NoReturn:
        raise fault(
            self._now[2],
            f"{what} is expected, and {safe(self._now[1], 40)!r} stands there.",
            'GML is made of keys with a number, a "text" or [ … ] behind each.',
        )

    def _pairs(self, depth: int) -> Items:
        if depth > DEEPEST:
            raise fault(self._now[2], "the brackets are nested too deeply.", f"At most {DEEPEST} deep can be read.")
        out: Items = []
        while self._now[0] == "key":
            _, key, line = self._now
            self._now = next(self._tokens)
            kind, value, _ = self._now
            if kind == "open":
                self._now = next(self._tokens)
                out.append((key.casefold(), self._pairs(depth + 1), line))
                if self._now[0] != "close":
                    self._wrong("`]`")
            elif kind == "text":
                out.append((key.casefold(), _unquoted(value[1:-1]), line))
            elif kind == "number":
                out.append((key.casefold(), value, line))
            else:
                self._wrong("a value")
            self._now = next(self._tokens)
        return out


def _drawn(items: Items) -> Drawn:
    graphs = [(value, line) for key, value, line in items if key == "graph" and isinstance(value, list)]
    if len(graphs) != 1:
        raise fault(
            graphs[1][1] if graphs else 1, f"there are {len(graphs)} graphs.", "Write one: graph [ directed 1 … ]."
        )
    parts, line = graphs[0]
    about = {key: value for key, value, _ in parts if isinstance(value, str)}
    if about.get("directed", "0") != "1":
        raise fault(
            line, "the graph has no directions.", "Write `directed 1` if each edge goes from a cause to its effect."
        )
    drawn, names = Drawn(about=about), dict[str, str]()
    for key, value, at in parts:
        if key == "node" and isinstance(value, list):
            _node(drawn, names, {k: v for k, v, _ in value if isinstance(v, str)}, at)
    for key, value, at in parts:
        if key == "edge" and isinstance(value, list):
            told = {k: v for k, v, _ in value if isinstance(v, str)}
            ends = [told.get(end, "") for end in ("source", "target")]
            for end in ends:
                if end not in names:
                    raise fault(
                        at, f"an edge ends at {safe(end, 40)!r}, and no node has that id.", "Correct source and target."
                    )
            drawn.arrow(names[ends[0]], names[ends[1]], at, told)
    return drawn


def _node(drawn: Drawn, names: dict[str, str], told: dict[str, str], line: int) -> None:
    number = told.get("id", told.get("label", ""))
    if number in names:
        raise fault(line, f"two nodes have the id {safe(number, 40)!r}.", "Give every node its own id.")
    names[number] = told.get("label", number)
    if names[number] in drawn.names:
        raise fault(line, f"two nodes are labelled {safe(names[number], 60)!r}.", "Give every node its own label.")
    drawn.name(names[number], line, told)
