"""From what a question gave to the public answer document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis import Answer, Checked, Estimand, Estimate, NotIdentified, Refutation
from ..causal.certainty import overall, relevant_matters
from ..causal.whom import everyone
from ..causal.world.prepare import Prepared, held_against
from ..causal.world.sure import grade
from ..compose.provenance import provenance
from ..graph import Graph
from ..report import model_words as say
from ..report.text import checks_lines
from ..wording import join, safe
from .asked import Found
from .redrawn import left_out

if TYPE_CHECKING:
    from ..data import Table
    from ..pipeline import Clock
    from ..query import Query


def told(query: Query, table: Table, seed: int, clock: Clock, graph: Graph, found: Found) -> Answer:
    """The answer, graded and in words."""
    effort, drawn = clock.effort, found.model.drawn
    checks: tuple[Refutation, ...] = ()
    if effort.checks and not effort.watch.stopped:
        checks = held_against(query, table, graph, found.model, found.checked, seed)
        clock.done("Held against the table")
    y = drawn.values[str(query.outcome)]
    matters, _ = relevant_matters(query.matters, float(y.std()), found.effect.unit == "probability")
    notes = (*found.notes, *effort.shortfall())
    diagnoses = found.model.diagnoses
    outside = tuple(left_out(query, table, graph))
    certainty = grade(query, diagnoses, checks, found.effect, matters, notes, found.checked, found.one_row, outside)
    headline = found.headline(certainty.level, matters)
    verdict, told = overall(checks)
    rests = [f"The picture: {_picture_words(found.model)}.", f"Taken for granted: {'; '.join(found.assumptions)}."]
    text = say.full_text(
        headline, found.sentences, found.lines, query, certainty, drawn.count, rests,
        checks_lines(told, checks) if checks else (),
    )  # fmt: skip
    return Answer(
        status="answered",
        headline=headline,
        text=text,
        effect=found.effect,
        method="structural_model",
        estimand=Estimand(
            strategy="model",
            statement=found.statement,
            assumptions=found.assumptions,
            population=everyone(query, drawn.count),
        ),
        sample=drawn.count,
        estimates=(
            Estimate(
                method="structural_model", label="the fitted picture", effect=found.effect, n=drawn.n, means=found.means
            ),
        ),
        refutations=checks,
        checked=Checked(verdict=verdict, sentence=told),
        diagnostics=diagnoses,
        certainty=certainty,
        reviewed_by=query.graph.signed_by if query.graph is not None and query.source("graph") == "you" else None,
        graph=query.graph,
        provenance=provenance(query, table, seed, clock.seconds),
        **dict(found.fields),
    )


def _picture_words(found: Prepared) -> str:
    parts = [
        f"{safe(n)} from {join([t.name for t in f.basis.terms][:6])}" for n, f in list(found.model.forms.items())[-4:]
    ]
    return "; ".join(parts)


def refused(query: Query, table: Table, seed: int, clock: Clock, found: NotIdentified) -> Answer:
    """The refusal, or what a person has to say first."""
    first, text = say.refusal(query, found)
    return Answer(
        status=found.status,
        headline=first,
        text=text,
        why_not=found.reason,
        would_help=found.would_help,
        reviewed_by=query.graph.signed_by if query.graph is not None and query.source("graph") == "you" else None,
        graph=query.graph,
        provenance=provenance(query, table, seed, clock.seconds),
    )
