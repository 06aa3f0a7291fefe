"""Every format gives the same table; every layout of text tables is understood; every bad file is one clear error."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.data import Table
from pyllm_causal.errors import CausalError, DataError

BASE = pd.DataFrame(
    {
        "Age (years)": [30, 41, 52, 38],
        "weight": [70.5, np.nan, 81.25, 66.0],
        "smoker": ["yes", "no", "no", "yes"],
        "when": pd.to_datetime(["2020-01-01", "2020-02-03", "2021-05-06", "2022-07-08"]),
        "ok": [True, False, True, True],
    }
)
CSV = BASE.to_csv(index=False)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes, encoding: str = "utf-8") -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return name


def csv(text: str, name: str = "t.csv", **options: Any) -> Table:
    return Table.read(write(name, text), **options)


def zipped(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def to_sqlite(path: str, **tables: pd.DataFrame) -> str:
    connection = sqlite3.connect(path)
    for name, frame in tables.items():
        frame.to_sql(name, connection, index=False)
    connection.close()
    return path


WRITERS: dict[str, Any] = {
    "a.csv": lambda p: write(p, CSV),
    "a.tsv": lambda p: BASE.to_csv(p, sep="\t", index=False),
    "semicolons.csv": lambda p: BASE.to_csv(p, sep=";", decimal=",", index=False),
    "bars.txt": lambda p: BASE.to_csv(p, sep="|", index=False),
    "bom.csv": lambda p: write(p, CSV, "utf-8-sig"),
    "wide.csv": lambda p: write(p, CSV, "utf-16"),
    "crlf.csv": lambda p: write(p, CSV.replace("\n", "\r\n")),
    "cr.csv": lambda p: write(p, CSV.replace("\n", "\r")),
    "no-suffix": lambda p: write(p, CSV),
    "a.csv.gz": lambda p: write(p, gzip.compress(CSV.encode())),
    "a.csv.bz2": lambda p: write(p, bz2.compress(CSV.encode())),
    "a.csv.xz": lambda p: write(p, lzma.compress(CSV.encode())),
    "a.tsv.gz": lambda p: write(p, gzip.compress(BASE.to_csv(sep="\t", index=False).encode())),
    "unlabelled": lambda p: write(p, gzip.compress(CSV.encode())),
    "a.zip": lambda p: write(p, zipped(**{"a.csv": CSV, "__MACOSX/._a.csv": b"x"})),
    "a.jsonl": lambda p: BASE.to_json(p, orient="records", lines=True, date_format="iso"),
    "a.json": lambda p: BASE.to_json(p, orient="records", date_format="iso"),
    "columns.json": lambda p: BASE.to_json(p, orient="columns", date_format="iso"),
    "lists.json": lambda p: write(p, json.dumps(json.loads(BASE.to_json(orient="split", date_format="iso")))),
    "inner.json": lambda p: write(
        p, '{"note": 1, "rows": ' + str(BASE.to_json(orient="records", date_format="iso")) + "}"
    ),
    "a.jsonl.gz": lambda p: write(
        p, gzip.compress(BASE.to_json(orient="records", lines=True, date_format="iso").encode())
    ),
}
EXTRA: dict[str, tuple[str, Any]] = {
    "a.csv.zst": ("zstandard", lambda p: BASE.to_csv(p, index=False)),
    "a.parquet": ("pyarrow", lambda p: BASE.to_parquet(p)),
    "a.feather": ("pyarrow", lambda p: BASE.to_feather(p)),
    "a.xlsx": ("openpyxl", lambda p: BASE.to_excel(p, index=False)),
}


@pytest.mark.parametrize("name", [*WRITERS, *EXTRA])
def test_every_format_gives_the_same_table_and_fingerprint(name: str) -> None:
    if name in EXTRA:
        pytest.importorskip(EXTRA[name][0])
    (WRITERS.get(name) or EXTRA[name][1])(name)
    table, expected = Table.read(name), Table.read(BASE)
    assert table.names == tuple(BASE.columns)
    pd.testing.assert_frame_equal(table.frame, expected.frame)
    assert table.fingerprint == expected.fingerprint
    assert [c.kind for c in table.profile.columns] == ["count", "number", "yes_no", "time", "yes_no"]
    assert table.profile.name == name
    assert Table.read(Path(name)).fingerprint == table.fingerprint


def test_polars_and_arrow_frames_give_the_same_table() -> None:
    polars = pytest.importorskip("polars")
    expected = Table.read(BASE).fingerprint
    frame = polars.DataFrame({c: polars.Series(c, BASE[c].tolist()) for c in BASE.columns}, strict=False)
    assert Table.read(frame).fingerprint == expected
    assert Table.read(frame.lazy()).fingerprint == expected
    pytest.importorskip("pyarrow")
    assert Table.read(BASE.convert_dtypes(dtype_backend="pyarrow")).fingerprint == expected
    with pytest.raises(DataError, match="no DataFrame"):
        Table.read(polars.Series([1, 2]))


def test_polars_types() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "int": [1, None, 3],
            "small": polars.Series([1, 2, 3], dtype=polars.UInt8),
            "category": polars.Series(["a", "b", "a"], dtype=polars.Categorical),
            "date": polars.Series([1, 2, 3]).cast(polars.Date),
            "list": [[1], [2], [1]],
            "bool": [True, None, False],
            "decimal": polars.Series(["1.5", "2.5", "3"]).cast(polars.Decimal(10, 2)),
            "float": [1.0, None, float("nan")],
        }
    )
    table = Table.read(frame)
    assert [str(d) for d in table.frame.dtypes] == [
        "float64", "int64", "object", "datetime64[ns]", "object", "object", "float64", "float64",
    ]  # fmt: skip
    assert table.column("list").tolist() == ["[1]", "[2]", "[1]"]
    assert table.column("decimal").tolist() == [1.5, 2.5, 3.0]
    assert table.profile.column("float").missing == 2
    assert table.profile.column("bool").kind == "yes_no"


def test_stata_and_spss_bring_their_labels() -> None:
    frame = BASE.rename(columns={"Age (years)": "age"}).assign(ok=[1, 0, 1, 1], sex=[1.0, 2.0, 1.0, 2.0])
    frame.assign(smoker=frame.smoker.astype("category")).to_stata(
        "a.dta", write_index=False, variable_labels={"weight": "weight in kg"}
    )
    table = Table.read("a.dta", describe={"sex": "sex of the person"})
    assert table.profile.column("weight").description == "weight in kg"
    assert table.profile.column("weight").unit == "kg"
    assert table.profile.column("sex").description == "sex of the person"
    assert table.column("smoker").tolist() == ["yes", "no", "no", "yes"]
    assert table.profile.column("when").kind == "time"
    pyreadstat = pytest.importorskip("pyreadstat")
    pyreadstat.write_sav(
        frame, "a.sav", column_labels={"weight": "weight (kg)"}, variable_value_labels={"sex": {1: "male", 2: "female"}}
    )
    table = Table.read("a.sav")
    assert table.profile.column("weight").unit == "kg"
    assert table.column("sex").tolist() == ["male", "female", "male", "female"]


def test_stata_value_labels_that_repeat_fall_back_to_numbers() -> None:
    labels = {"x": {1: "same", 2: "same", 3: "other"}}
    pd.DataFrame({"x": [1, 2, 3], "y": [1.5, 2.5, 3.5]}).to_stata("a.dta", write_index=False, value_labels=labels)
    table = Table.read("a.dta")
    assert table.column("x").tolist() == [1, 2, 3]
    assert "value labels that repeat" in table.notes[0]


def test_excel_picks_the_first_full_sheet_and_skips_titles() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "cover"
    sheet = book.create_sheet("data")
    for row in [["My survey 2020"], [], ["id", "age", "group", "share"], [1, 30, "a", "#DIV/0!"], [2, None, "b", 0.5],
                [3, 41, "a", 0.25], [], []]:  # fmt: skip
        sheet.append(row)
    other = book.create_sheet("other")
    for row in [["x", "y"], [1, 2], [3, 4]]:
        other.append(row)
    book.save("a.xlsx")
    table = Table.read("a.xlsx")
    assert table.names == ("id", "age", "group", "share")
    assert len(table) == 3
    assert table.profile.column("share").missing == 1
    assert any("'data' is read" in n and "'other'" in n for n in table.notes)
    assert "2 rows above the header were left out." in table.notes
    assert Table.read("a.xlsx::other").names == ("x", "y")
    assert Table.read("a.xlsx", sheet="other").names == ("x", "y")
    with pytest.raises(DataError, match="no sheet 'nope'") as caught:
        Table.read("a.xlsx", sheet="nope")
    assert "'cover', 'data', 'other'" in caught.value.hint


def test_sqlite_needs_a_name_only_where_there_is_a_choice() -> None:
    one = to_sqlite("one.sqlite", only=BASE)
    assert Table.read(one).names == tuple(BASE.columns)
    evil = 'x"; DROP TABLE people; --'
    two = to_sqlite("two.db", people=BASE, **{evil: BASE.head(3)})
    with pytest.raises(DataError, match="2 tables") as caught:
        Table.read(two)
    assert "two.db::people" in caught.value.hint
    assert len(Table.read("two.db::people")) == 4
    assert len(Table.read(two, table=evil)) == 3
    assert len(Table.read(two, table="people")) == 4
    with pytest.raises(DataError, match="no table 'peple'"):
        Table.read("two.db::peple")


def test_zip_with_several_files_asks_for_one() -> None:
    write("two.zip", zipped(**{"a.csv": CSV, "b.csv": "x,y\n1,2\n3,4\n"}))
    with pytest.raises(DataError, match="2 files") as caught:
        Table.read("two.zip")
    assert "two.zip::a.csv" in caught.value.hint
    assert Table.read("two.zip::b.csv").names == ("x", "y")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"),
     ("utf-32", "UTF-32"), ("cp1252", "Windows-1252")],
)  # fmt: skip
def test_encodings(encoding: str, said: str) -> None:
    table = Table.read(write("e.csv", "naïve,größe\njä,1\nnein,2\njä,3\n", encoding))
    assert table.names == ("naïve", "größe")
    assert table.column("naïve").tolist() == ["jä", "nein", "jä"]
    assert (said in " ".join(table.notes)) and bool(table.notes) == bool(said)


def test_bytes_that_are_no_windows_text_are_read_as_latin_1() -> None:
    table = Table.read(write("e.csv", b"a,b\n\x81x,1\ny,2\n"))
    assert "Latin-1" in table.notes[0]


@pytest.mark.parametrize(
    ("text", "names", "first", "said"),
    [
        ("a,b\n1,2\n3,4\n", ["a", "b"], [1, 2], ""),
        ("a\n1\n3\n", ["a"], [1], ""),
        (' a , "b c" \n1,2\n3,4\n', ["a", '"b c"'], [1, 2], ""),
        ('"a\nb",c\n"x\ny",2\nz,3\n', ["a b", "c"], ["x\ny", 2], ""),
        ("a;b\n1,5;2\n2,5;3\n", ["a", "b"], [1.5, 2], "decimal comma"),
        ("a;b\n1.5;2\n2.5;3\n", ["a", "b"], [1.5, 2], ""),
        ("a;b\n1.234,5;x\n2.345.678,25;y\n", ["a", "b"], [1234.5, "x"], "decimal comma"),
        ("a\tb\n1,5\t2\n2,5\t3\n", ["a", "b"], [1.5, 2], "decimal comma"),
        ("a;b\nx, y, z;1\nu, v, w;2\n", ["a", "b"], ["x, y, z", 1], ""),
        ("a|b\n1|2\n3|4\n", ["a", "b"], [1, 2], ""),
        ("a b   c\n1 2   3\n4 5 6\n", ["a", "b", "c"], [1, 2, 3], ""),
        ("sep=;\na;b\n1;2\n3;4\n", ["a", "b"], [1, 2], "1 line before the header was"),
        ("# from a\n# b\na,b\n1,2\n3,4\n", ["a", "b"], [1, 2], "2 lines before the header were"),
        ("#id,b\n1,2\n3,4\n", ["#id", "b"], [1, 2], ""),
        ("My survey\n\na,b,c\n1,2,3\n4,5,6\n", ["a", "b", "c"], [1, 2, 3], "before the header"),
        ("\n\na,b\n1,2\n3,4\n", ["a", "b"], [1, 2], ""),
        ('"a","b"\n"r1",1,2\n"r2",3,4\n', ["Unnamed: 0", "a", "b"], ["r1", 1, 2], ""),
        (",a\n0,1\n1,2\n", ["Unnamed: 0", "a"], [0, 1], ""),
        ("a,b,\n1,2,\n3,4,\n", ["a", "b"], [1, 2], "empty column without a name"),
        ("a,b\n1,2,\n3,4,\n", ["a", "b"], [1, 2], ""),
        ("a,b\n1,2\n3,4\n,\n,\n", ["a", "b"], [1, 2], "2 blank rows at the end were"),
        ("a,b\n1,2\n,\n3,4\n", ["a", "b"], [1, 2], "1 blank row was"),
        ("a,b\n1,\n2,3\n4\n", ["a", "b"], [1, None], ""),
        ("1,2.5\n3,4\n5,6\n", ["1", "2.5"], [3, 4], "holds only numbers"),
    ],
)
def test_layouts_of_text_tables(text: str, names: list[str], first: list[Any], said: str) -> None:
    table = csv(text)
    assert list(table.names) == names
    row = [None if v != v else v for v in table.frame.iloc[0].tolist()]
    assert row == first
    assert said in " ".join(table.notes)
    assert bool(table.notes) == bool(said)


@pytest.mark.parametrize(
    ("cells", "values", "said"),
    [
        (["1", "NA", "3"], [1.0, None, 3.0], ""),
        (["1", ".", "3"], [1.0, None, 3.0], "'.' in 'x' was read as missing"),
        (["1.5", "?", "-"], [1.5, None, None], "'-' and '?' in 'x' were"),
        (["a", ".", "?"], ["a", ".", "?"], ""),
        (["a", "null", "b"], ["a", None, "b"], "'null' in 'x' was read as missing (1 row"),
        (["a", "None", "b"], ["a", "None", "b"], ""),
        (["1", "None", "2"], [1.0, None, 2.0], "'None' in 'x' was read as missing"),
        (["True", "", "False"], [True, None, False], ""),
        (["True", "False", "True"], [True, False, True], ""),
        (["True", "yes", "no"], ["True", "yes", "no"], ""),
        (["a ", "a", " b"], ["a", "a", "b"], "Spaces around"),
        (['"1,234,567"', '"1,000"', "5"], [1234567, 1000, 5], "commas between thousands"),
        (['"1,234"', '"5,678"', '"9,876"'], ["1,234", "5,678", "9,876"], "not certain"),
        (['"$1,234.50"', "$5", "$6"], [1234.5, 5.0, 6.0], "the sign $"),
        (["10%", "20%", "5.5%"], [10.0, 20.0, 5.5], "the sign %"),
        (["€1", "€2", "3"], ["€1", "€2", "3"], ""),
        (["inf", "2", "-inf"], [float("inf"), 2.0, float("-inf")], ""),
        (["1e3", "2", "3"], [1000.0, 2.0, 3.0], ""),
        (["1_000", "2", "3"], ["1_000", "2", "3"], ""),
        (["0x10", "2", "3"], ["0x10", "2", "3"], ""),
        (["12345678901234567890123", "1", "2"], ["12345678901234567890123", "1", "2"], ""),
        (["=1+1", "@x", "b"], ["=1+1", "@x", "b"], ""),
        (["31/12/2020", "01/02/2021", "05/06/2021"], ["2020-12-31", "2021-02-01", "2021-06-05"], ""),
        (["12/31/2020", "01/02/2021", "05/06/2021"], ["2020-12-31", "2021-01-02", "2021-05-06"], ""),
        (["1.2.2020", "3.4.2021", "5.6.2021"], ["2020-02-01", "2021-04-03", "2021-06-05"], ""),
        (["01/02/2020", "03/04/2021", "05/06/2021"], ["01/02/2020", "03/04/2021", "05/06/2021"], "day-month"),
        (["2020-01-01T10:00:00Z", "2020-01-01 10:00", ""], ["2020-01-01", "2020-01-01", None], ""),
        (["2020-13-45", "2020-01-01", "2020-01-02"], ["2020-13-45", "2020-01-01", "2020-01-02"], ""),
    ],
)
def test_cells(cells: list[str], values: list[Any], said: str) -> None:
    table = csv("x,n\n" + "".join(f"{c},{i}\n" for i, c in enumerate(cells)))
    series = table.column("x")
    found = [None if v != v or v is pd.NaT else (str(v)[:10] if series.dtype.kind == "M" else v) for v in series]
    assert found == values
    assert [type(v) for v in found] == [type(v) for v in values]
    assert said in " ".join(table.notes)
    assert bool(table.notes) == bool(said)


def test_names_are_cleaned_but_stay_readable() -> None:
    header = "\x1b[31mred\x07, two  words ,e\u0301t\u00e9,=cmd|x,\u202eevil,__import__('os').system('touch pwned')"
    table = csv(header + "\n1,2,3,4,5,6\n7,8,9,1,2,3\n")
    assert table.names == (
        "[31mred", "two words", "été", "=cmd|x", "evil", "__import__('os').system('touch pwned')",
    )  # fmt: skip
    assert not Path("pwned").exists()


def wide(count: int) -> str:
    return ",".join(f"c{i}" for i in range(count)) + "\n" + (",".join(["1"] * count) + "\n") * 3


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty.csv": ("", "is empty"),
    "blank.csv": ("\n \n\n", "is empty"),
    "bom.csv": (b"\xef\xbb\xbf", "is empty"),
    "header.csv": ("a,b\n", "no rows"),
    "one.csv": ("a,b\n1,2\n", "only 1 row"),
    "one-and-blank.csv": ("a,b\n1,2\n,\n", "only 1 row"),
    "nothing.csv": ("a,b\n,\n,\n,\n", "no values"),
    "binary.csv": (bytes(range(256)) * 40, "not a table"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256)) * 9, "not a table"),
    "nul.csv": (b"a,b\n1,2\n3,\x00\n", "not a table"),
    "paper.csv": ("%PDF-1.4\n1 2", "document"),
    "page.csv": ("<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "feed.csv": ("<?xml version='1.0'?><a/>", "document"),
    "pointer.csv": ("version https://git-lfs.github.com/spec/v1\noid x\nsize 1\n", "pointer"),
    "twice.csv": ("a,b,a\n1,2,3\n4,5,6\n", "more than one column named 'a'"),
    "twice-trimmed.csv": ("a, a\n1,2\n4,5\n", "more than one column named 'a'"),
    "headerless.csv": ("0,0,1\n1,2,3\n4,5,6\n", "more than one column named '0'"),
    "wide.csv": (wide(10_000), "10,000 columns"),
    "long-name.csv": ("a" * 400 + ",b\n1,2\n3,4\n", "more than 300 characters"),
    "ragged.csv": ("a,b\n1,2\n1,2,3\n4,5\n", "Line 3 of ragged.csv has 3 cells where the header has 2"),
    "quote.csv": ('a,b\n1,"2\n3,4\n5,6\n', "never closed"),
    "odd16.csv": (b"\xff\xfea\x00b", "not a table"),
    "broken.parquet": ("not really", "damaged"),
    "cut.parquet": (b"PAR1" + b"x" * 50, "damaged"),
    "broken.xlsx": ("not really", "damaged"),
    "cut.xlsx": (b"PK\x03\x04" + b"x" * 50, "damaged"),
    "notes.xlsx": (zipped(x="y"), "damaged"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50, "old"),
    "letter.docx": (zipped(**{"[Content_Types].xml": "x", "word/document.xml": "y"}), "not a table"),
    "broken.sqlite": ("not really", "damaged"),
    "cut.db": (b"SQLite format 3\x00" + b"x" * 50, "damaged"),
    "broken.dta": ("not really", "damaged"),
    "broken.sav": ("not really", "damaged"),
    "broken.feather": ("not really", "damaged"),
    "broken.zip": ("not really", "not compressed"),
    "cut.zip": (zipped(a="x" * 500)[:60], "cannot be unpacked"),
    "none.zip": (zipped(), "holds 0 files"),
    "broken.csv.gz": ("not really", "not compressed"),
    "cut.csv.gz": (gzip.compress(CSV.encode())[:60], "cannot be unpacked"),
    "cut.csv.bz2": (bz2.compress(CSV.encode())[:60], "cannot be unpacked"),
    "cut.csv.xz": (lzma.compress(CSV.encode())[:60], "cannot be unpacked"),
    "nothing.csv.gz": (gzip.compress(b""), "empty file"),
    "inner.gz": (gzip.compress(b"PAR1" + b"x" * 20), "another kind"),
    "blank.json": (" ", "is empty"),
    "broken.json": ('[{"a": 1},', "not JSON"),
    "broken.jsonl": ('{"a": 1}\n{"a": 2}\noops\n', "Line 3 of broken.jsonl"),
    "deep.json": ("[" * 100_000, "not JSON"),
    "scalar.json": ("3", "not a table"),
    "list.json": ("[1, 2]", "not a table"),
    "one.json": ('{"a": 1}', "only 1 row"),
    "split.json": ('{"columns": ["a"], "data": [[1, 2]]}', "do not match"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_are_one_clear_error_with_a_hint(name: str) -> None:
    content, message = BAD[name]
    with pytest.raises(DataError) as caught:
        Table.read(write(name, content))
    assert message in caught.value.message
    assert caught.value.hint
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothere.csv", "no file 'nothere.csv'"),
        ("no/such/folder/a.csv", "no file"),
        (".", "is a folder"),
        ("https://example.org/a.csv", "network"),
        ("a\x00b.csv", "no file"),
        ("x" * 5_000, "no file"),
        (os.devnull, "not a regular file"),
        (None, "NoneType"),
        ({"a": [1, 2]}, "dict"),
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame({"a": [1]}), "only 1 row"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "more than one column named 'a'"),
        (pd.DataFrame(np.zeros((3, 6_000))), "6,000 columns"),
    ],
)
def test_bad_sources(source: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        Table.read(source)
    assert message in caught.value.message
    assert caught.value.hint and len(str(caught.value)) < 400


def test_a_missing_file_names_near_misses_and_a_folder_its_tables() -> None:
    write("nhefs.csv", CSV)
    with pytest.raises(DataError) as caught:
        Table.read("nehfs.csv")
    assert "'nhefs.csv'" in caught.value.hint
    with pytest.raises(DataError) as caught:
        Table.read(".")
    assert "nhefs.csv" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file() -> None:
    Path(write("a.csv", CSV)).chmod(0)
    with pytest.raises(DataError, match="cannot be opened"):
        Table.read("a.csv")


@pytest.mark.parametrize(
    ("name", "package"),
    [("a.parquet", "pyarrow"), ("a.xlsx", "openpyxl"), ("a.sav", "pyreadstat"), ("a.csv.zst", "zstandard")],
)
def test_a_missing_package_names_the_extra(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    write(name, {"a.xlsx": zipped(x="y"), "a.csv.zst": b"\x28\xb5\x2f\xfd" + b"x" * 20}.get(name, b"PAR1xxxx"))
    if name == "a.sav":
        write(name, b"$FL2" + b"x" * 20)
    with pytest.raises(DataError, match=f"needs the package {package}") as caught:
        Table.read(name)
    assert "pip install 'pyllm-causal[files]'" in caught.value.hint


def test_cut_zstandard_is_an_error() -> None:
    zstandard = pytest.importorskip("zstandard")
    whole = zstandard.ZstdCompressor().compress(CSV.encode() * 1000)
    with pytest.raises(DataError, match="ends too early"):
        Table.read(write("cut.csv.zst", whole[: len(whole) // 2]))
    two = zstandard.ZstdCompressor().compress(b"a,b\n1,2\n") + zstandard.ZstdCompressor().compress(b"3,4\n")
    assert len(Table.read(write("two.csv.zst", two))) == 2


def test_a_file_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyllm_causal.reading.MAX_BYTES", 10_000)
    with pytest.raises(DataError, match="unpacks to more than"):
        Table.read(write("bomb.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)))


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='ab1.,;|\t\n\r" #=é', max_size=120).map(str.encode)))
def test_any_bytes_give_a_table_or_a_causal_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    try:
        table = Table.read(path)
    except CausalError:
        return
    assert len(table) >= 2 and len(table.names) == table.frame.shape[1]
