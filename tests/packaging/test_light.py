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


# The import costs next to nothing beside the interpreter itself, and the command line less than thrice the library that it
# is made with: an import of numpy alone breaks either.
IMPORT_GOAL, HELP_GOAL = 5.0, 2.8


def test_starting_costs_little():
    taken = startup.least(
        {"bare": startup.BARE, "frame": startup.FRAME, "import": startup.IMPORT, "help": startup.HELP}
    )
    assert taken["import"] <= IMPORT_GOAL * taken["bare"], taken
    assert taken["help"] <= HELP_GOAL * taken["frame"], taken


def test_the_measure_sees_a_heavy_import():
    heavy = (sys.executable, "-c", "import numpy, pyllm_causal")
    taken = startup.least({"bare": startup.BARE, "frame": startup.FRAME, "heavy": heavy}, runs=5)
    assert taken["heavy"] > IMPORT_GOAL * taken["bare"], taken
    # added to what `--help` costs now, it is too much
    assert taken["heavy"] > (HELP_GOAL - 2.1) * taken["frame"], taken
