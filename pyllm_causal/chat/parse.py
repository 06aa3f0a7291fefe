"""Lines by rule: plain English phrases to utterances. What no rule knows is None; nothing is guessed.

The rules stand in the order in which they are tried. A line is only ever matched, never run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, get_args

from ..language.lexicon import FOLK
from . import phrases as say
from .utterance import Aside, Ask, Change, Command, EditGraph, Explain, Name, Utterance, WhatIf

Stage = Literal["start", "review", "answered"]
COMMANDS: tuple[Name, ...] = get_args(Name)
LONGEST = 2_000
SHORT = 5  # words of a follow-up that stands by itself
LONGEST_PHRASE = 300  # a question may be longer; a phrase that a rule knows is not

T = TypeVar("T")


def parse(line: str, stage: Stage) -> Utterance | None:
    """The utterance that a line is, by rule; None where no rule knows it."""
    text = " ".join(line[:LONGEST].split())
    if not text:
        return EditGraph() if stage == "review" else None
    rules: Sequence[Callable[[str, Stage], Utterance | None]] = (
        _other_file, _command, _accepted, _small_talk, _early, _explained, _spoken_command, _what_if, _edited, _scaled, _whom, _grouped,
    )  # fmt: skip
    for rule in rules if len(text) <= LONGEST_PHRASE else rules[:2]:
        found = rule(text, stage)
        if found is not None:
            return found
    if say.ROW.fullmatch(line.strip()):
        return Aside("row")
    if text.endswith("?") or say.ASKS.match(text) or stage == "start":
        return Ask(line[:LONGEST].strip())
    return None


def _command(text: str, stage: Stage) -> Utterance | None:
    if not text.startswith("/"):
        return None
    name, _, argument = text[1:].partition(" ")
    near = [c for c in COMMANDS if c.startswith(name.casefold())] if name else []
    if name.casefold() in ("exit", "q"):
        near = ["quit"]
    return Command(near[0], argument.strip()) if len(near) == 1 else Command("help", name)


def _other_file(text: str, stage: Stage) -> Utterance | None:
    return Aside("file") if say.OTHER_FILE.fullmatch(text) else None


def _small_talk(text: str, stage: Stage) -> Utterance | None:
    if say.NO.fullmatch(text):
        return Aside("no")
    if say.SMALL_TALK.fullmatch(text) or (stage != "review" and say.YES.fullmatch(text)):
        return Aside("talk")
    return Aside("talk") if stage == "start" and say.LINE.fullmatch(text) else None


def _early(text: str, stage: Stage) -> Utterance | None:
    """A follow-up where there is no answer yet: short, so that no question is taken for one."""
    if stage == "answered" or len(text.split()) > SHORT:
        return None
    numbered = stage == "start" and (say.DROP_LINES.fullmatch(text) or say.FLIP_LINES.fullmatch(text))
    asked_why = stage == "start" and _first(text, say.EXPLAIN) is not None
    some_rows = say.SOME_ONLY.fullmatch(text) is not None
    on_scale = _scaled(text, "answered") is not None or _whom(text, "answered") is not None
    return Aside("early") if numbered or asked_why or some_rows or on_scale else None


def _accepted(text: str, stage: Stage) -> Utterance | None:
    return EditGraph() if stage == "review" and say.YES.fullmatch(text) else None


def _explained(text: str, stage: Stage) -> Utterance | None:
    if found := say.WHY_LINE.fullmatch(text):
        return Explain("arrow", int(found["n"]))
    if stage == "review" and (found := say.LINE.fullmatch(text)):
        return Explain("arrow", int(found[1]))
    return _first(text, say.EXPLAIN) if stage != "start" else None


def _spoken_command(text: str, stage: Stage) -> Utterance | None:
    if found := say.SIGN.fullmatch(text):
        return Command("picture", f"sign as {found['name']}")
    name = _first(text, say.WORDS)
    return Command(name) if name is not None else None


def _what_if(text: str, stage: Stage) -> Utterance | None:
    """Suppositions about the picture; those about rows and scales are left to the other rules."""
    found = say.SUPPOSE.fullmatch(text)
    if stage == "start" or found is None:
        return None
    rest = found["rest"]
    for spoken, meant in say.SUPPOSED:
        rest = spoken.sub(meant, rest)
    changes = _changes(rest)
    if not changes:
        return None
    return WhatIf(changes=changes) if stage == "answered" else EditGraph(changes)


def _edited(text: str, stage: Stage) -> Utterance | None:
    if stage == "start" or text.endswith("?") or (say.ASKS.match(text) and not text.casefold().startswith("if ")):
        return None
    changes = _changes(text.rstrip(".! "))
    return EditGraph(changes) if changes else None


def _changes(text: str) -> tuple[Change, ...]:
    """The changes of the picture that a statement asks for; several, apart by semicolons or full stops."""
    out: list[Change] = []
    for part in re.split(r"\s*;\s*|\.\s+", text):
        halves = re.split(r",?\s+and\s+", part.strip(), flags=re.IGNORECASE)
        each = [_change(half) for half in halves]
        found = [c for changes in each for c in changes] if len(halves) > 1 and all(each) else _change(part.strip())
        if not found:
            return ()
        out += found
    return tuple(out)


def _change(text: str) -> list[Change]:
    for rule in (_hidden, _dropped, _flipped, _unlinked, _added):
        if found := rule(text):
            return found
    return []


def _hidden(text: str) -> list[Change]:
    for pattern in say.HIDDEN:
        if found := pattern.fullmatch(text):
            pair = _pair(found["rest"], say.VERB) or _pair(found["rest"], say.OF)
            return [
                Change("hidden", cause=pair[0], effects=pair[1])
                if pair
                else Change("hidden", cause=_bare(found["rest"]))
            ]
    if found := say.HIDDEN_OF.fullmatch(text):
        return [Change("hidden", cause=_bare(found["cause"]), effects=tuple(_items(found["rest"])))]
    if (found := say.OUTSIDE.fullmatch(text)) and (pair := _pair(f"{found['cause']} {found['rest']}", say.VERB)):
        return [Change("hidden", cause=pair[0], effects=pair[1])]
    return []


def _dropped(text: str) -> list[Change]:
    if found := say.DROP_LINES.fullmatch(text):
        return [Change("drop", int(n)) for n in re.findall(r"\d+", found["n"])]
    if not (found := say.DROP.fullmatch(text)):
        return []
    for pattern in say.DROP_ARROW:
        if arrow := pattern.fullmatch(found["rest"]):
            return [Change("drop", cause=c, effects=tuple(_items(arrow["e"]))) for c in _items(arrow["c"])]
    return [Change("drop", cause=c) for c in _items(found["rest"])]


def _flipped(text: str) -> list[Change]:
    if found := say.FLIP_LINES.fullmatch(text):
        return [Change("flip", int(n)) for n in re.findall(r"\d+", found["n"])]
    if (found := say.FLIP.fullmatch(text)) and (arrow := say.FLIPPED.fullmatch(found["rest"])):
        return [Change("flip", cause=_bare(arrow["cause"]), effects=(_bare(arrow["effect"]),))]
    if found := say.OTHER_WAY.fullmatch(text):
        return [Change("flip", cause=_bare(found["cause"]), effects=(_bare(found["effect"]),))]
    return []


def _unlinked(text: str) -> list[Change]:
    pair = _pair(text, say.NOT)
    return [Change("drop", cause=c, effects=pair[1]) for c in _items(pair[0])] if pair else []


def _added(text: str) -> list[Change]:
    if pair := _pair(text, say.PASSIVE):
        return [Change("add", cause=c, effects=tuple(_items(pair[0]))) for c in pair[1]]
    if pair := _pair(say.ADD.sub("", text), say.VERB):
        return [Change("add", cause=c, effects=pair[1]) for c in _items(pair[0])]
    return []


def _pair(text: str, verb: re.Pattern[str]) -> tuple[str, tuple[str, ...]] | None:
    """What stands before the first verb, and the list behind it; None where either is empty."""
    parts = verb.split(text, maxsplit=1)
    if len(parts) != 2:
        return None
    cause, effects = _bare(parts[0]), tuple(_items(parts[1]))
    return (cause, effects) if cause and effects else None


def _items(text: str) -> list[str]:
    """`quitting too, and weight` as its items."""
    return [item for part in say.ITEMS.split(text) if (item := _bare(part))]


def _bare(text: str) -> str:
    """A phrase without articles and filler words at its ends."""
    text = text.strip(" ,:")
    while (shorter := say.FILLER.sub("", text).strip(" ,:")) != text:
        text = shorter
    return text


def _scaled(text: str, stage: Stage) -> Utterance | None:
    found = say.SCALED.fullmatch(text)
    if stage != "answered" or found is None:
        return None
    scale = _first(found["what"], say.SCALES)
    return WhatIf(scale=scale) if scale is not None else None


def _whom(text: str, stage: Stage) -> Utterance | None:
    if stage != "answered":
        return None
    if say.TREATED.fullmatch(text):
        return WhatIf(target="treated")
    if say.UNTREATED.fullmatch(text):
        return WhatIf(target="untreated")
    return WhatIf(target="everyone", where="") if say.EVERYONE.fullmatch(text) else None


def _grouped(text: str, stage: Stage) -> Utterance | None:
    """Some rows: "only women", "what if we only look at women?", "women only", "people over 50?", "and for men?"."""
    found = say.GROUP.fullmatch(text) if stage == "answered" else None
    if found is None:
        return None
    if text.casefold().startswith("where "):
        return WhatIf(rows=text[6:].rstrip("? "))
    led = found["how"].strip() or found["only"] or say.ABOUT.match(text) or _of_people(text)
    who = found["who"].strip()
    return None if not led or say.VERB.search(f" {who} ") else WhatIf(rows=who)


def _of_people(text: str) -> bool:
    """Whether a line is about some people: "women over 50"."""
    words = [word.strip("?,.") for word in text.casefold().split()[:3]]
    return bool(say.WHO_BOUND.fullmatch(text)) and any(w in FOLK or w in say.SEXES for w in words)


def _first(text: str, rules: Sequence[tuple[T, tuple[str, ...]]]) -> T | None:
    """What the first phrase that is the whole text stands for."""
    bare = re.sub(r"^please |[\s?.!]+$", "", text, flags=re.IGNORECASE)
    for meant, spoken in rules:
        if any(re.fullmatch(phrase, bare, re.IGNORECASE) for phrase in spoken):
            return meant
    return None
