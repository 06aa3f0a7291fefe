"""A first graph for a question: drawn by rule; a model may add hidden causes and take nothing away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Step
from ..errors import ModelError
from ..graph import Confidence, Edge, Graph, Source, Unmeasured
from ..query import Query
from . import match, prompts, timing
from .ask_model import complete_as, plain
from .client import Client, Request
from .columns import lines
from .read import BadControl

if TYPE_CHECKING:
    from ..profile import Column, Profile
    from ..settings import Share

FROZEN = ConfigDict(frozen=True, extra="forbid")
LOOSE = ConfigDict(frozen=True, extra="ignore")

MOST_HIDDEN = 5
MOST_ASKED = 80
MOSTLY_MISSING = 0.2  # holding such a column fixed would cost more rows than certainty can bear


class Draft(BaseModel):
    """A graph to be reviewed, and the columns that were kept out of it with the reason."""

    model_config = FROZEN
    graph: Graph
    bad_controls: tuple[BadControl, ...] = ()
    steps: tuple[Step, ...] = ()


class _Cause(BaseModel):
    model_config = LOOSE
    name: Annotated[StrictStr, Field(max_length=200)]
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class _Suspect(BaseModel):
    model_config = LOOSE
    column: StrictStr
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class DraftReply(BaseModel):
    """What the model may say: causes that are missing from the table, and columns that may come too late."""

    model_config = LOOSE
    unmeasured: Annotated[tuple[_Cause, ...], Field(max_length=50)] = ()
    suspects: Annotated[tuple[_Suspect, ...], Field(max_length=200)] = ()


def draft_graph(query: Query, profile: Profile, client: Client | None, *, share: Share = "profile") -> Draft:
    """The drafted graph of `query`. Every covariate kept by rule stays, whatever a model replies.

    Raises `RecordingError`; a model that fails or talks rubbish is left out.
    """
    if not query.treatment or not query.outcome:
        return Draft(graph=Graph())
    graph, bad = by_rule(query, profile)
    if client is None:
        step = Step(step="draft", verifier="rules on roles and timing", passed=True)
        return Draft(graph=graph, bad_controls=bad, steps=(step,))
    kept = [e.cause for e in graph.edges if e.effect == query.outcome and e.cause != query.treatment]
    kept = [c for c in kept if len(c) <= 120][:MOST_ASKED]
    reply, step = _ask(query, profile, kept, client, share)
    if reply is None:
        return Draft(graph=graph, bad_controls=bad, steps=(step,))
    hidden, dropped = _hidden(reply, query, profile)
    said = {b.column for b in bad}
    suspects = []
    for suspect in reply.suspects[:20]:
        if suspect.column in kept and suspect.column not in said:
            said.add(suspect.column)
            reason = plain(suspect.reason, 160) or "no reason given"
            suspects.append(
                BadControl(column=suspect.column, reason=f"the model suspects it, still held fixed: {reason}")
            )
    if dropped:
        step = step.model_copy(update={"note": plain(f"left out: {', '.join(dropped)}", 300)})
    return Draft(graph=graph.model_copy(update={"unmeasured": hidden}), bad_controls=(*bad, *suspects), steps=(step,))


def by_rule(query: Query, profile: Profile) -> tuple[Graph, tuple[BadControl, ...]]:
    """Graph and bad controls from roles and timing alone."""
    treatment, outcome = query.treatment or "", query.outcome or ""
    mediators = tuple(getattr(query.design, "mediators", ()))
    instruments = tuple(getattr(query.design, "instruments", ()))
    asked: Source = "you"
    edges = [Edge(cause=treatment, effect=outcome, reason="your question", source=asked)]
    edges += [Edge(cause=i, effect=treatment, reason="named as the instrument", source="model") for i in instruments]
    for mediator in mediators:
        edges.append(Edge(cause=treatment, effect=mediator, reason="your question", source=asked))
        edges.append(Edge(cause=mediator, effect=outcome, reason="your question", source=asked))
    roles = {treatment, outcome, *mediators, *instruments}
    roles |= {c for c in (query.event, query.cluster, query.weights) if c}
    bad: list[BadControl] = []
    chance = query.design.kind == "randomised" and query.source("design") == "you"
    for column, confidence, reason, fault in _candidates(query, profile, roles):
        if fault:
            bad.append(BadControl(column=column.name, reason=fault))
            continue
        if not chance:
            edges.append(Edge(cause=column.name, effect=treatment, reason=reason, confidence=confidence, source="data"))
        edges.append(Edge(cause=column.name, effect=outcome, reason=reason, confidence=confidence, source="data"))
    return Graph(edges=tuple(edges)), tuple(bad)


def _candidates(query: Query, profile: Profile, roles: set[str]) -> list[tuple[Column, Confidence, str, str]]:
    """(column, confidence, reason, fault) for every column that might be a shared cause; `fault` keeps it out."""
    treatment, outcome = profile.column(query.treatment or ""), profile.column(query.outcome or "")
    suffixes = timing.known_suffixes(profile.columns)
    start, end = timing.baseline(treatment, outcome, suffixes)
    found: list[tuple[Column, Confidence, str, str]] = []
    for column in match.usable(profile, longest=None):
        if column.name in roles or column.kind == "time" or (column.time_like and column.kind != "category"):
            continue
        when, reason = timing.when(column, start, end, suffixes, treatment)
        fault = ""
        if column.missing > MOSTLY_MISSING * max(1, column.rows):
            fault = f"{100 * column.missing / column.rows:.0f}% of its values are missing"
        elif (
            column.infinite
            or (size := max(abs(column.minimum or 0), abs(column.maximum or 0))) > 1e100
            or 0 < size < 1e-100
        ):
            fault = "it holds numbers that cannot be computed with"
        elif column.kind == "category" and column.distinct > 50:
            fault = f"its {column.distinct} different values are too many to hold fixed"
        elif when == "after":
            fault = f"it may come after the treatment: {reason}"
        elif when != "before" and timing.derived(column, outcome, True):
            fault = "it looks like a part or another form of the outcome"
        elif timing.derived(column, treatment, False) and not (when == "before" and timing.years(column, suffixes)):
            fault = "it looks like another form of the treatment"
        found.append((column, "likely" if when == "before" else "unsure", reason, fault))
    return found


def _ask(
    query: Query, profile: Profile, kept: list[str], client: Client, share: Share
) -> tuple[DraftReply | None, Step]:
    request = request_for(query, profile, kept, share)
    try:
        return complete_as(client, request, DraftReply, verifier="schema; may add, may not remove")
    except ModelError as error:
        note = plain(error.message, 300)
        return None, Step(step="draft", verifier="schema; may add, may not remove", passed=False, note=note)


def request_for(query: Query, profile: Profile, kept: list[str], share: Share = "profile") -> Request:
    """The request of the draft step: the columns in play and the question's two ends."""
    import json

    shared = profile.shared(share)
    turns = prompts.render(
        "draft",
        treatment=json.dumps(query.treatment, ensure_ascii=False),
        outcome=json.dumps(query.outcome, ensure_ascii=False),
        ends=lines(shared, [query.treatment or "", query.outcome or ""]),
        columns=lines(shared, kept),
    )
    column = {"type": "string", "enum": kept} if kept else {"type": "string"}
    short = {"type": "string"}
    schema = _object(
        {
            "unmeasured": {
                "type": "array",
                "items": _object({"name": short, "reason": short}),
                "maxItems": MOST_HIDDEN,
            },
            "suspects": {"type": "array", "items": _object({"column": column, "reason": short}), "maxItems": 5},
        }
    )
    return Request(step="draft", messages=turns, response_schema=schema, prompt=prompts.digest("draft"))


def _object(fields: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _hidden(reply: DraftReply, query: Query, profile: Profile) -> tuple[tuple[Unmeasured, ...], list[str]]:
    taken = {name.casefold() for name in profile.names()}
    out: list[Unmeasured] = []
    dropped: list[str] = []
    for cause in reply.unmeasured:
        name = plain(cause.name, 40)
        words = name.casefold().replace(" ", "_")
        full = len(out) == MOST_HIDDEN
        odd = not name.replace(" ", "").replace("-", "").isalpha() or len(name.split()) > 4
        if odd or full or name.casefold() in taken or words in taken or _measured(name, profile):
            dropped.append(name or "a cause without a name")
            continue
        taken |= {name.casefold(), words}
        affects = (query.treatment or "", query.outcome or "")
        out.append(Unmeasured(name=name, affects=affects, reason=plain(cause.reason, 160) or None, source="model"))
    return tuple(out), dropped


def _measured(name: str, profile: Profile) -> bool:
    """Does one column already say all of `name`? Weak models name what is in the table, the treatment included."""
    wanted = match.words(name)
    for column in profile.columns if wanted else ():
        told = match.words(f"{column.name} {column.description or ''}")
        if all(any(match.alike(w, t) >= 0.8 for t in told) for w in wanted):
            return True
    return False
