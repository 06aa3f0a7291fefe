"""Run the code in the documents and write what it printed under it: `python -m tools.documents` (`--check` only compares).

Every page is run from top to bottom in an empty folder that holds nothing but `fixtures`. What its blocks may be:

- ```console: lines that begin with `$ ` are run (a line that ends in `\\` goes on); the other lines are what was printed.
  `pyllm-causal`, `cat FILE` and `python FILE` are known, and `> FILE` writes the output to a file, `< FILE` types what is in it.
  What went to standard error is shown only where nothing else was printed.
- ```python: is run, all blocks of a page in one namespace; a ```text block right after it holds what it printed.
- ```json, ```toml and the like: with `file: NAME` in the comment above, they become that file.

A comment on the line above says more, its parts divided by `;`:

    <!-- shows: 1-2 4 -->   only these paragraphs of what was printed; of the last
                            command; `…` stands for the others; `shows: none`, of no command
    <!-- lines: 1-6 -->     the same, counted in lines
    <!-- exit: 3 -->        the exit code that is right here (0 unless said)
    <!-- file: NAME -->     the block is the contents of this file
    <!-- varies: WHY -->    it is run, but what it prints differs between machines, so what is written stays
    <!-- not run: WHY -->   it is not run, for this reason
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^( *)```(\w*)\s*$")
_COMMENT = re.compile(r"^ *<!-- (.*) -->$")
_KNOWN = ("shows", "lines", "exit", "file", "varies", "not run")
RUN = ("console", "python")
PASSIVE = ("json", "toml", "text", "yaml", "csv", "mermaid", "dot")  # data and pictures; nothing in them can be run


@dataclass
class Block:
    """A fenced block: its language, its lines without the fences, and what the comment above it says."""

    language: str
    lines: list[str]
    line: int
    said: dict[str, str] = field(default_factory=dict)
    indent: str = ""


class Wrong(AssertionError):
    """A document that does not do what it says."""


def pages() -> list[Path]:
    """README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page. Raises `Wrong` for a comment that says nothing known, or a block that never ends."""
    return [part for part in _parts(text) if isinstance(part, Block)]


def _parts(text: str) -> Iterator[str | Block]:
    lines = text.split("\n")
    place, before = 0, ""
    while place < len(lines):
        found = _FENCE.match(lines[place])
        if found is None:
            before = lines[place]
            yield lines[place]
            place += 1
            continue
        indent = found[1]
        try:
            end = next(i for i in range(place + 1, len(lines)) if lines[i].strip() == "```")
        except StopIteration:
            raise Wrong(f"line {place + 1}: the block never ends") from None
        inner = [line.removeprefix(indent) for line in lines[place + 1 : end]]
        yield Block(found[2], inner, place + 1, _said(before, place), indent)
        place, before = end + 1, ""


def _said(line: str, place: int) -> dict[str, str]:
    comment = _COMMENT.match(line)
    if comment is None:
        return {}
    said = {}
    for part in comment[1].split(";"):
        name, colon, value = part.strip().partition(":")
        if name not in _KNOWN or not colon or not value.strip():
            raise Wrong(f"line {place}: {part.strip()!r} is none of {', '.join(_KNOWN)}, each with what it says")
        said[name] = value.strip()
    return said


def rendered(text: str) -> str:
    """The page with the output of its code as it is now. Raises `Wrong` where something cannot be run as it stands."""
    out: list[str] = []
    printed: str | None = None
    names: dict[str, Any] = {"__name__": "__main__"}
    with folder():
        for part in _parts(text):
            if isinstance(part, str):
                out.append(part)
                printed = printed if not part.strip() or _COMMENT.match(part) else None
                continue
            lines, printed = _run(part, names, printed)
            out += [
                f"{part.indent}```{part.language}",
                *((part.indent + line).rstrip() for line in lines),
                f"{part.indent}```",
            ]
    return "\n".join(out)


def _run(block: Block, names: dict[str, Any], printed: str | None) -> tuple[list[str], str | None]:
    """(the block's lines as they should be, what a python block printed)."""
    if "not run" in block.said:
        return block.lines, None
    if "file" in block.said:
        Path(block.said["file"]).write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        return block.lines, None
    if block.language == "console":
        return _console(block), None
    if block.language == "python":
        return block.lines, _python(block, names)
    if block.language == "text" and printed is not None:
        return block.lines if "varies" in block.said else _shown(printed, block.said), None
    if block.language in PASSIVE:
        return block.lines, None
    raise Wrong(f"line {block.line}: a block of {block.language or 'no language'} needs `not run: WHY`")


def _console(block: Block) -> list[str]:
    out: list[str] = []
    commands = _commands(block)
    nothing = block.said.get("shows") == "none"
    for place, (typed, command, old) in enumerate(commands):
        code, printed = _command(command, block.line)
        last = place == len(commands) - 1
        wanted = int(block.said.get("exit", 0)) if last else 0
        if code != wanted:
            raise Wrong(f"line {block.line}: {command}\nends with {code}, not {wanted}:\n{printed}")
        out += typed + (old if "varies" in block.said else _shown(printed, block.said if last or nothing else {}))
    return out


def _commands(block: Block) -> list[tuple[list[str], str, list[str]]]:
    """(the lines typed, the command, the lines under it) for every command of a console block."""
    found: list[tuple[list[str], str, list[str]]] = []
    goes_on = False
    for line in block.lines:
        if goes_on:
            found[-1][0].append(line)
        elif line.startswith("$ "):
            found.append(([line], "", []))
        elif not found:
            raise Wrong(f"line {block.line}: a console block begins with `$ `")
        else:
            found[-1][2].append(line)
            continue
        goes_on = line.endswith("\\")
    return [(typed, " ".join(t.removeprefix("$ ").rstrip("\\").strip() for t in typed), old) for typed, _, old in found]


def _command(command: str, line: int) -> tuple[int, str]:
    words = shlex.split(command, comments=True)
    target, typed = None, ""
    if "<" in words:
        typed = Path(words[words.index("<") + 1]).read_text(encoding="utf-8")
        words = words[: words.index("<")]
    if ">" in words:
        target = Path(words[words.index(">") + 1])
        words = words[: words.index(">")]
    if words[0] == "pyllm-causal":
        code, told, talk = run(words[1:], typed)
    elif words[0] == "cat" and len(words) == 2:
        code, told, talk = 0, Path(words[1]).read_text(encoding="utf-8"), ""
    elif words[0] == "python" and len(words) == 2:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            runpy.run_path(words[1], run_name="__main__")
        code, told, talk = 0, stream.getvalue(), ""
    else:
        raise Wrong(f"line {line}: {words[0]!r} is not known here; say `not run: WHY`")
    if target is not None:
        target.write_text(told, encoding="utf-8")
        told = ""
    return code, told or (talk if code else "")


def run(arguments: list[str], typed: str = "") -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of `pyllm-causal`, in this process."""
    from pyllm_causal.cli import main

    out, err = io.StringIO(), io.StringIO()
    before, sys.argv, stdin, sys.stdin = sys.argv, ["pyllm-causal", *arguments], sys.stdin, io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1 if end.code else 0
    else:
        code = 0
    finally:
        sys.argv, sys.stdin = before, stdin
    return code, out.getvalue(), err.getvalue()


def _python(block: Block, names: dict[str, Any]) -> str:
    stream = io.StringIO()
    code = compile("\n".join(block.lines), f"<line {block.line}>", "exec")
    with contextlib.redirect_stdout(stream):
        exec(code, names)  # noqa: S102 - the project's own documents
    return stream.getvalue()


def _shown(printed: str, said: dict[str, str]) -> list[str]:
    """The lines of an output that a page shows."""
    lines = [line.rstrip() for line in printed.rstrip("\n").split("\n")] if printed.strip() else []
    wanted = said.get("lines") or said.get("shows", "all")
    if wanted in ("all", "none"):
        return lines if wanted == "all" else []
    pieces = [[line] for line in lines] if "lines" in said else [p.split("\n") for p in "\n".join(lines).split("\n\n")]
    chosen = set[int]()
    for part in wanted.split():
        first, _, last = part.partition("-")
        chosen |= set(range(int(first), int(last or first) + 1))
    if max(chosen) > len(pieces):
        raise Wrong(f"only {len(pieces)} were printed:\n{printed}")
    out: list[str] = []
    for place, piece in enumerate(pieces, 1):
        told = piece if place in chosen else ["…"]
        if told != ["…"] or not out or out[-1] != "…":
            out += ([""] if out and "lines" not in said else []) + told
    return out


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """An empty folder with nothing but `fixtures`, settings and logs of its own, and a width that is always the same."""
    with tempfile.TemporaryDirectory(prefix="documents-") as name, contextlib.ExitStack() as stack:
        work = Path(name) / "work"
        work.mkdir()
        (work / "fixtures").symlink_to(ROOT / "fixtures")
        before = dict(os.environ)
        stack.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        for variable in [v for v in os.environ if v.startswith("PYLLM_CAUSAL_")]:
            del os.environ[variable]
        os.environ |= {f"XDG_{kind}_HOME": f"{name}/{kind.lower()}" for kind in ("CONFIG", "CACHE", "STATE", "DATA")}
        os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
        stack.enter_context(contextlib.chdir(work))
        yield work


def main() -> int:
    """Rewrite (or with --check compare) the pages named, or all. Returns how many could not be run or differ."""
    check = "--check" in sys.argv
    named = [Path(a).resolve() for a in sys.argv[1:] if not a.startswith("-")]
    bad = 0
    for page in named or pages():
        old = page.read_text(encoding="utf-8")
        try:
            new = rendered(old)
        except Wrong as error:
            sys.stderr.write(f"{page.relative_to(ROOT)}: {error}\n")
            bad += 1
            continue
        if new != old and check:
            sys.stderr.write(f"{page.relative_to(ROOT)} shows what is no longer printed\n")
            bad += 1
        elif new != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")
    return bad


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
