"""The plain English phrases that the rules of `parse` know. Patterns only: matched against one whole line, case folded."""

from __future__ import annotations

import re

from ..query import Scale
from .utterance import Explain, Name


def pattern(*parts: str) -> re.Pattern[str]:
    """The parts one after the other as one pattern."""
    return re.compile("".join(parts), re.IGNORECASE)


YES = pattern(
    r"(?:y(?:es|ep|eah)?|ok(?:ay)?|fine|good|right|correct|agreed?|accept(?:ed)?|it stays|go(?: on| ahead)?|continue|sure",
    r"|(?:yes[, ]+)?(?:(?:it|that|this|all) ?)?(?:looks?|is|['’]s|seems?) (?:right|good|fine|ok(?:ay)?|correct))[.! ]*",
)
NO = pattern(r"(?:no?|nope|nah|wrong|not right|that(?:['’]s| is) (?:wrong|not right))[.! ]*")
SMALL_TALK = pattern(
    r"(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|thanks?|thank you|thx|cheers|great|nice|cool|wow|perfect|hm+|sorry|please",
    r"|interesting|i see|got it)(?: (?:there|a lot|so much|very much|again|all|then))?)[,.! ]*",
)
_CELL = r"(?:[^\s,;\t?][^,;\t?]{0,60})?"
ROW = pattern(  # of a table, pasted: four cells or more, without blanks behind what parts them
    r"[\w\"'.+-][^,;\t?]{0,60}(?P<by>[,;\t])", _CELL, r"(?:(?P=by)", _CELL, r"){2,}"
)
OTHER_FILE = pattern(
    r"/?(?:open|load|read|use|try|take|import|switch to|change to|go to)(?: (?:the|another|a different|my))?"
    r"(?: (?:file|table|data(?:set)?))?:? (?:\S.{0,200}\.(?:csv|tsv|txt|xlsx?|parquet|dta|sav|por|json|jsonl|sqlite|db|gz|zst|zip)",
    r"|(?:the |an)?other (?:file|table|data(?:set)?))[.! ]*",
)
ARROW = r"\s*(?:─+▶|-+>|=+>|→)\s*"
_DRIVES = (
    r"(?:drives?|affects?|causes?|influences?|changes?|raises?|lowers?|increases?|decreases?|reduces?|leads? to",
    r"|determines?|has an? (?:effect|influence) on|(?:is|are) (?:also )?(?:a |the )?causes? of|matters? for)",
)
VERB = pattern(ARROW, r"|\s+(?:also\s+|probably\s+|may\s+|might\s+|can\s+|could\s+|does\s+)*", *_DRIVES, r"\s+")
NOT = pattern(
    r"\s+(?:(?:does|do|did|can|could)(?:\s*n['’]?t|\s+not|not)\s+(?:really\s+|actually\s+)?",
    r"(?:drive|affect|cause|influence|change|raise|lower|increase|decrease|reduce|lead to|determine|matter for)",
    r"|(?:is|are|was|were)(?:\s*n['’]?t|\s+not)\s+(?:really\s+|actually\s+)?(?:a |the |any )?causes? of",
    r"|(?:is|are) no causes? of|has no (?:effect|influence) on|(?:has|have) nothing to do with)\s+",
)
PASSIVE = pattern(
    r"\s+(?:is|are|was|were)\s+(?:also\s+)?(?:driven|affected|caused|influenced|changed|determined) by\s+"
)
HIDDEN = (
    pattern(
        r"(?:there(?: is|'s|’s| may be| might be| could be)|add|i (?:suspect|think of)|suppose)?\s*(?:a|an|another|the)?\s*",
        r"(?:hidden|unmeasured|unseen|unobserved|unrecorded|missing) (?:shared |common )?causes?\s*[:,–-]?\s*(?P<rest>.+)",
    ),
    pattern(r"(?:hidden|unmeasured)\s*:\s*(?P<rest>.+)"),
)
HIDDEN_OF = pattern(
    r"(?P<cause>.+?) (?:is|are|may be|might be|could be) (?:a |an |another |the )?(?:hidden|unmeasured|unseen|unobserved)",
    r" (?:shared |common )?causes? (?:of|behind|for) (?P<rest>.+)",
)
OF = pattern(r"\s+(?:of|behind|for)\s+")
OUTSIDE = pattern(
    r"(?P<cause>.+?)\s*[,(]\s*(?:which is |that is )?not (?:in|part of) (?:the |this )?(?:file|table|data)\s*[,)]\s*",
    r"(?P<rest>.+)",
)
_OUT = r"(?:please )?(?:drop|remove|delete|take out|leave out|leave away|forget|cut|without|ignore|take away)\s+"
_TURN = r"(?:please )?(?:flip|turn(?: round| around)?|reverse|swap)\s+"
_NUMBERS = r"(?:lines? |numbers? |no\.? ?|arrows? |#)?(?P<n>\d{1,3}(?:\s*(?:,|and|&|,\s*and)\s*#?\d{1,3})*)"
DROP_LINES = pattern(_OUT, _NUMBERS)
DROP = pattern(_OUT, r"(?P<rest>.+)")
DROP_ARROW = (
    pattern(r"(?:the )?(?:arrow|link) (?:from )?(?P<c>.+?) (?:to|and) (?P<e>.+)"),
    pattern(r"(?P<c>.+?)", ARROW, r"(?P<e>.+)"),
)
FLIP_LINES = pattern(_TURN, _NUMBERS, r"(?: round| around)?")
FLIP = pattern(_TURN, r"(?P<rest>.+?)(?: round| around)?")
FLIPPED = pattern(
    r"(?:the )?(?:arrows? |link )?(?:from )?(?P<cause>.+?)(?:", ARROW, r"|\s+(?:to|and)\s+)(?P<effect>.+)"
)
OTHER_WAY = pattern(
    r"(?P<effect>.+?) (?:drives?|affects?|causes?) (?P<cause>.+?)[,;]? (?:not|instead of|rather than) the other way",
    r" (?:round|around)",
)
ADD = pattern(r"^(?:please )?add\s+(?:an? arrow |the arrow )?(?:from )?")

ASKS = pattern(
    r"(?:does|do|did|is|are|was|were|has|have|can|could|will|would|should|may|might|how|what|which|who|whom|whose|when",
    r"|where|why|if|by how)\b",
)
SUPPOSE = pattern(
    r"(?:and |ok(?:ay)?,? )?(?:(?:what|how) (?:if|about)|suppose|imagine|assume)(?: that)?\s+(?P<rest>.+?)\s*\??"
)
SUPPOSED = (  # said in passing: "we leave out exercise" is "drop exercise"
    (pattern(r"^(?:we|you|i)\s+(?=(?:drop|remove|leave|take|ignore|flip|turn)\b)"), ""),
    (pattern(r"^(?:we |i )?(?:dropped|removed|left out|took out|ignored|leaving out|dropping|removing)\b"), "drop"),
    (pattern(r"^there (?:is|was|were|'s) no (?=arrow|link)"), "drop the "),
)
GROUP = pattern(
    r"(?:and |ok(?:ay)?,? )?(?:(?:what|how) (?:if|about)(?: (?:we|you|i)\b)?\s*)?",
    r"(?:(?:only )?looks?(?:ed|ing)?|take|took|use|used|consider|considered|restrict(?:ed)? (?:it |this )?|show(?: me)?)?\s*",
    r"(?P<how>(?:only |just )?(?:look(?:ed)? )?(?:at |to |among |amongst |for |in |with |within )?(?:only |just )?)",
    r"(?P<who>.+?)\s*(?P<only>only|alone)?\s*\??",
)
SOME_ONLY = pattern(
    r"(?:and |ok(?:ay)?,? )?(?:what about |how about |use |take |look at |show )?"
    r"(?:(?:only|just) (?:for |look at )?\S.*|\S.* only|(?:for|among) \S.*)[.?! ]*"
)
SEXES = frozenset("women men girls boys females males those".split())
WHO_BOUND = pattern(  # "people over 50", "women aged 30 to 40"
    r"(?:the |those |all )?(?:\w+ ){0,2}(?:over|under|above|below|older than|younger than|at least|up to|aged?|between|with|without|from)"
    r" [^?]{1,60}\??"
)
ABOUT = pattern(r"(?:and |ok(?:ay)?,? )?(?:what|how) about\b")
SIGN = pattern(r"(?:i )?sign(?:ed)?(?: it| this| the picture)? (?:as|by) (?P<name>.+)")
WHY_LINE = pattern(r"(?:why|explain|what about|what is)\s+(?:line |number |arrow |#)?(?P<n>\d{1,3})\s*\??")
LINE = pattern(r"#?(\d{1,3})\s*\??")
SCALED = pattern(
    r"(?:and |what (?:is|about) (?:that |this |it )?|how (?:much|about) (?:is (?:that|it) )?|show (?:me )?(?:that |it )?",
    r"|(?:say|put) (?:it|that) |give (?:me )?(?:that|it) )?(?:in|as) (?:a |an )?(?P<what>.+?)\s*(?:please)?\s*\??",
)
FILLER = pattern(
    r"^(?:well|actually|hmm+|i think|i believe|also|and|but|that|the|a|an|both|of|surely|maybe|perhaps|from)\s+",
    r"|\s+(?:too|also|as well|either|though|i think|itself|directly)$|[.!?\"“”‘`]+",
)
ITEMS = pattern(r"\s*(?:,|;|&|\band\b|\bas well as\b|\bplus\b)\s*")

_WHO = r"(?:and |what about |how about |only |just )?(?:for |among |amongst )?(?:only )?"
TREATED = pattern(_WHO, r"(?:the treated|those (?:who (?:got|had|did|took) (?:it|so)|treated)|whoever got it)\s*\??")
UNTREATED = pattern(
    _WHO,
    r"(?:the untreated|those (?:who (?:did not|didn['’]t) (?:get|have|do|take)? ?(?:it|so)|without it))\s*\??",
)
EVERYONE = pattern(_WHO, r"(?:everyone|everybody|all(?: rows| people)?|the whole table)(?: again)?\s*\??")

SCALES: tuple[tuple[Scale, tuple[str, ...]], ...] = (
    ("odds_ratio", (r"odds(?: |-)?ratios?",)),
    ("rate_ratio", (r"rate(?: |-)?ratios?",)),
    ("hazard_ratio", (r"hazard(?: |-)?ratios?",)),
    ("ratio", (r"(?:risk |relative )?ratios?", r"times as (?:much|high|often)", r"relative terms", r"a factor")),
    ("percent", (r"per ?cent(?:age)?s?", r"%", r"percentage terms")),
    ("difference", (r"(?:plain |absolute |the )?(?:difference|units|numbers|original units)", r"absolute terms")),
)
_IT = r"(?:this|that|it|the answer)"
EXPLAIN: tuple[tuple[Explain, tuple[str, ...]], ...] = (
    (
        Explain("wrong"),
        (
            rf"(?:how|why|where|in what way)s? (?:could|can|might|may) (?:{_IT}|you)(?: all)? be"
            r" (?:wrong|mistaken|off|misleading).*",
            r"what (?:could|can|might|may) (?:be|go|have gone) wrong.*",
            r"what(?:'s| is| are) the (?:catch|limits?|limitations?|weak(?:ness(?:es)?| points?)|risks?|problems?).*",
            rf"(?:can|should) (?:i|we) (?:trust|believe|rely on) {_IT}.*",
            r"what if (?:there(?: is|'s| was| were)|we (?:missed|forgot)) (?:a |an |some )?(?:hidden|unmeasured|something).*",
            rf"is {_IT} (?:really )?(?:true|right|causal)(?! that\b).*",
            r"what did (?:we|you) miss.*",
        ),
    ),
    (
        Explain("checks"),
        (
            r"(?:which|what) checks? (?:have |did )?(?:fail(?:ed)?|pass(?:ed)?|were (?:done|run|made)|did you (?:do|run)).*",
            r"(?:show |list )?(?:me )?(?:the |all )?checks.*",
            rf"did {_IT} pass.*",
            r"how did you check.*",
        ),
    ),
    (
        Explain("simpler"),
        (
            rf"(?:(?:say|explain|put) {_IT} |tell me )?(?:again )?in (?:simpler|simple|plain|plainer|easier|other|lay"
            r"|everyday) (?:words?|terms?|language|english)",
            r"simpler(?: please)?",
            r"simplify.*",
            rf"(?:and )?what does {_IT} (?:all )?mean.*",
            rf"explain (?:{_IT} )?(?:simply|like .+)",
            r"i (?:don['’]?t|do not) understand.*",
            r"eli5|tl;?dr|so what",
        ),
    ),
    (
        Explain("why"),
        (
            r"why(?: is that| so| not| that)?",
            r"why (?:are|aren['’]t) (?:you|we) (?:so |not |only |more )*(?:sure|unsure|certain).*",
            rf"how sure (?:are (?:you|we)|is {_IT}).*",
            rf"how (?:do|did|can) (?:you|we) (?:know|work {_IT} out|get (?:{_IT}|there)).*",
            rf"why (?:is {_IT} )?(?:only |so )?(?:very )?(?:low|moderate|high|unsure).*",
            rf"explain(?: {_IT})?",
        ),
    ),
    (
        Explain("more"),
        (
            r"(?:the )?(?:full|whole|complete) (?:answer|text)",
            r"(?:tell|show) me (?:more|everything)",
            r"more|details?|everything",
        ),
    ),
)
WORDS: tuple[tuple[Name, tuple[str, ...]], ...] = (
    ("help", (r"help(?: me)?", r"what can (?:i|you) (?:say|do|ask).*", r"commands?")),
    (
        "columns",
        (
            r"(?:show |list )?(?:me )?(?:the |all )?(?:columns?|variables?)(?: please)?",
            r"what(?:'s| is) in (?:the|this) (?:file|table|data).*",
            r"(?:which|what) columns (?:are there|do you have).*",
        ),
    ),
    ("picture", (r"(?:show |draw )?(?:me )?(?:the |your )?(?:picture|graph|causes|arrows|diagram|dag)(?: again)?",)),
    (
        "compare",
        (
            r"compare(?: them| all| the answers| everything)?",
            r"(?:show |put )?(?:me )?(?:them |the answers |all )?side by side",
        ),
    ),
    ("undo", (r"undo(?: that| it| this)?", r"take (?:it|that|this) back", r"go back|back|never ?mind")),
    ("report", (r"(?:write |make |give me |create )?(?:a |the |me a )?(?:full )?report",)),
    ("save", (r"save(?: it| this| that)?",)),
    ("quit", (r"quit|exit|bye|goodbye|stop|end|q|:q", r"that(?:'s| is) all")),
)
