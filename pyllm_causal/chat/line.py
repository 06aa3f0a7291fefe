"""Where lines come from: a terminal with history and completion, a plain terminal, or a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from .parse import COMMANDS

PROMPT = "you › "
ABOUT = {
    "help": "what you can say",
    "columns": "the columns of the table",
    "picture": "the picture of causes",
    "checks": "what was checked",
    "compare": "all answers side by side",
    "undo": "take the last change back",
    "report": "write a report",
    "save": "save the study to a file",
    "quit": "save and end",
}


class Line(Protocol):
    """One line at a time. Raises `EOFError` at the end, `KeyboardInterrupt` on Ctrl-C."""

    def read(self) -> str:
        """The next line."""
        ...


class Plain:
    """`input()`: for pipes, plain terminals and screen readers. Lines out of a pipe are echoed, so that a log reads well."""

    def __init__(self) -> None:
        self._echo = not sys.stdin.isatty()

    def read(self) -> str:
        sys.stdout.write(PROMPT)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stdout.write("\n")
            raise EOFError
        if self._echo:
            sys.stdout.write(line if line.endswith("\n") else line + "\n")
            sys.stdout.flush()
        return line.rstrip("\r\n")


class Rich:
    """prompt_toolkit: earlier lines with the arrow keys, commands and columns completed with Tab."""

    def __init__(self, names: Callable[[], Sequence[str]], said: Iterable[str] = ()) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import InMemoryHistory

        class Words(Completer):
            def get_completions(self, document, complete_event):  # type: ignore[no-untyped-def]
                for word, start, meaning in completions(document.text_before_cursor, names()):
                    yield Completion(word, start_position=-start, display_meta=meaning)

        history = InMemoryHistory()
        for line in said:
            history.append_string(line)
        self._session: PromptSession[str] = PromptSession(
            history=history, completer=Words(), complete_while_typing=False
        )

    def read(self) -> str:
        return self._session.prompt(PROMPT)


def completions(before: str, names: Sequence[str]) -> list[tuple[str, int, str]]:
    """(word, letters it replaces, meaning) for what stands before the cursor."""
    if before.startswith("/"):
        typed = before[1:].casefold()
        return [(f"/{c}", len(before), ABOUT[c]) for c in COMMANDS if c.startswith(typed) and " " not in typed]
    typed = re.search(r"[\w.]*$", before)[0]  # type: ignore[index]
    if not typed:
        return []
    return [(n, len(typed), "") for n in names if n.casefold().startswith(typed.casefold())][:40]


def line_of(plain: bool, names: Callable[[], Sequence[str]], said: Iterable[str]) -> Line:
    """The best that this terminal can do."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Plain() if plain or not terminal else Rich(names, said)
