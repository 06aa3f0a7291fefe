"""Where the table speaks against a picture: by links, time and shape, in plain words, with choices that do what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal.causal.contest import applied, contest
from pyllm_causal.data import Table
from pyllm_causal.graph import Graph
from pyllm_causal.pipeline import analyse, parse_query
from tests.statistical.contest_worlds import WRONG, right, wrong


def asked(frame: pd.DataFrame, edges: list[Any], **more: Any) -> Any:
    describe = more.pop("describe", None)
    query = parse_query({"treatment": "t", "outcome": "y", "graph": {"edges": edges}, **more})
    return contest(query, Table.read(frame, describe=describe))


def confounded(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    c = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-1.2 * c))).astype(int)
    return pd.DataFrame({"c": c, "t": t, "y": t + c + rng.normal(size=n)})


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_picture_is_contested_by_the_right_name(kind: str) -> None:
    cases = list(wrong(kind, 2, stream=41))
    assert len(cases) == 2
    assert any(case.named for case in cases)


def test_right_pictures_are_left_alone() -> None:
    assert not any(case.records for case in right(10, stream=41))


def test_a_missing_arrow_that_the_answer_rests_on_comes_first_and_can_be_put_in() -> None:
    rng = np.random.default_rng(1)
    frame = confounded()
    frame["a"] = rng.normal(size=3000)
    frame["b"] = 2 * frame["a"] + rng.normal(size=3000)  # the stronger link, and a harmless one
    frame["y"] += frame["a"] - frame["b"]
    edges = [("c", "y"), ("t", "y"), ("a", "y"), ("b", "y")]
    first, *others = asked(frame, edges)
    assert {first.cause, first.effect} == {"c", "t"} and first.matters and first.about == "missing arrow"
    assert first.choices == ("accept", "add") and "go together" in first.sentence
    assert [(o.matters, {o.cause, o.effect}) for o in others] == [(False, {"a", "b"})]
    graph = Graph.of(*edges).sign("Ann", "2026-01-01")
    assert applied(graph, first, "accept").signed_by == "Ann"
    mended = applied(graph, first, "add")
    assert mended.signed_by is None and (first.cause, first.effect) in mended.pairs()
    assert not any(r.matters for r in asked(frame, mended.pairs()))


def test_an_arrow_that_is_turned_round_is_named_and_flipping_it_mends_the_picture() -> None:
    rng = np.random.default_rng(2)
    n = 3000
    z = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-1.5 * z))).astype(int)
    m = 1.2 * t + rng.normal(size=n)
    frame = pd.DataFrame({"z": z, "t": t, "m": m, "y": m + z + rng.normal(size=n)})
    drawn = [("z", "t"), ("z", "y"), ("m", "t"), ("m", "y"), ("t", "y")]
    found = {(r.cause, r.effect): r for r in asked(frame, drawn)}
    assert ("m", "t") in found
    record = found["m", "t"]
    assert record.about == "direction" and record.matters and record.choices == ("accept", "flip", "drop")
    assert asked(frame, applied(Graph.of(*drawn), record, "flip").pairs()) == ()
    assert ("m", "t") not in applied(Graph.of(*drawn), record, "drop").pairs()


def test_an_arrow_without_a_link_is_named_only_where_one_would_have_been_seen() -> None:
    rng = np.random.default_rng(3)
    frame = confounded(4000)
    frame["w"] = rng.normal(size=4000)
    edges = [("c", "t"), ("c", "y"), ("t", "y"), ("w", "t")]
    (record,) = asked(frame, edges)
    assert (record.cause, record.effect, record.about) == ("w", "t", "arrow")
    assert record.choices == ("accept", "drop") and not record.matters
    assert asked(frame.head(300), edges) == ()


@pytest.mark.parametrize(
    ("names", "arrow", "said"),
    [
        (("x_1990", "t_1980"), ("x_1990", "t_1980"), "1990"),
        (("smoking", "sex"), ("smoking", "sex"), "settled at birth"),
    ],
)
def test_an_arrow_against_time_is_named(names: tuple[str, str], arrow: tuple[str, str], said: str) -> None:
    rng = np.random.default_rng(4)
    frame = confounded()
    a, b = names
    frame[b] = (rng.random(len(frame)) < 0.5).astype(int)
    frame[a] = frame[b] + rng.normal(size=len(frame))
    edges = [("c", "t"), ("c", "y"), ("t", "y"), arrow]
    found = [r for r in asked(frame, edges) if r.evidence == "time"]
    assert [(r.cause, r.effect) for r in found] == [arrow]
    assert said in found[0].sentence and "flip" in found[0].choices
    assert not [r for r in asked(frame, [*edges[:3], arrow[::-1]]) if r.evidence == "time"]


@pytest.mark.parametrize(("noise", "told"), [("skewed", True), ("normal", False)])
def test_shape_tells_the_direction_where_it_can(noise: str, told: bool) -> None:
    rng = np.random.default_rng(5)
    n = 4000

    def left() -> Any:
        return rng.exponential(size=n) - 1 if noise == "skewed" else rng.normal(size=n)

    frame = confounded(n)
    frame["a"] = left()
    frame["b"] = 0.7 * frame["a"] + left()
    edges = [("c", "t"), ("c", "y"), ("t", "y")]
    wrong_way = [r for r in asked(frame, [*edges, ("b", "a")]) if r.evidence == "shape"]
    assert [(r.cause, r.effect) for r in wrong_way] == ([("b", "a")] if told else [])
    assert asked(frame, [*edges, ("a", "b")]) == ()


def sites(seed: int, sites: int = 8, rows: int = 500) -> pd.DataFrame:
    """a → b, where a alone differs from site to site, in its mean and its spread."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(sites), rows)
    a = rng.normal(size=sites)[site] + rng.uniform(0.5, 2.0, size=sites)[site] * rng.normal(size=sites * rows)
    b = 0.8 * a + rng.normal(size=len(a))
    c = rng.normal(size=len(a))
    t = (rng.random(len(a)) < 1 / (1 + np.exp(-c))).astype(int)
    y = t + c + rng.normal(size=len(a))
    return pd.DataFrame({"a": a, "b": b, "c": c, "t": t, "y": y, "site": np.array(list("ABCDEFGH"))[site]})


@pytest.mark.parametrize("seed", range(3))
def test_environments_tell_the_direction(seed: int) -> None:
    edges = [("c", "t"), ("c", "y"), ("t", "y")]
    frame = sites(seed)
    found = [r for r in asked(frame, [*edges, ("b", "a")], environment="site") if r.evidence == "places"]
    assert [(r.cause, r.effect, r.about) for r in found] == [("b", "a", "direction")]
    assert "from one site to the next (8 of them)" in found[0].sentence
    assert not [r for r in asked(frame, [*edges, ("a", "b")], environment="site") if r.evidence == "places"]
    assert not [r for r in asked(frame, [*edges, ("b", "a")]) if r.evidence == "places"]


def test_an_environment_outside_the_picture_that_drives_both_is_named() -> None:
    frame = sites(0)
    site = frame["site"].map(dict(zip("ABCDEFGH", [-1, 1, 0, 2, -2, 0.5, 1.5, -0.5], strict=True)))
    rng = np.random.default_rng(9)
    frame["t"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-frame["c"] - site))).astype(int)
    frame["y"] = frame["t"] + frame["c"] + site + rng.normal(size=len(frame))
    edges = [("c", "t"), ("c", "y"), ("t", "y")]
    found = asked(frame, edges, environment="site")
    assert {(r.cause, r.effect) for r in found} == {("site", "t"), ("site", "y")}
    assert all(r.matters and r.choices == ("accept", "add") and "may drive both" in r.sentence for r in found)
    assert asked(frame, [*edges, ("site", "t"), ("site", "y")], environment="site") == ()
    answer = analyse(
        {"treatment": "t", "outcome": "y", "environment": "site", "graph": {"edges": edges}}, frame, simulations=20
    )
    assert "may drive both" in " ".join(answer.text.split())


def test_what_reads_no_picture_contests_none() -> None:
    frame = confounded()
    assert asked(frame, [("c", "y"), ("t", "y")], design={"kind": "randomised"}) == ()
    query = parse_query({"treatment": "t", "outcome": "y", "adjust_for": ["c"]})
    assert contest(query, Table.read(frame)) == ()


def test_the_answer_says_what_is_contested_and_without_checks_nothing_is() -> None:
    query = {"treatment": "t", "outcome": "y", "graph": {"edges": [("c", "y"), ("t", "y")]}}
    answer = analyse(query, confounded(), simulations=20)
    assert answer.contested and answer.contested[0].matters
    assert "go together" in answer.text.split("What this rests on")[1].replace("\n", " ")
    quiet = analyse(query, confounded(), checks=False)
    assert quiet.contested == () and quiet.pictures is None and quiet.next_question is None
