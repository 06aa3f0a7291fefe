"""Words that claim: amounts, directions, causes, certainty. A `*` stands for any ending."""

from __future__ import annotations

import re

NUMBER_WORDS = frozenset(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
    millions billion billions dozen dozens score half halves halved halving third thirds quarter quarters fifth fifths
    tenth tenths double doubled doubles doubling triple tripled triples tripling twice thrice quadruple quadrupled fold
    once first second fourth percent percentage pct majority minority most everyone everybody nobody all none always
    never single couple pair several many few
    """.split()
)

# What no grade of evidence allows, and what belongs to statistics.
BANNED = """
    prove* proving proof* confirm* demonstrat* establish* definit* certain* undoubted* doubt* clear clearly obvious*
    conclusive* guarante* significan* p-value* pvalue* statistic* confiden* evidence reliabl* robust* trust* sure
    surely undeniab* unquestionab* indeed truly really actually fact facts known know knows show shows showed shown
    reveal* must will would undisputed strong stronger strongest strongly dramatic* massive* huge* substantial*
    considerabl* should recommend* advis* ignore instruction* dangerous safe miracle cure cures cured harm* hurt*
    benefit* kill* ruin* destroy* culprit worsen*
    """

UP = """
    increas* rais* rose rise rises rising more higher greater larger bigger gain gains gained gaining boost* grow
    grows grew growth growing upward upwards up added adds add extra improv* heavier longer faster additional
    surplus enlarg* elevat* exceed* above enhanc* spur* fuel* foster* promot* stimulat* encourag* generat*
    """

DOWN = """
    decreas* reduc* lower lowers lowered lowering less fewer smaller loss losses lose loses lost losing drop drops
    dropped dropping fall falls fell falling declin* shrink* shrank cut cuts cutting diminish* lighter shorter
    slower downward downwards down prevent* protect* avoid* weaken* minus below suppress* inhibit* curb* stop stops
    stopped eliminat* eradicat* stem stems stemmed end ends ended
    """

# Causes without a direction.
CAUSES = """
    caus* lead leads led leading result results resulted resulting make makes made making produc* driv* drove drives
    trigger* bring brings brought bringing affect* influenc* impact* effect* contribut* determin* create* creating
    yield* help* work works worked due because thanks owing responsible consequence* consequently hence therefore
    thus thereby attribut* explain* account* change changes changed changing alter* induc* provok* save saves saved
    enabl* turn turns turned push* pull* reason reasons root behind power* give gives gave giving get gets got
    becom* became let lets letting mean means meant ensur* inflict* bear bears deliver* achiev* accomplish*
    transform* shape* govern* dictat* control* moderat* mediat* underl* origin* sourc* provid* offer* bestow* grant*
    imply implies implied entail* force* forc* compel* oblig* factor factors
    """

# Causes that, without more, say that there comes to be more of something.
MAKERS = """
    caus* lead leads led leading produc* creat* yield* bring* brought induc* trigger* driv* drove give gives gave giving
    provok* deliver* achiev* provid* offer* ensur* enabl* inflict* bestow* grant*
    """

NEGATIONS = """
    no not never nor neither without hardly barely scarcely fail* cannot unrelated unaffected unchanged nothing none
    zero instead opposite revers* contrary lack* rather unlikely impossible false wrong deny denies refut*
    little
    """

STRONGER = {
    "low": "probab* likely likelihood presumabl* evident* apparent*",
    "very_low": "probab* likely likelihood presumabl* evident* apparent* may might could possibl* perhaps suggest*",
}

HEDGES: dict[str, frozenset[str]] = {
    "moderate": frozenset("probably likely may might could possibly perhaps".split()),
    "low": frozenset("may might could possibly perhaps".split()),
}

# What may stand between a hedge and the verb that it softens.
BETWEEN = frozenset(
    """
    also well still be have has been a an the some its slightly somewhat modestly to lead leads contribute result in go
    with slight small modest come linked help
    """.split()
)

# Plain wording that makes no claim of its own. Every other word must stand in the facts or the question.
PLAIN = frozenset(
    """
    a an the this that these those it its they them their we our you your who which what whose
    is are was were be been being has have had do does did can may might could
    of in on at to for from by with among across within about around roughly approximately nearly overall on average
    and or also so then here there still too well as
    people person individuals group groups rows row cases case table data file study figures figure numbers result
    results finding findings answer estimate size difference differences chance outcome treatment margin range
    between somewhere anywhere typical typically usual usually often likely probably possibly perhaps seem seems appear
    appears suggest suggests based according say says said tell mean found find see seen look looks
    higher lower more less whether how much
    """.split()
)


def pattern(words: str) -> re.Pattern[str]:
    """A pattern for any one of `words`, to be used with `fullmatch` on a token or `search` on a text."""
    parts = [re.escape(w[:-1]) + r"\w*" if w.endswith("*") else re.escape(w) for w in words.split()]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)
