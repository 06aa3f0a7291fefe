"""Answers in fewer or other words: short, simpler, why, and how it could be wrong. Every figure is one of the answer's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analysis import Answer, Effect, Refutation
from ..wording import LEVEL_WORDS, alike, columns_text, count, excludes_null, null_of, safe

LONG = (
    "What was checked",
    "Bad to hold fixed",
    "Read as:",
    "What failed, in other words",
    "What this rests on",
    "Next",
)
MEANS = {
    "high": "We would be surprised if it turned out otherwise.",
    "moderate": "It is probably about right, but something unseen could still change it.",
    "low": "Take it as a hint, not as a fact: something that is not in the file could be behind it.",
    "very_low": "Do not lean on the figure.",
}
LOGS = ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio", "percent")


def short(answer: Answer) -> list[str]:
    """The blocks of the text that a chat shows at once: finding, size, how sure and the rows it is about."""
    blocks = [b for b in answer.text.split("\n\n") if not b.startswith(LONG)]
    if answer.sample is not None:
        lost = sum(d.rows for d in answer.sample.dropped)
        rows = f"{count(answer.sample.used)} of {count(answer.sample.rows)} rows were compared"
        blocks.append(rows + (f"; {count(lost)} were left out (say “more” to see why)." if lost else "."))
    return blocks


def simpler(answer: Answer) -> list[str]:
    """The finding in a few short sentences."""
    if answer.status != "answered" or answer.effect is None or answer.certainty is None:
        return [answer.headline, *([f"Why: {answer.why_not}"] if answer.why_not else [])]
    query = answer.provenance.get("query", {})
    words = query.get("words") or {}
    what = safe(words.get("treatment") or query.get("treatment"), 60)
    whom = safe(words.get("outcome") or query.get("outcome"), 60)
    held = answer.estimand.adjust_for if answer.estimand is not None else ()
    out = [answer.headline]
    if held:
        some = f"{len(held)} other things" if len(held) > 5 else columns_text(held)
        out.append(f"I compared rows with and without {what} that are otherwise alike in {some}, and looked at {whom}.")
    out.append(
        f"The difference that is left is {figure(answer.effect)}: the first is the best guess, the two in brackets are how"
        " far off chance alone could make it."
    )
    out.append(f"How sure: {LEVEL_WORDS[answer.certainty.level].casefold()}. {MEANS[answer.certainty.level]}")
    return out


def why(answer: Answer) -> list[str]:
    """What was compared, on what assumptions, and the reasons for how sure we are."""
    out = []
    if answer.estimand is not None and answer.status == "answered":
        out.append(f"What was worked out: {answer.estimand.statement}")
        out += [f"It takes for granted: {a.rstrip('.')}." for a in answer.estimand.assumptions[:4]]
    if answer.certainty is not None:
        out.append(f"How sure: {LEVEL_WORDS[answer.certainty.level].casefold()}.")
        out += [f"+ {r}" for r in answer.certainty.up]
        out += [f"− {r}" for r in answer.certainty.down]
    if answer.why_not:
        out.append(answer.why_not)
        out += [f"What would help: {h}" for h in answer.would_help]
    return out or [answer.headline]


def wrong(answer: Answer, objections: Sequence[str] = ()) -> list[str]:
    """How the answer could be wrong: what speaks against it, what was only assumed, what the data object to."""
    out = [f"! {_sentence(r)}" for r in (answer.certainty.down if answer.certainty is not None else ())]
    seen = {r.check for r in answer.refutations if r.check in ("hidden_cause", "other_methods")}
    for r in answer.refutations:
        if r.verdict == "failed" and r.check not in seen and r.suggested_by != "model":
            out.append(f"! {_check(r)}")
        elif r.family == "sensitivity" and r.check not in seen:
            out.append(f"· {_check(r)}")
    if answer.pictures is not None:
        out.append(f"· {_sentence(answer.pictures.verdict)} {answer.pictures.beyond}".rstrip())
    out += [f"! The data disagree with the picture: {o}" for o in objections]
    lost = sum(d.rows for d in answer.sample.dropped) if answer.sample is not None else 0
    if answer.sample is not None and lost:
        out.append(
            f"· {count(lost)} of {count(answer.sample.rows)} rows could not be used; if those are different, the answer is not"
            " about them."
        )
    if answer.estimand is not None:
        out += [f"· It takes for granted: {a.rstrip('.')}." for a in answer.estimand.assumptions[:3]]
    return out or ["Nothing that was looked at speaks against it; that is not proof."]


def checks(answer: Answer) -> list[str]:
    """Every check with what was found: failed ones first."""
    if not answer.refutations:
        return ["Nothing was checked."]
    order = {"failed": 0, "inconclusive": 1, "passed": 2}
    shown = [answer.checked.sentence] if answer.checked is not None else []
    for r in sorted(answer.refutations, key=lambda r: (r.family == "sensitivity", order[r.verdict])):
        if r.family == "sensitivity":
            shown.append(f"· for information: {_check(r)}")
            continue
        sign = {"failed": "✗ failed", "inconclusive": "? could not tell", "passed": "✓ passed"}[r.verdict]
        shown.append(f"{sign}: {_check(r)}" + (f" {r.meaning}" if r.verdict == "failed" else ""))
    return shown


def _check(r: Refutation) -> str:
    return f"{r.question} {_sentence(r.observed)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def figure(effect: Effect) -> str:
    """`3.4 kg (2.0 to 4.8)`."""
    factor, unit = (100, " in 100") if effect.unit == "probability" else (1, f" {effect.unit}".rstrip())
    unit = {"difference": unit, "percent": "%"}.get(effect.scale, " times")
    if effect.low is None or effect.high is None:
        return f"{alike([factor * effect.value])[0]}{unit} (chance cannot be bounded)"
    value, low, high = alike([factor * effect.value, factor * effect.low, factor * effect.high])
    return f"{value}{unit} ({low} to {high})"


def verdict(before: Effect | None, after: Effect | None) -> str:
    """Whether an answer hangs on what was changed: by the shift in units of its own error, its sign and its interval."""
    if before is None or after is None:
        return ""
    if after.low is None or before.low is None or not before.std_error:
        return "How much that moves the answer cannot be said, as chance cannot be bounded."
    shift = abs(_on_line(after) - _on_line(before)) / before.std_error
    same = excludes_null(before) == excludes_null(after)
    clear = excludes_null(before) and excludes_null(after)
    if clear and (before.value > null_of(before)) != (after.value > null_of(after)):
        return "The answer hangs on it: it turns round."
    if shift < 0.5 and same:
        return "The answer does not hang on it."
    if same and shift < 1:
        return "It moves the answer a little, by less than its own error."
    if same:
        return "It moves the answer by more than its own error, but not what it says."
    if excludes_null(before):
        return "The answer hangs on it: without it, the data fit no effect as well."
    return "The answer hangs on it: with it, the data no longer fit no effect."


def differ(first: Effect, second: Effect) -> str:
    """Whether two groups of different rows differ, from their effects and errors (independent of each other)."""
    if not first.std_error or not second.std_error:
        return "Whether they differ cannot be said."
    gap = _on_line(first) - _on_line(second)
    error = math.hypot(first.std_error, second.std_error)
    if abs(gap) < 1.96 * error:
        return "No sign that it differs between them."
    larger = "first" if gap > 0 else "second"
    return f"It seems to differ between them: it is higher in the {larger} group."


def _on_line(effect: Effect) -> float:
    """The effect on the scale of its error: ratios by their logarithm."""
    if effect.scale not in LOGS:
        return effect.value
    ratio = 1 + effect.value / 100 if effect.scale == "percent" else effect.value
    return math.log(ratio) if ratio > 0 else -math.inf
