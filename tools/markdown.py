"""Docstrings and types as Markdown. What has no words is a `ValueError`."""

from __future__ import annotations

import inspect
import re
import textwrap
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def first(doc: str | None, what: str) -> str:
    """The first paragraph of a docstring, on one line."""
    paragraph = " ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split())
    return escape(sentence(paragraph, what))


def text_of(doc: str | None, what: str) -> str:
    """A whole docstring, its indented parts as code."""
    if not doc:
        raise ValueError(f"{what} is not documented")
    out = []
    for paragraph in inspect.cleandoc(doc).split("\n\n"):
        if paragraph.startswith("    "):
            out.append(f"```text\n{textwrap.dedent(paragraph)}\n```")
        else:
            out.append(escape(" ".join(paragraph.split())))
    return "\n\n".join(out)


def sentence(text: str | None, what: str) -> str:
    if not text or not text.strip():
        raise ValueError(f"{what} is not documented")
    return " ".join(text.replace("\b", " ").split())


def escape(text: str) -> str:
    """Text that Markdown shows as it is, but for what stands in backticks."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", p) for p in pieces)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def type_of(annotation: Any) -> str:
    """A type for a table of fields: its choices, or what it is."""
    choices = _choices(annotation)
    if choices:
        return ", ".join(f"`{c}`" for c in choices)
    told = _bare(annotation)
    return f"`{cell(told)}`" if len(told) < 60 else "object"


def _choices(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _bare(annotation: Any) -> str:
    """A type as a person would write it, without what only checks it."""
    if annotation is type(None):
        return "null"
    if annotation is ...:
        return "…"
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(arguments[0])
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(map(_bare, arguments)))
    if arguments:
        return f"{getattr(origin, '__name__', origin)}[{', '.join(map(_bare, arguments))}]"
    return str(getattr(annotation, "__name__", annotation))
