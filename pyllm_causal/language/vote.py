"""Several drafts of the same thing, and what most of them agree on. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from ..graph import Confidence

Thing = TypeVar("Thing", bound=Hashable)

MOST_DRAFTS = 9
WARM = 0.7  # at temperature 0 every draft would be the same
SURE_ENOUGH = 0.8


def majority(ballots: Sequence[Iterable[Thing]]) -> dict[Thing, float]:
    """What more than half of the ballots name, with the share of ballots; in order of first mention."""
    counts: dict[Thing, int] = {}
    for ballot in ballots:
        for thing in dict.fromkeys(ballot):
            counts[thing] = counts.get(thing, 0) + 1
    return {thing: n / len(ballots) for thing, n in counts.items() if 2 * n > len(ballots)}


def confidence(share: float) -> Confidence:
    """The confidence of an arrow that this share of the drafts holds. A model alone is never `sure`."""
    return "likely" if share >= SURE_ENOUGH else "unsure"


def told(share: float, drafts: int) -> str:
    """`share` in words, where there was more than one draft: ` (3 of 5 drafts)`."""
    return f" ({round(share * drafts)} of {drafts} drafts)" if drafts > 1 else ""


def acyclic(pairs: Iterable[tuple[str, str]], fixed: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """`pairs`, best first, without those that would close a circle with `fixed` or with a better one."""
    children: dict[str, set[str]] = {}
    for cause, effect in fixed:
        children.setdefault(cause, set()).add(effect)
    kept: list[tuple[str, str]] = []
    for cause, effect in pairs:
        if cause != effect and not _reaches(children, effect, cause):
            children.setdefault(cause, set()).add(effect)
            kept.append((cause, effect))
    return kept


def _reaches(children: dict[str, set[str]], start: str, goal: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        node = todo.pop()
        if node == goal:
            return True
        fresh = children.get(node, set()) - seen
        seen |= fresh
        todo += fresh
    return False
