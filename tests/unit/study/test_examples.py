"""The examples in the docstrings run, on a fixture."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

from pyllm_causal.study import study

ROOT = Path(__file__).parents[3]


def test_the_examples_of_a_study_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(study)
    assert found.attempted >= 9 and found.failed == 0


def test_an_analysis_leaves_alone_how_python_prints() -> None:
    code = """
import sys
import pyllm_causal as causal
hook = sys.displayhook
study = causal.Study("fixtures/data/nhefs.csv", checks=False)
study.analyse({"treatment": "qsmk", "outcome": "wt82_71", "graph": {"edges": [["age", "qsmk"], ["age", "wt82_71"], ["qsmk", "wt82_71"]]}})
assert "dowhy" in sys.modules and sys.displayhook is hook
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
