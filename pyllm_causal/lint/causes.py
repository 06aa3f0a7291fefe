"""Answers that speak of several causes (what drives something, why it changed, arms, single changes): which of them a sentence
means, which way that one works, and whose a figure is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..analysis import Answer
from ..wording import safe
from . import words
from .figures import NUMBER, near, parse
from .sentence import Sentence, sentences_of
from .term import Term

if TYPE_CHECKING:
    from .known import Known

_FIRST_OF_ALL = re.compile(
    r"(?<!\bat )\b(?:most|mostly|mainly|chiefly|primarily|above all|(?:main|biggest|strongest|largest|leading|chief|best"
    r"|most important) (?:cause|driver|reason|factor|change|lever|part))\b(?! (?:people|rows|of the (?:rows|people)))",
    re.IGNORECASE,
)
_AT_END = re.compile(r"\s*(?:$|[,.;:]|(?:may|might|could|will|would|and|or|in|by|between|from|while)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Cause:
    """One of several. direction: up, down, or some where the answer names none; doubt: why nothing may be claimed of it, or empty.
    sizes: its figures, as they may be written; said: what the answer's words about it hold besides. signed: whether `direction` is
    what more of it does, not what it brought."""

    term: Term
    direction: str
    doubt: str
    sizes: tuple[float, ...]
    signed: bool
    said: tuple[float, ...] = ()


@dataclass(frozen=True)
class Several:
    """The causes that an answer tells apart. lead: the name of the first; close: whether others may do as much."""

    causes: tuple[Cause, ...] = ()
    lead: str = ""
    close: bool = False

    @property
    def signed(self) -> bool:
        """Whether directions are what more of a cause does."""
        return any(c.signed for c in self.causes)

    @classmethod
    def of(cls, answer: Answer, columns: dict[str, str]) -> Several:
        """From an answer document; empty where it is about one cause. What the answer's own words say of one is its figure too."""
        found = cls._listed(answer, columns)
        own: dict[str, list[float]] = {}
        for sentence in sentences_of(answer.text, ()) if found.causes else ():
            named = found.named(sentence)
            if len(named) == 1:
                own.setdefault(named[0].term.name, []).extend(parse(n["n"])[0] for n in NUMBER.finditer(sentence.text))
        causes = tuple(replace(c, said=tuple(own.get(c.term.name, ()))) for c in found.causes)
        return replace(found, causes=causes)

    @classmethod
    def _listed(cls, answer: Answer, columns: dict[str, str]) -> Several:
        query = answer.provenance.get("query")
        query = query if isinstance(query, dict) else {}
        if answer.attribution:
            return _divided(
                answer.attribution, bool(query.get("compare")) or query.get("row") is not None, answer, columns
            )
        arms = [a for a in answer.arms or () if isinstance(a.get("effect"), dict)]
        if len(arms) < 2:
            return cls()
        causes = []
        by_column = all("treatment" in a for a in arms)
        for arm in arms:
            name = str(arm.get("treatment") if by_column else arm.get("treated"))
            causes.append(
                Cause(Term.of(name, columns.get(name, "")), *_told(arm["effect"], name), _sizes(arm), by_column)
            )
        close = any(a.get("told_apart_from_first") is False for a in arms)
        return cls(tuple(causes), causes[0].term.name if by_column else "", close)

    def named(self, s: Sentence) -> list[Cause]:
        """Those that a sentence speaks of."""
        found = [c for c in self.causes if c.term.inside(s.text)]
        return list({c.term.name: c for c in found}.values())

    def about(self, s: Sentence, known: Known) -> tuple[Known, Sentence]:
        """(what the answer says of the one cause that a sentence means, the sentence without words for how that cause moves)."""
        if not self.causes:
            return known, s
        named = self.named(s)
        stems = frozenset().union(*(c.term.stems for c in named or self.causes))
        whole = replace(known, treatment=Term(known.treatment.name, stems))
        if len(named) != 1:
            doubts = [c.doubt for c in named if c.doubt]
            return (replace(whole, doubt=doubts[0]) if doubts else whole), s
        cause = named[0]
        moved, kept = _moved(s, cause.term, known.outcome)
        direction = cause.direction
        if cause.signed and moved == "down" and direction in ("up", "down"):
            direction = "down" if direction == "up" else "up"
        own = replace(whole, treatment=cause.term, direction=None if cause.doubt else direction, doubt=cause.doubt)
        return own, kept

    def claims_too_much(self, s: Sentence) -> tuple[str, str] | None:
        """(words, why) where a sentence puts one cause first and the answer does not."""
        hit, named = _FIRST_OF_ALL.search(s.bare), self.named(s)
        if hit is None or not self.lead or len(named) != 1 or s.unsure:
            return None
        if named[0].term.name != self.lead:
            return hit[0], f"The answer puts {safe(self.lead)} first."
        return (hit[0], "The answer says that others may do as much.") if self.close else None

    def of_another(self, s: Sentence, shown: float, places: int) -> str:
        """The name of the cause whose figure a number is, where the sentence speaks of another one; else empty."""
        named = self.named(s)
        if len(named) != 1 or any(near(abs(v), shown, places) for v in (*named[0].sizes, *named[0].said)):
            return ""
        return next((c.term.name for c in self.causes if any(near(abs(v), shown, places) for v in c.sizes)), "")


def _divided(parts: Any, amounts: bool, answer: Answer, columns: dict[str, str]) -> Several:
    """Shares of a variation, or (`amounts`) parts of a change or of one row's distance."""
    usable = [p for p in parts if isinstance(p.get("share"), int | float) and isinstance(p.get("cause"), str)]
    rest = usable[-1:]  # what the picture does not explain
    own = usable[:-1]
    if not own:
        return Several()
    causes = []
    for part in own:
        name, low, high = part["cause"], part.get("low"), part.get("high")
        ends = isinstance(low, int | float) and isinstance(high, int | float)
        nothing = ends and (low <= 0 <= high if amounts else low <= 0)
        doubt = f"The margin of what is due to {safe(name)} includes nothing." if nothing else ""
        effect = (part.get("moves") or {}).get("effect")
        direction = ("up" if part["share"] > 0 else "down") if amounts else "some"
        if not amounts and isinstance(effect, dict) and isinstance((part["moves"]).get("step"), int | float):
            direction = _told(effect, name)[0]
        causes.append(Cause(Term.of(name, columns.get(name, "")), direction, doubt, _sizes(part), not amounts))
    if not amounts:
        first = max(own, key=lambda p: p["share"])
        close = any(p is not first and _number(p, "high") > _number(first, "low") for p in own)
        return Several(tuple(causes), first["cause"], close)
    sign = 1 if answer.effect is None or answer.effect.value > 0 else -1
    first = max([*own, *rest], key=lambda p: sign * p["share"])
    return Several(tuple(causes), first["cause"], False)


def _number(part: dict[str, Any], key: str) -> float:
    value = part.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _told(effect: dict[str, Any], name: str) -> tuple[str, str]:
    """(direction, doubt) of an effect."""
    value, low, high = (effect.get(k) for k in ("value", "low", "high"))
    if not isinstance(value, int | float):
        return "some", ""
    null = 1.0 if str(effect.get("scale", "difference")).endswith("ratio") else 0.0
    if not isinstance(low, int | float) or not isinstance(high, int | float) or low <= null <= high:
        return "some", f"The margin of {safe(name)} includes no difference."
    return ("up" if value > null else "down"), ""


def _sizes(part: dict[str, Any]) -> tuple[float, ...]:
    """The figures of one cause, chances and shares also in 100."""

    def walk(value: Any) -> Iterator[float]:
        if isinstance(value, dict):
            for key, one in value.items():
                if key not in ("level", "std_error", "p_value"):
                    yield from walk(one)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)

    found = [v for key, one in part.items() if key not in ("treated", "control") for v in walk(one)]
    return tuple(abs(v) for v in [*found, *(100 * v for v in found if abs(v) <= 1.5)])


def _moved(s: Sentence, cause: Term, outcome: Term) -> tuple[str, Sentence]:
    """(up, down or nothing: how the cause itself moves in a sentence, the sentence without the words for that)."""
    way = ""

    def kept(pattern: re.Pattern[str], direction: str) -> tuple[str, ...]:
        nonlocal way
        left = []
        for hit in pattern.finditer(s.bare):
            if hit[0] not in (s.up if direction == "up" else s.down):
                continue
            after = re.match(r"(?:\s+[\w.,]+){0,3}", s.text[hit.end() :])
            ahead = after[0].split() if after else []
            of_cause = next((i for i, w in enumerate(ahead) if cause.inside(w)), None)
            of_outcome = next((i for i, w in enumerate(ahead) if outcome.inside(w)), None)
            last = re.search(r"(\w+)\s+$", s.text[: hit.start()])
            follows = last is not None and cause.inside(last[1]) and _AT_END.match(s.text[hit.end() :]) is not None
            if (of_cause is not None and (of_outcome is None or of_cause < of_outcome)) or follows:
                way = way or direction
            else:
                left.append(hit[0])
        return tuple(left)

    up, down = kept(words.UP, "up"), kept(words.DOWN, "down")
    return way, replace(s, up=up, down=down)
