"""A text taken apart: its sentences, and in each the causal claims, what hedges them, and the words of direction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import words

if TYPE_CHECKING:
    from .known import Known

_BREAK = re.compile(r"(?<=[.!?;])[\"”')\]]*\s+(?=[A-Z0-9\"“(‘])|\n\s*\n|\s+[·•]\s+")
_NOUN = re.compile(
    r"\b(?:a|an|the|this|that|no|any|in|of|point|points|percent|%|clear|average|mean)\s+$", re.IGNORECASE
)
# "those whose schooling was changed by the distance" says who is meant, and claims nothing.
_WHOM = re.compile(
    r"\b(?:those|people|rows|units)(?: \(\w+\))? (?:who|whose)\b[^,.;:]{1,60}?\b(?:changed|changes|moved|follows it|treated)\b(?: by \S+)?",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    r"\b(?:hidden|unmeasured|shared|common|other|another|unknown|strongest|main|only|possible|likely|one|its|their|each|every|all"
    r"|about|from|two|several|both|many|these|those|which|first|of|own)\s+$",
    re.IGNORECASE,
)
_SORT_OF = re.compile(
    r"\b(?:single|best|biggest|largest|several|such|these|those|which|both|all|few)\s+$", re.IGNORECASE
)
_AS_NOUN = re.compile(r"(?:cause|change|increase|decrease|influence|harm|cut|boost|raise)s?", re.IGNORECASE)
_AFTER_NOUN = re.compile(r"\s+(?:was|is|were|are|of|in|from|between|scores?|due|caused|by)\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(?:any|whether|no|possible|what|whatever|size of the|look for an?)\s+(?:\w+\s+)?$", re.IGNORECASE
)
# What somebody supposes is no claim: "if price affects sales", "your picture says that".
_SUPPOSED = re.compile(
    r"\bif\s+(?:\w+\s+){1,2}$|\b(?:(?:picture|graph)\s+(?:says|draws|has)|for granted that|assum\w+ that)\b[^.;]*$",
    re.IGNORECASE,
)
_NOT = re.compile(r"(?:\b(?:not|never|nor|hardly)|n['’]t)\s+(?:\w+ly\s+|be\s+)?$", re.IGNORECASE)
_BY = re.compile(r"\s*(?:\w+ly\s+)?by\b", re.IGNORECASE)
_BE = re.compile(r"\b(?:is|are|was|were|be|been|being|get|gets|got)\s+(?:\w+ly\s+|not\s+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """A causal word in a sentence. turned: what comes after it is the cause."""

    start: int
    end: int
    text: str
    turned: bool = False
    effect_of: bool = False


@dataclass(frozen=True)
class Sentence:
    """One sentence. `bare` is the text with names of columns blanked out, letter for letter."""

    text: str
    bare: str
    claims: tuple[Claim, ...]
    proof: tuple[str, ...]
    unsure: bool
    no_effect: tuple[str, ...]
    up: tuple[str, ...]
    down: tuple[str, ...]
    would: Claim | None = None  # what would have been, said outright

    def hedged(self, claim: Claim, weak: bool) -> bool:
        """Whether a hedge stands before the claim; `weak`: one that a low certainty needs."""
        before = self.bare if claim.effect_of else self.bare[: claim.start]
        found = (words.WEAK_HEDGE if weak else words.HEDGE).search(before)
        return found is not None

    def too_likely(self, claim: Claim) -> str | None:
        """A word that says more than "may"."""
        hit = re.search(r"\b(?:probably|(?<!un)likely)\b", self.bare[: claim.start], re.IGNORECASE)
        return hit[0] if hit else None

    def around(self, claim: Claim) -> str:
        """The claim with the word or two before it."""
        lead = re.search(r"(?:\S+\s+){0,2}$", self.text[: claim.start])
        return (lead[0] if lead else "") + claim.text

    def sides(self, claim: Claim) -> tuple[str, str]:
        """(what is said to change something, what is said to be changed)."""
        before, after = self.text[: claim.start], self.text[claim.end :]
        if claim.effect_of:
            cause, _, effect = after.partition(" on ")
            return cause, effect
        return (after, before) if claim.turned else (before, after)

    def turned(self, known: Known) -> bool:
        """Whether its direction may be that of the other side: then nothing is said about it."""
        own = {bool(words.SPARED.fullmatch(m[0])) for m in words.TURNED.finditer(self.bare)}
        spared = words.SPARED.search(known.right) is not None  # the answer itself speaks of those who were spared
        return False in own or (True in own) != spared or known.control_first(self.text)

    def excepted(self, hit: re.Match[str]) -> bool:
        """Whether "everyone" is named only to be left out."""
        return words.EXCEPTED.search(self.text[max(0, hit.start() - 25) : hit.end() + 20]) is not None


def sentences_of(text: str, names: tuple[str, ...]) -> list[Sentence]:
    """The sentences of a text; `names` of columns and levels are not read as words."""
    flat = re.sub(r"[ \t\r]*\n(?!\s*\n)[ \t]*", " ", text.strip())
    return [_read(part.strip(), names) for part in _BREAK.split(flat) if part and part.strip()]


def _read(text: str, names: tuple[str, ...]) -> Sentence:
    bare = text
    bare = _WHOM.sub(lambda m: "·" * len(m[0]), bare)
    for name in names:
        bare = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda m: "·" * len(m[0]), bare)
    unsure = words.UNSURE.search(bare) is not None
    proof = () if unsure else tuple(m[0] for m in words.PROOF.finditer(bare))
    no_effect = tuple(m[0] for m in words.NO_EFFECT.finditer(bare))
    would = None if words.MODELLED.search(bare) else words.WOULD.search(bare)
    return Sentence(
        text, bare, tuple(_claims(bare)), proof, unsure, no_effect,
        tuple(m[0] for m in words.UP.finditer(bare) if not _compared(bare, m)),
        tuple(m[0] for m in words.DOWN.finditer(bare) if not _compared(bare, m)),
        None if would is None else Claim(would.start(), would.end(), would[0]),
    )  # fmt: skip


def _compared(bare: str, hit: re.Match[str]) -> bool:
    """ "no more than", "more than 100 firms", "up to", "in higher education": no direction."""
    before, after = bare[max(0, hit.start() - 12) : hit.start()], bare[hit.end() : hit.end() + 14]
    if re.match(r"-?\s?off\b", after):  # a cut-off
        return True
    if re.match(r"\s+than\s+\d", after) or re.search(r"\b(?:no|not|any|once|one|further|what is)\s+$", before):
        return True
    return bool(re.match(r"\s+(?:education|likely than not|research|studies|data|rows|information|or less)\b", after))


def _claims(bare: str) -> list[Claim]:
    out = []
    for hit in words.FORWARD.finditer(bare):
        before, after = bare[: hit.start()], bare[hit.end() :]
        if _NOUN.search(before) and not re.match(r"(?:has|have|had)", hit[0], re.IGNORECASE):
            continue  # "an increase", "the change in"
        if hit[0].lower() in ("cause", "causes") and _ADJECTIVE.search(before):
            continue  # "a hidden cause"
        if _AS_NOUN.fullmatch(hit[0]) and _AFTER_NOUN.match(after):
            continue  # "weight change was recorded"
        if re.match(r"-?\s?off\b| of (?:it|this|that|them)\b", after) or (
            hit[0].lower() in ("change", "changes") and _SORT_OF.search(before)
        ):
            continue  # "the cut-off", "make of it", "of single changes"
        passive = _BE.search(before) is not None
        by = _BY.match(after)
        if by:
            out.append(Claim(hit.start(), hit.end() + by.end(), hit[0] + by[0], turned=True))
        elif not passive:
            out.append(Claim(hit.start(), hit.end(), hit[0]))
    out += [
        Claim(h.start(), h.end(), h[0], turned=h[0].lower() != "responsible for") for h in words.BACKWARD.finditer(bare)
    ]
    out += [Claim(h.start(1), h.end(1), h[1]) for h in words.TO_LOWER.finditer(bare)]
    out += [
        Claim(h.start(), h.end(), h[0], effect_of=True)
        for h in words.EFFECT_OF.finditer(bare) if not _OPEN.search(bare[: h.start()])
    ]  # fmt: skip
    out += [Claim(h.start(), h.end(), h[0]) for h in words.FUTURE.finditer(bare)]
    kept = (c for c in out if not _NOT.search(bare[: c.start]) and not _SUPPOSED.search(bare[: c.start]))
    return sorted(kept, key=lambda c: c.start)
