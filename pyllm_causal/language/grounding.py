"""Rules that hold a model's reading against the words of the question and the table. No rule knows any one table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..wording import gist
from . import match, offline, timing
from .reading_form import Association, Describe, Discovery, Effect, EffectByGroup, Form, Only

if TYPE_CHECKING:
    from ..profile import Column, Profile

# "among those who …", "for the patients that …": the clause says which people are meant.
_WHO = re.compile(
    r"\b(?:among|amongst|for|of|in|on|to|take|consider)\s+(?:only\s+)?(?:all\s+)?(?:the\s+"
    r"|those\s+)?(?:[a-z'’-]+\s+){0,3}?"
    r"(?:who|that|which)\s+(?P<clause>[^,?.;]{3,120})",
    re.IGNORECASE,
)
_SOME = re.compile(
    r"\b(?:who|that|which|those|treated|untreated|actually|already|recipients?|participants|takers|users)\b"
    r"|\b(?:on|for|of|to|among) the \w+ (?:that|who|which|were|had|got)\b|\bthe (?:un|non)",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(r"\b(?:not|no|never|without|n['’]t|un\w+ed|non)\b|n['’]t\b", re.IGNORECASE)
_THROUGH = re.compile(
    r"\b(?:through|via|by way of|mediat\w*|mechanisms?|channels?|indirect\w*|pathways?|explained by|runs?|goes"
    r"|works? by"
    r"|because|passes|transmitted)\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:would|could|might)\b.*\bhave\b|\bhad\b.*\b(?:been|not|instead)\b|\b(?:number|no\.|#)\s*\d+|\b[a-z]+ \d+\b"
    r"|\b(?:this|that) [a-z]+\b|\b(?:he|she|him|her|his|i|my)\b",
    re.IGNORECASE,
)
# "Patient 12 was … . What would … have been": one numbered case and another course of events.
_ONE_CASE = re.compile(
    r"(?:^|[.?!]\s+)(?:suppose\s+)?[A-Za-z]+\s+(?:number\s+|no\.?\s*|#\s*)?\d+\b.*\bwould\b.*\bhave\b", re.IGNORECASE
)
_BY_GROUP = re.compile(
    r"\b(?:more|less|equally|most) (?:effective|helpful|useful|harmful|beneficial)\b|\brespond differently\b"
    r"|\b(?:work|help|benefit|matter|hurt)s?\b.*\b(?:better|more|less|worse)\b.*\b(?:than|for|among|on)\b"
    r"|\b(?:effect|impact|benefit|payoff|return|gain|influence)s?\b.*\b(?:differ\w*|vary|varies|depend\w*|stronger"
    r"|weaker|larger|bigger|smaller|greater|same)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"\bhow (?:much|large a (?:part|share)) of\b.*\b(?:effect|impact|influence|that|this|it)\b", re.IGNORECASE
)
_RANDOM = re.compile(
    r"\brandomi[sz]ed\b|\bat random\b|\brandomly\b|\bby lot(?:tery)?\b|\ba/b test\b|\bcoin (?:flip|toss)\b",
    re.IGNORECASE,
)
_NOT_RANDOM = re.compile(
    r"\b(?:not|non|never|nothing|without|wasn't|weren't|no|un)\b[- ]*(?:\w+ ){0,3}random", re.IGNORECASE
)
_INSTRUMENT = re.compile(
    r"\b(?:using|use|with|take|taking)\s+(?P<a>[^,?]{3,80}?)\s+as\s+(?:an?\s+|the\s+)?instrument"
    r"|\binstrument(?:ed|ing)?\s+(?:by|with)\s+(?P<b>[^,?]{3,80})",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\bfrom\s+(?P<a>-?\d+(?:[.,]\d+)?)\s*(?:[%$€£]|\w+)?\s+to\s+(?P<b>-?\d+(?:[.,]\d+)?)", re.IGNORECASE
)
_SCALES = (
    (re.compile(r"\bodds\b", re.IGNORECASE), "odds_ratio"),
    (re.compile(r"\b(?:risk ratio|relative risk|how many times)\b", re.IGNORECASE), "ratio"),
    (re.compile(r"\bpercentage change\b|\bby what per ?cent(?:age)?\b|\bin per ?cent\b", re.IGNORECASE), "percent"),
)
_CONTROL_WORDS = frozenset("none no not control placebo untreated never off baseline standard usual without".split())


def fault(question: str, form: Form, names: Collection[str]) -> str | None:
    """What is wrong with a reading, in words for the model; None when nothing is."""
    if offline.descriptive(question) or offline.discovers(question):
        return None  # whatever was replied, `correct` puts it right
    used = [getattr(form, role) for role in ("treatment", "outcome", "by", "mediator") if hasattr(form, role)]
    for name in used:
        if name not in names:
            return f"{name[:80]!r} is not a column of the table."
    if len(set(used)) < len(used):
        return "the same column is used twice; treatment, outcome and the third column must differ."
    if _ONE_CASE.search(question) and form.kind in ("effect", "effect_by_group", "association", "describe"):
        return (
            "the question is about one single case, so the kind is counterfactual; the treatment is what would differ."
        )
    if _BY_GROUP.search(question) and form.kind in ("effect", "association", "describe"):
        return (
            "the question compares an effect between groups, so the kind is effect_by_group; `by` is the column "
            "of the "
            "groups and the outcome is what the treatment changes."
        )
    if _SHARE.search(question) and _THROUGH.search(question) and form.kind in ("effect", "effect_by_group", "describe"):
        return (
            "the question asks for the part of an effect that goes through something in between, so the kind is "
            "mediation; `mediator` is that column."
        )
    if form.kind == "describe" and offline.causal(question):
        return "the question asks about a cause and its effect, so the kind is not describe."
    return None


def correct(question: str, form: Form, named: Mapping[str, Column]) -> Form:
    """`form` with a kind that the words of the question rule out put right; columns stay."""
    if offline.discovers(question):
        return Discovery(kind="discovery")
    if offline.descriptive(question):
        return Describe(kind="describe")
    if form.kind == "mediation" and not _THROUGH.search(question):
        form = Effect(kind="effect", treatment=form.treatment, outcome=form.outcome)
    if form.kind == "counterfactual" and not _ONE.search(question):
        form = Effect(kind="effect", treatment=form.treatment, outcome=form.outcome)
    grouped = bool(_BY_GROUP.search(question))
    if isinstance(form, EffectByGroup) and not grouped and match.mentioned(question, named[form.by]) == 0:
        kind = Effect if offline.causal(question) else Association
        form = kind.model_validate({"kind": "effect" if kind is Effect else "association", **_pair(form)})
    if isinstance(form, (Effect, EffectByGroup)) and not grouped and offline.together(question):
        return Association(kind="association", treatment=form.treatment, outcome=form.outcome)
    return form


def _pair(form: EffectByGroup) -> dict[str, str]:
    return {"treatment": form.treatment, "outcome": form.outcome}


_GAIN = re.compile(r"\b(?:gain|gains|gained|gaining|lose|loses|losing|lost|put on|puts on|growth)\b", re.IGNORECASE)
_CHANGE = re.compile(r"\b(?:change|changes|difference|gain|gained|growth|delta|diff)\b", re.IGNORECASE)


def change_of(question: str, outcome: str, columns: Sequence[Column]) -> str:
    """The column of the change where the question speaks of gaining or losing and `outcome` is only the level of it."""
    chosen = next((c for c in columns if c.name == outcome), None)
    if chosen is None or not _GAIN.search(question) or _CHANGE.search(timing.told(chosen)):
        return outcome
    own = timing.stems(outcome)
    better = [c.name for c in columns if _CHANGE.search(timing.told(c)) and own and own == timing.stems(c.name)]
    return better[0] if len(better) == 1 else outcome


def target(question: str, who: str, treatment: Column) -> str:
    """Whom an effect is asked for: the model's word, held against "among those who …" in the question."""
    if (found := _WHO.search(question)) and match.mentioned(found["clause"], treatment) >= 0.5:
        return "untreated" if _NOT_DONE.search(found["clause"]) else "treated"
    return who if who == "everyone" or _SOME.search(question) else "everyone"


def far_better(question: str, fields: Mapping[str, Any], role: str, columns: Sequence[Column]) -> str | None:
    """A column that the question plainly names where the one chosen for `role` shares no word with it."""
    chosen = fields.get(role)
    taken = {fields.get(r) for r in ("treatment", "outcome", "by") if r != role}
    cause, effect = offline.parts(question)
    if chosen is None or cause == effect:
        return None
    column = next(c for c in columns if c.name == chosen)
    text = cause if role == "treatment" else effect
    named = any(match.alike(w, n) for w in match.words(question) for n in match.words(chosen))
    if named or match.mentioned(text, column) > 0:
        return None
    ranked = [(n, s) for n, s in match.rank(text, columns) if n not in taken]
    if not ranked or ranked[0][0] == chosen or ranked[0][1] < 0.6:
        return None
    if len(ranked) > 1 and ranked[1][1] > 0.6 * ranked[0][1]:
        return None
    return ranked[0][0]


def by_level(question: str, fields: Mapping[str, Any], columns: Sequence[Column]) -> str | None:
    """The one column with a level that the question names in so many words ("does PLACEBO…"), where the column chosen
    for the treatment has neither its name nor a level there."""
    # "in the north", "among patients on X" say where or who, not what is compared
    place = r"\b(?:in|for|among|amongst|at|from|of|on|within)\s+(?:(?:the|a|an|all|our|those)\s+)?\w+"
    asked = set(match.split(re.sub(place, " ", question, flags=re.IGNORECASE)))
    spoken = {}
    for column in columns:
        levels = (
            [str(lv.value) for lv in column.levels if isinstance(lv.value, str)] if column.kind == "category" else []
        )
        spoken[column.name] = [v for v in levels if (w := match.split(v)) and max(map(len, w)) > 4 and set(w) <= asked]
    chosen = fields.get("treatment")
    if chosen is None or spoken.get(chosen) or set(match.split(chosen)) <= set(match.split(question)):
        return None
    found = [
        name for name, levels in spoken.items() if levels and name not in (fields.get("outcome"), fields.get("by"))
    ]
    return found[0] if len(found) == 1 else None


def event(question: str, outcome: Column) -> str | None:
    """The level of a text outcome that counts as the event: spelled as a yes ("1_yes"), or the only one in the question."""
    if outcome.kind != "category":
        return None
    levels = [str(lv.value) for lv in outcome.levels if isinstance(lv.value, str)]
    said = {level: set(match.split(level)) for level in levels}
    yes = [level for level, words in said.items() if "yes" in words]
    if len(levels) == 2 and len(yes) == 1 and any("no" in words for words in said.values()):
        return yes[0]
    asked = set(match.split(question))
    named = [level for level, words in said.items() if words and words <= asked]
    return named[0] if len(named) == 1 else None


def where(question: str, only: Only | None, named: Mapping[str, Column], fields: Mapping[str, Any]) -> str | None:
    """The filter as text, where the question plainly speaks of it; else None."""
    if only is None or only.column not in named:
        return None
    if only.column in (fields.get("treatment"), fields.get("outcome"), fields.get("by")):
        return None
    column = named[only.column]
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
    text = f"{_quote(column.name)} {only.op} {_literal(value)}"
    from ..errors import CausalError
    from ..filter import parse_filter

    try:
        parse_filter(text, list(named))
    except CausalError:
        return None
    return text


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


def _quote(name: str) -> str:
    return (
        name
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and "__" not in name
        else "`" + name.replace("`", "``") + "`"
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"' + str(value).replace('"', '""') + '"'


def one_row(question: str, profile: Profile) -> int | str | None:
    """The row that a counterfactual is about: `id column == number`, where the question names both."""
    found = re.search(r"\b([a-z]+)\s+(?:number\s+|no\.?\s*|#\s*)?(\d{1,12})\b", question, re.IGNORECASE)
    if not found:
        return None
    ids = [c for c in profile.columns if c.id_like]
    best = [c for c in ids if match.mentioned(found[1], c) > 0.5] or (ids if len(ids) == 1 else [])
    return f"{_quote(best[0].name)} == {int(found[2])}" if best else None


def design(question: str, fields: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """The design that the question itself claims, in so many words, or the treatment's description. Either stays
    a claim that nobody has confirmed (`model` for the reading of the question, `data` for the description). A model's opinion is not asked."""
    if found := _INSTRUMENT.search(question):
        free = [c for c in columns if c.name not in (fields.get("treatment"), fields.get("outcome"))]
        best = match.rank(found["a"] or found["b"] or "", free).leader()
        if best:
            return {"design": {"kind": "instrument", "instruments": [best]}, "sources": {"design": "model"}}
    if _RANDOM.search(question) and not _NOT_RANDOM.search(question):
        return {"design": {"kind": "randomised"}, "sources": {"design": "model"}}
    told = next((c.description or "" for c in columns if c.name == fields.get("treatment")), "")
    if _RANDOM.search(told) and not _NOT_RANDOM.search(told) and not _NOT_RANDOM.search(question):
        return {"design": {"kind": "randomised"}, "sources": {"design": "data"}}
    return {}


def contrast(question: str, column: Column) -> dict[str, Any]:
    """The two values to compare, where the question names them; a lone named level is `treated`."""
    if column.kind in ("number", "count"):
        return _from_to(question, column)
    if column.kind != "category":
        return {}
    texts = {str(level.value): level.value for level in column.levels}
    hits = sorted((place, t) for t in texts if (place := _place(question, t)) >= 0)
    hits = [(p, t) for p, t in hits if not any(t != o and t.casefold() in o.casefold() for _, o in hits)]
    values = [texts[t] for _, t in hits]
    if len(values) == 2:
        first, second = values
        if re.search(r"\bfrom\b", question[: hits[0][0]][-12:], re.IGNORECASE):
            first, second = second, first
        return {"treated": first, "control": second}
    if len(values) > 2:
        return {}
    if len(texts) == 2:
        pair = list(texts.values())
        if values:
            return {"treated": values[0], "control": next(v for v in pair if v != values[0])}
        control = [v for v in pair if _CONTROL_WORDS & set(match.split(str(v)))]
        if len(control) == 1:
            return {"treated": next(v for v in pair if v != control[0]), "control": control[0]}
        return {}
    control = [v for v in texts.values() if _CONTROL_WORDS & set(match.split(str(v)))]
    if values:
        return {"treated": values[0], "control": control[0] if len(control) == 1 and control[0] != values[0] else None}
    return {}


def _place(question: str, level: str) -> int:
    key = r"[\W_]+".join(re.escape(w) for w in re.findall(r"[^\W_]+", level.casefold()))
    found = re.search(rf"(?<![\w-]){key}(?![\w])", question.casefold()) if key else None
    return found.start() if found else -1


def _from_to(question: str, column: Column) -> dict[str, Any]:
    found = _FROM_TO.search(question)
    if not found or column.minimum is None or column.maximum is None:
        return {}
    values = [_number(found[k].replace(",", ".")) for k in ("a", "b")]
    inside = all(v is not None and column.minimum <= v <= column.maximum for v in values)
    if not inside or values[0] == values[1]:
        return {}
    return {"control": values[0], "treated": values[1]}


def scale(question: str) -> dict[str, Any]:
    """The scale that the question asks for in so many words."""
    return next(({"scale": name} for pattern, name in _SCALES if pattern.search(question)), {})


def spoken(question: str, column: Column) -> str | None:
    """The asker's own words for the treatment, where they plainly mean all of `column` and nothing else."""
    cause, effect = offline.parts(question)
    if cause == effect:
        return None
    text = re.sub(
        r"^\W*(?:(?:does|do|did|will|would|can|could|may|might|is|are|has|have)\b\s*)+", "", cause.strip(), flags=re.I
    )
    text = text.strip(" ,.?!'\"")
    asked, told = match.words(text), match.words(gist(column.description) or "")[:6] or match.words(column.name)
    if text.casefold() == column.name.casefold():
        return None
    if not 0 < len(text) <= 60 or not asked or _NOT_DONE.search(text) or offline.causal(text):
        return None
    covered = [any(match.alike(a, t) >= 0.8 for a in asked) for t in told]
    meant = [
        any(match.alike(a, t) >= 0.8 for t in match.words(f"{column.name} {column.description or ''}")) for a in asked
    ]
    return text if told and sum(covered) >= 0.7 * len(told) and all(meant) else None


_CODES = re.compile(r"\b\d+\s*[=:]\s*[^\W\d]")
_CODED = re.compile(r"\bcoded\b|\bcodes?\b(?! of conduct)", re.IGNORECASE)
MOST_CODES = 20


def coded(profile: Profile, fields: Mapping[str, Any]) -> list[str]:
    """Number columns whose description lists codes (1 = …, 2 = …, 3 = …): categories, to be held fixed as such."""
    out = []
    for column in profile.columns:
        if column.name in (fields.get("treatment"), fields.get("outcome")) or column.kind not in ("number", "count"):
            continue
        text = column.description or ""
        if 3 <= column.distinct <= MOST_CODES and (len(_CODES.findall(text)) >= 3 or _CODED.search(text)):
            out.append(column.name)
    return out
