"""A person at a pseudo-terminal: types a line when the prompt stands there, reads what comes, and may pull the plug."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROMPT = "you › "


class Person:
    """One run of the chat at a pseudo-terminal of 88 columns. Standard error goes to `errors`."""

    def __init__(self, *arguments: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        self.errors = (folder / "stderr.txt").open("wb+")
        env = {
            **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TERM": "dumb", "COLUMNS": "89", "LINES": "40",
            "XDG_DATA_HOME": str(folder / "data"), "PYTHONIOENCODING": "utf-8", **(environment or {}),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyllm_causal", "chat", *map(str, arguments)],
            stdin=slave, stdout=slave, stderr=self.errors, cwd=folder, env=env, start_new_session=True,
            preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(slave)
        self._bytes = b""

    @property
    def screen(self) -> str:
        """Everything shown so far."""
        return self._bytes.decode("utf-8", errors="replace").replace("\r\n", "\n")

    def wait_for(self, text: str, times: int = 1, seconds: float = 90) -> None:
        """Until `text` has been shown so often, or the program ended."""
        limit = time.monotonic() + seconds
        while self.screen.count(text) < times:
            if time.monotonic() > limit:
                raise AssertionError(f"{text!r} did not come:\n{self.screen[-2000:]}\n{self.complaints()}")
            if not self._more(0.5) and self.process.poll() is not None:
                raise AssertionError(f"ended before {text!r}:\n{self.screen[-2000:]}\n{self.complaints()}")

    def _more(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self._bytes += read
        return bool(read)

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._master, f"{line}\n".encode())

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def talk(self, lines: Sequence[str]) -> None:
        """Every line, each once the prompt stands there again."""
        for line in lines:
            prompts = self.screen.count(PROMPT)
            self.type(line)
            if line != "/quit":
                self.wait_for(PROMPT, prompts + 1)

    def end(self) -> int:
        """Until the program has ended; its exit code."""
        limit = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < limit:
            self._more(0.2)
        while self._more(0.1):
            pass
        return self.process.wait(timeout=10)

    def kill(self) -> None:
        """Pull the plug."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def complaints(self) -> str:
        """Standard error."""
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", errors="replace")


def _own_terminal() -> None:
    """Ctrl-C at this terminal reaches the program."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def plain(screen: str) -> str:
    """A transcript without the codes that move a cursor or colour a letter, and without blanks at the ends of lines."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    return "\n".join(line.rstrip() for line in text.split("\n"))
