"""Which column, or which cause that is not in the table, does a phrase name? By rule; where two fit, it is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..graph import Graph
from ..language import lexicon, match
from ..query import Query
from ..wording import safe
from .phrases import ASKS

if TYPE_CHECKING:
    from ..profile import Column, Profile

MOST = 4


@dataclass(frozen=True)
class Named:
    """`names`: what the phrase stands for (none: it cannot be told); `near`: columns that it may mean, best first."""

    names: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


def resolve(phrase: str, profile: Profile, query: Query, graph: Graph) -> Named:
    """The node that `phrase` names: an exact name, the asker's own words, else the column that fits best by far."""
    said = _flat(phrase)
    ends = [n for n in (query.treatment, query.outcome) if n]
    if said in ("both", "both of them", "the two", "both sides") and len(ends) == 2:
        return Named(tuple(ends))
    for node in (*profile.names(), *graph.hidden()):
        if _flat(node) == said:
            return Named((node,))
    for role in ("treatment", "outcome"):
        words, column = query.words.get(role), getattr(query, role)
        if words and column and _within(said, words):
            return Named((column,))
    usable = {c.name: c for c in match.usable(profile)}
    if query.question and _within(said, query.question):
        own = match.rank(said, [usable[n] for n in ends if n in usable])
        if own and own[0].explained >= 0.5:
            return Named((own[0].name,))
    drawn = [usable[n] for n in graph.nodes() if n in usable]
    for columns in (drawn, list(usable.values())):
        leader = match.rank(said, columns).leader()
        if leader is not None:
            return Named((leader,))
    near = [f.name for f in match.rank(said, list(usable.values())) if f.score >= 0.3]
    return Named(near=tuple(near[:MOST]))


def named(line: str, columns: Sequence[Column]) -> str | None:
    """The one column that a short line names, by its name or by the words of its description; None for anything else."""
    text = line.strip().rstrip(".!")
    if not text or text.startswith("/") or text.endswith("?") or len(text) > 80 or ASKS.match(text):
        return None
    exact = [c.name for c in columns if _flat(c.name) == _flat(text)]
    return exact[0] if len(exact) == 1 else match.rank(text, columns).leader()


def label(name: str, query: Query) -> str:
    """A node as the asker would say it: treatment and outcome in their own words, where they have any."""
    for role in ("treatment", "outcome"):
        if name == getattr(query, role) and query.words.get(role):
            return safe(query.words[role], 60)
    return safe(name, 60)


def _flat(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _within(said: str, words: str) -> bool:
    """Whether every word of content in `said` is spoken in `words`."""
    asked = lexicon.words(said)
    spoken = lexicon.words(words)
    return bool(asked) and all(any(lexicon.alike(a, s) >= 0.8 for s in spoken) for a in asked)
