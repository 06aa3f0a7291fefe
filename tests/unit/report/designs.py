"""One small simulated table and its question a design, for every kind of report. Also what `make report-check` opens."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pyllm_causal as causal
from pyllm_causal.analysis import Answer

DATA = Path(__file__).parents[3] / "fixtures" / "data"
EVIL = "<script>alert(1)</script>"
HEBREW = "עברית name"
LONG = "A" * 200
MARKED = "|a| *b* [c](javascript:d) `e`"


def _crowd(rng: np.random.Generator, n: int = 240) -> dict[str, Any]:
    age = rng.normal(40, 10, n).round(1)
    sex = rng.integers(0, 2, n)
    chance = 1 / (1 + np.exp(-(age - 40) / 10 - 0.5 * sex))
    drug = (rng.random(n) < chance).astype(int)
    gain = (0.1 * age + sex + 2.0 * drug + rng.normal(0, 1, n)).round(3)
    return {"age": age, "sex": sex, "drug": drug, "gain": gain}


def _observational() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = pd.DataFrame(_crowd(np.random.default_rng(1)))
    edges = [
        {
            "cause": "age",
            "effect": "drug",
            "source": "model",
            "reason": "older people are offered it",
            "confidence": "sure",
        },
        {"cause": "age", "effect": "gain", "source": "model", "confidence": "unsure"},
        {"cause": "sex", "effect": "drug", "source": "you"},
        {"cause": "sex", "effect": "gain", "source": "you"},
        {"cause": "drug", "effect": "gain", "source": "you"},
    ]
    graph = {"edges": edges}
    return frame, {
        "question": "Does the drug make people gain weight?",
        "treatment": "drug",
        "outcome": "gain",
        "graph": graph,
        "matters": 0.5,
    }


def _randomised() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(2)
    arm = rng.permutation(np.repeat(["care", "drug"], 150))
    healed = (rng.random(300) < np.where(arm == "drug", 0.7, 0.4)).astype(int)
    frame = pd.DataFrame({"arm": arm, "healed": healed, "age": rng.normal(50, 9, 300).round(1)})
    return frame, {
        "treatment": "arm",
        "treated": "drug",
        "control": "care",
        "outcome": "healed",
        "design": {"kind": "randomised"},
    }


def _several_arms() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(3)
    arm = rng.permutation(np.repeat(["none", "low", "high"], 80))
    y = (rng.normal(0, 1, 240) + np.select([arm == "low", arm == "high"], [0.5, 1.5], 0.0)).round(3)
    return pd.DataFrame({"arm": arm, "y": y}), {
        "treatment": "arm",
        "control": "none",
        "outcome": "y",
        "design": {"kind": "randomised"},
    }


def _instrument() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(4)
    hidden, near = rng.normal(0, 1, 800), rng.integers(0, 2, 800)
    years = (12 + 2 * near + hidden + rng.normal(0, 1, 800)).round(2)
    wage = (0.3 * years + hidden + rng.normal(0, 1, 800)).round(3)
    frame = pd.DataFrame({"near": near, "years": years, "wage": wage})
    return frame, {"treatment": "years", "outcome": "wage", "design": {"kind": "instrument", "instruments": ["near"]}}


def _discontinuity() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(5)
    score = rng.uniform(-1, 1, 900)
    grant = (score >= 0).astype(int)
    marks = (2 * score + 1.5 * grant + rng.normal(0, 1, 900)).round(3)
    frame = pd.DataFrame({"score": score.round(4), "grant": grant, "marks": marks})
    return frame, {
        "treatment": "grant",
        "outcome": "marks",
        "design": {"kind": "discontinuity", "running": "score", "cutoff": 0},
    }


def _differences() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(6)
    rows = [
        (
            unit,
            year,
            int(unit < 20),
            1.0 * (year - 2000) + (unit < 20) + 2.0 * (unit < 20) * (year >= 2003) + rng.normal(),
        )
        for unit in range(40)
        for year in range(2000, 2006)
    ]
    frame = pd.DataFrame(rows, columns=["shop", "year", "joined", "sales"]).round(3)
    design = {"kind": "differences", "time": "year", "group": "joined", "treated_group": 1, "start": 2003}
    return frame, {"treatment": "joined", "outcome": "sales", "design": design, "cluster": "shop"}


def _panel() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(7)
    own = rng.normal(0, 1, 40)
    rows = []
    for unit in range(40):
        for year in range(5):
            d = int(rng.random() < 1 / (1 + np.exp(-own[unit])))
            rows.append((unit, year, d, round(own[unit] + 0.3 * year + 0.8 * d + rng.normal(), 3)))
    frame = pd.DataFrame(rows, columns=["person", "year", "union", "wage"])
    return frame, {
        "treatment": "union",
        "outcome": "wage",
        "design": {"kind": "panel", "unit": "person", "time": "year"},
    }


def _synthetic() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(8)
    common = np.cumsum(rng.normal(1, 0.4, 20))
    rows = [
        (name, 1980 + t, round(100 + level * common[t] + rng.normal(0, 0.4) - 6 * (name == "West" and t >= 14), 3))
        for name, level in [("West", 1.0), *((f"land {i}", 0.6 + 0.1 * i) for i in range(9))]
        for t in range(20)
    ]
    frame = pd.DataFrame(rows, columns=["land", "year", "output"])
    design = {"kind": "synthetic_control", "unit": "land", "time": "year", "treated_unit": "West", "start": 1994}
    return frame, {"treatment": "land", "outcome": "output", "design": design}


def _front_door() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(9)
    hidden = rng.normal(0, 1, 900)
    smoke = (rng.random(900) < 1 / (1 + np.exp(-hidden))).astype(int)
    tar = (rng.random(900) < 0.2 + 0.6 * smoke).astype(int)
    ill = (0.8 * tar + hidden + rng.normal(0, 1, 900)).round(3)
    frame = pd.DataFrame({"smoke": smoke, "tar": tar, "ill": ill})
    return frame, {"treatment": "smoke", "outcome": "ill", "design": {"kind": "front_door", "mediators": ["tar"]}}


def _mediation() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(10)
    course = rng.integers(0, 2, 500)
    zeal = course + rng.normal(0, 1, 500)
    mood = (0.5 * zeal + 0.3 * course + rng.normal(0, 1, 500)).round(3)
    frame = pd.DataFrame({"course": course, "zeal": zeal.round(3), "mood": mood})
    query = {
        "kind": "mediation",
        "treatment": "course",
        "outcome": "mood",
        "design": {"kind": "mediation", "mediators": ["zeal"]},
    }
    return frame, query | {"adjust_for": []}


def _survival() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(11)
    arm = rng.permutation(np.repeat([0, 1], 150))
    time = rng.exponential(np.where(arm == 1, 900, 450))
    seen = np.minimum(time, 1200).round(1)
    frame = pd.DataFrame({"arm": arm, "days": seen, "died": (time <= 1200).astype(int)})
    return frame, {
        "treatment": "arm",
        "outcome": "days",
        "event": "died",
        "scale": "hazard_ratio",
        "design": {"kind": "randomised"},
    }


def _by_group() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(12)
    data = _crowd(rng, 400)
    data["gain"] = (data["gain"] + 1.5 * data["drug"] * data["sex"]).round(3)
    query = {
        "kind": "effect_by_group",
        "treatment": "drug",
        "outcome": "gain",
        "by": "sex",
        "adjust_for": ["age", "sex"],
    }
    return pd.DataFrame(data), query


def _dose() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(13)
    age = rng.normal(40, 10, 400).round(1)
    cigarettes = np.clip((age / 8 + rng.normal(0, 4, 400)).round(), 0, None)
    weight = (3000 - 12 * cigarettes + 3 * age + rng.normal(0, 60, 400)).round(1)
    frame = pd.DataFrame({"age": age, "cigarettes": cigarettes, "weight": weight})
    return frame, {"treatment": "cigarettes", "outcome": "weight", "adjust_for": ["age"]}


def _refused() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = pd.DataFrame(_crowd(np.random.default_rng(14)))
    graph = {"edges": [["drug", "gain"]], "unmeasured": [{"name": "a health scare", "affects": ["drug", "gain"]}]}
    return frame, {
        "question": "Does the drug make people gain weight?",
        "treatment": "drug",
        "outcome": "gain",
        "graph": graph,
    }


def _unreviewed() -> tuple[pd.DataFrame, dict[str, Any]]:
    return pd.DataFrame(_crowd(np.random.default_rng(15))), {"treatment": "drug", "outcome": "gain"}


def _association() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = pd.DataFrame(_crowd(np.random.default_rng(16)))
    return frame, {"kind": "association", "treatment": "sex", "outcome": "gain"}


def _discovery() -> tuple[pd.DataFrame, dict[str, Any]]:
    rng = np.random.default_rng(18)
    a, b = rng.exponential(1, 500), rng.exponential(1, 500)
    c = a + b + rng.exponential(0.5, 500)
    d = 0.8 * c + rng.exponential(0.5, 500)
    frame = pd.DataFrame({"rain": a, "sun": b, "harvest": c, "income": d}).round(3)
    return frame, {"kind": "discovery", "question": "What causes what here?"}


def _hostile() -> tuple[pd.DataFrame, dict[str, Any]]:
    data = _crowd(np.random.default_rng(17))
    names = {"age": HEBREW, "sex": MARKED, "drug": EVIL, "gain": LONG}
    frame = pd.DataFrame(data).rename(columns=names)
    edges = [
        {"cause": HEBREW, "effect": EVIL, "reason": "</svg><img src=x onerror=alert(1)>", "source": "model"},
        [HEBREW, LONG], [MARKED, EVIL], [MARKED, LONG], [EVIL, LONG],
    ]  # fmt: skip
    question = "Is ![this](http://evil/x.png) </title><script>\u202ealert(2)</script> & `code` | bad?\n# Not a heading"
    return frame, {"question": question, "treatment": EVIL, "outcome": LONG, "graph": {"edges": edges}}


WORLDS = {
    "observational": _observational, "randomised": _randomised, "several_arms": _several_arms, "instrument": _instrument,
    "discontinuity": _discontinuity, "differences": _differences, "panel": _panel, "synthetic_control": _synthetic,
    "front_door": _front_door, "mediation": _mediation, "survival": _survival, "by_group": _by_group, "dose": _dose,
    "refused": _refused, "unreviewed": _unreviewed, "association": _association, "discovery": _discovery, "hostile": _hostile,
}  # fmt: skip
CHECKED = ("observational", "hostile", "discovery")  # with every check; the others without, for speed


@cache
def answer(name: str) -> Answer:
    """The answer to the question of that name."""
    frame, query = WORLDS[name]()
    return causal.analyse(query, frame, simulations=20, workers=1, checks=name in CHECKED)
