"""An error as an answer document."""

from __future__ import annotations

from ..analysis import Answer, ErrorInfo
from ..errors import CausalError
from ..wording import safe


def failed(error: CausalError) -> Answer:
    """An error as an answer document, for `--json`."""
    info = ErrorInfo(code=error.code, message=safe(error.message, 1000), hint=safe(error.hint, 1000))
    return Answer(status="error", headline=info.message, text=f"{info.message} {info.hint}".strip(), error=info)
