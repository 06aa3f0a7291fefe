"""What goes out: the answer to standard output, talk and errors to standard error; errors become exit codes."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from .inputs import without_keys

if TYPE_CHECKING:
    from ..errors import CausalError


def tell(text: str) -> None:
    """Talk and errors: standard error."""
    typer.echo(text, err=True)


def out(text: str) -> None:
    """The answer: standard output."""
    typer.echo(text)


def document(told: Any) -> None:
    """One JSON document on standard output."""
    out(as_text(told))


def as_text(told: Any) -> str:
    """JSON that is the same document on any terminal: readable letters, but no invisible or direction characters."""
    text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(ch if ch == "\n" or ch.isprintable() else json.dumps(ch)[1:-1] for ch in text)


def guard(run: Callable[[], Any], as_json: bool, debug: bool) -> Any:
    """The result, or the error on standard error (and as a document with --json) with its exit code."""
    from ..errors import CausalError, InternalError

    try:
        return run()
    except CausalError as error:
        if debug:
            tell(without_keys(traceback.format_exc()))
        fail(error, as_json)
    except KeyboardInterrupt:
        tell("Stopped: there is no answer yet.")
        raise typer.Exit(130) from None
    except Exception as error:  # noqa: BLE001 - the last line of defence: our fault, said plainly
        if debug:
            tell(without_keys(traceback.format_exc()))
        kind = type(error).__name__
        fail(InternalError(f"Something went wrong inside ({kind}).", "Run again with --debug and report it."), as_json)


def fail(error: CausalError, as_json: bool) -> NoReturn:
    """Say an error and what to do next, and end with its exit code."""
    from ..wording import safe

    error.message, error.hint = without_keys(error.message), without_keys(error.hint)
    tell(f"Error: {safe(error.message, 400)}")
    if error.hint:
        tell(f"  {safe(error.hint, 400)}")
    if as_json:
        from ..compose.error import failed

        out(as_text(failed(error).model_dump(mode="json")))
    raise typer.Exit(error.exit_code)


def fitted(text: str) -> str:
    """As wide as the terminal, where it is narrower than the text; the same everywhere else, so that output can be compared."""
    if not sys.stdout.isatty():
        return text
    import shutil

    from ..report.refit import fitted as narrowed

    return narrowed(text, shutil.get_terminal_size().columns - 1)
