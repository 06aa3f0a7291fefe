"""Planted keys: in the environment, the headers, the prompt, replies and error text. None may come out anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Run, drug_table, run, start
from tests.server import NORMAL, Server, Trouble, rubbish

# By value alone (no pattern would tell it) and by looks alone (no variable holds it).
SERVER_KEY = "planted:server/value+1"
PROVIDER_KEY = "planted:provider/value+2"
PASTED = "sk-planted-Pasted0123456789abcdef"
OTHER = "ghp_plantedOther0123456789ABCD"
EVERY = (SERVER_KEY, PROVIDER_KEY, PASTED, OTHER)
ECHO = f"{SERVER_KEY} and {PROVIDER_KEY}, Authorization: Bearer {PASTED}, also {OTHER}"
READ = {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}
QUESTION = "Does the drug raise the result?"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of their own for settings, results and logs; keys in the environment."""
    folder = tmp_path / "home"
    for kind in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", SERVER_KEY)
    monkeypatch.setenv("OPENAI_API_KEY", PROVIDER_KEY)
    monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "0")
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "5")
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drug_table(tmp_path_factory.mktemp("data"))


def ask(
    replies: dict[str, Any], table: Path, folder: Path, *options: str, question: str = QUESTION
) -> tuple[Run, Server]:
    with Server({"read": json.dumps({"reading": READ}), **replies}) as server:
        done = run(
            "ask", question, "--data", table, "--model", "openai/test", "--api-base", server.url, "--debug", "--record",
            folder, *options,
        )  # fmt: skip
    return done, server


def clean(done: Run, *folders: Path) -> str:
    """Everything that a run left behind, without a single planted key in it."""
    said = done.out + done.err
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                said += f"\n{file.name}\n" + file.read_bytes().decode("utf-8", "replace")
    for key in EVERY:
        assert key not in said, key
        assert json.dumps(key)[1:-1] not in said
    assert done.error is None
    return said


@pytest.mark.parametrize("form", ["--json", "--expert", "--quiet"])
def test_replies_that_echo_keys(form: str, table: Path, home: Path, tmp_path: Path) -> None:
    replies = {
        "draft": json.dumps({"unmeasured": [{"name": PASTED, "reason": ECHO}], "suspects": [{"column": "age", "reason": ECHO}]}),
        "challenge": json.dumps({"checks": [], "negative_outcomes": [{"column": "age", "reason": ECHO}], "negative_exposures": []}),
        "phrase": json.dumps({"prose": f"The drug may raise the result: {ECHO}."}),
        "explain": ECHO,
    }  # fmt: skip
    done, server = ask(replies, table, tmp_path / "rec", form)
    said = clean(done, tmp_path / "rec", home)
    assert done.code == 0 and "[secret removed]" in said
    assert server.requests[0]["headers"]["Authorization"] == f"Bearer {SERVER_KEY}"  # its own key it may have
    assert PROVIDER_KEY not in json.dumps(server.requests)


@pytest.mark.parametrize(
    "reply", [ECHO, f'{{"reading": {{"kind": "missing", "what": "{ECHO}"}}}}', *list(rubbish())[:3]]
)
def test_a_reading_that_echoes_keys(reply: str, table: Path, home: Path, tmp_path: Path) -> None:
    done, _ = ask({"read": reply}, table, tmp_path / "rec", "--json")
    clean(done, tmp_path / "rec", home)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 500])
def test_error_text_and_headers_that_echo_keys(status: int, table: Path, home: Path, tmp_path: Path) -> None:
    headers = {"x-request-id": SERVER_KEY, "www-authenticate": f"Bearer {PASTED}", "retry-after": PROVIDER_KEY}
    for step in ("read", "phrase"):
        done, _ = ask({step: Trouble(status=status, error=ECHO, headers=headers)}, table, tmp_path / step)
        said = clean(done, tmp_path / step, home)
        assert done.code == (2 if step == "read" else 0), said
        assert ("Traceback" in done.err) == (step == "read")  # --debug shows one, without keys


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(text=ECHO * 20, cut=True),
        Trouble(raw=ECHO.encode()),
        Trouble(raw=json.dumps({"error": {"message": ECHO}}).encode()),
        Trouble(status=302, headers={"location": f"http://127.0.0.1:9/{PASTED}"}, raw=ECHO.encode()),
    ],
    ids=["cut", "no JSON", "an error as success", "redirect"],
)
def test_broken_replies_that_echo_keys(trouble: Trouble, table: Path, home: Path, tmp_path: Path) -> None:
    done, _ = ask({"read": trouble}, table, tmp_path / "rec")
    clean(done, tmp_path / "rec", home)
    assert done.code == 2


def test_keys_pasted_into_question_and_description(table: Path, home: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(f"age: in years ({OTHER})\ndrug: taken, api key {PASTED}\n")
    question = f"{QUESTION} My key is {PASTED} or {PROVIDER_KEY}."
    done, server = ask({}, table, tmp_path / "rec", "--json", "--describe", f"@{notes}", question=question)
    said = clean(done, tmp_path / "rec", home)
    assert "[secret removed]" in said
    sent = json.dumps([r["body"] for r in server.requests])
    assert not [key for key in EVERY if key in sent]  # it is not sent on either
    for command in ("read", "ask"):
        dry = run(command, question, "--data", table, "--describe", f"@{notes}", "--dry-run")
        clean(dry)


def test_a_recording_replays_without_the_key(
    table: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = ask({"phrase": json.dumps({"prose": ECHO})}, table, tmp_path / "rec", "--json")
    for name in ("PYLLM_CAUSAL_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name)
    again = run("ask", QUESTION, "--data", table, "--replay", tmp_path / "rec", "--json")
    clean(again)
    assert again.document["effect"] == first.document["effect"] and again.document["text"] == first.document["text"]


def test_wrong_options_do_not_echo_keys(table: Path, home: Path) -> None:
    for arguments in (
        ("ask", QUESTION, PASTED, "--data", table, "--json"),
        ("ask", QUESTION, f"--{OTHER}", "--data", table),
        ("ask", QUESTION, "--data", f"{PASTED}.csv", "--json"),
        ("analyse", f"{OTHER}.json", "--data", table),
        ("config", "set", "model", PASTED),
        ("config", "set", "api_key", SERVER_KEY),
        ("models", "check", "--model", "openai/x", "--api-base", f"http://me:{OTHER}@127.0.0.1:9/v1"),
        ("models", "check", "--model", "openai/x", "--api-base", f"http://127.0.0.1:9/v1?key={OTHER}"),
    ):
        done = run(*arguments)
        clean(done, home)
        assert done.code == 2


def test_models_check_and_exam_leave_no_key(home: Path) -> None:
    with Server({"check": ECHO, "exam": ECHO}) as server:
        done = run("models", "check", "--model", "openai/test", "--api-base", server.url, "--exam", "--debug")
    clean(done, home)
    assert done.code == 0


def test_a_process_of_its_own_logs_nothing_either(table: Path, home: Path, tmp_path: Path) -> None:
    """With the libraries' own logging turned up, in the environment where they look for it."""
    loud = {"OPENAI_LOG": "debug", "LITELLM_LOG": "DEBUG", "HTTPX_LOG_LEVEL": "debug"}
    with Server({**NORMAL, "read": [Trouble(status=401, error=ECHO)]}) as server:
        done = start(
            "ask", QUESTION, "--data", table, "--model", "openai/test", "--api-base", server.url, "--debug", "--record",
            tmp_path / "rec", environment=loud,
        )  # fmt: skip
    clean(done, tmp_path / "rec", home)
    assert done.code == 2 and "Traceback" in done.err
