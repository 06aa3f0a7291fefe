"""Planning without data: a question becomes a picture, the ways that would identify it, and what to collect.

Nothing is estimated. A model drafts, code decides what the draft identifies, and a person has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .causal.experiment import Experiment, experiment
from .causal.ways import Way, ways
from .errors import QueryError
from .report.planned import Collect, Plan, natural_experiments, text_of
from .wording import join, safe

if TYPE_CHECKING:
    import pandas as pd

    from .data import Table
    from .graph import Graph
    from .language.client import Client
    from .language.outline import Outline, Thing

_DESCRIBED = re.compile(
    r"^\s*(?:[-*•|]\s*)?[`*\"']*(?P<name>[^:=\t|`*]{1,80}?)[`*\"']*\s*(?:[:=\t|]|\s[-–—]\s)\s*(?P<text>\S.{0,300})$"
)


def plan(
    question: str,
    *,
    client: Client | None = None,
    describe: str | Mapping[str, str] | None = None,
    data: str | Path | pd.DataFrame | Table | None = None,
    treatment: str | None = None,
    outcome: str | None = None,
    shared_causes: Sequence[str] = (),
    nudges: Sequence[str] = (),
    between: Sequence[str] = (),
    hidden: Sequence[str] = (),
    matters: float | None = None,
    spread: float | None = None,
    baseline: float | None = None,
    unit: str = "",
    per_week: float | None = None,
    drafts: int = 1,
    share: str = "profile",
) -> Plan:
    """How `question` could be answered: receipt, picture, ways, columns to collect, and the size of an experiment.

    No table is needed; `data` gives the spread of the outcome (and its columns) where there is one. What is named here
    (`treatment`, `outcome`, `shared_causes`, `nudges`, `between`, `hidden`) wins over what a model drafts. `spread` is the
    outcome's standard deviation, `baseline` the chance of a yes/no outcome without the treatment, `matters` the
    smallest difference that matters. `share` says what a model may see of `data`. Raises `CausalError`.
    """
    from .language.client import usage
    from .language.outline import outline
    from .language.read import clean
    from .language.recording import Keeper

    question = clean(question)
    client = None if client is None else Keeper(client)
    named = _named(shared_causes, nudges, between, hidden)
    if data is not None:
        drawn, table = _from_table(question, data, describe, client, treatment, outcome, named, drafts, share)
        spread, baseline, unit = _seen(table, drawn, spread, baseline, unit)
    elif describe and client is None:
        drawn = _from_description(question, describe, treatment, outcome, named)
    else:
        columns = [f"{k}: {v}" for k, v in dictionary(describe).items()] if describe else []
        drawn = outline(
            question, client, treatment=treatment, outcome=outcome, named=named, columns=columns, drafts=drafts
        )
    told = {
        "question": question,
        "language": {**usage(client), **({"recordings": client.document()} if client else {})},
    }
    ends = (drawn.treatment, drawn.outcome)
    if ends[0] is None or ends[1] is None:
        empty = Plan(status="choose", question=question, steps=drawn.steps, provenance=told)
        return empty.model_copy(update={"text": text_of(empty)})
    graph = drawn.graph()
    if (circle := graph.cycle()) is not None:
        raise QueryError("The picture goes round in a circle: " + join(circle) + ".", "Take one of these things out.")
    measurable = {t.name for t in drawn.things if not t.hidden}
    unit = "probability" if drawn.yes_no or baseline is not None else unit or drawn.unit
    size, sized = _size(matters, spread, baseline, unit, per_week)
    made = Plan(
        status="planned",
        question=question,
        receipt=f"If {safe(ends[0], 60)} changes, how does {safe(ends[1], 60)} change?",
        treatment=ends[0],
        outcome=ends[1],
        graph=graph,
        ways=_open(drawn, ways(graph, ends[0], ends[1], measurable)),
        natural=natural_experiments(ends[0], ends[1]),
        collect=_collect(drawn, graph),
        leave_out={t.name: _LATE[t.role] for t in drawn.things if t.role in _LATE},
        experiment=size,
        size=sized,
        doubts=_doubts(drawn, client is not None),
        steps=drawn.steps,
        provenance=told,
    )
    return made.model_copy(update={"text": text_of(made)})


def _open(drawn: Outline, found: tuple[Way, ...]) -> tuple[Way, ...]:
    """Without any shared cause in the picture, "compare people as they are" would be a claim that nobody has made."""
    empty = not any(t.role == "shared_cause" for t in drawn.things)
    return tuple(w for w in found if not (empty and w.kind == "adjustment"))


_LATE = {
    "between": "part of how it works; holding it fixed would hide part of the effect",
    "consequence": "comes after the treatment; holding it fixed could distort the answer",
}


def _named(shared: Sequence[str], nudges: Sequence[str], between: Sequence[str], hidden: Sequence[str]) -> list[Thing]:
    from .language.outline import Part, Thing

    roles: tuple[tuple[Part, Sequence[str], bool], ...] = (
        ("shared_cause", shared, False), ("nudge", nudges, False), ("between", between, False), ("shared_cause", hidden, True),
    )  # fmt: skip
    out: dict[str, Thing] = {}
    for role, names, unseen in roles:
        for name in names:
            if not (clean := safe(name, 60)):
                raise QueryError("A name is empty.", "Leave it out.")
            if clean in out:
                raise QueryError(f"“{clean}” is named twice, in two parts.", "Keep one of the two.")
            out[clean] = Thing(name=clean, role=role, hidden=unseen, reason="you said so")
    return list(out.values())


def dictionary(source: str | Mapping[str, str]) -> dict[str, str]:
    """Names and descriptions of columns that could be had, without a table to hold them against."""
    if isinstance(source, Mapping):
        return {safe(k): safe(v, 300) for k, v in source.items()}
    out: dict[str, str] = {}
    for line in source.splitlines()[:500]:
        if found := _DESCRIBED.match(line):
            out.setdefault(safe(found["name"]), safe(found["text"], 300))
    return out


def _from_description(
    question: str,
    describe: str | Mapping[str, str],
    treatment: str | None,
    outcome: str | None,
    named: Sequence[Thing],
) -> Outline:
    """The picture by rule: the built-in reader finds the two ends, names and timing say which columns may be causes."""
    from .profile import Column, Profile

    told = dictionary(describe)
    columns = tuple(
        Column(
            name=n,
            kind=_kind(d),
            dtype="",
            rows=0,
            missing=0,
            distinct=2 if _kind(d) == "yes_no" else 99,
            description=d,
        )
        for n, d in told.items()
        if n
    )
    return _drawn(question, Profile(name="planned", rows=0, columns=columns), None, treatment, outcome, named)


def _kind(description: str) -> Any:
    yes_no = re.search(r"\b(?:yes\s*/\s*no|0\s*/\s*1|1\s*=|whether|if\b.*\bor not)\b", description, re.IGNORECASE)
    return "yes_no" if yes_no else "number"


def _from_table(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    describe: str | Mapping[str, str] | None,
    client: Client | None,
    treatment: str | None,
    outcome: str | None,
    named: Sequence[Thing],
    drafts: int,
    share: str,
) -> tuple[Outline, Table]:
    from .data import Table

    table = Table.read(data, describe=describe)
    return _drawn(question, table.profile, client, treatment, outcome, named, drafts, share), table


def _drawn(
    question: str,
    profile: Any,
    client: Client | None,
    treatment: str | None,
    outcome: str | None,
    named: Sequence[Thing],
    drafts: int = 1,
    share: str = "profile",
) -> Outline:
    """The outline out of columns: read and drafted as `ask` does it."""
    from .language.outline import Outline, Thing
    from .language.read import read_question

    given = {k: v for k, v in {"treatment": treatment, "outcome": outcome}.items() if v is not None}
    reading = read_question(question, profile, client, overrides=given, share=share, drafts=drafts)  # type: ignore[arg-type]
    query = reading.query
    if query is None or not query.treatment or not query.outcome or reading.status == "choose":
        return Outline(treatment=None, outcome=None, steps=reading.steps)
    ends = (query.treatment, query.outcome)
    things = {t.name: t for t in named if t.name not in ends}
    graph = reading.graph
    for edge in graph.edges if graph is not None else ():
        if edge.effect == ends[1] and edge.cause not in ends:
            late = (ends[0], edge.cause) in graph.pairs() if graph is not None else False
            things.setdefault(
                edge.cause,
                Thing(
                    name=edge.cause,
                    role="between" if late else "shared_cause",
                    reason=edge.reason or "",
                    confidence=edge.confidence,
                    source=edge.source,
                ),
            )
    for name in getattr(query.design, "instruments", ()):
        things[name] = Thing(name=name, role="nudge", reason="named as the instrument", source=query.source("design"))
    for cause in graph.unmeasured if graph is not None else ():
        thing = Thing(name=cause.name, role="shared_cause", reason=cause.reason or "", hidden=True, source=cause.source)
        things.setdefault(cause.name, thing)
    for bad in reading.bad_controls:
        if bad.alarm in ("after", "between", "collider", "leak", "proxy"):
            role = "between" if bad.alarm == "between" else "consequence"
            things.setdefault(bad.column, Thing(name=bad.column, role=role, reason=bad.reason, source="data"))
    column = profile.column(ends[1])
    return Outline(
        treatment=ends[0],
        outcome=ends[1],
        yes_no=column.kind == "yes_no",
        unit=column.unit or "",
        things=tuple(things.values()),
        steps=reading.steps,
    )


def _seen(
    table: Table, drawn: Outline, spread: float | None, baseline: float | None, unit: str
) -> tuple[float | None, float | None, str]:
    """How the outcome varies in the table, where the person has not said so."""
    if drawn.outcome is None or spread is not None or baseline is not None:
        return spread, baseline, unit
    column = table.profile.column(drawn.outcome)
    if column.kind == "yes_no" and len(column.levels) == 2:
        from .profile import as_yes_no

        counts = {as_yes_no(level.value): level.rows for level in column.levels}
        return None, counts.get(True, 0) / max(1, sum(counts.values())), unit
    if column.kind in ("number", "count"):
        import pandas as pd

        values = pd.to_numeric(table.frame[table.code(drawn.outcome)], errors="coerce")
        found = float(values.std(ddof=1))
        return (found if found > 0 and found < float("inf") else None), None, unit
    return None, None, unit


def _size(
    matters: float | None, spread: float | None, baseline: float | None, unit: str, per_week: float | None
) -> tuple[Experiment | None, str]:
    if matters is not None:
        made = experiment(matters, spread=spread, baseline=baseline, unit=unit, per_week=per_week)
        return made, made.text
    small, half = (experiment(s, spread=1.0, baseline=None).rows_per_arm for s in (0.2, 0.5))
    return None, (
        "To size the experiment, say which difference would matter (--matters) and how much the outcome varies (--sd) or,"
        f" for yes or no, how common it is (--baseline). As a guide: {half} people a group see a difference of half a"
        f" standard deviation, {small} one of a fifth."
    )


def _collect(drawn: Outline, graph: Graph) -> tuple[Collect, ...]:
    out = [
        Collect(name=str(drawn.treatment), when="for everybody, with the date", why="it is what is changed"),
        Collect(name=str(drawn.outcome), when="after the treatment, for everybody alike", why="it is what may change"),
    ]
    whens = {
        "shared_cause": ("before the treatment", "it may drive both"),
        "nudge": ("before the treatment", "it may move the treatment and nothing else"),
        "between": ("after the treatment and before the outcome", "it may be how the treatment works"),
    }
    for thing in drawn.things:
        if thing.role not in whens:
            continue
        when, why = whens[thing.role]
        reason = f" ({safe(thing.reason, 160)})" if thing.reason and thing.source != "you" else ""
        wish = "if it can be measured at all, " if thing.hidden else ""
        out.append(Collect(name=thing.name, when=f"{wish}{when}", why=f"{why}{reason}"))
    return tuple(out)


def _doubts(drawn: Outline, model: bool) -> tuple[str, ...]:
    out: list[str] = []
    if model:
        out.append(
            "The picture was drafted by a language model and by rules; nobody has checked it and no data were asked."
        )
    if not drawn.directions:
        out.append(
            "The model has not passed the exam on which way an arrow points (pyllm-causal models check --exam): take its"
            " nudges and in-betweens as ideas only."
        )
    if not any(t.role == "shared_cause" for t in drawn.things):
        out.append(
            "No shared cause is in the picture yet. Ask: who got the treatment and why, and does any of that change the outcome"
            " as well? Name it with --shared-cause, or --hidden where it cannot be measured."
        )
    hidden = [t.name for t in drawn.things if t.hidden]
    if hidden:
        out.append(f"Not measured: {join(hidden)}. If it matters, comparing people alike is not enough.")
    return tuple(out)
