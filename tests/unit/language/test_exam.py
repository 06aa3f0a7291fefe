"""The exam: exact labels, a balanced paper, an honest bar, and trust that is never given by default."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest

from pyllm_causal.causal import separation
from pyllm_causal.errors import ModelError, SettingsError
from pyllm_causal.language import exam
from pyllm_causal.language.client import Reply, Request, Scripted
from pyllm_causal.settings import Settings, load

MODEL = load("openai/test", "http://127.0.0.1:8080/v1", environment={})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pyllm-causal" / "exams.json"


def asked_for(request: Request) -> exam.Question:
    said = request.messages[-1].content
    return next(q for q in exam.questions() if q.text in said)


def answers(choose: object) -> Scripted:
    def reply(request: Request) -> str:
        question = asked_for(request)
        return json.dumps({"answer": choose(question)})  # type: ignore[operator]

    return Scripted(reply)


def test_labels_agree_with_networkx_on_1000_random_graphs() -> None:
    draw, told = random.Random(7), Counter[bool]()
    for _ in range(1000):
        nodes = [chr(65 + i) for i in range(draw.randint(3, 8))]
        density = draw.uniform(0.1, 0.7)
        parents = {n: [m for m in nodes[:i] if draw.random() < density] for i, n in enumerate(nodes)}
        graph = nx.DiGraph()
        graph.add_nodes_from(nodes)
        graph.add_edges_from((m, n) for n in nodes for m in parents[n])
        x, y, *others = draw.sample(nodes, len(nodes))
        given = set(others[: draw.randint(0, len(others))])
        expected = nx.is_d_separator(graph, {x}, {y}, given)
        assert exam.separated(parents, x, y, given) == expected, (parents, x, y, given)
        children = {n: list(graph.successors(n)) for n in nodes}
        assert separation.separated(children, x, y, given) == expected  # and so does the referee of the numbers
        assert (x in exam.ancestors(parents, {y})) == nx.has_path(graph, x, y)
        told[expected] += 1
    assert min(told.values()) > 200  # both answers were put to the test


def test_the_labels_of_the_paper_are_those_of_its_pictures() -> None:
    """Read back from the words that a model sees, not from what drew them."""
    seen = 0
    for question in exam.questions()[20:]:
        arrows = re.findall(r"([A-E]) -> ([A-E])", question.text)
        graph = nx.DiGraph(arrows)
        graph.add_nodes_from("ABCDE")
        if question.part == "chains":
            x, y = re.search(r"changes (\w) from outside, can that change (\w)\?", question.text).groups()  # type: ignore[union-attr]
            right = nx.has_path(graph, x, y)
        else:
            known = re.search(r"already know (\w)(?: and (\w))?\.", question.text)
            given = {g for g in known.groups() if g} if known else set()
            x, y = re.search(r"learning (\w) then tell us anything about (\w)\?", question.text).groups()  # type: ignore[union-attr]
            right = not nx.is_d_separator(graph, {x}, {y}, given)
        assert question.right == ("yes" if right else "no"), question.text
        assert nx.is_directed_acyclic_graph(graph) and not graph.has_edge(x, y) and not graph.has_edge(y, x)
        assert nx.has_path(graph.to_undirected(), x, y)
        seen += 1
    assert seen == 20


def test_the_paper_is_balanced_short_and_always_the_same() -> None:
    paper = exam.questions()
    counts = Counter((q.part, q.right) for q in paper)
    assert counts == {
        ("directions", "first"): 10, ("directions", "second"): 10, ("separation", "yes"): 5, ("separation", "no"): 5,
        ("chains", "yes"): 5, ("chains", "no"): 5,
    }  # fmt: skip
    assert len({q.text for q in paper}) == len(paper) == 40
    assert all(q.right in q.options and len(q.text) < 400 for q in paper)
    assert (
        {(c, e) for c, e in exam.PAIRS}
        == {
            tuple(re.search(rf"{r}: (.*)", q.text)[1] for r in (q.right, "second" if q.right == "first" else "first"))  # type: ignore[index]
            for q in paper[:20]
        }
    )
    exam.questions.cache_clear()
    assert exam.questions() == paper


def test_what_is_sent_is_one_schema_bound_call_a_question() -> None:
    client = answers(lambda q: q.right)
    result = exam.take(client, MODEL)
    assert len(client.requests) == 40 and result.passed and result.unusable == 0
    for request in client.requests:
        answer = request.response_schema["properties"]["answer"]  # type: ignore[index]
        assert answer["enum"] == list(asked_for(request).options)
        assert (request.max_tokens or 0) <= 200
        assert "right" not in request.messages[-1].content.split("Answer ")[-1]


@pytest.mark.parametrize("constant", ["first or yes", "second or no"])
def test_a_model_that_always_says_the_same_scores_one_half(constant: str) -> None:
    result = exam.take(answers(lambda q: next(o for o in q.options if o in constant)), MODEL)
    assert result.directions == (10, 20) and result.logic == (10, 20) and not result.passed


def test_a_model_that_knows_directions_but_not_graphs_is_below_the_bar_and_the_other_way_round() -> None:
    half = exam.take(answers(lambda q: q.right if q.part == "directions" else "no"), MODEL)
    assert half.directions == (20, 20) and half.logic == (10, 20) and not half.passed
    other = exam.take(answers(lambda q: "first" if q.part == "directions" else q.right), MODEL)
    assert other.logic == (20, 20) and not other.passed


def test_replies_that_cannot_be_used_are_wrong() -> None:
    replies = itertools.cycle(["rubbish", '{"answer": "perhaps"}', '{"answer": null}', "[]", '{"answer": ["first"]}'])
    result = exam.take(Scripted(lambda _: next(replies)), MODEL)
    assert result.unusable == 40 and result.directions == (0, 20) and not result.passed


def test_a_model_that_cannot_be_reached_is_not_scored() -> None:
    with pytest.raises(ModelError, match="gone"):
        exam.take(Scripted(lambda _: ModelError("gone", "wait")), MODEL)


def test_the_bound_is_clopper_and_pearsons() -> None:
    from scipy.stats import beta

    for asked in (1, 7, 20, 40):
        for right in range(1, asked + 1):
            assert exam.lower(right, asked) == pytest.approx(beta.ppf(0.1, right, asked - right + 1), abs=1e-9)
    assert exam.lower(0, 20) == exam.lower(0, 0) == exam.lower(3, 2) == 0.0
    # What the docstring and docs/models.md say.
    assert [k for k in range(21) if exam.lower(k, 20) > exam.DIRECTIONS_BAR] == [18, 19, 20]
    assert min(k for k in range(21) if exam.lower(k, 20) > exam.LOGIC_BAR) == 14


def test_guessers_almost_never_pass() -> None:
    draw = random.Random(3)
    passed = 0
    for _ in range(2000):
        right = {"directions": sum(draw.random() < 0.5 for _ in range(20)),
                 "separation": sum(draw.random() < 0.5 for _ in range(10)),
                 "chains": sum(draw.random() < 0.5 for _ in range(10))}  # fmt: skip
        asked = {"directions": 20, "separation": 10, "chains": 10}
        passed += exam.Result(model="m", api_base=None, date="", version="", right=right, asked=asked).passed  # type: ignore[arg-type]
    assert passed <= 1


class TestTrust:
    def scored(self, settings: Settings = MODEL, good: bool = True) -> exam.Result:
        return exam.take(answers(lambda q: q.right if good else q.options[0]), settings)

    def test_nobody_is_trusted_unexamined(self) -> None:
        assert not exam.trusted("openai/test", MODEL.api_base) and not exam.trusted(None) and not exam.trusted("")

    def test_trust_is_by_name_and_address(self, cache: Path) -> None:
        exam.keep(self.scored())
        assert exam.trusted("openai/test", MODEL.api_base)
        assert exam.trusted("openai/test", f"{MODEL.api_base}/")
        assert not exam.trusted("openai/test") and not exam.trusted("openai/test2", MODEL.api_base)
        assert not exam.trusted("openai/test", "http://127.0.0.1:9090/v1")
        assert cache.stat().st_mode & 0o777 == 0o600

    def test_a_usual_address_is_the_same_as_none(self) -> None:
        exam.keep(self.scored(load("ollama/x", environment={})))
        assert exam.trusted("ollama/x") and exam.trusted("ollama/x", "http://127.0.0.1:11434/v1")

    def test_a_later_exam_counts(self) -> None:
        exam.keep(self.scored())
        exam.keep(self.scored(good=False))
        assert not exam.trusted("openai/test", MODEL.api_base) and len(exam.results()) == 1

    def test_a_result_is_judged_anew_and_only_for_these_questions(self, cache: Path) -> None:
        exam.keep(self.scored(good=False))
        text = cache.read_text()
        cache.write_text(text.replace('"unusable"', '"passed": true, "unusable"'))
        assert exam.results() == {} and not exam.trusted("openai/test", MODEL.api_base)
        exam.keep(self.scored())
        cache.write_text(cache.read_text().replace(exam.version(), "000000000000"))
        assert not exam.trusted("openai/test", MODEL.api_base)

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"x": 1}', '{"x": {"model": "m"}}', "[" * 5000, "\x00"])
    def test_a_damaged_file_trusts_nobody(self, text: str, cache: Path) -> None:
        cache.parent.mkdir(parents=True)
        cache.write_text(text)
        assert exam.results() == {} and not exam.trusted("openai/test", MODEL.api_base)
        exam.keep(self.scored())
        assert exam.trusted("openai/test", MODEL.api_base)

    def test_a_model_file_is_known_by_its_bytes(self, tmp_path: Path) -> None:
        from pyllm_causal.language.local import named

        file = tmp_path / "model.gguf"
        file.write_bytes(b"GGUF" + b"x" * 100)
        exam.keep(self.scored(load(named(f"local:{file}"), environment={})))
        assert exam.trusted(f"local:{file}") and exam.trusted(named(f"local:{file}"))
        file.write_bytes(b"GGUF" + b"y" * 100)
        assert not exam.trusted(f"local:{file}") and not exam.trusted("local:/nowhere.gguf")

    def test_without_a_home_nobody_is_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def homeless(*_: object, **__: object) -> str:
            raise RuntimeError("no home")

        monkeypatch.setattr("platformdirs.user_cache_dir", homeless)
        assert not exam.trusted("openai/test", MODEL.api_base)
        with pytest.raises(SettingsError, match="no cache folder"):
            exam.keep(self.scored())


def test_a_reply_in_a_fence_or_after_a_thought_counts() -> None:
    client = Scripted(lambda r: Reply(text=f'<think>hm</think>```json\n{{"answer": "{asked_for(r).right}"}}\n```'))
    assert exam.take(client, MODEL).passed


def test_the_page_tells_what_the_exam_is() -> None:
    page = (Path(__file__).parents[3] / "docs/models.md").read_text(encoding="utf-8")
    assert f"questions {exam.version()}" in page, "the questions changed: score the models anew and write them down"
    assert all(f"`{name}`" in page for name in Settings.model_fields)
    for row in (line for line in page.splitlines() if line.startswith("| local:")):
        cells = [c.strip() for c in row.strip("|").split("|")]
        right = [int(c.split(" of ")[0]) for c in cells[1:4]]
        passed = exam.lower(right[0], 20) > exam.DIRECTIONS_BAR and exam.lower(right[1] + right[2], 20) > exam.LOGIC_BAR
        assert (cells[5] == "yes") == passed and len(cells[7]) == 64
