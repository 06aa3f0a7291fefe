"""Text wrapped anew for a narrow screen: nothing lost, nothing too wide, wide screens as they were."""

from __future__ import annotations

import re

import pytest

from pyllm_causal.report.refit import fitted
from pyllm_causal.report.text import WIDTH, fill, item

LONG = "the first reason is so long that it takes more than one line of the text, and then some more words"
TEXT = "\n\n".join(
    [
        fill(f"{LONG}. {LONG}."),
        "\n".join(["How sure are we?   Low   ●●○○", *item("+", LONG).split("\n"), item("−", "short"), item(" ", LONG)]),
        item("?", f"{'a_column_that_is_wider_than_any_screen_' * 2} {LONG}"),
    ]
)


@pytest.mark.parametrize("width", [40, 60, 79, 87])
def test_a_narrow_screen_gets_narrow_lines_and_every_word(width: int) -> None:
    found = fitted(TEXT, width)
    assert re.sub(r"\s+", " ", found) == re.sub(r"\s+", " ", TEXT)
    assert all(len(line) <= width or " " not in line.strip("? ") for line in found.split("\n"))
    assert len([line for line in found.split("\n") if line.startswith(("  + ", "  − ", "  ? "))]) == 3
    lines = found.split("\n")
    reason = next(i for i, line in enumerate(lines) if line.startswith("  + "))
    assert lines[reason + 1].startswith("    ") and lines[reason + 1][4] != " "


@pytest.mark.parametrize("width", [WIDTH, 200])
def test_a_wide_screen_changes_nothing(width: int) -> None:
    assert fitted(TEXT, width) == TEXT
    assert fitted("short", 20) == "short"


@pytest.mark.parametrize(("terminal", "widest"), [(True, 59), (False, WIDTH)])
def test_only_a_terminal_is_narrow(monkeypatch: pytest.MonkeyPatch, terminal: bool, widest: int) -> None:
    from pyllm_causal.cli import console

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    text = fill(f"{LONG}. {LONG}.")
    assert WIDTH - 10 < max(map(len, text.split("\n"))) <= WIDTH
    assert widest - 10 < max(map(len, console.fitted(text).split("\n"))) <= widest
