"""`--model local:PATH.gguf`, with a stand-in for llama.cpp: what it is given, and what a person is told.

A real file is run by tests/live.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.errors import ModelError
from pyllm_causal.language import local
from pyllm_causal.language.client import LiveClient, Message, Request
from pyllm_causal.language.recording import Recorder
from pyllm_causal.settings import load
from pyllm_causal.study import connect
from tests.server import Server, Trouble

ASK = Request(
    step="read",
    messages=(Message(role="user", content="Hello"),),
    response_schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)


class Library:
    """xllamacpp as far as it is used: parameters are kept, and a scripted server answers."""

    def __init__(self, server: Server) -> None:
        self.server, self.given, self.fails = server, list[Any](), False

    def CommonParams(self) -> Any:  # the name is the library's
        return types.SimpleNamespace(model=types.SimpleNamespace(), cpuparams=types.SimpleNamespace(),
                                     cpuparams_batch=types.SimpleNamespace())  # fmt: skip

    def Server(self, wanted: Any) -> Any:
        self.given.append(wanted)
        if self.fails:
            raise RuntimeError("Failed to init server, please check the input params.")
        return types.SimpleNamespace(listening_address=self.server.url.removesuffix("/v1"))


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    with Server({"read": "{}"}) as server:
        found = Library(server)
        monkeypatch.setattr(local, "import_module", lambda _: found)
        monkeypatch.setattr(local, "_RUNNING", {})
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "private folder" / "tiny model.gguf"
    path.parent.mkdir()
    path.write_bytes(b"GGUF" + bytes(range(256)) * 10)
    return path


def live(file: Path, **settings: Any) -> LiveClient:
    return LiveClient(load(f"local:{file}", environment={}, retries=0, **settings), sleep=lambda _: None)


def test_a_schema_bound_reply_that_costs_nothing(library: Library, file: Path) -> None:
    reply = live(file).complete(ASK)
    assert (reply.text, reply.cost, reply.tokens_in) == ("{}", 0.0, 10)
    body = library.server.requests[0]["body"]
    assert body["response_format"]["json_schema"]["schema"] == ASK.response_schema
    assert not body.get("stream") and body["max_tokens"] == 800


def test_what_llama_cpp_is_given(library: Library, file: Path) -> None:
    live(file).complete(ASK)
    live(file).complete(ASK)
    (given,) = library.given  # loaded once
    assert given.model.path == str(file)
    assert given.n_ctx == 4096 and given.cpuparams.n_threads == given.cpuparams_batch.n_threads == 1
    assert given.hostnames == ["127.0.0.1"] and given.port == 0 and given.offline and not given.ui
    live(file, threads=2, context=2048).complete(ASK)
    assert library.given[1].n_ctx == 2048 and library.given[1].cpuparams.n_threads == 2


def test_nobody_else_on_the_machine_can_use_it(library: Library, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", "planted-0123456789")
    monkeypatch.setenv("OPENAI_API_KEY", "planted-9876543210")
    live(file).complete(ASK)
    (key,) = library.given[0].api_keys
    assert len(key) >= 32
    assert library.server.requests[0]["headers"]["Authorization"] == f"Bearer {key}"
    assert "planted" not in str(library.server.requests)


def test_the_name_tells_the_file_but_not_its_folder(library: Library, file: Path, tmp_path: Path) -> None:
    client = live(file)
    name = client.complete(ASK).model
    assert name.startswith("local:tiny_model.gguf@") and client.settings.model == name
    assert "private" not in name and "private" not in json.dumps(library.server.requests)
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    assert local.named(f"local:{copy}") == name
    copy.write_bytes(file.read_bytes()[:-1] + b"!")
    assert local.named(f"local:{copy}") != name
    assert local.digest(f"local:{file}") == __import__("hashlib").sha256(file.read_bytes()).hexdigest()


def test_recorded_and_replayed_under_that_name(library: Library, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    Recorder(live(file), folder).complete(ASK)
    text = (folder / "read.json").read_text()
    assert "private" not in text and "tiny_model.gguf@" in text
    for model in (None, f"local:{file}"):
        replay = connect(model, replay=folder)
        assert replay is not None and replay.complete(ASK).text == "{}"
    file.unlink()
    replay = connect(None, replay=folder)
    assert replay is not None and replay.complete(ASK).text == "{}"


def test_without_the_extra_it_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(local, "import_module", missing)
    monkeypatch.setattr(local, "_RUNNING", {})
    with pytest.raises(ModelError, match=r"needs the extra \[local\]") as caught:
        live(file).complete(ASK)
    assert "pip install 'pyllm-causal[local]'" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "says"), [(None, "no model file"), (b"", "not a GGUF"), (b"PK\x03\x04zip", "not a GGUF")]
)
def test_a_wrong_file(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        live(path)
    assert "GGUF" in caught.value.hint


@pytest.mark.parametrize("name", ["local:", "local:/", "local:\x7f"])
def test_no_file_at_all(name: str) -> None:
    from pyllm_causal.errors import CausalError

    with pytest.raises(CausalError):
        LiveClient(load(name, environment={}))


def test_a_file_that_cannot_be_loaded(library: Library, file: Path) -> None:
    library.fails = True
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        live(file).complete(ASK)
    assert "memory" in caught.value.hint and "private" not in str(caught.value)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (
            Trouble(status=400, error="request (5031 tokens) exceeds the available context size (2048 tokens)"),
            "too long",
        ),
        (Trouble(status=500, error="boom"), "a fault of its own"),
        (Trouble(text="{}", wait=3), "no answer within"),
        (Trouble(text="x" * 300, cut=True), "broke off"),
    ],
    ids=["overflow", "fault", "slow", "cut"],
)
def test_errors_are_mapped(trouble: Trouble, says: str, library: Library, file: Path) -> None:
    library.server.replies["read"] = trouble
    with pytest.raises(ModelError, match=says) as caught:
        live(file, timeout=0.5).complete(ASK)
    assert caught.value.hint and str(caught.value)[0].isupper()


def test_a_context_that_is_too_short_can_be_raised(library: Library, file: Path) -> None:
    library.server.replies["read"] = Trouble(status=400, error="exceeds the available context size")
    with pytest.raises(ModelError) as caught:
        live(file).complete(ASK)
    assert "PYLLM_CAUSAL_CONTEXT" in caught.value.hint


def test_a_refused_schema_is_left_out(library: Library, file: Path) -> None:
    library.server.replies["read"] = Trouble(text="{}", refuse_schema=True)
    client = live(file)
    assert client.complete(ASK).text == "{}" and "json_schema" in client.refused


def test_no_address_comes_into_it(library: Library, file: Path) -> None:
    settings = load(f"local:{file}", "http://127.0.0.1:9/v1", environment={}, retries=0)
    assert settings.local and settings.address is None
    assert LiveClient(settings).complete(ASK).text == "{}"
