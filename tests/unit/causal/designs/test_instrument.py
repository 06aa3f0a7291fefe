"""The instrument design through `analyse`: published values, known truth, refusals, every way of asking."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal.causal.designs import Task
from pyllm_causal.causal.designs.instrument import quick
from pyllm_causal.data import Table

MOMENTS = json.loads((Path(__file__).parent / "instrument_moments.json").read_text())


def asked(z: str | list[str] = "z", **more: Any) -> dict[str, Any]:
    instruments = [z] if isinstance(z, str) else z
    return {"treatment": "d", "outcome": "y", "design": {"kind": "instrument", "instruments": instruments}, **more}


def answer(frame: pd.DataFrame, z: str | list[str] = "z", **more: Any) -> pc.Answer:
    return pc.analyse(asked(z, **more), frame)


def effect_of(found: pc.Answer) -> Any:
    assert found.status == "answered", found.why_not
    assert found.effect is not None
    return found.effect


def check(found: pc.Answer, name: str) -> Any:
    return next(r for r in found.refutations if r.check == name)


def diagnosis(found: pc.Answer, name: str) -> Any:
    return next(d for d in found.diagnostics if d.name == name)


def offer(n: int = 2000, seed: int = 0, gain: float = 1.0) -> pd.DataFrame:
    """A yes/no offer z, take-up d, outcome y; u drives both and is known only to the tests."""
    rng = np.random.default_rng(seed)
    z, u, x = rng.integers(0, 2, n), rng.standard_normal(n), rng.standard_normal(n)
    d = (u + 1.5 * z - 0.7 + rng.standard_normal(n) > 0).astype(int)
    y = gain * d + u + 0.5 * x + rng.standard_normal(n)
    return pd.DataFrame({"z": z, "d": d, "y": y, "x": x, "u": u, "noise": rng.standard_normal(n)})


# Published studies. Tables of numbers with the study's own means and covariances (`command` in the file): estimates and the
# classical error depend on nothing else; the robust error of such a table is the classical one, up to 6 %.


def copy(case: str) -> pd.DataFrame:
    told = MOMENTS[case]
    n, k = told["n"], len(told["names"])
    values = np.random.default_rng(0).standard_normal((n, k))
    values -= values.mean(axis=0)
    values = values @ np.linalg.inv(np.linalg.cholesky(values.T @ values / n)).T
    values = values @ np.linalg.cholesky(np.array(told["covariance"])).T + told["mean"]
    return pd.DataFrame(values, columns=told["names"])


@pytest.mark.parametrize(
    ("case", "treatment", "outcome", "instruments", "value", "error", "digits"),
    [
        # Card (1995), table 3; Wooldridge, Introductory Econometrics, example 15.4
        ("card", "educ", "lwage", ["nearc4"], 0.1315, 0.0550, 0.00005),
        # Wooldridge, chapter 15, computer exercise 2
        ("fertil2", "educ", "children", ["frsthalf"], -0.1715, 0.0532, 0.00005),
        # Mroz (1987); Wooldridge, example 15.5
        ("mroz", "educ", "lwage", ["motheduc", "fatheduc"], 0.0614, 0.0314, 0.00005),
        # Kleiber & Zeileis, Applied Econometrics with R (CigarettesSW; Stock & Watson, chapter 12)
        ("cigarettes", "lp", "lq", ["tdiff", "rtax"], -1.2774, 0.2632, 0.00005),
        # Cameron & Trivedi, Microeconometrics using Stata, section 6.3: -.8976 (.2211), -.9899 (.2046)
        ("meps", "hi_empunion", "ldrugexp", ["ssiratio"], -0.8976, 0.2211, 0.00005),
        ("meps", "hi_empunion", "ldrugexp", ["ssiratio", "multlc"], -0.9899, 0.2046, 0.00005),
    ],
)
def test_published_values(
    case: str, treatment: str, outcome: str, instruments: list[str], value: float, error: float, digits: float
) -> None:
    frame = copy(case)
    covariates = [
        c for c in frame if c not in (treatment, outcome, "motheduc", "fatheduc", "nearc4", "frsthalf", "tdiff", "rtax", "ssiratio", "multlc")
    ]  # fmt: skip
    query = asked(instruments, adjust_for=covariates) | {"treatment": treatment, "outcome": outcome}
    found = effect_of(pc.analyse(query, frame))
    assert found.value == pytest.approx(value, abs=digits)
    assert found.std_error == pytest.approx(error, rel=0.12)


def test_published_over_identification() -> None:
    """Wooldridge, example 15.8: n R² = .378, p = .54. Kleiber & Zeileis: Sargan .333, p = .564."""
    for case, treatment, outcome, instruments, covariates, statistic, p in (
        ("mroz", "educ", "lwage", ["motheduc", "fatheduc"], ["exper", "expersq"], 0.378, 0.54),
        ("cigarettes", "lp", "lq", ["tdiff", "rtax"], ["li"], 0.333, 0.564),
    ):
        query = asked(instruments, adjust_for=covariates) | {"treatment": treatment, "outcome": outcome}
        found = check(pc.analyse(query, copy(case)), "overidentification")
        assert found.figures["sargan"] == pytest.approx(statistic, abs=0.001)
        assert found.figures["sargan_p_value"] == pytest.approx(p, abs=0.003)
        assert found.verdict == "passed"


def test_angrist_and_evans_1998() -> None:
    """Stock & Watson, empirical exercise 12.1: −6.314 (1.275), without the instrument −5.387 (.087). The table is rebuilt from
    counts, means and variances of weeks worked by samesex and morekids, on which both figures depend alone."""
    cells = [
        (0, 0, 82291, 21.077153030100, 496.011023750008),
        (0, 1, 43618, 15.756293273419, 432.655449527636),
        (1, 0, 75451, 21.058912406728, 495.735154396258),
        (1, 1, 53294, 15.620163620670, 430.336585209840),
    ]
    parts = []
    for z, d, n, mean, variance in cells:
        swing = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
        swing = (swing - swing.mean()) / swing.std()
        parts.append(pd.DataFrame({"samesex": z, "morekids": d, "work": mean + np.sqrt(variance) * swing}))
    query = asked("samesex") | {"treatment": "morekids", "outcome": "work"}
    found = pc.analyse(query, pd.concat(parts))
    effect = effect_of(found)
    assert effect.value == pytest.approx(-6.3137, abs=0.0001)
    assert effect.std_error == pytest.approx(1.2747, abs=0.0001)
    plain = next(e for e in found.estimates if e.method == "ols")
    assert plain.effect.value == pytest.approx(-5.387, abs=0.0005)
    assert "6.8 of 100" in found.text  # first stage .0675, table 6 of the paper: .0694 in its own sample
    assert "samesex = 1" in found.text


# Known truth


def test_the_effect_on_compliers_and_what_is_said_about_them() -> None:
    found = answer(offer(8000))
    effect = effect_of(found)
    assert found.method == "2sls"
    assert effect.low < 1.0 < effect.high and effect.std_error < 0.12
    assert found.unadjusted is not None and found.unadjusted.value > 1.7
    assert found.estimand is not None and found.estimand.strategy == "instrument"
    assert found.estimand.population == "those whose d was changed by z"
    assert "among those whose d was changed by z" in found.text
    assert found.certainty is not None and found.certainty.level == "moderate"
    assert {r.check: r.verdict for r in found.refutations} == {
        "placebo_instrument": "passed",
        "weak_instrument": "passed",
        "instrument_signs": "passed",
        "direct_effect": "inconclusive",
        "hidden_cause": "inconclusive",  # no column to compare with
        "planted_effect": "passed",
    }


@pytest.mark.parametrize(
    ("treated", "control", "times"), [(None, None, 1), (1, 0, 1), (10, 0, 10), (0, 10, -10), (3.5, 1, 2.5)]
)
def test_contrasts_of_a_dose_are_multiples_of_one_unit(treated: Any, control: Any, times: float) -> None:
    frame = offer(3000, 1)
    frame["d"] = 1.5 * frame.z + frame.u + frame.noise
    frame["y"] = 0.4 * frame.d + frame.u
    one = effect_of(answer(frame))
    found = effect_of(answer(frame, treated=treated, control=control))
    assert found.value == pytest.approx(times * one.value, rel=1e-9)
    assert found.std_error == pytest.approx(abs(times) * one.std_error, rel=1e-9)
    assert found.low <= times * 0.4 <= found.high


KINDS: dict[str, tuple[Any, Any]] = {
    "bool": (False, True),
    "int": (0, 1),
    "float": (0.0, 10.0),
    "str": ("no", "yes"),
    "category": ("old way", "new way"),
}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("outcome", ["number", "yes_no", "count"])
@pytest.mark.parametrize("turned", [False, True])
def test_truth_table(kind: str, outcome: str, turned: bool) -> None:
    """Treatment of every type, both ways round, with missing cells and awkward names; the effect on compliers is known."""
    rng = np.random.default_rng(len(kind) + len(outcome))
    n = 4000
    who = rng.choice(["always", "complier", "never"], n, p=[0.2, 0.6, 0.2])
    z = rng.integers(0, 2, n)
    d = np.where(who == "always", 1, np.where(who == "never", 0, z))
    lead = (who == "always") * 1.0 - (who == "never") * 1.0
    mean = {"number": 2 + 1.5 * d + lead, "yes_no": 0.3 + 0.25 * d + 0.15 * lead, "count": 2 + 1.0 * d + 0.8 * lead}[
        outcome
    ]
    noise = {
        "number": lambda: mean + rng.standard_normal(n),
        "yes_no": lambda: rng.random(n) < mean,
        "count": lambda: rng.poisson(mean),
    }
    truth = {"number": 1.5, "yes_no": 0.25, "count": 1.0}[outcome]
    levels = KINDS[kind]
    named = np.array(levels, dtype=object)[d]
    column = pd.Categorical([str(v) for v in named]) if kind == "category" else pd.Series(list(named))
    frame = pd.DataFrame({"offer made": z, "Δ treatment": column, "y = import os": noise[outcome]()})
    frame["offer made"] = frame["offer made"].astype(float)
    frame.loc[rng.integers(0, n, 60), "offer made"] = np.nan
    names = {str: str, "category": str}.get(kind, lambda v: v)
    pair = (names(levels[1]), names(levels[0]))
    query = asked("offer made") | {"treatment": "Δ treatment", "outcome": "y = import os"}
    query |= {"treated": pair[turned], "control": pair[not turned]}
    found = pc.analyse(query, frame)
    effect = effect_of(found)
    truth = -truth if turned else truth
    assert abs(effect.value - truth) < 4 * effect.std_error
    assert np.sign(effect.value) == np.sign(truth)
    assert effect.std_error < 0.12
    assert found.sample is not None
    assert [d.reason for d in found.sample.dropped] == ["no offer made"]
    assert found.sample.used == n - found.sample.dropped[0].rows


def test_ratio_scales_are_of_the_compliers_own_means() -> None:
    """Compliers go from 0.2 to 0.5; always- and never-takers are elsewhere."""
    rng = np.random.default_rng(3)
    n = 30_000
    who = rng.choice(["always", "complier", "never"], n, p=[0.2, 0.5, 0.3])
    z = rng.integers(0, 2, n)
    d = np.where(who == "always", 1, np.where(who == "never", 0, z))
    chance = np.select([who == "always", who == "never"], [0.9, 0.05], 0.2 + 0.3 * d)
    frame = pd.DataFrame({"z": z, "d": d, "y": (rng.random(n) < chance).astype(int)})
    truths = {"ratio": 2.5, "percent": 150.0, "odds_ratio": 4.0, "difference": 0.3}
    for scale, truth in truths.items():
        found = effect_of(answer(frame, scale=scale))
        assert found.low < truth < found.high, scale
        assert found.scale == scale
        line = (
            (lambda v: v)
            if scale == "difference"
            else (lambda v: np.log(1 + v / 100))
            if scale == "percent"
            else np.log
        )
        assert abs(line(found.value) - line(truth)) < 4 * found.std_error
    assert "of 100 with d = 1" in answer(frame).text


def test_weights_clusters_and_fixed_effects_count() -> None:
    """Weights undo a selection; shared noise widens the clustered margin; an effect of the place biases without its column."""
    rng = np.random.default_rng(4)
    n, places = 6000, 120
    g = rng.integers(0, places, n)
    level = rng.standard_normal(places)
    z = (rng.random(n) < 1 / (1 + np.exp(-1.5 * level[g]))).astype(int)
    u = rng.standard_normal(n)
    d = (u + 1.5 * z + rng.standard_normal(n) > 0.7).astype(int)
    y = d + u + 2 * level[g] + rng.standard_normal(n)
    frame = pd.DataFrame({"z": z, "d": d, "y": y, "g": [f"place {i}" for i in g]})
    biased = effect_of(answer(frame))
    assert biased.low > 1.5
    found = answer(frame, adjust_for=["g"], categorical=["g"])
    inside = effect_of(found)
    assert inside.low < 1.0 < inside.high and inside.std_error < 0.2
    clustered = effect_of(answer(frame, cluster="g"))
    assert clustered.std_error > 1.3 * biased.std_error
    frame["w"] = np.where(z == 1, 3.0, 1.0)
    assert effect_of(answer(frame, weights="w", adjust_for=["g"])).value == pytest.approx(1.0, abs=0.5)


def test_rows_alone_in_their_level_are_counted_out() -> None:
    frame = offer(600)
    frame["g"] = [f"g{i % 80}" for i in range(600)]
    frame.loc[:4, "g"] = [f"alone {i}" for i in range(5)]
    found = answer(frame, adjust_for=["g"])
    assert found.sample is not None and found.sample.used == 595
    assert found.sample.dropped[0].reason == "in a level of g that has one row only"


# Weak instruments


def test_a_hopeless_instrument_is_refused() -> None:
    frame = offer()
    found = answer(frame, "noise")
    assert found.status == "not_identified" and found.exit_code == 3
    assert found.why_not is not None and "noise moves d too little" in found.why_not
    assert any("experiment" in h for h in found.would_help)


def test_a_weak_instrument_with_a_bounded_set_gets_that_set() -> None:
    """First-stage F between 4 and 10: the interval is the Anderson–Rubin set, which lies further out than the usual one."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        z, u = rng.standard_normal(400), rng.standard_normal(400)
        d = 0.2 * z + u + rng.standard_normal(400)
        found = answer(pd.DataFrame({"z": z, "d": d, "y": d + u + rng.standard_normal(400)}))
        if found.status != "answered" or diagnosis(found, "first_stage").figures["effective_f"] >= 10:
            continue
        effect = effect_of(found)
        pieces = diagnosis(found, "first_stage").figures["anderson_rubin"]
        assert [effect.low, effect.high] == pieces[0]
        assert effect.high - effect.low > 2 * 1.96 * effect.std_error
        assert diagnosis(found, "first_stage").status == "warning"
        assert "only weakly" in found.text
        assert found.certainty is not None and found.certainty.level in ("low", "very_low")
        return
    pytest.fail("no table with a weak instrument and a bounded set")


def test_what_weak_instruments_leave_possible_is_said() -> None:
    """One instrument that moves nothing: everything fits; one that goes with the outcome all the same: all but a range."""
    rng = np.random.default_rng(11)
    z, u = rng.standard_normal(2000), rng.standard_normal(2000)
    frame = pd.DataFrame({"z": z, "d": 0.02 * z + u, "y": u + rng.standard_normal(2000)})
    frame["high"] = (frame.y + 0.3 * z > 0).astype(int)
    seen = [answer(frame).why_not or "", answer(frame.assign(y=frame.y + 0.5 * z)).why_not or ""]
    assert "any effect on y fits the table, in either direction" in seen[0]
    assert "any effect on y fits the table except between" in seen[1]
    shares = pc.analyse(asked("z") | {"outcome": "high"}, frame).why_not or ""
    assert "except between" in shares and " in 100" in shares


def test_no_ratio_and_no_weighting_where_they_break_down() -> None:
    rng = np.random.default_rng(12)
    z, u, x = rng.integers(0, 2, 900), rng.standard_normal(900), rng.standard_normal(900)
    for seed in range(60):
        d = (u + 0.25 * z + np.random.default_rng(seed).standard_normal(900) > 0).astype(int)
        frame = pd.DataFrame({"z": z, "d": d, "y": (d + u > 0).astype(int)})
        found = answer(frame)
        if found.status == "answered" and diagnosis(found, "first_stage").status == "warning":
            ratio = answer(frame, scale="ratio")
            assert ratio.why_not is not None and "could come out" in ratio.why_not
            break
    else:
        pytest.fail("no weak table")
    sharp = offer(900).assign(z=(x > 0).astype(int), x=x)
    sharp["d"] = (sharp.u + 2 * sharp.z > 1).astype(int)
    refused = answer(sharp, adjust_for=["x"], method="weighted_wald")
    assert refused.why_not is not None and "all but decide z" in refused.why_not
    assert "weighted_wald" not in {e.method for e in answer(sharp, adjust_for=["x"]).estimates}


def test_weak_instruments_that_contradict_each_other_are_refused() -> None:
    rng = np.random.default_rng(5)
    z, u = rng.standard_normal((3000, 2)), rng.standard_normal(3000)
    d = 0.06 * z.sum(axis=1) + u + rng.standard_normal(3000)
    y = 0.5 * (z[:, 0] - z[:, 1]) + u
    found = answer(pd.DataFrame({"a": z[:, 0], "b": z[:, 1], "d": d, "y": y}), ["a", "b"])
    assert found.status == "not_identified"
    assert found.why_not is not None and "at least one of them touches y in another way" in found.why_not


def test_liml_where_several_instruments_are_not_strong() -> None:
    """Two-stage least squares leans towards the biased figure (2.3 here); LIML does not, on average over 40 tables."""
    values: dict[str, list[float]] = {"liml": [], "2sls": []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        z, u = rng.standard_normal((800, 8)), rng.standard_normal(800)
        d = 0.15 * z.sum(axis=1) + u + 0.6 * rng.standard_normal(800)
        names = [f"z{j}" for j in range(8)]
        frame = pd.DataFrame(z, columns=names).assign(d=d, y=d + 1.5 * u + rng.standard_normal(800))
        for method in values:
            effect = quick(Task(pc.Query.model_validate(asked(names, method=method)), Table.read(frame)))
            values[method].append(effect.value)  # type: ignore[union-attr]
    assert abs(np.median(values["liml"]) - 1) < 0.05
    apart = np.subtract(values["2sls"], values["liml"])
    assert apart.mean() > 0.03 and apart.mean() > 6 * apart.std() / np.sqrt(len(apart))
    assert answer(frame.head(500), names).method == "liml"


# Checks that must be able to fail


def test_a_wrong_second_instrument_is_noticed() -> None:
    frame = offer(4000, 2)
    frame["bad"] = frame.z + frame.noise + 0.8 * frame.u
    found = answer(frame, ["z", "bad"])
    assert check(found, "overidentification").verdict == "failed"
    assert check(found, "leave_one_instrument_out").verdict == "failed"
    assert found.certainty is not None and found.certainty.level in ("low", "very_low")
    alone = [e for e in found.estimates if "alone" in e.label]
    assert len(alone) == 2 and abs(alone[0].effect.value - alone[1].effect.value) > 0.5


def test_a_direct_path_can_show() -> None:
    frame = offer(4000, 3)
    frame["y"] += 3 * frame.z
    assert check(answer(frame), "instrument_signs").verdict == "failed"


def test_negative_outcomes() -> None:
    frame = offer(3000, 4)
    frame["before"] = frame.u + frame.noise
    frame["leak"] = frame.before + 0.5 * frame.z
    assert check(answer(frame, negative_outcomes=["before"]), "negative_outcome").verdict == "passed"
    found = answer(frame, negative_outcomes=["before", "leak"])
    assert check(found, "negative_outcome").verdict == "failed"
    assert "leak" in check(found, "negative_outcome").observed
    assert check(answer(frame, negative_outcomes=["x"], adjust_for=["x"]), "negative_outcome").verdict == "inconclusive"
    frame["words"] = np.where(frame.z == 1, "long text", "short text")
    with pytest.raises(pc.CausalError, match="negative control"):
        answer(frame, negative_outcomes=["words"])


def test_how_large_a_direct_effect_would_undo_it() -> None:
    """Taking exactly that much off the outcome by the instrument brings the estimate to zero."""
    frame = offer(4000, 5)
    found = check(answer(frame, adjust_for=["x"]), "direct_effect")
    frame["y"] -= found.figures["wipes_out"] * frame.z
    assert effect_of(answer(frame, adjust_for=["x"])).value == pytest.approx(0, abs=1e-9)


def test_second_opinion_by_weighting_agrees_and_disagrees() -> None:
    rng = np.random.default_rng(6)
    n = 5000
    x, u = rng.standard_normal(n), rng.standard_normal(n)
    z = (rng.random(n) < 1 / (1 + np.exp(-0.8 * x))).astype(int)
    d = (u + 1.5 * z - 0.7 + rng.standard_normal(n) > 0).astype(int)
    frame = pd.DataFrame({"z": z, "d": d, "x": x, "y": d + u + x + rng.standard_normal(n)})
    found = answer(frame, adjust_for=["x"])
    assert check(found, "other_methods").verdict == "passed"
    weighted = effect_of(answer(frame, adjust_for=["x"], method="weighted_wald"))
    assert weighted.low < 1 < weighted.high
    frame["y"] += 2 * np.exp(x)  # bent: a straight line in x leaves part of it to the instrument
    bent = effect_of(answer(frame, adjust_for=["x"], method="weighted_wald"))
    assert bent.low < 1 < bent.high


# The graph

LINKS = [["z", "d"], ["d", "y"]]
HIDDEN = [{"name": "talent", "affects": ["d", "y"]}]


def graph(*more: list[str], unmeasured: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"edges": [*LINKS, *more], "unmeasured": [*HIDDEN, *(unmeasured or [])]}


def test_the_graph_says_what_to_hold_fixed() -> None:
    frame = offer()
    frame["z"] = ((frame.x + frame.noise) > 0).astype(int)
    frame["d"] = (frame.u + 1.5 * frame.z > 0.7).astype(int)
    frame["y"] = frame.d + frame.u + 2 * frame.x
    found = answer(frame, graph=graph(["x", "z"], ["x", "y"]))
    assert found.estimand is not None and found.estimand.adjust_for == ("x",)
    assert effect_of(found).low < 1 < effect_of(found).high
    assert effect_of(answer(frame)).low > 1.5
    with pytest.raises(pc.CausalError, match="only with x held fixed"):
        answer(frame, graph=graph(["x", "z"], ["x", "y"]), adjust_for=[])


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (graph(["z", "y"]), "an arrow from z to y"),
        (
            graph(["z", "noise"], ["noise", "y"], unmeasured=[{"name": "q", "affects": ["noise", "y"]}]),
            "arrow from z to noise",
        ),
        (graph(unmeasured=[{"name": "region", "affects": ["z", "y"]}]), "region drives both z and y"),
        ({"edges": [["d", "z"], ["d", "y"]], "unmeasured": HIDDEN}, "z comes after d"),
    ],
)
def test_exclusion_broken_by_the_graph(drawn: dict[str, Any], words: str) -> None:
    found = answer(offer(200), graph=drawn)
    assert found.status == "not_identified"
    assert found.why_not is not None and words in found.why_not
    assert found.would_help
    given = answer(offer(200), graph=drawn, adjust_for=["x"])
    assert given.status == "not_identified"


def test_other_refusals_by_the_graph() -> None:
    frame = offer(200)
    apart = answer(frame, graph={"edges": [["z", "x"], ["d", "y"]], "unmeasured": HIDDEN})
    assert apart.why_not is not None and "nothing to do with d" in apart.why_not
    turned = answer(frame, graph={"edges": [["z", "d"], ["y", "d"]]})
    assert turned.why_not is not None and "y comes before d" in turned.why_not
    chosen = answer(frame, graph=graph(["d", "s"]), selected_on=["s"])
    assert chosen.why_not is not None and "only rows chosen by s" in chosen.why_not
    with pytest.raises(pc.CausalError, match="x comes after d"):
        answer(frame, graph=graph(["d", "x"]), adjust_for=["x"])
    with pytest.raises(pc.CausalError, match="spoils z as an instrument"):
        hidden = [{"name": "a", "affects": ["z", "x"]}, {"name": "b", "affects": ["x", "y"]}]
        answer(frame, graph=graph(unmeasured=hidden), adjust_for=["x"])


def test_a_hidden_cause_that_only_a_model_suspects_refuses_nothing() -> None:
    suspected = [{"name": "region", "affects": ["z", "y"], "source": "model"}]
    assert answer(offer(500), graph=graph(unmeasured=suspected)).status == "answered"


def test_an_instrument_that_the_graph_does_not_show_is_said() -> None:
    found = answer(offer(500), graph={"edges": [["d", "y"], ["x", "y"]]})
    assert "Your graph does not show z" in found.text


def test_rows_chosen_along_the_treatment_are_refused() -> None:
    frame = offer(500)
    frame["d"] = frame.z + frame.u
    found = answer(frame, where="d > 0")
    assert found.status == "not_identified"
    assert found.why_not is not None and "certain values of d" in found.why_not
    assert answer(frame, where="d > -100").status == "answered"
    assert answer(frame, where="x > 0").status == "answered"


# Bad input


def spoilt(**columns: Any) -> pd.DataFrame:
    return offer(300).assign(**columns)


@pytest.mark.parametrize(
    ("frame", "more", "words"),
    [
        (spoilt(d=1), {}, "d has the same value"),
        (spoilt(y=1.5), {}, "y is the same"),
        (spoilt(z=1), {}, "z has the same value in every usable row"),
        (spoilt(g=1), {"cluster": "g"}, "All rows belong to one group of g"),
        (spoilt(g=offer(300).z), {"cluster": "g"}, "one of the values of z belong to one group of g"),
        (spoilt(copy=2 * offer(300).z + 3), {"adjust_for": ["copy"]}, "Among rows alike in copy, z does not differ"),
        (spoilt(copy=2 * offer(300).d + 3), {"adjust_for": ["copy"]}, "Among rows alike in copy, d does not differ"),
        (
            spoilt(g=np.resize([0, 1], 300)),
            {"cluster": "g", "design": {"kind": "instrument", "instruments": ["z", "noise"]}},
            "2 groups of g",
        ),
        (offer(3), {}, ""),
    ],
)
def test_nothing_to_compare(frame: pd.DataFrame, more: dict[str, Any], words: str) -> None:
    found = answer(frame, **more)
    assert found.status == "not_identified"
    assert found.why_not is not None and words in found.why_not
    assert found.would_help


@pytest.mark.parametrize(
    ("z", "more", "words"),
    [
        ("q", {}, "'q' is not a column"),
        ("d", {}, "'d' is the treatment"),
        ("y", {}, "'y' is the outcome"),
        ("z", {"adjust_for": ["z"]}, "'z' is the instrument"),
        ("z", {"method": "aipw"}, "Methods that do: 2sls, liml, weighted_wald"),
        ("noise", {"method": "weighted_wald"}, "does not fit"),
        ("z", {"scale": "ratio"}, "negative values"),
        ("z", {"scale": "odds_ratio"}, "yes/no outcome"),
        ("z", {"treatment": "x", "scale": "ratio"}, "both yes/no"),
        ("z", {"treatment": "three", "treated": "b", "control": "a"}, "among all the values of 'three'"),
        ("z", {"treatment": "three", "control": "a"}, "among all the values of 'three'"),
    ],
)
def test_requests_that_make_no_sense(z: str, more: dict[str, Any], words: str) -> None:
    frame = offer(300)
    frame["three"] = np.resize(["a", "b", "c"], 300)
    with pytest.raises(pc.CausalError) as caught:
        answer(frame, z, **more)
    assert words in str(caught.value)


def test_a_category_as_instrument_and_one_that_repeats_another() -> None:
    frame = offer(3000, 7)
    frame["kind"] = np.where(frame.z == 1, np.resize(["p", "q"], 3000), "r")
    found = answer(frame, "kind")
    assert diagnosis(found, "first_stage").figures["instruments"] == 2
    assert effect_of(found).low < 1 < effect_of(found).high
    frame["again"] = 5 - frame.z
    assert effect_of(answer(frame, ["z", "again"])).value == pytest.approx(effect_of(answer(frame)).value, rel=1e-9)


def test_an_instrument_that_is_the_treatment_is_least_squares() -> None:
    frame = offer(500).assign(z=lambda f: f.d)
    found = answer(frame)
    plain = next(e for e in found.estimates if e.method == "ols")
    assert effect_of(found).value == pytest.approx(plain.effect.value, rel=1e-9)
    json.dumps(found.model_dump(mode="json"), allow_nan=False)


def test_missing_rows_few_clusters_and_few_rows_are_told() -> None:
    frame = offer(1500, 8)
    frame.loc[:500, "x"] = np.nan
    frame["g"] = np.resize(np.arange(12), 1500)
    found = answer(frame, adjust_for=["x"], cluster="g")
    assert diagnosis(found, "missing").status == "warning"
    assert diagnosis(found, "clusters").status == "warning"
    assert "among rows where all of this was recorded" in found.text
    small = answer(
        offer(45, 1).assign(z=lambda f: np.resize([1, 0, 0], 45)).assign(d=lambda f: np.resize([1, 0, 0, 1, 0, 1], 45))
    )
    assert small.status == "not_identified" or diagnosis(small, "few_rows").status == "warning"


def test_names_are_shown_safely() -> None:
    frame = offer(500).rename(columns={"z": "z\x1b[31m", "d": "__import__('os')", "x": "<b>x</b>"})
    table = Table.read(frame)
    column = next(c for c in table.names if c.startswith("z"))
    found = pc.analyse(asked(column, adjust_for=["<b>x</b>"]) | {"treatment": "__import__('os')"}, table)
    assert found.status == "answered" and "\x1b" not in found.text


def test_same_answer_every_time_and_fast() -> None:
    frame = offer(3000).assign(**{f"c{j}": np.random.default_rng(j).standard_normal(3000) for j in range(15)})
    covariates = [f"c{j}" for j in range(15)]
    first = answer(frame, adjust_for=covariates)
    start = time.process_time()
    second = answer(frame, adjust_for=covariates)
    assert time.process_time() - start < 2.0
    drop = {"provenance"}
    assert first.model_dump(exclude=drop) == second.model_dump(exclude=drop)
