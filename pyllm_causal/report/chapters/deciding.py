"""Pictures for a decision: a chance as a hundred rows, and how likely the effect is to be worth it."""

from __future__ import annotations

from collections.abc import Iterator

from ...wording import number, safe
from ..figures.bars import Bar, bars
from ..figures.figure import Figure
from ..figures.hundred import hundred
from .telling import Telling, capital


def hundred_of(t: Telling) -> Iterator[Figure]:
    """How many of a hundred, with the treatment and without; not where the answer is very unsure."""
    decision, certainty = t.answer.decision, t.answer.certainty
    per = (decision or {}).get("per_100") or {}
    if certainty is None or certainty.level == "very_low" or "treated" not in per or "control" not in per:
        return
    query = t.query
    names = [t.treatment, t.treatment]
    if query is not None and not query.words.get("treatment"):
        arms = list(t.answer.sample.by_arm) if t.answer.sample is not None else []
        names = arms if len(arms) == 2 else names
    labels = (
        (f"with {safe(names[0], 40)}", f"with {safe(names[1], 40)}")
        if names[0] != names[1]
        else (f"with {names[0]}", f"without {names[0]}")
    )
    yield hundred(float(per["treated"]), float(per["control"]), labels, t.outcome)


def pays(t: Telling) -> Iterator[Figure]:
    """Chances that the effect is large enough; only for whoever said what matters, as in the text."""
    decision, query = t.answer.decision or {}, t.query
    chance = decision.get("chance") or {}
    if not chance or query is None or (query.threshold is None and query.matters is None):
        return  # as in the text: chances are told to whoever said what matters
    unit = decision.get("unit") or ""
    k, words = (100.0, " in 100") if unit == "probability" else (1.0, f" {safe(unit, 20)}" if unit else "")
    small = number(k * float(decision["matters"])) + words
    more, fewer = ("more", "fewer") if k == 100 else ("higher", "lower")
    named = (
        ("above_zero", f"{more} at all"),
        ("above_matters", f"{more} by over {small}"),
        ("below_zero", f"{fewer} at all"),
        ("below_minus_matters", f"{fewer} by over {small}"),
        ("pays", "enough to pay"),
    )
    rows = [
        Bar(capital(label), 100 * float(chance[key]), f"{_chance(float(chance[key]))} in 100")
        for key, label in named
        if isinstance(chance.get(key), int | float)
    ]
    if rows:
        note = "Chances by the estimate alone: they hold if what the answer assumes holds, and say nothing of hidden causes."
        yield bars(
            "decision",
            "How likely each of these is, if what is assumed holds",
            rows,
            (f"{t.outcome} is", "chance"),
            note,
        )


def _chance(p: float) -> str:
    return "over 99" if p > 0.99 else "under 1" if p < 0.01 else number(100 * p)
