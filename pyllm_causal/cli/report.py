"""`pyllm-causal report`: an answer as one HTML file and its Markdown twin; `--report FILE` beside ask and analyse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console
from .options import Debug

if TYPE_CHECKING:
    from ..analysis import Answer

ReportTo = Annotated[
    Path | None,
    typer.Option("--report", help="Also write a report: one HTML file, and a Markdown twin beside it.", metavar="FILE"),
]


def report(
    answer: Annotated[
        str | None, typer.Argument(help="An answer saved with --json; - reads standard input.", metavar="ANSWER.json")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file to write; its twin ends in .md.", metavar="FILE")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            help="The table, for the script that repeats the number (default: by its name, beside the answer).",
            metavar="FILE",
        ),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last answer on this machine, instead of a file.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    debug: Debug = False,
) -> None:
    """Write a report: picture, numbers, checks, assumptions and how to repeat it. Needs neither table nor network.

    Example: pyllm-causal report answer.json --out report.html
    """

    def run() -> tuple[Path, Path]:
        from ..answer_file import read_answer
        from ..errors import InputError
        from ..report import kept

        if last == (answer is not None):
            raise InputError("Name a file with an answer, or say --last.", "`pyllm-causal report --help` shows how.")
        source = str(kept.last()) if last else str(answer)
        named = last or source == "-"
        found = read_answer(source)
        return written(
            found, out or (Path("report.html") if named else Path(source).with_suffix(".html")), data, source
        )

    page, twin = console.guard(run, False, debug)
    console.out(f"Wrote {page} and {twin.name} (picture, numbers, checks, how to repeat it).")
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())


def written(answer: Answer, path: Path, data: str | None = None, beside_file: str = "") -> tuple[Path, Path]:
    """The report on `answer` at `path`, and its twin, with the script that repeats it where `data` allows one.

    Without `data` the table is looked for by its name, here and beside `beside_file`. Raises `InputError`.
    """
    from ..errors import CausalError
    from ..export import beside, script
    from ..report.document import write

    try:
        text = script(answer, data or beside(answer, beside_file)) if answer.effect is not None else None
    except CausalError:
        text = None  # the report does not need it, and says how to ask for it
    return write(answer, path, script=text)
