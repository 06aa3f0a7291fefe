"""What makes the built-in reader unsure although every end of a question has its column: words and numbers left over.

A negation, an opposite or a number that no part of the reading carries would change the question without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import lexicon, match

if TYPE_CHECKING:
    from ..profile import Column

_NEGATION = re.compile(
    r"\b(?:not|never|neither|nor|no|without|none|nobody|cannot|except|excluding|excludes?|exclud\w+|ignor\w+|omit\w*|disregard\w*|outside"
    r"|unless|other than|apart from|aside from|leaving out|lack(?:s|ing)?|fail(?:s|ed|ing|ure)? to|avoid\w*|refus\w+"
    r"|opposite|(?:the )?other way (?:a?round)|vice versa|or the reverse)\b|n['’]t\b",
    re.IGNORECASE,
)
# A negation that leaves the question as it is: "does it not help", "has it no effect", "with or without".
_HARMLESS = re.compile(
    r"^\W*(?:isn|aren|wasn|weren|don|doesn|didn|won|wouldn)['’]t\b"
    r"|\b(?:is it (?:not )?true that)\b"
    r"|\bno (?:\w+ )?(?:effects?|impact|influence|difference|less than|more than)\b"
    r"|\bnot (?:\w+ly )?(?:affect|change|influence|differ\w*|raise|lower|reduce|increase|improve|prevent|cause|hurt|help|less than|more than"
    r"|really|only)\b"
    r"|\b(?:with|and|or|than) (?:\w+ )?(?:without|not|no)\b"
    r"|\b(?:not|no|non|never|nothing|without)\b[- ]*(?:\w+ ){0,3}random\w*",
    re.IGNORECASE,
)
_KIN = {
    lexicon.stem(word): kin
    for kin, spelled in {
        "father": "father fathers dad dads paternal",
        "mother": "mother mothers mom moms mum mums maternal",
        "spouse": "husband husbands wife wives spouse spouses partner partners",
        "sibling": "brother brothers sister sisters sibling siblings",
    }.items()
    for word in spelled.split()
}
_REVERSING = ("un", "non", "dis", "in", "im", "ir")
_NOT = frozenset(("no", "not", "non", "never", "without"))
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*")


def reversing(question: str, carried: Iterable[tuple[int, int]], columns: Sequence[Column]) -> bool:
    """Does the question hold a negation that the reading does not carry? `carried` are spans that are read elsewhere."""
    text = list(question)
    for start, end in carried:
        text[start:end] = " " * (end - start)
    free = _NEGATION.search(_HARMLESS.sub(" ", "".join(text)))
    return free is not None and not any(_denies(c) for c in columns)


def _denies(column: Column) -> bool:
    """Is the column itself about not doing?"""
    return bool(_NOT & set(lexicon.split(f"{column.name} {match.gist_of(column)}")))


def other_kin(words: Iterable[str], column: Column) -> bool:
    """Is `column` about another relative than `words` are?"""
    own = lexicon.split(f"{column.name} {match.gist_of(column)}")
    kin, asked = ({_KIN[s] for w in some if (s := lexicon.stem(w)) in _KIN} for some in (own, words))
    return bool(kin and asked and not kin & asked)


def opposed(words: Iterable[str], column: Column) -> bool:
    """Does one of `words` name the opposite of `column`: another relative, or the same word with "un-" on one side?"""
    own, said = lexicon.split(f"{column.name} {match.gist_of(column)}"), list(words)
    if other_kin(said, column):
        return True
    bare = {lexicon.stem(w) for w in own}
    new = {lexicon.stem(w) for w in said} - bare
    turned = {lexicon.stem(r + w) for w in own for r in _REVERSING} | {
        lexicon.stem(w.removeprefix(r)) for w in own for r in _REVERSING if w.startswith(r) and len(w) > len(r) + 3
    }
    return bool(new & turned) or bool(_NOT & set(lexicon.split(column.name)) and not _NOT & set(said))


def unused_number(question: str, fields: Mapping[str, Any], columns: Sequence[Column]) -> str | None:
    """A number of the question that stands nowhere in the reading, nor in the name or the meaning of its columns."""
    used = set(_values({k: v for k, v in fields.items() if k not in ("question", "words")}))
    named = set(_texts(fields))
    spelled = " ".join(f"{c.name} {c.description or ''}" for c in columns if c.name in named)
    digits = set(re.findall(r"\d+", spelled))
    for found in _NUMBER.finditer(question):
        text = found[0].strip("-")
        plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text) else text.replace(",", ".")
        try:
            value = float(plain)
        except ValueError:
            return found[0]
        told = plain in digits or (len(plain) == 4 and plain[2:] in digits)
        if not told and not {value, -value, value / 100} & used:
            return found[0]
    return None


def _values(value: Any) -> Iterable[float]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _values(inner)
    elif isinstance(value, str):
        yield from (float(n) for n in re.findall(r"\d+(?:\.\d+)?", value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
