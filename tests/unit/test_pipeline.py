"""The line: order of the stages, review, and that no query document whatever gets past it as anything but an answer
or a clear error."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pyllm_causal import pipeline
from pyllm_causal.analysis import Answer
from pyllm_causal.data import Table
from pyllm_causal.errors import CausalError, QueryError
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.read import Reading
from pyllm_causal.query import Query
from pyllm_causal.report.text import expert_text
from tests.cli.documents import NAMES, columns, documents, wild
from tests.cli.terminal import folder_of, query_file, run, table_file

QUERY = {"treatment": "flag", "outcome": "result", "adjust_for": ["count"]}
QUESTION = "Does flag change result?"
STATUSES = {"answered": 0, "not_causal": 0, "not_identified": 3, "needs_review": 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_file(tmp_path_factory.mktemp("data"), columns())


@pytest.fixture(scope="module")
def table(path: Path) -> Table:
    return Table.read(path)


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(finite(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return all(finite(v) for v in value)
    return not isinstance(value, float) or value - value == 0


def sound(answer: Answer) -> None:
    """What holds of every answer, whatever was asked."""
    document = answer.model_dump(mode="json")
    assert finite(document)
    json.dumps(document, allow_nan=False)
    assert answer.exit_code == STATUSES[answer.status]
    assert answer.headline and answer.text
    for text in (answer.headline, answer.text, expert_text(answer)):
        assert not {c for c in text if unicodedata.category(c)[0] == "C"} - {"\n"}
    if answer.status == "answered":
        assert answer.effect is not None and answer.certainty is not None and answer.sample is not None
        effect = answer.effect
        assert effect.unbounded or (effect.low is not None and effect.high is not None)
        if effect.low is not None and effect.high is not None:
            assert effect.low <= effect.value <= effect.high
        assert answer.sample.used + sum(d.rows for d in answer.sample.dropped) == answer.sample.rows
        assert "can't tell" in answer.headline or answer.certainty.level != "very_low"
    else:
        assert answer.effect is None
    if answer.status == "not_identified":
        assert answer.why_not and answer.would_help


def analysed(document: Any, table: Table) -> Answer | CausalError:
    try:
        return pipeline.analyse(document, table)
    except CausalError as error:
        return error


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(documents())
def test_any_document_gives_an_answer_or_a_clear_error(table: Table, document: dict[str, Any]) -> None:
    answer = analysed(document, table)
    if isinstance(answer, CausalError):
        assert answer.exit_code == 2
        assert answer.message and answer.hint
        return
    sound(answer)
    pipeline.parse_query(answer.provenance["query"])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(wild["treatment"])
def test_any_json_as_a_query_file_gives_two(
    path: Path, tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    folder = tmp_path_factory.mktemp("q")
    done = run("analyse", query_file(folder, json.dumps(document)), "--data", path, "--json")
    assert done.error is None
    assert done.code == 2
    assert done.document["status"] == "error"
    assert list(folder_of(folder)) == ["query.json"]


@pytest.mark.parametrize("role", ["treatment", "outcome", "adjust_for", "where"])
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_every_kind_of_column_in_every_role(role: str, name: str, table: Table) -> None:
    value: Any = {"adjust_for": [name], "where": f'"{name}" != 1'}.get(role, name)
    answer = analysed({**QUERY, role: value}, table)
    if isinstance(answer, CausalError):
        assert answer.exit_code == 2 and answer.hint
        return
    sound(answer)
    if role != "treatment":
        return
    again = pipeline.analyse(answer.provenance["query"], table)
    assert again.model_dump(exclude={"provenance"}) == answer.model_dump(exclude={"provenance"})


def test_the_stages_are_told_in_order(table: Table) -> None:
    told: list[str] = []
    answer = pipeline.analyse({**QUERY}, table, progress=told.append)
    assert told[:2] == ["Table read", "Causes sorted out"]
    assert "methods" in told[2] and "checks" in told[3]
    assert list(answer.provenance["seconds"]) == told


def test_nothing_heavy_is_computed_before_the_query_is_checked(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the table was read although the query is wrong")

    monkeypatch.setattr(Table, "read", never)
    with pytest.raises(QueryError):
        pipeline.analyse({"treatment": "a", "outcome": "a"}, path)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Four columns only, so that forty rows can carry all that the rules hold fixed."""
    few = {name: columns()[name] for name in ("flag", "result", "count", "dose")}
    return Table.read(table_file(tmp_path_factory.mktemp("narrow"), few))


def test_reading_computes_nothing(narrow: Table) -> None:
    reading = pipeline.read(QUESTION, narrow)
    assert isinstance(reading, Reading) and reading.status == "read"
    assert reading.query is not None and reading.query.graph is not None
    assert reading.query.source("graph") == "data"
    assert "flag" in reading.receipt and "result" in reading.receipt


def scripted() -> Scripted:
    replies = {
        "read": {
            "reading": {"kind": "effect", "treatment": "flag", "outcome": "result", "who": "everyone", "only": None}
        },
        "draft": {"unmeasured": [], "suspects": []},
        "challenge": {"checks": [], "negative_outcomes": [], "negative_exposures": []},
        "phrase": {"prose": ""},
    }
    return Scripted(lambda request: json.dumps(replies[request.step]))


def test_after_reading_the_numbers_are_those_of_analyse(narrow: Table) -> None:
    for client in (None, scripted()):
        answer = pipeline.ask(QUESTION, narrow, client=client)
        plain = pipeline.analyse(answer.provenance["query"], narrow)
        same = {"text", "claims", "steps", "provenance"}
        assert answer.model_dump(exclude=same) == plain.model_dump(exclude=same)
        assert answer.steps and answer.provenance["query"] == plain.provenance["query"]


def test_who_says_what_is_kept(narrow: Table) -> None:
    assert pipeline.ask(QUESTION, narrow).provenance["query"]["sources"]["graph"] == "data"
    asked = pipeline.ask(QUESTION, narrow, client=scripted())
    assert asked.provenance["query"]["sources"]["graph"] in ("model", "data")
    checked = pipeline.ask(QUESTION, narrow, review=lambda reading: reading)
    assert checked.provenance["query"]["sources"]["graph"] == "you"


def test_a_review_may_change_the_picture(narrow: Table) -> None:
    def drop(reading: Reading) -> Reading:
        assert reading.query is not None and reading.query.graph is not None
        graph = reading.query.graph.without("count", "flag").without("count", "result")
        return reading.model_copy(update={"graph": graph, "query": reading.query.model_copy(update={"graph": graph})})

    answer = pipeline.ask(QUESTION, narrow, review=drop)
    assert answer.estimand is not None and answer.estimand.adjust_for == ("dose",)


def test_a_review_may_change_either_copy_of_the_picture(narrow: Table) -> None:
    def in_query(reading: Reading) -> Reading:
        assert reading.query is not None and reading.graph is not None
        graph = reading.graph.without("count", "flag").without("count", "result")
        return reading.model_copy(update={"query": reading.query.model_copy(update={"graph": graph})})

    def in_reading(reading: Reading) -> Reading:
        assert reading.graph is not None
        return reading.model_copy(update={"graph": reading.graph.without("count", "flag").without("count", "result")})

    for review in (in_query, in_reading):
        answer = pipeline.ask(QUESTION, narrow, review=review)
        assert answer.estimand is not None and answer.estimand.adjust_for == ("dose",)


def test_a_list_of_ones_own_stands_in_place_of_the_drafted_picture(narrow: Table) -> None:
    for names in (("count",), ()):
        answer = pipeline.ask(QUESTION, narrow, overrides={"adjust_for": names})
        assert answer.status == "answered" and answer.estimand is not None
        assert answer.estimand.adjust_for == names and answer.graph is None
        assert "you have not checked it" not in answer.text


def test_overrides_win_over_the_reading(narrow: Table) -> None:
    answer = pipeline.ask(QUESTION, narrow, overrides={"where": "count > 0", "target": "treated"})
    query = Query.model_validate(answer.provenance["query"])
    assert (query.where, query.target) == ("count > 0", "treated")


def test_undecided_questions_compute_nothing_and_offer_a_choice(narrow: Table) -> None:
    answer = pipeline.ask("What about it?", narrow)
    assert answer.status == "needs_review" and answer.exit_code == 2
    assert answer.choices is not None and answer.choices["treatment"]
    assert answer.effect is None and "query" not in answer.provenance
    assert answer.text.count("not sure") == 1


def test_columns_that_cannot_be_used_do_not_spoil_a_question_that_names_others(table: Table) -> None:
    """The table holds infinite, huge and tiny numbers, dates, text and a constant; nobody asked about them."""
    answer = pipeline.ask(QUESTION, table)
    assert answer.status in ("answered", "not_identified")
    kept = {e.cause for e in answer.graph.edges} if answer.graph is not None else set()
    assert not kept & {"infinite", "huge", "tiny", "same", "empty", "remark", "day", "id"}
