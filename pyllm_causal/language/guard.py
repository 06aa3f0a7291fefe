"""What no library may do on our behalf: follow a redirect, wait or read for ever, or carry a key to another's host.

openai takes an HTTP client of ours. litellm makes its own, differently for every provider, so the transports of httpx
and requests are wrapped once; the wrapping does nothing outside a call of ours.
"""

from __future__ import annotations

import contextvars
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..settings import LOOPBACK, SECRET_NAME, Settings
from .faults import MOVED, SLOW, SWOLLEN, Fault, put

if TYPE_CHECKING:
    import httpx

Result = TypeVar("Result")
MOST_BYTES = 4_000_000

# Providers that have no address of their own: each customer's is in the provider's own variable.
PRIVATE = frozenset(
    {"azure", "azure_ai", "azure_text", "databricks", "datarobot", "snowflake", "watsonx", "watsonx_text"}
)
# Beginnings of the provider's variables that are not its name.
_ALSO: dict[str, tuple[str, ...]] = {
    "aiml": ("AIMLAPI",),
    "aiohttp_openai": ("OPENAI",),
    "apertis": ("STIMA",),
    "aws_polly": ("AWS",),
    "aws_textract": ("AWS",),
    "bedrock": ("AWS",),
    "bedrock_mantle": ("AWS",),
    "black_forest_labs": ("BFL",),
    "cohere": ("CO",),
    "cohere_chat": ("CO",),
    "friendliai": ("FRIENDLI",),
    "gdc": ("GOOGLE",),
    "gemini": ("GOOGLE",),
    "huggingface": ("HF",),
    "meta_llama": ("LLAMA",),
    "openrouter": ("OR",),
    "perplexity": ("PERPLEXITYAI",),
    "sagemaker": ("AWS",),
    "sagemaker_chat": ("AWS",),
    "sagemaker_nova": ("AWS",),
    "sap": ("AICORE",),
    "scaleway": ("SCW",),
    "text-completion-codestral": ("CODESTRAL",),
    "text-completion-inception": ("INCEPTION",),
    "text-completion-openai": ("OPENAI",),
    "vertex_ai": ("GOOGLE",),
    "vertex_ai_beta": ("GOOGLE",),
    "volcengine": ("ARK", "VOLC"),
    "watsonx": ("WX", "WML"),
    "watsonx_text": ("WX", "WML"),
}
# The first word of these names is somebody else's.
_BORROWED = frozenset({"custom_openai", "openai_like", "text-completion-openai", "litellm_proxy", "litellm_agent"})
_SECRET_FILE = re.compile(r"(KEY|TOKEN|SECRET|CREDENTIALS?|AUTH)_(FILE|PATH|DIR)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(_BASE|_URL|_URI|_ENDPOINT|_HOST|_ADDR|_SERVER)(_\w{1,12})?$", re.IGNORECASE)
_BASE = re.compile(r"_(API_BASE|BASE_URL)$", re.IGNORECASE)
_STEERS_LITELLM = re.compile(r"^(LITELLM_|USE_)", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """Of one call: the server's name for messages, the settings, and when patience ends (monotonic seconds)."""

    where: str
    settings: Settings
    deadline: float

    @classmethod
    def of(cls, settings: Settings, where: str) -> Limits:
        """Limits that begin now."""
        return cls(where, settings, time.monotonic() + settings.timeout)


_CALL: contextvars.ContextVar[Limits | None] = contextvars.ContextVar("call", default=None)
_LOCK = threading.RLock()


def within(limits: Limits, run: Callable[[], Result]) -> Result:
    """What `run` returns or raises, within the time of `limits`; otherwise `Fault`.

    A thread that is not done is left behind, so that neither a trickling server, a name look-up nor a long computation
    in C can hold us.
    """
    done: list[tuple[Result | None, BaseException | None]] = []

    def work() -> None:
        token = _CALL.set(limits)
        try:
            done.append((run(), None))
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits
            done.append((None, error))
        finally:
            _CALL.reset(token)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True, name="language-model")
    thread.start()
    thread.join(max(0.0, limits.deadline - time.monotonic()) + 0.2)
    if not done:
        raise put(SLOW, limits.where, limits.settings)
    result, error = done[0]
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def http_client(limits: Limits) -> httpx.Client:
    """An HTTP client that follows no redirect and stops at a total time and size."""
    import httpx

    return httpx.Client(
        timeout=limits.settings.timeout,
        follow_redirects=False,
        # A proxy from the environment must not see what is meant for this machine.
        trust_env=not limits.settings.local,
        event_hooks={"response": [lambda response: _hold(response, limits)]},
    )


def _hold(response: httpx.Response, limits: Limits) -> None:
    if 300 <= response.status_code < 400 and "location" in response.headers:
        raise put(MOVED, limits.where, limits.settings)
    response.stream = _bounded(response.stream, limits)


def _bounded(stream: Any, limits: Limits) -> Any:
    """A body that may not trickle or swell for ever: httpx bounds only each single read."""
    import httpx

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise put(SWOLLEN, limits.where, limits.settings)
                if time.monotonic() > limits.deadline:
                    raise put(SLOW, limits.where, limits.settings)
                yield chunk

        def close(self) -> None:
            stream.close()

    return Bounded()


def watch_transports() -> None:
    """Hold every transport of httpx and requests to the limits of the call that it serves. Idempotent."""
    import httpx
    import requests.adapters

    def sync(send: Callable[..., Any]) -> Callable[..., Any]:
        def watched(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            response, limits = send(self, request, *args, **kwargs), _CALL.get()
            if limits is not None:
                if isinstance(response, httpx.Response):
                    _hold(response, limits)
                elif response.is_redirect:
                    raise put(MOVED, limits.where, limits.settings)
            return response

        watched.watched = True  # type: ignore[attr-defined]
        return watched

    def asynchronous(send: Callable[..., Any]) -> Callable[..., Any]:
        async def watched(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            response, limits = await send(self, request, *args, **kwargs), _CALL.get()
            if limits is not None and response.has_redirect_location:
                raise put(MOVED, limits.where, limits.settings)
            return response

        watched.watched = True  # type: ignore[attr-defined]
        return watched

    for owner, name, wrap in (
        (httpx.HTTPTransport, "handle_request", sync),
        (httpx.AsyncHTTPTransport, "handle_async_request", asynchronous),
        (requests.adapters.HTTPAdapter, "send", sync),
    ):
        found = getattr(owner, name)
        if not hasattr(found, "watched"):
            setattr(owner, name, wrap(found))


def belongs(variable: str, provider: str) -> bool:
    """Whether an environment variable is the provider's own, by its beginning."""
    name = provider.upper().replace("-", "_")
    stems = {name, name.replace("_", ""), *_ALSO.get(provider, ())}
    if provider not in _BORROWED:
        stems.add(name.partition("_")[0])
    return any(variable.upper() == stem or variable.upper().startswith(stem + "_") for stem in stems)


def foreign(environment: Mapping[str, str], provider: str) -> set[str]:
    """Variables that litellm must not see while it serves `provider`.

    Keys of others (litellm sends OPENAI_API_KEY to many a host when the provider's own is missing), every address but
    that of a provider that has none of its own, and what would steer litellm itself.
    """
    hidden = set()
    for name, value in environment.items():
        own = belongs(name, provider)
        if _STEERS_LITELLM.search(name) or ((SECRET_NAME.search(name) or _SECRET_FILE.search(name)) and not own):
            hidden.add(name)
        elif _ADDRESS.search(name) and not name.upper().endswith("_PROXY"):
            safe = own and provider in PRIVATE and value.lower().startswith("https://")
            container = own and name.upper().startswith("AWS_CONTAINER_")  # where a cloud machine asks for its keys
            if not (safe or container):
                hidden.add(name)
    return hidden


def diverted(environment: Mapping[str, str], provider: str, host: str = "") -> str:
    """The provider's own variable that names another address, or "": it is neither followed nor silently ignored."""
    from urllib.parse import urlsplit

    for name in sorted(environment):
        if environment[name] and _BASE.search(name) and belongs(name, provider) and provider not in PRIVATE:
            try:
                same = bool(host) and urlsplit(environment[name]).hostname == host
            except ValueError:
                same = False
            if not same:
                return name
    return ""


@contextmanager
def environment(hide: Iterable[str] = (), **values: str) -> Iterator[None]:
    """The process environment with some variables hidden and some set, put back afterwards."""
    with _LOCK:
        before = {name: os.environ.get(name) for name in (*hide, *values)}
        for name in hide:
            os.environ.pop(name, None)
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def no_proxy_here() -> dict[str, str]:
    """`NO_PROXY` that keeps what is meant for this machine on it."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    said = ",".join(dict.fromkeys([*filter(None, given.split(",")), *LOOPBACK]))
    return {"NO_PROXY": said, "no_proxy": said}


def refuse_diversion(provider: str, where: str, host: str = "") -> None:
    """Raise `Fault` when the environment names another address for a provider whose key we are about to send."""
    name = diverted(os.environ, provider, host)
    if name:
        raise Fault(
            f"{name} names another address for {where}, which is not followed: the key would go there.",
            "Unset it; or give that address with --api-base, and its key in PYLLM_CAUSAL_API_KEY.",
        )
