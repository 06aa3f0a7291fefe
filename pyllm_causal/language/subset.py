"""Which rows does the question speak of? "among women over 40", "in Japan", "at night": conditions, found by rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..polarity import no_and_yes, told
from ..profile import as_yes_no
from . import lexicon, match

if TYPE_CHECKING:
    from ..profile import Column, Value


@dataclass(frozen=True)
class Condition:
    """One condition and the part of the question that says it. `sure` is False where the word may mean something else."""

    column: str
    op: str
    value: bool | int | float | str
    start: int
    end: int
    sure: bool = True


_ABOVE, _BELOW = (
    r"over|above|older than|more than|greater than|higher than|beyond",
    r"under|below|younger than|less than|fewer than|lower than",
)
_BOUND = re.compile(
    rf"\b(?:aged?\s+)?(?P<op>{_ABOVE}|{_BELOW}|at least|at most|up to|no more than|no less than|aged?(?: of)?|exactly)\s+(?:the age of\s+)?"
    r"(?P<n>-?\d+(?:[.,]\d+)?)(?!\d|[.,]\d)(?!\s*(?:%|per ?cent|points?\b|(?:to|-|–)\s*\d))(?:\s*(?P<tail>years?(?: of age| old)?))?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\b(?P<n>-?\d+(?:[.,]\d+)?)\s*(?P<tail>years?(?: of age| old)?\s*)?(?:and|or)\s+"
    r"(?P<op>older|over|more|above|higher|younger|less|under|below|fewer)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:(?:aged?\s+)?between\s+(?P<a>-?\d+(?:[.,]\d+)?)\s+and|(?:aged?|ages|the ages? of)\s+(?:of\s+|from\s+)?(?P<c>\d+(?:[.,]\d+)?)\s*(?:to|-|–))"
    r"\s*(?P<b>-?\d+(?:[.,]\d+)?)(?P<tail>\s*years?(?: old)?)?",
    re.IGNORECASE,
)
# "by at least 5 kg" is a size of an effect, not a condition
_SIZE = re.compile(
    r"\b(?:by|of|difference|change|effect|improvement|gain|worth|matters?)\W+(?:\w+\W+){0,2}$", re.IGNORECASE
)
_AGE = re.compile(r"\bage[ds]?\b|\bold(?:er)?\b|\byoung(?:er)?\b|\balter\b|\bedad\b|\bâge\b", re.IGNORECASE)
_FEMALE = re.compile(r"\b(?:women|woman|females?|girls?|frauen|mädchen|femmes|filles|mujeres|niñas)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(?:men|man|males?|boys?|männern?|jungen|hommes|garçons|hombres|niños)\b", re.IGNORECASE)
_SEX = frozenset("sex gender female male woman man women men girl boy geschlecht sexe sexo weiblich männlich".split())
_FEMALE_LEVEL = frozenset("female f w woman women girl weiblich femme mujer fille".split())
_MALE_LEVEL = frozenset("male m man men boy männlich homme hombre garçon".split())
_PLACE = re.compile(
    r"\b(?P<prep>among|amongst|in|at|for|without|within|only)\s+"
    r"(?:the\s+|those\s+|only\s+|all\s+|our\s+|people\s+|cases\s+)*(?P<x>[^\W\d_]+(?:[ -][^\W\d_]+)?)",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:in|on|at|for|among|amongst|within|with|without)\b[^,?]{3,80},", re.IGNORECASE)
_BUT = re.compile(
    r"\b(?:except(?:ing)?(?: for)?|excluding|exclude|ignoring|ignore|omitting|omit|disregarding|outside|other than|apart from|aside from"
    r"|leav(?:ing|e) out|not|without|nobody|no one)\s+(?:(?:for|in|of|at|from|on|the|a|an|those|all|any|anyone|everyone|are|is|were|was|who"
    rf"|{'|'.join(sorted(lexicon.FOLK))})\s+){{0,4}}$",
    re.IGNORECASE,
)
_CONVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_CODED = re.compile(r"(?<![\w.])(\d+)\s*(?:=|:|for|means|is|if)\s*([^;,()=:\d]+)")
# Words for one side of a trait: the trait's own name does not tell which of its two codes they are.
_SIDES = frozenset(
    """women woman female females girl girls men man male males boy boys black white hispanic asian old older elderly young younger
    employed unemployed married single divorced urban rural alive dead rich poor""".split()
)
_NOT = re.compile(r"^(?:non|not|un)[- ]?", re.IGNORECASE)


def conditions(question: str, columns: Sequence[Column], taken: Collection[str] = ()) -> list[Condition]:
    """Every condition on a column that is not `taken` for something else, in the order of the question."""
    free = [c for c in columns if c.name not in taken]
    found = [*_numbers(question, free), *_levels(question, free), *_sexes(question, free)]
    used = {c.column for c in found}
    found += _yes_no(question, [c for c in free if c.name not in used])
    return sorted(found, key=lambda c: (c.start, c.column, c.op))


def text(found: Iterable[Condition]) -> str | None:
    """The conditions in the grammar of `where`; None where there is none."""
    parts = dict.fromkeys(f"{quoted(c.column)} {c.op} {literal(c.value)}" for c in found)
    return " and ".join(parts) or None


def quoted(name: str) -> str:
    """A column name as the filter grammar wants it."""
    return (
        name
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and "__" not in name
        else "`" + name.replace("`", "``") + "`"
    )


def literal(value: Any) -> str:
    """A value as the filter grammar wants it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"' + str(value).replace('"', '""') + '"'


def number(said: str) -> int | float:
    """The number that a text spells; whole ones as int."""
    value = float(said.replace(",", "."))
    return int(value) if value.is_integer() else value


def _numbers(question: str, columns: Sequence[Column]) -> list[Condition]:
    out: list[Condition] = []
    numeric = [c for c in columns if c.kind in ("number", "count") and c.minimum is not None]
    for m in _BETWEEN.finditer(question):
        low, high = sorted((number(m["a"] or m["c"]), number(m["b"])))
        if _BUT.search(question[: m.start()]):
            continue  # "not between" is two ranges: no condition of this grammar
        if (column := _measured(question, m.start(), m.end(), numeric, low)) and not column.time_like:
            out += [
                Condition(column.name, ">=", low, m.start(), m.end()),
                Condition(column.name, "<=", high, m.start(), m.end()),
            ]
    for pattern in (_BOUND, _AFTER):
        for m in pattern.finditer(question):
            if any(m.start() < c.end and c.start < m.end() for c in out) or _SIZE.search(question[: m.start()]):
                continue
            value = number(m["n"])
            column = _measured(question, m.start(), m.end(), numeric, value)
            if column is None or column.time_like:
                continue
            op = _operator(m["op"].casefold(), pattern is _AFTER)
            out.append(_but(question, Condition(column.name, op, value, m.start(), m.end())))
    return out


def _but(question: str, said: Condition) -> Condition:
    """The condition, turned round where the words just before leave it out ("except in the north", "not over 60")."""
    found = _BUT.search(question[: said.start])
    return said if found is None else replace(said, op=_CONVERSE[said.op], start=found.start())


def _operator(said: str, inclusive: bool) -> str:
    if re.match(rf"(?:{_BELOW}|younger|less|fewer)", said):
        return "<=" if inclusive else "<"
    if said in ("at most", "up to", "no more than"):
        return "<="
    if said.startswith("age") or said == "exactly":
        return "=="
    if said in ("at least", "no less than") or inclusive:
        return ">="
    return ">"


def _measured(question: str, start: int, end: int, columns: Sequence[Column], value: float) -> Column | None:
    """The column that a number is about: ages where the words say so, else the one named just before or after it."""
    clause = re.split(r"[,;.?]|\b(?:does|do|did|what|how)\b", question[:start])[-1][-60:]
    after = re.split(r"[,;.?]|\b(?:does|do|did|what|how|and)\b", question[end : end + 30])[0]
    said = question[start:end]
    fitting = [
        c for c in columns if c.minimum is not None and c.maximum is not None and c.minimum <= value <= c.maximum
    ]
    spoken = " ".join(clause.split()[-4:])
    ages = [c for c in fitting if _AGE.search(re.sub(r"[\W_]+", " ", f"{c.name} {match.gist_of(c)}"))]
    old = _AGE.search(said) or "old" in said.casefold() or "year" in said.casefold() or _AGE.search(spoken)
    text = f"{spoken} {after}"
    best = match.rank(text, fitting).leader(least=0.4, lead=1.25)
    named = next((c for c in fitting if c.name == best), None)
    if not old and named is not None and any(match.accounts(w, named) >= 0.8 for w in lexicon.words(text)):
        return named
    who = [
        w
        for w in re.findall(r"[^\W\d_]+", spoken.casefold())[-1:]
        if w in lexicon.FOLK or _FEMALE.fullmatch(w) or _MALE.fullmatch(w)
    ]
    if old or who:
        if len(ages) > 1:
            exact = [c for c in ages if c.name.casefold() in ("age", "alter", "edad")]
            return exact[0] if len(exact) == 1 else None
        return ages[0] if ages and 0 < value < 120 else None
    return None


def _levels(question: str, columns: Sequence[Column]) -> list[Condition]:
    out = []
    for column in columns:
        if column.kind != "category":
            continue
        hits = []
        for level in column.levels:
            if not isinstance(level.value, str) or len(level.value) < 3:
                continue
            key = lexicon.pattern_of(level.value)
            if key and not (_FEMALE.fullmatch(level.value) or _MALE.fullmatch(level.value)):
                hits += [
                    (m.start(), m.end(), level.value)
                    for m in re.finditer(rf"(?<![\w-]){key}(?:s|y|es)?(?!\w)", question, re.IGNORECASE)
                ]
        values = {value for _, _, value in hits}
        if len(values) == 1:
            out += [_but(question, Condition(column.name, "==", value, start, end)) for start, end, value in hits]
    return out


def _sexes(question: str, columns: Sequence[Column]) -> list[Condition]:
    women, men = _FEMALE.search(question), _MALE.search(question)
    if bool(women) == bool(men):
        return []
    found = women or men
    assert found is not None
    for column in columns:
        spoken = set(lexicon.split(f"{column.name} {column.description or ''}"))
        if not spoken & _SEX:
            continue
        value = _sex_value(column, bool(women), set(lexicon.split(column.name)))
        if value is not None:
            return [_but(question, Condition(column.name, "==", value, found.start(), found.end()))]
    return []


def untold(question: str, columns: Sequence[Column], used: Collection[str | None]) -> str | None:
    """A word for one sex of which nothing in the reading speaks, although the table has a column of sexes; None without one."""
    women, men = _FEMALE.search(question), _MALE.search(question)
    found = women or men
    if found is None or (women and men):
        return None
    sexed = [c.name for c in columns if set(lexicon.split(f"{c.name} {c.description or ''}")) & _SEX]
    return found[0] if sexed and not any(name in used for name in sexed) else None


def _sex_value(column: Column, women: bool, name: set[str]) -> bool | int | float | str | None:
    wanted = _FEMALE_LEVEL if women else _MALE_LEVEL
    named = [lv.value for lv in column.levels if isinstance(lv.value, str) and lv.value.casefold() in wanted]
    if len(named) == 1:
        return named[0]
    coded_so = told(column)
    meant = [lv.value for lv in column.levels if set(lexicon.split(coded_so.get(str(lv.value), ""))) & wanted]
    if len(coded_so) == 2 and len(meant) == 1:
        return meant[0]
    if column.kind != "yes_no":
        return None
    said = (column.description or "").casefold()
    if coded := re.search(rf"\b([01])\s*[:=]?\s*(?:{'|'.join(wanted)})\b", said):
        return next((lv.value for lv in column.levels if as_yes_no(lv.value) is (coded[1] == "1")), None)
    one = {"female", "woman", "girl", "women"} if women else {"male", "man", "boy", "men"}
    other = {"female", "woman", "girl", "women", "male", "man", "boy", "men"} - one
    if name & one or re.search(rf"\b1\s*(?:if|=|:)\s*(?:{'|'.join(one)})", said):
        return next((lv.value for lv in column.levels if as_yes_no(lv.value) is True), None)
    if name & other or re.search(rf"\b1\s*(?:if|=|:)\s*(?:{'|'.join(other)})", said):
        return next((lv.value for lv in column.levels if as_yes_no(lv.value) is False), None)
    return None


def _side(column: Column, words: Sequence[str], levels: Sequence[Value | None]) -> Value | None:
    """Which of `levels` (no, yes) is meant by words that name one side of a trait ("women" of a gender, "white" of a race).

    Only where its name or its description says which side that is: a 1 in a column called gender may be either. Of several codes
    whose meanings hold the word, the one that begins with it ("1 = not black but white, 2 = black").
    """
    known = set(lexicon.split(f"{column.name} {match.gist_of(column)}"))
    for word in words:
        told = [
            (c, w) for c, meaning in _CODED.findall(column.description or "") if word in (w := lexicon.split(meaning))
        ]
        codes = {c for c, w in told if len(told) == 1 or w[0] == word}
        if len(codes) == 1:
            return next((v for v in levels if v is not None and str(v) in codes), None)
        if not any(lexicon.stem(word) == lexicon.stem(t) for t in known):
            return None
    return levels[True]


def _yes_no(question: str, columns: Sequence[Column]) -> list[Condition]:
    out: list[Condition] = []
    flags = [c for c in columns if c.kind == "yes_no" or no_and_yes(c)]
    before = len(lead[0]) if (lead := _LEAD.match(question)) else 0
    for m in _PLACE.finditer(question):
        said = [w for w in lexicon.words(_NOT.sub("", m["x"])) if w not in lexicon.FOLK and w not in lexicon.MEASURES]
        fitting: list[Column] = []
        for some in (said, said[:1]):  # "organic hives" by both words, else by the first
            if some and not fitting:
                meant = [c for c in columns if all(match.accounts(w, c) >= 0.8 for w in some)]
                fitting = meant if len(meant) == 1 and meant[0] in flags else []
        if not fitting:
            continue
        no = m["prep"].casefold() == "without" or bool(_NOT.match(m["x"]))
        levels = no_and_yes(fitting[0]) or tuple(
            next((v.value for v in fitting[0].levels if as_yes_no(v.value) is b), None) for b in (False, True)
        )
        value = _side(fitting[0], [w for w in said if w in _SIDES], levels)
        if no and value is not None:
            value = next((v for v in levels if v != value), None)
        if value is not None and fitting[0].name not in {c.column for c in out}:
            plain = m["prep"].casefold() in ("among", "amongst", "without", "only") or m.end() <= before
            out.append(Condition(fitting[0].name, "==", value, m.start(), m.end(), sure=plain))
    return out
