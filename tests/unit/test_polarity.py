"""Codes and scales that run the other way than their numbers: 1 = yes, 2 = no; 1 is best."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyllm_causal import pipeline
from pyllm_causal.causal.contrast import positive_level
from pyllm_causal.data import Table
from pyllm_causal.polarity import falls, no_and_yes
from pyllm_causal.profile import Column


def column(values: list[Any], text: str) -> Column:
    return Table.read(pd.DataFrame({"x": values, "i": range(len(values))}), describe={"x": text}).profile.column("x")


@pytest.mark.parametrize(
    ("values", "text", "pair"),
    [
        ([1, 2], "smokes: 1 = yes, 2 = no", (2, 1)),
        ([1, 2], "1: no; 2: yes", (1, 2)),
        ([0, 1], "plot is watered (0 = yes, 1 = no)", (1, 0)),
        ([0, 1], "1 = treated, 0 = not treated", (0, 1)),
        ([1, 2], "1 = treatment group, 2 = control group", (2, 1)),
        ([1, 2], "yes = 1, no = 2", (2, 1)),
        (["A", "B"], "member of the club (A = yes, B = no)", ("B", "A")),
        ([1, 2], "1 = male, 2 = female", None),
        ([1, 2], "smokes", None),
        ([1, 2, 3], "1 = yes, 2 = no, 3 = unknown", (2, 1)),
        ([1, 2, 3], "1 = yes, 2 = no, 3 = sometimes", None),
    ],
)
def test_which_code_means_yes(values: list[Any], text: str, pair: tuple[Any, Any] | None) -> None:
    assert no_and_yes(column(values * 4, text)) == pair


def test_a_plain_yes_and_no_stay() -> None:
    assert positive_level(column([0, 1] * 4, "got it")) == (0, 1)
    assert positive_level(column(["no", "yes"] * 4, "got it; no news")) == ("no", "yes")


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("satisfaction, 1 = very satisfied to 5 = very dissatisfied", True),
        ("satisfaction, 1 = very dissatisfied to 5 = very satisfied", False),
        ("final grade, 1 is best and 6 is worst", True),
        ("rank in the league, 1 is best", True),
        ("1 (strongly agree) to 5 (strongly disagree)", True),
        ("points; lower is better", True),
        ("points, 5 = excellent, 1 = poor", False),
        ("number of 5 best friends", False),
        ("score", False),
    ],
)
def test_which_end_is_more(text: str, lower: bool) -> None:
    assert falls(column([1, 2, 3, 4, 5, 6], text)) is lower


def world(yes: int, no: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    age = rng.normal(50, 10, 800).round()
    smokes = rng.random(800) < 1 / (1 + np.exp(-(age - 50) / 10))
    return pd.DataFrame(
        {
            "age": age,
            "smokes": np.where(smokes, yes, no),
            "bp": 120 + 6 * smokes + 0.4 * (age - 50) + rng.normal(0, 8, 800),
        }
    )


@pytest.mark.parametrize(("yes", "no"), [(1, 2), (2, 1), (0, 1), (1, 0)])
def test_the_effect_has_the_sign_that_the_codes_mean(yes: int, no: int) -> None:
    """The truth is +6, whatever the codes."""
    told = f"smokes: {yes} = yes, {no} = no; bp: blood pressure; age: in years"
    query = {"treatment": "smokes", "outcome": "bp", "adjust_for": ["age"]}
    answer = pipeline.analyse(query, world(yes, no), describe=told, checks=False)
    assert answer.effect is not None and answer.effect.value == pytest.approx(6, abs=2)


def test_codes_that_nobody_explains_are_asked_about() -> None:
    reading = pipeline.read("Does it matter that he smokes, does smokes raise bp?", world(1, 2))
    assert reading.query is None
    reading = pipeline.read("Does smoking raise bp?", world(1, 2))
    assert reading.query is None and "1 and 2" in reading.receipt


def test_rows_are_chosen_by_what_the_codes_mean() -> None:
    frame = world(1, 0).assign(sex=np.tile([1, 2], 400), healthy=np.tile([0, 0, 1, 1], 200))
    told = "smokes: 1 = yes, 0 = no; sex: 1 = male, 2 = female; healthy: 0 = yes, 1 = no; bp: blood pressure"
    reading = pipeline.read("Does smoking raise bp among women?", frame, describe=told)
    assert reading.query is not None and reading.query.where == "sex == 2"
    reading = pipeline.read("Does smoking raise bp among healthy people?", frame, describe=told)
    assert reading.query is None or reading.query.where == "healthy == 0"


def test_a_scale_that_runs_down_is_said() -> None:
    frame = world(1, 0).assign(grade=lambda d: (d["bp"] / 40).round())
    query = {"treatment": "smokes", "outcome": "grade", "adjust_for": ["age"]}
    answer = pipeline.analyse(query, frame, describe="grade: school grade, 1 is best, 6 is worst", checks=False)
    assert "lower number means better" in " ".join(answer.headline.split())


def test_capitals_make_no_levels() -> None:
    frame = world(1, 0)
    spelled = np.random.default_rng(2).choice(["Yes", "yes", "YES"], 800)
    frame["smokes"] = np.where(frame["smokes"] == 1, spelled, np.where(frame["age"] > 50, "NO", "no"))
    table = Table.read(frame)
    assert table.profile.column("smokes").kind == "yes_no"
    assert any("capital" in note for note in table.notes)
    alleles = Table.read(pd.DataFrame({"gene": ["A", "a"] * 10, "y": range(20)})).profile.column("gene")
    assert alleles.distinct == 2


def test_numbers_with_their_unit() -> None:
    frame = pd.DataFrame({"weight": [f"{60 + i / 10:.1f} kg" for i in range(40)], "dose": ["10 mg", "20 mg"] * 20})
    table = Table.read(frame)
    assert table.column("weight").iloc[1] == 60.1
    assert table.profile.column("dose").kind == "category"
