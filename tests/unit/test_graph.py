"""The graph: shorthand, edits, walks, checks."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pyllm_causal.errors import GraphError
from pyllm_causal.graph import Edge, Graph

SMOKING = Graph.of(
    ("age", "quit"), ("age", "weight"), ("quit", "diet"), ("diet", "weight"), ("quit", "weight"),
    unmeasured={"scare": ["quit", "weight"]},
)  # fmt: skip
COLUMNS = ["age", "quit", "weight", "diet"]


def test_pairs_and_objects_are_the_same() -> None:
    pair = Graph.model_validate({"edges": [["a", "b"]]})
    whole = Graph.model_validate({"edges": [{"cause": "a", "effect": "b"}]})
    assert pair == whole == Graph.of(("a", "b"))
    assert Graph.model_validate(pair.model_dump(mode="json")) == pair
    assert pair.edges[0].source == "you"


@pytest.mark.parametrize(
    "edge", [["a"], ["a", "b", "c"], [], "a -> b", {"cause": "a"}, [1, 2], {"cause": "a", "effect": "b", "x": 1}]
)
def test_what_is_no_edge_is_refused(edge: object) -> None:
    with pytest.raises(ValidationError):
        Graph.model_validate({"edges": [edge]})


def test_an_edge_drawn_twice_is_there_once_and_the_first_stays() -> None:
    graph = Graph(
        edges=(Edge(cause="a", effect="b", reason="first"), Edge(cause="b", effect="c"), Edge(cause="a", effect="b"))
    )
    assert [(e.cause, e.effect, e.reason) for e in graph.edges] == [("a", "b", "first"), ("b", "c", None)]


def test_walks() -> None:
    assert SMOKING.descendants("quit") == {"diet", "weight"}
    assert SMOKING.ancestors("weight") == {"age", "quit", "diet", "scare"}
    assert SMOKING.descendants("weight") == set() == SMOKING.ancestors("age")
    assert SMOKING.descendants("nowhere") == set()
    assert SMOKING.hidden() == ["scare"]
    assert SMOKING.nodes() == ["age", "quit", "weight", "diet", "scare"]


def test_edits_give_a_new_graph() -> None:
    more = SMOKING.with_edge("income", "quit", reason="money")
    assert ("income", "quit") in more.pairs() and ("income", "quit") not in SMOKING.pairs()
    assert more.without("income", "quit") == SMOKING
    assert SMOKING.without("no", "such") == SMOKING
    assert ("quit", "weight") not in SMOKING.without("quit", "weight").pairs()
    with pytest.raises(ValidationError):
        SMOKING.edges = ()  # type: ignore[misc]


def test_a_good_graph_passes() -> None:
    SMOKING.check(COLUMNS)
    Graph().check([])
    Graph.of(("a", "chosen")).check(["a"], extra=["chosen"])


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (Graph.of(("age", "age")), "causes itself"),
        (Graph.of(("age", "quit"), ("quit", "age")), "age → quit → age"),
        (
            Graph.of(("age", "quit"), ("quit", "diet"), ("diet", "weight"), ("weight", "quit")),
            "quit → diet → weight → quit",
        ),
        (Graph.of(("aeg", "quit")), "'aeg' is not a column"),
        (Graph.of(("age", "quit"), unmeasured={"diet": ["quit"]}), "listed as unmeasured"),
        (Graph.of(("age", "quit"), unmeasured={"u": ["quti"]}), "'quti'"),
        (Graph.of(("age", "u"), unmeasured={"u": ["age"]}), "age → u → age"),
    ],
)
def test_a_bad_graph_is_named(graph: Graph, words: str) -> None:
    with pytest.raises(GraphError) as caught:
        graph.check(COLUMNS)
    assert words in caught.value.message and caught.value.hint


def test_a_misspelt_node_is_not_hidden_in_silence() -> None:
    with pytest.raises(GraphError, match="Did you mean 'weight'"):
        Graph.of(("age", "wieght")).check(COLUMNS)


nodes = st.sampled_from("abcdefgh")


@settings(deadline=None)
@given(st.lists(st.tuples(nodes, nodes), max_size=14))
def test_a_cycle_is_found_exactly_where_there_is_one(pairs: list[tuple[str, str]]) -> None:
    import networkx as nx

    graph = Graph.of(*pairs)
    cycle = graph.cycle()
    truth = nx.DiGraph(pairs)
    assert (cycle is None) == nx.is_directed_acyclic_graph(truth)
    if cycle:
        assert cycle[0] == cycle[-1] and len(set(cycle)) == len(cycle) - 1
        assert all(truth.has_edge(a, b) for a, b in pairwise(cycle))
    for node in truth:
        assert graph.descendants(node) - {node} == nx.descendants(truth, node)
        assert graph.ancestors(node) - {node} == nx.ancestors(truth, node)


def test_large_graphs_take_no_time() -> None:
    pairs = [(f"n{i}", f"n{j}") for i in range(400) for j in range(i + 1, min(i + 12, 400))]
    chain = [(f"n{i}", f"n{i + 1}") for i in range(5_000)]
    start = time.process_time()
    Graph.of(*pairs).check([f"n{i}" for i in range(400)])
    Graph.of(*chain).check([f"n{i}" for i in range(5_001)])
    assert len(Graph.of(*chain).descendants("n0")) == 5_000
    assert time.process_time() - start < 2
