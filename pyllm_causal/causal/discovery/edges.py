"""The links of an answer: what was found on all rows, how often it was seen again, and what can be said of its direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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


# What a search that allows for hidden causes says of the link: one causes both; it is not that alone; it may be; it was not made.
Hidden = Literal["likely", "not_alone", "possible", "unknown"]


@dataclass(frozen=True)
class Seen:
    """One link with its support. `times`: resamples with the link; `this_way`: with the arrow as given; both of `resamples`.

    turned: the search gave a direction that the resamples did not hold, so it is no longer given. hidden: whether something hidden
    may be behind it.
    """

    link: Link
    support: Support
    resamples: int
    times: int
    this_way: int
    turned: bool = False
    hidden: Hidden = "unknown"


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


def with_hidden(edges: Sequence[Seen], found: Mapping[tuple[int, int], Link] | None, known: Known) -> tuple[Seen, ...]:
    """The links with what a search that allows for hidden causes says of them (by pair; None where it was not made). It only ever
    makes a claim weaker: where it sees two arrows, no direction is left. What a person requires stands."""
    if found is None:
        return tuple(edges)
    out = []
    for one in edges:
        other = found.get(one.link.pair)
        if other is None or one.support == "known":
            out.append(one if one.support == "known" else replace(one, hidden="possible"))
        elif other.sign == "↔":
            out.append(replace(one, link=other, hidden="likely", this_way=0))
        else:
            alone = other.arrow is None or other.arrow != one.link.arrow
            out.append(replace(one, hidden="possible" if alone else "not_alone"))
    return tuple(out)


def _support(given: bool, times: int, of: int) -> Support:
    if given:
        return "known"
    if of < ENOUGH:
        return "unknown"
    return "well" if times >= WELL * of else "some" if times >= SOME * of else "seldom"
