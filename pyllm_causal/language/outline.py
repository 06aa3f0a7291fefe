"""A picture for a question without a table: drafted by a model, or from what a person names. Names are text, not columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from ..analysis import Step
from ..graph import Confidence, Edge, Graph, Source, Unmeasured
from . import kinds, lexicon, prompts, roles, sentence, vote
from .ask_model import complete_as, object_of, plain
from .client import Client, Request

LOOSE = ConfigDict(frozen=True, extra="ignore")
FROZEN = ConfigDict(frozen=True, extra="forbid")
Part = Literal["shared_cause", "nudge", "between", "consequence"]
PARTS: tuple[Part, ...] = ("shared_cause", "nudge", "between", "consequence")
MOST = 10
VERIFIER = "schema, plain names, two different ends; unchecked by any data"


class _Thing(BaseModel):
    model_config = LOOSE
    name: Annotated[StrictStr, Field(max_length=200)]
    role: Part
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""
    hidden: StrictBool = False


class OutlineReply(BaseModel):
    """What the model may say."""

    model_config = LOOSE
    treatment: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    outcome: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    outcome_kind: Literal["number", "yes_no"] = "number"
    unit: Annotated[StrictStr, Field(max_length=100)] = ""
    things: Annotated[tuple[_Thing, ...], Field(max_length=60)] = ()


class Thing(BaseModel):
    """Something that belongs in the picture, and who says so."""

    model_config = FROZEN
    name: str
    role: Part
    reason: str = ""
    hidden: bool = False
    confidence: Confidence | None = None
    source: Source = "you"


class Outline(BaseModel):
    """The two ends of a question and everything around them. An end that is None has to be named by a person."""

    model_config = FROZEN
    treatment: str | None
    outcome: str | None
    yes_no: bool = False
    unit: str = ""
    things: tuple[Thing, ...] = ()
    directions: bool = True  # False: drafted by a model that has not passed the exam on directions
    steps: tuple[Step, ...] = ()

    def graph(self) -> Graph:
        """The picture as arrows; consequences are left out of every way and shown as arrows from the treatment."""
        if self.treatment is None or self.outcome is None:
            return Graph()
        ends = (self.treatment, self.outcome)
        edges = [Edge(cause=ends[0], effect=ends[1], reason="your question")]
        hidden: list[Unmeasured] = []
        for thing in self.things:
            if thing.hidden and thing.role == "shared_cause":
                hidden.append(
                    Unmeasured(name=thing.name, affects=ends, reason=thing.reason or None, source=thing.source)
                )
                continue
            for cause, effect in _ARROWS[thing.role]:
                names = {"t": ends[0], "o": ends[1], "x": thing.name}
                edges.append(
                    Edge(
                        cause=names[cause],
                        effect=names[effect],
                        reason=thing.reason or None,
                        confidence=thing.confidence,
                        source=thing.source,
                    )
                )
        if any(t.role == "between" and not t.hidden for t in self.things) and any(t.hidden for t in self.things):
            # a front door can only be told where the whole effect is said to pass through what lies between
            edges = edges[1:]
        return Graph(edges=tuple(edges), unmeasured=tuple(hidden))


_ARROWS = {
    "shared_cause": (("x", "t"), ("x", "o")),
    "nudge": (("x", "t"),),
    "between": (("t", "x"), ("x", "o")),
    "consequence": (("t", "x"),),
}


def outline(
    question: str,
    client: Client | None,
    *,
    treatment: str | None = None,
    outcome: str | None = None,
    named: Sequence[Thing] = (),
    columns: Sequence[str] = (),
    drafts: int = 1,
) -> Outline:
    """The outline of `question`. What a person names wins over the model; `columns` are lines about what could be had.

    Raises `ModelError` when the model cannot be reached, `RecordingError`.
    """
    ends: tuple[str | None, str | None] = (treatment, outcome)
    if client is None:
        step = Step(step="plan", verifier="rules over the words of the question", passed=True)
        return _finished(Outline(treatment=None, outcome=None, things=tuple(named), steps=(step,)), question, ends)
    drafts = max(1, min(drafts, vote.MOST_DRAFTS))
    ballots: list[OutlineReply] = []
    repairs, note = 0, ""
    for turn in range(drafts):
        request = roles.varied(request_for(question, columns), turn, drafts)
        reply, step = complete_as(client, request, OutlineReply, _fault, verifier=VERIFIER)
        repairs, note = repairs + step.repairs, note or step.note
        if reply is not None:
            ballots.append(reply)
    if not ballots:
        step = Step(step="plan", verifier=VERIFIER, passed=False, repairs=repairs, score=0.0, note=note)
        return _finished(Outline(treatment=None, outcome=None, things=tuple(named), steps=(step,)), question, ends)
    first = ballots[0]
    taken = {plain(n, 60).casefold() for n in (treatment or first.treatment, outcome or first.outcome)}
    taken |= {t.name.casefold() for t in named}
    things, dropped = _things(ballots, taken)
    said = sum(len(b.things) for b in ballots)
    step = Step(
        step="plan",
        verifier=VERIFIER,
        passed=True,
        repairs=repairs,
        score=round(1 - dropped / said, 3) if said else None,
        note=f"{dropped} of {said} things left out" if dropped else "",
    )
    drafted = Outline(
        treatment=plain(first.treatment, 60) or None,
        outcome=plain(first.outcome, 60) or None,
        yes_no=first.outcome_kind == "yes_no",
        unit=plain(first.unit, 20),
        things=(*named, *things),
        directions=roles.may_be_asked(client),
        steps=(step,),
    )
    return _finished(drafted, question, ends)


def _fault(reply: OutlineReply) -> str | None:
    ends = [plain(n, 60).casefold() for n in (reply.treatment, reply.outcome)]
    if not all(ends) or ends[0] == ends[1]:
        return "treatment and outcome must be two different things."
    return None


def _things(ballots: Sequence[OutlineReply], taken: Collection[str]) -> tuple[list[Thing], int]:
    """What most ballots name in the same role; names are told apart by the stems of their words."""
    votes: list[list[tuple[frozenset[str], Part]]] = []
    first: dict[tuple[frozenset[str], Part], _Thing] = {}
    dropped = 0
    for ballot in ballots:
        mine: dict[frozenset[str], Part] = {}
        for thing in ballot.things:
            name = plain(thing.name, 40)
            key = frozenset(lexicon.stem(w) for w in lexicon.split(name))
            odd = not key or len(name.split()) > 6 or not name.replace(" ", "").replace("-", "").isalnum()
            if odd or key in mine or name.casefold() in taken or len(mine) == MOST:
                dropped += 1
                continue
            mine[key] = thing.role
            first.setdefault((key, thing.role), thing)
        votes.append(list(mine.items()))
    agreed = vote.majority(votes)
    dropped += sum(1 for one in votes for item in one if item not in agreed)
    out: list[Thing] = []
    seen: set[frozenset[str]] = set()
    for (key, role), share in agreed.items():
        thing = first[key, role]
        if key in seen:
            continue
        seen.add(key)
        reason = (plain(thing.reason, 120) + vote.told(share, len(ballots))).strip()
        sure = vote.confidence(share)
        name = plain(thing.name, 40)
        out.append(Thing(name=name, role=role, reason=reason, hidden=thing.hidden, confidence=sure, source="model"))
    return out[:MOST], dropped


def _finished(drafted: Outline, question: str, ends: tuple[str | None, str | None]) -> Outline:
    """The person's own ends, else the model's, else the words of the question where they fall into two halves."""
    parsed = sentence.parse(question)
    halves = _words(parsed.cause), _words(parsed.effect)
    if kinds.told(question) in ("attribution", "discovery", "describe"):
        halves = None, None  # "why do people get headaches?" names no cause
    treatment = ends[0] or drafted.treatment or halves[0]
    outcome = ends[1] or drafted.outcome or halves[1]
    if treatment and outcome and treatment.casefold() == outcome.casefold():
        outcome = None
    names = {n for n in (treatment, outcome) if n}
    things = tuple(t for t in drafted.things if t.name not in names)
    return drafted.model_copy(update={"treatment": treatment, "outcome": outcome, "things": things})


_LEAD = frozenset(
    "does do did is are was were will would can could if when how what the a an of to on in for by".split()
)


def _words(text: str) -> str | None:
    """The words of one half of a question as a short name."""
    words = plain(text, 200).strip(" ?.,!").split()
    while words and words[0].casefold() in _LEAD:
        words = words[1:]
    return " ".join(words[:6]) or None if lexicon.words(" ".join(words)) else None


def request_for(question: str, columns: Sequence[str] = ()) -> Request:
    """The request of the planning step: the question and what the person described, nothing else."""
    short = {"type": "string"}
    thing = {
        "name": short,
        "role": {"type": "string", "enum": list(PARTS)},
        "reason": short,
        "hidden": {"type": "boolean"},
    }
    fields: dict[str, object] = {
        "treatment": short,
        "outcome": short,
        "outcome_kind": {"type": "string", "enum": ["number", "yes_no"]},
        "unit": short,
        "things": {"type": "array", "items": object_of(thing), "maxItems": MOST},
    }
    turns = prompts.render("plan", question=json.dumps(question, ensure_ascii=False), columns=list(columns))
    return Request(step="plan", messages=turns, response_schema=object_of(fields), prompt=prompts.digest("plan"))
