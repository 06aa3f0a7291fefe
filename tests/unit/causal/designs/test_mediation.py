"""Mediation against known truth, R's published output, and statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as causal
from pyllm_causal.analysis import Effect, MediationEffect
from pyllm_causal.errors import GraphError, QueryError
from pyllm_causal.graph import Graph
from tests.unit.causal.designs.pathways import draw_outcome, effect_of, expit, found, refused

MEDIATION: dict[str, Any] = {
    "kind": "mediation",
    "treatment": "t",
    "outcome": "y",
    "design": {"kind": "mediation", "mediators": ["m"]},
}


def straight(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Through m 0.6, past it 0.5; x drives all three."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    t = (rng.random(n) < expit(0.7 * x)).astype(int)
    m = 0.6 * t + 0.5 * x + rng.standard_normal(n)
    y = m + 0.5 * t + x + rng.standard_normal(n)
    return pd.DataFrame({"t": t, "m": m, "x": x, "y": y})


def near(effect: Any, expected: float, widest: float) -> None:
    """Within four standard errors, and those are small enough for that to mean something."""
    assert effect.std_error is not None and effect.std_error < widest
    assert abs(effect.value - expected) < 4 * effect.std_error


def test_straight_lines() -> None:
    effect = effect_of(straight(), **MEDIATION, adjust_for=["x"])
    near(effect.indirect, 0.6, 0.06)
    near(effect.direct, 0.5, 0.06)
    near(effect, 1.1, 0.08)
    assert effect.indirect.value + effect.direct.value == pytest.approx(effect.total.value, rel=1e-9)
    near(effect.proportion, 0.6 / 1.1, 0.06)


def test_interaction_is_averaged_over_both_settings() -> None:
    """δ(1) = 1 · 1.5, δ(0) = 1 · 0.5: their mean is 1 (Imai, Keele & Tingley 2010)."""
    rng = np.random.default_rng(1)
    n = 4000
    t = (rng.random(n) < 0.25).astype(int)
    m = t + rng.standard_normal(n)
    y = (0.5 + t) * m + t + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "y": y})
    answer = found(frame, **MEDIATION, adjust_for=[])
    assert isinstance(answer.effect, MediationEffect)
    near(answer.effect.indirect, 1.0, 0.08)
    near(answer.effect, 2.5, 0.1)
    assert any("differs between the two settings" in s for s in answer.sentences)


# P(m | t) = 0.3 + 0.4 t, E(Y | t, m) by kind
MEANS = {
    "number": lambda t, m: 0.8 * m + 0.4 * t,
    "yes_no": lambda t, m: expit(0.8 * m + 0.4 * t - 0.5),
    "count": lambda t, m: np.exp(0.5 * (0.8 * m + 0.4 * t)),
}


def parts(kind: str) -> tuple[float, float]:
    """(indirect, total) in the world below."""
    mean = MEANS[kind]
    through = [0.4 * (mean(t, 1) - mean(t, 0)) for t in (0, 1)]
    level = [mean(t, 0) * (0.7 - 0.4 * t) + mean(t, 1) * (0.3 + 0.4 * t) for t in (0, 1)]
    return float(sum(through) / 2), float(level[1] - level[0])


SPELLINGS: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("bool", True, False, {}),
    ("int", 1, 0, {}),
    ("float", 1.0, 0.0, {}),
    ("text", "yes", "no", {}),
    ("0 to 10", 10, 0, {}),
    ("10 to 0", 10, 0, {"treated": 0, "control": 10}),
    ("named", "drug", "placebo", {"treated": "drug", "control": "placebo"}),
]


@pytest.mark.parametrize("kind", ["number", "yes_no", "count"])
@pytest.mark.parametrize(("name", "one", "zero", "asked"), SPELLINGS, ids=[s[0] for s in SPELLINGS])
def test_every_spelling_of_treatment_and_outcome(kind: str, name: str, one: Any, zero: Any, asked: Any) -> None:
    rng = np.random.default_rng(2)
    n = 6000
    t = rng.integers(0, 2, n)
    m = (rng.random(n) < 0.3 + 0.4 * t).astype(int)
    y = draw_outcome(kind, 0.8 * m + 0.4 * t, rng)
    frame = pd.DataFrame({"the t": [one if v else zero for v in t], "середина": m, "y": y.astype(float)})
    frame.loc[::50, "середина"] = np.nan
    if name == "named":
        frame["the t"] = frame["the t"].astype("category")
    query = {**MEDIATION, "treatment": "the t", "design": {"kind": "mediation", "mediators": ["середина"]}}
    effect = effect_of(frame, **query, adjust_for=[], **asked)
    sign = -1 if name == "10 to 0" else 1
    indirect, total = parts(kind)
    near(effect.indirect, sign * indirect, 0.2 * indirect)
    near(effect, sign * total, 0.2 * total)


@pytest.mark.parametrize(("treated", "control", "times"), [(1, 0, 1), (10, 0, 10), (0, 10, -10)])
def test_a_dose_scales_once_with_the_contrast(treated: float, control: float, times: float) -> None:
    rng = np.random.default_rng(3)
    t = 5 + 3 * rng.standard_normal(2000)
    m = 0.5 * t + rng.standard_normal(2000)
    y = 0.8 * m + 0.2 * t + rng.standard_normal(2000)
    frame = pd.DataFrame({"t": t, "m": m, "y": y})
    effect = effect_of(frame, **MEDIATION, adjust_for=[], treated=treated, control=control)
    near(effect.indirect, 0.4 * times, 0.05 * abs(times))
    near(effect, 0.6 * times, 0.05 * abs(times))


JOBS = {
    0: (
        299,
        [3.9983277524, 1.7836796045, 3.0280936474, 0.5752508361, 37.3172951829],
        [[0.479769753, -0.1297716959, 0.1019039643, -0.0096612162, 0.7660406071],
         [-0.1297716959, 0.4530610783, 0.1150927079, 0.0193649134, -0.0914391526],
         [0.1019039643, 0.1150927079, 1.0243013942, -0.0507453274, -0.4017421666],
         [-0.0096612162, 0.0193649134, -0.0507453274, 0.2451572355, 0.3048654481],
         [0.7660406071, -0.0914391526, -0.4017421666, 0.3048654481, 114.9604388012]],
    ),
    1: (
        600,
        [4.065777775, 1.7203333326, 3.0221666646, 0.5166666667, 37.6885342693],
        [[0.5552765217, -0.1143376356, 0.0271955906, 0.0006826195, 0.3681417627],
         [-0.1143376356, 0.4100402107, 0.1360926147, 0.024778167, -0.0037497565],
         [0.0271955906, 0.1360926147, 0.9491752699, -0.0182832509, 0.2017601266],
         [0.0006826195, 0.024778167, -0.0182832509, 0.2501391208, 0.0733796088],
         [0.3681417627, -0.0037497565, 0.2017601266, 0.0733796088, 106.5192407343]],
    ),
}  # fmt: skip


def jobs() -> pd.DataFrame:
    """Rows with the same size, means and covariances in both arms as the JOBS II table of R's package mediation: all that
    straight-line models use. No row of the study itself."""
    rng = np.random.default_rng(2014)
    frames = []
    for treat, (n, mean, cov) in JOBS.items():
        z = rng.standard_normal((n, 5))
        z = (z - z.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T
        rows = np.array(mean) + z @ np.linalg.cholesky(np.array(cov)).T
        frames.append(pd.DataFrame(rows, columns=["m", "y", "hard", "sex", "age"]).assign(t=treat))
    return pd.concat(frames, ignore_index=True)


def test_jobs_as_published() -> None:
    """R, package mediation, vignette, jobs: ACME −0.016 (−0.04, 0.01), ADE −0.040, total −0.056, by straight lines without a
    product of treatment and mediator; with one for each arm the average moves by less than a tenth of its error."""
    names = ["hard", "sex", "age"]
    product = effect_of(jobs(), **MEDIATION, adjust_for=names, method="mediation_product")
    assert product.indirect.value == pytest.approx(-0.0157, abs=0.0001)
    assert product.total.value == pytest.approx(-0.056, abs=0.0005)
    assert product.direct.value == pytest.approx(-0.040, abs=0.0005)
    main = effect_of(jobs(), **MEDIATION, adjust_for=names, method="mediation_regression")
    assert main.indirect.value == pytest.approx(-0.016, abs=0.003)
    assert (main.indirect.low, main.indirect.high) == pytest.approx((-0.04, 0.01), abs=0.005)
    assert main.proportion is None  # the total is not clear of zero


def test_agrees_with_statsmodels() -> None:
    """statsmodels.stats.mediation (Imai, Keele & Tingley's algorithm, quasi-Bayesian), logistic outcome and straight mediator.

    Its averages are means of 100 draws, each as uncertain as the estimate: 0.1 of the standard error, times four.
    """
    import statsmodels.api as sm
    from statsmodels.stats.mediation import Mediation

    rng = np.random.default_rng(5)
    n = 800
    t = rng.integers(0, 2, n)
    m = 0.7 * t + rng.standard_normal(n)
    y = (rng.random(n) < expit(-0.3 + 0.6 * m + 0.4 * t)).astype(int)
    frame = pd.DataFrame({"t": t, "m": m, "y": y})
    outcome = sm.GLM.from_formula("y ~ t * m", frame, family=sm.families.Binomial())
    mediator = sm.OLS.from_formula("m ~ t", frame)
    np.random.seed(1)  # noqa: NPY002 (the library draws from numpy's global state)
    theirs = Mediation(outcome, mediator, "t", "m").fit(n_rep=100).summary()
    effect = effect_of(frame, **MEDIATION, adjust_for=[])
    for name, ours in (
        ("ACME (average)", effect.indirect),
        ("ADE (average)", effect.direct),
        ("Total effect", effect.total),
    ):
        assert ours.value == pytest.approx(theirs.loc[name, "Estimate"], abs=0.4 * ours.std_error)
        width = theirs.loc[name, "Upper CI bound"] - theirs.loc[name, "Lower CI bound"]
        assert ours.high - ours.low == pytest.approx(width, rel=0.35)


def test_several_mediators_of_different_kinds() -> None:
    rng = np.random.default_rng(6)
    n = 3000
    t = rng.integers(0, 2, n)
    place = np.where(rng.random(n) < 0.3 + 0.3 * t, "a", np.where(rng.random(n) < 0.5, "b", "c"))
    m = 0.4 * t + 0.5 * (place == "a") + rng.standard_normal(n)
    y = (place == "a") + m + 0.3 * t + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "place": place, "y": y})
    query = {**MEDIATION, "design": {"kind": "mediation", "mediators": ["m", "place"]}}
    effect = effect_of(frame, **query, adjust_for=[])
    near(effect.indirect, 0.3 + 0.4 + 0.15, 0.08)
    near(effect.direct, 0.3, 0.08)


def test_the_treated_and_weights_and_clusters() -> None:
    """Among the treated x is higher, and so is what passes through m: 0.6 + 0.4 E[x | t = 1]."""
    rng = np.random.default_rng(7)
    n = 6000
    x = rng.standard_normal(n)
    t = (rng.random(n) < expit(x)).astype(int)
    m = (0.6 + 0.4 * x) * t + rng.standard_normal(n)
    y = m + x + rng.standard_normal(n)
    frame = pd.DataFrame({"t": t, "m": m, "x": x, "y": y})
    treated = effect_of(frame, **MEDIATION, adjust_for=["x"], target="treated")
    near(treated.indirect, 0.6 + 0.4 * float(x[t == 1].mean()), 0.06)
    near(effect_of(frame, **MEDIATION, adjust_for=["x"]).indirect, 0.6 + 0.4 * float(x.mean()), 0.06)
    double = pd.concat([frame, frame], ignore_index=True).assign(who=[*range(n)] * 2)
    once, twice = (
        effect_of(frame, **MEDIATION, adjust_for=["x"]),
        effect_of(double, **MEDIATION, adjust_for=["x"], cluster="who"),
    )
    assert twice.indirect.std_error == pytest.approx(once.indirect.std_error, rel=0.01)


def test_ratios_multiply() -> None:
    rng = np.random.default_rng(8)
    n = 6000
    t = rng.integers(0, 2, n)
    m = (rng.random(n) < 0.2 + 0.5 * t).astype(int)
    y = (rng.random(n) < 0.1 + 0.3 * m + 0.1 * t).astype(int)
    effect = effect_of(pd.DataFrame({"t": t, "m": m, "y": y}), **MEDIATION, adjust_for=[], scale="ratio")
    mean = {(a, b): 0.1 + 0.3 * (0.2 + 0.5 * b) + 0.1 * a for a in (0, 1) for b in (0, 1)}
    expected = np.sqrt(mean[1, 1] / mean[1, 0] * mean[0, 1] / mean[0, 0])
    assert abs(np.log(effect.indirect.value / expected)) < 4 * effect.indirect.std_error < 0.4
    assert effect.indirect.value * effect.direct.value == pytest.approx(effect.total.value, rel=1e-9)


def test_a_hidden_cause_is_weighed_against_measured_ones() -> None:
    """ρ at which the path vanishes is the correlation of what is left of both (Imai, Keele & Yamamoto 2010): 1/√2 here."""
    answer = found(straight(n=2000), **MEDIATION, adjust_for=["x"])
    check = {r.check: r for r in answer.refutations}["hidden_cause"]
    assert check.figures["rho"] == pytest.approx(1 / np.sqrt(2), abs=0.03)
    assert check.verdict == "passed" and check.figures["strongest"] == "x"
    assert "failed" not in {r.verdict for r in answer.refutations}
    curve = next(d for d in answer.diagnoses if d.name == "sensitivity").figures["curve"]
    at_zero = next(value for rho, value in curve if abs(rho) < 1e-9)
    assert at_zero == pytest.approx(0.6, abs=0.15)
    signs = [value > 0 for _, value in curve]
    assert signs.index(False) == next(i for i, (rho, _) in enumerate(curve) if rho > check.figures["rho"])  # type: ignore[operator]


DRAWN = [("t", "m"), ("m", "y"), ("t", "y")]


def test_graphs_decide_the_covariates() -> None:
    frame = straight(n=400)
    drawn = Graph.of(*DRAWN, ("x", "t"), ("x", "m"), ("x", "y"))
    assert found(frame, **MEDIATION, graph=drawn).estimand.adjust_for == ("x",)
    with pytest.raises(GraphError, match="path open"):
        effect_of(frame, **MEDIATION, graph=drawn, adjust_for=[])
    with pytest.raises(GraphError, match="after t"):
        effect_of(frame.assign(z=frame["y"]), **MEDIATION, graph=Graph.of(*DRAWN, ("t", "z")), adjust_for=["z"])


def test_graphs_that_rule_it_out() -> None:
    frame = straight(n=400).assign(z=lambda f: f["t"] + f["x"])
    late = refused(frame, **MEDIATION, graph=Graph.of(*DRAWN, ("t", "z"), ("z", "m"), ("z", "y")))
    assert late.code == "treatment_induced_confounder" and "z" in late.reason
    assert any("m and z together" in h for h in late.would_help)
    both = {**MEDIATION, "design": {"kind": "mediation", "mediators": ["m", "z"]}}
    assert effect_of(frame, **both, graph=Graph.of(*DRAWN, ("t", "z"), ("z", "m"), ("z", "y")))
    behind = refused(frame, **MEDIATION, graph=Graph.of(*DRAWN, unmeasured={"mood": ["m", "y"]}))
    assert behind.code == "mediator_confounded" and "mood" in behind.reason
    before = refused(frame, **MEDIATION, graph=Graph.of(*DRAWN, unmeasured={"mood": ["t", "y"]}))
    assert before.code == "hidden_cause" and "mood" in before.reason
    assert refused(frame, **MEDIATION, graph=Graph.of(("y", "m"), ("t", "m"), ("t", "y"))).reason.startswith(
        "In your graph y"
    )


def test_bad_requests_say_what_to_do() -> None:
    frame = straight(n=300)
    plain = {"kind": "mediation", "treatment": "t", "outcome": "y"}
    with pytest.raises(QueryError, match="no mediator is named") as caught:
        effect_of(frame, **plain, graph=Graph.of(*DRAWN))
    assert "mediators" in caught.value.hint and "puts m between" in caught.value.hint
    with pytest.raises(QueryError, match="does not fit"):
        effect_of(frame, **MEDIATION, adjust_for=["x"], method="weighting")
    assert refused(frame.assign(m=frame["t"]), **MEDIATION, adjust_for=["x"]).code == "no_overlap"
    assert refused(frame, **MEDIATION, adjust_for=["x"], where="m > 0").code == "selected_on_collider"


def test_nothing_said_about_shared_causes_is_a_doubt() -> None:
    answer = found(straight(n=300), **MEDIATION)
    assert len(answer.doubts) == 1 and "nothing was held fixed" in answer.doubts[0]


def test_no_share_where_it_would_mean_nothing() -> None:
    from pyllm_causal.causal.designs.mediation import _size

    def part(value: float, error: float = 0.1) -> Effect:
        return Effect(value=value, low=value - 2 * error, high=value + 2 * error, std_error=error)

    def said(indirect: float, direct: float, low: float, high: float) -> str:
        total = part(indirect + direct)
        share = Effect(value=indirect / total.value, low=low, high=high)
        whole = MediationEffect(
            **total.model_dump(), direct=part(direct), indirect=part(indirect), total=total, proportion=share
        )
        return " ".join(_size("m", "y", whole, ""))

    assert "about 50% of the whole effect passes through m" in said(1.0, 1.0, 0.4, 0.6)
    assert "The two pull in opposite directions, so no share" in said(2.0, -1.0, 1.5, 3.0)
    assert "The two seem to pull in opposite directions" in said(2.0, -0.1, 0.9, 1.3)
    wide = said(1.0, 0.3, 0.01, 1.2)
    assert "cannot be told" in wide and "%" not in wide


def test_from_query_to_text() -> None:
    answer = causal.analyse({**MEDIATION, "adjust_for": ["x"]}, straight(n=800))
    assert answer.headline.startswith("Through m, having t = 1 rather than 0 may lead to higher y")
    assert "% of the whole effect passes through m" in " ".join(answer.text.split())
    assert isinstance(answer.effect, MediationEffect)
    assert answer.model_dump(mode="json")["effect"]["indirect"]["std_error"] > 0
    same = causal.analyse({**MEDIATION, "adjust_for": ["x"]}, straight(n=800))
    assert same.effect == answer.effect and same.refutations == answer.refutations
