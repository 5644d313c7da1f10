"""What can be measured, in which units and within which hard ranges, and the equations for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SI_TO_TRADITIONAL = 2.987
"""mL/min/mmHg in one mmol/min/kPa, the factor that GLI-2017 uses."""

_VOLUME = {"L": 1.0, "dL": 0.1, "cL": 0.01, "mL": 0.001}
_TRADITIONAL = {"mL/min/mmHg": 1.0, "mmol/min/kPa": SI_TO_TRADITIONAL}
_SI = {"mmol/min/kPa": 1.0, "mL/min/mmHg": 1 / SI_TO_TRADITIONAL}
_PER_LITER = {"mL/min/mmHg/L": 1.0, "mmol/min/kPa/L": SI_TO_TRADITIONAL}


@dataclass(frozen=True)
class Role:
    """What a column of the clinical table is for.

    Attributes:
        name: Name, that of the vocabulary's term.
        unit: Unit in which it is calculated and given.
        low: Smallest plausible value, in `unit`.
        high: Largest plausible value, in `unit`.
        typical_low: Smallest plausible median of a cohort, in `unit`.
        typical_high: Largest plausible median of a cohort, in `unit`.
        units: Accepted units and their factors to `unit`.
    """

    name: str
    unit: str
    low: float
    high: float
    typical_low: float
    typical_high: float
    units: Mapping[str, float]


ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("Age", "years", 3, 95, 3, 95, {"years": 1, "months": 1 / 12, "days": 1 / 365.25}),
        Role(
            "Height",
            "cm",
            100,
            220,
            105,
            200,
            {"cm": 1, "m": 100, "mm": 0.1, "in": 2.54, "ft": 30.48},
        ),
        Role("FEV1", "L", 0.2, 8, 0.8, 5.5, _VOLUME),
        Role("FVC", "L", 0.3, 10, 1.1, 6.5, _VOLUME),
        Role("FEV1/FVC", "fraction", 0.1, 1.05, 0.3, 0.98, {"fraction": 1, "%": 0.01}),
        Role("DLCO", "mL/min/mmHg", 2, 60, 5, 40, _TRADITIONAL),
        Role("TLCO", "mmol/min/kPa", 0.7, 20, 1.7, 13.4, _SI),
        Role("KCO", "mL/min/mmHg/L", 0.5, 10, 2, 7, _PER_LITER),
        Role("VA", "L", 0.8, 12, 1.8, 9, _VOLUME),
        Role("TLC", "L", 1, 12, 2.2, 9, _VOLUME),
        Role("FRC", "L", 0.5, 10, 1, 6.5, _VOLUME),
        Role("RV", "L", 0.2, 8, 0.6, 5.5, _VOLUME),
        Role("RV/TLC", "%", 5, 85, 12, 70, {"%": 1, "fraction": 100}),
        Role("VC", "L", 0.3, 10, 1.1, 6.5, _VOLUME),
    )
}
"""Numbers that a table may hold; `Sex` and `Ethnicity` come on top of them."""


@dataclass(frozen=True)
class Equation:
    """A published set of reference equations.

    Attributes:
        name: Name, e.g. `GLI-2022`.
        title: Name with its population, as the report writes it.
        citation: Where it is published.
        implementation: Name of its class in pyspiro.
        parameters: Name in pyspiro of each measure that it covers.
        age_low: Smallest age for which it is published, years.
        age_high: Largest age for which it is published, years.
        note: What its user should know; may be empty.
    """

    name: str
    title: str
    citation: str
    implementation: str
    parameters: Mapping[str, str]
    age_low: float
    age_high: float
    note: str = ""


_SPIROMETRY = {"FEV1": "FEV1", "FVC": "FVC", "FEV1/FVC": "FEV1FVC"}

EQUATIONS: dict[str, Equation] = {
    equation.name: equation
    for equation in (
        Equation(
            "GLI-2022",
            "GLI-2022 global (no ethnic groups)",
            "Bowerman et al. 2023, Am J Respir Crit Care Med 207:768",
            "BOWERMAN_2022",
            _SPIROMETRY,
            3,
            95,
        ),
        Equation(
            "GLI-2012",
            "GLI-2012 (by ethnic group)",
            "Quanjer et al. 2012, Eur Respir J 40:1324",
            "GLI_2012",
            _SPIROMETRY,
            3,
            95,
        ),
        Equation(
            "GLI-2017",
            "GLI-2017 transfer factor, with the correction of 2020",
            "Stanojevic et al. 2017, Eur Respir J 50:1700010; erratum 2020, 56:1750010",
            "GLI_2017",
            {"DLCO": "DLCO", "TLCO": "TLCO", "KCO": "KCO_trad", "VA": "VA"},
            5,
            85,
            "From people of European ancestry; not corrected for haemoglobin.",
        ),
        Equation(
            "GLI-2021",
            "GLI-2021 static lung volumes",
            "Hall et al. 2021, Eur Respir J 57:2000289",
            "GLI_2021",
            {"TLC": "TLC", "FRC": "FRC", "RV": "RV", "RV/TLC": "RV_TLC", "VC": "VC"},
            5,
            80,
            "From people of European ancestry.",
        ),
    )
}
"""The equations by name. Ages are the published ones: the tables of two go further."""


def equation_for(measure: str, spirometry: str) -> Equation:
    """The equation of a measure.

    Args:
        measure: Name of a measure, e.g. `FVC`.
        spirometry: Name of the set that is used for FEV1, FVC and FEV1/FVC.
    """
    names = (spirometry, "GLI-2017", "GLI-2021")
    return next(EQUATIONS[name] for name in names if measure in EQUATIONS[name].parameters)
