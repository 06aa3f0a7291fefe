"""Questions that used to be misread without a word: read rightly or asked about, never turned round."""

from __future__ import annotations

import pandas as pd
import pytest

from pyllm_causal import pipeline
from pyllm_causal.language.kinds import descriptive
from pyllm_causal.language.read import Reading
from pyllm_causal.query import Query

N = 120
SHOP = pd.DataFrame(
    {
        "discount": [i % 2 for i in range(N)],
        "basket_value": [20 + (i * 7) % 60 + i % 3 / 10 for i in range(N)],
        "returned": [int(i % 7 == 0) for i in range(N)],
        "channel": [("app", "web", "store")[i % 3] for i in range(N)],
        "drug": [("active", "placebo")[i // 2 % 2] for i in range(N)],
        "page": [("old", "new")[i // 3 % 2] for i in range(N)],
        "km_centre": [1 + (i * 11) % 17 + 0.5 for i in range(N)],
        "days_empty": [(i * 5) % 40 for i in range(N)],
        "accidents": [(i * 3) % 8 for i in range(N)],
        "camera": [i // 5 % 2 for i in range(N)],
    }
)
TOLD = (
    "discount: order had a discount code; basket_value: value of the order in euro; returned: goods were sent back; drug: active or placebo;"
    " days_empty: days the flat stood empty; km_centre: distance to the centre in km; camera: street has a camera; accidents: accidents a year"
)


def read(question: str) -> Reading:
    return pipeline.read(question, SHOP, describe=TOLD)


def query(question: str) -> Query:
    found = read(question).query
    assert found is not None, question
    return found


@pytest.mark.parametrize(
    ("question", "treated", "control"),
    [
        ("Does the drug lower the number of accidents compared with placebo?", "active", "placebo"),
        ("Does the active drug lower accidents compared with the placebo drug?", "active", "placebo"),
        ("Compared with placebo, does the active drug lower accidents?", "active", "placebo"),
        ("Does the drug lower accidents relative to the placebo?", "active", "placebo"),
        ("Does the new page rather than the old page raise the basket value?", "new", "old"),
        ("Does the old page raise the basket value more than the new page?", "old", "new"),
        ("Does the new page raise the basket value?", "new", "old"),
    ],
)
def test_what_is_compared_with_what(question: str, treated: str, control: str) -> None:
    found = query(question)
    assert (found.treated, found.control) == (treated, control)


def test_a_switch_is_asked_about_or_read_the_right_way_round() -> None:
    found = read("Does switching from the old page to the new page raise the basket value?").query
    assert found is None or (found.treated, found.control) == ("new", "old")


def test_the_plain_ones_are_read() -> None:
    found = query("Does the drug lower the number of accidents compared with placebo?")
    assert (found.treatment, found.outcome, found.treated) == ("drug", "accidents", "active")


@pytest.mark.parametrize("question", ["By what factor does a camera change the number of accidents?"])
def test_a_factor_is_a_ratio(question: str) -> None:
    assert query(question).scale == "ratio"


@pytest.mark.parametrize(
    ("question", "lookup"),
    [
        ("How many accidents does a camera prevent?", False),
        ("How many clicks do we lose per second of load time?", False),
        ("How many points would tutoring add?", False),
        ("How many cameras are there?", True),
        ("How many streets have a camera?", True),
        ("How many orders did we lose in March?", True),
        ("How many streets did gain a camera?", True),
        ("How many points did we gain per hour of tutoring?", False),
    ],
)
def test_how_many(question: str, lookup: bool) -> None:
    assert descriptive(question) is lookup


@pytest.mark.parametrize(
    "question",
    [
        "Do flats closer to the centre cost more?",  # no column for what they cost; "days the flat stood empty" is none
        "Are discount orders in the app returned more often?",  # a level of a column that would go unused
    ],
)
def test_nothing_is_made_of_stray_words(question: str) -> None:
    found = read(question).query
    if found is not None:
        assert found.where is not None and "app" in found.where
        assert (found.treatment, found.outcome) == ("discount", "returned")
