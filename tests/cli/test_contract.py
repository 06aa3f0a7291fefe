"""The public contract: documents, names, exit codes, repeatability."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.terminal import Run, query_file, run, start, table_file, without_seconds
from tests.server import Server

# The public contract names these; they may grow, and none may be renamed.
ANSWER_FIELDS = """status association headline text effect method estimand unadjusted bounds arms edges attribution
counterfactual decision sample estimates refutations diagnostics certainty why_not would_help reviewed_by steps graph
provenance""".split()
QUERY_FIELDS = """question kind treatment treated control outcome target scale where by design graph adjust_for
outcome_event event categorical selected_on cluster weights matters by_levels row compare environment horizon threshold
missing sources""".split()
EFFECT_FIELDS = "value low high level scale unit std_error p_value".split()
DESIGNS = {
    "observational": (),
    "randomised": ("strata",),
    "instrument": ("instruments",),
    "discontinuity": ("running", "cutoff", "fuzzy", "treated_side", "bandwidth"),
    "differences": ("time", "group", "treated_group", "start", "unit", "first_treated"),
    "panel": ("unit", "time"),
    "front_door": ("mediators",),
    "mediation": ("mediators",),
    "synthetic_control": ("unit", "time", "treated_unit", "start"),
}
GRAPH = {"edges": [["age", "drug"], ["age", "result"], ["sex", "result"], ["drug", "result"]]}
EFFECT = {"treatment": "drug", "outcome": "result", "graph": GRAPH}
QUERIES: dict[str, dict[str, Any]] = {
    "graph": EFFECT,
    "adjust_for": {
        "treatment": "drug",
        "outcome": "result",
        "adjust_for": ["age", "sex"],
        "negative_outcomes": ["sex"],
    },
    "claimed free": {"treatment": "drug", "outcome": "well", "adjust_for": [], "scale": "ratio"},
    "odds": {"treatment": "drug", "outcome": "well", "adjust_for": ["age"], "scale": "odds_ratio", "target": "treated"},
    "percent": {"treatment": "drug", "outcome": "cost", "adjust_for": ["age"], "scale": "percent"},
    "count": {"treatment": "drug", "outcome": "visits", "adjust_for": ["age"], "scale": "rate_ratio"},
    "dose": {"treatment": "age", "outcome": "result", "adjust_for": ["sex"], "treated": 60, "control": 40},
    "per unit": {"treatment": "age", "outcome": "well", "adjust_for": ["sex"]},
    "experiment": {"treatment": "drug", "outcome": "well", "design": {"kind": "randomised", "strata": ["sex"]}},
    "arms": {"treatment": "arm", "control": "a", "outcome": "result", "adjust_for": ["age"]},
    "where": {"treatment": "drug", "outcome": "result", "adjust_for": ["age"], "where": "age >= 30 and sex == 1"},
    "clusters": {"treatment": "drug", "outcome": "result", "adjust_for": ["age"], "cluster": "site", "weights": "w"},
    "association": {"kind": "association", "treatment": "drug", "outcome": "result"},
    "shares": {"kind": "association", "treatment": "sex", "outcome": "arm"},
    "no claim": {"treatment": "drug", "outcome": "result"},
    "hidden": {**EFFECT, "graph": {**GRAPH, "unmeasured": [{"name": "luck", "affects": ["drug", "result"]}]}},
    "constant": {"treatment": "drug", "outcome": "result", "adjust_for": [], "where": "drug == 1"},
    "wrong": {"treatment": "drgu", "outcome": "result"},
}
CODES = {"answered": 0, "not_causal": 0, "not_identified": 3, "needs_review": 2, "error": 2}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = random.Random(11)
    rows = range(240)
    age = [draw.randint(20, 70) for _ in rows]
    drug = [int(draw.random() < a / 90) for a in age]
    columns: dict[str, list[Any]] = {
        "age": age,
        "sex": [draw.randint(0, 1) for _ in rows],
        "drug": drug,
        "result": [round(2 * d + a / 20 + draw.gauss(0, 1), 3) for a, d in zip(age, drug, strict=True)],
        "well": [("no", "yes")[draw.random() < 0.4 + 0.3 * d] for d in drug],
        "cost": [round(100 * draw.lognormvariate(0.3 * d, 0.5), 2) for d in drug],
        "visits": [draw.randint(0, 4) + d for d in drug],
        "arm": [draw.choice("abc") for _ in rows],
        "site": [draw.randint(1, 40) for _ in rows],
        "w": [round(draw.uniform(0.5, 2), 2) for _ in rows],
    }
    columns["result"][5] = None
    return table_file(tmp_path_factory.mktemp("data"), columns)


@pytest.fixture(scope="module")
def answers(table: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("queries")
    return {name: run("analyse", query_file(folder, q), "--data", table, "--json") for name, q in QUERIES.items()}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return run("schema", "answer").document


@pytest.mark.parametrize("name", QUERIES)
def test_the_document_is_the_one_that_is_published(name: str, answers: dict[str, Run], schema: dict[str, Any]) -> None:
    done = answers[name]
    document = done.document
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert set(ANSWER_FIELDS) <= set(document)
    assert done.code == CODES[document["status"]]
    assert document["headline"] and document["text"]
    effect = document["effect"]
    assert (effect is not None) == (document["status"] == "answered")
    if effect is not None:
        assert set(EFFECT_FIELDS) <= set(effect)
        assert effect["scale"] == QUERIES[name].get("scale", "difference")
        assert effect["low"] <= effect["value"] <= effect["high"] and effect["level"] == 0.95
        assert document["certainty"]["level"] in ("high", "moderate", "low", "very_low")
        assert document["certainty"]["up"] or document["certainty"]["down"]
        assert {"strategy", "adjust_for", "population", "statement", "assumptions"} <= set(document["estimand"])
        assert document["method"] == document["estimates"][0]["method"]
        assert document["estimates"][0]["effect"] == effect
        sample = document["sample"]
        assert sample["used"] + sum(d["rows"] for d in sample["dropped"]) == sample["rows"] == 240
        for check in document["refutations"]:
            assert {"check", "question", "expected", "observed", "verdict"} <= set(check)
            assert check["verdict"] in ("passed", "failed", "inconclusive")
    if document["status"] == "not_identified":
        assert document["why_not"] and document["would_help"]
    if document["status"] == "not_causal":
        assert document["association"]


@pytest.mark.parametrize("name", [n for n in QUERIES if n != "wrong"])
def test_provenance_is_enough_to_repeat_it(name: str, answers: dict[str, Run], table: Path, tmp_path: Path) -> None:
    document = answers[name].document
    assert {"versions", "seed", "data", "query", "seconds"} <= set(document["provenance"])
    again = run("analyse", query_file(tmp_path, document["provenance"]["query"]), "--data", table, "--json")
    assert without_seconds(again.out) == without_seconds(answers[name].out)


def test_the_seed_is_used_and_kept(table: Path, tmp_path: Path, answers: dict[str, Run]) -> None:
    path = query_file(tmp_path, QUERIES["adjust_for"])
    seven, zero = (
        run("analyse", path, "--data", table, "--json", "--seed", "7").document,
        answers["adjust_for"].document,
    )
    assert seven["provenance"]["seed"] == 7
    assert seven["effect"] == zero["effect"]
    figures = [{c["check"]: c["figures"] for c in d["refutations"]} for d in (seven, zero)]
    assert figures[0]["placebo_treatment"] != figures[1]["placebo_treatment"]


def test_the_query_schema_has_every_field_of_the_contract() -> None:
    schema = run("schema", "query").document
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(QUERY_FIELDS) <= set(schema["properties"])
    designs = {
        d["properties"]["kind"]["const"]: d for n, d in schema["$defs"].items() if "kind" in d.get("properties", {})
    }
    for kind, fields in DESIGNS.items():
        assert set(fields) <= set(designs[kind]["properties"])
    for name, query in QUERIES.items():
        jsonschema.validate({"kind": "effect", **query}, schema), name
    for graph in (
        {"edges": [{"cause": "a", "effect": "b", "reason": "r", "confidence": "sure", "source": "model"}]},
        GRAPH,
    ):
        jsonschema.validate({"graph": graph}, schema)


def test_the_kind_is_not_needed_by_the_schema_either() -> None:
    """`kind` has a default in the query, and a design may be left out."""
    schema = run("schema", "query").document
    jsonschema.validate({"treatment": "a", "outcome": "b"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"treatment": 5, "outcome": "b"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"treatmnt": "a", "outcome": "b"}, schema)


def test_quiet_is_one_line(table: Path, tmp_path: Path, answers: dict[str, Run]) -> None:
    for name in ("graph", "association", "hidden"):
        done = run("analyse", query_file(tmp_path, QUERIES[name]), "--data", table, "--quiet")
        assert done.err == ""
        assert done.out == answers[name].document["headline"] + "\n"
        assert len(done.out.splitlines()) == 1


def test_the_answer_is_on_standard_output_and_the_talk_is_not(
    table: Path, tmp_path: Path, answers: dict[str, Run]
) -> None:
    done = run("analyse", query_file(tmp_path, QUERIES["graph"]), "--data", table)
    assert done.out == answers["graph"].document["text"] + "\n"
    assert all(line.startswith("✓ ") for line in done.err.splitlines())
    assert not re.search(r"[\r\x1b\x08]", done.out + done.err)
    expert = run("analyse", query_file(tmp_path, QUERIES["graph"]), "--data", table, "--expert")
    assert expert.out.startswith(done.out)
    assert "regression" in expert.out and "placebo_treatment" in expert.out
    assert answers["graph"].err == ""


def test_help_lists_what_there_is() -> None:
    done = run("--help")
    assert done.code == 0 and done.err == ""
    for command in ("ask", "read", "analyse", "schema"):
        assert re.search(rf"^  {command}\b", done.out, re.MULTILINE)
        assert run(command, "--help").code == 0
    for code in ("0 answered", "3 cannot be told", "2 bad input", "1 our fault"):
        assert code in " ".join(done.out.split())
    options = {
        "ask": "data model api-base record replay describe seed json quiet expert debug dry-run treatment outcome",
        "read": "data model api-base record replay describe json dry-run",
        "analyse": "data describe seed json quiet expert debug",
    }
    for command, names in options.items():
        text = run(command, "--help").out
        for name in names.split():
            assert f"--{name}" in text, (command, name)


def test_a_dry_run_sends_nothing_and_shows_no_cells(table: Path) -> None:
    with Server() as server:
        done = run("ask", "Does the drug change the result?", "--data", table, "--model", "openai/x", "--api-base",
                   server.url, "--dry-run")  # fmt: skip
        assert server.requests == []
    assert done.code == 0
    request = done.document
    assert request["step"] == "read" and request["messages"]
    cells = {line.split(",")[3] for line in table.read_text().splitlines()[1:]} - {""}
    assert not [c for c in cells if f" {c}," in done.out or f'"{c}"' in done.out]


def test_reading_is_a_document_too(table: Path) -> None:
    done = run("read", "Does the drug change the result?", "--data", table, "--json")
    document = done.document
    assert {"status", "query", "receipt", "graph", "bad_controls", "choices"} <= set(document)
    assert (done.code, document["status"]) == (0, "read")
    assert (document["query"]["treatment"], document["query"]["outcome"]) == ("drug", "result")
    unsure = run("read", "Is it nice?", "--data", table, "--json")
    assert (unsure.code, unsure.document["status"], unsure.document["query"]) == (2, "choose", None)
    assert set(unsure.document["choices"]) == {"treatment", "outcome"}


def test_what_was_read_can_be_analysed(table: Path, tmp_path: Path) -> None:
    reading = run("read", "Does the drug change the result?", "--data", table, "--json").document
    asked = run("ask", "Does the drug change the result?", "--data", table, "--json").document
    done = run("analyse", query_file(tmp_path, reading["query"]), "--data", table, "--json").document
    assert done["effect"] == asked["effect"] and done["certainty"] == asked["certainty"]


HASHES = ("1", "2")


@pytest.fixture(scope="module")
def recording(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording") / "steps"
    reading = (
        '{"reading": {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": null}}'
    )
    with Server(replies={"read": reading}) as server:
        done = run(
            "ask", QUESTION, "--data", table, "--model", "openai/test", "--api-base", server.url, "--record", folder
        )
    assert done.code == 0, done.err
    assert sorted(p.name for p in folder.iterdir())[0].endswith(".json")
    return folder


QUESTION = "Does taking the drug raise the result?"


def test_the_same_bytes_in_every_process(table: Path, tmp_path: Path, answers: dict[str, Run]) -> None:
    path = query_file(tmp_path, EFFECT)
    runs = [start("analyse", path, "--data", table, "--json", environment={"PYTHONHASHSEED": h}) for h in HASHES]
    runs.append(answers["graph"])  # this process
    assert [r.code for r in runs] == [0, 0, 0], runs[0].err
    assert len({without_seconds(r.out) for r in runs}) == 1
    assert runs[0].err == ""


def test_a_replay_gives_the_same_bytes_without_key_or_server(table: Path, recording: Path) -> None:
    words = ("ask", QUESTION, "--data", table, "--replay", recording, "--json")
    runs = [start(*words, environment={"PYTHONHASHSEED": h}) for h in HASHES]
    assert [r.code for r in runs] == [0, 0], runs[0].err
    assert len({without_seconds(r.out) for r in runs}) == 1
    document = runs[0].document
    assert document["provenance"]["query"]["question"] == QUESTION
    assert document["effect"]["value"] > 1
    again = run(*words)
    assert without_seconds(again.out) == without_seconds(runs[0].out)


def test_a_replay_of_another_question_is_refused(table: Path, recording: Path) -> None:
    done = run("ask", "Does the drug lower the result?", "--data", table, "--replay", recording, "--json")
    assert done.code == 2
    assert done.document["error"]["code"] == "recording"
    assert "question" in done.document["error"]["message"] and "--record" in done.document["error"]["hint"]


def test_numbers_are_not_rounded(answers: dict[str, Run]) -> None:
    value = answers["graph"].document["effect"]["value"]
    assert isinstance(value, float) and len(repr(value)) > 10
    assert json.loads(answers["graph"].out)["effect"]["value"] == value
