"""One row's other outcome: abduction, action, prediction (Pearl 2009, theorem 7.1.7).

What made the row come out as it did is worked out from the row (its noise), the change is made, and the same noise is run through
the model again. For numbers the noise is known; for yes/no columns and categories it is only bounded: a person who lived with a
chance of 0.8 may have been one of the 8 in 10 for any reason. So three ways of carrying it over are tried for every such column:
the same (nobody is pushed the other way), turned round, and drawn afresh. Same and turned round give the sharp bounds of
Tian & Pearl (2000, section 4) where there is one such column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from ..repeats import Effort
from .columns import Drawn
from .model import Fitted, Model, take
from .refits import interval, refits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DRAWS = 400  # of the noise that is only bounded
MOST_WAYS = 4  # such columns of which every combination is tried
WAYS = ("same", "turned", "fresh")


@dataclass(frozen=True)
class Otherwise:
    """One row's outcome: as it was, otherwise (a number or a chance, with the same luck), and how far it could lie.

    ways: the smallest and largest over the ways of carrying over the noise that is only bounded; low, high: with chance in the fit.
    chance: what the model gives for rows like it as they are, and with the change.
    """

    was: float
    value: float
    low: float
    high: float
    ways: tuple[float, float]
    chance: tuple[float, float] | None


def otherwise(
    model: Model, drawn: Drawn, row: int, set_to: Mapping[str, float], effort: Effort, seed: int
) -> Otherwise | None:
    """The counterfactual of the `row`-th of the drawn rows; None where no interval can be given."""
    import numpy as np

    own = {name: v[row : row + 1] for name, v in drawn.values.items()}

    def figure(index: Ints, rng: np.random.Generator) -> Floats:
        return _ways(model.fitted(take(drawn.values, index)), own, set_to, rng)

    fitted = model.fitted(drawn.values)
    point = _ways(fitted, own, set_to, np.random.default_rng([seed, 3]))
    found = refits(drawn, effort, seed, "one row", figure)
    low, high = interval(found[:, 1]), interval(found[:, -1])
    if low is None or high is None:
        return None
    value, least, most = float(point[0]), float(point[1]), float(point[2])
    chance = None
    if model.forms[model.outcome].node.kind == "yes_no":
        chance = _chances(fitted, own, set_to)
    return Otherwise(
        was=float(own[model.outcome][0]),
        value=value,
        low=min(low[0], least),
        high=max(high[1], most),
        ways=(least, most),
        chance=chance,
    )


def _ways(fitted: Fitted, own: Mapping[str, Floats], set_to: Mapping[str, float], rng: np.random.Generator) -> Floats:
    """(with the same luck, the least, the most) over the ways of carrying the noise over."""
    import numpy as np

    model = fitted.model
    last = model.forms[model.outcome].node.kind == "yes_no"
    free = [*model.chancy, *([model.outcome] if last else [])]
    draws = DRAWS if free else 1
    rows = {name: np.repeat(v, draws) for name, v in own.items()}
    fixed = {name: np.full(draws, v) for name, v in set_to.items()}
    uniforms = {name: (rng.permutation(draws) + 0.5) / draws for name in fitted.mechanisms}
    noise = {name: m.noise(rows, uniforms[name]) for name, m in fitted.mechanisms.items()}
    fresh = {name: (rng.permutation(draws) + 0.5) / draws for name in free}
    ways = list(product(WAYS, repeat=len(free))) if len(free) <= MOST_WAYS else [(w,) * len(free) for w in WAYS]
    found = []
    for way in ways:
        carried = dict(noise)
        for name, how in zip(free, way, strict=True):
            carried[name] = {"same": noise[name], "turned": 1 - noise[name], "fresh": fresh[name]}[how]
        found.append(float(fitted.run(rows, carried, fixed, expected=False)[model.outcome].mean()))
    return np.array([found[0], min(found), max(found)])


def _chances(fitted: Fitted, own: Mapping[str, Floats], set_to: Mapping[str, float]) -> tuple[float, float]:
    """The model's chance of a yes for such a row as it is, and with only what is set changed."""
    import numpy as np

    mechanism = fitted.mechanisms[fitted.model.outcome]
    rng = np.random.default_rng(0)
    rows = {name: np.repeat(v, DRAWS) for name, v in own.items()}
    noise = fitted.noises(rows, rng)
    fixed = {name: np.full(DRAWS, v) for name, v in set_to.items()}
    after = float(fitted.run(rows, noise, fixed)[fitted.model.outcome].mean())
    return float(mechanism.mean(own, 1)[0]), after
