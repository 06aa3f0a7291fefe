"""What can go wrong with a call, in plain words: every exception of openai and litellm, by cause and by class.

Server text is read to find the cause and never quoted: it may echo a key.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..settings import KEY_VARIABLE, Settings
from .client import Request


class Fault(Exception):
    """One failed attempt.

    `passing` faults may be tried again after `wait` seconds; `refused` names an option to leave out; `charged` is True
    when the provider may have done, and billed, the work.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        passing: bool = False,
        wait: float | None = None,
        refused: str = "",
        charged: bool = False,
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.passing, self.wait = message, hint, passing, wait
        self.refused, self.charged = refused, charged


class Known(NamedTuple):
    """`{where}` is the server, `{seconds}` the patience, `{key}` the key's variable."""

    message: str
    hint: str
    passing: bool = False
    charged: bool = False


CUT = Known("The connection to {where} broke off.", "Try again.", True, True)
SLOW = Known(
    "The model at {where} gave no answer within {seconds} seconds.",
    "Try again, or raise PYLLM_CAUSAL_TIMEOUT.",
    True,
    True,
)
UNREACHED = Known("The model server at {where} cannot be reached.", "Start it or check --api-base.", True)
LONG = Known(
    "The table's description is too long for this model.",
    "Use a model with a longer context, or --share names, or a table with fewer columns.",
)
KEY = Known(
    "{where} got no key that it accepts.", "Set {key} in the environment, or what litellm calls it, to a valid key."
)
PAY = Known("{where} asks for payment.", "Check the account, or use another model.")
BUSY = Known("{where} is busy.", "Try again later.", True)
BROKEN = Known("{where} has a fault of its own.", "Try again later.", True)
UNKNOWN = Known("{where} does not know this model or address.", "Check --model and --api-base (most end in /v1).")
REFUSED = Known("{where} refused the request.", "Check --model and --api-base.")
LONG_FILE = LONG._replace(hint="Raise PYLLM_CAUSAL_CONTEXT, or use --share names, or a table with fewer columns.")
MOVED = Known(
    "{where} sent us on to another address, which is not followed.", "Give the final address with --api-base."
)
GARBLED = Known(
    "{where} sent a reply that cannot be read.", "Check that it is an OpenAI-compatible server.", False, True
)
SWOLLEN = Known("{where} sent far too long a reply.", "Check the server's address.", False, True)
NO_PROVIDER = Known("The model name has no known provider.", "Write it as provider/model, such as openai/gpt-4o-mini.")
CENSORED = Known("{where} will not answer this for reasons of its own policy.", "Reword the question.", False, True)
CUT_OFF = Known("{where} stopped in the middle of its reply.", "Raise PYLLM_CAUSAL_MAX_TOKENS.", False, True)
NO_LOGIN = Known("{where} could not sign in.", "Sign in with the provider's own tool first, or set {key}.")
UNSET = Known(
    "litellm could not ask {where}, though no connection failed.",
    "It may want more in the environment (an account, a region, an address): see litellm's page for it.",
)
NOT_OURS = Known("{where} met a fault that this program does not cause.", "Report it, with --debug.")
NO_BUDGET = Known("A budget set in litellm is used up.", "Raise it there, or use another model.")

# Every exception class of the two libraries. A test fails when one of them grows a class that is not here.
KNOWN: dict[str, Known] = {
    # openai, and the litellm classes of the same name
    "APIConnectionError": CUT,
    "APIError": BROKEN,
    "APIResponseValidationError": GARBLED,
    "APIStatusError": REFUSED,
    "APITimeoutError": SLOW,
    "AuthenticationError": KEY,
    "BadRequestError": REFUSED,
    "ConflictError": REFUSED,
    "ContentFilterFinishReasonError": CENSORED,
    "InternalServerError": BROKEN,
    "InvalidWebhookSignatureError": NOT_OURS,
    "LengthFinishReasonError": CUT_OFF,
    "NotFoundError": UNKNOWN,
    "OAuthError": NO_LOGIN,
    "OpenAIError": REFUSED,
    "PermissionDeniedError": KEY,
    "RateLimitError": BUSY,
    "UnprocessableEntityError": REFUSED,
    "WebSocketConnectionClosedError": CUT,
    "WebSocketQueueFullError": NOT_OURS,
    "_AmbiguousModuleClientUsageError": NOT_OURS,
    # litellm alone
    "BadGatewayError": BROKEN,
    "BlockedPiiEntityError": CENSORED,
    "BudgetExceededError": NO_BUDGET,
    "ContentPolicyViolationError": CENSORED,
    "ContextWindowExceededError": LONG,
    "GuardrailRaisedException": CENSORED,
    "ImageFetchError": NOT_OURS,
    "InvalidRequestError": REFUSED,
    "JSONSchemaValidationError": GARBLED,
    "LiteLLMUnknownProvider": NO_PROVIDER,
    "MidStreamFallbackError": CUT,
    "MockException": NOT_OURS,
    "ModelNotMappedError": UNKNOWN,
    "ModifyResponseException": CENSORED,
    "PaymentRequiredError": PAY,
    "RejectedRequestError": CENSORED,
    "RouterRateLimitError": BUSY,
    "RouterRateLimitErrorBasic": BUSY,
    "SensitiveDataRouteException": CENSORED,
    "ServiceUnavailableError": BUSY,
    "Timeout": SLOW,
    "ToolLoopMaxRoundsExceeded": NOT_OURS,
    "UnsupportedParamsError": REFUSED,
    "VectorStoreSearchError": NOT_OURS,
}
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:API_KEY|APIKEY|API_TOKEN|TOKEN|SECRET_KEY)\b")
# These say little; the status says more.
_VAGUE = frozenset({"APIError", "APIStatusError", "BadRequestError", "InvalidRequestError", "OpenAIError"})
_STATUS = {401: KEY, 402: PAY, 403: KEY, 404: UNKNOWN, 408: SLOW, 429: BUSY, 504: SLOW}


def put(known: Known, where: str, settings: Settings, *, wait: float | None = None, key: str = KEY_VARIABLE) -> Fault:
    """A known fault with its places filled in."""
    said = {"where": where, "seconds": f"{settings.timeout:g}", "key": key}
    message = known.message.format_map(said)
    if known is BUSY and wait and wait >= 1:
        message = f"{where} is busy and asks to wait {wait:.0f} seconds."
    if message.startswith("the "):  # "the model file", where others have a name
        message = message[0].upper() + message[1:]
    return Fault(message, known.hint.format_map(said), passing=known.passing, wait=wait, charged=known.charged)


def fault_of(error: Exception, request: Request, settings: Settings, where: str, left_out: frozenset[str]) -> Fault:
    """The fault behind any exception of a library. The cause counts before the class: litellm mislabels both ways."""
    import httpx

    cause: BaseException | None = error
    travelled = False
    while cause is not None:
        travelled |= isinstance(cause, (httpx.TransportError, OSError))
        if isinstance(cause, Fault):
            return cause
        if isinstance(cause, (httpx.ConnectError, httpx.UnsupportedProtocol)):
            return put(UNREACHED, where, settings)
        if isinstance(cause, httpx.TimeoutException):
            return put(SLOW, where, settings)
        cause = cause.__cause__ or cause.__context__
    found = getattr(error, "status_code", None)
    status = found if isinstance(found, int) else 0
    said, wait = _text(error), _retry_after(error)
    text, key = said.lower(), key_variable(request, settings, said)
    name = next((c.__name__ for c in type(error).__mro__ if c.__name__ in KNOWN), "")
    if name == "ContextWindowExceededError" or (status in (400, 413, 422, 500) and _too_long(text)):
        return put(LONG_FILE if settings.in_process else LONG, where, settings)
    if status in (400, 404, 415, 422, 500, 501) and (option := _refused(text, request, left_out, status)):
        return Fault("The model server refuses an option.", refused=option)
    if name == "OAuthError":
        return put(NO_LOGIN, where, settings, key=key)
    if status in (401, 403) or "api_key" in text[:300] or "api key" in text[:300]:
        return put(KEY, where, settings, key=key)
    if "llm provider not provided" in text:
        return put(NO_PROVIDER, where, settings)
    known = KNOWN.get(name)
    if known is CUT and name == "APIConnectionError" and not travelled:
        known = UNSET  # litellm's word for anything that goes wrong before a connection is made
    if (known is None or name in _VAGUE) and status:
        known = _STATUS.get(status) or (BROKEN if status >= 500 else MOVED if 300 <= status < 400 else REFUSED)
    return put(known or GARBLED, where, settings, wait=wait, key=key)


def key_variable(request: Request, settings: Settings, said: str = "") -> str:
    """The environment variable that holds the key for this call; the library may have `said` its name."""
    if settings.address is not None:
        return KEY_VARIABLE
    head = (request.model or "").partition("/")[0].replace("-", "_").upper()
    for name in _VARIABLE.findall(said):
        if name.startswith(head.partition("_")[0]):
            return str(name)
    return f"{head}_API_KEY" if head.isidentifier() else "OPENAI_API_KEY"


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - some classes of litellm cannot be put into words when they were made oddly
        return ""


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
        if (said := headers["retry-after"]).replace(".", "", 1).isdigit():
            return float(said)
        return _seconds_until(said)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _seconds_until(date: str) -> float:
    """Seconds until an HTTP date, which `retry-after` may hold instead of a number."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    when = parsedate_to_datetime(date)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
