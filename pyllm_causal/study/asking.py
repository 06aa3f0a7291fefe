"""One question at a time: from the settings to a language client, from a question to a reading or an answer."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import pipeline
from ..analysis import Answer
from ..errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from ..data import Table
    from ..language.client import Client
    from ..language.read import Reading


def connect(
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    log: bool = True,
    *,
    budget: float | None = None,
    budget_tokens: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Client | None:
    """The language client that the settings ask for; None means the built-in reader (no model).

    `replay` answers from recordings (a folder, or one answer document); `record` writes every reply down; `log` False
    keeps no log of what is sent; `budget` (dollars) and `budget_tokens` bound all calls together; `tell` hears the
    running cost. Raises `SettingsError` when recording and replaying at once, `ModelError` for an unusable model file.
    """
    from ..settings import load

    if record is not None and replay is not None:
        raise SettingsError("Recording and replaying at once makes no sense.", "Give either --record or --replay.")
    settings = load(model, api_base, budget=budget, budget_tokens=budget_tokens)
    if replay is not None:
        from ..language.recording import Replayer

        # a replay needs no model; a setting from the environment must not make it stale
        return Replayer(replay, load(_as_recorded(model), api_base, environment={}) if model else None)
    if settings.offline:
        if record is not None:
            raise SettingsError("There is no model to record.", "Give --model NAME with --record.")
        if api_base is not None and settings.model is None:
            raise SettingsError("There is an address but no model.", "Give --model NAME with --api-base.")
        return None
    from ..language.client import LiveClient
    from ..language.sent_log import logged

    client: Client = logged(LiveClient(settings, tell=tell), log)
    if record is not None:
        from ..language.recording import Recorder

        client = Recorder(client, record)
    return client


def share() -> str:
    """What the settings let a model see of a table."""
    from ..settings import load

    return load().share


def with_graph(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides with a graph file, where its path is given, as the graph; remarks about it are warnings."""
    given = dict(overrides)
    if not isinstance(given.get("graph"), (str, Path)):
        return given
    from ..graph_formats import reused

    found, remarks = reused(given["graph"])
    for remark in remarks:
        warnings.warn(remark, stacklevel=3)
    chosen = (*given.get("selected_on", ()), *found.pop("selected_on", ()))
    found["sources"] = {**given.get("sources", {}), **found["sources"]}
    return {**given, **found, **({"selected_on": tuple(dict.fromkeys(chosen))} if chosen else {})}


def _as_recorded(model: str) -> str:
    """A model file by the name that recordings know it by; a replay does not need the file itself."""
    from ..errors import ModelError
    from ..settings import FILE

    if not model.startswith(FILE):
        return model
    from ..language.local import named

    try:
        return named(model)
    except ModelError:
        return model


def ask(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    describe: str | Mapping[str, str] | None = None,
    seed: int = 0,
    review: Callable[[Reading], Reading] | None = None,
    progress: Callable[[str], None] | None = None,
    simulations: int | None = None,
    workers: int | None = None,
    checks: bool = True,
    language: str | None = None,
    **overrides: Any,
) -> Answer:
    """Answer a question in plain words from a table.

        >>> import pyllm_causal as causal
        >>> answer = causal.ask("Does quitting smoking make people gain weight?", "fixtures/data/nhefs.csv",
        ...                     treatment="qsmk", outcome="wt82_71", adjust_for=["age", "sex", "wt71"], checks=False)
        >>> answer.status, answer.effect.unit, round(answer.effect.value)
        ('answered', '', 3)

    `simulations`, `workers` and `checks`: how often, in how many processes and whether the answer is checked (see `analyse`).
    `language`: the ISO code of the answer's language (None: that of the question).
    `overrides` are fields of the query (`treatment=`, `outcome=`, `where=`, …) that win over the model's reading;
    `graph=` may be the path of a graph file. Without a model, a question that is not unmistakable gives an answer with
    status `needs_review` and a shortlist. Raises `CausalError`.
    """
    client = connect(model, api_base, record, replay)
    return pipeline.ask(
        question, data, client=client, seed=seed, describe=describe, overrides=with_graph(overrides), review=review,
        share=share(), progress=progress, simulations=simulations, workers=workers, checks=checks, language=language,
    )  # fmt: skip


def read(
    question: str,
    data: str | Path | pd.DataFrame | Table,
    *,
    model: str | None = None,
    api_base: str | None = None,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    describe: str | Mapping[str, str] | None = None,
    **overrides: Any,
) -> Reading:
    """Read a question into a query; nothing is computed.

        >>> import pyllm_causal as causal
        >>> reading = causal.read("Does coaching raise the score?", "fixtures/data/nhefs.csv")
        >>> reading.status  # there are no such columns, so a person must choose
        'choose'

    Raises `CausalError`.
    """
    client = connect(model, api_base, record, replay)
    given = with_graph(overrides)
    return pipeline.read(question, data, client=client, describe=describe, overrides=given, share=share())


def report(answer: Answer, path: Path, table: Table, source: str | None = None) -> tuple[Path, Path]:
    """Write the report of an answer, with the script that repeats it where its table is the file `source`. Raises `CausalError`."""
    from ..errors import CausalError
    from ..export import script
    from ..report.document import write

    text = None
    if source is not None and answer.effect is not None:
        try:
            text = script(answer, source)
        except CausalError:
            text = None  # no script repeats every kind of answer; the report says so
    return write(answer, path, table=table, script=text)
