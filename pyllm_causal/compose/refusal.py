"""The document of a refusal: why, what would help, bounds, and the experiment that would settle it."""

from __future__ import annotations

from typing import Any

from ..analysis import Answer, Contested, Estimand, NotIdentified
from ..causal.bounds import as_strong_as_measured, no_assumption
from ..causal.certainty import relevant_matters
from ..causal.contrast import Contrast, contrasts
from ..causal.experiment import Experiment, experiment
from ..causal.identify import measured_causes
from ..causal.rows import Rows
from ..causal.sample import draw
from ..data import Table
from ..errors import CausalError
from ..query import Query
from ..report.refusal import refusal_text
from ..report.whose import whose
from ..wording import safe
from .provenance import provenance, reviewer

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
    from ..causal.association import associate

    helps = tuple(whose(text, query) for text in refusal.would_help)
    refusal = refusal.model_copy(update={"reason": whose(refusal.reason, query), "would_help": helps})
    if refusal.bounds is None and refusal.code in ("hidden_cause", "needs_review"):
        asked = contrasts(query, table.profile)
        if asked:
            refusal = with_bounds(refusal, query, table, Estimand(strategy="none"), asked[0])
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
        reviewed_by=reviewer(query),
        graph=query.graph,
        provenance=provenance(query, table, seed, seconds),
    )


def with_bounds(
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
