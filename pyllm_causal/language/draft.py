"""A first graph for a question: drawn by rule; a model may add hidden causes, and takes nothing away on its own word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Step
from ..graph import Confidence, Edge, Graph, Source, Unmeasured
from ..query import Differences, Discontinuity, FrontDoor, Query, Randomised, SyntheticControl
from ..years import baseline, known_suffixes
from . import claimed, lexicon, match, prompts, roles, vote
from .alarm import BadControl, judge
from .ask_model import object_of, plain
from .client import Client, Request
from .columns import lines

if TYPE_CHECKING:
    from ..profile import Profile
    from ..settings import Share

FROZEN = ConfigDict(frozen=True, extra="forbid")
LOOSE = ConfigDict(frozen=True, extra="ignore")

MOST_HIDDEN = 5
MOST_ASKED = 80
VERIFIER = "schema; may add, may not remove"


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


def draft_graph(
    query: Query, profile: Profile, client: Client | None, *, share: Share = "profile", drafts: int = 1
) -> Draft:
    """The drafted graph of `query`. Without a model that has passed the exam every covariate kept by rule stays.

    With several `drafts` the model is asked as often, and what more than half of them say is kept. Raises
    `RecordingError`; a model that fails or talks rubbish is left out.
    """
    if not query.treatment or not query.outcome:
        return Draft(graph=Graph())
    graph, bad = by_rule(query, profile)
    if client is None:
        step = Step(step="draft", verifier="rules on roles and timing", passed=True)
        return Draft(graph=graph, bad_controls=bad, steps=(step,))
    drafts = max(1, min(drafts, vote.MOST_DRAFTS))
    kept = asked_about(query, profile, graph)
    ballots, step = _ask(query, profile, kept, client, share, drafts)
    steps: tuple[Step, ...] = (step,)
    if ballots:
        graph, suspects, step = _added(graph, bad, ballots, step, query, profile, kept)
        bad, steps = (*bad, *suspects), (step,)
        if kept and roles.may_be_asked(client):
            voted = roles.ask_roles(query, profile, kept, client, share, drafts)
            graph, bad = _directed(graph, bad, voted, query, profile)
            steps = (*steps, *voted.steps)
    return Draft(graph=graph, bad_controls=bad, steps=steps)


def _added(
    graph: Graph,
    bad: tuple[BadControl, ...],
    ballots: list[DraftReply],
    step: Step,
    query: Query,
    profile: Profile,
    kept: list[str],
) -> tuple[Graph, list[BadControl], Step]:
    """The graph with the hidden causes that most ballots name, the columns that most suspect, and the step's account."""
    hidden, dropped = _hidden(ballots, query, profile)
    said = {b.column for b in bad}
    known = [[s.column for s in b.suspects[:20] if s.column in kept and s.column not in said] for b in ballots]
    suspected = vote.majority(known)
    reasons = {s.column: plain(s.reason, 160) for b in reversed(ballots) for s in b.suspects}
    suspects = [
        BadControl(
            column=column,
            alarm="suspect",
            reason=f"the model suspects it{vote.told(share, len(ballots))}, still held fixed:"
            f" {reasons[column] or 'no reason given'}",
        )
        for column, share in suspected.items()
    ]
    named = sum(len(b.unmeasured) + len(b.suspects) for b in ballots)
    lost = len(dropped) + sum(len(b.suspects) for b in ballots) - sum(map(len, known))
    note = f"left out: {', '.join(dropped)}" if dropped else ""
    score = round(max(0.0, 1 - lost / named), 3) if named else None
    step = step.model_copy(update={"note": plain(note or step.note, 300), "score": score})
    return graph.model_copy(update={"unmeasured": (*graph.unmeasured, *hidden)}), suspects, step


def _directed(
    graph: Graph, bad: tuple[BadControl, ...], voted: roles.Voted, query: Query, profile: Profile
) -> tuple[Graph, tuple[BadControl, ...]]:
    """The graph with the roles that most drafts agree on. Only a column of which no rule says that it came first can be
    called late, and only by nearly all drafts; every other role changes reasons and never an arrow."""
    treatment, outcome = query.treatment or "", query.outcome or ""
    first = {e.cause for e in graph.edges if e.confidence == "likely" and e.source == "data"}
    alarms = {b.column: b for b in bad}
    edges = list(graph.edges)
    for column, (role, share) in voted.roles.items():
        why, count = voted.reasons.get(column, ""), vote.told(share, voted.drafts)
        if role in ("between", "consequence"):
            late = column not in first and share >= vote.SURE_ENOUGH
            said = "lies between the two" if role == "between" else "comes after the treatment"
            alarm = BadControl(
                column=column,
                alarm=("between" if role == "between" else "after") if late else "suspect",
                reason=f"the model takes it that it {said}{count}{'' if late else ', still held fixed'}: {why}".rstrip(
                    ": "
                ),
            )
            alarms[column] = alarm
            if late:
                edges = [e for e in edges if column not in (e.cause, e.effect)]
                sure = vote.confidence(share)
                edges.append(Edge(cause=treatment, effect=column, reason=why, confidence=sure, source="model"))
                if role == "between":
                    edges.append(Edge(cause=column, effect=outcome, reason=why, confidence=sure, source="model"))
        elif why:
            edges = [
                e.model_copy(update={"reason": plain(f"{e.reason}; the model{count}: {why}", 240)})
                if e.cause == column and e.source == "data"
                else e
                for e in edges
            ]
    drawn = [(e.cause, e.effect) for e in edges]
    late_ones = {b.column for b in alarms.values() if b.alarm in ("between", "after")}
    best = [p for p in sorted(voted.arrows, key=lambda p: -voted.arrows[p]) if not late_ones & set(p)]
    for pair in vote.acyclic([p for p in best if p not in drawn], drawn):
        share = voted.arrows[pair]
        reason = f"the model takes it so{vote.told(share, voted.drafts)}"
        edges.append(
            Edge(cause=pair[0], effect=pair[1], reason=reason, confidence=vote.confidence(share), source="model")
        )
    return graph.model_copy(update={"edges": tuple(edges)}), tuple(alarms.values())


def by_rule(query: Query, profile: Profile) -> tuple[Graph, tuple[BadControl, ...]]:
    """Graph and bad controls from the design, roles and timing alone."""
    treatment, outcome = query.treatment or "", query.outcome or ""
    design = query.design
    asked = Edge(cause=treatment, effect=outcome, reason="your question", source="you")
    # the claim of a front door is that nothing passes by the mediators
    edges = [*(() if isinstance(design, FrontDoor) else (asked,)), *_of_design(query)]
    bad: list[BadControl] = []
    chance = design.kind == "randomised" and query.source("design") == "you"
    alone = isinstance(design, (Discontinuity, Differences, SyntheticControl))
    instruments = tuple(getattr(design, "instruments", ()))
    mediators = tuple(getattr(design, "mediators", ()))
    for column, confidence, reason, alarm in _candidates(query, profile):
        if alarm is not None:
            bad.append(alarm)
            continue
        if alone:
            continue  # the design compares a unit with itself or with its neighbours: nothing further is held fixed
        ends = (*(() if chance else (treatment,)), *instruments, *mediators, outcome)
        edges += [Edge(cause=column, effect=e, reason=reason, confidence=confidence, source="data") for e in ends]
    return Graph(edges=tuple(edges), unmeasured=_presumed(query)), tuple(bad)


def _presumed(query: Query) -> tuple[Unmeasured, ...]:
    """The hidden cause of both ends that an instrument and a front door are there to get around."""
    if query.design.kind not in ("instrument", "front_door"):
        return ()
    return (
        Unmeasured(
            name="something that is not in the table",
            affects=(query.treatment or "", query.outcome or ""),
            reason="the design is there to get around it",
            source="you" if query.source("design") == "you" else "data",
        ),
    )


def _of_design(query: Query) -> list[Edge]:
    """The arrows that the design itself claims."""
    treatment, outcome, design = query.treatment or "", query.outcome or "", query.design
    who: Source = query.source("design")
    pairs: list[tuple[str, str, str]] = []
    for name in getattr(design, "instruments", ()):
        pairs.append((name, treatment, "named as the instrument: it moves the treatment and nothing else"))
    for name in getattr(design, "mediators", ()):
        pairs += [(treatment, name, "your question"), (name, outcome, "your question")]
    if isinstance(design, Randomised):
        pairs += [
            (s, end, "the groups were dealt out within it") for s in design.strata for end in (treatment, outcome)
        ]
    if isinstance(design, Discontinuity):
        pairs += [(design.running, treatment, "the cut-off decides"), (design.running, outcome, "it is no accident")]
    for role in ("unit", "time", "group"):
        if isinstance(name := getattr(design, role, None), str):
            why = {"unit": "units differ", "time": "times differ", "group": "the groups differ"}[role]
            pairs += [(name, treatment, f"{why} in who is treated"), (name, outcome, f"{why} in the outcome")]
    return [
        Edge(cause=cause, effect=effect, reason=reason, source="you" if reason == "your question" else who)
        for cause, effect, reason in pairs
        if cause != effect and outcome != cause and (cause, effect) != (treatment, outcome)
    ]


def _taken(query: Query) -> set[str]:
    """Columns that have a part in the question or its design, so that they are no candidates for holding fixed."""
    taken = {query.treatment, query.outcome, query.event, query.cluster, query.weights, query.environment}
    return {*(name for name in taken if name is not None), *claimed.columns_of(query.design.model_dump())}


def asked_about(query: Query, profile: Profile, graph: Graph) -> list[str]:
    """The columns of the drafted graph that the model is shown as held fixed."""
    offered = {c.name for c in profile.columns} - _taken(query)
    kept = [e.cause for e in graph.edges if e.effect == query.outcome and e.cause in offered]
    return [c for c in kept if len(c) <= 120][:MOST_ASKED]


def _candidates(query: Query, profile: Profile) -> list[tuple[str, Confidence, str, BadControl | None]]:
    """(column, confidence, reason, alarm) for every column that might be a shared cause; an alarm keeps it out."""
    treatment, outcome = profile.column(query.treatment or ""), profile.column(query.outcome or "")
    suffixes = known_suffixes(profile.columns)
    start, end = baseline(treatment, outcome, suffixes)
    taken = _taken(query)
    found: list[tuple[str, Confidence, str, BadControl | None]] = []
    for column in match.usable(profile, longest=None):
        if column.name in taken or column.kind == "time":
            continue
        when, reason, alarm, fault = judge(column, treatment, outcome, suffixes, start, end)
        bad = None if alarm is None else BadControl(column=column.name, reason=fault, alarm=alarm)
        found.append((column.name, "likely" if when == "before" else "unsure", reason, bad))
    return found


def _ask(
    query: Query, profile: Profile, kept: list[str], client: Client, share: Share, drafts: int
) -> tuple[list[DraftReply], Step]:
    """Every usable reply, and the account of them all."""
    request = request_for(query, profile, kept, share)
    ballots, repairs, note = roles.several(client, request, DraftReply, drafts)
    if ballots and len(ballots) < drafts:
        note = plain(f"{len(ballots)} of {drafts} drafts were usable; {note}", 300)
    elif ballots:
        note = ""
    return ballots, Step(step="draft", verifier=VERIFIER, passed=bool(ballots), repairs=repairs, note=note)


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
    schema = object_of(
        {
            "unmeasured": {
                "type": "array",
                "items": object_of({"name": short, "reason": short}),
                "maxItems": MOST_HIDDEN,
            },
            "suspects": {"type": "array", "items": object_of({"column": column, "reason": short}), "maxItems": 5},
        }
    )
    return Request(step="draft", messages=turns, response_schema=schema, prompt=prompts.digest("draft"))


def _hidden(ballots: Sequence[DraftReply], query: Query, profile: Profile) -> tuple[tuple[Unmeasured, ...], list[str]]:
    """Hidden causes that most ballots name, told apart by the stems of their words; and what was dropped."""
    taken = {name.casefold() for name in profile.names()}
    dropped: list[str] = []
    first: dict[frozenset[str], tuple[str, str]] = {}
    votes: list[list[frozenset[str]]] = []
    for ballot in ballots:
        named: list[frozenset[str]] = []
        for cause in ballot.unmeasured:
            name = plain(cause.name, 40)
            odd = not name.replace(" ", "").replace("-", "").isalpha() or len(name.split()) > 4
            clash = name.casefold() in taken or name.casefold().replace(" ", "_") in taken
            key = frozenset(lexicon.stem(w) for w in name.replace("-", " ").split())
            if odd or clash or key in named or len(named) == MOST_HIDDEN or _measured(name, profile):
                dropped.append(name or "a cause without a name")
                continue
            named.append(key)
            first.setdefault(key, (name, plain(cause.reason, 160)))
        votes.append(named)
    agreed = vote.majority(votes)
    dropped += [first[key][0] for key in first if key not in agreed]
    ends = (query.treatment or "", query.outcome or "")
    out = [
        Unmeasured(
            name=first[key][0],
            affects=ends,
            reason=(first[key][1] + vote.told(share, len(ballots))).strip() or None,
            source="model",
        )
        for key, share in list(agreed.items())[:MOST_HIDDEN]
    ]
    return tuple(out), dropped


def _measured(name: str, profile: Profile) -> bool:
    """Does one column already say all of `name`? Weak models name what is in the table, the treatment included."""
    wanted = lexicon.words(name)
    for column in profile.columns if wanted else ():
        told = lexicon.words(f"{column.name} {column.description or ''}")
        if all(any(lexicon.alike(w, t) >= 0.8 for t in told) for w in wanted):
            return True
    return False
