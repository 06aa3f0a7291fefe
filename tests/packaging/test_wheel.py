"""What is shipped: the package, its prompts as git has them, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def prompts_in_git() -> dict[str, bytes]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "prompts"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive, not a clone
        paths = [path for path in (ROOT / "prompts").rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def test_prompts_are_those_of_git(wheel):
    prefix = "pyllm_causal/"
    shipped = {
        name.removeprefix(prefix): wheel.read(name) for name in wheel.namelist() if name.startswith(prefix + "prompts/")
    }
    assert shipped == prompts_in_git()
    assert any(name.endswith(".md") for name in shipped)


def test_the_package_is_whole_and_alone(wheel):
    names = set(wheel.namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pyllm_causal").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources <= names
    assert "pyllm_causal/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pyllm_causal"}


def test_script_and_licence_are_declared(wheel):
    info = {name.split("/", 1)[1]: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "pyllm-causal = pyllm_causal.cli:main" in wheel.read(info["entry_points.txt"]).decode()
    assert "License-Expression: MIT" in wheel.read(info["METADATA"]).decode()
    assert "licenses/LICENSE" in info


def test_the_lock_names_no_registry_and_no_folder():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert "--find-links" not in lock
    assert "--index" not in lock
