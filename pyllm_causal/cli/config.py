"""`pyllm-causal config`: the one file of settings, in the user's own config folder."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import console
from .options import AsJson

app = typer.Typer(
    help="Keep settings in one file of your own (never keys).", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(help="Which setting, such as model.", metavar="NAME")]


@app.command()
def show(as_json: AsJson = False) -> None:
    """Print every setting, its value, and where it comes from.

    Example: pyllm-causal config show

    Keys are only said to be there or not.
    """

    rows, key = console.guard(_settings, as_json, False)
    if as_json:
        console.document({"settings": rows, "api_key": key})
        return
    width = max(map(len, rows))
    for name, row in rows.items():
        value = "(none)" if row["value"] is None else row["value"]
        console.out(f"{name:<{width}}  {value}  ({row['from']})")
    console.out(f"PYLLM_CAUSAL_API_KEY, for --api-base: {'set' if key else 'not set'} in the environment")


@app.command(name="set")
def set_(
    name: Name, value: Annotated[str, typer.Argument(help="Its value.", metavar="VALUE")], as_json: AsJson = False
) -> None:
    """Keep a setting.

    Example: pyllm-causal config set model ollama/llama3.2

    Arguments and PYLLM_CAUSAL_… in the environment still win over it.
    """
    from ..settings import write_config

    kept = console.guard(lambda: write_config(name, value), as_json, False)
    if as_json:
        console.document({name: kept})
    else:
        console.out(f"{name} is now {kept}.")


@app.command()
def unset(name: Name, as_json: AsJson = False) -> None:
    """Forget a setting.

    Example: pyllm-causal config unset model
    """
    from ..settings import write_config

    console.guard(lambda: write_config(name, None), as_json, False)
    if as_json:
        console.document({name: None})
    else:
        console.out(f"{name} is no longer set.")


@app.command()
def path() -> None:
    """Print where the file of settings is.

    Example: pyllm-causal config path
    """
    from ..settings import config_path

    console.out(str(config_path() or "There is no config folder for this user."))


def _settings() -> tuple[dict[str, dict[str, Any]], bool]:
    import os

    from ..settings import KEY_VARIABLE, PREFIX, load, read_config

    config, now = read_config(), load()
    rows = {}
    for name, value in now.model_dump(mode="json").items():
        variable = PREFIX + name.upper()
        origin = variable if os.environ.get(variable) else "config file" if name in config else "default"
        rows[name] = {"value": value, "from": origin}
    return rows, bool(os.environ.get(KEY_VARIABLE))
