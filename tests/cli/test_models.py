"""`pyllm-causal models`: what works, in plain words; and the exam."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.language import exam
from tests.cli.terminal import run
from tests.server import Server, Trouble

HONOURED = '{"left": 7, "mark": "seen"}'
KEY = "planted-secret-0123456789"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "0")
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "5")


def check(reply: Any, *options: str, exam_reply: Any = None) -> tuple[Any, Server]:
    with Server({"check": reply, "exam": exam_reply}) as server:
        done = run("models", "check", "--model", "openai/test", "--api-base", server.url, *options)
    return done, server


def answer(right: bool = True) -> Any:
    def reply(body: dict[str, Any]) -> str:
        said = body["messages"][-1]["content"]
        question = next(q for q in exam.questions() if q.text in said)
        return json.dumps({"answer": question.right if right else question.options[0]})

    return reply


def test_a_model_that_does_well() -> None:
    done, server = check(HONOURED)
    assert done.code == 0 and len(server.requests) == 1
    assert "was reached and answered in" in done.out and "tokens" in done.out
    assert "keeps to the form of reply" in done.out
    assert "Cost of a call: unknown" in done.out
    assert "is not asked which way an arrow points" in done.out and "--exam" in done.out
    assert server.requests[0]["body"]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ('{"left": 7}', "ignores the form .* wrote JSON all the same"),
        ('```json\n{"left": 7}\n```', "ignores the form .* wrote JSON all the same"),
        ("Seven apples are left.", "ignores the form .* wrote no JSON either"),
        ("", "ignores the form .* wrote no JSON either"),
        (Trouble(text='{"left": 7}', refuse_schema=True), "refuses the form .* wrote JSON all the same"),
        (Trouble(text="Seven", refuse_schema=True), "refuses the form .* wrote no JSON either"),
        ('{"left": 8, "mark": "seen"}', "simple sum wrong"),
        (Trouble(text='{"left": 7, "mark"', finish="length"), "ignores the form .* wrote no JSON"),
    ],
)
def test_schema_honoured_ignored_refused(reply: Any, says: str) -> None:
    import re

    done, _ = check(reply)
    assert done.code == 0 and re.search(says, done.out), done.out


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Trouble(status=401), "no key that it accepts"),
        (Trouble(status=404), "does not know this model"),
        (Trouble(status=429, headers={"retry-after": "99"}), "asks to wait 99 seconds"),
        (Trouble(status=302, headers={"location": "http://127.0.0.1:9/"}), "another address"),
        (Trouble(raw=b"<html>"), "cannot be read"),
        (Trouble(text="x" * 400, cut=True), "broke off"),
    ],
)
def test_a_server_in_trouble(trouble: Trouble, says: str) -> None:
    done, _ = check(trouble)
    assert done.code == 2 and says in done.err and done.out == ""


def test_nobody_is_there_and_no_model_is_named() -> None:
    done = run("models", "check", "--model", "ollama/x", "--api-base", "http://127.0.0.1:9")
    assert done.code == 2 and "cannot be reached" in done.err
    done = run("models", "check")
    assert done.code == 2 and "no model to check" in done.err and "config set model" in done.err
    assert run("models", "check", "--model", "local:nowhere.gguf").code == 2


def test_as_one_document() -> None:
    done, _ = check(HONOURED, "--json")
    found = done.document["check"]
    assert (found["form"], found["wrote_json"], found["right"], found["cost"]) == ("honoured", True, True, None)
    assert done.document["asked_for_directions"] is False and found["tokens_out"] == 5
    done, _ = check(Trouble(status=401), "--json")
    assert done.code == 2 and done.document["error"]["code"] == "model"


def test_an_address_without_tls_elsewhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyllm_causal.language.check.LOOPBACK", ())
    done, _ = check(HONOURED)
    assert "others on the way can read along" in done.out


def test_the_exam_is_scored_kept_and_listed() -> None:
    assert "No model has been examined" in run("models", "list").out
    done, server = check(HONOURED, "--exam", exam_reply=answer())
    assert done.code == 0 and len(server.requests) == 41
    assert "20 of 20 right. Allowing for luck that is at least 89%; more than 75% is asked for" in done.out
    assert "It may be asked which way an arrow points" in done.out
    assert "40 of 40 questions" in done.err
    assert exam.trusted("openai/test", server.url)
    listed = run("models", "list").out.splitlines()
    assert (
        listed[0].startswith("| model |") and "| openai/test | 20 of 20 | 10 of 10 | 10 of 10 | 0 | yes |" in listed[2]
    )
    assert run("models", "list", "--json").document["exams"][0]["passed"] is True
    again, _ = check(HONOURED)  # another port: another address
    assert "It is not asked" in again.out


def test_a_weak_model_fails_the_exam() -> None:
    done, server = check(HONOURED, "--exam", "--json", exam_reply=answer(right=False))
    assert done.document["exam"]["right"] == {"directions": 10, "separation": 5, "chains": 5}
    assert done.document["asked_for_directions"] is False and not exam.trusted("openai/test", server.url)
    done, _ = check(HONOURED, "--exam", exam_reply="rubbish")
    assert "40 replies could not be used" in done.out and "It is not asked" in done.out


def test_an_exam_that_breaks_off_is_not_kept() -> None:
    done, _ = check(HONOURED, "--exam", exam_reply=['{"answer": "first"}', Trouble(status=500)])
    assert done.code == 2 and exam.results() == {}


def test_a_budget_bounds_the_exam() -> None:
    done, server = check(HONOURED, "--exam", "--budget-tokens", "1300", exam_reply=answer())
    assert done.code == 2 and "budget" in done.err and 2 < len(server.requests) < 41 and exam.results() == {}


def test_a_key_that_is_echoed_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
    for reply in (f'{{"left": 7, "mark": "{KEY}"}}', Trouble(status=401, error=f"bad key {KEY}"), KEY):
        done, server = check(reply, "--exam", "--debug", exam_reply=KEY)
        assert KEY not in done.out + done.err
        assert server.requests[0]["headers"]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in "".join(p.read_text() for p in Path(exam.path()).parent.glob("*") if p.is_file())
