"""May this prose stand beside these facts? Pure text rules; in doubt the answer is no.

A sentence of the facts may be copied word for word. Any other sentence must carry no number, use only words of the
facts or plain wording, and keep strength and direction. Rejecting good prose costs nothing (the deterministic text
stays); letting a false sentence through would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from .lexicon import stem
from .vocabulary import (
    BANNED,
    BETWEEN,
    CAUSES,
    DOWN,
    HEDGES,
    MAKERS,
    NEGATIONS,
    NUMBER_WORDS,
    PLAIN,
    STRONGER,
    UP,
    pattern,
)

Direction = Literal["up", "down", "none"]
LONGEST = 700
MOST_SENTENCES = 5

_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_WRAP = re.compile(r"\s*\n\s*")
_NUMBER = re.compile(r"(?<![\w.,])[+\-−]?\d[\d,]*(?:\.\d+)?")
_BANNED, _NEGATION = pattern(BANNED), pattern(NEGATIONS)
_UP_WORD, _DOWN_WORD, _CAUSE_WORD = pattern(UP), pattern(DOWN), pattern(CAUSES)
_MAKER_WORD = pattern(MAKERS)
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
    r"\b(?:than|compared|versus|vs|against|rather|whereas|instead|without|if|unless)\b", re.IGNORECASE
)
_ALLOWED_SIGNS = frozenset(".,;:!?'’\"“”()-–—%+−=/&$€£°…")
_MARKUP = frozenset("<>[]{}|#*`~\\^\t")


def check_claims(
    prose: str,
    facts: str,
    level: str,
    direction: Direction | None,
    *,
    treatment: Sequence[str] = (),
    extra: str = "",
) -> str | None:
    """What is wrong with `prose` in the light of `facts`, in words for a writer; None when nothing is.

    `level` is the certainty ("high", "moderate", "low", "very_low"). `direction` says whether the treatment goes with
    more ("up") or less ("down") of the outcome, makes little difference ("none"), or cannot be told (None).
    `treatment` are the ways to name the treatment; without one, claims can only be copied. `extra` are further words
    that may be used, such as the question.
    """
    text = _WRAP.sub(" ", prose.strip())
    if not text:
        return "the text is empty."
    if len(text) > LONGEST:
        return f"the text is longer than {LONGEST} characters."
    if fault := _signs(text, facts):
        return fault
    sentences = [s for s in _SENTENCE.split(text) if s.strip()]
    if len(sentences) > MOST_SENTENCES:
        return "there are more than four sentences."
    flat = _WRAP.sub(" ", facts)
    copied = {_bare(s) for s in _SENTENCE.split(flat)} - {""}
    numbers = {_value(n) for n in _NUMBER.findall(flat)}
    words = set(_tokens(flat))
    stems = {stem(w) for w in words | set(_tokens(extra))}
    for sentence in sentences:
        if _bare(sentence) in copied:
            continue
        fault = (
            _number_fault(sentence, numbers, words)
            or _word_fault(sentence, stems)
            or _direction_fault(sentence, direction)
            or _strength_fault(sentence, level if direction else "very_low")
            or _subject_fault(sentence, treatment)
        )
        if fault:
            return fault
    return None


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.casefold())


def _bare(sentence: str) -> str:
    return " ".join(re.findall(r"\S+", sentence.casefold().strip(" .!?;")))


def _value(number: str) -> str:
    text = number.replace(",", "").replace("−", "-").lstrip("+")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signs(text: str, facts: str) -> str | None:
    if re.search(r"https?:|www\.|\w\.(?:com|org|net|io|ru|cn)\b|@", text, re.IGNORECASE):
        return "links and addresses are not allowed."
    for sign in text:
        if sign in _MARKUP or not sign.isprintable():
            return "markup is not allowed."
        plain = sign == " " or (sign.isascii() and sign.isalnum()) or sign in _ALLOWED_SIGNS
        if not plain and sign not in facts:
            return "only plain letters, numbers and punctuation are allowed."
    words = set(re.findall(r"\w+", facts.casefold()))
    for word in re.findall(r"\w*[^\W\x00-\x7f]\w*|\w*_\w*", text.casefold()):
        if word not in words:
            return f"the word {word[:30]!r} is not among the facts."
    return None


def _number_fault(sentence: str, numbers: set[str], words: set[str]) -> str | None:
    found = [_value(n) for n in _NUMBER.findall(sentence)]
    foreign = [n for n in found if n not in numbers]
    if foreign:
        return f"the number {foreign[0][:20]} is not among the facts."
    if found:
        return "a sentence with a number must be copied from the facts word for word."
    for word in _tokens(sentence):
        if word in NUMBER_WORDS or re.fullmatch(r"\w+(?:fold|teen|ty-\w+)", word):
            return f"the amount {word!r} is not allowed; copy the sentence that has the number."
    if "%" in sentence:
        return "a sentence with a percentage must be copied from the facts word for word."
    return None


def _word_fault(sentence: str, stems: set[str]) -> str | None:
    if found := _BANNED.search(sentence):
        return f"the word {found[0].lower()!r} claims too much."
    if found := _COMPARES.search(sentence):
        return f"a comparison with {found[0].lower()!r} must be copied from the facts word for word."
    for word in _tokens(sentence):
        if word not in PLAIN and not _claims(word) and stem(word) not in stems:
            return f"the word {word[:30]!r} is neither in the facts nor plain wording."
    return None


def _direction_fault(sentence: str, direction: Direction | None) -> str | None:
    tokens = _tokens(sentence)
    up = [t for t in tokens if _UP_WORD.fullmatch(t)]
    down = [t for t in tokens if _DOWN_WORD.fullmatch(t)]
    if direction is None:
        return "the facts name no direction." if up or down else None
    if direction == "none":
        return "only a copied sentence may speak of the difference." if _causes(tokens) else None
    if wrong := down if direction == "up" else up:
        return f"the word {wrong[0]!r} points the wrong way."
    if direction == "down" and not down:
        more = [t for t in tokens if _MAKER_WORD.fullmatch(t)] or re.findall(r"\bresult(?:s|ed|ing)? in\b", sentence)
        if more:
            return f"after {more[0]!r} the sentence must say that the outcome is lower."
    if _NEGATION.search(sentence) or re.search(r"n['’]t\b", sentence, re.IGNORECASE):
        return "a negation turns the finding round; say it without one."
    return None


def _strength_fault(sentence: str, level: str) -> str | None:
    if level == "very_low":
        rest = _TELL.sub(" ", sentence, count=1)
        if _TELL.search(sentence):
            clauses = [c for c in _CLAUSE.split(rest) if c.strip()]
            return "the facts only say that it cannot be told." if len(clauses) > 1 else None
        return "the facts only say that it cannot be told." if _causes(_tokens(sentence)) else None
    if (stronger := _STRONGER.get(level)) and (found := stronger.search(sentence)):
        return f"the word {found[0].lower()!r} is stronger than the facts."
    if level == "high":
        return None
    hedges = HEDGES.get(level, frozenset())
    for clause in _CLAUSE.split(sentence):
        tokens, softened = _tokens(clause or ""), False
        for place, token in enumerate(tokens):
            if not _claims(token):
                continue
            # "may lead to more weight gain": the noun at the end hangs on the verb that was softened
            hangs_on = softened and not _CAUSE_WORD.fullmatch(token)
            softened = _softened(tokens, place, hedges) or hangs_on
            if not softened:
                return f"{token!r} needs the caution of the facts ({'may' if level == 'low' else 'probably'})."
    return None


def _subject_fault(sentence: str, treatment: Sequence[str]) -> str | None:
    """A claim must name the treatment first: half of its name ("smoking" of "quitting smoking") may be the opposite."""
    tokens = _tokens(sentence)
    if not _causes(tokens):
        return None
    softeners = {h for hedges in HEDGES.values() for h in hedges}
    first = next(
        (i for i, t in enumerate(tokens) if t in softeners or _claims(t)),
        len(tokens),
    )
    if tell := _TELL.search(sentence):
        begin = len(_tokens(sentence[: tell.end()]))
        first = next((i for i in range(begin, len(tokens)) if _claims(tokens[i])), len(tokens))
        tokens = tokens[begin:first]
    else:
        tokens = tokens[:first]
    said = {stem(t) for t in tokens}
    for name in treatment:
        wanted = {stem(t) for t in _tokens(name) if t not in PLAIN}
        if wanted and wanted <= said and all(stem(t) in wanted or t in PLAIN for t in tokens):
            return None
    return "a sentence about the effect must begin with the treatment, named in full."


def _causes(tokens: Iterable[str]) -> bool:
    return any(_claims(t) for t in tokens)


def _claims(token: str) -> bool:
    return any(p.fullmatch(token) for p in (_UP_WORD, _DOWN_WORD, _CAUSE_WORD))


def _softened(tokens: list[str], place: int, hedges: frozenset[str]) -> bool:
    for back in range(place - 1, max(-1, place - 6), -1):
        if tokens[back] in hedges:
            return True
        if tokens[back] not in BETWEEN and not _claims(tokens[back]):
            return False
    return False
