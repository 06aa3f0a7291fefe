"""Bad input of every kind through the real command line: the right exit code, one line, one hint, nothing written."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Run, folder_of, query_file, run, start, table_file

ROWS = 80


def people() -> dict[str, list[Any]]:
    """Eighty made-up people in whom `drug` raises `result` by about two, more often taken by the old."""
    draw = random.Random(7)
    age = [draw.randint(20, 70) for _ in range(ROWS)]
    drug = [int(draw.random() < (a / 90)) for a in age]
    result = [round(2 * d + a / 20 + draw.gauss(0, 1), 3) for d, a in zip(drug, age, strict=True)]
    return {
        "age": age,
        "sex": [draw.randint(0, 1) for _ in age],
        "drug": drug,
        "result": result,
        "arm": [draw.choice("abc") for _ in age],
        "two": [draw.choice(["red", "blue"]) for _ in age],
        "mood": [draw.choice(["good", "bad"]) for _ in age],
        "code": [f"x{i}" for i in range(ROWS)],
        "id": list(range(ROWS)),
        "empty": [None] * ROWS,
        "same": [1] * ROWS,
        "zero": [0] * ROWS,
        "negative": [round(draw.uniform(-1, 1), 2) for _ in age],
        "infinite": ["inf", *range(1, ROWS)],
        "day": [f"2020-01-{1 + i % 28:02d}" for i in range(ROWS)],
        "late": [round(r + draw.gauss(0, 1), 2) for r in result],
        "site": [draw.randint(1, 5) for _ in age],
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_file(tmp_path_factory.mktemp("data"), people())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, to see whether anything is written."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def message_and_hint(done: Run) -> tuple[str, str]:
    """The two lines of an error, and nothing but progress before them."""
    assert done.error is None, repr(done.error)
    assert "Traceback" not in done.err + done.out
    lines = [line for line in done.err.splitlines() if not line.startswith(("✓ ", "No language model is set"))]
    assert len(lines) == 2, done.err
    assert lines[0].startswith("Error: ") and len(lines[0]) > len("Error: ") + 10
    assert lines[1].startswith("  ") and len(lines[1].strip()) > 10
    return lines[0].removeprefix("Error: "), lines[1].strip()


def refused_as_input(*arguments: Any, says: str = "", hints: str = "", code: str = "", stdin: str = "") -> None:
    """Exit code 2 with a line and a hint, as text and as exactly one document."""
    text = run(*arguments, stdin=stdin)
    assert text.code == 2, (text.out, text.err)
    assert text.out == ""
    message, hint = message_and_hint(text)
    assert says in message
    assert hints in hint
    for line in (message, hint):
        assert all(c.isprintable() for c in line), repr(line)
    as_json = run(*arguments, "--json", stdin=stdin)
    assert as_json.code == 2
    assert message_and_hint(as_json) == (message, hint)
    document = as_json.document
    assert document["status"] == "error"
    error = document["error"]
    assert set(error) == {"code", "message", "hint"} and all(error.values())
    assert error["message"][:100] == message[:100]
    assert code in ("", error["code"])
    assert document["effect"] is None and document["certainty"] is None


def ask_of(table: Path, here: Path, query: Any) -> tuple[Any, ...]:
    return ("analyse", query_file(here.parent, query), "--data", table)


def fine(**fields: Any) -> dict[str, Any]:
    """A query that works, with fields changed; None takes a field out."""
    query = {"treatment": "drug", "outcome": "result", "adjust_for": ["age"], **fields}
    return {name: value for name, value in query.items() if value is not None}


def graph(*pairs: tuple[str, str], unmeasured: Any = ()) -> dict[str, Any]:
    edges = [["age", "drug"], ["age", "result"], ["drug", "result"], *map(list, pairs)]
    return {"edges": edges, "unmeasured": list(unmeasured)}


def drawn(*pairs: tuple[str, str], unmeasured: Any = (), **fields: Any) -> dict[str, Any]:
    return fine(**{"adjust_for": None, "graph": graph(*pairs, unmeasured=unmeasured), **fields})


def test_the_query_that_all_others_spoil_works(table: Path, here: Path) -> None:
    done = run(*ask_of(table, here, fine()), "--json")
    assert (done.code, done.document["status"]) == (0, "answered")
    assert 1 < done.document["effect"]["value"] < 3


TABLES: dict[str, tuple[bytes, str, str]] = {
    "empty.csv": (b"", "empty", "header"),
    "blank.csv": (b"\n\n  \n", "empty", "header"),
    "header.csv": (b"drug,result,age\n", "no rows", ""),
    "one_row.csv": (b"drug,result,age\n1,2,3\n", "only 1 row", "two rows"),
    "twice.csv": (b"drug,drug,result\n1,2,3\n0,1,2\n1,1,2\n", "more than one column named 'drug'", "name of its own"),
    "binary.csv": (bytes(range(256)) * 40, "format", "CSV"),
    "zeros.csv": (b"\0" * 1000, "format", "CSV"),
    "program": (b"\x7fELF" + bytes(200), "format", "CSV"),
    "pickle.csv": (b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93.", "", ""),
    "broken.parquet": (b"PAR1 nonsense", "damaged", ""),
    "broken.xlsx": (b"PK nonsense", "damaged", ""),
    "broken.sqlite": (b"SQLite format 3\0 nonsense", "damaged", ""),
    "broken.csv.gz": (b"\x1f\x8b nonsense", "damaged", ""),
    "broken.jsonl": (b"{nope", "not JSON", ""),
    "page.csv": (b"<html><body><table><tr><td>a</td></tr></table></body></html>", "web page", ""),
    "ragged.csv": (b"drug,result\n1,2\n1,2,3,4\n", "Line 3", ""),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_used(name: str, here: Path) -> None:
    content, says, hints = TABLES[name]
    (here.parent / name).write_bytes(content)
    refused_as_input(*ask_of(here.parent / name, here, fine()), says=says, hints=hints, code="data")
    assert folder_of(here) == {}
    assert (here.parent / name).read_bytes() == content


def test_ten_thousand_columns_fail_at_once(here: Path) -> None:
    rows = "\n".join(",".join("1" * 10_000) for _ in range(3))
    path = here.parent / "wide.csv"
    path.write_text(",".join(f"n{i}" for i in range(10_000)) + "\n" + rows + "\n")
    refused_as_input(*ask_of(path, here, fine()), says="10,000 columns", code="data")


def test_files_that_are_not_there(table: Path, here: Path) -> None:
    refused_as_input(*ask_of(table.with_name("tabel.csv"), here, fine()), says="tabel.csv", hints="table.csv")
    refused_as_input(*ask_of(table.parent, here, fine()), says="folder", code="data")
    refused_as_input(*ask_of(Path("/dev/null"), here, fine()), code="data")
    refused_as_input(
        "analyse", here / "none.json", "--data", table, says="cannot be read", hints="schema", code="query"
    )
    refused_as_input("analyse", here, "--data", table, says="cannot be read", code="query")
    (here.parent / "query.bin").write_bytes(b"\xff\xfe\x00\xd8")
    refused_as_input("analyse", here.parent / "query.bin", "--data", table, says="not text", code="query")
    assert folder_of(here) == {}


QUERY_TEXTS = {
    "nothing": "",
    "half": '{"treatment": ',
    "list": "[1]",
    "null": "null",
    "text": '"drug"',
    "deep list": "[" * 100_000,
    "deep object": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "deep field": '{"treatment": "drug", "outcome": "result", "compare": ' + '{"a":' * 300 + "1" + "}" * 301,
    "deep value": '{"treatment": "drug", "outcome": "result", "treated": ' + "[" * 900 + "]" * 900 + "}",
    "NaN": '{"treatment": "drug", "outcome": "result", "matters": NaN}',
    "NaN as a level": '{"treatment": "drug", "outcome": "result", "adjust_for": [], "treated": NaN}',
    "Infinity": '{"treatment": "drug", "outcome": "result", "matters": Infinity}',
    "1e999": '{"treatment": "age", "outcome": "result", "adjust_for": [], "treated": 1e999}',
    "a number of 5,000 digits": '{"treatment": "age", "outcome": "result", "treated": ' + "9" * 5_000 + "}",
    "a number of 400 digits": '{"treatment": "age", "outcome": "result", "adjust_for": [], "treated": '
    + "9" * 400
    + "}",
    "a key twice": '{"treatment": "age", "treatment": "drug", "outcome": "result", "adjust_for": []}',
    "half a character": '{"treatment": "\\ud800", "outcome": "result"}',
    "terminal codes in a key": '{"\\u001b[31mred\\u202e": 1}',
    "terminal codes in a name": '{"treatment": "\\u001b[31mred\\u202e", "outcome": "result"}',
}


@pytest.mark.parametrize("name", QUERY_TEXTS)
def test_a_query_file_that_is_no_query(name: str, table: Path, here: Path) -> None:
    refused_as_input(*ask_of(table, here, QUERY_TEXTS[name]))


def test_a_query_from_standard_input(table: Path, here: Path) -> None:
    refused_as_input("analyse", "-", "--data", table, says="not valid JSON", stdin="{nope")
    assert run("analyse", "-", "--data", table, stdin=json.dumps(fine())).code == 0


# name: (query, words of the message, words of the hint, error code)
QUERIES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "treatment is the outcome": (fine(outcome="drug"), "same column", "", "query"),
    "no treatment": (fine(treatment=None), "`treatment` is missing", "", "query"),
    "empty treatment": (fine(treatment=""), "`treatment` is missing", "", "query"),
    "no outcome": (fine(outcome=None), "`outcome` is missing", "", "query"),
    "empty outcome column": (fine(outcome="empty"), "'empty' is empty", "", "query"),
    "empty treatment column": (fine(treatment="empty"), "'empty' is empty", "", "query"),
    "empty covariate": (fine(adjust_for=["empty"]), "'empty' is empty", "", "query"),
    "empty column described": ({"kind": "association", "outcome": "empty"}, "'empty' is empty", "", "query"),
    "infinite outcome": (fine(outcome="infinite"), "infinite", "", "query"),
    "infinite treatment": (fine(treatment="infinite"), "infinite", "", "query"),
    "infinite covariate": (fine(adjust_for=["infinite"]), "infinite", "", "query"),
    "infinite weights": (fine(weights="infinite"), "no usable weights", "", "query"),
    "infinite column described": ({"kind": "association", "outcome": "infinite"}, "infinite", "", "query"),
    "misspelt treatment": (fine(treatment="drgu"), "treatment 'drgu'", "'drug'", "unknown_column"),
    "misspelt outcome": (fine(outcome="reslt"), "outcome 'reslt'", "'result'", "unknown_column"),
    "misspelt covariate": (fine(adjust_for=["agee"]), "adjust_for column 'agee'", "'age'", "unknown_column"),
    "misspelt cluster": (fine(cluster="sit"), "cluster column 'sit'", "'site'", "unknown_column"),
    "misspelt weights": (fine(weights="zer"), "weights column 'zer'", "'zero'", "unknown_column"),
    "misspelt category": (fine(categorical=["armm"]), "categorical column 'armm'", "'arm'", "unknown_column"),
    "misspelt filter": (fine(where="agee > 3"), "filter column 'agee'", "'age'", "unknown_column"),
    "misspelt selection": (fine(selected_on=["aage"]), "selected_on column 'aage'", "'age'", "unknown_column"),
    "misspelt negative control": (fine(negative_outcomes=["aage"]), "'aage'", "'age'", "unknown_column"),
    "misspelt stratum": (
        fine(design={"kind": "randomised", "strata": ["sit"]}), "strata column 'sit'", "'site'", "unknown_column",
    ),
    "misspelt description": ({"kind": "association", "outcome": "reslt"}, "'reslt'", "'result'", "unknown_column"),
    "name unlike any column": (fine(treatment="zzzzzz"), "'zzzzzz'", "The columns are 'age'", "unknown_column"),
    "cycle": (drawn(("result", "age")), "age → drug → result → age", "Remove one", "graph"),
    "self-loop": (drawn(("age", "age")), "'age' causes itself", "Remove", "graph"),
    "misspelt node": (drawn(("aeg", "drug")), "graph node 'aeg'", "`unmeasured`", "graph"),
    "hidden cause that is a column": (
        drawn(unmeasured=[{"name": "sex", "affects": ["drug"]}]), "'sex' is listed as unmeasured", "", "graph",
    ),
    "hidden cause of a misspelt node": (
        drawn(unmeasured=[{"name": "luck", "affects": ["drgu"]}]), "'drgu'", "'drug'", "graph",
    ),
    "an edge of three": (fine(graph={"edges": [["age", "drug", "sex"]]}), "pair", "", "query"),
    "edges as text": (fine(graph={"edges": "age -> drug"}), "`graph.edges` must be a list", "", "query"),
    "graph as a list": (fine(graph=[["age", "drug"]]), "`graph` must be an object", "", "query"),
    "unknown design": (fine(design={"kind": "magic"}), "'magic'", "'randomised'", "query"),
    "design as text": (fine(design="randomised"), "`design` must be an object", "", "query"),
    "design without a kind": (fine(design={}), "`design` must say its `kind`", "", "query"),
    "design with a foreign field": (fine(design={"kind": "randomised", "stata": []}), "stata", "", "query"),
    "unknown kind": (fine(kind="magic"), "`kind` should be 'effect'", "", "query"),
    "unknown scale": (fine(scale="log"), "`scale`", "", "query"),
    "unknown target": (fine(target="men"), "`target`", "", "query"),
    "unknown field": (fine(treatmnt="drug"), "`treatmnt`", "`treatment`", "query"),
    "a number for a name": (fine(treatment=5), "`treatment` must be text", "", "query"),
    "text for a list": (fine(adjust_for="age"), "`adjust_for` must be a list", "", "query"),
    "a list for a level": (fine(treated=[1]), "`treated` must be", "", "query"),
    "text for a number": (fine(matters="much"), "`matters`", "", "query"),
    "matters below zero": (fine(matters=-1), "`matters`", "", "query"),
    "matters of zero": (fine(matters=0), "`matters`", "", "query"),
    "an unknown claimant": (fine(sources={"design": "god"}), "`sources.design`", "", "query"),
    "negative weights": (fine(weights="negative"), "negative numbers", "zero or more", "query"),
    "zero weights": (fine(weights="zero"), "no usable weights", "", "query"),
    "text weights": (fine(weights="arm"), "no usable weights", "", "query"),
    "weights that are the outcome": (fine(weights="result"), "`weights`", "", "query"),
    "clusters that are the outcome": (fine(cluster="result"), "`cluster`", "", "query"),
    "filter with a call": (fine(where="__import__('os').system('touch pwned')"), "filter", "conditions", "query"),
    "filter with or": (fine(where="age > 3 or sex == 1"), "filter", "`and`", "query"),
    "filter without a value": (fine(where="age >"), "filter", "", "query"),
    "filter that fits no row": (fine(where="age > 300"), "No row fits", "`where`", "query"),
    "filter with a text for a number": (fine(where="age == old"), "'age' holds numbers", "", "query"),
    "filter that orders texts": (fine(where="arm > 3"), "'arm' holds text", "'a'", "query"),
    "filter with an absent level": (fine(where="arm == z"), "No row has 'z'", "'a'", "query"),
    "absent treated level": (fine(treatment="arm", treated="z", control="a"), "'z' is not a value", "'a'", "query"),
    "absent control level": (fine(treatment="arm", treated="a", control="z"), "'z' is not a value", "'a'", "query"),
    "treated is control": (fine(treated=1, control=1), "same value", "", "query"),
    "treated is control, written differently": (fine(treated="yes", control=1), "both mean 1", "", "query"),
    "treated is control in another case": (
        fine(treatment="arm", treated="a", control="A"), "both mean 'a'", "", "query",
    ),
    "treated is control as numbers": (
        fine(treatment="age", treated=30, control=30.0, adjust_for=["sex"]), "same", "", "query",
    ),
    "text for a dose": (fine(treatment="age", treated="old", adjust_for=["sex"]), "'age' holds numbers", "", "query"),
    "text outcome without its event": (fine(outcome="mood"), "counts as the event", "`outcome_event`", "query"),
    "three-level outcome without its event": (fine(outcome="arm"), "counts as the event", "", "query"),
    "absent event": (fine(outcome="arm", outcome_event="z"), "'z' is not a value", "'a'", "query"),
    "an event of a number": (fine(outcome_event=3), "`outcome_event`", "", "query"),
    "two-level text treatment without treated": (fine(treatment="two"), "counts as treated", "`treated`", "query"),
    "three-level treatment without control": (fine(treatment="arm"), "counts as treated", "`control`", "query"),
    "three-level treatment with treated alone": (fine(treatment="arm", treated="a"), "3 values", "`control`", "query"),
    "adjusting for the treatment": (fine(adjust_for=["drug"]), "'drug' is the treatment", "adjust_for", "query"),
    "adjusting for the outcome": (fine(adjust_for=["result"]), "'result' is the outcome", "adjust_for", "query"),
    "strata by the treatment": (
        fine(design={"kind": "randomised", "strata": ["drug"]}), "'drug' is the treatment", "strata", "query",
    ),
    "adjusting for a descendant": (
        drawn(("drug", "late"), adjust_for=["age", "late"]), "late comes after drug", "age", "graph",
    ),
    "adjusting for a descendant in an experiment": (
        drawn(("drug", "late"), adjust_for=["late"], design={"kind": "randomised"}),
        "late comes after the treatment", "adjust_for", "graph",
    ),
    "strata by a descendant": (
        drawn(("drug", "sex"), design={"kind": "randomised", "strata": ["sex"]}), "sex comes after", "", "graph",
    ),
    "adjusting for too little": (drawn(adjust_for=["sex"]), "age is not adjusted for", "age", "graph"),
    "opening a collider": (
        drawn(("mood", "late"), ("two", "late"), ("mood", "drug"), ("two", "result"), adjust_for=["age", "late"]),
        "late opens a path", "Take late out", "graph",
    ),
    "odds ratio of a number": (fine(scale="odds_ratio"), "odds ratio needs a yes/no", "difference", "query"),
    "ratio of negative numbers": (fine(outcome="negative", scale="ratio"), "negative values", "difference", "query"),
    "percent of negative numbers": (fine(outcome="negative", scale="percent"), "negative values", "", "query"),
    "compliers without an instrument": (fine(target="compliers"), "instrument", "", "query"),
    "date treatment": (fine(treatment="day"), "holds dates", "", "query"),
    "date outcome": (fine(outcome="day"), "holds dates", "", "query"),
    "text id as treatment": (fine(treatment="code"), "'code'", "", "query"),
    "text id as covariate": (fine(adjust_for=["code"]), "too many", "Group", "query"),
    "too many categories": (fine(treatment="id", categorical=["id"]), "80 different values", "Group", "query"),
    "too many categories to adjust for": (fine(adjust_for=["id"], categorical=["id"]), "too many", "Group", "query"),
    "effect on itself as a check": (fine(negative_outcomes=["drug"]), "negative_outcomes", "", "query"),
    "too long words": (fine(words={"treatment": "x" * 100}), "`words.treatment`", "", "query"),
    "imputation of a design of its own": (
        fine(missing="impute", design={"kind": "panel", "unit": "id", "time": "day"}), "impute", "complete rows", "query",
    ),
    "unknown method": (fine(method="magic"), "'magic' is not known", "regression", "query"),
    "method that does not fit": (fine(method="post_stratified"), "does not fit", "regression", "query"),
    "a chance of more than one": (
        fine(outcome="drug", treatment="sex", adjust_for=[], matters=5), "difference of chances", "5 in 100", "query",
    ),
    "horizon without an event": (fine(horizon=3), "`horizon` has no use", "`event`", "query"),
    "groups without a question about them": (fine(by_levels=[0, 1]), "`by_levels` has no use", "effect_by_group", "query"),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_cannot_be_carried_out(name: str, table: Path, here: Path) -> None:
    query, says, hints, code = QUERIES[name]
    before = table.read_bytes()
    refused_as_input(*ask_of(table, here, query), says=says, hints=hints, code=code)
    assert folder_of(here) == {}
    assert table.read_bytes() == before


NOT_YET = [
    *({"kind": kind} for kind in ("mediation", "counterfactual", "attribution", "discovery")),
    {"kind": "effect_by_group", "by": "sex"},
    *(
        {"design": design}
        for design in (
            {"kind": "instrument", "instruments": ["sex"]},
            {"kind": "discontinuity", "running": "age", "cutoff": 40},
            {"kind": "differences", "time": "sex", "group": "site"},
            {"kind": "panel", "unit": "id", "time": "day"},
            {"kind": "front_door", "mediators": ["late"]},
            {"kind": "mediation", "mediators": ["late"]},
            {"kind": "synthetic_control", "unit": "id", "time": "age", "treated_unit": 3, "start": 40},
        )
    ),
    {"scale": "hazard_ratio"},
    {"event": "sex"},
    {"horizon": 3},
    {"environment": "sex"},
    {"row": 3},
    {"compare": {"column": "sex", "from": 0, "to": 1}},
    {"threshold": 2.5},
    {"by_levels": [0, 1]},
]


@pytest.mark.parametrize("fields", NOT_YET, ids=str)
def test_what_is_not_answered_yet_is_never_left_out_in_silence(fields: dict[str, Any], table: Path, here: Path) -> None:
    """Either it is answered as asked, or it is refused by name; a field that is not understood is not ignored."""
    done = run(*ask_of(table, here, fine(**fields)), "--json")
    if done.code == 2 and done.document["status"] == "error":
        assert done.document["error"]["code"] != "internal" and done.document["error"]["hint"], done.err
        return
    assert done.code in (0, 2, 3), done.err
    assert all(done.document["provenance"]["query"][k] for k in fields)


# name: (query, words of the reason)
REFUSALS = {
    "constant treatment": (fine(treatment="same"), "same value in every row"),
    "treatment constant after the filter": (fine(where="drug == 1"), "nothing to compare"),
    "constant outcome": (fine(outcome="same"), "is the same in all"),
    "hidden cause": (drawn(unmeasured=[{"name": "luck", "affects": ["drug", "result"]}]), "luck"),
    "hidden cause, with a set that cannot help": (
        drawn(unmeasured=[{"name": "luck", "affects": ["drug", "result"]}], adjust_for=["age"]),
        "luck",
    ),
    "outcome before treatment": (fine(adjust_for=None, graph={"edges": [["result", "drug"]]}), "comes before"),
    "sample chosen by a collider": (
        drawn(("drug", "seen"), ("result", "seen"), selected_on=["seen"]),
        "chosen by seen",
    ),
    "one cluster": (fine(cluster="same"), "one group of same"),
    "two rows": (fine(where="id < 2"), "too few"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_told_is_refused_with_three(name: str, table: Path, here: Path) -> None:
    query, reason = REFUSALS[name]
    arguments = ask_of(table, here, query)
    done = run(*arguments)
    assert (done.code, done.error) == (3, None), done.err
    assert "Error" not in done.err and "Traceback" not in done.err
    assert done.out.startswith("We can't tell from this table")
    assert reason in " ".join(done.out.split())
    document = run(*arguments, "--json").document
    assert document["status"] == "not_identified"
    assert document["effect"] is None and document["certainty"] is None
    assert document["why_not"] and document["would_help"]
    assert folder_of(here) == {}


def test_no_claim_about_shared_causes_needs_a_person(table: Path, here: Path) -> None:
    arguments = ask_of(table, here, fine(adjust_for=None))
    done = run(*arguments, "--json")
    assert done.code == 2
    document = done.document
    assert document["status"] == "needs_review"
    assert document["effect"] is None and document["association"]["value"] > 0
    assert "adjust_for" in " ".join(document["would_help"])


OPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "no table": (("analyse", "QUERY"), "--data"),
    "seed in words": (("analyse", "QUERY", "--data", "TABLE", "--seed", "seven"), "--seed"),
    "seed below zero": (("analyse", "QUERY", "--data", "TABLE", "--seed", "-1"), "--seed"),
    "unknown option": (("analyse", "QUERY", "--data", "TABLE", "--fast"), "--fast"),
    "two queries": (("analyse", "QUERY", "QUERY", "--data", "TABLE"), "extra argument"),
    "unknown command": (("guess", "QUERY"), "guess"),
    "unknown schema": (("schema", "table"), "table"),
    "record and replay": (("ask", "WHY", "--data", "TABLE", "--record", "r", "--replay", "r"), "at once"),
    "replay of nothing": (("ask", "WHY", "--data", "TABLE", "--replay", "nowhere"), "nowhere"),
    "replay of a file": (("ask", "WHY", "--data", "TABLE", "--replay", "TABLE"), "recordings"),
    "record without a model": (("ask", "WHY", "--data", "TABLE", "--record", "r"), "no model to record"),
    "unknown share": (("ask", "WHY", "--data", "TABLE", "--share", "rows"), "--share"),
    "unknown share in read": (("read", "WHY", "--data", "TABLE", "--share", "rows"), "--share"),
    "unknown share in a dry run": (("ask", "WHY", "--data", "TABLE", "--share", "rows", "--dry-run"), "--share"),
    "address that is none": (("ask", "WHY", "--data", "TABLE", "--model", "openai/x", "--api-base", "ftp://x"), "http"),
    "password in the address": (
        ("ask", "WHY", "--data", "TABLE", "--model", "openai/x", "--api-base", "http://u:hunter22@127.0.0.1/"),
        "password",
    ),
    "empty model": (("ask", "WHY", "--data", "TABLE", "--model", ""), "model name"),
    "empty question": (("ask", " ", "--data", "TABLE"), "question is empty"),
    "endless question": (("ask", "why " * 1000, "--data", "TABLE"), "too long"),
    "description file that is not there": (("ask", "WHY", "--data", "TABLE", "--describe", "@gone.txt"), "gone.txt"),
    "misspelt --treatment": (("ask", "WHY", "--data", "TABLE", "--treatment", "drgu"), "drgu"),
    "misspelt --outcome": (("read", "WHY", "--data", "TABLE", "--outcome", "reslt"), "reslt"),
    "misspelt --adjust-for": (("ask", "WHY", "--data", "TABLE", "--adjust-for", "agee"), "agee"),
    "misspelt --where": (("ask", "WHY", "--data", "TABLE", "--where", "agee > 3"), "agee"),
    "code in --where": (("ask", "WHY", "--data", "TABLE", "--where", "__import__('os')"), "filter"),
    "same column twice": (("ask", "WHY", "--data", "TABLE", "--treatment", "drug", "--outcome", "drug"), "same column"),
    "adjusting for the treatment": (("ask", "WHY", "--data", "TABLE", "--adjust-for", "drug"), "treatment"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_make_no_sense(name: str, table: Path, here: Path) -> None:
    words, says = OPTIONS[name]
    stand = {"QUERY": query_file(here.parent, fine()), "TABLE": table, "WHY": "Does the drug change the result?"}
    arguments = [stand.get(word, word) for word in words]
    if words[0] in ("guess", "schema"):
        done = run(*arguments)
        assert done.code == 2 and done.out == "" and says in message_and_hint(done)[0]
    else:
        refused_as_input(*arguments, says=says)
    assert "hunter22" not in run(*arguments).err
    assert folder_of(here) == {}


def test_a_question_about_nothing_in_the_table_asks_back(table: Path, here: Path) -> None:
    done = run("ask", "Is the moon made of cheese?", "--data", table, "--json")
    assert done.code == 2
    document = done.document
    assert document["status"] == "needs_review" and document["effect"] is None
    assert set(document["choices"]) == {"treatment", "outcome"}
    reading = run("read", "Is the moon made of cheese?", "--data", table, "--json")
    assert reading.code == 2 and reading.document["status"] == "choose"


CODE = "__import__('pathlib').Path('pwned').write_text('x')"
CODES = [CODE, f"I({CODE})", f"{{{{ {CODE} }}}}", "`$(touch pwned)`; '"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("role", ["treatment", "outcome", "adjust_for", "graph", "where", "categorical", "strata"])
def test_a_column_named_as_code_is_only_a_name(code: str, role: str, table: Path, here: Path) -> None:
    renamed = {"treatment": "drug", "outcome": "result"}.get(role, "age")
    data = {code if name == renamed else name: column for name, column in people().items()}
    path = table_file(here.parent, data, "code.csv")
    queries = {
        "treatment": fine(treatment=code),
        "outcome": fine(outcome=code),
        "adjust_for": fine(adjust_for=[code]),
        "graph": fine(adjust_for=None, graph={"edges": [[code, "drug"], [code, "result"], ["drug", "result"]]}),
        "where": fine(adjust_for=["sex"], where=f'"{code}" > 25'),
        "categorical": fine(adjust_for=["sex", code], categorical=[code], where="sex == 1"),
        "strata": fine(adjust_for=[], design={"kind": "randomised", "strata": [code]}),
    }
    done = run("analyse", query_file(here.parent, queries[role]), "--data", path, "--json", "--expert")
    assert done.error is None
    assert done.code in (0, 3), done.err
    assert folder_of(here) == {}
    assert not Path("pwned").exists()


RAW = ["\x1b[31mred\x07", "a\u202ebc\u2066d", "\x9b31m\u200bx", "\ufeffx\u200f y"]


@pytest.mark.parametrize("name", RAW, ids=ascii)
def test_terminal_codes_in_names_never_reach_the_terminal(name: str, here: Path) -> None:
    data = people()
    data |= {name: data.pop("age"), f"t{name}": data.pop("drug"), f"o{name}": data.pop("result")}
    path = table_file(here.parent, data, "codes.csv")
    pair = {"treatment": f"t{name}", "outcome": f"o{name}"}
    both = [[name, f"t{name}"], [name, f"o{name}"]]
    queries = [
        {**pair, "adjust_for": [name]},
        {**pair, "graph": {"edges": both}},
        {**pair, "graph": {"edges": [*both, [f"o{name}", name]]}},
        {**pair, "graph": {"edges": both, "unmeasured": [{"name": f"u{name}", "affects": list(pair.values())}]}},
        {**pair, "graph": {"edges": [[f"o{name}", f"t{name}"]]}},
        {**pair, "graph": {"edges": both}, "adjust_for": []},
        {**pair, "adjust_for": [name], "where": f'"{name}" > 1000'},
        {**pair, "adjust_for": [name], "where": f"{name} > 25"},
        {**pair, "adjust_for": [f"o{name}"]},
        {**pair, "adjust_for": [f"zz{name}"]},
        {**pair},
        {"kind": "association", **pair},
        {**pair, "adjust_for": [name], f"x{name}": 1},
        {**pair, "adjust_for": [], "design": {"kind": name}},
        {**pair, "treatment": "arm", "treated": name, "control": "a", "adjust_for": []},
    ]
    for query in queries:
        for options in ((), ("--json",), ("--quiet",), ("--expert",)):
            if options == ("--expert",) and query is not queries[0]:
                continue
            done = run("analyse", query_file(here.parent, query), "--data", path, *options)
            assert done.error is None and done.code in (0, 2, 3), (query, done.err)
            for text in (done.out, done.err):
                raw = {c for c in text if unicodedata.category(c)[0] == "C"} - {"\n"}
                assert not raw, (query, options, raw)
    for command in ("ask", "read"):
        done = run(command, f"Does t{name} change o{name}?", "--data", path)
        assert done.error is None and done.code in (0, 2)
        assert not {c for c in done.out + done.err if unicodedata.category(c)[0] == "C"} - {"\n"}


def test_a_traceback_is_there_for_those_who_ask(table: Path, here: Path) -> None:
    done = run(*ask_of(table, here, fine(treatment="drgu")), "--debug")
    assert done.code == 2 and done.error is None
    assert "Traceback" in done.err and "Error: The treatment 'drgu'" in done.err


def test_our_own_fault_is_said_plainly(table: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyllm_causal.causal import identify

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(identify, "identify", broken)
    done = run(*ask_of(table, here, fine()), "--json")
    assert done.code == 1 and done.error is None
    assert "secret detail" not in done.out + done.err and "Traceback" not in done.err
    assert done.document["error"]["code"] == "internal"
    message_and_hint(done)


SEPARATE = {
    "missing file": (("analyse", "QUERY", "--data", "gone.csv"), 2),
    "unknown column": (("analyse", "QUERY", "--data", "TABLE"), 2),
    "no such option": (("analyse", "QUERY", "--data", "TABLE", "--fast"), 2),
}


@pytest.mark.parametrize("name", SEPARATE)
def test_as_a_process_of_its_own(name: str, table: Path, here: Path) -> None:
    words, code = SEPARATE[name]
    stand = {"QUERY": query_file(here.parent, fine(outcome="reslt")), "TABLE": table}
    done = start(*(stand.get(word, word) for word in words), "--json")
    assert done.code == code
    assert done.document["status"] == "error"
    message_and_hint(done)
