"""`pyllm-causal export`: an answer in a form that others can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console
from .options import Debug

app = typer.Typer(help="An answer in a form that others can repeat.", no_args_is_help=True, rich_markup_mode=None)

AnswerPath = Annotated[str, typer.Argument(help="An answer made with --json.", metavar="ANSWER.json")]


@app.callback()
def exports() -> None:
    """An answer in a form that others can repeat."""


@app.command()
def script(
    answer: AnswerPath,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", help="The table of the answer (default: by its name, beside it).", metavar="FILE"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it to this file.", metavar="FILE.py")] = None,
    debug: Debug = False,
) -> None:
    """Print a standalone Python script that repeats the answer's effect and interval to six digits.

    Example: pyllm-causal export script answer.json --data coaching.csv --out repeat.py

    It needs numpy, pandas and scipy, and nothing of this program.
    """

    def run() -> str:
        from ..answer_file import read_answer
        from ..export import beside, script

        found = read_answer(answer)
        return script(found, data or beside(found, answer))

    text = console.guard(run, False, debug)
    if out is None:
        console.out(text.rstrip("\n"))
        return
    console.guard(lambda: _write(out, text), False, debug)
    console.tell(f"Wrote {out}. Run it with: python {out} TABLE")


def _write(path: Path, text: str) -> None:
    from ..errors import InputError
    from ..whole_file import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(
            f"{path.name!r} cannot be written ({error.strerror}).", "Give another file with --out."
        ) from None
