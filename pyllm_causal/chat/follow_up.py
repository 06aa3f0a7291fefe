"""What-ifs: the latest question on other rows, with another picture or on another scale, beside the answer before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..analysis import Answer
from ..errors import CausalError, QueryError
from ..filter import Condition, parse_filter
from ..language import match, subset
from ..query import Query
from ..wording import LEVEL_WORDS, count, safe
from . import explain
from .utterance import Change, WhatIf

if TYPE_CHECKING:
    from .conversation import Conversation

_CONVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_OTHERS = {
    "women": "men", "men": "women", "females": "males", "males": "females", "girls": "boys", "boys": "girls",
    "female": "male", "male": "female", "woman": "man", "man": "woman",
}  # fmt: skip


def _spelled(condition: Condition) -> str:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    told = ", ".join(subset.literal(int(v) if isinstance(v, float) and v.is_integer() else v) for v in values)
    told = f"({told})" if isinstance(condition.value, tuple) else told
    return f"{subset.quoted(condition.column)} {condition.op} {told}"


class FollowUp:
    """The what-ifs of one conversation."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def what_if(self, wish: WhatIf) -> None:
        """Answer a what-if. Raises `QueryError` and below."""
        query = self._talk.study.query_at_hand
        if query is None:
            raise QueryError("There is no answer yet to vary.", "Ask a question first.")
        if wish.changes:
            self._redrawn(wish.changes, query)
        elif wish.scale is not None:
            self._rescaled(wish, query)
        elif wish.rows or wish.where:
            self._some_rows(wish, query)
        elif wish.target is not None:
            changes: dict[str, Any] = {"target": wish.target} | ({"where": None} if wish.where == "" else {})
            self._said(
                self._answer(**changes), "For everyone" if wish.target == "everyone" else f"For the {wish.target}"
            )

    def _answer(self, query: Query, **changes: Any) -> Answer:
        """The answer to `query` with something changed, in passing."""
        answer: Answer = self._talk.work(lambda: self._talk.study.what_if(of=query, passing=True, **changes))
        return answer

    def _redrawn(self, changes: tuple[Change, ...], query: Query) -> None:
        """Another picture: is the answer the same?"""
        talk, before = self._talk, self._talk.study.at_hand
        graph = query.graph
        if graph is None:
            raise QueryError("This answer rests on no picture.", "Ask a question that has one.")
        found = talk.review.applied(changes, graph, query, lambda again: self._redrawn(again, query))
        if found is None or before is None:
            return
        if found.graph == graph:
            talk.screen.say(" ".join(found.done))
            return
        lead = {"drop": "Without that arrow", "flip": "With it turned round", "add": "With that arrow"}.get(
            changes[0].op, "With that hidden cause"
        )
        if len(changes) > 1 or (changes[0].op == "drop" and not changes[0].effects):
            lead = "With those changes"
        price = [line for line in talk.review.price(query, graph, found.graph) if not line.startswith("!")]
        after = self._answer(query, graph=found.graph)
        self._said(after, lead, explain.verdict(before.effect, after.effect))
        for line in price[:2]:
            talk.screen.say(line, "quiet")

    def _rescaled(self, wish: WhatIf, query: Query) -> None:
        if query.scale == wish.scale:
            self._talk.screen.say("It is told so already.")
            return
        answer = self._answer(query, scale=wish.scale)
        names = {"percent": "In percent", "ratio": "As a ratio", "odds_ratio": "As an odds ratio"}
        self._said(answer, names.get(str(wish.scale), "On that scale"))

    def _some_rows(self, wish: WhatIf, query: Query) -> None:
        """Some rows only, with the others beside them and whether the two differ."""
        where, phrase = self._where(wish, query), safe(wish.rows, 40)
        first = self._answer(query, where=where)
        named = (
            phrase[:1].upper() + phrase[1:]
            if phrase and not re.search(r"[=<>≥≤]", phrase)
            else f"Only {safe(where, 60)}"
        )
        self._said(first, named, quiet=True)
        rest = self._others(where, query)
        if rest is not None and first.effect is not None and rest.effect is not None:
            other = _OTHERS.get(phrase.casefold().split()[-1] if phrase else "", "everyone else")
            self._said(
                rest, other[:1].upper() + other[1:], explain.differ(first.effect, rest.effect), quiet=True, extra=True
            )
        self._ledger(first)

    def _others(self, where: str, query: Query) -> Answer | None:
        """The rest of the rows, for comparison only; None where there is no such rest, or it cannot be analysed."""
        study = self._talk.study
        found = parse_filter(where, study.table.names).conditions
        if len(found) != 1 or found[0].op not in _CONVERSE or query.cluster is not None or query.where:
            return None
        condition = found[0]
        rest = f"{subset.quoted(condition.column)} {_CONVERSE[condition.op]} {subset.literal(condition.value)}"
        from ..pipeline import analyse

        fields = query.model_copy(update={"where": rest})
        try:
            answer: Answer = self._talk.work(
                lambda: analyse(fields, study.table, seed=study.seed, **{**study.how, "checks": False})
            )
        except CausalError:
            return None
        return answer

    def _where(self, wish: WhatIf, query: Query) -> str:
        """The rows as a filter. Raises `QueryError` where no column says which they are."""
        names = self._talk.study.table.names
        if wish.where:
            parse_filter(wish.where, names)
            return wish.where
        try:
            if found := parse_filter(wish.rows, names).conditions:
                return " and ".join(_spelled(c) for c in found)  # one spelling, so that one look is counted once
        except CausalError:
            pass
        columns = match.usable(self._talk.study.table.profile)
        taken = [n for n in (query.treatment, query.outcome) if n]
        for phrase in (wish.rows, f"among {wish.rows}", f"in {wish.rows}"):
            where = subset.text(subset.conditions(phrase, columns, taken))
            if where:
                return where
        raise QueryError(
            f"I cannot tell which rows “{safe(wish.rows, 40)}” are.",
            "Say it with a column, for example: only sex == 1, or: people with age over 50.",
        )

    def _said(self, answer: Answer, lead: str, verdict: str = "", quiet: bool = False, extra: bool = False) -> None:
        """One answer on one line."""
        screen = self._talk.screen
        if answer.status != "answered" or answer.effect is None:
            screen.say(f"{lead}: {answer.headline}", "strong")
            if answer.why_not:
                screen.say(answer.why_not)
        else:
            rows = f", {count(answer.sample.used)} rows" if answer.sample is not None else ""
            sure = (
                f"; how sure: {LEVEL_WORDS[answer.certainty.level].casefold()}"
                if answer.certainty and not extra
                else ""
            )
            screen.say(f"{lead}: {explain.figure(answer.effect)}{rows}{sure}.", "strong")
            if verdict:
                screen.say(verdict)
        if not quiet:
            self._ledger(answer)

    def _ledger(self, answer: Answer) -> None:
        """What the ledger says of an answer: the last block of its text."""
        if "ledger" in answer.provenance and answer.text.split("\n\n")[-1].startswith(
            ("This is the", "The picture of")
        ):
            self._talk.screen.say(" ".join(answer.text.split("\n\n")[-1].split()), "quiet")
