"""May this prose stand beside these facts? Pure text rules; in doubt the answer is no.

Rejecting good prose costs nothing (the deterministic text stays), letting a false sentence through would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from .vocabulary import (
    BANNED,
    BETWEEN,
    CAUSES,
    COMMON,
    DOWN,
    HEDGES,
    LOOSE,
    NEGATIONS,
    NUMBER_WORDS,
    STRONGER,
    UP,
    pattern,
)

Direction = Literal["up", "down", "none"]
LONGEST = 700

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_NUMBER = re.compile(r"(?<![\w.,])([+\-−]?)(\d[\d,]*(?:\.\d+)?)(?![\d])")
_BANNED, _NEGATION = pattern(BANNED), pattern(NEGATIONS)
_UP_WORD, _DOWN_WORD, _CAUSE_WORD = pattern(UP), pattern(DOWN), pattern(CAUSES)
_STRONGER = {level: pattern(words) for level, words in STRONGER.items()}
_CLAUSE = re.compile(
    r"[,:;()—–]|\s-\s|\b(?:and|but|or|while|although|though|because|since|so|that|which|who|whom|whereas|if|when|as|than"
    r"|before|after|even|until|unless|however)\b",
    re.IGNORECASE,
)
_TELL = re.compile(
    r"\b(?:can(?:no|['’])t|could not|unable to)\s+(?:tell|say)\s+whether\b"
    r"|\b(?:not\s+(?:possible to tell|clear)|unclear)\s+whether\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:than|compared (?:with|to)|versus|vs|against|rather|instead of|whereas|while|had they|if)\b"
)
_ALLOWED_SIGNS = frozenset(".,;:!?'’\"“”()-–—%+−/&$€£°…")


def check_claims(prose: str, facts: str, level: str, direction: Direction | None) -> str | None:
    """What is wrong with `prose` in the light of `facts`, in words for a writer; None when nothing is.

    `level` is the certainty ("high", "moderate", "low", "very_low"). `direction` says whether the treatment goes with
    more ("up") or less ("down") of the outcome, makes little difference ("none"), or cannot be told (None).
    """
    text = prose.strip()
    if not text:
        return "the text is empty."
    if len(text) > LONGEST:
        return f"the text is longer than {LONGEST} characters."
    if fault := _signs(text, facts):
        return fault
    sentences = [s for s in _SENTENCE.split(text) if s.strip()]
    if len(sentences) > 6:
        return "there are more than four sentences."
    known = _Facts(facts)
    for sentence in sentences:
        if known.says(sentence):
            continue
        fault = (
            known.number_fault(sentence)
            or _word_fault(sentence, known)
            or _direction_fault(sentence, known, direction)
            or _strength_fault(sentence, level)
            or known.side_fault(sentence)
        )
        if fault:
            return fault
    return None


def _signs(text: str, facts: str) -> str | None:
    if re.search(r"https?:|www\.|\w\.(?:com|org|net|io|ru|cn)\b|@", text, re.IGNORECASE):
        return "links and addresses are not allowed."
    for sign in text:
        plain = sign == " " or (sign.isascii() and sign.isalnum()) or sign in _ALLOWED_SIGNS
        if not plain and sign not in facts:
            return "only plain letters, numbers and punctuation are allowed."
        if sign in "<>[]{}|#*`~\\^\n\r\t":
            return "markup is not allowed."
    words = set(re.findall(r"\w+", facts.casefold()))
    for word in re.findall(r"\w*[^\W\x00-\x7f]\w*|\w*_\w*", text.casefold()):
        if word and word not in words:
            return f"the word {word[:30]!r} is not among the facts."
    return None


class _Facts:
    """The facts, taken apart once: sentences, numbers with what follows them, words on either side of "than"."""

    def __init__(self, facts: str) -> None:
        self.text = facts.casefold()
        # Lines that begin with a sign are lists of reasons; their sentences may be quoted as well.
        self._sentences = {_bare(s) for s in _SENTENCE.split(facts) if _bare(s)}
        self.words = set(re.findall(r"\w+", self.text))
        self._numbers = list(_numbers(facts))
        before, after = set[str](), set[str]()
        for sentence in _SENTENCE.split(facts):
            head, tail = _sides(sentence)
            if tail:
                before |= head
                after |= tail
        self._before, self._after = before - after, after - before

    def says(self, sentence: str) -> bool:
        """Is the sentence one of the facts, word for word?"""
        return _bare(sentence) in self._sentences

    def number_fault(self, sentence: str) -> str | None:
        known = [(sign, value, follower) for sign, value, follower in self._numbers]
        place = 0
        for sign, value, follower in _numbers(sentence):
            if not any(value == v for _, v, _ in known):
                return f"the number {value} is not among the facts."
            if not any((sign, value) == (s, v) for s, v, _ in known):
                return f"the sign of {value} is not that of the facts."
            if not any((sign, value) == (s, v) and _same(follower, f) for s, v, f in known):
                return f"the number {value} stands beside another word or unit than in the facts."
            later = [i for i in range(place, len(known)) if known[i][:2] == (sign, value)]
            if not later:
                return "the numbers stand in another order than in the facts."
            place = later[0] + 1
        if re.search(r"\d", _NUMBER.sub(" ", sentence)):
            for word in re.findall(r"\w*\d\w*", _NUMBER.sub(" ", sentence).casefold()):
                if word not in self.words:
                    return f"{word[:30]!r} is not among the facts."
        return None

    def side_fault(self, sentence: str) -> str | None:
        """Two groups that change places turn a true number into a false one."""
        head, tail = _sides(sentence)
        if not tail:
            return None
        if not (self._before or self._after):
            return "the facts make no such comparison."
        if head & self._after or tail & self._before:
            return "the two groups have changed places."
        return None


def _bare(sentence: str) -> str:
    return " ".join(re.findall(r"[\w+\-−.,%]*\w", sentence.casefold()))


def _numbers(text: str) -> Iterator[tuple[str, str, str]]:
    """(sign, value, next word) of every number. A sign counts only at the start of a word: "2.4-4.3" is a range."""
    for found in _NUMBER.finditer(text):
        sign = "-" if found[1] in ("-", "−") else ""
        value = found[2].replace(",", "")
        if "." in value:
            value = value.rstrip("0").rstrip(".")
        rest = re.match(r"\s*(%|[^\W\d_]+|\d+|[$€£])?(?:\s+(\d[\d,]*)\s+([^\W\d_]+))?", text[found.end() :])
        follower = (rest[1] or "").casefold() if rest else ""
        if rest and follower in ("of", "in", "per") and rest[2]:
            follower = f"{follower} {rest[2]} {(rest[3] or '').casefold()}"
        before = text[: found.start()].rstrip()[-1:]
        if before in "$€£" and before:
            follower = f"{before}{follower}"
        yield sign, value or "0", follower


def _same(follower: str, known: str) -> bool:
    if follower == known:
        return True
    # The unit may be left out in the first half of a range ("2.4 to 4.3 kg"), never exchanged.
    return follower in LOOSE and known in LOOSE


def _sides(sentence: str) -> tuple[set[str], set[str]]:
    """Words before and after the comparison of a sentence; the second set is empty when it makes none."""
    parts = _COMPARES.split(sentence.casefold(), maxsplit=1)
    sets = [{w for w in re.findall(r"[^\W\d_]{3,}", part) if w not in COMMON} for part in parts]
    return (sets[0], sets[1]) if len(sets) == 2 else (sets[0], set())


def _word_fault(sentence: str, known: _Facts) -> str | None:
    if found := _BANNED.search(sentence):
        return f"the word {found[0].lower()!r} claims too much."
    for word in re.findall(r"[^\W\d_]+", sentence.casefold()):
        if word in NUMBER_WORDS and word not in known.words:
            return f"the amount {word!r} is not among the facts."
        if re.fullmatch(r"\w+fold", word) and word not in known.words:
            return f"the amount {word!r} is not among the facts."
    if re.search(r"%|\bper cent\b", sentence) and not re.search(r"%|\bper cent\b", known.text):
        return "percentages are not among the facts."
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.casefold())


def _direction_fault(sentence: str, known: _Facts, direction: Direction | None) -> str | None:
    tokens = _words(sentence)
    up = [t for t in tokens if _UP_WORD.fullmatch(t)]
    down = [t for t in tokens if _DOWN_WORD.fullmatch(t)]
    if direction is None:
        if (up or down) and not _TELL.search(sentence):
            return "the facts name no direction."
        return None
    if direction == "none":
        if up or down:
            return "the facts speak of little or no difference."
        return None
    wrong = down if direction == "up" else up
    if wrong:
        return f"the word {wrong[0]!r} points the wrong way."
    if _NEGATION.search(sentence) or re.search(r"n['’]t\b", sentence, re.IGNORECASE):
        return "a negation turns the finding round; say it without one."
    return None


def _strength_fault(sentence: str, level: str) -> str | None:
    if level == "very_low":
        stripped = _TELL.sub(" ", sentence)
        if _TELL.search(sentence):
            if re.search(r"\b(?:but|although|though|still|however|yet)\b|\d", stripped, re.IGNORECASE):
                return "the facts only say that it cannot be told."
            return None
        if any(_causal(t) for t in _words(sentence)):
            return "the facts only say that it cannot be told."
    if (stronger := _STRONGER.get(level)) and (found := stronger.search(sentence)):
        return f"the word {found[0].lower()!r} is stronger than the facts."
    if level == "high":
        return None
    hedges = HEDGES.get(level, frozenset())
    for clause in _CLAUSE.split(sentence):
        tokens = _words(clause or "")
        for place, token in enumerate(tokens):
            if _causal(token) and not _softened(tokens, place, hedges):
                return f"{token!r} needs the same caution as in the facts ({'may' if level == 'low' else 'probably'})."
    return None


def _causal(token: str) -> bool:
    return any(p.fullmatch(token) for p in (_UP_WORD, _DOWN_WORD, _CAUSE_WORD))


def _softened(tokens: list[str], place: int, hedges: frozenset[str]) -> bool:
    for back in range(place - 1, max(-1, place - 6), -1):
        if tokens[back] in hedges:
            return True
        if tokens[back] not in BETWEEN and not _causal(tokens[back]):
            return False
    return False
