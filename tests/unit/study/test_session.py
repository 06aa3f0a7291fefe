"""Studies on disk: what was answered comes back whole, and a file that is not ours is refused in plain words."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pytest

from pyllm_causal.errors import DataError, QueryError
from pyllm_causal.study import Study, last_session, session
from tests.cli.terminal import drug_table

QUERY = {"treatment": "drug", "outcome": "result", "adjust_for": ["age"]}


@pytest.fixture(autouse=True)
def own_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_a_study_comes_back_as_it_was(tmp_path: Path) -> None:
    study = Study(drug_table(tmp_path), seed=3, checks=False)
    first = study.analyse(QUERY)
    study.what_if(where="age > 40", passing=True)
    study.read("does age change result?")
    study.save(tmp_path / "study.json")
    again = Study.load(tmp_path / "study.json", checks=False)
    assert [a.effect for a in again.history] == [a.effect for a in study.history] and again.at_hand is again.history[0]
    assert again.history[0].model_dump(mode="json") == first.model_dump(mode="json")
    assert again.ledger == study.ledger and again.pending == study.pending and again.seed == 3
    assert again.what_if(where="age > 50").provenance["ledger"]["looks"] == 3
    assert (tmp_path / "study.json").stat().st_mode & 0o777 == 0o644


def test_a_table_from_memory_must_be_given_again_and_a_changed_one_is_said(tmp_path: Path) -> None:
    frame = pd.read_csv(drug_table(tmp_path))
    study = Study(frame, checks=False)
    study.analyse(QUERY)
    study.save(tmp_path / "study.json")
    with pytest.raises(DataError, match="came from memory"):
        Study.load(tmp_path / "study.json")
    assert Study.load(tmp_path / "study.json", data=frame).notes == []
    with pytest.warns(UserWarning, match="had 80 rows then and has 70 now"):
        Study.load(tmp_path / "study.json", data=frame.head(70))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 2}', '{"version": 1}', json.dumps({"version": 1, "started": "a", "surprise": 1})],
)
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.json"
    path.write_text(text)
    with pytest.raises(DataError, match="is not a study"):
        Study.load(path)
    with pytest.raises(DataError, match="cannot be read"):
        Study.load(tmp_path / "none.json")


def test_sessions_are_private_and_the_latest_about_a_file_is_found(tmp_path: Path) -> None:
    table = drug_table(tmp_path)
    assert last_session() is None
    study = Study(table, checks=False)
    study.begin()
    answer = study.analyse(QUERY)
    study.what_if(where="age > 40", passing=True)
    assert study.place is not None and study.place.stat().st_mode & 0o777 == 0o600
    assert last_session(table) == study.place == last_session()
    kept = session.read(study.place)
    assert kept.answers[kept.main[-1]].headline == answer.headline  # not the one in passing
    other = tmp_path / "copy.csv"
    other.write_text(table.read_text())
    assert last_session(other) is None
    assert last_session(other, study.table.fingerprint) == study.place  # the same rows under another name
    (study.place.parent / "zz.json").write_text("{")  # somebody else's file disturbs nobody
    assert last_session(table) == study.place


def test_undo_takes_looks_in_passing_first(tmp_path: Path) -> None:
    study = Study(drug_table(tmp_path), checks=False)
    first = study.analyse(QUERY)
    study.what_if(where="age > 40", passing=True)
    assert study.at_hand is first and study.answer is not first
    study.undo()
    assert study.at_hand is first
    study.undo()
    assert study.at_hand is None
    for call in (study.accept, study.proceed, study.reopen):
        with pytest.raises(QueryError):
            call()


def test_a_comparison_is_rounded_alike_and_says_what_differs(tmp_path: Path) -> None:
    study = Study(drug_table(tmp_path), checks=False)
    study.analyse(QUERY)
    study.what_if(where="age > 40", passing=True)
    study.what_if(of=study.query_at_hand, adjust_for=[])
    lines = study.compare().text.split("\n")
    assert lines[1].startswith("1  drug → result") and lines[2].startswith("2  only age > 40")
    assert "3  another list held fixed" in lines[3] and lines[3].endswith("*") and "after an answer" in lines[4]
    frame = study.compare().frame()
    assert list(frame["value"]) == [a.effect.value for a in study.history if a.effect]
    assert list(frame["changed"]) == [False, False, True]
    assert str(Study(drug_table(tmp_path)).compare()) == "There is no answer yet."


def test_a_kept_file_holds_no_more_lines_than_it_should(tmp_path: Path) -> None:
    study = Study(drug_table(tmp_path), checks=False)
    study.said = [str(random.random()) for _ in range(900)]
    study.save(tmp_path / "s.json")
    assert len(session.read(tmp_path / "s.json").said) == session.MOST_SAID
