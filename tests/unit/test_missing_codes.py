"""Codes for "not known" that a description declares, and descriptions of many columns in one line."""

from __future__ import annotations

import pandas as pd
import pytest

from pyllm_causal.data import Table
from pyllm_causal.dictionary import describe
from pyllm_causal.missing_codes import told


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("points in the test, 999 = absent", [999]),
        ("income in 1000 a year (-9 = no answer, -8: refused)", [-9, -8]),
        ("age; 99 means unknown", [99]),
        ("missing values are coded as 888", [888]),
        ("weight in kg, missing = -1", [-1]),
        ("0 = absent, 1 = present", []),
        ("1 = yes, 0 = no", []),
        ("days missing from school", []),
        ("price in 2019; missing from 3 shops", []),
        ("1 = none, 2 = some, 3 = other", []),
    ],
)
def test_told(text: str, codes: list[float]) -> None:
    assert told(text) == codes


def test_gaps_as_told() -> None:
    frame = pd.DataFrame({"score": [50, 60, 999, 70], "group": [1, 2, 1, 2]})
    plain = Table.read(frame)
    table = Table.read(frame, describe="score: points, 999 = not recorded")
    again = Table.read(plain, describe="score: points, 999 = not recorded")
    for one in (table, again):
        assert one.profile.column("score").missing == 1 and one.profile.column("score").maximum == 70
        assert any("999" in note and "missing" in note for note in one.notes)
        assert one.fingerprint == plain.fingerprint  # the file is the same file
    assert plain.profile.column("score").missing == 0


def test_a_code_is_kept_where_nothing_would_be_left() -> None:
    table = Table.read(pd.DataFrame({"told": [0, 9, 0, 9], "y": [1, 2, 3, 4]}), describe="told: 9 = unknown")
    assert table.profile.column("told").missing == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("age: in years; sex: 1 = female, 0 = male; score", {"age": "in years", "sex": "1 = female, 0 = male"}),
        ("age in years; score: points. high is good", {"age": "in years", "score": "points. high is good"}),
        ("age: in years. sex: m or f. score: points", {"age": "in years.", "sex": "m or f.", "score": "points"}),
        ("age, score: as told; sex: m or f", {"age": "as told", "score": "as told", "sex": "m or f"}),
        ("sex: 1 = female; 2 = male", {"sex": "1 = female; 2 = male"}),
        ("age: years, sex and score matter", {"age": "years, sex and score matter"}),
    ],
)
def test_one_line_for_many_columns(text: str, wanted: dict[str, str]) -> None:
    assert describe(text, ["age", "sex", "score"]) == wanted


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["$1,250", "$980", "$12,400"], [1250, 980, 12400]),
        ([*(f"{i},{100 + 30 * i}" for i in range(1, 13)), "850"], None),
    ],
)
def test_thousands(cells: list[str], numbers: list[float] | None) -> None:
    column = Table.read(pd.DataFrame({"a": cells, "b": range(len(cells))})).column("a")
    assert column.dtype.kind in "if"
    assert column.tolist() == (numbers or [float(c.replace(",", "")) for c in cells])


def test_three_decimals_are_no_thousands() -> None:
    for cells in (["1,234", "2,345", "3,456"] * 8, [*["1,234", "2,5", "0,75"] * 8, "3"]):
        column = Table.read(pd.DataFrame({"a": cells, "b": range(len(cells))})).column("a")
        assert column.dtype.kind == "O"


@pytest.mark.parametrize("pair", [("nein", "ja"), ("non", "oui"), ("no", "sí"), ("Nee", "Ja"), ("não", "sim")])
def test_yes_and_no_of_other_languages(pair: tuple[str, str]) -> None:
    from pyllm_causal.causal.contrast import positive_level

    column = Table.read(pd.DataFrame({"a": [*pair, *pair], "b": range(4)})).profile.column("a")
    assert column.kind == "yes_no" and positive_level(column) == pair
