"""Pictures as other programs write them, what they mean, and errors that say on which line."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.errors import GraphError
from pyllm_causal.graph import Unmeasured
from pyllm_causal.graph_formats import FORMATS, load, parse, save
from pyllm_causal.graph_formats.place import line_of

DAGITTY = """
// from dagitty.net
dag {
bb="-2.4,-3,2.5,3"
"Birth weight" [outcome,pos="1.2,0.3"]
Smoking [exposure,pos="-1.1,0.3"]
Genes [latent,pos="0.1,-1.1"]
Age [adjusted,pos="-0.5,1"]
Clinic [selected]
Genes -> "Birth weight"
Genes -> Smoking
Smoking -> "Birth weight" [pos="0.2,0.1"]
Age -> { Smoking "Birth weight" }
"Birth weight" -> Clinic <- Smoking
Diet <-> "Birth weight"
}
"""


def test_dagitty_with_roles_a_latent_cause_and_a_two_headed_arrow() -> None:
    file = parse(DAGITTY)
    assert {(e.cause, e.effect) for e in file.graph.edges} == {
        ("Smoking", "Birth weight"), ("Age", "Smoking"), ("Age", "Birth weight"), ("Birth weight", "Clinic"), ("Smoking", "Clinic"),
    }  # fmt: skip
    assert file.graph.unmeasured == (
        Unmeasured(name="Genes", affects=("Birth weight", "Smoking")),
        Unmeasured(name="hidden cause of Diet and Birth weight", affects=("Diet", "Birth weight")),
    )
    assert file.roles == {
        "exposure": ("Smoking",),
        "outcome": ("Birth weight",),
        "adjusted": ("Age",),
        "selected": ("Clinic",),
    }
    assert "Diet" in file.columns and "Genes" not in file.columns


@pytest.mark.parametrize(
    "text",
    [
        "dag { x -> m -> y ; x <- z -> y }",
        "dag{x->m m->y\nz->{x y}}",
        "pdag { x -> {m} ; {m} -> y ; {x y} <- z }",
        "strict digraph G { rankdir=LR; node [shape=box]; x -> m -> y [weight=2]; z -> {x; y} }",
        'digraph "a title" {\n# a remark\nsubgraph cluster_0 { label=early; z -> x }\nx:e -> m:w; m -> y; z -> y }',
        "digraph { 0 [label=z]; 1 [label=x]; 2 [label=m]; 3 [label=y]; 0 -> 1; 1 -> 2; 2 -> 3; 0 -> 3 }",
        "digraph { x -> m; y -> m [dir=back]; z -> x; z -> y }",
        'Creator "igraph"\nVersion 1\ngraph\n[\n directed 1\n node [ id 0 label "x" ] node [ id 1 label "m" ]'
        ' node [ id 2 label "y" ]\n node [ id 3 label "z" ] edge [ source 0 target 1 ] edge [source 1 target 2]'
        " edge [source 3 target 0] edge [source 3 target 2] ]",
        'graph[directed 1 node[id "x"] node[id "m"] node[id "y"] node[id "z"] edge[source "x" target "m"]'
        ' edge[source "m" target "y"] edge[source "z" target "x"] edge[source "z" target "y"]]',
        "flowchart LR\n  x --> m --> y\n  z --> x & y",
        "graph TD;\n  A[x]-->B(m);\n  B==>C((y));\n  D{z}-. why .->A;\n  D -- because of that --> C",
        '```mermaid\nflowchart TB\n%% remark\nsubgraph s\n x["`x`"] -->|"why"| m\nend\nclassDef big fill:#f9f\nm ---> y\nz --> x\n'
        "z\n  --> y:::big\n```",
        '{"edges": [["x","m"],["m","y"],["z","x"],{"cause":"z","effect":"y"}]}',
        '{"treatment": "x", "outcome": "y", "graph": {"edges": [["x","m"],["m","y"],["z","x"],["z","y"]]}}',
    ],
)  # fmt: skip
def test_the_same_picture_in_many_hands(text: str) -> None:
    assert set(parse(text).graph.pairs()) == {("x", "m"), ("m", "y"), ("z", "x"), ("z", "y")}


@pytest.mark.parametrize(
    "text",
    [
        'digraph { u [label="Unobserved", observed="no"]; u -> x; u -> y; x -> y }',
        "dag { u [unobserved] u -> {x y} x -> y }",
        "flowchart LR\n u:::latent --> x & y\n x --> y",
        "flowchart LR\n u --> x & y\n x --> y\n class u hidden",
        'graph [ directed 1 node [ id 0 label "u" observed 0 ] node [ id 1 label "x" ] node [ id 2 label "y" ]'
        " edge [ source 0 target 1 ] edge [ source 0 target 2 ] edge [ source 1 target 2 ] ]",
    ],
)
def test_hidden_causes(text: str) -> None:
    graph = parse(text).graph
    assert [(e.cause, e.effect) for e in graph.edges] == [("x", "y")]
    assert graph.unmeasured == (Unmeasured(name="u", affects=("x", "y")),)


@pytest.mark.parametrize(
    "text",
    ["dag { x <-> y }", "digraph { x -> y [dir=both] }", "flowchart LR\n x <--> y", "flowchart LR\n x <-. both .-> y"],
)
def test_two_headed_arrows(text: str) -> None:
    graph = parse(text).graph
    assert not graph.edges and graph.unmeasured == (Unmeasured(name="hidden cause of x and y", affects=("x", "y")),)


def test_a_hidden_cause_may_itself_have_causes() -> None:
    graph = parse("dag { u [latent] x -> u -> y }").graph
    assert [(e.cause, e.effect) for e in graph.edges] == [("x", "u")] and graph.hidden() == ["u"]
    assert graph.descendants("x") == {"u", "y"}


def test_an_answer_carries_its_picture_and_question() -> None:
    file = parse('{"status": "answered", "graph": {"edges": [["x","y"]]}, "provenance": {"query": {"question": "Does x?",'
                 '"treatment": "x", "outcome": "y"}}}')  # fmt: skip
    assert (file.question, file.only("exposure"), file.only("outcome")) == ("Does x?", "x", "y")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dag {\n x -> y\n y -> x\n}", r"Line 3: the arrows go round in a circle: x → y → x\."),
        ("digraph {\n a -> b;\n b -> c;\n c -> a }", r"Line 4: .*circle"),
        ("dag {\n x -> x }", r"Line 2: x is drawn as a cause of itself"),
        ("dag {\n x -- y }", r"Line 2: a line without a direction"),
        ("dag {\n\n x @-> y }", r"Line 3: a circle at the end of an arrow"),
        ("pag { x -> y }", r"Line 1: a pag stands for many graphs"),
        ("digraph {\n x -> y [dir=none] }", r"Line 2: a line without a direction"),
        ("graph {\n x -- y }", r"Line 2: a line without a direction"),
        ('digraph {\n "x -> y }', r"Line 2: a quotation mark is not closed"),
        ("digraph {\n x -> y", r"Line 2: `}` is expected, and 'the end of the file'"),
        ("digraph {\n x -> }", r"Line 2: a name is expected, and '}'"),
        ("digraph { x -> y }\ndigraph { y -> z }", r"Line 2: the end of the file is expected, and 'digraph'"),
        ("dag {\n a#b -> c }", r"Line 2: '#' cannot stand here"),
        ("dag { /* x -> y }", r"Line 1: a comment is not closed"),
        ('digraph { "" -> y }', r"Line 1: a name is empty"),
        ("digraph {\n edge [dir=back]\n x -> y }", r"Line 2: all arrows are given another direction"),
        ("digraph { 0 [label=a]; 1 [label=a]; 0 -> 1 }", r"two nodes are labelled 'a'"),
        ('graph [ node [ id 0 label "x" ] ]', r"Line 1: the graph has no directions"),
        ('graph [\n directed 1\n node [ id 0 ]\n edge [ source 0 target 7 ] ]', r"Line 4: an edge ends at '7'"),
        ("graph [\n directed 1\n node [ id 0 ]\n node [ id 0 ] ]", r"Line 4: two nodes have the id '0'"),
        ("graph [ directed 1\n node [ id ] ]", r"Line 2: a value is expected, and '\]'"),
        ('graph [ directed 1\n label "x ]', r"Line 2: a quotation mark is not closed"),
        ("flowchart LR\n x --- y", r"Line 2: a line without a direction"),
        ("flowchart LR\n x --x y", r"Line 2: a line without a direction"),
        ("flowchart LR\n x --> y\n y[never closed", r"Line 3: the text of a node is not closed"),
        ("flowchart LR\n x y", r"Line 2: an arrow is expected at 'y'"),
        ("flowchart LR\n x -->", r"Line 2: a node is expected"),
        ("flowchart LR\n a[same] --> b\n c[same] --> b", r"Line 3: two nodes are called 'same'"),
        ('{"edges": [["a","b"],\n["b"]]}', r"Line 2: `graph.edges.2` cannot be used: an edge is a pair"),
        ('{"edges": [["a","b"],\n\n{"cause":"b","effect":"c","confidence":"very"}]}', r"Line 3: .*confidence"),
        ('{"edges": [["a","b"],\n}', r"Line 2: this is no valid JSON"),
        ('{"edges": [["a","b"],\n["b","c"],\n["c","a"]]}', r"Line 3: the arrows go round in a circle: a → b → c → a"),
        ('{"graph": {"edges": [["a","b"],\n{"cause": "b", "effect": "b"}]}}', r"Line 2: b is drawn as a cause of itself"),
        ('{"edges": [["a","b"],\n["b",""]]}', r"Line 2: a name is empty"),
        ('{"edges": [], "edges": []}', r"says edges twice"),
        ('{"format": "pyllm-causal graph", "version": 2}', r"version 2; this program reads version 1"),
        ('{"nothing": 1}', r"no graph in this JSON document"),
        ("[1]", r"must be one JSON object"),
        ("", r"empty"),
        ("hello -> world", r"no graph in a format that is known: it begins with 'hello -> world'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_line_and_what_to_do(text: str, says: str) -> None:
    with pytest.raises(GraphError, match=says) as caught:
        parse(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "dag {" + "{" * 400 + "}" * 400 + "}",
        "graph [ directed 1 " + "a [ " * 400 + "] " * 400 + "]",
        "[" * 100_000,
        '{"edges":' + "[" * 100_000 + "}",
        "digraph { a -> <" + "<" * 10_000 + " }",
        "digraph { " + " ".join(f"v{i}" for i in range(6_000)) + " }",
        "digraph { {"
        + " ".join(f"v{i}" for i in range(2_000))
        + "} -> {"
        + " ".join(f"w{i}" for i in range(2_000))
        + "} }",
        "flowchart LR\n "
        + " & ".join(f"v{i}" for i in range(2_000))
        + " --> "
        + " & ".join(f"w{i}" for i in range(2_000)),
        "dag { " + "n" * 20_000 + " -> y }",
        "flowchart LR\n x " + "-- " * 20_000,
        'digraph { "' + "\\" * 300_000,
    ],
)
def test_size_and_depth_are_bounded(text: str) -> None:
    start = time.process_time()
    with pytest.raises(GraphError):
        parse(text)
    assert time.process_time() - start < 5


PIECES = st.sampled_from(
    ["dag {", "digraph {", "graph [", "directed 1", "flowchart LR\n", "}", "]", "[", "{", "->", "<->", "--", "-->", "-.->", "|", '"',
     "a", "b", "c", "node", "edge", "id 1", "source 1", "target 1", "label", "=", ";", "\n", ",", "&", ":::", "%%", "//", "/*", "#", "@",
     "\\", "\x00", "µ", '{"edges": [', '["a", "b"]', "end", "class", "subgraph", "(", ")", "<", ">", " "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=25), st.sampled_from(list(FORMATS)))
def test_rubbish_is_an_error_or_a_graph_and_nothing_else(pieces: list[str], format: str) -> None:
    text = " ".join(pieces)
    for how in (format, None):
        with contextlib.suppress(GraphError):
            graph = parse(text, how).graph
            assert graph.cycle() is None and "" not in graph.nodes()


def test_a_thousand_nodes_are_read_at_once() -> None:
    start = time.process_time()
    graph = parse("dag {" + "\n".join(f"v{i} -> v{i + 1}\nv{i} -> v{i + 2}" for i in range(1_000)) + "}").graph
    assert len(graph.edges) == 2_000 and time.process_time() - start < 5


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe" + "dag { µ -> y }".encode("utf-16-le"), b"\xef\xbb\xbfdag { \xc2\xb5 -> y }"]
)
def test_encodings(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "g.txt"
    path.write_bytes(raw)
    assert load(path).graph.pairs() == [("µ", "y")]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "graph.json").write_bytes(b"\xe9\xe9")
    with pytest.raises(GraphError, match="not text in UTF-8"):
        load(folder / "graph.json")
    with pytest.raises(GraphError, match="cannot be read") as caught:
        load(folder / "grahp.json")
    assert "graph.json" in caught.value.hint
    with pytest.raises(GraphError, match="cannot be read"):
        load(folder)


def test_formats_and_places_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="no graph format 'gmll'") as caught:
        parse("graph [ directed 1 ]", "gmll")
    assert "'gml'" in caught.value.hint
    with pytest.raises(GraphError, match="cannot be written"):
        save(parse("dag { x -> y }"), tmp_path / "nowhere" / "g.json")
    (tmp_path / "big.json").write_bytes(b" " * 5_000_001)
    with pytest.raises(GraphError, match="larger than 5,000,000 bytes"):
        load(tmp_path / "big.json")
    (tmp_path / "g.gml").write_text("grph [ ]", encoding="utf-8")
    with pytest.raises(GraphError, match=r"g\.gml, line 1: there are 0 graphs"):
        load(tmp_path / "g.gml")


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 2), (("a",), 3), (("a", 1), 4), (("a", 1, "b"), 5), (("a", 9), 3), (("z",), 2), (("a", 0, "x"), 3)],
)
def test_the_line_of_a_part_of_a_json_document(path: tuple[int | str, ...], line: int) -> None:
    assert line_of('\n{"c": {"a": 7},\n"a": [ 1,\n{\n"b": "x"}]}', path) == line
