"""Which kind of question is it? Cue words that leave little doubt; every other question is about an effect."""

from __future__ import annotations

import re
from typing import Literal

from .lexicon import FOLK

Told = Literal["discovery", "describe", "counterfactual", "mediation", "effect_by_group", "attribution", "association"]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)


_DISCOVER = _any(
    r"\bcausal (?:graph|structure|network|diagram|map|relations\w*|order)\b",
    r"\bwhat (?:causes|affects|drives|influences|leads to|depends on) what\b",
    r"\bwhich (?:columns|variables|things|factors) (?:are causes|(?:cause|affect|drive|influence)s? (?:which|each other))\b",
    r"\bcauses of (?:which|what)\b",
    r"\bcause[- ]and[- ]effect (?:relation\w*|structure|links?|map|picture|diagram)\b",
    r"\bdag\b",
    r"\bhow (?:do|are|does|is) (?:all |these |the |those |everything\b)[\w ]*\b(?:hang together|connected|interrelated"
    r"|related to (?:each|one) (?:an)?other)\b",
    r"\bwas (?:verursacht|beeinflusst) was\b",
    r"\bqu['’]est-ce qui cause quoi\b",
    r"\bqué causa qué\b",
)
_DESCRIBE = _any(
    r"^\W*how many\s+(?!more|less|fewer|times|percent|extra|additional|fewer)",
    r"^\W*what (?:share|fraction|proportion|percentage|is the (?:average|mean|median|total|maximum|minimum|number|range"
    r"|highest|lowest|share|proportion|most common))",
    r"^\W*how (?:high|large|big|old|long|common) (?:is|are|was|were) the (?:average|mean|median|typical|total)",
    r"^\W*(?:which|what) [\w -]+? (?:have|has|had|are|is|were|was|got|show|shows|showed) (?:the (?:most|least|highest|lowest"
    r"|largest|biggest|smallest|fewest|longest|shortest|best|worst|greatest|oldest|youngest)|more than|less than|over|under)\b",
    r"^\W*which \w+ (?:have|has|had|are|is|were|was) the\b",
    r"^\W*(?:list|show|count)\b(?! me what causes)",
    r"^\W*who (?:has|have|had|is|are)\b",
    r"^\W*wie (?:viele|hoch|groß|gross|alt|lange) (?:ist|sind|war|waren|haben|hat)?\b(?!.*\b(?:wäre|würde|effekt|einfluss|wirkung)\b)",
    r"^\W*welche[rs]? \w+ (?:hat|haben|hatte|hatten|ist|sind) (?:die|den|das|am)\b",
    r"^\W*combien (?:de|d['’]|y a)",
    r"^\W*quel(?:le)? (?:est|était) (?:la |le |l['’])?(?:moyenne|nombre|part|proportion|\w+ moyen)",
    r"^\W*cuánt[oa]s\b",
    r"^\W*cuál (?:es|era) (?:el|la) (?:promedio|media|número|proporción|edad media|\w+ (?:medi[oa]|promedio))",
)
# "How many accidents does a camera prevent?": a number, but of what something does.
_HOW_MANY_DONE = _any(
    r"^\W*how many\b[^,?]*\b(?:does|do|will|can|could|did(?=[^?]*\bper\b))\b[^,?]*\b(?:adds?|avoid\w*|avert\w*|cost|lose|gain|spare|win"
    r"|take off|lead)\b",
)
# "Which hive gave the most …": a superlative is a matter of looking it up, whatever the verb.
_MOST = _any(
    r"^\W*which (?!factors?\b|things?\b|columns?\b|variables?\b)[\w-]+ \w+ the (?:most|least|highest|lowest|largest|biggest|smallest|fewest"
    r"|longest|shortest)\b",
)
_CAUSAL = _any(
    r"\b(?:caus\w+|effects?|affect\w*|impact\w*|influenc\w+|because|due to|thanks to|leads?\s+(?:\w+\s+){0,3}to|led\s+to"
    r"|result(?:s|ed)?\s+in|makes?|made|making|improv\w+|reduc\w+|increas\w+|lowers?|lowered|rais(?:e|es|ed|ing)|cuts?|prevent\w*"
    r"|helps?|helped|hurts?|boost\w*|decreas\w+|shorten\w*|lengthen\w*|keeps?|stops? (?:\w+ ){1,3}from|protect\w*|saves?|worsen\w*|speed(?:s|ed)? up"
    r"|slow(?:s|ed)? down|driv(?:e|es|en)|brings?|brought|matters?|payoffs?|pay off|works?|do(?:es)? to|did to"
    r"|difference did|if we|would|what if|worth|benefits?|encourag\w+|discourag\w+|trigger\w*|returns? (?:to|of|on)"
    r"|gets? \w+ to|(?:changed|determined|shaped|altered) by|gain from|effective|harms?|damages?)\b",
    r"\b(?:bewirk\w+|verursach\w+|beeinfluss\w+|verbesser\w+|erhöh\w+|senk\w+|verringer\w+|steiger\w+|hilft|helfen|führt"
    r"|auswirkung\w*|wirkung|wirkt|einfluss|effekt|macht|wäre|würde|fait|font|augmente\w*|réduit|réduire|améliore\w*|diminue\w*|effet"
    r"|empêche\w*|entraîne\w*|aide|aumenta\w*|reduce\w*|mejora\w*|efecto|provoca\w*|ayuda|hace|disminuye\w*|baisse\w*)\b",
)
_TOGETHER = _any(
    r"\b(?:correlat\w*|associat\w*|relat(?:ed|ion|ionship)\b|linked|go together|go hand in hand|predict\w*|tend to"
    r"|(?:more|less) likely)\b",
    r"\b(?:korrel\w+|hängt \w+ zusammen|zusammenhang|corrél\w+|associé\w*|correlaci\w+|asociad\w+)\b",
)
# Beside these only an outright word for a cause counts: "damage" and "work" may be what is correlated.
_CORRELATED = _any(r"\b(?:correlat\w*|associat(?:ed|ion))\b")
_OUTRIGHT = _any(
    r"\b(?:caus\w+|effects?|affect\w*|influenc\w+|because|due to|leads?\s+(?:\w+\s+){0,3}to|led\s+to|result(?:s|ed)?\s+in)\b"
)
# "Are meals dearer in …?", "Do people in the south earn less?": two things compared, nothing done to either.
_COMPARED = _any(
    r"^\W*(?:is|are|was|were|do|does|did|have|has)\b[^,]*\b(?:more|less|fewer|better|worse|(?!other|after|over|under|whether|ever"
    r"|never|number|either|customer|worker|member|older|younger|user|letter|winter|summer|computer|water|paper|gender)\w{3,}er)\b"
)
_DONE = _any(r"\b(?:with|without|after|when|if|on(?! average)|thanks)\b")
_WHOSE = re.compile(rf"\b(?:{'|'.join(sorted(FOLK))}|those)\s+with(?:out)?\b", re.IGNORECASE)
_ROW = re.compile(
    r"\b(?!(?:over|under|above|below|than|least|most|aged|age|of|to|between|and|from|by|in|at|off|about|around|only|since|until"
    r"|before|after|for|up|or|exactly|nearly|on|score|year|were|was|is|are|be|been|had|has|have|got|gets?|with|without|size|like|make|made)\b)[A-Za-z]{3,}\s+(?:number\s+|no\.?\s*|nr\.?\s*|#\s*)?(?!(?:19|20)\d\d\b)\d+\b",
    re.IGNORECASE,
)
_OTHERWISE = _any(
    r"\b(?:would|could|might)\b",
    r"\bhad\b.*\b(?:been|not|instead)\b",
    r"\b(?:wäre|hätte|aurait|serait|habría|hubiera)\b",
)
_BY_GROUP = _any(
    r"\b(?:more|less|equally|most|least) (?:effective|helpful|useful|harmful|beneficial|successful|dangerous)\b.*\b(?:for|in|among"
    r"|amongst|on|with|at|than)\b",
    r"\brespond(?:s|ed)? (?:more|less )?(?:differently|strongly|better)\b",
    r"\b(?:work|help|benefit|matter|hurt|harm|pay)(?:s|ed)?\b.*\b(?:better|best|more|most|less|least|worse|worst|equally"
    r"|differently)\b.*\b(?:than|for|among|amongst|on|in|with)\b",
    r"\b(?:effects?|impact|benefits?|payoff|returns?|gains?|influence|harm|damage|penalty|premium|advantage|response)\b.*\b(?:differ(?:s|ent|ently)?|vary"
    r"|varies|depends?|stronger|weaker|larger|bigger|smaller|greater|the same|unequal|uneven)\b",
    r"\b(?:does|do|did|is|are|will|would)\b.*\b(?:more|less|better|worse) (?:for|among|amongst)\b",
    r"\b(?:who|which \w+) (?:benefits?|gains?|profits?) (?:the )?most\b",
    r"\b(?:hilft|helfen|wirkt|wirken|nützt|bringt|profitieren)\b.*\b(?:mehr|besser|stärker|weniger)\b.*\b(?:als|bei)\b",
    r"\b(?:effekt|wirkung|einfluss)\b.*\b(?:unterschiedlich|verschieden|größer|kleiner|stärker|je nach|hängt)\b",
    r"\b(?:plus|moins|mieux|davantage)\b.*\b(?:efficace|utile|chez|aux?|pour)\b.*\bque?\b",
    r"\beffet\b.*\b(?:diffère|différent|varie|dépend)\b",
    r"\bayuda\b.*\bmás\b.*\bque\b",
    r"\befecto\b.*\b(?:difiere|diferente|distinto|varía|depende)\b",
)
_THROUGH = _any(
    r"(?<!-)\b(?:through|via|by way of|mediat\w*|mechanisms?|channels?|indirect\w*|pathways?|explained by|transmitted|by means of)\b",
    r"\b(?:runs?|goes|works?|passes|operates) (?:through|via|by|over)\b",
    r"\b(?:vermittelt|über den weg|indirekt\w*|passe par|par l['’]intermédiaire|à travers|a través de|mediante)\b",
)
_SHARE = _any(
    r"\b(?:how (?:much|large a (?:part|share))|what (?:share|part|fraction|proportion|portion)) of\b.*\b(?:effects?|impact|influence"
    r"|that|this|it|what)\b"
)
# "Does A raise B because people then do C?": the reason is what lies between.
_BECAUSE = _any(
    r"\b(?:does|do|did|is|are|will|would)\b.*\bbecause\b(?! of\b)",
    r"\b(?:how much|share|part)\b.*\beffects?\b.*\bbecause\b",
)
_ONLY_THROUGH = _any(r"\bonly (?:through|via|by|by way of|works? (?:through|via|by))\b", r"\bfront[- ]door\b")
_BEST = _any(
    r"\b(?:best|most effective|biggest|strongest|cheapest) (?:single )?(?:change|lever|measure|step|intervention)\b.*\b(?:for|to|on)\b",
    r"^\W*(?:what|which) single change\b",
    r"^\W*what should (?:we|i|they|one|you) (?:change|do) (?:first )?to\b",
)
_DRIVES = _any(
    r"^\W*why (?:did|do|does|has|have|had|is|are|was|were)\b",
    r"^\W*what (?:drives|drove|is driving|explains|explained|determines|determined|lies behind|is behind|was behind|accounts for"
    r"|accounted for|causes|caused|made|influences|affects) (?!what\b|which\b)",
    r"^\W*what (?:are|were|is|was) the (?:main |biggest |key |root )?(?:drivers?|causes?|reasons?|determinants?) (?:of|for|behind)\b",
    r"^\W*(?:which|what) (?:factors?|things?|columns?|variables?|features?|traits?)(?: \w+)? (?:drive|affect|influence|explain|cause"
    r"|determine|matter|contribute)s?\b(?! (?:which|each)\b)",
    r"^\W*(?:warum|wieso|weshalb|was treibt|was erklärt|pourquoi|qu['’]est-ce qui explique|por qué|qué explica|qué determina)\b",
)


def causal(question: str) -> bool:
    """Do the words ask about a cause?"""
    return bool(_CAUSAL.search(question))


def descriptive(question: str) -> bool:
    """Does the question plainly ask for a count, a share, a list or an extreme?"""
    if _HOW_MANY_DONE.search(question):
        return False
    return bool(_MOST.search(question)) or (bool(_DESCRIBE.search(question)) and not causal(question))


def discovers(question: str) -> bool:
    """Does the question plainly ask for the whole structure?"""
    return bool(_DISCOVER.search(question))


def together(question: str) -> bool:
    """Does the question plainly ask whether two things go together, and for no cause?"""
    if _CORRELATED.search(question):
        return not _OUTRIGHT.search(question)
    return bool(_TOGETHER.search(question)) and not causal(question)


def compared(question: str) -> bool:
    """Does the question only compare ("do northern hives give more?")? It may still be meant as one about a cause."""
    if causal(question):
        return False
    return bool(_COMPARED.search(question) and not _DONE.search(_WHOSE.sub(" ", question)))


def one_case(question: str) -> bool:
    """Does the question speak of one numbered case and another course of events?"""
    return bool(_ROW.search(question) and _OTHERWISE.search(question))


def numbered(question: str) -> tuple[str, int] | None:
    """(noun, number) of the one case that a question is about: "patient 12"."""
    found = re.match(r"(\w+)\D*?(\d{1,12})$", m[0]) if (m := _ROW.search(question)) else None
    return (found[1], int(found[2])) if found else None


def through(question: str) -> bool:
    """Does the question speak of a way by which an effect goes?"""
    return bool(_THROUGH.search(question) or _BECAUSE.search(question) or _SHARE.search(question))


def by_group(question: str) -> bool:
    """Does the question compare an effect between groups?"""
    return bool(_BY_GROUP.search(question))


def best_change(question: str) -> bool:
    """Does the question ask which single change would do most?"""
    return bool(_BEST.search(question))


def told(question: str) -> Told | None:
    """The kind that the words of a question leave little doubt about; None for a plain effect or no cue."""
    if discovers(question):
        return "discovery"
    if best_change(question):
        return "attribution"  # of the possible changes; `fields` turns it into the question about them
    if descriptive(question):
        return "describe"
    if one_case(question):
        return "counterfactual"
    parted = _SHARE.search(question) and (_THROUGH.search(question) or "because" in question.casefold())
    if parted or (_BECAUSE.search(question) and causal(question.casefold().split("because", maxsplit=1)[0])):
        return "mediation"
    if by_group(question):
        return "effect_by_group"
    if _THROUGH.search(question) and causal(question) and not _ONLY_THROUGH.search(question):
        return "mediation"
    if _DRIVES.search(question):
        return "attribution"
    return "association" if together(question) else None
