"""What leaves the machine: nothing in a dry run, no row ever, no more than was agreed to, and all of it in a log."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import pyllm_causal
from pyllm_causal import Study
from pyllm_causal.language import sent_log
from pyllm_causal.language.client import LiveClient, Message, Request
from pyllm_causal.language.sent_log import Logged
from pyllm_causal.settings import load
from tests.cli.terminal import run, table_file
from tests.server import Server

QUESTION = "Does taking the drug raise the result?"
READ = {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}
KEY = "planted-secret-0123456789"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    draw = random.Random(5)
    rows = range(60)
    drug = [draw.randint(0, 1) for _ in rows]
    return table_file(
        tmp_path,
        {
            "drug": drug,
            "result": [round(d + draw.gauss(0, 1), 3) for d in drug],
            "age": [draw.randint(20, 70) for _ in rows],
            "ward": [draw.choice(["north", "south"]) for _ in rows],
            "town": [f"town{i % 20:02d}" for i in rows],
            "doctor": [f"Dr. Secret{i % 7}" for i in rows],
        },
    )


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "0")
    place = sent_log.place()
    assert place is not None and tmp_path in place.parents
    return place


def asked(table: Path, *options: str) -> tuple[Any, Server]:
    with Server(replies={"read": json.dumps({"reading": READ})}) as server:
        done = run(
            "ask", QUESTION, "--data", table, "--model", "openai/m", "--api-base", server.url, "--json", *options
        )
    assert done.error is None and done.code == 0, done.err
    return done, server


def documents(text: str) -> list[dict[str, Any]]:
    out, decoder, place = [], json.JSONDecoder(), 0
    while place < len(text.rstrip()):
        found, place = decoder.raw_decode(text, place)
        out.append(found)
        while place < len(text) and text[place].isspace():
            place += 1
    return out


class TestDryRun:
    def test_nothing_is_sent(self, table: Path, log: Path) -> None:
        with Server() as server:
            done = run("ask", QUESTION, "--data", table, "--model", "openai/m", "--api-base", server.url, "--dry-run")
            assert server.requests == []
        assert done.code == 0 and [d["step"] for d in documents(done.out)] == ["read"]
        assert "Nothing was sent" in done.err and not log.exists()

    def test_with_both_ends_the_later_steps_are_known(self, table: Path) -> None:
        done = run("ask", QUESTION, "--data", table, "--treatment", "drug", "--outcome", "result", "--dry-run")
        shown = documents(done.out)
        assert [d["step"] for d in shown] == ["read", "draft", "challenge"]
        assert "age" in json.dumps(shown[1]["messages"])

    def test_it_is_what_is_sent(self, table: Path, log: Path) -> None:
        ends = ("--treatment", "drug", "--outcome", "result")
        shown = documents(run("ask", QUESTION, "--data", table, "--dry-run", *ends).out)
        asked(table, *ends)
        sent = {e["step"]: e["messages"] for e in sent_log.entries(log)}
        assert sent["read"] == shown[0]["messages"]
        assert sent["draft"] == shown[1]["messages"]

    def test_plan(self) -> None:
        done = run("plan", "Does coffee cause headaches?", "--describe", "sleep: hours of sleep", "--dry-run")
        (shown,) = documents(done.out)
        assert shown["step"] == "plan" and "hours of sleep" in json.dumps(shown)


class TestShare:
    @pytest.mark.parametrize(
        ("how", "there", "not_there"),
        [
            ("names", ["ward"], ["north", "60", "town00", "Secret"]),
            ("profile", ["ward", "north"], ["Secret", "town00"]),
            (None, ["ward", "north"], ["Secret", "town00"]),
            ("levels", ["ward", "north"], ["Secret"]),
        ],
    )
    def test_no_more_than_agreed(self, table: Path, how: str | None, there: list[str], not_there: list[str]) -> None:
        options = ("--share", how) if how else ()
        shown = documents(run("ask", QUESTION, "--data", table, "--dry-run", *options).out)
        user = shown[0]["messages"][-1]["content"]
        assert all(t in user for t in there) and not [t for t in not_there if t in user]

    def test_the_settings_may_say_less(self, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYLLM_CAUSAL_SHARE", "names")
        user = documents(run("ask", QUESTION, "--data", table, "--dry-run").out)[0]["messages"][-1]["content"]
        assert "north" not in user
        more = documents(run("ask", QUESTION, "--data", table, "--dry-run", "--share", "profile").out)
        assert "north" in more[0]["messages"][-1]["content"]

    @pytest.mark.parametrize("share", [None, "names"])
    @pytest.mark.parametrize("step", ["ask", "read", "study", "plan"])
    def test_they_hold_in_python_and_when_planning(
        self, step: str, share: str | None, table: Path, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if share:
            monkeypatch.setenv("PYLLM_CAUSAL_SHARE", share)
        with Server(replies={"read": json.dumps({"reading": READ})}) as server:
            model = {"model": "openai/m", "api_base": server.url}
            if step == "plan":
                words = ("--data", table, "--model", "openai/m", "--api-base", server.url)
                assert run("plan", QUESTION, *words).code == 0
            elif step == "study":
                Study(table, **model).ask(QUESTION)
            else:
                getattr(pyllm_causal, step)(QUESTION, table, **model)
        said = json.dumps([r["body"]["messages"] for r in server.requests])
        assert "ward" in said and ("north" in said) == (share is None)

    def test_nonsense_is_refused(self, table: Path) -> None:
        assert run("ask", QUESTION, "--data", table, "--share", "everything").code == 2


class TestLog:
    def test_every_request_is_in_it_word_for_word(self, table: Path, log: Path) -> None:
        _, server = asked(table)
        bodies = [r["body"] for r in server.requests]
        logged = list(sent_log.entries(log))
        assert [e["messages"] for e in logged] == [b["messages"] for b in bodies] and len(logged) >= 4
        assert {e["model"] for e in logged} == {"openai/m"} and all("127.0.0.1" in e["to"] for e in logged)
        assert oct(log.stat().st_mode & 0o777) == "0o600"

    def test_it_can_be_shown_and_deleted(self, table: Path, log: Path) -> None:
        asked(table)
        done = run("sent", "--last", "2")
        assert done.code == 0 and "· read ·" not in done.out and done.out.count(" · to ") == 2
        assert len(run("sent", "--json").document["sent"]) >= 4
        assert run("sent", "--clear").out.strip() == "The log is deleted."
        assert not log.exists() and "Nothing was sent" in run("sent").out

    @pytest.mark.parametrize("how", ["flag", "environment"])
    def test_it_can_be_switched_off(self, how: str, table: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if how == "environment":
            monkeypatch.setenv("PYLLM_CAUSAL_SENT_LOG", "off")
        asked(table, *(["--no-log"] if how == "flag" else []))
        assert not log.exists()
        if how == "environment":
            assert "switched off" in run("sent").out

    def test_a_replay_sends_nothing(self, table: Path, log: Path, tmp_path: Path) -> None:
        asked(table, "--record", str(tmp_path / "rec"))
        run("sent", "--clear")
        done = run("ask", QUESTION, "--data", table, "--replay", tmp_path / "rec", "--json")
        assert done.code == 0 and not log.exists()

    def test_no_key_is_in_it(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
        with Server({"read": "{}"}) as server:
            client = Logged(LiveClient(load("openai/m", server.url)), log)
            client.complete(Request(step="read", messages=(Message(role="user", content=f"my key is {KEY}"),)))
        text = log.read_text()
        assert "my key is" in text and KEY not in text and "Authorization" not in text

    def test_it_is_bounded(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sent_log, "LARGEST", 2_000)
        for i in range(40):
            sent_log.write(log, {"n": i, "text": "x" * 200})
        kept = [e["n"] for e in sent_log.entries(log)]
        assert kept[-1] == 39 and kept == list(range(kept[0], 40)) and len(kept) < 25
        assert sum(f.stat().st_size for f in log.parent.iterdir()) < 6_000

    def test_damaged_lines_are_passed_over(self, log: Path) -> None:
        sent_log.write(log, {"step": "read"})
        with log.open("a") as file:
            file.write('{"cut": \n[1]\n' + "[" * 5_000 + "\n")
        assert list(sent_log.entries(log)) == [{"step": "read"}]
        assert run("sent").code == 0

    def test_a_log_that_cannot_be_written_stops_nothing(
        self, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
        asked(table)
        assert caplog.text.count("could not be written to the log") == 1
