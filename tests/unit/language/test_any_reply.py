"""Any reply whatsoever, live or replayed: an answer equal to `analyse` on its own query with prose that goes no further,
or a clear error, or a choice."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyllm_causal import pipeline
from pyllm_causal.analysis import Answer
from pyllm_causal.causal.refuters import REGISTRY
from pyllm_causal.data import Table
from pyllm_causal.errors import CausalError
from pyllm_causal.language.client import Reply, Request, Scripted
from pyllm_causal.language.recording import Recorder, Replayer, read, write

QUESTION = "Does taking the drug raise the result?"
SAME = ("status", "effect", "estimates", "refutations", "certainty", "sample", "diagnostics", "unadjusted", "estimand",
        "headline", "decision", "association", "method")  # fmt: skip
OVERCLAIM = re.compile(
    r"\b(prov\w+|certainly|definite\w*|significan\w*|guarante\w*|always|dangerous|cures?)\b", re.IGNORECASE
)
STEPS = ("read", "draft", "challenge", "explain", "phrase")


@pytest.fixture(scope="module", autouse=True)
def few_checks() -> Iterator[None]:
    """Two quick checks are enough: what is tested is that no reply touches them."""
    kept = dict(REGISTRY)
    for name in list(REGISTRY):
        if name not in ("placebo_treatment", "negative_outcome"):
            del REGISTRY[name]
    analysed.cache_clear()
    yield
    REGISTRY.clear()
    REGISTRY.update(kept)


@lru_cache(maxsize=1)
def table() -> Table:
    rng = np.random.default_rng(8)
    age = rng.integers(20, 70, 60)
    drug = (rng.random(60) < age / 90).astype(int)
    frame = {
        "drug": drug,
        "result": 2.0 * drug + age / 20 + rng.normal(size=60),
        "age": age,
        "result_before": age / 9.0,
    }
    return Table.read(pd.DataFrame(frame))


@lru_cache(maxsize=512)
def analysed(query: str) -> Answer:
    return pipeline.analyse(json.loads(query), table())


NAMES = st.sampled_from(["drug", "result", "age", "result_before", "ghost", ""])
PROSE = st.lists(
    st.sampled_from(
        """having drug = 1 rather than 0 may lead to higher lower result proves 999 47% not leads increases reduces twice all
        dangerous people stop . , taking the On average""".split()
    ),
    max_size=12,
).map(" ".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 999) | st.floats() | NAMES | PROSE | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | NAMES, inner, max_size=3),
    max_leaves=8,
)
READINGS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(
            ["effect", "effect", "effect", "association", "mediation", "effect_by_group", "missing", "zz"]
        ),
        "treatment": st.sampled_from(["drug"] * 3 + ["age", "ghost"]),
        "outcome": st.sampled_from(["result"] * 3 + ["drug", "age"]),
    },
    optional={"who": VALUES, "only": VALUES, "by": NAMES, "mediator": NAMES, "matters": VALUES, "weights": VALUES},
)
CAUSES = st.lists(
    st.fixed_dictionaries({"name": PROSE | NAMES, "column": NAMES, "check": NAMES, "reason": PROSE}), max_size=4
)
GOOD = {"kind": "effect", "treatment": "drug", "outcome": "result", "who": "everyone", "only": None}
SHAPED = st.fixed_dictionaries(
    {
        "read": st.one_of(
            st.just({"reading": GOOD}), st.just({"reading": GOOD}), READINGS.map(lambda r: {"reading": r}), VALUES
        ),
        "draft": st.fixed_dictionaries({"unmeasured": CAUSES, "suspects": CAUSES}) | VALUES,
        "challenge": st.fixed_dictionaries(
            {"checks": CAUSES, "negative_outcomes": CAUSES, "negative_exposures": CAUSES}
        )
        | VALUES,
        "explain": st.fixed_dictionaries({"prose": PROSE}),
        "phrase": st.fixed_dictionaries({"prose": PROSE | st.text(max_size=60)}) | VALUES,
    }
)
RAW = st.fixed_dictionaries({step: st.text(max_size=80) for step in STEPS})
ONE_RAW = st.tuples(SHAPED, st.sampled_from(STEPS), st.text(max_size=80))


def texts(shaped: dict[str, Any]) -> dict[str, str]:
    return {step: value if isinstance(value, str) else json.dumps(value) for step, value in shaped.items()}


REPLIES = SHAPED.map(texts) | RAW | ONE_RAW.map(lambda three: {**texts(three[0]), three[1]: three[2]})


def scripted(replies: dict[str, str]) -> Scripted:
    return Scripted(lambda request: replies.get(request.step, ""))


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def sound(answer: Answer) -> None:
    """The numbers are those of `analyse`; the prose adds no number, no stronger word and no other direction."""
    if answer.status == "needs_review" and "query" not in answer.provenance:
        assert answer.choices is not None and answer.effect is None
        return
    plain = analysed(json.dumps(answer.provenance["query"], sort_keys=True))
    for field in SAME:
        assert getattr(answer, field) == getattr(plain, field), field
    receipt = "Read as: " + answer.provenance["language"]["receipt"]
    told = " ".join(answer.text.split()).replace(" ".join(receipt.split()), "")
    assert numbers(told) <= numbers(plain.text)
    known = {" ".join(b.split()) for b in plain.text.split("\n\n")}
    added = [b for b in (" ".join(block.split()) for block in answer.text.split("\n\n")) if b not in known]
    free = [b for b in added if not b.startswith(("Read as:", "Bad to hold fixed", "What failed"))]
    assert not any(OVERCLAIM.search(b) for b in added)
    for block in free:
        assert not re.search(r"\b(?:twice|47|999|all)\b", block)
        if plain.effect is not None and "may lead to higher" in plain.headline:
            assert not re.search(r"\b(?:lower|reduces|less)\b", block.replace(" ".join(plain.text.split()), ""))
        if "may lead" in plain.headline:
            for sentence in re.split(r"(?<=[.!?])\s", block):
                if re.search(r"\b(?:leads?|increases)\b", sentence):
                    assert re.search(r"\bmay\b", sentence)


def asked(client: Any) -> Answer | None:
    try:
        return pipeline.ask(QUESTION, table(), client=client)
    except CausalError as error:
        plainly(error)
        return None


def plainly(error: CausalError) -> None:
    assert error.message
    assert error.exit_code == 2


QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@QUICK
@given(replies=REPLIES)
def test_any_reply_live(replies: dict[str, str]) -> None:
    answer = asked(scripted(replies))
    if answer is not None:
        sound(answer)


@lru_cache(maxsize=1)
def recorded() -> dict[str, str]:
    """A folder of sound recordings, as texts by file name."""
    replies = {"read": {"reading": GOOD}, "draft": {}, "challenge": {}, "phrase": {"prose": ""}}
    with tempfile.TemporaryDirectory() as folder:
        pipeline.ask(QUESTION, table(), client=Recorder(scripted(texts(replies)), folder, origin="authored"))
        return {p.name: p.read_text() for p in Path(folder).iterdir()}


@QUICK
@given(
    replies=REPLIES,
    harm=st.dictionaries(st.sampled_from([f"{s}.json" for s in STEPS]), st.binary(max_size=60), max_size=1),
    lost=st.sets(st.sampled_from([f"{s}.json" for s in STEPS]), max_size=1),
)  # fmt: skip
def test_any_reply_replayed(replies: dict[str, str], harm: dict[str, bytes], lost: set[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in recorded().items():
            (folder / file).write_text(text)
            recording = read(folder / file)
            said = Reply(text=replies[recording.step].encode("utf-8", "replace").decode(), model="m")
            write(folder / file, recording.model_copy(update={"reply": said}))
        for file, content in harm.items():
            (folder / file).write_bytes(content)
        for file in lost:
            (folder / file).unlink(missing_ok=True)
        answer = asked(Replayer(folder))
        if answer is not None:
            sound(answer)


@QUICK
@given(replies=REPLIES)
def test_an_answer_file_alone_repeats_the_answer(replies: dict[str, str]) -> None:
    first = asked(scripted(replies))
    if first is None or not first.provenance["language"].get("recordings"):
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "answer.json"
        path.write_text(first.model_dump_json())
        again = pipeline.ask(QUESTION, table(), client=Replayer(path))
    for field in (*SAME, "text", "steps", "claims", "choices"):
        assert getattr(again, field) == getattr(first, field), field
    assert again.provenance["language"]["recordings"] == first.provenance["language"]["recordings"]


@QUICK
@given(content=st.binary(max_size=120) | VALUES.map(lambda v: json.dumps(v).encode()))
def test_any_answer_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "answer.json"
        path.write_bytes(content)
        with pytest.raises(CausalError):
            pipeline.ask(QUESTION, table(), client=Replayer(path))


def test_the_test_can_fail() -> None:
    """A lie in the text is seen."""
    answer = asked(scripted(texts({"read": {"reading": GOOD}, "draft": {}, "challenge": {}, "phrase": {"prose": ""}})))
    assert answer is not None and answer.status == "answered"
    sound(answer)
    for lie in ("It is 999 higher.", "That proves it.", "Having drug = 1 leads to more."):
        first, _, rest = answer.text.partition("\n\n")
        with pytest.raises(AssertionError):
            sound(answer.model_copy(update={"text": f"{first}\n\n{lie}\n\n{rest}"}))


def test_requests_hold_no_row() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> str:
        seen.append(request)
        return json.dumps({"read": {"reading": GOOD}}.get(request.step, {}))

    asked(Scripted(answer))
    sent = "".join(r.model_dump_json() for r in seen)
    assert f"{float(table().frame.iloc[3, 1]):.6f}"[:7] not in sent
