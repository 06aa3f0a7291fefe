"""`columns`, `examples`, `doctor`, `completion`, `schema` and `--lang`: what a new user meets first."""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pyllm_causal.cli import doctor
from pyllm_causal.cli.example_tables import EXAMPLES
from tests.cli.terminal import ROOT, drug_table, run, table_file

HEAVY = ("numpy", "pandas", "scipy", "dowhy", "litellm", "statsmodels", "rich")


def test_columns_says_what_is_there_and_what_a_model_would_see(tmp_path: Path) -> None:
    place = table_file(
        tmp_path,
        {
            "customer_id": range(1001, 1061),
            "spent": [round(3.7 * i + 0.013, 3) for i in range(60)],
            "city": ["Ulm", "Bonn", None] * 20,
            "rare": ["secret word", *["a", "b"] * 29, "a"],
        },
    )
    done = run("columns", place)
    assert done.code == 0
    rows = {line.split()[0]: line for line in done.out.splitlines()[3:]}
    assert "an identifier?" in rows["customer_id"] and "about" not in rows["customer_id"]
    assert "0.013 to 218.313" in rows["spent"]  # exact for the person …
    assert "218" not in rows["spent"].split("name, kind")[1]  # … rounded for a model
    assert "Bonn, Ulm" in rows["city"] and " 20 " in rows["city"]
    seen = {c["name"]: c["a_model_sees"] for c in run("columns", place, "--json").document["columns"]}
    assert "secret word" not in json.dumps(seen)
    assert set(run("columns", place, "--share", "names", "--json").document["columns"][1]["a_model_sees"]) == {"name"}


def test_columns_takes_hostile_names(tmp_path: Path) -> None:
    place = table_file(tmp_path, {"a\x1b[31mb": [1, 2, 3], "\u202ename": ["x", "y", "z"]})
    done = run("columns", place)
    assert done.code == 0 and not done.error
    assert all(ch.isprintable() or ch == "\n" for ch in done.out)


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_answer_to_an_example_holds_what_was_put_into_its_table(name: str, tmp_path: Path) -> None:
    example = EXAMPLES[name]
    (tmp_path / example.file).write_text(example.text(), encoding="utf-8")
    done = run(*shlex.split(example.command(str(tmp_path)))[1:], "--no-checks", "--json")
    assert done.code == 0, done.err
    found = done.document["effect"] or done.document["association"]
    assert found["low"] <= example.effect <= found["high"]


def test_example_tables_are_written_once_and_never_over_others(tmp_path: Path) -> None:
    assert run("examples", "--write", tmp_path).code == 0
    assert {p.name for p in tmp_path.iterdir()} == {e.file for e in EXAMPLES.values()}
    assert run("examples", "--write", tmp_path).code == 0  # the same again changes nothing
    (tmp_path / "grant.csv").write_text("mine\n1\n", encoding="utf-8")
    done = run("examples", "--write", tmp_path)
    assert done.code == 2 and "grant.csv is there already" in done.err
    assert (tmp_path / "grant.csv").read_text(encoding="utf-8") == "mine\n1\n"
    with (tmp_path / "shops.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 320


def test_every_command_of_the_list_names_the_folder(tmp_path: Path) -> None:
    told = run("examples", "--write", tmp_path / "new", "--json").document["examples"]
    assert all(Path(shlex.split(e["command"])[4]).exists() for e in told)


def test_doctor_is_content_without_extras_key_and_model(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor._version
    optional = {package for _, packages in doctor.EXTRAS.values() for package in packages}
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in optional else real(name))
    for name in list(os.environ):
        if "KEY" in name:
            monkeypatch.delenv(name)
    done = run("doctor")
    assert done.code == 0
    assert "extra [local]: not installed" in done.out and "pip install 'pyllm-causal[local]'" in done.out
    assert "language model: none is set" in done.out
    assert "Everything that is needed works." in done.out


def test_doctor_names_what_is_broken_and_never_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecretverysecret")
    done = run("doctor", "--model", "openai/gpt-4o-mini")
    assert done.code == 0 and "OPENAI_API_KEY is set" in done.out
    assert "verysecret" not in done.out + done.err
    monkeypatch.delenv("OPENAI_API_KEY")
    done = run("doctor", "--model", "openai/gpt-4o-mini")
    assert done.code == 0 and "✗ key: OPENAI_API_KEY is not set" in done.out and "To be mended: key." in done.out
    found = run("doctor", "--model", f"local:{tmp_path}/none.gguf", "--json").document
    assert not found["works"]
    assert [f["state"] for f in found["findings"] if f["name"] == "model file"] == ["broken"]
    monkeypatch.setenv("PYLLM_CAUSAL_TIMEOUT", "soon")
    done = run("doctor")
    assert done.code == 0 and "PYLLM_CAUSAL_TIMEOUT" in done.out


def test_doctor_makes_the_call_only_when_asked() -> None:
    base = "http://127.0.0.1:9/v1"
    assert "connection: not tried" in run("doctor", "--model", "openai/x", "--api-base", base).out
    os.environ["PYLLM_CAUSAL_RETRIES"] = "0"
    try:
        done = run("doctor", "--model", "openai/x", "--api-base", base, "--online")
    finally:
        del os.environ["PYLLM_CAUSAL_RETRIES"]
    assert done.code == 0 and "✗ connection:" in done.out


def test_doctor_sees_missing_libraries_and_closed_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "dowhy" else real(name))
    assert "missing: dowhy" in run("doctor").out
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "✗ this folder" in run("doctor").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    done = run("completion", shell)
    assert done.code == 0 and "_PYLLM_CAUSAL_COMPLETE" in done.out


def test_an_unknown_shell_is_named() -> None:
    assert "no completion for the shell" in run("completion", "cmd").err


def test_the_shell_completes_columns_of_the_table_and_imports_nothing_heavy(tmp_path: Path) -> None:
    place = drug_table(tmp_path)
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: sys.stderr.write('HEAVY ' + repr([n for n in {HEAVY!r} if n in sys.modules])))\n"
        "from pyllm_causal.cli import main\nmain()\n"
    )
    typed = f"pyllm-causal ask Q --data {place} --treatment "
    given = {
        **os.environ, "_PYLLM_CAUSAL_COMPLETE": "complete_bash", "COMP_WORDS": typed + "d", "COMP_CWORD": "6",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout.split() == ["drug"], done
    assert done.stderr.endswith("HEAVY []")


def test_the_schema_says_what_every_field_means() -> None:
    for which in ("query", "answer"):
        fields = run("schema", which).document["properties"]
        assert all(len(field["description"]) > 10 for field in fields.values())


@pytest.mark.parametrize(("code", "says"), [("de", "zu höheren Werten"), ("fr", "spent"), ("nl", "spent")])
def test_the_answer_comes_in_the_language_asked_for(code: str, says: str, tmp_path: Path) -> None:
    example = EXAMPLES["experiment"]
    (tmp_path / example.file).write_text(example.text(), encoding="utf-8")
    done = run(*shlex.split(example.command(str(tmp_path)))[1:], "--no-checks", "--lang", code)
    block = done.out.split("\n\n")[1]
    assert done.code == 0 and says in block and "spent is" not in block
    assert "Wahrscheinlichkeit" not in block  # a number is no chance


def test_what_cannot_be_said_in_that_language_is_said_to_be_english(tmp_path: Path) -> None:
    example = EXAMPLES["law"]
    (tmp_path / example.file).write_text(example.text(), encoding="utf-8")
    done = run(*shlex.split(example.command(str(tmp_path)))[1:], "--no-checks", "--lang", "de")
    assert done.code == 0 and "cannot be said in German yet" in " ".join(done.out.split())


def test_a_language_that_is_not_spoken_is_refused_before_anything_is_read() -> None:
    done = run("ask", "Does A change B?", "--data", "nowhere.csv", "--lang", "xx")
    assert done.code == 2 and "'xx'" in done.err and "de (German)" in done.err
