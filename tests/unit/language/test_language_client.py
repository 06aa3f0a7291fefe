"""The live client against a loopback server that misbehaves in every way we could think of."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyllm_causal.errors import ModelError, SettingsError
from pyllm_causal.language.client import Client, LiveClient, Message, Reply, Request, Scripted
from pyllm_causal.settings import Settings, load, scrub
from tests.server import Server, Trouble

ASK = Request(
    step="read",
    messages=(Message(role="user", content="Hello"),),
    response_schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)
KEY = "planted-secret-0123456789"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_ORG_ID", "PYLLM_CAUSAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def live(server: Server, **settings: object) -> LiveClient:
    waits: list[float] = []
    options = {"timeout": 5.0, "retries": 2} | settings
    client = LiveClient(load("openai/test", server.url, **options), sleep=waits.append)  # type: ignore[arg-type]
    client.waits = waits  # type: ignore[attr-defined]
    return client


def test_a_reply_comes_back_with_its_counts() -> None:
    with Server({"read": "{}"}) as server:
        reply = live(server).complete(ASK)
    assert reply == Reply(text="{}", model="openai/test", tokens_in=10, tokens_out=5, cost=None, finish_reason="stop")
    body = server.requests[0]["body"]
    assert body["model"] == "test"
    assert not body.get("stream")
    assert body["temperature"] == 0 and body["seed"] == 0 and body["max_tokens"] == 800
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["schema"] == ASK.response_schema


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(status: int) -> None:
    with Server({"read": [Trouble(status=status), Trouble(status=status), "{}"]}) as server:
        client = live(server)
        assert client.complete(ASK).text == "{}"
    assert client.waits == [0.5, 1.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [429, 500])
def test_retries_are_bounded(status: int) -> None:
    with Server({"read": Trouble(status=status)}) as server, pytest.raises(ModelError) as caught:
        live(server, retries=3).complete(ASK)
    assert len(server.requests) == 4
    assert caught.value.hint


def test_retry_after_is_honoured() -> None:
    with Server({"read": [Trouble(status=429, headers={"retry-after": "7"}), "{}"]}) as server:
        client = live(server)
        client.complete(ASK)
    assert client.waits == [7.0]  # type: ignore[attr-defined]


def test_a_long_retry_after_is_not_waited_for() -> None:
    with Server({"read": Trouble(status=429, headers={"retry-after": "3600"})}) as server:
        client = live(server)
        with pytest.raises(ModelError, match="wait 3600 seconds"):
            client.complete(ASK)
    assert client.waits == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(text="{}", wait=3.0),
        Trouble(text="{}", trickle=0.05),
    ],
    ids=["silent", "trickling"],
)
def test_a_slow_server_meets_the_timeout(trouble: Trouble) -> None:
    with Server({"read": trouble}) as server:
        start = time.monotonic()
        with pytest.raises(ModelError, match="no answer within"):
            live(server, timeout=0.4, retries=0).complete(ASK)
        assert time.monotonic() - start < 2.5


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(text="{}", cut=True),
        Trouble(raw=b"<html>hello</html>"),
        Trouble(raw=b"{}"),
        Trouble(raw=b"[]"),
        Trouble(raw=b'{"choices": []}'),
        Trouble(raw=b'{"choices": [{"message": null}]}'),
        Trouble(raw=b'{"choices": 7}'),
        Trouble(raw=b"null"),
        Trouble(raw=b""),
        Trouble(raw=b"\xff\xfe\x00"),
    ],
    ids=["cut", "html", "empty object", "list", "no choice", "null message", "wrong type", "null", "nothing", "binary"],
)
def test_a_broken_body_is_a_plain_error(trouble: Trouble) -> None:
    with Server({"read": trouble}) as server, pytest.raises(ModelError) as caught:
        live(server, retries=0).complete(ASK)
    assert caught.value.hint and "Traceback" not in str(caught.value)


def test_an_endless_body_is_cut_short() -> None:
    with Server({"read": Trouble(raw=b" " * 5_000_000)}) as server, pytest.raises(ModelError, match="too long"):
        live(server, retries=0).complete(ASK)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
    with Server() as elsewhere:
        trouble = Trouble(status=status, headers={"location": f"{elsewhere.url}/chat/completions"}, raw=b"")
        with Server({"read": trouble}) as server, pytest.raises(ModelError, match="another address"):
            live(server).complete(ASK)
        assert len(server.requests) == 1
        assert elsewhere.requests == []


def test_a_refused_schema_is_left_out_and_remembered() -> None:
    with Server({"read": Trouble(text="{}", refuse_schema=True)}) as server:
        client = live(server)
        assert client.complete(ASK).text == "{}"
        client.complete(ASK)
    formats = [r["body"].get("response_format", {}).get("type") for r in server.requests]
    assert formats == ["json_schema", "json_object", None, None]


@pytest.mark.parametrize("option", ["temperature", "seed", "max_tokens"])
def test_a_refused_option_is_left_out(option: str) -> None:
    refusal = Trouble(status=400, error=f"Unsupported parameter: {option}")
    with Server({"read": [refusal, "{}"]}) as server:
        assert live(server).complete(ASK).text == "{}"
    assert option in server.requests[0]["body"]
    assert option not in server.requests[1]["body"]
    assert (option == "max_tokens") == ("max_completion_tokens" in server.requests[1]["body"])


def test_an_overflow_says_what_to_do() -> None:
    error = "the request exceeds the available context size"
    overflow = Server({"read": Trouble(status=400, error=error)})
    with overflow as server, pytest.raises(ModelError, match="too long for this model"):
        live(server).complete(ASK)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "key"), (403, "key"), (402, "payment"), (404, "does not know"), (409, "refused"), (418, "refused")],
)
def test_a_lasting_fault_is_not_tried_again(status: int, says: str) -> None:
    plain = ASK.model_copy(update={"response_schema": None})
    with Server({"read": Trouble(status=status)}) as server, pytest.raises(ModelError, match=says):
        live(server).complete(plain)
    assert len(server.requests) == 1


def test_nobody_is_listening() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = load("openai/test", f"http://127.0.0.1:{port}/v1", retries=0)
    with pytest.raises(ModelError, match="cannot be reached"):
        LiveClient(settings).complete(ASK)


def test_an_echoed_key_reaches_neither_reply_nor_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", "another-planted-secret")
    with Server({"read": [f"your key is {KEY}", Trouble(status=401, error=f"Incorrect key {KEY}")]}) as server:
        client = live(server)
        assert KEY not in client.complete(ASK).text
        with pytest.raises(ModelError) as caught:
            client.complete(ASK)
    assert KEY not in str(caught.value) and caught.value.__cause__ is None
    sent = server.requests[0]["headers"]
    assert sent["Authorization"] == f"Bearer {KEY}"
    assert "another-planted-secret" not in str(server.requests)


def test_no_provider_setting_leaks_to_an_api_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "planted-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "planted-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"x-planted: {KEY}")
    with Server({"read": "{}"}) as server:
        live(server).complete(ASK)
    assert server.requests[0]["headers"]["Authorization"] == "Bearer none"
    assert "planted" not in str(server.requests[0]["headers"])


def test_openai_without_a_key_never_leaves_the_machine() -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        LiveClient(load("openai/gpt-4o-mini")).complete(ASK)


def test_no_model_no_client() -> None:
    with pytest.raises(ModelError, match="No language model"):
        LiveClient(load("none"))


def test_a_script_that_runs_out() -> None:
    client = Scripted(["one", ModelError("gone", "wait")])
    assert isinstance(client, Client)
    assert client.complete(ASK).text == "one"
    with pytest.raises(ModelError, match="gone"):
        client.complete(ASK)
    with pytest.raises(ModelError, match="no further reply"):
        client.complete(ASK)


# litellm takes seconds to import, so what it must not do is asked of one process. Its requests to the provider's host
# are turned to a server on this machine below everything that is ours.
_THROUGH_LITELLM = """
import json, os, sys
import httpx
send, port = httpx.HTTPTransport.handle_request, [0]
def turned(self, request):
    hosts.append(request.url.host)
    request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port[0])
    return send(self, request)
hosts, httpx.HTTPTransport.handle_request = [], turned
from pyllm_causal.language.client import LiveClient, Message, Request
from pyllm_causal.settings import load
from pyllm_causal.errors import ModelError
ask = Request(step="read", messages=(Message(role="user", content="Hi"),))
def said(model, to=0, **more):
    port[0] = int(to)
    try:
        return "REPLY " + LiveClient(load(model, retries=0, **more)).complete(ask).text
    except ModelError as error:
        return str(error)
good, moved, silent, ollama = sys.argv[1:]
print(json.dumps({
    "good": said("mistral/small", good), "moved": said("mistral/small", moved), "silent": said("mistral/small", silent, timeout=1),
    "unknown": said("nonsense/model"), "keyless": said("anthropic/claude-x", good), "hosts": hosts,
    "ollama": said("ollama_chat/llama", ollama, api_base="http://127.0.0.1:" + ollama),
    "planted": os.environ.get("PLANTED"), "mode": os.environ.get("LITELLM_MODE")}))
"""


def test_litellm_reads_no_env_file_and_sends_no_foreign_key(tmp_path: Path) -> None:
    import json

    (tmp_path / ".env").write_text("PLANTED=from-a-file\nANTHROPIC_API_KEY=planted-in-a-file\n")
    root = Path(__file__).resolve().parents[3]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith(("_api_key", "_proxy"))}
    environment |= {"PYTHONPATH": str(root), "PYLLM_CAUSAL_API_KEY": KEY, "OPENAI_API_KEY": "openai-planted-1"}
    environment |= {"MISTRAL_API_KEY": "mistral-planted-1"}
    good, ollama = Server({"read": f"hello {KEY}"}), Server({"read": "hello"})
    silent = Server({"read": Trouble(text="{}", wait=8)})
    moved = Server({"read": Trouble(status=307, headers={"location": "http://127.0.0.1:9/"}, raw=b"")})
    with good, moved, silent, ollama:
        ports = [s.url.split(":")[2].removesuffix("/v1") for s in (good, moved, silent, ollama)]
        done = subprocess.run(
            [sys.executable, "-c", _THROUGH_LITELLM, *ports],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout.splitlines()[-1])
    assert out["planted"] is None and out["mode"] is None
    assert out["good"] == "REPLY hello [secret removed]"
    assert set(out["hosts"]) == {"api.mistral.ai", "127.0.0.1"}
    assert good.requests[0]["headers"]["Authorization"] == "Bearer mistral-planted-1"
    assert "openai-planted-1" not in str(good.requests) and KEY not in str(good.requests)
    assert "stream" not in good.requests[0]["body"] or good.requests[0]["body"]["stream"] is False
    assert "another address" in out["moved"]
    assert "no answer within" in out["silent"]
    assert "provider" in out["unknown"]
    assert "ANTHROPIC_API_KEY" in out["keyless"]
    # Ollama's address has no path of its own: the interface that all share is under /v1, and gets our key alone.
    assert out["ollama"] == "REPLY hello" and ollama.requests[0]["path"] == "/v1/chat/completions"
    assert ollama.requests[0]["headers"]["Authorization"] == f"Bearer {KEY}"
    assert ollama.requests[0]["body"]["model"] == "llama"
    assert KEY not in done.stdout + done.stderr


class TestThroughLitellm:
    """The plumbing in this process, with a stand-in for the library."""

    @pytest.fixture
    def library(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        message = SimpleNamespace(content="{}")
        response = SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")], usage=None)
        calls: list[dict[str, object]] = []

        def completion(**options: object) -> object:
            calls.append(options)
            return response

        library = SimpleNamespace(
            completion=completion,
            completion_cost=lambda **_: 0.25,
            calls=calls,
            provider_list=["groq", "openai"],
            get_llm_provider=lambda model: (model, "groq", None, None),
        )
        monkeypatch.setitem(sys.modules, "litellm", library)
        return library

    def test_a_reply_with_its_cost(self, library: SimpleNamespace) -> None:
        reply = LiveClient(load("groq/some-model")).complete(ASK)
        assert reply == Reply(text="{}", model="groq/some-model", cost=0.25, finish_reason="stop")
        (call,) = library.calls
        assert call["model"] == "groq/some-model" and call["num_retries"] == 0 and call["max_retries"] == 0
        assert "api_key" not in call and "api_base" not in call and call["timeout"] == 120.0

    def test_a_bare_name_gets_its_provider(self, library: SimpleNamespace) -> None:
        assert LiveClient(load("some-model")).complete(ASK).model == "some-model"
        assert library.calls[0]["model"] == "groq/some-model"

    def test_keys_of_others_are_out_of_sight_and_then_back(
        self, library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("GROQ_API_KEY", "groq-key-0123")
        seen: dict[str, str | None] = {}
        answer = library.completion

        def completion(**options: object) -> object:
            seen.update({name: os.environ.get(name) for name in ("OPENAI_API_KEY", "GROQ_API_KEY", "LITELLM_MODE")})
            print("how to sign in")
            return answer(**options)

        library.completion = completion
        LiveClient(load("groq/some-model")).complete(ASK)
        assert seen == {"OPENAI_API_KEY": None, "GROQ_API_KEY": "groq-key-0123", "LITELLM_MODE": "PRODUCTION"}
        assert os.environ["OPENAI_API_KEY"] == KEY and "LITELLM_MODE" not in os.environ

    def test_an_unknown_cost_is_unknown(self, library: SimpleNamespace) -> None:
        def fail(**_: object) -> float:
            raise KeyError("not mapped")

        library.completion_cost = fail
        assert LiveClient(load("groq/some-model")).complete(ASK).cost is None
        library.completion_cost = lambda **_: 0.0
        assert LiveClient(load("groq/some-model")).complete(ASK).cost is None

    def test_a_library_that_fails(self, library: SimpleNamespace) -> None:
        def fail(**_: object) -> object:
            raise ValueError(f"secret text {KEY}")

        library.completion = fail
        with pytest.raises(ModelError) as caught:
            LiveClient(load("groq/some-model", retries=0)).complete(ASK)
        assert KEY not in str(caught.value) and "secret text" not in str(caught.value)


class TestSettings:
    def test_arguments_win_over_the_environment(self) -> None:
        environment = {"PYLLM_CAUSAL_MODEL": "a/b", "PYLLM_CAUSAL_TIMEOUT": "9", "PYLLM_CAUSAL_RETRIES": "0"}
        settings = load("c/d", environment=environment)
        assert (settings.model, settings.timeout, settings.retries) == ("c/d", 9.0, 0)
        assert load(environment={}).offline and load("None", environment={}).offline

    @pytest.mark.parametrize(
        "values",
        [
            {"PYLLM_CAUSAL_TIMEOUT": "soon"},
            {"PYLLM_CAUSAL_TIMEOUT": "-1"},
            {"PYLLM_CAUSAL_TIMEOUT": "nan"},
            {"PYLLM_CAUSAL_RETRIES": "1000"},
            {"PYLLM_CAUSAL_API_BASE": "ftp://here"},
            {"PYLLM_CAUSAL_API_BASE": "localhost:8080"},
            {"PYLLM_CAUSAL_API_BASE": "http://me:secret-word@here/v1"},
            {"PYLLM_CAUSAL_API_BASE": "http://here/v1?key=secret-word"},
            {"PYLLM_CAUSAL_API_BASE": "http://here:99999/v1"},
            {"PYLLM_CAUSAL_MODEL": "a\x1b[31m"},
            {"PYLLM_CAUSAL_SHARE": "rows"},
        ],
    )
    def test_nonsense_is_refused_without_quoting_it(self, values: dict[str, str]) -> None:
        with pytest.raises(SettingsError) as caught:
            load(environment=values)
        assert caught.value.hint
        assert "secret-word" not in str(caught.value)

    def test_no_key_is_part_of_the_record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
        settings = load("a/b", "http://127.0.0.1:1/v1")
        assert KEY not in repr(settings) + settings.model_dump_json()
        assert not any("key" in name for name in Settings.model_fields)

    def test_scrub(self) -> None:
        environment = {"MY_TOKEN": "hush-hush", "HOME": "/home/me", "SHORT_KEY": "abc"}
        assert scrub("hush-hush in /home/me abc", environment) == "[secret removed] in /home/me abc"
        assert "sk-" not in scrub("it was sk-abcdefghijklmnop", {})
        assert "abcdefgh" not in scrub("Authorization: Bearer abcdefghijkl", {})
