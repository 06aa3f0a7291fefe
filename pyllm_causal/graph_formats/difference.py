"""What differs between two graphs: arrows and hidden causes added, dropped and turned, and changed confidence."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ..graph import Graph
from ..wording import safe

Pair = tuple[str, str]


class Change(BaseModel):
    """An arrow whose confidence differs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cause: str
    effect: str
    before: str | None
    after: str | None


class Difference(BaseModel):
    """From one graph to another. Arrows of hidden causes count as arrows; `hidden_added` are causes that only the other names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    added: tuple[Pair, ...] = ()
    dropped: tuple[Pair, ...] = ()
    flipped: tuple[Pair, ...] = ()  # as they point in the second
    confidence: tuple[Change, ...] = ()
    hidden_added: tuple[str, ...] = ()
    hidden_dropped: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self == Difference()

    def lines(self) -> list[str]:
        """One line for every difference, arrows from the same cause together, in plain words."""
        if self.same:
            return ["The two graphs say the same."]
        out = [f"+ {line}" for line in _arrows(self.added)]
        out += [f"− {line}" for line in _arrows(self.dropped)]
        out += [f"↔ {_arrow(pair)}   (the other way round before)" for pair in self.flipped]
        out += [
            f"~ {_arrow((c.cause, c.effect))}   {c.before or 'not said'} → {c.after or 'not said'}"
            for c in self.confidence
        ]
        out += [f"+ hidden cause: {safe(name)}" for name in self.hidden_added]
        return out + [f"− hidden cause: {safe(name)}" for name in self.hidden_dropped]


def between(before: Graph, after: Graph) -> Difference:
    """What changed from `before` to `after`."""
    old, new = dict.fromkeys(before.pairs()), dict.fromkeys(after.pairs())
    flipped = [(c, e) for c, e in new if (c, e) not in old and (e, c) in old and (e, c) not in new]
    sure = {(e.cause, e.effect): e.confidence for e in before.edges}
    changes = [
        Change(cause=e.cause, effect=e.effect, before=sure[e.cause, e.effect], after=e.confidence)
        for e in after.edges
        if (e.cause, e.effect) in sure and sure[e.cause, e.effect] != e.confidence
    ]
    hidden, hidden_now = before.hidden(), after.hidden()
    return Difference(
        added=tuple(p for p in new if p not in old and p not in flipped),
        dropped=tuple((c, e) for c, e in old if (c, e) not in new and (e, c) not in flipped),
        flipped=tuple(flipped),
        confidence=tuple(changes),
        hidden_added=tuple(n for n in hidden_now if n not in hidden),
        hidden_dropped=tuple(n for n in hidden if n not in hidden_now),
    )


def _arrows(pairs: tuple[Pair, ...]) -> list[str]:
    effects: dict[str, list[str]] = {}
    for cause, effect in pairs:
        effects.setdefault(cause, []).append(safe(effect))
    return [f"{safe(cause)} ──▶ {', '.join(names)}" for cause, names in effects.items()]


def _arrow(pair: Pair) -> str:
    return f"{safe(pair[0])} ──▶ {safe(pair[1])}"
