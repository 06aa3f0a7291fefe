"""`pyllm-causal rerun`: an answer made again, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import console, inputs
from .options import AsJson, Debug, Describe, Workers

if TYPE_CHECKING:
    from ..rerun import Rerun


def rerun(
    answer: Annotated[str, typer.Argument(help="An answer made with --json.", metavar="ANSWER.json")],
    data: Annotated[str, typer.Option("--data", "-d", help="The table.", metavar="FILE")],
    describe: Describe = None,
    workers: Workers = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make an answer again from what it says about itself, and say what differs.

    Example: pyllm-causal rerun answer.json --data coaching.csv

    Exit codes: 0 the same, 2 something differs or it cannot be made again.
    """
    from .waiting import Waiting

    def run() -> Rerun:
        from ..answer_file import read_answer
        from ..rerun import rerun as again

        with Waiting(stages=not as_json) as waiting:
            return again(
                read_answer(answer), data, recordings=None if answer == "-" else answer, describe=inputs.describe(describe),
                workers=workers, progress=waiting,
            )  # fmt: skip

    found = console.guard(run, as_json, debug)
    if as_json:
        console.document(found.model_dump(mode="json"))
    else:
        console.out("The answer is the same." if found.same else "The answer is not the same.")
        for line in found.differs:
            console.out(f"  − {line}")
        for line in found.notes:
            console.out(f"    {line}")
    raise typer.Exit(0 if found.same else 2)
