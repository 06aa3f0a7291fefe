"""The built-in reader: rules over the words of a question. It reads what it is sure of and offers a choice otherwise.

Sure means: each end of the question is accounted for by one column, well ahead of every other; and no word of the
question names a further column, or is left without any meaning, that the reading does not use.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..years import known_suffixes, years_of
from . import claimed, compared, doubt, kinds, lexicon, match, sentence, subset, timing, tongue
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
)  # fmt: skip

if TYPE_CHECKING:
    from ..profile import Column, Profile

_BETWEEN = re.compile(
    r"\b(?:correlation|association|relationship|relation|link|connection)\s+between\s+(?P<a>.+?)\s+and\s+(?P<b>.+)"
    r"|^\W*(?:is|are|was|were|does|do)\s+(?P<c>.+?)\s+(?:correlated|associated|related|linked|correlate|go together|go hand in hand|predict)\s*"
    r"(?:with|to)?\s+(?P<d>.+)",
    re.IGNORECASE,
)
_DRIVEN = re.compile(
    r"^\W*(?:why (?:did|do|does|has|have|had|is|are|was|were)|what (?:\w+ )?(?:drives?|drove|driving|explains?|explained|determines?|determined"
    r"|lies behind|(?:is|was) behind|accounts? for|accounted for|causes?|caused|made|influences|affects)"
    r"|what (?:are|were|is|was) the [\w ]*?(?:drivers?|causes?|reasons?|determinants?) (?:of|for|behind)"
    r"|(?:which|what) \w+(?: \w+)? (?:drive|affect|influence|explain|cause|determine|matter|contribute)s?(?: most)?(?: to| for)?)\s+(?P<effect>.+)",
    re.IGNORECASE,
)  # fmt: skip


_LEVER = re.compile(
    r"\b(?:change|lever|measure|step|intervention|do)\b[^?]*?\b(?:for|to|on)\s+(?:(?:raise|lower|improve|increase|reduce|decrease|cut|get|have|move|boost)\s+)?"
    r"(?P<effect>.+)",
    re.IGNORECASE,
)


def guess(question: str, columns: Sequence[Column], profile: Profile) -> Form | None:
    """The reading, where the words leave no doubt; else None."""
    kind = kinds.told(question) or ("association" if kinds.compared(question) else None)
    if kind == "discovery":
        return Discovery(kind="discovery")
    if kind == "describe":
        return Describe(kind="describe")
    if tongue.language(question) not in (None, "en"):
        return None  # the rules below are of English
    if kind == "attribution" and (pair := compared.compared(question, profile)):
        question = f"{question[: pair.start].rstrip()} {question[pair.end :].lstrip()}".replace(" ?", "?")
    if kind == "attribution" and kinds.best_change(question) and (lever := _LEVER.search(question)):
        question = f"What drives {lever['effect']}"  # of which the outcome is read
    parsed = apart(question, columns)
    roles = _roles(question, kind, parsed, columns, profile)
    if roles is None or len(set(roles.values())) < len(roles):
        return None
    if unread(question, parsed, roles, columns, profile) or (
        kind not in ("counterfactual", "association", "attribution") and _turned(question, parsed, roles, columns)
    ):
        return None
    return _form(kind, roles)


def _form(kind: str | None, roles: dict[str, str]) -> Form:
    if kind == "attribution":
        return Attribution(kind="attribution", outcome=roles["outcome"])
    pair = {"treatment": roles["treatment"], "outcome": roles["outcome"]}
    if kind == "association":
        return Association(kind="association", **pair)
    if kind == "counterfactual":
        return Counterfactual(kind="counterfactual", **pair)
    if kind == "effect_by_group":
        return EffectByGroup(kind="effect_by_group", by=roles["by"], **pair)
    if kind == "mediation":
        return Mediation(kind="mediation", mediator=roles["mediator"], **pair)
    return Effect(kind="effect", **pair)


def _turned(question: str, parsed: sentence.Parsed, roles: Mapping[str, str], columns: Sequence[Column]) -> bool:
    """Does a negation, or a word for the opposite of a column, turn the question round without being read?"""
    played = [c for c in columns if c.name in roles.values()]
    treatment = next((c for c in played if c.name == roles.get("treatment")), None)
    spans = [(c.start, c.end) for c in subset.conditions(question, columns, set(roles.values())) if c.sure]
    who = parsed.who
    if who and treatment and (backward(who) or match.mentioned(who, treatment) >= 0.5):
        start = question.find(who)  # "those who did not": whom the effect is asked for
        spans += [(start, start + len(who))] if start >= 0 else []
    return doubt.reversing(question, spans, played) or any(
        doubt.opposed(lexicon.split(question), column) for column in played
    )


def apart(question: str, columns: Sequence[Column]) -> sentence.Parsed:
    """The question taken apart, without the words that only say which rows are meant."""
    kind = kinds.told(question) or ("association" if kinds.compared(question) else None)
    found = [c for c in subset.conditions(question, columns) if c.sure]
    while True:
        parsed = sentence.parse(question, kind, tuple((c.start, c.end) for c in found))
        ends = {n for t in (parsed.cause, parsed.effect, parsed.by) if t and (n := match.rank(t, columns).leader())}
        kept = [
            c
            for c in found
            if c.column not in ends and kind not in ("effect_by_group", "association", "counterfactual")
        ]
        if len(kept) == len(found):
            return parsed
        found = kept


def _roles(
    question: str, kind: str | None, parsed: sentence.Parsed, columns: Sequence[Column], profile: Profile
) -> dict[str, str] | None:
    """The columns of the parts, where each of them is plain; else None."""
    if kind == "attribution":
        found = _DRIVEN.search(parsed.main)
        outcome = match.rank(found["effect"], columns).leader() if found else None
        return {"outcome": outcome} if outcome else None
    if kind == "association":
        return _pair(parsed, columns)
    if not parsed.split:
        return None
    instruments = claimed.named_instruments(question, profile)
    free = [c for c in columns if c.name not in instruments]
    cause, effect = spans(parsed)
    treatment = match.rank(cause, free).leader()
    if treatment is None:
        return None
    outcome = match.rank(effect, [c for c in free if c.name != treatment]).leader()
    if outcome is None or match.rank(effect, free)[0].name != outcome:
        return None
    roles = {"treatment": treatment, "outcome": outcome}
    rest = [c for c in columns if c.name not in roles.values()]
    for role, text, wanted in (("by", parsed.by, "effect_by_group"), ("mediator", parsed.through, "mediation")):
        if kind == wanted:
            third = match.rank(text, rest).leader(least=0.5) if text else None
            if third is None:
                return None
            roles[role] = third
    return roles


def spans(parsed: sentence.Parsed) -> tuple[str, str]:
    """The words of the two ends, with what a lone "it" or "that" stands for."""
    before = " ".join(t for t in (parsed.who, parsed.lead, parsed.context) if t)
    cause, effect = parsed.cause or parsed.main, parsed.effect or ("" if parsed.by else parsed.main)
    if sentence.empty(cause) and before:
        cause = parsed.who or before
    if sentence.empty(effect) and before:
        effect = before
    return cause, effect


def _pair(parsed: sentence.Parsed, columns: Sequence[Column]) -> dict[str, str] | None:
    if found := _BETWEEN.search(parsed.main):
        a, b = found["a"] or found["c"], found["b"] or found["d"]
        first, second = match.rank(a, columns).leader(), match.rank(b, columns).leader()
        return {"treatment": first, "outcome": second} if first and second else None
    ranked = match.rank(parsed.main, columns)
    if len(ranked) < 2 or ranked[1].explained < 0.3 or (len(ranked) > 2 and ranked[2].score > 0.7 * ranked[1].score):
        return None
    if min(f.covered for f in ranked[:2]) < 0.5:
        return None  # words that merely occur in its description ("the flat") do not name a column
    first, second = sorted((ranked[0].name, ranked[1].name), key=lambda name: _place(parsed.main, name, columns))
    kind = {c.name: c.kind for c in columns}
    groups = ("category",) if kinds.together(parsed.main) else ("category", "yes_no")
    grouped = kind[first] in ("number", "count") and kind[second] in groups
    if grouped or re.search(r"\b(?:predicted|explained|foretold) by\b", parsed.main, re.IGNORECASE):
        first, second = second, first  # "is A higher in this group than in that": the groups are what is compared
    return {"treatment": first, "outcome": second}


def _place(text: str, name: str, columns: Sequence[Column]) -> int:
    column = next(c for c in columns if c.name == name)
    asked = lexicon.words(text)
    hits = [i for i, word in enumerate(asked) if match.accounts(word, column) > 0.3]
    return hits[0] if hits else len(asked)


def unread(
    question: str, parsed: sentence.Parsed, roles: Mapping[str, str], columns: Sequence[Column], profile: Profile
) -> bool:
    """Does the question hold words that this reading leaves unused, and that matter?"""
    named = {c.name: c for c in profile.columns}
    design = claimed.claim(question, roles, profile)
    if claimed.granted(sentence.parse(question)) and (design is None or design.kind != "discontinuity"):
        return True  # a rule of who got it is no filter
    conditions = subset.conditions(question, columns, set(roles.values()))
    used = {*roles.values(), *(c.column for c in conditions if c.sure), *(design.columns if design else ())}
    used |= {c.name for c in profile.columns if c.id_like and kinds.one_case(question)}
    chosen = [named[name] for name in used]
    told = [
        w
        for w in lexicon.words(" ".join((parsed.lead, parsed.main, parsed.who, parsed.by, parsed.through)))
        if means(w)
    ]
    if parsed.who and not backward(parsed.who) and not any(match.mentioned(parsed.who, c) >= 0.5 for c in chosen):
        return True  # it says whom the question is about, and nothing of it was read
    left = [w for w in told if not any(match.accounts(w, c) >= 0.5 for c in chosen)]
    before = [
        w for w in lexicon.words(parsed.context) if means(w) and not any(match.accounts(w, c) >= 0.5 for c in chosen)
    ]
    others = [c for c in columns if c.name not in used]
    after = [w for w in lexicon.words(question.rpartition("?")[2]) if "?" in question and means(w)]
    if any(_names_another(w, others) for w in (*left, *before, *after)) or _levels_of_another(question, used, others):
        return True
    return len(left) > 0.34 * max(1, len(told))


def backward(clause: str) -> bool:
    """Does a clause ("who did", "who were in one") only point back to what is done?"""
    return not [w for w in lexicon.words(clause) if means(w)]


def means(word: str) -> bool:
    """Does a word of a question name something, rather than shape the question?"""
    return word not in lexicon.FOLK and word not in lexicon.MEASURES and lexicon.stem(word) not in lexicon.CUES


def _levels_of_another(question: str, used: Collection[str], columns: Sequence[Column]) -> bool:
    """Does the question name a level of a category that the reading does not use ("orders via the app")?"""
    said, spoken = set(lexicon.words(question)), {lexicon.stem(w) for name in used for w in lexicon.split(name)}
    for column in columns:
        if column.kind == "category" and not column.id_like and not column.name_like and column.name not in used:
            for level in column.levels:
                words = set(lexicon.words(str(level.value)))
                plain = words and all(means(w) and lexicon.stem(w) not in spoken for w in words)
                if plain and words <= said:
                    return True
    return False


def _names_another(word: str, columns: Sequence[Column]) -> bool:
    return any(match.accounts(word, c) >= 0.75 for c in columns)


def choices(question: str, columns: Sequence[Column], most: int = 5) -> dict[str, list[str]]:
    """Ranked candidates for treatment and outcome; what is likely by its role comes first among equals."""
    parsed = apart(question, columns)
    cause, effect = spans(parsed)
    if kinds.told(question) == "attribution" and (found := _DRIVEN.search(parsed.main)):
        effect = found["effect"]
    whole = f"{parsed.context} {parsed.lead} {parsed.who} {question}"
    used = {f.name for t in (parsed.by, parsed.through) if t for f in match.rank(t, columns)[:1] if f.explained >= 0.5}
    suffixes = known_suffixes(columns)
    latest = max((y for c in columns for y in years_of(c, suffixes)), default=None)
    out: dict[str, list[str]] = {}
    for role, text, other in (("outcome", effect, cause), ("treatment", cause, effect)):
        near, far = match.rank(text, columns), {f.name: f.score for f in match.rank(whole, columns)}
        if text and near and near[0].score == 0:
            near = match.rank(whole, columns)
        against = {f.name: f.score for f in match.rank(other, columns)} if cause != effect else {}
        named = {c.name: c for c in columns}
        scores = {
            f.name: f.score
            + 0.3 * far[f.name]
            - 0.25 * against.get(f.name, 0.0)
            + 0.15 * _likely(named[f.name], role, latest, suffixes)
            - (0.3 if f.name in used else 0.0)
            for f in near
        }
        first = out.get("outcome", [])[:1]
        order = {c.name: i for i, c in enumerate(columns)}
        ranked = sorted(scores, key=lambda name: (-scores[name], order[name]))
        if role == "treatment" and first and ranked[:1] == first and len(ranked) > 1 and against.get(first[0], 0) > 0:
            ranked = [*ranked[1:3], first[0], *ranked[3:]]
        out[role] = ranked[:most]
    return {"treatment": out["treatment"], "outcome": out["outcome"]}


_DONE_TO = re.compile(
    r"\b(?:took|take|received|given|got|treated|offered|assigned|sent|shown|used|was|were|programme|program|campaign|treatment|quit|joined"
    r"|part|drug|intervention|policy|training|exposed|worn|wore|raised|opened)\b",
    re.IGNORECASE,
)


def _likely(column: Column, role: str, latest: int | None, suffixes: Collection[int]) -> float:
    """How much a column looks like something that is done (treatment) or something that comes of it (outcome), −1 to 1."""
    told = timing.told(column)
    before = bool(timing.BEFORE.search(told) or timing.BORN.search(told))
    if role == "treatment":
        return (
            (0.6 if column.kind == "yes_no" else 0.0)
            + (0.4 if _DONE_TO.search(told) else 0.0)
            - (0.4 if before else 0.0)
        )
    years = years_of(column, frozenset(suffixes))
    last = 0.5 if latest is not None and years and max(years) == latest else 0.0
    done = 0.5 if column.kind == "yes_no" and _DONE_TO.search(match.gist_of(column)) else 0.0
    shape = {"yes_no": 0.2, "number": 0.1, "count": 0.1}.get(column.kind, -0.1)
    return shape + last + (0.4 if timing.AFTER.search(told) else 0.0) - (0.7 if before else 0.0) - done
