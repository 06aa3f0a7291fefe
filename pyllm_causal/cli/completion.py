"""`pyllm-causal completion`: the script that lets a shell complete commands, options, and columns of the table.

Completing reads at most the first line of a text file; nothing heavy is imported for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import console

SHELLS = ("bash", "zsh", "fish")
_LONGEST = 65_536
_TEXT = (".csv", ".tsv", ".txt")


def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.", metavar="SHELL")],
) -> None:
    """Print the script that completes commands, options and column names in your shell.

    Example: pyllm-causal completion bash

    To have it always, add a line to the file that your shell reads first: for bash `eval "$(pyllm-causal completion bash)"`
    in ~/.bashrc, for zsh `eval "$(pyllm-causal completion zsh)"` in ~/.zshrc after `compinit`, for fish
    `pyllm-causal completion fish | source` in ~/.config/fish/config.fish. `pyllm-causal --install-completion` does that.
    """

    def run() -> str:
        from typer._completion_shared import get_completion_script

        from ..errors import SettingsError

        if shell not in SHELLS:
            raise SettingsError(f"There is no completion for the shell {shell[:20]!r}.", f"Say {', '.join(SHELLS)}.")
        return get_completion_script(
            prog_name="pyllm-causal", complete_var="_PYLLM_CAUSAL_COMPLETE", shell=shell
        )  # fmt: skip

    console.out(console.guard(run, False, False))


def column_names(context: typer.Context, incomplete: str) -> list[str]:
    """The columns of the text file given with --data that begin with what is typed; none where that cannot be told."""
    data = context.params.get("data")
    return [name for name in _header(data) if name.startswith(incomplete)] if isinstance(data, str) else []


def _header(path: str) -> list[str]:
    """Column names in the first line of a CSV file that is small enough to be one."""
    import csv

    file = Path(path)
    if file.suffix.casefold() not in _TEXT:
        return []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline(_LONGEST)
    except (OSError, UnicodeDecodeError):
        return []
    divider = max(",;\t|", key=first.count)
    names = next(iter(csv.reader([first], delimiter=divider)), [])
    return [name for name in names if name and name.isprintable()]
