"""Which checks could break the answer? A model may single some out of the registry, never switch one off.

It may also name negative controls, out of columns that rules let through: a column that was settled before the treatment
cannot be changed by it. What no rule vouches for has to be declared by a person (`negative_outcomes` of the query).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Step
from ..errors import ModelError
from ..query import Query
from ..years import baseline, known_suffixes
from . import match, prompts, timing
from .ask_model import complete_as, object_of, plain
from .client import Client, Request
from .columns import lines

if TYPE_CHECKING:
    from ..profile import Profile
    from ..settings import Share

FROZEN = ConfigDict(frozen=True, extra="forbid")
LOOSE = ConfigDict(frozen=True, extra="ignore")

MOST_CHECKS = 12
MOST_COLUMNS = 3
MOST_SHOWN = 80
AT_BIRTH = "it is settled before most other things"  # what `timing.when` says of age, sex and the like


class Suggestions(BaseModel):
    """Further checks, by registered name, and columns for negative controls. Nothing here removes a check."""

    model_config = FROZEN
    checks: tuple[str, ...] = ()
    negative_outcomes: tuple[str, ...] = ()
    negative_exposures: tuple[str, ...] = ()
    reasons: dict[str, str] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()


class _Check(BaseModel):
    model_config = LOOSE
    check: StrictStr
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class _Control(BaseModel):
    model_config = LOOSE
    column: StrictStr
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class ChallengeReply(BaseModel):
    """What the model may suggest."""

    model_config = LOOSE
    checks: Annotated[tuple[_Check, ...], Field(max_length=100)] = ()
    negative_outcomes: Annotated[tuple[_Control, ...], Field(max_length=100)] = ()
    negative_exposures: Annotated[tuple[_Control, ...], Field(max_length=100)] = ()


def suggest(
    query: Query,
    profile: Profile,
    registry: Mapping[str, str],
    client: Client | None,
    *,
    share: Share = "profile",
) -> Suggestions:
    """Suggested checks for `query`, out of `registry` (name → one-line description).

    Names that are not registered or not columns are dropped, and said in the step. A model that fails leaves no
    suggestion. Raises `RecordingError`.
    """
    verifier = "registered checks and real columns only"
    if client is None or not query.treatment or not query.outcome or not registry:
        return Suggestions(steps=(Step(step="challenge", verifier=verifier, passed=True, note="no model was asked"),))
    try:
        reply, step = complete_as(
            client, request_for(query, profile, registry, share), ChallengeReply, verifier=verifier
        )
    except ModelError as error:
        note = plain(error.message, 300)
        return Suggestions(steps=(Step(step="challenge", verifier=verifier, passed=False, note=note),))
    if reply is None:
        return Suggestions(steps=(step,))
    outcomes_free, exposures_free = candidates(query, profile)
    reasons: dict[str, str] = {}
    dropped: list[str] = []

    def keep(items: tuple[_Check, ...] | tuple[_Control, ...], allowed: set[str], most: int) -> tuple[str, ...]:
        kept: list[str] = []
        for item in items:
            name = item.check if isinstance(item, _Check) else item.column
            if name in kept:
                continue
            if name not in allowed or len(kept) == most:
                dropped.append(plain(name, 40) or "a check without a name")
                continue
            kept.append(name)
            if reason := plain(item.reason, 160):
                reasons.setdefault(name, reason)
        return tuple(kept)

    checks = keep(reply.checks, set(registry), MOST_CHECKS)
    outcomes = keep(reply.negative_outcomes, set(outcomes_free), MOST_COLUMNS)
    exposures = keep(reply.negative_exposures, set(exposures_free) - set(outcomes), MOST_COLUMNS)
    note = plain(f"left out: {', '.join(dropped[:6])}", 300) if dropped else ""
    named = len(checks) + len(outcomes) + len(exposures)
    score = round(named / (named + len(dropped)), 3) if named or dropped else None
    return Suggestions(
        checks=checks,
        negative_outcomes=outcomes,
        negative_exposures=exposures,
        reasons=reasons,
        steps=(step.model_copy(update={"note": note, "score": score}),),
    )


def candidates(query: Query, profile: Profile) -> tuple[list[str], list[str]]:
    """Columns that may serve as negative outcomes and as negative exposures.

    A negative outcome has to be settled before the treatment; a negative exposure too, and neither may be a form of the
    treatment or (an exposure) of the outcome, nor a trait that a person is born with, which touches nearly everything.
    None where a person has declared controls already.
    """
    if query.negative_outcomes or query.negative_exposures or not query.treatment or not query.outcome:
        return [], []
    taken = {query.treatment, query.outcome, query.by, query.event, query.cluster, query.weights}
    # what is held fixed shows no difference by construction
    taken |= set(query.adjust_for or ()) | (set(query.graph.nodes()) if query.graph is not None else set())
    taken |= set(getattr(query.design, "instruments", ())) | set(getattr(query.design, "mediators", ()))
    treatment, outcome = profile.column(query.treatment), profile.column(query.outcome)
    suffixes = known_suffixes(profile.columns)
    start, end = baseline(treatment, outcome, suffixes)
    outcomes: list[str] = []
    exposures: list[str] = []
    for column in match.usable(profile):
        if column.name in taken or column.kind not in ("number", "count", "yes_no"):
            continue
        when, reason = timing.when(column, start, end, suffixes, treatment)
        if when != "before" or timing.derived(column, treatment, False):
            continue
        outcomes.append(column.name)
        if reason != AT_BIRTH and not timing.derived(column, outcome, True):
            exposures.append(column.name)
    return outcomes[:MOST_SHOWN], exposures[:MOST_SHOWN]


def request_for(query: Query, profile: Profile, registry: Mapping[str, str], share: Share = "profile") -> Request:
    """The request of the challenge step. Without candidates the model is not asked for controls at all."""
    outcomes, exposures = candidates(query, profile)
    shared = profile.shared(share)
    turns = prompts.render(
        "challenge",
        checks=[f"{name}: {plain(text, 160)}" for name, text in registry.items()],
        treatment=json.dumps(query.treatment, ensure_ascii=False),
        outcome=json.dumps(query.outcome, ensure_ascii=False),
        ends=lines(shared, [query.treatment or "", query.outcome or ""]),
        outcomes=lines(shared, outcomes),
        exposures=lines(shared, exposures),
    )
    short = {"type": "string"}
    check = object_of({"check": {"type": "string", "enum": list(registry)}, "reason": short})
    fields: dict[str, object] = {"checks": {"type": "array", "items": check, "maxItems": 4}}
    for field, names in (("negative_outcomes", outcomes), ("negative_exposures", exposures)):
        if names:
            control = object_of({"column": {"type": "string", "enum": names}, "reason": short})
            fields[field] = {"type": "array", "items": control, "maxItems": 2}
    return Request(
        step="challenge", messages=turns, response_schema=object_of(fields), prompt=prompts.digest("challenge")
    )
