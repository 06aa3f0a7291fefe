"""Words and numbers that turn a question round: they are read, or a person is asked. Never dropped in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyllm_causal.language.claims import check_claims
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.read import Reading, read_question
from pyllm_causal.plan import plan
from pyllm_causal.profile import Profile
from pyllm_causal.settings import scrub
from tests.unit.language.tables import column, profile


def clinic() -> Profile:
    return profile(
        column("patient", "count", id_like=True),
        column("statin", "yes_no"),
        column("aspirin", "yes_no"),
        column("banner", "yes_no", "saw the banner (1=yes)"),
        column("age", "number"),
        column("sex", "category", levels=("male", "female")),
        column("ward", "category", levels=("north", "south", "east")),
        column("device", "category", levels=("phone", "desktop", "tablet")),
        column("pressure", "number"),
        column("stroke", "yes_no"),
        column("unemployed", "yes_no"),
        column("mother_schooling", "count"),
        column("smoker", "yes_no"),
        column("bought", "yes_no"),
    )


def read(question: str, client: Scripted | None = None) -> Reading:
    return read_question(question, clinic(), client, draft=False)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Are strokes reduced by aspirin?", {"treatment": "aspirin", "outcome": "stroke"}),
        ("Was the pressure lowered by statins?", {"treatment": "statin", "outcome": "pressure"}),
        ("Does the risk of stroke increase with age?", {"treatment": "age", "outcome": "stroke"}),
        ("Does pressure rise after aspirin?", {"treatment": "aspirin", "outcome": "pressure"}),
        ("Is the pressure lower with statins?", {"treatment": "statin", "outcome": "pressure"}),
        ("Ignoring the north ward, do statins prevent strokes?", {"treatment": "statin", "where": 'ward != "north"'}),
        ("Do statins prevent strokes except in women?", {"treatment": "statin", "where": 'sex != "female"'}),
        ("Do statins prevent strokes in patients not older than 60?", {"treatment": "statin", "where": "age <= 60"}),
        ("Among patients aged 50 to 60, do statins prevent strokes?", {"where": "age <= 60 and age >= 50"}),
        ("Excluding people over 70, do statins prevent strokes?", {"where": "age <= 70"}),
        ("What drives strokes among people over 60?", {"kind": "attribution", "where": "age > 60"}),
        ("Do phone users buy less because of the banner?", {"treatment": "banner", "where": 'device == "phone"'}),
        ("Is the pressure higher in the north than in the south?", {"treatment": "ward", "outcome": "pressure"}),
        ("Is stroke predicted by age?", {"kind": "association", "treatment": "age", "outcome": "stroke"}),
        ("Would patient 7 have had a stroke had he not smoked?", {"kind": "counterfactual", "treatment": "smoker"}),
    ],
)
def test_what_is_read(question: str, expected: dict[str, Any]) -> None:
    reading = read(question)
    assert reading.status == "read" and reading.query is not None, reading.receipt
    assert {k: getattr(reading.query, k) for k in expected} == expected


@pytest.mark.parametrize(
    "question",
    [
        "Was the stroke of patient 7 caused by smoking?",
        "Does not taking aspirin raise the risk of stroke?",
        "Do statins lower the pressure for those not taking statins?",
        "Did aspirin lower the pressure after 2005?",
        "Does a pressure of 150 rather than 120 cause strokes?",
        "Does an age over 60 raise the pressure?",
        "Would the pressure be lower at an age of 20 than at 40?",
        "Among patients outside the age of 50 to 60, do statins prevent strokes?",
        "Does the father's schooling lower the pressure?",
        "Does being employed lower the pressure?",
        "Patients over 60 got statins. Do statins prevent strokes?",
        "Do statins prevent strokes? Ignore aspirin.",
        "Controlling for smoking, do statins prevent strokes?",
        "Smoker 9999 smoked. Would they have had a stroke without aspirin and statins?",
    ],
)
def test_what_is_asked(question: str) -> None:
    assert read(question).status == "choose"


def test_a_harmless_no_is_no_doubt() -> None:
    assert read("Do statins not affect the pressure?").status == "read"
    assert read("Statins were not given at random. Do they lower the pressure?").status == "read"


def said_by_a_model(**fields: Any) -> Scripted:
    return Scripted([json.dumps({"reading": {"who": "everyone", "only": None, "kind": "effect", **fields}})])


def test_a_number_that_a_model_leaves_out_is_said() -> None:
    reading = read(
        "Did aspirin lower the pressure after 2005?", said_by_a_model(treatment="aspirin", outcome="pressure")
    )
    assert reading.status == "read" and "“2005” in the question plays no part" in reading.receipt


def test_a_negation_that_a_model_leaves_out_becomes_a_choice() -> None:
    said = {"treatment": "aspirin", "outcome": "stroke"}
    turned = read("Does not taking aspirin cause strokes?", said_by_a_model(**said))
    assert turned.status == "choose" and "“not”" in turned.receipt
    assert read("Does taking aspirin cause strokes?", said_by_a_model(**said)).status == "read"
    assert read("Doesn't aspirin prevent strokes?", said_by_a_model(**said)).status == "read"


def test_another_relative_is_refused_from_a_model_too() -> None:
    model = said_by_a_model(treatment="mother_schooling", outcome="pressure")
    reading = read("Does the father's schooling lower the pressure?", model)
    assert reading.status == "choose" and "relative" in reading.receipt


def test_a_level_of_the_rows_meant_is_no_treatment() -> None:
    reading = read(
        "Do phone users buy less because of the banner?", said_by_a_model(treatment="banner", outcome="bought")
    )
    assert reading.query is not None and reading.query.treatment == "banner"
    assert reading.query.where == 'device == "phone"'


@pytest.mark.parametrize("verb", ["suppress", "curb", "inhibit", "stop", "eliminate", "harm", "kill", "benefit"])
def test_prose_may_not_turn_or_judge_a_rise(verb: str) -> None:
    facts = "The drug may lead to a higher result."
    assert check_claims(f"The drug may {verb} the result.", facts, "low", "up", treatment=("drug",))
    assert check_claims("The drug may raise the result.", facts, "low", "up", treatment=("drug",)) is None


@pytest.mark.parametrize("verb", ["cause", "produce", "lead to", "result in", "promote", "generate", "enhance"])
def test_prose_may_not_leave_a_fall_unsaid(verb: str) -> None:
    facts = "The drug may lead to a lower weight."
    assert check_claims(f"The drug may {verb} the weight.", facts, "low", "down", treatment=("drug",))
    assert check_claims("The drug may cause a lower weight.", facts, "low", "down", treatment=("drug",)) is None


def test_a_question_without_a_cause_is_no_plan() -> None:
    assert plan("Why do people get headaches?").status == "choose"
    assert plan("Are headaches caused by coffee?").treatment == "coffee"


def test_the_working_folder_is_no_secret() -> None:
    here = {"PWD": "/home/ann/data", "OLDPWD": "/home/ann/old", "DB_PWD": "hunter2-hunter2"}
    assert scrub("/home/ann/data/a.csv /home/ann/old", here) == "/home/ann/data/a.csv /home/ann/old"
    assert "hunter2" not in scrub("hunter2-hunter2", here)


def test_a_description_says_of_which_rows() -> None:
    import pandas as pd

    from pyllm_causal.pipeline import ask

    frame = pd.DataFrame(
        {
            "sex": ["male", "female"] * 60,
            "age": [30 + i % 50 for i in range(120)],
            "stroke": [int(i % 7 == 0) for i in range(120)],
        }
    )
    answer = ask("Do women over 60 have more strokes?", frame)
    assert answer.status == "not_causal" and answer.headline.startswith("Among the rows with age > 60: ")
