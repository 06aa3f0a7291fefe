"""The blocks of an answer's plain text, unwrapped: what the sentences of a report are taken from."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADS = {
    "How sure are we?": "sure",
    "What was checked": "checked",
    "What this rests on": "rests",
    "Bad to hold fixed": "alarms",
    "What would help:": "help",
    "What is needed from you:": "help",
    "What failed, in other words:": "failed",
    "Read as:": "receipt",
    "Next": "next",
    "The experiment that would settle it:": "experiment",
    "What the table shows, without any claim about causes:": "shown",
    "Until then:": "bounds",
}
_ITEM = re.compile(r"^  ([+−·!✗✓?]) (.*)")


@dataclass(frozen=True)
class Said:
    """A paragraph; with `items`, the head of a list."""

    words: str
    items: tuple[str, ...] = ()

    def line(self, most: int) -> str:
        """The list as one sentence, with as many items as fit into `most` letters and at least one; a paragraph as it is."""
        if not self.items:
            return self.words
        told = [self.items[0].rstrip(".")]
        for item in self.items[1:]:
            if len(self.words) + sum(len(i) + 2 for i in told) + len(item) > most:
                break
            told.append(item.rstrip("."))
        more = len(self.items) - len(told)
        return f"{self.words}: {'; '.join(told)}{f'; and {more} more' if more else ''}."


@dataclass(frozen=True)
class Blocks:
    """`said` are the sentences under the headline, `named` every other block by its name in `HEADS`, each unwrapped."""

    said: tuple[Said, ...]
    named: dict[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """The block as one paragraph."""
        return " ".join(self.named.get(name, ()))


def blocks_of(text: str) -> Blocks:
    """Taken apart at empty lines; lines that begin with a sign are items of their own."""
    said: list[Said] = []
    named: dict[str, tuple[str, ...]] = {}
    for block in text.split("\n\n")[1:]:
        lines = block.splitlines()
        if not lines:
            continue
        head = next((h for h in HEADS if lines[0].startswith(h)), None)
        if head is None:
            first = next((i for i, line in enumerate(lines) if _ITEM.match(line)), len(lines))
            head_line = " ".join(" ".join(lines[:first]).split())
            items = _items(lines[first:]) if head_line else []
            said.append(Said(head_line, tuple(items)) if items else Said(" ".join(block.split())))
            continue
        rest = [lines[0].removeprefix(head), *lines[1:]]
        named[HEADS[head]] = tuple(_items(rest))
    return Blocks(tuple(said), named)


def sentences(text: str) -> list[str]:
    """Cut after a full stop that is followed by a capital."""
    return [s for s in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text) if s]


def _items(lines: list[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        sign = _ITEM.match(line)
        if sign:
            out.append(sign[2].strip())
        elif line.strip():
            if out:
                out[-1] += " " + line.strip()
            else:
                out.append(line.strip())
    return out
