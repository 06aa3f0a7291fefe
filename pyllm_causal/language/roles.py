"""Who affects whom: asked only of a model that has passed the exam, several times where wanted, and voted on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ..analysis import Step
from ..errors import ModelError
from ..query import Query
from . import prompts, vote
from .ask_model import Parsed, complete_as, object_of, plain
from .client import Client, Request
from .columns import lines

if TYPE_CHECKING:
    from ..profile import Profile
    from ..settings import Share

LOOSE = ConfigDict(frozen=True, extra="ignore")
VERIFIER = "exam, schema, real columns, timing rules, no circles"
Role = Literal["shared_cause", "cause_of_treatment", "cause_of_outcome", "between", "consequence", "unrelated"]
ROLES: tuple[Role, ...] = (
    "shared_cause", "cause_of_treatment", "cause_of_outcome", "between", "consequence", "unrelated",
)  # fmt: skip
MOST_ARROWS = 40


class _Said(BaseModel):
    model_config = LOOSE
    column: StrictStr
    role: Role
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class _Arrow(BaseModel):
    model_config = LOOSE
    cause: StrictStr
    effect: StrictStr
    reason: Annotated[StrictStr, Field(max_length=1000)] = ""


class RolesReply(BaseModel):
    """The part that every column plays, and arrows between columns."""

    model_config = LOOSE
    columns: Annotated[tuple[_Said, ...], Field(max_length=300)] = ()
    arrows: Annotated[tuple[_Arrow, ...], Field(max_length=300)] = ()


class Voted(BaseModel):
    """What most drafts hold: (role, share) of a column, and the share of an arrow between two columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    roles: dict[str, tuple[Role, float]] = Field(default_factory=dict)
    arrows: dict[tuple[str, str], float] = Field(default_factory=dict)
    reasons: dict[str, str] = Field(default_factory=dict)
    drafts: int = 0
    steps: tuple[Step, ...] = ()


def may_be_asked(client: Client) -> bool:
    """Whether the model behind `client` has passed the exam. A replay repeats what was asked when it was recorded."""
    if (recorded := getattr(client, "recorded", None)) is not None and (known := recorded("roles")) is not None:
        return bool(known)
    from .exam import trusted

    settings = getattr(client, "settings", None)
    return settings is not None and not settings.offline and trusted(settings.model, settings.api_base)


def ask_roles(query: Query, profile: Profile, kept: list[str], client: Client, share: Share, drafts: int) -> Voted:
    """The voted roles of the columns `kept`. A model that fails leaves nothing. Raises `RecordingError`."""
    if not kept:
        return Voted()
    ballots, repairs, note = several(client, request_for(query, profile, kept, share), RolesReply, drafts)
    if not ballots:
        return Voted(steps=(Step(step="roles", verifier=VERIFIER, passed=False, repairs=repairs, note=note),))
    known, said = set(kept), [_sane(b, kept) for b in ballots]
    roles = vote.majority([[(c, r) for c, r in one.items()] for one in said])
    asked = [list(dict.fromkeys((a.cause, a.effect) for a in b.arrows)) for b in ballots]
    lost = sum(len(b.columns) for b in ballots) - sum(map(len, said))
    arrows = vote.majority([[p for p in one if set(p) <= known and (p[1], p[0]) not in one] for one in asked])
    best = sorted(arrows, key=lambda pair: -arrows[pair])[:MOST_ARROWS]
    straight = vote.acyclic(best)
    lost += sum(map(len, asked)) - sum(round(arrows[p] * len(ballots)) for p in straight)
    total = sum(len(b.columns) for b in ballots) + sum(map(len, asked))
    reasons = {s.column: plain(s.reason, 120) for b in reversed(ballots) for s in b.columns if s.column in known}
    step = Step(
        step="roles",
        verifier=VERIFIER,
        passed=True,
        repairs=repairs,
        score=round(1 - lost / total, 3) if total else None,
        note=plain(f"{len(roles)} of {len(kept)} columns and {len(straight)} arrows agreed on", 300),
    )
    return Voted(
        roles={column: (role, share_) for (column, role), share_ in roles.items()},
        arrows={pair: arrows[pair] for pair in straight},
        reasons=reasons,
        drafts=len(ballots),
        steps=(step,),
    )


def _sane(reply: RolesReply, kept: Sequence[str]) -> dict[str, Role]:
    """One role a column, the first said; columns that were not asked about are dropped."""
    out: dict[str, Role] = {}
    for said in reply.columns:
        if said.column in kept:
            out.setdefault(said.column, said.role)
    return out


def request_for(query: Query, profile: Profile, kept: list[str], share: Share) -> Request:
    """The request of one draft of the roles."""
    shared = profile.shared(share)
    turns = prompts.render(
        "roles",
        treatment=json.dumps(query.treatment, ensure_ascii=False),
        outcome=json.dumps(query.outcome, ensure_ascii=False),
        ends=lines(shared, [query.treatment or "", query.outcome or ""]),
        columns=lines(shared, kept),
    )
    name, short = {"type": "string", "enum": kept}, {"type": "string"}
    said = {"column": name, "role": {"type": "string", "enum": list(ROLES)}, "reason": short}
    arrow = {"cause": name, "effect": name, "reason": short}
    schema = object_of({
        "columns": {"type": "array", "items": object_of(said), "maxItems": len(kept)},
        "arrows": {"type": "array", "items": object_of(arrow), "maxItems": MOST_ARROWS},
    })  # fmt: skip
    return Request(step="roles", messages=turns, response_schema=schema, prompt=prompts.digest("roles"))


def several(client: Client, request: Request, model: type[Parsed], drafts: int) -> tuple[list[Parsed], int, str]:
    """Every usable reply of `drafts` drafts, the repairs, and the first fault. A server that fails ends the asking."""
    ballots: list[Parsed] = []
    repairs, note = 0, ""
    for turn in range(drafts):
        try:
            reply, step = complete_as(client, varied(request, turn, drafts), model)
        except ModelError as error:
            return ballots, repairs, plain(error.message, 300)
        repairs += step.repairs
        note = note or step.note
        if reply is not None:
            ballots.append(reply)
    return ballots, repairs, note


def varied(request: Request, turn: int, drafts: int) -> Request:
    """`request` as one of several drafts: warm, with a seed of its own. One draft alone is left as it is."""
    return request if drafts == 1 else request.model_copy(update={"temperature": vote.WARM, "seed": turn})
