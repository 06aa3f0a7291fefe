"""Every recorded conversation replays, and gives exactly what its query gives without a model."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import pyllm_causal
from pyllm_causal.errors import RecordingError

ROOT = Path(__file__).parents[2] / "fixtures"
RECORDINGS = sorted(p.name for p in (ROOT / "recordings").iterdir() if p.is_dir())
CASES = {c["id"]: c for c in tomllib.loads((ROOT / "cases.toml").read_text(encoding="utf-8"))["case"]}
# What a small model reads wrongly stays in: the number is then that of another question, and the receipt says which.
OTHER_READING = {"star_small"}
DESCRIBED = {"ucb_admissions"}  # read as a question about the table


def replayed(name: str) -> tuple[dict[str, Any], Any]:
    case = CASES[name]
    describe = (ROOT / "data" / case["describe"]).read_text(encoding="utf-8")
    return case, pyllm_causal.ask(
        case["question"], ROOT / "data" / case["data"], describe=describe, replay=ROOT / "recordings" / name
    )


def test_there_are_enough_and_some_are_a_models_own() -> None:
    origins = [
        json.loads(file.read_text(encoding="utf-8"))["origin"]
        for name in RECORDINGS
        for file in (ROOT / "recordings" / name).glob("*.json")
    ]
    assert len(RECORDINGS) >= 8 and len({CASES[n]["data"] for n in RECORDINGS}) >= 6
    assert set(origins) == {"live", "authored"}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_replay_gives_what_its_query_gives(name: str) -> None:
    case, answer = replayed(name)
    if answer.status == "needs_review":
        assert case["status"] == "error" and answer.choices is not None
        return
    describe = (ROOT / "data" / case["describe"]).read_text(encoding="utf-8")
    alone = pyllm_causal.analyse(answer.provenance["query"], ROOT / "data" / case["data"], describe=describe)
    for field in ("status", "effect", "estimates", "refutations", "certainty", "sample", "association"):
        assert getattr(answer, field) == getattr(alone, field), field
    assert answer.provenance["language"]["receipt"] in answer.text.replace("\n", " ") or answer.status == "not_causal"


@pytest.mark.parametrize("name", [n for n in RECORDINGS if CASES[n]["status"] == "answered" and n not in OTHER_READING])
def test_a_replay_finds_the_published_value(name: str) -> None:
    case, answer = replayed(name)
    if name in DESCRIBED:
        assert answer.status == "not_causal"
        assert "does not say that one thing changes another" in answer.text
        return
    assert answer.effect is not None
    assert answer.effect.value == pytest.approx(case["value"], abs=case["tolerance"])
    assert answer.certainty is not None and answer.certainty.level in ("low", "very_low")  # nobody has reviewed it


def test_another_question_makes_a_recording_stale() -> None:
    with pytest.raises(RecordingError, match="out of date"):
        pyllm_causal.ask(
            "Does quitting smoking make people lose weight?",
            ROOT / "data" / "nhefs.csv",
            replay=ROOT / "recordings" / "nhefs_weight",
        )
