"""Many simulations of one check. Each has a seed of its own, so neither the number of workers nor an early stop changes any
of them; all at once by `moments` where the method allows it, else refits, on several workers where that pays.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..analysis import Diagnosis, Refutation, Verdict
from ..errors import QueryError
from ..query import Scale
from .chance import Streams
from .draws import Draw
from .inference import Fit, eventless, on_line
from .sample import Sample
from .workers import in_waves

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .refuters import Trial

    Floats = NDArray[np.float64]

SIMULATIONS = 100
FEWEST, MOST = 20, 10_000
ENOUGH = 10  # simulations below which nothing is concluded

Drawing = Callable[[Sample, "np.random.Generator"], Draw]


class Watch:
    """Who waits for the checks: hears how far they are and how long they will still take, and may stop them.

    `tell` hears at most five lines a second, and none in the first second; `say` hears of a stop. Units are simulations.
    """

    def __init__(
        self,
        tell: Callable[[str], None] | None = None,
        say: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stopped = False
        self.done = self.left_out = 0  # checks
        self.repeats: int | None = None  # times that a check repeats the analysis
        self._tell, self._say, self._now = tell, say, now
        self._began: float | None = None
        self._told = -math.inf
        self._total = self._before = self._planned = 0.0
        self._doing = ""

    def begin(self, units: float) -> None:
        """A round of checks starts, with so many simulations to come."""
        self._began = self._now()
        self._total, self._before, self._planned = units, 0.0, 0.0

    def check(self, doing: str, units: float) -> None:
        """A check starts, which will take about so many simulations."""
        self._before += self._planned
        self._doing, self._planned = doing, units
        self.tick(0, 0)

    def tick(self, done: int, of: int) -> None:
        """So many simulations of the present check are done."""
        now = self._now()
        if self._tell is None or self._began is None or now - self._began < 1.0 or now - self._told < 0.2:
            return
        self._told = now
        share = self._planned * done / of if of else 0.0
        so_far, text = self._before + share, self._doing
        if of:
            text += f", {done} of {of}"
        if so_far > 0 and self._total > so_far:
            text += f", {_span((now - self._began) * (self._total - so_far) / so_far)} left"
        self._tell(text)

    def run(self, check: Callable[[], Refutation | None], always: bool = False) -> Refutation | None:
        """What a check finds. Ctrl-C leaves it out, with those to come (but for one that `always` runs); a second one ends everything."""
        if self.stopped and not always:
            self.left_out += 1
            return None
        try:
            result = check()
        except KeyboardInterrupt:
            if self.stopped:
                raise  # a second time: whoever waits wants no answer
            self.stop()
            result = None
        if result is not None:
            self.done += 1
        elif self.stopped and not always:
            self.left_out += 1
        return result

    def stop(self) -> None:
        """Somebody pressed Ctrl-C: what is done stands, nothing more is begun."""
        if not self.stopped and self._say is not None:
            self._say("The checks are stopped; the answer follows. Ctrl-C once more ends everything")
        self.stopped = True


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Effort:
    """How much is spent on the checks of an answer.

    simulations: of each check; None for 100, or fewer (never under 20) where a refit of a large table takes long. Flexible
    methods always get 20. workers: processes for refits; None for one, or as many as there are cores where refits take long.
    Neither changes what any single simulation finds.
    """

    simulations: int | None = None
    workers: int | None = None
    checks: bool = True
    watch: Watch = field(default_factory=Watch, compare=False, repr=False)

    def __post_init__(self) -> None:
        asked, workers = self.simulations, self.workers
        if asked is not None and not (_whole(asked) and FEWEST <= asked <= MOST):
            raise QueryError(
                f"`simulations` must be a whole number from {FEWEST} to {MOST:,}.",
                "100 is the default, 1000 is thorough.",
            )
        if workers is not None and not (_whole(workers) and 1 <= workers <= 1024):
            raise QueryError("`workers` must be a whole number, 1 or more.", "Leave it out to have it chosen.")

    def fewer(self) -> Diagnosis | None:
        """Told where the analysis was repeated less often than it was to be."""
        asked, done = self.simulations or SIMULATIONS, self.watch.repeats
        if done is None or done >= asked:
            return None
        finding = f"each check repeated the analysis {done} times, not {asked}, because the method takes long"
        return Diagnosis(name="repeats", status="ok", finding=finding, figures={"repeats": done, "asked": asked})

    def shortfall(self, own: bool = False) -> tuple[str, ...]:
        """What was not checked, in plain words: a reason to be less sure. `own`: whether a design's own checks were made."""
        if not self.checks and own:
            return ("only the checks that belong to the design were made; you asked for no others",)
        if not self.checks:
            return ("nothing was checked, as you asked, so nobody knows whether the answer holds up",)
        if not self.watch.stopped:
            return ()
        done = self.watch.done
        return (f"not all checks were done: you stopped me after {done} of {done + self.watch.left_out}",)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True)
class _Job:
    """All that one simulation needs, and nothing else: this is what travels to a worker."""

    sample: Sample
    function: Callable[[Sample], Fit]
    scale: Scale
    draw: Drawing
    streams: Streams

    def drawn(self, number: int) -> Draw:
        return self.draw(self.sample, self.streams.at(number))

    def value(self, number: int) -> float:
        return refitted(self.function, self.drawn(number).apply(self.sample), self.scale)


def refitted(function: Callable[[Sample], Fit], sample: Sample, scale: Scale) -> float:
    """An estimator on a sample, on the line scale; NaN where it cannot be computed, and for a ratio to no event at all."""
    import numpy as np

    if scale != "difference" and eventless(sample, scale):
        return math.nan
    try:
        return on_line(function(sample), scale)
    except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return math.nan


def repeat(trial: Trial, name: str, draw: Drawing, count: int | None = None) -> Floats:
    """(count,) estimates of the headline's method on the line scale, one a simulated change of the sample.

    Simulation i draws from a generator seeded by the trial's seed, the `name` of the check and i. NaN where the method
    cannot be computed, and for what Ctrl-C left undone (`trial.effort.watch.stopped` is then true).
    """
    import numpy as np

    count = trial.refits() if count is None else count
    method = trial.estimates.estimator
    job = _Job(trial.sample, method.function, trial.scale, draw, Streams(trial.seed, zlib.crc32(name.encode())))
    values = np.full(count, math.nan)
    watch = trial.effort.watch
    if watch.stopped:
        return values
    try:
        for numbers, found in _at_once(trial, job, count) if trial.moments else _refits(trial, job, count):
            values[numbers] = found
            watch.tick(numbers.stop, count)
    except KeyboardInterrupt:
        if watch.stopped:
            raise  # a second time: whoever waits wants no answer
        watch.stop()
    return values


def enough(values: Floats) -> Floats | None:
    """The simulations that could be computed; None where they are too few to conclude anything."""
    import numpy as np

    found = values[np.isfinite(values)]
    return found if len(found) >= max(ENOUGH, len(values) // 5) else None


def verdict_on(values: Floats, truth: float, error: float, within: float = 0.25) -> Verdict:
    """Whether simulations (S,) average to the truth: failed beyond `within` times the answer's standard error `error` and beyond
    their own Monte-Carlo error (99.95 %); inconclusive where that is over one and a half standard errors, since a bias of
    three quarters of the margin could hide in it."""
    from scipy import stats

    count = len(values)
    chance = float(stats.t.ppf(0.99975, count - 1)) * float(values.std(ddof=1)) / math.sqrt(count)
    if abs(float(values.mean()) - truth) > max(within * error, chance):
        return "failed"
    return "passed" if max(chance, within * error) <= 1.5 * error else "inconclusive"


def _at_once(trial: Trial, job: _Job, count: int) -> Iterator[tuple[slice, Floats]]:
    assert trial.moments is not None
    size = trial.moments.together(job.drawn(0))
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        yield slice(start, numbers.stop), trial.moments.values([job.drawn(i) for i in numbers])


def _refits(trial: Trial, job: _Job, count: int) -> Iterator[tuple[slice, Sequence[float]]]:
    """The first one here, to see how long it takes; the rest here or on workers, in waves of about a second."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with threadpool_limits(1):  # the same sums in the same order wherever a simulation runs
        began = time.process_time()  # of work, whatever else the machine is doing
        first = [job.value(0)]
        each = max(time.process_time() - began, 1e-5)
        yield slice(0, 1), first
        several = partial(_several, job)
        yield from in_waves(job.value, several, range(1, count), each, trial.effort.workers, trial.effort.watch)


def _several(job: _Job, numbers: range) -> list[float]:
    from threadpoolctl import threadpool_limits

    own = replace(job, streams=Streams(job.streams.seed, job.streams.name))  # workers may be threads of one process
    with threadpool_limits(1):
        return [own.value(i) for i in numbers]
