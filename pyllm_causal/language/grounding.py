"""Rules that hold a model's reading against the words of the question and the table. No rule knows any one table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..wording import gist
from . import claimed, kinds, lexicon, match, offline, sentence, subset, timing, tongue
from .reading_form import (
    Association,
    Attribution,
    Counterfactual,
    Describe,
    Discovery,
    Effect,
    EffectByGroup,
    Form,
    Mediation,
    Missing,
    Only,
    Otherwise,
)  # fmt: skip

if TYPE_CHECKING:
    from ..profile import Column, Profile

_SOME = re.compile(
    r"\b(?:who|that|which|those|treated|untreated|actually|already|recipients?|participants|takers|users)\b"
    r"|\b(?:on|for|of|to|among) the \w+ (?:that|who|which|were|had|got)\b|\bthe (?:un|non)",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(r"\b(?:not|no|never|without|n['’]t|un\w+ed|non|neither)\b|n['’]t\b", re.IGNORECASE)
_ONE = re.compile(
    r"\b(?:would|could|might)\b.*\bhave\b|\bhad\b.*\b(?:been|not|instead)\b|\b(?:number|no\.|#)\s*\d+|\b[a-z]+ \d+\b"
    r"|\b(?:this|that) [a-z]+\b|\b(?:he|she|him|her|his|i|my)\b",
    re.IGNORECASE,
)
_KIND_FAULTS = {
    "counterfactual": "the question is about one single case, so the kind is counterfactual; the treatment is what would differ.",
    "effect_by_group": "the question compares an effect between groups, so the kind is effect_by_group; `by` is the column of the "
    "groups and the outcome is what the treatment changes.",
    "mediation": "the question asks for the part of an effect that goes through something in between, so the kind is mediation; "
    "`mediator` is that column.",
    "attribution": "the question asks what drives an outcome, so the kind is attribution; `outcome` is that column.",
}
_ROLES = ("treatment", "outcome", "by", "mediator")


def english(question: str) -> bool:
    """Is the question in English, as far as one can tell? The rules on single words hold there only."""
    return tongue.language(question) in (None, "en")


def fault(question: str, form: Form, columns: Sequence[Column], profile: Profile) -> str | None:
    """What is wrong with a reading, in words for the model; None when nothing is."""
    told = kinds.told(question)
    if told in ("describe", "discovery"):
        return None  # whatever was replied, `correct` puts it right
    named = {c.name: c for c in columns}
    used = [getattr(form, role) for role in _ROLES if hasattr(form, role)]
    for name in used:
        if name not in named:
            return f"{name[:80]!r} is not a column of the table."
    if len(set(used)) < len(used):
        return _twice(question, form, columns)
    if form.kind != told and told in _KIND_FAULTS and form.kind != "missing":
        return _KIND_FAULTS[told]
    if form.kind == "describe" and kinds.causal(question):
        return "the question asks about a cause and its effect, so the kind is not describe."
    treatment, outcome = getattr(form, "treatment", None), getattr(form, "outcome", None)
    if isinstance(outcome, str):
        outcome = change_of(question, outcome, columns)
    if treatment in claimed.named_instruments(question, profile, outcome):
        return f"the question names {treatment[:80]!r} as the instrument, so it is not the treatment."
    if form.kind in ("mediation", "effect_by_group") and form.kind == told:
        role, third = _said_third(question, told, columns)
        if third is not None and getattr(form, role) != third:
            return f"the words of the question name {third[:80]!r} as `{role}`; treatment and outcome are others."
    sure = offline.guess(question, columns, profile)
    if sure is not None and hasattr(sure, "treatment") and hasattr(form, "treatment"):
        swapped = sure.kind == "association" and {treatment, outcome} == {sure.treatment, sure.outcome}
        for role in ("treatment", "outcome"):
            if getattr(sure, role) != {"treatment": treatment, "outcome": outcome}[role] and not swapped:
                return f"the words of the question name {getattr(sure, role)[:80]!r} as the {role}."
    if form.kind in ("effect", "counterfactual") and english(question):
        for role in ("treatment", "outcome"):
            if better := far_better(question, {"treatment": treatment, "outcome": outcome}, role, columns):
                return f"the words of the question name {better[:80]!r} as the {role}."
    return None


def _said_third(question: str, told: str, columns: Sequence[Column]) -> tuple[str, str | None]:
    """The role of the third column, and the column that the words plainly name for it."""
    text = _third_words(question, told, columns)
    return ("by" if told == "effect_by_group" else "mediator"), match.rank(text, columns).leader() if text else None


def _third_words(question: str, told: str, columns: Sequence[Column]) -> str:
    parsed = offline.apart(question, columns)
    return parsed.by if told == "effect_by_group" else parsed.through


def _twice(question: str, form: Form, columns: Sequence[Column]) -> str:
    """The fault of a column with two parts, with columns that are likelier in the place of one of them."""
    played = {role: getattr(form, role) for role in _ROLES if hasattr(form, role)}
    third = next((role for role in ("by", "mediator") if role in played), None)
    twice = next(name for name in played.values() if list(played.values()).count(name) > 1)
    role = "outcome" if played.get("outcome") == twice and third else "treatment"
    ranked = offline.choices(question, columns)[role]
    likely = [repr(name[:80]) for name in ranked if name not in played.values()][:3]
    offered = f" Likely columns for it: {', '.join(likely)}." if likely else ""
    return f"{twice[:80]!r} is used twice; treatment, outcome and the third column must differ. Name another {role}.{offered}"


def mended(question: str, said: Sequence[Form], columns: Sequence[Column], profile: Profile) -> Form | None:
    """What is left of a reading that stayed at fault after its repair; None where a person must choose.

    `said` holds every usable reply. A kind that the words rule out can be put right by rule; a column that they rule
    out cannot, except where the model contradicts itself and the built-in reader is sure.
    """
    if not said:
        return None
    form = said[-1]
    ends = {tuple(getattr(f, role, None) for role in ("treatment", "outcome")) for f in said}
    if len(ends) > 1:
        return offline.guess(question, columns, profile)
    names = {c.name for c in columns}
    used = [getattr(form, role) for role in _ROLES if hasattr(form, role)]
    if not used:  # no column of the model stands against a reading that is sure by rule
        return offline.guess(question, columns, profile)
    if len(set(used)) < len(used) or not set(used) <= names:
        return None
    if getattr(form, "treatment", None) in claimed.named_instruments(question, profile, getattr(form, "outcome", None)):
        return offline.guess(question, columns, profile)
    righted = correct(question, form, columns, profile)
    return righted if righted is not None and fault(question, righted, columns, profile) is None else None


def correct(question: str, form: Form, columns: Sequence[Column], profile: Profile) -> Form | None:
    """`form` with a kind that the words of the question rule out put right; columns stay. None: a column is lacking."""
    told = kinds.told(question)
    if told == "discovery":
        return Discovery(kind="discovery")
    if told == "describe":
        return Describe(kind="describe")
    if isinstance(form, (Missing, Describe, Discovery, Otherwise)):
        return form
    if told == "attribution":
        return Attribution(kind="attribution", outcome=form.outcome)
    if isinstance(form, Attribution):
        return form
    pair = {"treatment": form.treatment, "outcome": form.outcome}
    if told == "counterfactual":
        return Counterfactual(kind="counterfactual", **pair)
    if told == "association":
        return Association(kind="association", **pair)
    if told in ("effect_by_group", "mediation") and form.kind != told:
        return _third(question, told, pair, columns)
    if told is None and english(question):
        return _plain(question, form, pair, columns, profile)
    return form


def _third(question: str, told: str, pair: Mapping[str, str], columns: Sequence[Column]) -> Form | None:
    text = _third_words(question, told, columns)
    third = match.rank(text, [c for c in columns if c.name not in pair.values()]).leader(least=0.5) if text else None
    if third is None:
        return None
    if told == "mediation":
        return Mediation(kind="mediation", mediator=third, **pair)
    return EffectByGroup(kind="effect_by_group", by=third, **pair)


def _plain(question: str, form: Form, pair: Mapping[str, str], columns: Sequence[Column], profile: Profile) -> Form:
    """A question without a cue for anything finer is about an effect, or about two things that go together."""
    if form.kind == "mediation" and kinds.through(question):
        return form
    if form.kind == "counterfactual" and _ONE.search(question):
        return form
    if isinstance(form, EffectByGroup):
        design = claimed.claim(question, pair, profile)
        limits = {c.column for c in subset.conditions(question, columns)} | (design.columns if design else set())
        by = next((c for c in columns if c.name == form.by), None)
        if by is not None and match.mentioned(question, by) >= 0.8 and form.by not in limits:
            return form
    if form.kind in ("effect_by_group", "mediation", "counterfactual"):
        causal = not kinds.compared(question) and (
            bool(kinds.causal(question) or _EFFECT_OF.search(question)) or form.kind != "effect_by_group"
        )
        return Effect(kind="effect", **pair) if causal else Association(kind="association", **pair)
    if form.kind == "association" and _EFFECT_OF.search(question):
        return Effect(kind="effect", **pair)
    return form


_EFFECT_OF = re.compile(
    r"\b(?:effects?|impact|influence) (?:of|on)\b|\bwhat (?:did|does|do|would|will)\b.*\bdo to\b|\bdifference[- ]in[- ]difference"
    r"|\b(?:does|do|did|will|would)\b.*\b(?:cause|affect|raise|lower|reduce|increase|improve|prevent|change|cut|boost|lead to)s?\b",
    re.IGNORECASE,
)


_GAIN = re.compile(r"\b(?:gain|gains|gained|gaining|lose|loses|losing|lost|put on|puts on|growth)\b", re.IGNORECASE)


def change_of(question: str, outcome: str, columns: Sequence[Column]) -> str:
    """The column of the change where the question speaks of gaining or losing and `outcome` is only the level of it."""
    chosen = next((c for c in columns if c.name == outcome), None)
    if chosen is None or not _GAIN.search(question) or match.CHANGE.search(timing.told(chosen)):
        return outcome
    own = timing.stems(outcome)
    better = [c.name for c in columns if match.CHANGE.search(timing.told(c)) and own and own == timing.stems(c.name)]
    return better[0] if len(better) == 1 else outcome


def target(question: str, who: str, treatment: Column) -> str:
    """Whom an effect is asked for: the model's word, held against "among those who …" in the question."""
    found = sentence.WHO.search(question)
    if found and (match.mentioned(found["clause"], treatment) >= 0.5 or offline.backward(found["clause"])):
        return "untreated" if _NOT_DONE.search(found["clause"]) else "treated"
    if not english(question):
        return who if who != "compliers" else "everyone"
    return who if who in ("treated", "untreated") and _SOME.search(question) else "everyone"


def nameless(question: str, columns: Sequence[Column]) -> str | None:
    """The thing that is done in the question, where no column at all shares a word with it: it is not in the table."""
    if not english(question):
        return None
    parsed = offline.apart(question, columns)
    if not parsed.split or sentence.empty(parsed.cause):
        return None
    asked = [w for w in lexicon.words(parsed.cause) if offline.means(w)]
    if len(asked) < 2 or any(match.accounts(w, c) >= 0.5 for w in asked for c in columns):
        return None
    return bare(parsed.cause)


def bare(text: str) -> str:
    """A part of a question without the words that only ask."""
    asks = r"^\W*(?:(?:does|do|did|will|would|can|could|may|might|is|are|has|have|how|much|having|being)\b\s*)+"
    return re.sub(asks, "", text.strip(), flags=re.IGNORECASE).strip(" ,.?!'\"")


def far_better(question: str, fields: Mapping[str, Any], role: str, columns: Sequence[Column]) -> str | None:
    """A column that the question plainly names where the one chosen for `role` shares no word with it."""
    chosen = fields.get(role)
    taken = {fields.get(r) for r in ("treatment", "outcome", "by") if r != role}
    parsed = offline.apart(question, columns)
    if chosen is None or not parsed.split:
        return None
    column = next(c for c in columns if c.name == chosen)
    cause, effect = offline.spans(parsed)
    text = cause if role == "treatment" else effect
    if match.mentioned(text, column) > 0 or match.mentioned(question, column) >= 1.0:
        return None
    ranked = match.rank(text, [c for c in columns if c.name not in taken])
    best = ranked.leader(least=0.6, lead=1.5, core=0.4)
    return best if best != chosen else None


def by_level(question: str, fields: Mapping[str, Any], columns: Sequence[Column]) -> str | None:
    """The one column with a level that the question names in so many words ("does PLACEBO…"), where the column chosen
    for the treatment has neither its name nor a level there."""
    # "in the north", "among patients on X" say where or who, not what is compared
    place = r"\b(?:in|for|among|amongst|at|from|of|on|within)\s+(?:(?:the|a|an|all|our|those)\s+)?\w+"
    asked = set(lexicon.split(re.sub(place, " ", question, flags=re.IGNORECASE)))
    spoken = {}
    for column in columns:
        levels = (
            [str(lv.value) for lv in column.levels if isinstance(lv.value, str)] if column.kind == "category" else []
        )
        spoken[column.name] = [
            v for v in levels if (w := lexicon.split(v)) and max(map(len, w)) > 4 and set(w) <= asked
        ]
    chosen = fields.get("treatment")
    if chosen is None or spoken.get(chosen) or set(lexicon.split(chosen)) <= set(lexicon.split(question)):
        return None
    cause, _ = offline.spans(offline.apart(question, columns))
    if any(c.name == chosen and match.mentioned(cause, c) >= 0.8 for c in columns):
        return None  # "do phone users buy less because of the banner": the level says who
    found = [
        name for name, levels in spoken.items() if levels and name not in (fields.get("outcome"), fields.get("by"))
    ]
    return found[0] if len(found) == 1 else None


def where(
    question: str,
    only: Sequence[Only],
    columns: Sequence[Column],
    fields: Mapping[str, Any],
    beside: Collection[str] = (),
) -> str | None:
    """The filter as text: conditions that the question plainly states, found by rule or by the model and then checked.

    `beside` are columns that play another part (those of a design).
    """
    taken = {fields.get(r) for r in ("treatment", "outcome", "by", "event")} | set(beside)
    free = [c for c in columns if c.name not in taken]
    proposed = [c for o in only if (c := _checked(question, o, free)) is not None]
    agreed = {c.column for c in proposed}
    found = [c for c in subset.conditions(question, free) if c.sure or c.column in agreed]
    ruled = {c.column for c in found}
    text = subset.text([*found, *(c for c in proposed if c.column not in ruled)])
    if text is None:
        return None
    from ..errors import CausalError
    from ..filter import parse_filter

    try:
        parse_filter(text, [c.name for c in columns])
    except CausalError:
        return None
    return text


def _checked(question: str, only: Only, free: Sequence[Column]) -> subset.Condition | None:
    """A condition that the model proposes, where the question speaks of column and value."""
    column = next((c for c in free if c.name == only.column), None)
    if column is None:
        return None
    value: Any = only.value
    if column.kind in ("number", "count") or (column.levels and not isinstance(column.levels[0].value, str)):
        value = _number(value)
        if value is None:
            return None
    elif only.op not in ("==", "!="):
        return None
    if column.levels and column.kind in ("yes_no", "category") and only.op in ("==", "!="):
        same = [
            lv.value for lv in column.levels if lv.value == value or str(lv.value).casefold() == str(value).casefold()
        ]
        if len(same) != 1:
            return None
        value = same[0]
    spoken = match.mentioned(question, column) >= 0.4
    said = str(value).casefold() in question.casefold() if not isinstance(value, bool) else False
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool) and column.kind in ("number", "count")
    if not (spoken and said) if numeric else not (spoken or (said and isinstance(value, str))):
        return None
    return subset.Condition(column.name, only.op, value, 0, 0)


def _number(value: Any) -> int | float | bool | None:
    import math

    if isinstance(value, str):
        try:
            value = float(value.strip().replace(",", ""))
        except ValueError:
            return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value if isinstance(value, (int, bool)) else None


def one_row(question: str, profile: Profile) -> int | str | None:
    """The row that a counterfactual is about: `id column == number`, where the question names both."""
    found = kinds.numbered(question)
    if not found:
        return None
    noun, value = found
    if noun.casefold() == "row":
        return value
    ids = [c for c in profile.columns if c.id_like]
    best = [c for c in ids if match.spoken(noun, c) > 0.5] or (ids if len(ids) == 1 else [])
    return f"{subset.quoted(best[0].name)} == {value}" if best else None


def spoken(question: str, column: Column) -> str | None:
    """The asker's own words for the treatment, where they plainly mean all of `column` and nothing else."""
    cause, _ = sentence.ends(question)
    if not cause:
        return None
    text = bare(cause)
    asked, told = lexicon.words(text), lexicon.words(gist(column.description) or "")[:6] or lexicon.words(column.name)
    if text.casefold() == column.name.casefold() or re.search(r"[\d.?!;:,]", text):
        return None
    if not 0 < len(text) <= 60 or not asked or _NOT_DONE.search(text) or kinds.causal(text):
        return None
    covered = [any(lexicon.alike(a, t) >= 0.8 for a in asked) for t in told]
    meant = [
        any(lexicon.alike(a, t) >= 0.8 for t in lexicon.words(f"{column.name} {column.description or ''}"))
        for a in asked
    ]
    return text if told and sum(covered) >= 0.7 * len(told) and all(meant) else None
