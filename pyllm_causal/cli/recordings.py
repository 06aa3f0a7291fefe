"""`pyllm-causal recordings` and `pyllm-causal sent`: what was recorded, and what was sent to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .options import AsJson, Debug

if TYPE_CHECKING:
    from ..language.shelf import Kept

app = typer.Typer(help="Look after folders of recorded replies.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path, typer.Argument(help="A folder made with --record.", metavar="DIR")]


@app.command("list")
def show(folder: Folder, as_json: AsJson = False, debug: Debug = False) -> None:
    """List every recording: step, model, origin, date and tokens.

    Example: pyllm-causal recordings list replies
    """

    kept = console.guard(lambda: _kept(folder), as_json, debug)
    if as_json:
        console.document({"recordings": [_row(k, folder) for k in kept]})
        return
    for item in kept:
        tokens = f"{_or(item.tokens_in)}+{_or(item.tokens_out)} tokens"
        told = [item.step or "?", item.model or "no model", item.origin or "?", item.written or "?", tokens]
        if item.failed:
            told.append("a failed call")
        console.out(f"{_name(item, folder)}  " + " · ".join(map(_plain, told)))
    if not kept:
        console.out("There is no recording here.")


@app.command()
def check(folder: Folder, as_json: AsJson = False, debug: Debug = False) -> None:
    """Say of every recording whether it is sound and fits today's prompts.

    Example: pyllm-causal recordings check replies

    Exit code 2 when one is not. The question and the table are checked when the folder is replayed: `ask … --replay DIR`
    says what changed.
    """

    kept = console.guard(lambda: _kept(folder), as_json, debug)
    bad = [k for k in kept if k.state != "good"]
    if as_json:
        console.document({"good": len(kept) - len(bad), "recordings": [_row(k, folder) for k in kept]})
    else:
        for item in kept:
            console.out(f"{_name(item, folder)}  {item.state}{': ' + _plain(item.why) if item.why else ''}")
        console.out(f"{len(kept) - len(bad)} of {len(kept)} recordings are good.")
    raise typer.Exit(2 if bad else 0)


@app.command()
def clean(
    folder: Folder,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Remove recordings that are out of date or unused, after asking.

    Example: pyllm-causal recordings clean replies

    A damaged file is named and left alone.
    """

    kept = console.guard(lambda: _kept(folder), as_json, debug)
    old = [k for k in kept if k.state in ("out of date", "unused")]
    for item in kept:
        if item.state != "good":
            console.tell(f"{_name(item, folder)}  {item.state}: {_plain(item.why)}")
    if old and not yes and not typer.confirm(f"Remove {len(old)} file{'s' if len(old) > 1 else ''}?", err=True):
        old = []

    def run() -> int:
        from ..language.shelf import remove

        return remove(old)

    gone = console.guard(run, as_json, debug)
    if as_json:
        console.document({"removed": [_name(k, folder) for k in old][:gone]})
    else:
        console.out(f"{gone} removed.")


def sent(
    last: Annotated[int, typer.Option(help="How many of the latest requests to show.", min=1)] = 5,
    clear: Annotated[bool, typer.Option("--clear", help="Delete the log.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what was sent to language models from this machine, word for word.

    Example: pyllm-causal sent --last 1

    PYLLM_CAUSAL_SENT_LOG=off keeps no log.
    """

    def run() -> dict[str, Any]:
        from ..errors import DataError
        from ..language import sent_log

        place = sent_log.place()
        if place is None:
            return {"log": None, "sent": []}
        try:
            if clear:
                return {"log": str(place), "removed": sent_log.clear(place), "sent": []}
            return {"log": str(place), "sent": list(sent_log.entries(place))[-last:]}
        except OSError as error:
            raise DataError(
                f"The log {str(place)!r} cannot be read ({error.strerror or 'file error'}).", "Check its permissions."
            ) from None

    found = console.guard(run, as_json, debug)
    if as_json:
        console.document(found)
        return
    if found["log"] is None:
        console.out("The log is switched off.")
        return
    if clear:
        console.out("The log is deleted." if found["removed"] else "There was no log.")
        return
    for line in found["sent"]:
        console.out(
            f"{_plain(line.get('time'))} · {_plain(line.get('step'))} · to {_plain(line.get('to'))} · {_plain(line.get('model'))}"
        )
        for turn in line.get("messages") or ():
            text = str(turn.get("content")) if isinstance(turn, dict) else ""
            shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
            console.out("\n".join("    " + row for row in shown.splitlines()))
    console.out(
        f"{len(found['sent'])} shown, from {_plain(found['log'])}." if found["sent"] else "Nothing was sent yet."
    )


def _kept(folder: Path) -> list[Kept]:
    from ..language.shelf import kept

    return kept(folder)


def _row(item: Kept, folder: Path) -> dict[str, Any]:
    return item.model_dump(mode="json", exclude={"path"}) | {"file": _name(item, folder)}


def _name(item: Kept, folder: Path) -> str:
    return _plain(item.path.relative_to(folder))


def _or(value: int | None) -> str:
    return "?" if value is None else str(value)


def _plain(text: object) -> str:
    from ..wording import safe

    return safe(text, 200)
