"""The built-in reader: rules over the words of a question. Sure only when unmistakable; else it offers a choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import match
from .reading_form import Association, Describe, Discovery, Effect, Form

if TYPE_CHECKING:
    from ..profile import Column

_OF_ON = re.compile(
    r"\b(?:effects?|impact|influence|consequences?|result|return|benefit)s?\s+(?:of|to"
    r"|from)\s+(?P<cause>.+?)\s+(?:on|for|upon|in)\s+(?P<effect>.+)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:caus(?:e|es|ed|ing)|affects?|influences?|impacts?|changes?|increas(?:e|es|ed|ing)|rais(?:e|es|ed)"
    r"|boosts?|improv(?:e|es|ed)"
    r"|reduc(?:e|es|ed|ing)|lower(?:s|ed)?|decreas(?:e|es|ed)|cuts?|shortens?|lengthens?|leads?(?:\s+\w+)?\s+to"
    r"|results?\s+in|makes?|helps?"
    r"|prevents?|keeps?|hurts?|harms?|worsens?|speeds?|slows?|drives?|protects?|saves?)\b",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|when|were|suppose|had)\b(?P<cause>[^,?]+)[,?]\s*(?P<effect>.+)", re.IGNORECASE)
_BECAUSE = re.compile(
    r"(?P<effect>.+?)\b(?:because of|due to|thanks to|as a result of|owing to)\b(?P<cause>.+)", re.IGNORECASE
)
_TOGETHER = re.compile(
    r"\b(?:correlat\w*|associat\w*|relat(?:ed|ion|ionship)\b|linked|go together|predict\w*|tend to|more likely"
    r"|less likely)\b",
    re.IGNORECASE,
)
_CAUSAL = re.compile(
    r"\b(?:caus\w+|effects?|affect\w*|impact\w*|influenc\w+|because|due to|leads?\s+to|led\s+to|result(?:s"
    r"|ed)?\s+in|makes?|made|improves?"
    r"|reduces?|increases?|lowers?|raises?|cuts?|prevents?|helps?|hurts?)\b",
    re.IGNORECASE,
)
_DESCRIBE = re.compile(
    r"^\s*(?:how many\s+(?!more|less|fewer|times)|what (?:share|fraction|proportion|percentage|is the (?:average|mean"
    r"|median|total|maximum|minimum|number|range))"
    r"|which \w+ (?:have|has|had|are|is|were|was) the|list\b|show\b|count\b|who (?:has|have|had|is)\b)",
    re.IGNORECASE,
)
_DISCOVER = re.compile(
    r"\b(?:causal (?:graph|structure|network|diagram|relations\w*)|what causes what|which (?:columns|variables"
    r"|things|factors) (?:are causes|cause)"
    r"|causes of which|dag)\b",
    re.IGNORECASE,
)


def causal(question: str) -> bool:
    """Do the words ask about a cause?"""
    return bool(_CAUSAL.search(question))


def descriptive(question: str) -> bool:
    """Does the question plainly ask for a count, a share, a list or an extreme?"""
    return bool(_DESCRIBE.search(question)) and not causal(question)


def together(question: str) -> bool:
    """Does the question plainly ask whether two things go together, and for no cause?"""
    return bool(_TOGETHER.search(question)) and not causal(question)


def discovers(question: str) -> bool:
    """Does the question plainly ask for the whole structure?"""
    return bool(_DISCOVER.search(question))


def parts(question: str) -> tuple[str, str]:
    """The words about the cause and the words about the effect; the whole question twice where they cannot be told."""
    for pattern in (_OF_ON, _BECAUSE, _IF):
        if found := pattern.search(question):
            return found["cause"], found["effect"]
    found = None
    for found in _VERB.finditer(question):
        if found.start() > 0 and match.words(question[: found.start()]) and match.words(question[found.end() :]):
            return question[: found.start()], question[found.end() :]
    return question, question


def choices(question: str, columns: Sequence[Column], most: int = 5) -> dict[str, list[str]]:
    """Ranked candidates for treatment and outcome; the rest of the table follows the matching ones."""
    cause, effect = parts(question)
    out = {}
    for role, text in (("treatment", cause), ("outcome", effect)):
        ranked = match.rank(text, columns)
        out[role] = [name for name, _ in ranked[:most]]
    return out


def guess(question: str, columns: Sequence[Column]) -> Form | None:
    """The reading, where the words leave no doubt; else None."""
    if discovers(question):
        return Discovery(kind="discovery")
    if descriptive(question):
        return Describe(kind="describe")
    cause, effect = parts(question)
    if cause == effect:
        return _pair(question, columns) if together(question) else None
    treatment, outcome = match.rank(cause, columns).leader(), match.rank(effect, columns).leader()
    if treatment is None or outcome is None or treatment == outcome:
        return None
    if re.search(
        r"\b(?:differ\w*|stronger|weaker|than|among|those|instrument\w*|through|via|would have|how much|and)\b",
        question,
    ):
        return None  # a finer question than these rules can read
    return Effect(kind="effect", treatment=treatment, outcome=outcome)


def _pair(question: str, columns: Sequence[Column]) -> Form | None:
    ranked = match.rank(question, columns)
    if len(ranked) < 2 or ranked[1][1] < 0.5 or (len(ranked) > 2 and ranked[2][1] > 0.6 * ranked[1][1]):
        return None
    first, second = sorted((ranked[0][0], ranked[1][0]), key=lambda name: _place(question, name, columns))
    return Association(kind="association", treatment=first, outcome=second)


def _place(question: str, name: str, columns: Sequence[Column]) -> int:
    column = next(c for c in columns if c.name == name)
    asked = match.split(question)
    hits = [i for i, word in enumerate(asked) if word in match.words(question) and match.mentioned(word, column) > 0.3]
    return hits[0] if hits else len(asked)
