"""Every name, however odd, comes back from every format as it went in; so does what is said about an arrow."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyllm_causal.graph import Edge, Graph, Unmeasured
from pyllm_causal.graph_formats import FORMATS, GraphFile, load, parse, render, save

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
ODD = (
    'he said "no"', "back\\slash", "ends in \\", "a -> b", "x; y", "{curly}", "[box]", "line\nbreak", "tab\there", "&amp;", "&#34;",
    "#quot;", "#35;", "\\n", "\\u{41}", "graph", "node", "digraph", "end", "class", "subgraph", "dag", "strict", " lead", "trail ", " ",
    "a|b", "a:b", "µg/l", "体重", "Größe (cm)", "\u202eevil", "__import__('os')", "${x}", "%%", "//", "/* x */", "<b>", "`code`", "'", "0",
    "1e5", "--", "<->", "\ufeff", "\x00", "\x1b[31m", "\u2028", "e\u0301", "🚬", "id", "label", "n0",
)  # fmt: skip


def shape(file: GraphFile) -> tuple[object, ...]:
    """The picture: arrows, hidden causes with what they affect, and roles."""
    hidden = {u.name: set(u.affects) for u in file.graph.unmeasured}
    return set(file.graph.pairs()), hidden, {role: set(names) for role, names in file.roles.items()}


def chain(names: list[str]) -> GraphFile:
    """An arrow from every name to the next, a hidden cause of the two ends."""
    *seen, hidden = names
    edges = tuple(Edge(cause=a, effect=b) for a, b in pairwise(seen))
    unmeasured = (Unmeasured(name=hidden, affects=(seen[0], seen[-1])),)
    roles = {"exposure": (seen[0],), "outcome": (seen[-1],)}
    return GraphFile.model_validate({"graph": Graph(edges=edges, unmeasured=unmeasured), "roles": roles})


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(names=st.lists(NAMES, min_size=3, max_size=6, unique=True))
@example(names=list(ODD))
def test_any_name_comes_back_and_the_format_is_recognised(format: str, names: list[str]) -> None:
    file = chain(names)
    text = render(file, format)
    assert shape(parse(text, format)) == shape(file)
    assert shape(parse(text)) == shape(file)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ODD)
def test_odd_names_leave_nothing_that_a_terminal_obeys(format: str, name: str) -> None:
    text = render(chain([name, "a", "b", "c"]), format)
    assert all(ch == "\n" or ch.isprintable() for ch in text)


@pytest.mark.parametrize("format", ["json", "dot", "gml"])
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(NAMES, min_size=3, max_size=3), source=st.sampled_from(["you", "model", "data"]))
def test_everything_said_comes_back_where_there_is_room_and_so_does_the_signature(
    format: str, texts: list[str], source: str
) -> None:
    edge = Edge.model_validate(
        {"cause": "a", "effect": "b", "reason": texts[0], "confidence": "unsure", "source": source, "note": texts[1]}
    )
    hidden = Unmeasured.model_validate({"name": "u", "affects": ("a", "b"), "reason": texts[2], "source": source})
    graph = Graph(edges=(edge, Edge(cause="b", effect="c")), unmeasured=(hidden,)).sign(
        "Ann", "2026-11-24T13:00:00+00:00"
    )
    back = parse(render(GraphFile(graph=graph, question=texts[0]), format)).graph
    assert back == graph and back.signed_by == "Ann"


def test_mermaid_keeps_the_reason() -> None:
    file = GraphFile(graph=Graph(edges=(Edge(cause="a", effect="b", reason='older "people" quit | more'),)))
    assert parse(render(file, "mermaid")).graph == file.graph


@pytest.mark.parametrize("format", FORMATS)
def test_files(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"g{FORMATS[format].endings[0]}"
    file = chain(["a b", "größe", "c", "d"])
    save(file, path)
    assert shape(load(path)) == shape(file)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert shape(load(path)) == shape(file)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no temporary file is left


def test_networkx_reads_and_writes_the_same_gml() -> None:
    import networkx as nx

    file = chain([*ODD[:12], "µg", "last"])
    graph = nx.parse_gml(render(file, "gml"))
    assert set(graph.edges) == set(file.graph.pairs())
    plain = nx.DiGraph([("Größe \"cm\" & 'mm'", "体重"), ("体重", "c;d")])
    assert parse("\n".join(nx.generate_gml(plain))).graph.pairs() == list(plain.edges)


def test_dot_is_read_by_graphviz_grammar() -> None:
    """pydot, an independent reader of DOT, sees the same edges (names without our own escapes)."""
    pydot = pytest.importorskip("pydot")
    names = ["plain", "with space", "a -> b", "{curly}", "[box]", "graph", "x; y", "Größe", "1e5"]
    file = chain([*names, "hidden"])
    (graph,) = pydot.graph_from_dot_data(render(file, "dot"))
    edges = {
        tuple(re.sub(r'^"|"$', "", end) for end in (e.get_source(), e.get_destination())) for e in graph.get_edges()
    }
    assert edges == set(file.graph.pairs())
