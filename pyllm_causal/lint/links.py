"""Sentences held against links that were searched for: is there such a link, which way does it point, how sure is it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..analysis import Answer
from ..wording import join, safe
from .sentence import Sentence
from .term import Term

if TYPE_CHECKING:
    from .known import Known

Kind = Literal["overclaim", "swapped"]
_FORWARD = ("→", "-->", "->")


_LAST_AND = re.compile(
    r"(?:,|;|\band\b|\bwhile\b|\bbut\b)(?!.*(?:,|;|\band\b|\bwhile\b|\bbut\b)).*$", re.IGNORECASE | re.DOTALL
)


def _near(s: Sentence, place: int) -> tuple[str, str]:
    """(what is said to change something, what is said to be changed) by the claim at a place, not reaching into other claims."""
    claim = s.claims[place]
    start = s.claims[place - 1].end if place else 0
    before, after = s.text[start : claim.start], s.text[claim.end :]
    if place + 1 < len(s.claims):
        after = _LAST_AND.sub("", s.text[claim.end : s.claims[place + 1].start])
    if claim.effect_of:
        cause, _, effect = after.partition(" on ")
        return cause, effect
    return (after, before) if claim.turned else (before, after)


@dataclass(frozen=True)
class Links:
    """The columns of a search, and its links: (one end, other end) -> whether it points from the first to the second."""

    terms: tuple[Term, ...] = ()
    links: tuple[tuple[str, str, bool], ...] = ()

    @classmethod
    def of(cls, answer: Answer, columns: dict[str, str]) -> Links:
        """From an answer document."""
        rows: list[dict[str, Any]] = [e for e in answer.edges or () if e.get("support") != "seldom"]
        names = {str(e[k]) for e in answer.edges or () for k in ("cause", "effect") if k in e} | set(columns)
        links = tuple((str(e.get("cause")), str(e.get("effect")), e.get("mark", "→") in _FORWARD) for e in rows)
        return cls(tuple(Term.of(n, columns.get(n, "")) for n in sorted(names)), links)

    def faults(self, s: Sentence, known: Known) -> Iterator[tuple[Kind, str, str, str]]:
        """(kind, words, why, what would be right) for what a sentence claims beyond the links."""
        if s.unsure:
            return
        if s.no_effect:
            pair = self._inside(s.text)
            linked = any({a, b} <= set(pair) for a, b, _ in self.links)
            why = (
                "The answer holds a link between them."
                if linked
                else "That no link was found is no proof that there is none."
            )
            yield "overclaim", s.no_effect[0], why, known.right
            return
        for place, claim in enumerate(s.claims):
            cause_text, effect_text = _near(s, place)
            pairs = [(a, b) for a in self._inside(cause_text) for b in self._inside(effect_text) if a != b]
            for cause, effect in pairs:
                fault = self._fault(cause, effect, "direct" in s.bare.lower())
                if fault is not None:
                    yield fault[0], s.text if fault[0] == "swapped" else claim.text, fault[1], fault[2] or known.right
                    return
            if not known.carries(s, claim):
                yield "overclaim", s.around(claim), "The certainty is low: say “may”.", known.right
                return
            if pairs and (s.up or s.down):
                yield (
                    "overclaim",
                    (s.up or s.down)[0],
                    "The answer does not say whether it rises or falls.",
                    known.right,
                )
                return

    def _inside(self, text: str) -> list[str]:
        return [t.name for t in self.terms if t.inside(text)]

    def _fault(self, cause: str, effect: str, direct: bool) -> tuple[Kind, str, str] | None:
        """(kind, why, what would be right) of "cause may affect effect"; None where the links say so."""
        for a, b, points in self.links:
            if (a, b) == (cause, effect) and points:
                return None
            if {a, b} == {cause, effect}:
                if points:
                    right = f"{safe(a)} may affect {safe(b)}."
                    return "swapped", "The answer has it the other way round.", right
                right = f"{join([a, b])} are linked, and the data cannot tell which way."
                return "overclaim", "The data cannot tell which of the two comes first.", right
        if not direct and self._by_way_of(cause, effect):
            return None
        return "overclaim", f"The answer holds no direct link from {safe(cause)} to {safe(effect)}.", ""

    def _by_way_of(self, cause: str, effect: str) -> bool:
        reached, todo = {cause}, [cause]
        while todo:
            here = todo.pop()
            for a, b, points in self.links:
                if a == here and points and b not in reached:
                    reached.add(b)
                    todo.append(b)
        return effect in reached
