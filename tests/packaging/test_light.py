"""Starting up stays light: nothing heavy is imported, and the CPU time is a small multiple of a bare interpreter's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import startup

HEAVY = ("dowhy", "litellm", "openai", "causallearn", "pandas", "numpy", "matplotlib", "statsmodels", "sklearn")
REPORT = f"import json, sys; print('HEAVY', json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
RUN_CLI = """
import sys
from pyllm_causal.cli import main
sys.argv = ["pyllm-causal", "OPTION"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize(
    "code",
    ["import pyllm_causal\n", RUN_CLI.replace("OPTION", "--help"), RUN_CLI.replace("OPTION", "--version")],
    ids=["import", "help", "version"],
)
def test_nothing_heavy_is_imported(code):
    done = subprocess.run(
        [sys.executable, "-c", code + REPORT], capture_output=True, text=True, check=False, cwd=startup.ROOT
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert json.loads(last.removeprefix("HEAVY ")) == []


def test_starting_costs_little():
    taken = startup.medians({"bare": startup.BARE, "import": startup.IMPORT, "help": startup.HELP})
    assert taken["import"] <= startup.RATIO_GOAL * taken["bare"], taken
    assert taken["help"] <= startup.RATIO_GOAL * taken["bare"], taken
