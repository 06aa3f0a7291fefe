"""The plain-language answer: one headline, a few sentences, how sure and why, and what it rests on. Deterministic."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..analysis import Answer, Certainty, Effect, Level, MediationEffect, Refutation
from ..query import Query
from ..wording import (
    DOTS,
    LEVEL_WORDS,
    LITTLE,
    VERBS,
    alike,
    as_subject,
    excludes_null,
    null_of,
    number,
    safe,
    sized,
)

WIDTH = 88
RATIO_MATTERS = 1.1  # the smallest ratio that is not called "little or no difference", where no difference is known


@dataclass(frozen=True)
class Own:
    """A design's own words: what it rests on, what to add, and what replaces the usual words."""

    rests: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    size: tuple[str, ...] | None = None
    outcome: str | None = None
    cause: str | None = None
    headlines: dict[Level, str] | None = None


@dataclass(frozen=True)
class Facts:
    """What the sentences are made of. `plain` is the effect as a difference, `effect` on the scale asked for."""

    query: Query
    kind: str  # arms or dose
    treated: str
    control: str
    per_unit: bool
    outcome_kind: str
    unit: str
    effect: Effect
    plain: Effect
    means: tuple[float, float] | None
    certainty: Certainty
    matters: float
    convention: bool
    population: str
    uneven: bool = False  # a dose whose effect is not the same everywhere
    meanings: dict[str, str] = field(default_factory=dict)  # treatment, outcome: what the table's dictionary calls them
    own: Own | None = None
    imputed: int = 0  # rows in which a covariate was filled in


def treatment_words(query: Query) -> str:
    return safe(query.words.get("treatment") or query.treatment, 60)


def outcome_words(query: Query) -> str:
    words, name = query.words.get("outcome"), safe(query.outcome, 60)
    return f"{safe(words, 60)} ({name})" if words and safe(words, 60) != name else name


def cause_phrase(f: Facts) -> str:
    """The treatment as the subject of a sentence."""
    if f.own is not None and f.own.cause:
        return f.own.cause
    words = f.query.words.get("treatment")
    name = safe(f.query.treatment, 60)
    if f.kind == "dose":
        return f"each further unit of {name}" if f.per_unit else f"having {name} at {f.treated} rather than {f.control}"
    contrast = f"{name} = {f.treated} rather than {f.control}"
    return f"{as_subject(safe(words, 60))} ({contrast})" if words else f"having {contrast}"


def cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def headline(f: Facts) -> str:
    """One sentence that is the whole answer. The verb is as strong as the certainty allows."""
    if f.own is not None and f.own.headlines is not None:
        return f.own.headlines[f.certainty.level]
    subject, outcome, level = _explained(f, "treatment", cause_phrase(f)), event_words(f), f.certainty.level
    outcome = _explained(f, "outcome", outcome)
    own = f.own is not None and f.own.outcome is not None
    if own:
        outcome = str(f.own and f.own.outcome)
    yes_no = f.outcome_kind == "yes_no"
    what = f"the chance of {outcome}" if yes_no and not own else outcome
    narrower = f.own is not None and not f.population.startswith("everyone in the table")
    among = f" among {f.population}" if f.query.where or f.query.target != "everyone" or narrower else ""
    clear = excludes_null(f.effect)
    small = _small(f)
    if level == "very_low":
        return f"We can't tell whether {subject} changes {what}{among}."
    if small and not (clear and f.convention):
        return f"{cap(subject)} {LITTLE[level]} {what}{among}."
    if f.effect.low is None:
        return f"We can't tell from these rows whether {subject} changes {what}{among}."
    if not clear:
        return f"We can't tell from this table whether {subject} changes {what}{among}: the margin includes no effect."
    direction = "higher" if f.plain.value > null_of(f.plain) else "lower"
    slightly = "slightly " if small else ""
    if yes_no and not own:
        return f"{cap(subject)} {VERBS[level]} a {slightly}{direction} chance of {outcome}{among}."
    return f"{cap(subject)} {VERBS[level]} {slightly}{direction} {outcome}{among}."


def _small(f: Facts) -> bool:
    """Whether the whole interval lies inside the smallest difference that matters (a ratio: within a tenth of one).

    By our convention of 2 in 100 alone a rare event could double unseen, so the ratio has to be close to one as well; and an
    average over a bent dose is no "no difference".
    """
    if f.plain.scale != "difference":
        low, high = f.plain.low, f.plain.high
        return low is not None and high is not None and low > 1 / RATIO_MATTERS and high < RATIO_MATTERS
    if f.plain.low is None or f.plain.high is None or not (-f.matters < f.plain.low and f.plain.high < f.matters):
        return False
    if not f.convention:
        return True
    if f.uneven:
        return False
    if f.outcome_kind != "yes_no" or f.means is None:
        return True
    base = f.means[1]
    return base > 0 and 1 + f.plain.low / base >= 0.8 and 1 + f.plain.high / base <= 1.25


def _explained(f: Facts, role: str, text: str) -> str:
    """`text` with the dictionary's own words behind it, where the asker gave none."""
    meaning = f.meanings.get(role)
    return f"{text} ({meaning})" if meaning and not f.query.words.get(role) and meaning not in text else text


def size_sentences(f: Facts) -> list[str]:
    """How large, in the user's units, with the interval; natural frequencies for a yes/no outcome."""
    if f.own is not None:
        return [*(_size_sentences(f) if f.own.size is None else f.own.size), *f.own.sentences]
    return _size_sentences(f)


def _size_sentences(f: Facts) -> list[str]:
    out: list[str] = []
    outcome, name = safe(f.query.words.get("outcome") or "") or event_words(f), safe(f.query.treatment)
    among = f" among {f.population}"
    start = "On average,"
    if f.certainty.level == "very_low":
        start = "The best single figure, too unsure to lean on, is that"
    elif "can't tell" in headline(f):
        start = "The best single figure is that"
    condition = f"with {name} = {f.treated} than with {name} = {f.control}"
    if f.kind == "dose":
        condition = f"for {cause_phrase(f)}" if f.per_unit else f"with {name} at {f.treated} than at {f.control}"
    if f.outcome_kind == "yes_no":
        size, span = sized(f.plain, "more", "fewer", factor=100, after=" in 100")
        if f.kind == "arms" and f.means is not None:
            pair = alike([100 * max(0.0, min(1.0, m)) for m in f.means])
            out.append(
                f"{start} {outcome} would be true of about {pair[0]} of 100 with {name} = {f.treated}, against"
                f" {pair[1]} of 100 with {name} = {f.control}{among}."
            )
            out.append(f"That is {size}{span}.")
        else:
            out.append(f"{start} {outcome} is true of {size} {condition}{span}{among}.")
    else:
        unit = f" {f.unit}" if f.unit and f.unit != "probability" else ""
        size, span = sized(f.plain, "higher", "lower", unit=unit)
        out.append(f"{start} {outcome} is {size} {condition}{span}{among}.")
    if f.effect.scale != "difference":
        out.append(_scale_sentence(f.effect, f.outcome_kind))
    if f.uneven:
        out.append("The effect is not the same at every dose; this is its average over the range seen.")
    if f.plain.unbounded:
        out.append("How far chance could have moved this cannot be said from these rows.")
    return out


def event_words(f: Facts) -> str:
    """The outcome, with the value that counts where the query names one: `Admit = Admitted`."""
    words, event = outcome_words(f.query), f.query.outcome_event
    if f.outcome_kind != "yes_no" or event is None or f.query.words.get("outcome"):
        return words
    return f"{words} = {safe(event, 40)}"


def _scale_sentence(effect: Effect, outcome_kind: str) -> str:
    if effect.scale == "percent":
        size, span = sized(effect, "higher", "lower", unit="%")
        return f"In percent that is {size}{span}."
    shown = alike([effect.value, effect.low or 0.0, effect.high or 0.0])
    span = (
        f" (somewhere between {shown[1]} and {shown[2]} times)"
        if effect.low is not None and effect.high is not None
        else ""
    )
    average = "The chance is" if outcome_kind == "yes_no" else "The average is"
    name = {"odds_ratio": "The odds are", "rate_ratio": "The rate is", "hazard_ratio": "The rate is"}.get(
        effect.scale, average
    )
    if effect.value == 0 and effect.high is not None:  # no event among the treated
        return f"{name} 0 times as high (up to {number(effect.high)} times), as no event was seen there."
    return f"{name} {shown[0]} times as high{span}."


def sure(certainty: Certainty, convention: bool = False, matters: str = "") -> list[str]:
    """The block "How sure are we?" with every reason."""
    lines = [f"How sure are we?   {LEVEL_WORDS[certainty.level]}   {DOTS[certainty.level]}"]
    lines += [item("+", r) for r in certainty.up]
    lines += [item("−", r) for r in certainty.down]
    if convention and matters:
        lines.append(item(" ", f"Differences under {matters} are called small here: our convention, not yours."))
    return lines


def item(sign: str, text: str) -> str:
    return fill(text, f"  {sign} ", " " * (len(sign) + 3))


def checks_lines(verdict: str, refutations: Sequence[Refutation]) -> list[str]:
    """The block "What was checked": one verdict, what failed and what that means, and the test with made-up outcomes."""
    lines = ["What was checked", item(" ", verdict)]
    for r in refutations:
        if r.verdict == "failed" and r.suggested_by != "model" and r.meaning and r.family != "sensitivity":
            lines.append(item("✗", f"{r.question} Found: {r.observed}. {_suggests(r.meaning)}"))
    for r in refutations:
        if r.check == "planted_effect" and r.verdict != "failed":
            wanted = f" ({r.expected} is right, give or take a few by chance)" if r.expected else ""
            lines.append(item(" ", f"With made-up outcomes on these very rows the method {r.observed}{wanted}."))
    return lines


def _suggests(meaning: str) -> str:
    """What a check that has failed means, from "If this fails, …"."""
    said = meaning.removeprefix("If this fails, ")
    return meaning if said == meaning else f"This suggests that {said}"


def affected(f: Facts) -> str:
    """The outcome as what is raised or lowered. The headline of a mediation is what passes through the mediator; what is said of
    a decision is the whole effect, and says so."""
    own = f.own.outcome if f.own is not None else None
    both = " (both ways together)" if isinstance(f.effect, MediationEffect) else ""
    return (own or ("the chance of " if f.outcome_kind == "yes_no" else "") + event_words(f)) + both


def fill(text: str, first: str = "", then: str = "") -> str:
    """Wrapped at spaces only: a column name is never broken in two."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False, break_long_words=False
    )


def full_text(
    first: str,
    paragraphs: Sequence[Sequence[str]],
    facts: Facts,
    matters: str,
    checks: Sequence[str],
    rests: Sequence[str],
    following: Sequence[str] = (),
) -> str:
    """The whole plain text of an answered question; `matters` is the smallest difference that matters, in words."""
    blocks = [
        fill(first),
        *(fill(" ".join(sentences)) for sentences in paragraphs),
        "\n".join(sure(facts.certainty, facts.convention and facts.plain.scale == "difference", matters)),
        "\n".join(checks),
        "\n".join(rests),
        "\n".join(following),
    ]
    return "\n\n".join(b for b in blocks if b)


def with_receipt(
    text: str,
    receipt: str,
    alarms: Sequence[str] = (),
    failures: Sequence[str] = (),
    explained: str = "",
    note: str = "",
) -> str:
    """The text with what the question was taken to mean, so that a person can veto it; before that the failed checks in
    other words (`explained`, checked prose) and the columns that were left out on purpose, after it a `note`."""
    blocks = [text]
    if explained:
        blocks.append("\n".join([fill(f"What failed, in other words: {explained}"), *(item("·", f) for f in failures)]))
    if alarms:
        blocks.append("\n".join(["Bad to hold fixed", *(item("!", a) for a in alarms)]))
    if receipt:
        blocks.append(fill("Read as: " + receipt))
    if note:
        blocks.append(fill(note))
    return "\n\n".join(blocks)


def with_prose(text: str, prose: str) -> str:
    """The text with checked prose under the headline: in place of the sentences there when it repeats every one that
    holds a number, before them otherwise, so that no figure is ever lost. What only says the headline again is left out."""
    blocks = text.split("\n\n")
    if len(blocks) < 3:
        return text
    told = _beyond(" ".join(blocks[0].split()), " ".join(prose.split()))
    figures = [s for s in _SENTENCE.split(" ".join(blocks[1].split())) if re.search(r"\d", s)]
    rest = blocks[2:] if figures and all(s in told for s in figures) else blocks[1:]
    return "\n\n".join([blocks[0], *([fill(told)] if told else []), *rest])


_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z])")
_CLAIM = re.compile("|".join(map(re.escape, sorted({*VERBS.values(), *LITTLE.values(), "can't tell", "cannot tell"}))))


def _beyond(first: str, prose: str) -> str:
    """The prose without a first sentence that makes the claim of the headline `first`, with no figure that is not there."""
    start, *rest = _SENTENCE.split(prose, maxsplit=1)
    inside = (
        bool(rest) and f"{start.split()[-1]} {rest[0].split()[0].rstrip('.,;:')}" in first
    )  # a full stop within a name
    claim = _CLAIM.search(start.replace("’", "'")) and set(re.findall(r"\d+", start)) <= set(re.findall(r"\d+", first))
    again = claim or set(re.findall(r"\w+", start.casefold())) <= set(re.findall(r"\w+", first.casefold()))
    return (rest[0] if rest else "") if again and not inside else prose


def expert_text(answer: Answer) -> str:
    """Estimand, every method and every check as a table."""
    lines: list[str] = []
    if answer.estimand is not None:
        lines += ["Estimand", item(" ", answer.estimand.statement)]
        lines += [item(" ", "assumes: " + a) for a in answer.estimand.assumptions]
        if answer.estimand.adjust_for:
            lines.append(item(" ", "held fixed: " + ", ".join(safe(c) for c in answer.estimand.adjust_for)))
    if answer.estimates:
        lines += ["", "Methods"]
        for e in answer.estimates:
            lines.append(f"    {e.method:<22}{_interval(e.effect)}" + (f"   ({e.why})" if e.why else ""))
        if answer.unadjusted is not None:
            lines.append(f"    {'unadjusted':<22}{_interval(answer.unadjusted)}")
    if answer.refutations:
        lines += ["", "Checks"]
        lines += [_check(r) for r in answer.refutations]
    if answer.diagnostics:
        lines += ["", "Data"]
        lines += [item("!" if d.status != "ok" else " ", f"{d.name}: {d.finding}") for d in answer.diagnostics]
    return "\n".join(lines)


def _interval(effect: Effect) -> str:
    if effect.low is None or effect.high is None:
        return number(effect.value, 4)
    return f"{number(effect.value, 4)}  [{number(effect.low, 4)}, {number(effect.high, 4)}]"


def _check(r: Refutation) -> str:
    if r.family == "sensitivity":  # says how much a fault nobody can see would take; never counted as failed
        return item("·", f"{r.check} (for information): {r.question} Found: {r.observed}")
    sign = {"passed": "✓", "failed": "✗", "inconclusive": "?"}[r.verdict]
    return item(sign, f"{r.check} ({r.verdict}): {r.question} Found: {r.observed}")
