"""What somebody writes who uses the package: never run, but checked by `mypy --strict` as their script would be."""

from __future__ import annotations

import pyllm_causal as causal
from pyllm_causal import Answer, CausalError, Graph, Query, Study


def told(answer: Answer) -> str:
    """An answer as the reader of a script may use it."""
    if answer.effect is None or answer.effect.low is None:
        return answer.headline
    low: float = answer.effect.low
    return f"{answer.effect.value:.2f} {answer.effect.unit}, at least {low}"


def main() -> None:
    """Ask, vary, compare, report."""
    answer = causal.ask("Does coaching raise the score?", "coaching.csv", model=None, checks=False)
    columns: list[str] = list(answer.to_frame().columns)
    answer.plot().save("plot.svg")
    print(told(answer), columns, [(check.check, check.verdict) for check in answer.refutations])
    if answer.certainty is not None:
        print(answer.certainty.level, *answer.certainty.down)

    study = Study("coaching.csv", checks=False)
    study.ask("Does coaching raise the score?")
    younger = study.what_if(where="age < 40")
    study.add("experience", "coaching", "score")
    before: Answer | None = study.undo()
    page, twin = study.report("report.html")
    print(younger.text, before, study.compare(), page.name, twin.name)

    graph = Graph.of(("age", "coaching"), ("age", "score"), ("coaching", "score")).with_hidden("drive", "score")
    query = Query(treatment="coaching", outcome="score", graph=graph)
    try:
        print(causal.analyse(query, "coaching.csv").status, causal.read("Does it help?", "coaching.csv").query)
    except CausalError as error:
        print(error.message, error.hint)

    causal.aks("?", "coaching.csv")  # type: ignore[attr-defined]  # a name that is not there is seen
    print(study.what_if(where="age < 40").efect)  # type: ignore[attr-defined]
