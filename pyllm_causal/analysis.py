"""What comes out: the records of every stage, and the public answer document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .graph import Graph
from .query import Scale, Value

if TYPE_CHECKING:
    import pandas as pd

    from .report.notebook import Plot

FROZEN = ConfigDict(frozen=True, extra="forbid")

Status = Literal["answered", "not_causal", "not_identified", "needs_review", "error"]
Verdict = Literal["passed", "failed", "inconclusive"]
Level = Literal["high", "moderate", "low", "very_low"]
Strategy = Literal[
    "adjustment", "randomised", "association", "none", "instrument", "discontinuity", "differences", "panel",
    "synthetic_control", "front_door", "mediation", "model",
]  # fmt: skip


class Effect(BaseModel):
    """An effect with its interval. `std_error` is on the log scale for ratios, odds ratios and percent."""

    model_config = FROZEN
    value: float
    low: float | None
    high: float | None
    level: float = 0.95
    scale: Scale = "difference"
    unit: str = ""
    std_error: float | None = None
    p_value: float | None = None
    unbounded: bool = False
    reason: str | None = None


class MediationEffect(Effect):
    """The total effect with its parts: what does not pass through the mediators (`direct`), and what does (`indirect`).

    `proportion` is indirect over total, where the total is clearly not zero.
    """

    direct: Effect
    indirect: Effect
    total: Effect
    proportion: Effect | None = None


class GroupEffect(Effect):
    """The effect among the rows with one value of the column asked about."""

    group: Value
    rows: int


class GroupedEffect(Effect):
    """The effect for everyone, by group, and the difference between two of the groups (second minus first)."""

    groups: tuple[GroupEffect, ...]
    difference_between_groups: Effect | None = None


class Bounds(BaseModel):
    """What the data allow where the effect itself is not identified."""

    model_config = FROZEN
    low: float
    high: float
    assumptions: tuple[str, ...] = ()
    narrower: tuple[Bounds, ...] = ()  # the same under one assumption more


class Estimand(BaseModel):
    """What is estimated and why that is allowed. `statement` is one sentence that a person can veto."""

    model_config = FROZEN
    strategy: Strategy
    adjust_for: tuple[str, ...] = ()
    population: str = ""
    statement: str = ""
    assumptions: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()


class NotIdentified(BaseModel):
    """The question cannot be answered from these data: why, and the smallest thing that would help."""

    model_config = FROZEN
    code: str
    reason: str
    would_help: tuple[str, ...] = ()
    bounds: Bounds | None = None
    status: Literal["not_identified", "needs_review"] = "not_identified"
    instead: Diagnosis | None = None  # why the same question about the treated alone can be answered


class Dropped(BaseModel):
    """Rows left out, with the reason and by arm."""

    model_config = FROZEN
    reason: str
    rows: int
    by_arm: dict[str, int] = Field(default_factory=dict)


class SampleCount(BaseModel):
    """Rows in the table, used and dropped; whom the answer is therefore about."""

    model_config = FROZEN
    rows: int
    used: int
    dropped: tuple[Dropped, ...] = ()
    by_arm: dict[str, int] = Field(default_factory=dict)
    population: str = ""


class Estimate(BaseModel):
    """One estimator's result. `means` are the two potential-outcome means where the estimator has them."""

    model_config = FROZEN
    method: str
    label: str
    effect: Effect
    n: int
    notes: tuple[str, ...] = ()
    means: tuple[float, float] | None = None
    why: str = ""  # the headline's: why the rule chose it


Family = Literal["sensitivity", "negative_control", "dummy_outcome", "graph", "stability", "methods"]


class Refutation(BaseModel):
    """One check: what was asked, what was expected, what was seen. `short` names what failed, in a list of reasons."""

    model_config = FROZEN
    check: str
    family: Family = "stability"
    short: str = ""
    question: str
    expected: str
    observed: str
    verdict: Verdict
    meaning: str = ""
    figures: dict[str, float | int | str | None] = Field(default_factory=dict)
    suggested_by: Literal["rule", "model", "you"] = "rule"


class Checked(BaseModel):
    """One verdict on all checks together, with its sentence."""

    model_config = FROZEN
    verdict: Verdict
    sentence: str


class Diagnosis(BaseModel):
    """One diagnostic: `ok`, `warning` or `stop`, with the finding in plain words."""

    model_config = FROZEN
    name: str
    status: Literal["ok", "warning", "stop"]
    finding: str
    figures: dict[str, Any] = Field(default_factory=dict)


class Contested(BaseModel):
    """An arrow, or a missing one, that the table speaks against, with what a person may do about it.

    For a missing arrow `cause` and `effect` are the likelier way round. `choices`: `accept` leaves the picture as it is, `flip`,
    `drop` and `add` change this one place. `matters`: whether the answer rests on it.
    """

    model_config = FROZEN
    cause: str
    effect: str
    about: Literal["arrow", "missing arrow", "direction"]
    sentence: str
    choices: tuple[Literal["accept", "flip", "drop", "add"], ...]
    evidence: Literal["links", "shape", "time", "places"]
    matters: bool = True
    strength: float | None = None  # of the link that is there or is not, in [0, 1]


class Redrawn(BaseModel):
    """The answer under another picture: what was changed, and the effect, or why it cannot be told then.

    `equivalent`: no table could tell the two pictures apart. `same`: how many more changes come to the same comparison.
    """

    model_config = FROZEN
    change: str
    kind: Literal["contested", "unsure", "equivalent", "dropped", "added", "hidden"]
    edge: tuple[str, str] | None = None
    effect: Effect | None = None
    adjust_for: tuple[str, ...] = ()
    cannot_be_told: str | None = None
    keeps: bool | None = None
    equivalent: bool = False
    same: int = 0


class Pictures(BaseModel):
    """How far the answer hangs on the picture: `kept` of `of` other plausible pictures point the same way.

    `beyond` says, in one sentence, under which changes the answer could not be told at all.
    """

    model_config = FROZEN
    verdict: str
    beyond: str = ""
    kept: int
    of: int
    untried: int = 0  # further comparisons that were left out to keep the time short
    unchanged: int = 0  # plausible changes that leave the comparison as it is
    untold: int = 0  # those under which the effect cannot be told
    alternatives: tuple[Redrawn, ...] = ()


class NextQuestion(BaseModel):
    """The arrow that nobody has reviewed and that moves the answer most. `moves_to`: the effect then; None: it cannot be told then."""

    model_config = FROZEN
    edge: tuple[str, str]
    sentence: str
    moves_to: Effect | None = None


class Certainty(BaseModel):
    """One level, always with reasons."""

    model_config = FROZEN
    level: Level
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


class Step(BaseModel):
    """What one language step got right, repaired or lost."""

    model_config = FROZEN
    step: str
    verifier: str
    passed: bool
    repairs: int = 0
    score: float | None = None
    note: str = ""


class Claim(BaseModel):
    """A piece of the text and the field of the answer that it renders: `|value| × factor` rounds to `text`."""

    model_config = FROZEN
    start: int
    end: int
    text: str
    field: str
    value: float | int | str
    factor: int = 1


class ErrorInfo(BaseModel):
    """An error as data."""

    model_config = FROZEN
    code: str
    message: str
    hint: str = ""


class Answer(BaseModel):
    """The public output document. `print(answer)` is the plain text."""

    model_config = FROZEN

    status: Status
    headline: str = ""
    text: str = ""
    effect: MediationEffect | GroupedEffect | Effect | None = None
    association: dict[str, Any] | None = None
    method: str | None = None
    estimand: Estimand | None = None
    difference: Effect | None = None  # the effect as a difference, where another scale was asked for
    unadjusted: Effect | None = None
    bounds: Bounds | None = None
    arms: tuple[dict[str, Any], ...] | None = None
    edges: tuple[dict[str, Any], ...] | None = None
    attribution: tuple[dict[str, Any], ...] | None = None
    counterfactual: dict[str, Any] | None = None
    decision: dict[str, Any] | None = None
    sample: SampleCount | None = None
    estimates: tuple[Estimate, ...] = ()
    refutations: tuple[Refutation, ...] = ()
    checked: Checked | None = None
    diagnostics: tuple[Diagnosis, ...] = ()
    certainty: Certainty | None = None
    contested: tuple[Contested, ...] = ()  # where the table speaks against the picture
    pictures: Pictures | None = None  # the answer under other plausible pictures
    next_question: NextQuestion | None = None  # the arrow worth asking a person about
    why_not: str | None = None
    would_help: tuple[str, ...] = ()
    experiment: dict[str, Any] | None = None
    choices: dict[str, list[str]] | None = None
    reviewed_by: str | None = None
    claims: tuple[Claim, ...] = ()  # where every number of `text` comes from
    steps: tuple[Step, ...] = ()
    graph: Graph | None = None
    provenance: dict[str, Any] = Field(default_factory=dict)
    error: ErrorInfo | None = None

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """What a notebook shows: headline, size, certainty and the plot of all methods."""
        from .report.notebook import card

        return card(self)

    def to_frame(self) -> pd.DataFrame:
        """Every estimate as a row: `method`, `value`, `low`, `high`, `unit`, `n`, `note`; empty for a refusal.

        >>> import pyllm_causal as causal
        >>> query = {"treatment": "qsmk", "outcome": "wt82_71", "adjust_for": ["age", "wt71"]}
        >>> answer = causal.analyse(query, "fixtures/data/nhefs.csv", checks=False)
        >>> answer.sample.used, list(answer.to_frame().columns)[:4]
        (1566, ['method', 'value', 'low', 'high'])
        """
        from .report.notebook import frame

        return frame(self)

    def plot(self) -> Plot:
        """The plot of all methods (of bounds, or of a description): `.svg`, `.save(path)`, shown by a notebook.

        Raises `InputError` where there is nothing to plot.
        """
        from .report.notebook import plot

        return plot(self)

    @property
    def exit_code(self) -> int:
        """0 answered · 3 cannot be told · 2 a person must decide or the input is wrong · 1 our fault."""
        if self.status == "error":
            return 1 if self.error is not None and self.error.code == "internal" else 2
        return {"answered": 0, "not_causal": 0, "not_identified": 3, "needs_review": 2}[self.status]
