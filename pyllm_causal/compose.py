"""From the results of the stages to the public answer document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .analysis import Answer, Checked, Contested, Estimand, NotIdentified, Step
from .causal.bounds import as_strong_as_measured, no_assumption
from .causal.certainty import overall, relevant_matters
from .causal.contest import contest
from .causal.contrast import Contrast, contrasts, nothing_to_compare
from .causal.decision import decision, decision_sentences
from .causal.designs import strategy_of
from .causal.experiment import Experiment, experiment
from .causal.identify import measured_causes
from .causal.rows import Rows
from .causal.sample import draw
from .data import Table
from .errors import CausalError, QueryError
from .lines import Line, common_line, design_line, value_text
from .query import Query
from .report import text as say
from .report.picture import next_lines, picture_lines
from .report.refusal import refusal_text
from .report.whose import whose
from .wording import join, number, safe

if TYPE_CHECKING:
    from .language.challenge import Suggestions
    from .language.client import Client
    from .language.read import Reading
    from .pipeline import Clock

COMPARED = ("effect", "effect_by_group", "mediation", "association")  # kinds about one treatment and one outcome
# Fields that only some questions have a use for; elsewhere they would be ignored in silence.
ONLY_FOR = {"event": "survival", "horizon": "survival", "by": "effect_by_group", "by_levels": "effect_by_group"}


_TARGETS = "Ask for everyone, the treated or the untreated."


def supported(query: Query) -> None:
    """Raise `QueryError` for what this version does not answer, before anything is computed."""
    if query.kind not in COMPARED:
        return
    for field in ("environment", "row", "compare", "columns", "knowledge", "time_limit", "changes", "costs"):
        if field == "environment" and query.graph is not None and query.kind != "association":
            continue  # the picture is held against the differences between environments
        if getattr(query, field):
            raise QueryError(f"`{field}` has no use in a question of kind {query.kind}.", "Leave it out.")
    if query.kind == "association":
        for field in ("weights", "cluster", "event", "horizon", "by", "by_levels", "method"):
            if getattr(query, field) is not None:
                raise QueryError(f"`{field}` is not supported for kind association.", "Leave it out.")
        return
    strategy = strategy_of(query)
    within = strategy_of(query.model_copy(update={"kind": "effect"}))  # what a question by group asks in each group
    for field, needed in ONLY_FOR.items():
        if getattr(query, field) is not None and needed not in (strategy, within):
            raise QueryError(f"`{field}` has no use in this question.", _where(field))
    if query.missing == "impute" and strategy is not None:
        raise QueryError(
            "`missing: impute` is for observational and randomised tables only.",
            "Leave it out: complete rows are used and counted.",
        )
    local = strategy in ("instrument", "discontinuity") or (strategy is None and query.graph is not None)
    if query.target == "compliers" and not local:
        raise QueryError("The effect on compliers needs an instrument.", _TARGETS)


def _where(field: str) -> str:
    if field == "horizon":
        return "It needs `event`, the column that says whether it happened by then."
    if field == "event":
        return (
            "Time to event is answered for the designs observational and randomised, kinds effect and effect_by_group."
        )
    return "Ask with `kind` effect_by_group."


def answered(query: Query, table: Table, seed: int, clock: Clock, estimand: Estimand) -> Answer:
    """Observational and randomised tables: one line for every contrast."""
    if query.target == "compliers":
        raise QueryError("No column in your graph is an instrument, so there are no compliers.", _TARGETS)
    asked = contrasts(query, table.profile)
    if not asked:
        return refused(query, table, seed, clock.seconds, nothing_to_compare(query.treatment))
    lines: list[Line] = []
    refusals: list[tuple[Contrast, NotIdentified]] = []
    contested = _contested(query, table, clock)
    for contrast in asked:
        line = common_line(query, table, seed, clock, estimand, contrast, None if lines else contested)
        if isinstance(line, NotIdentified):
            refusals.append((contrast, _with_bounds(line, query, table, estimand, contrast)))
        else:
            lines.append(line)
    return _assembled(query, table, seed, clock, lines, refusals, contested)


def _contested(query: Query, table: Table, clock: Clock) -> tuple[Contested, ...]:
    """Where the table speaks against the picture, before anything is estimated."""
    if query.graph is None or not clock.effort.checks:
        return ()
    clock.doing("Holding the picture against the table")
    return contest(query, table)


def designed(query: Query, table: Table, seed: int, clock: Clock, strategy: str) -> Answer:
    """Every other design: its own function, once for every arm where all are asked for and the design compares arms."""
    lines: list[Line] = []
    refusals: list[tuple[Contrast, NotIdentified]] = []
    asked = contrasts(query, table.profile) if strategy in SEVERAL_ARMS and query.treated is None else []
    contested = _contested(query, table, clock)
    if len(asked) < 2:
        line = design_line(query, table, seed, clock, strategy, contested)
        if isinstance(line, NotIdentified):
            return refused(query, table, seed, clock.seconds, line, contested)
        return _assembled(query, table, seed, clock, [line], [], contested)
    for contrast in asked:
        pair = query.model_copy(update={"treated": contrast.treated, "control": contrast.control})
        line = design_line(pair, table, seed, clock, strategy, None if lines else contested)
        if isinstance(line, NotIdentified):
            refusals.append((contrast, line))
        else:
            lines.append(line)
    return _assembled(query, table, seed, clock, lines, refusals, contested)


SEVERAL_ARMS = ("survival", "front_door")  # `control` alone means every arm against it


def _assembled(
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
    for other in lines[1:]:
        sentences += [say.headline(other.facts), *say.size_sentences(other.facts)]
    if len(lines) > 1:
        sentences.append(f"{len(lines)} comparisons were made, so one of them may stand out by chance.")
    for contrast, refusal in refusals:
        sentences.append(
            f"{value_text(contrast.treated)} could not be compared with {value_text(contrast.control)}: {refusal.reason}"
        )
    small = number(facts.matters) + (f" {facts.unit}" if facts.unit and facts.unit != "probability" else "")
    if facts.outcome_kind == "yes_no":
        small = f"{number(100 * facts.matters)} in 100"
    verdict, told = overall(main.refutations)
    whole = say.full_text(
        first,
        sentences,
        facts,
        main.estimand,
        main.sample,
        _reviewer(query),
        small,
        main.unadjusted,
        say.checks_lines(told, main.refutations),
        picture_lines(contested, main.redrawn.pictures),
        next_lines(main.redrawn.next_question),
    )
    several = len(lines) + len(refusals) > 1
    return Answer(
        status="answered",
        headline=first,
        text=whole,
        effect=facts.effect,
        method=main.estimates[0].method,
        estimand=main.estimand,
        difference=facts.plain if facts.effect.scale != "difference" else None,
        unadjusted=main.unadjusted,
        arms=(*map(_arm, lines), *(_refused_arm(c, r) for c, r in refusals)) if several else None,
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
        reviewed_by=_reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, clock.seconds),
    )


def _reviewer(query: Query) -> str | None:
    """Who signed the picture that the answer rests on; None where nobody did, or where it was changed since."""
    return query.graph.signed_by if query.graph is not None and query.source("graph") == "you" else None


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


def _with_bounds(
    refusal: NotIdentified, query: Query, table: Table, estimand: Estimand, contrast: Contrast
) -> NotIdentified:
    """Bounds beside a refusal, wherever both arms exist: without assumptions, and with one more."""
    if refusal.code not in ("no_overlap", "hidden_cause", "needs_review", "reversed") or query.scale != "difference":
        return refusal
    bare = estimand.model_copy(update={"adjust_for": (), "strategy": "randomised"})
    everyone = query.model_copy(update={"target": "everyone"})
    try:
        sample = draw(everyone, table, bare, contrast).sample
        bounds = no_assumption(sample) if sample.n >= 2 else None
        if bounds is not None and refusal.code == "hidden_cause" and sample.outcome_kind != "yes_no":
            measured = estimand.model_copy(
                update={"adjust_for": measured_causes(query, table), "strategy": "adjustment"}
            )
            likely = as_strong_as_measured(draw(everyone, table, measured, contrast).sample)
            bounds = bounds.model_copy(update={"narrower": (likely,) if likely is not None else ()})
    except CausalError:
        return refusal
    return refusal.model_copy(update={"bounds": bounds})


def _settling(query: Query, table: Table, refusal: NotIdentified) -> Experiment | None:
    """The experiment that would settle it, sized from the table's own outcome; None where the outcome cannot be read."""
    if refusal.code in NO_EXPERIMENT:
        return None
    try:
        rows = Rows(query.model_copy(update={"weights": None, "cluster": None}), table)
        y, kind = rows.outcome()
    except CausalError:
        return None
    spread = float(y.std(ddof=1)) if len(y) > 1 else 0.0
    if not spread > 0:
        return None
    yes_no = kind == "yes_no"
    matters, convention = relevant_matters(query.matters, spread, yes_no)
    if convention:  # ours, so rounded
        matters = float(f"{matters:.1g}")
    unit = "probability" if yes_no else safe(table.profile.column(str(query.outcome)).unit or "")
    try:
        return experiment(
            matters,
            spread=None if yes_no else spread,
            baseline=float(y.mean()) if yes_no else None,
            unit=unit,
            per_week=PACE,
        )
    except CausalError:
        return None


# Refusals about what was asked, which dealing the treatment out at random would not change.
NO_EXPERIMENT = ("constant_outcome", "scale_undefined", "group_after_treatment", "group_is_collider", "one_group")
PACE = 50  # people a week, for a duration that a reader can scale


def refused(
    query: Query,
    table: Table,
    seed: int,
    seconds: dict[str, float],
    refusal: NotIdentified,
    contested: tuple[Contested, ...] = (),
) -> Answer:
    """A good refusal: why, what would help, what the data allow meanwhile, and what they show without any claim."""
    from .causal.association import associate

    helps = tuple(whose(text, query) for text in refusal.would_help)
    refusal = refusal.model_copy(update={"reason": whose(refusal.reason, query), "would_help": helps})
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
    settling = None if review else _settling(query, table, refusal)
    first, whole = refusal_text(refusal, query, sentence, review, yes_no, "" if settling is None else settling.text)
    return Answer(
        status=refusal.status,
        headline=first,
        text=whole,
        association=shown,
        bounds=refusal.bounds,
        why_not=refusal.reason,
        would_help=refusal.would_help,
        experiment=None if settling is None else settling.model_dump(mode="json"),
        contested=contested,
        reviewed_by=_reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )


def described(
    query: Query, table: Table, seed: int, seconds: dict[str, float], found: tuple[dict[str, Any], str]
) -> Answer:
    """The answer to a question that is not about causes."""
    shown, sentence = found
    if query.where:
        sentence = f"Among the rows with {safe(query.where, 200)}: {sentence}"
    note = "This describes the table; it does not say that one thing changes another."
    return Answer(
        status="not_causal",
        headline=sentence,
        text=f"{sentence}\n\n{note}",
        association=shown,
        reviewed_by=_reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )


def undecided(question: str, table: Table, reading: Reading, client: Client | None = None) -> Answer:
    """A person must pick the columns: the ranked shortlist, never a silent guess."""
    rows = [f"  {role}: {join(names[:6])}" for role, names in reading.choices.items() if names]
    text = "\n".join(
        [
            reading.receipt or "I am not sure what to compare.",
            *rows,
            _naming(reading.choices),
        ]
    )
    return Answer(
        status="needs_review",
        headline="I am not sure which columns the question is about.",
        text=text,
        choices=reading.choices,
        steps=reading.steps,
        provenance={"question": question, "data": _data(table), "language": _language(reading, client)},
    )


def _naming(choices: dict[str, list[str]]) -> str:
    """How to name the columns: the likeliest pair as the flags that say it, where the names need no care in a shell."""
    if "compare" in choices:
        return "Name the two that are compared: --compare COLUMN:FROM:TO"
    treatment, outcome = (next(iter(choices.get(role, ())), "") for role in ("treatment", "outcome"))
    if treatment != outcome and all(re.fullmatch(r"[A-Za-z0-9_.]{1,60}", name) for name in (treatment, outcome)):
        return f"To ask about the first of each, add: --treatment {treatment} --outcome {outcome}"
    return "Name them, for example with --treatment and --outcome."


def phrased(answer: Answer, reading: Reading, ideas: Suggestions, client: Client | None) -> Answer:
    """The answer with checked prose, the alarms, the receipt, and what every language step got right, repaired or lost."""
    from .language import abroad, alarm
    from .language.explain import explain, failures
    from .language.phrase import phrase

    explained, explaining = explain(answer, client)
    prose, step = phrase(answer, client, reading.language)
    query = reading.query
    alarms = alarm.lines(reading.bad_controls, query) if query is not None and answer.status == "answered" else []
    english = reading.language not in (None, "en") and prose is None and answer.status != "error"
    text = say.with_receipt(
        say.with_prose(answer.text, prose) if prose else answer.text,
        reading.receipt,
        alarms,
        failures(answer) if explained else (),
        explained or "",
        abroad.note(reading.language or "") if english else "",
    )
    steps: tuple[Step, ...] = (*reading.steps, *ideas.steps, *((explaining,) if explaining else ()), step)
    told = {"singled_out": ideas.reasons} if ideas.reasons else {}
    provenance = answer.provenance | {"language": _language(reading, client) | told}
    return answer.model_copy(update={"text": text, "steps": steps, "provenance": provenance})


def _language(reading: Reading, client: Client | None) -> dict[str, Any]:
    """What the language steps said and took, with every reply, so that this answer alone can be replayed."""
    from .language.client import usage
    from .language.recording import Keeper

    bad = [f"{safe(b.column)}: {safe(b.reason, 200)}" for b in reading.bad_controls]
    kept = {"recordings": client.document()} if isinstance(client, Keeper) else {}
    return {"receipt": reading.receipt, "bad_controls": bad, **usage(client), **kept}


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
        "data": _data(table) | {"used": {name: table.digest(name) for name in _names_in(dumped, table)}},
        "query": {"kind": query.kind, **dumped},
        "columns": {
            name: told
            for name in (query.treatment, query.outcome)
            if name in table.names and (told := table.profile.column(str(name)).description)
        },
        "seconds": {k: round(v, 3) for k, v in seconds.items()},
    }


def _names_in(dumped: Any, table: Table) -> list[str]:
    """The columns that a query names anywhere, in the order of the table."""
    found: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, str):
            found.add(part)
        elif isinstance(part, dict):
            for key, value in part.items():
                look(key)
                look(value)
        elif isinstance(part, (list, tuple)):
            for value in part:
                look(value)

    look(dumped)
    return [name for name in table.names if name in found]


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
