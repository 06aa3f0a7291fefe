"""Run as a process of its own: every provider that litellm knows is asked, and what would leave the machine is printed.

The lowest layer of httpx is replaced before anything of ours is imported: it notes what it is given and answers with a
redirect. Names and sockets lead nowhere and are noted too. The environment holds a key for everybody, and in the second
round also an address for everybody.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any, NoReturn

import httpx

PLANTED = "http://127.0.0.1:9/planted"
ELSEWHERE = "http://127.0.0.1:9/elsewhere"
sent: list[tuple[str, str, str, str]] = []
reached: list[tuple[str, str]] = []
now = ["", ""]
slow = [0.0]


def note(self: object, request: httpx.Request) -> httpx.Response:
    text = json.dumps(dict(request.headers)) + request.read().decode("utf-8", "replace")
    sent.append((*now, str(request.url), text))  # type: ignore[arg-type]
    time.sleep(slow[0])
    return httpx.Response(302, headers={"location": ELSEWHERE}, request=request)


async def note_later(self: object, request: httpx.Request) -> httpx.Response:
    return note(self, request)


def nowhere(*address: Any, **_: Any) -> NoReturn:
    reached.append((now[1], str(address[-1])))
    raise OSError("no network in this test")


httpx.HTTPTransport.handle_request = note  # type: ignore[method-assign]
httpx.AsyncHTTPTransport.handle_async_request = note_later  # type: ignore[method-assign]
socket.socket.connect = nowhere  # type: ignore[method-assign]
socket.getaddrinfo = nowhere

from pyllm_causal.errors import ModelError  # noqa: E402
from pyllm_causal.language.client import LiveClient, Message, Request  # noqa: E402
from pyllm_causal.language.wire import quiet_litellm  # noqa: E402
from pyllm_causal.settings import load  # noqa: E402

ASK = Request(step="read", messages=(Message(role="user", content="Hi"),))
MORE = (
    "TOGETHER GOOGLE HF OR CO SCW STIMA ARK BFL LLAMA FRIENDLI FIREWORKS AZURE_OPENAI AIMLAPI WX PYLLM_CAUSAL".split()
)


def ask(model: str, **settings: Any) -> str:
    try:
        LiveClient(load(model, retries=0, **settings)).complete(ASK)
    except ModelError as error:
        return str(error)
    except BaseException as error:  # noqa: BLE001 - the test tells what came through
        return f"RAW {error!r}"
    return "ANSWERED"


def main() -> None:
    providers = sorted({str(getattr(p, "value", p)) for p in quiet_litellm().provider_list})
    names = {p.upper().replace("-", "_") for p in providers} | set(MORE)
    os.environ.update({f"{n}_API_KEY": f"planted-key-of-{n.lower().replace('_', '-')}-x1" for n in names})
    os.environ.update({"HF_TOKEN": "planted-key-of-hf-x1", "DATABRICKS_TOKEN": "planted-key-of-databricks-x1"})
    os.environ.update({"AWS_ACCESS_KEY_ID": "AKIAPLANTED", "AWS_SECRET_ACCESS_KEY": "planted-key-of-aws-x1"})
    os.environ["AWS_REGION"] = "us-east-1"
    said: dict[str, dict[str, str]] = {"keys": {}, "addresses": {}}
    for round_ in said:
        now[0] = round_
        if round_ == "addresses":
            for name in names - {"PYLLM_CAUSAL"}:  # ours is followed, of course
                os.environ.update({f"{name}_{end}": PLANTED for end in ("API_BASE", "BASE_URL", "ENDPOINT", "API_URL")})
        for provider in providers:
            now[1] = provider
            said[round_][provider] = ask(f"{provider}/some-model", timeout=20)
    for name in list(os.environ):
        if os.environ[name] == PLANTED:
            del os.environ[name]
    now[0], slow[0], waited = "slow", 3.0, {}
    for provider in ("anthropic", "groq", "gemini", "sagemaker"):
        now[1], start = provider, time.monotonic()
        waited[provider] = [ask(f"{provider}/some-model", timeout=0.4), time.monotonic() - start]
    keys = {name: value for name, value in os.environ.items() if name.endswith("_API_KEY")}
    now[:], slow[0] = ["bare", "bare"], 0.0
    bare = {name: ask(name, timeout=20) for name in ("gpt-4o-mini", "claude-sonnet-4-5", "no-such-model")}
    document = {
        "said": said, "sent": sent, "reached": reached, "waited": waited, "bare": bare,
        "left": [len(keys), os.environ.get("LITELLM_MODE")],
    }  # fmt: skip
    sys.stdout.write("\n" + json.dumps(document))


main()
