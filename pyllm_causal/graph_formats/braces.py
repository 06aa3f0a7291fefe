"""The grammar that DOT and dagitty share: `kind name { statements }`, read into what is drawn.

Graphviz' published language (graphviz.org/doc/info/lang.html) and dagitty's manual, as far as pictures of causes use them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ..wording import safe
from .drawn import DEEPEST, Drawn, fault

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|(?<!\S)#[^\n]*)+", re.DOTALL)
_ARROW = re.compile(r"<->|@->|<-@|@-@|@--|--@|->|<-|--")
_BARE = re.compile(r'(?:[^\s{}\[\];,=:"<>@#+-]|-(?![->@]))+')
_BARE_COLON = re.compile(r'(?:[^\s{}\[\];,="<>@#+-]|-(?![->@]))+')
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(\n)|([\"\\n]))")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = frozenset(("strict", "graph", "digraph", "node", "edge", "subgraph", "dag", "mag", "pag", "pdag"))


def quoted(text: str, always: bool = True) -> str:
    """`text` as one name or value: quotes, backslashes, line ends and everything invisible escaped."""
    if not always and _PLAIN.match(text) and text.casefold() not in _WORDS:
        return text
    out = []
    for ch in text:
        if ch in '"\\':
            out.append("\\" + ch)
        elif ch == "\n":
            out.append("\\n")
        else:
            out.append(ch if ch.isprintable() else f"\\u{{{ord(ch):x}}}")
    return '"' + "".join(out) + '"'


def _unquoted(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code, joined, escaped = match.groups()
        if code is not None:
            return chr(int(code, 16)) if int(code, 16) < 0x110000 else match.group()
        return "" if joined else "\n" if escaped == "n" else escaped

    return _ESCAPE.sub(plain, text)


@dataclass(frozen=True)
class Token:
    """A piece of the text: `bare` and `text` are names or values, `arrow`, and punctuation as its own kind."""

    kind: str
    value: str
    line: int


def _tokens(text: str, dagitty: bool) -> Iterator[Token]:
    at, line, bare = 0, 1, _BARE_COLON if dagitty else _BARE
    previous = ""
    while True:
        if space := _SPACE.match(text, at):
            line += text.count("\n", at, space.end())
            at = space.end()
        if at >= len(text):
            break
        if text.startswith("/*", at):
            raise fault(line, "a comment is not closed.", "Close it with */.")
        if previous == "=" and text[at] == "<":
            end = _html_end(text, at, line)
            token = Token("text", text[at:end], line)
        elif arrow := _ARROW.match(text, at):
            token, end = Token("arrow", arrow.group(), line), arrow.end()
        elif quote := _TEXT.match(text, at):
            token, end = Token("text", _unquoted(quote.group(1)), line), quote.end()
        elif text[at] in "{}[];,=:+":
            token, end = Token(text[at], text[at], line), at + 1
        elif name := bare.match(text, at):
            token, end = Token("bare", name.group(), line), name.end()
        elif text[at] == '"':
            raise fault(line, "a quotation mark is not closed.", 'Close it; within a name write \\" for one.')
        else:
            raise fault(line, f"{safe(text[at])!r} cannot stand here.", "Put names that are not plain words in quotes.")
        line += text.count("\n", at, end)
        at, previous = end, token.kind
        yield token
    yield Token("end", "the end of the file", line)


def _html_end(text: str, at: int, line: int) -> int:
    depth = 0
    for position in range(at, min(len(text), at + 100_000)):
        depth += {"<": 1, ">": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    raise fault(line, "a label in angle brackets is not closed.", "Write the label in quotes.")


class Reader:
    """One pass over the tokens; `drawn` is what they say."""

    def __init__(self, text: str, dagitty: bool) -> None:
        self.drawn = Drawn()
        self.dagitty = dagitty
        self._tokens = _tokens(text, dagitty)
        self._now = next(self._tokens)
        self._whole()

    def _next(self) -> Token:
        token = self._now
        if token.kind != "end":
            self._now = next(self._tokens)
        return token

    def _take(self, kind: str, what: str) -> Token:
        if self._now.kind != kind:
            self._wrong(what)
        return self._next()

    def _wrong(self, what: str) -> NoReturn:
        kinds = "a dagitty graph" if self.dagitty else "DOT"
        raise fault(
            self._now.line,
            f"{what} is expected, and {safe(self._now.value, 40)!r} stands there.",
            f"Read as {kinds}: arrows such as a -> b; names that are not plain words in quotes; one graph in one file.",
        )

    def _is(self, *words: str) -> bool:
        return self._now.kind == "bare" and self._now.value.casefold() in words

    def _whole(self) -> None:
        kinds = ("dag", "pdag", "mag", "pag") if self.dagitty else ("digraph", "graph")
        if self._is("strict"):
            self._next()
        if not self._is(*kinds):
            self._wrong(" or ".join(f"`{k}`" for k in kinds))
        kind = self._next()
        if kind.value.casefold() in ("mag", "pag"):
            raise fault(
                kind.line, f"a {kind.value} stands for many graphs at once.", "Give one of them, as `dag`, with hidden causes as <->."
            )  # fmt: skip
        if self._now.kind in ("bare", "text"):
            self._next()
        self._take("{", "`{`")
        self._statements(1)
        self._take("}", "`}`")
        if self._now.kind != "end":
            self._wrong("the end of the file")

    def _statements(self, depth: int) -> list[str]:
        """The names mentioned up to the closing brace."""
        if depth > DEEPEST:
            raise fault(self._now.line, "the braces are nested too deeply.", f"At most {DEEPEST} deep can be read.")
        mentioned: dict[str, None] = {}
        while self._now.kind not in ("}", "end"):
            if self._now.kind in (";", ","):
                self._next()
                continue
            mentioned.update(dict.fromkeys(self._statement(depth)))
        return list(mentioned)

    def _statement(self, depth: int) -> list[str]:
        word = self._now
        if self._is("graph", "node", "edge"):
            self._next()
            if self._now.kind == "[":
                self._defaults(word)
                return []
            if self._now.kind != "=":
                return self._chain(depth, [word.value])
            return self._about(word.value)
        if self._now.kind in ("bare", "text") and not self._is("subgraph"):
            self._next()
            if self._now.kind == "=":
                return self._about(word.value)
            return self._chain(depth, [word.value])
        return self._chain(depth, None)

    def _about(self, key: str) -> list[str]:
        self._next()
        self.drawn.about.setdefault(key.casefold(), self._value())
        return []

    def _value(self) -> str:
        if self._now.kind not in ("bare", "text"):
            self._wrong("a value")
        return self._next().value

    def _defaults(self, word: Token) -> None:
        marks = self._marks()
        if word.value.casefold() == "graph":
            for key, value in marks.items():
                self.drawn.about.setdefault(key, value)
        elif word.value.casefold() == "edge" and marks.get("dir", "forward") != "forward":
            raise fault(word.line, "all arrows are given another direction at once.", "Write each arrow as it points.")

    def _chain(self, depth: int, first: list[str] | None) -> list[str]:
        """`a -> b -> {c d} [marks]`, or one name with its marks; `first` is a name already read."""
        line, alone = self._now.line, first is not None
        groups = [self._group(depth) if first is None else self._named(first[0], line)]
        arrows: list[Token] = []
        while self._now.kind == "arrow":
            arrows.append(self._next())
            alone = False
            if self._now.kind in ("bare", "text") and not self._is("subgraph"):
                token = self._next()
                groups.append(self._named(token.value, token.line))
            else:
                groups.append(self._group(depth))
        marks = self._marks()
        for arrow, left, right in zip(arrows, groups, groups[1:], strict=False):
            self._draw(arrow, left, right, marks)
        if alone:
            self.drawn.name(groups[0][0], line, marks)
        return [name for group in groups for name in group]

    def _named(self, name: str, line: int) -> list[str]:
        while not self.dagitty and self._now.kind == ":":  # a port: where on the node the line ends
            self._next()
            self._value()
        self.drawn.name(name, line)
        return [name]

    def _group(self, depth: int) -> list[str]:
        if self._is("subgraph"):
            self._next()
            if self._now.kind in ("bare", "text"):
                self._next()
        self._take("{", "a name")
        names = self._statements(depth + 1)
        self._take("}", "`}`")
        return names

    def _marks(self) -> dict[str, str]:
        """`[key=value, flag]`, any number of them."""
        marks: dict[str, str] = {}
        while self._now.kind == "[":
            self._next()
            while self._now.kind != "]":
                if self._now.kind in (",", ";"):
                    self._next()
                    continue
                if self._now.kind not in ("bare", "text"):
                    self._wrong("`]`")
                key = self._next().value.casefold()
                marks[key] = "yes"
                if self._now.kind == "=":
                    self._next()
                    marks[key] = self._value()
            self._next()
        return marks

    def _draw(self, arrow: Token, left: list[str], right: list[str], marks: dict[str, str]) -> None:
        kind, line = arrow.value, arrow.line
        if kind == "->" and not self.dagitty:
            kind = {"back": "<-", "both": "<->", "none": "--"}.get(marks.get("dir", ""), "->")
        if kind == "--":
            raise fault(
                line, "a line without a direction.", "Say which causes which: a -> b, b -> a, or a <-> b for a hidden cause of both."
            )  # fmt: skip
        if "@" in kind:
            raise fault(
                line, "a circle at the end of an arrow leaves the direction open.", "Say which causes which: a -> b."
            )
        if kind == "<-":
            left, right = right, left
        for one, other in self.drawn.product(left, right, line):
            if kind == "<->":
                self.drawn.between(one, other, line)
            else:
                self.drawn.arrow(one, other, line, marks)
