"""The truth table: known effects through the public `analyse`, for every way of saying the same thing.

Cells run without the refutation checks (they change no number; test_refuters.py is about them) to keep the file quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyllm_causal as pc
from pyllm_causal import lines
from tests.unit.causal.worlds import World, line, world

GRAPH = {"edges": [["x", "t"], ["x", "y"], ["g", "t"], ["g", "y"], ["t", "y"]]}
IDENTIFIED: dict[str, dict[str, Any]] = {
    "graph": {"graph": GRAPH},
    "adjust_for": {"adjust_for": ["x", "g"]},
    "randomised": {"design": {"kind": "randomised"}},
    "randomised, adjusted": {"design": {"kind": "randomised"}, "adjust_for": ["x", "g"]},
}
SCALES = {
    "number": ("difference", "ratio", "percent"),
    "yes_no": ("difference", "ratio", "percent", "odds_ratio"),
    "count": ("difference", "ratio", "percent", "rate_ratio"),
}
TARGETS = ("everyone", "treated", "untreated")
USUAL = (0.6, 1.35)  # estimated over known standard error; a right model may know more than the bound for arms assumes


@pytest.fixture(autouse=True)
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "refute", lambda trial: ())


def coded(arm: Any, kind: str, levels: tuple[Any, ...]) -> Any:
    """The treatment column: levels as bool, int, float, str or pandas category."""
    values = np.array(levels, dtype=object)[arm]
    if kind == "category":
        return pd.Categorical([str(v) for v in values], categories=[str(v) for v in levels][::-1])
    if kind == "str":
        return [str(v) for v in values]
    return pd.Series(list(values)).astype({"bool": bool, "int": "int64", "float": "float64"}[kind])


def check(
    answer: pc.Answer, w: World, one: int, zero: int, target: str, scale: str, bound: tuple[float, float] = USUAL
) -> None:
    assert answer.status == "answered", answer.why_not
    effect = answer.effect
    assert effect is not None and effect.std_error is not None and effect.low is not None and effect.high is not None
    plain = answer.method == "difference_in_means"
    check_effect(effect.value, effect.std_error, w, one, zero, target, scale, bound, plain)
    assert effect.low < effect.value < effect.high
    assert effect.scale == scale


def check_effect(
    value: float,
    error: float,
    w: World,
    one: int,
    zero: int,
    target: str,
    scale: str,
    bound: tuple[float, float] = USUAL,
    plain: bool = False,
) -> None:
    truth = w.truth(one, zero, target, scale)
    assert abs(line(value, scale) - line(truth, scale)) < 4 * error, (value, truth, error)
    assert np.sign(line(value, scale)) == np.sign(line(truth, scale))
    known = w.plain_error(one, zero, scale) if plain else w.error(one, zero, target, scale)
    assert bound[0] < error / known < bound[1], (error, known)


# Contrast × treatment type: levels as they stand in the column, and the query's words for the two (by index).
KINDS = ("bool", "int", "float", "str", "category")
CONTRASTS: list[tuple[str, str, tuple[Any, ...], int, int]] = [
    *[("0 to 1", k, (False, True) if k == "bool" else (0, 1), 1, 0) for k in KINDS],
    *[("1 to 0", k, (False, True) if k == "bool" else (0, 1), 0, 1) for k in KINDS],
    *[("0 to 10", k, (0, 5, 10), 2, 0) for k in ("int", "float", "str", "category")],
    *[("10 to 0", k, (0, 5, 10), 0, 2) for k in ("int", "float", "str", "category")],
    *[("named", k, ("no dose", "half dose", "full dose"), 2, 1) for k in ("str", "category")],
    *[("named, categorical", k, (1, 2, 3), 2, 0) for k in ("int", "float")],
]  # fmt: skip


def cells() -> Iterator[Any]:
    """Every contrast × type × outcome × identification; targets and scales take turns."""
    turn = {o: cycle([(t, s) for t in TARGETS for s in SCALES[o]]) for o in SCALES}
    for name, kind, levels, one, zero in CONTRASTS:
        for outcome in SCALES:
            for how in IDENTIFIED:
                target, scale = next(turn[outcome])
                yield pytest.param(
                    kind, levels, one, zero, "categorical" in name, outcome, how, target, scale,
                    id=f"{name}-{kind}-{outcome}-{how}-{target}-{scale}",
                )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "levels", "one", "zero", "categorical", "outcome", "how", "target", "scale"), list(cells())
)
def test_contrasts(
    kind: str,
    levels: tuple[Any, ...],
    one: int,
    zero: int,
    categorical: bool,
    outcome: str,
    how: str,
    target: str,
    scale: str,
) -> None:
    w = world(outcome, tuple(np.linspace(0, 1, len(levels))), how.startswith("randomised"))
    data = w.frame().assign(t=coded(w.arm, kind, levels))
    words = [str(v) if kind in ("str", "category") else v for v in levels]
    query = {
        "treatment": "t", "outcome": "y", "treated": words[one], "control": words[zero], "target": target,
        "scale": scale, "categorical": ["t"] if categorical else [], **IDENTIFIED[how],
    }  # fmt: skip
    answer = pc.analyse(query, data)
    dose = len(levels) > 2 and kind in ("int", "float") and not categorical
    # a dose has no treated group, and its model shares strength between arms
    check(answer, w, one, zero, "everyone" if dose else target, scale, (0.35, 1.5) if dose else USUAL)
    swapped = {"treated": "untreated", "untreated": "treated", "everyone": "everyone"}[target]
    back = pc.analyse({**query, "treated": words[zero], "control": words[one], "target": swapped}, data)
    assert back.effect is not None and answer.effect is not None
    assert line(back.effect.value, scale) == pytest.approx(-line(answer.effect.value, scale), rel=1e-6, abs=1e-9)
    assert back.effect.std_error == pytest.approx(answer.effect.std_error, rel=1e-5)
    for there, again in zip(answer.estimates, back.estimates, strict=True):
        assert line(again.effect.value, scale) == pytest.approx(-line(there.effect.value, scale), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("how", IDENTIFIED)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("outcome", "scale"), [(o, s) for o in SCALES for s in SCALES[o]])
def test_targets_and_scales(outcome: str, scale: str, target: str, how: str) -> None:
    w = world(outcome, randomised=how.startswith("randomised"), seed=1)
    query = {"treatment": "t", "outcome": "y", "target": target, "scale": scale, **IDENTIFIED[how]}
    answer = pc.analyse(query, w.frame().assign(t=w.arm))
    check(answer, w, 1, 0, target, scale)
    limits = {"regression": (0.6, 1.35), "weighting": (0.6, 1.6), "doubly_robust": (0.6, 1.5), "matching": (0.6, 1.6)}
    for estimate in answer.estimates[1:]:  # every second opinion, too
        assert estimate.effect.std_error is not None
        limit = limits[estimate.method]
        check_effect(estimate.effect.value, estimate.effect.std_error, w, 1, 0, target, scale, limit)


@pytest.mark.parametrize("how", IDENTIFIED)
@pytest.mark.parametrize("outcome", SCALES)
@pytest.mark.parametrize("kind", ["str", "category", "int"])
def test_control_alone_compares_all_arms(kind: str, outcome: str, how: str) -> None:
    levels = (0, 1, 2) if kind == "int" else ("zero", "half", "full")
    w = world(outcome, (0.0, 0.5, 1.0), how.startswith("randomised"), seed=2)
    query = {"treatment": "t", "outcome": "y", "control": levels[0], "categorical": ["t"], **IDENTIFIED[how]}
    answer = pc.analyse(query, w.frame().assign(t=coded(w.arm, kind, levels)))
    assert answer.arms is not None and [a["control"] for a in answer.arms] == [levels[0]] * 2
    assert {a["treated"] for a in answer.arms} == set(levels[1:])
    for arm in answer.arms:
        effect = arm["effect"]
        check_effect(
            effect["value"], effect["std_error"], w, levels.index(arm["treated"]), 0, "everyone", "difference",
            plain=answer.method == "difference_in_means",
        )  # fmt: skip


def yes_no_column(y: Any, form: str) -> Any:
    yes = y == 1
    return {
        "0/1": yes.astype("int64"),
        "float": yes.astype("float64"),
        "bool": yes,
        "yes/no": np.where(yes, "yes", "no"),
        "Y/N": np.where(yes, "Y", "N"),
        "text": np.where(yes, "cured", "still ill"),
        "category": pd.Categorical(np.where(yes, "b", "a")),
        "three levels": np.where(yes, "cured", np.where(np.arange(len(yes)) % 2 == 0, "ill", "worse")),
    }[form]


EVENTS = {"text": "cured", "category": "b", "three levels": "cured"}


@pytest.mark.parametrize("scale", SCALES["yes_no"])
@pytest.mark.parametrize("form", ["float", "bool", "yes/no", "Y/N", "text", "category", "three levels"])
def test_yes_no_outcomes_in_every_spelling(form: str, scale: str) -> None:
    w = world("yes_no", seed=3)
    query = {"treatment": "t", "outcome": "y", "adjust_for": ["x", "g"], "scale": scale}
    base = pc.analyse(query, w.frame().assign(t=w.arm, y=yes_no_column(w.y, "0/1")))
    check(base, w, 1, 0, "everyone", scale)
    other = pc.analyse(
        {**query, "outcome_event": EVENTS.get(form)}, w.frame().assign(t=w.arm, y=yes_no_column(w.y, form))
    )
    assert other.effect == base.effect


def test_the_other_event_turns_the_sign() -> None:
    w = world("yes_no", seed=3)
    data = w.frame().assign(t=w.arm, y=yes_no_column(w.y, "text"))
    query = {"treatment": "t", "outcome": "y", "adjust_for": ["x", "g"]}
    one, other = (pc.analyse({**query, "outcome_event": e}, data).effect for e in ("cured", "still ill"))
    assert one is not None and other is not None
    assert one.value == pytest.approx(-other.value, rel=1e-6) and one.std_error == pytest.approx(
        other.std_error, rel=1e-6
    )


# ---- nothing that means nothing may change a number ------------------------------------------------------------------

ODD_NAMES = {
    "spaces": {"x": "age in years", "g": "home region", "t": "took part?", "y": "weight (kg)"},
    "unicode": {"x": "âge", "g": "地域", "t": "лечение", "y": "Größe µ"},
    "quotes": {"x": 'it\'s "x"', "g": "g`h`", "t": "a'b", "y": 'y"; DROP'},
    "code": {"x": "__import__('os').system('touch hacked')", "g": "C(g)", "t": "t*x", "y": "np.log(y)"},
    "formula": {"x": "1", "g": "0", "t": "Intercept", "y": "~"},
    "percent": {"x": "%s", "g": "{0}", "t": "$t$", "y": "%(y)d"},
}


@pytest.mark.parametrize("how", ["graph", "adjust_for", "randomised, adjusted"])
@pytest.mark.parametrize("names", ODD_NAMES)
def test_names_do_not_matter(names: str, how: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new = ODD_NAMES[names]
    w = world("number", randomised=how.startswith("randomised"), n=400)
    data = w.frame().assign(t=w.arm)
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    renamed: dict[str, Any] = {**query, "treatment": new["t"], "outcome": new["y"]}
    if "graph" in query:
        renamed["graph"] = {"edges": [[new[a], new[b]] for a, b in GRAPH["edges"]]}
    if "adjust_for" in query:
        renamed["adjust_for"] = [new[c] for c in query["adjust_for"]]
    before, after = pc.analyse(query, data), pc.analyse(renamed, data.rename(columns=new))
    assert [e.method for e in after.estimates] == [e.method for e in before.estimates]
    for one, two in zip(before.estimates, after.estimates, strict=True):
        # a graph's set is sorted by name, so sums may run in another order; without a graph every digit stays
        close = {"rel": 1e-9} if how == "graph" else {"rel": 0, "abs": 0}
        assert two.effect.value == pytest.approx(one.effect.value, **close)
        assert two.effect.std_error == pytest.approx(one.effect.std_error, **close)
    assert not (tmp_path / "hacked").exists()


def test_duplicate_names_are_rejected() -> None:
    data = pd.DataFrame(np.zeros((10, 3)), columns=["t", "x", "x"])
    with pytest.raises(pc.CausalError, match="x"):
        pc.analyse({"treatment": "t", "outcome": "x", "adjust_for": []}, data)


@pytest.mark.parametrize("how", ["graph", "adjust_for", "randomised"])
def test_column_order_does_not_matter(how: str) -> None:
    w = world("number", randomised=how == "randomised", n=400)
    data = w.frame().assign(t=w.arm)
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    before = pc.analyse(query, data)
    for order in (["t", "y", "g", "x"], ["g", "y", "x", "t"]):
        assert pc.analyse(query, data[order]).effect == before.effect


@pytest.mark.parametrize("outcome", SCALES)
@pytest.mark.parametrize("how", ["graph", "adjust_for", "randomised"])
def test_row_order_does_not_matter(how: str, outcome: str) -> None:
    w = world(outcome, randomised=how == "randomised", n=600)
    data = w.frame().assign(t=w.arm)
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    orders = [data.sort_values("y"), data.sort_values(["t", "x"], ascending=False)]
    before = pc.analyse(query, data)
    for other in orders:
        after = pc.analyse(query, other)
        for method in ("difference_in_means", "regression", "weighting", "matching"):
            a, b = ([e.effect for e in x.estimates if e.method == method] for x in (before, after))
            assert len(a) == len(b)
            for one, two in zip(a, b, strict=True):
                assert one.value == pytest.approx(two.value, rel=1e-9, abs=1e-9)
                assert one.std_error == pytest.approx(two.std_error, rel=1e-6)


@pytest.mark.parametrize("how", ["graph", "adjust_for", "randomised", "randomised, adjusted"])
@pytest.mark.parametrize("kind", ["bool", "float", "yes/no", "str", "category"])
def test_labels_do_not_matter(kind: str, how: str) -> None:
    w = world("number", randomised=how.startswith("randomised"), n=400)
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    before = pc.analyse(query, w.frame().assign(t=w.arm))
    levels = (False, True) if kind == "bool" else (0, 1)
    treat = np.where(w.arm == 1, "yes", "no") if kind == "yes/no" else coded(w.arm, kind, levels)
    assert pc.analyse(query, w.frame().assign(t=treat)).effect == before.effect
    named = np.where(w.arm == 1, "new drug", "old drug")
    words = {"treated": "new drug", "control": "old drug"}
    assert pc.analyse({**query, **words}, w.frame().assign(t=named)).effect == before.effect
    relabelled = w.frame().assign(t=w.arm, g=pd.Series(w.g).map({"a": "red", "b": "green", "c": "blue"}))
    after = pc.analyse(query, relabelled).effect  # another reference level, the same model
    assert after is not None and before.effect is not None
    assert after.value == pytest.approx(before.effect.value, rel=1e-9)
    assert after.std_error == pytest.approx(before.effect.std_error, rel=1e-7)


@pytest.mark.parametrize("factor", [1e-6, 1e3, 1e9])
@pytest.mark.parametrize("how", ["graph", "adjust_for", "randomised"])
def test_units_do_not_matter(how: str, factor: float) -> None:
    w = world("number", randomised=how == "randomised", n=400)
    data = w.frame().assign(t=w.arm)
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    before = pc.analyse(query, data)
    scaled_x = pc.analyse(query, data.assign(x=data.x * factor + 5 * factor))
    scaled_y = pc.analyse(query, data.assign(y=data.y * factor))
    for a, b, c in zip(before.estimates, scaled_x.estimates, scaled_y.estimates, strict=True):
        assert b.effect.value == pytest.approx(a.effect.value, rel=1e-7), a.method
        assert c.effect.value == pytest.approx(a.effect.value * factor, rel=1e-7), a.method
        assert c.effect.std_error == pytest.approx((a.effect.std_error or 0) * factor, rel=1e-6), a.method


@pytest.mark.parametrize("outcome", SCALES)
def test_units_of_a_dose(outcome: str) -> None:
    w = world(outcome, (0.0, 0.25, 0.5, 1.0), n=600)
    query = {"treatment": "t", "outcome": "y", "adjust_for": ["x", "g"]}
    grams = w.frame().assign(t=np.array([0, 1, 2, 4])[w.arm])
    milligrams = grams.assign(t=grams.t * 1000)
    per_gram, per_milligram = pc.analyse(query, grams).effect, pc.analyse(query, milligrams).effect
    assert per_gram is not None and per_milligram is not None
    assert per_gram.value == pytest.approx(per_milligram.value * 1000, rel=1e-7)
    two = pc.analyse({**query, "treated": 4, "control": 1}, grams).effect
    same = pc.analyse({**query, "treated": 4000, "control": 1000}, milligrams).effect
    assert two is not None and same is not None
    assert two.value == pytest.approx(same.value, rel=1e-7) and two.std_error == pytest.approx(same.std_error, rel=1e-6)


@pytest.mark.parametrize("outcome", SCALES)
@pytest.mark.parametrize("how", IDENTIFIED)
def test_missing_values_are_counted_and_harmless(how: str, outcome: str) -> None:
    w = world(outcome, randomised=how.startswith("randomised"), seed=5)
    data = w.frame().assign(t=w.arm.astype("float64"))
    rng = np.random.default_rng(6)
    gone = {c: rng.random(len(data)) < 0.05 for c in ("x", "g", "t", "y")}
    for column, rows in gone.items():
        data.loc[rows, column] = np.nan
    query = {"treatment": "t", "outcome": "y", **IDENTIFIED[how]}
    answer = pc.analyse(query, data)
    check(answer, w, 1, 0, "everyone", "difference", (0.6, 1.5))
    used = ("t", "y") if how == "randomised" else ("x", "g", "t", "y")
    complete = ~np.any([gone[c] for c in used], axis=0)
    assert answer.sample is not None and answer.sample.used == complete.sum()
    assert answer.sample.used + sum(d.rows for d in answer.sample.dropped) == answer.sample.rows == len(data)
    assert pc.analyse(query, data[complete]).effect == answer.effect


def test_missing_codes_in_an_unused_column_change_nothing() -> None:
    w = world("number", n=300)
    data = w.frame().assign(t=w.arm)
    query = {"treatment": "t", "outcome": "y", "adjust_for": ["x"]}
    assert pc.analyse(query, data.assign(g=np.nan)).effect == pc.analyse(query, data).effect


@pytest.mark.parametrize("how", IDENTIFIED)
def test_no_effect_is_found_where_there_is_none(how: str) -> None:
    w = world("number", (0.0, 0.0), how.startswith("randomised"), seed=8)
    answer = pc.analyse({"treatment": "t", "outcome": "y", **IDENTIFIED[how]}, w.frame().assign(t=w.arm))
    assert answer.effect is not None and answer.effect.std_error is not None
    assert abs(answer.effect.value) < 4 * answer.effect.std_error
    assert answer.effect.p_value is not None and answer.effect.p_value > 1e-4


def test_confounding_is_what_the_adjustment_removes() -> None:
    """Without it the plain difference is off by many standard errors: the table above can fail."""
    w = world("number", seed=9)
    data = w.frame().assign(t=w.arm)
    answer = pc.analyse({"treatment": "t", "outcome": "y", "adjust_for": ["x", "g"]}, data)
    assert answer.unadjusted is not None and answer.unadjusted.std_error is not None
    assert answer.unadjusted.value - w.truth(1, 0, "everyone", "difference") > 5 * answer.unadjusted.std_error
