"""A question taken apart: what is said before it, who is meant, and its two ends. Rules of English, none of any table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import lexicon

_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_ASKS = r"(?:does|do|did|is|are|was|were|will|would|can|could|has|have|how|what|which|why|by (?:how|what)|whether|should|might|may|to what)"
_LEAD = re.compile(
    r"^(?P<lead>(?!if\b|were\b|had\b|suppose\b|what\b|how\b|does\b|do\b|did\b|is\b|are\b|will\b|would\b)[^,:?]{3,160})[,:]\s*"
    rf"(?P<rest>{_ASKS}\b.*)$",
    re.IGNORECASE,
)
_THAT_IS = re.compile(rf",?\s*\b(?:that is|i\.e\.|in other words|namely),?\s+(?P<rest>{_ASKS}\b.*)$", re.IGNORECASE)
# "among those who …", "for the patients that …": the clause says which people are meant.
WHO = re.compile(
    r"(?:,\s*)?\b(?:for|among|amongst|of|in|on|to|take|consider)\s+(?:only\s+)?(?:all\s+)?(?:the\s+|those\s+)?(?:[a-z'’-]+\s+){0,3}?"
    r"(?:who|that|which)\s+(?P<clause>[^,?.;]{3,120})",
    re.IGNORECASE,
)
_NO_CONTENT = re.compile(r"\b(?:its|their|it|they|them|that|this|one|so|he|she|happened|these|those)\b", re.IGNORECASE)

_DONE = (
    r"caused|affected|influenced|impacted|changed|increased|raised|boosted|improved|reduced|lowered|decreased|cut|shortened|lengthened|prevented"
    r"|hurt|harmed|worsened|driven|triggered|brought about|brought on|determined|shaped|helped"
)
_ENDS = [
    # the effect of C on E · the return to C on E
    r"\b(?:effects?|impact|influence|consequences?|results?|returns?|benefits?|payoff|penalty|harm|damage)\s+(?:of|to|from)\s+(?P<cause>.+?)"
    r"\s+(?:on|upon)\s+(?P<effect>.+)",
    # C's effect on E
    r"(?:^\W*(?:what|how \w+) (?:is|was|are|were)\b|^|\bof\b|\bis\b|\bdoes\b)\s*"
    r"(?P<cause>[^,?]+?)['’]s?\s+(?:\w+\s+)?(?:effects?|impact|influence)\s+(?:on|upon)\s+(?P<effect>.+)",
    # its effect on E
    r"\b(?P<cause>its|their|this|that)\s+(?:\w+\s+)?(?:effect|impact|influence)\s+(?:on|upon)\s+(?P<effect>.+)",
    # what did C do to E · what difference did C make to E
    r"\bwhat\s+(?:did|does|do|would|will|could|might)\s+(?P<cause>.+?)\s+do\s+(?:to|for)\s+(?P<effect>.+)",
    r"\b(?:what|how much(?: of a)?)\s+(?:\w+\s+)?difference\s+(?:did|does|do|would|will)\s+(?P<cause>.+?)\s+make\s+(?:to|for|in)\s+(?P<effect>.+)",
    # how many E does C save
    r"^\W*how (?:many|much)\s+(?P<effect>[^,?]+?)\s+(?:does|do|did|will|would|can|could)\s+(?P<cause>(?!we\b|you\b|i\b|they\b)[^,?]+?)\s+"
    r"(?:save|add|cost|avoid|prevent|avert|bring|cause|win|spare|reduce|raise|increase|lower|cut)\W*$",
    # the relative risk of E when C
    r"\b(?:ratio|risk|odds|chance|probability)s?\s+of\s+(?P<effect>.+?)\s+(?:when|with|under|from|if)\s+(?P<cause>.+)",
    r"\b(?:hazard|odds|risk|rate)\s+ratio\s+of\s+(?P<effect>.+?)\s+for\s+(?P<cause>.+)",
    # E because of C
    r"(?P<effect>.+?)\b(?:because of|due to|thanks to|as a result of|owing to)\b(?P<cause>.+)",
    # would E if C · if C, would E
    r"\b(?:would|will|could|might)\b(?P<effect>[^,?]+?)\bif\b(?P<cause>[^?]+)",
    r"(?:^|[,.]\s*)(?:if|were|suppose|had)\b(?P<cause>[^,?]+)[,?]\s*(?P<effect>.+)",
    r"\b(?:would|will|could)\b(?P<effect>[^,?]+?\bhave\b[^,?]*?)(?<!have )\bhad\b(?P<cause>[^,?]+)",
    # differently to C in terms of E
    r"\brespond\w*\s+(?:\w+\s+)?to\s+(?P<cause>.+?)\s+(?:in terms of|with|by)\s+(?P<effect>.+)",
    # is E reduced by C
    r"^\W*(?:is|are|was|were|can|could|will|would|has|have|had)\s+(?P<effect>[^,?]+?)\s+(?:(?:be|been|being)\s+)?(?:\w+ly\s+)?"
    rf"(?:{_DONE})\s+(?:\w+ly\s+)?by\s+(?P<cause>(?!at least|more than|how|what|which)\D.+)",
    # does E rise with C
    r"^\W*(?:how\s+)?(?:does|do|did|will|would)\s+(?P<effect>[^,?]+?)\s+(?:increase|decrease|rise|fall|drop|grow|decline|improve|worsen|change|vary|shrink"
    r"|climb|go (?:up|down))\s+(?:\w+ly\s+)?(?:with|after|when|as|once|under|following)\s+(?P<cause>.+)",
    # is E lower with C
    r"^\W*(?:is|are|was|were|will|would|can|could)\s+(?P<effect>[^,?]+?)\s+(?:be\s+)?(?:\w+ly\s+)?(?:lower|cut|hurt)\s+"
    r"(?:with|after|when|under|following|if|at)\s+(?P<cause>.+)",
    # how does E change with C
    r"\b(?:effects?|impact|influence|benefits?|results?)\s+(?:of|from)\s+(?P<cause>.+?)\s+(?:for|in)\s+(?P<effect>.+)",
]
_PATTERNS = [re.compile(p, re.IGNORECASE) for p in _ENDS]
_VERB = re.compile(
    r"(?<![-\w])(?:caus(?:e|es|ed|ing)|affects?|influences?|impacts?|changes?|increas(?:e|es|ed|ing)|rais(?:e|es|ed)|boosts?|improv(?:e|es|ed)"
    r"|reduc(?:e|es|ed|ing)|lower(?:s|ed)?|decreas(?:e|es|ed)|cuts?|shortens?|lengthens?|leads?(?:\s+\w+){0,2}?\s+to|results?\s+in|makes?"
    r"|helps?|prevents?|keeps?|stops?|hurts?|harms?|worsens?|speeds?\s+up|slows?\s+down|drives?|protects?|saves?|brings?|costs?"
    r"|gets?|encourages?|discourages?|triggers?|attracts?|enlarges?|enhances?|strengthens?|weakens?|diminish(?:es)?|lessens?|hinders?|curbs?)\b(?!-)",
    re.IGNORECASE,
)
# last resort: do people live longer WITH C
_WITH = re.compile(
    r"^\W*(?:do|does|did|will|would|are|is)\b(?P<effect>.+?)\b(?:with|without|under|after)\b(?P<cause>.+)",
    re.IGNORECASE,
)
_BY = [
    r"\b(?:differ(?:s|ent|ently)?|vary|varies|depends?|unequal|uneven|the same|stronger|weaker|larger|bigger|smaller|greater|higher|lower)\b"
    r"(?:\s+\w+){0,2}?\s+(?:for|between|among|amongst|by|across|with|in|on|from|where|when)\s+(?P<by>.+)",
    r"\b(?:more|less|equally|most|least)\s+(?:effective|helpful|useful|harmful|beneficial|successful|dangerous)\s+(?:for|in|among|amongst|on|with|at)"
    r"\s+(?P<by>.+)",
    r"\b(?:in|for|from|of)\s+(?:different|various|all)\s+(?P<by>\w+)\s+respond\w*\b",
    r"\b(?:matter|work|pay|benefit|help|hurt|harm|do)(?:s|ed)?\b(?P<mid>.*?)\b(?:more|most|less|least|better|best|worse|worst|equally)\b"
    r"\s+(?:for|among|amongst|on|in|with|than)\s+(?P<by>.+)",
    r"\b(?:more|less|better|worse)\s+(?:for|among|amongst)\s+(?P<by>.+)",
]
_BY_PATTERNS = [re.compile(p, re.IGNORECASE) for p in _BY]
_THROUGH = re.compile(
    r"(?:\b(?:goes|go|runs?|passes|works?|comes|operates|is|are|be|flows)\s+)?(?:(?:mediated|explained|transmitted|carried|channelled|driven)\s+)?"
    r"(?<!-)\b(?:through|via|by way of|by means of|mediated by|explained by|because(?: of)?|by)\s+(?P<through>[^,?.;]+)",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"^\W*(?:how (?:much|large a (?:part|share))|what (?:share|part|fraction|proportion|portion)) of\s+(?P<rest>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Parsed:
    """The parts of a question; "" where there is none. `main` is the question without the clauses around it.

    `cause` and `effect` are the words of its two ends, both "" where they cannot be told apart.
    """

    main: str
    context: str = ""
    lead: str = ""
    who: str = ""
    cause: str = ""
    effect: str = ""
    by: str = ""
    through: str = ""

    @property
    def split(self) -> bool:
        """Could the two ends be told apart?"""
        return bool(self.cause and self.effect)


def parse(question: str, kind: str | None = None, blank: tuple[tuple[int, int], ...] = ()) -> Parsed:
    """`question` taken apart, as a question of `kind` (a cue of kinds.py). `blank` spans are read elsewhere."""
    text = list(question)
    for start, end in blank:
        text[start:end] = " " * (end - start)
    sentences = [s for s in _SENTENCES.split("".join(text).strip()) if s.strip(" .?!")]
    asked = next((i for i, s in enumerate(sentences) if s.rstrip().endswith("?")), len(sentences) - 1)
    main, context = (sentences[asked], " ".join(sentences[:asked])) if sentences else ("", "")
    lead = who = by = through = ""
    if found := _THAT_IS.search(main):
        context, main = f"{context} {main[: found.start()]}".strip(), found["rest"]
    if found := _LEAD.match(main.strip()):
        lead, main = found["lead"].strip(), found["rest"]
    if found := WHO.search(lead):
        who = found["clause"]
    elif (found := WHO.search(main)) and kind != "effect_by_group":
        who, main = found["clause"], main[: found.start()] + " " + main[found.end() :]
    if kind == "mediation":
        if found := _SHARE.match(main):
            main = found["rest"]
        if last := list(_THROUGH.finditer(main)):
            found = last[-1]
            through, main = found["through"], main[: found.start()]
    if kind == "effect_by_group":
        main, by = _group(main)
    cause, effect = ends(main)
    if not cause and re.match(r"(?:when|once)\b", lead, re.IGNORECASE) and says(lead) and says(main):
        cause, effect = lead.split(maxsplit=1)[1], main  # "when prices rise, do sales fall?"
    return Parsed(main.strip(), context, lead, who, cause, effect, by, through)


def _group(main: str) -> tuple[str, str]:
    for pattern in _BY_PATTERNS:
        if found := pattern.search(main):
            more = found.groupdict().get("mid") or ""
            inside = found["by"]
            if pattern is _BY_PATTERNS[2]:
                return main[: found.start()] + " " + main[found.start("by") + len(inside) :], inside
            head = main[: found.start()] if not more else main[: found.start("mid")]
            return head, f"{more} {inside}".strip()
    return main, ""


# What stands behind the effect and only says what the cause is compared with; whoever reads the whole question sees it still.
_COMPARED = re.compile(
    r",?\s+(?:as )?(?:(?:when |if )?compared (?:with|to|against)|in comparison (?:with|to)|relative to|rather than|instead of|as opposed to"
    r"|versus|vs\.?|(?:more |less |better |faster )?than)\s+[^,?]+(?P<mark>\??)\s*$",
    re.IGNORECASE,
)


def ends(text: str) -> tuple[str, str]:
    """The words of the cause and those of the effect; ("", "") where they cannot be told apart."""
    cause, effect = _ends(text)
    short = _COMPARED.sub(r"\g<mark>", effect)
    return cause, short if says(short) else effect


def _ends(text: str) -> tuple[str, str]:
    for pattern in _PATTERNS:
        found = pattern.search(text)
        if found and (says(found["cause"]) and says(found["effect"])):
            return found["cause"].strip(), found["effect"].strip()
    for verb in _VERB.finditer(text):
        cause, effect = text[: verb.start()], text[verb.end() :]
        if says(cause) and says(effect):
            return cause.strip(), effect.strip()
    if (found := _WITH.search(text)) and says(found["cause"]) and says(found["effect"]):
        return found["cause"].strip(), found["effect"].strip()
    return "", ""


def says(text: str) -> bool:
    """Does `text` hold a word that means something, or one that stands for something said before?"""
    return bool(lexicon.words(text) or _NO_CONTENT.search(text))


def empty(text: str) -> bool:
    """Does `text` only point back ("it", "that")?"""
    return not [w for w in lexicon.words(text) if w not in lexicon.FOLK]
