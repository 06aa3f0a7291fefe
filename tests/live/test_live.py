"""A real language model on this machine: plumbing and manners, whatever the model knows. `make test-live`.

PYLLM_CAUSAL_TEST_GGUF=FILE.gguf      starts llama.cpp's server for it, and runs it in this process too
PYLLM_CAUSAL_TEST_API_BASE=URL        asks a server that is there already (on this machine), as PYLLM_CAUSAL_TEST_MODEL
PYLLM_CAUSAL_TEST_API_KEY=KEY         with this key
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.terminal import ROOT, Run, query_file, run

pytestmark = pytest.mark.live

GGUF = os.environ.get("PYLLM_CAUSAL_TEST_GGUF", "")
BASE = os.environ.get("PYLLM_CAUSAL_TEST_API_BASE", "")
DATA = ROOT / "fixtures/data"
QUESTION = "Did the training programme raise earnings in 1978?"
TABLE = ("--data", DATA / "nsw.csv", "--describe", f"@{DATA / 'nsw.describe.txt'}")
SAME = ("effect", "method", "estimand", "certainty", "refutations", "estimates", "sample", "headline", "status")


class Model(NamedTuple):
    options: tuple[str, ...]
    key: str


@pytest.fixture(scope="module")
def server() -> Iterator[Model]:
    """A llama.cpp server that asks for a key, or the one that the environment names."""
    if BASE:
        name = os.environ.get("PYLLM_CAUSAL_TEST_MODEL", "openai/local")
        yield Model(("--model", name, "--api-base", BASE), os.environ.get("PYLLM_CAUSAL_TEST_API_KEY", ""))
        return
    if not GGUF:
        pytest.skip("set PYLLM_CAUSAL_TEST_GGUF=FILE.gguf or PYLLM_CAUSAL_TEST_API_BASE=URL")
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
    key = "live-test-key-0123456789"
    command = [sys.executable, str(Path(__file__).with_name("llama.py")), GGUF, key, "4096"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        try:
            yield Model(("--model", "openai/local", "--api-base", f"{address}/v1"), key)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def file() -> Model:
    """The model file in this process."""
    if not GGUF:
        pytest.skip("set PYLLM_CAUSAL_TEST_GGUF=FILE.gguf")
    pytest.importorskip("xllamacpp", reason="the extra [local] is not installed")
    return Model(("--model", f"local:{GGUF}"), "")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "600")
    monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "0")


def works(model: Model, monkeypatch: pytest.MonkeyPatch) -> Run:
    if model.key:
        monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", model.key)
    done = run("models", "check", *model.options)
    assert done.code == 0, done.err
    assert "was reached and answered in" in done.out and "a second" in done.out
    return done


def reads_and_answers(model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """`read` and `ask`, recorded and replayed: numbers are those of `analyse`, whatever the model says."""
    if model.key:
        monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", model.key)
    read = run("read", QUESTION, *TABLE, *model.options, "--json")
    assert read.code in (0, 2) and read.document["status"] in ("read", "choose"), read.err
    roles = ("--treatment", "treat", "--outcome", "re78")  # a model that reads nothing must not end the test here
    done = run("ask", QUESTION, *TABLE, *model.options, *roles, "--record", folder, "--json")
    assert done.error is None and done.code in (0, 2, 3), done.err
    document = done.document
    assert document["status"] != "error", done.err
    if model.key:
        assert model.key not in done.out + done.err + "".join(p.read_text() for p in folder.iterdir())
    monkeypatch.delenv("PYLLM_CAUSAL_API_KEY", raising=False)
    again = run("ask", QUESTION, *TABLE, *roles, "--replay", folder, "--json")
    assert again.document["text"] == document["text"] and again.document["effect"] == document["effect"]
    if document["status"] != "needs_review":
        plain = run("analyse", query_file(folder, document["provenance"]["query"]), *TABLE, "--json").document
        assert {f: document[f] for f in SAME} == {f: plain[f] for f in SAME}
    return document


def test_the_server_works(server: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    done = works(server, monkeypatch)
    if GGUF and not BASE:
        assert "keeps to the form of reply" in done.out  # llama.cpp binds every reply to its schema


def test_the_server_reads_and_answers(server: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = reads_and_answers(server, tmp_path, monkeypatch)
    assert document["provenance"]["language"]["calls"] >= 1


def test_a_wrong_key_is_said(server: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    if not server.key:
        pytest.skip("this server asks for no key")
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", "not-the-key-0123")
    done = run("models", "check", *server.options)
    assert done.code == 2 and "no key that it accepts" in done.err and "not-the-key" not in done.err


def test_the_file_works_in_this_process(file: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    done = works(file, monkeypatch)
    assert "keeps to the form of reply" in done.out and "runs in this process" in done.out


def test_the_file_reads_and_answers(file: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = reads_and_answers(file, tmp_path, monkeypatch)
    language = document["provenance"]["language"]
    assert language["cost"] == 0 and language["model"].startswith("local:")
    assert str(Path(GGUF).parent) not in str(document)


def test_a_prompt_that_is_too_long_is_said(file: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_CONTEXT", "512")
    done = run("read", QUESTION, *TABLE, *file.options, "--json")
    assert done.code == 2 and "too long for this model" in done.document["error"]["message"]


def test_patience_ends_and_the_model_is_free_again(file: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    works(file, monkeypatch)
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "0.2")
    start = time.monotonic()
    done = run("read", f"{QUESTION} {'really ' * 40}", *TABLE, *file.options, "--json")
    assert done.code == 2 and "no answer within 0.2 seconds" in done.document["error"]["message"]
    assert time.monotonic() - start < 10
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "120")
    works(file, monkeypatch)
