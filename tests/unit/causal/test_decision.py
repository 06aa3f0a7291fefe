"""The decision view: hand-worked figures, chances that come true in simulation, and words that do not claim too much."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pyllm_causal import analyse
from pyllm_causal.analysis import Effect, GroupEffect
from pyllm_causal.causal.decision import belief, decision, decision_sentences, in_100


def effect(value: float, error: float, *, dof: float = math.inf, unit: str = "", **changes: Any) -> Effect:
    spread = stats.norm if math.isinf(dof) else stats.t(dof)
    half = float(spread.ppf(0.975)) * error
    fields = {
        "value": value, "low": value - half, "high": value + half, "unit": unit, "std_error": error,
        "p_value": float(2 * spread.sf(abs(value) / error)),
    }  # fmt: skip
    return Effect(**{**fields, **changes})


def view(found: Effect, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "means": None, "outcome_kind": "number", "matters": 1.0, "threshold": None, "unit": found.unit, "kind": "arms",
    }  # fmt: skip
    out = decision(found, **{**fields, **changes})
    assert out is not None
    return out


def test_hand_worked_numbers() -> None:
    # 3.4 kg, error 0.5: (3.4 − 1) / 0.5 = 4.8; (3.4 − 3) / 0.5 = 0.8, of which the normal table says 0.7881
    out = view(effect(3.4, 0.5, unit="kg"), threshold=3.0)
    assert out["chance"]["above_matters"] == pytest.approx(1 - 7.9e-7, abs=1e-7)
    assert out["chance"]["pays"] == pytest.approx(0.7881, abs=1e-4)
    assert out["chance"]["above_zero"] + out["chance"]["below_zero"] == pytest.approx(1.0)
    assert out["per_100"] == pytest.approx({"change": 340.0, "low": 242.0, "high": 438.0}, abs=0.01)
    assert out["break_even"]["value"] == 3.4 and out["break_even"]["low"] == pytest.approx(2.42, abs=0.001)
    assert "number_needed" not in out  # nobody is counted


def test_events_per_100_and_number_needed() -> None:
    # 30 against 20 in 100: ten more, one for every ten treated; the interval 0.04 to 0.16 gives 6.25 to 25
    found = effect(0.10, 0.06 / 1.959964, unit="probability")
    out = view(found, means=(0.30, 0.20), outcome_kind="yes_no", matters=0.02)
    assert out["per_100"]["treated"] == pytest.approx(30) and out["per_100"]["control"] == pytest.approx(20)
    assert out["per_100"]["change"] == pytest.approx(10)
    needed = out["number_needed"]
    assert (needed["value"], needed["low"], needed["high"]) == pytest.approx((10, 6.25, 25), rel=1e-4)
    assert needed["more"] is True
    fewer = view(effect(-0.10, 0.03, unit="probability"), means=(0.1, 0.2), outcome_kind="yes_no", matters=0.02)
    assert fewer["number_needed"]["more"] is False
    unclear = view(effect(0.02, 0.03, unit="probability"), means=(0.22, 0.2), outcome_kind="yes_no", matters=0.02)
    assert "number_needed" not in unclear  # an interval over zero has no such number


def test_means_that_do_not_belong_to_the_effect_are_left_out() -> None:
    # the chance of dying went up by 10 in 100, the means given are those of staying alive
    out = view(effect(0.10, 0.03, unit="probability"), means=(0.7, 0.8), outcome_kind="yes_no", matters=0.02)
    assert "treated" not in out["per_100"]


def test_small_samples_get_their_own_t() -> None:
    found = belief(effect(2.0, 1.0, dof=4))
    assert found is not None and found.dof == pytest.approx(4, rel=1e-3)
    assert found.over(0.0) == pytest.approx(float(stats.t.cdf(2.0, 4)), abs=1e-4)
    assert found.over(0.0) < float(stats.norm.cdf(2.0)) - 0.02


def test_chances_come_true() -> None:
    """Among answers that say p in 100, about p in 100 are so: true effects spread far wider than the error, five rows each."""
    rng = np.random.default_rng(5)
    said, was = [], []
    for truth in rng.uniform(-6, 6, 1500):
        rows = rng.normal(truth, rng.uniform(0.5, 2.0), 5)
        error = float(rows.std(ddof=1)) / math.sqrt(5)
        out = view(effect(float(rows.mean()), error, dof=4), matters=0.5)
        if abs(rows.mean()) < 3:
            said.append(out["chance"]["above_matters"])
            was.append(truth > 0.5)
    said_, was_ = np.array(said), np.array(was)
    for low, high in ((0.05, 0.35), (0.35, 0.65), (0.65, 0.95)):
        inside = (said_ > low) & (said_ < high)
        gap = was_[inside].mean() - said_[inside].mean()
        assert abs(gap) < 3.5 * math.sqrt(0.25 / inside.sum()), (low, gap, inside.sum())


def test_the_two_sided_p_value_bounds_the_chance() -> None:
    """A permutation over 20 units cannot be surer than 1 in 20, however small the error beside it looks."""
    found = view(effect(5.0, 1.0, p_value=0.05))
    assert found["chance"]["above_zero"] == pytest.approx(0.975)
    assert found["chance"]["above_matters"] == pytest.approx(0.975)


def test_lopsided_intervals_are_not_read_beyond_their_ends() -> None:
    found = Effect(value=1.0, low=0.4, high=3.0, std_error=0.3, p_value=None)
    out = view(found, matters=0.4)
    assert out["chance"]["above_matters"] == pytest.approx(0.975, abs=1e-9)
    assert out["chance"]["above_zero"] == pytest.approx(0.975)
    mid = belief(found)
    assert mid is not None and mid.over(1.0) == pytest.approx(0.5)
    assert mid.over(3.0) == pytest.approx(0.025)


def test_the_interval_around_another_middle_than_the_estimate() -> None:
    """A cut-off's interval lies around the corrected estimate; so does the chance."""
    found = Effect(value=0.2, low=-0.98, high=2.98, std_error=1.0102, p_value=0.32)
    out = view(found)
    assert out["chance"]["above_matters"] == pytest.approx(0.5, abs=0.01)


def test_no_chance_without_a_margin_or_at_very_low_certainty() -> None:
    loose = Effect(value=2.0, low=None, high=None, unbounded=True, reason="one cluster")
    out = view(loose)
    assert "chance" not in out and out["per_100"] == {"change": 200.0, "low": None, "high": None}
    assert decision_sentences(out, "weight", "low") == []
    doubtful = view(effect(3.0, 0.1), certainty="very_low", groups=(group("a", 3.0, 0.1),))
    assert "chance" not in doubtful and "groups" not in doubtful
    sure = view(effect(3.0, 0.1))
    assert decision_sentences(sure, "weight", "very_low") == []


def test_ratios_have_no_decision_view() -> None:
    ratio = Effect(value=1.4, low=1.1, high=1.8, scale="ratio", std_error=0.1)
    assert decision(ratio, None, "yes_no", 0.02, None, "", "arms") is None


def test_one_unit_has_no_hundred() -> None:
    out = view(effect(-20.0, 4.0, p_value=0.05), one_unit=True, outcome_kind="number")
    assert "per_100" not in out and "number_needed" not in out
    assert out["chance"]["below_zero"] == pytest.approx(0.975)


def test_a_threshold_below_zero_asks_for_a_fall() -> None:
    out = view(effect(-5.0, 1.0, unit="days"), threshold=-4.0)
    assert out["chance"]["pays"] == pytest.approx(float(stats.norm.cdf(1.0)), abs=1e-4)
    assert decision_sentences(out, "the stay", "high")[1] == (
        "The chance that it lowers the stay by at least 4 days, as you ask, is about 84 in 100."
    )


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (1.0, "over 99 in 100"), (0.9999, "over 99 in 100"), (0.995, "over 99 in 100"), (0.993, "about 99 in 100"),
        (0.5, "about 50 in 100"), (0.0, "under 1 in 100"), (0.004, "under 1 in 100"), (0.008, "about 1 in 100"),
    ],
)  # fmt: skip
def test_nothing_is_certain(chance: float, words: str) -> None:
    assert in_100(chance) == words


def test_sentences_follow_direction_unit_and_certainty() -> None:
    up = view(effect(3.4, 0.5, unit="kg"))
    assert decision_sentences(up, "weight", "moderate") == [
        "If what is assumed holds, the chance is over 99 in 100 that it raises weight by more than 1 kg."
    ]
    down = view(effect(-1.2, 0.5, unit="kg"))
    assert decision_sentences(down, "weight", "low") == [
        "If what is assumed holds (which is in doubt here), the chance is about 66 in 100 that it lowers weight by more"
        " than 1 kg."
    ]
    ours = view(effect(1.0, 0.45, unit="kg"), convention=True)
    assert decision_sentences(ours, "weight", "high") == [
        "If what is assumed holds, the chance is about 99 in 100 that it raises weight at all."
    ]


def test_a_harm_in_money_is_called_a_cost() -> None:
    loss = view(effect(-200.0, 50.0, unit="$"))
    told = decision_sentences(loss, "earnings", "high")
    assert "lowers earnings" in told[0]
    assert told[1] == (
        "Where more of it is a gain, this costs about 200 $ a row treated (somewhere between 100 and 300 $), before it is paid"
        " for."
    )
    gain = view(effect(1794.0, 633.0, unit="$"), matters=100.0)
    assert decision_sentences(gain, "earnings", "high")[1] == (
        "Where more of it is a gain, it breaks even at a cost of about 1,800 $ a row treated (somewhere between 600 and"
        " 3,000 $)."
    )  # fmt: skip
    maybe = view(effect(100.0, 100.0, unit="$"), matters=10.0)
    assert "anything from a loss of 96 to a gain of 296 $" in decision_sentences(maybe, "earnings", "high")[1]


def test_number_needed_in_words() -> None:
    found = effect(-0.10, 0.06 / 1.959964, unit="probability")
    out = view(found, means=(0.20, 0.30), outcome_kind="yes_no", matters=0.02)
    told = decision_sentences(out, "the chance of death", "high")
    assert told == [
        "If what is assumed holds, the chance is over 99 in 100 that it lowers the chance of death by more than 2 in 100.",
        "About 10 have to be treated (somewhere between 6 and 25) for one fewer with death.",
    ]


def group(name: str, value: float, error: float) -> GroupEffect:
    return GroupEffect(**effect(value, error).model_dump(), group=name, rows=100)


def test_groups_are_ordered_by_their_chance() -> None:
    groups = (group("men", 1.2, 0.5), group("women", 3.0, 0.5), group("others", 0.1, 2.0))
    out = view(effect(2.0, 0.3), groups=groups)
    assert [g["group"] for g in out["groups"]] == ["women", "men", "others"]
    assert out["groups"][1]["chance"]["above_matters"] == pytest.approx(float(stats.norm.cdf(0.4)), abs=1e-4)
    assert decision_sentences(out, "weight", "moderate")[0] == (
        "If what is assumed holds, the chance that it raises weight by more than 1 is over 99 in 100 for women, about 66 in"
        " 100 for men and about 33 in 100 for others."
    )
    assert len(decision_sentences(out, "weight", "moderate")) == 1
    # "about 9 in 100" for all, after "over 99 in 100 for women", would be read as about everybody
    asked = view(effect(2.0, 0.3), groups=groups, threshold=2.5)
    assert decision_sentences(asked, "weight", "moderate")[1] == (
        "The chance that it raises weight by at least 2.5, as you ask, is about 84 in 100 for women, under 1 in 100 for men and"
        " about 12 in 100 for others."
    )
    # where the treatment lowers the outcome, the group with the larger fall comes first
    falls = view(effect(-2.0, 0.3), groups=(group("men", -1.2, 0.5), group("women", -3.0, 0.5)))
    assert [g["group"] for g in falls["groups"]] == ["women", "men"]


def test_a_fall_is_not_called_a_saving() -> None:
    """Only the asker knows what is a gain: of the time free of disease a fall saves nothing, and of nothing there is no "at least"."""
    out = view(effect(-2.0, 0.3, unit="days"), threshold=-1.0)
    text = " ".join(decision_sentences(out, "the time free of disease", "moderate"))
    assert "saves" not in text and "lowers the time free of disease by at least 1 days" in text
    none = view(effect(-2.0, 0.3, unit="days"), threshold=0.0)
    assert "raises the stay at all, as you ask" in " ".join(decision_sentences(none, "the stay", "high"))


def test_a_tiny_figure_of_the_asker_is_said_as_short_as_it_was_given() -> None:
    out = view(effect(3e-7, 1e-8), matters=1e-7)
    assert "by more than 1e−07." in decision_sentences(out, "the dose", "high")[0]


def test_doses_are_told_by_the_step() -> None:
    out = view(
        effect(0.05, 0.01, unit="probability"), kind="dose", outcome_kind="yes_no", matters=0.02, means=(0.3, 0.2)
    )
    assert out["break_even"]["per"] == "step of the treatment"
    assert "treated" not in out["per_100"]
    assert "number_needed" not in out  # nobody is simply treated or not
    assert len(decision_sentences(out, "the chance of death", "high")) == 1


def test_an_unclear_answer_is_not_talked_up() -> None:
    """The interval includes no effect and nobody said what matters: "90 in 100 at all" would contradict "we can't tell"."""
    out = view(effect(1.0, 0.78), convention=True)
    assert out["chance"]["above_zero"] == pytest.approx(0.9, abs=0.01)
    assert decision_sentences(out, "weight", "low") == []
    asked = view(effect(1.0, 0.78), convention=True, threshold=1.0)
    assert decision_sentences(asked, "weight", "moderate") == [
        "If what is assumed holds, the chance that it raises weight by at least 1, as you ask, is about 50 in 100."
    ]
    named = view(effect(1.0, 0.78))  # what matters was named: the chance that it does is an answer
    assert "about 50 in 100" in decision_sentences(named, "weight", "low")[0]


def test_a_rate_counts_nobody() -> None:
    out = view(effect(-0.12, 0.03, unit="probability"), means=(0.38, 0.5), outcome_kind="yes_no", matters=0.02)
    assert len(decision_sentences(out, "the rate of death", "high")) == 1


def test_the_chance_of_a_mediation_says_that_it_is_of_both_ways() -> None:
    """About 5 in 100 pass through m, 30 in all: "it raises y by more than 10" under a headline "through m" would be wrong."""
    rng = np.random.default_rng(9)
    t = rng.integers(0, 2, 600)
    m = (rng.random(600) < 0.3 + 0.1 * t).astype(int)
    y = (rng.random(600) < 0.2 + 0.3 * m + 0.25 * t).astype(int)
    query = {"kind": "mediation", "treatment": "t", "outcome": "y", "design": {"kind": "mediation", "mediators": ["m"]}, "adjust_for": [],
             "matters": 0.1, "sources": {"graph": "you"}}  # fmt: skip
    text = " ".join(analyse(query, pd.DataFrame({"t": t, "m": m, "y": y}), simulations=20).text.split())
    assert "that it raises the chance of y (both ways together) by more than 10 in 100" in text
