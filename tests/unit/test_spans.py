"""Every number that a reader meets first can be traced to a field of the answer, and that field rounds to it."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyllm_causal
from pyllm_causal.analysis import Answer, Certainty, Effect, SampleCount
from pyllm_causal.report.spans import claims_of

NAMES = ["t", "drug (10 mg)"]


@lru_cache(maxsize=64)
def answered(seed: int, outcome: str, name: str, scale: str) -> Answer:
    rng = np.random.default_rng(seed)
    n = 160
    x = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    shift = rng.choice([-1.5, 0.0, 0.4, 30.0, 4000.0])
    y = {
        "number": 1.0 * abs(shift) * 3 + 5 + x + shift * t + rng.normal(size=n),
        "yes_no": (rng.random(n) < 0.3 + 0.2 * t).astype(float),
    }[outcome]
    frame = pd.DataFrame({name: t, "y 82_71": y, "x": x})
    query: dict[str, Any] = {"treatment": name, "outcome": "y 82_71", "adjust_for": ["x"], "scale": scale}
    return pyllm_causal.analyse(query, frame)


def first(text: str) -> str:
    return "\n\n".join(text.split("\n\n")[:2])


def rounded(value: float, factor: int, text: str) -> bool:
    """Whether |value| × factor is shown as `text`, at the last digit shown or a coarser place of it."""
    shown = float(text.replace(",", "").replace("−", "-"))
    if "e" in text:
        return shown == float(f"{abs(value) * factor:.0e}")
    decimals = len(text.partition(".")[2])
    whole = len(text.partition(".")[0].replace(",", ""))
    return any(round(abs(value) * factor, p) == pytest.approx(shown, abs=1e-9) for p in range(decimals, -whole, -1))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1),
    outcome=st.sampled_from(["number", "yes_no"]),
    name=st.sampled_from(NAMES),
    scale=st.sampled_from(["difference", "ratio", "percent", "odds_ratio"]),
)
def test_every_number_is_accounted_for(seed: int, outcome: str, name: str, scale: str) -> None:
    scale = "ratio" if scale == "odds_ratio" and outcome == "number" else scale
    answer = answered(seed, outcome, name, scale)
    assert answer.status == "answered"
    head = first(answer.text)
    for run in re.finditer(r"\d+", head):
        assert any(c.start <= run.start() and run.end() <= c.end for c in answer.claims), (run[0], head)
    for claim in answer.claims:
        assert answer.text[claim.start : claim.end] == claim.text
        if claim.field == "per":
            assert claim.text == "100"
        elif isinstance(claim.value, str):
            assert claim.text.split() == claim.value.split()
        else:
            assert rounded(claim.value, claim.factor, claim.text), claim
    places = [(c.start, c.end) for c in answer.claims]
    assert places == sorted(places) and all(a[1] <= b[0] for a, b in pairwise(places))


def fields(answer: Answer) -> dict[str, str]:
    return {c.text: c.field for c in answer.claims}


def test_the_fields_are_the_ones_that_are_meant() -> None:
    effect = Effect(value=3.27, low=2.41, high=4.13)
    made = Answer(
        status="answered",
        text="Having quit_82 = 1 rather than 0 may lead to more.\n\nOn average 3.3 kg (somewhere between 2.4 and 4.1 kg) in"
        " 1,566 rows, 47 of 100.",
        effect=effect,
        sample=SampleCount(rows=1629, used=1566),
        decision={"per_100": {"treated": 47.2}},
        certainty=Certainty(level="low"),
        provenance={"query": {"treatment": "quit_82", "treated": 1, "control": 0}},
    )
    found = {c.text: (c.field, c.value) for c in claims_of(made)}
    assert found == {
        "quit_82": ("provenance.query.treatment", "quit_82"),
        "1": ("provenance.query.treated", 1),
        "0": ("provenance.query.control", 0),
        "3.3": ("effect.value", 3.27),
        "2.4": ("effect.low", 2.41),
        "4.1": ("effect.high", 4.13),
        "1,566": ("sample.used", 1566),
        "47": ("decision.per_100.treated", 47.2),
        "100": ("per", 100),
    }


def test_a_number_that_no_field_holds_is_not_claimed() -> None:
    made = Answer(status="answered", text="It is 9.99 kg.", effect=Effect(value=3.3, low=2.0, high=4.0))
    assert claims_of(made) == ()
    nearly = Answer(status="answered", text="It is 3.4 kg.", effect=Effect(value=3.3, low=2.0, high=4.0))
    assert claims_of(nearly) == ()


def test_a_decimal_comma_is_understood_where_the_language_has_one() -> None:
    made = Answer(
        status="answered", text="Es sind 3,3 kg und 1.566 Zeilen.", effect=Effect(value=3.27, low=1566.0, high=None)
    )
    assert [(c.text, c.field) for c in claims_of(made, "de")] == [("3,3", "effect.value"), ("1.566", "effect.low")]


def test_the_whole_document_keeps_its_claims() -> None:
    answer = answered(0, "number", "t", "difference")
    assert Answer.model_validate_json(answer.model_dump_json()).claims == answer.claims
    assert answer.claims and fields(answer)
