"""Rows that a question speaks of, and values that it names: filters, scales, contrasts, sizes that matter."""

from __future__ import annotations

from typing import Any

import pytest

from pyllm_causal.filter import parse_filter
from pyllm_causal.language import amounts, subset
from pyllm_causal.language.compared import compared
from pyllm_causal.profile import Column
from tests.unit.language.tables import column, profile

HIVES = (
    column("fed", "yes_no", "hive was fed in autumn (1=yes)"),
    column("honey", "number", "honey in kg", unit="kg"),
    column("queen_age", "count", "age of the queen in years", unit="years"),
    column("keeper_sex", "category", "sex of the beekeeper", levels=("female", "male")),
    column("place", "category", "where the hive stands", levels=("forest", "heath", "town")),
    column("organic", "yes_no", "kept organically (1=yes)"),
    column("hive_weight", "number", "weight of the hive in kg", unit="kg"),
    column("year", "count", "calendar year", time_like=True, minimum=2001, maximum=2020),
)
NAMES = [c.name for c in HIVES]


def found(question: str, *taken: str) -> set[tuple[str, str, Any]]:
    text = subset.text(c for c in subset.conditions(question, HIVES, taken) if c.sure)
    return {(c.column, c.op, c.value) for c in parse_filter(text, NAMES).conditions} if text else set()


@pytest.mark.parametrize(
    ("question", "conditions"),
    [
        ("Does feeding help in the forest?", {("place", "==", "forest")}),
        ("Among women, does feeding help?", {("keeper_sex", "==", "female")}),
        ("Hilft Füttern bei Männern?", {("keeper_sex", "==", "male")}),
        ("Does feeding help hives whose queen is over 2 years old?", {("queen_age", ">", 2)}),
        ("Does feeding help where the queen age is at least 3?", {("queen_age", ">=", 3)}),
        ("Does feeding help for hives with a hive weight under 20 kg?", {("hive_weight", "<", 20)}),
        ("Does feeding help when the queen is 3 years or older?", {("queen_age", ">=", 3)}),
        (
            "Does feeding help for a hive weight between 10 and 20?",
            {("hive_weight", ">=", 10), ("hive_weight", "<=", 20)},
        ),
        ("Among organic hives on the heath, does feeding help?", {("place", "==", "heath"), ("organic", "==", 1)}),
        ("Without organic keeping, does feeding help?", {("organic", "==", 0)}),
        ("Does feeding help in the forest or on the heath?", set()),  # two levels: not read as one
        ("Does feeding help women and men?", set()),
        ("Does feeding raise honey by at least 5 kg?", set()),  # a size, not a condition
        ("Does feeding help?", set()),
        ("Does feeding help a queen over 5000 years old?", set()),  # outside the column
    ],
)
def test_conditions(question: str, conditions: set[tuple[str, str, Any]]) -> None:
    assert found(question) == conditions


def test_a_column_with_another_part_is_no_condition() -> None:
    assert found("Does the forest raise honey?", "place") == set()


def test_a_word_that_may_mean_something_else_is_not_sure() -> None:
    (one,) = subset.conditions("Does feeding help in organic keeping?", HIVES)
    assert one.column == "organic" and not one.sure


def test_odd_names_are_quoted_and_never_run() -> None:
    odd = column('pla"ce; drop', "category", "place", levels=("for`est", "heath"))
    (one,) = subset.conditions("Does feeding help on the heath?", [odd])
    text = subset.text([one])
    assert text is not None
    (condition,) = parse_filter(text, [odd.name]).conditions
    assert (condition.column, condition.value) == (odd.name, "heath")


@pytest.mark.parametrize(
    ("question", "scale"),
    [
        ("What is the hazard ratio of death?", "hazard_ratio"),
        ("Give the rate ratio of stings.", "rate_ratio"),
        ("Does it change the odds of loss?", "odds_ratio"),
        ("What is the relative risk of loss?", "ratio"),
        ("How many times as likely is a loss?", "ratio"),
        ("By what percentage does feeding raise honey?", "percent"),
        ("Um wie viel Prozent erhöht Füttern den Ertrag?", "percent"),
        ("By how many percentage points does feeding cut losses?", None),
        ("Does feeding raise honey?", None),
    ],
)
def test_scale(question: str, scale: str | None) -> None:
    assert amounts.scale(question).get("scale") == scale


HONEY, LOST = HIVES[1], column("lost", "yes_no", "hive was lost (1=yes)")


@pytest.mark.parametrize(
    ("question", "outcome", "value"),
    [
        ("Does feeding raise honey by at least 2 kg?", HONEY, 2.0),
        ("Does feeding raise honey by more than 500 g?", HONEY, 0.5),
        ("A difference of 3 kg would matter. Does feeding raise honey?", HONEY, 3.0),
        ("Feeding is only worth it from 4 kg on: does it raise honey?", HONEY, 4.0),
        ("Does feeding cut losses by at least 5 percentage points?", LOST, 0.05),
        ("Does feeding cut losses by at least 5 percent?", LOST, None),  # of what?
        ("Does feeding raise honey by at least 2 hours?", HONEY, None),
        ("Does feeding help hives over 20 kg?", HONEY, None),
        ("Does feeding raise honey?", HONEY, None),
    ],
)
def test_what_matters(question: str, outcome: Column, value: float | None) -> None:
    assert amounts.matters(question, outcome) == (None if value is None else pytest.approx(value))


def test_all_arms_against_nothing() -> None:
    arm = column("feed", "category", levels=("none", "sugar", "syrup"))
    assert amounts.arms("Compare all the feeds: what do they do to honey?", arm) == {"control": "none"}
    assert amounts.arms("Does the feed change honey?", arm) == {}
    assert amounts.arms("Compare all the feeds.", column("feed", "category", levels=("a", "b", "c"))) == {}


def test_time_to_event() -> None:
    table = (column("days_to_loss", "number", "days until the hive was lost"), LOST, HIVES[0])
    expected = {"outcome": "days_to_loss", "event": "lost"}
    lost = column("lost", "yes_no", "hive died (1=yes)")
    table = (table[0], lost, table[2])
    assert amounts.over_time("Do fed hives survive longer?", table[0], table) == expected
    assert amounts.over_time("What is the hazard ratio for feeding?", lost, table) == expected
    assert amounts.over_time("Does feeding cut losses?", lost, table) == {}
    assert amounts.over_time("What is the hazard ratio for feeding?", HONEY, (HONEY, *table[2:])) is None


def test_two_times_of_an_attribution() -> None:
    table = profile(*HIVES)
    found = compared("Why did honey fall between 2005 and 2012?", table)
    assert found is not None and found.field() == {"column": "year", "from": 2005, "to": 2012}
    assert compared("Why did honey fall in 2012?", table) is None
    assert compared("Why did honey fall between 1905 and 2012?", table) is None


AS_TWO = column("race", "number", "race (1 = not black but white, 2 = black)", levels=(1, 2))
UNTOLD, CODED, OTHERWISE = (
    column("gender", "yes_no", None),
    column("gender", "yes_no", "gender (0 = female, 1 = male)"),
    column("race", "yes_no", "race (0 = white, 1 = black or other)"),
)


@pytest.mark.parametrize(
    ("said", "columns", "where"),
    [
        ("only women", [UNTOLD], None),  # whether 1 is a woman or a man nothing says
        ("among men", [UNTOLD], None),
        ("for boys", [UNTOLD], None),
        ("only women", [CODED], "gender == 0"),
        ("among men", [CODED], "gender == 1"),
        ("only white people", [OTHERWISE], "race == 0"),
        ("among black people", [OTHERWISE], "race == 1"),
        ("among white people", [AS_TWO], "race == 1"),
        ("among black people", [AS_TWO], "race == 2"),
        ("among black people", [column("race", "yes_no", "race (0 = white, 1 = non-white or black)")], "race == 1"),
        (
            "only rural people",
            [column("urban", "category", "1 = never urban but rural, 2 = urban", levels=(1, 2))],
            "urban == 1",
        ),
        ("only white people", [column("race", "yes_no", None)], None),
        ("among the unemployed", [column("employment", "yes_no", None)], "employment == 0"),
        ("among married people", [column("married", "yes_no", None)], "married == 1"),
    ],
)
def test_a_code_is_one_side_of_a_trait_only_where_the_table_says_so(
    said: str, columns: list[Column], where: str | None
) -> None:
    assert subset.text(subset.conditions(said, columns)) == where


def test_a_sex_that_no_condition_covers_is_said() -> None:
    assert subset.untold("Does it help women?", [UNTOLD], ("fed", "honey")) == "women"
    assert subset.untold("Does it help women?", [UNTOLD], ("fed", "honey", "gender")) is None
    assert subset.untold("Does it help women more than men?", [UNTOLD], ()) is None
    assert subset.untold("Does it help women?", [column("fed", "yes_no", None)], ()) is None
