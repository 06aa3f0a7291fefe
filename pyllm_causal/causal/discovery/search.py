"""One search: from a matrix of columns to the links between them, with what is known obeyed and the clock watched."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .alike import most_alike
from .boss import Found, best_order
from .columns import Matrix
from .counts import CountScore
from .engines import ENGINES, TimeUp, run
from .exact import exact
from .knowledge import Known
from .marks import equivalence_class, to_arrows
from .noise import by_noise
from .score import GramScore
from .trees import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

# The penalty of one more number in a model is `STRICTNESS × log n`. Twice the plain criterion, which lets one of 160 unlinked pairs
# through at 2,000 rows; chosen on the simulated networks of `make bench-discovery`.
STRICTNESS = 1.0
DRAWS = 50  # graphs drawn around the best one, at most one a try
COUNTED_ROWS, COUNTED_COLUMNS = 20_000, 60  # more than these, and counting would take too long


@dataclass(frozen=True)
class Drawn:
    """What a search found. arrows: (p, p) [cause, effect], lines both ways; pattern: the same before the shape of the noise was used."""

    arrows: Bools
    pattern: Bools
    finished: bool


def scored(matrix: Matrix) -> Score:
    """The score for these columns: with tables of counts where all are categories and neither they nor the rows are too many."""
    gram = GramScore(matrix.values, matrix.blocks, STRICTNESS)
    if "number" in matrix.kinds or len(matrix.values) > COUNTED_ROWS or len(matrix.names) > COUNTED_COLUMNS:
        return gram
    return CountScore(gram, matrix.codes())


def drawn(
    matrix: Matrix, known: Known, tries: int, rng: np.random.Generator, until: float = math.inf, every: bool = False
) -> Drawn:
    """The graph most like all that describe the columns about as well as the best one (`alike`), without direction where the data
    cannot tell it. `every`: all orders are tried (few columns).

    At `until` (of `time.monotonic`), or on Ctrl-C, the best graph so far is given, not `finished`.
    """
    score = scored(matrix)
    if every:
        found = exact(score, known.allowed, known.required, rng, DRAWS)
    else:
        found = best_order(score, rng, known.allowed, known.required, until, tries, min(DRAWS, tries))
    pattern = _pattern(found, known)
    return Drawn(by_noise(matrix, pattern, known.allowed), pattern, found.finished)


def _pattern(found: Found, known: Known) -> Bools:
    """(p, p) arrows, lines both ways, of the most typical of the graphs found; of the best one where the search was cut off."""
    graphs = {dag.tobytes(): dag for dag in (found.dag, *(found.others if found.finished else ()))}
    times = Counter(dag.tobytes() for dag in (found.dag, *found.others))
    patterns = []
    for dag in graphs.values():
        settled = dag & (known.required | ~known.allowed.T)
        patterns.append(to_arrows(equivalence_class(dag, settled), len(dag)))
    return most_alike(patterns, [times[key] for key in graphs])


def search(
    matrix: Matrix, known: Known, engine: str, tries: int, rng: np.random.Generator, until: float = math.inf
) -> Drawn:
    """`drawn` by the rule's engines, `exact` and `boss`, or the links of one of causal-learn's. The latter have no picture before
    they are finished: a short search of our own takes its place."""
    if engine not in ENGINES:
        return drawn(matrix, known, tries, rng, until, engine == "exact")
    try:
        arrows = to_arrows(run(engine, matrix, until), len(matrix.names))
    except (TimeUp, KeyboardInterrupt):
        return replace(drawn(matrix, known, 1, rng, until), finished=False)
    return Drawn(arrows, arrows, True)
