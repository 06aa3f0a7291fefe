"""One of the things that an answer is about, and how to find it in a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..language.lexicon import stem
from ..language.vocabulary import PLAIN
from ..wording import gist

WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Term:
    """A name, and the stems of the words for it."""

    name: str
    stems: frozenset[str]

    @classmethod
    def of(cls, name: str, description: str = "") -> Term:
        """From a column's name and description."""
        texts = (name.replace("_", " "), gist(description) or "")
        return cls(name, frozenset({stem(w) for t in texts for w in WORD.findall(t)} - {stem(w) for w in PLAIN}))

    def inside(self, text: str) -> bool:
        """Whether the text speaks of it."""
        if re.search(rf"(?<!\w){re.escape(self.name)}(?!\w)", text):
            return True
        return bool(self.stems & {stem(w) for w in WORD.findall(text)})
