"""Was a column that is held fixed recorded after the treatment? Judged by its name and description, and theirs.

Holding fixed what came after the treatment hides part of its effect, or makes a link where there is none (Rosenbaum 1984;
Elwert & Winship 2014). Only what is *said* counts here: two years, a wave with an earlier one beside it, or words such as "at
the follow-up". What is settled at birth never counts, and where nothing is said nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis import Diagnosis
from ..wording import join, safe
from ..years import baseline, known_suffixes, years_of

if TYPE_CHECKING:
    from ..profile import Column, Profile
    from ..query import Query

# Repeated rows of one unit, or a choice of periods: a year in a name says little about which row came first.
OVER_TIME = ("differences", "panel", "synthetic_control")

_SETTLED = re.compile(
    r"\b(?:age|sex|gender|female|male|race|ethnic\w*|black|white|hispanic|birth\w*|born|nationality)\b", re.IGNORECASE
)
_EARLIER = re.compile(
    r"\b(?:before|baseline|prior|previous|previously|earlier|pre|past|initial|initially|lagged|lag|history|until then)\b"
    r"|\bat (?:the )?(?:start|beginning|outset|admission|entry|enrol\w*|intake|birth)\b",
    re.IGNORECASE,
)
_WHAT = (
    r"(?:treatment|intervention|programme|program|randomi[sz]ation|assignment|therapy|training|campaign|trial|study"
    r"|vaccination|surgery|operation|start|follow-?\s?up)"
)
_LATER = re.compile(
    rf"\b(?:after|since|following|during|at the end of|on leaving)\s+(?:the\s+|this\s+|their\s+|his\s+|her\s+)?{_WHAT}\b"
    r"|\b(?:at|by|in)\s+(?:the\s+)?(?:\w+\s+)?(?:follow-?\s?up|endline|discharge|exit interview|last visit|final visit)\b"
    r"|\b(?:\w+|\d+)\s+(?:days?|weeks?|months?|years?)\s+(?:later|on)\b(?!\s+the)"
    rf"|\bafter\s+(?:\w+|\d+)\s+(?:days?|weeks?|months?|years?)(?=\s*(?:$|[,.;:)])|\s+of\s+(?:the\s+)?{_WHAT}\b)",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\b(?:at|by)\s+the\s+end\s+of\s+(?:the\s+)?\w+", re.IGNORECASE)
_LAST = frozenset("post after followup endline end final exit fu".split())
_FIRST = frozenset("pre before baseline base start initial bl".split())
_WAVE = re.compile(r"^(?:t|w|wave|visit|round|time)_?(\d{1,2})$")


@dataclass(frozen=True)
class Late:
    """A column and how one can tell that it was recorded after the treatment, read as: `column` `how`."""

    column: str
    how: str


def late(query: Query, profile: Profile, held: Sequence[str]) -> Diagnosis | None:
    """A warning that names the columns of `held` that were recorded after the treatment; None where nothing says so."""
    if query.design.kind in OVER_TIME or query.treatment is None or query.outcome is None:
        return None
    found = late_columns(profile, str(query.treatment), str(query.outcome), held)
    if not found:
        return None
    names = [f.column for f in found]
    told = "; ".join(f"{safe(f.column)} {f.how}" for f in found[:3])
    them = "it" if len(names) == 1 else "them"
    return Diagnosis(
        name="late",
        status="warning",
        finding=f"{told}: holding {them} fixed can hide part of the effect, or make one up",
        figures={"columns": join(names[:8])},
    )


def late_columns(profile: Profile, treatment: str, outcome: str, held: Sequence[str]) -> list[Late]:
    """The columns of `held` that were recorded after `treatment`, as far as names and descriptions say, in order."""
    columns = list(profile.columns)
    known = {c.name: c for c in columns}
    if treatment not in known or outcome not in known:
        return []
    told = known_suffixes(columns)
    out = []
    for name in dict.fromkeys(held):
        if name in known and name not in (treatment, outcome):
            how = (
                _by_year(known[name], known[treatment], known[outcome], told)
                or _by_words(known[name], known[treatment])
                or _by_ending(known[name], known[treatment], known[outcome])
                or _by_wave(name, treatment, outcome, list(known))
            )
            if how:
                out.append(Late(name, how))
    return out


_AT_BIRTH = re.compile(
    r"\b(?:sex|gender|female|male|race|ethnic(?:ity|\s+group)?|nationality|birth\s*(?:year|place)|(?:year|place)\s+of\s+birth|born)\b"
    r"|^age\s*(?:(?:in\s+)?(?:years?|yrs?|\d+)|gr(?:ou)?ps?|bands?|cat(?:egory)?|class|range|bracket)?$",
    re.IGNORECASE,
)


def settled_at_birth(column: Column) -> bool:
    """Whether the name says that nothing in later life changes it: sex, ancestry, age, where and when somebody was born."""
    return bool(_AT_BIRTH.search(" ".join(re.findall(r"[^\W_]+", column.name))))


def recorded_after(profile: Profile, cause: str, effect: str, treatment: str, outcome: str) -> str:
    """How one can tell that `cause` was recorded after `effect`, read as: `cause` `how`; empty where nothing says so."""
    if effect == treatment and cause != outcome:
        found = late_columns(profile, treatment, outcome, [cause])
        return found[0].how if found else ""
    told = known_suffixes(list(profile.columns))
    one, other = profile.column(cause), profile.column(effect)
    own, before = years_of(one, told), years_of(other, told)
    if not own or not before or min(own) <= max(before) or _SETTLED.search(_told(one)):
        return ""
    return f"was recorded in {min(own)}, after {safe(effect)} ({max(before)})"


def _by_year(column: Column, treatment: Column, outcome: Column, suffixes: frozenset[int]) -> str:
    own, of_treatment = years_of(column, suffixes), years_of(treatment, suffixes)
    start, end = baseline(treatment, outcome, suffixes)
    if not own or _SETTLED.search(_told(column)):
        return ""
    last = max(own)
    if start is not None and last > start and last >= max(of_treatment or {start}):
        since = f"({start})" if of_treatment == {start} else f"(from {start} on)"
        return f"was recorded in {last}, after {safe(treatment.name)} {since}"
    if start is None and end is not None and last > end:
        return f"was recorded in {last}, after {safe(outcome.name)} ({end})"
    return ""


def early_outcome(query: Query, profile: Profile) -> Diagnosis | None:
    """A warning where names or descriptions say that the outcome was recorded before the treatment; None where nothing says so."""
    if query.design.kind in OVER_TIME or query.treatment is None or query.outcome is None:
        return None
    names = profile.names()
    if query.treatment not in names or query.outcome not in names:
        return None
    treatment, outcome = profile.column(str(query.treatment)), profile.column(str(query.outcome))
    told = known_suffixes(list(profile.columns))
    own, begun = years_of(outcome, told), years_of(treatment, told)
    how = ""
    if own and begun and max(own) < min(begun) and not _SETTLED.search(_told(treatment)):
        how = f"was recorded in {max(own)}, before {safe(treatment.name)} ({min(begun)})"
    elif not _LATER.search(outcome.description or ""):
        before = next((m for m in _BEFORE.finditer(outcome.description or "") if _means(m["what"], treatment)), None)
        how = (
            f"was recorded before {safe(treatment.name)} (its description says “{safe(before[0], 60).lower()}”)"
            if before
            else ""
        )
    if not how:
        return None
    finding = f"{safe(outcome.name)} {how}: what came later cannot have changed it"
    return Diagnosis(name="early_outcome", status="warning", finding=finding, figures={"column": outcome.name})


_ARTICLES = r"(?:(?:the|this|their|his|her|taking|starting|getting|receiving|beginning|start of|end of)\s+){0,3}"
_BEFORE = re.compile(rf"\b(?:before|prior to|ahead of)\s+{_ARTICLES}(?P<what>[^\W\d_]{{4,}})", re.IGNORECASE)
_AFTER = re.compile(rf"\b(?:after|since|following)\s+{_ARTICLES}(?P<what>[^\W\d_]{{4,}})", re.IGNORECASE)


def _means(word: str, column: Column) -> bool:
    """Is `word` one of those that name a column, whatever its ending ("schooling", "years of school")?"""
    root = word.casefold()[:5]
    head = re.split(r"[(;:,]", column.description or "", maxsplit=1)[0]
    return any(w.casefold()[:5] == root for w in re.findall(r"[^\W\d_]{4,}", f"{column.name.replace('_', ' ')} {head}"))


def _by_words(column: Column, treatment: Column) -> str:
    """What the description says, where it says nothing of an earlier time and the treatment is not told of in the same way."""
    text = column.description or ""
    found = _LATER.search(text) or next((m for m in _AFTER.finditer(text) if _means(m["what"], treatment)), None)
    if found is None or _EARLIER.search(text) or _LATER.search(treatment.description or ""):
        return ""
    return f"was recorded after {safe(treatment.name)} (its description says “{safe(found[0], 60).lower()}”)"


def _by_ending(column: Column, treatment: Column, outcome: Column) -> str:
    """Recorded together with the outcome, at the end of the same thing."""
    own, last = (_ENDING.search(c.description or "") for c in (column, outcome))
    if own is None or last is None or own[0].casefold() != last[0].casefold():
        return ""
    mine, theirs = (years_of(c, frozenset()) for c in (column, outcome))
    if mine and theirs and max(mine) < min(theirs):
        return ""  # the end of an earlier year
    if _ENDING.search(treatment.description or "") or _EARLIER.search(column.description or ""):
        return ""
    return f"was recorded with {safe(outcome.name)} (both “{safe(own[0], 60).lower()}”)"


def _by_wave(name: str, treatment: str, outcome: str, names: Sequence[str]) -> str:
    """What the name says, where a column of the same stem has an earlier time: mood_t2 beside mood_t1, score_post beside
    score_pre. The time has to be later than the treatment's own, or where it has none, that of the outcome or a `post`."""
    stem, wave = _split(name)
    if wave is None:
        return ""
    others = [n for n in names if n != name and _split(n)[0] == stem and _split(n)[1] is not None]
    before = [n for n in others if (_split(n)[1] or 0) < wave]
    if not before:
        return ""
    of_treatment, of_outcome = _split(treatment)[1], _split(outcome)[1]
    if of_treatment is not None:
        late = wave > of_treatment
    else:
        late = wave == END or (of_outcome is not None and wave >= of_outcome)
    return f"has the later time in its name ({safe(before[0])} is the earlier one)" if late else ""


END = 10**6


def _split(name: str) -> tuple[str, int | None]:
    """A name without its time, and the time: ("mood", 2) of mood_t2, ("score", END) of post_score, ("score", 0) of pre_score."""
    words = [w for w in re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()) if w]
    for place in (len(words) - 1, 0):
        if len(words) < 2:
            break
        word, rest = words[place], "_".join(words[:place] + words[place + 1 :])
        if word in _LAST:
            return rest, END
        if word in _FIRST:
            return rest, 0
        if wave := _WAVE.match(word):
            return rest, int(wave[1])
    return name.casefold(), None


def _told(column: Column) -> str:
    words = " ".join(re.findall(r"[^\W_]+", column.name))
    return f"{words}. {column.description or ''}"
