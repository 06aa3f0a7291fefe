"""Pictures of a shape: the jump at a cut-off, the curve along a dose, the two pushes of an instrument."""

from __future__ import annotations

from collections.abc import Iterator

from ...wording import number, safe
from ..amounts import Amount, factor
from ..figures.chain import chain
from ..figures.curves import dose
from ..figures.cutoff import cutoff
from ..figures.figure import Figure
from .telling import Telling


def cutoff_of(t: Telling) -> Iterator[Figure]:
    """Averages on both sides of the cut-off."""
    found = t.diagnosis("discontinuity_plot")
    if found is not None:
        meets = {
            s: min(found.figures["lines"][s], key=lambda p: abs(p[0] - found.figures["cutoff"]))[1]
            for s in ("below", "above")
        }
        y = safe(found.figures["y"])
        title = f"Where the lines meet the cut-off, {y} is {number(meets['below'], 3)} below and {number(meets['above'], 3)} above"
        yield cutoff(found.figures, title, t.unit)


def dose_of(t: Telling) -> Iterator[Figure]:
    """The mean outcome along the dose."""
    found = t.diagnosis("dose_curve")
    if found is not None and found.figures.get("doses"):
        yield dose(found.figures, t.said(found.finding), t.treatment, t.outcome_axis, t.factor)


def chain_of(t: Telling) -> Iterator[Figure]:
    """How far one instrument moves treatment and outcome."""
    found, effect = t.diagnosis("first_stage"), t.answer.effect
    if found is None or effect is None or found.figures.get("first_stage") is None or effect.scale != "difference":
        return
    f, k = found.figures, factor(effect)
    names = getattr(t.query.design, "instruments", None) if t.query is not None else None
    unit = "" if k == 1 else " in 100"

    def push(value: float, error: float, by: float, words: str) -> tuple[str, str]:
        a = Amount(by * value, by * (value - 1.96 * error), by * (value + 1.96 * error))
        head, _, rest = a.text.partition(" (")
        return head + words, rest.rstrip(")")

    moved = push(f["first_stage"], f["first_stage_error"], 1.0, "")
    through = push(f["reduced_form"], f["reduced_form_error"], k, unit)
    instrument = safe(names[0], 60) if names else "the instrument"
    yield chain(
        (instrument, t.treatment, t.outcome), moved, through, number(k * effect.value) + unit, t.said(found.finding)
    )
