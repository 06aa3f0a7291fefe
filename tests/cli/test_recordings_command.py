"""`pyllm-causal recordings`: what lies in a folder, what is out of date and why, and what may go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.language import prompts
from pyllm_causal.language.client import Message, Reply, Request, Scripted
from pyllm_causal.language.recording import Recorder
from tests.cli.terminal import run, table_file

QUESTION = "Does taking the drug raise the result?"
READ = {"reading": {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good recordings, one of an older prompt, one out of place, one damaged, and a file that is not ours."""
    place = tmp_path / "recordings"
    client = Recorder(Scripted([Reply(text="x", model="m", tokens_in=7, tokens_out=3)] * 9, model="openai/m"), place)
    for step, digest in (("read", prompts.digest("read")), ("draft", "older"), ("phrase", prompts.digest("phrase"))):
        client.complete(Request(step=step, messages=(Message(role="user", content="hi"),), prompt=digest))
    (place / "phrase.3.json").write_bytes((place / "phrase.json").read_bytes())
    damaged = json.loads((place / "read.json").read_text()) | {"fingerprint": "0" * 64}
    (place / "challenge.json").write_text(json.dumps(damaged))
    (place / "mine.json").write_text('{"holiday": "photos"}')
    return place


def test_list(folder: Path) -> None:
    done = run("recordings", "list", folder)
    assert done.code == 0 and "read.json  read · openai/m · live · 20" in done.out and "7+3 tokens" in done.out
    rows = {r["file"]: r for r in run("recordings", "list", folder, "--json").document["recordings"]}
    assert rows["read.json"]["tokens_in"] == 7 and len(rows) == 6


def test_check_says_what_changed(folder: Path) -> None:
    done = run("recordings", "check", folder, "--json")
    states = {r["file"]: (r["state"], r["why"]) for r in done.document["recordings"]}
    assert done.code == 2
    assert states["read.json"] == states["phrase.json"] == ("good", "")
    assert states["draft.json"] == ("out of date", "the prompt file (draft.md) changed since")
    assert states["phrase.3.json"] == ("unused", "the call before it (phrase.2.json) is missing")
    assert states["challenge.json"][0] == states["mine.json"][0] == "damaged"
    assert "2 of 6 recordings are good" in run("recordings", "check", folder).out


def test_clean_asks_first(folder: Path) -> None:
    before = sorted(p.name for p in folder.iterdir())
    assert run("recordings", "clean", folder, stdin="n\n").out.endswith("0 removed.\n")
    assert sorted(p.name for p in folder.iterdir()) == before
    done = run("recordings", "clean", folder, "--yes")
    assert done.out == "2 removed.\n" and "challenge.json  damaged" in done.err
    assert sorted(p.name for p in folder.iterdir()) == ["challenge.json", "mine.json", "phrase.json", "read.json"]
    assert run("recordings", "clean", folder, "--yes").out == "0 removed.\n"


def test_folders_of_folders(folder: Path) -> None:
    done = run("recordings", "check", folder.parent)
    assert "recordings/draft.json  out of date" in done.out


@pytest.mark.parametrize("command", ["list", "check", "clean"])
def test_no_folder(command: str, tmp_path: Path) -> None:
    done = run("recordings", command, tmp_path / "nowhere")
    assert done.code == 2 and "no folder" in done.err and done.error is None
    assert run("recordings", command, tmp_path, "--json").code == 0


def test_one_answer_file_repeats_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyllm_causal import study

    rows = range(40)
    table = table_file(tmp_path, {"drug": [i % 2 for i in rows], "result": [i * 7 % 11 + 3 * (i % 2) for i in rows]})
    replies: dict[str, Any] = {"read": READ, "draft": {}, "challenge": {}, "phrase": {"prose": ""}}
    with monkeypatch.context() as patch:
        scripted = Scripted(lambda request: json.dumps(replies[request.step]))
        patch.setattr(study, "connect", lambda *a, **k: scripted)
        first = run("ask", QUESTION, "--data", table, "--json")
    (tmp_path / "answer.json").write_text(first.out)
    again = run("ask", QUESTION, "--data", table, "--replay", tmp_path / "answer.json", "--json")
    assert first.code == again.code == 0, again.err
    one, two = first.document, again.document
    assert list(one["provenance"]["language"]["recordings"]) == [
        "read.json",
        "draft.json",
        "challenge.json",
        "phrase.json",
        "phrase.2.json",
    ]
    for document in (one, two):
        document["provenance"].pop("seconds")
        document["provenance"]["language"].pop("origin")
    assert one == two
    other = run("ask", QUESTION + " Really?", "--data", table, "--replay", tmp_path / "answer.json")
    assert other.code == 2 and "out of date: the question, the table's columns or their description" in other.err
