"""Every number of a sentence held against the figures of an answer: the figure itself, its margin, its unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..analysis import Answer
from ..wording import safe
from .figures import NUMBER, RATIOS, Figure, effects_of, ends_of, figures_of, near, parse
from .known import Known
from .sentence import Sentence

_END_OF = (
    r"(?P<{0}>[−-]?\$?\d[\d,]*(?:\.\d+)?)(?!\s*(?:%|percent)\s*(?:CI|confidence|interval|credib|compatib|uncertainty))"
)
_MIDDLE = r"(?:\s*(?:%|percentage points|in 100|[^\W\d]+)){0,3}?"
_RANGES = (
    re.compile(
        r"(?:\b(?:between|from|CI|interval|range|margin)\b|\(|\[)[^\d−\-.;]{0,25}"
        + _END_OF.format("a") + _MIDDLE + r"\s*(?:and|to|,|–|-)\s*" + _END_OF.format("b") + r"(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:by|of|about|around|roughly|was|were|is|are|gain(?:ed|s)?)\s+"
        + _END_OF.format("a") + r"(?:\s*(?:%|kg))?\s*(?:to|–)\s*" + _END_OF.format("b") + r"(?!\d)",
        re.IGNORECASE,
    ),
)  # fmt: skip
_APPROX = re.compile(
    r"\b(?:about|around|roughly|nearly|almost|some|approximately|circa|close to|over|under|more than|less than)\s*\$?$",
    re.IGNORECASE,
)
_END = re.compile(
    r"\b(?:at least|at most|up to|as (?:little|much|low|high|many|few) as|no (?:more|less|fewer) than|low end|high end)"
    r"\D{0,12}$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\b(?:without|unadjusted|crude|plain|raw|before adjust\w*|nothing held fixed|simple comparison|naive)\b",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:methods?|weighting|matching|regression|doubly robust|estimators?|least squares|model)\b", re.IGNORECASE
)
_ASIDE_BEFORE = re.compile(
    r"\b(?:table|figure|chapter|section|page|step|n =|wave|version|grade|age|aged|ages|p [=<>]|p-value of)\s*$",
    re.IGNORECASE,
)
_ASIDE_AFTER = re.compile(r"\s*-?(?:years?|year-olds?|months?|weeks?|days?|decades?|th|st|nd|rd)\b", re.IGNORECASE)
_LEVEL = re.compile(
    r"\s*(?:%|percent|per cent)\s*(?:confidence|CI|interval|compatib|credib|uncertainty|margin|level)", re.IGNORECASE
)
_PERCENT = re.compile(r"\s*(?:%|percent\b|per cent\b)(?!\s*(?:age )?points?)", re.IGNORECASE)
_POINTS = re.compile(
    r"\s*(?:%-?|percentage[ -])points?\b|\s*pp\b|\s*(?:more |fewer |less )?(?:in|of|per|out of|in every) (?:every )?(?:100|a hundred)\b",
    re.IGNORECASE,
)
_TIMES = {"doubl": 2.0, "twice": 2.0, "tripl": 3.0, "quadrupl": 4.0, "halv": 0.5, "half as": 0.5}
_TIMES_WORD = re.compile(
    r"\b(?:doubl(?:e|es|ed|ing)|twice|tripl(?:e|es|ed|ing)|quadrupl(?:e|es|ed|ing)|halv(?:e|es|ed|ing)|half as)\b",
    re.IGNORECASE,
)
_UNITS = {
    "kg": "kg", "kilo": "kg", "kilos": "kg", "kilogram": "kg", "kilograms": "kg", "g": "g", "gram": "g", "grams": "g",
    "lb": "lb", "lbs": "lb", "pound": "lb", "pounds": "lb", "ounce": "oz", "ounces": "oz", "oz": "oz", "cm": "cm",
    "mm": "mm", "metres": "m", "meters": "m", "inches": "in", "dollars": "dollar", "dollar": "dollar", "euros": "euro",
    "cents": "cent", "hours": "hour", "hour": "hour", "minutes": "minute", "mmhg": "mmhg",
    "stone": "stone", "stones": "stone", "tonnes": "tonne", "km": "km", "miles": "mile",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A number that is not right."""

    kind: Literal["number", "unit", "direction"]
    quote: str
    why: str
    right: str


@dataclass(frozen=True)
class Numbers:
    """The figures of an answer, and its pairs of limits."""

    figures: tuple[Figure, ...]
    pairs: tuple[tuple[float, float], ...]
    known: Known
    unit: str
    times: float | None
    text_pairs: tuple[tuple[str, str], ...]
    whole: tuple[float, ...] = ()  # of what several causes make together

    @classmethod
    def of(cls, answer: Answer, known: Known) -> Numbers:
        """From an answer document."""
        figures = list(figures_of(answer))
        pairs: list[tuple[float, float]] = []
        for effect, _ in effects_of(answer):
            pairs += ends_of(effect)
        if answer.bounds is not None:
            pairs += [(answer.bounds.low, answer.bounds.high), (100 * answer.bounds.low, 100 * answer.bounds.high)]
        means = answer.estimates[0].means if answer.estimates else None
        times = None
        if answer.effect is not None and answer.effect.scale in RATIOS:
            times = answer.effect.value
        elif means is not None and means[1] > 0:
            times = means[0] / means[1]
        if means is not None:
            pairs += [(means[1], means[0]), (100 * means[1], 100 * means[0])]
        query = answer.provenance.get("query")
        if isinstance(query, dict):
            ends = [query.get(k) for k in ("control", "treated")]
            if all(isinstance(v, (int, float)) for v in ends):
                pairs.append((float(ends[0]), float(ends[1])))  # type: ignore[arg-type]
        unit = answer.effect.unit if answer.effect is not None else ""
        found = tuple((m["a"], m["b"]) for m in _ranges(" ".join(answer.text.split())))
        whole: tuple[float, ...] = ()
        if answer.effect is not None and not known.several.signed and answer.attribution:
            own = (answer.effect.value, answer.effect.low, answer.effect.high)
            whole = tuple(k * abs(v) for v in own if v is not None for k in (1, 100))
        return cls(tuple(figures), tuple(pairs), known, unit, times, found, whole)

    def faults(self, s: Sentence) -> Iterator[Fault]:
        """What is wrong with the numbers of a sentence, in their order."""
        taken: list[tuple[int, int]] = []
        for hit in _ranges(s.bare):
            taken.append(hit.span())
            if not self._pair(hit):
                yield Fault("number", hit[0].strip("([ "), "These are not the limits of the answer.", self._right())
        if fault := self._multiple(s):
            yield fault
        for hit in NUMBER.finditer(s.bare):
            if any(a <= hit.start() < b for a, b in taken) or _aside(s.bare, hit):
                continue
            fault = self._single(s, hit)
            if fault is not None:
                yield fault

    def gives_effect(self, s: Sentence) -> bool:
        """Whether a sentence gives the effect as a number."""
        ranges = [m.span() for m in _ranges(s.bare)]
        return any(
            any(f.role == "value" and _rounds(f.size, hit, s.bare) for f in self.figures)
            for hit in NUMBER.finditer(s.bare)
            if not any(a <= hit.start() < b for a, b in ranges) and not _aside(s.bare, hit)
        )

    def gives_interval(self, s: Sentence) -> bool:
        """Whether a sentence gives a margin."""
        return any(self._pair(m) for m in _ranges(s.bare))

    def _right(self) -> str:
        return self.known.figure or self.known.right

    def _pair(self, hit: re.Match[str]) -> bool:
        shown = (hit["a"].lstrip("$"), hit["b"].lstrip("$"))
        if shown in self.text_pairs:
            return True
        parsed = [parse(v) for v in shown]
        for pair in self.pairs:
            for ends in (pair, pair[::-1]):
                if all(near(abs(e), *p) for e, p in zip(ends, parsed, strict=True)):
                    return True
        return False

    def _of_all(self, hit: re.Match[str]) -> bool:
        """Whether a number is the figure for all causes together, such as the whole change."""
        return any(near(size, *parse(hit["n"])) for size in self.whole)

    def _multiple(self, s: Sentence) -> Fault | None:
        hit = _TIMES_WORD.search(s.bare)
        if hit is None or self.known.status != "answered" or not (s.claims or s.up or s.down):
            return None
        wanted = next(v for k, v in _TIMES.items() if hit[0].lower().startswith(k))
        before = s.bare[max(0, hit.start() - 16) : hit.start()]
        if self.times is not None:
            share = self.times / wanted
            further = share if wanted > 1 else 1 / share
            more = re.search(r"\bmore than\s+$", before) is not None and 1 <= further < 1.5
            nearly = re.search(r"\b(?:nearly|almost|about|roughly)\s+$", before) is not None and 0.75 <= share <= 1.25
            if abs(share - 1) <= 0.1 or more or nearly:
                return None
        return Fault("number", hit[0], "The answer holds no such multiple.", self._right())

    def _single(self, s: Sentence, hit: re.Match[str]) -> Fault | None:
        bare = s.bare
        after, before = bare[hit.end() : hit.end() + 40], bare[max(0, hit.start() - 40) : hit.start()]
        quote = _quote(bare, hit)
        matches = [f for f in self.figures if _rounds(f.size, hit, bare)]
        points, percent = _POINTS.match(after) is not None, _PERCENT.match(after) is not None
        if not matches:
            return Fault("number", quote, "This number is not in the answer.", self._right())
        shared = self._of_all(hit) or any(f.role in ("mean", "count") for f in matches)
        if not shared and (other := self.known.several.of_another(s, *parse(hit["n"]))):
            return Fault("number", quote, f"This is a figure of {safe(other)}.", self._right())
        fitting = [f for f in matches if not ((percent and f.percent is False) or (points and f.percent is True))]
        if not fitting:
            say = "percentage points (so many in 100)" if percent else "percent"
            if percent and self.unit != "probability":
                say = f"{self.unit or 'the units of ' + self.known.outcome.name}, not percent"
            return Fault("unit", quote, f"The figure is in {say}.", self._right())
        roles = {f.role for f in fitting}
        if "end" in roles and _END.search(before):
            return None
        if roles <= {"end"}:
            return Fault("number", quote, "This is an end of the margin, not the figure itself.", self._right())
        if roles <= {"plain", "end"} and not _PLAIN.search(bare):
            return Fault(
                "number", quote, "This is the plain comparison, before anything was held fixed.", self._right()
            )
        if roles <= {"method", "end", "plain"} and not _METHOD.search(bare) and not _PLAIN.search(bare):
            return Fault("number", quote, "This is the figure of another method, not the answer.", self._right())
        values = [f for f in fitting if f.role == "value"]
        if not values and "mean" in roles and re.search(r"\bby (?:\w+ )?\$?$", before):
            return Fault("number", quote, "This is the average of one group, not the change.", self._right())
        if hit["sign"] and values and all((f.signed or 0) > 0 for f in values):
            return Fault("direction", quote, "The figure has the other sign.", self._right())
        if values and (fault := self._other_unit(quote, after)):
            return fault
        return None

    def _other_unit(self, quote: str, after: str) -> Fault | None:
        own = _UNITS.get(self.unit.lower())
        word = re.match(r"\s*([A-Za-z]+)", after)
        said = _UNITS.get(word[1].lower()) if word else None
        if own and said and own != said:
            return Fault("unit", quote, f"The figure is in {self.unit}.", self._right())
        return None


def _ranges(bare: str) -> list[re.Match[str]]:
    """Every pair of limits in a sentence, each once."""
    found: list[re.Match[str]] = []
    for pattern in _RANGES:
        for hit in pattern.finditer(bare):
            if not any(f.start("a") <= hit.start("a") < f.end() for f in found):
                found.append(hit)
    return found


def _aside(bare: str, hit: re.Match[str]) -> bool:
    """A number that is no figure: a confidence level, a table's number, an age, a year, the 100 of "in 100"."""
    before, after = bare[max(0, hit.start() - 20) : hit.start()], bare[hit.end() : hit.end() + 30]
    if _LEVEL.match(after) or _ASIDE_BEFORE.search(before) or _ASIDE_AFTER.match(after):
        return True
    if hit["n"] == "100" and re.search(r"\b(?:of|in|per|out of|every)(?: every)? $", before):
        return True
    return bool(re.fullmatch(r"(?:1[89]|20)\d\d", hit["n"])) and not re.match(
        r"\s*(?:%|more|less|higher|lower|fewer)", after
    )


def _quote(bare: str, hit: re.Match[str]) -> str:
    tail = re.match(r"\s*(?:%|percentage points?|percent|points?|in 100)?(?:\s*\w+)?", bare[hit.end() :])
    return (hit[0] + (tail[0] if tail else "")).strip()


def _rounds(size: float, hit: re.Match[str], bare: str) -> bool:
    shown, places = parse(hit["n"])
    if near(size, shown, places):
        return True
    approx = _APPROX.search(bare[max(0, hit.start() - 14) : hit.start()]) is not None
    return approx and places <= 0 and shown > 0 and abs(size - shown) <= 0.5 * 10.0 ** (len(str(int(shown))) - 1)
