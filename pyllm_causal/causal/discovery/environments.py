"""What differences between sites, periods or countries tell about directions that one heap of rows cannot.

Rows of one environment share what is particular to it: they are exchangeable, not independent draws of one world. From one
environment to the next few mechanisms change. Along the true arrows each change stays where it is: what a column does given its
causes stays the same wherever its own mechanism does (Peters, Bühlmann & Meinshausen 2016, JRSS B 78(5); Heinze-Deml, Peters &
Meinshausen 2018, J. Causal Inference 6(2)), and causes change independently of effects (Huang et al. 2020, JMLR 21(89)). Along a
wrong arrow both ends seem to change at once. The picture in which such changes explain the differences best is searched for
(`mechanisms`, `boss`), and once more without each of its arrows: how much worse that is are the odds for the arrow. An arrow that
one heap of rows tells as well, because without it no more would have to change, is none that environments tell.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .boss import Found, best_order
from .dags import causes, leads, ordered, pairs, plus
from .marks import Link, Links, arrow, line, sorted_links
from .mechanisms import Mechanisms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .mechanisms import Floats, Ints, Way

    Bools = NDArray[np.bool_]

Verdict = Literal["settled", "agrees", "contradicts", "open", "gone", "new"]
Open = Literal["nothing changes", "both change", "too little", "not looked at", "all differ", "bent"]

WRONG = 0.05  # chance that one direction or more among those claimed is wrong, as far as the odds go
FEWEST_FOR_MODERATE = 5
# Share of mechanisms and environments where something is shifted, above which what stays the same cannot be told from what was
# missed; the second where fewer environments than for moderate certainty are compared.
MOST_CHANGED, AMONG_FEW = 0.5, 0.4
BENT = 0.02  # share that curves explain of what lines leave, above which lines that differ may be one curve
MOST_SEARCHED = 25  # columns up to which any pair may be linked; beyond, only those that the search before linked, or their neighbours
TRIES = 3
STEPS = (2, 3, 5, 10, 20)  # numbers of environments for which it is said how much they would have told
DRAWS = 10  # of so many environments, to say that


@dataclass(frozen=True)
class Finding:
    """What the environments say of the link between columns `a` < `b`.

    arrow: (cause, effect) where they tell, else None. log_odds: natural logarithm of the odds for the best direction. changes: how
    many averages, slopes and spreads had to change in the best picture, and in the best one without that arrow, of the columns whose
    causes differ between the two. stable: the direction is still the better one whichever single environment is left out.
    """

    a: int
    b: int
    verdict: Verdict
    arrow: tuple[int, int] | None
    log_odds: float
    changes: tuple[int, int]
    stable: bool
    why_open: Open | None = None

    @property
    def pair(self) -> tuple[int, int]:
        return self.a, self.b


@dataclass(frozen=True)
class Settlement:
    """Links with the directions that environments settle, the finding for every link, and how that grows.

    links: those given, with lines turned into arrows where settled, arrows turned round where contradicted (into lines where one
    environment alone does so), without those that only differences between environments made, and with those that they hid.
    growth: (environments, links with a direction that they would have settled, on average over which ones), up to all.
    """

    links: Links
    findings: tuple[Finding, ...]
    environments: int
    growth: tuple[tuple[int, float], ...] = ()
    finished: bool = True

    @property
    def told(self) -> frozenset[tuple[int, int]]:
        """Pairs whose direction the environments tell."""
        return frozenset(f.pair for f in self.findings if f.arrow and (f.verdict != "contradicts" or f.stable))

    @property
    def moderate(self) -> frozenset[tuple[int, int]]:
        """Pairs whose direction deserves moderate certainty at most; all others low."""
        enough = self.environments >= FEWEST_FOR_MODERATE
        return frozenset(f.pair for f in self.findings if enough and f.arrow and f.stable)


class _Told:
    """The scores of mechanisms as a search asks for them."""

    def __init__(self, mechanisms: Mechanisms) -> None:
        self._mechanisms, self.columns = mechanisms, mechanisms.size

    def of(self, column: int, given: Sequence[int]) -> float:
        return self._mechanisms.told(column, given).score

    def with_each(self, column: int, given: Sequence[int], more: Sequence[int]) -> Floats:
        import numpy as np

        return np.array([told.score for told in self._mechanisms.told_all((column, [*given, one], ()) for one in more)])


def settled(
    blocks: Sequence[Floats],
    environment: Ints,
    links: Links,
    *,
    allowed: Bools | None = None,
    required: Bools | None = None,
    seed: int = 0,
    until: float = math.inf,
) -> Settlement:
    """What the environments say of `links` (of a search that was not told of them, or on rows `within` each).

    blocks: one (n, m) array of finite numbers a column (indicators for a category). environment: (n,) numbers 0 … E−1, E ≥ 2.
    allowed, required: (p, p), [cause, effect], from what is known. until: of `time.monotonic`; links not reached stay as they are.
    """
    import numpy as np

    size = len(blocks)
    mechanisms = Mechanisms(blocks, environment)
    told = _Told(mechanisms)
    may = ~np.eye(size, dtype=bool) if allowed is None else np.asarray(allowed, dtype=bool).copy()
    must = np.zeros((size, size), dtype=bool) if required is None else np.asarray(required, dtype=bool)
    if size > MOST_SEARCHED:
        may &= _near(links, size) | must
    rng = np.random.default_rng([seed, size])
    found = best_order(told, rng, may, must, until, TRIES - 1)
    if found.finished:
        mechanisms.learn([[(c, causes(found.dag, c)) for c in range(size)]])
        found = best_order(told, rng, may, must, until, TRIES)
    if not found.finished:
        return Settlement(links, tuple(_unlooked(one) for one in links), mechanisms.environments, finished=False)
    others: dict[tuple[int, int], Bools] = {}
    best = found
    for _ in range(3):  # a search without one arrow may come upon a better picture; then that is the one
        met = _without_each(told, rng, best, may, must, until)
        others = _best_without(met)
        better = max((best, *met.values()), key=lambda one: one.score)
        if better.score <= best.score + 1e-6:
            break
        best = better
    before = {one.pair: one for one in links}
    enough = _enough(len(before) or 1)
    findings, drawn = [], dict[tuple[int, int], Link]()
    here = {(min(p), max(p)): p for p in pairs(best.dag)}
    dense = _dense(best.dag, mechanisms)
    for pair in sorted(set(before) | set(here)):
        finding = _finding(pair, before.get(pair), here.get(pair), best.dag, others, mechanisms, must, enough, dense)
        if finding is None:
            continue
        findings.append(finding)
        if finding.arrow and (finding.verdict != "contradicts" or finding.stable):
            drawn[pair] = arrow(*finding.arrow)
        elif finding.arrow:
            drawn[pair] = line(*pair)
        elif finding.verdict != "gone":
            drawn[pair] = before[pair]
    claimed = {
        f.arrow: others[f.arrow] for f in findings if f.arrow in others and (f.verdict != "contradicts" or f.stable)
    }
    growth = _growth(best.dag, claimed, mechanisms, enough, rng) if time.monotonic() < until and not dense else ()
    return Settlement(
        sorted_links(drawn.values()), tuple(findings), mechanisms.environments, growth, time.monotonic() < until
    )


def _without_each(
    told: _Told, rng: np.random.Generator, best: Found, may: Bools, must: Bools, until: float
) -> dict[tuple[int, int], Found]:
    """The best picture found without each arrow of `best`: from its own order, and in tables not too large from anywhere."""
    order = ordered(best.dag)
    met: dict[tuple[int, int], Found] = {}
    for cause, effect in pairs(best.dag):
        if must[cause, effect] or time.monotonic() > until:
            continue
        without = may.copy()
        without[cause, effect] = False
        found = best_order(told, rng, without, must, until, TRIES - 1, start=order)
        if len(order) <= MOST_SEARCHED and found.finished:
            again = best_order(told, rng, without, must, until, TRIES - 1)
            found = max(found, again, key=lambda one: one.score) if again.finished else again
        if found.finished:
            met[cause, effect] = found
    return met


def _best_without(met: Mapping[tuple[int, int], Found]) -> dict[tuple[int, int], Bools]:
    """For each arrow the best of all pictures met that do without it: a search that misses it would make the arrow look too sure."""
    return {way: max((one for one in met.values() if not one.dag[way]), key=lambda one: one.score).dag for way in met}


def _finding(
    pair: tuple[int, int],
    before: Link | None,
    here: tuple[int, int] | None,
    dag: Bools,
    others: Mapping[tuple[int, int], Bools],
    mechanisms: Mechanisms,
    must: Bools,
    enough: float,
    dense: bool,
) -> Finding | None:
    """What is said of one pair; None for a link that only this search has, and not surely."""
    a, b = pair
    if here is None:
        # not needed once environments are told apart: the better of the two ways to add it costs so much
        odds = min(_loss(dag, plus(dag, x, y), mechanisms) for x, y in ((a, b), (b, a)) if not leads(dag, y, x))
        gone = not dense and odds > math.log(1 / WRONG) and not must[a, b] and not must[b, a]
        verdict: Verdict = "gone" if gone else "open"
        return Finding(a, b, verdict, None, odds, (0, 0), False, None if gone else "too little")
    if must[here]:
        return None if before is None else Finding(a, b, "agrees", here, math.inf, (0, 0), True)
    other = others.get(here)
    if other is None:
        return None if before is None else _unlooked(before)
    odds = _least(mechanisms, lambda: _loss(dag, other, mechanisms))
    changes = _changes(dag, other, mechanisms), _changes(other, dag, mechanisms)
    why = _doubt(pair, dag, mechanisms, dense)
    if why is None and (odds <= enough or changes[0] >= changes[1]):
        both = odds <= enough and min(changes) >= 2
        why = "nothing changes" if changes == (0, 0) else "both change" if both else "too little"
    if why is not None:
        return None if before is None else Finding(a, b, "open", None, odds, changes, False, why)
    stable = mechanisms.environments > 2 and all(
        loss > 0 for loss in _losses(dag, other, mechanisms, [(e,) for e in range(mechanisms.environments)])
    )
    drawn = before.arrow if before else None
    verdict = "new" if before is None else "settled" if drawn is None else "agrees" if drawn == here else "contradicts"
    return Finding(a, b, verdict, here, odds, changes, stable)


@dataclass(frozen=True)
class Evidence:
    """What environments say of one drawn arrow. log_odds: above 0 speaks for it, below 0 for the other way; `about` is the verdict.

    changes: mechanisms of the two columns that had to change if the arrow is as drawn, and if it is turned round.
    """

    about: Literal["as drawn", "other way", "not told"]
    log_odds: float
    changes: tuple[int, int]
    environments: int
    stable: bool


def arrow_against_environments(
    cause: Floats,
    effect: Floats,
    environment: Ints,
    causes_of_cause: Sequence[Floats] = (),
    causes_of_effect: Sequence[Floats] = (),
    *,
    looked_at: int = 1,
) -> Evidence:
    """Hold one drawn arrow against the environments.

    Every column is (n, m) of finite numbers; environment: (n,) numbers 0 … E−1, E ≥ 2. `causes_of_effect`: the other drawn causes of
    the effect that are not themselves affected by `cause`. looked_at: how many arrows are held against the data in all. Only what
    environments share counts: what one table alone says of the direction is taken out.
    """
    import numpy as np

    blocks = [cause, effect, *causes_of_cause, *causes_of_effect]
    mechanisms = Mechanisms(blocks, np.asarray(environment))
    first = list(range(2, 2 + len(causes_of_cause)))
    second = list(range(2 + len(causes_of_cause), len(blocks)))
    drawn, turned = ((0, first), (1, [0, *second])), ((1, second), (0, [1, *first]))

    def shared(way: Way, without: Sequence[int] = ()) -> float:
        told = [mechanisms.told(column, causes, without) for column, causes in way]
        return sum(t.score - t.apart for t in told) / mechanisms.heavy

    mechanisms.learn((drawn, turned))
    odds = _least(mechanisms, lambda: shared(drawn) - shared(turned))
    changes = tuple(sum(mechanisms.told(c, g).changes for c, g in way) for way in (drawn, turned))
    way, fewer = (drawn, changes[0] < changes[1]) if odds > 0 else (turned, changes[1] < changes[0])
    bent = any(mechanisms.bent(c, g) > BENT for c, g in way)
    dense = min(mechanisms.told(c, g).changed for c, g in way) > _most(mechanisms)
    sure = abs(odds) > _enough(looked_at) and fewer and not bent and not dense
    stable = mechanisms.environments > 2 and all(
        (shared(drawn, (e,)) - shared(turned, (e,))) * odds > 0 for e in range(mechanisms.environments)
    )
    about: Literal["as drawn", "other way", "not told"] = "not told"
    if sure:
        about = "as drawn" if odds > 0 else "other way"
    return Evidence(about, odds, (changes[0], changes[1]), mechanisms.environments, sure and stable)


def within(block: Floats, environment: Ints) -> Floats:
    """The (n, m) columns less the mean of their environment: what a search that knows no environments should be given."""
    import numpy as np

    block = np.asarray(block, dtype="float64")
    rows = np.bincount(environment)
    means = np.column_stack([np.bincount(environment, weights=column) / rows for column in block.T])
    return np.asarray(block - means[environment])


def _dense(dag: Bools, mechanisms: Mechanisms) -> bool:
    """Whether so much differs between environments that what stays the same cannot be told from what was missed."""
    changed = sum(mechanisms.told(c, causes(dag, c)).changed for c in range(mechanisms.size)) / mechanisms.size
    return changed > _most(mechanisms)


def _most(mechanisms: Mechanisms) -> float:
    return MOST_CHANGED if mechanisms.environments >= FEWEST_FOR_MODERATE else AMONG_FEW


def _doubt(pair: tuple[int, int], dag: Bools, mechanisms: Mechanisms, dense: bool) -> Open | None:
    """Why nothing may be said of a pair whatever the odds."""
    if dense:
        return "all differ"
    if any(mechanisms.bent(c, causes(dag, c)) > BENT for c in pair):
        return "bent"
    return None


def _enough(looked_at: int) -> float:
    """Log-odds above which a direction is claimed: the chance of one wrong or more stays at `WRONG` among so many."""
    return math.log(looked_at / WRONG)


def _growth(
    dag: Bools,
    others: Mapping[tuple[int, int], Bools],
    mechanisms: Mechanisms,
    enough: float,
    rng: np.random.Generator,
) -> tuple[tuple[int, float], ...]:
    """(environments, arrows that so many tell, on average over which)."""
    total = mechanisms.environments
    found = []
    for number in [s for s in STEPS if s < total]:
        sets = [sorted(rng.choice(total, total - number, replace=False).tolist()) for _ in range(DRAWS)]
        told = sum(loss > enough for o in others.values() for loss in _losses(dag, o, mechanisms, sets))
        found.append((number, told / DRAWS))
    return (*found, (total, float(len(others))))


def _least(mechanisms: Mechanisms, odds: Callable[[], float]) -> float:
    """The odds nearest to even over the habits of shifts that the table does not rule out; 0 where some turn them round."""
    best, found = mechanisms.habit, []
    for habit in mechanisms.plausible:
        mechanisms.habit = habit
        found.append(odds())
    mechanisms.habit = best
    return min(found) if min(found) > 0 else max(found) if max(found) < 0 else 0.0


def _loss(dag: Bools, other: Bools, mechanisms: Mechanisms) -> float:
    """How much lower the other picture scores: the logarithm of the odds for `dag`."""
    return _losses(dag, other, mechanisms, [()])[0]


def _losses(dag: Bools, other: Bools, mechanisms: Mechanisms, without: Sequence[Sequence[int]]) -> list[float]:
    """How much lower the other picture scores without each of some sets of environments."""
    import numpy as np

    columns = np.flatnonzero((dag != other).any(axis=0)).tolist()
    asked = [(c, causes(picture, c), out) for out in without for c in columns for picture in (dag, other)]
    scores = [told.score for told in mechanisms.told_all(asked)]
    each = 2 * len(columns)
    return [
        (sum(scores[i : i + each : 2]) - sum(scores[i + 1 : i + each : 2])) / mechanisms.heavy
        for i in range(0, len(scores), each)
    ]


def _changes(dag: Bools, other: Bools, mechanisms: Mechanisms) -> int:
    """How many averages, slopes and spreads are shifted in `dag`, of the columns that have other causes in the other picture."""
    import numpy as np

    columns = np.flatnonzero((dag != other).any(axis=0)).tolist()
    return sum(mechanisms.told(c, causes(dag, c)).changes for c in columns)


def _near(links: Links, size: int) -> Bools:
    """(p, p) pairs that are linked or share a neighbour."""
    import numpy as np

    near = np.zeros((size, size), dtype=bool)
    for one in links:
        near[one.a, one.b] = near[one.b, one.a] = True
    whole = near | (near.astype("int64") @ near.astype("int64") > 0)
    np.fill_diagonal(whole, False)
    return np.asarray(whole)


def _unlooked(one: Link) -> Finding:
    return Finding(one.a, one.b, "open", None, 0.0, (0, 0), False, "not looked at")
