"""Kill -9 while a report or a recording is written: every file at its final name is whole, and what is left goes."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.language import sent_log
from pyllm_causal.whole_file import write_whole
from tests.cli.terminal import ROOT, drug_table, query_file, run
from tests.server import Server

QUESTION = "Does taking the drug raise the result?"
QUERY = {"treatment": "drug", "outcome": "result", "adjust_for": ["age"], "question": QUESTION}
READING = {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}
RECORDED = ["challenge.json", "draft.json", "phrase.2.json", "phrase.json", "read.json"]
REPLIES = {"read": json.dumps({"reading": READING})}
LEFT = re.compile(r"\..*-[a-z0-9_]{8}\.tmp")

# One process that has imported everything; each line on its input makes a child that runs a command over and over until
# it is killed. `at` lets the child kill itself at the worst moment: a file written, and not yet in its place.
HOUSE = """
import json, os, signal, sys
from pyllm_causal.cli import main

def once(arguments):
    sys.argv = ["pyllm-causal", *arguments]
    try:
        main()
    except SystemExit:
        pass

put = os.replace

def die_before(place):
    count = iter(range(place))
    os.replace = lambda *a: put(*a) if next(count, None) is not None else os.kill(os.getpid(), signal.SIGKILL)

sys.stdout = open(os.devnull, "w")
sys.stderr = open(os.devnull, "w")
once(json.loads(sys.argv[1]))
os.write(1, b"ready\\n")
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        if order["at"] is not None:
            die_before(order["at"])
        while True:
            once(order["arguments"])
    os.write(1, b"%d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"gone\\n")
"""


class House:
    """A process whose children are commands to kill."""

    def __init__(self, *first: str | Path) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOUSE, json.dumps([str(a) for a in first])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        assert self.says() == "ready"

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def begin(self, *arguments: str | Path, at: int | None = None) -> int:
        """Start a command that goes on until it is killed; its process."""
        assert self.process.stdin is not None
        order = json.dumps({"arguments": [str(a) for a in arguments], "at": at})
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()
        return int(self.says())

    def kill(self, child: int) -> None:
        os.kill(child, signal.SIGKILL)
        assert self.says() == "gone"

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)  # its children too, where a test failed before it killed one
        self.process.communicate()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drug_table(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def house(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    warm = tmp_path_factory.mktemp("warm")
    with Server(REPLIES) as server:
        it = House(*record(table, server, warm / "replies"), "--report", warm / "report.html")
    assert whole(warm / "replies") == RECORDED and whole(warm) == ["replies", "report.html", "report.md"]
    yield it
    it.end()


def whole(folder: Path) -> list[str]:
    """The names of the files in `folder`, each looked at: nothing but whole files and leftovers of ours."""
    names = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if LEFT.fullmatch(path.name):
            continue
        names.append(path.name)
        if path.is_dir():
            continue
        text = path.read_text("utf-8")
        if path.suffix == ".html":
            assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
        elif path.suffix == ".md":
            assert text.startswith(f"# {QUESTION}") and "Written by pyllm-causal." in text and text.endswith("\n")
        else:
            assert path.suffix == ".json" and isinstance(json.loads(text), dict)
    return names


def left(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if LEFT.fullmatch(path.name)]


def age(folder: Path) -> None:
    """Let the leftovers be of yesterday."""
    for path in left(folder):
        os.utime(path, (1, 1))


def record(table: Path, server: Server, folder: Path) -> list[str | Path]:
    model = ("--model", "openai/test", "--api-base", server.url)
    return ["ask", QUESTION, "--data", table, "--no-checks", "--json", *model, "--record", folder]


def replays(table: Path, folder: Path) -> bool:
    """Whether what was recorded is enough; where it is not, the message names what is missing."""
    done = run("ask", QUESTION, "--data", table, "--no-checks", "--json", "--replay", folder)
    assert done.error is None
    if done.code == 0:
        return True
    said = done.document["error"]["message"]
    assert done.code == 2 and re.match("There is no (recording|folder of recordings)", said), said
    return False


def test_reports(house: House, table: Path, tmp_path: Path) -> None:
    answer, out = tmp_path / "answer.json", tmp_path / "out"
    out.mkdir()
    analyse = ("analyse", query_file(tmp_path, QUERY), "--data", table, "--no-checks", "--json")
    answer.write_text(run(*analyse).out, "utf-8")
    report = ("report", answer, "--out", out / "report.html")
    for place in range(2):  # a file written, not yet in its place
        house.begin(*report, at=place)
        assert house.says() == "gone"
        assert whole(out) == ["report.html"][:place] and left(out)
    draw = random.Random(11)
    for command in (report, (*analyse, "--report", out / "report.html")) * 3:
        child = house.begin(*command)
        time.sleep(draw.uniform(0.01, 0.3))
        house.kill(child)
        assert "report.html" in whole(out)
    age(out)
    assert run(*report).code == 0
    assert whole(out) == ["report.html", "report.md"] and left(out) == []
    assert run("report", "--last", "--out", tmp_path / "last.html").code == 0  # what `analyse` keeps is whole too


def test_recordings(house: House, table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "replies"
    draw = random.Random(12)
    with Server(REPLIES) as server:
        for place in range(len(RECORDED)):
            house.begin(*record(table, server, folder), at=place)
            assert house.says() == "gone"
            assert len(whole(folder)) == place and left(folder)
            replays(table, folder)
        age(folder)
        for number in range(4):
            again = tmp_path / f"again{number}"
            child = house.begin(*record(table, server, again))
            time.sleep(draw.uniform(0.02, 0.4))
            house.kill(child)
            whole(again)
            replays(table, again)
        done = run(*record(table, server, folder))
    assert done.document["status"] == "answered" and whole(folder) == RECORDED and left(folder) == []
    assert replays(table, folder) and run("recordings", "check", folder).code == 0


def test_killed_while_the_model_answers(house: House, table: Path, tmp_path: Path) -> None:
    started: list[int] = []

    def deadly(_: Any) -> str:
        os.kill(started[0], signal.SIGKILL)
        return "{}"

    with Server({**REPLIES, "challenge": deadly}) as server:
        started.append(house.begin(*record(table, server, tmp_path), "--report", tmp_path / "report.html"))
        assert house.says() == "gone"
    assert whole(tmp_path) == ["draft.json", "read.json"] and not left(tmp_path)
    assert not replays(table, tmp_path)


def test_leftovers_of_others_and_fresh_ones_stay(tmp_path: Path) -> None:
    names = [
        ".report-abcdefgh.tmp",
        ".report-mine.tmp",
        ".other-abcdefgh.tmp",
        "report-abcdefgh.tmp",
        ".report-fresh__1.tmp",
    ]
    for name in names:
        (tmp_path / name).write_text("{")
        if "fresh" not in name:
            os.utime(tmp_path / name, (1, 1))
    write_whole(tmp_path / "report.html", "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*names[1:], "report.html"])


def test_half_a_line_in_the_log_swallows_no_other(tmp_path: Path) -> None:
    log = tmp_path / "sent.jsonl"
    sent_log.write(log, {"step": "one"})
    with log.open("a") as file:
        file.write('{"step": "hal')
    sent_log.write(log, {"step": "two"})
    assert [line["step"] for line in sent_log.entries(log)] == ["one", "two"]


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")
