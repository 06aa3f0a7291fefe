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


@dataclass(frozen=True)
class Blocks:
    """`said` are the sentences under the headline, `named` every other block by its name in `HEADS`, each unwrapped."""

    said: tuple[str, ...]
    named: dict[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """The block as one paragraph."""
        return " ".join(self.named.get(name, ()))


def blocks_of(text: str) -> Blocks:
    """Taken apart at empty lines; lines that begin with a sign are items of their own."""
    said: list[str] = []
    named: dict[str, tuple[str, ...]] = {}
    for block in text.split("\n\n")[1:]:
        lines = block.splitlines()
        if not lines:
            continue
        head = next((h for h in HEADS if lines[0].startswith(h)), None)
        if head is None:
            said.append(" ".join(block.split()))
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
        sign = re.match(r"^  ([+−·!✗✓?]) (.*)", line)
        if sign:
            out.append(sign[2].strip())
        elif line.strip():
            if out:
                out[-1] += " " + line.strip()
            else:
                out.append(line.strip())
    return out
