"""The answer document of contrasts that could be told, the first of them as its headline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..analysis import Answer, Checked, Contested, NotIdentified
from ..causal.certainty import overall
from ..causal.contrast import Contrast
from ..causal.decision import decision, decision_sentences
from ..data import Table
from ..lines import Line, value_text
from ..query import Query
from ..report import text as say
from ..report.picture import next_lines, picture_lines
from ..report.rests import rests_on
from ..wording import number
from .provenance import provenance, reviewer
from .refusal import refused

if TYPE_CHECKING:
    from ..pipeline import Clock


def assembled(
    query: Query,
    table: Table,
    seed: int,
    clock: Clock,
    lines: list[Line],
    refusals: list[tuple[Contrast, NotIdentified]],
    contested: tuple[Contested, ...],
) -> Answer:
    """The answer document from one line a contrast; the first is the headline."""
    if not lines:
        return refused(query, table, seed, clock.seconds, refusals[0][1], contested)
    main = lines[0]
    facts = main.facts
    first = say.headline(facts)
    sentences = say.size_sentences(facts)
    decided = _decision(main)
    if facts.query.threshold is not None or not facts.convention:
        sentences += decision_sentences(decided, say.affected(facts), facts.certainty.level)
    others = [[say.headline(line.facts), *say.size_sentences(line.facts)] for line in lines[1:]]
    several = [
        f"{value_text(contrast.treated)} could not be compared with {value_text(contrast.control)}: {refusal.reason}"
        for contrast, refusal in refusals
    ]
    if len(lines) > 1:
        several.append(
            f"{len(lines)} comparisons were made, so one of them may stand out by chance. What follows is about the first."
        )
    small = number(facts.matters) + (f" {facts.unit}" if facts.unit and facts.unit != "probability" else "")
    if facts.outcome_kind == "yes_no":
        small = f"{number(100 * facts.matters)} in 100"
    verdict, told = overall(main.refutations)
    rests = rests_on(facts, main.estimand, main.sample, reviewer(query), main.unadjusted, main.refutations)
    whole = say.full_text(
        first,
        [sentences, *others, several],
        facts,
        small,
        say.checks_lines(told, main.refutations),
        [*rests, *picture_lines(contested, main.redrawn.pictures)],
        next_lines(main.redrawn.next_question),
    )
    return Answer(
        status="answered",
        headline=first,
        text=whole,
        effect=facts.effect,
        method=main.estimates[0].method,
        estimand=main.estimand,
        difference=facts.plain if facts.effect.scale != "difference" else None,
        unadjusted=main.unadjusted,
        arms=(*map(_arm, lines), *(_refused_arm(c, r) for c, r in refusals))
        if len(lines) + len(refusals) > 1
        else None,
        decision=decided,
        sample=main.sample,
        estimates=main.estimates,
        refutations=main.refutations,
        checked=Checked(verdict=verdict, sentence=told),
        diagnostics=main.diagnoses,
        certainty=facts.certainty,
        contested=contested,
        pictures=main.redrawn.pictures,
        next_question=main.redrawn.next_question,
        reviewed_by=reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, clock.seconds),
    )


def _arm(line: Line) -> dict[str, Any]:
    return {
        "treated": line.treated,
        "control": line.control,
        "effect": line.facts.effect.model_dump(mode="json"),
        "difference": line.facts.plain.model_dump(mode="json") if line.facts.effect.scale != "difference" else None,
        "method": line.estimates[0].method,
        "headline": say.headline(line.facts),
        "certainty": line.facts.certainty.level,
        "failed_checks": [r.check for r in line.refutations if r.verdict == "failed"],
    }


def _refused_arm(contrast: Contrast, refusal: NotIdentified) -> dict[str, Any]:
    return {"treated": contrast.treated, "control": contrast.control, "effect": None, "why_not": refusal.reason}


def _decision(line: Line) -> dict[str, Any] | None:
    facts, effect = line.facts, line.facts.effect
    if effect.scale != "difference":
        effect = facts.plain
    return decision(
        effect, facts.means, facts.outcome_kind, facts.matters, facts.query.threshold, facts.unit, facts.kind,
        getattr(effect, "groups", None), convention=facts.convention, certainty=facts.certainty.level,
        population=facts.population, one_unit=facts.query.design.kind == "synthetic_control",
    )  # fmt: skip
