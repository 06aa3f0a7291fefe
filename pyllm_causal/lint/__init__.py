"""Sentences held against an answer: what they claim beyond it, named one by one with what would be right.

Rules alone, no model: strength of the words, who it is about, every number, units, direction, what changes what, certainty.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..analysis import Answer
from ..errors import InputError
from .known import Known
from .numbers import Numbers
from .sentence import Sentence, sentences_of
from .words import EVERYWHERE, GREATER, LITTLE, SUBGROUP, TREATED_ALONE, UNSURE, WHOEVER

Kind = Literal["overclaim", "population", "number", "unit", "direction", "swapped", "certainty", "interval"]
LONGEST = 20_000


class Finding(BaseModel):
    """One thing that a sentence says and the answer does not. `severity` note: better said, but not wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    severity: Literal["fault", "note"] = "fault"
    sentence: int  # 1 is the first
    quote: str
    why: str
    right: str


class Lint(BaseModel):
    """All findings, in the order of the text. `clean`: no fault among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    clean: bool
    sentences: int
    findings: tuple[Finding, ...]


def lint(text: str, answer: Answer) -> Lint:
    """Hold a sentence, or several, against an answer. Raises `InputError` for an empty or endless text."""
    if not text.strip():
        raise InputError("There is no sentence to hold against the answer.", "Give it in quotes, or as @FILE.")
    if len(text) > LONGEST:
        raise InputError(f"The text is longer than {LONGEST:,} characters.", "Give an abstract or a few sentences.")
    known = Known.of(answer)
    read = [known.considered(s) for s in sentences_of(text, known.names)]
    about = [s for s in read if known.touches(s)] or read
    numbers = Numbers.of(answer, known)
    findings: list[Finding] = []
    for place, sentence in enumerate(read, start=1):
        own = sentence in about

        def found(kind: Kind, quote: str, why: str, right: str, place: int = place) -> None:
            findings.append(Finding(kind=kind, sentence=place, quote=quote.strip(), why=why, right=right))

        for word in sentence.proof:
            found("overclaim", word, "No table proves this; the answer has a certainty and a margin.", known.right)
        if own and known.links is not None:
            for kind, quote, why, right in known.links.faults(sentence, known):
                found(kind, quote, why, right)
        elif own:
            said, meant = known.about(sentence)
            _strength(meant, said, numbers, found)
            if known.outcome.inside(sentence.text) or sentence.claims or numbers.gives_effect(sentence):
                _direction(meant, said, found)
            _swapped(sentence, said, found)
            if (too_much := known.several.claims_too_much(sentence)) is not None and known.level != "very_low":
                found("overclaim", *too_much, known.right)
        _population(sentence, known, found)
        for fault in numbers.faults(sentence):
            found(fault.kind, fault.quote, fault.why, fault.right)
    findings += _whole(read, about, known, numbers)
    ordered = tuple(sorted(dict.fromkeys(findings), key=lambda f: (f.severity == "note", f.sentence)))
    return Lint(clean=all(f.severity == "note" for f in ordered), sentences=len(read), findings=ordered)


def _strength(s: Sentence, known: Known, numbers: Numbers, found) -> None:  # type: ignore[no-untyped-def]
    """Causal words that the certainty, or the kind of answer, does not carry."""
    if s.unsure:
        return
    claim = s.claims[0] if s.claims else None
    if claim is not None and known.status == "not_causal":
        found(
            "overclaim", claim.text, "The answer only describes the table; it does not say that one thing changes another.",
            known.right,
        )  # fmt: skip
        return
    if known.status in ("not_identified", "needs_review", "error"):
        spoken = claim.text if claim is not None else next(iter(s.no_effect), "")
        if spoken:
            found("overclaim", spoken, "The answer is that this cannot be told.", known.right)
        return
    if s.no_effect:
        _no_effect(s, known, found)
        return
    if claim is None and known.would:
        claim = s.would
    if claim is not None and known.doubt and known.level != "very_low":
        found("overclaim", claim.text, known.doubt, known.right)
        return
    if known.grouped and not known.apart and (hit := GREATER.search(s.bare)) and not numbers.gives_interval(s):
        found("overclaim", hit[0], "The margin of the difference between the groups includes none.", known.right)
        return
    if claim is None:
        return
    if known.direction == "none" and not LITTLE.search(s.text):
        found("overclaim", claim.text, "The answer is that it makes little or no difference.", known.right)
    elif known.direction is None and known.level != "very_low":
        found("overclaim", claim.text, "The margin includes no effect, so the answer claims none.", known.right)
    elif not known.carries(s, claim):
        why = {
            "moderate": "The certainty is moderate: say “probably”.",
            "low": "The certainty is low: say “may”.",
        }.get(known.level or "", "The certainty is very low: the answer says that this can't be told.")
        found("overclaim" if known.level != "very_low" else "certainty", s.around(claim), why, known.right)


def _no_effect(s: Sentence, known: Known, found) -> None:  # type: ignore[no-untyped-def]
    """Claims that nothing happens."""
    said = s.no_effect[0]
    if known.direction == "none":
        return
    if known.direction is None or known.doubt:
        found("overclaim", said, "A margin that includes no effect is no proof that there is none.", known.right)
    else:
        found("direction", said, "The answer's margin excludes no effect.", known.right)


def _direction(s: Sentence, known: Known, found) -> None:  # type: ignore[no-untyped-def]
    """Up where the answer says down, or the other way round."""
    if known.direction not in ("up", "down") or s.unsure or s.turned(known) or s.no_effect:
        return
    wrong, right = (s.down, s.up) if known.direction == "up" else (s.up, s.down)
    if wrong and not right:
        way = "higher" if known.direction == "up" else "lower"
        found("direction", wrong[0], f"The answer says {way}.", known.right)


def _swapped(s: Sentence, known: Known, found) -> None:  # type: ignore[no-untyped-def]
    """The outcome as the cause of the treatment."""
    for claim in s.claims:
        cause, effect = s.sides(claim)
        forward = known.treatment.inside(cause) or known.outcome.inside(effect)
        if not forward and known.outcome.inside(cause) and known.treatment.inside(effect):
            found(
                "swapped", s.text, f"The answer is about what {known.treatment.name} does to {known.outcome.name}.",
                known.right,
            )  # fmt: skip
            return


def _population(s: Sentence, known: Known, found) -> None:  # type: ignore[no-untyped-def]
    """Somebody else than the answer is about."""
    if known.population is None or s.unsure:
        return
    whom = f"The answer is about {known.population}."
    for pattern, wrong in (
        (WHOEVER, known.narrow),
        (EVERYWHERE, True),
        (TREATED_ALONE, known.target not in ("treated", "compliers") and not known.narrow),
    ):
        hit = pattern.search(s.text)
        if hit and wrong and not s.excepted(hit):
            found("population", hit[0], whom, known.right)
            return
    hit = SUBGROUP.search(s.text)
    if hit and not known.grouped and not known.filtered and not known.mentions(hit[1]):
        found("population", hit[0], whom, known.right)


def _whole(read: list[Sentence], about: list[Sentence], known: Known, numbers: Numbers) -> list[Finding]:
    """What the text as a whole leaves out."""
    out: list[Finding] = []
    claims = [s for s in about if s.claims or numbers.gives_effect(s) or ((s.up or s.down) and not s.unsure)]
    if known.status != "answered" or not claims:
        return out
    first = claims[0]
    place = read.index(first) + 1
    unsure = any(s.unsure or UNSURE.search(s.text) for s in read)
    if known.level == "very_low" and not unsure and not any(s.claims for s in claims):
        out.append(Finding(
            kind="certainty", sentence=place, quote=first.text,
            why="The certainty is very low, and the text does not say so.", right=known.right,
        ))  # fmt: skip
    told = [s for s in about if numbers.gives_effect(s)]
    if told and not any(numbers.gives_interval(s) for s in read) and known.figure:
        out.append(Finding(
            kind="interval", severity="note", sentence=read.index(told[0]) + 1, quote=told[0].text,
            why="The figure stands without its margin.", right=known.figure,
        ))  # fmt: skip
    if known.narrow and known.population and not any(known.names_population(s) for s in read):
        out.append(Finding(
            kind="population", severity="note", sentence=place, quote=first.text,
            why="The text does not say whom this is about.", right=f"It is about {known.population}.",
        ))  # fmt: skip
    return out
