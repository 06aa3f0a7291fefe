"""Findings in other languages: numbers, direction and strength come from the answer; a model only puts words around."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyllm_causal.analysis import Answer, Certainty, Effect
from pyllm_causal.language import abroad
from pyllm_causal.language.client import Scripted
from pyllm_causal.language.phrase import direction, phrase

CODES = sorted(abroad.SPEECHES)
HEADS = {
    "up": "Having quit = 1 rather than 0 may lead to higher weight.",
    "none": "Having quit = 1 rather than 0 may make little or no difference to weight.",
    None: "We can't tell whether having quit = 1 rather than 0 changes weight.",
}


def answer(
    value: float = 1234.5, low: float = 1100.0, high: float = 1400.0, level: str = "low", **more: object
) -> Answer:
    head = str(more.pop("headline", HEADS["up"]))
    unit = str(more.pop("unit", "kg"))
    scale = more.pop("scale", "difference")
    fields = {
        "status": "answered",
        "headline": head,
        "text": f"{head}\n\nOn average, weight is 1,200 kg higher.\n\nHow sure are we?",
        "effect": Effect(value=value, low=low, high=high, unit=unit, scale=scale),  # type: ignore[arg-type]
        "certainty": Certainty(level=level),  # type: ignore[arg-type]
        "provenance": {"query": {"treatment": "quit", "outcome": "weight", "question": "Nimmt man zu?"}},
    }
    return Answer(**(fields | more))  # type: ignore[arg-type]


def told(made: Answer, code: str) -> str:
    found = abroad.finding(made, direction(made), code)
    assert found is not None
    return found


def test_german_in_full() -> None:
    assert told(answer(1234.5, 1100.2, 1400.1), "de").splitlines() == [
        "“quit” = 1 statt 0 führt möglicherweise zu höheren Werten von “weight”.",
        "Im Durchschnitt ist “weight” um 1.200 kg höher (irgendwo zwischen 1.100 und 1.400 kg höher).",
    ]
    fewer = answer(-0.03, -0.05, -0.01, unit="probability", headline=HEADS["up"].replace("higher", "a lower chance of"))
    assert "geringeren Wahrscheinlichkeit" in told(fewer, "de")
    assert "3,0 weniger (irgendwo zwischen 1,0 und 5,0 weniger)" in told(fewer, "de")


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("value", "low", "high"), [(3.27, 2.41, 4.13), (-0.52, -0.71, -0.33), (0.4, -0.6, 1.4)])
def test_the_numbers_are_those_of_the_answer(code: str, value: float, low: float, high: float) -> None:
    speech = abroad.SPEECHES[code]
    text = told(answer(value, low, high), code).splitlines()[1]
    read = [float(t.replace(",", ".")) for t in re.findall(r"\d+(?:,\d+)?", text)]
    ends = sorted([abs(low), abs(high)]) if low > 0 or high < 0 else [abs(low), abs(high)]
    for seen, true in zip(read, [abs(value), *ends], strict=True):
        assert seen == pytest.approx(true, abs=0.06)
    assert (speech.higher in text) == (value > 0 or high > 0)
    assert (speech.lower in text) == (value < 0 or low < 0)


@pytest.mark.parametrize("code", CODES)
def test_the_strength_is_that_of_the_certainty(code: str) -> None:
    speech = abroad.SPEECHES[code]
    high, moderate, low = (told(answer(level=x), code).splitlines()[0] for x in ("high", "moderate", "low"))
    assert speech.adverbs["moderate"].strip() in moderate and speech.adverbs["low"].strip() in low
    assert not any(a.strip() and a.strip() in high for a in speech.adverbs.values())
    unsure = told(answer(level="very_low", headline=HEADS[None]), code)
    assert unsure.splitlines()[0] == speech.cannot.format(t=speech.contrast.format(t="“quit”", a=1, b=0), o="“weight”")
    small = told(answer(headline=HEADS["none"]), code).splitlines()[0]
    assert speech.up.split("{")[0] not in small


@pytest.mark.parametrize("code", CODES)
def test_ratios_and_doses(code: str) -> None:
    speech = abroad.SPEECHES[code]
    times = told(answer(1.3, 1.1, 1.6, unit="", scale="ratio"), code)
    assert "1,30" in times or "1,3" in times
    dose = told(answer(headline="Each further unit of quit may lead to higher weight."), code)
    assert dose.startswith(speech.per_unit.format(t="“quit”"))


def test_what_these_rules_cannot_say_stays_english() -> None:
    assert abroad.finding(answer(), "up", "fi") is None
    assert abroad.finding(answer(headline="It may lead to more."), "up", "de") is None
    assert abroad.finding(answer(arms=({"treated": "a"},)), "up", "de") is None
    assert abroad.finding(answer(scale="hazard_ratio", unit=""), "up", "de") is None
    assert "English" in abroad.note("fi") and "\x1b" not in abroad.note("\x1b[31m")


BAD = {
    "de": ["Das beweist es.", "Es sind 5 kg.", "Das Gewicht sinkt.", "Das ist gefährlich.", "Rauchen verursacht das.",
           "Es sind zwei.", "Das ist nicht so.", "Siehe https://x.de"],
    "es": ["Está demostrado.", "Son 5 kg.", "El peso baja.", "No es así.", "Es peligroso.", "Causa daño."],
    "fr": ["C'est prouvé.", "Il y a 5 kg.", "Le poids baisse.", "Ce n'est pas vrai.", "C'est dangereux."],
    "it": ["È dimostrato.", "Sono 5 kg.", "Il peso cala.", "Non è così.", "È pericoloso."],
    "pt": ["Está provado.", "São 5 kg.", "O peso baixa.", "Não é assim.", "É perigoso."],
    "nl": ["Dat is bewezen.", "Het is 5 kg.", "Het gewicht daalt.", "Dat is niet zo.", "Het is gevaarlijk."],
}  # fmt: skip


@pytest.mark.parametrize(("code", "prose"), [(c, p) for c, all_ in BAD.items() for p in all_])
def test_claims_of_its_own_are_refused(code: str, prose: str) -> None:
    facts = told(answer(), code)
    assert abroad.fault(facts.replace("\n", " "), facts, code, "") is None
    assert abroad.fault(prose, facts, code, "") is not None
    assert abroad.fault(f"{facts} {prose}", facts, code, "") is not None


@pytest.mark.parametrize("code", CODES)
def test_a_changed_copy_is_refused(code: str) -> None:
    facts, speech = told(answer(3.3, 2.4, 4.2), code), abroad.SPEECHES[code]
    for old, new in (
        ("3,3", "3,4"),
        ("1", "0"),
        (speech.higher, speech.lower),
        (speech.adverbs["low"], ""),
        ("3,3", "33"),
    ):
        assert old in facts
        assert abroad.fault(facts.replace(old, new), facts, code, "") is not None


@pytest.mark.parametrize("code", CODES)
def test_phrase_gives_checked_prose_or_the_sentences_themselves(code: str) -> None:
    made = answer(3.3, 2.4, 4.2)
    facts = told(made, code)
    alone = " ".join(facts.split())
    good, step = phrase(made, Scripted([json.dumps({"prose": facts})]), code)
    assert good == alone and step.passed and step.score == 1.0
    bad, step = phrase(made, Scripted([json.dumps({"prose": "99!"})] * 2), code)
    assert bad == alone and not step.passed and step.score == 0.0
    assert phrase(made, None, code)[0] == alone
    assert phrase(made, None, "fi")[0] is None and phrase(made, None, "en")[0] is None


@settings(max_examples=200, deadline=None)
@given(
    code=st.sampled_from(CODES),
    words=st.lists(
        st.sampled_from(
            """führt nicht zu höheren niedrigeren senkt beweist möglicherweise 5 quit weight 0 statt más menos causa reduce
            augmente baisse prouve porta aumenta riduce leva mais menos leidt hoger lager niet no non""".split()
        ),
        min_size=1,
        max_size=8,
    ),
)  # fmt: skip
def test_no_shuffle_of_loaded_words_passes(code: str, words: list[str]) -> None:
    facts = told(answer(), code)
    sentence = " ".join(words)
    if abroad.fault(sentence, facts, code, "") is None:
        harmless = {"no"} if code == "pt" else set()  # "in the"; the Portuguese for "not" is "não"
        assert set(words) <= (set(abroad._tokens(facts)) | harmless) - {
            "möglicherweise",
            "0",
            "höheren",
            "führt",
            "augmente",
        }


@settings(max_examples=100, deadline=None)
@given(code=st.sampled_from(CODES), prose=st.text(max_size=200))
def test_any_text_is_judged_without_a_crash(code: str, prose: str) -> None:
    verdict = abroad.fault(prose, told(answer(), code), code, prose)
    assert verdict is None or verdict.strip()
