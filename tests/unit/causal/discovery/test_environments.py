"""Directions from differences between environments: told where they can be, left open where they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.causal.discovery.environments import arrow_against_environments, settled, within
from pyllm_causal.causal.discovery.marks import arrow, line
from pyllm_causal.causal.discovery.mechanisms import Mechanisms
from pyllm_causal.errors import QueryError
from pyllm_causal.pipeline import analyse
from tests.unit.causal.discovery.environment_worlds import Change, places


def pair(
    seed: int, means: list[float], weights: list[float], rows: int = 300
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x → y in several environments: (x, y, environment)."""
    rng = np.random.default_rng(seed)
    env = np.repeat(np.arange(len(means)), rows)
    x = rng.normal(np.array(means)[env], 1.0)
    return x[:, None], (np.array(weights)[env] * x + rng.normal(size=len(x)))[:, None], env


def test_a_cause_that_shifts_tells_the_direction_of_a_line() -> None:
    x, y, env = pair(1, [0, 2, -1, 0, 1], [1] * 5)
    found = settled([y, x], env, (line(0, 1),))
    assert found.links == (arrow(1, 0),)
    (finding,) = found.findings
    assert finding.verdict == "settled" and finding.stable and finding.changes[0] < finding.changes[1]
    assert (0, 1) in found.moderate
    assert found.growth[-1] == (5, 1.0)


def test_a_mechanism_that_changes_tells_it_too_and_a_wrong_arrow_is_turned_round() -> None:
    x, y, env = pair(2, [0] * 5, [1, 1, -0.5, 1, 2.5])
    found = settled([x, y], env, (arrow(1, 0),))
    assert found.links == (arrow(0, 1),)
    assert found.findings[0].verdict == "contradicts"


def test_nothing_is_said_where_nothing_changes() -> None:
    x, y, env = pair(3, [0] * 5, [1] * 5)
    found = settled([x, y], env, (line(0, 1),))
    assert found.links == (line(0, 1),)
    assert found.findings[0].why_open == "nothing changes" and not found.told


def test_nothing_is_said_where_both_change_everywhere() -> None:
    x, y, env = pair(4, [0, 2, -1, 3, 1], [1, -1, 2, 0.3, -2])
    found = settled([x, y], env, (line(0, 1),))
    assert found.links == (line(0, 1),) and found.findings[0].why_open == "all differ"


def test_directions_of_random_pictures_are_right_with_five_environments() -> None:
    right = claimed = there = 0
    for seed in range(3):
        world = places(np.random.default_rng([seed, 5]), 6, 5, 0.35, change="every")
        found = settled(world.blocks, world.environment, ())
        ways = [one.arrow for one in found.links if one.pair in found.told]
        claimed += len(ways)
        right += sum(bool(world.arrows[way]) for way in ways if way)
        there += int(world.arrows.sum())
    assert claimed >= 0.8 * there and right >= 0.95 * claimed


@pytest.mark.parametrize("change", ["everything", "bent"])
def test_directions_are_left_open_where_the_method_does_not_hold(change: Change) -> None:
    wrong = 0
    for seed in range(2):
        world = places(np.random.default_rng([seed, 6]), 6, 6, 0.4, change=change)
        found = settled(world.blocks, world.environment, ())
        wrong += sum(not world.arrows[one.arrow] for one in found.links if one.arrow)
    assert wrong <= 1


def test_a_link_that_only_differences_between_environments_make_is_gone() -> None:
    gone = 0
    for seed in range(8):
        rng = np.random.default_rng([7, seed])
        env = np.repeat(np.arange(6), 1000)
        level = np.array([0.0, 0, 0, 0, 3, 3])
        x, y = rng.normal(size=6000) + level[env], rng.normal(size=6000) + level[env]
        found = settled([x[:, None], y[:, None]], env, (line(0, 1),))
        assert not found.told  # where chance leaves a doubt the line stays as it is
        gone += found.links == () and found.findings[0].verdict == "gone"
    assert gone >= 6
    assert abs(np.corrcoef(within(x[:, None], env)[:, 0], within(y[:, None], env)[:, 0])[0, 1]) < 0.1


def test_nothing_is_told_where_all_averages_differ_a_little_or_nothing_differs() -> None:
    """Small differences are missed here and there, and what was missed looks like something that stays the same."""
    turned = told = 0
    for seed in range(2):
        for size in (0.0, 0.1):
            world = places(np.random.default_rng([seed, 8]), 5, 3, 1.0, change="averages", size=size)
            found = settled(world.blocks, world.environment, ())
            ways = [f.arrow for f in found.findings if f.arrow and f.pair in found.told]
            turned += sum(bool(world.arrows[way[::-1]]) for way in ways)
            told += len(ways) if size == 0 else 0
    assert told == 0 and turned == 0


def test_an_average_that_shifts_and_a_spread_that_shifts_in_the_same_place_are_two_things() -> None:
    """Which mechanism changes at all does not tell (both do, at the same sites); what about it changes does."""
    rng = np.random.default_rng(10)
    env = np.repeat(np.arange(5), 400)
    x = rng.normal(size=2000) + np.array([0, 2.0, 0, -1.5, 0])[env]
    y = x + rng.normal(size=2000) * np.array([1, 2.5, 1, 0.3, 1])[env]
    found = settled([y[:, None], x[:, None]], env, (line(0, 1),))
    assert found.links == (arrow(1, 0),) and found.findings[0].changes[0] < found.findings[0].changes[1]


def test_what_is_known_is_obeyed() -> None:
    x, y, env = pair(1, [0, 2, -1, 0, 1], [1] * 5)
    required = np.array([[False, False], [True, False]])
    assert settled([x, y], env, (line(0, 1),), required=required).links == (arrow(1, 0),)


def test_time_that_is_up_leaves_everything_as_it_is() -> None:
    x, y, env = pair(1, [0, 2, -1, 0, 1], [1] * 5)
    found = settled([x, y], env, (line(0, 1),), until=0.0)
    assert not found.finished and found.links == (line(0, 1),) and found.findings[0].why_open == "not looked at"


def test_one_drawn_arrow_is_held_against_the_environments() -> None:
    x, y, env = pair(1, [0, 2, -1, 0, 1], [1] * 5)
    assert arrow_against_environments(x, y, env).about == "as drawn"
    assert arrow_against_environments(y, x, env).about == "other way"
    x, y, env = pair(3, [0] * 5, [1] * 5)
    assert arrow_against_environments(x, y, env).about == "not told"


def test_a_drawn_arrow_with_causes_of_its_own_on_both_sides() -> None:
    rng = np.random.default_rng(8)
    env = np.repeat(np.arange(5), 300)
    z = rng.normal(size=1500)
    x = z + rng.normal(size=1500) + np.array([0, 2.0, 0, -2, 0])[env]
    y = x - z + rng.normal(size=1500)
    columns = {name: v[:, None] for name, v in (("x", x), ("y", y), ("z", z))}
    drawn = arrow_against_environments(columns["x"], columns["y"], env, [columns["z"]], [columns["z"]])
    turned = arrow_against_environments(columns["y"], columns["x"], env, [columns["z"]], [columns["z"]])
    assert drawn.about == "as drawn" and turned.about == "other way"


def test_one_mechanism_an_environment_scores_both_ways_alike() -> None:
    """The likelihood of each single table does not depend on the direction, only on what is shared (here: nothing forced)."""
    world = places(np.random.default_rng(9), 2, 4, 1.0)
    told = Mechanisms(world.blocks, world.environment)
    forward = told.told(0, []).apart + told.told(1, [0]).apart
    assert forward == pytest.approx(told.told(1, []).apart + told.told(0, [1]).apart, abs=0.2)


def table(rows: int = 150) -> pd.DataFrame:
    x, y, env = pair(1, [0, 2, -1, 0, 1], [1] * 5, rows)
    site = np.array(["Oslo", "Rome", "Lima", "Cork", "Bonn"])[env]
    return pd.DataFrame({"dose": x[:, 0], "pain": y[:, 0], "site": site})


def test_an_answer_names_the_environments_and_never_links_their_column() -> None:
    frame = table()
    heap = analyse({"kind": "discovery", "columns": ["dose", "pain"]}, frame, workers=1, simulations=20)
    answer = analyse({"kind": "discovery", "environment": "site"}, frame, workers=1, simulations=20)
    assert heap.edges[0]["mark"] == "—"
    (edge,) = answer.edges
    assert (edge["cause"], edge["effect"], edge["mark"]) == ("dose", "pain", "→")
    assert edge["environments"]["verdict"] == "settled" and edge["environments"]["certainty"] == "moderate"
    assert edge["direction_frequency"] is None and "5 values of site" in edge["sentence"]
    assert "share what is particular to it" in answer.text
    assert answer.certainty is not None and answer.certainty.level in ("low", "very_low")
    assert all(e["cause"] != "site" != e["effect"] for e in answer.edges)


def test_two_to_four_environments_are_of_low_certainty() -> None:
    frame = table(400)
    answer = analyse(
        {"kind": "discovery", "environment": "site", "where": "site in [Oslo, Rome, Lima]"},
        frame,
        workers=1,
        simulations=20,
    )
    assert all(e["environments"]["certainty"] == "low" for e in answer.edges if "environments" in e)


def test_sites_with_few_rows_are_left_out_and_named() -> None:
    frame = pd.concat([table(), pd.DataFrame({"dose": [1.0] * 5, "pain": range(5), "site": ["Nuuk"] * 5})])
    answer = analyse({"kind": "discovery", "environment": "site"}, frame, workers=1, simulations=20)
    assert "Left out for too few rows: Nuuk." in " ".join(answer.text.split())
    assert answer.sample is not None and answer.sample.used == 750


def test_periods_are_cut_into_stretches_and_one_value_is_an_error() -> None:
    x, y, _ = pair(1, [0, 2, -1, 0, 1], [1] * 5)
    day = np.arange(len(x))
    frame = pd.DataFrame({"dose": x[:, 0], "pain": y[:, 0], "day": day})
    answer = analyse({"kind": "discovery", "environment": "day"}, frame, workers=1, simulations=20)
    assert "cut into stretches" in " ".join(answer.text.split())
    assert [d.figures["environments"] for d in answer.diagnostics if d.name == "environments"] == [10]
    with pytest.raises(QueryError, match="one value only"):
        analyse({"kind": "discovery", "environment": "day"}, frame.assign(day=1), workers=1)


def test_text_of_sites_cannot_reach_the_terminal() -> None:
    frame = table().rename(columns={"site": "si[red]te"})
    frame["si[red]te"] = frame["si[red]te"].replace({"Oslo": "\x1b[31mOslo"})
    few = frame.drop(frame.index[(frame["dose"] > -3) & frame["si[red]te"].str.contains("Oslo")][:130])
    answer = analyse({"kind": "discovery", "environment": "si[red]te"}, few, workers=1, simulations=20)
    assert "31mOslo" in answer.text and "\x1b" not in answer.text
