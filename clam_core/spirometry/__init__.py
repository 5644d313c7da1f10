"""Reference equations of lung function behind a guarded wrapper.

sources = {"FVC": Source("FVC_L", "L"), "Sex": Source("sex"), ...}
propose_units(table, sources)      # what has to be confirmed
lung_function(table, sources, LungFunctionSettings(units={"DLCO": "mL/min/mmHg"}))
"""

from clam_core.spirometry.derived import LEVELS, DerivedColumn
from clam_core.spirometry.gap import GapIndex, gap_index
from clam_core.spirometry.lung_function import LungFunction, lung_function
from clam_core.spirometry.measures import EQUATIONS, ROLES, Equation, Role
from clam_core.spirometry.pattern import PATTERNS, preserved_ratio_impaired, spirometric_pattern
from clam_core.spirometry.people import known_group
from clam_core.spirometry.settings import ETHNIC_GROUPS, LungFunctionSettings
from clam_core.spirometry.units import Source, UnitProposal, propose_units

__all__ = [
    "EQUATIONS",
    "ETHNIC_GROUPS",
    "LEVELS",
    "PATTERNS",
    "ROLES",
    "DerivedColumn",
    "Equation",
    "GapIndex",
    "LungFunction",
    "LungFunctionSettings",
    "Role",
    "Source",
    "UnitProposal",
    "gap_index",
    "known_group",
    "lung_function",
    "preserved_ratio_impaired",
    "propose_units",
    "spirometric_pattern",
]
