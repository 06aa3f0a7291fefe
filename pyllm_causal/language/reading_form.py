"""The form of a reading: one flat object a kind, with the real column names as the only ones allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from .ask_model import object_of

# Keys that were not asked for (`matters`, `weights`, …) are dropped unread: they never reach the query.
LOOSE = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Op = Literal["==", "!=", "<", "<=", ">", ">="]
Who = Literal["everyone", "treated", "untreated", "compliers"]
MOST_CONDITIONS = 4


class Only(BaseModel):
    """A restriction to some rows."""

    model_config = LOOSE
    column: Name
    op: Op
    value: StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=200)]


def _listed(value: Any) -> Any:
    """No condition, one, or a list of them."""
    if value is None:
        return ()
    return (value,) if isinstance(value, dict) else value


Conditions = Annotated[tuple[Only, ...], BeforeValidator(_listed), Field(max_length=MOST_CONDITIONS)]


class Claimed(BaseModel):
    """A design that the question states. It counts only where the words of the question bear it out."""

    model_config = LOOSE
    kind: Literal[
        "randomised", "instrument", "discontinuity", "differences", "panel", "front_door", "synthetic_control"
    ]
    instrument: Name | None = None
    running: Name | None = None
    cutoff: StrictInt | StrictFloat | None = None
    mediator: Name | None = None
    time: Name | None = None


def _usable(value: Any) -> Any:
    """A design in any other form says nothing, and spoils nothing."""
    from pydantic import ValidationError

    try:
        return Claimed.model_validate(value) if isinstance(value, dict) else None
    except ValidationError:
        return None


class Effect(BaseModel):
    model_config = LOOSE
    kind: Literal["effect"]
    treatment: Name
    outcome: Name
    who: Who = "everyone"
    only: Conditions = ()
    design: Annotated[Claimed | None, BeforeValidator(_usable)] = None


class EffectByGroup(BaseModel):
    model_config = LOOSE
    kind: Literal["effect_by_group"]
    treatment: Name
    outcome: Name
    by: Name


class Mediation(BaseModel):
    model_config = LOOSE
    kind: Literal["mediation"]
    treatment: Name
    outcome: Name
    mediator: Name


class Counterfactual(BaseModel):
    model_config = LOOSE
    kind: Literal["counterfactual"]
    treatment: Name
    outcome: Name


class Attribution(BaseModel):
    model_config = LOOSE
    kind: Literal["attribution"]
    outcome: Name


class Otherwise(BaseModel):
    """What would be otherwise, where the person says what is changed or asks what to change. No reply of a model is of this kind."""

    model_config = LOOSE
    kind: Literal["otherwise"]
    outcome: Name


class Discovery(BaseModel):
    model_config = LOOSE
    kind: Literal["discovery"]


class Association(BaseModel):
    model_config = LOOSE
    kind: Literal["association"]
    treatment: Name
    outcome: Name


class Describe(BaseModel):
    model_config = LOOSE
    kind: Literal["describe"]


class Missing(BaseModel):
    model_config = LOOSE
    kind: Literal["missing"]
    what: Annotated[StrictStr, Field(max_length=300)]


Read = Annotated[
    Effect | EffectByGroup | Mediation | Counterfactual | Attribution | Discovery | Association | Describe | Missing,
    Field(discriminator="kind"),
]


Form = Read | Otherwise


class ReadReply(BaseModel):
    """The whole reply. The wrapper is there because some providers allow no union at the root."""

    model_config = LOOSE
    reading: Read


def schema(columns: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of the reply in which every column is one of `columns`; strict mode: all keys required."""
    column = {"$ref": "#/$defs/column"}

    def branch(kind: str, **fields: Any) -> dict[str, Any]:
        return object_of({"kind": {"type": "string", "enum": [kind]}, **fields})

    only = object_of(
        {
            "column": column,
            "op": {"type": "string", "enum": list(Op.__args__)},  # type: ignore[attr-defined]
            "value": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        }
    )
    designs = [
        branch("randomised"),
        branch("instrument", instrument=column),
        branch("discontinuity", running=column, cutoff={"type": "number"}),
        branch("differences", time=column),
        branch("panel"),
        branch("front_door", mediator=column),
        branch("synthetic_control"),
    ]
    pair = {"treatment": column, "outcome": column}
    branches = [
        branch(
            "effect",
            **pair,
            who={"type": "string", "enum": list(Who.__args__)},  # type: ignore[attr-defined]
            only={"type": "array", "items": only, "maxItems": MOST_CONDITIONS},
            design={"anyOf": [{"type": "null"}, *designs]},
        ),
        branch("effect_by_group", **pair, by=column),
        branch("mediation", **pair, mediator=column),
        branch("counterfactual", **pair),
        branch("attribution", outcome=column),
        branch("discovery"),
        branch("association", **pair),
        branch("describe"),
        branch("missing", what={"type": "string"}),
    ]
    return {
        **object_of({"reading": {"anyOf": branches}}),
        "$defs": {"column": {"type": "string", "enum": list(columns)}},
    }
