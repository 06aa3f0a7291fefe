"""Kinds, units and flags of columns, what a model may see of them, and the data dictionary."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.data import Table
from pyllm_causal.errors import UnknownColumn
from pyllm_causal.profile import Column, Level, Profile, as_yes_no, describe, level_order, significant

N = 40


def profiled(values: Any, name: str = "x", describe: str | None = None) -> Column:
    frame = pd.DataFrame({name: values, "filler": range(len(values))})
    return Table.read(frame, describe=describe).profile.column(name)


@pytest.mark.parametrize(
    ("values", "kind", "levels"),
    [
        ([0, 1] * 20, "yes_no", [0, 1]),
        ([0.0, 1.0, np.nan, 1.0] * 10, "yes_no", [0, 1]),
        ([True, False] * 20, "yes_no", [False, True]),
        (pd.array([True, None, False, True] * 10, dtype="boolean"), "yes_no", [False, True]),
        (["yes", "no"] * 20, "yes_no", ["no", "yes"]),
        (["Y", "N", None, "Y"] * 10, "yes_no", ["N", "Y"]),
        (["TRUE", "False"] * 20, "yes_no", ["False", "TRUE"]),
        (["t", "F"] * 20, "yes_no", ["F", "t"]),
        (["on", "off"] * 20, "yes_no", ["off", "on"]),
        (["0", "1"] * 20, "yes_no", ["0", "1"]),
        (["1_yes", "0_no"] * 20, "category", ["0_no", "1_yes"]),
        (["yes", "off"] * 20, "category", ["off", "yes"]),
        (["case", "control"] * 20, "category", ["case", "control"]),
        (["75+", "9-17", "18-24", "2"] * 10, "category", ["2", "9-17", "18-24", "75+"]),
        (["10", "9", "-1", "2"] * 10, "category", ["-1", "2", "9", "10"]),
        ([1, 2] * 20, "number", [1, 2]),
        ([-1, 0, 1, 0] * 10, "number", [-1, 0, 1]),
        ([0.5, 1.5] * 20, "number", [0.5, 1.5]),
        ([0.5, 1.5, 2.25, 1.0] * 10, "number", [0.5, 1, 1.5, 2.25]),
        ([0, 1, 2, 3] * 10, "count", [0, 1, 2, 3]),
        ([3.0, 1.0, np.nan, 2.0] * 10, "count", [1, 2, 3]),
        (list(range(N)), "count", []),
        ([7] * N, "constant", [7]),
        (["a", None] * 20, "constant", ["a"]),
        ([np.nan] * N, "empty", []),
        ([None] * N, "empty", []),
        (["", "NA"] * 20, "empty", []),
        (pd.date_range("2020-01-01", periods=N), "time", []),
        (["2020-01-31", "2021-02-28"] * 20, "time", []),
        ([f"a long remark about person {i} that nobody can group {i * i}" for i in range(N)], "text", []),
        ([np.inf, 2.0] * 20, "number", []),
    ],
)
def test_kind_and_levels(values: Any, kind: str, levels: list[Any]) -> None:
    column = profiled(values)
    assert column.kind == kind
    found = [level.value for level in column.levels]
    assert [(type(v), v) for v in found] == [(type(v), v) for v in levels] or kind == "number"
    assert kind != "number" or found == levels or column.infinite


def test_counts_rows_missing_distinct_and_infinite() -> None:
    column = profiled([1.5, np.nan, np.inf, -np.inf, 2.5, 1.5])
    assert (column.rows, column.missing, column.distinct, column.infinite) == (6, 1, 4, 2)
    assert (column.minimum, column.maximum) == (1.5, 2.5)


def test_levels_are_counted_and_bounded() -> None:
    assert profiled(["a", "b", "a", None]).levels == (Level(value="a", rows=2), Level(value="b", rows=1))
    many = profiled([f"g{i % 60}" for i in range(600)] + ["g7"] * 5)
    assert many.kind == "category" and many.distinct == 60 and len(many.levels) == 50
    assert [level_order(v.value) for v in many.levels] == sorted(level_order(v.value) for v in many.levels)
    assert Level(value="g7", rows=15) in many.levels


def test_range_is_the_middle_rounded_to_two_digits() -> None:
    column = profiled(np.linspace(12345, 98765, 101))
    assert (column.low, column.high) == (17000.0, 94000.0)
    assert (column.minimum, column.maximum) == (12345.0, 98765.0)
    assert [significant(v) for v in (0.0012345, -98.7, 0, 1234)] == [0.0012, -99.0, 0.0, 1200.0]
    year = profiled([1978, 1981] * 30, "year")
    assert (year.low, year.high) == (1978.0, 1981.0)


IDS = list(range(100, 100 + N))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("id", IDS, True),
        ("seqn", [float(i) for i in IDS], True),
        ("patient_id", IDS, True),
        ("patientId", IDS, True),
        ("Patient ID", IDS, True),
        ("schoolid", [i % 20 for i in range(N)], True),
        ("site_id", [i % 4 for i in range(N)], False),
        ("Unnamed: 0", IDS, True),
        ("code", [f"k{i}" for i in range(N)], True),
        ("row", list(range(1, N + 1)), True),
        ("anything", list(range(N)), True),
        ("week", list(range(N)), False),
        ("income", [i * 37 + 11 for i in range(N)], False),
        ("achievement", np.linspace(-2, 2, N), False),
        ("id_score", np.linspace(-2, 2, N), False),
        ("paid", IDS, False),
        ("covid", IDS, False),
        ("treated_id", [0, 1] * 20, False),
        ("city", ["a", "b"] * 20, False),
    ],
)
def test_id_like(name: str, values: Any, expected: bool) -> None:
    frame = pd.DataFrame({name: values, "other": 1.5})
    assert Table.read(frame).profile.column(name).id_like is expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("year", [1978, 1981] * 20, True),
        ("survey_year", [2000.0, 2001.0, np.nan, 2002.0] * 10, True),
        ("season", [2001, 2002, 2003, 2004] * 10, True),
        ("year", [70, 71, 72, 73] * 10, True),
        ("birth_date", [19800131 + i for i in range(N)], True),
        ("when", pd.date_range("2020-01-01", periods=N), True),
        ("day", ["01/02/2020", "03/04/2020"] * 20, True),
        ("time", [1, 2, 3, 4] * 10, True),
        ("time", [i * 31 + 1 for i in range(N)], False),
        ("years_of_school", [8, 9, 12, 16] * 10, False),
        ("smokeyrs", [8, 9, 12, 16] * 10, False),
        ("weight_g", [1950.0, 2010.5, 1980.0, 2030.0] * 10, False),
        ("calories", [1900, 1950, 2010, 2030] * 10, False),
        ("age", [20, 30, 40, 50] * 10, False),
        ("y81", [0, 1] * 20, False),
    ],
)
def test_time_like(name: str, values: Any, expected: bool) -> None:
    assert profiled(values, name).time_like is expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("x", [f"p{i}@example.org" for i in range(N)], True),
        ("group", ["a", "b", "me@example.org", "c"] * 10, True),
        ("contact", [f"+44 20 7946 0{i:03}" for i in range(N)], True),
        ("phone", [2079460000 + i for i in range(N)], True),
        ("first_name", ["Ann", "Bob", "Cy", "Di"] * 10, True),
        ("home address", ["1 Low Rd", "2 High St", "3 Mid Ln", "4 Far Av"] * 10, True),
        ("who", [f"{a}a {b}o" for a in "ABCDEF" for b in "KLMNOPQ"][:N], True),
        ("remarks", [f"felt rather {i} and then went home early" for i in range(N)], True),
        ("country", ["West Germany", "France", "United States", "Japan"] * 10, False),
        ("species", ["setosa", "virginica"] * 20, False),
    ],
)
def test_name_like(name: str, values: Any, expected: bool) -> None:
    assert profiled(values, name).name_like is expected


@pytest.mark.parametrize(
    ("name", "values", "description", "unit"),
    [
        ("weight_kg", [60.5, 70.5], None, "kg"),
        ("Weight (kg)", [60.5, 70.5], None, "kg"),
        ("wt71", [60.5, 70.5], "x: weight in kilograms", None),
        ("wt71", [60.5, 70.5], "wt71: weight in kilograms in 1971", "kg"),
        ("re78", [60.5, 70.5], "re78: real earnings in 1978 dollars", "$"),
        ("wage", [60.5, 70.5], "wage: hourly wage in US dollars", "$"),
        ("pct_poor", [60.5, 70.5], None, None),
        ("poor_pct", [60.5, 70.5], None, "%"),
        ("share %", [60.5, 70.5], None, "%"),
        ("age", [20, 30, 40], None, "years"),
        ("age", [0, 1, 2], None, None),
        ("sbp", [120.5, 130], "sbp: blood pressure, mmHg", "mmHg"),
        ("change", [1.5, 2.5], "change: weight change over eleven years", None),
        ("lwage", [1.5, 2.5], "lwage: log of wage in dollars", None),
        ("days", [1, 2, 3], "days: in days", "days"),
        ("who_kg", ["a", "b"], None, None),
        ("kg", [0, 1], "kg: in kg", None),
    ],
)
def test_unit(name: str, values: list[Any], description: str | None, unit: str | None) -> None:
    assert profiled(values * 10, name, description).unit == unit


def big_profile() -> Profile:
    frame = pd.DataFrame(
        {
            "group": ["a", "b"] * 30,
            "rare": ["a"] * 55 + ["b"] * 5,
            "many": [f"g{i % 13}" for i in range(60)],
            "id": [f"secret{i}" for i in range(60)],
            "email": ["x@y.org", "z@y.org"] * 30,
            "first name": ["Ann", "Bob", "Cy"] * 20,
            "note": [f"secret and long remark number {i} with many words" for i in range(60)],
            "long": ["x" * 80, "y" * 80] * 30,
            "pay": np.linspace(12345.67, 98765.43, 60),
            "when": pd.date_range("2020-01-01", periods=60),
            "flag": [True, False] * 30,
        }
    )
    return Table.read(frame, name="t.csv", describe={"pay": "pay in dollars"}).profile


def test_shared_holds_no_row_rare_level_extreme_or_private_text() -> None:
    shared = big_profile().shared()
    by_name = {c["name"]: c for c in shared["columns"]}
    assert shared["name"] == "t.csv" and shared["rows"] == 60
    assert by_name["group"]["levels"] == [{"value": "a", "rows": 30}, {"value": "b", "rows": 30}]
    assert by_name["flag"]["levels"] == [{"value": False, "rows": 30}, {"value": True, "rows": 30}]
    assert [n for n, c in by_name.items() if "levels" in c] == ["group", "flag"]
    assert by_name["pay"] == {
        "name": "pay", "kind": "number", "dtype": "float64", "missing": 0, "distinct": 60, "low": 17000.0,
        "high": 94000.0, "unit": "$", "description": "pay in dollars",
    }  # fmt: skip
    text = json.dumps(shared)
    for secret in ("secret", "x@y.org", "Ann", "12345", "98765", "xxxx", "2020"):
        assert secret not in text
    assert json.loads(text) == shared


def test_shared_names_only_and_more_levels_with_consent() -> None:
    profile = big_profile()
    assert profile.shared("names") == {"name": "t.csv", "columns": [{"name": n} for n in profile.names()]}
    more = {c["name"]: [v["value"] for v in c["levels"]] for c in profile.shared("levels")["columns"] if "levels" in c}
    assert more == {"group": ["a", "b"], "rare": ["a"], "flag": [False, True]}


def test_profile_finds_columns_by_name() -> None:
    profile = big_profile()
    assert profile.names()[0] == "group"
    assert profile.column("pay").kind == "number"
    with pytest.raises(UnknownColumn, match="grup") as caught:
        profile.column("grup")
    assert "'group'" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (0, False), (1.0, True), (2, None), ("YES", True), (" off ", False), ("1", True), ("maybe", None),
     (None, None)],
)  # fmt: skip
def test_as_yes_no(value: object, expected: bool | None) -> None:
    assert as_yes_no(value) is expected


COLUMNS = ["qsmk", "wt82_71", "Age (years)", "re74", "re75"]
WANTED = {"qsmk": "quit smoking (1 yes)", "wt82_71": "weight change, kg"}


@pytest.mark.parametrize(
    "source",
    [
        WANTED,
        {"QSMK": "quit smoking (1 yes)", "wt82_71": "weight change, kg", "nope": "x"},
        {"qsmk": {"description": "quit smoking (1 yes)"}, "wt82_71": {"label": "weight change, kg"}},
        json.dumps(WANTED),
        json.dumps([{"name": k, "description": v} for k, v in WANTED.items()]),
        json.dumps({"fields": [{"name": k, "description": v} for k, v in WANTED.items()]}),
        "qsmk: quit smoking (1 yes)\nwt82_71: weight change, kg\nnope: ignored\nprose without any name",
        'name,description\nqsmk,quit smoking (1 yes)\nwt82_71,"weight change, kg"',
        "qsmk\tquit smoking (1 yes)\nwt82_71\tweight change, kg",
        "- `qsmk`: quit smoking (1 yes)\n* **wt82_71** — weight change, kg",
        "- **qsmk:** quit smoking (1 yes)\n1. wt82_71 - weight change, kg",
        "| column | meaning |\n|---|---|\n| qsmk | quit smoking (1 yes) |\n| `wt82_71` | weight change, kg |",
        "qsmk = quit smoking (1 yes)\r\nwt82_71 = weight change, kg\r\n",
        "qsmk      quit smoking (1 yes)\nwt82_71   weight change, kg",
    ],
)
def test_describe_reads_every_shape_of_dictionary(source: Any) -> None:
    assert describe(source, COLUMNS) == WANTED


def test_describe_details() -> None:
    assert describe("Age (years): at start: 1971", COLUMNS) == {"Age (years)": "at start: 1971"}
    assert describe("re74, re75: real earnings", COLUMNS) == {"re74": "real earnings", "re75": "real earnings"}
    assert describe("qsmk: one\nqsmk: two", COLUMNS) == {"qsmk": "one"}
    assert describe("qsmk: \x1b[31mred\x00 alert", COLUMNS) == {"qsmk": "[31mred alert"}
    assert len(describe("qsmk: " + "x" * 5_000, COLUMNS)["qsmk"]) == 300
    assert describe("", COLUMNS) == describe("{broken", COLUMNS) == describe("[" * 50_000, COLUMNS) == {}
    assert describe({"qsmk": None, "re74": 3}, COLUMNS) == {"re74": "3"}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_describe_never_fails_and_invents_no_column(text: str) -> None:
    found = describe(text + "\nqsmk: " + text, COLUMNS)
    assert set(found) <= set(COLUMNS)
    assert all(v == v.strip() and v.isprintable() for v in found.values())


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12), st.binary(max_size=4),
    st.lists(st.integers(0, 3), max_size=2), st.dates(), st.datetimes(), st.timedeltas(), st.decimals(allow_nan=False),
    st.complex_numbers(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, min_size=2, max_size=25))
def test_any_cells_give_a_profile_that_adds_up(cells: list[Any]) -> None:
    table = Table.read(pd.DataFrame({"x": pd.Series(cells, dtype=object), "y": range(len(cells))}))
    column = table.profile.column("x")
    series = table.column("x")
    assert series.dtype == object or series.dtype.kind in "bifM"
    assert series.dtype != object or all(isinstance(v, (str, bool)) or v != v for v in series)
    assert column.rows == len(cells) and column.missing == int(series.isna().sum())
    assert (column.distinct == 0) == (column.kind == "empty")
    assert sum(v.rows for v in column.levels) <= column.rows - column.missing
    json.dumps(table.profile.shared(), allow_nan=False)


def test_measured_values_however_few_are_listed_but_not_shown_to_a_model() -> None:
    column = profiled([0.5, 1.0, 2.0] * 20)
    assert [level.value for level in column.levels] == [0.5, 1, 2]
    assert column.shared_levels() == () == column.shared_levels(more=True)
