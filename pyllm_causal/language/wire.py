"""The only module that talks to openai and litellm.

Both libraries retry, redirect, read `.env` files and quote server text by default; here they do none of that.
A provider's key goes only to that provider: an `--api-base` server gets PYLLM_CAUSAL_API_KEY or the word "none".
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..settings import SERVERS, Settings, api_key
from . import guard, local
from .client import Reply, Request
from .faults import Fault, fault_of
from .prices import price_of

Result = TypeVar("Result")
OPENAI = "https://api.openai.com/v1"


def through_openai(request: Request, settings: Settings, left_out: frozenset[str]) -> Reply:
    """Ask api.openai.com, or the OpenAI-compatible server at `settings.address`. Raises `Fault`."""
    if settings.address is not None:
        # A server at its usual place on this machine was not named with --api-base, so that key is not meant for it.
        key = api_key() if settings.api_base else "none"
        return _ask(request, settings, left_out, settings.address, key)
    where = host(settings)
    guard.refuse_diversion("openai", where, where)
    own = os.environ.get("OPENAI_API_KEY")
    if not own:
        raise Fault("OPENAI_API_KEY is not set.", "Set it, or use --api-base for a local server, or --model none.")
    reply = _ask(request, settings, left_out, OPENAI, own)
    price = price_of(settings)
    if price is not None and reply.tokens_in is not None and reply.tokens_out is not None:
        reply = reply.model_copy(update={"cost": price.cost(reply.tokens_in, reply.tokens_out)})
    return reply


def through_file(request: Request, settings: Settings, left_out: frozenset[str]) -> Reply:
    """Ask the model file of `settings`, in this process. Raises `Fault`, `ModelError`."""
    served = local.serve(settings)
    return _ask(request, settings, left_out, served.address, served.key).model_copy(update={"cost": 0.0})


def _ask(request: Request, settings: Settings, left_out: frozenset[str], address: str, key: str) -> Reply:
    import openai
    import openai.resources.chat.completions  # otherwise loaded at first use, and the wait for it counted as the server's

    where = host(settings)
    limits = guard.Limits.of(settings, where)

    def send() -> Reply:
        with guard.http_client(limits) as http:
            # The SDK would take the address and extra headers from the environment; both are set here.
            client = openai.OpenAI(
                api_key=key, base_url=address, max_retries=0, timeout=settings.timeout, http_client=http
            )
            if address != OPENAI:
                client.organization = client.project = None
                client._custom_headers = {}
            response = client.chat.completions.create(
                model=_served(request.model or ""),
                messages=[m.model_dump() for m in request.messages],  # type: ignore[misc]
                **_options(request, left_out),
            )
        return _reply(response)

    try:
        return guard.within(limits, send)
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library or server does becomes a plain fault
        raise fault_of(error, request, settings, where, left_out) from None


def through_litellm(request: Request, settings: Settings, left_out: frozenset[str]) -> Reply:
    """Ask any other provider that litellm knows, at its own address. Raises `Fault`."""
    litellm = quiet_litellm()
    guard.watch_transports()
    where = settings.provider or "litellm"

    def alone(provider: str, run: Callable[[], Result]) -> Result:
        # Some providers print how to sign in, or that a feature is missing: standard output is the answer's alone.
        # litellm's client in Rust would go past the guard.
        hidden = guard.foreign(os.environ, provider)
        with (
            contextlib.redirect_stdout(io.StringIO()),
            guard.environment(hidden, LITELLM_MODE="PRODUCTION", LITELLM_RUST="False", **guard.no_proxy_here()),
        ):
            return guard.within(guard.Limits.of(settings, where), run)

    def send() -> Reply:
        response = litellm.completion(
            model=request.model,
            messages=[m.model_dump() for m in request.messages],
            timeout=settings.timeout,
            num_retries=0,
            max_retries=0,
            drop_params=True,
            **_options(request, left_out),
        )
        return _reply(response, _cost(litellm, response))

    try:
        provider = settings.provider
        if provider not in {getattr(known, "value", known) for known in litellm.provider_list}:
            # A bare name, such as gpt-4o-mini: litellm knows whose it is.
            provider = where = alone("", lambda: str(litellm.get_llm_provider(model=request.model)[1]))
            named = {"model": f"{provider}/{request.model}"}
            request, settings = request.model_copy(update=named), settings.model_copy(update=named)
        if provider == "openai":
            return through_openai(request, settings, left_out)
        guard.refuse_diversion(provider, where)
        return alone(provider, send)
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library or server does becomes a plain fault
        raise fault_of(error, request, settings, where, left_out) from None


def quiet_litellm() -> Any:
    """litellm, imported without its network fetch and without reading a `.env` file."""
    import logging

    with guard.environment(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION"):
        import litellm
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return litellm


def host(settings: Settings) -> str:
    """The server's name, for messages."""
    if settings.in_process:
        return "the model file"
    if settings.address:
        return urlsplit(settings.address).netloc
    return "api.openai.com" if settings.provider in ("", "openai") else settings.provider


def _served(model: str) -> str:
    """The name that an OpenAI-compatible server knows the model by."""
    head, _, rest = model.partition("/")
    return rest if rest and (head == "openai" or head in SERVERS) else model


def _options(request: Request, left_out: frozenset[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "temperature" not in left_out:
        options["temperature"] = request.temperature
    if "seed" not in left_out:
        options["seed"] = request.seed
    options["max_completion_tokens" if "max_tokens" in left_out else "max_tokens"] = request.max_tokens
    if request.response_schema is not None:
        if "json_schema" not in left_out:
            options["response_format"] = _form(request)
        elif "json_object" not in left_out:
            options["response_format"] = {"type": "json_object"}
    return options


def _form(request: Request) -> dict[str, Any]:
    """The schema of the reply as an OpenAI-compatible server wants it."""
    return {
        "type": "json_schema",
        "json_schema": {"name": request.step, "strict": True, "schema": request.response_schema},
    }


def _reply(response: Any, cost: float | None = None) -> Reply:
    choices = getattr(response, "choices", None)
    if not choices:
        raise Fault(
            "The model server's reply holds no answer.", "Check that it is an OpenAI-compatible server.", charged=True
        )
    usage = getattr(response, "usage", None)
    content = choices[0].message.content
    reason = choices[0].finish_reason
    return Reply(
        text=content if isinstance(content, str) else "",
        tokens_in=_count(getattr(usage, "prompt_tokens", None)),
        tokens_out=_count(getattr(usage, "completion_tokens", None)),
        cost=cost,
        finish_reason=reason if isinstance(reason, str) else None,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _cost(litellm: Any, response: Any) -> float | None:
    try:
        cost = litellm.completion_cost(completion_response=response)
    except Exception:  # noqa: BLE001 - litellm raises for every model that is not in its price list
        return None
    return float(cost) if cost else None
