"""What an answer says, in the form in which sentences are held against it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from ..analysis import Answer, Effect
from ..language.lexicon import stem
from ..language.vocabulary import PLAIN
from ..wording import alike, excludes_null, gist, null_of, safe
from . import words
from .causes import Several
from .links import Links
from .sentence import Claim, Sentence
from .term import WORD, Term

_LITTLE = re.compile(r"\blittle or no difference\b")


@dataclass(frozen=True)
class Known:
    """status, level: of the answer. direction: up, down, none (little or no difference), some where the answer names none, or None
    where it cannot be told.

    right: what would be right to say. figure: the effect with its margin, in words; empty where there is none.
    names: of columns and levels, longest first, which are not read as words.
    """

    status: str
    level: str | None
    direction: str | None
    treatment: Term
    outcome: Term
    control: str
    population: str | None
    target: str
    narrow: bool
    grouped: bool
    apart: bool  # the groups differ clearly
    filtered: bool
    said: str
    right: str
    figure: str
    names: tuple[str, ...]
    several: Several = field(default_factory=Several)
    links: Links | None = None  # of a search for links
    would: bool = False  # about what did not happen
    doubt: str = ""  # why nothing may be claimed, where that is another reason

    @classmethod
    def of(cls, answer: Answer) -> Known:
        """From an answer document."""
        query = answer.provenance.get("query")
        query = query if isinstance(query, dict) else {}
        treatment, outcome = _terms(query, answer)
        columns = answer.provenance.get("columns")
        columns = {k: str(v) for k, v in columns.items()} if isinstance(columns, dict) else {}
        several = Several.of(answer, columns)
        searched = query.get("kind") == "discovery" and answer.status == "answered"
        population = (answer.estimand.population if answer.estimand else "") or None
        figure = _figure(answer.effect)
        gap = getattr(answer.effect, "difference_between_groups", None)
        return cls(
            status=answer.status,
            level=answer.certainty.level if answer.certainty else None,
            direction=_direction(answer) if not searched and not several.signed else "some",
            treatment=treatment,
            outcome=outcome,
            control=str(query.get("control") or ""),
            population=population,
            target=str(query.get("target") or "everyone"),
            narrow=population is not None and (not population.startswith("everyone in the table") or bool(query.get("where"))),
            grouped=query.get("kind") == "effect_by_group",
            apart=gap is not None and excludes_null(gap),
            filtered=bool(query.get("where")),
            said=" ".join(str(v) for v in (query.get("question"), query.get("words"), answer.text, population) if v),
            right=" ".join(answer.headline.split()),
            figure=figure,
            names=_names(query, answer),
            several=several,
            links=Links.of(answer, columns) if searched else None,
            would=query.get("kind") == "counterfactual",
        )  # fmt: skip

    def about(self, s: Sentence) -> tuple[Known, Sentence]:
        """What the answer says of what a sentence means, where it speaks of several causes, and the sentence made ready for that."""
        return self.several.about(s, self)

    def touches(self, s: Sentence) -> bool:
        """Whether a sentence speaks of treatment or outcome at all, and is no background."""
        return self.treatment.inside(s.text) or self.outcome.inside(s.text)

    def considered(self, s: Sentence) -> Sentence:
        """A sentence without a "because" that joins other things than outcome and treatment, such as reasons for doubt."""

        def joins(claim: Claim) -> bool:
            cause, effect = s.sides(claim)
            return self.outcome.inside(effect) and self.treatment.inside(cause)

        return replace(s, claims=tuple(c for c in s.claims if c.text.lower() != "because" or joins(c)))

    def mentions(self, word: str) -> bool:
        """Whether the answer itself uses a word, or the name that tables have for it."""
        said = self.said.casefold()
        if any(w in word.casefold() for w in ("men", "girls", "boys", "male")) and re.search(
            r"\b(?:female|male|sex|gender)\b", said
        ):
            return True
        return {stem(w) for w in WORD.findall(word)} <= {stem(w) for w in WORD.findall(self.said)}

    def names_population(self, s: Sentence) -> bool:
        """Whether a sentence says whom the answer is about, by a word or two of its own."""
        own = {stem(w) for w in WORD.findall(self.population or "")} - {stem(w) for w in PLAIN}
        return bool(own & {stem(w) for w in WORD.findall(s.text)}) or bool(
            re.search(r"\b(?:those (?:who|whose|near)|near the cut-?off|compliers|the treated|once treated)\b", s.text)
        )

    def carries(self, s: Sentence, claim: Claim) -> bool:
        """Whether the certainty is enough for a claim as it is hedged."""
        if self.level == "high":
            return True
        if self.level == "moderate":
            return s.hedged(claim, weak=False) or s.hedged(claim, weak=True)
        return self.level == "low" and s.hedged(claim, weak=True) and s.too_likely(claim) is None

    def control_first(self, text: str) -> bool:
        """Whether the sentence begins with the level that the treatment is compared with."""
        name = self.control
        return (
            bool(name)
            and not name.isdigit()
            and re.match(rf"(?:\W|\w+\W+){{0,4}}{re.escape(name)}\b", text) is not None
        )


def _direction(answer: Answer) -> str | None:
    effect = answer.effect
    if effect is None or answer.status != "answered":
        return None
    if _LITTLE.search(answer.headline):
        return "none"
    gap = getattr(effect, "indirect", None) or effect
    if not excludes_null(gap):
        return None
    return "up" if gap.value > null_of(gap) else "down"


def _figure(effect: Effect | None) -> str:
    if effect is None:
        return ""
    factor, unit = (
        (100.0, " in 100") if effect.unit == "probability" else (1.0, f" {effect.unit}" if effect.unit else "")
    )
    if effect.scale in ("ratio", "odds_ratio", "rate_ratio", "hazard_ratio"):
        unit = " times"
    if effect.low is None or effect.high is None:
        return f"{alike([factor * effect.value])[0]}{unit}"
    value, low, high = alike([factor * v for v in (effect.value, effect.low, effect.high)])
    return f"{value}{unit} (somewhere between {low} and {high})"


def _terms(query: dict[str, Any], answer: Answer) -> tuple[Term, Term]:
    """Treatment and outcome with the words for them: the column's name, the asker's words, the table's dictionary."""
    spoken = query.get("words") if isinstance(query.get("words"), dict) else {}
    columns = answer.provenance.get("columns")
    columns = columns if isinstance(columns, dict) else {}
    before, after = _question(str(query.get("question") or ""))
    found = []
    for role, asked in (("treatment", before), ("outcome", after)):
        name = str(query.get(role) or (_changed(query) if role == "treatment" else "") or role)
        texts = [
            name.replace("_", " "),
            str((spoken or {}).get(role) or ""),
            gist(str(columns.get(name) or "")) or "",
            asked,
        ]
        event = query.get("outcome_event") if role == "outcome" else query.get("treated")
        texts.append(str(event or ""))
        stems = {stem(w) for t in texts for w in WORD.findall(t)} - {stem(w) for w in PLAIN}
        found.append((name, stems))
    shared = found[0][1] & found[1][1]
    return tuple(Term(name, frozenset(stems - shared)) for name, stems in found)  # type: ignore[return-value]


def _changed(query: dict[str, Any]) -> str:
    """The column that a question about what did not happen changes, where it is one."""
    changes = query.get("changes")
    return str(next(iter(changes))) if isinstance(changes, dict) and len(changes) == 1 else ""


def _question(text: str) -> tuple[str, str]:
    """What the asker's question names before and after its causal word."""
    hit = words.FORWARD.search(text)
    if hit is None:
        return "", ""
    return text[: hit.start()], text[hit.end() :]


def _names(query: dict[str, Any], answer: Answer) -> tuple[str, ...]:
    """Names that hold digits or signs, and `column = value` in all spellings of the text."""
    found: set[str] = set()
    columns = [str(v) for k, v in query.items() if k in ("treatment", "outcome", "by", "event") and isinstance(v, str)]
    held = query.get("adjust_for")
    columns += [str(v) for v in held] if isinstance(held, list) else []
    for column in columns:
        found |= {m[0] for m in re.finditer(rf"(?<!\w){re.escape(column)} = [\w.+\-]+(?<!\.)", answer.text)}
    arms = answer.sample.by_arm if answer.sample is not None else {}
    found |= {safe(a) for a in arms}
    for name in (*columns, *(str(query.get(k) or "") for k in ("treated", "control"))):
        if re.search(r"[\d_+]", name) and not re.fullmatch(r"[\d.,\-]+", name):
            found.add(name)
    return tuple(sorted(found, key=len, reverse=True))
