"""`pyllm-causal report`, and `--report FILE` beside an answer."""

from __future__ import annotations

import json
import stat
import webbrowser
from pathlib import Path

import pytest

from tests.cli.terminal import drug_table, query_file, run

QUERY = {"treatment": "drug", "outcome": "result", "adjust_for": ["age"], "question": "Does the drug help?"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("asked")
    report = folder / "first.html"
    done = run(
        "analyse", query_file(folder, QUERY), "--data", drug_table(folder), "--json", "--no-checks", "--report", report
    )
    assert done.code == 0
    assert done.document["status"] == "answered"  # standard output is the document alone
    assert "first.html" in done.err
    answer = folder / "answer.json"
    answer.write_text(done.out, "utf-8")
    return answer, report


def test_a_report_is_written_beside_an_answer(asked):
    _answer, report = asked
    assert "<title>Does the drug help?</title>" in report.read_text("utf-8")
    assert report.with_suffix(".md").read_text("utf-8").startswith("# Does the drug help?")


def test_a_report_from_a_saved_answer_is_the_same(asked, tmp_path):
    answer, report = asked
    done = run("report", answer, "--out", tmp_path / "again.html")
    assert (done.code, done.err) == (0, "")
    assert "again.html" in done.out
    assert (tmp_path / "again.html").read_bytes() == report.read_bytes()


def test_the_script_that_repeats_the_number_is_in_it_where_the_table_is_at_hand(asked, tmp_path):
    answer, report = asked
    assert "def run(" in report.read_text("utf-8")
    alone = tmp_path / "alone.json"
    alone.write_bytes(answer.read_bytes())
    assert run("report", alone).code == 0
    text = alone.with_suffix(".html").read_text("utf-8")
    assert "def run(" not in text
    assert "export script" in text
    named = run("report", alone, "--data", answer.parent / "table.csv")
    assert named.code == 0
    assert "def run(" in alone.with_suffix(".html").read_text("utf-8")


def test_without_out_it_lies_beside_the_answer(asked):
    answer, _ = asked
    assert run("report", answer).code == 0
    assert answer.with_suffix(".html").exists()


def test_the_last_answer_is_kept_for_its_owner_alone(asked, tmp_path, monkeypatch):
    import platformdirs

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))
    nothing = run("report", "--last")
    assert nothing.code == 2
    assert "No answer has been kept" in nothing.err
    folder = asked[0].parent
    assert run("analyse", query_file(tmp_path, QUERY), "--data", folder / "table.csv", "--no-checks").code == 0
    assert run("report", "--last").code == 0
    assert "Does the drug help?" in (tmp_path / "report.html").read_text("utf-8")
    kept = Path(platformdirs.user_data_path("pyllm-causal", appauthor=False)) / "last.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_it_opens_only_when_asked(asked, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert run("report", asked[0], "--out", tmp_path / "a.html").code == 0
    assert opened == []
    assert run("report", asked[0], "--out", tmp_path / "a.html", "--open").code == 0
    assert opened == [(tmp_path / "a.html").resolve().as_uri()]


def test_standard_input_is_read(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("report", "-", stdin=asked[0].read_text("utf-8")).code == 0
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "not valid JSON"), ("[1]", "is no answer"), ('{"status": "answered", "zz": 1}', "does not know"), ("[" * 100_000, "too deeply")],
    ids=["half", "list", "field", "deep"],
)  # fmt: skip
def test_what_is_no_answer_is_said(tmp_path, content, said):
    path = tmp_path / "a.json"
    path.write_text(content, "utf-8")
    done = run("report", path)
    assert done.code == 2
    assert said in done.err
    assert done.error is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json"]


def test_an_error_document_has_no_report(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"status": "error", "error": {"code": "data", "message": "No such table."}}), "utf-8")
    done = run("report", path)
    assert done.code == 2
    assert "No such table" in done.err


def test_one_of_the_two_is_needed(asked):
    for arguments in ((), (asked[0], "--last")):
        done = run("report", *arguments)
        assert done.code == 2
        assert "--last" in done.err


def test_a_report_that_cannot_be_written_does_not_cost_the_answer(asked, tmp_path):
    folder = asked[0].parent
    done = run(
        "analyse", query_file(tmp_path, QUERY), "--data", folder / "table.csv", "--json", "--no-checks", "--report",
        tmp_path / "none" / "a.html",
    )  # fmt: skip
    assert done.document["status"] == "answered"
    assert done.code == 2
    assert "cannot be written" in done.err
