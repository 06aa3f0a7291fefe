"""Directions from several environments on many simulated tables: how many are told, how many of them are right, where nothing should be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pyllm_causal.causal.discovery.environments import settled, within
from pyllm_causal.causal.discovery.marks import Link, from_general
from tests.unit.causal.discovery.environment_worlds import Change, Places, places

pytestmark = pytest.mark.statistical

DRAWS = 30
DIVERSITY = {"little": 0.2, "some": 0.3, "much": 0.4}


def heap(values: np.ndarray, alpha: float = 0.05) -> tuple[Link, ...]:
    """What plain PC makes of one heap of rows."""
    from causallearn.search.ConstraintBased.PC import pc

    return from_general(pc(values, alpha=alpha, show_progress=False).G.graph)


def counted(environments: int, share: float, change: Change = "some") -> Counter[str]:
    """Over `DRAWS` tables: true links that PC leaves open, how many of them are told and right, and all directions told and right."""
    found: Counter[str] = Counter()
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, environments, int(100 * share)])
        world = places(rng, int(rng.integers(6, 11)), environments, share, change=change)
        found.update(_judged(world))
    return found


def _judged(world: Places) -> Counter[str]:
    inner = heap(within(world.values, world.environment), 0.01)
    plain = {one.pair: one for one in heap(world.values)}
    result = settled(world.blocks, world.environment, inner)
    told = {f.pair: f for f in result.findings if f.pair in result.told}
    found: Counter[str] = Counter()
    for pair, finding in told.items():
        assert finding.arrow is not None
        right = bool(world.arrows[finding.arrow])
        found.update(told=1, right=right, stable=finding.stable, stable_right=finding.stable and right)
        found["reversed"] += bool(world.arrows[finding.arrow[::-1]])
        if pair in plain and plain[pair].arrow is None and (world.arrows[pair] or world.arrows[pair[::-1]]):
            found.update(open_told=1, open_right=right)
    found["open"] = sum(
        one.arrow is None and bool(world.arrows[pair] or world.arrows[pair[::-1]]) for pair, one in plain.items()
    )
    found["links"] = int(world.arrows.sum())
    return found


@pytest.mark.parametrize("diversity", DIVERSITY)
@pytest.mark.parametrize("environments", [2, 3, 5, 10])
def test_directions_that_one_heap_leaves_open_are_told_right(environments: int, diversity: str) -> None:
    c = counted(environments, DIVERSITY[diversity])
    print(
        f"\n| {environments} | {diversity} | {c['open']} | {c['open_told'] / c['open']:.0%} |"
        f" {c['open_right'] / max(c['open_told'], 1):.1%} | {c['told'] / c['links']:.0%} | {c['right'] / max(c['told'], 1):.1%} |"
        f" {c['stable_right'] / max(c['stable'], 1):.1%} |"
    )
    assert c["right"] >= 0.95 * c["told"]
    if environments >= 5:
        assert c["open_right"] >= 0.9 * c["open_told"] > 0
    if environments >= 10:
        assert c["open_told"] >= 0.7 * c["open"]


@pytest.mark.parametrize("change", ["everything", "bent", "nothing"])
@pytest.mark.parametrize("environments", [2, 5, 10])
def test_few_directions_are_claimed_where_environments_cannot_tell(environments: int, change: Change) -> None:
    c = counted(environments, 0.4, change)
    print(
        f"\n| {environments} | {change} | {c['told'] / c['links']:.0%} | {c['reversed']} of {c['links']} turned round |"
    )
    assert c["reversed"] <= 0.02 * c["links"]
