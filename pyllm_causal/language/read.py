"""From a question in plain words to a query. The model proposes; rules accept, correct or offer a choice.

A reply fills in only: kind, treatment, outcome, target, `where`, `by`, mediators and a design that the question states. It
cannot set covariates, what matters, clusters, weights or who said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..analysis import Step
from ..errors import QueryError
from ..filter import parse_filter
from ..graph import Graph
from ..query import Query
from . import compared, doubt, grounding, match, offline, prompts, subset, tongue
from .alarm import BadControl
from .ask_model import complete_as, plain
from .client import Client, Message, Request
from .columns import lines
from .fields import fields_of
from .given import checked
from .reading_form import Attribution, Discovery, Effect, Form, Otherwise, ReadReply, schema
from .receipt import receipt

if TYPE_CHECKING:
    from ..profile import Column, Profile
    from ..settings import Share

FROZEN = ConfigDict(frozen=True, extra="forbid")

DRAFTED = ("effect", "effect_by_group", "mediation", "counterfactual")  # kinds about a treatment
LONGEST_QUESTION = 2_000
MOST_COLUMNS = 150


class Reading(BaseModel):
    """What the question was taken to mean. `choose`: a person must pick from the ranked `choices`.

    `language` is the ISO 639-1 code of the question's language, None where that cannot be told.
    """

    model_config = FROZEN
    status: Literal["read", "choose"]
    query: Query | None = None
    receipt: str = ""
    graph: Graph | None = None
    bad_controls: tuple[BadControl, ...] = ()
    choices: dict[str, list[str]] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    language: str | None = None


def read_question(
    question: str,
    profile: Profile,
    client: Client | None,
    *,
    overrides: Mapping[str, Any] | None = None,
    share: Share = "profile",
    draft: bool = True,
    drafts: int = 1,
) -> Reading:
    """Read `question` about the table behind `profile`.

    `overrides` are fields of the query that the person gave; they win over the model. `client` None means the
    built-in reader. With `draft`, the graph is drafted too, by a vote of `drafts` drafts; one among the overrides takes its
    place. Raises `QueryError` (question or overrides unusable), `GraphError`, `UnknownColumn`, `RecordingError`, and
    `ModelError` when the model cannot be reached.
    """
    question = clean(question)
    given = checked(overrides or {}, profile)
    columns = shown(question, profile)
    form, step = _ask(question, profile, columns, client, share)
    form = _overridden(form, given)
    spoken = tongue.language(question)
    ranked = offline.choices(question, columns)
    fields, why = fields_of(question, form, columns, profile, given, sure=client is None) if form else ({}, "")
    left = None
    by_hand = {"treatment", "outcome"} <= given.keys() or "row" in given
    if form and form.kind != "describe" and not why and not by_hand:
        left = doubt.unused_number(question, fields | given, profile.columns)
        if left and client is None:
            why = f"I cannot tell what {plain(left, 20)} stands for in the question"
    if not form or why:
        nameless = grounding.nameless(question, columns) if not why else None
        why = f"the table seems to have no column for “{plain(nameless, 80)}”" if nameless else why
        said = _sentence(why or "I am not sure which columns you mean")
        choices = _choices(ranked, fields | given)
        if form and form.kind == "attribution":
            choices = {"outcome": choices["outcome"], "compare": compared.choices(profile)}
        return Reading(status="choose", receipt=said, choices=choices, steps=(step,), language=spoken)
    fields = _together(fields, given)
    if fields.get("kind") == "association" and given.get("adjust_for") and "kind" not in given:
        raise QueryError(
            "The question is about what goes together; nothing is held fixed in such an answer.",
            "Leave --adjust-for out, or say --kind effect to ask what changes what.",
        )
    try:
        query = Query.model_validate({"question": question, **fields})
    except ValidationError as error:
        if given.keys() - {"treatment"} and given.keys() - {"outcome"}:
            raise QueryError(f"The query makes no sense: {_first(error)}.", "Change what you asked for.") from None
        step = step.model_copy(update={"passed": False, "note": plain(_first(error), 300)})
        said = "I am not sure which columns you mean."
        return Reading(status="choose", receipt=said, choices=_choices(ranked, fields), steps=(step,), language=spoken)
    if left is None and query.kind in ("effect", "effect_by_group", "mediation"):
        kept = [c.column for c in parse_filter(query.where, profile.names()).conditions] if query.where else []
        left = subset.untold(question, profile.columns, (query.treatment, query.outcome, query.by, *kept))
    reading = Reading(
        status="read",
        query=query,
        receipt=receipt(query, profile)
        + (f" “{plain(left, 20)}” in the question plays no part in this." if left else ""),
        choices=_choices(ranked, fields),
        steps=(step,),
        language=spoken,
    )
    if not draft or query.kind not in (*DRAFTED, "attribution"):
        return reading
    if query.graph is not None:  # the person's own picture takes the place of a drafted one
        query.graph.check(profile.names(), query.selected_on)
        query.graph.require(query.treatment, query.outcome)
        return reading.model_copy(update={"graph": query.graph})
    if query.treatment is None:
        from .draft_causes import causes_by_rule

        graph, bad = causes_by_rule(query, profile)
        rules = Step(step="draft", verifier="rules on roles and timing", passed=True)
        return reading.model_copy(update={"graph": graph, "bad_controls": bad, "steps": (*reading.steps, rules)})
    from .draft import draft_graph

    drawn = draft_graph(query, profile, client, share=share, drafts=drafts)
    return reading.model_copy(
        update={
            "graph": drawn.graph,
            "bad_controls": drawn.bad_controls,
            "steps": (*reading.steps, *drawn.steps),
        }
    )


def would_send(question: str, profile: Profile, *, share: Share = "profile") -> list[Request]:
    """Exactly what the reading step would send, for `--dry-run`. Later steps send the same columns and no rows."""
    question = clean(question)
    return [_request(question, profile, shown(question, profile), share)]


def shown(question: str, profile: Profile) -> list[Column]:
    """The columns that the reader may choose from: usable ones, in wide tables the best matching."""
    columns = [c for c in match.usable(profile) if c.kind != "time"]
    if len(columns) <= MOST_COLUMNS:
        return columns
    best = {fit.name for fit in match.rank(question, columns)[:MOST_COLUMNS]}
    return [c for c in columns if c.name in best]


def clean(question: str) -> str:
    """The question on one line. Raises `QueryError` where it is empty, far too long or unreadable."""
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


def _overridden(form: Form | None, given: Mapping[str, Any]) -> Form | None:
    """The reading with the person's own columns in place of the model's."""
    ends = {role: given[role] for role in ("treatment", "outcome") if role in given}
    if given.get("kind") == "discovery":
        return Discovery(kind="discovery")
    if given.get("kind") == "attribution" and "outcome" in given:
        return Attribution(kind="attribution", outcome=given["outcome"])
    if (
        "outcome" in given
        and (given.keys() & {"changes", "costs"} or given.get("kind") == "counterfactual")
        and len(ends) == 1
    ):
        return Otherwise(kind="otherwise", outcome=given["outcome"])
    if "outcome" in given and ("compare" in given and len(ends) == 1):
        return Attribution(kind="attribution", outcome=given["outcome"])
    if len(ends) == 2 and (form is None or form.kind in ("missing", "describe", "discovery", "attribution")):
        return Effect(kind="effect", **ends)
    if form is None or not ends:
        return form
    fitting = {role: name for role, name in ends.items() if role in type(form).model_fields}
    return form.model_copy(update=fitting)


def _together(fields: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the person's own; a design or a group given by hand decides the kind."""
    out = fields | dict(given)
    if "kind" not in given and out.get("kind") in ("effect", "effect_by_group", "mediation"):
        design = given.get("design")
        kind = design.get("kind") if isinstance(design, Mapping) else getattr(design, "kind", None)
        if "by" in given:
            out["kind"] = "effect_by_group"
        elif kind is not None:
            out["kind"] = (
                "mediation" if kind == "mediation" else "effect" if out["kind"] == "mediation" else out["kind"]
            )
        elif "row" in given or given.keys() & {"changes", "costs"}:
            out["kind"] = "counterfactual"
    if out.get("kind") == "counterfactual" and given.keys() & {"changes", "costs"} and "treatment" not in given:
        out = {
            k: v
            for k, v in out.items()
            if k not in ("treatment", "treated", "control", "words", "matters", "where") or k in given
        }
    said = {k: v for k, v in fields.get("sources", {}).items() if not (k == "design" and "design" in given)}
    if said or "sources" in out:
        out["sources"] = {**said, **given.get("sources", {})}
    if out.get("kind") == "discovery":
        out = {
            k: v
            for k, v in out.items()
            if k in given or k not in ("treatment", "outcome", "by", "target", "words", "design", "sources")
        }
    return out


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
        form = offline.guess(question, columns, profile)
        note = "" if form else "the built-in reader is not sure"
        return form, Step(step="read", verifier="rules over names and descriptions", passed=form is not None, note=note)
    said: list[Form] = []

    def check(reply: ReadReply) -> str | None:
        said.append(reply.reading)
        return grounding.fault(question, reply.reading, columns, profile)

    parsed, step = complete_as(
        client,
        _request(question, profile, columns, share),
        ReadReply,
        check,
        verifier="schema, real columns, cross-field rules",
    )
    form = parsed.reading if parsed else grounding.mended(question, said, columns, profile)
    return (grounding.correct(question, form, columns, profile) if form else None), step


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
