"""What a failed check means: by rule, and in a model's words only where they add nothing."""

from __future__ import annotations

import json

import pytest

from pyllm_causal.analysis import Answer, Certainty, Refutation
from pyllm_causal.errors import ModelError
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.explain import explain, failures


def refuted(*checks: str, verdict: str = "failed") -> Answer:
    refutations = tuple(
        Refutation(
            check=c,
            question="Is it so?",
            expected="0",
            observed="4.2",
            verdict=verdict,
            meaning="If this fails, it hangs.",
        )
        for c in checks
    )
    return Answer(
        status="answered",
        text="It may.",
        certainty=Certainty(level="low"),
        refutations=refutations,
        provenance={"query": {"treatment": "dose", "outcome": "score", "words": {"treatment": "taking the drug"}}},
    )


def test_the_rules_speak_of_the_askers_things() -> None:
    (first,) = failures(refuted("placebo_treatment"))
    assert (
        first
        == "When taking the drug was dealt out by the computer, a difference in score remained, where there should be none."
    )
    assert failures(refuted("a_check_of_another_design")) == ["The check “Is it so?” failed: it hangs."]
    assert failures(refuted("placebo_treatment", verdict="passed")) == []
    assert len(failures(refuted("bootstrap", "data_subset", "dummy_outcome", "other_methods"))) == 3


def test_harmless_prose_is_taken() -> None:
    said = "Leaving out some of the rows moved the answer."
    prose, step = explain(refuted("data_subset"), Scripted([json.dumps({"prose": said})]))
    assert prose == said and step is not None and step.passed and step.score == 1.0


@pytest.mark.parametrize(
    "said",
    [
        "The drug raises the score.",
        "Taking the drug may lead to higher score.",
        "The answer moved by 4.2.",
        "So the answer is wrong.",
        "That proves that rows carry it.",
        "You should leave out rows.",
        "See https://x.com.",
        "",
    ],
)
def test_anything_more_is_not(said: str) -> None:
    prose, step = explain(refuted("data_subset"), Scripted([json.dumps({"prose": said})] * 2))
    assert prose is None and step is not None and not step.passed and step.score == 0.0


def test_nothing_failed_and_nobody_is_asked() -> None:
    client = Scripted([])
    assert explain(refuted("bootstrap", verdict="passed"), client) == (None, None)
    assert explain(refuted("bootstrap"), None) == (None, None)
    prose, step = explain(refuted("bootstrap"), Scripted([ModelError("gone")]))
    assert prose is None and step is not None and step.note == "gone"
