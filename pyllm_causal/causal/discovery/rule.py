"""How to search, by the number of columns and rows and by what the columns hold, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from ...errors import QueryError
from ...wording import count, join, safe
from .columns import Matrix
from .engines import ENGINES, fitting
from .exact import MOST_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Engine = Literal["exact", "boss", "ges", "pc", "lingam"]
MOST_EXACT = 12  # columns for whoever asks for it
FEW, MANY = 60, 120  # columns up to which a search is repeated much, and some
NOT_NORMAL = 1e-6  # chance of a shape so far from normal, from which it counts as another


@dataclass(frozen=True)
class Plan:
    """The search that is chosen: engine; `tries` on all rows, `again` in each of `resamples`; expected `seconds`; `why`, a sentence."""

    engine: Engine
    tries: int
    again: int
    resamples: int
    seconds: float
    why: str


def limit_of(columns: int) -> float:
    """Seconds that a search may take unless somebody says otherwise."""
    return 60.0 if columns <= FEW else 180.0


def chosen(matrix: Matrix, method: str | None = None) -> Plan:
    """The plan for these columns, by rule or with the engine called `method`. Raises `QueryError` where that cannot take them."""
    size = len(matrix.names)
    engine: Engine = "exact" if size <= MOST_COLUMNS else "boss"
    if method is not None:
        engine = _asked(method, matrix)
    tries, again = (60, 5) if size <= FEW else (30, 3) if size <= MANY else (10, 2)
    resamples = 100 if size <= 40 else 50 if size <= MANY else 25
    dense = 1.0 if len(matrix.blocks) == matrix.values.shape[1] else 4.0  # categories cost determinants
    if engine in ENGINES:
        resamples = 25
    search = 1.6 * (size / 50) ** 3 * dense
    seconds = search * (tries / 60 + resamples * (again / 60 + 0.1)) + 0.5
    return Plan(engine, tries, again, resamples, seconds, _why(matrix, engine))


def _asked(method: str, matrix: Matrix) -> Engine:
    names = get_args(Engine)
    if method not in names:
        raise QueryError(
            f"There is no way to search called {safe(method)!r}.",
            f"There are {join(names)}; without `method` a rule chooses.",
        )
    if method in ENGINES:
        fitting(method, matrix)
    if method == "exact" and len(matrix.names) > MOST_EXACT:
        raise QueryError(
            f"exact takes at most {MOST_EXACT} columns.", "Name fewer in `columns`, or leave `method` out."
        )
    return cast(Engine, method)


_NAMED = {
    "ges": "greedy equivalence search",
    "pc": "the PC algorithm, by tests of whether columns are unrelated",
    "lingam": "DirectLiNGAM, by the shape of the noise",
}


def _why(matrix: Matrix, engine: Engine) -> str:
    size, rows = len(matrix.names), len(matrix.values)
    if engine in ENGINES:
        return f"You asked for {_NAMED[engine]}, on {count(size)} columns and {count(rows)} rows."
    kinds = set(matrix.kinds)
    if engine == "exact":
        first = f"With {count(size)} columns every possible picture was compared"
    else:
        first = f"With {count(size)} columns the order of causes before effects was searched (best order score search)"
    if kinds == {"number"}:
        score = "by how well straight lines describe the numbers"
    elif "number" in kinds:
        score = "by a score for numbers and categories together"
    else:
        score = "by a score for categories"
    third = ". Of the pictures about as good as the best one, the one most like all of them is shown"
    if "number" in kinds and rows >= 200 and not normal(matrix):
        third += "; where the shape of what is left over tells a direction, it was used too"
    return f"{first}, {score}, on {count(rows)} rows{third}."


def normal(matrix: Matrix) -> bool:
    """Whether all the numbers have the shape of a normal distribution, as far as skewness and kurtosis tell (Jarque & Bera 1987)."""
    import numpy as np
    from scipy.stats import chi2

    for column, kind in enumerate(matrix.kinds):
        if kind != "number":
            continue
        values = matrix.block(column)[:, 0]
        z = (values - values.mean()) / (values.std() or 1.0)
        skew, excess = float(np.mean(z**3)), float(np.mean(z**4)) - 3
        if chi2.sf(len(z) / 6 * (skew**2 + excess**2 / 4), 2) < NOT_NORMAL:
            return False
    return True
