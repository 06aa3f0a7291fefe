"""Write docs/reference from the code: `python -m tools.reference` (`--check` only compares).

What has no words is an error here, so that nothing can be added to the code without being documented.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from tools.documents import ROOT, folder
from tools.markdown import cell, first, sentence, text_of, type_of
from tools.reference_runs import checks, errors, methods

OUT = ROOT / "docs" / "reference"
MADE = "<!-- Made by `python -m tools.reference`; change the code, not this page. -->\n"

SETTINGS = {
    "model": "the language model, as in `--model`",
    "api_base": "the address of an OpenAI-compatible server, as in `--api-base`",
    "timeout": "seconds for one whole reply",
    "retries": "further tries after a fault that may pass",
    "max_tokens": "the longest reply, in tokens",
    "temperature": "of a reply; 0 repeats itself most",
    "seed": "of a reply, where the provider heeds it",
    "share": "what a model may see: names, profile or levels",
    "budget": "dollars for all calls of a run together",
    "budget_tokens": "tokens for all calls of a run together",
    "threads": "processor threads of a model file in this process",
    "context": "tokens that fit a model file in this process",
}
# how each design is said on the command line, and its page
DESIGNS = {
    "observational": ("--adjust-for COLUMN …", "observational"),
    "randomised": ("--design randomised [--strata COLUMN]", "experiment"),
    "instrument": ("--instrument COLUMN", "instrument"),
    "discontinuity": ("--running COLUMN --cutoff NUMBER", "cut-off"),
    "differences": ("--design differences --unit COLUMN --time COLUMN", "before-and-after"),
    "panel": ("--design panel --unit COLUMN --time COLUMN", "panel"),
    "front_door": ("--design front_door --mediator COLUMN", "front-door"),
    "mediation": ("--mediator COLUMN", "mediation"),
    "synthetic_control": (
        "--design synthetic_control --unit COLUMN --time COLUMN --treated-unit VALUE --start VALUE", "synthetic-control"),
}  # fmt: skip


def names() -> tuple[str, ...]:
    """The pages."""
    return tuple(_made())


def reference(name: str) -> str:
    """A page as it should be. Raises `KeyError` or `ValueError` for what has no words."""
    from pyllm_causal.cli.example_tables import EXAMPLES

    with folder():
        for example in EXAMPLES.values():
            Path(example.file).write_text(example.text(), encoding="utf-8")
        Path("circle.dagitty").write_text("dag { coaching -> score score -> coaching }", encoding="utf-8")
        return MADE + "\n" + "\n".join(_made()[name]()).rstrip() + "\n"


def _made() -> dict[str, Callable[[], Iterator[str]]]:
    return {
        "commands.md": commands, "python.md": python, "query.md": query, "answer.md": answer, "designs.md": designs,
        "methods.md": methods, "checks.md": checks, "errors.md": errors, "settings.md": settings,
    }  # fmt: skip


def commands() -> Iterator[str]:
    """Every command with its examples, arguments and options."""
    yield "# Commands\n"
    yield "Exit codes: 0 answered, 3 cannot be told from these data, 2 bad input or a choice for you to make, 1 our fault."
    yield "`--help` behind any command prints the same.\n"
    for path, command in every_command():
        name = " ".join(("pyllm-causal", *path))
        if getattr(command, "commands", None):
            if path:
                yield f"## {name}\n\n{sentence(command.help, name)}\n"
            continue
        yield f"##{'#' if len(path) > 1 else ''} {name}\n"
        before, examples, after = told(command.help or "")
        if not before or not examples:
            raise ValueError(f"{name} lacks a first sentence or an example")
        yield f"{before}\n\n```text\n" + "\n".join(examples) + "\n```\n"
        if after:
            yield f"{after}\n"
        yield from _parameters(command, name)


def every_command() -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, command) of the command line, in its own order."""
    import typer

    from pyllm_causal.cli import app

    def under(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield path, command
        for name, child in getattr(command, "commands", {}).items():
            yield from under((*path, name), child)

    return under((), typer.main.get_command(app))


def told(text: str) -> tuple[str, list[str], str]:
    """(what a command does, its examples, the rest) out of its help text."""
    paragraphs = [" ".join(p.replace("\b", " ").split()) for p in inspect.cleandoc(text).split("\n\n")]
    examples = [p.removeprefix("Example: ") for p in paragraphs if p.startswith("Example: ")]
    rest = [p for p in paragraphs if p and not p.startswith("Example: ")]
    return rest[0] if rest else "", examples, "\n\n".join(rest[1:])


def _parameters(command: Any, name: str) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        if parameter.name in ("install_completion", "show_completion"):
            continue
        said = sentence(getattr(parameter, "help", None), f"{name}: {parameter.name}")
        spelled = ", ".join(f"`{o}`" for o in parameter.opts) if parameter.param_type_name == "option" else ""
        metavar = parameter.metavar or ("" if getattr(parameter, "is_flag", False) else "N")
        value = parameter.default
        default = (
            f" Unless given: {value}."
            if value not in (None, False, (), []) and not callable(value) and not parameter.required
            else ""
        )
        head = f"{spelled} {metavar}".strip() if spelled else f"{parameter.metavar or parameter.name.upper()}"
        rows.append(f"| {cell(head)} | {cell(said + default)} |")
    if rows:
        yield "| argument or option | meaning |\n|---|---|"
        yield from rows
        yield ""


def query() -> Iterator[str]:
    """Fields of the query."""
    from pyllm_causal.cli.schema import QUERY
    from pyllm_causal.query import Query

    yield "# The query\n"
    yield "What is asked, in terms of columns: one JSON object for `pyllm-causal analyse`, or `Query(…)` in Python. A field that is left out has"
    yield "the value in the last column. `pyllm-causal schema query` prints the JSON Schema.\n"
    yield from _fields(Query, QUERY)
    yield "\nThe [designs](designs.md) have fields of their own.\n"
    example = {
        "treatment": "coaching", "outcome": "score", "adjust_for": ["age", "experience"], "matters": 1,
    }  # fmt: skip
    yield f"```json\n{json.dumps(example, indent=2)}\n```"


def answer() -> Iterator[str]:
    """Fields of the answer, and those of its parts."""
    from pyllm_causal import analysis
    from pyllm_causal.cli.schema import ANSWER

    yield "# The answer\n"
    yield "One JSON document (`--json`), or an `Answer` in Python; `print(answer)` is the text, in which alone numbers are rounded.\n"
    yield from _fields(analysis.Answer, ANSWER)
    for part in (
        "Effect", "MediationEffect", "GroupedEffect", "GroupEffect", "Estimand", "SampleCount", "Dropped", "Estimate", "Refutation",
        "Checked", "Diagnosis", "Certainty", "Bounds", "Step", "Claim", "ErrorInfo",
    ):  # fmt: skip
        model = getattr(analysis, part)
        yield f"\n## {part}\n\n{cell(sentence(' '.join((model.__doc__ or '').split()), part))}\n"
        yield "| field | type |\n|---|---|"
        for name, field in model.model_fields.items():
            yield f"| `{name}` | {type_of(field.annotation)} |"


def _fields(model: Any, words: dict[str, str]) -> Iterator[str]:
    yield "| field | meaning | type | unless given |\n|---|---|---|---|"
    for name, field in model.model_fields.items():
        value = "" if field.is_required() else json.dumps(_plain(field.get_default(call_default_factory=True)))
        yield f"| `{name}` | {cell(words[name])} | {type_of(field.annotation)} | {cell(f'`{value}`') if value else ''} |"
    extra = set(words) - set(model.model_fields)
    if extra:
        raise ValueError(f"{model.__name__} has no field {', '.join(sorted(extra))}")


def designs() -> Iterator[str]:
    """Designs of the query."""
    from pyllm_causal import query as queries

    yield "# Designs\n"
    yield "How the data came about; `design` in a query. The page of each says when it may be used.\n"
    yield "| kind | meaning | fields | on the command line |\n|---|---|---|---|"
    for model in get_args(get_args(queries.Design)[0]):
        kind = get_args(model.model_fields["kind"].annotation)[0]
        flags, page = DESIGNS[kind]
        names = [f"`{n}`" + ("" if f.is_required() else "?") for n, f in model.model_fields.items() if n != "kind"]
        said = sentence(" ".join((model.__doc__ or "").split()), kind)
        yield f"| [`{kind}`](../how-to/{page}.md) | {cell(said)} | {', '.join(names)} | `{cell(flags)}` |"
    yield "\n`?` marks fields that may be left out. A question with `event` is one of [time to an event](../how-to/time-to-event.md), one of kind"
    yield "`effect_by_group` one [by group](../how-to/by-group.md), whatever the design."


def settings() -> Iterator[str]:
    """Settings, with their variables and defaults."""
    from pyllm_causal.settings import PREFIX, Settings

    yield "# Settings\n"
    yield "Arguments win over the environment, the environment over one file of your own, `pyllm-causal config path`. How to use them:"
    yield "[language models](../models.md).\n"
    yield "| setting | environment | meaning | unless set |\n|---|---|---|---|"
    for name, field in Settings.model_fields.items():
        value = field.get_default()
        yield f"| `{name}` | `{PREFIX}{name.upper()}` | {cell(SETTINGS[name])} | {'none' if value is None else value} |"
    yield f"\n`{PREFIX}API_KEY` is the key for `--api-base`; a provider's own key stays in the provider's own variable."
    yield f"`{PREFIX}SENT_LOG=off` keeps no log of what is sent.\n"
    yield "```text\npyllm-causal config set model openai/gpt-4o-mini\npyllm-causal config show\n```"


def python() -> Iterator[str]:
    """What `import pyllm_causal` gives."""
    import pyllm_causal

    yield "# Python\n"
    yield "```python\nimport pyllm_causal as causal\n```\n"
    for name in pyllm_causal.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(pyllm_causal, name)
        yield f"## {name}\n"
        if inspect.isclass(thing) and issubclass(thing, Exception):
            yield f"{first(thing.__doc__, name)} See [errors](errors.md).\n"
        elif inspect.isclass(thing):
            yield f"{text_of(thing.__doc__, name)}\n"
            for method, function in vars(thing).items():
                bare = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
                if method.startswith(("_", "model_")):
                    continue
                if isinstance(bare, property):
                    yield f"**`{name}.{method}`**: {first(bare.__doc__, f'{name}.{method}')}\n"
                elif inspect.isfunction(bare) and bare.__doc__:
                    yield f"**`{_signature(f'{name}.{method}', bare)}`**: {first(bare.__doc__, f'{name}.{method}')}\n"
        else:
            yield f"```text\n{_signature(name, thing, wide=False)}\n```\n\n{text_of(thing.__doc__, name)}\n"


def _signature(name: str, function: Any, wide: bool = True) -> str:
    parts = [str(p) for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    stars = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    if stars:
        at = next(i for i, p in enumerate(parts) if p.split(":")[0].strip() == stars[0])
        parts.insert(at, "*")
    parts = [p.replace("'", "") for p in parts]
    if wide or len(", ".join(parts)) < 80:
        return f"{name}({', '.join(parts)})"
    return f"{name}(\n" + "".join(f"    {p},\n" for p in parts) + ")"


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=False) if hasattr(value, "model_dump") else value


def main() -> int:
    """Write the pages, or say which differ (with --check). Returns how many differ."""
    differ = 0
    for name in names():
        path, text = OUT / name, reference(name)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        differ += 1
        sys.stdout.write(f"docs/reference/{name}\n")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return differ if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
