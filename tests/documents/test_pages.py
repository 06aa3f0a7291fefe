"""Every block of code in README and docs runs, and prints what is written under it (`python -m tools.documents` rewrites it)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.documents import ROOT, RUN, Wrong, blocks_of, pages, rendered

# Why a block may stand there without being run.
REASONS = {
    "it makes the environment in which this page is run",
    "it asks a model",
    "it takes minutes or more",
}
NAMES = [str(page.relative_to(ROOT)) for page in pages()]


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_page_does_what_it_shows(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert rendered(text) == text, f"python -m tools.documents {name}"


def test_what_is_not_run_has_a_known_reason_and_most_is_run() -> None:
    blocks = [b for name in NAMES for b in blocks_of((ROOT / name).read_text(encoding="utf-8")) if b.language in RUN]
    excused = [b.said["not run"] for b in blocks if "not run" in b.said]
    assert set(excused) <= REASONS
    assert len(excused) < len(blocks) / 5


def unnamed(text: str) -> list[str]:
    """The files that a page's blocks become without a word that a reader sees: the comment above a block is not shown."""
    out, parts = [], re.split(r"^ *```.*\n(?:.*\n)*?^ *```\s*$", text, flags=re.MULTILINE)
    for block, before, after in zip(blocks_of(text), parts, parts[1:], strict=False):
        seen = re.sub(r"<!--.*?-->", "", f"{before} {after}")
        out += [block.said["file"]] if "file" in block.said and block.said["file"] not in seen else []
    return out


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_is_told_what_to_save_a_block_as(name: str) -> None:
    assert unnamed((ROOT / name).read_text(encoding="utf-8")) == []


def test_a_file_that_only_the_comment_names_is_seen() -> None:
    page = "Save {0}this:\n\n<!-- file: a.txt -->\n```text\nx\n```\n\n```console\n$ cat a.txt\nx\n```\n"
    assert unnamed(page.format("")) == ["a.txt"]
    assert unnamed(page.format("as `a.txt` ")) == []


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("```console\n$ pyllm-causal schema quer\n```", "ends with 2, not 0"),
        ("<!-- exit: 2 -->\n```console\n$ pyllm-causal --version\n```", "ends with 0, not 2"),
        ("```console\n$ rm -rf /\n```", "is not known here"),
        ("```console\npyllm-causal --version\n```", "begins with"),
        ("<!-- not ran: it is slow -->\n```console\n$ x\n```", "is none of"),
        ("<!-- not run: -->\n```console\n$ x\n```", "is none of"),
        ("```sh\nls\n```", "needs `not run"),
        ("```console\n$ pyllm-causal --version\n", "never ends"),
    ],
)
def test_a_page_that_does_not_work_is_seen(page: str, says: str) -> None:
    with pytest.raises(Wrong, match=says):
        rendered(page)


def test_output_that_changed_is_seen_and_parts_are_left_out_visibly() -> None:
    page = "```console\n$ pyllm-causal --version\npyllm-causal 0.0.0\n```"
    assert rendered(page) != page
    code = "```python\nprint('a'); print(); print('b'); print(); print('c')\n```\n\n<!-- shows: 1 3 -->\n```text\n```"
    assert rendered(code).endswith("```text\na\n\n…\n\nc\n```")


def test_a_python_block_that_fails_fails_the_page() -> None:
    with pytest.raises(ZeroDivisionError):
        rendered("```python\n1 / 0\n```")


def test_running_a_page_leaves_the_folder_and_the_environment_alone() -> None:
    before = Path.cwd()
    rendered("<!-- file: left.txt -->\n```text\nx\n```\n\n```console\n$ cat left.txt\nx\n```")
    assert Path.cwd() == before
    assert not (before / "left.txt").exists()
