"""The finding in the language of the question: sentences by rule, and the check of a model's prose around them.

Strength and direction are chosen here, from the answer, never translated by a model. A model may repeat these sentences
word for word and put claim-free words around them; anything else is refused and the sentences stand alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..wording import alike, safe
from .vocabulary import pattern

if TYPE_CHECKING:
    from ..analysis import Answer, Effect
    from .claims import Direction


@dataclass(frozen=True)
class Speech:
    """One language: how numbers look, the sentences of a finding, and the words that claim."""

    name: str
    thousands: str
    adverbs: dict[str, str]  # certainty → the word that softens
    leads: str
    up: str
    down: str
    chance_up: str
    chance_down: str
    little: str
    cannot: str
    per_unit: str
    contrast: str
    average: str
    chance: str
    best: str
    higher: str
    lower: str
    more: str
    fewer: str
    span: str
    times: str
    percent: str
    loaded: str  # amounts, directions, causes, negations, certainty: only in copied sentences
    plain: str


SPEECHES: dict[str, Speech] = {
    "de": Speech(
        name="German",
        thousands=".",
        adverbs={"high": "", "moderate": "wahrscheinlich ", "low": "möglicherweise "},
        leads="{t} führt {adverb}zu {what}.",
        up="höheren Werten von {o}",
        down="niedrigeren Werten von {o}",
        chance_up="einer höheren Wahrscheinlichkeit von {o}",
        chance_down="einer geringeren Wahrscheinlichkeit von {o}",
        little="{t} macht {adverb}wenig oder keinen Unterschied bei {o}.",
        cannot="Aus diesen Daten lässt sich nicht sagen, ob {t} etwas an {o} ändert.",
        per_unit="Jede weitere Einheit von {t}",
        contrast="{t} = {a} statt {b}",
        average="Im Durchschnitt ist {o} um {size} {way}{span}.",
        chance="Von 100 Fällen sind es {size} {way}{span}.",
        best="Die beste einzelne Zahl, auf die man sich noch nicht stützen sollte: {rest}",
        higher="höher",
        lower="niedriger",
        more="mehr",
        fewer="weniger",
        span=" (irgendwo zwischen {a} und {b})",
        times="{o} ist {size}-mal so hoch{span}.",
        percent="In Prozent ist {o} um {size} % {way}{span}.",
        loaded="""kein* nicht nie niemals ohne weder mehr meist* mindest* weniger höher* hoch niedrig* gering* größer* kleiner*
            steig* stieg* erhöh* senk* sink* sank vermehr* verminder* verringer* zunahm* zunehm* abnahm* abnehm* verbesser*
            verschlechter* ursach* verursach* bewirk* führ* beeinfluss* wirk* auswirk* hilf* helf* schad* schütz* verhinder*
            macht machen änder* veränder* wegen durch dank weil deshalb daher folglich ergeb* beweis* bewies* sicher* gewiss*
            eindeutig* klar* signifikan* bestätig* zweifel* garantier* immer stark* enorm* deutlich* erheblich* möglich*
            wahrschein* vielleicht könn* kann könnt* dürft* soll* sollt* muss müss* halb* hälfte drittel viertel doppel*
            verdoppel* verdreifach* zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig hundert tausend prozent
            alle allen jede* niemand*""",
        plain="""der die das ein eine einen einem einer des dem den und oder auch es ist sind war waren hier so also in im an am
            auf für von vom zu zum zur bei mit über unter um aus nach wie was dass dies diese dieser diesem diesen das zeigt
            ergebnis antwort frage daten tabelle zahl zahlen gruppe gruppen menschen personen durchschnitt mittel etwa rund
            ungefähr irgendwo zwischen liegt liegen bedeutet heißt laut gemäß anders gesagt""",
    ),
    "es": Speech(
        name="Spanish",
        thousands=".",
        adverbs={"high": "", "moderate": "probablemente ", "low": "posiblemente "},
        leads="{t} {adverb}lleva a {what}.",
        up="valores más altos de {o}",
        down="valores más bajos de {o}",
        chance_up="una mayor probabilidad de {o}",
        chance_down="una menor probabilidad de {o}",
        little="{t} {adverb}supone poca o ninguna diferencia en {o}.",
        cannot="Con estos datos no se puede saber si {t} cambia algo en {o}.",
        per_unit="Cada unidad más de {t}",
        contrast="{t} = {a} en lugar de {b}",
        average="En promedio, {o} es {size} {way}{span}.",
        chance="De cada 100 casos son {size} {way}{span}.",
        best="La mejor cifra, demasiado incierta para apoyarse en ella: {rest}",
        higher="más alto",
        lower="más bajo",
        more="más",
        fewer="menos",
        span=" (entre {a} y {b})",
        times="{o} es {size} veces tan alto{span}.",
        percent="En porcentaje, {o} es un {size} % {way}{span}.",
        loaded="""no ningun* nunca jamás sin ni más menos mayor* menor* alto* alta* bajo* baja* aument* sub* crec* reduc* disminu*
            baj* mejor* empeor* caus* provoc* produc* lleva* llevan conduc* hace hacen afect* influ* efecto* ayud* daña* daño*
            protej* protec* evit* impid* impide* cambi* por porque debido gracias así demuestr* prueb* prueba* seguro* segura*
            cierto* cierta* claro* clara* signific* confirm* garantiz* siempre fuerte* enorme* probable* posible* quizá* tal
            puede* podría* debe* debería* mitad tercio cuarto doble triple dos tres cuatro cinco seis siete ocho nueve diez
            cien mil ciento todos todas nadie""",
        plain="""el la los las un una unos unas lo y o también es son era eran aquí en de del al a para con entre sobre según como
            que qué este esta estos estas esto resultado respuesta pregunta datos tabla cifra cifras grupo grupos personas
            promedio media alrededor aproximadamente casi está están quiere decir es decir otra otras palabras""",
    ),
    "fr": Speech(
        name="French",
        thousands="\u202f",
        adverbs={"high": "", "moderate": "probablement ", "low": "peut-être "},
        leads="{t} conduit {adverb}à {what}.",
        up="des valeurs plus élevées de {o}",
        down="des valeurs plus basses de {o}",
        chance_up="une plus grande probabilité de {o}",
        chance_down="une plus faible probabilité de {o}",
        little="{t} fait {adverb}peu ou pas de différence pour {o}.",
        cannot="Ces données ne permettent pas de dire si {t} change quelque chose à {o}.",
        per_unit="Chaque unité de plus de {t}",
        contrast="{t} = {a} plutôt que {b}",
        average="En moyenne, {o} est de {size} {way}{span}.",
        chance="Sur 100 cas, ce sont {size} {way}{span}.",
        best="Le meilleur chiffre, trop incertain pour s'y fier : {rest}",
        higher="plus haut",
        lower="plus bas",
        more="de plus",
        fewer="de moins",
        span=" (entre {a} et {b})",
        times="{o} est {size} fois aussi haut{span}.",
        percent="En pourcentage, {o} est de {size} % {way}{span}.",
        loaded="""ne pas n aucun* jamais sans ni plus moins haut* bas basse* élev* faible* grand* petit* augment* hauss* mont* croî*
            rédui* réduct* dimin* baiss* amélior* aggrav* caus* provoqu* produi* condui* entraîn* mène* fait font affect*
            influ* effet* aid* nui* protèg* protég* empêch* évit* chang* parce dû due grâce donc ainsi prouv* preuve* certain*
            sûr* clair* signific* confirm* démontr* garanti* toujours fort* énorm* probabl* peut pourr* possibl* devr* doit
            moitié tiers quart double triple deux trois quatre cinq six sept huit neuf dix cent mille pourcent tous toutes
            personne""",
        plain="""le la les l un une des du de d et ou aussi est sont était étaient ici en dans à au aux pour avec entre sur selon
            comme que qu ce cette ces cela résultat réponse question données table tableau chiffre chiffres groupe groupes
            personnes gens moyenne environ autour presque se situe veut dire autrement dit c""",
    ),
    "it": Speech(
        name="Italian",
        thousands=".",
        adverbs={"high": "", "moderate": "probabilmente ", "low": "forse "},
        leads="{t} {adverb}porta a {what}.",
        up="valori più alti di {o}",
        down="valori più bassi di {o}",
        chance_up="una maggiore probabilità di {o}",
        chance_down="una minore probabilità di {o}",
        little="{t} {adverb}fa poca o nessuna differenza per {o}.",
        cannot="Con questi dati non si può dire se {t} cambi qualcosa in {o}.",
        per_unit="Ogni unità in più di {t}",
        contrast="{t} = {a} invece di {b}",
        average="In media {o} è {size} {way}{span}.",
        chance="Su 100 casi sono {size} {way}{span}.",
        best="La cifra migliore, troppo incerta per farci conto: {rest}",
        higher="più alto",
        lower="più basso",
        more="in più",
        fewer="in meno",
        span=" (tra {a} e {b})",
        times="{o} è {size} volte tanto{span}.",
        percent="In percentuale {o} è del {size} % {way}{span}.",
        loaded="""non nessun* mai senza né più meno maggior* minor* alto* alta* alti* basso* bassa* bassi* aument* sal* cresc* ridu*
            diminu* cal* miglior* peggior* caus* provoc* produ* porta* portano fa fanno influ* effett* aiut* danneg* dann*
            protegg* impedi* evit* cambi* perché dovut* grazie quindi così dimostr* prova* prove sicur* cert* chiar* signific*
            conferm* garant* sempre fort* enorm* probabil* possibil* forse può potrebb* dev* dovrebb* metà terzo quarto doppi*
            tripl* due tre quattro cinque sei sette otto nove dieci cento mille percento tutti tutte nessuno""",
        plain="""il lo la i gli le l un una uno e o anche è sono era erano qui in nel nella di del della dei al alla a per con tra fra
            su secondo come che questo questa questi queste ciò risultato risposta domanda dati tabella cifra cifre gruppo
            gruppi persone media circa intorno quasi si trova vuol dire altre parole""",
    ),
    "pt": Speech(
        name="Portuguese",
        thousands=".",
        adverbs={"high": "", "moderate": "provavelmente ", "low": "possivelmente "},
        leads="{t} {adverb}leva a {what}.",
        up="valores mais altos de {o}",
        down="valores mais baixos de {o}",
        chance_up="uma maior probabilidade de {o}",
        chance_down="uma menor probabilidade de {o}",
        little="{t} {adverb}faz pouca ou nenhuma diferença em {o}.",
        cannot="Com estes dados não se pode dizer se {t} muda algo em {o}.",
        per_unit="Cada unidade a mais de {t}",
        contrast="{t} = {a} em vez de {b}",
        average="Em média, {o} é {size} {way}{span}.",
        chance="Em cada 100 casos são {size} {way}{span}.",
        best="O melhor número, incerto demais para se apoiar nele: {rest}",
        higher="mais alto",
        lower="mais baixo",
        more="a mais",
        fewer="a menos",
        span=" (entre {a} e {b})",
        times="{o} é {size} vezes tão alto{span}.",
        percent="Em percentagem, {o} é {size} % {way}{span}.",
        loaded="""não nenhum* nunca jamais sem nem mais menos maior* menor* alto* alta* baixo* baixa* aument* sub* sob* cresc* reduz*
            redu* diminu* baix* melhor* pior* caus* provoc* produz* leva* levam conduz* faz fazem afet* influ* efeito* ajud*
            prejudic* dano* proteg* evit* imped* mud* porque devido graças assim demonstr* prova* comprov* segur* cert* clar*
            signific* confirm* garant* sempre fort* enorm* provável* provavel* possível* possivel* talvez pode* deve* metade
            terço quarto dobro triplo dois duas três quatro cinco seis sete oito nove dez cem mil porcento todos todas
            ninguém""",
        plain="""o a os as um uma uns umas e ou também é são era eram aqui em no na nos nas de do da dos das ao à para com entre
            sobre segundo como que este esta estes estas isto resultado resposta pergunta dados tabela número números grupo
            grupos pessoas média cerca aproximadamente quase está estão quer dizer outras palavras""",
    ),
    "nl": Speech(
        name="Dutch",
        thousands=".",
        adverbs={"high": "", "moderate": "waarschijnlijk ", "low": "mogelijk "},
        leads="{t} leidt {adverb}tot {what}.",
        up="hogere waarden van {o}",
        down="lagere waarden van {o}",
        chance_up="een grotere kans op {o}",
        chance_down="een kleinere kans op {o}",
        little="{t} maakt {adverb}weinig of geen verschil voor {o}.",
        cannot="Uit deze gegevens valt niet te zeggen of {t} iets verandert aan {o}.",
        per_unit="Elke volgende eenheid van {t}",
        contrast="{t} = {a} in plaats van {b}",
        average="Gemiddeld is {o} {size} {way}{span}.",
        chance="Van de 100 gevallen zijn het er {size} {way}{span}.",
        best="Het beste enkele getal, te onzeker om op te steunen: {rest}",
        higher="hoger",
        lower="lager",
        more="meer",
        fewer="minder",
        span=" (ergens tussen {a} en {b})",
        times="{o} is {size} keer zo hoog{span}.",
        percent="In procenten is {o} {size} % {way}{span}.",
        loaded="""niet geen nooit zonder noch meer meest* minder hoger* hoog lager* laag groter* kleiner* stijg* steeg* verhoog*
            verhog* verlaag* verlag* daal* dal* verminder* toenam* toenem* afnam* afnem* verbeter* verslechter* oorza* veroorza*
            leidt leiden leid* zorgt zorgen maakt maken beïnvloed* effect* invloed* help* schaad* schad* bescherm* voorkom*
            verander* door omdat dankzij dus daarom bewijs* bewez* zeker* duidelijk* signific* bevestig* garand* altijd sterk*
            enorm* waarschijn* mogelijk* misschien kan kunnen zou zouden moet* helft derde kwart dubbel* verdubbel* twee drie
            vier vijf zes zeven acht negen tien honderd duizend procent alle iedereen niemand""",
        plain="""de het een en of ook is zijn was waren hier in op aan te van voor met tussen over volgens als dat dit deze die
            resultaat antwoord vraag gegevens tabel getal getallen groep groepen mensen personen gemiddeld gemiddelde
            ongeveer rond bijna ergens ligt liggen betekent anders gezegd met andere woorden""",
    ),
}

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-zà-ÿ]|[“\"„«])")
_LONGEST = 900
_MOST = 6


def spoken(code: str | None) -> str | None:
    """`code`, where answers can be given in that language. Raises `SettingsError`."""
    if code in (None, "en", *SPEECHES):
        return code
    from ..errors import SettingsError
    from ..wording import join

    known = [f"{short} ({speech.name})" for short, speech in SPEECHES.items()]
    raise SettingsError(
        f"Answers are not written in the language {safe(code, 12)!r}.", f"Say {join(['en (English)', *known], 'or')}."
    )


def note(code: str) -> str:
    """A word to whoever asked in a language in which this answer cannot be said."""
    speech = SPEECHES.get(code)
    if speech is not None:
        return f"What was found here cannot be said in {speech.name} yet; it is written in English."
    return f"The question seems to be in another language ({safe(code, 12)}); the answer is written in English."


def finding(answer: Answer, direction: Direction | None, code: str) -> str | None:
    """Headline and size in the language `code`, one sentence a line; None where that cannot be said by these rules."""
    speech, effect = SPEECHES.get(code), answer.effect
    query = answer.provenance.get("query")
    if speech is None or effect is None or answer.certainty is None or answer.arms or not isinstance(query, dict):
        return None
    treatment, outcome = query.get("treatment"), query.get("outcome")
    if not isinstance(treatment, str) or not isinstance(outcome, str):
        return None
    change = _change(answer, query, treatment, speech)
    size = _size(effect, _quoted(outcome), speech)
    if change is None or size is None:
        return None
    level, end = answer.certainty.level, _quoted(outcome)
    yes_no = "probability" in (effect.unit, answer.difference.unit if answer.difference else "")
    if direction is None or level == "very_low":
        first, size = speech.cannot.format(t=change, o=end), speech.best.format(rest=size)
    elif direction == "none":
        first = speech.little.format(t=change, o=end, adverb=speech.adverbs[level])
    else:
        what = (speech.chance_up if yes_no else speech.up) if direction == "up" else ""
        what = what or (speech.chance_down if yes_no else speech.down)
        first = speech.leads.format(t=change, adverb=speech.adverbs[level], what=what.format(o=end))
    return f"{first}\n{size}"


def _quoted(name: str) -> str:
    return f"“{safe(name, 60)}”"


def _change(answer: Answer, query: dict[str, object], treatment: str, speech: Speech) -> str | None:
    """The change that is asked about; None where the answer does not say it in a way that is known here."""
    name = safe(treatment, 60)
    if "each further unit of" in answer.headline.casefold():
        return speech.per_unit.format(t=_quoted(treatment))
    found = re.search(
        rf"{re.escape(name)} (?:=|at) (\S{{1,40}}?) rather than (\S{{1,40}}?)(?=[\s)]|$)", answer.headline
    )
    if found is None:
        return None
    return speech.contrast.format(t=_quoted(treatment), a=found[1], b=found[2])


def _size(effect: Effect, outcome: str, speech: Speech) -> str | None:
    if effect.low is None or effect.high is None or effect.scale == "hazard_ratio":
        return None
    if effect.scale not in ("difference", "percent"):
        told = [local(text, speech) for text in alike([effect.value, effect.low, effect.high])]
        return speech.times.format(o=outcome, size=told[0], span=speech.span.format(a=told[1], b=told[2]))
    yes_no = effect.unit == "probability"
    factor = 100 if yes_no and effect.scale == "difference" else 1
    unit = f" {safe(effect.unit, 20)}" if effect.unit and not yes_no and effect.scale == "difference" else ""
    up, down = (speech.more, speech.fewer) if yes_no and effect.scale == "difference" else (speech.higher, speech.lower)
    size, low, high = factor * effect.value, factor * effect.low, factor * effect.high
    shown = [local(text, speech) for text in alike([abs(size), abs(low), abs(high)])]
    if low >= 0:
        ends = (shown[1], f"{shown[2]}{unit} {up}")
    elif high <= 0:
        ends = (shown[2], f"{shown[1]}{unit} {down}")
    else:
        ends = (f"{shown[1]}{unit} {down}", f"{shown[2]}{unit} {up}")
    template = speech.percent if effect.scale == "percent" else speech.chance if yes_no else speech.average
    span = speech.span.format(a=ends[0], b=ends[1])
    return template.format(o=outcome, size=f"{shown[0]}{unit}", way=up if size >= 0 else down, span=span)


def local(text: str, speech: Speech) -> str:
    """A number as `wording` writes it, in the language's own marks: `1,234.5` becomes `1.234,5`."""
    return "".join(speech.thousands if c == "," else "," if c == "." else c for c in text)


def fault(prose: str, facts: str, code: str, question: str) -> str | None:
    """What is wrong with a model's prose around `facts`, in words for the model; None when nothing is.

    A sentence of the facts may be copied. Any other one must carry no number and no word that claims, and be made of
    the words of the facts, the question and plain wording.
    """
    speech = SPEECHES[code]
    text = " ".join(prose.split())
    if not text or len(text) > _LONGEST:
        return f"the text is empty or longer than {_LONGEST} characters."
    if re.search(r"https?:|www\.|@|[<>\[\]{}|#*`~\\^]", text) or not text.isprintable():
        return "links and markup are not allowed."
    copied = {_bare(s) for line in facts.splitlines() for s in (line, *_SENTENCE.split(line))} - {""}
    loaded, known = pattern(speech.loaded), {*_tokens(facts), *_tokens(question), *speech.plain.split()}
    sentences = _SENTENCE.split(text)
    if len(sentences) > _MOST:
        return "there are too many sentences."
    for sentence in sentences:
        if _bare(sentence) in copied:
            continue
        if re.search(r"\d|%", sentence):
            return "a sentence with a number must be copied from the facts word for word."
        if found := loaded.search(sentence):
            return f"a sentence with {found[0]!r} must be copied from the facts word for word."
        foreign = [w for w in _tokens(sentence) if w not in known]
        if foreign:
            return f"the word {foreign[0][:30]!r} is neither in the facts nor plain wording."
    return None


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _bare(sentence: str) -> str:
    return " ".join(sentence.casefold().strip(" .!?").split())
