"""`pyllm-causal doctor`: what works on this machine, and how to mend what does not. It changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from . import console
from .options import ApiBase, AsJson, Debug, Model

if TYPE_CHECKING:
    from ..settings import Settings

State = Literal["works", "not needed", "missing", "broken"]
SIGNS: dict[State, str] = {"works": "✓", "not needed": "·", "missing": "·", "broken": "✗"}
NEEDED = ("numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "dowhy", "causal-learn", "litellm", "openai")
# extra → (what it is for, its packages)
EXTRAS = {
    "local": ("a model file in this process (--model local:FILE.gguf)", ("xllamacpp",)),
    "files": ("Excel, Parquet, Stata, SPSS, polars and .zst files", ("openpyxl", "polars", "pyarrow", "pyreadstat", "zstandard")),
    "forest": ("random forests for who gains most", ("econml",)),
}  # fmt: skip


class Finding(NamedTuple):
    """One line of the report: `name` is what was looked at, `fix` what to do where something is to be done."""

    name: str
    state: State
    found: str
    fix: str = ""


def doctor(
    model: Model = None,
    api_base: ApiBase = None,
    online: Annotated[
        bool, typer.Option("--online", help="Make one call to the model, to see whether it answers.")
    ] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say what works on this machine and how to mend what does not: versions, extras, language model, folders.

    Example: pyllm-causal doctor

    Nothing is sent without --online, and no key is ever printed. Neither a model nor a key nor an extra is needed:
    the exit code is 0 without them too.
    """
    from .waiting import Waiting

    with Waiting(stages=False):
        found: list[Finding] = console.guard(lambda: list(examine(model, api_base, online)), as_json, debug)
    if as_json:
        console.document(
            {"works": not any(f.state == "broken" for f in found), "findings": [f._asdict() for f in found]}
        )
        return
    from ..wording import safe

    for finding in found:
        console.out(f"{SIGNS[finding.state]} {finding.name}: {safe(finding.found, 300)}")
        if finding.fix:
            console.out(f"    {safe(finding.fix, 300)}")
    broken = [f.name for f in found if f.state == "broken"]
    console.out("")
    console.out(
        f"To be mended: {', '.join(broken)}."
        if broken
        else "Everything that is needed works. Try: pyllm-causal examples"
    )


def examine(model: str | None, api_base: str | None, online: bool) -> Iterator[Finding]:
    """What is found, in the order in which it is told."""
    yield from _programs()
    yield from _extras()
    yield from _model(model, api_base, online)
    yield from _places()


def _programs() -> Iterator[Finding]:
    from .. import __version__

    python = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    yield Finding(
        "program", "broken" if old else "works", f"pyllm-causal {__version__}, Python {python}",
        "Python 3.11 or newer is needed." if old else "",
    )  # fmt: skip
    have = {name: _version(name) for name in NEEDED}
    gone = [name for name, found in have.items() if found is None]
    told = ", ".join(f"{name} {found}" for name, found in have.items() if found)
    if gone:
        yield Finding(
            "libraries", "broken", f"missing: {', '.join(gone)}", "Run: pip install --force-reinstall pyllm-causal"
        )
    else:
        yield Finding("libraries", "works", told)


def _extras() -> Iterator[Finding]:
    for extra, (use, packages) in EXTRAS.items():
        gone = [name for name in packages if _version(name) is None]
        have = ", ".join(f"{name} {_version(name)}" for name in packages if name not in gone)
        if not gone:
            yield Finding(f"extra [{extra}]", "works", f"{use}: {have}")
        else:
            lacking = "not installed" if len(gone) == len(packages) else f"without {', '.join(gone)}"
            yield Finding(
                f"extra [{extra}]", "missing", f"{lacking}; only for {use}", f"pip install 'pyllm-causal[{extra}]'"
            )


def _model(model: str | None, api_base: str | None, online: bool) -> Iterator[Finding]:
    from ..errors import SettingsError
    from ..settings import load

    try:
        settings = load(model, api_base)
    except SettingsError as error:
        yield Finding("settings", "broken", error.message, error.hint)
        return
    if settings.offline:
        yield Finding(
            "language model", "not needed",
            "none is set; the built-in reader reads what it is sure of and asks otherwise",
            "To use one: --model NAME, or once and for all pyllm-causal config set model NAME (docs/models.md)",
        )  # fmt: skip
        return
    yield Finding("language model", "works", f"{settings.model} is set{_where(settings)}")
    key = _key(settings)
    yield key
    if online and key.state != "broken":
        yield _call(settings)
    elif not online:
        yield Finding("connection", "not needed", "not tried", "To make one call: pyllm-causal doctor --online")


def _where(settings: Settings) -> str:
    if settings.in_process:
        return ", a file in this process"
    if settings.address is None:
        return f", at {settings.provider or 'openai'}"
    return f", at {settings.address}{' (this machine)' if settings.local else ''}"


def _key(settings: Settings) -> Finding:
    """Whether the key that the model needs is in the environment; for a model file, whether the file is there."""
    from ..settings import KEY_VARIABLE

    if settings.in_process:
        from ..errors import ModelError
        from ..language.local import file_of

        try:
            file = file_of(settings.model or "")
        except ModelError as error:
            return Finding("model file", "broken", error.message, error.hint)
        if _version("xllamacpp") is None:
            return Finding(
                "model file", "broken", "the extra [local] is not installed", "pip install 'pyllm-causal[local]'"
            )
        return Finding("model file", "works", f"{file.name}, {file.stat().st_size / 1e6:,.0f} MB")
    if settings.address is not None:
        if os.environ.get(KEY_VARIABLE):
            return Finding("key", "works", f"{KEY_VARIABLE} is set")
        if settings.local:
            return Finding("key", "not needed", "a server on this machine mostly wants none")
        return Finding(
            "key", "not needed", f"{KEY_VARIABLE} is not set", f"If the server wants a key: export {KEY_VARIABLE}=…"
        )
    provider = (settings.provider or "openai").upper().replace("-", "_")
    names = sorted(
        n for n in os.environ if n.startswith(provider) and n.endswith(("_API_KEY", "_TOKEN")) and os.environ[n]
    )
    if names:
        return Finding("key", "works", f"{', '.join(names)} is set (never shown, never kept)")
    if provider == "OPENAI":
        return Finding("key", "broken", "OPENAI_API_KEY is not set", "export OPENAI_API_KEY=…")
    return Finding(
        "key", "not needed", f"no {provider}_API_KEY is set; this provider may take its key from another variable",
        f"Where it wants one: export {provider}_API_KEY=…",
    )  # fmt: skip


def _call(settings: Settings) -> Finding:
    from ..errors import CausalError
    from ..language.check import check
    from ..language.client import LiveClient

    try:
        found = check(LiveClient(settings))
    except CausalError as error:
        return Finding("connection", "broken", error.message, error.hint)
    return Finding("connection", "works", " ".join(found.lines()))


def _places() -> Iterator[Finding]:
    from ..errors import SettingsError
    from ..language import exam, sent_log
    from ..settings import config_path, read_config

    path = config_path()
    try:
        entries = read_config(path)
        there = path is not None and path.exists()
        told = (
            f"{path}, {len(entries)} settings"
            if there
            else f"none (it would be {path})"
            if path
            else "no folder for it"
        )
        yield Finding("config file", "works" if there else "not needed", told)
    except SettingsError as error:
        yield Finding("config file", "broken", error.message, error.hint)
    log = sent_log.place()
    if log is None:
        yield Finding("log of what is sent", "not needed", "switched off (PYLLM_CAUSAL_SENT_LOG)")
    else:
        yield _writable("log of what is sent", log.parent)
    try:
        yield _writable("cache folder", exam.path().parent)
    except SettingsError as error:
        yield Finding("cache folder", "broken", error.message, error.hint)
    yield _writable("this folder", Path.cwd(), "Results cannot be written here; change to another folder.")


def _writable(name: str, folder: Path, fix: str = "") -> Finding:
    """Whether a file could be made in `folder`, which need not exist yet; nothing is made."""
    near = folder
    while not near.exists() and near != near.parent:
        near = near.parent
    if near.is_dir() and os.access(near, os.W_OK | os.X_OK):
        return Finding(name, "works", f"{folder} can be written")
    return Finding(name, "broken", f"{folder} cannot be written", fix or f"Check the permissions of {near}.")


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
