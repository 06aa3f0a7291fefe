"""How sure is a statement of the fitted picture? By rule, with reasons; never above moderate, and there only where a person signed
the picture. What one row would have been never exceeds low: no data can show two outcomes of the same row."""

from __future__ import annotations

from ...analysis import Certainty, Diagnosis, Effect, Refutation
from ...query import Query
from ...wording import alike, columns_text, join, safe
from ..certainty import LADDER, counted
from ..check_names import short_of


def grade(
    query: Query,
    diagnoses: tuple[Diagnosis, ...],
    refutations: tuple[Refutation, ...],
    effect: Effect,
    matters: float,
    notes: tuple[str, ...] = (),
    leads: tuple[str, ...] = (),
    one_row: bool = False,
    outside: tuple[str, ...] = (),
) -> Certainty:
    """The level with its reasons; each of `notes` and of the warnings costs one. `matters`: the smallest difference that does; `leads`:
    the causes that the answer is about; `outside`: columns of the table that are not in the picture."""
    up: list[str] = []
    down: list[str] = []
    graph = query.graph
    signer = graph.signed_by if graph is not None and query.source("graph") == "you" else None
    level = 1
    if signer and not one_row:
        level = 2
    if signer:
        up.append(f"{safe(signer, 60)} has looked at the picture and signed it")
    else:
        down.append("nobody has signed the picture that all of this rests on")
    if one_row:
        down.append("what would have happened to a single row can never be checked: it is what the model says")
    told = f"; the table has {columns_text(outside, 4)}, of which the picture says nothing" if outside else ""
    down.append(f"something that is not in the picture could move its columns together{told}")
    if graph is not None:
        unsure = [e for e in graph.edges if e.confidence == "unsure" and e.cause in leads and not signer]
        if unsure:
            level -= 1
            down.append(
                f"for {join(list(dict.fromkeys(e.cause for e in unsure))[:4])} nothing says that it came before the outcome"
            )
        suspected = [f"“{safe(u.name, 40)}”" for u in graph.unmeasured if u.source == "model"]
        if suspected:
            down.append(f"the language model suspects a shared cause that is not in the table: {join(suspected[:3])}")
    fit = next((d for d in diagnoses if d.name == "model_fit"), None)
    if fit is not None and fit.status == "ok":
        up.append("what the model leaves over shows no pattern: " + fit.finding)
    for d in diagnoses:
        if d.name == "left_out":  # a doubt also where the answer stays; where it does not, there is no answer
            if d.status == "warning":
                level = min(level, 0)
            down.insert(0 if d.status == "warning" else len(down), d.finding)
        elif d.status == "warning":
            level -= 1
            down.append(d.finding)
    failed = [r for r in counted(refutations) if r.verdict == "failed"]
    if failed:
        level -= 1
        down.append("a check failed: " + join([short_of(r) for r in failed]))
    up += [f"the table fits the picture: {r.observed}" for r in refutations if r.verdict == "passed"]
    if effect.unbounded:
        level -= 2
        down.append(effect.reason or "chance cannot be bounded")
    elif effect.low is not None and effect.high is not None and _imprecise(effect.low, effect.high, matters):
        level -= 1
        factor, unit = (100, " in 100") if effect.unit == "probability" else (1, "")
        low, high = alike([factor * effect.low, factor * effect.high])
        down.append(f"the margin is wide: the data fit anything from {low} to {high}{unit}")
    level -= len(notes)
    down += notes
    return Certainty(level=LADDER[max(0, min(level, 2))], up=tuple(up), down=tuple(dict.fromkeys(down)))


def _imprecise(low: float, high: float, matters: float) -> bool:
    return low <= 0 <= high and (low <= -matters or high >= matters)
