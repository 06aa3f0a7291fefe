"""A budget is kept before the call, not after it; what is not known is said to be unknown."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.errors import ModelError
from pyllm_causal.language import prices
from pyllm_causal.language.budget import Budget, money, most_tokens
from pyllm_causal.language.client import LiveClient, Message, Reply, Request
from pyllm_causal.settings import load
from tests.cli.terminal import run
from tests.server import Server, Trouble

ASK = Request(step="read", messages=(Message(role="user", content="x" * 500),))
PRICED = prices.Price(tokens_in=1e-6, tokens_out=2e-6, most_in=2e-6, most_out=4e-6)


def live(server: Server, **settings: Any) -> LiveClient:
    told: list[str] = []
    client = LiveClient(
        load("openai/test", server.url, environment={}, **{"max_tokens": 100, "retries": 0, **settings}),
        tell=told.append, sleep=lambda _: None,
    )  # fmt: skip
    client.told = told  # type: ignore[attr-defined]
    return client


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine that counts as one elsewhere, with a known price."""
    monkeypatch.setattr("pyllm_causal.settings.Settings.local", False)
    monkeypatch.setattr("pyllm_causal.language.budget.price_of", lambda _: PRICED)


def test_no_tokeniser_makes_more_tokens_than_there_are_bytes() -> None:
    """The bound against a real byte-pair tokeniser, on text of many kinds."""
    tiktoken = pytest.importorskip("tiktoken")
    encodings = [
        tiktoken.Encoding(
            "bytes", pat_str=r"[\s\S]", mergeable_ranks={bytes([i]): i for i in range(256)}, special_tokens={}
        )
    ]
    draw = random.Random(1)
    for _ in range(200):
        text = "".join(
            chr(draw.choice([draw.randint(32, 126), draw.randint(0x400, 0x4FF), draw.randint(0x1F300, 0x1F5FF)]))
            for _ in range(60)
        )
        request = Request(step="read", messages=(Message(role="user", content=text),), max_tokens=10)
        sent, back = most_tokens(request)
        assert back == 10
        assert all(len(e.encode(text)) <= sent for e in encodings)


def test_the_schema_counts() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x" * 300]}}}
    assert most_tokens(ASK.model_copy(update={"response_schema": schema}))[0] >= most_tokens(ASK)[0] + 300


def test_a_call_that_could_exceed_the_tokens_is_not_sent() -> None:
    with Server({"read": Trouble(text="{}", usage=(200, 20))}) as server:
        client = live(server, budget_tokens=1000)
        client.complete(ASK)
        client.complete(ASK)  # 440 used, 560 left, and the next may take more
        with pytest.raises(ModelError, match=r"may take up to 648, and 560 are left\. Nothing was sent") as caught:
            client.complete(ASK)
    assert len(server.requests) == 2 and "--budget-tokens" in caught.value.hint


def test_a_server_that_does_not_tell_is_counted_at_the_bound() -> None:
    with Server({"read": Trouble(text="{}", usage=None)}) as server:
        client = live(server, budget_tokens=1000)
        client.complete(ASK)
        with pytest.raises(ModelError, match="Nothing was sent"):
            client.complete(ASK)
    assert client.budget.tokens == sum(most_tokens(ASK.filled(client.settings)))


def test_a_call_that_could_exceed_the_dollars_is_not_sent(elsewhere: None) -> None:
    most = PRICED.bound(*most_tokens(ASK.model_copy(update={"max_tokens": 100})))
    with Server({"read": "{}"}) as server:
        with pytest.raises(ModelError, match=r"budget of .* could be exceeded"):
            live(server, budget=most * 0.99).complete(ASK)
        assert server.requests == []
        client = live(server, budget=most * 1.01)
        client.complete(ASK)
        with pytest.raises(ModelError, match="Nothing was sent"):
            for _ in range(100):  # each takes what it told: 10 tokens in, 5 out, at the highest price
                client.complete(ASK)
    assert 1 <= len(server.requests) < 5


def test_what_a_lost_call_may_have_cost_is_held_back(elsewhere: None) -> None:
    with Server({"read": [Trouble(text="x" * 300, cut=True), "{}"]}) as server:
        client = live(server, budget_tokens=1200)
        with pytest.raises(ModelError, match="broke off"):
            client.complete(ASK)
        with pytest.raises(ModelError, match="Nothing was sent"):
            client.complete(ASK)
    with Server({"read": [Trouble(status=503), "{}"]}) as server:  # a refusal costs nothing
        client = live(server, budget_tokens=700)
        with pytest.raises(ModelError, match=r"busy|fault"):
            client.complete(ASK)
        client.complete(ASK)


def test_retries_are_within_the_budget_too(elsewhere: None) -> None:
    with Server({"read": Trouble(text="x" * 300, cut=True)}) as server:
        with pytest.raises(ModelError, match="Nothing was sent"):
            live(server, budget_tokens=1500, retries=9).complete(ASK)
        assert len(server.requests) == 2


def test_an_unknown_price_is_said_and_tokens_hold_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyllm_causal.settings.Settings.local", False)
    with Server({"read": "{}"}) as server:
        with pytest.raises(ModelError, match="What openai/test costs is not known") as caught:
            live(server, budget=1.0).complete(ASK)
        assert server.requests == [] and "--budget-tokens" in caught.value.hint
        client = live(server, budget=1.0, budget_tokens=5000)
        client.complete(ASK)
        assert client.told == ["language model: 1 call, 15 tokens, cost so far unknown"]  # type: ignore[attr-defined]


def test_on_this_machine_dollars_are_not_counted() -> None:
    with Server({"read": "{}"}) as server:
        client = live(server, budget=0.000001)
        client.complete(ASK)
        assert client.told[-1].endswith("cost so far unknown")  # type: ignore[attr-defined]


def test_the_running_cost() -> None:
    budget = Budget(load("anthropic/claude-sonnet-4-5", environment={}))
    request = ASK.model_copy(update={"max_tokens": 100})
    budget.spent(request, Reply(text="", tokens_in=1000, tokens_out=50, cost=0.0125))
    assert str(budget) == "language model: 1 call, 1,050 tokens, cost so far $0.01"
    budget.spent(request, Reply(text="", tokens_in=1, tokens_out=1, cost=None))
    assert str(budget).endswith("2 calls, 1,052 tokens, cost so far unknown")
    lost = Budget(load("anthropic/claude-sonnet-4-5", environment={}))
    lost.lost(request)
    assert str(lost).endswith("cost so far unknown")


def test_money() -> None:
    assert [money(x) for x in (0, 1234.5, 0.5, 0.01, 0.00123, 0.0000001)] == [
        "$0.00", "$1,234.50", "$0.50", "$0.01", "$0.0012", "under $0.0001",
    ]  # fmt: skip


def test_a_real_price_gives_a_real_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """openai/… goes through the openai SDK, which knows no prices: the shipped list does."""
    from pyllm_causal.language import wire

    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    monkeypatch.setattr(wire, "_ask", lambda *_: Reply(text="{}", tokens_in=1_000_000, tokens_out=1_000_000))
    monkeypatch.setattr(wire, "price_of", lambda _: PRICED)
    client = LiveClient(load("openai/gpt-4o-mini", environment={}))
    reply = client.complete(ASK)
    assert reply.cost == pytest.approx(PRICED.bound(1_000_000, 1_000_000))  # a prompt this long pays the high price


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "t.csv"
    draw = random.Random(2)
    rows = [(draw.randint(20, 60), i % 2, round(i % 2 + draw.gauss(0, 1), 3)) for i in range(80)]
    file.write_text("age,treated,result\n" + "\n".join(",".join(map(str, r)) for r in rows))
    return file


class TestCommandLine:
    QUESTION = "Does treated raise the result?"

    def test_the_cost_is_told_on_standard_error(self, table: Path) -> None:
        with Server() as server:
            done = run("ask", self.QUESTION, "--data", table, "--model", "openai/t", "--api-base", server.url)
        assert done.code == 0
        assert "language model: 1 call, 15 tokens, cost so far unknown" in done.err
        assert "cost so far" not in done.out

    def test_json_and_quiet_say_nothing_of_it(self, table: Path) -> None:
        for option in ("--json", "--quiet"):
            with Server() as server:
                done = run(
                    "ask", self.QUESTION, "--data", table, "--model", "openai/t", "--api-base", server.url, option
                )
            assert done.code == 0 and "cost so far" not in done.err + done.out.split("\n")[0]

    def test_too_small_a_budget_stops_the_reading(self, table: Path) -> None:
        with Server() as server:
            done = run(
                "ask", self.QUESTION, "--data", table, "--model", "openai/t", "--api-base", server.url, "--budget-tokens",
                "500", "--json",
            )  # fmt: skip
        assert done.code == 2 and done.document["error"]["code"] == "model"
        assert "500 tokens could be exceeded" in done.document["error"]["message"] and server.requests == []

    def test_a_budget_that_ends_midway_leaves_the_rules(self, table: Path) -> None:
        with Server(
            {
                "read": [
                    Trouble(
                        text=json.dumps(
                            {
                                "reading": {
                                    "kind": "effect",
                                    "treatment": "treated",
                                    "outcome": "result",
                                    "who": "everyone",
                                    "only": None,
                                }
                            }
                        ),
                        usage=(20_000, 10),
                    )
                ]
            }
        ) as server:
            done = run(
                "ask", self.QUESTION, "--data", table, "--model", "openai/t", "--api-base", server.url, "--budget-tokens",
                "22000", "--json",
            )  # fmt: skip
        assert done.code == 0 and done.document["status"] == "answered"
        assert len(server.requests) == 1
        later = [s for s in done.document["steps"] if s["step"] != "read"]
        assert later and not any(s["passed"] for s in later)
        assert any("budget" in (s["note"] or "") for s in later)

    def test_a_budget_in_dollars_with_an_unknown_price(self, table: Path) -> None:
        done = run("ask", self.QUESTION, "--data", table, "--model", "groq/no-such-model", "--budget", "0.50", "--json")
        assert done.code == 2 and "costs is not known" in done.document["error"]["message"]

    @pytest.mark.parametrize("option", [("--budget", "-1"), ("--budget-tokens", "0"), ("--budget", "nan")])
    def test_nonsense(self, option: tuple[str, str], table: Path) -> None:
        done = run("ask", self.QUESTION, "--data", table, "--model", "openai/t", *option, "--json")
        assert done.code == 2 and done.document["error"]["hint"]
