"""Questions to a fitted picture from the command line, with no model: flags, exit codes, one JSON document, the words."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.terminal import query_file, run, table_file


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = random.Random(5)
    rows = range(400)
    month = [draw.choice(("March", "April")) for _ in rows]
    age = [draw.randint(20, 70) for _ in rows]
    price = [round(draw.gauss(20, 2) + 3 * (m == "April"), 2) for m in month]
    drug = [draw.randint(0, 1) for _ in rows]
    columns: dict[str, list[Any]] = {
        "patient_id": [100 + i for i in rows],
        "age": age,
        "month": month,
        "price": price,
        "sales": [round(100 - 3 * p + draw.gauss(0, 3), 2) for p in price],
        "drug": drug,
        "lived": [int(draw.random() < 0.3 + 0.4 * d) for d in drug],
    }
    return table_file(tmp_path_factory.mktemp("data"), columns)


def ask(question: str, table: Path, *flags: str) -> Any:
    return run("ask", question, "--data", table, "--simulations", "40", "--json", *flags)


def test_why_it_changed(table: Path) -> None:
    done = ask("Why did sales drop between March and April?", table)
    assert done.code == 0
    found = done.document
    lead = max(found["attribution"], key=lambda p: abs(p["share"]))
    assert lead["cause"] == "price" and lead["share"] == pytest.approx(-9, abs=2)
    assert sum(p["share"] for p in found["attribution"]) == pytest.approx(found["effect"]["value"])
    assert found["certainty"]["level"] in ("low", "very_low") and found["reviewed_by"] is None
    jsonschema.validate(found, run("schema", "answer").document)
    # every number of the text is a field of the document
    claimed = [(c["start"], c["end"]) for c in found["claims"]]
    for number in re.finditer(r"\d+(?:[.,]\d+)*", found["text"]):
        assert any(a <= number.start() and number.end() <= b for a, b in claimed), found["text"][
            number.start() - 30 : number.end() + 20
        ]


def test_why_it_changed_must_be_told_between_what(table: Path) -> None:
    done = ask("Why did sales drop?", table)
    assert done.code == 2 and done.document["status"] == "needs_review"
    assert done.document["choices"]["compare"][0] == "month" and "--compare" in done.document["text"]
    again = ask("Why did sales drop?", table, "--compare", "month:March:April")
    assert again.code == 0 and again.document["attribution"]


def test_what_drives_it(table: Path) -> None:
    done = ask("What drives sales?", table)
    assert done.code == 0 and done.document["attribution"][0]["cause"] == "price"
    assert "you have not checked it" in " ".join(done.document["text"].split())


def test_one_patient(table: Path) -> None:
    done = ask("Would patient 112 have lived had she got the drug?", table)
    assert done.code in (0, 2)
    for value in ("0", "1"):
        found = ask(
            "Would patient 112 have lived?",
            table,
            "--treatment",
            "drug",
            "--outcome",
            "lived",
            "--treated",
            value,
            "--row",
            "patient_id == 112",
        ).document
        if found["status"] == "answered":
            told = found["counterfactual"]
            assert told["row"] == 12 and 0 <= told["low"] <= told["probability"] <= told["high"] <= 1
        else:
            assert "already has" in found["text"]


def test_changes_and_costs_by_flag(table: Path) -> None:
    found = ask("What would sales be?", table, "--outcome", "sales", "--change", "price=19").document
    assert found["status"] == "answered" and found["counterfactual"]["changed"]["price"]["to"] == 19
    assert found["effect"]["value"] > 0
    best = ask("What would do most?", table, "--outcome", "sales", "--cost", "price=2", "--cost", "drug=5").document
    assert [a["treatment"] for a in best["arms"]] == ["price", "drug"] and best["arms"][0]["cost"] == 2


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--compare", "month"), "COLUMN:FROM:TO"),
        (("--change", "price"), "COLUMN=VALUE"),
        (("--cost", "price=much"), "a number above zero"),
        (("--cost", "price=0"), "what one unit more of the column"),
        (("--cost", "prise=3"), "prise"),
        (("--change", "prise=3"), "prise"),
        (("--change", "price=18", "--change", "price=19"), "names 'price' twice"),
        (("--compare", "moon:1:2"), "moon"),
    ],
)
def test_flags_that_make_no_sense(table: Path, flags: tuple[str, ...], says: str) -> None:
    done = run("ask", "What would sales be?", "--data", table, "--outcome", "sales", *flags)
    assert done.code == 2 and says in done.err


def test_a_query_and_its_provenance(table: Path, tmp_path: Path) -> None:
    query = {
        "kind": "counterfactual", "outcome": "sales", "changes": {"price": 19.5},
        "graph": {"edges": [["month", "price"], ["price", "sales"]]},
    }  # fmt: skip
    first = run("analyse", query_file(tmp_path, query), "--data", table, "--simulations", "40", "--json").document
    again = run(
        "analyse", query_file(tmp_path, first["provenance"]["query"]), "--data", table, "--simulations", "40", "--json"
    ).document
    assert first["effect"] == again["effect"] and first["text"] == again["text"]
    assert first["provenance"]["simulations"] == 40


def test_without_a_picture(table: Path, tmp_path: Path) -> None:
    done = run("analyse", query_file(tmp_path, {"kind": "attribution", "outcome": "sales"}), "--data", table)
    assert done.code == 2 and "pyllm-causal graph draft" in done.out


def test_expert_and_quiet(table: Path) -> None:
    flags = ("--data", table, "--simulations", "40")
    quiet = run("ask", "What drives sales?", *flags, "--quiet")
    assert len(quiet.out.splitlines()) == 1
    assert "structural_model" in run("ask", "What drives sales?", *flags, "--expert").out


def test_the_drafted_picture_can_be_signed_and_asked_with(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    assert run("graph", "draft", "What drives sales?", "--data", table, "-o", path).code == 0
    assert run("graph", "check", path, "--data", table).code == 0
    assert run("graph", "sign", path, "--by", "Ada").code == 0
    found = ask("What drives sales?", table, "--graph", str(path)).document
    assert found["reviewed_by"] == "Ada" and found["certainty"]["level"] == "moderate"
    assert found["headline"].startswith("price probably drives sales most")
    unsaid = run("graph", "draft", "Why did sales drop?", "--data", table)
    assert unsaid.code == 2 and "What drives" in unsaid.out
