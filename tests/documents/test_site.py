"""The site can be built, strictly, and reaches for nothing outside itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.documents import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_is_there_and_in_the_menu(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in pages:
        assert (site / page).with_suffix(".html").exists()
        assert re.search(rf" {re.escape(str(page))}$", menu, re.MULTILINE), page


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(
            r"<(?:script|img|iframe|link rel=\"(?:stylesheet|preconnect|icon)\")[^>]*(?:src|href)=\"(https?:)?//", text
        )
        assert not fetched, page
        assert "fonts.googleapis" not in text


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_what_is_copied_is_what_is_typed(site: Path) -> None:
    """The theme marks a block while it is copied, and the style leaves prompts and output out of what is marked."""
    page = (site / "tutorial.html").read_text(encoding="utf-8")
    assert 'class="gp"' in page and 'class="go"' in page and "site.css" in page
    rule = re.search(r"([^{}]*)\{\s*display: none;\s*\}", (site / "site.css").read_text(encoding="utf-8"))
    assert rule and all(f"[data-md-copying] .{kind}" in rule[1] for kind in ("gp", "go"))
    assert any(
        "data-md-copying" in p.read_text(encoding="utf-8") for p in (site / "assets" / "javascripts").glob("bundle*.js")
    )
