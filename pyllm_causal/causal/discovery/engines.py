"""causal-learn's searches behind one door: arrays in, links out. The only module that talks to causal-learn.

They take no knowledge (causal-learn does not enforce it), so breaches are looked up afterwards as for every search. They print
nothing, see no tables, and never get a test for counts on numbers with decimals: columns that are not all numbers are tested by
`independence`, or by the likelihoods of `score`. What runs over its time is stopped by an alarm, where the system has one and this
is the main thread.
"""

from __future__ import annotations

import io
import math
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...errors import QueryError
from ..independence import Columns
from .columns import Matrix
from .marks import Link, Links, from_general, from_lingam, line
from .score import GramScore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENGINES = ("ges", "pc", "lingam")  # that may be asked for by name
MOST_COLUMNS = {"ges": 30, "pc": 60, "lingam": 20}
HIDDEN_SECONDS = 15.0
HIDDEN_COLUMNS, HIDDEN_ROWS = 12, 200  # with more columns, or fewer rows, no search for hidden causes is made
CHANCE = 0.01  # of calling two columns linked that are not, in one test
LEAST = 0.05  # standard deviations; a smaller effect in a LiNGAM model is none


class TimeUp(Exception):
    """The time for a search is over."""


def fitting(engine: str, matrix: Matrix) -> None:
    """Raise `QueryError` where a search by this name cannot take these columns."""
    size = len(matrix.names)
    if size > MOST_COLUMNS[engine]:
        raise QueryError(
            f"{engine} takes at most {MOST_COLUMNS[engine]} columns, not {size}.",
            "Name fewer in `columns`, or leave `method` out.",
        )
    if engine in ("ges", "lingam") and "category" in matrix.kinds:
        raise QueryError(
            f"{engine} takes numbers and yes/no, no categories.", "Leave `method` out, or name other `columns`."
        )
    if engine == "lingam" and set(matrix.kinds) != {"number"}:
        raise QueryError("lingam takes numbers only.", "Leave `method` out, or name other `columns`.")


def run(engine: str, matrix: Matrix, until: float = math.inf) -> Links:
    """The links that one of `ENGINES`, or `fci`, finds. Raises `TimeUp` at `until` (of `time.monotonic`)."""
    import numpy as np

    with _quiet(), _alarm(until):
        if engine == "ges":
            from causallearn.search.ScoreBased.GES import ges

            scaled = matrix.values - matrix.values.mean(axis=0)
            cov = np.corrcoef(scaled, rowvar=False)
            return from_general(ges(cov=cov, n=len(scaled), lambda_value=1.0)["G"].graph)
        if engine == "lingam":
            from causallearn.search.FCMBased import lingam

            model = lingam.DirectLiNGAM()
            model.fit((matrix.values - matrix.values.mean(axis=0)) / matrix.values.std(axis=0))
            return from_lingam(model.adjacency_matrix_, LEAST)
        numbers = np.ascontiguousarray(
            matrix.values[:, [block[0] for block in matrix.blocks]]
        )  # (n, p); the test has the rest
        if engine == "pc":
            from causallearn.search.ConstraintBased.PC import pc

            test, given = _test(matrix, until)
            return _settled(from_general(pc(numbers, CHANCE, test, show_progress=False, **given).G.graph))
        from causallearn.search.ConstraintBased.FCI import fci

        graph, _ = fci(numbers, _swift(matrix), CHANCE, depth=3, max_path_length=4, show_progress=False, verbose=False)
        return from_general(graph.graph)


def _settled(links: Links) -> Links:
    """Two arrows on one link mean that tests of PC contradict each other: nothing is known of its direction."""
    return tuple(line(one.a, one.b) if one.sign == "↔" else one for one in links)


def _test(matrix: Matrix, until: float) -> tuple[str, dict[str, Any]]:
    """The name of the test to use and what it needs: partial correlations for numbers, else our own for columns of every kind."""
    if set(matrix.kinds) == {"number"}:
        return "fisherz", {}
    from causallearn.utils.cit import CIT_Base, register_ci_test

    class Mixed(CIT_Base):  # type: ignore[misc]
        """x ⟂ y | z by `independence`; what cannot be tested stays linked."""

        def __init__(self, data: Floats, columns: Columns, until: float) -> None:
            super().__init__(data)
            self.check_cache_method_consistent("mixed", "")
            self._columns, self._until = columns, until

        def __call__(self, x: int, y: int, given: Any = None) -> float:
            if time.monotonic() > self._until:
                raise TimeUp
            first, second = sorted((int(x), int(y)))
            others = sorted(int(z) for z in given or ())
            key = f"{first} {second} {others}"
            if key not in self.pvalue_cache:
                found = self._columns.test(str(first), str(second), [str(z) for z in others])
                self.pvalue_cache[key] = 0.0 if found is None else found.p_value
            return float(self.pvalue_cache[key])

    register_ci_test("mixed columns", Mixed)
    columns = Columns({str(i): matrix.block(i) for i in range(len(matrix.names))})
    return "mixed columns", {"columns": columns, "until": until}


def _swift(matrix: Matrix) -> str:
    """The name of a test that takes microseconds, by the likelihoods of `score` (without a price): FCI makes thousands."""
    from causallearn.utils.cit import CIT_Base, register_ci_test
    from scipy.stats import chi2

    gram = GramScore(matrix.values, matrix.blocks, 0.0)
    sizes = [len(block) for block in matrix.blocks]

    class Swift(CIT_Base):  # type: ignore[misc]
        """x ⟂ y | z by a likelihood ratio."""

        def __init__(self, data: Floats) -> None:
            super().__init__(data)
            self.check_cache_method_consistent("swift", "")

        def __call__(self, x: int, y: int, given: Any = None) -> float:
            first, second = sorted((int(x), int(y)))
            others = sorted(int(z) for z in given or ())
            key = f"{first} {second} {others}"
            if key not in self.pvalue_cache:
                gain = gram.of(first, [*others, second]) - gram.of(first, others)
                self.pvalue_cache[key] = float(chi2.sf(2 * gain, sizes[first] * sizes[second]))
            return float(self.pvalue_cache[key])

    register_ci_test("likelihood ratio", Swift)
    return "likelihood ratio"


@contextmanager
def _quiet() -> Iterator[None]:
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _alarm(until: float) -> Iterator[None]:
    """Raise `TimeUp` in here at `until`, in the main thread of a system that has alarms."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeUp
    possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if math.isinf(seconds) or not possible or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield  # somebody else's alarm is left alone
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def hidden(matrix: Matrix, until: float) -> dict[tuple[int, int], Link] | None:
    """The links of a search that allows for hidden causes (FCI), by pair; None where there are too many columns, or time is up."""
    if len(matrix.names) > HIDDEN_COLUMNS or len(matrix.values) < HIDDEN_ROWS:
        return None
    try:
        return {one.pair: one for one in run("fci", matrix, min(until, time.monotonic() + HIDDEN_SECONDS))}
    except TimeUp:
        return None
