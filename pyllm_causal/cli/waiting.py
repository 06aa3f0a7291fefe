"""What a person sees on standard error while they wait: a line for every stage done, and one that moves while it lasts."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import TextIO

QUIET_FOR = 1.0  # seconds that nobody needs to be told about
EVERY = 10.0  # seconds between lines where they stay, as in a log


class Waiting:
    """A progress callback (`pipeline.Progress`) for one run; closes its moving line on leaving.

    On a terminal one line is written over and over, with the time left where it is known, else the seconds so far. Elsewhere
    a plain line at most every ten seconds. `stages` False leaves out the lines of the stages done, and then says nothing
    at all where it is no terminal.
    """

    def __init__(self, stages: bool = True, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._moving = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._stages = stages
        self._lock = threading.Lock()
        self._shown = False
        self._doing, self._since = "", time.monotonic()
        self._said = time.monotonic()
        self._end = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Waiting:
        if self._moving:
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        with self._lock:
            self._erase()

    def __call__(self, stage: str) -> None:
        """A stage is done."""
        with self._lock:
            self._erase()
            self._doing, self._since = "", time.monotonic()
            if self._stages:
                self._write(f"✓ {stage}\n")
                self._said = time.monotonic()

    def tell(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._erase()
            self._write(f"{text}\n")

    def passing(self, text: str) -> None:
        """What is being done; with numbers in it, how far it is."""
        now = time.monotonic()
        with self._lock:
            if text != self._doing:
                self._doing, self._since = text, now
            if _counts(text):
                if self._moving:
                    self._draw(text)
                elif self._stages and now - self._said >= EVERY:
                    self._write(f"  {text}\n")
                    self._said = now

    def _tick(self) -> None:
        while not self._end.wait(0.5):
            with self._lock:
                so_far = time.monotonic() - self._since
                if self._doing and not _counts(self._doing) and so_far >= QUIET_FOR and not self._end.is_set():
                    self._draw(f"{self._doing}, {so_far:.0f} s so far")

    def _draw(self, text: str) -> None:
        width = max(shutil.get_terminal_size().columns - 3, 20)
        line = text if len(text) <= width else text[: width - 1] + "…"
        self._write(f"\r\x1b[K  {line}")
        self._shown = True

    def _erase(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody listens any more; the answer matters more
            self._moving = self._stages = False


def _counts(text: str) -> bool:
    return any(ch.isdigit() for ch in text)
