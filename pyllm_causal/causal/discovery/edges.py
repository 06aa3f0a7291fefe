"""The links of an answer: what was found on all rows, how often it was seen again, and what can be said of its direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .knowledge import Known
from .marks import Link, from_arrows, line
from .stability import Frequencies

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

WELL, SOME = 0.8, 0.5  # share of the resamples from which a link is well supported, or worth showing
SAME_WAY = 2 / 3  # of the resamples with the link that must agree on its direction
ENOUGH = 10  # resamples below which no frequency is given

Support = Literal["known", "well", "some", "seldom", "unknown"]


@dataclass(frozen=True)
class Seen:
    """One link with its support. `times`: resamples with the link; `this_way`: with the arrow as given; both of `resamples`.

    turned: the search gave a direction that the resamples did not hold, so it is no longer given.
    """

    link: Link
    support: Support
    resamples: int
    times: int
    this_way: int
    turned: bool = False


def seen(arrows: Bools, found: Frequencies, known: Known) -> tuple[Seen, ...]:
    """The links of (p, p) `arrows`, best supported first."""
    out = []
    links = found.links
    for one in from_arrows(arrows):
        times = int(links[one.a, one.b])
        way = one.arrow
        this_way = int(found.arrows[way]) if way is not None else 0
        fixed = way is not None and (known.required[way] or not known.allowed[way[1], way[0]])
        turned = False
        if way is not None and not fixed and found.done >= ENOUGH and this_way < SAME_WAY * max(times, 1):
            one, turned = line(one.a, one.b), True
        given = way is not None and bool(known.required[way])
        out.append(Seen(one, _support(given, times, found.done), found.done, times, this_way, turned))
    rank = {"known": 0, "well": 1, "some": 2, "unknown": 3, "seldom": 4}
    return tuple(sorted(out, key=lambda s: (rank[s.support], -s.times, s.link.pair)))


def _support(given: bool, times: int, of: int) -> Support:
    if given:
        return "known"
    if of < ENOUGH:
        return "unknown"
    return "well" if times >= WELL * of else "some" if times >= SOME * of else "seldom"


def shown(edges: Sequence[Seen]) -> tuple[Seen, ...]:
    """The links worth showing."""
    return tuple(e for e in edges if e.support != "seldom")


def directed(edges: Sequence[Seen]) -> tuple[tuple[int, int], ...]:
    """(cause, effect) of the links that have a direction and are worth showing."""
    return tuple(e.link.arrow for e in shown(edges) if e.link.arrow is not None)
