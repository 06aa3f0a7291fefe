"""A chat that is cut off: Ctrl-C, Ctrl-D, a killed process. Nothing answered is lost, no half file remains."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyllm_causal.study import Study
from pyllm_causal.study import session as sessions
from tests.cli.chat.terminals import PROMPT, Person
from tests.cli.terminal import drug_table

QUESTION = "does drug change result?"


def session(folder: Path) -> Path:
    found = [p for p in (folder / "data" / "pyllm-causal" / "sessions").iterdir() if p.suffix == ".json"]
    assert len(found) == 1
    return found[0]


def test_pulling_the_plug_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    table = drug_table(tmp_path)
    person = Person(table, "--simulations", "20", "--workers", "1", folder=tmp_path)
    person.wait_for(PROMPT)
    person.talk([QUESTION, ""])
    answered = person.screen.split("How sure are we?")[0].split(PROMPT)[-1].strip()
    person.type("what if age isn't a cause of drug?")  # and before that is worked out:
    person.kill()
    kept = Study.load(session(tmp_path), data=table)
    assert len(kept.history) >= 1 and " ".join(kept.history[0].headline.split()) in " ".join(answered.split())
    assert kept.ledger.receipts[0].hash == kept.history[0].provenance["ledger"]["receipt_hash"]
    again = Person(table, "--continue", "--simulations", "20", "--workers", "1", folder=tmp_path)
    again.wait_for(PROMPT)
    assert "Where we were" in again.screen and kept.history[0].headline[:40] in again.screen
    again.talk(["/compare", "/quit"])
    assert again.end() == 0 and "drug → result" in again.screen
    assert not [p for p in session(tmp_path).parent.iterdir() if p.name.endswith(".tmp")]


WRITER = """
import sys
from pathlib import Path
from pyllm_causal.study import session
from pyllm_causal.study.ledger import Ledger
kept = session.Kept(started="a", changed="b", data=session.Source(name="t", rows=1, fingerprint="f"), said=("x" * 400,) * 400)
print("ready", flush=True)
while True:
    session.write(Path(sys.argv[1]), kept, private=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    place = tmp_path / "sessions" / "one.json"
    draw = random.Random(3)
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE)
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(draw.uniform(0.02, 0.15))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        assert len(sessions.read(place).said) == 400


def test_half_written_leftovers_go_and_fresh_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    sessions.folder().mkdir(parents=True)
    old, fresh = sessions.folder() / ".a-x7_x7_x7.tmp", sessions.folder() / ".b-y7_y7_y7.tmp"
    for path in (old, fresh):
        path.write_text("{")
    os.utime(old, (1, 1))
    assert sessions.sessions() == [] and not old.exists() and fresh.exists()


def test_control_c_stops_a_line_not_the_chat_and_control_d_ends_it(tmp_path: Path) -> None:
    person = Person(drug_table(tmp_path), "--no-checks", folder=tmp_path)
    person.wait_for(PROMPT)
    person.press(b"half a thought\x03")
    person.wait_for("/quit ends)")
    person.wait_for(PROMPT, 2)
    person.talk([QUESTION])
    person.press(b"\x04")
    assert person.end() == 0
    assert Study.load(session(tmp_path), data=tmp_path / "table.csv").pending is not None  # the question is kept too
