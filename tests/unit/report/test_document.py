"""Reports on every design: well formed, closed to the outside, escaped, the numbers those of the answer, and the twin alike."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from pyllm_causal.analysis import Answer, ErrorInfo
from pyllm_causal.errors import InputError
from pyllm_causal.report.document import html, markdown, write
from pyllm_causal.report.page import Drawn, Page
from pyllm_causal.report.story import page_of
from pyllm_causal.wording import alike
from tests.unit.report.designs import EVIL, HEBREW, LONG, WORLDS, answer

VOID = {"meta", "link", "br", "hr", "img", "input"}
ALLOWED = {
    "html", "head", "meta", "link", "title", "style", "body", "main", "header", "section", "footer", "h1", "h2", "p", "div", "span",
    "ul", "li", "figure", "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "code",
    "svg", "desc", "text", "line", "rect", "circle", "polygon", "path",
}  # fmt: skip
FIGURES = {
    "observational": {"picture", "estimates", "balance", "overlap", "decision"},
    "randomised": {"picture", "estimates", "hundred"},
    "several_arms": {"estimates", "arms"},
    "instrument": {"picture", "estimates", "first-stage"},
    "discontinuity": {"picture", "estimates", "cutoff"},
    "differences": {"picture", "estimates", "event-study", "averages"},
    "panel": {"picture", "estimates"},
    "synthetic_control": {"picture", "estimates", "synthetic", "placebos"},
    "front_door": {"picture", "estimates"},
    "mediation": {"picture", "estimates", "ways"},
    "survival": {"picture", "estimates", "survival"},
    "by_group": {"picture", "estimates", "groups"},
    "dose": {"picture", "estimates", "dose"},
    "refused": {"picture", "bounds", "association"},
    "unreviewed": {"picture"},
    "association": {"association"},
    "discovery": {"network"},
    "hostile": {"picture", "estimates", "balance", "overlap"},
}
NAMES = sorted(WORLDS)
ESTIMATED = sorted({*WORLDS} - {"refused", "unreviewed", "association", "discovery"})


class Reader(HTMLParser):
    """Collects elements, checks that they are closed in order, and keeps the words that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "svg" not in self.open:
            self.words.append(data)


@cache
def made(name: str) -> tuple[Page, str, str]:
    page = page_of(answer(name))
    return page, html(page), markdown(page)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_well_formed_and_closed_to_the_outside(name):
    text = made(name)[1]
    found = read(text)
    assert {tag for tag, _ in found.elements} <= ALLOWED
    for tag, attributes in found.elements:
        assert not any(a.startswith("on") or a in ("style", "src", "srcset", "action") for a in attributes), (
            tag,
            attributes,
        )
        assert attributes.get("href", "data:,") == "data:,"
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    (policy,) = [a["content"] for tag, a in found.elements if a.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in str(policy)
    assert f"'sha256-{digest}'" in str(policy)
    assert "unsafe" not in str(policy)
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_told_to_those_who_cannot_see_it(name):
    page, text, _ = made(name)
    figures = [b.figure for s in page.sections for b in s.blocks if isinstance(b, Drawn)]
    assert {f.key for f in figures} >= FIGURES[name]
    assert "cannot be drawn" not in text
    for figure in figures:
        for drawing in (figure.wide, figure.narrow):
            root = ElementTree.fromstring(drawing)
            space = {"s": "http://www.w3.org/2000/svg"}
            title, words = root.find("s:title", space), root.find("s:desc", space)
            assert title is not None
            assert words is not None
            assert title.text
            assert len(words.text or "") > 20
            assert root.get("role") == "img"
            assert str(root.get("aria-labelledby")).split() == [title.get("id"), words.get("id")]
            numbers = [
                float(v) for e in root.iter() for k in ("x", "y", "width", "height", "cx", "cy") if (v := e.get(k))
            ]
            assert all(-1e5 < v < 1e5 for v in numbers)
            assert "nan" not in drawing


@pytest.mark.parametrize("name", NAMES)
def test_words_of_a_figure_stay_inside_it(name):
    from pyllm_causal.report.figures.canvas import width_of

    page = made(name)[0]
    for figure in (b.figure for s in page.sections for b in s.blocks if isinstance(b, Drawn)):
        for drawing in (figure.wide, figure.narrow):
            root = ElementTree.fromstring(drawing)
            wide, high = (float(str(root.get(k))) for k in ("width", "height"))
            for e in root.iter("{http://www.w3.org/2000/svg}text"):
                size, x, words = float(str(e.get("font-size"))), float(str(e.get("x"))), e.text or ""
                left = {"start": 0.0, "middle": 0.5, "end": 1.0}[str(e.get("text-anchor"))]
                length = width_of(words, size)
                assert x - left * length > -6, (figure.key, words)
                assert x + (1 - left) * length < wide + 6, (figure.key, words)
                assert 0 < float(str(e.get("y"))) <= high, (figure.key, words)


@pytest.mark.parametrize("name", ESTIMATED)
def test_numbers_are_those_of_the_answer(name):
    found = answer(name)
    effect = found.effect
    assert effect is not None
    factor = 100 if effect.unit == "probability" and effect.scale == "difference" else 1
    ends = [e for e in (effect.low, effect.high) if e is not None]
    shown = alike([factor * v for v in (effect.value, *ends)])
    expected = f"{shown[0]} ({shown[1]} to {shown[2]})" if len(ends) == 2 else shown[0]
    page, text, twin = made(name)
    (figure,) = [
        b.figure for s in page.sections for b in s.blocks if isinstance(b, Drawn) and b.figure.key == "estimates"
    ]
    assert f">{expected}</text>" in figure.wide
    assert f">{expected}</text>" in figure.narrow
    assert figure.table[1][1] == shown[0]
    assert len(figure.table) - 1 >= sum(1 for e in found.estimates if e.effect.scale == effect.scale)
    for estimate in found.estimates:
        if estimate.effect.scale == effect.scale and estimate.effect.low is not None:
            v = alike([factor * x for x in (estimate.effect.value, estimate.effect.low, estimate.effect.high)])  # type: ignore[list-item]
            assert f">{v[0]} ({v[1]} to {v[2]})</text>" in text
            assert f"{v[1]} to {v[2]}" in twin


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,.]*\d|\d", text))


@pytest.mark.parametrize("name", NAMES)
def test_the_twin_holds_every_number_of_the_page(name):
    _, text, twin = made(name)
    seen = numbers(" ".join(read(text).words))
    assert len(seen) > 5
    assert seen <= numbers(twin.replace("\\", ""))


@pytest.mark.parametrize("name", NAMES)
def test_at_most_three_messages_and_all_parts_in_order(name):
    page = made(name)[0]
    assert 1 <= len(page.messages) <= 3
    assert (
        page.messages[0].rstrip(".") == answer(name).headline.rstrip(".")[: len(page.messages[0])].rstrip(".")
        or name == "hostile"
    )
    order = ["picture", "answer", "likeness", "sure", "assumed", "expert", "repeat"]
    keys = [s.key for s in page.sections]
    assert keys == [k for k in order if k in keys]
    assert keys[-1] == "repeat"
    if answer(name).effect is not None:
        assert keys == order
        assert page.sure


def test_names_from_the_table_are_only_ever_text():
    _, text, twin = made("hostile")
    assert "<script>" not in text.split("</style>")[1]
    assert "<script" not in twin
    assert "&lt;script&gt;" in text
    assert HEBREW in text
    assert HEBREW in twin
    for bad in ("onerror=alert(1)>", "</svg><img"):
        assert bad not in text
    prose = re.sub(r"(?s)^(`{3,}).*?^\1$", "", twin, flags=re.MULTILINE)
    assert "```" not in prose.replace("\\", "")
    assert not re.search(r"(?<!\\)\]\(|(?<!\\)!\[|(?<!\\)`|https?:", prose)
    assert not re.search(r"^# Not", twin, re.MULTILINE)
    assert "\n# " not in twin
    for hidden in "\u202e\x1b":
        assert hidden not in text
        assert hidden not in twin
    assert LONG not in text.split('id="expert"')[0]  # cut where people read
    assert EVIL not in text


def test_markdown_tables_keep_their_columns():
    for line_before, line in zip(made("hostile")[2].splitlines(), made("hostile")[2].splitlines()[1:], strict=False):
        if line.startswith("| ") and line_before.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"(?<!\\)\|", line_before))


def test_a_saved_answer_gives_the_same_report_without_its_table(tmp_path):
    first = write(answer("randomised"), tmp_path / "a.html")
    again = Answer.model_validate_json(answer("randomised").model_dump_json())
    second = write(again, tmp_path / "b.html")
    assert [p.suffix for p in first] == [".html", ".md"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "a.md", "b.html", "b.md"]


def test_a_script_is_shown_as_it_is(tmp_path):
    script = 'import numpy  # "<b>" & ```\nprint(1)\n'
    page, twin = write(answer("randomised"), tmp_path / "a.html", script=script)
    assert "import numpy  # &#34;&lt;b&gt;&#34; &amp; ```\nprint(1)" in page.read_text("utf-8")
    assert f"````python\n{script.strip()}\n````" in twin.read_text("utf-8")


def test_files_of_others_are_left_alone(tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("my notes", "utf-8")
    with pytest.raises(InputError, match="is no report"):
        write(answer("randomised"), tmp_path / "notes.html")
    assert notes.read_text("utf-8") == "my notes"
    assert not (tmp_path / "notes.html").exists()
    write(answer("randomised"), tmp_path / "mine.html")
    write(answer("association"), tmp_path / "mine.html")  # a report may be written anew
    assert "How do sex and gain go together?" in (tmp_path / "mine.html").read_text("utf-8")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write(answer("randomised"), tmp_path / "none" / "a.html")


def test_an_error_has_no_report():
    broken = Answer(status="error", error=ErrorInfo(code="data", message="There is no such file."))
    with pytest.raises(InputError, match="There is no such file"):
        page_of(broken)


@pytest.mark.parametrize("figures", [{}, {"event": [1, 2]}, {"event": "ab", "gap": [1], "std_error": 3, "base": {}}])
def test_figures_that_are_not_ours_cost_a_picture_not_the_report(figures):
    found = answer("differences")
    spoilt = tuple(
        d.model_copy(update={"figures": figures}) if d.name == "event_study" else d for d in found.diagnostics
    )
    text = html(page_of(found.model_copy(update={"diagnostics": spoilt})))
    read(text)
    assert "cannot be drawn" in text
    assert 'id="figure-estimates"' in text


def test_a_provenance_that_is_not_ours_is_survived():
    for provenance in ({}, {"query": {"kind": "nonsense"}}, {"query": 3, "data": "x", "versions": []}):
        read(html(page_of(answer("observational").model_copy(update={"provenance": provenance}))))


def claims(name: str, **sources: Any) -> dict[str, str]:
    found = answer(name)
    query = {**found.provenance["query"], "sources": sources}
    page = page_of(found.model_copy(update={"provenance": {**found.provenance, "query": query}}))
    (section,) = [s for s in page.sections if s.key == "assumed"]
    return {row[0]: row[1] for row in section.blocks[0].rows[1:]}  # type: ignore[union-attr]


def test_who_said_so_is_told():
    hand = claims("observational")
    (graph,) = [a for a in hand if "drives both drug and gain" in a]
    assert hand[graph] == "you"
    assert "language model" in claims("observational", graph="model")[graph]
    support = next(a for a in hand if "either treatment was possible" in a)
    assert "data" in hand[support]
    assert "method" in hand["One row's treatment does not change another row's outcome."]
    drawn = claims("randomised", design="model")
    assert "language model" in drawn["arm was assigned at random."]
    assert claims("randomised")["arm was assigned at random."] == "you"


def test_the_picture_marks_what_it_must():
    page = made("observational")[0]
    (figure,) = [
        b.figure for s in page.sections for b in s.blocks if isinstance(b, Drawn) and b.figure.key == "picture"
    ]
    assert figure.wide.count('class="box fixed"') == 2  # age and sex: drawn by different hands, so apart
    assert figure.wide.count('class="box asked"') == 2
    assert 'class="arrow asked"' in figure.wide
    assert "yours" in figure.wide
    assert "yours" in figure.note or "dot are yours" in figure.note
    assert ("age", "drug", "older people are offered it", "sure", "the language model") in figure.table
    (hidden,) = [
        b.figure
        for s in made("refused")[0].sections
        for b in s.blocks
        if isinstance(b, Drawn) and b.figure.key == "picture"
    ]
    assert 'class="box hidden"' in hidden.wide
    assert "a health scare" in hidden.title.lower()


def test_chances_are_told_only_to_whoever_said_what_matters():
    assert 'id="figure-decision"' in made("observational")[1]
    assert 'id="figure-decision"' not in made("discontinuity")[1]


def test_very_unsure_answers_get_no_hundred_rows():
    found = answer("randomised")
    assert found.certainty is not None
    unsure = found.model_copy(update={"certainty": found.certainty.model_copy(update={"level": "very_low"})})
    assert 'id="figure-hundred"' in made("randomised")[1]
    assert 'id="figure-hundred"' not in html(page_of(unsure))


def figure_of(found: Answer, key: str) -> Any:
    return next(
        b.figure for s in page_of(found).sections for b in s.blocks if isinstance(b, Drawn) and b.figure.key == key
    )


def test_links_without_a_direction_get_no_arrow_head():
    found = answer("discovery")
    assert found.edges
    edge = dict(found.edges[0])
    arrow, line = ({**edge, "cause": "p", "effect": "q", "mark": m, "frequency": 0.9, "support": "clear"} for m in "→—")
    drawn = figure_of(found.model_copy(update={"edges": (arrow,)}), "network").wide
    assert drawn.count("<polygon") == 1
    assert f">{round(0.9 * edge['resamples'])}</text>" in drawn
    words = figure_of(found.model_copy(update={"edges": (arrow,)}), "network").words
    assert f"in {round(0.9 * edge['resamples'])} of {edge['resamples']} resamples" in words
    loose = figure_of(found.model_copy(update={"edges": (line,)}), "network").wide
    assert "<polygon" not in loose
    assert "loose" in loose


def test_parts_of_a_change_are_in_its_own_unit_and_parts_of_variation_in_100():
    found = answer("observational")
    rows = ({"cause": "age", "share": 0.4, "low": 0.3, "high": 0.5},)

    def shares(**query: Any) -> str:
        asked = {**found.provenance["query"], "kind": "attribution", **query}
        changed = {"attribution": rows, "provenance": {**found.provenance, "query": asked}}
        return figure_of(found.model_copy(update=changed), "shares").wide

    assert ">40 (30 to 50) of 100</text>" in shares()
    assert ">0.40 (0.30 to 0.50)</text>" in shares(compare={"column": "sex", "from": 0, "to": 1})
    assert ">0.40 (0.30 to 0.50)</text>" in shares(row=3)


def test_other_pictures_of_causes_have_their_figure_and_their_question():
    found = answer("observational")
    assert found.pictures is not None
    assert found.next_question is not None
    other = next(a.effect for a in found.pictures.alternatives if a.effect is not None)
    assert other.low is not None
    assert other.high is not None
    shown = alike([other.value, other.low, other.high])
    assert f">{shown[0]} ({shown[1]} to {shown[2]})</text>" in figure_of(found, "pictures").wide
    page, text, _ = made("observational")
    assert "Worth asking somebody who knows: Is it right that age affects gain?" in text
    assert not any("Next" in m for m in page.messages)
