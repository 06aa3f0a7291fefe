"""The built-in reader: it reads what it is sure of and offers a short list otherwise. It never guesses."""

from __future__ import annotations

from typing import Any

import pytest

from pyllm_causal.language.read import Reading, read_question
from pyllm_causal.profile import Profile
from tests.unit.language.tables import column, profile


def hives() -> Profile:
    """A table about bees."""
    return profile(
        column("hive_id", "count", "hive id", id_like=True),
        column("fed", "yes_no", "hive was fed sugar in autumn (1=yes)"),
        column("honey_kg", "number", "honey harvested, in kg", unit="kg"),
        column("lost", "yes_no", "colony was lost in winter (1=yes)"),
        column("brood", "number", "area of brood in October"),
        column("queen_age", "count", "age of the queen in years"),
        column("place", "category", "where the hive stands", levels=("forest", "heath", "town")),
        column("previous_losses", "count", "colonies lost in previous winters"),
        column("mites", "number", "mites per hundred bees"),
    )


def read(question: str) -> Reading:
    return read_question(question, hives(), None, draft=False)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Does feeding sugar raise the honey harvest?", {"kind": "effect", "treatment": "fed", "outcome": "honey_kg"}),
        ("Do more mites lead to losses in winter?", {"kind": "effect", "treatment": "mites", "outcome": "lost"}),
        (
            "What is the effect of feeding sugar on the brood area?",
            {"kind": "effect", "treatment": "fed", "outcome": "brood"},
        ),
        (
            "Among the hives that were fed, did feeding cut the chance of being lost?",
            {"kind": "effect", "target": "treated", "treatment": "fed", "outcome": "lost"},
        ),
        (
            "Is the effect of feeding sugar on honey different for different places?",
            {"kind": "effect_by_group", "treatment": "fed", "outcome": "honey_kg", "by": "place"},
        ),
        (
            "How much of the effect of feeding sugar on honey goes through the brood area?",
            {"kind": "mediation", "treatment": "fed", "outcome": "honey_kg"},
        ),
        ("Are mites and honey correlated?", {"kind": "association", "treatment": "mites", "outcome": "honey_kg"}),
        ("What drives the honey harvest?", {"kind": "attribution", "outcome": "honey_kg"}),
        ("What causes what in these hives?", {"kind": "discovery", "treatment": None}),
        ("How many hives are there?", {"kind": "association", "outcome": None}),
        (
            "Hive 12 was not fed sugar. Would it have been lost with feeding?",
            {"kind": "counterfactual", "treatment": "fed", "outcome": "lost", "row": "hive_id == 12"},
        ),
        (
            "On the heath, does feeding sugar raise honey?",
            {"kind": "effect", "treatment": "fed", "outcome": "honey_kg", "where": 'place == "heath"'},
        ),
    ],
)
def test_what_it_is_sure_of(question: str, expected: dict[str, Any]) -> None:
    got = read(question)
    assert got.status == "read", got
    assert {name: getattr(got.query, name) for name in expected} == expected


@pytest.mark.parametrize(
    "question",
    [
        "Does it work?",
        "Does feeding help?",  # no outcome
        "Does feeding raise yields of wax?",  # wax has no column
        "Does feeding and treating mites raise honey?",  # two things done
        "Does feeding raise honey and brood?",  # two outcomes
        "Does a strong queen raise honey?",
        "Does feeding raise the honey harvest of hives with strong bees from Italy that dance well?",
        "Does feeding raise honey for those who talk to their bees?",
        "Ist das gut für die Bienen?",
        "Does feeding raise honey the more mites there are?",
    ],
)
def test_otherwise_it_asks(question: str) -> None:
    got = read(question)
    assert got.status == "choose" and got.query is None and got.receipt.endswith(".")
    assert 3 <= len(got.choices["treatment"]) <= 5 and 3 <= len(got.choices["outcome"]) <= 5


@pytest.mark.parametrize(
    ("question", "treatment", "outcome"),
    [
        ("Does a sweet autumn raise the honey harvest?", None, "honey_kg"),
        ("Is feeding worthwhile?", "fed", None),
        ("Does feeding help on the heath more than in town?", "fed", None),
        ("Hilft die Fütterung gegen mites?", None, "mites"),
        ("Were colonies lost because of all these mites and bad luck?", "mites", "lost"),
    ],
)
def test_the_short_list_is_ranked(question: str, treatment: str | None, outcome: str | None) -> None:
    got = read(question)
    assert got.status == "choose"
    assert treatment is None or treatment in got.choices["treatment"][:3]
    assert outcome is None or outcome in got.choices["outcome"][:3]


def test_a_thing_without_a_column_is_said() -> None:
    got = read("Does playing loud music raise the honey harvest?")
    assert got.status == "choose" and "no column for “playing loud music”" in got.receipt


def test_an_earlier_column_is_not_the_outcome() -> None:
    """ "losses" is `lost`, not `previous_losses`, unless the question says so."""
    query = read("Do more mites lead to winter losses?").query
    assert query is not None and query.outcome == "lost"
    got = read("Do more mites lead to previous losses?")
    assert got.query is None or got.query.outcome == "previous_losses"


@pytest.mark.parametrize(
    "question", ["?" * 50, "does " * 300, "a", "why", "¿?", "effect of on", "if , would ?", "because", "x" * 1999]
)
def test_odd_questions_end_in_a_choice(question: str) -> None:
    assert read(question).status == "choose"
