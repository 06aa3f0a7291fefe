"""What is asked, in terms of columns: the public input document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from .graph import Graph

FROZEN = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

Kind = Literal["effect", "effect_by_group", "mediation", "counterfactual", "attribution", "discovery", "association"]
Target = Literal["everyone", "treated", "untreated", "compliers"]
Scale = Literal["difference", "ratio", "odds_ratio", "percent", "rate_ratio", "hazard_ratio"]
Value = StrictBool | StrictInt | StrictFloat | StrictStr
Claimant = Literal["you", "model", "data"]


class Observational(BaseModel):
    """One table, nothing assigned: the graph or `adjust_for` says what makes groups comparable."""

    model_config = FROZEN
    kind: Literal["observational"] = "observational"


class Randomised(BaseModel):
    """Treatment assigned at random, perhaps within `strata`."""

    model_config = FROZEN
    kind: Literal["randomised"]
    strata: tuple[str, ...] = ()


class Instrument(BaseModel):
    """Columns that move the treatment and touch the outcome through it alone."""

    model_config = FROZEN
    kind: Literal["instrument"]
    instruments: Annotated[tuple[str, ...], Field(min_length=1)]


class Discontinuity(BaseModel):
    """Treatment jumps where `running` crosses `cutoff`."""

    model_config = FROZEN
    kind: Literal["discontinuity"]
    running: str
    cutoff: float
    fuzzy: bool = False
    treated_side: Literal["above", "below"] = "above"
    bandwidth: Annotated[float, Field(gt=0)] | None = None


class Differences(BaseModel):
    """Difference-in-differences: who is treated from when on."""

    model_config = FROZEN
    kind: Literal["differences"]
    time: str
    group: str | None = None
    treated_group: Value | None = None
    start: float | int | str | None = None
    unit: str | None = None
    first_treated: str | None = None


class Panel(BaseModel):
    """Unit and time fixed effects."""

    model_config = FROZEN
    kind: Literal["panel"]
    unit: str
    time: str | None = None


class FrontDoor(BaseModel):
    """The whole effect passes through `mediators`, which share no hidden cause with treatment or outcome."""

    model_config = FROZEN
    kind: Literal["front_door"]
    mediators: Annotated[tuple[str, ...], Field(min_length=1)]


class Mediation(BaseModel):
    """How much of the effect passes through `mediators`."""

    model_config = FROZEN
    kind: Literal["mediation"]
    mediators: Annotated[tuple[str, ...], Field(min_length=1)]


class SyntheticControl(BaseModel):
    """One treated unit against a weighted mix of the others."""

    model_config = FROZEN
    kind: Literal["synthetic_control"]
    unit: str
    time: str
    treated_unit: Value
    start: float | int | str


Design = Annotated[
    Observational
    | Randomised
    | Instrument
    | Discontinuity
    | Differences
    | Panel
    | FrontDoor
    | Mediation
    | SyntheticControl,
    Field(discriminator="kind"),
]


class Knowledge(BaseModel):
    """What is known about how the columns hang together, before a search.

    `tiers`: columns in the order of time; nothing in a later tier affects anything in an earlier one. `required` and
    `forbidden`: pairs `[cause, effect]` of direct effects that are, or are not, there.
    """

    model_config = FROZEN
    tiers: tuple[tuple[str, ...], ...] = ()
    required: tuple[tuple[str, str], ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()


class Query(BaseModel):
    """A causal question about one table. See `pyllm-causal schema query` for the JSON form."""

    model_config = FROZEN

    question: str | None = None
    kind: Kind = "effect"
    treatment: str | None = None
    treated: Value | None = None
    control: Value | None = None
    outcome: str | None = None
    target: Target = "everyone"
    scale: Scale = "difference"
    where: str | None = None
    by: str | None = None
    design: Design = Field(default_factory=Observational)
    graph: Graph | None = None
    adjust_for: tuple[str, ...] | None = None
    outcome_event: Value | None = None
    event: str | None = None
    categorical: tuple[str, ...] = ()
    selected_on: tuple[str, ...] = ()
    cluster: str | None = None
    weights: str | None = None
    matters: Annotated[float, Field(gt=0)] | None = None
    by_levels: tuple[Value, Value] | None = None
    row: int | str | None = None
    compare: dict[Literal["column", "from", "to"], Value] | None = None
    environment: str | None = None
    horizon: float | None = None
    threshold: float | None = None
    missing: Literal["drop", "impute"] = "drop"
    sources: dict[str, Claimant] = Field(default_factory=dict)
    # additions to the published contract
    method: Annotated[str, Field(max_length=60)] | None = None  # the estimator behind the headline; null: by rule
    negative_outcomes: tuple[str, ...] = ()  # columns that the treatment cannot affect
    negative_exposures: tuple[str, ...] = ()  # columns that cannot affect the outcome
    words: dict[str, Annotated[str, Field(max_length=80)]] = Field(
        default_factory=dict
    )  # treatment, outcome: for text only
    changed_after_result: bool = False  # the picture is another than the one signed before a first answer was seen
    columns: tuple[str, ...] = ()  # discovery: the columns to look at; empty: all that can be used
    knowledge: Knowledge | None = None  # discovery: what is known before the search
    time_limit: Annotated[float, Field(gt=0, le=86_400)] | None = None  # discovery: seconds that the search may take
    changes: dict[str, Value] = Field(default_factory=dict)  # counterfactual: columns that are set, and to what
    costs: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict
    )  # counterfactual: what one unit (or one switch) of a column costs, for the best single change

    @model_validator(mode="after")
    def _coherent(self) -> Query:
        needs_pair = self.kind in ("effect", "effect_by_group", "mediation")
        if needs_pair and not self.treatment:
            raise ValueError("`treatment` is missing: name the column whose effect is asked for")
        if needs_pair and not self.outcome:
            raise ValueError("`outcome` is missing: name the column that may be affected")
        if self.treatment and self.treatment == self.outcome:
            raise ValueError("treatment and outcome are the same column; they must differ")
        if self.kind == "effect_by_group" and not self.by:
            raise ValueError("a question by group must name its column in `by`")
        for field in ("by", "weights"):
            if getattr(self, field) and getattr(self, field) in (self.treatment, self.outcome):
                raise ValueError(f"`{field}` must be another column than treatment and outcome")
        if self.cluster and self.cluster == self.outcome:
            raise ValueError("`cluster` must be another column than the outcome")
        for field in ("negative_outcomes", "negative_exposures"):
            if {self.treatment, self.outcome} & set(getattr(self, field)):
                raise ValueError(f"`{field}` must be other columns than treatment and outcome")
        if self.treated is not None and self.treated == self.control and type(self.treated) is type(self.control):
            raise ValueError("`treated` and `control` are the same value; there is nothing to compare")
        return self

    def source(self, part: str) -> Claimant:
        """Who claims `part` ("design", "graph"); a query given by hand counts as `you`."""
        return self.sources.get(part, "you")
