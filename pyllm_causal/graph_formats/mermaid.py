"""Mermaid flowcharts, in and out: what GitHub and many editors draw straight from text.

Names stand in quotes behind short ids; the words on an arrow are its reason; hidden causes and roles are classes.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import NoReturn

from ..wording import safe
from .drawn import Drawn, fault, marks_of
from .graph_file import GraphFile

_SKIP = re.compile(r"(?:[\s;]+|%%[^\n]*)+")
_HEAD = re.compile(r"(?:flowchart|graph)(?:-elk)?(?:[ \t]+(?:TB|TD|BT|RL|LR))?(?=[\s;]|\Z)")
_FRONT = re.compile(r"\s*---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
_FENCE = re.compile(r"\s*```+[ \t]*mermaid[ \t]*\n(.*?)\n[ \t]*```+\s*\Z", re.DOTALL)
_IGNORED = re.compile(
    r"(?:subgraph|direction|classDef|style|linkStyle|click|accTitle|accDescr)\b[^\n]*|end(?=[\s;]|\Z)"
)
_CLASS = re.compile(r"class[ \t]+([^\n;]+?)[ \t]+([\w-]+)[ \t]*(?=[\n;]|\Z)")
_ID = re.compile(r"(?:\w|-(?![-.>=])|\.(?![-.]))+")
_TAG = re.compile(r":::([\w-]+)")
_SPACE = re.compile(r"[ \t]*(?:\n[ \t]*(?=[<]?(?:--|==|-\.|&)))?")
_LINK = re.compile(r"(?P<back>[<xo]?)(?:-{2,}|={2,}|-\.+-)(?P<on>>|[xo](?=[\s|]))?")
_WORDED = re.compile(
    r'(?P<back><?)(?:--|==|-\.)[ \t]*(?P<words>"[^"]*"|[^\n"|<>]{1,500}?)[ \t]*(?:-{2,}|={2,}|\.+-)(?P<on>>)'
)
_WORDS = re.compile(r'[ \t]*\|[ \t]*("[^"]*"|[^|\n]*?)[ \t]*\|[ \t]*')
_ENTITY = re.compile(r"#(?:(\d{1,7})|([A-Za-z]\w{0,30}));")
# opening bracket of a node's text → what closes it, the longest first
_SHAPES = (
    ("(((", (")))",)), ("((", ("))",)), ("([", ("])",)), ("[[", ("]]",)), ("[(", (")]",)), ("{{", ("}}",)), ("[/", ("/]", "\\]")),
    ("[\\", ("\\]", "/]")), ("[", ("]",)), ("(", (")",)), ("{", ("}",)), (">", ("]",)),
)  # fmt: skip
_CLASSES = ("exposure", "outcome", "adjusted", "selected")
_HINT = 'Write names as id["name"] and arrows as a --> b; a <--> b is a hidden cause of both.'


def parse(text: str) -> GraphFile:
    """The graph. Raises `GraphError`."""
    return _Reader(text).drawn.file()


def render(file: GraphFile) -> str:
    """A flowchart; arrows of hidden causes and those marked as unsure are dotted."""
    marks = marks_of(file)
    ids = {name: f"n{i}" for i, name in enumerate(marks)}
    lines = ["flowchart LR"]
    for name, told in marks.items():
        flag = "unmeasured" if "observed" in told else next((c for c in _CLASSES if c in told), "")
        lines.append(f"  {ids[name]}[{_quoted(name)}]" + (f":::{flag}" if flag else ""))
        lines += [f"  class {ids[name]} {c}" for c in _CLASSES if c in told and c != flag]
    for edge in file.graph.edges:
        arrow = "-.->" if edge.confidence == "unsure" else "-->"
        words = f"|{_quoted(edge.reason)}|" if edge.reason else ""
        lines.append(f"  {ids[edge.cause]} {arrow}{words} {ids[edge.effect]}")
    lines += [f"  {ids[u.name]} -.-> {ids[node]}" for u in file.graph.unmeasured for node in u.affects]
    lines += ["  classDef unmeasured stroke-dasharray: 4", "  classDef exposure stroke-width: 3px"]
    return "\n".join([*lines, "  classDef outcome stroke-width: 3px"]) + "\n"


def _quoted(text: str) -> str:
    """Letters, digits, inner single spaces and a few harmless signs as they are; all else as a number."""
    out = []
    for i, ch in enumerate(text):
        plain = ch.isalnum() or ch in "_.,()/-" or (ch == " " and 0 < i < len(text) - 1 and text[i - 1] != " ")
        out.append(ch if plain and ch.isprintable() else f"#{ord(ch)};")
    return '"' + "".join(out) + '"'


def _plain(text: str) -> str:
    """Text as it is meant: quotes, Markdown marks and entities taken off."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
        if len(text) >= 2 and text[0] == text[-1] == "`":
            text = text[1:-1]

    def letter(match: re.Match[str]) -> str:
        number, name = match.groups()
        code = int(number) if number else name2codepoint.get(name, -1)
        return chr(code) if 0 <= code < 0x110000 else match.group()

    return _ENTITY.sub(letter, text)


class _Reader:
    """Nodes by id first; `drawn` has them by name."""

    def __init__(self, text: str) -> None:
        self._lead, self._text = 0, text
        if fence := _FENCE.match(text):
            self._lead, self._text = text.count("\n", 0, fence.start(1)), fence.group(1)
        self._at = front.end() if (front := _FRONT.match(self._text)) else 0
        self._names: dict[str, str] = {}
        self._tags: dict[str, set[str]] = {}
        self._first: dict[str, int] = {}
        self._links: list[tuple[str, str, str, int, str]] = []
        self._counted = (0, 1)
        self._read()
        self.drawn = self._drawn()

    def _line(self) -> int:
        at, line = self._counted
        self._counted = (self._at, line + self._text.count("\n", at, self._at))
        return self._counted[1] + self._lead

    def _wrong(self, what: str) -> NoReturn:
        rest = self._text[self._at :].split("\n", 1)[0].strip()
        raise fault(self._line(), f"{what}{f' at {safe(rest, 40)!r}' if rest else ''}.", _HINT)

    def _skip(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _read(self) -> None:
        self._skip(_SKIP)
        if not self._skip(_HEAD):
            self._wrong("`flowchart LR` is expected")
        while True:
            self._skip(_SKIP)
            if self._at >= len(self._text):
                return
            if self._skip(_IGNORED):
                continue
            if named := self._skip(_CLASS):
                for node in named.group(1).split(","):
                    self._tags.setdefault(node.strip(), set()).add(named.group(2).casefold())
                continue
            self._chain()

    def _chain(self) -> None:
        left = self._group()
        while True:
            start = self._at
            self._skip(_SPACE)
            if self._at >= len(self._text) or self._text[self._at] in "\n;%":
                self._at = start
                return
            line, (kind, words) = self._line(), self._link()
            self._skip(_SPACE)
            right = self._group()
            if len(self._links) + len(left) * len(right) > 1_000_000:
                self._wrong("there are far too many arrows")
            self._links += [(a, b, kind, line, words) for a in left for b in right]
            left = right

    def _link(self) -> tuple[str, str]:
        """(`->` or `<->`, the words on the arrow)."""
        link = _LINK.match(self._text, self._at)
        if link is None or link.group("on") is None:
            worded = _WORDED.match(self._text, self._at)
            if worded is not None:
                self._at = worded.end()
                return ("<->" if worded.group("back") else "->"), _plain(worded.group("words"))
        if link is None:
            self._wrong("an arrow is expected")
        if link.group("on") != ">" or link.group("back") not in ("", "<"):
            self._wrong("a line without a direction")
        self._at = link.end()
        words = self._skip(_WORDS)
        return ("<->" if link.group("back") else "->"), _plain(words.group(1)) if words else ""

    def _group(self) -> list[str]:
        """`a & b["text"]:::class`."""
        nodes = [self._node()]
        while True:
            start = self._at
            self._skip(_SPACE)
            if not self._text.startswith("&", self._at):
                self._at = start
                return nodes
            self._at += 1
            self._skip(_SPACE)
            nodes.append(self._node())

    def _node(self) -> str:
        found = self._skip(_ID)
        if found is None:
            self._wrong("a node is expected")
        node = found.group()
        self._names.setdefault(node, node)
        self._first.setdefault(node, self._line())
        for opening, closings in _SHAPES:
            if self._text.startswith(opening, self._at):
                self._names[node] = self._inside(opening, closings)
                break
        while tag := self._skip(_TAG):
            self._tags.setdefault(node, set()).add(tag.group(1).casefold())
        return node

    def _inside(self, opening: str, closings: tuple[str, ...]) -> str:
        start = self._at + len(opening)
        if self._text.startswith('"', start):
            end = self._text.find('"', start + 1)
            closing = next((c for c in closings if self._text.startswith(c, end + 1)), None)
            if end < 0 or closing is None:
                self._wrong("the text of a node is not closed")
            self._at = end + 1 + len(closing)
            return _plain(self._text[start : end + 1])
        stop = self._text.find("\n", start)
        stop = len(self._text) if stop < 0 else stop
        ends = [(at, c) for c in closings if (at := self._text.find(c, start, stop)) >= 0]
        if not ends:
            self._wrong("the text of a node is not closed")
        end, closing = min(ends)
        self._at = end + len(closing)
        return _plain(self._text[start:end].strip())

    def _drawn(self) -> Drawn:
        drawn = Drawn()
        for node, name in self._names.items():
            if name in drawn.names:
                raise fault(
                    self._first[node], f"two nodes are called {safe(name, 60)!r}.", "Give every node its own name."
                )
            drawn.name(name, self._first[node], dict.fromkeys(self._tags.get(node, ()), "yes"))
        for one, other, kind, line, words in self._links:
            ends = self._names[one], self._names[other]
            if kind == "<->":
                drawn.between(*ends, line)
            else:
                drawn.arrow(*ends, line, {"reason": words} if words else None)
        return drawn
