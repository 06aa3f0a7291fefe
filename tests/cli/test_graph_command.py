"""`pyllm-causal graph …`, and `--graph FILE` on ask, read and analyse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal import pipeline, study
from pyllm_causal.errors import GraphError
from pyllm_causal.graph import Graph
from pyllm_causal.graph_formats import load
from tests.cli.terminal import drug_table, query_file, run

ASKED = "Does the drug raise the result?"
PICTURE = "dag {\n drug [exposure]\n result [outcome]\n age -> drug\n age -> result\n drug -> result\n}\n"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drug_table(tmp_path_factory.mktemp("graph"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.dagitty"
    path.write_text(PICTURE, encoding="utf-8")
    return path


@pytest.fixture
def signed(picture: Path, tmp_path: Path) -> Path:
    path = tmp_path / "signed.json"
    assert run("graph", "sign", picture, "--by", "Ann", "-o", path).code == 0
    return path


def edited(path: Path, **fields: Any) -> Path:
    """The graph file with its first arrow changed by hand."""
    document = json.loads(path.read_text(encoding="utf-8"))
    document["graph"]["edges"][0] |= fields
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


class TestDraftAndSign:
    def test_draft_review_sign_use(self, table: Path, tmp_path: Path) -> None:
        path = tmp_path / "g.json"
        done = run("graph", "draft", ASKED, "--data", table, "-o", path)
        assert done.code == 0 and "drug ──▶ result" in done.out and "graph sign" in done.err
        file = load(path)
        assert file.question == ASKED and file.only("exposure") == "drug" and file.columns == ("age", "drug", "result")
        assert file.data is not None and file.data.rows == 80 and len(file.data.fingerprint) == 64
        done = run("read", ASKED, "--data", table, "--graph", path, "--json")
        assert done.document["query"]["sources"] == {"graph": "data"} and "Nobody has reviewed" in done.err
        done = run("graph", "sign", path, "--by", "Ann", "--note", "age -> drug: Smith 2019")
        assert (
            done.code == 0
            and "Ann reviewed the picture of causes on" in done.out
            and "note: age ──▶ drug: Smith 2019" in done.out
        )
        assert load(path).graph.signed_by == "Ann" and load(path).question == ASKED
        done = run("read", ASKED, "--data", table, "--graph", path, "--json")
        assert done.document["query"]["sources"] == {"graph": "you"} and not done.err.count("Nobody")
        assert done.document["graph"]["reviewed_by"] == "Ann"
        assert [s["step"] for s in done.document["steps"]] == ["read"]  # nothing is drafted any more

    def test_draft_to_standard_output_is_one_document(self, table: Path) -> None:
        done = run("graph", "draft", ASKED, "--data", table)
        assert done.document["format"] == "pyllm-causal graph" and done.document["version"] == 1
        assert {e["cause"] for e in done.document["graph"]["edges"]} == {"age", "drug"}

    def test_a_question_that_is_not_understood_becomes_a_choice(self, table: Path, tmp_path: Path) -> None:
        done = run("graph", "draft", "Does it work?", "--data", table, "-o", tmp_path / "g.json")
        assert done.code == 2 and "--treatment" in done.out and not (tmp_path / "g.json").exists()
        done = run("graph", "draft", "Does it work?", "--data", table, "--treatment", "drug", "--outcome", "result")
        assert done.code == 0

    def test_what_is_signed_is_not_overwritten(self, table: Path, signed: Path, picture: Path) -> None:
        before = signed.read_bytes()
        for command in (
            ("draft", ASKED, "--data", table), ("import", picture), ("draw", picture, "--format", "json"),
        ):  # fmt: skip
            done = run("graph", *command, "-o", signed)
            assert done.code == 2 and "signed by Ann and is not overwritten" in done.err
        assert signed.read_bytes() == before
        done = run("graph", "sign", signed, "--by", "Bob")
        assert (
            done.code == 0
            and "takes the place of the signature of Ann" in done.err
            and load(signed).graph.signed_by == "Bob"
        )

    def test_only_a_graph_file_is_signed_in_place(self, picture: Path, tmp_path: Path) -> None:
        answer = query_file(tmp_path, {"graph": {"edges": [["a", "b"]]}, "treatment": "a", "outcome": "b"})
        for path in (picture, answer):
            before = path.read_bytes()
            done = run("graph", "sign", path, "--by", "Ann")
            assert done.code == 2 and "cannot hold a signature" in done.err and path.read_bytes() == before

    @pytest.mark.parametrize(
        ("options", "says"),
        [(("--by", " "), "is empty"), (("--by", "A", "--note", "x -> y: z"), "no arrow for the note")],
    )
    def test_signing_badly(self, signed: Path, options: tuple[str, ...], says: str) -> None:
        done = run("graph", "sign", signed, *options)
        assert done.code == 2 and says in done.err and load(signed).graph.signed_by == "Ann"

    def test_a_suspicion_stays_one(self, tmp_path: Path) -> None:
        hidden = [{"name": "luck", "affects": ["a", "b"], "source": "model"}]
        document = {
            "format": "pyllm-causal graph",
            "version": 1,
            "graph": {"edges": [["a", "b"]], "unmeasured": hidden},
        }
        path = query_file(tmp_path, document, "g.json")
        done = run("graph", "sign", path, "--by", "Ann")
        assert "still only that: luck" in done.err and load(path).graph.unmeasured[0].source == "model"


class TestCheck:
    def test_fine(self, table: Path, signed: Path) -> None:
        done = run("graph", "check", signed, "--data", table)
        assert done.code == 0 and "✓ Ann reviewed" in done.out and "compare rows alike in age" in done.out
        done = run("graph", "check", signed, "--data", table, "--json")
        assert done.document["verdict"]["adjust_for"] == ["age"] and done.document["signature"] == "holds"

    def test_a_void_signature_is_said(self, table: Path, signed: Path) -> None:
        done = run("graph", "check", edited(signed, confidence="unsure"), "--data", table)
        assert "✗ Ann signed the picture of causes on" in done.out and "no longer holds" in done.out

    def test_another_table_is_said(self, table: Path, tmp_path: Path) -> None:
        path = tmp_path / "g.json"
        run("graph", "draft", ASKED, "--data", table, "-o", path)
        lines = table.read_text(encoding="utf-8").splitlines()
        shorter = tmp_path / "shorter.csv"
        shorter.write_text("\n".join(lines[:70]), encoding="utf-8")
        assert "another table" in run("graph", "check", path, "--data", shorter).out
        assert "another table" not in run("graph", "check", path, "--data", table).out

    def test_what_cannot_be_told_is_refused_with_exit_3(self, table: Path, tmp_path: Path) -> None:
        path = query_file(tmp_path, "dag { u [latent] u -> {drug result} drug -> result }", "g.dagitty")
        done = run("graph", "check", path, "--data", table, "--treatment", "drug", "--outcome", "result")
        assert done.code == 3 and "✗" in done.out and "What would help" in done.out

    @pytest.mark.parametrize(
        ("text", "options", "says"),
        [
            ("dag { agee -> result }", (), "'agee' is not a column"),
            ("dag { age [latent] age -> result }", (), "listed as unmeasured, but the table has a column"),
            ("dag { age -> result }", ("--treatment", "drug", "--outcome", "result"), "says nothing about 'drug'"),
            ("dag { age -> result }", ("--treatment", "age"), "Only one end"),
            ("dag { age -> result -> age }", (), "g.dagitty, line 1: the arrows go round in a circle"),
        ],
    )
    def test_bad(self, table: Path, tmp_path: Path, text: str, options: tuple[str, ...], says: str) -> None:
        done = run("graph", "check", query_file(tmp_path, text, "g.dagitty"), "--data", table, *options)
        assert done.code == 2 and says in done.err


class TestDrawDiffImport:
    def test_draw_and_read_back(self, signed: Path, tmp_path: Path) -> None:
        first = load(signed)
        assert "age ──▶ drug, result" in run("graph", "draw", signed).out
        for name, ending in (
            ("dot", "dot"),
            ("gml", "gml"),
            ("mermaid", "mmd"),
            ("dagitty", "dagitty"),
            ("json", "json"),
        ):
            path = tmp_path / f"out.{ending}"
            done = run("graph", "draw", signed, "--format", name, "-o", path)
            assert done.code == 0 and set(load(path).graph.pairs()) == set(first.graph.pairs())
            assert run("graph", "draw", signed, "--format", name).out == path.read_text(encoding="utf-8")
            assert run("graph", "diff", signed, path).code == 0
        assert load(tmp_path / "out.dot").graph.signed_by == "Ann"
        done = run("graph", "draw", signed, "--format", "png")
        assert done.code == 2 and "Say text, json" in done.err

    def test_diff(self, signed: Path, tmp_path: Path) -> None:
        other = query_file(tmp_path, "dag { drug -> age -> result }", "other.dagitty")
        done = run("graph", "diff", signed, other)
        assert done.code == 1 and "↔ drug ──▶ age" in done.out and "− drug ──▶ result" in done.out
        assert run("graph", "diff", signed, other, "--json").document["flipped"] == [["drug", "age"]]
        assert run("graph", "diff", signed, tmp_path / "none.json").code == 2

    def test_import(self, picture: Path, tmp_path: Path) -> None:
        done = run("graph", "import", picture)
        assert done.document["roles"] == {"exposure": ["drug"], "outcome": ["result"]}
        path = tmp_path / "g.json"
        done = run("graph", "import", picture, "-o", path)
        assert done.code == 0 and "3 arrows" in done.err and load(path).only("outcome") == "result"
        assert run("graph", "import", picture, "--from", "gml").code == 2


class TestUse:
    """The picture of a file in later questions."""

    def test_analyse_takes_it_in_place_of_the_querys_own(self, table: Path, signed: Path, tmp_path: Path) -> None:
        query = query_file(
            tmp_path, {"treatment": "drug", "outcome": "result", "graph": {"edges": [["drug", "result"]]}}
        )
        done = run("analyse", query, "--data", table, "--graph", signed, "--no-checks", "--json")
        assert done.document["estimand"]["adjust_for"] == ["age"]
        assert done.document["provenance"]["query"]["sources"] == {"graph": "you"}
        changed = edited(signed, source="data")
        done = run("analyse", query, "--data", table, "--graph", changed, "--no-checks", "--json")
        assert done.document["provenance"]["query"]["sources"] == {"graph": "data"} and "no longer holds" in done.err
        assert done.document["graph"]["reviewed_by"] is None
        assert "nobody has checked the list of shared causes yet" in done.document["certainty"]["down"]

    def test_ask_takes_it(self, table: Path, signed: Path) -> None:
        done = run("ask", ASKED, "--data", table, "--graph", signed, "--no-checks", "--json")
        assert done.code == 0 and done.document["graph"]["reviewed_by"] == "Ann"
        assert done.document["provenance"]["query"]["sources"] == {"graph": "you"}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("dag { age -> result }", "The graph says nothing about 'drug'"),
            ("dag { drug -> result agee -> result }", "'agee' is not a column"),
            ("dag { drug -> ", "g.dagitty, line 1: a name is expected"),
        ],
    )
    def test_a_picture_that_does_not_fit_the_question(self, table: Path, tmp_path: Path, text: str, says: str) -> None:
        path = query_file(tmp_path, text, "g.dagitty")
        for command in (("read", ASKED), ("ask", ASKED), ("ask", ASKED, "--treatment", "drug", "--outcome", "result")):
            done = run(*command, "--data", table, "--graph", path, "--json")
            assert done.code == 2 and says in done.err
        assert done.document["error"]["code"] == "graph"

    def test_a_selection_in_the_picture_reaches_the_query(self, table: Path, tmp_path: Path) -> None:
        path = query_file(tmp_path, "dag { chosen [selected] drug -> result -> chosen drug -> chosen }", "g.dagitty")
        done = run("ask", ASKED, "--data", table, "--graph", path, "--no-checks", "--json")
        assert done.code == 3 and done.document["provenance"]["query"]["selected_on"] == ["chosen"]

    def test_a_model_named_design_stays_the_models(self, table: Path, signed: Path) -> None:
        """A picture by hand says nothing about who claims the design."""
        from pyllm_causal.language.read import _together

        fields = {"kind": "effect", "sources": {"design": "model"}}
        assert _together(fields, {"sources": {"graph": "you"}})["sources"] == {"design": "model", "graph": "you"}
        given = {"sources": {"graph": "you"}, "design": {"kind": "randomised"}}
        assert _together(fields, given)["sources"] == {"graph": "you"}

    def test_nothing_is_drafted_and_the_reviewer_keeps_the_picture(self, table: Path) -> None:
        graph = Graph.of(("drug", "result"))
        reading = pipeline.read(ASKED, table, overrides={"graph": graph})
        assert reading.graph == graph and not reading.bad_controls and [s.step for s in reading.steps] == ["read"]
        answer = pipeline.ask(ASKED, table, overrides={"graph": graph}, review=lambda r: r, checks=False)
        assert answer.graph == graph

    def test_the_answer_says_who_reviewed_it(self, table: Path, signed: Path) -> None:
        done = run("ask", ASKED, "--data", table, "--graph", signed, "--no-checks", "--json")
        assert done.document["reviewed_by"] == "Ann"
        assert "Ann reviewed the picture of causes; nothing was changed since." in done.document["text"]
        done = run(
            "ask", ASKED, "--data", table, "--graph", edited(signed, confidence="unsure"), "--no-checks", "--json"
        )
        assert done.document["reviewed_by"] is None and "Ann" not in done.document["text"]


class TestStudy:
    def test_a_file_serves_every_question(self, table: Path, signed: Path) -> None:
        one = study.Study(table, graph=signed, checks=False)
        assert (
            one.ask(ASKED).graph == load(signed).graph and one.query is not None and one.query.source("graph") == "you"
        )
        one.ask(ASKED, graph=None)
        assert one.graph.reviewed_by is None and one.query.source("graph") == "data"
        one.what_if(graph=str(signed))
        assert one.graph.signed_by == "Ann" and one.query.source("graph") == "you"
        with pytest.warns(UserWarning, match="no longer holds"):
            one.what_if(graph=edited(signed, source="model"))
        assert one.query.source("graph") == "model"
        with pytest.raises(GraphError, match="cannot be read"):
            study.Study(table, graph="nowhere.json")

    def test_read_and_ask(self, table: Path, signed: Path) -> None:
        reading = study.read(ASKED, table, graph=signed)
        assert reading.graph is not None and reading.graph.signed_by == "Ann"
