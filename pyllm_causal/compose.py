"""From the results of the stages to the public answer document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .analysis import Answer, Estimand, NotIdentified, Step
from .causal.bounds import no_assumption
from .causal.certainty import grade, relevant_matters
from .causal.contrast import Contrast, as_arms, contrasts
from .causal.diagnose import examine
from .causal.estimate import Estimates, estimate, settled, unit_of
from .causal.estimators.regression import UNEVEN, misfit
from .causal.inference import effect_of
from .causal.refuters import Trial, refute
from .causal.sample import Drawn, Sample, draw
from .data import Table
from .errors import CausalError, QueryError
from .query import Query
from .report import text as say
from .wording import columns_text, gist, join, number, safe

if TYPE_CHECKING:
    from .language.challenge import Suggestions
    from .language.client import Client
    from .language.read import Reading
    from .pipeline import Clock

KINDS = ("effect", "association")
DESIGNS = ("observational", "randomised")


def supported(query: Query) -> None:
    """Raise `QueryError` for what this version does not answer yet, before anything is computed."""
    if query.kind not in KINDS:
        raise QueryError(
            f"Questions of kind {query.kind!r} are not answered yet.", f"Kinds answered: {', '.join(KINDS)}."
        )
    for field in ("event", "horizon", "environment", "row", "compare", "threshold", "by_levels", "by"):
        if getattr(query, field) is not None:
            raise QueryError(f"`{field}` is not supported yet.", "Leave it out.")
    if query.kind == "association":
        for field in ("weights", "cluster"):
            if getattr(query, field) is not None:
                raise QueryError(f"`{field}` is not supported for kind association yet.", "Leave it out.")
        return
    if query.design.kind not in DESIGNS:
        raise QueryError(
            f"The design {query.design.kind!r} is not supported yet.", f"Designs supported: {', '.join(DESIGNS)}."
        )
    if query.scale == "hazard_ratio":
        raise QueryError("Hazard ratios are not supported yet.", "Ask for a difference or a ratio.")
    if query.missing == "impute":
        raise QueryError("`missing: impute` is not supported yet.", "Leave it out: complete rows are used and counted.")
    if query.target == "compliers":
        raise QueryError(
            "The effect on compliers needs an instrument.", "Ask for everyone, the treated or the untreated."
        )


@dataclass(frozen=True)
class Line:
    """Everything that one contrast produced."""

    drawn: Drawn
    estimates: Estimates
    facts: say.Facts
    diagnoses: tuple[Any, ...]
    refutations: tuple[Any, ...]
    trimmed: float


def answered(query: Query, table: Table, seed: int, clock: Clock, estimand: Estimand) -> Answer:
    """Estimate, refute, grade and put into words; one line for every contrast."""
    asked = contrasts(query, table.profile)
    if not asked:
        return refused(query, table, seed, clock.seconds, _constant(query))
    lines: list[Line] = []
    refusals: list[tuple[Contrast, NotIdentified]] = []
    for contrast in asked:
        line = _line(query, table, seed, clock, estimand, contrast)
        if isinstance(line, NotIdentified):
            refusals.append((contrast, line))
        else:
            lines.append(line)
    if not lines:
        contrast, refusal = refusals[0]
        return refused(query, table, seed, clock.seconds, _with_bounds(refusal, query, table, estimand, contrast))
    main = lines[0]
    facts, certainty = main.facts, main.facts.certainty
    estimand = _worded(estimand, facts, query)
    sample = main.drawn.count.model_copy(update={"population": facts.population})
    first = say.headline(facts)
    sentences = say.size_sentences(facts)
    for other in lines[1:]:
        sentences += [say.headline(other.facts), *say.size_sentences(other.facts)]
    if len(lines) > 1:
        sentences.append(f"{len(lines)} comparisons were made, so one of them may stand out by chance.")
    for contrast, refusal in refusals:
        sentences.append(
            f"{_value(contrast.treated)} could not be compared with {_value(contrast.control)}: {refusal.reason}"
        )
    small = number(facts.matters) + (f" {facts.unit}" if facts.unit and facts.unit != "probability" else "")
    if facts.outcome_kind == "yes_no":
        small = f"{number(100 * facts.matters)} in 100"
    whole = say.full_text(
        first, sentences, certainty, estimand, sample, query, None, facts.convention, small, main.estimates.unadjusted
    )
    return Answer(
        status="answered",
        headline=first,
        text=whole,
        effect=facts.effect,
        method=main.estimates.headline.method,
        estimand=estimand,
        unadjusted=main.estimates.unadjusted,
        arms=(*map(_arm, lines), *(_refused_arm(c, r) for c, r in refusals)) if len(asked) > 1 else None,
        decision=_decision(main),
        sample=sample,
        estimates=(main.estimates.headline, *main.estimates.others),
        refutations=main.refutations,
        diagnostics=main.diagnoses,
        certainty=certainty,
        graph=query.graph,
        provenance=provenance(query, table, seed, clock.seconds),
    )


def _line(
    query: Query, table: Table, seed: int, clock: Clock, estimand: Estimand, contrast: Contrast
) -> Line | NotIdentified:
    drawn = draw(query, table, estimand, contrast)
    examined = examine(drawn, query)
    if isinstance(examined, NotIdentified):
        return examined
    drawn, sample = examined.drawn, settled(examined.drawn.sample)
    if contrast.kind == "dose" and not sample.per_unit and misfit(sample) > MISFIT:
        groups = as_arms(contrast, table.profile.column(str(query.treatment)))
        if groups is not None:  # no curve fits: the two groups are compared as they are
            return _line(query, table, seed, clock, estimand, groups)
    _check_scale(query, sample)
    unit = unit_of(table.profile.column(str(query.outcome)).unit, sample, query.scale)
    found = estimate(sample, query.scale, unit)
    if found is None:
        return NotIdentified(
            code="scale_undefined",
            reason=f"A {query.scale.replace('_', ' ')} cannot be formed: in one group the average of {safe(query.outcome)} is zero or out of range.",
            would_help=("ask for a difference instead", "or more rows with the event"),
        )
    clock.done(f"{1 + len(found.others)} method{'s' if found.others else ''}")
    refutations = refute(Trial(sample, found, query, query.scale, seed))
    clock.done(f"{len(refutations)} checks")
    plain = effect_of(
        found.fit, sample, "difference", unit_of(table.profile.column(str(query.outcome)).unit, sample, "difference")
    )
    assert plain is not None
    matters, convention = relevant_matters(query.matters, float(sample.y.std()), sample.outcome_kind == "yes_no")
    effective = (
        matters / (float(sample.dose.std()) or 1.0)
        if sample.kind == "dose" and sample.per_unit and convention
        else matters
    )
    notes = _form_notes(sample, found)
    certainty = grade(
        query, sample.randomised, examined.diagnoses, refutations, found.headline.effect, plain, effective, notes
    )
    facts = say.Facts(
        query=query,
        kind=sample.kind,
        treated=_value(drawn.contrast.treated),
        control=_value(drawn.contrast.control),
        per_unit=sample.per_unit,
        outcome_kind=sample.outcome_kind,
        unit=plain.unit,
        effect=found.headline.effect,
        plain=plain,
        means=found.headline.means,
        certainty=certainty,
        matters=effective,
        convention=convention,
        population=_population(query, drawn, examined.trimmed),
        uneven=UNEVEN in found.headline.notes,
        meanings=_meanings(query, table),
    )
    return Line(drawn, found, facts, examined.diagnoses, refutations, examined.trimmed)


def _meanings(query: Query, table: Table) -> dict[str, str]:
    roles = {"treatment": str(query.treatment), "outcome": str(query.outcome)}
    told = {role: gist(table.profile.column(name).description) for role, name in roles.items()}
    return {role: words for role, words in told.items() if words and words.casefold() != roles[role].casefold()}


MISFIT = 0.25  # of the effect between two doses that the fitted form gets wrong


def _form_notes(sample: Sample, found: Estimates) -> tuple[str, ...]:
    """What the fitted form of a dose leaves in doubt; each costs a level of certainty."""
    if sample.kind != "dose":
        return ()
    notes = [n for n in found.headline.notes if "outside" in n]
    if not sample.per_unit and found.headline.method == "regression" and misfit(sample) > MISFIT:
        notes.append("the outcome does not follow the dose along the curve that was fitted")
    return tuple(notes)


def _value(value: Any) -> str:
    if not isinstance(value, float):
        return safe(value)
    return safe(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}".replace("-", "−")


def _check_scale(query: Query, sample: Sample) -> None:
    values = sorted({float(v) for v in sample.y[:1000]} | {float(sample.y.min()), float(sample.y.max())})
    if query.scale != "difference" and sample.outcome_kind != "yes_no" and len(values) == 2:
        raise QueryError(
            f"{safe(query.outcome)} has only the two values {number(values[0])} and {number(values[1])}; which one counts?",
            "Give `outcome_event`.",
        )
    if query.scale == "odds_ratio" and sample.outcome_kind != "yes_no":
        raise QueryError(
            "An odds ratio needs a yes/no outcome.", "Ask for a difference or ratio, or name `outcome_event`."
        )
    if query.scale in ("ratio", "percent", "rate_ratio") and values[0] < 0:
        asked = "percentage change" if query.scale == "percent" else query.scale.replace("_", " ")
        raise QueryError(
            f"A {asked} makes no sense for {safe(query.outcome)}, which has negative values.", "Ask for a difference."
        )


def _population(query: Query, drawn: Drawn, trimmed: float) -> str:
    who = {
        "treated": f"those with {drawn.labels[1]}",
        "untreated": f"those with {drawn.labels[0]}",
    }.get(query.target, "all")
    if drawn.sample.kind == "dose" and query.target != "everyone":
        who = "all"  # a dose has no treated group; the answer is about everyone
    text = "everyone in the table" if who == "all" else who
    if query.where:
        text += f" with {safe(query.where)}"
    unrecorded = sum(d.rows for d in drawn.count.dropped if d.reason.startswith("no "))
    if unrecorded > 0.05 * drawn.count.rows and not trimmed:
        text += " for whom all of this was recorded"
    if trimmed:
        text += " who has a counterpart in the other group"
    return text


def _worded(estimand: Estimand, facts: say.Facts, query: Query) -> Estimand:
    """The estimand with its population and the one sentence that a person can veto."""
    if facts.per_unit:
        change = f"were one unit higher (on average over its range; written as {facts.control} to {facts.treated})"
    else:
        change = f"went from {facts.control} to {facts.treated}"
    fixed = f", comparing rows alike in {columns_text(estimand.adjust_for)}" if estimand.adjust_for else ""
    scale = {"difference": "average change", "percent": "average percentage change"}.get(
        query.scale, query.scale.replace("_", " ")
    )
    statement = (
        f"The {scale} in {safe(query.outcome)} if {safe(query.treatment)} {change}, for {facts.population}{fixed}."
    )
    return estimand.model_copy(update={"population": facts.population, "statement": statement})


def _arm(line: Line) -> dict[str, Any]:
    return {
        "treated": line.drawn.contrast.treated,
        "control": line.drawn.contrast.control,
        "effect": line.facts.effect.model_dump(mode="json"),
        "method": line.estimates.headline.method,
        "headline": say.headline(line.facts),
        "certainty": line.facts.certainty.level,
        "failed_checks": [r.check for r in line.refutations if r.verdict == "failed"],
    }


def _refused_arm(contrast: Contrast, refusal: NotIdentified) -> dict[str, Any]:
    return {"treated": contrast.treated, "control": contrast.control, "effect": None, "why_not": refusal.reason}


def _decision(line: Line) -> dict[str, Any] | None:
    if line.facts.outcome_kind != "yes_no" or line.facts.means is None or line.facts.kind != "arms":
        return None
    treated, control = line.facts.means
    return {"per_100": {"treated": 100 * treated, "control": 100 * control}, "matters": line.facts.matters}


def _constant(query: Query) -> NotIdentified:
    return NotIdentified(
        code="constant_treatment",
        reason=f"There is nothing to compare: {safe(query.treatment)} has the same value in every row.",
        would_help=(f"rows in which {safe(query.treatment)} differs",),
    )


def _with_bounds(
    refusal: NotIdentified, query: Query, table: Table, estimand: Estimand, contrast: Contrast
) -> NotIdentified:
    """No-assumption bounds beside a refusal, wherever both arms and a bounded outcome exist."""
    if refusal.code not in ("no_overlap", "hidden_cause", "needs_review", "reversed") or query.scale != "difference":
        return refusal
    bare = estimand.model_copy(update={"adjust_for": (), "strategy": "randomised"})
    try:
        drawn = draw(query.model_copy(update={"target": "everyone"}), table, bare, contrast)
    except CausalError:
        return refusal
    if drawn.sample.n < 2:
        return refusal
    return refusal.model_copy(update={"bounds": no_assumption(drawn.sample)})


def refused(query: Query, table: Table, seed: int, seconds: dict[str, float], refusal: NotIdentified) -> Answer:
    """A good refusal: why, what would help, what the data allow meanwhile, and what they show without any claim."""
    from .causal.association import associate

    if refusal.bounds is None and refusal.code in ("hidden_cause", "needs_review"):
        asked = contrasts(query, table.profile)
        if asked:
            refusal = _with_bounds(refusal, query, table, Estimand(strategy="none"), asked[0])
    shown: dict[str, Any] | None = None
    sentence = ""
    plain = query.weights is None and query.cluster is None  # the description knows neither
    if plain and refusal.code in ("needs_review", "hidden_cause", "no_overlap", "selected_on_collider"):
        try:
            shown, sentence = associate(query, table)
        except CausalError:
            shown, sentence = None, ""
    review = refusal.status == "needs_review"
    outcome = table.profile.column(str(query.outcome))
    yes_no = outcome.kind == "yes_no" or query.outcome_event is not None
    first, whole = say.refusal_text(refusal, query, sentence, review, yes_no)
    return Answer(
        status=refusal.status,
        headline=first,
        text=whole,
        association=shown,
        bounds=refusal.bounds,
        why_not=refusal.reason,
        would_help=refusal.would_help,
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )


def described(
    query: Query, table: Table, seed: int, seconds: dict[str, float], found: tuple[dict[str, Any], str]
) -> Answer:
    """The answer to a question that is not about causes."""
    shown, sentence = found
    note = "This describes the table; it does not say that one thing changes another."
    return Answer(
        status="not_causal",
        headline=sentence,
        text=f"{sentence}\n\n{note}",
        association=shown,
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )


def undecided(question: str, table: Table, reading: Reading) -> Answer:
    """A person must pick the columns: the ranked shortlist, never a silent guess."""
    rows = [f"  {role}: {join(names[:6])}" for role, names in reading.choices.items() if names]
    text = "\n".join(
        [
            reading.receipt or "I am not sure what to compare.",
            *rows,
            "Name them, for example with --treatment and --outcome.",
        ]
    )
    return Answer(
        status="needs_review",
        headline="I am not sure which columns the question is about.",
        text=text,
        choices=reading.choices,
        steps=reading.steps,
        provenance={"question": question, "data": _data(table)},
    )


def phrased(answer: Answer, reading: Reading, ideas: Suggestions, client: Client | None) -> Answer:
    """The answer with checked prose, the receipt, and what every language step got right, repaired or lost."""
    from .language.client import usage
    from .language.phrase import phrase

    prose, step = phrase(answer, client)
    text = say.with_receipt(say.with_prose(answer.text, prose) if prose else answer.text, reading.receipt)
    alarms = [f"{safe(b.column)}: {safe(b.reason, 200)}" for b in reading.bad_controls]
    steps: tuple[Step, ...] = (*reading.steps, *ideas.steps, step)
    extra = {"receipt": reading.receipt, "bad_controls": alarms, **usage(client)}
    provenance = answer.provenance | {"language": extra}
    return answer.model_copy(update={"text": text, "steps": steps, "provenance": provenance})


def provenance(query: Query, table: Table, seed: int, seconds: dict[str, float]) -> dict[str, Any]:
    """What is needed to repeat the answer."""
    from importlib.metadata import PackageNotFoundError, version

    from . import __version__

    versions = {"pyllm_causal": __version__}
    for package in ("dowhy", "numpy", "pandas", "scipy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # pragma: no cover - all are dependencies
            continue
    dumped = query.model_dump(mode="json", exclude_defaults=True)
    return {
        "versions": versions,
        "seed": seed,
        "data": _data(table),
        "query": {"kind": query.kind, **dumped},
        "seconds": {k: round(v, 3) for k, v in seconds.items()},
    }


def _data(table: Table) -> dict[str, Any]:
    return {
        "name": table.profile.name,
        "rows": table.profile.rows,
        "columns": len(table.names),
        "fingerprint": table.fingerprint,
        "notes": list(table.notes),
    }


def failed(error: CausalError) -> Answer:
    """An error as an answer document, for `--json`."""
    from .analysis import ErrorInfo

    info = ErrorInfo(code=error.code, message=safe(error.message, 1000), hint=safe(error.hint, 1000))
    return Answer(status="error", headline=info.message, text=f"{info.message} {info.hint}".strip(), error=info)
