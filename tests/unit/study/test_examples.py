"""The examples in the docstrings run, on a fixture."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pyllm_causal
from pyllm_causal import analysis, graph, pipeline
from pyllm_causal.study import asking, study

ROOT = Path(__file__).parents[3]


def test_the_examples_of_a_study_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(study)
    assert found.attempted >= 9 and found.failed == 0


@pytest.mark.parametrize("module", [analysis, asking, graph, pipeline], ids=lambda m: m.__name__)
def test_the_examples_of_the_public_names_run(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(module)
    assert found.attempted >= 1 and found.failed == 0


def test_every_public_name_has_an_example_that_is_run() -> None:
    """`Table` and `CausalError` are met, not made; of records, whose own text stands in their schema, a method has it."""
    public = set(pyllm_causal.__all__) - {"Table", "CausalError", "Query", "__version__"}
    method = {"Answer": pyllm_causal.Answer.to_frame, "Graph": pyllm_causal.Graph.of}
    assert {n for n in public if ">>>" not in (method.get(n, getattr(pyllm_causal, n)).__doc__ or "")} == set()


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
