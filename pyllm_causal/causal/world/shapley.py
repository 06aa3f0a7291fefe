"""Fair division of what several players make together (Shapley 1953): every player's share is what it adds, averaged over all
orders in which the players could come. Exact for few players, else over fixed random orders, each with its reverse."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EXACT = 6  # players up to which all 2^k sets are valued
ORDERS = 12  # pairs of orders beyond


def shares(players: int, worth: Callable[[frozenset[int]], float], seed: int) -> Floats:
    """(players,) shares that add up to worth(all) − worth(none). `worth` is asked once a set."""
    import numpy as np

    value = cache(worth)
    out = np.zeros(players)
    if players <= EXACT:
        for player in range(players):
            others = [p for p in range(players) if p != player]
            for size in range(players):
                weight = 1 / (players * comb(players - 1, size))
                for group in combinations(others, size):
                    before = frozenset(group)
                    out[player] += weight * (value(before | {player}) - value(before))
        return out
    rng = np.random.default_rng([seed, players])
    for _ in range(ORDERS):
        order = [int(p) for p in rng.permutation(players)]
        for way in (order, order[::-1]):
            so_far: frozenset[int] = frozenset()
            for player in way:
                out[player] += (value(so_far | {player}) - value(so_far)) / (2 * ORDERS)
                so_far |= {player}
    return out
