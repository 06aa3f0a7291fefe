"""The whole NHEFS conversation at a pseudo-terminal, held against its transcript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.chat.conversations import ARGUMENTS, HERE, SCRIPTS, transcript


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_person_sees_what_is_written_down(name: str, tmp_path: Path) -> None:
    assert transcript(name, tmp_path) == (HERE / f"{name}.txt").read_text(encoding="utf-8")


def test_the_conversation_with_a_model_uses_its_own_replies_where_there_are_some() -> None:
    origins = {p.name: json.loads(p.read_text())["origin"] for p in (SCRIPTS / "nhefs_weight").glob("*.json")}
    assert origins["read.json"] == origins["draft.json"] == origins["phrase.json"] == "live"
    assert origins["utterance.json"] == "authored"
