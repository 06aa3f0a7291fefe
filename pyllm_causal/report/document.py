"""Writing a report: one HTML file that needs nothing else, and its Markdown twin, both from the same page."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..wording import safe
from .page import SPOKEN, Page
from .story import page_of

WRITTEN_BY = "Written by pyllm-causal."  # at the foot of every report

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..analysis import Answer
    from ..data import Table


def write(answer: Answer, path: str | Path, table: Table | None = None, script: str | None = None) -> tuple[Path, Path]:
    """Write the report on `answer` to `path` (`.html`) and its twin beside it (`.md`); both paths.

    `table` only lends its descriptions of columns; `script` is a Python script that repeats the number. Raises
    `InputError` where the answer is an error or the file cannot be written.
    """
    from ..whole_file import write_whole

    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        path = path.with_name(path.name + ".html") if path.suffix.lower() != ".md" else path.with_suffix(".html")
    twin = path.with_suffix(".md")
    page = page_of(answer, script, _meanings(table))
    texts = ((path, html(page)), (twin, markdown(page)))
    for file, _ in texts:
        if not _ours(file):
            raise InputError(
                f"{safe(file, 200)} exists and is no report of this program, so it is left as it is.",
                "Name another file for the report; its Markdown twin has the same name.",
            )
    try:
        for file, text in texts:
            write_whole(file, text, errors="replace")
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {safe(path, 200)} ({error.strerror or 'file error'}).",
            "Name a file in a folder that exists and that you may write to.",
        ) from None
    return path, twin


def _ours(path: Path) -> bool:
    """Whether `path` is free, or holds a report that may be written anew."""
    try:
        return not path.exists() or WRITTEN_BY in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def html(page: Page) -> str:
    """The page as one HTML document: no script, no network, a policy that forbids both."""
    style = f"{_file('page.css')}\n{_file('figure.css')}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        _environment()
        .get_template("page.html.j2")
        .render(page=page, style=style, policy=policy, spoken=SPOKEN, by=WRITTEN_BY)
    )


def markdown(page: Page) -> str:
    """The same page as Markdown: every figure as its message, its words and its table."""
    text = _environment().get_template("page.md.j2").render(page=page, by=WRITTEN_BY)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def standalone_svg(drawing: str) -> str:
    """An `<svg>` of a figure with its looks inside, for a file of its own."""
    head, mark, rest = drawing.partition("<title")
    return f"{head}<style>{figure_style()}</style>{mark}{rest}"


def figure_style() -> str:
    """The style sheet of figures."""
    return _file("figure.css")


def _meanings(table: Table | None) -> dict[str, str]:
    if table is None:
        return {}
    told = {name: table.profile.column(name).description for name in table.names}
    return {name: words for name, words in told.items() if words}


def _file(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clean=_clean, code=_code, md=_md, cell=_cell, fence=_fence, trusted=Markup)
    return environment


def _clean(value: Any) -> str:
    """Text on one line, without control and direction characters."""
    return safe(value, 20_000)


def _code(value: Any) -> str:
    """Text of several lines, without control and direction characters."""
    return "\n".join("".join(ch for ch in line if ch == "\t" or ch.isprintable()) for line in str(value).splitlines())


_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!$])")


def _md(value: Any) -> str:
    """Text that Markdown shows as it is: no link, no picture, no HTML, no heading, no list."""
    text = _MARKS.sub(r"\\\1", _clean(value).replace("&", "&amp;"))
    text = text.replace("\\<", "&lt;").replace("\\>", "&gt;")
    text = re.sub(r"^(\d+)([.)])", r"\1\\\2", re.sub(r"^([-+=])", r"\\\1", text))
    return re.sub(r"(?i)\b(https?|ftp|mailto|javascript|data):", r"\1\\:", text.replace("www.", "www\\."))


def _cell(value: Any) -> str:
    return _md(value) or " "


def _fence(value: Any) -> str:
    """A fence longer than any run of backticks in the text."""
    runs = [len(run) for run in re.findall(r"`+", str(value))]
    return "`" * max(3, *(n + 1 for n in runs), 3)
