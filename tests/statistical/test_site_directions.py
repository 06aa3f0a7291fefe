"""Directions from several environments on many simulated tables: how many are told, how many of them are right, where nothing should be."""

from __future__ import annotations

import pytest

from tests.statistical.sites_table import DIVERSE, FAINT, FAMILIES, NONE, Count, Family, counted, together
from tests.unit.causal.discovery.environment_worlds import Change

pytestmark = pytest.mark.statistical

DRAWS = 20


def printed(name: str, sites: int, c: Count) -> None:
    print(
        f"\n| {sites} | {name} | {c.open} | {c.open_right} right, {c.open_told - c.open_right} wrong | {c.told} of {c.links} claimed |"
        f" {c.right} right, {c.turned} turned round |"
    )


def test_nine_in_ten_lines_of_plain_pc_are_told_right_where_every_mechanism_differs_somewhere() -> None:
    found = {(sites, DIVERSE): counted(FAMILIES[DIVERSE], sites, DRAWS) for sites in (5, 8, 12)}
    for (sites, name), c in found.items():
        printed(name, sites, c)
        assert c.open >= 20  # enough to judge by
        assert c.right >= 0.95 * c.told
        assert (
            c.open_right >= 0.9 * c.knowable
        )  # five sites: one link in ten is between two that always differ together
    whole = together(found, (DIVERSE,))
    assert whole.open_right >= 0.9 * whole.open


@pytest.mark.parametrize("sites", [3, 5, 8])
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in (FAINT, NONE)])
def test_what_is_told_is_right(name: str, sites: int) -> None:
    c = counted(FAMILIES[name], sites, DRAWS)
    printed(name, sites, c)
    assert c.open_right >= 0.9 * c.open_told
    assert c.right >= 0.95 * c.told
    if sites >= 5:
        assert c.told > 0


@pytest.mark.parametrize("sites", [2, 3, 5])
@pytest.mark.parametrize("size", [0.05, 0.15, 0.5])
def test_small_differences_everywhere_turn_few_directions_round(size: float, sites: int) -> None:
    c = counted(Family(1.0, "averages", size), sites, DRAWS)
    printed(f"averages {size}", sites, c)
    assert c.turned <= max(0.1 * c.told, 1)
    assert c.turned <= 0.02 * c.links


@pytest.mark.parametrize("sites", [2, 5, 12])
def test_almost_nothing_is_told_where_nothing_differs(sites: int) -> None:
    c = counted(FAMILIES[NONE], sites, DRAWS)
    printed(NONE, sites, c)
    assert c.told <= 0.01 * c.links


@pytest.mark.parametrize("name", ["everything", "bent"])
@pytest.mark.parametrize("sites", [2, 5, 10])
def test_few_directions_are_turned_round_where_the_method_does_not_hold(sites: int, name: Change) -> None:
    c = counted(Family(0.4, name), sites, DRAWS)
    printed(name, sites, c)
    assert c.turned <= 0.02 * c.links
