"""From a question in plain words to a query. The model proposes; rules accept, correct or offer a choice.

A reply fills in only: kind, treatment, outcome, target, `where`, `by` and mediators. It cannot set covariates, what
matters, clusters, weights or who said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..analysis import Step
from ..errors import QueryError
from ..graph import Graph
from ..query import Query
from . import grounding, match, offline, prompts
from .ask_model import complete_as, plain
from .client import Client, Message, Request
from .columns import lines
from .reading_form import Effect, Form, ReadReply, schema
from .receipt import receipt

if TYPE_CHECKING:
    from ..profile import Column, Profile
    from ..settings import Share

FROZEN = ConfigDict(frozen=True, extra="forbid")

LONGEST_QUESTION = 2_000
MOST_COLUMNS = 150
COLUMN_FIELDS = ("treatment", "outcome", "by", "event", "cluster", "weights", "environment")


class BadControl(BaseModel):
    """A column that should not be held fixed, and why."""

    model_config = FROZEN
    column: str
    reason: str


class Reading(BaseModel):
    """What the question was taken to mean. `choose`: a person must pick from the ranked `choices`."""

    model_config = FROZEN
    status: Literal["read", "choose"]
    query: Query | None = None
    receipt: str = ""
    graph: Graph | None = None
    bad_controls: tuple[BadControl, ...] = ()
    choices: dict[str, list[str]] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()


def read_question(
    question: str,
    profile: Profile,
    client: Client | None,
    *,
    overrides: Mapping[str, Any] | None = None,
    share: Share = "profile",
    draft: bool = True,
) -> Reading:
    """Read `question` about the table behind `profile`.

    `overrides` are fields of the query that the person gave; they win over the model. `client` None means the
    built-in reader. With `draft`, the graph is drafted too. Raises `QueryError` (question or overrides unusable),
    `UnknownColumn`, `RecordingError`, and `ModelError` when the model cannot be reached.
    """
    question = _clean(question)
    given = _given(overrides or {}, profile)
    columns = shown(question, profile)
    form, step = _ask(question, profile, columns, client, share)
    form = _overridden(form, given)
    ranked = offline.choices(question, columns)
    fields, why = _fields(question, form, columns, profile, given) if form else ({}, "")
    if not form or why:
        said = _sentence(why or "I am not sure which columns you mean")
        return Reading(status="choose", receipt=said, choices=_choices(ranked, fields | given), steps=(step,))
    fields.update(given)
    try:
        query = Query.model_validate({"question": question, **fields})
    except ValidationError as error:
        if given.keys() - {"treatment"} and given.keys() - {"outcome"}:
            raise QueryError(f"The query makes no sense: {_first(error)}.", "Change what you asked for.") from None
        step = step.model_copy(update={"passed": False, "note": plain(_first(error), 300)})
        said = "I am not sure which columns you mean."
        return Reading(status="choose", receipt=said, choices=_choices(ranked, fields), steps=(step,))
    reading = Reading(
        status="read",
        query=query,
        receipt=receipt(query, profile),
        choices=_choices(ranked, fields),
        steps=(step,),
    )
    if not draft or query.kind not in ("effect", "effect_by_group", "mediation", "counterfactual"):
        return reading
    from .draft import draft_graph

    drawn = draft_graph(query, profile, client, share=share)
    return reading.model_copy(
        update={
            "graph": drawn.graph,
            "bad_controls": drawn.bad_controls,
            "steps": (*reading.steps, *drawn.steps),
        }
    )


def would_send(question: str, profile: Profile, *, share: Share = "profile") -> list[Request]:
    """Exactly what the reading step would send, for `--dry-run`. Later steps send the same columns and no rows."""
    question = _clean(question)
    return [_request(question, profile, shown(question, profile), share)]


def shown(question: str, profile: Profile) -> list[Column]:
    """The columns that the reader may choose from: usable ones, in wide tables the best matching."""
    columns = [c for c in match.usable(profile) if c.kind != "time"]
    if len(columns) <= MOST_COLUMNS:
        return columns
    best = {name for name, _ in match.rank(question, columns)[:MOST_COLUMNS]}
    return [c for c in columns if c.name in best]


def _clean(question: str) -> str:
    if not isinstance(question, str) or not question.strip():
        raise QueryError("The question is empty.", 'Ask something such as "Does A change B?".')
    try:
        question.encode("utf-8")
    except UnicodeEncodeError:
        raise QueryError("The question holds characters that cannot be read.", "Type it again.") from None
    text = " ".join("".join(c if c.isprintable() else " " for c in question).split())
    if len(text) > LONGEST_QUESTION or not text:
        raise QueryError(
            f"The question is {'too long' if text else 'empty'}.", f"Ask in at most {LONGEST_QUESTION:,} characters."
        )
    return text


def _given(overrides: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    from ..errors import UnknownColumn

    given = {name: value for name, value in overrides.items() if value is not None}
    for name, value in given.items():
        if name not in Query.model_fields:
            raise QueryError(f"{name!r} is not a field of a query.", "See `pyllm-causal schema query`.")
        if name in COLUMN_FIELDS and value not in profile.names():
            raise UnknownColumn(str(value), profile.names(), name)
    return given


def _overridden(form: Form | None, given: Mapping[str, Any]) -> Form | None:
    """The reading with the person's own columns in place of the model's."""
    ends = {role: given[role] for role in ("treatment", "outcome") if role in given}
    if len(ends) == 2 and (form is None or form.kind in ("missing", "describe", "discovery", "attribution")):
        return Effect(kind="effect", **ends)
    if form is None or not ends:
        return form
    fitting = {role: name for role, name in ends.items() if role in type(form).model_fields}
    return form.model_copy(update=fitting)


def _request(question: str, profile: Profile, columns: list[Column], share: Share) -> Request:
    shared = profile.shared(share)
    names = [c.name for c in columns]
    turns: tuple[Message, ...] = prompts.render(
        "read",
        table=_table(shared),
        rows=f"{profile.rows:,}" if "rows" in shared else "some",
        columns=lines(shared, names),
        left_out=len(profile.columns) - len(columns),
        question=question,
    )
    return Request(step="read", messages=turns, response_schema=schema(names), prompt=prompts.digest("read"))


def _table(shared: Mapping[str, Any]) -> str:
    import json

    return json.dumps(plain(str(shared.get("name", "table")), 80), ensure_ascii=False)


def _ask(
    question: str, profile: Profile, columns: list[Column], client: Client | None, share: Share
) -> tuple[Form | None, Step]:
    if not columns:
        return None, Step(step="read", verifier="rules", passed=False, note="the table has no column to ask about")
    if client is None:
        form = offline.guess(question, columns)
        note = "" if form else "the built-in reader is not sure"
        return form, Step(step="read", verifier="rules over names and descriptions", passed=form is not None, note=note)
    names = {c.name for c in columns}

    def check(reply: ReadReply) -> str | None:
        return grounding.fault(question, reply.reading, names)

    parsed, step = complete_as(
        client,
        _request(question, profile, columns, share),
        ReadReply,
        check,
        verifier="schema, real columns, cross-field rules",
    )
    return (parsed.reading if parsed else None), step


def _fields(
    question: str, form: Form, columns: list[Column], profile: Profile, given: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Fields of the query, and why a person must choose instead ("" when nobody must)."""
    named = {c.name: c for c in profile.columns}
    form = grounding.correct(question, form, named)
    if form.kind == "missing":
        what = plain(form.what, 80)
        return {}, f"the table seems to have no column for {what}" if what else "the table has no column for that"
    if form.kind == "describe":
        return {"kind": "association"}, ""
    if form.kind == "discovery":
        return {"kind": "discovery"}, ""
    outcome = form.outcome if "outcome" in given else grounding.change_of(question, form.outcome, columns)
    fields: dict[str, Any] = {"kind": form.kind, "outcome": outcome}
    if form.kind != "attribution":
        fields["treatment"] = form.treatment
    if form.kind == "effect_by_group":
        fields["by"] = form.by
    if form.kind == "effect" and "treatment" not in given and (meant := grounding.by_level(question, fields, columns)):
        fields["treatment"] = meant
        form = form.model_copy(update={"treatment": meant})
    for role in ("treatment", "outcome"):
        # Only plain questions come in two halves that can be told apart.
        if form.kind == "effect" and role not in given and grounding.far_better(question, fields, role, columns):
            return fields, f"I am not sure which column is the {role}"
    if form.kind == "mediation":
        fields["design"] = {"kind": "mediation", "mediators": [form.mediator]}
        fields["sources"] = {"design": "model"}
    if form.kind == "counterfactual":
        fields["row"] = grounding.one_row(question, profile)
    if form.kind == "effect":
        fields["target"] = grounding.target(question, form.who, named[form.treatment])
        fields["where"] = grounding.where(question, form.only, named, fields)
    if form.kind in ("effect", "effect_by_group"):
        fields.update(grounding.design(question, fields, columns))
    if form.kind != "attribution" and "outcome" in fields and "outcome_event" not in given:
        fields["outcome_event"] = grounding.event(question, named[fields["outcome"]])
    if "treatment" in fields and form.kind != "association":
        fields.update(grounding.contrast(question, named[fields["treatment"]]))
        fields.update(grounding.scale(question))
        if coded := grounding.coded(profile, fields):
            fields["categorical"] = coded
        if words := grounding.spoken(question, named[fields["treatment"]]):
            fields["words"] = {"treatment": words}
    return {name: value for name, value in fields.items() if value is not None}, ""


def _choices(ranked: dict[str, list[str]], fields: Mapping[str, Any]) -> dict[str, list[str]]:
    out = {}
    for role, names in ranked.items():
        chosen = fields.get(role)
        out[role] = [chosen, *(n for n in names if n != chosen)] if chosen else list(names)
    return out


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _first(error: ValidationError) -> str:
    return str(error.errors(include_input=False, include_url=False)[0]["msg"]).removeprefix("Value error, ")
