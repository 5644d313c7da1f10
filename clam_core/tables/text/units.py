"""Units and their spellings, in cells (`80 %`, `170cm`) and in names of columns."""

from __future__ import annotations

_LINES = """
% | percent pct perc prozent
‰ |
% predicted | %pred
L | l liter litre liters litres
mL | ml
dL | dl
cL | cl
mm |
cm |
m | meter metre meters metres
km |
in | inch inches
ft | foot feet
mm2 | mm² | mm^2
cm2 | cm²
mm3 | mm³
cm3 | cm³ ccm
kg |
lb | lbs pound pounds
g |
mg |
ng |
µg | ug μg
s | sec
min |
h | hr hrs
days | d day tage jours dias
weeks | wk week wochen
months | mo month monate mois meses
years | y yr yrs year jahre jahr j an ans años anos
kPa | kpa
hPa | hpa
mmHg | mmhg
cmH2O | cmh2o
kV | kv
kVp | kvp
mA | ma
mAs | mas
mGy | mgy
HU | hu
°C | °c
°F | °f
bpm | /min
pack-years | packyears py
U/L | u/l
IU/L | iu/l
U/mL | u/ml
IU/mL | iu/ml
mg/L | mg/l
mg/dL | mg/dl
g/dL | g/dl
g/L | g/l
ng/mL | ng/ml
pg/mL | pg/ml
10^9/L | 10^9/l x10^9/l 10*9/l x10e9/l 10e9/l 10⁹/l gpt/l
10^12/L | 10^12/l x10^12/l 10*12/l tpt/l
mmol/L | mmol/l
µmol/L | µmol/l μmol/l umol/l
L/s | l/s
L/min | l/min
mL/min | ml/min
mL/min/mmHg | ml/min/mmhg ml/mmhg/min
mmol/min/kPa | mmol/min/kpa mmol/kpa/min
kg/m2 | kg/m² kg/m^2
"""
_WITH_BLANKS = {"pack years": "pack-years"} | dict.fromkeys(
    ["% pred", "% pred.", "% predicted", "% soll"], "% predicted"
)
_NOT_IN_NAMES = frozenset(
    [
        "‰",
        "h",
        "hr",
        "hrs",
        "s",
        "d",
        "day",
        "j",
        "an",
        "week",
        "mo",
        "mas",
        "kvp",
        "py",
        "packyears",
        "bpm",
        "jahr",
        "tage",
        "in",
        "foot",
    ]
)
"""Words that say a unit behind a number, but much else in a name."""


def _spellings() -> dict[str, str]:
    unit_of = dict(_WITH_BLANKS)
    for line in _LINES.strip().splitlines():
        unit, *spellings = (part.strip() for part in line.split("|"))
        unit_of[unit.casefold()] = unit
        unit_of |= {word.casefold(): unit for words in spellings for word in words.split()}
    return unit_of


UNITS = _spellings()
"""Spelling in lower case to unit."""

NAME_UNITS = {word: unit for word, unit in UNITS.items() if word not in _NOT_IN_NAMES}
"""The same for names of columns."""

_BY_CASE = {"G/l": "10^9/L", "G/L": "10^9/L", "T/l": "10^12/L", "T/L": "10^12/L"}
"""Spellings that mean something else in small letters: giga, not grams."""


def unit_of(text: str) -> str:
    """The unit that a text says; empty if it is none that we know."""
    word = " ".join(text.split())
    return _BY_CASE.get(word) or UNITS.get(word.casefold(), "")
