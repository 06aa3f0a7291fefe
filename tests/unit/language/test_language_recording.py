"""Recordings: repeatable, verified, loud when stale, and free of secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyllm_causal.errors import ModelError, RecordingError
from pyllm_causal.language.client import LiveClient, Message, Reply, Request, Scripted, usage
from pyllm_causal.language.phrase import phrase
from pyllm_causal.language.read import read_question
from pyllm_causal.language.recording import Keeper, Recorder, Replayer
from pyllm_causal.settings import load
from tests.server import Server
from tests.unit.language.tables import clinic, column, effect, profile

QUESTION = "Does the vaccine raise the antibody level?"
ASK = Request(step="read", messages=(Message(role="user", content="Hello"),), prompt="p1")


def test_a_reading_is_repeated_without_model_or_settings(tmp_path: Path) -> None:
    with Server({"read": effect()}) as server:
        recorder = Recorder(LiveClient(load("openai/some-model", server.url, max_tokens=300, seed=5)), tmp_path)
        first = read_question(QUESTION, clinic(), recorder)
    replayer = Replayer(tmp_path)
    again = read_question(QUESTION, clinic(), replayer)
    assert again.model_dump_json() == first.model_dump_json()
    assert first.query is not None and first.query.treatment == "treated"
    assert [c.step for c in replayer.calls] == ["read", "draft"]
    account = usage(replayer)
    assert account == usage(recorder)
    assert (account["model"], account["origin"], account["calls"]) == ("openai/some-model", "live", 2)
    assert (account["tokens_in"], account["tokens_out"], account["cost"]) == (20, 10, None)
    assert account["recordings"] == ["read.json", "draft.json"]


def test_the_file_is_plain_and_named_after_its_step(tmp_path: Path) -> None:
    Recorder(Scripted(["one", "two"]), tmp_path, origin="authored").complete(ASK)
    text = (tmp_path / "read.json").read_text()
    document = json.loads(text)
    assert list(document) == [
        "version", "step", "origin", "model", "fingerprint", "parts", "settings", "reply", "failure",
    ]  # fmt: skip
    assert document["origin"] == "authored" and document["reply"]["text"] == "one"
    assert text.endswith("}\n") and '\n  "step"' in text
    assert [p.name for p in tmp_path.iterdir()] == ["read.json"]


def test_further_calls_of_a_step_are_numbered(tmp_path: Path) -> None:
    recorder = Recorder(Scripted(["one", "two"]), tmp_path)
    recorder.complete(ASK)
    other = ASK.model_copy(update={"messages": (*ASK.messages, Message(role="user", content="Again"))})
    recorder.complete(other)
    replayer = Replayer(tmp_path)
    assert replayer.complete(ASK).text == "one"
    assert replayer.complete(other).text == "two"
    assert (tmp_path / "read.2.json").is_file()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompt": "p2"}, "the prompt file"),
        ({"response_schema": {"type": "object"}}, "the form of the reply"),
        ({"messages": (Message(role="user", content="Goodbye"),)}, "the question, the table"),
        ({"model": "other"}, "the model"),
        ({"max_tokens": 77}, "settings"),
        ({"seed": 9}, "settings"),
    ],
)
def test_a_stale_recording_says_what_changed(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    Recorder(Scripted(["one"]), tmp_path).complete(ASK)
    with pytest.raises(RecordingError, match=says) as caught:
        Replayer(tmp_path).complete(ASK.model_copy(update=change))
    assert "--record" in caught.value.hint


def test_another_question_or_table_is_stale(tmp_path: Path) -> None:
    read_question(QUESTION, clinic(), Recorder(Scripted([effect()]), tmp_path), draft=False)
    with pytest.raises(RecordingError, match="out of date"):
        read_question(QUESTION + "?", clinic(), Replayer(tmp_path), draft=False)
    other = profile(*clinic().columns, column("more"), name="clinic.csv")
    with pytest.raises(RecordingError, match="out of date"):
        read_question(QUESTION, other, Replayer(tmp_path), draft=False)


def test_a_recorded_failure_is_a_failure_again(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        Recorder(Scripted([ModelError("The server is busy.", "Wait.")]), tmp_path).complete(ASK)
    with pytest.raises(ModelError, match="The server is busy"):
        Replayer(tmp_path).complete(ASK)


def edited(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    document.update(changes)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000, b'{"version": 2}', b" " * 1_000_001],
    ids=["empty", "cut", "list", "null", "number", "foreign", "binary", "deep", "version", "huge"],
)
def test_a_damaged_recording_is_a_plain_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "read.json").write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        Replayer(tmp_path).complete(ASK)
    assert "read.json" in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "0" * 64},
        {"parts": {}},
        {"step": "draft"},
        {"origin": "magic"},
        {"reply": None},
        {"extra": 1},
        {"reply": {"text": 7}},
        {"settings": {"temperature": "hot"}},
    ],
)
def test_a_tampered_recording_is_a_plain_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    Recorder(Scripted(["one"]), tmp_path).complete(ASK)
    edited(tmp_path / "read.json", **changes)
    with pytest.raises(RecordingError):
        Replayer(tmp_path).complete(ASK)


def test_missing_recordings(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no folder"):
        Replayer(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match=r"no recording read\.json"):
        Replayer(tmp_path).complete(ASK)


@pytest.mark.parametrize("step", ["../read", "read/..", "", "READ", "a" * 60])
def test_a_step_cannot_leave_the_folder(tmp_path: Path, step: str) -> None:
    request = ASK.model_copy(update={"step": step})
    with pytest.raises(RecordingError):
        Recorder(Scripted(["one"]), tmp_path).complete(request)
    with pytest.raises(RecordingError):
        Replayer(tmp_path).complete(request)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        Recorder(Scripted(["one"]), tmp_path / "file").complete(ASK)


def test_no_secret_is_ever_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "planted-secret-0123456789"
    monkeypatch.setenv("PYLLM_CAUSAL_API_KEY", key)
    monkeypatch.setenv("SOMEONES_TOKEN", "planted-token-0123456789")
    with Server({"read": f'{{"echo": "{key} planted-token-0123456789"}}'}) as server:
        recorder = Recorder(LiveClient(load("openai/m", server.url)), tmp_path)
        recorder.complete(ASK)
        assert "planted-token" not in str(server.requests)
    scripted = Recorder(Scripted([Reply(text=key), ModelError(f"bad {key}", key)]), tmp_path / "b")
    scripted.complete(ASK)
    with pytest.raises(ModelError):
        scripted.complete(ASK)
    for path in [*tmp_path.rglob("*.json")]:
        text = path.read_text()
        assert "planted" not in text and "Authorization" not in text and "127.0.0.1" not in text


def test_a_failed_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(RecordingError, match="No space"):
        Recorder(Scripted(["one"]), tmp_path).complete(ASK)
    assert list(tmp_path.iterdir()) == []


def test_recording_errors_are_not_swallowed_by_later_steps(tmp_path: Path) -> None:
    from pyllm_causal.analysis import Answer

    answer = Answer(status="answered", text="It may lead to more.")
    with pytest.raises(RecordingError):
        phrase(answer, Replayer(tmp_path))


def test_the_account_of_a_run() -> None:
    assert usage(None) == usage(Scripted([])) == {"model": None, "calls": 0, "cost": None, "recordings": []}
    client = Scripted([Reply(text="a", model="m", cost=0.5), Reply(text="b", model="m", cost=0.25)])
    client.complete(ASK)
    client.complete(ASK)
    assert usage(client)["cost"] == 0.75 and usage(client)["model"] == "m"


class TestKeeper:
    """Every reply stands in the answer too, and the answer alone can be replayed."""

    def test_it_keeps_calls_failures_and_repairs(self) -> None:
        keeper = Keeper(Scripted(["one", ModelError("The server is busy.")]))
        keeper.complete(ASK)
        with pytest.raises(ModelError):
            keeper.complete(ASK)
        assert list(keeper.kept) == ["read.json", "read.2.json"]
        assert keeper.kept["read.json"].origin == "authored" and keeper.kept["read.2.json"].failure is not None
        assert usage(keeper)["calls"] == 1

    def test_of_a_recorder_and_of_a_replayer_it_keeps_the_same(self, tmp_path: Path) -> None:
        first = Keeper(Recorder(Scripted(["one"]), tmp_path))
        first.complete(ASK)
        second = Keeper(Replayer(tmp_path))
        second.complete(ASK)
        assert first.document() == second.document()
        assert first.document()["read.json"] == json.loads((tmp_path / "read.json").read_text())

    def test_an_answer_file_is_a_place_to_replay_from(self, tmp_path: Path) -> None:
        keeper = Keeper(Scripted(["one"]))
        keeper.complete(ASK)
        path = tmp_path / "answer.json"
        path.write_text(json.dumps({"provenance": {"language": {"recordings": keeper.document()}}}))
        replayer = Replayer(path)
        assert replayer.complete(ASK).text == "one"
        assert replayer.recorded("read") and not replayer.recorded("roles")
        with pytest.raises(RecordingError, match=r"no recording read\.2\.json"):
            replayer.complete(ASK)
        with pytest.raises(RecordingError, match="the model"):
            Replayer(path).complete(ASK.model_copy(update={"model": "other"}))

    @pytest.mark.parametrize(
        "content", ["", "{", "[]", "7", '{"provenance": {}}', '{"provenance": {"language": {"recordings": []}}}']
    )
    def test_a_file_without_recordings_is_a_plain_error(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(RecordingError, match="holds no recordings") as caught:
            Replayer(tmp_path / "a.json")
        assert caught.value.hint

    def test_a_tampered_recording_inside_is_a_plain_error(self, tmp_path: Path) -> None:
        keeper = Keeper(Scripted(["one"]))
        keeper.complete(ASK)
        document = keeper.document()
        document["read.json"]["fingerprint"] = "0"
        path = tmp_path / "a.json"
        path.write_text(json.dumps({"provenance": {"language": {"recordings": document}}}))
        with pytest.raises(RecordingError):
            Replayer(path).complete(ASK)

    def test_no_secret_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOMEONES_TOKEN", "planted-token-0123456789")
        keeper = Keeper(Scripted([Reply(text="planted-token-0123456789"), ModelError("planted-token-0123456789")]))
        keeper.complete(ASK)
        with pytest.raises(ModelError):
            keeper.complete(ASK)
        assert "planted" not in json.dumps(keeper.document())
