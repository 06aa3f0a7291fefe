"""The worlds that the checks and the grade are calibrated on. A frozen list: a world is added, never tuned to a check.

A world draws a table and a query of which the true effect is known. *Detectable* worlds are broken in a way that the table, the
descriptions or the supplied graph show; each has a sound twin: the same function with nothing broken. *Undetectable* worlds
are broken in a way that no test of the table can show. *Sound* worlds have nothing wrong with them; in half of their tables the
treatment does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Rng = np.random.Generator
Kind = Literal["detectable", "undetectable", "sound"]

CLASSES = {
    "implication": "a testable implication of the supplied graph is violated",
    "leakage": "a column gives the outcome away",
    "overlap": "nobody comparable",
    "form": "the wrong functional form",
    "control": "a supplied negative control reveals confounding",
    "design": "a design that does not hold",
    "hidden cause": "a shared cause that is not in the table",
    "reversal": "the outcome causes the treatment",
    "selection": "the rows were chosen by a consequence of both",
}


@dataclass(frozen=True)
class Case:
    """One table with its question. truth: the effect asked for, on the scale of the answer.

    strength: how many times as strong as the column named `like` the hidden cause is.
    """

    frame: pd.DataFrame
    query: dict[str, Any]
    truth: float
    describe: str | None = None
    strength: float | None = None
    like: str | None = None


@dataclass(frozen=True)
class World:
    """draw(rng, broken) → Case; sound worlds are drawn with `broken` False only."""

    name: str
    kind: Kind
    group: str
    draw: Callable[[Rng, bool], Case]


WORLDS: list[World] = []


def detectable(group: str, name: str) -> Any:
    """Register `(rng, broken) -> Case`: broken, and its sound twin."""
    return _register("detectable", group, name)


def undetectable(group: str, name: str) -> Any:
    """Register `rng -> Case`."""
    return _register("undetectable", group, name)


def sound(design: str, name: str) -> Any:
    """Register `(rng, effect) -> Case`, where `effect` is 1 or 0 by the toss of a coin."""

    def register(draw: Callable[[Rng, float], Case]) -> Callable[[Rng, float], Case]:
        WORLDS.append(World(name, "sound", design, lambda rng, _: draw(rng, float(rng.integers(0, 2)))))
        return draw

    return register


def _register(kind: Kind, group: str, name: str) -> Any:
    assert group in CLASSES

    def register(draw: Callable[..., Case]) -> Callable[..., Case]:
        alone = kind == "undetectable"
        WORLDS.append(World(name, kind, group, (lambda rng, _: draw(rng)) if alone else draw))
        return draw

    return register


def expit(v: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-v))


def coin(rng: Rng, p: Any) -> Any:
    return (rng.random(len(p)) < p).astype("int64")


def asked(adjust: list[str] | None = None, **more: Any) -> dict[str, Any]:
    given = {} if adjust is None else {"adjust_for": adjust}
    return {"treatment": "t", "outcome": "y", **given, **more}


def drawn(*arrows: str, hidden: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """A graph from arrows such as "a b > t": every name before the sign points at every name after it."""
    pairs = [
        [cause, effect]
        for arrow in arrows
        for cause in arrow.split(">")[0].split()
        for effect in arrow.split(">")[1].split()
    ]
    return {
        "edges": pairs,
        "unmeasured": [{"name": name, "affects": nodes} for name, nodes in (hidden or {}).items()],
    }


# ---- a testable implication of the supplied graph ---------------------------------------------------------------------


@detectable("implication", "a cause of the treatment drawn without its arrow to the outcome")
def _(rng: Rng, broken: bool) -> Case:
    n = 700
    z, x = rng.standard_normal((2, n))
    t = coin(rng, expit(0.9 * z + 0.6 * x))
    y = t + 0.7 * x + (0.6 * z if broken else 0.0) + rng.standard_normal(n)
    return Case(pd.DataFrame({"z": z, "x": x, "t": t, "y": y}), asked(graph=drawn("z x > t", "x t > y")), 1.0)


@detectable("implication", "the same with yes/no columns and a category")
def _(rng: Rng, broken: bool) -> Case:
    n = 1200
    z, x = rng.integers(0, 2, n), rng.integers(0, 3, n)
    t = coin(rng, expit(1.4 * z - 0.7 + 0.6 * (x == 1) - 0.4 * (x == 2)))
    line = -0.8 + 0.9 * t + 0.7 * (x == 1) - 0.5 * (x == 2) + (1.2 * z if broken else 0.0)
    p = [expit(line + 0.9 * (a - t)).mean() for a in (1, 0)]
    region = np.array(["north", "south", "east"])[x]
    frame = pd.DataFrame({"z": z, "region": region, "t": t, "y": coin(rng, expit(line))})
    return Case(frame, asked(graph=drawn("z region > t", "region t > y")), float(p[0] - p[1]))


@detectable("implication", "two causes drawn as unrelated are not")
def _(rng: Rng, broken: bool) -> Case:
    n = 700
    u, a, b = rng.standard_normal((3, n))
    if broken:
        a, b = (a + 1.2 * u) / 1.56, (b + 1.2 * u) / 1.56
    t = coin(rng, expit(a))
    y = t + b + rng.standard_normal(n)
    return Case(pd.DataFrame({"a": a, "b": b, "t": t, "y": y}), asked(graph=drawn("a > t", "b t > y")), 1.0)


@detectable("implication", "a consequence of both drawn as a shared cause")
def _(rng: Rng, broken: bool) -> Case:
    n = 700
    a, c, e = rng.standard_normal((3, n))
    t = 0.8 * a + (0.0 if broken else 0.6) * c + rng.standard_normal(n)
    y = 0.5 * t + (0.0 if broken else 0.6) * c + e
    if broken:
        c = 0.7 * t + 0.7 * y + rng.standard_normal(n)
    return Case(pd.DataFrame({"a": a, "c": c, "t": t, "y": y}), asked(graph=drawn("a c > t", "c t > y")), 0.5)


@detectable("implication", "a step on the way drawn as a shared cause")
def _(rng: Rng, broken: bool) -> Case:
    n = 900
    a, m = rng.standard_normal((2, n))
    t = coin(rng, expit(1.3 * a + (0.0 if broken else 0.8) * m))
    if broken:
        m = 1.0 * t + m
    y = 0.5 * t + 0.8 * m + rng.standard_normal(n)
    truth = 0.5 + 0.8 if broken else 0.5
    return Case(pd.DataFrame({"a": a, "m": m, "t": t, "y": y}), asked(graph=drawn("a m > t", "m t > y")), truth)


@detectable("implication", "front door: a cause of the treatment reaches the mediator past it")
def _(rng: Rng, broken: bool) -> Case:
    n = 900
    u, z = rng.standard_normal((2, n))
    t = coin(rng, expit(1.0 * z + 0.8 * u))
    m = 0.9 * t + (0.7 * z if broken else 0.0) + rng.standard_normal(n)
    y = 0.8 * m + u + rng.standard_normal(n)
    graph = drawn("z > t", "t > m", "m > y", hidden={"u": ["t", "y"]})
    return Case(pd.DataFrame({"z": z, "m": m, "t": t, "y": y}), asked(graph=graph), 0.72)


@detectable("implication", "instrument: drawn as unrelated to a cause of the outcome, nothing held fixed")
def _(rng: Rng, broken: bool) -> Case:
    n = 900
    u, w, z = rng.standard_normal((3, n))
    if broken:
        z = (z + 0.6 * w) / 1.17
    t = z + u + rng.standard_normal(n)
    y = t + u + w + rng.standard_normal(n)
    graph = drawn("z > t", "w t > y", hidden={"u": ["t", "y"]})
    design = {"kind": "instrument", "instruments": ["z"]}
    query = asked([], graph=graph, design=design, target="compliers")
    return Case(pd.DataFrame({"z": z, "w": w, "t": t, "y": y}), query, 1.0)


# ---- a column that gives the outcome away ----------------------------------------------------------------------------


def _confounded(rng: Rng, n: int, k: int = 2) -> tuple[Any, Any]:
    x = rng.standard_normal((n, k))
    return x, coin(rng, expit(0.6 * x[:, 0] - 0.4 * x[:, 1]))


@detectable("leakage", "a covariate is the outcome in other units")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x, t = _confounded(rng, n)
    before = x @ [1.0, 0.5] + rng.standard_normal(n)
    y = 70 + 3 * t + 10 * before + 5 * rng.standard_normal(n)
    other = 2.2 * y + rng.standard_normal(n) if broken else 2.2 * (70 + 10 * before) + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "pounds": other, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1", "pounds"]), 3.0)


@detectable("leakage", "a yes/no outcome beside the score that it was cut from")
def _(rng: Rng, broken: bool) -> Case:
    n = 600
    x, t = _confounded(rng, n)
    score = 0.8 * t + x.sum(axis=1) + rng.standard_normal(n)
    earlier = x.sum(axis=1) + rng.standard_normal(n)
    y = (score > 0.5).astype(int)
    line = x.sum(axis=1)
    z = rng.standard_normal((2000, 1))
    truth = float(np.mean((0.8 + line + z > 0.5).astype(float) - (line + z > 0.5)))
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "score": score if broken else earlier, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1", "score"]), truth)


@detectable("leakage", "the outcome was computed from the treatment")
def _(rng: Rng, broken: bool) -> Case:
    n = 400
    x = rng.standard_normal((n, 2))
    t = 5 + 0.5 * x[:, 0] + rng.standard_normal(n)
    y = 3 * t + (0.0 if broken else 1.0) * (x.sum(axis=1) + 2 * rng.standard_normal(n))
    return Case(pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y}), asked(["x0", "x1"]), 3.0)


@detectable("leakage", "a covariate recorded after the treatment, by its description")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x, t = _confounded(rng, n)
    health = x.sum(axis=1) + rng.standard_normal(n)
    y = 2 * t + health + rng.standard_normal(n)
    other = 0.6 * y + rng.standard_normal(n) if broken else health + rng.standard_normal(n)
    told = "at the follow-up visit in 1990" if broken else "at the first visit in 1980"
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "pressure": other, "t": t, "y": y})
    describe = (
        f"t: joined the programme in 1981\ny: weight in 1990, kg\nx0: income in 1980\nx1: height in 1980\n"
        f"pressure: blood pressure {told}\n"
    )
    return Case(frame, asked(["x0", "x1", "pressure"]), 2.0, describe)


@detectable("leakage", "a covariate with a later wave in its name")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x, t = _confounded(rng, n)
    first = x.sum(axis=1) + rng.standard_normal(n)
    y = 1.0 * t + 0.7 * first + rng.standard_normal(n)
    second = 0.7 * first + 0.8 * t + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "mood_pre": first, "mood_post": second, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1", "mood_post" if broken else "mood_pre"]), 1.0)


# ---- nobody comparable -----------------------------------------------------------------------------------------------


@detectable("overlap", "one column decides the treatment")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x = rng.standard_normal((n, 2))
    t = (x[:, 0] > 0.2).astype(int) if broken else coin(rng, expit(0.8 * x[:, 0]))
    y = t + x.sum(axis=1) + rng.standard_normal(n)
    return Case(pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y}), asked(["x0", "x1"]), 1.0)


@detectable("overlap", "two columns all but decide it")
def _(rng: Rng, broken: bool) -> Case:
    n = 600
    x = rng.standard_normal((n, 3))
    t = coin(rng, expit((6.0 if broken else 0.6) * (x[:, 0] + x[:, 1])))
    y = t + x.sum(axis=1) + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "x2": x[:, 2], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1", "x2"]), 1.0)


@detectable("overlap", "some kinds of rows are always treated, others never")
def _(rng: Rng, broken: bool) -> Case:
    n = 600
    g, x = rng.integers(0, 5, n), rng.standard_normal(n)
    p = np.array([0.0, 0.3, 0.5, 0.7, 1.0] if broken else [0.3, 0.4, 0.5, 0.6, 0.7])[g]
    t = coin(rng, p)
    y = t + 0.5 * g + x + rng.standard_normal(n)
    frame = pd.DataFrame({"g": np.array(list("ABCDE"))[g], "x": x, "t": t, "y": y})
    return Case(frame, asked(["g", "x"]), 1.0)


@detectable("overlap", "the covariates fix the dose")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x = rng.standard_normal((n, 2))
    t = 10 + x @ [1.5, -1.0] + (0.0 if broken else 1.0) * rng.standard_normal(n)
    y = 0.5 * t + x.sum(axis=1) + rng.standard_normal(n)
    return Case(pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y}), asked(["x0", "x1"]), 0.5)


# ---- the wrong functional form ---------------------------------------------------------------------------------------


@detectable("form", "a straight line through strong bent confounding")
def _(rng: Rng, broken: bool) -> Case:
    n = 800
    x = rng.standard_normal((n, 2))
    bend = (x[:, 0] ** 2 - 1) if broken else x[:, 0]
    t = coin(rng, expit(1.0 * bend))
    y = t + 1.5 * bend + x[:, 1] + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], method="regression"), 1.0)


@detectable("form", "a sum where a product drives both")
def _(rng: Rng, broken: bool) -> Case:
    n = 800
    x = rng.standard_normal((n, 2))
    push = x[:, 0] * x[:, 1] if broken else 0.7 * (x[:, 0] + x[:, 1])
    t = coin(rng, expit(1.2 * push))
    y = t + 1.5 * push + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], method="regression"), 1.0)


@detectable("form", "weights from a straight model of a bent choice")
def _(rng: Rng, broken: bool) -> Case:
    n = 800
    x = rng.standard_normal((n, 2))
    bend = (x[:, 0] ** 2 - 1) if broken else x[:, 0]
    t = coin(rng, expit(0.8 * bend))
    y = t + 1.5 * bend + x[:, 1] + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], method="weighting"), 1.0)


@detectable("form", "a straight line through a threshold of the dose")
def _(rng: Rng, broken: bool) -> Case:
    n = 800
    x = rng.standard_normal(n)
    t = 3 + 0.5 * x + 1.2 * rng.standard_normal(n)
    y = (3.0 * (t > 4) if broken else 0.7 * t) + x + rng.standard_normal(n)
    query = asked(["x"], treated=3, control=1, method="regression")
    return Case(pd.DataFrame({"x": x, "t": t, "y": y}), query, 0.0 if broken else 1.4)


# ---- a supplied negative control -------------------------------------------------------------------------------------


def _controlled(rng: Rng, broken: bool, n: int = 700) -> tuple[Any, Any, Any, Any]:
    x, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    pull = 0.9 if broken else 0.0
    t = coin(rng, expit(0.5 * x[:, 0] - 0.3 * x[:, 1] + pull * u))
    y = t + x.sum(axis=1) + pull * u + rng.standard_normal(n)
    return x, u, t, y


@detectable("control", "an outcome that the treatment cannot affect moves with it")
def _(rng: Rng, broken: bool) -> Case:
    x, u, t, y = _controlled(rng, broken)
    other = 0.5 * x[:, 0] + u + 0.7 * rng.standard_normal(len(t))
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "other": other, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], negative_outcomes=["other"]), 1.0)


@detectable("control", "a yes/no outcome that the treatment cannot affect moves with it")
def _(rng: Rng, broken: bool) -> Case:
    x, u, t, y = _controlled(rng, broken, 900)
    other = coin(rng, expit(0.4 * x[:, 0] + 1.8 * u))
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "other": other, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], negative_outcomes=["other"]), 1.0)


@detectable("control", "a column that cannot affect the outcome moves with it")
def _(rng: Rng, broken: bool) -> Case:
    x, u, t, y = _controlled(rng, broken)
    other = u + 0.5 * rng.standard_normal(len(t))
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "other": other, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], negative_exposures=["other"]), 1.0)


@detectable("control", "a dose: an outcome that it cannot affect moves with it")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    x, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    pull = 0.6 if broken else 0.0
    t = 5 + 0.5 * x[:, 0] + pull * u + rng.standard_normal(n)
    y = 0.6 * t + x.sum(axis=1) + pull * u + rng.standard_normal(n)
    other = 0.4 * x[:, 1] + u + 0.7 * rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "other": other, "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], negative_outcomes=["other"]), 0.6)


# ---- designs that do not hold ----------------------------------------------------------------------------------------


def _panel(rng: Rng, start: Any, periods: int, gain: float, drift: Any) -> pd.DataFrame:
    """Units with a level of their own and common shocks; `drift` (units,) is each unit's own trend a period."""
    units = len(start)
    i, s = (a.ravel() for a in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))
    level, shock = 2 * rng.standard_normal(units), rng.standard_normal(periods)
    on = (s >= start[i]).astype(int)
    y = level[i] + shock[s] + drift[i] * s + gain * on + rng.standard_normal(len(i))
    return pd.DataFrame({"unit": i, "time": s, "t": on, "y": y})


@detectable("design", "differences: the treated were on another path before the start")
def _(rng: Rng, broken: bool) -> Case:
    start = np.where(rng.permutation(80) < 40, 5, 99)
    frame = _panel(rng, start, 8, 1.0, np.where(start < 99, 0.4 if broken else 0.0, 0.0))
    design = {"kind": "differences", "time": "time", "unit": "unit"}
    return Case(frame, asked(design=design, target="treated"), 1.0)


@detectable("design", "differences: staggered starts, the early starters already rising")
def _(rng: Rng, broken: bool) -> Case:
    start = rng.permutation(np.resize([4, 6, 99], 90))
    frame = _panel(rng, start, 8, 1.0, np.where(start < 99, 0.4 if broken else 0.0, 0.0))
    frame["first"] = np.where(start[frame["unit"]] < 99, start[frame["unit"]], np.nan)
    design = {"kind": "differences", "time": "time", "unit": "unit", "first_treated": "first"}
    return Case(frame, asked(design=design, target="treated"), 1.0)


@detectable("design", "cut-off: rows moved across it")
def _(rng: Rng, broken: bool) -> Case:
    n = 1500
    r, able = rng.uniform(-1, 1, n), rng.standard_normal(n)
    if broken:
        near = (r > -0.2) & (r < 0) & (rng.random(n) < expit(1.5 + 2 * able))
        r = np.where(near, -r * 0.8, r)
    t = (r >= 0).astype(int)
    y = 1.0 * t + 0.8 * r + 0.7 * able + rng.standard_normal(n)
    design = {"kind": "discontinuity", "running": "r", "cutoff": 0.0}
    return Case(pd.DataFrame({"r": r, "t": t, "y": y}), asked(design=design, target="compliers"), 1.0)


@detectable("design", "cut-off: a column fixed beforehand jumps there")
def _(rng: Rng, broken: bool) -> Case:
    n = 1500
    r = rng.uniform(-1, 1, n)
    t = (r >= 0).astype(int)
    w = (1.2 * t if broken else 0.0) + 0.5 * r + rng.standard_normal(n)
    y = 1.0 * t + 0.8 * r + 0.8 * w + rng.standard_normal(n)
    design = {"kind": "discontinuity", "running": "r", "cutoff": 0.0}
    query = asked(["w"], design=design, target="compliers")
    return Case(pd.DataFrame({"r": r, "w": w, "t": t, "y": y}), query, 1.0)


@detectable("design", "instrument: it hardly moves the treatment")
def _(rng: Rng, broken: bool) -> Case:
    n = 600
    z, u = rng.integers(0, 2, n), rng.standard_normal(n)
    t = (0.05 if broken else 1.0) * z + u + rng.standard_normal(n)
    y = t + u + rng.standard_normal(n)
    design = {"kind": "instrument", "instruments": ["z"]}
    return Case(pd.DataFrame({"z": z, "t": t, "y": y}), asked([], design=design, target="compliers"), 1.0)


@detectable("design", "instruments: one of three touches the outcome past the treatment")
def _(rng: Rng, broken: bool) -> Case:
    n = 800
    z, u = rng.standard_normal((n, 3)), rng.standard_normal(n)
    t = z @ [0.6, 0.5, 0.5] + u + rng.standard_normal(n)
    y = t + u + (0.5 * z[:, 0] if broken else 0.0) + rng.standard_normal(n)
    design = {"kind": "instrument", "instruments": ["a", "b", "c"]}
    frame = pd.DataFrame({"a": z[:, 0], "b": z[:, 1], "c": z[:, 2], "t": t, "y": y})
    return Case(frame, asked([], design=design, target="compliers"), 1.0)


@detectable("design", "randomised: the better off were let in")
def _(rng: Rng, broken: bool) -> Case:
    n = 400
    x = rng.standard_normal((n, 2))
    t = coin(rng, expit(0.7 * x[:, 0])) if broken else rng.permutation(np.arange(n) % 2)
    y = t + x.sum(axis=1) + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], design={"kind": "randomised"}), 1.0)


@detectable("design", "randomised: outcomes are missing more often in one group")
def _(rng: Rng, broken: bool) -> Case:
    n = 500
    t = rng.permutation(np.arange(n) % 2)
    y = 0.5 * t + rng.standard_normal(n)
    lost = rng.random(n) < (np.where((t == 1) & (y < 0), 0.5, 0.08) if broken else 0.1)
    frame = pd.DataFrame({"t": t, "y": np.where(lost, np.nan, y)})
    return Case(frame, asked(design={"kind": "randomised"}), 0.5)


# ---- broken in a way that no test of the table can show --------------------------------------------------------------


def _hidden(rng: Rng, strength: float, effect: float = 1.0, n: int = 600) -> Case:
    """A hidden cause `strength` times as strong as `x0`: partial R² with treatment and outcome that many times as large."""
    x, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    pull = np.sqrt(strength)
    t = 0.5 * x[:, 0] + 0.2 * x[:, 1] + 0.5 * pull * u + rng.standard_normal(n)
    y = effect * t + 0.5 * x[:, 0] + 0.2 * x[:, 1] + 0.5 * pull * u + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(graph=drawn("x0 x1 > t y", "t > y")), effect, strength=strength, like="x0")


@undetectable("hidden cause", "half as strong as the strongest measured one")
def _(rng: Rng) -> Case:
    return _hidden(rng, 0.5)


@undetectable("hidden cause", "as strong as the strongest measured one")
def _(rng: Rng) -> Case:
    return _hidden(rng, 1.0)


@undetectable("hidden cause", "twice as strong as the strongest measured one")
def _(rng: Rng) -> Case:
    return _hidden(rng, 2.0, 0.4)


@undetectable("hidden cause", "as strong, and the treatment does nothing")
def _(rng: Rng) -> Case:
    return _hidden(rng, 1.0, 0.0)


@undetectable("hidden cause", "two groups, as strong as the strongest measured one")
def _(rng: Rng) -> Case:
    n = 800
    x, u = rng.standard_normal((n, 2)), rng.standard_normal(n)
    t = coin(rng, expit(0.7 * x[:, 0] + 0.2 * x[:, 1] + 0.7 * u))
    y = 0.5 * t + 0.7 * x[:, 0] + 0.3 * x[:, 1] + 0.7 * u + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(graph=drawn("x0 x1 > t y", "t > y")), 0.5, strength=1.0, like="x0")


@undetectable("reversal", "the outcome causes the treatment, and the arrows say the opposite")
def _(rng: Rng) -> Case:
    n = 600
    x = rng.standard_normal((n, 2))
    y = x @ [0.6, 0.3] + rng.standard_normal(n)
    t = 0.6 * y + 0.4 * x[:, 0] + 0.2 * x[:, 1] + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(graph=drawn("x0 x1 > t y", "t > y")), 0.0)


@undetectable("selection", "only rows high in a consequence of both were kept")
def _(rng: Rng) -> Case:
    n = 1400
    x = rng.standard_normal((n, 2))
    t = 0.5 * x[:, 0] + rng.standard_normal(n)
    y = 0.5 * t + x.sum(axis=1) + rng.standard_normal(n)
    kept = t + y + rng.standard_normal(n) > 0
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})[kept].reset_index(drop=True)
    return Case(frame, asked(graph=drawn("x0 x1 > t y", "t > y")), 0.5)


# ---- sound worlds of every design ------------------------------------------------------------------------------------

RANDOM = {"kind": "randomised"}


@sound("randomised", "40 rows")
def _(rng: Rng, effect: float) -> Case:
    t = rng.permutation(np.arange(40) % 2)
    return Case(pd.DataFrame({"t": t, "y": effect * t + rng.standard_normal(40)}), asked(design=RANDOM), effect)


@sound("randomised", "600 rows, the effect differs, two covariates")
def _(rng: Rng, effect: float) -> Case:
    n = 600
    x, t = rng.standard_normal((n, 2)), rng.permutation(np.arange(n) % 2)
    y = x.sum(axis=1) + t * (0.4 * effect + 0.5 * x[:, 0]) + rng.standard_normal(n) * (1 + 0.5 * t)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(["x0", "x1"], design=RANDOM), 0.4 * effect)


@sound("randomised", "yes/no outcome, 800 rows")
def _(rng: Rng, effect: float) -> Case:
    t = rng.permutation(np.arange(800) % 2)
    y = coin(rng, 0.2 + 0.1 * effect * t)
    return Case(pd.DataFrame({"t": t, "y": y}), asked(design=RANDOM), 0.1 * effect)


@sound("randomised", "counts with heavy tails, 300 rows")
def _(rng: Rng, effect: float) -> Case:
    t = rng.permutation(np.arange(300) % 2)
    mean = 2.0 + 1.5 * effect * t
    return Case(
        pd.DataFrame({"t": t, "y": rng.negative_binomial(1, 1 / (1 + mean))}), asked(design=RANDOM), 1.5 * effect
    )


@sound("randomised", "within 12 strata of unequal shares")
def _(rng: Rng, effect: float) -> Case:
    s = np.repeat(np.arange(12), 30)
    t = np.concatenate([rng.permutation(np.arange(30) < share) for share in rng.integers(8, 22, 12)]).astype(int)
    y = 0.3 * s + 0.5 * effect * t + rng.standard_normal(len(s))
    frame = pd.DataFrame({"s": np.array(list("ABCDEFGHIJKL"))[s], "t": t, "y": y})
    return Case(frame, asked(design={"kind": "randomised", "strata": ["s"]}), 0.5 * effect)


@sound("randomised", "40 whole clusters of 12")
def _(rng: Rng, effect: float) -> Case:
    g = np.repeat(np.arange(40), 12)
    t = rng.permutation(np.arange(40) % 2)[g]
    y = effect * t + 0.7 * rng.standard_normal(40)[g] + rng.standard_normal(len(g))
    return Case(pd.DataFrame({"g": g, "t": t, "y": y}), asked(design=RANDOM, cluster="g"), effect)


@sound("observational", "reviewed graph, 200 rows")
def _(rng: Rng, effect: float) -> Case:
    x, t = _confounded(rng, 200, 3)
    y = 0.7 * effect * t + x.sum(axis=1) + rng.standard_normal(200)
    frame = pd.DataFrame(x, columns=["x0", "x1", "x2"]).assign(t=t, y=y)
    return Case(frame, asked(graph=drawn("x0 x1 > t", "x0 x1 x2 t > y")), 0.7 * effect)


@sound("observational", "reviewed graph, bent, the effect differs, 800 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 800
    x = rng.standard_normal((n, 2))
    t = coin(rng, expit(0.7 * (x[:, 0] ** 2 - 1) + 0.4 * x[:, 1]))
    y = x[:, 0] ** 2 + x[:, 1] + t * (0.5 * effect + 0.5 * x[:, 1]) + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "t": t, "y": y})
    return Case(frame, asked(graph=drawn("x0 x1 > t y", "t > y")), 0.5 * effect)


@sound("observational", "reviewed graph, a clean negative control that shares the causes, 700 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 700
    x, t = _confounded(rng, n)
    y = effect * t + 0.5 * x.sum(axis=1) + rng.standard_normal(n)
    other = 0.5 * x.sum(axis=1) + rng.standard_normal(n)
    frame = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "other": other, "t": t, "y": y})
    query = asked(graph=drawn("x0 x1 > t y other", "t > y"), negative_outcomes=["other"])
    return Case(frame, query, effect)


@sound("observational", "yes/no outcome, mixed covariates, gaps, 900 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 900
    a, b, g = rng.standard_normal(n), rng.poisson(2, n), rng.integers(0, 3, n)
    t = coin(rng, expit(0.5 * a - 0.2 * (b - 2) + 0.4 * (g == 1)))
    p0 = 0.25 + 0.1 * np.tanh(a) + 0.1 * (g == 2)
    y = coin(rng, p0 + 0.15 * effect * t)
    frame = pd.DataFrame({"a": a, "b": b, "g": np.array(["red", "green", "blue"])[g], "t": t, "y": y})
    frame.loc[rng.random(n) < 0.05, "a"] = np.nan
    return Case(frame, asked(["a", "b", "g"]), 0.15 * effect)


@sound("observational", "a dose, ten covariates, 400 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 400
    x = rng.standard_normal((n, 10))
    t = 4 + x[:, :3].sum(axis=1) * 0.4 + rng.standard_normal(n)
    y = 0.3 * effect * t + x[:, 1:5].sum(axis=1) * 0.5 + rng.standard_t(5, n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(10)]).assign(t=t, y=y)
    return Case(frame, asked([f"x{j}" for j in range(10)]), 0.3 * effect)


@sound("observational", "drafted graph that nobody reviewed, clusters, 60 × 8 rows")
def _(rng: Rng, effect: float) -> Case:
    g = np.repeat(np.arange(60), 8)
    x = rng.standard_normal(480) + 0.5 * rng.standard_normal(60)[g]
    t = coin(rng, expit(0.6 * x))
    y = 0.6 * effect * t + x + 0.4 * rng.standard_normal(60)[g] + rng.standard_normal(480)
    query = asked(graph=drawn("x > t y", "t > y"), cluster="g", sources={"graph": "model"})
    return Case(pd.DataFrame({"g": g, "x": x, "t": t, "y": y}), query, 0.6 * effect)


@sound("instrument", "a yes/no offer that some take up")
def _(rng: Rng, effect: float) -> Case:
    n = 800
    z, u = rng.integers(0, 2, n), rng.standard_normal(n)
    t = (0.9 * u + 1.6 * z - 0.8 + rng.standard_normal(n) > 0).astype(int)
    y = effect * t + u + rng.standard_normal(n)
    design = {"kind": "instrument", "instruments": ["z"]}
    return Case(pd.DataFrame({"z": z, "t": t, "y": y}), asked([], design=design, target="compliers"), effect)


@sound("instrument", "a modest push, uneven noise, one covariate")
def _(rng: Rng, effect: float) -> Case:
    n = 900
    x, u, z = rng.standard_normal((3, n))
    z = z + 0.5 * x
    t = 0.4 * z + 0.5 * x + u + rng.standard_normal(n)
    y = 0.6 * effect * t + 0.8 * u + 0.5 * x + (0.5 + 0.4 * np.abs(z)) * rng.standard_normal(n)
    design = {"kind": "instrument", "instruments": ["z"]}
    frame = pd.DataFrame({"z": z, "x": x, "t": t, "y": y})
    return Case(frame, asked(["x"], design=design, target="compliers"), 0.6 * effect)


@sound("discontinuity", "a smooth bend, 1,500 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 1500
    r = rng.uniform(-1, 1, n)
    t = (r >= 0).astype(int)
    y = effect * t + np.sin(1.5 * r) + 0.5 * r**2 + 0.8 * rng.standard_normal(n)
    design = {"kind": "discontinuity", "running": "r", "cutoff": 0.0}
    return Case(pd.DataFrame({"r": r, "t": t, "y": y}), asked(design=design, target="compliers"), effect)


@sound("discontinuity", "fuzzy, 2,000 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 2000
    r = rng.uniform(-1, 1, n)
    t = coin(rng, np.where(r >= 0, 0.85, 0.15))
    y = effect * t + 0.8 * r + 0.7 * rng.standard_normal(n)
    design = {"kind": "discontinuity", "running": "r", "cutoff": 0.0, "fuzzy": True}
    return Case(pd.DataFrame({"r": r, "t": t, "y": y}), asked(design=design, target="compliers"), effect)


@sound("differences", "two groups, two periods, 600 fresh rows")
def _(rng: Rng, effect: float) -> Case:
    g, s = rng.integers(0, 2, 600), rng.integers(0, 2, 600)
    y = 2 * g + s + effect * g * s + 1.5 * rng.standard_normal(600)
    query = {"treatment": "g", "outcome": "y", "target": "treated"}
    design = {"kind": "differences", "time": "s", "group": "g"}
    return Case(pd.DataFrame({"g": g, "s": s, "y": y}), {**query, "design": design}, effect)


@sound("differences", "80 units, 8 periods, long memory")
def _(rng: Rng, effect: float) -> Case:
    start = np.where(rng.permutation(80) < 30, 5, 99)
    frame = _panel(rng, start, 8, 0.6 * effect, np.zeros(80))
    memory = np.zeros((80, 8))
    for s in range(1, 8):
        memory[:, s] = 0.6 * memory[:, s - 1] + 0.6 * rng.standard_normal(80)
    frame["y"] += memory.ravel()
    design = {"kind": "differences", "time": "time", "unit": "unit"}
    return Case(frame, asked(design=design, target="treated"), 0.6 * effect)


@sound("panel", "60 people, 6 years")
def _(rng: Rng, effect: float) -> Case:
    i, s = np.repeat(np.arange(60), 6), np.tile(np.arange(6), 60)
    level = rng.standard_normal(60)[i]
    t = level + rng.standard_normal(360)
    y = 0.4 * effect * t + 2 * level + 0.3 * s + rng.standard_normal(360)
    frame = pd.DataFrame({"who": i, "year": s, "t": t, "y": y})
    return Case(frame, asked(design={"kind": "panel", "unit": "who", "time": "year"}), 0.4 * effect)


@sound("front door", "one mediator, 1,000 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 1000
    u = rng.standard_normal(n)
    t = (u + rng.standard_normal(n) > 0).astype(int)
    m = 0.9 * t + rng.standard_normal(n)
    y = 0.6 * effect * m + u + rng.standard_normal(n)
    design = {"kind": "front_door", "mediators": ["m"]}
    return Case(pd.DataFrame({"t": t, "m": m, "y": y}), asked(design=design), 0.54 * effect)


@sound("survival", "randomised, half censored, 500 rows")
def _(rng: Rng, effect: float) -> Case:
    n = 500
    t = rng.permutation(np.arange(n) % 2)
    death, leave = rng.exponential(1 / (0.1 * 0.6 ** (effect * t))), rng.exponential(10, n)
    frame = pd.DataFrame({"t": t, "y": np.minimum(death, leave), "died": (death < leave).astype(int)})
    return Case(frame, asked(design=RANDOM, event="died", scale="hazard_ratio"), float(0.6**effect))
