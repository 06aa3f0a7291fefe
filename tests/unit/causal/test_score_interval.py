"""Ratios where a group has no event: against statsmodels where it can, published figures, and coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from pyllm_causal import analyse
from pyllm_causal.causal.score_interval import score_upper


@pytest.mark.parametrize(("a", "n", "b", "m"), [(3, 20, 9, 31), (1, 50, 12, 40), (7, 8, 3, 9), (40, 400, 60, 300)])
def test_limits_are_those_of_statsmodels(a: int, n: int, b: int, m: int) -> None:
    for odds, compare in ((False, "ratio"), (True, "odds-ratio")):
        theirs = confint_proportions_2indep(a, n, b, m, method="score", compare=compare, correction=False)[1]
        assert score_upper((a, b), (n, m), odds=odds) == pytest.approx(theirs, rel=1e-8)


def test_the_upper_limit_covers_the_truth_where_no_event_is_likely() -> None:
    rng = np.random.default_rng(11)
    n, chances = 300, (0.006, 0.05)
    covered = seen = 0
    for _ in range(3000):
        a, b = (int(rng.binomial(n, p)) for p in chances)
        if b:
            seen += 1
            covered += score_upper((a, b), (n, n)) >= chances[0] / chances[1]
    assert covered / seen >= 0.97, "the upper limit alone: 97.5% less Monte-Carlo error"


def vaccine(cases: tuple[int, int], rows: tuple[int, int]) -> pd.DataFrame:
    jab = np.repeat([1, 0], rows)
    ill = np.concatenate([np.arange(rows[0]) < cases[0], np.arange(rows[1]) < cases[1]]).astype("int64")
    return pd.DataFrame({"jab": jab, "ill": ill, "age": np.random.default_rng(1).integers(12, 16, len(jab))})


def test_a_vaccine_without_a_case_among_the_vaccinated() -> None:
    """Frenck et al. 2021 (adolescents): 0 of 1,131 against 18 of 1,129 cases, efficacy 100% (75.3 to 100)."""
    data = vaccine((0, 18), (1131, 1129))
    query = {"treatment": "jab", "outcome": "ill", "design": {"kind": "randomised"}, "adjust_for": ["age"]}
    for scale in ("percent", "ratio", "odds_ratio", "rate_ratio", "difference"):
        answer = analyse({**query, "scale": scale}, data)
        assert answer.status == "answered" and answer.effect is not None and answer.effect.high is not None
        assert answer.estimand is not None and answer.estimand.adjust_for == (), "no model can be fitted"
        if scale == "percent":
            assert answer.effect.value == -100 and -80 < answer.effect.high < -75
        elif scale != "difference":
            assert answer.effect.value == answer.effect.low == 0 and answer.effect.high == pytest.approx(
                0.21, abs=0.005
            )


def test_a_ratio_without_a_case_is_checked_like_any_answer() -> None:
    """It has no error of its own; checked is the difference that it comes from: no top grade with "nothing was checked"."""
    query = {"treatment": "jab", "outcome": "ill", "design": {"kind": "randomised"}}
    data = vaccine((0, 18), (1131, 1129))
    ratio, difference = (analyse({**query, "scale": scale}, data) for scale in ("ratio", "difference"))
    names = {r.check for r in ratio.refutations}
    assert {"planted_effect", "placebo_treatment", "bootstrap"} <= names
    assert names == {r.check for r in difference.refutations}
    assert not [r.check for r in ratio.refutations if r.verdict == "failed"]
    text = " ".join(ratio.text.split())
    assert "0 times as high (up to 0.21 times), as no event was seen there." in text and "0.00" not in text


def test_no_case_to_compare_with_has_no_ratio() -> None:
    query = {"treatment": "jab", "outcome": "ill", "design": {"kind": "randomised"}, "scale": "ratio"}
    answer = analyse(query, vaccine((9, 0), (300, 300)))
    assert answer.status == "not_identified" and "difference" in " ".join(answer.would_help)
