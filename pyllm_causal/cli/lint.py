"""`pyllm-causal lint`: sentences held against an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import console
from .options import AsJson, Debug

if TYPE_CHECKING:
    from ..lint import Lint


def lint(
    text: Annotated[str, typer.Argument(help="A sentence or an abstract, or @FILE with it.", metavar="SENTENCE|@FILE")],
    answer: Annotated[str, typer.Argument(help="An answer made with --json.", metavar="ANSWER.json")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say where a text claims what the answer does not: too strong, other people, another number, unit or direction.

    Example: pyllm-causal lint "Coaching raises the score by 9 points." answer.json

    Exit codes: 0 nothing wrong, 2 something is.
    """
    from ..wording import safe

    def run() -> Lint:
        from ..answer_file import read_answer
        from ..lint import lint as hold

        return hold(_text(text), read_answer(answer))

    found = console.guard(run, as_json, debug)
    if as_json:
        console.document(found.model_dump(mode="json"))
    else:
        for item in found.findings:
            mark = "−" if item.severity == "fault" else "·"
            console.out(f"{mark} {item.kind}, sentence {item.sentence}: “{safe(item.quote, 200)}”")
            console.out(f"    {safe(item.why, 300)}")
            console.out(f"    Right would be: {safe(item.right, 400)}")
        faults = sum(f.severity == "fault" for f in found.findings)
        many = "" if found.sentences == 1 else f" in {found.sentences} sentences"
        console.out("Nothing is wrong." if not faults else f"{faults} thing{'s' * (faults != 1)} to put right{many}.")
    raise typer.Exit(0 if found.clean else 2)


def _text(given: str) -> str:
    from ..errors import InputError

    if not given.startswith("@"):
        return given
    try:
        path = Path(given[1:])
        if path.stat().st_size > 1_000_000:
            raise InputError(
                f"The text file {given[1:]!r} is larger than 1 MB.", "Give an abstract or a few sentences."
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"The text file {given[1:]!r} cannot be read.", "Give @FILE or the text itself.") from None
