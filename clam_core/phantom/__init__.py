"""Synthetic chest CT with known groups and lesion masks, for tests, demo and simulation study."""

from clam_core.phantom.clinical import ClinicalSettings, make_clinical_table
from clam_core.phantom.cohort import make_cohort, make_cohort_scan
from clam_core.phantom.scan import PhantomScan, Truth, make_scan
from clam_core.phantom.settings import (
    CohortSettings,
    LesionSettings,
    SimulationSettings,
    SubjectSettings,
)
from clam_core.phantom.simulation import simulation_cohort, simulation_groups

__all__ = [
    "ClinicalSettings",
    "CohortSettings",
    "LesionSettings",
    "PhantomScan",
    "SimulationSettings",
    "SubjectSettings",
    "Truth",
    "make_clinical_table",
    "make_cohort",
    "make_cohort_scan",
    "make_scan",
    "simulation_cohort",
    "simulation_groups",
]
