"""The script behind `make setup`: it goes by what the machine says about its package index, and shows that it is at work."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A Python that answers what the script asks; what its pip says is in the file `said`, and without that file it has no pip.
PYTHON = """#!/bin/bash
case "$*" in
    *"-m pip config list"*) cat said 2>/dev/null ;;
    *"-m pip"* | *"-m venv"*) echo "No module named pip" >&2; exit 1 ;;
    *"print(sys.executable)"*) echo "$0" ;;
esac
"""
UV = """#!/bin/bash
echo "$1 $2 index=${UV_DEFAULT_INDEX:-} cert=${SSL_CERT_FILE:-}" >> log
[[ $1 == venv ]] && mkdir -p .venv/bin && cp python .venv/bin/python
exit 0
"""


def set_up(folder: Path, said: str | None, uv: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
    for name, text in [("python", PYTHON), *([("uv", UV)] if uv else [])]:
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    if said is not None:
        (folder / "said").write_text(said, encoding="utf-8")
    path = f"{folder}:/usr/bin:/bin"
    assert uv or shutil.which("uv", path=path) is None
    return subprocess.run(
        ["bash", "tools/setup.sh"], cwd=folder, env={"PATH": path, "PYTHON": str(folder / "python")} | environment,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "environment", "index", "cert"),
    [
        ("", {}, "", ""),
        (None, {}, "", ""),
        ("global.cert='/etc/company.pem'\nglobal.timeout='9'\n", {}, "", "/etc/company.pem"),
        ("install.index-url='https://mirror/simple'\n", {}, "https://mirror/simple", ""),
        (":env:.index-url='https://b/simple'\nglobal.extra-index-url='https://c'\n", {}, "https://b/simple", ""),
        ("global.index-url='https://b'\n", {"UV_DEFAULT_INDEX": "https://own"}, "https://own", ""),
        ("global.cert='/a.pem'\n", {"SSL_CERT_FILE": "/own.pem"}, "", "/own.pem"),
    ],
)
def test_index_and_certificates_of_pip_hold_for_uv(
    said: str | None, environment: dict[str, str], index: str, cert: str, tmp_path: Path
) -> None:
    done = set_up(tmp_path, said, **environment)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [call.split()[0] for call in calls] == ["venv", "pip", "pip"]
    assert all(call.endswith(f"index={index} cert={cert}") for call in calls)
    assert "minutes" in done.stderr


def test_without_pip_and_uv_it_says_what_to_install(tmp_path: Path) -> None:
    done = set_up(tmp_path, None, uv=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("uv could not be fetched with ")
