"""`make report-check`: one report a design, opened in a headless browser. Says so, and exits 0, where that cannot be done.

python -m tools.report_check [FOLDER]     FOLDER keeps the reports and pictures of them
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(folder: str | None) -> int:
    """0 where nothing is wrong or nothing could be checked, 1 where something is."""
    browser = os.environ.get("BROWSER_PATH") or next((p for b in BROWSERS if (p := shutil.which(b))), None)
    if browser is None or shutil.which("node") is None:
        print("Not checked: this needs Chromium (apt-get install chromium, or BROWSER_PATH) and Node.")
        return 0
    if not (HERE / "node_modules").exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
        if shutil.which("npm") is None or subprocess.run(command, cwd=HERE, check=False).returncode:
            print("Not checked: playwright-core and axe-core could not be installed from npm.")
            return 0
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(folder or temporary)
        out.mkdir(parents=True, exist_ok=True)
        pages = [str(p) for p in written(out)]
        keep = str(out / "pictures") if folder else "-"
        return subprocess.run(["node", str(HERE / "check.mjs"), browser, keep, *pages], check=False).returncode


def written(folder: Path) -> list[Path]:
    """A report on every design in `folder`."""
    from pyllm_causal.report.document import write
    from tests.unit.report.designs import WORLDS, answer

    return [write(answer(name), folder / f"{name}.html")[0] for name in WORLDS]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
