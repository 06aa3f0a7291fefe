"""`pyllm-causal examples`: commands that run, by kind of question, and the tables they run on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console
from .options import AsJson, Debug


def examples(
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the tables of the examples into this folder.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show a command for every kind of question; with --write, make the small tables that they run on.

    Example: pyllm-causal examples --write .

    The tables are made up, and what was put into them is said, so that you can see whether the answer is right.
    """
    from .example_tables import EXAMPLES

    folder = "." if write is None else str(write)
    if write is not None:
        console.guard(lambda: _write(write), as_json, debug)
    if as_json:
        console.document(
            {
                "examples": [
                    {
                        "name": e.name,
                        "kind": e.kind,
                        "question": e.question,
                        "command": e.command(folder),
                        "truth": e.truth,
                    }
                    for e in EXAMPLES.values()
                ]
            }
        )
        return
    if write is None:
        console.out("The tables are made up. Write them into this folder first: pyllm-causal examples --write .")
    else:
        console.out(f"{len(EXAMPLES)} tables are written into {'this folder' if folder == '.' else folder}.")
    for example in EXAMPLES.values():
        console.out(f"\n# {example.kind}; put into the table: {example.truth}\n{example.command(folder)}")
    console.out("\n# your own table: see what is in it, then ask; the program asks back where it is not sure")
    console.out("pyllm-causal columns FILE")
    console.out('pyllm-causal ask "Does A change B?" --data FILE')


def _write(folder: Path) -> None:
    from ..errors import DataError
    from ..whole_file import write_whole
    from .example_tables import EXAMPLES

    texts = {folder / example.file: example.text() for example in EXAMPLES.values()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        other = [
            path.name for path, text in texts.items() if path.exists() and path.read_text(encoding="utf-8") != text
        ]
        if other:
            raise DataError(f"{other[0]} is there already, and is another table.", "Choose another folder.")
        for path, text in texts.items():
            write_whole(path, text)
    except (OSError, UnicodeDecodeError):
        raise DataError(f"The tables cannot be written into {str(folder)!r}.", "Choose another folder.") from None
