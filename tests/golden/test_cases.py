"""Real questions against published answers, without a language model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import pyllm_causal
from pyllm_causal.errors import CausalError
from pyllm_causal.query import Query

FIXTURES = Path(__file__).parents[2] / "fixtures"
CASES = tomllib.loads((FIXTURES / "cases.toml").read_text("utf-8"))["case"]
NO_EFFECT = {"difference": 0.0, "percent": 0.0, "ratio": 1.0, "odds_ratio": 1.0}


def of(*statuses: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["status"] in statuses]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def answer_of(case):
    return pyllm_causal.analyse(Query.model_validate(case["query"]), FIXTURES / "data" / case["data"], seed=0)


@of("answered")
def test_answer_is_the_published_one(case):
    answer = answer_of(case)
    assert answer.status == "answered", answer.text
    scale = case["query"].get("scale", "difference")
    assert answer.effect.scale == scale
    if "arms" in case:
        found = {arm["treated"]: arm["effect"]["value"] for arm in answer.arms}
        assert found == pytest.approx(case["arms"], abs=case["tolerance"])
        return
    assert answer.effect.value == pytest.approx(case["value"], abs=case["tolerance"])
    none = NO_EFFECT[scale]
    clear = not answer.effect.low <= none <= answer.effect.high
    if clear:
        assert "effect" in case["verdicts"]
        assert (answer.effect.value > none) == (case["value"] > none)
    else:
        assert {"no_effect", "inconclusive"} & set(case["verdicts"])


@of("not_causal")
def test_description_is_the_published_one(case):
    answer = answer_of(case)
    assert answer.status == "not_causal"
    assert answer.effect is None
    assert answer.association["value"] == pytest.approx(case["value"], abs=case["tolerance"])


@of("error")
def test_what_is_not_in_the_file_is_said(case):
    with pytest.raises(CausalError) as caught:
        answer_of(case)
    assert caught.value.code == case["code"]
    assert case["query"]["outcome"] in caught.value.message
    assert caught.value.hint
