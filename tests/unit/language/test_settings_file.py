"""Arguments over environment over the one file of the user; keys never in it; nothing from the working directory."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from pyllm_causal.errors import SettingsError
from pyllm_causal.settings import Settings, config_path, load, read_config, scrub, write_config
from tests.cli.terminal import run

KEY = "sk-planted-0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the config file, in a home of its own; the working directory is elsewhere."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    path = config_path()
    assert path == tmp_path / "config" / "pyllm-causal" / "config.toml"
    return path


def test_the_order_of_the_three_places(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().model is None and load().timeout == 120
    write_config("model", "openai/from-the-file")
    write_config("timeout", "30")
    assert (load().model, load().timeout) == ("openai/from-the-file", 30)
    monkeypatch.setenv("PYLLM_CAUSAL_MODEL", "openai/from-the-environment")
    assert (load().model, load().timeout) == ("openai/from-the-environment", 30)
    assert load("openai/from-the-call", timeout=5).timeout == 5
    assert load("openai/from-the-call").model == "openai/from-the-call"


def test_every_setting_can_be_kept_and_comes_back_as_it_was(file: Path) -> None:
    values = {
        "model": 'odd "name" \\ with é', "api_base": "http://127.0.0.1:8080/v1", "timeout": 2.5, "retries": 0,
        "max_tokens": 300, "temperature": 0.5, "seed": 7, "share": "names", "budget": 0.5, "budget_tokens": 9000,
        "threads": 2, "context": 8192,
    }  # fmt: skip
    assert set(values) >= set(Settings.model_fields)
    for name, value in values.items():
        assert write_config(name, str(value)) == value
    assert {name: getattr(load(), name) for name in values} == values
    assert read_config() == values
    for name in values:
        write_config(name, None)
    assert read_config() == {} and load() == Settings()


def test_only_its_owner_may_read_the_file(file: Path) -> None:
    write_config("model", "openai/x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    write_config("retries", "1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(p.name for p in file.parent.iterdir()) == ["config.toml"]


def test_a_file_that_others_may_change_is_not_used(file: Path) -> None:
    write_config("api_base", "http://127.0.0.1:8080/v1")
    for mode in (0o620, 0o602):
        file.chmod(mode)
        with pytest.raises(SettingsError, match="Others may change") as caught:
            load()
        assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["api_key", "OPENAI_API_KEY", "token", "secret", "my_password", "PYLLM_CAUSAL_API_KEY"]
)
def test_a_key_is_never_kept(name: str, file: Path) -> None:
    with pytest.raises(SettingsError, match="never kept in a file") as caught:
        write_config(name, "abc")
    assert "environment" in caught.value.hint
    assert not file.exists()
    file.parent.mkdir(parents=True)
    file.write_text(f'{name} = "abc"\n')
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="never kept"):
        load()


def test_a_key_in_the_place_of_another_value_is_refused_and_not_echoed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "a-planted-one-42")
    for value in (KEY, "a-planted-one-42"):
        with pytest.raises(SettingsError, match="looks like a key") as caught:
            write_config("model", value)
        assert value not in str(caught.value)
    with pytest.raises(SettingsError):
        write_config("api_base", f"https://me:{KEY}@host/v1")
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("model = ", "not valid TOML"),
        ('modle = "x"', "no setting 'modle'"),
        ("timeout = -1", "`timeout` makes no sense"),
        ("[model]\nx = 1", "`model` makes no sense"),
        ('share = "rows"', "`share` makes no sense"),
        ('api_base = "ftp://x"', "must begin with http"),
        ('model = "a\\u001b[31m"', "unreadable"),
    ],
)
def test_a_bad_file_is_a_clear_error(text: str, says: str, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match=says) as caught:
        load()
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_unreadable_files(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(SettingsError, match="no file of ours"):
        load()
    file.rmdir()
    file.write_bytes(b"\xff\xfe\x00")
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="not valid TOML"):
        load()
    file.write_text("#" * 70_000)
    with pytest.raises(SettingsError, match="no file of ours"):
        load()


def test_a_bad_value_is_not_kept(file: Path) -> None:
    for name, value in [
        ("timeout", "soon"),
        ("share", "rows"),
        ("api_base", "localhost"),
        ("budget", "-1"),
        ("x", "1"),
    ]:
        with pytest.raises(SettingsError):
            write_config(name, value)
    with pytest.raises(SettingsError, match="no setting"):
        write_config("x", None)
    assert not file.exists()


def test_nothing_in_the_working_directory_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'model = "openai/planted"\napi_base = "http://127.0.0.1:9/v1"\n'
    for name in ("config.toml", "pyllm-causal.toml", ".pyllm-causal.toml", "pyproject.toml", ".env"):
        Path(name).write_text(text + "PYLLM_CAUSAL_MODEL=openai/planted\n" * (name == ".env"))
    Path("pyllm-causal").mkdir()
    Path("pyllm-causal/config.toml").write_text(text)
    assert load().offline and load().api_base is None
    # Some versions of platformdirs take a relative folder at its word, and some have no answer without a home.
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: "pyllm-causal")
    assert load().offline
    with pytest.raises(SettingsError, match="no config folder"):
        write_config("model", "openai/x")
    monkeypatch.setattr("platformdirs.user_config_dir", _homeless)
    assert load().offline and run("config", "path").out.startswith("There is no config folder")


def _homeless(*_: object, **__: object) -> str:
    raise RuntimeError("no home")


def test_a_folder_that_cannot_be_written(file: Path) -> None:
    file.parent.parent.mkdir()
    file.parent.write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_config("model", "openai/x")


class TestCommand:
    def test_set_show_unset_path(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYLLM_CAUSAL_RETRIES", "1")
        monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", KEY)
        assert run("config", "path").out.strip() == str(file)
        done = run("config", "set", "model", "openai/mine")
        assert done.code == 0 and done.out == "model is now openai/mine.\n"
        shown = run("config", "show")
        lines = {line.split()[0]: line for line in shown.out.splitlines()}
        assert lines["model"].endswith("openai/mine  (config file)")
        assert lines["retries"].endswith("1  (PYLLM_CAUSAL_RETRIES)")
        assert lines["timeout"].endswith("120.0  (default)")
        assert "set in the environment" in shown.out and KEY not in shown.out
        document = run("config", "show", "--json").document
        assert document["settings"]["model"] == {"value": "openai/mine", "from": "config file"}
        assert document["api_key"] is True
        assert run("config", "unset", "model", "--json").document == {"model": None}
        assert read_config() == {}

    def test_a_key_is_refused_with_a_hint(self, file: Path) -> None:
        done = run("config", "set", "openai_api_key", KEY)
        assert done.code == 2 and "never kept in a file" in done.err and "environment" in done.err
        assert KEY not in done.out + done.err
        done = run("config", "set", "model", KEY, "--json")
        assert done.code == 2 and done.document["error"]["code"] == "settings" and KEY not in done.out + done.err

    def test_the_model_of_the_file_is_asked(self, file: Path, tmp_path: Path) -> None:
        from tests.server import Server

        table = tmp_path / "t.csv"
        table.write_text("treated,result\n" + "\n".join(f"{i % 2},{i}" for i in range(40)))
        with Server() as server:
            assert run("config", "set", "model", "openai/kept").code == 0
            assert run("config", "set", "api_base", server.url).code == 0
            done = run("read", "Does treated raise result?", "--data", table, "--json")
        assert done.document["status"] in ("read", "choose")
        assert server.requests[0]["body"]["model"] == "kept"

    def test_an_address_without_a_model_is_said(self, file: Path, tmp_path: Path) -> None:
        table = tmp_path / "t.csv"
        table.write_text("a,b\n1,2\n3,4\n")
        done = run("read", "Does a raise b?", "--data", table, "--api-base", "http://127.0.0.1:9/v1")
        assert done.code == 2 and "an address but no model" in done.err and "--model NAME" in done.err


class TestScrub:
    @pytest.mark.parametrize(
        "text",
        [
            "sk-abcdefghijklmnop", "sk-ant-api03-abcdefghijkl", "gsk_aB3aB3aB3aB3aB3aB3aB3", "hf_AbCdEf0123456789AbCd",
            "AKIAIOSFODNN7EXAMPLE", "AIzaSyA1234567890abcdefghijklmnopqrstuv", "ghp_0123456789abcdefghijklmnop",
            "api_key=abcdefgh1234", '"x-api-key": "abcdefgh1234"', "eyJhbGciOiJ.eyJzdWIiOiIx.abc",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "Authorization: Basic dXNlcjpwYXNzd29yZA==", "bearer abcdefghijkl",
        ],
    )  # fmt: skip
    def test_what_looks_like_a_key_goes(self, text: str) -> None:
        assert scrub(f"It said {text}!", {}).startswith("It said ")
        assert "[secret removed]" in scrub(text, {})
        assert text[-8:] not in scrub(text, {})

    @pytest.mark.parametrize(
        "text",
        [
            "pk_customer_identifier_code", "key_performance_indicator_2", "sk_customer_dimension_2020",
            "hf_readmission_within_30_days", "basic education completed", "the key: a long story", "task-oriented",
            "risk-adjusted mortality in hospital", "monkey-wrench effects", "0123456789012345678901234567890123456789",
        ],
    )  # fmt: skip
    def test_names_of_columns_stay(self, text: str) -> None:
        assert scrub(text, {}) == text

    def test_values_of_secret_variables_go_but_plain_words_stay(self) -> None:
        environment = {"DB_PASSWORD": "weight", "MY_TOKEN": "hush-hush", "PIN_KEY": "123456", "LONG_KEY": "a" * 20}
        said = scrub(f"weight rose, hush-hush, 123456, {'a' * 20}", environment)
        assert said == "weight rose, [secret removed], 123456, [secret removed]"


def test_the_key_is_not_a_setting() -> None:
    assert not any("key" in name or "token" in name.replace("tokens", "") for name in Settings.model_fields)
    assert "PYLLM_CAUSAL_API_KEY" not in os.environ
    assert json.loads(Settings().model_dump_json())["model"] is None
