"""The readers held against the question files: a live model's replies replayed, and the built-in reader. No model is asked.

Recorded with `make eval` (see docs/reading.md); each recording is verified by its fingerprint, so a changed prompt,
schema or table makes these tests fail until they are recorded again. The figures are those of docs/reading.md: both
change together.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.language import prompts
from pyllm_causal.language.read import Reading
from pyllm_causal.query import Query
from tests.eval.__main__ import ROOT, run, summary
from tests.eval.score import score
from tests.eval.tables import table

RECORDINGS = Path(__file__).with_name("recordings")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "fixtures" / "questions" / f"{name}.json").read_text(encoding="utf-8"))
    return found


class TestRecordedModel:
    """Qwen2.5-Coder-1.5B (Q4_K_M) behind a llama.cpp server."""

    @pytest.mark.parametrize(("name", "questions", "full", "misread"), [("thirty", 30, 29, 0), ("fresh", 40, 37, 2)])
    def test_it_reads(self, name: str, questions: int, full: int, misread: int) -> None:
        scored, account = run(document(name), replay=RECORDINGS / name)
        figures = summary(scored, account)
        assert figures["questions"] == questions
        assert (figures["full"], figures["misread"]) == (full, misread)
        assert figures["most_repairs"] <= 1
        assert "qwen" in account["model"] and account["calls"] == questions + figures["repairs"]

    def test_the_recordings_are_live(self) -> None:
        files = sorted(RECORDINGS.rglob("*.json"))
        assert len(files) >= 70
        assert {json.loads(f.read_text(encoding="utf-8"))["origin"] for f in files} == {"live"}


class TestBuiltInReader:
    """No model: nothing is silently misread, and the short lists hold what is meant."""

    @pytest.mark.parametrize(
        ("name", "full", "shortlist"),
        [("thirty", 21, (9, 9)), ("fresh", 25, (13, 14)), ("later26", 11, (10, 14)), ("later20", 9, (9, 10))],
    )
    def test_it_reads_or_asks(self, name: str, full: int, shortlist: tuple[int, int]) -> None:
        """The figures of docs/reading.md; misread is the one that must stay at none."""
        figures = summary(*run(document(name)))
        assert figures["misread"] == 0
        assert figures["full"] == full
        assert tuple(figures["shortlist_top3"]) == shortlist
        assert figures["calls"] == 0


def folder() -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(prompts.folder().glob("*.md"))}


def test_no_question_column_or_table_stands_in_a_prompt() -> None:
    """The thirty questions judge the reader, so nothing of them may be taught: names as whole words, and any five
    words in a row of a question."""
    asked = document("thirty")
    names = {*asked["tables"], *(c for spec in asked["tables"].values() for c in spec["cols"])}
    assert {"qsmk", "age", "wage", "hotel", "drug", "near_college"} <= names and len(names) > 55
    found = [
        (prompt, name)
        for prompt, text in folder().items()
        for name in names
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("name", ["thirty", "fresh"])
def test_no_words_of_a_question_stand_in_a_prompt(name: str) -> None:
    texts = {prompt: " ".join(re.findall(r"\w+", text.casefold())) for prompt, text in folder().items()}
    assert len(texts) >= 4
    for question in document(name)["questions"]:
        said = re.findall(r"\w+", question["text"].casefold())
        runs = {" ".join(said[i : i + 5]) for i in range(max(1, len(said) - 4))}
        assert not [(p, r) for p, text in texts.items() for r in runs if f" {r} " in f" {text} "], question["text"]


def test_no_distinct_column_of_the_fresh_tables_stands_in_a_prompt() -> None:
    names = {c for spec in document("fresh")["tables"].values() for c in spec["cols"] if "_" in c}
    assert not [(p, n) for p, text in folder().items() for n in names if n in text]


QUESTION = {
    "text": "?",
    "type": "ate",
    "T": "new_filter",
    "Y": "infection",
    "conf": ["age"],
    "extra": {"where": "age > 65"},
}


class TestScoring:
    """The score can go down."""

    def profile(self) -> Any:
        return table("dialysis", document("fresh")["tables"]["dialysis"]).profile

    def reading(self, **fields: Any) -> Reading:
        query = {"treatment": "new_filter", "outcome": "infection", "where": "age > 65"} | fields
        return Reading(status="read", query=Query.model_validate(query))

    def test_right(self) -> None:
        one = score(QUESTION, self.reading(), self.profile())
        assert one.full and not one.misread and one.parts["where"] is True
        assert one.confounders is not None and 0 < one.confounders <= 1

    @pytest.mark.parametrize(
        ("fields", "part"),
        [
            ({"target": "treated"}, "type"),
            ({"treatment": "diabetes"}, "treatment"),
            ({"outcome": "died"}, "outcome"),
            ({"where": "age >= 65"}, "where"),
        ],
    )
    def test_wrong(self, fields: dict[str, Any], part: str) -> None:
        one = score(QUESTION, self.reading(**fields), self.profile())
        assert one.parts[part] is False and one.full == (part == "where") and one.misread == (part != "where")

    def test_a_choice_is_no_misreading(self) -> None:
        asked = Reading(
            status="choose",
            choices={"treatment": ["age", "new_filter", "sex"], "outcome": ["died", "age", "sex", "infection"]},
        )
        one = score(QUESTION, asked, self.profile())
        assert one.chose and not one.misread and not one.full and one.shortlist is False
