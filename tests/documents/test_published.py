"""What the README shows first and `make demo` prints is the published answer, not only what the program says today.

Hernán & Robins, Causal Inference: What If, chapters 12 to 14: quitting smoking adds 3.4 kg by weighting and by g-estimation
(95% interval 2.4 to 4.5), 3.5 kg by standardisation, on 9 shared causes. The answer here holds more columns fixed and uses
the rows in which all of them are recorded, so it may differ by less than one published standard error (0.5), but must stay
clear of the 2.5 kg of a plain comparison.
"""

from __future__ import annotations

import re

import pytest

from tools.documents import ROOT, blocks_of, rendered

PUBLISHED = (3.4, 3.5)
RANGE = (3.0, 3.7)
SAID = re.compile(
    r"wt82_71 is ([\d.]+) kg higher with qsmk = 1 than with qsmk = 0 \(somewhere between ([\d.]+) and ([\d.]+) kg higher\)"
)


def readme() -> str:
    """The first block of the README that shows an answer."""
    blocks = blocks_of((ROOT / "README.md").read_text(encoding="utf-8"))
    return "\n".join(next(b for b in blocks if b.language == "console").lines)


def demo() -> str:
    """What the recipe of `make demo` prints."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("\ndemo:", 1)[1].split("\n\n", 1)[0].replace("\\\n", " ")
    (asked,) = re.findall(r"^QUESTION := (.+)$", makefile, re.MULTILINE)
    (command,) = re.findall(r"@\$\(RUN\)/(pyllm-causal .+)", recipe)
    command = " ".join(command.replace("$(QUESTION)", asked).split())
    return rendered(f"```console\n$ {command}\n```")


def check(text: str) -> None:
    """Raises where the text does not say the published answer."""
    found = SAID.search(" ".join(text.split()))
    assert found is not None, text
    value, low, high = map(float, found.groups())
    assert RANGE[0] <= value <= RANGE[1]
    assert all(low <= p <= high for p in PUBLISHED)


@pytest.mark.parametrize("shown", [readme, demo])
def test_quitting_smoking_adds_what_was_published(shown) -> None:  # type: ignore[no-untyped-def]
    check(shown())


@pytest.mark.parametrize("value", ["2.5", "2.9", "3.8"])
def test_another_number_would_be_seen(value: str) -> None:
    with pytest.raises(AssertionError):
        check(readme().replace("wt82_71 is 3.3 kg", f"wt82_71 is {value} kg"))
