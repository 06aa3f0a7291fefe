"""How servers differ, seen from the command line: schemas honoured, refused and ignored, limits, overflow, bad JSON.

Rubbish and troubles of every other kind are in test_hostile_model.py.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Run, drug_table, run
from tests.server import Server, Trouble

QUESTION = "Does the drug raise the result?"
READ = json.dumps(
    {"reading": {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}}
)
WRONG = '{"reading": {"kind": "effect", "treatment": 7}}'


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drug_table(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "5")


def read(table: Path, reply: Any, *options: str, question: str = QUESTION) -> tuple[Run, Server]:
    with Server({"read": reply}) as server:
        done = run(
            "read", question, "--data", table, "--model", "openai/test", "--api-base", server.url, "--json", *options
        )
    return done, server


def readings(server: Server) -> list[dict[str, Any]]:
    return [r["body"] for r in server.requests if "turn a question" in json.dumps(r["body"]["messages"])]


def good(done: Run) -> bool:
    query = done.document["query"]
    return done.code == 0 and (query["treatment"], query["outcome"]) == ("drug", "result")


def test_a_schema_that_is_honoured_and_nothing_is_streamed(table: Path) -> None:
    done, server = read(table, READ)
    assert good(done) and len(readings(server)) == 1
    for request in server.requests:
        assert request["body"].get("stream") in (None, False)
        assert "tools" not in request["body"]
    assert readings(server)[0]["response_format"]["type"] == "json_schema"


def test_a_schema_that_is_refused_is_not_sent_again(table: Path) -> None:
    done, server = read(table, Trouble(text=READ, refuse_schema=True))
    assert good(done)
    forms = [(b.get("response_format") or {}).get("type") for b in readings(server)]
    assert forms[:3] == ["json_schema", "json_object", None] and "json_schema" not in forms[1:]


@pytest.mark.parametrize(
    "text",
    [
        f"Here you are:\n```json\n{READ}\n```\nAnything else?", f"```\n{READ}", f"<think>let me see {{x}}</think>{READ}",
        f"{READ} I hope that helps.",
    ],
    ids=["fenced", "half a fence", "thought", "talk"],
)  # fmt: skip
def test_a_schema_that_is_ignored_with_json_all_the_same(text: str, table: Path) -> None:
    done, server = read(table, text)
    assert good(done) and len(readings(server)) == 1


def test_json_that_is_cut_off_in_a_fence_is_asked_for_again(table: Path) -> None:
    done, server = read(table, [Trouble(text=f"```json\n{READ[:40]}", finish="length"), READ])
    assert good(done)
    first, second = readings(server)
    assert len(second["messages"]) == len(first["messages"]) + 2
    assert "cut off" in second["messages"][-1]["content"]


@pytest.mark.parametrize("text", [WRONG, f"```json\n{READ[:40]}", "I will not say."])
def test_the_wrong_form_three_times_is_a_choice_for_the_person(text: str, table: Path) -> None:
    done, server = read(table, [text, text, text, READ])
    assert len(readings(server)) == 2  # one repair and no more
    assert done.code in (0, 2) and done.document["status"] in ("choose", "read")
    if done.document["status"] == "choose":
        assert done.document["choices"]


def test_an_overflow_says_what_to_do(table: Path) -> None:
    trouble = Trouble(status=400, error="request (9000 tokens) exceeds the available context size (4096 tokens)")
    done, server = read(table, trouble)
    assert done.code == 2 and len(server.requests) == 1
    error = done.document["error"]
    assert "too long for this model" in error["message"] and "--share names" in error["hint"]


def test_a_busy_server_is_waited_for(table: Path) -> None:
    start = time.monotonic()
    busy = Trouble(status=429, headers={"retry-after": "0.3"})
    done, server = read(table, [busy, busy, READ])
    assert good(done) and len(readings(server)) == 3
    assert time.monotonic() - start >= 0.6


def test_a_busy_server_that_asks_for_too_much_is_not_waited_for(table: Path) -> None:
    done, server = read(table, Trouble(status=429, headers={"retry-after": "120"}))
    assert done.code == 2 and len(server.requests) == 1
    assert "asks to wait 120 seconds" in done.document["error"]["message"]


def test_a_cut_connection_is_tried_again(table: Path) -> None:
    done, server = read(table, [Trouble(text=READ, cut=True), READ])
    assert good(done) and len(readings(server)) == 2


def test_a_slow_server_is_given_up(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "0.4")
    monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "0")
    for trouble in (Trouble(text=READ, wait=3), Trouble(text=READ, trickle=0.05)):
        done, _ = read(table, trouble)
        assert done.code == 2 and "no answer within 0.4 seconds" in done.document["error"]["message"]


@pytest.mark.parametrize("name", ["ollama/mine", "hosted_vllm/mine", "llamacpp/mine", "lm_studio/mine", "mine"])
def test_servers_that_people_run_are_asked_by_the_models_own_name(name: str, table: Path) -> None:
    with Server({"read": READ}) as server:
        done = run("read", QUESTION, "--data", table, "--model", name, "--api-base", server.url, "--json")
    assert good(done) and {r["body"]["model"] for r in server.requests} == {"mine"}
    assert all(r["path"] == "/v1/chat/completions" for r in server.requests)
    assert all(r["headers"]["Authorization"] == "Bearer none" for r in server.requests)
