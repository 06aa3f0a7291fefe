"""The small parts of figures: axes, lines of words, layers of a graph."""

from __future__ import annotations

import itertools
import random

import pytest

from pyllm_causal.graph import Edge, Graph, Unmeasured
from pyllm_causal.report.amounts import Amount
from pyllm_causal.report.figures.axis import Axis, spanning, tick_texts
from pyllm_causal.report.figures.canvas import Canvas, width_of, wrapped
from pyllm_causal.report.figures.forest import Row, Scale, forest
from pyllm_causal.report.figures.layout import layers, place
from pyllm_causal.report.figures.picture import Drawing, picture


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.3, 0.02), (1e6, 3e6), (1e-5, 2e-5), (-7, -6.99), (0, 0), (5, 5)])
@pytest.mark.parametrize("log", [False, True])
def test_ticks_are_round_inside_and_a_handful(low, high, log):
    axis = spanning([low, high], 10, 310, log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 9
    assert all(axis.low <= t * (1 + 1e-9) + 1e-300 and t <= axis.high * (1 + 1e-9) + 1e-12 for t in ticks)
    assert [axis.at(t) for t in ticks] == sorted(axis.at(t) for t in ticks)
    assert len(set(tick_texts(ticks))) == len(ticks)


def test_a_number_is_at_its_place():
    assert Axis(0, 10, 100, 200).at(2.5) == 125
    assert Axis(0, 10, 200, 100).at(2.5) == 175  # upwards
    assert Axis(0.25, 4, 0, 100, True).at(1) == pytest.approx(50)
    assert Axis(0, 10, 100, 200).at(99) == 200


@pytest.mark.parametrize(
    "text", ["a short one", "smoke_intensity_in_1971_before_the_study", "A" * 200, "日本語の列名です" * 8, "", " "]
)
def test_words_are_broken_to_fit(text):
    lines = wrapped(text, 90, 13, 3)
    assert 1 <= len(lines) <= 3
    assert all(width_of(line) <= 91 for line in lines)
    whole = "".join(lines).replace(" ", "")
    assert whole == text.replace(" ", "") or whole.endswith("…")


def test_markup_is_escaped_in_a_drawing():
    canvas = Canvas(100)
    canvas.height = 50
    canvas.text(0, 10, '</text><script>"&\u202e')
    text = canvas.svg("x", "<b>", 'a "quote" & <i>')
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    assert "\u202e" not in text


def test_causes_come_before_effects():
    rng = random.Random(1)
    for _ in range(40):
        nodes = [f"n{i}" for i in range(12)]
        pairs = [p for p in itertools.combinations(nodes, 2) if rng.random() < 0.2]
        rng.shuffle(nodes)
        layer = layers(nodes, pairs)
        assert all(layer[a] < layer[b] for a, b in pairs)
        heights = {n: rng.uniform(20, 90) for n in nodes}
        columns = [100.0 * i for i in range(max(layer.values()) + 1)]
        placed = place(nodes, pairs, heights, columns, 10, ("n0", "n11"))
        for a, b in itertools.combinations(nodes, 2):
            if layer[a] == layer[b]:
                apart = abs(placed.middle[a][1] - placed.middle[b][1])
                assert apart >= (heights[a] + heights[b]) / 2 + 10 - 1e-6
        for n in nodes:
            assert placed.middle[n][1] - heights[n] / 2 + 1e-6 >= 0
            assert placed.middle[n][1] + heights[n] / 2 <= placed.height + 1e-6


def test_a_circle_does_not_hang():
    assert set(layers(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")])) == {"a", "b", "c"}


def test_arrows_that_need_not_cross_do_not():
    pairs = [("a", "y1"), ("b", "y2"), ("c", "y3")]
    placed = place(
        ["c", "a", "b", "y2", "y1", "y3"],
        pairs,
        dict.fromkeys(("a", "b", "c", "y1", "y2", "y3"), 20.0),
        [0, 100],
        10,
        ("a", "y1"),
    )
    order = sorted("abc", key=lambda n: placed.middle[n][1])
    assert [f"y{'abc'.index(n) + 1}" for n in order] == sorted(("y1", "y2", "y3"), key=lambda n: placed.middle[n][1])


def test_causes_with_the_same_arrows_share_a_box_and_a_crowd_is_thinned():
    edges = [Edge(cause=f"x{i}", effect=e) for i in range(20) for e in ("t", "y")] + [Edge(cause="t", effect="y")]
    few = picture(Drawing(Graph(edges=tuple(edges)), "t", "y", tuple(f"x{i}" for i in range(20))), "m")
    assert few.wide.count("<rect") == 3
    assert "and 12 more" in few.wide
    chain = [Edge(cause=f"c{i}", effect=f"c{i + 1}") for i in range(60)]
    chain += [Edge(cause="c60", effect="t"), Edge(cause="t", effect="y")]
    crowd = picture(
        Drawing(Graph(edges=tuple(chain), unmeasured=(Unmeasured(name="h", affects=("t", "y")),)), "t", "y"), "m"
    )
    assert crowd.wide.count("<rect") == 4  # t, y, h and the last link
    assert "60 columns" in crowd.note
    assert len(crowd.table) == 1 + 62 + 2


def test_an_estimate_far_out_is_cut_with_an_arrow_not_dropped():
    rows = [Row("main", Amount(1.0, 0.5, 1.5), "main"), Row("wild", Amount(40.0, -300.0, 380.0))]
    figure = forest("f", "t", rows, Scale(0.0, "kg"))
    assert figure.wide.count("polygon") == 2
    assert "40 (−300 to 380)" in figure.wide
    assert "−300 to 380" in figure.table[2][2]
    near = forest("f", "t", rows[:1], Scale(0.0, "kg"))
    assert "polygon" not in near.wide


def test_no_effect_of_a_ratio_lies_at_one():
    rows = [Row("main", Amount(2.0, 1.0, 4.0), "main")]
    figure = forest("f", "t", rows, Scale(1.0, "times as high", True))
    zero = float(figure.wide.split('class="zero" x1="')[0 + 1].split('"')[0])
    low = float(figure.wide.split('class="whisker main" x1="')[1].split('"')[0])
    assert low == pytest.approx(zero, abs=0.11)
    assert "(log scale)" in figure.wide
