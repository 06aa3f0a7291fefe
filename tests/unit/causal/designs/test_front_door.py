"""The front door against known truth, Pearl's published table, and graphs that break it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as causal
from pyllm_causal.causal.front_door_criterion import mediators_of
from pyllm_causal.errors import GraphError, QueryError, UnknownColumn
from pyllm_causal.graph import Graph
from tests.unit.causal.designs.pathways import draw_outcome, effect_of, expit, found, mean_over_u, refused

FRONT: dict[str, Any] = {"treatment": "t", "outcome": "y", "design": {"kind": "front_door", "mediators": ["m"]}}


def hidden_world(kind: str = "number", n: int = 6000, seed: int = 0, strength: float = 1.2) -> pd.DataFrame:
    """t and y share u; t moves a yes/no m, which moves y. n is even larger than usual: u makes the outcome noisy."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(n)
    t = (rng.random(n) < expit(u)).astype(int)
    m = (rng.random(n) < 0.2 + 0.6 * t).astype(int)
    return pd.DataFrame({"t": t, "m": m, "y": draw_outcome(kind, strength * m + u, rng)})


def truth(kind: str, strength: float = 1.2) -> float:
    return 0.6 * (mean_over_u(kind, strength) - mean_over_u(kind, 0.0))


def smoking() -> pd.DataFrame:
    """Pearl's hypothetical table of smoking, tar and cancer (Biometrika 1995, table; Causality 2009, table 3.1) as 8,000 rows."""
    cells = [(0, 0, 3800, 0.10), (1, 0, 200, 0.90), (0, 1, 200, 0.05), (1, 1, 3800, 0.85)]
    rows = [(t, m, int(i < round(n * p))) for t, m, n, p in cells for i in range(n)]
    return pd.DataFrame(rows, columns=["t", "m", "y"])


def test_pearls_published_table() -> None:
    """P(cancer | do(smoke)) = .4525, P(cancer | do(no smoking)) = .4975 (Causality 2009, equation 3.29 and below)."""
    answer = found(smoking(), **FRONT)
    assert answer.means == pytest.approx((0.4525, 0.4975), abs=1e-6)
    assert answer.effect.value == pytest.approx(-0.045, abs=1e-6)
    assert answer.unadjusted is not None and answer.unadjusted.value > 0.6  # the raw comparison says the opposite


SPELLINGS: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("bool", True, False, {}),
    ("int", 1, 0, {}),
    ("float", 1.0, 0.0, {}),
    ("text", "yes", "no", {}),
    ("0 to 10", 10, 0, {}),
    ("10 to 0", 0, 10, {"treated": 0, "control": 10}),
    ("float 0 to 10", 10.0, 0.0, {"treated": 10, "control": 0}),
    ("named", "drug", "placebo", {"treated": "drug", "control": "placebo"}),
]


@pytest.mark.parametrize("kind", ["number", "yes_no", "count"])
@pytest.mark.parametrize(("name", "one", "zero", "asked"), SPELLINGS, ids=[s[0] for s in SPELLINGS])
def test_every_spelling_of_the_treatment(kind: str, name: str, one: Any, zero: Any, asked: dict[str, Any]) -> None:
    """Two values are two groups whatever they are called: the effect is not multiplied by their distance."""
    frame = hidden_world(kind)
    turned = name == "10 to 0"  # the treated are those without: who is 1 in the world is called 10
    frame["t"] = [(zero if turned else one) if v else (one if turned else zero) for v in frame["t"]]
    if name == "named":
        frame["t"] = frame["t"].astype("category")
    effect = effect_of(frame, **FRONT, **asked)
    expected = truth(kind) * (-1 if turned else 1)
    assert effect.std_error is not None and effect.std_error < 0.25 * abs(expected)
    assert abs(effect.value - expected) < 4 * effect.std_error


@pytest.mark.parametrize(("treated", "control", "times"), [(1, 0, 1), (10, 0, 10), (0, 10, -10)])
def test_a_dose_scales_once_with_the_contrast(treated: float, control: float, times: float) -> None:
    rng = np.random.default_rng(3)
    u = rng.standard_normal(4000)
    t = 5 + 2 * u + 2 * rng.standard_normal(4000)
    m = 0.5 * t + rng.standard_normal(4000)
    y = 0.8 * m + 3 * u + rng.standard_normal(4000)
    frame = pd.DataFrame({"t": t, "m": m, "y": y})
    effect = effect_of(frame, **FRONT, treated=treated, control=control)
    assert abs(effect.value - 0.4 * times) < 4 * (effect.std_error or 0) < 0.2 * abs(0.4 * times)
    per_unit = effect_of(frame, **FRONT)
    assert abs(per_unit.value - 0.4) < 4 * (per_unit.std_error or 0)


def test_names_gaps_and_several_arms() -> None:
    """Columns with blanks and other scripts, gaps in each of them, three arms of which two are compared."""
    rng = np.random.default_rng(4)
    n = 8000
    u = rng.standard_normal(n)
    level = np.digitize(u + rng.standard_normal(n), [-0.7, 0.7])
    m = (rng.random(n) < 0.2 + 0.3 * level).astype(float)
    frame = pd.DataFrame({"the treatment": np.array(["low", "mid", "high"])[level], "Меди ator": m})
    frame["результат y"] = 2 * m + u + rng.standard_normal(n)
    gaps = rng.random((n, 3)) < 0.03
    frame = frame.mask(pd.DataFrame(gaps, columns=frame.columns))
    answer = found(
        frame,
        treatment="the treatment",
        outcome="результат y",
        treated="high",
        control="low",
        design={"kind": "front_door", "mediators": ["Меди ator"]},
    )
    # Σ_t' P(t') runs over all three arms: with two of them alone the answer would be about other people
    assert abs(answer.effect.value - 1.2) < 4 * (answer.effect.std_error or 0) < 0.4
    assert answer.sample.used == int(frame.notna().all(axis=1).sum())
    assert sum(d.rows for d in answer.sample.dropped) == n - answer.sample.used


def test_several_mediators_of_different_kinds_and_covariates() -> None:
    rng = np.random.default_rng(5)
    n = 4000
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    t = (u + x + rng.standard_normal(n) > 0).astype(int)
    place = np.where(rng.random(n) < 0.3 + 0.4 * t, "a", np.where(rng.random(n) < 0.5, "b", "c"))
    m = 0.5 * t + x + rng.standard_normal(n)
    y = 2.0 * (place == "a") + m + u + x + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "place": place, "m": m, "x": x, "y": y})
    design = {"kind": "front_door", "mediators": ["place", "m"]}
    answer = found(frame, treatment="t", outcome="y", design=design, adjust_for=["x"])
    assert abs(answer.effect.value - 1.3) < 4 * (answer.effect.std_error or 0) < 0.5
    one = effect_of(frame, **FRONT, adjust_for=["x"])  # one of the two alone sees only its own part
    assert abs(one.value - 0.5) < 4 * (one.std_error or 0)


def test_a_bent_step_is_left_to_the_flexible_method() -> None:
    """y follows the square of m, whose spread the treatment widens: straight lines would find nothing at all."""
    rng = np.random.default_rng(6)
    n = 2000
    u = rng.standard_normal(n)
    t = (u + rng.standard_normal(n) > 0).astype(int)
    m = rng.uniform(-1, 1, n) * (1 + 0.9 * t) * 1.5
    y = m**2 + u + rng.standard_normal(n)
    answer = found(pd.DataFrame({"t": t, "m": m, "y": y}), **FRONT)
    assert answer.method == "front_door_robust"
    warned = [d for d in answer.diagnoses if d.status == "warning"]
    assert [d.name for d in warned] == ["mediator_overlap"]  # values beyond 1.5 occur among the treated alone
    assert abs(answer.effect.value - 0.75 * (1.9**2 - 1)) < 4 * (answer.effect.std_error or 0) < 1.5


def test_no_effect_is_an_answer_with_zero_inside() -> None:
    rng = np.random.default_rng(7)
    frame = hidden_world(seed=7)
    frame["m"] = rng.integers(0, 2, len(frame))  # the treatment does not move the mediator
    effect = effect_of(frame, **FRONT)
    assert effect.low is not None and effect.high is not None and effect.low < 0 < effect.high


def test_clusters_and_weights_count() -> None:
    frame = hidden_world(n=2000, seed=8)
    double = pd.concat([frame, frame], ignore_index=True)
    double["who"] = [*range(len(frame))] * 2
    once, twice = effect_of(frame, **FRONT), effect_of(double, **FRONT, cluster="who")
    assert twice.value == pytest.approx(once.value, rel=1e-6)
    assert twice.std_error == pytest.approx(once.std_error, rel=0.01)  # rows said twice say nothing new
    weighted = frame.assign(w=np.where(frame["y"] > 0, 2, 1))
    repeated = frame.loc[frame.index.repeat(weighted["w"])]
    assert effect_of(weighted, **FRONT, weights="w").value == pytest.approx(
        effect_of(repeated, **FRONT).value, rel=1e-6
    )


def test_ratio_and_odds() -> None:
    means = [0.2 * mean_over_u("yes_no", 1.2) + 0.8 * mean_over_u("yes_no", 0.0)]
    means.insert(0, 0.8 * mean_over_u("yes_no", 1.2) + 0.2 * mean_over_u("yes_no", 0.0))
    frame = hidden_world("yes_no")
    ratio = found(frame, **FRONT, scale="ratio")
    odds = effect_of(frame, **FRONT, scale="odds_ratio")
    assert abs(np.log(ratio.effect.value / (means[0] / means[1]))) < 4 * (ratio.effect.std_error or 0) < 0.3
    expected = means[0] / (1 - means[0]) / (means[1] / (1 - means[1]))
    assert abs(np.log(odds.value / expected)) < 4 * (odds.std_error or 0)
    assert ratio.plain.scale == "difference" and ratio.plain.unit == "probability"
    with pytest.raises(QueryError, match="odds"):
        effect_of(hidden_world("number", n=300), **FRONT, scale="odds_ratio")
    with pytest.raises(QueryError, match="negative"):
        effect_of(hidden_world("number", n=300), **FRONT, scale="ratio")


def test_the_methods_can_be_named() -> None:
    frame = hidden_world(n=2000)
    answers = {m: found(frame, **FRONT, method=m) for m in ("front_door_robust", "front_door_product")}
    assert {m: a.method for m, a in answers.items()} == {m: m for m in answers}
    # with a yes/no treatment and mediator and no product of the two all three agree
    assert answers["front_door_product"].effect.value == pytest.approx(
        answers["front_door_robust"].effect.value, abs=0.03
    )
    with pytest.raises(QueryError, match="does not fit"):
        found(frame, **FRONT, method="matching")


def test_checks_pass_in_a_sound_world_and_name_what_they_saw() -> None:
    answer = found(
        hidden_world(n=2000).assign(z=np.random.default_rng(1).standard_normal(2000)), **FRONT, negative_outcomes=["z"]
    )
    verdicts = {r.check: r.verdict for r in answer.refutations}
    assert {"placebo_treatment", "random_common_cause", "data_subset", "negative_outcome", "other_methods"} <= set(
        verdicts
    )
    assert "failed" not in verdicts.values()
    assert all(d.status == "ok" for d in answer.diagnoses) and not answer.doubts
    spoilt = hidden_world(n=2000)
    spoilt["z"] = 2 * spoilt["m"] + np.random.default_rng(2).standard_normal(2000)
    control = {r.check: r for r in found(spoilt, **FRONT, negative_outcomes=["z"]).refutations}["negative_outcome"]
    assert control.verdict == "failed" and "z" in control.observed


SOUND = [("t", "m"), ("m", "y")]


@pytest.mark.parametrize(
    ("edges", "hidden", "said"),
    [
        (SOUND, {"U": ["t", "y", "m"]}, "U → m"),
        (SOUND, {"U": ["t", "y"], "V": ["m", "y"]}, "V → y"),
        ([*SOUND, ("t", "y")], {"U": ["t", "y"]}, "t → y"),
        ([*SOUND, ("t", "z"), ("z", "y")], {"U": ["t", "y"]}, "t → z → y"),
        ([("m", "t"), ("m", "y"), ("t", "y")], {}, "m comes before t"),
    ],
)
def test_graphs_that_break_it_are_refused_by_name(edges: Any, hidden: Any, said: str) -> None:
    frame = hidden_world(n=300).assign(z=0.5)
    refusal = refused(frame, **FRONT, graph=Graph.of(*edges, unmeasured=hidden))
    assert refusal.code == "front_door_broken" and said in refusal.reason and refusal.would_help


def test_graphs_that_allow_it() -> None:
    frame = hidden_world(n=400)
    assert found(frame, **FRONT, graph=Graph.of(*SOUND, unmeasured={"U": ["t", "y"]})).estimand.adjust_for == ()
    frame["x"] = np.random.default_rng(0).standard_normal(len(frame))
    drawn = Graph.of(*SOUND, ("x", "m"), ("x", "y"), ("x", "t"), unmeasured={"U": ["t", "y"]})
    assert found(frame, **FRONT, graph=drawn).estimand.adjust_for == ("x",)
    with pytest.raises(GraphError, match="path open"):
        found(frame, **FRONT, graph=drawn, adjust_for=[])
    suspected = drawn.model_copy(
        update={
            "unmeasured": tuple(
                u.model_copy(update={"affects": ("t", "m", "y"), "source": "model"}) for u in drawn.unmeasured
            )
        }
    )
    assert found(frame, **FRONT, graph=suspected).effect  # what only a model suspects cannot refuse


def test_other_refusals() -> None:
    frame = hidden_world(n=500)
    assert refused(frame.assign(m=frame["t"]), **FRONT).code == "no_overlap"
    assert refused(frame.assign(m=1), **FRONT).code == "constant_mediator"
    assert refused(frame.assign(t=1), **FRONT).code == "constant_treatment"
    assert refused(frame, **FRONT, where="m == 1").code == "selected_on_collider"
    assert refused(frame, **FRONT, graph=Graph.of(("y", "t"), ("t", "m"))).code == "reversed"


def test_bad_requests_say_what_to_do() -> None:
    frame = hidden_world(n=500).assign(x=1.5)
    with pytest.raises(UnknownColumn, match="mediator"):
        found(frame, treatment="t", outcome="y", design={"kind": "front_door", "mediators": ["nothing"]})
    with pytest.raises(QueryError, match="cannot be a mediator"):
        found(frame, treatment="t", outcome="y", design={"kind": "front_door", "mediators": ["t"]})
    with pytest.raises(QueryError, match="adjust_for"):
        found(frame, **FRONT, adjust_for=["m"])


def test_mediators_are_found_in_a_graph() -> None:
    leaky = Graph.of(*SOUND, unmeasured={"U": ["t", "y"], "V": ["m", "y"]})
    assert mediators_of(leaky, "t", "y", {"t", "m", "y"}) is None
    sound = Graph.of(*SOUND, unmeasured={"U": ["t", "y"]})
    assert mediators_of(sound, "t", "y", {"t", "m", "y"}) == ("m",)
    assert mediators_of(sound, "t", "y", {"t", "y"}) is None  # the mediator is not in the table
    two = Graph.of(("t", "a"), ("t", "b"), ("a", "y"), ("b", "y"), unmeasured={"U": ["t", "y"]})
    assert mediators_of(two, "t", "y", {"t", "a", "b", "y"}) == ("a", "b")
    chain = Graph.of(("t", "a"), ("a", "b"), ("b", "y"), unmeasured={"U": ["t", "y"], "V": ["a", "y"]})
    assert mediators_of(chain, "t", "y", {"t", "a", "b", "y"}) is None  # t, a and y hang together through V
    assert mediators_of(Graph.of(("t", "y")), "t", "y", {"t", "y"}) is None
    long = Graph.of(*((f"n{i}", f"n{i + 1}") for i in range(300)), unmeasured={"U": ["n0", "n300"]})
    assert mediators_of(long, "n0", "n300", {f"n{i}" for i in range(301)}) == ("n1",)


def test_from_query_to_text() -> None:
    answer = causal.analyse(FRONT, smoking())
    assert answer.status == "answered" and "lower chance of y" in answer.headline
    assert answer.effect is not None and answer.effect.value == pytest.approx(-0.045, abs=1e-6)
    assert "all of the effect passes through m" in answer.text
