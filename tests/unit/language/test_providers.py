"""Every provider name that litellm knows: its key goes to its host alone, no redirect is followed, nobody waits for ever."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pyllm_causal.language import faults, guard
from pyllm_causal.language.client import LiveClient, Message, Request
from pyllm_causal.language.faults import KNOWN, Fault, fault_of
from pyllm_causal.language.prices import price_of
from pyllm_causal.settings import SERVERS, load
from tests.server import Server, Trouble

ROOT = Path(__file__).resolve().parents[3]
ASK = Request(step="read", messages=(Message(role="user", content="Hi"),), response_schema={"type": "object"})
# Where a provider's variable does not begin with its name.
ALIASES = {
    ("aiohttp_openai", "openai"), ("apertis", "stima"), ("gemini", "google"), ("meta_llama", "llama"),
    ("text-completion-codestral", "codestral"), ("text-completion-inception", "inception"),
    ("text-completion-openai", "openai"),
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env |= {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path_factory.mktemp("home"))}  # some providers keep files there
    script = Path(__file__).with_name("every_provider.py")
    done = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert done.stdout.strip() == done.stdout.splitlines()[-1], "something was printed on standard output"
    return document


def test_every_provider_fails_in_plain_words(asked: dict[str, Any]) -> None:
    assert len(asked["said"]["keys"]) > 150
    for round_ in asked["said"].values():
        for provider, said in round_.items():
            assert re.match(r"^[\w .:,'-]+[.:]", said) and not said.startswith(("RAW", "ANSWERED")), (provider, said)
            assert "planted" not in said


def test_most_providers_were_really_asked(asked: dict[str, Any]) -> None:
    found = {provider for round_, provider, _, _ in asked["sent"] if round_ == "keys"}
    assert len(found) > 90
    for provider in ("anthropic", "gemini", "groq", "mistral", "openrouter", "deepseek", "cohere", "xai", "sagemaker"):
        assert provider in found


def test_a_key_goes_to_its_provider_alone(asked: dict[str, Any]) -> None:
    carried = 0
    for round_, provider, url, text in asked["sent"]:
        if round_ not in ("keys", "addresses"):
            continue
        for key in re.findall(r"planted-key-of-([a-z0-9-]+?)-x1", url + text):
            carried += 1
            first = provider.replace("-", "_").partition("_")[0]
            assert key.partition("-")[0] == first or (provider, key) in ALIASES, (provider, url, key)
    assert carried > 90


def test_no_address_from_the_environment_is_followed(asked: dict[str, Any]) -> None:
    hosts = {urlsplit(url).netloc for _, _, url, _ in asked["sent"]}
    assert "127.0.0.1:9" not in hosts
    assert {urlsplit(address).netloc for address in SERVERS.values()} <= hosts  # where people run their own
    refused = [p for p, said in asked["said"]["addresses"].items() if "names another address" in said]
    assert {"anthropic", "openai", "gemini", "groq", "bedrock"} <= set(refused) and len(refused) > 140
    told = asked["said"]["addresses"]["anthropic"]
    assert "ANTHROPIC_API_BASE names another address" in told and "--api-base" in told


def test_no_redirect_is_followed(asked: dict[str, Any]) -> None:
    assert [url for _, _, url, _ in asked["sent"] if "elsewhere" in url] == []
    for provider in ("anthropic", "gemini", "groq", "mistral", "sagemaker", "cohere"):
        assert "another address, which is not followed" in asked["said"]["keys"][provider]


def test_nothing_goes_past_the_guarded_layer(asked: dict[str, Any]) -> None:
    assert asked["reached"] == []


def test_a_slow_provider_meets_the_time_limit(asked: dict[str, Any]) -> None:
    for provider, (said, seconds) in asked["waited"].items():
        assert "no answer within 0.4 seconds" in said, provider
        assert seconds < 2.5, provider


def test_bare_names_are_resolved(asked: dict[str, Any]) -> None:
    assert "api.openai.com sent us on" in asked["bare"]["gpt-4o-mini"]
    assert "anthropic sent us on" in asked["bare"]["claude-sonnet-4-5"]
    hosts = {urlsplit(url).netloc: text for round_, _, url, text in asked["sent"] if round_ == "bare"}
    assert set(hosts) == {"api.openai.com", "api.anthropic.com"}
    assert "planted-key-of-openai" not in hosts["api.anthropic.com"]
    assert "no known provider" in asked["bare"]["no-such-model"]


def test_the_environment_is_put_back(asked: dict[str, Any]) -> None:
    assert asked["left"][0] > 150 and asked["left"][1] is None


class TestFaults:
    """Every exception of the two libraries has words of its own."""

    def exceptions(self) -> list[type[BaseException]]:
        import openai

        from pyllm_causal.language.wire import quiet_litellm

        litellm = quiet_litellm()
        found: dict[str, type[BaseException]] = {}
        for module in (openai, litellm, litellm.exceptions):
            for _, kind in inspect.getmembers(module, inspect.isclass):
                ours = kind.__module__.split(".")[0] in ("openai", "litellm")
                if issubclass(kind, BaseException) and ours:
                    found[kind.__name__] = kind
        return list(found.values())

    def test_no_class_is_unknown_and_none_is_made_up(self) -> None:
        names = {kind.__name__ for kind in self.exceptions()}
        assert names - set(KNOWN) == set(), "a library has grown an exception: give it words in faults.py"
        assert set(KNOWN) - names == set(), "these classes are gone from the libraries"

    def test_every_class_gets_its_words(self) -> None:
        settings, plain = load("groq/some-model", environment={}), ASK.model_copy(update={"response_schema": None})
        for kind in self.exceptions():
            error = kind.__new__(kind)
            Exception.__init__(error, "planted text")
            fault = fault_of(error, plain, settings, "groq", frozenset())  # type: ignore[arg-type]
            known = KNOWN[kind.__name__]
            if kind.__name__ == "APIConnectionError":
                known = faults.UNSET  # no connection stands behind this one
            assert fault.message == known.message.format(where="groq", seconds="120", key="GROQ_API_KEY"), kind
            assert fault.message and fault.hint and fault.passing == known.passing
            assert "planted" not in fault.message + fault.hint and "{" not in fault.message + fault.hint

    def test_a_cut_connection_is_told_from_a_missing_setting(self) -> None:
        import httpx
        import openai

        request = httpx.Request("POST", "http://x/")
        error = openai.APIConnectionError(request=request)
        error.__cause__ = httpx.ReadError("cut")
        fault = fault_of(error, ASK, load("openai/x", environment={}), "x", frozenset())
        assert "broke off" in fault.message and fault.passing and fault.charged

    def test_the_key_is_called_as_the_library_calls_it(self) -> None:
        error = ValueError("Missing api_key. Set TOGETHERAI_API_KEY or OPENAI_API_KEY in the environment")
        fault = fault_of(
            error,
            ASK.model_copy(update={"model": "togetherai/x"}),
            load("togetherai/x", environment={}),
            "t",
            frozenset(),
        )
        assert "TOGETHERAI_API_KEY" in fault.hint

    @pytest.mark.parametrize(
        ("said", "low", "high"),
        [
            ("7", 7, 7),
            ("1.5", 1.5, 1.5),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
            ("soon", None, None),
            ("-3", None, None),
        ],
    )
    def test_retry_after_in_seconds_or_as_a_date(self, said: str, low: float | None, high: float | None) -> None:
        import httpx
        import openai

        response = httpx.Response(429, headers={"retry-after": said}, request=httpx.Request("POST", "http://x/"))
        error = openai.RateLimitError("slow down", response=response, body=None)
        wait = fault_of(error, ASK, load("openai/x", environment={}), "x", frozenset()).wait
        assert wait == low == high


class TestGuard:
    def test_whose_variable_is_it(self) -> None:
        for variable, provider in [
            ("TOGETHERAI_API_KEY", "together_ai"), ("PERPLEXITYAI_API_KEY", "perplexity"), ("HF_TOKEN", "huggingface"),
            ("AWS_SECRET_ACCESS_KEY", "bedrock"), ("GOOGLE_API_KEY", "gemini"), ("NANOGPT_API_KEY", "nano-gpt"),
            ("AZURE_OPENAI_API_KEY", "azure"), ("CO_API_KEY", "cohere_chat"), ("anthropic_api_key", "anthropic"),
        ]:  # fmt: skip
            assert guard.belongs(variable, provider), variable
        for variable, provider in [
            ("OPENAI_API_KEY", "groq"), ("OPENAI_API_KEY", "openai_like"), ("OPENAI_API_KEY", "azure"),
            ("ANTHROPIC_API_KEY", "bedrock"), ("METAL_API_KEY", "meta"), ("GROQX_API_KEY", "groq"),
        ]:  # fmt: skip
            assert not guard.belongs(variable, provider), variable

    def test_what_litellm_may_not_see(self) -> None:
        environment = {
            "GROQ_API_KEY": "a", "OPENAI_API_KEY": "b", "GROQ_API_BASE": "http://x", "LITELLM_LOG": "DEBUG",
            "USE_LITELLM_PROXY": "true", "GOOGLE_APPLICATION_CREDENTIALS": "/x.json", "HTTPS_PROXY": "http://proxy",
            "HOME": "/home/me", "SSL_CERT_FILE": "/ca.pem", "DATABASE_URL": "postgres://u:p@h/db", "PATH": "/bin",
        }  # fmt: skip
        kept = set(environment) - guard.foreign(environment, "groq")
        assert kept == {"GROQ_API_KEY", "HTTPS_PROXY", "HOME", "SSL_CERT_FILE", "PATH"}

    def test_a_provider_without_an_address_of_its_own_keeps_the_customers(self) -> None:
        environment = {"AZURE_API_BASE": "https://me.openai.azure.com", "AZURE_API_KEY": "k", "OPENAI_API_KEY": "o"}
        assert guard.foreign(environment, "azure") == {"OPENAI_API_KEY"}
        assert guard.foreign({"AZURE_API_BASE": "http://me"}, "azure") == {"AZURE_API_BASE"}  # a key in clear
        assert guard.diverted(environment, "azure") == ""

    def test_the_usual_address_is_no_diversion(self) -> None:
        assert guard.diverted({"OPENAI_BASE_URL": "https://api.openai.com/v1"}, "openai", "api.openai.com") == ""
        assert guard.diverted({"OPENAI_BASE_URL": "https://api.openai.com.evil/v1"}, "openai", "api.openai.com")
        assert guard.diverted({"OPENAI_BASE_URL": ""}, "openai", "api.openai.com") == ""

    def test_openai_is_not_diverted_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pyllm_causal.errors import ModelError

        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        with pytest.raises(ModelError, match="OPENAI_BASE_URL names another address"):
            LiveClient(load("openai/gpt-4o-mini", environment={})).complete(ASK)

    @pytest.mark.parametrize("way", ["httpx", "asynchronous httpx", "requests"])
    def test_every_transport_is_watched_within_a_call_and_free_outside(self, way: str) -> None:
        import asyncio

        import httpx
        import requests

        def fetch(url: str) -> str:
            if way == "requests":
                return requests.get(url, timeout=5).text
            if way == "httpx":
                with httpx.Client(follow_redirects=True) as client:
                    return client.get(url).text

            async def later() -> str:
                async with httpx.AsyncClient(follow_redirects=True) as client:
                    return (await client.get(url)).text

            return asyncio.run(later())

        guard.watch_transports()
        guard.watch_transports()  # once is enough
        limits = guard.Limits.of(load("openai/x", environment={}), "the provider")
        with Server({"read": "hello"}) as target:
            moved = Trouble(status=302, headers={"location": f"{target.url}/x"}, raw=b"")
            with Server({"read": moved}) as server:
                assert guard.within(limits, lambda: "hello" in fetch(target.url))
                with pytest.raises(Fault, match="another address"):
                    guard.within(limits, lambda: fetch(server.url))
                assert len(target.requests) == 1
                assert "hello" in fetch(server.url)  # what others do in this process is their own affair

    def test_a_thread_that_hangs_is_left_behind(self) -> None:
        import threading

        limits = guard.Limits.of(load("openai/x", environment={}, timeout=0.1), "the server")
        with pytest.raises(Fault, match=r"no answer within 0\.1 seconds"):
            guard.within(limits, lambda: threading.Event().wait(5))
        with pytest.raises(KeyError):
            guard.within(limits, lambda: {}["x"])
        assert guard.within(guard.Limits.of(load("openai/x", environment={}), "s"), lambda: 7) == 7


class TestPrices:
    """The shipped list, read without importing litellm; the numbers are litellm's own."""

    def test_known_and_unknown(self) -> None:
        price = price_of(load("openai/gpt-4o-mini", environment={}))
        assert price is not None and price.cost(100_000, 100_000) == pytest.approx(0.075)
        assert price_of(load("gpt-4o-mini", environment={})) == price
        assert price.bound(1000, 1000) >= price.cost(1000, 1000)
        for model, base in [
            ("ollama/llama3", None),
            ("openai/gpt-4o-mini", "https://proxy/v1"),
            ("groq/no-such", None),
            ("local:x.gguf", None),
        ]:
            assert price_of(load(model, base, environment={})) is None

    def test_it_agrees_with_litellm(self) -> None:
        from pyllm_causal.language.wire import quiet_litellm

        litellm = quiet_litellm()
        for model in (
            "openai/gpt-4o-mini",
            "anthropic/claude-sonnet-4-5",
            "gemini/gemini-2.5-flash",
            "mistral/mistral-small-latest",
        ):
            price = price_of(load(model, environment={}))
            assert price is not None
            theirs = sum(litellm.cost_per_token(model=model, prompt_tokens=1000, completion_tokens=500))
            assert price.cost(1000, 500) == pytest.approx(theirs, rel=1e-9)

    def test_the_list_is_read_without_the_library(self) -> None:
        code = "import sys; from pyllm_causal.language.prices import _entries; print(len(_entries()), 'litellm' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        count, imported = done.stdout.split()
        assert int(count) > 1000 and imported == "False"
