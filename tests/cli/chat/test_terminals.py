"""Terminals of every kind: one that completes, one that is a pipe, a table that changed, a disk that cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.chat.terminals import PROMPT, Person
from tests.cli.terminal import Run, drug_table, run

QUESTION = "does drug change result?"


@pytest.fixture(autouse=True)
def own_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def talk(table: Path, *lines: str, options: tuple[str, ...] = ("--no-checks",)) -> Run:
    """Lines through a pipe, in this process."""
    return run("chat", table, *options, stdin="".join(f"{line}\n" for line in lines))


def test_a_full_terminal_completes_columns_and_commands(tmp_path: Path) -> None:
    environment = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "NO_COLOR": "1"}
    person = Person(drug_table(tmp_path), "--no-checks", folder=tmp_path, environment=environment)
    person.wait_for("you ›")
    person.press(b"/col\t\r")
    person.wait_for("whole number")
    person.wait_for("\x1b[?2004h", 2)  # the next prompt
    person.press(b"does dr\t")
    person.wait_for("ug", 2)
    person.press(b" change result?\r")
    person.wait_for("I read that as")
    person.wait_for("\x1b[?2004h", 3)
    shown = person.screen.count("does drug change result?")
    person.press(b"\x1b[A")  # the line before comes back
    person.wait_for("does drug change result?", shown + 1)
    person.press(b"\x15/quit\r")
    assert person.end() == 0, person.complaints()
    assert "\x1b[33m" not in person.screen and "\x1b[32m" not in person.screen  # NO_COLOR


def test_a_pipe_is_answered_like_a_person_without_codes(tmp_path: Path) -> None:
    table = drug_table(tmp_path)
    done = talk(table, QUESTION, "", "what if we only look at people over 45?", "why?", "nonsense words")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out and "▶" not in done.out and "\x1b" not in done.err
    assert f"{PROMPT}{QUESTION}\n" in done.out  # lines out of a pipe are echoed
    assert "People over 45:" in done.out and "Everyone else:" in done.out
    assert "1  ask it as a new question   (Enter)" in done.out
    assert "✓ Causes sorted out" in done.err and "✓" not in done.out.split("which checks")[0].split("How sure")[0]


def test_a_table_that_has_changed_is_said(tmp_path: Path) -> None:
    table = drug_table(tmp_path)
    talk(table, QUESTION, "")
    table.write_text(table.read_text().rstrip("\n").rsplit("\n", 1)[0] + "\n")
    done = talk(table, "/compare", options=("--no-checks", "--continue"))
    assert "The table has changed since: it had 80 rows then and has 79 now" in " ".join(done.out.split())
    assert "drug → result" in done.out


def test_a_chat_where_nothing_can_be_written_goes_on_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    done = talk(drug_table(tmp_path), QUESTION, "")
    assert done.code == 0 and "This session cannot be kept" in done.err and "How sure are we?" in done.out
