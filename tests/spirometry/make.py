"""Small tables and their sources."""

import pandas as pd

from clam_core.spirometry import LungFunction, LungFunctionSettings, Source, lung_function

PEOPLE = {"Sex": Source("sex"), "Age": Source("age", "years"), "Height": Source("height", "cm")}
UNITS = {
    "FEV1": "L", "FVC": "L", "FEV1/FVC": "fraction", "TLCO": "mmol/min/kPa",
    "DLCO": "mL/min/mmHg", "KCO": "mL/min/mmHg/L", "VA": "L", "FRC": "L", "TLC": "L", "RV": "L",
    "RV/TLC": "%", "VC": "L",
}  # fmt: skip


def calculate(people: dict, measures: dict, **settings) -> LungFunction:
    """Reference values of a few subjects; every unit is confirmed."""
    table = pd.DataFrame(people | measures)
    sources = PEOPLE | {name: Source(name) for name in measures}
    if "group" in people:
        sources["Ethnicity"] = Source("group")
    units = {"Age": "years", "Height": "cm"} | {name: UNITS[name] for name in measures}
    settings.setdefault("units", {})
    settings["units"] = units | settings["units"]
    return lung_function(table, sources, LungFunctionSettings(**settings))


def man(n: int = 1) -> dict:
    """`n` men of 45 years and 170 cm."""
    return {"sex": ["M"] * n, "age": [45.0] * n, "height": [170.0] * n}
