"""The standard networks of the literature as lists of arrows, and random ones. Each line: a node, then its causes.

Only who points at whom is taken from the papers named; what is simulated on them is ours (`worlds`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

# Lauritzen & Spiegelhalter 1988, J. R. Stat. Soc. B 50(2), 157–224.
ASIA = """
asia
tub: asia
smoke
lung: smoke
bronc: smoke
either: lung tub
xray: either
dysp: bronc either
"""

# Sachs, Perez, Pe'er, Lauffenburger & Nolan 2005, Science 308, 523–529; the 17 arrows of the model usually simulated from.
SACHS = """
Akt: Erk PKA
Erk: Mek PKA
Jnk: PKA PKC
Mek: PKA PKC Raf
P38: PKA PKC
PIP2: PIP3 Plcg
PIP3: Plcg
PKA: PKC
PKC
Plcg
Raf: PKA PKC
"""

# Spiegelhalter, Dawid, Lauritzen & Cowell 1993, Statistical Science 8(3), 219–247.
CHILD = """
BirthAsphyxia
HypDistrib: DuctFlow CardiacMixing
HypoxiaInO2: CardiacMixing LungParench
CO2: LungParench
ChestXray: LungParench LungFlow
Grunting: LungParench Sick
LVHreport: LVH
LowerBodyO2: HypDistrib HypoxiaInO2
RUQO2: HypoxiaInO2
CO2Report: CO2
XrayReport: ChestXray
Disease: BirthAsphyxia
GruntingReport: Grunting
Age: Disease Sick
LVH: Disease
DuctFlow: Disease
CardiacMixing: Disease
LungParench: Disease
LungFlow: Disease
Sick: Disease
"""

# Binder, Koller, Russell & Kanazawa 1997, Machine Learning 29, 213–244.
INSURANCE = """
GoodStudent: SocioEcon Age
Age
SocioEcon: Age
RiskAversion: Age SocioEcon
VehicleYear: SocioEcon RiskAversion
ThisCarDam: Accident RuggedAuto
RuggedAuto: MakeModel VehicleYear
Accident: Antilock Mileage DrivQuality
MakeModel: SocioEcon RiskAversion
DrivQuality: DrivingSkill RiskAversion
Mileage
Antilock: MakeModel VehicleYear
DrivingSkill: Age SeniorTrain
SeniorTrain: Age RiskAversion
ThisCarCost: ThisCarDam CarValue Theft
Theft: AntiTheft HomeBase CarValue
CarValue: MakeModel VehicleYear Mileage
HomeBase: RiskAversion SocioEcon
AntiTheft: RiskAversion SocioEcon
PropCost: OtherCarCost ThisCarCost
OtherCarCost: Accident RuggedAuto
OtherCar: SocioEcon
MedCost: Accident Age Cushioning
Cushioning: RuggedAuto Airbag
Airbag: MakeModel VehicleYear
ILiCost: Accident
DrivHist: DrivingSkill RiskAversion
"""

# Beinlich, Suermondt, Chavez & Cooper 1989, Proc. 2nd European Conf. on AI in Medicine, 247–256.
ALARM = """
HISTORY: LVFAILURE
CVP: LVEDVOLUME
PCWP: LVEDVOLUME
HYPOVOLEMIA
LVEDVOLUME: HYPOVOLEMIA LVFAILURE
LVFAILURE
STROKEVOLUME: HYPOVOLEMIA LVFAILURE
ERRLOWOUTPUT
HRBP: ERRLOWOUTPUT HR
HREKG: ERRCAUTER HR
ERRCAUTER
HRSAT: ERRCAUTER HR
INSUFFANESTH
ANAPHYLAXIS
TPR: ANAPHYLAXIS
EXPCO2: ARTCO2 VENTLUNG
KINKEDTUBE
MINVOL: INTUBATION VENTLUNG
FIO2
PVSAT: FIO2 VENTALV
SAO2: PVSAT SHUNT
PAP: PULMEMBOLUS
PULMEMBOLUS
SHUNT: INTUBATION PULMEMBOLUS
INTUBATION
PRESS: INTUBATION KINKEDTUBE VENTTUBE
DISCONNECT
MINVOLSET
VENTMACH: MINVOLSET
VENTTUBE: DISCONNECT VENTMACH
VENTLUNG: INTUBATION KINKEDTUBE VENTTUBE
VENTALV: INTUBATION VENTLUNG
ARTCO2: VENTALV
CATECHOL: ARTCO2 INSUFFANESTH SAO2 TPR
HR: CATECHOL
CO: HR STROKEVOLUME
BP: CO TPR
"""

STANDARD = {"asia": ASIA, "sachs": SACHS, "child": CHILD, "insurance": INSURANCE, "alarm": ALARM}
RANDOM = {"random 20": 20, "random 50": 50, "random 100": 100}
DEGREE = 3.0  # links a node has on average in a random graph


def names_of(network: str) -> list[str]:
    """The nodes of a standard network, in the order listed."""
    return [line.split(":")[0] for line in STANDARD[network].strip().splitlines()]


def standard(network: str) -> Bools:
    """(p, p) arrows of a standard network: entry [cause, effect]."""
    import numpy as np

    names = names_of(network)
    arrows = np.zeros((len(names), len(names)), dtype=bool)
    for line in STANDARD[network].strip().splitlines():
        effect, _, causes = line.partition(":")
        for cause in causes.split():
            arrows[names.index(cause), names.index(effect)] = True
    return arrows


def random_graph(nodes: int, rng: np.random.Generator, degree: float = DEGREE) -> Bools:
    """(nodes, nodes) arrows among nodes in a random order, each pair linked with the same chance."""
    import numpy as np

    order = rng.permutation(nodes)
    upper = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    arrows = np.zeros((nodes, nodes), dtype=bool)
    arrows[np.ix_(order, order)] = upper
    return arrows
