"""The reference is made from the code: nothing is added to the one without the other, and every example in a `--help` works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tools.documents import folder, run
from tools.markdown import first, type_of
from tools.reference import OUT, every_command, names, reference, told

COMMANDS = [(path, command) for path, command in every_command() if not getattr(command, "commands", None)]
# Examples that need a model or ask a person; each is shown with its reason.
NOT_RUN = {
    ("models", "check"): "it asks a model",
}
EXIT = {("graph", "diff"): 1, ("lint",): 2}  # the two pictures differ; the sentence is wrong
PICTURE = "dag {{ coaching [exposure] score [outcome] coaching -> score {} -> {{ coaching score }} }}"


@pytest.mark.parametrize("name", names())
def test_the_reference_is_that_of_the_code(name: str) -> None:
    assert (OUT / name).read_text(encoding="utf-8") == reference(name), "python -m tools.reference"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in OUT.iterdir()} == set(names())


def test_everything_that_can_be_chosen_has_its_place() -> None:
    from pyllm_causal.analysis import Answer
    from pyllm_causal.causal.designs import every
    from pyllm_causal.causal.estimators import REGISTRY as ESTIMATORS
    from pyllm_causal.causal.refuters import REGISTRY as REFUTERS
    from pyllm_causal.errors import CausalError
    from pyllm_causal.query import Query
    from pyllm_causal.settings import Settings

    def said(page: str) -> str:
        return (OUT / page).read_text(encoding="utf-8")

    for name in (*ESTIMATORS, *(m for d in every() for m in d.methods)):
        assert f"**`{name}`**" in said("methods.md") and f"--method {name}\n" in said("methods.md")
    for name in REFUTERS:
        assert f"## {name}\n" in said("checks.md")
    sections = re.split(r"^## ", said("checks.md"), flags=re.MULTILINE)[1:]
    assert len(sections) >= 35
    assert all("\n> `" in section for section in sections), "a check without an example"
    for field in Query.model_fields:
        assert f"| `{field}` |" in said("query.md")
    for field in Answer.model_fields:
        assert f"| `{field}` |" in said("answer.md")
    for setting in Settings.model_fields:
        assert f"| `{setting}` |" in said("settings.md")
    families = [CausalError]
    for family in families:
        families += family.__subclasses__()
        assert family.__module__.startswith("tests") or f"## {family.__name__}\n" in said("errors.md")


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_a_command_begins_with_examples_and_says_what_every_option_does(path: tuple[str, ...], command: object) -> None:
    text = str(command.help)  # type: ignore[attr-defined]
    summary, examples, _ = told(text)
    assert summary and examples, "a first sentence, then `Example: pyllm-causal …`"
    assert text.split("\n\n")[1].lstrip().startswith("Example: "), "examples come first"
    assert all(e.startswith(f"pyllm-causal {' '.join(path)}") for e in examples)
    for parameter in command.params:  # type: ignore[attr-defined]
        assert getattr(parameter, "help", ""), parameter.name
    page = (OUT / "commands.md").read_text(encoding="utf-8")
    assert all(example in page for example in examples)


@pytest.fixture(scope="module")
def place():
    """A folder with everything that the examples name."""
    from pyllm_causal.cli.example_tables import EXAMPLES
    from tools.documents import ROOT

    with folder() as work:
        for example in EXAMPLES.values():
            Path(example.file).write_text(example.text(), encoding="utf-8")
        query = {"treatment": "coaching", "outcome": "score", "adjust_for": ["age", "experience"]}
        Path("query.json").write_text(json.dumps(query), encoding="utf-8")
        code, answer, _ = run(["analyse", "query.json", "--data", "coaching.csv", "--json"])
        assert code == 0
        Path("answer.json").write_text(answer, encoding="utf-8")
        Path("picture.dagitty").write_text(PICTURE.format("age"), encoding="utf-8")
        Path("replies").symlink_to(ROOT / "fixtures" / "recordings" / "nhefs_weight")
        for name, causes in (("g", "age"), ("drafted", "age"), ("reviewed", "experience")):
            Path("other.dagitty").write_text(PICTURE.format(causes), encoding="utf-8")
            assert run(["graph", "import", "other.dagitty", "-o", f"{name}.json"])[0] == 0
        yield work


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS if path not in NOT_RUN], ids=" ".join)
def test_the_examples_of_a_command_work(path: tuple[str, ...], place: Path) -> None:
    command = dict(COMMANDS)[path]
    for example in told(command.help)[1]:
        words = shlex.split(example)[1:]
        code, out, err = run([*words, *(["--no-checks"] if path in (("ask",), ("analyse",)) else [])])
        assert code == EXIT.get(path, 0), f"{example}\n{out}{err}"
        assert out or err


def test_what_has_no_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="a thing is not documented"):
        first(None, "a thing")


def test_types_are_written_as_a_person_would() -> None:
    from pyllm_causal.query import Query

    assert type_of(Query.model_fields["scale"].annotation).startswith("`difference`, `ratio`")
    assert type_of(Query.model_fields["matters"].annotation) == "`float \\| null`"
