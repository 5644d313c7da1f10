"""Clusters against clinical variables: tests, effects, adjustment, and honest warnings."""

from clam_core.association.associate import AssociationTable, associate
from clam_core.association.cohort import Cohort, assemble
from clam_core.association.longitudinal import Slopes, compare_slopes
from clam_core.association.result import NotTestableError
from clam_core.association.rows import CSV_COLUMNS
from clam_core.association.survival import Survival, Times, compare_survival
from clam_core.association.table_one import table_one

__all__ = [
    "CSV_COLUMNS",
    "AssociationTable",
    "Cohort",
    "NotTestableError",
    "Slopes",
    "Survival",
    "Times",
    "assemble",
    "associate",
    "compare_slopes",
    "compare_survival",
    "table_one",
]
