"""`pyllm-causal models`: does a model work here, and may it be asked which way an arrow points?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console
from .options import ApiBase, AsJson, Budget, BudgetTokens, Debug, Model

if TYPE_CHECKING:
    from ..language.exam import Result

app = typer.Typer(help="Try a language model out and examine it.", no_args_is_help=True, rich_markup_mode=None)

Exam = Annotated[
    bool, typer.Option("--exam", help="Put forty short questions on cause and effect, and keep the score.")
]


@app.command()
def check(
    model: Model = None,
    api_base: ApiBase = None,
    exam: Exam = False,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make one call and say in plain words what works; with --exam, score the model on cause and effect.

    Example: pyllm-causal models check --model ollama/llama3.2 --exam
    """

    def run() -> tuple[list[str], dict[str, Any]]:
        from ..errors import SettingsError
        from ..language import exam as exams
        from ..language.check import check as try_out
        from ..language.client import LiveClient
        from ..settings import load

        settings = load(model, api_base, budget=budget, budget_tokens=budget_tokens)
        if settings.offline:
            raise SettingsError(
                "There is no model to check.", "Give --model NAME, or keep one: pyllm-causal config set model NAME."
            )
        client = LiveClient(settings)
        found = try_out(client)
        document: dict[str, Any] = {"check": found.model_dump(mode="json")}
        lines = found.lines()
        if exam:
            result = exams.take(client, client.settings, None if as_json else _progress)
            if settings.in_process:
                from ..language.local import digest

                result = result.model_copy(update={"sha256": digest(settings.model or "")})
            exams.keep(result)
            document["exam"] = _told(result)
            lines += _scores(result)
        known = exams.trusted(client.settings.model, client.settings.api_base)
        verdict = "It may be" if known else "It is not"
        lines.append(
            f"{verdict} asked which way an arrow points when a graph is drafted{'' if exam or known else _HOW}."
        )
        return lines, {**document, "asked_for_directions": known}

    lines, document = console.guard(run, as_json, debug)
    if as_json:
        console.document(document)
        return
    for line in lines:
        console.out(line)


_HOW = " (it has not passed the exam: --exam)"


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Print the models that were examined here, with their scores (a Markdown table).

    Example: pyllm-causal models list
    """

    def run() -> list[Result]:
        from ..language.exam import results

        return list(results().values())

    found = console.guard(run, as_json, False)
    if as_json:
        console.document({"exams": [_told(r) for r in found]})
        return
    if not found:
        console.out("No model has been examined here. Try: pyllm-causal models check --model NAME --exam")
        return
    from ..wording import safe

    console.out(
        "| model | directions | what tells about what | what can change what | unusable | passed | date | file (SHA-256) |"
    )
    console.out("|---|---|---|---|---|---|---|---|")
    for r in found:
        parts = [f"{r.right[p]} of {r.asked[p]}" for p in r.right]
        cells = [r.model, *parts, str(r.unusable), "yes" if r.passed else "no", r.date, r.sha256 or ""]
        console.out("| " + " | ".join(safe(c.replace("|", "/"), 120) for c in cells) + " |")


def _scores(result: Result) -> list[str]:
    from ..language.exam import DIRECTIONS_BAR, LOGIC_BAR, lower

    (d, of_d), (g, of_g) = result.directions, result.logic
    return [
        f"Directions that everybody knows: {d} of {of_d} right. Allowing for luck that is at least "
        f"{100 * lower(d, of_d):.0f}%; more than {100 * DIRECTIONS_BAR:.0f}% is asked for.",
        f"What tells about what, and what can change what, in small graphs: {g} of {of_g} right. Allowing for luck that "
        f"is at least {100 * lower(g, of_g):.0f}%; more than {100 * LOGIC_BAR:.0f}%, which is guessing, is asked for.",
        *([f"{result.unusable} replies could not be used and count as wrong."] if result.unusable else []),
        f"The exam took {result.seconds:.0f} seconds.",
    ]


def _told(result: Result) -> dict[str, Any]:
    return result.model_dump(mode="json") | {"passed": result.passed}


def _progress(done: int, of: int) -> None:
    if done % 10 == 0:
        console.tell(f"  {done} of {of} questions put")
