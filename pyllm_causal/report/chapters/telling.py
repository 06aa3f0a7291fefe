"""What every part of a report looks at: the answer, the question in terms of columns, and what things are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...analysis import Answer, Diagnosis, Refutation
from ...query import Query
from ...wording import safe
from ..amounts import factor
from ..blocks import Blocks, blocks_of


@dataclass(frozen=True)
class Telling:
    """An answer as it is told. `meanings` are descriptions of columns, where a table is at hand."""

    answer: Answer
    script: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def query(self) -> Query | None:
        """The question that was answered; None where the answer does not hold one that can be read."""
        from pydantic import ValidationError

        try:
            return Query.model_validate(self.answer.provenance.get("query"))
        except ValidationError:
            return None

    @cached_property
    def blocks(self) -> Blocks:
        """The plain text, taken apart."""
        return blocks_of(self.answer.text)

    @property
    def strategy(self) -> str:
        """What made the answer possible; `none` for a refusal or a description."""
        return self.answer.estimand.strategy if self.answer.estimand is not None else "none"

    @property
    def treatment(self) -> str:
        """The treatment in the asker's words, else its column."""
        return self._called("treatment", "the treatment")

    @property
    def outcome(self) -> str:
        """The outcome in the asker's words, else its column."""
        return self._called("outcome", "the outcome")

    @property
    def unit(self) -> str:
        """The outcome's unit as shown beside it; nothing for chances."""
        effect = self.answer.difference or self.answer.effect
        return "" if effect is None or effect.unit == "probability" else safe(effect.unit, 30)

    @property
    def outcome_axis(self) -> str:
        """The outcome with its unit, as an axis is named."""
        effect = self.answer.difference or self.answer.effect
        if effect is not None and effect.unit == "probability":
            return f"{self.outcome}, of 100"
        return f"{self.outcome}, {self.unit}" if self.unit else self.outcome

    @property
    def factor(self) -> float:
        """What a number in the outcome's own unit is shown times: chances are in 100."""
        effect = self.answer.difference or self.answer.effect
        return 1.0 if effect is None else factor(effect)

    def diagnosis(self, name: str) -> Diagnosis | None:
        """The diagnosis of that name, if it was made."""
        return next((d for d in self.answer.diagnostics if d.name == name), None)

    def check(self, name: str) -> Refutation | None:
        """The check of that name, if it was run."""
        return next((r for r in self.answer.refutations if r.check == name), None)

    def source(self, part: str) -> str:
        """Who claims `part` ("design", "graph")."""
        return self.query.source(part) if self.query is not None else "you"

    def said(self, text: str) -> str:
        """`text` with its first letter large, unless it begins with the name of a column."""
        return text if text.split(" ", 1)[0].strip(",;:") in self._names else capital(text)

    def sentence(self, text: str) -> str:
        """`said`, with a full stop."""
        text = self.said(text.strip())
        return text if text.endswith((".", "!", "?")) else text + "."

    @cached_property
    def _names(self) -> frozenset[str]:
        query, graph, estimand = self.query, self.answer.graph, self.answer.estimand
        names = {str(query.treatment), str(query.outcome), str(query.by)} if query is not None else set()
        for role in ("instruments", "mediators"):
            names |= set(getattr(query.design, role, ())) if query is not None else set()
        names |= set(graph.nodes()) if graph is not None else set()
        names |= set(estimand.adjust_for) if estimand is not None else set()
        return frozenset(safe(n, 60) for n in names)

    def _called(self, role: str, otherwise: str) -> str:
        query: Any = self.query
        if query is None:
            return otherwise
        return safe(query.words.get(role) or getattr(query, role) or otherwise, 60)


def capital(text: str) -> str:
    """The first letter large."""
    return text[:1].upper() + text[1:]
