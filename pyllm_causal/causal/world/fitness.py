"""Does the model fit? What is left over should have nothing more to do with the causes.

Every mechanism is held against a coarse but flexible one: on what it leaves over, indicators of eight parts of every cause and
of nine parts of every pair of causes are fitted in one half of the rows and judged in the other. What they still explain there
is what the mechanism misses. The same is done for the size of what is left over: where it depends on the causes, the noise of
a row would not have been the same under other causes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ...analysis import Diagnosis
from ...wording import join, number, safe
from .columns import Drawn
from .mechanism import Mechanism
from .model import Fitted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PARTS, PAIR_PARTS = 8, 3
RIDGE = 10.0  # rows' worth of shrinking
CLEAR = 3.0  # standard errors
DOUBTFUL, POOR = 0.05, 0.25  # share of what the causes explain that the mechanism misses
UNEVEN = 0.05
MOST_CAUSES = 12


@dataclass(frozen=True)
class Fitness:
    """explained: share of the column's variation that its mechanism explains; missed: of what its causes could explain, the share
    that the mechanism misses (0 where nothing is clear); uneven: how much of the size of what is left over they explain."""

    name: str
    explained: float
    missed: float
    uneven: float


def fitness(fitted: Fitted, drawn: Drawn, seed: int) -> list[Fitness]:
    """How well every mechanism fits."""
    return [_fitness(m, drawn, seed) for m in fitted.mechanisms.values()]


def _fitness(mechanism: Mechanism, drawn: Drawn, seed: int) -> Fitness:
    import numpy as np

    node = mechanism.form.node
    y = drawn.values[node.name]
    if node.kind == "category":
        seen = (y[:, None] == np.arange(len(node.levels))[None, :]).astype("float64")
        means = mechanism.chances(drawn.values, drawn.n)
    else:
        seen, means = y[:, None], mechanism.mean(drawn.values, drawn.n)[:, None]
    features = _features(drawn.values, [t.name for t in mechanism.form.basis.terms], drawn)
    rng = np.random.default_rng([seed, 4711])
    half = rng.permutation(drawn.n) % 2 == 0
    left = seen - means
    # a category has several levels: the worst of them
    found = [_gain(left[:, k], features, half) for k in range(left.shape[1])]
    explained = [float(means[:, k].var()) for k in range(left.shape[1])]
    missed = max(g / (g + e) if g > 0 else 0.0 for g, e in zip(found, explained, strict=True))
    total = float(seen.var(axis=0).sum())
    uneven = 0.0
    if node.kind in ("number", "count"):
        relative = left[:, 0] if mechanism.form.family == "linear" else left[:, 0] / np.maximum(means[:, 0], 1e-9)
        size = np.abs(relative)
        gain = _gain(size - size.mean(), features, half)
        uneven = gain / float(size.var()) if size.var() > 0 else 0.0
    return Fitness(node.name, min(1.0, sum(explained) / total) if total > 0 else 0.0, missed, uneven)


def _features(values: Mapping[str, Floats], causes: Sequence[str], drawn: Drawn) -> Floats:
    """(n, p) indicators of parts, centred."""
    import numpy as np

    causes = causes[:MOST_CAUSES]
    fine, coarse = [], []
    for name in causes:
        v = values[name]
        few = drawn.nodes[name].kind in ("yes_no", "category")
        fine.append(_parts(v, PARTS, few))
        coarse.append(_parts(v, PAIR_PARTS, few))
    blocks = list(fine)
    for i in range(len(causes)):
        for j in range(i + 1, len(causes)):
            blocks.append((coarse[i][:, :, None] * coarse[j][:, None, :]).reshape(len(coarse[i]), -1))
    out = np.hstack(blocks)
    return np.asarray(out[:, out.sum(axis=0) >= 10] if len(out) else out)


def _parts(v: Floats, count: int, few: bool) -> Floats:
    import numpy as np

    if few:
        labels = v.astype(int)
    else:
        cuts = np.unique(np.quantile(v, np.linspace(0, 1, count + 1)[1:-1]))
        labels = np.searchsorted(cuts, v, side="left")
    return np.asarray((labels[:, None] == np.unique(labels)[None, :]).astype("float64"))


def _gain(left: Floats, features: Floats, half: NDArray[np.bool_]) -> float:
    """How much of the variance of `left` the features explain in rows that they were not fitted on; 0 where that is not clear."""
    import numpy as np

    if features.shape[1] == 0 or len(left) < 40:
        return 0.0
    gains = np.zeros(len(left))
    for train in (half, ~half):
        x, target = features[train], left[train]
        center = target.mean()
        beta = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (target - center))
        test = ~train
        gains[test] = (left[test] - center) ** 2 - (left[test] - center - features[test] @ beta) ** 2
    mean, error = float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))
    return mean if mean > CLEAR * error else 0.0


def told(found: Sequence[Fitness], one_row: bool) -> tuple[Diagnosis, ...]:
    """The goodness of fit as diagnostics; `stop` where it is too poor to answer. `one_row`: the answer leans on the noise of a
    single row."""
    worst = max(found, key=lambda f: f.missed, default=None)
    if worst is None:
        return ()
    shares = {safe(f.name): round(f.explained, 4) for f in found}
    figures = {"explained": shares, "missed": {safe(f.name): round(f.missed, 4) for f in found}}
    last = found[-1]
    text = f"the model explains {number(100 * last.explained)}% of the variation of {safe(last.name)}"
    status: Literal["ok", "warning", "stop"] = "ok"
    if worst.missed > DOUBTFUL:
        status = "stop" if worst.missed > POOR else "warning"
        text = (
            f"the model misses {number(100 * worst.missed)}% of what the causes of {safe(worst.name)} in your picture tell"
            " about it"
        )
    out = [Diagnosis(name="model_fit", status=status, finding=text, figures=figures)]
    uneven = [f.name for f in found if f.uneven > UNEVEN]
    if uneven and one_row:
        out.append(
            Diagnosis(
                name="even_noise",
                status="warning",
                finding=f"chance moves {join(uneven)} more in some rows than in others, so one row's luck may not carry over",
                figures={safe(f.name): round(f.uneven, 4) for f in found if f.name in uneven},
            )
        )
    return tuple(out)
