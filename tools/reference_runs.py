"""The pages of the reference that run commands: methods, checks and errors."""

from __future__ import annotations

import ast
import csv
import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tools.documents import ROOT, run
from tools.markdown import cell, first

# the example table and the rest of the command that shows a method
_PUMP = "--treatment new_pump --outcome months --event failed"
_SHIFT = "--treatment training --outcome sales --by shift"
METHODS = {
    "difference_in_means": ("experiment", None),
    "post_stratified": ("experiment", "--treatment reminder --outcome spent --design randomised --strata shop"),
    "flexible_regression": ("study", None),
    "survival.cox": ("pump", f"{_PUMP} --design randomised --scale hazard_ratio"),
    "survival.log_rank": ("pump", f"{_PUMP} --design randomised --scale hazard_ratio"),
    "survival.cox_weighted": ("pump", f"{_PUMP} --adjust-for load --scale hazard_ratio"),
    "survival.standardised": ("pump", f"{_PUMP} --adjust-for load --horizon 12"),
    "effect_by_group.regression": ("shifts", f"{_SHIFT} --adjust-for skill"),
    "effect_by_group.doubly_robust": ("shifts", f"{_SHIFT} --adjust-for skill"),
}
TABLES = {
    "instrument": "course", "discontinuity": "grant", "differences": "shops", "panel": "prices", "synthetic_control": "law",
    "front_door": "adverts", "mediation": "training", "survival": "pump", "effect_by_group": "shifts",
}  # fmt: skip
# an error, and a command that meets it; None: there is no way to bring it about
ERRORS: dict[str, str | None] = {
    "error": None,
    "input": "pyllm-causal ask",
    "data": 'pyllm-causal ask "Does A change B?" --data nowhere.csv',
    "query": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --treatment coaching --outcome score --treated 1 --control 1',
    "unknown_column": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --treatment coachin --outcome score',
    "graph": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --treatment coaching --outcome score --graph circle.dagitty',
    "recording": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --replay nowhere',
    "settings": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --share everything',
    "model": 'pyllm-causal ask "Does coaching raise the score?" --data coaching.csv --model local:nowhere.gguf',
    "internal": None,
    "answer": "pyllm-causal lint 'It works.' circle.dagitty",
    "not_exported": "pyllm-causal export script refused.json --data coaching.csv",
}  # fmt: skip


def methods() -> Iterator[str]:
    """Estimators, each with a command that was run."""
    from pyllm_causal.causal.designs import every
    from pyllm_causal.causal.estimators import REGISTRY

    yield "# Methods\n"
    yield "A rule chooses; `--method NAME` (`method` in a query) overrules it, and the answer says so. The commands run on the tables of"
    yield "`pyllm-causal examples --write .`\n"
    yield "## Observational tables and experiments\n"
    for estimator in REGISTRY.values():
        table, flags = METHODS.get(estimator.name, ("coaching", None))
        label = _method(estimator.name, table, flags)
        said = first(estimator.function.__doc__, estimator.name)
        yield f"**`{estimator.name}`**: {label}. {said}\n\n```text\n{_by(estimator.name, table, flags)}\n```\n"
    for design in every():
        yield f"## {design.label[:1].upper()}{design.label[1:]}\n\n`{design.name}`; the first is what the rule takes where it can.\n"
        for name in design.methods:
            table, flags = METHODS.get(f"{design.name}.{name}", (TABLES[design.name], None))
            yield f"**`{name}`**: {_method(name, table, flags)}.\n\n```text\n{_by(name, table, flags)}\n```\n"


def _by(method: str, table: str, flags: str | None) -> str:
    from pyllm_causal.cli.example_tables import EXAMPLES

    command = EXAMPLES[table].command()
    if flags is not None:
        command = command.replace(EXAMPLES[table].flags, flags)
    return f"{command} --method {method}"


def _method(name: str, table: str, flags: str | None) -> str:
    """The plain label of a method, out of an answer that it gave."""
    code, out, err = run([*shlex.split(_by(name, table, flags))[1:], "--json", "--no-checks"])
    document = json.loads(out)
    labels = [e["label"] for e in document["estimates"] if e["method"] == name]
    if code or document["method"] != name or not labels:
        raise ValueError(f"the method {name} gave no answer: {err}")
    return str(labels[0])


def checks() -> Iterator[str]:
    """Every check: registered ones and those of the designs, with what one of them said."""
    from pyllm_causal.causal.refuters import REGISTRY
    from pyllm_causal.cli.example_tables import EXAMPLES

    rules: dict[str, list[str]] = {}
    for name, refuter in REGISTRY.items():
        rules.setdefault(name, []).append(first(refuter.function.__doc__, name))
    for name, where, doc in _made():
        said = first(doc, f"{name} in {where}")
        if said not in rules.setdefault(name, []):
            rules[name].append(said)
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    ran = ((e.name, json.loads(run([*shlex.split(e.command())[1:], "--json"])[1])) for e in EXAMPLES.values())
    for table, document in (*ran, *_more()):
        for found in document["refutations"]:
            seen.setdefault(found["check"], (table, found))
    yield "# Checks\n"
    yield "What each asks and by which rule it passes, and what it said of one of the tables of `pyllm-causal examples`. How they work together:"
    yield "[how the checks work](../explanation/checks.md).\n"
    for name in sorted(rules):
        yield f"## {name}\n"
        if name in REGISTRY:
            yield f"To {REGISTRY[name].about}.\n"
        yield from (f"{rule}\n" for rule in rules[name])
        table, found = seen[name]
        asked, expected, saw = (cell(found[part]) for part in ("question", "expected", "observed"))
        yield f"> `{table}`: {asked} Expected: {expected}. Found: {saw}. **{found['verdict']}**\n"


def _more() -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, answer) of queries that meet the checks which the examples do not: controls, several pictures, gaps, chances."""
    from random import Random

    from pyllm_causal.cli.example_tables import EXAMPLES

    draw = Random(4)
    course, grant = (EXAMPLES[name].draw(Random(EXAMPLES[name].question)) for name in ("course", "grant"))
    for row in course:
        row["letter"] = row["voucher"] if draw.random() < 0.8 else draw.randint(0, 1)
    for row in grant:
        row |= {"age": draw.randint(18, 60)} | ({"income": ""} if draw.random() < 0.1 else {})
    _table("course_and_letter.csv", course)
    _table("grant_with_gaps.csv", grant)
    ends = {"treatment": "coaching", "outcome": "score"}
    way = [["coaching", "score"], ["experience", "coaching"], ["experience", "score"]]
    chain = [["coaching", "score"], ["experience", "age"], ["age", "coaching"], ["experience", "score"]]
    cut = {"kind": "discontinuity", "running": "points", "cutoff": 50}
    for table, query in (
        ("coaching", {**ends, "graph": {"edges": way}, "negative_outcomes": ["age"], "negative_exposures": ["age"]}),
        ("coaching", {**ends, "graph": {"edges": chain}}),
        ("pump", {"treatment": "new_pump", "outcome": "failed", "adjust_for": ["load"]}),
        ("course_and_letter", {"treatment": "course", "outcome": "wage", "design": {"kind": "instrument", "instruments": ["voucher", "letter"]}}),
        ("grant_with_gaps", {"treatment": "grant", "outcome": "income", "design": cut, "adjust_for": ["age"]}),
    ):  # fmt: skip
        Path("query.json").write_text(json.dumps(query), encoding="utf-8")
        _, out, _ = run(["analyse", "query.json", "--data", f"{table}.csv", "--json"])
        yield table, json.loads(out)


def _table(name: str, rows: list[dict[str, object]]) -> None:
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _made() -> Iterator[tuple[str, str, str | None]]:
    """(name, module, docstring of the function) of every check that is written in the code by its name."""
    for path in sorted((ROOT / "pyllm_causal").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
            if getattr(call.func, "id", getattr(call.func, "attr", "")) != "Refutation":
                continue
            around = [f for f in functions if f.lineno <= call.lineno <= (f.end_lineno or 0)]
            doc = next((d for f in reversed(around) if (d := ast.get_docstring(f))), None) or ast.get_docstring(tree)
            for word in call.keywords:
                if word.arg == "check" and isinstance(word.value, ast.Constant):
                    yield str(word.value.value), path.name, doc


def errors() -> Iterator[str]:
    """Every error, with a command that meets it and what is said then."""
    from pyllm_causal.errors import CausalError

    for path in sorted((ROOT / "pyllm_causal").rglob("*.py")):  # some live beside what raises them
        if re.search(r"^class \w+\(\w+Error\)", path.read_text(encoding="utf-8"), re.MULTILINE):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    hidden = {"edges": [["coaching", "score"]], "unmeasured": [{"name": "drive", "affects": ["coaching", "score"]}]}
    Path("query.json").write_text(
        json.dumps({"treatment": "coaching", "outcome": "score", "graph": hidden}), encoding="utf-8"
    )
    Path("refused.json").write_text(
        run(["analyse", "query.json", "--data", "coaching.csv", "--json"])[1], encoding="utf-8"
    )
    yield "# Errors\n"
    yield 'Every error says what happened and what to do next, on standard error; with `--json` also as a document with `status` "error" and'
    yield '`error.code`. In Python each is a class of `pyllm_causal.errors`. "This cannot be told from these data" is a result, not an error.\n'

    def tree(kind: type[CausalError]) -> Iterator[type[CausalError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from tree(child)

    for kind in tree(CausalError):
        if not kind.__module__.startswith("pyllm_causal"):
            continue
        command = ERRORS[kind.code]
        parents = " > ".join(k.__name__ for k in reversed(kind.__mro__) if issubclass(k, CausalError))
        yield f"## {kind.__name__}\n\n`{kind.code}`, exit code {kind.exit_code}. {first(kind.__doc__, kind.__name__)}\n\n{parents}\n"
        if command is not None:
            code, _, err = run(shlex.split(command)[1:])
            said = [line for line in err.splitlines() if not line.startswith(("✓", "No language model"))]
            if code != kind.exit_code:
                raise ValueError(f"{command} ends with {code}")
            yield f"```text\n$ {command}\n" + "\n".join(said) + "\n```\n"
