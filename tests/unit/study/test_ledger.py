"""The ledger: what was signed is hashed before the first estimate, every distinct look counts, a changed picture costs a level."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyllm_causal import pipeline
from pyllm_causal.graph import Edge, Graph
from pyllm_causal.query import Query
from pyllm_causal.study import Study, session
from pyllm_causal.study.ledger import Ledger, hash_of, look_of, picture_of

GRAPH = Graph.of(("age", "drug"), ("age", "result"), ("sex", "drug"), ("sex", "result"), ("drug", "result"))
QUERY = Query(treatment="drug", outcome="result", graph=GRAPH)
LADDER = ("very_low", "low", "moderate", "high")


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    draw = random.Random(5)
    rows = []
    for _ in range(200):
        age, sex = draw.randint(20, 70), draw.randint(0, 1)
        drug = int(draw.random() < age / 90)
        rows.append((age, sex, drug, 2 * drug + age / 20 + sex + draw.gauss(0, 1)))
    return pd.DataFrame(rows, columns=["age", "sex", "drug", "result"])


@pytest.fixture
def study(people: pd.DataFrame) -> Study:
    return Study(people, checks=False)


def level(answer: Any) -> int:
    return LADDER.index(answer.certainty.level)


def test_a_hash_is_that_of_the_canonical_json() -> None:
    value = {"b": [1, None], "a": "é"}
    assert hash_of(value) == sha256(b'{"a":"\\u00e9","b":[1,null]}').hexdigest()


def test_the_same_picture_has_the_same_hash_whoever_drew_it_and_signed_it() -> None:
    turned = Graph(
        edges=tuple(Edge(cause=e.cause, effect=e.effect, source="model", reason="x") for e in reversed(GRAPH.edges))
    )
    signed = GRAPH.sign("Ann", "2026-01-01")
    for graph in (turned, signed):
        assert picture_of(QUERY.model_copy(update={"graph": graph})) == picture_of(QUERY)
    for graph in (GRAPH.without("sex", "drug"), GRAPH.flipped("age", "drug"), GRAPH.with_hidden("stress", "drug")):
        assert picture_of(QUERY.model_copy(update={"graph": graph})) != picture_of(QUERY)


def test_other_words_and_scales_are_no_other_look_but_other_rows_are() -> None:
    for clothes in ({"scale": "ratio"}, {"question": "?"}, {"matters": 2.0}, {"words": {"treatment": "the drug"}}):
        assert look_of(QUERY.model_copy(update=clothes)) == look_of(QUERY)
    for other in ({"where": "sex == 1"}, {"target": "treated"}, {"treated": 1, "control": 0}, {"method": "matching"}):
        assert look_of(QUERY.model_copy(update=other)) != look_of(QUERY)


def test_the_receipt_is_signed_and_on_disk_before_there_is_an_estimate(
    people: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    study = Study(people, checks=False)
    study.begin()
    real, seen = pipeline.analyse, []

    def spy(query: Query, *rest: Any, **how: Any) -> Any:
        assert study.place is not None
        seen.append(session.read(study.place).ledger.receipts[0])
        return real(query, *rest, **how)

    monkeypatch.setattr(pipeline, "analyse", spy)
    answer = study.analyse(QUERY)
    receipt = seen[0]
    assert receipt.hash == answer.provenance["ledger"]["receipt_hash"] and receipt.at
    assert receipt.hash == hash_of(QUERY.model_dump(mode="json", exclude_defaults=True))
    text = json.dumps(receipt.signed, sort_keys=True, separators=(",", ":"))
    assert sha256(text.encode()).hexdigest() == receipt.hash  # whoever has the receipt can check it


def test_a_look_at_some_rows_is_counted_and_said_and_costs_nothing(study: Study) -> None:
    first = study.analyse(QUERY)
    assert "way you looked" not in first.text and first.provenance["ledger"]["looks"] == 1
    women = study.what_if(where="sex == 1")
    assert women.provenance["ledger"] == first.provenance["ledger"] | {"looks": 2}
    assert "This is the second way you looked at this question." in women.text and level(women) == level(first)
    again = study.what_if(where="sex == 1")
    assert again.provenance["ledger"]["looks"] == 2  # the same look twice is one
    study.undo()
    study.undo()
    men = study.what_if(where="sex == 0")
    assert men.provenance["ledger"]["looks"] == 3  # what has been seen cannot be unseen


def test_a_picture_changed_after_a_result_says_so_and_counts_as_less_sure(people: pd.DataFrame) -> None:
    study = Study(people, simulations=20, workers=1)
    first = study.analyse(QUERY)
    changed = study.drop("sex", "drug")
    assert level(changed) == level(first) - 1
    assert changed.certainty is not None
    assert "the picture of causes was changed after an answer had been seen" in changed.certainty.down
    assert "not the one you settled on before you saw a first answer" in " ".join(changed.text.split())
    assert changed.provenance["ledger"]["changed_after_result"] is True
    assert changed.provenance["ledger"]["receipt_hash"] == first.provenance["ledger"]["receipt_hash"]
    back = study.what_if(graph=GRAPH)
    assert back.provenance["ledger"]["changed_after_result"] is False and level(back) == level(first)


def test_the_document_alone_repeats_the_lower_grade(study: Study, people: pd.DataFrame) -> None:
    study.analyse(QUERY)
    changed = study.add("sex", "age")
    alone = pipeline.analyse(changed.provenance["query"], people, checks=False)
    assert alone.certainty == changed.certainty and alone.effect == changed.effect


def test_a_picture_changed_before_any_result_is_simply_the_picture(study: Study) -> None:
    ledger = Ledger().sign(QUERY, "1")
    other = QUERY.model_copy(update={"graph": GRAPH.without("sex", "drug")})
    assert not ledger.changed(other) and ledger.sign(other, "2").receipts[0].at == "2"
    seen = ledger.note(QUERY, "1", seen=True)
    assert seen.changed(other) and seen.sign(other, "2") == seen


def test_a_refusal_counts_as_a_result(study: Study) -> None:
    refused = study.analyse(QUERY.model_copy(update={"graph": GRAPH.with_hidden("stress", "drug", "result")}))
    assert refused.status == "not_identified"
    answer = study.what_if(graph=GRAPH)  # the hidden cause is talked away
    assert answer.provenance["ledger"]["changed_after_result"] is True


def test_another_question_has_a_ledger_of_its_own(study: Study) -> None:
    study.analyse(QUERY)
    other = study.analyse({"treatment": "sex", "outcome": "result", "adjust_for": []})
    assert other.provenance["ledger"]["looks"] == 1
    association = study.analyse({"kind": "association", "treatment": "sex", "outcome": "result"})
    assert "ledger" not in association.provenance
