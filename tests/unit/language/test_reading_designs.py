"""Designs that a question claims: their columns, what is missing, and that none is ever made up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pyllm_causal.language.claimed import claim
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.read import read_question
from pyllm_causal.profile import Profile
from tests.unit.language.tables import ROWS, column, profile

ROLES = {"treatment": "subsidy", "outcome": "rent"}


def flats() -> Profile:
    """A table of flats, districts and years."""
    return profile(
        column("flat_id", "count", "number of the flat", id_like=True, distinct=ROWS),
        column("subsidy", "yes_no", "tenant gets the subsidy (1=yes)"),
        column("rent", "number", "monthly rent in euros"),
        column("income", "number", "income of the tenant in thousand euros", minimum=0, maximum=90),
        column("ballot", "yes_no", "was drawn in the ballot (1=yes)"),
        column("repairs", "count", "repairs in the year"),
        column("district", "category", "district", levels=("Altona", "Barmbek", "Eimsbek", "Harburg")),
        column("year", "count", "calendar year", time_like=True, minimum=2005, maximum=2015, distinct=11),
        column("moved_in", "yes_no", "moved in before 2005 (1=yes)"),
    )


@pytest.mark.parametrize(
    ("question", "design"),
    [
        ("Using the ballot as an instrument, does the subsidy cut the rent?", {"kind": "instrument", "instruments": ("ballot",)}),
        ("The ballot is an instrument. Does the subsidy cut the rent?", {"kind": "instrument", "instruments": ("ballot",)}),
        (
            "Tenants with an income under 40 got the subsidy. Did the subsidy cut the rent?",
            {"kind": "discontinuity", "running": "income", "cutoff": 40.0, "treated_side": "below"},
        ),
        (
            "At the income cut-off of 40, what is the effect of the subsidy on the rent?",
            {"kind": "discontinuity", "running": "income", "cutoff": 40.0},
        ),
        (
            "Below an income threshold of 40 tenants are more likely to get it: does the subsidy cut the rent?",
            {"kind": "discontinuity", "running": "income", "cutoff": 40.0, "treated_side": "below", "fuzzy": True},
        ),
        (
            "With fixed effects for district and year, does the subsidy cut the rent?",
            {"kind": "panel", "unit": "district", "time": "year"},
        ),
        ("With district fixed effects, does the subsidy cut the rent?", {"kind": "panel", "unit": "district"}),
        (
            "The subsidy works only through repairs. What does the subsidy do to the rent?",
            {"kind": "front_door", "mediators": ("repairs",)},
        ),
        (
            "Against a synthetic control, what did the subsidy in Harburg from 2010 on do to the rent?",
            {"kind": "synthetic_control", "unit": "district", "treated_unit": "Harburg", "time": "year", "start": 2010},
        ),
        (
            "Districts started the subsidy in different years. Did the subsidy cut the rent?",
            {"kind": "differences", "time": "year", "unit": "district"},
        ),
        ("The subsidy was drawn at random. Did the subsidy cut the rent?", {"kind": "randomised"}),
    ],
)  # fmt: skip
def test_the_parts(question: str, design: dict[str, Any]) -> None:
    found = claim(question, ROLES, flats())
    assert found is not None and found.missing == () and found.design() == design


def test_before_and_after_with_a_group() -> None:
    table = profile(*flats().columns, column("later", "yes_no", "survey after the reform (1=yes)"))
    found = claim("Comparing before and after, did the subsidy cut the rent?", ROLES, table)
    assert found is not None and found.design() == {"kind": "differences", "time": "later", "group": "subsidy"}


def test_a_column_of_first_treated_periods() -> None:
    cohort = column("first_year", "count", "first year of the subsidy, 0 for never", minimum=0, maximum=2015)
    found = claim("With a staggered start, did the subsidy cut the rent?", ROLES, profile(*flats().columns, cohort))
    assert found is not None
    assert found.design() == {"kind": "differences", "time": "year", "unit": "district", "first_treated": "first_year"}


@pytest.mark.parametrize(
    ("question", "kind", "missing"),
    [
        ("With an instrumental variable, does the subsidy cut the rent?", "instrument", ("instruments",)),
        ("Around the cut-off, does the subsidy cut the rent?", "discontinuity", ("running", "cutoff")),
        ("By the front door, what does the subsidy do to the rent?", "front_door", ("mediators",)),
        ("Against a synthetic control, did the subsidy cut the rent?", "synthetic_control", ("treated_unit", "start")),
    ],
)
def test_a_part_that_cannot_be_told_is_asked_for(question: str, kind: str, missing: tuple[str, ...]) -> None:
    found = claim(question, ROLES, flats())
    assert found is not None and (found.kind, found.missing) == (kind, missing)
    got = read_question(question, flats(), None, draft=False)
    assert got.status == "choose"
    reply = json.dumps({"reading": {"kind": "effect", **ROLES, "who": "everyone", "only": [], "design": None}})
    got = read_question(question, flats(), Scripted([reply] * 2), draft=False)
    assert got.status == "choose" and kind in got.receipt and missing[0] in got.receipt


@pytest.mark.parametrize(
    "question",
    [
        "Does the subsidy cut the rent?",
        "Does the subsidy cut the rent for incomes under 40?",
        "Does the subsidy cut the rent through repairs?",
        "The subsidy was not given at random. Does it cut the rent?",
        "Does the subsidy cut the rent in Harburg?",
    ],
)
def test_no_design_without_its_words(question: str) -> None:
    assert claim(question, ROLES, flats()) is None


class TestWithAModel:
    """What the model says of a design counts only where the question bears it out."""

    def read(self, question: str, **changes: Any) -> Any:
        form = {"kind": "effect", **ROLES, "who": "everyone", "only": [], "design": None} | changes
        return read_question(question, flats(), Scripted([json.dumps({"reading": form})] * 2), draft=False)

    def test_a_made_up_design_is_dropped(self) -> None:
        for design in (
            {"kind": "randomised"}, {"kind": "instrument", "instrument": "ballot"}, "nonsense", {"kind": "magic"},
            {"kind": "discontinuity", "running": "income", "cutoff": 40},
        ):  # fmt: skip
            got = self.read("Does the subsidy cut the rent?", design=design)
            assert got.query.design.kind == "observational" and got.query.sources == {}

    def test_a_cut_off_that_only_the_model_sees(self) -> None:
        """No English cue, but column and number stand in the question: taken, as a model's claim."""
        question = "Mieter mit einem income bis 40 bekommen die subsidy. Senkt die subsidy die rent?"
        got = self.read(question, design={"kind": "discontinuity", "running": "income", "cutoff": 40})
        assert got.query.design.kind == "discontinuity" and got.query.source("design") == "model"
        got = self.read(question, design={"kind": "discontinuity", "running": "income", "cutoff": 41})
        assert got.query.design.kind == "observational"

    def test_the_model_fills_in_a_part(self) -> None:
        question = "With that paper as an instrument, does the subsidy cut the rent?"
        got = self.read(question, design={"kind": "instrument", "instrument": "ballot"})
        assert got.query.design.instruments == ("ballot",)
        assert self.read(question).status == "choose"

    def test_a_named_instrument_is_never_the_treatment(self) -> None:
        got = self.read("Using the ballot as an instrument, does the subsidy cut the rent?", treatment="ballot")
        assert got.query.treatment == "subsidy" and got.query.design.instruments == ("ballot",)
        assert got.steps[0].repairs == 1

    def test_compliers(self) -> None:
        question = "For those who only got the subsidy because of the ballot, what did the subsidy do to the rent?"
        got = self.read(question)
        assert got.query.target == "compliers" and got.query.design.instruments == ("ballot",)
        assert self.read("Does the subsidy cut the rent?", who="compliers").query.target == "everyone"
