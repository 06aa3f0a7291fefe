"""The query document: defaults, coherence, strictness."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pyllm_causal.errors import QueryError
from pyllm_causal.graph import Graph
from pyllm_causal.pipeline import parse_query
from pyllm_causal.query import Query

PAIR = {"treatment": "drug", "outcome": "result"}


def test_defaults() -> None:
    query = Query.model_validate(PAIR)
    assert (query.kind, query.target, query.scale, query.design.kind) == (
        "effect",
        "everyone",
        "difference",
        "observational",
    )
    assert query.graph is None and query.adjust_for is None and query.matters is None
    assert query.source("design") == query.source("graph") == "you"
    assert Query.model_validate({**PAIR, "sources": {"design": "model"}}).source("design") == "model"


def test_nothing_is_adjusted_is_not_the_same_as_nothing_said() -> None:
    assert Query.model_validate({**PAIR, "adjust_for": []}).adjust_for == ()
    assert Query.model_validate(PAIR).adjust_for is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"graph": {"edges": [["a", "drug"]], "unmeasured": [{"name": "u", "affects": ["drug"]}]}},
        {"design": {"kind": "randomised", "strata": ["sex"]}},
        {"design": {"kind": "discontinuity", "running": "age", "cutoff": 65, "treated_side": "below", "bandwidth": 3}},
        {"design": {"kind": "differences", "time": "year", "group": "state", "treated_group": "NJ", "start": 1992}},
        {"treated": True, "control": False},
        {"treated": 1, "control": 0.5},
        {"kind": "effect_by_group", "by": "sex", "by_levels": ["f", "m"]},
        {"compare": {"column": "year", "from": 1, "to": 2}, "row": "id == 3"},
    ],
    ids=str,
)
def test_it_survives_json(fields: dict[str, Any]) -> None:
    query = Query.model_validate({**PAIR, **fields})
    again = Query.model_validate_json(query.model_dump_json(exclude_defaults=True))
    assert again == query
    assert type(again.treated) is type(query.treated)


def test_levels_keep_their_type() -> None:
    for value in (True, 1, 1.0, "1"):
        assert type(Query.model_validate({**PAIR, "treated": value}).treated) is type(value)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no treatment": ({"treatment": None}, "`treatment` is missing"),
    "no outcome": ({"outcome": ""}, "`outcome` is missing"),
    "same column": ({"outcome": "drug"}, "same column"),
    "same levels": ({"treated": 1, "control": 1}, "same value"),
    "group without by": ({"kind": "effect_by_group"}, "`by`"),
    "by the treatment": ({"kind": "effect_by_group", "by": "drug"}, "`by`"),
    "weights are the outcome": ({"weights": "result"}, "`weights`"),
    "cluster is the outcome": ({"cluster": "result"}, "`cluster`"),
    "own negative control": ({"negative_exposures": ["drug"]}, "`negative_exposures`"),
    "unknown field": ({"adjust": []}, "`adjust`"),
    "unknown kind": ({"kind": "why"}, "`kind`"),
    "no finite number": ({"horizon": float("nan")}, "`horizon` must be a finite number"),
    "no instruments": ({"design": {"kind": "instrument", "instruments": []}}, "`design.instrument.instruments`"),
    "bandwidth of zero": (
        {"design": {"kind": "discontinuity", "running": "a", "cutoff": 1, "bandwidth": 0}},
        "`design.discontinuity.bandwidth`",
    ),
    "text for a list": ({"categorical": "sex"}, "`categorical` must be a list"),
    "list for a text": ({"where": ["a"]}, "`where` must be text"),
    "three levels": ({"by_levels": [1, 2, 3]}, "`by_levels`"),
    "deep compare": ({"compare": {"column": {"a": 1}}}, "`compare.column`"),
    "unknown compare": ({"compare": {"row": 1}}, "`compare"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_contradicts_itself_is_named(name: str) -> None:
    fields, words = BAD[name]
    with pytest.raises(QueryError) as caught:
        parse_query({**PAIR, **fields})
    assert words in caught.value.message
    assert caught.value.hint and caught.value.message.endswith(".")
    for internal in ("Input", "pydantic", "tuple", "[type="):
        assert internal not in caught.value.message


def test_a_near_field_is_offered() -> None:
    with pytest.raises(QueryError) as caught:
        parse_query({**PAIR, "adjust_fro": []})
    assert caught.value.hint == "Did you mean `adjust_for`?"


def test_one_and_true_are_two_spellings() -> None:
    """Only the column can tell whether they are one level; the query lets them pass."""
    assert Query.model_validate({**PAIR, "treated": 1, "control": True}).control is True


def test_a_query_is_taken_as_it_is() -> None:
    query = Query.model_validate({**PAIR, "graph": Graph.of(("a", "drug"))})
    assert parse_query(query) is query
    with pytest.raises(ValidationError):
        query.treatment = "x"  # type: ignore[misc]
    with pytest.raises(QueryError):
        parse_query({})


def test_kinds_without_a_pair_need_none() -> None:
    for kind in ("association", "discovery", "attribution", "counterfactual"):
        assert Query.model_validate({"kind": kind}).treatment is None
