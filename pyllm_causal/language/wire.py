"""The only module that talks to openai, litellm and httpx.

Both libraries retry, redirect, read `.env` files and quote server text by default; here they do none of that.
A provider's key goes only to that provider: an `--api-base` server gets PYLLM_CAUSAL_API_KEY or the word "none".
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..settings import KEY_VARIABLE, Settings, api_key
from .client import Reply, Request

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 4_000_000
OPENAI = "https://api.openai.com/v1"
# Providers that take our guarded HTTP client from litellm's `client` argument.
_BY_HANDLER = frozenset({"anthropic", "gemini", "ollama", "ollama_chat"})


class Fault(Exception):
    """One failed attempt: `passing` faults may be tried again; `refused` names an option to leave out."""

    def __init__(
        self, message: str, hint: str = "", *, passing: bool = False, wait: float | None = None, refused: str = ""
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.passing, self.wait, self.refused = message, hint, passing, wait, refused


def through_openai(request: Request, settings: Settings, left_out: frozenset[str]) -> Reply:
    """Ask api.openai.com, or the OpenAI-compatible server at `settings.api_base`. Raises `Fault`."""
    import openai

    if settings.api_base is None:
        key = os.environ.get("OPENAI_API_KEY")
        if not key:
            raise Fault("OPENAI_API_KEY is not set.", "Set it, or use --api-base for a local server, or --model none.")
    else:
        key = api_key()
    where = _host(settings)
    try:
        with _http(settings) as http:
            # The SDK would take the address and extra headers from the environment; both are set here.
            client = openai.OpenAI(
                api_key=key,
                base_url=settings.api_base or OPENAI,
                max_retries=0,
                timeout=settings.timeout,
                http_client=http,
            )
            if settings.api_base is not None:
                client.organization = client.project = None
                client._custom_headers = {}
            response = client.chat.completions.create(
                model=(request.model or "").removeprefix("openai/"),
                messages=[m.model_dump() for m in request.messages],  # type: ignore[misc]
                **_options(request, left_out),
            )
        return _reply(response, None)
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library or server does becomes a plain fault
        raise _fault(error, request, settings, where, left_out) from None


def through_litellm(request: Request, settings: Settings, left_out: frozenset[str]) -> Reply:
    """Ask any other provider that litellm knows. Raises `Fault`."""
    provider = (request.model or "").split("/")[0]
    extra: dict[str, Any] = {}
    if settings.api_base is not None:
        extra = {"api_base": settings.api_base, "api_key": api_key()}
    try:
        litellm = quiet_litellm()
        with _http(settings, provider) as http:
            litellm.client_session = http  # what litellm's own use of the openai SDK takes
            if provider in _BY_HANDLER:
                from litellm.llms.custom_httpx.http_handler import HTTPHandler

                extra["client"] = HTTPHandler(client=http)
            response = litellm.completion(
                model=request.model,
                messages=[m.model_dump() for m in request.messages],
                timeout=settings.timeout,
                num_retries=0,
                max_retries=0,
                drop_params=True,
                **_options(request, left_out),
                **extra,
            )
        return _reply(response, _cost(litellm, response))
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library or server does becomes a plain fault
        raise _fault(error, request, settings, _host(settings, provider), left_out) from None
    finally:
        if "litellm" in sys.modules:
            sys.modules["litellm"].client_session = None  # type: ignore[attr-defined]


def quiet_litellm() -> Any:
    """litellm, imported without its network fetch and without reading a `.env` file."""
    import logging

    with _environment(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION"):
        import litellm
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return litellm


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _http(settings: Settings, provider: str = "") -> httpx.Client:
    """An HTTP client that follows no redirect and stops at a total time and size."""
    import httpx

    deadline = time.monotonic() + settings.timeout

    def guard(response: httpx.Response) -> None:
        if response.is_redirect:
            raise Fault(
                f"{_host(settings, provider)} sent us on to another address, which is not followed.",
                "Give the final address with --api-base.",
            )
        response.stream = _bounded(response.stream, deadline)

    return httpx.Client(
        timeout=settings.timeout,
        follow_redirects=False,
        # A proxy from the environment must not see what is meant for this machine.
        trust_env=not settings.local,
        event_hooks={"response": [guard]},
    )


def _bounded(stream: Any, deadline: float) -> Any:
    """A body that may not trickle or swell for ever: httpx bounds only each single read."""
    import httpx

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Fault("The model server sent far too long a reply.", "Check the server's address.")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("total time is over")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Bounded()


def _host(settings: Settings, provider: str = "") -> str:
    from urllib.parse import urlsplit

    return urlsplit(settings.api_base).netloc if settings.api_base else provider or "api.openai.com"


def _options(request: Request, left_out: frozenset[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "temperature" not in left_out:
        options["temperature"] = request.temperature
    if "seed" not in left_out:
        options["seed"] = request.seed
    options["max_completion_tokens" if "max_tokens" in left_out else "max_tokens"] = request.max_tokens
    if request.response_schema is not None:
        if "json_schema" not in left_out:
            form = {"name": request.step, "strict": True, "schema": request.response_schema}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        elif "json_object" not in left_out:
            options["response_format"] = {"type": "json_object"}
    return options


def _reply(response: Any, cost: float | None) -> Reply:
    choices = getattr(response, "choices", None)
    if not choices:
        raise Fault("The model server's reply holds no answer.", "Check that it is an OpenAI-compatible server.")
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


def _fault(error: Exception, request: Request, settings: Settings, where: str, left_out: frozenset[str]) -> Fault:
    """Map by cause. Server text is read to find the cause but never quoted: it may echo a key."""
    import httpx
    import openai

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Fault):
            return cause
        if isinstance(cause, (httpx.ConnectError, httpx.UnsupportedProtocol)):
            return Fault(
                f"The model server at {where} cannot be reached.",
                "Start it or check --api-base.",
                passing=True,
            )
        cause = cause.__cause__ or cause.__context__
    status = getattr(error, "status_code", None)
    text = str(error).lower()
    name = type(error).__name__
    if isinstance(error, openai.APITimeoutError) or name == "Timeout":
        return Fault(
            f"The model at {where} gave no answer within {settings.timeout:g} seconds.",
            "Try again, or raise PYLLM_CAUSAL_TIMEOUT.",
            passing=True,
        )
    if name == "ContextWindowExceededError" or (status in (400, 413, 422) and _too_long(text)):
        return Fault(
            "The table's description is too long for this model.",
            "Use a model with a longer context, or --share names, or a table with fewer columns.",
        )
    if status in (400, 404, 415, 422, 500, 501) and (option := _refused(text, request, left_out, int(status))):
        return Fault("The model server refuses an option.", refused=option)
    if status in (401, 403) or name in ("AuthenticationError", "PermissionDeniedError") or "api_key" in text[:300]:
        variable = KEY_VARIABLE if settings.api_base else f"{_provider(request)}_API_KEY"
        return Fault(f"{where} does not accept the key.", f"Set {variable} to a valid key.")
    if status == 402:
        return Fault(f"{where} asks for payment.", "Check the account, or use another model.")
    if status == 429:
        wait = _retry_after(error)
        said = f" and asks to wait {wait:.0f} seconds" if wait and wait >= 1 else ""
        return Fault(f"{where} is busy{said}.", "Try again later.", passing=True, wait=wait)
    if status == 404:
        return Fault(f"{where} does not know this model or address.", "Check --model and --api-base.")
    if isinstance(status, int) and status >= 500 and name != "BadRequestError":
        return Fault(
            f"{where} has a fault of its own (status {status}).",
            "Try again later.",
            passing=True,
            wait=_retry_after(error),
        )
    if isinstance(status, int) and 300 <= status < 400:
        return Fault(
            f"{where} sent us on to another address, which is not followed.", "Give the final address with --api-base."
        )
    if "provider" in text and status == 400:
        return Fault("The model name has no known provider.", "Write it as provider/model, such as openai/gpt-4o-mini.")
    if isinstance(status, int) and 400 <= status < 500:
        return Fault(f"{where} refused the request (status {status}).", "Check --model and --api-base.")
    if isinstance(error, openai.APIConnectionError):
        return Fault(f"The connection to {where} broke off.", "Try again.", passing=True)
    return Fault(f"{where} sent a reply that cannot be read.", "Check that it is an OpenAI-compatible server.")


def _provider(request: Request) -> str:
    head = (request.model or "").split("/")[0]
    return head.upper() if head.isidentifier() else "OPENAI"


def _too_long(text: str) -> bool:
    marks = ("context length", "context size", "context window", "context_length", "exceed_context", "too many tokens")
    return any(mark in text for mark in marks) or ("maximum" in text and "tokens" in text and "messages" in text)


def _refused(text: str, request: Request, left_out: frozenset[str], status: int) -> str:
    """The option to leave out at the next attempt, or "" when that would not help."""
    for option in ("max_tokens", "temperature", "seed"):
        if status < 500 and option not in left_out and option in text:
            return option
    if request.response_schema is None:
        return ""
    named = any(word in text for word in ("response_format", "schema", "grammar", "json"))
    if "json_schema" not in left_out and (named or status in (400, 422)):
        return "json_schema"
    if "json_schema" in left_out and "json_object" not in left_out and (named or status in (400, 422)):
        return "json_object"
    return ""


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None
