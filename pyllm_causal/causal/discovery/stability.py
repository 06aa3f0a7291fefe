"""How often is each link, and its direction, found again in half of the rows? (Meinshausen & Bühlmann 2010, stability selection.)

Resample i draws from a generator of its own, so the number of workers and an early stop change none of them.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ..chance import Streams
from ..repeats import Effort
from ..workers import in_waves
from .columns import Matrix
from .knowledge import Known
from .search import search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

SHARE = 0.5  # of the rows in a resample
_NAME = zlib.crc32(b"discovery")


@dataclass(frozen=True)
class Frequencies:
    """In how many of `done` resamples (of `asked`): (p, p) `arrows` [cause, effect] and `lines` (symmetric: a link without direction)."""

    done: int
    asked: int
    arrows: Ints
    lines: Ints

    @property
    def links(self) -> Ints:
        """(p, p), symmetric: in how many resamples there was a link."""
        return self.arrows + self.arrows.T + self.lines


@dataclass(frozen=True)
class _Job:
    """What one resample needs; this travels to the workers."""

    matrix: Matrix
    known: Known
    engine: str
    tries: int
    streams: Streams
    until: float

    def arrows(self, number: int) -> Bools | None:
        """(p, p) arrows, lines both ways, of one resample; None where it was not finished."""
        import numpy as np

        rng = self.streams.at(number)
        n = len(self.matrix.values)
        rows = np.sort(rng.choice(n, max(2, int(SHARE * n)), replace=False))
        part = replace(self.matrix, values=self.matrix.values[rows])
        found = search(part, self.known, self.engine, self.tries, rng, self.until)
        return found.arrows if found.finished else None


def _several(job: _Job, numbers: range) -> list[Bools | None]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found,import-untyped,unused-ignore]

    own = replace(job, streams=Streams(job.streams.seed, job.streams.name))
    with threadpool_limits(1):
        return [own.arrows(i) for i in numbers]


def frequencies(
    matrix: Matrix,
    known: Known,
    engine: str,
    tries: int,
    asked: int,
    seed: int,
    effort: Effort,
    until: float,
    told: Callable[[int], None] | None = None,
) -> Frequencies:
    """Search `asked` halves of the rows. None is begun after `until` (of `time.monotonic`) or Ctrl-C; `told` hears how many are done."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    size = len(matrix.names)
    arrows, both = np.zeros((size, size), dtype="int64"), np.zeros((size, size), dtype="int64")
    engine = "boss" if engine == "exact" else engine  # finds the same on so few columns, and sooner
    job = _Job(matrix, known, engine, tries, Streams(seed, _NAME), until)
    done = 0

    def add(found: Bools | None) -> None:
        nonlocal done
        if found is None:
            if time.monotonic() < until:
                raise KeyboardInterrupt  # the search heard it, and gave up this resample
            return
        lines = found & found.T
        arrows[:] += found & ~lines
        both[:] += lines
        done += 1

    watch = effort.watch
    try:
        with threadpool_limits(1):  # the same sums in the same order wherever a resample runs
            if asked and not watch.stopped and time.monotonic() < until:
                began = time.process_time()
                add(job.arrows(0))
                each = max(time.process_time() - began, 1e-4)
                waves = in_waves(
                    job.arrows, partial(_several, job), range(1, asked), each, effort.workers, watch, until
                )
                for _, found in waves:
                    for one in found:
                        add(one)
                    if told:
                        told(done)
    except KeyboardInterrupt:
        if watch.stopped:
            raise  # a second time: whoever waits wants no answer
        watch.stop()
    return Frequencies(done, asked, arrows, both)
