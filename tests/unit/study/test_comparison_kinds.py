"""Side by side, answers of every kind say what was asked, and show no figure that is not the answer."""

from __future__ import annotations

from typing import Any

import pytest

from pyllm_causal.analysis import Answer, Effect
from pyllm_causal.study.comparison import compare


def given(**query: Any) -> Answer:
    effect = Effect(value=24.0, low=20.0, high=28.0)
    return Answer(
        status="answered", headline="-", text="-", effect=effect, provenance={"query": {"outcome": "sales", **query}}
    )


@pytest.mark.parametrize(
    ("query", "label", "figure"),
    [
        ({"kind": "attribution"}, "what drives sales", False),
        ({"kind": "attribution", "row": 7}, "why sales of row 7 is far out", True),
        (
            {"kind": "attribution", "compare": {"column": "month", "from": "March", "to": "April"}},
            "why sales differs between month = March and April",
            True,
        ),
        ({"kind": "counterfactual", "changes": {"price": 18}}, "sales if everybody had price = 18", True),
        (
            {"kind": "counterfactual", "row": "id == 4", "changes": {"price": 18}},
            "sales of the row with id == 4 with price = 18",
            True,
        ),
        ({"kind": "counterfactual", "treatment": "promo"}, "sales if everybody had promo", True),
        ({"kind": "counterfactual"}, "the best single change for sales", True),
        ({"kind": "discovery"}, "what causes sales", True),
        ({"kind": "effect_by_group", "treatment": "promo", "by": "region"}, "promo → sales by region", True),
        ({"kind": "mediation", "treatment": "promo"}, "promo → sales, all ways together", True),
        ({"treatment": "promo"}, "promo → sales", True),
    ],
)
def test_what_was_asked_is_said(query: dict[str, Any], label: str, figure: bool) -> None:
    row = compare([given(**query)]).rows[0]
    assert row.label == label
    assert (row.effect is not None) is figure


def test_another_kind_is_another_question_and_a_filter_is_not() -> None:
    first = given(kind="attribution")
    rows = compare([first, given(kind="attribution", where="price > 19"), given(kind="attribution", row=3)]).rows
    assert [r.label for r in rows] == ["what drives sales", "only price > 19", "why sales of row 3 is far out"]
