"""LungFunctionSettings: which equations, and what a person said about units and codes."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator

from clam_core.settings import Settings
from clam_core.spirometry.measures import ROLES

SpirometryEquation = Literal["GLI-2022", "GLI-2012"]
SexName = Literal["female", "male"]
EthnicGroup = Literal[
    "Caucasian", "African American", "North East Asian", "South East Asian", "Other or mixed"
]
ETHNIC_GROUPS: tuple[EthnicGroup, ...] = get_args(EthnicGroup)
"""The groups of GLI-2012, in the order of its codes 1 to 5."""


class LungFunctionSettings(Settings):
    """How reference values are calculated.

    Attributes:
        spirometry: Equations of FEV1, FVC and FEV1/FVC.
        units: Units that a person confirmed, by role, e.g. `{"FVC": "mL"}`.
        sex_codes: What the codes of the sex column mean, e.g. `{"0": "female", "1": "male"}`.
        ethnic_groups: Group of GLI-2012 of each value of the ethnicity column.
        ethnic_group_for_all: Group of GLI-2012 where the table has no ethnicity column.
    """

    spirometry: SpirometryEquation = "GLI-2022"
    units: dict[str, str] = Field(default_factory=dict)
    sex_codes: dict[str, SexName] = Field(default_factory=dict)
    ethnic_groups: dict[str, EthnicGroup] = Field(default_factory=dict)
    ethnic_group_for_all: EthnicGroup | None = None

    @field_validator("units")
    @classmethod
    def _units_are_known(cls, units: dict[str, str]) -> dict[str, str]:
        for name, unit in units.items():
            if name not in ROLES:
                raise ValueError(f"{name!r} is none of {', '.join(ROLES)}")
            if unit not in ROLES[name].units:
                choices = ", ".join(ROLES[name].units)
                raise ValueError(f"{unit!r} is no unit of {name}; choose from {choices}")
        return units
