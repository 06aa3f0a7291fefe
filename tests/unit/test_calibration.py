"""The harness of the calibration: every broken world has its twin, and a page says what was missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyllm_causal.query import Query
from tests.calibration import page as pages
from tests.calibration.counts import ALWAYS, flagged
from tests.calibration.worlds import CLASSES, WORLDS, World

BROKEN = [w for w in WORLDS if w.kind == "detectable"]


def test_every_class_has_worlds_of_its_own_name() -> None:
    names = [(w.kind, w.group, w.name) for w in WORLDS]
    assert len(set(names)) == len(names)
    assert {w.group for w in WORLDS if w.kind != "sound"} == set(CLASSES)


@pytest.mark.parametrize("world", BROKEN, ids=lambda w: w.name)
def test_a_twin_has_the_same_size_and_columns_and_something_differs(world: World) -> None:
    broken, sound = (world.draw(np.random.default_rng(7), side) for side in (True, False))
    assert list(broken.frame) == list(sound.frame)
    assert len(broken.frame) == len(sound.frame)
    same = broken.frame.equals(sound.frame)
    assert not same or broken.query != sound.query or broken.describe != sound.describe
    for case in (broken, sound):
        Query.model_validate(case.query)


def record(level: str = "low", covers: bool = True, side: int = 1, **more: Any) -> dict[str, Any]:
    plain = {
        "status": "answered",
        "faults": [],
        "warnings": [],
        "checks": {},
        "stated": [],
        "error": 1.0,
        "brackets": None,
    }
    return {**plain, "level": level, "covers": covers, "claims": side, "true_side": 1, **more}


Records = dict[str, Any]


def missed_of(
    monkeypatch: pytest.MonkeyPatch, broken: Records, twin: Records, sound: Records, hidden: Records | None = None
) -> str:
    sides = {"sound": sound, "undetectable": hidden or record()}

    def kept(world: World) -> list[Records]:
        return [{"broken": broken, "sound": twin} if world.kind == "detectable" else {"one": sides[world.kind]}] * 20

    monkeypatch.setattr(pages, "load", kept)
    return "\n".join(pages.page()[1])


def test_goals_that_are_met(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = record(checks={"other_methods": "failed"})
    assert missed_of(monkeypatch, seen, record(), record("high")) == ""


def test_goals_that_are_missed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told = missed_of(
        monkeypatch,
        record(checks={"bootstrap": "failed", "graph_check": "passed"}),
        record(checks={"bootstrap": "failed"}),
        record("high", covers=False, side=-1),
        record("moderate"),
    )
    assert "sound twins: a check failed in 100.0%" in told
    assert "graded above low" in told
    assert "grade high covers the truth in 0.0%" in told
    assert "grade high: 100.0%" in told
    assert "grade high covers the truth less often than moderate" in told
    assert "graph_check sees under half of every class" in told
    assert "bootstrap sees 100.0%" in told
    told = missed_of(monkeypatch, record(), record(), record())
    assert "leakage: 0.0%" in told
    told = missed_of(monkeypatch, {"status": "crash", "code": "boom"}, record(), record())
    assert "analyses crashed: boom" in told


def test_what_counts_as_flagged() -> None:
    assert flagged({"status": "not_identified"})
    assert flagged(record("very_low"))
    assert flagged(record(checks={"density": "failed"}))
    assert flagged(record(faults=["wt82 was recorded in 1982"]))
    assert not flagged(record(checks={"density": "inconclusive", "hidden_cause": "failed"}, stated=["hidden_cause"]))
    assert not flagged({"status": "crash"})
    assert all(not text.endswith(" ") for text in ALWAYS)
