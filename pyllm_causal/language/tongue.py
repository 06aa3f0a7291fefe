"""Which language is a question asked in? Counted by its commonest little words; None where that cannot be told."""

from __future__ import annotations

import re

# Little words that stand in nearly every sentence. Words that two of these languages share count for both.
_LITTLE = {
    "en": """the of does do did is are was were will would what how if and for on in to by with it its which than more
        have has had not there who among between because make change effect cause""",
    "de": """der die das ein eine einen dem den des ist sind war wird werden hat haben wie was ob wenn und für auf mit
        von im zum zur bei bewirkt führt sich nicht als mehr weniger durch auswirkung einfluss welche welchen hilft
        macht dass es sie wir man unter nach über verbessert erhöht senkt verringert steigert hat bekommen""",
    "fr": """le la les un une des du de au aux est sont était a ont que quel quelle quels comment si et pour sur avec
        dans par chez il elle on fait plus moins ne pas l d qu ce cette effet entre ceux qui combien""",
    "es": """el la los las un una unos del de al es son fue era ha han que qué cómo cuál cuánto cuántos si y para por
        con en entre se lo más menos no efecto esta este aumenta reduce quienes sobre hace""",
    "it": """il lo la i gli le un una uno del della dei di al alla è sono era ha hanno che come quale quanto se e per
        con in tra si l fa fanno più meno non effetto questo questa""",
    "pt": """o a os as um uma do da dos das de ao é são foi tem que como qual quanto se e para por com em no na entre
        mais menos não efeito este esta""",
    "nl": """de het een van is zijn was wordt heeft hebben hoe wat of als en voor op met in bij door niet meer minder
        dan welke effect tussen die dat""",
}
_WORDS = {code: frozenset(words.split()) for code, words in _LITTLE.items()}
_MARKS = {"es": re.compile(r"[¿¡]|\w*ñ"), "de": re.compile(r"[ßäöü]"), "pt": re.compile(r"[ãõ]")}


def language(question: str) -> str | None:
    """The ISO 639-1 code of the language of `question`, where its little words tell."""
    words = re.findall(r"[^\W\d_]+", question.casefold())
    if not words:
        return None
    counts = {code: sum(w in known for w in words) for code, known in _WORDS.items()}
    for code, mark in _MARKS.items():
        counts[code] += 2 * len(mark.findall(question.casefold()))
    ordered = sorted(counts, key=lambda code: -counts[code])
    best, second = ordered[0], ordered[1]
    if counts[best] == 0 or counts[best] == counts[second]:
        return None
    return best if counts[best] >= max(1, len(words) // 6) else None
