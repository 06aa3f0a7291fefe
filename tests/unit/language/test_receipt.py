"""The receipt says who, what change, which outcome, over what time and for whom, whatever the kind and design."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pyllm_causal.language.receipt import receipt
from pyllm_causal.query import Query
from tests.unit.language.tables import clinic, column, profile

TABLE = profile(
    *(column(n) for n in ("dose", "score", "clinic", "year", "since", "group", "arm", "m", "z", "w")),
    column("weight_71_82"),
    column("visits_1990"),
    column("later", description="earnings within two years"),
    column("early", description="earnings a year before"),
)


def said(**fields: Any) -> str:
    return receipt(Query(**({"treatment": "dose", "outcome": "score"} | fields)), TABLE)


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, ["If “dose” goes up by one", "how does “score” change", "for everyone?"]),
        ({"kind": "effect_by_group", "by": "arm"}, ["differ by “arm”"]),
        ({"kind": "effect_by_group", "by": "arm", "by_levels": ("a", "b")}, ["(b against a)"]),
        ({"kind": "mediation", "design": {"kind": "mediation", "mediators": ["m"]}}, ["goes through “m”", "lies in between"]),
        ({"kind": "counterfactual", "row": 12, "treated": 0}, ["row 12", "would “score” have been", "had been 0"]),
        ({"kind": "attribution", "treatment": None}, ["What drives “score”"]),
        (
            {"kind": "attribution", "treatment": None, "compare": {"column": "year", "from": 2019, "to": 2020}},
            ["from 2019 to 2020 of “year”"],
        ),
        ({"kind": "discovery", "treatment": None, "outcome": None, "environment": "clinic"}, ["causes of which", "“clinic”"]),
        ({"kind": "association"}, ["go together", "nothing of causes"]),
        ({"design": {"kind": "randomised", "strata": ["clinic"]}}, ["at random within “clinic”"]),
        ({"design": {"kind": "instrument", "instruments": ["z", "w"]}}, ["“z” and “w” move it"]),
        (
            {"design": {"kind": "instrument", "instruments": ["z"]}, "target": "compliers"},
            ["“z” moves it", "those whom “z” moved to it"],
        ),
        ({"design": {"kind": "discontinuity", "running": "z", "cutoff": 50.0}}, ["sets in where “z” is from 50 up"]),
        (
            {"design": {"kind": "discontinuity", "running": "z", "cutoff": 5, "fuzzy": True, "treated_side": "below"}},
            ["becomes more likely where “z” is below 5"],
        ),
        ({"design": {"kind": "differences", "group": "group", "time": "year"}}, ["“group” tells who got it"]),
        (
            {"design": {"kind": "differences", "group": "group", "treated_group": "NJ", "start": 1992, "time": "year"}},
            ["group NJ of “group” has had it since 1992 of “year”"],
        ),
        ({"design": {"kind": "differences", "unit": "clinic", "first_treated": "since", "time": "year"}}, ["“since” says"]),
        ({"design": {"kind": "differences", "unit": "clinic", "time": "year"}}, ["different values of “year”"]),
        ({"design": {"kind": "panel", "unit": "clinic", "time": "year"}}, ["each “clinic” is compared with itself"]),
        ({"design": {"kind": "front_door", "mediators": ["m"]}}, ["works through “m” alone"]),
        (
            {"design": {"kind": "synthetic_control", "unit": "clinic", "time": "year", "treated_unit": "CA", "start": 1989}},
            ["CA was treated from 1989 on"],
        ),
        ({"event": "arm", "horizon": 24.0, "scale": "hazard_ratio"}, ["sooner or later", "“arm”", "hazard ratio", "by 24"]),
        ({"outcome_event": "won"}, ["“score” = won"]),
        ({"words": {"treatment": "taking the drug", "outcome": "getting well"}}, ["If taking the drug (“dose”)", "getting well"]),
        ({"matters": 2.0, "weights": "w", "selected_on": ("z",)}, ["2 or more matters to you", "“w” says", "chosen by “z”"]),
        ({"outcome": "weight_71_82"}, ["from 1971 to 1982"]),
        ({"outcome": "visits_1990"}, ["by 1990"]),
        ({"outcome": "later"}, ["(earnings within two years)"]),
    ],
)  # fmt: skip
def test_every_kind_and_design(fields: dict[str, Any], parts: list[str]) -> None:
    text = said(**fields)
    assert [p for p in parts if p not in text] == []
    bare = text.replace("weight_71_82", "").replace("visits_1990", "")
    assert text.endswith((".", "?")) and "\n" not in text and "None" not in text and "_" not in bare


def test_a_time_that_is_not_told_is_not_made_up() -> None:
    assert said() == "If “dose” goes up by one, how does “score” change, for everyone?"
    assert said(outcome="early").endswith("how does “early” (earnings a year before) change, for everyone?")


def test_a_column_is_said_with_the_words_of_the_dictionary_unless_the_asker_has_own_ones() -> None:
    assert "how does “later” (earnings within two years) change, for everyone?" in said(outcome="later")
    assert "(earnings" not in said(outcome="later", words={"outcome": "going there"})


def test_the_claimant_is_named() -> None:
    design = {"kind": "panel", "unit": "clinic"}
    assert "As you say" in said(design=design)
    assert "As I understand it" in said(design=design, sources={"design": "model"})
    assert "As the description says" in said(design=design, sources={"design": "data"})


NASTY = st.text(max_size=12) | st.sampled_from(["\x1b[31m", "a\nb", "\u202e", "{x}", "%s", "__import__('os')"])


@settings(max_examples=150, deadline=None)
@given(
    name=NASTY,
    value=NASTY | st.floats() | st.integers(),
    kind=st.sampled_from(["effect", "counterfactual", "attribution"]),
)
def test_no_name_breaks_the_sentence(name: str, value: Any, kind: str) -> None:
    try:
        query = Query(kind=kind, treatment=name, treated=value, outcome="o", where=name or None, design={"kind": "panel", "unit": name})  # type: ignore[arg-type]  # fmt: skip
    except ValidationError:
        return
    for table in (None, clinic()):
        text = receipt(query, table)
        assert text.isprintable() and text.endswith((".", "?"))
