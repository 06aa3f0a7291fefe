"""The table: safe names, filters on rows, a fingerprint that is the same everywhere, and speed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.data import Table
from pyllm_causal.errors import DataError, QueryError, UnknownColumn
from pyllm_causal.filter import Condition, Filter, parse_filter

FRAME = pd.DataFrame(
    {
        "age": [20.0, 30.5, np.nan, 50.0, 60.0, 70.0],
        "sex": [0, 1, 1, 0, 1, 0],
        "smoker": ["Yes", "No", None, "Yes", "No", "No"],
        "ok": [True, False, True, True, False, True],
        "maybe": [True, None, False, True, None, True],
        "city": ["Bonn", "West Germany", "Köln", "Bonn", None, "1"],
        "code": ["1", "2", "3", "1", "2", "3"],
        "when": pd.to_datetime(["2020-01-01", "2020-06-01", "2021-01-01", None, "2022-01-01", "2022-01-02"]),
        "gone": [None] * 6,
        "Age group": ["18-24", "25+", "25+", "18-24", "25+", "25+"],
    }
)


def rows(text: str, frame: pd.DataFrame = FRAME) -> list[int]:
    table = Table.read(frame)
    mask = table.where(parse_filter(text, table.names))
    assert mask.dtype == bool and mask.shape == (len(table),)
    return [int(i) for i in np.flatnonzero(mask)]


def test_columns_have_safe_names_and_rows_are_numbered() -> None:
    source = FRAME[FRAME["sex"] == 1]
    table = Table.read(source)
    assert list(table.frame.columns) == [f"c{i}" for i in range(len(FRAME.columns))]
    assert list(table.frame.index) == [0, 1, 2]
    assert table.names == tuple(FRAME.columns)
    assert table.code("city") == "c5"
    assert table.column("city").tolist()[0] == "West Germany"
    assert len(table) == 3 and "3 rows" in repr(table)
    for look_up in (table.code, table.column, table.profile.column):
        with pytest.raises(UnknownColumn, match="'citty'") as caught:
            look_up("citty")
        assert "'city'" in caught.value.hint


def test_the_source_is_left_alone() -> None:
    source = FRAME.copy()
    Table.read(source)
    pd.testing.assert_frame_equal(source, FRAME)
    table = Table.read(source)
    source.loc[0, "age"] = 99.0
    assert table.column("age")[0] == 20.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= 50", [3, 4, 5]),
        ("age != 50", [0, 1, 4, 5]),
        ("age == 30.5", [1]),
        ("age == '50'", [3]),
        ("age < '50'", [0, 1]),
        ("age > 1000", []),
        ("sex == 1", [1, 2, 4]),
        ("sex == true", [1, 2, 4]),
        ("sex == yes", [1, 2, 4]),
        ("sex in (0, 1)", [0, 1, 2, 3, 4, 5]),
        ("smoker == Yes", [0, 3]),
        ("smoker != Yes", [1, 4, 5]),
        ("smoker == true", [0, 3]),
        ("smoker == 1", [0, 3]),
        ("smoker == yes", [0, 3]),
        ("ok == true", [0, 2, 3, 5]),
        ("ok == yes", [0, 2, 3, 5]),
        ("ok != 1", [1, 4]),
        ("maybe == false", [2]),
        ("maybe != false", [0, 3, 5]),
        ("city == West Germany", [1]),
        ("city in (Bonn, 'Köln')", [0, 2, 3]),
        ("city == 1", [5]),
        ("code == 1", [0, 3]),
        ("when >= 2021-01-01", [2, 4, 5]),
        ("when < 2021", [0, 1]),
        ("when == '2020-06-01'", [1]),
        ("Age group == 25+ and sex == 1", [1, 2, 4]),
    ],
)
def test_where(text: str, expected: list[int]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("city == 7", "cannot be compared with 7", "'Bonn'"),
        ("city < 7", "holds text", "'Bonn'"),
        ("city < Bonn", "holds text", "=="),
        ("ok > 0", "holds yes/no", "False"),
        ("age == old", "holds numbers", "number"),
        ("age > old", "holds numbers", "number"),
        ("when == soon", "holds dates", "2020-01-31"),
        ("when > 3.5", "holds dates", "2020-01-31"),
        ("city == bonn", "No row has 'bonn'", "Did you mean 'Bonn'?"),
        ("city != Paris", "No row has 'Paris'", "'Bonn'"),
        ("city in (Bonn, Paris)", "No row has 'Paris'", "'Bonn'"),
        ("sex == 2", "No row has '2'", "0, 1"),
        ("age == 31", "No row has '31'", "between"),
        ("gone == 1", "No row has '1'", "Look"),
        ("gone > 1", "No row", "Look"),
        ("when == 2019", "No row has '2019'", "Look"),
        ("age == " + "9" * 25, "No row has", "between"),
    ],
)
def test_where_explains_what_cannot_match(text: str, message: str, hint: str) -> None:
    if text == "gone > 1":  # an empty column of floats compares, and nothing meets it
        assert rows(text) == []
        return
    with pytest.raises(QueryError) as caught:
        rows(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_where_keeps_private_values_out_of_messages() -> None:
    frame = pd.DataFrame({"email": [f"p{i}@x.org" for i in range(20)], "y": range(20)})
    with pytest.raises(QueryError) as caught:
        rows("email < p1", frame)
    assert "@" not in str(caught.value)


def test_an_empty_filter_keeps_all_rows() -> None:
    assert Table.read(FRAME).where(Filter()).all()
    with pytest.raises(UnknownColumn):
        Table.read(FRAME).where(Filter(conditions=(Condition(column="nope", op="==", value=1),)))


def test_reading_a_table_again_keeps_it() -> None:
    table = Table.read(FRAME, describe="age: age in years", name="people")
    assert table.profile.column("age").description == "age in years"
    assert table.profile.name == "people"
    assert Table.read(table) is table
    again = Table.read(table, describe={"sex": "1 is male"}, name="other")
    assert again.profile.name == "other"
    assert again.profile.column("age") == table.profile.column("age")
    assert again.profile.column("sex").description == "1 is male"
    assert again.fingerprint == table.fingerprint and again.frame is table.frame


def test_fingerprint_depends_on_names_types_values_and_order_only() -> None:
    first = Table.read(FRAME).fingerprint
    assert len(first) == 64 and int(first, 16)
    assert Table.read(FRAME.copy(), name="x", describe={"age": "y"}).fingerprint == first
    changed = [
        FRAME.rename(columns={"age": "Age"}),
        FRAME.assign(age=FRAME.age + 1e-9),
        FRAME.assign(sex=FRAME.sex.astype(float)),
        FRAME.assign(city=FRAME.city.replace("Bonn", "Köln")),
        FRAME.assign(ok=~FRAME.ok),
        FRAME.iloc[::-1],
        FRAME.iloc[:, ::-1],
        FRAME.iloc[:5],
        FRAME.assign(maybe=FRAME.maybe.where(FRAME.maybe.notna(), False)),
    ]
    prints = [Table.read(f).fingerprint for f in changed]
    assert len({first, *prints}) == len(changed) + 1
    zero = pd.DataFrame({"x": [0.0, 1.5]})
    assert (
        Table.read(zero).fingerprint
        == Table.read(-zero * [-1] + 0).fingerprint
        == Table.read(zero.replace(0, -0.0)).fingerprint
    )


def test_fingerprint_is_one_over_processes_and_hash_seeds(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    code = (
        "import sys; from pyllm_causal.data import Table;"
        "t = Table.read(sys.argv[1]); print(t.fingerprint, t.profile.shared())"
    )
    found = set()
    for seed in ("0", "1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "t.csv")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(run.stdout)
    assert len(found) == 1
    assert Table.read(tmp_path / "t.csv").fingerprint in found.pop()


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, pyllm_causal.data, pyllm_causal.reading, pyllm_causal.profile, pyllm_causal.filter;"
        "print([m for m in ('pandas', 'numpy', 'pyarrow', 'polars', 'openpyxl', 'pyreadstat') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_index_levels_that_carry_something_become_columns() -> None:
    named = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index(["a", "b", "c"], name="who"))
    assert Table.read(named).names == ("who", "x")
    unnamed = pd.DataFrame({"x": [1, 2, 3]}, index=["a", "b", "c"])
    assert Table.read(unnamed).names == ("index", "x")
    two = pd.DataFrame(
        {"x": [1, 2, 3]}, index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["who", None])
    )
    assert Table.read(two).names == ("who", "index", "x")
    plain = pd.DataFrame({"x": [1, 2, 3]}, index=[5, 9, 2])
    assert Table.read(plain).names == ("x",)
    assert Table.read(pd.DataFrame({"x": [1, 2, 3], "who": ["a", "b", "c"]}).set_index("who", drop=False)).names == (
        "x",
        "who",
    )


def test_names_of_any_kind_become_text() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4], [5, 6, 7, 8]], columns=[0, None, ("a", "b"), 1.5])
    assert Table.read(frame).names == ("0", "Unnamed: 1", "a b", "1.5")
    many = pd.DataFrame([[1, 2], [3, 4]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert Table.read(many).names == ("a x", "a y")


@pytest.mark.parametrize(
    ("values", "dtype", "cells"),
    [
        (pd.array([1, None, 3], dtype="Int64"), "float64", [1.0, None, 3.0]),
        (pd.array([1, 2, 3], dtype="UInt8"), "int64", [1, 2, 3]),
        (pd.array([True, None, False], dtype="boolean"), "object", [True, None, False]),
        (pd.array(["x", None, "y"], dtype="string"), "object", ["x", None, "y"]),
        (pd.Categorical([1, 2, 1]), "int64", [1, 2, 1]),
        (pd.Categorical([1.5, None, 1.5]), "float64", [1.5, None, 1.5]),
        (pd.Categorical(["x", None, "y"], ordered=True), "object", ["x", None, "y"]),
        (pd.to_timedelta([1, 2, 3], unit="h"), "float64", [1 / 24, 2 / 24, 3 / 24]),
        (pd.arrays.SparseArray([0, 0, 1]), "int64", [0, 0, 1]),
        (np.array([1, 2, 3], dtype="float32"), "float64", [1.0, 2.0, 3.0]),
        ([[1], {"b": 2, "a": 1}, None], "object", ["[1]", '{"a": 1, "b": 2}', None]),
        ([{"b", "a"}, {"k": {"d", "c"}}, None], "object", ['["a", "b"]', '{"k": ["c", "d"]}', None]),
        ([pd.Timedelta(days=1).to_pytimedelta(), None, pd.Timedelta(hours=12)], "float64", [1.0, None, 0.5]),
        (["a", 1, 2.0], "object", ["a", "1", "2"]),
        ([b"x", b"\xff", b"y"], "object", ["x", "\ufffd", "y"]),
        ([1j, 2j, 3j], "object", ["1j", "2j", "3j"]),
        ([2**70, 1, 2], "float64", [float(2**70), 1.0, 2.0]),
        (["1", "2", "3"], "object", ["1", "2", "3"]),
        (["01", "02", "03"], "object", ["01", "02", "03"]),
    ],
)
def test_cells_of_any_type_get_a_tidy_form(values: Any, dtype: str, cells: list[Any]) -> None:
    series = Table.read(pd.DataFrame({"x": pd.Series(values)})).column("x")
    assert str(series.dtype) == dtype
    assert [None if v != v else v for v in series.tolist()] == cells


def test_times_of_any_type_become_plain_times() -> None:
    frame = pd.DataFrame(
        {
            "zone": pd.to_datetime(["2020-01-01T01:00+01:00", "2020-01-02T01:00+01:00"]),
            "period": pd.period_range("2020", periods=2, freq="Y"),
            "python": [pd.Timestamp("2020-01-01").date(), pd.Timestamp("2021-01-01").date()],
            "far": np.array(["1000-01-01", "3000-01-01"], dtype="datetime64[s]"),
        }
    )
    table = Table.read(frame)
    assert {c.kind for c in table.profile.columns} == {"time"}
    assert table.column("zone").tolist()[0] == pd.Timestamp("2020-01-01")
    assert table.column("far").dt.year.tolist() == [1000, 3000]


def test_numbers_written_as_text_in_a_frame_are_read_only_where_that_is_plain() -> None:
    frame = pd.DataFrame(
        {"income": [str(i * 17) for i in range(30)], "arm": ["1", "2", "3"] * 10, "zip": [f"{i:05}" for i in range(30)]}
    )
    table = Table.read(frame)
    assert [table.column(n).dtype.kind for n in frame] == ["i", "O", "O"]
    assert table.notes == ("'income' holds numbers written as text; they are read as numbers.",)


def test_cells_that_cannot_even_be_looked_at() -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(DataError, match="'x' holds cells that cannot be read"):
        Table.read(pd.DataFrame({"x": [Rude(), "a"]}))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=8, unique=True))
def test_any_names_are_found_again_by_code_and_filter(names: list[str]) -> None:
    frame = pd.DataFrame([[1] * len(names), [2] * len(names)], columns=names)
    try:
        table = Table.read(frame)
    except DataError:  # two names that are cleaned to one
        assert len({" ".join(n.split()) for n in names}) < len(names) or not all(n.isprintable() for n in names)
        return
    for i, name in enumerate(table.names):
        assert table.code(name) == f"c{i}"
        quoted = "`" + name.replace("`", "``") + "`"
        assert table.where(parse_filter(f"{quoted} == 2", table.names)).tolist() == [False, True]


@pytest.mark.parametrize(("count", "columns", "limit"), [(1_629, 67, 0.3), (100_000, 20, 2.0)])
def test_reading_is_fast(tmp_path: Path, count: int, columns: int, limit: float) -> None:
    rng = np.random.default_rng(7)
    lines = [",".join([f"{v:.6f}" for v in row] + ["yes", "3"]) for row in rng.normal(size=(1_000, columns - 2))]
    lines = [f"{i}{line}" for i in range(-(-count // 1_000)) for line in lines][:count]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([",".join(f"x{i}" for i in range(columns)), *lines]))
    took = []
    for _ in range(3):
        start = time.process_time()
        table = Table.read(path)
        took.append(time.process_time() - start)
    assert len(table) == count
    assert min(took) < limit
