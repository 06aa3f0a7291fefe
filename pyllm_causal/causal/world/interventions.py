"""The average outcome if everybody had certain values, and the best single change (Pearl 2009, section 3.2: the truncated
factorisation, run row by row with every row's own noise, so that what nothing touches stays as it was)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis import Effect
from ..repeats import Effort
from .columns import Drawn
from .model import Fitted, Model, take
from .refits import interval, refits, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STEADY, IN_REFITS = 20_000, 4_000  # rows that are run where chance plays between the change and the outcome
STEP = 0.25  # standard deviations up and down for the slope of a number


@dataclass(frozen=True)
class Change:
    """A mean as it is, the mean otherwise, and their difference."""

    before: float
    after: float
    effect: Effect


def changed_mean(
    model: Model,
    drawn: Drawn,
    set_to: Mapping[str, float],
    against: Mapping[str, float] | None,
    effort: Effort,
    seed: int,
    unit: str,
) -> Change:
    """The mean outcome with the columns set, against as it is (`against` None) or with them set otherwise."""
    import numpy as np

    def figure(index: Ints, rng: np.random.Generator, steady: int = IN_REFITS) -> Floats:
        values = take(drawn.values, index)
        fitted, mean = model.fitted(values), float(values[model.outcome].mean())
        after = mean_with(fitted, values, set_to, rng, steady)
        before = mean if against is None else mean_with(fitted, values, against, rng, steady)
        return np.array([before, after, after - before])

    point = figure(np.arange(drawn.n), np.random.default_rng([seed, 1]), STEADY)
    drawn_anew = refits(drawn, effort, seed, "changed mean", figure)
    return Change(float(point[0]), float(point[1]), effect_of(float(point[2]), drawn_anew[:, -1], unit))


def mean_with(
    fitted: Fitted, values: Mapping[str, Floats], set_to: Mapping[str, float], rng: np.random.Generator, steady: int
) -> float:
    """The mean outcome with columns set to one value each; at least `steady` rows are run where draws come in between."""
    import numpy as np

    rows = steadied(fitted, values, steady)
    n = len(rows[fitted.model.outcome])
    fixed = {name: np.full(n, value) for name, value in set_to.items()}
    return float(fitted.run(rows, fitted.noises(rows, rng), fixed)[fitted.model.outcome].mean())


def steadied(fitted: Fitted, values: Mapping[str, Floats], least: int) -> dict[str, Floats]:
    """The rows, at least `least` of them where draws come in between, so that those hardly move the mean."""
    import numpy as np

    n = len(values[fitted.model.outcome])
    if not fitted.model.chancy or n >= least:
        return dict(values)
    return {name: np.tile(v, -(-least // n)) for name, v in values.items()}


def effect_of(value: float, found: Floats, unit: str) -> Effect:
    """An effect with the interval of its refits."""
    ends = interval(found)
    if ends is None:
        why = "the model could not be fitted often enough on rows drawn anew"
        return Effect(value=value, low=None, high=None, unit=unit, unbounded=True, reason=why)
    low, high = min(ends[0], value), max(ends[1], value)
    return Effect(value=value, low=low, high=high, unit=unit, std_error=spread(found))


@dataclass(frozen=True)
class Lever:
    """One cause that could be changed. change: in words of the model; step: how far the column goes (1 for a switch).

    effect: on the mean outcome, of the step; per_cost: the same per unit of cost. apart: whether it can be told from the first.
    """

    name: str
    level: float | None  # the level switched to; None for a number
    from_level: float | None
    step: float
    effect: Effect
    cost: float | None
    per_cost: Effect | None
    apart: bool | None


def levers(
    models: Mapping[str, Model],
    drawn: Drawn,
    costs: Mapping[str, float],
    effort: Effort,
    seed: int,
    unit: str,
) -> list[Lever]:
    """Every candidate (its own model each), strongest first: a number by one standard deviation (with a cost: one unit), a yes/no
    from no to yes, a category from its commonest level to each other one."""
    import numpy as np

    asked: list[tuple[str, float | None, float | None, float]] = []
    for name in models:
        node, column = drawn.nodes[name], drawn.values[name]
        if node.kind == "yes_no":
            asked.append((name, 1.0, 0.0, 1.0))
        elif node.kind == "category":
            sizes = np.bincount(column.astype(int), minlength=len(node.levels))
            common = float(sizes.argmax())
            asked += [(name, float(k), common, 1.0) for k in range(len(node.levels)) if k != common and sizes[k] >= 10]
        else:
            asked.append((name, None, None, 1.0 if name in costs else float(column.std())))

    def figure(index: Ints, rng: np.random.Generator, steady: int = IN_REFITS) -> Floats:
        values = take(drawn.values, index)
        out = []
        forms = {n: form for model in models.values() for n, form in model.forms.items()}
        once = {n: form.fitted(values) for n, form in forms.items()}
        fits = {name: Fitted(model, {n: once[n] for n in model.forms}) for name, model in models.items()}
        seed_of = int(rng.integers(2**32))  # the same draws for every candidate, so that they can be compared
        for name, level, base, step in asked:
            out.append(
                _pull(fits[name], values, name, level, base, step, float(drawn.values[name].std()), seed_of, steady)
            )
        return np.array(out)

    point = figure(np.arange(drawn.n), np.random.default_rng([seed, 2]), STEADY)
    found = refits(drawn, effort, seed, "levers", figure)
    prices = np.array([costs.get(name, 1.0) for name, *_ in asked])
    order = sorted(range(len(asked)), key=lambda i: (-abs(point[i] / prices[i]), asked[i][0], asked[i][1] or 0.0))
    first = order[0] if order else 0
    out = []
    for i in order:
        name, level, base, step = asked[i]
        cost = costs.get(name)
        ahead = np.abs(found[:, first] / prices[first]) - np.abs(found[:, i] / prices[i])
        ends = None if i == first else interval(ahead)
        out.append(
            Lever(
                name, level, base, step, effect_of(float(point[i]), found[:, i], unit), cost,
                None if cost is None else effect_of(float(point[i] / cost), found[:, i] / cost, unit),
                None if ends is None else ends[0] > 0,
            )
        )  # fmt: skip
    return out


def _pull(
    fitted: Fitted,
    values: Mapping[str, Floats],
    name: str,
    level: float | None,
    base: float | None,
    step: float,
    spread_of: float,
    seed: int,
    steady: int,
) -> float:
    """What one step does to the mean outcome; of a number, the average slope over the rows as they are, times the step."""
    import numpy as np

    rows = steadied(fitted, values, steady)
    noise = fitted.noises(rows, np.random.default_rng(seed))
    n, outcome = len(rows[fitted.model.outcome]), fitted.model.outcome
    if level is not None and base is not None:
        up, down, width = np.full(n, level), np.full(n, base), 1.0
    else:
        h = STEP * spread_of
        up, down, width = rows[name] + h, rows[name] - h, 2 * h
    high = fitted.run(rows, noise, {name: up})[outcome].mean()
    low = fitted.run(rows, noise, {name: down})[outcome].mean()
    return float((high - low) / width * step)


def moved_to(values: Mapping[str, Floats], set_to: Mapping[str, float], names: Sequence[str]) -> dict[str, Floats]:
    """The rows with the columns set, for a look at whether the table holds anything like them."""
    import numpy as np

    n = len(values[names[0]])
    return {name: np.full(n, set_to[name]) if name in set_to else values[name] for name in names}
