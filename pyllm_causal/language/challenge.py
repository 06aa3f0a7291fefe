"""Which checks could break the answer? A model may suggest further ones out of the registry, never switch one off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Step
from ..errors import ModelError
from ..query import Query
from . import match, prompts
from .ask_model import complete_as, plain
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
    free = set(_free(query, profile))
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
    outcomes = keep(reply.negative_outcomes, free, MOST_COLUMNS)
    exposures = keep(reply.negative_exposures, free - set(outcomes), MOST_COLUMNS)
    note = plain(f"left out: {', '.join(dropped[:6])}", 300) if dropped else ""
    score = round(len(reasons) / (len(reasons) + len(dropped)), 3) if reasons or dropped else None
    return Suggestions(
        checks=checks,
        negative_outcomes=outcomes,
        negative_exposures=exposures,
        reasons=reasons,
        steps=(step.model_copy(update={"note": note, "score": score}),),
    )


def _free(query: Query, profile: Profile) -> list[str]:
    taken = {query.treatment, query.outcome, query.by, query.event, query.cluster, query.weights}
    if query.graph is not None:
        taken |= set(query.graph.nodes())  # what is held fixed shows no difference by construction
    return [c.name for c in match.usable(profile) if c.name not in taken][:MOST_SHOWN]


def request_for(query: Query, profile: Profile, registry: Mapping[str, str], share: Share = "profile") -> Request:
    """The request of the challenge step."""
    free = _free(query, profile)
    shared = profile.shared(share)
    turns = prompts.render(
        "challenge",
        checks=[f"{name}: {plain(text, 160)}" for name, text in registry.items()],
        treatment=json.dumps(query.treatment, ensure_ascii=False),
        outcome=json.dumps(query.outcome, ensure_ascii=False),
        ends=lines(shared, [query.treatment or "", query.outcome or ""]),
        columns=lines(shared, free),
    )
    short = {"type": "string"}
    column = {"type": "string", "enum": free} if free else short
    control = {"type": "array", "items": _object({"column": column, "reason": short}), "maxItems": 2}
    check = _object({"check": {"type": "string", "enum": list(registry)}, "reason": short})
    schema = _object(
        {
            "checks": {"type": "array", "items": check, "maxItems": 4},
            "negative_outcomes": control,
            "negative_exposures": control,
        }
    )
    return Request(step="challenge", messages=turns, response_schema=schema, prompt=prompts.digest("challenge"))


def _object(fields: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
