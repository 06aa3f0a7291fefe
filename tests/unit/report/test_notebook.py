"""An answer in a notebook: its card, its table and its plot say what the answer says."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import pyllm_causal as causal
from pyllm_causal.analysis import Answer, ErrorInfo
from pyllm_causal.errors import InputError
from tests.unit.report.designs import EVIL, WORLDS, answer
from tests.unit.report.test_document import read


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_card_says_what_the_answer_says(name):
    found = answer(name)
    card = found._repr_html_()
    words = " ".join(" ".join(read(card).words).split())
    assert found.headline.split(" ")[0] in words
    assert "<script" not in card
    assert EVIL not in card
    if found.certainty is not None:
        assert {"high": "High", "moderate": "Moderate", "low": "Low", "very_low": "Very low"}[
            found.certainty.level
        ] in words
        assert "●" in words
    assert card.count("<svg") == (0 if name == "unreviewed" and found.bounds is None and not found.association else 1)


def test_two_cards_on_one_page_share_no_id():
    cards = answer("randomised")._repr_html_() + answer("discontinuity")._repr_html_()
    ids = [a["id"] for _, a in read(cards).elements if "id" in a]
    assert len(ids) == 4
    assert len(set(ids)) == 4


def test_the_table_has_every_estimate_at_full_precision():
    found = answer("observational")
    frame = found.to_frame()
    assert list(frame.columns) == ["method", "value", "low", "high", "unit", "n", "note"]
    assert len(frame) == len(found.estimates) + 1
    assert found.effect is not None
    assert found.unadjusted is not None
    first, last = frame.iloc[0], frame.iloc[-1]
    assert (first.method, first.value, first.low, first.high) == (
        found.method,
        found.effect.value,
        found.effect.low,
        found.effect.high,
    )
    assert (last.method, last.value) == ("unadjusted", found.unadjusted.value)
    assert first.n == 240


def test_the_table_has_groups_ways_and_arms():
    grouped = answer("by_group").to_frame()
    assert [n for n in grouped.note if n.startswith("among")] == ["among 0", "among 1"]
    assert "difference between the groups" in set(grouped.note)
    assert {"direct", "indirect", "total"} <= set(answer("mediation").to_frame().note)
    arms = answer("several_arms")
    assert arms.arms is not None
    shown = arms.to_frame()
    assert {f"{a['treated']} against {a['control']}" for a in arms.arms} <= set(shown.note)
    refused = answer("refused")
    bounds = refused.to_frame()
    assert refused.bounds is not None and len(bounds) == 1 and bounds.value.isna().all()
    assert (bounds.low[0], bounds.high[0], bounds.method[0]) == (refused.bounds.low, refused.bounds.high, "bounds")
    assert next(iter(answer("survival").to_frame().unit)) == "hazard_ratio"


def test_the_plot_is_a_picture_that_can_be_kept(tmp_path):
    plot = answer("observational").plot()
    assert plot._repr_svg_() == plot.svg
    path = plot.save(tmp_path / "plot")
    assert path.name == "plot.svg"
    root = ElementTree.parse(path).getroot()
    assert root.tag.endswith("svg")
    assert root.find("{http://www.w3.org/2000/svg}style") is not None
    with pytest.raises(InputError, match="cannot be written"):
        plot.save(tmp_path / "none" / "plot.svg")


def test_nothing_to_plot_is_said():
    nothing = causal.Answer(status="error", error=ErrorInfo(code="data", message="No <b> file.", hint="Look."))
    with pytest.raises(InputError, match="nothing to plot"):
        nothing.plot()
    assert "No &lt;b&gt; file." in nothing._repr_html_()
    assert "Look." in nothing._repr_html_()


def test_the_table_of_fitted_pictures_and_links_says_what_each_figure_is():
    shares = from_parts(
        attribution=({"cause": "price", "share": 0.4, "low": 0.3, "high": 0.5, "moves": {"step": 2.0, "effect": {}}},),
        query={"kind": "attribution", "outcome": "sales"},
    ).to_frame()
    assert [tuple(r) for r in shares[["value", "unit", "note"]].values] == [
        (0.4, "share of the variation", "due to price")
    ]
    change = from_parts(
        attribution=({"cause": "price", "share": -4.0, "low": -5.0, "high": -3.0},),
        query={"kind": "attribution", "outcome": "sales", "compare": {"column": "m", "from": 1, "to": 2}},
    ).to_frame()
    assert (change.low[0], change.note[0]) == (-5.0, "due to price") and "variation" not in change.unit[0]
    effect = {"value": 3.0, "low": 1.0, "high": 5.0, "unit": "kg"}
    levers = from_parts(
        arms=(
            {"treatment": "feed", "treated": None, "control": None, "step": 2.5, "effect": effect},
            {"treatment": "promo", "treated": "yes", "control": "no", "step": 1, "effect": effect},
        ),
        query={"kind": "counterfactual", "outcome": "weight"},
    ).to_frame()
    assert list(levers.note) == ["2.5 more of feed", "promo: yes against no"]
    links = from_parts(
        edges=({"cause": "a", "effect": "b", "mark": "→", "frequency": 0.9},), query={"kind": "discovery"}
    ).to_frame()
    assert list(links.note) == ["a → b"] and list(links.value) == [0.9]


def from_parts(query, **parts):
    return Answer(status="answered", headline="-", text="-", provenance={"query": query}, **parts)
