"""What is said on standard error while somebody waits, and what Ctrl-C does."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyllm_causal.analysis import Answer
from pyllm_causal.cli.waiting import Waiting
from tests.cli.terminal import ROOT, drug_table, query_file, run, table_file

QUERY = {"treatment": "drug", "outcome": "result", "adjust_for": ["age"]}


class Screen(io.StringIO):
    """A terminal, as far as we look."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with Waiting(stream=screen) as told:
        told("Table read")
        told.passing("Check 2 of 9, 10 of 100, about 12 s left, and so on and on")
        told.tell("a line that stays")
        told.passing("Check 2 of 9, 20 of 100, about 11 s left")
    text = screen.getvalue()
    assert text.startswith("✓ Table read\n\r\x1b[K  Check 2 of 9, 10 of 100, about 12 s")
    assert "…" in text and max(len(line) for line in text.replace("\r\x1b[K", "\n").split("\n")) < 40
    assert text.endswith("\r\x1b[K")  # nothing of it is left


def test_seconds_are_shown_where_the_time_left_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with Waiting(stream=screen) as told:
        told.passing("Estimating")
        told._since -= 5
        time.sleep(0.7)
    assert re.search(r"Estimating, [56] s so far", screen.getvalue())


def test_a_log_gets_a_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = io.StringIO()
    with Waiting(stream=log) as told:
        for second in range(35):
            now[0] = float(second)
            told.passing(f"Check 1 of 9, {second} of 100")
        told("9 checks")
    assert log.getvalue().splitlines() == [f"  Check 1 of 9, {s} of 100" for s in (10, 20, 30)] + ["✓ 9 checks"]


def test_nothing_is_said_where_nothing_is_wanted(tmp_path: Path) -> None:
    log = io.StringIO()
    with Waiting(stages=False, stream=log) as told:
        told("Table read")
        told.passing("Check 1 of 9, 5 of 100")
    assert log.getvalue() == ""
    arguments = ("analyse", query_file(tmp_path, QUERY), "--data", drug_table(tmp_path))
    for quiet in ("--json", "--quiet"):
        assert run(*arguments, quiet, "--simulations", "20").err == ""
    assert "✓ Table read" in run(*arguments, "--simulations", "20").err


def test_a_closed_stream_does_not_cost_the_answer() -> None:
    log = io.StringIO()
    with Waiting(stream=log) as told:
        log.close()
        told("Table read")


# ---- the options -----------------------------------------------------------------------------------------------------


def analysed(folder: Path, *options: str) -> Answer:
    found = run("analyse", query_file(folder, QUERY), "--data", drug_table(folder), "--json", *options)
    assert found.code == 0, found.err
    return Answer.model_validate(found.document)


def test_simulations_and_workers(tmp_path: Path) -> None:
    usual, more = analysed(tmp_path), analysed(tmp_path, "--simulations", "40", "--workers", "2")
    repeats = [{r.figures["repeats"] for r in a.refutations if r.check == "placebo_treatment"} for a in (usual, more)]
    assert repeats == [{100}, {40}]
    assert more.effect == usual.effect and more.provenance["simulations"] == 40
    assert "simulations" not in usual.provenance and "partial" not in usual.provenance
    for wrong in (("--simulations", "19"), ("--simulations", "10001"), ("--workers", "0")):
        assert run("analyse", query_file(tmp_path, QUERY), "--data", drug_table(tmp_path), *wrong).code == 2


def test_an_unchecked_answer_says_so_and_is_less_sure(tmp_path: Path) -> None:
    usual, bare = analysed(tmp_path), analysed(tmp_path, "--no-checks")
    assert bare.effect == usual.effect and bare.provenance["checks"] is False
    assert [r.check for r in bare.refutations] in ([], ["other_methods"])
    assert "nothing was checked" in " ".join(bare.text.split())
    order = ["very_low", "low", "moderate", "high"]
    assert usual.certainty is not None and bare.certainty is not None
    assert order.index(bare.certainty.level) < order.index(usual.certainty.level)


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------------


def pressed(folder: Path, seen: str, *options: str, times: int = 1) -> tuple[int, str, str]:
    """(exit code, standard output, what the terminal showed) of a long analysis during which Ctrl-C is pressed at `seen`."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3000, 3))
    drug = (rng.random(3000) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    well = (rng.random(3000) < 1 / (1 + np.exp(-drug - x[:, 0]))).astype(int)
    columns: dict[str, Any] = {name: x[:, i].tolist() for i, name in enumerate("abc")}
    table = table_file(folder, {**columns, "drug": drug.tolist(), "well": well.tolist()})
    query = query_file(folder, {"treatment": "drug", "outcome": "well", "adjust_for": list("abc")})
    out = folder / "out.txt"
    arguments = ["-m", "pyllm_causal", "analyse", str(query), "--data", str(table), "--simulations", "10000", *options]
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
        os.environ |= {"TERM": "xterm", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, *arguments])
    shown, sent, until = b"", 0, time.monotonic() + 90
    try:
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    got = os.read(terminal, 65536)
                except OSError:  # the other end is closed
                    break
                if not got:
                    break
                shown += got
            if sent < times and (seen, "The checks are stopped")[sent].encode() in shown:
                os.write(terminal, b"\x03")
                sent += 1
        else:
            os.kill(child, signal.SIGKILL)
    finally:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
    return code, out.read_text(encoding="utf-8"), shown.decode()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_gives_what_is_done(workers: str, tmp_path: Path) -> None:
    code, out, shown = pressed(tmp_path, "Check 1 of", "--workers", workers, "--json")
    assert code == 0, shown
    answer = Answer.model_validate(json.loads(out))
    assert answer.status == "answered" and answer.effect is not None, shown
    assert answer.provenance["partial"] is True and answer.certainty is not None
    assert any("not all checks were done: you stopped me after" in reason for reason in answer.certainty.down)
    assert "stopped me after" in " ".join(answer.text.split())
    assert "Traceback" not in shown


def test_ctrl_c_before_the_estimate_gives_nothing(tmp_path: Path) -> None:
    code, out, shown = pressed(tmp_path, "Causes sorted out")
    assert code == 130 and out == "" and "Stopped: there is no answer yet." in shown and "Traceback" not in shown


def test_ctrl_c_twice_ends_everything(tmp_path: Path) -> None:
    code, out, shown = pressed(tmp_path, "Check 1 of", "--workers", "2", times=2)
    assert code == 130 and out == "" and "Traceback" not in shown
