"""`export script`, `rerun` and `lint` from the command line: output, exit codes, and answers that are none of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pyllm_causal import analyse
from pyllm_causal.cli import app

QUERY = {"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with an effect of 2, and its answer."""
    place = tmp_path_factory.mktemp("repeat")
    rng = np.random.default_rng(0)
    t = rng.integers(0, 2, 200)
    frame = pd.DataFrame({"t": t, "y": 2 * t + rng.normal(size=200), "other": rng.normal(size=200)}).round(4)
    frame.to_csv(place / "table.csv", index=False)
    answer = analyse(QUERY, place / "table.csv", checks=False)
    (place / "answer.json").write_text(answer.model_dump_json(), encoding="utf-8")
    return place


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return found


def test_a_script_is_printed_or_written(folder: Path, tmp_path: Path) -> None:
    printed = run("export", "script", folder / "answer.json")
    assert printed.exit_code == 0
    assert printed.stdout.startswith('"""Repeats one causal answer')
    out = tmp_path / "repeat.py"
    written = run("export", "script", folder / "answer.json", "--data", folder / "table.csv", "--out", out)
    assert written.exit_code == 0
    assert written.stdout == ""
    assert out.read_text(encoding="utf-8") == printed.stdout


def test_a_place_that_cannot_be_written_is_said(folder: Path, tmp_path: Path) -> None:
    found = run("export", "script", folder / "answer.json", "--out", tmp_path / "absent" / "repeat.py")
    assert found.exit_code == 2
    assert "--out" in found.stderr


def test_the_same_answer_is_the_same(folder: Path) -> None:
    found = run("rerun", folder / "answer.json", "--data", folder / "table.csv", "--json")
    told = json.loads(found.stdout)
    assert found.exit_code == 0
    assert told["same"] and told["differs"] == [] and told["apart"] == 0
    assert told["old"] == told["new"]


def test_what_differs_is_said(folder: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(folder / "table.csv")
    frame["y"] += 0.1 * frame["t"]
    frame["more"] = 1
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = run("rerun", folder / "answer.json", "--data", tmp_path / "table.csv")
    assert found.exit_code == 2
    assert "1 column more; other values in y" in found.stdout
    assert "of a standard error apart" in found.stdout
    told = json.loads(run("rerun", folder / "answer.json", "--data", tmp_path / "table.csv", "--json").stdout)
    error = document(folder)["effect"]["std_error"]
    assert told["apart"] == pytest.approx(0.1 / error, rel=1e-6)
    assert told["new"]["value"] - told["old"]["value"] == pytest.approx(0.1)


def test_a_description_is_made_again_too(folder: Path, tmp_path: Path) -> None:
    answer = analyse({"kind": "association", "treatment": "t", "outcome": "y"}, folder / "table.csv")
    told = json.loads(answer.model_dump_json())
    (tmp_path / "answer.json").write_text(json.dumps(told), encoding="utf-8")
    assert run("rerun", tmp_path / "answer.json", "--data", folder / "table.csv").exit_code == 0
    key = next(k for k, v in told["association"].items() if isinstance(v, float))
    told["association"][key] += 1
    (tmp_path / "answer.json").write_text(json.dumps(told), encoding="utf-8")
    found = run("rerun", tmp_path / "answer.json", "--data", folder / "table.csv")
    assert found.exit_code == 2
    assert "What it says of the table was otherwise." in found.stdout


def test_columns_that_were_not_used_are_told_from_those_that_were(folder: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(folder / "table.csv")
    frame["other"] += 1
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = run("rerun", folder / "answer.json", "--data", tmp_path / "table.csv")
    assert found.exit_code == 2
    assert "the columns that were used are the same" in found.stdout
    assert "The effect was" not in found.stdout


def test_a_column_that_is_gone_is_named(folder: Path, tmp_path: Path) -> None:
    pd.read_csv(folder / "table.csv").drop(columns="y").to_csv(tmp_path / "table.csv", index=False)
    found = run("rerun", folder / "answer.json", "--data", tmp_path / "table.csv")
    assert found.exit_code == 2
    assert "does not have: y" in found.stderr


def test_an_effect_and_a_check_that_changed_are_said(folder: Path, tmp_path: Path) -> None:
    changed = document(folder)
    changed["effect"]["value"] += changed["effect"]["std_error"]
    changed["certainty"]["level"] = "high"
    changed["provenance"]["versions"]["numpy"] = "0.1"
    (tmp_path / "answer.json").write_text(json.dumps(changed), encoding="utf-8")
    found = run("rerun", tmp_path / "answer.json", "--data", folder / "table.csv")
    assert found.exit_code == 2
    assert "1.0 of a standard error apart" in found.stdout
    assert "The certainty was high" in found.stdout
    assert "numpy was 0.1" in found.stdout


def test_a_sentence_is_held_against_the_answer(folder: Path, tmp_path: Path) -> None:
    wrong = run("lint", "t proves that y is lower.", folder / "answer.json")
    assert wrong.exit_code == 2
    assert "overclaim" in wrong.stdout and "direction" in wrong.stdout
    (tmp_path / "text.txt").write_text("We used 200 of 200 rows.", encoding="utf-8")
    right = run("lint", f"@{tmp_path / 'text.txt'}", folder / "answer.json", "--json")
    assert right.exit_code == 0
    assert json.loads(right.stdout) == {"clean": True, "sentences": 1, "findings": []}
    assert run("lint", "@absent.txt", folder / "answer.json").exit_code == 2


@pytest.mark.parametrize("command", ["export", "rerun", "lint"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[1, 2]", "no `status`"),
        ('{"status": "answered", "effect": {"value": NaN}}', "JSON cannot"),
        ('{"status": "perhaps"}', "`status`"),
        (
            '{"status": "answered", "verdict": "yes", "provenance": {"versions": {"pyllm_causal": "9.9"}}}',
            "does not know: verdict",
        ),
        ("[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_answer_is_refused(command: str, text: str, said: str, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(text, encoding="utf-8")
    before = {"export": ["export", "script"], "rerun": ["rerun"], "lint": ["lint", "y is higher."]}[command]
    found = run(*before, file, *([] if command == "lint" else ["--data", folder / "table.csv"]))
    assert found.exit_code == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_version_that_knew_more_is_named(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(
        '{"status": "answered", "verdict": 1, "provenance": {"versions": {"pyllm_causal": "9.9"}}}', encoding="utf-8"
    )
    assert "version 9.9" in run("lint", "y is higher.", file).stderr


def test_an_answer_without_a_query_cannot_be_made_again(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text('{"status": "answered"}', encoding="utf-8")
    found = run("rerun", file, "--data", folder / "table.csv")
    assert found.exit_code == 2
    assert "holds no query" in found.stderr
