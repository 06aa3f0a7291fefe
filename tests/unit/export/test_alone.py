"""The script by itself: in a process that cannot import this package; what it holds; what is refused, and why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from export_worlds import EVIL, WORLDS

from pyllm_causal import analyse
from pyllm_causal.analysis import Answer
from pyllm_causal.errors import DataError
from pyllm_causal.export import beside, script
from pyllm_causal.export.excerpt import Ref, excerpt
from pyllm_causal.export.writer import NotExported

CLEAN = 'import sys, runpy; sys.modules["pyllm_causal"] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="__main__")'


def made(name: str, folder: Path, **changes: Any) -> tuple[Answer, Path]:
    world = next(w for w in WORLDS if w.name == name)
    table = folder / "table.csv"
    world.make().to_csv(table, index=False)
    return analyse({**world.query, "method": world.method, **changes}, table, checks=False), table


def alone(text: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "repeat.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-W", "error", "-c", CLEAN, str(folder / "repeat.py"), *arguments]
    env = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, check=False, timeout=120)


def test_it_runs_where_this_package_is_not(tmp_path: Path) -> None:
    answer, table = made("regression", tmp_path)
    text = script(answer, table)
    assert "pyllm_causal" not in text
    done = alone(text, tmp_path)  # the table by its name, beside the script
    assert done.returncode == 0, done.stderr
    assert answer.effect is not None
    assert done.stdout.split()[:2] == ["value", f"{answer.effect.value:.12g}"]
    assert not list(tmp_path.glob("hacked*"))


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("means", "ttest_ind"), ("regression", "statsmodels"), ("regression_treated", "statsmodels"),
        ("regression_clustered", "statsmodels"), ("did_halves", "statsmodels"), ("2sls", "linearmodels"),
        ("liml", "linearmodels"), ("cox", "PHReg"),
    ],
)  # fmt: skip
def test_a_library_that_people_know_does_it_where_it_can(name: str, library: str, tmp_path: Path) -> None:
    answer, table = made(name, tmp_path)
    text = script(answer, table)
    assert library in text
    assert len(text.splitlines()) < 400, "short enough to be read"


def test_a_script_that_would_not_repeat_its_answer_is_not_written(tmp_path: Path) -> None:
    answer, table = made("means", tmp_path)
    assert answer.effect is not None
    wrong = answer.model_copy(
        update={"effect": answer.effect.model_copy(update={"value": answer.effect.value * 1.001})}
    )
    with pytest.raises(NotExported, match="same figures"):
        script(wrong, table)


def test_names_are_literals_alone(tmp_path: Path) -> None:
    answer, table = made("regression", tmp_path)
    text = script(answer, table)
    # the hostile name stands in one place, the literal of the recipe, and as a string
    code = text[text.index("# ---") :]
    assert EVIL not in code and "touch hacked" not in code
    assert "touch hacked" in text


def test_a_percentage_change_of_a_count_reads_as_one(tmp_path: Path) -> None:
    answer, table = made("regression_count", tmp_path)
    assert answer.effect is not None and answer.effect.scale == "percent"
    assert "'scale': 'percent'" in script(answer, table)


@pytest.mark.parametrize("change", [{"kind": "association", "treatment": "age", "method": None}, {"missing": "impute"}])
def test_what_cannot_be_written_is_refused_with_a_reason(tmp_path: Path, change: dict[str, Any]) -> None:
    answer, table = made("regression", tmp_path, **change)
    with pytest.raises(NotExported) as caught:
        script(answer, table)
    assert caught.value.hint


def test_a_description_of_two_groups_is_repeated(tmp_path: Path) -> None:
    answer, table = made("regression", tmp_path, kind="association", method=None, where="site == 'n'")
    assert answer.status == "not_causal" and answer.association is not None
    done = alone(script(answer, table), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:2] == ["value", f"{answer.association['value']:.12g}"]


def test_another_table_is_refused(tmp_path: Path) -> None:
    answer, table = made("means", tmp_path)
    table.write_text(table.read_text().replace("x", "q"))
    with pytest.raises(DataError, match="not the table"):
        script(answer, table)


def test_a_file_that_pandas_reads_otherwise_is_refused(tmp_path: Path) -> None:
    answer, table = made("means", tmp_path)
    table.write_bytes(table.read_bytes().replace(b"site", "Ort ä".encode("latin-1")))
    answer = analyse({"treatment": "t", "outcome": "y", "design": {"kind": "randomised"}}, table, checks=False)
    with pytest.raises(NotExported, match="UTF-8"):
        script(answer, table)


def test_semicolons_and_decimal_commas_are_read_again(tmp_path: Path) -> None:
    world = next(w for w in WORLDS if w.name == "means")
    table = tmp_path / "table.csv"
    world.make().to_csv(table, index=False, sep=";", decimal=",")
    answer = analyse(world.query, table, checks=False)
    done = alone(script(answer, table), tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_table_is_found_beside_the_answer(tmp_path: Path) -> None:
    answer, table = made("means", tmp_path)
    assert beside(answer, tmp_path / "answer.json") == table
    table.unlink()
    with pytest.raises(DataError, match="--data"):
        beside(answer, tmp_path / "answer.json")


def test_an_excerpt_tells_names_of_two_modules_apart() -> None:
    _, code = excerpt(Ref("pyllm_causal.export.parts.common", "with_doubly_robust"))
    defined = [line.split("(")[0] for line in code.splitlines() if line.startswith(("def ", "class "))]
    assert len(defined) == len(set(defined))
    assert "import numpy" not in code  # imports stand at the top of the file
    with pytest.raises(LookupError):
        excerpt(Ref("pyllm_causal.export.parts.common", "absent"))
