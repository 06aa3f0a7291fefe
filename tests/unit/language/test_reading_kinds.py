"""The kind of a question by its cue words, and a question taken apart."""

from __future__ import annotations

import pytest

from pyllm_causal.language import kinds, sentence
from pyllm_causal.language.tongue import language


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What causes what here?", "discovery"),
        ("How do all these measurements hang together?", "discovery"),
        ("Draw the causal diagram.", "discovery"),
        ("How many hives are there?", "describe"),
        ("What is the average honey yield?", "describe"),
        ("Which hive gave the most honey?", "describe"),
        ("Wie viele Bienenstöcke gibt es?", "describe"),
        ("Hive 12 was moved. Would it have survived otherwise?", "counterfactual"),
        ("If hive 7 had been fed, would it have lived?", "counterfactual"),
        ("How much of the effect of feeding on honey goes through brood?", "mediation"),
        ("Does feeding raise the honey yield because it makes more brood?", "mediation"),
        ("What share of the effect is mediated by brood?", "mediation"),
        ("Does feeding work better for old queens?", "effect_by_group"),
        ("Is the effect of feeding different for northern and southern hives?", "effect_by_group"),
        ("Does the effect of feeding vary with the age of the queen?", "effect_by_group"),
        ("Hilft Füttern alten Königinnen mehr als jungen?", "effect_by_group"),
        ("Why did the honey yield fall?", "attribution"),
        ("What drives winter losses?", "attribution"),
        ("Which factors affect winter losses?", "attribution"),
        ("Are yield and rain correlated?", "association"),
        ("Does feeding raise the honey yield?", None),
        ("What is the effect of feeding on winter losses?", None),
        ("Would moving the hives save more of them?", None),
        ("Does a drive-through hive yard lead to more honey?", None),
        ("Does feeding hives over 40 kg raise the yield?", None),
    ],
)
def test_the_kind_that_the_words_tell(question: str, kind: str | None) -> None:
    assert kinds.told(question) == kind


@pytest.mark.parametrize(
    ("question", "case"),
    [
        ("Hive 12 was fed. Would it have died?", ("Hive", 12)),
        ("Would hive no. 3 have died?", ("hive", 3)),
        ("In the year 2019, would it have died?", None),
        ("Would hives over 40 kg die?", None),
    ],
)
def test_the_one_case(question: str, case: tuple[str, int] | None) -> None:
    assert kinds.numbered(question) == case


@pytest.mark.parametrize(
    ("question", "cause", "effect"),
    [
        ("What is the effect of feeding on honey?", "feeding", "honey?"),
        ("What is feeding's effect on honey?", "feeding", "honey?"),
        ("What did feeding do to honey?", "feeding", "honey?"),
        ("Would more hives die if we stopped feeding?", "we stopped feeding", "more hives die"),
        ("If we fed them, would hives survive?", "we fed them", "would hives survive?"),
        ("Does feeding reduce losses?", "Does feeding", "losses?"),
        ("Did losses fall because of feeding?", "feeding?", "Did losses fall"),
        ("What is the relative risk of loss when feeding?", "feeding?", "loss"),
        ("Is honey nice?", "", ""),
    ],
)
def test_the_two_ends(question: str, cause: str, effect: str) -> None:
    assert sentence.ends(question) == (cause, effect)


def test_clauses_are_set_aside() -> None:
    parsed = sentence.parse("Hives were inspected in May. Among the hives that were fed, did feeding cut losses?")
    assert parsed.context == "Hives were inspected in May." and parsed.who == "were fed"
    assert (parsed.cause, parsed.effect) == ("did feeding", "losses?")
    parsed = sentence.parse("Does feeding help old queens more than young ones?", "effect_by_group")
    assert "old queens" in parsed.by and "young ones" in parsed.by
    parsed = sentence.parse("How much of feeding's effect on honey goes through brood?", "mediation")
    assert (parsed.cause, parsed.effect.strip(), parsed.through) == ("feeding", "honey", "brood")
    parsed = sentence.parse("Is feeding worth it, that is, does it cut losses?")
    assert parsed.main == "does it cut losses?" and "feeding" in parsed.context


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Does feeding raise the yield?", "en"),
        ("Erhöht Füttern den Ertrag der Bienen?", "de"),
        ("Est-ce que nourrir les abeilles augmente la récolte ?", "fr"),
        ("¿Aumenta la alimentación la cosecha de miel?", "es"),
        ("L'alimentazione fa aumentare il raccolto di miele?", "it"),
        ("A alimentação faz aumentar a colheita de mel?", "pt"),
        ("qsmk wt82?", None),
        ("1234 ???", None),
    ],
)
def test_the_language(question: str, code: str | None) -> None:
    assert language(question) == code


def test_a_mere_comparison_is_told_apart() -> None:
    """It may be meant as a question about a cause, so it does not overrule a model; the built-in reader takes it as asked."""
    for question in (
        "Do northern hives give more honey?",
        "Are old queens calmer?",
        "Do people with old queens harvest less?",
    ):
        assert kinds.compared(question) and kinds.told(question) is None
    for question in ("Does feeding raise honey more?", "Do hives give more honey with feeding?", "Is there honey?"):
        assert not kinds.compared(question)
