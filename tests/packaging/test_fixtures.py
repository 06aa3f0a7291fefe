"""Every data set has a source and terms that allow passing it on; every case asks for columns that exist."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path

import pytest

from pyllm_causal.query import Query

FIXTURES = Path(__file__).parents[2] / "fixtures"
DATA = sorted((FIXTURES / "data").glob("*.csv"))
CASES = tomllib.loads((FIXTURES / "cases.toml").read_text("utf-8"))["case"]
SOURCES = (FIXTURES / "data" / "SOURCES.md").read_text("utf-8")
PERMISSIVE = ("public domain", "MIT licence", "Creative Commons Zero", "CC BY 4.0", "CC0")


def header(name: str) -> list[str]:
    with (FIXTURES / "data" / name).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def named_columns(query: Query) -> set[str]:
    names = {query.treatment, query.outcome, query.cluster, query.by, query.weights, query.event}
    names |= {*(query.adjust_for or ()), *query.categorical, *query.selected_on}
    names |= set(getattr(query.design, "strata", ()))
    if query.graph is not None:
        names |= {node for pair in query.graph.pairs() for node in pair} - set(query.graph.hidden())
    return {name for name in names if name is not None}


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_every_data_set_states_source_and_terms(path):
    entry = re.search(rf"^## {re.escape(path.name)}\n(.*?)(?=^## |\Z)", SOURCES, re.M | re.S)
    assert entry, f"SOURCES.md has no entry for {path.name}"
    for part in ("Source", "Taken from", "Terms", "Changes"):
        assert re.search(rf"^- {part}: \S", entry[1], re.M), f"{path.name}: no {part}"
    terms = re.search(r"^- Terms: (.*)$", entry[1], re.M)
    assert any(words in terms[1] for words in PERMISSIVE), terms[1]
    assert path.stat().st_size < 1_000_000


def test_sources_lists_no_file_that_is_not_there():
    assert sorted(re.findall(r"^## (\S+)$", SOURCES, re.M)) == [path.name for path in DATA]


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_every_column_is_described(path):
    text = path.with_suffix(".describe.txt").read_text("utf-8")
    described = [line.split(": ", 1) for line in text.splitlines()]
    assert [name for name, _ in described] == header(path.name)
    assert all(meaning.strip() for _, meaning in described)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_case_is_a_query_over_columns_of_its_file(case):
    query = Query.model_validate(case["query"])
    unknown = named_columns(query) - set(header(case["data"]))
    if "missing_column" in case["verdicts"]:
        assert unknown == {query.outcome}
    else:
        assert unknown == set()
    assert query.design.kind in ("observational", "randomised")
    assert (FIXTURES / "data" / case["describe"]).is_file()
    assert case["question"].endswith("?")
    assert case["source"]
    assert case["status"] in ("answered", "not_causal", "not_identified", "needs_review", "error")
    if case["status"] in ("answered", "not_causal"):
        assert ("value" in case) != ("arms" in case)
        assert case["tolerance"] > 0
        assert case["why"]


def test_the_cases_cover_what_is_promised():
    queries = {case["id"]: Query.model_validate(case["query"]) for case in CASES}
    assert len(queries) == len(CASES) >= 8
    assert len({case["data"] for case in CASES}) >= 6
    assert {q.design.kind for q in queries.values()} == {"observational", "randomised"}
    assert any(q.kind == "association" for q in queries.values())
    assert any(q.target == "treated" for q in queries.values())
    assert {"ratio", "percent"} <= {q.scale for q in queries.values()}
    assert any("arms" in case for case in CASES)
    assert any(getattr(q.design, "strata", ()) for q in queries.values())
    assert any(q.cluster for q in queries.values())
