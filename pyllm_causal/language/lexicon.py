"""Words: which carry meaning, which only shape a question, and which two mean one thing. General English, of no one table."""

from __future__ import annotations

import re
from functools import lru_cache

_STOP = frozenset(
    """a an the of in on at to for from by with and or is are was were be been being do does did has have had can could will
    would should may might if then than that this these those it its as not no how much many more most less what which
    who whose whom when where why there their them they he she his her our we us you your my i me so such some any all
    each every one per whether about into over under between among during before after other others yes value name column data
    table variable variables group groups type kind code id part
    get got gets getting make makes made making give given gives giving take takes taken taking took put keep keeps kept
    effect effects affect affects impact influence cause causes caused causal lead leads led change changes changed
    changing increase increases increased decrease decreases decreased raise raises raised raising reduce reduces
    reduced improve improves improved because due difference different differ differently compared compare rather
    instead actually really ever just only also still even say says tell way through via without within while letting
    goes go going runs run passes works work operates transmitted mediated explained share total happen happened
    happens bring brings brought let lets help helps helped cost costs cut cuts lower lowers lowered boost boosts
    prevent prevents drive drives driven lot drawn random randomly assigned""".split()
)

# Words for whoever the rows are: they name no column by themselves.
FOLK = frozenset(
    """people person participant participants respondent respondents individual individuals patient patients customer
    customers client clients user users member members player players student students pupil pupils adult adults worker
    workers employee employees household households family families firm firms company companies guest guests visitor
    visitors driver drivers voter voters subject subjects case cases row rows somebody someone everyone shop shops city
    cities county counties store stores restaurant restaurants farm farms booking bookings order orders""".split()
)

# Words that say how something is measured, not what.
MEASURES = frozenset(
    """chance chances risk probability likelihood likely odds rate rates ratio level levels amount number average mean
    percentage percent share hazard longer shorter higher lower bigger smaller larger extra additional fewer better worse
    little lot bit good bad badly often likely high low long short large small big great greater additional further year years time
    times size how gain gains gained gaining lose loses lost losing fall falls fell fallen falling rise rises rose rising
    drop drops dropped dropping grow grows grew growing decline declines declined shrink shrinks climb climbs up ups down
    open opened opening opens introduce introduced introducing adopt adopted adopting launch launched launching start
    started starting require required requiring offer offers offered offering use used using having send sent
    sending least""".split()
)

# Two words that mean one thing, in the form in which it is looked up.
_PHRASES = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), word)
    for pattern, word in (
        (r"g(?:i|a)v(?:e|es|ing|en) up", "quit"),
        (r"price cuts?|money off", "discount"),
        (r"dropp?(?:ed|ing|s)?[- ]?outs?", "dropout"),
        (r"(?:get|gets|getting|got) (?:well|better)|are well|is well", "recover"),
        (r"(?:take|took|takes|taking|taken) part", "participate"),
        (r"sen(?:d|ds|t|ding) (?:\w+ ){0,3}back", "returned"),
        (r"pass(?:es|ed|ing)? away", "die"),
    )
)

# Everyday words for the same thing. General English only; nothing here is taken from any one table.
_SAME = [
    "sex gender male female man men woman women boy girl boys girls",
    "race ethnicity ethnic black white hispanic asian",
    "wage pay paid salary earn earned earnings income payoff",
    "school schooling education educated educational educ degree",
    "die died death dead dying mortality deceased fatal",
    "survive survival survived alive live lived living",
    "quit stop stopped cease cessation discontinue",
    "smoke smoker smoking cigarette tobacco",
    "leave left leaving churn attrition depart",
    "drug medicine medication pill",
    "recover recovery recovered cured healed well",
    "old older age aged elderly young younger",
    "job employment employed unemployed occupation",
    "train training course programme program",
    "money cash incentive payment voucher reward",
    "price cost expense expensive cheap dear",
    "spend spending spent expenditure",
    "discount rebate coupon",
    "buy purchase bought order",
    "gain gained change growth",
    "lose lost loss losses",
    "participate join joined enrolled enrolment programme",
    "sale sell sold revenue turnover",
    "child children kid kids baby infant",
    "parent mother father mom dad",
    "ill illness sick sickness disease",
    "exercise workout sport gym",
    "test exam score grade mark",
    "weight kg kilogram pound wt",
    "height tall ht",
    "call callback phone",
    "vote voting voted turnout ballot",
    "house home housing dwelling",
    "crime arrest arrested offence criminal",
    "married marriage marital spouse",
    "city urban metropolitan town",
    "distance far near proximity",
    "duration length long",
    "wear wore worn",
    "win won",
    "eat ate eaten",
    "drink drank drunk drinking",
    "sleep slept asleep",
    "teach taught",
    "feed fed",
    "speak spoke spoken",
    "drive drove driven",
    "write wrote written",
    "fall fell fallen",
    "staff employee employees worker workers job jobs employment",
    "fear anxiety afraid worry anxious",
    "injury injured hurt wound",
    "cancel cancelled cancellation",
    "tutor tutoring tuition",
    "grade gpa mark",
    "happy happiness wellbeing satisfaction",
    "yield harvest crop output",
    "admit admission admitted accept accepted",
]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A crude common stem: enough to join "smoking" with "smoke" and "earnings" with "earn"."""
    word = _bare(word.casefold())
    for noun, root in (("missions", "mit"), ("mission", "mit"), ("ences", "ent"), ("ence", "ent")):
        if word.endswith(noun) and len(word) > len(noun) + 1:  # readmission, readmitted; absence, absent
            word = word[: -len(noun)] + root
    for ending in (
        "ations",
        "ation",
        "ingly",
        "ings",
        "ing",
        "edly",
        "ness",
        "ment",
        "ies",
        "ied",
        "ers",
        "ed",
        "er",
        "ly",
        "es",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word


def _bare(word: str) -> str:
    """Letters without their accents."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")


# Words that shape a question and name nothing.
CUES = frozenset(
    stem(word)
    for word in """
    instrument instrumental difference differences fixed front door synthetic control cutoff cut off threshold hazard odds ratio
    randomised randomized trial experiment correlated correlation associated association related relationship linked link effective
    causal cause return benefit payoff penalty impact raise drop fall rise move push stand matter worth points
    score scored true really compare comparing whole all kind lead leads want need know see look find expect think least most
    together predict tend count answer question respond response terms assign given offer offered receive received being been
    used using use chance yet either ones one thing things happen happened since soon total overall actual actually regarding
    live lives longer rather instead relative percent percentage rate among two three both far close had having was were getting
    against factor multiple stay stayed become became come came end ended begin began start started do doing done
    """.split()
)


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for index, line in enumerate(_SAME):
        for word in line.split():
            found.setdefault(stem(word), set()).add(index)
    return {word: frozenset(groups) for word, groups in found.items()}


def split(text: str) -> list[str]:
    """Lower-case words of a name or a sentence; `camelCase`, `snake_case` and digits are taken apart."""
    return list(_split(text))


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, ...]:
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text[:2000])
    return tuple(re.findall(r"[^\W\d_]+", text.casefold()))


def pattern_of(value: str) -> str:
    """A pattern for a value, however its words are joined; "" where it holds none."""
    return r"[\W_]+".join(re.escape(w) for w in re.findall(r"[^\W_]+", value))


def words(text: str) -> list[str]:
    """The words of `text` that carry meaning, in order, without repetition; well-known pairs of words become one."""
    return list(_words(text))


@lru_cache(maxsize=4096)  # a reading looks at the same few texts of every column hundreds of times
def _words(text: str) -> tuple[str, ...]:
    for pattern, word in _PHRASES:
        text = pattern.sub(f" {word} ", text)
    return tuple(dict.fromkeys(w for w in split(text) if w not in _STOP and (len(w) > 1 or not w.isascii())))


@lru_cache(maxsize=65536)
def alike(a: str, b: str) -> float:
    """How far two words mean the same: 1 same stem, 0.8 everyday synonyms, 0.5 abbreviation, else 0."""
    left, right = stem(a), stem(b)
    if left == right or a == b:
        return 1.0
    groups = _groups()
    if groups.get(left, frozenset()) & groups.get(right, frozenset()):
        return 0.8
    short, long = sorted((left, right), key=len)
    if len(short) >= 4 and long.startswith(short):
        return 0.8 if len(short) >= 5 or len(long) - len(short) <= 2 else 0.6
    if len(short) >= 5 and _close(short, long):
        return 0.7
    if 2 <= len(short) <= 5 and len(long) >= len(short) + 2 and _abbreviates(short, long):
        return 0.5
    return 0.0


def _close(a: str, b: str) -> bool:
    from difflib import SequenceMatcher

    return abs(len(a) - len(b)) <= 2 and SequenceMatcher(None, a, b).ratio() >= 0.85


def _abbreviates(short: str, long: str) -> bool:
    """ "wt" for "weight", "educ" for "education": same first letter, letters in order, few vowels."""
    if short[0] != long[0]:
        return False
    if len(short) >= 3 and long.startswith(short):
        return True
    if sum(c in "aeiou" for c in short) > 0:
        return False
    rest = iter(long)
    return all(c in rest for c in short)
