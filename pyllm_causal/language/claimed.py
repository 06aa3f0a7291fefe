"""The design that a question claims in so many words, and the columns that play its parts.

No design is ever made up: without its cue words there is none. A part that cannot be told from the words and the table
is named as missing, so that a person is asked. A claim read here stays a claim that nobody has confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from . import lexicon, match, sentence, timing

if TYPE_CHECKING:
    from ..profile import Column, Profile

Kind = Literal[
    "randomised", "instrument", "discontinuity", "differences", "panel", "front_door", "synthetic_control"
]  # fmt: skip

# What the designs are called in front of a person, for a question that lacks a part.
NAMES: dict[str, str] = {
    "randomised": "an experiment",
    "instrument": "an instrument (something that moves the treatment and touches the outcome in no other way)",
    "discontinuity": "a cut-off",
    "differences": "before and after, with and without",
    "panel": "the same units over time (fixed effects)",
    "front_door": "an effect that passes through one thing only",
    "synthetic_control": "a synthetic control",
}

# Parts of a design that are a column, or several.
PARTS = ("running", "time", "group", "unit", "first_treated")
LIST_PARTS = ("instruments", "mediators", "strata")

_RANDOM = re.compile(
    r"\brandomi[sz]ed\b|\bat random\b|\brandomly\b|\bby lot(?:tery)?\b|\ba/b test\b|\bcoin (?:flip|toss)\b|\bper los\b|\bzufällig\b"
    r"|\bau hasard\b|\bal azar\b",
    re.IGNORECASE,
)
_NOT_RANDOM = re.compile(
    r"\b(?:not|non|never|nothing|without|wasn't|weren't|no|un)\b[- ]*(?:\w+ ){0,3}random", re.IGNORECASE
)
_INSTRUMENT = re.compile(
    r"\b(?:using|use|with|take|taking|treating)\s+(?P<a>[^,?]{3,80}?)\s+as\s+(?:an?\s+|the\s+|our\s+)?(?:valid\s+|natural\s+)?"
    r"(?:instrument|nudge|encouragement)"
    r"|\binstrument(?:ed|ing)?\s+(?:(?:for|it|\w+)\s+){0,3}?(?:by|with)\s+(?P<b>[^,?]{3,80})"
    r"|(?:^|[.,;]\s*)(?P<c>[^,.?;]{3,60}?)\s+(?:is|are|was|were|serves?|served)\s+(?:as\s+)?(?:an?\s+|the\s+|our\s+)?(?:good\s+|valid\s+)?instruments?\b"
    r"|\b(?:nudged|encouraged|pushed|induced|persuaded|moved)\s+(?:in)?to\b[^,?.]*?\bby\s+(?P<d>[^,?.]{3,60})",
    re.IGNORECASE,
)
_INSTRUMENT_CUE = re.compile(
    r"\binstrumental variables?\b|\binstruments?\b|\b2sls\b|\btwo-stage least\b", re.IGNORECASE
)
# "those who only took it because of the letter": the ones whom something moved
_MOVED = re.compile(
    r"\b(?:only|just|solely)\b[^,?.]*?\b(?:because of|thanks to|due to|owing to)\s+(?P<by>[^,?.]{3,60})", re.IGNORECASE
)
_COMPLIERS = re.compile(r"\bcompliers?\b|\b(?:moved|nudged|swayed) by\b", re.IGNORECASE)
_CUT = re.compile(
    r"\bcut-?\s?offs?\b|\bthresholds?\b|\bdiscontinuit\w*|\bjust (?:above|below|over|under|missed|made|passed|failed|short of)\b"
    r"|\b(?:around|near|at) the (?:limit|border|pass mark|passing mark|line|bar)\b|\bpass mark\b|\bSchwelle\b|\bseuil\b|\bumbral\b",
    re.IGNORECASE,
)
_GRANTED = re.compile(
    r"\b(?:got|gets?|receiv\w+|(?:were|was|are|is) (?:given|offered|granted|awarded|eligible|entitled|admitted|assigned|treated|sent)"
    r"|qualif\w+|eligible|awarded|entitled)\b",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"\b(?:at least|more than|over|above|below|under|less than|fewer than|at most|up to)\s+(?P<a>-?\d+(?:[.,]\d+)?)"
    r"|\b(?P<b>-?\d+(?:[.,]\d+)?)\s*(?:\w+\s+)?(?:or|and) (?:more|over|above|higher|older|less|under|below|fewer|lower|younger)\b",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:below|under|less than|fewer than|at most|up to|or (?:less|under|below|fewer|lower|younger))\b", re.IGNORECASE
)
_FUZZY = re.compile(
    r"\b(?:more likely|less likely|eligible|eligibility|fuzzy|not everyone|not all|could (?:get|apply))\b",
    re.IGNORECASE,
)
_DIFFERENCES = re.compile(
    r"\bdifferences?[- ]in[- ]differences?\b|\bdiff-?in-?diffs?\b|\bdifference of differences\b|\bbefore and after\b|\bbefore (?:vs\.?|versus)"
    r" after\b|\bstaggered\b|\bparallel trends?\b|\b(?:in|at) different (?:years|times|months|dates|quarters|periods|moments)\b"
    r"|\bevent study\b|\brolled? out\b|\bphased in\b|\bvorher[- ]nachher\b|\bavant et après\b|\bantes y después\b",
    re.IGNORECASE,
)
_PANEL = re.compile(
    r"\bfixed[- ]effects?\b|\bwithin (?:the same|each|every) \w+ over time\b|\b(?:panel|within)[- ](?:model|regression|estimat\w+)\b"
    r"|\bholding (?:each|every) \w+ fixed\b",
    re.IGNORECASE,
)
_FOR_UNITS = re.compile(
    r"\bfixed[- ]effects? (?:for|of|by|per)\s+(?P<units>[^,?.:]{3,60})"
    r"|\b(?!(?:with|using|the|and|by|via|use|include)\b)(?P<two>\w+(?:[- ]and[- ]\w+)?)[- ]fixed[- ]effects?",
    re.IGNORECASE,
)
_FRONT = re.compile(
    r"\bfront[- ]door\b|\bonly (?:works?|acts?|operates?|matters?)?\s*(?:through|via|by way of)\b"
    r"|\b(?:works?|acts?|operates?) only (?:through|via|by)\b|\bentirely (?:through|via)\b",
    re.IGNORECASE,
)
_FRONT_BY = re.compile(
    r"\b(?:only|entirely)\s+(?:(?:works?|acts?|operates?)\s+)?(?:through|via|by way of|by)\s+(?P<by>[^,?.]{3,80})"
    r"|\bfront[- ]door (?:through|via|with|of)\s+(?P<with>[^,?.]{3,80})|\bthrough\s+(?P<through>[^,?.]{3,80})",
    re.IGNORECASE,
)
_SYNTHETIC = re.compile(r"\bsynthetic \w+", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d)")
_AFTER_FLAG = re.compile(
    r"\b(?:after|post|second (?:period|wave|round)|later|following|nachher|après|después)\b", re.IGNORECASE
)
_FIRST = re.compile(
    r"\b(?:first (?:year|month|quarter|period|week|treated|time)|(?:year|month|quarter|period) (?:first|of (?:adoption|introduction|treatment|start))"
    r"|cohort|adopt\w*|year (?:it )?(?:started|began|opened)|start year)\b",
    re.IGNORECASE,
)
_UNIT_WORDS = re.compile(
    r"\b(?:city|cities|state|county|country|region|district|province|firm|company|store|shop|school|village|plant|branch|site|unit|household"
    r"|person|worker|patient|student|farm|hospital|bank|municipality|town|area|restaurant|subject|individual|id)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """A claimed design: its parts so far, what is missing, and further fields of the query that it settles."""

    kind: Kind
    parts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    source: Literal["model", "data"] = "model"
    spans: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """Every column that plays a part."""
        return set(columns_of(self.parts))

    def design(self) -> dict[str, Any]:
        """The design as a query holds it."""
        return {"kind": self.kind, **self.parts}


def columns_of(design: Mapping[str, Any]) -> list[str]:
    """Every column that plays a part in a design, whose parts are given by name."""
    alone = [design[part] for part in PARTS if design.get(part) is not None]
    return [*alone, *(name for part in LIST_PARTS for name in design.get(part) or ())]


def claim(question: str, roles: Mapping[str, str | None], profile: Profile) -> Claim | None:
    """The design that `question` claims. `roles`: treatment, outcome, by as read so far (None or absent: unknown).

    The description of the treatment may claim chance too.
    """
    table = _Words(question, roles, profile)
    for kind, cue, find in _FINDERS:
        if cue.search(question) and (found := find(table)):
            return found
        if kind == "discontinuity" and (found := _granted(table)):
            return found
    if _RANDOM.search(question) and not _NOT_RANDOM.search(question):
        return Claim("randomised")
    told = next((c.description or "" for c in profile.columns if c.name == roles.get("treatment")), "")
    if _RANDOM.search(told) and not _NOT_RANDOM.search(told) and not _NOT_RANDOM.search(question):
        return Claim("randomised", source="data")
    return None


def named_instruments(question: str, profile: Profile, outcome: str | None = None) -> tuple[str, ...]:
    """The columns that the question calls an instrument."""
    found = claim(question, {"outcome": outcome}, profile)
    return tuple(found.parts.get("instruments", ())) if found and found.kind == "instrument" else ()


class _Words:
    """A question with the columns that are still free to play a part."""

    def __init__(self, question: str, roles: Mapping[str, str | None], profile: Profile) -> None:
        self.question, self.roles, self.profile = question, roles, profile
        taken = {name for name in roles.values() if name}
        self.columns = [c for c in profile.columns if c.kind not in ("empty", "constant")]
        self.free = [c for c in self.columns if c.name not in taken]
        self.named = {c.name: c for c in profile.columns}

    def best(self, text: str, columns: Sequence[Column] | None = None) -> str | None:
        """The column that `text` names, where it is plainly one."""
        ranked = match.rank(text, self.free if columns is None else columns)
        if found := ranked.leader(least=0.5, lead=1.25):
            return found
        strong = [f for f in ranked if f.explained >= 0.45]
        return strong[0].name if len(strong) == 1 else None

    def clocks(self) -> list[Column]:
        """Columns that tell the time: calendars first, then yes/no columns for "after"."""
        out = [c for c in self.columns if (c.time_like or c.kind == "time") and not _FIRST.search(timing.told(c))]
        return sorted(out, key=lambda c: -match.mentioned(self.question, c))

    def flags(self) -> list[Column]:
        return [c for c in self.columns if c.kind == "yes_no" and _AFTER_FLAG.search(timing.told(c))]

    def units(self) -> list[Column]:
        """Columns whose values are units with several rows each, the likeliest first."""
        out = []
        for c in self.columns:
            repeated = 2 < c.distinct <= max(2, c.rows // 2)
            unit = (
                c.id_like or (c.kind in ("category", "text") or c.name_like) or bool(_UNIT_WORDS.search(timing.told(c)))
            )
            if repeated and unit and not c.time_like and c.kind not in ("yes_no", "time", "number"):
                out.append(c)

        def order(c: Column) -> tuple[float, bool, int]:
            worded = bool(_UNIT_WORDS.search(c.name.replace("_", " ")))
            return (-match.spoken(self.question, c), not (c.id_like or worded), -c.distinct)

        return sorted(out, key=order)

    def unit(self) -> str | None:
        found = self.units()
        likely = [c for c in found if c.id_like or _UNIT_WORDS.search(timing.told(c)) or match.spoken(self.question, c)]
        return likely[0].name if likely else found[0].name if len(found) == 1 else None


def _instrument(table: _Words) -> Claim | None:
    said = _INSTRUMENT.search(table.question)
    text = next((t for t in said.groups() if t), "") if said else ""
    fields: dict[str, Any] = {"target": "compliers"} if _COMPLIERS.search(table.question) else {}
    if not text and (moved := _MOVED.search(table.question)):
        text, fields = moved["by"], {"target": "compliers"}
    if not text:
        cue = fields or _INSTRUMENT_CUE.search(table.question)
        return Claim("instrument", missing=("instruments",), fields=fields) if cue else None
    # what the question calls the instrument is the instrument, whatever was read as the treatment
    free = [c for c in match.usable(table.profile) if c.name != table.roles.get("outcome")]
    whole = table.best(text, free)
    pieces = [p for p in re.split(r",|\band\b", text) if lexicon.words(p)] if len(text.split()) > 2 else []
    several = [table.best(p, free) for p in pieces] if len(pieces) > 1 else []
    if several and all(several) and len(set(several)) == len(several):
        return Claim("instrument", {"instruments": tuple(several)}, fields=fields, spans=(said[0] if said else text,))
    if whole:
        return Claim("instrument", {"instruments": (whole,)}, fields=fields, spans=(said[0] if said else text,))
    if not said and not _INSTRUMENT_CUE.search(table.question):
        return None
    return Claim("instrument", missing=("instruments",), fields=fields)


def _pieces(question: str) -> list[str]:
    return [p for p in re.split(r"(?<=[.?!;])\s+", question) if p]


def _line(table: _Words, text: str) -> tuple[str | None, float | None]:
    """(the running column, the cut-off) that a piece of text names."""
    numeric = [
        c for c in table.free if c.kind in ("number", "count") and not c.id_like and c.minimum is not None and c.distinct > 2
    ]  # fmt: skip
    values = [float(v.replace(",", ".")) for v in re.findall(r"(?<![\w.])-?\d+(?:[.,]\d+)?", text)]
    spoken = [
        (f.name, f.score)
        for f in match.rank(text, numeric)
        if f.score > 0 and match.mentioned(text, table.named[f.name]) >= 0.8
    ]
    for name, _ in spoken[:3]:
        column = table.named[name]
        inside = [
            v
            for v in values
            if column.minimum is not None and column.maximum is not None and column.minimum <= v <= column.maximum
        ]
        if len(inside) == 1 and (len(spoken) == 1 or spoken[0][1] > 1.1 * spoken[1][1]):
            return name, inside[0]
    return (spoken[0][0] if len(spoken) == 1 else None), (values[0] if len(values) == 1 else None)


def _discontinuity(table: _Words) -> Claim | None:
    pieces = [p for p in _pieces(table.question) if _CUT.search(p)]
    lead = sentence.parse(table.question).lead
    text = lead if lead and _CUT.search(lead) else " ".join(pieces)
    running, cutoff = _line(table, text)
    if running is None or cutoff is None:
        running, cutoff = _line(table, table.question)
    return _cut(table, text, running, cutoff)


def _granted(table: _Words) -> Claim | None:
    """ "Those with 80 points or more got the grant": a rule with a number, said before the question."""
    for text in granted(sentence.parse(table.question)):
        running, cutoff = _line(table, text)
        if running is not None and cutoff is not None:
            return _cut(table, text, running, cutoff)
    return None


def granted(parsed: sentence.Parsed) -> list[str]:
    """What is said before the question of a rule by which a number decided who got something."""
    return [t for t in (*_pieces(parsed.context), parsed.lead) if _LINE.search(t) and _GRANTED.search(t)]


def _cut(table: _Words, text: str, running: str | None, cutoff: float | None) -> Claim:
    parts: dict[str, Any] = {}
    missing = tuple(name for name, value in (("running", running), ("cutoff", cutoff)) if value is None)
    if running is not None:
        parts["running"] = running
    if cutoff is not None:
        parts["cutoff"] = cutoff
    if _BELOW.search(text):
        parts["treated_side"] = "below"
    if _FUZZY.search(table.question):
        parts["fuzzy"] = True
    return Claim("discontinuity", parts, missing, spans=(text,))


def _differences(table: _Words) -> Claim | None:
    treatment = table.named.get(table.roles.get("treatment") or "")
    clocks, flags, unit = table.clocks(), [f for f in table.flags() if f is not treatment], table.unit()
    first = [
        c
        for c in table.free
        if _FIRST.search(timing.told(c)) and c.kind in ("count", "number", "category") and not c.id_like
    ]
    if first and clocks and unit and len(first) == 1:
        return Claim("differences", {"time": clocks[0].name, "unit": unit, "first_treated": first[0].name})
    two = [c for c in (*flags, *(c for c in clocks if c.distinct == 2)) if c is not treatment]
    if len(two) == 1 and treatment is not None and treatment.kind == "yes_no":
        return Claim("differences", {"time": two[0].name, "group": treatment.name})
    if clocks and unit and treatment is not None and treatment.kind == "yes_no" and not two:
        return Claim("differences", {"time": clocks[0].name, "unit": unit})
    start = [int(y) for y in _YEAR.findall(table.question)]
    clock = clocks[0] if clocks else None
    parts: dict[str, Any] = {}
    if clock is not None or len(two) == 1:
        parts["time"] = clock.name if clock is not None else two[0].name
    if treatment is not None and treatment.kind == "category" and clock is not None and len(start) == 1:
        levels = [lv.value for lv in treatment.levels if _spoken(str(lv.value), table.question)]
        if len(levels) == 1:
            return Claim(
                "differences", {**parts, "group": treatment.name, "treated_group": levels[0], "start": start[0]}
            )
    missing = (*(() if "time" in parts else ("time",)), "group")
    return Claim("differences", parts, missing)


def _panel(table: _Words) -> Claim | None:
    clocks, units = table.clocks(), table.units()
    unit: str | None = None
    timed = False
    if found := _FOR_UNITS.search(table.question):
        for piece in re.split(r",|\band\b|-", found["units"] or found["two"] or ""):
            unit = unit or table.best(piece, units)
            timed = (
                timed
                or bool(table.best(piece, clocks))
                or bool(re.search(r"\b(?:year|time|month|period|quarter|two-way)\b", piece))
            )
    else:
        timed = True
    unit = unit or table.unit()
    if unit is None:
        return Claim("panel", missing=("unit",))
    return Claim(
        "panel",
        {"unit": unit, **({"time": clocks[0].name} if clocks and (timed or "two-way" in table.question) else {})},
    )


def _front_door(table: _Words) -> Claim | None:
    # what the question says lies between lies between, whatever was read as the treatment
    usable = [c for c in match.usable(table.profile) if c.name != table.roles.get("outcome")]
    for found in _FRONT_BY.finditer(table.question):
        text = next((t for t in found.groups() if t), "")
        if best := table.best(text, usable):
            return Claim("front_door", {"mediators": (best,)}, spans=(found[0],))
    return Claim("front_door", missing=("mediators",))


def _synthetic(table: _Words) -> Claim | None:
    unit, clocks = table.unit(), table.clocks()
    parts: dict[str, Any] = {}
    for c in table.units():
        named = [
            lv.value
            for lv in c.levels
            if isinstance(lv.value, str) and len(lv.value) > 2 and _spoken(lv.value, table.question)
        ]
        if len(named) == 1:
            parts |= {"unit": c.name, "treated_unit": named[0]}
            break
    if "unit" not in parts and unit:
        parts["unit"] = unit
    if clocks:
        parts["time"] = clocks[0].name
        years = [int(y) for y in _YEAR.findall(table.question)]
        low, high = clocks[0].minimum, clocks[0].maximum
        inside = [y for y in years if low is None or high is None or low <= y <= high]
        if len(set(inside)) == 1:
            parts["start"] = inside[0]
    missing = tuple(n for n in ("unit", "time", "treated_unit", "start") if n not in parts)
    return Claim("synthetic_control", parts, missing)


def _spoken(level: str, question: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(level)}(?!\w)", question, re.IGNORECASE))


_FINDERS = (
    ("instrument", re.compile(""), _instrument),
    ("front_door", _FRONT, _front_door),
    ("synthetic_control", _SYNTHETIC, _synthetic),
    ("discontinuity", _CUT, _discontinuity),
    ("differences", _DIFFERENCES, _differences),
    ("panel", _PANEL, _panel),
)
