"""A study keeps its table, its picture and its history; what-ifs are re-runs on a changed query."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import pyllm_causal
from pyllm_causal.errors import CausalError, GraphError, QueryError, SettingsError
from pyllm_causal.graph import Graph
from pyllm_causal.study import Study, connect

GRAPH = Graph.of(("age", "drug"), ("age", "result"), ("sex", "result"), ("drug", "result"))
QUERY = {"treatment": "drug", "outcome": "result", "graph": GRAPH}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    draw = random.Random(5)
    rows = []
    for _ in range(160):
        age, sex = draw.randint(20, 70), draw.randint(0, 1)
        drug = int(draw.random() < age / 90)
        rows.append((age, sex, drug, 2 * drug + age / 20 + sex + draw.gauss(0, 1)))
    return pd.DataFrame(rows, columns=["age", "sex", "drug", "result"])


@pytest.fixture
def study(people: pd.DataFrame) -> Study:
    return Study(people)


def test_before_the_first_question(study: Study) -> None:
    assert study.answer is None and study.query is None and study.graph == Graph() and study.history == []
    with pytest.raises(QueryError, match="no question yet"):
        study.what_if(where="sex == 1")
    with pytest.raises(QueryError, match="nothing to undo"):
        study.undo()


def test_what_if_changes_one_thing_and_undo_takes_it_back(study: Study) -> None:
    first = study.analyse(QUERY)
    assert first.status == "answered" and study.answer is first and study.graph == GRAPH
    women = study.what_if(where="sex == 1")
    assert women.sample is not None and women.sample.used < 160
    assert study.query is not None and study.query.where == "sex == 1"
    older = study.what_if(where="sex == 1 and age > 40", target="treated")
    assert older.estimand is not None and "drug = 1" in older.estimand.population
    assert [len(study.history), study.undo() is women, study.undo() is first, study.undo()] == [3, True, True, None]
    assert study.answer is None


def test_a_changed_picture_is_the_persons(study: Study) -> None:
    study.analyse({**QUERY, "sources": {"graph": "model"}})
    assert study.query is not None and study.query.source("graph") == "model"
    changed = study.what_if(graph=study.graph.without("age", "drug").without("age", "result"))
    assert study.query.source("graph") == "you"
    assert changed.estimand is not None and "age" not in changed.estimand.adjust_for
    study.undo()
    assert study.query.source("graph") == "model"


def test_a_new_picture_lets_the_old_list_go(study: Study) -> None:
    study.analyse({"treatment": "drug", "outcome": "result", "adjust_for": ["sex"]})
    answer = study.what_if(graph=GRAPH)
    assert answer.estimand is not None and answer.estimand.adjust_for == ("age",)
    again = study.what_if(graph=GRAPH, adjust_for=["age", "sex"])
    assert again.estimand is not None and set(again.estimand.adjust_for) == {"age", "sex"}


def test_a_what_if_that_fails_leaves_the_study_as_it_was(study: Study) -> None:
    first = study.analyse(QUERY)
    for changes in ({"where": "agee > 3"}, {"graph": Graph.of(("age", "age"))}, {"treatment": "zzz"}, {"nonsense": 1}):
        with pytest.raises(CausalError):
            study.what_if(**changes)
    with pytest.raises(GraphError):
        study.what_if(adjust_for=["sex"])
    assert study.history == [first]


def test_history_is_only_added_to(study: Study) -> None:
    first = study.analyse(QUERY)
    before = first.model_dump()
    study.what_if(where="sex == 1")
    assert first.model_dump() == before


def test_an_answer_can_be_a_refusal_and_is_kept(study: Study) -> None:
    answer = study.analyse({**QUERY, "where": "drug == 1"})
    assert answer.status == "not_identified" and study.answer is answer
    assert study.what_if(where=None).status == "answered"


def test_a_question_in_words_without_a_model(study: Study) -> None:
    answer = study.ask("Does the drug change the result?")
    assert answer.status == "answered" and study.answer is answer
    lost = study.ask("Is it nice?")
    assert lost.status == "needs_review" and study.answer is answer
    given = study.ask("Is it nice?", treatment="drug", outcome="result", where="sex == 0")
    assert given.status == "answered" and study.query is not None and study.query.where == "sex == 0"


def test_a_review_counts_as_checked(study: Study) -> None:
    seen = []
    drafted = study.ask("Does the drug change the result?")
    checked = study.ask("Does the drug change the result?", review=lambda reading: seen.append(reading) or reading)
    assert len(seen) == 1
    assert drafted.effect == checked.effect
    assert "you have not checked it" in drafted.text and "you have not checked it" not in checked.text
    assert study.query is not None and study.query.source("graph") == "you"


def test_the_same_seed_gives_the_same_answer(people: pd.DataFrame) -> None:
    one, two = Study(people, seed=3), Study(people, seed=3)
    a, b = one.analyse(QUERY), two.analyse(QUERY)
    assert a.model_dump(exclude={"provenance"}) == b.model_dump(exclude={"provenance"})
    assert a.provenance["data"]["fingerprint"] == b.provenance["data"]["fingerprint"]


def test_the_callers_table_is_not_touched(people: pd.DataFrame) -> None:
    before = people.copy()
    Study(people).analyse(QUERY)
    pd.testing.assert_frame_equal(people, before)


def test_printing_an_answer_prints_its_text(study: Study) -> None:
    answer = study.analyse(QUERY)
    assert str(answer) == answer.text and answer.exit_code == 0


def test_python_has_what_the_readme_shows(people: pd.DataFrame) -> None:
    answer = pyllm_causal.analyse(pyllm_causal.Query(treatment="drug", outcome="result", adjust_for=("age",)), people)
    assert answer.effect is not None and 1 < answer.effect.value < 3
    asked = pyllm_causal.ask("Does the drug change the result?", people, where="sex == 1")
    assert asked.provenance["query"]["where"] == "sex == 1"
    assert pyllm_causal.Study is Study and pyllm_causal.Graph is Graph
    with pytest.raises(pyllm_causal.CausalError):
        pyllm_causal.ask("Does the drug change the result?", people, nonsense=1)


def test_connecting(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.delenv("PYLLM_CAUSAL_MODEL", raising=False)
    assert connect() is None and connect("none") is None
    with pytest.raises(SettingsError):
        connect(record="a", replay="b")
    with pytest.raises(SettingsError):
        connect("none", record="a")
