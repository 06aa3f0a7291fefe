"""Processes that share work: when they pay, how they begin, and what Ctrl-C does while they run."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .repeats import Watch

PATIENCE = 15.0  # seconds of work that are not worth starting workers for: each loads the libraries anew
WAVE = 1.0  # seconds of work a worker is given at a time


Found = TypeVar("Found")


def in_waves(
    one: Callable[[int], Found],
    several: Callable[[range], Sequence[Found]],
    numbers: range,
    each: float,
    workers: int | None,
    watch: Watch,
    until: float = math.inf,
) -> Iterator[tuple[slice, Sequence[Found]]]:
    """`one` on all the numbers, which take about `each` seconds: here one by one, or on workers in waves of about a second.

    No wave is begun after `until` (of `time.monotonic`), or once the watch is stopped. `several`, which does many, travels to
    the workers.
    """
    team, jobs = _pool(workers, each * len(numbers))
    if team is None:
        for i in numbers:
            if time.monotonic() > until:
                return
            yield slice(i, i + 1), [one(i)]
        return
    from joblib import delayed

    share, start = max(1, math.ceil(WAVE / each)), numbers.start
    with _patient(watch) as pressed, team:
        with _unheard():
            team(delayed(_nothing)() for _ in range(jobs))
        while start < numbers.stop and not watch.stopped and time.monotonic() < until:
            stop = min(numbers.stop, start + share * jobs)
            parts = [range(a, min(a + share, stop)) for a in range(start, stop, share)]
            if len(parts) < jobs:  # the last wave: as even as it can be
                parts = _even(start, stop, jobs)
            found = team(delayed(several)(part) for part in parts)
            if pressed:
                watch.stop()
            yield slice(start, stop), [value for part in found for value in part]
            start = stop


@contextmanager
def _patient(watch: Watch) -> Iterator[list[int]]:
    """While workers run, Ctrl-C lets them finish their wave of a second: stopped in the middle, a pool may never end. Pressed twice,
    `KeyboardInterrupt` comes after the wave; a third time, at once. What was pressed is only noted here: to say it from within
    the handler could wait for ever for a line that is just being written."""
    pressed: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 2:
            signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, handler)
    try:
        yield pressed
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
        if pressed:
            watch.stop()
    if len(pressed) > 1:
        raise KeyboardInterrupt


def _deaf() -> None:
    """A terminal sends Ctrl-C to workers too; it is for the one who waits for them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _unheard() -> Iterator[None]:
    """Ctrl-C waits while workers come into being: one that dies of it before it is `_deaf` takes the answer with it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing() -> None:
    """The first thing that a worker is asked to do."""


def _even(start: int, stop: int, jobs: int) -> list[range]:
    size = max(1, math.ceil((stop - start) / jobs))
    return [range(a, min(a + size, stop)) for a in range(start, stop, size)]


def _pool(workers: int | None, seconds: float) -> tuple[Any, int]:
    """(a joblib pool or None for this process, its size): the caller's own (`joblib.parallel_config`, dask for example)
    where one is set up, else processes where `seconds` of work are worth it."""
    import joblib
    from joblib.parallel import get_active_backend

    jobs, set_up = workers, joblib.effective_n_jobs(None)
    if jobs is None and set_up > 1:
        jobs = set_up
    elif jobs is None:
        jobs = (os.cpu_count() or 1) if seconds > PATIENCE else 1
    if jobs == 1:
        return None, 1
    own = {"initializer": _deaf} if type(get_active_backend()[0]).__name__ == "LokyBackend" else {}
    return joblib.Parallel(n_jobs=workers or (None if set_up > 1 else jobs), **own), jobs
