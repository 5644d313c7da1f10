"""ReportSettings: which sections a report has, and how many examples it shows."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from clam_core.settings import Settings

SectionName = Literal[
    "cohort",
    "preparation",
    "training",
    "number",
    "plane",
    "clusters",
    "maps",
    "table_one",
    "associations",
    "reading_study",
    "limits",
    "methods",
]
SECTIONS: tuple[SectionName, ...] = get_args(SectionName)


class ReportSettings(Settings):
    """What a report holds.

    Attributes:
        sections: Sections in the order in which they are printed.
        n_examples: Typical and borderline scans shown per cluster.
        n_plots: Variables of the clinical table that are drawn at most.
        picture_pixels: Longer side of a picture of a scan.
    """

    sections: tuple[SectionName, ...] = SECTIONS
    n_examples: int = Field(default=3, ge=1, le=12)
    n_plots: int = Field(default=12, ge=0, le=60)
    picture_pixels: int = Field(default=220, ge=64, le=1024)

    @model_validator(mode="after")
    def _check(self) -> ReportSettings:
        if not self.sections or len(set(self.sections)) != len(self.sections):
            raise ValueError("name at least one section, and each only once")
        return self
