"""`--treatment`, `--outcome`, `--design` and its parts: they work on `ask` and `read` and need no model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.cli.flags import FLAGS, overrides
from pyllm_causal.cli.known import KNOWN
from pyllm_causal.errors import QueryError
from pyllm_causal.query import Query
from tests.cli.terminal import run, table_file


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = random.Random(1)
    rows = range(60)
    columns: dict[str, list[Any]] = {
        "fed": [i % 2 for i in rows],
        "honey": [round(draw.gauss(20 + 2 * (i % 2), 3), 2) for i in rows],
        "size": [draw.randint(10, 90) for _ in rows],
        "place": [("heath", "town")[i % 2] for i in rows],
    }
    return table_file(tmp_path_factory.mktemp("flags"), columns)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), {"kind": "effect"}),
        (("--running", "size", "--cutoff", "50"), {"design": {"kind": "discontinuity", "running": "size", "cutoff": 50.0}}),
        (("--design", "randomised"), {"design": {"kind": "randomised"}}),
        (("--instrument", "place"), {"design": {"kind": "instrument", "instruments": ["place"]}}),
        (("--mediator", "size"), {"kind": "mediation"}),
        (("--design", "front_door", "--mediator", "size"), {"design": {"kind": "front_door", "mediators": ["size"]}}),
        (("--by", "place"), {"kind": "effect_by_group", "by": "place"}),
        (("--treated", "1", "--control", "0"), {"treated": 1, "control": 0}),
        (("--scale", "percent", "--target", "treated", "--matters", "2"), {"scale": "percent", "target": "treated", "matters": 2.0}),
        (("--row", "3"), {"kind": "counterfactual", "row": 3}),
        (("--adjust-for", "size", "--adjust-for", "place"), {"adjust_for": ["size", "place"]}),
    ],
)  # fmt: skip
def test_read_takes_them(table: Path, flags: tuple[str, ...], expected: dict[str, Any]) -> None:
    done = run("read", "Does it work?", "--data", table, "--treatment", "fed", "--outcome", "honey", *flags, "--json")
    assert done.code == 0 and done.document["status"] == "read"
    query = done.document["query"]
    assert (query["treatment"], query["outcome"]) == ("fed", "honey")
    assert {name: query[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--unit", "place"), "which design is that?"),
        (("--running", "size"), "lacks `cutoff`"),
        (("--design", "magic"), "There is no design 'magic'"),
        (("--design", "randomised", "--cutoff", "3"), "--cutoff is no part of the design 'randomised'"),
        (("--by", "ghost"), "ghost"),
        (("--scale", "log"), "`scale` must be one of"),
        (("--cutoff", "high"), "high"),
    ],
)
def test_what_cannot_be_used_is_said(table: Path, flags: tuple[str, ...], says: str) -> None:
    done = run("read", "Does it work?", "--data", table, "--treatment", "fed", "--outcome", "honey", *flags)
    assert done.code == 2 and says in done.err and done.out == ""


def test_ask_answers_without_a_model(table: Path) -> None:
    done = run(
        "ask",
        "Does it work?",
        "--data",
        table,
        "--treatment",
        "fed",
        "--outcome",
        "honey",
        "--adjust-for",
        "size",
        "--json",
    )
    assert done.code == 0 and done.document["provenance"]["query"]["adjust_for"] == ["size"]


def test_every_flag_is_a_field_or_a_part() -> None:
    parts = {
        "instrument",
        "mediator",
        "running",
        "cutoff",
        "treated_side",
        "bandwidth",
        "fuzzy",
        "time",
        "unit",
        "group",
    }
    parts |= {"treated_group", "first_treated", "treated_unit", "start", "strata"}
    assert {f.name for f in FLAGS if f.part} == parts
    assert {f.name for f in FLAGS if not f.part} <= {*Query.model_fields, *KNOWN, "change", "cost"}
    assert len({f.name for f in FLAGS}) == len(FLAGS)


def test_values_are_numbers_where_they_look_like_numbers() -> None:
    got = overrides({"treated": "2", "control": "1.5", "outcome_event": "yes", "row": "id == 3"})
    assert got == {"treated": 2, "control": 1.5, "outcome_event": "yes", "row": "id == 3"}
    assert overrides({"treated": "nan", "control": "TRUE"}) == {"treated": "nan", "control": True}
    with pytest.raises(QueryError, match="which design"):
        overrides({"time": "year"})
