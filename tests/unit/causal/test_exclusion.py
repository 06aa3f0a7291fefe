"""Instruments of a graph: against a brute-force search with networkx's d-separation, and what spoils them."""

from __future__ import annotations

import itertools
import random
import time

import networkx as nx

from pyllm_causal.causal.exclusion import Breach, breach, conditioning_set, instruments_of, valid_instrument
from pyllm_causal.causal.separation import causal_nodes
from pyllm_causal.graph import Graph


def brute(graph: Graph, z: str, t: str, y: str, allowed: set[str]) -> bool:
    """Whether any set of ancestors makes `z` an instrument, by trying all of them."""
    children = graph.children()
    whole = nx.DiGraph([(a, b) for a, kids in children.items() for b in kids])
    cut = whole.copy()
    cut.remove_edges_from([(t, c) for c in children[t] if c in causal_nodes(children, t, y)])
    late = nx.descendants(whole, t) | nx.descendants(whole, y) | {t, y}
    if z in late or nx.is_d_separator(whole, {z}, {t}, set()):
        return False
    free = sorted((allowed - late - {z}) & (nx.ancestors(cut, y) | nx.ancestors(cut, z)))
    return any(
        nx.is_d_separator(cut, {z}, {y}, set(w)) and not nx.is_d_separator(whole, {z}, {t}, set(w))
        for r in range(len(free) + 1)
        for w in itertools.combinations(free, r)
    )


def test_finds_every_instrument_and_no_other() -> None:
    rnd = random.Random(0)
    found = 0
    for _ in range(400):
        n = rnd.randint(4, 7)
        names = [f"v{i}" for i in range(n)]
        chance = rnd.choice([0.2, 0.35, 0.5])
        pairs = [(a, b) for a, b in itertools.combinations(names, 2) if rnd.random() < chance]
        t, y = (names[i] for i in sorted(rnd.sample(range(1, n), 2)))
        pairs = [*pairs, (t, y)]
        hidden = {f"u{i}": rnd.sample(names, 2) for i in range(rnd.randint(1, 3))} | {"uu": [t, y]}
        graph = Graph.of(*pairs, unmeasured=hidden)
        usable = {v for v in graph.nodes() if v not in hidden and (v in (t, y) or rnd.random() < 0.85)}
        listed = dict(instruments_of(graph, t, y, usable))
        for z in sorted(usable - {t, y}):
            assert (z in listed) == brute(graph, z, t, y, usable - {t, y}), (z, t, y, pairs, hidden)
            if z in listed:
                assert valid_instrument(graph.children(), z, t, y, listed[z])
        found += len(listed)
    assert found > 150


def test_conditional_instruments_as_in_card_1995() -> None:
    """Nearness to a college, given region: DoWhy 0.14 lists none."""
    graph = Graph.of(
        ("region", "near"), ("region", "wage"), ("near", "school"), ("school", "wage"), ("age", "school"), ("age", "wage"),
        unmeasured={"talent": ["school", "wage"]},
    )  # fmt: skip
    assert instruments_of(graph, "school", "wage", {"region", "near", "age"}) == [("near", ("age", "region"))]
    assert instruments_of(graph, "school", "wage", {"near", "age"}) == []
    assert not valid_instrument(graph.children(), "near", "school", "wage", ["age"])
    assert conditioning_set(graph.children(), ["near"], "school", "wage", {"region"}) == ("region",)


def test_no_instrument_for_a_treatment_without_effect_or_out_of_the_graph() -> None:
    graph = Graph.of(("z", "t"), ("y", "x"))
    assert instruments_of(graph, "t", "y", {"z", "x"}) == []
    assert instruments_of(graph, "q", "y", {"z", "x"}) == []


def test_what_spoils_an_instrument() -> None:
    base = [("z", "t"), ("t", "m"), ("m", "y")]
    hidden = {"u": ["t", "y"]}

    def why(
        *more: tuple[str, str], given: tuple[str, ...] = (), also: dict[str, list[str]] | None = None
    ) -> Breach | None:
        graph = Graph.of(*base, *more, unmeasured=hidden | (also or {}))
        return breach(graph.children(), "z", "t", "y", given)

    assert why() is None
    assert why(("z", "y")) == Breach("direct", ("z", "y"))
    assert why(("z", "m")) == Breach("direct", ("z", "m"))
    assert why(("z", "q"), ("q", "y")) == Breach("direct", ("z", "q"))
    assert why(("z", "q"), ("q", "y"), given=("q",)) is None
    assert why(also={"place": ["z", "y"]}) == Breach("shared", ("place",))
    assert why(("x", "z"), ("x", "y")) == Breach("shared", ("x",))
    assert why(("x", "z"), ("x", "y"), given=("x",)) is None
    late = Graph.of(("t", "z"), ("t", "y"))
    assert breach(late.children(), "z", "t", "y", ()) == Breach("late", ("z",))
    apart = Graph.of(("z", "q"), ("t", "y"))
    assert breach(apart.children(), "z", "t", "y", ()) == Breach("untouched", ("z",))


def test_rows_chosen_by_a_consequence_of_the_treatment_spoil_every_instrument() -> None:
    graph = Graph.of(("z", "t"), ("t", "y"), ("t", "s"), unmeasured={"u": ["t", "y"]})
    assert valid_instrument(graph.children(), "z", "t", "y")
    assert not valid_instrument(graph.children(), "z", "t", "y", selected=["s"])
    assert conditioning_set(graph.children(), ["z"], "t", "y", {"z"}, ["s"]) is None


def test_hundreds_of_nodes_take_milliseconds() -> None:
    rnd = random.Random(0)
    names = [f"v{i}" for i in range(300)]
    pairs = [(a, names[j]) for j in range(1, 300) for a in rnd.sample(names[:j], min(j, 3))]
    graph = Graph.of(*pairs, ("v150", "v299"), unmeasured={"u": ["v150", "v299"]})
    start = time.process_time()
    assert instruments_of(graph, "v150", "v299", set(names))
    assert time.process_time() - start < 1.0  # 0.07 s when nothing else runs
