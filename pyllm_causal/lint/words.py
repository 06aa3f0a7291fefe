"""The words that a claim is made of: causes, hedges, proof, doubt, people, directions. Patterns over whole words."""

from __future__ import annotations

import re


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(parts) + r")\b", re.IGNORECASE)


def _verb(*stems: str) -> list[str]:
    """Regular verbs in all their forms; a stem that ends in e drops it."""
    return [rf"{stem[:-1]}(?:e|es|ed|ing)" if stem.endswith("e") else rf"{stem}(?:s|es|ed|ing)?" for stem in stems]


# X … Y: the first changes the second.
FORWARD = _any(
    r"lead(?:s|ing)? to", r"led to", r"result(?:s|ed|ing)? in", r"mak(?:e|es|ing)", r"made", r"cut(?:s|ting)?",
    r"driv(?:e|es|ing)", r"drove", r"bring(?:s|ing)? about", r"brought about", r"contribut(?:e|es|ed|ing) to",
    r"lower(?:s|ed|ing)", r"(?:has|have|had|having) an? (?:\w+ ){0,3}(?:effect|impact|influence) on",
    *_verb(
        "cause", "increase", "decrease", "reduce", "raise", "boost", "improve", "worsen", "affect", "change", "influence",
        "produce", "prevent", "trigger", "protect", "harm", "determine", "shorten", "lengthen", "double", "triple", "quadruple", "halve",
        "impair", "save", "kill", "enhance", "induce", "diminish", "eliminate", "alter", "accelerate", "slow",
    ),
)  # fmt: skip
# As a verb only: "may lower", not "lower earnings".
TO_LOWER = re.compile(
    r"\b(?:may|might|could|can|will|would|to|does|did|do|not|probably|likely|possibly|perhaps|also)\s+(lower)\b(?! than)",
    re.IGNORECASE,
)
# Y … X: the first is changed by the second.
BACKWARD = _any(
    "due to", "because of", "thanks to", "owing to", "as a result of", "the result of", "attributable to",
    r"attributed to", "explained by", "a consequence of", "responsible for", "because",
)  # fmt: skip
EFFECT_OF = re.compile(r"\b(?:causal )?(?:effect|impact|influence) of\b", re.IGNORECASE)

FUTURE = re.compile(
    r"\b(?:will|is going to|are going to) (?!not\b)(?:\w+ )?(?:gain|lose|earn|live|die|rise|fall|grow|get|have|be|see|weigh|survive|collect)\b",
    re.IGNORECASE,
)
# What did not happen, as if it were known; a model, or a chance, may say it.
WOULD = re.compile(
    r"\b(?:would|'d) (?:(?:not|never|surely|certainly|probably) )?"
    r"(?:have \w+|be|rise|fall|drop|go|gain|lose|live|die|survive)\b",
    re.IGNORECASE,
)
MODELLED = re.compile(
    r"\b(?:by|of|in|according to) (?:the|this|our) model\b|\b(?:the|this|our) model (?:gives|expects|says|puts)\b|\bmodel['’]s\b|\bchance that\b",
    re.IGNORECASE,
)
GREATER = _any("larger", "smaller", "stronger", "weaker", "bigger", "greater")

PROOF = _any(
    r"prov(?:e|es|ed|en|ing)", r"definitive(?:ly)?", r"conclusive(?:ly)?", r"undeniabl[ey]", r"undoubtedly", "certainly",
    r"unquestionabl[ey]", r"(?:beyond|without) (?:any |a )?doubt", "no doubt", r"guarantee(?:s|d)?", r"always",
    r"establish(?:es|ed)? (?:that|a causal|beyond)", r"confirm(?:s|ed)? that", r"irrefutabl[ey]",
)  # fmt: skip
UNSURE = re.compile(
    r"\b(?:can(?:no|['’])?t|could(?: no|n['’])t|cannot|unable to)\s+(?:be\s+|yet\s+)*(?:tell|told|say|said|know|known|determine|"
    r"determined|conclude|concluded|establish|established|judge|judged|decide|decided|rule out|ruled out|"
    r"settle|settled|answer|answered|show|shown|prove|proven)\b"
    r"|\b(?:unclear|uncertain|unsure|inconclusive|undecided|very low certainty|certainty (?:is|was) very low|not clear"
    r"|open question|too (?:unsure|uncertain|weak|little)|nobody knows|no clear|not clearly|remains? to be seen|cannot rule)\b"
    r"|\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t)\s+(?:\w+\s+)?(?:say|tell|show|prove|mean|imply|establish|settle|clearly)\b"
    r"|\bnot\s+(?:be\s+)?(?:prov(?:e|en)|proof|known|possible to tell|enough to)\b|\bno proof\b",
    re.IGNORECASE,
)
WEAK_HEDGE = _any(
    "may", "might", "could", r"possib(?:ly|le)", "perhaps", r"suggest(?:s|ed|ing)?", "consistent with", r"appear(?:s|ed)? to",
    r"seem(?:s|ed)? to", "compatible with", "low certainty",
)  # fmt: skip
HEDGE = _any(
    WEAK_HEDGE.pattern[5:-3], "probably", "likely", r"indicat(?:e|es|ed)", r"point(?:s|ed)? to", "moderate certainty"
)

NO_EFFECT = re.compile(
    r"\b(?:has|have|had|with|finds?|found|shows?|showed|is|was|there is|there was|of)\s+(?:absolutely\s+|practically\s+)?no\s+"
    r"(?:\w+\s+){0,2}?(?:effect|impact|influence|difference|benefit)\b"
    r"|\bmak(?:es?|ing) no (?:\w+ )?difference\b|\bmade no (?:\w+ )?difference\b"
    r"|\b(?:do(?:es)?|did)(?:\s+not|n['’]t)\s+(?:\w+ly\s+)?(?:affect|change|influence|increase|decrease|reduce|raise|lower|improve|"
    r"help|work|matter|alter|prevent|cause|lead to|make (?:a|any) difference)\b"
    r"|\bnever (?:affect|change|influence|increase|decrease|reduce|raise|lower|improve|help|matter)s?\b"
    r"|\b(?:no effect on|ineffective|little or no (?:\w+ )?(?:effect|difference|impact))\b",
    re.IGNORECASE,
)
LITTLE = re.compile(r"\blittle or no\b", re.IGNORECASE)

UP = _any(
    *_verb("increase", "raise", "boost", "enhance", "double", "triple", "lengthen"), "rise", "rises", "rose", "rising", "higher", "more", "greater",
    r"gain(?:s|ed|ing)?", r"grow(?:s|n|th|ing)?", "grew", "heavier", "longer", "extra", "additional", "likelier",
    r"above (?:the |its |their )?(?:average|mean|usual)",
)  # fmt: skip
DOWN = _any(
    *_verb("decrease", "reduce", "prevent", "halve", "shorten", "diminish", "eliminate"), r"lower(?:s|ed|ing)?", "less", "fewer",
    r"los(?:e|es|ing|s|t)", r"drop(?:s|ped|ping)?", r"fall(?:s|ing|en)?", "fell", r"declin(?:e|es|ed|ing)", "lighter", "shorter",
    r"cut(?:s|ting)?", r"shr[iau]nk(?:s|ing)?",
    r"below (?:the |its |their )?(?:average|mean|usual)",
)  # fmt: skip
# The sentence speaks of the other side, or of the absence of the outcome: its direction may be turned round.
TURNED = re.compile(
    r"\b(?:without|did not|didn['’]t|do not|don['’]t|never|untreated|control group|controls|placebo|non-?\w+|instead of|kept|remain\w*"
    r"|surviv\w*|alive|free of|remission|avoid\w*|against|protect\w*)\b",
    re.IGNORECASE,
)
SPARED = re.compile(r"\b(?:surviv\w*|alive|free of|remission|avoid\w*)\b", re.IGNORECASE)

WHOEVER = _any(
    "everyone", "everybody", "anyone", "anybody", "whoever", "each person", "every (?:person|patient|worker|woman|man|child|firm)",
    r"all (?:people|adults|patients|women|men|workers|children|participants|students|pupils|firms|households|units|rows|of us)",
    "people in general", r"(?:whole|general|entire) population", "population at large", r"universal(?:ly)?",
)  # fmt: skip
EVERYWHERE = _any(
    "people in general", r"(?:whole|general|entire) population", "population at large", r"universal(?:ly)?", "everywhere",
    "humans", "mankind", "all of us", r"every (?:human|country)",
)  # fmt: skip
TREATED_ALONE = re.compile(
    r"\b(?:among|for|in|of) (?:only )?(?:the treated|the untreated|those (?:who were |who got |who had been )?(?:un)?treated|compliers"
    r"|those who took part)\b|\bonly (?:in|among|for) (?:the treated|those)\b",
    re.IGNORECASE,
)
SUBGROUP = re.compile(
    r"\b(?:among|for|in|only) (?:the |only )*((?:older |younger |poor |rich |black |white |healthy |sick )?(?:women|men|boys|girls|males|"
    r"females|children|adults|teenagers|elderly|smokers|nonsmokers|immigrants|pensioners)|(?:older|younger|poor|poorer|rich|richer"
    r"|black|white) (?:people|workers|patients|adults))\b",
    re.IGNORECASE,
)
EXCEPTED = re.compile(r"\b(?:else|not|other than|except|cannot|can['’]t|need not|another|differ\w*)\b", re.IGNORECASE)
