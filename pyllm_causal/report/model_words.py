"""The words of answers that a fitted picture gives: one row otherwise, everybody otherwise, the best change, what is due to what."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analysis import Certainty, Effect, Level, NotIdentified, SampleCount
from ..graph_formats.listing import review
from ..query import Query
from ..wording import alike, count, excludes_null, join, number, safe, sized
from .text import cap, fill, item, outcome_words, sure

WOULD: dict[Level, str] = {
    "high": "would be",
    "moderate": "would probably be",
    "low": "may be",
    "very_low": "may be",
}
STRONG = "A statement about what did not happen comes from the model, not from the table."
DRAFT = "`pyllm-causal graph draft` writes it to a file to correct and sign; then ask again with --graph."
MODEL = "This is read off a model of your picture that was fitted to the table, not off a comparison of rows."


def outcome_of(query: Query) -> str:
    """The outcome, with the value that counts where one is named."""
    event = query.outcome_event
    return outcome_words(query) if event is None else f"{outcome_words(query)} = {safe(event, 40)}"


def amount(effect: Effect, unit: str) -> tuple[str, str]:
    """("3.3 kg higher", " (somewhere between 2.4 and 4.3 kg higher)"); chances as cases in 100."""
    if effect.unit == "probability":
        return sized(effect, "more in 100", "fewer in 100", factor=100.0)
    return sized(effect, "higher", "lower", unit=f" {unit}" if unit else "")


def listed(parts: Sequence[tuple[float, float, float]], factor: float = 1.0) -> list[str]:
    """`−12 (−15 to −9)` for every (value, low, high), all rounded at the same place: two digits of the largest value, or three
    where a margin would not show."""
    largest = max((abs(factor * value) for value, _, _ in parts), default=0.0)
    places = 1 - math.floor(math.log10(largest)) if largest > 0 else 0
    if any(low < high and round(factor * low, places) == round(factor * high, places) for _, low, high in parts):
        places += 1

    def shown(value: float) -> str:
        text = f"{round(factor * value, places) + 0.0:,.{max(places, 0)}f}"
        return text.removeprefix("-") if not text.strip("-0.,") else text.replace("-", "−")

    return [f"{shown(value)} ({shown(low)} to {shown(high)})" for value, low, high in parts]


def two_means(first: float, second: float, effect: Effect) -> list[str]:
    """Two averages, rounded where the difference and its margin are, so that they agree with it."""
    factor = 100.0 if effect.unit == "probability" else 1.0
    widest = max(abs(factor * v) for v in (effect.value, effect.low or 0.0, effect.high or 0.0))
    largest = max(abs(first), abs(second))
    if not (widest > 0 and largest > 0 and math.isfinite(widest) and math.isfinite(largest)):
        return alike([first, second])
    digits = math.floor(math.log10(largest)) - math.floor(math.log10(widest)) + 2
    return alike([first, second], min(max(2, digits), 6))


def compared_headline(subject: str, query: Query, effect: Effect, level: Level, matters: float) -> str:
    """One sentence for a mean with something changed. `subject`: "If everybody had …"."""
    what = (
        f"the chance of {outcome_of(query)}" if effect.unit == "probability" else f"the average of {outcome_of(query)}"
    )
    among = f" among the rows with {safe(query.where, 200)}" if query.where else ""
    if level == "very_low" or effect.low is None or effect.high is None:
        return f"{subject}, we can't tell whether {what} would change{among}."
    if -matters < effect.low and effect.high < matters and not excludes_null(effect):
        return f"{subject}, {what} {WOULD[level]} much the same{among}."
    if not excludes_null(effect):
        return f"{subject}, we can't tell whether {what} would change{among}: the margin includes no difference."
    return f"{subject}, {what} {WOULD[level]} {'higher' if effect.value > 0 else 'lower'}{among}."


def mean_sentences(query: Query, effect: Effect, before: float, after: float, reference: str, unit: str) -> list[str]:
    """How large, with the two averages."""
    main, span = amount(effect, unit)
    if effect.unit == "probability":
        after, before = (100 * min(1.0, max(0.0, v)) for v in (after, before))
        pair = two_means(after, before, effect)
        return [
            f"By this model, about {pair[0]} of 100 would have {outcome_of(query)}, against {pair[1]} of 100 {reference}.",
            f"That is {main}{span}.",
        ]
    pair = two_means(after, before, effect)
    gap = f" {unit}" if unit else ""
    return [
        f"By this model, the average of {outcome_of(query)} would be about {pair[0]}{gap}, against {pair[1]}{gap} {reference}.",
        f"That is {main}{span}.",
    ]


def full_text(
    headline: str,
    sentences: Sequence[str],
    lines: Sequence[str],
    query: Query,
    certainty: Certainty,
    sample: SampleCount,
    rests: Sequence[str],
    checks: Sequence[str],
) -> str:
    """The whole plain text."""
    basis = ["What this rests on", item(" ", rows_used(sample))]
    basis += [item(" ", r) for r in rests]
    if query.graph is not None:
        basis.append(item(" ", drawn_by(query)))
    blocks = [
        fill(headline),
        fill(" ".join(sentences)),
        "\n".join(item("·", line) for line in lines),
        "\n".join(sure(certainty)),
        "\n".join(checks),
        "\n".join(basis),
    ]
    return "\n\n".join(b for b in blocks if b)


def rows_used(sample: SampleCount) -> str:
    """Rows used and left out."""
    text = f"{count(sample.used)} of {count(sample.rows)} rows"
    if sample.dropped:
        text += "; left out: " + "; ".join(
            f"{count(d.rows)} {'with ' if d.reason.startswith('no ') else ''}{d.reason}" for d in sample.dropped[:5]
        )
    return text + "."


def drawn_by(query: Query) -> str:
    """Who stands behind the picture."""
    assert query.graph is not None
    if query.graph.reviewed_by is not None:
        return review(query.graph, dated=False)
    who = {
        "you": "The picture is yours; nobody has signed it.",
        "model": f"The picture was drafted by the language model; you have not checked it. {DRAFT}",
        "data": f"The picture was drafted by the program from names and descriptions; you have not checked it. {DRAFT}",
    }
    return who[query.source("graph")]


def refusal(query: Query, found: NotIdentified) -> tuple[str, str]:
    """(headline, text) of "can't tell"."""
    outcome = outcome_of(query)
    if query.kind == "attribution":
        asked = (
            f"why {outcome} changed"
            if query.compare
            else f"what brought about {outcome} of that row"
            if query.row is not None
            else f"what drives {outcome}"
        )
    elif query.row is not None:
        asked = f"what {outcome} of that row would have been"
    elif query.changes or query.treatment:
        asked = f"what {outcome} would be with that changed"
    else:
        asked = f"which change would do most for {outcome}"
    first = f"We can't tell from this table {asked}."
    head = "What is needed from you:" if found.status == "needs_review" else "What would help:"
    blocks = [fill(first), fill(found.reason)]
    if found.would_help:
        blocks.append("\n".join([head, *(item("·", h) for h in found.would_help)]))
    return first, "\n\n".join(blocks)


def hedged(level: Level, low: str, moderate: str) -> str:
    """The words that the level allows: `may drive`, `probably drives`."""
    return moderate if level in ("moderate", "high") else low


def settings(changed: dict[str, str]) -> str:
    """`drug = yes and dose = 20`."""
    return join([f"{safe(name, 60)} = {value}" for name, value in changed.items()])


def percent(share: float) -> str:
    """`98%`; small ones without false precision, large ones as a multiple."""
    if abs(share) > 1:
        return f"{number(share)} times"
    return f"{number(100 * share)}%" if abs(share) >= 0.01 else "less than 1%"


__all__ = [
    "MODEL",
    "STRONG",
    "WOULD",
    "amount",
    "cap",
    "compared_headline",
    "drawn_by",
    "full_text",
    "hedged",
    "listed",
    "mean_sentences",
    "outcome_of",
    "percent",
    "refusal",
    "rows_used",
    "settings",
    "two_means",
]  # fmt: skip
