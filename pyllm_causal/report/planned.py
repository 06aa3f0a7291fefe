"""A plan for a study: its record and its plain text. Nothing in it is a finding."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..analysis import Step
from ..causal.experiment import Experiment
from ..causal.ways import Way
from ..graph import Graph
from ..wording import safe
from .text import fill, item

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Collect(BaseModel):
    """A column to collect: what for, and when it has to be measured."""

    model_config = FROZEN
    name: str
    when: str
    why: str


class Plan(BaseModel):
    """How a question could be answered. `choose`: a person must name the two ends first. `print(plan)` is the text."""

    model_config = FROZEN
    status: Literal["planned", "choose"]
    question: str
    receipt: str = ""
    treatment: str | None = None
    outcome: str | None = None
    graph: Graph = Field(default_factory=Graph)
    ways: tuple[Way, ...] = ()
    natural: tuple[str, ...] = ()
    collect: tuple[Collect, ...] = ()
    leave_out: dict[str, str] = Field(default_factory=dict)
    experiment: Experiment | None = None
    size: str = ""
    doubts: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)
    text: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def exit_code(self) -> int:
        """0 planned · 2 a person must name something."""
        return 0 if self.status == "planned" else 2


def natural_experiments(treatment: str, outcome: str) -> tuple[str, ...]:
    """Where chance or a rule has dealt the treatment out already: what to look for, and the design to ask with."""
    t, o = safe(treatment, 60), safe(outcome, 60)
    return (
        f"a lottery or waiting list that decided on {t} (design randomised)",
        f"a rule with a cut-off, such as an age, a score or an income, at which {t} sets in (design discontinuity)",
        f"a place or a date at which {t} came to some and not to others, with {o} measured before and after (design"
        " differences)",
        f"something that nudges people towards {t} and has no other bearing on {o}, such as distance, price or who was on"
        " duty (design instrument)",
    )


def text_of(plan: Plan) -> str:
    """The whole plan in plain words."""
    if plan.status == "choose":
        return "\n".join([
            fill("I cannot tell from the words what is changed and what may change."),
            fill("Name them with --treatment and --outcome; --shared-cause, --nudge and --between say what you know."),
        ])  # fmt: skip
    blocks = [fill(f"A plan, not a finding. Read as: {plan.receipt}")]
    lines = ["What would tell it"]
    for place, way in enumerate(plan.ways, 1):
        size = f" {plan.size}" if plan.size and way.kind == "experiment" else ""
        lines.append(item(str(place), way.text + size))
    blocks.append("\n".join(lines))
    if plan.natural:
        blocks.append("\n".join(["Or a natural experiment: look for", *(item("·", n) for n in plan.natural)]))
    blocks.append(
        "\n".join(["What to collect", *(item("·", f"{safe(c.name)}: {c.when}; {c.why}") for c in plan.collect)])
    )
    if plan.leave_out:
        kept = [item("!", f"{safe(name)}: {why}") for name, why in plan.leave_out.items()]
        blocks.append("\n".join(["What not to hold fixed", *kept]))
    if plan.doubts:
        blocks.append("\n".join(["Before you rely on it", *(item("·", d) for d in plan.doubts)]))
    return "\n\n".join(blocks)
