"""Reading questions that are put to a picture: one case otherwise, why it changed, what drives it, which change would do most."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyllm_causal.language.client import Scripted
from pyllm_causal.language.compared import compared
from pyllm_causal.language.read import Reading, read_question
from pyllm_causal.language.supposed import supposed
from pyllm_causal.profile import Profile
from tests.unit.language.tables import column, profile


def shop(*more: Any) -> Profile:
    return profile(
        column("customer_id", "count", "customer number", id_like=True),
        column("price", "number", "price of the plan"),
        column("month", "category", "month of the invoice", levels=("January", "February", "March", "April")),
        column("region", "category", "where the customer lives", levels=("north", "south", "west")),
        column("discount", "yes_no", "customer got a discount (1=yes)"),
        column("sales", "number", "sales in the month"),
        column("churn", "yes_no", "customer left (1=yes)"),
        column("refund", "number", "refund paid after the customer left"),
        *more,
    )


def read(question: str, table: Profile | None = None, reply: dict[str, Any] | None = None, **given: Any) -> Reading:
    client = None if reply is None else Scripted([json.dumps({"reading": reply})])
    return read_question(question, table or shop(), client, overrides=given)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "Why did sales drop between March and April?",
            {"kind": "attribution", "outcome": "sales", "compare": {"column": "month", "from": "March", "to": "April"}},
        ),
        (
            "Why did sales rise from January to February?",
            {"kind": "attribution", "outcome": "sales", "compare": {"column": "month", "from": "January", "to": "February"}},
        ),
        (
            "Why do sales differ between the north and the south?",
            {"kind": "attribution", "outcome": "sales", "compare": {"column": "region", "from": "north", "to": "south"}},
        ),
        ("What drives churn?", {"kind": "attribution", "outcome": "churn", "compare": None}),
        ("What is the best single change for sales?", {"kind": "counterfactual", "outcome": "sales", "treatment": None}),
        ("What should we change to raise sales?", {"kind": "counterfactual", "outcome": "sales", "treatment": None}),
        (
            "Would customer 12 have churned had he got the discount?",
            {"kind": "counterfactual", "outcome": "churn", "treatment": "discount", "treated": 1, "row": "customer_id == 12"},
        ),
        (
            "Would customer 12 have churned without the discount?",
            {"kind": "counterfactual", "treatment": "discount", "treated": 0, "row": "customer_id == 12", "where": None},
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model", [False, True])
def test_what_is_read(question: str, expected: dict[str, Any], model: bool) -> None:
    reply = None
    if model:  # a model says the kind and the columns; rules fill in the rest and put the kind right
        one = "treatment" in expected and expected["treatment"]
        reply = {"kind": "counterfactual", "treatment": "discount", "outcome": "churn"} if one else {
            "kind": "attribution", "outcome": expected.get("outcome", "sales")
        }  # fmt: skip
    found = read(question, reply=reply)
    assert found.status == "read" and found.query is not None, found.receipt
    assert {name: getattr(found.query, name) for name in expected} == expected


@pytest.mark.parametrize(
    "question",
    ["Why did sales drop?", "Why have sales fallen in April?", "Why did sales drop between spring and autumn?"],
)
def test_what_is_compared_is_asked_for_and_never_guessed(question: str) -> None:
    for reply in (None, {"kind": "attribution", "outcome": "sales"}):
        found = read(question, reply=reply)
        assert found.status == "choose" and found.query is None
    assert found.choices["compare"] == ["month", "region", "discount", "churn"]
    assert "--compare" in found.receipt


def test_given_by_hand_it_is_not_asked_for() -> None:
    compare = {"column": "month", "from": "March", "to": "April"}
    found = read("Why did sales drop?", compare=compare)
    assert found.query is not None and found.query.compare == compare


def test_a_case_that_cannot_be_found_is_asked_for() -> None:
    nameless = profile(*[c for c in shop().columns if c.name != "customer_id"])
    found = read("Would customer 12 have churned had he got the discount?", nameless)
    assert found.status == "choose" and "--row" in found.receipt
    given = read("Would customer 12 have churned had he got the discount?", nameless, row=11)
    assert given.query is not None and given.query.row == 11
    by_row = read("Would row 12 have churned with the discount?", nameless)
    assert by_row.query is not None and by_row.query.row == 12


def test_changes_by_hand_take_the_place_of_a_treatment() -> None:
    found = read("What would sales be?", changes={"price": 20, "discount": 1}, outcome="sales")
    assert found.query is not None
    assert (found.query.kind, found.query.treatment, found.query.outcome) == ("counterfactual", None, "sales")
    assert found.graph is not None
    mine = {e.cause: e.source for e in found.graph.edges}
    assert mine["price"] == mine["discount"] == "you" and mine["region"] == "data"
    assert "would “sales” (sales in the month) be on average if “price” were 20" in found.receipt


def test_the_drafted_picture_of_causes() -> None:
    found = read("What drives churn?")
    assert found.graph is not None
    assert {e.effect for e in found.graph.edges} == {"churn"}
    assert {e.cause for e in found.graph.edges} == {"price", "month", "region", "discount", "sales"}
    assert [b.column for b in found.bad_controls] == ["refund"]  # it is known after the customer left
    compared_by = read("Why did sales drop between March and April?")
    assert compared_by.graph is not None and "month" not in {e.cause for e in compared_by.graph.edges}


def test_levels_in_two_columns_are_no_comparison() -> None:
    twice = shop(column("billed", "category", "month billed", levels=("March", "April", "May")))
    assert compared("Why did sales drop between March and April?", twice) is None


def test_months_by_name_number_and_date() -> None:
    for levels in ((1, 2, 3, 4), ("Jan", "Feb", "Mar", "Apr"), ("2024-02", "2024-03", "2024-04")):
        table = profile(column("month", "category", levels=levels), column("sales"))
        found = compared("Why did sales drop between March and April?", table)
        assert found is not None and (found.first, found.second) == (levels[-2], levels[-1])
    two_years = profile(column("month", "category", levels=("2023-03", "2024-03", "2024-04")), column("sales"))
    assert compared("Why did sales drop between March and April?", two_years) is None


@pytest.mark.parametrize(
    ("question", "level"),
    [
        ("Would patient 7 have had a stroke had he smoked?", 1),
        ("Would patient 7 have had a stroke had he not smoked?", 0),
        ("Patient 7 did not smoke. Would he have had a stroke if he had smoked?", 1),
        ("If patient 7 had never smoked, would he have had a stroke?", 0),
        ("Would patient 7 have had a stroke without smoking?", 0),
        ("Patient 7 smoked. Would he have had a stroke otherwise?", None),
    ],
)
def test_what_is_supposed(question: str, level: int | None) -> None:
    assert supposed(question, column("smoker", "yes_no", "smoked (1=yes)")) == level
